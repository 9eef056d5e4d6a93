package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// record is a full call record; times have the resolution of the database.
func record(account dialplan.AccountID, n int) store.CallRecord {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Second)
	return store.CallRecord{
		ID: uuid.New(), AccountID: account, Direction: store.CallInbound,
		CallerNumber: "+31612345678", CallerName: "Zoë", Dialed: "+31201234567",
		Started: at, Answered: at.Add(time.Second), Ended: at.Add(time.Minute), Cause: "normal",
		Legs: []store.LegRecord{
			{ID: uuid.NewString(), Engine: "a", SIPCallID: "x@y", Direction: store.LegInbound, Trunk: "carrier",
				Number: "+31201234567", Started: at, Answered: at.Add(time.Second), Ended: at.Add(time.Minute), Cause: "normal"},
			{ID: uuid.NewString(), Engine: "a", Direction: store.LegOutbound, Target: "101", Extension: "101", Channel: "demo101",
				Started: at, Ringing: at.Add(500 * time.Millisecond), Ended: at.Add(time.Minute), Cause: "busy", SIPStatus: 486},
		},
		Trace: []store.TraceStep{{At: at, Step: "inbound", Reason: fmt.Sprintf("call %d", n), Detail: "300"}},
	}
}

// running starts a writer and gives back its end.
func running(t *testing.T, db *store.DB, dir string) (*store.Writer, func()) {
	t.Helper()
	w, err := store.NewWriter(db, store.WriterOptions{Dir: dir, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop := sync.OnceFunc(func() { cancel(); done.Wait() })
	t.Cleanup(stop)
	return w, stop
}

// eventually polls until ok: what it waits for has no event in this process.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("not in 30 s: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func counts(t *testing.T, pool *pgxpool.Pool) (calls, legs, steps int) {
	t.Helper()
	err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM calls), (SELECT count(*) FROM call_legs), (SELECT count(*) FROM call_trace)`).
		Scan(&calls, &legs, &steps)
	if err != nil {
		t.Fatal(err)
	}
	return calls, legs, steps
}

func TestOPS_01_RecordsComeBackAsWritten(t *testing.T) {
	db, _ := pgtest.Store(t)
	w, _ := running(t, db, t.TempDir())
	want := record(7, 1)
	w.Write(want)
	w.Write(want) // once more is not twice
	eventually(t, "written", func() bool { return w.Written() == 2 && w.Spooled() == 0 })
	err := db.Account(t.Context(), 7, func(tx *store.Tx) error {
		got, err := tx.ReadCall(t.Context(), want.ID)
		if err != nil {
			return err
		}
		utc(got)
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("got  %+v\nwant %+v", *got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Account(t.Context(), 8, func(tx *store.Tx) error {
		_, err := tx.ReadCall(t.Context(), want.ID)
		return err
	})
	if !is[*store.NotFound](err) {
		t.Errorf("another account reads the call: %v", err)
	}
}

// utc drops the zone that the driver gives to times.
func utc(r *store.CallRecord) {
	fix := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.UTC()
		}
	}
	fix(&r.Started)
	fix(&r.Answered)
	fix(&r.Ended)
	for i := range r.Legs {
		l := &r.Legs[i]
		fix(&l.Started)
		fix(&l.Ringing)
		fix(&l.Answered)
		fix(&l.Ended)
	}
	for i := range r.Trace {
		fix(&r.Trace[i].At)
	}
}

func TestOPS_04_BadRecordsAreSetAside(t *testing.T) {
	db, pool := pgtest.Store(t)
	dir := t.TempDir()
	w, _ := running(t, db, dir)
	bad := record(7, 2)
	bad.Direction = "sideways"
	far := record(7, 3)
	far.Ended = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC) // no JSON
	dirty := record(7, 4)
	dirty.CallerName = "a\x00b\xff"
	dirty.Trace[0].Reason = "\xc3\x28"
	for _, r := range []store.CallRecord{record(7, 1), bad, far, dirty, record(7, 5)} {
		w.Write(r)
	}
	eventually(t, "written", func() bool { return w.Written() == 3 && w.Spooled() == 0 })
	if w.Dropped() != 2 {
		t.Errorf("dropped %d", w.Dropped())
	}
	if calls, legs, _ := counts(t, pool); calls != 3 || legs != 6 {
		t.Errorf("%d calls with %d legs", calls, legs)
	}
	b, err := os.ReadFile(filepath.Join(dir, "rejected.jsonl"))
	if err != nil || len(b) == 0 {
		t.Errorf("rejected records: %v", err)
	}
}

func TestOPS_04_RecordsSurviveTheDatabase(t *testing.T) {
	ctx := t.Context()
	c, err := pgtest.Start(ctx, pgtest.Options{Dir: pgtest.Dir(t), Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := store.Migrate(ctx, c.DSN(""), quiet()); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, c.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	dir := t.TempDir()
	w, stop := running(t, db, dir)
	n := 0
	write := func(k int) {
		for range k {
			n++
			w.Write(record(1, n))
		}
	}
	write(500)
	eventually(t, "first records", func() bool { return w.Written() > 0 })
	write(500)
	if err := c.Kill(); err != nil { // in the middle of writing
		t.Fatal(err)
	}
	write(1000)
	eventually(t, "spooled", func() bool { return w.Queued() == 0 })
	if w.Spooled() < 1000 {
		t.Errorf("only %d in the spool", w.Spooled())
	}
	// The controller goes and comes back while the database is away.
	stop()
	w, _ = running(t, db, dir)
	write(100)
	if err := c.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all written", func() bool { return w.Queued() == 0 && w.Spooled() == 0 })
	pool, err := pgxpool.New(ctx, c.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if calls, legs, steps := counts(t, pool); calls != n || legs != 2*n || steps != n {
		t.Errorf("%d calls, %d legs, %d steps of %d, %d, %d", calls, legs, steps, n, 2*n, n)
	}
	if w.Dropped() != 0 {
		t.Errorf("dropped %d", w.Dropped())
	}
}

// TestOPS_04_RecordsSurviveKill kills a process that has just spooled its last record.
func TestOPS_04_RecordsSurviveKill(t *testing.T) {
	const n = 3000
	if dir := os.Getenv("WRITER_CHILD"); dir != "" {
		db, err := store.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none") // away
		if err != nil {
			t.Fatal(err)
		}
		w, _ := running(t, db, dir)
		for i := range n {
			w.Write(record(1, i))
		}
		eventually(t, "spooled", func() bool { return w.Queued() == 0 })
		_ = exec.Command("kill", "-9", fmt.Sprint(os.Getpid())).Run()
		select {}
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=TestOPS_04_RecordsSurviveKill")
	cmd.Env = append(os.Environ(), "WRITER_CHILD="+dir)
	if err := cmd.Run(); err == nil {
		t.Fatal("the child was not killed")
	}
	// A torn end, as a crash in the middle of an append leaves it.
	segments, err := filepath.Glob(filepath.Join(dir, "*.records"))
	if err != nil || len(segments) == 0 {
		t.Fatal("nothing in the spool")
	}
	f, err := os.OpenFile(segments[len(segments)-1], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte{200, 0, 0, 0, 1, 2, 3, 4, '{'}); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	db, pool := pgtest.Store(t)
	w, stop := running(t, db, dir)
	w.Write(record(1, n))
	eventually(t, "written", func() bool { return w.Queued() == 0 && w.Spooled() == 0 })
	if calls, legs, _ := counts(t, pool); calls != n+1 || legs != 2*(n+1) {
		t.Errorf("%d calls with %d legs of %d", calls, legs, n+1)
	}
	stop()
	if left, _ := filepath.Glob(filepath.Join(dir, "*.records")); len(left) != 0 {
		t.Errorf("the spool is not empty at the end: %v", left)
	}
}

func TestSpoolHasOneWriter(t *testing.T) {
	db, _ := pgtest.Store(t)
	dir := t.TempDir()
	running(t, db, dir)
	if _, err := store.NewWriter(db, store.WriterOptions{Dir: dir, Log: quiet()}); err == nil {
		t.Error("two writers share a spool")
	}
}

func TestFullQueueDropsAndCounts(t *testing.T) {
	db, _ := pgtest.Store(t)
	w, err := store.NewWriter(db, store.WriterOptions{Dir: t.TempDir(), Queue: 2, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		w.Write(record(1, i)) // nobody spools yet
	}
	if w.Queued() != 2 || w.Dropped() != 3 {
		t.Errorf("queued %d, dropped %d", w.Queued(), w.Dropped())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Run(ctx); err != nil { // ends at once, but not before all is stored
		t.Fatal(err)
	}
	if w.Written() != 2 || w.Spooled() != 0 {
		t.Errorf("written %d, spooled %d", w.Written(), w.Spooled())
	}
}

// BenchmarkWriter is how long a record is in memory only, one record at a time.
func BenchmarkWriter(b *testing.B) {
	db, err := store.Open(b.Context(), "postgres://nobody@127.0.0.1:1/none") // away: the disk alone
	if err != nil {
		b.Fatal(err)
	}
	w, err := store.NewWriter(db, store.WriterOptions{Dir: b.TempDir(), Log: quiet()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = w.Run(ctx) })
	defer done.Wait()
	defer cancel()
	r := record(1, 1)
	for b.Loop() {
		w.Write(r)
		for w.Queued() > 0 {
			time.Sleep(100 * time.Microsecond)
		}
	}
}

// BenchmarkWriterBurst is how long it takes until the last of 3,000 records that come at once
// is on disk.
func BenchmarkWriterBurst(b *testing.B) {
	db, err := store.Open(b.Context(), "postgres://nobody@127.0.0.1:1/none")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	w, err := store.NewWriter(db, store.WriterOptions{Dir: b.TempDir(), Log: quiet()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = w.Run(ctx) })
	defer done.Wait()
	defer cancel()
	r := record(1, 1)
	for b.Loop() {
		for range 3000 {
			w.Write(r)
		}
		for w.Queued() > 0 {
			time.Sleep(100 * time.Microsecond)
		}
	}
}
