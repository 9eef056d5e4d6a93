package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

const selectAIs = `SELECT e.account_id, e.id, e.number, e.name, a.uri, a.language, a.answer_ms, a.studio,
	coalesce(f.number, ''), coalesce(a.fallback_external, ''), a.fallback_prefix
	FROM extensions e JOIN ext_ai a ON a.id = e.id AND a.account_id = e.account_id
	LEFT JOIN extensions f ON f.id = a.fallback_ext AND f.account_id = a.account_id`

func (l *loader) ai(rows pgx.Rows) error {
	var account dialplan.AccountID
	var answer int64
	e, a := new(dialplan.Extension), new(dialplan.AI)
	err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &a.URI, &a.Language, &answer, &a.Studio,
		&a.Fallback.Destination.Extension, &a.Fallback.Destination.External, &a.Fallback.Prefix)
	if err != nil {
		return err
	}
	a.Answer = time.Duration(answer) * time.Millisecond
	return l.extension(account, e, a)
}

func (tx *Tx) writeAI(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, a *dialplan.AI) error {
	refs, err := tx.destinations(ctx, account, []dialplan.Destination{a.Fallback.Destination})
	if err != nil {
		return err
	}
	ext, external, err := refs.columns("fallback", a.Fallback.Destination)
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO ext_ai (id, account_id, uri, language, answer_ms, studio, fallback_ext, fallback_external, fallback_prefix)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET uri = $3, language = $4, answer_ms = $5, studio = $6, fallback_ext = $7, fallback_external = $8, fallback_prefix = $9`,
		e.ID, account, a.URI, a.Language, millis(a.Answer), a.Studio, ext, external, a.Fallback.Prefix)
	return mapError("write AI extension", err)
}
