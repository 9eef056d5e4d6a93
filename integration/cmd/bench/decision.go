package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/controller/flow"
	"callplane/dialplan"
	"callplane/store"
)

const domain = "bench.example"

// newRuntime is the controller's runtime as serve makes it, except that records are counted and not stored.
func newRuntime(dir *store.Directory, prompt string, flowOf func(context.Context, *call.Call) error) (*call.Runtime, error) {
	metrics, err := call.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		return nil, err
	}
	return call.New(call.Config{
		Directory: dir, Metrics: metrics, Domain: domain, Flow: flowOf, Record: func(store.CallRecord) {},
		Prompt:     func(dialplan.AccountID, string, string) (string, error) { return prompt, nil },
		Music:      func(string) (string, error) { return prompt, nil },
		Log:        slog.New(slog.NewJSONHandler(logTo(), nil)), // formatted as in production
		AuthFailed: func(engine.Registration) {},
	}), nil
}

// logTo is where the controller's log goes: nowhere, or the file that BENCH_LOG names.
func logTo() io.Writer {
	if name := os.Getenv("BENCH_LOG"); name != "" {
		if f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err == nil {
			return f // open to the end of the process
		}
	}
	return io.Discard
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers freed in the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// desk is the controller on a stub engine with a platform of accounts.
type desk struct {
	rt       *call.Runtime
	stub     *stub
	accounts int
	stranger int // of the next caller
}

func newDesk(dir *store.Directory, accounts int) (*desk, error) {
	rt, err := newRuntime(dir, "/prompts/menu.wav", flow.NewRouter(flow.Config{}).Run)
	if err != nil {
		return nil, err
	}
	d := &desk{rt: rt, stub: newStub(), accounts: accounts}
	d.stub.handler = rt.Handler(d.stub, func(bool) {})
	return d, nil
}

// register has every phone of an account registered.
func (d *desk) register(n int) {
	for i := range users {
		d.stub.handler.Registration(engine.Registration{Kind: engine.Registered, Engine: "stub", User: channel(n, fmt.Sprint(101+i)), Domain: domain,
			Contact: fmt.Sprintf("sip:%d@198.51.100.1:5060", i), Transport: "udp"})
	}
}

// call one of an account's numbers from outside.
func (d *desk) call(account, to int, answers bool) *stubLeg {
	d.stranger++
	return d.stub.call(engine.LegInfo{
		ID: engine.LegID(uuid.NewString()), Engine: "stub", Direction: engine.Inbound, SIPCallID: uuid.NewString(), Peer: carrier(), Transport: "udp",
		Caller: engine.Identity{Number: fmt.Sprintf("+316%08d", d.stranger%1e8)}, Dialed: number(account, to), Created: time.Now(),
	}, answers)
}

// decision measures from the engine's event in hand to the first command written.
func decision(ctx context.Context, o options) error {
	accounts, each, rate := 10_000, 7000, 500
	if o.short {
		each = 1500
	}
	before := heap()
	dir, err := platform(accounts)
	if err != nil {
		return err
	}
	bytes := heap() - before
	d, err := newDesk(dir, accounts)
	if err != nil {
		return err
	}
	defer d.rt.Close()
	for n := range accounts {
		d.register(n)
	}
	full := heap() - before

	kinds := []struct {
		name string
		to   int
	}{{"user", toUser}, {"group of 20", toGroup}, {"menu", toMenu}}
	t := newTable(fmt.Sprintf("Decision: from the engine's event to the first command, %d accounts of %d extensions in memory (ms)", accounts, extensions),
		"inbound call to", "calls", "one at a time p50", "p99", "max", fmt.Sprintf("at %d/s p50", rate), "p99", "p99.9", "max", "allocations per call", "KiB per call")
	quiet, busy := make([]sample, len(kinds)), make([]sample, len(kinds))
	allocs, size := make([]float64, len(kinds)), make([]float64, len(kinds))
	for k, kind := range kinds {
		var m0, m1 runtime.MemStats
		runtime.ReadMemStats(&m0)
		for i := range each {
			l, err := d.one(ctx, i*7919%accounts, kind.to)
			if err != nil {
				return err
			}
			quiet[k] = append(quiet[k], l.decided)
		}
		runtime.ReadMemStats(&m1)
		allocs[k] = float64(m1.Mallocs-m0.Mallocs) / float64(each)
		size[k] = float64(m1.TotalAlloc-m0.TotalAlloc) / float64(each) / 1024
	}
	// All kinds mixed, at a steady rate whether or not the one before is through.
	type placed struct {
		kind int
		l    *stubLeg
	}
	var all []placed
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for i := range each * len(kinds) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		k := i % len(kinds)
		all = append(all, placed{k, d.call(i*7919%accounts, kinds[k].to, false)})
		if i >= 100 { // each lasts as long as a hundred others take to arrive
			d.stub.hangup(all[i-100].l)
		}
	}
	for _, p := range all {
		select {
		case <-p.l.first:
		case <-ctx.Done():
			return ctx.Err()
		}
		d.stub.hangup(p.l)
		busy[p.kind] = append(busy[p.kind], p.l.decided)
	}
	q, b := nothing(each, rate)
	t.add("(0.1 ms of work in a goroutine, for comparison)", fmt.Sprint(2*each), ms(q.at(50)), ms(q.at(99)), ms(q.at(100)), ms(b.at(50)), ms(b.at(99)), ms(b.at(99.9)), ms(b.at(100)), "", "")
	for k, kind := range kinds {
		q, b := quiet[k].sort(), busy[k].sort()
		t.add(kind.name, fmt.Sprint(2*each), ms(q.at(50)), ms(q.at(99)), ms(q.at(100)), ms(b.at(50)), ms(b.at(99)), ms(b.at(99.9)), ms(b.at(100)),
			fmt.Sprintf("%.0f", allocs[k]), fmt.Sprintf("%.1f", size[k]))
	}
	t.print()
	n := float64(accounts * extensions)
	fmt.Printf("\nSnapshot: %.0f bytes per extension (%.0f MiB in all); with every phone registered %.0f bytes (%.0f MiB).\n",
		float64(bytes)/n, float64(bytes)/(1<<20), float64(full)/n, float64(full)/(1<<20))
	runtime.KeepAlive(dir)
	return nil
}

// one places a call, waits for the first command, hangs up and waits until the controller has forgotten it.
func (d *desk) one(ctx context.Context, account, to int) (*stubLeg, error) {
	l := d.call(account, to, false)
	select {
	case <-l.first:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	d.stub.hangup(l)
	for d.rt.Active() > 0 {
		runtime.Gosched()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return l, nil
}

// nothing is the machine alone: a goroutine is started and does plainWork, while the one that started it goes on for as
// long. What it takes longer than that is the machine's and its other processes' doing, and part of the other rows, too.
func nothing(n, rate int) (quiet, busy sample) {
	done := make(chan time.Duration)
	once := func() time.Duration {
		began := time.Now()
		go func() {
			spin()
			done <- time.Since(began)
		}()
		spin()
		return <-done
	}
	for range n {
		quiet = append(quiet, once())
	}
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for range n {
		<-tick.C
		busy = append(busy, once())
	}
	return quiet.sort(), busy.sort()
}

// plainWork is about what a decision is.
const plainWork = 100 * time.Microsecond

func spin() {
	for began := time.Now(); time.Since(began) < plainWork; {
		continue
	}
}
