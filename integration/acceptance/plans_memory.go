package acceptance

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"callplane/dialplan"
	"callplane/store"
)

// planMemory changes plans in the directory, as a database does whose news have arrived.
type planMemory struct {
	dir *store.Directory
	// away: what is to be stored is refused for these accounts.
	away atomic.Int64
}

func (m *planMemory) ChangePlan(_ context.Context, account dialplan.AccountID, _ string, change dialplan.PlanChange) error {
	if m.away.Load() == int64(account) {
		return errors.New("the database is away")
	}
	a := *m.dir.Account(account)
	a.Version++
	a.Schemes = slices.Clone(a.Schemes)
	for i, s := range a.Schemes {
		if s.ID == change.Scheme {
			changed := *s
			changed.Active, changed.Temporary = change.Active, change.Temporary
			a.Schemes[i] = &changed
		}
	}
	m.dir.Put(&a)
	return nil
}
