package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

func TestNP_05_ScheduleComesBackAsWritten(t *testing.T) {
	db, _ := pgtest.Store(t)
	id := company(t.Context(), t, db, 1)
	roster := []dialplan.RosterPeriod{{Start: 0, End: 10080, Plan: 1}, {Start: 6*1440 + 1320, End: 360, Plan: 2}}
	holidays := []dialplan.Holiday{{Name: "Ziemassvētki", Plan: 2,
		From: time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 27, 0, 0, 0, 0, time.UTC)}}
	until := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	err := in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		s, _ := mainPlan(ctx, t, tx)
		if err := tx.CreatePlan(ctx, &store.Plan{Scheme: s.ID, Number: 2, Name: "Closed"}); err != nil {
			return err
		}
		if err := tx.SetRoster(ctx, s.ID, roster); err != nil {
			return err
		}
		if err := tx.SetHolidays(ctx, s.ID, holidays); err != nil {
			return err
		}
		return tx.SetTemporary(ctx, s.ID, &dialplan.Temporary{Plan: 2, Until: until})
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := db.LoadAccount(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	s := a.Schemes[0]
	if !reflect.DeepEqual(s.Roster, roster) || !reflect.DeepEqual(s.Holidays, holidays) {
		t.Errorf("roster %v, holidays %v", s.Roster, s.Holidays)
	}
	if s.Temporary == nil || s.Temporary.Plan != 2 || !s.Temporary.Until.Equal(until) {
		t.Errorf("temporary change %+v", s.Temporary)
	}
	// A plan that is renumbered takes its schedule along; a scheme that goes, too.
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		plans, err := tx.ListPlans(ctx, s.ID)
		if err != nil {
			return err
		}
		if err := tx.SetTemporary(ctx, s.ID, nil); err != nil {
			return err
		}
		plans[1].Number = 99
		if err := tx.UpdatePlan(ctx, &plans[1]); err != nil {
			return err
		}
		got, err := tx.ReadSchedule(ctx, s.ID)
		if err == nil && (got.Roster[1].Plan != 99 || got.Holidays[0].Plan != 99) {
			t.Errorf("schedule %+v", got)
		}
		other := &store.Scheme{Name: "Other"}
		if err := tx.CreateScheme(ctx, other); err != nil {
			return err
		}
		if err := tx.CreatePlan(ctx, &store.Plan{Scheme: other.ID, Number: 1, Name: "P"}); err != nil {
			return err
		}
		if err := tx.SetRoster(ctx, other.ID, roster[:1]); err != nil {
			return err
		}
		if err := tx.SetTemporary(ctx, other.ID, &dialplan.Temporary{Plan: 1}); err != nil {
			return err
		}
		return tx.DeleteScheme(ctx, other.ID)
	})
	if err != nil {
		t.Error(err)
	}
}

// Several controllers see the same switch: one of them writes it.
func TestNP_07_SwitchIsLoggedOnce(t *testing.T) {
	db, pool := pgtest.Store(t)
	id := company(t.Context(), t, db, 1)
	a, err := db.LoadAccount(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	s := store.PlanSwitch{Account: id, Scheme: a.Schemes[0].ID, Name: "Main", At: at, From: 1, To: 2, Reason: "roster Mon 09:00–17:00"}
	gone := store.PlanSwitch{Account: id, Scheme: 1 << 40, At: at}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := db.LogSwitches(t.Context(), []store.PlanSwitch{s, gone}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int
	var after []byte
	if err := pool.QueryRow(t.Context(), `SELECT count(*) OVER (), after FROM audit_log WHERE actor = 'schedule' ORDER BY id DESC LIMIT 1`).Scan(&n, &after); err != nil {
		t.Fatal(err)
	}
	if n != 2 { // one is the fixture's
		t.Errorf("%d entries", n)
	}
	var got map[string]any
	if err := json.Unmarshal(after, &got); err != nil || got["plan"] != 2.0 || got["at"] != "2026-11-23T08:00:00Z" {
		t.Errorf("entry %s", after)
	}
	if until, err := db.ScheduleProgress(t.Context()); err != nil || !until.IsZero() {
		t.Errorf("progress at first %v, %v", until, err)
	}
	for _, x := range []time.Time{at, at.Add(-time.Hour)} {
		if err := db.SetScheduleProgress(t.Context(), x); err != nil {
			t.Error(err)
		}
	}
	if until, err := db.ScheduleProgress(t.Context()); err != nil || !until.Equal(at) {
		t.Errorf("progress %v, %v", until, err)
	}
}

func TestNP_IVR_ChangePlanByTelephone(t *testing.T) {
	db, _ := pgtest.Store(t)
	id := company(t.Context(), t, db, 1)
	a, err := db.LoadAccount(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	main := a.Schemes[0]
	if main.Number != 1 {
		t.Errorf("the main scheme has number %d", main.Number)
	}
	until := time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)
	for _, change := range []dialplan.PlanChange{
		{Scheme: main.ID, Active: 1}, {Scheme: main.ID, Temporary: &dialplan.Temporary{Plan: 1, Until: until}}, {Scheme: main.ID},
	} {
		if err := db.ChangePlan(t.Context(), id, "extension 101 by telephone", change); err != nil {
			t.Fatal(err)
		}
		if a, err = db.LoadAccount(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		s := a.Schemes[0]
		if s.Active != change.Active || (s.Temporary == nil) != (change.Temporary == nil) || s.Temporary != nil && (s.Temporary.Plan != 1 || !s.Temporary.Until.Equal(until)) {
			t.Errorf("%v: active %d, temporary %+v", change, s.Active, s.Temporary)
		}
	}
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		log, err := tx.ListAudit(ctx, store.AuditFilter{}, 3)
		if err != nil {
			return err
		}
		if len(log) != 3 || log[0].Actor != "extension 101 by telephone" || log[0].Entity != "override" || !jsonHas(log[1].After, "2026-11-24T07:00:00Z") || !jsonHas(log[0].Before, "2026-11-24T07:00:00Z") {
			t.Errorf("audit log %+v", log)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// What is not there is told; another account's scheme is not there either.
	if err := db.ChangePlan(t.Context(), id, "x", dialplan.PlanChange{Scheme: main.ID, Active: 77}); err == nil {
		t.Error("a plan that is not there became active")
	}
	other := company(t.Context(), t, db, 2)
	if err := db.ChangePlan(t.Context(), other, "x", dialplan.PlanChange{Scheme: main.ID}); !isNotFound(err) {
		t.Errorf("another account's scheme: %v", err)
	}
	// Numbers are given from the lowest on, and stay.
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		var made []*store.Scheme
		for _, name := range []string{"Second", "Third"} {
			s := &store.Scheme{Name: name}
			if err := tx.CreateScheme(ctx, s); err != nil {
				return err
			}
			made = append(made, s)
		}
		base := made[0].Number
		if base < 2 || made[1].Number != base+1 {
			t.Errorf("numbers %d and %d", made[0].Number, made[1].Number)
		}
		if err := tx.DeleteScheme(ctx, made[0].ID); err != nil {
			return err
		}
		again := &store.Scheme{Name: "Again"}
		if err := tx.CreateScheme(ctx, again); err != nil {
			return err
		}
		if again.Number != base {
			t.Errorf("number %d, want %d", again.Number, base)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func jsonHas(raw json.RawMessage, s string) bool { return strings.Contains(string(raw), s) }

func isNotFound(err error) bool {
	var n *store.NotFound
	return errors.As(err, &n)
}
