package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// SIM is a card that was handed out to the account.
type SIM struct {
	ICCID   string
	Order   int64 // that has it, or had it; 0: none yet
	Retired bool  // its order has ended: it is not used again
	Created time.Time
}

// AddSIMs adds cards to the account's stock; one that anybody has already is a Conflict.
func (tx *Tx) AddSIMs(ctx context.Context, iccids []string) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO sims (iccid, account_id) SELECT i, $1 FROM unnest($2::text[]) i`, account, iccids)
	return mapError("add SIM", err)
}

// DeleteSIM takes a card that no order has had from the stock.
func (tx *Tx) DeleteSIM(ctx context.Context, iccid string) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	var order int64
	err = tx.tx.QueryRow(ctx, `SELECT coalesce(order_id, 0) FROM sims WHERE account_id = $1 AND iccid = $2 FOR UPDATE`, account, iccid).Scan(&order)
	if err != nil {
		return notFound(err, "SIM", iccid)
	}
	if order != 0 {
		return &InUse{By: []string{"order " + OrderNumber(order)}}
	}
	_, err = tx.tx.Exec(ctx, `DELETE FROM sims WHERE account_id = $1 AND iccid = $2`, account, iccid)
	return mapError("delete SIM", err)
}

// SIMFilter selects cards; zero fields select all.
type SIMFilter struct {
	Last string // last four digits
	Free bool   // that no order has had
}

// ListSIMs lists cards by their last digits, and how many f selects in all.
func (tx *Tx) ListSIMs(ctx context.Context, f SIMFilter, page Page) ([]SIM, int, error) {
	account, err := tx.own()
	if err != nil {
		return nil, 0, err
	}
	limit, offset := page.bounds()
	w := conditions{` WHERE account_id = $1`, []any{account}}
	if f.Last != "" {
		w.sql += ` AND last = ` + w.arg(f.Last)
	}
	if f.Free {
		w.sql += ` AND order_id IS NULL`
	}
	all := w
	w.sql += ` ORDER BY last, iccid LIMIT ` + w.arg(limit) + ` OFFSET ` + w.arg(offset)
	rows, err := tx.tx.Query(ctx, `SELECT iccid, coalesce(order_id, 0), retired, created_at FROM sims`+w.sql, w.args...)
	list, err := collect(rows, err, "SIMs", func(rows pgx.Rows, s *SIM) error {
		return rows.Scan(&s.ICCID, &s.Order, &s.Retired, &s.Created)
	})
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.total(ctx, page, len(list), "SIMs", `SELECT count(*) FROM sims`+all.sql, all.args...)
	return list, total, err
}

// takeSIM gives a card to an order.
func (tx *Tx) takeSIM(ctx context.Context, o *Order, iccid string) error {
	tag, err := tx.tx.Exec(ctx, `UPDATE sims SET order_id = $3 WHERE account_id = $1 AND iccid = $2 AND order_id IS NULL`, o.Account, iccid, o.ID)
	if err != nil {
		return mapError("connect SIM", err)
	}
	if tag.RowsAffected() == 0 {
		return &Invalid{Field: "sim", Reason: "the account has no free SIM " + iccid}
	}
	o.SIM = iccid
	return nil
}

// retireSIM ends the use of an order's card.
func (tx *Tx) retireSIM(ctx context.Context, o *Order) error {
	_, err := tx.tx.Exec(ctx, `UPDATE sims SET retired = true WHERE account_id = $1 AND order_id = $2`, o.Account, o.ID)
	o.SIM, o.SIMOn = "", ""
	return mapError("retire SIM", err)
}
