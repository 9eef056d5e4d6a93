package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
	"callplane/orders"
)

// Order is an order of the account.
type Order struct {
	ID      int64
	Account dialplan.AccountID
	orders.Selection
	ProductName string
	User        dialplan.Product // of a user's order
	// Kind of its extension, with the number and name that it has, or had. ExtensionID 0: it is no longer there.
	Kind           dialplan.Kind
	ExtensionID    int64
	Number, Name   string
	Subscriber     Subscriber
	Reference      string
	ContractMonths int
	// NumberType of E164 is new or ported; empty: without a number.
	NumberType, E164 string
	NeedsSIM         bool
	SIM              string // ICCID; empty: none
	SIMOn            orders.Date
	Start, End       orders.Date
	State            orders.State
	// Billing: the customer is invoiced, from BilledFrom, or, with none, from when the order is active.
	Billing    bool
	BilledFrom orders.Date
	Created    time.Time
	CreatedBy  string
	Revision   int64
}

// Subscriber is who a user's order is for.
type Subscriber struct {
	FirstName string `json:"first_name,omitempty"`
	Prefix    string `json:"prefix,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Email     string `json:"email,omitempty"`
}

// OrderNumber is the number of an order as people read it.
func OrderNumber(id int64) string { return fmt.Sprintf("%08d", id) }

// Standing is how the order stands.
func (o *Order) Standing() *orders.Standing {
	return &orders.Standing{State: o.State, Start: o.Start, NeedsSIM: o.NeedsSIM, SIM: o.SIM != "", SIMOn: o.SIMOn, Termination: o.End}
}

const selectOrders = `SELECT o.id, o.account_id, o.portfolio, o.product, o.product_name, o.user_product, o.extension_kind, o.data, o.sms, o.add_ons,
	coalesce(o.extension_id, 0), coalesce(e.number, o.number), coalesce(e.name, o.name), o.subscriber, o.reference, o.contract_months, o.number_type, o.e164,
	o.needs_sim, coalesce(o.sim, ''), coalesce(to_char(o.sim_on, 'YYYY-MM-DD'), ''), to_char(o.starts, 'YYYY-MM-DD'),
	coalesce(to_char(o.ends, 'YYYY-MM-DD'), ''), o.state, o.billing, coalesce(to_char(o.billed_from, 'YYYY-MM-DD'), ''), o.created_at, o.created_by, o.revision
	FROM orders o LEFT JOIN extensions e ON e.account_id = o.account_id AND e.id = o.extension_id`

func scanOrder(rows pgx.Rows, o *Order) error {
	return rows.Scan(&o.ID, &o.Account, &o.Portfolio, &o.Product, &o.ProductName, &o.User, &o.Kind, &o.Data, &o.SMS, &o.AddOns,
		&o.ExtensionID, &o.Number, &o.Name, &o.Subscriber, &o.Reference, &o.ContractMonths, &o.NumberType, &o.E164,
		&o.NeedsSIM, &o.SIM, &o.SIMOn, &o.Start, &o.End, &o.State, &o.Billing, &o.BilledFrom, &o.Created, &o.CreatedBy, &o.Revision)
}

// ReadOrder finds an order.
func (tx *Tx) ReadOrder(ctx context.Context, id int64) (*Order, error) {
	return tx.readOrder(ctx, id, "")
}

// LockOrder finds an order that nobody else changes until the transaction is over.
func (tx *Tx) LockOrder(ctx context.Context, id int64) (*Order, error) {
	return tx.readOrder(ctx, id, ` FOR NO KEY UPDATE OF o`)
}

func (tx *Tx) readOrder(ctx context.Context, id int64, lock string) (*Order, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectOrders+` WHERE o.account_id = $1 AND o.id = $2`+lock, account, id)
	return one(rows, err, "order", strconv.FormatInt(id, 10), scanOrder)
}

// OrderFilter selects orders; zero fields select all.
type OrderFilter struct {
	// Number of the order, with or without leading zeros, or of its extension.
	Number  string
	States  []orders.State
	Product string
}

// ListOrders lists orders by key, which is their id, the newest first, and how many f selects in all.
func (tx *Tx) ListOrders(ctx context.Context, f OrderFilter, page Page) ([]Order, int, error) {
	account, err := tx.own()
	if err != nil {
		return nil, 0, err
	}
	w := conditions{` WHERE o.account_id = $1`, []any{account}}
	if f.Number != "" {
		id, _ := strconv.ParseInt(strings.TrimLeft(f.Number, "0"), 10, 64) // 0 is no order's
		w.sql += ` AND (o.id = ` + w.arg(id) + ` OR coalesce(e.number, o.number) = ` + w.arg(f.Number) + `)`
	}
	if len(f.States) > 0 {
		w.sql += ` AND o.state = ANY(` + w.arg(f.States) + `)`
	}
	if f.Product != "" {
		w.sql += ` AND o.product = ` + w.arg(f.Product)
	}
	l := keyed[Order]{what: "orders", rows: selectOrders, where: w, key: `o.id`, down: true, scan: scanOrder,
		count: `SELECT count(*) FROM orders o LEFT JOIN extensions e ON e.account_id = o.account_id AND e.id = o.extension_id`}
	return l.page(ctx, tx, page)
}

// OrderOfExtension is the order that an extension has by now; NotFound: none.
func (tx *Tx) OrderOfExtension(ctx context.Context, number string) (*Order, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectOrders+` WHERE o.account_id = $1 AND o.state <> 'ended'
		AND o.extension_id = (SELECT id FROM extensions WHERE account_id = $1 AND number = $2)`, account, number)
	return one(rows, err, "order of extension", number, scanOrder)
}

// PlaceOrder adds an order for an extension that is there, and fills in ID and what is known of it. actor places it on the day
// today of the account; what begins today is active when it returns.
func (tx *Tx) PlaceOrder(ctx context.Context, o *Order, actor string, today orders.Date) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	c, err := tx.Catalogue(ctx)
	if err != nil {
		return err
	}
	item := c[o.Product]
	if item == nil {
		return &Invalid{Field: "product", Reason: "there is no product " + o.Product}
	}
	o.Account, o.State, o.CreatedBy, o.ProductName, o.User = account, orders.Planned, actor, item.Name, item.User
	o.NeedsSIM, o.Kind = orders.Mobile(item.User), item.Extension
	if item.Type == orders.ItemUser {
		o.Kind = dialplan.KindUser
	}
	var kind dialplan.Kind
	err = tx.tx.QueryRow(ctx, `SELECT id, name, kind FROM extensions WHERE account_id = $1 AND number = $2`, account, o.Number).Scan(&o.ExtensionID, &o.Name, &kind)
	if err != nil {
		return notFound(err, "extension", o.Number)
	}
	if kind != o.Kind {
		return &Invalid{Field: "extension", Reason: fmt.Sprintf("%s is a %s, not a %s", o.Number, kind, o.Kind)}
	}
	sim := o.SIM
	if sim != "" {
		o.SIMOn = today
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO orders (account_id, portfolio, product, product_name, user_product, extension_kind, data, sms, add_ons,
			extension_id, number, name, subscriber, reference, contract_months, number_type, e164, needs_sim, starts, billing, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9::text[], '{}'), $10, $11, $12, $13, $14, $15, $16, $17, $18, $19::text::date, $20, $21)
		RETURNING id, created_at, revision`,
		account, o.Portfolio, o.Product, o.ProductName, o.User, o.Kind, o.Data, o.SMS, o.AddOns, o.ExtensionID, o.Number, o.Name, o.Subscriber,
		o.Reference, o.ContractMonths, o.NumberType, o.E164, o.NeedsSIM, o.Start, o.Billing, actor).Scan(&o.ID, &o.Created, &o.Revision)
	if err != nil {
		return mapError("place order", err)
	}
	if sim != "" {
		if err := tx.takeSIM(ctx, o, sim); err != nil {
			return err
		}
	}
	if o.NumberType == "new" {
		n, err := tx.ReadNumber(ctx, o.E164)
		switch {
		case err != nil:
			return &Invalid{Field: "phone_number", Reason: "the account has no number " + o.E164}
		case n.Personal != "" || n.Scheme != 0:
			return &Invalid{Field: "phone_number", Reason: o.E164 + " is in use"}
		}
		n.Personal = o.Number
		if err := tx.UpdateNumber(ctx, n); err != nil {
			return err
		}
	}
	if err := tx.addStep(ctx, o, &OrderStep{Step: orders.Step{Kind: orders.Activate, On: o.Start}}, actor); err != nil {
		return err
	}
	if err := tx.writeLines(ctx, o, orders.LinesOf(c, &o.Selection, o.Start)); err != nil {
		return err
	}
	if err := tx.orderHistory(ctx, o, actor, "placed", o.Start, o.ProductName); err != nil {
		return err
	}
	return tx.advance(ctx, o, actor, today)
}

// saveOrder writes what changes in the life of an order and raises its revision.
func (tx *Tx) saveOrder(ctx context.Context, o *Order) error {
	err := tx.tx.QueryRow(ctx, `UPDATE orders SET portfolio = $3, product = $4, product_name = $5, user_product = $6, data = $7, sms = $8,
			add_ons = coalesce($9::text[], '{}'), needs_sim = $10, sim = nullif($11, ''), sim_on = nullif($12::text, '')::date, ends = nullif($13::text, '')::date,
			state = $14, billing = $15, billed_from = nullif($16::text, '')::date, number = $17, name = $18, revision = revision + 1
		WHERE account_id = $1 AND id = $2 RETURNING revision`,
		o.Account, o.ID, o.Portfolio, o.Product, o.ProductName, o.User, o.Data, o.SMS, o.AddOns, o.NeedsSIM, o.SIM, o.SIMOn, o.End,
		o.State, o.Billing, o.BilledFrom, o.Number, o.Name).Scan(&o.Revision)
	return mapError("change order", err)
}
