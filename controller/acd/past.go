package acd

// PastOf is what the lines of a log say about agents and waits: counters begin again with each login.
func PastOf(lines []Line) (out Remember) {
	type key struct {
		queue QueueID
		agent AgentID
	}
	agents := map[key]*Counter{}
	var order []key
	for _, l := range lines {
		if l.Kind == RecordAnswered {
			out.Waits = append(out.Waits, Wait{Queue: l.Record.Queue, At: l.At, Wait: l.Waited})
		}
		if l.Record.Agent == 0 {
			continue
		}
		k := key{l.Record.Queue, l.Record.Agent}
		n := agents[k]
		if n == nil {
			n = &Counter{Queue: k.queue, Agent: k.agent}
			agents[k] = n
			order = append(order, k)
		}
		switch l.Kind {
		case RecordLogin, RecordLogout:
			*n = Counter{Queue: k.queue, Agent: k.agent, Ended: n.Ended}
		case RecordOffered:
			n.Offered = l.At
		case RecordAnswered:
			n.Answered++
		case RecordEnded:
			n.Talk += l.Talk
			n.Ended = l.At
		}
	}
	for _, k := range order {
		out.Agents = append(out.Agents, *agents[k])
	}
	return out
}
