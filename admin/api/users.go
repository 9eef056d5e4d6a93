package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
)

// UserStatus is a user with their phones and queues.
type UserStatus struct {
	Number  string       `json:"number"`
	Name    string       `json:"name"`
	Devices []UserDevice `json:"devices" doc:"Phones on which the user is logged in."`
	Queues  []UserQueue  `json:"queues" doc:"Of which the user is an agent."`
	Forward []string     `json:"forward,omitempty" doc:"Where all calls of the user go."`
}

// UserDevice is a phone on which a user is logged in.
type UserDevice struct {
	Channel     string `json:"channel"`
	Description string `json:"description,omitempty"`
	Linked      bool   `json:"linked,omitempty" doc:"By an administrator: the user can't log out."`
	Registered  bool   `json:"registered"`
	UserAgent   string `json:"user_agent,omitempty" doc:"What the phone says it is."`
}

// UserQueue is a queue in which a user is an agent.
type UserQueue struct {
	Queue  string `json:"queue"`
	Name   string `json:"name"`
	Active bool   `json:"active" doc:"Logged in."`
	Paused string `json:"paused,omitempty" doc:"Why the user takes no calls for a while."`
	Member bool   `json:"member" doc:"Else it is an open queue, to which the user may log in."`
}

func (s *server) users(api huma.API) {
	register(s, api, scopeAccount, op("list-users", http.MethodGet, "/accounts/{account}/users", "users", "List users by number, with their phones and queues"), s.listUsers)
}

func (s *server) listUsers(ctx context.Context, in *struct {
	AccountPath
	PageQuery
	Text string `query:"text" maxLength:"100" doc:"Is part of the name, or the number begins with it."`
}) (*PageOutput[UserStatus], error) {
	a, p, err := s.company(ctx, in.id(), in.PageQuery)
	if err != nil {
		return nil, err
	}
	text := strings.ToLower(in.Text)
	list := extensionsOf(a, func(e *dialplan.Extension) bool {
		_, ok := e.Config.(*dialplan.User)
		return ok && (strings.HasPrefix(e.Number, text) || strings.Contains(strings.ToLower(e.Name), text))
	})
	devices, queues := s.devicesOfUsers(in.id(), a), queuesOfUsers(a)
	return answerPage(pageOf(list, p), len(list), p, func(e **dialplan.Extension) UserStatus {
		u, _ := (*e).Config.(*dialplan.User)
		return UserStatus{Number: (*e).Number, Name: (*e).Name, Devices: orEmpty(devices[(*e).Number]), Queues: orEmpty(queues[(*e).Number]),
			Forward: forwardsOf(u.Forwards).Always}
	}), nil
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// devicesOfUsers are the phones of all users who are logged in somewhere.
func (s *server) devicesOfUsers(id dialplan.AccountID, a *dialplan.Account) map[string][]UserDevice {
	agents := make(map[string]string) // of registered channels
	if s.cfg.Registrations != nil {
		for _, r := range s.cfg.Registrations(id) {
			agents[r.Channel] = r.UserAgent
		}
	}
	out := make(map[string][]UserDevice)
	for name, ch := range a.Channels {
		if ch.User == "" {
			continue
		}
		agent, registered := agents[name]
		out[ch.User] = append(out[ch.User], UserDevice{Channel: name, Description: ch.Description, Linked: ch.Linked, Registered: registered, UserAgent: agent})
	}
	for _, list := range out {
		slices.SortFunc(list, func(x, y UserDevice) int { return cmp.Compare(x.Channel, y.Channel) })
	}
	return out
}

// queuesOfUsers are the queues of all users who are agents.
func queuesOfUsers(a *dialplan.Account) map[string][]UserQueue {
	out := make(map[string][]UserQueue)
	for _, e := range extensionsOf(a, func(e *dialplan.Extension) bool { _, ok := e.Config.(*dialplan.Queue); return ok }) {
		q, _ := e.Config.(*dialplan.Queue)
		for _, m := range q.Members {
			out[m.Extension] = append(out[m.Extension], UserQueue{Queue: e.Number, Name: e.Name, Active: m.LoggedIn, Paused: m.Paused, Member: true})
		}
	}
	return out
}
