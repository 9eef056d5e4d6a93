package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"callplane/store"
)

// restoreTime is how long calls wait for the wrong PINs of before; without the database they come later.
const restoreTime = 3 * time.Second

// restorePINs takes over the wrong PINs that an earlier controller counted.
func (d *daemon) restorePINs(ctx context.Context, g *errgroup.Group) {
	done := make(chan struct{})
	g.Go(func() error {
		defer close(done)
		_ = d.pins.Load(ctx, func(p store.PINGuess) { d.runtime.Live(p.Account).RestorePIN(p.Key, p.Guesses) }) // its error is that of ctx
		return nil
	})
	select {
	case <-done:
	case <-ctx.Done():
	case <-time.After(restoreTime):
	}
}
