package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// following starts a follower and gives back its end.
func following(t testing.TB, db *store.DB, dir *store.Directory, o store.FollowOptions) (*store.Follower, func()) {
	t.Helper()
	o.Log = quiet()
	f := store.NewFollower(db, dir, o)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop := sync.OnceFunc(func() { cancel(); done.Wait() })
	t.Cleanup(stop)
	select {
	case <-f.Ready():
	case <-time.After(30 * time.Second):
		t.Fatal("not ready in 30 s")
	}
	return f, stop
}

func demo(t *testing.T, db *store.DB) *store.Demo {
	t.Helper()
	d, err := store.SeedDemo(t.Context(), db, store.DemoOptions{Host: "127.0.0.1", Port: 5090})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func rename(t *testing.T, db *store.DB, id dialplan.AccountID, name string) {
	t.Helper()
	err := db.Account(t.Context(), id, func(tx *store.Tx) error {
		a, err := tx.ReadAccount(t.Context(), id)
		if err != nil {
			return err
		}
		a.Name = name
		return tx.UpdateAccount(t.Context(), a)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// same compares a directory's account with the database's.
func same(t *testing.T, db *store.DB, dir *store.Directory, id dialplan.AccountID) {
	t.Helper()
	want, err := db.LoadAccount(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got := dir.Account(id); !reflect.DeepEqual(got, want) {
		t.Errorf("in the directory: %+v\nin the database: %+v", got, want)
	}
}

func TestFollowSeesChanges(t *testing.T) {
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	d := demo(t, db)
	dir := store.NewDirectory()
	f, _ := following(t, db, dir, store.FollowOptions{Recheck: time.Hour})
	same(t, db, dir, d.Account)
	if !f.Status().Connected || len(dir.Trunks()) != 1 {
		t.Errorf("status %+v, trunks %v", f.Status(), dir.Trunks())
	}
	var versions []int64
	cancel := dir.Subscribe(func(c store.Change) {
		if c.New != nil {
			versions = append(versions, c.New.Version)
		}
	})
	first := dir.Account(d.Account).Version
	// Several changes in one transaction are one version and one replacement.
	err := db.Account(ctx, d.Account, func(tx *store.Tx) error {
		for _, number := range []string{"104", "105"} {
			err := tx.CreateExtension(ctx, &store.Extension{Extension: dialplan.Extension{Number: number, Config: &dialplan.User{PIN: "0000"}}})
			if err != nil {
				return err
			}
			if err := tx.CreateChannel(ctx, &store.Channel{Channel: dialplan.Channel{Name: "new" + number, User: number}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "extension 105", func() bool { return dir.Account(d.Account).User("105") != nil })
	cancel()
	if !reflect.DeepEqual(versions, []int64{first + 1}) {
		t.Errorf("versions %v after %d", versions, first)
	}
	if a, ch := dir.ByChannel("new104"); a == nil || ch.User != "104" {
		t.Error("channel new104 is not found")
	}
	same(t, db, dir, d.Account)
	// A change that is rolled back is none.
	_ = db.Account(ctx, d.Account, func(tx *store.Tx) error {
		if err := tx.DeleteChannel(ctx, "new104", 0); err != nil {
			t.Error(err)
		}
		return context.Canceled
	})
	// Trunks, a new account, and one that goes.
	err = db.Platform(ctx, func(tx *store.Tx) error { return tx.DeleteTrunk(ctx, "demo-carrier", 0) })
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "no trunk", func() bool { return len(dir.Trunks()) == 0 })
	a := &store.Account{Name: "Other", Country: dialplan.LV, ExtensionLength: 4}
	if err := db.Platform(ctx, func(tx *store.Tx) error { return tx.CreateAccount(ctx, a) }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "new account", func() bool { return dir.Account(a.ID) != nil })
	if err := db.Platform(ctx, func(tx *store.Tx) error { return tx.DeleteAccount(ctx, a.ID) }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "account gone", func() bool { return dir.Account(a.ID) == nil })
	if v := dir.Account(d.Account).Version; v != first+1 {
		t.Errorf("version %d after a rollback, not %d", v, first+1)
	}
	_ = pool
}

func TestCaughtUpHasWhatWasWrittenBefore(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	d := demo(t, db)
	one, two := store.NewDirectory(), store.NewDirectory()
	f, stop := following(t, db, one, store.FollowOptions{Recheck: time.Hour})
	other, _ := following(t, db, two, store.FollowOptions{Recheck: time.Hour})
	for i := range 20 {
		name := fmt.Sprint("Company ", i)
		rename(t, db, d.Account, name)
		for f, dir := range map[*store.Follower]*store.Directory{f: one, other: two} {
			if err := f.CaughtUp(ctx); err != nil {
				t.Fatal(err)
			}
			if got := dir.Account(d.Account).Name; got != name {
				t.Errorf("%q, want %q", got, name)
			}
		}
	}
	stop()
	if err := f.CaughtUp(ctx); err == nil {
		t.Error("one that does not follow has caught up")
	}
}

func TestFollowFindsLostNotification(t *testing.T) {
	db, pool := pgtest.Store(t)
	d := demo(t, db)
	dir := store.NewDirectory()
	following(t, db, dir, store.FollowOptions{Recheck: 50 * time.Millisecond})
	// Without triggers there is no notification.
	_, err := pool.Exec(t.Context(), `BEGIN; SET LOCAL session_replication_role = replica;
		UPDATE accounts SET name = 'Silent', version = version + 1; COMMIT`)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "silent change", func() bool { return dir.Account(d.Account).Name == "Silent" })
}

func TestFollowKeepsSnapshotOfBrokenAccount(t *testing.T) {
	db, pool := pgtest.Store(t)
	d := demo(t, db)
	dir := store.NewDirectory()
	f, _ := following(t, db, dir, store.FollowOptions{Recheck: time.Hour})
	good := dir.Account(d.Account)
	// A zone that PostgreSQL knows as a rule and Go does not know.
	if _, err := pool.Exec(t.Context(), `UPDATE accounts SET time_zone = 'XYZ5'`); err != nil {
		t.Fatal(err)
	}
	eventually(t, "broken account is seen", func() bool { return f.Status().Broken[d.Account] != "" })
	if dir.Account(d.Account) != good {
		t.Error("the old snapshot is gone")
	}
	if _, err := pool.Exec(t.Context(), `UPDATE accounts SET time_zone = 'Europe/Riga'`); err != nil {
		t.Fatal(err)
	}
	eventually(t, "mended account", func() bool {
		return dir.Account(d.Account).Location.String() == "Europe/Riga" && len(f.Status().Broken) == 0
	})
}

func TestOPS_04_ConfigurationSurvivesTheDatabase(t *testing.T) {
	ctx := t.Context()
	c, err := pgtest.Start(ctx, pgtest.Options{Dir: pgtest.Dir(t), Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := store.Migrate(ctx, c.DSN(""), quiet()); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, c.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	d := demo(t, db)
	kept := filepath.Join(t.TempDir(), "cache", "configuration")
	dir := store.NewDirectory()
	f, stop := following(t, db, dir, store.FollowOptions{Recheck: time.Hour, Cache: kept})
	rename(t, db, d.Account, "Renamed")
	eventually(t, "renamed", func() bool { return dir.Account(d.Account).Name == "Renamed" })

	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "loss is seen", func() bool { return !f.Status().Connected })
	if dir.Account(d.Account) == nil {
		t.Error("the configuration went with the database")
	}
	if err := c.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	// Changed before the follower is back: found without a notification.
	rename(t, db, d.Account, "Meanwhile")
	eventually(t, "change during the outage", func() bool { return dir.Account(d.Account).Name == "Meanwhile" })

	before := dir.Account(d.Account)
	stop()
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	// A controller that starts now has the last known configuration, also with a torn end.
	file, err := os.OpenFile(kept, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := file.Stat(); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("passwords lie open: %v, %v", fi.Mode(), err)
	}
	if _, err := file.Write([]byte{9, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	dir = store.NewDirectory()
	f, _ = following(t, db, dir, store.FollowOptions{Recheck: time.Hour, Cache: kept})
	if s := f.Status(); !s.FromCache || s.Connected {
		t.Errorf("status %+v", s)
	}
	if got := dir.Account(d.Account); !reflect.DeepEqual(got, before) {
		t.Errorf("kept: %+v\nhad:  %+v", got, before)
	}
	if tr := dir.Trunks(); len(tr) != 1 || tr[0].Port != 5090 || len(tr[0].Sources) != 1 {
		t.Errorf("trunks kept: %+v", tr)
	}
	if err := c.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	rename(t, db, d.Account, "Back")
	eventually(t, "back", func() bool { return dir.Account(d.Account).Name == "Back" && !f.Status().FromCache })
}
