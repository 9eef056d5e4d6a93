package call

import (
	"context"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/dialplan"
)

// ByAPI is who transferred a call that a bot returned by the API instead of a REFER.
const ByAPI = "api"

// returnTime is how long a call may take to say whether it can be returned.
const returnTime = 3 * time.Second

// sentOn is what a bot asks for by the API; took tells whether it will be done.
type sentOn struct {
	toCall
	to   string
	took chan bool // holds one
}

// arrive makes a transfer by the bot of it, when the caller talks with one.
func (s sentOn) arrive(c *Call) engine.Event {
	if c.talking && !c.ending {
		for _, l := range c.legs {
			if l != c.Caller && l.Up() && l.answered && l.condemned == engine.CauseUnknown && c.Account.Bot(l.Extension) != nil {
				s.took <- true
				return engine.Transfer{Of: engine.Of{ID: l.ID, At: time.Now()}, Target: s.to, Peer: c.Caller.ID, ReferredBy: ByAPI}
			}
		}
	}
	s.took <- false
	return nil
}

// Return sends a call of an account on to a destination, away from the bot that the caller talks with. False when there is no such
// call, or no bot in it.
func (rt *Runtime) Return(ctx context.Context, account dialplan.AccountID, id uuid.UUID, destination string) bool {
	v := rt.Live(account)
	v.mu.Lock()
	c := v.calls[id]
	v.mu.Unlock()
	s := sentOn{to: destination, took: make(chan bool, 1)}
	if c == nil || !c.box.put(s) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, returnTime)
	defer cancel()
	select {
	case took := <-s.took:
		return took
	case <-ctx.Done():
		return false
	}
}
