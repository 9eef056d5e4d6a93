package sim

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
)

// PhoneConfig describes a phone, or a carrier's switch.
type PhoneConfig struct {
	// User, Domain and Password are the SIP account; a carrier has none.
	User, Domain, Password string
	// Carrier: a peer behind a trunk. Trunks whose host is Host (or the address
	// of Peer) lead here; Username and Password of the trunk must fit if Password is set.
	Carrier bool
	Host    string
	// Hz is the voice of the phone; 0 is a phone that says nothing.
	Hz int
	// Peer is where its signalling comes from; by default each phone has its own address.
	Peer      netip.AddrPort
	Transport string // default udp
	UserAgent string
	// SRTP: takes encrypted media only; calls that are not Secure get 488.
	SRTP bool
	// OnInvite is called for every call that comes in and may answer, ring or refuse
	// it at once. It must not block.
	OnInvite func(*Call)
}

// Phone is a SIP user agent: a phone with one account, or the switch of a carrier.
type Phone struct {
	w   *World
	cfg PhoneConfig

	// The world's lock guards what follows.
	off      bool
	password string
	incoming []*Call
	taken    int
	notifies []engine.Notify
}

// ErrRefused: the server did not accept the phone's request.
var ErrRefused = errors.New("refused by the server")

// ErrOver: the call is over.
var ErrOver = errors.New("the call is over")

// Phone adds a phone, which is not registered yet.
func (w *World) Phone(cfg PhoneConfig) *Phone {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nextPhone++
	if !cfg.Peer.IsValid() {
		cfg.Peer = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 1, byte(w.nextPhone >> 8), byte(w.nextPhone)}), 5060)
	}
	if cfg.Transport == "" {
		cfg.Transport = "udp"
	}
	p := &Phone{w: w, cfg: cfg, password: cfg.Password}
	w.phones = append(w.phones, p)
	return p
}

// Peer is the address of the phone.
func (p *Phone) Peer() netip.AddrPort { return p.cfg.Peer }

// Contact is the phone's contact URI.
func (p *Phone) Contact() string {
	return fmt.Sprintf("sip:%s@%s;transport=%s", p.cfg.User, p.cfg.Peer, p.cfg.Transport)
}

// SetPassword changes the password that the phone uses.
func (p *Phone) SetPassword(password string) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.password = password
}

// SetOff switches the phone off, or on again: it stays registered, but does not respond.
func (p *Phone) SetOff(off bool) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.off = off
}

// contact is one registration.
type contact struct {
	phone   *Phone
	expires time.Time
	timer   *timer
}

func (c *contact) registration(kind engine.RegistrationKind) engine.Registration {
	p := c.phone
	return engine.Registration{
		Kind: kind, User: p.cfg.User, Domain: p.cfg.Domain, Contact: p.Contact(), Peer: p.cfg.Peer,
		Transport: p.cfg.Transport, UserAgent: p.cfg.UserAgent, Expires: c.expires,
	}
}

func (w *World) registrations() []engine.Registration {
	all := make([]engine.Registration, 0, len(w.regs))
	for _, c := range w.regs {
		r := c.registration(engine.Registered)
		r.Engine = w.ctl.name
		all = append(all, r)
	}
	return all
}

func (w *World) contactsOf(user, domain string) []*contact {
	var all []*contact
	for _, c := range w.regs {
		if aor(c.phone.cfg.User, c.phone.cfg.Domain) == aor(user, domain) {
			all = append(all, c)
		}
	}
	return all
}

func (w *World) tellRegistration(r engine.Registration) {
	if w.ctl != nil {
		r.Engine = w.ctl.name
		w.ctl.push(item{reg: &r})
	}
}

// admit checks address and password of a request.
func (p *Phone) admit() error {
	if p.w.barred(p.cfg.Peer) {
		return fmt.Errorf("%w: address is blocked", ErrRefused)
	}
	if p.cfg.Carrier || p.w.auth == nil || p.w.auth(p.cfg.User, p.cfg.Domain, p.password) {
		return nil
	}
	r := (&contact{phone: p}).registration(engine.AuthFailed)
	r.Contact = ""
	p.w.tellRegistration(r)
	return fmt.Errorf("%w: not authorized", ErrRefused)
}

// Register registers the phone for an hour.
func (p *Phone) Register() error { return p.RegisterFor(time.Hour) }

// RegisterFor registers the phone, or refreshes its registration.
func (p *Phone) RegisterFor(d time.Duration) error {
	w := p.w
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.touch()
	if err := p.admit(); err != nil {
		return err
	}
	p.forget()
	c := &contact{phone: p, expires: time.Now().Add(d)}
	c.timer = w.after(d, func() {
		p.forget()
		w.tellRegistration(c.registration(engine.Expired))
	})
	w.regs = append(w.regs, c)
	w.tellRegistration(c.registration(engine.Registered))
	return nil
}

// Unregister removes the registration.
func (p *Phone) Unregister() error {
	w := p.w
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.touch()
	if err := p.admit(); err != nil {
		return err
	}
	if c := p.forget(); c != nil {
		w.tellRegistration(c.registration(engine.Unregistered))
	}
	return nil
}

func (p *Phone) forget() *contact {
	for i, c := range p.w.regs {
		if c.phone == p {
			c.timer.stop()
			p.w.regs = slices.Delete(p.w.regs, i, i+1)
			return c
		}
	}
	return nil
}

// Invite is what a phone sends to call somebody.
type Invite struct {
	Number string // user part of the request URI
	To     string // user part of To; empty: Number
	// Caller is the From header; a phone's default is its user.
	Caller   engine.Identity
	Asserted engine.Identity
	Headers  map[string]string
}

// Dial calls a number.
func (p *Phone) Dial(number string) *Call { return p.Invite(Invite{Number: number}) }

// Invite calls somebody. A call that is refused at once is over when it returns.
func (p *Phone) Invite(in Invite) *Call {
	w := p.w
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.touch()
	if in.Caller == (engine.Identity{}) {
		in.Caller.Number = p.cfg.User
	}
	c := &Call{phone: p, number: in.Number, outgoing: true, since: time.Now()}
	switch {
	case p.admit() != nil:
		c.over(EndedThere, 403, engine.CauseForbidden)
	case w.ctl == nil:
		c.over(EndedThere, 503, engine.CauseCongestion)
	default:
		w.invite(c, in)
	}
	return c
}

// Incoming waits for the next call to the phone.
func (p *Phone) Incoming(ctx context.Context) (*Call, error) {
	var c *Call
	err := p.w.wait(ctx, "a call to "+p.cfg.User, func() bool {
		if p.taken == len(p.incoming) {
			return false
		}
		c = p.incoming[p.taken]
		p.taken++
		return true
	})
	return c, err
}

// Calls returns every call that came in so far.
func (p *Phone) Calls() []*Call {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return slices.Clone(p.incoming)
}

// Notifies returns the NOTIFY requests that the phone got.
func (p *Phone) Notifies() []engine.Notify {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return slices.Clone(p.notifies)
}

// originate starts an outbound leg.
func (w *World) originate(e *Engine, r engine.Originate) error {
	var phones []*Phone
	refusal := 0
	switch r.Target.Kind {
	case engine.TargetAccount:
		for _, c := range w.contactsOf(r.Target.User, r.Target.Domain) {
			phones = append(phones, c.phone)
		}
	case engine.TargetTrunk:
		t, ok := w.trunks[r.Target.Trunk]
		if !ok {
			return fmt.Errorf("%w: no trunk %q", engine.ErrInvalid, r.Target.Trunk)
		}
		if p := w.carrier(t.Host, t.Port); p != nil {
			phones = append(phones, p)
			if p.cfg.Password != "" && p.cfg.Password != t.Password {
				refusal = 401
			}
		}
	case engine.TargetURI:
		user, host, port := splitURI(r.Target.URI)
		p := w.carrier(host, port)
		for _, c := range w.contactsOf(user, host) {
			if p == nil {
				p = c.phone
			}
		}
		if p != nil {
			phones = append(phones, p)
		}
	}
	l := &leg{
		w: w, id: r.ID, records: map[engine.RecordID]*recording{}, checkpoint: r.Checkpoint,
		trunk: r.Target.Kind == engine.TargetTrunk, account: r.Target.Kind == engine.TargetAccount,
		info: engine.LegInfo{
			ID: r.ID, Engine: e.name, Direction: engine.Outbound, Caller: r.Caller, Dialed: r.Target.Number, Created: time.Now(),
		},
	}
	w.legs[r.ID] = l
	e.views[r.ID] = newView(r.Sink)
	number := r.Target.Number
	switch r.Target.Kind {
	case engine.TargetAccount:
		number = r.Target.User
	case engine.TargetURI:
		number, _, _ = splitURI(r.Target.URI)
	}
	for _, p := range phones {
		c := &Call{
			phone: p, leg: l, number: number, encrypted: r.Secure, display: r.Caller, alertInfo: r.AlertInfo, headers: r.Headers, since: time.Now(),
		}
		c.show(r.Caller)
		l.offers = append(l.offers, c)
	}
	timeout := r.Timeout
	if timeout <= 0 {
		timeout = time.Minute
	}
	l.noAnswer = w.after(timeout, func() { l.end(engine.Hangup{Cause: engine.CauseNoAnswer}) })
	// The INVITEs leave after the operation has been accepted.
	w.after(0, func() { l.call0(refusal) })
	return nil
}

// call0 sends the INVITEs of a leg.
func (l *leg) call0(refusal int) {
	w := l.w
	if l.over {
		return
	}
	if len(l.offers) == 0 && l.account {
		l.end(engine.Hangup{Cause: engine.CauseUnreachable})
		return
	}
	if len(l.offers) == 0 { // nobody there
		w.after(NoResponse, func() {
			l.end(engine.Hangup{Cause: engine.CauseTimeout, SIPStatus: 408})
		})
		return
	}
	for _, c := range slices.Clone(l.offers) {
		switch {
		case refusal != 0:
			l.refused(c, refusal, nil)
		case c.phone.cfg.SRTP && !c.encrypted && !c.phone.off:
			l.refused(c, 488, nil)
		case c.phone.off:
			w.after(NoResponse, func() {
				if slices.Contains(l.offers, c) && !l.over && !l.answered {
					l.refused(c, 408, nil)
				}
			})
		default:
			c.phone.incoming = append(c.phone.incoming, c)
			w.touch()
			if f := c.phone.cfg.OnInvite; f != nil {
				w.mu.Unlock()
				f(c)
				w.mu.Lock()
			}
		}
	}
}

// carrier finds the peer behind an address.
func (w *World) carrier(host string, port uint16) *Phone {
	for _, p := range w.phones {
		if p.cfg.Carrier && (p.cfg.Host != "" && strings.EqualFold(p.cfg.Host, host) ||
			p.cfg.Peer.Addr().String() == host && (port == 0 || port == p.cfg.Peer.Port())) {
			return p
		}
	}
	return nil
}

func splitURI(uri string) (user, host string, port uint16) {
	_, rest, _ := strings.Cut(uri, ":")
	rest, _, _ = strings.Cut(rest, ";")
	if u, h, ok := strings.Cut(rest, "@"); ok {
		user, rest = u, h
	}
	host = rest
	if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		if n, err := strconv.ParseUint(rest[i+1:], 10, 16); err == nil {
			host, port = rest[:i], uint16(n)
		}
	}
	return user, host, port
}
