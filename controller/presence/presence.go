package presence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"callplane/controller/call"
	"callplane/dialplan"
	"callplane/store"
)

// Config of a Service.
type Config struct {
	Directory *store.Directory
	// Activity of an account by now.
	Activity func(dialplan.AccountID) call.Activity
	// Waiting is how many callers wait, by the id of the queue; Changed is to be called when that is different. Nil: nobody knows.
	Waiting func(dialplan.AccountID) map[int64]int
	// Domain is the SIP domain of all channels.
	Domain string
	Log    *slog.Logger
}

// Service follows the accounts' live calls. One goroutine, that of Run, has all its state.
type Service struct {
	cfg Config

	wake chan struct{} // a token: something is in the fields below
	mu   sync.Mutex
	// What Run has to look at.
	dirty  map[dialplan.AccountID]bool
	joined []*Stream
	left   []*Stream
	// connected are engines that are to be told everything.
	connected []*Panel
	over      bool

	// Of Run alone.
	streams map[dialplan.AccountID]map[*Stream]bool
	due     map[dialplan.AccountID]time.Time // when a delay ends
	lit     map[dialplan.AccountID]*lighting
	panels  []*Panel // of all engines
}

// New returns a service, which does nothing until Run.
func New(cfg Config) *Service {
	return &Service{
		cfg: cfg, wake: make(chan struct{}, 1), dirty: make(map[dialplan.AccountID]bool),
		streams: make(map[dialplan.AccountID]map[*Stream]bool), due: make(map[dialplan.AccountID]time.Time),
		lit: make(map[dialplan.AccountID]*lighting),
	}
}

// Errors of Subscribe.
var (
	ErrNoUser = errors.New("there is no such user")
	ErrOver   = errors.New("presence has ended")
)

// Changed tells that an account's calls are different; it never blocks.
func (s *Service) Changed(id dialplan.AccountID) {
	s.mu.Lock()
	s.dirty[id] = true
	s.mu.Unlock()
	s.signal()
}

func (s *Service) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Subscribe begins to tell what a user of an account may know; without a user it is everything of the
// account, at once. The first event is a Snapshot.
func (s *Service) Subscribe(account dialplan.AccountID, user string) (*Stream, error) {
	a := s.cfg.Directory.Account(account)
	if a == nil || user != "" && a.User(user) == nil {
		return nil, fmt.Errorf("subscribe to account %d as %q: %w", account, user, ErrNoUser)
	}
	out := make(chan Event, streamBuffer)
	st := &Stream{Events: out, out: out, service: s, account: account, user: user}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil, ErrOver
	}
	s.joined = append(s.joined, st)
	s.signal()
	return st, nil
}

func (s *Service) leave(st *Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = append(s.left, st)
	s.signal()
}

// Run works until ctx ends; then all streams are closed.
func (s *Service) Run(ctx context.Context) {
	cancel := s.cfg.Directory.Subscribe(func(c store.Change) {
		if c.Account != 0 {
			s.Changed(c.Account)
		}
	})
	defer cancel()
	defer s.finish()
	for a := range s.cfg.Directory.All() {
		s.Changed(a.ID)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		next := s.step(time.Now())
		if !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// step does what has come up; it returns when it is to be called again at the latest, zero: when something happens.
func (s *Service) step(now time.Time) time.Time {
	s.mu.Lock()
	dirty, joined, left, connected := s.dirty, s.joined, s.left, s.connected
	s.dirty, s.joined, s.left, s.connected = make(map[dialplan.AccountID]bool), nil, nil, nil
	s.mu.Unlock()
	for _, st := range joined {
		if s.streams[st.account] == nil {
			s.streams[st.account] = make(map[*Stream]bool)
		}
		s.streams[st.account][st] = true
		dirty[st.account] = true
	}
	for _, st := range left {
		st.end()
		delete(s.streams[st.account], st)
	}
	for id, at := range s.due {
		if !at.After(now) {
			dirty[id] = true
		}
	}
	for id := range dirty {
		s.account(id, now)
	}
	for _, p := range connected {
		s.everything(p)
		p.signal()
	}
	var next time.Time
	for _, at := range s.due {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// account tells what is different in one account.
func (s *Service) account(id dialplan.AccountID, now time.Time) {
	delete(s.due, id)
	readers := s.streams[id]
	a := s.cfg.Directory.Account(id)
	var l *lighting
	if len(s.panels) > 0 {
		l = s.rewatch(id, a)
	}
	if len(readers) == 0 {
		delete(s.streams, id)
		if l == nil || len(l.watches) == 0 {
			return
		}
	}
	act := s.cfg.Activity(id)
	all := states(a, act)
	if l != nil && a != nil {
		var waiting map[int64]int
		if s.cfg.Waiting != nil {
			waiting = s.cfg.Waiting(id)
		}
		s.light(a, l, all, waiting)
	}
	for st := range readers {
		if next := st.update(a, act, all, now); !next.IsZero() {
			if at, ok := s.due[id]; !ok || next.Before(at) {
				s.due[id] = next
			}
		}
		if st.closed {
			delete(readers, st)
		}
	}
}

func (s *Service) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for _, readers := range s.streams {
		for st := range readers {
			st.end()
		}
	}
	for _, st := range s.joined {
		st.end()
	}
}
