package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	fsconf "callplane/freeswitch-conf"
	"callplane/integration/fsproc"
	"github.com/percipia/eslgo/command"
)

// TestEventLatency measures how long events take from the engine to the driver, idle otherwise, with
// and without pokes. It asserts only that they arrive.
func TestEventLatency(t *testing.T) {
	if _, err := fsproc.Find(); errors.Is(err, fsproc.ErrNotInstalled) {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	p, err := fsproc.Start(t.Context(), fsproc.Options{Dir: t.TempDir(), Settings: fsconf.Settings{HTTPURL: "http://127.0.0.1:1/none"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Kill() })
	addr := fmt.Sprintf("127.0.0.1:%d", p.Settings.ESLPort)
	for _, every := range []time.Duration{0, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond} {
		times := latencies(t, addr, p.Settings.ESLPassword, every, 200)
		slices.Sort(times)
		t.Logf("poke every %-5v p50 %-8v p95 %-8v p99 %-8v max %v", every, times[len(times)/2].Round(10*time.Microsecond),
			times[len(times)*95/100].Round(10*time.Microsecond), times[len(times)*99/100].Round(10*time.Microsecond), times[len(times)-1].Round(10*time.Microsecond))
	}
}

func latencies(t *testing.T, addr, password string, every time.Duration, n int) []time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	got := make(chan time.Time, 1)
	events, err := dialConn(ctx, addr, password, func(*event) { got <- time.Now() })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { events.close(); <-events.done }()
	cmds, err := dialConn(ctx, addr, password, func(*event) {})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { cmds.close(); <-cmds.done }()
	if _, err := events.command(ctx, "subscribe", "event plain CUSTOM callplane::latency"); err != nil {
		t.Fatal(err)
	}
	if every > 0 {
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			tick := time.NewTicker(every)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
					if events.poke() != nil {
						return
					}
				}
			}
		}()
		defer func() { close(stop); <-stopped }()
	}
	var all []time.Duration
	for range n {
		wait := time.NewTimer(rand.N(30 * time.Millisecond)) // anywhere in the engine's poll
		select {
		case <-wait.C:
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		}
		msg := command.SendEvent{Name: "CUSTOM", Headers: map[string][]string{"Event-Subclass": {"callplane::latency"}}}
		began := time.Now()
		if _, err := cmds.command(ctx, "fire", msg.BuildMessage()); err != nil {
			t.Fatal(err)
		}
		select {
		case at := <-got:
			all = append(all, at.Sub(began))
		case <-ctx.Done():
			t.Fatal("no event")
		}
	}
	return all
}
