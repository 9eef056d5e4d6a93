package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// AuditEntry says who changed what (ACC-11).
type AuditEntry struct {
	ID       int64
	Account  dialplan.AccountID // 0: the platform
	At       time.Time
	Actor    string // "token 12 (admin)", "schedule" …
	Action   string // create, update, delete …
	Entity   string
	EntityID string
	// Before and After as JSON; nil when there was nothing.
	Before, After json.RawMessage
}

// Audit writes an entry in the same transaction as the change and fills in ID and At.
// before and after are marshalled as JSON; nil is nothing. Entries are never changed.
func (tx *Tx) Audit(ctx context.Context, e *AuditEntry, before, after any) error {
	var err error
	if e.Before, err = auditJSON(before); err != nil {
		return fmt.Errorf("audit %s %s: %w", e.Entity, e.EntityID, err)
	}
	if e.After, err = auditJSON(after); err != nil {
		return fmt.Errorf("audit %s %s: %w", e.Entity, e.EntityID, err)
	}
	if tx.account != 0 {
		e.Account = tx.account
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO audit_log (account_id, actor, action, entity, entity_id, before, after)
		VALUES (nullif($1::bigint, 0), $2, $3, $4, $5, $6, $7) RETURNING id, at`,
		e.Account, e.Actor, e.Action, e.Entity, e.EntityID, e.Before, e.After).Scan(&e.ID, &e.At)
	return mapError("write audit log", err)
}

func auditJSON(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return json.Marshal(v)
}

// AuditFilter selects entries; zero fields select all.
type AuditFilter struct {
	Before   int64     // id of the last entry of the page before
	From, To time.Time // To is exclusive
	Entity   string
	Actor    string // is part of who
	ID       string // of the entity
}

// ListAudit lists entries, the newest first: the account's within its scope, the platform's own otherwise.
func (tx *Tx) ListAudit(ctx context.Context, f AuditFilter, limit int) ([]AuditEntry, error) {
	limit, _ = Page{Limit: limit}.bounds()
	if f.To.IsZero() {
		f.To = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	where := ` AND ($1::bigint = 0 OR id < $1) AND at >= $3 AND at < $4 AND ($5 = '' OR entity = $5)
		AND ($6 = '' OR position(lower($6) IN lower(actor)) > 0) AND ($7 = '' OR entity_id = $7)`
	args := []any{f.Before, limit, f.From, f.To, f.Entity, f.Actor, f.ID}
	if tx.account != 0 {
		where = ` WHERE account_id = $8` + where
		args = append(args, tx.account)
	} else {
		where = ` WHERE account_id IS NULL` + where
	}
	rows, err := tx.tx.Query(ctx, `SELECT id, coalesce(account_id, 0), at, actor, action, entity, entity_id, before, after
		FROM audit_log`+where+` ORDER BY id DESC LIMIT $2`, args...)
	return collect(rows, err, "audit log", func(rows pgx.Rows, e *AuditEntry) error {
		return rows.Scan(&e.ID, &e.Account, &e.At, &e.Actor, &e.Action, &e.Entity, &e.EntityID, &e.Before, &e.After)
	})
}
