package flow_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// tapes counts recordings.
type tapes struct {
	dir string

	mu    sync.Mutex
	begun []store.Recording
	open  map[engine.RecordID]bool
}

// Begin implements call.Recordings.
func (t *tapes) Begin(rec *store.Recording, _ string, scope engine.RecordScope) (engine.Recording, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun = append(t.begun, *rec)
	id := engine.RecordID(fmt.Sprint("tape-", len(t.begun)))
	t.open[id] = true
	return engine.Recording{ID: id, File: filepath.Join(t.dir, string(id)+".wav"), Scope: scope}, nil
}

// Cancel implements call.Recordings.
func (t *tapes) Cancel(id engine.RecordID) { t.Done(engine.RecordDone{Record: id}) }

// Done implements call.Recordings.
func (t *tapes) Done(ev engine.RecordDone) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, ev.Record)
}

// A recording is stopped by a key while one of the two hangs up, or both: each ends once, and none begins for who has gone.
func TestRecordingStopsAsSomebodyHangsUp(t *testing.T) {
	recorded := func(a *dialplan.Account) {
		mayTake(a)
		a.Recording = dialplan.Recording{Enabled: true, Assistant: true}
		a.User("101").Permissions.RecordInbound = true
	}
	for _, keys := range []string{"*5", "*4", "*6", "##"} {
		race(t, recorded, func(o *office) ([]func(), func()) {
			a, b := o.connected()
			if keys == "*5" {
				o.must(b.SendDTMF(o.ctx(), "*4"))
			}
			return []func(){press(o, b, keys), hang(a), hang(b)}, func() {
				o.tapes.mu.Lock()
				defer o.tapes.mu.Unlock()
				if len(o.tapes.open) > 0 || len(o.tapes.begun) == 0 {
					t.Errorf("keys %s: %d recordings have begun, %d are left", keys, len(o.tapes.begun), len(o.tapes.open))
				}
			}
		})
	}
}
