package call

import (
	"context"
	"slices"
	"time"

	"callplane/controller/engine"
)

// Conversation is somebody of the account who talks, as others may see it: who listens in, or goes on with it at another phone.
type Conversation struct {
	Call    *Call
	Leg     engine.LegID
	Channel string
	Since   time.Time
	// told is the call of converse that made it known.
	told *byte
}

// ConversationsChanged is an event: the watched extension has begun or ended a conversation.
type ConversationsChanged struct{ toCall }

func (m ConversationsChanged) arrive(*Call) engine.Event { return m }

// announce is a message: somebody wants a leg to hear something.
type announce struct {
	toCall
	leg     engine.LegID
	sources []engine.Source
}

func (m *announce) arrive(c *Call) engine.Event {
	if l := c.leg(m.leg); l != nil && l.Up() && (l.hold == "" || l.play != l.hold) {
		_ = c.PlayTo(c.rt.base, l, m.sources, false)
	}
	return nil
}

// Announce plays to the user's side of a conversation of another call; the other party does not hear it.
func (v Conversation) Announce(sources []engine.Source) {
	v.Call.box.put(&announce{leg: v.Leg, sources: sources})
}

// converse makes the conversation of users known until the function that it returns is called. What a later call makes known of the
// same leg stays, so a conversation that goes on with somebody else can be known without a gap.
func (c *Call) converse(legs ...*Leg) (over func()) {
	for _, l := range legs {
		if l.talks.IsZero() {
			l.talks = c.Now()
		}
	}
	told := new(byte)
	change := func(on bool) {
		v := c.live
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, l := range legs {
			if l.Extension == "" {
				continue
			}
			all := slices.DeleteFunc(slices.Clone(v.talks[l.Extension]), func(x Conversation) bool {
				return x.Leg == l.ID && (on || x.told == told)
			})
			if on {
				all = append(all, Conversation{Call: c, Leg: l.ID, Channel: l.Channel, Since: l.talks, told: told})
				slices.SortStableFunc(all, func(a, b Conversation) int { return a.Since.Compare(b.Since) })
			}
			if v.talks[l.Extension] = all; len(all) == 0 {
				delete(v.talks, l.Extension)
			}
			for w, ext := range v.watchers {
				if ext == l.Extension {
					w.box.put(ConversationsChanged{})
				}
			}
		}
	}
	change(true)
	return func() { change(false) }
}

// Converse makes the conversation of these legs known until the function that it returns is called.
func (c *Call) Converse(legs ...*Leg) (over func()) { return c.converse(legs...) }

// Conversations of a user, the oldest first.
func (v *Live) Conversations(extension string) []Conversation {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.talks[extension])
}

// WatchConversations lets the call have ConversationsChanged for an extension until it ends.
func (v *Live) WatchConversations(c *Call, extension string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.watchers[c] = extension
}

// Listen lets the caller hear the conversation of another call's leg. ListenDone tells its end.
func (c *Call) Listen(ctx context.Context, target engine.LegID, mode engine.ListenMode) error {
	return c.failed(c.Caller, "listen with", c.Caller.Engine.Listen(ctx, c.Caller.ID, target, mode))
}

// StopListen ends it.
func (c *Call) StopListen(ctx context.Context) error {
	return c.failed(c.Caller, "stop listening with", c.Caller.Engine.StopListen(ctx, c.Caller.ID))
}
