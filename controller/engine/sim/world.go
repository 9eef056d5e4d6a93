// Package sim is a media server in memory: the engine port's third implementation,
// held equal to FreeSWITCH and Asterisk by the conformance suite.
//
// A World is the media server together with the phones and carriers around it. It
// outlives the controller: Engine is the driver, and a second Engine on the same
// World finds the legs that the first one left behind, as after a restart of the
// controller. Nothing leaves the process; audio is symbolic (who hears whom), and
// time is that of package time, so that a World made inside a testing/synctest
// bubble runs on the bubble's clock.
package sim

import (
	"container/heap"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"callplane/controller/engine"
)

// Times of the simulated signalling.
const (
	// CommandTimeout is how long an operation without a deadline waits for an
	// engine that does not reply (see Fault).
	CommandTimeout = 5 * time.Second
	// NoResponse is how long an INVITE is repeated to a phone that is off
	// (64*T1, RFC 3261 17.1.1.2).
	NoResponse = 32 * time.Second
	// DigitTime is what one DTMF digit takes, pause included.
	DigitTime = 100 * time.Millisecond
)

// World is a simulated media server with its phones. Its methods may be called
// from any goroutine.
type World struct {
	wake chan struct{} // the clock looks at its timers again
	stop chan struct{}
	done chan struct{}

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	timers  timerHeap
	seq     uint64
	up      bool // the controller can reach the server
	ctl     *Engine
	legs    map[engine.LegID]*leg
	mixes   map[engine.MixID][]*leg
	phones  []*Phone
	regs    []*contact
	trunks  map[string]engine.Trunk
	blocked map[netip.Addr]bool
	states  map[string]engine.PresenceState // by name
	watches map[string]map[string]string    // by account: user part → name
	auth    func(user, domain, password string) bool
	faults  []*Fault
	delay   func(engine.Event) time.Duration
	ops     []Op
	// missed keeps the ends of playbacks and recordings that no controller was told of.
	missed    map[engine.LegID][]engine.Event
	restarted map[engine.LegID]bool // legs lost in a restart
	nextLeg   int
	nextPhone int
}

// NewWorld starts an empty world; Close ends it.
func NewWorld() *World {
	w := &World{
		wake:      make(chan struct{}, 1),
		stop:      make(chan struct{}),
		done:      make(chan struct{}),
		changed:   make(chan struct{}),
		up:        true,
		legs:      map[engine.LegID]*leg{},
		mixes:     map[engine.MixID][]*leg{},
		trunks:    map[string]engine.Trunk{},
		blocked:   map[netip.Addr]bool{},
		states:    map[string]engine.PresenceState{},
		watches:   map[string]map[string]string{},
		missed:    map[engine.LegID][]engine.Event{},
		restarted: map[engine.LegID]bool{},
	}
	go w.clock()
	return w
}

// Close stops the world's clock and waits for it. Recordings that are under way
// are completed first.
func (w *World) Close() {
	w.mu.Lock()
	for _, l := range w.legs {
		l.stopRecords()
	}
	w.mu.Unlock()
	select {
	case <-w.stop:
	default:
		close(w.stop)
	}
	<-w.done
}

// Engine returns a new driver for this world; Run connects it. One driver is
// connected at a time: a second one that connects takes over from the first.
func (w *World) Engine(name string) *Engine {
	return &Engine{w: w, name: name, wake: make(chan struct{}, 1), views: map[engine.LegID]*view{}}
}

// SetAuth sets who may register and call; nil (the default) lets everybody. The function is
// called under the world's lock: it must not call the world.
func (w *World) SetAuth(allowed func(user, domain, password string) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.auth = allowed
}

// Disconnect cuts the connection between the controller and the server. Legs live on;
// what happens to them meanwhile is found out at Reconnect. New calls get 503.
func (w *World) Disconnect() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up = false
	if w.ctl != nil {
		w.ctl.lose()
	}
	w.touch()
}

// Reconnect lets the controller reach the server again.
func (w *World) Reconnect() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up = true
	w.touch()
}

// Crash kills the server: every leg and registration is gone, phones hear silence
// and no BYE. Reconnect starts it again.
func (w *World) Crash() {
	w.Disconnect()
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, l := range w.legs {
		w.restarted[id] = true
		l.vanish()
	}
	clear(w.missed)
	for _, c := range w.regs {
		c.timer.stop()
	}
	w.regs = nil
	clear(w.mixes)
	clear(w.states)
	clear(w.watches)
	w.touch()
}

// Restart is Crash and, after the given time, Reconnect.
func (w *World) Restart(after time.Duration) {
	w.Crash()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.after(after, func() { w.up = true; w.touch() })
}

// DelayEvents delays each event on its way to the controller by what f returns;
// the order of a leg's events is kept. Nil ends it.
func (w *World) DelayEvents(f func(engine.Event) time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = f
}

// Fault makes an operation go wrong once.
type Fault struct {
	// Op is the name of the method, for example "Play".
	Op string
	// Leg limits the fault to one leg; empty: any.
	Leg engine.LegID
	// Skip lets that many operations that match pass first.
	Skip int
	// Err is returned. With neither Err nor NoReply the operation is only late.
	Err error
	// NoReply: the operation returns context.DeadlineExceeded after its timeout.
	NoReply bool
	// Applied: the operation takes effect nevertheless; only its reply is lost.
	Applied bool
	// Delay passes before the operation is looked at.
	Delay time.Duration
}

// Fail arranges for a fault. Faults are used up in the order in which they came.
func (w *World) Fail(f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, &f)
}

// Op is one operation that the controller asked for.
type Op struct {
	At   time.Time
	Name string
	Leg  engine.LegID
	Err  error
}

// keptOps is how many operations are remembered.
const keptOps = 10000

// Ops returns the newest operations, oldest first: all of the first 10,000.
func (w *World) Ops() []Op {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Op(nil), w.ops...)
}

// Legs returns the legs that are up, in no particular order.
func (w *World) Legs() []engine.LegID {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := make([]engine.LegID, 0, len(w.legs))
	for id := range w.legs {
		ids = append(ids, id)
	}
	return ids
}

// Checkpoint returns what is written on a leg's channel.
func (w *World) Checkpoint(id engine.LegID) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.legs[id]; l != nil {
		return l.checkpoint
	}
	return ""
}

// State is what a phone of the account user shows of whom it watches; ok is false when it may not.
func (w *World) State(user, domain, watched string) (state engine.PresenceState, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, ok := w.watches[aor(user, domain)][watched]
	if s := w.states[name]; s != 0 {
		return s, ok
	}
	return engine.Idle, ok
}

// After calls f on the world's clock after d; f must not block. It is for phones
// that act by themselves.
func (w *World) After(d time.Duration, f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.after(d, func() {
		w.mu.Unlock()
		defer w.mu.Lock()
		f()
	})
}

func aor(user, domain string) string { return strings.ToLower(user + "@" + domain) }

// touch wakes everybody who waits for something. The lock is held.
func (w *World) touch() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// wait blocks until ok, which runs under the lock, is true.
func (w *World) wait(ctx context.Context, what string, ok func() bool) error {
	for {
		w.mu.Lock()
		if ok() {
			w.mu.Unlock()
			return nil
		}
		changed := w.changed
		w.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("sim: waiting for %s: %w", what, context.Cause(ctx))
		}
	}
}

// Wait blocks until ok returns true; it is asked again after every change in the world.
func (w *World) Wait(ctx context.Context, what string, ok func() bool) error {
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if ok() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("sim: waiting for %s: %w", what, context.Cause(ctx))
		}
	}
}

// A timer runs f under the world's lock.
type timer struct {
	at   time.Time
	seq  uint64
	f    func()
	dead bool
}

func (t *timer) stop() {
	if t != nil {
		t.dead = true
	}
}

// after runs f under the lock after d. The lock is held.
func (w *World) after(d time.Duration, f func()) *timer {
	w.seq++
	t := &timer{at: time.Now().Add(d), seq: w.seq, f: f}
	heap.Push(&w.timers, t)
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return t
}

// clock is the one goroutine of the world: timers that are due at the same moment
// run in the order in which they were set.
func (w *World) clock() {
	defer close(w.done)
	wait := time.NewTimer(time.Hour)
	defer wait.Stop()
	for {
		w.mu.Lock()
		next := time.Hour
		for len(w.timers) > 0 {
			t := w.timers[0]
			if d := time.Until(t.at); d > 0 && !t.dead {
				next = d
				break
			}
			heap.Pop(&w.timers)
			if !t.dead {
				t.dead = true
				t.f()
			}
		}
		w.mu.Unlock()
		wait.Reset(next)
		select {
		case <-wait.C:
		case <-w.wake:
		case <-w.stop:
			return
		}
	}
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(x any)   { *h = append(*h, x.(*timer)) }
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return t
}
