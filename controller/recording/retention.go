package recording

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// Retention deletes what accounts want deleted after some days and what is left of deleted accounts, and looks for files without a
// recording and recordings without a file.
type Retention struct {
	cfg     RetentionConfig
	deleted chan dialplan.AccountID
}

// RetentionConfig of a Retention. Archive, DB and Log are required.
type RetentionConfig struct {
	Archive *Archive
	DB      *store.DB
	Log     *slog.Logger
	// Swept is told what a look at everything has found; nil: nobody is.
	Swept func(Sweep)
}

// Sweep is what a look at everything has found.
type Sweep struct {
	Recordings int // in the database
	Deleted    int // of them, of accounts that are gone: they were deleted
	Fileless   int // recordings whose file is not there
	Orphans    int // files that are no recording's, set aside
}

// NewRetention returns one; Run works.
func NewRetention(cfg RetentionConfig) *Retention {
	return &Retention{cfg: cfg, deleted: make(chan dialplan.AccountID, 100)}
}

const (
	retentionEvery = time.Hour
	retentionAgain = 5 * time.Minute // after an error
	sweepEvery     = 24 * time.Hour
	firstSweep     = 5 * time.Minute // after the start, when calls are taken up again
	lot            = 500             // rows at a time
	orphanAge      = time.Hour       // a file that is younger may get its row yet
)

// Who deletes, in the audit log.
const (
	byRetention = "retention"
	byDeletion  = "deletion of the account"
)

// AccountDeleted tells that an account was deleted: its recordings go, too, soon; if this is lost, at the next sweep.
func (r *Retention) AccountDeleted(id dialplan.AccountID) {
	select {
	case r.deleted <- id:
	default:
	}
}

// Run works until ctx ends.
func (r *Retention) Run(ctx context.Context) {
	expire, sweep := time.NewTimer(0), time.NewTimer(firstSweep)
	defer expire.Stop()
	defer sweep.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-expire.C:
			again := retentionEvery
			if _, err = r.Expire(ctx, time.Now()); err != nil {
				again = retentionAgain
			}
			expire.Reset(again)
		case id := <-r.deleted:
			_, err = r.sweepRows(ctx, id, new(Sweep))
		case <-sweep.C:
			var found Sweep
			if found, err = r.Sweep(ctx, time.Now()); err == nil && r.cfg.Swept != nil {
				r.cfg.Swept(found)
			}
			sweep.Reset(sweepEvery)
		}
		if err != nil && ctx.Err() == nil {
			r.cfg.Log.Error("retention of recordings", "error", err)
		}
	}
}

// Expire deletes what is older by now than its account wants, and tells how many recordings that were.
func (r *Retention) Expire(ctx context.Context, now time.Time) (int, error) {
	n := 0
	for {
		list, err := r.cfg.DB.ExpiredRecordings(ctx, now, lot)
		if err != nil || len(list) == 0 {
			return n, err
		}
		gone, err := r.remove(ctx, list, byRetention)
		if n += gone; err != nil {
			return n, err
		}
		r.cfg.Log.Info("recordings were deleted after their time", "recordings", gone)
	}
}

// remove deletes recordings, the files first: what is forgotten is nowhere any more. The rest is tried at the next time.
func (r *Retention) remove(ctx context.Context, list []store.Recording, actor string) (int, error) {
	var errs []error
	done := list[:0:0]
	for i := range list {
		if err := r.cfg.Archive.Remove(&list[i]); err != nil {
			errs = append(errs, err)
			continue
		}
		done = append(done, list[i])
	}
	n := 0
	if len(done) > 0 {
		var err error
		if n, err = r.cfg.DB.ForgetRecordings(ctx, done, actor); err != nil {
			errs = append(errs, err)
		}
	}
	return n, errors.Join(errs...)
}

// Sweep looks at every recording and every file.
func (r *Retention) Sweep(ctx context.Context, now time.Time) (found Sweep, err error) {
	if _, err = r.sweepRows(ctx, 0, &found); err == nil {
		err = r.sweepFiles(ctx, now, &found)
	}
	if err != nil {
		return found, fmt.Errorf("sweep recordings: %w", err)
	}
	log := r.cfg.Log.Info
	if found.Fileless+found.Orphans > 0 {
		log = r.cfg.Log.Error
	}
	log("recordings were swept", "recordings", found.Recordings, "deleted", found.Deleted, "without file", found.Fileless, "files set aside", found.Orphans)
	return found, nil
}

// sweepRows looks at every recording, or those of one account.
func (r *Retention) sweepRows(ctx context.Context, only dialplan.AccountID, found *Sweep) (*Sweep, error) {
	account, after := only, uuid.Nil
	for {
		list, err := r.cfg.DB.SweepRecordings(ctx, account, after, lot)
		if err != nil || len(list) == 0 {
			return found, err
		}
		var gone []store.Recording
		for i := range list {
			x := &list[i]
			if only != 0 && x.Account != only {
				list = list[:i]
				break
			}
			account, after = x.Account, x.ID
			found.Recordings++
			if x.Deleted {
				gone = append(gone, x.Recording)
				continue
			}
			path, err := Path(r.cfg.Archive.Dir, &x.Recording)
			if err == nil {
				_, err = os.Stat(path)
			}
			if err != nil {
				if found.Fileless++; found.Fileless <= 20 {
					r.cfg.Log.Error("a recording has no file", "account", x.Account, "recording", x.ID, "call", x.Call, "error", err)
				}
			}
		}
		if len(gone) > 0 {
			n, err := r.remove(ctx, gone, byDeletion)
			if found.Deleted += n; err != nil {
				return found, err
			}
		}
		if len(list) < lot {
			return found, nil
		}
	}
}

// sweepFiles looks at every file, sets aside those that are no recording's, and removes folders that are empty.
func (r *Retention) sweepFiles(ctx context.Context, now time.Time, found *Sweep) error {
	accounts, err := filepath.Glob(filepath.Join(r.cfg.Archive.Dir, "account-*"))
	if err != nil {
		return err
	}
	for _, folder := range accounts {
		id, err := strconv.ParseInt(strings.TrimPrefix(filepath.Base(folder), "account-"), 10, 64)
		if err != nil {
			continue // not ours
		}
		days, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, d := range days {
			day := filepath.Join(folder, d.Name())
			if !d.IsDir() {
				continue
			}
			if err := r.sweepDay(ctx, dialplan.AccountID(id), day, now, found); err != nil {
				return err
			}
			if date, err := time.Parse(time.DateOnly, d.Name()); err == nil && now.Sub(date) > 72*time.Hour {
				_ = os.Remove(day) // unless it has something
			}
		}
		if len(days) == 0 {
			_ = os.Remove(folder)
		}
	}
	return nil
}

func (r *Retention) sweepDay(ctx context.Context, account dialplan.AccountID, day string, now time.Time, found *Sweep) error {
	files, err := os.ReadDir(day)
	if err != nil {
		return err
	}
	for len(files) > 0 {
		some := files[:min(lot, len(files))]
		files = files[len(some):]
		byID := make(map[uuid.UUID]string, len(some))
		var ids []uuid.UUID
		for _, f := range some {
			info, err := f.Info()
			id, bad := uuid.Parse(strings.TrimSuffix(f.Name(), ".wav"))
			// A note is looked for before the row, as it goes when the row is there.
			if err != nil || bad != nil || now.Sub(info.ModTime()) < orphanAge || r.waits(id) {
				continue
			}
			byID[id], ids = f.Name(), append(ids, id)
		}
		if len(ids) == 0 {
			continue
		}
		known, err := r.cfg.DB.KnownRecordings(ctx, account, ids)
		if err != nil {
			return err
		}
		for _, id := range known {
			delete(byID, id)
		}
		for id, name := range byID {
			if err := r.setAside(id, filepath.Join(day, name)); err != nil {
				return err
			} else if found.Orphans++; found.Orphans <= 20 {
				r.cfg.Log.Error("a file that is no recording's is set aside", "account", account, "file", name)
			}
		}
	}
	return nil
}

// waits tells whether a file still waits for its row.
func (r *Retention) waits(id uuid.UUID) bool {
	_, err := os.Stat(filepath.Join(r.cfg.Archive.Dir, spoolDir, id.String()+".json"))
	return !errors.Is(err, fs.ErrNotExist)
}

// setAside puts a file where a person finds it: nothing is deleted because a database does not know it.
func (r *Retention) setAside(id uuid.UUID, file string) error {
	err := move(file, filepath.Join(r.cfg.Archive.Dir, asideDir, id.String()+".wav"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // somebody has just deleted it
	}
	return err
}
