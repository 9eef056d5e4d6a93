package provisioning_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	asteriskconf "callplane/asterisk-conf"
	"callplane/dialplan"
	fsconf "callplane/freeswitch-conf"
	"callplane/integration/asteriskproc"
	"callplane/integration/fsproc"
	"callplane/integration/phone"
	"callplane/integration/ports"
	"callplane/provisioning"
	"callplane/store"
)

const (
	liveDomain = "sip.test.example"
	liveToken  = "a-token-of-the-test"
)

// scene is a real engine that asks the handlers about the accounts of a directory.
type scene struct {
	t        *testing.T
	udp, tls string // where the engine takes SIP
	dir      *store.Directory
	mu       sync.Mutex
	refused  []provisioning.Refusal
}

func (s *scene) note(r provisioning.Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, r)
}

func (s *scene) lastRefusal() provisioning.Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refused) == 0 {
		return provisioning.Refusal{}
	}
	return s.refused[len(s.refused)-1]
}

// put replaces account 1 with one that has these channels.
func (s *scene) put(enabled bool, channels ...dialplan.Channel) {
	a := &dialplan.Account{ID: 1, Enabled: enabled, Channels: map[string]*dialplan.Channel{}}
	for _, c := range channels {
		a.Channels[c.Name] = &c
	}
	s.dir.Put(a)
}

func channel(name string) dialplan.Channel {
	return dialplan.Channel{Name: name, Password: "password-of-" + name, Enabled: true, DTMF: dialplan.DTMFRFC4733, CallLimit: 2}
}

// register tries; nil: it is registered.
func (s *scene) register(cfg phone.Config) error {
	s.t.Helper()
	cfg.Domain, cfg.Registrar = liveDomain, s.udp
	if cfg.Transport == "tls" {
		cfg.Registrar, cfg.TLS = s.tls, &tls.Config{InsecureSkipVerify: true}
	}
	if cfg.Password == "" {
		cfg.Password = "password-of-" + cfg.User
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	p, err := phone.New(ctx, cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			s.t.Log(err)
		}
	}()
	if err := p.Register(ctx); err != nil {
		if ctx.Err() != nil {
			s.t.Fatalf("no answer at all: %v", err)
		}
		return err
	}
	if err := p.Unregister(ctx); err != nil {
		s.t.Errorf("unregister: %v", err)
	}
	return nil
}

// certificate makes files for an engine's TLS in dir.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: liveDomain}, DNSNames: []string{liveDomain},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	kder, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	c, kp := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kder})
	for name, b := range map[string][]byte{"cert.pem": c, "key.pem": kp, "cafile.pem": c, "agent.pem": append(append([]byte{}, c...), kp...)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
}

// freePort is one that no other test takes.
func freePort(t *testing.T) int {
	t.Helper()
	r, err := ports.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Release)
	p, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(provisioning.Protect(liveToken, false, h))
	t.Cleanup(srv.Close)
	return srv.URL + "/" + liveToken
}

// folder for an engine, whose sockets want short paths.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "prov")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // left-overs of a killed engine don't fail the test
	return dir
}

func freeSWITCH(t *testing.T) *scene {
	if _, err := fsproc.Find(); err != nil {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	s := &scene{t: t, dir: store.NewDirectory()}
	dir, certs := folder(t), t.TempDir()
	certificate(t, certs)
	p, err := fsproc.Start(t.Context(), fsproc.Options{Dir: dir, Settings: fsconf.Settings{
		BindIP: "127.0.0.1", Domain: liveDomain, TLSPort: freePort(t), TLSCertDir: certs,
		HTTPURL: serve(t, &provisioning.FreeSWITCH{Lookup: s.dir.ByChannel, Domain: liveDomain, Refused: s.note}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Kill() })
	s.udp, s.tls = fmt.Sprintf("127.0.0.1:%d", p.Settings.SIPPort), fmt.Sprintf("127.0.0.1:%d", p.Settings.TLSPort)
	return s
}

func asterisk(t *testing.T) *scene {
	s := &scene{t: t, dir: store.NewDirectory()}
	cert, key := certificate(t, t.TempDir())
	p, err := asteriskproc.Start(t.Context(), asteriskproc.Options{Dir: folder(t), DieWithParent: true, Settings: asteriskconf.Settings{
		BindIP: "127.0.0.1", Realm: liveDomain, TLSPort: freePort(t), TLSCertFile: cert, TLSKeyFile: key,
		ControllerURL: serve(t, &provisioning.Asterisk{Lookup: s.dir.ByChannel, Domain: liveDomain, Refused: s.note}),
	}})
	if errors.Is(err, asteriskproc.ErrNotFetched) {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	s.udp, s.tls = fmt.Sprintf("127.0.0.1:%d", p.Settings.SIPPort), fmt.Sprintf("127.0.0.1:%d", p.Settings.TLSPort)
	return s
}

// What the handlers say is what the real engines do.
func TestEnginesAskAndObey(t *testing.T) {
	for name, start := range map[string]func(*testing.T) *scene{"freeswitch": freeSWITCH, "asterisk": asterisk} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			secure := channel("secure")
			secure.Secure = true
			off := channel("off")
			off.Enabled = false
			odd := channel("odd")
			odd.Password = `p&q="<'>;%41+ü`
			s.put(true, channel("alice"), channel("bob"), secure, off, odd)

			good := func(what string, cfg phone.Config) {
				t.Helper()
				if err := s.register(cfg); err != nil {
					t.Errorf("%s: %v (refused: %+v)", what, err, s.lastRefusal())
				}
			}
			bad := func(what string, cfg phone.Config, why provisioning.Reason) {
				t.Helper()
				if err := s.register(cfg); err == nil {
					t.Errorf("%s: registered", what)
					return
				}
				if got := s.lastRefusal().Reason; why != "" && got != why {
					t.Errorf("%s: refused for %q, want %q", what, got, why)
				}
			}
			good("over UDP", phone.Config{User: "alice"})
			good("over TCP", phone.Config{User: "alice", Transport: "tcp"})
			good("over TLS", phone.Config{User: "alice", Transport: "tls"})
			good("secure over TLS", phone.Config{User: "secure", Transport: "tls"})
			good("every character in a password", phone.Config{User: "odd", Password: odd.Password})
			bad("wrong password", phone.Config{User: "alice", Password: "wrong"}, "")
			bad("unknown user", phone.Config{User: "nobody"}, provisioning.ReasonUnknown)
			bad("disabled channel", phone.Config{User: "off"}, provisioning.ReasonChannelDisabled)
			bad("somebody else's address", phone.Config{User: "bob", AuthUser: "alice", Password: "password-of-alice"}, "")
			if name == "freeswitch" {
				bad("secure over UDP", phone.Config{User: "secure"}, provisioning.ReasonInsecure)
				bad("secure over TCP", phone.Config{User: "secure", Transport: "tcp"}, provisioning.ReasonInsecure)
				if a := s.lastRefusal().Addr; !a.IsLoopback() {
					t.Errorf("the refused address is %v", a)
				}
			}

			// A new channel and a new password hold at once; so does their end.
			changed := channel("alice")
			changed.Password = "another-password"
			s.put(true, changed, channel("carol"))
			good("a new channel", phone.Config{User: "carol"})
			good("a new password", phone.Config{User: "alice", Password: "another-password"})
			bad("the old password", phone.Config{User: "alice"}, "")
			bad("a removed channel", phone.Config{User: "bob"}, provisioning.ReasonUnknown)
			s.put(false, changed)
			bad("a suspended account", phone.Config{User: "alice", Password: "another-password"}, provisioning.ReasonAccountDisabled)
			if strings.Contains(fmt.Sprint(s.refused), "password") {
				t.Error("a refusal holds a password")
			}
		})
	}
}
