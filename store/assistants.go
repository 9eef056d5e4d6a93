package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// writeAssistants sets the assistant group of a user; 0: none.
func (tx *Tx) writeAssistants(ctx context.Context, account dialplan.AccountID, user, group int64) error {
	_, err := tx.tx.Exec(ctx, `UPDATE ext_user SET assistant_id = nullif($3::bigint, 0)
		WHERE account_id = $1 AND id = $2 AND assistant_id IS DISTINCT FROM nullif($3::bigint, 0)`, account, user, group)
	return mapError("write assistant group", err)
}

func (tx *Tx) readAssistants(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension) error {
	u, ok := e.Config.(*dialplan.User)
	if !ok {
		return nil
	}
	err := tx.tx.QueryRow(ctx, `SELECT assistant_id FROM ext_user WHERE account_id = $1 AND id = $2 AND assistant_id IS NOT NULL`,
		account, e.ID).Scan(&u.AssistantGroup)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return mapError("read assistant group", err)
}

const selectAssistants = `SELECT account_id, id, assistant_id FROM ext_user WHERE assistant_id IS NOT NULL`

func (l *loader) assistants(rows pgx.Rows) error {
	var account dialplan.AccountID
	var user, group int64
	if err := rows.Scan(&account, &user, &group); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if e := b.byID[user]; e != nil {
		if u, ok := e.Config.(*dialplan.User); ok {
			u.AssistantGroup = group
		}
	}
	return nil
}
