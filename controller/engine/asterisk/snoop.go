package asterisk

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
)

// snoop is a channel that hears, and may speak into, the channel of a leg. It dies with it.
type snoop struct {
	id      string
	once    sync.Once
	started chan struct{}
	end     sync.Once
	gone    chan struct{}
	onGone  func(at time.Time) // held lock: Engine.mu
}

func (s *snoop) start()   { s.once.Do(func() { close(s.started) }) }
func (s *snoop) markEnd() { s.end.Do(func() { close(s.gone) }) }

// makeSnoop opens a snoop on a leg and waits until it can be used.
func (e *Engine) makeSnoop(ctx context.Context, l *leg, spy, whisper string) (*snoop, error) {
	s := &snoop{id: "cp-snoop-" + uuid.NewString(), started: make(chan struct{}), gone: make(chan struct{})}
	e.mu.Lock()
	e.snoops[s.id] = s
	ch := l.channel()
	e.mu.Unlock()
	err := e.rest.post(ctx, path("channels", ch, "snoop", s.id),
		url.Values{"spy": {spy}, "whisper": {whisper}, "app": {e.cfg.App}, "appArgs": {"snoop"}})
	if err == nil {
		select {
		case <-s.started:
			return s, nil
		case <-s.gone:
			err = fmt.Errorf("%s: %w", l.id, engine.ErrNoLeg)
		case <-l.done:
			err = fmt.Errorf("%s: %w", l.id, engine.ErrNoLeg)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	e.mu.Lock()
	e.endSnoop(s)
	e.mu.Unlock()
	return nil, err
}

// endSnoop hangs a snoop up. Held lock: Engine.mu.
func (e *Engine) endSnoop(s *snoop) {
	if s == nil || e.snoops[s.id] == nil {
		return
	}
	id := s.id
	e.task(func(ctx context.Context) {
		if err := e.rest.delete(ctx, path("channels", id), nil); err != nil && statusOf(err) != http.StatusNotFound {
			e.log.Warn("ending a snoop failed", "channel", id, "err", err)
		}
	})
}

// snoopGone: its channel has ended. Held lock: Engine.mu.
func (e *Engine) snoopGone(s *snoop, at time.Time) {
	delete(e.snoops, s.id)
	s.markEnd()
	if s.onGone != nil {
		s.onGone(at)
	}
}
