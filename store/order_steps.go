package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
	"callplane/orders"
)

// OrderStep is a step of an order, planned or done.
type OrderStep struct {
	orders.Step
	Selection *orders.Selection // of a change
	Reference string
	CreatedBy string
	Created   time.Time
	Done      time.Time // zero: it has not been carried out
	Dropped   time.Time // zero: it has not become void
}

func (tx *Tx) addStep(ctx context.Context, o *Order, x *OrderStep, actor string) error {
	err := tx.tx.QueryRow(ctx, `INSERT INTO order_steps (account_id, order_id, kind, day, selection, reference, created_by)
		VALUES ($1, $2, $3, $4::text::date, $5, $6, $7) RETURNING id`, o.Account, o.ID, x.Kind, x.On, x.Selection, x.Reference, actor).Scan(&x.ID)
	return mapError("plan step", err)
}

// OrderSteps lists the steps of an order as they were planned.
func (tx *Tx) OrderSteps(ctx context.Context, order int64) ([]OrderStep, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT id, kind, to_char(day, 'YYYY-MM-DD'), selection, reference, created_by, created_at, done_at, dropped_at
		FROM order_steps WHERE account_id = $1 AND order_id = $2 ORDER BY id`, account, order)
	return collect(rows, err, "steps", func(rows pgx.Rows, x *OrderStep) error {
		var done, dropped *time.Time
		err := rows.Scan(&x.ID, &x.Kind, &x.On, &x.Selection, &x.Reference, &x.CreatedBy, &x.Created, &done, &dropped)
		x.Done, x.Dropped = timeOf(done), timeOf(dropped)
		return err
	})
}

// openSteps are those that are still to be carried out, by id.
func (tx *Tx) openSteps(ctx context.Context, o *Order) (map[int64]OrderStep, []orders.Step, error) {
	all, err := tx.For(o.Account).OrderSteps(ctx, o.ID)
	by, open := map[int64]OrderStep{}, []orders.Step{}
	for _, x := range all {
		if x.Done.IsZero() && x.Dropped.IsZero() {
			by[x.ID] = x
			open = append(open, x.Step)
		}
	}
	return by, open, err
}

func (tx *Tx) dropSteps(ctx context.Context, o *Order, steps []orders.Step, actor string) error {
	for _, x := range steps {
		if _, err := tx.tx.Exec(ctx, `UPDATE order_steps SET dropped_at = now() WHERE account_id = $1 AND id = $2`, o.Account, x.ID); err != nil {
			return mapError("drop step", err)
		}
		if err := tx.orderHistory(ctx, o, actor, string(x.Kind)+"-dropped", x.On, ""); err != nil {
			return err
		}
	}
	return nil
}

// PlanChange plans that an order becomes what s selects on a day; sim is connected for it, empty: none. What is for today is done
// when it returns.
func (tx *Tx) PlanChange(ctx context.Context, o *Order, s orders.Selection, on orders.Date, sim, reference, actor string, today orders.Date) error {
	if sim != "" {
		if err := tx.takeSIM(ctx, o, sim); err != nil {
			return err
		}
		o.SIMOn = today
	}
	if err := tx.addStep(ctx, o, &OrderStep{Step: orders.Step{Kind: orders.Change, On: on}, Selection: &s, Reference: reference}, actor); err != nil {
		return err
	}
	if err := tx.orderHistory(ctx, o, actor, "change-planned", on, s.Product); err != nil {
		return err
	}
	return tx.advance(ctx, o, actor, today)
}

// PlanTermination plans the end of an order, in place of an earlier plan.
func (tx *Tx) PlanTermination(ctx context.Context, o *Order, end orders.Date, reference, actor string, today orders.Date) error {
	_, open, err := tx.openSteps(ctx, o)
	if err != nil {
		return err
	}
	if err := tx.dropSteps(ctx, o, orders.Dropped(open, end), actor); err != nil {
		return err
	}
	if err := tx.addStep(ctx, o, &OrderStep{Step: orders.Step{Kind: orders.Terminate, On: end}, Reference: reference}, actor); err != nil {
		return err
	}
	o.End = end
	if err := tx.orderHistory(ctx, o, actor, "termination-planned", end, reference); err != nil {
		return err
	}
	return tx.advance(ctx, o, actor, today)
}

// ConnectSIM connects a card to an order that waits for one, which begins with it when its day has come.
func (tx *Tx) ConnectSIM(ctx context.Context, o *Order, iccid, actor string, today orders.Date) error {
	switch {
	case o.State == orders.Ended:
		return &Invalid{Field: "sim", Reason: "the order has ended"}
	case !o.NeedsSIM:
		return &Invalid{Field: "sim", Reason: o.ProductName + " has no SIM"}
	case o.SIM != "":
		return &Invalid{Field: "sim", Reason: "the order has SIM " + o.SIM}
	}
	if err := tx.takeSIM(ctx, o, iccid); err != nil {
		return err
	}
	o.SIMOn = today
	if err := tx.orderHistory(ctx, o, actor, "sim-connected", today, iccid); err != nil {
		return err
	}
	return tx.advance(ctx, o, actor, today)
}

// advance carries out what is due on the day today of the account and writes the order.
func (tx *Tx) advance(ctx context.Context, o *Order, actor string, today orders.Date) error {
	by, open, err := tx.openSteps(ctx, o)
	if err != nil {
		return err
	}
	for {
		x, ok := o.Standing().Next(open, today)
		if !ok {
			return tx.saveOrder(ctx, o)
		}
		open = slices.DeleteFunc(open, func(y orders.Step) bool { return y.ID == x.ID })
		on := o.Standing().Effective(x)
		type logged struct {
			State   orders.State `json:"state"`
			Product string       `json:"product"`
		}
		before := logged{o.State, o.Product}
		switch x.Kind {
		case orders.Activate:
			err = tx.activate(ctx, o, on)
		case orders.Change:
			err = tx.change(ctx, o, *by[x.ID].Selection, on)
		case orders.Terminate:
			err = tx.terminate(ctx, o, on, actor)
			if err == nil {
				err = tx.dropSteps(ctx, o, open, actor)
			}
			open = nil
		}
		if err != nil {
			return fmt.Errorf("%s order %s: %w", x.Kind, OrderNumber(o.ID), err)
		}
		if _, err := tx.tx.Exec(ctx, `UPDATE order_steps SET done_at = now() WHERE account_id = $1 AND id = $2`, o.Account, x.ID); err != nil {
			return mapError("note step", err)
		}
		event := map[orders.StepKind]string{orders.Activate: "activated", orders.Change: "changed", orders.Terminate: "terminated"}[x.Kind]
		if err := tx.orderHistory(ctx, o, actor, event, on, o.ProductName); err != nil {
			return err
		}
		err = tx.For(o.Account).Audit(ctx, &AuditEntry{Actor: actor, Action: string(x.Kind), Entity: "order", EntityID: OrderNumber(o.ID)},
			before, logged{o.State, o.Product})
		if err != nil {
			return err
		}
	}
}

func (tx *Tx) activate(ctx context.Context, o *Order, on orders.Date) error {
	o.State = orders.Active
	if o.Billing {
		o.BilledFrom = max(o.BilledFrom, on)
	}
	// Lines were written for the day that was planned.
	if _, err := tx.tx.Exec(ctx, `UPDATE order_lines SET from_day = $3::text::date WHERE account_id = $1 AND order_id = $2 AND NOT credit
			AND from_day < $3::text::date AND (until_day IS NULL OR until_day >= $3::text::date)`, o.Account, o.ID, on); err != nil {
		return mapError("date lines", err)
	}
	if err := tx.serve(ctx, o, true); err != nil {
		return err
	}
	if o.NumberType != "ported" {
		return nil
	}
	// A ported number is the user's as soon as the operator has put it into the inventory.
	_, err := tx.tx.Exec(ctx, `UPDATE numbers SET personal_id = $3, revision = revision + 1
		WHERE account_id = $1 AND e164 = $2 AND personal_id IS NULL AND scheme_id IS NULL`, o.Account, o.E164, o.ExtensionID)
	return mapError("link number", err)
}

func (tx *Tx) change(ctx context.Context, o *Order, s orders.Selection, on orders.Date) error {
	c, err := tx.Catalogue(ctx)
	if err != nil {
		return err
	}
	lines, err := tx.For(o.Account).OrderLines(ctx, o.ID)
	if err != nil {
		return err
	}
	if err := tx.writeLines(ctx, o, orders.ChangeLines(lines, c, &s, on)); err != nil {
		return err
	}
	o.Selection = s
	if i := c[s.Product]; i != nil {
		o.ProductName, o.User = i.Name, i.User
	}
	o.NeedsSIM = orders.Mobile(o.User)
	if !o.NeedsSIM && o.SIM != "" {
		if err := tx.retireSIM(ctx, o); err != nil {
			return err
		}
	}
	if o.State == orders.Active {
		return tx.serve(ctx, o, true)
	}
	return nil
}

func (tx *Tx) terminate(ctx context.Context, o *Order, on orders.Date, actor string) error {
	lines, err := tx.For(o.Account).OrderLines(ctx, o.ID)
	if err != nil {
		return err
	}
	if err := tx.writeLines(ctx, o, orders.EndLines(lines, on)); err != nil {
		return err
	}
	o.State, o.End = orders.Ended, on
	if err := tx.retireSIM(ctx, o); err != nil {
		return err
	}
	if o.ExtensionID == 0 {
		return nil
	}
	if o.Kind == dialplan.KindUser {
		if err := tx.For(o.Account).leave(ctx, o.Number, actor); err != nil {
			return err
		}
	}
	return tx.serve(ctx, o, false)
}

// serve takes the order's extension into service, as what has been ordered, or out of it.
func (tx *Tx) serve(ctx context.Context, o *Order, on bool) error {
	if _, err := tx.tx.Exec(ctx, `UPDATE extensions SET in_service = $3, revision = revision + 1 WHERE account_id = $1 AND id = $2 AND in_service <> $3`,
		o.Account, o.ExtensionID, on); err != nil {
		return mapError("change service of extension", err)
	}
	product := o.User
	if !on {
		product = ""
	}
	_, err := tx.tx.Exec(ctx, `UPDATE ext_user SET product = $3 WHERE account_id = $1 AND id = $2 AND product <> $3`, o.Account, o.ExtensionID, product)
	return mapError("change product of user", err)
}

// leave logs a user out everywhere, also where an administrator has linked them.
func (tx *Tx) leave(ctx context.Context, user, actor string) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	a, err := tx.desk(ctx, account)
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `UPDATE channels SET linked = linked AND user_id IS DISTINCT FROM e.id, auto_user_id = nullif(auto_user_id, e.id), revision = channels.revision + 1
		FROM extensions e WHERE e.account_id = $1 AND e.number = $2 AND channels.account_id = $1 AND (channels.user_id = e.id OR channels.auto_user_id = e.id)`, account, user)
	if err != nil {
		return mapError("free channels", err)
	}
	for name, ch := range a.Channels {
		if ch.AutoLogin == user {
			ch.AutoLogin = ""
		}
		if ch.User != user {
			continue
		}
		ch.Linked = false
		if err := tx.vacate(ctx, a, actor, name, user); err != nil {
			return err
		}
	}
	return nil
}

// CarriedOut is an order of which the service has carried out what was due.
type CarriedOut struct {
	Account dialplan.AccountID
	Order   int64
	State   orders.State
}

// CarryOutOrder does what is due of one order at an instant, in one transaction with what is written about it, so that it is done
// once, whoever asks and however late. skip are orders to leave alone. Nil: nothing is due. With an error the order tells which.
func (db *DB) CarryOutOrder(ctx context.Context, now time.Time, skip []int64) (done *CarriedOut, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		var account dialplan.AccountID
		var id int64
		var today orders.Date
		// No zone is more than a day away from UTC, which the index can look at.
		err := tx.tx.QueryRow(ctx, `SELECT o.account_id, o.id, to_char($1::timestamptz AT TIME ZONE a.time_zone, 'YYYY-MM-DD')
			FROM order_steps s JOIN orders o ON o.account_id = s.account_id AND o.id = s.order_id JOIN accounts a ON a.id = s.account_id
			WHERE s.done_at IS NULL AND s.dropped_at IS NULL AND s.day <= ($1::timestamptz AT TIME ZONE 'UTC')::date + 1
				AND s.day <= ($1::timestamptz AT TIME ZONE a.time_zone)::date
				AND NOT (s.kind = 'activate' AND (o.state <> 'planned' OR o.needs_sim AND o.sim IS NULL)) AND o.state <> 'ended' AND o.id <> ALL(coalesce($2::bigint[], '{}'))
			ORDER BY s.day, s.id LIMIT 1 FOR NO KEY UPDATE OF o SKIP LOCKED`, now, skip).Scan(&account, &id, &today)
		if err != nil {
			if err == pgx.ErrNoRows {
				return nil
			}
			return mapError("find steps of orders", err)
		}
		done = &CarriedOut{Account: account, Order: id}
		tx = tx.For(account)
		o, err := tx.LockOrder(ctx, id)
		if err != nil {
			return err
		}
		if err := tx.advance(ctx, o, "schedule", today); err != nil {
			return err
		}
		done.State = o.State
		return nil
	})
	return done, err
}
