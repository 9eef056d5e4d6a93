package pins_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"callplane/controller/pins"
	"callplane/dialplan"
	"callplane/store"
)

// memory is a store that can be away.
type memory struct {
	mu    sync.Mutex
	away  bool
	kept  map[string]dialplan.PINGuesses
	tries int
}

var errAway = errors.New("away")

func (m *memory) PINGuesses(context.Context) (out []store.PINGuess, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tries++; m.away {
		return nil, errAway
	}
	for k, g := range m.kept {
		out = append(out, store.PINGuess{Account: 1, Key: k, Guesses: g})
	}
	return out, nil
}

func (m *memory) SavePINGuess(_ context.Context, g store.PINGuess) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tries++; m.away {
		return errAway
	}
	if g.Account == 2 {
		return &store.Invalid{Field: "account", Reason: "is not there"}
	}
	m.kept[g.Key] = g.Guesses
	return nil
}

func (m *memory) goAway(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

func (m *memory) is(t *testing.T, key string, wrong int) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	want := dialplan.PINGuesses{}
	for range wrong {
		want = want.Wrong(time.Time{})
	}
	if got := m.kept[key]; got.None() != want.None() || got.Locked(time.Time{}) != want.Locked(time.Time{}) {
		t.Errorf("%s is kept as %+v, want %d wrong", key, got, wrong)
	}
}

func TestWrittenBehindAlsoAfterTheDatabaseWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{kept: map[string]dialplan.PINGuesses{}, away: true}
		k := pins.New(m, slog.New(slog.DiscardHandler), time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); k.Run(ctx) }()
		var g dialplan.PINGuesses
		for range dialplan.PINWrong {
			g = g.Wrong(time.Time{})
			k.Changed(1, "login 101", g)
			k.Changed(2, "login 101", g) // an account that has gone holds nobody up
		}
		time.Sleep(10 * time.Second)
		m.is(t, "login 101", 0)
		m.mu.Lock()
		if m.tries > 12 {
			t.Errorf("%d tries in ten seconds", m.tries)
		}
		m.mu.Unlock()
		m.goAway(false)
		time.Sleep(time.Second)
		synctest.Wait()
		m.is(t, "login 101", dialplan.PINWrong)
		k.Changed(1, "login 102", g)
		synctest.Wait()
		m.is(t, "login 102", dialplan.PINWrong)
		m.goAway(true)
		k.Changed(1, "login 102", dialplan.PINGuesses{})
		synctest.Wait()
		m.goAway(false)
		cancel() // what is left is written at the end
		<-done
		m.is(t, "login 102", 0)

		var got []store.PINGuess
		m.goAway(true)
		go func() { time.Sleep(3 * time.Second); m.goAway(false) }()
		if err := k.Load(t.Context(), func(g store.PINGuess) { got = append(got, g) }); err != nil || len(got) != 2 {
			t.Errorf("%v, %v", got, err)
		}
	})
}
