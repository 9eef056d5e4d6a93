package acceptance

import (
	"maps"

	"callplane/dialplan"
)

// change puts a new snapshot of the company into service.
func (o *Office) change(f func(*dialplan.Account)) {
	o.Helper()
	a := *o.Account
	a.Version++
	a.Channels = maps.Clone(a.Channels)
	f(&a)
	o.Account = &a
	o.b.dir.Put(&a)
}
