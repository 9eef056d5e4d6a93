package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// NoticeKind is the way of a notice.
type NoticeKind string

// Ways of a notice.
const (
	NoticeEmail NoticeKind = "email"
	NoticeSMS   NoticeKind = "sms"
)

// Notice tells somebody outside of a voicemail message.
type Notice struct {
	ID   uuid.UUID
	Kind NoticeKind
	To   string // e-mail address, or E.164
	// Attach the audio; Delete the message once the notice has been sent.
	Attach, Delete bool
}

// DueNotice is a notice that is to be sent now, with the message that it is about.
type DueNotice struct {
	Notice
	Account dialplan.AccountID
	Message VoicemailMessage
	Box     string // number of its extension
	BoxName string
	Tries   int // before this one
}

// DueNotices takes up to limit notices that are due and puts them off by lease, so that no other controller
// takes them meanwhile.
func (db *DB) DueNotices(ctx context.Context, limit int, lease time.Duration) (due []DueNotice, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		rows, err := tx.tx.Query(ctx, `WITH taken AS (
				UPDATE notices SET due = now() + $2 * interval '1 millisecond'
				WHERE id IN (SELECT id FROM notices WHERE due <= now() ORDER BY due LIMIT $1 FOR UPDATE SKIP LOCKED)
				RETURNING id, account_id, kind, recipient, message_id, attach, delete, tries)
			SELECT n.id, n.account_id, n.kind, n.recipient, n.attach, n.delete, n.tries, e.number, e.name,
				m.id, m.box_id, m.at, m.caller_number, m.caller_name, m.duration_ms, m.heard
			FROM taken n JOIN voicemail_messages m ON m.account_id = n.account_id AND m.id = n.message_id
			JOIN extensions e ON e.account_id = m.account_id AND e.id = m.box_id ORDER BY m.at`, limit, millis(lease))
		due, err = collect(rows, err, "notices", func(rows pgx.Rows, n *DueNotice) error {
			var ms int64
			m := &n.Message
			err := rows.Scan(&n.ID, &n.Account, &n.Kind, &n.To, &n.Attach, &n.Delete, &n.Tries, &n.Box, &n.BoxName,
				&m.ID, &m.Box, &m.At, &m.Number, &m.Name, &ms, &m.Heard)
			m.Duration = time.Duration(ms) * time.Millisecond
			return err
		})
		return err
	})
	return due, err
}

// Charge is what an account pays beside its calls. Amount is a decimal number such as 0.0750.
type Charge struct {
	ID        int64
	At        time.Time
	Kind      string
	Amount    string
	Currency  string
	Detail    string
	Extension string // that is charged; empty: none of them
	Reference string // of what is charged for; the same one is charged once
}

// NoticeSent forgets a notice, books its cost and deletes the message if that was asked for and no other notice
// waits for it; gone tells that the message is deleted and its file can be removed.
func (db *DB) NoticeSent(ctx context.Context, n DueNotice, cost *Charge) (gone bool, err error) {
	err = db.Account(ctx, n.Account, func(tx *Tx) error {
		// Of two notices that end together one must see the other gone.
		if _, err := tx.tx.Exec(ctx, `SELECT FROM voicemail_messages WHERE account_id = $1 AND id = $2 FOR UPDATE`, n.Account, n.Message.ID); err != nil {
			return mapError("lock message", err)
		}
		if _, err := tx.tx.Exec(ctx, `DELETE FROM notices WHERE account_id = $1 AND id = $2`, n.Account, n.ID); err != nil {
			return mapError("forget notice", err)
		}
		if cost != nil {
			if err := tx.AddCharge(ctx, cost); err != nil {
				return err
			}
		}
		if !n.Delete {
			return nil
		}
		tag, err := tx.tx.Exec(ctx, `UPDATE notices SET delete = true WHERE account_id = $1 AND message_id = $2 AND due IS NOT NULL`,
			n.Account, n.Message.ID)
		if err != nil || tag.RowsAffected() > 0 {
			return mapError("leave deletion to another notice", err)
		}
		tag, err = tx.tx.Exec(ctx, `DELETE FROM voicemail_messages WHERE account_id = $1 AND id = $2`, n.Account, n.Message.ID)
		gone = err == nil && tag.RowsAffected() > 0
		return mapError("delete message", err)
	})
	return gone, err
}

// NoticeFailed notes why a notice was not sent and when to try again; zero: never.
func (db *DB) NoticeFailed(ctx context.Context, n DueNotice, again time.Time, reason string) error {
	if len(reason) > 500 {
		reason = reason[:500]
	}
	return db.Account(ctx, n.Account, func(tx *Tx) error {
		_, err := tx.tx.Exec(ctx, `UPDATE notices SET tries = tries + 1, due = $3, error = $4 WHERE account_id = $1 AND id = $2`,
			n.Account, n.ID, nullTime(again), reason)
		return mapError("put off notice", err)
	})
}

// AddCharge books a charge of the account; what was charged already is not charged again.
func (tx *Tx) AddCharge(ctx context.Context, c *Charge) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO charges (account_id, kind, amount, currency, detail, reference, extension)
		VALUES ($1, $2, $3::text::numeric, $4, $5, $6, $7) ON CONFLICT (account_id, kind, reference) DO NOTHING`,
		account, c.Kind, c.Amount, c.Currency, c.Detail, c.Reference, c.Extension)
	return mapError("book charge", err)
}

// ListCharges lists charges, the newest first. before is the id of the last one of the page before; 0: from the newest.
func (tx *Tx) ListCharges(ctx context.Context, before int64, limit int) ([]Charge, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	limit, _ = Page{Limit: limit}.bounds()
	rows, err := tx.tx.Query(ctx, `SELECT id, at, kind, amount::text, currency, detail, reference, extension FROM charges
		WHERE account_id = $1 AND ($2::bigint = 0 OR id < $2) ORDER BY id DESC LIMIT $3`, account, before, limit)
	return collect(rows, err, "charges", func(rows pgx.Rows, c *Charge) error {
		return rows.Scan(&c.ID, &c.At, &c.Kind, &c.Amount, &c.Currency, &c.Detail, &c.Reference, &c.Extension)
	})
}
