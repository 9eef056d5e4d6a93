package dialplan

import (
	"time"
)

// weekMinutes is the length of a week on the clock.
const weekMinutes = 7 * 24 * 60

// RosterPeriod makes a plan active every week from Start to End, in minutes since Monday
// 00:00 on the clock of the account's time zone. What the clock on the wall shows decides: a
// time that it skips in spring never comes, one that it shows twice in autumn comes twice.
type RosterPeriod struct {
	Start int // 0–10079
	// End is the first minute outside: 1–10080, which is Sunday 24:00. Not later than Start:
	// the period goes over the end of the week.
	End  int
	Plan int
}

// Length in minutes on the clock; the shorter one of two periods is the more specific.
func (p RosterPeriod) Length() int {
	if p.End > p.Start {
		return p.End - p.Start
	}
	return p.End - p.Start + weekMinutes
}

// since is how long, in minutes, the period has lasted at a minute of the week.
func (p RosterPeriod) since(minute int) (int, bool) {
	d := minute - p.Start
	if d < 0 {
		d += weekMinutes
	}
	return d, d < p.Length()
}

// String is "Mon 09:00–17:00" or "Fri 18:00–Mon 08:00".
func (p RosterPeriod) String() string {
	var buf [32]byte
	text := appendMoment(buf[:0], p.Start/1440, p.Start%1440)
	last, end := (p.End-1)/1440, (p.End-1)%1440+1 // an end at midnight belongs to the day before, as 24:00
	text = append(text, "–"...)
	if p.Length() <= 1440 && last == p.Start/1440 {
		return string(appendClock(text, end))
	}
	return string(appendMoment(text, last, end))
}

// appendMoment writes "Mon 09:00"; days count from Monday.
func appendMoment(b []byte, day, minute int) []byte {
	b = append(b, "MonTueWedThuFriSatSun"[day%7*3:][:3]...)
	return appendClock(append(b, ' '), minute)
}

// appendClock writes "09:00".
func appendClock(b []byte, minute int) []byte {
	h, m := minute/60, minute%60
	return append(b, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10))
}

// Holiday makes a plan active for a time of the calendar.
type Holiday struct {
	Name string
	// From and To (exclusive) are what the clock of the account's time zone shows, put down as UTC.
	From, To time.Time
	Plan     int
}

// Temporary is a change that ends by itself.
type Temporary struct {
	Plan int
	// Until is the next scheduled change when it was made; zero: there was none ahead.
	Until time.Time
}

// PlanSource is what makes a plan the active one.
type PlanSource string

// Sources of the active plan; the first one that says something decides (NP-06).
const (
	SourceManual    PlanSource = "manual"
	SourceTemporary PlanSource = "temporary"
	SourceHoliday   PlanSource = "holiday"
	SourceRoster    PlanSource = "roster"
	SourceDefault   PlanSource = "default" // the plan with the lowest number
)

// ActivePlan is the answer to which plan of a scheme is active.
type ActivePlan struct {
	Plan   *Plan // nil: the scheme has none
	Source PlanSource
	period RosterPeriod
	name   string
	until  time.Time
}

// Number of the plan; 0: none.
func (a ActivePlan) Number() int {
	if a.Plan == nil {
		return 0
	}
	return a.Plan.Number
}

// Reason in words: "roster Mon 09:00–17:00".
func (a ActivePlan) Reason() string {
	switch a.Source {
	case SourceManual:
		return "set by hand"
	case SourceTemporary:
		if a.until.IsZero() {
			return "temporary change"
		}
		return "temporary change until " + a.until.Format("2006-01-02 15:04")
	case SourceHoliday:
		return "holiday " + a.name
	case SourceRoster:
		return "roster " + a.period.String()
	}
	if a.Plan == nil {
		return "the scheme has no plan"
	}
	return "nothing is scheduled: the plan with the lowest number"
}

// ActiveAt tells which plan of the scheme is active at an instant (NP-06): the one set by
// hand, else the temporary change, else the holiday, else the roster, else the plan with the lowest number.
// Of several holidays or periods the shortest counts; of equally long ones the one that
// began last; of those the one with the lower plan. loc is the account's time zone.
func (s *Scheme) ActiveAt(now time.Time, loc *time.Location) ActivePlan {
	if p := s.Plans[s.Active]; p != nil {
		return ActivePlan{Plan: p, Source: SourceManual}
	}
	if t := s.Temporary; t != nil && (t.Until.IsZero() || now.Before(t.Until)) {
		if p := s.Plans[t.Plan]; p != nil {
			until := t.Until
			if !until.IsZero() {
				until = until.In(zone(loc))
			}
			return ActivePlan{Plan: p, Source: SourceTemporary, until: until}
		}
	}
	return s.scheduled(wallClock(now, loc))
}

// scheduled is what holidays and roster say when the clock shows wall.
func (s *Scheme) scheduled(wall int64) ActivePlan {
	var best *Holiday
	for i := range s.Holidays {
		h := &s.Holidays[i]
		if s.Plans[h.Plan] == nil || wall < h.From.Unix() || wall >= h.To.Unix() {
			continue
		}
		if best == nil || moreSpecific(h.To.Sub(h.From), best.To.Sub(best.From), best.From.Compare(h.From), h.Plan-best.Plan) {
			best = h
		}
	}
	if best != nil {
		return ActivePlan{Plan: s.Plans[best.Plan], Source: SourceHoliday, name: best.Name}
	}
	minute := int(weekSecond(wall) / 60)
	var chosen *RosterPeriod
	lasted := 0
	for i := range s.Roster {
		p := &s.Roster[i]
		since, in := p.since(minute)
		if !in || s.Plans[p.Plan] == nil {
			continue
		}
		if chosen == nil || moreSpecific(p.Length(), chosen.Length(), since-lasted, p.Plan-chosen.Plan) {
			chosen, lasted = p, since
		}
	}
	if chosen != nil {
		return ActivePlan{Plan: s.Plans[chosen.Plan], Source: SourceRoster, period: *chosen}
	}
	return ActivePlan{Plan: s.lowest(), Source: SourceDefault}
}

// moreSpecific: shorter, or begun later (begun < 0), or of the lower plan.
func moreSpecific[T int | time.Duration](length, other T, begun, plan int) bool {
	if length != other {
		return length < other
	}
	if begun != 0 {
		return begun < 0
	}
	return plan < 0
}

func (s *Scheme) lowest() *Plan {
	var first *Plan
	for _, p := range s.Plans {
		if first == nil || p.Number < first.Number {
			first = p
		}
	}
	return first
}

func zone(loc *time.Location) *time.Location {
	if loc == nil {
		return time.UTC
	}
	return loc
}

// wallClock is what the clock shows, as seconds of a calendar without zones.
func wallClock(t time.Time, loc *time.Location) int64 {
	_, offset := t.In(zone(loc)).Zone()
	return t.Unix() + int64(offset)
}

// weekSecond is the second of the week, from Monday 00:00 on. 1970 began on a Thursday.
func weekSecond(wall int64) int64 {
	const week = weekMinutes * 60
	return ((wall+3*24*3600)%week + week) % week
}

// NextChange is the first instant after after at which another plan becomes active; zero:
// there is none. A plan set by hand never ends by itself.
func (s *Scheme) NextChange(after time.Time, loc *time.Location) time.Time {
	now := s.ActiveAt(after, loc).Number()
	return s.search(after, loc, func(t time.Time) bool { return s.ActiveAt(t, loc).Number() != now })
}

// NextScheduled is NextChange of holidays and roster alone: a temporary change made now ends
// then (NP-IVR).
func (s *Scheme) NextScheduled(after time.Time, loc *time.Location) time.Time {
	alone := Scheme{Plans: s.Plans, Roster: s.Roster, Holidays: s.Holidays}
	return alone.NextChange(after, loc)
}

// Span is a time during which one plan is active for one reason.
type Span struct {
	From, To time.Time
	ActivePlan
}

// Spans is what is active from from to to (exclusive), without gaps.
func (s *Scheme) Spans(from, to time.Time, loc *time.Location) []Span {
	var out []Span
	for from.Before(to) {
		is := s.ActiveAt(from, loc)
		end := s.search(from, loc, func(t time.Time) bool { return !t.Before(to) || s.ActiveAt(t, loc) != is })
		if end.IsZero() || end.After(to) {
			end = to
		}
		out = append(out, Span{From: from, To: end, ActivePlan: is})
		from = end
	}
	return out
}

// calm is how long after the last holiday roster periods are looked at: in three weeks each comes
// at least once, even one that the clock skipped in the first.
const calm = 22 * 24 * time.Hour

// search goes through the instants after after at which something may change, until found
// says so; zero: it never does.
func (s *Scheme) search(after time.Time, loc *time.Location, found func(time.Time) bool) time.Time {
	if s.Plans[s.Active] != nil {
		return time.Time{}
	}
	t, since := after, after
	for {
		next, calendar := s.nextBoundary(t, loc, t.Sub(since) < calm)
		if next.IsZero() || found(next) {
			return next
		}
		t = next
		if calendar {
			since = t
		}
	}
}

// nextBoundary is the next instant at which a holiday or (weekly) a period of the roster begins
// or ends, the temporary change ends, or the clock is put forward or back; zero: none. calendar: it
// is not one that comes every week.
func (s *Scheme) nextBoundary(after time.Time, loc *time.Location, weekly bool) (at time.Time, calendar bool) {
	if t := s.Temporary; t != nil && s.Plans[t.Plan] != nil && (t.Until.IsZero() || after.Before(t.Until)) {
		return t.Until, true // nothing else counts before
	}
	const never = 1 << 62
	wall, next := wallClock(after, loc), int64(never)
	for i := range s.Holidays {
		h := &s.Holidays[i]
		for _, b := range [2]int64{h.From.Unix(), h.To.Unix()} {
			if b > wall && b < next {
				next, calendar = b, true
			}
		}
	}
	if weekly {
		if b := s.nextPeriod(wall); b > 0 && (!calendar || b < next) {
			next, calendar = b, false
		}
	}
	if next == never {
		return time.Time{}, false
	}
	in := after.In(zone(loc))
	_, offset := in.Zone()
	at = time.Unix(next-int64(offset), 0).In(zone(loc))
	_, end := in.ZoneBounds()
	if !end.IsZero() && !end.After(after) {
		// On the last day of some leap years package time tells an end that is over; no clock
		// changes that day.
		end = after.Add(6 * time.Hour)
	}
	if !end.IsZero() && end.Before(at) {
		return end, false
	}
	return at, calendar
}

// nextPeriod is what the clock shows when the next period of the roster begins or ends; 0:
// there is none.
func (s *Scheme) nextPeriod(wall int64) (next int64) {
	const week = weekMinutes * 60
	now := weekSecond(wall)
	for _, p := range s.Roster {
		for _, m := range [2]int{p.Start, p.End} {
			d := (int64(m)*60 - now) % week
			if d <= 0 {
				d += week
			}
			if next == 0 || wall+d < next {
				next = wall + d
			}
		}
	}
	return next
}
