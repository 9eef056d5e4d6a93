package recording

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// ExportLife is how long an export can be fetched.
const ExportLife = 24 * time.Hour

// Exports prepares ZIP files in the background. What is to be done is in the database, so that it survives this process; whoever works at an
// export says so now and then, and one whose worker is silent is begun anew by another.
type Exports struct {
	cfg    ExportsConfig
	worker uuid.UUID
	wake   chan struct{}
}

// ExportsConfig of Exports. Archive, DB and Log are required.
type ExportsConfig struct {
	Archive *Archive
	DB      *store.DB
	Log     *slog.Logger
	// Space of the disk on which a folder is; nil: as the system tells.
	Space func(dir string) (free, total int64, err error)
	// Beat is how often work is reported; who was silent for six times as long has ended. 0: 10 s.
	Beat time.Duration
}

// NewExports makes the folder of exports; Run works.
func NewExports(cfg ExportsConfig) (*Exports, error) {
	if cfg.Space == nil {
		cfg.Space = space
	}
	if cfg.Beat == 0 {
		cfg.Beat = 10 * time.Second
	}
	e := &Exports{cfg: cfg, worker: uuid.New(), wake: make(chan struct{}, 1)}
	if err := os.MkdirAll(e.dir(), 0o750); err != nil {
		return nil, fmt.Errorf("make folder of exports: %w", err)
	}
	return e, nil
}

// space is what the system tells of the disk of a folder.
func space(dir string) (free, total int64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, fmt.Errorf("look for space in %s: %w", dir, err)
	}
	return int64(s.Bavail) * s.Bsize, int64(s.Blocks) * s.Bsize, nil
}

const (
	exportsDir  = "exports"
	partial     = ".part"
	maxAttempts = 5
	exportsLook = 15 * time.Second // for exports of others that ended, and those whose time is over
)

func (e *Exports) dir() string { return filepath.Join(e.cfg.Archive.Dir, exportsDir) }

func exportName(account dialplan.AccountID, id uuid.UUID) string {
	return fmt.Sprintf("%d_%s.zip", account, id)
}

// Open opens the file of an export; fs.ErrNotExist when it is not there.
func (e *Exports) Open(x *store.RecordingExport) (*os.File, error) {
	f, err := os.Open(filepath.Join(e.dir(), exportName(x.Account, x.ID)))
	if err != nil {
		return nil, fmt.Errorf("open export %s: %w", x.ID, err)
	}
	return f, nil
}

// Remove removes the file of an export; one that is not there is removed.
func (e *Exports) Remove(x *store.RecordingExport) error {
	err := os.Remove(filepath.Join(e.dir(), exportName(x.Account, x.ID)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove export %s: %w", x.ID, err)
	}
	return nil
}

// Wake tells that there may be something to do.
func (e *Exports) Wake() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends. What it works at then is given back.
func (e *Exports) Run(ctx context.Context) {
	failing := false
	swept := time.Time{}
	for {
		err := e.expire(ctx, time.Now())
		if time.Since(swept) > time.Hour {
			err = errors.Join(err, e.sweep(ctx))
			swept = time.Now()
		}
		worked := false
		if err == nil {
			worked, err = e.work(ctx)
		}
		if err != nil && ctx.Err() == nil && !failing {
			e.cfg.Log.Error("exports of recordings", "error", err)
		}
		failing = err != nil
		if worked && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		case <-time.After(exportsLook):
		}
	}
}

// work makes one export, if there is one. An error is about the database, and passes.
func (e *Exports) work(ctx context.Context) (worked bool, err error) {
	x, err := e.cfg.DB.ClaimExport(ctx, e.worker, 6*e.cfg.Beat)
	var none *store.NotFound
	if errors.As(err, &none) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	log := e.cfg.Log.With("export", x.ID, "account", x.Account)
	part := filepath.Join(e.dir(), exportName(x.Account, x.ID)+"."+e.worker.String()+partial)
	defer func() { _ = os.Remove(part) }() // it has its name by then, or is of no use
	size, err := e.make(ctx, x, part)
	again := ctx.Err() != nil || errors.Is(err, errDatabase) && x.Attempts < maxAttempts
	switch {
	case again:
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		// Where that fails it is taken up as that of a silent worker.
		return true, errors.Join(err, e.cfg.DB.ReleaseExport(last, x, e.worker))
	case errors.Is(err, errLost):
		log.Info("an export is wanted no more, or made by another")
		return true, nil
	}
	reason := whyFailed(err)
	if reason != "" {
		log.Error("an export failed", "reason", reason, "error", err)
	} else if err := e.publish(part, x); err != nil {
		log.Error("an export failed", "error", err)
		reason = whyFailed(err)
	}
	mine, err := e.cfg.DB.FinishExport(ctx, x, e.worker, size, reason, ExportLife)
	if err == nil && !mine {
		// Deleted at the last moment; another worker would make the same file again.
		there, err := e.cfg.DB.HasExport(ctx, x.Account, x.ID)
		if err == nil && !there {
			err = e.Remove(x)
		}
		return true, err
	}
	if err == nil && reason == "" {
		log.Info("an export is ready", "bytes", size)
	}
	return true, err
}

// whyFailed is what people are told of an error; empty: there is none.
func whyFailed(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errTries):
		return "it was begun too often without being finished"
	case errors.Is(err, errDatabase):
		return "the database could not be used"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "there is not enough space on the disk"
	}
	return "the files could not be read or written"
}

// publish gives a complete file its name.
func (e *Exports) publish(part string, x *store.RecordingExport) error {
	if err := os.Rename(part, filepath.Join(e.dir(), exportName(x.Account, x.ID))); err != nil {
		return err
	}
	return syncDir(e.dir())
}

var (
	errLost     = errors.New("the export is somebody else's, or was deleted")
	errDatabase = errors.New("the database can't be used")
	errTries    = errors.New("the export ended the controller, or was given back, too often")
	errReserve  = fmt.Errorf("the last of the disk is for calls that are being recorded: %w", syscall.ENOSPC)
)

// reserve is what exports leave of a disk: a twentieth, at most 10 GiB.
func reserve(total int64) int64 { return min(total/20, 10<<30) }

// room tells an error when so many bytes more would leave too little of the disk.
func (e *Exports) room(more int64) error {
	free, total, err := e.cfg.Space(e.dir())
	if err == nil && free-more < reserve(total) {
		return errReserve
	}
	return err
}

// make writes the ZIP file of an export and tells its size.
func (e *Exports) make(ctx context.Context, x *store.RecordingExport, part string) (size int64, err error) {
	if x.Attempts > maxAttempts {
		return 0, errTries
	}
	if err := e.room(x.Bytes); err != nil {
		return 0, err
	}
	zone, err := e.zone(ctx, x.Account)
	if err != nil {
		return 0, err
	}
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return 0, fmt.Errorf("make export: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	work, cancel := context.WithCancelCause(ctx)
	out := &counted{w: f}
	beaten := make(chan struct{})
	go func() {
		defer close(beaten)
		cancel(e.beat(work, x, out))
	}()
	defer func() {
		cancel(nil)
		<-beaten
	}()
	err = e.cfg.Archive.WriteZIP(work, out, zone, e.pages(x))
	if cause := context.Cause(work); err != nil && ctx.Err() == nil && work.Err() != nil && cause != nil {
		err = cause
	}
	if err == nil {
		err = f.Sync()
	}
	return out.n.Load(), err
}

// beat says that the export is worked at until ctx ends, or finds a reason why it should not be.
func (e *Exports) beat(ctx context.Context, x *store.RecordingExport, out *counted) error {
	tick := time.NewTicker(e.cfg.Beat)
	defer tick.Stop()
	silent := 0
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := e.room(0); err != nil {
			return err
		}
		still, err := e.cfg.DB.KeepExport(ctx, x, e.worker, out.n.Load())
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			if silent++; silent >= 5 { // then it may be another's
				return fmt.Errorf("%w: %w", errDatabase, err)
			}
		case !still:
			return errLost
		default:
			silent = 0
		}
	}
}

func (e *Exports) zone(ctx context.Context, account dialplan.AccountID) (*time.Location, error) {
	name := ""
	err := e.cfg.DB.Account(ctx, account, func(tx *store.Tx) error {
		a, err := tx.ReadAccount(ctx, account)
		if err == nil {
			name = a.TimeZone
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDatabase, err)
	}
	return time.LoadLocation(name)
}

// pages lists what is in an export.
func (e *Exports) pages(x *store.RecordingExport) Pages {
	return func(ctx context.Context, after store.CallCursor) (list []store.Recording, err error) {
		f := x.Selection
		f.Before = after
		err = e.cfg.DB.Account(ctx, x.Account, func(tx *store.Tx) (err error) {
			list, err = tx.ListRecordings(ctx, f, 500)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errDatabase, err)
		}
		return list, nil
	}
}

// expire removes exports whose time is over: the file first, so that none is forgotten.
func (e *Exports) expire(ctx context.Context, now time.Time) error {
	list, err := e.cfg.DB.ExpiredExports(ctx, now, 100)
	if err != nil {
		return err
	}
	for i := range list {
		x := &list[i]
		if err := e.Remove(x); err != nil {
			return err
		}
		err := e.cfg.DB.Account(ctx, x.Account, func(tx *store.Tx) error { return tx.DeleteExport(ctx, x.ID) })
		var none *store.NotFound
		if err != nil && !errors.As(err, &none) {
			return err
		}
	}
	return nil
}

// sweep removes files that are no export's: of accounts that were deleted, and of workers that ended in the middle.
func (e *Exports) sweep(ctx context.Context) error {
	entries, err := os.ReadDir(e.dir())
	if err != nil {
		return fmt.Errorf("look for exports without a row: %w", err)
	}
	for _, d := range entries {
		info, err := d.Info()
		if err != nil {
			continue // it has just gone
		}
		if strings.HasSuffix(d.Name(), partial) {
			if time.Since(info.ModTime()) < time.Hour {
				continue
			}
		} else {
			number, rest, _ := strings.Cut(strings.TrimSuffix(d.Name(), ".zip"), "_")
			var account dialplan.AccountID
			_, err1 := fmt.Sscan(number, &account)
			id, err2 := uuid.Parse(rest)
			if err1 != nil || err2 != nil {
				continue // not ours
			}
			there, err := e.cfg.DB.HasExport(ctx, account, id)
			if err != nil {
				return err
			}
			if there {
				continue
			}
		}
		if err := os.Remove(filepath.Join(e.dir(), d.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a file that is no export's: %w", err)
		}
		e.cfg.Log.Info("a file that is no export's is removed", "file", d.Name())
	}
	return nil
}

// counted counts what is written.
type counted struct {
	w io.Writer
	n atomic.Int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n.Add(int64(n))
	return n, err
}
