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
	if c.Side != nil {
		c.Side.Answered = l
		return end(), errReached
	}
	c.ReturnTo = dialplan.Destination{} // it has been answered
	if err := c.Meet(ctx, l); err != nil {
		return end(), err
	}
	if l.Info.ID != "" { // it called us to pick up
		r.introduce(c, c.Caller, l)
	}
	talked, err := c.TalkOn(ctx, l)
	return r.talk(ctx, c, l, talked, err)
}

// goOn is connect for a conversation that begins with the end of a consultation.
func (r *Router) goOn(c *call.Call, settle func() (settled, error)) (Next, error) {
	out, err := settle()
	switch {
	case err != nil:
		return end(), err
	case out.transfer != nil:
		return r.talk(c.Context(), c, nil, call.Talked{Transfer: out.transfer}, nil)
	case out.with != nil:
		talked, err := c.TalkOn(c.Context(), out.with)
		return r.talk(c.Context(), c, out.with, talked, err)
	}
	return out.next, nil
}

// talk follows what the two parties of a conversation do: l and the caller.
func (r *Router) talk(ctx context.Context, c *call.Call, l *call.Leg, talked call.Talked, err error) (Next, error) {
	for err == nil {
		other := l
		if talked.By == l {
			other = c.Caller
		}
		switch t := talked.Transfer; {
		case talked.Gone:
			c.Trace("transfer", "the conversation goes on in another call")
			c.End(engine.CauseTransferred)
			return end(), c.Settle()
		case talked.Feature == dialplan.FeatureAssist, talked.Feature == dialplan.FeatureAssistNoMore:
			r.assist(ctx, c, talked.By, talked.Feature == dialplan.FeatureAssist)
			talked, err = c.TalkOn(ctx, l)
		case talked.Switched != nil:
			l = r.switched(c, l, talked.Switched)
			ctx = c.Context()
			talked, err = c.TalkOn(ctx, l)
		case talked.Feature == dialplan.FeatureHold:
			if c.Account.User(talked.By.Extension) == nil {
				talked, err = c.TalkOn(ctx, l)
				continue
			}
			return r.goOn(c, func() (settled, error) { return r.consult(c, talked.By, other) })
		case talked.Feature == dialplan.FeaturePark:
			u := c.Account.User(talked.By.Extension)
			if u == nil || !u.Permissions.Parking {
				c.Trace("park", talked.By.String()+" has no permission to park")
				if u != nil {
					_ = c.PlayTo(ctx, talked.By, c.Prompt("call.not_allowed", languageOf(c, u.Language)), false)
				}
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
				_ = c.PlayTo(ctx, talked.By, c.Prompt("park.full", languageOf(c, u.Language)), false)
				talked, err = c.TalkOn(ctx, l)
			case p.By != nil:
				r.became(c, other)
				c.Trace("park", p.By.String()+" retrieves "+other.String())
				l = p.By
				if err = c.Meet(ctx, l); err == nil {
					r.introduce(c, other, l)
					talked, err = c.TalkOn(ctx, l)
				}
			default:
				r.became(c, other)
				c.ReturnTo = parker
				c.Trace("park", "nobody has retrieved the call in "+c.Account.ParkTime().String())
				return end(), nil
			}
		case t == nil && c.Account.Bot(l.Extension) != nil:
			return r.botLeft(ctx, c, l, talked.Cause)
		case t == nil:
			c.End(engine.CauseNormal)
			return end(), nil
		default:
			by, stays := c.Leg(t.Leg()), c.Leg(t.Peer)
			if by != nil && by != c.Caller && c.Account.Bot(by.Extension) != nil && t.OtherPeer == "" {
				return r.botReturns(c.Context(), c, by, t)
			}
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
			r.introduce(c, stays, l)
			talked, err = c.TalkOn(ctx, l)
		}
	}
	return end(), err
}

// switched lets n take the place of the leg of the same user and gives whom the caller talks to from then on.
func (r *Router) switched(c *call.Call, l, n *call.Leg) *call.Leg {
	base := c.Base()
	old, other := l, c.Caller
	if n.Extension != l.Extension || n.Extension == c.Caller.Extension && c.Caller.Channel != n.Channel && l.Channel == n.Channel {
		old, other = c.Caller, l
	}
	c.Trace("switch", n.Extension+" goes on with "+n.String()+" instead of "+old.String())
	_ = c.AnswerJoined(base, n)
	_ = c.Connect(base, other, n) // who has gone is seen in the conversation
	c.Drop(base, old)
	c.Show(base, n, r.shown(c, other))
	if old == c.Caller {
		c.Become(n)
		return l
	}
	return n
}

// became makes who stays the one who calls, as callees see it.
func (r *Router) became(c *call.Call, stays *call.Leg) {
	if stays.Info.ID != "" && stays.Extension == c.FromExtension {
		return // it called
	}
	c.Prefix, c.Shown = "", ""
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
