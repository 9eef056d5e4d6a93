package call

import (
	"context"
	"errors"
	"time"

	"callplane/controller/engine"
)

// Talked is how a conversation ended while the caller is still there.
type Talked struct {
	// Cause with which the other party left.
	Cause engine.Cause
	// Transfer is set when one of the two phones transferred the other (REFER).
	Transfer *engine.Transfer
}

// rebridgeAfter is how long a bridge may be gone without a reason before it is built again.
const rebridgeAfter = time.Second

// Talk answers the caller, connects it with l and returns when the conversation is over: the
// other party left, or one was transferred. The caller's own hang-up is the error.
func (c *Call) Talk(ctx context.Context, l *Leg) (Talked, error) {
	if err := c.Answer(ctx); err != nil {
		return Talked{}, err
	}
	c.show(func(s *Summary) { s.With = l.String() })
	if c.Caller.bridged != l.ID || l.bridged != c.Caller.ID {
		if err := c.connect(ctx, l); err != nil {
			return Talked{}, err
		}
	}
	timer := time.NewTimer(rebridgeAfter)
	defer timer.Stop()
	for {
		if !l.Up() {
			return Talked{Cause: l.ended.Cause}, nil
		}
		var lost <-chan time.Time
		if c.Caller.bridged == "" {
			timer.Reset(rebridgeAfter)
			lost = timer.C
		}
		ev, err := c.next(ctx, lost)
		switch {
		case errors.Is(err, ErrTimeout):
			c.Trace("talk", "the bridge was lost and is built again")
			if err := c.connect(ctx, l); err != nil {
				return Talked{}, err
			}
			continue
		case err != nil:
			return Talked{}, err
		}
		if tr, ok := ev.(engine.Transfer); ok {
			return Talked{Transfer: &tr}, nil
		}
	}
}

// connect bridges; when l has gone meanwhile its Hangup is waiting and tells the rest.
func (c *Call) connect(ctx context.Context, l *Leg) error {
	err := c.Caller.Engine.Bridge(ctx, c.Caller.ID, l.ID)
	if err == nil || errors.Is(err, engine.ErrNoLeg) {
		return nil
	}
	return c.failed(l, "bridge", err)
}

// Become makes l the leg whose hang-up ends the call; the flow goes on with the context
// of l. What was the caller ends as the engine tells.
func (c *Call) Become(l *Leg) {
	c.Caller = l
	c.dirty = true
}

// Leg finds a leg of the call, or nil.
func (c *Call) Leg(id engine.LegID) *Leg { return c.leg(id) }

// Refuse ends the caller with a cause.
func (c *Call) Refuse(ctx context.Context, cause engine.Cause) {
	c.cause = cause
	c.hangup(ctx, c.Caller, cause)
}

// Context of the call: it ends when the caller's leg does, or the controller stops.
func (c *Call) Context() context.Context { return c.Caller.ctx }

// DropOthers hangs up every leg but the caller's: what was being rung when the controller
// went away.
func (c *Call) DropOthers(ctx context.Context) {
	for _, l := range c.legs {
		if l != c.Caller {
			c.hangup(ctx, l, engine.CauseCancelled)
		}
	}
}
