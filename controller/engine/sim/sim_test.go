package sim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"callplane/controller/engine"
)

// rig is a world with a connected controller that keeps the events of every leg.
type rig struct {
	t        *testing.T
	w        *World
	e        *Engine
	incoming chan engine.LegInfo

	mu      sync.Mutex
	events  map[engine.LegID][]engine.Event
	adopted []engine.LegState
	regs    []engine.Registration
	kill    func()
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, w: NewWorld(), incoming: make(chan engine.LegInfo, 10), events: map[engine.LegID][]engine.Event{}}
	t.Cleanup(r.w.Close)
	r.start()
	return r
}

// start runs a controller; kill ends it.
func (r *rig) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	r.e = r.w.Engine("sim")
	e := r.e
	go func() {
		done <- e.Run(ctx, engine.Handler{
			Incoming: func(i engine.LegInfo) engine.Sink { r.incoming <- i; return r.sink },
			Adopt: func(all []engine.LegState) map[engine.LegID]engine.Sink {
				r.adopted = all
				m := map[engine.LegID]engine.Sink{}
				for _, s := range all {
					if s.Checkpoint != "drop" {
						m[s.Info.ID] = r.sink
					}
				}
				return m
			},
			Registered:   func(all []engine.Registration) {},
			Registration: func(g engine.Registration) { r.mu.Lock(); r.regs = append(r.regs, g); r.mu.Unlock() },
			Connected:    func(bool) {},
		})
	}()
	r.kill = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("Run: %v", err)
		}
	})
	r.t.Cleanup(r.kill)
	synctest.Wait()
}

func (r *rig) sink(e engine.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events[e.Leg()] = append(r.events[e.Leg()], e)
}

// kinds are the types of a leg's events.
func (r *rig) kinds(id engine.LegID) []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, e := range r.events[id] {
		all = append(all, reflect.TypeOf(e).Name())
	}
	return all
}

func (r *rig) want(id engine.LegID, kinds ...string) {
	r.t.Helper()
	if got := r.kinds(id); !reflect.DeepEqual(got, kinds) {
		r.t.Errorf("events of %s: %v, want %v", id, got, kinds)
	}
}

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// dial lets a phone call and returns its leg.
func (r *rig) dial(p *Phone) (*Call, engine.LegID) {
	c := p.Dial("100")
	return c, (<-r.incoming).ID
}

func (r *rig) phone(user string, hz int) *Phone {
	p := r.w.Phone(PhoneConfig{User: user, Domain: "a.example", Hz: hz})
	r.ok(p.Register())
	return p
}

// call originates to a phone that answers.
func (r *rig) call(p *Phone, id engine.LegID) *Call {
	ctx := context.Background()
	r.ok(r.e.Originate(ctx, engine.Originate{
		ID: id, Target: engine.Target{Kind: engine.TargetAccount, User: p.cfg.User, Domain: p.cfg.Domain}, Sink: r.sink,
	}))
	c, err := p.Incoming(ctx)
	r.ok(err)
	r.ok(c.Ring())
	r.ok(c.Answer())
	return c
}

func TestBridgedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx := t.Context()
		alice, bob := r.phone("alice", 400), r.phone("bob", 500)
		ca, a := r.dial(alice)
		r.ok(r.e.Ring(ctx, a))
		if ca.State() != Ringing {
			t.Error("caller hears no ringing")
		}
		cb := r.call(bob, "b")
		r.want("b", "Ringing", "Answered")
		r.ok(r.e.Answer(ctx, a))
		r.ok(r.e.Bridge(ctx, a, "b"))
		r.ok(ca.WaitHears(ctx, Sound{Hz: 500}))
		r.ok(cb.WaitHears(ctx, Sound{Hz: 400}))
		r.ok(ca.Hangup())
		r.want(a, "Answered", "Bridged", "Unbridged", "Hangup")
		r.want("b", "Ringing", "Answered", "Bridged", "Unbridged")
		if err := r.e.Play(ctx, a, engine.Playback{}); !errors.Is(err, engine.ErrNoLeg) {
			t.Errorf("Play after hang-up: %v", err)
		}
	})
}

func TestPlayDurations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx := t.Context()
		c, a := r.dial(r.phone("alice", 400))
		beep := []engine.Source{{Silence: time.Second}, {Beep: &engine.Beep{Hz: 900, Duration: 3 * time.Second}}}
		if err := r.e.Play(ctx, a, engine.Playback{ID: "p", Sources: beep}); !errors.Is(err, engine.ErrState) {
			t.Errorf("Play before media: %v", err)
		}
		r.ok(r.e.Answer(ctx, a))
		start := time.Now()
		r.ok(r.e.Play(ctx, a, engine.Playback{ID: "p", Sources: beep}))
		r.ok(c.WaitHears(ctx, Sound{Hz: 900}))
		r.ok(c.WaitHears(ctx))
		if d := time.Since(start); d != 4*time.Second {
			t.Errorf("played for %v", d)
		}
		r.want(a, "Answered", "PlayDone")
		r.ok(r.e.Record(ctx, a, engine.Recording{
			ID: "r", File: filepath.Join(t.TempDir(), "r.wav"), Scope: engine.RecordLeg, Max: 2 * time.Second,
		}))
		time.Sleep(3 * time.Second)
		r.want(a, "Answered", "PlayDone", "RecordDone")
		done := r.events[a][2].(engine.RecordDone)
		if d, err := wavLength(done.File); err != nil || d != 2*time.Second || done.Duration != d {
			t.Errorf("recorded %v in a file of %v (%v)", done.Duration, d, err)
		}
		r.ok(r.e.Play(ctx, a, engine.Playback{ID: "f", Sources: []engine.Source{{File: done.File}}}))
		time.Sleep(2*time.Second + time.Millisecond)
		r.want(a, "Answered", "PlayDone", "RecordDone", "PlayDone")
		os.Remove(done.File)
		r.ok(r.e.Play(ctx, a, engine.Playback{ID: "g", Sources: []engine.Source{{File: done.File}}}))
		r.want(a, "Answered", "PlayDone", "RecordDone", "PlayDone", "PlayDone")
		if d := r.events[a][4].(engine.PlayDone); d.Result != engine.PlayFailed {
			t.Errorf("missing file: %v", d)
		}
	})
}

func TestControllerIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx := t.Context()
		ca, a := r.dial(r.phone("alice", 400))
		r.ok(r.e.Answer(ctx, a))
		cb := r.call(r.phone("bob", 500), "b")
		r.call(r.phone("carol", 600), "drop")
		r.ok(r.e.Checkpoint(ctx, "drop", "drop"))
		r.ok(r.e.Checkpoint(ctx, a, "here"))
		r.ok(r.e.Bridge(ctx, a, "b"))
		synctest.Wait()
		r.kill()
		r.ok(ca.WaitHears(ctx, Sound{Hz: 500}))
		if err := r.e.Answer(ctx, a); !errors.Is(err, engine.ErrDown) {
			t.Errorf("after the end of Run: %v", err)
		}
		r.start()
		if len(r.adopted) != 3 || r.adopted[2].Checkpoint != "here" || r.adopted[2].BridgedTo != "b" {
			t.Errorf("adopted %+v", r.adopted)
		}
		if got := len(r.w.Legs()); got != 2 {
			t.Errorf("%d legs are left", got)
		}
		r.ok(cb.Hangup())
		r.want(a, "Answered", "Bridged", "Unbridged")
	})
}

func TestLostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx := t.Context()
		_, a := r.dial(r.phone("alice", 400))
		r.ok(r.e.Answer(ctx, a))
		cb := r.call(r.phone("bob", 500), "b")
		r.ok(r.e.Bridge(ctx, a, "b"))
		r.w.Disconnect()
		r.ok(cb.Hangup())
		r.want("b", "Ringing", "Answered", "Bridged")
		if c := r.phone("dave", 700).Dial("1"); c.Status() != 503 {
			t.Errorf("a call without controller got %d", c.Status())
		}
		r.w.Reconnect()
		r.want("b", "Ringing", "Answered", "Bridged", "Unbridged", "Hangup")
		r.want(a, "Answered", "Bridged", "Unbridged")
		r.w.Restart(5 * time.Second)
		time.Sleep(6 * time.Second)
		r.want(a, "Answered", "Bridged", "Unbridged", "Hangup")
		if h := r.events[a][3].(engine.Hangup); h.Cause != engine.CauseEngineLost {
			t.Errorf("cause %v", h.Cause)
		}
	})
}

func TestDelaysKeepTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		n := 0
		r.w.DelayEvents(func(engine.Event) time.Duration {
			n++
			return time.Duration(100-n*40) * time.Millisecond
		})
		c, a := r.dial(r.phone("alice", 400))
		r.ok(r.e.Answer(t.Context(), a))
		r.ok(c.Hangup())
		time.Sleep(time.Second)
		r.want(a, "Answered", "Hangup")
	})
}

func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ctx := t.Context()
		_, a := r.dial(r.phone("alice", 400))
		r.w.Fail(Fault{Op: "Answer", Err: engine.ErrRefused})
		r.w.Fail(Fault{Op: "Answer", NoReply: true, Applied: true})
		if err := r.e.Answer(ctx, a); !errors.Is(err, engine.ErrRefused) {
			t.Errorf("refusal: %v", err)
		}
		r.want(a)
		start := time.Now()
		if err := r.e.Answer(ctx, a); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != CommandTimeout {
			t.Errorf("no reply: %v after %v", err, time.Since(start))
		}
		r.want(a, "Answered")
	})
}
