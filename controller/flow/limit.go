package flow

import (
	"context"
	"fmt"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// limit lets so many calls through at a time; a call holds its place until it ends
// (EXT-LIM-01). Where they go they show the number that it says (EXT-LIM-02).
func (r *Router) limit(ctx context.Context, c *call.Call, e *dialplan.Extension, l *dialplan.CallLimit) (Next, error) {
	if c.Shown = l.CallerID.Number(); l.CallerID == dialplan.ForwardCalled {
		c.Shown = c.Dialed
	}
	n, ok := c.Live().Enter(c, e.ID, l.Calls)
	if ok {
		c.Trace("limit", fmt.Sprintf("extension %s: call %d of %d goes to %s", e.Number, n, l.Calls, l.Within))
		return Next{To: []dialplan.Destination{l.Within}, CallerID: l.CallerID, Reason: "within the limit"}, nil
	}
	full := fmt.Sprintf("extension %s: all %d places are taken", e.Number, l.Calls)
	if !l.Above.IsZero() {
		c.Trace("limit", full+": goes to "+l.Above.String())
		return Next{To: []dialplan.Destination{l.Above}, CallerID: l.CallerID, Reason: "above the limit"}, nil
	}
	c.Trace("limit", full+": busy")
	return end(), r.busy(ctx, c)
}

// busyTone is how long somebody who has been answered hears that there is no place.
const busyTone = 5 * time.Second

// busy refuses a call as busy; a caller who has been answered hears the tone.
func (r *Router) busy(ctx context.Context, c *call.Call) error {
	if c.Caller.Answered() {
		var beeps []engine.Source
		for range busyTone / time.Second {
			beeps = append(beeps, engine.Source{Beep: &engine.Beep{Hz: 425, Duration: time.Second / 2}}, engine.Source{Silence: time.Second / 2})
		}
		if err := c.Play(ctx, beeps); err != nil {
			return err
		}
	}
	c.Refuse(ctx, engine.CauseBusy)
	return nil
}
