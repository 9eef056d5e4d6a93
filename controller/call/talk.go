package call

import (
	"context"
	"errors"
	"time"

	"callplane/controller/engine"
	"callplane/dialplan"
)

// Talked is how a conversation ended while the caller is still there.
type Talked struct {
	// Cause with which the other party left.
	Cause engine.Cause
	// Transfer is set when one of the two phones transferred the other (REFER).
	Transfer *engine.Transfer
	// Feature is what By asked for by pressing digits.
	Feature dialplan.Feature
	By      *Leg
	// Gone: the conversation goes on in another call.
	Gone bool
	// Switched is another leg of one of the two, who wants to go on with that (SYS-909).
	Switched *Leg
}

// rebridgeAfter is how long a bridge may be gone without a reason before it is built again.
const rebridgeAfter = time.Second

// Talk answers the caller, connects it with l and returns when the conversation is over: the
// other party left, or one was transferred, or asks for something by digits. The caller's own hang-up is the error.
func (c *Call) Talk(ctx context.Context, l *Leg) (Talked, error) {
	if err := c.Meet(ctx, l); err != nil {
		return Talked{}, err
	}
	return c.TalkOn(ctx, l)
}

// Meet answers the caller and connects it with l.
func (c *Call) Meet(ctx context.Context, l *Leg) error {
	if err := c.Answer(ctx); err != nil {
		return err
	}
	if err := c.AnswerJoined(ctx, l); err != nil {
		return err
	}
	if c.Caller.bridged != l.ID || l.bridged != c.Caller.ID {
		return c.connect(ctx, l)
	}
	return nil
}

// TalkOn is Talk for a conversation that the engine connects by itself, after an attended transfer.
func (c *Call) TalkOn(ctx context.Context, l *Leg) (Talked, error) {
	c.show(func(s *Summary) { s.With = l.String() })
	c.talking = true
	defer func() { c.talking = false }()
	if c.rt.talks != nil {
		c.rt.talks(ctx, c, l)
	}
	defer c.endHolds(l)
	defer c.converse(c.Caller, l)()
	defer c.Switchable(c.Caller, l)()
	codes := make(map[engine.LegID]*dialplan.FeatureMatcher)
	timer := time.NewTimer(rebridgeAfter)
	defer timer.Stop()
	var asked <-chan time.Time // until when another call may ask for who stays
	for {
		if t := c.sendOn(); t != nil {
			return Talked{Transfer: t}, nil
		}
		away := !c.Caller.Up() && c.Caller.ended.Cause == engine.CauseTransferred || !l.Up() && l.ended.Cause == engine.CauseTransferred
		switch {
		case away && asked == nil:
			// One of the phones has joined the other party with somebody of another call, which will ask for it.
			asked = time.After(FetchTime)
		case !l.Up() && !away:
			return Talked{Cause: l.ended.Cause}, nil
		}
		lost := asked
		if c.Caller.bridged == "" && !away {
			timer.Reset(rebridgeAfter)
			lost = timer.C
		}
		ev, err := c.next(ctx, lost)
		switch {
		case errors.Is(err, ErrTimeout) && away:
			return Talked{Cause: engine.CauseTransferred}, nil
		case errors.Is(err, ErrTimeout):
			c.Trace("talk", "the bridge was lost and is built again")
			if err := c.connect(ctx, l); err != nil {
				return Talked{}, err
			}
			continue
		case err != nil:
			return Talked{}, err
		}
		switch ev := ev.(type) {
		case engine.Transfer:
			return Talked{Transfer: &ev}, nil
		case Joined:
			return Talked{Switched: ev.Of}, nil
		case Left:
			return Talked{Gone: true, Cause: engine.CauseTransferred}, nil
		case engine.Held, engine.Unheld:
			other := l
			if ev.Leg() == l.ID {
				other = c.Caller
			}
			c.phoneHeld(ctx, ev, other)
		case engine.DTMF:
			by := c.leg(ev.Leg())
			if by == nil {
				continue
			}
			by.digits = nil // they were for the other party
			m := codes[by.ID]
			if m == nil {
				m = new(dialplan.FeatureMatcher)
				codes[by.ID] = m
			}
			if f, ok := m.Press(ev.Digit, ev.At); ok {
				return Talked{Feature: f, By: by}, nil
			}
		}
	}
}

// Switchable lets another leg of the user of one of these legs, who talk, come to take its place (SYS-909), until the function that
// it returns is called. It comes as Joined.
func (c *Call) Switchable(legs ...*Leg) (over func()) {
	c.takes = func(n *Leg, why Purpose) bool {
		same := false
		for _, l := range legs {
			if !l.Up() {
				return false
			}
			same = same || n.Extension == l.Extension
		}
		return why == ToSwitch && n.Extension != "" && same
	}
	return func() { c.takes = nil }
}

// AnswerJoined answers a leg that called us and joined this call unanswered: somebody who picks up.
func (c *Call) AnswerJoined(ctx context.Context, l *Leg) error {
	if l.answered || l.Info.ID == "" {
		return nil
	}
	err := l.Engine.Answer(ctx, l.ID)
	if errors.Is(err, engine.ErrNoLeg) {
		return nil // its Hangup is on the way
	}
	return c.failed(l, "answer", err)
}

// connect bridges; when l has gone meanwhile its Hangup is waiting and tells the rest.
func (c *Call) connect(ctx context.Context, l *Leg) error { return c.bridge(ctx, c.Caller, l) }

func (c *Call) bridge(ctx context.Context, a, b *Leg) error {
	err := a.Engine.Bridge(ctx, a.ID, b.ID)
	if err == nil || errors.Is(err, engine.ErrNoLeg) {
		return nil
	}
	return c.failed(b, "bridge", err)
}

// Become makes l the leg whose hang-up ends the call; the flow goes on with the context
// of l. What was the caller ends as the engine tells.
func (c *Call) Become(l *Leg) {
	c.Caller = l
	c.dirty = true
}

// Legs of the call.
func (c *Call) Legs() []*Leg { return c.legs }

// Leg finds a leg of the call, or nil.
func (c *Call) Leg(id engine.LegID) *Leg { return c.leg(id) }

// Refuse ends the caller with a cause.
func (c *Call) Refuse(ctx context.Context, cause engine.Cause) {
	if c.Side != nil {
		return // it has somebody on hold
	}
	c.cause = cause
	c.hangup(ctx, c.Caller, cause)
}

// Context of the call: it ends when the caller's leg does, or the controller stops.
func (c *Call) Context() context.Context { return c.Caller.ctx }

// Drop hangs up a leg.
func (c *Call) Drop(ctx context.Context, l *Leg) { c.hangup(ctx, l, engine.CauseNormal) }

// DropOthers hangs up every leg but the caller's: what was being rung when the controller
// went away.
func (c *Call) DropOthers(ctx context.Context) {
	for _, l := range c.legs {
		if l != c.Caller {
			c.hangup(ctx, l, engine.CauseCancelled)
		}
	}
}

// DropRinging hangs up every leg that has not been answered.
func (c *Call) DropRinging(ctx context.Context) {
	for _, l := range c.legs {
		if l != c.Caller && !l.answered {
			c.hangup(ctx, l, engine.CauseCancelled)
		}
	}
}

// Unbridge takes the caller and whom it talks with apart; both stay.
func (c *Call) Unbridge(ctx context.Context) error {
	return c.failed(c.Caller, "unbridge", c.Caller.Engine.Unbridge(ctx, c.Caller.ID))
}
