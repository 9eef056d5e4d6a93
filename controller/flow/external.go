package flow

import (
	"context"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// external calls a number outside: through the carriers by priority, with the caller ID that
// the rules give.
func (r *Router) external(ctx context.Context, c *call.Call, number string, show dialplan.ForwardCallerID) (Next, error) {
	n, err := dialplan.Normalize(number, c.Account.Country, r.areaOf(c))
	if err != nil {
		r.refuse(ctx, c, engine.CauseInvalidNumber, "call.number_unknown", err.Error())
		return end(), nil
	}
	if r.bars(ctx, c, "", number) {
		return end(), nil
	}
	id := r.outboundIdentity(c, show)
	if n.Kind == dialplan.NumberEmergency { // forwarded or transferred
		id = engine.Identity{Number: dialplan.OutboundCallerID(c.Account, c.Account.User(c.FromExtension), c.Account.Channels[c.Caller.Channel], true).Number}
	}
	p, ok := r.carrierParty(c, n, id)
	if !ok {
		r.refuse(ctx, c, engine.CauseCongestion, "call.try_later", "the account has no carrier")
		return end(), nil
	}
	return r.dialExternal(ctx, c, p)
}

func (r *Router) dialExternal(ctx context.Context, c *call.Call, p call.Party) (Next, error) {
	d, err := c.Dial(ctx, call.Dial{Parties: []call.Party{p}})
	if err != nil {
		return end(), err
	}
	if d.Winner != nil {
		return r.connect(ctx, c, d.Winner)
	}
	cause := d.Cause
	prompt := "call.unreachable"
	switch cause {
	case engine.CauseBusy:
		prompt = "call.busy"
	case engine.CauseUnknown, engine.CauseCancelled, engine.CauseNormal:
		cause, prompt = engine.CauseNoAnswer, "call.no_answer"
	case engine.CauseNotFound, engine.CauseInvalidNumber:
		prompt = "call.number_unknown"
	case engine.CauseCongestion, engine.CauseServerError, engine.CauseTimeout, engine.CauseEngineLost, engine.CauseUnauthorized:
		// What went wrong between us and the carriers is not the caller's doing.
		cause, prompt = engine.CauseCongestion, "call.try_later"
	}
	r.refuse(ctx, c, cause, prompt, p.Name+" was not reached: "+d.Cause.String())
	return end(), nil
}

// areaOf is the area code in which the caller dials, and by which an emergency call is routed: that of the phone or user of the company who
// makes it, else the account's.
func (r *Router) areaOf(c *call.Call) string {
	if ch := c.Account.Channels[c.Caller.Channel]; ch != nil {
		return or(areaCode(c.Account.User(c.FromExtension), ch), c.Account.AreaCode)
	}
	return c.Account.AreaCode
}

// emergency places an emergency call: never barred or limited, with the caller ID that lets
// the centre call back (FAC-EMG-01).
func (r *Router) emergency(ctx context.Context, c *call.Call, u *dialplan.User, ch *dialplan.Channel, d dialplan.Classified) (Next, error) {
	c.Direction = store.CallOutbound
	id := dialplan.OutboundCallerID(c.Account, u, ch, true)
	c.Trace("emergency", "emergency number "+d.Number.National+" from area "+or(d.Number.AreaCode, "unknown")+"; "+id.Reason)
	c.At(dialplan.Destination{External: d.Number.National})
	p, ok := r.carrierParty(c, d.Number, engine.Identity{Number: id.Number})
	if !ok {
		r.refuse(ctx, c, engine.CauseCongestion, "call.try_later", "the account has no carrier")
		return end(), nil
	}
	return r.dialExternal(ctx, c, p)
}

// outboundIdentity is who calls, in E.164: the user's or account's number for calls of
// our own people; for what is forwarded, the caller's or the dialled number (EXT-GRP-04), or
// the one that the extension shows (EXT-FWD-01).
func (r *Router) outboundIdentity(c *call.Call, show dialplan.ForwardCallerID) engine.Identity {
	if n := show.Number(); n != "" {
		c.Trace("caller-id", "the number of the forward")
		return engine.Identity{Number: n}
	}
	if c.FromExtension == "" {
		if show == dialplan.ForwardCalled {
			return engine.Identity{Number: c.Dialed}
		}
		return c.From
	}
	id := dialplan.ChosenCallerID(c.Account, c.Account.User(c.FromExtension), c.Account.Channels[c.Caller.Channel], c.Choice)
	c.Trace("caller-id", id.Reason)
	return engine.Identity{Number: id.Number, Anonymous: id.Anonymous}
}

// carrierParty is an external number, tried through each carrier in turn; false without any.
func (r *Router) carrierParty(c *call.Call, n dialplan.Dialed, id engine.Identity) (call.Party, bool) {
	trunks := dialplan.OutboundTrunks(c.Runtime().Directory.Trunks(), c.Account.ID)
	p := call.Party{Name: n.Number()}
	if b := dialplan.CheckBarring(c.Account, nil, n); b.Barred {
		c.Trace("barring", n.Number()+": "+b.Reason)
		return p, false
	}
	for _, t := range trunks {
		caller := id
		caller.Number = dialplan.Format(id.Number, t.Format, t.Country)
		caller.Name = caller.Number // no names of ours to the outside
		p.InTurn = append(p.InTurn, call.Target{
			To:     engine.Target{Kind: engine.TargetTrunk, Trunk: t.Name, Number: t.CarrierNumber(n)},
			Caller: caller, Trunk: t.Name, Number: n.Number(), Timeout: t.Timeout, Secure: t.Secure,
		})
	}
	return p, len(p.InTurn) > 0
}
