package acceptance

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"callplane/dialplan"
	"callplane/media"
	"callplane/store"
)

// audioMemory keeps recordings as the product does, but for the database: what would be in it is put into the snapshot.
type audioMemory struct {
	dir     *store.Directory
	library *media.Library
	records string // where the engine records to

	mu      sync.Mutex
	scratch map[string]bool
}

func newAudioMemory(b *building) (*audioMemory, error) {
	library, err := media.Open(filepath.Join(b.backend.RecordDir(), "library"), "en")
	if err != nil {
		return nil, err
	}
	return &audioMemory{dir: b.dir, library: library, records: b.backend.RecordDir(), scratch: map[string]bool{}}, nil
}

func (m *audioMemory) Scratch() (string, error) {
	f, err := os.CreateTemp(m.records, "scratch-*.wav")
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	m.scratch[f.Name()] = true
	m.mu.Unlock()
	_ = f.Close()
	return f.Name(), os.Remove(f.Name()) // the engine makes it
}

func (m *audioMemory) Discard(file string) {
	m.mu.Lock()
	delete(m.scratch, file)
	m.mu.Unlock()
	_ = os.Remove(file)
}

// left is how many scratch files nobody has discarded.
func (m *audioMemory) left() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.scratch)
}

func (m *audioMemory) Save(ctx context.Context, a *dialplan.Account, number, file string, replace bool, _ string) error {
	s, err := m.library.Keep(ctx, a.ID, number, file)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := *m.dir.Account(a.ID)
	if _, taken := now.Audio[number]; taken && !replace {
		return &store.Conflict{Field: "key"}
	}
	now.Version++
	now.Audio = maps.Clone(now.Audio)
	if now.Audio == nil {
		now.Audio = map[string]dialplan.Audio{}
	}
	now.Audio[number] = dialplan.Audio{Name: "Recording " + number, File: s.File, Duration: s.Duration}
	m.dir.Put(&now)
	return nil
}
