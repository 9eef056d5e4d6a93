package call

import (
	"sync"

	"callplane/controller/engine"
)

// mailbox is the ordered, unbounded queue of a call's events. Unbounded because a life-cycle
// event must never be dropped and the engine's reader must never wait; what bounds it is
// that every event belongs to a leg of this call.
type mailbox struct {
	mu     sync.Mutex
	closed bool // nobody reads any more
	queue  []engine.Event
	signal chan struct{} // holds at most one token: there may be something
}

func newMailbox() *mailbox { return &mailbox{signal: make(chan struct{}, 1)} }

// put adds events; false when nobody reads them any more.
func (m *mailbox) put(evs ...engine.Event) bool {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return false
	}
	m.queue = append(m.queue, evs...)
	m.mu.Unlock()
	select {
	case m.signal <- struct{}{}:
	default:
	}
	return true
}

// take returns the oldest event, or nil.
func (m *mailbox) take() engine.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.queue) == 0 {
		return nil
	}
	ev := m.queue[0]
	m.queue[0] = nil
	m.queue = m.queue[1:]
	if len(m.queue) == 0 {
		m.queue = nil
	}
	return ev
}

// extract takes the events of one leg out of the queue, in their order.
func (m *mailbox) extract(id engine.LegID) []engine.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out, rest []engine.Event
	for _, ev := range m.queue {
		if ev.Leg() == id {
			out = append(out, ev)
		} else {
			rest = append(rest, ev)
		}
	}
	m.queue = rest
	return out
}

// closeEmpty closes a mailbox with nothing in it; nothing can be put any more.
func (m *mailbox) closeEmpty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = len(m.queue) == 0
	return m.closed
}
