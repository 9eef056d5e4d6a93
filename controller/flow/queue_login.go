package flow

import (
	"context"
	"errors"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// QueueAgents keeps who is logged in to a queue.
type QueueAgents interface {
	// SetQueueLogin logs a user in to a queue, of which they become a member, or out; who logs out keeps the rank.
	// actor goes to the audit log. A store.Invalid: only members may log in.
	SetQueueLogin(ctx context.Context, account dialplan.AccountID, actor, queue, user string, in bool) error
}

// queueTries is how often the number of a queue is asked for.
const queueTries = 3

// queueLogin asks for a queue and logs the user in or out (SYS-903, SYS-904).
func (r *Router) queueLogin(ctx context.Context, c *call.Call, by caller, in bool) (Next, error) {
	if by.user == nil || r.cfg.QueueAgents == nil {
		r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", "nobody is logged in here")
		return end(), nil
	}
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := languageOf(c, by.user.Language)
	prompt := c.Prompt("queue.which", language)
	for range queueTries {
		got, err := c.Gather(ctx, call.Gather{
			Prompt: prompt, First: 5 * time.Second, Inter: 3 * time.Second,
			Match: func(digits string) dialplan.MenuMatch {
				if len(digits) < c.Account.ExtensionLength {
					return dialplan.MenuPartial
				}
				return dialplan.MenuExact
			},
		})
		if err != nil {
			return end(), err
		}
		said, again := r.queueLogin1(ctx, c, by.channel.User, got.Digits, in)
		if !again {
			c.End(engine.CauseNormal)
			return end(), c.Play(ctx, c.Prompt(said, language))
		}
		prompt = say(c, language, said, "queue.which")
	}
	c.End(engine.CauseNormal)
	return end(), c.Play(ctx, c.Prompt("goodbye", language))
}

// queueLogin1 does it for the number of a queue; it gives what to say, and whether to ask again.
func (r *Router) queueLogin1(ctx context.Context, c *call.Call, user, number string, in bool) (said string, again bool) {
	e := c.Account.Extensions[number]
	q, ok := configOf(e).(*dialplan.Queue)
	if !ok {
		c.Trace("queue", clip(number)+" is no queue")
		return "entry.invalid", true
	}
	m := q.Member(user)
	switch {
	case in && !q.MayLogIn(user):
		c.Trace("queue", user+" is no member of queue "+number+", which is closed")
		return "queue.closed", false
	case !in && (m == nil || !m.LoggedIn):
		c.Trace("queue", user+" is not logged in to queue "+number)
		return "queue.not_in", false
	}
	said = "queue.logged_out"
	if in {
		said = "queue.logged_in"
	}
	if in && m != nil && m.LoggedIn {
		c.Trace("queue", user+" is logged in to queue "+number+" already")
		return said, false
	}
	err := r.cfg.QueueAgents.SetQueueLogin(ctx, c.Account.ID, "extension "+user+" by telephone", number, user, in)
	switch {
	case errors.As(err, new(*store.Invalid)):
		return "queue.closed", false
	case err != nil:
		c.Trace("queue", err.Error())
		c.Log().Error("log in to a queue", "queue", number, "user", user, "error", err)
		return "service.unavailable", false
	}
	c.Trace("queue", user+": "+said+" of queue "+number)
	return said, false
}
