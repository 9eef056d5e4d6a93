package store_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// sftpUses calls every method about SFTP users, by the method's name.
func sftpUses(ctx context.Context, t *testing.T) map[string]func(*store.Tx) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	nothing := func(*store.Tx) {}
	return map[string]func(*store.Tx){
		"CreateSFTPUser": func(tx *store.Tx) {
			u := &store.SFTPUser{Name: "new", Enabled: true, Keys: []string{"ssh-ed25519 AAAA"}}
			must(tx.CreateSFTPUser(ctx, u))
			_, err := tx.NewSFTPPassword(ctx, u, false)
			must(err)
			u.Enabled = false
			must(tx.UpdateSFTPUser(ctx, u))
			u.Revision--
			if err := tx.UpdateSFTPUser(ctx, u); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
			must(tx.DeleteSFTPUser(ctx, u.Name))
			if _, err := tx.ReadSFTPUser(ctx, u.Name); !is[*store.NotFound](err) {
				t.Errorf("after deletion: %v", err)
			}
		},
		"ListSFTPUsers":   func(tx *store.Tx) { _, _, err := tx.ListSFTPUsers(ctx, store.Page{Limit: 10}); must(err) },
		"RecordingDays":   func(tx *store.Tx) { _, err := tx.RecordingDays(ctx, time.UTC); must(err) },
		"NewSFTPPassword": nothing, "UpdateSFTPUser": nothing, "DeleteSFTPUser": nothing, "ReadSFTPUser": nothing, // above
	}
}

func TestSFTPUsersLogIn(t *testing.T) {
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	u := &store.SFTPUser{Name: "backup", Enabled: true}
	var first, second string
	account := func(f func(*store.Tx) error) {
		t.Helper()
		if err := db.Account(ctx, id, f); err != nil {
			t.Fatal(err)
		}
	}
	account(func(tx *store.Tx) error { return tx.CreateSFTPUser(ctx, u) })
	find := func(login string) *store.SFTPUser {
		t.Helper()
		got, zone, err := db.FindSFTPUser(ctx, login)
		if is[*store.NotFound](err) {
			return nil
		}
		if err != nil || zone.String() != "Europe/Berlin" {
			t.Fatal(zone, err)
		}
		return got
	}
	if got := find(u.Login()); got == nil || got.HasPassword() || got.Password("") || got.Account != id {
		t.Errorf("found %+v", got)
	}
	account(func(tx *store.Tx) (err error) {
		if first, err = tx.NewSFTPPassword(ctx, u, false); err != nil {
			return err
		}
		second, err = tx.NewSFTPPassword(ctx, u, false)
		return err
	})
	if got := find(u.Login()); !got.Password(second) || got.Password(first) || got.Password("") || !got.LastLogin.IsZero() {
		t.Errorf("passwords of %+v", got)
	}
	if err := db.SFTPLoggedIn(ctx, u); err != nil {
		t.Fatal(err)
	}
	if find(u.Login()).LastLogin.IsZero() {
		t.Error("the login is not noted")
	}
	for _, login := range []string{"", "backup", "-backup", "0-backup", "99999-backup", "+" + u.Login(), "0" + u.Login(), u.Login() + "x", "1", "1-", "1-\x00", u.Login() + " "} {
		if find(login) != nil {
			t.Errorf("%q logs in", login)
		}
	}
	if err := db.Account(ctx, id, func(tx *store.Tx) error { return tx.CreateSFTPUser(ctx, &store.SFTPUser{Name: "backup"}) }); !is[*store.Conflict](err) {
		t.Errorf("twice: %v", err)
	}
	if _, err := pool.Exec(ctx, `UPDATE accounts SET enabled = false WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	if find(u.Login()) != nil {
		t.Error("logs in to an account that is not enabled")
	}
}

func TestDaysOfRecordings(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	// Of the company there is one at 1 November, 01:00 there.
	for _, at := range []string{"2026-11-22T22:59:59Z", "2026-11-22T23:00:00Z", "2026-11-22T12:00:00Z", "2026-12-31T23:30:00Z"} {
		began, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.KeepRecording(ctx, recorded(id, 4711, began)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	err = db.Account(ctx, id, func(tx *store.Tx) error {
		days, err := tx.RecordingDays(ctx, zone)
		for _, d := range days {
			got = append(got, d.Format(time.RFC3339))
		}
		return err
	})
	want := []string{"2027-01-01T00:00:00+01:00", "2026-11-23T00:00:00+01:00", "2026-11-22T00:00:00+01:00", "2026-11-01T00:00:00+01:00"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v: %v", got, want, err)
	}
}

// sftpRules gives an account one SFTP user.
func sftpRules(ctx context.Context, t testing.TB, db *store.DB, id dialplan.AccountID) {
	t.Helper()
	err := db.Account(ctx, id, func(tx *store.Tx) error {
		return tx.CreateSFTPUser(ctx, &store.SFTPUser{Name: "fetcher", Enabled: true})
	})
	if err != nil {
		t.Fatal(err)
	}
}
