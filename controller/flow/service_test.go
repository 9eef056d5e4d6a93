package flow_test

import (
	"testing"

	"callplane/dialplan"
)

// TestNobodyReachesWhatIsNotInService: an extension whose order has not begun, or has ended, is unknown to callers, and
// its user's phone is one on which nobody is logged in.
func TestNobodyReachesWhatIsNotInService(t *testing.T) {
	away := func(a *dialplan.Account) {
		a.Extensions["102"].Inactive = true
		a.Channels["ch102"].User = "" // as the snapshot has it
		a.Extensions["300"].Inactive = true
	}
	for _, number := range []string{"102", "300"} {
		inOffice(t, away, func(o *office) {
			c := o.phones["101"].Dial(number)
			o.over(c)
			if c.Status() != 404 {
				t.Errorf("%s: status %d", number, c.Status())
			}
			o.traced("extension " + number + " is not in service")
		})
	}
	inOffice(t, away, func(o *office) {
		c := o.phones["103"].Dial("200")
		a := o.incoming("101")
		o.must(a.Answer())
		o.talking(c, a, 600, 400)
		o.must(a.Hangup())
		o.over(c)
	})
}
