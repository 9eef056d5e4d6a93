// Package asteriskproc runs a private Asterisk out of the folder that
// deploy/fetch-asterisk.sh fills: for tests, and for `make run` on hosts without one.
package asteriskproc

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	asteriskconf "callplane/asterisk-conf"
	"callplane/integration/ports"
)

// ErrNotFetched says that the cache folder holds no Asterisk.
var ErrNotFetched = errors.New("no Asterisk in the cache folder: run deploy/fetch-asterisk.sh (make does)")

// Options of Start.
type Options struct {
	// Cache is the folder of deploy/fetch-asterisk.sh; default .cache/asterisk in the
	// repository, or ASTERISK_CACHE.
	Cache string
	// Fetch runs the script when the folder is empty; otherwise Start fails with ErrNotFetched.
	Fetch bool
	// Dir receives configuration, state, logs and recordings. It must be empty or of an
	// earlier Start.
	Dir string
	// Settings as far as they are not made here: paths always are, passwords and zero ports are
	// filled in (free ones on 127.0.0.1; TrunkPort only if WithTrunkPort).
	Settings      asteriskconf.Settings
	WithTrunkPort bool
	// DieWithParent kills Asterisk when this process dies, however it dies. Tests want it
	// unless they show that calls survive the controller.
	DieWithParent bool
	// ReadyIn is how long to wait for ARI; default a minute.
	ReadyIn time.Duration
}

// Proc is a running Asterisk.
type Proc struct {
	// Settings are those in force, passwords and ports included.
	Settings asteriskconf.Settings

	opts     Options
	root     string
	reserved *ports.Range

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// Start renders the configuration, starts Asterisk and returns when it answers.
// ctx bounds the start only; the process runs until Stop or Kill.
func Start(ctx context.Context, o Options) (*Proc, error) {
	root, err := locate(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.ReadyIn == 0 {
		o.ReadyIn = time.Minute
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("folder for Asterisk: %w", err)
	}
	s := o.Settings
	mods, err := filepath.Glob(filepath.Join(root, "usr/lib/*/asterisk/modules"))
	if err != nil || len(mods) != 1 {
		return nil, fmt.Errorf("%w: no modules under %s", ErrNotFetched, root)
	}
	s.ModDir = mods[0]
	s.DataDir = filepath.Join(root, "usr/share/asterisk")
	s.SbinDir = filepath.Join(root, "usr/sbin")
	s.ConfDir = filepath.Join(o.Dir, "etc")
	s.StateDir = filepath.Join(o.Dir, "state")
	s.SpoolDir = filepath.Join(o.Dir, "spool")
	s.RunDir = filepath.Join(o.Dir, "run")
	s.LogDir = filepath.Join(o.Dir, "log")
	if s.ARIUser == "" {
		s.ARIUser = "controller"
	}
	if s.ARIPassword == "" {
		s.ARIPassword = rand.Text()
	}
	if s.AMIUser == "" {
		s.AMIUser = "controller"
	}
	if s.AMISecret == "" {
		s.AMISecret = rand.Text()
	}
	if s.ControllerURL == "" {
		s.ControllerURL = "http://127.0.0.1:9/none"
	}
	reserved, err := ports.Reserve()
	if err != nil {
		return nil, fmt.Errorf("start Asterisk: %w", err)
	}
	if err := fillPorts(&s, o.WithTrunkPort, reserved); err != nil {
		return nil, err
	}
	p := &Proc{Settings: s, opts: o, root: root, reserved: reserved}
	if err := p.launch(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

func locate(ctx context.Context, o Options) (string, error) {
	cache := o.Cache
	if cache == "" {
		cache = os.Getenv("ASTERISK_CACHE")
	}
	repo := repository()
	if cache == "" {
		if repo == "" {
			return "", fmt.Errorf("%w: no folder given", ErrNotFetched)
		}
		cache = filepath.Join(repo, ".cache", "asterisk")
	}
	root := filepath.Join(cache, "root")
	if _, err := os.Stat(filepath.Join(root, ".ready")); err == nil {
		return root, nil
	}
	if !o.Fetch || repo == "" {
		return "", fmt.Errorf("%w: %s", ErrNotFetched, cache)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(repo, "deploy", "fetch-asterisk.sh"))
	cmd.Env = append(os.Environ(), "CACHE="+cache)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetch Asterisk: %w: %s", err, tail(string(out), 400))
	}
	return root, nil
}

// repository is the folder with go.mod above the working directory, or "".
func repository() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "deploy", "fetch-asterisk.sh")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// fillPorts looks for free ports of 127.0.0.1. Another process may take one before Asterisk
// does; then Start fails with Asterisk's own words.
func fillPorts(s *asteriskconf.Settings, trunk bool, reserved *ports.Range) (err error) {
	if s.BindIP == "" {
		s.BindIP = "127.0.0.1"
	}
	single := []*int{&s.SIPPort, &s.HTTPPort, &s.AMIPort}
	if trunk {
		single = append(single, &s.TrunkPort)
	}
	if s.TLSCertFile != "" {
		single = append(single, &s.TLSPort)
	}
	for _, p := range single {
		if *p == 0 {
			if *p, err = reserved.Next(); err != nil {
				return fmt.Errorf("start Asterisk: %w", err)
			}
		}
	}
	if s.RTPStart == 0 {
		s.RTPStart, s.RTPEnd = reserved.RTPStart, reserved.RTPEnd
	}
	return nil
}

func (p *Proc) launch(ctx context.Context) error {
	if err := asteriskconf.Render(p.Settings); err != nil {
		return err
	}
	facts, err := readFacts(filepath.Join(p.root, ".ready"))
	if err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(p.Settings.LogDir, "stdout.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return fmt.Errorf("log of Asterisk: %w", err)
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command(filepath.Join(p.root, facts["loader"]),
		"--library-path", filepath.Join(p.root, facts["libs"]), "--argv0", "asterisk",
		filepath.Join(p.root, "usr/sbin/asterisk"), "-f", "-C", filepath.Join(p.Settings.ConfDir, "asterisk.conf"))
	cmd.Dir = p.Settings.StateDir
	cmd.Stdout, cmd.Stderr = out, out
	attr := &syscall.SysProcAttr{Setpgid: true}
	if p.opts.DieWithParent {
		attr.Pdeathsig = syscall.SIGKILL
	}
	cmd.SysProcAttr = attr
	done := make(chan struct{})
	started := make(chan error, 1)
	// The death signal comes when the thread that started the child ends, so that thread is
	// kept until the child is gone, and after it: others may have been started by it before.
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(done)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start Asterisk: %w", err)
	}
	p.mu.Lock()
	p.cmd, p.done = cmd, done
	p.mu.Unlock()
	if err := p.ready(ctx, done); err != nil {
		p.Kill()
		return fmt.Errorf("%w; %s", err, p.lastWords())
	}
	return nil
}

// ready waits until ARI answers and every module is up.
func (p *Proc) ready(ctx context.Context, done <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, p.opts.ReadyIn)
	defer cancel()
	url := fmt.Sprintf("http://127.0.0.1:%d/ari/asterisk/info?only=status", p.Settings.HTTPPort)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		req.SetBasicAuth(p.Settings.ARIUser, p.Settings.ARIPassword)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK && p.fullyBooted(ctx) {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-done:
			return errors.New("ended while starting: Asterisk")
		case <-ctx.Done():
			return fmt.Errorf("wait for Asterisk: %w", ctx.Err())
		}
	}
}

// fullyBooted asks AMI, which says so in its greeting events after a login.
func (p *Proc) fullyBooted(ctx context.Context) bool {
	d := net.Dialer{Timeout: time.Second}
	c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", p.Settings.AMIPort))
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	fmt.Fprintf(c, "Action: Login\r\nUsername: %s\r\nSecret: %s\r\nEvents: off\r\n\r\nAction: CoreStatus\r\nActionID: boot\r\n\r\n",
		p.Settings.AMIUser, p.Settings.AMISecret)
	sc := bufio.NewScanner(c)
	for sc.Scan() {
		if v, ok := strings.CutPrefix(sc.Text(), "CoreReloadTime: "); ok {
			return v != ""
		}
	}
	return false
}

func (p *Proc) lastWords() string {
	var b strings.Builder
	for _, f := range []string{"stdout.log", "messages.log"} {
		if data, err := os.ReadFile(filepath.Join(p.Settings.LogDir, f)); err == nil {
			b.WriteString(tail(string(data), 1500))
		}
	}
	return b.String()
}

// Pid of the running process, 0 after it ended.
func (p *Proc) Pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return 0
	default:
		return p.cmd.Process.Pid
	}
}

// Done is closed when the process has ended.
func (p *Proc) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// Stop ends Asterisk and with it every call; after 5 s by force.
func (p *Proc) Stop() {
	defer p.reserved.Release()
	p.signal(syscall.SIGTERM)
	t := time.NewTimer(5 * time.Second)
	defer t.Stop()
	select {
	case <-p.Done():
	case <-t.C:
		p.Kill()
	}
}

// Kill ends Asterisk as a crash would.
func (p *Proc) Kill() {
	p.signal(syscall.SIGKILL)
	<-p.Done()
}

func (p *Proc) signal(sig syscall.Signal) {
	if pid := p.Pid(); pid != 0 {
		_ = syscall.Kill(pid, sig)
	}
}

// Restart ends it if it runs (kill: as a crash would) and starts it with the same
// ports, passwords and folders.
func (p *Proc) Restart(ctx context.Context, kill bool) error {
	if kill {
		p.Kill()
	} else {
		p.Stop()
	}
	return p.launch(ctx)
}

// Console runs a command of Asterisk's console and returns what it prints.
func (p *Proc) Console(ctx context.Context, command string) (string, error) {
	facts, err := readFacts(filepath.Join(p.root, ".ready"))
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(p.root, facts["loader"]),
		"--library-path", filepath.Join(p.root, facts["libs"]), "--argv0", "asterisk",
		filepath.Join(p.root, "usr/sbin/asterisk"), "-C", filepath.Join(p.Settings.ConfDir, "asterisk.conf"), "-rx", command)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("console %q: %w: %s", command, err, tail(string(out), 300))
	}
	return string(out), nil
}

func readFacts(file string) (map[string]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotFetched, err)
	}
	facts := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			facts[k] = v
		}
	}
	if facts["loader"] == "" || facts["libs"] == "" {
		return nil, fmt.Errorf("%w: %s is not of the script", ErrNotFetched, file)
	}
	return facts, nil
}

func tail(s string, n int) string {
	if len(s) > n {
		s = "…" + s[len(s)-n:]
	}
	return s
}
