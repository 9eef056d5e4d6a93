package flow_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callplane/controller/engine"
	"callplane/controller/engine/sim"
	"callplane/dialplan"
)

// An engine that answers a command with what is no answer: the caller gets a proper end, the trace says why, and nobody else notices.
func TestBadInputRepliesOfTheEngine(t *testing.T) {
	garbage := fmt.Errorf(`invalid character '<': %w`, engine.ErrRefused)
	for _, c := range []struct {
		op, dialed string // a number of the company; of 102, by default
		presses    string
		status     int    // 0: the caller was answered, and is hung up
		traced     string // of the caller's call; empty: it goes on
	}{
		{op: "Answer", dialed: "+31201234567", status: 500, traced: "answer leg"},
		{op: "Play", dialed: "+31201234567", traced: "play to leg"},
		{op: "StopPlay", dialed: "+31201234567", presses: "1", traced: "stop playback to leg"},
		{op: "Originate", dialed: "+31201234568", status: 480, traced: "calling 101 (ch101) failed"},
		{op: "Bridge", dialed: "+31201234568", traced: "bridge leg"},
		{op: "Ring", dialed: "+31201234568"},
		{op: "Checkpoint", dialed: "+31201234568"},
	} {
		t.Run(c.op, func(t *testing.T) {
			inOffice(t, func(a *dialplan.Account) { a.Extensions["101"].Config.(*dialplan.User).RingTimeout = 5 * time.Second }, func(o *office) {
				x := o.phones["104"].Dial("103")
				y := o.incoming("103")
				o.must(y.Answer())
				o.talking(x, y, 700, 600)
				synctest.Wait()
				o.world.Fail(sim.Fault{Op: c.op, Err: garbage})
				a := o.outside(c.dialed)
				if c.presses != "" {
					o.must(a.Wait(o.ctx(), sim.Up))
					o.hears(a, "ivr.choose")
					o.press(a, c.presses)
				}
				if c.op != "Originate" && c.dialed == "+31201234568" {
					b := o.incoming("101")
					o.must(b.Answer())
					if c.traced == "" {
						o.talking(a, b, 300, 400)
						o.must(a.Hangup())
					}
					o.over(b)
				}
				o.over(a)
				if c.status != 0 && a.Status() != c.status {
					t.Errorf("the caller got %d, want %d", a.Status(), c.status)
				}
				o.talking(x, y, 700, 600)
				time.Sleep(time.Second)
				synctest.Wait()
				o.mu.Lock()
				if len(o.records) != 1 {
					t.Fatalf("%d records", len(o.records))
				}
				trace := fmt.Sprint(o.records[0].Trace)
				o.mu.Unlock()
				if !strings.Contains(trace, c.traced) || c.traced != "" && !strings.Contains(trace, "invalid character") {
					t.Errorf("trace %s, want %q", trace, c.traced)
				}
				// The next caller is served again.
				next := o.outside("+31201234567")
				o.must(next.Wait(o.ctx(), sim.Up))
				o.must(next.Hangup())
				o.must(x.Hangup())
				o.over(y)
			})
		})
	}
}
