package call

import (
	"context"
	"time"

	"callplane/controller/engine"
)

// Side is a call on the side: one party of a conversation, the caller now, is connected with somebody else while the
// other party hears music (FEA-XFER-02). Nothing that happens to it ends the caller's leg.
type Side struct {
	// Key is asked for every key that the caller presses while phones ring; its error ends the ringing.
	Key func(digit byte, at time.Time) error
	// Answered is who was reached.
	Answered *Leg
}

// key passes a key of the caller to whom it concerns.
func (c *Call) key(ev engine.Event) error {
	d, ok := ev.(engine.DTMF)
	if !ok || c.Side == nil || d.Leg() != c.Caller.ID {
		return nil
	}
	c.Caller.digits = nil
	return c.Side.Key(d.Digit, d.At)
}

// Base is a context that outlives every leg of the call.
func (c *Call) Base() context.Context { return c.rt.base }

// Next waits for the next event of the call; the hang-up of the caller is one, if ctx does not end with it.
// ErrTimeout is the end of timer. Digits are the event's only.
func (c *Call) Next(ctx context.Context, timer <-chan time.Time) (engine.Event, error) {
	c.talking = true
	ev, err := c.next(ctx, timer)
	c.talking = false
	if ev == nil {
		return ev, err
	}
	l := c.leg(ev.Leg())
	switch ev.(type) {
	case engine.DTMF:
		if l != nil {
			l.digits = nil
		}
	case engine.Held, engine.Unheld:
		if l == nil || l.bridged == "" {
			break
		}
		if other := c.leg(l.bridged); other != nil {
			c.phoneHeld(ctx, ev, other)
		}
	}
	return ev, err
}

// Here tells whether the leg is up and of this call.
func (c *Call) Here(l *Leg) bool {
	return l != nil && l.Up() && l.condemned == engine.CauseUnknown && context.Cause(l.ctx) == nil && c.leg(l.ID) == l
}

// Transferred tells that the leg was ended by a transfer of its phone.
func (l *Leg) Transferred() bool { return l.ended != nil && l.ended.Cause == engine.CauseTransferred }

// Role of the leg in a call on the side.
func (l *Leg) Role() Role { return l.role }

// With tells whether the leg is connected with o.
func (l *Leg) With(o *Leg) bool { return o != nil && l.bridged == o.ID && o.bridged == l.ID }

// Connect lets two answered legs hear each other and nobody else.
func (c *Call) Connect(ctx context.Context, a, b *Leg) error {
	return c.bridge(ctx, a, b)
}

// Apart takes a leg out of its bridge.
func (c *Call) Apart(ctx context.Context, l *Leg) error {
	return c.failed(l, "unbridge", l.Engine.Unbridge(ctx, l.ID))
}

// Hold plays the hold music to a leg until something else is played to it or it is connected.
func (c *Call) Hold(ctx context.Context, l *Leg) error {
	list := c.music("")
	if len(list) == 0 {
		return nil
	}
	return c.PlayTo(ctx, l, list, true)
}

// Merge lets all legs hear each other.
func (c *Call) Merge(ctx context.Context, id engine.MixID, legs ...*Leg) {
	for _, l := range legs {
		_ = c.failed(l, "mix", l.Engine.Mix(ctx, id, l.ID))
	}
}

// Show lets the phone of a leg display who the other party is.
func (c *Call) Show(ctx context.Context, l *Leg, who engine.Identity) {
	if who.Number == "" && !who.Anonymous || !l.Up() {
		return
	}
	_ = c.failed(l, "update display of", l.Engine.UpdateCallerID(ctx, l.ID, who))
}

// Role marks the legs of a call on the side, for a controller that restarts.
type Role string

// Roles.
const (
	RoleHeld  Role = "held"  // hears music, or is in the mix
	RoleAsked Role = "asked" // whom the caller consults
)

// Cast gives a leg a role from here on.
func (c *Call) Cast(l *Leg, r Role) {
	if l.role != r {
		l.role = r
		l.dirty = true
		c.dirty = true
	}
}
