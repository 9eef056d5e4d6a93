package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// SystemExtension is a number with a fixed meaning, which users dial.
type SystemExtension struct {
	Number   string `json:"number"`
	Function string `json:"function" enum:"login-status,login,logout,queue-login,queue-logout,record-audio,listen-in,change-pin,record-call,switch-device,forwarding,numbering-plan,voicemail-management,retrieve-parked,assistant,personal-voicemail"`
}

func (s *server) systemExtensions(api huma.API) {
	register(s, api, scopeAccount, op("list-system-extensions", http.MethodGet, "/accounts/{account}/system-extensions", "extensions", "List the system extensions of the account's country by number"), s.listSystemExtensions)
}

func (s *server) listSystemExtensions(ctx context.Context, in *struct{ AccountPath }) (*PageOutput[SystemExtension], error) {
	var out *PageOutput[SystemExtension]
	err := s.inAccount(ctx, in.id(), nil, func(_ *store.Tx, a *store.Account) error {
		list := dialplan.SystemNumbers(a.Country)
		out = answerPage(list, len(list), store.Page{}, func(n *dialplan.SystemNumber) SystemExtension {
			return SystemExtension{Number: n.Number, Function: string(n.Function)}
		})
		return nil
	})
	return out, err
}
