package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// RecordingSettings are what an account has recorded (FAC-REC-01). An account for which nothing was set has
// nothing but the assistant, with revision 1.
type RecordingSettings struct {
	dialplan.Recording
	// RetentionDays after which recordings are deleted; 0: never.
	RetentionDays int
	Revision      int64
}

// Recording is a recorded conversation, or a part of one.
type Recording struct {
	ID      uuid.UUID             `json:"id"`
	Account dialplan.AccountID    `json:"account"`
	Call    uuid.UUID             `json:"call"`
	Reason  dialplan.RecordReason `json:"reason"`
	// User whose side was recorded, by id and number.
	UserID    int64  `json:"user_id"`
	Extension string `json:"extension"`
	// RequestedBy is who asked for it, an extension; empty: nobody had to.
	RequestedBy string `json:"requested_by,omitempty"`
	// Outbound: the user called.
	Outbound bool `json:"outbound,omitempty"`
	// Number and Name of the other party.
	Number   string        `json:"number,omitempty"`
	Name     string        `json:"name,omitempty"`
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"duration,omitempty"`
	Size     int64         `json:"size,omitempty"` // bytes
	Channels int           `json:"channels,omitempty"`
	// File below the folder of recordings.
	File string `json:"file,omitempty"`
}

// RecordingFilter selects recordings of an account; zero fields select all.
type RecordingFilter struct {
	From      time.Time             `json:"from,omitzero"` // of Started
	To        time.Time             `json:"to,omitzero"`   // exclusive
	UserID    int64                 `json:"user_id,omitempty"`
	Extension string                `json:"extension,omitempty"`
	Number    string                `json:"number,omitempty"` // a part of the other party's
	Call      uuid.UUID             `json:"call,omitzero"`
	Direction CallDirection         `json:"direction,omitempty"` // CallInbound or CallOutbound, as the user sees it
	Reason    dialplan.RecordReason `json:"reason,omitempty"`
	IDs       []uuid.UUID           `json:"ids,omitempty"`
	// Before continues a list: Started and ID of its last recording.
	Before CallCursor `json:"-"`
}

// ReadRecordingSettings finds what the account has recorded.
func (tx *Tx) ReadRecordingSettings(ctx context.Context) (*RecordingSettings, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	r := &RecordingSettings{Recording: dialplan.Recording{Assistant: true}, Revision: 1}
	err = tx.tx.QueryRow(ctx, `SELECT enabled, outbound, indirect, mixed, assistant, retention_days, revision
		FROM recording_accounts WHERE account_id = $1`, account).
		Scan(&r.Enabled, &r.Outbound, &r.Indirect, &r.Mixed, &r.Assistant, &r.RetentionDays, &r.Revision)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, mapError("read recording settings", err)
	}
	return r, nil
}

// SetRecordingSettings replaces what the account has recorded. A Revision other than 0 must be the current
// one, else Stale; it is raised.
func (tx *Tx) SetRecordingSettings(ctx context.Context, r *RecordingSettings) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	if err := tx.lockRevision(ctx, "recording settings", accountKey(account), r.Revision, account,
		`SELECT revision FROM recording_accounts WHERE account_id = $1`, account); err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO recording_accounts AS o (account_id, enabled, outbound, indirect, mixed, assistant, retention_days, revision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 2)
		ON CONFLICT (account_id) DO UPDATE SET enabled = $2, outbound = $3, indirect = $4, mixed = $5, assistant = $6, retention_days = $7,
			revision = o.revision + 1 RETURNING revision`,
		account, r.Enabled, r.Outbound, r.Indirect, r.Mixed, r.Assistant, r.RetentionDays).Scan(&r.Revision)
	return mapError("write recording settings", err)
}

// recordingParts are what a snapshot has of recording.
func (l *loader) recordingParts() []part {
	return []part{
		{"recording settings", `SELECT account_id, enabled, outbound, indirect, mixed, assistant FROM recording_accounts WHERE account_id = ANY($1)`,
			func(rows pgx.Rows) error {
				var account dialplan.AccountID
				var r dialplan.Recording
				if err := rows.Scan(&account, &r.Enabled, &r.Outbound, &r.Indirect, &r.Mixed, &r.Assistant); err != nil {
					return err
				}
				b, err := l.of(account)
				if err == nil {
					b.Recording = r
				}
				return err
			}},
	}
}

// KeepRecording stores a recording whose file is complete and, if the assistant gets it, has it analysed; one that is stored already is left as it is.
func (db *DB) KeepRecording(ctx context.Context, r Recording) error {
	return db.Platform(ctx, func(tx *Tx) error {
		tag, err := tx.tx.Exec(ctx, `INSERT INTO recordings (account_id, id, call_id, user_id, extension, requested_by, reason, outbound,
				number, name, started, duration_ms, size, channels, file)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING`,
			r.Account, r.ID, r.Call, r.UserID, r.Extension, r.RequestedBy, r.Reason, r.Outbound,
			clean(r.Number), clean(r.Name), r.Started, millis(r.Duration), r.Size, r.Channels, r.File)
		if err == nil && tag.RowsAffected() > 0 && r.Reason.Analysed() {
			return tx.queueAnalysis(ctx, &r)
		}
		return mapError("keep recording", err)
	})
}

const selectRecordings = `SELECT account_id, id, call_id, user_id, extension, requested_by, reason, outbound, number, name, started,
	duration_ms, size, channels, file FROM recordings`

// columns are where selectRecordings goes; ms has the duration.
func (r *Recording) columns(ms *int64) []any {
	return []any{&r.Account, &r.ID, &r.Call, &r.UserID, &r.Extension, &r.RequestedBy, &r.Reason, &r.Outbound, &r.Number, &r.Name,
		&r.Started, ms, &r.Size, &r.Channels, &r.File}
}

func scanRecording(rows pgx.Rows, r *Recording) error {
	var ms int64
	err := rows.Scan(r.columns(&ms)...)
	r.Duration = time.Duration(ms) * time.Millisecond
	return err
}

func (f *RecordingFilter) where(account dialplan.AccountID) conditions {
	to, last := f.To, uuid.Nil
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if b := f.Before; !b.Started.IsZero() && b.Started.Before(to) {
		to, last = b.Started, b.ID
	}
	w := conditions{` WHERE account_id = $1 AND started >= $2 AND (started, id) < ($3, $4)`, []any{account, f.From, to, last}}
	and := func(before string, arg any, after string) { w.sql += ` AND ` + before + w.arg(arg) + after }
	if f.UserID != 0 {
		and(`user_id = `, f.UserID, ``)
	}
	if f.Extension != "" {
		and(`extension = `, f.Extension, ``)
	}
	if f.Call != uuid.Nil {
		and(`call_id = `, f.Call, ``)
	}
	if f.Direction != "" {
		and(`outbound = `, f.Direction == CallOutbound, ``)
	}
	if f.Reason != "" {
		and(`reason = `, f.Reason, ``)
	}
	if f.Number != "" {
		and(`strpos(number, `, f.Number, `) > 0`)
	}
	if f.IDs != nil {
		and(`id = ANY(`, f.IDs, `)`)
	}
	return w
}

// ListRecordings lists recordings, the newest first.
func (tx *Tx) ListRecordings(ctx context.Context, f RecordingFilter, limit int) ([]Recording, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	limit, _ = Page{Limit: limit}.bounds()
	w := f.where(account)
	w.sql += ` ORDER BY started DESC, id DESC LIMIT ` + w.arg(limit)
	rows, err := tx.tx.Query(ctx, selectRecordings+w.sql, w.args...)
	return collect(rows, err, "recordings", scanRecording)
}

// CountRecordings tells how many recordings there are, counting no further than most, and how many bytes these have.
func (tx *Tx) CountRecordings(ctx context.Context, f RecordingFilter, most int) (n int, size int64, err error) {
	account, err := tx.own()
	if err != nil {
		return 0, 0, err
	}
	w := f.where(account)
	w.sql += ` LIMIT ` + w.arg(most)
	err = tx.tx.QueryRow(ctx, `SELECT count(*), coalesce(sum(size), 0)::bigint FROM (SELECT size FROM recordings`+w.sql+`) x`, w.args...).Scan(&n, &size)
	return n, size, mapError("count recordings", err)
}

// ReadRecording finds a recording.
func (tx *Tx) ReadRecording(ctx context.Context, id uuid.UUID) (*Recording, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectRecordings+` WHERE account_id = $1 AND id = $2`, account, id)
	return one(rows, err, "recording", id.String(), scanRecording)
}

// DeleteRecording forgets a recording; the file is the caller's to remove.
func (tx *Tx) DeleteRecording(ctx context.Context, id uuid.UUID) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	tag, err := tx.tx.Exec(ctx, `DELETE FROM recordings WHERE account_id = $1 AND id = $2`, account, id)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "recording", Key: id.String()}
	}
	return mapError("delete recording", err)
}

// ExpiredRecordings are the oldest recordings, at most limit, that their account wants deleted by now.
func (db *DB) ExpiredRecordings(ctx context.Context, now time.Time, limit int) (out []Recording, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		rows, err := tx.tx.Query(ctx, `SELECT r.account_id, r.id, r.call_id, r.user_id, r.extension, r.requested_by, r.reason, r.outbound, r.number,
				r.name, r.started, r.duration_ms, r.size, r.channels, r.file
			FROM recording_accounts a CROSS JOIN LATERAL (SELECT * FROM recordings r WHERE r.account_id = a.account_id
				AND r.started < $1::timestamptz - make_interval(days => a.retention_days) ORDER BY r.started LIMIT $2) r
			WHERE a.retention_days > 0 LIMIT $2`, now, limit)
		out, err = collect(rows, err, "expired recordings", scanRecording)
		return err
	})
	return out, err
}

// ForgetRecordings deletes recordings of any account whose files are gone, and notes each in the audit log as done by actor. It returns how many
// there still were.
func (db *DB) ForgetRecordings(ctx context.Context, list []Recording, actor string) (n int, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		byID := make(map[uuid.UUID]*Recording, len(list))
		var accounts []int64
		var ids []uuid.UUID
		for i := range list {
			r := &list[i]
			accounts, ids = append(accounts, int64(r.Account)), append(ids, r.ID)
			byID[r.ID] = r
		}
		rows, err := tx.tx.Query(ctx, `DELETE FROM recordings r USING unnest($1::bigint[], $2::uuid[]) x (account_id, id)
			WHERE r.account_id = x.account_id AND r.id = x.id RETURNING r.id`, accounts, ids)
		gone, err := collect(rows, err, "deleted recordings", func(rows pgx.Rows, id *uuid.UUID) error { return rows.Scan(id) })
		if err != nil {
			return err
		}
		n = len(gone)
		for _, id := range gone {
			r := byID[id]
			e := &AuditEntry{Account: r.Account, Actor: actor, Action: "delete", Entity: "recording", EntityID: id.String()}
			if err := tx.For(r.Account).Audit(ctx, e, r, nil); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// SweptRecording is a recording, and whether its account was deleted.
type SweptRecording struct {
	Recording
	Deleted bool
}

// SweepRecordings lists recordings of all accounts, limit at a time, in an order of its own: those after a place, zero is the beginning.
func (db *DB) SweepRecordings(ctx context.Context, account dialplan.AccountID, after uuid.UUID, limit int) (out []SweptRecording, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		rows, err := tx.tx.Query(ctx, `SELECT r.*, NOT EXISTS (SELECT FROM accounts a WHERE a.id = r.account_id) FROM (`+selectRecordings+
			` WHERE (account_id, id) > ($1, $2) ORDER BY account_id, id LIMIT $3) r`, account, after, limit)
		out, err = collect(rows, err, "recordings", func(rows pgx.Rows, r *SweptRecording) error {
			var ms int64
			err := rows.Scan(append(r.columns(&ms), &r.Deleted)...)
			r.Duration = time.Duration(ms) * time.Millisecond
			return err
		})
		return err
	})
	return out, err
}

// KnownRecordings are those of some ids that are recordings of an account.
func (db *DB) KnownRecordings(ctx context.Context, account dialplan.AccountID, ids []uuid.UUID) (known []uuid.UUID, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		rows, err := tx.tx.Query(ctx, `SELECT id FROM recordings WHERE account_id = $1 AND id = ANY($2)`, account, ids)
		known, err = collect(rows, err, "recordings", func(rows pgx.Rows, id *uuid.UUID) error { return rows.Scan(id) })
		return err
	})
	return known, err
}
