package dialplan_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"callplane/dialplan"
)

func TestNP_IVR_Change(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) // a Sunday
	s := &dialplan.Scheme{ID: 4, Plans: map[int]*dialplan.Plan{1: {Number: 1}, 2: {Number: 2}},
		Roster: []dialplan.RosterPeriod{{Start: 0, End: 1440, Plan: 2}}}
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		action    dialplan.PlanAction
		plan      int
		ok        bool
		active    int
		temporary *dialplan.Temporary
	}{
		{dialplan.PlanTemporary, 2, true, 0, &dialplan.Temporary{Plan: 2, Until: monday}},
		{dialplan.PlanPermanent, 2, true, 2, nil},
		{dialplan.PlanSchedule, 0, true, 0, nil},
		{dialplan.PlanTemporary, 3, false, 0, nil},
		{dialplan.PlanPermanent, 0, false, 0, nil},
		{"4", 1, false, 0, nil},
	} {
		got, ok := s.Change(c.action, c.plan, now, time.UTC)
		if ok != c.ok {
			t.Errorf("%s %d: %t", c.action, c.plan, ok)
		}
		if !ok {
			continue
		}
		if got.Scheme != 4 || got.Active != c.active || (got.Temporary == nil) != (c.temporary == nil) ||
			got.Temporary != nil && (got.Temporary.Plan != c.temporary.Plan || !got.Temporary.Until.Equal(c.temporary.Until)) {
			t.Errorf("%s %d: %v", c.action, c.plan, got)
		}
	}
	s.Roster = nil
	if got, _ := s.Change(dialplan.PlanTemporary, 2, now, time.UTC); !got.Temporary.Until.IsZero() {
		t.Errorf("without a schedule: until %v", got.Temporary.Until)
	}
}

// A temporary change is what is active until the schedule changes, and from then on it makes no difference.
func TestNP_IVR_TemporaryEndsWithTheSchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &dialplan.Scheme{ID: 1, Plans: map[int]*dialplan.Plan{}}
		for n := 1; n <= 4; n++ {
			s.Plans[n] = &dialplan.Plan{Number: n}
		}
		for range rapid.IntRange(0, 5).Draw(t, "periods") {
			s.Roster = append(s.Roster, dialplan.RosterPeriod{Start: rapid.IntRange(0, 10079).Draw(t, "start"), End: rapid.IntRange(1, 10080).Draw(t, "end"), Plan: rapid.IntRange(1, 4).Draw(t, "plan")})
		}
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_800_000_000).Draw(t, "now"), 0)
		change, _ := s.Change(dialplan.PlanTemporary, 3, now, time.UTC)
		with := *s
		with.Temporary = change.Temporary
		until := change.Temporary.Until
		for range 20 {
			at := now.Add(time.Duration(rapid.Int64Range(0, 14*24*3600).Draw(t, "later")) * time.Second)
			is, plain := with.ActiveAt(at, time.UTC), s.ActiveAt(at, time.UTC)
			if until.IsZero() || at.Before(until) {
				if is.Number() != 3 {
					t.Fatalf("%v: plan %d before %v", at, is.Number(), until)
				}
			} else if is != plain {
				t.Fatalf("%v: plan %d after %v, the schedule says %d", at, is.Number(), until, plain.Number())
			}
		}
	})
}

func TestMatchEntry(t *testing.T) {
	m := dialplan.MatchEntry(2)
	for in, want := range map[string]dialplan.MenuMatch{"": dialplan.MenuPartial, "1": dialplan.MenuAmbiguous, "99": dialplan.MenuAmbiguous,
		"100": dialplan.MenuInvalid, "*": dialplan.MenuInvalid, "#": dialplan.MenuInvalid, "1*": dialplan.MenuInvalid} {
		if got := m(in); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}
