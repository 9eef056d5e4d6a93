package acceptance

import (
	"time"

	"callplane/dialplan"
)

func planCases() []testCase {
	// reaches opens the company after change and asserts where a call to number 2 goes.
	reaches := func(ext, why string, change func(o *Office, s *dialplan.Scheme)) func(*Office) {
		return func(o *Office) {
			s := o.Account.Schemes[0]
			for n, ext := range map[int]string{2: "102", 3: "103"} {
				s.Plans[n] = &dialplan.Plan{ID: int64(n), Number: n, Name: "Plan " + ext, Entries: map[string]dialplan.PlanEntry{
					o.Number(2): {Destination: dialplan.Destination{Extension: ext}, Prefix: "P" + ext}}}
			}
			change(o, s)
			o.Open("101", "102", "103")
			a := o.Outside(2)
			b := o.Offered(ext)
			shown := "P" + ext + " 0612345678"
			if ext == "101" {
				shown = "0612345678"
			}
			b.Shows(shown, "0612345678")
			b.Answers()
			a.TalksTo(b)
			b.HungUpBoth(a)
			o.Traced(1, why)
		}
	}
	// around is a holiday that is on now, on the company's clock.
	around := func(o *Office, plan int) dialplan.Holiday {
		now := time.Now().In(o.Account.Location)
		y, m, d := now.Date()
		today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		return dialplan.Holiday{Name: "Party", From: today.AddDate(0, 0, -1), To: today.AddDate(0, 0, 2), Plan: plan}
	}
	week := func(plan int) dialplan.RosterPeriod { return dialplan.RosterPeriod{Start: 0, End: 10080, Plan: plan} }
	return []testCase{
		{name: "NP-02_first_plan_without_a_schedule", run: reaches("101", "lowest number", func(*Office, *dialplan.Scheme) {})},
		{name: "NP-04_roster_decides", run: reaches("102", "roster", func(_ *Office, s *dialplan.Scheme) {
			s.Roster = []dialplan.RosterPeriod{week(2)}
		})},
		{name: "NP-04_the_shorter_period_wins", run: reaches("103", "roster", func(o *Office, s *dialplan.Scheme) {
			o.Account.Location = time.FixedZone("", 5*3600+1800)
			now := time.Now().In(o.Account.Location)
			minute := (int(now.Weekday())+6)%7*1440 + now.Hour()*60 + now.Minute()
			s.Roster = []dialplan.RosterPeriod{week(2), {Start: (minute + 10080 - 60) % 10080, End: (minute+60)%10080 + 1, Plan: 3}}
		})},
		{name: "NP-05_holiday_before_roster", run: reaches("103", "holiday Party", func(o *Office, s *dialplan.Scheme) {
			s.Roster = []dialplan.RosterPeriod{week(2)}
			s.Holidays = []dialplan.Holiday{around(o, 3)}
		})},
		{name: "NP-06_temporary_change_before_holiday", run: reaches("102", "temporary change", func(o *Office, s *dialplan.Scheme) {
			s.Holidays = []dialplan.Holiday{around(o, 3)}
			s.Temporary = &dialplan.Temporary{Plan: 2, Until: time.Now().Add(time.Hour)}
		})},
		{name: "NP-06_temporary_change_that_is_over", run: reaches("103", "holiday Party", func(o *Office, s *dialplan.Scheme) {
			s.Holidays = []dialplan.Holiday{around(o, 3)}
			s.Temporary = &dialplan.Temporary{Plan: 2, Until: time.Now().Add(-time.Second)}
		})},
		{name: "NP-08_manual_override_before_all", run: reaches("102", "set by hand", func(o *Office, s *dialplan.Scheme) {
			s.Holidays = []dialplan.Holiday{around(o, 3)}
			s.Temporary = &dialplan.Temporary{Plan: 3}
			s.Active = 2
		})},
	}
}
