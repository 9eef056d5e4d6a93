package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// QueueSummary is a queue in a list.
type QueueSummary struct {
	Number       string             `json:"number"`
	Name         string             `json:"name"`
	Access       string             `json:"access" enum:"open,closed"`
	Strategy     string             `json:"strategy"`
	ServiceLevel float64            `json:"service_level" doc:"Seconds within which a call should be answered."`
	CallLimit    int                `json:"call_limit" doc:"How many callers may wait; 0: no limit."`
	Agents       []QueueMemberState `json:"agents" doc:"By rank."`
}

// QueueMemberState is an agent of a queue in a list.
type QueueMemberState struct {
	Extension string `json:"extension"`
	Name      string `json:"name"`
	Active    bool   `json:"active" doc:"Logged in."`
	Paused    string `json:"paused,omitempty"`
}

func (s *server) queueList(api huma.API) {
	o := also(op("list-queues", http.MethodGet, "/accounts/{account}/queues", "queues", "List queues with their agents by number"), store.RoleSupervisor)
	register(s, api, scopeAccount, o, s.listQueues)
}

func (s *server) listQueues(ctx context.Context, in *struct {
	AccountPath
	PageQuery
}) (*PageOutput[QueueSummary], error) {
	a, p, err := s.company(ctx, in.id(), in.PageQuery)
	if err != nil {
		return nil, err
	}
	list := extensionsOf(a, func(e *dialplan.Extension) bool { _, ok := e.Config.(*dialplan.Queue); return ok })
	return answerPage(pageOf(list, p), len(list), p, func(e **dialplan.Extension) QueueSummary { return queueSummaryOf(a, *e) }), nil
}

func queueSummaryOf(a *dialplan.Account, e *dialplan.Extension) QueueSummary {
	q, _ := e.Config.(*dialplan.Queue)
	out := QueueSummary{Number: e.Number, Name: e.Name, Access: "closed", Strategy: string(q.Strategy), ServiceLevel: q.ServiceLevel.Seconds(),
		CallLimit: q.Limit, Agents: []QueueMemberState{}}
	if q.Open {
		out.Access = "open"
	}
	for _, m := range q.Members {
		agent := QueueMemberState{Extension: m.Extension, Active: m.LoggedIn, Paused: m.Paused}
		if x := a.Extensions[m.Extension]; x != nil {
			agent.Name = x.Name
		}
		out.Agents = append(out.Agents, agent)
	}
	return out
}
