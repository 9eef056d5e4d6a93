package store_test

import (
	"reflect"
	"testing"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

func TestPrivacyRightsAreInTheSnapshot(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	a, err := db.LoadAccount(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Assistants("103"); !reflect.DeepEqual(got, []string{"102", "101"}) || a.Assistants("102") != nil {
		t.Errorf("assistants of 103: %v, of 102: %v", got, a.Assistants("102"))
	}
	if got := a.RightsOver("102", "103"); got != allRights() {
		t.Errorf("102 over 103: %+v", got)
	}
	if got := a.RightsOver("103", "102"); got != (dialplan.PrivacyRights{}) {
		t.Errorf("103 over 102: %+v", got)
	}
	if err := db.Account(ctx, id, func(tx *store.Tx) error {
		e, err := tx.ReadExtension(ctx, "103")
		if err != nil {
			return err
		}
		if want := a.User("103").Privacy; !reflect.DeepEqual(e.Config.(*dialplan.User).Privacy, want) {
			t.Errorf("read as %+v, want %+v", e.Config, want)
		}
		group := e.Config.(*dialplan.User).Privacy[0].Group
		if e.Config.(*dialplan.User).AssistantGroup != group {
			t.Errorf("assistant group of 103 is read as %+v", e.Config)
		}
		if err := tx.DeletePrivacyGroup(ctx, group, 0); !is[*store.InUse](err) {
			t.Errorf("deleted while in use: %v", err)
		}
		// A group gives no right to listen.
		g, err := tx.ReadExtension(ctx, "200")
		if err != nil {
			return err
		}
		g.Config.(*dialplan.Group).Privacy = []dialplan.PrivacyGrant{{Group: group, PrivacyRights: dialplan.PrivacyRights{Pickup: true}}}
		return tx.UpdateExtension(ctx, "200", g)
	}); err != nil {
		t.Fatal(err)
	}
	if a, err = db.LoadAccount(ctx, id); err != nil {
		t.Fatal(err)
	}
	if got := a.RightsOver("101", "200"); got != (dialplan.PrivacyRights{Pickup: true}) {
		t.Errorf("101 over 200: %+v", got)
	}
}
