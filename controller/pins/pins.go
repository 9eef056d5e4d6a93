// Package pins keeps the wrong PINs that calls have counted, so that a lock outlives the controller: written behind, since a call
// never waits for the database.
package pins

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"callplane/dialplan"
	"callplane/store"
)

// Store keeps guesses: *store.DB, or the memory of a test. Its methods are documented there.
type Store interface {
	PINGuesses(ctx context.Context) ([]store.PINGuess, error)
	SavePINGuess(ctx context.Context, g store.PINGuess) error
}

// Keeper writes guesses.
type Keeper struct {
	store Store
	log   *slog.Logger
	retry time.Duration
	wake  chan struct{}

	mu    sync.Mutex
	dirty map[key]dialplan.PINGuesses
}

type key struct {
	account dialplan.AccountID
	key     string
}

// maxDirty bounds what waits while the database is away. What is more is only counted in memory.
const maxDirty = 100_000

// New returns a keeper; Run works. retry is the wait after a failure, 0: 2 s.
func New(s Store, log *slog.Logger, retry time.Duration) *Keeper {
	if retry == 0 {
		retry = 2 * time.Second
	}
	return &Keeper{store: s, log: log, retry: retry, wake: make(chan struct{}, 1), dirty: make(map[key]dialplan.PINGuesses)}
}

// Changed takes what is known of a key now. It does not block.
func (k *Keeper) Changed(account dialplan.AccountID, of string, g dialplan.PINGuesses) {
	k.mu.Lock()
	at := key{account, of}
	if _, there := k.dirty[at]; there || len(k.dirty) < maxDirty {
		k.dirty[at] = g
	}
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Load gives what was kept to restore. It tries until it has succeeded or ctx has ended.
func (k *Keeper) Load(ctx context.Context, restore func(store.PINGuess)) error {
	for {
		all, err := k.store.PINGuesses(ctx)
		if err == nil {
			for _, g := range all {
				restore(g)
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		k.log.Warn("wrong PINs of before are not known yet", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(k.retry):
		}
	}
}

// lastWrite is how long what has not been written may take when Run ends.
const lastWrite = 2 * time.Second

// Run writes until ctx ends, and then what is left.
func (k *Keeper) Run(ctx context.Context) {
	failing := false
	for ctx.Err() == nil {
		err := k.write(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			k.log.Error("keep wrong PINs", "error", err)
		}
		failing = err != nil
		var again <-chan time.Time
		if failing {
			again = time.After(k.retry)
		}
		wake := k.wake
		if failing {
			wake = nil // not more often than that
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-again:
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
	defer cancel()
	if err := k.write(last); err != nil {
		k.log.Error("keep wrong PINs", "error", err)
	}
}

// write writes what has changed, one after the other; at the first error the rest stays.
func (k *Keeper) write(ctx context.Context) error {
	for {
		k.mu.Lock()
		var at key
		var g dialplan.PINGuesses
		n := len(k.dirty)
		for at, g = range k.dirty {
			break
		}
		delete(k.dirty, at)
		k.mu.Unlock()
		if n == 0 {
			return nil
		}
		err := k.store.SavePINGuess(ctx, store.PINGuess{Account: at.account, Key: at.key, Guesses: g})
		var gone *store.Invalid // the account has
		if err != nil && !errors.As(err, &gone) {
			k.mu.Lock()
			if _, newer := k.dirty[at]; !newer {
				k.dirty[at] = g
			}
			k.mu.Unlock()
			return err
		}
	}
}
