package acceptance

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"callplane/controller/acd"
	"callplane/dialplan"
	"callplane/store"
)

// queueMemory keeps agents' logins in the directory, as a database does whose news have arrived, and the log of queues.
type queueMemory struct {
	dir *store.Directory

	mu    sync.Mutex
	away  map[dialplan.AccountID]bool // what is to be stored is refused for these
	lines map[dialplan.AccountID][]acd.Line
}

func newQueueMemory(dir *store.Directory) *queueMemory {
	return &queueMemory{dir: dir, away: map[dialplan.AccountID]bool{}, lines: map[dialplan.AccountID][]acd.Line{}}
}

// SetQueueLogin implements flow.QueueAgents.
func (m *queueMemory) SetQueueLogin(_ context.Context, account dialplan.AccountID, _, queue, user string, in bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away[account] {
		return errors.New("the database is away")
	}
	var err error
	m.change(account, queue, func(q *dialplan.Queue) {
		if q.Member(user) == nil {
			if !q.Open {
				err = &store.Invalid{Field: "agent", Reason: "is no member"}
				return
			}
			q.Members = append(q.Members, dialplan.QueueMember{Extension: user})
		}
		member := q.Member(user)
		member.LoggedIn, member.Since = in, time.Now()
	})
	return err
}

// change replaces a queue by a changed one.
func (m *queueMemory) change(account dialplan.AccountID, queue string, f func(*dialplan.Queue)) {
	a := *m.dir.Account(account)
	a.Version++
	extensions := make(map[string]*dialplan.Extension, len(a.Extensions))
	for n, e := range a.Extensions {
		if n == queue {
			changed, q := *e, *e.Config.(*dialplan.Queue)
			q.Members = slices.Clone(q.Members)
			f(&q)
			changed.Config = &q
			e = &changed
		}
		extensions[n] = e
	}
	a.Extensions = extensions
	m.dir.Put(&a)
}

func (m *queueMemory) write(account dialplan.AccountID, lines []acd.Line) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines[account] = append(m.lines[account], lines...)
}

// past makes counters of the log.
func (m *queueMemory) past(_ context.Context, account dialplan.AccountID) (acd.Remember, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away[account] {
		return acd.Remember{}, errors.New("the database is away")
	}
	return acd.PastOf(m.lines[account]), nil
}

// remove takes a queue out of the configuration.
func (m *queueMemory) remove(account dialplan.AccountID, queue string) {
	a := *m.dir.Account(account)
	a.Version++
	a.Extensions = maps.Clone(a.Extensions)
	delete(a.Extensions, queue)
	m.dir.Put(&a)
}

func (m *queueMemory) setAway(account dialplan.AccountID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away[account] = true
}
