package analysis

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"callplane/store"
)

// writeWAV writes a recording of 8000 Hz with these channels.
func writeWAV(t *testing.T, sides ...[]int16) string {
	t.Helper()
	var b bytes.Buffer
	n := len(sides)
	size := 2 * n * len(sides[0])
	b.WriteString("RIFF")
	for _, v := range []any{uint32(36 + size), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(n), uint32(8000), uint32(16000 * n), uint16(2 * n), uint16(16), []byte("data"), uint32(size)} {
		_ = binary.Write(&b, binary.LittleEndian, v)
	}
	for i := range sides[0] {
		for _, s := range sides {
			_ = binary.Write(&b, binary.LittleEndian, s[i])
		}
	}
	file := filepath.Join(t.TempDir(), "r.wav")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// samples of a WAV file of one channel with a head of 44 bytes.
func samples(raw []byte) []int16 {
	pcm := make([]int16, max(0, len(raw)-44)/2)
	if len(raw) > 44 {
		_ = binary.Read(bytes.NewReader(raw[44:]), binary.LittleEndian, pcm)
	}
	return pcm
}

// queue is the database of these tests: one recording.
type queue struct {
	mu      sync.Mutex
	d       store.DueAnalysis
	due     time.Time
	away    bool
	result  string
	state   store.AnalysisState
	reason  string
	results int
}

func newQueue() *queue {
	return &queue{d: store.DueAnalysis{Recording: store.Recording{ID: uuid.New(), Account: 1}, Queued: time.Now()}, due: time.Now(), state: store.AnalysisWaiting}
}

var errAway = errors.New("the database is away")

func (q *queue) DueAnalyses(_ context.Context, _ int, lease time.Duration) ([]store.DueAnalysis, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.away {
		return nil, errAway
	}
	if q.state != store.AnalysisWaiting || q.due.After(time.Now()) {
		return nil, nil
	}
	q.d.Ticket, q.due = uuid.New(), time.Now().Add(lease)
	q.d.Tries++
	return []store.DueAnalysis{q.d}, nil
}

func (q *queue) change(d store.DueAnalysis, f func()) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.away {
		return false, errAway
	}
	if d.Ticket != q.d.Ticket {
		return false, nil
	}
	f()
	return true, nil
}

func (q *queue) ExtendAnalysis(_ context.Context, d store.DueAnalysis, lease time.Duration) (bool, error) {
	return q.change(d, func() { q.due = time.Now().Add(lease) })
}

func (q *queue) AnalysisDone(_ context.Context, d store.DueAnalysis, _, summary string, _ []store.Spoken) error {
	_, err := q.change(d, func() { q.result, q.state = summary, store.AnalysisDone; q.results++ })
	return err
}

func (q *queue) AnalysisFailed(_ context.Context, d store.DueAnalysis, again time.Time, reason string) error {
	_, err := q.change(d, func() {
		q.due, q.reason = again, reason
		if again.IsZero() {
			q.state = store.AnalysisFailed
		}
	})
	return err
}

func (q *queue) set(f func()) { q.mu.Lock(); f(); q.mu.Unlock() }

// seen is how far the recording has come.
type seen struct {
	state          store.AnalysisState
	reason         string
	results, tries int
}

func (q *queue) seen() seen {
	q.mu.Lock()
	defer q.mu.Unlock()
	return seen{q.state, q.reason, q.results, q.d.Tries}
}

// speech transcribes as a test says.
type speech func(ctx context.Context) ([]store.Spoken, error)

func (f speech) Transcribe(ctx context.Context, _, _ string) ([]store.Spoken, error) { return f(ctx) }

func said(text string) []store.Spoken { return []store.Spoken{{Text: text}} }

// start runs a service until stop is called.
func start(q *queue, f speech) (stop func()) {
	s := New(Config{Queue: q, Transcriber: f, Summariser: Beginning{}, Workers: 2, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Path: func(*store.Recording) (string, error) { return "x", nil }, Language: func(store.DueAnalysis) string { return "en" }})
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { s.Run(ctx) })
	return func() { cancel(); done.Wait() }
}

func TestFailuresAreTriedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		stop := start(q, func(context.Context) ([]store.Spoken, error) { return nil, errors.New("no answer") })
		defer stop()
		time.Sleep(10 * time.Minute)
		if s := q.seen(); s.tries < 4 || s.tries > 6 { // after 30 s, 1, 2, 4 min
			t.Errorf("%d tries in 10 minutes", s.tries)
		}
		time.Sleep(26 * time.Hour)
		if s := q.seen(); s.state != store.AnalysisFailed || s.reason != "transcribe: no answer" || s.tries < 20 || s.tries > 40 {
			t.Errorf("after a day %+v", s)
		}
	})
}

func TestWhatCanNotBeMendedIsGivenUpAtOnce(t *testing.T) {
	for what, f := range map[string]speech{
		"final":    func(context.Context) ([]store.Spoken, error) { return nil, &Final{errors.New("no")} },
		"panic":    func(context.Context) ([]store.Spoken, error) { panic("no") },
		"too much": func(context.Context) ([]store.Spoken, error) { return said(string(make([]byte, maxTranscript+1))), nil },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue()
				stop := start(q, f)
				time.Sleep(time.Second)
				stop()
				if s := q.seen(); s.state != store.AnalysisFailed || s.reason == "" || s.tries != 1 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func TestWhoIsBusyTellsWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		stop := start(q, func(context.Context) ([]store.Spoken, error) {
			if q.seen().tries == 1 {
				return nil, &Later{errors.New("busy"), 20 * time.Minute}
			}
			return said("hello"), nil
		})
		defer stop()
		time.Sleep(19 * time.Minute)
		if s := q.seen(); s.tries != 1 {
			t.Error("it was asked again too early")
		}
		time.Sleep(2 * time.Minute)
		if s := q.seen(); s.state != store.AnalysisDone {
			t.Errorf("%+v", s)
		}
	})
}

func TestARecordingWhoseAnalyserDiedIsTakenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		if due, _ := q.DueAnalyses(context.Background(), 1, time.Minute); len(due) != 1 { // by a process that was killed then
			t.Fatal("not due")
		}
		stop := start(q, func(context.Context) ([]store.Spoken, error) { return said("hello"), nil })
		defer stop()
		time.Sleep(50 * time.Second)
		if s := q.seen(); s.state != store.AnalysisWaiting {
			t.Error("it was taken while it was somebody else's")
		}
		time.Sleep(30 * time.Second)
		if s := q.seen(); s.state != store.AnalysisDone || s.results != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestALongAnalysisIsNotTakenByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		stop := start(q, func(ctx context.Context) ([]store.Spoken, error) {
			time.Sleep(20 * time.Minute)
			return said("hello"), ctx.Err()
		})
		defer stop()
		time.Sleep(21 * time.Minute)
		if s := q.seen(); s.state != store.AnalysisDone || s.tries != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestADeletedRecordingEndsItsAnalysis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		stop := start(q, func(ctx context.Context) ([]store.Spoken, error) {
			<-ctx.Done()
			q.set(func() { q.results = 7 })
			return nil, ctx.Err()
		})
		defer stop()
		time.Sleep(time.Second)
		q.set(func() { q.d.Ticket, q.due = uuid.New(), time.Now().Add(time.Hour) })
		time.Sleep(time.Minute)
		if s := q.seen(); s.results != 7 || s.reason != "" {
			t.Errorf("%+v", s)
		}
	})
}

func TestTheDatabaseAwayLosesNoResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		stop := start(q, func(context.Context) ([]store.Spoken, error) {
			if q.seen().tries > 1 {
				t.Error("it is analysed again")
			}
			q.set(func() { q.away = true })
			time.Sleep(5 * time.Minute)
			return said("hello"), nil
		})
		defer stop()
		time.Sleep(20 * time.Minute)
		q.set(func() { q.away = false })
		time.Sleep(time.Minute)
		if s := q.seen(); s.state != store.AnalysisDone || s.results != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestTheEndOfTheControllerLeavesTheRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		stop := start(q, func(ctx context.Context) ([]store.Spoken, error) { <-ctx.Done(); return nil, ctx.Err() })
		time.Sleep(time.Second)
		stop()
		if s := q.seen(); s.state != store.AnalysisWaiting || s.reason != "" {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhatKillsItsAnalyserIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.d.Tries, q.d.Queued = 40, time.Now().Add(-26*time.Hour)
		stop := start(q, func(context.Context) ([]store.Spoken, error) { t.Error("it is tried again"); return nil, nil })
		time.Sleep(time.Second)
		stop()
		if s := q.seen(); s.state != store.AnalysisFailed || s.reason == "" {
			t.Errorf("%+v", s)
		}
	})
}
