package freeswitch_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"callplane/controller/engine"
	"callplane/controller/engine/freeswitch"
	fsconf "callplane/freeswitch-conf"
	"callplane/integration/phone"
)

// certificate writes agent.pem and cafile.pem for 127.0.0.1.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, text := range map[string][]byte{"agent.pem": append(cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})...), "cafile.pem": cert} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A phone on TLS with SRTP talks to one on TLS with SRTP; a plain one is not called with Secure.
func TestSecure(t *testing.T) {
	dir := t.TempDir()
	certificate(t, dir)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	r := newRigWith(t, fsconf.Settings{TLSPort: port, TLSCertDir: dir}, func(*freeswitch.Config) {})
	secure := func(c *phone.Config) {
		c.Transport, c.SRTP, c.Registrar = "tls", true, fmt.Sprintf("127.0.0.1:%d", port)
		c.TLS = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	}
	alice := r.registered("101", secure, func(c *phone.Config) { c.Tone = 500 })
	bob := r.registered("102", secure, func(c *phone.Config) { c.Tone = 700 })
	c, in := r.call(alice, "102")
	if in.info.Transport != "tls" {
		t.Errorf("transport %q", in.info.Transport)
	}
	r.ok(r.Answer(r.ctx(), in.id))
	next[engine.Answered](in)
	out := r.originate("102", func(o *engine.Originate) { o.Secure = true })
	b := r.incoming(bob)
	r.ok(b.Answer(r.ctx()))
	next[engine.Answered](out)
	r.ok(r.Bridge(r.ctx(), in.id, out.id))
	r.ok(c.Hears(r.ctx(), 700))
	r.ok(b.Hears(r.ctx(), 500))
	if !c.Encrypted() || !b.Encrypted() {
		t.Error("not encrypted")
	}
}
