package conformance

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"callplane/controller/engine"
)

func answerPhoneHangsUp(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	w.do(t, c.Hangup)
	w.hangup(t, l, engine.CauseNormal, true)
}

func answerWeHangUp(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	ok(t, w.Hangup(w.Ctx, l.ID, engine.CauseNormal))
	w.hangup(t, l, engine.CauseNormal, false)
	w.do(t, c.WaitEnded)
	if c.End() != EndedThere {
		t.Errorf("the phone thinks that the call ended by %d", c.End())
	}
}

func answerTwice(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	ok(t, w.Answer(w.Ctx, l.ID))
	ok(t, w.Ring(w.Ctx, l.ID))
	ok(t, w.Progress(w.Ctx, l.ID))
	w.do(t, c.Hangup)
	w.hangup(t, l, engine.CauseNormal, true)
}

func ring(t *testing.T, w *World) {
	c, l := w.dial(t, w.phone(t))
	ok(t, w.Ring(w.Ctx, l.ID))
	w.do(t, c.WaitRinging)
	ok(t, w.Ring(w.Ctx, l.ID))
	if c.Status() != 0 {
		t.Errorf("a ringing call has a final response: %d", c.Status())
	}
	ok(t, w.Answer(w.Ctx, l.ID))
	next[engine.Answered](t, w, l)
	w.do(t, c.WaitAnswered)
}

func earlyMedia(t *testing.T, w *World) {
	c, l := w.dial(t, w.phone(t))
	ok(t, w.Progress(w.Ctx, l.ID))
	ok(t, w.Progress(w.Ctx, l.ID))
	w.do(t, c.WaitEarly)
	id := w.play(t, l, true, w.file(t, 700, time.Second))
	w.hear(t, c, 700)
	if c.Status() != 0 {
		t.Errorf("early media came with a final response: %d", c.Status())
	}
	ok(t, w.Answer(w.Ctx, l.ID))
	next[engine.Answered](t, w, l)
	w.do(t, c.WaitAnswered)
	w.hear(t, c, 700)
	ok(t, w.StopPlay(w.Ctx, l.ID, id))
	w.playDone(t, l, id, engine.PlayStopped)
	w.hear(t, c)
}

func refuseCauses(t *testing.T, w *World) {
	p := w.phone(t)
	for _, cause := range []engine.Cause{
		engine.CauseNormal, engine.CauseBusy, engine.CauseNoAnswer, engine.CauseRejected, engine.CauseUnreachable,
		engine.CauseNotFound, engine.CauseInvalidNumber, engine.CauseForbidden, engine.CauseUnauthorized,
		engine.CauseIncompatible, engine.CauseCongestion, engine.CauseTimeout, engine.CauseServerError,
		engine.CauseLoop, engine.CauseInternal, engine.CauseCancelled, engine.CauseEngineLost, engine.CauseUnknown,
	} {
		c, l := w.dial(t, p)
		if cause%2 == 0 { // with and without a provisional response
			ok(t, w.Ring(w.Ctx, l.ID))
			w.do(t, c.WaitRinging)
		}
		ok(t, w.Hangup(w.Ctx, l.ID, cause))
		w.hangup(t, l, cause, false)
		w.do(t, c.WaitEnded)
		if c.Status() != cause.SIPStatus() {
			t.Errorf("%s: the phone got %d, want %d", cause, c.Status(), cause.SIPStatus())
		}
	}
}

func refuseWithoutSink(t *testing.T, w *World) {
	p, number := w.phone(t), newNumber()
	w.refuseNext(number)
	ctx, cancel := w.step()
	defer cancel()
	c, err := p.Dial(ctx, number, Dial{})
	ok(t, err)
	w.do(t, c.WaitEnded)
	if c.Status() != 503 {
		t.Errorf("the phone got %d, want 503", c.Status())
	}
}

func callerCancels(t *testing.T, w *World) {
	c, l := w.dial(t, w.phone(t))
	ok(t, w.Ring(w.Ctx, l.ID))
	w.do(t, c.WaitRinging)
	w.do(t, c.Hangup)
	w.hangup(t, l, engine.CauseCancelled, true)
	if c.Status() != 487 {
		t.Errorf("the phone got %d, want 487", c.Status())
	}
}

func callerCancelsInEarlyMedia(t *testing.T, w *World) {
	c, l := w.dial(t, w.phone(t))
	ok(t, w.Progress(w.Ctx, l.ID))
	w.do(t, c.WaitEarly)
	id := w.play(t, l, true, w.file(t, 700, time.Second))
	w.hear(t, c, 700)
	w.do(t, c.Hangup)
	w.playDone(t, l, id, engine.PlayStopped)
	w.hangup(t, l, engine.CauseCancelled, true)
}

func legInfo(t *testing.T, w *World) {
	p := w.phone(t, PhoneSpec{Name: "Ada Lovelace"})
	before := time.Now().Add(-2 * time.Second)
	number := newNumber()
	_, l := w.dialNumber(t, p, number, Dial{Headers: map[string]string{
		"X-Conformance": "a=b; c", "Alert-Info": "<http://127.0.0.1/ring>", "Diversion": "<sip:0201@a.example>;reason=unconditional",
	}})
	i := l.Info
	if i.ID != l.ID || i.Engine != w.Name() || i.Direction != engine.Inbound || i.SIPCallID == "" {
		t.Errorf("identity of the leg: %+v", i)
	}
	if i.AuthUser != p.User() || i.AuthDomain != p.Domain() {
		t.Errorf("account %s@%s, want %s@%s", i.AuthUser, i.AuthDomain, p.User(), p.Domain())
	}
	if i.Caller.Number != p.User() || i.Caller.Name != "Ada Lovelace" || i.Caller.Anonymous {
		t.Errorf("caller %+v", i.Caller)
	}
	if i.Dialed != number || i.To != number {
		t.Errorf("dialled %s, to %s, want %s", i.Dialed, i.To, number)
	}
	if i.Peer.Addr() != p.Addr().Addr() || i.Peer.Port() != p.Addr().Port() || i.Transport != "udp" {
		t.Errorf("peer %s over %s, want %s over udp", i.Peer, i.Transport, p.Addr())
	}
	for name, want := range map[string]string{
		"X-Conformance": "a=b; c", "Alert-Info": "<http://127.0.0.1/ring>", "Diversion": "<sip:0201@a.example>;reason=unconditional",
	} {
		if i.Headers[name] != want {
			t.Errorf("header %s is %q, want %q", name, i.Headers[name], want)
		}
	}
	if i.Headers["User-Agent"] == "" {
		t.Error("no User-Agent")
	}
	if i.Created.Before(before) || i.Created.After(time.Now().Add(2*time.Second)) {
		t.Errorf("created %v", i.Created)
	}
}

func unicodeNames(t *testing.T, w *World) {
	const caller, shown = `Zoë "Ж" Ķēniņš, 株`, `Jürgen Ābols – "ř"`
	p := w.phone(t, PhoneSpec{Name: caller})
	_, l := w.dial(t, p)
	if l.Info.Caller.Name != caller {
		t.Errorf("the engine understood the caller's name as %q, want %q", l.Info.Caller.Name, caller)
	}
	who := engine.Identity{Number: "+37167000000", Name: shown}
	c, _ := w.originate(t, w.phone(t), func(r *engine.Originate) { r.Caller = who })
	w.show(t, c, who)
}

func longNumber(t *testing.T, w *World) {
	number := newNumber() + strings.Repeat("0123456789", 20)
	number = number[:200]
	c, l := w.dialNumber(t, w.phone(t), number, Dial{})
	if l.Info.Dialed != number {
		t.Errorf("dialled %q, want %q", l.Info.Dialed, number)
	}
	ok(t, w.Hangup(w.Ctx, l.ID, engine.CauseInvalidNumber))
	w.hangup(t, l, engine.CauseInvalidNumber, false)
	w.do(t, c.WaitEnded)
	if c.Status() != 484 {
		t.Errorf("the phone got %d, want 484", c.Status())
	}
}

// answerCrossesCancel: the caller gives up at the moment at which it is answered. Whoever wins, the leg ends once.
func answerCrossesCancel(t *testing.T, w *World) {
	p := w.phone(t)
	for range 5 {
		c, l := w.dial(t, p)
		ok(t, w.Ring(w.Ctx, l.ID))
		w.do(t, c.WaitRinging)
		gone := make(chan error, 1)
		ctx, cancel := w.step()
		go func() { gone <- c.Hangup(ctx) }()
		if err := w.Answer(w.Ctx, l.ID); err != nil && !errors.Is(err, engine.ErrNoLeg) {
			t.Errorf("Answer: %v", err)
		}
		ok(t, <-gone)
		cancel()
		h := find[engine.Hangup](t, w, l)
		if !h.ByPeer || h.Cause != engine.CauseCancelled && h.Cause != engine.CauseNormal {
			t.Errorf("ended with %s (by peer %t)", h.Cause, h.ByPeer)
		}
		if l.wasAnswered() {
			find[engine.Answered](t, w, l)
		}
		w.do(t, c.WaitEnded)
	}
}

// manyAtOnce: conversations side by side stay apart, and each leg has its events in order.
func manyAtOnce(t *testing.T, w *World) {
	const pairs = 5
	var wg sync.WaitGroup
	for range pairs {
		a, b := w.phone(t), w.phone(t)
		wg.Go(func() {
			for range 2 {
				ca, la := w.answered(t, a)
				cb, lb := w.called(t, b)
				w.bridge(t, la, lb)
				w.hear(t, ca, b.Hz())
				w.hear(t, cb, a.Hz())
				w.send(t, ca, "12")
				w.digits(t, la, "12")
				w.do(t, cb.Hangup)
				next[engine.Unbridged](t, w, lb)
				w.hangup(t, lb, engine.CauseNormal, true)
				next[engine.Unbridged](t, w, la)
				w.do(t, ca.Hangup)
				w.hangup(t, la, engine.CauseNormal, true)
			}
		})
	}
	wg.Wait()
}
