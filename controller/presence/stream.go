package presence

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// Event is one message of a stream: Snapshot, Rings, Stopped or Shows.
type Event any

// Snapshot is the first event of a stream: everything that is so by now.
type Snapshot struct {
	Ringing []Notice // the longest ringing first
	// States of the users whose state the reader may see, by extension.
	States map[string]engine.PresenceState
}

// Rings tells of a call that rings, or what is different about one that was told.
type Rings struct{ Notice }

// Stopped tells that a call that was told no longer rings.
type Stopped struct {
	Call uuid.UUID
	// By is who answered it, an extension or a number outside; empty: nobody.
	By string
}

// Shows tells a user's state.
type Shows struct {
	Extension string
	State     engine.PresenceState
}

// Stream is what one reader is told. Events is closed when the reader is too slow, the user or account is
// gone, or the service ends; who goes on reading subscribes again and begins with a snapshot.
type Stream struct {
	Events  <-chan Event
	service *Service
	account dialplan.AccountID
	user    string

	// Of the service's goroutine.
	out    chan Event
	begun  bool
	told   map[uuid.UUID]Notice
	shown  map[string]engine.PresenceState // of everybody who may be seen
	closed bool
}

// streamBuffer is how many events a reader may be behind.
const streamBuffer = 256

// Close ends the stream; reading goes on until Events is closed.
func (s *Stream) Close() { s.service.leave(s) }

func (s *Stream) end() {
	if !s.closed {
		s.closed = true
		close(s.out)
	}
}

// tell sends an event; a reader that is too far behind is cut off.
func (s *Stream) tell(ev Event) {
	if s.closed {
		return
	}
	select {
	case s.out <- ev:
	default:
		s.end()
	}
}

// update tells what is different; the result is when it must be called again.
func (s *Stream) update(a *dialplan.Account, act call.Activity, all map[string]engine.PresenceState, now time.Time) time.Time {
	if a == nil || s.user != "" && a.User(s.user) == nil {
		s.end()
		return time.Time{}
	}
	ringing, next := notices(a, s.user, act.Ringing, now)
	shown := make(map[string]engine.PresenceState)
	for ext := range a.Extensions {
		if a.Sees(s.user, ext) {
			shown[ext] = stateOf(all, ext)
		}
	}
	if !s.begun {
		s.begun = true
		first := Snapshot{States: shown}
		for _, n := range ringing {
			first.Ringing = append(first.Ringing, n)
		}
		slices.SortFunc(first.Ringing, func(x, y Notice) int {
			if c := x.Since.Compare(y.Since); c != 0 {
				return c
			}
			return strings.Compare(x.Call.String(), y.Call.String())
		})
		s.tell(first)
		// The reader has what it was given.
		s.told, s.shown = ringing, make(map[string]engine.PresenceState, len(shown))
		for ext, st := range shown {
			s.shown[ext] = st
		}
		return next
	}
	for id := range s.told {
		if _, ok := ringing[id]; !ok {
			s.tell(Stopped{Call: id, By: act.Answered[id]})
		}
	}
	for id, n := range ringing {
		if before, ok := s.told[id]; !ok || !before.equal(n) {
			s.tell(Rings{n})
		}
	}
	for ext, st := range shown {
		if s.shown[ext] != st {
			s.tell(Shows{Extension: ext, State: st})
		}
	}
	for ext := range s.shown {
		if _, ok := shown[ext]; !ok {
			s.tell(Shows{Extension: ext}) // no longer to be seen
		}
	}
	s.told, s.shown = ringing, shown
	return next
}
