package dialplan_test

import (
	"testing"

	"callplane/dialplan"
)

func TestFAC_EMG_01_CarrierNumber(t *testing.T) {
	for _, c := range []struct {
		emergency, dialed, area, want string
		format                        dialplan.NumberFormat
	}{
		{"", "112", "20", "112", dialplan.FormatE164},
		{"0{area}{number}", "112", "20", "020112", dialplan.FormatE164},
		{"0{area}{number}", "112", "0297", "0297112", dialplan.FormatNational},
		{"+{cc}{area}{number}", "112", "20", "+3120112", dialplan.FormatE164},
		{"{number}*{area}", "0112", "20", "112*20", dialplan.FormatE164},
		{"0{area}{number}", "112", "", "112", dialplan.FormatE164}, // not known: it goes all the same
		{"9{number}", "112", "", "9112", dialplan.FormatE164},
		{"0{area}{number}", "0612345678", "20", "+31612345678", dialplan.FormatE164},
		{"0{area}{number}", "0612345678", "20", "0612345678", dialplan.FormatNational},
	} {
		d, err := dialplan.Normalize(c.dialed, dialplan.NL, c.area)
		if err != nil {
			t.Fatal(err)
		}
		tr := &dialplan.Trunk{Country: dialplan.NL, Format: c.format, Emergency: c.emergency}
		if got := tr.CarrierNumber(d); got != c.want {
			t.Errorf("%q, %s from %s: %s, want %s", c.emergency, c.dialed, c.area, got, c.want)
		}
	}
	for s, good := range map[string]bool{"": true, "{number}": true, "0{area}{number}": true, "+{cc}{area}{number}": true, "112": false, "{area}": false,
		"{number}{number}": false, "0{place}{number}": false, "sip:{number}": false, "0+{number}": false} {
		if why := dialplan.CheckEmergency(s); (why == "") != good {
			t.Errorf("%q: %q", s, why)
		}
	}
}
