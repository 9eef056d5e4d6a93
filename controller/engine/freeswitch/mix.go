package freeswitch

import (
	"context"
	"fmt"
	"strings"

	"callplane/controller/engine"
	"github.com/google/uuid"
)

// mixing is a leg's membership of a mix.
type mixing struct {
	id     engine.MixID
	member string // id within the conference; empty until it is in
	token  string
}

// conferenceName makes an id safe for the conference application, whose argument has a syntax.
func conferenceName(id engine.MixID) (string, error) {
	if !token(string(id)) || strings.ContainsAny(string(id), "+~@") {
		return "", fmt.Errorf("%w: mix %q", engine.ErrInvalid, id)
	}
	return "mix-" + string(id), nil
}

// Mix implements engine.Engine. The id may have letters, digits, '-', '_' and '.'.
func (e *Engine) Mix(ctx context.Context, id engine.MixID, leg engine.LegID) error {
	return fail("mix", leg, e.doMix(ctx, id, leg))
}

func (e *Engine) doMix(ctx context.Context, id engine.MixID, legID engine.LegID) error {
	name, err := conferenceName(id)
	if err != nil {
		return err
	}
	ctx, l, s, release, err := e.begin(ctx, legID)
	if err != nil {
		return err
	}
	defer release()
	if err := l.state(func() bool { return l.answered }); err != nil {
		return err
	}
	e.mu.Lock()
	same := l.mix != nil && l.mix.id == id
	e.mu.Unlock()
	if same {
		return nil
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
	m := &mixing{id: id, token: uuid.NewString()}
	e.mu.Lock()
	if l.ended {
		e.mu.Unlock()
		return engine.ErrNoLeg
	}
	l.joining = m
	e.mu.Unlock()
	if err := e.execute(ctx, s, l.channel, "conference", name+"@mix", m.token); err != nil {
		return err
	}
	return l.await(ctx, s, func() bool { return l.mix == m })
}

// Unmix implements engine.Engine.
func (e *Engine) Unmix(ctx context.Context, leg engine.LegID) error {
	ctx, l, s, release, err := e.begin(ctx, leg)
	if err != nil {
		return fail("unmix", leg, err)
	}
	defer release()
	return fail("unmix", leg, e.leaveMix(ctx, l, s))
}

func (e *Engine) leaveMix(ctx context.Context, l *leg, s *session) error {
	e.mu.Lock()
	m, ch := l.mix, l.channel
	e.mu.Unlock()
	if m == nil {
		return nil
	}
	name, err := conferenceName(m.id)
	if err != nil {
		return err
	}
	if _, err := s.cmd(ch).api(ctx, "conference", name+" kick "+m.member); err != nil {
		return e.orGone(ctx, s, err, l)
	}
	return l.await(ctx, s, func() bool { return l.mix != m })
}

// conference handles conference::maintenance for a leg's channel. Needs the lock.
func (l *leg) conference(_ *session, ev *event) {
	switch ev.get("Action") {
	case "add-member":
		id, ok := strings.CutPrefix(ev.get("Conference-Name"), "mix-")
		if !ok || l.mix != nil {
			return
		}
		m := l.joining
		if m == nil || string(m.id) != id {
			m = &mixing{id: engine.MixID(id)}
		}
		l.joining = nil
		m.member = ev.get("Member-ID")
		l.mix = m
		l.e.emit(l, engine.Mixed{Of: l.of(), Mix: m.id})
		l.changed()
	case "del-member":
		if l.mix != nil && l.mix.member == ev.get("Member-ID") {
			l.unmixed()
		}
	}
}

// unmixed tells that the leg has left its mix. Needs the lock.
func (l *leg) unmixed() {
	m := l.mix
	l.mix = nil
	l.e.emit(l, engine.Unmixed{Of: l.of(), Mix: m.id})
	l.changed()
}
