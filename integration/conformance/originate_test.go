package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"callplane/controller/engine"
)

func originateAnswered(t *testing.T, w *World) {
	p := w.phone(t)
	who := engine.Identity{Number: "+31201234567", Name: "Alice"}
	c, l := w.originate(t, p, func(r *engine.Originate) { r.Caller = who })
	w.do(t, c.Ring)
	next[engine.Ringing](t, w, l)
	w.show(t, c, who)
	w.do(t, c.Answer)
	next[engine.Answered](t, w, l)
	w.play(t, l, true, w.file(t, 700, time.Second))
	w.hear(t, c, 700)
	w.do(t, c.Hangup)
	find[engine.PlayDone](t, w, l)
	w.hangup(t, l, engine.CauseNormal, true)
}

func originateHeaders(t *testing.T, w *World) {
	c, _ := w.originate(t, w.phone(t), func(r *engine.Originate) {
		r.AlertInfo = "<http://127.0.0.1/Bellcore-dr2>"
		r.Headers = map[string]string{"X-Conformance": "a=b; c, d", "Diversion": "<sip:0201@a.example>;reason=unconditional"}
	})
	for name, want := range map[string]string{
		"Alert-Info": "<http://127.0.0.1/Bellcore-dr2>", "X-Conformance": "a=b; c, d", "Diversion": "<sip:0201@a.example>;reason=unconditional",
	} {
		if got := c.Header(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func originateAnonymous(t *testing.T, w *World) {
	c, _ := w.originate(t, w.phone(t), func(r *engine.Originate) {
		r.Caller = engine.Identity{Number: "+31201234567", Name: "Alice", Anonymous: true}
	})
	w.show(t, c, engine.Identity{Anonymous: true})
	for _, name := range []string{"From", "Contact", "P-Asserted-Identity", "Remote-Party-ID"} {
		if v := c.Header(name); strings.Contains(v, "31201234567") || strings.Contains(v, "Alice") {
			t.Errorf("a phone is told %s: %s", name, v)
		}
	}
}

func originateRefused(t *testing.T, w *World) {
	p := w.phone(t)
	for _, x := range []struct {
		status int
		cause  engine.Cause
	}{
		{486, engine.CauseBusy}, {600, engine.CauseBusy}, {603, engine.CauseRejected}, {480, engine.CauseUnreachable},
		{404, engine.CauseNotFound}, {410, engine.CauseNotFound}, {403, engine.CauseForbidden}, {484, engine.CauseInvalidNumber},
		{488, engine.CauseIncompatible}, {415, engine.CauseIncompatible}, {408, engine.CauseTimeout}, {482, engine.CauseLoop},
		{483, engine.CauseLoop}, {500, engine.CauseServerError}, {501, engine.CauseServerError}, {502, engine.CauseServerError},
		{503, engine.CauseCongestion}, {504, engine.CauseTimeout}, {487, engine.CauseCancelled},
	} {
		c, l := w.originate(t, p)
		if x.status%2 == 0 {
			w.do(t, c.Ring)
			next[engine.Ringing](t, w, l)
		}
		w.do(t, func(ctx context.Context) error { return c.Reject(ctx, x.status) })
		if h := next[engine.Hangup](t, w, l); h.Cause != x.cause || h.SIPStatus != x.status || !h.ByPeer {
			t.Errorf("%d: got cause %s, status %d, by peer %t; want %s", x.status, h.Cause, h.SIPStatus, h.ByPeer, x.cause)
		}
	}
}

func originateNoAnswer(t *testing.T, w *World) {
	start := time.Now()
	c, l := w.originate(t, w.phone(t), func(r *engine.Originate) { r.Timeout = 2 * time.Second })
	w.do(t, c.Ring)
	next[engine.Ringing](t, w, l)
	w.hangup(t, l, engine.CauseNoAnswer, false)
	if d := time.Since(start); d < 1500*time.Millisecond || d > 4*time.Second {
		t.Errorf("a timeout of 2 s took %v", d)
	}
	w.do(t, c.WaitEnded)
	if c.End() != Missed {
		t.Errorf("the phone thinks that the call ended by %d, want a missed call", c.End())
	}
}

func originateNotRegistered(t *testing.T, w *World) {
	l := w.start(t, w.newPhone(t, PhoneSpec{}))
	if h := next[engine.Hangup](t, w, l); h.Cause != engine.CauseUnreachable {
		t.Errorf("cause %s, want unreachable", h.Cause)
	}
	// Registered once, gone now.
	p := w.phone(t)
	w.do(t, p.Unregister)
	l = w.start(t, p)
	if h := next[engine.Hangup](t, w, l); h.Cause != engine.CauseUnreachable {
		t.Errorf("after Unregister: cause %s, want unreachable", h.Cause)
	}
}

// originateNoResponse waits for the end of the INVITE transaction, 32 s (RFC 3261 17.1.1.2).
func originateNoResponse(t *testing.T, w *World) {
	dead := w.newPhone(t, PhoneSpec{Dead: true})
	l := newLeg(newLegID())
	ok(t, w.Originate(w.Ctx, engine.Originate{
		ID: l.ID, Target: engine.Target{Kind: engine.TargetURI, URI: fmt.Sprintf("sip:100@%s", dead.Addr())}, Sink: l.Sink,
		Caller: engine.Identity{Number: "0201234567"}, Timeout: time.Minute,
	}))
	w.own(l)
	ctx, cancel := context.WithTimeout(w.Ctx, 50*time.Second)
	defer cancel()
	e, err := l.next(ctx, "Hangup", func(e engine.Event) bool { _, is := e.(engine.Hangup); return is })
	ok(t, err)
	if h := e.(engine.Hangup); h.Cause != engine.CauseTimeout {
		t.Errorf("cause %s, want timeout", h.Cause)
	}
}

func originateRedirected(t *testing.T, w *World) {
	p := w.phone(t)
	for range 10 { // at once: an engine may be about to take the call up when its end is there
		c, l := w.originate(t, p)
		w.do(t, func(ctx context.Context) error { return c.Redirect(ctx, "sip:0612345678@127.0.0.1") })
		h := w.hangup(t, l, engine.CauseMoved, true)
		// The host may be that of the phone: an engine behind which phones have no address of their own
		// rewrites their contacts (Asterisk's rewrite_contact).
		if h.SIPStatus != 302 || len(h.Redirect) != 1 || !strings.HasPrefix(h.Redirect[0], "sip:0612345678@") {
			t.Errorf("status %d, redirected to %q", h.SIPStatus, h.Redirect)
		}
	}
}

func originateSameID(t *testing.T, w *World) {
	p := w.phone(t)
	c, l := w.originate(t, p)
	err := w.Originate(w.Ctx, engine.Originate{ID: l.ID, Target: account(p), Sink: func(e engine.Event) {
		t.Errorf("the second Originate got %+v", e)
	}})
	if !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("second Originate with the same id: %v, want ErrInvalid", err)
	}
	w.do(t, c.Answer)
	next[engine.Answered](t, w, l)
}

func originateLoserCancelled(t *testing.T, w *World) {
	c1, l1 := w.originate(t, w.phone(t))
	c2, l2 := w.originate(t, w.phone(t))
	c3, l3 := w.originate(t, w.phone(t))
	for _, c := range []Call{c1, c2, c3} {
		w.do(t, c.Ring)
	}
	for _, l := range []*Leg{l1, l2, l3} {
		next[engine.Ringing](t, w, l)
	}
	w.do(t, c2.Answer)
	next[engine.Answered](t, w, l2)
	ok(t, w.Hangup(w.Ctx, l1.ID, engine.CauseAnsweredElsewhere))
	ok(t, w.Hangup(w.Ctx, l3.ID, engine.CauseCancelled))
	w.hangup(t, l1, engine.CauseAnsweredElsewhere, false)
	w.hangup(t, l3, engine.CauseCancelled, false)
	w.do(t, c1.WaitEnded)
	w.do(t, c3.WaitEnded)
	if c1.End() != Elsewhere || c3.End() != Missed {
		t.Errorf("the phones show %d and %d, want answered elsewhere and missed", c1.End(), c3.End())
	}
}

// twoContacts are two phones of one account.
func (w *World) twoContacts(t *testing.T) (a, b Phone) {
	a = w.phone(t)
	return a, w.phone(t, PhoneSpec{User: a.User()})
}

func (w *World) incoming(t *testing.T, p Phone) Call {
	t.Helper()
	ctx, cancel := w.step()
	defer cancel()
	c, err := p.Incoming(ctx)
	ok(t, err)
	return c
}

func originateTwoContacts(t *testing.T, w *World) {
	a, b := w.twoContacts(t)
	ca, l := w.originate(t, a)
	cb := w.incoming(t, b)
	w.do(t, ca.Ring)
	w.do(t, cb.Ring)
	next[engine.Ringing](t, w, l)
	w.do(t, cb.Answer)
	next[engine.Answered](t, w, l)
	w.do(t, ca.WaitEnded)
	if ca.End() != Elsewhere {
		t.Errorf("the other phone shows %d, want answered elsewhere", ca.End())
	}
	w.play(t, l, true, w.file(t, 700, time.Second))
	w.hear(t, cb, 700)
	w.do(t, cb.Hangup)
	find[engine.PlayDone](t, w, l)
	w.hangup(t, l, engine.CauseNormal, true)
}

func originateTwoContactsRefuse(t *testing.T, w *World) {
	a, b := w.twoContacts(t)
	ca, l := w.originate(t, a)
	cb := w.incoming(t, b)
	w.do(t, ca.Ring)
	w.do(t, func(ctx context.Context) error { return cb.Reject(ctx, 486) })
	// One phone is busy, the other still rings: the leg goes on.
	ok(t, pause(w.Ctx, 500*time.Millisecond))
	w.do(t, func(ctx context.Context) error { return ca.Reject(ctx, 486) })
	w.hangup(t, l, engine.CauseBusy, true)
}

func originateURI(t *testing.T, w *World) {
	p := w.newPhone(t, PhoneSpec{Carrier: true})
	c, l := w.originate(t, p, func(r *engine.Originate) {
		r.Target = engine.Target{Kind: engine.TargetURI, URI: "sip:4711@" + p.Addr().String()}
	})
	if c.Number() != "4711" {
		t.Errorf("called %q, want 4711", c.Number())
	}
	w.do(t, c.Answer)
	next[engine.Answered](t, w, l)
}

// originateSecure asks for SRTP.
func originateSecure(t *testing.T, w *World) {
	c, l := w.originate(t, w.phone(t, PhoneSpec{SRTP: true}), func(r *engine.Originate) { r.Secure = true })
	w.do(t, c.Answer)
	next[engine.Answered](t, w, l)
	w.play(t, l, true, w.file(t, 700, time.Second))
	w.hear(t, c, 700)
	if !c.Encrypted() {
		t.Error("the media is not encrypted")
	}
	w.send(t, c, "42")
	w.digits(t, l, "42")
	w.do(t, c.Hangup)
	find[engine.PlayDone](t, w, l)
	w.hangup(t, l, engine.CauseNormal, true)
}

func cancelBeforeRing(t *testing.T, w *World) {
	c, l := w.originate(t, w.phone(t))
	ok(t, w.Hangup(w.Ctx, l.ID, engine.CauseCancelled))
	w.hangup(t, l, engine.CauseCancelled, false)
	w.do(t, c.WaitEnded)
	if c.End() != Missed {
		t.Errorf("the phone shows %d, want a missed call", c.End())
	}
}

func cancelAtOnce(t *testing.T, w *World) {
	p := w.phone(t)
	for range 5 {
		l := w.start(t, p)
		ok(t, w.Hangup(w.Ctx, l.ID, engine.CauseCancelled))
		w.hangup(t, l, engine.CauseCancelled, false)
	}
}

func cancelRinging(t *testing.T, w *World) {
	c, l := w.originate(t, w.phone(t))
	w.do(t, c.Ring)
	next[engine.Ringing](t, w, l)
	ok(t, w.Hangup(w.Ctx, l.ID, engine.CauseNoAnswer))
	w.hangup(t, l, engine.CauseNoAnswer, false)
	w.do(t, c.WaitEnded)
	if c.End() != Missed {
		t.Errorf("the phone shows %d, want a missed call", c.End())
	}
}

// cancelCrossesAnswer: whoever wins the race, there is one Hangup and nobody is left in a call.
func cancelCrossesAnswer(t *testing.T, w *World) {
	p := w.phone(t)
	for range 5 {
		c, l := w.originate(t, p)
		w.do(t, c.Ring)
		next[engine.Ringing](t, w, l)
		answered := make(chan error, 1)
		ctx, cancel := w.step()
		go func() { answered <- c.Answer(ctx) }()
		if err := w.Hangup(w.Ctx, l.ID, engine.CauseCancelled); err != nil {
			t.Errorf("Hangup: %v", err)
		}
		<-answered // refused or not, both are fine
		cancel()
		h := find[engine.Hangup](t, w, l)
		if h.Cause != engine.CauseCancelled || h.ByPeer {
			t.Errorf("ended with %s (by peer %t)", h.Cause, h.ByPeer)
		}
		if l.wasAnswered() {
			find[engine.Answered](t, w, l)
		}
		w.do(t, c.WaitEnded)
	}
}

func calleeEarlyMedia(t *testing.T, w *World) {
	b := w.phone(t)
	c, l := w.originate(t, b)
	w.do(t, c.Progress)
	next[engine.EarlyMedia](t, w, l)
	w.do(t, c.Answer)
	next[engine.Answered](t, w, l)
}

func trunkCallOut(t *testing.T, w *World) {
	carrier := w.newPhone(t, PhoneSpec{Carrier: true})
	name := w.trunk(t, carrier)
	who := engine.Identity{Number: "+31201234567", Name: "Company"}
	c, l := w.originate(t, carrier, func(r *engine.Originate) {
		r.Target = engine.Target{Kind: engine.TargetTrunk, Trunk: name, Number: "+37167000000"}
		r.Caller = who
	})
	if c.Number() != "+37167000000" {
		t.Errorf("the carrier was asked for %q", c.Number())
	}
	w.show(t, c, who)
	w.do(t, c.Progress)
	next[engine.EarlyMedia](t, w, l)
	w.do(t, c.Answer)
	next[engine.Answered](t, w, l)
	w.play(t, l, true, w.file(t, 700, time.Second))
	w.hear(t, c, 700)
	w.send(t, c, "7")
	w.digits(t, l, "7")
	w.do(t, c.Hangup)
	find[engine.PlayDone](t, w, l)
	w.hangup(t, l, engine.CauseNormal, true)
}

func trunkCallIn(t *testing.T, w *World) {
	carrier := w.newPhone(t, PhoneSpec{Carrier: true})
	w.trunk(t, carrier)
	c, l := w.dialNumber(t, carrier, newNumber(), Dial{Caller: engine.Identity{Number: "+4930123456", Name: "Outside"}})
	if i := l.Info; i.AuthUser != "" || i.Peer.Addr() != carrier.Addr().Addr() || i.Peer.Port() != carrier.Addr().Port() {
		t.Errorf("account %q, peer %s; want none and %s", i.AuthUser, i.Peer, carrier.Addr())
	}
	if l.Info.Caller != (engine.Identity{Number: "+4930123456", Name: "Outside"}) {
		t.Errorf("caller %+v", l.Info.Caller)
	}
	ok(t, w.Answer(w.Ctx, l.ID))
	next[engine.Answered](t, w, l)
	w.do(t, c.WaitAnswered)
	w.play(t, l, true, w.file(t, 700, time.Second))
	w.hear(t, c, 700)
}

// trunkFailoverCauses are what decides whether another carrier is tried.
func trunkFailoverCauses(t *testing.T, w *World) {
	carrier := w.newPhone(t, PhoneSpec{Carrier: true})
	name := w.trunk(t, carrier)
	target := func(r *engine.Originate) {
		r.Target = engine.Target{Kind: engine.TargetTrunk, Trunk: name, Number: "0201"}
	}
	for _, x := range []struct {
		status int
		cause  engine.Cause
	}{
		{503, engine.CauseCongestion}, {500, engine.CauseServerError}, {404, engine.CauseNotFound}, {403, engine.CauseForbidden},
		{486, engine.CauseBusy}, {408, engine.CauseTimeout},
	} {
		c, l := w.originate(t, carrier, target)
		w.do(t, func(ctx context.Context) error { return c.Reject(ctx, x.status) })
		if h := w.hangup(t, l, x.cause, true); h.SIPStatus != x.status {
			t.Errorf("status %d, want %d", h.SIPStatus, x.status)
		}
	}
	l := newLeg(newLegID())
	err := w.Originate(w.Ctx, engine.Originate{
		ID: l.ID, Target: engine.Target{Kind: engine.TargetTrunk, Trunk: "there-is-none", Number: "0201"}, Sink: l.Sink,
	})
	if !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("Originate by an unknown trunk: %v, want ErrInvalid", err)
	}
}

func trunkCredentials(t *testing.T, w *World) {
	carrier := w.newPhone(t, PhoneSpec{Carrier: true, TrunkPassword: "secret-of-the-trunk"})
	right := w.Backend.Trunk(carrier, "right-"+newNumber())
	wrong := right
	wrong.Name, wrong.Password = "wrong-"+newNumber(), "not-it"
	w.addTrunks(t, right, wrong)
	c, l := w.originate(t, carrier, func(r *engine.Originate) {
		r.Target = engine.Target{Kind: engine.TargetTrunk, Trunk: right.Name, Number: "0201"}
	})
	w.do(t, c.Answer)
	next[engine.Answered](t, w, l)
	l = w.start(t, carrier, func(r *engine.Originate) {
		r.Target = engine.Target{Kind: engine.TargetTrunk, Trunk: wrong.Name, Number: "0201"}
	})
	if h := next[engine.Hangup](t, w, l); h.Cause != engine.CauseUnauthorized {
		t.Errorf("wrong password: cause %s, want unauthorized", h.Cause)
	}
}
