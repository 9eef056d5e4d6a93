package acceptance

import (
	"fmt"
	"time"

	"callplane/dialplan"
)

// deskTones are what cases of hot-desking listen for.
func deskTones() map[string]int {
	return map[string]int{
		"pin.extension": 2930, "pin.enter": 3130, "pin.wrong": 3330, "pin.locked": 630, "pin.must_change": 730, "pin.new": 1930, "pin.repeat": 2030,
		"pin.unsafe": 2130, "pin.different": 930, "pin.changed": 1030, "login.as": 2730, "login.nobody": 1830, "login.elsewhere": 1430,
		"login.again": 1530, "login.linked": 1630, "login.limit": 2530, "logout.linked": 1230, "logout.all": 2230, "logout.done": 1330,
		"service.later": 1080, "call.login_required": 1480, "forward.menu": 2930, "forward.change": 3130, "forward.number": 3330,
		"forward.wrong": 630, "forward.always": 2730, "forward.busy": 2530, "forward.no_answer": 1930, "forward.on": 2030, "forward.off": 2130,
		"digit.1": 1430, "digit.7": 1530,
	}
}

// AddDesk adds a phone on which nobody is logged in.
func (o *Office) AddDesk(name string) *dialplan.Channel {
	ch := &dialplan.Channel{ID: int64(len(o.Account.Channels) + 1), Name: o.channel(name), Enabled: true, CallLimit: 2}
	o.Account.Channels[ch.Name] = ch
	return ch
}

// openDesks opens the company with users who have PINs, of whom 101 has a phone of their own, and some phones where nobody is.
func (o *Office) openDesks(desks ...string) {
	o.Helper()
	o.Tones(deskTones())
	o.User("101").PIN = "2580"
	u := &dialplan.User{PIN: "135790", OfferSecondCall: true, RingTimeout: 20 * time.Second}
	o.Extend("105", "Eve", u)
	for _, d := range desks {
		o.AddDesk(d)
	}
	o.Open(append([]string{"101"}, desks...)...)
}

// does dials a system extension, hears what it asks, presses keys and hears what comes of it.
func (o *Office) does(phone, number, asked, keys string, heard ...string) {
	o.Helper()
	p := o.Dial(phone, number)
	p.Answered()
	p.HearsPrompt(asked)
	p.Presses(keys)
	for _, key := range heard {
		p.HearsPrompt(key)
	}
	p.Ended()
}

func (o *Office) logsIn(phone, keys string) {
	o.Helper()
	o.does(phone, "901", "pin.extension", keys, "login.as")
}

// ringAt lets somebody call a user, whose phones named ring, and no other of those that are there; the first answers.
func (o *Office) ringAt(user string, phones ...string) {
	o.Helper()
	a := o.Dial("102", user)
	var rung []*Party
	for _, p := range phones {
		rung = append(rung, o.Offered(p))
	}
	rung[0].Answers()
	a.TalksTo(rung[0])
	for _, p := range rung[1:] {
		p.Ended()
	}
	a.HungUpBoth(rung[0])
}

// unreached asserts that a user is logged in nowhere.
func (o *Office) unreached(user string) { o.Helper(); o.Dial("102", user).EndedWith(480) }

// loggedIn are the phones on which a user is logged in.
func (o *Office) loggedIn(user string, phones ...string) {
	o.Helper()
	var got []string
	for _, ch := range o.b.dir.Account(o.Account.ID).User(user).Devices {
		got = append(got, ch.Name)
	}
	var want []string
	for _, p := range phones {
		want = append(want, o.channel(p))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		o.Errorf("user %s is logged in on %v, want %v", user, got, want)
	}
}

func deskCases() []testCase {
	cases := []testCase{
		{name: "SYS-900_says_who_is_logged_in", run: func(o *Office) {
			o.openDesks("free")
			p := o.Dial("free", "900")
			p.Answered()
			p.HearsPrompt("login.nobody")
			p.Ended()
			p = o.Dial("101", "900")
			p.HearsPrompt("login.as")
			p.HearsPrompt("digit.1")
			p.Ended()
		}},
		{name: "SYS-900_other_phones_and_unknown_addresses", run: func(o *Office) {
			o.Account.IPListing = true
			o.AddChannel("101", "b").Description = "second"
			o.openDesks()
			p := o.Dial("101", "900")
			p.HearsPrompt("login.as")
			p.HearsPrompt("login.elsewhere")
			p.HearsPrompt("login.again")
			p.Ended()
		}},
		{name: "SYS-901_login_and_the_phone_rings", run: func(o *Office) {
			o.openDesks("free")
			o.Register("102")
			o.unreached("105")
			p := o.Dial("free", "0612345679")
			p.Early()
			p.HearsPrompt("call.login_required")
			p.EndedWith(403)
			p = o.Dial("free", "901")
			p.Answered()
			p.HearsPrompt("pin.extension")
			p.Presses("105#")
			p.HearsPrompt("pin.enter")
			p.Presses("135790#")
			p.HearsPrompt("login.as")
			p.HearsPrompt("digit.1")
			p.Ended()
			o.ringAt("105", "free")
			reaches(o, "free", "0612345679", "+31612345679", o.Number(1))
			// Somebody else takes the phone over.
			o.logsIn("free", "1012580#1")
			o.loggedIn("105")
			o.unreached("105")
		}},
		{name: "SYS-901_wrong_pins", run: func(o *Office) {
			o.openDesks("free")
			p := o.Dial("free", "901")
			p.HearsPrompt("pin.extension")
			p.Presses("1012581#")
			p.HearsPrompt("pin.wrong")
			p.HearsPrompt("pin.extension")
			p.Presses("999")
			p.HearsPrompt("pin.enter")
			p.Presses("2580#")
			p.HearsPrompt("pin.wrong")
			p.HearsPrompt("pin.extension")
			p.Presses("200#0000#") // a group has no PIN
			p.HearsPrompt("pin.wrong")
			p.Ended()
			o.loggedIn("101", "101")
			o.Traced(1, "PIN of 999 is wrong")
		}},
		{name: "SYS-901_guessing_locks_the_extension_over_calls_and_restarts", alone: true, run: func(o *Office) {
			o.openDesks("free", "desk")
			for n := 0; n < dialplan.PINWrong; {
				p := o.Dial("free", "901")
				p.Answered()
				for try := 0; try < dialplan.PINTries && n < dialplan.PINWrong; try++ {
					p.HearsPrompt("pin.extension")
					p.Presses(fmt.Sprintf("10598%02d#", n))
					if n++; n < dialplan.PINWrong {
						p.HearsPrompt("pin.wrong")
					}
				}
				if n == dialplan.PINWrong {
					p.HearsPrompt("pin.locked")
				}
				p.Ended()
			}
			o.does("desk", "901", "pin.extension", "105135790#", "pin.locked")
			o.restart()
			o.until("registration of desk", func() bool { return len(o.b.runtime.Live(o.Account.ID).Registrations(o.channel("desk"))) > 0 })
			o.does("desk", "901", "pin.extension", "105135790#", "pin.locked")
			o.loggedIn("105")
			o.does("desk", "901", "pin.extension", "1012580#1", "login.as") // nobody else is
		}},
		{name: "SYS-901_pin_0000_must_be_changed", run: func(o *Office) {
			o.openDesks("free")
			o.change(func(a *dialplan.Account) { a.User("105").PIN = dialplan.DefaultPIN })
			p := o.Dial("free", "901")
			p.HearsPrompt("pin.extension")
			p.Presses("1050000#")
			p.HearsPrompt("pin.must_change")
			p.HearsPrompt("pin.new")
			p.Presses("1234#")
			p.HearsPrompt("pin.unsafe")
			p.HearsPrompt("pin.new")
			p.Presses("2468#")
			p.HearsPrompt("pin.repeat")
			p.Presses("2469#")
			p.HearsPrompt("pin.different")
			p.HearsPrompt("pin.new")
			p.Presses("2468#")
			p.HearsPrompt("pin.repeat")
			p.Presses("2468#")
			p.HearsPrompt("login.as")
			p.Ended()
			o.loggedIn("105", "free")
			o.does("free", "902", "pin.enter", "2468#", "logout.done")
			// In vain: nothing has changed then.
			o.change(func(a *dialplan.Account) { a.User("105").PIN = dialplan.DefaultPIN })
			p = o.Dial("free", "901")
			p.HearsPrompt("pin.extension")
			p.Presses("1050000#")
			for _, pin := range []string{"0000#", "1111#", "4321#"} {
				p.HearsPrompt("pin.new")
				p.Presses(pin)
				p.HearsPrompt("pin.unsafe")
			}
			p.Ended()
			o.loggedIn("105")
			p = o.Dial("free", "901")
			p.HearsPrompt("pin.extension")
			p.Presses("1050000#")
			p.HearsPrompt("pin.must_change")
			p.Hangs()
			o.loggedIn("105")
		}},
		{name: "SYS-901_without_the_database_it_is_not_possible_now", run: func(o *Office) {
			o.openDesks("free")
			o.Away(true)
			o.does("free", "901", "pin.extension", "105135790#", "service.later")
			o.loggedIn("105")
			o.Away(false)
			o.logsIn("free", "105135790#")
			o.loggedIn("105", "free")
		}},
		{name: "SYS-902_logout", run: func(o *Office) {
			o.openDesks("free")
			o.Register("102")
			o.logsIn("free", "105135790#")
			p := o.Dial("free", "902")
			p.HearsPrompt("pin.enter")
			p.Presses("1111#")
			p.HearsPrompt("pin.wrong")
			p.HearsPrompt("pin.enter")
			p.Presses("135790#")
			p.HearsPrompt("logout.done")
			p.Ended()
			o.unreached("105")
			p = o.Dial("free", "902") // nobody is left
			p.HearsPrompt("call.login_required")
			p.EndedWith(403)
		}},
		{name: "SYS-902_choice_of_the_other_phone", run: func(o *Office) {
			o.openDesks("free", "desk")
			o.change(func(a *dialplan.Account) { a.User("105").Permissions.Twinning = true })
			for keys, left := range map[string]string{"1": "", "2": "desk"} {
				o.logsIn("free", "105135790#")
				o.logsIn("desk", "105135790#")
				p := o.Dial("free", "902")
				p.HearsPrompt("pin.enter")
				p.Presses("135790#")
				p.HearsPrompt("logout.all")
				p.Presses(keys)
				p.HearsPrompt("logout.done")
				p.Ended()
				if left == "" {
					o.loggedIn("105")
				} else {
					o.loggedIn("105", left)
				}
				o.change(func(a *dialplan.Account) { a.Channels[o.channel("desk")].User = "" })
			}
		}},
		{name: "SYS-907_change_of_the_pin", run: func(o *Office) {
			o.openDesks("free")
			p := o.Dial("101", "907")
			p.HearsPrompt("pin.enter")
			p.Presses("2580#")
			p.HearsPrompt("pin.new")
			p.Presses("7777#")
			p.HearsPrompt("pin.unsafe")
			p.HearsPrompt("pin.new")
			p.Presses("86420#")
			p.HearsPrompt("pin.repeat")
			p.Presses("86420#")
			p.HearsPrompt("pin.changed")
			p.Ended()
			p = o.Dial("101", "907") // the old one is none any more
			p.HearsPrompt("pin.enter")
			p.Presses("2580#")
			p.HearsPrompt("pin.wrong")
			p.Hangs()
			o.logsIn("free", "10186420#1")
		}},
	}
	cases = append(cases, twinningCases()...)
	return append(cases, forwardingCases()...)
}

func twinningCases() []testCase {
	return []testCase{
		{name: "FAC-TWIN-01_two_phones_ring_and_a_third_asks", run: func(o *Office) {
			o.openDesks("a", "b", "c")
			o.Register("102")
			o.change(func(a *dialplan.Account) { a.User("105").Permissions.Twinning = true })
			o.logsIn("a", "105135790#")
			o.logsIn("b", "105135790#")
			o.ringAt("105", "b", "a")
			p := o.Dial("c", "901")
			p.HearsPrompt("pin.extension")
			p.Presses("105135790#")
			p.HearsPrompt("login.limit")
			p.Presses("2")
			p.Ended()
			o.loggedIn("105", "a", "b")
			p = o.Dial("c", "901")
			p.HearsPrompt("pin.extension")
			p.Presses("105135790#")
			p.HearsPrompt("login.limit")
			p.Presses("1")
			p.HearsPrompt("login.as")
			p.Ended()
			o.loggedIn("105", "c")
			o.ringAt("105", "c")
		}},
		{name: "FAC-TWIN-01_without_the_permission_the_second_phone_asks", run: func(o *Office) {
			o.openDesks("a", "b")
			o.logsIn("a", "105135790#")
			p := o.Dial("b", "901")
			p.HearsPrompt("pin.extension")
			p.Presses("105135790#")
			p.HearsPrompt("login.limit")
			p.Presses("9")
			p.HearsPrompt("login.limit")
			p.Presses("1")
			p.HearsPrompt("login.as")
			p.Ended()
			o.loggedIn("105", "b")
			// Where they are logged in already nothing is asked.
			o.logsIn("b", "105135790#")
			o.loggedIn("105", "b")
		}},
		{name: "FAC-TWIN-01_automatic_login_after_somebody_else", run: func(o *Office) {
			o.openDesks("a")
			o.Register("102")
			o.change(func(a *dialplan.Account) {
				ch := a.Channels[o.channel("a")]
				ch.User, ch.AutoLogin = "105", "105"
			})
			o.ringAt("105", "a")
			o.logsIn("a", "1012580#1")
			o.loggedIn("105")
			o.does("a", "902", "pin.enter", "2580#", "logout.done")
			o.ringAt("105", "a")
			o.does("a", "902", "pin.enter", "135790#", "logout.done")
			o.unreached("105")
		}},
		{name: "FAC-LINK-01_nobody_logs_in_or_out_on_a_linked_phone", run: func(o *Office) {
			o.openDesks("a", "b", "c")
			o.Register("102")
			o.change(func(a *dialplan.Account) {
				ch := a.Channels[o.channel("a")]
				ch.User, ch.Linked = "105", true
			})
			o.ringAt("105", "a")
			o.does("a", "901", "pin.extension", "1012580#", "login.linked")
			p := o.Dial("a", "902")
			p.HearsPrompt("logout.linked")
			p.Ended()
			o.does("b", "901", "pin.extension", "105135790#", "login.linked") // no second phone without twinning
			o.loggedIn("105", "a")
			o.change(func(a *dialplan.Account) { a.User("105").Permissions.Twinning = true })
			o.logsIn("b", "105135790#")
			o.ringAt("105", "a", "b")
			// A third phone: the linked one stays.
			p = o.Dial("c", "901")
			p.HearsPrompt("pin.extension")
			p.Presses("105135790#")
			p.HearsPrompt("login.limit")
			p.Presses("1")
			p.HearsPrompt("login.as")
			p.Ended()
			o.loggedIn("105", "a", "c")
			// Unlinked, hot-desking is back.
			o.change(func(a *dialplan.Account) {
				ch := a.Channels[o.channel("a")]
				ch.User, ch.Linked = "", false
			})
			o.logsIn("a", "1012580#1")
			o.loggedIn("101", "a")
		}},
		{name: "FAC-LINK-01_two_linked_phones_with_twinning", run: func(o *Office) {
			o.openDesks("a", "b", "c")
			o.Register("102")
			o.change(func(a *dialplan.Account) {
				a.User("105").Permissions.Twinning = true
				for _, name := range []string{"a", "b"} {
					ch := a.Channels[o.channel(name)]
					ch.User, ch.Linked = "105", true
				}
			})
			o.ringAt("105", "b", "a")
			o.does("c", "901", "pin.extension", "105135790#", "login.linked")
		}},
		{name: "FAC-IPL-01_after_the_login_the_phone_may_dial_out", run: func(o *Office) {
			o.Account.IPListing = true
			o.openDesks()
			p := o.Dial("101", "0612345679")
			p.Early()
			p.HearsPrompt("call.login_required")
			p.EndedWith(403)
			a := o.Outside(2)
			b := a.Reaches("101")
			a.HungUpBoth(b)
			o.logsIn("101", "1012580#")
			reaches(o, "101", "0612345679", "+31612345679", o.Number(1))
			o.change(func(a *dialplan.Account) {
				ch := a.Channels[o.channel("101")]
				ch.LoginAddress = ch.LoginAddress.Next() // it is elsewhere now
			})
			o.Dial("101", "0612345679").EndedWith(403)
			reaches(o, "101", "112", "112", o.Number(9))
		}},
	}
}

func forwardingCases() []testCase {
	return []testCase{
		{name: "SYS-910_forwards_are_set_heard_and_cleared", run: func(o *Office) {
			o.openDesks()
			o.Register("102")
			o.Register("103")
			p := o.Dial("101", "910")
			p.Answered()
			p.HearsPrompt("forward.menu")
			p.Presses("1")
			p.HearsPrompt("forward.always")
			p.HearsPrompt("forward.off")
			p.HearsPrompt("forward.change")
			p.Presses("1")
			p.HearsPrompt("forward.number")
			p.Presses("101#") // not to oneself
			p.HearsPrompt("forward.wrong")
			p.HearsPrompt("forward.number")
			p.Presses("103#")
			p.HearsPrompt("forward.always")
			p.HearsPrompt("forward.on")
			p.HearsPrompt("digit.1")
			p.HearsPrompt("forward.menu")
			p.Presses("*")
			p.Ended()
			o.ringUnder("101", "103")
			p = o.Dial("101", "910")
			p.HearsPrompt("forward.menu")
			p.Presses("1")
			p.HearsPrompt("forward.on")
			p.HearsPrompt("forward.change")
			p.Presses("2")
			p.HearsPrompt("forward.off")
			p.Hangs()
			o.ringAt("101", "101")
		}},
		{name: "SYS-910_busy_and_no_answer", run: func(o *Office) {
			o.User("101").RingTimeout = time.Second
			o.openDesks()
			o.Register("102")
			p := o.Dial("101", "910")
			p.HearsPrompt("forward.menu")
			p.Presses("21103#")
			p.HearsPrompt("forward.busy")
			p.HearsPrompt("forward.on")
			p.HearsPrompt("forward.menu")
			p.Presses("310612345679#")
			p.HearsPrompt("forward.no_answer")
			p.HearsPrompt("forward.on")
			p.Hangs()
			o.Register("103")
			a := o.Dial("102", "101")
			o.Offered("101").Refuses(486)
			b := a.Reaches("103")
			a.HungUpBoth(b)
			a = o.Dial("102", "101")
			o.Offered("101")
			b = o.OfferedTo("main")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "SYS-910_barred_numbers_and_no_database", run: func(o *Office) {
			o.User("101").Barred = []dialplan.BarringCategory{dialplan.BarMobile}
			o.openDesks()
			p := o.Dial("101", "910")
			p.HearsPrompt("forward.menu")
			p.Presses("110612345679#")
			p.HearsPrompt("forward.wrong")
			p.HearsPrompt("forward.number")
			p.Presses("112#")
			p.HearsPrompt("forward.wrong")
			o.Away(true)
			p.HearsPrompt("forward.number")
			p.Presses("103#")
			p.HearsPrompt("service.later")
			p.Ended()
		}},
		{name: "FEA-FWD-01_codes_set_clear_and_ask", run: func(o *Office) {
			o.openDesks()
			o.Register("102")
			o.Register("103")
			says := func(code string, keys ...string) {
				p := o.Dial("101", code)
				p.Answered()
				for _, k := range keys {
					p.HearsPrompt(k)
				}
				p.Ended()
			}
			says("*21*103#", "forward.always", "forward.on", "digit.1")
			o.ringUnder("101", "103")
			says("*#21#", "forward.always", "forward.on")
			says("#21#", "forward.always", "forward.off")
			o.ringAt("101", "101")
			says("*67*103#", "forward.busy", "forward.on")
			says("*61*103", "forward.no_answer", "forward.on")
			a := o.Dial("102", "101")
			o.Offered("101").Refuses(486)
			b := a.Reaches("103")
			a.HungUpBoth(b)
			says("*21*112#", "forward.wrong")
			o.ringAt("101", "101")
		}},
		{name: "FEA-FWD-01_redirected_by_the_phone", run: func(o *Office) {
			o.Open("101", "102", "103")
			a := o.Dial("102", "101")
			o.Offered("101").Redirects("sip:103@" + o.b.domain)
			b := a.Reaches("103")
			a.HungUpBoth(b)
			a = o.Dial("102", "101")
			o.Offered("101").Redirects("sip:0612345679@" + o.b.domain)
			b = o.OfferedTo("main")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "FEA-FWD-01_changed_by_an_administrator", run: func(o *Office) {
			o.openDesks()
			o.Register("102")
			o.Register("103")
			o.change(func(a *dialplan.Account) { a.User("101").Forwards.Always = to("103") })
			o.ringUnder("101", "103")
		}},
	}
}

// ringUnder lets somebody call a user whose calls ring elsewhere.
func (o *Office) ringUnder(user, phone string) {
	o.Helper()
	a := o.Dial("102", user)
	b := a.Reaches(phone)
	a.HungUpBoth(b)
}
