package acceptance

import (
	"time"

	"callplane/dialplan"
)

func option(ext, prefix string) dialplan.IVROption {
	return dialplan.IVROption{Prefix: prefix, Destination: dialplan.Destination{Extension: ext}}
}

func menuCases() []testCase {
	return []testCase{
		{name: "EXT-IVR-01_digit_interrupts_the_announcement_and_leads_on_with_its_prefix", run: func(o *Office) {
			o.Menu("300").Options["1"] = option("101", "Sales")
			entries := o.Account.Schemes[0].Plans[1].Entries
			entries[o.Number(1)] = dialplan.PlanEntry{Destination: dialplan.Destination{Extension: "300"}, Prefix: "HQ"}
			o.Open("101")
			a := o.Outside(1)
			a.Answered()
			a.HearsPrompt("ivr.choose")
			a.Presses("1")
			b := o.Offered("101")
			a.Hears(425) // no announcement any more: the callee rings
			b.Shows("HQ Sales 0612345678", "0612345678")
			b.Answers()
			a.TalksTo(b)
			b.HungUpBoth(a)
			o.Traced(1, "option 1 goes to 101")
		}},
		{name: "EXT-IVR-02_options_of_different_lengths", run: func(o *Office) {
			m := o.Menu("300")
			m.MaxDigits = 6
			m.Options = map[string]dialplan.IVROption{
				"1": option("101", ""), "2": option("102", ""), "22": option("103", ""), "333": option("104", ""), "999999": option("105", ""),
			}
			o.AddUser("105", "Eve")
			o.Open("101", "102", "103", "104", "105")
			for keys, ext := range map[string]string{"1": "101", "2": "102", "2#": "102", "22": "103", "333": "104", "999999": "105"} {
				a := o.Outside(1)
				a.Answered()
				a.HearsPrompt("ivr.choose")
				a.Presses(keys)
				b := a.Reaches(ext)
				a.HungUpBoth(b)
			}
		}},
		{name: "EXT-IVR-03_wrong_and_no_input_repeat_the_prompt_then_the_fallback", run: func(o *Office) {
			m := o.Menu("300")
			m.Tries = 3
			m.Options["1"] = option("101", "")
			m.Fallback = dialplan.Destination{Extension: "102"}
			m.FallbackPrefix = "Lost"
			o.Open("101", "102")
			a := o.Outside(1)
			a.HearsPrompt("ivr.choose")
			a.Presses("7")
			a.HearsPrompt("ivr.invalid")
			a.HearsPrompt("ivr.choose")
			a.HearsPrompt("ivr.timeout")
			a.HearsPrompt("ivr.choose")
			b := o.Offered("102")
			b.Shows("Lost 0612345678", "0612345678")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "EXT-IVR-03_without_fallback_the_call_ends", run: func(o *Office) {
			m := o.Menu("300")
			m.Tries = 1
			m.Options["1"] = option("101", "")
			o.Open("101")
			a := o.Outside(1)
			a.HearsPrompt("ivr.choose")
			a.Ended()
			o.Traced(1, "no fallback")
		}},
		{name: "EXT-IVR-03_caller_hangs_up_during_the_prompt", run: func(o *Office) {
			o.Menu("300").Options["1"] = option("101", "")
			o.Open("101")
			a := o.Outside(1)
			a.HearsPrompt("ivr.choose")
			a.Hangs()
			if r := o.Record(1); r.Cause != "normal" {
				o.Errorf("cause %s", r.Cause)
			}
		}},
		{name: "EXT-IVR-01_missing_announcement_is_a_beep", run: func(o *Office) {
			o.Menu("300").Announcement = "missing"
			o.Menu("300").Options["1"] = option("101", "")
			o.Open("101")
			a := o.Outside(1)
			a.Hears(800)
			a.Presses("1")
			b := a.Reaches("101")
			a.HungUpBoth(b)
			o.Traced(1, "missing does not exist")
		}},
		{name: "EXT-IVR-04_menus_chain_and_add_their_prefixes", run: func(o *Office) {
			o.Menu("300").Options["1"] = option("301", "Shop")
			o.Menu("301").Options["2"] = option("102", "Returns")
			o.Open("102")
			a := o.Outside(1)
			a.HearsPrompt("ivr.choose")
			a.Presses("1")
			a.HearsPrompt("second")
			a.Presses("2")
			b := o.Offered("102")
			b.Shows("Shop Returns 0612345678", "0612345678")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}},
		{name: "EXT-IVR-04_a_loop_is_cut_with_its_reason", run: func(o *Office) {
			for _, m := range []string{"300", "301"} {
				o.Menu(m).Tries = 1
				o.Menu(m).FirstDigit = 10 * time.Millisecond
			}
			o.User("101").Forwards.Always = to("102")
			o.User("102").Forwards.Always = to("101")
			o.Menu("300").Options["1"] = option("101", "")
			o.Open()
			a := o.Outside(2)
			a.EndedWith(482)
			o.Traced(1, "without end")
			a = o.Outside(1)
			a.HearsPrompt("ivr.choose")
			a.Presses("1")
			a.Ended()
			o.Traced(2, "without end")
		}},
	}
}
