package phone

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

func newCallID() string {
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// dialog is the state of RFC 3261, 12. Its owner locks.
type dialog struct {
	callID              string
	localTag, remoteTag string
	local, remote       string // From and To values without tag
	cseq                uint32
	remoteCSeq          uint32
	target              sip.Uri
	routes              []string
	via                 peer // where the peer's messages come from, or the first hop
	transport           string
}

// newRequest builds a request inside of the dialog. The caller sets the body.
func (d *dialog) newRequest(method sip.RequestMethod) *sip.Request {
	req := sip.NewRequest(method, d.target)
	to := d.remote
	if d.remoteTag != "" {
		to += ";tag=" + d.remoteTag
	}
	seq := d.cseq
	if method != sip.ACK && method != sip.CANCEL {
		d.cseq++
		seq = d.cseq
	}
	req.AppendHeader(sip.NewHeader("Max-Forwards", "70"))
	for _, r := range d.routes {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	req.AppendHeader(sip.NewHeader("From", d.local+";tag="+d.localTag))
	req.AppendHeader(sip.NewHeader("To", to))
	req.AppendHeader(sip.NewHeader("Call-ID", d.callID))
	req.AppendHeader(sip.NewHeader("CSeq", fmt.Sprintf("%d %s", seq, method)))
	return req
}

// hop is where requests of the dialog go: the first route, or else the peer's contact. Streams stay on the connection of
// the dialog while it lives, for the contact may be one that nobody listens on.
func (d *dialog) hop() peer {
	p := peer{addr: uriAddr(d.target, d.transport), conn: d.via.conn}
	if len(d.routes) > 0 {
		var uri sip.Uri
		if _, err := sip.ParseAddressValue(d.routes[0], &uri, nil); err == nil {
			p.addr = uriAddr(uri, d.transport)
		}
	}
	if p.conn != nil {
		select {
		case <-p.conn.dead:
			p.conn = nil
		default:
		}
	}
	return p
}

// refresh takes over a new Contact of the peer.
func (d *dialog) refresh(contact *sip.ContactHeader) {
	if contact != nil && contact.Address.Host != "" {
		d.target = contact.Address
	}
}

// setRoutes takes the route set from Record-Route; a caller's is the reverse of what it received.
func (d *dialog) setRoutes(m headerGetter, reverse bool) {
	d.routes = headerValues(m, "Record-Route")
	if reverse {
		slices.Reverse(d.routes)
	}
}

// stripTag removes the tag parameter of a From or To value.
func stripTag(value string) (rest, tag string) {
	end := strings.LastIndexByte(value, '>')
	head, params := value, ""
	if end >= 0 {
		head, params = value[:end+1], value[end+1:]
	} else if i := strings.IndexByte(value, ';'); i >= 0 {
		head, params = value[:i], value[i:]
	}
	for p := range strings.SplitSeq(params, ";") {
		p = strings.TrimSpace(p)
		if t, ok := strings.CutPrefix(p, "tag="); ok {
			tag = t
		} else if p != "" {
			head += ";" + p
		}
	}
	return head, tag
}

// Identity is who the other side says it is.
type Identity struct {
	// Name is the display name, Number the user part of the URI (for tel: URIs, the number).
	Name, Number string
	URI          string
	// Header is where it was found: P-Asserted-Identity, Remote-Party-ID, From or To.
	Header string
	// Privacy is the value of the Privacy header, or "full" from Remote-Party-ID.
	Privacy string
}

func (i Identity) String() string { return fmt.Sprintf("%q <%s>", i.Name, i.Number) }

// readIdentity finds the most trustworthy identity in m; fallback is From or To.
func readIdentity(m headerGetter, fallback string) (Identity, bool) {
	for _, name := range []string{"P-Asserted-Identity", "Remote-Party-ID", fallback} {
		if name == "" {
			continue
		}
		value := headerValue(m, name)
		if value == "" {
			continue
		}
		var uri sip.Uri
		var params sip.HeaderParams
		display, err := sip.ParseAddressValue(value, &uri, &params)
		if err != nil {
			continue
		}
		id := Identity{Name: unquoteName(display), Number: unescapeUser(uri.User), URI: uri.String(), Header: name, Privacy: headerValue(m, "Privacy")}
		if uri.Raw() != "" {
			id.Number, _, _ = strings.Cut(uri.Raw(), ";")
		}
		if privacy, _ := params.Get("privacy"); name == "Remote-Party-ID" && privacy != "" && privacy != "off" {
			id.Privacy = privacy
		}
		return id, true
	}
	return Identity{}, false
}

func unescapeUser(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.Write(v)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
