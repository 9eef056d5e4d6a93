package acceptance

import (
	"context"
	"slices"
	"time"

	"callplane/controller/engine"
	"callplane/controller/engine/asterisk"
	"callplane/controller/presence"
	"callplane/dialplan"
	"callplane/integration/conformance"
)

// Desk is what somebody's desktop shows of the company, by the stream of events.
type Desk struct {
	o    *Office
	user string
	s    *presence.Stream
	// Ringing by extension over which it was told, States of users.
	ringing []presence.Notice
	stopped []presence.Stopped
	states  map[string]engine.PresenceState
}

// Desk opens the stream of a user; empty: of somebody who administrates.
func (o *Office) Desk(user string) *Desk {
	o.Helper()
	s, err := o.b.presence.Subscribe(o.Account.ID, user)
	if err != nil {
		o.Fatal(err)
	}
	d := &Desk{o: o, user: user, s: s}
	o.Cleanup(s.Close)
	d.until("the snapshot", func() bool { return d.states != nil })
	return d
}

func (d *Desk) take(ev presence.Event) {
	gone := func(id any) {
		d.ringing = slices.DeleteFunc(d.ringing, func(n presence.Notice) bool { return n.Call == id })
	}
	switch ev := ev.(type) {
	case presence.Snapshot:
		d.ringing, d.states = ev.Ringing, map[string]engine.PresenceState{}
		for ext, s := range ev.States {
			d.states[ext] = s
		}
	case presence.Rings:
		gone(ev.Call)
		d.ringing = append(d.ringing, ev.Notice)
	case presence.Stopped:
		gone(ev.Call)
		d.stopped = append(d.stopped, ev)
	case presence.Shows:
		d.states[ev.Extension] = ev.State
		if ev.State == 0 {
			delete(d.states, ev.Extension)
		}
	}
}

func (d *Desk) until(what string, ok func() bool) {
	d.o.Helper()
	timeout := time.After(stepTime)
	for !ok() {
		select {
		case ev, open := <-d.s.Events:
			if !open {
				d.o.Fatalf("desk of %q: the stream ended before %s", d.user, what)
			}
			d.take(ev)
		case <-timeout:
			d.o.Fatalf("desk of %q: %s did not come about: rings %+v, states %v", d.user, what, d.ringing, d.states)
		}
	}
}

// Sees waits until one call rings, told by just these extensions, and returns it.
func (d *Desk) Sees(over ...string) presence.Notice {
	d.o.Helper()
	d.until("a call", func() bool { return len(d.ringing) == 1 && slices.Equal(d.ringing[0].Over, over) })
	return d.ringing[0]
}

// Gone waits until nothing rings any more and asserts who answered.
func (d *Desk) Gone(by string) {
	d.o.Helper()
	d.until("the end of ringing", func() bool { return len(d.ringing) == 0 && len(d.stopped) > 0 })
	if last := d.stopped[len(d.stopped)-1]; last.By != by {
		d.o.Errorf("desk of %q: answered by %q, want %q", d.user, last.By, by)
	}
}

// Shows waits until a user is shown in a state.
func (d *Desk) Shows(ext string, s engine.PresenceState) {
	d.o.Helper()
	d.until("state of "+ext, func() bool { return d.states[ext] == s })
}

// Nothing asserts that until now nothing was told, of calls or of the state of others.
func (d *Desk) Nothing() {
	d.o.Helper()
	for {
		select {
		case ev := <-d.s.Events:
			d.take(ev)
			continue
		default:
		}
		break
	}
	for ext := range d.states {
		if ext != d.user {
			d.o.Errorf("desk of %q: sees %s", d.user, ext)
		}
	}
	if len(d.ringing)+len(d.stopped) > 0 {
		d.o.Errorf("desk of %q: was told of calls: %+v %+v", d.user, d.ringing, d.stopped)
	}
}

func presenceCases() []testCase {
	notify := dialplan.PrivacyRights{Notify: true}
	return []testCase{
		{name: "EXT-GRP-05_FAC-PRIV-01_a_group_says_who_is_notified_of_its_calls_and_who_takes_them", run: func(o *Office) {
			o.Group("200").Members = []string{"101", "102"}
			o.AddUser("105", "Eve")
			o.Grant("103", "200", dialplan.PrivacyRights{Notify: true, Pickup: true})
			o.Grant("105", "200", notify)
			o.Open("101", "102", "103", "104", "105")
			both, only, none, member, all := o.Desk("103"), o.Desk("105"), o.Desk("104"), o.Desk("102"), o.Desk("")
			a := o.Dial("104", "200")
			x, y := o.Offered("101"), o.Offered("102")
			if n := both.Sees("200"); n.From.Number != "104" || n.From.Name != "Dirk" || n.Group != "200" {
				o.Errorf("notice %+v", n)
			}
			only.Sees("200")
			member.Sees("102")
			all.Sees("101", "102", "200")
			o.Dial("105", "*8200").EndedWith(403)
			p := o.Dial("103", "*8200")
			p.TalksTo(a)
			x.EndedElsewhere()
			y.EndedElsewhere()
			for _, d := range []*Desk{both, only, member, all} {
				d.Gone("103")
			}
			none.Nothing()
			a.HungUpBoth(p)
		}},
		{name: "FAC-PRIV-01_notifications_come_after_the_delay_and_go_with_the_call", run: func(o *Office) {
			const delay = 4 * time.Second
			o.Grant("103", "101", notify)
			o.Grant("104", "101", dialplan.PrivacyRights{Notify: true, NotifyDelay: delay})
			o.Open("101", "102")
			now, later, none := o.Desk("103"), o.Desk("104"), o.Desk("102")
			a := o.Outside(2)
			x := o.Offered("101")
			if n := now.Sees("101"); n.From.Number != "+31612345678" {
				o.Errorf("notice %+v", n)
			}
			if n := later.Sees("101"); time.Since(n.Since) < delay {
				o.Errorf("notified %v after it began to ring", time.Since(n.Since))
			}
			a.Hangs()
			x.Ended()
			now.Gone("")
			later.Gone("")
			later = o.Desk("104")
			a = o.Outside(2)
			x = o.Offered("101")
			now.Sees("101")
			x.Answers()
			a.TalksTo(x)
			now.Gone("101")
			a.HungUpBoth(x)
			later.Nothing() // it had been answered before
			none.Nothing()
		}},
		{name: "FAC-ASSIST-01_assistants_ring_in_place_of_the_manager_who_is_notified", run: func(o *Office) {
			o.Assistants("101", "102", "103")
			o.Open("101", "102", "103", "104")
			manager, assistant, none := o.Desk("101"), o.Desk("102"), o.Desk("104")
			for _, code := range []string{"*8", "*8101"} {
				a := o.Outside(2)
				x, y := o.Offered("102"), o.Offered("103")
				if n := manager.Sees("101"); n.Manager != "101" {
					o.Errorf("notice %+v", n)
				}
				assistant.Sees("101", "102")
				o.Dial("104", code).EndedWith(403)
				p := o.Dial("101", code)
				p.TalksTo(a)
				x.EndedElsewhere()
				y.EndedElsewhere()
				manager.Gone("101")
				assistant.Gone("101")
				p.HungUpBoth(a)
			}
			a := o.Outside(2)
			x, y := o.Offered("102"), o.Offered("103")
			manager.Sees("101")
			y.Answers()
			a.TalksTo(y)
			x.EndedElsewhere()
			manager.Gone("103")
			a.HungUpBoth(y)
			none.Nothing()
			o.Quiet("101", 200*time.Millisecond)
		}},
		{name: "FAC-ASSIST-01_calls_of_the_assistants_and_what_they_transfer_ring_at_the_manager", run: func(o *Office) {
			o.Assistants("101", "102", "103")
			o.Open("101", "102", "103")
			a := o.Dial("102", "101")
			m := a.Reaches("101")
			a.HungUpBoth(m)
			a = o.Outside(2)
			x := o.Offered("102")
			y := o.Offered("103")
			x.Answers()
			a.TalksTo(x)
			y.EndedElsewhere()
			x.Transfers("101")
			x.Ended()
			m = a.Reaches("101")
			m.HungUpBoth(a)
		}},
		{name: "fac-assist-01_when_no_assistant_answers_the_managers_forward_is_followed", run: func(o *Office) {
			o.Assistants("101", "102")
			o.User("101").RingTimeout = 2 * time.Second
			o.User("101").Forwards.NoAnswer = to("103")
			o.Open("101", "102", "103")
			manager := o.Desk("101")
			a := o.Outside(2)
			x := o.Offered("102")
			manager.Sees("101")
			x.Missed()
			manager.Gone("")
			y := a.Reaches("103")
			a.HungUpBoth(y)
		}},
		{name: "FAC-PRIV-01_each_right_allows_just_its_own", run: eachRight},
		{name: "FAC-BLF-01_FAC-PRIV-01_lamps_are_off_flash_and_are_on_and_the_key_picks_up", run: lampCase},
		{name: "FAC-BLF-01_FEA-PICK-01_the_key_of_a_ringing_user_does_what_the_document_that_the_phone_is_shown_says", run: keyByDocument},
		{name: "fac-blf-01_a_phone_that_takes_over_a_dialog_that_nobody_has_picks_up", run: takeOverShown},
		{name: "FAC-BLF-01_lamps_are_those_of_the_own_company_and_of_the_user_who_is_logged_in", run: lampsOfOthers},
		{name: "FAC-BLF-01_ops-02_lamps_are_right_after_a_restart_of_the_controller", run: lampsAfterRestart, alone: true},
	}
}

// BLF waits until the phone of ext shows a user in this state.
func (o *Office) BLF(ext, watched string, s engine.PresenceState) {
	o.Helper()
	o.do("lamp of "+watched+" at "+ext, func(ctx context.Context) error { return o.phones[ext].Lamp(ctx, watched, s) })
}

// Dark asserts that the phone of ext is shown nothing of a user.
func (o *Office) Dark(ext, watched string) {
	o.Helper()
	o.do("no lamp of "+watched+" at "+ext, func(ctx context.Context) error { return o.phones[ext].Dark(ctx, watched) })
}

// eachRight: five users have one right each over 101, and none of the others.
func eachRight(o *Office) {
	o.User("101").Permissions.Parking = true
	o.AddUser("105", "Eve")
	o.AddUser("106", "Fay")
	o.Grant("102", "101", dialplan.PrivacyRights{Notify: true})
	o.Grant("103", "101", dialplan.PrivacyRights{Pickup: true})
	o.Grant("104", "101", dialplan.PrivacyRights{BLF: true})
	o.Grant("105", "101", dialplan.PrivacyRights{Listen: true})
	o.Grant("106", "101", dialplan.PrivacyRights{ParkRetrieve: true})
	o.Open("101", "102", "103", "104", "105", "106")
	others := func(but string) (out []string) {
		for _, ext := range []string{"102", "103", "104", "105", "106"} {
			if ext != but {
				out = append(out, ext)
			}
		}
		return out
	}
	desks := map[string]*Desk{}
	for _, ext := range others("") {
		desks[ext] = o.Desk(ext)
	}
	a := o.Outside(2)
	x := o.Offered("101")
	desks["102"].Sees("101")
	o.BLF("104", "101", engine.Alerting)
	for _, ext := range others("104") {
		o.Dark(ext, "101")
	}
	for _, ext := range others("103") {
		o.Dial(ext, "*8101").EndedWith(403)
	}
	for _, ext := range others("102") {
		if d := desks[ext]; len(d.ringing) > 0 {
			o.Errorf("%s is notified", ext)
		}
	}
	p := o.Dial("103", "*8101")
	p.TalksTo(a)
	x.EndedElsewhere()
	desks["102"].Gone("103")
	o.BLF("104", "101", engine.Idle)
	a.HungUpBoth(p)

	a = o.Outside(2)
	x = a.Reaches("101")
	o.BLF("104", "101", engine.Talking)
	for _, ext := range others("105") {
		o.Dial(ext, "906101").EndedWith(403)
	}
	s := o.Dial("105", "906101")
	s.Answered()
	s.Hears(a.hz, x.hz)
	s.Hangs()
	a.TalksTo(x)
	x.Presses("*6")
	x.Ended()
	for _, ext := range others("106") {
		o.Dial(ext, "93001").EndedWith(403)
	}
	p = o.Dial("106", "93001")
	p.TalksTo(a)
	a.HungUpBoth(p)
	for _, ext := range []string{"103", "105", "106"} {
		desks[ext].Nothing()
	}
}

func lampCase(o *Office) {
	o.Grant("102", "101", dialplan.PrivacyRights{BLF: true, Pickup: true})
	o.Grant("103", "101", dialplan.PrivacyRights{BLF: true})
	o.Grant("104", "101", dialplan.PrivacyRights{Notify: true, Pickup: true, Listen: true, ParkRetrieve: true})
	o.Open("101", "102", "103", "104")
	o.BLF("102", "101", engine.Idle)
	o.BLF("103", "101", engine.Idle)
	for _, keys := range []string{"", "*8101", "**101"} {
		a := o.Outside(2)
		x := o.Offered("101")
		o.BLF("102", "101", engine.Alerting)
		o.BLF("103", "101", engine.Alerting)
		o.Dark("104", "101")
		if keys == "" {
			o.Dial("103", "*8101").EndedWith(403)
			x.Answers()
			a.TalksTo(x)
			o.BLF("102", "101", engine.Talking)
			o.BLF("103", "101", engine.Talking)
			o.Dark("104", "101")
			a.HungUpBoth(x)
		} else {
			p := o.Dial("102", keys)
			p.TalksTo(a)
			x.EndedElsewhere()
			o.BLF("103", "101", engine.Idle)
			a.HungUpBoth(p)
		}
		o.BLF("102", "101", engine.Idle)
	}
	a := o.Dial("101", "104")
	x := o.Offered("104")
	o.BLF("102", "101", engine.Talking)
	a.Hangs()
	x.Ended()
	o.BLF("102", "101", engine.Idle)
}

// keyByDocument: neither engine describes the dialog of a ringing user by Call-ID and tags, so phones call what is given
// as its other end, or the pickup code.
func keyByDocument(o *Office) {
	o.Grant("102", "101", dialplan.PrivacyRights{BLF: true, Pickup: true})
	o.Grant("104", "101", dialplan.PrivacyRights{BLF: true})
	o.Open("101", "102", "104")
	press := func(ext, watched string) *Party {
		o.Helper()
		o.BLF(ext, watched, engine.Alerting)
		p := &Party{o: o, name: ext, hz: o.phones[ext].Hz()}
		o.do(ext+" presses the key of "+watched, func(ctx context.Context) (err error) {
			p.call, err = o.phones[ext].Key(ctx, watched)
			return err
		})
		return p
	}
	a := o.Outside(2)
	x := o.Offered("101")
	press("104", "101").EndedWith(403)
	p := press("102", "101")
	p.TalksTo(a)
	x.EndedElsewhere()
	a.HungUpBoth(p)
}

// takeOverShown: INVITE with Replaces for a dialog that no engine has, as a phone sends that has found one somewhere. Asterisk
// refuses it before anybody is asked.
func takeOverShown(o *Office) {
	o.Grant("102", "101", dialplan.PrivacyRights{BLF: true, Pickup: true})
	o.Grant("104", "101", dialplan.PrivacyRights{BLF: true})
	o.Open("101", "102", "104")
	a := o.Outside(2)
	x := o.Offered("101")
	shown := conformance.Dial{Headers: map[string]string{"Replaces": "101@shown.example;to-tag=1;from-tag=2;early-only"}}
	may := o.dial(o.phones["102"], "102", "101", shown)
	if _, ok := o.b.driver.(*asterisk.Engine); ok {
		may.EndedWith(481)
		may = o.Dial("102", "*8101")
	}
	may.TalksTo(a)
	x.EndedElsewhere()
	may.HungUpBoth(a)
	if _, ok := o.b.driver.(*asterisk.Engine); !ok {
		a = o.Outside(2)
		x = o.Offered("101")
		o.dial(o.phones["104"], "104", "101", shown).EndedWith(403)
		a.Hangs()
		x.Ended()
	}
}

// lampsOfOthers: the same extension of another company is somebody else, and rights act when they change.
func lampsOfOthers(o *Office) {
	other := newOffice(o.ctx, o.T, o.b)
	blf := dialplan.PrivacyRights{BLF: true}
	for _, x := range []*Office{o, other} {
		x.Grant("102", "101", blf)
		x.Open("101", "102", "103")
	}
	o.BLF("102", "101", engine.Idle)
	other.BLF("102", "101", engine.Idle)
	a := o.Dial("101", "103")
	b := a.Reaches("103")
	o.BLF("102", "101", engine.Talking)
	other.BLF("102", "101", engine.Idle)
	c := other.Outside(2)
	d := other.Offered("101")
	other.BLF("102", "101", engine.Alerting)
	o.BLF("102", "101", engine.Talking)
	c.Hangs()
	d.Ended()
	other.BLF("102", "101", engine.Idle)
	// The user leaves the phone: it shows nothing any more.
	o.change(func(a *dialplan.Account) {
		ch := *a.Channels[o.channel("102")]
		ch.User = "104"
		a.Channels[ch.Name] = &ch
	})
	o.BLF("102", "101", engine.Idle)
	o.Dark("102", "101")
	a.HungUpBoth(b)
}

// lampsAfterRestart: states are right again, also those that changed while there was no controller.
func lampsAfterRestart(o *Office) {
	blf := dialplan.PrivacyRights{BLF: true}
	o.Grant("104", "101", blf)
	o.Grant("104", "102", blf)
	o.Open("101", "102", "103", "104")
	a := o.Dial("101", "103")
	b := a.Reaches("103")
	c := o.Dial("103", "102")
	d := c.Reaches("102")
	o.BLF("104", "101", engine.Talking)
	o.BLF("104", "102", engine.Talking)
	o.b.stop()
	a.Hangs()
	o.do("new controller", func(ctx context.Context) error { return o.b.start(ctx, logTo(o.T)) })
	b.Ended()
	o.BLF("104", "101", engine.Idle)
	o.BLF("104", "102", engine.Talking)
	desk := o.Desk("")
	desk.Shows("102", engine.Talking)
	c.HungUpBoth(d)
	o.BLF("104", "102", engine.Idle)
	desk.Shows("102", engine.Idle)
}

// Assistants gives a manager an assistant group.
func (o *Office) Assistants(manager string, members ...string) {
	if o.Account.Privacy == nil {
		o.Account.Privacy = map[int64]*dialplan.PrivacyGroup{}
	}
	id := int64(len(o.Account.Privacy) + 1)
	o.Account.Privacy[id] = &dialplan.PrivacyGroup{ID: id, Name: "Assistants of " + manager, Members: members}
	o.User(manager).AssistantGroup = id
}
