package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"callplane/controller/engine"
)

// Bridge implements engine.Engine.
func (e *Engine) Bridge(ctx context.Context, a, b engine.LegID) error {
	if a == b {
		return fail("bridge", a, fmt.Errorf("%w: with itself", engine.ErrInvalid))
	}
	return fail("bridge "+string(b)+" with", a, e.bridge(ctx, a, b))
}

func (e *Engine) bridge(ctx context.Context, a, b engine.LegID) error {
	// In the order of the ids: two bridges of the same legs must not wait for each other.
	first, second := a, b
	if first > second {
		first, second = second, first
	}
	ctx, lf, s, release, err := e.begin(ctx, first)
	if err != nil {
		return err
	}
	defer release()
	ctx, ls, _, release2, err := e.begin(ctx, second)
	if err != nil {
		return err
	}
	defer release2()
	la, lb := lf, ls
	if first != a {
		la, lb = ls, lf
	}
	e.mu.Lock()
	already := la.peer == lb && la.peer != nil
	e.mu.Unlock()
	if already {
		return nil
	}
	for _, l := range []*leg{la, lb} {
		// An outbound leg that only rings has no audio; an inbound one is answered by the engine when
		// the other is.
		if err := l.state(func() bool { return l.media || (l.info.Direction == engine.Inbound && l.decision == nil) }); err != nil {
			return err
		}
	}
	if err := la.state(func() bool { return la.media || lb.media }); err != nil {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, joinTime)
	defer cancel()
	err = e.join(soon, s, la, lb)
	if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return err
	}
	// With 200 callers on a busy machine one of them was not bridged although uuid_bridge was accepted, for a reason not found. Begun
	// again from the park it comes about.
	e.log.Warn("bridge is tried again", "leg", la.id, "with", lb.id, "err", err)
	for _, l := range []*leg{la, lb} {
		if err := e.repark(ctx, s, l); err != nil {
			return err
		}
	}
	return e.join(ctx, s, la, lb)
}

// joinTime is how long the engine may take to bring two legs together before that is tried again.
const joinTime = 1500 * time.Millisecond

// join bridges two legs whose turn is held.
func (e *Engine) join(ctx context.Context, s *session, la, lb *leg) error {
	for _, l := range []*leg{la, lb} {
		if err := e.leave(ctx, l, s); err != nil {
			return err
		}
	}
	for _, l := range []*leg{la, lb} {
		if err := l.await(ctx, s, func() bool { return l.decision == nil && (l.parked || l.peer != nil) }); err != nil {
			return fmt.Errorf("%s is to be parked: %w", l.id, err)
		}
	}
	// Which one the engine calls originator matters only before answer: the inbound leg then.
	first2, second2 := la, lb
	if lb.info.Direction == engine.Inbound && la.info.Direction == engine.Outbound {
		first2, second2 = lb, la
	}
	e.mu.Lock()
	chA, chB := first2.channel, second2.channel
	wasA, wasB := la.parked, lb.parked
	la.parked, lb.parked = false, false // they leave at once; the events follow
	e.mu.Unlock()
	if _, err := s.cmd(chA).api(ctx, "uuid_bridge", chA+" "+chB); err != nil {
		e.mu.Lock()
		la.parked, lb.parked = wasA, wasB
		e.mu.Unlock()
		return e.orGone(ctx, s, err, la, lb)
	}
	// The command is answered before the bridge stands.
	err := la.await(ctx, s, func() bool { return la.peer == lb || lb.ended })
	if err == nil {
		err = lb.state(func() bool { return true })
	}
	if err != nil {
		e.rescue(s, la)
		e.rescue(s, lb)
		return fmt.Errorf("the two are to be together: %w", err)
	}
	return nil
}

// repark parks a leg that is neither parked nor bridged.
func (e *Engine) repark(ctx context.Context, s *session, l *leg) error {
	e.mu.Lock()
	ch, stray := l.channel, l.decision == nil && !l.parked && l.peer == nil
	e.mu.Unlock()
	if !stray {
		return nil
	}
	_, err := s.cmd(ch).api(ctx, "uuid_transfer", ch+" park inline")
	return e.orGone(ctx, s, err, l)
}

// rescue parks a leg that was left in the middle of a bridge because the other one ended: depending on the
// moment the engine parks it by itself, or forgets it.
func (e *Engine) rescue(s *session, l *leg) {
	e.async(func(ctx context.Context) {
		wait, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
		defer cancel()
		if err := l.await(wait, s, func() bool { return l.parked || l.peer != nil }); !errors.Is(err, context.DeadlineExceeded) {
			return
		}
		e.mu.Lock()
		ch := l.channel
		e.mu.Unlock()
		if _, err := s.cmd(ch).api(ctx, "uuid_transfer", ch+" park inline"); err != nil && !gone(err) {
			e.log.Warn("cannot park after a failed bridge", "leg", l.id, "err", err)
		}
	})
}

// orGone replaces the engine's refusal by ErrNoLeg if one of the legs is ending: the engine knows before we do.
func (e *Engine) orGone(ctx context.Context, s *session, err error, legs ...*leg) error {
	if !errors.Is(err, engine.ErrRefused) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	over := func() bool {
		for _, l := range legs {
			if l.ended {
				return true
			}
		}
		return false
	}
	werr := legs[0].await(ctx, s, over)
	if werr == nil || errors.Is(werr, engine.ErrNoLeg) {
		return engine.ErrNoLeg
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if over() {
		return engine.ErrNoLeg
	}
	return err
}

// leave ends what occupies a leg besides a bridge: playback, mix, listening. The engine itself takes it out of
// another bridge.
func (e *Engine) leave(ctx context.Context, l *leg, s *session) error {
	if err := e.stopPlaying(ctx, l, s); err != nil {
		return err
	}
	if err := e.leaveMix(ctx, l, s); err != nil {
		return err
	}
	return e.stopListening(ctx, l, s)
}

// Unbridge implements engine.Engine.
func (e *Engine) Unbridge(ctx context.Context, id engine.LegID) error {
	ctx, l, s, release, err := e.begin(ctx, id)
	if err != nil {
		return fail("unbridge", id, err)
	}
	defer release()
	return fail("unbridge", id, e.unbridge(ctx, l, s))
}

// unbridge parks both legs of a bridge and waits for it.
func (e *Engine) unbridge(ctx context.Context, l *leg, s *session) error {
	e.mu.Lock()
	peer, ch := l.peer, l.channel
	e.mu.Unlock()
	if peer == nil {
		return nil
	}
	if _, err := s.cmd(ch).api(ctx, "uuid_transfer", ch+" -both park inline"); err != nil {
		return e.orGone(ctx, s, err, l)
	}
	return l.await(ctx, s, func() bool { return l.peer != peer })
}

// bridgeEvent handles CHANNEL_BRIDGE and CHANNEL_UNBRIDGE. Needs the lock.
func (e *Engine) bridgeEvent(ev *event) {
	a, b := e.chans[ev.get("Bridge-A-Unique-ID")], e.chans[ev.get("Bridge-B-Unique-ID")]
	if ev.name() == "CHANNEL_UNBRIDGE" {
		if a != nil && a.peer != nil && a.peer == b {
			a.unbridged()
		}
		return
	}
	if a == nil || b == nil || a.ended || b.ended || a.peer == b {
		return
	}
	for _, l := range []*leg{a, b} {
		if l.peer != nil {
			l.unbridged()
		}
	}
	a.peer, b.peer = b, a
	for _, l := range []*leg{a, b} {
		l.parked = false
		if l.play != nil {
			l.playOver(engine.PlayStopped) // the engine bridged by itself (REFER)
		}
		e.emit(l, engine.Bridged{Of: l.of(), Peer: l.peer.id})
		l.changed()
	}
}

// unbridged tells both legs of a bridge that it is over. Needs the lock.
func (l *leg) unbridged() {
	peer := l.peer
	l.peer, peer.peer = nil, nil
	l.e.emit(l, engine.Unbridged{Of: l.of(), Peer: peer.id})
	if !peer.ended {
		l.e.emit(peer, engine.Unbridged{Of: peer.of(), Peer: l.id})
	}
	l.changed()
	peer.changed()
}
