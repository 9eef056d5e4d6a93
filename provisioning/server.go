// Package provisioning answers what media engines and phones ask over HTTP: who a SIP user
// is. Every answer comes from the accounts in memory, none waits for the database.
//
// These answers hold what authenticates a phone. They are given on loopback and behind a
// token in the path only (Protect).
package provisioning

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"callplane/dialplan"
)

// Lookup finds a channel by its SIP user name, with its account; nil, nil when there is
// none. store.Directory.ByChannel is one.
type Lookup func(sipUser string) (*dialplan.Account, *dialplan.Channel)

// Refusal is a SIP user that was refused before any password was looked at. The engine tells
// wrong passwords itself (engine.AuthFailed), and these too: refusals are for counters and
// logs, not for AuthGuard, or they would count twice.
type Refusal struct {
	User      string
	Addr      netip.Addr // of the phone; invalid when the engine did not say
	Transport string     // udp, tcp, tls, ws, wss
	Method    string     // of the SIP request
	Reason    Reason
}

// Reason of a refusal; short and few, to be a metric's label.
type Reason string

// Reasons.
const (
	ReasonUnknown         Reason = "unknown-user"
	ReasonChannelDisabled Reason = "channel-disabled"
	ReasonAccountDisabled Reason = "account-disabled"
	ReasonInsecure        Reason = "not-tls"         // a Secure channel over UDP or TCP
	ReasonWrongDomain     Reason = "wrong-domain"    // not the configured one
	ReasonOtherUser       Reason = "other-user"      // REGISTER of another user's address
	ReasonMalformed       Reason = "malformed"       // duplicate or missing parameters
	ReasonNoPassword      Reason = "no-password"     // the channel has none: it would let anybody in
	ReasonBadTransport    Reason = "unknown-network" // transport not known
)

// Protect serves h under /token/ to callers on this machine; to all others there is nothing
// here. allowRemote lifts the restriction to loopback, not the token.
func Protect(token string, allowRemote bool, h http.Handler) http.Handler {
	want := []byte(token)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		ok := len(want) > 0 && subtle.ConstantTimeCompare([]byte(given), want) == 1
		if !ok || (!allowRemote && !fromLoopback(r)) {
			http.NotFound(w, r)
			return
		}
		r2 := r.Clone(r.Context())
		r2.URL.Path, r2.URL.RawPath = "/"+rest, ""
		h.ServeHTTP(w, r2)
	})
}

func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// admit says whether a channel may authenticate at all, over this transport.
func admit(a *dialplan.Account, ch *dialplan.Channel, transport string) Reason {
	switch {
	case a == nil || ch == nil:
		return ReasonUnknown
	case !a.Enabled:
		return ReasonAccountDisabled
	case !ch.Enabled:
		return ReasonChannelDisabled
	case ch.Password == "":
		return ReasonNoPassword
	case ch.Secure && transport != "tls" && transport != "wss":
		return ReasonInsecure
	}
	return ""
}
