package simulate

import (
	"slices"
	"time"

	"callplane/controller/call"
)

// world is the time and what is going to happen in a simulation. Nobody waits in it: when the call has nothing left
// to do, the clock is put forward to what happens next. Only the call's goroutine uses it.
type world struct {
	now  time.Time
	end  time.Time // when the caller's patience ends
	seq  int
	due  []*happening
	idle func() bool // nothing is going to happen any more: makes something happen, or returns false
}

// happening is something at an instant of the simulation.
type happening struct {
	at  time.Time
	seq int // of two at an instant, the one planned first happens first
	do  func()
}

var _ call.Clock = (*world)(nil)

// Now implements call.Clock.
func (w *world) Now() time.Time { return w.now }

// Timer implements call.Clock.
func (w *world) Timer(d time.Duration) (<-chan time.Time, func()) {
	fires := make(chan time.Time, 1)
	stop := w.after(d, func() { fires <- w.now })
	return fires, stop
}

// Idle implements call.Clock.
func (w *world) Idle() bool {
	if len(w.due) == 0 || w.now.After(w.end) {
		return w.idle()
	}
	next := w.due[0]
	for _, h := range w.due[1:] {
		if h.at.Before(next.at) || h.at.Equal(next.at) && h.seq < next.seq {
			next = h
		}
	}
	w.forget(next)
	if next.at.After(w.now) {
		w.now = next.at
	}
	next.do()
	return true
}

// after plans something.
func (w *world) after(d time.Duration, do func()) (cancel func()) {
	w.seq++
	h := &happening{at: w.now.Add(d), seq: w.seq, do: do}
	w.due = append(w.due, h)
	return func() { w.forget(h) }
}

func (w *world) forget(h *happening) {
	w.due = slices.DeleteFunc(w.due, func(o *happening) bool { return o == h })
}
