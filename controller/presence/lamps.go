package presence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"callplane/controller/engine"
	"callplane/dialplan"
)

// Lamps is the part of an engine that phones' busy lamps hang on.
type Lamps interface {
	Name() string
	SetState(context.Context, engine.State) error
	SetWatch(context.Context, engine.Watch) error
}

// lampName is the name of a user's or queue's state on engines.
func lampName(account dialplan.AccountID, ext string) string {
	return fmt.Sprintf("a%d-%s", account, ext)
}

// watches are what an account's channels may watch: by channel, the extension and the name of its state (FAC-BLF-01). Channels
// that may watch nobody are not in it. A user does not watch itself. Queues are shown to who may pick up their calls.
func watches(a *dialplan.Account) map[string]map[string]string {
	if a == nil {
		return nil
	}
	channels := make(map[string][]string) // of users
	for name, ch := range a.Channels {
		if ch.User != "" {
			channels[ch.User] = append(channels[ch.User], name)
		}
	}
	out := make(map[string]map[string]string)
	watch := func(user, ext string) {
		for _, ch := range channels[user] {
			if out[ch] == nil {
				out[ch] = make(map[string]string)
			}
			out[ch][ext] = lampName(a.ID, ext)
		}
	}
	for ext, e := range a.Extensions {
		if q, ok := e.Config.(*dialplan.Queue); ok {
			for user := range channels {
				if q.MayWatch(user) {
					watch(user, ext)
				}
			}
			continue
		}
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
				if member != ext {
					watch(member, ext)
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
	// states of the users and queues that somebody watches.
	states map[string]engine.State
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
	watched := make(map[string]engine.State)
	for ch, names := range now {
		if !maps.Equal(names, l.watches[ch]) {
			s.tell(func(p *Panel) { p.watch(ch, names) })
		}
		for ext := range names {
			watched[ext] = l.states[ext]
		}
	}
	for ext, st := range l.states {
		if _, ok := watched[ext]; !ok && st.State != engine.Idle {
			s.tell(func(p *Panel) { p.state(engine.State{Name: lampName(id, ext), State: engine.Idle}) })
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
func (s *Service) light(a *dialplan.Account, l *lighting, all map[string]engine.PresenceState, waiting map[int64]int) {
	for ext, before := range l.states {
		st := engine.State{Name: lampName(a.ID, ext), State: stateOf(all, ext)}
		if e := a.Extensions[ext]; e != nil && waiting[e.ID] > 0 {
			// As phones show a call that can be picked up, with the queue's name and how many wait.
			st.State, st.Text = engine.Alerting, fmt.Sprintf("%s (%d)", cmp.Or(e.Name, ext), waiting[e.ID])
		}
		if st != before {
			l.states[ext] = st
			s.tell(func(p *Panel) { p.state(st) })
		}
	}
}

// everything tells one engine all that others have been told. Channels without a right are told, too:
// an earlier run may have let them see something.
func (s *Service) everything(p *Panel) {
	states, rights := make(map[string]engine.State), make(map[string]map[string]string)
	for id, l := range s.lit {
		for ext, st := range l.states {
			st.Name, st.State = lampName(id, ext), max(st.State, engine.Idle)
			states[st.Name] = st
		}
	}
	for a := range s.cfg.Directory.All() {
		l := s.lit[a.ID]
		for ch := range a.Channels {
			rights[ch] = nil
			if l != nil {
				rights[ch] = l.watches[ch]
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.restStates, p.restWatches = states, rights
}

func (s *Service) tell(f func(*Panel)) {
	for _, p := range s.panels {
		f(p)
		p.signal()
	}
}

// Panel is the lamps of one engine: what it has to be told, the newest of everything. After the engine was connected that is a lot; what
// happens meanwhile comes before the rest of it.
type Panel struct {
	engine  Lamps
	service *Service
	log     *slog.Logger
	wake    chan struct{}

	mu      sync.Mutex
	states  map[string]engine.State
	watches map[string]map[string]string
	// What is left to be told to an engine that was connected.
	restStates  map[string]engine.State
	restWatches map[string]map[string]string
}

// Panel makes the lamps of an engine; before Run.
func (s *Service) Panel(e Lamps) *Panel {
	p := &Panel{engine: e, service: s, log: s.cfg.Log.With("engine", e.Name()), wake: make(chan struct{}, 1),
		states: make(map[string]engine.State), watches: make(map[string]map[string]string)}
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

func (p *Panel) state(st engine.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states[st.Name] = st
	delete(p.restStates, st.Name)
}

func (p *Panel) watch(channel string, names map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watches[channel] = names
	delete(p.restWatches, channel)
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

// ahead is how many commands an engine has at a time; portion is how much of the rest it is told before what is new.
const (
	ahead   = 16
	portion = 256
)

// take is what to tell next, states before rights, so that no lamp is wrong at first.
func (p *Panel) take() (states map[string]engine.State, watches map[string]map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	states, watches = p.states, p.watches
	p.states, p.watches = make(map[string]engine.State), make(map[string]map[string]string)
	switch {
	case len(states)+len(watches) > 0:
	case len(p.restStates) > 0:
		states = some(p.restStates)
	default:
		watches = some(p.restWatches)
	}
	return states, watches
}

// some takes a portion out of a map.
func some[V any](from map[string]V) map[string]V {
	out := make(map[string]V, min(portion, len(from)))
	for k, v := range from {
		if len(out) == portion {
			break
		}
		out[k] = v
		delete(from, k)
	}
	return out
}

// each calls f with everything in a map, some at a time, and gives what it was in vain for.
func each[V any](all map[string]V, f func(string, V) (again bool)) map[string]V {
	var g errgroup.Group
	g.SetLimit(ahead)
	var mu sync.Mutex
	vain := make(map[string]V)
	for k, v := range all {
		g.Go(func() error {
			if f(k, v) {
				mu.Lock()
				defer mu.Unlock()
				vain[k] = v
			}
			return nil
		})
	}
	_ = g.Wait() // never fails
	return vain
}

// send tells what is waiting. True: something has failed and is to be tried again.
func (p *Panel) send(ctx context.Context) (again bool) {
	retry := func(err error) bool {
		if err == nil || ctx.Err() != nil || errors.Is(err, engine.ErrDown) {
			return false
		}
		p.log.Warn("busy lamps", "error", err)
		return !errors.Is(err, engine.ErrInvalid)
	}
	vainStates, vainWatches := make(map[string]engine.State), make(map[string]map[string]string)
	for {
		states, watches := p.take()
		if len(states)+len(watches) == 0 {
			break
		}
		maps.Copy(vainStates, each(states, func(_ string, st engine.State) bool { return retry(p.engine.SetState(ctx, st)) }))
		maps.Copy(vainWatches, each(watches, func(channel string, names map[string]string) bool {
			return retry(p.engine.SetWatch(ctx, engine.Watch{User: channel, Domain: p.service.cfg.Domain, Names: names}))
		}))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	again = putBack(p.states, vainStates)
	return putBack(p.watches, vainWatches) || again
}

// putBack adds what has no newer in its place; some tells whether there was anything.
func putBack[V any](to, vain map[string]V) (some bool) {
	for k, v := range vain {
		if _, newer := to[k]; !newer {
			to[k] = v
		}
	}
	return len(vain) > 0
}
