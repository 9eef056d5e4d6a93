package call

import (
	"context"
	"errors"
	"time"

	"callplane/controller/engine"
	"callplane/dialplan"
)

// Waiting is a caller who waits, hears something, and for whom phones are rung and stopped at will.
// Only the call's goroutine uses it.
type Waiting struct {
	c *Call
	g *dialing
	// missed are the keys of rings that have ended without an answer.
	missed []Rung
	winner *Leg
	closed bool
}

// Rung is how a ring of Waiting ended.
type Rung struct {
	Key  string
	Miss dialplan.Miss
}

// Happened is what a Waiting waits for.
type Happened struct {
	// Winner has answered the ring with this Key, or, Joined, has come by itself to take the call.
	Winner *Leg
	Key    string
	Joined bool
	// Missed are rings that are over.
	Missed []Rung
	// Digit that the caller has pressed; 0: none.
	Digit byte
}

// Wait begins to wait. Since orders the call among those that ring for group when somebody picks one up. Close
// must follow.
func (c *Call) Wait(group string, since time.Time) *Waiting {
	w := &Waiting{c: c, g: &dialing{c: c, ringback: true, waits: true}}
	c.live.ring(c, group, "", since)
	c.takes = func(_ *Leg, why Purpose) bool { return why == ToTalk && w.g.anyAlive() }
	return w
}

// Ring rings a party for at most limit, known by key until it is over.
func (w *Waiting) Ring(ctx context.Context, key string, p Party, limit time.Duration) {
	w.g.deadline = w.c.Now().Add(limit)
	p.Ring = 0 // who asked for it stops it
	p.Missed = func(m dialplan.Miss) []Party {
		w.missed = append(w.missed, Rung{Key: key, Miss: m})
		return nil
	}
	w.g.add(ctx, p)
	w.g.branches[len(w.g.branches)-1].key = key
}

// Stop ends the rings with a key; it is not told as missed.
func (w *Waiting) Stop(ctx context.Context, key string, cause engine.Cause) {
	for _, b := range w.g.branches {
		if b.key != key || b.over {
			continue
		}
		for _, l := range b.alive {
			w.c.live.ringAt(w.c, l.Extension, -1)
			w.c.hangup(ctx, l, cause)
		}
		clear(b.alive)
		b.over = true
	}
}

// Next waits until something happens, somebody calls Wake, what the caller hears ends, or the time is over.
func (w *Waiting) Next(ctx context.Context, until time.Time) (Happened, error) {
	w.g.tidy()
	if h, ok := w.over(); ok {
		return h, nil
	}
	timer, stop := w.c.rt.clock.Timer(w.g.earliest(until).Sub(w.c.Now()))
	defer stop()
	ev, err := w.c.next(ctx, timer)
	switch {
	case errors.Is(err, ErrTimeout):
		w.g.expireBranches(ctx, w.c.Now())
	case err != nil:
		return Happened{}, err
	}
	if err := w.c.key(ev); err != nil {
		return Happened{}, err
	}
	switch ev := ev.(type) {
	case Joined:
		w.c.Trace("pickup", ev.Of.String()+" picks up")
		w.g.withdraw(engine.CauseAnsweredElsewhere)
		w.winner = ev.Of
		return Happened{Winner: ev.Of, Joined: true}, nil
	case engine.DTMF:
		if ev.Leg() == w.c.Caller.ID {
			w.c.Caller.digits = nil
			return Happened{Digit: byte(ev.Digit)}, nil
		}
	case nil:
	default:
		key := w.g.keyOf(ev.Leg())
		if l := w.g.event(ctx, ev); l != nil {
			w.g.withdraw(engine.CauseAnsweredElsewhere)
			w.c.Trace("dial", l.String()+" answered")
			w.winner = l
			return Happened{Winner: l, Key: key}, nil
		}
	}
	h, _ := w.over()
	return h, nil
}

func (w *Waiting) over() (Happened, bool) {
	h := Happened{Missed: w.missed}
	w.missed = nil
	return h, len(h.Missed) > 0
}

// Close ends what still rings; again it does nothing.
func (w *Waiting) Close(cause engine.Cause) {
	if w.closed {
		return
	}
	w.closed = true
	w.g.withdraw(cause)
	w.g.giveBack()
	w.c.takes = nil
	w.c.live.quiet(w.c, w.winner)
}

func (g *dialing) keyOf(id engine.LegID) string {
	for _, b := range g.branches {
		if b.alive[id] != nil {
			return b.key
		}
	}
	return ""
}

// tidy forgets branches that are over: a caller may wait for hours.
func (g *dialing) tidy() {
	kept := g.branches[:0]
	for _, b := range g.branches {
		if !b.over {
			kept = append(kept, b)
		}
	}
	clear(g.branches[len(kept):])
	g.branches = kept
}

// Playing tells that the caller hears something that was started.
func (c *Call) Playing() bool { return c.Caller.play != "" }

// StartPlay plays sources to the caller and returns at once.
func (c *Call) StartPlay(ctx context.Context, sources []engine.Source) error {
	_, err := c.startPlay(ctx, sources, false)
	return err
}

// DropDigits forgets what the caller has pressed and nobody asked for.
func (c *Call) DropDigits() { c.Caller.digits = nil }

// Wake lets the wait in which the call is return. It may be called from any goroutine.
func (c *Call) Wake() { c.box.put(&wake{}) }

// wake is an event that tells nothing.
type wake struct{ toCall }

func (m *wake) arrive(*Call) engine.Event { return m }
