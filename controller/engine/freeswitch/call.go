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
	if !answered && l.info.Direction == engine.Outbound {
		e.mu.Lock()
		for _, ch := range channels {
			e.cancelFork(l, ch, cause)
		}
		e.mu.Unlock()
		return nil
	}
	return fail("hang up", id, e.kill(ctx, s, l.channel, cause, answered))
}

// settle is how long a cancel waits for an answer that is just being processed.
const settle = 30 * time.Millisecond

// cancel ends an outbound channel that may be answered at this moment. While mod_sofia works on a 200 (two threads and
// two events), the end of the channel makes it forget the dialog, without ACK or BYE: the phone would talk to nobody
// until it gives up. So what has come in may settle first, and the channel's own thread carries the hang-up
// out, after what is in its queue.
func (e *Engine) cancel(ctx context.Context, s *session, l *leg, ch string, cause engine.Cause) error {
	over := func() bool { f := l.forks[ch]; return f == nil || f.ended || (l.answered && l.channel == ch) }
	wait, stop := context.WithTimeout(ctx, settle)
	err := l.await(wait, s, over)
	stop()
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, engine.ErrNoLeg) && err != nil {
		return err
	}
	text := call.Hangup{UUID: ch, Cause: hangupCause(cause)}.BuildMessage()
	if _, err := s.cmd(ch).command(ctx, "hangup", text); err != nil {
		return err
	}
	// Should the thread be busy with something that never looks.
	wait, stop = context.WithTimeout(ctx, time.Second)
	defer stop()
	ended := func() bool { f := l.forks[ch]; return f == nil || f.ended }
	if err := l.await(wait, s, ended); !errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return e.kill(ctx, s, ch, cause, true)
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
