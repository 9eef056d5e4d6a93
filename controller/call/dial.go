package call

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/dialplan"
)

// Target is one leg that a Dial may originate.
type Target struct {
	To        engine.Target
	Caller    engine.Identity
	Extension string
	Channel   string // holds a slot that Live.Offer counted; given back by the Dial or with the leg
	Trunk     string
	Number    string
	AlertInfo string
	Secure    bool
	Headers   map[string]string // of the INVITE
	// Queue on whose behalf Extension is called as an agent; 0: none. The slot was counted by Live.OfferQueue.
	Queue int64
	// Timeout is how long the far side may take for its first response before
	// the next target in turn is tried; 0: as long as the dial.
	Timeout time.Duration
}

// Party is somebody to ring: the devices of a user, or an external number.
type Party struct {
	Name string // for the trace
	// Together are rung at once.
	Together []Target
	// InTurn are tried one after the other while it is the carrier that fails (5xx, no
	// response), not the callee.
	InTurn []Target
	// Ring is how long to ring this party; 0: as long as the dial.
	Ring time.Duration
	// Missed is asked when the party was not reached; what it returns is rung in its place.
	Missed func(dialplan.Miss) []Party
	// Moved is asked when a device redirects the call (302) to a number.
	Moved func(number string) []Party
}

// Dial is a request to ring parties until the first answers.
type Dial struct {
	Parties []Party
	Timeout time.Duration // 0: the runtime's longest ringing
	// Group whose call it is, for those who pick up; empty: none.
	Group string
	// Manager is the user for whom assistants are rung; empty: nobody.
	Manager string
}

// Dialled is how a Dial ended: with a winner, or why not.
type Dialled struct {
	Winner *Leg
	Miss   dialplan.Miss
	// Cause of the last failure, for a caller who gets the carrier's own answer.
	Cause engine.Cause
	// Rung is how many legs alerted or at least were on their way.
	Rung int
}

// maxParties bounds what redirections and forwards can add to one dial.
const maxParties = 64

// branch is a party being rung.
type branch struct {
	Party
	alive    map[engine.LegID]*Leg
	turn     int
	misses   []dialplan.Miss
	deadline time.Time
	response time.Time // when the leg in turn must have responded
	over     bool
	key      string // of Waiting
}

type dialing struct {
	c        *Call
	d        Dial
	branches []*branch
	deadline time.Time
	result   Dialled
	misses   []dialplan.Miss
	ringback bool
	waits    bool // the caller hears something else until somebody answers
}

// Dial rings all parties at once; the first to answer wins and the others stop, told that
// the call was answered elsewhere (EXT-USR-04, EXT-GRP-01). The caller hears ringing as soon as one
// of them alerts, or the far side's early media when it is the only one. It returns when somebody has
// answered, nobody is left, the time is over, or the caller hung up (error).
func (c *Call) Dial(ctx context.Context, d Dial) (Dialled, error) {
	if d.Timeout <= 0 || d.Timeout > c.rt.limits.Ring {
		d.Timeout = c.rt.limits.Ring
	}
	g := &dialing{c: c, d: d, deadline: c.Now().Add(d.Timeout)}
	defer g.giveBack()
	// Somebody who picks the call up joins it and is the winner.
	c.live.ring(c, d.Group, d.Manager, c.Now())
	c.takes = func(_ *Leg, why Purpose) bool { return why == ToTalk && g.anyAlive() }
	defer func() {
		c.takes = nil
		c.live.quiet(c, g.result.Winner)
	}()
	for _, p := range d.Parties {
		g.add(ctx, p)
	}
	for g.anyAlive() {
		timer, stop := c.rt.clock.Timer(g.nextDeadline().Sub(c.Now()))
		ev, err := c.next(ctx, timer)
		stop()
		switch {
		case errors.Is(err, ErrTimeout):
			if g.expire(ctx, c.Now()) {
				return g.missed(dialplan.MissNoAnswer), nil
			}
		case err != nil:
			g.withdraw(engine.CauseCancelled)
			return g.result, err
		default:
			if err := c.key(ev); err != nil {
				g.withdraw(engine.CauseCancelled)
				return g.result, err
			}
			w := g.event(ctx, ev)
			if j, ok := ev.(Joined); ok {
				w = j.Of
				c.Trace("pickup", w.String()+" picks up")
			}
			if w != nil {
				g.result.Winner = w
				g.withdraw(engine.CauseAnsweredElsewhere)
				c.Trace("dial", w.String()+" answered")
				return g.result, nil
			}
		}
	}
	return g.missed(dialplan.MissOf(g.misses)), nil
}

func (g *dialing) missed(m dialplan.Miss) Dialled {
	g.withdraw(engine.CauseNoAnswer)
	g.result.Miss = m
	return g.result
}

func (g *dialing) anyAlive() bool {
	for _, b := range g.branches {
		if !b.over {
			return true
		}
	}
	return false
}

func (g *dialing) nextDeadline() time.Time { return g.earliest(g.deadline) }

// earliest is the first deadline of a branch, or t.
func (g *dialing) earliest(t time.Time) time.Time {
	for _, b := range g.branches {
		if b.over {
			continue
		}
		if !b.deadline.IsZero() && b.deadline.Before(t) {
			t = b.deadline
		}
		if !b.response.IsZero() && b.response.Before(t) {
			t = b.response
		}
	}
	return t
}

// ringing are the legs of a branch that are left, in the order in which they were called.
func (g *dialing) ringing(b *branch) []*Leg {
	var out []*Leg
	for _, l := range g.c.legs {
		if b.alive[l.ID] != nil {
			out = append(out, l)
		}
	}
	return out
}

// expire ends what has rung long enough; true when the whole dial has.
func (g *dialing) expire(ctx context.Context, now time.Time) bool {
	if !now.Before(g.deadline) {
		g.c.Trace("dial", "nobody answered in "+g.d.Timeout.String())
		return true
	}
	g.expireBranches(ctx, now)
	return false
}

// expireBranches ends parties that have rung long enough, and carriers that do not respond.
func (g *dialing) expireBranches(ctx context.Context, now time.Time) {
	for _, b := range g.branches {
		if b.over {
			continue
		}
		if !b.response.IsZero() && !now.Before(b.response) {
			b.response = time.Time{}
			for _, l := range g.ringing(b) {
				delete(b.alive, l.ID)
				g.c.live.ringAt(g.c, l.Extension, -1)
				g.c.hangup(ctx, l, engine.CauseTimeout)
				g.c.Trace("trunk", l.Trunk+" did not respond")
			}
			g.result.Cause = engine.CauseTimeout
			g.nextInTurn(ctx, b, dialplan.MissUnreachable)
		}
		if !b.deadline.IsZero() && !now.Before(b.deadline) {
			for _, l := range g.ringing(b) {
				g.c.hangup(ctx, l, engine.CauseNoAnswer)
			}
			b.misses = append(b.misses, dialplan.MissNoAnswer)
			g.close(ctx, b)
		}
	}
}

// add begins to ring a party.
func (g *dialing) add(ctx context.Context, p Party) {
	b := &branch{Party: p, alive: make(map[engine.LegID]*Leg)}
	g.branches = append(g.branches, b)
	if len(g.branches) > maxParties && !g.waits {
		g.c.Trace("dial", "too many parties, "+p.Name+" is left out")
		b.over = true
		return
	}
	if p.Ring > 0 {
		b.deadline = g.c.Now().Add(p.Ring)
	}
	for i := range b.Together {
		g.originate(ctx, b, &b.Together[i])
	}
	if len(b.InTurn) > 0 {
		g.originate(ctx, b, &b.InTurn[0])
		b.turn = 1
	}
	if len(b.alive) == 0 {
		g.nextInTurn(ctx, b, dialplan.MissUnreachable)
	}
}

func (g *dialing) originate(ctx context.Context, b *branch, t *Target) {
	c := g.c
	l := newLeg(c.rt.base, c, c.Caller.Engine, engine.LegID(uuid.NewString()))
	l.Extension, l.Channel, l.Trunk, l.Number, l.Queue = t.Extension, t.Channel, t.Trunk, t.Number, t.Queue
	if t.Trunk != "" {
		l.record.Payer = c.Payer
	}
	if t.Channel != "" {
		l.slot, t.Channel = true, "" // the slot is the leg's from here on
	}
	c.live.ringAt(c, l.Extension, 1) // before the phone rings: whoever hears it may pick up
	if l.slot {
		c.live.called(l.Channel)
	}
	point, err := c.checkpointOf(l).encode()
	if err == nil {
		err = l.Engine.Originate(ctx, engine.Originate{
			ID: l.ID, Target: t.To, Caller: t.Caller, Timeout: g.deadline.Sub(c.Now()) + 2*time.Second,
			AlertInfo: t.AlertInfo, Headers: t.Headers, For: c.Caller.ID, Secure: t.Secure, Checkpoint: point, Sink: l.sink,
		})
	}
	if err != nil {
		_ = c.failed(l, "originate "+l.String(), err)
		c.Trace("dial", "calling "+l.String()+" failed: "+err.Error())
		c.live.ringAt(c, l.Extension, -1)
		l.cancel(err)
		c.ended(l, engine.Hangup{Of: engine.Of{ID: l.ID, At: c.Now()}, Cause: engine.CauseCongestion})
		g.result.Cause = engine.CauseCongestion
		b.misses = append(b.misses, dialplan.MissUnreachable)
		return
	}
	b.alive[l.ID] = l
	g.result.Rung++
	if t.Timeout > 0 {
		b.response = g.c.Now().Add(t.Timeout)
	}
}

// event handles one event; it returns the leg that answered, if one did.
func (g *dialing) event(ctx context.Context, ev engine.Event) *Leg {
	var b *branch
	var l *Leg
	for _, x := range g.branches {
		if f := x.alive[ev.Leg()]; f != nil {
			b, l = x, f
		}
	}
	if l == nil {
		return nil // of the caller, or of a leg that lost already
	}
	switch ev := ev.(type) {
	case engine.Ringing:
		b.response = time.Time{}
		g.ring(ctx)
	case engine.EarlyMedia:
		b.response = time.Time{}
		g.earlyMedia(ctx, l)
	case engine.Answered:
		delete(b.alive, l.ID)
		return l
	case engine.Hangup:
		delete(b.alive, l.ID)
		g.c.live.ringAt(g.c, l.Extension, -1)
		g.failed(ctx, b, l, ev)
	}
	return nil
}

// ring lets the caller hear that somebody alerts: 180, or a tone once the call is answered.
func (g *dialing) ring(ctx context.Context) {
	if g.ringback {
		return
	}
	g.ringback = true
	if g.c.Caller.answered {
		_ = g.c.StartTone(ctx, engine.ToneRingback)
		return
	}
	_ = g.c.Ring(ctx)
}

// earlyMedia connects the caller with the announcements or ringing of the far side when there is only one.
func (g *dialing) earlyMedia(ctx context.Context, l *Leg) {
	if g.waits {
		return
	}
	alive := 0
	for _, b := range g.branches {
		alive += len(b.alive)
	}
	if alive != 1 {
		g.ring(ctx)
		return
	}
	c := g.c
	if !c.Caller.answered {
		if c.failed(c.Caller, "open early media to", c.Caller.Engine.Progress(ctx, c.Caller.ID)) != nil {
			return
		}
	}
	g.ringback = true
	_ = c.failed(c.Caller, "bridge early media to", l.Engine.Bridge(ctx, c.Caller.ID, l.ID))
}

// carrierFailed tells causes that are the carrier's fault: another carrier may reach the callee.
func carrierFailed(cause engine.Cause, sip int) bool {
	switch cause {
	case engine.CauseServerError, engine.CauseTimeout, engine.CauseCongestion, engine.CauseEngineLost:
		return sip < 600
	}
	return false
}

// missOf is what the end of an offered leg says about the callee (EXT-USR-05).
func missOf(l *Leg, cause engine.Cause) dialplan.Miss {
	switch cause {
	case engine.CauseBusy:
		return dialplan.MissBusy
	case engine.CauseRejected, engine.CauseForbidden:
		return dialplan.MissRejected
	case engine.CauseNoAnswer, engine.CauseCancelled:
		return dialplan.MissNoAnswer
	}
	if l.ringing || l.early {
		return dialplan.MissNoAnswer // 480 and the like after alerting
	}
	return dialplan.MissUnreachable
}

func (g *dialing) failed(ctx context.Context, b *branch, l *Leg, h engine.Hangup) {
	reason := l.String() + ": " + h.Cause.String()
	if h.SIPStatus != 0 {
		reason += " (" + strconv.Itoa(h.SIPStatus) + ")"
	}
	g.c.Trace("dial", reason)
	g.result.Cause = h.Cause
	if h.Cause == engine.CauseMoved && b.Moved != nil {
		for _, contact := range h.Redirect {
			for _, p := range b.Moved(contact) {
				g.c.Trace("dial", l.String()+" redirects to "+p.Name)
				g.add(ctx, p)
				b.misses = nil
				b.Missed = nil // the redirection has taken the party's place
			}
		}
	}
	m := missOf(l, h.Cause)
	if carrierFailed(h.Cause, h.SIPStatus) && b.turn > 0 {
		g.nextInTurn(ctx, b, m)
		return
	}
	b.misses = append(b.misses, m)
	if len(b.alive) == 0 {
		g.close(ctx, b)
	}
}

// nextInTurn tries the next carriers until one takes the call.
func (g *dialing) nextInTurn(ctx context.Context, b *branch, m dialplan.Miss) {
	b.response = time.Time{}
	for b.turn > 0 && b.turn < len(b.InTurn) && context.Cause(ctx) == nil {
		t := &b.InTurn[b.turn]
		b.turn++
		g.c.Trace("trunk", "next carrier: "+t.Trunk)
		g.originate(ctx, b, t)
		if len(b.alive) > 0 {
			return
		}
	}
	b.misses = append(b.misses, m)
	if len(b.alive) == 0 {
		g.close(ctx, b)
	}
}

// close ends a branch: its forward takes its place, or it counts as missed.
func (g *dialing) close(ctx context.Context, b *branch) {
	if b.over {
		return
	}
	b.over = true
	m := dialplan.MissOf(b.misses)
	if b.Missed != nil && context.Cause(ctx) == nil {
		if more := b.Missed(m); len(more) > 0 {
			for _, p := range more {
				g.c.Trace("dial", b.Name+" "+string(m)+": rings "+p.Name)
				g.add(ctx, p)
			}
			return
		}
	}
	g.misses = append(g.misses, m)
}

// withdraw ends every leg that has not won. It works when the caller has gone, too.
func (g *dialing) withdraw(cause engine.Cause) {
	ctx, cancel := context.WithTimeout(g.c.rt.base, g.c.rt.limits.Cleanup)
	defer cancel()
	for _, b := range g.branches {
		for _, l := range g.ringing(b) {
			g.c.hangup(ctx, l, cause)
		}
		b.over = true
	}
}

// giveBack returns the slots of targets that were never called.
func (g *dialing) giveBack() {
	for _, b := range g.branches {
		for _, ts := range [][]Target{b.Together, b.InTurn} {
			for i := range ts {
				if ts[i].Channel != "" {
					g.c.live.unused(ts[i].Channel, ts[i].Queue != 0)
					ts[i].Channel = ""
				}
			}
		}
	}
}
