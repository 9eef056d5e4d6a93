// Package call is the life of a call: one goroutine a call, which owns its legs, reads
// their events from one mailbox and runs the flow. A flow asks, acts and waits; the caller's
// hang-up cancels its context and every wait returns.
package call

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// Call is one call of an account, from the first INVITE to the record.
type Call struct {
	ID     uuid.UUID
	Caller *Leg // the leg whose hang-up ends the call
	// Account is the snapshot that decides; the flow refreshes it at every step. Nil until
	// the flow has found out whose call it is.
	Account *dialplan.Account
	// From is the calling party as callees see it, before the prefix.
	From engine.Identity
	// FromExtension is the user who calls; empty for callers from outside.
	FromExtension string
	// Payer is the extension that is charged for what is called outside next: the user at whose wish, or the extension that the
	// call has come to. Empty: the account.
	Payer     string
	Dialed    string
	Direction store.CallDirection
	// Prefix is put before the caller on the callee's display.
	Prefix string
	// Shown is the number that callees see instead of the caller's; empty: none.
	Shown string
	// Choice is what the caller asked to show outside by a code before the number.
	Choice dialplan.CallerIDChoice
	// ReturnTo is who transferred or parked the call, where it goes when nobody answers it.
	ReturnTo dialplan.Destination
	// Side is set while the caller calls somebody else with the other party on hold.
	Side *Side
	// Resume is set when the call was found on the engine after a restart.
	Resume *Resume
	// Arrived counts the calls of the caller's channel and of the account when this one came, with it. Of several that come
	// at once each has its own place, so a limit lets in exactly as many as it says.
	Arrived struct{ Channel, Account int }

	rt      *Runtime
	live    *Live
	box     *mailbox
	legs    []*Leg
	log     *slog.Logger
	started time.Time
	answer  time.Time
	cause   engine.Cause
	first   engine.Identity // who called, for the record
	position
	dirty bool // the checkpoint is to be written at the next wait
	// takes is set while a leg of another call may join this one; it says whether it is wanted.
	takes func(*Leg, Purpose) bool
	// talking: the flow itself sees when the caller's leg ends by its transfer.
	talking bool
	// moved: the caller's leg went to another call, which has its record.
	moved bool
	// ending: nothing is left to do but to wait for the end of the legs.
	ending bool
	// sent is what bots have asked for and the call has not decided on.
	sent []*sentOn
	// asked has who wants an extension recorded that still rings.
	asked     map[string]string
	commanded bool // the engine has been told something
	// through are the ids of call-limit extensions in which the call has a place. The call's
	// goroutine changes it with the lock of live, others read it with that.
	through []int64

	mu    sync.Mutex // trace and what List shows; written by the call, read by the API
	trace []store.TraceStep
	shown Summary
}

// position is where the call is, as the checkpoint remembers it.
type position struct {
	destination dialplan.Destination
	queue       *QueuePlace
}

// QueuePlace is what a caller's place in a queue is made of.
type QueuePlace struct {
	Queue  int64     `json:"i"` // id of the extension
	Joined time.Time `json:"j"`
	// Since is when announcements began to count, after the introduction; zero: that is not over.
	Since time.Time `json:"s,omitzero"`
	// Infotainment is how many messages have been heard.
	Infotainment int `json:"m,omitempty"`
}

// InQueue notes the caller's place in a queue, for a restart; nil: none.
func (c *Call) InQueue(p *QueuePlace) {
	c.queue = p
	c.dirty = true
}

// Resume tells a flow where a call was when the controller went away.
type Resume struct {
	Destination dialplan.Destination
	// Talking is the leg with which the caller is in conversation; nil if it was not.
	Talking *Leg
	// Queue is the caller's place; nil: none.
	Queue *QueuePlace
	// Held is whom the caller had put on hold by ##, Asked whom it consulted; nil: nobody. Mixed: all three were together.
	Held, Asked *Leg
	Mixed       bool
}

// ErrTimeout is what a wait returns when its time is over.
var ErrTimeout = errors.New("time is over")

// Log is the call's logger: every line has the call id.
func (c *Call) Log() *slog.Logger { return c.log }

// Trace adds a decision and its reason to the call's trace (OPS-01).
func (c *Call) Trace(step, reason string) {
	c.mu.Lock()
	c.trace = append(c.trace, store.TraceStep{At: c.Now(), Step: step, Reason: reason})
	c.mu.Unlock()
}

// Assign says whose call this is, once the flow knows, which has filled in Caller, From, Dialed
// and Direction. The call counts among the account's from then on.
func (c *Call) Assign(a *dialplan.Account) {
	c.Account = a
	c.first = c.From
	c.live = c.rt.Live(a.ID)
	c.log = c.log.With(slog.Int64("account", int64(a.ID)))
	c.show(func(s *Summary) {
		*s = Summary{ID: c.ID, Account: a.ID, Direction: c.Direction, Caller: c.From.Number, CallerName: c.From.Name, Dialed: c.Dialed,
			At: c.destination.String(), Started: c.started, Answered: c.answer}
	})
	if c.Caller.Channel != "" {
		c.Arrived.Channel = c.live.take(c.Caller.Channel, false)
		c.Caller.slot = true
	}
	c.Arrived.Account = c.live.join(c)
}

// Live is the live state of the call's account.
func (c *Call) Live() *Live { return c.live }

// Runtime that the call belongs to.
func (c *Call) Runtime() *Runtime { return c.rt }

// At tells where the call has come to; it is written on the caller's channel at the next
// wait, so that a restarted controller begins this step again.
func (c *Call) At(d dialplan.Destination) {
	c.destination = d
	if d.Extension != "" {
		c.Payer = d.Extension
	}
	c.dirty = true
	c.show(func(s *Summary) { s.At, s.With = d.String(), "" })
}

// End says with which cause the call ends if nothing else ends it before.
func (c *Call) End(cause engine.Cause) { c.cause = cause }

// run is the call's goroutine: entry, then the end of all its legs and the record.
func (c *Call) run(entry func(context.Context, *Call) error) {
	defer c.rt.wg.Done()
	err := c.guard(entry)
	if errors.Is(context.Cause(c.rt.base), ErrShutdown) {
		return
	}
	err = c.Gone(err)
	var hung *HungUp
	switch {
	case c.moved: // the caller is another call's
	case errors.As(err, &hung):
		c.cause = hung.Cause
	case errors.Is(err, engine.ErrDown):
		c.Trace("error", err.Error())
		c.cause = engine.CauseEngineLost
	case err != nil && c.Caller.Up():
		c.log.Error("call failed", slog.Any("error", err))
		c.Trace("error", err.Error())
		c.cause = engine.CauseInternal
	}
	c.finish()
}

// goneTime is how long the Hangup of a leg may take that an operation has not found any more.
const goneTime = time.Second

// Gone is err, or the caller's hang-up where that is behind it: the engine has not found the leg any more, and its Hangup
// is on its way. err stays when it does not come, as another leg was meant.
func (c *Call) Gone(err error) error {
	if !errors.Is(err, engine.ErrNoLeg) || c.moved {
		return err
	}
	if end := c.Pause(c.Caller.ctx, goneTime); end != nil {
		return end
	}
	return err
}

// guard runs the flow; a panic ends this call and no other.
func (c *Call) guard(entry func(context.Context, *Call) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.rt.metrics.panics.Inc()
			c.log.Error("panic in call", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	err = entry(c.Caller.ctx, c)
	if err != nil {
		// The flow may have seen only a failed operation; the hang-up behind it says more.
		var hung *HungUp
		if errors.As(context.Cause(c.Caller.ctx), &hung) {
			return hung
		}
	}
	return err
}

// finish hangs up what is left, waits for the engine to say so, and writes the record.
func (c *Call) finish() {
	ctx, cancel := context.WithTimeout(c.rt.base, c.rt.limits.Cleanup)
	defer cancel()
	c.ending, c.takes, c.talking = true, nil, true
	_ = c.sendOn() // refuses what is left
	for _, l := range c.legs {
		if l.Up() && l.condemned == engine.CauseUnknown {
			cause := c.cause
			if l != c.Caller && !l.answered {
				cause = engine.CauseCancelled
			}
			c.hangup(ctx, l, cause)
		}
	}
	for c.anyUp() || !c.box.closeEmpty() {
		if _, err := c.next(ctx, nil); err != nil {
			if errors.Is(context.Cause(c.rt.base), ErrShutdown) {
				return
			}
			break
		}
	}
	for _, l := range c.legs {
		if l.Up() {
			c.log.Error("engine did not tell the end of a leg", slog.String("leg", string(l.ID)))
			c.ended(l, engine.Hangup{Of: engine.Of{ID: l.ID, At: c.Now()}, Cause: engine.CauseEngineLost})
		}
	}
	if c.live != nil {
		c.live.leave(c)
	}
	c.rt.forget(c)
	if !c.moved {
		c.write()
	}
}

func (c *Call) anyUp() bool {
	for _, l := range c.legs {
		if l.Up() {
			return true
		}
	}
	return false
}

func (c *Call) leg(id engine.LegID) *Leg {
	for _, l := range c.legs {
		if l.ID == id {
			return l
		}
	}
	return nil
}

// next waits for the next event of the call, or the timer, or the end of ctx, and applies
// the event to the state of its leg before it returns it.
func (c *Call) next(ctx context.Context, timer <-chan time.Time) (engine.Event, error) {
	if context.Cause(ctx) == nil {
		c.writeCheckpoints(ctx)
	}
	for {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if ev := c.box.take(); ev != nil {
			if m, ok := ev.(message); ok {
				if ev = m.arrive(c); ev != nil || c.ending {
					return ev, nil
				}
				continue
			}
			c.apply(ctx, ev)
			if h, ok := ev.(engine.Hangup); ok && h.Cause == engine.CauseTransferred && ev.Leg() == c.Caller.ID && !c.talking {
				// Its phone has transferred somebody else; here nobody is left to wait for.
				c.Caller.cancel(&HungUp{Cause: h.Cause})
			}
			return ev, nil
		}
		if c.rt.clock.Idle() {
			select {
			case <-timer:
				return nil, ErrTimeout
			default:
				continue
			}
		}
		select {
		case <-c.box.signal:
		case <-timer:
			return nil, ErrTimeout
		case <-ctx.Done():
		}
	}
}

// apply keeps the state of the leg that an event is about.
func (c *Call) apply(ctx context.Context, ev engine.Event) {
	l := c.leg(ev.Leg())
	if l == nil {
		c.log.Error("event of a leg that is not of this call", slog.String("leg", string(ev.Leg())), slog.String("event", fmt.Sprintf("%T", ev)))
		return
	}
	switch ev := ev.(type) {
	case engine.Ringing:
		l.ringing = true
		l.record.Ringing = ev.At
	case engine.EarlyMedia:
		l.early = true
	case engine.Answered:
		l.answered = true
		l.record.Answered = ev.At
		if l == c.Caller && c.answer.IsZero() {
			c.answer = ev.At
			c.show(func(s *Summary) { s.Answered = ev.At })
		}
		if l.condemned != engine.CauseUnknown {
			// It answered while our CANCEL was on its way (RFC 3261 9.1): BYE.
			_ = c.failed(l, "hang up late answer", l.Engine.Hangup(ctx, l.ID, l.condemned))
		}
	case engine.DTMF:
		if len(l.digits) < maxTypeAhead {
			l.digits = append(l.digits, ev.Digit)
		}
	case engine.PlayDone:
		if l.play == ev.Play {
			l.play = ""
		}
	case engine.RecordDone:
		c.recorded(l, ev)
	case engine.Bridged:
		l.bridged = ev.Peer
	case engine.Unbridged:
		if l.bridged == ev.Peer {
			l.bridged = ""
		}
	case engine.Hangup:
		c.ended(l, ev)
	}
}

// maxTypeAhead is how many digits are kept that nobody asked for yet.
const maxTypeAhead = 64

func (c *Call) ended(l *Leg, ev engine.Hangup) {
	if l.ended != nil {
		return
	}
	l.ended = &ev
	l.bridged = ""
	l.record.Ended = ev.At
	l.record.Cause = ev.Cause.String()
	l.record.SIPStatus = ev.SIPStatus
	c.freeSlot(l)
	c.rt.legs.Delete(l.ID)
	if l.onEnd != nil {
		l.onEnd()
	}
}

// freeSlot gives back the leg's share of its channel's call limit.
func (c *Call) freeSlot(l *Leg) {
	if l.slot {
		l.slot = false
		c.live.release(l.Channel, l.Queue != 0)
	}
}

func (c *Call) hangup(ctx context.Context, l *Leg, cause engine.Cause) {
	if !l.Up() || l.condemned != engine.CauseUnknown {
		return
	}
	l.condemned = cause
	c.freeSlot(l) // whoever is refused may call again before the engine confirms
	_ = c.failed(l, "hang up", l.Engine.Hangup(ctx, l.ID, cause))
}
