package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

const selectSystems = `SELECT e.account_id, e.id, e.number, e.name, s.function, s.language
	FROM extensions e JOIN ext_system s ON s.id = e.id AND s.account_id = e.account_id`

func (l *loader) system(rows pgx.Rows) error {
	var account dialplan.AccountID
	e, s := new(dialplan.Extension), new(dialplan.System)
	if err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &s.Function, &s.Language); err != nil {
		return err
	}
	return l.extension(account, e, s)
}

func (tx *Tx) writeSystem(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, s *dialplan.System) error {
	_, err := tx.tx.Exec(ctx, `INSERT INTO ext_system (id, account_id, function, language) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET function = $3, language = $4`, e.ID, account, s.Function, s.Language)
	return mapError("write system extension", err)
}
