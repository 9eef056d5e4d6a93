package acd

import (
	"cmp"
	"slices"
	"time"

	"callplane/dialplan"
)

func (a *agent) load() int { return len(a.offers) + len(a.talks) + a.calls }

// available tells that an agent can be offered a call of the queue now (ACD-01).
func (s *State) available(m *membership) bool {
	a := m.a
	if !m.in || !a.reachable || s.now.Before(a.cool) || s.now.Before(a.rest) {
		return false
	}
	n := a.load()
	return n == 0 || n == 1 && m.q.Config.SecondCall
}

// bestFor is the queue whose head an available agent should be offered: of the heaviest, of those the longest
// waiting (ACD-07). Nil: none.
func (s *State) bestFor(a *agent) *queue {
	var best *membership
	var head *caller
	for _, m := range a.members {
		c := m.q.head()
		if c == nil || best != nil && (m.weight < best.weight || m.weight == best.weight && head.before(c)) || !s.available(m) || c.offeredTo(a) {
			continue
		}
		best, head = m, c
	}
	if best == nil {
		return nil
	}
	return best.q
}

func (c *caller) offeredTo(a *agent) bool {
	for _, o := range c.offers {
		if o.m.a == a {
			return true
		}
	}
	return false
}

// dispatch makes offers until nobody waits for whom an agent is free. Only agents and queues that the step touched
// are looked at: for all others that holds already.
func (s *State) dispatch() {
	list := s.scratch[:0]
	for _, q := range s.queued {
		q.dirty = false
		if q.head() == nil || q.dry {
			continue
		}
		q.dry = true
		for _, m := range q.members {
			if !m.a.dirty && s.available(m) {
				m.a.dirty = true
				list = append(list, m.a)
			}
		}
	}
	list = append(list, s.dirty...)
	s.queued, s.dirty = s.queued[:0], s.dirty[:0]
	for _, a := range list {
		a.dirty = false
		a.best = s.bestFor(a)
	}
	for {
		var q *queue
		for _, a := range list {
			if a.best != nil && (q == nil || a.best != q && a.best.head().before(q.head())) {
				q = a.best
			}
		}
		if q == nil {
			break
		}
		s.offerHead(q, list)
		for _, a := range list {
			if a.best == q {
				a.best = s.bestFor(a)
			}
		}
	}
	for _, a := range list {
		for _, m := range a.members {
			m.q.dry = m.q.dry && !s.available(m)
		}
	}
	clear(list)
	s.scratch = list[:0]
}

// offerHead offers the first caller of a queue to one of the agents of list for whom that is best, or to all.
func (s *State) offerHead(q *queue, list []*agent) {
	c := q.head()
	if q.Config.Strategy == dialplan.QueueRingAll {
		for _, a := range list {
			if a.best == q {
				s.offer(c, q.member(a))
			}
		}
		return
	}
	var group []*membership
	for _, a := range list {
		if a.best == q {
			group = append(group, q.member(a))
		}
	}
	m := s.choose(q, c, group)
	if c.tried == nil {
		c.tried = make(map[AgentID]bool)
	}
	c.tried[m.a.id] = true
	q.take(c)
	s.offer(c, m)
}

func (s *State) offer(c *caller, m *membership) {
	second := m.a.load() > 0
	o := &offer{c: c, m: m, until: s.now.Add(m.ring)}
	c.offers = append(c.offers, o)
	m.a.offers = append(m.a.offers, o)
	s.seq++
	m.offered, m.turn = s.now, s.seq
	m.q.memory = m.rank
	s.at(timer{at: o.until, offer: o})
	s.order(Order{Kind: Offer, Caller: c.id, Queue: m.q.ID, Agent: m.a.id, Until: o.until, Second: second})
	s.record(Record{Kind: RecordOffered, Queue: m.q.ID, Caller: c.id, Agent: m.a.id, Waited: s.waited(c)})
}

// choose is the agent of group whom the strategy offers c first (ACD-03). Those who have no call at all come before
// those who would get a second one, those who have not been tried for c before those who have; when all have,
// a new round begins.
func (s *State) choose(q *queue, c *caller, group []*membership) *membership {
	least := slices.MinFunc(group, func(a, b *membership) int { return cmp.Compare(a.a.load(), b.a.load()) }).a.load()
	group = slices.DeleteFunc(group, func(m *membership) bool { return m.a.load() > least })
	if slices.ContainsFunc(group, func(m *membership) bool { return !c.tried[m.a.id] }) {
		group = slices.DeleteFunc(group, func(m *membership) bool { return c.tried[m.a.id] })
	} else {
		clear(c.tried)
	}
	if q.Config.Strategy == dialplan.QueueRandom {
		return group[s.rng.IntN(len(group))]
	}
	n := len(q.members)
	return slices.MinFunc(group, func(a, b *membership) int {
		by := 0
		switch q.Config.Strategy {
		case dialplan.QueueLongestIdle:
			by = a.idler(b)
		case dialplan.QueueFewestCalls:
			by = cmp.Or(cmp.Compare(a.answered, b.answered), a.idler(b))
		case dialplan.QueueLeastTalk:
			by = cmp.Or(cmp.Compare(a.talk, b.talk), a.idler(b))
		case dialplan.QueueSequentialMemory:
			by = cmp.Compare((a.rank-q.memory+n)%n, (b.rank-q.memory+n)%n)
		case dialplan.QueueRoundRobin:
			by = cmp.Compare((a.rank-q.memory-1+n)%n, (b.rank-q.memory-1+n)%n)
		}
		return cmp.Or(by, cmp.Compare(a.rank, b.rank))
	})
}

// idler compares who has been idle for longer: since the last offer from the queue.
func (m *membership) idler(n *membership) int {
	return cmp.Or(m.offered.Compare(n.offered), cmp.Compare(m.turn, n.turn))
}

// configure replaces the queues; who waits keeps the place, agents keep their counters as long as they stay
// logged in.
func (s *State) configure(ev Configure) {
	seen := make(map[QueueID]bool, len(ev.Queues))
	for _, a := range s.agents {
		a.members = a.members[:0]
	}
	for _, cfg := range ev.Queues {
		seen[cfg.ID] = true
		q := s.queues[cfg.ID]
		known := q != nil
		if !known {
			q = &queue{memory: -1}
			s.queues[cfg.ID] = q
		}
		old := make(map[AgentID]*membership, len(q.members))
		for _, m := range q.members {
			old[m.a.id] = m
		}
		members := make([]*membership, 0, len(cfg.Agents))
		for i, id := range cfg.Agents {
			m, was := old[id], old[id] != nil
			if !was {
				m = &membership{a: s.agent(id), q: q}
			}
			delete(old, id)
			s.member(m, cfg.Config, &cfg.Config.Members[i], i, known)
			m.a.members = append(m.a.members, m)
			members = append(members, m)
		}
		for _, m := range old {
			if m.loggedIn {
				s.record(Record{Kind: RecordLogout, Queue: q.ID, Agent: m.a.id})
			}
			m.in, m.loggedIn = false, false
			s.withdrawOf(m)
		}
		q.Queue, q.members, q.dry = cfg, members, false
		if q.memory >= len(members) {
			q.memory = -1
		}
		if q.memory < 0 {
			q.memory = startRank(cfg.Config.Strategy, len(members))
		}
		if len(cfg.Config.NoAgent) > 0 && len(q.waiting) > 0 && !q.staffed() {
			for _, c := range q.waiting {
				s.order(Order{Kind: NoAgents, Caller: c.id, Queue: q.ID})
			}
		}
		for _, c := range q.waiting {
			// Whom a call rings that is out already differs by strategy: in ring_all more may join.
			switch {
			case len(c.offers) == 0 || c.held:
			case cfg.Config.Strategy == dialplan.QueueRingAll:
				q.enter(c)
			default:
				q.take(c)
			}
		}
		s.touchQueue(q)
	}
	for id, q := range s.queues {
		if seen[id] {
			continue
		}
		for len(q.waiting) > 0 {
			c := q.waiting[0]
			s.order(Order{Kind: Gone, Caller: c.id, Queue: id})
			s.record(Record{Kind: RecordLeft, Queue: id, Caller: c.id, Waited: s.waited(c), Reason: string(ReasonGone)})
			s.remove(c)
		}
		delete(s.queues, id)
	}
	for id, a := range s.agents {
		if len(a.members) == 0 && len(a.talks) == 0 {
			delete(s.agents, id)
			continue
		}
		s.touch(a)
	}
}

// startRank lets the first call of a queue go to the top of its members.
func startRank(strategy dialplan.QueueStrategy, n int) int {
	if strategy == dialplan.QueueRoundRobin {
		return max(0, n-1)
	}
	return 0
}

// member takes over the configuration of one member of a queue.
func (s *State) member(m *membership, q *dialplan.Queue, cfg *dialplan.QueueMember, rank int, known bool) {
	log := func(kind RecordKind, reason string) {
		if known {
			s.record(Record{Kind: kind, Queue: m.q.ID, Agent: m.a.id, Reason: reason})
		}
	}
	switch {
	case cfg.LoggedIn && !m.loggedIn:
		log(RecordLogin, "")
	case !cfg.LoggedIn && m.loggedIn:
		log(RecordLogout, "")
	}
	if cfg.LoggedIn && m.loggedIn && cfg.Paused != m.paused {
		if cfg.Paused != "" {
			log(RecordPaused, cfg.Paused)
		} else {
			log(RecordResumed, "")
		}
	}
	if !cfg.LoggedIn || !cfg.Since.Equal(m.since) {
		m.answered, m.talk, m.offered, m.turn = 0, 0, time.Time{}, 0
	}
	m.rank, m.loggedIn, m.paused, m.since = rank, cfg.LoggedIn, cfg.Paused, cfg.Since
	m.in = cfg.LoggedIn && cfg.Paused == ""
	m.weight, m.ring, m.cool = q.Weight, q.RingTimeout, q.CoolDown
	if cfg.Weight != nil {
		m.weight = *cfg.Weight
	}
	if cfg.RingTimeout != nil {
		m.ring = *cfg.RingTimeout
	}
	if cfg.CoolDown != nil {
		m.cool = *cfg.CoolDown
	}
	if m.ring <= 0 {
		m.ring = defaultRing
	}
	if !m.in {
		s.withdrawOf(m)
	}
}

func (s *State) withdrawOf(m *membership) {
	for _, o := range slices.Clone(m.a.offers) {
		if o.m == m {
			s.withdraw(o)
		}
	}
}
