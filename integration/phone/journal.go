package phone

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ErrEnded is returned by waits that the end of the call made hopeless.
var ErrEnded = errors.New("call has ended")

// journal is an append-only list on whose content any number of goroutines can wait.
type journal[T any] struct {
	mu      sync.Mutex
	items   []T
	changed chan struct{}
}

func newJournal[T any]() *journal[T] { return &journal[T]{changed: make(chan struct{})} }

func (j *journal[T]) add(item T) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.items = append(j.items, item)
	close(j.changed)
	j.changed = make(chan struct{})
}

func (j *journal[T]) all() []T {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.items)
}

// wait returns when match is true of all items, ctx is done or ended is closed (nil: never).
func (j *journal[T]) wait(ctx context.Context, ended <-chan struct{}, match func([]T) bool) error {
	for {
		j.mu.Lock()
		items, changed := slices.Clone(j.items), j.changed
		j.mu.Unlock()
		if match(items) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			// What came just before the end still counts.
			if match(j.all()) {
				return nil
			}
			return ErrEnded
		}
	}
}
