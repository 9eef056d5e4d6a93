package call

import (
	"context"
	"errors"
	"time"

	"callplane/controller/engine"
)

// StartMusic plays the account's hold music to the caller until something else is played or bridged.
func (c *Call) StartMusic(ctx context.Context) error { return c.StartMusicOf(ctx, "") }

// Tell plays sources to a leg that is not the caller's and hangs it up at the end, while the call goes on; the
// end comes in Await.
func (c *Call) Tell(ctx context.Context, l *Leg, sources []engine.Source) {
	if c.PlayTo(ctx, l, sources, false) != nil {
		c.Drop(ctx, l)
	}
}

// Await waits until a leg of another call joins this one (Give), or the time is over: then it is nil. Legs that are told
// something are hung up when it is said.
func (c *Call) Await(ctx context.Context, limit time.Duration, told *Leg) (*Leg, error) {
	timer, stop := c.rt.clock.Timer(limit)
	defer stop()
	c.takes = func(_ *Leg, why Purpose) bool { return why == ToTalk }
	defer func() { c.takes = nil }()
	for {
		if told != nil && told.play == "" {
			c.Drop(ctx, told)
			told = nil
		}
		ev, err := c.next(ctx, timer)
		if errors.Is(err, ErrTimeout) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if j, ok := ev.(Joined); ok {
			if told != nil {
				c.Drop(ctx, told)
			}
			return j.Of, nil
		}
	}
}

// Pause lets d go by; it ends early with the error of ctx. What happens meanwhile is left to who waits next.
func (c *Call) Pause(ctx context.Context, d time.Duration) error {
	timer, stop := c.rt.clock.Timer(d)
	defer stop()
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if !c.rt.clock.Idle() {
			break
		}
		select {
		case <-timer:
			return nil
		default:
		}
	}
	select {
	case <-timer:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// settleTime is how long a phone that has transferred may take to end its calls by itself.
const settleTime = 3 * time.Second

// Settle waits a while for the legs of the call to end by themselves.
func (c *Call) Settle() error {
	timer, stop := c.rt.clock.Timer(settleTime)
	defer stop()
	for c.anyUp() {
		if _, err := c.next(c.rt.base, timer); errors.Is(err, ErrTimeout) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}
