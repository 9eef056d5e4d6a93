package recording

import (
	"archive/zip"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// company is an account with recordings in a database, and the folder of their files.
type company struct {
	*testing.T
	db      *store.DB
	id      dialplan.AccountID
	archive *Archive
	log     *slog.Logger
}

func newCompany(t *testing.T) *company {
	t.Helper()
	c := &company{T: t, archive: &Archive{Dir: t.TempDir()}, log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	c.db, _ = pgtest.Store(t)
	a := &store.Account{Name: "Alpha", Enabled: true, Country: dialplan.NL, ExtensionLength: 3}
	if err := c.db.Platform(t.Context(), func(tx *store.Tx) error { return tx.CreateAccount(t.Context(), a) }); err != nil {
		t.Fatal(err)
	}
	c.id = a.ID
	if err := os.MkdirAll(filepath.Join(c.archive.Dir, asideDir), 0o700); err != nil {
		t.Fatal(err)
	}
	return c
}

// keep adds a recording with a file of so many bytes.
func (c *company) keep(at time.Time, size int64) store.Recording {
	c.Helper()
	r := store.Recording{ID: uuid.New(), Account: c.id, Call: uuid.New(), Reason: dialplan.RecordSystematic, UserID: 1, Extension: "101", Started: at.UTC().Truncate(time.Millisecond),
		Channels: 2, Size: size}
	r.File = filepath.Join(accountDir(c.id), r.Started.Format(time.DateOnly), r.ID.String()+".wav")
	path := filepath.Join(c.archive.Dir, r.File)
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, make([]byte, size), 0o600), c.db.KeepRecording(c.Context(), r))
	if err != nil {
		c.Fatal(err)
	}
	return r
}

func (c *company) hasFile(r *store.Recording) bool {
	c.Helper()
	f, err := c.archive.Open(r)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		c.Fatal(err)
	}
	return f.Close() == nil
}

func (c *company) account(f func(*store.Tx) error) {
	c.Helper()
	if err := c.db.Account(c.Context(), c.id, f); err != nil {
		c.Fatal(err)
	}
}

func (c *company) rows() (n int) {
	c.Helper()
	c.account(func(tx *store.Tx) (err error) {
		n, _, err = tx.CountRecordings(c.Context(), store.RecordingFilter{}, 1000)
		return err
	})
	return n
}

func (c *company) ask() *store.RecordingExport {
	c.Helper()
	e := &store.RecordingExport{CreatedBy: "test"}
	c.account(func(tx *store.Tx) (err error) {
		if e.Recordings, e.Bytes, err = tx.CountRecordings(c.Context(), store.RecordingFilter{}, 1000); err != nil {
			return err
		}
		return tx.CreateExport(c.Context(), e)
	})
	return e
}

func (c *company) read(id uuid.UUID) (e *store.RecordingExport) {
	c.Helper()
	c.account(func(tx *store.Tx) (err error) {
		e, err = tx.ReadExport(c.Context(), id)
		return err
	})
	return e
}

func (c *company) exports(change func(*ExportsConfig)) *Exports {
	c.Helper()
	cfg := ExportsConfig{Archive: c.archive, DB: c.db, Log: c.log, Beat: 20 * time.Millisecond,
		Space: func(string) (int64, int64, error) { return 1 << 40, 1 << 40, nil }}
	if change != nil {
		change(&cfg)
	}
	e, err := NewExports(cfg)
	if err != nil {
		c.Fatal(err)
	}
	return e
}

func (c *company) work(e *Exports, want bool) {
	c.Helper()
	if worked, err := e.work(c.Context()); worked != want || err != nil {
		c.Fatalf("worked %v, want %v: %v", worked, want, err)
	}
}

// inFolder are the names of the files of exports.
func (c *company) inFolder() (names []string) {
	c.Helper()
	list, err := os.ReadDir(filepath.Join(c.archive.Dir, exportsDir))
	if err != nil {
		c.Fatal(err)
	}
	for _, d := range list {
		names = append(names, d.Name())
	}
	return names
}

func TestAnExportIsMadeAndKeptForADay(t *testing.T) {
	c := newCompany(t)
	now := time.Now()
	for i := range 3 {
		c.keep(now.Add(-time.Duration(i)*time.Hour), 1000)
	}
	x := c.ask()
	e := c.exports(nil)
	c.work(e, true)
	c.work(e, false)
	got := c.read(x.ID)
	if got.State != store.ExportDone || got.Recordings != 3 || got.Bytes != 3000 || got.DoneBytes < 3000 {
		t.Errorf("%+v", got)
	}
	f, err := e.Open(got)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := zip.NewReader(f, got.DoneBytes)
	if err != nil || len(z.File) != 4 {
		t.Fatalf("%v %v", z, err)
	}
	if err := e.expire(t.Context(), now.Add(23*time.Hour)); err != nil || len(c.inFolder()) != 1 {
		t.Errorf("after 23 hours: %v %v", c.inFolder(), err)
	}
	if err := e.expire(t.Context(), now.Add(25*time.Hour)); err != nil || len(c.inFolder()) != 0 {
		t.Errorf("after 25 hours: %v %v", c.inFolder(), err)
	}
	if there, err := c.db.HasExport(t.Context(), c.id, x.ID); there || err != nil {
		t.Errorf("after 25 hours its row is there: %v %v", there, err)
	}
}

// A controller that is killed leaves its work to the next one; one that is stopped gives it back.
func TestAnExportSurvivesTheController(t *testing.T) {
	c := newCompany(t)
	c.keep(time.Now(), 1000)
	x := c.ask()
	dead := uuid.New()
	if _, err := c.db.ClaimExport(t.Context(), dead, time.Hour); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(c.archive.Dir, exportsDir, exportName(c.id, x.ID)+"."+dead.String()+partial)
	e := c.exports(nil)
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); e.Run(stopped) }()
	for deadline := time.Now().Add(time.Minute); c.read(x.ID).State != store.ExportDone; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", c.read(x.ID))
		}
		e.Wake()
	}
	cancel()
	<-done
	if got := c.read(x.ID); got.Attempts != 2 {
		t.Errorf("%+v", got)
	}
	if err := os.Chtimes(left, time.Now(), time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := e.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names := c.inFolder(); len(names) != 1 || strings.HasSuffix(names[0], partial) {
		t.Errorf("files %v", names)
	}
	// Stopped in the middle.
	x = c.ask()
	ctx, stop := context.WithCancel(t.Context())
	e = c.exports(func(cfg *ExportsConfig) {
		cfg.Space = func(string) (int64, int64, error) { stop(); return 1 << 40, 1 << 40, nil }
	})
	if _, err := e.work(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if got := c.read(x.ID); got.State != store.ExportQueued {
		t.Errorf("after a stop: %+v", got)
	}
	c.work(c.exports(nil), true)
	if got := c.read(x.ID); got.State != store.ExportDone {
		t.Errorf("after a stop: %+v", got)
	}
	// One that ends every controller is given up.
	x = c.ask()
	for range maxAttempts {
		if _, err := c.db.ClaimExport(t.Context(), dead, -time.Second); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(200 * time.Millisecond)
	c.work(c.exports(nil), true)
	if got := c.read(x.ID); got.State != store.ExportFailed || !strings.Contains(got.Reason, "too often") {
		t.Errorf("%+v", got)
	}
}

// A deleted export is stopped and leaves no file.
func TestADeletedExportLeavesNothing(t *testing.T) {
	c := newCompany(t)
	c.keep(time.Now(), 1000)
	x := c.ask()
	e := c.exports(func(cfg *ExportsConfig) {
		cfg.Space = func(string) (int64, int64, error) {
			_ = c.db.Account(c.Context(), c.id, func(tx *store.Tx) error { return tx.DeleteExport(c.Context(), x.ID) })
			return 1 << 40, 1 << 40, nil
		}
	})
	c.work(e, true)
	if names := c.inFolder(); len(names) != 0 {
		t.Errorf("files %v", names)
	}
	// Nor does one whose account is deleted.
	x = c.ask()
	c.work(c.exports(nil), true)
	if err := c.db.Platform(t.Context(), func(tx *store.Tx) error { return tx.DeleteAccount(t.Context(), c.id) }); err != nil {
		t.Fatal(err)
	}
	if err := e.sweep(t.Context()); err != nil || len(c.inFolder()) != 0 {
		t.Errorf("files %v, %v", c.inFolder(), err)
	}
}

// An export leaves room for calls that are being recorded; a disk that is full makes it fail with a reason, and nothing else.
func TestAnExportOnAFullDiskFails(t *testing.T) {
	c := newCompany(t)
	c.keep(time.Now(), 3<<20)
	failed := func(e *Exports) {
		t.Helper()
		x := c.ask()
		c.work(e, true)
		if got := c.read(x.ID); got.State != store.ExportFailed || got.Reason != "there is not enough space on the disk" || got.Expires.IsZero() {
			t.Errorf("%+v", got)
		}
		if names := c.inFolder(); len(names) != 0 {
			t.Errorf("files %v", names)
		}
	}
	failed(c.exports(func(cfg *ExportsConfig) {
		cfg.Space = func(string) (int64, int64, error) { return 7 << 20, 100 << 20, nil }
	}))
	e := c.exports(nil)
	if err := syscall.Mount("tmpfs", e.dir(), "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no small disk can be made: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(e.dir(), 0); err != nil {
			t.Error(err)
		}
	})
	failed(e)
}

func TestAnExportWithoutTheDatabaseIsMadeLater(t *testing.T) {
	c := newCompany(t)
	c.keep(time.Now(), 1000)
	x := c.ask()
	e := c.exports(nil)
	got, err := c.db.ClaimExport(t.Context(), e.worker, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	broken, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.pages(got)(broken, store.CallCursor{}); !errors.Is(err, errDatabase) {
		t.Errorf("%v", err)
	}
	if err := c.db.ReleaseExport(t.Context(), got, e.worker); err != nil {
		t.Fatal(err)
	}
	c.work(e, true)
	if got := c.read(x.ID); got.State != store.ExportDone {
		t.Errorf("%+v", got)
	}
}
