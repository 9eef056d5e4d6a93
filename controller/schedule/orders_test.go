package schedule

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"callplane/store"
)

// book is what is due of orders, by when.
type book struct {
	mu     sync.Mutex
	due    map[int64]time.Time
	broken map[int64]bool
	away   bool
	done   []int64
	at     []time.Time
}

func (b *book) carryOut(_ context.Context, now time.Time, skip []int64) (*store.CarriedOut, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return nil, errors.New("the database is away")
	}
	for id := int64(1); id < 10; id++ {
		if at, ok := b.due[id]; ok && !at.After(now) && !slices.Contains(skip, id) {
			if b.broken[id] {
				return &store.CarriedOut{Order: id}, errors.New("broken")
			}
			delete(b.due, id)
			b.done, b.at = append(b.done, id), append(b.at, now)
			return &store.CarriedOut{Order: id}, nil
		}
	}
	return nil, nil
}

// set changes what is due, or how well it can be done.
func (b *book) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// carried is what has been done so far, and when.
func (b *book) carried() ([]int64, []time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.done), slices.Clone(b.at)
}

func TestOrdersAreCarriedOutEachMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		b := &book{due: map[int64]time.Time{1: begin.Add(-time.Hour), 2: begin.Add(5 * time.Minute), 3: begin, 4: begin.Add(time.Hour)}, broken: map[int64]bool{3: true}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			NewOrders(b.carryOut, slog.New(slog.DiscardHandler)).Run(ctx)
		}()
		synctest.Wait()
		if done, _ := b.carried(); !slices.Equal(done, []int64{1}) {
			t.Errorf("at once: %v", done) // what fell due while no controller was there; a broken one keeps nothing up
		}
		time.Sleep(7 * time.Minute)
		if done, at := b.carried(); !slices.Equal(done, []int64{1, 2}) || at[1].Sub(begin) > 6*time.Minute {
			t.Errorf("after 7 minutes: %v at %v", done, at)
		}
		b.set(func() { b.broken = nil })
		time.Sleep(2 * time.Minute)
		if done, _ := b.carried(); !slices.Equal(done, []int64{1, 2, 3}) {
			t.Errorf("repaired: %v", done)
		}
		b.set(func() { b.away = true })
		time.Sleep(2 * time.Hour)
		b.set(func() { b.away = false })
		time.Sleep(2 * time.Minute)
		if done, _ := b.carried(); !slices.Equal(done, []int64{1, 2, 3, 4}) {
			t.Errorf("after the database was away: %v", done)
		}
		cancel()
		<-done
	})
}
