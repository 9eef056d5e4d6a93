package acd

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
)

// ErrClosed is what is answered when the controller stops.
var ErrClosed = errors.New("queues are closed")

// Account owns the State of one account: its goroutine applies what comes into its mailbox, one after the other,
// and hands orders to the callers' calls.
type Account struct {
	id  dialplan.AccountID
	hub *Hub

	mu  sync.Mutex
	box []item
	// waiting is how many callers wait, by queue.
	waiting map[int64]int
	signal  chan struct{} // holds at most one token: there may be something
	done    chan struct{} // closed when nobody reads any more

	// Of the goroutine only.
	state   *State
	tickets map[uuid.UUID]*Ticket
	config  *dialplan.Account
	ids     map[AgentID]string // extension numbers
	numbers map[QueueID]string // also of queues that are gone
}

// item is an event, or something to do with the state.
type item struct {
	ev Event
	do func(*Account, time.Time)
}

// Ticket is a caller's side of waiting: its call tells what happens and takes orders. Its methods may be used by one
// goroutine at a time.
type Ticket struct {
	Caller  uuid.UUID
	Queue   QueueID
	account *Account

	mu     sync.Mutex
	orders []Ordered
	wake   func()
}

// Ordered is an Order with the agent's extension.
type Ordered struct {
	Order
	Extension string
}

// put adds to the mailbox, which is not bounded: every call and every phone has few things to tell.
func (a *Account) put(it item) {
	a.mu.Lock()
	a.box = append(a.box, it)
	a.mu.Unlock()
	select {
	case a.signal <- struct{}{}:
	default:
	}
}

func (a *Account) tell(ev Event) { a.put(item{ev: ev}) }

// ask has something done by the goroutine of a and waits for what it gives. Who does not wait for the end of it has nothing of it.
func ask[T any](ctx context.Context, a *Account, f func(now time.Time) T) (T, error) {
	got := make(chan T, 1)
	a.put(item{do: func(_ *Account, now time.Time) { got <- f(now) }})
	var none T
	select {
	case v := <-got:
		return v, nil
	case <-a.done:
		return none, ErrClosed
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}

func (a *Account) run(ctx context.Context) {
	defer close(a.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.signal:
		case <-timer.C:
			a.put(item{ev: Tick{}})
		}
		a.mu.Lock()
		batch := a.box
		a.box = nil
		a.mu.Unlock()
		for _, it := range batch {
			now := time.Now()
			if it.do != nil {
				it.do(a, now)
			} else {
				a.step(it.ev, now)
			}
		}
		if next := a.state.Next(); !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// step applies an event and passes on what follows.
func (a *Account) step(ev Event, now time.Time) {
	began := time.Now()
	r := a.state.Step(ev, now)
	a.hub.cfg.Took(time.Since(began))
	a.count(r)
	if len(r.Records) > 0 {
		a.hub.cfg.Write(a.id, a.lines(r.Records))
	}
	for _, o := range r.Orders {
		t := a.tickets[o.Caller]
		if t == nil {
			continue
		}
		if o.Kind == Refused || o.Kind == Gone {
			delete(a.tickets, o.Caller)
		}
		t.put(Ordered{o, a.ids[o.Agent]})
	}
}

// count notes how many wait in the queues that a step was about.
func (a *Account) count(r Result) {
	changed := false
	a.mu.Lock()
	look := func(id QueueID) {
		n := 0
		if q := a.state.queues[id]; q != nil {
			n = len(q.waiting)
		}
		if a.waiting[int64(id)] == n {
			return
		}
		changed = true
		a.waiting[int64(id)] = n
		if n == 0 {
			delete(a.waiting, int64(id))
		}
	}
	for _, o := range r.Orders {
		look(o.Queue)
	}
	for _, rec := range r.Records {
		look(rec.Queue)
	}
	a.mu.Unlock()
	if changed {
		a.hub.cfg.Changed(a.id)
	}
}

// lines names what records are about, since extensions may be gone when somebody reads them.
func (a *Account) lines(records []Record) []Line {
	out := make([]Line, len(records))
	for i, r := range records {
		out[i] = Line{Record: r, Agent: a.ids[r.Agent]}
		out[i].Queue = a.numbers[r.Queue]
		if r.Agent != 0 && out[i].Agent == "" && a.config != nil {
			for _, e := range a.config.Extensions {
				if AgentID(e.ID) == r.Agent {
					out[i].Agent = e.Number
				}
			}
		}
	}
	return out
}

// configure takes over a snapshot; nil: the account is gone.
func (a *Account) configure(cfg *dialplan.Account, now time.Time) {
	a.config = cfg
	queues, ids := QueuesOf(cfg)
	a.ids = ids
	for _, q := range queues {
		a.numbers[q.ID] = q.Number
	}
	a.step(Configure{Queues: queues}, now)
	for id := range ids {
		a.phone(id, now)
	}
}

// phone looks at what an agent's phones are doing now.
func (a *Account) phone(id AgentID, now time.Time) {
	extension, ok := a.ids[id]
	if !ok || a.config == nil {
		return
	}
	reachable, calls := a.hub.cfg.Phones(a.config, extension)
	if x := a.state.agents[id]; x != nil && (x.reachable != reachable || x.calls != calls) {
		a.step(Phone{Agent: id, Reachable: reachable, Calls: calls}, now)
	}
}

// QueuesOf are the queues of an account, by number, and the extension numbers of their agents.
func QueuesOf(a *dialplan.Account) ([]Queue, map[AgentID]string) {
	ids := make(map[AgentID]string)
	if a == nil {
		return nil, ids
	}
	var out []Queue
	for _, e := range a.Extensions {
		cfg, ok := e.Config.(*dialplan.Queue)
		if !ok {
			continue
		}
		q := Queue{ID: QueueID(e.ID), Number: e.Number, Config: cfg}
		if slices.ContainsFunc(cfg.Members, func(m dialplan.QueueMember) bool { return a.Extensions[m.Extension] == nil }) {
			// Members that do not exist any more have no place.
			c := *cfg
			c.Members = slices.DeleteFunc(slices.Clone(c.Members), func(m dialplan.QueueMember) bool { return a.Extensions[m.Extension] == nil })
			q.Config = &c
		}
		for _, m := range q.Config.Members {
			x := a.Extensions[m.Extension]
			q.Agents = append(q.Agents, AgentID(x.ID))
			ids[AgentID(x.ID)] = x.Number
		}
		out = append(out, q)
	}
	slices.SortFunc(out, func(a, b Queue) int { return int(a.ID - b.ID) })
	return out, ids
}

// Join asks for a place in a queue for a caller, whose call wake wakes when there are orders. With a Ticket the
// caller is in, as of the time returned; without, the Reason says why not.
func (a *Account) Join(ctx context.Context, j Join, wake func()) (t *Ticket, joined time.Time, why Reason, err error) {
	t = &Ticket{Caller: j.Caller, Queue: j.Queue, account: a, wake: wake}
	_, err = ask(ctx, a, func(now time.Time) struct{} {
		a.tickets[j.Caller] = t
		a.step(j, now)
		return struct{}{}
	})
	if err != nil {
		t.Leave(ReasonHungUp) // it may get in yet
		return nil, time.Time{}, "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.orders[0]
	t.orders = t.orders[1:]
	if first.Kind == Refused {
		return nil, time.Time{}, first.Reason, nil
	}
	return t, first.Joined, "", nil
}

func (t *Ticket) put(o Ordered) {
	t.mu.Lock()
	t.orders = append(t.orders, o)
	t.mu.Unlock()
	t.wake()
}

// Orders are those that have come since the last time.
func (t *Ticket) Orders() []Ordered {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.orders
	t.orders = nil
	return out
}

// Hold asks that the caller be not offered for a while; the order Held answers it, or an offer has been faster.
func (t *Ticket) Hold() { t.account.tell(Hold{Caller: t.Caller}) }

// Release ends Hold.
func (t *Ticket) Release() { t.account.tell(Release{Caller: t.Caller}) }

// Missed tells that an offer has failed.
func (t *Ticket) Missed(agent AgentID, m dialplan.Miss) {
	t.account.tell(Missed{Caller: t.Caller, Agent: agent, Miss: m})
}

// Answered tells that an agent has the caller now; ended must be called when the conversation is over.
func (t *Ticket) Answered(agent AgentID) (ended func()) {
	a, caller := t.account, t.Caller
	a.put(item{do: func(a *Account, now time.Time) {
		delete(a.tickets, caller)
		a.step(Answered{Caller: caller, Agent: agent}, now)
	}})
	return func() { a.tell(Ended{Caller: caller, Agent: agent}) }
}

// Leave tells that the caller has gone.
func (t *Ticket) Leave(r Reason) {
	caller := t.Caller
	t.account.put(item{do: func(a *Account, now time.Time) {
		delete(a.tickets, caller)
		a.step(Leave{Caller: caller, Reason: r}, now)
	}})
}

// Place of the caller now.
func (t *Ticket) Place(ctx context.Context) (Place, error) {
	return ask(ctx, t.account, func(now time.Time) Place {
		p, _ := t.account.state.Place(t.Caller, now)
		return p
	})
}

// Free tells that some agent of a queue could be offered a call.
func (a *Account) Free(ctx context.Context, q QueueID) (bool, error) {
	return ask(ctx, a, func(now time.Time) bool {
		a.step(Tick{}, now)
		return a.state.Free(q)
	})
}
