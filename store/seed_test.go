package store_test

import (
	"reflect"
	"testing"
	"time"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

func TestSeedDemo(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	first, err := store.SeedDemo(ctx, db, store.DemoOptions{Host: "127.0.0.1", Port: 5090})
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Channels) != 3 || first.Token == "" || first.Channels[0].User != "101" {
		t.Fatalf("demo: %+v", first)
	}
	before, err := db.LoadAccount(ctx, first.Account)
	if err != nil {
		t.Fatal(err)
	}
	again, err := store.SeedDemo(ctx, db, store.DemoOptions{Host: "127.0.0.1", Port: 5091})
	if err != nil {
		t.Fatal(err)
	}
	if again.Token != "" || !reflect.DeepEqual(first.Channels, again.Channels) || again.Account != first.Account {
		t.Errorf("second seed differs: %+v then %+v", first, again)
	}
	after, err := db.LoadAccount(ctx, first.Account)
	if err != nil {
		t.Fatal(err)
	}
	if before.Version != after.Version {
		t.Errorf("second seed raised the version from %d to %d", before.Version, after.Version)
	}
	for number, ext := range first.Numbers {
		if in := dialplan.RouteInbound(after, number, time.Now()); in.Destination.Extension != ext {
			t.Errorf("%s goes to %v, not %s: %s", number, in.Destination, ext, in.Reason)
		}
	}
	u := after.User("102")
	if u == nil || len(u.Devices) != 1 || u.Devices[0] != after.Channels[u.Devices[0].Name] {
		t.Errorf("user 102: %+v", u)
	}
	g := after.Extensions["200"].Config.(*dialplan.Group)
	if !reflect.DeepEqual(g.Members, []string{"101", "102", "103"}) {
		t.Errorf("members: %v", g.Members)
	}
	m := after.Extensions["300"].Config.(*dialplan.IVR)
	if m.Match("2") != dialplan.MenuAmbiguous || m.Options["22"].Destination.Extension != "103" || m.Fallback.Extension != "200" {
		t.Errorf("menu: %+v", m)
	}
	trunks, _, err := db.LoadTrunks(ctx)
	if err != nil || len(trunks) != 1 || trunks[0].Port != 5091 {
		t.Errorf("trunks: %+v, %v", trunks, err)
	}
	err = db.Platform(ctx, func(tx *store.Tx) error {
		tok, err := tx.FindToken(ctx, first.Token)
		if err == nil && tok.Role != store.RoleOperator {
			t.Errorf("role %s", tok.Role)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
