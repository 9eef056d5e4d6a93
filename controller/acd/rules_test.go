package acd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"callplane/dialplan"
)

// simulated is a day of a call centre: callers come at random (Poisson), talk at random (exponential), agents answer
// at once. It gives the waits of all callers and, for each agent, calls and talk.
type simulated struct {
	waits []time.Duration
	calls []int
	talk  []time.Duration
	most  time.Duration // longest step
}

func simulate(strategy dialplan.QueueStrategy, agents int, perHour float64, talk, length time.Duration, seed uint64) (out simulated) {
	rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a simulation
	exp := func(mean time.Duration) time.Duration { return time.Duration(rng.ExpFloat64() * float64(mean)) }
	s := New(seed)
	q := Queue{ID: 1, Number: "400", Config: &dialplan.Queue{Strategy: strategy, RingTimeout: time.Minute}}
	for a := range agents {
		q.Agents = append(q.Agents, AgentID(a+1))
		q.Config.Members = append(q.Config.Members, dialplan.QueueMember{Extension: fmt.Sprint(100 + a), LoggedIn: true})
	}
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	end := now.Add(length)
	out.calls, out.talk = make([]int, agents), make([]time.Duration, agents)
	type ending struct {
		at time.Time
		ev Ended
	}
	var endings []ending
	step := func(ev Event) {
		for queue := []Event{ev}; len(queue) > 0; queue = queue[1:] {
			began := time.Now()
			r := s.Step(queue[0], now)
			out.most = max(out.most, time.Since(began))
			for _, rec := range r.Records {
				switch rec.Kind {
				case RecordAnswered:
					out.waits = append(out.waits, rec.Waited)
					out.calls[rec.Agent-1]++
				case RecordEnded:
					out.talk[rec.Agent-1] += rec.Talk
				}
			}
			answered := map[any]bool{}
			for _, o := range r.Orders {
				if o.Kind != Offer || answered[o.Caller] {
					continue
				}
				answered[o.Caller] = true
				queue = append(queue, Answered{Caller: o.Caller, Agent: o.Agent})
				e := ending{now.Add(exp(talk)), Ended{Caller: o.Caller, Agent: o.Agent}}
				i, _ := slices.BinarySearchFunc(endings, e, func(a, b ending) int { return a.at.Compare(b.at) })
				endings = slices.Insert(endings, i, e)
			}
		}
	}
	step(Configure{Queues: []Queue{q}})
	for a := range agents {
		step(Phone{Agent: AgentID(a + 1), Reachable: true})
	}
	arrival := now.Add(exp(time.Duration(float64(time.Hour) / perHour)))
	for n := 0; now.Before(end); {
		if len(endings) > 0 && endings[0].at.Before(arrival) {
			e := endings[0]
			endings, now = endings[1:], e.at
			step(e.ev)
			continue
		}
		now = arrival
		step(Join{Caller: id(n), Queue: 1})
		n++
		arrival = now.Add(exp(time.Duration(float64(time.Hour) / perHour)))
	}
	return out
}

// erlangC is the average wait of a queue with so many agents (A. K. Erlang, 1917): calls an hour, talk.
func erlangC(agents int, perHour float64, talk time.Duration) time.Duration {
	load := perHour * talk.Hours()
	b := 1.0
	for n := 1; n <= agents; n++ {
		b = load * b / (float64(n) + load*b)
	}
	c := b / (1 - load/float64(agents)*(1-b))
	return time.Duration(c * float64(talk) / (float64(agents) - load))
}

// TestStrategiesAgainstErlang lets days pass for each strategy: whoever is rung, callers wait as long as the formula says;
// how the work is shared is what differs.
func TestStrategiesAgainstErlang(t *testing.T) {
	const agents, perHour, talk, days = 8, 120, 3 * time.Minute, 30
	want := erlangC(agents, perHour, talk)
	fairness := map[dialplan.QueueStrategy]float64{}
	for _, strategy := range dialplan.QueueStrategies() {
		r := simulate(strategy, agents, perHour, talk, days*24*time.Hour, 3)
		var sum time.Duration
		for _, w := range r.waits {
			sum += w
		}
		average := sum / time.Duration(len(r.waits))
		spread := func(values []float64) float64 { // coefficient of variation
			var m, v float64
			for _, x := range values {
				m += x / float64(len(values))
			}
			for _, x := range values {
				v += (x - m) * (x - m) / float64(len(values))
			}
			return math.Sqrt(v) / m
		}
		calls, talked := make([]float64, agents), make([]float64, agents)
		for i := range agents {
			calls[i], talked[i] = float64(r.calls[i]), float64(r.talk[i])
		}
		fairness[strategy] = spread(calls)
		t.Logf("%-18s %6d calls, average wait %5.1f s (Erlang-C %5.1f s), spread of calls %5.2f %%, of talk %5.2f %%",
			strategy, len(r.waits), average.Seconds(), want.Seconds(), 100*spread(calls), 100*spread(talked))
		if math.Abs(float64(average-want)) > 0.1*float64(want) {
			t.Errorf("%s: callers wait %v on average, Erlang-C says %v", strategy, average, want)
		}
	}
	for _, fair := range []dialplan.QueueStrategy{dialplan.QueueFewestCalls, dialplan.QueueRoundRobin} {
		if fairness[fair] > 0.02 {
			t.Errorf("%s shares calls with a spread of %.1f %%", fair, 100*fairness[fair])
		}
	}
	if fairness[dialplan.QueueSequential] < 0.05 {
		t.Errorf("sequential shares calls evenly, with a spread of %.1f %%", 100*fairness[dialplan.QueueSequential])
	}
}

// TestCoolDownAndCounters follows one agent through calls, a restart and a logout.
func TestCoolDownAndCounters(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	q := Queue{ID: 1, Number: "400", Agents: []AgentID{1}, Config: &dialplan.Queue{CoolDown: 30 * time.Second, RingTimeout: 20 * time.Second,
		Members: []dialplan.QueueMember{{Extension: "101", LoggedIn: true, Since: now}}}}
	s := New(1)
	step := func(ev Event) (offers int) {
		for _, o := range s.Step(ev, now).Orders {
			if o.Kind == Offer {
				offers++
			}
		}
		return offers
	}
	step(Configure{Queues: []Queue{q}})
	step(Phone{Agent: 1, Reachable: true})
	if step(Join{Caller: id(1), Queue: 1}) != 1 {
		t.Fatal("no offer")
	}
	step(Answered{Caller: id(1), Agent: 1})
	step(Join{Caller: id(2), Queue: 1})
	now = now.Add(time.Minute)
	if step(Ended{Caller: id(1), Agent: 1}) != 0 {
		t.Error("offered in the cool-down")
	}
	now = now.Add(29 * time.Second)
	if step(Tick{}) != 0 {
		t.Error("offered in the cool-down")
	}
	if b, _ := s.Board(1, now); b.Agents[0].State != AgentWrapUp || b.Agents[0].Answered != 1 || b.Agents[0].Talk != time.Minute {
		t.Errorf("board %+v", b)
	}
	past := PastOf([]Line{{Record: Record{At: now.Add(-89 * time.Second), Kind: RecordAnswered, Queue: 1, Agent: 1, Waited: time.Second}},
		{Record: Record{At: now.Add(-29 * time.Second), Kind: RecordEnded, Queue: 1, Agent: 1, Talk: time.Minute}}})
	now = now.Add(time.Second)
	if step(Tick{}) != 1 {
		t.Error("no offer after the cool-down")
	}
	// The same after a restart: what was logged brings the cool-down and the counters back.
	s, now = New(1), now.Add(-time.Second)
	step(Configure{Queues: []Queue{q}})
	step(past)
	step(Phone{Agent: 1, Reachable: true})
	if step(Join{Caller: id(2), Queue: 1, At: now.Add(-time.Minute), Back: true}) != 0 {
		t.Error("offered in the cool-down after a restart")
	}
	if p, _ := s.Place(id(2), now); p.Position != 1 || p.Wait != 0 {
		t.Errorf("place %+v", p)
	}
	now = now.Add(time.Second)
	if step(Tick{}) != 1 {
		t.Error("no offer after the cool-down")
	}
	if b, _ := s.Board(1, now); b.Agents[0].Answered != 1 || b.Agents[0].Talk != time.Minute || b.Average != time.Second {
		t.Errorf("board %+v", b)
	}
	// A logout begins counters anew.
	out := q
	c := *q.Config
	c.Members = []dialplan.QueueMember{{Extension: "101", Since: now}}
	out.Config = &c
	step(Configure{Queues: []Queue{out}})
	if b, _ := s.Board(1, now); b.Agents[0].Answered != 0 || b.Agents[0].State != AgentLoggedOut || b.Waiting != 1 {
		t.Errorf("board %+v", b)
	}
}

// TestOldWaitsAreForgotten lets a queue work for days that nobody asks for figures.
func TestOldWaitsAreForgotten(t *testing.T) {
	s := New(1)
	s.Step(Configure{Queues: []Queue{{ID: 1, Config: &dialplan.Queue{Strategy: dialplan.QueueRandom}}}}, time.Now())
	now := time.Now()
	for n := range 20_000 {
		now = now.Add(10 * time.Second)
		s.Step(Join{Caller: id(n), Queue: 1}, now)
		if n%2 == 0 {
			s.Step(Answered{Caller: id(n), Agent: 7}, now)
			s.Step(Ended{Caller: id(n), Agent: 7}, now)
		} else {
			s.Step(Leave{Caller: id(n), Reason: ReasonHungUp}, now)
		}
	}
	q := s.queues[1]
	if most := 4 * int(recent/(20*time.Second)); cap(q.recent) > most || cap(q.lost) > most {
		t.Errorf("room for %d waits and %d who hung up", cap(q.recent), cap(q.lost))
	}
	if b, _ := s.Board(1, now); b.Answered != 90 || b.Abandoned != 91 {
		t.Errorf("%+v", b)
	}
}

// TestClockJumps puts the clock forward and back: nobody waits a negative time, rings without end or loses the place.
func TestClockJumps(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	s := New(1)
	s.Step(Configure{Queues: []Queue{{ID: 1, Agents: []AgentID{1}, Config: &dialplan.Queue{Strategy: dialplan.QueueSequential, RingTimeout: 20 * time.Second, CoolDown: time.Minute,
		Members: []dialplan.QueueMember{{Extension: "101", LoggedIn: true}}}}}}, now)
	kinds := func(r Result) (orders []OrderKind, records []RecordKind) {
		for _, o := range r.Orders {
			orders = append(orders, o.Kind)
		}
		for _, x := range r.Records {
			if x.Waited < 0 || x.Talk < 0 {
				t.Errorf("negative time in %+v", x)
			}
			records = append(records, x.Kind)
		}
		return orders, records
	}
	// Written before the clock was put back: both wait since now, in their order.
	s.Step(Join{Caller: id(1), Queue: 1, At: now.Add(time.Hour), Back: true}, now)
	s.Step(Join{Caller: id(2), Queue: 1, At: now.Add(2 * time.Hour), Back: true}, now)
	if p, _ := s.Place(id(2), now); p.Position != 2 || !p.Joined.Equal(now) {
		t.Errorf("place %+v", p)
	}
	r := s.Step(Phone{Agent: 1, Reachable: true}, now.Add(-time.Hour))
	if o, _ := kinds(r); !slices.Equal(o, []OrderKind{Offer}) || r.Orders[0].Caller != id(1) || !r.Orders[0].Until.Equal(now.Add(20*time.Second)) {
		t.Errorf("orders %+v", r.Orders)
	}
	// Forward by hours: the offer is over once, the caller is the next again.
	now = now.Add(5 * time.Hour)
	r = s.Step(Tick{}, now)
	if o, rec := kinds(r); !slices.Equal(o, []OrderKind{Withdraw, Offer}) || !slices.Equal(rec, []RecordKind{RecordMissed, RecordOffered}) || r.Orders[1].Caller != id(1) {
		t.Errorf("orders %+v, records %v", r.Orders, rec)
	}
	s.Step(Answered{Caller: id(1), Agent: 1}, now)
	r = s.Step(Ended{Caller: id(1), Agent: 1}, now.Add(-3*time.Hour))
	if o, rec := kinds(r); len(o) > 0 || !slices.Equal(rec, []RecordKind{RecordEnded}) {
		t.Errorf("orders %v, records %v", o, rec)
	}
	r = s.Step(Tick{}, now.Add(time.Minute)) // the cool-down
	if o, _ := kinds(r); !slices.Equal(o, []OrderKind{Offer}) || r.Orders[0].Caller != id(2) {
		t.Errorf("orders %+v", r.Orders)
	}
}
