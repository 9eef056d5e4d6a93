package flow_test

import (
	"testing"
	"testing/synctest"
	"time"

	"callplane/controller/engine"
	"callplane/controller/engine/sim"
	"callplane/dialplan"
)

// heard counts the voices that a call hears; -1: it is not up.
func (o *office) heard(c *sim.Call) (n int) {
	if c == nil || c.State() != sim.Up {
		return -1
	}
	for _, s := range c.Hears() {
		if s.Hz != 0 {
			n++
		}
	}
	return n
}

// consulting lets 101 talk to 102 with somebody outside on hold.
func (o *office) consulting() (a, b, c *sim.Call) {
	o.t.Helper()
	a, b = o.connected()
	o.must(b.SendDTMF(o.ctx(), "##102#"))
	c = o.incoming("102")
	o.must(c.Answer())
	o.talking(b, c, 400, 500)
	return a, b, c
}

func press(o *office, c *sim.Call, digits string) func() {
	return func() { _ = c.SendDTMF(o.ctx(), digits) }
}

func hang(c *sim.Call) func() { return func() { _ = c.Hangup() } }

// settledPair checks that of these calls either two hear each other or none is left up; nobody is alone for good.
func (o *office) settledPair(all ...*sim.Call) {
	o.t.Helper()
	up := 0
	for _, c := range all {
		if c != nil && c.State() == sim.Up {
			up++
			if o.heard(c) != 1 {
				o.t.Errorf("%s hears %v", c.Number(), c.Hears())
			}
		}
	}
	if up != 0 && up != 2 {
		o.t.Errorf("%d are up", up)
	}
}

func TestConsultationTwoOfThreeHangUp(t *testing.T) {
	for _, pick := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
		race(t, mayTake, func(o *office) ([]func(), func()) {
			a, b, c := o.consulting()
			all := []*sim.Call{a, b, c}
			return []func(){hang(all[pick[0]]), hang(all[pick[1]])}, func() {
				switch {
				case pick == [2]int{0, 2}: // 101 is left without anybody
					if b.State() != sim.Over {
						t.Errorf("101 is %v", b.State())
					}
				case pick == [2]int{1, 2}: // the party on hold may come back to 101
					if a.State() == sim.Up {
						if back := o.lastCall("101"); back == b || back.State() == sim.Over {
							t.Error("the party on hold is up with nobody")
						}
					}
				default:
					o.settledPair(a, b, c)
				}
			}
		})
	}
}

func TestConsultationKeysAndHangUps(t *testing.T) {
	for _, key := range []string{"1", "2", "3", "*#"} {
		for _, who := range []int{0, 1, 2} {
			race(t, mayTake, func(o *office) ([]func(), func()) {
				a, b, c := o.consulting()
				all := []*sim.Call{a, b, c}
				return []func(){press(o, b, key), hang(all[who])}, func() {
					switch {
					case who == 1 && b.State() == sim.Over && c.State() == sim.Over && a.State() == sim.Up:
						// 1 came first, then 101 hung up with the caller on hold: that one comes back.
						if key != "1" || o.lastCall("101") == b {
							t.Errorf("key %s: the caller is alone", key)
						}
					case who == 2 && (key == "1" || key == "2" || key == "3") && a.State() == sim.Up && b.State() == sim.Up:
						// Whatever came first, the caller is on hold or talks.
						if o.heard(a) == 1 && o.heard(b) == 1 {
							return
						}
						o.must(b.SendDTMF(o.ctx(), "*#"))
						o.talking(a, b, 300, 400)
					case who == 0 && key == "1" && b.State() == sim.Over:
					default:
						o.settledPair(a, b, c)
					}
				}
			})
		}
	}
}

func TestConsultingPartyHangsUpWhileItRings(t *testing.T) {
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a, b := o.connected()
		o.must(b.SendDTMF(o.ctx(), "##102#"))
		c := o.incoming("102")
		return []func(){hang(b), func() { _ = c.Answer() }}, func() {
			if last := o.lastCall("102"); last != c {
				_ = last.Answer() // it rings anew for the caller
				synctest.Wait()
				time.Sleep(time.Second)
				c = last
			}
			if b.State() != sim.Over || a.State() != sim.Up || c.State() != sim.Up {
				t.Errorf("101 %v, caller %v, 102 %v", b.State(), a.State(), c.State())
			}
			o.settledPair(a, c)
		}
	})
	// The one who is rung gives up, the key to end it, and the one on hold, in every order.
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a, b := o.connected()
		o.must(b.SendDTMF(o.ctx(), "##102#"))
		c := o.incoming("102")
		return []func(){press(o, b, "*#"), func() { _ = c.Answer() }, hang(a)}, func() {
			if a.State() != sim.Over {
				t.Errorf("the caller is %v", a.State())
			}
			o.settledPair(b, c)
		}
	})
}

// The engine may not find the leg of who hangs up any more before it tells the hang-up.
func TestConsultingPartyHangsUpWhileItHearsSomething(t *testing.T) {
	for _, hangs := range []bool{true, false} {
		inOffice(t, mayTake, func(o *office) {
			a, b := o.connected()
			o.must(b.SendDTMF(o.ctx(), "##"))
			time.Sleep(time.Second)
			synctest.Wait()
			o.world.Fail(sim.Fault{Op: "Play", Err: engine.ErrNoLeg})
			o.must(b.SendDTMF(o.ctx(), "300#"))
			time.Sleep(100 * time.Millisecond)
			if hangs {
				o.must(b.Hangup())
				o.hears(a, "ivr.choose")
				o.must(a.Hangup())
				return
			}
			time.Sleep(2 * time.Second)
			o.must(b.SendDTMF(o.ctx(), "*#"))
			o.talking(a, b, 300, 400)
			o.must(a.Hangup())
			o.over(b)
		})
	}
}

func TestReferAndFeatureCodeAtOnce(t *testing.T) {
	for _, code := range []string{"##", "##*103#", "##103#", "*6"} {
		race(t, mayTake, func(o *office) ([]func(), func()) {
			a, b := o.connected()
			return []func(){press(o, b, code), func() { _ = b.Refer("102") }}, func() {
				if a.State() != sim.Up || b.State() != sim.Over {
					t.Errorf("code %s: caller %v, 101 %v", code, a.State(), b.State())
				}
			}
		})
	}
	// Attended, by the phone, with the consultation by code.
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a, b := o.connected()
		y := o.dial("101", "102")
		c := o.incoming("102")
		o.must(c.Answer())
		o.talking(y, c, 400, 500)
		return []func(){press(o, b, "##"), func() { _ = b.ReferReplaces(y) }}, func() {
			if b.State() != sim.Over || y.State() != sim.Over {
				t.Errorf("101 is %v and %v", b.State(), y.State())
			}
			o.settledPair(a, c)
		}
	})
}

func TestTransfersWithinAConsultation(t *testing.T) {
	inOffice(t, mayTake, func(o *office) {
		a, b, c := o.consulting()
		o.must(b.Refer("103")) // sends 102 there; who is on hold comes back to 101
		d := o.incoming("103")
		o.must(d.Answer())
		o.talking(c, d, 500, 600)
		e := o.incoming("101")
		o.must(e.Answer())
		o.talking(a, e, 300, 400)
		o.must(d.Hangup())
		o.over(c)
		o.must(e.Hangup())
		o.over(a)
	})
	inOffice(t, mayTake, func(o *office) {
		a, b, c := o.consulting()
		o.must(c.Refer("103")) // 102 sends 101 there
		d := o.incoming("103")
		o.must(d.Answer())
		o.talking(b, d, 400, 600)
		o.must(b.Hangup())
		o.talking(a, d, 300, 600)
		o.must(a.Hangup())
		o.over(c)
		o.over(d)
	})
	inOffice(t, mayTake, func(o *office) {
		a, b, c := o.consulting()
		y := o.dial("101", "103")
		d := o.incoming("103")
		o.must(d.Answer())
		o.talking(y, d, 400, 600)
		o.must(y.ReferReplaces(b)) // 103 with 102; who is on hold comes back
		o.talking(c, d, 500, 600)
		e := o.incoming("101")
		o.must(e.Answer())
		o.talking(a, e, 300, 400)
		o.must(e.Hangup())
		o.over(a)
		o.must(d.Hangup())
		o.over(c)
	})
	inOffice(t, mayTake, func(o *office) {
		_, b, c := o.consulting()
		o.must(b.SendDTMF(o.ctx(), "2"))
		synctest.Wait()
		o.must(b.Refer("103")) // the one it talks to now
		d := o.incoming("103")
		o.over(c)
		o.must(d.Answer())
		synctest.Wait()
		o.must(d.Hangup())
	})
}

func TestConsultedPartyIsPickedUp(t *testing.T) {
	inOffice(t, mayTake, func(o *office) {
		a, b := o.connected()
		o.must(b.SendDTMF(o.ctx(), "##102#"))
		c := o.incoming("102")
		p := o.dial("103", "*8102")
		o.talking(b, p, 400, 600)
		o.over(c)
		o.must(b.Hangup())
		o.talking(a, p, 300, 600)
		o.must(p.Hangup())
		o.over(a)
	})
}

// mayListen lets 103 listen to 101, who has a second phone.
func mayListen(a *dialplan.Account) {
	mayTake(a)
	a.User("101").Privacy[0].Listen = true
}

func TestListenAnybodyHangsUp(t *testing.T) {
	for _, first := range []int{0, 1} {
		race(t, mayListen, func(o *office) ([]func(), func()) {
			a, b := o.connected()
			s := o.dial("103", "906101")
			o.must(s.WaitHears(o.ctx(), sim.Sound{Hz: 300}, sim.Sound{Hz: 400}))
			other := []*sim.Call{a, b}[first]
			return []func(){hang(s), hang(other), press(o, s, "2")}, func() {
				if a.State() != sim.Over || b.State() != sim.Over || s.State() != sim.Over {
					t.Errorf("caller %v, agent %v, supervisor %v", a.State(), b.State(), s.State())
				}
			}
		})
	}
	race(t, mayListen, func(o *office) ([]func(), func()) {
		a := o.outside("+31201234568")
		b := o.incoming("101")
		var s *sim.Call
		return []func(){
				func() { s = o.dial("103", "906101") },
				func() { _ = b.Answer() },
				hang(a),
			}, func() {
				if s.State() != sim.Up || a.State() != sim.Over {
					t.Errorf("supervisor %v, caller %v", s.State(), a.State())
				}
				if now := s.Hears(); len(now) != 1 || now[0].Hz != 0 {
					t.Errorf("the supervisor hears %v, no music", now)
				}
			}
	})
}

func TestSwitchOfPhonesWhileTheOtherPartyHangsUp(t *testing.T) {
	for _, who := range []int{0, 1} {
		race(t, mayTake, func(o *office) ([]func(), func()) {
			a, b := o.connected()
			var n *sim.Call
			return []func(){
					func() { n = o.dial("101", "*9") },
					hang([]*sim.Call{a, b}[who]),
				}, func() {
					if b.State() != sim.Over {
						t.Errorf("the first phone is %v", b.State())
					}
					if (a.State() == sim.Up) != (n.State() == sim.Up) {
						t.Errorf("caller %v, second phone %v", a.State(), n.State())
					}
				}
		})
	}
	// Two phones at once.
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a, b := o.connected()
		var n, m *sim.Call
		return []func(){
				func() { n = o.dial("101", "*9") },
				func() { m = o.dial("101", "909") },
			}, func() {
				if got := hearing(300, n, m); got != 1 || a.State() != sim.Up || b.State() != sim.Over {
					t.Errorf("%d hear the caller, who is %v; first phone %v", got, a.State(), b.State())
				}
			}
	})
}

func TestFEA_PARK_01_ParkerHangsUpFirst(t *testing.T) {
	race(t, mayTake, func(o *office) ([]func(), func()) {
		a, b := o.connected()
		return []func(){press(o, b, "*6"), hang(b)}, func() {
			if b.State() != sim.Over {
				t.Errorf("the parker is %v", b.State())
			}
			if a.State() == sim.Up {
				p := o.dial("103", "93001")
				o.talking(a, p, 300, 600)
			}
		}
	})
}
