package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"callplane/controller/engine"
)

// UpdateCallerID implements engine.Engine with UPDATE, where the phone allows it. mod_sofia updates answered legs only:
// before, the identity is kept and sent with the answer.
func (e *Engine) UpdateCallerID(ctx context.Context, id engine.LegID, who engine.Identity) error {
	return fail("update caller id of", id, e.updateCallerID(ctx, id, who))
}

func (e *Engine) updateCallerID(ctx context.Context, id engine.LegID, who engine.Identity) error {
	display, err := displayOf(who)
	if err != nil {
		return err
	}
	ctx, l, s, release, err := e.begin(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	e.mu.Lock()
	ch := l.channel
	l.display = display
	answered := l.answered
	e.mu.Unlock()
	if !answered {
		return nil
	}
	e.insist(s, l, display)
	return e.orGone(ctx, s, e.show(ctx, s, ch, display), l)
}

// insist sends an identity again when a bridge that was made just before has settled: mod_sofia tells both phones of a
// bridge what it takes for their names, and drops what comes while such an UPDATE is on its way. What has
// been sent last it does not send again.
func (e *Engine) insist(s *session, l *leg, display string) {
	e.async(func(ctx context.Context) {
		for _, pause := range []time.Duration{250 * time.Millisecond, time.Second} {
			wait, cancel := context.WithTimeout(ctx, pause)
			err := l.await(wait, s, func() bool { return false })
			cancel()
			e.mu.Lock()
			stale := l.display != display || l.ended
			ch := l.channel
			e.mu.Unlock()
			if !errors.Is(err, context.DeadlineExceeded) || stale {
				return
			}
			if err := e.show(ctx, s, ch, display); err != nil {
				if !gone(err) {
					e.log.Debug("cannot repeat the caller id", "leg", l.id, "err", err)
				}
				return
			}
		}
	})
}

// displayOf writes an identity as uuid_display wants it.
func displayOf(who engine.Identity) (string, error) {
	number, name := who.Number, who.Name
	if who.Anonymous {
		number, name = "anonymous", "Anonymous"
	}
	if name == "" {
		name = number
	}
	if err := printable(number, name); err != nil {
		return "", err
	}
	if !token(number) {
		return "", fmt.Errorf("%w: number %q", engine.ErrInvalid, number)
	}
	// mod_sofia cuts names at quotes, decodes '%', and takes what follows '|' for the number.
	name = strings.NewReplacer(`"`, "'", "%", " ", "|", "/", `\`, "/").Replace(name)
	return name + "|" + number, nil
}

// show sends an identity to an answered channel's phone.
func (e *Engine) show(ctx context.Context, s *session, ch, display string) error {
	c := s.cmd(ch)
	// A phone that doesn't say what it is gets no UPDATE.
	out, err := c.api(ctx, "uuid_getvar", ch+" sip_user_agent")
	if err != nil {
		return err
	}
	if out = strings.TrimSpace(out); out == "" || out == "_undef_" {
		if _, err := c.api(ctx, "uuid_setvar", ch+" sip_user_agent unknown"); err != nil {
			return err
		}
	}
	_, err = c.api(ctx, "uuid_display", ch+" "+display)
	return err
}

// showLate sends the identity that was set before answer. Needs the lock.
func (l *leg) showLate() {
	if l.display == "" || l.e.up == nil {
		return
	}
	e, s, ch, display := l.e, l.e.up, l.channel, l.display
	e.insist(s, l, display)
	e.async(func(ctx context.Context) {
		if err := e.show(ctx, s, ch, display); err != nil && !gone(err) {
			e.log.Warn("cannot update the caller id", "leg", l.id, "err", err)
		}
	})
}

// identityChanged handles CALL_UPDATE. Needs the lock.
func (l *leg) identityChanged(ev *event) {
	// The engine also tells of what it sent, and of its own shuffling at a bridge.
	if ev.get("Direction") != "RECV" || ev.get("Event-Calling-Function") != "sofia_update_callee_id" {
		return
	}
	id := engine.Identity{Number: ev.get("Caller-Callee-ID-Number"), Name: ev.get("Caller-Callee-ID-Name")}
	if l.info.Direction == engine.Inbound {
		id = engine.Identity{Number: ev.get("Caller-Caller-ID-Number"), Name: ev.get("Caller-Caller-ID-Name")}
	}
	if id.Number == "" || id == l.identity {
		return
	}
	l.identity = id
	l.e.emit(l, engine.IdentityChanged{Of: l.of(), Identity: id})
}
