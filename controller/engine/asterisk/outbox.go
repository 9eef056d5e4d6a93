package asterisk

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// outbox carries everything that is told to the controller, in order, on one goroutine
// and without any lock held. It grows rather than drop: what it carries is life-cycle.
type outbox struct {
	mu     *sync.Mutex
	wake   chan struct{}
	closed chan struct{}
	queue  *[]func()
}

func newOutbox() outbox {
	return outbox{mu: &sync.Mutex{}, wake: make(chan struct{}, 1), closed: make(chan struct{}), queue: &[]func(){}}
}

func (b *outbox) post(f func()) {
	b.mu.Lock()
	*b.queue = append(*b.queue, f)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// close lets run return after it has delivered what was posted.
func (b *outbox) close() { close(b.closed) }

func (b *outbox) run() {
	for {
		b.mu.Lock()
		todo := *b.queue
		*b.queue = nil
		b.mu.Unlock()
		for _, f := range todo {
			f()
		}
		if len(todo) > 0 {
			continue
		}
		select {
		case <-b.wake:
		case <-b.closed:
			return
		}
	}
}

// lock is a mutex that can be given up on; waiters are served in order.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

func (l lock) acquire(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try gets the lock if it is free.
func (l lock) try() bool {
	select {
	case l <- struct{}{}:
		return true
	default:
		return false
	}
}

func (l lock) release() { <-l }

// backoff doubles from min to max; each pause is a random part of its step, at least a half,
// so that controllers do not come back in step.
type backoff struct{ min, max, step time.Duration }

func (b *backoff) reset() { b.step = 0 }

func (b *backoff) next() time.Duration {
	switch {
	case b.step == 0:
		b.step = b.min
	case b.step*2 > b.max:
		b.step = b.max
	default:
		b.step *= 2
	}
	return b.step/2 + rand.N(b.step/2+1)
}
