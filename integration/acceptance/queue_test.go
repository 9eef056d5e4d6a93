package acceptance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"callplane/controller/acd"
	"callplane/controller/engine"
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

// Change replaces a queue's configuration while it is in service.
func (o *Office) Change(queue string, f func(*dialplan.Queue)) {
	o.b.queues.change(o.Account.ID, queue, f)
}

// logIn logs every member of a queue in or out.
func logIn(in bool) func(*dialplan.Queue) {
	return func(q *dialplan.Queue) {
		for i := range q.Members {
			q.Members[i].LoggedIn, q.Members[i].Since = in, time.Now()
		}
	}
}

// AgentsAre waits until the agents of a queue are shown in this order and these states.
func (o *Office) AgentsAre(queue string, want ...string) {
	o.Helper()
	o.until(fmt.Sprintf("agents of %s are %v", queue, want), func() bool {
		var got []string
		for _, a := range o.b.hub.Account(o.Account.ID).Board(o.ctx, o.id(queue)).Agents {
			got = append(got, a.Extension+" "+string(a.State))
		}
		return slices.Equal(got, want)
	})
}

// Waits asserts that a caller is in a queue and hears its music.
func (p *Party) Waits() {
	p.o.Helper()
	p.Answered()
	p.Hears(musicHz)
}

// Joined lets an outside caller wait in a queue that number i leads to.
func (o *Office) Joined(i int) *Party {
	o.Helper()
	p := o.Outside(i)
	p.Waits()
	return p
}

// taking lets an agent take a caller and talk.
func (o *Office) taking(agent string, caller *Party) *Party {
	o.Helper()
	return caller.Reaches(agent)
}

// anyOffered waits until one of the agents is offered a call and lets it ring.
func (o *Office) anyOffered(agents ...string) (*Party, string) {
	o.Helper()
	deadline := time.Now().Add(stepTime)
	for time.Now().Before(deadline) {
		for _, a := range agents {
			ctx, cancel := context.WithTimeout(o.ctx, 100*time.Millisecond)
			c, err := o.phones[a].Incoming(ctx)
			cancel()
			if err == nil {
				p := &Party{o: o, name: a, hz: o.phones[a].Hz(), call: c}
				p.step("rings", p.call.Ring)
				return p, a
			}
		}
	}
	o.Fatalf("none of %v is called", agents)
	return nil, ""
}

// Logged waits for a line of the queues' log.
func (o *Office) Logged(what string, ok func(acd.Line) bool) {
	o.Helper()
	o.until("line in the log: "+what, func() bool {
		o.b.queues.mu.Lock()
		defer o.b.queues.mu.Unlock()
		return slices.ContainsFunc(o.b.queues.lines[o.Account.ID], ok)
	})
}

func queueCases() []testCase {
	return slices.Concat(queueAgentCases(), queueStrategyCases(), queueCallerCases(), queueLoginCases(), queueBadCases(), queueRestartCases())
}

// queueAgentCases are about who is available and what an agent gets.
func queueAgentCases() []testCase {
	return []testCase{
		{name: "ACD-01_the_first_caller_gets_the_first_agent_who_is_free", run: func(o *Office) {
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
			x = o.taking("101", b)
			x.HungUpBoth(b)
			x = o.taking("101", c)
			c.HungUpBoth(x)
		}},
		{name: "ACD-01_agents_are_free_when_no_queue_has_them_their_phone_is_there_and_they_are_not_in_a_call", run: func(o *Office) {
			o.Queue("400", "101", "102", "103")
			o.Queue("401", "101")
			o.Change1("400", func(q *dialplan.Queue) { q.Members[2].LoggedIn = false })
			o.leads(3, "400")
			o.leads(4, "401")
			o.AddUser("105", "Eve")
			o.Open("101", "103", "104", "105") // 102's phone is not there, 103 is not logged in
			a := o.Joined(4)
			x := o.Offered("101")
			b := o.Joined(3) // 101 rings for the other queue
			o.Quiet("101", time.Second)
			x.Answers()
			a.TalksTo(x) // and then talks for it
			o.Quiet("101", time.Second)
			o.Quiet("103", 200*time.Millisecond)
			b.Hangs()
			a.HungUpBoth(x)
			// A call that is no queue's counts, too.
			d := o.Dial("101", "105")
			y := d.Reaches("105")
			b = o.Joined(3)
			o.Quiet("101", time.Second)
			d.HungUpBoth(y)
			x = o.taking("101", b)
			b.HungUpBoth(x)
		}},
		{name: "ACD-01_a_second_call_is_offered_where_the_queue_wants_that", run: func(o *Office) {
			o.Queue("400", "101").SecondCall = true
			o.leads(3, "400")
			o.User("101").OfferSecondCall = false // the queue decides
			o.Open("101")
			a := o.Joined(3)
			x := o.taking("101", a)
			b := o.Joined(3)
			y := o.Offered("101")
			c := o.Joined(3) // a third is not
			o.Quiet("101", time.Second)
			y.Answers()
			b.TalksTo(y)
			c.Hangs()
			b.HungUpBoth(y)
			a.HungUpBoth(x)
		}},
		{name: "ACD-02_each_free_agent_is_offered_another_caller_in_their_order", run: func(o *Office) {
			o.Queue("400", "101", "102")
			o.Change1("400", logIn(false))
			o.leads(3, "400")
			o.Open("101", "102")
			a, b, c := o.Joined(3), o.Joined(3), o.Joined(3)
			o.Change("400", logIn(true))
			x, y := o.Offered("101"), o.Offered("102")
			y.Answers()
			b.TalksTo(y)
			x.Answers()
			a.TalksTo(x)
			b.HungUpBoth(y)
			y = o.taking("102", c)
			a.HungUpBoth(x)
			c.HungUpBoth(y)
		}},
		{name: "ACD-06_agents_have_a_ring_timeout_a_cool_down_and_a_weight_of_their_own", run: func(o *Office) {
			ring, cool, weight := 2*time.Second, 4*time.Second, 9
			q := o.Queue("400", "101", "102")
			q.Members[0].RingTimeout, q.Members[0].CoolDown, q.Members[0].Weight = &ring, &cool, &weight
			heavy := o.Queue("401", "101")
			heavy.Weight = 5
			o.leads(3, "400")
			o.leads(4, "401")
			o.Open("101", "102")
			a := o.Joined(3)
			o.Offered("101").Missed() // after 2 s, not 20
			y := o.taking("102", a)
			b := o.Joined(3)
			x := o.taking("101", b)
			c, d := o.Joined(4), o.Joined(3) // for 101 the lighter queue is heavier
			b.HungUpBoth(x)
			o.Quiet("101", 2*time.Second) // the cool-down
			x = o.taking("101", d)
			d.HungUpBoth(x)
			c.Hangs()
			a.HungUpBoth(y)
		}},
		{name: "ACD-07_an_agent_of_several_queues_gets_the_call_of_the_heaviest", run: func(o *Office) {
			o.Queue("400", "101").Weight = 10
			o.Queue("401", "101").Weight = 90
			o.leads(3, "400")
			o.leads(4, "401")
			o.Open("101")
			a := o.Joined(3)
			x := o.taking("101", a)
			light, heavy := o.Joined(3), o.Joined(4)
			a.HungUpBoth(x)
			x = o.taking("101", heavy)
			heavy.HungUpBoth(x)
			x = o.taking("101", light)
			light.HungUpBoth(x)
		}},
		{name: "ACD-12_a_missed_offer_goes_on_and_the_caller_keeps_the_place", run: func(o *Office) {
			q := o.Queue("400", "101", "102")
			q.RingTimeout, q.CoolDown = 2*time.Second, 3*time.Second
			q.Members[1].LoggedIn = false
			o.leads(3, "400")
			o.Open("101", "102")
			a := o.Joined(3)
			x := o.Offered("101")
			b := o.Joined(3)
			x.Missed()
			x = o.Offered("101") // the same caller, not the next
			x.Refuses(486)
			o.Quiet("101", time.Second) // a phone that refuses is left alone for a while
			x = o.taking("101", a)
			a.HungUpBoth(x)
			o.Quiet("101", 2*time.Second) // the cool-down
			x = o.taking("101", b)
			b.HungUpBoth(x)
		}},
		{name: "ACD-13_EXT-FWD-01_members_are_users_and_forward_extensions", run: func(o *Office) {
			o.Extend("600", "Mobile", &dialplan.Forward{Number: "0612345679", CallerID: dialplan.ForwardCalling})
			o.Queue("400", "600", "101")
			o.leads(3, "400")
			o.Open("101")
			o.AddCarrier("second", 0)
			a := o.Joined(3)
			x := o.OfferedTo("second")
			x.Answers()
			a.TalksTo(x)
			b := o.Joined(3) // the number outside talks
			y := o.taking("101", b)
			x.HungUpBoth(a)
			c := o.Joined(3)
			x = o.OfferedTo("second")
			x.Answers()
			c.TalksTo(x)
			c.HungUpBoth(x)
			b.HungUpBoth(y)
		}},
		{name: "FEA-PICK-01_anybody_picks_up_what_rings_for_an_open_queue_the_longest_waiting_first", run: func(o *Office) {
			o.Queue("400", "101", "102").Members[1].LoggedIn = false
			o.leads(3, "400")
			o.Open("101", "102", "103", "104")
			a := o.Joined(3)
			x := o.Offered("101")
			o.Change("400", func(q *dialplan.Queue) { q.Members[1].LoggedIn = true })
			time.Sleep(10 * time.Millisecond) // in memory no time goes by, and of two at one instant nobody waits longer
			b := o.Joined(3)
			y := o.Offered("102")
			p := o.Dial("103", "*8400")
			p.TalksTo(a)
			x.EndedElsewhere()
			r := o.Dial("104", "*8400")
			r.TalksTo(b)
			y.EndedElsewhere()
			a.HungUpBoth(p)
			r.HungUpBoth(b)
		}},
		{name: "fac-blf-01_the_lamp_of_a_queue_flashes_while_somebody_waits_and_the_key_picks_up", run: func(o *Office) {
			o.Queue("400", "101")
			closed := o.Queue("401", "102")
			closed.Open, closed.Members[0].LoggedIn = false, false
			o.leads(3, "400")
			o.leads(4, "401")
			other := newOffice(o.ctx, o.T, o.b)
			other.Queue("400")
			o.Open("101", "102", "103")
			other.Open("101")
			o.BLF("103", "400", engine.Idle)
			o.BLF("102", "401", engine.Idle)
			o.Dark("103", "401") // no member
			other.BLF("101", "400", engine.Idle)
			a := o.Joined(3)
			o.BLF("103", "400", engine.Alerting)
			x := o.Offered("101")
			b := o.Joined(4)
			o.BLF("102", "401", engine.Alerting)
			other.Dark("101", "401")
			other.BLF("101", "400", engine.Idle)
			p := o.Dial("103", "**400") // as the lamp's target is
			p.TalksTo(a)
			x.EndedElsewhere()
			o.BLF("103", "400", engine.Idle)
			b.Hangs()
			o.BLF("102", "401", engine.Idle)
			a.HungUpBoth(p)
		}},
		{name: "FEA-PICK-01_only_members_pick_up_what_rings_for_a_closed_queue", run: func(o *Office) {
			q := o.Queue("400", "101", "102")
			q.Open, q.Members[1].LoggedIn = false, false
			o.leads(3, "400")
			o.Open("101", "102", "103")
			a := o.Joined(3)
			x := o.Offered("101")
			o.Dial("103", "*8400").EndedWith(403)
			p := o.Dial("102", "*8400")
			p.TalksTo(a)
			x.EndedElsewhere()
			a.HungUpBoth(p)
		}},
	}
}

// Change1 changes a queue before the company is in service.
func (o *Office) Change1(queue string, f func(*dialplan.Queue)) {
	f(o.Account.Extensions[queue].Config.(*dialplan.Queue))
}

// queueStrategyCases are one for each strategy.
func queueStrategyCases() []testCase {
	three := []string{"101", "102", "103"}
	with := func(s dialplan.QueueStrategy, run func(*Office)) testCase {
		return testCase{name: "ACD-03_" + string(s), run: func(o *Office) {
			q := o.Queue("400", three...)
			q.Strategy, q.RingTimeout = s, 3*time.Second
			o.leads(3, "400")
			o.Open(three...)
			run(o)
		}}
	}
	// only asserts that no other agent has been called meanwhile.
	only := func(o *Office, called ...string) {
		o.Helper()
		for _, agent := range three {
			if !slices.Contains(called, agent) {
				o.Quiet(agent, 100*time.Millisecond)
			}
		}
	}
	// once lets the agents take and end a call each, in this order.
	once := func(o *Office, agents ...string) {
		o.Helper()
		for _, agent := range agents {
			a := o.Joined(3)
			x := o.taking(agent, a)
			only(o, agent)
			a.HungUpBoth(x)
		}
	}
	// missing lets an agent miss a call that the next takes.
	missing := func(o *Office, misses, takes string) {
		o.Helper()
		a := o.Joined(3)
		o.Offered(misses).Missed()
		x := o.taking(takes, a)
		only(o, misses, takes)
		a.HungUpBoth(x)
	}
	return []testCase{
		with(dialplan.QueueSequential, func(o *Office) {
			once(o, "101", "101")
			missing(o, "101", "102")
			once(o, "101")
		}),
		with(dialplan.QueueSequentialMemory, func(o *Office) {
			once(o, "101")
			missing(o, "101", "102")
			once(o, "102")
			missing(o, "102", "103")
			missing(o, "103", "101")
		}),
		with(dialplan.QueueRoundRobin, func(o *Office) {
			once(o, "101", "102")
			missing(o, "103", "101")
			once(o, "102")
		}),
		with(dialplan.QueueLongestIdle, func(o *Office) {
			once(o, "101", "102", "103", "101")
			missing(o, "102", "103") // an offer counts, answered or not
			once(o, "101")
		}),
		with(dialplan.QueueFewestCalls, func(o *Office) {
			once(o, "101")
			missing(o, "102", "103")
			once(o, "102") // who has been offered last, but has answered none
		}),
		with(dialplan.QueueLeastTalk, func(o *Office) {
			a := o.Joined(3)
			x := o.taking("101", a)
			b := o.Joined(3)
			y := o.taking("102", b)
			time.Sleep(3 * time.Second) // the talk
			b.HungUpBoth(y)
			a.HungUpBoth(x)
			once(o, "103") // has not talked yet
			once(o, "103") // least, though called last
		}),
		with(dialplan.QueueRandom, func(o *Office) {
			// Nobody is tried twice before all have been.
			a := o.Joined(3)
			var rung []string
			for range three {
				x, agent := o.anyOffered(three...)
				if slices.Contains(rung, agent) {
					o.Errorf("%s is tried twice: %v", agent, rung)
				}
				rung = append(rung, agent)
				if len(rung) == len(three) {
					x.Answers()
					a.TalksTo(x)
					a.HungUpBoth(x)
					break
				}
				x.Missed()
			}
		}),
		with(dialplan.QueueRingAll, func(o *Office) {
			a := o.Joined(3)
			x, y, z := o.Offered("101"), o.Offered("102"), o.Offered("103")
			y.Answers()
			a.TalksTo(y)
			x.EndedElsewhere()
			z.EndedElsewhere()
			b := o.Joined(3)
			x, z = o.Offered("101"), o.Offered("103")
			z.Answers()
			b.TalksTo(z)
			x.EndedElsewhere()
			a.HungUpBoth(y)
			b.HungUpBoth(z)
		}),
	}
}

// queueRestartCases are about the controller's restart (ACD-15).
func queueRestartCases() []testCase {
	return []testCase{
		{name: "acd-15_callers_wait_on_while_the_controller_does_not_reach_the_engine", alone: true, run: linkLost},
		{name: "ACD-15_callers_keep_their_place_and_agents_their_calls_when_the_controller_restarts", alone: true, run: func(o *Office) {
			q := o.Queue("400", "101")
			q.AnnouncePosition, q.Interval = true, 8*time.Second
			o.leads(3, "400")
			o.Open("101", "102")
			a := o.Joined(3)
			x := o.taking("101", a)
			var waiting []*Party
			for range 3 {
				waiting = append(waiting, o.Joined(3))
				time.Sleep(10 * time.Millisecond) // they come one after the other
			}
			b, d := waiting[0], waiting[2]
			came := time.Now()
			o.b.stop()
			o.do("new controller", func(ctx context.Context) error { return o.b.start(ctx, logTo(o.T)) })
			a.TalksTo(x)
			o.Quiet("101", time.Second) // talks still
			d.HearsPrompt("queue.position")
			// The announcements go on by the caller's own clock: each 8 s since the entry.
			if late := (time.Since(came) + time.Second) % q.Interval; late > 4*time.Second {
				o.Errorf("the position is told %v after the entry", time.Since(came))
			}
			b.Hears(musicHz)
			for i, p := range waiting {
				if place := o.b.hub.Account(o.Account.ID).Board(o.ctx, o.id("400")); place.Waiting != 3-i {
					o.Errorf("%d wait, want %d", place.Waiting, 3-i)
				}
				a.HungUpBoth(x)
				a, x = p, o.taking("101", p)
			}
			a.HungUpBoth(x)
			o.Logged("wait of the last", func(l acd.Line) bool { return l.Kind == acd.RecordAnswered && l.Waited > 3*time.Second })
		}},
	}
}

// linkLost: the controller can't reach the engine for longer than something is to be said to who waits.
func linkLost(o *Office) {
	q := o.Queue("400", "101")
	q.AnnouncePosition, q.Interval = true, 6*time.Second
	o.Change1("400", logIn(false))
	o.leads(3, "400")
	o.Open("101")
	a := o.Joined(3)
	o.b.backend.Cut()
	o.talkFor(q.Interval + time.Second)
	o.b.backend.Mend()
	a.HearsPrompt("queue.next")
	a.Hears(musicHz)
	o.Change("400", logIn(true))
	x := o.taking("101", a)
	a.HungUpBoth(x)
}

func (o *Office) id(ext string) acd.QueueID { return acd.QueueID(o.Account.Extensions[ext].ID) }

// queueBadCases are about what an administrator can get wrong.
func queueBadCases() []testCase {
	return []testCase{
		{name: "acd-09_a_queue_that_is_deleted_lets_its_callers_go", run: func(o *Office) {
			o.Queue("400")
			o.leads(3, "400")
			o.Open("101")
			a := o.Joined(3)
			o.b.queues.remove(o.Account.ID, "400")
			a.Ended()
			o.Logged("the callers' end", func(l acd.Line) bool {
				return l.Kind == acd.RecordLeft && l.Reason == string(acd.ReasonGone) && l.Queue == "400"
			})
		}},
		{name: "ACD-01_acd-12_agents_who_pause_get_no_calls_and_wrap_up_is_shown", run: func(o *Office) {
			q := o.Queue("400", "101", "102")
			q.CoolDown = 3 * time.Second
			o.leads(3, "400")
			o.Open("101", "102")
			o.Change("400", func(q *dialplan.Queue) { q.Members[0].Paused = "Lunch" })
			o.AgentsAre("400", "101 paused", "102 free")
			a := o.Joined(3)
			x := o.Offered("102")
			o.AgentsAre("400", "101 paused", "102 ringing")
			x.Answers()
			a.TalksTo(x)
			b := o.Joined(3)
			o.Quiet("101", time.Second)
			a.HungUpBoth(x)
			o.AgentsAre("400", "101 paused", "102 wrap-up")
			o.Change("400", func(q *dialplan.Queue) { q.Members[0].Paused = "" })
			y := o.taking("101", b)
			b.HungUpBoth(y)
			o.Logged("the end of the pause", func(l acd.Line) bool { return l.Kind == acd.RecordResumed && l.Agent == "101" })
		}},
		{name: "acd-11_without_agents_and_forwards_callers_wait_until_they_hang_up", run: func(o *Office) {
			o.Queue("400")
			o.Queue("401", "101")
			o.Change1("401", logIn(false))
			o.leads(3, "400")
			o.leads(4, "401")
			o.Open("101")
			a, b := o.Joined(3), o.Joined(4)
			o.Quiet("101", time.Second)
			a.Hears(musicHz)
			a.Hangs()
			o.Logged("the caller's end", func(l acd.Line) bool { return l.Queue == "400" && l.Reason == string(acd.ReasonHungUp) })
			o.Change("401", logIn(true))
			x := o.taking("101", b)
			b.HungUpBoth(x)
		}},
		{name: "acd-13_an_agent_who_is_deleted_while_it_rings_stops_ringing", run: func(o *Office) {
			o.Queue("400", "101", "102")
			o.leads(3, "400")
			o.Open("101", "102")
			a := o.Joined(3)
			x := o.Offered("101")
			o.b.queues.remove(o.Account.ID, "101")
			x.Missed()
			y := o.taking("102", a)
			a.HungUpBoth(y)
		}},
		{name: "acd-13_members_that_do_not_exist_are_left_out", run: func(o *Office) {
			o.Queue("400", "199", "300", "101")
			o.leads(3, "400")
			o.Open("101")
			a := o.Joined(3)
			x := o.taking("101", a)
			a.HungUpBoth(x)
		}},
		{name: "acd-11_two_queues_that_forward_to_each_other_end_as_a_loop", run: func(o *Office) {
			for i, n := range []string{"400", "401"} {
				q := o.Queue(n)
				q.Forward, q.ForwardAfter = to(fmt.Sprint(401-i)), 10*time.Millisecond
			}
			o.leads(3, "400")
			o.Open()
			a := o.Outside(3)
			a.Ended()
			o.Traced(1, "without end")
		}},
		{name: "acd-08_what_can_not_be_played_does_not_keep_a_caller_from_an_agent", run: func(o *Office) {
			q := o.Queue("400", "101")
			q.Introduction, q.Infotainment = "missing", []string{"missing"}
			o.leads(3, "400")
			o.Open("101")
			a := o.Outside(3)
			x := o.taking("101", a)
			a.HungUpBoth(x)
		}},
	}
}
