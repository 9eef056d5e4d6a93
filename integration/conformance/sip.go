package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/icholy/digest"

	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/integration/phone"
	"callplane/integration/tone"
)

// sipSide is what backends with real phones have in common.
type sipSide struct {
	domain   string // of the accounts
	accounts string // host:port where phones register
	carriers string // host:port that carriers call
	media    string // folder of generated files
	records  string
	log      driverLog

	mu     sync.Mutex
	phones int
	users  map[string]*dialplan.Channel
	trace  io.Writer
	files  sync.Mutex
}

// lockedWriter lets phones share a trace.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func newSIPSide(dir string) (*sipSide, error) {
	s := &sipSide{
		domain: "conformance.example", media: filepath.Join(dir, "tones"), records: filepath.Join(dir, "recorded"),
		users: map[string]*dialplan.Channel{},
	}
	for _, d := range []string{s.media, s.records} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			return nil, fmt.Errorf("folder of test files: %w", err)
		}
	}
	if path := os.Getenv("CONFORMANCE_TRACE"); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("trace of the phones: %w", err)
		}
		s.trace = &lockedWriter{w: f}
	}
	return s, nil
}

// lookup is a provisioning.Lookup.
func (s *sipSide) lookup(user string) (*dialplan.Account, *dialplan.Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.users[user]
	if c == nil {
		return nil, nil
	}
	return &dialplan.Account{ID: 1, Enabled: true}, c
}

func (s *sipSide) RecordDir() string { return s.records }

func (s *sipSide) File(hz int, d time.Duration) (string, error) {
	s.files.Lock()
	defer s.files.Unlock()
	return writeTone(s.media, hz, d)
}

func (s *sipSide) Trunk(carrier Phone, name string) engine.Trunk {
	p := carrier.(*sipPhone)
	t := engine.Trunk{Name: name, Host: p.addr.Addr().String(), Port: p.addr.Port(), Transport: "udp"}
	if p.spec.TrunkPassword != "" {
		t.Username, t.Password = trunkUser, p.spec.TrunkPassword
	}
	return t
}

// Phone makes a phone; it has the methods of Backend that concern phones.
func (s *sipSide) Phone(ctx context.Context, spec PhoneSpec) (Phone, error) {
	s.mu.Lock()
	s.phones++
	n := s.phones
	user := spec.User
	if user == "" {
		user = fmt.Sprint(20000 + n)
	}
	if !spec.Unknown && !spec.Carrier && !spec.Dead && s.users[user] == nil {
		var dtmf dialplan.DTMFMode
		if spec.INFO {
			dtmf = dialplan.DTMFInfo
		}
		s.users[user] = &dialplan.Channel{ID: int64(n), Name: user, Password: rightPassword, Enabled: true, DTMF: dtmf, CallLimit: 5}
	}
	s.mu.Unlock()
	p := &sipPhone{side: s, spec: spec, user: user}
	if !spec.Silent {
		p.hz = int(tone.Distinct(spec.voice(n)))
	}
	if spec.Dead {
		return p, p.playDead()
	}
	cfg := phone.Config{
		User: user, Password: rightPassword, Domain: s.domain, DisplayName: spec.Name, Registrar: s.accounts,
		Tone: float64(p.hz), UserAgent: "Callplane conformance", Expires: 2 * time.Minute, Trace: s.trace, SRTP: spec.SRTP,
	}
	if spec.Password != "" {
		cfg.Password = spec.Password
	}
	if spec.INFO {
		cfg.DTMF = phone.INFO
	}
	if spec.Wraps {
		stamp := ^uint32(5 * tone.Rate)
		cfg.Stamp = &stamp
	}
	if spec.Alone {
		cfg.BindIP = fmt.Sprintf("127.77.%d.%d", n/250%250, n%250+1)
	}
	if spec.Carrier {
		cfg.Registrar, cfg.Domain = "", s.carriers
		cfg.Password = ""
	}
	var err error
	if p.p, err = phone.New(ctx, cfg); err != nil {
		return nil, err
	}
	if p.addr, err = netip.ParseAddrPort(p.p.Addr()); err != nil {
		return nil, fmt.Errorf("address of a phone: %w", err)
	}
	if spec.TrunkPassword != "" {
		guard, cancel := context.WithCancel(context.Background())
		p.admitted, p.stopGuard = make(chan *phone.Call, 8), cancel
		p.guard.Go(func() { p.challenge(guard) })
	}
	return p, nil
}

const trunkUser = "trunk"

// challenge lets calls in that know the password of the trunk (RFC 3261 22.3).
func (p *sipPhone) challenge(ctx context.Context) {
	for {
		c, err := p.p.WaitIncoming(ctx)
		if err != nil {
			return
		}
		if p.authorized(c) {
			p.admitted <- c
			continue
		}
		ask := digest.Challenge{Realm: "carrier.example", Nonce: newID(), Algorithm: "MD5"}
		_ = c.Reject(407, "Proxy Authentication Required", "Proxy-Authenticate", ask.String()) // a caller that is gone is no matter
	}
}

func (p *sipPhone) authorized(c *phone.Call) bool {
	given, err := digest.ParseCredentials(c.Header("Proxy-Authorization"))
	if err != nil {
		return false
	}
	want, err := digest.Digest(&digest.Challenge{Realm: given.Realm, Nonce: given.Nonce, Algorithm: given.Algorithm, QOP: nil}, digest.Options{
		Method: "INVITE", URI: given.URI, Username: trunkUser, Password: p.spec.TrunkPassword, Count: 1,
	})
	return err == nil && given.Username == trunkUser && given.Response == want.Response
}

type sipPhone struct {
	side *sipSide
	spec PhoneSpec
	user string
	hz   int
	addr netip.AddrPort
	p    *phone.Phone
	dead net.PacketConn
	// A carrier that wants a password.
	guard     sync.WaitGroup
	stopGuard context.CancelFunc
	admitted  chan *phone.Call

	mu    sync.Mutex
	lamps map[string]*phone.Subscription
}

func (p *sipPhone) playDead() error {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("socket of a dead phone: %w", err)
	}
	p.dead = c
	p.addr = c.LocalAddr().(*net.UDPAddr).AddrPort()
	return nil
}

// Close ends the phone with all that it does.
func (p *sipPhone) Close() error {
	if p.dead != nil {
		return p.dead.Close()
	}
	if p.stopGuard != nil {
		p.stopGuard()
		p.guard.Wait()
	}
	return p.p.Close()
}

func (p *sipPhone) User() string                         { return p.user }
func (p *sipPhone) Domain() string                       { return p.side.domain }
func (p *sipPhone) Hz() int                              { return p.hz }
func (p *sipPhone) Addr() netip.AddrPort                 { return p.addr }
func (p *sipPhone) Register(ctx context.Context) error   { return p.p.Register(ctx) }
func (p *sipPhone) Unregister(ctx context.Context) error { return p.p.Unregister(ctx) }

func (p *sipPhone) Dial(ctx context.Context, number string, how Dial) (Call, error) {
	opts := phone.DialOptions{Headers: how.Headers}
	if how.Caller != (engine.Identity{}) {
		host := p.side.domain
		if p.spec.Carrier {
			host = "carrier.example"
		}
		opts.From = fmt.Sprintf("%q <sip:%s@%s>", how.Caller.Name, how.Caller.Number, host)
		if how.Caller.Anonymous {
			opts.From, opts.Anonymous = "", true
		}
	}
	c, err := p.p.Dial(ctx, number, opts)
	if err != nil {
		return nil, err
	}
	return &sipCall{p: p, c: c}, nil
}

func (p *sipPhone) Incoming(ctx context.Context) (Call, error) {
	if p.admitted != nil {
		select {
		case c := <-p.admitted:
			return &sipCall{p: p, c: c}, nil
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a call with the trunk's password: %w", ctx.Err())
		}
	}
	c, err := p.p.WaitIncoming(ctx)
	if err != nil {
		return nil, err
	}
	return &sipCall{p: p, c: c}, nil
}

func (p *sipPhone) Notified(ctx context.Context, event, body string) error {
	_, err := p.p.WaitNotify(ctx, func(n phone.Notification) bool { return n.Event == event && strings.Contains(n.Body, body) })
	return err
}

func (p *sipPhone) Lamp(ctx context.Context, user string, state engine.PresenceState) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.lamps[user]
	if s == nil {
		var err error
		if s, err = p.p.Subscribe(ctx, user, "dialog", "application/dialog-info+xml", 2*time.Minute); err != nil {
			return err
		}
		if p.lamps == nil {
			p.lamps = map[string]*phone.Subscription{}
		}
		p.lamps[user] = s
	}
	_, err := s.WaitLast(ctx, func(n phone.Notification) bool { return lampOf(n) == state })
	return err
}

// quietTime is how long nothing is seen before that is believed.
const quietTime = 500 * time.Millisecond

func (p *sipPhone) Dark(ctx context.Context, user string) error {
	s, err := p.p.Subscribe(ctx, user, "dialog", "application/dialog-info+xml", 2*time.Minute)
	var refused *phone.StatusError
	switch {
	case errors.As(err, &refused):
		return nil
	case err != nil:
		return err
	}
	quiet, cancel := context.WithTimeout(ctx, quietTime)
	defer cancel()
	if n, err := s.Wait(quiet, func(n phone.Notification) bool { return lampOf(n) != engine.Idle }); err == nil {
		return fmt.Errorf("the lamp of %s was lit: %s", user, n.Body)
	}
	return s.Close(ctx)
}

// lampOf is what a phone shows for a dialog-info document (RFC 4235), or without a subscription.
func lampOf(n phone.Notification) engine.PresenceState {
	body := n.Body
	switch {
	case n.State == "terminated":
		return engine.Idle
	case strings.Contains(body, "<state>confirmed</state>"):
		return engine.Talking
	case strings.Contains(body, "<state>early</state>"):
		return engine.Alerting
	}
	return engine.Idle
}

type sipCall struct {
	p *sipPhone
	c *phone.Call
}

func (c *sipCall) Ring(context.Context) error     { return c.c.Ring() }
func (c *sipCall) Progress(context.Context) error { return c.c.Progress() }
func (c *sipCall) Answer(ctx context.Context) error {
	return c.c.Answer(ctx)
}
func (c *sipCall) Reject(_ context.Context, status int) error { return c.c.Reject(status, "Refused") }
func (c *sipCall) Redirect(_ context.Context, to ...string) error {
	return c.c.Redirect(strings.Join(to, ", "))
}
func (c *sipCall) Hangup(ctx context.Context) error { return c.c.Hangup(ctx) }
func (c *sipCall) SendDTMF(ctx context.Context, digits string) error {
	return c.c.SendDTMF(ctx, digits)
}
func (c *sipCall) Hold(ctx context.Context) error   { return c.c.Hold(ctx) }
func (c *sipCall) Unhold(ctx context.Context) error { return c.c.Unhold(ctx) }
func (c *sipCall) Mute(context.Context) error       { c.c.Play(phone.Silence()); return nil }
func (c *sipCall) Unmute(context.Context) error {
	c.c.Play(phone.Tone(float64(c.p.hz)))
	return nil
}
func (c *sipCall) Refer(ctx context.Context, target string) error { return c.c.Refer(ctx, target) }
func (c *sipCall) ReferReplaces(ctx context.Context, second Call) error {
	return c.c.ReferReplaces(ctx, second.(*sipCall).c)
}
func (c *sipCall) WaitRinging(ctx context.Context) error  { return c.c.WaitRinging(ctx) }
func (c *sipCall) WaitEarly(ctx context.Context) error    { return c.c.WaitProgress(ctx) }
func (c *sipCall) WaitAnswered(ctx context.Context) error { return c.c.WaitAnswered(ctx) }
func (c *sipCall) WaitEnded(ctx context.Context) error    { return c.c.WaitEnded(ctx) }

func (c *sipCall) Status() int {
	if c.c.State() == phone.Answered {
		return 200
	}
	if e := c.c.EndReason(); e.Code != 0 {
		return e.Code
	}
	return 0
}

func (c *sipCall) End() End {
	e := c.c.EndReason()
	switch {
	case c.c.State() != phone.Ended:
		return NotEnded
	case !e.ByRemote:
		return EndedHere
	case !c.c.Outgoing() && e.Code == 487 && e.AnsweredElsewhere():
		return Elsewhere
	case !c.c.Outgoing() && e.Code == 487:
		return Missed
	}
	return EndedThere
}

func (c *sipCall) Hears(ctx context.Context, hz ...int) error {
	if len(hz) == 0 {
		return c.c.HearsSilence(ctx)
	}
	freqs := make([]float64, len(hz))
	for i, f := range hz {
		freqs[i] = float64(f)
	}
	return c.c.HearsOnly(ctx, freqs...)
}

func (c *sipCall) Encrypted() bool { return c.c.Encrypted() }

func (c *sipCall) Misses(ctx context.Context, hz int, d time.Duration) error {
	return c.c.NotHears(ctx, float64(hz), d)
}

func (c *sipCall) WaitDigits(ctx context.Context, digits string) error {
	if err := c.c.WaitDigits(ctx, digits); err != nil {
		return err
	}
	if got := c.c.Digits(); got != digits {
		return fmt.Errorf("received digits %s, want %s", got, digits)
	}
	return nil
}

func (c *sipCall) WaitDisplay(ctx context.Context, who engine.Identity) error {
	err := c.c.WaitIdentity(ctx, func(i phone.Identity) bool {
		if who.Anonymous {
			return strings.EqualFold(i.Number, "anonymous") || i.Number == ""
		}
		return i.Number == who.Number && i.Name == who.Name
	})
	if err != nil {
		return fmt.Errorf("%w; want %+v", err, who)
	}
	return nil
}

func (c *sipCall) Header(name string) string { return c.c.Header(name) }

func (c *sipCall) Number() string {
	uri := c.c.Invite().URI
	_, rest, _ := strings.Cut(uri, ":")
	user, _, found := strings.Cut(rest, "@")
	if !found {
		return ""
	}
	return user
}

// proxy carries connections between a driver and its engine, so that they can be cut.
type proxy struct {
	target string
	l      net.Listener
	wg     sync.WaitGroup

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

// newProxy listens on a port of its own and connects to target.
func newProxy(target string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy to %s: %w", target, err)
	}
	p := &proxy{target: target, l: l, conns: map[net.Conn]bool{}}
	p.wg.Go(p.accept)
	return p, nil
}

func (p *proxy) addr() string { return p.l.Addr().String() }

func (p *proxy) accept() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		if !p.keep(c) {
			continue
		}
		p.wg.Go(func() { p.carry(c) })
	}
}

// keep notes a connection, or closes it while the line is cut.
func (p *proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		_ = c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

func (p *proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

func (p *proxy) carry(in net.Conn) {
	defer p.drop(in)
	out, err := net.DialTimeout("tcp", p.target, 2*time.Second)
	if err != nil || !p.keep(out) {
		return
	}
	defer p.drop(out)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(out, in)
		_ = out.Close()
		_ = in.Close()
	}()
	_, _ = io.Copy(in, out)
	_ = in.Close()
	_ = out.Close()
	<-done
}

func (p *proxy) sever() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

func (p *proxy) close() error {
	err := p.l.Close()
	p.sever()
	p.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
