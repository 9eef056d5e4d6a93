package schedule

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/robfig/cron/v3"

	"callplane/store"
)

// CarryOut does what is due of one order that is not to be skipped, once on however many controllers; nil: nothing is due. With an
// error it tells which order failed, if one did.
type CarryOut func(ctx context.Context, now time.Time, skip []int64) (*store.CarriedOut, error)

// Orders carries out the planned steps of orders. What fell due while no controller or no database was there is done when they are back.
type Orders struct {
	carryOut CarryOut
	log      *slog.Logger
	failing  map[int64]bool // orders of which a failure has been logged; 0: the database
}

// NewOrders returns one; log nil: slog.Default().
func NewOrders(c CarryOut, log *slog.Logger) *Orders {
	if log == nil {
		log = slog.Default()
	}
	return &Orders{carryOut: c, log: log, failing: map[int64]bool{}}
}

// Run works until ctx ends: at once, and each minute from then on.
func (o *Orders) Run(ctx context.Context) {
	o.once(ctx, time.Now())
	jobs := cron.New(cron.WithChain(cron.SkipIfStillRunning(cron.DiscardLogger)))
	jobs.Schedule(cron.Every(time.Minute), cron.FuncJob(func() { o.once(ctx, time.Now()) }))
	jobs.Start()
	<-ctx.Done()
	<-jobs.Stop().Done()
}

// once carries out everything that is due. An order that fails keeps no other one from its turn and is tried again the next time.
func (o *Orders) once(ctx context.Context, now time.Time) {
	var seen []int64
	failed := map[int64]bool{}
	for ctx.Err() == nil {
		done, err := o.carryOut(ctx, now, seen)
		if err != nil && ctx.Err() == nil {
			id := int64(0)
			if done != nil {
				id = done.Order
			}
			failed[id] = true
			if !o.failing[id] {
				o.log.Error("carry out steps of orders", "order", id, "error", err)
			}
		}
		if done == nil {
			break
		}
		if err == nil {
			o.log.Info("order carried out", "account", done.Account, "order", done.Order, "state", done.State)
		}
		if slices.Contains(seen, done.Order) {
			break // it was to be skipped
		}
		seen = append(seen, done.Order)
	}
	o.failing = failed
}
