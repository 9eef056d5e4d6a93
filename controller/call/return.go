package call

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/dialplan"
)

// ByAPI is who transferred a call that a bot returned by the API instead of a REFER.
const ByAPI = "api"

// returnTime is how long a call may take to say whether it can be returned.
const returnTime = 3 * time.Second

// sentOn is what a bot asks for by the API.
type sentOn struct {
	toCall
	to string
	// decided is set by whoever decides first: the call, or who has waited long enough.
	decided atomic.Bool
	took    chan bool // holds what the call has decided
}

// decide says what becomes of it, unless nobody waits for that any more.
func (s *sentOn) decide(took bool) bool {
	if !s.decided.CompareAndSwap(false, true) {
		return false
	}
	s.took <- took
	return took
}

// arrive makes a transfer by the bot of it, when the caller talks with one. A bot hears the caller, and may speak, a moment before the
// call knows that it does: what it asks for then waits.
func (s *sentOn) arrive(c *Call) engine.Event {
	c.sent = append(c.sent, s)
	if t := c.sendOn(); t != nil {
		return *t
	}
	return nil
}

// sendOn is the transfer that a bot has asked for; nil: none has, or the conversation has not begun.
func (c *Call) sendOn() *engine.Transfer {
	for len(c.sent) > 0 {
		bot := c.bot()
		if bot != nil && !c.ending && !(c.talking && c.Caller.answered && bot.answered) {
			return nil
		}
		s := c.sent[0]
		c.sent = c.sent[1:]
		if s.decide(bot != nil && !c.ending) {
			return &engine.Transfer{Of: engine.Of{ID: bot.ID, At: c.Now()}, Target: s.to, Peer: c.Caller.ID, ReferredBy: ByAPI}
		}
	}
	return nil
}

// bot is the leg of the bot that the caller talks with, or is about to; nil: none.
func (c *Call) bot() *Leg {
	if !c.Caller.Up() || c.Account == nil {
		return nil
	}
	for _, l := range c.legs {
		if l != c.Caller && l.Up() && l.condemned == engine.CauseUnknown && c.Account.Bot(l.Extension) != nil {
			return l
		}
	}
	return nil
}

// Return sends a call of an account on to a destination, away from the bot that the caller talks with. False when there is no such
// call, or no bot in it.
func (rt *Runtime) Return(ctx context.Context, account dialplan.AccountID, id uuid.UUID, destination string) bool {
	v := rt.Live(account)
	v.mu.Lock()
	c := v.calls[id]
	v.mu.Unlock()
	s := &sentOn{to: destination, took: make(chan bool, 1)}
	if c == nil || !c.box.put(s) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, returnTime)
	defer cancel()
	select {
	case took := <-s.took:
		return took
	case <-ctx.Done():
		return !s.decided.CompareAndSwap(false, true) && <-s.took
	}
}
