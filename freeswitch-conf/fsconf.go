// Package fsconf holds the configuration of a FreeSWITCH that Callplane controls: small,
// without default users or passwords, and reachable for control on loopback only.
//
// Nothing about accounts, numbers or carriers is in these files. FreeSWITCH asks the
// controller for them over HTTP (mod_xml_curl) and is driven over its event socket.
package fsconf

import (
	"embed"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed conf
var files embed.FS

// Settings are what differs between installations.
type Settings struct {
	// Name of the engine (switchname): letters, digits, '.', '-' and '_'.
	Name string
	// BindIP is where SIP and RTP listen. ExternalIP is told to phones and
	// carriers when it differs (a static NAT); empty: BindIP.
	BindIP     string
	ExternalIP string
	// Domain is the SIP domain of all phones, whatever host they were told to register at;
	// empty: each phone's own.
	Domain string
	// SIPPort serves phones over UDP and TCP, TLSPort over TLS (0: no TLS); TrunkPort
	// and TrunkTLSPort do the same for carriers.
	SIPPort, TLSPort, TrunkPort, TrunkTLSPort int
	// TLSCertDir holds agent.pem (certificate and key) and cafile.pem.
	TLSCertDir string
	// RTPStart to RTPEnd is the range of media ports.
	RTPStart, RTPEnd int
	// ESLIP and ESLPort are the event socket; ESLIP is 127.0.0.1 if empty and must be a
	// loopback address unless ESLAllow names the networks of the controller
	// (containers), separated by commas.
	ESLIP       string
	ESLPort     int
	ESLPassword string
	ESLAllow    string
	// HTTPURL is the controller's handler for mod_xml_curl, with an unguessable token in its
	// path. HTTPTimeout bounds each request, in whole seconds; 0 is 3 s.
	HTTPURL     string
	HTTPTimeout time.Duration
	// MediaDir holds prompts and music, RecordDir takes recordings.
	MediaDir, RecordDir string
	// MaxSessions and SessionsPerSecond bound the load; 0 is 10,000 and 1,000.
	MaxSessions       int
	SessionsPerSecond int
	// LogLevel is FreeSWITCH's (debug, info, notice, warning, err); empty is warning.
	LogLevel string
	// Benchmark also loads the native applications that benchmarks compare with.
	Benchmark bool
	// Static adds this XML to the dialplan, for benchmarks of the engine alone.
	Static string
	// SIPTrace logs every SIP message (at level debug), for tests.
	SIPTrace bool
}

// Names that the configuration and the driver agree on.
const (
	// ProfilePhones and ProfileTrunks are the sofia profiles.
	ProfilePhones = "internal"
	ProfileTrunks = "external"
	// ContextPhones and ContextTrunks are the dialplan contexts of new calls.
	ContextPhones = "callplane-phones"
	ContextTrunks = "callplane-trunks"
	// ContextPark is where a leg goes that FreeSWITCH transfers by itself (REFER): it
	// parks there and is no new call.
	ContextPark = "callplane-park"
)

// Validate tells the first setting that can't be used, by name.
func (s Settings) Validate() error {
	s = s.withDefaults()
	for _, p := range []struct {
		name string
		port int
		zero bool
	}{{"SIPPort", s.SIPPort, false}, {"TLSPort", s.TLSPort, true}, {"TrunkPort", s.TrunkPort, false}, {"TrunkTLSPort", s.TrunkTLSPort, true}, {"ESLPort", s.ESLPort, false}, {"RTPStart", s.RTPStart, false}, {"RTPEnd", s.RTPEnd, false}} {
		if (p.port == 0 && !p.zero) || p.port < 0 || p.port > 65535 {
			return fmt.Errorf("freeswitch setting %s: %d is no port", p.name, p.port)
		}
	}
	if s.RTPEnd-s.RTPStart < 10 {
		return errors.New("freeswitch setting RTPEnd: at least 10 above RTPStart")
	}
	if (s.TLSPort != 0 || s.TrunkTLSPort != 0) && s.TLSCertDir == "" {
		return errors.New("freeswitch setting TLSCertDir: needed with TLSPort and TrunkTLSPort")
	}
	if len(s.ESLPassword) < 16 {
		return errors.New("freeswitch setting ESLPassword: at least 16 characters")
	}
	for _, a := range []struct{ name, ip string }{{"BindIP", s.BindIP}, {"ExternalIP", s.ExternalIP}, {"ESLIP", s.ESLIP}} {
		if _, err := netip.ParseAddr(a.ip); err != nil {
			return fmt.Errorf("freeswitch setting %s: %w", a.name, err)
		}
	}
	if ip, _ := netip.ParseAddr(s.ESLIP); !ip.IsLoopback() && s.ESLAllow == "" {
		return errors.New("freeswitch setting ESLIP: not loopback and ESLAllow is empty")
	}
	for _, n := range s.eslNetworks() {
		if _, err := netip.ParsePrefix(n); err != nil {
			return fmt.Errorf("freeswitch setting ESLAllow: %w", err)
		}
	}
	if u, err := url.Parse(s.HTTPURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("freeswitch setting HTTPURL: %q is no http URL", s.HTTPURL)
	}
	for _, v := range []struct{ name, value string }{{"Name", s.Name}, {"ESLPassword", s.ESLPassword}, {"HTTPURL", s.HTTPURL},
		{"Domain", s.Domain}, {"TLSCertDir", s.TLSCertDir}, {"MediaDir", s.MediaDir}, {"RecordDir", s.RecordDir}, {"LogLevel", s.LogLevel}} {
		// FreeSWITCH expands $${…} and its own pre-processing words in attribute values.
		if strings.ContainsAny(v.value, "\r\n\"<>$") {
			return fmt.Errorf("freeswitch setting %s: unusable character", v.name)
		}
	}
	return nil
}

func (s Settings) withDefaults() Settings {
	if s.Name == "" {
		s.Name = "callplane"
	}
	if s.ExternalIP == "" {
		s.ExternalIP = s.BindIP
	}
	if s.ESLIP == "" {
		s.ESLIP = "127.0.0.1"
	}
	if s.MaxSessions == 0 {
		s.MaxSessions = 10000
	}
	if s.SessionsPerSecond == 0 {
		s.SessionsPerSecond = 1000
	}
	if s.LogLevel == "" {
		s.LogLevel = "warning"
	}
	if s.SIPTrace {
		s.LogLevel = "debug"
	}
	if s.HTTPTimeout < time.Second {
		s.HTTPTimeout = 3 * time.Second
	}
	return s
}

func (s Settings) eslNetworks() []string {
	var nets []string
	for n := range strings.SplitSeq(s.ESLAllow, ",") {
		if n = strings.TrimSpace(n); n != "" {
			nets = append(nets, n)
		}
	}
	return nets
}

// Render writes the configuration into dir, which is made if needed and readable by its
// owner only (it holds the event socket's password).
func Render(dir string, s Settings) error {
	if err := s.Validate(); err != nil {
		return err
	}
	s = s.withDefaults()
	fns := template.FuncMap{
		"x":        escape,
		"seconds":  func(d time.Duration) int { return int(d / time.Second) },
		"networks": s.eslNetworks,
	}
	return fs.WalkDir(files, "conf", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("conf", path)
		if err != nil {
			return err
		}
		out := filepath.Join(dir, rel)
		if d.IsDir() {
			return os.MkdirAll(out, 0o700)
		}
		text, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		t, err := template.New(rel).Funcs(fns).Option("missingkey=error").Parse(string(text))
		if err != nil {
			return fmt.Errorf("freeswitch configuration: %w", err)
		}
		var b strings.Builder
		if err := t.Execute(&b, s); err != nil {
			return fmt.Errorf("freeswitch configuration %s: %w", rel, err)
		}
		if err := os.WriteFile(out, []byte(b.String()), 0o600); err != nil {
			return fmt.Errorf("write freeswitch configuration: %w", err)
		}
		return nil
	})
}

func escape(s string) (string, error) {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return "", err
	}
	return b.String(), nil
}
