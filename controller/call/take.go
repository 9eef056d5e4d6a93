package call

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
)

// Take is a recording of what the caller says.
type Take struct {
	ID   engine.RecordID // for Collect after an interruption; empty: one is made
	File string          // absolute path, ends in .wav; its folder is there
	// Max ends it; so does Silence of this length. 0: no limit.
	Max, Silence time.Duration
	// Stop are the keys that end it; empty: #. Other keys are passed over.
	Stop string
}

// Taken is how a recording of the caller ended.
type Taken struct {
	Duration time.Duration
	// Key that the caller ended it with; 0: none.
	Key byte
	// Err says why there is no usable file.
	Err error
}

// takeTime is how long an engine may take to complete a file after the recording has ended.
const takeTime = 5 * time.Second

// Take records the caller, who has been answered, until a key, silence, the longest time or the end of the
// call. When the caller hangs up in the middle, the file holds what was said: Taken tells of it
// beside the error.
func (c *Call) Take(ctx context.Context, t Take) (Taken, error) {
	id := t.ID
	if id == "" {
		id = engine.RecordID(uuid.NewString())
	}
	c.Caller.digits = nil
	err := c.Caller.Engine.Record(ctx, c.Caller.ID, engine.Recording{ID: id, File: t.File, Scope: engine.RecordLeg, Max: t.Max, Silence: t.Silence})
	if err := c.failed(c.Caller, "record", err); err != nil {
		return Taken{Err: err}, err
	}
	keys := t.Stop
	if keys == "" {
		keys = "#"
	}
	var got Taken
	for {
		ev, err := c.next(ctx, nil)
		if err != nil {
			return c.leftTake(got, id, err)
		}
		if done, ok := ev.(engine.RecordDone); ok && done.Record == id {
			got.Duration, got.Err = done.Duration, done.Err
			if got.Key == 0 {
				return got, c.leaving()
			}
			return got, nil
		}
		for len(c.Caller.digits) > 0 && got.Key == 0 {
			d := c.Caller.digits[0]
			c.Caller.digits = c.Caller.digits[1:]
			if strings.IndexByte(keys, d) < 0 {
				continue
			}
			got.Key = d
			if err := c.failed(c.Caller, "stop recording of", c.Caller.Engine.StopRecord(ctx, c.Caller.ID, id)); err != nil {
				return c.leftTake(got, id, err)
			}
		}
	}
}

// leavingTime is how long after the end of a recording or playback the Hangup may come that ended it.
const leavingTime = 200 * time.Millisecond

// leaving tells the caller's hang-up from silence, or from the end of what is played: of the two ends the engine may tell the other first.
func (c *Call) leaving() error { return c.Pause(c.Caller.ctx, leavingTime) }

// leftTake waits for the end of a recording after err: the engine tells it before the end of the leg.
func (c *Call) leftTake(got Taken, id engine.RecordID, err error) (Taken, error) {
	timer, stop := c.rt.clock.Timer(takeTime)
	defer stop()
	for {
		ev, end := c.next(c.rt.base, timer)
		switch {
		case errors.Is(end, ErrTimeout):
			got.Err = errors.New("the engine did not tell the end of a recording")
			return got, err
		case end != nil: // the controller stops; the engine goes on
			got.Err = end
			return got, err
		}
		switch ev := ev.(type) {
		case engine.RecordDone:
			if ev.Record == id {
				got.Duration, got.Err = ev.Duration, ev.Err
				return got, err
			}
		case engine.Hangup:
			if ev.Leg() == c.Caller.ID {
				got.Err = errors.New("the leg ended without telling the end of its recording")
				return got, err
			}
		}
	}
}
