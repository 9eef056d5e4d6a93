// Package sipp runs SIPp (https://sipp.sourceforge.net) with the scenarios of this folder: signalling in bulk, and messages that
// no decent phone would send.
package sipp

import (
	"bytes"
	"context"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"callplane/integration/ports"
)

//go:embed *.xml
var files embed.FS

// Scenario is the name of one of the XML files here, without its extension. The file's first comment says what it does and which
// keys it takes.
type Scenario string

// The scenarios.
const (
	UACBye         Scenario = "uac_bye"
	UACAuthBye     Scenario = "uac_auth_bye"
	UACWaitBye     Scenario = "uac_wait_bye"
	UACPatient     Scenario = "uac_patient"
	UACMenu        Scenario = "uac_menu"
	UACCancel      Scenario = "uac_cancel"
	Register       Scenario = "register"
	Ping           Scenario = "options"
	OddInvite      Scenario = "odd_invite"
	OddLength      Scenario = "odd_length"
	ByeWithoutTag  Scenario = "bye_without_tag"
	UASAnswer      Scenario = "uas_answer"
	UASAnswerBye   Scenario = "uas_answer_bye"
	UASAgent       Scenario = "uas_agent"
	UASBusy        Scenario = "uas_busy"
	UASDecline     Scenario = "uas_decline"
	UASUnavailable Scenario = "uas_unavailable"
	UAS302         Scenario = "uas_302"
	UASNoAnswer    Scenario = "uas_noanswer"
)

// server reports whether the scenario waits for calls.
func (s Scenario) server() bool { return strings.HasPrefix(string(s), "uas_") }

// Oddity is a message that no server expects: a scenario (OddInvite or OddLength) with keys for it.
type Oddity struct {
	Name     string
	Scenario Scenario
	Keys     map[string]string
}

// Oddities returns the malformed and extreme INVITEs that a server must survive.
func Oddities() []Oddity {
	return []Oddity{
		{"content length too long", OddLength, map[string]string{"content_length": "9999"}},
		{"content length too short", OddLength, map[string]string{"content_length": "20"}},
		{"content length negative", OddLength, map[string]string{"content_length": "-1"}},
		{"content length no number", OddLength, map[string]string{"content_length": "many"}},
		{"request URI of 200 digits", OddInvite, map[string]string{"user": strings.Repeat("1234567890", 20)}},
		{"user with escapes", OddInvite, map[string]string{"user": "%00%0d%0a%22%3e"}},
		{"unicode display name", OddInvite, map[string]string{"from_value": `"Žaņa Ķēniņš 日本語 🙂" <sip:101@127.0.0.1>`}},
		{"broken UTF-8 display name", OddInvite, map[string]string{"from_value": "\"\xff\xfe\xc3\" <sip:101@127.0.0.1>"}},
		{"unbalanced quotes", OddInvite, map[string]string{"from_value": `"no end <sip:101@127.0.0.1>`}},
		{"display name of 500 characters", OddInvite, map[string]string{"from_value": `"` + strings.Repeat("long ", 100) + `" <sip:101@127.0.0.1>`}},
		{"malformed contact", OddInvite, map[string]string{"contact": "<sip:@:99999;;>"}},
		{"contact without brackets or scheme", OddInvite, map[string]string{"contact": "nobody at all"}},
		{"star as contact", OddInvite, map[string]string{"contact": "*"}},
		{"markup in a header", OddInvite, map[string]string{"extra": "Subject: <script>alert(1)</script> ${uuid} %(x) ';DROP TABLE calls;--"}},
		{"unknown extension required", OddInvite, map[string]string{"extra": "Require: telepathy"}},
	}
}

// Options of a run.
type Options struct {
	// Target is the host:port that client scenarios send to.
	Target string
	// Service is the user part that is called, "service" by default.
	Service string
	// LocalIP is 127.0.0.1 by default, LocalPort a free port.
	LocalIP   string
	LocalPort int
	// Transport is udp (the default) or tcp.
	Transport string
	// Calls to make or take; 1 by default. Rate is new calls a second, 10 by default; Limit the most at the same time,
	// enough for the rate by default.
	Calls, Rate, Limit int
	// Pause is the -d of SIPp: how long the pauses of a scenario last.
	Pause time.Duration
	// AuthUser and AuthPassword answer challenges.
	AuthUser, AuthPassword string
	// Keys fill the [words] of a scenario; what is left out gets a default.
	Keys map[string]string
	// EachResponse asks for every single response time, not just the sums.
	EachResponse bool
	// Messages asks for what was sent and received.
	Messages bool
	// Path of the program; sipp on PATH by default.
	Path string
}

func (o *Options) defaults(s Scenario) error {
	if o.Target == "" && !s.server() {
		return errors.New("no target")
	}
	set := func(v *string, d string) {
		if *v == "" {
			*v = d
		}
	}
	set(&o.Service, "service")
	set(&o.LocalIP, "127.0.0.1")
	set(&o.Transport, "udp")
	set(&o.Path, "sipp")
	o.Calls, o.Rate = max(o.Calls, 1), max(o.Rate, 0)
	if o.Rate == 0 {
		o.Rate = 10
	}
	host, _, err := net.SplitHostPort(o.Target)
	if err != nil {
		host = o.LocalIP
	}
	keys := map[string]string{
		"from": "sipp", "display": "SIPp", "domain": host, "digit": "1", "expires": "60",
		"reason": `Q.850;cause=17;text="User busy"`, "contact": "<sip:other@" + host + ">", "extra": "Subject: test", "user": o.Service,
		"content_length": "0",
	}
	if s == OddInvite || s == OddLength {
		keys["contact"] = "<sip:sipp@" + o.LocalIP + ">"
	}
	maps.Copy(keys, o.Keys)
	if keys["from_value"] == "" {
		keys["from_value"] = fmt.Sprintf("%q <sip:%s@%s>", keys["display"], keys["from"], keys["domain"])
	}
	o.Keys = keys
	return nil
}

// ErrFailed is wrapped by the error of a run in which calls failed.
var ErrFailed = errors.New("calls failed")

// Run runs a scenario to its end. It fails if any call failed; Stats are valid then too.
func Run(ctx context.Context, s Scenario, o Options) (Stats, error) {
	p, err := Start(ctx, s, o)
	if err != nil {
		return Stats{}, err
	}
	return p.Wait()
}

// Process is a SIPp that runs.
type Process struct {
	scenario Scenario
	opts     Options
	dir      string
	reserved *ports.Range
	cmd      *exec.Cmd
	output   bytes.Buffer
	done     chan struct{}
	err      error // of the process, valid after done
}

// Start starts a scenario; one that waits for calls is ready for them when Start returns. Cancelling ctx ends it. Wait must be
// called.
func Start(ctx context.Context, s Scenario, o Options) (*Process, error) {
	if err := o.defaults(s); err != nil {
		return nil, fmt.Errorf("sipp %s: %w", s, err)
	}
	xml, err := files.ReadFile(string(s) + ".xml")
	if err != nil {
		return nil, fmt.Errorf("sipp: no scenario %q: %w", s, err)
	}
	dir, err := os.MkdirTemp("", "sipp-")
	if err != nil {
		return nil, fmt.Errorf("sipp %s: %w", s, err)
	}
	reserved, err := ports.Reserve()
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("sipp %s: %w", s, err)
	}
	p := &Process{scenario: s, opts: o, dir: dir, reserved: reserved, done: make(chan struct{})}
	if err := p.start(ctx, xml); err != nil {
		reserved.Release()
		os.RemoveAll(dir)
		return nil, fmt.Errorf("sipp %s: %w", s, err)
	}
	return p, nil
}

func (p *Process) start(ctx context.Context, xml []byte) error {
	o := &p.opts
	if err := os.WriteFile(filepath.Join(p.dir, "scenario.xml"), xml, 0o600); err != nil {
		return err
	}
	if o.LocalPort == 0 {
		var err error
		if o.LocalPort, err = p.reserved.Next(); err != nil {
			return fmt.Errorf("free port: %w", err)
		}
	}
	limit := o.Limit
	if limit == 0 {
		limit = max(1000, 100*o.Rate)
	}
	args := []string{
		"-sf", "scenario.xml", "-i", o.LocalIP, "-p", strconv.Itoa(o.LocalPort), "-mp", strconv.Itoa(p.reserved.RTPStart), "-t", map[string]string{"udp": "u1", "tcp": "t1"}[o.Transport],
		"-m", strconv.Itoa(o.Calls), "-r", strconv.Itoa(o.Rate), "-l", strconv.Itoa(limit), "-s", o.Service,
		"-d", strconv.FormatInt(o.Pause.Milliseconds(), 10), "-nostdin", "-skip_rlimit", "-trace_err", "-error_file", "errors.log",
		"-trace_stat", "-stf", "stat.csv", "-fd", "1", "-timer_resol", "1", "-deadcall_wait", "500",
	}
	if o.EachResponse {
		args = append(args, "-trace_rtt", "-rtt_freq", "1")
	}
	if o.Messages {
		args = append(args, "-trace_shortmsg", "-shortmessage_file", messageFile)
	}
	if o.AuthUser != "" {
		args = append(args, "-au", o.AuthUser, "-ap", o.AuthPassword)
	}
	for _, key := range slices.Sorted(maps.Keys(o.Keys)) {
		args = append(args, "-key", key, o.Keys[key])
	}
	if !p.scenario.server() {
		args = append(args, o.Target)
	}
	p.cmd = exec.CommandContext(ctx, o.Path, args...)
	p.cmd.Dir = p.dir
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.Env = append(os.Environ(), "TERM=dumb")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// SIGUSR1 asks SIPp to end and write its statistics.
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGUSR1) }
	p.cmd.WaitDelay = 3 * time.Second
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	if p.scenario.server() {
		if err := p.awaitReady(ctx); err != nil {
			p.Stop()
			<-p.done
			return fmt.Errorf("%w: %s", err, p.words())
		}
	}
	return nil
}

// awaitReady waits until the port is taken, which only SIPp can have done.
func (p *Process) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if ready, err := bound(p.opts.Transport, p.opts.LocalIP, p.opts.LocalPort); ready || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-p.done:
			return errors.New("ended at once")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// bound tells whether a socket has an IPv4 address and port, as the kernel lists them (proc(5)): trying to bind it would take it
// away from who is about to.
func bound(transport, ip string, port int) (bool, error) {
	addr, err := netip.ParseAddr(ip)
	if err != nil || !addr.Is4() {
		return false, fmt.Errorf("%q is no IPv4 address", ip)
	}
	b := addr.As4()
	local := fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(b[:]), port)
	list, err := os.ReadFile("/proc/net/" + transport)
	if err != nil {
		return false, fmt.Errorf("list sockets: %w", err)
	}
	const listens = "0A"
	for line := range strings.Lines(string(list)) {
		if f := strings.Fields(line); len(f) > 3 && f[1] == local && (transport == "udp" || f[3] == listens) {
			return true, nil
		}
	}
	return false, nil
}

// Addr is the host:port at which this SIPp can be reached.
func (p *Process) Addr() string {
	return net.JoinHostPort(p.opts.LocalIP, strconv.Itoa(p.opts.LocalPort))
}

// Stop asks SIPp to end before it has had all of its calls; Wait returns then.
func (p *Process) Stop() {
	select {
	case <-p.done:
	default:
		_ = p.cmd.Process.Signal(syscall.SIGUSR1)
	}
}

// Wait waits for the end and returns what was counted.
func (p *Process) Wait() (Stats, error) {
	<-p.done
	p.reserved.Release()
	defer os.RemoveAll(p.dir)
	stats, err := p.readStats()
	var exit *exec.ExitError
	switch {
	case err != nil:
		return stats, fmt.Errorf("sipp %s: %w (%v): %s", p.scenario, err, p.err, p.words())
	case stats.Failed > 0:
		return stats, fmt.Errorf("sipp %s: %w: %d of %d: %s", p.scenario, ErrFailed, stats.Failed, stats.Created, p.words())
	case p.err != nil && errors.As(p.err, &exit) && exit.ExitCode() == 99: // ended with no call processed
		return stats, nil
	case p.err != nil:
		return stats, fmt.Errorf("sipp %s: %w: %s", p.scenario, p.err, p.words())
	}
	return stats, nil
}

// words is the first of what SIPp had to complain about.
func (p *Process) words() string {
	text, err := os.ReadFile(filepath.Join(p.dir, "errors.log"))
	if err != nil || len(text) == 0 {
		text = p.output.Bytes()
	}
	const most = 2000
	if len(text) > most {
		text = text[:most]
	}
	return strings.TrimSpace(string(text))
}
