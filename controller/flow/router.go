// Package flow is what a call goes through: where it comes from, and one file for each type
// of extension. Rules are dialplan's; flows ask them, act and wait.
package flow

import (
	"context"
	"strconv"
	"time"

	"callplane/controller/acd"
	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/controller/voicemail"
	"callplane/dialplan"
)

// Next is where a call goes after a step; without To it ends.
type Next struct {
	// To is rung simultaneously when there are several; a single one may be anything.
	To []dialplan.Destination
	// Prefix is added to the display.
	Prefix string
	// CallerID of the leg when To is an external number.
	CallerID dialplan.ForwardCallerID
	// By is the user at whose wish the call goes there, who must be allowed to call To; empty: the account's.
	By string
	// Input tells that the caller chose this by pressing keys: no loop of ours.
	Input  bool
	Reason string
}

func end() Next { return Next{} }

// Limits of routing.
type Limits struct {
	// Hops without any input of the caller before the call is cut as a loop.
	Hops int
	// Steps in all.
	Steps int
	// DialChars is the longest dialled string that is looked at.
	DialChars int
	// Infotainment is the time between the messages that somebody in a queue hears.
	Infotainment time.Duration
}

// Config is what flows work with, one field a feature that keeps something. A field that is nil
// makes its feature refuse calls.
type Config struct {
	Limits Limits
	// Ends tells kinds of extensions at which a call ends that is only simulated; nil: none.
	Ends func(dialplan.Kind) bool
	// Plans makes numbering plans active by telephone (NP-IVR).
	Plans Plans
	// Queues are the live queues (ACD), QueueAgents keeps who is logged in to them.
	Queues      *acd.Hub
	QueueAgents QueueAgents
	// Desk keeps logins, PINs and forwards.
	Desk Desk
	// Assistant tells that recordings are analysed, without which the personal assistant serves nobody.
	Assistant bool
	// Audio keeps what is recorded at phones (SYS-905).
	Audio AudioKeeper
	// Voicemail are the boxes.
	Voicemail *voicemail.Boxes
	// Streams are media streams to voice bots; nil: the bot's own address is called.
	Streams Streams
}

// StepReached is the step of a trace with which a simulated call ends at an extension (Config.Ends).
const StepReached = "reached"

// Router is the flow of every call.
type Router struct {
	cfg    Config
	limits Limits
}

// NewRouter returns a router; zero limits are 30 hops, 500 steps, 64 characters and a minute.
func NewRouter(cfg Config) *Router {
	l := cfg.Limits
	if l.Hops == 0 {
		l.Hops = 30
	}
	if l.Steps == 0 {
		l.Steps = 500
	}
	if l.Infotainment == 0 {
		l.Infotainment = infotainmentEvery
	}
	if l.DialChars == 0 {
		l.DialChars = 64
	}
	return &Router{cfg: cfg, limits: l}
}

// Run takes a call from its first INVITE to its end.
func (r *Router) Run(ctx context.Context, c *call.Call) error {
	if c.Resume != nil && r.cfg.Queues != nil {
		defer func() {
			// It waited before a restart, and has not come back to its place.
			if t := r.cfg.Queues.Claim(c.ID); t != nil {
				t.Leave(acd.ReasonHungUp)
			}
		}()
	}
	next, err := r.begin(ctx, c)
	return r.route(c, next, err)
}

// route takes one step after the other.
func (r *Router) route(c *call.Call, next Next, err error) error {
	next, err = r.back(c)(next, err)
	hops := 0
	for steps := 0; err == nil && len(next.To) > 0; steps++ {
		if next.Input {
			hops = 0
		}
		if hops++; hops > r.limits.Hops || steps >= r.limits.Steps {
			c.ReturnTo = dialplan.Destination{}
			r.refuse(c.Context(), c, engine.CauseLoop, "call.try_later",
				"the call went through "+strconv.Itoa(steps)+" steps without end, the last to "+next.To[0].String())
			return nil
		}
		next, err = r.back(c)(r.step(c.Context(), c, next))
	}
	return err
}

// back sends a call that was transferred, and ends without an answer, back to who transferred it.
func (r *Router) back(c *call.Call) func(Next, error) (Next, error) {
	return func(next Next, err error) (Next, error) {
		for err == nil && len(next.To) == 0 && !c.ReturnTo.IsZero() {
			next, err = r.comeBack(c.Context(), c)
		}
		return next, err
	}
}

func (r *Router) begin(ctx context.Context, c *call.Call) (Next, error) {
	if c.Resume == nil {
		return r.arrive(ctx, c)
	}
	switch l := c.Resume.Talking; {
	case c.Resume.Held != nil:
		return r.goOn(c, func() (settled, error) { return r.resumed(c) })
	case c.Caller.Role() == call.RoleHeld:
		return r.goOn(c, func() (settled, error) { return r.orphaned(c) })
	case l != nil && c.Account.StreamBot(l.Extension):
		return r.botAgain(ctx, c, l)
	case l != nil:
		return r.connect(ctx, c, l)
	}
	c.DropOthers(ctx)
	if c.Resume.Destination.IsZero() {
		return r.arrive(ctx, c)
	}
	return Next{To: []dialplan.Destination{c.Resume.Destination}, Input: true, Reason: "restart"}, nil
}

// step does one destination, by the configuration as it is now.
func (r *Router) step(ctx context.Context, c *call.Call, next Next) (Next, error) {
	if a := c.Runtime().Directory.Account(c.Account.ID); a != nil {
		c.Account = a
	}
	c.Prefix = dialplan.JoinPrefix(c.Prefix, next.Prefix)
	if len(next.To) > 1 {
		return r.several(ctx, c, next)
	}
	to := next.To[0]
	if next.By != "" && c.Account.OwnVoicemail(to) {
		to = dialplan.Destination{Mailbox: next.By}
	}
	c.At(to)
	if to.External != "" && next.By != "" {
		c.Payer = next.By
	}
	if to.Mailbox != "" {
		if r.cfg.Ends != nil && r.cfg.Ends(dialplan.KindVoicemail) {
			c.Trace(StepReached, "voicemail of "+to.Mailbox)
			c.End(engine.CauseNormal)
			return end(), nil
		}
		c.ReturnTo = dialplan.Destination{}
		return r.leaveMessage(ctx, c, to.Mailbox)
	}
	if to.External != "" {
		if next.By != "" && r.bars(ctx, c, next.By, to.External) {
			return end(), nil
		}
		return r.external(ctx, c, to.External, next.CallerID)
	}
	e := c.Account.Extensions[to.Extension]
	if e == nil {
		r.refuse(ctx, c, engine.CauseNotFound, "call.number_unknown", "extension "+to.Extension+" does not exist")
		return end(), nil
	}
	if e.Inactive {
		r.refuse(ctx, c, engine.CauseNotFound, "call.number_unknown", "extension "+e.Number+" is not in service")
		return end(), nil
	}
	if r.cfg.Ends != nil && r.cfg.Ends(e.Config.Kind()) {
		c.Trace(StepReached, string(e.Config.Kind())+" "+e.Number)
		c.End(engine.CauseNormal)
		return end(), nil
	}
	switch e.Config.Kind() {
	case dialplan.KindIVR, dialplan.KindAutoAnswer, dialplan.KindQueue, dialplan.KindVoicemail:
		c.ReturnTo = dialplan.Destination{} // it answers, so a transfer to it has worked
	}
	switch cfg := e.Config.(type) {
	case *dialplan.User:
		return r.user(ctx, c, e, cfg, next.By)
	case *dialplan.Group:
		return r.group(ctx, c, e, cfg)
	case *dialplan.IVR:
		return r.ivr(ctx, c, e, cfg)
	case *dialplan.Forward:
		return r.forward(ctx, c, e, cfg)
	case *dialplan.AutoAnswer:
		return r.autoAnswer(ctx, c, e, cfg)
	case *dialplan.TimeRoute:
		return r.byTime(c, e, cfg), nil
	case *dialplan.CallLimit:
		return r.limit(ctx, c, e, cfg)
	case *dialplan.LocationRoute:
		return r.location(ctx, c, e, cfg)
	case *dialplan.Authentication:
		return r.authentication(ctx, c, e, cfg)
	case *dialplan.System:
		return r.systemExtension(ctx, c, e, cfg)
	case *dialplan.Picker:
		return r.picker(ctx, c, e, cfg)
	case *dialplan.AI:
		return r.ai(ctx, c, e, cfg)
	case *dialplan.Queue:
		return r.queue(ctx, c, e, cfg)
	case *dialplan.Voicemail:
		return r.voicemail(ctx, c, e)
	}
	r.refuse(ctx, c, engine.CauseInternal, "call.try_later", "extension "+e.Number+" has an unknown type")
	return end(), nil
}

// refuse ends a call that can't be connected: with the SIP status of cause, or, once it
// has been answered, with a prompt that says why.
func (r *Router) refuse(ctx context.Context, c *call.Call, cause engine.Cause, prompt, reason string) {
	c.Trace("refuse", reason)
	if !c.ReturnTo.IsZero() {
		return // it goes back to who transferred it
	}
	if c.Caller.Answered() && c.Account != nil {
		if err := c.PlayLast(ctx, c.Prompt(prompt, c.Account.Language)); err != nil {
			return
		}
	}
	c.Refuse(ctx, cause)
}

// missed goes on after nobody was reached: to the forward for that reason, or to the end.
func (r *Router) missed(ctx context.Context, c *call.Call, m dialplan.Miss, to []dialplan.Destination, id dialplan.ForwardCallerID, who string) Next {
	if len(to) > 0 {
		c.Trace("forward", who+" "+string(m)+": goes to "+list(to))
		return Next{To: to, CallerID: id, Reason: string(m)}
	}
	reason := who + " " + string(m) + ", no forward for that"
	switch m {
	case dialplan.MissBusy:
		r.refuse(ctx, c, engine.CauseBusy, "call.busy", reason)
	case dialplan.MissRejected:
		r.refuse(ctx, c, engine.CauseRejected, "call.no_answer", reason)
	case dialplan.MissUnreachable:
		r.refuse(ctx, c, engine.CauseUnreachable, "call.unreachable", reason)
	default:
		r.refuse(ctx, c, engine.CauseNoAnswer, "call.no_answer", reason)
	}
	return end()
}

func list(to []dialplan.Destination) string {
	s := ""
	for i, d := range to {
		if i > 0 {
			s += "; "
		}
		s += d.String()
	}
	return s
}
