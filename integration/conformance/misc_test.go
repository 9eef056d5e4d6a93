package conformance

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"callplane/controller/engine"
)

// everything is every operation on a leg, by name; other is a leg that is up.
func (w *World) everything(t *testing.T, id, other engine.LegID) map[string]error {
	ctx := w.Ctx
	source := []engine.Source{w.file(t, 700, time.Second)}
	return map[string]error{
		"Ring":           w.Ring(ctx, id),
		"Progress":       w.Progress(ctx, id),
		"Answer":         w.Answer(ctx, id),
		"Hangup":         w.Hangup(ctx, id, engine.CauseNormal),
		"Play":           w.Play(ctx, id, engine.Playback{ID: "p", Sources: source}),
		"StopPlay":       w.StopPlay(ctx, id, "p"),
		"Record":         w.Record(ctx, id, engine.Recording{ID: "r", File: w.Backend.RecordDir() + "/r.wav", Scope: engine.RecordLeg}),
		"StopRecord":     w.StopRecord(ctx, id, "r"),
		"SendDTMF":       w.SendDTMF(ctx, id, "1"),
		"Bridge":         w.Bridge(ctx, id, other),
		"Bridge to it":   w.Bridge(ctx, other, id),
		"Unbridge":       w.Unbridge(ctx, id),
		"Mix":            w.Mix(ctx, "m", id),
		"Unmix":          w.Unmix(ctx, id),
		"Listen":         w.Listen(ctx, id, other, engine.ListenOnly),
		"Listen to it":   w.Listen(ctx, other, id, engine.ListenOnly),
		"StopListen":     w.StopListen(ctx, id),
		"UpdateCallerID": w.UpdateCallerID(ctx, id, engine.Identity{Number: "1"}),
		"Checkpoint":     w.Checkpoint(ctx, id, "x"),
	}
}

func endedLeg(t *testing.T, w *World) {
	co, lo := w.answered(t, w.phone(t))
	c, l := w.answered(t, w.phone(t))
	w.do(t, c.Hangup)
	w.hangup(t, l, engine.CauseNormal, true)
	for op, err := range w.everything(t, l.ID, lo.ID) {
		if !errors.Is(err, engine.ErrNoLeg) {
			t.Errorf("%s: %v, want ErrNoLeg", op, err)
		}
	}
	// The other leg has not noticed.
	id := w.play(t, lo, false, w.file(t, 1500, time.Second))
	w.hear(t, co, 1500)
	w.playDone(t, lo, id, engine.PlayFinished)
}

func unknownLeg(t *testing.T, w *World) {
	_, lo := w.answered(t, w.phone(t))
	for op, err := range w.everything(t, newLegID(), lo.ID) {
		if !errors.Is(err, engine.ErrNoLeg) {
			t.Errorf("%s: %v, want ErrNoLeg", op, err)
		}
	}
}

// lineBreaks: nothing that contains CR or LF may reach an engine's line protocol.
func lineBreaks(t *testing.T, w *World) {
	p := w.phone(t)
	c, l := w.answered(t, p)
	for _, bad := range []string{"a\nb", "a\rb", "a\r\n\r\nevent plain all"} {
		originate := func(f func(*engine.Originate)) error {
			r := engine.Originate{ID: newLegID(), Target: account(p), Sink: func(e engine.Event) { t.Errorf("got %+v", e) }}
			f(&r)
			return w.Originate(w.Ctx, r)
		}
		for what, err := range map[string]error{
			"play file":        w.Play(w.Ctx, l.ID, engine.Playback{ID: "p", Sources: []engine.Source{{File: "/tmp/" + bad + ".wav"}}}),
			"record file":      w.Record(w.Ctx, l.ID, engine.Recording{ID: "r", File: "/tmp/" + bad + ".wav", Scope: engine.RecordLeg}),
			"digits":           w.SendDTMF(w.Ctx, l.ID, bad),
			"mix":              w.Mix(w.Ctx, engine.MixID(bad), l.ID),
			"caller id name":   w.UpdateCallerID(w.Ctx, l.ID, engine.Identity{Name: bad}),
			"caller id number": w.UpdateCallerID(w.Ctx, l.ID, engine.Identity{Number: bad}),
			"checkpoint":       w.Checkpoint(w.Ctx, l.ID, bad),
			"notify event":     w.Notify(w.Ctx, engine.Notify{User: p.User(), Domain: p.Domain(), Event: bad}),
			"state user":       w.SetState(w.Ctx, engine.State{Name: bad, State: engine.Idle}),
			"watch user":       w.SetWatch(w.Ctx, engine.Watch{User: bad, Domain: p.Domain(), Names: map[string]string{"1": "a"}}),
			"watched":          w.SetWatch(w.Ctx, engine.Watch{User: p.User(), Domain: p.Domain(), Names: map[string]string{bad: "a"}}),
			"watch state":      w.SetWatch(w.Ctx, engine.Watch{User: p.User(), Domain: p.Domain(), Names: map[string]string{"1": bad}}),
			"originate user":   originate(func(r *engine.Originate) { r.Target.User = bad }),
			"originate domain": originate(func(r *engine.Originate) { r.Target.Domain = bad }),
			"originate uri": originate(func(r *engine.Originate) {
				r.Target = engine.Target{Kind: engine.TargetURI, URI: "sip:" + bad + "@127.0.0.1"}
			}),
			"originate name":       originate(func(r *engine.Originate) { r.Caller.Name = bad }),
			"originate number":     originate(func(r *engine.Originate) { r.Caller.Number = bad }),
			"originate alert-info": originate(func(r *engine.Originate) { r.AlertInfo = bad }),
			"originate header":     originate(func(r *engine.Originate) { r.Headers = map[string]string{"X-A": bad} }),
			"originate header name": originate(func(r *engine.Originate) {
				r.Headers = map[string]string{"X-" + bad: "a"}
			}),
			"originate checkpoint": originate(func(r *engine.Originate) { r.Checkpoint = bad }),
			"originate id":         originate(func(r *engine.Originate) { r.ID = engine.LegID(bad) }),
		} {
			if !errors.Is(err, engine.ErrInvalid) {
				t.Errorf("%s %q: %v, want ErrInvalid", what, bad, err)
			}
		}
	}
	id := w.play(t, l, false, w.file(t, 700, time.Second))
	w.hear(t, c, 700)
	w.playDone(t, l, id, engine.PlayFinished)
}

func invalidArguments(t *testing.T, w *World) {
	p := w.phone(t)
	_, l := w.answered(t, p)
	file := w.file(t, 700, time.Second)
	sink := func(e engine.Event) { t.Errorf("got %+v", e) }
	for what, err := range map[string]error{
		"no sources":           w.Play(w.Ctx, l.ID, engine.Playback{ID: "p"}),
		"empty source":         w.Play(w.Ctx, l.ID, engine.Playback{ID: "p", Sources: []engine.Source{{}}}),
		"two in one":           w.Play(w.Ctx, l.ID, engine.Playback{ID: "p", Sources: []engine.Source{{File: file.File, Silence: time.Second}}}),
		"relative file":        w.Play(w.Ctx, l.ID, engine.Playback{ID: "p", Sources: []engine.Source{{File: "a.wav"}}}),
		"no play id":           w.Play(w.Ctx, l.ID, engine.Playback{Sources: []engine.Source{file}}),
		"relative recording":   w.Record(w.Ctx, l.ID, engine.Recording{ID: "r", File: "r.wav", Scope: engine.RecordLeg}),
		"recording not .wav":   w.Record(w.Ctx, l.ID, engine.Recording{ID: "r", File: w.Backend.RecordDir() + "/r.mp3", Scope: engine.RecordLeg}),
		"no scope":             w.Record(w.Ctx, l.ID, engine.Recording{ID: "r", File: w.Backend.RecordDir() + "/r.wav"}),
		"no digits":            w.SendDTMF(w.Ctx, l.ID, ""),
		"no mix id":            w.Mix(w.Ctx, "", l.ID),
		"no target":            w.Originate(w.Ctx, engine.Originate{ID: newLegID(), Sink: sink}),
		"no user":              w.Originate(w.Ctx, engine.Originate{ID: newLegID(), Sink: sink, Target: engine.Target{Kind: engine.TargetAccount, Domain: p.Domain()}}),
		"no URI":               w.Originate(w.Ctx, engine.Originate{ID: newLegID(), Sink: sink, Target: engine.Target{Kind: engine.TargetURI}}),
		"no leg id":            w.Originate(w.Ctx, engine.Originate{Sink: sink, Target: account(p)}),
		"header From":          w.Originate(w.Ctx, engine.Originate{ID: newLegID(), Sink: sink, Target: account(p), Headers: map[string]string{"From": "x"}}),
		"long checkpoint":      w.Checkpoint(w.Ctx, l.ID, strings.Repeat("x", 4097)),
		"checkpoint not ASCII": w.Checkpoint(w.Ctx, l.ID, "ķ"),
	} {
		if !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", what, err)
		}
	}
	ok(t, w.Checkpoint(w.Ctx, l.ID, strings.Repeat(`a{}[]",;'$&^\|=`, 200)))
}

func expiredContext(t *testing.T, w *World) {
	_, l := w.answered(t, w.phone(t))
	ctx, cancel := context.WithCancel(w.Ctx)
	cancel()
	if err := w.Play(ctx, l.ID, engine.Playback{ID: "p", Sources: []engine.Source{w.file(t, 700, time.Second)}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Play with a cancelled context: %v", err)
	}
	past, cancel := context.WithDeadline(w.Ctx, time.Now().Add(-time.Second))
	defer cancel()
	if err := w.Checkpoint(past, l.ID, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Checkpoint with an expired context: %v", err)
	}
	id := w.play(t, l, false, w.file(t, 700, time.Second))
	w.playDone(t, l, id, engine.PlayFinished)
}

// regs are the registration events of one user.
func (w *World) regs(user string) <-chan engine.Registration {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	ch := make(chan engine.Registration, 20)
	w.hub.regs[user] = ch
	return ch
}

// reg waits for a registration event of a kind.
func (w *World) reg(t *testing.T, ch <-chan engine.Registration, kind engine.RegistrationKind) engine.Registration {
	t.Helper()
	ctx, cancel := w.step()
	defer cancel()
	select {
	case r := <-ch:
		if r.Kind != kind {
			t.Fatalf("got %+v, want kind %d", r, kind)
		}
		return r
	case <-ctx.Done():
		t.Fatalf("no registration event of kind %d", kind)
	}
	return engine.Registration{}
}

func registration(t *testing.T, w *World) {
	p := w.newPhone(t, PhoneSpec{})
	ch := w.regs(p.User())
	w.do(t, p.Register)
	r := w.reg(t, ch, engine.Registered)
	if r.Engine != w.Name() || r.User != p.User() || r.Domain != p.Domain() || !strings.HasPrefix(r.Contact, "sip:") ||
		r.Peer.Addr() != p.Addr().Addr() || r.Peer.Port() != p.Addr().Port() || r.Transport != "udp" || r.UserAgent == "" {
		t.Errorf("%+v", r)
	}
	if d := time.Until(r.Expires); d < 20*time.Second || d > 2*time.Hour {
		t.Errorf("expires in %v", d)
	}
	w.do(t, p.Unregister)
	if u := w.reg(t, ch, engine.Unregistered); u.Contact != r.Contact {
		t.Errorf("unregistered %q, want %q", u.Contact, r.Contact)
	}
}

func registrationWrongPassword(t *testing.T, w *World) {
	p := w.newPhone(t, PhoneSpec{Password: "wrong"})
	ch := w.regs(p.User())
	ctx, cancel := w.step()
	defer cancel()
	if err := p.Register(ctx); err == nil {
		t.Error("registered with a wrong password")
	}
	if r := w.reg(t, ch, engine.AuthFailed); r.User != p.User() || r.Peer.Addr() != p.Addr().Addr() {
		t.Errorf("%+v", r)
	}
}

func registrationUnknownUser(t *testing.T, w *World) {
	p := w.newPhone(t, PhoneSpec{Unknown: true})
	ch := w.regs(p.User())
	ctx, cancel := w.step()
	defer cancel()
	if err := p.Register(ctx); err == nil {
		t.Error("registered a user that does not exist")
	}
	if r := w.reg(t, ch, engine.AuthFailed); r.User != p.User() || r.Peer.Addr() != p.Addr().Addr() {
		t.Errorf("%+v", r)
	}
}

func callWrongPassword(t *testing.T, w *World) {
	p := w.newPhone(t, PhoneSpec{Password: "wrong"})
	ch := w.regs(p.User())
	ctx, cancel := w.step()
	defer cancel()
	c, err := p.Dial(ctx, newNumber(), Dial{})
	ok(t, err)
	w.do(t, c.WaitEnded)
	if s := c.Status(); s != 403 && s != 401 && s != 407 {
		t.Errorf("the phone got %d", s)
	}
	if r := w.reg(t, ch, engine.AuthFailed); r.User != p.User() || r.Peer.Addr() != p.Addr().Addr() {
		t.Errorf("%+v", r)
	}
}

func blockedAddress(t *testing.T, w *World) {
	p := w.phone(t, PhoneSpec{Alone: true})
	ok(t, w.SetBlocked(w.Ctx, []netip.Addr{p.Addr().Addr()}))
	ctx, cancel := context.WithTimeout(w.Ctx, 5*time.Second)
	defer cancel()
	if err := p.Register(ctx); err == nil {
		t.Error("registered from a blocked address")
	}
	c, err := p.Dial(w.Ctx, newNumber(), Dial{})
	ok(t, err)
	ok(t, pause(w.Ctx, time.Second))
	// Refused or not answered at all, and the controller never hears of it (see strays).
	if s := c.Status(); s != 0 && s != 403 && s != 503 {
		t.Errorf("a call from a blocked address got %d", s)
	}
	_, _ = w.answered(t, w.phone(t)) // others are not
	if c.Status() == 0 {
		if err := c.Hangup(ctx); err != nil {
			t.Logf("nobody answers the CANCEL: %v", err)
		}
	}
	ok(t, w.SetBlocked(w.Ctx, nil))
	w.do(t, p.Register)
	_, _ = w.answered(t, p)
}

func notify(t *testing.T, w *World) {
	a, b := w.twoContacts(t)
	ok(t, w.Notify(w.Ctx, engine.Notify{User: a.User(), Domain: a.Domain(), Event: "check-sync;reboot=false"}))
	ok(t, w.Notify(w.Ctx, engine.Notify{
		User: a.User(), Domain: a.Domain(), Event: "message-summary", ContentType: "application/simple-message-summary",
		Body: "Messages-Waiting: yes\r\nVoice-Message: 2/1 (0/0)\r\n",
	}))
	for _, p := range []Phone{a, b} {
		w.do(t, func(ctx context.Context) error { return p.Notified(ctx, "check-sync", "") })
		w.do(t, func(ctx context.Context) error { return p.Notified(ctx, "message-summary", "Voice-Message: 2/1") })
	}
}

// lamp: each phone is shown what its account may see under a number, which for another account is something else.
func lamp(t *testing.T, w *World) {
	p, other, blind := w.phone(t), w.phone(t), w.phone(t)
	name, another := "lamp-"+newNumber(), "lamp-"+newNumber()
	watch := func(p Phone, names map[string]string) {
		t.Helper()
		ok(t, w.SetWatch(w.Ctx, engine.Watch{User: p.User(), Domain: p.Domain(), Names: names}))
	}
	set := func(name string, s engine.PresenceState) {
		t.Helper()
		ok(t, w.SetState(w.Ctx, engine.State{Name: name, State: s}))
	}
	shows := func(p Phone, s engine.PresenceState) {
		t.Helper()
		w.do(t, func(ctx context.Context) error { return p.Lamp(ctx, "101", s) })
	}
	watch(p, map[string]string{"101": name, "102": another})
	watch(other, map[string]string{"101": another})
	for _, s := range []engine.PresenceState{engine.Idle, engine.Alerting, engine.Talking, engine.Idle, engine.Talking} {
		set(name, s)
		shows(p, s)
		shows(other, engine.Idle)
	}
	set(another, engine.Alerting)
	shows(other, engine.Alerting)
	shows(p, engine.Talking)
	w.do(t, func(ctx context.Context) error { return blind.Dark(ctx, "101") })
	// The right goes: so does the light.
	watch(other, nil)
	shows(other, engine.Idle)
	set(another, engine.Talking)
	w.do(t, func(ctx context.Context) error { return other.Dark(ctx, "101") })
	shows(p, engine.Talking)
}

// trunk makes the engine know a carrier.
func (w *World) trunk(t *testing.T, carrier Phone) string {
	t.Helper()
	tr := w.Backend.Trunk(carrier, "trunk-"+newNumber())
	w.addTrunks(t, tr)
	return tr.Name
}

func (w *World) addTrunks(t *testing.T, trunks ...engine.Trunk) {
	t.Helper()
	w.hub.trunkLock.Lock()
	defer w.hub.trunkLock.Unlock()
	w.hub.trunks = append(w.hub.trunks, trunks...)
	ok(t, w.SetTrunks(w.Ctx, w.hub.trunks))
}

// checkpoint: a controller that is killed leaves conversations alone, and its successor
// finds them with all it needs to go on.
func checkpoint(t *testing.T, w *World) {
	a, b, ca, cb, la, lb := w.conversation(t)
	_, lm := w.called(t, w.phone(t))
	w.mix(t, "left", lm)
	cd, ld := w.answered(t, w.phone(t)) // the successor won't know it
	cr, lr := w.dial(t, w.phone(t))     // still ringing
	ok(t, w.Ring(w.Ctx, lr.ID))
	w.do(t, cr.WaitRinging)
	value := `{"call":"4711","at":"queue 1; \"x\"","n":[1,2,3]}` + strings.Repeat(" 0123456789", 200)
	ok(t, w.Checkpoint(w.Ctx, la.ID, "old"))
	ok(t, w.Checkpoint(w.Ctx, la.ID, value))
	ok(t, w.Checkpoint(w.Ctx, lr.ID, "ringing"))
	co, lo := w.originate(t, w.phone(t), func(r *engine.Originate) { r.Checkpoint = "from the beginning" })
	w.do(t, co.Ring)
	next[engine.Ringing](t, w, lo)

	ok(t, w.hub.stop())
	if err := w.Answer(w.Ctx, la.ID); !errors.Is(err, engine.ErrDown) {
		t.Errorf("after the end of Run: %v, want ErrDown", err)
	}
	w.hear(t, ca, b.Hz())
	found := map[engine.LegID]engine.LegState{}
	legs := map[engine.LegID]*Leg{la.ID: la, lb.ID: lb, lm.ID: lm, lr.ID: lr, lo.ID: lo}
	ok(t, w.hub.start(func(all []engine.LegState) map[engine.LegID]engine.Sink {
		sinks := map[engine.LegID]engine.Sink{}
		for _, s := range all {
			found[s.Info.ID] = s
			if l := legs[s.Info.ID]; l != nil {
				sinks[l.ID] = l.Sink
			}
		}
		return sinks
	}))
	w.Engine = w.hub.e
	for _, x := range []struct {
		leg        *Leg
		direction  engine.Direction
		answered   bool
		bridged    engine.LegID
		mix        engine.MixID
		checkpoint string
	}{
		{la, engine.Inbound, true, lb.ID, "", value}, {lb, engine.Outbound, true, la.ID, "", ""},
		{lm, engine.Outbound, true, "", "left", ""}, {ld, engine.Inbound, true, "", "", ""},
		{lr, engine.Inbound, false, "", "", "ringing"}, {lo, engine.Outbound, false, "", "", "from the beginning"},
	} {
		s, there := found[x.leg.ID]
		if !there {
			t.Errorf("leg %s was not found", x.leg.ID)
			continue
		}
		if s.Info.Direction != x.direction || s.Answered != x.answered || s.BridgedTo != x.bridged || s.MixedIn != x.mix || s.Checkpoint != x.checkpoint {
			t.Errorf("found %+v; want direction %d, answered %t, bridged %q, mixed %q, checkpoint %q",
				s, x.direction, x.answered, x.bridged, x.mix, x.checkpoint)
		}
	}
	if i := found[la.ID].Info; i.AuthUser != a.User() || i.Dialed != la.Info.Dialed || i.Caller.Number != la.Info.Caller.Number {
		t.Errorf("found again: %+v; was %+v", i, la.Info)
	}
	// Nobody took this one: it is hung up. Its collector belongs to the controller that died.
	w.disown(ld)
	w.do(t, cd.WaitEnded)
	// The conversation has its features back.
	w.hear(t, cb, a.Hz())
	w.send(t, ca, "5")
	w.digits(t, la, "5")
	ok(t, w.Answer(w.Ctx, lr.ID))
	next[engine.Answered](t, w, lr)
	w.do(t, co.Answer)
	next[engine.Answered](t, w, lo)
	w.do(t, ca.Hangup)
	next[engine.Unbridged](t, w, la)
	w.hangup(t, la, engine.CauseNormal, true)
	next[engine.Unbridged](t, w, lb)
	w.hear(t, cb)
	ok(t, w.Unmix(w.Ctx, lm.ID))
	next[engine.Unmixed](t, w, lm)
}

// connectionLost: the driver loses the engine for a while, and finds out what it missed.
func connectionLost(t *testing.T, w *World) {
	_, _, ca, cb, la, lb := w.conversation(t)
	_, b2, ca2, _, la2, lb2 := w.conversation(t)
	cr, lr := w.originate(t, w.phone(t))
	w.do(t, cr.Ring)
	next[engine.Ringing](t, w, lr)
	cp, lp := w.answered(t, w.phone(t))
	id := w.play(t, lp, false, w.file(t, 700, time.Second))
	w.hear(t, cp, 700)

	w.Backend.Cut()
	w.do(t, func(ctx context.Context) error { return w.hub.waitUp(ctx, false) })
	if err := w.Answer(w.Ctx, la.ID); !errors.Is(err, engine.ErrDown) {
		t.Errorf("while the engine is away: %v, want ErrDown", err)
	}
	w.do(t, cb.Hangup) // a conversation ends
	w.do(t, cr.Answer) // another phone answers
	p := w.phone(t)
	ctx, cancel := w.step()
	defer cancel()
	cn, err := p.Dial(ctx, newNumber(), Dial{}) // and a new call finds nobody
	ok(t, err)
	w.do(t, cn.WaitEnded)
	if cn.Status() != 503 {
		t.Errorf("a call without controller got %d, want 503", cn.Status())
	}
	ok(t, pause(w.Ctx, 1500*time.Millisecond)) // the playback ends
	w.Backend.Mend()
	w.do(t, func(ctx context.Context) error { return w.hub.waitUp(ctx, true) })

	next[engine.Unbridged](t, w, lb)
	next[engine.Hangup](t, w, lb) // the engine may not know why
	next[engine.Unbridged](t, w, la)
	next[engine.Answered](t, w, lr)
	if e := next[engine.PlayDone](t, w, lp); e.Play != id {
		t.Errorf("PlayDone of %s", e.Play)
	}
	w.hear(t, ca)
	w.hear(t, ca2, b2.Hz())
	// All goes on.
	w.bridge(t, la, lr)
	ok(t, w.Unbridge(w.Ctx, la2.ID))
	next[engine.Unbridged](t, w, la2)
	next[engine.Unbridged](t, w, lb2)
	_, _ = w.answered(t, p)
}

// connectionFlaps: a connection that comes and goes loses nothing and tells nothing twice.
func connectionFlaps(t *testing.T, w *World) {
	_, b, ca, _, la, lb := w.conversation(t)
	for i := range 4 {
		w.Backend.Cut()
		if i%2 == 1 { // not always noticed before the line is there again
			w.do(t, func(ctx context.Context) error { return w.hub.waitUp(ctx, false) })
		}
		w.Backend.Mend()
		// Whether the loss has been noticed by now or not: afterwards it is up and works.
		w.do(t, w.usable)
		w.hear(t, ca, b.Hz())
	}
	w.send(t, ca, "5")
	w.digits(t, la, "5")
	ok(t, w.Unbridge(w.Ctx, la.ID))
	next[engine.Unbridged](t, w, la)
	next[engine.Unbridged](t, w, lb)
	w.bridge(t, la, lb)
	_, _ = w.answered(t, b)
}

// usable waits until operations are carried out again: those that were under way when the line broke are refused.
func (w *World) usable(ctx context.Context) error {
	for quiet := 0; quiet < 3; {
		if err := w.SetState(ctx, engine.State{Name: "nobody", State: engine.Idle}); err == nil {
			quiet++
		} else if !errors.Is(err, engine.ErrDown) {
			return err
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// engineRestart: every leg is lost, and new calls work.
func engineRestart(t *testing.T, w *World) {
	_, _, _, _, la, lb := w.conversation(t)
	_, lm := w.called(t, w.phone(t))
	w.mix(t, "lost", lm)
	cp, lp := w.answered(t, w.phone(t))
	id := w.play(t, lp, true, w.file(t, 700, time.Second))
	w.hear(t, cp, 700)
	r := w.record(t, lp, engine.Recording{Scope: engine.RecordLeg})
	c, lr := w.originate(t, w.phone(t))
	w.do(t, c.Ring)
	next[engine.Ringing](t, w, lr)

	ctx, cancel := context.WithTimeout(w.Ctx, 40*time.Second)
	defer cancel()
	ok(t, w.Backend.Restart(ctx))
	ok(t, w.hub.waitUp(ctx, true))
	lost := func(l *Leg) {
		if h := find[engine.Hangup](t, w, l); h.Cause != engine.CauseEngineLost || h.ByPeer {
			t.Errorf("leg %s ended with %s (by peer %t), want engine-lost", l.ID, h.Cause, h.ByPeer)
		}
	}
	find[engine.Unbridged](t, w, la)
	lost(la)
	find[engine.Unbridged](t, w, lb)
	lost(lb)
	find[engine.Unmixed](t, w, lm)
	lost(lm)
	if e := find[engine.PlayDone](t, w, lp); e.Play != id {
		t.Errorf("PlayDone of %s", e.Play)
	}
	if e := find[engine.RecordDone](t, w, lp); e.Record != r.ID {
		t.Errorf("RecordDone of %s", e.Record)
	}
	lost(lp)
	lost(lr)
	if err := w.Answer(w.Ctx, la.ID); !errors.Is(err, engine.ErrNoLeg) {
		t.Errorf("Answer of a lost leg: %v, want ErrNoLeg", err)
	}
	a, b, ca, cb, _, _ := w.conversation(t)
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
}
