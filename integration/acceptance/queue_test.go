package acceptance

import (
	"time"

	"callplane/dialplan"
)

// Queue adds a queue with members who are logged in.
func (o *Office) Queue(number string, members ...string) *dialplan.Queue {
	q := &dialplan.Queue{Open: true, Strategy: dialplan.QueueSequential, RingTimeout: 20 * time.Second, Music: true}
	for _, m := range members {
		q.Members = append(q.Members, dialplan.QueueMember{Extension: m, LoggedIn: true, Since: time.Now().Add(-time.Hour)})
	}
	o.Extend(number, "Queue "+number, q)
	return q
}

// Waits asserts that a caller is in a queue and hears its music.
func (p *Party) Waits() {
	p.o.Helper()
	p.Answered()
	p.Hears(musicHz)
}

func queueCases() []testCase {
	return []testCase{
		{name: "acd-01_the_first_caller_gets_the_first_agent_who_is_free", run: func(o *Office) {
			o.Queue("400", "101")
			o.Open("101", "102", "103", "104")
			a := o.Dial("102", "400")
			x := o.Offered("101")
			a.Waits()
			x.Answers()
			a.TalksTo(x)
			// The agent talks: the next two wait, in their order.
			b := o.Dial("103", "400")
			b.Waits()
			c := o.Dial("104", "400")
			c.Waits()
			o.Quiet("101", time.Second)
			a.HungUpBoth(x)
			x = o.Offered("101")
			x.Answers()
			b.TalksTo(x)
			x.HungUpBoth(b)
			x = o.Offered("101")
			x.Answers()
			c.TalksTo(x)
			c.HungUpBoth(x)
		}},
	}
}
