package flow

import (
	"context"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// arrive finds out who calls whom.
func (r *Router) arrive(ctx context.Context, c *call.Call) (Next, error) {
	if len(c.Dialed) > r.limits.DialChars {
		c.Dialed = clip(c.Dialed) // the record need not keep an attack
	}
	if c.Caller.Info.AuthUser != "" {
		return r.fromPhone(ctx, c)
	}
	return r.fromCarrier(ctx, c)
}

// fromCarrier routes a call from outside by the number it was made to: the active plan of
// the scheme that holds it says where it goes.
func (r *Router) fromCarrier(ctx context.Context, c *call.Call) (Next, error) {
	info, dir := c.Caller.Info, c.Runtime().Directory
	c.Direction = store.CallInbound
	t := dialplan.InboundTrunk(dir.Trunks(), info.Peer.Addr())
	if t == nil {
		c.Refuse(ctx, engine.CauseForbidden)
		c.Trace("inbound", "no carrier sends from "+info.Peer.Addr().String())
		return end(), nil
	}
	c.Caller.Trunk = t.Name
	number, a := r.called(dir, t, info)
	if a == nil {
		c.Refuse(ctx, engine.CauseNotFound)
		c.Trace("inbound", "number "+clip(info.Dialed)+" belongs to no account")
		return end(), nil
	}
	if t.Account != 0 && t.Account != a.ID {
		c.Refuse(ctx, engine.CauseNotFound)
		c.Trace("inbound", "carrier "+t.Name+" is not that of the account of "+number)
		return end(), nil
	}
	c.Dialed = number
	c.From = carrierCaller(info, t)
	c.Caller.Number = c.From.Number
	c.Assign(a)
	if !a.Enabled {
		r.refuse(ctx, c, engine.CauseForbidden, "account.suspended", "the account is suspended")
		return end(), nil
	}
	if r.full(ctx, c, c.Arrived.Account, a.CallLimit, c.Live().Calls) {
		r.refuse(ctx, c, engine.CauseBusy, "call.limit", "the account's call limit is reached")
		return end(), nil
	}
	route := dialplan.RouteInbound(a, number, c.Now())
	c.Trace("inbound", route.Reason)
	if route.Destination.IsZero() {
		r.refuse(ctx, c, engine.CauseNotFound, "call.number_unknown", route.Reason)
		return end(), nil
	}
	return Next{To: []dialplan.Destination{route.Destination}, Prefix: route.Prefix, Reason: route.Reason}, nil
}

// called is the company number an inbound call is for: the request URI, or the To header when
// the carrier sends its calls to the name with which we registered.
func (r *Router) called(dir *store.Directory, t *dialplan.Trunk, info engine.LegInfo) (string, *dialplan.Account) {
	for _, s := range []string{info.Dialed, info.To} {
		number, err := dialplan.ParseCarrier(s, t.Format, t.Country)
		if err != nil {
			continue
		}
		if a := dir.ByNumber(number); a != nil {
			return number, a
		}
	}
	return "", nil
}

// carrierCaller is who calls, as the carrier vouches for it: P-Asserted-Identity before From.
func carrierCaller(info engine.LegInfo, t *dialplan.Trunk) engine.Identity {
	id := info.Caller
	if info.Asserted.Number != "" {
		id.Number = info.Asserted.Number
	}
	anonymous := info.Caller.Anonymous || info.Asserted.Anonymous
	number, err := dialplan.ParseCarrier(id.Number, t.Format, t.Country)
	if anonymous || err != nil {
		return engine.Identity{Anonymous: true}
	}
	name := info.Caller.Name
	if name == id.Number || name == info.Caller.Number {
		name = ""
	}
	return engine.Identity{Number: number, Name: name}
}

// endingTime is how long the end of a call may take to be known here: engines tell of each call by itself.
const endingTime = 200 * time.Millisecond

// full tells that a call which came as number n of those that are in is one too many; limit 0: there is none. Whoever hangs up
// and calls again at once has one place, so a moment is given to what is ending.
func (r *Router) full(ctx context.Context, c *call.Call, n, limit int, now func() int) bool {
	if limit == 0 || n <= limit {
		return false
	}
	if err := c.Pause(ctx, endingTime); err != nil {
		return false // nobody is left to be refused
	}
	return now() > limit
}

// fromPhone routes what somebody of the company dialled.
func (r *Router) fromPhone(ctx context.Context, c *call.Call) (Next, error) {
	info := c.Caller.Info
	a, ch := c.Runtime().Directory.ByChannel(info.AuthUser)
	if ch == nil || !ch.Enabled {
		c.Refuse(ctx, engine.CauseForbidden)
		c.Trace("phone", "channel "+info.AuthUser+" does not exist or is disabled")
		return end(), nil
	}
	c.Caller.Channel, c.Caller.Extension = ch.Name, ch.User
	c.Direction = store.CallInternal
	c.FromExtension, c.Payer = ch.User, ch.User
	c.From = engine.Identity{Number: ch.User}
	u := a.User(ch.User)
	if u != nil {
		c.From.Name = a.Extensions[ch.User].Name
	}
	c.Assign(a)
	d, choice := dialplan.ClassifyChoice(a, areaCode(u, ch), info.Dialed)
	c.Choice = choice
	if d.Class == dialplan.DialEmergency {
		return r.emergency(ctx, c, u, ch, d)
	}
	switch {
	case !a.Enabled:
		r.refuse(ctx, c, engine.CauseForbidden, "account.suspended", "the account is suspended")
		return end(), nil
	case u == nil && !(d.Class == dialplan.DialSystem && (d.System == dialplan.SysLogin || d.System == dialplan.SysLoginStatus)):
		return r.tell(ctx, c, caller{channel: ch}.language(c), "call.login_required", "nobody is logged in on channel "+ch.Name)
	case r.full(ctx, c, c.Arrived.Channel, max(ch.CallLimit, 1), func() int { return c.Live().Use(ch.Name) }):
		r.refuse(ctx, c, engine.CauseBusy, "call.limit", "the call limit of channel "+ch.Name+" is reached")
		return end(), nil
	case r.full(ctx, c, c.Arrived.Account, a.CallLimit, c.Live().Calls):
		r.refuse(ctx, c, engine.CauseBusy, "call.limit", "the account's call limit is reached")
		return end(), nil
	}
	if next, ok, err := r.takeover(ctx, c, d); ok {
		return next, err
	}
	switch d.Class {
	case dialplan.DialExtension:
		c.Trace("phone", "dialled extension "+d.Extension)
		return Next{To: []dialplan.Destination{{Extension: d.Extension}}, Reason: "dialled"}, nil
	case dialplan.DialExternal:
		c.Direction = store.CallOutbound
		c.Trace("phone", "dialled external number "+d.Number.Number())
		if r.unlisted(ctx, c, c.Caller, d.Number.Number()) {
			return end(), nil
		}
		return Next{To: []dialplan.Destination{{External: d.Number.Number()}}, By: ch.User, Reason: "dialled"}, nil
	case dialplan.DialSystem:
		return r.system(ctx, c, caller{user: u, channel: ch}, d)
	case dialplan.DialCode:
		if code, ok := dialplan.ParseForwardCode(d.Argument); ok {
			return r.forwardCode(ctx, c, caller{user: u, channel: ch}, code)
		}
		r.refuse(ctx, c, engine.CauseNotFound, "call.number_unknown", "code "+clip(info.Dialed)+" is not available")
	default:
		r.refuse(ctx, c, engine.CauseInvalidNumber, "call.number_unknown", d.Reason)
	}
	return end(), nil
}

// clip keeps a hostile dial string out of traces and logs.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// areaCode in which somebody dials: the phone's place, else the user's.
func areaCode(u *dialplan.User, ch *dialplan.Channel) string {
	if ch.AreaCode == "" && u != nil {
		return u.AreaCode
	}
	return ch.AreaCode
}
