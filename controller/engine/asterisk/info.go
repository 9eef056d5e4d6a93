package asterisk

import (
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"

	"callplane/controller/engine"
)

// infoVar holds on the channel what the leg was at its beginning, checkpointVar the
// controller's checkpoint. Both are read when the controller comes back.
const (
	infoVar       = "CP_INFO"
	checkpointVar = "CP_CHECKPOINT"
)

// parseInfo reads the arguments of Stasis() that asterisk-conf's dialplan makes of an
// INVITE: "in", the facts, the X- headers; all URL-encoded.
func (e *Engine) parseInfo(id engine.LegID, args []string, ch *channelData) engine.LegInfo {
	info := engine.LegInfo{ID: id, Engine: e.cfg.Name, Direction: engine.Inbound, SIPCallID: ch.ProtocolID,
		Created: parseTime(ch.Creationtime), Headers: map[string]string{}}
	if len(args) < 2 {
		info.Dialed = ch.Dialplan.Exten
		info.Caller = engine.Identity{Number: ch.Caller.Number, Name: ch.Caller.Name}
		return info
	}
	// A part that can't be decoded is left out; the rest still counts.
	v, _ := url.ParseQuery(args[1])
	if s := v.Get("call-id"); s != "" {
		info.SIPCallID = s
	}
	if user, domain, ok := strings.Cut(v.Get("endpoint"), "@"); ok {
		info.AuthUser, info.AuthDomain = user, domain
	}
	if p, err := netip.ParseAddrPort(v.Get("peer")); err == nil {
		info.Peer = p
	}
	info.Transport = viaTransport(v.Get("via"))
	name, uri := splitNameAddr(v.Get("from"))
	info.Caller = engine.Identity{Number: uriUser(uri), Name: name}
	_, to := splitNameAddr(v.Get("to"))
	info.To = uriUser(to)
	info.Dialed = uriUser(v.Get("uri"))
	for _, key := range []string{"pai", "rpid"} {
		if s := v.Get(key); s != "" && info.Asserted.Number == "" {
			name, uri := splitNameAddr(s)
			info.Asserted = engine.Identity{Number: uriUser(uri), Name: name}
		}
	}
	privacy := strings.ToLower(v.Get("privacy"))
	if strings.Contains(privacy, "id") || strings.Contains(privacy, "user") ||
		strings.EqualFold(info.Caller.Number, "anonymous") || strings.Contains(uri, "@anonymous.invalid") {
		info.Caller.Anonymous = true
		info.Asserted.Anonymous = info.Asserted.Number != ""
	}
	for key, header := range map[string]string{"alert": "Alert-Info", "diversion": "Diversion",
		"referred": "Referred-By", "replaces": "Replaces", "ua": "User-Agent"} {
		if s := v.Get(key); s != "" {
			info.Headers[header] = s
		}
	}
	if len(args) > 2 {
		x, _ := url.ParseQuery(args[2])
		for k := range x {
			info.Headers[textproto.CanonicalMIMEHeaderKey(k)] = x.Get(k)
		}
	}
	return info
}

// viaTransport is "udp" of "SIP/2.0/UDP host;branch=…".
func viaTransport(via string) string {
	head, _, _ := strings.Cut(strings.TrimSpace(via), " ")
	parts := strings.Split(head, "/")
	if len(parts) != 3 {
		return ""
	}
	return strings.ToLower(parts[2])
}

// splitNameAddr takes display name and URI out of From, To, P-Asserted-Identity
// (RFC 3261 section 25.1 name-addr or addr-spec).
func splitNameAddr(s string) (name, uri string) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, `"`) {
		var b strings.Builder
		i := 1
		for ; i < len(s) && s[i] != '"'; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			b.WriteByte(s[i])
		}
		name = b.String()
		s = s[min(i+1, len(s)):]
	}
	if before, rest, ok := strings.Cut(s, "<"); ok {
		if name == "" {
			name = strings.TrimSpace(before)
		}
		uri, _, _ = strings.Cut(rest, ">")
		return strings.ToValidUTF8(name, "?"), strings.TrimSpace(uri)
	}
	uri, _, _ = strings.Cut(strings.TrimSpace(s), ";")
	return strings.ToValidUTF8(name, "?"), uri
}

// uriUser is the user part of a sip, sips or tel URI, unescaped and without parameters.
func uriUser(uri string) string {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok {
		return ""
	}
	if !strings.EqualFold(scheme, "tel") {
		var user string
		if user, _, ok = cutLast(rest, "@"); !ok {
			return ""
		}
		rest = user
	}
	rest, _, _ = strings.Cut(rest, ";")
	if !strings.EqualFold(scheme, "tel") {
		rest, _, _ = strings.Cut(rest, ":")
	}
	if s, err := url.PathUnescape(rest); err == nil {
		rest = s
	}
	return strings.ToValidUTF8(rest, "?")
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// uriHost is the host of a URI without port and parameters.
func uriHost(uri string) string {
	_, rest, ok := strings.Cut(uri, ":")
	if !ok {
		return ""
	}
	if _, after, ok := cutLast(rest, "@"); ok {
		rest = after
	}
	rest, _, _ = strings.Cut(rest, ";")
	rest, _, _ = strings.Cut(rest, "?")
	if strings.HasPrefix(rest, "[") {
		host, _, _ := strings.Cut(rest[1:], "]")
		return host
	}
	host, _, _ := strings.Cut(rest, ":")
	return host
}
