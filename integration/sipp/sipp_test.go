package sipp

import (
	"context"
	"errors"
	"os/exec"
	"sync"
	"testing"
	"time"

	"callplane/integration/phone"
)

func testContext(t *testing.T) context.Context {
	t.Helper()
	if _, err := exec.LookPath("sipp"); err != nil {
		t.Fatal("sipp is not installed: make deps-test installs it")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func newPhone(t *testing.T, ctx context.Context) *phone.Phone {
	t.Helper()
	p, err := phone.New(ctx, phone.Config{User: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// serve gives each incoming call of p to handle until the test ends.
func serve(t *testing.T, ctx context.Context, p *phone.Phone, handle func(*phone.Call) error) {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case c := <-p.Incoming():
				wg.Go(func() {
					if err := handle(c); err != nil && ctx.Err() == nil {
						t.Error(err)
					}
				})
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		stop()
		p.Close() // ends what a failed test left over
		wg.Wait()
	})
}

func ringAndAnswer(ctx context.Context) func(*phone.Call) error {
	return func(c *phone.Call) error {
		if err := c.Ring(); err != nil {
			return err
		}
		return c.Answer(ctx)
	}
}

func TestCallers(t *testing.T) {
	ctx := testContext(t)
	p := newPhone(t, ctx)
	digits := make(chan string, 100)
	serve(t, ctx, p, func(c *phone.Call) error {
		err := ringAndAnswer(ctx)(c)
		if errors.Is(err, phone.ErrEnded) {
			return nil // uac_cancel was faster
		}
		if c.Header("Subject") == "wait" {
			return c.Hangup(ctx)
		}
		<-c.Done()
		digits <- c.Digits()
		return err
	})
	for _, s := range []Scenario{UACBye, UACMenu, ByeWithoutTag, Ping} {
		stats, err := Run(ctx, s, Options{Target: p.Addr(), Service: "bob", Calls: 5, Rate: 50, Pause: 20 * time.Millisecond, EachResponse: true, Keys: map[string]string{"digit": "4"}})
		if err != nil {
			t.Fatal(err)
		}
		if stats.Successful != 5 || len(stats.Each["answer"]) != 5 || stats.Percentile("answer", 50) > time.Second {
			t.Errorf("%s: %+v", s, stats)
		}
	}
	fours := 0
	for range 15 {
		if <-digits == "4" {
			fours++
		}
	}
	if fours != 5 {
		t.Errorf("%d calls pressed 4, want the 5 of the menu", fours)
	}
}

func TestCallerOverTCP(t *testing.T) {
	ctx := testContext(t)
	p, err := phone.New(ctx, phone.Config{User: "bob", Transport: "tcp"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	serve(t, ctx, p, ringAndAnswer(ctx))
	if _, err := Run(ctx, UACBye, Options{Target: p.Addr(), Transport: "tcp", Calls: 3}); err != nil {
		t.Fatal(err)
	}
}

func TestCallerThatCancels(t *testing.T) {
	ctx := testContext(t)
	p := newPhone(t, ctx)
	serve(t, ctx, p, func(c *phone.Call) error {
		if err := c.Ring(); err != nil {
			return err
		}
		return c.WaitEnded(ctx)
	})
	if _, err := Run(ctx, UACCancel, Options{Target: p.Addr(), Calls: 3, Pause: 20 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
}

func TestCallerThatWaitsForBye(t *testing.T) {
	ctx := testContext(t)
	p := newPhone(t, ctx)
	serve(t, ctx, p, func(c *phone.Call) error {
		if err := ringAndAnswer(ctx)(c); err != nil {
			return err
		}
		return c.Hangup(ctx)
	})
	if _, err := Run(ctx, UACWaitBye, Options{Target: p.Addr(), Calls: 3}); err != nil {
		t.Fatal(err)
	}
}

// TestPatience has a caller talk to an agent and one wait in vain; both tell what they sent and received.
func TestPatience(t *testing.T) {
	ctx := testContext(t)
	agent, err := Start(ctx, UASAgent, Options{Messages: true})
	if err != nil {
		t.Fatal(err)
	}
	silent := newPhone(t, ctx)
	serve(t, ctx, silent, func(c *phone.Call) error {
		if err := ringAndAnswer(ctx)(c); err != nil {
			return err
		}
		return c.WaitEnded(ctx)
	})
	for target, hangsUp := range map[string]bool{agent.Addr(): false, silent.Addr(): true} {
		stats, err := Run(ctx, UACPatient, Options{Target: target, Service: "bob", Messages: true})
		if err != nil {
			t.Fatal(err)
		}
		first, sentBye := stats.Messages[0], false
		var last Message
		for _, m := range stats.Messages {
			if m.Request() && m.Method == "BYE" {
				last, sentBye = m, m.Sent
			}
		}
		if took := last.At.Sub(first.At); first.Method != "INVITE" || first.User() != "bob" || sentBye != hangsUp || took < 700*time.Millisecond || hangsUp && took < 6*time.Second {
			t.Errorf("%t: BYE after %v: %+v", hangsUp, took, stats.Messages)
		}
	}
	if stats, err := agent.Wait(); err != nil || len(stats.Messages) < 6 || stats.Messages[0].Sent || time.Since(stats.Messages[0].At) > time.Minute {
		t.Errorf("%+v, %v", stats, err)
	}
}

func TestFailuresAreCounted(t *testing.T) {
	ctx := testContext(t)
	p := newPhone(t, ctx)
	serve(t, ctx, p, func(c *phone.Call) error { return c.Reject(404, "Not Found") })
	stats, err := Run(ctx, UACBye, Options{Target: p.Addr(), Calls: 2})
	if !errors.Is(err, ErrFailed) || stats.Failed != 2 || stats.Unexpected != 2 {
		t.Errorf("%+v, %v", stats, err)
	}
}

func TestCallees(t *testing.T) {
	ctx := testContext(t)
	refusedWith := func(code int) func(*testing.T, *phone.Call) {
		return func(t *testing.T, c *phone.Call) {
			var status *phone.StatusError
			if err := c.WaitAnswered(ctx); !errors.As(err, &status) || status.Code != code {
				t.Errorf("got %v, want %d", err, code)
			}
		}
	}
	for _, x := range []struct {
		scenario Scenario
		keys     map[string]string
		check    func(t *testing.T, c *phone.Call)
	}{
		{UASAnswer, nil, func(t *testing.T, c *phone.Call) {
			if err := c.WaitAnswered(ctx); err != nil {
				t.Fatal(err)
			}
			if err := c.Hangup(ctx); err != nil {
				t.Error(err)
			}
		}},
		{UASAnswerBye, nil, func(t *testing.T, c *phone.Call) {
			if err := c.WaitAnswered(ctx); err != nil {
				t.Fatal(err)
			}
			if err := c.WaitEnded(ctx); err != nil || !c.EndReason().ByRemote {
				t.Errorf("%v, %+v", err, c.EndReason())
			}
		}},
		{UASAgent, nil, func(t *testing.T, c *phone.Call) {
			if err := c.WaitAnswered(ctx); err != nil {
				t.Fatal(err)
			}
			if err := c.WaitEnded(ctx); err != nil || !c.EndReason().ByRemote {
				t.Errorf("%v, %+v", err, c.EndReason())
			}
		}},
		{UASAgent, nil, func(t *testing.T, c *phone.Call) {
			if err := c.WaitRinging(ctx); err != nil {
				t.Fatal(err)
			}
			if err := c.Hangup(ctx); err != nil || c.EndReason().Code != 487 {
				t.Errorf("%v, %+v", err, c.EndReason())
			}
		}},
		{UASDecline, map[string]string{"reason": "Q.850;cause=21"}, func(t *testing.T, c *phone.Call) {
			var status *phone.StatusError
			if err := c.WaitAnswered(ctx); !errors.As(err, &status) || status.Code != 603 || status.ReasonHeaders[0] != "Q.850;cause=21" {
				t.Errorf("got %v", err)
			}
		}},
		{UASBusy, nil, refusedWith(486)},
		{UASUnavailable, nil, refusedWith(503)},
		{UAS302, map[string]string{"contact": "<sip:300@127.0.0.1>"}, func(t *testing.T, c *phone.Call) {
			var status *phone.StatusError
			if err := c.WaitAnswered(ctx); !errors.As(err, &status) || status.Code != 302 || status.Contact != "<sip:300@127.0.0.1>" {
				t.Errorf("got %v", err)
			}
		}},
		{UASNoAnswer, nil, func(t *testing.T, c *phone.Call) {
			if err := c.WaitRinging(ctx); err != nil {
				t.Fatal(err)
			}
			if err := c.Hangup(ctx); err != nil || c.EndReason().Code != 487 {
				t.Errorf("%v, %+v", err, c.EndReason())
			}
		}},
	} {
		t.Run(string(x.scenario), func(t *testing.T) {
			t.Parallel()
			alice, err := phone.New(ctx, phone.Config{User: "alice"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { alice.Close() })
			callee, err := Start(ctx, x.scenario, Options{Keys: x.keys, Pause: 20 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			c, err := alice.Dial(ctx, "sip:x@"+callee.Addr(), phone.DialOptions{})
			if err != nil {
				t.Fatal(err)
			}
			x.check(t, c)
			if stats, err := callee.Wait(); err != nil || stats.Successful != 1 {
				t.Errorf("%+v, %v", stats, err)
			}
		})
	}
}

func TestStop(t *testing.T) {
	ctx := testContext(t)
	p, err := Start(ctx, UASAnswer, Options{Calls: 100})
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if stats, err := p.Wait(); err != nil || stats.Created != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
}

// The phone itself has to survive what it is used to throw at servers.
func TestOddities(t *testing.T) {
	ctx := testContext(t)
	p := newPhone(t, ctx)
	serve(t, ctx, p, func(c *phone.Call) error {
		_ = c.Answer(ctx) // with 488 where the SDP is cut in two
		return nil
	})
	for _, odd := range Oddities() {
		t.Run(odd.Name, func(t *testing.T) {
			t.Parallel()
			if _, err := Run(ctx, odd.Scenario, Options{Target: p.Addr(), Service: "bob", Keys: odd.Keys}); err != nil {
				t.Error(err)
			}
		})
	}
}
