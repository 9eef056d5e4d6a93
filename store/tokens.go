package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Role says what the holder of a token may do (ACC-05).
type Role string

// Roles. Operator acts on the platform, Partner on the accounts of a partner, all others
// within one account.
const (
	RoleOperator      Role = "operator"
	RolePartner       Role = "partner"
	RoleAdmin         Role = "admin"
	RoleRecordings    Role = "recordings"
	RoleOwnRecordings Role = "own-recordings"
	RoleSupervisor    Role = "supervisor"
	RoleUser          Role = "user"
)

// Token is an API token without its secret, of which only a hash is kept.
type Token struct {
	ID      int64
	Account dialplan.AccountID // 0 for RoleOperator and RolePartner
	Partner int64              // for RolePartner
	User    string             // extension number, for RoleUser
	Name    string
	Role    Role
	// Zero times: never.
	Created, Expires, Revoked, LastUsed time.Time
}

// tokenPrefix lets people and secret scanners recognise a token.
const tokenPrefix = "cpt_"

func hashToken(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

// CreateToken adds a token and returns its secret, which can't be had again. It fills in ID
// and Created. In an account's scope the token is that account's. A User that is none is Invalid.
func (tx *Tx) CreateToken(ctx context.Context, t *Token) (secret string, err error) {
	if tx.account != 0 {
		t.Account = tx.account
	}
	secret = tokenPrefix + rand.Text() + rand.Text()[:6]
	err = tx.tx.QueryRow(ctx, `INSERT INTO api_tokens (account_id, partner_id, name, hash, role, expires_at, user_id)
		VALUES (nullif($1::bigint, 0), nullif($2::bigint, 0), $3, $4, $5, $6,
			(SELECT id FROM extensions WHERE account_id = $1 AND number = $7 AND kind = 'user')) RETURNING id, created_at`,
		t.Account, t.Partner, t.Name, hashToken(secret), t.Role, nullTime(t.Expires), t.User).Scan(&t.ID, &t.Created)
	if err != nil {
		return "", mapError("create token", err)
	}
	return secret, nil
}

const selectTokens = `SELECT id, coalesce(account_id, 0), coalesce(partner_id, 0), name, role, created_at, expires_at, revoked_at,
	last_used_at, coalesce((SELECT x.number FROM extensions x WHERE x.id = user_id), '') FROM api_tokens`

func scanToken(rows pgx.Rows, t *Token) error {
	var expires, revoked, used *time.Time
	err := rows.Scan(&t.ID, &t.Account, &t.Partner, &t.Name, &t.Role, &t.Created, &expires, &revoked, &used, &t.User)
	t.Expires, t.Revoked, t.LastUsed = timeOf(expires), timeOf(revoked), timeOf(used)
	return err
}

// FindToken finds a valid token by its secret, for Platform scope; NotFound when there is
// none, or it has expired or was revoked. LastUsed is kept to the minute; nobody waits for the disk to have it.
func (tx *Tx) FindToken(ctx context.Context, secret string) (*Token, error) {
	rows, err := tx.tx.Query(ctx, selectTokens+` WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
		hashToken(secret))
	t, err := one(rows, err, "token", "with this secret", scanToken)
	if err != nil {
		return nil, err
	}
	if time.Since(t.LastUsed) > time.Minute {
		if err := tx.note(ctx, `UPDATE api_tokens SET last_used_at = now() WHERE id = $1`, t.ID); err != nil {
			return nil, mapError("note use of token", err)
		}
	}
	return t, nil
}

// ListTokens lists tokens in the order of their ids, those after one: the account's within its scope, the
// platform's and partners' otherwise. Revoked and expired ones are among them.
func (tx *Tx) ListTokens(ctx context.Context, after int64, limit int) ([]Token, error) {
	limit, _ = Page{Limit: limit}.bounds()
	where, args := ` WHERE account_id IS NULL AND id > $1 ORDER BY id LIMIT $2`, []any{after, limit}
	if tx.account != 0 {
		where, args = ` WHERE account_id = $3 AND id > $1 ORDER BY id LIMIT $2`, append(args, tx.account)
	}
	rows, err := tx.tx.Query(ctx, selectTokens+where, args...)
	return collect(rows, err, "tokens", scanToken)
}

// RevokeToken ends a token for good; ended already is nothing.
func (tx *Tx) RevokeToken(ctx context.Context, id int64) error {
	tag, err := tx.tx.Exec(ctx, `UPDATE api_tokens SET revoked_at = coalesce(revoked_at, now())
		WHERE id = $1 AND ($2::bigint = 0 OR account_id = $2)`, id, tx.account)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "token", Key: strconv.FormatInt(id, 10)}
	}
	return mapError("revoke token", err)
}
