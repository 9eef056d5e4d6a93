package flow

import (
	"context"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/controller/feature"
	"callplane/dialplan"
)

// connect lets two parties talk; afterwards the call ends, or goes where a transfer sends the one who stays.
func (r *Router) connect(ctx context.Context, c *call.Call, l *call.Leg) (Next, error) {
	c.ReturnTo = dialplan.Destination{} // it has been answered
	talked, err := c.Talk(ctx, l)
	for err == nil {
		switch t := talked.Transfer; {
		case talked.Gone:
			c.Trace("transfer", "the conversation goes on in another call")
			c.End(engine.CauseTransferred)
			return end(), c.Settle()
		case talked.Feature == dialplan.FeatureAssist, talked.Feature == dialplan.FeatureAssistNoMore:
			r.assist(ctx, c, talked.By, talked.Feature == dialplan.FeatureAssist)
			talked, err = c.TalkOn(ctx, l)
		case talked.Feature == dialplan.FeaturePark:
			other := l
			if talked.By == l {
				other = c.Caller
			}
			if u := c.Account.User(talked.By.Extension); u == nil || !u.Permissions.Parking {
				c.Trace("park", talked.By.String()+" has no permission to park")
				talked, err = c.TalkOn(ctx, l)
				continue
			}
			parker := dialplan.Destination{Extension: talked.By.Extension}
			c.At(parker) // where it goes after a restart
			p, err2 := feature.Park(c, talked.By, other)
			ctx = c.Context()
			switch {
			case err2 != nil:
				return end(), err2
			case p.Line == 0:
				talked, err = c.TalkOn(ctx, l)
			case p.By != nil:
				r.became(c, other)
				c.Trace("park", p.By.String()+" retrieves "+other.String())
				l = p.By
				talked, err = c.Talk(ctx, l)
			default:
				r.became(c, other)
				c.ReturnTo = parker
				c.Trace("park", "nobody has retrieved the call in "+c.Account.ParkTime().String())
				return end(), nil
			}
		case t == nil:
			c.End(engine.CauseNormal)
			return end(), nil
		default:
			by, stays := c.Leg(t.Leg()), c.Leg(t.Peer)
			if stays == nil {
				c.Trace("transfer", "there is nobody to transfer")
				return end(), nil
			}
			c.Become(stays)
			ctx = c.Context()
			r.became(c, stays)
			if t.OtherPeer == "" {
				c.Trace("transfer", by.String()+" transfers "+stays.String()+" to "+t.Target)
				c.ReturnTo = dialplan.Destination{Extension: by.Extension}
				if by.Extension == "" {
					c.ReturnTo.External = by.Number
				}
				to := c.Account.ParseDestination(t.Target)
				if to.External != "" && r.unlisted(ctx, c, by, to.External) {
					return end(), nil
				}
				return Next{To: []dialplan.Destination{to}, By: by.Extension, Input: true, Reason: "transfer"}, nil
			}
			if l, err = c.Fetch(ctx, t.OtherPeer); err != nil {
				return end(), err
			}
			if l == nil {
				c.Trace("transfer", "the other party has gone")
				c.End(engine.CauseNormal)
				return end(), nil
			}
			c.Trace("transfer", by.String()+" connects "+stays.String()+" with "+l.String())
			talked, err = c.TalkOn(ctx, l)
		}
	}
	return end(), err
}

// became makes who stays the one who calls, as callees see it.
func (r *Router) became(c *call.Call, stays *call.Leg) {
	if stays.Info.ID != "" && stays.Extension == c.FromExtension {
		return // it called
	}
	c.Prefix = ""
	c.FromExtension = stays.Extension
	c.From = engine.Identity{Number: stays.Number}
	if e := c.Account.Extensions[stays.Extension]; e != nil {
		c.From = engine.Identity{Number: e.Number, Name: e.Name}
	}
}

// comeBack rings the one who transferred or parked a call that nobody took; if they don't answer, it ends.
func (r *Router) comeBack(ctx context.Context, c *call.Call) (Next, error) {
	to := c.ReturnTo
	c.ReturnTo = dialplan.Destination{}
	c.Trace("transfer", "nobody was reached: back to "+to.String())
	c.At(to)
	d := call.Dial{Parties: r.parties(c, []dialplan.Destination{to}, "", alertDirect(c))}
	if u := c.Account.User(to.Extension); u != nil {
		d.Timeout = u.RingTimeout
	}
	got, err := c.Dial(ctx, d)
	if err != nil {
		return end(), err
	}
	if got.Winner != nil {
		return r.connect(ctx, c, got.Winner)
	}
	return r.missed(ctx, c, got.Miss, nil, "", to.String()), nil
}
