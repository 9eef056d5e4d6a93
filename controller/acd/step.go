package acd

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
)

// Step applies an event at a time and says what follows from it. Time never runs backwards: an earlier now
// is taken for the last one.
func (s *State) Step(ev Event, now time.Time) Result {
	if now.After(s.now) {
		s.now = now
	}
	s.out.Orders, s.out.Records = s.out.Orders[:0], s.out.Records[:0]
	switch ev := ev.(type) {
	case Configure:
		s.configure(ev)
	case Phone:
		s.phone(ev)
	case Join:
		s.join(ev)
	case Hold:
		if c := s.callers[ev.Caller]; c != nil && len(c.offers) == 0 {
			c.held = true
			c.q.take(c)
			s.order(Order{Kind: Held, Caller: c.id, Queue: c.q.ID})
		}
	case Release:
		if c := s.callers[ev.Caller]; c != nil && c.held {
			c.held = false
			s.back(c)
		}
	case Leave:
		if c := s.callers[ev.Caller]; c != nil {
			s.record(Record{Kind: RecordLeft, Queue: c.q.ID, Caller: c.id, Waited: s.waited(c), Reason: string(ev.Reason)})
			if ev.Reason == ReasonHungUp {
				if len(c.q.lost) == cap(c.q.lost) {
					c.q.forget(s.now)
				}
				c.q.lost = append(c.q.lost, s.now)
			}
			s.remove(c)
		}
	case Answered:
		s.answered(ev)
	case Missed:
		s.missed(ev)
	case Talking:
		a := s.agent(ev.Agent)
		a.talks = append(a.talks, &talk{caller: ev.Caller, queue: ev.Queue, since: ev.Since})
	case Ended:
		s.ended(ev)
	case Remember:
		s.remember(ev)
	}
	s.tick()
	s.dispatch()
	s.out.Next = s.Next()
	return s.out
}

// Next is when Tick is due; zero: not at all.
func (s *State) Next() time.Time {
	if len(s.timers) == 0 {
		return time.Time{}
	}
	return s.timers[0].at
}

func (s *State) order(o Order) { s.out.Orders = append(s.out.Orders, o) }

func (s *State) record(r Record) {
	r.At = s.now
	s.out.Records = append(s.out.Records, r)
}

func (s *State) agent(id AgentID) *agent {
	a := s.agents[id]
	if a == nil {
		a = &agent{id: id}
		s.agents[id] = a
	}
	return a
}

func (s *State) touch(a *agent) {
	if !a.dirty {
		a.dirty = true
		s.dirty = append(s.dirty, a)
	}
}

func (s *State) touchQueue(q *queue) {
	if !q.dirty {
		q.dirty = true
		s.queued = append(s.queued, q)
	}
}

// waited is how long a caller has waited; a join time in the future, after the clock was put back, is now.
func (s *State) waited(c *caller) time.Duration { return max(0, s.now.Sub(c.joined)) }

func (s *State) phone(ev Phone) {
	if a := s.agents[ev.Agent]; a != nil {
		a.reachable, a.calls = ev.Reachable, ev.Calls
		s.touch(a)
	}
}

func (s *State) join(ev Join) {
	q := s.queues[ev.Queue]
	refuse := func(r Reason) {
		s.order(Order{Kind: Refused, Caller: ev.Caller, Queue: ev.Queue, Reason: r})
		s.record(Record{Kind: RecordRefused, Queue: ev.Queue, Caller: ev.Caller, Reason: string(r)})
	}
	switch {
	case q == nil:
		refuse(ReasonGone)
		return
	case s.callers[ev.Caller] != nil:
		return // it is in
	case !ev.Back && len(q.Config.NoAgent) > 0 && !q.staffed():
		refuse(ReasonNoAgent)
		return
	case !ev.Back && q.Config.Limit > 0 && len(q.waiting) >= q.Config.Limit:
		refuse(ReasonFull)
		return
	}
	s.seq++
	c := &caller{id: ev.Caller, q: q, joined: s.now, seq: s.seq, held: ev.Held, index: -1, slot: len(q.waiting)}
	if !ev.At.IsZero() && ev.At.Before(s.now) {
		c.joined = ev.At
	}
	s.callers[c.id] = c
	q.waiting = append(q.waiting, c)
	s.order(Order{Kind: Entered, Caller: c.id, Queue: q.ID, Joined: c.joined})
	if !ev.Back {
		s.record(Record{Kind: RecordJoined, Queue: q.ID, Caller: c.id})
	}
	s.back(c)
	if len(q.Config.NoAgent) > 0 && !q.staffed() {
		s.order(Order{Kind: NoAgents, Caller: c.id, Queue: q.ID})
	}
}

// back makes a caller ready to be offered, if nothing is against it.
func (s *State) back(c *caller) {
	if c.held || len(c.offers) > 0 {
		return
	}
	c.q.enter(c)
	s.touchQueue(c.q)
}

// remove takes a caller out of the queue. The offers end; the caller's call knows.
func (s *State) remove(c *caller) {
	c.held = true // no way back
	c.q.take(c)
	offers := c.offers
	c.offers = nil
	for _, o := range offers {
		s.endOffer(o)
	}
	last := len(c.q.waiting) - 1
	moved := c.q.waiting[last]
	c.q.waiting[c.slot], moved.slot = moved, c.slot
	c.q.waiting[last] = nil
	c.q.waiting = c.q.waiting[:last]
	delete(s.callers, c.id)
	s.touchQueue(c.q)
}

func (s *State) endOffer(o *offer) {
	o.over = true
	o.m.a.offers = slices.DeleteFunc(o.m.a.offers, func(x *offer) bool { return x == o })
	o.c.offers = slices.DeleteFunc(o.c.offers, func(x *offer) bool { return x == o })
	s.touch(o.m.a)
	s.back(o.c)
}

// withdraw ends an offer of which the caller's call does not know yet that it is over.
func (s *State) withdraw(o *offer) {
	s.order(Order{Kind: Withdraw, Caller: o.c.id, Queue: o.c.q.ID, Agent: o.m.a.id})
	s.endOffer(o)
}

func (s *State) missed(ev Missed) {
	c := s.callers[ev.Caller]
	if c == nil {
		return
	}
	for _, o := range c.offers {
		if o.m.a.id == ev.Agent {
			s.record(Record{Kind: RecordMissed, Queue: c.q.ID, Caller: c.id, Agent: ev.Agent, Waited: s.waited(c), Reason: string(ev.Miss)})
			o.m.a.rest = s.now.Add(restAfterMiss)
			s.at(timer{at: o.m.a.rest, agent: o.m.a})
			s.endOffer(o)
			return
		}
	}
}

// answered accepts what has happened, also when the offer was just withdrawn: then the agent has it
// nevertheless.
func (s *State) answered(ev Answered) {
	c := s.callers[ev.Caller]
	if c == nil {
		return
	}
	a, q := s.agent(ev.Agent), c.q
	wait := s.waited(c)
	s.record(Record{Kind: RecordAnswered, Queue: q.ID, Caller: c.id, Agent: ev.Agent, Waited: wait})
	q.remember(Wait{Queue: q.ID, At: s.now, Wait: wait})
	s.remove(c)
	a.talks = append(a.talks, &talk{caller: c.id, queue: q.ID, since: s.now})
	if m := q.member(a); m != nil {
		m.answered++
	}
	for _, o := range slices.Clone(a.offers) {
		if !o.m.q.Config.SecondCall {
			s.withdraw(o)
		}
	}
}

func (s *State) ended(ev Ended) {
	a := s.agents[ev.Agent]
	if a == nil {
		return
	}
	i := slices.IndexFunc(a.talks, func(t *talk) bool { return t.caller == ev.Caller })
	if i < 0 {
		return
	}
	t := a.talks[i]
	a.talks = slices.Delete(a.talks, i, i+1)
	d := max(0, s.now.Sub(t.since))
	s.record(Record{Kind: RecordEnded, Queue: t.queue, Caller: t.caller, Agent: a.id, Talk: d})
	if q := s.queues[t.queue]; q != nil {
		if m := q.member(a); m != nil {
			m.talk += d
			s.cool(m, s.now)
		}
	}
	s.touch(a)
}

// cool begins a member's cool-down after a conversation that ended at a time.
func (s *State) cool(m *membership, ended time.Time) {
	until := ended.Add(m.cool)
	if m.cool > 0 && until.After(s.now) && until.After(m.a.cool) {
		m.a.cool = until
		s.at(timer{at: until, agent: m.a})
	}
}

func (s *State) remember(ev Remember) {
	for _, w := range ev.Waits {
		if q := s.queues[w.Queue]; q != nil {
			q.remember(w)
		}
	}
	for _, n := range ev.Agents {
		q, a := s.queues[n.Queue], s.agents[n.Agent]
		if q == nil || a == nil {
			continue
		}
		m := q.member(a)
		if m == nil || !m.loggedIn {
			continue
		}
		// Added, since calls may have come while this was read.
		m.answered += n.Answered
		m.talk += n.Talk
		if n.Offered.After(m.offered) {
			m.offered = n.Offered
		}
		s.cool(m, n.Ended)
	}
}

// tick ends what is due.
func (s *State) tick() {
	for {
		t, ok := s.due()
		if !ok {
			return
		}
		if t.agent != nil {
			s.touch(t.agent)
			continue
		}
		o := t.offer
		s.record(Record{Kind: RecordMissed, Queue: o.c.q.ID, Caller: o.c.id, Agent: o.m.a.id, Waited: s.waited(o.c), Reason: string(dialplan.MissNoAnswer)})
		s.withdraw(o)
	}
}

func (q *queue) member(a *agent) *membership {
	for _, m := range a.members {
		if m.q == q {
			return m
		}
	}
	return nil
}

// staffed tells that somebody is logged in.
func (q *queue) staffed() bool {
	return slices.ContainsFunc(q.members, func(m *membership) bool { return m.loggedIn })
}

func (q *queue) remember(w Wait) {
	if len(q.recent) == cap(q.recent) {
		q.forget(w.At) // rather than grow
	}
	q.recent = append(q.recent, w)
	q.total += w.Wait
}

// forget drops what is not recent any more.
func (q *queue) forget(now time.Time) {
	i := 0
	for i < len(q.recent) && now.Sub(q.recent[i].At) > recent {
		q.total -= q.recent[i].Wait
		i++
	}
	q.recent = slices.Delete(q.recent, 0, i)
	q.lost = slices.DeleteFunc(q.lost, func(at time.Time) bool { return now.Sub(at) > recent })
}

// average wait of those who were answered lately.
func (q *queue) average(now time.Time) (time.Duration, bool) {
	q.forget(now)
	if len(q.recent) == 0 {
		return 0, false
	}
	return q.total / time.Duration(len(q.recent)), true
}

// Place is where a caller stands.
type Place struct {
	Queue    QueueID
	Position int // 1 is the next
	Joined   time.Time
	Wait     time.Duration // still to come, as estimated
}

// Place of a caller; false when they don't wait.
func (s *State) Place(id uuid.UUID, now time.Time) (Place, bool) {
	c := s.callers[id]
	if c == nil {
		return Place{}, false
	}
	p := Place{Queue: c.q.ID, Position: 1, Joined: c.joined}
	for _, o := range c.q.waiting {
		if o.before(c) {
			p.Position++
		}
	}
	average, known := c.q.average(now)
	p.Wait = dialplan.QueueWait(average, known, max(0, now.Sub(c.joined)))
	return p, true
}

// Free tells that some agent of a queue could be offered a call now.
func (s *State) Free(id QueueID) bool {
	q := s.queues[id]
	return q != nil && slices.ContainsFunc(q.members, func(m *membership) bool { return s.available(m) })
}
