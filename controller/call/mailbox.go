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
	queue  []engine.Event
	signal chan struct{} // holds at most one token: there may be something
}

func newMailbox() *mailbox { return &mailbox{signal: make(chan struct{}, 1)} }

func (m *mailbox) put(ev engine.Event) {
	m.mu.Lock()
	m.queue = append(m.queue, ev)
	m.mu.Unlock()
	select {
	case m.signal <- struct{}{}:
	default:
	}
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
