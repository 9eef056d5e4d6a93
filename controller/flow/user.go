package flow

import (
	"context"
	"strings"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// user rings all devices of a user; the first answer wins (EXT-USR-04). What
// prevents it leads to the forward for just that (EXT-USR-05). by is who transferred the call here, if somebody did.
func (r *Router) user(ctx context.Context, c *call.Call, e *dialplan.Extension, u *dialplan.User, by string) (Next, error) {
	if len(u.Forwards.Always) > 0 {
		c.Trace("forward", e.Number+" forwards all calls to "+list(u.Forwards.Always))
		return Next{To: u.Forwards.Always, By: e.Number, Reason: "unconditional forward"}, nil
	}
	if next, ok, err := r.assistants(ctx, c, e, u, by); ok {
		return next, err
	}
	d := r.offerUser(c, u)
	c.Trace("user", e.Number+": "+d.Reason)
	if len(d.Ring) == 0 {
		return r.missedUser(ctx, c, d.Miss, e, u), nil
	}
	got, err := c.Dial(ctx, call.Dial{
		Parties: []call.Party{r.devices(c, e.Number, d.Ring, alertDirect(c))},
		Timeout: u.RingTimeout,
	})
	if err != nil {
		return end(), err
	}
	if got.Winner != nil {
		return r.connect(ctx, c, got.Winner)
	}
	return r.missedUser(ctx, c, got.Miss, e, u), nil
}

// missedUser goes on by the user's forwards, if the user may call where they lead.
func (r *Router) missedUser(ctx context.Context, c *call.Call, m dialplan.Miss, e *dialplan.Extension, u *dialplan.User) Next {
	next := r.missed(ctx, c, m, u.Forwards.On(m), "", e.Number)
	next.By = e.Number
	return next
}

// offerUser decides by the facts of this moment and holds the devices' slots.
func (r *Router) offerUser(c *call.Call, u *dialplan.User) (d dialplan.RingDecision) {
	c.Live().Offer(func(facts func(string) dialplan.DeviceFacts) []*dialplan.Channel {
		d = dialplan.RingUser(u, facts)
		return d.Ring
	})
	return d
}

// devices is the party of a user's channels, whose slots are held.
func (r *Router) devices(c *call.Call, extension string, ring []*dialplan.Channel, alert string) call.Party {
	from := c.From
	if c.Choice.Anonymous {
		from = engine.Identity{Anonymous: true}
	}
	if c.Shown != "" {
		from.Number = c.Shown
	}
	name, number := dialplan.CallerDisplay(c.Prefix, from.Name, from.Number, c.Account.Country)
	p := call.Party{Name: extension, Moved: func(contact string) []call.Party { return r.moved(c, extension, ring, contact) }}
	for _, ch := range ring {
		p.Together = append(p.Together, call.Target{
			To:        engine.Target{Kind: engine.TargetAccount, User: ch.Name, Domain: c.Runtime().Domain},
			Caller:    engine.Identity{Name: name, Number: number},
			Extension: extension, Channel: ch.Name, AlertInfo: alert, Secure: ch.Secure,
		})
	}
	return p
}

// moved is where a phone redirects a call (302): dialled as the phone's user would.
func (r *Router) moved(c *call.Call, extension string, rung []*dialplan.Channel, contact string) []call.Party {
	number := strings.TrimPrefix(strings.TrimPrefix(strings.Trim(contact, "<>"), "sips:"), "sip:")
	number, _, _ = strings.Cut(number, "@")
	d := dialplan.Classify(c.Account, "", number)
	switch d.Class {
	case dialplan.DialExtension:
		return r.parties(c, []dialplan.Destination{{Extension: d.Extension}}, "", alertDirect(c))
	case dialplan.DialExternal:
		if !r.listed(c, rung) {
			return nil
		}
		return r.parties(c, r.allowed(c, extension, []dialplan.Destination{{External: d.Number.Number()}}), "", alertDirect(c))
	}
	c.Trace("dial", "redirection to "+clip(contact)+" can't be followed")
	return nil
}

// several rings all destinations that can be rung at once.
func (r *Router) several(ctx context.Context, c *call.Call, next Next) (Next, error) {
	to := r.allowed(c, next.By, next.To)
	if len(to) == 0 {
		r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", "every one of "+list(next.To)+" is barred")
		return end(), nil
	}
	d, err := c.Dial(ctx, call.Dial{Parties: r.parties(c, to, next.CallerID, alertDirect(c))})
	if err != nil {
		return end(), err
	}
	if d.Winner != nil {
		return r.connect(ctx, c, d.Winner)
	}
	return r.missed(ctx, c, d.Miss, nil, "", list(next.To)), nil
}

// parties are the devices and numbers behind destinations: users and members of groups by
// their devices, without their forwards, forward extensions by their number; other types can't ring.
func (r *Router) parties(c *call.Call, to []dialplan.Destination, show dialplan.ForwardCallerID, alert string) []call.Party {
	var out []call.Party
	for _, d := range to {
		if d.External != "" {
			out = append(out, r.outsideParty(c, d.External, show)...)
			continue
		}
		e := c.Account.Extensions[d.Extension]
		if e == nil || e.Inactive {
			c.Trace("dial", "extension "+d.Extension+" does not exist or is not in service")
			continue
		}
		switch cfg := e.Config.(type) {
		case *dialplan.User:
			o := r.offerUser(c, cfg)
			c.Trace("user", e.Number+": "+o.Reason)
			if len(o.Ring) > 0 {
				out = append(out, r.devices(c, e.Number, o.Ring, alert))
			}
		case *dialplan.Group:
			inner := *cfg
			inner.AllowMemberForwards = false // they might lead back here, without end
			out = append(out, r.memberParties(c, &inner)...)
		case *dialplan.Forward:
			c.Trace("forward", "extension "+e.Number+" forwards to "+cfg.Number)
			out = append(out, r.outsideParty(c, cfg.Number, cfg.CallerID)...)
		default:
			c.Trace("dial", "extension "+e.Number+" can't be rung together with others")
		}
	}
	return out
}

// outsideParty is an external number to ring together with others; none, with the reason
// in the trace, when it can't be called.
func (r *Router) outsideParty(c *call.Call, number string, show dialplan.ForwardCallerID) []call.Party {
	n, err := dialplan.Normalize(number, c.Account.Country, c.Account.AreaCode)
	if err != nil {
		c.Trace("dial", err.Error())
		return nil
	}
	p, ok := r.carrierParty(c, n, r.outboundIdentity(c, show))
	if !ok {
		c.Trace("dial", number+" is left out: the account has no carrier")
		return nil
	}
	return []call.Party{p}
}

// Alert-Info by call type (FEA-RING-01); the information is what phones match on.
const (
	alertInternal      = "<http://127.0.0.1/>;info=alert-community-1"
	alertQueue         = "<http://127.0.0.1/>;info=alert-acd"
	alertGroup         = "<http://127.0.0.1/>;info=alert-group"
	alertNational      = "<http://127.0.0.1/>;info=alert-external"
	alertInternational = "<http://127.0.0.1/>;info=alert-community-2"
)

// alertDirect is the ring of a call to a user, by who calls.
func alertDirect(c *call.Call) string {
	if c.FromExtension != "" {
		return alertInternal
	}
	if r, err := c.Account.Country.Rules(); err == nil && c.From.Number != "" && !strings.HasPrefix(c.From.Number, "+"+r.Prefix) {
		return alertInternational
	}
	return alertNational
}
