package freeswitch

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"callplane/controller/engine"
	fsconf "callplane/freeswitch-conf"
)

// SetTrunks implements engine.Engine. Each trunk is a gateway of the profile for carriers; the engine fetches
// them over HTTP (GatewaysHandler) when told to. A trunk that changed is taken down first, which ends its
// registration but no calls.
func (e *Engine) SetTrunks(ctx context.Context, trunks []engine.Trunk) error {
	next := make(map[string]engine.Trunk, len(trunks))
	for _, t := range trunks {
		if err := checkTrunk(t); err != nil {
			return fmt.Errorf("freeswitch: set trunks: %q: %w", t.Name, err)
		}
		if _, ok := next[t.Name]; ok {
			return fmt.Errorf("freeswitch: set trunks: %w: name %q twice", engine.ErrInvalid, t.Name)
		}
		next[t.Name] = t
	}
	ctx, cancel := e.withTimeout(ctx)
	defer cancel()
	e.mu.Lock()
	s := e.up
	var stale []string
	for name, t := range e.trunks {
		if n, ok := next[name]; !ok || !reflect.DeepEqual(n, t) {
			stale = append(stale, name)
		}
	}
	changed := len(stale) > 0 || len(next) != len(e.trunks)
	e.trunks = next
	e.mu.Unlock()
	if s == nil {
		return fmt.Errorf("freeswitch: set trunks: %w", engine.ErrDown) // they are set at the next connect
	}
	if !changed {
		return nil
	}
	if err := e.rescan(ctx, s, stale); err != nil {
		return fmt.Errorf("freeswitch: set trunks: %w", err)
	}
	return nil
}

// rescan drops stale gateways and has the engine fetch those that it lacks.
func (e *Engine) rescan(ctx context.Context, s *session, stale []string) error {
	c := s.cmds[0]
	sort.Strings(stale)
	for _, name := range stale {
		if _, err := c.api(ctx, "sofia", "profile "+fsconf.ProfileTrunks+" killgw "+name); err != nil {
			return err
		}
		// The gateway is removed by the profile's own loop; one of the same name is not added before.
		if err := e.awaitGone(ctx, c, name); err != nil {
			return err
		}
	}
	_, err := c.api(ctx, "sofia", "profile "+fsconf.ProfileTrunks+" rescan")
	return err
}

func (e *Engine) awaitGone(ctx context.Context, c *conn, name string) error {
	for {
		out, err := c.api(ctx, "sofia", "status gateway "+name)
		if err != nil {
			return err
		}
		if strings.Contains(out, "Invalid Gateway") {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("remove gateway %s: %w", name, err)
		}
	}
}

func checkTrunk(t engine.Trunk) error {
	if strings.Trim(t.Name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" || t.Name == "" || len(t.Name) > 64 {
		return fmt.Errorf("%w: name", engine.ErrInvalid)
	}
	host := strings.Trim(t.Host, "[]")
	if _, err := netip.ParseAddr(host); err != nil && !token(host) {
		return fmt.Errorf("%w: host %q", engine.ErrInvalid, t.Host)
	}
	switch t.Transport {
	case "", "udp", "tcp", "tls":
	default:
		return fmt.Errorf("%w: transport %q", engine.ErrInvalid, t.Transport)
	}
	if t.Register && t.Username == "" {
		return fmt.Errorf("%w: registration without a user name", engine.ErrInvalid)
	}
	// The engine expands $${…} in configuration values.
	if strings.ContainsAny(t.Username+t.Password, "\r\n\x00$\"<>") {
		return fmt.Errorf("%w: character in the credentials", engine.ErrInvalid)
	}
	return nil
}

// GatewaysHandler answers the engine's question for the gateways of its profile for carriers (section directory,
// purpose=gateways).
func (e *Engine) GatewaysHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !parseForm(w, r) {
			return
		}
		if r.PostForm.Get("profile") != fsconf.ProfileTrunks {
			writeXML(w, notFound)
			return
		}
		e.mu.Lock()
		trunks := make([]engine.Trunk, 0, len(e.trunks))
		for _, t := range e.trunks {
			trunks = append(trunks, t)
		}
		e.mu.Unlock()
		sort.Slice(trunks, func(i, j int) bool { return trunks[i].Name < trunks[j].Name })
		writeXML(w, gatewaysXML(trunks))
	})
}

func gatewaysXML(trunks []engine.Trunk) string {
	var b strings.Builder
	b.WriteString(`<document type="freeswitch/xml"><section name="directory"><domain name="callplane.trunks"><user id="trunks"><gateways>`)
	param := func(name, value string) {
		b.WriteString(`<param name="` + name + `" value="`)
		attr(&b, value)
		b.WriteString(`"/>`)
	}
	for _, t := range trunks {
		b.WriteString(`<gateway name="`)
		attr(&b, t.Name)
		b.WriteString(`">`)
		host := t.Host
		if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
			host = "[" + host + "]"
		}
		proxy := host
		if t.Port != 0 {
			proxy += ":" + strconv.Itoa(int(t.Port))
		}
		transport := t.Transport
		if transport == "" {
			transport = "udp"
		}
		user := t.Username
		if user == "" {
			user = "callplane" // the engine wants one; nobody challenges by IP
		}
		expires := int(t.Expires.Seconds())
		if expires <= 0 {
			expires = 600
		}
		param("username", user)
		param("password", t.Password)
		param("realm", host)
		param("from-domain", host)
		param("proxy", proxy+";transport="+transport)
		param("register", strconv.FormatBool(t.Register))
		param("register-transport", transport)
		param("expire-seconds", strconv.Itoa(expires))
		param("retry-seconds", "30")
		param("caller-id-in-from", "true")
		param("extension-in-contact", "true")
		b.WriteString(`</gateway>`)
	}
	b.WriteString(`</gateways></user></domain></section></document>`)
	return b.String()
}

// SetBlocked implements engine.Engine. Nobody at a blocked address is authenticated (REGISTER, SUBSCRIBE and INVITE
// of phones: 403 after the challenge), and calls to the carriers' port are refused with 403. The engine's own
// lists are no use here: passing apply-register-acl counts as being authenticated.
func (e *Engine) SetBlocked(_ context.Context, addrs []netip.Addr) error {
	next := make(map[netip.Addr]struct{}, len(addrs))
	for _, a := range addrs {
		next[a.Unmap()] = struct{}{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.blocked = next
	if e.up == nil {
		return fmt.Errorf("freeswitch: set blocked: %w", engine.ErrDown) // it holds nevertheless
	}
	return nil
}
