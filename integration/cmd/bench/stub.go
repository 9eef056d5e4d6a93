package main

import (
	"context"
	"sync"
	"time"

	"callplane/controller/engine"
)

// stub is an engine that accepts everything at once and costs next to nothing, so that what is
// measured is the controller. Legs that it is asked to originate answer if told to.
type stub struct {
	engine.Engine // what benchmarks never ask for
	handler       engine.Handler

	mu   sync.Mutex
	legs map[engine.LegID]*stubLeg
}

// stubLeg is a caller, with the callees that were originated for it.
type stubLeg struct {
	id      engine.LegID
	sink    engine.Sink
	ready   chan struct{} // closed when sink is set
	answers bool          // callees answer at once

	began   time.Time
	decided time.Duration // until the first command; 0: none yet
	first   chan struct{} // closed at the first command
	bridged chan struct{}
}

func newStub() *stub { return &stub{legs: map[engine.LegID]*stubLeg{}} }

// call brings an inbound leg to the controller; its clock starts as the event arrives.
func (s *stub) call(info engine.LegInfo, answers bool) *stubLeg {
	l := &stubLeg{id: info.ID, answers: answers, first: make(chan struct{}), ready: make(chan struct{}), bridged: make(chan struct{})}
	s.mu.Lock()
	s.legs[l.id] = l
	s.mu.Unlock()
	l.began = time.Now()
	l.sink = s.handler.Incoming(info)
	close(l.ready)
	return l
}

// hangup is the caller's.
func (s *stub) hangup(l *stubLeg) {
	s.end(l, engine.CauseNormal)
}

// end tells the end of a leg, once.
func (s *stub) end(l *stubLeg, cause engine.Cause) {
	s.mu.Lock()
	over := s.legs[l.id] == nil
	delete(s.legs, l.id)
	s.mu.Unlock()
	if !over {
		l.tell(engine.Hangup{Of: of(l), Cause: cause, ByPeer: true})
	}
}

// tell gives an event to the leg's sink.
func (l *stubLeg) tell(ev engine.Event) {
	<-l.ready // a command may come before Incoming has returned
	l.sink(ev)
}

func of(l *stubLeg) engine.Of { return engine.Of{ID: l.id, At: time.Now()} }

// command notes the first command about the leg's call.
func (s *stub) command(id engine.LegID) (*stubLeg, error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.legs[id]
	if l == nil {
		return nil, engine.ErrNoLeg
	}
	if l.first != nil && l.decided == 0 {
		l.decided = now.Sub(l.began)
		close(l.first)
	}
	return l, nil
}

func (s *stub) Name() string { return "stub" }

func (s *stub) Ring(_ context.Context, id engine.LegID) error {
	_, err := s.command(id)
	return err
}

func (s *stub) Progress(ctx context.Context, id engine.LegID) error { return s.Ring(ctx, id) }

func (s *stub) Answer(_ context.Context, id engine.LegID) error {
	l, err := s.command(id)
	if err == nil {
		l.tell(engine.Answered{Of: of(l)})
	}
	return err
}

func (s *stub) Hangup(_ context.Context, id engine.LegID, cause engine.Cause) error {
	l, err := s.command(id)
	if err != nil {
		return err
	}
	s.end(l, cause)
	return nil
}

func (s *stub) Play(_ context.Context, id engine.LegID, _ engine.Playback) error {
	_, err := s.command(id)
	return err
}

func (s *stub) StopPlay(context.Context, engine.LegID, engine.PlayID) error { return nil }

func (s *stub) Checkpoint(_ context.Context, id engine.LegID, _ string) error {
	_, err := s.command(id)
	return err
}

func (s *stub) Originate(_ context.Context, o engine.Originate) error {
	caller, err := s.command(o.For)
	if err != nil {
		return err
	}
	l := &stubLeg{id: o.ID, sink: o.Sink, ready: caller.ready}
	s.mu.Lock()
	s.legs[l.id] = l
	s.mu.Unlock()
	if caller.answers {
		l.tell(engine.Ringing{Of: of(l)})
		l.tell(engine.Answered{Of: of(l)})
	}
	return nil
}

func (s *stub) Bridge(_ context.Context, a, b engine.LegID) error {
	la, err := s.command(a)
	if err != nil {
		return err
	}
	lb, err := s.command(b)
	if err != nil {
		return err
	}
	la.tell(engine.Bridged{Of: of(la), Peer: b})
	lb.tell(engine.Bridged{Of: of(lb), Peer: a})
	close(la.bridged)
	return nil
}
