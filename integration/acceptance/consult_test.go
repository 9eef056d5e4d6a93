package acceptance

import (
	"context"
	"time"

	"callplane/dialplan"
)

// held lets somebody outside call 101, who puts the caller on hold by ##.
func (o *Office) held() (a, b *Party) {
	o.Helper()
	a = o.Outside(2)
	b = a.Reaches("101")
	b.Presses("##")
	a.Hears(musicHz)
	b.Hears()
	return a, b
}

// consulting lets 101, who has the caller on hold, talk to 102.
func (o *Office) consulting() (a, b, c *Party) {
	o.Helper()
	a, b = o.held()
	b.Presses("102#")
	c = o.Offered("102")
	c.Shows("Ann", "101")
	c.Answers()
	b.TalksTo(c)
	a.Hears(musicHz)
	return a, b, c
}

func consultCases() []testCase {
	return []testCase{
		{name: "FEA-XFER-02_FEA-XFER-03_SYS-STAR_hanging_up_connects_the_other_two", run: func(o *Office) {
			o.Open("101", "102")
			a, b, c := o.consulting()
			b.Hangs()
			a.TalksTo(c)
			c.Shows("0612345678", "0612345678")
			a.HungUpBoth(c)
			if r := o.Record(1); r.Cause != "normal" || len(r.Legs) != 3 {
				o.Errorf("record %+v", r)
			}
		}},
		{name: "FEA-XFER-02_FEA-XFER-03_on_an_outbound_and_on_an_internal_call", run: func(o *Office) {
			o.Open("101", "102", "103")
			a := o.Dial("101", "0612345679")
			b := o.OfferedTo("main")
			b.Answers()
			a.TalksTo(b)
			a.Presses("##102#")
			b.Hears(musicHz)
			c := a.Reaches("102")
			a.Hangs()
			b.TalksTo(c)
			c.HungUpBoth(b)

			a = o.Dial("101", "102")
			c = a.Reaches("102")
			a.Presses("##0612345679#")
			c.Hears(musicHz)
			b = o.OfferedTo("main")
			b.Answers()
			a.TalksTo(b)
			a.Hangs()
			b.TalksTo(c)
			c.HungUpBoth(b)

			a = o.Dial("101", "102")
			c = a.Reaches("102")
			c.Presses("##103#")
			b = o.Offered("103")
			b.Answers()
			b.TalksTo(c)
			a.Hears(musicHz)
			c.Hangs()
			b.TalksTo(a)
			b.Shows("Ann", "101")
			a.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_SYS-STAR_hold_and_retrieve", run: func(o *Office) {
			o.Open("101", "102")
			a, b := o.held()
			b.Presses("*#")
			a.TalksTo(b)
			b.Presses("##")
			a.Hears(musicHz)
			b.Presses("*") // and a while nothing
			a.TalksTo(b)
			a.Presses("##") // somebody outside may not
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_while_it_rings_1_ends_it_and_star_hash_takes_back", run: func(o *Office) {
			o.Open("101", "102")
			a, b := o.held()
			b.Presses("102#")
			c := o.Offered("102")
			a.Hears(musicHz)
			b.Presses("1")
			c.Missed()
			a.Hears(musicHz)
			b.Hears()
			b.Presses("102#")
			c = o.Offered("102")
			b.Presses("*#")
			c.Missed()
			a.TalksTo(b)
			b.Shows("0612345678", "0612345678")
			a.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_after_the_answer_1_ends_it_and_the_other_stays_on_hold", run: func(o *Office) {
			o.Open("101", "102", "103")
			a, b, c := o.consulting()
			b.Presses("1")
			c.Ended()
			b.Hears()
			a.Hears(musicHz)
			b.Presses("103#")
			c = b.Reaches("103")
			c.Hangs()
			a.Hears(musicHz)
			b.Presses("*#")
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_2_toggles", run: func(o *Office) {
			o.Open("101", "102")
			a, b, c := o.consulting()
			for range 2 {
				b.Presses("2")
				a.TalksTo(b)
				c.Hears(musicHz)
				b.Presses("2")
				b.TalksTo(c)
				a.Hears(musicHz)
			}
			b.Presses("2")
			a.TalksTo(b)
			b.Presses("1")
			c.Ended()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_3_merges_and_hanging_up_leaves_the_other_two", run: func(o *Office) {
			o.Open("101", "102")
			a, b, c := o.consulting()
			b.Presses("3")
			o.TalkTogether(a, b, c)
			b.Hangs()
			a.TalksTo(c)
			a.HungUpBoth(c)

			a, b, c = o.consulting()
			b.Presses("3")
			o.TalkTogether(a, b, c)
			b.Presses("*#")
			c.Ended()
			a.TalksTo(b)
			a.HungUpBoth(b)

			a, b, c = o.consulting()
			b.Presses("3")
			o.TalkTogether(a, b, c)
			a.Hangs()
			b.TalksTo(c)
			b.HungUpBoth(c)
		}},
		{name: "FEA-XFER-02_star_hash_drops_the_consulted_and_retrieves_the_held", run: func(o *Office) {
			o.Open("101", "102")
			a, b, c := o.consulting()
			b.Presses("*#")
			c.Ended()
			a.TalksTo(b)
			b.Presses("##102#")
			c = b.Reaches("102")
			a.Hangs() // on hold
			b.TalksTo(c)
			c.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_a_consulted_party_that_is_busy_or_does_not_exist_leaves_the_other_on_hold", run: func(o *Office) {
			o.Open("101", "102")
			a, b := o.held()
			b.Presses("199#")
			b.Hears(defaultPromptHz)
			a.Hears(musicHz)
			b.Hears()
			b.Presses("102#")
			o.Offered("102").Refuses(486)
			b.Hears(defaultPromptHz)
			b.Hears()
			b.Presses("*#")
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_hanging_up_while_it_rings_transfers_and_unanswered_it_comes_back", run: func(o *Office) {
			o.User("102").RingTimeout = 3 * time.Second
			o.Open("101", "102")
			a, b := o.held()
			b.Presses("102#")
			o.Offered("102")
			b.Hangs()
			c := a.Reaches("102")
			a.HungUpBoth(c)

			a, b = o.held()
			b.Presses("102#")
			o.Offered("102")
			b.Hangs()
			o.Offered("102").Missed()
			b = a.Reaches("101")
			a.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_hanging_up_with_somebody_on_hold_rings_back", run: func(o *Office) {
			o.Open("101")
			a, b := o.held()
			b.Hangs()
			b = a.Reaches("101")
			a.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_through_a_group_and_to_a_group", run: func(o *Office) {
			o.Group("200").Members = []string{"101", "102"}
			o.Extend("201", "Others", &dialplan.Group{Members: []string{"103", "104"}})
			o.Open("101", "102", "103", "104")
			a := o.Dial("104", "200")
			b, x := o.Offered("101"), o.Offered("102")
			b.Answers()
			x.EndedElsewhere()
			a.TalksTo(b)
			b.Presses("##201#")
			c := b.Reaches("103")
			a.Hears(musicHz)
			b.Hangs()
			a.TalksTo(c)
			a.HungUpBoth(c)
		}},
		{name: "FEA-XFER-01_FEA-XFER-03_SYS-STAR_blind_by_code", run: func(o *Office) {
			o.User("102").RingTimeout = 3 * time.Second
			o.Open("101", "102")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Sends("##*102#")
			b.Ended()
			c := o.Offered("102")
			c.Shows("0612345678", "0612345678")
			c.Answers()
			a.TalksTo(c)
			c.Sends("##*0612345679#")
			c.Ended()
			d := o.OfferedTo("main")
			d.Answers()
			a.TalksTo(d)
			a.HungUpBoth(d)

			a = o.Dial("101", "102")
			b = a.Reaches("102")
			a.Sends("##*0612345679#")
			a.Ended()
			d = o.OfferedTo("main")
			d.Answers()
			b.TalksTo(d)
			b.HungUpBoth(d)
		}},
		{name: "FEA-XFER-01_blind_by_code_follows_the_targets_forward_and_to_nobody_comes_back_and_then_ends", run: func(o *Office) {
			o.User("101").RingTimeout = 3 * time.Second
			o.User("103").Forwards.Busy = to("104")
			o.Open("101", "103", "104")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Sends("##*103#") // by whose own forward it goes on
			b.Ended()
			o.Offered("103").Refuses(486)
			b = a.Reaches("104")
			a.HungUpBoth(b)

			a = o.Outside(2)
			b = a.Reaches("101")
			b.Sends("##*199#")
			b.Ended()
			b = a.Reaches("101")
			b.Sends("##*102#") // not registered
			b.Ended()
			o.Offered("101").Missed()
			a.Ended()
		}},
		{name: "FEA-XFER-01_an_outside_target_that_does_not_answer_comes_back", run: func(o *Office) {
			o.Open("101")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Sends("##*0612345679#")
			b.Ended()
			o.OfferedTo("main").Refuses(486)
			b = a.Reaches("101")
			a.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_hold_by_the_phones_button_plays_music", run: func(o *Office) {
			o.Open("101", "102")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Holds()
			a.Hears(musicHz)
			b.Unholds()
			a.TalksTo(b)
			b.Holds()
			a.Hears(musicHz)
			b2 := o.Dial("101", "102")
			c := b2.Reaches("102")
			b.Joins(b2)
			a.TalksTo(c)
			b.Ended()
			b2.Ended()
			a.HungUpBoth(c)
		}},
		{name: "fea-xfer-02_restart_while_consulting", alone: true, run: func(o *Office) {
			o.Open("101", "102")
			a, b, c := o.consulting()
			o.restart()
			b.TalksTo(c)
			a.Hears(musicHz)
			b.Presses("2")
			a.TalksTo(b)
			c.Hears(musicHz)
			o.restart()
			a.TalksTo(b)
			c.Hears(musicHz)
			b.Presses("3")
			o.TalkTogether(a, b, c)
			o.restart()
			o.TalkTogether(a, b, c)
			b.Hangs()
			a.TalksTo(c)
			a.HungUpBoth(c)

			a, b = o.held()
			b.Presses("102#")
			c = o.Offered("102")
			b.Hears(425) // ringback: the server shows by now what it rings
			o.restart()
			c.Ended()
			a.Hears(musicHz)
			b.Presses("*#")
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
	}
}

// restart stops the controller and starts another, which knows nothing but what it finds on the engine.
func (o *Office) restart() {
	o.Helper()
	o.b.stop()
	o.do("restart the controller", func(ctx context.Context) error { return o.b.start(ctx, logTo(o.T)) })
}
