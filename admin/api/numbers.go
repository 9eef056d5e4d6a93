package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// NumberPath is in the path of a number.
type NumberPath struct {
	AccountPath
	Number string `path:"number" maxLength:"16" doc:"E.164 with +."`
}

func (s *server) numbers(api huma.API) {
	const tag = "numbers"
	const list, one = "/accounts/{account}/numbers", "/accounts/{account}/numbers/{number}"
	register(s, api, scopeAccount, op("list-numbers", http.MethodGet, list, tag, "List the account's external numbers"), s.listNumbers)
	// Numbers come from carriers: an account that could take any would take another's calls.
	register(s, api, scopeAccount, operatorOnly(op("create-number", http.MethodPost, list, tag, "Give the account a number")), s.createNumber)
	register(s, api, scopeAccount, op("get-number", http.MethodGet, one, tag, "Get a number"), s.getNumber)
	register(s, api, scopeAccount, op("update-number", http.MethodPut, one, tag, "Link a number to a user, or make it a company number"), s.updateNumber)
	register(s, api, scopeAccount, operatorOnly(op("delete-number", http.MethodDelete, one, tag, "Take a number from the account")), s.deleteNumber)
}

func numberOf(n *store.Number) Number {
	return Number{NumberInput: NumberInput{Number: n.E164, Personal: n.Personal}, Scheme: n.Scheme}
}

func numberColumns() map[string]string {
	return map[string]string{"e164": "number", "personal_id": "personal"}
}

func (s *server) listNumbers(ctx context.Context, in *struct {
	AccountPath
	PageQuery
	User string `query:"user" pattern:"^[0-9]{2,5}$" patternDescription:"an extension number" doc:"Personal numbers of this user."`
}) (*PageOutput[Number], error) {
	p, err := in.keyed(false)
	if err != nil {
		return nil, err
	}
	var out *PageOutput[Number]
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, total, err := tx.ListNumbers(ctx, store.NumberFilter{User: in.User}, p)
		out = answerKeyed(rows, total, p, func(n *store.Number) string { return n.E164 }, numberOf)
		return err
	})
	return out, err
}

func (s *server) createNumber(ctx context.Context, in *struct {
	AccountPath
	Body NumberInput
}) (*Row[Number], error) {
	var out *Row[Number]
	err := s.inAccount(ctx, in.id(), numberColumns(), func(tx *store.Tx, _ *store.Account) error {
		n := &store.Number{Number: dialplan.Number{E164: in.Body.Number, Personal: in.Body.Personal}}
		if err := tx.CreateNumber(ctx, n); err != nil {
			return err
		}
		shown := numberOf(n)
		out = created(n.Revision, shown, "/accounts/%d/numbers/%s", in.Account, n.E164)
		return s.record(ctx, tx, in.id(), actionCreate, "number", n.E164, nil, shown)
	})
	return out, err
}

func (s *server) getNumber(ctx context.Context, in *NumberPath) (*Row[Number], error) {
	var out *Row[Number]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		n, err := tx.ReadNumber(ctx, in.Number)
		if err != nil {
			return err
		}
		out = row(n.Revision, numberOf(n))
		return nil
	})
	return out, err
}

func (s *server) updateNumber(ctx context.Context, in *struct {
	NumberPath
	Match
	Body NumberUpdate
}) (*Row[Number], error) {
	var out *Row[Number]
	err := s.inAccount(ctx, in.id(), numberColumns(), func(tx *store.Tx, _ *store.Account) error {
		n, err := tx.ReadNumber(ctx, in.Number)
		if err != nil {
			return err
		}
		before := numberOf(n)
		if in.Body.Personal != "" && n.Scheme != 0 {
			return invalid(field("personal", "can't be set: the number is in a numbering plan"))
		}
		n.Personal = in.Body.Personal
		if n.Revision, err = in.revision(n.Revision); err != nil {
			return err
		}
		if err := tx.UpdateNumber(ctx, n); err != nil {
			return err
		}
		after := numberOf(n)
		out = row(n.Revision, after)
		return s.record(ctx, tx, in.id(), actionUpdate, "number", n.E164, before, after)
	})
	return out, err
}

func (s *server) deleteNumber(ctx context.Context, in *struct {
	NumberPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		n, err := tx.ReadNumber(ctx, in.Number)
		if err != nil {
			return err
		}
		rev, err := in.revision(n.Revision)
		if err != nil {
			return err
		}
		if err := tx.DeleteNumber(ctx, in.Number, rev); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "number", n.E164, numberOf(n), nil)
	})
}
