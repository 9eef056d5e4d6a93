package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Number is an external number with its revision.
type Number struct {
	dialplan.Number
	Scheme   int64 // id of the scheme that holds it; 0: none. Set by SetPlanEntry.
	Revision int64
}

// NumberFilter selects numbers; zero fields select all.
type NumberFilter struct {
	User string // extension number of the user whose personal numbers they are
}

// CreateNumber gives the account a number and fills in Revision.
func (tx *Tx) CreateNumber(ctx context.Context, n *Number) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	personal, err := tx.user(ctx, account, "personal", n.Personal)
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO numbers (e164, account_id, personal_id) VALUES ($1, $2, $3) RETURNING revision`,
		n.E164, account, personal).Scan(&n.Revision)
	return mapError("create number", err)
}

const selectNumberRows = `SELECT n.e164, coalesce(e.number, ''), coalesce(n.scheme_id, 0), n.revision
	FROM numbers n LEFT JOIN extensions e ON e.account_id = n.account_id AND e.id = n.personal_id`

func scanNumber(rows pgx.Rows, n *Number) error {
	return rows.Scan(&n.E164, &n.Personal, &n.Scheme, &n.Revision)
}

// ReadNumber finds a number.
func (tx *Tx) ReadNumber(ctx context.Context, e164 string) (*Number, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectNumberRows+` WHERE n.account_id = $1 AND n.e164 = $2`, account, e164)
	return one(rows, err, "number", e164, scanNumber)
}

// ListNumbers lists numbers by key, which is the number, and how many f selects in all.
func (tx *Tx) ListNumbers(ctx context.Context, f NumberFilter, page Page) ([]Number, int, error) {
	account, err := tx.own()
	if err != nil {
		return nil, 0, err
	}
	w := conditions{` WHERE n.account_id = $1`, []any{account}}
	if f.User != "" {
		w.sql += ` AND n.personal_id = (SELECT id FROM extensions WHERE account_id = $1 AND number = ` + w.arg(f.User) + `)`
	}
	l := keyed[Number]{what: "numbers", rows: selectNumberRows, count: `SELECT count(*) FROM numbers n`, where: w, key: `n.e164`, scan: scanNumber}
	return l.page(ctx, tx, page)
}

// UpdateNumber links a number to a user or, with Personal empty, makes it a company number. A
// number in a numbering plan can't be personal. A Revision other than 0 must be the
// current one, else Stale; it is raised.
func (tx *Tx) UpdateNumber(ctx context.Context, n *Number) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	personal, err := tx.user(ctx, account, "personal", n.Personal)
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `UPDATE numbers SET personal_id = $3, revision = revision + 1
		WHERE account_id = $1 AND e164 = $2 AND ($4::bigint = 0 OR revision = $4) RETURNING revision`,
		account, n.E164, personal, n.Revision).Scan(&n.Revision)
	if err != nil {
		return tx.missed(ctx, err, "update", "number", n.E164,
			`SELECT revision FROM numbers WHERE account_id = $1 AND e164 = $2`, account, n.E164)
	}
	return nil
}

// DeleteNumber takes a number from the account; one that a numbering plan has is InUse. A
// revision other than 0 must be the current one, else Stale.
func (tx *Tx) DeleteNumber(ctx context.Context, e164 string, revision int64) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `DELETE FROM numbers WHERE account_id = $1 AND e164 = $2 AND ($3::bigint = 0 OR revision = $3) RETURNING e164`,
		account, e164, revision).Scan(&e164)
	if err != nil {
		return tx.missed(ctx, err, "delete", "number", e164,
			`SELECT revision FROM numbers WHERE account_id = $1 AND e164 = $2`, account, e164)
	}
	return nil
}

// AccountOfNumber is the account that a number (E.164) belongs to, for operators.
func (tx *Tx) AccountOfNumber(ctx context.Context, e164 string) (id dialplan.AccountID, err error) {
	err = tx.tx.QueryRow(ctx, `SELECT account_id FROM numbers WHERE e164 = $1`, e164).Scan(&id)
	if err != nil {
		return 0, notFound(err, "number", e164)
	}
	return id, nil
}

const selectNumbers = `SELECT account_id, e164, personal_id FROM numbers`

func (l *loader) e164(rows pgx.Rows) error {
	var account dialplan.AccountID
	var personal *int64
	n := new(dialplan.Number)
	if err := rows.Scan(&account, &n.E164, &personal); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	n.Personal = b.number(personal)
	b.Numbers[n.E164] = n
	return nil
}
