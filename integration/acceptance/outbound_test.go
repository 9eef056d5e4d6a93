package acceptance

import (
	"context"
	"strings"

	"callplane/controller/engine"
	"callplane/dialplan"
)

func outsideNumber(number string) []dialplan.Destination {
	return []dialplan.Destination{{External: number}}
}

func outboundCases() []testCase {
	var cases []testCase
	cases = append(cases, emergencyCases()...)
	cases = append(cases, callerIDCases()...)
	cases = append(cases, barringCases()...)
	return append(cases, listingCases()...)
}

// reaches lets a phone dial and asserts which number the carrier is asked for and shown; empty: anonymous.
func reaches(o *Office, phone, dialed, number, shown string) {
	o.Helper()
	a := o.Dial(phone, dialed)
	b := o.OfferedTo("main")
	if got := b.call.Number(); got != number {
		o.Errorf("%s: the carrier was asked for %s, want %s", dialed, got, number)
	}
	if from := b.call.Header("From"); shown == "" && from != "" {
		// Asserted to the carrier, who must withhold it (RFC 3325 7).
		if privacy := b.call.Header("Privacy"); !strings.Contains(strings.ToLower(from), "anonymous") || !strings.Contains(privacy, "id") {
			o.Errorf("%s: From %q, Privacy %q, want an anonymous caller", dialed, from, privacy)
		}
	} else if shown == "" {
		b.step("shows no caller", func(ctx context.Context) error {
			return b.call.WaitDisplay(ctx, engine.Identity{Anonymous: true})
		})
	} else {
		b.Shows(shown, shown)
	}
	b.Answers()
	a.TalksTo(b)
	a.HungUpBoth(b)
}

// emergencyCases strip one level of the order after the other.
func emergencyCases() []testCase {
	everywhere := func(o *Office) {
		o.Account.Channels[o.channel("102")].User = "" // a phone where nobody is logged in
		for _, phone := range []string{"101", "102"} {
			o.Account.Channels[o.channel(phone)].EmergencyCallerID = o.Number(7)
		}
		o.User("101").CallerID, o.User("101").EmergencyCallerID = o.Number(5), o.Number(6)
		o.User("101").CallerIDs = map[string]string{"2": o.Number(2)}
		o.Account.EmergencyCallerID = o.Number(8)
	}
	levels := []struct {
		name  string
		strip func(*Office)
		user  int // number that the call of the user shows
		phone int // and that of the phone without a user
	}{
		{"the_users_own", func(*Office) {}, 5, 7},
		{"the_users_fallback", func(o *Office) { o.User("101").CallerID = "" }, 6, 7},
		{"the_channels", func(o *Office) { o.User("101").EmergencyCallerID = "" }, 7, 7},
		{"the_accounts", func(o *Office) {
			for _, ch := range o.Account.Channels {
				ch.EmergencyCallerID = ""
			}
		}, 8, 8},
		{"any_company_number", func(o *Office) { o.Account.EmergencyCallerID = "" }, 1, 1},
	}
	var cases []testCase
	for i, l := range levels {
		cases = append(cases, testCase{name: "FAC-EMG-01_shows_" + l.name, run: func(o *Office) {
			everywhere(o)
			for _, before := range levels[:i+1] {
				before.strip(o)
			}
			o.Open("101", "102")
			reaches(o, "101", "112", "112", o.Number(l.user))
			reaches(o, "101", "#31#112", "112", o.Number(l.user))
			reaches(o, "101", "132112", "112", o.Number(l.user))
			reaches(o, "102", "131112", "112", o.Number(l.phone))
		}})
	}
	cases = append(cases, testCase{name: "FAC-EMG-01_goes_by_the_area_code_of_phone_user_or_account", run: func(o *Office) {
		everywhere(o)
		o.emergency = "0{area}{number}"
		o.User("101").AreaCode = "30"
		o.Account.Channels[o.channel("102")].AreaCode = "10"
		o.Account.Channels[o.channel("103")].AreaCode = "50"
		o.User("103").AreaCode = "40"
		o.Extend("603", "Help", &dialplan.Forward{Number: "112", CallerID: dialplan.ForwardCalling})
		o.leads(3, "603")
		o.Open("101", "102", "103", "104")
		reaches(o, "101", "112", "030112", o.Number(5))     // of the user
		reaches(o, "101", "#31#112", "030112", o.Number(5)) // anonymous, too
		reaches(o, "102", "112", "010112", o.Number(7))     // of the phone, where nobody is logged in
		reaches(o, "103", "112", "050112", o.Number(8))     // of the phone before that of the user
		reaches(o, "104", "112", "020112", o.Number(8))     // of the account
		reaches(o, "101", "0612345679", "+31612345679", o.Number(5))
		a := o.Outside(3) // forwarded there
		b := o.OfferedTo("main")
		if got := b.call.Number(); got != "020112" {
			o.Errorf("the carrier was asked for %s", got)
		}
		b.Answers()
		a.TalksTo(b)
		a.HungUpBoth(b)
		o.Traced(6, "from area 30")
	}})
	return append(cases, testCase{name: "FAC-EMG-01_neither_barred_nor_limited_nor_listed", run: func(o *Office) {
		o.Account.Barred = dialplan.NL.BarringCategories()
		o.User("101").Barred = o.Account.Barred
		o.Account.IPListing, o.Account.CallLimit, o.Account.Enabled = true, 1, false
		o.Open("101", "102")
		a := o.Dial("101", "112")
		b := o.OfferedTo("main")
		b.Answers()
		a.TalksTo(b)
		reaches(o, "102", "112", "112", o.Number(9))
		a.HungUpBoth(b)
	}})
}

func callerIDCases() []testCase {
	return []testCase{
		{name: "FAC-CLI-01_SYS-STAR_dynamic_numbers_by_code", run: func(o *Office) {
			o.User("101").CallerIDs = map[string]string{"0": o.Number(1), "2": o.Number(2), "9": o.Number(2), "3": "+31209999999"}
			o.User("101").CallerID = o.Number(5)
			o.Open("101")
			for code, shown := range map[string]int{"#30#": 1, "132": 2, "#39#": 2, "139": 2} {
				reaches(o, "101", code+"0612345679", "+31612345679", o.Number(shown))
			}
			// Not the company's any more, and never given: the default.
			for _, code := range []string{"#33#", "134", ""} {
				reaches(o, "101", code+"0612345679", "+31612345679", o.Number(5))
			}
		}},
		{name: "FAC-CLI-01_SYS-STAR_anonymous_outside", run: func(o *Office) {
			o.Open("101")
			reaches(o, "101", "#31#0612345679", "+31612345679", "")
			reaches(o, "101", "1310612345679", "+31612345679", "")
			reaches(o, "101", "0612345679", "+31612345679", o.Number(1))
		}},
		{name: "FAC-CLI-01_anonymous_to_a_colleague", run: func(o *Office) {
			o.Open("101", "102")
			a := o.Dial("101", "#31#102")
			b := o.Offered("102")
			b.Shows("Anonymous", "anonymous")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "FAC-CLI-01_code_without_a_number", run: func(o *Office) {
			o.Open("101")
			for _, dialed := range []string{"#31#", "#32#*6", "131"} {
				o.Dial("101", dialed).EndedWith(484)
			}
		}},
	}
}

func barringCases() []testCase {
	const mobile, abroad, fixed = "0612345679", "004930123456", "0301234567"
	return []testCase{
		{name: "FAC-BAR-01_account_and_user", run: func(o *Office) {
			o.Account.Barred = []dialplan.BarringCategory{dialplan.BarMobile}
			o.User("101").Barred = []dialplan.BarringCategory{dialplan.BarInternational}
			o.Open("101", "102")
			o.Dial("101", mobile).EndedWith(403)
			o.Traced(1, "the account bars")
			o.Dial("102", mobile).EndedWith(403)
			o.Dial("101", "#31#"+abroad).EndedWith(403)
			o.Traced(3, "the user is barred")
			reaches(o, "102", abroad, "+4930123456", o.Number(1))
			reaches(o, "101", fixed, "+31301234567", o.Number(1))
		}},
		{name: "FAC-BAR-01_forward_of_a_barred_user", run: func(o *Office) {
			o.User("101").Barred = []dialplan.BarringCategory{dialplan.BarMobile}
			o.User("101").Forwards = dialplan.Forwards{Busy: outsideNumber(mobile), Rejected: outsideNumber(fixed)}
			o.Open("101", "102")
			a := o.Outside(2)
			o.Offered("101").Refuses(486)
			a.EndedWith(403)
			o.Traced(1, "the user is barred")
			a = o.Outside(2)
			o.Offered("101").Refuses(603)
			b := o.OfferedTo("main")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "FAC-BAR-01_several_destinations_of_which_one_is_barred", run: func(o *Office) {
			o.User("101").Barred = []dialplan.BarringCategory{dialplan.BarMobile}
			o.User("101").Forwards.Always = append(outsideNumber(mobile), to("102")...)
			o.Open("102")
			a := o.Outside(2)
			b := a.Reaches("102")
			a.HungUpBoth(b)
			if r := o.Record(1); len(r.Legs) != 2 {
				o.Errorf("%d legs", len(r.Legs))
			}
		}},
		{name: "FAC-BAR-01_member_of_a_group_forwards", run: func(o *Office) {
			o.Group("200").AllowMemberForwards = true
			o.User("101").Barred = []dialplan.BarringCategory{dialplan.BarMobile}
			o.User("101").Forwards.Always = outsideNumber(mobile)
			o.Open("102", "104")
			a := o.Dial("104", "200")
			b := a.Reaches("102")
			a.HungUpBoth(b)
			o.Traced(1, "the user is barred")
		}},
		{name: "FAC-BAR-01_phone_redirects_to_a_barred_number", run: func(o *Office) {
			o.User("101").Barred = []dialplan.BarringCategory{dialplan.BarMobile}
			o.Open("101", "102")
			a := o.Dial("102", "101")
			o.Offered("101").Redirects("sip:" + mobile + "@" + o.b.domain)
			a.Ended()
			o.Traced(1, "the user is barred")
		}},
		{name: "FAC-BAR-01_account_bars_what_its_plan_leads_to", run: func(o *Office) {
			o.Account.Barred = []dialplan.BarringCategory{dialplan.BarMobile}
			o.Account.Schemes[0].Plans[1].Entries[o.Number(2)] = dialplan.PlanEntry{Destination: dialplan.Destination{External: mobile}}
			o.Open()
			o.Outside(2).EndedWith(403)
			o.Traced(1, "the account bars")
		}},
	}
}

// listingCases are about where phones are; logging in again by telephone is with hot-desking.
func listingCases() []testCase {
	const number, e164 = "0612345679", "+31612345679"
	return []testCase{
		{name: "FAC-IPL-01_unknown_address_is_offered_calls_and_calls_colleagues_only", run: func(o *Office) {
			o.Account.IPListing = true
			o.Open("101", "102")
			o.Dial("101", number).EndedWith(403)
			o.Traced(1, "nobody has logged in from")
			a := o.Outside(2)
			b := a.Reaches("101")
			a.HungUpBoth(b)
			a = o.Dial("101", "102")
			b = a.Reaches("102")
			a.HungUpBoth(b)
			a = o.Dial("102", "101")
			o.Offered("101").Redirects("sip:" + number + "@" + o.b.domain)
			a.Ended()
			o.Traced(4, "nobody has logged in from")
		}},
		{name: "FAC-IPL-01_address_of_the_login_or_the_allow_list", run: func(o *Office) {
			o.Account.IPListing = true
			o.Open("101", "102")
			// Configuration that changes while the phones are there, as an administrator changes it.
			o.change(func(a *dialplan.Account) {
				ch := *a.Channels[o.channel("101")]
				ch.LoginAddress = o.phones["101"].Addr().Addr()
				a.Channels[ch.Name] = &ch
			})
			reaches(o, "101", number, e164, o.Number(1))
			o.change(func(a *dialplan.Account) {
				at := o.phones["102"].Addr().Addr()
				a.AllowedAddresses = []dialplan.AddressRange{{First: at, Last: at}}
			})
			reaches(o, "102", number, e164, o.Number(1))
			o.change(func(a *dialplan.Account) {
				a.AllowedAddresses = nil
				ch := *a.Channels[o.channel("101")]
				ch.LoginAddress = ch.LoginAddress.Next()
				a.Channels[ch.Name] = &ch
			})
			o.Dial("101", number).EndedWith(403)
			o.Dial("102", number).EndedWith(403)
		}},
	}
}
