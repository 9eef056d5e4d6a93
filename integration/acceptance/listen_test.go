package acceptance

import (
	"time"

	"callplane/controller/engine"
	"callplane/dialplan"
)

func listenCases() []testCase {
	hear := dialplan.PrivacyRights{Listen: true}
	return []testCase{
		{name: "FEA-LISTEN-01_SYS-906_the_active_call_is_joined_and_1_2_change_the_mode", run: func(o *Office) {
			o.Grant("103", "101", hear)
			o.Open("101", "103")
			a := o.Outside(2)
			b := a.Reaches("101")
			var s *Party
			b.Alone(promptTones()["listen.notice"], a, func() {
				s = o.Dial("103", "906101")
				s.Answered()
			})
			s.Hears(a.hz, b.hz)
			a.TalksTo(b)
			s.Presses("2")
			b.Hears(a.hz, s.hz)
			a.Hears(b.hz)
			s.Hears(a.hz, b.hz)
			s.Presses("1")
			b.Hears(a.hz)
			a.Hears(b.hz)
			s.Hears(a.hz, b.hz)
			s.Hangs()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "FEA-LISTEN-01_SYS-906_music_until_the_agents_next_call", run: func(o *Office) {
			o.Grant("103", "101", hear)
			o.Open("101", "102", "103")
			s := o.Dial("103", "906")
			s.HearsPrompt("listen.ask")
			s.Presses("101")
			s.Hears(musicHz)
			for range 2 {
				a := o.Dial("102", "101")
				b := o.Offered("101")
				b.Answers()
				b.HearsAmid("listen.notice", a)
				s.Hears(a.hz, b.hz)
				a.TalksTo(b)
				a.HungUpBoth(b)
				s.Hears(musicHz)
			}
			s.Hangs()
		}},
		{name: "FEA-LISTEN-01_SYS-906_3_goes_to_the_agents_next_call", run: func(o *Office) {
			o.Grant("103", "101", hear)
			o.Open("101", "102", "103")
			a := o.Outside(2)
			b := a.Reaches("101")
			s := o.Dial("103", "906101")
			s.Answered()
			s.Hears(a.hz, b.hz)
			s.Presses("3")
			s.Hears(a.hz, b.hz) // there is no other
			b.Holds()
			c := o.Dial("102", "101")
			b2 := c.Reaches("101")
			s.Presses("3")
			b2.HearsAmid("listen.notice", c)
			s.Hears(c.hz, b2.hz)
			c.HungUpBoth(b2)
			b.Unholds()
			b.HearsAmid("listen.notice", a)
			s.Hears(a.hz, b.hz)
			a.HungUpBoth(b)
			s.Hears(musicHz)
			s.Hangs()
		}},
		{name: "FEA-LISTEN-01_SYS-906_only_with_the_right", run: func(o *Office) {
			o.Grant("103", "102", hear)
			o.Grant("103", "101", dialplan.PrivacyRights{Pickup: true, BLF: true})
			o.Open("101", "103")
			o.Dial("103", "906101").EndedWith(403)
			s := o.Dial("103", "906")
			s.HearsPrompt("listen.ask")
			s.Presses("101")
			s.HearsPrompt("call.not_allowed")
			s.Ended()
		}},
		{name: "fea-listen-01_restart_while_listening", alone: true, run: func(o *Office) {
			o.Grant("103", "101", hear)
			o.Open("101", "103")
			a := o.Outside(2)
			b := a.Reaches("101")
			s := o.Dial("103", "906101")
			s.Answered()
			s.Hears(a.hz, b.hz)
			s.Presses("2")
			b.Hears(a.hz, s.hz)
			o.restart()
			// It begins anew: nobody is spoken to who does not know it.
			b.Hears(a.hz)
			a.Hears(b.hz)
			s.Hears(a.hz, b.hz)
			s.Presses("2")
			b.Hears(a.hz, s.hz)
			a.HungUpBoth(b)
			s.Hears(musicHz)
			o.restart()
			s.Hears(musicHz)
			s.Hangs()
		}},
		{name: "FEA-SWITCH-01_SYS-909_the_conversation_goes_on_at_another_phone", run: func(o *Office) {
			o.AddChannel("101", "m")
			o.Open("101", "101m", "102")
			a := o.OutsideFrom(2, engine.Identity{Number: "+31612345678"})
			b, m := o.Offered("101"), o.Offered("101m")
			b.Answers()
			m.EndedElsewhere()
			a.TalksTo(b)
			began := time.Now()
			n := o.Moves("101m", "909")
			a.TalksTo(n)
			if d := time.Since(began); d > switchTime {
				o.Errorf("%v from dialling to the voice at the far end", d)
			}
			b.Ended()
			n.Shows("0612345678", "0612345678")
			b = o.Moves("101", "*9")
			a.TalksTo(b)
			n.Ended()
			a.HungUpBoth(b)

			b = o.Dial("101", "102")
			c := b.Reaches("102")
			n = o.Moves("101m", "*9")
			n.TalksTo(c)
			b.Ended()
			n.HungUpBoth(c)
			o.Dial("101", "909").EndedWith(404)
		}},
		{name: "FEA-SWITCH-01_SYS-909_FEA-XFER-02_while_a_third_party_is_consulted", run: func(o *Office) {
			o.AddChannel("101", "m")
			o.AddChannel("102", "m")
			o.Open("101", "101m", "102", "102m")
			a, b, c := o.consulting()
			n := o.Dial("102m", "*9") // who is consulted
			b.TalksTo(n)
			c.Ended()
			a.Hears(musicHz)
			m := o.Dial("101m", "909") // who consults
			m.TalksTo(n)
			b.Ended()
			a.Hears(musicHz)
			m.Presses("2")
			a.TalksTo(m)
			n.Hears(musicHz)
			c = o.Dial("102", "*9") // on hold
			c.Hears(musicHz)
			n.Ended()
			a.TalksTo(m)
			b = o.Dial("101", "*9") // while talking to the one who was on hold
			a.TalksTo(b)
			m.Ended()
			c.Hears(musicHz)
			b.Presses("3")
			o.TalkTogether(a, b, c)
			n = o.Dial("102m", "*9")
			o.TalkTogether(a, b, n)
			c.Ended()
			b.Hangs()
			a.TalksTo(n)
			a.HungUpBoth(n)
			o.Record(1)
		}},
		{name: "FEA-SWITCH-01_SYS-909_nobody_elses", run: func(o *Office) {
			o.AddChannel("101", "m")
			o.Open("101", "102", "103")
			b := o.Dial("101", "102")
			c := b.Reaches("102")
			o.Dial("103", "909").EndedWith(404)
			b.TalksTo(c)
			b.HungUpBoth(c)
		}},
	}
}

// switchTime is more than the dialling, the answer and the ear of a test take together; the gap that the far end hears is a part of it.
const switchTime = 3 * time.Second

// Moves takes the conversation of user 101 to a phone, as soon as the controller knows of it: who hears each other does
// so a moment sooner.
func (o *Office) Moves(phone, code string) *Party {
	o.Helper()
	o.until("the conversation of 101", func() bool { return len(o.b.runtime.Live(o.Account.ID).Conversations("101")) == 1 })
	return o.Dial(phone, code)
}
