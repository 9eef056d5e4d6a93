// Package store keeps configuration and records in PostgreSQL: migrations, queries,
// snapshots of accounts with notification of changes, and a spooled writer of call records.
package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"callplane/dialplan"
)

// appRole is the role of every query: not the owner of the tables, subject to row-level security.
const appRole = "callplane_app"

// DB is a pool of connections that work as the role callplane_app.
type DB struct {
	pool  *pgxpool.Pool
	zones zones
}

// Open prepares a pool for dsn (URL or key=value as in libpq). The user of dsn must be, or be
// a member of, callplane_app. Open does not connect: the database may be away, see Check.
// Each change may adjust the configuration of the pool.
func Open(ctx context.Context, dsn string, change ...func(*pgxpool.Config)) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("parse DSN of the database: %w", err)
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	if cfg.ConnConfig.RuntimeParams["application_name"] == "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = "callplane"
	}
	// One account or all of them, by the same prepared statement: a plan made for the one
	// is bad for the other, so each is planned for its own arguments.
	cfg.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	// Rows of an account lie apart. What is in memory, or on a disk without an arm, is read there as fast as side by side, and an index
	// that has the rows in order is cheaper than sorting them.
	cfg.ConnConfig.RuntimeParams["random_page_cost"] = "1.1"
	cfg.AfterConnect = becomeApp
	for _, f := range change {
		f(cfg)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open pool of the database: %w", err)
	}
	return &DB{pool: pool}, nil
}

func becomeApp(ctx context.Context, c *pgx.Conn) error {
	if _, err := c.Exec(ctx, "SET ROLE "+appRole); err != nil {
		return fmt.Errorf("become role %s: %w", appRole, err)
	}
	return nil
}

// Close ends all connections; running transactions are waited for.
func (db *DB) Close() { db.pool.Close() }

// Check connects and tells why the database can't be used: away, migrations missing or newer
// than this program, or a role that row-level security does not bind.
func (db *DB) Check(ctx context.Context) error {
	want, err := latestMigration()
	if err != nil {
		return err
	}
	var bound bool
	err = db.pool.QueryRow(ctx, `SELECT NOT rolsuper AND NOT rolbypassrls AND NOT EXISTS (
			SELECT FROM pg_class WHERE relname = 'accounts' AND relnamespace = 'public'::regnamespace AND relowner = r.oid)
		FROM pg_roles r WHERE rolname = current_user`).Scan(&bound)
	if err != nil {
		return fmt.Errorf("check the database: %w", err)
	}
	if !bound {
		return errors.New("check the database: its role is not bound by row-level security")
	}
	var have int64
	if err := db.pool.QueryRow(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&have); err != nil {
		return fmt.Errorf("check the version of the schema: %w", err)
	}
	if have != want {
		return fmt.Errorf("check the version of the schema: it is %d, this program needs %d", have, want)
	}
	return nil
}

// Tx is a transaction that sees one account, or the whole platform.
type Tx struct {
	tx      pgx.Tx
	account dialplan.AccountID // 0: none chosen
}

// Account runs f in a transaction that sees and changes only the account's rows (ACC-01). It is
// committed when f returns nil; an error of f is returned as it is.
func (db *DB) Account(ctx context.Context, id dialplan.AccountID, f func(*Tx) error) error {
	if id <= 0 {
		return fmt.Errorf("account %d: %w", id, errNoAccount)
	}
	return db.run(ctx, "", id, f)
}

// Platform runs f in a transaction that sees every account: for operators and for this
// package's own loaders.
func (db *DB) Platform(ctx context.Context, f func(*Tx) error) error {
	return db.run(ctx, "", 0, f)
}

// run is Account or Platform (id 0); mode is what stands after BEGIN.
func (db *DB) run(ctx context.Context, mode string, id dialplan.AccountID, f func(*Tx) error) error {
	ran, err := db.try(ctx, mode, id, f)
	if err != nil && !ran && ctx.Err() == nil {
		// Nothing was done yet: most likely the pool's connections are of a server that
		// has been restarted. Once more, with new ones.
		db.pool.Reset()
		_, err = db.try(ctx, mode, id, f)
	}
	// Deferred constraints speak at commit.
	if pg, ok := err.(*pgconn.PgError); ok {
		return mapError("commit", pg)
	}
	return err
}

func (db *DB) try(ctx context.Context, mode string, id dialplan.AccountID, f func(*Tx) error) (ran bool, err error) {
	err = pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{BeginQuery: begin(mode, id)}, func(tx pgx.Tx) error {
		ran = true
		return f(&Tx{tx: tx, account: id})
	})
	if err != nil && !ran {
		err = fmt.Errorf("begin transaction: %w", err)
	}
	return ran, err
}

// begin begins a transaction and sets its scope, in one question to the server. The scope is local to the transaction: the connection
// goes back to the pool without it.
func begin(mode string, id dialplan.AccountID) string {
	account, platform := "", "on"
	if id != 0 {
		account, platform = strconv.FormatInt(int64(id), 10), ""
	}
	return "BEGIN " + mode + "; SET LOCAL callplane.account = '" + account + "'; SET LOCAL callplane.platform = '" + platform + "'"
}

// For returns the transaction for work on one account within Platform. Within Account
// only the same account makes sense: another one has no rows there.
func (tx *Tx) For(id dialplan.AccountID) *Tx { return &Tx{tx: tx.tx, account: id} }

// own is the account of account-scoped queries.
func (tx *Tx) own() (dialplan.AccountID, error) {
	if tx.account <= 0 {
		return 0, errNoAccount
	}
	return tx.account, nil
}
