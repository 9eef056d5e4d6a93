package api

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"github.com/danielgtaylor/huma/v2"

	"callplane/store"
)

// SIM is a card of the account.
type SIM struct {
	ICCID   string `json:"iccid"`
	Order   int64  `json:"order,omitempty" doc:"Id of the order that has it, or had it."`
	Retired bool   `json:"retired,omitempty" doc:"Its order has ended."`
}

// SIMsInput are cards that are handed out.
type SIMsInput struct {
	ICCIDs []string `json:"iccids" minItems:"1" maxItems:"1000" doc:"18 to 22 digits each."`
}

var iccid = regexp.MustCompile(`^[0-9]{18,22}$`)

// Resolve checks each.
func (s *SIMsInput) Resolve(huma.Context) []error {
	var errs []*huma.ErrorDetail
	seen := map[string]bool{}
	for i, x := range s.ICCIDs {
		at := fmt.Sprintf("iccids[%d]", i)
		if !iccid.MatchString(x) {
			errs = append(errs, field(at, "must be the number of a SIM card, 18 to 22 digits"))
		}
		if seen[x] {
			errs = append(errs, field(at, x+" is there twice"))
		}
		seen[x] = true
	}
	return errorsOf(errs)
}

// SIMPath is in the path of a card.
type SIMPath struct {
	AccountPath
	SIM string `path:"sim" pattern:"^[0-9]{18,22}$" patternDescription:"the number of a SIM card" doc:"Its ICCID."`
}

func (s *server) sims(api huma.API) {
	const tag, list = "orders", "/accounts/{account}/sims"
	register(s, api, scopeAccount, op("list-sims", http.MethodGet, list, tag, "List SIMs of the account, by their last digits"), s.listSIMs)
	register(s, api, scopeAccount, resellerOnly(op("add-sims", http.MethodPost, list, tag, "Hand out SIMs to the account")), s.addSIMs)
	register(s, api, scopeAccount, resellerOnly(op("delete-sim", http.MethodDelete, list+"/{sim}", tag, "Take back a SIM that no order has had")), s.deleteSIM)
}

func (s *server) listSIMs(ctx context.Context, in *struct {
	AccountPath
	PageQuery
	Last string `query:"last" pattern:"^[0-9]{4}$" patternDescription:"4 digits" doc:"Last four digits of the card's number."`
	Free bool   `query:"free" doc:"Only cards that no order has had."`
}) (*PageOutput[SIM], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	var out *PageOutput[SIM]
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, total, err := tx.ListSIMs(ctx, store.SIMFilter{Last: in.Last, Free: in.Free}, p)
		out = answerPage(rows, total, p, func(x *store.SIM) SIM { return SIM{x.ICCID, x.Order, x.Retired} })
		return err
	})
	return out, err
}

func (s *server) addSIMs(ctx context.Context, in *struct {
	AccountPath
	Body SIMsInput
}) (*struct{ Body SIMsInput }, error) {
	out := &struct{ Body SIMsInput }{in.Body}
	err := s.inAccount(ctx, in.id(), map[string]string{"id": "iccids", "iccid": "iccids"}, func(tx *store.Tx, _ *store.Account) error {
		if err := tx.AddSIMs(ctx, in.Body.ICCIDs); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionCreate, "SIMs", in.Body.ICCIDs[0], nil, in.Body)
	})
	return out, err
}

func (s *server) deleteSIM(ctx context.Context, in *SIMPath) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if err := tx.DeleteSIM(ctx, in.SIM); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "SIM", in.SIM, SIM{ICCID: in.SIM}, nil)
	})
}
