package store_test

import (
	"testing"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// TestServiceReachesTheSnapshot: what is not in service comes with its configuration, and nobody is logged in as such a user.
func TestServiceReachesTheSnapshot(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	err := db.Account(ctx, id, func(tx *store.Tx) error {
		u := ext("180", "Dora", &dialplan.User{PIN: "0000", Product: dialplan.ProductExpert})
		u.Inactive = true
		if err := tx.CreateExtension(ctx, u); err != nil {
			return err
		}
		if err := tx.CreateChannel(ctx, &store.Channel{Channel: dialplan.Channel{Name: "dora", User: "180"}}); err != nil {
			return err
		}
		// A change of the configuration changes neither.
		u.Name, u.Config = "Dora D.", &dialplan.User{PIN: "0000", Language: "de"}
		if err := tx.UpdateExtension(ctx, "180", u); err != nil {
			return err
		}
		got, err := tx.ReadExtension(ctx, "180")
		if err == nil && (!got.Inactive || got.Config.(*dialplan.User).Product != dialplan.ProductExpert) {
			t.Errorf("read %+v", got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := db.LoadAccount(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	e := a.Extensions["180"]
	if !e.Inactive || e.Name != "Dora D." || e.Config.(*dialplan.User).Product != dialplan.ProductExpert || a.User("180") != nil || a.Channels["dora"].User != "" {
		t.Errorf("%+v, channel %+v", e, a.Channels["dora"])
	}
	if a.Extensions["101"].Inactive || a.User("101") == nil {
		t.Error("101 is not in service")
	}
}
