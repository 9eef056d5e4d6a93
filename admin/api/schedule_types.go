package api

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
)

// RosterPeriod is a time of every week during which a plan is active.
type RosterPeriod struct {
	Days     []string `json:"days,omitempty" maxItems:"7" enum:"mo,tu,we,th,fr,sa,su" doc:"Written only: a period on each of these days, instead of start_day and end_day. An end that is not later than the start is on the day after."`
	StartDay string   `json:"start_day,omitempty" enum:",mo,tu,we,th,fr,sa,su" doc:"First day of a span."`
	Start    string   `json:"start" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"a time such as 09:00" doc:"On the clock of the account's time zone."`
	EndDay   string   `json:"end_day,omitempty" enum:",mo,tu,we,th,fr,sa,su" doc:"Last day of a span; before the first one: in the next week."`
	End      string   `json:"end" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" patternDescription:"a time such as 17:00, up to 24:00" doc:"The first minute outside."`
	Plan     int      `json:"plan" minimum:"1" maximum:"99" doc:"Number of the plan."`
}

// Roster is what happens every week.
type Roster struct {
	Periods []RosterPeriod `json:"periods" maxItems:"500" doc:"The shortest one that is on decides; of equally long ones the one that began last."`
}

// Resolve checks the whole.
func (r *Roster) Resolve(huma.Context) []error {
	_, errs := r.read()
	return errorsOf(errs)
}

func weekdays() []string { return []string{"mo", "tu", "we", "th", "fr", "sa", "su"} }

// minuteOfDay reads a time; what a pattern refuses is 0.
func minuteOfDay(s string) int {
	var h, m int
	if _, err := fmt.Sscanf(s, "%d:%d", &h, &m); err != nil {
		return 0
	}
	return h*60 + m
}

// read gives the periods as the rules know them.
func (r *Roster) read() (out []dialplan.RosterPeriod, errs []*huma.ErrorDetail) {
	const week, day = 7 * 24 * 60, 24 * 60
	seen := make(map[[2]int]bool)
	add := func(at string, start, end, plan int) {
		if end = (end+week-1)%week + 1; start == end {
			errs = append(errs, field(at+"end", "the period is empty: it ends when it begins"))
			return
		}
		if seen[[2]int{start, end}] {
			errs = append(errs, field(at+"start", "there is another period of the same time"))
			return
		}
		seen[[2]int{start, end}] = true
		out = append(out, dialplan.RosterPeriod{Start: start, End: end, Plan: plan})
	}
	for i, p := range r.Periods {
		at := fmt.Sprintf("periods[%d].", i)
		start, end := minuteOfDay(p.Start), minuteOfDay(p.End)
		if len(p.Days) > 0 {
			if p.StartDay != "" || p.EndDay != "" {
				errs = append(errs, field(at+"days", "can't be together with start_day and end_day"))
				continue
			}
			if end <= start {
				end += day
			}
			for _, d := range p.Days {
				n := max(slices.Index(weekdays(), d), 0) * day
				add(at, n+start, n+end, p.Plan)
			}
			continue
		}
		first, last := slices.Index(weekdays(), p.StartDay), slices.Index(weekdays(), p.EndDay)
		if first < 0 {
			errs = append(errs, field(at+"start_day", "is required without days"))
		}
		if last < 0 {
			errs = append(errs, field(at+"end_day", "is required without days"))
		}
		if first >= 0 && last >= 0 {
			if first == 0 && start == 0 && last == 0 && end == 0 { // would be read as Sunday 24:00
				errs = append(errs, field(at+"end", "the period is empty: it ends when it begins"))
				continue
			}
			add(at, first*day+start, last*day+end, p.Plan)
		}
	}
	return out, errs
}

func rosterOf(list []dialplan.RosterPeriod) Roster {
	out := Roster{Periods: []RosterPeriod{}}
	clock := func(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }
	for _, p := range list {
		out.Periods = append(out.Periods, RosterPeriod{
			StartDay: weekdays()[p.Start/1440], Start: clock(p.Start % 1440),
			EndDay: weekdays()[(p.End-1)/1440], End: clock((p.End-1)%1440 + 1), Plan: p.Plan,
		})
	}
	return out
}

// Holiday is a time of the calendar during which a plan is active.
type Holiday struct {
	Name  string `json:"name" minLength:"1" maxLength:"200"`
	Start string `json:"start" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"date and time such as 2026-12-24T17:00" doc:"On the clock of the account's time zone."`
	End   string `json:"end" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}T(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" patternDescription:"date and time such as 2026-12-26T24:00" doc:"The first minute outside."`
	Plan  int    `json:"plan" minimum:"1" maximum:"99" doc:"Number of the plan."`
}

// Holidays are what the roster does not know.
type Holidays struct {
	Holidays []Holiday `json:"holidays" maxItems:"500" doc:"The shortest one that is on decides; of equally long ones the one that began last."`
}

// Resolve checks the whole.
func (h *Holidays) Resolve(huma.Context) []error {
	_, errs := h.read()
	return errorsOf(errs)
}

const holidayTime = "2006-01-02T15:04"

func (h *Holidays) read() (out []dialplan.Holiday, errs []*huma.ErrorDetail) {
	for i, x := range h.Holidays {
		at := fmt.Sprintf("holidays[%d].", i)
		bad := text(at+"name", x.Name)
		from, err := time.Parse(holidayTime, x.Start)
		if err != nil {
			bad = append(bad, field(at+"start", "is not a date and time of the calendar"))
		}
		end, midnight := strings.CutSuffix(x.End, "T24:00")
		if midnight {
			end += "T00:00"
		}
		to, err := time.Parse(holidayTime, end)
		if err != nil {
			bad = append(bad, field(at+"end", "is not a date and time of the calendar"))
		}
		if midnight {
			to = to.AddDate(0, 0, 1)
		}
		if bad == nil && !to.After(from) {
			bad = append(bad, field(at+"end", "must be later than the start"))
		}
		if errs = append(errs, bad...); bad == nil {
			out = append(out, dialplan.Holiday{Name: x.Name, From: from, To: to, Plan: x.Plan})
		}
	}
	return out, errs
}

func holidaysOf(list []dialplan.Holiday) Holidays {
	out := Holidays{Holidays: []Holiday{}}
	for _, h := range list {
		end := h.To.Format(holidayTime)
		if h.To.Hour() == 0 && h.To.Minute() == 0 {
			end = h.To.AddDate(0, 0, -1).Format("2006-01-02") + "T24:00"
		}
		out.Holidays = append(out.Holidays, Holiday{Name: h.Name, Start: h.From.Format(holidayTime), End: end, Plan: h.Plan})
	}
	return out
}

// OverrideInput sets a plan by hand.
type OverrideInput struct {
	Mode string `json:"mode" enum:"permanent,temporary" doc:"permanent: until it is taken back; temporary: until the next scheduled change, and instead of a permanent one."`
	Plan int    `json:"plan" minimum:"1" maximum:"99" doc:"Number of the plan."`
}

// ActiveNow is which plan of a scheme is active, and why.
type ActiveNow struct {
	At     time.Time `json:"at"`
	Plan   int       `json:"plan" doc:"Number of the plan; 0: the scheme has none."`
	Name   string    `json:"name"`
	Source string    `json:"source" enum:"manual,temporary,holiday,roster,default" doc:"What decides."`
	Reason string    `json:"reason" doc:"The same in words."`
	Next   time.Time `json:"next,omitzero" doc:"When another plan becomes active; not there: never by itself."`
}

// WeekSpan is a time during which one plan is active for one reason.
type WeekSpan struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Plan   int       `json:"plan"`
	Name   string    `json:"name"`
	Source string    `json:"source" enum:"manual,temporary,holiday,roster,default"`
	Reason string    `json:"reason"`
}

// Week is seven days without gaps.
type Week struct {
	Spans []WeekSpan `json:"spans"`
}
