package call

import (
	"context"

	"github.com/google/uuid"

	"callplane/controller/engine"
)

// music is what somebody hears who waits at an extension, "" for anywhere in the account: its playlist, else the
// account's, else the system's music (FAC-MOH-01). Nil: there is none.
func (c *Call) music(extension string) []engine.Source {
	var list []engine.Source
	for _, key := range c.Account.MusicFor(extension) {
		path, err := c.rt.prompt(c.Account.ID, c.Account.AudioFile(key), c.Account.Language)
		if err != nil {
			c.Trace("music", err.Error())
			c.log.Error("hold music", "key", key, "error", err)
			continue
		}
		list = append(list, engine.Source{File: path})
	}
	if len(list) > 0 || c.rt.music == nil {
		return list
	}
	path, err := c.rt.music("")
	if err != nil {
		c.Trace("music", err.Error())
		c.log.Error("hold music", "error", err)
		return nil
	}
	return []engine.Source{{File: path}}
}

// StartMusicOf plays the music of an extension to the caller, "" the account's, until something else is played or bridged.
func (c *Call) StartMusicOf(ctx context.Context, extension string) error {
	list := c.music(extension)
	if len(list) == 0 {
		return nil
	}
	_, err := c.startPlay(ctx, list, true)
	return err
}

// phoneHeld gives whom a phone puts on hold music, and takes it away when the phone is back. other is the party that the
// holding phone talks with.
func (c *Call) phoneHeld(ctx context.Context, ev engine.Event, other *Leg) {
	switch ev.(type) {
	case engine.Held:
		list := c.music("")
		if len(list) == 0 || other.hold != "" && other.play == other.hold {
			return
		}
		id := engine.PlayID(uuid.NewString())
		err := other.Engine.Play(ctx, other.ID, engine.Playback{ID: id, Sources: list, Loop: true})
		if c.failed(other, "play hold music to", err) == nil {
			other.hold, other.play = id, id
		}
	case engine.Unheld:
		if other.hold == "" && c.Resume != nil {
			// The music began in the process before, which alone knew how to end it; so does the end of the bridge, which is
			// then built again.
			_ = c.Unbridge(ctx)
			return
		}
		c.endHold(ctx, other)
	}
}

// endHold ends the music of a leg that was on hold.
func (c *Call) endHold(ctx context.Context, l *Leg) {
	id := l.hold
	l.hold = ""
	if id == "" || l.play != id || !l.Up() {
		return
	}
	_ = c.failed(l, "stop hold music of", l.Engine.StopPlay(ctx, l.ID, id))
}

// endHolds ends the music of both parties of a conversation that is over, or changes. It works when one has gone.
func (c *Call) endHolds(l *Leg) {
	for _, l := range []*Leg{c.Caller, l} {
		if l.hold == "" {
			continue
		}
		ctx, cancel := context.WithTimeout(c.rt.base, c.rt.limits.Cleanup)
		c.endHold(ctx, l)
		cancel()
	}
}
