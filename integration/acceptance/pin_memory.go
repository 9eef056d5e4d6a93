package acceptance

import (
	"context"
	"log/slog"
	"sync"

	"callplane/controller/call"
	"callplane/controller/pins"
	"callplane/dialplan"
	"callplane/store"
)

// pinMemory keeps wrong PINs as the database does.
type pinMemory struct {
	mu   sync.Mutex
	kept map[dialplan.AccountID]map[string]dialplan.PINGuesses
}

// PINGuesses implements pins.Store.
func (m *pinMemory) PINGuesses(context.Context) (out []store.PINGuess, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for a, keys := range m.kept {
		for k, g := range keys {
			out = append(out, store.PINGuess{Account: a, Key: k, Guesses: g})
		}
	}
	return out, nil
}

// SavePINGuess implements pins.Store.
func (m *pinMemory) SavePINGuess(_ context.Context, g store.PINGuess) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[dialplan.AccountID]map[string]dialplan.PINGuesses{}
	}
	if m.kept[g.Account] == nil {
		m.kept[g.Account] = map[string]dialplan.PINGuesses{}
	}
	m.kept[g.Account][g.Key] = g.Guesses
	return nil
}

// startPINs makes the keeper of a controller; it ends with ctx.
func (b *building) startPINs(ctx context.Context, working *sync.WaitGroup, log *slog.Logger) *pins.Keeper {
	k := pins.New(&b.pins, log, 0)
	working.Go(func() { k.Run(ctx) })
	return k
}

// restorePINs takes over what the controller before has counted.
func restorePINs(ctx context.Context, k *pins.Keeper, rt *call.Runtime) error {
	return k.Load(ctx, func(g store.PINGuess) { rt.Live(g.Account).RestorePIN(g.Key, g.Guesses) })
}
