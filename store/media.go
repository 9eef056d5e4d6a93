package store

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Media is an audio file of the account under a key, in one or several languages.
type Media struct {
	Key      string
	Name     string
	Revision int64
	Created  time.Time
	Files    []MediaFile
}

// MediaFile is one language of it, or with no Language all of them.
type MediaFile struct {
	Language string
	File     string // its key in the media library; empty: that of the recording
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
		_, err := tx.tx.Exec(ctx, `INSERT INTO media_files (account_id, key, language, file, sha256, size, duration_ms)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, account, m.Key, f.Language, f.File, f.SHA256[:], f.Size, millis(f.Duration))
		if err != nil {
			return mapError("write media files", err)
		}
	}
	return nil
}

// CreateMedia adds a recording; without a key it gets the lowest number that is free. A key that is taken is a *Conflict.
func (tx *Tx) CreateMedia(ctx context.Context, m *Media) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	// Two that look for a number at the same time get one each.
	if _, err := tx.tx.Exec(ctx, `SELECT 1 FROM accounts WHERE id = $1 FOR NO KEY UPDATE`, account); err != nil {
		return mapError("lock account", err)
	}
	var taken []string
	rows, err := tx.tx.Query(ctx, `SELECT key FROM media WHERE account_id = $1`, account)
	if err == nil {
		taken, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return mapError("list media", err)
	}
	if m.Key == "" {
		n := 1
		for slices.Contains(taken, strconv.Itoa(n)) {
			n++
		}
		m.Key = strconv.Itoa(n)
	}
	if slices.Contains(taken, m.Key) {
		return &Conflict{Constraint: "media_pkey", Field: "key"}
	}
	return tx.PutMedia(ctx, m)
}

// RenameMedia changes the name only. A Revision other than 0 must be the current one, else Stale; it is raised.
func (tx *Tx) RenameMedia(ctx context.Context, m *Media) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `UPDATE media SET name = $3, revision = revision + 1 WHERE account_id = $1 AND key = $2
		AND ($4::bigint = 0 OR revision = $4) RETURNING revision`, account, m.Key, m.Name, m.Revision).Scan(&m.Revision)
	if err != nil {
		return tx.missed(ctx, err, "update", "audio", m.Key, `SELECT revision FROM media WHERE account_id = $1 AND key = $2`, account, m.Key)
	}
	return nil
}

const selectMedia = `SELECT m.key, m.name, m.revision, m.created_at, f.language, f.file, f.sha256, f.size, f.duration_ms
	FROM media m LEFT JOIN media_files f ON f.account_id = m.account_id AND f.key = m.key`

// ListMedia lists all recordings with their files in the order of the keys.
func (tx *Tx) ListMedia(ctx context.Context) ([]Media, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	return tx.media(ctx, ` WHERE m.account_id = $1 ORDER BY m.key, f.language`, account)
}

// ReadMedia finds a recording.
func (tx *Tx) ReadMedia(ctx context.Context, key string) (*Media, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	list, err := tx.media(ctx, ` WHERE m.account_id = $1 AND m.key = $2 ORDER BY f.language`, account, key)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, &NotFound{Entity: "audio", Key: key}
	}
	return &list[0], nil
}

func (tx *Tx) media(ctx context.Context, where string, args ...any) ([]Media, error) {
	rows, err := tx.tx.Query(ctx, selectMedia+where, args...)
	type row struct {
		m              Media
		language, file *string
		sha            []byte
		size, duration *int64
	}
	list, err := collect(rows, err, "media", func(rows pgx.Rows, r *row) error {
		return rows.Scan(&r.m.Key, &r.m.Name, &r.m.Revision, &r.m.Created, &r.language, &r.file, &r.sha, &r.size, &r.duration)
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
			m.Files = append(m.Files, MediaFile{*r.language, *r.file, [32]byte(r.sha), *r.size, time.Duration(*r.duration) * time.Millisecond})
		}
	}
	return out, nil
}

// DeleteMedia removes a recording that nothing plays, else InUse. A revision other than 0 must be the current one.
func (tx *Tx) DeleteMedia(ctx context.Context, key string, revision int64) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	var current int64
	err = tx.tx.QueryRow(ctx, `SELECT revision FROM media WHERE account_id = $1 AND key = $2 FOR UPDATE`, account, key).Scan(&current)
	if err != nil {
		return notFound(err, "audio", key)
	}
	if revision != 0 && revision != current {
		return &Stale{Entity: "audio", Key: key, Current: current}
	}
	by, err := tx.usesOfMedia(ctx, account, key)
	if err != nil {
		return err
	}
	if len(by) > 0 {
		return &InUse{By: by}
	}
	_, err = tx.tx.Exec(ctx, `DELETE FROM media WHERE account_id = $1 AND key = $2`, account, key)
	return mapError("delete media", err)
}

// MediaUses names the first things that play a recording.
func (tx *Tx) MediaUses(ctx context.Context, key string) ([]string, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	return tx.usesOfMedia(ctx, account, key)
}

func (tx *Tx) usesOfMedia(ctx context.Context, account dialplan.AccountID, key string) ([]string, error) {
	rows, err := tx.tx.Query(ctx, `
		SELECT 'ivr ' || e.number FROM ext_ivr i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.announcement = $2
		UNION SELECT 'auto-answer ' || e.number FROM ext_auto_answer i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.announcement = $2
		UNION SELECT 'location ' || e.number FROM ext_location i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.announcement = $2
		UNION SELECT 'authentication ' || e.number FROM ext_authentication i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.welcome = $2
		UNION SELECT 'authentication ' || e.number FROM ext_authentication i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.failed = $2
		UNION SELECT 'picker ' || e.number FROM ext_picker i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.announcement = $2
		UNION SELECT 'queue ' || e.number FROM ext_queue i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.introduction = $2
		UNION SELECT 'queue ' || e.number FROM queue_infotainment i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.queue_id
			WHERE i.account_id = $1 AND i.media = $2
		UNION SELECT 'voicemail ' || e.number FROM ext_voicemail i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.welcome = $2
		UNION SELECT 'music on hold' || coalesce(' of ' || e.number, '') FROM hold_music i
			LEFT JOIN extensions e ON e.account_id = i.account_id AND e.id = i.extension_id
			WHERE i.account_id = $1 AND i.key = $2
		ORDER BY 1 LIMIT 20`, account, key)
	if err != nil {
		return nil, mapError("find uses of a recording", err)
	}
	by, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return by, mapError("find uses of a recording", err)
}
