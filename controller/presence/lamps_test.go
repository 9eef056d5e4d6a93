package presence

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// board is an engine that remembers what it was told.
type board struct {
	mu      sync.Mutex
	fail    error
	states  map[string]engine.PresenceState
	watches map[string]map[string]string
	log     []string
}

func newBoard() *board {
	return &board{states: map[string]engine.PresenceState{}, watches: map[string]map[string]string{}}
}

func (b *board) Name() string { return "board" }

func (b *board) SetState(_ context.Context, s engine.State) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, fmt.Sprint(s.Name, " ", s.State))
	if b.fail == nil {
		b.states[s.Name] = s.State
	}
	return b.fail
}

func (b *board) SetWatch(_ context.Context, w engine.Watch) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, fmt.Sprint(w.User, "@", w.Domain, " ", len(w.Names)))
	if b.fail == nil {
		b.watches[w.User] = w.Names
	}
	return b.fail
}

func (b *board) failing(err error) {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
}

// want compares with what the engine was told.
func (b *board) want(t *testing.T, state engine.PresenceState, watching string) {
	t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.states["a1-101"] != state {
		t.Errorf("101 is told as %d, want %d: %v", b.states["a1-101"], state, b.log)
	}
	for ch, names := range b.watches {
		if (ch == watching) != maps.Equal(names, map[string]string{"101": "a1-101"}) || ch != watching && len(names) > 0 {
			t.Errorf("%s watches %v, want %s alone to: %v", ch, names, watching, b.log)
		}
	}
	if watching != "" && b.watches[watching] == nil {
		t.Errorf("%s watches nobody: %v", watching, b.log)
	}
}

func TestEnginesAreToldWhoSeesWhat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		var p *Panel
		d := open(t, func(s *Service) { p = s.Panel(b) })
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.Run(ctx)
		}()
		defer func() {
			cancel()
			<-done
		}()
		login := func(user string) {
			a := *d.dir.Account(1)
			a.Version++
			a.Channels = maps.Clone(a.Channels)
			a.Channels["desk"] = &dialplan.Channel{Name: "desk", User: user}
			d.dir.Put(&a)
			synctest.Wait()
		}
		p.Connected()
		login("102")
		b.want(t, engine.Idle, "desk")
		d.set(rings(uuid.New(), "101"))
		b.want(t, engine.Alerting, "desk")
		d.set(call.Activity{Busy: map[string]int{"c101": 1}})
		b.want(t, engine.Talking, "desk")
		login("101") // nobody watches itself
		b.want(t, engine.Idle, "")
		login("102")
		b.want(t, engine.Talking, "desk")

		// An engine that fails is told the newest when it works again, without a new reason.
		b.failing(errors.New("busy"))
		d.set(call.Activity{})
		d.set(rings(uuid.New(), "101"))
		b.want(t, engine.Talking, "desk")
		b.failing(nil)
		time.Sleep(2 * retryAfter)
		b.want(t, engine.Alerting, "desk")

		// One that was down is told everything, also that a channel may see nothing.
		b.failing(engine.ErrDown)
		d.set(call.Activity{Busy: map[string]int{"c101": 1}})
		b.failing(nil)
		time.Sleep(2 * retryAfter)
		b.want(t, engine.Alerting, "desk")
		b.mu.Lock()
		b.states, b.watches = map[string]engine.PresenceState{}, map[string]map[string]string{"c9": {"101": "a1-101"}}
		b.mu.Unlock()
		p.Connected()
		b.want(t, engine.Talking, "desk")
	})
}
