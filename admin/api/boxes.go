package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// Mailbox is a voicemail box in a list.
type Mailbox struct {
	Box     string `json:"box" doc:"Number of the voicemail extension, or of the user whose own box it is."`
	Name    string `json:"name"`
	Kind    string `json:"kind" enum:"user,voicemail"`
	User    string `json:"user,omitempty" doc:"Who is linked to the box."`
	Unheard int    `json:"unheard" doc:"Messages that nobody has heard."`
	Heard   int    `json:"heard"`
}

func (s *server) mailboxes(api huma.API) {
	o := also(op("list-mailboxes", http.MethodGet, "/accounts/{account}/voicemail", "voicemail", "List voicemail boxes by number, with how many messages they have"), store.RoleUser)
	o.Description = "Voicemail extensions, and users whose own box has a PIN or messages. A user sees the own box and those of voicemail extensions linked to them."
	register(s, api, scopeAccount, o, s.listMailboxes)
}

func (s *server) listMailboxes(ctx context.Context, in *struct {
	AccountPath
	PageQuery
}) (*PageOutput[Mailbox], error) {
	a, p, err := s.company(ctx, in.id(), in.PageQuery)
	if err != nil {
		return nil, err
	}
	var counts map[int64]store.BoxCount
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		counts, err = tx.CountVoicemail(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	me := who(ctx)
	list := extensionsOf(a, func(e *dialplan.Extension) bool {
		switch c := e.Config.(type) {
		case *dialplan.Voicemail:
			return me.role != store.RoleUser || c.User == me.user
		case *dialplan.User:
			if me.role == store.RoleUser {
				return e.Number == me.user
			}
			return c.Voicemail.PIN != "" || counts[e.ID] != store.BoxCount{}
		}
		return false
	})
	return answerPage(pageOf(list, p), len(list), p, func(e **dialplan.Extension) Mailbox {
		n := counts[(*e).ID]
		out := Mailbox{Box: (*e).Number, Name: (*e).Name, Kind: string((*e).Config.Kind()), Unheard: n.Unheard, Heard: n.Heard}
		switch c := (*e).Config.(type) {
		case *dialplan.Voicemail:
			out.User = c.User
		case *dialplan.User:
			out.User = (*e).Number
		}
		return out
	}), nil
}
