package flow

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// takeover does what somebody asks for who dials to get another's call; ok is false when dialled is something else.
func (r *Router) takeover(ctx context.Context, c *call.Call, d dialplan.Classified) (next Next, ok bool, err error) {
	switch {
	case d.Class == dialplan.DialExtension && c.Caller.Info.Headers["Replaces"] != "":
		// A phone that takes over the dialog it was shown (RFC 3891). No engine knows that dialog: what is shown is a user's state.
		next, err = r.pickup(ctx, c, d.Extension)
		return next, true, err
	case d.Class == dialplan.DialCode && strings.HasPrefix(d.Argument, "**") && len(d.Argument) > 2:
		// The target that FreeSWITCH shows with a state.
		next, err = r.pickup(ctx, c, d.Argument[2:])
		return next, true, err
	case d.Class == dialplan.DialCode && strings.HasPrefix(d.Argument, "*8"):
		next, err = r.pickup(ctx, c, d.Argument[2:])
		return next, true, err
	case d.Class == dialplan.DialCode && d.Argument == "*9":
		next, err = r.switchDevice(ctx, c)
		return next, true, err
	case d.Class == dialplan.DialSystem && d.System == dialplan.SysRetrieveParked && d.Argument != "":
		next, err = r.retrieve(ctx, c, d.Argument)
		return next, true, err
	}
	return end(), false, nil
}

// pickup takes the call that has rung longest where the user may pick up (FEA-PICK-01). Whoever is too late
// tries the next.
func (r *Router) pickup(ctx context.Context, c *call.Call, at string) (Next, error) {
	ringing := c.Live().Ringing()
	for {
		offers := make([]dialplan.Offer, len(ringing))
		for i, x := range ringing {
			offers[i] = x.Offer
		}
		i, reason, forbidden := c.Account.Pickup(c.FromExtension, at, offers)
		c.Trace("pickup", reason)
		switch {
		case forbidden:
			r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", reason)
			return end(), nil
		case i < 0:
			r.refuse(ctx, c, engine.CauseNotFound, "pickup.none", reason)
			return end(), nil
		}
		taken, err := c.Give(ctx, ringing[i].Call, call.ToTalk)
		if err != nil {
			return end(), err
		}
		if taken {
			return end(), call.ErrMoved
		}
		c.Trace("pickup", "somebody else was faster")
		ringing = slices.Delete(ringing, i, i+1)
	}
}

// retrieve takes a parked call from its line (FEA-PARK-01).
func (r *Router) retrieve(ctx context.Context, c *call.Call, line string) (Next, error) {
	n, _ := strconv.Atoi(line) // digits, else it would not be a line
	p, ok := c.Live().Parked(n)
	if !ok {
		r.refuse(ctx, c, engine.CauseNotFound, "park.none", "nobody is parked on line "+line)
		return end(), nil
	}
	if c.FromExtension != p.By && !c.Account.RightsOver(c.FromExtension, p.By).ParkRetrieve {
		r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", c.FromExtension+" has no right to retrieve what "+p.By+" parks")
		return end(), nil
	}
	taken, err := c.Give(ctx, p.Call, call.ToTalk)
	if err != nil {
		return end(), err
	}
	if taken {
		return end(), call.ErrMoved
	}
	r.refuse(ctx, c, engine.CauseNotFound, "park.none", "the call on line "+line+" was retrieved by somebody else")
	return end(), nil
}
