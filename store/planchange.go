package store

import (
	"context"
	"strconv"
	"time"

	"callplane/dialplan"
)

// overridden is a change by hand in the audit log.
type overridden struct {
	Scheme    string    `json:"scheme"`
	Manual    int       `json:"manual,omitempty"`
	Temporary int       `json:"temporary,omitempty"`
	Until     time.Time `json:"until,omitzero"`
}

func overriddenOf(name string, active int, t *dialplan.Temporary) overridden {
	o := overridden{Scheme: name, Manual: active}
	if t != nil {
		o.Temporary, o.Until = t.Plan, t.Until
	}
	return o
}

// ChangePlan makes a plan active by hand, or gives the choice back to the schedule (NP-IVR). actor goes to the audit log. A scheme or
// plan that is not there any more is *NotFound or *Invalid.
func (db *DB) ChangePlan(ctx context.Context, account dialplan.AccountID, actor string, change dialplan.PlanChange) error {
	return db.Account(ctx, account, func(tx *Tx) error {
		list, err := tx.ListSchemes(ctx)
		if err != nil {
			return err
		}
		for _, s := range list {
			if s.ID != change.Scheme {
				continue
			}
			before := overriddenOf(s.Name, s.Active, s.Temporary)
			s.Active = change.Active
			if err := tx.UpdateScheme(ctx, &s); err != nil {
				return err
			}
			if err := tx.SetTemporary(ctx, s.ID, change.Temporary); err != nil {
				return err
			}
			return tx.Audit(ctx, &AuditEntry{Actor: actor, Action: "update", Entity: "override", EntityID: strconv.FormatInt(s.ID, 10)},
				before, overriddenOf(s.Name, change.Active, change.Temporary))
		}
		return &NotFound{Entity: "scheme", Key: strconv.FormatInt(change.Scheme, 10)}
	})
}
