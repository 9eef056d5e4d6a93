package provisioning

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func guardConfig() GuardConfig {
	return GuardConfig{Failures: 3, Window: time.Minute, Block: 10 * time.Minute, BlockMax: 40 * time.Minute, MaxTracked: 100,
		Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestGuardWindow(t *testing.T) {
	for _, tc := range []struct {
		name  string
		addrs []string
		at    []time.Duration
		want  bool // the last failure blocks
	}{
		{"three within the window", []string{"203.0.113.1"}, []time.Duration{0, 30 * time.Second, 59 * time.Second}, true},
		{"the first has left the window", []string{"203.0.113.1"}, []time.Duration{0, 30 * time.Second, 60 * time.Second}, false},
		{"slides", []string{"203.0.113.1"}, []time.Duration{0, 50 * time.Second, 70 * time.Second, 100 * time.Second}, true},
		{"two addresses", []string{"203.0.113.1", "203.0.113.2"}, []time.Duration{0, 1, 2, 3}, false},
		{"allowed", []string{"192.0.2.7"}, []time.Duration{0, 1, 2, 3, 4}, false},
		{"allowed, mapped into IPv6", []string{"::ffff:192.0.2.7"}, []time.Duration{0, 1, 2, 3, 4}, false},
		{"mapped is the same address", []string{"203.0.113.1", "::ffff:203.0.113.1"}, []time.Duration{0, 1, 2}, true},
		{"one /64", []string{"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"}, []time.Duration{0, 1, 2}, true},
		{"two /64", []string{"2001:db8::1", "2001:db8:0:1::1"}, []time.Duration{0, 1, 2, 3}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewAuthGuard(guardConfig())
			got := false
			for i, d := range tc.at {
				if got {
					t.Fatalf("blocked before failure %d", i)
				}
				got = g.Fail(addr(tc.addrs[i%len(tc.addrs)]), start.Add(d))
			}
			if got != tc.want {
				t.Errorf("blocked %v, want %v", got, tc.want)
			}
		})
	}
	if NewAuthGuard(guardConfig()).Fail(netip.Addr{}, start) {
		t.Error("an unknown address was counted")
	}
}

func fail3(g *AuthGuard, a netip.Addr, now time.Time) (until time.Time) {
	for range 3 {
		g.Fail(a, now)
	}
	_, until = g.Blocked(now)
	return until
}

func TestGuardEscalatesAndForgets(t *testing.T) {
	g, a, now := NewAuthGuard(guardConfig()), addr("203.0.113.1"), start
	for i, want := range []time.Duration{10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 40 * time.Minute} {
		until := fail3(g, a, now)
		if got := until.Sub(now); got != want {
			t.Fatalf("block %d lasts %v, want %v", i+1, got, want)
		}
		if nets, _ := g.Blocked(until.Add(-1)); len(nets) != 1 {
			t.Fatalf("block %d ended early", i+1)
		}
		if nets, _ := g.Blocked(until); len(nets) != 0 {
			t.Fatalf("block %d did not end", i+1)
		}
		now = until.Add(time.Second)
	}
	now = now.Add(81 * time.Minute)
	if until := fail3(g, a, now); until.Sub(now) != 10*time.Minute {
		t.Errorf("its earlier blocks are not forgotten: %v", until.Sub(now))
	}
	if !g.Unblock(a) || g.Unblock(a) {
		t.Error("unblock")
	}
	if st := g.Stats(); st.Blocks != 5 || st.Failures != 15 || st.Blocked != 0 || st.Tracked != 0 {
		t.Errorf("%+v", st)
	}
}

func TestGuardMemoryIsBounded(t *testing.T) {
	cfg := guardConfig()
	g := NewAuthGuard(cfg)
	victim := addr("203.0.113.9")
	fail3(g, victim, start)
	for i := range 100_000 {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		g.Fail(a, start.Add(time.Duration(i)))
	}
	st := g.Stats()
	if st.Tracked > cfg.MaxTracked || st.Evicted == 0 {
		t.Errorf("%+v", st)
	}
	if !g.Fail(victim, start.Add(time.Second)) {
		t.Error("the flood lifted a block")
	}
	for i := range 1000 { // a flood in which each address earns its block
		fail3(g, netip.AddrFrom4([4]byte{11, 0, byte(i >> 8), byte(i)}), start.Add(time.Minute))
	}
	if st = g.Stats(); st.Blocked > cfg.MaxTracked {
		t.Errorf("%+v", st)
	}
}

func TestGuardAddressesOfANetwork(t *testing.T) {
	g := NewAuthGuard(guardConfig())
	for i := range 40 {
		g.Fail(netip.AddrFrom16([16]byte{0x20, 1, 15: byte(i)}), start)
	}
	nets, _ := g.Blocked(start)
	if len(nets) != 1 || nets[0] != netip.MustParsePrefix("2001::/64") {
		t.Errorf("%v", nets)
	}
	if got := g.BlockedAddrs(start); len(got) != seenAddrs || got[len(got)-1] != addr("2001::27") {
		t.Errorf("%v", got)
	}
}

func TestGuardRunTellsEngines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewAuthGuard(guardConfig())
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var told [][]netip.Addr
		var broken atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			g.Run(ctx, func(_ context.Context, a []netip.Addr) error {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, a)
				if broken.Load() {
					return errors.New("engine is down")
				}
				return nil
			})
		}()
		settle := func(d time.Duration) [][]netip.Addr {
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(told)
		}
		got := settle(time.Second)
		if len(got) != 1 || len(got[0]) != 0 {
			t.Fatalf("at the begin: %v", got)
		}
		a := addr("203.0.113.1")
		fail3(g, a, time.Now())
		got = settle(time.Second)
		if len(got) != 2 || !slices.Equal(got[1], []netip.Addr{a}) {
			t.Fatalf("after the block: %v", got)
		}
		broken.Store(true)
		g.Resend()
		got = settle(4 * time.Second) // at once, after 1 s, after 2 s more
		if len(got) != 5 {
			t.Fatalf("retries: %d", len(got))
		}
		broken.Store(false)
		got = settle(10 * time.Minute)
		if last := got[len(got)-1]; len(last) != 0 {
			t.Fatalf("after the end: %v", last)
		}
		cancel()
		<-done
	})
}
