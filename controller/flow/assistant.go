package flow

import (
	"context"

	"callplane/controller/call"
	"callplane/dialplan"
)

// assistants rings the assistant group of a manager in the manager's place (FAC-ASSIST-01). The manager is told by
// presence and may pick the call up. ok is false when the manager is rung as usual.
func (r *Router) assistants(ctx context.Context, c *call.Call, e *dialplan.Extension, u *dialplan.User, by string) (next Next, ok bool, err error) {
	var ring []dialplan.MemberDecision
	c.Live().Offer(func(facts func(string) dialplan.DeviceFacts) (chosen []*dialplan.Channel) {
		if ring, ok = c.Account.RingAssistants(e.Number, []string{by, c.FromExtension}, c.FromExtension, facts); ok {
			for _, d := range ring {
				chosen = append(chosen, d.Ring...)
			}
		}
		return chosen
	})
	if !ok {
		return end(), false, nil
	}
	var parties []call.Party
	misses := make([]dialplan.Miss, 0, len(ring))
	for _, d := range ring {
		c.Trace("assistant", "assistant "+d.Member+" of "+e.Number+": "+d.Reason)
		if len(d.Ring) > 0 {
			parties = append(parties, r.devices(c, d.Member, d.Ring, alertDirect(c)))
		} else {
			misses = append(misses, d.Miss)
		}
	}
	if len(parties) == 0 {
		return r.missedUser(ctx, c, dialplan.MissOf(misses), e, u), true, nil
	}
	got, err := c.Dial(ctx, call.Dial{Parties: parties, Timeout: u.RingTimeout, Manager: e.Number})
	switch {
	case err != nil:
		return end(), true, err
	case got.Winner != nil:
		next, err = r.connect(ctx, c, got.Winner)
		return next, true, err
	}
	return r.missedUser(ctx, c, got.Miss, e, u), true, nil
}
