package phone

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Config describes a phone. The zero value of every field has a sensible meaning.
type Config struct {
	// User is the number or name of the account, AuthUser its login where that differs.
	User, AuthUser, Password string
	// Domain is the host of the address of record; the Registrar's host by default.
	Domain      string
	DisplayName string
	// Registrar is the host:port where everything outside of a dialog is sent, the outbound proxy. A phone without one sends to
	// what it dials, as a carrier's trunk does.
	Registrar string
	// Transport is udp (the default), tcp or tls. TLS configures the latter; without a certificate in it, the phone shows a
	// self-signed one to those who connect to it.
	Transport string
	TLS       *tls.Config
	// BindIP is the local address, 127.0.0.1 by default; Port the local SIP port, a free one by default.
	BindIP string
	Port   int
	// SRTP offers encrypted media only (SDES, RFC 4568), and refuses calls without.
	SRTP bool
	// Codecs in order of preference; PCMA and PCMU by default.
	Codecs []Codec
	DTMF   DTMFMode
	// Expires is how long a registration is asked for; 5 minutes by default.
	Expires time.Duration
	// ContactUser is the user part of the Contact; User by default.
	ContactUser string
	UserAgent   string
	// Stamp is the RTP timestamp that calls begin with; nil: a random one, which passes zero in no call of three days. See Asterisk's
	// trouble with that in asterisk-conf/README.md.
	Stamp *uint32
	// Tone is what each new call says, in Hz, until Call.Play changes it; 0 is silence.
	Tone float64
	// Accounts may register here, password by user: the phone is a carrier's switch.
	Accounts map[string]string
	// T1 is the round trip estimate of RFC 3261 that retransmissions derive from; 500 ms by default.
	T1     time.Duration
	Logger *slog.Logger
	// Trace gets every SIP message sent and received. It is written to by one goroutine at a time.
	Trace io.Writer
}

func (cfg *Config) defaults() error {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&cfg.Transport, "udp")
	set(&cfg.BindIP, "127.0.0.1")
	if cfg.Registrar != "" {
		host, _, err := net.SplitHostPort(cfg.Registrar)
		if err != nil {
			return fmt.Errorf("registrar %q: want host:port: %w", cfg.Registrar, err)
		}
		set(&cfg.Domain, host)
	}
	set(&cfg.Domain, cfg.BindIP)
	set(&cfg.User, "anonymous")
	set(&cfg.AuthUser, cfg.User)
	set(&cfg.ContactUser, cfg.User)
	set(&cfg.UserAgent, "Callplane phone")
	if len(cfg.Codecs) == 0 {
		cfg.Codecs = []Codec{PCMA, PCMU}
	}
	if cfg.Expires == 0 {
		cfg.Expires = 5 * time.Minute
	}
	if cfg.T1 == 0 {
		cfg.T1 = defaultT1
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Logger = cfg.Logger.With("phone", cfg.User)
	return nil
}

// Phone is a SIP user agent. Its methods may be called from any goroutine.
type Phone struct {
	cfg      Config
	log      *slog.Logger
	ep       *endpoint
	contact  string // Contact header value
	incoming chan *Call
	notifies *journal[Notification]
	bindings *journal[Binding]
	reg      registration

	mu     sync.Mutex
	closed bool
	calls  map[string]*Call // by Call-ID and local tag
	subs   map[string]*Subscription
}

const allowedMethods = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, MESSAGE"

// New opens the sockets of a phone. It lives until Close; ctx bounds only the set-up.
func New(ctx context.Context, cfg Config) (*Phone, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("new phone: %w", err)
	}
	if err := cfg.defaults(); err != nil {
		return nil, fmt.Errorf("new phone: %w", err)
	}
	ep, err := newEndpoint(&cfg)
	if err != nil {
		return nil, fmt.Errorf("new phone %s: %w", cfg.User, err)
	}
	p := &Phone{
		cfg: cfg, log: cfg.Logger, ep: ep,
		incoming: make(chan *Call, 64),
		notifies: newJournal[Notification](), bindings: newJournal[Binding](),
		calls: make(map[string]*Call),
		subs:  make(map[string]*Subscription),
	}
	p.contact = p.contactFor(cfg.ContactUser)
	p.reg.init(p)
	ep.onRequest, ep.onAck, ep.onCancel = p.onRequest, p.onAck, p.onCancel
	ep.start()
	return p, nil
}

func (p *Phone) contactFor(user string) string {
	param := ""
	if p.ep.transport != "UDP" {
		param = ";transport=" + strings.ToLower(p.ep.transport)
	}
	return fmt.Sprintf("<sip:%s@%s%s>", user, p.ep.local, param)
}

// Addr is the host:port at which this phone can be reached directly.
func (p *Phone) Addr() string { return p.ep.local }

// URI is how to dial this phone directly, without a registrar.
func (p *Phone) URI() string { return strings.Trim(p.contactFor(p.cfg.User), "<>") }

// closeTimeout bounds the farewells of Close.
const closeTimeout = 3 * time.Second

// Close hangs up, unregisters, and waits for everything the phone runs. It may be called more than once.
func (p *Phone) Close() error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	var calls []*Call
	for _, c := range p.calls {
		calls = append(calls, c)
	}
	var subs []*Subscription
	for _, s := range p.subs {
		subs = append(subs, s)
	}
	p.mu.Unlock()
	var errs []error
	if first {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		var wg sync.WaitGroup
		var mu sync.Mutex
		farewell := func(f func(context.Context) error) {
			wg.Go(func() {
				if err := f(ctx); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			})
		}
		for _, c := range calls {
			farewell(c.Hangup)
		}
		for _, s := range subs {
			farewell(s.Close)
		}
		wg.Wait()
		if p.reg.stop() {
			farewell(p.Unregister)
			wg.Wait()
		}
		for _, c := range calls {
			c.end(End{Err: errClosed})
		}
	}
	p.ep.close()
	return errors.Join(errs...)
}

// Calls returns the calls that have not ended.
func (p *Phone) Calls() []*Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	var calls []*Call
	for _, c := range p.calls {
		if c.State() != Ended {
			calls = append(calls, c)
		}
	}
	return calls
}

// Incoming returns the channel of incoming calls. Each call comes once, to whoever reads first.
func (p *Phone) Incoming() <-chan *Call { return p.incoming }

// WaitIncoming waits for the next incoming call.
func (p *Phone) WaitIncoming(ctx context.Context) (*Call, error) {
	select {
	case c := <-p.incoming:
		return c, nil
	default:
	}
	select {
	case c := <-p.incoming:
		return c, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: waiting for a call: %w", p.cfg.User, ctx.Err())
	case <-p.ep.done:
		return nil, fmt.Errorf("%s: waiting for a call: %w", p.cfg.User, errClosed)
	}
}

// NoIncoming fails if a call comes in within d.
func (p *Phone) NoIncoming(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case c := <-p.incoming:
		return fmt.Errorf("%s: unexpected call from %s", p.cfg.User, c.RemoteIdentity())
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func dialogKey(callID, localTag string) string { return callID + "|" + localTag }

func (p *Phone) addCall(c *Call) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	// Ended calls linger for the late NOTIFY of a transfer; this is when they go.
	for k, old := range p.calls {
		if old.forgettable() {
			delete(p.calls, k)
		}
	}
	p.calls[dialogKey(c.dlg.callID, c.dlg.localTag)] = c
	return true
}

func (p *Phone) findCall(callID, localTag string) *Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[dialogKey(callID, localTag)]
}

func (p *Phone) onRequest(req *sip.Request, tx *serverTx) {
	callID := req.CallID().Value()
	tag, _ := req.To().Params.Get("tag")
	if tag != "" {
		if c := p.findCall(callID, tag); c != nil {
			c.onRequest(req, tx)
			return
		}
		if p.onSubscriptionNotify(callID, tag, req, tx) {
			return
		}
		tx.reply(481, "Call/Transaction Does Not Exist")
		return
	}
	switch req.Method {
	case sip.INVITE:
		p.onInvite(req, tx)
	case sip.OPTIONS:
		res := sip.NewResponseFromRequest(req, 200, "OK", nil)
		res.AppendHeader(sip.NewHeader("Allow", allowedMethods))
		res.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
		if err := tx.respond(res); err != nil {
			p.log.Debug("answer OPTIONS", "err", err)
		}
	case sip.REGISTER:
		p.onRegister(req, tx)
	case sip.NOTIFY, sip.MESSAGE:
		tx.reply(200, "OK")
		p.notifies.add(newNotification(req))
	case sip.BYE, sip.INFO, sip.UPDATE:
		tx.reply(481, "Call/Transaction Does Not Exist")
	default:
		tx.reply(405, "Method Not Allowed")
	}
}

func (p *Phone) onAck(req *sip.Request) {
	tag, _ := req.To().Params.Get("tag")
	if c := p.findCall(req.CallID().Value(), tag); c != nil {
		c.onAck(req)
	}
}

func (p *Phone) onCancel(req *sip.Request, invite *serverTx) {
	p.mu.Lock()
	var call *Call
	for _, c := range p.calls {
		if c.inviteTx == invite {
			call = c
			break
		}
	}
	p.mu.Unlock()
	if call != nil {
		call.onCancel(req)
	}
}

// destination resolves where a request outside of a dialog goes.
func (p *Phone) destination(target sip.Uri) peer {
	if p.cfg.Registrar != "" {
		return peer{addr: p.cfg.Registrar}
	}
	return peer{addr: uriAddr(target, p.ep.transport)}
}

func uriAddr(u sip.Uri, transport string) string {
	port := u.Port
	if port == 0 {
		port = sip.DefaultPort(transport)
	}
	return net.JoinHostPort(strings.Trim(u.Host, "[]"), strconv.Itoa(port))
}

// parseTarget turns what a person dials into a URI.
func (p *Phone) parseTarget(target string) (sip.Uri, error) {
	var uri sip.Uri
	if !strings.HasPrefix(target, "sip:") && !strings.HasPrefix(target, "sips:") && !strings.HasPrefix(target, "tel:") {
		if strings.Contains(target, "@") {
			target = "sip:" + target
		} else {
			// Escaped where a URI needs it, # most of all (RFC 3261, 25.1).
			target = "sip:" + escapeUser(target) + "@" + p.cfg.Domain
		}
	}
	if err := sip.ParseUri(target, &uri); err != nil {
		return uri, fmt.Errorf("target %q: %w", target, err)
	}
	return uri, nil
}

func escapeUser(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
