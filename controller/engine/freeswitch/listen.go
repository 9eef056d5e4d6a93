package freeswitch

import (
	"context"
	"fmt"

	"callplane/controller/engine"
	"github.com/google/uuid"
	"github.com/percipia/eslgo/command"
)

// listening is what a supervisor does.
type listening struct {
	target *leg
	mode   engine.ListenMode
	token  string // of the eavesdrop application
	// stopping: its end is wanted; restarts counts those that were not.
	stopping bool
	restarts int
}

// Listen implements engine.Engine with the eavesdrop application. Whoever starts to listen or whisper can
// never be heard by the target's party: the application is told to insert audio towards the target only. For
// barge it is started anew with both directions.
//
// The application itself takes keys of the supervisor for mode changes; so that the controller hears of them
// they are left on, and after each one the mode is set back.
func (e *Engine) Listen(ctx context.Context, supervisor, target engine.LegID, mode engine.ListenMode) error {
	return fail("listen to "+string(target)+" for", supervisor, e.doListen(ctx, supervisor, target, mode))
}

func (e *Engine) doListen(ctx context.Context, supervisor, target engine.LegID, mode engine.ListenMode) error {
	if supervisor == target || mode < engine.ListenOnly || mode > engine.ListenBarge {
		return engine.ErrInvalid
	}
	ctx, l, s, release, err := e.begin(ctx, supervisor)
	if err != nil {
		return err
	}
	defer release()
	e.mu.Lock()
	t := e.legs[target]
	if t == nil || t.ended {
		e.mu.Unlock()
		return fmt.Errorf("target: %w", engine.ErrNoLeg)
	}
	if !t.media {
		e.mu.Unlock()
		return fmt.Errorf("target: %w", engine.ErrState)
	}
	cur := l.listen
	barge := mode == engine.ListenBarge
	if cur != nil && cur.target == t && (cur.mode == engine.ListenBarge) == barge {
		cur.mode = mode
		e.mu.Unlock()
		return e.eavesdropCommand(ctx, s, l.channel, modeKey(mode))
	}
	restart := cur != nil && cur.target == t
	if restart {
		cur.mode = mode
		cur.token = uuid.NewString() // its end is not the end of listening
	}
	e.mu.Unlock()
	if err := l.state(func() bool { return l.answered }); err != nil {
		return err
	}
	if restart {
		return e.eavesdrop(ctx, s, l, cur, true)
	}
	if err := e.leave(ctx, l, s); err != nil {
		return err
	}
	if err := e.unbridge(ctx, l, s); err != nil {
		return err
	}
	if err := l.ready(ctx, s); err != nil {
		return err
	}
	ls := &listening{target: t, mode: mode, token: uuid.NewString()}
	e.mu.Lock()
	if l.ended || t.ended {
		e.mu.Unlock()
		return engine.ErrNoLeg
	}
	l.listen = ls
	t.watched[l] = struct{}{}
	e.mu.Unlock()
	if err := e.eavesdrop(ctx, s, l, ls, false); err != nil {
		e.mu.Lock()
		if l.listen == ls {
			l.listen = nil
			delete(t.watched, l)
		}
		e.mu.Unlock()
		return err
	}
	return nil
}

// modeKey is the eavesdrop application's key for a mode.
func modeKey(m engine.ListenMode) string {
	switch m {
	case engine.ListenWhisper:
		return "2"
	case engine.ListenBarge:
		return "3"
	}
	return "0"
}

// eavesdrop starts the application, after ending it if it runs.
func (e *Engine) eavesdrop(ctx context.Context, s *session, l *leg, ls *listening, running bool) error {
	set := func(name string, on bool) error {
		_, err := s.cmd(l.channel).api(ctx, "uuid_setvar", fmt.Sprintf("%s %s %v", l.channel, name, on))
		return err
	}
	barge := ls.mode == engine.ListenBarge
	for name, on := range map[string]bool{
		"eavesdrop_enable_dtmf":  true,
		"eavesdrop_bridge_aleg":  barge,
		"eavesdrop_bridge_bleg":  true,
		"eavesdrop_whisper_aleg": barge,
		"eavesdrop_whisper_bleg": ls.mode != engine.ListenOnly,
	} {
		if err := set(name, on); err != nil {
			return err
		}
	}
	if running {
		if err := e.eavesdropCommand(ctx, s, l.channel, "*"); err != nil {
			return err
		}
	}
	return e.execute(ctx, s, l.channel, "eavesdrop", ls.target.channel, ls.token)
}

// eavesdropCommand presses a key for the eavesdrop application of a channel.
func (e *Engine) eavesdropCommand(ctx context.Context, s *session, channel, key string) error {
	msg := command.SendEvent{Name: "COMMAND", Headers: map[string][]string{"unique-id": {channel}, "eavesdrop-command": {key}}}
	_, err := s.cmd(channel).command(ctx, "eavesdrop-command", msg.BuildMessage())
	return err
}

// StopListen implements engine.Engine.
func (e *Engine) StopListen(ctx context.Context, supervisor engine.LegID) error {
	ctx, l, s, release, err := e.begin(ctx, supervisor)
	if err != nil {
		return fail("stop listening", supervisor, err)
	}
	defer release()
	return fail("stop listening", supervisor, e.stopListening(ctx, l, s))
}

func (e *Engine) stopListening(ctx context.Context, l *leg, s *session) error {
	e.mu.Lock()
	ls := l.listen
	e.mu.Unlock()
	if ls == nil {
		return nil
	}
	e.mu.Lock()
	ls.stopping = true
	e.mu.Unlock()
	if err := e.eavesdropCommand(ctx, s, l.channel, "*"); err != nil {
		return err
	}
	return l.await(ctx, s, func() bool { return l.listen != ls })
}

// listenDigit sets the mode back that a key of the supervisor has changed. Needs the lock.
func (l *leg) listenDigit(s *session) {
	ls := l.listen
	if ls == nil || ls.stopping {
		return
	}
	e, ch, key := l.e, l.channel, modeKey(ls.mode)
	e.async(func(ctx context.Context) {
		if err := e.eavesdropCommand(ctx, s, ch, key); err != nil && !gone(err) {
			e.log.Warn("cannot set the listening mode", "leg", l.id, "err", err)
		}
	})
}

// eavesdropEnded handles the end of the application. The key '*' ends it: then it starts again. Needs the lock.
func (l *leg) eavesdropEnded() {
	ls := l.listen
	if ls.stopping || ls.target.ended || l.e.up == nil {
		l.listenOver()
		return
	}
	if ls.restarts++; ls.restarts > 20 {
		l.listenOver()
		return
	}
	ls.token = uuid.NewString()
	e, s := l.e, l.e.up
	e.async(func(ctx context.Context) {
		if err := e.eavesdrop(ctx, s, l, ls, false); err != nil {
			e.mu.Lock()
			e.post(func() {
				if l.listen == ls {
					l.listenOver()
				}
			})
			e.mu.Unlock()
		}
	})
}

// listenOver tells that a supervisor listens no more. Needs the lock.
func (l *leg) listenOver() {
	ls := l.listen
	if ls == nil {
		return
	}
	l.listen = nil
	delete(ls.target.watched, l)
	l.e.emit(l, engine.ListenDone{Of: l.of(), Target: ls.target.id})
	l.changed()
}
