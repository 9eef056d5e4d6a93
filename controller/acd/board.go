package acd

import (
	"context"
	"time"
)

// Board is a queue at a moment, for a wallboard (ACD-14).
type Board struct {
	Queue   QueueID
	Number  string
	Waiting int
	Oldest  time.Time // since when the one waits who waits longest
	Talking int
	// Answered, InTime and Abandoned count calls of the last half hour; InTime those answered within the service level.
	Answered, InTime, Abandoned int
	Average                     time.Duration // wait of those who were answered
	Agents                      []AgentBoard
}

// AgentState is what an agent does.
type AgentState string

// Agent states, of which the first that holds is shown.
const (
	AgentLoggedOut   AgentState = "logged-out"
	AgentTalking     AgentState = "talking" // in a call of this or another queue
	AgentRinging     AgentState = "ringing"
	AgentPaused      AgentState = "paused"
	AgentUnreachable AgentState = "unreachable" // no phone is there
	AgentBusy        AgentState = "busy"        // in a call that is no queue's
	AgentWrapUp      AgentState = "wrap-up"     // cool-down
	AgentFree        AgentState = "free"
)

// AgentBoard is an agent of a queue at a moment.
type AgentBoard struct {
	Agent     AgentID
	Extension string
	State     AgentState
	Paused    string
	Since     time.Time // login
	Answered  int       // since the login
	Talk      time.Duration
	Free      time.Time // of AgentWrapUp: when it ends
}

func (s *State) agentState(m *membership) AgentState {
	a := m.a
	switch {
	case !m.loggedIn:
		return AgentLoggedOut
	case len(a.talks) > 0:
		return AgentTalking
	case len(a.offers) > 0:
		return AgentRinging
	case m.paused != "":
		return AgentPaused
	case !a.reachable:
		return AgentUnreachable
	case a.calls > 0:
		return AgentBusy
	case s.now.Before(a.cool):
		return AgentWrapUp
	}
	return AgentFree
}

// Board of a queue; false when there is none with this id.
func (s *State) Board(id QueueID, now time.Time) (Board, bool) {
	if now.After(s.now) {
		s.now = now
	}
	q := s.queues[id]
	if q == nil {
		return Board{}, false
	}
	b := Board{Queue: id, Number: q.Number, Waiting: len(q.waiting)}
	for _, c := range q.waiting {
		if b.Oldest.IsZero() || c.joined.Before(b.Oldest) {
			b.Oldest = c.joined
		}
	}
	b.Average, _ = q.average(s.now)
	b.Answered = len(q.recent)
	for _, w := range q.recent {
		if w.Wait <= q.Config.ServiceLevel {
			b.InTime++
		}
	}
	b.Abandoned = len(q.lost)
	for _, m := range q.members {
		for _, t := range m.a.talks {
			if t.queue == id {
				b.Talking++
			}
		}
		x := AgentBoard{Agent: m.a.id, State: s.agentState(m), Paused: m.paused, Since: m.since, Answered: m.answered, Talk: m.talk}
		if x.State == AgentWrapUp {
			x.Free = m.a.cool
		}
		b.Agents = append(b.Agents, x)
	}
	return b, true
}

// Board of a queue at this moment; empty when there is none with this id or the controller stops.
func (a *Account) Board(ctx context.Context, q QueueID) Board {
	b, _ := ask(ctx, a, func(now time.Time) Board {
		b, _ := a.state.Board(q, now)
		for i := range b.Agents {
			b.Agents[i].Extension = a.ids[b.Agents[i].Agent]
		}
		return b
	})
	return b
}
