package acceptance

import (
	"maps"

	"callplane/dialplan"
)

// badInputCases are configurations that the API does not let in, and that calls survive all the same.
func badInputCases() []testCase {
	return []testCase{
		{name: "bad_input_destinations_that_have_gone", run: func(o *Office) {
			o.Menu("300").Options["1"] = dialplan.IVROption{Destination: dialplan.Destination{Extension: "777"}}
			o.Menu("300").Options["2"] = dialplan.IVROption{Destination: dialplan.Destination{Extension: "200"}}
			o.Group("200").Members = []string{"777", "101"}
			o.User("102").Forwards.Always = to("777", "101")
			o.leads(3, "777")
			o.Open("101", "103")
			a := o.Outside(1)
			a.Answered()
			a.HearsPrompt("ivr.choose")
			a.Presses("1")
			a.Hears(defaultPromptHz) // is told so
			a.Ended()
			o.Traced(1, "extension 777 does not exist")
			o.Outside(3).EndedWith(404)
			a = o.Outside(1) // the member who is left rings
			a.Answered()
			a.HearsPrompt("ivr.choose")
			a.Presses("2")
			b := a.Reaches("101")
			a.HungUpBoth(b)
			a = o.Dial("103", "102") // of two forwards the one that is left
			b = a.Reaches("101")
			a.HungUpBoth(b)
		}},
		{name: "bad_input_a_plan_without_numbers", run: func(o *Office) {
			o.Open("101")
			a := o.Outside(2)
			b := a.Reaches("101")
			a.HungUpBoth(b)
			o.change(func(a *dialplan.Account) {
				s := *a.Schemes[0]
				p := *s.Plans[1]
				p.Entries = nil
				s.Plans = maps.Clone(s.Plans)
				s.Plans[1] = &p
				a.Schemes = []*dialplan.Scheme{&s}
			})
			o.Outside(2).EndedWith(404)
			o.Traced(2, "is in no numbering plan")
		}},
	}
}
