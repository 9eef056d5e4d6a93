package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"callplane/controller/engine"
	"github.com/percipia/eslgo/command/call"
)

// Ring implements engine.Engine.
func (e *Engine) Ring(ctx context.Context, id engine.LegID) error {
	return fail("ring", id, e.early(ctx, id, "ring_ready", "uuid_ring_ready"))
}

// Progress implements engine.Engine.
func (e *Engine) Progress(ctx context.Context, id engine.LegID) error {
	return fail("progress", id, e.early(ctx, id, "pre_answer", "uuid_pre_answer"))
}

// Answer implements engine.Engine.
func (e *Engine) Answer(ctx context.Context, id engine.LegID) error {
	return fail("answer", id, e.early(ctx, id, "answer", "uuid_answer"))
}

// early carries out what is done before answer: as an action of the first decision if that has not been
// sent, else by command.
func (e *Engine) early(ctx context.Context, id engine.LegID, app, api string) error {
	ctx, l, s, release, err := e.begin(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	e.mu.Lock()
	switch {
	case l.ended:
		err = engine.ErrNoLeg
	case l.answered, app == "ring_ready" && (l.ringing || l.early), app == "pre_answer" && l.early:
		e.mu.Unlock()
		return nil
	case l.info.Direction == engine.Outbound:
		err = engine.ErrState
	}
	if err != nil {
		e.mu.Unlock()
		return err
	}
	switch app {
	case "ring_ready":
		l.ringing = true
	case "pre_answer":
		l.early, l.media = true, true
	case "answer":
		l.media = true
	}
	if l.decide(action{app: app}) {
		e.mu.Unlock()
		return nil
	}
	e.mu.Unlock()
	_, err = s.cmd(l.channel).api(ctx, api, l.channel)
	return e.orGone(ctx, s, err, l)
}

// Hangup implements engine.Engine. It does not wait for other operations on the leg.
func (e *Engine) Hangup(ctx context.Context, id engine.LegID, cause engine.Cause) error {
	e.mu.Lock()
	l, s := e.legs[id], e.up
	if s == nil {
		e.mu.Unlock()
		return fail("hang up", id, engine.ErrDown)
	}
	if l == nil || l.ended {
		e.mu.Unlock()
		return fail("hang up", id, engine.ErrNoLeg)
	}
	if l.asked == nil {
		l.asked = &cause
	}
	e.expect()
	answered := l.answered
	if !answered && l.info.Direction == engine.Inbound && l.decide(refusal(cause)) {
		e.mu.Unlock()
		return nil
	}
	channels := l.channels()
	e.mu.Unlock()
	ctx, cancel := e.withTimeout(ctx)
	defer cancel()
	if len(channels) == 0 {
		return nil // all forks have ended: Hangup is on its way
	}
	var err error
	for _, ch := range channels {
		switch {
		case answered:
			err = e.kill(ctx, s, ch, cause, true)
		case l.info.Direction == engine.Outbound:
			err = e.cancel(ctx, s, l, ch, cause)
		default:
			err = e.kill(ctx, s, ch, cause, false)
		}
	}
	if !answered && l.info.Direction == engine.Outbound && errors.Is(err, engine.ErrNoLeg) {
		err = nil // not made yet (see created), or its end is on the way
	}
	return fail("hang up", id, err)
}

// cancel ends an outbound channel that may be answered at this moment. The channel's own thread does it, after what
// has already come in: uuid_kill in between makes mod_sofia forget a 200 that it has received, without ACK or BYE.
func (e *Engine) cancel(ctx context.Context, s *session, l *leg, ch string, cause engine.Cause) error {
	// A 200 passes two threads and is two events; the short sleep lets it through.
	if err := e.execute(ctx, s, ch, "sleep", "40", ""); err != nil {
		return err
	}
	text := call.Hangup{UUID: ch, Cause: hangupCause(cause)}.BuildMessage()
	if _, err := s.cmd(ch).command(ctx, "hangup", text); err != nil {
		return err
	}
	e.async(func(ctx context.Context) {
		// Should the thread be busy with something that never looks.
		wait, stop := context.WithTimeout(ctx, time.Second)
		defer stop()
		over := func() bool { f := l.forks[ch]; return f == nil || f.ended }
		if err := l.await(wait, s, over); !errors.Is(err, context.DeadlineExceeded) {
			return
		}
		if err := e.kill(ctx, s, ch, cause, true); err != nil && !gone(err) {
			e.log.Warn("cannot hang up", "leg", l.id, "err", err)
		}
	})
	return nil
}

// channels are those that the leg stands for. Needs the lock.
func (l *leg) channels() []string {
	if l.answered || len(l.forks) == 0 {
		return []string{l.channel}
	}
	var all []string
	for ch, f := range l.forks {
		if !f.ended {
			all = append(all, ch)
		}
	}
	return all
}

// kill ends a channel. An unanswered inbound one is refused with exactly the status of cause.
func (e *Engine) kill(ctx context.Context, s *session, ch string, cause engine.Cause, plain bool) error {
	if status, ok := respondStatus(cause); ok && !plain {
		// The application would wait behind whatever the channel is doing; the
		// status is set aside for the hang-up.
		text := (&call.Execute{UUID: ch, AppName: "respond", AppArgs: fmt.Sprintf("%d %s", status, reasonPhrase(status))}).BuildMessage()
		_, err := s.cmd(ch).command(ctx, "respond", text)
		return err
	}
	_, err := s.cmd(ch).api(ctx, "uuid_kill", ch+" "+hangupCause(cause))
	return err
}

// cancelFork ends an unanswered channel of an outbound leg, without waiting. Needs the lock.
func (e *Engine) cancelFork(l *leg, ch string, cause engine.Cause) {
	s := e.up
	if s == nil {
		return
	}
	e.async(func(ctx context.Context) {
		if err := e.cancel(ctx, s, l, ch, cause); err != nil && !gone(err) {
			e.log.Warn("cannot hang up a channel", "leg", l.id, "channel", ch, "err", err)
		}
	})
}

// respondStatus tells the status of causes for which the engine would send another one.
func respondStatus(c engine.Cause) (int, bool) {
	switch c {
	case engine.CauseAnsweredElsewhere, engine.CauseServerError, engine.CauseInternal, engine.CauseEngineLost,
		engine.CauseLoop, engine.CauseMoved:
		return c.SIPStatus(), true
	}
	return 0, false
}

func reasonPhrase(status int) string {
	switch status {
	case 302:
		return "Moved Temporarily"
	case 482:
		return "Loop Detected"
	case 487:
		return "Request Terminated"
	case 500:
		return "Server Internal Error"
	case 503:
		return "Service Unavailable"
	}
	return "Refused"
}

// refusal is the action of the first decision that refuses a call.
func refusal(c engine.Cause) action {
	if status, ok := respondStatus(c); ok {
		return action{app: "respond", data: fmt.Sprintf("%d %s", status, reasonPhrase(status)), last: true}
	}
	return action{app: "hangup", data: hangupCause(c), last: true}
}
