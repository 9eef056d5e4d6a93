package acceptance

import (
	"context"
	"time"

	"callplane/dialplan"
)

// leads makes number i of the company lead to an extension.
func (o *Office) leads(i int, ext string) {
	o.Account.Numbers[o.Number(i)] = &dialplan.Number{E164: o.Number(i)}
	o.Account.Schemes[0].Plans[1].Entries[o.Number(i)] = dialplan.PlanEntry{Destination: dialplan.Destination{Extension: ext}}
}

func dest(number string) dialplan.Destination {
	if len(number) == 3 {
		return dialplan.Destination{Extension: number}
	}
	return dialplan.Destination{External: number}
}

func routingCases() []testCase {
	return []testCase{
		{name: "EXT-FWD-01_forwards_outside_with_the_calling_called_or_a_company_number", run: func(o *Office) {
			o.Extend("601", "Calling", &dialplan.Forward{Number: "0612345679", CallerID: dialplan.ForwardCalling})
			o.Extend("602", "Called", &dialplan.Forward{Number: "0612345679", CallerID: dialplan.ForwardCalled})
			o.Extend("603", "Specific", &dialplan.Forward{Number: "0612345679", CallerID: dialplan.ForwardCallerID(o.Number(9))})
			for i, ext := range []string{"601", "602", "603"} {
				o.leads(3+i, ext)
			}
			o.Open("101")
			o.AddCarrier("second", 0)
			for i, want := range []string{"+31612345678", o.Number(4), o.Number(9)} {
				a := o.Outside(3 + i)
				b := o.OfferedTo("second")
				if got := b.call.Number(); got != "+31612345679" {
					o.Errorf("the carrier was asked for %s", got)
				}
				b.Shows(want, want)
				b.Answers()
				a.TalksTo(b)
				a.HungUpBoth(b)
			}
			a := o.Dial("101", "603") // a colleague shows it, too
			b := o.OfferedTo("second")
			b.Shows(o.Number(9), o.Number(9))
			b.Answers()
			a.TalksTo(b)
			b.HungUpBoth(a)
			o.Traced(4, "extension 603 forwards to 0612345679")
		}},
		{name: "EXT-FWD-01_rings_together_with_others", run: func(o *Office) {
			o.Extend("603", "Mobile", &dialplan.Forward{Number: "0612345679", CallerID: dialplan.ForwardCallerID(o.Number(9))})
			o.Group("200").Forwards.Always = to("102", "603")
			o.Open("101", "102")
			a := o.Dial("101", "200")
			x, y := o.Offered("102"), o.OfferedTo("main")
			y.Shows(o.Number(9), o.Number(9))
			y.Answers()
			a.TalksTo(y)
			x.EndedElsewhere()
			a.HungUpBoth(y)
		}},
		{name: "EXT-AA-01_plays_its_audio_then_hangs_up", run: func(o *Office) {
			o.Extend("610", "Closed", &dialplan.AutoAnswer{Announcement: "welcome"})
			o.leads(3, "610")
			o.Open()
			a := o.Outside(3)
			a.Answered()
			a.HearsPrompt("welcome")
			a.Ended()
			r := o.Record(1)
			if r.Cause != "normal" || r.Ended.Sub(r.Answered) < 1900*time.Millisecond {
				o.Errorf("cause %s after %v", r.Cause, r.Ended.Sub(r.Answered))
			}
			a = o.Outside(3)
			a.HearsPrompt("welcome")
			a.Hangs() // in the middle of it
			o.Record(2)
		}},
		{name: "EXT-TBR-01_the_period_of_now_or_the_failover", run: func(o *Office) {
			today := time.Now().UTC().Weekday()
			day := func(n time.Weekday) time.Weekday { return (today + n + 7) % 7 }
			// Two days on either side, so that midnight may pass while the case runs.
			now := dialplan.Period{FirstDay: day(-1), LastDay: day(1), End: dialplan.DayMinutes, Destination: dest("101"), Description: "around today"}
			later := dialplan.Period{FirstDay: day(3), LastDay: day(5), Start: 22 * 60, End: 6 * 60, Destination: dest("103")}
			o.Extend("620", "Now", &dialplan.TimeRoute{Periods: []dialplan.Period{later, now}, Failover: dest("102")})
			o.Extend("621", "Later", &dialplan.TimeRoute{Periods: []dialplan.Period{later}, Failover: dest("102")})
			o.leads(3, "620")
			o.leads(4, "621")
			o.Open("101", "102")
			for i, ext := range []string{"101", "102"} {
				a := o.Outside(3 + i)
				b := a.Reaches(ext)
				b.HungUpBoth(a)
				o.Traced(1+i, []string{"is in period", "outside of all periods"}[i])
			}
		}},
		{name: "EXT-LIM-01_so_many_at_once_then_busy_or_above", run: func(o *Office) {
			o.Extend("630", "Two", &dialplan.CallLimit{Calls: 2, Within: dest("101")})
			o.Extend("631", "One", &dialplan.CallLimit{Calls: 1, Within: dest("101"), Above: dest("102")})
			o.leads(3, "630")
			o.leads(4, "631")
			o.Account.Channels[o.channel("101")].CallLimit = 4
			o.Open("101", "102")
			a := o.Outside(3)
			x := a.Reaches("101")
			b := o.Outside(3) // ringing holds a place, too
			y := o.Offered("101")
			o.Outside(3).EndedWith(486)
			b.Hangs()
			y.Ended()
			o.Record(2)
			b = o.Outside(3)
			y = b.Reaches("101")
			y.HungUpBoth(b)
			c := o.Outside(4) // another extension has places of its own
			z := c.Reaches("101")
			d := o.Outside(4)
			above := d.Reaches("102")
			d.HungUpBoth(above)
			c.HungUpBoth(z)
			a.HungUpBoth(x)
		}},
		{name: "EXT-LIM-01_busy_tone_for_who_has_been_answered", run: func(o *Office) {
			o.Extend("630", "None", &dialplan.CallLimit{Calls: 1, Within: dest("101")})
			o.Menu("300").Options["1"] = option("630", "")
			o.leads(3, "630")
			o.Open("101")
			a := o.Outside(3)
			x := o.Offered("101")
			b := o.Outside(1)
			b.HearsPrompt("ivr.choose")
			b.Presses("1")
			b.Hears(425)
			b.Ended()
			if r := o.Record(1); r.Cause != "busy" {
				o.Errorf("cause %s", r.Cause)
			}
			x.Answers()
			a.TalksTo(x)
			a.HungUpBoth(x)
		}},
		{name: "EXT-LIM-01_a_restarted_controller_counts_the_calls_that_live", run: func(o *Office) {
			o.Extend("630", "One", &dialplan.CallLimit{Calls: 1, Within: dest("101")})
			o.leads(3, "630")
			o.Account.Channels[o.channel("101")].CallLimit = 4
			o.Open("101")
			a := o.Outside(3)
			x := a.Reaches("101")
			o.b.stop()
			o.do("new controller", func(ctx context.Context) error { return o.b.start(ctx, logTo(o.T)) })
			o.Outside(3).EndedWith(486)
			a.TalksTo(x)
			a.HungUpBoth(x)
			o.Record(2)
			a = o.Outside(3)
			x = a.Reaches("101")
			o.b.stop()
			a.Hangs() // while there is no controller
			o.do("new controller", func(ctx context.Context) error { return o.b.start(ctx, logTo(o.T)) })
			x.Ended()
			o.until("the end of the call", func() bool { return o.b.runtime.Live(o.Account.ID).Calls() == 0 })
			a = o.Outside(3)
			x = a.Reaches("101")
			a.HungUpBoth(x)
		}, alone: true},
		{name: "EXT-LIM-02_shows_the_calling_dialled_or_a_company_number", run: func(o *Office) {
			for i, id := range []dialplan.ForwardCallerID{dialplan.ForwardCalling, dialplan.ForwardCalled, dialplan.ForwardCallerID(o.Number(8))} {
				ext := "63" + string(rune('0'+i))
				o.Extend(ext, "Limit", &dialplan.CallLimit{Calls: 1, Within: dest("0612345679"), Above: dest("101"), CallerID: id})
				o.leads(3+i, ext)
			}
			o.Open("101")
			o.AddCarrier("second", 0)
			for i, want := range []string{"+31612345678", o.Number(4), o.Number(8)} {
				a := o.Outside(3 + i)
				b := o.OfferedTo("second")
				b.Shows(want, want)
				b.Answers()
				a.TalksTo(b)
				c := o.Outside(3 + i) // to a colleague's phone, as it is dialled here
				d := o.Offered("101")
				d.Shows("0"+want[3:], "0"+want[3:])
				d.Answers()
				c.TalksTo(d)
				c.HungUpBoth(d)
				a.HungUpBoth(b)
			}
		}},
	}
}
