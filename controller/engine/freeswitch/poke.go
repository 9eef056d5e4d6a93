package freeswitch

import "time"

// poking has events fetched while any are expected, until the session is over.
func (e *Engine) poking(s *session) {
	t := time.NewTimer(e.cfg.Poke)
	defer t.Stop()
	var busy moderation
	for {
		select {
		case <-s.lost:
			return
		case <-t.C:
		}
		if !e.expecting() {
			t.Reset(pokeIdle) // nothing is sent
			continue
		}
		if err := s.events.poke(); err != nil {
			return // the reader tells
		}
		t.Reset(busy.interval(e.cfg.Poke, time.Now(), s.told.Load()))
	}
}

const (
	// pokeIdle is how often is looked whether anything is expected.
	pokeIdle = 10 * time.Millisecond
	// pokeBusy is the interval of pokes while events come faster than that anyway.
	pokeBusy = 5 * time.Millisecond
	// manyEvents a second are some 30 calls: from there on each poke fetches several, and rarer ones save more time than they cost.
	manyEvents = 400
)

// moderation makes pokes rarer while there are many events, as network cards do with interrupts.
type moderation struct {
	since  time.Time
	events uint64
	many   bool
}

// interval until the next poke, of events that have come so far.
func (m *moderation) interval(quick time.Duration, now time.Time, events uint64) time.Duration {
	const window = 100 * time.Millisecond
	if d := now.Sub(m.since); d >= window {
		m.many = float64(events-m.events) > manyEvents*d.Seconds()
		m.since, m.events = now, events
	}
	if m.many {
		return max(quick, pokeBusy)
	}
	return quick
}

func (e *Engine) expecting() bool {
	return e.waiting.Load() > 0 || time.Now().UnixNano() < e.hot.Load()
}

// expect has events fetched quickly for the next moments.
func (e *Engine) expect() {
	until := time.Now().Add(400 * time.Millisecond).UnixNano()
	if e.hot.Load() < until {
		e.hot.Store(until)
	}
}
