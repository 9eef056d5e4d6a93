package api

import (
	"context"
	"encoding/json"

	"callplane/dialplan"
	"callplane/store"
)

// inAccount runs f in a transaction that sees one account, which must exist. columns
// translates names of columns into fields of the body.
func (s *server) inAccount(ctx context.Context, id dialplan.AccountID, columns map[string]string, f func(*store.Tx, *store.Account) error) error {
	err := s.cfg.DB.Account(ctx, id, func(tx *store.Tx) error {
		a, err := tx.ReadAccount(ctx, id)
		if err != nil {
			return err
		}
		return f(tx, a)
	})
	return s.answer(ctx, err, columns)
}

// onPlatform runs f in a transaction that sees everything.
func (s *server) onPlatform(ctx context.Context, columns map[string]string, f func(*store.Tx) error) error {
	return s.answer(ctx, s.cfg.DB.Platform(ctx, f), columns)
}

// Actions in the audit log.
const (
	actionCreate = "create"
	actionUpdate = "update"
	actionDelete = "delete"
)

// record writes a change to the audit log: what the API showed before and after. account
// 0: of the platform. Secrets are never shown; note names those that were changed.
func (s *server) record(ctx context.Context, tx *store.Tx, account dialplan.AccountID, action, entity, id string, before, after any, note ...string) error {
	e := &store.AuditEntry{Account: account, Actor: who(ctx).actor(), Action: action, Entity: entity, EntityID: id}
	if len(note) > 0 {
		after = withNote{after, note}
	}
	return tx.Audit(ctx, e, before, after)
}

// withNote adds secrets_changed to an object.
type withNote struct {
	v    any
	note []string
}

// MarshalJSON implements json.Marshaler.
func (w withNote) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(w.v)
	if err != nil {
		return nil, err
	}
	m := make(map[string]any)
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	m["secrets_changed"] = w.note
	return json.Marshal(m)
}

func ptr[T any](v T) *T { return &v }
