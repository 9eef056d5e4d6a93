package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/admin/identity"
	"callplane/dialplan"
	"callplane/store"
)

const (
	// Of each account: users, numbered from 1001, and call records.
	portalUsers = 50
	portalCalls = 20
	// Of the one big account: users, numbered from 10000.
	portalBig      = 10_000
	portalFirst    = "10000"
	portalEmail    = "kim@example.com"
	portalPassword = "a long password"
)

// portalToken is the secret of an account's token.
func portalToken(account int) string { return fmt.Sprintf("cpt_bench%d", account) }

// portalSeed are accounts 1 to {n} and the big one after them. Triggers are off: what they look after is right by
// construction.
var portalSeed = []string{
	`SET session_replication_role = replica`,
	`INSERT INTO accounts (name, country, language, time_zone, extension_length)
		SELECT 'Company ' || lpad(a::text, 5, '0'), 'NL', 'nl', 'Europe/Amsterdam', CASE WHEN a > {n} THEN 5 ELSE 4 END FROM generate_series(1, {n} + 1) a`,
	`INSERT INTO extensions (account_id, number, name, kind)
		SELECT a, 1000 + k, 'User ' || k, 'user' FROM generate_series(1, {n}) a, generate_series(1, {users}) k
		UNION ALL SELECT {n} + 1, 9999 + k, 'User ' || k, 'user' FROM generate_series(1, {big}) k`,
	`INSERT INTO ext_user (id, account_id, caller_id) SELECT id, account_id, '+3120' || 1000000 + id FROM extensions`,
	`INSERT INTO schemes (account_id, name, main, number) SELECT id, 'Main', true, 1 FROM accounts`,
	`INSERT INTO plans (account_id, scheme_id, number, name) SELECT account_id, id, 1, 'Standard' FROM schemes`,
	`INSERT INTO numbers (e164, account_id, scheme_id)
		SELECT '+3130' || 1000000 + account_id * 10 + k, account_id, id FROM schemes, generate_series(0, 9) k`,
	`INSERT INTO calls (id, account_id, direction, caller_number, caller_name, dialed, started, answered, ended, cause)
		SELECT gen_random_uuid(), a, 'inbound', '+3161' || 1000000 + a, '', '+3130' || 1000000 + a * 10, at, at + interval '5 seconds', at + interval '1 minute', 'normal'
		FROM generate_series(1, {n} + 1) a, generate_series(1, {calls}) k, LATERAL (SELECT now() - (a + k * {n}) * interval '1 second' AS at) t`,
	`INSERT INTO api_tokens (account_id, name, hash, role) SELECT id, 'bench', sha256(('cpt_bench' || id)::bytea), 'admin' FROM accounts`,
	`SET session_replication_role = origin`,
	`VACUUM ANALYZE`, // as time would
}

// seedPortal fills the database; it returns the secret of an operator's token. The big account is n+1.
func seedPortal(ctx context.Context, dsn string, db *store.DB, n int) (operator string, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	values := strings.NewReplacer("{n}", fmt.Sprint(n), "{users}", fmt.Sprint(portalUsers), "{calls}", fmt.Sprint(portalCalls), "{big}", fmt.Sprint(portalBig))
	for _, sql := range portalSeed {
		if _, err := conn.Exec(ctx, values.Replace(sql)); err != nil {
			return "", fmt.Errorf("%.60s…: %w", sql, err)
		}
	}
	hash := identity.NewPasswords(1).Hash(portalPassword)
	err = db.Account(ctx, dialplan.AccountID(n+1), func(tx *store.Tx) error {
		return tx.CreateLogin(ctx, &store.Login{Account: dialplan.AccountID(n + 1), Email: portalEmail, Name: "Kim", Role: store.RoleAdmin, Enabled: true, Password: hash})
	})
	if err != nil {
		return "", err
	}
	err = db.Platform(ctx, func(tx *store.Tx) error {
		operator, err = tx.CreateToken(ctx, &store.Token{Name: "bench", Role: store.RoleOperator, Expires: time.Now().Add(time.Hour)})
		return err
	})
	return operator, err
}
