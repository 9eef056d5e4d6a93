package acceptance

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"callplane/dialplan"
)

// dialogue is what somebody hears and presses: a prompt, keys, the next prompt and so on; without keys one prompt follows the other. In
// place of a prompt, @ and a frequency is that tone, @ alone silence, @own what the caller has said. Keys that begin with ~ come after some
// words.
type dialogue struct {
	number string // that the phone dials, which is 101's if there is none; of one digit: that somebody outside calls
	phone  string
	steps  []string
	// from is the first prompt at which to hang up; those before are another dialogue's.
	from int
}

// turn is what is heard until keys are pressed.
type turn struct {
	prompts []string
	keys    string
}

func (d dialogue) turns() []turn {
	out := []turn{{}}
	for i, step := range d.steps {
		t := &out[len(out)-1]
		if i%2 == 0 {
			t.prompts = append(t.prompts, step)
		} else if step != "" {
			t.keys = step
			out = append(out, turn{})
		}
	}
	return out
}

// walks goes through a dialogue until its prompt i. Keys interrupt the prompts before them, so that not all of those are heard on the way.
func (o *Office) walks(d dialogue, i int) *Party {
	o.Helper()
	var p *Party
	if n, err := strconv.Atoi(d.number); err == nil && len(d.number) == 1 {
		p = o.Outside(n)
	} else if d.phone != "" {
		p = o.Dial(d.phone, d.number)
	} else {
		p = o.Dial("101", d.number)
	}
	for _, t := range d.turns() {
		keys, speaks := strings.CutPrefix(t.keys, "~")
		hears := t.prompts
		switch here := i < len(t.prompts); {
		case here:
			hears = hears[:i+1]
		case !speaks:
			hears = hears[:1]
		}
		for _, s := range hears {
			p.hearsStep(s)
		}
		if i -= len(t.prompts); i < 0 {
			return p
		}
		if speaks {
			p.Speaks(1200 * time.Millisecond)
		}
		p.Presses(keys)
	}
	o.Fatalf("the dialogue has no prompt %d", i)
	return nil
}

func (p *Party) hearsStep(s string) {
	p.o.Helper()
	tone, ok := strings.CutPrefix(s, "@")
	switch hz, err := strconv.Atoi(tone); {
	case !ok:
		p.HearsPrompt(s)
	case tone == "":
		p.Hears()
	case tone == "own":
		p.Hears(p.hz)
	case err != nil:
		p.o.Fatal(err)
	default:
		p.Hears(hz)
	}
}

// hangsUp ends dialogues at every prompt in turn. After each call, but that which ended during the last prompt of a dialogue, still
// asserts that nothing has changed.
func (o *Office) hangsUp(still func(), dialogues ...dialogue) {
	o.Helper()
	o.b.mu.Lock()
	calls := len(o.b.records[o.Account.ID])
	o.b.mu.Unlock()
	for _, d := range dialogues {
		for i := d.from; i < (len(d.steps)+1)/2; i++ {
			o.walks(d, i).Hangs()
			calls++
			if r := o.Record(calls); r.Cause != "normal" && r.Cause != "cancelled" {
				o.Errorf("%s: cause %s", d.steps[2*i], r.Cause)
			}
			if still != nil && 2*i < len(d.steps)-1 {
				still()
			}
		}
	}
}

func hangUpCases() []testCase {
	const otherPIN = "1111#"
	return []testCase{
		{name: "bad_input_hang_up_at_every_prompt_of_900_and_901", run: func(o *Office) {
			o.openDesks("free")
			nobody := func() { o.loggedIn("105") }
			o.hangsUp(nobody,
				dialogue{number: "900", steps: []string{"login.as"}},
				dialogue{number: "900", phone: "free", steps: []string{"login.nobody"}},
				dialogue{number: "0612345679", phone: "free", steps: []string{"call.login_required"}},
				dialogue{number: "901", phone: "free", steps: []string{"pin.extension", "105#", "pin.enter", otherPIN, "pin.wrong", "", "pin.extension", "105135790#", "login.as"}})
			o.loggedIn("105", "free")
		}},
		{name: "bad_input_hang_up_at_every_prompt_of_901_with_a_limit_or_a_new_PIN", run: func(o *Office) {
			o.openDesks("free")
			nobody := func() { o.loggedIn("105") }
			o.hangsUp(func() { o.loggedIn("101", "101") },
				dialogue{number: "901", phone: "free", steps: []string{"pin.extension", "1012580#", "login.limit", "9", "login.limit"}, from: 1})
			o.loggedIn("101", "101")
			o.change(func(a *dialplan.Account) { a.User("105").PIN = dialplan.DefaultPIN })
			o.hangsUp(nobody, dialogue{number: "901", phone: "free", steps: []string{"pin.extension", "1050000#", "pin.must_change", "", "pin.new", "1234#", "pin.unsafe", "",
				"pin.new", "2468#", "pin.repeat", "2469#", "pin.different"}, from: 1})
			nobody()
			if got := o.b.dir.Account(o.Account.ID).User("105").PIN; got != dialplan.DefaultPIN {
				o.Errorf("the PIN is %s", got)
			}
		}},
		{name: "bad_input_hang_up_at_every_prompt_of_902_and_907", run: func(o *Office) {
			o.openDesks("free", "desk")
			o.change(func(a *dialplan.Account) {
				a.User("105").Permissions.Twinning = true
				a.Channels[o.channel("free")].User, a.Channels[o.channel("desk")].User = "105", "105"
			})
			o.hangsUp(func() { o.loggedIn("105", "desk", "free") },
				dialogue{number: "902", phone: "free", steps: []string{"pin.enter", otherPIN, "pin.wrong", "", "pin.enter", "135790#", "logout.all", "2", "logout.done"}})
			o.loggedIn("105", "desk")
			pin := func() {
				if got := o.b.dir.Account(o.Account.ID).User("101").PIN; got != "2580" {
					o.Errorf("the PIN is %s", got)
				}
			}
			o.hangsUp(pin, dialogue{number: "907", steps: []string{"pin.enter", "2580#", "pin.new", "7777#", "pin.unsafe", "", "pin.new", "86420#", "pin.repeat", "86421#", "pin.different"}})
			pin()
		}},
		{name: "bad_input_hang_up_at_every_prompt_of_903_904_and_910", run: func(o *Office) {
			tones := deskTones()
			tones["queue.which"], tones["entry.invalid"], tones["queue.logged_in"], tones["queue.not_in"] = 3230, 2130, 3430, 3380
			o.Queue("400")
			o.openDesks()
			o.Tones(tones)
			out := func() {
				q := o.b.dir.Account(o.Account.ID).Extensions["400"].Config.(*dialplan.Queue)
				if slices.ContainsFunc(q.Members, func(m dialplan.QueueMember) bool { return m.LoggedIn }) {
					o.Errorf("members %+v", q.Members)
				}
			}
			o.hangsUp(out,
				dialogue{number: "904", steps: []string{"queue.which", "400", "queue.not_in"}},
				dialogue{number: "903", steps: []string{"queue.which", "300", "entry.invalid", "", "queue.which", "400", "queue.logged_in"}})
			forwards := func() {
				if f := o.b.dir.Account(o.Account.ID).User("101").Forwards; len(f.Always) > 0 {
					o.Errorf("forwards %+v", f)
				}
			}
			o.hangsUp(forwards, dialogue{number: "910", steps: []string{"forward.menu", "1", "forward.always", "", "forward.off", "", "forward.change", "1",
				"forward.number", "101#", "forward.wrong", "", "forward.number"}})
			forwards()
		}},
		{name: "bad_input_hang_up_at_every_prompt_of_905", run: func(o *Office) {
			o.Account.Audio = map[string]dialplan.Audio{"12": {Name: "There", File: "tune.first"}}
			o.Open("101")
			o.hangsUp(func() {
				if a := o.b.dir.Account(o.Account.ID); len(a.Audio) != 1 || a.Audio["12"].File != "tune.first" {
					o.Errorf("kept %v", a.Audio)
				}
			}, dialogue{number: "905", steps: []string{"audio.start", "", "@1000", "", "@", "~#", "audio.menu", "1", "@own", "", "audio.menu", "3",
				"audio.number", "12#", "audio.taken", "1", "audio.saved"}})
			if a := o.b.dir.Account(o.Account.ID); a.Audio["12"].File == "tune.first" {
				o.Error("the recording was not kept, though the caller was told so")
			}
		}},
		{name: "bad_input_hang_up_at_every_prompt_of_920", run: func(o *Office) {
			o.Tones(voicemailTones())
			o.box("700", 3)
			o.Open("101")
			a := o.leaves(3, 1500*time.Millisecond)
			a.Presses("#")
			a.HearsPrompt("voicemail.saved")
			a.Ended()
			o.hangsUp(func() {
				if m := o.Left("700", 1)[0]; m.Heard {
					o.Error("the message is heard")
				}
			}, dialogue{number: "920", steps: []string{"voicemail.box", "700", "pin.enter", otherPIN, "pin.wrong", "4711", "voicemail.new", "", "@" + strconv.Itoa(a.hz), "", "voicemail.keys"}})
		}},
		{name: "bad_input_hang_up_at_every_prompt_of_920s_options", run: func(o *Office) {
			o.Tones(voicemailTones())
			o.box("701", 4)
			o.Open("101")
			before := *o.b.dir.Account(o.Account.ID).Extensions["701"].Config.(*dialplan.Voicemail)
			same := func() {
				if now := *o.b.dir.Account(o.Account.ID).Extensions["701"].Config.(*dialplan.Voicemail); now != before {
					o.Errorf("box %+v, it was %+v", now, before)
				}
			}
			o.hangsUp(same,
				dialogue{number: "920", steps: []string{"voicemail.box", "7014711", "voicemail.none_new", "", "voicemail.menu", "0", "voicemail.options",
					"1", "voicemail.record_welcome", "", "@1000", "", "@"}, from: 1},
				dialogue{number: "920", steps: []string{"voicemail.box", "70147110", "voicemail.options", "2", "voicemail.new_pin", "1234", "voicemail.pin_unsafe", "",
					"voicemail.new_pin", "5837", "voicemail.repeat_pin", "5838", "voicemail.pin_differs"}, from: 2},
				dialogue{number: "920", steps: []string{"voicemail.box", "70147110", "voicemail.options", "3", "@2330"}, from: 2})
			same()
		}},
		{name: "bad_input_hang_up_at_every_prompt_of_a_menu_or_an_announcement", run: func(o *Office) {
			o.Menu("300").Tries = 3
			o.Menu("300").Options["1"] = option("777", "")
			o.Extend("610", "Closed", &dialplan.AutoAnswer{Announcement: "welcome"})
			o.Queue("400").Introduction = "q.intro"
			o.leads(3, "610")
			o.leads(4, "400")
			o.Open("103")
			o.hangsUp(nil,
				dialogue{number: "1", steps: []string{"ivr.choose", "7", "ivr.invalid", "", "ivr.choose", "", "ivr.timeout"}},
				dialogue{number: "1", steps: []string{"ivr.choose", "1", "@2330"}, from: 1}, // there is no such extension
				dialogue{number: "3", steps: []string{"welcome"}},
				dialogue{number: "4", steps: []string{"q.intro", "", "@2430"}})
			o.Quiet("103", time.Second)
		}},
		{name: "bad_input_hang_up_at_every_prompt_that_asks_who_or_where", run: func(o *Office) {
			desk := target("103", "")
			o.Extend("641", "Postcode", &dialplan.LocationRoute{By: dialplan.ByPostcode, Tries: 2, Fallback: desk})
			o.Extend("650", "Members", &dialplan.Authentication{ByPIN: true, Welcome: "welcome", Failed: "second", Fallback: desk,
				Entries: map[string]dialplan.LocationTarget{"4711": desk}})
			o.Extend("661", "Pick", &dialplan.Picker{Timeout: time.Second, Ringback: true, Announcement: "welcome", Fallback: desk})
			for i, ext := range []string{"641", "650", "661"} {
				o.leads(3+i, ext)
			}
			o.Open("103")
			o.hangsUp(nil,
				dialogue{number: "3", steps: []string{"postcode.ask", "12A", "entry.invalid", "", "postcode.ask"}},
				dialogue{number: "4", steps: []string{"welcome", "", "auth.pin", otherPIN, "entry.invalid", "1111#1111#", "second"}},
				dialogue{number: "5", steps: []string{"@425", "", "@", "", "@425", "", "welcome"}})
			o.Quiet("103", time.Second)
		}},
		{name: "bad_input_hang_up_at_every_prompt_of_a_system_extension_and_a_box", run: func(o *Office) {
			tones := voicemailTones()
			tones["pin.extension"] = 3230
			o.Tones(tones)
			o.Extend("699", "From outside", &dialplan.System{Function: dialplan.SysNumberingPlan})
			o.User("103").PIN = "2580"
			o.leads(5, "699")
			o.box("700", 3)
			o.Open()
			o.hangsUp(nil, dialogue{number: "5", steps: []string{"pin.extension", "103", "pin.enter", otherPIN, "pin.wrong", "", "pin.extension"}})
			o.hangsUp(func() { o.Left("700", 0) }, dialogue{number: "3", steps: []string{"voicemail.welcome", "", "@1000"}})
			o.Left("700", 0)
			o.hangsUp(nil, dialogue{number: "3", steps: []string{"voicemail.welcome", "", "@1000", "", "@", "~#", "voicemail.saved"}})
		}},
	}
}
