package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// behindFor is how long a snapshot is waited for that has what the database has already.
const behindFor = 2 * time.Second

// inService is an account as calls are decided by: what lists of many things are made of without a query each. Who has just
// changed something sees it, since the snapshot is waited for; nil: the account is not in service.
func (s *server) inService(ctx context.Context, id dialplan.AccountID, version int64) *dialplan.Account {
	if s.cfg.Company == nil {
		return nil
	}
	for end := time.Now().Add(behindFor); ; {
		a := s.cfg.Company(id)
		if a != nil && a.Version >= version || time.Now().After(end) {
			return a
		}
		select {
		case <-ctx.Done():
			return a
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// company is the account of a list, and the page that is asked for.
func (s *server) company(ctx context.Context, id dialplan.AccountID, q PageQuery) (*dialplan.Account, store.Page, error) {
	p, err := q.page()
	if err != nil {
		return nil, p, err
	}
	var version int64
	if err := s.inAccount(ctx, id, nil, func(_ *store.Tx, a *store.Account) error { version = a.Version; return nil }); err != nil {
		return nil, p, err
	}
	if a := s.inService(ctx, id, version); a != nil {
		return a, p, nil
	}
	return nil, p, huma.Error503ServiceUnavailable("the account is not in service yet")
}

// extensionsOf are some of an account's extensions by number.
func extensionsOf(a *dialplan.Account, is func(*dialplan.Extension) bool) []*dialplan.Extension {
	var out []*dialplan.Extension
	for _, e := range a.Extensions {
		if is(e) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(x, y *dialplan.Extension) int { return cmp.Compare(x.Number, y.Number) })
	return out
}

// pageOf is one page of what is in memory.
func pageOf[T any](all []T, p store.Page) []T {
	from := min(p.Offset, len(all))
	return all[from:min(from+p.Limit, len(all))]
}

// ofThemselves lets a user to what is their own; other users are not found.
func ofThemselves(ctx context.Context, user string) error {
	p := who(ctx)
	if p.role == store.RoleUser && p.user != user {
		return &store.NotFound{Entity: "user", Key: user}
	}
	return nil
}
