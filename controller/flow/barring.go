package flow

import (
	"context"
	"net/netip"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// barring decides whether user by (empty: the account itself) may call an external number,
// and says in the trace why not. A number that can't be understood is not barred: it is refused by
// whoever tries to call it, with its own reason.
func (r *Router) barring(c *call.Call, by, number string) (barred bool, reason string) {
	n, err := dialplan.Normalize(number, c.Account.Country, c.Account.AreaCode)
	if err != nil {
		return false, ""
	}
	b := dialplan.CheckBarring(c.Account, c.Account.User(by), n)
	if !b.Barred {
		return false, ""
	}
	return true, n.Number() + ": " + b.Reason
}

// bars refuses the call when by may not call number (FAC-BAR-01).
func (r *Router) bars(ctx context.Context, c *call.Call, by, number string) bool {
	barred, reason := r.barring(c, by, number)
	if barred {
		r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", reason)
	}
	return barred
}

// allowed are the destinations that by may call.
func (r *Router) allowed(c *call.Call, by string, to []dialplan.Destination) []dialplan.Destination {
	var out []dialplan.Destination
	for _, d := range to {
		if d.External != "" {
			if barred, reason := r.barring(c, by, d.External); barred {
				c.Trace("barring", reason)
				continue
			}
		}
		out = append(out, d)
	}
	return out
}

// unlisted refuses the call when the phone of a leg is where it may not dial out from
// (FAC-IPL-01). Who is no phone of the account is not asked, and nobody who calls an emergency number.
func (r *Router) unlisted(ctx context.Context, c *call.Call, l *call.Leg, number string) bool {
	ch := c.Account.Channels[l.Channel]
	if ch == nil || !c.Account.IPListing {
		return false
	}
	if n, err := dialplan.Normalize(number, c.Account.Country, c.Account.AreaCode); err == nil && n.Kind == dialplan.NumberEmergency {
		return false
	}
	from := l.Info.Peer.Addr()
	if l.Info.AuthUser != "" {
		ok, reason := dialplan.CheckAddress(c.Account, ch, from)
		switch {
		case ok:
		case l == c.Caller && !l.Answered():
			// Who hangs up meanwhile ends the call as well.
			_, _ = r.tell(ctx, c, caller{channel: ch}.language(c), "call.login_required", reason)
		default:
			r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", reason)
		}
		return !ok
	}
	// We called it: it is where it registered from.
	if r.listed(c, []*dialplan.Channel{ch}) {
		return false
	}
	r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", "channel "+ch.Name+" may not dial out from where it is")
	return true
}

// listed tells whether every phone registered on these channels is where it may dial out from.
func (r *Router) listed(c *call.Call, chs []*dialplan.Channel) bool {
	for _, ch := range chs {
		at := []netip.Addr{}
		for _, reg := range c.Live().Registrations(ch.Name) {
			at = append(at, reg.Peer.Addr())
		}
		if len(at) == 0 {
			at = append(at, netip.Addr{})
		}
		for _, from := range at {
			if ok, reason := dialplan.CheckAddress(c.Account, ch, from); !ok {
				c.Trace("ip-listing", "channel "+ch.Name+": "+reason)
				return false
			}
		}
	}
	return true
}
