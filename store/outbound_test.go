package store_test

import (
	"context"
	"net/netip"
	"reflect"
	"testing"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// outboundRules gives the company a row of each kind of rule.
func outboundRules(ctx context.Context, tx *store.Tx, channel, number string) error {
	err := tx.SetOutbound(ctx, &store.Outbound{Barred: []dialplan.BarringCategory{dialplan.BarMobile}, IPListing: true,
		Allowed: []dialplan.AddressRange{{First: netip.MustParseAddr("192.0.2.1"), Last: netip.MustParseAddr("192.0.2.9"), Description: "gate"}}})
	if err != nil {
		return err
	}
	err = tx.SetUserOutbound(ctx, "101", &store.UserOutbound{Barred: []dialplan.BarringCategory{dialplan.BarInternational},
		CallerIDs: map[string]string{"2": number}})
	if err != nil {
		return err
	}
	return tx.SetLoginAddress(ctx, channel, netip.MustParseAddr("::ffff:198.51.100.7"))
}

func TestOutboundRulesReachTheSnapshot(t *testing.T) {
	db, _ := pgtest.Store(t)
	ctx := t.Context()
	id := company(ctx, t, db, 1)
	check := func(a *dialplan.Account) {
		t.Helper()
		u, ch := a.User("101"), a.Channels["phone-1"]
		at := netip.MustParseAddr
		if !a.IPListing || !reflect.DeepEqual(a.Barred, []dialplan.BarringCategory{"mobile"}) ||
			!reflect.DeepEqual(a.AllowedAddresses, []dialplan.AddressRange{{First: at("192.0.2.1"), Last: at("192.0.2.9"), Description: "gate"}}) {
			t.Errorf("account %+v", a)
		}
		if !reflect.DeepEqual(u.Barred, []dialplan.BarringCategory{"international"}) || !reflect.DeepEqual(u.CallerIDs, map[string]string{"2": "+49400000001"}) {
			t.Errorf("user %+v", u)
		}
		if ch.LoginAddress != at("198.51.100.7") {
			t.Errorf("channel %+v", ch)
		}
		if other := a.User("102"); other.Barred != nil || other.CallerIDs != nil {
			t.Errorf("another user %+v", other)
		}
	}
	a, err := db.LoadAccount(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	check(a)
}
