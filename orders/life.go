package orders

import (
	"cmp"
	"slices"
)

// State of an order.
type State string

// States of an order. One that waits for its SIM is planned, whatever its date.
const (
	Planned State = "planned"
	Active  State = "active"
	Ended   State = "ended"
)

// Status is what people are told about an order.
type Status string

// Statuses: Waiting is a planned order whose start date has come and whose SIM has not been connected.
const (
	StatusPlanned Status = "planned"
	StatusWaiting Status = "waiting"
	StatusActive  Status = "active"
	StatusEnded   Status = "ended"
)

// StepKind is what a planned step does.
type StepKind string

// Kinds of steps.
const (
	Activate  StepKind = "activate"
	Change    StepKind = "change"
	Terminate StepKind = "terminate"
)

// rank orders steps of the same day.
func (k StepKind) rank() int { return slices.Index([]StepKind{Activate, Change, Terminate}, k) }

// Step is a planned step of an order.
type Step struct {
	ID   int64
	Kind StepKind
	On   Date // done when this day begins in the account's time zone
}

// Standing is how an order stands.
type Standing struct {
	State         State
	Start         Date
	NeedsSIM, SIM bool // it is to have one; it has one
	SIMOn         Date // when the SIM was connected; none: before anything happened
	Termination   Date // that is planned; none: it goes on
}

// Status of the order on a day.
func (s *Standing) Status(today Date) Status {
	switch {
	case s.State == Active:
		return StatusActive
	case s.State == Ended:
		return StatusEnded
	case s.NeedsSIM && !s.SIM && s.Start <= today:
		return StatusWaiting
	}
	return StatusPlanned
}

// can tells whether a step of this kind can be carried out by now.
func (s *Standing) can(k StepKind) bool {
	switch k {
	case Activate:
		return s.State == Planned && (!s.NeedsSIM || s.SIM)
	case Change, Terminate:
		return s.State != Ended
	}
	return false
}

// Next is the step to carry out first on a day: the earliest that is due and possible. What has been missed is made up for in the
// order in which it was planned. False: nothing is due.
func (s *Standing) Next(open []Step, today Date) (Step, bool) {
	due := slices.DeleteFunc(slices.Clone(open), func(x Step) bool { return x.On > today || !s.can(x.Kind) })
	if len(due) == 0 {
		return Step{}, false
	}
	return slices.MinFunc(due, func(a, b Step) int {
		return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.Kind.rank(), b.Kind.rank()), cmp.Compare(a.ID, b.ID))
	}), true
}

// Effective is the day from which a step counts that is carried out now: the day it was planned for, however late that is done; an
// activation that waited for its SIM counts from the day of the SIM.
func (s *Standing) Effective(x Step) Date {
	if x.Kind == Activate && s.NeedsSIM {
		return max(x.On, s.SIMOn)
	}
	return x.On
}

// CheckStart tells why an order can't begin on a day; empty: it can.
func CheckStart(start, today Date) string {
	switch {
	case start == "":
		return "is required"
	case start < today:
		return "must not be in the past"
	case start > today.AddMonths(24):
		return "must be within two years"
	}
	return ""
}

// CheckChange tells why an order can't be changed on a day; empty: it can.
func (s *Standing) CheckChange(on, today Date) string {
	switch {
	case s.State == Ended:
		return "the order has ended"
	case on == "":
		return "is required"
	case on < today:
		return "must not be in the past"
	case s.State == Planned && on < s.Start:
		return "must not be before the order begins"
	case s.Termination != "" && on >= s.Termination:
		return "the order ends on " + string(s.Termination)
	case on > today.AddMonths(24):
		return "must be within two years"
	}
	return ""
}

// CheckTermination tells why an order can't end on a day; empty: it can. The earliest is tomorrow.
func (s *Standing) CheckTermination(end, today Date) string {
	switch {
	case s.State == Ended:
		return "the order has ended"
	case end == "":
		return "is required"
	case end <= today:
		return "must be tomorrow or later"
	case end > today.AddMonths(120):
		return "must be within ten years"
	}
	return ""
}

// Dropped are the open steps that a termination on a day makes void: an earlier plan to end, and what was to happen from then on.
func Dropped(open []Step, end Date) (out []Step) {
	for _, x := range open {
		if x.Kind == Terminate || x.Kind == Change && x.On >= end {
			out = append(out, x)
		}
	}
	return out
}
