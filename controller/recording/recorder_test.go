package recording

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"callplane/controller/engine"
	"callplane/store"
)

// memory is a store that can be away or refuse.
type memory struct {
	mu   sync.Mutex
	err  error
	kept []store.Recording
}

func (m *memory) KeepRecording(_ context.Context, r store.Recording) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.kept = append(m.kept, r)
	}
	return m.err
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *memory) all() []store.Recording {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]store.Recording{}, m.kept...)
}

// machine is an engine that completes files.
type machine func(engine.Recording) error

func (f machine) Collect(_ context.Context, r engine.Recording) error { return f(r) }

// wav is a file of so many seconds at 8 kHz, whose head says said bytes.
func wav(seconds, channels, said int) []byte {
	var b bytes.Buffer
	n := seconds * 8000 * channels * 2
	if said < 0 {
		said = n
	}
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("RIFF")
	put(uint32(36 + said))
	b.WriteString("WAVEfmt ")
	put(uint32(16))
	put([]uint16{1, uint16(channels)})
	put([]uint32{8000, uint32(16000 * channels)})
	put([]uint16{uint16(2 * channels), 16})
	b.WriteString("data")
	put(uint32(said))
	b.Write(make([]byte, n))
	return b.Bytes()
}

func open(t *testing.T, dir string, m *memory, e machine) *Recorder {
	t.Helper()
	r, err := New(Config{Dir: dir, Store: m, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Engine: func(string) Collector {
		if e == nil {
			return nil
		}
		return e
	}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run runs r until stop.
func run(r *Recorder) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func begin(t *testing.T, r *Recorder) (store.Recording, engine.Recording) {
	t.Helper()
	rec := store.Recording{Account: 7, Call: uuid.New(), Extension: "101", Started: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	order, err := r.Begin(&rec, "fs1", engine.RecordStereo)
	if err != nil {
		t.Fatal(err)
	}
	return rec, order
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// empty asserts that nothing is left in the spool.
func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(dir, spoolDir))
	if err != nil || len(left) > 0 {
		t.Errorf("left in the spool: %v %v", left, err)
	}
}

func TestACompleteRecordingIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, m := t.TempDir(), new(memory)
		r := open(t, dir, m, nil)
		stop := run(r)
		defer stop()
		rec, order := begin(t, r)
		write(t, order.File, wav(3, 2, -1))
		r.Done(engine.RecordDone{Record: order.ID})
		r.Done(engine.RecordDone{Record: order.ID}) // of nobody any more
		synctest.Wait()
		kept := m.all()
		if len(kept) != 1 || kept[0].ID != rec.ID || kept[0].Duration != 3*time.Second || kept[0].Channels != 2 || kept[0].Size != 44+96000 {
			t.Fatalf("kept %+v", kept)
		}
		path, err := Path(dir, &kept[0])
		if err != nil {
			t.Fatal(err)
		}
		if info, err := Inspect(path); err != nil || info.Duration != 3*time.Second {
			t.Errorf("%+v %v", info, err)
		}
		empty(t, dir)
	})
}

// What an earlier run left is kept by the next one, at whichever step it stopped, exactly once.
func TestWhatARunLeftIsKeptByTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, m := t.TempDir(), new(memory)
		r := open(t, dir, m, nil)
		rec, order := begin(t, r)
		write(t, order.File, wav(2, 1, 0)) // cut off before its length was written
		_, moved := begin(t, r)
		write(t, moved.File, wav(1, 1, -1))
		m.fail(errors.New("the database is away"))
		r.Done(engine.RecordDone{Record: moved.ID})
		run(r)() // kept as far as that goes without the database
		_, lost := begin(t, r)
		_ = lost

		busy := 2
		m.fail(nil)
		r = open(t, dir, m, func(o engine.Recording) error {
			switch {
			case o.ID == lost.ID:
				return fmt.Errorf("%w: of it", engine.ErrNoRecording)
			case busy > 0:
				busy--
				return engine.ErrState
			}
			return nil
		})
		stop := run(r)
		defer stop()
		time.Sleep(time.Minute)
		kept := m.all()
		if len(kept) != 2 {
			t.Fatalf("kept %+v", kept)
		}
		for _, k := range kept {
			if k.ID == rec.ID && k.Duration != 2*time.Second {
				t.Errorf("a file that was cut off has %v", k.Duration)
			}
		}
		empty(t, dir)
		if r.Waiting()+r.Active() != 0 {
			t.Error("something is still waited for")
		}
	})
}

// While the disk is full or the database away, nothing that is finished is lost.
func TestTroubleThatPassesLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, m := t.TempDir(), new(memory)
		var full atomic.Bool
		full.Store(true)
		r := open(t, dir, m, func(o engine.Recording) error {
			if full.Load() {
				return fmt.Errorf("put the parts together: %w", syscall.ENOSPC)
			}
			write(t, o.File, wav(5, 2, -1))
			return nil
		})
		stop := run(r)
		defer stop()
		_, order := begin(t, r)
		r.Done(engine.RecordDone{Record: order.ID, Err: syscall.ENOSPC})
		time.Sleep(10 * time.Minute)
		if len(m.all()) != 0 || r.Waiting() != 1 {
			t.Fatalf("kept %+v, %d waiting", m.all(), r.Waiting())
		}
		full.Store(false)
		m.fail(errors.New("the database is away"))
		time.Sleep(10 * time.Minute)
		m.fail(nil)
		time.Sleep(2 * time.Minute)
		if kept := m.all(); len(kept) != 1 || kept[0].Duration != 5*time.Second {
			t.Fatalf("kept %+v", kept)
		}
		empty(t, dir)
	})
}

func TestWhatIsNoRecordingIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, m := t.TempDir(), new(memory)
		r := open(t, dir, m, nil)
		stop := run(r)
		defer stop()
		for _, b := range [][]byte{nil, []byte("RIFF"), wav(0, 1, -1)} {
			_, order := begin(t, r)
			write(t, order.File, b)
			r.Done(engine.RecordDone{Record: order.ID})
		}
		_, order := begin(t, r)
		r.Cancel(order.ID)
		_, order = begin(t, r) // its file is nowhere
		r.Done(engine.RecordDone{Record: order.ID})
		synctest.Wait()
		if kept := m.all(); len(kept) != 0 {
			t.Errorf("kept %+v", kept)
		}
		empty(t, dir)
	})
}

// What the database will never take is put where a person finds it.
func TestWhatTheDatabaseRefusesIsSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, m := t.TempDir(), new(memory)
		m.fail(fmt.Errorf("keep: %w", &pgconn.PgError{Code: "23514"}))
		r := open(t, dir, m, nil)
		stop := run(r)
		defer stop()
		rec, order := begin(t, r)
		write(t, order.File, wav(1, 1, -1))
		r.Done(engine.RecordDone{Record: order.ID})
		synctest.Wait()
		for _, ext := range []string{".wav", ".json"} {
			if _, err := os.Stat(filepath.Join(dir, asideDir, rec.ID.String()+ext)); err != nil {
				t.Error(err)
			}
		}
		empty(t, dir)
	})
}

func TestNamesOfFilesStayInside(t *testing.T) {
	for _, name := range []string{"../x.wav", "/etc/passwd", "account-8/x.wav", "account-7/../account-8/x.wav", "account-70/x.wav"} {
		rec := store.Recording{Account: 7, File: name}
		if p, err := Path("/var/recordings", &rec); err == nil {
			t.Errorf("%s is %s", name, p)
		}
	}
}
