// Package fsproc runs a private FreeSWITCH, configured by freeswitch-conf: for tests and for
// `make run` on a machine that has FreeSWITCH installed.
package fsproc

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	fsconf "callplane/freeswitch-conf"
	"callplane/integration/ports"
)

// ErrNotInstalled tells that there is no FreeSWITCH on this machine.
var ErrNotInstalled = errors.New("freeswitch is not installed")

// Options say what to start.
type Options struct {
	// Dir holds everything the process writes: configuration, logs, databases. It is made
	// if needed. Required.
	Dir string
	// Settings is rendered into Dir/conf. Ports that are 0 are chosen freely, except the
	// TLS ports; an empty ESLPassword is generated; an empty BindIP is 127.0.0.1.
	Settings fsconf.Settings
	// Detach lets FreeSWITCH outlive this process (a controller that is killed must
	// not take the conversations with it). Otherwise the kernel ends it with its parent.
	Detach bool
	// Ready bounds the wait for the engine to be ready; 0 is a minute.
	Ready time.Duration
}

// Proc is a running FreeSWITCH.
type Proc struct {
	// Settings as rendered, with the ports and password that were chosen.
	Settings fsconf.Settings
	opts     Options
	home     string
	reserved *ports.Range

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // how; valid after done
}

// Find gives the folder of the installed FreeSWITCH: FREESWITCH_HOME and nothing else where that is set, otherwise
// /usr/local/freeswitch or the one on PATH. ErrNotInstalled if there is none.
func Find() (string, error) {
	candidates := []string{"/usr/local/freeswitch"}
	if home := os.Getenv("FREESWITCH_HOME"); home != "" {
		candidates = []string{home}
	} else if p, err := exec.LookPath("freeswitch"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			candidates = append(candidates, filepath.Dir(filepath.Dir(p)))
		}
	}
	for _, c := range candidates {
		if st, err := os.Stat(filepath.Join(c, "bin", "freeswitch")); err == nil && st.Mode()&0o111 != 0 {
			return c, nil
		}
	}
	return "", fmt.Errorf("%w (looked in %s)", ErrNotInstalled, strings.Join(candidates, ", "))
}

// Start renders the configuration, starts FreeSWITCH and waits until it takes calls.
func Start(ctx context.Context, o Options) (*Proc, error) {
	home, err := Find()
	if err != nil {
		return nil, err
	}
	if o.Dir == "" {
		return nil, errors.New("start freeswitch: Dir is empty")
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("start freeswitch: %w", err)
	}
	if o.Ready == 0 {
		o.Ready = time.Minute
	}
	s := &o.Settings
	if s.BindIP == "" {
		s.BindIP = "127.0.0.1"
	}
	if s.ESLPassword == "" {
		s.ESLPassword = NewPassword()
	}
	reserved, err := ports.Reserve()
	if err != nil {
		return nil, fmt.Errorf("start freeswitch: %w", err)
	}
	if s.RTPStart == 0 {
		s.RTPStart, s.RTPEnd = reserved.RTPStart, reserved.RTPEnd
	}
	for _, p := range []*int{&s.SIPPort, &s.TrunkPort, &s.ESLPort} {
		if *p == 0 {
			if *p, err = reserved.Next(); err != nil {
				return nil, fmt.Errorf("start freeswitch: %w", err)
			}
		}
	}
	if s.MediaDir == "" {
		s.MediaDir = filepath.Join(o.Dir, "media")
	}
	if s.RecordDir == "" {
		s.RecordDir = filepath.Join(o.Dir, "recordings")
	}
	for _, d := range []string{"log", "db", "run", "tmp", "scripts", "certs", "storage", "cache", "htdocs", "grammar"} {
		if err := os.MkdirAll(filepath.Join(o.Dir, d), 0o700); err != nil {
			return nil, fmt.Errorf("start freeswitch: %w", err)
		}
	}
	for _, d := range []string{s.MediaDir, s.RecordDir} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, fmt.Errorf("start freeswitch: %w", err)
		}
	}
	p := &Proc{Settings: *s, opts: o, home: home, reserved: reserved}
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// NewPassword makes an unguessable password or token.
func NewPassword() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

func (p *Proc) path(elem ...string) string {
	return filepath.Join(append([]string{p.opts.Dir}, elem...)...)
}

func (p *Proc) start(ctx context.Context) error {
	if err := fsconf.Render(p.path("conf"), p.Settings); err != nil {
		return fmt.Errorf("start freeswitch: %w", err)
	}
	args := []string{"-nonat", "-np", "-nf", "-nc"}
	for _, d := range []string{"conf", "log", "db", "run", "scripts", "certs", "storage", "cache", "htdocs", "grammar"} {
		args = append(args, "-"+d, p.path(d))
	}
	args = append(args, "-temp", p.path("tmp"), "-recordings", p.Settings.RecordDir, "-sounds", p.Settings.MediaDir,
		"-mod", filepath.Join(p.home, "lib", "freeswitch", "mod"))
	out, err := os.OpenFile(p.path("log", "console.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start freeswitch: %w", err)
	}
	defer out.Close()
	// Not bound to ctx: the process lives until Stop.
	cmd := exec.Command(filepath.Join(p.home, "bin", "freeswitch"), args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Dir = p.opts.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if !p.opts.Detach {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	done := make(chan struct{})
	started := make(chan error, 1)
	go p.wait(cmd, started, done)
	if err := <-started; err != nil {
		return fmt.Errorf("start freeswitch: %w", err)
	}
	p.mu.Lock()
	p.cmd, p.done = cmd, done
	p.mu.Unlock()
	if err := p.awaitReady(ctx, done); err != nil {
		_ = p.Kill()
		return fmt.Errorf("start freeswitch (%s): %w\n%s", p.home, err, p.LogTail(30))
	}
	return nil
}

// AwaitExit gives a channel that is closed when the process has ended.
func (p *Proc) AwaitExit() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// PID of the process.
func (p *Proc) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

func (p *Proc) awaitReady(ctx context.Context, done <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, p.opts.Ready)
	defer cancel()
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	var last error
	for {
		if last = p.ready(ctx); last == nil {
			return nil
		}
		select {
		case <-done:
			return fmt.Errorf("it ended at once: %v", p.err)
		case <-ctx.Done():
			return fmt.Errorf("not ready after %v: %w", p.opts.Ready, last)
		case <-t.C:
		}
	}
}

// ready asks over the event socket whether the core and both SIP profiles run.
func (p *Proc) ready(ctx context.Context) error {
	for _, q := range []struct{ cmd, want string }{
		{"status", "is ready"},
		{"sofia status profile " + fsconf.ProfilePhones, "RUNNING"},
		{"sofia status profile " + fsconf.ProfileTrunks, "RUNNING"},
	} {
		out, err := p.API(ctx, q.cmd)
		if err != nil {
			return err
		}
		// A profile that runs shows its URL; there is no other sign in the detailed status.
		if q.want == "RUNNING" {
			if !strings.Contains(out, "URL") {
				return fmt.Errorf("%s: %s", q.cmd, strings.TrimSpace(out))
			}
			continue
		}
		if !strings.Contains(out, q.want) {
			return fmt.Errorf("%s: %s", q.cmd, strings.TrimSpace(out))
		}
	}
	return nil
}

// API carries out one api command on a connection of its own; for tests and tools.
func (p *Proc) API(ctx context.Context, cmd string) (string, error) {
	addr := net.JoinHostPort("127.0.0.1", fmt.Sprint(p.Settings.ESLPort))
	if p.Settings.ESLIP != "" {
		addr = net.JoinHostPort(p.Settings.ESLIP, fmt.Sprint(p.Settings.ESLPort))
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", fmt.Errorf("event socket: %w", err)
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	if _, err := fmt.Fprintf(c, "auth %s\n\napi %s\n\nexit\n\n", p.Settings.ESLPassword, cmd); err != nil {
		return "", fmt.Errorf("event socket: %w", err)
	}
	all, err := io.ReadAll(c)
	if err != nil {
		return "", fmt.Errorf("event socket: %w", err)
	}
	_, rest, ok := bytes.Cut(all, []byte("Content-Type: api/response\nContent-Length: "))
	if !ok {
		return "", fmt.Errorf("event socket: %q", all)
	}
	n := 0
	if _, err := fmt.Sscanf(string(rest), "%d", &n); err != nil {
		return "", fmt.Errorf("event socket: %w", err)
	}
	_, body, _ := bytes.Cut(rest, []byte("\n\n"))
	return string(body[:min(n, len(body))]), nil
}

// Stop ends the process in order (calls are hung up), and hard after 10 s.
func (p *Proc) Stop() error {
	defer p.reserved.Release()
	return p.end(syscall.SIGTERM)
}

// Kill ends it like a crash.
func (p *Proc) Kill() error { return p.end(syscall.SIGKILL) }

func (p *Proc) end(sig syscall.Signal) error {
	p.mu.Lock()
	cmd, done := p.cmd, p.done
	p.mu.Unlock()
	select {
	case <-done:
		return nil
	default:
	}
	if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop freeswitch: %w", err)
	}
	t := time.NewTimer(10 * time.Second)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		_ = cmd.Process.Kill()
		<-done
	}
	return nil
}

// Restart stops the process, if it still runs, and starts it again on the same ports.
func (p *Proc) Restart(ctx context.Context) error {
	if err := p.end(syscall.SIGTERM); err != nil { // not Stop: the ports stay ours
		return err
	}
	return p.start(ctx)
}

// LogTail gives the last n lines of the log, for error messages.
func (p *Proc) LogTail(n int) string {
	var b strings.Builder
	for _, f := range []string{"console.log", "freeswitch.log"} {
		text, err := os.ReadFile(p.path("log", f))
		if err != nil || len(text) == 0 {
			continue
		}
		lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
		fmt.Fprintf(&b, "--- %s\n%s\n", p.path("log", f), strings.Join(lines[max(0, len(lines)-n):], "\n"))
	}
	return b.String()
}
