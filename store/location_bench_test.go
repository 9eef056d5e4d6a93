package store_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// BenchmarkLocationTable imports, exports and loads a table of a million rows.
func BenchmarkLocationTable(b *testing.B) {
	ctx := b.Context()
	db, _ := pgtest.Store(b)
	id := company(ctx, b, db, 1)
	in := func(f func(context.Context, *store.Tx) error) {
		b.Helper()
		if err := db.Account(ctx, id, func(tx *store.Tx) error { return f(ctx, tx) }); err != nil {
			b.Fatal(err)
		}
	}
	in(func(ctx context.Context, tx *store.Tx) error {
		return tx.CreateExtension(ctx, ext("470", "Big", &dialplan.LocationRoute{By: dialplan.ByCaller, Tries: 1, Fallback: dialplan.LocationTarget{Destination: to("101")}}))
	})
	var csv bytes.Buffer
	csv.WriteString("key,destination,prefix\n")
	for i := range dialplan.MaxLocationRows {
		fmt.Fprintf(&csv, "+4930%07d,10%d,Prefix %d\n", i, 1+i%2, i%100)
	}
	a := &dialplan.Account{Country: dialplan.DE, ExtensionLength: 3}
	b.Run("Import", func(b *testing.B) {
		for b.Loop() {
			rows, wrong := dialplan.ReadLocations(csv.Bytes(), dialplan.ByCaller, a, func(string) bool { return true })
			if len(wrong) > 0 {
				b.Fatal(wrong)
			}
			in(func(ctx context.Context, tx *store.Tx) error { return tx.SetLocations(ctx, "470", rows) })
		}
	})
	b.Run("Export", func(b *testing.B) {
		for b.Loop() {
			in(func(ctx context.Context, tx *store.Tx) error {
				rows, err := tx.ReadLocations(ctx, "470")
				if err == nil && len(rows) != dialplan.MaxLocationRows {
					b.Errorf("%d rows", len(rows))
				}
				return err
			})
		}
	})
	b.Run("Load", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.LoadAccount(ctx, id); err != nil {
				b.Fatal(err)
			}
		}
	})
}
