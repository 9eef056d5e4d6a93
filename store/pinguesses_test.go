package store_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

func TestWrongPINsOutliveTheController(t *testing.T) {
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	a := &store.Account{Name: "Company", Enabled: true, Country: dialplan.NL, ExtensionLength: 3, TimeZone: "Europe/Amsterdam"}
	if err := db.Platform(ctx, func(tx *store.Tx) error { return tx.CreateAccount(ctx, a) }); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	var locked dialplan.PINGuesses
	for range dialplan.PINWrong {
		locked = locked.Wrong(now)
	}
	few := dialplan.PINGuesses{}.Wrong(now)
	save := func(key string, g dialplan.PINGuesses) {
		t.Helper()
		if err := db.SavePINGuess(ctx, store.PINGuess{Account: a.ID, Key: key, Guesses: g}); err != nil {
			t.Fatal(err)
		}
	}
	kept := func() map[string]string {
		t.Helper()
		all, err := db.PINGuesses(ctx)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, g := range all {
			b, err := json.Marshal(g.Guesses)
			if err != nil || g.Account != a.ID {
				t.Errorf("%+v: %v", g, err)
			}
			if g.Guesses.Locked(now) != (g.Key == "login 101") {
				t.Errorf("%s is locked: %v", g.Key, g.Guesses.Locked(now))
			}
			out[g.Key] = string(b)
		}
		return out
	}
	save("login 101", few)
	save("login 101", locked)
	save("voicemail 101", few)
	want, err := json.Marshal(locked)
	if err != nil {
		t.Fatal(err)
	}
	if got := kept(); len(got) != 2 || got["login 101"] != string(want) {
		t.Errorf("%v", got)
	}
	save("voicemail 101", dialplan.PINGuesses{})
	if got := kept(); len(got) != 1 {
		t.Errorf("%v", got)
	}
	if _, err := pool.Exec(ctx, `UPDATE pin_guesses SET at = now() - interval '3 days'`); err != nil {
		t.Fatal(err)
	}
	if got := kept(); len(got) != 0 {
		t.Errorf("what nothing depends on stays: %v", got)
	}
	var gone *store.Invalid
	if err := db.SavePINGuess(ctx, store.PINGuess{Account: a.ID + 1, Key: "login 101", Guesses: few}); !errors.As(err, &gone) {
		t.Errorf("an account that is not there: %v", err)
	}
}
