package flow

import (
	"context"
	"errors"
	"strconv"
	"time"

	"callplane/controller/acd"
	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/media"
)

const (
	// ringOnce is how long the caller hears ringing before the queue, where it wants that.
	ringOnce = 3 * time.Second
	// infotainmentEvery is the time between messages of infotainment (ACD-08).
	infotainmentEvery = time.Minute
	// shortestMusic is how soon what should play on and on may end before it counts as unplayable.
	shortestMusic = time.Second
)

// hearing is what a waiting caller hears.
type hearing uint8

const (
	hearsNothing hearing = iota
	hearsMusic           // or ringing: what plays between announcements
	hearsAnnouncement
	hearsInfotainment
)

// waiting is a caller in a queue.
type waiting struct {
	*Router
	c      *call.Call
	e      *dialplan.Extension
	q      *dialplan.Queue
	ticket *acd.Ticket
	w      *call.Waiting
	place  *call.QueuePlace

	hears    hearing
	began    time.Time // what is heard
	broken   int       // how often the music ended at once
	retry    time.Time // not before this is anything played: the engine could not
	offers   map[acd.AgentID]string
	announce time.Time // next
	held     bool
	asked    bool        // to be held
	leave    *acd.Reason // as soon as nothing is played that may not be interrupted
	done     bool        // the queue knows that the caller has left
}

// queue lets a caller wait for an agent (ACD-01 to ACD-13).
func (r *Router) queue(ctx context.Context, c *call.Call, e *dialplan.Extension, q *dialplan.Queue) (Next, error) {
	if r.cfg.Queues == nil {
		r.refuse(ctx, c, engine.CauseInternal, "call.try_later", "queues are not available")
		return end(), nil
	}
	w := &waiting{Router: r, c: c, e: e, q: q, offers: map[acd.AgentID]string{}}
	next, in, err := w.enter(ctx)
	if !in {
		return next, err
	}
	c.InQueue(w.place)
	defer func() {
		c.InQueue(nil)
		w.w.Close(engine.CauseCancelled)
		if !w.done && !errors.Is(context.Cause(ctx), call.ErrShutdown) {
			w.ticket.Leave(acd.ReasonHungUp)
		}
	}()
	w.w = c.Wait(e.Number, w.place.Joined)
	if err := w.introduce(ctx); err != nil {
		return end(), err
	}
	return w.wait(ctx)
}

// enter gets a place; in is false when the caller goes elsewhere.
func (w *waiting) enter(ctx context.Context) (next Next, in bool, err error) {
	c, q := w.c, w.q
	if b := c.Resume; b != nil && b.Queue != nil && b.Queue.Queue == w.e.ID {
		if w.ticket = w.cfg.Queues.Claim(c.ID); w.ticket != nil {
			w.place = b.Queue
			b.Queue = nil
			// The clock may have been put back since they were written.
			w.place.Joined, w.place.Since = earlier(w.place.Joined, c.Now()), earlier(w.place.Since, c.Now())
			c.Trace("queue", "waits in queue "+w.e.Number+" again since "+w.place.Joined.Format(time.TimeOnly))
			w.held = w.place.Since.IsZero()
			return end(), true, nil
		}
	}
	account := w.cfg.Queues.Account(c.Account.ID)
	if account == nil {
		w.refuse(ctx, c, engine.CauseInternal, "call.try_later", "queue "+w.e.Number+" is not in service")
		return end(), false, nil
	}
	held := q.Ringback || q.Introduction != ""
	t, joined, why, err := account.Join(ctx, acd.Join{Caller: c.ID, Queue: acd.QueueID(w.e.ID), Held: held}, c.Wake)
	if err != nil {
		return end(), false, err
	}
	if t == nil {
		next, err := w.refused(ctx, why)
		return next, false, err
	}
	c.Trace("queue", "waits in queue "+w.e.Number)
	w.ticket, w.held = t, held
	w.place = &call.QueuePlace{Queue: w.e.ID, Joined: joined}
	return end(), true, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// refused is where a caller goes who finds no place (ACD-09, ACD-11).
func (w *waiting) refused(ctx context.Context, why acd.Reason) (Next, error) {
	c, q := w.c, w.q
	switch {
	case why == acd.ReasonNoAgent:
		c.Trace("queue", "no agent of queue "+w.e.Number+" is logged in: goes to "+list(q.NoAgent))
		return w.onward(ctx, q.NoAgent, "no agent")
	case why == acd.ReasonFull && len(q.Forward) > 0:
		c.Trace("queue", "queue "+w.e.Number+" is full: goes to "+list(q.Forward))
		return w.onward(ctx, q.Forward, "full")
	case why == acd.ReasonFull:
		c.Trace("queue", "queue "+w.e.Number+" is full")
		return end(), w.busy(ctx, c)
	}
	w.refuse(ctx, c, engine.CauseNotFound, "call.number_unknown", "queue "+w.e.Number+" does not exist")
	return end(), nil
}

// introduce lets the caller hear ringing once and the introduction, during which nothing else
// happens (ACD-08, ACD-10).
func (w *waiting) introduce(ctx context.Context) error {
	c, q := w.c, w.q
	fresh := w.place.Since.IsZero()
	if fresh && q.Ringback {
		if err := w.ringback(ctx); err != nil {
			return err
		}
	}
	if err := c.Answer(ctx); err != nil {
		return err
	}
	if !fresh {
		return nil
	}
	if q.Introduction != "" {
		skip := false
		if q.SkipIntroduction {
			var err error
			if skip, err = w.cfg.Queues.Account(c.Account.ID).Free(ctx, acd.QueueID(w.e.ID)); err != nil {
				return err
			}
		}
		if skip {
			c.Trace("queue", "an agent is free: no introduction")
		} else if err := c.Play(ctx, c.Prompt(q.Introduction, languageOf(c, q.Language))); err != nil {
			return err
		}
		c.DropDigits()
	}
	w.place.Since = c.Now()
	c.InQueue(w.place)
	if w.held {
		w.held = false
		w.ticket.Release()
	}
	return nil
}

// ringback is heard once: as 180 by who has not been answered yet.
func (w *waiting) ringback(ctx context.Context) error {
	c := w.c
	if c.Caller.Answered() {
		return c.Play(ctx, []engine.Source{{Beep: &engine.Beep{Hz: 425, Duration: time.Second}}, {Silence: ringOnce - time.Second}})
	}
	if err := c.Ring(ctx); err != nil {
		return err
	}
	until := c.Now().Add(ringOnce)
	for c.Now().Before(until) {
		if _, err := w.w.Next(ctx, until); err != nil {
			return err
		}
	}
	return nil
}

// wait is the time between the introduction and an agent.
func (w *waiting) wait(ctx context.Context) (Next, error) {
	c := w.c
	w.announce = w.firstAnnouncement()
	for {
		w.refresh()
		if err := w.obey(ctx); err != nil {
			return end(), err
		}
		if !c.Playing() {
			w.over(c.Now())
		}
		if w.leave != nil && w.hears != hearsInfotainment {
			return w.go1(ctx, *w.leave)
		}
		if err := w.sound(ctx); err != nil {
			return end(), err
		}
		h, err := w.w.Next(ctx, w.due())
		if err != nil {
			return end(), err
		}
		for _, m := range h.Missed {
			id, _ := strconv.ParseInt(m.Key, 10, 64)
			agent := acd.AgentID(id)
			if _, ok := w.offers[agent]; ok {
				c.Trace("queue", "agent "+w.offers[agent]+": "+string(m.Miss))
				delete(w.offers, agent)
				w.ticket.Missed(agent, m.Miss)
			}
		}
		if h.Winner != nil {
			return w.answered(ctx, h)
		}
		if h.Digit == '1' && !w.q.Breakout.IsZero() && w.leave == nil {
			why := acd.ReasonBreakout
			w.leave = &why
		}
		if w.q.ForwardAfter > 0 && len(w.q.Forward) > 0 && w.leave == nil && !c.Now().Before(w.place.Joined.Add(w.q.ForwardAfter)) {
			why := acd.ReasonForward
			w.leave = &why
		}
	}
}

// refresh takes over what has changed in the configuration.
func (w *waiting) refresh() {
	a := w.c.Runtime().Directory.Account(w.c.Account.ID)
	if a == nil || a == w.c.Account {
		return
	}
	w.c.Account = a
	for _, e := range a.Extensions {
		if q, ok := e.Config.(*dialplan.Queue); ok && e.ID == w.e.ID {
			w.e, w.q = e, q
		}
	}
}

// answered connects the caller with an agent, or with who has picked the call up.
func (w *waiting) answered(ctx context.Context, h call.Happened) (Next, error) {
	c := w.c
	id, _ := strconv.ParseInt(h.Key, 10, 64)
	if h.Joined {
		id = 0
		if e := c.Account.Extensions[h.Winner.Extension]; e != nil {
			id = e.ID
		}
	}
	ended := w.ticket.Answered(acd.AgentID(id))
	w.done = true
	h.Winner.Queue = cmpOr(h.Winner.Queue, w.e.ID)
	h.Winner.OnEnd(ended)
	c.InQueue(nil)
	w.w.Close(engine.CauseAnsweredElsewhere)
	c.Trace("queue", h.Winner.String()+" takes the call after "+c.Now().Sub(w.place.Joined).Round(time.Second).String())
	return w.connect(ctx, c, h.Winner)
}

// obey does what the queue has ordered.
func (w *waiting) obey(ctx context.Context) error {
	for _, o := range w.ticket.Orders() {
		switch o.Kind {
		case acd.Offer:
			w.asked = false
			w.offer(ctx, o)
		case acd.Withdraw:
			if _, ok := w.offers[o.Agent]; ok {
				w.c.Trace("queue", "agent "+w.offers[o.Agent]+" is not offered the call any more")
				delete(w.offers, o.Agent)
				w.w.Stop(ctx, keyOf(o.Agent), engine.CauseNoAnswer)
			}
		case acd.Held:
			w.asked, w.held = false, true
			if w.leave != nil {
				continue
			}
			if err := w.infotain(ctx); err != nil {
				return err
			}
		case acd.NoAgents, acd.Gone:
			why := acd.ReasonNoAgent
			if o.Kind == acd.Gone {
				why, w.done = acd.ReasonGone, true
			}
			w.leave = &why
		}
	}
	return nil
}

func keyOf(a acd.AgentID) string { return strconv.FormatInt(int64(a), 10) }

// offer rings an agent.
func (w *waiting) offer(ctx context.Context, o acd.Ordered) {
	c := w.c
	w.offers[o.Agent] = o.Extension
	c.Trace("queue", "offered to agent "+o.Extension)
	e := c.Account.Extensions[o.Extension]
	var p call.Party
	miss := dialplan.MissUnreachable
	switch cfg := configOf(e).(type) {
	case *dialplan.User:
		d := w.offerAgent(c, cfg, o.Second)
		miss = d.Miss
		if len(d.Ring) > 0 {
			p = w.devices(c, e.Number, d.Ring, alertQueue)
		}
	case *dialplan.Forward:
		for _, p = range w.outsideParty(c, cfg.Number, cfg.CallerID) {
			for i := range p.InTurn {
				p.InTurn[i].Extension = e.Number
			}
		}
	}
	p.Moved = nil // it is for the agent and nobody else
	if len(p.Together)+len(p.InTurn) == 0 {
		c.Trace("queue", "agent "+o.Extension+" can't be called: "+string(miss))
		delete(w.offers, o.Agent)
		w.ticket.Missed(o.Agent, miss)
		return
	}
	for _, list := range [][]call.Target{p.Together, p.InTurn} {
		for i := range list {
			list[i].Queue = w.e.ID
		}
	}
	w.w.Ring(ctx, keyOf(o.Agent), p, o.Until.Sub(c.Now()))
}

func configOf(e *dialplan.Extension) dialplan.ExtensionConfig {
	if e == nil || e.Inactive {
		return nil
	}
	return e.Config
}

// offerAgent chooses the devices of an agent; a second call comes in spite of the user's own wish.
func (r *Router) offerAgent(c *call.Call, u *dialplan.User, second bool) (d dialplan.RingDecision) {
	agent := *u
	agent.OfferSecondCall = second
	c.Live().OfferQueue(func(facts func(string) dialplan.DeviceFacts) []*dialplan.Channel {
		d = dialplan.RingUser(&agent, facts)
		return d.Ring
	})
	return d
}

// go1 leads the caller out of the queue.
func (w *waiting) go1(ctx context.Context, why acd.Reason) (Next, error) {
	c, q := w.c, w.q
	if !w.done {
		w.done = true
		w.ticket.Leave(why)
	}
	if err := c.StopPlay(ctx); err != nil { // so that the place can be forgotten
		return end(), err
	}
	c.InQueue(nil)
	w.w.Close(engine.CauseCancelled)
	switch why {
	case acd.ReasonBreakout:
		c.Trace("queue", "the caller breaks out to "+q.Breakout.String())
		return Next{To: []dialplan.Destination{q.Breakout}, Input: true, Reason: "breakout"}, nil
	case acd.ReasonForward:
		c.Trace("queue", "nobody has answered in "+q.ForwardAfter.String()+": goes to "+list(q.Forward))
		return w.onward(ctx, q.Forward, "forward timer")
	case acd.ReasonNoAgent:
		if len(q.NoAgent) > 0 {
			c.Trace("queue", "the last agent has logged out: goes to "+list(q.NoAgent))
			return w.onward(ctx, q.NoAgent, "no agent")
		}
	}
	w.refuse(ctx, c, engine.CauseNotFound, "call.try_later", "queue "+w.e.Number+" does not exist any more")
	return end(), nil
}

// onward sends a caller to destinations, which ring together; the individual forwards of users act only if the queue
// allows it (ACD-11).
func (w *waiting) onward(ctx context.Context, to []dialplan.Destination, why string) (Next, error) {
	c := w.c
	if len(to) == 1 && (w.q.AllowForwards || c.Account.User(to[0].Extension) == nil) {
		return Next{To: to, Reason: why}, nil
	}
	var parties []call.Party
	for _, d := range to {
		u := c.Account.User(d.Extension)
		if u == nil || !w.q.AllowForwards {
			parties = append(parties, w.parties(c, []dialplan.Destination{d}, "", alertDirect(c))...)
			continue
		}
		parties = append(parties, w.withForwards(c, d.Extension, u)...)
	}
	c.At(to[0])
	d, err := c.Dial(ctx, call.Dial{Parties: parties})
	if err != nil {
		return end(), err
	}
	if d.Winner != nil {
		return w.connect(ctx, c, d.Winner)
	}
	return w.missed(ctx, c, d.Miss, nil, "", list(to)), nil
}

// withForwards is a user who is rung together with others, with the forwards of their own.
func (r *Router) withForwards(c *call.Call, extension string, u *dialplan.User) []call.Party {
	follow := func(to []dialplan.Destination) []call.Party {
		return r.parties(c, r.allowed(c, extension, to), "", alertDirect(c))
	}
	if len(u.Forwards.Always) > 0 {
		return follow(u.Forwards.Always)
	}
	d := r.offerUser(c, u)
	if len(d.Ring) == 0 {
		return follow(u.Forwards.On(d.Miss))
	}
	p := r.devices(c, extension, d.Ring, alertDirect(c))
	if len(u.Forwards.NoAnswer) > 0 {
		p.Ring = u.RingTimeout
	}
	p.Missed = func(m dialplan.Miss) []call.Party { return follow(u.Forwards.On(m)) }
	return []call.Party{p}
}

func cmpOr(a, b int64) int64 {
	if a != 0 {
		return a
	}
	return b
}

// say are the sources of prompts, one after the other.
func say(c *call.Call, language string, keys ...string) (out []engine.Source) {
	for _, k := range keys {
		out = append(out, c.Prompt(k, language)...)
	}
	return out
}

// positionKeys and waitKeys say where a caller stands and how long it may take.
func positionKeys(n int) []string {
	if n <= 1 {
		return []string{"queue.next"}
	}
	return append([]string{"queue.position"}, media.SayNumber(n)...)
}

func waitKeys(d time.Duration) []string {
	minutes := int((d + time.Minute - 1) / time.Minute)
	switch {
	case minutes <= 0:
		return []string{"queue.soon"}
	case minutes == 1:
		return []string{"queue.wait_minute"}
	}
	return append(append([]string{"queue.wait"}, media.SayNumber(minutes)...), "queue.minutes")
}
