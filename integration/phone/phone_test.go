package phone

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// syncBuffer is a bytes.Buffer for several writers.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func newPhone(t *testing.T, cfg Config) *Phone {
	t.Helper()
	trace := &syncBuffer{}
	cfg.Trace = trace
	p, err := New(testContext(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close %s: %v", cfg.User, err)
		}
		if t.Failed() {
			t.Logf("messages of %s:\n%s", cfg.User, trace)
		}
	})
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// connect lets a call b, and returns both ends of the answered call.
func connect(t *testing.T, a, b *Phone, opts DialOptions) (caller, callee *Call) {
	t.Helper()
	ctx := testContext(t)
	caller, err := a.Dial(ctx, b.URI(), opts)
	must(t, err)
	callee, err = b.WaitIncoming(ctx)
	must(t, err)
	must(t, callee.Answer(ctx))
	must(t, caller.WaitAnswered(ctx))
	return caller, callee
}

const (
	lowTone  = 523.0
	highTone = 1130.0
)

func pair(t *testing.T, change ...func(*Config)) (alice, bob *Phone) {
	a, b := Config{User: "alice", Tone: lowTone}, Config{User: "bob", Tone: highTone}
	for _, f := range change {
		f(&a)
		f(&b)
	}
	return newPhone(t, a), newPhone(t, b)
}

func TestCallBothHearEachOther(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	out, err := alice.Dial(ctx, bob.URI(), DialOptions{Headers: map[string]string{"Alert-Info": "<urn:alert:service:call-waiting>"}})
	must(t, err)
	in, err := bob.WaitIncoming(ctx)
	must(t, err)
	if got := in.Header("Alert-Info"); got != "<urn:alert:service:call-waiting>" {
		t.Errorf("Alert-Info is %q", got)
	}
	if id := in.RemoteIdentity(); id.Number != "alice" || id.Header != "From" {
		t.Errorf("bob is called by %+v", id)
	}
	must(t, in.Ring())
	must(t, out.WaitRinging(ctx))
	must(t, in.Answer(ctx))
	must(t, out.WaitAnswered(ctx))
	must(t, out.HearsOnly(ctx, highTone))
	must(t, in.HearsOnly(ctx, lowTone))
	must(t, out.NotHears(ctx, lowTone, 300*time.Millisecond))
	must(t, out.Hangup(ctx))
	must(t, in.WaitEnded(ctx))
	if end := in.EndReason(); !end.ByRemote || end.Code != 0 {
		t.Errorf("bob's call ended %+v", end)
	}
	if s := out.Stats(); s.Received < 20 || s.Rejected != 0 {
		t.Errorf("alice's RTP: %+v", s)
	}
}

func TestTransportsAndSRTP(t *testing.T) {
	t.Parallel()
	config := testTLS(t)
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			ctx := testContext(t)
			alice, bob := pair(t, func(c *Config) { c.Transport, c.TLS, c.SRTP = transport, config, true })
			out, in := connect(t, alice, bob, DialOptions{})
			must(t, out.HearsOnly(ctx, highTone))
			must(t, in.HearsOnly(ctx, lowTone))
			if !out.Encrypted() || !in.Encrypted() {
				t.Error("media is not encrypted")
			}
			must(t, out.SendDTMF(ctx, "7"))
			must(t, in.WaitDigits(ctx, "7"))
			must(t, in.Hold(ctx))
			must(t, in.Unhold(ctx))
			must(t, in.HearsOnly(ctx, lowTone))
			must(t, in.Hangup(ctx))
			must(t, out.WaitEnded(ctx))
		})
	}
}

func TestPlainPhoneCallsEncryptedOne(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice := newPhone(t, Config{User: "alice"})
	bob := newPhone(t, Config{User: "bob", SRTP: true})
	out, err := alice.Dial(ctx, bob.URI(), DialOptions{})
	must(t, err)
	in, err := bob.WaitIncoming(ctx)
	must(t, err)
	if err := in.Answer(ctx); err == nil {
		t.Error("bob answered an offer without encryption")
	}
	wantStatus(t, out.WaitAnswered(ctx), 488)
}

func wantStatus(t *testing.T, err error, code int) *StatusError {
	t.Helper()
	var status *StatusError
	if !errors.As(err, &status) || status.Code != code {
		t.Fatalf("got %v, want status %d", err, code)
	}
	return status
}

func TestEarlyMedia(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	out, err := alice.Dial(ctx, bob.URI(), DialOptions{})
	must(t, err)
	in, err := bob.WaitIncoming(ctx)
	must(t, err)
	must(t, in.Progress())
	must(t, out.WaitProgress(ctx))
	must(t, out.HearsOnly(ctx, highTone))
	must(t, in.Answer(ctx))
	must(t, in.HearsOnly(ctx, lowTone))
	if err := out.WaitRinging(ctx); !errors.Is(err, ErrSkipped) {
		t.Errorf("waiting for a 180 that never came: %v", err)
	}
	must(t, in.Hangup(ctx))
	must(t, out.WaitEnded(ctx))
}

func TestDTMF(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]DTMFMode{"RFC4733": RFC4733, "INFO": INFO} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := testContext(t)
			alice, bob := pair(t, func(c *Config) { c.DTMF = mode })
			out, in := connect(t, alice, bob, DialOptions{})
			must(t, out.SendDTMF(ctx, "1123*#d"))
			must(t, in.WaitDigits(ctx, "1123*#D"))
			must(t, in.SendDTMF(ctx, "900"))
			must(t, out.WaitDigits(ctx, "900"))
			if got := in.Digits(); got != "1123*#D" {
				t.Errorf("bob received %q", got)
			}
			if got := out.ReceivedDTMF(); len(got) != 3 || got[0].Via != mode {
				t.Errorf("alice received %+v", got)
			}
			must(t, out.Hangup(ctx))
		})
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	out, in := connect(t, alice, bob, DialOptions{})
	must(t, in.Hears(ctx, lowTone))
	must(t, out.Hold(ctx))
	must(t, in.WaitRemoteHold(ctx, true))
	must(t, in.HearsNoMore(ctx, lowTone))
	must(t, out.HearsSilence(ctx))
	must(t, out.Unhold(ctx))
	must(t, in.WaitRemoteHold(ctx, false))
	must(t, in.HearsOnly(ctx, lowTone))
	must(t, out.HearsOnly(ctx, highTone))
	// The callee can hold too.
	must(t, in.Hold(ctx))
	must(t, out.WaitRemoteHold(ctx, true))
	must(t, in.Unhold(ctx))
	must(t, out.HearsOnly(ctx, highTone))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	for _, code := range []int{404, 480, 486, 503, 603} {
		out, err := alice.Dial(ctx, bob.URI(), DialOptions{})
		must(t, err)
		in, err := bob.WaitIncoming(ctx)
		must(t, err)
		must(t, in.Reject(code, "No", "Reason", "Q.850;cause=17"))
		status := wantStatus(t, out.WaitAnswered(ctx), code)
		if !slices.Equal(status.ReasonHeaders, []string{"Q.850;cause=17"}) {
			t.Errorf("Reason headers are %q", status.ReasonHeaders)
		}
		if end := out.EndReason(); end.Code != code || !end.ByRemote {
			t.Errorf("call ended %+v", end)
		}
		if err := in.Answer(ctx); err == nil {
			t.Error("answered a refused call")
		}
	}
	out, err := alice.Dial(ctx, bob.URI(), DialOptions{})
	must(t, err)
	in, err := bob.WaitIncoming(ctx)
	must(t, err)
	must(t, in.Redirect("sip:carol@127.0.0.1:9"))
	if status := wantStatus(t, out.WaitAnswered(ctx), 302); status.Contact != "<sip:carol@127.0.0.1:9>" {
		t.Errorf("redirected to %q", status.Contact)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	out, err := alice.Dial(ctx, bob.URI(), DialOptions{})
	must(t, err)
	in, err := bob.WaitIncoming(ctx)
	must(t, err)
	must(t, in.Ring())
	must(t, out.WaitRinging(ctx))
	must(t, out.HangupWith(ctx, "Reason", `SIP;cause=200;text="Call completed elsewhere"`))
	must(t, in.WaitEnded(ctx))
	if end := in.EndReason(); !end.AnsweredElsewhere() || !end.ByRemote || end.Code != 487 {
		t.Errorf("bob's call ended %+v", end)
	}
	if end := out.EndReason(); end.Code != 487 || end.ByRemote {
		t.Errorf("alice's call ended %+v", end)
	}
	if err := in.Answer(ctx); err == nil {
		t.Error("answered a cancelled call")
	}
}

// Whichever of CANCEL and 200 wins, both sides must come out of it with the call over.
func TestCancelCrossesAnswer(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	for range 30 {
		out, err := alice.Dial(ctx, bob.URI(), DialOptions{})
		must(t, err)
		in, err := bob.WaitIncoming(ctx)
		must(t, err)
		must(t, in.Ring())
		must(t, out.WaitRinging(ctx))
		var wg sync.WaitGroup
		wg.Go(func() { _ = in.Answer(ctx) }) // fails if CANCEL is first
		wg.Go(func() {
			if err := out.Hangup(ctx); err != nil {
				t.Errorf("hang up: %v", err)
			}
		})
		wg.Wait()
		must(t, out.WaitEnded(ctx))
		must(t, in.WaitEnded(ctx))
	}
	if left := append(alice.Calls(), bob.Calls()...); len(left) != 0 {
		t.Errorf("calls left over: %v", left)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	nobody := newPhone(t, Config{User: "nobody"})
	target := nobody.URI()
	must(t, nobody.Close())
	alice := newPhone(t, Config{User: "alice", T1: 5 * time.Millisecond})
	out, err := alice.Dial(ctx, target, DialOptions{})
	must(t, err)
	wantStatus(t, out.WaitAnswered(ctx), 408)
}
