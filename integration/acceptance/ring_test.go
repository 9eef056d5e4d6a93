package acceptance

import (
	"strings"

	"callplane/controller/engine"
)

// rings asserts the distinctive ring that the INVITE of a call asks for.
func (p *Party) rings(alert string) {
	p.o.Helper()
	if got := p.call.Header("Alert-Info"); !strings.HasSuffix(got, ";info="+alert) {
		p.o.Errorf("%s: Alert-Info is %q, want %s", p.name, got, alert)
	}
}

func ringCases() []testCase {
	outside := func(i int, who engine.Identity, alert string) func(*Office) {
		return func(o *Office) {
			o.Menu("300").Options["1"] = option("200", "")
			o.Open("101")
			a := o.OutsideFrom(i, who)
			if i == 1 { // the menu leads to the group
				a.HearsPrompt("ivr.choose")
				a.Presses("1")
			}
			b := o.Offered("101")
			b.rings(alert)
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}
	}
	inside := func(number, alert string) func(*Office) {
		return func(o *Office) {
			o.Open("101", "104")
			a := o.Dial("104", number)
			b := o.Offered("101")
			b.rings(alert)
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}
	}
	queue := func(o *Office) {
		o.Queue("400", "101")
		o.leads(3, "400")
		o.Open("101", "104")
		for _, call := range []func() *Party{func() *Party { return o.Outside(3) }, func() *Party { return o.Dial("104", "400") }} {
			a := call()
			b := o.Offered("101")
			b.rings("alert-acd")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
		}
	}
	return []testCase{
		{name: "FEA-RING-01_queue_call", run: queue},
		{name: "FEA-RING-01_internal_call", run: inside("101", "alert-community-1")},
		{name: "FEA-RING-01_group_call_of_a_colleague", run: inside("200", "alert-group")},
		{name: "FEA-RING-01_group_call_from_outside", run: outside(1, engine.Identity{Number: "+31612345678"}, "alert-group")},
		{name: "FEA-RING-01_national_call", run: outside(2, engine.Identity{Number: "+31612345678"}, "alert-external")},
		{name: "FEA-RING-01_international_call", run: outside(2, engine.Identity{Number: "+493012345678"}, "alert-community-2")},
		{name: "FEA-RING-01_withheld_number", run: outside(2, engine.Identity{Number: "+493012345678", Anonymous: true}, "alert-external")},
	}
}
