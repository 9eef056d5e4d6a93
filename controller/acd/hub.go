package acd

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
)

// Line is a Record with the numbers of the queue and the agent.
type Line struct {
	Record
	Queue string
	Agent string
}

// Config of a Hub.
type Config struct {
	// Phones tells of an agent's phones whether any can be called, and in how many calls besides those of queues
	// they are.
	Phones func(a *dialplan.Account, extension string) (reachable bool, calls int)
	// Write takes the lines of the log; it must not block. Nil: there is none.
	Write func(dialplan.AccountID, []Line)
	// Past reads what agents have done since their login, and the waits of the last half hour; nil: nothing is known.
	Past func(context.Context, dialplan.AccountID) (Remember, error)
	// Changed is told when other callers wait than before (Hub.Waiting); it must not block. Nil: nobody is.
	Changed func(dialplan.AccountID)
	// Took is told how long a step took; nil: nobody is.
	Took func(time.Duration)
	Log  *slog.Logger // slog.Default
}

// Hub runs the queues of all accounts of a controller.
type Hub struct {
	cfg  Config
	base context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	accounts map[dialplan.AccountID]*Account
	back     map[uuid.UUID]*Ticket
}

// NewHub returns a hub without accounts; Close ends it.
func NewHub(cfg Config) *Hub {
	if cfg.Write == nil {
		cfg.Write = func(dialplan.AccountID, []Line) {}
	}
	if cfg.Changed == nil {
		cfg.Changed = func(dialplan.AccountID) {}
	}
	if cfg.Took == nil {
		cfg.Took = func(time.Duration) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	h := &Hub{cfg: cfg, accounts: map[dialplan.AccountID]*Account{}, back: map[uuid.UUID]*Ticket{}}
	h.base, h.stop = context.WithCancel(context.Background())
	return h
}

// Close ends all accounts' goroutines and waits for them. Callers stay with the engines.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.stop()
	h.wg.Wait()
}

// Account is the account with an id; nil when it never had a queue.
func (h *Hub) Account(id dialplan.AccountID) *Account {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.accounts[id]
}

// Waiting is how many callers wait in an account's queues, by the extension's id; queues in which nobody does are not in it.
func (h *Hub) Waiting(id dialplan.AccountID) map[int64]int {
	a := h.Account(id)
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.waiting)
}

// Configure takes over a snapshot of an account; cfg nil: the account is gone. It must be called in the order of
// the snapshots.
func (h *Hub) Configure(id dialplan.AccountID, cfg *dialplan.Account) {
	a := h.Account(id)
	if a == nil {
		if queues, _ := QueuesOf(cfg); len(queues) == 0 {
			return
		}
		if a = h.open(id); a == nil {
			return
		}
	}
	a.put(item{do: func(a *Account, now time.Time) { a.configure(cfg, now) }})
}

func (h *Hub) open(id dialplan.AccountID) *Account {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.accounts[id] != nil {
		return h.accounts[id]
	}
	a := &Account{
		id: id, hub: h, signal: make(chan struct{}, 1), done: make(chan struct{}), state: New(uint64(id)), //nolint:gosec // a seed
		tickets: map[uuid.UUID]*Ticket{}, ids: map[AgentID]string{}, numbers: map[QueueID]string{}, waiting: map[int64]int{},
	}
	h.accounts[id] = a
	h.wg.Go(func() { a.run(h.base) })
	if h.cfg.Past != nil {
		h.wg.Go(func() { h.remember(a) })
	}
	return a
}

// remember reads the past of an account, when the database is there.
func (h *Hub) remember(a *Account) {
	const retry = 5 * time.Second
	said := false
	for {
		past, err := h.cfg.Past(h.base, a.id)
		if err == nil {
			a.tell(past)
			return
		}
		if h.base.Err() != nil {
			return
		}
		if !said {
			h.cfg.Log.Error("read what agents have done: their counters begin anew until then", "account", a.id, "err", err)
			said = true
		}
		select {
		case <-h.base.Done():
			return
		case <-time.After(retry):
		}
	}
}

// Changed tells that the calls or registrations of a channel have changed.
func (h *Hub) Changed(id dialplan.AccountID, channel string) {
	a := h.Account(id)
	if a == nil {
		return
	}
	a.put(item{do: func(a *Account, now time.Time) {
		if a.config == nil || a.config.Channels[channel] == nil {
			return
		}
		if e := a.config.Extensions[a.config.Channels[channel].User]; e != nil {
			a.phone(AgentID(e.ID), now)
		}
	}})
}

// Back is a caller who waited before a restart.
type Back struct {
	Join
	Wake func()
}

// Restore brings back who waited and who talked before a restart, all at once, so that nobody is offered before
// those who were there first. The callers' calls then Claim their tickets.
func (h *Hub) Restore(id dialplan.AccountID, waiting []Back, talking []Talking) (ended []func()) {
	a := h.Account(id)
	for _, t := range talking {
		ended = append(ended, func() {
			if a != nil {
				a.tell(Ended{Caller: t.Caller, Agent: t.Agent})
			}
		})
	}
	if a == nil {
		return ended
	}
	slices.SortStableFunc(waiting, func(a, b Back) int { return cmp.Or(a.At.Compare(b.At)) })
	tickets := make([]*Ticket, len(waiting))
	h.mu.Lock()
	for i, w := range waiting {
		tickets[i] = &Ticket{Caller: w.Caller, Queue: w.Queue, account: a, wake: w.Wake}
		h.back[w.Caller] = tickets[i]
	}
	h.mu.Unlock()
	a.put(item{do: func(a *Account, now time.Time) {
		for _, t := range talking {
			a.step(t, now)
		}
		for i, w := range waiting {
			a.tickets[w.Caller] = tickets[i]
			w.Back = true
			a.step(w.Join, now)
		}
	}})
	return ended
}

// Claim gives a caller the ticket that Restore made; nil: there is none.
func (h *Hub) Claim(caller uuid.UUID) *Ticket {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.back[caller]
	delete(h.back, caller)
	return t
}
