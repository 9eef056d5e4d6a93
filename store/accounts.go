package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Partner is a reseller, whose accounts it may see.
type Partner struct {
	ID       int64
	Name     string
	Revision int64
	Created  time.Time
}

// Account is the row of an account: its settings without what it contains.
type Account struct {
	ID      dialplan.AccountID
	Partner int64 // 0: none
	// Version counts changes of anything in the account, Revision those of the settings.
	Version, Revision int64
	Name              string
	Enabled           bool
	Country           dialplan.Country
	Language          string // empty at creation: the country's
	TimeZone          string // IANA name; empty at creation: the country's
	ExtensionLength   int    // 2–5; fixed as soon as there is an extension (ACC-03)
	AreaCode          string
	CallerID          string        // E.164
	EmergencyCallerID string        // E.164
	CallLimit         int           // 0: none
	ParkTimeout       time.Duration // of parked calls; 0 at creation: 120 s
	Created           time.Time
}

// AccountFilter selects accounts; zero fields select all.
type AccountFilter struct {
	Partner int64
	Name    string // beginning of the name, in any case
}

// CreatePartner adds a partner and fills in ID, Revision and Created.
func (tx *Tx) CreatePartner(ctx context.Context, p *Partner) error {
	err := tx.tx.QueryRow(ctx, `INSERT INTO partners (name) VALUES ($1) RETURNING id, revision, created_at`, p.Name).
		Scan(&p.ID, &p.Revision, &p.Created)
	return mapError("create partner", err)
}

const selectPartners = `SELECT id, name, revision, created_at FROM partners`

func scanPartner(rows pgx.Rows, p *Partner) error {
	return rows.Scan(&p.ID, &p.Name, &p.Revision, &p.Created)
}

// ReadPartner finds a partner.
func (tx *Tx) ReadPartner(ctx context.Context, id int64) (*Partner, error) {
	rows, err := tx.tx.Query(ctx, selectPartners+` WHERE id = $1`, id)
	return one(rows, err, "partner", accountKey(dialplan.AccountID(id)), scanPartner)
}

// ListPartners lists partners in the order of their ids, and how many there are in all.
func (tx *Tx) ListPartners(ctx context.Context, page Page) ([]Partner, int, error) {
	limit, offset := page.bounds()
	rows, err := tx.tx.Query(ctx, selectPartners+` ORDER BY id LIMIT $1 OFFSET $2`, limit, offset)
	list, err := collect(rows, err, "partners", scanPartner)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.total(ctx, page, len(list), "partners", `SELECT count(*) FROM partners`)
	return list, total, err
}

// UpdatePartner renames a partner. A Revision other than 0 must be the current one, else
// Stale; it is raised.
func (tx *Tx) UpdatePartner(ctx context.Context, p *Partner) error {
	err := tx.tx.QueryRow(ctx, `UPDATE partners SET name = $2, revision = revision + 1
		WHERE id = $1 AND ($3::bigint = 0 OR revision = $3) RETURNING revision`, p.ID, p.Name, p.Revision).Scan(&p.Revision)
	if err != nil {
		return tx.missed(ctx, err, "update", "partner", accountKey(dialplan.AccountID(p.ID)), `SELECT revision FROM partners WHERE id = $1`, p.ID)
	}
	return nil
}

// DeletePartner removes a partner without accounts; its tokens go with it.
func (tx *Tx) DeletePartner(ctx context.Context, id int64) error {
	rows, err := tx.tx.Query(ctx, `SELECT name FROM accounts WHERE partner_id = $1 ORDER BY id LIMIT 20`, id)
	has, err := collect(rows, err, "accounts of a partner", func(rows pgx.Rows, by *string) error { return rows.Scan(by) })
	if err != nil {
		return err
	}
	if len(has) > 0 {
		for i := range has {
			has[i] = "account " + has[i]
		}
		return &InUse{By: has}
	}
	tag, err := tx.tx.Exec(ctx, `DELETE FROM partners WHERE id = $1`, id)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "partner", Key: accountKey(dialplan.AccountID(id))}
	}
	return mapError("delete partner", err)
}

// CreateAccount adds an account with its main scheme and a first plan in it. It fills in ID,
// Version, Revision, Created and the country's defaults.
func (tx *Tx) CreateAccount(ctx context.Context, a *Account) error {
	rules, err := a.Country.Rules()
	if err != nil {
		return &Invalid{Field: "country", Reason: err.Error()}
	}
	if a.Language == "" {
		a.Language = rules.Language
	}
	if a.TimeZone == "" {
		a.TimeZone = rules.TimeZone
	}
	if err := checkZone(a.TimeZone); err != nil {
		return err
	}
	if a.ParkTimeout == 0 {
		a.ParkTimeout = 120 * time.Second
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO accounts (partner_id, name, enabled, country, language, time_zone, extension_length,
			area_code, caller_id, emergency_caller_id, call_limit, park_timeout_ms)
		VALUES (nullif($1::bigint, 0), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id, version, revision, created_at`,
		a.Partner, a.Name, a.Enabled, a.Country, a.Language, a.TimeZone, a.ExtensionLength,
		a.AreaCode, a.CallerID, a.EmergencyCallerID, a.CallLimit, millis(a.ParkTimeout)).Scan(&a.ID, &a.Version, &a.Revision, &a.Created)
	if err != nil {
		return mapError("create account", err)
	}
	_, err = tx.tx.Exec(ctx, `WITH s AS (INSERT INTO schemes (account_id, name, main) VALUES ($1, 'Main', true) RETURNING account_id, id)
		INSERT INTO plans (account_id, scheme_id, number, name) SELECT account_id, id, 1, 'Standard' FROM s`, a.ID)
	return mapError("create main scheme", err)
}

func checkZone(name string) error {
	var z zones
	if _, err := z.load(name); err != nil {
		return &Invalid{Field: "time_zone", Reason: err.Error()}
	}
	return nil
}

const selectAccountRows = `SELECT id, version, name, enabled, country, language, time_zone, extension_length,
	area_code, caller_id, emergency_caller_id, call_limit, park_timeout_ms, coalesce(partner_id, 0), revision, created_at FROM accounts`

func scanAccountRow(rows pgx.Rows, a *Account) error {
	var park int64
	err := rows.Scan(&a.ID, &a.Version, &a.Name, &a.Enabled, &a.Country, &a.Language, &a.TimeZone, &a.ExtensionLength,
		&a.AreaCode, &a.CallerID, &a.EmergencyCallerID, &a.CallLimit, &park, &a.Partner, &a.Revision, &a.Created)
	a.ParkTimeout = time.Duration(park) * time.Millisecond
	return err
}

// ReadAccount finds an account.
func (tx *Tx) ReadAccount(ctx context.Context, id dialplan.AccountID) (*Account, error) {
	rows, err := tx.tx.Query(ctx, selectAccountRows+` WHERE id = $1`, id)
	return one(rows, err, "account", accountKey(id), scanAccountRow)
}

// ListAccounts lists accounts by key, which is their id, and how many f selects in all.
func (tx *Tx) ListAccounts(ctx context.Context, f AccountFilter, page Page) ([]Account, int, error) {
	w := conditions{sql: ` WHERE true`}
	if f.Partner != 0 {
		w.sql += ` AND partner_id = ` + w.arg(f.Partner)
	}
	if f.Name != "" {
		// As a range of text, which an index has, and not as a pattern.
		from := strings.ToLower(f.Name)
		w.sql += ` AND name_lower ~>=~ ` + w.arg(from) + ` AND name_lower ~<~ ` + w.arg(from+"\U0010FFFF")
	}
	l := keyed[Account]{what: "accounts", rows: selectAccountRows, count: `SELECT count(*) FROM accounts`, where: w, key: `id`, scan: scanAccountRow}
	return l.page(ctx, tx, page)
}

// UpdateAccount changes the settings. A Revision other than 0 must be the current one, else
// Stale; Revision and Version are raised. A change of ExtensionLength while there are
// extensions is InUse.
func (tx *Tx) UpdateAccount(ctx context.Context, a *Account) error {
	if err := checkZone(a.TimeZone); err != nil {
		return err
	}
	err := tx.tx.QueryRow(ctx, `UPDATE accounts SET partner_id = nullif($2::bigint, 0), name = $3, enabled = $4, country = $5,
			language = $6, time_zone = $7, extension_length = $8, area_code = $9, caller_id = $10, emergency_caller_id = $11,
			call_limit = $12, park_timeout_ms = $14, revision = revision + 1
		WHERE id = $1 AND ($13::bigint = 0 OR revision = $13) RETURNING revision, version`,
		a.ID, a.Partner, a.Name, a.Enabled, a.Country, a.Language, a.TimeZone, a.ExtensionLength,
		a.AreaCode, a.CallerID, a.EmergencyCallerID, a.CallLimit, a.Revision, millis(a.ParkTimeout)).Scan(&a.Revision, &a.Version)
	if err != nil {
		return tx.missed(ctx, err, "update", "account", accountKey(a.ID), `SELECT revision FROM accounts WHERE id = $1`, a.ID)
	}
	return nil
}

// DeleteAccount removes an empty account: no extensions, channels, numbers, media or trunks of its own.
// Its schemes and tokens go with it; its records stay.
func (tx *Tx) DeleteAccount(ctx context.Context, id dialplan.AccountID) error {
	tag, err := tx.tx.Exec(ctx, `DELETE FROM accounts WHERE id = $1`, id)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "account", Key: accountKey(id)}
	}
	return mapError("delete account", err)
}
