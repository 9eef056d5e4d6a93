package call

import (
	"time"

	"callplane/store"
)

// write hands the call's record to the writer.
func (c *Call) write() {
	rec := store.CallRecord{
		ID: c.ID, Direction: c.Direction,
		CallerNumber: c.first.Number, CallerName: c.first.Name, Dialed: c.Dialed,
		Started: c.started, Answered: c.answer, Ended: c.Now(),
		Cause: c.cause.String(),
	}
	if c.Account != nil {
		rec.AccountID = c.Account.ID
	} else {
		rec.CallerNumber, rec.CallerName = c.From.Number, c.From.Name
	}
	for _, l := range c.legs {
		r := l.record
		r.SIPCallID = l.Info.SIPCallID
		r.Extension, r.Channel, r.Trunk, r.Number = l.Extension, l.Channel, l.Trunk, l.Number
		r.Target = l.String()
		r.Direction = store.LegOutbound
		if l.Info.ID != "" {
			r.Direction = store.LegInbound
		}
		rec.Legs = append(rec.Legs, r)
	}
	c.mu.Lock()
	rec.Trace = c.trace
	c.mu.Unlock()
	c.rt.metrics.ended(rec)
	if c.Account == nil {
		// Refused before it was anybody's: nothing to keep in an account's records.
		c.log.Info("call refused", "cause", rec.Cause, "caller", rec.CallerNumber, "dialed", rec.Dialed, "reason", lastReason(rec.Trace))
		return
	}
	c.log.Info("call ended", "cause", rec.Cause, "direction", rec.Direction, "caller", rec.CallerNumber,
		"dialed", rec.Dialed, "duration", rec.Ended.Sub(rec.Started).Round(time.Millisecond))
	c.rt.record(rec)
}

func lastReason(trace []store.TraceStep) string {
	if len(trace) == 0 {
		return ""
	}
	return trace[len(trace)-1].Reason
}
