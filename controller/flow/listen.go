package flow

import (
	"context"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// Times of the dialogue with a supervisor.
const (
	listenFirst = 8 * time.Second
	listenInter = 3 * time.Second
	listenTries = 3
)

// listenIn lets a supervisor listen to the conversations of an agent (FEA-LISTEN-01): 906, with or without the agent's
// extension behind it.
func (r *Router) listenIn(ctx context.Context, c *call.Call, by caller, agent string) (Next, error) {
	if agent != "" && !r.mayListen(ctx, c, agent) {
		return end(), nil
	}
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := languageOf(c, by.user.Language)
	for try := 0; agent == "" && try < listenTries; try++ {
		got, err := c.Gather(ctx, call.Gather{
			Prompt: c.Prompt("listen.ask", language), Match: c.Account.MatchExtension, First: listenFirst, Inter: listenInter,
		})
		if err != nil {
			return end(), err
		}
		if c.Account.User(got.Digits) != nil {
			agent = got.Digits
			break
		}
		if err := c.Play(ctx, c.Prompt("entry.invalid", language)); err != nil {
			return end(), err
		}
	}
	if !r.mayListen(ctx, c, agent) {
		return end(), nil
	}
	s := &listening{r: r, c: c, agent: agent, mode: engine.ListenOnly}
	if err := c.StopListen(ctx); err != nil { // what an earlier controller has begun: it begins anew
		return end(), err
	}
	c.Live().WatchConversations(c, agent)
	return end(), s.run(ctx)
}

// mayListen refuses who has no right to listen to the agent.
func (r *Router) mayListen(ctx context.Context, c *call.Call, agent string) bool {
	switch {
	case c.Account.User(agent) == nil:
		r.refuse(ctx, c, engine.CauseNotFound, "call.number_unknown", "there is no user "+clip(agent)+" to listen to")
		return false
	case !c.Account.RightsOver(c.FromExtension, agent).Listen:
		r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", c.FromExtension+" has no right to listen to "+agent)
		return false
	}
	return true
}

// listening is a supervisor with an agent.
type listening struct {
	r     *Router
	c     *call.Call
	agent string
	mode  engine.ListenMode
	to    engine.LegID // whose conversation is heard; empty: music
	music bool
}

// run lasts until the supervisor hangs up, or may listen no longer.
func (s *listening) run(ctx context.Context) error {
	c := s.c
	for {
		if s.to == "" {
			if a := c.Runtime().Directory.Account(c.Account.ID); a != nil {
				c.Account = a
			}
			if !s.r.mayListen(ctx, c, s.agent) {
				return nil
			}
			if err := s.join(ctx, ""); err != nil {
				return err
			}
		}
		ev, err := c.Next(ctx, nil)
		if err != nil {
			return err
		}
		switch ev := ev.(type) {
		case engine.ListenDone:
			if ev.Target == s.to {
				s.to = ""
			}
		case engine.DTMF:
			if err := s.key(ctx, ev.Digit); err != nil {
				return err
			}
		}
	}
}

// join listens to the conversation after the one named, in turn; without one there is music.
func (s *listening) join(ctx context.Context, after engine.LegID) error {
	c := s.c
	all := c.Live().Conversations(s.agent)
	at := 0
	for i, v := range all {
		if v.Leg == after {
			at = i + 1
		}
	}
	for i := range all {
		v := all[(at+i)%len(all)]
		if v.Leg == s.to {
			return nil // there is no other
		}
		if err := c.Listen(ctx, v.Leg, engine.ListenOnly); err != nil {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			continue // it has just ended
		}
		c.Trace("listen", c.FromExtension+" listens to "+s.agent+" in call "+v.Call.ID.String())
		language := c.Account.User(s.agent).Language
		v.Announce(c.Prompt("listen.notice", languageOf(c, language)))
		s.to, s.mode, s.music = v.Leg, engine.ListenOnly, false
		return nil
	}
	if s.music {
		return nil
	}
	s.music = true
	c.Trace("listen", s.agent+" is in no call: "+c.FromExtension+" waits for the next")
	return c.StartMusic(ctx)
}

// key is what the supervisor presses: 1 listens, 2 speaks to the agent only, 3 goes to the agent's next call.
func (s *listening) key(ctx context.Context, digit byte) error {
	mode, ok := dialplan.ListenKeys()[digit]
	switch {
	case s.to == "":
		return nil
	case digit == dialplan.ListenNext:
		return s.join(ctx, s.to)
	case !ok:
		return nil
	}
	s.mode = engine.ListenOnly
	if mode == dialplan.Consulting {
		s.mode = engine.ListenWhisper
	}
	s.c.Trace("listen", s.c.FromExtension+" is "+string(mode)+" with "+s.agent)
	if err := s.c.Listen(ctx, s.to, s.mode); err != nil {
		return context.Cause(ctx) // the conversation has ended: ListenDone follows
	}
	return nil
}
