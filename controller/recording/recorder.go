// Package recording keeps what engines record: from the file that an engine writes to the one that people play.
//
// An engine writes into the spool. Beside its file lies a note that says whose recording it is; the note is there
// before the first sample, so that a recording is found again whatever dies meanwhile. A complete recording is synced,
// moved to its account's folder in one step, and told to the store; its note goes last. Each of these steps
// can be done again.
package recording

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/store"
)

// Store is told of complete recordings. Telling it twice must be harmless. *store.DB is one.
type Store interface {
	KeepRecording(context.Context, store.Recording) error
}

// Config of a Recorder. Dir, Store and Engine are required.
type Config struct {
	// Dir has the spool and the accounts' folders, so that a file gets from one to the other in one step. Engines
	// must be able to write in its spool.
	Dir   string
	Store Store
	// Engine finds an engine by its name; nil: there is none of that name any more.
	Engine func(name string) Collector
	Log    *slog.Logger // nil: slog.Default
	// Kept is called after a recording was stored; nil: nobody is told.
	Kept func(store.Recording)
}

// Collector completes files after an interruption; every engine.Engine does.
type Collector interface {
	Collect(context.Context, engine.Recording) error
}

// Recorder keeps recordings. Its methods may be used from any goroutine.
type Recorder struct {
	cfg Config
	log *slog.Logger

	mu      sync.Mutex
	active  map[engine.RecordID]*note
	waiting map[engine.RecordID]*waiting
	wake    chan struct{}
}

// note is what lies beside the file in the spool.
type note struct {
	Recording store.Recording    `json:"recording"`
	Engine    string             `json:"engine"`
	Scope     engine.RecordScope `json:"scope"`
}

// waiting is a recording that is over and not yet kept.
type waiting struct {
	*note
	collect bool // the engine must complete it
	tries   int
	next    time.Time
	failing bool // the log has it
}

const (
	firstRetry = time.Second
	lastRetry  = time.Minute
	spoolDir   = "spool"
	asideDir   = "aside"
)

// New makes the folders. Recordings that an earlier run left are taken up by Run.
func New(cfg Config) (*Recorder, error) {
	r := &Recorder{cfg: cfg, log: cfg.Log, active: make(map[engine.RecordID]*note), waiting: make(map[engine.RecordID]*waiting), wake: make(chan struct{}, 1)}
	if r.log == nil {
		r.log = slog.Default()
	}
	for _, d := range []string{spoolDir, asideDir} {
		if err := os.MkdirAll(filepath.Join(cfg.Dir, d), 0o770); err != nil {
			return nil, fmt.Errorf("make folder of recordings: %w", err)
		}
	}
	return r, r.found()
}

// found takes up the notes of an earlier run.
func (r *Recorder) found() error {
	names, err := filepath.Glob(filepath.Join(r.cfg.Dir, spoolDir, "*.json"))
	if err != nil {
		return fmt.Errorf("list recordings of an earlier run: %w", err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Clean(name))
		if err != nil {
			return fmt.Errorf("read note of an earlier run: %w", err)
		}
		n := new(note)
		if err := json.Unmarshal(raw, n); err != nil || n.Recording.ID == uuid.Nil {
			r.log.Error("the note of a recording can't be read", "file", name, "err", err)
			continue
		}
		r.waiting[idOf(n.Recording)] = &waiting{note: n, collect: true}
	}
	if n := len(r.waiting); n > 0 {
		r.log.Info("recordings of an earlier run are in the spool", "recordings", n)
	}
	return nil
}

func idOf(r store.Recording) engine.RecordID { return engine.RecordID(r.ID.String()) }

func (r *Recorder) spool(id uuid.UUID, ext string) string {
	return filepath.Join(r.cfg.Dir, spoolDir, id.String()+ext)
}

// Begin notes that rec begins at an engine now and says how to record it. Its ID is made when it has none. An error
// is that of a disk; nothing is to be recorded then.
func (r *Recorder) Begin(rec *store.Recording, engineName string, scope engine.RecordScope) (engine.Recording, error) {
	if rec.ID == uuid.Nil {
		rec.ID = uuid.New()
	}
	n := &note{Recording: *rec, Engine: engineName, Scope: scope}
	raw, err := json.Marshal(n)
	if err == nil {
		err = writeWhole(r.spool(rec.ID, ".json"), raw)
	}
	if err != nil {
		return engine.Recording{}, fmt.Errorf("note a recording: %w", err)
	}
	r.mu.Lock()
	r.active[idOf(*rec)] = n
	r.mu.Unlock()
	return r.order(n), nil
}

// order is what the engine was asked for.
func (r *Recorder) order(n *note) engine.Recording {
	return engine.Recording{ID: idOf(n.Recording), File: r.spool(n.Recording.ID, ".wav"), Scope: n.Scope}
}

// Cancel forgets a recording that the engine did not begin.
func (r *Recorder) Cancel(id engine.RecordID) {
	r.mu.Lock()
	n := r.active[id]
	delete(r.active, id)
	r.mu.Unlock()
	if n != nil {
		r.forget(n)
	}
}

// Done takes the end of a recording. Others' are ignored.
func (r *Recorder) Done(ev engine.RecordDone) {
	r.mu.Lock()
	n := r.active[ev.Record]
	delete(r.active, ev.Record)
	if n != nil {
		r.waiting[ev.Record] = &waiting{note: n, collect: ev.Err != nil}
	}
	r.mu.Unlock()
	if n == nil {
		return
	}
	if ev.Err != nil {
		r.log.Error("a recording ended with an error", "recording", ev.Record, "call", n.Recording.Call, "err", ev.Err)
	}
	r.signal()
}

func (r *Recorder) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Active is how many recordings are being made, Waiting how many are over and not yet kept.
func (r *Recorder) Active() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.active)
}

// Waiting is how many recordings are over and not yet kept.
func (r *Recorder) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// Run keeps what is complete until ctx ends, and what is ready then. It is called once.
func (r *Recorder) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			r.round(last, time.Now())
			cancel()
			return
		case <-r.wake:
		case <-timer.C:
		}
		timer.Reset(time.Until(r.round(ctx, time.Now())))
	}
}

// round tries everything that is due and says when there is more to do.
func (r *Recorder) round(ctx context.Context, now time.Time) time.Time {
	r.mu.Lock()
	var due []*waiting
	for _, w := range r.waiting {
		if !w.next.After(now) {
			due = append(due, w)
		}
	}
	r.mu.Unlock()
	for _, w := range due {
		err := r.keep(ctx, w)
		id := idOf(w.Recording)
		r.mu.Lock()
		if err == nil {
			delete(r.waiting, id)
		} else {
			w.next = time.Now().Add(min(lastRetry, firstRetry<<min(w.tries, 10)))
			w.tries++
		}
		r.mu.Unlock()
		if err != nil && !w.failing && w.tries > 3 {
			w.failing = true
			r.log.Error("a recording can't be kept yet: it stays in the spool", "recording", id, "call", w.Recording.Call, "err", err)
		}
	}
	next := now.Add(time.Hour)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.waiting {
		if w.next.Before(next) {
			next = w.next
		}
	}
	return next
}

// keep does all steps for one recording that are left; nil: nothing is.
func (r *Recorder) keep(ctx context.Context, w *waiting) error {
	rec := &w.Recording
	from := r.spool(rec.ID, ".wav")
	if rec.File == "" {
		rec.File = filepath.Join(accountDir(rec.Account), rec.Started.UTC().Format("2006-01-02"), rec.ID.String()+".wav")
	}
	to := filepath.Join(r.cfg.Dir, rec.File)
	if w.collect {
		if _, err := os.Stat(to); err != nil {
			if err := r.collect(ctx, w); err != nil {
				if errors.Is(err, engine.ErrNoRecording) {
					r.log.Error("of a recording nothing is left", "recording", rec.ID, "call", rec.Call, "err", err)
					r.forget(w.note)
					return nil
				}
				return err
			}
		}
		w.collect = false
	}
	if _, err := os.Stat(from); err == nil {
		if err := complete(from); err != nil {
			if errors.Is(err, errNoSound) {
				r.log.Info("a recording without sound is not kept", "recording", rec.ID, "call", rec.Call, "reason", err)
				_ = os.Remove(from)
				r.forget(w.note)
				return nil
			}
			return err
		}
		if err := move(from, to); err != nil {
			return err
		}
	}
	info, err := Inspect(to)
	if errors.Is(err, os.ErrNotExist) {
		r.log.Error("the file of a recording is not there", "recording", rec.ID, "call", rec.Call)
		r.forget(w.note)
		return nil
	}
	if err != nil {
		return err
	}
	rec.Duration, rec.Size, rec.Channels = info.Duration, info.Size, info.Channels
	kept := *rec
	err = r.cfg.Store.KeepRecording(ctx, kept)
	if store.Refused(err) {
		// It will not be taken tomorrow either: for a person to look at.
		r.log.Error("a recording is set aside: the database refuses it", "recording", rec.ID, "call", rec.Call, "err", err)
		if err := os.Rename(r.spool(rec.ID, ".json"), filepath.Join(r.cfg.Dir, asideDir, rec.ID.String()+".json")); err != nil {
			return fmt.Errorf("set a recording aside: %w", err)
		}
		return move(to, filepath.Join(r.cfg.Dir, asideDir, rec.ID.String()+".wav"))
	}
	if err != nil {
		return err
	}
	r.forget(w.note)
	if r.cfg.Kept != nil {
		r.cfg.Kept(kept)
	}
	return nil
}

// collect has the engine complete its file.
func (r *Recorder) collect(ctx context.Context, w *waiting) error {
	e := r.cfg.Engine(w.Engine)
	if e == nil {
		return fmt.Errorf("collect recording %s: there is no engine %s", w.Recording.ID, w.Engine)
	}
	return e.Collect(ctx, r.order(w.note))
}

// forget removes the note: nothing is left to do.
func (r *Recorder) forget(n *note) {
	if err := os.Remove(r.spool(n.Recording.ID, ".json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		r.log.Error("remove the note of a recording", "recording", n.Recording.ID, "err", err)
	}
}

// move takes a synced file to its place, in which it appears whole.
func move(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return fmt.Errorf("make folder of recordings: %w", err)
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("move recording: %w", err)
	}
	return syncDir(filepath.Dir(to))
}

func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeWhole writes a small file, whole or not at all.
func writeWhole(name string, b []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".new-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// accountDir is the folder of an account's recordings.
func accountDir[T ~int64](account T) string { return fmt.Sprintf("account-%d", account) }

// Path is where the file of a recording is; an error when its name leads out of dir.
func Path(dir string, rec *store.Recording) (string, error) {
	if !filepath.IsLocal(rec.File) || filepath.Clean(rec.File) != rec.File || !strings.HasPrefix(rec.File, accountDir(rec.Account)+string(filepath.Separator)) {
		return "", fmt.Errorf("recording %s has the file name %q", rec.ID, rec.File)
	}
	return filepath.Join(dir, rec.File), nil
}
