package flow

import (
	"context"
	"time"

	"callplane/controller/call"
	"callplane/dialplan"
)

// groupRing is how long a group rings without a time of its own.
const groupRing = 60 * time.Second

// group rings all members at once; on answer the others stop (EXT-GRP-01).
func (r *Router) group(ctx context.Context, c *call.Call, e *dialplan.Extension, g *dialplan.Group) (Next, error) {
	if len(g.Forwards.Always) > 0 {
		c.Trace("forward", "group "+e.Number+" forwards all calls to "+list(g.Forwards.Always))
		return Next{To: g.Forwards.Always, CallerID: g.ForwardCallerID, Reason: "unconditional forward"}, nil
	}
	after := g.ForwardAfter
	if after <= 0 {
		after = groupRing
	}
	got, err := c.Dial(ctx, call.Dial{Parties: r.memberParties(c, g), Timeout: after, Group: e.Number})
	if err != nil {
		return end(), err
	}
	if got.Winner != nil {
		return r.connect(ctx, c, got.Winner)
	}
	m := dialplan.GroupMiss(got.Rung)
	if got.Miss == dialplan.MissBusy {
		m = dialplan.MissBusy
	}
	return r.missed(ctx, c, m, g.Forwards.On(m), g.ForwardCallerID, "group "+e.Number), nil
}

// memberParties are the members to ring, each with its own forwards where the group
// allows them (EXT-GRP-02).
func (r *Router) memberParties(c *call.Call, g *dialplan.Group) []call.Party {
	var decisions []dialplan.MemberDecision
	c.Live().Offer(func(facts func(string) dialplan.DeviceFacts) []*dialplan.Channel {
		decisions = dialplan.RingGroup(c.Account, g, c.FromExtension, facts)
		var chosen []*dialplan.Channel
		for _, d := range decisions {
			chosen = append(chosen, d.Ring...)
		}
		return chosen
	})
	var out []call.Party
	for _, d := range decisions {
		c.Trace("group", "member "+d.Member+": "+d.Reason)
		if to := d.Forward(); len(to) > 0 {
			c.Trace("group", "member "+d.Member+" forwards to "+list(to))
			out = append(out, r.parties(c, r.allowed(c, d.Member, to), g.ForwardCallerID, alertGroup)...)
			continue
		}
		if len(d.Ring) == 0 {
			continue
		}
		p := r.devices(c, d.Member, d.Ring, alertGroup)
		if g.AllowMemberForwards {
			u := c.Account.User(d.Member)
			if len(u.Forwards.NoAnswer) > 0 {
				p.Ring = u.RingTimeout
			}
			p.Missed = func(m dialplan.Miss) []call.Party {
				return r.parties(c, r.allowed(c, d.Member, u.Forwards.On(m)), g.ForwardCallerID, alertGroup)
			}
		}
		out = append(out, p)
	}
	return out
}
