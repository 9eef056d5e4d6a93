package acceptance

import (
	"time"

	"callplane/dialplan"
)

func to(ext ...string) []dialplan.Destination {
	var out []dialplan.Destination
	for _, e := range ext {
		out = append(out, dialplan.Destination{Extension: e})
	}
	return out
}

func userCases() []testCase {
	return []testCase{
		{name: "EXT-USR-04_all_devices_ring_and_the_first_answer_wins", run: func(o *Office) {
			o.AddChannel("102", "b")
			o.Open("101", "102", "102b")
			a := o.Dial("101", "102")
			desk, soft := o.Offered("102"), o.Offered("102b")
			desk.Shows("Ann", "101")
			a.Rung()
			soft.Answers()
			a.TalksTo(soft)
			desk.EndedElsewhere()
			soft.HungUpBoth(a)
			if r := o.Record(1); r.Cause != "normal" || r.Direction != "internal" || len(r.Legs) != 3 || r.Answered.IsZero() {
				o.Errorf("record %+v", r)
			}
		}},
		{name: "EXT-USR-04_caller_gives_up", run: func(o *Office) {
			o.AddChannel("102", "b")
			o.Open("101", "102", "102b")
			a := o.Dial("101", "102")
			desk, soft := o.Offered("102"), o.Offered("102b")
			a.Rung()
			a.Hangs()
			desk.Missed()
			soft.Missed()
			if r := o.Record(1); r.Cause != "cancelled" {
				o.Errorf("cause %s", r.Cause)
			}
		}},
		{name: "EXT-USR-05_busy_by_call_limit_goes_to_its_forward", run: func(o *Office) {
			o.Account.Channels[o.channel("101")].CallLimit = 1
			distinctForwards(o)
			o.Open("101", "102", "103", "104", "105")
			first := o.Dial("105", "101")
			b := first.Reaches("101")
			forwarded(o, "102")
			first.HungUpBoth(b)
		}},
		{name: "EXT-USR-05_busy_because_no_second_call_is_offered", run: func(o *Office) {
			o.User("101").OfferSecondCall = false
			distinctForwards(o)
			o.Open("101", "102", "103", "104", "105")
			first := o.Dial("101", "105")
			b := first.Reaches("105")
			forwarded(o, "102")
			first.HungUpBoth(b)
		}},
		{name: "EXT-USR-05_busy_by_the_phone_goes_to_its_forward", run: func(o *Office) {
			distinctForwards(o)
			o.Open("101", "102", "103", "104", "105")
			a := o.Outside(2)
			o.Offered("101").Refuses(486)
			forwardedFrom(o, a, "102")
		}},
		{name: "EXT-USR-05_rejected_goes_to_its_forward", run: func(o *Office) {
			distinctForwards(o)
			o.Open("101", "102", "103", "104", "105")
			a := o.Outside(2)
			o.Offered("101").Refuses(603)
			forwardedFrom(o, a, "103")
		}},
		{name: "EXT-USR-05_no_answer_goes_to_its_forward", run: func(o *Office) {
			distinctForwards(o)
			o.User("101").RingTimeout = 2 * time.Second
			o.Open("101", "102", "103", "104", "105")
			a := o.Outside(2)
			rings := o.Offered("101")
			forwardedFrom(o, a, "104")
			rings.Missed()
		}},
		{name: "EXT-USR-05_not_registered_goes_to_its_forward", run: func(o *Office) {
			distinctForwards(o)
			o.Open("102", "103", "104", "105")
			forwarded(o, "105")
		}},
		{name: "EXT-USR-05_without_forwards_the_caller_gets_the_reason", run: func(o *Office) {
			o.User("101").RingTimeout = 2 * time.Second
			o.Open("101", "104")
			a := o.Dial("104", "101")
			o.Offered("101").Refuses(486)
			a.EndedWith(486)
			a = o.Dial("104", "101")
			o.Offered("101").Refuses(603)
			a.EndedWith(603)
			a = o.Dial("104", "101")
			o.Offered("101").Missed()
			a.EndedWith(480)
			a = o.Dial("104", "102")
			a.EndedWith(480)
			o.Traced(4, "no device of the user is registered")
		}},
	}
}

// distinctForwards sends each reason why 101 can't be had to a user of its own.
func distinctForwards(o *Office) {
	o.AddUser("105", "Eve")
	o.User("101").Forwards = dialplan.Forwards{Busy: to("102"), Rejected: to("103"), NoAnswer: to("104"), Unreachable: to("105")}
}

// forwarded calls 101 from outside and asserts who is rung instead.
func forwarded(o *Office, ext string) {
	o.Helper()
	forwardedFrom(o, o.Outside(2), ext)
}

func forwardedFrom(o *Office, a *Party, ext string) {
	o.Helper()
	b := a.Reaches(ext)
	a.HungUpBoth(b)
}
