package acceptance

import (
	"time"

	"callplane/dialplan"
)

func groupCases() []testCase {
	return []testCase{
		{name: "EXT-GRP-01_all_members_ring_and_on_answer_the_others_stop", run: func(o *Office) {
			o.Open("101", "102", "103", "104")
			a := o.Dial("104", "200")
			x, y, z := o.Offered("101"), o.Offered("102"), o.Offered("103")
			a.Rung()
			y.Answers()
			a.TalksTo(y)
			x.EndedElsewhere()
			z.EndedElsewhere()
			a.HungUpBoth(y)
		}},
		{name: "EXT-GRP-02_members_forwards_act_only_if_allowed", run: func(o *Office) {
			o.Group("200").Members = []string{"101", "102"}
			o.User("101").Forwards.Always = to("103")
			o.Extend("201", "Strict", &dialplan.Group{Members: []string{"101", "102"}})
			o.Group("200").AllowMemberForwards = true
			o.Open("101", "102", "103", "104")
			a := o.Dial("104", "200")
			x, y := o.Offered("102"), o.Offered("103")
			o.Quiet("101", time.Second)
			y.Answers()
			a.TalksTo(y)
			x.EndedElsewhere()
			a.HungUpBoth(y)
			a = o.Dial("104", "201")
			x, y = o.Offered("101"), o.Offered("102")
			o.Quiet("103", time.Second)
			x.Answers()
			a.TalksTo(x)
			y.EndedElsewhere()
			a.HungUpBoth(x)
		}},
		{name: "EXT-GRP-03_unconditional_forward_to_several_rings_them_together", run: func(o *Office) {
			o.Group("200").Forwards.Always = append(to("102", "104"), dialplan.Destination{External: "0612345679"})
			o.Open("101", "102", "103", "104")
			a := o.Outside(2)
			first := a.Reaches("101")
			a.HungUpBoth(first)

			a = o.Dial("103", "200")
			x, y, z := o.Offered("102"), o.Offered("104"), o.OfferedTo("main")
			z.Answers()
			a.TalksTo(z)
			x.EndedElsewhere()
			y.EndedElsewhere()
			a.HungUpBoth(z)
		}},
		{name: "EXT-GRP-03_busy_and_no_answer_have_their_own_forwards", run: func(o *Office) {
			g := o.Group("200")
			g.Members = []string{"101", "102"}
			g.Forwards = dialplan.Forwards{Busy: to("103"), NoAnswer: to("104")}
			g.ForwardAfter = 2 * time.Second
			o.AddUser("105", "Eve")
			o.Open("101", "102", "103", "104", "105")
			a := o.Dial("105", "200")
			x, y := o.Offered("101"), o.Offered("102")
			b := o.Offered("104")
			x.Missed()
			y.Missed()
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)

			a = o.Dial("105", "200")
			o.Offered("101").Refuses(486)
			o.Offered("102").Refuses(486)
			b = a.Reaches("103")
			a.HungUpBoth(b)
		}},
		{name: "EXT-GRP-04_external_forward_shows_the_calling_or_the_called_number", run: func(o *Office) {
			away := []dialplan.Destination{{External: "+31612345679"}}
			o.Group("200").Forwards.Always = away
			o.Group("200").ForwardCallerID = dialplan.ForwardCalled
			o.Extend("201", "Calling", &dialplan.Group{Forwards: dialplan.Forwards{Always: away}, ForwardCallerID: dialplan.ForwardCalling})
			entries := o.Account.Schemes[0].Plans[1].Entries
			entries[o.Number(1)] = dialplan.PlanEntry{Destination: dialplan.Destination{Extension: "200"}}
			entries[o.Number(2)] = dialplan.PlanEntry{Destination: dialplan.Destination{Extension: "201"}}
			o.Open()
			o.AddCarrier("second", 0)
			for i, want := range map[int]string{1: o.Number(1), 2: "+31612345678"} {
				a := o.Outside(i)
				b := o.OfferedTo("second")
				b.Shows(want, want)
				b.Answers()
				a.TalksTo(b)
				a.HungUpBoth(b)
			}
		}},
	}
}
