package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// TokenPath is in the path of a token.
type TokenPath struct {
	Token int64 `path:"token" minimum:"1" doc:"Id of the token."`
}

func (s *server) tokens(api huma.API) {
	const tag = "tokens"
	register(s, api, scopeAccount, op("list-tokens", http.MethodGet, "/accounts/{account}/tokens", tag, "List an account's API tokens"), s.listTokens)
	register(s, api, scopeAccount, op("create-token", http.MethodPost, "/accounts/{account}/tokens", tag, "Make an API token of an account"), s.createToken)
	register(s, api, scopeAccount, op("revoke-token", http.MethodDelete, "/accounts/{account}/tokens/{token}", tag, "Revoke an API token"), s.revokeToken)
	register(s, api, scopePlatform, op("list-platform-tokens", http.MethodGet, "/tokens", tag, "List the operators' API tokens"), s.listPlatformTokens)
	register(s, api, scopePlatform, op("create-platform-token", http.MethodPost, "/tokens", tag, "Make an operator's API token"), s.createPlatformToken)
	register(s, api, scopePlatform, op("revoke-platform-token", http.MethodDelete, "/tokens/{token}", tag, "Revoke an operator's API token"), s.revokePlatformToken)
}

// CreateOperator makes a token of role operator: the first one, by which the others are made.
func CreateOperator(ctx context.Context, db *store.DB, name string) (token string, err error) {
	err = db.Platform(ctx, func(tx *store.Tx) error {
		t := &store.Token{Name: name, Role: store.RoleOperator}
		if token, err = tx.CreateToken(ctx, t); err != nil {
			return err
		}
		return tx.Audit(ctx, &store.AuditEntry{Actor: "command line", Action: actionCreate, Entity: "token", EntityID: itoa(t.ID)}, nil, tokenOf(t))
	})
	return token, err
}

func tokenOf(t *store.Token) Token {
	return Token{ID: t.ID, Account: int64(t.Account), Created: t.Created, LastUsed: t.LastUsed, Revoked: t.Revoked,
		TokenInput: TokenInput{Name: t.Name, Role: string(t.Role), User: t.User, Expires: t.Expires}}
}

func (in *TokenInput) token() (*store.Token, error) {
	if !in.Expires.IsZero() && (!in.Expires.After(time.Now()) || in.Expires.Year() > 9999) {
		return nil, invalid(field("expires_at", "must be in the future"))
	}
	return &store.Token{Name: in.Name, Role: store.Role(in.Role), User: in.User, Expires: in.Expires}, nil
}

func tokenPage(ctx context.Context, tx *store.Tx, q PageQuery) (Feed[Token], error) {
	after, err := q.row()
	if err != nil {
		return Feed[Token]{}, err
	}
	rows, err := tx.ListTokens(ctx, after, q.Limit+1)
	return feed(rows, q.Limit, func(t *store.Token) string { return itoa(t.ID) }, tokenOf), err
}

func (s *server) listTokens(ctx context.Context, in *struct {
	AccountPath
	PageQuery
}) (*struct{ Body Feed[Token] }, error) {
	out := &struct{ Body Feed[Token] }{}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		out.Body, err = tokenPage(ctx, tx, in.PageQuery)
		return err
	})
}

func (s *server) createToken(ctx context.Context, in *struct {
	AccountPath
	Body TokenInput
}) (*Row[Token], error) {
	if in.Body.Role == string(store.RoleOperator) {
		return nil, invalid(field("role", "must be admin, readonly or user: operators belong to the platform"))
	}
	t, err := in.Body.token()
	if err != nil {
		return nil, err
	}
	var out *Row[Token]
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if t.User != "" {
			kinds, err := tx.ExtensionKinds(ctx, []string{t.User})
			if err != nil {
				return err
			}
			if kinds[t.User] != dialplan.KindUser {
				return invalid(field("user", t.User+" is not a user extension"))
			}
		}
		secret, err := tx.CreateToken(ctx, t)
		if err != nil {
			return err
		}
		shown := tokenOf(t)
		out = created(1, shown, "/accounts/%d/tokens/%d", in.Account, t.ID)
		out.ETag, out.Body.Token = "", secret
		return s.record(ctx, tx, in.id(), actionCreate, "token", itoa(t.ID), nil, shown)
	})
	return out, err
}

func (s *server) revokeToken(ctx context.Context, in *struct {
	AccountPath
	TokenPath
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		return s.revoke(ctx, tx, in.id(), in.Token)
	})
}

func (s *server) revoke(ctx context.Context, tx *store.Tx, account dialplan.AccountID, id int64) error {
	if err := tx.RevokeToken(ctx, id); err != nil {
		return err
	}
	return s.record(ctx, tx, account, actionDelete, "token", itoa(id), map[string]any{"id": id}, nil)
}

func (s *server) listPlatformTokens(ctx context.Context, in *PageQuery) (*struct{ Body Feed[Token] }, error) {
	out := &struct{ Body Feed[Token] }{}
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) (err error) {
		out.Body, err = tokenPage(ctx, tx, *in)
		return err
	})
}

func (s *server) createPlatformToken(ctx context.Context, in *struct{ Body TokenInput }) (*Row[Token], error) {
	if in.Body.Role != string(store.RoleOperator) {
		return nil, invalid(field("role", "must be operator: others belong to an account"))
	}
	t, err := in.Body.token()
	if err != nil {
		return nil, err
	}
	var out *Row[Token]
	err = s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		secret, err := tx.CreateToken(ctx, t)
		if err != nil {
			return err
		}
		shown := tokenOf(t)
		out = created(1, shown, "/tokens/%d", t.ID)
		out.ETag, out.Body.Token = "", secret
		return s.record(ctx, tx, 0, actionCreate, "token", itoa(t.ID), nil, shown)
	})
	return out, err
}

func (s *server) revokePlatformToken(ctx context.Context, in *TokenPath) (*Empty, error) {
	return &Empty{}, s.onPlatform(ctx, nil, func(tx *store.Tx) error { return s.revoke(ctx, tx, 0, in.Token) })
}
