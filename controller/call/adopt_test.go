package call

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"

	"callplane/controller/engine"
	"callplane/store"
)

// silent is an engine whose calls are gone when they are asked for.
type silent struct{ engine.Engine }

func (silent) Name() string                                             { return "silent" }
func (silent) Hangup(context.Context, engine.LegID, engine.Cause) error { return engine.ErrNoLeg }

// An engine may lose its connection again after it has told which calls it has, and tells the rest at the next: all of them go on.
func TestCallsThatWereFoundAtABrokenConnectGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics, err := NewMetrics(prometheus.NewRegistry())
		if err != nil {
			t.Fatal(err)
		}
		ran := map[engine.LegID]int{}
		seen := make(chan engine.LegID, 10)
		rt := New(Config{Directory: store.NewDirectory(), Metrics: metrics, Record: func(store.CallRecord) {}, Log: slog.New(slog.DiscardHandler),
			Flow: func(_ context.Context, c *Call) error { seen <- c.Caller.ID; return nil }})
		h := rt.Handler(silent{}, func(bool) {})
		sinks := map[engine.LegID]engine.Sink{}
		found := func(from, to int) {
			var states []engine.LegState
			for i := from; i < to; i++ {
				states = append(states, engine.LegState{Info: engine.LegInfo{ID: engine.LegID(fmt.Sprint("leg-", i)), Direction: engine.Inbound}, Answered: true})
			}
			for id, sink := range h.Adopt(states) {
				sinks[id] = sink
			}
		}
		found(0, 2) // and the connection breaks
		found(2, 3)
		found(3, 3)
		h.Connected(true)
		synctest.Wait()
		for len(seen) > 0 {
			ran[<-seen]++
		}
		if len(ran) != 3 || len(sinks) != 3 {
			t.Errorf("of 3 calls %v went on", ran)
		}
		h.Connected(true)
		synctest.Wait()
		if len(seen) > 0 {
			t.Error("a call goes on twice")
		}
		for id, sink := range sinks {
			sink(engine.Hangup{Of: engine.Of{ID: id}, Cause: engine.CauseNormal})
		}
		synctest.Wait()
		rt.Close()
	})
}
