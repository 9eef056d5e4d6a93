package pgtest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"callplane/store"
)

// shared is the cluster of this process's tests, with a migrated template database. It is
// the one thing global here: tests of a package have no common owner that could hold it.
// It goes when the process ends.
var shared = sync.OnceValues(func() (*Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := Start(ctx, Options{})
	if err != nil {
		return nil, err
	}
	if err := execute(ctx, c, "CREATE DATABASE template_callplane"); err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx, c.DSN("template_callplane"), slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	return c, nil
})

var databases atomic.Int64

func execute(ctx context.Context, c *Cluster, sql string) error {
	conn, err := pgx.Connect(ctx, c.DSN(""))
	if err != nil {
		return fmt.Errorf("connect to the test cluster: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// DSN makes a migrated, empty database for the test, dropped at its end, and returns its
// DSN for the superuser who owns it.
func DSN(t testing.TB) string {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatalf("start PostgreSQL for tests: %v", err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := execute(t.Context(), c, "CREATE DATABASE "+name+" TEMPLATE template_callplane STRATEGY file_copy"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := execute(ctx, c, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return c.DSN(name)
}

// Database gives the test a migrated, empty database of its own and a pool of the superuser,
// whom row-level security does not bind.
func Database(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return pool(t, DSN(t))
}

// Store gives the test a migrated, empty database of its own as the application sees it, and
// a pool of the superuser to look behind it.
func Store(t testing.TB, change ...func(*pgxpool.Config)) (*store.DB, *pgxpool.Pool) {
	t.Helper()
	dsn := DSN(t)
	db, err := store.Open(t.Context(), dsn, change...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db, pool(t, dsn)
}

func pool(t testing.TB, dsn string) *pgxpool.Pool {
	t.Helper()
	p, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Dir is a directory for a cluster of the test's own (Options.Dir) that the server's user can
// reach, removed at the end of the test.
func Dir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "pg")
}
