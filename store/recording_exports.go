package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// ExportState is how far an export is.
type ExportState string

// States of an export.
const (
	ExportQueued  ExportState = "queued"
	ExportRunning ExportState = "running"
	ExportDone    ExportState = "done"
	ExportFailed  ExportState = "failed"
)

// RecordingExport is a ZIP file of recordings that is prepared in the background.
type RecordingExport struct {
	Account   dialplan.AccountID
	ID        uuid.UUID
	CreatedBy string
	// Selection are the recordings; with a UserID it is that user's export, too.
	Selection RecordingFilter
	State     ExportState
	Reason    string // why it failed
	Attempts  int    // of controllers that began it
	// Recordings and Bytes are how many there were when it was asked for; DoneBytes how far it is.
	Recordings       int
	Bytes, DoneBytes int64
	// Finished and Expires are zero until it is done or has failed.
	Created, Finished, Expires time.Time
}

const selectExports = `SELECT account_id, id, created_by, selection, state, reason, attempts, recordings, bytes, done_bytes, created_at, finished_at, expires_at
	FROM recording_exports`

func scanExport(rows pgx.Rows, e *RecordingExport) error {
	var selection []byte
	var finished, expires *time.Time
	err := rows.Scan(&e.Account, &e.ID, &e.CreatedBy, &selection, &e.State, &e.Reason, &e.Attempts, &e.Recordings, &e.Bytes, &e.DoneBytes,
		&e.Created, &finished, &expires)
	if err != nil {
		return err
	}
	e.Finished, e.Expires = timeOf(finished), timeOf(expires)
	return json.Unmarshal(selection, &e.Selection)
}

// CreateExport queues an export and fills in ID, State and Created.
func (tx *Tx) CreateExport(ctx context.Context, e *RecordingExport) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	selection, err := json.Marshal(e.Selection)
	if err != nil {
		return fmt.Errorf("create export: %w", err)
	}
	e.Account, e.ID, e.State = account, uuid.New(), ExportQueued
	err = tx.tx.QueryRow(ctx, `INSERT INTO recording_exports (account_id, id, user_id, created_by, selection, recordings, bytes)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING created_at`,
		account, e.ID, e.Selection.UserID, e.CreatedBy, selection, e.Recordings, e.Bytes).Scan(&e.Created)
	return mapError("create export", err)
}

// ListExports lists exports, the newest first, and how many there are in all; user 0: of everybody.
func (tx *Tx) ListExports(ctx context.Context, user int64, page Page) ([]RecordingExport, int, error) {
	account, err := tx.own()
	if err != nil {
		return nil, 0, err
	}
	limit, offset := page.bounds()
	const where = ` WHERE account_id = $1 AND ($2::bigint = 0 OR user_id = $2)`
	rows, err := tx.tx.Query(ctx, selectExports+where+` ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4`, account, user, limit, offset)
	list, err := collect(rows, err, "exports", scanExport)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.total(ctx, page, len(list), "exports", `SELECT count(*) FROM recording_exports`+where, account, user)
	return list, total, err
}

// ReadExport finds an export.
func (tx *Tx) ReadExport(ctx context.Context, id uuid.UUID) (*RecordingExport, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectExports+` WHERE account_id = $1 AND id = $2`, account, id)
	return one(rows, err, "export", id.String(), scanExport)
}

// DeleteExport forgets an export; who works at it notices. The file is the caller's to remove.
func (tx *Tx) DeleteExport(ctx context.Context, id uuid.UUID) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	tag, err := tx.tx.Exec(ctx, `DELETE FROM recording_exports WHERE account_id = $1 AND id = $2`, account, id)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "export", Key: id.String()}
	}
	return mapError("delete export", err)
}

// ClaimExport gives the oldest export that nobody works at to a worker; one whose worker was silent for so long is taken from it. NotFound: there is
// none.
func (db *DB) ClaimExport(ctx context.Context, worker uuid.UUID, silent time.Duration) (e *RecordingExport, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		rows, err := tx.tx.Query(ctx, `UPDATE recording_exports SET state = 'running', worker = $1, seen_at = now(), attempts = attempts + 1, done_bytes = 0
			WHERE (account_id, id) = (SELECT account_id, id FROM recording_exports WHERE state IN ('queued', 'running')
				AND (state = 'queued' OR seen_at < now() - $2 * interval '1 millisecond') ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
			RETURNING account_id, id, created_by, selection, state, reason, attempts, recordings, bytes, done_bytes, created_at, finished_at, expires_at`,
			worker, millis(silent))
		e, err = one(rows, err, "export", "that is queued", scanExport)
		return err
	})
	return e, err
}

// ofWorker changes an export at which a worker works; false: it does no more.
func (db *DB) ofWorker(ctx context.Context, e *RecordingExport, worker uuid.UUID, set string, args ...any) (still bool, err error) {
	err = db.Account(ctx, e.Account, func(tx *Tx) error {
		tag, err := tx.tx.Exec(ctx, `UPDATE recording_exports SET `+set+` WHERE account_id = $1 AND id = $2 AND worker = $3 AND state = 'running'`,
			append([]any{e.Account, e.ID, worker}, args...)...)
		still = err == nil && tag.RowsAffected() == 1
		return mapError("update export", err)
	})
	return still, err
}

// KeepExport says that a worker still works at an export and how far it is; false: it is somebody else's by now, or nobody wants it
// any more.
func (db *DB) KeepExport(ctx context.Context, e *RecordingExport, worker uuid.UUID, done int64) (still bool, err error) {
	return db.ofWorker(ctx, e, worker, `seen_at = now(), done_bytes = $4`, done)
}

// ReleaseExport gives an export back: the next worker begins it anew.
func (db *DB) ReleaseExport(ctx context.Context, e *RecordingExport, worker uuid.UUID) error {
	_, err := db.ofWorker(ctx, e, worker, `state = 'queued', worker = NULL, seen_at = NULL`)
	return err
}

// FinishExport ends an export: done, or failed with a reason, and forgotten after so long. False: it was somebody else's.
func (db *DB) FinishExport(ctx context.Context, e *RecordingExport, worker uuid.UUID, size int64, reason string, life time.Duration) (bool, error) {
	state := ExportDone
	if reason != "" {
		state = ExportFailed
	}
	return db.ofWorker(ctx, e, worker, `state = $4, reason = $5, done_bytes = $6, finished_at = now(), expires_at = now() + $7 * interval '1 millisecond'`,
		state, reason, size, millis(life))
}

// ExpiredExports are exports whose time is over by now, at most limit.
func (db *DB) ExpiredExports(ctx context.Context, now time.Time, limit int) (out []RecordingExport, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		rows, err := tx.tx.Query(ctx, selectExports+` WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`, now, limit)
		out, err = collect(rows, err, "expired exports", scanExport)
		return err
	})
	return out, err
}

// HasExport tells whether there is an export of any account.
func (db *DB) HasExport(ctx context.Context, account dialplan.AccountID, id uuid.UUID) (there bool, err error) {
	err = db.Account(ctx, account, func(tx *Tx) error {
		_, err := tx.ReadExport(ctx, id)
		var none *NotFound
		if there = err == nil; errors.As(err, &none) {
			return nil
		}
		return err
	})
	return there, err
}
