package conformance

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"callplane/controller/engine"
)

// Leg collects the events of one leg and checks what holds for every leg at any time.
type Leg struct {
	ID   engine.LegID
	Info engine.LegInfo // of an inbound leg

	mu      sync.Mutex
	changed chan struct{}
	events  []engine.Event
	used    []bool
	cursor  int
	broken  []string // violations of the contract

	over     bool
	answered bool
	rang     bool
	early    bool
	bridged  engine.LegID
	mixed    engine.MixID
	plays    map[engine.PlayID]bool // accepted, not over
	records  map[engine.RecordID]bool
	ended    map[string]bool
}

func newLeg(id engine.LegID) *Leg {
	return &Leg{
		ID: id, changed: make(chan struct{}), plays: map[engine.PlayID]bool{}, records: map[engine.RecordID]bool{},
		ended: map[string]bool{},
	}
}

// Sink is the leg's engine.Sink.
func (l *Leg) Sink(e engine.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.check(e)
	l.events = append(l.events, e)
	l.used = append(l.used, false)
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Leg) bad(format string, args ...any) {
	l.broken = append(l.broken, fmt.Sprintf(format, args...))
}

// check notes what may not happen to any leg.
func (l *Leg) check(e engine.Event) {
	if e.Leg() != l.ID {
		l.bad("got an event of leg %s", e.Leg())
	}
	if l.over {
		l.bad("%s after Hangup", name(e))
	}
	once := func(flag *bool) {
		if *flag {
			l.bad("%s twice", name(e))
		}
		*flag = true
	}
	switch e := e.(type) {
	case engine.Ringing:
		once(&l.rang)
	case engine.EarlyMedia:
		once(&l.early)
	case engine.Answered:
		once(&l.answered)
	case engine.Bridged:
		if l.bridged != "" {
			l.bad("Bridged with %s while bridged with %s", e.Peer, l.bridged)
		}
		if l.mixed != "" {
			l.bad("Bridged with %s while in mix %s", e.Peer, l.mixed)
		}
		l.bridged = e.Peer
	case engine.Unbridged:
		if l.bridged != e.Peer {
			l.bad("Unbridged from %q while bridged with %q", e.Peer, l.bridged)
		}
		l.bridged = ""
	case engine.Mixed:
		if l.mixed != "" || l.bridged != "" {
			l.bad("Mixed in %s while in mix %q, bridged with %q", e.Mix, l.mixed, l.bridged)
		}
		l.mixed = e.Mix
	case engine.Unmixed:
		if l.mixed != e.Mix {
			l.bad("Unmixed from %q while in mix %q", e.Mix, l.mixed)
		}
		l.mixed = ""
	case engine.PlayDone:
		if l.ended["play "+string(e.Play)] {
			l.bad("PlayDone of %s twice", e.Play)
		}
		l.ended["play "+string(e.Play)] = true
		delete(l.plays, e.Play)
	case engine.RecordDone:
		if l.ended["record "+string(e.Record)] {
			l.bad("RecordDone of %s twice", e.Record)
		}
		l.ended["record "+string(e.Record)] = true
		delete(l.records, e.Record)
	case engine.Hangup:
		l.over = true
		if l.bridged != "" || l.mixed != "" {
			l.bad("Hangup while bridged with %q, in mix %q: Unbridged or Unmixed is missing", l.bridged, l.mixed)
		}
		for id := range l.plays {
			l.bad("Hangup without PlayDone of %s", id)
		}
		for id := range l.records {
			l.bad("Hangup without RecordDone of %s", id)
		}
	}
}

// playing and recording note what the engine has accepted.
func (l *Leg) playing(id engine.PlayID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended["play "+string(id)] {
		if l.over {
			l.bad("Play %s was accepted, but Hangup came without PlayDone", id)
		}
		l.plays[id] = true
	}
}

func (l *Leg) recording(id engine.RecordID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended["record "+string(id)] {
		if l.over {
			l.bad("Record %s was accepted, but Hangup came without RecordDone", id)
		}
		l.records[id] = true
	}
}

func name(e engine.Event) string { return reflect.TypeOf(e).Name() }

// incidental events need not be waited for.
func incidental(e engine.Event) bool {
	switch e.(type) {
	case engine.Ringing, engine.EarlyMedia, engine.IdentityChanged:
		return true
	}
	return false
}

// next waits for an event that fits, skipping incidental ones only.
func (l *Leg) next(ctx context.Context, what string, fits func(engine.Event) bool) (engine.Event, error) {
	for {
		l.mu.Lock()
		changed := l.changed
		for i := l.cursor; i < len(l.events); i++ {
			e := l.events[i]
			if l.used[i] {
				continue
			}
			if fits(e) {
				l.used[i] = true
				l.cursor = i + 1
				l.mu.Unlock()
				return e, nil
			}
			if !incidental(e) {
				l.mu.Unlock()
				return nil, fmt.Errorf("leg %s: %+v came instead of %s\n%s", l.ID, e, what, l)
			}
		}
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("leg %s: no %s: %w\n%s", l.ID, what, context.Cause(ctx), l)
		}
	}
}

// find waits for an event that fits, wherever it is among those not yet used.
func (l *Leg) find(ctx context.Context, what string, fits func(engine.Event) bool) (engine.Event, error) {
	for {
		l.mu.Lock()
		changed := l.changed
		for i, e := range l.events {
			if !l.used[i] && fits(e) {
				l.used[i] = true
				l.mu.Unlock()
				return e, nil
			}
		}
		over := l.over
		l.mu.Unlock()
		if over {
			return nil, fmt.Errorf("leg %s: no %s before Hangup\n%s", l.ID, what, l)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("leg %s: no %s: %w\n%s", l.ID, what, context.Cause(ctx), l)
		}
	}
}

// Over reports whether Hangup has come.
func (l *Leg) Over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}

// waitOver waits for Hangup.
func (l *Leg) waitOver(ctx context.Context) bool {
	for {
		l.mu.Lock()
		over, changed := l.over, l.changed
		l.mu.Unlock()
		if over {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

func (l *Leg) wasAnswered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answered
}

// leftovers are events that no case waited for; Hangup is waited for by the clean-up.
func (l *Leg) leftovers() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.broken
	for i, e := range l.events {
		if _, last := e.(engine.Hangup); !l.used[i] && !last && !incidental(e) && l.cursor > 0 && !teardown(e) {
			all = append(all, fmt.Sprintf("nobody expected %s %+v", name(e), e))
		}
	}
	return all
}

// teardown events come when the clean-up hangs up the other legs of a case.
func teardown(e engine.Event) bool {
	switch e.(type) {
	case engine.Unbridged, engine.Unmixed, engine.ListenDone, engine.PlayDone, engine.RecordDone, engine.Unheld:
		return true
	}
	return false
}

// String lists the events.
func (l *Leg) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for i, e := range l.events {
		used := " "
		if l.used[i] {
			used = "*"
		}
		text := strings.Replace(fmt.Sprintf("%+v", e), "Of:", "", 1)
		fmt.Fprintf(&b, "   %s %s %s\n", used, name(e), text)
	}
	for _, v := range l.broken {
		fmt.Fprintf(&b, "   ! %s\n", v)
	}
	return b.String()
}

// pause is used where a case has to see that something does not happen.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
