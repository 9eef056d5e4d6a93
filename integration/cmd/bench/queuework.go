package main

import (
	"cmp"
	"slices"
	"time"

	"callplane/integration/sipp"
)

// work is what callers and agents say of a shift.
type work struct {
	gaps           sample // from an agent's free moment to the next call, while somebody waited
	served, gaveUp int
}

// moment is something that changes who waits or who is free.
type moment struct {
	at    time.Time
	kind  momentKind
	agent string
}

type momentKind int

const (
	callerIn momentKind = iota
	callerOut
	agentCalled
	agentFree
)

// workOf puts together what both sides sent and received. A caller is in from its ACK to a BYE of either side; an agent is busy from
// the INVITE to the end of the call.
func workOf(callers, agents []sipp.Message) (w work) {
	var all []moment
	for _, m := range callers {
		switch {
		case m.Request() && m.Method == "ACK" && m.Sent:
			all = append(all, moment{m.At, callerIn, ""})
		case m.Request() && m.Method == "BYE":
			all = append(all, moment{m.At, callerOut, ""})
			if m.Sent {
				w.gaveUp++
			} else {
				w.served++
			}
		}
	}
	calls := map[string]string{} // agents by Call-ID, as long as the call lasts
	for _, m := range agents {
		if !m.Request() {
			continue
		}
		switch agent, busy := calls[m.CallID]; {
		case m.Method == "INVITE" && !busy && !m.Sent:
			calls[m.CallID] = m.User()
			all = append(all, moment{m.At, agentCalled, m.User()})
		case busy && agent != "" && (m.Method == "BYE" || m.Method == "CANCEL"):
			calls[m.CallID] = "" // what is sent again is no second end
			all = append(all, moment{m.At, agentFree, agent})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.kind, b.kind)) })
	w.gaps = gapsOf(all)
	return w
}

// gapsOf follows the moments. An agent's gap counts if there are as many callers without an agent as free agents when it begins,
// so that there is no reason to wait.
func gapsOf(all []moment) sample {
	var gaps sample
	callers, busy := 0, 0
	free := map[string]time.Time{} // since when; of those whose gap counts
	idle := map[string]bool{}
	for _, m := range all {
		switch m.kind {
		case callerIn:
			callers++
		case callerOut:
			callers--
		case agentCalled:
			busy++
			if since, ok := free[m.agent]; ok {
				gaps = append(gaps, m.at.Sub(since))
			}
			delete(free, m.agent)
			delete(idle, m.agent)
		case agentFree:
			busy--
			idle[m.agent] = true
			// The caller of this agent has not left yet, as far as callers tell.
			if callers-1-busy >= len(idle) {
				free[m.agent] = m.at
			}
		}
	}
	return gaps.sort()
}
