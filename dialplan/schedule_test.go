package dialplan

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// minuteModel says what is active by looking at calendar and clock as a person does.
type minuteModel struct {
	s    *Scheme
	loc  *time.Location
	week [7 * 1440]candidate // what the roster says, a minute each
}

type candidate struct{ length, lasted, plan int }

func (c candidate) better(d candidate) bool {
	return d.plan == 0 || c.length < d.length || c.length == d.length && (c.lasted < d.lasted || c.lasted == d.lasted && c.plan < d.plan)
}

func newMinuteModel(s *Scheme, loc *time.Location) *minuteModel {
	m := &minuteModel{s: s, loc: loc}
	for _, p := range s.Roster {
		var minutes []int
		for i := p.Start; ; i = (i + 1) % (7 * 1440) {
			if minutes = append(minutes, i); (i+1)%(7*1440) == p.End%(7*1440) {
				break
			}
		}
		for lasted, i := range minutes {
			if c := (candidate{len(minutes), lasted, p.Plan}); c.better(m.week[i]) {
				m.week[i] = c
			}
		}
	}
	return m
}

func (m *minuteModel) at(t time.Time) int {
	s := m.s
	if s.Active != 0 {
		return s.Active
	}
	if s.Temporary != nil && (s.Temporary.Until.IsZero() || t.Before(s.Temporary.Until)) {
		return s.Temporary.Plan
	}
	return m.scheduled(t)
}

func (m *minuteModel) scheduled(t time.Time) int {
	var best candidate
	l := t.In(m.loc)
	y, month, d := l.Date()
	shows := time.Date(y, month, d, l.Hour(), l.Minute(), 0, 0, time.UTC)
	for _, h := range m.s.Holidays {
		if !shows.Before(h.From) && shows.Before(h.To) {
			if c := (candidate{int(h.To.Sub(h.From).Minutes()), int(shows.Sub(h.From).Minutes()), h.Plan}); c.better(best) {
				best = c
			}
		}
	}
	if best.plan == 0 {
		best = m.week[(int(l.Weekday())+6)%7*1440+l.Hour()*60+l.Minute()]
	}
	if best.plan == 0 {
		return 1
	}
	return best.plan
}

func testPlans(n int) map[int]*Plan {
	plans := map[int]*Plan{}
	for i := 1; i <= n; i++ {
		plans[i] = &Plan{ID: int64(i), Number: i, Name: fmt.Sprint("Plan ", i)}
	}
	return plans
}

func zoneOf(t interface{ Fatal(...any) }, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// drawScheme makes a scheme with periods near the beginning of what the test walks through.
func drawScheme(t *rapid.T, begin time.Time, loc *time.Location) *Scheme {
	s := &Scheme{Plans: testPlans(4)}
	plan := rapid.IntRange(1, 4)
	minute := rapid.OneOf(rapid.IntRange(0, weekMinutes-1), rapid.Map(rapid.IntRange(0, 4), func(i int) int {
		return 6*1440 + 90 + 30*i // Sunday 01:30–03:30, where the clocks change
	}))
	for range rapid.IntRange(0, 4).Draw(t, "periods") {
		p := RosterPeriod{Start: minute.Draw(t, "start"), Plan: plan.Draw(t, "plan")}
		length := rapid.OneOf(rapid.IntRange(1, weekMinutes-1), rapid.SampledFrom([]int{30, 60, 1440, weekMinutes})).Draw(t, "length")
		if p.End = (p.Start+length-1)%weekMinutes + 1; length == weekMinutes {
			p.Start, p.End = 0, weekMinutes
		}
		s.Roster = append(s.Roster, p)
	}
	wall := time.Unix(wallClock(begin, loc), 0).UTC()
	for i := range rapid.IntRange(0, 2).Draw(t, "holidays") {
		from := wall.Add(time.Duration(rapid.IntRange(-1440, 3*1440).Draw(t, "from")) * time.Minute)
		s.Holidays = append(s.Holidays, Holiday{Name: fmt.Sprint(i), From: from, Plan: plan.Draw(t, "plan"),
			To: from.Add(time.Duration(rapid.IntRange(1, 2*1440).Draw(t, "minutes")) * time.Minute)})
	}
	switch rapid.IntRange(0, 5).Draw(t, "by hand") {
	case 0:
		s.Active = plan.Draw(t, "manual")
	case 1:
		s.Temporary = &Temporary{Plan: plan.Draw(t, "temporary"), Until: begin.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "until")) * time.Minute)}
	case 2:
		s.Temporary = &Temporary{Plan: plan.Draw(t, "temporary")}
	}
	return s
}

// Every minute of three days around a change of the clocks is as the model says, the next
// change is where the model changes next, and the spans of the week picture fit.
func TestNP_07_ScheduleIsAsTheClockShows(t *testing.T) {
	for _, name := range []string{"Europe/Amsterdam", "Europe/Madrid", "Europe/Riga"} {
		t.Run(name, func(t *testing.T) {
			loc := zoneOf(t, name)
			rapid.Check(t, func(t *rapid.T) {
				begin := rapid.SampledFrom([]time.Time{
					time.Date(2026, 3, 28, 0, 0, 0, 0, loc), time.Date(2026, 10, 24, 0, 0, 0, 0, loc), // clocks change on the 29th and 25th
					time.Date(2026, 11, 21, 0, 0, 0, 0, loc), time.Date(2026, 12, 31, 0, 0, 0, 0, loc),
				}).Draw(t, "begin").Add(time.Duration(rapid.IntRange(0, 1440).Draw(t, "after")) * time.Minute)
				s := drawScheme(t, begin, loc)
				m := newMinuteModel(s, loc)
				const minutes = 3 * 1440
				first, next := m.at(begin), s.NextChange(begin, loc)
				changed := false
				for i := range minutes {
					now := begin.Add(time.Duration(i) * time.Minute)
					want := m.at(now)
					if got := s.ActiveAt(now.Add(59*time.Second), loc); got.Number() != want {
						t.Fatalf("%v: plan %d (%s), the model says %d", now, got.Number(), got.Reason(), want)
					}
					if want != first && !changed {
						changed = true
						if !next.Equal(now) {
							t.Fatalf("next change after %v is %v, the model changes at %v", begin, next, now)
						}
					}
				}
				if end := begin.Add(minutes * time.Minute); !changed && !next.IsZero() && next.Before(end) {
					t.Fatalf("next change after %v is %v, the model has none", begin, next)
				}
				at := begin
				for _, span := range s.Spans(begin, begin.Add(minutes*time.Minute), loc) {
					if !span.From.Equal(at) || !span.To.After(at) {
						t.Fatalf("a span from %v to %v, the one before ended at %v", span.From, span.To, at)
					}
					for _, x := range []time.Time{span.From, span.To.Add(-time.Second)} {
						if s.ActiveAt(x, loc) != span.ActivePlan {
							t.Fatalf("%v: span %+v", x, span)
						}
					}
					at = span.To
				}
				if !at.Equal(begin.Add(minutes * time.Minute)) {
					t.Fatalf("the spans end at %v", at)
				}
			})
		})
	}
}

func mins(day, hour, minute int) int { return day*1440 + hour*60 + minute }

func TestNP_04_RosterTable(t *testing.T) {
	ams := zoneOf(t, "Europe/Amsterdam")
	s := &Scheme{Plans: testPlans(5), Roster: []RosterPeriod{
		{0, weekMinutes, 2},
		{mins(0, 9, 0), mins(0, 17, 0), 1},
		{mins(0, 12, 0), mins(0, 13, 0), 3},
		{mins(4, 22, 0), mins(0, 6, 0), 4},                                       // over the week end
		{mins(2, 23, 0), mins(3, 1, 0), 5},                                       // over midnight
		{mins(3, 0, 30), mins(3, 2, 30), 3},                                      // as long, begun later
		{mins(6, 23, 0), weekMinutes, 5},                                         // until Sunday 24:00
		{mins(5, 10, 0), mins(5, 11, 0), 5}, {mins(5, 10, 0), mins(5, 11, 0), 1}, // the lower plan
	}}
	for _, c := range []struct {
		at     string
		plan   int
		reason string
	}{
		{"2026-11-23 08:59:59", 2, "roster Mon 00:00–Sun 24:00"},
		{"2026-11-23 09:00:00", 1, "roster Mon 09:00–17:00"},
		{"2026-11-23 12:30:00", 3, "roster Mon 12:00–13:00"},
		{"2026-11-23 13:00:00", 1, "roster Mon 09:00–17:00"},
		{"2026-11-23 17:00:00", 2, "roster Mon 00:00–Sun 24:00"},
		{"2026-11-25 23:30:00", 5, "roster Wed 23:00–Thu 01:00"},
		{"2026-11-26 00:45:00", 3, "roster Thu 00:30–02:30"},
		{"2026-11-28 10:30:00", 1, "roster Sat 10:00–11:00"},
		{"2026-11-28 12:00:00", 4, "roster Fri 22:00–Mon 06:00"},
		{"2026-11-29 23:59:59", 5, "roster Sun 23:00–24:00"},
		{"2026-11-30 00:00:00", 4, "roster Fri 22:00–Mon 06:00"},
		{"2026-11-30 06:00:00", 2, "roster Mon 00:00–Sun 24:00"},
	} {
		at, err := time.ParseInLocation(time.DateTime, c.at, ams)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.ActiveAt(at, ams); got.Number() != c.plan || got.Reason() != c.reason || got.Source != SourceRoster {
			t.Errorf("%s: plan %d, %s; want %d, %s", c.at, got.Number(), got.Reason(), c.plan, c.reason)
		}
	}
}

func TestNP_06_Precedence(t *testing.T) {
	now := time.Date(2026, 12, 25, 12, 0, 0, 0, time.UTC)
	s := &Scheme{Plans: testPlans(5), Active: 5, Temporary: &Temporary{Plan: 4, Until: now.Add(time.Hour)},
		Holidays: []Holiday{
			{"Christmas week", now.AddDate(0, 0, -3), now.AddDate(0, 0, 3), 2},
			{"Christmas", time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 26, 0, 0, 0, 0, time.UTC), 3}},
		Roster: []RosterPeriod{{0, weekMinutes, 2}}}
	want := func(plan int, source PlanSource) {
		t.Helper()
		if got := s.ActiveAt(now, nil); got.Number() != plan || got.Source != source {
			t.Errorf("plan %d by %s, want %d by %s", got.Number(), got.Source, plan, source)
		}
	}
	want(5, SourceManual)
	if next := s.NextChange(now, nil); !next.IsZero() {
		t.Errorf("a plan set by hand ends at %v", next)
	}
	s.Active = 0
	want(4, SourceTemporary)
	if next := s.NextChange(now, nil); !next.Equal(now.Add(time.Hour)) {
		t.Errorf("the temporary change ends at %v", next)
	}
	s.Temporary.Until = now
	want(3, SourceHoliday)
	s.Holidays = nil
	want(2, SourceRoster)
	s.Roster = nil
	want(1, SourceDefault)
	// What names a plan that is not there says nothing.
	s.Active, s.Temporary, s.Roster = 77, &Temporary{Plan: 78}, []RosterPeriod{{0, weekMinutes, 79}}
	want(1, SourceDefault)
	s.Plans = nil
	want(0, SourceDefault)
}

func TestNP_05_HolidayFarAhead(t *testing.T) {
	riga := zoneOf(t, "Europe/Riga")
	s := &Scheme{Plans: testPlans(3), Roster: []RosterPeriod{{0, 5 * 1440, 2}, {5 * 1440, weekMinutes, 2}},
		Holidays: []Holiday{{"Long", time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2199, 12, 31, 0, 0, 0, 0, time.UTC), 3}}}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, riga)
	begin := time.Date(2199, 1, 1, 0, 0, 0, 0, riga)
	if next := s.NextChange(now, riga); !next.Equal(begin) {
		t.Errorf("next change %v, want %v", next, begin)
	}
	if next := s.NextChange(begin, riga); !next.Equal(time.Date(2199, 12, 31, 0, 0, 0, 0, riga)) {
		t.Errorf("the holiday ends at %v", next)
	}
	if next := s.NextChange(begin.AddDate(2, 0, 0), riga); !next.IsZero() {
		t.Errorf("something changes at %v", next)
	}
	// A period that the clock skips this week comes in the next one.
	s = &Scheme{Plans: testPlans(2), Roster: []RosterPeriod{{mins(6, 3, 10), mins(6, 3, 50), 2}}}
	now = time.Date(2026, 3, 29, 0, 0, 0, 0, riga)
	if next, want := s.NextChange(now, riga), time.Date(2026, 4, 5, 3, 10, 0, 0, riga); !next.Equal(want) {
		t.Errorf("next change %v, want %v", next, want)
	}
}

func BenchmarkActiveAt(b *testing.B) {
	loc := zoneOf(b, "Europe/Amsterdam")
	s := &Scheme{Plans: testPlans(3)}
	for d := range 7 {
		s.Roster = append(s.Roster, RosterPeriod{mins(d, 9, 0), mins(d, 17, 0), 2}, RosterPeriod{mins(d, 12, 0), mins(d, 13, 0), 3})
	}
	now := time.Date(2026, 11, 23, 12, 30, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		_ = s.ActiveAt(now, loc).Reason()
	}
}
