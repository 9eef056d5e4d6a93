package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// loginUses calls every method about logins and sessions of the platform's scope, by the method's name.
func loginUses(ctx context.Context, t *testing.T, page store.Page) map[string]func(*store.Tx) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	made := 0
	login := func(tx *store.Tx) *store.Login {
		made++
		l := &store.Login{Email: fmt.Sprintf("use%d@example.com", made), Name: "x", Role: store.RoleOperator, Enabled: true}
		must(tx.CreateLogin(ctx, l))
		return l
	}
	session := func(tx *store.Tx) (*store.Login, *store.Session, string) {
		l, s := login(tx), &store.Session{Expires: time.Now().Add(time.Hour)}
		secret, err := tx.CreateSession(ctx, l, s)
		must(err)
		return l, s, secret
	}
	return map[string]func(*store.Tx){
		"CreateLogin": func(tx *store.Tx) { login(tx) },
		"ReadLogin":   func(tx *store.Tx) { _, err := tx.ReadLogin(ctx, login(tx).ID); must(err) },
		"FindLogin":   func(tx *store.Tx) { _, err := tx.FindLogin(ctx, login(tx).Email); must(err) },
		"LockLogin":   func(tx *store.Tx) { _, err := tx.LockLogin(ctx, login(tx).Email); must(err) },
		"NoteLogin":   func(tx *store.Tx) { must(tx.NoteLogin(ctx, login(tx))) },
		"UpdateLogin": func(tx *store.Tx) { must(tx.UpdateLogin(ctx, login(tx))) },
		"DeleteLogin": func(tx *store.Tx) { must(tx.DeleteLogin(ctx, login(tx).ID)) },
		"ListLogins": func(tx *store.Tx) {
			for _, page := range byKey("1") {
				for _, partner := range []int64{0, 1} {
					_, _, err := tx.ListLogins(ctx, partner, page)
					must(err)
				}
				_, _, err := tx.For(1).ListLogins(ctx, 0, page)
				must(err)
			}
		},
		"CreateSession": func(tx *store.Tx) { session(tx) },
		"FindSession": func(tx *store.Tx) {
			_, _, secret := session(tx)
			_, _, err := tx.FindSession(ctx, secret, time.Hour)
			must(err)
		},
		"ListSessions": func(tx *store.Tx) { l, _, _ := session(tx); _, err := tx.ListSessions(ctx, l.ID); must(err) },
		"EndSession":   func(tx *store.Tx) { l, s, _ := session(tx); must(tx.EndSession(ctx, l.ID, s.ID)) },
		"EndSessions":  func(tx *store.Tx) { l, _, _ := session(tx); must(tx.EndSessions(ctx, l.ID, 0)) },
	}
}

func TestLogins(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	a, b := company(ctx, t, db, 1), company(ctx, t, db, 2)
	in := func(id dialplan.AccountID, f func(*store.Tx) error) error {
		if id == 0 {
			return db.Platform(ctx, f)
		}
		return db.Account(ctx, id, f)
	}
	create := func(id dialplan.AccountID, l store.Login) error {
		return in(id, func(tx *store.Tx) error { return tx.CreateLogin(ctx, &l) })
	}
	var conflict *store.Conflict
	if err := create(b, store.Login{Email: "ANN1@example.com", Name: "x", Role: store.RoleAdmin}); !errors.As(err, &conflict) || conflict.Field != "email" {
		t.Errorf("an address twice: %v", err)
	}
	for name, l := range map[string]store.Login{
		"an operator of an account": {Email: "x@example.com", Name: "x", Role: store.RoleOperator},
		"a user who is nobody":      {Email: "x@example.com", Name: "x", Role: store.RoleUser},
		"a user who is a group":     {Email: "x@example.com", Name: "x", Role: store.RoleUser, User: "999"},
		"no address":                {Email: "x", Name: "x", Role: store.RoleAdmin},
	} {
		if err := create(a, l); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if err := in(a, func(tx *store.Tx) error {
		list, total, err := tx.ListLogins(ctx, 0, store.Page{Limit: 10})
		if err == nil && (total != 1 || len(list) != 1 || list[0].Account != a) {
			t.Errorf("logins of the account: %d, %+v", total, list)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	var theirs *store.Login
	if err := in(0, func(tx *store.Tx) (err error) {
		theirs, err = tx.FindLogin(ctx, "ann2@EXAMPLE.com")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var none *store.NotFound
	for name, f := range map[string]func(*store.Tx) error{
		"read":   func(tx *store.Tx) error { _, err := tx.ReadLogin(ctx, theirs.ID); return err },
		"delete": func(tx *store.Tx) error { return tx.DeleteLogin(ctx, theirs.ID) },
		"change": func(tx *store.Tx) error { l := *theirs; l.Revision, l.User = 0, ""; return tx.UpdateLogin(ctx, &l) },
	} {
		if err := in(a, f); !errors.As(err, &none) {
			t.Errorf("%s another account's login: %v", name, err)
		}
	}
	if err := in(0, func(tx *store.Tx) error {
		// Attempts to log in leave the revision; changes raise it, and an old one is refused.
		theirs.Failures, theirs.LastLogin = 3, time.Now()
		if err := tx.NoteLogin(ctx, theirs); err != nil {
			return err
		}
		l, err := tx.ReadLogin(ctx, theirs.ID)
		if err != nil || l.Revision != theirs.Revision || l.Failures != 3 || len(l.Recovery) != 0 {
			t.Errorf("noted: %+v, %v", l, err)
		}
		l.Name, l.Recovery = "Renamed", [][]byte{[]byte("x")}
		if err := tx.UpdateLogin(ctx, l); err != nil || l.Revision != theirs.Revision+1 {
			t.Errorf("changed: %+v, %v", l, err)
		}
		var stale *store.Stale
		if err := tx.UpdateLogin(ctx, theirs); !errors.As(err, &stale) {
			t.Errorf("an old revision: %v", err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestSessions(t *testing.T) {
	ctx := t.Context()
	db, raw := pgtest.Store(t)
	company(ctx, t, db, 1)
	if err := db.Platform(ctx, func(tx *store.Tx) error {
		l, err := tx.FindLogin(ctx, "ann1@example.com")
		if err != nil {
			return err
		}
		find := func(secret string, idle time.Duration) error {
			_, _, err := tx.FindSession(ctx, secret, idle)
			return err
		}
		s := &store.Session{Expires: time.Now().Add(time.Hour), Address: "192.0.2.1"}
		secret, err := tx.CreateSession(ctx, l, s)
		if err != nil || len(secret) < 40 {
			t.Fatalf("%q, %v", secret, err)
		}
		var none *store.NotFound
		if err := find(secret, time.Minute); err != nil {
			t.Errorf("a new session: %v", err)
		}
		if err := find(secret+"x", time.Minute); !errors.As(err, &none) {
			t.Errorf("another secret: %v", err)
		}
		if err := find(secret, -time.Minute); !errors.As(err, &none) {
			t.Errorf("an unused session: %v", err)
		}
		old := &store.Session{Expires: time.Now().Add(-time.Second)}
		gone, err := tx.CreateSession(ctx, l, old)
		if err != nil {
			return err
		}
		if err := find(gone, time.Minute); !errors.As(err, &none) {
			t.Errorf("a session that is over: %v", err)
		}
		if _, err := tx.CreateSession(ctx, l, &store.Session{Expires: time.Now().Add(time.Hour)}); err != nil {
			return err
		}
		list, err := tx.ListSessions(ctx, l.ID)
		if err != nil || len(list) != 3 { // the fixture's, too
			t.Errorf("%d sessions, %v", len(list), err)
		}
		if err := tx.EndSessions(ctx, l.ID, s.ID); err != nil {
			return err
		}
		if list, err = tx.ListSessions(ctx, l.ID); err != nil || len(list) != 1 || list[0].ID != s.ID {
			t.Errorf("%+v, %v", list, err)
		}
		if err := tx.EndSession(ctx, l.ID+1, s.ID); !errors.As(err, &none) {
			t.Errorf("another's session: %v", err)
		}
		l.Enabled = false
		if err := tx.UpdateLogin(ctx, l); err != nil {
			return err
		}
		if err := find(secret, time.Minute); !errors.As(err, &none) {
			t.Errorf("a disabled login: %v", err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	var plain int
	if err := raw.QueryRow(ctx, `SELECT count(*) FROM sessions WHERE length(hash) <> 32`).Scan(&plain); err != nil || plain != 0 {
		t.Errorf("%d, %v", plain, err)
	}
}
