package call

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/dialplan"
)

// Legs go from one call to another: whoever picks up a ringing call becomes its callee, whoever retrieves a parked one
// talks to it, and an attended transfer joins what was two calls. A leg is of one call at a time. It changes hands under
// its own lock, together with the events of it that its call has not read, so that none is lost, none is out of
// order, and only one goroutine at a time looks at it. Calls speak to each other by messages in their mailboxes, and
// whoever waits for an answer goes on reading its own.

// message is what one call tells another: an event of no leg. arrive is run by the call that gets it and gives the event
// that its flow sees, if any.
type message interface {
	engine.Event
	arrive(c *Call) engine.Event
}

// toCall is embedded in messages.
type toCall struct{}

// Leg implements engine.Event: none.
func (toCall) Leg() engine.LegID { return "" }

// ErrMoved is why a flow ends whose caller went to another call.
var ErrMoved = errors.New("the caller has gone to another call")

// Joined is an event: a leg has come from another call.
type Joined struct{ Of *Leg }

// Leg implements engine.Event.
func (j Joined) Leg() engine.LegID { return j.Of.ID }

// Left is an event: a leg has gone to another call.
type Left struct{ ID engine.LegID }

// Leg implements engine.Event.
func (l Left) Leg() engine.LegID { return l.ID }

// handover brings a leg.
type handover struct {
	toCall
	leg   *Leg
	from  *Call
	asked bool // we asked for it, so it is taken
	why   Purpose
}

// Purpose is why a leg is offered to another call.
type Purpose string

// Purposes.
const (
	ToTalk   Purpose = "talk"   // to the one who rings somewhere, or waits on a line
	ToSwitch Purpose = "switch" // in place of another leg of the same user
)

// taken and returned are the answers to a handover that was not asked for.
type taken struct{ leg *Leg }

type returned struct{ leg *Leg }

// want asks the owner of a leg to hand it over; its call then ends by itself.
type want struct {
	toCall
	leg *Leg
	by  *Call
}

// refused is the answer to want when the leg can't be had.
type refused struct{ leg *Leg }

// move makes to the owner of l: what has happened to it and was not read comes behind first. False when
// to has ended; then nothing has changed.
func (c *Call) move(l *Leg, to *Call, first message) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	evs := c.box.extract(l.ID)
	if !to.box.put(append([]engine.Event{first}, evs...)...) {
		c.box.put(evs...)
		return false
	}
	l.owner = to
	c.legs = slices.DeleteFunc(c.legs, func(x *Leg) bool { return x == l })
	return true
}

func (c *Call) adopt(l *Leg) {
	l.dirty = true
	c.legs = append(c.legs, l)
}

// arrive implements message: the leg is taken, or goes back to where it came from.
func (m *handover) arrive(c *Call) engine.Event {
	c.adopt(m.leg)
	if m.asked {
		if c.ending {
			c.hangup(c.rt.base, m.leg, engine.CauseNormal)
		}
		return Joined{m.leg}
	}
	if c.takes != nil && context.Cause(m.leg.ctx) == nil && context.Cause(c.Caller.ctx) == nil && c.takes(m.leg, m.why) {
		m.from.box.put(&taken{leg: m.leg})
		return Joined{m.leg}
	}
	c.move(m.leg, m.from, &returned{leg: m.leg})
	return nil
}

func (m *taken) arrive(*Call) engine.Event { return *m }

func (m *returned) arrive(c *Call) engine.Event {
	c.adopt(m.leg)
	return *m
}

func (m *want) arrive(c *Call) engine.Event {
	if c.leg(m.leg.ID) == nil {
		// It is no longer ours: ask on.
		m.leg.mu.Lock()
		owner := m.leg.owner
		m.leg.mu.Unlock()
		if owner == c || !owner.box.put(m) {
			m.by.box.put(&refused{leg: m.leg})
		}
		return nil
	}
	if !c.move(m.leg, m.by, &handover{leg: m.leg, from: c, asked: true}) {
		return nil // who asked has ended
	}
	if m.leg == c.Caller && len(c.legs) > 0 {
		c.Caller = c.legs[0] // whoever made the transfer; this call is over with it
	}
	return Left{m.leg.ID}
}

func (m *refused) arrive(*Call) engine.Event { return *m }

// Leg implements engine.Event.
func (m taken) Leg() engine.LegID { return m.leg.ID }

// Leg implements engine.Event.
func (m returned) Leg() engine.LegID { return m.leg.ID }

// Leg implements engine.Event.
func (m refused) Leg() engine.LegID { return m.leg.ID }

// Give offers the caller's leg to another call, which takes it in Dial, when one of its phones rings, or in Await. True: it is
// the other call's from now on, and the flow must end with ErrMoved. Exactly one of several that give at the same time
// is taken; the others, and those who come too late, keep their leg.
func (c *Call) Give(ctx context.Context, to *Call, why Purpose) (bool, error) {
	l := c.Caller
	if to == c || !c.move(l, to, &handover{leg: l, from: c, why: why}) {
		return false, nil
	}
	// The other call answers at its next wait, which is never longer than a command to the engine. Until then the leg is not
	// ours to hang up, so that its own end is no reason to leave.
	for {
		ev, err := c.next(c.rt.base, nil)
		if err != nil {
			return false, err
		}
		switch ev.(type) {
		case taken:
			c.moved = true
			return true, nil
		case returned:
			return false, context.Cause(ctx)
		}
	}
}

// FetchTime is how long another call may take to hand over a leg, and how long a call whose phone has transferred
// waits to be asked for it.
const FetchTime = 10 * time.Second

// Fetch takes a leg over from the call that has it: after an attended transfer, whose legs were of two calls. Nil
// when the leg has ended.
func (c *Call) Fetch(ctx context.Context, id engine.LegID) (*Leg, error) {
	if l := c.leg(id); l != nil {
		return l, nil
	}
	v, ok := c.rt.legs.Load(id)
	if !ok {
		return nil, nil
	}
	l := v.(*Leg)
	l.mu.Lock()
	owner := l.owner
	l.mu.Unlock()
	if !owner.box.put(&want{leg: l, by: c}) {
		return nil, nil
	}
	timer := time.NewTimer(FetchTime)
	defer timer.Stop()
	// It is taken even if the caller has hung up meanwhile, so that it is hung up, too.
	for {
		ev, err := c.next(c.rt.base, timer.C)
		if err != nil {
			return nil, err
		}
		switch ev := ev.(type) {
		case Joined:
			if ev.Of == l {
				return l, context.Cause(ctx)
			}
		case refused:
			if ev.leg == l {
				return nil, context.Cause(ctx)
			}
		}
	}
}

// Split makes a call of its own of a leg, which goes to a destination; false when the controller takes no more calls.
func (c *Call) Split(l *Leg, to dialplan.Destination) bool {
	if !c.rt.admit() {
		return false
	}
	n := &Call{
		ID: uuid.New(), rt: c.rt, box: newMailbox(), started: c.Now(), answer: l.record.Answered, cause: engine.CauseNormal,
		Caller: l, Account: c.Account, Direction: c.Direction, Dialed: c.Dialed, live: c.live,
		From: engine.Identity{Number: l.Number}, FromExtension: l.Extension, commanded: true, Resume: &Resume{Destination: to},
	}
	if e := c.Account.Extensions[l.Extension]; e != nil {
		n.From = engine.Identity{Number: e.Number, Name: e.Name}
	}
	n.first = n.From
	n.log = c.rt.log.With(slog.String("call", n.ID.String()), slog.Int64("account", int64(c.Account.ID)))
	n.show(func(s *Summary) {
		*s = Summary{ID: n.ID, Account: n.Account.ID, Direction: n.Direction, Caller: n.From.Number, CallerName: n.From.Name, Dialed: n.Dialed,
			Started: n.started, Answered: n.answer}
	})
	l.mu.Lock()
	n.box.put(c.box.extract(l.ID)...)
	l.owner = n
	l.mu.Unlock()
	c.legs = slices.DeleteFunc(c.legs, func(x *Leg) bool { return x == l })
	n.adopt(l)
	n.Trace("split", l.String()+" comes from call "+c.ID.String()+" and goes to "+to.String())
	n.live.join(n)
	go n.run(c.rt.flow)
	return true
}
