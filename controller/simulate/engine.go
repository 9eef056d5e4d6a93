package simulate

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"callplane/controller/engine"
)

// keyTime is how long the caller takes for a key.
const keyTime = 200 * time.Millisecond

// switchboard is a media server without media, whose phones do what the request says. Every event of it is told while
// the call's goroutine asks for something or has nothing to do.
type switchboard struct {
	*world
	react  func(engine.Target) Reaction
	caller engine.LegID
	legs   map[engine.LegID]*leg
	played []engine.Source // to the caller, at last
	with   string          // who talks with the caller
	keys   int             // that the caller is going to press
}

// leg is one party's connection.
type leg struct {
	id       engine.LegID
	who      string
	sink     engine.Sink
	answered bool
	peer     *leg
	play     engine.PlayID
	playEnd  func()
	plans    []func() // cancel what it was going to do
}

var _ engine.Engine = (*switchboard)(nil)

func (s *switchboard) of(l *leg) engine.Of { return engine.Of{ID: l.id, At: s.now} }

// on does something with a leg that is there.
func (s *switchboard) on(id engine.LegID, f func(*leg)) error {
	l := s.legs[id]
	if l == nil {
		return fmt.Errorf("simulated leg %s: %w", id, engine.ErrNoLeg)
	}
	f(l)
	return nil
}

func (s *switchboard) answer(l *leg) {
	if !l.answered {
		l.answered = true
		l.sink(engine.Answered{Of: s.of(l)})
	}
}

// stopPlay ends what the leg hears.
func (s *switchboard) stopPlay(l *leg, result engine.PlayResult) {
	if l.play == "" {
		return
	}
	id := l.play
	l.play = ""
	l.playEnd()
	l.sink(engine.PlayDone{Of: s.of(l), Play: id, Result: result})
}

func (s *switchboard) unbridge(l *leg) {
	o := l.peer
	if o == nil {
		return
	}
	l.peer, o.peer = nil, nil
	l.sink(engine.Unbridged{Of: s.of(l), Peer: o.id})
	o.sink(engine.Unbridged{Of: s.of(o), Peer: l.id})
}

// over ends a leg.
func (s *switchboard) over(l *leg, h engine.Hangup) {
	if s.legs[l.id] == nil {
		return
	}
	for _, cancel := range l.plans {
		cancel()
	}
	s.stopPlay(l, engine.PlayStopped)
	s.unbridge(l)
	delete(s.legs, l.id)
	h.Of = s.of(l)
	l.sink(h)
}

// hangsUp is the caller who hangs up; false: that was before.
func (s *switchboard) hangsUp() bool {
	l := s.legs[s.caller]
	if l == nil {
		return false
	}
	cause := engine.CauseNormal
	if !l.answered {
		cause = engine.CauseCancelled
	}
	s.over(l, engine.Hangup{Cause: cause, ByPeer: true})
	return true
}

// presses plans keys that the caller presses.
func (s *switchboard) presses(keys string) {
	l := s.legs[s.caller]
	if l == nil {
		return
	}
	for i := range len(keys) {
		s.keys++
		l.plans = append(l.plans, s.after(time.Duration(i+1)*keyTime, func() {
			s.keys--
			l.sink(engine.DTMF{Of: s.of(l), Digit: keys[i]})
		}))
	}
}

// Name implements engine.Engine.
func (*switchboard) Name() string { return "simulation" }

// Run implements engine.Engine.
func (*switchboard) Run(context.Context, engine.Handler) error { return nil }

// Ring implements engine.Engine.
func (s *switchboard) Ring(_ context.Context, id engine.LegID) error { return s.on(id, func(*leg) {}) }

// Progress implements engine.Engine.
func (s *switchboard) Progress(_ context.Context, id engine.LegID) error {
	return s.on(id, func(*leg) {})
}

// Answer implements engine.Engine.
func (s *switchboard) Answer(_ context.Context, id engine.LegID) error { return s.on(id, s.answer) }

// Hangup implements engine.Engine.
func (s *switchboard) Hangup(_ context.Context, id engine.LegID, cause engine.Cause) error {
	return s.on(id, func(l *leg) { s.over(l, engine.Hangup{Cause: cause}) })
}

// Play implements engine.Engine.
func (s *switchboard) Play(_ context.Context, id engine.LegID, p engine.Playback) error {
	return s.on(id, func(l *leg) {
		s.stopPlay(l, engine.PlayStopped)
		if id == s.caller {
			s.played = p.Sources
		}
		l.play, l.playEnd = p.ID, func() {}
		if !p.Loop {
			l.playEnd = s.after(lasts(p.Sources), func() { s.stopPlay(l, engine.PlayFinished) })
		}
	})
}

// StopPlay implements engine.Engine.
func (s *switchboard) StopPlay(_ context.Context, id engine.LegID, play engine.PlayID) error {
	return s.on(id, func(l *leg) {
		if l.play == play {
			s.stopPlay(l, engine.PlayStopped)
		}
	})
}

// Record implements engine.Engine: nothing is recorded.
func (s *switchboard) Record(_ context.Context, id engine.LegID, r engine.Recording) error {
	return s.on(id, func(l *leg) {
		l.sink(engine.RecordDone{Of: s.of(l), Record: r.ID, Err: errNothingRecorded})
	})
}

// StopRecord implements engine.Engine.
func (s *switchboard) StopRecord(context.Context, engine.LegID, engine.RecordID) error { return nil }

// Collect implements engine.Engine: there is nothing to collect.
func (*switchboard) Collect(context.Context, engine.Recording) error {
	return fmt.Errorf("simulated recording: %w", engine.ErrNoRecording)
}

// SendDTMF implements engine.Engine.
func (s *switchboard) SendDTMF(_ context.Context, id engine.LegID, _ string) error {
	return s.on(id, func(*leg) {})
}

// Originate implements engine.Engine: the phone rings, and then does what the request says.
func (s *switchboard) Originate(_ context.Context, req engine.Originate) error {
	r := s.react(req.Target)
	l := &leg{id: req.ID, who: r.who, sink: req.Sink}
	s.legs[l.id] = l
	l.sink(engine.Ringing{Of: s.of(l)})
	refuses := map[Answer]int{Busy: 486, Rejects: 603, Unreachable: 480}
	switch status := refuses[r.Answer]; {
	case status != 0:
		l.plans = append(l.plans, s.after(r.After, func() {
			s.over(l, engine.Hangup{Cause: engine.CauseOfSIP(status), SIPStatus: status, ByPeer: true})
		}))
	case r.Answer == Answers:
		l.plans = append(l.plans, s.after(r.After, func() { s.answer(l) }))
	}
	return nil
}

// Bridge implements engine.Engine.
func (s *switchboard) Bridge(_ context.Context, a, b engine.LegID) error {
	x, y := s.legs[a], s.legs[b]
	if x == nil || y == nil {
		return fmt.Errorf("simulated legs %s and %s: %w", a, b, engine.ErrNoLeg)
	}
	for _, l := range []*leg{x, y} {
		s.stopPlay(l, engine.PlayStopped)
		s.unbridge(l)
	}
	if a == s.caller {
		s.with = y.who
	}
	x.peer, y.peer = y, x
	x.sink(engine.Bridged{Of: s.of(x), Peer: b})
	y.sink(engine.Bridged{Of: s.of(y), Peer: a})
	return nil
}

// Unbridge implements engine.Engine.
func (s *switchboard) Unbridge(_ context.Context, id engine.LegID) error { return s.on(id, s.unbridge) }

// Mix implements engine.Engine: there is nobody else to be mixed with.
func (s *switchboard) Mix(_ context.Context, id engine.MixID, legID engine.LegID) error {
	return s.on(legID, func(l *leg) { l.sink(engine.Mixed{Of: s.of(l), Mix: id}) })
}

// Unmix implements engine.Engine.
func (s *switchboard) Unmix(_ context.Context, id engine.LegID) error {
	return s.on(id, func(l *leg) { l.sink(engine.Unmixed{Of: s.of(l)}) })
}

// Listen implements engine.Engine: there is no other conversation.
func (s *switchboard) Listen(_ context.Context, _, target engine.LegID, _ engine.ListenMode) error {
	return fmt.Errorf("simulated leg %s: %w", target, engine.ErrNoLeg)
}

// StopListen implements engine.Engine.
func (s *switchboard) StopListen(context.Context, engine.LegID) error { return nil }

// UpdateCallerID implements engine.Engine.
func (s *switchboard) UpdateCallerID(_ context.Context, id engine.LegID, _ engine.Identity) error {
	return s.on(id, func(*leg) {})
}

// Checkpoint implements engine.Engine.
func (s *switchboard) Checkpoint(_ context.Context, id engine.LegID, _ string) error {
	return s.on(id, func(*leg) {})
}

// Notify implements engine.Engine.
func (*switchboard) Notify(context.Context, engine.Notify) error { return nil }

// SetState implements engine.Engine.
func (*switchboard) SetState(context.Context, engine.State) error { return nil }

// SetWatch implements engine.Engine.
func (*switchboard) SetWatch(context.Context, engine.Watch) error { return nil }

// SetTrunks implements engine.Engine.
func (*switchboard) SetTrunks(context.Context, []engine.Trunk) error { return nil }

// SetBlocked implements engine.Engine.
func (*switchboard) SetBlocked(context.Context, []netip.Addr) error { return nil }
