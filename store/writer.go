package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// WriterOptions of a Writer. Zero fields have the values given.
type WriterOptions struct {
	// Dir is where records are until the database has them. One writer at a time uses it.
	Dir string
	// Queue is how many records wait in memory at most for the disk; 65,536.
	Queue int
	Log   *slog.Logger // slog.Default
}

// Writer stores call records.
type Writer = RecordWriter[CallRecord]

// RecordWriter stores records of one kind. Write takes a record and returns at once; within a few
// milliseconds it is on disk (in the spool), where neither a crash of this process nor an
// outage of the database touches it, and from there it goes to the database in order,
// once. All methods may be used from any goroutine.
type RecordWriter[T any] struct {
	o      WriterOptions
	what   string                           // call records
	insert func(context.Context, []T) error // stores all or none, and those that are stored already once
	spool  *spool

	mu     sync.Mutex
	queue  []T
	full   bool // dropping now, and has said so
	closed bool

	wake  chan struct{} // the queue has something
	ready chan struct{} // the spool has something

	spooled, written, dropped atomic.Int64
}

const (
	// spoolDelay gathers records for one sync of the disk.
	spoolDelay = 10 * time.Millisecond
	// spoolBatch is how many records one sync of the disk carries at most.
	spoolBatch = 1024
	// writeBatch is how many records one transaction stores at most.
	writeBatch = 256
)

// NewWriter opens the spool; records of an earlier run that are in it go first.
func NewWriter(db *DB, o WriterOptions) (*Writer, error) {
	return newRecordWriter(o, "call records", func(ctx context.Context, recs []CallRecord) error {
		return db.Platform(ctx, func(tx *Tx) error {
			_, err := tx.InsertCalls(ctx, recs)
			return err
		})
	})
}

func newRecordWriter[T any](o WriterOptions, what string, insert func(context.Context, []T) error) (*RecordWriter[T], error) {
	if o.Queue <= 0 {
		o.Queue = 1 << 16
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s, err := openSpool(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open spool of %s: %w", what, err)
	}
	w := &RecordWriter[T]{o: o, what: what, insert: insert, spool: s, wake: make(chan struct{}, 1), ready: make(chan struct{}, 1)}
	w.spooled.Store(int64(s.found))
	if s.found > 0 {
		o.Log.Info(what+" of an earlier run are in the spool", "records", s.found)
	}
	return w, nil
}

// Write takes a record; the caller must not change its slices afterwards. It never blocks.
// Only when the disk has not kept up with a whole queue of records, or Run has ended, it is lost, and
// counted as dropped.
func (w *RecordWriter[T]) Write(r T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.queue) >= w.o.Queue {
		w.dropped.Add(1)
		if !w.full {
			w.full = true
			w.o.Log.Error(w.what+" are lost: the queue is full", "queue", len(w.queue))
		}
		return
	}
	w.full = false
	w.queue = append(w.queue, r)
	signal(w.wake)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Queued is how many records are in memory only.
func (w *RecordWriter[T]) Queued() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int64(len(w.queue))
}

// Spooled is how many records are on disk and not yet in the database.
func (w *RecordWriter[T]) Spooled() int64 { return w.spooled.Load() }

// Written is how many records went to the database since the start.
func (w *RecordWriter[T]) Written() int64 { return w.written.Load() }

// Dropped is how many records were lost since the start: refused by a full queue, or by
// the database for what they say.
func (w *RecordWriter[T]) Dropped() int64 { return w.dropped.Load() }

// Run spools and stores until ctx ends; then it spools what is left, tries for a moment to
// store it, and returns nil. Write calls after that are lost, so the calls end first. It is called once.
func (w *RecordWriter[T]) Run(ctx context.Context) error {
	var both sync.WaitGroup
	spooling, stopStoring := context.WithCancel(context.WithoutCancel(ctx))
	both.Go(func() {
		w.spoolAll(ctx)
		// What was spooled last gets its chance, too.
		grace := time.AfterFunc(2*time.Second, stopStoring)
		defer grace.Stop()
		<-spooling.Done()
	})
	w.storeAll(spooling, ctx.Done())
	stopStoring()
	both.Wait()
	return w.spool.close()
}

// spoolAll moves records from memory to disk until ctx ends and the queue is empty.
func (w *RecordWriter[T]) spoolAll(ctx context.Context) {
	failing, more := false, false
	for {
		select {
		case <-ctx.Done():
			w.mu.Lock()
			w.closed = true
			w.mu.Unlock()
		case <-w.wake:
		}
		if !more { // a moment for others to come along
			select {
			case <-ctx.Done():
			case <-time.After(spoolDelay):
			}
		}
		w.mu.Lock()
		batch := w.queue[:min(len(w.queue), spoolBatch)]
		w.mu.Unlock()
		if len(batch) == 0 {
			if ctx.Err() != nil {
				return
			}
			continue
		}
		frames, n := w.encode(batch)
		err := w.spool.append(frames)
		if err == nil {
			w.spooled.Add(n)
			w.mu.Lock()
			clear(batch) // the garbage collector may have what they hold
			w.queue = w.queue[len(batch):]
			if more = len(w.queue) > 0; more {
				signal(w.wake)
			}
			w.mu.Unlock()
			signal(w.ready)
			failing = false
			continue
		}
		// The disk is full or gone: the records stay in memory, and the next round tries again.
		if !failing {
			w.o.Log.Error("spool "+w.what+": they stay in memory", "dir", w.o.Dir, "records", len(batch), "err", err)
		}
		failing = true
		if ctx.Err() != nil {
			w.dropped.Add(int64(len(batch)))
			w.o.Log.Error(w.what+" are lost at the end", "records", len(batch), "err", err)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
		signal(w.wake)
	}
}

// encode makes frames of records; one that can't be written as JSON (a time in the year
// 10000) is set aside.
func (w *RecordWriter[T]) encode(recs []T) (frames []byte, n int64) {
	for i := range recs {
		raw, err := json.Marshal(&recs[i])
		if err != nil {
			w.reject(fmt.Appendf(nil, "%q", fmt.Sprintf("%+v", recs[i])), err)
			continue
		}
		frames = appendFrame(frames, raw)
		n++
	}
	return frames, n
}

// storeAll moves records from disk to the database until ctx ends, or until stop is closed and
// all is stored.
func (w *RecordWriter[T]) storeAll(ctx context.Context, stop <-chan struct{}) {
	const first, most = 100 * time.Millisecond, 5 * time.Second
	wait, away := first, false
	for ctx.Err() == nil {
		frames, err := w.spool.peek(writeBatch)
		if err == nil && len(frames) > 0 {
			err = w.store(ctx, w.parse(frames))
			if err == nil {
				w.spool.consume()
				w.spooled.Add(-int64(len(frames)))
				wait = first
				if away {
					w.o.Log.Info(w.what+" can be stored again", "spooled", w.spooled.Load())
					away = false
				}
			}
		}
		switch {
		case err != nil:
			if !away && ctx.Err() == nil {
				w.o.Log.Error("store "+w.what+": they stay in the spool", "spooled", w.spooled.Load(), "err", err)
				away = true
			}
			select {
			case <-ctx.Done():
			case <-time.After(wait/2 + rand.N(wait)):
			}
			wait = min(2*wait, most)
		case len(frames) == 0:
			select {
			case <-ctx.Done():
			case <-w.ready:
			case <-stop:
				if w.idle() {
					return
				}
				// The other goroutine is about to spool the last ones.
				select {
				case <-ctx.Done():
				case <-w.ready:
				case <-time.After(spoolDelay):
				}
			}
		}
	}
}

// idle tells that nothing is left and nothing can come.
func (w *RecordWriter[T]) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed && len(w.queue) == 0 && w.spooled.Load() == 0
}

func (w *RecordWriter[T]) parse(frames [][]byte) []T {
	recs := make([]T, 0, len(frames))
	for _, b := range frames {
		var r T
		if err := json.Unmarshal(b, &r); err != nil {
			w.reject(b, err)
			continue
		}
		recs = append(recs, r)
	}
	return recs
}

// store writes records in one transaction; when the database refuses what one of them says,
// one by one, and sets that one aside.
func (w *RecordWriter[T]) store(ctx context.Context, recs []T) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := w.insert(ctx, recs)
	if err == nil {
		w.written.Add(int64(len(recs)))
		return nil
	}
	if !refused(err) {
		return err
	}
	for _, r := range recs {
		err := w.insert(ctx, []T{r})
		switch {
		case err == nil:
			w.written.Add(1)
		case refused(err):
			raw, _ := json.Marshal(r)
			w.reject(raw, err)
		default:
			return err
		}
	}
	return nil
}

// refused tells that the database is well and does not take the values: SQLSTATE classes 22
// (data exception) and 23 (integrity constraint).
func refused(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && len(pg.Code) == 5 && (pg.Code[:2] == "22" || pg.Code[:2] == "23")
}

// reject keeps a record that can't be stored where a person finds it.
func (w *RecordWriter[T]) reject(raw []byte, why error) {
	w.dropped.Add(1)
	w.o.Log.Error("one of "+w.what+" can't be stored: set aside", "dir", w.o.Dir, "record", string(raw[:min(len(raw), 300)]), "err", why)
	if err := w.spool.reject(raw); err != nil {
		w.o.Log.Error("set one of "+w.what+" aside", "err", err)
	}
}

// Refused tells that the database is well and does not take what was to be stored: trying again is of no use.
func Refused(err error) bool { return refused(err) }
