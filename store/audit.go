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

// ListAudit lists entries, the newest first: the account's within its scope, the
// platform's own otherwise. before is the id of the last entry of the page before; 0: from the newest.
func (tx *Tx) ListAudit(ctx context.Context, before int64, limit int) ([]AuditEntry, error) {
	limit, _ = Page{Limit: limit}.bounds()
	where := ` WHERE account_id IS NULL AND ($1::bigint = 0 OR id < $1)`
	args := []any{before, limit}
	if tx.account != 0 {
		where = ` WHERE account_id = $3 AND ($1::bigint = 0 OR id < $1)`
		args = append(args, tx.account)
	}
	rows, err := tx.tx.Query(ctx, `SELECT id, coalesce(account_id, 0), at, actor, action, entity, entity_id, before, after
		FROM audit_log`+where+` ORDER BY id DESC LIMIT $2`, args...)
	return collect(rows, err, "audit log", func(rows pgx.Rows, e *AuditEntry) error {
		return rows.Scan(&e.ID, &e.Account, &e.At, &e.Actor, &e.Action, &e.Entity, &e.EntityID, &e.Before, &e.After)
	})
}
