package call

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// Leg is one party's connection in a call. Only the goroutine of its call uses it; the
// exception is its sink, which the engine calls.
type Leg struct {
	ID     engine.LegID
	Info   engine.LegInfo // empty for legs that we originated
	Engine engine.Engine

	// Who is behind it, as far as known: by number and name.
	Extension string
	Channel   string
	Trunk     string
	Number    string
	// Queue whose call this is to an agent; 0: none's.
	Queue int64

	ringing  bool
	early    bool
	answered bool
	ended    *engine.Hangup
	bridged  engine.LegID
	digits   []byte
	entered  bool // the last answer was taken before a # could end it
	play     engine.PlayID
	// recordings of it that are being made.
	recordings map[dialplan.RecordReason]engine.RecordID
	assisted   Assisted
	hold       engine.PlayID // the music that it hears while it is on hold
	// condemned is the cause with which we ended the leg; it may still answer late.
	condemned engine.Cause
	slot      bool // holds one of the channel's calls in live
	dirty     bool // its checkpoint is to be written: it has come from another call, or plays another role
	role      Role
	talks     time.Time // since when it is in a conversation

	record store.LegRecord
	// onEnd is called when the leg has ended, whichever call it is of then.
	onEnd func()

	// ctx ends when the leg ends, its cause is *HungUp; set by the sink, so that a
	// step that is waiting for the engine returns at once.
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu    sync.Mutex // held while an event is delivered or the leg changes its owner
	owner *Call
}

// HungUp is why the context of a call ended: the caller's leg did.
type HungUp struct{ Cause engine.Cause }

// Error implements error.
func (h *HungUp) Error() string { return "caller hung up: " + h.Cause.String() }

// ErrShutdown is why contexts end when the controller stops: legs are left alone.
var ErrShutdown = errors.New("controller is stopping")

func newLeg(base context.Context, c *Call, e engine.Engine, id engine.LegID) *Leg {
	l := &Leg{ID: id, Engine: e}
	l.ctx, l.cancel = context.WithCancelCause(base)
	l.owner = c
	c.rt.legs.Store(id, l)
	l.record = store.LegRecord{ID: string(id), Engine: e.Name(), Started: c.Now()}
	c.legs = append(c.legs, l)
	return l
}

// sink takes the events of the leg from the engine and gives them to the call that owns it now.
func (l *Leg) sink(ev engine.Event) {
	if h, ok := ev.(engine.Hangup); ok && h.Cause != engine.CauseTransferred {
		l.cancel(&HungUp{Cause: h.Cause})
	}
	l.mu.Lock()
	l.owner.box.put(ev)
	l.mu.Unlock()
}

// OnEnd has f called, once, when the leg has ended, whichever call it has gone to. f must return quickly.
func (l *Leg) OnEnd(f func()) { l.onEnd = f }

// Answered tells whether the leg has been answered.
func (l *Leg) Answered() bool { return l.answered }

// AnsweredAt is when the leg was answered, after a restart when it was called; zero: it was not.
func (l *Leg) AnsweredAt() time.Time { return l.record.Answered }

// Up tells that the leg has not ended.
func (l *Leg) Up() bool { return l.ended == nil }

func (l *Leg) String() string {
	switch {
	case l.Extension != "" && l.Channel != "":
		return l.Extension + " (" + l.Channel + ")"
	case l.Channel != "":
		return l.Channel
	case l.Number != "" && l.Trunk != "":
		return l.Number + " (" + l.Trunk + ")"
	}
	return string(l.ID)
}

// failed follows every operation: it says what was attempted on a leg when err is not nil. A leg that has ended is no
// failure worth a log line: its Hangup is on its way.
func (c *Call) failed(l *Leg, what string, err error) error {
	if !c.commanded {
		c.commanded = true
		c.rt.metrics.decided(c.started)
	}
	if err == nil {
		return nil
	}
	if !errors.Is(err, engine.ErrNoLeg) && context.Cause(l.ctx) == nil {
		c.log.Warn("engine operation failed", slog.String("operation", what), slog.String("leg", string(l.ID)), slog.Any("error", err))
	}
	return fmt.Errorf("%s leg %s: %w", what, l.ID, err)
}
