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
	token  string // of the eavesdrop application
}

// subclassDigit is the event that a supervisor's key fires while it listens.
const subclassDigit = "callplane::digit"

// Listen implements engine.Engine with the eavesdrop application. That never looks at the supervisor's keys
// or at commands (its own keys, with which anyone could change the mode, are off), so for its duration
// each key fires an event of our own, at the moment it arrives.
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
	if cur := l.listen; cur != nil && cur.target == t {
		e.mu.Unlock()
		return e.eavesdropCommand(ctx, s, l.channel, modeKey(mode))
	}
	e.mu.Unlock()
	if err := l.state(func() bool { return l.answered }); err != nil {
		return err
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
	ls := &listening{target: t, token: uuid.NewString()}
	e.mu.Lock()
	if l.ended || t.ended {
		e.mu.Unlock()
		return engine.ErrNoLeg
	}
	l.listen = ls
	t.watched[l] = struct{}{}
	e.mu.Unlock()
	if err := e.eavesdrop(ctx, s, l, ls, mode); err != nil {
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

// eavesdrop starts the application.
func (e *Engine) eavesdrop(ctx context.Context, s *session, l *leg, ls *listening, mode engine.ListenMode) error {
	for _, set := range []struct {
		name string
		on   bool
	}{
		{"eavesdrop_enable_dtmf", false},
		{"eavesdrop_whisper_aleg", mode == engine.ListenBarge},
		{"eavesdrop_whisper_bleg", mode != engine.ListenOnly},
	} {
		if _, err := s.cmd(l.channel).api(ctx, "uuid_setvar", fmt.Sprintf("%s %s %v", l.channel, set.name, set.on)); err != nil {
			return err
		}
	}
	for _, x := range []struct{ app, arg, token string }{
		{"bind_digit_action", "callplane,~^.,exec[i]:event,Event-Name=CUSTOM\\,Event-Subclass=" + subclassDigit, ""},
		{"eavesdrop", ls.target.channel, ls.token},
		{"clear_digit_action", "callplane", ""}, // runs when eavesdrop has ended
	} {
		if err := e.execute(ctx, s, l.channel, x.app, x.arg, x.token); err != nil {
			return err
		}
	}
	return nil
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
	if err := e.eavesdropCommand(ctx, s, l.channel, "*"); err != nil {
		return err
	}
	return l.await(ctx, s, func() bool { return l.listen != ls })
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
