package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// recordingQueries runs what is asked about recordings of all accounts.
func recordingQueries(ctx context.Context, t *testing.T, db *store.DB, id dialplan.AccountID) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	_, err := db.SweepRecordings(ctx, id, uuid.Nil, 10)
	must(err)
	_, err = db.KnownRecordings(ctx, id, []uuid.UUID{uuid.New()})
	must(err)
	worker := uuid.New()
	e, err := db.ClaimExport(ctx, worker, time.Minute)
	if must(err); err != nil {
		return
	}
	_, err = db.KeepExport(ctx, e, worker, 1)
	must(err)
	must(db.ReleaseExport(ctx, e, worker))
	_, err = db.FinishExport(ctx, e, worker, 1, "", time.Hour)
	must(err)
	_, err = db.ExpiredExports(ctx, time.Now(), 10)
	must(err)
	_, err = db.HasExport(ctx, id, e.ID)
	must(err)
	_, _, err = db.FindSFTPUser(ctx, "5000-backup")
	must(err)
	must(db.SFTPLoggedIn(ctx, &store.SFTPUser{Account: id, Name: "backup"}))
}

// An export is made once: by whoever has claimed it last.
func TestExportsAreClaimedOnce(t *testing.T) {
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	if _, err := pool.Exec(ctx, `DELETE FROM recording_exports`); err != nil {
		t.Fatal(err)
	}
	e := &store.RecordingExport{CreatedBy: "test", Selection: store.RecordingFilter{UserID: 7, Number: "61", IDs: []uuid.UUID{uuid.New()},
		From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Direction: store.CallInbound}, Recordings: 3, Bytes: 99}
	if err := db.Account(ctx, id, func(tx *store.Tx) error { return tx.CreateExport(ctx, e) }); err != nil {
		t.Fatal(err)
	}
	a, b := uuid.New(), uuid.New()
	got, err := db.ClaimExport(ctx, a, time.Hour)
	if err != nil || got.ID != e.ID || got.Account != id || got.State != store.ExportRunning || got.Attempts != 1 || got.Selection.IDs[0] != e.Selection.IDs[0] ||
		!got.Selection.From.Equal(e.Selection.From) || got.Selection.UserID != 7 || got.Bytes != 99 {
		t.Fatalf("claimed %+v, %v", got, err)
	}
	if _, err := db.ClaimExport(ctx, b, time.Hour); !is[*store.NotFound](err) {
		t.Fatalf("claimed twice: %v", err)
	}
	still := func(worker uuid.UUID, want bool) {
		t.Helper()
		if ok, err := db.KeepExport(ctx, e, worker, 5); err != nil || ok != want {
			t.Errorf("still %v, want %v: %v", ok, want, err)
		}
	}
	still(a, true)
	still(b, false)
	// a is silent: b takes it over, and a's end counts no more.
	if got, err := db.ClaimExport(ctx, b, -time.Second); err != nil || got.Attempts != 2 {
		t.Fatalf("claimed %+v, %v", got, err)
	}
	still(a, false)
	if ok, err := db.FinishExport(ctx, e, a, 1, "", time.Hour); ok || err != nil {
		t.Errorf("finished by who lost it: %v", err)
	}
	if err := db.ReleaseExport(ctx, e, b); err != nil {
		t.Fatal(err)
	}
	still(b, false)
	if _, err := db.ClaimExport(ctx, b, time.Hour); err != nil {
		t.Fatal(err)
	}
	if ok, err := db.FinishExport(ctx, e, b, 1234, "", 24*time.Hour); !ok || err != nil {
		t.Errorf("finished: %v %v", ok, err)
	}
	err = db.Account(ctx, id, func(tx *store.Tx) error {
		list, total, err := tx.ListExports(ctx, 7, store.Page{})
		if err == nil && (total != 1 || list[0].State != store.ExportDone || list[0].DoneBytes != 1234 || list[0].Expires.Sub(list[0].Finished) != 24*time.Hour) {
			t.Errorf("%d: %+v", total, list)
		}
		if _, total, _ := tx.ListExports(ctx, 8, store.Page{}); total != 0 {
			t.Error("another user sees it")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]int{23 * time.Hour: 0, 25 * time.Hour: 1} {
		if list, err := db.ExpiredExports(ctx, time.Now().Add(after), 10); err != nil || len(list) != want {
			t.Errorf("%d expired after %v: %v", len(list), after, err)
		}
	}
	if there, err := db.HasExport(ctx, id, e.ID); !there || err != nil {
		t.Errorf("it is there: %v %v", there, err)
	}
	if there, err := db.HasExport(ctx, id, uuid.New()); there || err != nil {
		t.Errorf("another is there: %v %v", there, err)
	}
}

func TestRecordingsAreSwept(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	gone := recorded(id+1000, 1, time.Now())
	if err := db.KeepRecording(ctx, gone); err != nil {
		t.Fatal(err)
	}
	seen := map[uuid.UUID]bool{}
	account, after := dialplan.AccountID(0), uuid.Nil
	for {
		list, err := db.SweepRecordings(ctx, account, after, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		account, after = list[0].Account, list[0].ID
		seen[after] = list[0].Deleted
	}
	for other, deleted := range seen {
		if deleted != (other == gone.ID) {
			t.Errorf("%s is of a deleted account: %v", other, deleted)
		}
	}
	if len(seen) < 2 || !seen[gone.ID] {
		t.Errorf("swept %v", seen)
	}
	known, err := db.KnownRecordings(ctx, gone.Account, []uuid.UUID{uuid.New(), gone.ID})
	if err != nil || len(known) != 1 || known[0] != gone.ID {
		t.Errorf("known %v, %v", known, err)
	}
}
