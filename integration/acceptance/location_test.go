package acceptance

import (
	"time"

	"callplane/controller/engine"
	"callplane/dialplan"
)

func target(number, prefix string) dialplan.LocationTarget {
	return dialplan.LocationTarget{Destination: dest(number), Prefix: prefix}
}

// places makes a table of rows as an administrator would write them.
func (o *Office) places(by dialplan.LocationBy, csv string) *dialplan.LocationTable {
	o.Helper()
	rows, wrong := dialplan.ReadLocations([]byte("key,destination,prefix\n"+csv), by, o.Account, func(ext string) bool { return o.Account.Extensions[ext] != nil })
	if len(wrong) > 0 {
		o.Fatalf("%v", wrong)
	}
	t, err := dialplan.TableOf(by, rows)
	if err != nil {
		o.Fatal(err)
	}
	return t
}

// reaches lets somebody with a number call number i and asserts who is rung, with which display.
func (o *Office) reaches(i int, caller engine.Identity, ext, name, number string) {
	o.Helper()
	a := o.OutsideFrom(i, caller)
	b := o.Offered(ext)
	b.Shows(name, number)
	b.Answers()
	a.TalksTo(b)
	a.HungUpBoth(b)
}

func locationCases() []testCase {
	return []testCase{
		{name: "EXT-LBR-01_by_area_code_with_blocked_and_mobile_callers_apart", run: func(o *Office) {
			o.Extend("640", "Area", &dialplan.LocationRoute{By: dialplan.ByAreaCode, Table: o.places(dialplan.ByAreaCode, "030,101,Utrecht\n10,102,\n"),
				Fallback: target("102", "Other"), Blocked: target("103", "Blocked"), Mobile: target("104", "Mobile")})
			o.leads(3, "640")
			o.Open("101", "102", "103", "104")
			o.reaches(3, engine.Identity{Number: "+31302345678"}, "101", "Utrecht 0302345678", "0302345678")
			o.reaches(3, engine.Identity{Number: "+31502345678"}, "102", "Other 0502345678", "0502345678")
			o.reaches(3, engine.Identity{Number: "+31302345678", Anonymous: true}, "103", "Blocked Anonymous", "anonymous")
			o.reaches(3, engine.Identity{Number: "+31612345678"}, "104", "Mobile 0612345678", "0612345678")
		}},
		{name: "EXT-LBR-02_by_the_postcode_that_the_caller_enters", run: func(o *Office) {
			o.Extend("641", "Postcode", &dialplan.LocationRoute{By: dialplan.ByPostcode, Tries: 2, Table: o.places(dialplan.ByPostcode, "1000-1099,101,West\n3511,102,Mid\n"),
				Fallback: target("103", "Else")})
			o.leads(3, "641")
			o.Open("101", "102", "103")
			for keys, want := range map[string]string{"1042": "101 West", "3511": "102 Mid", "9999": "103 Else"} {
				a := o.Outside(3)
				a.HearsPrompt("postcode.ask")
				a.Presses(keys)
				b := o.Offered(want[:3])
				b.Shows(want[4:]+" 0612345678", "0612345678")
				b.Answers()
				a.TalksTo(b)
				a.HungUpBoth(b)
			}
			a := o.Outside(3)
			a.HearsPrompt("postcode.ask")
			a.Presses("12A") // no postcode has a letter or a star
			a.HearsPrompt("entry.invalid")
			a.HearsPrompt("postcode.ask")
			a.Presses("10#")
			b := o.Offered("103")
			b.Shows("Else 0612345678", "0612345678")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
			a = o.Outside(3)
			a.HearsPrompt("postcode.ask")
			a.Hangs()
			if r := o.Record(5); r.Cause != "normal" {
				o.Errorf("cause %s", r.Cause)
			}
		}},
		{name: "EXT-LBR-03_by_caller_the_longest_match_wins", run: func(o *Office) {
			o.Extend("642", "Caller", &dialplan.LocationRoute{By: dialplan.ByCaller, Table: o.places(dialplan.ByCaller, "030,101,Utrecht\n030 234 56 78,102,VIP\n"),
				Fallback: target("103", "Other"), Blocked: target("104", "Blocked")})
			o.leads(3, "642")
			o.Open("101", "102", "103", "104")
			o.reaches(3, engine.Identity{Number: "+31302345678"}, "102", "VIP 0302345678", "0302345678")
			o.reaches(3, engine.Identity{Number: "+31302345679"}, "101", "Utrecht 0302345679", "0302345679")
			o.reaches(3, engine.Identity{Number: "+31612345678"}, "103", "Other 0612345678", "0612345678")
			o.reaches(3, engine.Identity{Number: "+31302345678", Anonymous: true}, "104", "Blocked Anonymous", "anonymous")
		}},
		{name: "EXT-LBR-04_by_called_number", run: func(o *Office) {
			o.Extend("643", "Called", &dialplan.LocationRoute{By: dialplan.ByCalled, Table: o.places(dialplan.ByCalled, o.Number(3)+",101,Shop\n"), Fallback: target("102", "Else")})
			o.leads(3, "643")
			o.leads(4, "643")
			o.Open("101", "102")
			o.reaches(3, engine.Identity{Number: "+31612345678"}, "101", "Shop 0612345678", "0612345678")
			o.reaches(4, engine.Identity{Number: "+31612345678"}, "102", "Else 0612345678", "0612345678")
		}},
		{name: "EXT-AUTH-01_each_PIN_has_its_destination_and_three_wrong_ones_the_fallback", run: func(o *Office) {
			o.Extend("650", "Members", &dialplan.Authentication{ByPIN: true, Welcome: "welcome", Failed: "second", Fallback: target("103", "Guest"),
				Entries: map[string]dialplan.LocationTarget{"4711": target("101", "Gold"), "90240": target("102", "Blue")}})
			o.leads(3, "650")
			o.Open("101", "102", "103")
			for pin, want := range map[string]string{"4711#": "101 Gold", "90240": "102 Blue"} {
				a := o.Outside(3)
				a.HearsPrompt("welcome")
				a.HearsPrompt("auth.pin")
				a.Presses(pin)
				b := o.Offered(want[:3])
				b.Shows(want[4:]+" 0612345678", "0612345678")
				b.Answers()
				a.TalksTo(b)
				a.HungUpBoth(b)
			}
			a := o.Outside(3)
			a.HearsPrompt("auth.pin")
			for range 2 {
				a.Presses("1111#")
				a.HearsPrompt("entry.invalid")
				a.HearsPrompt("auth.pin")
			}
			a.Presses("47120")
			a.HearsPrompt("second")
			b := o.Offered("103")
			b.Shows("Guest 0612345678", "0612345678")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
			o.Traced(3, "no right PIN")
		}},
		{name: "EXT-AUTH-02_callers_are_known_by_their_number_or_its_begin", run: func(o *Office) {
			o.Extend("651", "Customers", &dialplan.Authentication{Failed: "second", Fallback: target("103", "Guest"),
				Entries: map[string]dialplan.LocationTarget{"+3130": target("101", "Utrecht"), "+31302345678": target("102", "VIP")}})
			o.leads(3, "651")
			o.Open("101", "102", "103")
			o.reaches(3, engine.Identity{Number: "+31302345678"}, "102", "VIP 0302345678", "0302345678")
			o.reaches(3, engine.Identity{Number: "+31302345679"}, "101", "Utrecht 0302345679", "0302345679")
			for _, c := range []struct {
				caller       engine.Identity
				name, number string
			}{
				{engine.Identity{Number: "+31612345678"}, "Guest 0612345678", "0612345678"},
				{engine.Identity{Number: "+31302345678", Anonymous: true}, "Guest Anonymous", "anonymous"},
			} {
				a := o.OutsideFrom(3, c.caller)
				a.HearsPrompt("second")
				b := o.Offered("103")
				b.Shows(c.name, c.number)
				b.Answers()
				a.TalksTo(b)
				a.HungUpBoth(b)
			}
		}},
		{name: "EXT-PICK-01_users_and_groups_can_be_picked_anything_else_is_the_fallback", run: func(o *Office) {
			pick := &dialplan.Picker{Timeout: time.Second, Fallback: target("103", "Desk")}
			o.Extend("660", "Pick", pick)
			ring := *pick
			ring.Ringback, ring.Announcement = true, "welcome"
			o.Extend("661", "Pick after ringing", &ring)
			o.Group("200").Members = []string{"102"}
			o.leads(3, "660")
			o.leads(4, "661")
			o.Open("101", "102", "103")
			for keys, ext := range map[string]string{"101": "101", "200": "102", "300": "103", "999": "103", "1": "103", "*": "103", "": "103"} {
				a := o.Outside(3)
				a.HearsPrompt("picker.ask")
				if keys != "" {
					a.Presses(keys)
				}
				b := o.Offered(ext)
				if ext == "103" {
					b.Shows("Desk 0612345678", "0612345678")
				}
				b.Answers()
				a.TalksTo(b)
				a.HungUpBoth(b)
			}
			a := o.Outside(4)
			a.Answered()
			a.Hears(425)
			a.Hears()
			a.Hears(425)
			a.HearsPrompt("welcome")
			a.Presses("101")
			b := a.Reaches("101")
			a.HungUpBoth(b)
		}},
		{name: "EXT-AUTH-01_EXT-PICK-01_the_caller_hangs_up_during_a_prompt", run: func(o *Office) {
			o.Extend("650", "Members", &dialplan.Authentication{ByPIN: true, Fallback: target("101", ""),
				Entries: map[string]dialplan.LocationTarget{"4711": target("101", "")}})
			o.Extend("660", "Pick", &dialplan.Picker{Timeout: time.Second, Fallback: target("101", "")})
			o.leads(3, "650")
			o.leads(4, "660")
			o.Open("101")
			for i, prompt := range []string{"auth.pin", "picker.ask"} {
				a := o.Outside(3 + i)
				a.HearsPrompt(prompt)
				a.Hangs()
				if r := o.Record(1 + i); r.Cause != "normal" {
					o.Errorf("cause %s", r.Cause)
				}
			}
			o.Quiet("101", time.Second)
		}},
	}
}
