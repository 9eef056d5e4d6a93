package asterisk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
)

// listening is a supervisor on a target: a snoop of the target in a bridge with the
// supervisor. Guarded by Engine.mu.
type listening struct {
	supervisor, target *leg
	mode               engine.ListenMode
	snoop              *snoop
	bridge             *bridge
	over               bool
}

// Listen implements engine.Engine.
func (e *Engine) Listen(ctx context.Context, supervisor, target engine.LegID, mode engine.ListenMode) error {
	fail := func(err error) error { return fmt.Errorf("asterisk listen %s to %s: %w", supervisor, target, err) }
	whisper := ""
	switch mode {
	case engine.ListenOnly:
		whisper = "none"
	case engine.ListenWhisper:
		whisper = "out"
	case engine.ListenBarge:
		whisper = "both"
	default:
		return fail(engine.ErrInvalid)
	}
	if supervisor == target {
		return fail(engine.ErrInvalid)
	}
	// Only the supervisor's turn: what the target does meanwhile goes on.
	ctx, legs, done, err := e.begin(ctx, "listen", supervisor)
	if err != nil {
		return err
	}
	defer done()
	s := legs[0]
	e.mu.Lock()
	t := e.legs[target]
	switch {
	case t == nil || t.over:
		e.mu.Unlock()
		return fail(fmt.Errorf("%s: %w", target, engine.ErrNoLeg))
	case !s.answered || !t.hasMedia():
		e.mu.Unlock()
		return fail(engine.ErrState)
	}
	old := s.listen
	same := old != nil && old.target == t
	if same && old.mode == mode {
		e.mu.Unlock()
		return nil
	}
	e.mu.Unlock()
	if !same {
		if err := e.vacate(ctx, s); err != nil {
			return fail(err)
		}
	}
	sn, err := e.makeSnoop(ctx, t, "both", whisper)
	if err != nil {
		return fail(err)
	}
	if same {
		return e.switchSnoop(ctx, old, sn, mode, fail)
	}
	ln := &listening{supervisor: s, target: t, mode: mode, snoop: sn}
	br := &bridge{id: listenPrefix + uuid.NewString(), silent: true, members: map[*leg]bool{}}
	ln.bridge = br
	e.mu.Lock()
	if s.over || t.over {
		e.endSnoop(sn)
		e.mu.Unlock()
		return fail(engine.ErrNoLeg)
	}
	e.bridges[br.id] = br
	s.listen = ln
	t.listeners[ln] = true
	e.watchSnoop(ln, sn)
	ch := s.channel()
	e.mu.Unlock()
	e.mu.Lock()
	e.fillSilence(t)
	e.mu.Unlock()
	err = e.makeBridge(ctx, br.id, mixType)
	if err == nil {
		err = e.rest.post(ctx, path("bridges", br.id, "addChannel"), url.Values{"channel": {ch + "," + sn.id}})
	}
	if err != nil {
		e.mu.Lock()
		ln.over = true // it never began: nothing to tell
		e.clearListening(ln)
		e.mu.Unlock()
		return fail(bridgeError(err))
	}
	return nil
}

// switchSnoop changes the mode by a new snoop: the old one can't be changed.
func (e *Engine) switchSnoop(ctx context.Context, ln *listening, sn *snoop, mode engine.ListenMode, fail func(error) error) error {
	e.mu.Lock()
	if ln.over {
		e.endSnoop(sn)
		e.mu.Unlock()
		return fail(engine.ErrNoLeg)
	}
	br := ln.bridge
	e.mu.Unlock()
	if err := e.rest.post(ctx, path("bridges", br.id, "addChannel"), url.Values{"channel": {sn.id}}); err != nil {
		e.mu.Lock()
		e.endSnoop(sn)
		e.mu.Unlock()
		return fail(bridgeError(err))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if ln.over {
		e.endSnoop(sn)
		return fail(engine.ErrNoLeg)
	}
	old := ln.snoop
	old.onGone = nil
	e.endSnoop(old)
	ln.snoop, ln.mode = sn, mode
	e.fillSilence(ln.target)
	e.watchSnoop(ln, sn)
	return nil
}

// watchSnoop ends the listening when its snoop ends, as it does with the target.
// Held lock: Engine.mu.
func (e *Engine) watchSnoop(ln *listening, sn *snoop) {
	sn.onGone = func(at time.Time) { e.stopListening(ln, at) }
}

// endListening ends what a leg listens to. Held lock: Engine.mu.
func (e *Engine) endListening(l *leg, at time.Time) {
	if l.listen != nil {
		e.stopListening(l.listen, at)
	}
}

// stopListening ends it and tells the supervisor. Held lock: Engine.mu.
func (e *Engine) stopListening(ln *listening, at time.Time) {
	if ln.over {
		return
	}
	ln.over = true
	e.emit(ln.supervisor, engine.ListenDone{Of: of(ln.supervisor, at), Target: ln.target.id})
	e.clearListening(ln)
}

// clearListening takes it apart. Held lock: Engine.mu.
func (e *Engine) clearListening(ln *listening) {
	if ln.supervisor.listen == ln {
		ln.supervisor.listen = nil
	}
	delete(ln.target.listeners, ln)
	e.fillSilence(ln.target)
	if ln.supervisor.bridge == ln.bridge {
		ln.supervisor.bridge = nil
	}
	delete(e.bridges, ln.bridge.id)
	ln.snoop.onGone = nil
	e.endSnoop(ln.snoop)
	id, s := ln.bridge.id, ln.supervisor
	ch := s.channel()
	e.task(func(ctx context.Context) {
		if s.turn.acquire(ctx) == nil {
			defer s.turn.release()
			_ = e.rest.post(ctx, path("bridges", id, "removeChannel"), url.Values{"channel": {ch}}) // it may be out already
		}
		if err := e.rest.delete(ctx, path("bridges", id), nil); err != nil && statusOf(err) != http.StatusNotFound {
			e.log.Warn("removing a supervisor's bridge failed", "bridge", id, "err", err)
		}
	})
}

// StopListen implements engine.Engine.
func (e *Engine) StopListen(ctx context.Context, supervisor engine.LegID) error {
	ctx, legs, done, err := e.begin(ctx, "stop listen", supervisor)
	if err != nil {
		return err
	}
	defer done()
	e.leaveListening(ctx, legs[0])
	return nil
}

// leaveListening ends it within the supervisor's turn: when it returns the supervisor can be played to.
func (e *Engine) leaveListening(ctx context.Context, s *leg) {
	e.mu.Lock()
	ln, ch := s.listen, s.channel()
	e.mu.Unlock()
	if ln == nil {
		return
	}
	_ = e.rest.post(ctx, path("bridges", ln.bridge.id, "removeChannel"), url.Values{"channel": {ch}}) // it may be out already
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopListening(ln, time.Now())
}

// fillSilence sends silence to a leg that hears nothing else while somebody whispers to it: what is whispered is
// mixed into what is sent. Held lock: Engine.mu.
func (e *Engine) fillSilence(l *leg) {
	whisper := false
	for ln := range l.listeners {
		whisper = whisper || ln.mode != engine.ListenOnly && !ln.over
	}
	l.wantSilence = whisper && l.bridge == nil && l.play == nil && !l.over
	if l.silencing || l.wantSilence == l.silenced {
		return
	}
	l.silencing = true
	ch := l.channel()
	e.task(func(ctx context.Context) {
		e.mu.Lock()
		defer e.mu.Unlock()
		defer func() { l.silencing = false }()
		for !l.over && l.wantSilence != l.silenced {
			want := l.wantSilence
			e.mu.Unlock()
			method := http.MethodDelete
			if want {
				method = http.MethodPost
			}
			err := e.rest.do(ctx, method, path("channels", ch, "silence"), nil, nil, nil)
			e.mu.Lock()
			if err != nil {
				if !errors.Is(err, engine.ErrNoLeg) {
					e.log.Warn("silence for a whisper failed", "call", l.id, "err", err)
				}
				return
			}
			l.silenced = want
		}
	})
}
