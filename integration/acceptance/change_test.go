package acceptance

import "callplane/dialplan"

// change puts a new snapshot of the company into service.
func (o *Office) change(f func(*dialplan.Account)) {
	o.Helper()
	err := o.b.edit(o.Account.ID, func(a *dialplan.Account) error {
		f(a)
		return nil
	})
	if err != nil {
		o.Fatal(err)
	}
}
