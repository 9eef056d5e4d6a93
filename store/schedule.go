package store

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Schedule is when which plan of a scheme is active.
type Schedule struct {
	Roster   []dialplan.RosterPeriod
	Holidays []dialplan.Holiday
}

// ReadSchedule reads roster and holidays of a scheme, in the order of their begins.
func (tx *Tx) ReadSchedule(ctx context.Context, scheme int64) (s Schedule, err error) {
	account, err := tx.own()
	if err != nil {
		return s, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT start_min, end_min, plan FROM roster_periods
		WHERE account_id = $1 AND scheme_id = $2 ORDER BY start_min, end_min`, account, scheme)
	s.Roster, err = collect(rows, err, "roster", func(rows pgx.Rows, p *dialplan.RosterPeriod) error {
		return rows.Scan(&p.Start, &p.End, &p.Plan)
	})
	if err != nil {
		return s, err
	}
	rows, err = tx.tx.Query(ctx, `SELECT name, starts, ends, plan FROM holidays
		WHERE account_id = $1 AND scheme_id = $2 ORDER BY starts, ends, id`, account, scheme)
	s.Holidays, err = collect(rows, err, "holidays", func(rows pgx.Rows, h *dialplan.Holiday) error {
		return rows.Scan(&h.Name, &h.From, &h.To, &h.Plan)
	})
	return s, err
}

// SetRoster replaces the roster of a scheme.
func (tx *Tx) SetRoster(ctx context.Context, scheme int64, roster []dialplan.RosterPeriod) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM roster_periods WHERE account_id = $1 AND scheme_id = $2`, account, scheme); err != nil {
		return mapError("replace roster", err)
	}
	start, end, plan := make([]int, len(roster)), make([]int, len(roster)), make([]int, len(roster))
	for i, p := range roster {
		start[i], end[i], plan[i] = p.Start, p.End, p.Plan
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO roster_periods (account_id, scheme_id, start_min, end_min, plan)
		SELECT $1, $2, * FROM unnest($3::integer[], $4::integer[], $5::integer[])`, account, scheme, start, end, plan)
	return mapError("write roster", err)
}

// SetHolidays replaces the holidays of a scheme.
func (tx *Tx) SetHolidays(ctx context.Context, scheme int64, holidays []dialplan.Holiday) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM holidays WHERE account_id = $1 AND scheme_id = $2`, account, scheme); err != nil {
		return mapError("replace holidays", err)
	}
	names, plans := make([]string, len(holidays)), make([]int, len(holidays))
	from, to := make([]time.Time, len(holidays)), make([]time.Time, len(holidays))
	for i, h := range holidays {
		names[i], from[i], to[i], plans[i] = h.Name, h.From, h.To, h.Plan
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO holidays (account_id, scheme_id, name, starts, ends, plan)
		SELECT $1, $2, * FROM unnest($3::text[], $4::timestamp[], $5::timestamp[], $6::integer[])`, account, scheme, names, from, to, plans)
	return mapError("write holidays", err)
}

// SetTemporary makes, changes or (nil) takes back the temporary change of a scheme.
func (tx *Tx) SetTemporary(ctx context.Context, scheme int64, t *dialplan.Temporary) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	var plan *int
	var until *time.Time
	if t != nil {
		plan = &t.Plan
		if !t.Until.IsZero() {
			until = &t.Until
		}
	}
	tag, err := tx.tx.Exec(ctx, `UPDATE schemes SET temporary = $3, temporary_until = $4, revision = revision + 1
		WHERE account_id = $1 AND id = $2`, account, scheme, plan, until)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "scheme", Key: strconv.FormatInt(scheme, 10)}
	}
	return mapError("update scheme", err)
}

// PlanSwitch is a change of the active plan that the schedule made.
type PlanSwitch struct {
	Account  dialplan.AccountID
	Scheme   int64
	Name     string // of the scheme
	At       time.Time
	From, To int // plans; 0: none
	Reason   string
}

// switched is a plan switch in the audit log.
type switched struct {
	Scheme string    `json:"scheme"`
	Plan   int       `json:"plan"`
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

// LogSwitches writes switches to the audit log that nobody has written yet, and takes back the
// temporary changes that ended with them; one of a scheme that is not there any more is
// left out. It returns those that it wrote.
func (db *DB) LogSwitches(ctx context.Context, list []PlanSwitch) (written []PlanSwitch, err error) {
	for _, s := range list {
		first := false
		err := db.Account(ctx, s.Account, func(tx *Tx) (err error) {
			first, err = tx.logSwitch(ctx, s)
			return err
		})
		if err != nil {
			return written, err
		}
		if first {
			written = append(written, s)
		}
	}
	return written, nil
}

func (tx *Tx) logSwitch(ctx context.Context, s PlanSwitch) (bool, error) {
	tag, err := tx.tx.Exec(ctx, `INSERT INTO plan_switches (account_id, scheme_id, at)
		SELECT account_id, id, $3 FROM schemes WHERE account_id = $1 AND id = $2 ON CONFLICT DO NOTHING`, s.Account, s.Scheme, s.At)
	if err != nil || tag.RowsAffected() == 0 {
		return false, mapError("log switch of plan", err)
	}
	for _, sql := range []string{
		`UPDATE schemes SET temporary = NULL, temporary_until = NULL, revision = revision + 1
			WHERE account_id = $1 AND id = $2 AND temporary_until <= $3`,
		`DELETE FROM plan_switches WHERE account_id = $1 AND scheme_id = $2 AND at < $3::timestamptz - interval '90 days'`,
	} {
		if _, err := tx.tx.Exec(ctx, sql, s.Account, s.Scheme, s.At); err != nil {
			return false, mapError("log switch of plan", err)
		}
	}
	return true, tx.Audit(ctx, &AuditEntry{Account: s.Account, Actor: "schedule", Action: "update", Entity: "scheme", EntityID: strconv.FormatInt(s.Scheme, 10)},
		switched{Scheme: s.Name, Plan: s.From}, switched{Scheme: s.Name, Plan: s.To, At: s.At.UTC(), Reason: s.Reason})
}

// ScheduleProgress is up to when every switch is in the audit log; the zero time: none has
// ever been written.
func (db *DB) ScheduleProgress(ctx context.Context) (until time.Time, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		err := tx.tx.QueryRow(ctx, `SELECT until FROM schedule_progress`).Scan(&until)
		return mapError("read progress of the schedule", err)
	})
	if until.Unix() == 0 {
		until = time.Time{}
	}
	return until, err
}

// SetScheduleProgress says so; it never goes back.
func (db *DB) SetScheduleProgress(ctx context.Context, until time.Time) error {
	return db.Platform(ctx, func(tx *Tx) error {
		_, err := tx.tx.Exec(ctx, `UPDATE schedule_progress SET until = $1 WHERE until < $1`, until)
		return mapError("write progress of the schedule", err)
	})
}

// planUses are what of a scheme names a plan: a plan in use can't be deleted.
func (s Schedule) planUses(plan int) (by []string) {
	for _, p := range s.Roster {
		if p.Plan == plan {
			by = append(by, "roster "+p.String())
		}
	}
	for _, h := range s.Holidays {
		if h.Plan == plan {
			by = append(by, "holiday "+h.Name)
		}
	}
	return slices.Compact(by)
}

const selectRoster = `SELECT account_id, scheme_id, start_min, end_min, plan FROM roster_periods`

func (l *loader) rosterPeriod(rows pgx.Rows) error {
	var account dialplan.AccountID
	var scheme int64
	var p dialplan.RosterPeriod
	if err := rows.Scan(&account, &scheme, &p.Start, &p.End, &p.Plan); err != nil {
		return err
	}
	return l.inScheme(account, scheme, func(s *dialplan.Scheme) { s.Roster = append(s.Roster, p) })
}

const selectHolidays = `SELECT account_id, scheme_id, name, starts, ends, plan FROM holidays`

func (l *loader) holiday(rows pgx.Rows) error {
	var account dialplan.AccountID
	var scheme int64
	var h dialplan.Holiday
	if err := rows.Scan(&account, &scheme, &h.Name, &h.From, &h.To, &h.Plan); err != nil {
		return err
	}
	return l.inScheme(account, scheme, func(s *dialplan.Scheme) { s.Holidays = append(s.Holidays, h) })
}

func (l *loader) inScheme(account dialplan.AccountID, scheme int64, f func(*dialplan.Scheme)) error {
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if s := b.schemes[scheme]; s != nil {
		f(s)
	} else {
		b.fail("the schedule of scheme %d is there, the scheme is not", scheme)
	}
	return nil
}
