package flow_test

import (
	"testing"
	"time"

	"callplane/controller/engine/sim"
	"callplane/dialplan"
)

func ext(n string) []dialplan.Destination { return []dialplan.Destination{{Extension: n}} }

func TestInternalCall(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		a := o.phones["101"].Dial("102")
		b := o.incoming("102")
		o.must(a.Wait(o.ctx(), sim.Ringing))
		if d := b.Display(); d.Name != "Ann" || d.Number != "101" {
			t.Errorf("102 shows %+v", d)
		}
		o.must(b.Answer())
		o.talking(a, b, 400, 500)
		o.must(a.Hangup())
		o.over(b)
		if r := o.record(); r.Cause != "normal" || r.Answered.IsZero() || len(r.Legs) != 2 || r.Direction != "internal" {
			t.Errorf("record %+v", r)
		}
	})
}

func TestMenuToPerson(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		a := o.outside("+31201234567")
		o.must(a.Wait(o.ctx(), sim.Up))
		o.must(a.WaitHears(o.ctx(), sim.Sound{File: o.prompt("ivr.choose", "en")}))
		o.must(a.SendDTMF(o.ctx(), "1"))
		b := o.incoming("101")
		if d := b.Display(); d.Name != "Acme Sales 0612345678" || d.Number != "0612345678" {
			t.Errorf("101 shows %+v", d)
		}
		o.must(a.WaitHears(o.ctx(), sim.Sound{Tone: 1}))
		o.must(b.Answer())
		o.talking(a, b, 300, 400)
		o.must(b.Hangup())
		o.over(a)
	})
}

func TestOptionThatBeginsALongerOne(t *testing.T) {
	for digits, want := range map[string]string{"22": "102", "2#": "103", "2": "103"} {
		inOffice(t, nil, func(o *office) {
			a := o.outside("+31201234567")
			o.must(a.Wait(o.ctx(), sim.Up))
			begin := time.Now()
			o.must(a.SendDTMF(o.ctx(), digits))
			b := o.incoming(want)
			took := time.Since(begin)
			if wait := digits == "2"; wait != (took >= 3*time.Second) {
				t.Errorf("%s: took %v", digits, took)
			}
			o.must(b.Answer())
			o.talking(a, b, 300, 400+100*int(want[2]-'1'))
			o.must(a.Hangup())
		})
	}
}

func TestMenuWithoutInput(t *testing.T) {
	inOffice(t, func(a *dialplan.Account) {
		a.Extensions["300"].Config.(*dialplan.IVR).Fallback = dialplan.Destination{Extension: "103"}
	}, func(o *office) {
		a := o.outside("+31201234567")
		o.must(a.Wait(o.ctx(), sim.Up))
		o.must(a.SendDTMF(o.ctx(), "7"))
		b := o.incoming("103")
		o.must(b.Answer())
		o.talking(a, b, 300, 600)
		o.must(a.Hangup())
		o.traced("is no option")
		o.traced("fallback 103")
	})
}

func TestMenuLoopIsCut(t *testing.T) {
	inOffice(t, func(a *dialplan.Account) {
		a.Extensions["300"].Config.(*dialplan.IVR).Fallback = dialplan.Destination{Extension: "300"}
	}, func(o *office) {
		a := o.outside("+31201234567")
		ctx := o.t.Context()
		o.must(a.Wait(ctx, sim.Over))
		o.traced("without end")
	})
}

func TestForwardLoopIsCut(t *testing.T) {
	inOffice(t, func(a *dialplan.Account) {
		a.User("101").Forwards.Always = ext("102")
		a.User("102").Forwards.Always = ext("101")
	}, func(o *office) {
		a := o.outside("+31201234568")
		o.over(a)
		if a.Status() != 482 {
			t.Errorf("status %d", a.Status())
		}
		o.traced("without end")
	})
}

func TestGroupFirstAnswerWins(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		a := o.phones["104"].Dial("200")
		b, c, d := o.incoming("101"), o.incoming("102"), o.incoming("103")
		o.must(c.Answer())
		o.talking(a, c, 700, 500)
		o.over(b)
		o.over(d)
		if b.End() != sim.AnsweredElsewhere || d.End() != sim.AnsweredElsewhere {
			t.Errorf("losers ended %v and %v", b.End(), d.End())
		}
		o.must(c.Hangup())
		o.over(a)
	})
}

func TestMissesAreToldApart(t *testing.T) {
	cases := []struct {
		name string
		make func(o *office)
		want string // extension that the forward rings
	}{
		{"busy", func(o *office) { o.must(o.take("101").Reject(486)) }, "102"},
		{"rejected", func(o *office) { o.must(o.take("101").Reject(603)) }, "103"},
		{"no answer", func(o *office) { o.take("101") }, "104"},
		{"unreachable", nil, "105"},
	}
	for _, tc := range cases {
		t.Run("EXT-USR-05/"+tc.name, func(t *testing.T) {
			inOffice(t, func(a *dialplan.Account) {
				ch := &dialplan.Channel{ID: 9, Name: "ch105", Password: "x", Enabled: true, CallLimit: 1, User: "105"}
				a.Channels[ch.Name] = ch
				a.Extensions["105"] = &dialplan.Extension{Number: "105", Name: "Eve", Config: &dialplan.User{Devices: []*dialplan.Channel{ch}}}
				a.User("101").Forwards = dialplan.Forwards{Busy: ext("102"), Rejected: ext("103"), NoAnswer: ext("104"), Unreachable: ext("105")}
			}, func(o *office) {
				if tc.make == nil {
					o.must(o.phones["101"].Unregister())
				}
				a := o.outside("+31201234568")
				if tc.make != nil {
					tc.make(o)
				}
				b := o.incoming(tc.want)
				o.must(b.Answer())
				o.must(a.Wait(o.ctx(), sim.Up))
				o.must(a.Hangup())
				o.over(b)
			})
		})
	}
}

// take is incoming for when the call is only to be refused or left alone.
func (o *office) take(ext string) *sim.Call { return o.incoming(ext) }

func TestBusyUserIsNotOfferedASecondCall(t *testing.T) {
	inOffice(t, func(a *dialplan.Account) { a.User("101").OfferSecondCall = false }, func(o *office) {
		a := o.phones["101"].Dial("102")
		b := o.incoming("102")
		o.must(b.Answer())
		o.talking(a, b, 400, 500)
		c := o.outside("+31201234568")
		o.over(c)
		if c.Status() != 486 {
			t.Errorf("status %d", c.Status())
		}
		o.must(a.Hangup())
		o.over(b)
	})
}

func TestCarrierFailover(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		second := o.world.Phone(sim.PhoneConfig{Carrier: true, Host: "second.invalid", Hz: 350})
		a := o.phones["101"].Dial("0612345678")
		x, err := o.carrier.Incoming(o.ctx())
		o.must(err)
		if x.Number() != "+31612345678" {
			t.Errorf("first carrier got %s", x.Number())
		}
		o.must(x.Reject(503))
		y, err := second.Incoming(o.ctx())
		o.must(err)
		if y.Number() != "0612345678" || y.Display().Number != "0201234567" {
			t.Errorf("second carrier got %s from %+v", y.Number(), y.Display())
		}
		o.must(y.Answer())
		o.talking(a, y, 400, 350)
		o.must(a.Hangup())
		o.over(y)
	})
}

func TestEmergencyIsNeverRefused(t *testing.T) {
	inOffice(t, func(a *dialplan.Account) {
		a.Enabled = false
		a.CallLimit = 1
		a.Channels["ch101"].User = ""
	}, func(o *office) {
		a := o.phones["101"].Dial("112")
		x, err := o.carrier.Incoming(o.ctx())
		o.must(err)
		if x.Number() != "112" || x.Display().Number != "+31201234560" {
			t.Errorf("emergency centre got %s from %+v", x.Number(), x.Display())
		}
		o.must(x.Answer())
		o.talking(a, x, 400, 300)
		o.must(x.Hangup())
		o.over(a)
	})
}

func TestCallerGivesUpWhileRinging(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		a := o.outside("+31201234568")
		b := o.incoming("101")
		o.must(a.Hangup())
		o.over(b)
		if b.End() != sim.Missed {
			t.Errorf("callee ended %v", b.End())
		}
		if r := o.record(); r.Cause != "cancelled" {
			t.Errorf("cause %s", r.Cause)
		}
	})
}

func TestAnswerCrossesCancel(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		a := o.outside("+31201234568")
		b := o.incoming("101")
		b.CrossCancel()
		o.must(a.Hangup())
		o.over(b)
	})
}

func TestRedirection(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		a := o.outside("+31201234568")
		o.must(o.take("101").Redirect("sip:103@" + domain))
		b := o.incoming("103")
		o.must(b.Answer())
		o.talking(a, b, 300, 600)
		o.must(b.Hangup())
		o.over(a)
	})
}

func TestRestartKeepsConversationsAndMenus(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		a := o.phones["101"].Dial("102")
		b := o.incoming("102")
		o.must(b.Answer())
		o.talking(a, b, 400, 500)
		m := o.outside("+31201234567")
		o.must(m.WaitHears(o.ctx(), sim.Sound{File: o.prompt("ivr.choose", "en")}))
		r := o.phones["104"].Dial("103")
		ringing := o.incoming("103")

		o.stop()
		o.start()
		o.talking(a, b, 400, 500)
		o.over(ringing)
		again := o.incoming("103")
		o.must(m.WaitHears(o.ctx(), sim.Sound{File: o.prompt("ivr.choose", "en")}))
		o.must(again.Answer())
		o.talking(r, again, 700, 600)
		o.must(a.Hangup())
		o.over(b)
		o.must(m.SendDTMF(o.ctx(), "1"))
		p := o.incoming("101")
		o.must(p.Answer())
		o.talking(m, p, 300, 400)
		o.must(p.Hangup())
		o.over(m)
		o.must(r.Hangup())
		o.over(again)
	})
}

func TestBlindTransferByPhone(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		a, b := o.connected()
		o.must(b.Refer("103"))
		c := o.incoming("103")
		o.must(c.Answer())
		o.talking(a, c, 300, 600)
		o.over(b)
		o.must(a.Hangup())
		o.over(c)
	})
}

// A member whose calls all go to the group itself rings nowhere, and does not bring the controller down.
func TestEXT_GRP_02_MemberForwardsToItsGroup(t *testing.T) {
	change := func(a *dialplan.Account) {
		a.Extensions["200"].Config.(*dialplan.Group).AllowMemberForwards = true
		a.User("101").Forwards.Always = []dialplan.Destination{{Extension: "200"}}
		a.User("103").Forwards.Busy = []dialplan.Destination{{Extension: "200"}, {Extension: "200"}}
	}
	inOffice(t, change, func(o *office) {
		caller := o.dial("104", "200")
		if _, err := o.phones["102"].Incoming(o.t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := caller.Hangup(); err != nil {
			t.Error(err)
		}
	})
}
