package asteriskproc

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
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	asteriskconf "callplane/asterisk-conf"
	"callplane/controller/engine"
	"callplane/controller/engine/asterisk"
	"callplane/integration/phone"
)

// certificate writes a self-signed certificate for 127.0.0.1.
func certificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	k, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for f, b := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: k}} {
		if err := os.WriteFile(f, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// up starts an Asterisk with accounts and a driver that answers every call.
func up(t *testing.T, dir *Directory) (*Proc, *asterisk.Engine) {
	t.Helper()
	srv := httptest.NewServer(dir)
	t.Cleanup(srv.Close)
	o := Options{Dir: t.TempDir(), DieWithParent: true}
	o.Settings.ControllerURL = srv.URL + "/token"
	o.Settings.TLSCertFile, o.Settings.TLSKeyFile = certificate(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := Start(ctx, o)
	if errors.Is(err, ErrNotFetched) {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	s := p.Settings
	e := asterisk.New(asterisk.Config{
		Name: "real", ARIAddr: fmt.Sprintf("127.0.0.1:%d", s.HTTPPort), ARIUser: s.ARIUser, ARIPassword: s.ARIPassword,
		AMIAddr: fmt.Sprintf("127.0.0.1:%d", s.AMIPort), AMIUser: s.AMIUser, AMISecret: s.AMISecret,
		RecordingDir: filepath.Join(s.SpoolDir, "recording"), MediaDir: t.TempDir(),
	})
	run, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	connected := make(chan bool, 16)
	go func() {
		done <- e.Run(run, engine.Handler{
			Incoming: func(i engine.LegInfo) engine.Sink {
				go func() {
					if err := e.Answer(run, i.ID); err != nil {
						t.Log(err)
					}
					beep := engine.Playback{ID: "beep", Loop: true, Sources: []engine.Source{{Beep: &engine.Beep{Hz: 440, Duration: time.Second}}}}
					if err := e.Play(run, i.ID, beep); err != nil {
						t.Log(err)
					}
				}()
				return func(engine.Event) {}
			},
			Adopt:      func([]engine.LegState) map[engine.LegID]engine.Sink { return nil },
			Registered: func([]engine.Registration) {}, Registration: func(engine.Registration) {},
			Connected: func(up bool) { connected <- up },
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-connected:
	case <-ctx.Done():
		t.Fatal("the driver never connected")
	}
	return p, e
}

func account(user string) asteriskconf.Account {
	return asteriskconf.Account{ID: user + "@demo.test", Username: user, Password: "password-" + user}
}

func newPhone(ctx context.Context, t *testing.T, c phone.Config) *phone.Phone {
	t.Helper()
	c.Domain = "demo.test"
	p, err := phone.New(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// TestAccountsOnDemand: a new account works at once, and a removed one is refused at once.
func TestAccountsOnDemand(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := &Directory{}
	p, _ := up(t, dir)
	a := newPhone(ctx, t, phone.Config{User: "101", Password: "password-101", Registrar: fmt.Sprintf("127.0.0.1:%d", p.Settings.SIPPort)})
	if err := a.Register(ctx); err == nil {
		t.Fatal("an unknown account registered")
	}
	dir.Set(account("101"))
	if err := a.Register(ctx); err != nil {
		t.Fatal(err)
	}
	c, err := a.Dial(ctx, "200", phone.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.WaitAnswered(ctx), c.Hears(ctx, 440), c.Hangup(ctx)); err != nil {
		t.Fatal(err)
	}
	dir.Remove("101@demo.test")
	if c, err = a.Dial(ctx, "200", phone.DialOptions{}); err == nil {
		err = c.WaitAnswered(ctx)
	}
	if err == nil {
		t.Fatal("a removed account could call")
	}
}

// TestTLSAndSRTP: signalling by TLS, media encrypted with keys in SDP (RFC 4568).
func TestTLSAndSRTP(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := &Directory{}
	secure := account("102")
	secure.Secure = true
	dir.Set(secure)
	p, _ := up(t, dir)
	a := newPhone(ctx, t, phone.Config{
		User: "102", Password: "password-102", Registrar: fmt.Sprintf("127.0.0.1:%d", p.Settings.TLSPort),
		Transport: "tls", TLS: &tls.Config{InsecureSkipVerify: true}, SRTP: true, //nolint:gosec // its certificate is of this test
	})
	if err := a.Register(ctx); err != nil {
		t.Fatal(err)
	}
	c, err := a.Dial(ctx, "200", phone.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.WaitAnswered(ctx), c.Hears(ctx, 440)); err != nil {
		t.Fatal(err)
	}
	if !c.Encrypted() {
		t.Error("the media is not encrypted")
	}
	// A phone without SRTP gets no plain media on this account.
	b := newPhone(ctx, t, phone.Config{User: "102", Password: "password-102", Registrar: fmt.Sprintf("127.0.0.1:%d", p.Settings.SIPPort)})
	plain, err := b.Dial(ctx, "200", phone.DialOptions{})
	if err == nil {
		err = plain.WaitAnswered(ctx)
	}
	if err == nil {
		t.Error("plain media was taken on an account that must encrypt")
	}
}
