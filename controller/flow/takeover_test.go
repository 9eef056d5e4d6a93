package flow_test

import (
	"testing"
	"testing/synctest"
	"time"

	"callplane/controller/engine/sim"
	"callplane/dialplan"
)

// mayTake lets 103 and 104 pick up and retrieve all that is 101's and 102's; 101 and 102 may park.
func mayTake(a *dialplan.Account) {
	a.ParkTimeout = 30 * time.Second
	a.Privacy = map[int64]*dialplan.PrivacyGroup{1: {ID: 1, Members: []string{"103", "104"}}}
	for _, ext := range []string{"101", "102"} {
		u := a.User(ext)
		u.Permissions.Parking = true
		u.Privacy = []dialplan.PrivacyGrant{{Group: 1, PrivacyRights: dialplan.PrivacyRights{Pickup: true, ParkRetrieve: true}}}
	}
}

// hearing are the calls, of those given, that are up and hear the tone.
func hearing(hz int, calls ...*sim.Call) int {
	n := 0
	for _, c := range calls {
		for _, s := range c.Hears() {
			if c.State() == sim.Up && s.Hz == hz {
				n++
			}
		}
	}
	return n
}

// orders are all permutations of n.
func orders(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var out [][]int
	for _, o := range orders(n - 1) {
		for at := range n {
			p := append([]int{}, o[:at]...)
			out = append(out, append(append(p, n-1), o[at:]...))
		}
	}
	return out
}

// race does the actions in every order: all at once, and each after the one before has had its effect.
func race(t *testing.T, change func(*dialplan.Account), prepare func(o *office) (actions []func(), check func())) {
	t.Helper()
	n := 0
	inOffice(t, change, func(o *office) { // how many there are
		actions, _ := prepare(o)
		n = len(actions)
		o.hangUpAll()
	})
	for _, order := range orders(n) {
		for _, settle := range []bool{false, true} {
			inOffice(t, change, func(o *office) {
				actions, check := prepare(o)
				for _, i := range order {
					actions[i]()
					if settle {
						synctest.Wait()
					}
				}
				time.Sleep(5 * time.Second)
				synctest.Wait()
				check()
				if t.Failed() {
					t.Logf("order %v, settle %v", order, settle)
				}
				o.hangUpAll()
			})
		}
	}
}

func TestTwoPickUpOneCall(t *testing.T) {
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a := o.outside("+31201234568")
		x := o.incoming("101")
		var p, q *sim.Call
		return []func(){
				func() { p = o.dial("103", "*8101") },
				func() { q = o.dial("104", "*8") },
			}, func() {
				if n := hearing(300, p, q); n != 1 {
					t.Errorf("%d of two who pick up hear the caller", n)
				}
				if p.State() == sim.Up && q.State() == sim.Up || p.State() != sim.Up && q.State() != sim.Up {
					t.Errorf("both or none is connected: %v, %v", p.State(), q.State())
				}
				if a.State() != sim.Up || x.State() != sim.Over || x.End() != sim.AnsweredElsewhere {
					t.Errorf("caller %v, phone that rang %v %v", a.State(), x.State(), x.End())
				}
			}
	})
}

func TestPickupWhileTheOriginalAnswers(t *testing.T) {
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a := o.outside("+31201234568")
		x := o.incoming("101")
		var p *sim.Call
		return []func(){
				func() { p = o.dial("103", "*8101") },
				func() { _ = x.Answer() },
			}, func() {
				if n := hearing(300, p, x); n != 1 || a.State() != sim.Up {
					t.Errorf("%d hear the caller, who is %v", n, a.State())
				}
				if p.State() == sim.Up && x.State() == sim.Up {
					t.Error("both are connected")
				}
			}
	})
}

func TestPickupTheCallerOrWhoPicksUpHangsUpMeanwhile(t *testing.T) {
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a := o.outside("+31201234568")
		x := o.incoming("101")
		var p *sim.Call
		return []func(){
				func() { p = o.dial("103", "*8101") },
				func() { _ = a.Hangup() },
			}, func() {
				if p.State() != sim.Over || x.State() != sim.Over || a.State() != sim.Over {
					t.Errorf("picker %v, phone %v, caller %v", p.State(), x.State(), a.State())
				}
			}
	})
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a := o.outside("+31201234568")
		x := o.incoming("101")
		p := o.dial("103", "*8101")
		return []func(){
				func() { _ = p.Hangup() },
				func() { _ = x.Answer() },
			}, func() {
				// Either it was not taken and rings on until 101 answers, or the picker had it and hung up.
				if p.State() != sim.Over || (a.State() == sim.Up) != (x.State() == sim.Up) {
					t.Errorf("picker %v, phone %v, caller %v", p.State(), x.State(), a.State())
				}
			}
	})
}

func TestTwoCallsTwoWhoPickUp(t *testing.T) {
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a, b := o.outside("+31201234568"), o.outside("+31201234568")
		o.incoming("101")
		o.incoming("101")
		var p, q *sim.Call
		return []func(){
				func() { p = o.dial("103", "*8") },
				func() { q = o.dial("104", "*8") },
			}, func() {
				// Who is too late for one call gets the other.
				if hearing(300, p) != 1 || hearing(300, q) != 1 || a.State() != sim.Up || b.State() != sim.Up {
					t.Errorf("%v %v, callers %v %v", p.State(), q.State(), a.State(), b.State())
				}
			}
	})
}

func TestFEA_PARK_01_TwoRetrieveOneCall(t *testing.T) {
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a, x := o.connected()
		o.must(x.SendDTMF(o.ctx(), "*6"))
		synctest.Wait()
		var p, q *sim.Call
		return []func(){
				func() { p = o.dial("103", "93001") },
				func() { q = o.dial("104", "93001") },
			}, func() {
				if n := hearing(300, p, q); n != 1 || a.State() != sim.Up {
					t.Errorf("%d of two who retrieve hear the caller, who is %v", n, a.State())
				}
			}
	})
}

func TestFEA_PARK_01_RetrieveAtTheTimeOut(t *testing.T) {
	for _, early := range []time.Duration{time.Millisecond, 0, -time.Millisecond} {
		inOffice(t, mayTake, func(o *office) {
			a, x := o.connected()
			began := time.Now()
			o.must(x.SendDTMF(o.ctx(), "*6"))
			time.Sleep(time.Until(began.Add(30*time.Second - early)))
			p := o.dial("103", "93001")
			time.Sleep(time.Second)
			synctest.Wait()
			if a.State() != sim.Up {
				t.Errorf("%v: the caller is %v", early, a.State())
			}
			if p.State() == sim.Up {
				o.talking(a, p, 300, 600)
			} else {
				b := o.incoming("101") // it came back
				o.must(b.Answer())
				o.talking(a, b, 300, 400)
			}
			o.must(a.Hangup())
		})
	}
}

func TestTransferAnybodyHangsUpDuringTheTransfer(t *testing.T) {
	for _, target := range []bool{true, false} {
		race(t, nil, func(o *office) ([]func(), func()) {
			gone, x := o.connected()
			y := o.dial("101", "102")
			b := o.incoming("102")
			o.must(b.Answer())
			o.talking(y, b, 400, 500)
			if target {
				gone = b
			}
			return []func(){
					func() { _ = x.ReferReplaces(y) },
					func() { _ = gone.Hangup() },
				}, func() {
					if gone.State() != sim.Over {
						t.Errorf("%v", gone.State())
					}
				}
		})
	}
}

func TestTransferSecondCallStillRings(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		a, x := o.connected()
		y := o.dial("101", "102")
		first := o.incoming("102")
		o.must(x.ReferReplaces(y))
		o.over(first)
		b := o.incoming("102")
		o.must(b.Answer())
		o.talking(a, b, 300, 500)
		o.over(x)
		o.over(y)
		o.must(b.Hangup())
		o.over(a)
	})
}

func TestTransferredCallSurvivesARestart(t *testing.T) {
	inOffice(t, mayTake, func(o *office) {
		a := o.outside("+31201234568")
		x := o.incoming("101")
		p := o.dial("103", "*8101")
		o.talking(a, p, 300, 600)
		o.over(x)
		synctest.Wait()
		o.stop()
		o.start()
		o.talking(a, p, 300, 600)
		o.must(p.Hangup())
		o.over(a)
	})
}
