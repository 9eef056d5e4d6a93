package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// UserCall is the record of a call in which a user had a leg, which began At.
type UserCall struct {
	CallRecord
	At time.Time
}

// Place is where a list of a user's calls goes on after c.
func (c *UserCall) Place() CallCursor { return CallCursor{Started: c.At, ID: c.ID} }

// ListUserCalls lists the records of calls in which an extension had a leg, the newest leg first, without legs and traces. Of
// several legs of the extension in a call the first counts. A filter's Before is the place of the record after which the list
// goes on. Direction and text of the filter are not used.
func (tx *Tx) ListUserCalls(ctx context.Context, extension string, f CallFilter, limit int) ([]UserCall, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	limit, _ = Page{Limit: limit}.bounds()
	to, last := f.bounds()
	rows, err := tx.tx.Query(ctx, `SELECT c.id, c.account_id, c.direction, c.caller_number, c.caller_name, c.dialed, c.started, c.answered, c.ended, c.cause, l.started
		FROM call_legs l JOIN calls c ON c.account_id = l.account_id AND c.id = l.call_id
		WHERE l.account_id = $1 AND l.extension = $2 AND l.extension <> '' AND l.started >= $3 AND (l.started, l.call_id) < ($4, $5)
			AND NOT EXISTS (SELECT 1 FROM call_legs b WHERE b.account_id = l.account_id AND b.call_id = l.call_id
				AND b.extension = l.extension AND b.position < l.position)
		ORDER BY l.started DESC, l.call_id DESC LIMIT $6`, account, extension, f.From, to, last, limit)
	return collect(rows, err, "a user's calls", func(rows pgx.Rows, r *UserCall) error {
		var answered *time.Time
		err := rows.Scan(&r.ID, &r.AccountID, &r.Direction, &r.CallerNumber, &r.CallerName, &r.Dialed, &r.Started, &answered, &r.Ended, &r.Cause, &r.At)
		r.Answered = timeOf(answered)
		return err
	})
}

// bounds are the upper end of a list of calls: always a range of the index, without a limit the widest there is.
func (f CallFilter) bounds() (to time.Time, last uuid.UUID) {
	to = f.To
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if b := f.Before; !b.Started.IsZero() && b.Started.Before(to) {
		return b.Started, b.ID
	}
	return to, uuid.Nil
}
