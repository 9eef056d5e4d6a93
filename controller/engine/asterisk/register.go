package asterisk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
)

// Asterisk tells nobody of a registration whose account comes from the controller on demand. But it tells of every
// success to authenticate, as a REGISTER is: then the account's contacts are looked at, a little later and
// until something has changed. Expiry is watched by timers, what else may happen (a lost TCP connection) by
// a look at everything once a minute.
var contactLooks = []time.Duration{30 * time.Millisecond, 150 * time.Millisecond, 600 * time.Millisecond, 2 * time.Second}

const allContactsEvery = time.Minute

// contact is a registration that is known.
type contact struct {
	reg   engine.Registration
	timer *time.Timer
}

// allContacts asks for every contact there is.
func (e *Engine) allContacts(ctx context.Context, ami *amiConn) ([]engine.Registration, error) {
	list, err := ami.action(ctx, "ContactListComplete", "Action", "PJSIPShowContacts")
	if err != nil && !strings.Contains(err.Error(), "No Contacts found") {
		return nil, err
	}
	var regs []engine.Registration
	for _, m := range list {
		if m["event"] != "ContactList" {
			continue
		}
		aor, _, _ := strings.Cut(m["objectname"], ";@")
		if r, ok := e.registrationOf(aor, m["uri"], m["viaaddr"], m["viaport"], m["useragent"], m["expirationtime"]); ok {
			regs = append(regs, r)
		}
	}
	return regs, nil
}

// contactsOf asks for the contacts of one account.
func (e *Engine) contactsOf(ctx context.Context, ami *amiConn, aor string) ([]engine.Registration, error) {
	answer, err := ami.action(ctx, "", "Action", "Getvar", "Variable", "PJSIP_AOR("+aor+",contact)")
	if err != nil {
		return nil, err
	}
	var regs []engine.Registration
	for id := range strings.SplitSeq(answer[0]["value"], ",") {
		if id == "" {
			continue
		}
		list, err := ami.action(ctx, "DBGetComplete", "Action", "DBGet", "Family", "registrar/contact", "Key", id)
		if errors.Is(err, engine.ErrRefused) {
			continue // gone meanwhile
		}
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			var c struct {
				URI       string `json:"uri"`
				ViaAddr   string `json:"via_addr"`
				ViaPort   string `json:"via_port"`
				UserAgent string `json:"user_agent"`
				Expires   string `json:"expiration_time"`
			}
			if m["event"] != "DBGetResponse" || json.Unmarshal([]byte(m["val"]), &c) != nil {
				continue
			}
			// In the database the semicolon of parameters is written as ^3B.
			uri := strings.ReplaceAll(c.URI, "^3B", ";")
			if r, ok := e.registrationOf(aor, uri, c.ViaAddr, c.ViaPort, c.UserAgent, c.Expires); ok {
				regs = append(regs, r)
			}
		}
	}
	return regs, nil
}

func contactKey(r engine.Registration) string { return r.User + "@" + r.Domain + " " + r.Contact }

func (e *Engine) registrationOf(aor, uri, viaAddr, viaPort, agent, expires string) (engine.Registration, bool) {
	user, domain, ok := strings.Cut(aor, "@")
	if !ok || uri == "" {
		return engine.Registration{}, false
	}
	r := engine.Registration{Kind: engine.Registered, Engine: e.cfg.Name, User: user, Domain: domain, Contact: uri, Transport: "udp", UserAgent: agent}
	_, hostport, found := cutLast(uri, "@")
	if !found {
		_, hostport, _ = strings.Cut(uri, ":")
	}
	hostport, params, _ := strings.Cut(hostport, ";")
	// Contacts are rewritten to the address that the phone came from.
	if p, err := netip.ParseAddrPort(hostport); err == nil {
		r.Peer = p
	} else if p, err := netip.ParseAddrPort(net.JoinHostPort(viaAddr, viaPort)); err == nil {
		r.Peer = p
	}
	for p := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(k, "transport") {
			r.Transport = strings.ToLower(v)
		}
	}
	if sec, err := strconv.ParseInt(expires, 10, 64); err == nil && sec > 0 {
		r.Expires = time.Unix(sec, 0)
	}
	return r, true
}

// know replaces what is known of the contacts of aor (all accounts if empty) and tells the differences; silent:
// tells nothing. It reports whether there were any. Held lock: Engine.mu.
func (e *Engine) know(aor string, now []engine.Registration, silent bool) bool {
	changed := false
	seen := map[string]bool{}
	h := e.h
	tell := func(r engine.Registration) {
		changed = true
		if !silent {
			e.box.post(func() { h.Registration(r) })
		}
	}
	for _, r := range now {
		key := contactKey(r)
		seen[key] = true
		c := e.contactMap[key]
		if c != nil && c.reg == r {
			continue
		}
		if c != nil && c.timer != nil {
			c.timer.Stop()
		}
		c = &contact{reg: r}
		e.contactMap[key] = c
		if !r.Expires.IsZero() && e.running {
			who := r.User + "@" + r.Domain
			c.timer = e.after(time.Until(r.Expires)+time.Second, func(ctx context.Context) { e.look(ctx, who) })
		}
		tell(r)
	}
	for key, c := range e.contactMap {
		who := c.reg.User + "@" + c.reg.Domain
		if seen[key] || aor != "" && who != aor {
			continue
		}
		if c.timer != nil {
			c.timer.Stop()
		}
		delete(e.contactMap, key)
		r := c.reg
		r.Kind = engine.Unregistered
		if !r.Expires.IsZero() && !time.Now().Before(r.Expires) {
			r.Kind = engine.Expired
		}
		tell(r)
	}
	return changed
}

// look compares the contacts of an account with what is known.
func (e *Engine) look(ctx context.Context, aor string) bool {
	ami, err := e.manager()
	if err != nil {
		return true // all are looked at after the reconnect
	}
	regs, err := e.contactsOf(ctx, ami, aor)
	if err != nil {
		e.log.Warn("contacts are not known", "account", aor, "err", err)
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.know(aor, regs, false)
}

// authenticated: somebody proved to be an account, by a REGISTER or, if the Call-ID is that of a leg, an INVITE.
func (e *Engine) authenticated(aor, callID string, n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n == 0 {
		if e.looking[aor] {
			return
		}
		e.looking[aor] = true
	}
	if n == len(contactLooks) {
		delete(e.looking, aor)
		return
	}
	e.after(contactLooks[n], func(ctx context.Context) {
		e.mu.Lock()
		call := e.callIDs[callID]
		// A later REGISTER begins a new row of looks.
		delete(e.looking, aor)
		e.mu.Unlock()
		if call || e.look(ctx, aor) {
			return
		}
		e.mu.Lock()
		again := e.looking[aor]
		e.looking[aor] = true
		e.mu.Unlock()
		if !again {
			e.authenticated(aor, callID, n+1)
		}
	})
}

// watchContacts looks at all contacts now and then.
func (e *Engine) watchContacts(ctx context.Context, ami *amiConn) {
	t := time.NewTicker(allContactsEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		lctx, cancel := context.WithTimeout(ctx, 4*e.cfg.CommandTimeout)
		regs, err := e.allContacts(lctx, ami)
		cancel()
		if err != nil {
			continue // the connection's own watch decides
		}
		e.mu.Lock()
		e.know("", regs, false)
		e.mu.Unlock()
	}
}

// managerEvent is a success or failure to authenticate.
func (e *Engine) managerEvent(m amiMessage) {
	if m["service"] != "PJSIP" {
		return
	}
	switch m["event"] {
	case "SuccessfulAuth":
		if strings.Contains(m["accountid"], "@") {
			e.authenticated(m["accountid"], m["sessionid"], 0)
		}
	case "InvalidAccountID", "InvalidPassword", "ChallengeResponseFailed", "FailedACL":
		if m["accountid"] == "<unknown>" {
			return // told as InvalidAccountID, with the name
		}
		if m["event"] == "InvalidAccountID" && !e.firstOf(m["sessionid"]) {
			return // the same attempt again, now with credentials
		}
		r := engine.Registration{Kind: engine.AuthFailed, Engine: e.cfg.Name}
		r.Transport, r.Peer = securityAddress(m["remoteaddress"])
		r.User, r.Domain, _ = strings.Cut(m["accountid"], "@")
		e.mu.Lock()
		h := e.h
		e.mu.Unlock()
		e.box.post(func() { h.Registration(r) })
	}
}

// firstOf reports whether a Call-ID is none of the last that were refused.
func (e *Engine) firstOf(callID string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if slices.Contains(e.refused, callID) {
		return false
	}
	if len(e.refused) == 64 {
		e.refused = e.refused[1:]
	}
	e.refused = append(e.refused, callID)
	return true
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
