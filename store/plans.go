package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Scheme is a numbering plan scheme without its plans.
type Scheme struct {
	ID     int64
	Name   string
	Main   bool
	Number int // by which callers choose it; given at its creation
	Active int // number of the plan set by hand; 0: by the schedule
	// Temporary change; it may be over. UpdateScheme leaves it: see SetTemporary.
	Temporary *dialplan.Temporary
	Revision  int64
}

// Plan is a numbering plan without its entries.
type Plan struct {
	ID       int64
	Scheme   int64
	Number   int // 1–99
	Name     string
	Revision int64
}

// CreateScheme adds a scheme without plans and fills in ID and Revision. The main scheme
// comes with the account.
func (tx *Tx) CreateScheme(ctx context.Context, s *Scheme) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	s.Main, s.Active = false, 0
	err = tx.tx.QueryRow(ctx, `INSERT INTO schemes (account_id, name) VALUES ($1, $2) RETURNING id, number, revision`, account, s.Name).
		Scan(&s.ID, &s.Number, &s.Revision)
	return mapError("create scheme", err)
}

// ListSchemes lists all schemes, the main one first.
func (tx *Tx) ListSchemes(ctx context.Context) ([]Scheme, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT id, name, main, number, coalesce(active, 0), temporary, temporary_until, revision FROM schemes
		WHERE account_id = $1 ORDER BY main DESC, name`, account)
	return collect(rows, err, "schemes", func(rows pgx.Rows, s *Scheme) error {
		var plan *int
		var until *time.Time
		err := rows.Scan(&s.ID, &s.Name, &s.Main, &s.Number, &s.Active, &plan, &until, &s.Revision)
		s.Temporary = temporary(plan, until)
		return err
	})
}

func temporary(plan *int, until *time.Time) *dialplan.Temporary {
	if plan == nil {
		return nil
	}
	t := &dialplan.Temporary{Plan: *plan}
	if until != nil {
		t.Until = *until
	}
	return t
}

// UpdateScheme changes name and active plan. A Revision other than 0 must be the current
// one, else Stale; it is raised.
func (tx *Tx) UpdateScheme(ctx context.Context, s *Scheme) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `UPDATE schemes SET name = $3, active = nullif($4::integer, 0), revision = revision + 1
		WHERE account_id = $1 AND id = $2 AND ($5::bigint = 0 OR revision = $5) RETURNING revision, main`,
		account, s.ID, s.Name, s.Active, s.Revision).Scan(&s.Revision, &s.Main)
	if err != nil {
		return tx.missed(ctx, err, "update", "scheme", strconv.FormatInt(s.ID, 10),
			`SELECT revision FROM schemes WHERE account_id = $1 AND id = $2`, account, s.ID)
	}
	return nil
}

// DeleteScheme removes a scheme with all its plans; its numbers are free then. The main
// scheme can't be removed.
func (tx *Tx) DeleteScheme(ctx context.Context, id int64) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	for _, sql := range []string{
		`DELETE FROM plan_entries t USING plans p WHERE p.account_id = $1 AND p.scheme_id = $2
			AND t.account_id = $1 AND t.plan_id = p.id`,
		`UPDATE numbers SET scheme_id = NULL, revision = revision + 1 WHERE account_id = $1 AND scheme_id = $2`,
	} {
		if _, err := tx.tx.Exec(ctx, sql, account, id); err != nil {
			return mapError("delete scheme", err)
		}
	}
	tag, err := tx.tx.Exec(ctx, `DELETE FROM schemes WHERE account_id = $1 AND id = $2`, account, id)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "scheme", Key: strconv.FormatInt(id, 10)}
	}
	return mapError("delete scheme", err)
}

// CreatePlan adds an empty plan to p.Scheme and fills in ID and Revision.
func (tx *Tx) CreatePlan(ctx context.Context, p *Plan) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO plans (account_id, scheme_id, number, name) VALUES ($1, $2, $3, $4) RETURNING id, revision`,
		account, p.Scheme, p.Number, p.Name).Scan(&p.ID, &p.Revision)
	return mapError("create plan", err)
}

// ListPlans lists the plans of a scheme in the order of their numbers.
func (tx *Tx) ListPlans(ctx context.Context, scheme int64) ([]Plan, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT id, scheme_id, number, name, revision FROM plans
		WHERE account_id = $1 AND scheme_id = $2 ORDER BY number`, account, scheme)
	return collect(rows, err, "plans", func(rows pgx.Rows, p *Plan) error {
		return rows.Scan(&p.ID, &p.Scheme, &p.Number, &p.Name, &p.Revision)
	})
}

// UpdatePlan changes number and name; Scheme must be the plan's. A Revision other than 0 must be the
// current one, else Stale; it is raised. The active plan keeps its number: InUse.
func (tx *Tx) UpdatePlan(ctx context.Context, p *Plan) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	if err := tx.endTemporary(ctx, account, p.Scheme); err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `UPDATE plans SET number = $4, name = $5, revision = revision + 1
		WHERE account_id = $1 AND scheme_id = $2 AND id = $3 AND ($6::bigint = 0 OR revision = $6) RETURNING revision`,
		account, p.Scheme, p.ID, p.Number, p.Name, p.Revision).Scan(&p.Revision)
	if err != nil {
		return tx.missed(ctx, err, "update", "plan", strconv.FormatInt(p.ID, 10),
			`SELECT revision FROM plans WHERE account_id = $1 AND scheme_id = $2 AND id = $3`, account, p.Scheme, p.ID)
	}
	return nil
}

// DeletePlan removes a plan with its entries; one that is set active, or is in roster or
// holidays, is InUse.
func (tx *Tx) DeletePlan(ctx context.Context, scheme, plan int64) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	if err := tx.endTemporary(ctx, account, scheme); err != nil {
		return err
	}
	schedule, err := tx.ReadSchedule(ctx, scheme)
	if err != nil {
		return err
	}
	var number int
	err = tx.tx.QueryRow(ctx, `SELECT number FROM plans WHERE account_id = $1 AND scheme_id = $2 AND id = $3`, account, scheme, plan).Scan(&number)
	if err != nil {
		return notFound(err, "plan", strconv.FormatInt(plan, 10))
	}
	if by := schedule.planUses(number); len(by) > 0 {
		return &InUse{By: by}
	}
	tag, err := tx.tx.Exec(ctx, `DELETE FROM plans WHERE account_id = $1 AND scheme_id = $2 AND id = $3`, account, scheme, plan)
	if err != nil {
		return mapError("delete plan", err)
	}
	if tag.RowsAffected() == 0 {
		return &NotFound{Entity: "plan", Key: strconv.FormatInt(plan, 10)}
	}
	return tx.freeNumbers(ctx, account, scheme)
}

// endTemporary takes a temporary change that is over off its plan.
func (tx *Tx) endTemporary(ctx context.Context, account dialplan.AccountID, scheme int64) error {
	_, err := tx.tx.Exec(ctx, `UPDATE schemes SET temporary = NULL, temporary_until = NULL
		WHERE account_id = $1 AND id = $2 AND temporary_until <= now()`, account, scheme)
	return mapError("end temporary change", err)
}

// freeNumbers takes numbers out of a scheme that no plan of it has any more.
func (tx *Tx) freeNumbers(ctx context.Context, account dialplan.AccountID, scheme int64) error {
	_, err := tx.tx.Exec(ctx, `UPDATE numbers n SET scheme_id = NULL, revision = revision + 1
		WHERE account_id = $1 AND scheme_id = $2 AND NOT EXISTS (SELECT FROM plan_entries t
			WHERE t.account_id = $1 AND t.scheme_id = $2 AND t.e164 = n.e164)`, account, scheme)
	return mapError("free numbers of scheme", err)
}

// PlanEntries are the entries of a plan by number.
func (tx *Tx) PlanEntries(ctx context.Context, plan int64) (map[string]dialplan.PlanEntry, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT t.e164, coalesce(e.number, ''), coalesce(t.dest_external, ''), t.prefix
		FROM plan_entries t LEFT JOIN extensions e ON e.account_id = t.account_id AND e.id = t.dest_ext
		WHERE t.account_id = $1 AND t.plan_id = $2`, account, plan)
	if err != nil {
		return nil, mapError("list plan entries", err)
	}
	out := make(map[string]dialplan.PlanEntry)
	var number string
	var e dialplan.PlanEntry
	_, err = pgx.ForEachRow(rows, []any{&number, &e.Destination.Extension, &e.Destination.External, &e.Prefix}, func() error {
		out[number] = e
		return nil
	})
	return out, mapError("list plan entries", err)
}

// SetPlanEntry maps a number of the account in a plan. A number is in one scheme only: Conflict when
// another one holds it (ACC-06). A personal number is Invalid.
func (tx *Tx) SetPlanEntry(ctx context.Context, scheme, plan int64, e164 string, e dialplan.PlanEntry) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	refs, err := tx.destinations(ctx, account, []dialplan.Destination{e.Destination})
	if err != nil {
		return err
	}
	ext, external, err := refs.columns("destination", e.Destination)
	if err != nil {
		return err
	}
	var holds int64
	err = tx.tx.QueryRow(ctx, `SELECT coalesce(scheme_id, 0) FROM numbers WHERE account_id = $1 AND e164 = $2 FOR UPDATE`, account, e164).Scan(&holds)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return &Invalid{Field: "number", Reason: e164 + " is not a number of the account"}
	case err != nil:
		return mapError("find number", err)
	case holds == 0:
		_, err = tx.tx.Exec(ctx, `UPDATE numbers SET scheme_id = $3, revision = revision + 1 WHERE account_id = $1 AND e164 = $2`, account, e164, scheme)
		if err != nil {
			return mapError("take number into scheme", err)
		}
	case holds != scheme:
		return &Conflict{Constraint: "plan_entries_number_fkey", Field: "number"}
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO plan_entries (account_id, scheme_id, plan_id, e164, dest_ext, dest_external, prefix)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (plan_id, e164) DO UPDATE SET dest_ext = $5, dest_external = $6, prefix = $7`,
		account, scheme, plan, e164, ext, external, e.Prefix)
	return mapError("write plan entry", err)
}

// DeletePlanEntry takes a number out of a plan; no entry is nothing.
func (tx *Tx) DeletePlanEntry(ctx context.Context, scheme, plan int64, e164 string) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `DELETE FROM plan_entries WHERE account_id = $1 AND scheme_id = $2 AND plan_id = $3 AND e164 = $4`,
		account, scheme, plan, e164)
	if err != nil {
		return mapError("delete plan entry", err)
	}
	return tx.freeNumbers(ctx, account, scheme)
}

// CopyPlan makes the entries of plan to those of plan from, of the same scheme (NP-03).
func (tx *Tx) CopyPlan(ctx context.Context, scheme, from, to int64) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	if from == to {
		return nil
	}
	_, err = tx.tx.Exec(ctx, `DELETE FROM plan_entries WHERE account_id = $1 AND scheme_id = $2 AND plan_id = $3`, account, scheme, to)
	if err != nil {
		return mapError("overwrite plan", err)
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO plan_entries (account_id, scheme_id, plan_id, e164, dest_ext, dest_external, prefix)
		SELECT account_id, scheme_id, $4, e164, dest_ext, dest_external, prefix FROM plan_entries
		WHERE account_id = $1 AND scheme_id = $2 AND plan_id = $3`, account, scheme, from, to)
	if err != nil {
		return mapError("copy plan", err)
	}
	return tx.freeNumbers(ctx, account, scheme)
}

const selectSchemes = `SELECT account_id, id, name, main, number, coalesce(active, 0), temporary, temporary_until FROM schemes`

func (l *loader) scheme(rows pgx.Rows) error {
	var account dialplan.AccountID
	s := &dialplan.Scheme{Plans: make(map[int]*dialplan.Plan)}
	var plan *int
	var until *time.Time
	if err := rows.Scan(&account, &s.ID, &s.Name, &s.Main, &s.Number, &s.Active, &plan, &until); err != nil {
		return err
	}
	s.Temporary = temporary(plan, until)
	b, err := l.of(account)
	if err != nil {
		return err
	}
	b.schemes[s.ID] = s
	b.Schemes = append(b.Schemes, s)
	return nil
}

const selectPlans = `SELECT account_id, scheme_id, id, number, name FROM plans`

func (l *loader) plan(rows pgx.Rows) error {
	var account dialplan.AccountID
	var scheme int64
	p := &dialplan.Plan{Entries: make(map[string]dialplan.PlanEntry)}
	if err := rows.Scan(&account, &scheme, &p.ID, &p.Number, &p.Name); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	s := b.schemes[scheme]
	if s == nil {
		b.fail("plan %s is of a scheme that is not there", p.Name)
		return nil
	}
	b.plans[p.ID] = p
	s.Plans[p.Number] = p
	return nil
}

const selectEntries = `SELECT account_id, plan_id, e164, dest_ext, dest_external, prefix FROM plan_entries`

func (l *loader) entry(rows pgx.Rows) error {
	var account dialplan.AccountID
	var plan int64
	var number string
	var ext *int64
	var external *string
	var e dialplan.PlanEntry
	if err := rows.Scan(&account, &plan, &number, &ext, &external, &e.Prefix); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	p := b.plans[plan]
	if p == nil {
		b.fail("%s is in a plan that is not there", number)
		return nil
	}
	e.Destination = b.destination(ext, external)
	if n := b.Numbers[number]; n != nil {
		number = n.E164 // the same memory
	}
	p.Entries[number] = e
	return nil
}
