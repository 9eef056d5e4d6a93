package call

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callplane/controller/engine"
	"callplane/store"
)

// player is an engine that is asked to play.
type player struct {
	silent
	plays chan engine.PlayID
}

func (p player) Play(_ context.Context, _ engine.LegID, pb engine.Playback) error {
	p.plays <- pb.ID
	return nil
}

// Of two ends at a hang-up, that of the announcement and that of the leg, an engine may tell the other first: nobody is called any more
// for a caller who has gone, and a caller who stays does not wait.
func TestAnnouncementThatEndsByAHangUp(t *testing.T) {
	play, last := (*Call).Play, (*Call).PlayLast
	for _, c := range []struct {
		name   string
		play   func(*Call, context.Context, []engine.Source) error
		result engine.PlayResult
		leaves bool
		took   time.Duration
	}{
		{"to its end", play, engine.PlayFinished, false, 0},
		{"stopped by the hang-up", play, engine.PlayStopped, true, 50 * time.Millisecond},
		{"stopped by something else", play, engine.PlayStopped, false, leavingTime},
		{"the last one, to its end", last, engine.PlayFinished, false, leavingTime},
		{"the last one, told as whole at the hang-up", last, engine.PlayFinished, true, 50 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				metrics, err := NewMetrics(prometheus.NewRegistry())
				if err != nil {
					t.Fatal(err)
				}
				var got error
				var took time.Duration
				rt := New(Config{Directory: store.NewDirectory(), Metrics: metrics, Record: func(store.CallRecord) {}, Log: slog.New(slog.DiscardHandler),
					Flow: func(ctx context.Context, call *Call) error {
						began := time.Now()
						got = c.play(call, ctx, []engine.Source{{Silence: time.Minute}})
						took = time.Since(began)
						return got
					}})
				e := player{plays: make(chan engine.PlayID, 1)}
				of := engine.Of{ID: "caller"}
				sink := rt.Handler(e, func(bool) {}).Incoming(engine.LegInfo{ID: of.ID, Direction: engine.Inbound})
				sink(engine.PlayDone{Of: of, Play: <-e.plays, Result: c.result})
				time.Sleep(50 * time.Millisecond)
				if c.leaves {
					sink(engine.Hangup{Of: of, Cause: engine.CauseNormal, ByPeer: true})
				}
				time.Sleep(time.Second)
				synctest.Wait()
				var hung *HungUp
				if errors.As(got, &hung) != c.leaves || took != c.took {
					t.Errorf("%v after %v", got, took)
				}
				if !c.leaves {
					sink(engine.Hangup{Of: of, Cause: engine.CauseNormal})
				}
				rt.Close()
			})
		})
	}
}
