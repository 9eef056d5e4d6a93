package acceptance

import (
	"context"
	"strings"

	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/integration/conformance"
)

func outsideCases() []testCase {
	return []testCase{
		{name: "inbound_number_reaches_a_person", run: func(o *Office) {
			o.Open("101")
			a := o.Outside(2)
			b := o.Offered("101")
			a.Rung()
			b.Shows("0612345678", "0612345678")
			b.Answers()
			a.TalksTo(b)
			b.HungUpBoth(a)
			if r := o.Record(1); r.Direction != "inbound" || r.CallerNumber != "+31612345678" || r.Dialed != o.Number(2) {
				o.Errorf("record %+v", r)
			}
		}},
		{name: "outbound_number_is_normalised_and_shows_the_company", run: func(o *Office) {
			o.Open("101")
			a := o.Dial("101", "0612345679")
			b := o.OfferedTo("main")
			if got := b.call.Number(); got != "+31612345679" {
				o.Errorf("the carrier was asked for %s", got)
			}
			b.Shows(o.Number(1), o.Number(1))
			b.step("sends early media", b.call.Progress)
			a.Early()
			a.Hears(b.hz)
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
			if r := o.Record(1); r.Direction != "outbound" {
				o.Errorf("record %+v", r)
			}
		}},
		{name: "carrier_fails_over_by_priority", run: func(o *Office) {
			o.Open("101")
			o.AddCarrier("second", 2)
			a := o.Dial("101", "0612345679")
			o.OfferedTo("main").Refuses(503)
			b := o.OfferedTo("second")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
			a = o.Dial("101", "0612345679")
			o.OfferedTo("main").Refuses(486)
			a.EndedWith(486)
		}},
		{name: "carrier_that_does_not_respond_is_passed_over", run: func(o *Office) {
			o.Open("101")
			o.addCarrier("dead", 0, conformance.PhoneSpec{Carrier: true, Alone: true, Dead: true})
			a := o.Dial("101", "0612345679")
			b := o.OfferedTo("main")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
			o.Traced(1, "did not respond")
		}},
		{name: "emergency_call_is_never_blocked", run: func(o *Office) {
			o.Account.CallLimit = 1
			o.Account.Channels[o.channel("101")].CallLimit = 1
			o.Account.Channels[o.channel("102")].User = ""
			o.Open("101", "102")
			first := o.Dial("101", "0612345679")
			held := o.OfferedTo("main")
			held.Answers()
			first.TalksTo(held)
			for _, ext := range []string{"101", "102"} {
				a := o.Dial(ext, "112")
				b := o.OfferedTo("main")
				if got := b.call.Number(); got != "112" {
					o.Errorf("the carrier was asked for %s", got)
				}
				b.Shows(o.Number(9), o.Number(9))
				b.Answers()
				a.TalksTo(b)
				a.HungUpBoth(b)
			}
			first.HungUpBoth(held)
		}},
		{name: "anonymous_caller_is_shown_as_such", run: func(o *Office) {
			o.Open("101")
			a := o.OutsideFrom(2, engine.Identity{Number: "+31612345678", Anonymous: true})
			b := o.Offered("101")
			b.Shows("Anonymous", "anonymous")
			a.Hangs()
			b.Missed()
		}},
		{name: "unicode_names_reach_the_display", run: func(o *Office) {
			o.Account.Extensions["102"].Name = "Ņikita Žanis 東京 \"Q\""
			o.Open("101", "102")
			a := o.Dial("102", "101")
			b := o.Offered("101")
			b.Shows("Ņikita Žanis 東京 'Q'", "102")
			a.Hangs()
			b.Missed()
		}},
		{name: "unknown_and_impossible_numbers_get_their_reason", run: func(o *Office) {
			o.Open("101")
			for i, c := range []struct{ dialed, reason string }{
				{"999", "no extension 999"}, {strings.Repeat("7", 200), "too long"}, {"ab-cd", "character"}, {"+99912345678", "no known country code"},
			} {
				o.Dial("101", c.dialed).EndedWith(484)
				o.Traced(i+1, c.reason)
			}
			for _, number := range []string{"+31209999999", strings.Repeat("7", 200), "ab-cd"} {
				stranger := o.dial(o.carrier["main"], "outside", number, conformance.Dial{Caller: engine.Identity{Number: "+31612345678"}})
				stranger.EndedWith(404)
			}
		}},
		{name: "phone_redirects_to_a_colleague", run: func(o *Office) {
			o.Open("101", "103")
			a := o.Outside(2)
			o.Offered("101").Redirects("sip:103@" + o.b.domain)
			b := a.Reaches("103")
			b.HungUpBoth(a)
		}},
		{name: "suspended_account_is_refused", run: func(o *Office) {
			o.Account.Enabled = false
			o.Open()
			o.Outside(2).EndedWith(403)
		}},
		{name: "OPS-01_the_record_has_legs_times_causes_and_reasons", run: func(o *Office) {
			o.User("101").Forwards.Busy = to("102")
			o.Open("101", "102")
			a := o.Outside(2)
			o.Offered("101").Refuses(486)
			b := a.Reaches("102")
			b.HungUpBoth(a)
			r := o.Record(1)
			if len(r.Legs) != 3 {
				o.Fatalf("%d legs", len(r.Legs))
			}
			busy, won := r.Legs[1], r.Legs[2]
			if busy.Cause != "busy" || busy.SIPStatus != 486 || busy.Extension != "101" || !busy.Answered.IsZero() || busy.Ringing.IsZero() {
				o.Errorf("busy leg %+v", busy)
			}
			if won.Cause != "normal" || won.Extension != "102" || won.Answered.IsZero() || won.Ended.Before(won.Answered) {
				o.Errorf("answered leg %+v", won)
			}
			for _, reason := range []string{"plan Day of scheme Main", "busy (486)", "goes to 102", "answered"} {
				o.Traced(1, reason)
			}
		}},
		{name: "OPS-02_restarted_controller_keeps_conversations_and_menus", run: restartCase, alone: true},
	}
}

// restartCase kills nothing but the controller: it forgets all, a new one finds the calls.
func restartCase(o *Office) {
	o.Menu("300").Options["1"] = dialplan.IVROption{Destination: dialplan.Destination{Extension: "103"}}
	o.Open("101", "102", "103")
	a := o.Dial("101", "102")
	b := a.Reaches("102")
	m := o.Outside(1)
	m.HearsPrompt("ivr.choose")

	o.b.stop()
	o.do("new controller", func(ctx context.Context) error { return o.b.start(ctx, logTo(o.T)) })
	a.TalksTo(b)
	m.HearsPrompt("ivr.choose")
	m.Presses("1")
	c := m.Reaches("103")
	b.HungUpBoth(a)
	m.HungUpBoth(c)
	o.Record(2)
}
