package asterisk

import (
	"context"
	"time"

	"callplane/controller/engine"
)

// leg is a leg of the port. Its fields are guarded by Engine.mu except id, dir, turn and done.
type leg struct {
	id   engine.LegID
	dir  engine.Direction
	turn lock          // one operation at a time
	done chan struct{} // closed when it is over
	sink engine.Sink   // set and used on the outbox goroutine only

	// branches are the channels of the leg: one, or while an account with several
	// contacts is called, one for each.
	branches []*branch
	// ch is the channel that counts: the only one, or the one that answered.
	ch *branch

	answered, ringing, early bool
	media                    bool // inbound: after Progress or Answer was accepted
	over                     bool // Hangup is out or waits for recordings
	endEvent                 *engine.Hangup
	asked                    engine.Cause // by Hangup, with hung
	hung                     bool
	timer                    *time.Timer
	until                    time.Time // outbound: when it is given up
	silenced                 bool      // silence is being sent, so that a whisper is heard
	wantSilence, silencing   bool

	bridge *bridge
	play   *playback
	plays  int  // how many there were
	noisy  bool // an earlier run may play to it
	recs   map[engine.RecordID]*capture
	listen *listening
	// listeners supervise this leg.
	listeners    map[*listening]bool
	caller       engine.Identity // as its phone or carrier last told
	transferring bool            // its REFER is being carried out
	callID       string          // of an inbound leg
	dialed       string          // what an inbound leg dialled, or what an outbound one calls
}

// branch is one channel of a leg.
type branch struct {
	id       string
	leg      *leg
	answered bool
	early    bool
	dropped  bool // by us, in favour of another
	gone     bool
	sip      int
	q850     int
	redirect []string
	target   string // what was dialled
	// inApp is closed when an outbound channel has entered the application: only then
	// can it be dialled.
	inApp chan struct{}
}

func newLeg(id engine.LegID, dir engine.Direction) *leg {
	return &leg{id: id, dir: dir, turn: newLock(), done: make(chan struct{}),
		recs: map[engine.RecordID]*capture{}, listeners: map[*listening]bool{}}
}

// channel is the id of the channel that commands go to. Held lock: Engine.mu.
func (l *leg) channel() string {
	if l.ch != nil {
		return l.ch.id
	}
	for _, b := range l.branches {
		if b.early && !b.gone {
			return b.id
		}
	}
	for _, b := range l.branches {
		if !b.gone {
			return b.id
		}
	}
	return string(l.id)
}

// hasMedia: it can be played to and bridged. Held lock: Engine.mu.
func (l *leg) hasMedia() bool { return l.answered || l.media || l.early }

func (l *leg) stopTimers() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

// emit posts an event of the leg. Held lock: Engine.mu.
func (e *Engine) emit(l *leg, ev engine.Event) {
	if l.over {
		if _, last := ev.(engine.Hangup); !last {
			if _, rec := ev.(engine.RecordDone); !rec {
				return
			}
		}
	}
	e.box.post(func() {
		if l.sink != nil {
			l.sink(ev)
		}
	})
}

func of(l *leg, at time.Time) engine.Of { return engine.Of{ID: l.id, At: at} }

// setAnswered tells that branch b answered; the others of its leg are let go. Held
// lock: Engine.mu.
func (e *Engine) setAnswered(b *branch, at time.Time) {
	l := b.leg
	if b.answered || l.over {
		return
	}
	b.answered = true
	if l.answered {
		// Two phones answered at once: the second one loses.
		e.drop(b, engine.CauseAnsweredElsewhere)
		return
	}
	l.answered = true
	l.ch = b
	l.stopTimers()
	for _, other := range l.branches {
		if other != b && !other.gone {
			e.drop(other, engine.CauseAnsweredElsewhere)
		}
	}
	e.emit(l, engine.Answered{Of: of(l, at)})
}

// drop hangs a branch up. Held lock: Engine.mu.
func (e *Engine) drop(b *branch, c engine.Cause) {
	if b.gone || b.dropped {
		return
	}
	b.dropped = true
	e.task(func(ctx context.Context) {
		if err := e.hangupChannel(ctx, b.id, c.Q850()); err != nil && statusOf(err) != 404 {
			e.log.Warn("hang-up of a branch failed", "call", b.leg.id, "err", err)
		}
	})
}

// branchGone takes a channel out of its leg; with the last one the leg is over.
// Held lock: Engine.mu.
func (e *Engine) branchGone(b *branch, at time.Time) {
	if b.gone {
		return
	}
	b.gone = true
	delete(e.chans, b.id)
	l := b.leg
	if l.over {
		return
	}
	if l.ch == b {
		e.finish(l, at)
		return
	}
	if !l.answered && !b.dropped && b.sip >= 600 {
		// A global failure ends the search (RFC 3261 section 16.7 step 5).
		for _, other := range l.branches {
			e.drop(other, engine.CauseCancelled)
		}
	}
	for _, other := range l.branches {
		if !other.gone {
			return
		}
	}
	e.finish(l, at)
}

// finish works out why the leg ended, ends what hangs on it and tells Hangup, after
// recordings that are still being closed. Held lock: Engine.mu.
func (e *Engine) finish(l *leg, at time.Time) {
	if l.over {
		return
	}
	h := engine.Hangup{Of: of(l, at)}
	if l.hung {
		h.Cause = l.asked
	} else {
		b := l.verdict()
		h.ByPeer = true
		h.Cause = causeOfEnd(l.dir, l.answered, b.q850, b.sip)
		if l.dir == engine.Outbound && !l.answered {
			h.SIPStatus = b.sip
			if b.q850 == 26 {
				h.Cause = engine.CauseAnsweredElsewhere
			}
			if h.Cause == engine.CauseMoved {
				h.Redirect = b.redirect
			}
		}
	}
	e.finishWith(l, h)
}

func (e *Engine) finishWith(l *leg, h engine.Hangup) {
	if l.over {
		return
	}
	at := h.At
	l.stopTimers()
	e.leftBridge(l, at)
	e.endListening(l, at)
	for ln := range l.listeners {
		e.stopListening(ln, at)
	}
	if p := l.play; p != nil {
		p.stopped = true
		e.playDone(p, engine.PlayStopped, at)
	}
	l.over = true
	l.endEvent = &h
	close(l.done)
	for _, b := range l.branches {
		delete(e.chans, b.id)
	}
	if len(l.recs) > 0 {
		// The recorder closes its files a moment after its channel. If it never says so, the
		// leg must still end.
		for _, r := range l.recs {
			e.finishCaptureSoon(r)
		}
		return
	}
	e.bury(l)
}

// bury tells Hangup. Held lock: Engine.mu.
func (e *Engine) bury(l *leg) {
	if l.endEvent == nil {
		return
	}
	h := *l.endEvent
	l.endEvent = nil
	delete(e.legs, l.id)
	if l.callID != "" {
		delete(e.callIDs, l.callID)
	}
	e.emit(l, h)
}

// verdict is the branch whose end speaks for the leg: a global failure, else the callee's
// own word, else whatever came.
func (l *leg) verdict() *branch {
	best := &branch{}
	rank := -1
	for _, b := range l.branches {
		r := 0
		switch {
		case b.dropped:
			r = 0
		case b.sip >= 600:
			r = 6
		case b.sip == 486:
			r = 5
		case b.sip >= 300 && b.sip < 400:
			r = 4
		case b.sip >= 400 && b.sip < 500 && b.sip != 408 && b.sip != 480:
			r = 3
		case b.sip >= 400:
			r = 2
		default:
			r = 1
		}
		if l.ch == b {
			r = 10
		}
		if r > rank {
			best, rank = b, r
		}
	}
	return best
}
