package presence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"callplane/controller/engine"
	"callplane/dialplan"
)

// Lamps is the part of an engine that phones' busy lamps hang on.
type Lamps interface {
	Name() string
	SetState(context.Context, engine.State) error
	SetWatch(context.Context, engine.Watch) error
}

// lampName is the name of a user's state on engines.
func lampName(account dialplan.AccountID, ext string) string {
	return fmt.Sprintf("a%d-%s", account, ext)
}

// watches are what an account's channels may watch: by channel, the extension and the name of its state (FAC-BLF-01). Channels
// that may watch nobody are not in it. A user does not watch itself.
func watches(a *dialplan.Account) map[string]map[string]string {
	if a == nil || len(a.Privacy) == 0 {
		return nil
	}
	channels := make(map[string][]string) // of users
	for name, ch := range a.Channels {
		if ch.User != "" {
			channels[ch.User] = append(channels[ch.User], name)
		}
	}
	out := make(map[string]map[string]string)
	for ext, e := range a.Extensions {
		u, ok := e.Config.(*dialplan.User)
		if !ok {
			continue
		}
		for _, g := range u.Privacy {
			p := a.Privacy[g.Group]
			if !g.BLF || p == nil {
				continue
			}
			for _, member := range p.Members {
				if member == ext {
					continue
				}
				for _, ch := range channels[member] {
					if out[ch] == nil {
						out[ch] = make(map[string]string)
					}
					out[ch][ext] = lampName(a.ID, ext)
				}
			}
		}
	}
	return out
}

// lighting is what engines have been told of an account.
type lighting struct {
	of      *dialplan.Account // from which watches was made
	watches map[string]map[string]string
	// states of the users that somebody watches.
	states map[string]engine.PresenceState
}

// rewatch works out who watches whom after a change of the configuration.
func (s *Service) rewatch(id dialplan.AccountID, a *dialplan.Account) *lighting {
	l := s.lit[id]
	if l == nil {
		l = &lighting{}
	}
	if a == l.of && a != nil {
		return l
	}
	now := watches(a)
	for ch := range l.watches {
		if now[ch] == nil {
			s.tell(func(p *Panel) { p.watch(ch, nil) })
		}
	}
	watched := make(map[string]engine.PresenceState)
	for ch, names := range now {
		if !maps.Equal(names, l.watches[ch]) {
			s.tell(func(p *Panel) { p.watch(ch, names) })
		}
		for ext := range names {
			watched[ext] = l.states[ext]
		}
	}
	for ext, st := range l.states {
		if _, ok := watched[ext]; !ok && st != engine.Idle {
			s.tell(func(p *Panel) { p.state(lampName(id, ext), engine.Idle) })
		}
	}
	l = &lighting{of: a, watches: now, states: watched}
	s.lit[id] = l
	if a == nil {
		delete(s.lit, id)
	}
	return l
}

// light tells the states that are different.
func (s *Service) light(id dialplan.AccountID, l *lighting, all map[string]engine.PresenceState) {
	for ext, before := range l.states {
		if st := stateOf(all, ext); st != before {
			l.states[ext] = st
			s.tell(func(p *Panel) { p.state(lampName(id, ext), st) })
		}
	}
}

// everything tells one engine all that others have been told. Channels without a right are told, too:
// an earlier run may have let them see something.
func (s *Service) everything(p *Panel) {
	for id, l := range s.lit {
		for ext, st := range l.states {
			p.state(lampName(id, ext), max(st, engine.Idle))
		}
	}
	for a := range s.cfg.Directory.All() {
		l := s.lit[a.ID]
		for ch := range a.Channels {
			if l != nil && l.watches[ch] != nil {
				p.watch(ch, l.watches[ch])
			} else {
				p.watch(ch, nil)
			}
		}
	}
}

func (s *Service) tell(f func(*Panel)) {
	for _, p := range s.panels {
		f(p)
		p.signal()
	}
}

// Panel is the lamps of one engine: what it has to be told, the newest of everything.
type Panel struct {
	engine  Lamps
	service *Service
	log     *slog.Logger
	wake    chan struct{}

	mu      sync.Mutex
	states  map[string]engine.PresenceState
	watches map[string]map[string]string
}

// Panel makes the lamps of an engine; before Run.
func (s *Service) Panel(e Lamps) *Panel {
	p := &Panel{engine: e, service: s, log: s.cfg.Log.With("engine", e.Name()), wake: make(chan struct{}, 1),
		states: make(map[string]engine.PresenceState), watches: make(map[string]map[string]string)}
	s.panels = append(s.panels, p)
	return p
}

// Connected makes the engine be told everything; call it whenever the engine was connected.
func (p *Panel) Connected() {
	p.service.mu.Lock()
	p.service.connected = append(p.service.connected, p)
	p.service.mu.Unlock()
	p.service.signal()
}

func (p *Panel) state(name string, st engine.PresenceState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states[name] = st
}

func (p *Panel) watch(channel string, names map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watches[channel] = names
}

func (p *Panel) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// retryAfter is how long the panel waits after an engine has failed.
const retryAfter = time.Second

// Run tells the engine until ctx ends. While it is down nothing is kept: Connected begins anew.
func (p *Panel) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		}
		for p.send(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(retryAfter):
			}
		}
	}
}

// send tells what is waiting, states before rights, so that no lamp is wrong at first. True: something has failed and is to be tried again.
func (p *Panel) send(ctx context.Context) (again bool) {
	p.mu.Lock()
	states, watches := p.states, p.watches
	p.states, p.watches = make(map[string]engine.PresenceState), make(map[string]map[string]string)
	p.mu.Unlock()
	retry := func(err error) bool {
		if err == nil || ctx.Err() != nil || errors.Is(err, engine.ErrDown) {
			return false
		}
		p.log.Warn("busy lamps", "error", err)
		return !errors.Is(err, engine.ErrInvalid)
	}
	for name, st := range states {
		if retry(p.engine.SetState(ctx, engine.State{Name: name, State: st})) {
			again = true
			p.mu.Lock()
			if _, newer := p.states[name]; !newer {
				p.states[name] = st
			}
			p.mu.Unlock()
		}
	}
	for channel, names := range watches {
		if retry(p.engine.SetWatch(ctx, engine.Watch{User: channel, Domain: p.service.cfg.Domain, Names: names})) {
			again = true
			p.mu.Lock()
			if _, newer := p.watches[channel]; !newer {
				p.watches[channel] = names
			}
			p.mu.Unlock()
		}
	}
	return again
}
