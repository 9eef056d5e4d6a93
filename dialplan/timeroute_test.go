package dialplan_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"callplane/dialplan"
)

func amsterdam(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestEXT_TBR_01(t *testing.T) {
	zone := amsterdam(t)
	period := func(first, last time.Weekday, start, end int, to string) dialplan.Period {
		return dialplan.Period{FirstDay: first, LastDay: last, Start: start * 60, End: end * 60, Destination: dialplan.Destination{Extension: to}}
	}
	office := &dialplan.TimeRoute{Failover: dialplan.Destination{Extension: "999"}, Periods: []dialplan.Period{
		period(time.Monday, time.Friday, 9, 17, "101"),
		period(time.Friday, time.Monday, 22, 6, "102"),
		period(time.Saturday, time.Saturday, 0, 24, "103"),
	}}
	dawn := &dialplan.TimeRoute{Failover: dialplan.Destination{Extension: "999"}, Periods: []dialplan.Period{
		period(time.Sunday, time.Sunday, 2, 3, "101"),
	}}
	for _, tc := range []struct {
		r    *dialplan.TimeRoute
		at   string // UTC
		want string
	}{
		{office, "2026-11-23T08:00:00Z", "101"}, // Monday 09:00
		{office, "2026-11-23T07:59:59Z", "999"},
		{office, "2026-11-27T15:59:59Z", "101"}, // Friday 16:59:59
		{office, "2026-11-27T16:00:00Z", "999"},
		{office, "2026-11-27T21:00:00Z", "102"}, // Friday 22:00
		{office, "2026-11-28T04:59:00Z", "102"}, // Saturday 05:59, the night of Friday
		{office, "2026-11-28T05:00:00Z", "103"},
		{office, "2026-11-28T22:59:59Z", "102"}, // the earlier period decides
		{office, "2026-11-24T04:00:00Z", "102"}, // Tuesday 05:00 is the night of Monday
		{office, "2026-11-25T04:00:00Z", "999"},
		{office, "2026-06-22T07:00:00Z", "101"}, // Monday 09:00 in summer
		{office, "2026-06-22T06:59:59Z", "999"},
		{dawn, "2026-10-25T00:30:00Z", "101"}, // 02:30 for the first time
		{dawn, "2026-10-25T01:30:00Z", "101"}, // and again
		{dawn, "2026-10-25T02:00:00Z", "999"},
		{dawn, "2026-03-29T00:59:59Z", "999"}, // 01:59:59
		{dawn, "2026-03-29T01:00:00Z", "999"}, // 03:00: there is no 02:00
	} {
		at, err := time.Parse(time.RFC3339, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		got, reason := dialplan.RouteByTime(tc.r, at, zone)
		if got.Extension != tc.want {
			t.Errorf("%s: %s (%s), want %s", tc.at, got, reason, tc.want)
		}
	}
	_, reason := dialplan.RouteByTime(office, time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), zone)
	if !strings.Contains(reason, "Mon-Fri 09:00-17:00") {
		t.Errorf("reason %q", reason)
	}
}

// A period is the same as the set of its minutes, written down one by one.
func TestPeriodIsItsMinutes(t *testing.T) {
	zone := amsterdam(t)
	rapid.Check(t, func(t *rapid.T) {
		p := dialplan.Period{
			FirstDay: time.Weekday(rapid.IntRange(0, 6).Draw(t, "first")), LastDay: time.Weekday(rapid.IntRange(0, 6).Draw(t, "last")),
			Start: rapid.IntRange(0, dialplan.DayMinutes-1).Draw(t, "start"), End: rapid.IntRange(0, dialplan.DayMinutes).Draw(t, "end"),
		}
		const week = 7 * dialplan.DayMinutes
		var in [week]bool
		for day := p.FirstDay; ; day = (day + 1) % 7 {
			end := p.End
			if end <= p.Start {
				end += dialplan.DayMinutes
			}
			for m := p.Start; m < end; m++ {
				in[(int(day)*dialplan.DayMinutes+m)%week] = true
			}
			if day == p.LastDay {
				break
			}
		}
		at := time.Unix(rapid.Int64Range(1_700_000_000, 2_000_000_000).Draw(t, "at"), 0).In(zone)
		if got, want := p.Holds(at), in[int(at.Weekday())*dialplan.DayMinutes+at.Hour()*60+at.Minute()]; got != want {
			t.Errorf("%v at %v: %v, want %v", p, at, got, want)
		}
	})
}
