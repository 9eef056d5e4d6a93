package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Spoken is something that somebody said.
type Spoken struct {
	// Speaker is user, whose recording it is, or other; empty: not known.
	Speaker string  `json:"speaker,omitempty"`
	At      float64 `json:"at"` // seconds from the beginning
	Text    string  `json:"text"`
}

// AnalysisState is how far an analysis has come.
type AnalysisState string

// States of an analysis.
const (
	AnalysisWaiting AnalysisState = "waiting"
	AnalysisDone    AnalysisState = "done"
	AnalysisFailed  AnalysisState = "failed" // given up
)

// Analysis is what the assistant has made of a recording, or is to make.
type Analysis struct {
	Recording
	State      AnalysisState
	Queued     time.Time
	Done       time.Time // zero: not done
	Tries      int
	Error      string // of the last try
	Language   string
	Summary    string
	Transcript []Spoken // left out of lists
}

// DueAnalysis is a recording that is to be analysed now.
type DueAnalysis struct {
	Recording
	Ticket uuid.UUID
	Queued time.Time
	Tries  int // with this one
}

// DueAnalyses takes up to limit recordings whose analysis is due. They are the taker's for lease, which ExtendAnalysis prolongs;
// after it somebody else may take them.
func (db *DB) DueAnalyses(ctx context.Context, limit int, lease time.Duration) (due []DueAnalysis, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		rows, err := tx.tx.Query(ctx, `WITH taken AS (
				UPDATE analyses SET due = now() + $2 * interval '1 millisecond', ticket = gen_random_uuid(), tries = tries + 1
				WHERE (account_id, recording_id) IN (SELECT account_id, recording_id FROM analyses WHERE due <= now() ORDER BY due LIMIT $1 FOR UPDATE SKIP LOCKED)
				RETURNING account_id, recording_id, ticket, queued_at, tries)
			SELECT t.ticket, t.queued_at, t.tries, r.account_id, r.id, r.call_id, r.user_id, r.extension, r.requested_by, r.reason, r.outbound,
				r.number, r.name, r.started, r.duration_ms, r.size, r.channels, r.file
			FROM taken t JOIN recordings r ON r.account_id = t.account_id AND r.id = t.recording_id`, limit, millis(lease))
		due, err = collect(rows, err, "analyses", func(rows pgx.Rows, d *DueAnalysis) error {
			var ms int64
			r := &d.Recording
			err := rows.Scan(&d.Ticket, &d.Queued, &d.Tries, &r.Account, &r.ID, &r.Call, &r.UserID, &r.Extension, &r.RequestedBy, &r.Reason, &r.Outbound,
				&r.Number, &r.Name, &r.Started, &ms, &r.Size, &r.Channels, &r.File)
			r.Duration = time.Duration(ms) * time.Millisecond
			return err
		})
		return err
	})
	return due, err
}

// ExtendAnalysis keeps d for another lease; mine is false when it is not the taker's any more: it was taken by somebody else, or deleted.
func (db *DB) ExtendAnalysis(ctx context.Context, d DueAnalysis, lease time.Duration) (mine bool, err error) {
	return db.changeAnalysis(ctx, d, "keep analysis", `due = now() + $4 * interval '1 millisecond'`, millis(lease))
}

// AnalysisDone keeps the result of d. It does nothing when d is not the taker's any more.
func (db *DB) AnalysisDone(ctx context.Context, d DueAnalysis, language, summary string, transcript []Spoken) error {
	if transcript == nil {
		transcript = []Spoken{}
	}
	for i := range transcript {
		transcript[i].Text = clean(transcript[i].Text)
	}
	_, err := db.changeAnalysis(ctx, d, "keep result of analysis", `due = NULL, ticket = NULL, done_at = now(), error = '', language = $4, summary = $5, transcript = $6`,
		language, clean(summary), transcript)
	return err
}

// AnalysisFailed notes why a try of d failed and when to try again; zero: never.
func (db *DB) AnalysisFailed(ctx context.Context, d DueAnalysis, again time.Time, reason string) error {
	reason = clean(reason)
	if len(reason) > 500 {
		reason = clean(reason[:500])
	}
	_, err := db.changeAnalysis(ctx, d, "put off analysis", `due = $4::timestamptz, ticket = NULL, error = $5`, nullTime(again), reason)
	return err
}

func (db *DB) changeAnalysis(ctx context.Context, d DueAnalysis, what, set string, args ...any) (mine bool, err error) {
	err = db.Account(ctx, d.Account, func(tx *Tx) error {
		tag, err := tx.tx.Exec(ctx, `UPDATE analyses SET `+set+` WHERE account_id = $1 AND recording_id = $2 AND ticket = $3`,
			append([]any{d.Account, d.ID, d.Ticket}, args...)...)
		mine = tag.RowsAffected() > 0
		return mapError(what, err)
	})
	return mine, err
}

// queueAnalysis has a recording analysed that has just been stored.
func (tx *Tx) queueAnalysis(ctx context.Context, r *Recording) error {
	_, err := tx.tx.Exec(ctx, `INSERT INTO analyses (account_id, recording_id) VALUES ($1, $2)`, r.Account, r.ID)
	return mapError("queue analysis", err)
}

const selectAnalyses = `SELECT r.account_id, r.id, r.call_id, r.user_id, r.extension, r.requested_by, r.reason, r.outbound, r.number, r.name,
	r.started, r.duration_ms, r.size, r.channels, r.file, a.due IS NOT NULL, a.queued_at, a.done_at, a.tries, a.error, a.language, a.summary`

func scanAnalysis(rows pgx.Rows, a *Analysis, more ...any) error {
	var ms int64
	var waiting bool
	var done *time.Time
	r := &a.Recording
	err := rows.Scan(append([]any{&r.Account, &r.ID, &r.Call, &r.UserID, &r.Extension, &r.RequestedBy, &r.Reason, &r.Outbound, &r.Number, &r.Name,
		&r.Started, &ms, &r.Size, &r.Channels, &r.File, &waiting, &a.Queued, &done, &a.Tries, &a.Error, &a.Language, &a.Summary}, more...)...)
	r.Duration = time.Duration(ms) * time.Millisecond
	a.Done = timeOf(done)
	switch {
	case waiting:
		a.State = AnalysisWaiting
	case done != nil:
		a.State = AnalysisDone
	default:
		a.State = AnalysisFailed
	}
	return err
}

// ListAnalyses lists what the assistant has made or is to make, the newest first. Of f From, To, UserID, Extension, Call and Before count.
func (tx *Tx) ListAnalyses(ctx context.Context, f RecordingFilter, limit int) ([]Analysis, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	limit, _ = Page{Limit: limit}.bounds()
	f.Number, f.IDs, f.Direction, f.Reason = "", nil, "", ""
	w := f.where(account)
	most := w.arg(limit)
	rows, err := tx.tx.Query(ctx, selectAnalyses+` FROM (SELECT * FROM recordings`+w.sql+` AND reason IN ('assistant', 'memo')
			AND EXISTS (SELECT FROM analyses x WHERE x.account_id = recordings.account_id AND x.recording_id = recordings.id)
			ORDER BY started DESC, id DESC LIMIT `+most+`) r
		JOIN analyses a ON a.account_id = r.account_id AND a.recording_id = r.id ORDER BY r.started DESC, r.id DESC`, w.args...)
	return collect(rows, err, "analyses", func(rows pgx.Rows, a *Analysis) error { return scanAnalysis(rows, a) })
}

// ReadAnalysis finds what was made of a recording.
func (tx *Tx) ReadAnalysis(ctx context.Context, id uuid.UUID) (*Analysis, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectAnalyses+`, a.transcript FROM analyses a JOIN recordings r ON r.account_id = a.account_id AND r.id = a.recording_id
		WHERE a.account_id = $1 AND a.recording_id = $2`, account, id)
	return one(rows, err, "analysis", id.String(), func(rows pgx.Rows, a *Analysis) error { return scanAnalysis(rows, a, &a.Transcript) })
}

// AssistedUsers counts the users whom the assistant serves, if the account has it.
func (tx *Tx) AssistedUsers(ctx context.Context) (served, all int, err error) {
	account, err := tx.own()
	if err != nil {
		return 0, 0, err
	}
	err = tx.tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE assistant <> 'off'), count(*) FROM ext_user WHERE account_id = $1 AND product <> $2`,
		account, dialplan.ProductStarter).Scan(&served, &all)
	return served, all, mapError("count users with assistant", err)
}

// AssistAll turns the assistant on for every user for whom it is off.
func (tx *Tx) AssistAll(ctx context.Context) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `UPDATE ext_user SET assistant = '' WHERE account_id = $1 AND assistant = 'off'`, account)
	return mapError("turn assistant on", err)
}
