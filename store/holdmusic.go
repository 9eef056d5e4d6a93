package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

const selectAudio = `SELECT m.account_id, m.key, m.name, coalesce(f.file, ''), coalesce(f.duration_ms, 0)
	FROM media m LEFT JOIN media_files f ON f.account_id = m.account_id AND f.key = m.key AND f.language = ''`

func (l *loader) audio(rows pgx.Rows) error {
	var account dialplan.AccountID
	var key string
	var r dialplan.Audio
	var duration int64
	if err := rows.Scan(&account, &key, &r.Name, &r.File, &duration); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	r.Duration = time.Duration(duration) * time.Millisecond
	if b.Audio == nil {
		b.Audio = make(map[string]dialplan.Audio)
	}
	b.Audio[key] = r
	return nil
}

const selectHoldMusic = `SELECT account_id, extension_id, key FROM hold_music`

func (l *loader) holdMusic(rows pgx.Rows) error {
	var account dialplan.AccountID
	var extension *int64
	var key string
	if err := rows.Scan(&account, &extension, &key); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if b.HoldMusic == nil {
		b.HoldMusic = make(map[string][]string)
	}
	number := b.number(extension)
	b.HoldMusic[number] = append(b.HoldMusic[number], key)
	return nil
}

// owner of a playlist: the id of an extension, nil for "", the account.
func (tx *Tx) playlistOwner(ctx context.Context, account dialplan.AccountID, extension string) (*int64, error) {
	if extension == "" {
		return nil, nil
	}
	refs, err := tx.resolve(ctx, account, []string{extension})
	if err != nil {
		return nil, err
	}
	r, ok := refs[extension]
	if !ok {
		return nil, &NotFound{Entity: "extension", Key: extension}
	}
	return &r.id, nil
}

// HoldMusic is the playlist of an extension, or with "" of the account: keys of recordings in their order.
func (tx *Tx) HoldMusic(ctx context.Context, extension string) ([]string, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	owner, err := tx.playlistOwner(ctx, account, extension)
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT key FROM hold_music WHERE account_id = $1 AND extension_id IS NOT DISTINCT FROM $2 ORDER BY position`, account, owner)
	if err != nil {
		return nil, mapError("read music on hold", err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return keys, mapError("read music on hold", err)
}

// SetHoldMusic replaces the playlist of an extension, or with "" of the account.
func (tx *Tx) SetHoldMusic(ctx context.Context, extension string, keys []string) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	owner, err := tx.playlistOwner(ctx, account, extension)
	if err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM hold_music WHERE account_id = $1 AND extension_id IS NOT DISTINCT FROM $2`, account, owner); err != nil {
		return mapError("replace music on hold", err)
	}
	for i, key := range keys {
		_, err := tx.tx.Exec(ctx, `INSERT INTO hold_music (account_id, extension_id, position, key) VALUES ($1, $2, $3, $4)`, account, owner, i, key)
		if err != nil {
			return mapError("write music on hold", err)
		}
	}
	return nil
}
