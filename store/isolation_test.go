package store_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// scoped runs raw SQL as the application in the scope of an account (0: in none), as a
// handler with a mistake in its WHERE would; what it did is rolled back.
func scoped(ctx context.Context, t *testing.T, pool *pgxpool.Pool, id dialplan.AccountID, sql string, args ...any) (int64, error) {
	t.Helper()
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	account := ""
	if id != 0 {
		account = strconv.FormatInt(int64(id), 10)
	}
	if _, err := tx.Exec(ctx, `SET LOCAL ROLE callplane_app`); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, `SELECT set_config('callplane.account', $1, true)`, account); err != nil {
		t.Fatal(err)
	}
	tag, err := tx.Exec(ctx, sql, args...)
	return tag.RowsAffected(), err
}

func denied(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42501"
}

// TestACC_01_NoTableLeaks tries every table that has an account: reading, changing, deleting
// and adding rows of another account, and moving one's own there.
func TestACC_01_NoTableLeaks(t *testing.T) {
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	a, b := company(ctx, t, db, 1), company(ctx, t, db, 2)
	for _, table := range accountTables(ctx, t, pool) {
		t.Run(table, func(t *testing.T) {
			var theirs int
			q := fmt.Sprintf(`SELECT count(*) FROM %s WHERE account_id = $1`, table)
			if err := pool.QueryRow(ctx, q, b).Scan(&theirs); err != nil || theirs == 0 {
				t.Fatalf("nothing of account %d to steal: %v", b, err)
			}
			read := func(scope dialplan.AccountID) int64 {
				n, err := scoped(ctx, t, pool, scope, fmt.Sprintf(`SELECT FROM %s WHERE account_id IS DISTINCT FROM $1`, table), a)
				if err != nil {
					t.Errorf("read: %v", err)
				}
				return n
			}
			if n := read(a); n != 0 {
				t.Errorf("account %d reads %d rows that are not its own", a, n)
			}
			if n := read(0); n != 0 {
				t.Errorf("without a scope %d rows are read", n)
			}
			if n := read(b); n != int64(theirs) {
				t.Errorf("account %d reads %d of its %d rows", b, n, theirs)
			}
			for _, sql := range []string{
				`UPDATE %s SET account_id = account_id WHERE account_id = $1`,
				`DELETE FROM %s WHERE account_id = $1`,
			} {
				if n, err := scoped(ctx, t, pool, a, fmt.Sprintf(sql, table), b); n != 0 || err != nil && !denied(err) {
					t.Errorf("%s: %d rows, %v", sql, n, err)
				}
			}
			if n, err := scoped(ctx, t, pool, a, fmt.Sprintf(`UPDATE %s SET account_id = $1`, table), b); n != 0 || err != nil && !denied(err) {
				t.Errorf("account %d gives rows away: %d rows, %v", a, n, err)
			}
			// A row just like theirs: refused for its account, before its keys are looked at.
			n, err := scoped(ctx, t, pool, a, insertLike(ctx, t, pool, table, b))
			if n != 0 || !denied(err) {
				t.Errorf("insert for another account: %d rows, %v", n, err)
			}
		})
	}
	t.Run("accounts", func(t *testing.T) {
		for sql, want := range map[string]int64{
			`SELECT FROM accounts`:                     1,
			`UPDATE accounts SET name = 'x'`:           1,
			`DELETE FROM accounts`:                     0,
			`SELECT FROM partners`:                     0,
			`UPDATE partners SET name = 'x'`:           0,
			`SELECT FROM platform_versions`:            0,
			`UPDATE platform_versions SET version = 0`: 0,
			`DELETE FROM trunks`:                       0,
			`UPDATE trunks SET host = 'evil'`:          0,
		} {
			if n, err := scoped(ctx, t, pool, a, sql); n != want || err != nil {
				t.Errorf("%s: %d rows, %v", sql, n, err)
			}
		}
		for _, sql := range []string{
			`INSERT INTO accounts (name, country, language, time_zone, extension_length) VALUES ('x', 'NL', 'nl', 'UTC', 3)`,
			`INSERT INTO partners (name) VALUES ('x')`,
			`UPDATE audit_log SET actor = 'x'`,
			`DELETE FROM audit_log`,
			`ALTER TABLE channels DISABLE ROW LEVEL SECURITY`,
			`SELECT callplane_isolate('channels')`,
			`CREATE TABLE mine (x integer)`,
		} {
			if _, err := scoped(ctx, t, pool, a, sql); !denied(err) {
				t.Errorf("%s: %v", sql, err)
			}
		}
	})
	t.Run("references", func(t *testing.T) {
		// Ids of another account can't be referred to from one's own rows.
		var ext, user, scheme int64
		if err := pool.QueryRow(ctx, `SELECT (SELECT max(id) FROM extensions WHERE account_id = $1), (SELECT max(id) FROM ext_user WHERE account_id = $1),
			(SELECT max(id) FROM schemes WHERE account_id = $1)`, b).Scan(&ext, &user, &scheme); err != nil {
			t.Fatal(err)
		}
		for sql, id := range map[string]int64{
			`UPDATE ext_ivr SET fallback_ext = $1`:                                                ext,
			`UPDATE ivr_options SET dest_ext = $1, dest_external = NULL`:                          ext,
			`UPDATE ext_location SET fallback_ext = $1, fallback_external = NULL`:                 ext,
			`UPDATE ext_location SET blocked_ext = $1, blocked_external = NULL`:                   ext,
			`UPDATE ext_location SET mobile_ext = $1, mobile_external = NULL`:                     ext,
			`UPDATE location_routes SET dest_ext = $1, dest_external = NULL`:                      ext,
			`UPDATE ext_authentication SET fallback_ext = $1`:                                     ext,
			`UPDATE authentication_entries SET dest_ext = $1`:                                     ext,
			`UPDATE ext_voicemail SET user_id = $1`:                                               user,
			`UPDATE voicemail_messages SET box_id = $1`:                                           ext,
			`UPDATE ext_picker SET fallback_ext = $1`:                                             ext,
			`UPDATE ext_queue SET breakout_ext = $1`:                                              ext,
			`UPDATE queue_destinations SET dest_ext = $1, dest_external = NULL`:                   ext,
			`UPDATE queue_members SET member_id = $1, member_kind = 'user' WHERE position = 0`:    user,
			`UPDATE ext_time SET failover_ext = $1`:                                               ext,
			`UPDATE time_periods SET dest_ext = $1, dest_external = NULL`:                         ext,
			`UPDATE ext_limit SET within_ext = $1`:                                                ext,
			`UPDATE ext_limit SET above_ext = $1, above_external = NULL`:                          ext,
			`UPDATE plan_entries SET dest_ext = $1`:                                               ext,
			`UPDATE forwards SET dest_ext = $1, dest_external = NULL`:                             ext,
			`UPDATE channels SET user_id = $1`:                                                    user,
			`UPDATE group_members SET user_id = $1 WHERE position = 0`:                            user,
			`UPDATE numbers SET personal_id = $1, scheme_id = NULL WHERE personal_id IS NOT NULL`: user,
			`UPDATE numbers SET scheme_id = $1 WHERE personal_id IS NULL AND NOT EXISTS (SELECT FROM plan_entries)
				OR scheme_id IS NOT NULL`: scheme,
		} {
			var pg *pgconn.PgError
			if _, err := scoped(ctx, t, pool, a, sql, id); !errors.As(err, &pg) || pg.Code != "23503" {
				t.Errorf("%s: %v", sql, err)
			}
		}
	})
}

// insertLike is an INSERT of a copy of a row of the account.
func insertLike(ctx context.Context, t *testing.T, pool *pgxpool.Pool, table string, id dialplan.AccountID) string {
	t.Helper()
	var columns, values string
	err := pool.QueryRow(ctx, `SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'`, table).Scan(&columns)
	if err != nil {
		t.Fatal(err)
	}
	err = pool.QueryRow(ctx, fmt.Sprintf(`SELECT quote_literal(to_jsonb(r)) FROM %s r WHERE account_id = $1 LIMIT 1`, table), id).Scan(&values)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM jsonb_populate_record(NULL::%s, %s::jsonb)`,
		table, columns, columns, table, values)
}

// TestACC_01_EveryTableIsForced finds a table of accounts that was forgotten.
func TestACC_01_EveryTableIsForced(t *testing.T) {
	ctx := t.Context()
	pool := pgtest.Database(t)
	rows, err := pool.Query(ctx, `SELECT relname::text, relrowsecurity AND relforcerowsecurity FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'goose_db_version'`)
	if err != nil {
		t.Fatal(err)
	}
	var name string
	var forced bool
	n := 0
	_, err = pgx.ForEachRow(rows, []any{&name, &forced}, func() error {
		n++
		if !forced {
			t.Errorf("row-level security of %s is not enabled and forced", name)
		}
		return nil
	})
	if err != nil || n < 20 {
		t.Fatalf("%d tables, %v", n, err)
	}
}

// TestACC_01_ScopesDoNotStick: a connection that goes back to the pool takes no scope along.
func TestACC_01_ScopesDoNotStick(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t, func(c *pgxpool.Config) { c.MaxConns = 1 })
	a, b := company(ctx, t, db, 1), company(ctx, t, db, 2)
	for range 3 {
		if err := db.Platform(ctx, func(tx *store.Tx) error {
			list, n, err := tx.ListAccounts(ctx, store.AccountFilter{}, store.Page{})
			if len(list) != 2 || n != 2 {
				t.Errorf("the platform sees %d of %d accounts", len(list), n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.Account(ctx, a, func(tx *store.Tx) error {
			if _, err := tx.ReadAccount(ctx, b); !is[*store.NotFound](err) {
				t.Errorf("account %d is seen by %d: %v", b, a, err)
			}
			if _, err := tx.For(b).ReadExtension(ctx, "101"); !is[*store.NotFound](err) {
				t.Errorf("extension of %d is seen by %d: %v", b, a, err)
			}
			if err := tx.For(b).CreateNumber(ctx, &store.Number{Number: dialplan.Number{E164: "+4950123456"}}); err == nil {
				t.Errorf("account %d gives %d a number", a, b)
			}
			return nil
		}); err == nil {
			t.Error("a failed statement leaves its transaction usable")
		}
	}
	if err := db.Account(ctx, 0, func(*store.Tx) error { return nil }); err == nil {
		t.Error("account 0 is a scope")
	}
}
