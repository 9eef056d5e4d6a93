package acceptance

import (
	"time"

	"callplane/dialplan"
)

func systemExtensionCases() []testCase {
	// open makes number 2 lead to a system extension; 103 may change plans and has a PIN, 104 has the one of a new user.
	open := func(o *Office, f dialplan.SystemFunction) {
		// One phone hums 2903 Hz and the carrier may be it.
		o.Tones(map[string]int{"pin.extension": 3230, "pin.enter": 3330, "pin.wrong": 2030, "pin.locked": 630})
		o.User("103").PIN, o.User("104").PIN = "2580", dialplan.DefaultPIN
		o.User("103").Permissions.TimeConfiguration = true
		s := o.Account.Schemes[0]
		s.Number = 1
		s.Plans[2] = &dialplan.Plan{ID: 2, Number: 2, Name: "Night", Entries: map[string]dialplan.PlanEntry{}}
		o.Extend("700", "From outside", &dialplan.System{Function: f})
		o.leads(2, "700")
		o.Open("101")
	}
	return []testCase{
		{name: "EXT-SYS-01_changes_the_numbering_plan_from_outside", run: func(o *Office) {
			open(o, dialplan.SysNumberingPlan)
			a := o.Outside(2)
			a.Answered()
			a.HearsPrompt("pin.extension")
			a.Presses("103")
			a.HearsPrompt("pin.enter")
			a.Presses("2580")
			a.HearsPrompt("plan.menu")
			a.Presses("2#")
			a.HearsPrompt("plan.number")
			a.Presses("2#")
			a.HearsPrompt("plan.permanent")
			a.Ended()
			if got := o.b.dir.Account(o.Account.ID).Schemes[0].Active; got != 2 {
				o.Errorf("plan %d is active", got)
			}
			o.Traced(1, "PIN of 103 is right")
		}},
		{name: "EXT-SYS-01_wrong_PINs_lead_nowhere", run: func(o *Office) {
			open(o, dialplan.SysNumberingPlan)
			a := o.Outside(2)
			a.Answered()
			a.HearsPrompt("pin.extension")
			for _, who := range []string{"104", "199", "103"} { // a new user's PIN is everybody's
				a.Presses(who)
				a.HearsPrompt("pin.enter")
				a.Presses("0000#")
				if who != "103" {
					a.HearsPrompt("pin.wrong")
				}
			}
			a.Ended()
			if got := o.b.dir.Account(o.Account.ID).Schemes[0].Active; got != 0 {
				o.Errorf("plan %d is active", got)
			}
		}},
		{name: "EXT-SYS-01_the_right_to_change_plans_counts_outside_too", run: func(o *Office) {
			open(o, dialplan.SysNumberingPlan)
			o.User("103").Permissions.TimeConfiguration = false
			a := o.Outside(2)
			a.Answered()
			a.HearsPrompt("pin.extension")
			a.Presses("103")
			a.HearsPrompt("pin.enter")
			a.Presses("2580")
			a.HearsPrompt("call.not_allowed")
			a.Ended()
			o.Traced(1, "has no right")
		}},
		{name: "EXT-SYS-01_hang_up_at_every_prompt", run: func(o *Office) {
			open(o, dialplan.SysNumberingPlan)
			for i, presses := range [][]string{{}, {"pin.extension", "103"}, {"pin.extension", "103", "pin.enter", "2580"}} {
				a := o.Outside(2)
				a.Answered()
				for j := 0; j < len(presses); j += 2 {
					a.HearsPrompt(presses[j])
					a.Presses(presses[j+1])
				}
				a.HearsPrompt([]string{"pin.extension", "pin.enter", "plan.menu"}[i])
				a.Hangs()
			}
			o.Record(3)
		}},
		{name: "EXT-SYS-01_listens_to_a_voicemail_box_from_outside", run: func(o *Office) {
			o.Tones(voicemailTones())
			o.box("701", 3)
			o.Extend("700", "From outside", &dialplan.System{Function: dialplan.SysVoicemailManage})
			o.leads(2, "700")
			o.Open("101")
			o.leaves(3, 2*time.Second).Hangs()
			o.Left("701", 1)
			a := o.Outside(2)
			a.Answered()
			a.HearsPrompt("voicemail.box")
			a.Presses("701")
			a.HearsPrompt("pin.enter")
			a.Presses("4712#")
			a.HearsPrompt("pin.wrong")
			a.Presses("4711")
			a.HearsPrompt("voicemail.new")
			a.Hangs()
			o.Record(2)
		}},
		{name: "EXT-SYS-01_records_audio_from_outside", run: func(o *Office) {
			open(o, dialplan.SysRecordAudio)
			a := o.Outside(2)
			a.Answered()
			a.HearsPrompt("pin.extension")
			a.Presses("103")
			a.HearsPrompt("pin.enter")
			a.Presses("2580")
			a.recordsAgain()
			a.Presses("3")
			a.HearsPrompt("audio.number")
			a.Presses("12#")
			a.HearsPrompt("audio.saved")
			a.Ended()
			if got := o.b.dir.Account(o.Account.ID).Audio["12"]; got.Duration < time.Second {
				o.Errorf("kept %+v", got)
			}
		}},
	}
}
