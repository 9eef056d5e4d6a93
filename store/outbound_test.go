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

// outboundUses calls every method about outbound rules, by the method's name.
func outboundUses(ctx context.Context, t *testing.T, channel string) map[string]func(*store.Tx) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	return map[string]func(*store.Tx){
		"ReadOutbound": func(tx *store.Tx) { _, err := tx.ReadOutbound(ctx); must(err) },
		"SetOutbound": func(tx *store.Tx) {
			o, err := tx.ReadOutbound(ctx)
			must(err)
			must(tx.SetOutbound(ctx, o))
			o.Revision--
			if err := tx.SetOutbound(ctx, o); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"ReadUserOutbound": func(tx *store.Tx) { _, err := tx.ReadUserOutbound(ctx, "101"); must(err) },
		"SetUserOutbound": func(tx *store.Tx) {
			o, err := tx.ReadUserOutbound(ctx, "101")
			must(err)
			must(tx.SetUserOutbound(ctx, "101", o))
			o.Revision--
			if err := tx.SetUserOutbound(ctx, "101", o); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"LoginAddress": func(tx *store.Tx) { _, err := tx.LoginAddress(ctx, channel); must(err) },
		"SetLoginAddress": func(tx *store.Tx) {
			must(tx.SetLoginAddress(ctx, channel, netip.Addr{}))
			must(tx.SetLoginAddress(ctx, channel, netip.MustParseAddr("192.0.2.2")))
		},
	}
}
