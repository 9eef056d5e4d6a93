package acd

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"callplane/dialplan"
)

func id(n int) (u uuid.UUID) {
	binary.BigEndian.PutUint64(u[8:], uint64(n+1)) //nolint:gosec // small
	return u
}

// model sees a State as the calls do: by its orders.
type model struct {
	*rapid.T
	s       *State
	now     time.Time
	queues  []Queue
	in      map[uuid.UUID]QueueID
	left    map[uuid.UUID]int
	held    map[uuid.UUID]bool
	offers  map[uuid.UUID]map[AgentID]bool
	talking map[uuid.UUID]AgentID
	next    int
}

func drawQueue(t *rapid.T, n, agents int) Queue {
	q := Queue{ID: QueueID(n), Number: fmt.Sprint(200 + n), Config: &dialplan.Queue{
		Strategy: rapid.SampledFrom(dialplan.QueueStrategies()).Draw(t, "strategy"), RingTimeout: 10 * time.Second,
		CoolDown: time.Duration(rapid.IntRange(0, 2).Draw(t, "cool")) * 5 * time.Second, Weight: rapid.IntRange(0, 2).Draw(t, "weight"),
		Limit: rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "limit"), SecondCall: rapid.IntRange(0, 4).Draw(t, "second") == 0,
	}}
	if rapid.IntRange(0, 4).Draw(t, "has no-agent") == 0 {
		q.Config.NoAgent = []dialplan.Destination{{Extension: "100"}}
	}
	for a := 1; a <= agents; a++ {
		if rapid.Bool().Draw(t, "member") {
			m := dialplan.QueueMember{Extension: fmt.Sprint(100 + a), LoggedIn: rapid.IntRange(0, 3).Draw(t, "in") > 0}
			if rapid.IntRange(0, 3).Draw(t, "own weight") == 0 {
				w := rapid.IntRange(0, 3).Draw(t, "weight of member")
				m.Weight = &w
			}
			q.Config.Members = append(q.Config.Members, m)
			q.Agents = append(q.Agents, AgentID(a))
		}
	}
	return q
}

func (m *model) step(ev Event) {
	now := m.now
	if rapid.IntRange(0, 20).Draw(m.T, "clock is put back") == 0 {
		now = now.Add(-time.Hour)
	}
	r := m.s.Step(ev, now)
	if j, ok := ev.(Join); ok {
		answers := 0
		for _, o := range r.Orders {
			if o.Caller == j.Caller && (o.Kind == Entered || o.Kind == Refused) {
				answers++
			}
		}
		if answers != 1 {
			m.Fatalf("join has %d answers", answers)
		}
	}
	for _, o := range r.Orders {
		switch o.Kind {
		case Entered:
			m.in[o.Caller] = o.Queue
			m.offers[o.Caller] = map[AgentID]bool{}
		case Refused:
			delete(m.in, o.Caller)
		case Offer:
			if m.in[o.Caller] != o.Queue || m.held[o.Caller] || m.offers[o.Caller][o.Agent] {
				m.Fatalf("offer of %v to %d: not waiting, held or offered already", o.Caller, o.Agent)
			}
			m.offers[o.Caller][o.Agent] = true
		case Withdraw:
			if !m.offers[o.Caller][o.Agent] {
				m.Fatalf("withdraw of an offer that is not out")
			}
			delete(m.offers[o.Caller], o.Agent)
		case Held:
			if len(m.offers[o.Caller]) > 0 {
				m.Fatalf("held while offered")
			}
			m.held[o.Caller] = true
		case Gone:
			m.leave(o.Caller)
		case NoAgents:
			if m.s.queues[o.Queue].staffed() {
				m.Fatalf("no agents, and there is one")
			}
		}
	}
	for _, rec := range r.Records {
		if rec.Kind == RecordAnswered || rec.Kind == RecordLeft {
			m.left[rec.Caller]++
		}
		if rec.Waited < 0 || rec.Talk < 0 {
			m.Fatalf("negative time in %+v", rec)
		}
	}
	m.check(r)
}

func (m *model) leave(c uuid.UUID) {
	delete(m.in, c)
	delete(m.offers, c)
	delete(m.held, c)
}

func (m *model) check(r Result) {
	s := m.s
	if len(m.in) != len(s.callers) {
		m.Fatalf("%d callers wait, the state has %d", len(m.in), len(s.callers))
	}
	for c, q := range m.in {
		x := s.callers[c]
		if x == nil || x.q.ID != q || len(x.offers) != len(m.offers[c]) || m.left[c] != 0 {
			m.Fatalf("caller %v: %+v", c, x)
		}
	}
	for c, n := range m.left {
		if n > 1 {
			m.Fatalf("caller %v left %d times", c, n)
		}
	}
	for _, a := range s.agents {
		second := false
		for _, o := range a.offers {
			second = second || o.m.q.Config.SecondCall
			if !o.m.in {
				m.Fatalf("agent %d is offered a call of a queue that he is not in", a.id)
			}
		}
		if len(a.offers) > 1 && !second || len(a.offers) > 2 {
			m.Fatalf("agent %d has %d offers", a.id, len(a.offers))
		}
	}
	for _, q := range s.queues {
		head := q.head()
		for _, x := range q.members {
			if head != nil && s.available(x) && !head.offeredTo(x.a) {
				m.Fatalf("queue %d: a caller waits and agent %d is free", q.ID, x.a.id)
			}
		}
		for _, c := range q.waiting {
			if want := !c.held && (len(c.offers) == 0 || q.Config.Strategy == dialplan.QueueRingAll); want != (c.index >= 0) {
				m.Fatalf("queue %d: caller %+v", q.ID, c)
			}
		}
	}
	for _, o := range r.Orders {
		c := s.callers[o.Caller]
		if o.Kind != Offer || c == nil || len(c.offers) == 0 {
			continue
		}
		for _, other := range c.q.ready {
			if other != c && other.before(c) && len(other.offers) == 0 {
				m.Fatalf("queue %d: %v is offered before %v", c.q.ID, c.id, other.id)
			}
		}
		own := c.q.member(s.agents[o.Agent])
		for _, x := range own.a.members {
			if h := x.q.head(); h != nil && x.in && x.weight > own.weight && !h.offeredTo(own.a) && !own.q.Config.SecondCall && !x.q.Config.SecondCall {
				m.Fatalf("agent %d gets a call of a lighter queue", o.Agent)
			}
		}
	}
}

func (m *model) someone(label string) (uuid.UUID, bool) {
	var list []uuid.UUID
	for n := range m.next {
		if _, ok := m.in[id(n)]; ok {
			list = append(list, id(n))
		}
	}
	if len(list) == 0 {
		return uuid.UUID{}, false
	}
	return rapid.SampledFrom(list).Draw(m.T, label), true
}

func (m *model) offered() (uuid.UUID, AgentID, bool) {
	for n := range m.next {
		for a := range AgentID(8) {
			if m.offers[id(n)][a] && rapid.Bool().Draw(m.T, "this offer") {
				return id(n), a, true
			}
		}
	}
	return uuid.UUID{}, 0, false
}

// TestProperties lets anything happen in any order and looks at the rules after each step (ACD-01, ACD-02, ACD-07, ACD-12).
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const agents = 5
		m := &model{
			T: t, s: New(1), now: time.Date(2026, 10, 25, 0, 59, 0, 0, time.UTC), in: map[uuid.UUID]QueueID{}, left: map[uuid.UUID]int{},
			held: map[uuid.UUID]bool{}, offers: map[uuid.UUID]map[AgentID]bool{}, talking: map[uuid.UUID]AgentID{},
		}
		configure := func() {
			m.queues = nil
			for q := 1; q <= rapid.IntRange(0, 3).Draw(t, "queues"); q++ {
				m.queues = append(m.queues, drawQueue(t, q, agents))
			}
			m.step(Configure{Queues: m.queues})
		}
		configure()
		for a := range AgentID(agents) {
			m.step(Phone{Agent: a + 1, Reachable: true})
		}
		actions := map[string]func(*rapid.T){
			"join": func(*rapid.T) {
				j := Join{Caller: id(m.next), Queue: QueueID(rapid.IntRange(1, 3).Draw(t, "queue")), Held: rapid.IntRange(0, 4).Draw(t, "held") == 0}
				switch rapid.IntRange(0, 5).Draw(t, "when") {
				case 0:
					j.At, j.Back = m.now.Add(-time.Minute), true
				case 1:
					j.At = m.now.Add(time.Hour) // written before the clock was put back
				}
				m.next++
				m.held[j.Caller] = j.Held
				m.step(j)
			},
			"hold": func(*rapid.T) {
				if c, ok := m.someone("hold"); ok {
					m.step(Hold{Caller: c})
				}
			},
			"release": func(*rapid.T) {
				if c, ok := m.someone("release"); ok {
					delete(m.held, c)
					m.step(Release{Caller: c})
				}
			},
			"leave": func(*rapid.T) {
				if c, ok := m.someone("leave"); ok {
					m.leave(c)
					m.step(Leave{Caller: c, Reason: ReasonHungUp})
				}
			},
			"answer": func(*rapid.T) {
				c, a, ok := m.offered()
				if !ok && rapid.IntRange(0, 9).Draw(t, "late") == 0 {
					c, ok = m.someone("late answer")
					a = AgentID(rapid.IntRange(1, agents+1).Draw(t, "agent"))
				}
				if ok {
					m.leave(c)
					m.talking[c] = a
					m.step(Answered{Caller: c, Agent: a})
				}
			},
			"end": func(*rapid.T) {
				for n := range m.next {
					if a, ok := m.talking[id(n)]; ok {
						delete(m.talking, id(n))
						m.step(Ended{Caller: id(n), Agent: a})
						return
					}
				}
			},
			"miss": func(*rapid.T) {
				if c, a, ok := m.offered(); ok {
					delete(m.offers[c], a)
					m.step(Missed{Caller: c, Agent: a, Miss: dialplan.MissRejected})
				}
			},
			"phone": func(*rapid.T) {
				m.step(Phone{
					Agent:     AgentID(rapid.IntRange(1, agents+1).Draw(t, "agent")),
					Reachable: rapid.IntRange(0, 3).Draw(t, "reachable") > 0, Calls: max(0, rapid.IntRange(-2, 2).Draw(t, "calls")),
				})
			},
			"time": func(*rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(1, 20).Draw(t, "seconds")) * time.Second)
				m.step(Tick{})
			},
			"nonsense": func(*rapid.T) {
				m.step(rapid.SampledFrom([]Event{
					Leave{Caller: id(-2)}, Answered{Caller: id(-2), Agent: 77}, Missed{Caller: id(-2)}, Ended{Agent: 77}, Hold{}, Release{},
					Remember{Agents: []Counter{{Queue: 9, Agent: 77}}, Waits: []Wait{{Queue: 9}}},
				}).Draw(t, "event"))
			},
			"configure": func(*rapid.T) {
				if rapid.IntRange(0, 2).Draw(t, "really") == 0 {
					configure()
				}
			},
		}
		t.Repeat(actions)
	})
}
