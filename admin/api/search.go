package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// Found is something that a search found.
type Found struct {
	What        string `json:"what" enum:"account,extension,number"`
	Account     int64  `json:"account" doc:"Id of the account that it is or belongs to."`
	AccountName string `json:"account_name"`
	Key         string `json:"key" doc:"The account's id, the extension's number, or the number."`
	Name        string `json:"name,omitempty" doc:"Of the extension; of a number the user that it is linked to."`
	Kind        string `json:"kind,omitempty" doc:"Of the extension."`
}

// FoundList is what a search found, the best first.
type FoundList struct {
	Items []Found `json:"items"`
}

// mostFound are shown of each sort.
const mostFound = 8

func (s *server) search(api huma.API) {
	register(s, api, scopeAny, op("search", http.MethodGet, "/search", "accounts", "Find accounts by the begin of their name, numbers by their begin, and in one account users and other extensions by number or name"), s.find)
}

func (s *server) find(ctx context.Context, in *struct {
	Query   string `query:"q" required:"true" minLength:"2" maxLength:"100" doc:"What is looked for."`
	Account int64  `query:"account" minimum:"1" doc:"Look for extensions in this account; who belongs to an account always searches that one."`
}) (*struct{ Body FoundList }, error) {
	p := who(ctx)
	out := &struct{ Body FoundList }{FoundList{Items: []Found{}}}
	q := strings.TrimSpace(in.Query)
	account := dialplan.AccountID(in.Account)
	if p.role != store.RoleOperator && p.role != store.RolePartner {
		if account != 0 && account != p.account {
			return nil, problem(http.StatusNotFound, "account "+itoa(account)+" not found")
		}
		account = p.account
	}
	if account != 0 {
		found, err := s.findInAccount(ctx, p, account, q)
		if err != nil {
			return nil, err
		}
		out.Body.Items = found
	}
	if p.role != store.RoleOperator && p.role != store.RolePartner {
		return out, nil
	}
	err := s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		f := store.AccountFilter{Name: q}
		if p.role == store.RolePartner {
			f.Partner = p.partner
		}
		list, _, err := tx.ListAccounts(ctx, f, store.Page{Limit: mostFound})
		if err != nil {
			return err
		}
		for _, a := range list {
			out.Body.Items = append(out.Body.Items, Found{What: "account", Account: int64(a.ID), AccountName: a.Name, Key: itoa(a.ID)})
		}
		for _, prefix := range numberPrefixes(q) {
			numbers, err := tx.FindNumbers(ctx, prefix, f.Partner, mostFound)
			if err != nil {
				return err
			}
			for _, n := range numbers {
				if n.Account != account { // those of the account are there already
					out.Body.Items = append(out.Body.Items, foundNumber(n))
				}
			}
		}
		return nil
	})
	return out, err
}

func foundNumber(n store.FoundNumber) Found {
	return Found{What: "number", Account: int64(n.Account), AccountName: n.AccountName, Key: n.E164, Name: n.Personal}
}

func (s *server) findInAccount(ctx context.Context, p principal, id dialplan.AccountID, q string) ([]Found, error) {
	out := []Found{}
	err := s.inAccount(ctx, id, nil, func(tx *store.Tx, a *store.Account) error {
		if p.role == store.RolePartner && (a.Partner != p.partner || p.partner == 0) {
			return &store.NotFound{Entity: "account", Key: itoa(id)}
		}
		list, _, err := tx.ListExtensions(ctx, store.ExtensionFilter{Search: q}, store.Page{Limit: mostFound})
		if err != nil {
			return err
		}
		for _, e := range list {
			out = append(out, Found{What: "extension", Account: int64(id), AccountName: a.Name, Key: e.Number, Name: e.Name, Kind: string(e.Kind)})
		}
		digits := dialled(q)
		if prefix, err := dialplan.ParseNumberPrefix(q, a.Country); err == nil && digits != "" {
			digits = strings.TrimPrefix(prefix, "+")
		}
		if len(digits) < 3 {
			return nil
		}
		numbers, err := tx.FindOwnNumbers(ctx, digits, mostFound)
		for _, n := range numbers {
			out = append(out, foundNumber(n))
		}
		return err
	})
	return out, err
}

// dialled is q as digits; empty: it is no number.
func dialled(q string) string {
	q = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "/", "").Replace(q)
	digits := strings.TrimPrefix(q, "+")
	if digits == "" || strings.Trim(digits, "0123456789") != "" || len(digits) > 15 {
		return ""
	}
	return digits
}

// numberPrefixes are what q may be the begin of, in E.164: as it is written, or nationally in one of the countries.
func numberPrefixes(q string) []string {
	digits := dialled(q)
	if len(digits) < 4 {
		return nil
	}
	if digits[0] != '0' {
		return []string{"+" + digits}
	}
	var out []string
	for _, c := range []dialplan.Country{dialplan.NL, dialplan.DE, dialplan.ES, dialplan.LV} {
		if prefix, err := dialplan.ParseNumberPrefix(digits, c); err == nil && strings.HasPrefix(prefix, "+") && (len(out) == 0 || out[0] != prefix) {
			out = append(out, prefix)
		}
	}
	return out
}
