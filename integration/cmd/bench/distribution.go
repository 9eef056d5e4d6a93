package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/google/uuid"

	"callplane/controller/acd"
	"callplane/dialplan"
)

// Size of the account whose callers are distributed.
const (
	acdCallers = 10_000
	acdAgents  = 1_000
	acdQueues  = 200
)

// crowd is an account with queues in which callers wait for agents who are busy.
type crowd struct {
	s       *acd.State
	rng     *rand.Rand
	now     time.Time
	queues  []acd.Queue
	next    uint64                    // callers so far
	waiting []uuid.UUID               // in no order
	place   map[uuid.UUID]int         // in waiting
	talks   map[acd.AgentID]uuid.UUID // who talks to whom
	offers  []acd.Order               // to be answered
	agents  []acd.AgentID             // who talk
}

// newCrowd makes queues; each agent is in some of them.
func newCrowd(queues, agents, each int, strategy func(int) dialplan.QueueStrategy) *crowd {
	c := &crowd{s: acd.New(1), rng: rand.New(rand.NewPCG(1, 2)), now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), //nolint:gosec // a simulation
		place: make(map[uuid.UUID]int), talks: make(map[acd.AgentID]uuid.UUID)}
	for q := range queues {
		c.queues = append(c.queues, acd.Queue{ID: acd.QueueID(q + 1), Number: fmt.Sprint(10_000 + q),
			Config: &dialplan.Queue{Strategy: strategy(q), RingTimeout: 20 * time.Second, Weight: q % 5}})
	}
	for a := range agents {
		for _, q := range c.rng.Perm(queues)[:each] {
			x := &c.queues[q]
			x.Agents = append(x.Agents, acd.AgentID(a+1))
			x.Config.Members = append(x.Config.Members, dialplan.QueueMember{Extension: fmt.Sprint(20_000 + a), LoggedIn: true})
		}
	}
	c.step(acd.Configure{Queues: c.queues})
	for a := range agents {
		c.step(acd.Phone{Agent: acd.AgentID(a + 1), Reachable: true})
	}
	return c
}

// step applies an event and keeps what it orders; it gives how long it took.
func (c *crowd) step(ev acd.Event) time.Duration {
	began := time.Now()
	r := c.s.Step(ev, c.now)
	took := time.Since(began)
	for _, o := range r.Orders {
		if o.Kind == acd.Offer {
			c.offers = append(c.offers, o)
		}
	}
	return took
}

func (c *crowd) join() time.Duration {
	c.next++
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[8:], c.next)
	c.place[id] = len(c.waiting)
	c.waiting = append(c.waiting, id)
	return c.step(acd.Join{Caller: id, Queue: c.queues[c.rng.IntN(len(c.queues))].ID})
}

// out takes a caller off the list of who waits.
func (c *crowd) out(id uuid.UUID) {
	i, last := c.place[id], len(c.waiting)-1
	c.waiting[i] = c.waiting[last]
	c.place[c.waiting[i]] = i
	c.waiting = c.waiting[:last]
	delete(c.place, id)
}

// answer lets the agents answer who have been offered a call.
func (c *crowd) answer(took func(time.Duration)) {
	for len(c.offers) > 0 {
		o := c.offers[0]
		c.offers = c.offers[1:]
		if _, ok := c.place[o.Caller]; !ok {
			continue // somebody else was faster
		}
		c.out(o.Caller)
		c.talks[o.Agent] = o.Caller
		c.agents = append(c.agents, o.Agent)
		took(c.step(acd.Answered{Caller: o.Caller, Agent: o.Agent}))
	}
	c.offers = c.offers[:0:0]
}

// distribution measures a step of the pure distribution.
func distribution(ctx context.Context, o options) error {
	steps := 400_000
	if o.short {
		steps = 100_000
	}
	t := newTable(fmt.Sprintf("A step of the distribution: %d callers wait, %d agents talk; a conversation ends, a caller is offered, an agent answers, others join, "+
		"hang up or miss (µs; %d steps, with the garbage collection of all of it)", acdCallers, acdAgents, steps),
		"account", "p50", "p99", "p99.9", "longest", "allocations", "bytes", "collections")
	all := dialplan.QueueStrategies()
	mixed := func(q int) dialplan.QueueStrategy { return all[q%len(all)] }
	one := func(s dialplan.QueueStrategy) func(int) dialplan.QueueStrategy {
		return func(int) dialplan.QueueStrategy { return s }
	}
	for _, x := range []struct {
		name                 string
		queues, agents, each int
		strategy             func(int) dialplan.QueueStrategy
	}{
		{fmt.Sprintf("%d queues of all strategies, an agent is in 5", acdQueues), acdQueues, acdAgents, 5, mixed},
		{fmt.Sprintf("%d queues, every agent is in each", acdQueues), acdQueues, acdAgents, acdQueues, one(dialplan.QueueLongestIdle)},
		{"one queue, longest idle", 1, acdAgents, 1, one(dialplan.QueueLongestIdle)},
		{"one queue, ring all", 1, acdAgents, 1, one(dialplan.QueueRingAll)},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, m := newCrowd(x.queues, x.agents, x.each, x.strategy).day(steps)
		us := func(p float64) string { return fmt.Sprintf("%.1f", float64(s.at(p))/1e3) }
		t.add(x.name, us(50), us(99), us(99.9), us(100), fmt.Sprintf("%.1f", float64(m.Mallocs)/float64(len(s))),
			fmt.Sprintf("%.0f", float64(m.TotalAlloc)/float64(len(s))), fmt.Sprint(m.NumGC))
	}
	t.print()
	return nil
}

// day lets things happen; it gives how long each step took, and what was allocated meanwhile.
func (c *crowd) day(steps int) (sample, runtime.MemStats) {
	for len(c.waiting) < acdCallers {
		c.join()
		c.answer(func(time.Duration) {})
	}
	s := make(sample, 0, steps+acdAgents)
	took := func(d time.Duration) { s = append(s, d) }
	var before, after runtime.MemStats
	heap()
	runtime.ReadMemStats(&before)
	for len(s) < steps {
		c.now = c.now.Add(5 * time.Millisecond)
		switch n := c.rng.IntN(20); {
		case n == 0 && len(c.offers) > 0: // an agent refuses
			o := c.offers[0]
			c.offers = c.offers[1:]
			took(c.step(acd.Missed{Caller: o.Caller, Agent: o.Agent, Miss: dialplan.MissRejected}))
		case n == 1 && len(c.waiting) > 0: // a caller hangs up
			id := c.waiting[c.rng.IntN(len(c.waiting))]
			c.out(id)
			took(c.step(acd.Leave{Caller: id, Reason: acd.ReasonHungUp}))
		case n < 4: // a phone is used for something else
			took(c.step(acd.Phone{Agent: acd.AgentID(c.rng.IntN(acdAgents) + 1), Reachable: true, Calls: n - 2}))
		case n < 12 && len(c.agents) > 0:
			i, last := c.rng.IntN(len(c.agents)), len(c.agents)-1
			a := c.agents[i]
			c.agents[i] = c.agents[last]
			c.agents = c.agents[:last]
			took(c.step(acd.Ended{Caller: c.talks[a], Agent: a}))
		default:
			c.answer(took)
		}
		for len(c.waiting) < acdCallers {
			took(c.join())
		}
	}
	runtime.ReadMemStats(&after)
	after.Mallocs -= before.Mallocs
	after.TotalAlloc -= before.TotalAlloc
	after.NumGC -= before.NumGC
	runtime.KeepAlive(c)
	return s.sort(), after
}
