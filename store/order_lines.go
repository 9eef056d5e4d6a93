package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/orders"
)

// OrderLines lists what an order costs, for customer and reseller.
func (tx *Tx) OrderLines(ctx context.Context, order int64) ([]orders.Line, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT id, side, item, name, currency, once, monthly, to_char(from_day, 'YYYY-MM-DD'),
		coalesce(to_char(until_day, 'YYYY-MM-DD'), ''), credit FROM order_lines WHERE account_id = $1 AND order_id = $2 ORDER BY id`, account, order)
	return collect(rows, err, "lines", func(rows pgx.Rows, l *orders.Line) error {
		return rows.Scan(&l.ID, &l.Side, &l.Item, &l.Name, &l.Currency, &l.Price.Once, &l.Price.Monthly, &l.From, &l.Until, &l.Credit)
	})
}

// writeLines adds lines without an ID and writes the end of the others.
func (tx *Tx) writeLines(ctx context.Context, o *Order, lines []orders.Line) error {
	for _, l := range lines {
		if l.ID != 0 {
			_, err := tx.tx.Exec(ctx, `UPDATE order_lines SET until_day = nullif($3::text, '')::date WHERE account_id = $1 AND id = $2`, o.Account, l.ID, l.Until)
			if err != nil {
				return mapError("end line", err)
			}
			continue
		}
		_, err := tx.tx.Exec(ctx, `INSERT INTO order_lines (account_id, order_id, side, item, name, currency, once, monthly, from_day, until_day, credit)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::date, nullif($10::text, '')::date, $11)`,
			o.Account, o.ID, l.Side, l.Item, l.Name, l.Currency, l.Price.Once, l.Price.Monthly, l.From, l.Until, l.Credit)
		if err != nil {
			return mapError("write line", err)
		}
	}
	return nil
}

// AddCredit gives the customer an amount back on a day.
func (tx *Tx) AddCredit(ctx context.Context, o *Order, name string, amount orders.Micros, currency string, on orders.Date, actor string) error {
	l := orders.Line{Side: orders.Sales, Name: name, Currency: currency, Price: orders.Price{Once: -amount}, From: on, Credit: true}
	if err := tx.writeLines(ctx, o, []orders.Line{l}); err != nil {
		return err
	}
	if err := tx.orderHistory(ctx, o, actor, "credit-added", on, amount.String()+" "+currency+": "+name); err != nil {
		return err
	}
	return tx.saveOrder(ctx, o)
}

// StartBilling has the customer invoiced from a day on, at the earliest from when the order is active.
func (tx *Tx) StartBilling(ctx context.Context, o *Order, from orders.Date, actor string) error {
	switch {
	case o.Billing:
		return &Invalid{Field: "from", Reason: "the customer is invoiced already"}
	case o.State == orders.Ended:
		return &Invalid{Field: "from", Reason: "the order has ended"}
	}
	o.Billing, o.BilledFrom = true, max(from, o.Start)
	if err := tx.orderHistory(ctx, o, actor, "billing-started", o.BilledFrom, ""); err != nil {
		return err
	}
	return tx.saveOrder(ctx, o)
}

// OrderEvent is something that has happened to an order.
type OrderEvent struct {
	ID     int64
	At     time.Time
	Actor  string
	Event  string
	Day    orders.Date // that it is about; empty: none
	Detail string
}

func (tx *Tx) orderHistory(ctx context.Context, o *Order, actor, event string, day orders.Date, detail string) error {
	_, err := tx.tx.Exec(ctx, `INSERT INTO order_history (account_id, order_id, actor, event, day, detail) VALUES ($1, $2, $3, $4, nullif($5::text, '')::date, $6)`,
		o.Account, o.ID, actor, event, day, detail)
	return mapError("write history of order", err)
}

// OrderHistory lists what has happened to an order, in its order.
func (tx *Tx) OrderHistory(ctx context.Context, order int64) ([]OrderEvent, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT id, at, actor, event, coalesce(to_char(day, 'YYYY-MM-DD'), ''), detail FROM order_history
		WHERE account_id = $1 AND order_id = $2 ORDER BY id`, account, order)
	return collect(rows, err, "history", func(rows pgx.Rows, e *OrderEvent) error {
		return rows.Scan(&e.ID, &e.At, &e.Actor, &e.Event, &e.Day, &e.Detail)
	})
}

// ChargedCalls are the conversations with numbers outside that an extension pays for, which began in a span of time.
func (tx *Tx) ChargedCalls(ctx context.Context, extension string, from, to time.Time) ([]orders.Call, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT answered, number, ended FROM call_legs WHERE account_id = $1 AND started >= $2 AND started < $3
			AND trunk <> '' AND direction = 'outbound' AND answered IS NOT NULL AND payer = $4 ORDER BY started, call_id, position`, account, from, to, extension)
	return collect(rows, err, "charged calls", func(rows pgx.Rows, c *orders.Call) error {
		var ended time.Time
		err := rows.Scan(&c.At, &c.Number, &ended)
		c.Talked = ended.Sub(c.At)
		return err
	})
}

// ExtensionCharges are what an extension has been charged beside its calls in a span of time, in millionths of the currency.
func (tx *Tx) ExtensionCharges(ctx context.Context, extension string, from, to time.Time) ([]ExtensionCharge, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT kind, currency, count(*), sum(amount * 1000000)::bigint FROM charges
		WHERE account_id = $1 AND extension = $2 AND at >= $3 AND at < $4 GROUP BY kind, currency ORDER BY kind, currency`, account, extension, from, to)
	return collect(rows, err, "charges", func(rows pgx.Rows, c *ExtensionCharge) error {
		return rows.Scan(&c.Kind, &c.Currency, &c.Count, &c.Amount)
	})
}

// ExtensionCharge adds up charges of one kind.
type ExtensionCharge struct {
	Kind, Currency string
	Count          int
	Amount         orders.Micros
}
