package acceptance

import (
	"time"

	"callplane/dialplan"
)

func conversationCases() []testCase {
	pick := dialplan.PrivacyRights{Pickup: true}
	return []testCase{
		{name: "FEA-PICK-01_FAC-PRIV-01_SYS-STAR_a_call_that_rings_at_a_user_is_picked_up", run: func(o *Office) {
			o.Grant("102", "101", pick)
			o.Open("101", "102", "104")
			a := o.Outside(2)
			x := o.Offered("101")
			p := o.Dial("102", "*8101")
			p.TalksTo(a)
			p.Shows("0612345678", "0612345678")
			x.EndedElsewhere()
			a.HungUpBoth(p)
			if r := o.Record(1); r.Cause != "normal" || len(r.Legs) != 3 {
				o.Errorf("record %+v", r)
			}
			a = o.Dial("104", "101")
			x = o.Offered("101")
			a.Rung()
			p = o.Dial("102", "*8101")
			p.TalksTo(a)
			x.EndedElsewhere()
			p.HungUpBoth(a)
		}},
		{name: "FEA-PICK-01_SYS-STAR_the_longest_waiting_caller_is_picked_up", run: func(o *Office) {
			o.Grant("104", "102", pick)
			o.Grant("104", "103", pick)
			o.AddUser("105", "Eve")
			o.Open("101", "102", "103", "104", "105")
			none := o.Dial("101", "105") // rings longest, but nobody may take it
			z := o.Offered("105")
			first := o.Outside(2)
			o.Offered("101").Refuses(486)
			first.EndedWith(486)
			first = o.Dial("103", "102")
			x := o.Offered("102")
			o.Quiet("104", 200*time.Millisecond)
			second := o.Dial("102", "103")
			y := o.Offered("103")
			p := o.Dial("104", "*8")
			p.TalksTo(first)
			x.EndedElsewhere()
			p.HungUpBoth(first)
			p = o.Dial("104", "*8")
			p.TalksTo(second)
			y.EndedElsewhere()
			p.HungUpBoth(second)
			none.Hangs()
			z.Missed()
		}},
		{name: "FEA-PICK-01_ext-grp-05_a_group_says_who_may_pick_up_its_calls", run: func(o *Office) {
			o.Group("200").Members = []string{"101", "102"}
			o.Grant("103", "200", pick)
			o.Open("101", "102", "103", "104")
			a := o.Dial("104", "200")
			x, y := o.Offered("101"), o.Offered("102")
			o.Dial("102", "*8200").EndedWith(403)
			p := o.Dial("103", "*8200")
			p.TalksTo(a)
			x.EndedElsewhere()
			y.EndedElsewhere()
			a.HungUpBoth(p)
		}},
		{name: "FEA-PICK-01_without_the_right_or_a_call_there_is_nothing_to_pick_up", run: func(o *Office) {
			o.Grant("102", "103", pick)
			o.Open("101", "102", "104")
			o.Dial("102", "*8").EndedWith(404)
			o.Dial("102", "*8103").EndedWith(404)
			a := o.Dial("104", "101")
			x := o.Offered("101")
			o.Dial("102", "*8101").EndedWith(403)
			o.Dial("102", "*8").EndedWith(403)
			x.Answers()
			a.TalksTo(x)
			o.Dial("102", "*8101").EndedWith(404)
			a.HungUpBoth(x)
		}},
		{name: "FEA-XFER-01_FEA-XFER-03_blind_transfer_follows_the_targets_forward", run: func(o *Office) {
			o.User("102").RingTimeout = 2 * time.Second
			o.User("102").Forwards.NoAnswer = to("103")
			o.Open("101", "102", "103")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Transfers("102")
			b.Ended()
			x := o.Offered("102")
			c := o.Offered("103")
			x.Missed()
			c.Answers()
			a.TalksTo(c)
			a.HungUpBoth(c)
		}},
		{name: "FEA-XFER-01_unanswered_blind_transfer_comes_back_and_then_ends", run: func(o *Office) {
			o.User("102").RingTimeout = 2 * time.Second
			o.User("101").RingTimeout = 2 * time.Second
			o.Open("101", "102")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Transfers("102")
			b.Ended()
			o.Offered("102").Missed()
			b = a.Reaches("101")
			b.Transfers("0612345679")
			b.Ended()
			o.OfferedTo("main").Refuses(486)
			b = a.Reaches("101")
			b.Transfers("199") // there is none
			b.Ended()
			b = o.Offered("101")
			b.Missed()
			a.Ended()
		}},
		{name: "FEA-XFER-01_FEA-XFER-03_the_caller_of_an_outbound_call_transfers_it", run: func(o *Office) {
			o.Open("101", "102")
			a := o.Dial("101", "0612345679")
			b := o.OfferedTo("main")
			b.Answers()
			a.TalksTo(b)
			a.Transfers("102")
			a.Ended()
			c := o.Offered("102")
			c.Shows("0612345679", "0612345679")
			c.Answers()
			c.TalksTo(b)
			c.HungUpBoth(b)
		}},
		{name: "FEA-XFER-02_FEA-XFER-03_attended_transfer_of_an_inbound_call", run: func(o *Office) {
			o.Open("101", "102")
			a := o.Outside(2)
			b := a.Reaches("101")
			b2 := o.Dial("101", "102")
			c := b2.Reaches("102")
			b.Joins(b2)
			a.TalksTo(c)
			c.Shows("0612345678", "0612345678")
			b.Ended()
			b2.Ended()
			a.HungUpBoth(c)
			o.Record(2)
		}},
		{name: "FEA-XFER-02_the_called_party_of_both_calls_joins_the_callers", run: func(o *Office) {
			o.Open("101", "102", "103")
			a := o.Dial("102", "101")
			b := a.Reaches("101")
			c := o.Dial("103", "101")
			b2 := c.Reaches("101")
			b.Joins(b2)
			a.TalksTo(c)
			b.Ended()
			b2.Ended()
			c.HungUpBoth(a)
			o.Record(2)
		}},
		{name: "FEA-XFER-02_FEA-XFER-03_attended_transfer_of_an_outbound_call_while_the_other_hears_music", run: func(o *Office) {
			o.Open("101", "102")
			a := o.Dial("101", "0612345679")
			b := o.OfferedTo("main")
			b.Answers()
			a.TalksTo(b)
			a.Holds()
			b.Hears(musicHz)
			a2 := o.Dial("101", "102")
			c := a2.Reaches("102")
			b.Hears(musicHz)
			a.Joins(a2)
			b.TalksTo(c)
			a.Ended()
			a2.Ended()
			c.Shows("0612345679", "0612345679")
			b.HungUpBoth(c)
		}},
		{name: "FEA-PARK-01_SYS-930_SYS-STAR_a_parked_call_hears_music_and_is_retrieved", run: func(o *Office) {
			o.User("101").Permissions.Parking = true
			o.Grant("102", "101", dialplan.PrivacyRights{ParkRetrieve: true})
			o.Tones(map[string]int{"number.1": 1480})
			o.Open("101", "102", "103")
			for _, code := range []string{"93001", "9301", "9031"} {
				a := o.Outside(2)
				b := a.Reaches("101")
				b.Presses("*6")
				b.HearsPrompt("park.line")
				b.HearsPrompt("number.1") // the line
				a.Hears(musicHz)
				b.Ended()
				o.Dial("103", code).EndedWith(403)
				o.Dial("102", "93002").EndedWith(404)
				c := o.Dial("102", code)
				a.TalksTo(c)
				c.Shows("0612345678", "0612345678")
				a.HungUpBoth(c)
			}
			o.Dial("102", "93001").EndedWith(404)
		}},
		{name: "FEA-PARK-01_the_parker_retrieves_and_two_calls_have_two_lines", run: func(o *Office) {
			o.User("101").Permissions.Parking = true
			o.Open("101", "102", "103")
			a := o.Dial("102", "101")
			b := a.Reaches("101")
			b.Presses("*6")
			b.Ended()
			b = o.Dial("101", "103")
			c := b.Reaches("103")
			b.Presses("*6")
			b.Ended()
			c.Hears(musicHz)
			b = o.Dial("101", "93002")
			b.TalksTo(c)
			b.HungUpBoth(c)
			b = o.Dial("101", "93001")
			b.TalksTo(a)
			a.HungUpBoth(b)
		}},
		{name: "FEA-PARK-01_time_out_brings_the_call_back_to_the_parker", run: func(o *Office) {
			o.User("101").Permissions.Parking = true
			o.Account.ParkTimeout = 6 * time.Second
			o.Open("101")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Presses("*6")
			b.Ended()
			a.Hears(musicHz)
			b = a.Reaches("101")
			a.HungUpBoth(b)
		}},
		{name: "FEA-PARK-01_without_the_permission_the_user_is_told_and_the_call_goes_on", run: func(o *Office) {
			o.Open("101")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Presses("*6")
			b.HearsAmid("call.not_allowed", a)
			a.Presses("*6")
			a.TalksTo(b)
			a.Hangs()
			b.Ended()
			o.Traced(1, "no permission to park")
		}},
		{name: "FEA-PARK-01_the_parked_caller_hangs_up", run: func(o *Office) {
			o.User("101").Permissions.Parking = true
			o.Open("101")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Presses("*6")
			a.Hears(musicHz)
			a.Hangs()
			b.Ended()
			o.Record(1)
			o.Dial("101", "93001").EndedWith(404)
		}},
	}
}
