package asteriskconf

import (
	"net/url"
	"strconv"
	"strings"
)

// Account is a SIP account as Asterisk needs to know it.
type Account struct {
	// ID is user@domain: the user and domain of From and of Target in an Originate.
	ID string
	// Username and Password answer the digest challenge; Realm is told in it, empty:
	// the default realm of the installation.
	Username, Password, Realm string
	// Secure accounts must use SRTP for what they call.
	Secure bool
	// Codecs in order of preference, empty: alaw,ulaw,g722,opus.
	Codecs string
	// MaxContacts is how many phones may be registered at once; 0 is 10.
	MaxContacts int
}

// Answer is the body of the answer to POST <ControllerURL>/<class>/single, where class is
// endpoint, auth or aor and id the form value of that name. An unknown or disabled account
// gets an empty 200 instead; the handler must not answer for an id without '@'.
func (a Account) Answer(class string) string {
	var v pairs
	switch class {
	case "endpoint":
		codecs := a.Codecs
		if codecs == "" {
			codecs = "alaw,ulaw,g722,opus"
		}
		v.add("id", a.ID)
		v.add("auth", a.ID)
		v.add("aors", a.ID)
		v.add("identify_by", "username,auth_username")
		v.add("context", "incoming")
		v.add("subscribe_context", WatchContext(a.Username))
		v.add("disallow", "all")
		v.add("allow", codecs)
		v.add("dtmf_mode", "auto")
		v.add("direct_media", "no")
		v.add("rtp_symmetric", "yes")
		v.add("force_rport", "yes")
		v.add("rewrite_contact", "yes")
		v.add("send_pai", "yes")
		v.add("trust_id_inbound", "yes")
		v.add("connected_line_method", "invite")
		v.add("ignore_183_without_sdp", "yes")
		v.add("moh_suggest", "")
		v.add("media_encryption", "sdes")
		v.add("media_encryption_optimistic", yesNo(!a.Secure))
		v.add("notify_early_inuse_ringing", "yes")
	case "auth":
		v.add("id", a.ID)
		v.add("auth_type", "userpass")
		v.add("username", a.Username)
		v.add("password", a.Password)
		if a.Realm != "" {
			v.add("realm", a.Realm)
		}
	case "aor":
		n := a.MaxContacts
		if n <= 0 {
			n = 10
		}
		v.add("id", a.ID)
		v.add("max_contacts", strconv.Itoa(n))
		v.add("remove_existing", "yes")
		v.add("remove_unavailable", "yes")
		v.add("minimum_expiration", "30")
		v.add("default_expiration", "300")
		v.add("maximum_expiration", "3600")
		v.add("support_path", "yes")
	}
	return v.String()
}

// WatchContext is the context of the hints that the phones of an account can subscribe to. Of the id only the user counts:
// it is unique, and names of contexts are short.
func WatchContext(id string) string {
	user, _, _ := strings.Cut(id, "@")
	return "watch-" + user
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// pairs keeps its order: Asterisk applies disallow and allow as they come.
type pairs struct{ b strings.Builder }

func (p *pairs) add(k, v string) {
	if p.b.Len() > 0 {
		p.b.WriteByte('&')
	}
	p.b.WriteString(url.PathEscape(k))
	p.b.WriteByte('=')
	// Asterisk decodes %20, not '+'.
	p.b.WriteString(strings.NewReplacer("+", "%2B", "&", "%26", "=", "%3D").Replace(url.PathEscape(v)))
}

func (p *pairs) String() string { return p.b.String() }
