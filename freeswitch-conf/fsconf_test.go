package fsconf_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	fsconf "callplane/freeswitch-conf"
)

func settings() fsconf.Settings {
	return fsconf.Settings{BindIP: "127.0.0.1", SIPPort: 5060, TrunkPort: 5080, ESLPort: 8021, ESLPassword: "0123456789abcdef",
		RTPStart: 16384, RTPEnd: 32766, HTTPURL: "http://127.0.0.1:8080/fs/t?a=1&b=2", MediaDir: "/m", RecordDir: "/r"}
}

func TestRenderIsXMLAndPrivate(t *testing.T) {
	for name, s := range map[string]fsconf.Settings{"plain": settings(), "all": func() fsconf.Settings {
		s := settings()
		s.TLSPort, s.TrunkTLSPort, s.TLSCertDir, s.Benchmark, s.SIPTrace, s.ESLAllow = 5061, 5081, "/certs & more", true, true, "10.0.0.0/8, 192.168.0.0/16"
		return s
	}()} {
		dir := filepath.Join(t.TempDir(), name)
		if err := fsconf.Render(dir, s); err != nil {
			t.Fatal(err)
		}
		for _, f := range []string{"freeswitch.xml", "sip_profiles/internal.xml", "sip_profiles/external.xml"} {
			path := filepath.Join(dir, f)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
				t.Errorf("%s: mode %v %v", f, st.Mode(), err)
			}
			d := xml.NewDecoder(strings.NewReader(string(text)))
			for {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s %s: %v", name, f, err)
				}
			}
			if strings.Contains(string(text), "ClueCon") || strings.Contains(string(text), `value="1234"`) {
				t.Errorf("%s: a default password", f)
			}
		}
	}
}

func TestBadSettingsAreNamed(t *testing.T) {
	for name, f := range map[string]func(*fsconf.Settings){
		"SIPPort":     func(s *fsconf.Settings) { s.SIPPort = 0 },
		"TrunkPort":   func(s *fsconf.Settings) { s.TrunkPort = 70000 },
		"RTPEnd":      func(s *fsconf.Settings) { s.RTPEnd = s.RTPStart },
		"TLSCertDir":  func(s *fsconf.Settings) { s.TLSPort = 5061 },
		"ESLPassword": func(s *fsconf.Settings) { s.ESLPassword = "ClueCon" },
		"ESLIP":       func(s *fsconf.Settings) { s.ESLIP = "0.0.0.0" },
		"ESLAllow":    func(s *fsconf.Settings) { s.ESLAllow = "everybody" },
		"BindIP":      func(s *fsconf.Settings) { s.BindIP = "localhost" },
		"HTTPURL":     func(s *fsconf.Settings) { s.HTTPURL = "ftp://x" },
		"Name":        func(s *fsconf.Settings) { s.Name = "$${x}" },
	} {
		s := settings()
		f(&s)
		if err := fsconf.Render(t.TempDir(), s); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
