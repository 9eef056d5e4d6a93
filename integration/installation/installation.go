// Package installation is Callplane as it is installed, for tests: the built controller as a process of
// its own, with PostgreSQL and a media engine, of which any may be killed.
package installation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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

// Domain is of the SIP accounts.
const Domain = "service.example"

// Engine is the engine of a system: a process that can be killed.
type Engine struct {
	SIP, TLS, Trunk string // host:port for phones, without and with TLS, and for carriers
	Kill            func() error
	Restart         func(context.Context) error
	entry           map[string]any // of the configuration
	stop            func()
}

// RecordingDir is where the engine itself records; empty: where it is told to.
func (e *Engine) RecordingDir() string {
	dir, _ := e.entry["recording_dir"].(string)
	return dir
}

// System is everything, each a process of its own.
type System struct {
	*testing.T
	Dir    string
	PG     *pgtest.Cluster
	Engine *Engine
	Token  string // of an operator
	API    string // URL of the API
	Ops    string // URL of metrics and health
	SFTP   string // host:port

	binary     string
	controller *exec.Cmd
	exited     chan struct{}
	log        *os.File
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
func startEngine(t *testing.T, kind, dir string, http int, secret string) *Engine {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	url := fmt.Sprintf("http://127.0.0.1:%d/%s/engine/%s", http, kind, secret)
	local := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	certs := filepath.Join(dir, "tls")
	if err := tlscert.SelfSigned(certs, Domain, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	tlsPort := free(t, 1)[0]
	if kind == "freeswitch" {
		p, err := fsproc.Start(ctx, fsproc.Options{Dir: filepath.Join(dir, kind), Settings: fsconf.Settings{
			Name: "engine", BindIP: "127.0.0.1", Domain: Domain, HTTPURL: url, TLSPort: tlsPort, TLSCertDir: certs,
			MediaDir: dir, RecordDir: filepath.Join(dir, "recordings"),
		}})
		if errors.Is(err, fsproc.ErrNotInstalled) {
			t.Skipf("ENGINE ABSENT: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return &Engine{
			SIP: local(p.Settings.SIPPort), TLS: local(tlsPort), Trunk: local(p.Settings.TrunkPort), Kill: p.Kill, Restart: p.Restart,
			stop:  func() { _ = p.Stop() },
			entry: map[string]any{"name": "engine", "type": kind, "address": local(p.Settings.ESLPort), "password": p.Settings.ESLPassword},
		}
	}
	p, err := asteriskproc.Start(ctx, asteriskproc.Options{
		Dir: filepath.Join(dir, kind), WithTrunkPort: true, DieWithParent: true,
		Settings: asteriskconf.Settings{BindIP: "127.0.0.1", Realm: Domain, ControllerURL: url,
			TLSPort: tlsPort, TLSCertFile: filepath.Join(certs, "cert.pem"), TLSKeyFile: filepath.Join(certs, "key.pem")},
	})
	if errors.Is(err, asteriskproc.ErrNotFetched) {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := p.Settings
	return &Engine{
		SIP: local(s.SIPPort), TLS: local(tlsPort), Trunk: local(s.TrunkPort), Kill: func() error { p.Kill(); return nil },
		Restart: func(ctx context.Context) error { return p.Restart(ctx, true) }, stop: p.Stop,
		entry: map[string]any{
			"name": "engine", "type": kind, "address": "http://" + local(s.HTTPPort), "user": s.ARIUser, "password": s.ARIPassword,
			"manager_address": local(s.AMIPort), "manager_user": s.AMIUser, "manager_password": s.AMISecret,
			"recording_dir": filepath.Join(s.SpoolDir, "recording"), "trunk_transports": "true",
		},
	}
}

// Build makes the controller's program.
func Build(t *testing.T) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "callplane")
	if out, err := exec.Command("go", "build", "-o", binary, "callplane/controller").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// New starts everything with an empty database and waits until it is ready. What more returns is set in the
// configuration, too: keys by section. It is nil, or called with the URL of the API.
func New(t *testing.T, kind, binary string, more func(url string) map[string]map[string]any) *System {
	t.Helper()
	dir, err := os.MkdirTemp("", "service-") // t.TempDir is too deep for Unix sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ports := free(t, 5)
	const secret = "0123456789abcdefABCDEF"
	s := &System{T: t, Dir: dir, binary: binary}
	s.Engine = startEngine(t, kind, dir, ports[0], secret)
	t.Cleanup(s.Engine.stop)
	s.PG, err = pgtest.Start(t.Context(), pgtest.Options{Dir: pgtest.Dir(t), Port: uint16(ports[3])})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.PG.Stop() })
	local := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	s.API, s.Ops, s.SFTP = "http://"+local(1), "http://"+local(2), local(4)
	settings := map[string]any{
		"log":       map[string]any{"level": "info"},
		"http":      map[string]any{"listen": local(0), "token": secret},
		"api":       map[string]any{"listen": local(1), "rate_limit": 0},
		"metrics":   map[string]any{"listen": local(2)},
		"database":  map[string]any{"dsn": s.PG.DSN("")},
		"recording": map[string]any{"dir": filepath.Join(dir, "recordings")},
		"sftp":      map[string]any{"listen": local(4), "host_key": filepath.Join(dir, "sftp_host_key")},
		"store":     map[string]any{"spool_dir": filepath.Join(dir, "spool"), "cache_file": filepath.Join(dir, "accounts.cache")},
		"media":     map[string]any{"dir": mediaDir(t, dir)},
		"sip":       map[string]any{"domain": Domain},
		"security":  map[string]any{"auth_failures": 5, "allow": []string{"127.0.0.1/32"}}, // the phones, which try before the change has arrived,
		"engines":   []any{s.Engine.entry},
	}
	if more != nil {
		for section, keys := range more(s.API) {
			into, _ := settings[section].(map[string]any)
			settings[section] = merged(into, keys)
		}
	}
	s.write("callplane.yaml", settings)
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
	s.Start()
	t.Cleanup(s.Terminate)
	return s
}

func merged(into, more map[string]any) map[string]any {
	out := maps.Clone(into)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, more)
	return out
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// mediaDir has the prompts and music that make has made, and room for what accounts upload.
func mediaDir(t *testing.T, dir string) string {
	t.Helper()
	made, err := filepath.Abs("../../.cache/media")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(made, "prompts", "en", "ivr.choose.wav")); err != nil {
		t.Fatalf("the prompts are missing, make prompts makes them: %v", err)
	}
	own := filepath.Join(dir, "media")
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"prompts", "music"} {
		if err := os.Symlink(filepath.Join(made, part), filepath.Join(own, part)); err != nil {
			t.Fatal(err)
		}
	}
	return own
}

func (s *System) write(name string, v any) {
	s.Helper()
	b, err := yaml.Marshal(v)
	if err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, name), b, 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *System) command(name string) *exec.Cmd {
	cmd := exec.Command(s.binary, name, "--config", filepath.Join(s.Dir, "callplane.yaml"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

func (s *System) run(name string) {
	s.Helper()
	if out, err := s.command(name).CombinedOutput(); err != nil {
		s.Fatalf("callplane %s: %v\n%s", name, err, out)
	}
}

// makeToken puts a token of the operator into the database, as an installation does once.
func (s *System) makeToken() {
	s.Helper()
	db, err := store.Open(s.Context(), s.PG.DSN(""))
	if err != nil {
		s.Fatal(err)
	}
	defer db.Close()
	err = db.Platform(s.Context(), func(tx *store.Tx) error {
		t := &store.Token{Name: "test", Role: store.RoleOperator}
		secret, err := tx.CreateToken(s.Context(), t)
		s.Token = secret
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
}

// Start runs the controller and waits until it can take calls.
func (s *System) Start() {
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
	s.Until("the controller is ready", func() bool { return s.Status(s.Ops+"/readyz") == http.StatusOK })
}

// Kill9 is kill -9 of the controller.
func (s *System) Kill9() {
	s.Helper()
	if err := s.controller.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	<-s.exited
}

// Terminate stops the controller in order.
func (s *System) Terminate() {
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

func (s *System) Status(url string) int {
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

// Until polls a fact of another process.
func (s *System) Until(what string, ok func() bool) {
	s.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			s.Fatalf("it did not come about that %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Call asks the API and fails the test unless it answers with a 2xx status.
func (s *System) Call(method, path string, in, out any) {
	s.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			s.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(s.Context(), method, s.API+"/api/v1"+path, body)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
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

// Carrier adds a trunk and returns the phone behind it.
func (s *System) Carrier(ip string) *phone.Phone {
	s.Helper()
	p, err := phone.New(s.Context(), phone.Config{User: "+31612345678", Domain: ip, BindIP: ip})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = p.Close() })
	addr := netip.MustParseAddrPort(p.Addr())
	s.Call("POST", "/trunks", map[string]any{"name": "carrier-" + strconv.Itoa(int(addr.Port())), "host": ip, "port": addr.Port(), "sources": []string{ip}, "country": "NL",
		"format": dialplan.FormatE164}, nil)
	s.Metric(`callplane_engine_trunks{engine="engine"} 1`)
	return p
}

// Credentials are a channel's.
type Credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// Phone makes the phone of a channel, not registered.
func (s *System) Phone(c Credentials) *phone.Phone {
	s.Helper()
	p, err := phone.New(s.Context(), phone.Config{User: c.Name, Password: c.Password, Domain: Domain, Registrar: s.Engine.SIP, BindIP: "127.0.0.1"})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = p.Close() })
	return p
}

// Step bounds one wait of a phone.
func (s *System) Step(what string, f func(context.Context) error) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	if err := f(ctx); err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

// Metric waits for a line of the metrics.
func (s *System) Metric(line string) {
	s.Helper()
	s.Until(line, func() bool {
		resp, err := http.Get(s.Ops + "/metrics")
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		return err == nil && strings.Contains("\n"+string(b), "\n"+line+"\n")
	})
}
