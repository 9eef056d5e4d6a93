package dialplan

import (
	"strconv"
	"time"
)

// PlanAction is what somebody asks for on the telephone who changes the active plan (NP-IVR); its value is the key
// that is pressed before #.
type PlanAction string

// Actions.
const (
	PlanTemporary PlanAction = "1" // until the next scheduled change
	PlanPermanent PlanAction = "2" // until it is taken back
	PlanSchedule  PlanAction = "3" // back to the schedule
)

// PlanChange is a change of the active plan by hand: what a scheme is to be like after it.
type PlanChange struct {
	Scheme int64
	// Active is the plan that stays until it is taken back; 0: none.
	Active int
	// Temporary plan; nil: none.
	Temporary *Temporary
}

// String is the change in words.
func (p PlanChange) String() string {
	switch {
	case p.Active != 0:
		return "plan " + strconv.Itoa(p.Active) + " until it is taken back"
	case p.Temporary == nil:
		return "back to the schedule"
	case p.Temporary.Until.IsZero():
		return "plan " + strconv.Itoa(p.Temporary.Plan) + " until it is taken back: no change is scheduled"
	}
	return "plan " + strconv.Itoa(p.Temporary.Plan) + " until " + p.Temporary.Until.UTC().Format(time.RFC3339)
}

// Change is what an action does to the scheme, made at now with a plan of it; going back to the schedule needs none. A
// temporary change ends with the next scheduled one. ok is false when the scheme has no such plan or
// there is no such action. loc is the account's time zone.
func (s *Scheme) Change(action PlanAction, plan int, now time.Time, loc *time.Location) (change PlanChange, ok bool) {
	change.Scheme = s.ID
	switch action {
	case PlanSchedule:
		return change, true
	case PlanTemporary:
		change.Temporary = &Temporary{Plan: plan, Until: s.NextScheduled(now, loc)}
	case PlanPermanent:
		change.Active = plan
	default:
		return change, false
	}
	return change, s.Plans[plan] != nil
}

// SchemeNumbered finds the scheme that callers mean by a number; nil: there is none.
func (a *Account) SchemeNumbered(number int) *Scheme {
	for _, s := range a.Schemes {
		if s.Number == number {
			return s
		}
	}
	return nil
}

// MatchEntry is for entries that # ends and nobody judges before: up to most digits.
func MatchEntry(most int) func(string) MenuMatch {
	return func(digits string) MenuMatch {
		switch {
		case digits == "":
			return MenuPartial
		case !allDigits(digits) || len(digits) > most:
			return MenuInvalid
		}
		return MenuAmbiguous
	}
}
