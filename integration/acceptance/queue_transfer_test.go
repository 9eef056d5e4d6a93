package acceptance

import "time"

// queueTransferCases are transfers of calls that came through a queue, and to one.
func queueTransferCases() []testCase {
	// waits asserts how many callers are in a queue.
	waits := func(o *Office, queue string, n int) {
		o.Helper()
		o.until("callers in "+queue, func() bool { return o.b.hub.Account(o.Account.ID).Board(o.ctx, o.id(queue)).Waiting == n })
	}
	return []testCase{
		{name: "FEA-XFER-01_FEA-XFER-03_acd-01_an_agent_transfers_a_queues_call_and_is_free", run: func(o *Office) {
			o.Queue("400", "101")
			o.leads(3, "400")
			o.User("102").RingTimeout = 3 * time.Second
			o.Open("101", "102")
			a := o.Joined(3)
			x := o.taking("101", a)
			b := o.Joined(3)
			x.Sends("##*102#")
			x.Ended()
			y := o.Offered("102")
			x = o.taking("101", b) // the next caller of the queue
			y.Answers()
			a.TalksTo(y)
			a.HungUpBoth(y)
			// Nobody answers: the caller comes back to the agent and not into the queue.
			x.Transfers("102")
			x.Ended()
			o.Offered("102").Missed()
			x = b.Reaches("101")
			waits(o, "400", 0)
			b.HungUpBoth(x)
		}},
		{name: "FEA-XFER-02_FEA-XFER-03_acd-01_an_agent_consults_with_a_queues_caller_on_hold", run: func(o *Office) {
			o.Queue("400", "101")
			o.leads(3, "400")
			o.Open("101", "102")
			a := o.Joined(3)
			x := o.taking("101", a)
			b := o.Joined(3)
			x.Presses("##102#")
			y := x.Reaches("102")
			a.Hears(musicHz)
			o.AgentsAre("400", "101 talking")
			x.Presses("*#")
			y.Ended()
			a.TalksTo(x)
			x.Presses("##102#")
			y = x.Reaches("102")
			x.Hangs()
			a.TalksTo(y)
			x = o.taking("101", b)
			a.HungUpBoth(y)
			b.HungUpBoth(x)
		}},
		{name: "FEA-XFER-02_FEA-XFER-03_a_queue_is_consulted_and_gets_the_call", run: func(o *Office) {
			o.Queue("400", "102")
			o.Change1("400", logIn(false))
			o.Open("101", "102")
			a, b := o.held()
			b.Presses("400#")
			b.Hears(musicHz)
			waits(o, "400", 1)
			b.Presses("1") // ends the consultation
			waits(o, "400", 0)
			b.Hears()
			b.Presses("400#")
			b.Hears(musicHz)
			o.Change("400", logIn(true))
			x := b.Reaches("102")
			a.Hears(musicHz)
			b.Hangs()
			a.TalksTo(x)
			o.AgentsAre("400", "102 talking")
			a.HungUpBoth(x)
			o.AgentsAre("400", "102 free")
			// Who hangs up while waiting there sends the caller there.
			o.Change("400", logIn(false))
			a, b = o.held()
			b.Presses("400#")
			b.Hears(musicHz)
			oldest := func() time.Time { return o.b.hub.Account(o.Account.ID).Board(o.ctx, o.id("400")).Oldest }
			before := oldest()
			b.Hangs()
			o.until("the caller waits in its place", func() bool { return oldest().After(before) })
			a.Waits()
			waits(o, "400", 1)
			o.Change("400", logIn(true))
			x = o.taking("102", a)
			a.HungUpBoth(x)
		}},
		{name: "FEA-XFER-01_a_call_is_transferred_to_a_queue", run: func(o *Office) {
			o.Queue("400", "102")
			o.Change1("400", logIn(false))
			o.Open("101", "102")
			for _, how := range []func(*Party){func(p *Party) { p.Transfers("400") }, func(p *Party) { p.Sends("##*400#") }} {
				a := o.Outside(2)
				b := a.Reaches("101")
				how(b)
				b.Ended()
				a.Waits()
				o.Quiet("101", 200*time.Millisecond)
				o.Change("400", logIn(true))
				x := o.taking("102", a)
				a.HungUpBoth(x)
				o.Change("400", logIn(false))
			}
		}},
		{name: "fea-xfer-02_acd-15_restart_while_a_queue_is_consulted", alone: true, run: func(o *Office) {
			o.Queue("400", "102")
			o.Change1("400", logIn(false))
			o.leads(3, "400")
			o.Open("101", "102")
			a, b := o.held()
			b.Presses("400#")
			b.Hears(musicHz)
			c := o.Joined(3)
			o.restart()
			a.Hears(musicHz)
			waits(o, "400", 1) // who was on the way to a colleague has no place any more
			o.Change("400", logIn(true))
			x := o.taking("102", c)
			b.Presses("*#")
			a.TalksTo(b)
			c.HungUpBoth(x)
			a.HungUpBoth(b)
		}},
		{name: "fea-xfer-02_acd-15_restart_while_an_agent_consults", alone: true, run: func(o *Office) {
			o.Queue("400", "101")
			o.leads(3, "400")
			o.Open("101", "102")
			a := o.Joined(3)
			x := o.taking("101", a)
			b := o.Joined(3)
			x.Presses("##102#")
			y := x.Reaches("102")
			o.restart()
			x.TalksTo(y)
			o.AgentsAre("400", "101 talking")
			x.Hangs()
			a.TalksTo(y)
			x = o.taking("101", b)
			a.HungUpBoth(y)
			b.HungUpBoth(x)
		}},
	}
}
