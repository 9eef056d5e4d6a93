package freeswitch

import (
	"context"
	"time"

	"callplane/controller/engine"
)

// recordingEnds is how long after a hang-up the ends of its recordings may come; they take milliseconds.
const recordingEnds = 2 * time.Second

// leg is one leg. All fields are guarded by Engine.mu, except op.
type leg struct {
	e    *Engine
	id   engine.LegID
	info engine.LegInfo
	sink engine.Sink
	// codecs are those that an inbound leg offered, in its order.
	codecs []string

	// op is held by the operation that is being carried out: waiting operations
	// follow in the order in which they came.
	op chan struct{}
	// chg is closed at the next change, for operations that wait for one.
	chg chan struct{}

	// chan is the channel that is the leg; forks are the candidates of an outbound
	// leg until one has answered (then empty).
	channel string
	forks   map[string]*fork
	timer   *time.Timer // of an unanswered outbound leg

	decision *decision      // first decision not yet sent
	backlog  []engine.Event // before the sink was known

	ringing, early, answered bool
	media                    bool // audio can be played: progress or answer was accepted
	parked                   bool
	ended                    bool
	held                     bool
	heldInBridge             bool // it was bridged when its phone held
	// asked is the cause with which we hung up, if we did.
	asked *engine.Cause
	// cause etc. of an end that waits for the files of recordings.
	final *engine.Hangup

	play    *playing
	recs    map[engine.RecordID]*recording
	peer    *leg // bridged with
	mix     *mixing
	listen  *listening
	watched map[*leg]struct{} // supervisors that listen to this leg

	joining     *mixing          // asked for, not yet in
	transferred bool             // it sent a REFER that was carried out
	transfer    *engine.Transfer // of which the second half is still to come
	display     string           // last asked for by UpdateCallerID
	identity    engine.Identity  // last told by IdentityChanged
}

// fork is one contact that is being called.
type fork struct {
	channel string
	created bool
	ended   bool
	cause   engine.Hangup // valid when ended
}

func (e *Engine) newLeg(id engine.LegID, channel string, info engine.LegInfo, sink engine.Sink) *leg {
	return &leg{
		e: e, id: id, channel: channel, info: info, sink: sink,
		op: make(chan struct{}, 1), chg: make(chan struct{}),
		recs: make(map[engine.RecordID]*recording), watched: make(map[*leg]struct{}),
	}
}

// add makes the leg known. Needs the lock.
func (e *Engine) add(l *leg) {
	e.legs[l.id] = l
	e.chans[l.channel] = l
	for ch := range l.forks {
		e.chans[ch] = l
	}
	if !l.answered {
		e.waiting.Add(1)
	}
}

// setAnswered notes the answer. Needs the lock.
func (l *leg) setAnswered() {
	if !l.answered {
		l.answered, l.media = true, true
		if !l.ended {
			l.e.waiting.Add(-1)
		}
		if l.timer != nil {
			l.timer.Stop()
		}
	}
}

// changed wakes the operations that wait for a change of the leg. Needs the lock.
func (l *leg) changed() {
	close(l.chg)
	l.chg = make(chan struct{})
}

func (l *leg) of() engine.Of { return engine.Of{ID: l.id, At: time.Now()} }

// end closes everything the leg had and emits its last events. Needs the lock.
func (l *leg) end(h engine.Hangup) {
	if l.ended {
		return
	}
	e := l.e
	l.ended = true
	if !l.answered {
		e.waiting.Add(-1)
	}
	if l.timer != nil {
		l.timer.Stop()
	}
	if l.play != nil {
		l.playOver(engine.PlayStopped)
	}
	if l.peer != nil {
		l.unbridged()
	}
	if l.mix != nil {
		l.unmixed()
	}
	l.listenOver()
	for sup := range l.watched {
		sup.listenOver()
	}
	if len(l.recs) > 0 {
		// Their files are complete when the channel has been torn down; each ends with an event of its own.
		l.final = &h
		l.timer = time.AfterFunc(recordingEnds, func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.post(func() {
				if l.final != nil {
					l.recordingsLost()
				}
			})
		})
		l.changed()
		return
	}
	l.finish(h)
}

// finish emits Hangup and forgets the leg. Needs the lock.
func (l *leg) finish(h engine.Hangup) {
	e := l.e
	h.Of = l.of()
	e.emit(l, h)
	delete(e.legs, l.id)
	delete(e.chans, l.channel)
	for ch := range l.forks {
		delete(e.chans, ch)
	}
	l.final = nil
	if l.timer != nil {
		l.timer.Stop()
	}
	l.changed()
}

// begin looks up a leg for an operation and waits for its turn; release must be called.
// The context returned has a deadline.
func (e *Engine) begin(ctx context.Context, id engine.LegID) (context.Context, *leg, *session, func(), error) {
	e.mu.Lock()
	l, s := e.legs[id], e.up
	if l != nil && l.ended {
		l = nil
	}
	e.mu.Unlock()
	if s == nil {
		return nil, nil, nil, nil, engine.ErrDown
	}
	if l == nil {
		return nil, nil, nil, nil, engine.ErrNoLeg
	}
	ctx, cancel := e.withTimeout(ctx)
	select {
	case l.op <- struct{}{}:
	case <-ctx.Done():
		cancel()
		return nil, nil, nil, nil, ctx.Err()
	}
	e.expect()
	return ctx, l, s, func() { <-l.op; cancel() }, nil
}

// await waits until cond holds (called with the lock held), the leg ends, the session is lost or ctx ends.
func (l *leg) await(ctx context.Context, s *session, cond func() bool) error {
	for {
		l.e.mu.Lock()
		if l.ended {
			l.e.mu.Unlock()
			return engine.ErrNoLeg
		}
		if cond() {
			l.e.mu.Unlock()
			return nil
		}
		if l.e.up != s {
			l.e.mu.Unlock()
			return engine.ErrDown
		}
		chg := l.chg
		l.e.mu.Unlock()
		select {
		case <-chg:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.e.expect()
	}
}

// ready waits until the leg's channel can take an application: the first decision has been sent and
// the channel is parked.
func (l *leg) ready(ctx context.Context, s *session) error {
	return l.await(ctx, s, func() bool { return l.decision == nil && l.parked })
}

// state checks a condition under the lock: ErrNoLeg if the leg has ended, ErrState if it doesn't hold.
func (l *leg) state(ok func() bool) error {
	l.e.mu.Lock()
	defer l.e.mu.Unlock()
	switch {
	case l.ended:
		return engine.ErrNoLeg
	case !ok():
		return engine.ErrState
	}
	return nil
}
