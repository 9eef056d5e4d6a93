package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

func accountOf(a *store.Account) Account {
	return Account{ID: int64(a.ID), Version: a.Version, Created: a.Created, AccountInput: AccountInput{
		Name: a.Name, Enabled: ptr(a.Enabled), Country: string(a.Country), Language: a.Language, TimeZone: a.TimeZone,
		ExtensionLength: a.ExtensionLength, AreaCode: a.AreaCode, CallerID: a.CallerID, EmergencyCallerID: a.EmergencyCallerID,
		CallLimit: a.CallLimit, Partner: a.Partner, ParkTimeout: a.ParkTimeout.Seconds()}}
}

func (in *AccountInput) apply(a *store.Account) {
	a.Name, a.Enabled, a.Country, a.Language, a.TimeZone = in.Name, *in.Enabled, dialplan.Country(in.Country), in.Language, in.TimeZone
	a.ExtensionLength, a.AreaCode, a.CallerID, a.EmergencyCallerID = in.ExtensionLength, in.AreaCode, in.CallerID, in.EmergencyCallerID
	a.CallLimit, a.Partner, a.ParkTimeout = in.CallLimit, in.Partner, duration(in.ParkTimeout)
}

func (s *server) accounts(api huma.API) {
	const tag = "accounts"
	register(s, api, scopeAny, op("list-accounts", http.MethodGet, "/accounts", tag, "List the accounts that the token may see"), s.listAccounts)
	register(s, api, scopePlatform, also(op("create-account", http.MethodPost, "/accounts", tag, "Make an account, with its main scheme"), store.RolePartner), s.createAccount)
	register(s, api, scopeAccount, op("get-account", http.MethodGet, "/accounts/{account}", tag, "Get an account"), s.getAccount)
	register(s, api, scopeAccount, op("update-account", http.MethodPut, "/accounts/{account}", tag, "Replace an account's settings"), s.updateAccount)
	register(s, api, scopePlatform, op("delete-account", http.MethodDelete, "/accounts/{account}", tag, "Delete an account, which must be empty"), s.deleteAccount)
}

func (s *server) listAccounts(ctx context.Context, in *struct {
	PageQuery
	Name string `query:"name" maxLength:"200" doc:"Names that begin like this."`
}) (*PageOutput[Account], error) {
	p, err := in.keyed(true)
	if err != nil {
		return nil, err
	}
	if own := who(ctx).account; own != 0 {
		out := &PageOutput[Account]{Body: Page[Account]{Items: []Account{}}}
		err := s.inAccount(ctx, own, nil, func(_ *store.Tx, a *store.Account) error {
			if p.After == "" {
				out.Body.Items = append(out.Body.Items, accountOf(a))
			}
			out.Body.Total = 1
			return nil
		})
		return out, err
	}
	var out *PageOutput[Account]
	err = s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		rows, total, err := tx.ListAccounts(ctx, store.AccountFilter{Name: in.Name, Partner: who(ctx).partner}, p)
		out = answerKeyed(rows, total, p, func(a *store.Account) string { return itoa(a.ID) }, accountOf)
		return err
	})
	return out, err
}

func (s *server) createAccount(ctx context.Context, in *struct{ Body Account }) (*Row[Account], error) {
	var out *Row[Account]
	err := s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		a := &store.Account{}
		in.Body.apply(a)
		if own := who(ctx).partner; own != 0 {
			a.Partner = own
		}
		if err := tx.CreateAccount(ctx, a); err != nil {
			return err
		}
		shown := accountOf(a)
		out = created(a.Revision, shown, "/accounts/%d", a.ID)
		return s.record(ctx, tx, a.ID, actionCreate, "account", itoa(a.ID), nil, shown)
	})
	return out, err
}

func (s *server) getAccount(ctx context.Context, in *AccountPath) (*Row[Account], error) {
	var out *Row[Account]
	err := s.inAccount(ctx, in.id(), nil, func(_ *store.Tx, a *store.Account) error {
		out = row(a.Revision, accountOf(a))
		return nil
	})
	return out, err
}

func (s *server) updateAccount(ctx context.Context, in *struct {
	AccountPath
	Match
	Body Account
}) (*Row[Account], error) {
	var out *Row[Account]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		before := accountOf(a)
		if err := operatorsFields(ctx, before.AccountInput, in.Body.AccountInput); err != nil {
			return err
		}
		in.Body.apply(a)
		err := emergencyNumber(ctx, tx, a)
		if err != nil {
			return err
		}
		if a.Revision, err = in.revision(a.Revision); err != nil {
			return err
		}
		if err := tx.UpdateAccount(ctx, a); err != nil {
			return err
		}
		after := accountOf(a)
		out = row(a.Revision, after)
		return s.record(ctx, tx, a.ID, actionUpdate, "account", itoa(a.ID), before, after)
	})
	return out, err
}

// emergencyNumber asks for the number that emergency calls show, as soon as the account has one of its own to choose: the
// emergency centre must be able to call back (FAC-EMG-01).
func emergencyNumber(ctx context.Context, tx *store.Tx, a *store.Account) error {
	if a.EmergencyCallerID != "" {
		return nil
	}
	numbers, _, err := tx.ListNumbers(ctx, store.NumberFilter{}, store.Page{Limit: 1000})
	if err != nil {
		return err
	}
	if slices.ContainsFunc(numbers, func(n store.Number) bool { return n.Personal == "" }) {
		return invalid(field("emergency_caller_id", "is required: emergency services must be able to call back"))
	}
	return nil
}

// operatorsFields are those by which the platform holds an account to its contract: the
// account can't change them itself, and a partner not whose it is.
func operatorsFields(ctx context.Context, is, want AccountInput) error {
	role := who(ctx).role
	if role == store.RoleOperator {
		return nil
	}
	var errs []*huma.ErrorDetail
	if is.Partner != want.Partner {
		errs = append(errs, field("partner", "can be changed by an operator only"))
	}
	if role == store.RolePartner {
		return invalidIf(errs)
	}
	if *is.Enabled != *want.Enabled {
		errs = append(errs, field("enabled", "can be changed by an operator only"))
	}
	if is.CallLimit != want.CallLimit {
		errs = append(errs, field("call_limit", "can be changed by an operator only"))
	}
	if is.Country != want.Country {
		errs = append(errs, field("country", "can be changed by an operator only"))
	}
	return invalidIf(errs)
}

func invalidIf(errs []*huma.ErrorDetail) error {
	if len(errs) > 0 {
		return invalid(errs...)
	}
	return nil
}

func (s *server) deleteAccount(ctx context.Context, in *struct {
	AccountPath
	Match
}) (*Empty, error) {
	err := s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		a, err := tx.ReadAccount(ctx, in.id())
		if err != nil {
			return err
		}
		if err := current("account", in.Match, int64(a.ID), a.Revision); err != nil {
			return err
		}
		if err := tx.DeleteAccount(ctx, in.id()); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "account", itoa(in.AccountPath.Account), accountOf(a), nil)
	})
	if err == nil && s.cfg.Recordings.AccountDeleted != nil {
		s.cfg.Recordings.AccountDeleted(in.id())
	}
	return &Empty{}, err
}
