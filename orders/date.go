// Package orders holds the rules of ordering as pure functions: what can be ordered and when, which planned step is due,
// what an order costs its customer and its reseller, and what calls cost. It does no I/O and reads no clock.
package orders

import (
	"fmt"
	"time"
)

// Date is a day of the calendar, 2026-11-28; empty: none. Dates compare as text. In which time zone the day begins is up to
// whoever asks: orders go by the account's.
type Date string

// DateOf is the day that an instant is on in a time zone.
func DateOf(t time.Time, loc *time.Location) Date { return Date(t.In(loc).Format(time.DateOnly)) }

// ParseDate reads a date as it is written in forms.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return "", fmt.Errorf("%q is not a date such as 2026-11-28", s)
	}
	return Date(s), nil
}

// Time is midnight UTC of the day, for arithmetic; the zero time for none.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Add is the date so many days later.
func (d Date) Add(days int) Date { return Date(d.Time().AddDate(0, 0, days).Format(time.DateOnly)) }

// AddMonths is the date so many months later, on the last day of a month that is too short.
func (d Date) AddMonths(n int) Date {
	t := d.Time()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	day := min(t.Day(), first.AddDate(0, 1, -1).Day())
	return Date(first.AddDate(0, 0, day-1).Format(time.DateOnly))
}

// days between two dates, negative when to is earlier.
func days(from, to Date) int { return int(to.Time().Sub(from.Time()) / (24 * time.Hour)) }

// Month is a month of the calendar, 2026-11.
type Month string

// ParseMonth reads a month.
func ParseMonth(s string) (Month, error) {
	if _, err := time.Parse("2006-01", s); err != nil {
		return "", fmt.Errorf("%q is not a month such as 2026-11", s)
	}
	return Month(s), nil
}

// Month that the date is in.
func (d Date) Month() Month { return Month(d[:7]) }

// Bounds are its first day and the first day of the next one.
func (m Month) Bounds() (from, to Date) {
	from = Date(string(m) + "-01")
	return from, from.AddMonths(1)
}

// Span are the instants at which the month begins and ends in a time zone.
func (m Month) Span(loc *time.Location) (from, to time.Time) {
	a, b := m.Bounds()
	return a.begins(loc), b.begins(loc)
}

// begins is the first instant of the day in a time zone.
func (d Date) begins(loc *time.Location) time.Time {
	t := d.Time()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, loc)
}
