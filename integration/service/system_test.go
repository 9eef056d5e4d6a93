// Package service proves what only the whole thing can show: the built controller as a process
// of its own, configured through its REST API, with PostgreSQL, a media engine and phones, of which
// any may be killed.
package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	asteriskconf "callplane/asterisk-conf"
	"callplane/dialplan"
	fsconf "callplane/freeswitch-conf"
	"callplane/integration/asteriskproc"
	"callplane/integration/fsproc"
	"callplane/integration/phone"
	"callplane/integration/ports"
	"callplane/integration/tlscert"
	"callplane/store"
	"callplane/store/pgtest"
)

const domain = "service.example"

// mediaEngine is the engine of a system: a process that can be killed.
type mediaEngine struct {
	entry           map[string]any // of the configuration
	sip, tls, trunk string         // host:port for phones, without and with TLS, and for carriers
	kill            func() error
	restart         func(context.Context) error
	stop            func()
}

// system is everything, each a process of its own.
type system struct {
	*testing.T
	dir    string
	binary string
	pg     *pgtest.Cluster
	engine *mediaEngine
	token  string
	api    string // URL of the API
	ops    string // URL of metrics and health

	controller *exec.Cmd
	exited     chan struct{}
	log        *os.File
	account    int64
	channels   int
}

// free finds n ports that nobody else will take.
func free(t *testing.T, n int) []int {
	t.Helper()
	r, err := ports.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Release)
	var out []int
	for range n {
		p, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// startEngine starts the engine of this kind; absent ones skip the test.
func startEngine(t *testing.T, kind, dir string, http int, secret string) *mediaEngine {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	url := fmt.Sprintf("http://127.0.0.1:%d/%s/engine/%s", http, kind, secret)
	local := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	certs := filepath.Join(dir, "tls")
	if err := tlscert.SelfSigned(certs, domain, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	tlsPort := free(t, 1)[0]
	if kind == "freeswitch" {
		p, err := fsproc.Start(ctx, fsproc.Options{Dir: filepath.Join(dir, kind), Settings: fsconf.Settings{
			Name: "engine", BindIP: "127.0.0.1", Domain: domain, HTTPURL: url, TLSPort: tlsPort, TLSCertDir: certs,
			MediaDir: dir, RecordDir: filepath.Join(dir, "recordings"),
		}})
		if errors.Is(err, fsproc.ErrNotInstalled) {
			t.Skipf("ENGINE ABSENT: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return &mediaEngine{
			sip: local(p.Settings.SIPPort), tls: local(tlsPort), trunk: local(p.Settings.TrunkPort), kill: p.Kill, restart: p.Restart,
			stop:  func() { _ = p.Stop() },
			entry: map[string]any{"name": "engine", "type": kind, "address": local(p.Settings.ESLPort), "password": p.Settings.ESLPassword},
		}
	}
	p, err := asteriskproc.Start(ctx, asteriskproc.Options{
		Dir: filepath.Join(dir, kind), WithTrunkPort: true, DieWithParent: true,
		Settings: asteriskconf.Settings{BindIP: "127.0.0.1", Realm: domain, ControllerURL: url,
			TLSPort: tlsPort, TLSCertFile: filepath.Join(certs, "cert.pem"), TLSKeyFile: filepath.Join(certs, "key.pem")},
	})
	if errors.Is(err, asteriskproc.ErrNotFetched) {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := p.Settings
	return &mediaEngine{
		sip: local(s.SIPPort), tls: local(tlsPort), trunk: local(s.TrunkPort), kill: func() error { p.Kill(); return nil },
		restart: func(ctx context.Context) error { return p.Restart(ctx, true) }, stop: p.Stop,
		entry: map[string]any{
			"name": "engine", "type": kind, "address": "http://" + local(s.HTTPPort), "user": s.ARIUser, "password": s.ARIPassword,
			"manager_address": local(s.AMIPort), "manager_user": s.AMIUser, "manager_password": s.AMISecret,
			"recording_dir": filepath.Join(s.SpoolDir, "recording"), "trunk_transports": "true",
		},
	}
}

// newSystem starts everything with an empty database and waits until it is ready.
func newSystem(t *testing.T, kind, binary string) *system {
	t.Helper()
	dir, err := os.MkdirTemp("", "service-") // t.TempDir is too deep for Unix sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ports := free(t, 4)
	const secret = "0123456789abcdefABCDEF"
	s := &system{T: t, dir: dir, binary: binary}
	s.engine = startEngine(t, kind, dir, ports[0], secret)
	t.Cleanup(s.engine.stop)
	s.pg, err = pgtest.Start(t.Context(), pgtest.Options{Dir: pgtest.Dir(t), Port: uint16(ports[3])})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.pg.Stop() })
	local := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	s.api, s.ops = "http://"+local(1), "http://"+local(2)
	s.write("callplane.yaml", map[string]any{
		"log":       map[string]any{"level": "info"},
		"http":      map[string]any{"listen": local(0), "token": secret},
		"api":       map[string]any{"listen": local(1), "rate_limit": 0},
		"metrics":   map[string]any{"listen": local(2)},
		"database":  map[string]any{"dsn": s.pg.DSN("")},
		"recording": map[string]any{"dir": filepath.Join(dir, "recordings")},
		"store":     map[string]any{"spool_dir": filepath.Join(dir, "spool"), "cache_file": filepath.Join(dir, "accounts.cache")},
		"media":     map[string]any{"dir": mediaDir(t)},
		"sip":       map[string]any{"domain": domain},
		"security":  map[string]any{"auth_failures": 5, "allow": []string{"127.0.0.1/32"}}, // the phones, which try before the change has arrived,
		"engines":   []any{s.engine.entry},
	})
	s.run("migrate")
	s.makeToken()
	if s.log, err = os.Create(filepath.Join(dir, "controller.log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			b, _ := os.ReadFile(s.log.Name()) // what there is helps
			t.Logf("controller:\n%s", tail(b, 60000))
		}
		_ = s.log.Close()
	})
	s.start()
	t.Cleanup(s.terminate)
	return s
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// mediaDir is where make has put the prompts.
func mediaDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../.cache/media")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "prompts", "en", "ivr.choose.wav")); err != nil {
		t.Fatalf("the prompts are missing, make prompts makes them: %v", err)
	}
	return dir
}

func (s *system) write(name string, v any) {
	s.Helper()
	b, err := yaml.Marshal(v)
	if err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, name), b, 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *system) command(name string) *exec.Cmd {
	cmd := exec.Command(s.binary, name, "--config", filepath.Join(s.dir, "callplane.yaml"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

func (s *system) run(name string) {
	s.Helper()
	if out, err := s.command(name).CombinedOutput(); err != nil {
		s.Fatalf("callplane %s: %v\n%s", name, err, out)
	}
}

// makeToken puts a token of the operator into the database, as an installation does once.
func (s *system) makeToken() {
	s.Helper()
	db, err := store.Open(s.Context(), s.pg.DSN(""))
	if err != nil {
		s.Fatal(err)
	}
	defer db.Close()
	err = db.Platform(s.Context(), func(tx *store.Tx) error {
		t := &store.Token{Name: "test", Role: store.RoleOperator}
		secret, err := tx.CreateToken(s.Context(), t)
		s.token = secret
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
}

// start runs the controller and waits until it can take calls.
func (s *system) start() {
	s.Helper()
	s.controller = s.command("serve")
	s.controller.Stdout, s.controller.Stderr = s.log, s.log
	if err := s.controller.Start(); err != nil {
		s.Fatal(err)
	}
	exited := make(chan struct{})
	cmd := s.controller
	go func() {
		_ = cmd.Wait() // killed, most of the time
		close(exited)
	}()
	s.exited = exited
	s.until("the controller is ready", func() bool { return s.status(s.ops+"/readyz") == http.StatusOK })
}

// kill9 is kill -9 of the controller.
func (s *system) kill9() {
	s.Helper()
	if err := s.controller.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	<-s.exited
}

// terminate stops the controller in order.
func (s *system) terminate() {
	select {
	case <-s.exited:
		return
	default:
	}
	_ = s.controller.Process.Signal(syscall.SIGTERM) // it may have ended meanwhile
	select {
	case <-s.exited:
	case <-time.After(20 * time.Second):
		s.Error("the controller did not stop in 20 s")
		_ = s.controller.Process.Kill()
		<-s.exited
	}
}

func (s *system) status(url string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// until polls a fact of another process.
func (s *system) until(what string, ok func() bool) {
	s.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			s.Fatalf("it did not come about that %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// call asks the API and fails the test unless it answers with a 2xx status.
func (s *system) call(method, path string, in, out any) {
	s.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			s.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(s.Context(), method, s.api+"/api/v1"+path, body)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	if resp.StatusCode/100 != 2 {
		s.Fatalf("%s %s: %s %s", method, path, resp.Status, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			s.Fatalf("%s %s: %v in %s", method, path, err, b)
		}
	}
}

type object map[string]any

// company makes an account with a menu (300, at number 1) and users from 101 on, each with a
// channel; number 10+i leads to user 101+i. It returns the channels' credentials by extension.
func (s *system) company(users int) map[string]credentials {
	s.Helper()
	var a struct {
		ID int64 `json:"id"`
	}
	s.call("POST", "/accounts", object{"name": "Service", "country": "NL", "language": "en", "extension_length": 3, "area_code": "20",
		"caller_id": number(1), "emergency_caller_id": number(1)}, &a)
	s.account = a.ID
	base := fmt.Sprintf("/accounts/%d", a.ID)
	out := map[string]credentials{}
	for i := range users {
		ext := strconv.Itoa(101 + i)
		s.call("POST", base+"/extensions", object{"number": ext, "name": "User " + ext, "kind": "user", "user": object{"offer_second_call": true}}, nil)
		out[ext] = s.newChannel(ext)
	}
	s.call("POST", base+"/extensions", object{"number": "300", "name": "Menu", "kind": "ivr", "ivr": object{
		"max_digits": 1, "tries": 3, "first_digit": 20, "options": []object{{"digits": "1", "destination": "101"}}}}, nil)
	var schemes struct {
		Items []struct {
			ID int64 `json:"id"`
		} `json:"items"`
	}
	s.call("GET", base+"/schemes", nil, &schemes)
	plans := fmt.Sprintf("%s/schemes/%d/plans", base, schemes.Items[0].ID)
	enter := func(n int, ext string) {
		s.call("POST", base+"/numbers", object{"number": number(n)}, nil)
		s.call("PUT", plans+"/1/entries/"+number(n), object{"destination": ext}, nil)
	}
	enter(1, "300")
	for i := range users {
		enter(10+i, strconv.Itoa(101+i))
	}
	return out
}

// number i of the company.
func number(i int) string { return fmt.Sprintf("+31201110%03d", i) }

type credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// newChannel adds a channel on which the user of ext is logged in.
func (s *system) newChannel(ext string) credentials {
	s.Helper()
	s.channels++
	var c credentials
	s.call("POST", fmt.Sprintf("/accounts/%d/channels", s.account), object{"name": fmt.Sprintf("phone%s-%d", ext, s.channels), "user": ext, "call_limit": 5}, &c)
	return c
}

// carrier adds a trunk and returns the phone behind it.
func (s *system) carrier(ip string) *phone.Phone {
	s.Helper()
	p, err := phone.New(s.Context(), phone.Config{User: "+31612345678", Domain: ip, BindIP: ip})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = p.Close() })
	addr := netip.MustParseAddrPort(p.Addr())
	s.call("POST", "/trunks", object{"name": "carrier-" + strconv.Itoa(int(addr.Port())), "host": ip, "port": addr.Port(), "sources": []string{ip}, "country": "NL",
		"format": dialplan.FormatE164}, nil)
	s.metric(`callplane_engine_trunks{engine="engine"} 1`)
	return p
}

// phone makes the phone of a channel, not registered.
func (s *system) phone(c credentials) *phone.Phone {
	s.Helper()
	p, err := phone.New(s.Context(), phone.Config{User: c.Name, Password: c.Password, Domain: domain, Registrar: s.engine.sip, BindIP: "127.0.0.1"})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = p.Close() })
	return p
}

// registered registers and waits until the controller knows.
func (s *system) registered(c credentials) *phone.Phone {
	s.Helper()
	p := s.phone(c)
	// The change travels from the database to the controller in some milliseconds.
	s.until(c.Name+" may register", func() bool {
		ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
		defer cancel()
		return p.Register(ctx) == nil
	})
	s.until(c.Name+" is registered", func() bool {
		var list struct{ Items []struct{ Channel string } }
		s.call("GET", fmt.Sprintf("/accounts/%d/registrations", s.account), nil, &list)
		for _, r := range list.Items {
			if r.Channel == c.Name {
				return true
			}
		}
		return false
	})
	return p
}

// step bounds one wait of a phone.
func (s *system) step(what string, f func(context.Context) error) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	if err := f(ctx); err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}
