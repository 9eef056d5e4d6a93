package store_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// office gives a company three more phones, on which nobody is.
func office(ctx context.Context, t *testing.T, db *store.DB) dialplan.AccountID {
	t.Helper()
	id := company(ctx, t, db, 1)
	err := db.Account(ctx, id, func(tx *store.Tx) error {
		for _, name := range []string{"desk-a", "desk-b", "desk-c"} {
			if err := tx.CreateChannel(ctx, &store.Channel{Channel: dialplan.Channel{Name: name, Enabled: true}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// twinned gives a user the permission of twinning.
func twinned(ctx context.Context, t *testing.T, db *store.DB, id dialplan.AccountID, user string) {
	t.Helper()
	err := db.Account(ctx, id, func(tx *store.Tx) error {
		e, err := tx.ReadExtension(ctx, user)
		if err != nil {
			return err
		}
		e.Config.(*dialplan.User).Permissions.Twinning = true
		return tx.UpdateExtension(ctx, user, e)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// loggedIn asserts on which channels a user is.
func loggedIn(ctx context.Context, t *testing.T, db *store.DB, id dialplan.AccountID, user string, want ...string) {
	t.Helper()
	a, err := db.LoadAccount(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ch := range a.User(user).Devices {
		got = append(got, ch.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("user %s is logged in on %v, want %v", user, got, want)
	}
}

func TestLogInAndOut(t *testing.T) {
	db, _ := pgtest.Store(t)
	ctx := t.Context()
	id := office(ctx, t, db)
	at := netip.MustParseAddr("192.0.2.7")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	refused := func(err error, why string) {
		t.Helper()
		if !is[*store.Invalid](err) || !strings.Contains(err.Error(), why) {
			t.Errorf("%v, want %q", err, why)
		}
	}
	must(db.LogIn(ctx, id, dialplan.LogInRequest{User: "102", Channel: "desk-a", Address: at, PIN: "2580"}))
	loggedIn(ctx, t, db, id, "102", "desk-a")
	a, err := db.LoadAccount(ctx, id)
	must(err)
	if a.User("102").PIN != "2580" || a.Channels["desk-a"].LoginAddress != at {
		t.Errorf("PIN %s, address %s", a.User("102").PIN, a.Channels["desk-a"].LoginAddress)
	}
	refused(db.LogIn(ctx, id, dialplan.LogInRequest{User: "102", Channel: "desk-b"}), "as many channels")
	refused(db.LogIn(ctx, id, dialplan.LogInRequest{User: "102", Channel: "desk-a", PIN: "1111"}), "unsafe")
	refused(db.LogIn(ctx, id, dialplan.LogInRequest{User: "200", Channel: "desk-b"}), "no user")
	refused(db.LogIn(ctx, id, dialplan.LogInRequest{User: "102", Channel: "phone-1x"}), "no channel")
	must(db.LogIn(ctx, id, dialplan.LogInRequest{User: "102", Channel: "desk-b", Elsewhere: true}))
	loggedIn(ctx, t, db, id, "102", "desk-b")
	a, err = db.LoadAccount(ctx, id)
	must(err)
	if a.Channels["desk-a"].LoginAddress.IsValid() {
		t.Error("where somebody else was logged in the next one may dial out")
	}
	// Another one takes the phone.
	must(db.LogIn(ctx, id, dialplan.LogInRequest{User: "103", Channel: "desk-b"}))
	loggedIn(ctx, t, db, id, "102")
	loggedIn(ctx, t, db, id, "103", "desk-b")
	must(db.LogOut(ctx, id, "102", []string{"desk-b", "nowhere"})) // not theirs any more
	loggedIn(ctx, t, db, id, "103", "desk-b")
	must(db.LogOut(ctx, id, "103", []string{"desk-b"}))
	loggedIn(ctx, t, db, id, "103")
	must(db.ChangePIN(ctx, id, "103", "97531"))
	refused(db.ChangePIN(ctx, id, "103", "0000"), "unsafe")
	must(db.SetForward(ctx, id, "102", dialplan.ForwardBusy, []dialplan.Destination{to("103")}))
	must(db.SetForward(ctx, id, "102", dialplan.ForwardAlways, []dialplan.Destination{{External: "+31612345678"}}))
	must(db.SetForward(ctx, id, "102", dialplan.ForwardNoAnswer, nil))
	refused(db.SetForward(ctx, id, "102", dialplan.ForwardAlways, []dialplan.Destination{to("999")}), "no extension")
	refused(db.SetForward(ctx, id, "102", "sometimes", nil), "no forward")
	a, err = db.LoadAccount(ctx, id)
	must(err)
	if got := fmt.Sprint(a.User("102").Forwards); got != "{[+31612345678] [103] [] [] [101]}" || a.User("103").PIN != "97531" {
		t.Errorf("forwards %s, PIN %s", got, a.User("103").PIN)
	}
	must(db.Account(ctx, id, func(tx *store.Tx) error {
		list, err := tx.ListAudit(ctx, store.AuditFilter{}, 100)
		log := ""
		for _, e := range list {
			log = fmt.Sprintln(e.Actor, e.Action, e.Entity, e.EntityID, string(e.Before), string(e.After)) + log
		}
		for _, line := range []string{
			`user 102 by phone login channel desk-a {"user": ""} {"user": "102"}`, `user 102 by phone logout channel desk-a {"user": "102"} {"user": ""}`,
			`user 103 by phone login channel desk-b {"user": "102"} {"user": "103"}`, `user 103 by phone update extension 103  {"changed": ["pin"]}`,
			`user 102 by phone update extension 102 {"to":`,
		} {
			if !strings.Contains(log, line) {
				t.Errorf("audit log\n%s has no\n%s", log, line)
			}
		}
		if strings.Contains(log, "97531") || strings.Contains(log, "2580") {
			t.Error("a PIN is in the audit log")
		}
		return err
	}))
}

func TestDevices(t *testing.T) {
	db, _ := pgtest.Store(t)
	ctx := t.Context()
	id := office(ctx, t, db)
	set := func(user string, d store.Devices) error {
		return db.Account(ctx, id, func(tx *store.Tx) error { return tx.SetDevices(ctx, user, "test", &d) })
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	invalid := func(err error) {
		t.Helper()
		if !is[*store.Invalid](err) {
			t.Errorf("%v", err)
		}
	}
	must(db.LogIn(ctx, id, dialplan.LogInRequest{User: "102", Channel: "desk-b"}))
	must(set("102", store.Devices{Linked: []string{"desk-a"}}))
	loggedIn(ctx, t, db, id, "102", "desk-a") // and nowhere else
	invalid(db.LogOut(ctx, id, "102", []string{"desk-a"}))
	invalid(db.LogIn(ctx, id, dialplan.LogInRequest{User: "103", Channel: "desk-a"}))
	invalid(db.LogIn(ctx, id, dialplan.LogInRequest{User: "102", Channel: "desk-b", Elsewhere: true}))
	invalid(set("103", store.Devices{Linked: []string{"desk-a"}}))
	invalid(set("102", store.Devices{Linked: []string{"desk-a", "desk-b"}})) // without twinning
	invalid(set("102", store.Devices{AutoLogin: []string{"nowhere"}}))
	if err := set("200", store.Devices{}); !is[*store.NotFound](err) {
		t.Errorf("%v", err)
	}
	twinned(ctx, t, db, id, "102")
	must(set("102", store.Devices{Linked: []string{"desk-a", "desk-b"}}))
	loggedIn(ctx, t, db, id, "102", "desk-a", "desk-b")
	// Unlinked, the user is logged out; automatic login is for others' phones too, when they leave.
	must(set("102", store.Devices{AutoLogin: []string{"desk-b", "desk-c"}}))
	loggedIn(ctx, t, db, id, "102", "desk-b", "desk-c")
	must(db.LogIn(ctx, id, dialplan.LogInRequest{User: "103", Channel: "desk-c"}))
	loggedIn(ctx, t, db, id, "102", "desk-b")
	must(db.LogOut(ctx, id, "103", []string{"desk-c"}))
	loggedIn(ctx, t, db, id, "102", "desk-b", "desk-c")
	must(db.LogOut(ctx, id, "102", []string{"desk-c"}))
	loggedIn(ctx, t, db, id, "102", "desk-b")
	must(db.Account(ctx, id, func(tx *store.Tx) error {
		d, err := tx.ReadDevices(ctx, "102")
		if got := fmt.Sprint(d); got != "&{[] [desk-b desk-c] [desk-b]}" {
			t.Errorf("devices %s", got)
		}
		if err := tx.DeleteExtension(ctx, "102", 0); !is[*store.InUse](err) || !strings.Contains(err.Error(), "channel desk-c") {
			t.Errorf("%v", err)
		}
		return err
	}))
	// By the channel.
	channel := func(f func(*store.Channel)) error {
		return db.Account(ctx, id, func(tx *store.Tx) error {
			c, err := tx.ReadChannel(ctx, "desk-c")
			if err != nil {
				return err
			}
			f(c)
			if err := tx.UpdateChannel(ctx, "desk-c", c); err != nil {
				return err
			}
			after, err := tx.ReadChannel(ctx, "desk-c")
			if *after != *c {
				t.Errorf("%+v is told, %+v is so", c, after)
			}
			return err
		})
	}
	must(channel(func(c *store.Channel) { c.AutoLogin, c.User, c.Linked = "", "103", true }))
	loggedIn(ctx, t, db, id, "103", "desk-c")
	must(channel(func(c *store.Channel) { c.AutoLogin, c.User, c.Linked = "101", "", false }))
	loggedIn(ctx, t, db, id, "103")
	loggedIn(ctx, t, db, id, "101", "phone-1") // as many as they may
	invalid(channel(func(c *store.Channel) { c.Linked = true }))
	invalid(channel(func(c *store.Channel) { c.AutoLogin = "200" }))
}

// Of many who want the same phone at the same time the last has it, and nobody is on two.
func TestLogInsAtTheSameTime(t *testing.T) {
	db, _ := pgtest.Store(t)
	ctx := t.Context()
	id := office(ctx, t, db)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			user, channel := []string{"102", "103"}[i%2], []string{"desk-a", "desk-b", "desk-c"}[i%3]
			if err := db.LogIn(ctx, id, dialplan.LogInRequest{User: user, Channel: channel, Elsewhere: true}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a, err := db.LoadAccount(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"102", "103"} {
		if n := a.Phones(user); n > 1 {
			t.Errorf("user %s is on %d phones", user, n)
		}
	}
}

// deskUses calls every method of a transaction about hot-desking.
func deskUses(ctx context.Context, t *testing.T, channel string) map[string]func(*store.Tx) {
	return map[string]func(*store.Tx){
		"ReadDevices": func(tx *store.Tx) {
			if _, err := tx.ReadDevices(ctx, "101"); err != nil {
				t.Error(err)
			}
		},
		"SetDevices": func(tx *store.Tx) {
			for _, d := range []store.Devices{{Linked: []string{channel}}, {AutoLogin: []string{channel}}, {}} {
				if err := tx.SetDevices(ctx, "101", "test", &d); err != nil {
					t.Error(err)
				}
			}
		},
	}
}

// deskChanges makes every change that a call can make.
func deskChanges(ctx context.Context, t *testing.T, db *store.DB, id dialplan.AccountID, channel string) {
	for _, err := range []error{
		db.LogIn(ctx, id, dialplan.LogInRequest{User: "101", Channel: channel, Address: netip.MustParseAddr("192.0.2.1"), PIN: "2580", Elsewhere: true}),
		db.SetForward(ctx, id, "101", dialplan.ForwardAlways, []dialplan.Destination{{External: "112233"}}),
		db.ChangePIN(ctx, id, "101", "1357"),
		db.LogOut(ctx, id, "101", []string{channel}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}
