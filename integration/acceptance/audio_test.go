package acceptance

import (
	"context"
	"time"

	"callplane/dialplan"
)

// records goes through the dialogue of 905 until the menu.
func (o *Office) records(ext string) *Party {
	o.Helper()
	p := o.Dial(ext, "905")
	p.recordsAgain()
	return p
}

func (p *Party) recordsAgain() {
	p.o.Helper()
	p.HearsPrompt("audio.start")
	p.Hears(1000)
	p.Hears()
	p.Speaks(1500 * time.Millisecond)
	p.Presses("#")
	p.HearsPrompt("audio.menu")
}

func audioCases() []testCase {
	return []testCase{
		{name: "SYS-905_records_listens_records_again_and_saves_under_a_number", run: func(o *Office) {
			o.Extend("610", "Closed", &dialplan.AutoAnswer{Announcement: "12"})
			o.leads(3, "610")
			o.Open("101", "102")
			p := o.records("101")
			p.Presses("1")
			p.Hears(p.hz)
			p.HearsPrompt("audio.menu")
			p.Presses("2")
			p.recordsAgain()
			p.Presses("3")
			p.HearsPrompt("audio.number")
			p.Presses("12#")
			p.HearsPrompt("audio.saved")
			p.Ended()
			a := o.Outside(3)
			a.Hears(p.hz)
			a.Ended()
			// Somebody else takes another number first, then the same.
			q := o.records("102")
			q.Presses("3")
			q.HearsPrompt("audio.number")
			q.Presses("12#")
			q.HearsPrompt("audio.taken")
			q.Presses("2")
			q.HearsPrompt("audio.number")
			q.Presses("12#")
			q.HearsPrompt("audio.taken")
			q.Presses("1")
			q.HearsPrompt("audio.saved")
			q.Ended()
			a = o.Outside(3)
			a.Hears(q.hz)
			a.Ended()
			o.Record(4)
			if n := o.b.audio.left(); n > 0 {
				o.Errorf("%d files are left behind", n)
			}
		}, alone: true},
		{name: "SYS-905_what_is_not_saved_is_gone", run: func(o *Office) {
			o.Open("101")
			p := o.Dial("101", "905")
			p.Hears(1000)
			p.Hears()
			p.Speaks(500 * time.Millisecond)
			p.Hangs() // in the middle
			o.Record(1)
			p = o.records("101")
			p.Presses("3")
			p.HearsPrompt("audio.number")
			p.Hangs()
			o.Record(2)
			if a := o.b.dir.Account(o.Account.ID); len(a.Audio) > 0 {
				o.Errorf("kept %v", a.Audio)
			}
			if n := o.b.audio.left(); n > 0 {
				o.Errorf("%d files are left behind", n)
			}
		}, alone: true},
		{name: "SYS-905_a_restart_in_the_middle_keeps_nothing_and_begins_again", run: func(o *Office) {
			o.Open("101")
			p := o.Dial("101", "905")
			p.Hears(1000)
			p.Hears()
			p.Speaks(500 * time.Millisecond)
			o.b.stop()
			o.do("new controller", func(ctx context.Context) error { return o.b.start(ctx, logTo(o.T)) })
			p.recordsAgain()
			if a := o.b.dir.Account(o.Account.ID); len(a.Audio) > 0 {
				o.Errorf("kept %v", a.Audio)
			}
			p.Presses("3")
			p.HearsPrompt("audio.number")
			p.Presses("7#")
			p.HearsPrompt("audio.saved")
			p.Ended()
			if a := o.b.dir.Account(o.Account.ID); len(a.Audio) != 1 || a.Audio["7"].Duration < time.Second {
				o.Errorf("kept %v", a.Audio)
			}
		}, alone: true},
		{name: "FAC-AUD-01_every_kind_that_speaks_plays_the_accounts_recordings", run: func(o *Office) {
			o.Account.Audio = map[string]dialplan.Audio{"1": {Name: "First", File: "tune.first"}, "2": {Name: "Second", File: "tune.second"}}
			fallback := dialplan.LocationTarget{Destination: dest("101")}
			o.Extend("610", "Closed", &dialplan.AutoAnswer{Announcement: "1"})
			o.Extend("611", "Pick", &dialplan.Picker{Announcement: "1", Timeout: 3 * time.Second, Fallback: fallback})
			o.Extend("612", "Who", &dialplan.Authentication{ByPIN: true, Welcome: "1", Fallback: fallback})
			o.Extend("613", "Where", &dialplan.LocationRoute{By: dialplan.ByPostcode, Announcement: "1", Tries: 1, Fallback: fallback})
			o.Menu("301").Announcement = "1"
			o.Queue("400", "101").Introduction = "1"
			for i, ext := range []string{"610", "611", "612", "613", "301", "400"} {
				o.leads(3+i, ext)
			}
			o.box("700", 9).Welcome = "1"
			o.Open("101")
			for i := range 7 {
				a := o.Outside(3 + i)
				a.Answered()
				a.HearsPrompt("tune.first")
				a.Hangs()
			}
			o.Record(7)
			// Another recording of the same name is heard from then on.
			o.change(func(a *dialplan.Account) { a.Audio = map[string]dialplan.Audio{"1": {File: "tune.second"}} })
			a := o.Outside(3)
			a.HearsPrompt("tune.second")
			a.Hangs()
			o.Record(8)
		}},
		{name: "FAC-MOH-01_who_waits_in_a_queue_hears_its_playlist_and_then_the_accounts", run: func(o *Office) {
			o.Account.Audio = map[string]dialplan.Audio{"1": {Name: "First", File: "tune.first"}, "2": {Name: "Second", File: "tune.second"}}
			o.Account.HoldMusic = map[string][]string{"": {"1"}, "400": {"2", "1"}}
			o.Queue("400", "101")
			o.Queue("401", "101")
			o.Open("101", "102", "103")
			talking := o.Dial("102", "101")
			x := talking.Reaches("101")
			a := o.Dial("103", "400")
			a.Answered()
			for _, key := range []string{"tune.second", "tune.first", "tune.second"} {
				a.HearsPrompt(key)
			}
			a.Hangs()
			a = o.Dial("103", "401") // it has no music of its own
			a.HearsPrompt("tune.first")
			talking.HungUpBoth(x)
			x = a.Reaches("101")
			x.Holds()
			a.HearsPrompt("tune.first")
			x.Unholds()
			a.HungUpBoth(x)
		}},
		{name: "FAC-MOH-01_who_is_put_on_hold_hears_the_accounts_playlist", run: func(o *Office) {
			o.Account.Audio = map[string]dialplan.Audio{"1": {Name: "First", File: "tune.first"}, "2": {Name: "Second", File: "tune.second"}}
			o.Account.HoldMusic = map[string][]string{"": {"1", "2"}}
			o.User("101").Permissions.Parking = true
			o.Open("101", "102")
			a := o.Outside(2)
			b := a.Reaches("101")
			for range 2 {
				b.Holds()
				for _, key := range []string{"tune.first", "tune.second", "tune.first"} {
					a.HearsPrompt(key)
				}
				b.Unholds()
				a.TalksTo(b)
			}
			b.Presses("*6") // parked, it is the same music
			a.HearsPrompt("tune.first")
			a.HearsPrompt("tune.second")
			c := o.Dial("101", "93001")
			a.TalksTo(c)
			a.Holds()
			c.HearsPrompt("tune.first")
			a.Hangs()
			c.Ended()
		}},
		{name: "FAC-MOH-01_a_restart_while_somebody_is_on_hold", run: func(o *Office) {
			o.Open("101")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Holds()
			a.Hears(musicHz)
			o.b.stop()
			o.do("new controller", func(ctx context.Context) error { return o.b.start(ctx, logTo(o.T)) })
			b.Unholds()
			a.TalksTo(b)
			b.Holds()
			a.Hears(musicHz)
			b.Unholds()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}, alone: true},
		{name: "FAC-MOH-01_who_is_on_hold_is_transferred_after_a_question", run: func(o *Office) {
			o.Open("101", "102")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Holds()
			a.Hears(musicHz) // the system's: the account has none
			b2 := o.Dial("101", "102")
			c := b2.Reaches("102")
			a.Hears(musicHz)
			b.Joins(b2)
			a.TalksTo(c)
			b.Ended()
			b2.Ended()
			a.HungUpBoth(c)
			o.Record(2)
		}},
	}
}
