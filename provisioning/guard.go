package provisioning

import (
	"container/list"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// GuardConfig are the limits of an AuthGuard. All are positive.
type GuardConfig struct {
	Failures   int           // within Window that block an address
	Window     time.Duration //
	Block      time.Duration // first block; doubles with each further one
	BlockMax   time.Duration
	Allow      []netip.Prefix // never blocked
	MaxTracked int            // addresses with failures remembered at once, and of blocked ones
}

// GuardStats are the counters of an AuthGuard.
type GuardStats struct {
	Failures uint64 // counted, of addresses that are not allowed
	Blocks   uint64 // begun
	Evicted  uint64 // forgotten for want of room
	Tracked  int    // addresses with failures by now
	Blocked  int    // blocked by now
}

// AuthGuard blocks source addresses that fail to authenticate too often. An IPv4 address
// stands for itself, an IPv6 address for its /64: who has one has all of them.
// It is safe for concurrent use; time is always given, never read, except by Run.
type AuthGuard struct {
	cfg GuardConfig

	mu      sync.Mutex
	watched map[netip.Prefix]*list.Element // of *source, the longest quiet in front
	order   *list.List
	blocked map[netip.Prefix]*source
	next    time.Time // earliest end of a block, or a little before; zero: none
	stats   GuardStats
	changed chan struct{} // holds one token when Run is to look again
}

// source is an address with failures.
type source struct {
	prefix  netip.Prefix
	times   []time.Time  // of failures within the window, oldest first
	addrs   []netip.Addr // seen, of an IPv6 network; a few
	strikes int          // blocks so far
	until   time.Time    // of the block, and of the last one
}

// seenAddrs of one IPv6 network are remembered, for engines that block single addresses.
const seenAddrs = 16

// NewAuthGuard returns a guard that knows nobody.
func NewAuthGuard(cfg GuardConfig) *AuthGuard {
	cfg.Failures, cfg.MaxTracked = max(cfg.Failures, 1), max(cfg.MaxTracked, 1)
	return &AuthGuard{
		cfg:     cfg,
		watched: make(map[netip.Prefix]*list.Element),
		order:   list.New(),
		blocked: make(map[netip.Prefix]*source),
		changed: make(chan struct{}, 1),
	}
}

// network is the unit that is counted and blocked.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(a, bits).Masked()
}

func (g *AuthGuard) allowed(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(g.cfg.Allow, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Fail counts a failed authentication of an address and tells whether it is blocked now.
func (g *AuthGuard) Fail(addr netip.Addr, now time.Time) bool {
	if !addr.IsValid() || g.allowed(addr) {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stats.Failures++
	g.release(now)
	p := network(addr)
	if s := g.blocked[p]; s != nil {
		// Requests that were on their way; or another address of a blocked network.
		if s.see(addr) {
			g.wake()
		}
		return true
	}
	s := g.watch(p)
	s.see(addr)
	if s.strikes > 0 && now.Sub(s.until) > g.memory(s.strikes) {
		s.strikes = 0
	}
	s.times = slices.DeleteFunc(s.times, func(t time.Time) bool { return now.Sub(t) >= g.cfg.Window })
	s.times = append(s.times, now)
	if len(s.times) < g.cfg.Failures {
		return false
	}
	g.block(s, now)
	return true
}

// Refuses tells whether an address is blocked now, for servers that look themselves.
func (g *AuthGuard) Refuses(addr netip.Addr, now time.Time) bool {
	if !addr.IsValid() {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.release(now)
	return g.blocked[network(addr)] != nil
}

// see remembers an address of a network and tells whether it is new.
func (s *source) see(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if slices.Contains(s.addrs, a) {
		return false
	}
	if len(s.addrs) == seenAddrs {
		s.addrs = slices.Delete(s.addrs, 0, 1)
	}
	s.addrs = append(s.addrs, a)
	return true
}

// watch finds or makes the entry of a network and makes it the youngest.
func (g *AuthGuard) watch(p netip.Prefix) *source {
	if e := g.watched[p]; e != nil {
		g.order.MoveToBack(e)
		return e.Value.(*source)
	}
	s := &source{prefix: p}
	g.keep(s)
	return s
}

func (g *AuthGuard) keep(s *source) {
	for g.order.Len() >= g.cfg.MaxTracked {
		oldest := g.order.Remove(g.order.Front()).(*source)
		delete(g.watched, oldest.prefix)
		g.stats.Evicted++
	}
	g.watched[s.prefix] = g.order.PushBack(s)
}

func (g *AuthGuard) block(s *source, now time.Time) {
	if len(g.blocked) >= g.cfg.MaxTracked {
		var first *source
		for _, b := range g.blocked {
			if first == nil || b.until.Before(first.until) {
				first = b
			}
		}
		delete(g.blocked, first.prefix)
		g.stats.Evicted++
	}
	g.order.Remove(g.watched[s.prefix])
	delete(g.watched, s.prefix)
	s.strikes++
	s.until = now.Add(g.length(s.strikes))
	s.times = nil
	g.blocked[s.prefix] = s
	if g.next.IsZero() || s.until.Before(g.next) {
		g.next = s.until
	}
	g.stats.Blocks++
	g.wake()
}

// length of the n-th block.
func (g *AuthGuard) length(n int) time.Duration {
	d := g.cfg.Block
	for range n - 1 {
		if d >= g.cfg.BlockMax/2 {
			return g.cfg.BlockMax
		}
		d *= 2
	}
	return min(d, g.cfg.BlockMax)
}

// memory is how long after its n-th block an address is still known for it.
func (g *AuthGuard) memory(n int) time.Duration { return max(2*g.length(n), g.cfg.Window) }

// release ends the blocks that are over.
func (g *AuthGuard) release(now time.Time) {
	if g.next.IsZero() || g.next.After(now) {
		return
	}
	g.next = time.Time{}
	for p, s := range g.blocked {
		switch {
		case !s.until.After(now):
			delete(g.blocked, p)
			g.keep(s)
			g.wake()
		case g.next.IsZero() || s.until.Before(g.next):
			g.next = s.until
		}
	}
}

// Unblock ends the block of an address and forgets its failures; false: it was not blocked.
func (g *AuthGuard) Unblock(addr netip.Addr) bool {
	if !addr.IsValid() {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p := network(addr)
	if e := g.watched[p]; e != nil {
		g.order.Remove(e)
		delete(g.watched, p)
	}
	_, was := g.blocked[p]
	delete(g.blocked, p)
	if was {
		g.wake()
	}
	return was
}

// Blocked are the networks that are blocked at a time, sorted, and the time at which that
// changes by itself (zero: never).
func (g *AuthGuard) Blocked(now time.Time) (nets []netip.Prefix, next time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.release(now)
	for p, s := range g.blocked {
		nets = append(nets, p)
		if next.IsZero() || s.until.Before(next) {
			next = s.until
		}
	}
	slices.SortFunc(nets, netip.Prefix.Compare)
	return nets, next
}

// BlockedAddrs are single addresses for an engine that can't block networks: every
// blocked IPv4 address, and of a blocked IPv6 network those that were seen.
func (g *AuthGuard) BlockedAddrs(now time.Time) []netip.Addr {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.release(now)
	var out []netip.Addr
	for _, s := range g.blocked {
		out = append(out, s.addrs...)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

// Stats returns the counters.
func (g *AuthGuard) Stats() GuardStats {
	g.mu.Lock()
	defer g.mu.Unlock()
	st := g.stats
	st.Tracked, st.Blocked = len(g.watched), len(g.blocked)
	return st
}

// Resend makes Run tell the set again: an engine came back and does not know it.
func (g *AuthGuard) Resend() { g.wake() }

func (g *AuthGuard) wake() {
	select {
	case g.changed <- struct{}{}:
	default: // it is told already
	}
}

// Run tells apply the blocked addresses whenever they change, and once a minute all the
// same: an engine may have lost them. It goes on until ctx ends. When apply fails it is called again, after a
// second at first, a minute at most. Changes soon after each other are told together.
func (g *AuthGuard) Run(ctx context.Context, apply func(context.Context, []netip.Addr) error) {
	const first, most, settle = time.Second, time.Minute, 100 * time.Millisecond
	retry := first
	for {
		now := time.Now()
		err := apply(ctx, g.BlockedAddrs(now))
		wait := most
		if _, next := g.Blocked(now); !next.IsZero() {
			wait = min(wait, next.Sub(now))
		}
		if err != nil {
			wait = min(wait, retry)
			retry = min(2*retry, most)
		} else {
			retry = first
		}
		if !sleep(ctx, settle, nil) || !sleep(ctx, wait-settle, g.changed) {
			return
		}
	}
}

// sleep until the time is over or wake has something; false: ctx ended.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return true
}
