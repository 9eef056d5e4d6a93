package asterisk

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	asteriskconf "callplane/asterisk-conf"
	"callplane/controller/engine"
)

// registrations asks for every contact there is.
func (e *Engine) registrations(ctx context.Context, ami *amiConn) ([]engine.Registration, error) {
	list, err := ami.action(ctx, "ContactListComplete", "Action", "PJSIPShowContacts")
	if err != nil && !strings.Contains(err.Error(), "No Contacts found") {
		return nil, err
	}
	var regs []engine.Registration
	last := map[string]engine.Registration{}
	for _, m := range list {
		if m["event"] != "ContactList" {
			continue
		}
		r, ok := e.registrationOf(m["endpoint"], m["uri"])
		if !ok {
			continue
		}
		r.UserAgent = m["useragent"]
		if sec, err := strconv.ParseInt(m["expirationtime"], 10, 64); err == nil && sec > 0 {
			r.Expires = time.Unix(sec, 0)
		}
		regs = append(regs, r)
		last[contactKey(r)] = r
	}
	e.mu.Lock()
	e.lastReg = last
	e.mu.Unlock()
	return regs, nil
}

func contactKey(r engine.Registration) string { return r.User + "@" + r.Domain + " " + r.Contact }

func (e *Engine) registrationOf(aor, uri string) (engine.Registration, bool) {
	user, domain, ok := strings.Cut(aor, "@")
	if !ok || uri == "" {
		return engine.Registration{}, false
	}
	r := engine.Registration{Kind: engine.Registered, Engine: e.cfg.Name, User: user, Domain: domain, Contact: uri, Transport: "udp"}
	_, hostport, found := cutLast(uri, "@")
	if !found {
		_, hostport, _ = strings.Cut(uri, ":")
	}
	hostport, params, _ := strings.Cut(hostport, ";")
	if p, err := netip.ParseAddrPort(hostport); err == nil {
		r.Peer = p
	}
	for p := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(k, "transport") {
			r.Transport = strings.ToLower(v)
		}
	}
	return r, true
}

// managerEvent is a registration or a refused credential.
func (e *Engine) managerEvent(m amiMessage) {
	var r engine.Registration
	switch m["event"] {
	case "ContactStatus":
		var ok bool
		aor := m["aor"]
		if r, ok = e.registrationOf(aor, m["uri"]); !ok {
			return
		}
		e.mu.Lock()
		key := contactKey(r)
		before, known := e.lastReg[key]
		switch m["contactstatus"] {
		case "Created", "Updated", "Reachable", "NonQualified", "Unknown", "Unmonitored":
			r.UserAgent = m["useragent"]
			if sec, err := strconv.ParseInt(m["regexpire"], 10, 64); err == nil && sec > 0 {
				r.Expires = time.Unix(sec, 0)
			}
			if known && before == r {
				e.mu.Unlock()
				return
			}
			e.lastReg[key] = r
		case "Removed":
			if !known {
				e.mu.Unlock()
				return
			}
			delete(e.lastReg, key)
			expires := before.Expires
			r = before
			r.Kind = engine.Unregistered
			if !expires.IsZero() && !time.Now().Before(expires) {
				r.Kind = engine.Expired
			}
		default:
			e.mu.Unlock()
			return
		}
		e.mu.Unlock()
	case "InvalidAccountID", "InvalidPassword", "ChallengeResponseFailed", "FailedACL":
		if m["service"] != "PJSIP" {
			return
		}
		r = engine.Registration{Kind: engine.AuthFailed, Engine: e.cfg.Name}
		r.Transport, r.Peer = securityAddress(m["remoteaddress"])
		r.User, r.Domain, _ = strings.Cut(m["accountid"], "@")
	default:
		return
	}
	e.mu.Lock()
	h := e.h
	e.mu.Unlock()
	e.box.post(func() { h.Registration(r) })
}

// securityAddress reads "IPV4/UDP/127.0.0.1/5060".
func securityAddress(s string) (transport string, peer netip.AddrPort) {
	p := strings.Split(s, "/")
	if len(p) != 4 {
		return "", netip.AddrPort{}
	}
	addr, err := netip.ParseAddr(p[2])
	port, perr := strconv.ParseUint(p[3], 10, 16)
	if err != nil || perr != nil {
		return strings.ToLower(p[1]), netip.AddrPort{}
	}
	return strings.ToLower(p[1]), netip.AddrPortFrom(addr, uint16(port))
}

// Notify implements engine.Engine.
func (e *Engine) Notify(ctx context.Context, n engine.Notify) error {
	fail := func(err error) error { return fmt.Errorf("asterisk notify %s@%s: %w", n.User, n.Domain, err) }
	if !plain(n.User) || !plain(n.Domain) || n.Event == "" || strings.ContainsAny(n.Event+n.ContentType, "\r\n\x00") {
		return fail(engine.ErrInvalid)
	}
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	ami, err := e.manager()
	if err != nil {
		return fail(err)
	}
	args := []string{"Action", "PJSIPNotify", "Endpoint", n.User + "@" + n.Domain, "Variable", "Event=" + n.Event}
	if n.ContentType != "" {
		args = append(args, "Variable", "Content-Type="+n.ContentType)
		// Each Content is a line of the body.
		for line := range strings.SplitSeq(strings.TrimRight(strings.ReplaceAll(n.Body, "\r\n", "\n"), "\n"), "\n") {
			args = append(args, "Variable", "Content="+line)
		}
	}
	if _, err := ami.action(ctx, "", args...); err != nil {
		return fail(err)
	}
	return nil
}

// SetState implements engine.Engine.
func (e *Engine) SetState(ctx context.Context, s engine.State) error {
	fail := func(err error) error { return fmt.Errorf("asterisk state %s@%s: %w", s.User, s.Domain, err) }
	if !plain(s.User) || !plain(s.Domain) || s.State < engine.Idle || s.State > engine.Talking {
		return fail(engine.ErrInvalid)
	}
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	if err := e.config.acquire(ctx); err != nil {
		return fail(err)
	}
	defer e.config.release()
	ami, err := e.manager()
	if err != nil {
		return fail(err)
	}
	id := s.User + "@" + s.Domain
	e.mu.Lock()
	_, known := e.states[id]
	e.mu.Unlock()
	if err := e.publish(ctx, ami, s, !known); err != nil {
		return fail(err)
	}
	e.mu.Lock()
	e.states[id] = s
	e.mu.Unlock()
	return nil
}

// publish sets the device state; hint makes it something that phones can subscribe to.
func (e *Engine) publish(ctx context.Context, ami *amiConn, s engine.State, hint bool) error {
	id := s.User + "@" + s.Domain
	state := map[engine.PresenceState]string{engine.Idle: "NOT_INUSE", engine.Alerting: "RINGING", engine.Talking: "INUSE"}[s.State]
	if err := e.rest.do(ctx, http.MethodPut, path("deviceStates", "Stasis:"+id), url.Values{"deviceState": {state}}, nil, nil); err != nil {
		return err
	}
	if !hint {
		return nil
	}
	_, err := ami.action(ctx, "", "Action", "DialplanExtensionAdd", "Context", asteriskconf.WatchContext(id), "Extension", s.User,
		"Priority", "hint", "Application", "Stasis:"+id, "Replace", "yes")
	return err
}
