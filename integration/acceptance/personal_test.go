package acceptance

import (
	"context"
	"sync"
	"time"

	"callplane/dialplan"
)

// What a user hears when the assistant begins, the higher tone first heard, and when it ends.
const (
	assistLow  = 1000
	assistHigh = 1400
)

// Alone asserts that p hears a tone within a conversation with q, who does not hear it.
func (p *Party) Alone(hz int, q *Party, do func()) {
	p.o.Helper()
	var wait sync.WaitGroup
	ctx, cancel := context.WithTimeout(p.o.ctx, stepTime)
	defer cancel()
	heard := make(chan error, 3)
	wait.Go(func() { heard <- p.call.Hears(ctx, hz, q.hz) }) // engines differ in whether the others are heard meanwhile
	wait.Go(func() { heard <- p.call.Hears(ctx, hz) })
	var missed error
	wait.Go(func() { missed = q.call.Misses(ctx, hz, 2*time.Second) })
	do()
	err := <-heard
	if err != nil {
		err = <-heard
	}
	if err != nil {
		p.o.Errorf("%s does not hear %d Hz: %v", p.name, hz, err)
	}
	cancelLater := time.AfterFunc(2500*time.Millisecond, cancel)
	defer cancelLater.Stop()
	wait.Wait()
	if missed != nil {
		p.o.Errorf("%s hears what is for %s: %v", q.name, p.name, missed)
	}
}

func personalCases() []testCase {
	return []testCase{
		{name: "SYS-STAR_FEA-AST-01_keys_begin_and_end_what_the_assistant_hears_and_only_who_pressed_is_told", run: func(o *Office) {
			o.Account.Recording.Assistant = true
			o.Open("101", "102")
			a := o.Dial("102", "101")
			b := a.Reaches("101")
			b.Alone(assistHigh, a, func() { b.Presses("*4") })
			a.TalksTo(b)
			o.talkFor(long)
			b.Alone(assistLow, a, func() { b.Presses("*5") })
			r := o.RecordingOf(1, "101", dialplan.RecordAssistant)
			a.TalksTo(b)
			a.HungUpBoth(b)
			r.Holds([]int{b.hz}, []int{a.hz})
			o.Recordings(1)
			if r.RequestedBy != "101" || r.Call != o.Record(1).ID {
				o.Errorf("recording %+v", r.Recording)
			}
		}},
		{name: "SYS-STAR_FEA-AST-01_keys_of_who_has_no_assistant_begin_nothing", run: func(o *Office) {
			o.Account.Recording.Assistant = true
			o.User("101").Assistant = dialplan.AssistantOff
			o.User("102").Product = dialplan.ProductStarter
			o.Open("101", "102", "103")
			a := o.Dial("102", "101")
			b := a.Reaches("101")
			b.Alone(promptTones()["call.not_allowed"], a, func() { b.Presses("*4") })
			a.Alone(promptTones()["call.not_allowed"], b, func() { a.Presses("*4") })
			a.TalksTo(b)
			a.HungUpBoth(b)
			o.Traced(1, "turned off for 101")
			o.Traced(1, "102 is a Starter user")
			a = o.Outside(2) // the keys of somebody outside are for the other party
			b = a.Reaches("101")
			a.Presses("*4")
			a.TalksTo(b)
			a.HungUpBoth(b)
			o.Record(2)
			o.RecordingsOver()
			o.Recordings(0)
		}},
		{name: "FEA-AST-01_a_hang_up_in_the_middle_keeps_what_was_said", run: func(o *Office) {
			o.Account.Recording.Assistant = true
			o.Open("101")
			a := o.Outside(2)
			b := a.Reaches("101")
			b.Alone(assistHigh, a, func() { b.Presses("*4") })
			o.talkFor(long)
			a.HungUpBoth(b)
			o.RecordingOf(1, "101", dialplan.RecordAssistant).Holds([]int{b.hz}, []int{a.hz})
		}},
		{name: "FEA-AST-01_it_begins_by_itself_for_who_has_set_it_in_both_directions_until_5_is_pressed", run: func(o *Office) {
			o.Account.Recording.Assistant = true
			o.User("101").Assistant = dialplan.AssistantAutomatic
			o.Open("101", "102")
			a := o.Outside(2)
			b := a.Reaches("101")
			o.talkFor(long)
			b.Alone(assistLow, a, func() { b.Presses("*5") })
			o.RecordingOf(1, "101", dialplan.RecordAssistant).Holds([]int{b.hz}, []int{a.hz})
			a.TalksTo(b)
			a.HungUpBoth(b)
			a = o.Dial("101", "102")
			b = a.Reaches("102")
			o.talkFor(long)
			a.HungUpBoth(b)
			if all := o.Recordings(2); !all[1].Outbound || all[1].Extension != "101" {
				o.Errorf("recordings %+v", all)
			}
		}},
		{name: "FEA-AST-01_a_restart_of_the_controller_goes_on_as_the_user_wanted", alone: true, run: func(o *Office) {
			o.Account.Recording.Assistant = true
			o.User("102").Assistant = dialplan.AssistantAutomatic
			o.Open("101", "102")
			a := o.Dial("102", "101")
			b := a.Reaches("101")
			b.Alone(assistHigh, a, func() { b.Presses("*4") })
			a.Alone(assistLow, b, func() { a.Presses("*5") })
			o.RecordingOf(1, "102", dialplan.RecordAssistant)
			o.talkFor(long)
			o.b.stop()
			if err := o.b.start(o.ctx, logTo(o.T)); err != nil {
				o.Fatal(err)
			}
			a.TalksTo(b)
			o.talkFor(long)
			a.HungUpBoth(b)
			for _, r := range o.Recordings(3)[1:] { // before and after
				if r.Extension != "101" {
					o.Errorf("%s is recorded, who had ended it", r.Extension)
				}
			}
		}},
		{name: "SYS-STAR_FEA-AST-01_keys_act_while_a_third_party_is_consulted_for_who_asks_and_who_is_asked", run: func(o *Office) {
			o.Account.Recording.Assistant = true
			o.Open("101", "102")
			a, b, c := o.consulting()
			b.Alone(assistHigh, c, func() { b.Presses("*4") })
			c.Alone(assistHigh, b, func() { c.Presses("*4") })
			b.TalksTo(c)
			a.Hears(musicHz)
			o.talkFor(long)
			c.Alone(assistLow, b, func() { c.Presses("*5") })
			o.RecordingOf(1, "102", dialplan.RecordAssistant).Holds([]int{c.hz}, []int{b.hz})
			b.Alone(assistLow, c, func() { b.Presses("*5") })
			r := o.RecordingOf(2, "101", dialplan.RecordAssistant)
			r.Holds([]int{b.hz}, []int{c.hz})
			if r.RequestedBy != "101" || r.Number != "102" {
				o.Errorf("recording %+v", r.Recording)
			}
			b.Presses("2") // other keys are what they were
			a.TalksTo(b)
			c.Hears(musicHz)
			b.Alone(assistHigh, a, func() { b.Presses("*4") })
			a.TalksTo(b)
			b.Presses("*#")
			c.Ended()
			a.TalksTo(b)
			o.talkFor(long)
			a.HungUpBoth(b)
			last := o.Recordings(3)[2]
			last.Holds([]int{b.hz}, []int{a.hz})
			if last.Extension != "101" {
				o.Errorf("recording %+v", last.Recording)
			}
		}},
		{name: "FEA-AST-01_FAC-REC-01_who_is_consulted_is_recorded_as_in_any_call", run: func(o *Office) {
			o.Account.Recording.Assistant, o.Account.Recording.Enabled = true, true
			o.User("102").Assistant = dialplan.AssistantAutomatic
			o.User("102").Permissions.RecordInbound = true
			o.User("101").Permissions.RecordOutbound = true // not recorded: the account does not record outbound calls
			o.Open("101", "102")
			a, b, c := o.consulting()
			o.talkFor(long)
			b.Presses("1")
			c.Ended()
			for _, reason := range []dialplan.RecordReason{dialplan.RecordAssistant, dialplan.RecordSystematic} {
				r := o.RecordingOf(2, "102", reason)
				r.Holds([]int{c.hz}, []int{b.hz})
				if r.Number != "101" || r.Outbound {
					o.Errorf("recording %+v", r.Recording)
				}
			}
			b.Presses("*#")
			a.TalksTo(b)
			a.HungUpBoth(b)
			o.Record(1)
			o.Recordings(2)
		}},
		{name: "SYS-940_a_memo_is_spoken_after_the_tone_and_ended_by_a_key_or_by_hanging_up", run: func(o *Office) {
			o.Account.Recording.Assistant = true
			o.Open("101")
			a := o.Dial("101", "940")
			a.HearsPrompt("assistant.speak")
			a.Hears(assistHigh)
			a.Hears()
			o.talkFor(long)
			a.Presses("1")
			a.HearsPrompt("assistant.thanks")
			a.Ended()
			r := o.RecordingOf(1, "101", dialplan.RecordMemo)
			r.Holds([]int{a.hz})
			if rec := o.Record(1); r.Call != rec.ID || r.UserID != o.Account.Extensions["101"].ID {
				o.Errorf("recording %+v of call %s", r.Recording, rec.ID)
			}
			a = o.Dial("101", "940")
			a.HearsPrompt("assistant.speak")
			a.Hears()
			o.talkFor(long)
			a.Hangs()
			o.Recordings(2)[1].Holds([]int{a.hz})
		}},
		{name: "SYS-940_without_the_assistant_there_is_no_memo", run: func(o *Office) {
			o.Account.Recording.Assistant = true
			o.User("101").Assistant = dialplan.AssistantOff
			o.User("102").Product = dialplan.ProductStarter
			o.Open("101", "102", "103")
			o.Dial("101", "940").EndedWith(403)
			o.Dial("102", "940").EndedWith(403)
			o.change(func(a *dialplan.Account) { a.Recording.Assistant = false })
			o.Dial("103", "940").EndedWith(403)
		}},
	}
}
