package acceptance

import "callplane/dialplan"

// settingsCases are what an administrator sets of a user, as it is heard and seen.
func settingsCases() []testCase {
	return []testCase{
		{name: "EXT-USR-01_area_code_and_language_are_the_users", run: func(o *Office) {
			o.User("101").AreaCode = "10"
			o.User("101").Language = "nl"
			o.Open("101", "102")
			reaches(o, "101", "1234567", "+31101234567", o.Number(1))
			reaches(o, "102", "1234567", "+31201234567", o.Number(1))
			for _, phone := range []string{"101", "102"} {
				p := o.Dial(phone, "900")
				p.Answered()
				p.Ended()
			}
			o.Spoken("nl", "login.as")
			o.Spoken("en", "login.as")
		}},
		{name: "EXT-USR-01_name_second_call_and_assistant_group", run: func(o *Office) {
			o.Account.Privacy = map[int64]*dialplan.PrivacyGroup{7: {ID: 7, Name: "Assistants", Members: []string{"103"}}}
			o.User("102").OfferSecondCall = false
			o.Open("101", "102", "103", "104")
			a := o.Dial("101", "102")
			b := o.Offered("102")
			b.Shows("Ann", "101")
			b.Answers()
			a.TalksTo(b)
			o.Dial("104", "102").EndedWith(486)
			o.change(func(a *dialplan.Account) {
				a.User("102").OfferSecondCall = true
				a.Extensions["104"].Name = "Dora"
			})
			c := o.Dial("104", "102")
			b2 := o.Offered("102")
			b2.Shows("Dora", "104")
			c.Hangs()
			b2.Ended()
			a.HungUpBoth(b)
			o.change(func(a *dialplan.Account) { a.User("102").AssistantGroup = 7 })
			a = o.Dial("101", "102")
			x := a.Reaches("103")
			a.HungUpBoth(x)
		}},
		{name: "EXT-USR-03_each_permission_is_given_and_taken", run: func(o *Office) {
			o.openDesks("free")
			for _, p := range []string{"102", "103"} {
				o.Register(p)
			}
			o.Account.Recording.Enabled, o.Account.Recording.Outbound = true, true
			o.Account.Schemes[0].Number = 1
			// 101 may nothing.
			o.Dial("101", "915").EndedWith(403)
			p := o.Dial("free", "901")
			p.HearsPrompt("pin.extension")
			p.Presses("1012580#")
			p.HearsPrompt("login.limit")
			p.Hangs()
			o.unrecorded(func() {
				a := o.Dial("102", "101")
				b := a.Reaches("101")
				b.Presses("*6")
				b.HearsAmid("call.not_allowed", a)
				a.TalksTo(b)
				o.talkFor(long)
				a.HungUpBoth(b)
				a = o.Dial("101", "0612345679")
				b = o.OfferedTo("main")
				b.Answers()
				a.TalksTo(b)
				a.HungUpBoth(b)
			})
			may := func(p dialplan.Permissions) {
				o.change(func(a *dialplan.Account) { a.User("101").Permissions = p })
			}
			may(dialplan.Permissions{TimeConfiguration: true})
			p = o.Dial("101", "915")
			p.HearsPrompt("plan.menu")
			p.Hangs()
			may(dialplan.Permissions{Parking: true})
			a := o.Dial("102", "101")
			b := a.Reaches("101")
			b.Presses("*6")
			b.Ended()
			a.Hears(musicHz)
			a.Hangs()
			may(dialplan.Permissions{RecordInbound: true})
			n := len(o.Recordings(0))
			a = o.Dial("102", "101")
			b = a.Reaches("101")
			o.talkFor(long)
			a.HungUpBoth(b)
			if r := o.Recordings(n + 1)[n]; r.Outbound || r.Extension != "101" {
				o.Errorf("recording %+v", r.Recording)
			}
			may(dialplan.Permissions{RecordOutbound: true})
			a = o.Dial("101", "0612345679")
			b = o.OfferedTo("main")
			b.Answers()
			a.TalksTo(b)
			o.talkFor(long)
			a.HungUpBoth(b)
			if r := o.Recordings(n + 2)[n+1]; !r.Outbound || r.Extension != "101" {
				o.Errorf("recording %+v", r.Recording)
			}
			may(dialplan.Permissions{Twinning: true})
			o.logsIn("free", "1012580#")
			o.loggedIn("101", "101", "free")
			o.ringAt("101", "101", "free")
		}},
	}
}

// unrecorded asserts that f leaves no recording.
func (o *Office) unrecorded(f func()) {
	o.Helper()
	f()
	if all := o.Recordings(0); len(all) != 0 {
		o.Errorf("%d recordings", len(all))
	}
}
