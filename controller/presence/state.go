// Package presence tells who is in a call and what rings: to people who watch (a stream of events for each) and to
// phones with busy lamps. What it tells is worked out anew from the live calls whenever they change, and only the differences go out:
// a lost message or a restart can't leave anything wrong behind.
package presence

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// Notice is a call that rings, as it is told to a user.
type Notice struct {
	Call uuid.UUID
	// Over are the extensions by which the user is told: where it rings, whose group it is, or for which manager.
	Over    []string
	Group   string // whose call it is; empty: no group's
	Manager string // user for whom the assistants are rung; empty: nobody
	From    engine.Identity
	Prefix  string // that the display has before the caller
	Since   time.Time
}

func (n Notice) equal(o Notice) bool {
	return n.Call == o.Call && slices.Equal(n.Over, o.Over) && n.Since.Equal(o.Since) && n.From == o.From
}

// states are what busy lamps of an account's users show, by extension; users that are not in it are idle. A call that rings
// shows also when the user is in another: it can be picked up.
func states(a *dialplan.Account, act call.Activity) map[string]engine.PresenceState {
	out := make(map[string]engine.PresenceState)
	if a == nil {
		return out
	}
	for name, n := range act.Busy {
		if ch := a.Channels[name]; n > 0 && ch != nil && a.User(ch.User) != nil {
			out[ch.User] = engine.Talking
		}
	}
	for _, r := range act.Ringing {
		for ext := range r.Extensions {
			if a.User(ext) != nil {
				out[ext] = engine.Alerting
			}
		}
	}
	return out
}

// stateOf is the state of a user; idle is not in the map.
func stateOf(m map[string]engine.PresenceState, ext string) engine.PresenceState {
	if s, ok := m[ext]; ok {
		return s
	}
	return engine.Idle
}

// notices are what a user is told at a moment, and when that changes by itself; zero: never.
func notices(a *dialplan.Account, user string, ringing []call.Ringing, now time.Time) (out map[uuid.UUID]Notice, next time.Time) {
	out = make(map[uuid.UUID]Notice)
	for _, r := range ringing {
		over, after := a.Notified(user, r.Offer)
		if len(over) == 0 {
			continue
		}
		if at := r.Since.Add(after); at.After(now) {
			if next.IsZero() || at.Before(next) {
				next = at
			}
			continue
		}
		out[r.Call.ID] = Notice{Call: r.Call.ID, Over: over, Group: r.Group, Manager: r.Manager, From: r.From, Prefix: r.Prefix, Since: r.Since}
	}
	return out, next
}
