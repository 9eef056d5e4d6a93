package pgtest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestClusterSurvivesKillAndRestart(t *testing.T) {
	c, err := Start(t.Context(), Options{Dir: Dir(t), Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}()
	conn, err := pgx.Connect(t.Context(), c.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE TABLE t AS SELECT 7 AS x"); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	// The backend of the old connection may see a moment later that its postmaster is dead.
	if _, err := pgx.Connect(t.Context(), c.DSN("")); err == nil {
		t.Fatal("the server is still there after Kill")
	}
	if err := c.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err = pgx.Connect(t.Context(), c.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	var x int
	if err := conn.QueryRow(t.Context(), "SELECT x FROM t").Scan(&x); err != nil || x != 7 {
		t.Fatalf("after restart: %d, %v", x, err)
	}
}

// TestClusterGoesWithItsProcess kills a process that has started a cluster, as a test binary
// may be, and expects server and directory to go.
func TestClusterGoesWithItsProcess(t *testing.T) {
	if dir := os.Getenv("PGTEST_CHILD"); dir != "" {
		c, err := Start(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir, []byte(c.dir), 0o600); err != nil {
			t.Fatal(err)
		}
		select {} // until killed
	}
	told := filepath.Join(t.TempDir(), "dir")
	cmd := exec.Command(os.Args[0], "-test.run=TestClusterGoesWithItsProcess")
	cmd.Env = append(os.Environ(), "PGTEST_CHILD="+told)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var dir []byte
	for len(dir) == 0 {
		pause(ctx, t)
		dir, _ = os.ReadFile(told)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for {
		if _, err := os.Stat(string(dir)); errors.Is(err, fs.ErrNotExist) {
			return
		}
		pause(ctx, t)
	}
}

func pause(ctx context.Context, t *testing.T) {
	t.Helper()
	select {
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	case <-time.After(10 * time.Millisecond):
	}
}

func TestDatabaseIsMigratedAndOfItsOwn(t *testing.T) {
	for range 3 {
		p := Database(t)
		if _, err := p.Exec(t.Context(), "INSERT INTO partners (name) VALUES ('one')"); err != nil {
			t.Fatal(err)
		}
	}
	db, _ := Store(t)
	if err := db.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}
