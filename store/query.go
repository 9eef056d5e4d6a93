package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// collect reads all rows with scan.
func collect[T any](rows pgx.Rows, err error, what string, scan func(pgx.Rows, *T) error) ([]T, error) {
	if err != nil {
		return nil, mapError("list "+what, err)
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, fmt.Errorf("list %s: %w", what, err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, mapError("list "+what, err)
	}
	return out, nil
}

// note makes a change that may be lost when the machine of the database fails: its transaction does not wait for the disk.
func (tx *Tx) note(ctx context.Context, sql string, args ...any) error {
	b := &pgx.Batch{}
	b.Queue(`SET LOCAL synchronous_commit = off`)
	b.Queue(sql, args...)
	return tx.tx.SendBatch(ctx, b).Close()
}

// one reads the only row with scan; NotFound when there is none.
func one[T any](rows pgx.Rows, err error, entity, key string, scan func(pgx.Rows, *T) error) (*T, error) {
	list, err := collect(rows, err, entity, scan)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, &NotFound{Entity: entity, Key: key}
	}
	return &list[0], nil
}

// missed explains why a change found no row: current (a query of the revision) finds it, so
// it has changed; or it is not there.
func (tx *Tx) missed(ctx context.Context, err error, doing, entity, key, current string, args ...any) error {
	if !errors.Is(err, pgx.ErrNoRows) {
		return mapError(doing+" "+entity, err)
	}
	var revision int64
	err = tx.tx.QueryRow(ctx, current, args...).Scan(&revision)
	if err != nil {
		return notFound(err, entity, key)
	}
	return &Stale{Entity: entity, Key: key, Current: revision}
}

// reference is an extension that something refers to by its number.
type reference struct {
	id   int64
	kind dialplan.Kind
}

// resolve finds extensions by number; numbers that are not there are not in the result.
func (tx *Tx) resolve(ctx context.Context, account dialplan.AccountID, numbers []string) (map[string]reference, error) {
	out := make(map[string]reference, len(numbers))
	if len(numbers) == 0 {
		return out, nil
	}
	rows, err := tx.tx.Query(ctx, `SELECT number, id, kind FROM extensions WHERE account_id = $1 AND number = ANY($2)`, account, numbers)
	if err != nil {
		return nil, mapError("find extensions", err)
	}
	var number string
	var r reference
	_, err = pgx.ForEachRow(rows, []any{&number, &r.id, &r.kind}, func() error {
		out[number] = r
		return nil
	})
	if err != nil {
		return nil, mapError("find extensions", err)
	}
	return out, nil
}

// user resolves the number of a user extension; "" is none.
func (tx *Tx) user(ctx context.Context, account dialplan.AccountID, field, number string) (*int64, error) {
	if number == "" {
		return nil, nil
	}
	refs, err := tx.resolve(ctx, account, []string{number})
	if err != nil {
		return nil, err
	}
	r, ok := refs[number]
	if !ok || r.kind != dialplan.KindUser {
		return nil, &Invalid{Field: field, Reason: "there is no user extension " + number}
	}
	return &r.id, nil
}

// destinations resolves destinations while something is stored.
type destinations struct{ refs map[string]reference }

func (tx *Tx) destinations(ctx context.Context, account dialplan.AccountID, all []dialplan.Destination) (destinations, error) {
	var numbers []string
	for _, d := range all {
		if d.Extension != "" {
			numbers = append(numbers, d.Extension)
		}
	}
	refs, err := tx.resolve(ctx, account, numbers)
	return destinations{refs}, err
}

// columns are the two columns of a destination.
func (d destinations) columns(field string, to dialplan.Destination) (ext *int64, external *string, err error) {
	if to.Extension != "" {
		r, ok := d.refs[to.Extension]
		if !ok {
			return nil, nil, &Invalid{Field: field, Reason: "there is no extension " + to.Extension}
		}
		ext = &r.id
	}
	return ext, nullable(to.External), nil
}

// nullable is nil for the empty string.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// nullTime is nil for the zero time.
func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// timeOf is the zero time for nil.
func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func millis(d time.Duration) int64 { return d.Milliseconds() }
