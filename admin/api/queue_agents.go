package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callplane/store"
)

// QueuePath is in the path of a queue.
type QueuePath struct {
	AccountPath
	Queue string `path:"queue" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"Number of the queue."`
}

// QueueAgent is the state of an agent in a queue.
type QueueAgent struct {
	Active bool   `json:"active" doc:"Logged in. A user who is no member becomes one of an open queue."`
	Paused string `json:"paused,omitempty" maxLength:"100" doc:"Why the agent takes no calls for a while; empty: takes them."`
}

// Resolve checks what one field alone can't tell.
func (a *QueueAgent) Resolve(huma.Context) []error {
	errs := text("paused", a.Paused)
	if a.Paused != "" && !a.Active {
		errs = append(errs, field("paused", "only an agent who is logged in can pause"))
	}
	return errorsOf(errs)
}

func (s *server) queues(api huma.API) {
	const tag, agent = "queues", "/accounts/{account}/queues/{queue}/agents/{agent}"
	register(s, api, scopeAccount, also(op("set-queue-agent", http.MethodPut, agent, tag, "Log an agent in to a queue or out, or let them pause; users themselves"),
		store.RoleSupervisor, store.RoleUser), s.setQueueAgent)
}

func (s *server) setQueueAgent(ctx context.Context, in *struct {
	QueuePath
	Agent string `path:"agent" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"Number of the user or forward extension."`
	Body  QueueAgent
}) (*struct{ Body QueueAgent }, error) {
	columns := map[string]string{"agent": "active"}
	err := s.inAccount(ctx, in.id(), columns, func(tx *store.Tx, _ *store.Account) error {
		if err := ofThemselves(ctx, in.Agent); err != nil {
			return err
		}
		if _, _, err := queueOf(ctx, tx, in.Queue); err != nil {
			return err
		}
		to := store.QueueLogin{LoggedIn: in.Body.Active, Paused: in.Body.Paused}
		before, err := tx.QueueAgent(ctx, in.Queue, in.Agent, to)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionUpdate, "queue agent", in.Queue+"/"+in.Agent, before, to)
	})
	return &struct{ Body QueueAgent }{in.Body}, err
}
