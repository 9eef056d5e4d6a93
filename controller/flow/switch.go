package flow

import (
	"context"

	"callplane/controller/call"
	"callplane/controller/engine"
)

// switchDevice takes the user's own conversation over to the phone that calls (FEA-SWITCH-01): the one that began last, at another
// phone if there is one.
func (r *Router) switchDevice(ctx context.Context, c *call.Call) (Next, error) {
	var other, same []call.Conversation
	for _, v := range c.Live().Conversations(c.FromExtension) {
		if v.Channel == c.Caller.Channel {
			same = append(same, v)
		} else {
			other = append(other, v)
		}
	}
	all := append(same, other...)
	for i := len(all) - 1; i >= 0; i-- {
		taken, err := c.Give(ctx, all[i].Call, call.ToSwitch)
		if err != nil {
			return end(), err
		}
		if taken {
			return end(), call.ErrMoved
		}
		c.Trace("switch", "a conversation ended, or does not let go")
	}
	r.refuse(ctx, c, engine.CauseNotFound, "switch.none", c.FromExtension+" has no conversation to go on with")
	return end(), nil
}
