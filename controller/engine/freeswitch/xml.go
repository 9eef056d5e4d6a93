package freeswitch

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
	fsconf "callplane/freeswitch-conf"
)

// action is one dialplan action of the first decision about a call.
type action struct {
	app, data string
	last      bool // the call ends with it: no park follows
}

// decision collects the first operations on a new call until they are sent.
type decision struct {
	acts []action
	made chan struct{} // closed at the first action
	// checkpoint, encoded, is set before them; it decides nothing.
	checkpoint string
}

// decide adds an action to the first decision, if that is still open. Needs the lock.
func (l *leg) decide(a action) bool {
	d := l.decision
	if d == nil {
		return false
	}
	if n := len(d.acts); n > 0 && d.acts[n-1].last {
		return true
	}
	d.acts = append(d.acts, a)
	if len(d.acts) == 1 {
		close(d.made)
	}
	return true
}

const notFound = `<document type="freeswitch/xml"><section name="result"><result status="not found"/></section></document>`

// XMLHandler answers everything that mod_xml_curl asks with freeswitch-conf: new calls (DialplanHandler), carriers
// (GatewaysHandler), and users, which it passes to directory after refusing blocked addresses (SetBlocked).
//
// What arrives at directory is the form that mod_sofia posts for each REGISTER, INVITE and SUBSCRIBE of a phone:
// section=directory, tag_name=domain, key_name=name, key_value=<domain>, action=sip_auth, user, domain, and of the request
// sip_auth_username, sip_auth_realm, sip_auth_nonce, sip_auth_uri, sip_auth_qop, sip_auth_cnonce, sip_auth_nc, sip_auth_response,
// sip_auth_method, ip, sip_user_agent, sip_contact_user, sip_contact_host, sip_to_user, sip_to_host, sip_profile; or purpose=…
// (network-list, publish-vm) that is best answered with "not found". key_value is not URL-encoded.
func (e *Engine) XMLHandler(directory http.Handler) http.Handler {
	dialplan, gateways := e.DialplanHandler(), e.GatewaysHandler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !parseForm(w, r) {
			return
		}
		switch r.PostForm.Get("section") {
		case "dialplan":
			dialplan.ServeHTTP(w, r)
		case "directory":
			switch {
			case r.PostForm.Get("purpose") == "gateways":
				gateways.ServeHTTP(w, r)
			case e.isBlocked(r.PostForm.Get("ip")) || directory == nil:
				writeXML(w, notFound)
			default:
				e.noteAuth(r.PostForm)
				directory.ServeHTTP(w, r)
			}
		default:
			writeXML(w, notFound)
		}
	})
}

func parseForm(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost {
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "bad form", http.StatusBadRequest)
		return false
	}
	return true
}

func writeXML(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/xml")
	_, _ = io.WriteString(w, text) // the engine's own timeout deals with a broken connection
}

func (e *Engine) isBlocked(ip string) bool {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ok := e.blocked[addr.Unmap()]
	return ok
}

// DialplanHandler answers the engine's question what to do with a call. For a new call it calls
// Handler.Incoming and waits a moment for the first operations on the leg: Ring, Progress,
// Answer and Hangup travel in the response. Then the call parks and later operations are commands. While the driver
// is not connected the answer is "not found", and the static dialplan refuses the call with 503.
func (e *Engine) DialplanHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !parseForm(w, r) {
			return
		}
		f := r.PostForm
		dctx := f.Get("Hunt-Context")
		if dctx == "" {
			dctx = f.Get("Caller-Context")
		}
		switch dctx {
		case fsconf.ContextPark:
			writeXML(w, dialplanXML(dctx, []action{{app: "park"}}))
		case fsconf.ContextPhones, fsconf.ContextTrunks:
			acts := e.incoming(r.Context(), f)
			if acts == nil {
				writeXML(w, notFound)
				return
			}
			writeXML(w, dialplanXML(dctx, acts))
		default:
			writeXML(w, notFound)
		}
	})
}

// incoming makes a leg of a new call and gives the actions of the first decision; nil: we are away.
func (e *Engine) incoming(ctx context.Context, f url.Values) []action {
	ch := f.Get("Unique-ID")
	if ch == "" {
		return nil
	}
	if e.isBlocked(f.Get("variable_sip_network_ip")) {
		return []action{refusal(engine.CauseForbidden)}
	}
	info := legInfo(f.Get)
	info.Headers = headersOf(func(yield func(name, value string)) {
		for name, values := range f {
			yield(name, values[0])
		}
	})
	info.ID, info.Engine, info.Direction, info.Created = engine.LegID(ch), e.cfg.Name, engine.Inbound, time.Now()

	l := e.newLeg(info.ID, ch, info, nil)
	l.codecs = offered(f.Get("variable_switch_r_sdp"))
	d := &decision{made: make(chan struct{})}
	l.decision = d
	e.mu.Lock()
	up, known, in := e.up, e.legs[l.id] != nil, e.handler.Incoming
	if up != nil && !known {
		// Known from now on, so that nothing that happens to it is lost; its events wait for the sink.
		e.add(l)
	}
	e.mu.Unlock()
	if up == nil {
		return nil
	}
	if known {
		return []action{{app: "park"}} // it was transferred into a context of new calls
	}
	e.expect()
	sink := in(info)
	e.mu.Lock()
	if sink == nil {
		l.sink = func(engine.Event) {}
		l.decide(refusal(engine.CauseCongestion))
	} else {
		l.sink = sink
		for _, ev := range l.backlog {
			e.out = append(e.out, emission{sink, ev})
		}
		l.backlog = nil
		e.post(func() {}) // have them flushed
		if _, over := e.gone[ch]; over {
			delete(e.gone, ch)
			e.post(func() { l.end(engine.Hangup{Cause: engine.CauseCancelled, ByPeer: true}) })
		}
	}
	e.mu.Unlock()

	t := time.NewTimer(e.cfg.Decision)
	defer t.Stop()
	select {
	case <-d.made:
	case <-t.C:
	case <-ctx.Done():
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l.decision = nil
	l.changed()
	acts := d.acts
	if d.checkpoint != "" {
		acts = append([]action{{app: "set", data: varCheckpoint + "=" + d.checkpoint}}, acts...)
	}
	if n := len(acts); n == 0 || !acts[n-1].last {
		acts = append(acts, action{app: "park"})
	}
	return acts
}

func dialplanXML(name string, acts []action) string {
	var b strings.Builder
	b.WriteString(`<document type="freeswitch/xml"><section name="dialplan"><context name="`)
	attr(&b, name)
	b.WriteString(`"><extension name="callplane"><condition>`)
	for _, a := range acts {
		b.WriteString(`<action application="`)
		attr(&b, a.app)
		if a.data != "" {
			b.WriteString(`" data="`)
			attr(&b, a.data)
		}
		b.WriteString(`"/>`)
	}
	b.WriteString(`</condition></extension></context></section></document>`)
	return b.String()
}

func attr(b *strings.Builder, s string) { _ = xml.EscapeText(b, []byte(s)) } // a Builder never fails

// legInfo reads a channel's data: get gives a header of the event or form by name.
func legInfo(get func(string) string) engine.LegInfo {
	v := func(name string) string { return get("variable_" + name) }
	info := engine.LegInfo{
		SIPCallID: v("sip_call_id"),
		Transport: strings.ToLower(v("sip_via_protocol")),
		Caller:    engine.Identity{Number: v("sip_from_user"), Name: unquote(v("sip_from_display"))},
		Dialed:    v("sip_req_user"),
		To:        v("sip_to_user"),
	}
	if v("sip_authorized") == "true" {
		info.AuthUser, info.AuthDomain = v("sip_auth_username"), v("sip_auth_realm")
		if u := v("user_name"); u != "" { // as the directory has it
			info.AuthUser, info.AuthDomain = u, v("domain_name")
		}
	}
	if a, err := netip.ParseAddr(v("sip_network_ip")); err == nil {
		p, _ := strconv.ParseUint(v("sip_network_port"), 10, 16)
		info.Peer = netip.AddrPortFrom(a, uint16(p))
	}
	privacy := strings.ToLower(v("sip_Privacy") + v("sip_h_Privacy") + v("sip_i_privacy"))
	info.Caller.Anonymous = strings.EqualFold(info.Caller.Number, "anonymous") || strings.Contains(privacy, "id") || strings.Contains(privacy, "user")
	for _, name := range []string{"sip_P-Asserted-Identity", "sip_Remote-Party-ID", "sip_i_p_asserted_identity", "sip_i_remote_party_id"} {
		if id, ok := parseIdentity(v(name)); ok {
			info.Asserted = id
			info.Asserted.Anonymous = info.Caller.Anonymous
			break
		}
	}
	return info
}

// headerVars are the channel variables in which mod_sofia keeps the headers we tell about.
var headerVars = map[string]string{
	"alert_info":        "Alert-Info",
	"sip_i_alert_info":  "Alert-Info",
	"sip_i_diversion":   "Diversion",
	"sip_Diversion":     "Diversion",
	"sip_h_Diversion":   "Diversion",
	"sip_i_referred_by": "Referred-By",
	"sip_h_Referred-By": "Referred-By",
	// The Call-ID alone.
	"sip_replaces_call_id": "Replaces",
	"sip_user_agent":       "User-Agent",
}

func headersOf(names func(yield func(name, value string))) map[string]string {
	h := map[string]string{}
	names(func(name, value string) {
		name, ok := strings.CutPrefix(name, "variable_")
		if !ok || value == "" {
			return
		}
		if canonical, ok := headerVars[name]; ok {
			h[canonical] = value
		} else if x, ok := strings.CutPrefix(name, "sip_h_"); ok && (strings.HasPrefix(x, "X-") || strings.HasPrefix(x, "x-")) {
			h[textproto.CanonicalMIMEHeaderKey(x)] = value
		}
	})
	return h
}

// parseIdentity reads a name-addr: "Name" <sip:number@host>.
func parseIdentity(v string) (engine.Identity, bool) {
	if v == "" {
		return engine.Identity{}, false
	}
	name, _, angle := strings.Cut(v, "<")
	if !angle {
		name = ""
	}
	uri := contactURI(v)
	_, rest, ok := strings.Cut(uri, ":")
	if !ok {
		rest = uri
	}
	user, _, _ := strings.Cut(rest, "@")
	user, _, _ = strings.Cut(user, ";")
	if u, err := url.PathUnescape(user); err == nil {
		user = u
	}
	return engine.Identity{Number: user, Name: unquote(name)}, user != ""
}

// unquote takes quotes and escapes off a display name (RFC 3261 section 25.1, quoted-string).
func unquote(name string) string {
	name = strings.TrimSpace(name)
	if len(name) >= 2 && name[0] == '"' && name[len(name)-1] == '"' {
		name = name[1 : len(name)-1]
	}
	if !strings.Contains(name, `\`) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+1 < len(name) {
			i++
		}
		b.WriteByte(name[i])
	}
	return b.String()
}
