package store

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Login is a person who may log in to the portal (ACC-05).
type Login struct {
	ID      int64
	Account dialplan.AccountID // 0 for RoleOperator and RolePartner
	Partner int64              // for RolePartner
	User    string             // extension number, for RoleUser and RoleOwnRecordings
	Email   string             // unique in any case of letters
	Name    string
	Role    Role
	Enabled bool
	// Password is a hash in the PHC string format; empty: single sign-on only.
	Password   string
	MustChange bool
	// TOTPSecret is in base32; it counts once TOTP is set. TOTPStep is the last time step whose code was used.
	TOTPSecret string
	TOTP       bool
	TOTPStep   int64
	Recovery   [][]byte // SHA-256 of recovery codes
	Failures   int      // wrong passwords and codes in a row
	// Zero times: never.
	LockedUntil, LastLogin time.Time
	Created                time.Time
	Revision               int64
}

const selectLogins = `SELECT l.id, coalesce(l.account_id, 0), coalesce(l.partner_id, 0), coalesce(x.number, ''), l.email, l.name, l.role, l.enabled,
	l.password, l.must_change, l.totp_secret, l.totp_enabled, l.totp_step, l.recovery, l.failures, l.locked_until, l.last_login_at,
	l.created_at, l.revision FROM logins l LEFT JOIN extensions x ON x.id = l.user_id`

func scanLogin(rows pgx.Rows, l *Login) error {
	var locked, last *time.Time
	err := rows.Scan(&l.ID, &l.Account, &l.Partner, &l.User, &l.Email, &l.Name, &l.Role, &l.Enabled, &l.Password, &l.MustChange,
		&l.TOTPSecret, &l.TOTP, &l.TOTPStep, &l.Recovery, &l.Failures, &locked, &last, &l.Created, &l.Revision)
	l.LockedUntil, l.LastLogin = timeOf(locked), timeOf(last)
	return err
}

// CreateLogin adds a login and fills in ID, Created and Revision. In an account's scope it is that account's.
func (tx *Tx) CreateLogin(ctx context.Context, l *Login) error {
	if tx.account != 0 {
		l.Account = tx.account
	}
	user, err := tx.user(ctx, l.Account, "user", l.User)
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO logins (account_id, partner_id, user_id, email, name, role, enabled, password, must_change)
		VALUES (nullif($1::bigint, 0), nullif($2::bigint, 0), $3, $4, $5, $6, $7, $8, $9) RETURNING id, created_at, revision`,
		l.Account, l.Partner, user, l.Email, l.Name, l.Role, l.Enabled, l.Password, l.MustChange).Scan(&l.ID, &l.Created, &l.Revision)
	return mapError("create login", err)
}

// ReadLogin finds a login by its id.
func (tx *Tx) ReadLogin(ctx context.Context, id int64) (*Login, error) {
	rows, err := tx.tx.Query(ctx, selectLogins+` WHERE l.id = $1 AND ($2::bigint = 0 OR l.account_id = $2)`, id, tx.account)
	return one(rows, err, "login", strconv.FormatInt(id, 10), scanLogin)
}

// FindLogin finds a login by its e-mail address, for Platform scope.
func (tx *Tx) FindLogin(ctx context.Context, email string) (*Login, error) {
	rows, err := tx.tx.Query(ctx, selectLogins+` WHERE l.email_lower = lower($1)`, email)
	return one(rows, err, "login", email, scanLogin)
}

// ListLogins lists logins by key, which is their id, and how many there are: the account's within its scope; otherwise those
// of a partner, and with 0 the operators and all partners.
func (tx *Tx) ListLogins(ctx context.Context, partner int64, page Page) ([]Login, int, error) {
	w := conditions{sql: ` WHERE l.account_id IS NULL`}
	switch {
	case tx.account != 0:
		w = conditions{` WHERE l.account_id = $1`, []any{tx.account}}
	case partner != 0:
		w = conditions{` WHERE l.partner_id = $1`, []any{partner}}
	}
	l := keyed[Login]{what: "logins", rows: selectLogins, count: `SELECT count(*) FROM logins l`, where: w, key: `l.id`, scan: scanLogin}
	return l.page(ctx, tx, page)
}

// UpdateLogin changes everything but what it belongs to, if Revision is the current one or 0; it raises Revision.
func (tx *Tx) UpdateLogin(ctx context.Context, l *Login) error {
	user, err := tx.user(ctx, l.Account, "user", l.User)
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `UPDATE logins SET user_id = $3, email = $4, name = $5, role = $6, enabled = $7, password = $8, must_change = $9,
			totp_secret = $10, totp_enabled = $11, totp_step = $12, recovery = coalesce($13::bytea[], '{}'), failures = $14, locked_until = $15, last_login_at = $16,
			revision = revision + 1
		WHERE id = $1 AND ($2::bigint = 0 OR revision = $2) AND ($17::bigint = 0 OR account_id = $17) RETURNING revision`,
		l.ID, l.Revision, user, l.Email, l.Name, l.Role, l.Enabled, l.Password, l.MustChange, l.TOTPSecret, l.TOTP, l.TOTPStep, l.Recovery,
		l.Failures, nullTime(l.LockedUntil), nullTime(l.LastLogin), tx.account).Scan(&l.Revision)
	if err != nil {
		return tx.missed(ctx, err, "update", "login", strconv.FormatInt(l.ID, 10),
			`SELECT revision FROM logins WHERE id = $1 AND ($2::bigint = 0 OR account_id = $2)`, l.ID, tx.account)
	}
	return nil
}

// NoteLogin keeps what attempts to log in change, without raising the revision: an administrator's form
// that is open meanwhile stays valid.
func (tx *Tx) NoteLogin(ctx context.Context, l *Login) error {
	_, err := tx.tx.Exec(ctx, `UPDATE logins SET totp_step = $2, recovery = coalesce($3::bytea[], '{}'), failures = $4, locked_until = $5, last_login_at = $6, password = $7
		WHERE id = $1`, l.ID, l.TOTPStep, l.Recovery, l.Failures, nullTime(l.LockedUntil), nullTime(l.LastLogin), l.Password)
	return mapError("note login", err)
}

// LockLogin reads a login and keeps others from changing it until the transaction ends, for Platform scope: of two
// attempts at once the second sees what the first did.
func (tx *Tx) LockLogin(ctx context.Context, email string) (*Login, error) {
	if _, err := tx.tx.Exec(ctx, `SELECT 1 FROM logins WHERE email_lower = lower($1) FOR UPDATE`, email); err != nil {
		return nil, mapError("lock login", err)
	}
	return tx.FindLogin(ctx, email)
}

// DeleteLogin removes a login and ends its sessions.
func (tx *Tx) DeleteLogin(ctx context.Context, id int64) error {
	tag, err := tx.tx.Exec(ctx, `DELETE FROM logins WHERE id = $1 AND ($2::bigint = 0 OR account_id = $2)`, id, tx.account)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "login", Key: strconv.FormatInt(id, 10)}
	}
	return mapError("delete login", err)
}
