package store

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// CallFilter selects call records of an account; zero fields select all.
type CallFilter struct {
	From, To  time.Time // of Started; To is exclusive
	Direction CallDirection
	Text      string // is part of the caller's number or name, or of what was dialled
	Answered  *bool
	// Before continues a list: Started and ID of its last record.
	Before CallCursor
}

// CallCursor is a place in a list of calls.
type CallCursor struct {
	Started time.Time
	ID      uuid.UUID
}

// InsertCalls stores records with their legs and traces, all or none, for Platform scope.
// A record that is stored already is left as it is. It returns how many were new.
func (tx *Tx) InsertCalls(ctx context.Context, recs []CallRecord) (int, error) {
	if len(recs) == 0 {
		return 0, nil
	}
	var c callColumns
	byKey := make(map[callKey]*CallRecord, len(recs))
	for i := range recs {
		r := &recs[i]
		k := callKey{r.AccountID, r.ID}
		if byKey[k] == nil {
			byKey[k] = r
			c.add(r)
		}
	}
	rows, err := tx.tx.Query(ctx, `INSERT INTO calls (id, account_id, direction, caller_number, caller_name, dialed, started, answered, ended, cause)
		SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
			$8::timestamptz[], $9::timestamptz[], $10::text[])
		ON CONFLICT (account_id, id) DO NOTHING RETURNING account_id, id`,
		c.id, c.account, c.direction, c.callerNumber, c.callerName, c.dialed, c.started, c.answered, c.ended, c.cause)
	if err != nil {
		return 0, mapError("write calls", err)
	}
	fresh, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k callKey, err error) {
		return k, row.Scan(&k.account, &k.id)
	})
	if err != nil {
		return 0, mapError("write calls", err)
	}
	var l legColumns
	var t traceColumns
	for _, k := range fresh {
		r := byKey[k]
		for i := range r.Legs {
			l.add(r, i)
		}
		for i := range r.Trace {
			t.add(r, i)
		}
	}
	if len(l.call) > 0 {
		_, err := tx.tx.Exec(ctx, `INSERT INTO call_legs (account_id, call_id, position, leg, engine, sip_call_id, direction, target,
				extension, channel, trunk, number, started, ringing, answered, ended, cause, sip_status, payer)
			SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
				$9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[],
				$16::timestamptz[], $17::text[], $18::integer[], $19::text[])`,
			l.account, l.call, l.position, l.leg, l.engine, l.sipCallID, l.direction, l.target,
			l.extension, l.channel, l.trunk, l.number, l.started, l.ringing, l.answered, l.ended, l.cause, l.status, l.payer)
		if err != nil {
			return 0, mapError("write legs", err)
		}
	}
	if len(t.call) > 0 {
		_, err := tx.tx.Exec(ctx, `INSERT INTO call_trace (account_id, call_id, position, at, step, reason, detail)
			SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::integer[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])`,
			t.account, t.call, t.position, t.at, t.step, t.reason, t.detail)
		if err != nil {
			return 0, mapError("write traces", err)
		}
	}
	return len(fresh), nil
}

type callKey struct {
	account dialplan.AccountID
	id      uuid.UUID
}

type callColumns struct {
	id                                                 []uuid.UUID
	account                                            []int64
	direction, callerNumber, callerName, dialed, cause []string
	started, ended                                     []time.Time
	answered                                           []*time.Time
}

func (c *callColumns) add(r *CallRecord) {
	c.id = append(c.id, r.ID)
	c.account = append(c.account, int64(r.AccountID))
	c.direction = append(c.direction, string(r.Direction))
	c.callerNumber = append(c.callerNumber, clean(r.CallerNumber))
	c.callerName = append(c.callerName, clean(r.CallerName))
	c.dialed = append(c.dialed, clean(r.Dialed))
	c.started = append(c.started, r.Started)
	c.answered = append(c.answered, nullTime(r.Answered))
	c.ended = append(c.ended, r.Ended)
	c.cause = append(c.cause, clean(r.Cause))
}

type legColumns struct {
	account                                                                                    []int64
	call                                                                                       []uuid.UUID
	position, status                                                                           []int32
	leg, engine, sipCallID, direction, target, extension, channel, trunk, number, cause, payer []string
	started, ended                                                                             []time.Time
	ringing, answered                                                                          []*time.Time
}

func (c *legColumns) add(r *CallRecord, i int) {
	l := &r.Legs[i]
	c.account = append(c.account, int64(r.AccountID))
	c.call = append(c.call, r.ID)
	c.position = append(c.position, int32(i))
	c.status = append(c.status, int32(l.SIPStatus))
	c.leg = append(c.leg, clean(l.ID))
	c.engine = append(c.engine, clean(l.Engine))
	c.sipCallID = append(c.sipCallID, clean(l.SIPCallID))
	c.direction = append(c.direction, string(l.Direction))
	c.target = append(c.target, clean(l.Target))
	c.extension = append(c.extension, clean(l.Extension))
	c.channel = append(c.channel, clean(l.Channel))
	c.trunk = append(c.trunk, clean(l.Trunk))
	c.number = append(c.number, clean(l.Number))
	c.started = append(c.started, l.Started)
	c.ringing = append(c.ringing, nullTime(l.Ringing))
	c.answered = append(c.answered, nullTime(l.Answered))
	c.ended = append(c.ended, l.Ended)
	c.cause = append(c.cause, clean(l.Cause))
	c.payer = append(c.payer, clean(l.Payer))
}

type traceColumns struct {
	account              []int64
	call                 []uuid.UUID
	position             []int32
	at                   []time.Time
	step, reason, detail []string
}

func (c *traceColumns) add(r *CallRecord, i int) {
	s := &r.Trace[i]
	c.account = append(c.account, int64(r.AccountID))
	c.call = append(c.call, r.ID)
	c.position = append(c.position, int32(i))
	c.at = append(c.at, s.At)
	c.step = append(c.step, clean(s.Step))
	c.reason = append(c.reason, clean(s.Reason))
	c.detail = append(c.detail, clean(s.Detail))
}

// clean makes text storable: what peers send may be no UTF-8 or hold zero bytes, neither of
// which PostgreSQL takes.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return s
}

const selectCalls = `SELECT id, account_id, direction, caller_number, caller_name, dialed, started, answered, ended, cause FROM calls`

func scanCall(rows pgx.Rows, r *CallRecord) error {
	var answered *time.Time
	err := rows.Scan(&r.ID, &r.AccountID, &r.Direction, &r.CallerNumber, &r.CallerName, &r.Dialed, &r.Started, &answered, &r.Ended, &r.Cause)
	r.Answered = timeOf(answered)
	return err
}

// ListCalls lists records without legs and traces, the newest first.
func (tx *Tx) ListCalls(ctx context.Context, f CallFilter, limit int) ([]CallRecord, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	limit, _ = Page{Limit: limit}.bounds()
	to, last := f.bounds()
	rows, err := tx.tx.Query(ctx, selectCalls+` WHERE account_id = $1 AND started >= $2 AND (started, id) < ($3, $4)
		AND ($6 = '' OR direction = $6) AND ($8::boolean IS NULL OR (answered IS NOT NULL) = $8)
		AND ($7 = '' OR position($7 IN caller_number) > 0 OR position($7 IN dialed) > 0 OR position(lower($7) IN lower(caller_name)) > 0)
		ORDER BY started DESC, id DESC LIMIT $5`, account, f.From, to, last, limit, f.Direction, f.Text, f.Answered)
	return collect(rows, err, "calls", scanCall)
}

// ReadCall finds a record with legs and trace.
func (tx *Tx) ReadCall(ctx context.Context, id uuid.UUID) (*CallRecord, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectCalls+` WHERE account_id = $1 AND id = $2`, account, id)
	r, err := one(rows, err, "call", id.String(), scanCall)
	if err != nil {
		return nil, err
	}
	rows, err = tx.tx.Query(ctx, `SELECT leg, engine, sip_call_id, direction, target, extension, channel, trunk, number, started, ringing,
		answered, ended, cause, sip_status, payer FROM call_legs WHERE account_id = $1 AND call_id = $2 ORDER BY position`, account, id)
	r.Legs, err = collect(rows, err, "legs", func(rows pgx.Rows, l *LegRecord) error {
		var ringing, answered *time.Time
		err := rows.Scan(&l.ID, &l.Engine, &l.SIPCallID, &l.Direction, &l.Target, &l.Extension, &l.Channel, &l.Trunk, &l.Number,
			&l.Started, &ringing, &answered, &l.Ended, &l.Cause, &l.SIPStatus, &l.Payer)
		l.Ringing, l.Answered = timeOf(ringing), timeOf(answered)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, err = tx.tx.Query(ctx, `SELECT at, step, reason, detail FROM call_trace WHERE account_id = $1 AND call_id = $2 ORDER BY position`,
		account, id)
	r.Trace, err = collect(rows, err, "trace", func(rows pgx.Rows, s *TraceStep) error {
		return rows.Scan(&s.At, &s.Step, &s.Reason, &s.Detail)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// DeleteCalls removes at most limit records, the oldest first, that started before a time; for Platform
// scope. It returns how many there were.
func (tx *Tx) DeleteCalls(ctx context.Context, before time.Time, limit int) (int, error) {
	// By the place of the rows, which does not change: records are never updated.
	tag, err := tx.tx.Exec(ctx, `DELETE FROM calls WHERE ctid = ANY(ARRAY(
		SELECT ctid FROM calls WHERE started < $1 ORDER BY started LIMIT $2))`, before, limit)
	if err != nil {
		return 0, mapError("delete calls", err)
	}
	return int(tag.RowsAffected()), nil
}
