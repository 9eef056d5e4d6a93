package conformance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"callplane/controller/engine"
)

// Times that no case should need.
const (
	caseTime = 75 * time.Second
	stepTime = 10 * time.Second
)

// hub connects one driver with the cases that share it: it tells which case an
// inbound leg belongs to.
type hub struct {
	b    Backend
	e    engine.Engine
	stop func() error

	trunkLock sync.Mutex // held while the engine's set of trunks changes
	trunks    []engine.Trunk

	mu       sync.Mutex
	expected map[string]*expectation // by dialled number
	regs     map[string]chan engine.Registration
	regList  [][]engine.Registration
	adopt    func([]engine.LegState) map[engine.LegID]engine.Sink
	ups      []bool
	upNow    chan struct{}
	strays   []string
}

type expectation struct {
	refuse bool
	leg    chan *Leg
}

// newHub makes a driver and waits until it is connected.
func newHub(b Backend) (*hub, error) {
	h := &hub{b: b, expected: map[string]*expectation{}, regs: map[string]chan engine.Registration{}, upNow: make(chan struct{})}
	return h, h.start(nil)
}

// start makes a new driver, after stop, as a controller that was started again does.
func (h *hub) start(adopt func([]engine.LegState) map[engine.LegID]engine.Sink) error {
	e, err := h.b.Driver()
	if err != nil {
		return fmt.Errorf("make a driver: %w", err)
	}
	h.mu.Lock()
	h.e, h.adopt, h.ups = e, adopt, nil
	h.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- e.Run(ctx, engine.Handler{
			Incoming: h.incoming, Adopt: h.adopted, Registered: h.registered, Registration: h.registration, Connected: h.connected,
		})
	}()
	h.stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(stepTime):
			return fmt.Errorf("the driver's Run did not return %v after its context ended", stepTime)
		}
	})
	wait, cancelWait := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancelWait()
	if err := h.waitUp(wait, true); err != nil {
		return errors.Join(err, h.stop(), errors.New(h.b.Logs()))
	}
	h.trunkLock.Lock()
	defer h.trunkLock.Unlock()
	if err := e.SetTrunks(wait, h.trunks); err != nil {
		return errors.Join(fmt.Errorf("set trunks again: %w", err), h.stop())
	}
	return nil
}

func (h *hub) incoming(i engine.LegInfo) engine.Sink {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := h.expected[i.Dialed]
	if x == nil {
		h.strays = append(h.strays, fmt.Sprintf("unexpected inbound leg %s to %q", i.ID, i.Dialed))
		return nil
	}
	delete(h.expected, i.Dialed)
	if x.refuse {
		return nil
	}
	l := newLeg(i.ID)
	l.Info = i
	x.leg <- l
	return l.Sink
}

func (h *hub) adopted(all []engine.LegState) map[engine.LegID]engine.Sink {
	h.mu.Lock()
	adopt := h.adopt
	h.mu.Unlock()
	if adopt == nil {
		return nil
	}
	return adopt(all)
}

func (h *hub) registered(all []engine.Registration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.regList = append(h.regList, all)
}

func (h *hub) registration(r engine.Registration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ch := h.regs[r.User]; ch != nil {
		select {
		case ch <- r:
		default: // a flood of one user's registrations is no case
		}
	}
}

func (h *hub) connected(up bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ups = append(h.ups, up)
	close(h.upNow)
	h.upNow = make(chan struct{})
}

// waitUp waits until the connection is up, or down.
func (h *hub) waitUp(ctx context.Context, up bool) error {
	for {
		h.mu.Lock()
		now := len(h.ups) > 0 && h.ups[len(h.ups)-1]
		changed := h.upNow
		h.mu.Unlock()
		if now == up {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for Connected(%t): %w", up, ctx.Err())
		}
	}
}

// World is what a case sees: an engine, and phones as it wants them.
type World struct {
	engine.Engine
	Ctx     context.Context
	Backend Backend
	hub     *hub

	mu     sync.Mutex
	legs   []*Leg
	phones int
}

var numbers atomic.Int64

// newNumber is a number that no other case has.
func newNumber() string { return fmt.Sprintf("7%06d", numbers.Add(1)) }

func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// NewLegID, NewPlay and so on are fresh ids.
func newLegID() engine.LegID { return engine.LegID(newID()) }

// run runs one case and cleans up after it.
func run(t *testing.T, h *hub, c func(*testing.T, *World)) {
	ctx, cancel := context.WithTimeout(context.Background(), caseTime)
	defer cancel()
	w := &World{Engine: h.e, Ctx: ctx, Backend: h.b, hub: h}
	defer w.cleanUp(t)
	c(t, w)
}

// cleanUp ends what the case has left and looks at what the legs were told.
func (w *World) cleanUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), stepTime)
	defer cancel()
	w.mu.Lock()
	legs := slices.Clone(w.legs)
	w.mu.Unlock()
	for _, l := range legs {
		if !l.Over() {
			if err := w.hub.e.Hangup(ctx, l.ID, engine.CauseNormal); err != nil {
				t.Logf("clean-up: %v", err)
			}
		}
	}
	for _, l := range legs {
		if !l.waitOver(ctx) {
			t.Errorf("leg %s never got Hangup\n%s", l.ID, l)
		}
	}
	w.noZombies(t, ctx, legs)
	for _, l := range legs {
		for _, v := range l.leftovers() {
			t.Errorf("leg %s: %s", l.ID, v)
		}
		if t.Failed() {
			t.Logf("leg %s %s\n%s", l.ID, l.Info.Dialed, l)
		}
	}
	if t.Failed() {
		if logs := w.Backend.Logs(); logs != "" {
			t.Log(logs)
		}
	}
}

// noZombies asks the engine whether legs of the case are still there. A list may lag behind the events a little.
func (w *World) noZombies(t *testing.T, ctx context.Context, legs []*Leg) {
	for {
		up, err := w.Backend.Channels(ctx)
		if err != nil {
			t.Errorf("list channels: %v", err)
			return
		}
		var left []string
		for _, l := range legs {
			if slices.Contains(up, string(l.ID)) {
				left = append(left, string(l.ID))
			}
		}
		if len(left) == 0 {
			return
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			t.Errorf("channels are left on the engine: %v", left)
			return
		}
	}
}

// nothingLeft waits until the engine has no channel at all.
func (w *World) nothingLeft(ctx context.Context) error {
	for {
		up, err := w.Backend.Channels(ctx)
		if err != nil {
			return fmt.Errorf("list channels: %w", err)
		}
		if len(up) == 0 {
			return nil
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return fmt.Errorf("channels are left on the engine: %v", up)
		}
	}
}

func (w *World) own(l *Leg) *Leg {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.legs = append(w.legs, l)
	return l
}

// disown takes a leg out of the clean-up.
func (w *World) disown(l *Leg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.legs = slices.DeleteFunc(w.legs, func(o *Leg) bool { return o == l })
}

// step bounds one wait.
func (w *World) step() (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.Ctx, stepTime)
}

// ok ends the case at an error.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// do runs one step with a time limit of its own.
func (w *World) do(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := w.step()
	defer cancel()
	ok(t, f(ctx))
}

// newPhone makes a phone that is not registered.
func (w *World) newPhone(t *testing.T, spec PhoneSpec) Phone {
	t.Helper()
	ctx, cancel := w.step()
	defer cancel()
	w.mu.Lock()
	w.phones++
	spec.Voice = w.phones
	w.mu.Unlock()
	p, err := w.Backend.Phone(ctx, spec)
	ok(t, err)
	if c, isCloser := p.(interface{ Close() error }); isCloser {
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Logf("close phone %s: %v", p.User(), err)
			}
		})
	}
	return p
}

// phone makes a phone and registers it.
func (w *World) phone(t *testing.T, specs ...PhoneSpec) Phone {
	t.Helper()
	var spec PhoneSpec
	if len(specs) > 0 {
		spec = specs[0]
	}
	p := w.newPhone(t, spec)
	w.do(t, p.Register)
	return p
}

// dial lets a phone call a fresh number and waits until the engine tells of it.
func (w *World) dial(t *testing.T, p Phone) (Call, *Leg) {
	t.Helper()
	return w.dialNumber(t, p, newNumber(), Dial{})
}

func (w *World) dialNumber(t *testing.T, p Phone, number string, how Dial) (Call, *Leg) {
	t.Helper()
	x := w.expect(number)
	ctx, cancel := w.step()
	defer cancel()
	c, err := p.Dial(ctx, number, how)
	ok(t, err)
	select {
	case l := <-x.leg:
		return c, w.own(l)
	case <-ctx.Done():
		t.Fatalf("the engine never told of the call to %s (the phone got %d)", number, c.Status())
		return nil, nil
	}
}

// expect lets the next inbound leg to number in.
func (w *World) expect(number string) *expectation {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	x := &expectation{leg: make(chan *Leg, 1)}
	w.hub.expected[number] = x
	return x
}

// refuseNext makes the controller refuse the next inbound leg to number by returning no sink.
func (w *World) refuseNext(number string) {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	w.hub.expected[number] = &expectation{refuse: true}
}

// answered lets a phone call and answers it.
func (w *World) answered(t *testing.T, p Phone) (Call, *Leg) {
	t.Helper()
	c, l := w.dial(t, p)
	ok(t, w.Answer(w.Ctx, l.ID))
	next[engine.Answered](t, w, l)
	w.do(t, c.WaitAnswered)
	return c, l
}

// originate calls a phone and returns when it has the INVITE.
func (w *World) originate(t *testing.T, p Phone, with ...func(*engine.Originate)) (Call, *Leg) {
	t.Helper()
	l := w.start(t, p, with...)
	ctx, cancel := w.step()
	defer cancel()
	c, err := p.Incoming(ctx)
	ok(t, err)
	return c, l
}

// start originates to a phone.
func (w *World) start(t *testing.T, p Phone, with ...func(*engine.Originate)) *Leg {
	t.Helper()
	l := newLeg(newLegID())
	r := engine.Originate{
		ID: l.ID, Target: account(p), Caller: engine.Identity{Number: "0201234567", Name: "Conformance"},
		Timeout: 30 * time.Second, Sink: l.Sink,
	}
	for _, f := range with {
		f(&r)
	}
	ok(t, w.Originate(w.Ctx, r))
	return w.own(l)
}

func account(p Phone) engine.Target {
	return engine.Target{Kind: engine.TargetAccount, User: p.User(), Domain: p.Domain()}
}

// called originates to a phone that answers.
func (w *World) called(t *testing.T, p Phone, with ...func(*engine.Originate)) (Call, *Leg) {
	t.Helper()
	c, l := w.originate(t, p, with...)
	w.do(t, c.Ring)
	next[engine.Ringing](t, w, l)
	w.do(t, c.Answer)
	next[engine.Answered](t, w, l)
	return c, l
}

// conversation is two phones in a bridge: a has called, b was called.
func (w *World) conversation(t *testing.T) (a, b Phone, ca, cb Call, la, lb *Leg) {
	t.Helper()
	a, b = w.phone(t), w.phone(t)
	ca, la = w.answered(t, a)
	cb, lb = w.called(t, b)
	w.bridge(t, la, lb)
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
	return a, b, ca, cb, la, lb
}

// bridge bridges two legs that are in no conversation.
func (w *World) bridge(t *testing.T, a, b *Leg) {
	t.Helper()
	ok(t, w.Bridge(w.Ctx, a.ID, b.ID))
	if e := next[engine.Bridged](t, w, a); e.Peer != b.ID {
		t.Errorf("%s is bridged with %s, not %s", a.ID, e.Peer, b.ID)
	}
	if e := next[engine.Bridged](t, w, b); e.Peer != a.ID {
		t.Errorf("%s is bridged with %s, not %s", b.ID, e.Peer, a.ID)
	}
}

// hear waits until a phone hears exactly these tones.
func (w *World) hear(t *testing.T, c Call, hz ...int) {
	t.Helper()
	w.do(t, func(ctx context.Context) error { return c.Hears(ctx, hz...) })
}

// play starts a playback.
func (w *World) play(t *testing.T, l *Leg, loop bool, sources ...engine.Source) engine.PlayID {
	t.Helper()
	id := engine.PlayID(newID())
	ok(t, w.Play(w.Ctx, l.ID, engine.Playback{ID: id, Sources: sources, Loop: loop}))
	l.playing(id)
	return id
}

// file is a source that hums.
func (w *World) file(t *testing.T, hz int, d time.Duration) engine.Source {
	t.Helper()
	path, err := w.Backend.File(hz, d)
	ok(t, err)
	return engine.Source{File: path}
}

// next waits for the next event of a leg, which must be an E.
func next[E engine.Event](t *testing.T, w *World, l *Leg) E {
	t.Helper()
	return await[E](t, w, l, l.next)
}

// find waits for an E among the events of a leg that no one has waited for yet, for
// events whose order is free.
func find[E engine.Event](t *testing.T, w *World, l *Leg) E {
	t.Helper()
	return await[E](t, w, l, l.find)
}

func await[E engine.Event](t *testing.T, w *World, l *Leg, how func(context.Context, string, func(engine.Event) bool) (engine.Event, error)) E {
	t.Helper()
	ctx, cancel := w.step()
	defer cancel()
	var zero E
	e, err := how(ctx, name(zero), func(e engine.Event) bool { _, is := e.(E); return is })
	ok(t, err)
	return e.(E)
}

// hangup waits for the end of a leg.
func (w *World) hangup(t *testing.T, l *Leg, cause engine.Cause, byPeer bool) engine.Hangup {
	t.Helper()
	h := next[engine.Hangup](t, w, l)
	if h.Cause != cause || h.ByPeer != byPeer {
		t.Errorf("leg %s ended with %s (by peer %t), want %s (by peer %t)", l.ID, h.Cause, h.ByPeer, cause, byPeer)
	}
	return h
}

// playDone waits for the end of a playback.
func (w *World) playDone(t *testing.T, l *Leg, id engine.PlayID, result engine.PlayResult) {
	t.Helper()
	if e := next[engine.PlayDone](t, w, l); e.Play != id || e.Result != result {
		t.Errorf("leg %s: playback %s ended with %d, want %s with %d", l.ID, e.Play, e.Result, id, result)
	}
}

// show waits until a phone shows the other party so.
func (w *World) show(t *testing.T, c Call, who engine.Identity) {
	t.Helper()
	w.do(t, func(ctx context.Context) error { return c.WaitDisplay(ctx, who) })
}

// mix adds a leg to a mix.
func (w *World) mix(t *testing.T, id engine.MixID, l *Leg) {
	t.Helper()
	ok(t, w.Mix(w.Ctx, id, l.ID))
	if e := next[engine.Mixed](t, w, l); e.Mix != id {
		t.Errorf("leg %s is in mix %s, not %s", l.ID, e.Mix, id)
	}
}
