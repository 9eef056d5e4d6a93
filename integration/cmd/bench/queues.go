package main

import (
	"context"
	"fmt"
	"maps"
	"time"

	"callplane/dialplan"
	"callplane/integration/sipp"
)

const (
	// queueAgents talk for 0.7 to 1.7 s (uas_agent.xml) and have no wrap-up.
	queueAgents = 16
	// queueRate is more than agents can serve who are called at once, so that somebody waits most of the time.
	queueRate = 13
	extQueue  = "400"
	toQueue   = 5
)

// agentChannel is the SIP account of an agent (from 0): a user of company 0.
func agentChannel(i int) string { return channel(0, fmt.Sprint(102+i)) }

// queues lets callers wait for agents, by the controller and by the engine's own queue.
func queues(ctx context.Context, o options) error {
	d := 30 * time.Second
	if o.short {
		d = 12 * time.Second
	}
	t := newTable(fmt.Sprintf("Queues: %d callers/s for %v, who give up after 6 s; %d agents who ring for 0.1 s and talk for 0.7 to 1.7 s, no wrap-up. From the end of an agent's call "+
		"to the next INVITE at the agent, while somebody waits (ms)", queueRate, d, queueAgents),
		"engine", "by", "agent free to ringing p50", "p90", "p99", "longest", "times", "callers", "served", "gave up", "failed", "engine's CPU, % of a core", "controller's CPU")
	err := eachRig(ctx, o, func(name string, r *rig) error {
		if err := r.staff(ctx); err != nil {
			return err
		}
		for _, v := range []variant{{name: r.rivalQueue(), static: true}, production()} {
			if err := r.shift(ctx, t, name, v, d); err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
		}
		return nil
	})
	t.print()
	return err
}

// staff gives company 0 a queue, registers its agents, and gives the engine a queue of its own with the same phones.
func (r *rig) staff(ctx context.Context) error {
	a := *r.dir.Account(1)
	q := &dialplan.Queue{Open: true, Strategy: dialplan.QueueLongestIdle, RingTimeout: 20 * time.Second, Music: true}
	for i := range queueAgents {
		q.Members = append(q.Members, dialplan.QueueMember{Extension: fmt.Sprint(102 + i), LoggedIn: true, Since: time.Now()})
	}
	a.Extensions, a.Numbers = maps.Clone(a.Extensions), maps.Clone(a.Numbers)
	a.Extensions[extQueue] = &dialplan.Extension{ID: 1_000_000, Number: extQueue, Name: "Support", Config: q}
	a.Numbers[number(0, toQueue)] = &dialplan.Number{E164: number(0, toQueue)}
	a.Schemes[0].Plans[1].Entries[number(0, toQueue)] = dialplan.PlanEntry{Destination: dialplan.Destination{Extension: extQueue}}
	a.Version++
	r.dir.Put(&a)
	var agents []string
	for i := range queueAgents {
		agents = append(agents, agentChannel(i))
	}
	if err := r.register(ctx, agents...); err != nil {
		return err
	}
	return r.queue(ctx, agents, portCallee)
}

// shift is a while of work; it adds a row.
func (r *rig) shift(ctx context.Context, t *table, name string, v variant, d time.Duration) error {
	_, end, err := r.control(ctx, v)
	if err != nil {
		return err
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, d+25*time.Second)
	defer cancel()
	agents, err := sipp.Start(ctx, sipp.UASAgent, sipp.Options{LocalPort: portCallee, Calls: 1 << 20, Limit: 1 << 16, Messages: true})
	if err != nil {
		return err
	}
	number := number(0, toQueue)
	if v.static {
		number = "static-queue"
	}
	engine0, err := cpuOf(r.pid())
	if err != nil {
		return err
	}
	ours0, began := ourCPU(), time.Now()
	callers, failed := sipp.Run(ctx, sipp.UACPatient, sipp.Options{Target: r.carriers(), LocalPort: portCaller, Service: number, Rate: queueRate,
		Calls: int(queueRate * d.Seconds()), Limit: 1 << 16, Messages: true, Keys: map[string]string{"from": "+31612345678"}})
	elapsed := time.Since(began)
	engine1, err := cpuOf(r.pid())
	if err != nil {
		return fmt.Errorf("the engine is gone: %w", err)
	}
	ours1 := ourCPU()
	agents.Stop()
	served, _ := agents.Wait() // what failed there failed at the caller too
	if failed != nil {
		fmt.Printf("# %s, %s: %.600s\n", name, v.name, failed)
	}
	w := workOf(callers.Messages, served.Messages)
	share := func(d time.Duration) string { return fmt.Sprintf("%.0f", 100*d.Seconds()/elapsed.Seconds()) }
	ours := share(ours1 - ours0)
	if v.static {
		ours = "-"
	}
	t.add(name, v.name, ms(w.gaps.at(50)), ms(w.gaps.at(90)), ms(w.gaps.at(99)), ms(w.gaps.at(100)), fmt.Sprint(len(w.gaps)), fmt.Sprint(callers.Created),
		fmt.Sprint(w.served), fmt.Sprint(w.gaveUp), fmt.Sprint(callers.Failed), share(engine1-engine0), ours)
	return r.clear(ctx)
}
