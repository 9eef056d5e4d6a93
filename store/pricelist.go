package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/orders"
)

// PriceItem is a line of the price list with its place in it and its revision.
type PriceItem struct {
	orders.Item
	Position int
	Revision int64
}

// PriceList is what can be ordered, in the order in which it is shown, with what can't any more.
func (tx *Tx) PriceList(ctx context.Context) ([]PriceItem, error) {
	rows, err := tx.tx.Query(ctx, `SELECT code, portfolio, name, type, product, extension_kind, for_products, for_extensions, countries, enabled,
		currency, sales_once, sales_monthly, purchase_once, purchase_monthly, position, revision FROM price_items ORDER BY portfolio, position, code`)
	return collect(rows, err, "price list", func(rows pgx.Rows, i *PriceItem) error {
		return rows.Scan(&i.Code, &i.Portfolio, &i.Name, &i.Type, &i.User, &i.Extension, &i.For, &i.ForExtensions, &i.Countries, &i.Enabled,
			&i.Currency, &i.Sales.Once, &i.Sales.Monthly, &i.Purchase.Once, &i.Purchase.Monthly, &i.Position, &i.Revision)
	})
}

// Catalogue is the price list by code.
func (tx *Tx) Catalogue(ctx context.Context) (orders.Catalogue, error) {
	list, err := tx.PriceList(ctx)
	items := make([]orders.Item, len(list))
	for i := range list {
		items[i] = list[i].Item
	}
	return orders.NewCatalogue(items), err
}

// PutPriceItem makes an item of the price list or replaces it, for operators. Lines of orders keep the price at which they were
// ordered. A Revision other than 0 must be the current one, else Stale; it is raised.
func (tx *Tx) PutPriceItem(ctx context.Context, i *PriceItem) error {
	err := tx.tx.QueryRow(ctx, `INSERT INTO price_items AS p (code, portfolio, name, type, product, extension_kind, for_products, for_extensions,
			countries, enabled, currency, sales_once, sales_monthly, purchase_once, purchase_monthly, position)
		VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::text[], '{}'), coalesce($8::text[], '{}'), coalesce($9::text[], '{}'), $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (code) DO UPDATE SET portfolio = $2, name = $3, type = $4, product = $5, extension_kind = $6,
			for_products = coalesce($7::text[], '{}'), for_extensions = coalesce($8::text[], '{}'), countries = coalesce($9::text[], '{}'),
			enabled = $10, currency = $11, sales_once = $12, sales_monthly = $13, purchase_once = $14, purchase_monthly = $15, position = $16,
			revision = p.revision + 1 WHERE $17::bigint = 0 OR p.revision = $17 RETURNING revision`,
		i.Code, i.Portfolio, i.Name, i.Type, i.User, i.Extension, i.For, i.ForExtensions, i.Countries, i.Enabled, i.Currency,
		i.Sales.Once, i.Sales.Monthly, i.Purchase.Once, i.Purchase.Monthly, i.Position, i.Revision).Scan(&i.Revision)
	if err != nil {
		return tx.missed(ctx, err, "write", "price item", i.Code, `SELECT revision FROM price_items WHERE code = $1`, i.Code)
	}
	return nil
}

// ListTariffs lists what calls cost by prefix.
func (tx *Tx) ListTariffs(ctx context.Context) ([]orders.Tariff, error) {
	rows, err := tx.tx.Query(ctx, `SELECT prefix, name, currency, per_call, per_minute, first_s, step_s FROM tariffs ORDER BY prefix`)
	return collect(rows, err, "tariffs", func(rows pgx.Rows, t *orders.Tariff) error {
		var first, step int
		err := rows.Scan(&t.Prefix, &t.Name, &t.Currency, &t.Call, &t.Minute, &first, &step)
		t.First, t.Step = time.Duration(first)*time.Second, time.Duration(step)*time.Second
		return err
	})
}

// LockTariffs keeps others from replacing the tariffs before this transaction has done so.
func (tx *Tx) LockTariffs(ctx context.Context) error {
	_, err := tx.tx.Exec(ctx, `LOCK TABLE tariffs IN SHARE ROW EXCLUSIVE MODE`)
	return mapError("lock tariffs", err)
}

// SetTariffs replaces all tariffs, for operators.
func (tx *Tx) SetTariffs(ctx context.Context, list []orders.Tariff) error {
	if _, err := tx.tx.Exec(ctx, `DELETE FROM tariffs`); err != nil {
		return mapError("replace tariffs", err)
	}
	var prefix, name, currency []string
	var call, minute, first, step []int64
	for _, t := range list {
		prefix, name, currency = append(prefix, t.Prefix), append(name, t.Name), append(currency, t.Currency)
		call, minute = append(call, int64(t.Call)), append(minute, int64(t.Minute))
		first, step = append(first, int64(max(t.First, time.Second)/time.Second)), append(step, int64(max(t.Step, time.Second)/time.Second))
	}
	_, err := tx.tx.Exec(ctx, `INSERT INTO tariffs (prefix, name, currency, per_call, per_minute, first_s, step_s)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])`,
		prefix, name, currency, call, minute, first, step)
	return mapError("write tariffs", err)
}
