package conformance

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"callplane/controller/engine"
	"callplane/integration/tone"
)

// quick is how much longer a real engine may take than the audio lasts.
const quick = 1500 * time.Millisecond

func playToEnd(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	start := time.Now()
	id := w.play(t, l, false, w.file(t, 700, 1200*time.Millisecond))
	w.hear(t, c, 700)
	w.playDone(t, l, id, engine.PlayFinished)
	if d := time.Since(start); d < time.Second || d > 1200*time.Millisecond+quick {
		t.Errorf("1.2 s were played in %v", d)
	}
	w.hear(t, c)
}

func playSequence(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	start := time.Now()
	id := w.play(t, l, false,
		w.file(t, 700, 700*time.Millisecond), engine.Source{Silence: 700 * time.Millisecond}, w.file(t, 1500, 700*time.Millisecond),
		engine.Source{Beep: &engine.Beep{Hz: 2300, Duration: 700 * time.Millisecond}})
	w.hear(t, c, 700)
	w.hear(t, c)
	w.hear(t, c, 1500)
	w.hear(t, c, 2300)
	w.playDone(t, l, id, engine.PlayFinished)
	if d := time.Since(start); d < 2500*time.Millisecond || d > 2800*time.Millisecond+quick {
		t.Errorf("2.8 s were played in %v", d)
	}
}

func playBargeIn(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	id := w.play(t, l, false, w.file(t, 700, 10*time.Second))
	w.hear(t, c, 700)
	w.send(t, c, "5")
	w.digits(t, l, "5")
	ok(t, w.StopPlay(w.Ctx, l.ID, id))
	w.playDone(t, l, id, engine.PlayStopped)
	w.hear(t, c)
	ok(t, w.StopPlay(w.Ctx, l.ID, id))
}

func playReplaces(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	first := w.play(t, l, true, w.file(t, 700, 3*time.Second))
	w.hear(t, c, 700)
	second := w.play(t, l, true, w.file(t, 1500, 3*time.Second))
	w.playDone(t, l, first, engine.PlayStopped)
	w.hear(t, c, 1500)
	// In quick succession: only the last one is left.
	third := w.play(t, l, true, w.file(t, 700, 3*time.Second))
	fourth := w.play(t, l, false, w.file(t, 1900, time.Second))
	w.playDone(t, l, second, engine.PlayStopped)
	w.playDone(t, l, third, engine.PlayStopped)
	w.hear(t, c, 1900)
	w.playDone(t, l, fourth, engine.PlayFinished)
}

func playMissingFile(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	id := w.play(t, l, false, engine.Source{File: filepath.Join(w.Backend.RecordDir(), "there-is-none.wav")})
	w.playDone(t, l, id, engine.PlayFailed)
	// A loop of nothing must not spin either.
	id = w.play(t, l, true, engine.Source{File: filepath.Join(w.Backend.RecordDir(), "there-is-none.wav")})
	w.playDone(t, l, id, engine.PlayFailed)
	id = w.play(t, l, false, w.file(t, 700, time.Second))
	w.hear(t, c, 700)
	w.playDone(t, l, id, engine.PlayFinished)
}

func playMissingFileLater(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	id := w.play(t, l, false, w.file(t, 700, time.Second), engine.Source{File: filepath.Join(w.Backend.RecordDir(), "there-is-none.wav")})
	w.hear(t, c, 700)
	w.playDone(t, l, id, engine.PlayFailed)
}

func playBeforeMedia(t *testing.T, w *World) {
	c, l := w.dial(t, w.phone(t))
	ok(t, w.Ring(w.Ctx, l.ID))
	w.do(t, c.WaitRinging)
	err := w.Play(w.Ctx, l.ID, engine.Playback{ID: "early", Sources: []engine.Source{w.file(t, 700, time.Second)}})
	if !errors.Is(err, engine.ErrState) {
		t.Errorf("Play to a ringing leg: %v, want ErrState", err)
	}
	ok(t, w.Answer(w.Ctx, l.ID))
	next[engine.Answered](t, w, l)
}

func playLoop(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	id := w.play(t, l, true, w.file(t, 700, 500*time.Millisecond), w.file(t, 1500, 500*time.Millisecond))
	for range 3 {
		w.hear(t, c, 700)
		w.hear(t, c, 1500)
	}
	ok(t, w.StopPlay(w.Ctx, l.ID, id))
	w.playDone(t, l, id, engine.PlayStopped)
	w.hear(t, c)
}

func playSilence(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	start := time.Now()
	id := w.play(t, l, false, engine.Source{Silence: time.Second})
	w.hear(t, c)
	w.playDone(t, l, id, engine.PlayFinished)
	if d := time.Since(start); d < 900*time.Millisecond || d > time.Second+quick {
		t.Errorf("a second of silence took %v", d)
	}
}

func playTones(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	for _, tone := range []engine.Tone{engine.ToneRingback, engine.ToneBusy, engine.ToneCongestion} {
		id := w.play(t, l, true, engine.Source{Tone: tone})
		w.hear(t, c, 425)
		ok(t, w.StopPlay(w.Ctx, l.ID, id))
		w.playDone(t, l, id, engine.PlayStopped)
		w.hear(t, c)
	}
}

func playBeep(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	start := time.Now()
	id := w.play(t, l, false, engine.Source{Beep: &engine.Beep{Hz: 1000, Duration: 800 * time.Millisecond}})
	w.hear(t, c, 1000)
	w.playDone(t, l, id, engine.PlayFinished)
	if d := time.Since(start); d < 700*time.Millisecond || d > 800*time.Millisecond+quick {
		t.Errorf("a beep of 0.8 s took %v", d)
	}
}

func stopPlayOfAnother(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	id := w.play(t, l, true, w.file(t, 700, time.Second))
	ok(t, w.StopPlay(w.Ctx, l.ID, "another"))
	w.hear(t, c, 700)
	ok(t, w.StopPlay(w.Ctx, l.ID, id))
	w.playDone(t, l, id, engine.PlayStopped)
}

// record starts a recording.
func (w *World) record(t *testing.T, l *Leg, r engine.Recording) engine.Recording {
	t.Helper()
	r.ID = engine.RecordID(newID())
	r.File = filepath.Join(w.Backend.RecordDir(), string(r.ID)+".wav")
	ok(t, w.Record(w.Ctx, l.ID, r))
	l.recording(r.ID)
	return r
}

// recorded waits for the end of a recording and reads its channels.
func (w *World) recorded(t *testing.T, l *Leg, r engine.Recording, least, most time.Duration) [][]int16 {
	t.Helper()
	e := next[engine.RecordDone](t, w, l)
	if e.Record != r.ID || e.File != r.File || e.Err != nil {
		t.Fatalf("recording %s ended as %+v", r.ID, e)
	}
	channels, length, err := ReadWAV(e.File)
	ok(t, err)
	for what, d := range map[string]time.Duration{"RecordDone says": e.Duration, "the file has": length} {
		if d < least || d > most {
			t.Errorf("%s %v, want %v to %v", what, d, least, most)
		}
	}
	return channels
}

// contains checks the tones in a recording, which must be there for most of it.
func contains(t *testing.T, what string, pcm []int16, hz ...int) {
	t.Helper()
	var freqs []float64
	for _, f := range hz {
		freqs = append(freqs, float64(f))
	}
	match := tone.Silent()
	if len(hz) > 0 {
		match = tone.HasOnly(freqs...)
	}
	hits, all := 0, 0
	for i := 0; i+tone.Window <= len(pcm); i += tone.Window {
		all++
		if match(pcm[i : i+tone.Window]) {
			hits++
		}
	}
	if all == 0 || hits*3 < all*2 {
		f, share := tone.Peak(pcm)
		t.Errorf("%s: %d of %d pieces have only %v Hz; strongest is %.0f Hz with %.2f", what, hits, all, hz, f, share)
	}
}

func recordLeg(t *testing.T, w *World) {
	p := w.phone(t)
	_, l := w.answered(t, p)
	r := w.record(t, l, engine.Recording{Scope: engine.RecordLeg})
	id := w.play(t, l, true, w.file(t, 3300, time.Second)) // not what the leg's phone says
	ok(t, pause(w.Ctx, 1500*time.Millisecond))
	ok(t, w.StopRecord(w.Ctx, l.ID, r.ID))
	pcm := w.recorded(t, l, r, 900*time.Millisecond, 1500*time.Millisecond+quick)
	contains(t, "the recording", pcm[0], p.Hz())
	ok(t, w.StopRecord(w.Ctx, l.ID, r.ID))
	ok(t, w.StopPlay(w.Ctx, l.ID, id))
	w.playDone(t, l, id, engine.PlayStopped)
}

func recordMax(t *testing.T, w *World) {
	p := w.phone(t)
	_, l := w.answered(t, p)
	r := w.record(t, l, engine.Recording{Scope: engine.RecordLeg, Max: 2 * time.Second})
	pcm := w.recorded(t, l, r, 1500*time.Millisecond, 2*time.Second+quick)
	contains(t, "the recording", pcm[0], p.Hz())
}

func recordSilence(t *testing.T, w *World) {
	p := w.phone(t)
	c, l := w.answered(t, p)
	r := w.record(t, l, engine.Recording{Scope: engine.RecordLeg, Silence: 2 * time.Second, Max: 30 * time.Second})
	ok(t, pause(w.Ctx, 2500*time.Millisecond)) // longer than the silence that ends it
	w.do(t, c.Mute)
	pcm := w.recorded(t, l, r, 2*time.Second, 6*time.Second)
	contains(t, "the beginning of the recording", pcm[0][:tone.Rate*2], p.Hz())
}

func recordMixed(t *testing.T, w *World) {
	a, b, _, _, la, lb := w.conversation(t)
	r := w.record(t, la, engine.Recording{Scope: engine.RecordMixed})
	ok(t, pause(w.Ctx, 1500*time.Millisecond))
	ok(t, w.StopRecord(w.Ctx, la.ID, r.ID))
	pcm := w.recorded(t, la, r, 900*time.Millisecond, 1500*time.Millisecond+quick)
	if len(pcm) != 1 {
		t.Errorf("%d channels, want 1", len(pcm))
	}
	contains(t, "the recording", pcm[0], a.Hz(), b.Hz())
	_ = lb
}

func recordStereo(t *testing.T, w *World) {
	a, b, _, _, la, _ := w.conversation(t)
	r := w.record(t, la, engine.Recording{Scope: engine.RecordStereo})
	ok(t, pause(w.Ctx, 1500*time.Millisecond))
	ok(t, w.StopRecord(w.Ctx, la.ID, r.ID))
	pcm := w.recorded(t, la, r, 900*time.Millisecond, 1500*time.Millisecond+quick)
	if len(pcm) != 2 {
		t.Fatalf("%d channels, want 2", len(pcm))
	}
	contains(t, "left", pcm[0], a.Hz())
	contains(t, "right", pcm[1], b.Hz())
}

// recordNowhere: an engine may refuse at once or tell when it is over, but it must not keep quiet.
func recordNowhere(t *testing.T, w *World) {
	_, l := w.answered(t, w.phone(t))
	r := engine.Recording{ID: "nowhere", File: "/proc/conformance/none/nowhere.wav", Scope: engine.RecordLeg, Max: time.Second}
	if err := w.Record(w.Ctx, l.ID, r); err != nil {
		if !errors.Is(err, engine.ErrRefused) && !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("Record to an impossible place: %v", err)
		}
		return
	}
	l.recording(r.ID)
	if e := next[engine.RecordDone](t, w, l); e.Err == nil {
		t.Errorf("a recording in an impossible place succeeded: %+v", e)
	}
}

// send lets a phone send digits.
func (w *World) send(t *testing.T, c Call, digits string) {
	t.Helper()
	ctx, cancel := w.step()
	defer cancel()
	ok(t, c.SendDTMF(ctx, digits))
}

// digits waits until the engine has told of these digits.
func (w *World) digits(t *testing.T, l *Leg, digits string) {
	t.Helper()
	for i := range len(digits) {
		if e := next[engine.DTMF](t, w, l); e.Digit != digits[i] {
			t.Fatalf("digit %d is %c, want %c of %s", i, e.Digit, digits[i], digits)
		}
	}
}

const allDigits = "1234567890*#ABCD"

func dtmfRFC4733(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	w.send(t, c, allDigits)
	w.digits(t, l, allDigits)
	w.send(t, c, "1122")
	w.digits(t, l, "1122")
}

func dtmfINFO(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t, PhoneSpec{INFO: true}))
	w.send(t, c, allDigits)
	w.digits(t, l, allDigits)
	w.send(t, c, "1122")
	w.digits(t, l, "1122")
}

// dtmfAcrossZero: RTP timestamps begin anywhere (RFC 3550, 5.1) and pass zero in the middle of a call.
func dtmfAcrossZero(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t, PhoneSpec{Wraps: true}))
	w.send(t, c, "1")
	w.digits(t, l, "1")
	time.Sleep(6 * time.Second)
	w.send(t, c, "2")
	if _, ok := w.Backend.(*asteriskBackend); ok {
		// It takes the timestamps of digits for numbers that only grow, and 2 for one that is long over, until the media is negotiated again.
		w.do(t, c.Hold)
		next[engine.Held](t, w, l)
		w.do(t, c.Unhold)
		next[engine.Unheld](t, w, l)
		w.send(t, c, "2")
	}
	w.digits(t, l, "2")
	w.send(t, c, "3")
	w.digits(t, l, "3")
}

func dtmfWhilePlaying(t *testing.T, w *World) {
	for _, info := range []bool{false, true} {
		c, l := w.answered(t, w.phone(t, PhoneSpec{INFO: info}))
		id := w.play(t, l, true, w.file(t, 700, time.Second))
		w.hear(t, c, 700)
		w.send(t, c, "12#")
		w.digits(t, l, "12#")
		w.hear(t, c, 700) // digits end nothing by themselves
		ok(t, w.StopPlay(w.Ctx, l.ID, id))
		w.playDone(t, l, id, engine.PlayStopped)
	}
}

func dtmfBridged(t *testing.T, w *World) {
	_, _, ca, cb, la, lb := w.conversation(t)
	w.send(t, ca, "*21")
	w.digits(t, la, "*21")
	w.send(t, cb, "3#")
	w.digits(t, lb, "3#")
}

func dtmfMixed(t *testing.T, w *World) {
	a, b := w.phone(t), w.phone(t)
	ca, la := w.answered(t, a)
	cb, lb := w.answered(t, b)
	mix := engine.MixID(newID())
	w.mix(t, mix, la)
	w.mix(t, mix, lb)
	w.hear(t, ca, b.Hz())
	w.send(t, ca, "*21")
	w.digits(t, la, "*21")
	w.send(t, cb, "3#")
	w.digits(t, lb, "3#")
}

func dtmfSend(t *testing.T, w *World) {
	c, l := w.answered(t, w.phone(t))
	ok(t, w.SendDTMF(w.Ctx, l.ID, "12*#"))
	w.do(t, func(ctx context.Context) error { return c.WaitDigits(ctx, "12*#") })
	if err := w.SendDTMF(w.Ctx, l.ID, "12x"); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("SendDTMF of x: %v, want ErrInvalid", err)
	}
}
