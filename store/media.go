package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// Media is an audio file of the account under a key, in one or several languages.
type Media struct {
	Key      string
	Name     string
	Revision int64
	Created  time.Time
	Files    []MediaFile
}

// MediaFile is one language of it. The file is in the media library.
type MediaFile struct {
	Language string
	SHA256   [32]byte
	Size     int64
	Duration time.Duration
}

// PutMedia adds or replaces what is known of a key and its files.
func (tx *Tx) PutMedia(ctx context.Context, m *Media) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO media (account_id, key, name) VALUES ($1, $2, $3)
		ON CONFLICT (account_id, key) DO UPDATE SET name = $3, revision = media.revision + 1 RETURNING revision, created_at`,
		account, m.Key, m.Name).Scan(&m.Revision, &m.Created)
	if err != nil {
		return mapError("write media", err)
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM media_files WHERE account_id = $1 AND key = $2`, account, m.Key); err != nil {
		return mapError("replace media files", err)
	}
	for _, f := range m.Files {
		_, err := tx.tx.Exec(ctx, `INSERT INTO media_files (account_id, key, language, sha256, size, duration_ms)
			VALUES ($1, $2, $3, $4, $5, $6)`, account, m.Key, f.Language, f.SHA256[:], f.Size, millis(f.Duration))
		if err != nil {
			return mapError("write media files", err)
		}
	}
	return nil
}

// ListMedia lists all keys with their files in the order of the keys.
func (tx *Tx) ListMedia(ctx context.Context) ([]Media, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT m.key, m.name, m.revision, m.created_at, f.language, f.sha256, f.size, f.duration_ms
		FROM media m LEFT JOIN media_files f ON f.account_id = m.account_id AND f.key = m.key
		WHERE m.account_id = $1 ORDER BY m.key, f.language`, account)
	type row struct {
		m              Media
		language       *string
		sha            []byte
		size, duration *int64
	}
	list, err := collect(rows, err, "media", func(rows pgx.Rows, r *row) error {
		return rows.Scan(&r.m.Key, &r.m.Name, &r.m.Revision, &r.m.Created, &r.language, &r.sha, &r.size, &r.duration)
	})
	if err != nil {
		return nil, err
	}
	var out []Media
	for _, r := range list {
		if len(out) == 0 || out[len(out)-1].Key != r.m.Key {
			out = append(out, r.m)
		}
		if r.language != nil {
			if len(r.sha) != 32 {
				return nil, errors.New("list media: hash of a wrong length")
			}
			m := &out[len(out)-1]
			m.Files = append(m.Files, MediaFile{*r.language, [32]byte(r.sha), *r.size, time.Duration(*r.duration) * time.Millisecond})
		}
	}
	return out, nil
}

// DeleteMedia removes a key that no menu plays.
func (tx *Tx) DeleteMedia(ctx context.Context, key string) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	tag, err := tx.tx.Exec(ctx, `DELETE FROM media WHERE account_id = $1 AND key = $2`, account, key)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "media", Key: key}
	}
	return mapError("delete media", err)
}
