package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// FoundNumber is a number that a search found, and whose it is.
type FoundNumber struct {
	E164        string
	Account     dialplan.AccountID
	AccountName string
	Personal    string // extension of the user it is linked to
}

// FindNumbers finds numbers of the platform, or of a partner's accounts (0: all), that begin with prefix (E.164 with +).
func (tx *Tx) FindNumbers(ctx context.Context, prefix string, partner int64, limit int) ([]FoundNumber, error) {
	// A range and not a pattern: the key's index has it, and digits stand in the same order in every collation.
	rows, err := tx.tx.Query(ctx, selectFound+` WHERE n.e164 >= $1 AND n.e164 < $2 AND ($3::bigint = 0 OR a.partner_id = $3)
		ORDER BY n.e164 LIMIT $4`, prefix, afterPrefix(prefix), partner, limit)
	return collect(rows, err, "numbers", scanFound)
}

// FindOwnNumbers finds numbers of the account that have the digits in them: people know the last ones.
func (tx *Tx) FindOwnNumbers(ctx context.Context, digits string, limit int) ([]FoundNumber, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectFound+` WHERE n.account_id = $1 AND strpos(n.e164, $2) > 0 ORDER BY n.e164 LIMIT $3`, account, digits, limit)
	return collect(rows, err, "numbers", scanFound)
}

const selectFound = `SELECT n.e164, n.account_id, a.name, coalesce(x.number, '') FROM numbers n
	JOIN accounts a ON a.id = n.account_id LEFT JOIN extensions x ON x.account_id = n.account_id AND x.id = n.personal_id`

func scanFound(rows pgx.Rows, n *FoundNumber) error {
	return rows.Scan(&n.E164, &n.Account, &n.AccountName, &n.Personal)
}

// afterPrefix is the end of the range of numbers that begin with prefix; ':' comes after the digits.
func afterPrefix(prefix string) string {
	for i := len(prefix) - 1; i > 0; i-- {
		if prefix[i] < '9' {
			return prefix[:i] + string(prefix[i]+1)
		}
	}
	return prefix + "a"
}
