package acceptance

import (
	"slices"
	"time"

	"callplane/controller/acd"
	"callplane/dialplan"
)

// queueCallerCases are about what a caller hears and where they go.
func queueCallerCases() []testCase {
	return []testCase{
		{name: "ACD-08_ringing_once_then_the_introduction_then_the_agent", run: func(o *Office) {
			q := o.Queue("400", "101")
			q.Ringback, q.Introduction, q.Breakout = true, "q.intro", dest("102")
			o.leads(3, "400")
			o.Open("101", "102")
			a := o.Outside(3)
			a.Rung()
			o.Quiet("101", time.Second) // nothing is offered before the introduction is over
			a.Answered()
			a.HearsPrompt("q.intro")
			a.Presses("1") // not yet
			x := o.taking("101", a)
			o.Quiet("102", 200*time.Millisecond)
			a.HungUpBoth(x)
		}},
		{name: "ACD-08_no_introduction_when_an_agent_is_free_and_the_queue_says_so", run: func(o *Office) {
			q := o.Queue("400", "101")
			q.Introduction, q.SkipIntroduction = "q.intro", true
			o.leads(3, "400")
			o.Open("101")
			a := o.Outside(3)
			x := o.Offered("101")
			a.Hears(musicHz)
			x.Answers()
			a.TalksTo(x)
			b := o.Outside(3) // nobody is free
			b.Answered()
			b.HearsPrompt("q.intro")
			b.Hears(musicHz)
			a.HungUpBoth(x)
			x = o.taking("101", b)
			b.HungUpBoth(x)
		}},
		{name: "ACD-08_position_and_waiting_time_in_every_language_and_music_between", run: func(o *Office) {
			languages := []string{"en", "de", "nl", "es", "lv"}
			var callers []*Party
			for i, l := range languages {
				n := "40" + string(rune('0'+i))
				q := o.Queue(n)
				q.Language, q.AnnouncePosition, q.AnnounceWait, q.Interval = l, true, true, 13*time.Second
				o.leads(3+i, n)
			}
			o.Open()
			for i := range languages {
				callers = append(callers, o.Joined(3+i))
			}
			second := o.Joined(3)
			callers[0].HearsPrompt("queue.next")
			callers[0].HearsPrompt("queue.wait")
			callers[0].Hears(musicHz)
			second.HearsPrompt("queue.position")
			second.HearsPrompt("queue.wait")
			callers[0].Hangs()
			second.HearsPrompt("queue.next") // one has left
			for _, l := range languages {
				// Two minutes, since nobody has been answered yet.
				for _, key := range []string{"queue.next", "queue.wait", "number.2", "queue.minutes"} {
					o.Spoken(l, key)
				}
			}
			for _, c := range append(callers[1:], second) {
				c.Hangs()
			}
		}},
		{name: "ACD-08_the_waiting_time_is_that_of_those_who_were_answered", run: func(o *Office) {
			q := o.Queue("400", "101")
			q.AnnounceWait, q.Interval = true, 3*time.Second
			o.leads(3, "400")
			o.Open("101")
			a := o.Joined(3)
			x := o.taking("101", a)
			b := o.Joined(3)
			b.Hears(defaultPromptHz) // in a moment
			o.Spoken("en", "queue.soon")
			b.Hangs()
			a.HungUpBoth(x)
		}},
		{name: "ACD-08_ringing_where_there_is_no_music", run: func(o *Office) {
			o.Queue("400").Music = false
			o.leads(3, "400")
			o.Open()
			a := o.Outside(3)
			a.Answered()
			a.Hears(425)
			a.Hangs()
		}},
		{name: "ACD-08_infotainment_is_played_once_each_and_never_interrupted", run: func(o *Office) {
			q := o.Queue("400", "101")
			q.Infotainment = []string{"q.first", "q.second"}
			q.Breakout = dest("102")
			o.Change1("400", logIn(false))
			o.leads(3, "400")
			o.Open("101", "102")
			a := o.Joined(3)
			a.HearsPrompt("q.first")
			o.Change("400", logIn(true))
			o.Quiet("101", 500*time.Millisecond) // the message goes on
			x := o.Offered("101")
			a.Hears(musicHz)
			x.Refuses(486)
			o.Change("400", logIn(false))
			a.HearsPrompt("q.second")
			a.Presses("1")
			o.Quiet("102", 500*time.Millisecond) // only when it is over
			y := a.Reaches("102")
			a.HungUpBoth(y)
		}},
		{name: "ACD-09_a_full_queue_is_busy_or_forwards", run: func(o *Office) {
			o.Queue("400").Limit = 1
			q := o.Queue("401")
			q.Limit, q.Forward = 1, to("102")
			o.leads(3, "400")
			o.leads(4, "401")
			o.Open("102")
			a, b := o.Joined(3), o.Joined(4)
			o.Outside(3).EndedWith(486)
			c := o.Outside(4)
			x := c.Reaches("102")
			c.HungUpBoth(x)
			a.Hangs()
			o.Logged("the caller's end", func(l acd.Line) bool { return l.Kind == acd.RecordLeft && l.Queue == "400" })
			d := o.Joined(3) // there is room again
			d.Hangs()
			b.Hangs()
			o.Logged("refused", func(l acd.Line) bool { return l.Kind == acd.RecordRefused && l.Reason == "full" })
		}},
		{name: "ACD-10_1_leads_out_of_the_queue", run: func(o *Office) {
			o.Queue("400").Breakout = dest("102")
			o.Queue("401")
			o.leads(3, "400")
			o.leads(4, "401")
			o.Open("102")
			a := o.Joined(3)
			a.Presses("2")
			o.Quiet("102", 500*time.Millisecond)
			a.Presses("1")
			x := a.Reaches("102")
			a.HungUpBoth(x)
			b := o.Joined(4)
			b.Presses("1") // leads nowhere
			o.Quiet("102", 500*time.Millisecond)
			b.Hears(musicHz)
			b.Hangs()
		}},
		{name: "ACD-11_after_the_forward_timer_several_destinations_ring_together", run: func(o *Office) {
			q := o.Queue("400", "101")
			q.RingTimeout = 20 * time.Second
			q.Forward = append(to("102", "103"), dialplan.Destination{External: "0612345679"})
			q.ForwardAfter = 3 * time.Second
			o.leads(3, "400")
			o.Open("101", "102", "103")
			o.AddCarrier("second", 0)
			a := o.Joined(3)
			x := o.Offered("101")
			y, z, v := o.Offered("102"), o.Offered("103"), o.OfferedTo("second")
			x.Missed()
			z.Answers()
			a.TalksTo(z)
			y.EndedElsewhere()
			v.EndedElsewhere()
			a.HungUpBoth(z)
		}},
		{name: "ACD-11_individual_forwards_act_only_if_allowed", run: func(o *Office) {
			for i, n := range []string{"400", "401", "402"} {
				q := o.Queue(n)
				q.Forward, q.ForwardAfter, q.AllowForwards = to("102"), time.Second, i > 0
				o.leads(3+i, n)
			}
			o.Change1("402", func(q *dialplan.Queue) { q.Forward = to("102", "104") })
			o.User("102").Forwards.Always = to("103")
			o.Open("102", "103", "104")
			a := o.Outside(3)
			x := o.Offered("102")
			o.Quiet("103", 500*time.Millisecond)
			x.Answers()
			a.TalksTo(x)
			a.HungUpBoth(x)
			a = o.Outside(4)
			x = a.Reaches("103")
			a.HungUpBoth(x)
			a = o.Outside(5)
			x, y := o.Offered("103"), o.Offered("104")
			o.Quiet("102", 200*time.Millisecond)
			x.Answers()
			a.TalksTo(x)
			y.EndedElsewhere()
			a.HungUpBoth(x)
		}},
		{name: "ACD-11_without_an_agent_logged_in_callers_go_elsewhere", run: func(o *Office) {
			o.Queue("400", "101").NoAgent = to("102")
			o.Queue("401") // nobody, and nothing for that: they wait
			o.leads(3, "400")
			o.leads(4, "401")
			o.Open("102") // 101 is logged in, though without a phone
			a := o.Joined(3)
			o.Change("400", logIn(false))
			x := o.Offered("102") // the last one has logged out
			x.Answers()
			a.TalksTo(x)
			b := o.Joined(4)
			b.Hangs()
			a.HungUpBoth(x)
			c := o.Outside(3)
			x = c.Reaches("102")
			c.HungUpBoth(x)
		}},
	}
}

// queueLoginCases are about agents at the phone.
func queueLoginCases() []testCase {
	menu := func(o *Office, ext, code, queue, says string) {
		o.Helper()
		p := o.Dial(ext, code)
		p.Answered()
		p.HearsPrompt("queue.which")
		p.Presses(queue)
		p.HearsPrompt(says)
		p.Ended()
	}
	return []testCase{
		{name: "SYS-903_ACD-05_anyone_logs_in_to_an_open_queue_only_members_to_a_closed_one", run: func(o *Office) {
			o.Queue("400")
			closed := o.Queue("401", "101")
			closed.Open = false
			o.Change1("401", logIn(false))
			o.leads(3, "400")
			o.leads(4, "401")
			o.Open("101", "102")
			a, b := o.Joined(3), o.Joined(4)
			menu(o, "102", "903", "401", "queue.closed")
			o.Quiet("102", 200*time.Millisecond)
			menu(o, "102", "903", "400", "queue.logged_in")
			x := o.taking("102", a)
			menu(o, "101", "903", "401", "queue.logged_in")
			y := o.taking("101", b)
			a.HungUpBoth(x)
			b.HungUpBoth(y)
		}},
		{name: "SYS-903_a_wrong_number_is_asked_for_again_and_903_with_a_line_retrieves_a_parked_call", run: func(o *Office) {
			o.Queue("400")
			o.User("101").Permissions.Parking = true
			o.Open("101", "102")
			p := o.Dial("101", "903")
			p.HearsPrompt("queue.which")
			p.Presses("300")
			p.HearsPrompt("entry.invalid")
			p.HearsPrompt("queue.which")
			p.Presses("400")
			p.HearsPrompt("queue.logged_in")
			p.Ended()
			a := o.Outside(2)
			x := a.Reaches("101")
			x.Presses("*6")
			x.HearsPrompt("park.line")
			x.Ended()
			a.Hears(musicHz)
			y := o.Dial("101", "9031")
			y.TalksTo(a)
			a.HungUpBoth(y)
		}},
		{name: "SYS-904_ACD-04_ACD-05_who_logs_out_gets_no_calls_and_keeps_the_rank", run: func(o *Office) {
			o.Queue("400", "101", "102")
			o.leads(3, "400")
			o.Open("101", "102")
			a := o.Joined(3)
			x := o.Offered("101")
			menu(o, "102", "904", "400", "queue.logged_out")
			menu(o, "102", "904", "400", "queue.not_in")
			x.Answers()
			a.TalksTo(x)
			a.HungUpBoth(x)
			menu(o, "101", "904", "400", "queue.logged_out")
			b := o.Joined(3)
			o.Quiet("101", time.Second)
			menu(o, "102", "903", "400", "queue.logged_in")
			y := o.Offered("102")
			menu(o, "101", "903", "400", "queue.logged_in")
			y.Answers()
			b.TalksTo(y)
			b.HungUpBoth(y)
			c := o.Joined(3)
			x = o.taking("101", c) // the first again
			c.HungUpBoth(x)
			// Another order and another login act at once; who is inactive keeps the place in it.
			o.Change("400", func(q *dialplan.Queue) { slices.Reverse(q.Members); q.Members[1].LoggedIn = false })
			o.AgentsAre("400", "102 free", "101 logged-out")
			d := o.Joined(3)
			y = o.taking("102", d)
			o.Change("400", logIn(true))
			o.AgentsAre("400", "102 talking", "101 free")
			d.HungUpBoth(y)
			e := o.Joined(3)
			y = o.taking("102", e)
			e.HungUpBoth(y)
		}},
		{name: "sys-903_the_database_is_away", run: func(o *Office) {
			o.Queue("400")
			o.b.queues.setAway(o.Account.ID)
			o.Open("101")
			menu(o, "101", "903", "400", "service.unavailable")
		}},
	}
}

// Spoken asserts that a prompt has been asked for in a language.
func (o *Office) Spoken(language, key string) {
	o.Helper()
	o.b.mu.Lock()
	defer o.b.mu.Unlock()
	if said := o.b.spoken[o.Account.ID]; !slices.Contains(said, language+" "+key) {
		o.Errorf("%s was not said in %s: %v", key, language, said)
	}
}
