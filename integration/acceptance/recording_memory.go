package acceptance

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"callplane/controller/engine"
	"callplane/controller/recording"
	"callplane/dialplan"
	"callplane/store"
)

// recordings is the store of recordings of a building.
type recordings struct {
	mu      sync.Mutex
	dir     string
	kept    map[dialplan.AccountID][]store.Recording
	arrived chan struct{} // closed at the next
}

// open makes the recorder of a new controller.
func (m *recordings) open(dir string, e engine.Engine, log *slog.Logger) (*recording.Recorder, error) {
	m.mu.Lock()
	m.dir = dir
	if m.kept == nil {
		m.kept, m.arrived = map[dialplan.AccountID][]store.Recording{}, make(chan struct{})
	}
	m.mu.Unlock()
	return recording.New(recording.Config{Dir: dir, Store: m, Log: log, Engine: func(string) recording.Collector { return e }})
}

// KeepRecording implements recording.Store.
func (m *recordings) KeepRecording(_ context.Context, r store.Recording) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.kept[r.Account] {
		if k.ID == r.ID {
			return nil
		}
	}
	m.kept[r.Account] = append(m.kept[r.Account], r)
	close(m.arrived)
	m.arrived = make(chan struct{})
	return nil
}

// RecordingsOver waits until nothing of the company is being recorded, or is over and not yet kept: until the recorder has
// no note of it in its spool. Of other companies there may be some all the time.
func (o *Office) RecordingsOver() {
	o.Helper()
	m := &o.b.recordings
	m.mu.Lock()
	notes := filepath.Join(m.dir, "spool", "*.json")
	m.mu.Unlock()
	o.until("end of recordings", func() bool {
		all, err := filepath.Glob(notes)
		if err != nil {
			o.Fatal(err)
		}
		return !slices.ContainsFunc(all, func(name string) bool {
			var note struct{ Recording store.Recording }
			raw, err := os.ReadFile(filepath.Clean(name))
			if err != nil {
				return false // it has just ended
			}
			return json.Unmarshal(raw, &note) != nil || note.Recording.Account == o.Account.ID
		})
	})
}

// Recorded is a recording with its sound.
type Recorded struct {
	store.Recording
	o    *Office
	path string
}

// Recordings waits until the company has n recordings and returns them.
func (o *Office) Recordings(n int) []Recorded {
	o.Helper()
	m := &o.b.recordings
	timeout := time.After(stepTime)
	for {
		m.mu.Lock()
		all, arrived := m.kept[o.Account.ID], m.arrived
		m.mu.Unlock()
		if len(all) > n {
			o.Fatalf("%d recordings, want %d: %+v", len(all), n, all)
		}
		if len(all) == n {
			var out []Recorded
			for _, r := range all {
				path, err := recording.Path(m.dir, &r)
				if err != nil {
					o.Fatal(err)
				}
				out = append(out, Recorded{r, o, filepath.Clean(path)})
			}
			return out
		}
		select {
		case <-arrived:
		case <-timeout:
			o.Fatalf("%d recordings, want %d", len(all), n)
		}
	}
}

// RecordingOf waits for n recordings and returns the one of an extension for a reason.
func (o *Office) RecordingOf(n int, extension string, reason dialplan.RecordReason) Recorded {
	o.Helper()
	for _, r := range o.Recordings(n) {
		if r.Extension == extension && r.Reason == reason {
			return r
		}
	}
	o.Fatalf("no recording of %s is %s", extension, reason)
	return Recorded{}
}
