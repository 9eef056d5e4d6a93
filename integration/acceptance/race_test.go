package acceptance

import (
	"context"
	"sync"
	"time"

	"callplane/dialplan"
	"callplane/integration/conformance"
)

// atOnce does everything at the same time; what fails because something else was first is no matter.
func (o *Office) atOnce(actions ...func(context.Context) error) {
	o.Helper()
	ctx, cancel := context.WithTimeout(o.ctx, stepTime)
	defer cancel()
	var wg sync.WaitGroup
	for _, f := range actions {
		wg.Go(func() { _ = f(ctx) })
	}
	wg.Wait()
}

// everybodyHangs ends what is left and waits for it.
func (o *Office) everybodyHangs(all ...*Party) {
	o.Helper()
	for _, p := range all {
		if p.call.End() == conformance.NotEnded {
			o.do(p.name+" hangs up", func(ctx context.Context) error {
				_ = p.call.Hangup(ctx) // it may have ended meanwhile
				return nil
			})
		}
	}
	for _, p := range all {
		p.Ended()
	}
	o.until("every phone is free", func() bool {
		for ch := range o.Account.Channels {
			if o.b.runtime.Live(o.Account.ID).Use(ch) > 0 {
				return false
			}
		}
		return true
	})
}

// hearsSoon tells whether exactly this is heard within a moment.
func (p *Party) hearsSoon(hz ...int) bool {
	ctx, cancel := context.WithTimeout(p.o.ctx, 4*time.Second)
	defer cancel()
	return p.call.Hears(ctx, hz...) == nil
}

// twoHangUp lets two of a consultation hang up at once: one of held, holding and consulted party and the next.
func twoHangUp(who string, first int) testCase {
	return testCase{name: "fea-xfer-02_race_" + who + "_hang_up", run: func(o *Office) {
		o.Open("101", "102")
		a, b, c := o.consulting()
		all := []*Party{a, b, c}
		if first == 1 {
			b.Presses("3")
			o.TalkTogether(a, b, c)
		}
		o.atOnce(all[first].call.Hangup, all[(first+1)%3].call.Hangup)
		all[first].Ended()
		all[(first+1)%3].Ended()
		o.everybodyHangs(a, b, c)
	}}
}

// raceCases are those of the issue that need an engine's own timing; every order of them is tried with the simulated one in
// controller/flow. Whatever comes first, the end is defined and no channel is left (which the office and the end of the run see).
func raceCases() []testCase {
	all := dialplan.PrivacyRights{Pickup: true, ParkRetrieve: true, Listen: true}
	answered := func(o *Office) (a, b *Party) {
		a = o.Outside(2)
		b = a.Reaches("101")
		return a, b
	}
	return []testCase{
		{name: "fea-pick-01_race_two_pick_up_while_the_phone_answers", run: func(o *Office) {
			o.Grant("102", "101", all)
			o.Grant("103", "101", all)
			o.Open("101", "102", "103")
			for range 3 {
				a := o.Outside(2)
				x := o.Offered("101")
				p, q := o.Dial("102", "*8101"), o.Dial("103", "*8")
				o.atOnce(x.call.Answer)
				n := 0
				for _, y := range []*Party{p, q, x} {
					if y.hearsSoon(a.hz) {
						n++
					}
				}
				if n != 1 {
					o.Errorf("%d hear the caller", n)
				}
				o.everybodyHangs(a, p, q, x)
			}
		}},
		{name: "fea-xfer-02_race_the_target_hangs_up_during_the_transfer", run: func(o *Office) {
			o.Open("101", "102")
			a, b := answered(o)
			b2 := o.Dial("101", "102")
			c := b2.Reaches("102")
			o.atOnce(func(ctx context.Context) error { return b.call.ReferReplaces(ctx, b2.call) }, c.call.Hangup)
			c.Ended() // it may be rung anew
			o.everybodyHangs(a, b, b2, c)
		}},
		{name: "fea-xfer-02_race_the_consulting_party_hangs_up_as_the_other_answers", run: func(o *Office) {
			o.Open("101", "102")
			for range 2 {
				a, b := o.held()
				b.Presses("102#")
				c := o.Offered("102")
				o.atOnce(b.call.Hangup, c.call.Answer)
				b.Ended()
				if !a.hearsSoon(c.hz) { // it rings anew
					c = a.Reaches("102")
				}
				o.everybodyHangs(a, b, c)
			}
		}},
		twoHangUp("the_held_and_the_holder", 0), twoHangUp("the_holder_and_the_consulted", 1), twoHangUp("the_consulted_and_the_held", 2),
		{name: "fea-xfer-01_race_refer_and_feature_code", run: func(o *Office) {
			o.Open("101", "102")
			for range 2 {
				a, b := answered(o)
				o.atOnce(func(ctx context.Context) error { return b.call.SendDTMF(ctx, "##") },
					func(ctx context.Context) error { return b.call.Refer(ctx, "102") })
				b.Ended()
				c := a.Reaches("102")
				o.everybodyHangs(a, b, c)
			}
		}},
		{name: "fea-listen-01_race_supervisor_and_agent_hang_up", run: func(o *Office) {
			o.Grant("103", "101", all)
			o.Open("101", "103")
			for range 2 {
				a, b := answered(o)
				s := o.Dial("103", "906101")
				s.Hears(a.hz, b.hz)
				o.atOnce(s.call.Hangup, b.call.Hangup, func(ctx context.Context) error { return s.call.SendDTMF(ctx, "2") })
				o.everybodyHangs(a, b, s)
			}
		}},
		{name: "fea-park-01_race_the_parker_hangs_up_first", run: func(o *Office) {
			o.User("101").Permissions.Parking = true
			o.Grant("102", "101", all)
			o.Open("101", "102")
			for range 2 {
				a, b := answered(o)
				b.Presses("*6")
				o.atOnce(b.call.Hangup)
				b.Ended()
				if a.hearsSoon(musicHz) {
					c := o.Dial("102", "93001")
					a.TalksTo(c)
					o.everybodyHangs(c)
				}
				o.everybodyHangs(a, b)
			}
		}},
		{name: "fea-switch-01_race_the_other_party_hangs_up", run: func(o *Office) {
			o.AddChannel("101", "m")
			o.Open("101", "101m")
			for range 2 {
				a := o.Outside(2)
				b, m := o.Offered("101"), o.Offered("101m")
				b.Answers()
				m.EndedElsewhere()
				a.TalksTo(b)
				n := o.Dial("101m", "*9")
				o.atOnce(a.call.Hangup)
				a.Ended()
				b.Ended()
				o.everybodyHangs(a, b, n)
			}
		}},
		{name: "fac-rec-01_race_recording_stop_at_hang_up", run: func(o *Office) {
			o.Account.Recording.Assistant = true
			o.User("101").Assistant = dialplan.AssistantAutomatic
			o.Open("101")
			for i := range 3 {
				a, b := answered(o)
				o.talkFor(long)
				all := []*Party{a, b}
				o.atOnce(func(ctx context.Context) error { return b.call.SendDTMF(ctx, "*5") }, all[i%2].call.Hangup)
				a.Ended()
				b.Ended()
				o.Recordings(i + 1)[i].Holds([]int{b.hz}, []int{a.hz})
				o.everybodyHangs(a, b)
			}
			o.RecordingsOver()
		}},
		{name: "ext-usr_race_answer_and_hang_up_at_once", run: func(o *Office) {
			o.Open("101")
			for range 3 {
				a := o.Outside(2)
				b := o.Offered("101")
				o.atOnce(a.call.Hangup, b.call.Answer)
				a.Ended()
				b.Ended()
				o.everybodyHangs(a, b)
			}
		}},
	}
}
