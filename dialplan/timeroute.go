package dialplan

import (
	"time"
)

// TimeRoute is the configuration of an extension that routes by day and time (EXT-TBR-01).
type TimeRoute struct {
	// Periods in their order: the first that holds decides.
	Periods []Period
	// Failover outside of all periods.
	Failover Destination
}

// Kind implements ExtensionConfig.
func (*TimeRoute) Kind() Kind { return KindTime }

// DayMinutes is the end of a day, 24:00.
const DayMinutes = 24 * 60

// Period is a time of day on the days of a week: from Start to End on each day from
// FirstDay to LastDay. Days go on over the end of the week (Friday to Monday are four). An End
// that is not after Start is on the next day, so that the night of LastDay ends on the day after it.
type Period struct {
	FirstDay, LastDay time.Weekday
	// Start and End are minutes of the local clock since midnight, 0 to DayMinutes; the
	// minute End is not part of the period.
	Start, End  int
	Destination Destination
	Description string
}

// String is the period as people write it.
func (p Period) String() string {
	var buf [32]byte
	return string(p.append(buf[:0]))
}

func (p Period) append(text []byte) []byte {
	text = append(text, p.FirstDay.String()[:3]...)
	text = append(append(text, '-'), p.LastDay.String()[:3]...)
	text = appendClock(append(text, ' '), p.Start)
	return appendClock(append(text, '-'), p.End)
}

// Holds tells whether the local wall clock t is within the period. What counts is what the
// clock on the wall shows: an hour that is skipped in spring has no minutes, one that is repeated in
// autumn counts twice.
func (p Period) Holds(t time.Time) bool {
	day, minute := t.Weekday(), t.Hour()*60+t.Minute()
	if p.End > p.Start {
		return p.on(day) && minute >= p.Start && minute < p.End
	}
	return p.on(day) && minute >= p.Start || p.on((day+6)%7) && minute < p.End
}

// on tells whether a period begins on a day.
func (p Period) on(day time.Weekday) bool {
	return (day-p.FirstDay+7)%7 <= (p.LastDay-p.FirstDay+7)%7
}

// RouteByTime decides where a call goes at now in the account's time zone.
func RouteByTime(r *TimeRoute, now time.Time, zone *time.Location) (Destination, string) {
	local := now.In(zone)
	var buf [96]byte
	reason := local.AppendFormat(buf[:0], "Mon 15:04 MST")
	for _, p := range r.Periods {
		if p.Holds(local) {
			reason = p.append(append(reason, " is in period "...))
			if p.Description != "" {
				reason = append(append(append(reason, " ("...), p.Description...), ')')
			}
			return p.Destination, string(reason)
		}
	}
	return r.Failover, string(append(reason, " is outside of all periods"...))
}
