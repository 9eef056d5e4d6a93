package store_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// recorded is a recording of user 101 at a time.
func recorded(id dialplan.AccountID, user int64, at time.Time) store.Recording {
	return store.Recording{ID: uuid.New(), Account: id, Call: uuid.New(), Reason: dialplan.RecordSystematic, UserID: user, Extension: "101",
		Number: "+31612345678", Name: "Zoë", Started: at, Duration: 90 * time.Second, Size: 2_880_044, Channels: 2, File: "account-1/x.wav"}
}

// recordingRules gives an account one row in each table of recording.
func recordingRules(ctx context.Context, t testing.TB, db *store.DB, id dialplan.AccountID) {
	t.Helper()
	var user int64
	err := db.Account(ctx, id, func(tx *store.Tx) error {
		e, err := tx.ReadExtension(ctx, "101")
		if err != nil {
			return err
		}
		user = e.ID
		if err := tx.CreateExport(ctx, &store.RecordingExport{CreatedBy: "test"}); err != nil {
			return err
		}
		return tx.SetRecordingSettings(ctx, &store.RecordingSettings{Recording: dialplan.Recording{Enabled: true}, RetentionDays: 30})
	})
	if err == nil {
		err = db.KeepRecording(ctx, recorded(id, user, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)))
	}
	if err == nil {
		err = db.KeepRecording(ctx, memo(id, user, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// recordingUses calls every method about recordings, by the method's name.
func recordingUses(ctx context.Context, t *testing.T) map[string]func(*store.Tx) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	return map[string]func(*store.Tx){
		"ReadRecordingSettings": func(tx *store.Tx) { _, err := tx.ReadRecordingSettings(ctx); must(err) },
		"SetRecordingSettings": func(tx *store.Tx) {
			s, err := tx.ReadRecordingSettings(ctx)
			must(err)
			must(tx.SetRecordingSettings(ctx, s))
			s.Revision--
			if err := tx.SetRecordingSettings(ctx, s); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"ListRecordings": func(tx *store.Tx) {
			for _, f := range []store.RecordingFilter{{}, {UserID: 5000001}, {Extension: "101"}, {Number: "61"}, {Call: uuid.New()}, {Direction: store.CallOutbound, Reason: dialplan.RecordOnDemand}, {IDs: []uuid.UUID{uuid.New()}}} {
				_, err := tx.ListRecordings(ctx, f, 10)
				must(err)
			}
		},
		"CountRecordings": func(tx *store.Tx) {
			_, _, err := tx.CountRecordings(ctx, store.RecordingFilter{Number: "61"}, 10)
			must(err)
		},
		"ReadRecording": func(tx *store.Tx) {
			if _, err := tx.ReadRecording(ctx, uuid.New()); !is[*store.NotFound](err) {
				t.Error(err)
			}
		},
		"CreateExport": func(tx *store.Tx) {
			e := &store.RecordingExport{CreatedBy: "test", Selection: store.RecordingFilter{Number: "61"}}
			must(tx.CreateExport(ctx, e))
			_, err := tx.ReadExport(ctx, e.ID)
			must(err)
			must(tx.DeleteExport(ctx, e.ID))
		},
		"ReadExport":   func(tx *store.Tx) {},
		"DeleteExport": func(tx *store.Tx) {},
		"ListExports": func(tx *store.Tx) {
			_, _, err := tx.ListExports(ctx, 1, store.Page{Limit: 10})
			must(err)
		},
		"DeleteRecording": func(tx *store.Tx) {
			if err := tx.DeleteRecording(ctx, uuid.New()); !is[*store.NotFound](err) {
				t.Error(err)
			}
		},
	}
}

func TestRecordingSettingsReachTheSnapshot(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	want := dialplan.Recording{Enabled: true, Outbound: true, Indirect: true, Mixed: true, Assistant: true}
	err := db.Account(ctx, id, func(tx *store.Tx) error {
		if err := tx.SetRecordingSettings(ctx, &store.RecordingSettings{Recording: want, RetentionDays: 7}); err != nil {
			return err
		}
		got, err := tx.ReadRecordingSettings(ctx)
		if err == nil && (got.Recording != want || got.RetentionDays != 7) {
			t.Errorf("read %+v", got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := db.LoadAccount(ctx, id)
	if err != nil || a.Recording != want {
		t.Errorf("snapshot %+v, %v", a, err)
	}
}

func TestRecordingsAreFoundAndForgotten(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id, other := company(ctx, t, db, 1), company(ctx, t, db, 2)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var all []store.Recording
	for i := range 5 {
		r := recorded(id, 4711, now.Add(time.Duration(i)*time.Minute))
		if i == 3 {
			r.Number, r.UserID, r.Extension, r.Outbound, r.RequestedBy, r.Reason = "102", 4712, "104", true, "103", dialplan.RecordOnDemand
		}
		all = append(all, r)
		for range 2 { // the second time is nothing
			if err := db.KeepRecording(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := func(of dialplan.AccountID, f store.RecordingFilter) (ids []uuid.UUID) {
		t.Helper()
		f.From = now
		err := db.Account(ctx, of, func(tx *store.Tx) error {
			rows, err := tx.ListRecordings(ctx, f, 10)
			for _, r := range rows {
				ids = append(ids, r.ID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	id4 := []uuid.UUID{all[4].ID}
	for what, tc := range map[string]struct {
		f    store.RecordingFilter
		want []uuid.UUID
	}{
		"all":     {store.RecordingFilter{}, []uuid.UUID{all[4].ID, all[3].ID, all[2].ID, all[1].ID, all[0].ID}},
		"user":    {store.RecordingFilter{UserID: 4712}, []uuid.UUID{all[3].ID}},
		"number":  {store.RecordingFilter{Number: "10"}, []uuid.UUID{all[3].ID}},
		"called":  {store.RecordingFilter{Direction: store.CallOutbound}, []uuid.UUID{all[3].ID}},
		"reason":  {store.RecordingFilter{Reason: dialplan.RecordOnDemand}, []uuid.UUID{all[3].ID}},
		"call":    {store.RecordingFilter{Call: all[1].Call}, []uuid.UUID{all[1].ID}},
		"ids":     {store.RecordingFilter{IDs: id4}, id4},
		"no ids":  {store.RecordingFilter{IDs: []uuid.UUID{}}, nil},
		"to":      {store.RecordingFilter{To: all[1].Started}, []uuid.UUID{all[0].ID}},
		"further": {store.RecordingFilter{Before: store.CallCursor{Started: all[1].Started, ID: all[1].ID}}, []uuid.UUID{all[0].ID}},
	} {
		if got := list(id, tc.f); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %v, want %v", what, got, tc.want)
		}
	}
	for most, want := range map[int]int{3: 3, 100: 5} {
		err := db.Account(ctx, id, func(tx *store.Tx) error {
			n, size, err := tx.CountRecordings(ctx, store.RecordingFilter{From: now}, most)
			if n != want || size != int64(want)*all[0].Size {
				t.Errorf("counted %d with %d bytes, want %d", n, size, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := list(other, store.RecordingFilter{}); len(got) != 0 {
		t.Errorf("another account sees %v", got)
	}
	err := db.Account(ctx, id, func(tx *store.Tx) error {
		r, err := tx.ReadRecording(ctx, all[3].ID)
		if err != nil {
			return err
		}
		r.Started = r.Started.UTC()
		if !reflect.DeepEqual(*r, all[3]) {
			t.Errorf("read %+v, want %+v", *r, all[3])
		}
		return tx.DeleteRecording(ctx, all[3].ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	// 30 days are what the company keeps (recordingRules); the other one's is of the same age.
	old, err := db.ExpiredRecordings(ctx, all[1].Started.AddDate(0, 0, 30), 10)
	if err != nil {
		t.Fatal(err)
	}
	mine := 0
	for _, r := range old {
		if r.Account == id && (r.ID == all[0].ID || r.Started.Before(now)) {
			mine++
		} else if r.Account == id {
			t.Errorf("recording of %v has expired", r.Started)
		}
	}
	if mine != 3 {
		t.Errorf("%d of the company's have expired, want 3", mine)
	}
	for _, want := range []int{len(old), 0} { // the second time there are none
		if n, err := db.ForgetRecordings(ctx, old, "retention"); err != nil || n != want {
			t.Fatalf("%d were there, want %d: %v", n, want, err)
		}
	}
	err = db.Account(ctx, id, func(tx *store.Tx) error {
		log, err := tx.ListAudit(ctx, store.AuditFilter{}, mine)
		for _, e := range log {
			if e.Actor != "retention" || e.Action != "delete" || e.Entity != "recording" || !strings.Contains(string(e.Before), `"+31612345678"`) {
				t.Errorf("audit log: %+v", e)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := list(id, store.RecordingFilter{}); len(got) != 3 {
		t.Errorf("%d are left, want 3", len(got))
	}
}

func TestTokensOfUsersNameTheUser(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	var secret string
	err := db.Account(ctx, id, func(tx *store.Tx) (err error) {
		secret, err = tx.CreateToken(ctx, &store.Token{Name: "own", Role: store.RoleOwnRecordings, User: "101"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Platform(ctx, func(tx *store.Tx) error {
		tok, err := tx.FindToken(ctx, secret)
		if err == nil && (tok.User != "101") {
			t.Errorf("token %+v", tok)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var invalid *store.Invalid
	err = db.Account(ctx, id, func(tx *store.Tx) error {
		_, err := tx.CreateToken(ctx, &store.Token{Name: "own", Role: store.RoleOwnRecordings})
		return err
	})
	if !errors.As(err, &invalid) {
		t.Errorf("a token of own recordings without a user: %v", err)
	}
}
