package conformance

import (
	"context"
	"errors"
	"testing"
	"time"

	"callplane/controller/engine"
)

func bridge(t *testing.T, w *World) {
	a, b, ca, cb, la, lb := w.conversation(t)
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
	ok(t, w.Unbridge(w.Ctx, la.ID))
	next[engine.Unbridged](t, w, la)
	next[engine.Unbridged](t, w, lb)
	w.hear(t, ca)
	w.hear(t, cb)
	ok(t, w.Unbridge(w.Ctx, la.ID))
	w.bridge(t, lb, la)
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
}

// bridgeWithEarlyMedia: a caller hears what the called network says before the answer.
func bridgeWithEarlyMedia(t *testing.T, w *World) {
	a, b := w.phone(t), w.phone(t)
	ca, la := w.dial(t, a)
	ok(t, w.Progress(w.Ctx, la.ID))
	w.do(t, ca.WaitEarly)
	cb, lb := w.originate(t, b)
	w.do(t, cb.Progress)
	next[engine.EarlyMedia](t, w, lb)
	w.bridge(t, la, lb)
	w.hear(t, ca, b.Hz())
	w.do(t, cb.Answer)
	next[engine.Answered](t, w, lb)
	ok(t, w.Answer(w.Ctx, la.ID))
	next[engine.Answered](t, w, la)
	w.do(t, ca.WaitAnswered)
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
	w.do(t, ca.Hangup)
	next[engine.Unbridged](t, w, la)
	w.hangup(t, la, engine.CauseNormal, true)
	next[engine.Unbridged](t, w, lb)
}

func bridgeBeforeMedia(t *testing.T, w *World) {
	_, la := w.answered(t, w.phone(t))
	cb, lb := w.originate(t, w.phone(t))
	w.do(t, cb.Ring)
	next[engine.Ringing](t, w, lb)
	if err := w.Bridge(w.Ctx, la.ID, lb.ID); !errors.Is(err, engine.ErrState) {
		t.Errorf("Bridge with a ringing leg: %v, want ErrState", err)
	}
	if err := w.Bridge(w.Ctx, lb.ID, la.ID); !errors.Is(err, engine.ErrState) {
		t.Errorf("Bridge of a ringing leg: %v, want ErrState", err)
	}
	if err := w.Bridge(w.Ctx, la.ID, la.ID); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("Bridge of a leg with itself: %v, want ErrInvalid", err)
	}
	// The failed attempts have changed nothing.
	w.do(t, cb.Answer)
	next[engine.Answered](t, w, lb)
	w.bridge(t, la, lb)
}

func bridgeEndsPlayback(t *testing.T, w *World) {
	a, b := w.phone(t), w.phone(t)
	ca, la := w.answered(t, a)
	cb, lb := w.called(t, b)
	pa := w.play(t, la, true, w.file(t, 700, time.Second))
	pb := w.play(t, lb, true, w.file(t, 1500, time.Second))
	w.hear(t, ca, 700)
	w.hear(t, cb, 1500)
	ok(t, w.Bridge(w.Ctx, la.ID, lb.ID))
	w.playDone(t, la, pa, engine.PlayStopped)
	w.playDone(t, lb, pb, engine.PlayStopped)
	next[engine.Bridged](t, w, la)
	next[engine.Bridged](t, w, lb)
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
}

func rebridgeHoldMusic(t *testing.T, w *World) {
	a, b, ca, cb, la, lb := w.conversation(t)
	for range 2 {
		ok(t, w.Unbridge(w.Ctx, lb.ID))
		next[engine.Unbridged](t, w, la)
		next[engine.Unbridged](t, w, lb)
		music := w.play(t, la, true, w.file(t, 700, time.Second))
		w.hear(t, ca, 700)
		w.hear(t, cb)
		ok(t, w.Bridge(w.Ctx, la.ID, lb.ID))
		w.playDone(t, la, music, engine.PlayStopped)
		next[engine.Bridged](t, w, la)
		next[engine.Bridged](t, w, lb)
		w.hear(t, ca, b.Hz())
		w.hear(t, cb, a.Hz())
	}
}

func bridgeOneSideHangsUp(t *testing.T, w *World) {
	_, _, ca, cb, la, lb := w.conversation(t)
	w.do(t, cb.Hangup)
	next[engine.Unbridged](t, w, lb)
	w.hangup(t, lb, engine.CauseNormal, true)
	if e := next[engine.Unbridged](t, w, la); e.Peer != lb.ID {
		t.Errorf("Unbridged from %s", e.Peer)
	}
	w.hear(t, ca)
	id := w.play(t, la, false, w.file(t, 700, time.Second))
	w.hear(t, ca, 700)
	w.playDone(t, la, id, engine.PlayFinished)
	// And by us, with the side that called.
	cc, lc := w.called(t, w.phone(t))
	w.bridge(t, la, lc)
	ok(t, w.Hangup(w.Ctx, la.ID, engine.CauseNormal))
	next[engine.Unbridged](t, w, la)
	w.hangup(t, la, engine.CauseNormal, false)
	w.do(t, ca.WaitEnded)
	next[engine.Unbridged](t, w, lc)
	w.hear(t, cc)
}

func bridgeMoves(t *testing.T, w *World) {
	a, _, ca, cb, la, lb := w.conversation(t)
	c := w.phone(t)
	cc, lc := w.called(t, c)
	ok(t, w.Bridge(w.Ctx, la.ID, lc.ID))
	if e := next[engine.Unbridged](t, w, la); e.Peer != lb.ID {
		t.Errorf("Unbridged from %s", e.Peer)
	}
	next[engine.Unbridged](t, w, lb)
	if e := next[engine.Bridged](t, w, la); e.Peer != lc.ID {
		t.Errorf("Bridged with %s", e.Peer)
	}
	next[engine.Bridged](t, w, lc)
	w.hear(t, ca, c.Hz())
	w.hear(t, cc, a.Hz())
	w.hear(t, cb)
}

func mixThree(t *testing.T, w *World) {
	a, b, c := w.phone(t), w.phone(t), w.phone(t)
	ca, la := w.answered(t, a)
	cb, lb := w.called(t, b)
	cc, lc := w.called(t, c)
	mix := engine.MixID(newID())
	music := w.play(t, la, true, w.file(t, 700, time.Second))
	ok(t, w.Mix(w.Ctx, mix, la.ID))
	w.playDone(t, la, music, engine.PlayStopped)
	next[engine.Mixed](t, w, la)
	w.hear(t, ca)
	w.mix(t, mix, lb)
	w.mix(t, mix, lc)
	w.hear(t, ca, b.Hz(), c.Hz())
	w.hear(t, cb, a.Hz(), c.Hz())
	w.hear(t, cc, a.Hz(), b.Hz())
	ok(t, w.Unmix(w.Ctx, lb.ID))
	if e := next[engine.Unmixed](t, w, lb); e.Mix != mix {
		t.Errorf("Unmixed from %s", e.Mix)
	}
	w.hear(t, ca, c.Hz())
	w.hear(t, cb)
	ok(t, w.Unmix(w.Ctx, lb.ID))
	w.do(t, cc.Hangup)
	next[engine.Unmixed](t, w, lc)
	w.hangup(t, lc, engine.CauseNormal, true)
	w.hear(t, ca)
	// The mix lives as long as it has a leg, and can be joined again.
	w.mix(t, mix, lb)
	w.hear(t, ca, b.Hz())
}

func mixToBridge(t *testing.T, w *World) {
	a, b, ca, cb, la, lb := w.conversation(t)
	mix, other := engine.MixID(newID()), engine.MixID(newID())
	// A conversation becomes a conference without being cut.
	ok(t, w.Mix(w.Ctx, mix, la.ID))
	next[engine.Unbridged](t, w, la)
	next[engine.Mixed](t, w, la)
	next[engine.Unbridged](t, w, lb)
	w.mix(t, mix, lb)
	w.hear(t, ca, b.Hz())
	// Into another mix.
	ok(t, w.Mix(w.Ctx, other, la.ID))
	next[engine.Unmixed](t, w, la)
	if e := next[engine.Mixed](t, w, la); e.Mix != other {
		t.Errorf("Mixed in %s", e.Mix)
	}
	w.hear(t, ca)
	// And back to a bridge.
	ok(t, w.Bridge(w.Ctx, la.ID, lb.ID))
	next[engine.Unmixed](t, w, la)
	next[engine.Unmixed](t, w, lb)
	next[engine.Bridged](t, w, la)
	next[engine.Bridged](t, w, lb)
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
}

func mixUnanswered(t *testing.T, w *World) {
	_, l := w.dial(t, w.phone(t))
	ok(t, w.Progress(w.Ctx, l.ID))
	if err := w.Mix(w.Ctx, engine.MixID(newID()), l.ID); !errors.Is(err, engine.ErrState) {
		t.Errorf("Mix of an unanswered leg: %v, want ErrState", err)
	}
}

func listenWhisperBarge(t *testing.T, w *World) {
	a, b, ca, cb, la, lb := w.conversation(t)
	s := w.phone(t)
	cs, ls := w.called(t, s)
	ok(t, w.Listen(w.Ctx, ls.ID, la.ID, engine.ListenOnly))
	w.hear(t, cs, a.Hz(), b.Hz())
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
	ok(t, w.Listen(w.Ctx, ls.ID, la.ID, engine.ListenWhisper))
	w.hear(t, ca, b.Hz(), s.Hz())
	w.hear(t, cb, a.Hz())
	w.hear(t, cs, a.Hz(), b.Hz())
	ok(t, w.Listen(w.Ctx, ls.ID, la.ID, engine.ListenBarge))
	w.hear(t, ca, b.Hz(), s.Hz())
	w.hear(t, cb, a.Hz(), s.Hz())
	w.hear(t, cs, a.Hz(), b.Hz())
	ok(t, w.Listen(w.Ctx, ls.ID, la.ID, engine.ListenOnly))
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
	// Digits of all three are still told.
	w.send(t, ca, "1")
	w.digits(t, la, "1")
	w.send(t, cs, "2")
	w.digits(t, ls, "2")
	ok(t, w.StopListen(w.Ctx, ls.ID))
	if e := next[engine.ListenDone](t, w, ls); e.Target != la.ID {
		t.Errorf("ListenDone of %s", e.Target)
	}
	w.hear(t, cs)
	ok(t, w.StopListen(w.Ctx, ls.ID))
	id := w.play(t, ls, true, w.file(t, 700, time.Second))
	w.hear(t, cs, 700)
	// Listen ends a playback.
	ok(t, w.Listen(w.Ctx, ls.ID, lb.ID, engine.ListenWhisper))
	w.playDone(t, ls, id, engine.PlayStopped)
	w.hear(t, cs, a.Hz(), b.Hz())
	w.hear(t, cb, a.Hz(), s.Hz())
	w.hear(t, ca, b.Hz())
}

func listenEndsWithTarget(t *testing.T, w *World) {
	a, b, ca, _, la, lb := w.conversation(t)
	cs, ls := w.called(t, w.phone(t))
	ok(t, w.Listen(w.Ctx, ls.ID, la.ID, engine.ListenOnly))
	w.hear(t, cs, a.Hz(), b.Hz())
	w.do(t, ca.Hangup)
	next[engine.Unbridged](t, w, la)
	w.hangup(t, la, engine.CauseNormal, true)
	next[engine.ListenDone](t, w, ls)
	next[engine.Unbridged](t, w, lb)
	w.hear(t, cs)
	id := w.play(t, ls, false, w.file(t, 700, time.Second))
	w.hear(t, cs, 700)
	w.playDone(t, ls, id, engine.PlayFinished)
}

func listenOnLoneLeg(t *testing.T, w *World) {
	a, s := w.phone(t), w.phone(t)
	ca, la := w.answered(t, a)
	cs, ls := w.called(t, s)
	ok(t, w.Listen(w.Ctx, ls.ID, la.ID, engine.ListenWhisper))
	w.hear(t, cs, a.Hz())
	w.hear(t, ca, s.Hz())
	// The conversation that begins is heard too.
	b := w.phone(t)
	cb, lb := w.called(t, b)
	w.bridge(t, la, lb)
	w.hear(t, cs, a.Hz(), b.Hz())
	w.hear(t, cb, a.Hz())
	w.hear(t, ca, b.Hz(), s.Hz())
	_, lu := w.dial(t, w.phone(t))
	if err := w.Listen(w.Ctx, ls.ID, lu.ID, engine.ListenOnly); !errors.Is(err, engine.ErrState) {
		t.Errorf("Listen to an unanswered leg: %v, want ErrState", err)
	}
}

func hangupWhilePlaying(t *testing.T, w *World) {
	for _, byPeer := range []bool{true, false} {
		c, l := w.answered(t, w.phone(t))
		id := w.play(t, l, true, w.file(t, 700, time.Second))
		w.hear(t, c, 700)
		if byPeer {
			w.do(t, c.Hangup)
		} else {
			ok(t, w.Hangup(w.Ctx, l.ID, engine.CauseNormal))
		}
		w.playDone(t, l, id, engine.PlayStopped)
		w.hangup(t, l, engine.CauseNormal, byPeer)
	}
	// At the very moment of the command: it is accepted or not, but nothing is lost.
	p := w.phone(t)
	for range 5 {
		c, l := w.answered(t, p)
		gone := make(chan error, 1)
		ctx, cancel := w.step()
		go func() { gone <- c.Hangup(ctx) }()
		id := engine.PlayID(newID())
		err := w.Play(w.Ctx, l.ID, engine.Playback{ID: id, Sources: []engine.Source{w.file(t, 700, time.Second)}})
		if err == nil {
			l.playing(id)
			find[engine.PlayDone](t, w, l)
		} else if !errors.Is(err, engine.ErrNoLeg) {
			t.Errorf("Play at hang-up: %v", err)
		}
		ok(t, <-gone)
		cancel()
		find[engine.Hangup](t, w, l)
	}
}

func hangupWhileRecording(t *testing.T, w *World) {
	p := w.phone(t)
	c, l := w.answered(t, p)
	r := w.record(t, l, engine.Recording{Scope: engine.RecordLeg, Max: time.Minute})
	ok(t, pause(w.Ctx, 1200*time.Millisecond))
	w.do(t, c.Hangup)
	pcm := w.recorded(t, l, r, 800*time.Millisecond, 1200*time.Millisecond+quick)
	contains(t, "the recording", pcm[0], p.Hz())
	w.hangup(t, l, engine.CauseNormal, true)

	a, b, ca, _, la, lb := w.conversation(t)
	r = w.record(t, la, engine.Recording{Scope: engine.RecordMixed})
	ok(t, pause(w.Ctx, 1200*time.Millisecond))
	w.do(t, ca.Hangup)
	done := find[engine.RecordDone](t, w, la)
	if done.Err != nil || done.Record != r.ID {
		t.Fatalf("RecordDone %+v", done)
	}
	channels, _, err := ReadWAV(r.File)
	ok(t, err)
	contains(t, "the recording of the conversation", channels[0], a.Hz(), b.Hz())
	find[engine.Unbridged](t, w, la)
	find[engine.Hangup](t, w, la)
	next[engine.Unbridged](t, w, lb)
}

// hangupWhileOriginating: the caller gives up while somebody is being called for it.
func hangupWhileOriginating(t *testing.T, w *World) {
	ca, la := w.dial(t, w.phone(t))
	cb, lb := w.originate(t, w.phone(t), func(r *engine.Originate) { r.For = la.ID })
	w.do(t, cb.Ring)
	next[engine.Ringing](t, w, lb)
	ok(t, w.Ring(w.Ctx, la.ID))
	w.do(t, ca.WaitRinging)
	w.do(t, ca.Hangup)
	w.hangup(t, la, engine.CauseCancelled, true)
	ok(t, w.Hangup(w.Ctx, lb.ID, engine.CauseCancelled))
	w.hangup(t, lb, engine.CauseCancelled, false)
	w.do(t, cb.WaitEnded)
	// For a leg that is gone already, the call is made all the same.
	cc, lc := w.originate(t, w.phone(t), func(r *engine.Originate) { r.For = la.ID })
	w.do(t, cc.Answer)
	next[engine.Answered](t, w, lc)
}

func hangupWhileBridging(t *testing.T, w *World) {
	a, b := w.phone(t), w.phone(t)
	for i := range 4 {
		ca, la := w.answered(t, a)
		cb, lb := w.called(t, b)
		gone := make(chan error, 1)
		ctx, cancel := w.step()
		loser, stays, left := ca, lb, la
		if i%2 == 1 {
			loser, stays, left = cb, la, lb
		}
		go func() { gone <- loser.Hangup(ctx) }()
		err := w.Bridge(w.Ctx, la.ID, lb.ID)
		if err != nil && !errors.Is(err, engine.ErrNoLeg) && !errors.Is(err, engine.ErrState) {
			t.Errorf("Bridge at hang-up: %v", err)
		}
		ok(t, <-gone)
		cancel()
		if err == nil {
			for _, l := range []*Leg{left, stays} {
				find[engine.Bridged](t, w, l)
				find[engine.Unbridged](t, w, l)
			}
		}
		find[engine.Hangup](t, w, left)
		// The other one is there and can be used, whatever became of the bridge.
		l := stays
		id := w.play(t, l, false, w.file(t, 700, 300*time.Millisecond))
		if e := find[engine.PlayDone](t, w, l); e.Play != id || e.Result != engine.PlayFinished {
			t.Errorf("playback after the lost bridge: %+v", e)
		}
		ok(t, w.Hangup(w.Ctx, l.ID, engine.CauseNormal))
		find[engine.Hangup](t, w, l)
	}
}

func hangupInMix(t *testing.T, w *World) {
	a, b := w.phone(t), w.phone(t)
	ca, la := w.answered(t, a)
	cb, lb := w.called(t, b)
	mix := engine.MixID(newID())
	w.mix(t, mix, la)
	w.mix(t, mix, lb)
	w.hear(t, cb, a.Hz())
	ok(t, w.Hangup(w.Ctx, la.ID, engine.CauseNormal))
	next[engine.Unmixed](t, w, la)
	w.hangup(t, la, engine.CauseNormal, false)
	w.do(t, ca.WaitEnded)
	w.hear(t, cb)
	w.do(t, cb.Hangup)
	next[engine.Unmixed](t, w, lb)
	w.hangup(t, lb, engine.CauseNormal, true)
}

func hangupWhileListening(t *testing.T, w *World) {
	a, b, ca, cb, la, _ := w.conversation(t)
	s := w.phone(t)
	cs, ls := w.called(t, s)
	ok(t, w.Listen(w.Ctx, ls.ID, la.ID, engine.ListenBarge))
	w.hear(t, ca, b.Hz(), s.Hz())
	w.do(t, cs.Hangup)
	next[engine.ListenDone](t, w, ls)
	w.hangup(t, ls, engine.CauseNormal, true)
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
}

// callerIDBeforeAnswer: where a ringing phone can't be told (FreeSWITCH sends no UPDATE before the answer), it is
// told as soon as it answers.
func callerIDBeforeAnswer(t *testing.T, w *World) {
	c, l := w.originate(t, w.phone(t))
	w.do(t, c.Ring)
	next[engine.Ringing](t, w, l)
	w.show(t, c, engine.Identity{Number: "0201234567", Name: "Conformance"})
	who := engine.Identity{Number: "+37167000000", Name: "Jānis"}
	ok(t, w.UpdateCallerID(w.Ctx, l.ID, who))
	w.do(t, c.Answer)
	next[engine.Answered](t, w, l)
	w.show(t, c, who)
}

func callerIDDuringCall(t *testing.T, w *World) {
	_, b, ca, cb, la, lb := w.conversation(t)
	who := engine.Identity{Number: "+37167000000", Name: "Jānis Bērziņš"}
	ok(t, w.UpdateCallerID(w.Ctx, lb.ID, who))
	w.show(t, cb, who)
	other := engine.Identity{Number: "202", Name: "Bob"}
	ok(t, w.UpdateCallerID(w.Ctx, la.ID, other))
	w.show(t, ca, other)
	w.hear(t, ca, b.Hz())
}

func hold(t *testing.T, w *World) {
	a, b, ca, cb, la, lb := w.conversation(t)
	w.do(t, ca.Hold)
	next[engine.Held](t, w, la)
	w.hear(t, cb)
	w.do(t, ca.Unhold)
	next[engine.Unheld](t, w, la)
	w.hear(t, cb, a.Hz())
	w.hear(t, ca, b.Hz())
	w.do(t, cb.Hold)
	next[engine.Held](t, w, lb)
	w.hear(t, ca)
	w.do(t, cb.Unhold)
	next[engine.Unheld](t, w, lb)
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
}

// holdMusic: a leg in a bridge hears what is played to it, and talks on afterwards.
func holdMusic(t *testing.T, w *World) {
	a, b, ca, cb, la, lb := w.conversation(t)
	for _, p := range []struct {
		by, on Call
		l, o   *Leg
		hz     int
	}{{ca, cb, la, lb, a.Hz()}, {cb, ca, lb, la, b.Hz()}} {
		w.do(t, p.by.Hold)
		next[engine.Held](t, w, p.l)
		id := w.play(t, p.o, true, w.file(t, 700, 500*time.Millisecond), w.file(t, 1500, 500*time.Millisecond))
		for range 2 {
			w.hear(t, p.on, 700)
			w.hear(t, p.on, 1500)
		}
		w.do(t, p.by.Unhold)
		next[engine.Unheld](t, w, p.l)
		ok(t, w.StopPlay(w.Ctx, p.o.ID, id))
		w.playDone(t, p.o, id, engine.PlayStopped)
		w.hear(t, p.on, p.hz)
	}
	w.hear(t, ca, b.Hz())
	w.hear(t, cb, a.Hz())
}

// holdMusicAtHangup: whoever holds hangs up, or whoever is held.
func holdMusicAtHangup(t *testing.T, w *World) {
	_, _, ca, cb, la, lb := w.conversation(t)
	w.do(t, ca.Hold)
	next[engine.Held](t, w, la)
	id := w.play(t, lb, true, w.file(t, 700, 500*time.Millisecond))
	w.hear(t, cb, 700)
	w.do(t, ca.Hangup)
	find[engine.Hangup](t, w, la)
	ok(t, w.StopPlay(w.Ctx, lb.ID, id))
	find[engine.Unbridged](t, w, lb)
	w.hear(t, cb)

	_, _, ca, cb, la, lb = w.conversation(t)
	w.do(t, ca.Hold)
	next[engine.Held](t, w, la)
	w.play(t, lb, true, w.file(t, 700, 500*time.Millisecond))
	w.hear(t, cb, 700)
	w.do(t, cb.Hangup)
	find[engine.Hangup](t, w, lb)
	find[engine.Unbridged](t, w, la)
}

func blindTransfer(t *testing.T, w *World) {
	for _, byCaller := range []bool{true, false} {
		a, b, ca, cb, la, lb := w.conversation(t)
		by, stays, l, peer := a, cb, la, lb
		from := ca
		if !byCaller {
			by, stays, l, peer = b, ca, lb, la
			from = cb
		}
		w.do(t, func(ctx context.Context) error { return from.Refer(ctx, "5551234") })
		e := find[engine.Transfer](t, w, l)
		if e.Target != "5551234" || e.Peer != peer.ID || e.Other != "" || e.OtherPeer != "" {
			t.Errorf("%+v", e)
		}
		find[engine.Unbridged](t, w, l)
		if h := find[engine.Hangup](t, w, l); h.Cause != engine.CauseTransferred {
			t.Errorf("the transferring leg ended with %s", h.Cause)
		}
		w.do(t, from.WaitEnded)
		next[engine.Unbridged](t, w, peer)
		w.hear(t, stays)
		// The controller sends it on.
		c := w.phone(t)
		cc, lc := w.called(t, c)
		w.bridge(t, peer, lc)
		w.hear(t, stays, c.Hz())
		_, _ = by, cc
	}
}

func blindTransferWithoutPeer(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	id := w.play(t, l, true, w.file(t, 700, time.Second))
	w.hear(t, c, 700)
	w.do(t, func(ctx context.Context) error { return c.Refer(ctx, "5551234") })
	e := find[engine.Transfer](t, w, l)
	if e.Target != "5551234" || e.Peer != "" || e.Other != "" {
		t.Errorf("%+v", e)
	}
	if d := find[engine.PlayDone](t, w, l); d.Play != id {
		t.Errorf("%+v", d)
	}
	if h := find[engine.Hangup](t, w, l); h.Cause != engine.CauseTransferred {
		t.Errorf("the transferring leg ended with %s", h.Cause)
	}
	w.do(t, c.WaitEnded)
}

func attendedTransfer(t *testing.T, w *World) {
	a, b, c := w.phone(t), w.phone(t), w.phone(t)
	ca, la := w.answered(t, a) // a is called away: a talks with b, then asks c, then joins b and c
	cb, lb := w.called(t, b)
	w.bridge(t, la, lb)
	ca2, la2 := w.answered(t, a)
	cc, lc := w.called(t, c)
	w.bridge(t, la2, lc)
	w.hear(t, cc, a.Hz())
	w.do(t, func(ctx context.Context) error { return ca.ReferReplaces(ctx, ca2) })
	e := find[engine.Transfer](t, w, la)
	if e.Peer != lb.ID || e.Other != la2.ID || e.OtherPeer != lc.ID {
		t.Errorf("%+v; want peer %s, other %s with peer %s", e, lb.ID, la2.ID, lc.ID)
	}
	find[engine.Unbridged](t, w, la)
	find[engine.Unbridged](t, w, la2)
	for _, l := range []*Leg{la, la2} {
		if h := find[engine.Hangup](t, w, l); h.Cause != engine.CauseTransferred {
			t.Errorf("a transferring leg ended with %s", h.Cause)
		}
	}
	if e := next[engine.Unbridged](t, w, lb); e.Peer != la.ID {
		t.Errorf("Unbridged from %s", e.Peer)
	}
	if e := next[engine.Unbridged](t, w, lc); e.Peer != la2.ID {
		t.Errorf("Unbridged from %s", e.Peer)
	}
	if e := next[engine.Bridged](t, w, lb); e.Peer != lc.ID {
		t.Errorf("Bridged with %s", e.Peer)
	}
	if e := next[engine.Bridged](t, w, lc); e.Peer != lb.ID {
		t.Errorf("Bridged with %s", e.Peer)
	}
	w.hear(t, cb, c.Hz())
	w.hear(t, cc, b.Hz())
	w.do(t, ca.WaitEnded)
	w.do(t, ca2.WaitEnded)
}

// attendedTransferToRinging: the second leg has dialled, but nobody has answered it yet.
func attendedTransferToRinging(t *testing.T, w *World) {
	a, _, ca, cb, la, lb := w.conversation(t)
	number := newNumber()
	ca2, la2 := w.dialNumber(t, a, number, Dial{})
	ok(t, w.Answer(w.Ctx, la2.ID))
	next[engine.Answered](t, w, la2)
	w.do(t, ca2.WaitAnswered)
	music := w.play(t, la2, true, w.file(t, 700, time.Second))
	w.do(t, func(ctx context.Context) error { return ca.ReferReplaces(ctx, ca2) })
	e := find[engine.Transfer](t, w, la)
	if e.Target != number || e.Peer != lb.ID || e.Other != la2.ID || e.OtherPeer != "" {
		t.Errorf("%+v; want target %s, peer %s, other %s", e, number, lb.ID, la2.ID)
	}
	find[engine.Unbridged](t, w, la)
	if d := find[engine.PlayDone](t, w, la2); d.Play != music {
		t.Errorf("%+v", d)
	}
	for _, l := range []*Leg{la, la2} {
		if h := find[engine.Hangup](t, w, l); h.Cause != engine.CauseTransferred {
			t.Errorf("a transferring leg ended with %s", h.Cause)
		}
	}
	next[engine.Unbridged](t, w, lb)
	w.hear(t, cb)
	id := w.play(t, lb, false, w.file(t, 700, time.Second))
	w.hear(t, cb, 700)
	w.playDone(t, lb, id, engine.PlayFinished)
}

// holdMusicAtTransfer: the usual attended transfer, whose first party hears music until it is connected.
func holdMusicAtTransfer(t *testing.T, w *World) {
	a, b, ca, cb, la, lb := w.conversation(t)
	w.do(t, ca.Hold)
	next[engine.Held](t, w, la)
	id := w.play(t, lb, true, w.file(t, 700, 500*time.Millisecond))
	w.hear(t, cb, 700)
	c := w.phone(t)
	ca2, la2 := w.answered(t, a)
	cc, lc := w.called(t, c)
	w.bridge(t, la2, lc)
	w.hear(t, cc, a.Hz())
	w.do(t, func(ctx context.Context) error { return ca.ReferReplaces(ctx, ca2) })
	if e := find[engine.Transfer](t, w, la); e.Peer != lb.ID || e.OtherPeer != lc.ID {
		t.Errorf("%+v", e)
	}
	ok(t, w.StopPlay(w.Ctx, lb.ID, id))
	if d := find[engine.PlayDone](t, w, lb); d.Play != id {
		t.Errorf("%+v", d)
	}
	for _, l := range []*Leg{lb, lc} {
		find[engine.Unbridged](t, w, l)
		find[engine.Bridged](t, w, l)
	}
	w.hear(t, cb, c.Hz())
	w.hear(t, cc, b.Hz())
	w.do(t, ca.WaitEnded)
	w.do(t, ca2.WaitEnded)
}
