package call

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// Recordings is where recordings go. *recording.Recorder is it.
type Recordings interface {
	// Begin notes a recording that is about to begin and says how the engine is to make it.
	Begin(rec *store.Recording, engineName string, scope engine.RecordScope) (engine.Recording, error)
	// Cancel forgets one that did not begin, Done takes the end of one that did.
	Cancel(engine.RecordID)
	Done(engine.RecordDone)
}

// ErrNoRecordings: this controller keeps no recordings.
var ErrNoRecordings = errors.New("there is no place for recordings")

// Assisted is what the user behind a leg wants of the assistant. It outlives a restart of the controller.
type Assisted string

// Wishes about the assistant; empty: none was told.
const (
	AssistAsked Assisted = "asked"
	AssistEnded Assisted = "ended"
)

// Assisted is what the user behind l has told.
func (l *Leg) Assisted() Assisted { return l.assisted }

// Assist notes what the user behind l wants from now on.
func (l *Leg) Assist(a Assisted) {
	l.dirty = l.dirty || l.assisted != a
	l.assisted = a
}

// Recording tells whether l is being recorded for a reason.
func (l *Leg) Recording(reason dialplan.RecordReason) bool { return l.recordings[reason] != "" }

// Record records a leg, which must have media, from now on: for each reason one recording at a time. by is who asked for it. A
// failure is in the trace and the log: no call ends for it.
func (c *Call) Record(ctx context.Context, l *Leg, reason dialplan.RecordReason, by string) error {
	if l.Recording(reason) || !l.Up() {
		return nil
	}
	err := c.record(ctx, l, reason, by)
	if err != nil && !errors.Is(err, engine.ErrNoLeg) {
		c.Trace("record", "recording "+l.String()+" failed: "+err.Error())
		c.log.Error("recording failed", "leg", l.ID, "reason", reason, "err", err)
	}
	return err
}

func (c *Call) record(ctx context.Context, l *Leg, reason dialplan.RecordReason, by string) error {
	if c.rt.recordings == nil {
		return ErrNoRecordings
	}
	e := c.Account.Extensions[l.Extension]
	if e == nil {
		return errors.New("it is nobody's of the account")
	}
	rec := store.Recording{
		Account: c.Account.ID, Call: c.ID, Reason: reason, UserID: e.ID, Extension: e.Number, RequestedBy: by,
		Outbound: l == c.Caller && l.Extension == c.FromExtension, Started: c.Now(),
	}
	rec.Number, rec.Name = c.other(l)
	scope := engine.RecordStereo
	switch {
	case reason == dialplan.RecordMemo:
		scope = engine.RecordLeg
	case c.Account.Recording.Mixed:
		scope = engine.RecordMixed
	}
	order, err := c.rt.recordings.Begin(&rec, l.Engine.Name(), scope)
	if err != nil {
		return err
	}
	if reason == dialplan.RecordMemo {
		order.Max = maxMemo
	}
	if err := l.Engine.Record(ctx, l.ID, order); err != nil {
		c.rt.recordings.Cancel(order.ID)
		return err
	}
	if l.recordings == nil {
		l.recordings = make(map[dialplan.RecordReason]engine.RecordID)
	}
	l.recordings[reason] = order.ID
	c.Trace("record", l.String()+" is recorded ("+string(reason)+")")
	return nil
}

// maxMemo is how long somebody may speak to the assistant.
const maxMemo = time.Hour

// other is the party that a leg talks with, by number and name.
func (c *Call) other(l *Leg) (number, name string) {
	if l != c.Caller {
		return c.From.Number, c.From.Name
	}
	for _, x := range c.legs {
		if x == l || !x.answered || !x.Up() || number != "" && x.ID != l.bridged {
			continue
		}
		if e := c.Account.Extensions[x.Extension]; e != nil {
			number, name = e.Number, e.Name
		} else if x.Number != "" {
			number, name = x.Number, ""
		}
	}
	if number != "" {
		return number, name
	}
	return c.Dialed, ""
}

// StopRecording ends the recording of a leg for a reason; its file is kept.
func (c *Call) StopRecording(ctx context.Context, l *Leg, reason dialplan.RecordReason) error {
	id := l.recordings[reason]
	if id == "" {
		return nil
	}
	return c.failed(l, "stop recording", l.Engine.StopRecord(ctx, l.ID, id))
}

// recorded: one recording of a leg is over.
func (c *Call) recorded(l *Leg, ev engine.RecordDone) {
	maps.DeleteFunc(l.recordings, func(_ dialplan.RecordReason, id engine.RecordID) bool { return id == ev.Record })
	if c.rt.recordings != nil {
		c.rt.recordings.Done(ev)
	}
}

// AwaitRecorded waits until a recording of the caller is over, or a key is pressed, which ends it.
func (c *Call) AwaitRecorded(ctx context.Context, reason dialplan.RecordReason) error {
	for c.Caller.Recording(reason) {
		if len(c.Caller.digits) > 0 {
			c.Caller.digits = nil
			if err := c.StopRecording(ctx, c.Caller, reason); err != nil {
				return err
			}
		}
		if !c.Caller.Recording(reason) {
			return nil
		}
		if _, err := c.next(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// recordAsked asks another call to have somebody of it recorded.
type recordAsked struct {
	toCall
	from *Call
	by   string
	at   string // extension; empty: whoever may is given
	may  func(*dialplan.Account, string) bool
}

// recordAnswer is the answer: whose calls are recorded now.
type recordAnswer struct {
	toCall
	of        *Call
	extension string
	forbidden bool
}

func (m *recordAnswer) arrive(*Call) engine.Event { return *m }

// arrive implements message. Whoever talks is recorded from now on, whoever rings as soon as they talk.
func (m *recordAsked) arrive(c *Call) engine.Event {
	answer := &recordAnswer{of: c}
	for _, l := range c.legs {
		if l.Extension == "" || !l.Up() || m.at != "" && l.Extension != m.at || c.Account == nil {
			continue
		}
		if !m.may(c.Account, l.Extension) {
			answer.forbidden = true
			continue
		}
		if l.answered {
			ctx, cancel := context.WithTimeout(c.rt.base, c.rt.limits.Cleanup)
			err := c.Record(ctx, l, dialplan.RecordOnDemand, m.by)
			cancel()
			if err != nil {
				continue
			}
		} else {
			if c.asked == nil {
				c.asked = make(map[string]string)
			}
			c.asked[l.Extension] = m.by
			c.Trace("record", m.by+" has "+l.Extension+" recorded when they answer")
		}
		if answer.extension = l.Extension; m.at == "" {
			break
		}
	}
	m.from.box.put(answer)
	return nil
}

// AskedToRecord is who has asked for the recording of an extension while it rang; empty: nobody.
func (c *Call) AskedToRecord(extension string) string { return c.asked[extension] }

// recordTime is how long another call may take to answer.
const recordTime = 5 * time.Second

// RecordOther has the calls of an extension recorded that another phone talks in or is rung by, or, with at empty, the oldest
// call of anybody for whom may says yes. It returns the extension that is recorded; empty: there is none, forbidden then tells that
// there is one which may not be.
func (c *Call) RecordOther(ctx context.Context, at, by string, may func(*dialplan.Account, string) bool) (extension string, forbidden bool, err error) {
	calls := c.live.others(c)
	slices.SortFunc(calls, func(a, b *Call) int { return a.started.Compare(b.started) })
	for _, o := range calls {
		if !o.box.put(&recordAsked{from: c, by: by, at: at, may: may}) {
			continue // it has just ended
		}
		timer, stop := c.rt.clock.Timer(recordTime)
		for waiting := true; waiting; {
			ev, err := c.next(ctx, timer)
			if errors.Is(err, ErrTimeout) {
				break
			}
			if err != nil {
				stop()
				return "", false, err
			}
			if a, ok := ev.(recordAnswer); ok && a.of == o {
				waiting = false
				forbidden = forbidden || a.forbidden
				if a.extension != "" {
					extension = a.extension
				}
			}
		}
		stop()
		if extension != "" && at == "" {
			break
		}
	}
	return extension, forbidden, nil
}

// others are the account's other calls.
func (v *Live) others(c *Call) []*Call {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := make([]*Call, 0, len(v.calls))
	for _, o := range v.calls {
		if o != c {
			out = append(out, o)
		}
	}
	return out
}
