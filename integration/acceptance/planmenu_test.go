package acceptance

import (
	"time"

	"callplane/dialplan"
)

func planMenuCases() []testCase {
	// open gives the company three plans, of which the roster makes the first active, with a change tomorrow.
	open := func(o *Office) *dialplan.Scheme {
		o.User("103").Permissions.TimeConfiguration = true
		s := o.Account.Schemes[0]
		s.Number = 1
		for n, ext := range map[int]string{2: "102", 12: "103"} {
			s.Plans[n] = &dialplan.Plan{ID: int64(n), Number: n, Name: "Plan " + ext, Entries: map[string]dialplan.PlanEntry{
				o.Number(2): {Destination: dialplan.Destination{Extension: ext}}}}
		}
		now := time.Now().In(o.Account.Location)
		tomorrow := (int(now.Weekday()) + 7) % 7 // Monday is 0, so this is the day after today
		s.Roster = []dialplan.RosterPeriod{{Start: 0, End: 10080, Plan: 1}, {Start: tomorrow * 1440, End: tomorrow*1440 + 60, Plan: 12}}
		return s
	}
	// menu calls 915 and enters what is asked for; each prompt is heard first.
	menu := func(o *Office, keys ...string) *Party {
		a := o.Dial("103", "915")
		a.Answered()
		for i := 0; i < len(keys); i += 2 {
			a.HearsPrompt(keys[i])
			a.Presses(keys[i+1])
		}
		return a
	}
	reaches := func(o *Office, ext string) {
		a := o.Outside(2)
		b := a.Reaches(ext)
		b.HungUpBoth(a)
	}
	scheme := func(o *Office, i int) *dialplan.Scheme { return o.b.dir.Account(o.Account.ID).Schemes[i] }
	return []testCase{
		{name: "NP-IVR_SYS-915_permanent_and_back_to_the_schedule", run: func(o *Office) {
			open(o)
			o.Open("101", "102", "103")
			reaches(o, "101")
			a := menu(o, "plan.menu", "2#", "plan.number", "2#")
			a.HearsPrompt("plan.permanent")
			a.Ended()
			if s := scheme(o, 0); s.Active != 2 || s.Temporary != nil {
				o.Errorf("active %d, temporary %v", s.Active, s.Temporary)
			}
			reaches(o, "102")
			a = menu(o, "plan.menu", "3#")
			a.HearsPrompt("plan.schedule")
			a.Ended()
			reaches(o, "101")
			o.Traced(5, "plan 2 until it is taken back")
			o.Traced(5, "back to the schedule")
		}},
		{name: "NP-IVR_SYS-915_temporary_until_the_next_scheduled_change", run: func(o *Office) {
			s := open(o)
			s.Active = 12 // by hand before: the temporary change takes its place
			o.Open("101", "102", "103")
			reaches(o, "103")
			a := menu(o, "plan.menu", "1#", "plan.number", "2#")
			a.HearsPrompt("plan.temporary")
			a.Ended()
			now := time.Now().In(o.Account.Location)
			y, m, d := now.Date()
			got := scheme(o, 0)
			if got.Active != 0 || got.Temporary == nil || got.Temporary.Plan != 2 || !got.Temporary.Until.Equal(time.Date(y, m, d+1, 0, 0, 0, 0, o.Account.Location)) {
				o.Errorf("active %d, temporary %+v", got.Active, got.Temporary)
			}
			if is := got.ActiveAt(now.Add(24*time.Hour), o.Account.Location); is.Source == dialplan.SourceTemporary {
				o.Errorf("tomorrow: %s", is.Reason())
			}
			reaches(o, "102")
		}},
		{name: "NP-IVR_SYS-915_asks_for_the_scheme_when_there_are_several", run: func(o *Office) {
			open(o)
			o.Account.Schemes = append(o.Account.Schemes, &dialplan.Scheme{ID: 7, Name: "Other", Number: 3,
				Plans: map[int]*dialplan.Plan{5: {ID: 50, Number: 5, Name: "Five"}}})
			o.Open("103")
			// Wrong entries are asked again: no such scheme, no such plan of it.
			a := menu(o, "plan.menu", "2#", "plan.scheme", "2#", "entry.invalid", "3#", "plan.number", "2#", "entry.invalid", "5#")
			a.HearsPrompt("plan.permanent")
			a.Ended()
			if scheme(o, 0).Active != 0 || scheme(o, 1).Active != 5 {
				o.Errorf("active %d and %d", scheme(o, 0).Active, scheme(o, 1).Active)
			}
			a = menu(o, "plan.menu", "3#", "plan.scheme", "3#")
			a.HearsPrompt("plan.schedule")
			a.Ended()
			if scheme(o, 1).Active != 0 {
				o.Errorf("active %d", scheme(o, 1).Active)
			}
		}},
		{name: "NP-IVR_SYS-915_needs_the_right_and_valid_entries", run: func(o *Office) {
			open(o)
			o.Open("101", "103")
			o.Dial("101", "915").EndedWith(403)
			a := menu(o, "plan.menu", "2#", "plan.number", "9#", "entry.invalid", "77#", "entry.invalid", "00#")
			a.HearsPrompt("goodbye")
			a.Ended()
			a = menu(o, "plan.menu", "4#", "entry.invalid", "9#", "entry.invalid", "*")
			a.HearsPrompt("goodbye")
			a.Ended()
			if s := scheme(o, 0); s.Active != 0 || s.Temporary != nil {
				o.Errorf("active %d, temporary %v", s.Active, s.Temporary)
			}
		}},
		{name: "np-ivr_sys-915_database_away_and_hang_up_at_every_prompt", run: func(o *Office) {
			open(o)
			o.Open("103")
			o.b.plans.away.Store(int64(o.Account.ID))
			a := menu(o, "plan.menu", "2#", "plan.number", "2#")
			a.HearsPrompt("service.unavailable")
			a.Ended()
			o.b.plans.away.Store(0)
			a = menu(o)
			a.HearsPrompt("plan.menu")
			a.Hangs()
			a = menu(o, "plan.menu", "2#")
			a.HearsPrompt("plan.number")
			a.Hangs()
			a = menu(o, "plan.menu", "2#", "plan.number", "2#")
			a.HearsPrompt("plan.permanent")
			a.Hangs()
			o.until("change of the plan", func() bool { return scheme(o, 0).Active == 2 })
			o.Record(4)
		}},
	}
}
