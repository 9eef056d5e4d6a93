package store_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

func memo(id dialplan.AccountID, user int64, at time.Time) store.Recording {
	r := recorded(id, user, at)
	r.Reason, r.RequestedBy = dialplan.RecordMemo, "101"
	return r
}

// analysisUses calls every method about analyses, by the method's name.
func analysisUses(ctx context.Context, t *testing.T) map[string]func(*store.Tx) {
	return map[string]func(*store.Tx){
		"ListAnalyses": func(tx *store.Tx) {
			for _, f := range []store.RecordingFilter{{}, {UserID: 5000001}, {Call: uuid.New()}} {
				if _, err := tx.ListAnalyses(ctx, f, 10); err != nil {
					t.Error(err)
				}
			}
		},
		"ReadAnalysis": func(tx *store.Tx) {
			if _, err := tx.ReadAnalysis(ctx, uuid.New()); !is[*store.NotFound](err) {
				t.Error(err)
			}
		},
		"AssistedUsers": func(tx *store.Tx) {
			if _, _, err := tx.AssistedUsers(ctx); err != nil {
				t.Error(err)
			}
		},
		"AssistAll": func(tx *store.Tx) {
			if err := tx.AssistAll(ctx); err != nil {
				t.Error(err)
			}
		},
	}
}

// analysisQueries sends the statements of the queue.
func analysisQueries(ctx context.Context, t *testing.T, db *store.DB, id dialplan.AccountID) {
	t.Helper()
	if err := db.KeepRecording(ctx, memo(id, 1, time.Now())); err != nil {
		t.Fatal(err)
	}
	due, err := db.DueAnalyses(ctx, 1, time.Minute)
	if err != nil || len(due) != 1 {
		t.Fatalf("due %v, %v", due, err)
	}
	if _, err := db.ExtendAnalysis(ctx, due[0], time.Minute); err != nil {
		t.Error(err)
	}
	if err := db.AnalysisFailed(ctx, due[0], time.Time{}, "x"); err != nil {
		t.Error(err)
	}
	if err := db.AnalysisDone(ctx, due[0], "nl", "", nil); err != nil {
		t.Error(err)
	}
}

func TestAnalysesAreTakenOnce(t *testing.T) {
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	if _, err := pool.Exec(ctx, `DELETE FROM analyses`); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if err := db.KeepRecording(ctx, memo(id, 4711, time.Now().Add(time.Duration(i)*time.Second))); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.KeepRecording(ctx, recorded(id, 4711, time.Now())); err != nil { // not for the assistant
		t.Fatal(err)
	}
	var mu sync.Mutex
	taken := map[uuid.UUID]int{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				due, err := db.DueAnalyses(ctx, 1, time.Minute)
				if err != nil {
					t.Error(err)
				}
				if len(due) == 0 {
					return
				}
				mu.Lock()
				taken[due[0].ID]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for r, n := range taken {
		if n != 1 {
			t.Errorf("%s was taken %d times", r, n)
		}
	}
	if len(taken) != 20 {
		t.Errorf("%d were taken, want 20", len(taken))
	}
}

func TestAnalysisIsOfWhoHoldsTheTicket(t *testing.T) {
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	if _, err := pool.Exec(ctx, `DELETE FROM analyses`); err != nil {
		t.Fatal(err)
	}
	r := memo(id, 4711, time.Now().UTC().Truncate(time.Millisecond))
	for range 2 { // told twice, queued once
		if err := db.KeepRecording(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	take := func() store.DueAnalysis {
		t.Helper()
		due, err := db.DueAnalyses(ctx, 10, time.Millisecond)
		if err != nil || len(due) != 1 || due[0].ID != r.ID || due[0].File != r.File {
			t.Fatalf("due %+v, %v", due, err)
		}
		return due[0]
	}
	read := func() (a *store.Analysis) {
		t.Helper()
		err := db.Account(ctx, id, func(tx *store.Tx) (err error) { a, err = tx.ReadAnalysis(ctx, r.ID); return err })
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := take()
	time.Sleep(5 * time.Millisecond) // the database's clock: its process is gone, and the lease over
	second := take()
	if second.Tries != 2 {
		t.Errorf("tries %d", second.Tries)
	}
	if mine, err := db.ExtendAnalysis(ctx, first, time.Minute); mine || err != nil {
		t.Errorf("who was too slow goes on: %v, %v", mine, err)
	}
	if err := db.AnalysisDone(ctx, first, "en", "late", nil); err != nil || read().State != store.AnalysisWaiting {
		t.Errorf("a late result was taken: %+v, %v", read(), err)
	}
	if err := db.AnalysisFailed(ctx, second, time.Now().Add(-time.Second), "no \x00 answer"); err != nil {
		t.Fatal(err)
	}
	if a := read(); a.State != store.AnalysisWaiting || a.Error != "no \uFFFD answer" {
		t.Errorf("after a failure %+v", a)
	}
	third := take()
	said := []store.Spoken{{Speaker: "user", At: 0.5, Text: "Zoë sagt\x00"}, {Speaker: "other", At: 2, Text: "ja"}}
	if err := db.AnalysisDone(ctx, third, "de", "Zoë", said); err != nil {
		t.Fatal(err)
	}
	a := read()
	said[0].Text = "Zoë sagt\uFFFD"
	if a.State != store.AnalysisDone || a.Done.IsZero() || a.Error != "" || a.Summary != "Zoë" || a.Language != "de" || !reflect.DeepEqual(a.Transcript, said) {
		t.Errorf("result %+v", a)
	}
	if due, err := db.DueAnalyses(ctx, 10, time.Minute); err != nil || len(due) != 0 {
		t.Errorf("due again: %v, %v", due, err)
	}
	err := db.Account(ctx, id, func(tx *store.Tx) error {
		list, err := tx.ListAnalyses(ctx, store.RecordingFilter{UserID: 4711}, 10)
		if err == nil && (len(list) != 1 || list[0].Summary != "Zoë" || list[0].Extension != "101") {
			t.Errorf("list %+v", list)
		}
		if err != nil {
			return err
		}
		none, err := tx.ListAnalyses(ctx, store.RecordingFilter{UserID: 4712}, 10)
		if len(none) != 0 {
			t.Errorf("somebody else's list %+v", none)
		}
		if err != nil {
			return err
		}
		if err := tx.DeleteRecording(ctx, r.ID); err != nil {
			return err
		}
		_, err = tx.ReadAnalysis(ctx, r.ID)
		if !is[*store.NotFound](err) {
			t.Errorf("the text outlives the sound: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAssistantOfUsersIsKept(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	err := db.Account(ctx, id, func(tx *store.Tx) error {
		for n, use := range map[string]dialplan.AssistantUse{"101": dialplan.AssistantAutomatic, "102": dialplan.AssistantOff} {
			e, err := tx.ReadExtension(ctx, n)
			if err != nil {
				return err
			}
			e.Config.(*dialplan.User).Assistant = use
			if err := tx.UpdateExtension(ctx, n, e); err != nil {
				return err
			}
		}
		served, all, err := tx.AssistedUsers(ctx)
		if served != all-1 || all < 3 { // all but 102
			t.Errorf("%d of %d are served", served, all)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := db.LoadAccount(ctx, id)
	if err != nil || a.User("101").Assistant != dialplan.AssistantAutomatic || a.User("102").Assistant != dialplan.AssistantOff {
		t.Fatalf("snapshot %+v, %v", a, err)
	}
	if err := db.Account(ctx, id, func(tx *store.Tx) error { return tx.AssistAll(ctx) }); err != nil {
		t.Fatal(err)
	}
	b, err := db.LoadAccount(ctx, id)
	if err != nil || b.User("101").Assistant != dialplan.AssistantAutomatic || b.User("102").Assistant != dialplan.AssistantOn || b.Version == a.Version {
		t.Errorf("snapshot %+v, %v", b, err)
	}
}
