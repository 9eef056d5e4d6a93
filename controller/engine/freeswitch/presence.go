package freeswitch

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
	fsconf "callplane/freeswitch-conf"
	"github.com/percipia/eslgo/command"
)

// Notify implements engine.Engine. The engine finds the contacts itself; without any nothing is sent.
func (e *Engine) Notify(ctx context.Context, n engine.Notify) error {
	if !token(n.User) || !token(n.Domain) || n.Event == "" {
		return fmt.Errorf("freeswitch: notify: %w: %+v", engine.ErrInvalid, n)
	}
	if err := printable(n.Event, n.ContentType); err != nil {
		return fmt.Errorf("freeswitch: notify: %w", err)
	}
	s, err := e.session()
	if err != nil {
		return fmt.Errorf("freeswitch: notify: %w", err)
	}
	ctx, cancel := e.withTimeout(ctx)
	defer cancel()
	h := map[string][]string{
		"profile":      {fsconf.ProfilePhones},
		"user":         {n.User},
		"host":         {n.Domain},
		"event-string": {n.Event},
	}
	// The engine sends nothing without a type, body or not.
	h["content-type"] = []string{cmp.Or(n.ContentType, "application/simple-message-summary")}
	return e.fire(ctx, s, n.User, &command.SendEvent{Name: "NOTIFY", Headers: h, Body: n.Body})
}

// fire sends an event into the engine.
func (e *Engine) fire(ctx context.Context, s *session, key string, ev *command.SendEvent) error {
	text := ev.BuildMessage()
	// send adds the empty line that ends a message without a body.
	if _, err := s.cmd(key).command(ctx, ev.Name, strings.TrimSuffix(text, "\n\n")); err != nil {
		return fmt.Errorf("freeswitch: %w", err)
	}
	return nil
}

// registration handles sofia's registration events. Needs the lock.
func (e *Engine) registration(ev *event) {
	r := engine.Registration{
		Engine: e.cfg.Name, User: ev.get("from-user"), Domain: ev.get("from-host"),
		Contact: contactURI(ev.get("contact")), UserAgent: ev.get("user-agent"),
	}
	if a, err := netip.ParseAddr(ev.get("network-ip")); err == nil {
		p, _ := strconv.ParseUint(ev.get("network-port"), 10, 16)
		r.Peer = netip.AddrPortFrom(a, uint16(p))
	}
	r.Transport = transportOf(r.Contact)
	switch ev.name() {
	case "sofia::register":
		r.Kind = engine.Registered
		if n, err := strconv.ParseInt(ev.get("expires"), 10, 64); err == nil {
			r.Expires = stamp(ev).Add(time.Duration(n) * time.Second)
		}
	case "sofia::unregister":
		r.Kind = engine.Unregistered
	case "sofia::expire":
		r.Kind = engine.Expired
		r.User, r.Domain = ev.get("user"), ev.get("host")
	default:
		r.Kind = engine.AuthFailed
		r.User, r.Domain = ev.get("to-user"), ev.get("to-host")
		r.Contact, r.Transport = "", ""
		if a, ok := e.auths[authKey{r.Peer.Addr().String(), r.User}]; ok && ev.get("registration-type") == "INVITE" {
			r.User, r.Domain = a[0], a[1]
		}
	}
	if h := e.handler.Registration; h != nil {
		// In the order of the legs' events.
		e.out = append(e.out, emission{func(engine.Event) { h(r) }, nil})
	}
}

// authKey names an attempt to authenticate a call.
type authKey struct{ ip, to string }

// noteAuth remembers who wants to authenticate a call: the event of a failure names only who was called.
func (e *Engine) noteAuth(f url.Values) {
	if f.Get("sip_auth_method") != "INVITE" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.auths) > 1000 {
		clear(e.auths) // failures follow at once
	}
	e.auths[authKey{f.Get("ip"), f.Get("sip_to_user")}] = [2]string{f.Get("sip_auth_username"), f.Get("sip_auth_realm")}
}

// transportOf reads the transport of a contact URI; UDP is what none means (RFC 3263 section 4.1).
func transportOf(uri string) string {
	low := strings.ToLower(uri)
	if _, rest, ok := strings.Cut(low, ";transport="); ok {
		if i := strings.IndexAny(rest, ";?>"); i >= 0 {
			rest = rest[:i]
		}
		return rest
	}
	if strings.HasPrefix(low, "sips:") {
		return "tls"
	}
	return "udp"
}

// registrations asks for everything that is registered.
func (e *Engine) registrations(ctx context.Context, s *session) ([]engine.Registration, error) {
	out, err := s.cmds[0].api(ctx, "sofia", "xmlstatus profile "+fsconf.ProfilePhones+" reg")
	if err != nil {
		return nil, err
	}
	var doc struct {
		Registrations []struct {
			User    string `xml:"user"`
			Contact string `xml:"contact"`
			Agent   string `xml:"agent"`
			Status  string `xml:"status"`
			IP      string `xml:"network-ip"`
			Port    string `xml:"network-port"`
		} `xml:"registrations>registration"`
	}
	d := xml.NewDecoder(strings.NewReader(out))
	d.Strict = false
	d.CharsetReader = utf8Only
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("registrations: %w", err)
	}
	regs := make([]engine.Registration, 0, len(doc.Registrations))
	for _, x := range doc.Registrations {
		user, domain, _ := strings.Cut(x.User, "@")
		r := engine.Registration{Kind: engine.Registered, Engine: e.cfg.Name, User: user, Domain: domain,
			Contact: contactURI(x.Contact), UserAgent: x.Agent}
		r.Transport = transportOf(r.Contact)
		if a, err := netip.ParseAddr(x.IP); err == nil {
			p, _ := strconv.ParseUint(x.Port, 10, 16)
			r.Peer = netip.AddrPortFrom(a, uint16(p))
		}
		if _, rest, ok := strings.Cut(x.Status, "expsecs("); ok {
			if n, err := strconv.Atoi(strings.TrimRight(rest, ")")); err == nil {
				r.Expires = time.Now().Add(time.Duration(n) * time.Second)
			}
		}
		regs = append(regs, r)
	}
	return regs, nil
}
