package call

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/dialplan"
)

// Ring tells the caller that the callee is alerted.
func (c *Call) Ring(ctx context.Context) error {
	return c.failed(c.Caller, "ring", c.Caller.Engine.Ring(ctx, c.Caller.ID))
}

// Progress opens early media, so that a caller who is not answered hears prompts.
func (c *Call) Progress(ctx context.Context) error {
	if c.Caller.answered {
		return nil
	}
	return c.failed(c.Caller, "open early media to", c.Caller.Engine.Progress(ctx, c.Caller.ID))
}

// Answer answers the caller.
func (c *Call) Answer(ctx context.Context) error {
	if c.Caller.answered {
		return nil
	}
	return c.failed(c.Caller, "answer", c.Caller.Engine.Answer(ctx, c.Caller.ID))
}

// Prompt is the source for a prompt or an account's audio in a language. A missing one is told in the
// trace and replaced by a beep, so that the caller hears that it is their turn.
func (c *Call) Prompt(key, language string) []engine.Source {
	path, err := c.rt.prompt(c.Account.ID, c.Account.AudioFile(key), language)
	if err != nil {
		c.Trace("prompt", err.Error())
		c.log.Error("prompt", "key", key, "language", language, "error", err)
		return []engine.Source{{Beep: &engine.Beep{Hz: 800, Duration: 300 * time.Millisecond}}}
	}
	return []engine.Source{{File: path}}
}

func (c *Call) startPlay(ctx context.Context, sources []engine.Source, loop bool) (engine.PlayID, error) {
	err := c.PlayTo(ctx, c.Caller, sources, loop)
	return c.Caller.play, err
}

// PlayTo begins to play to a leg of the call. Within a conversation the other party does not hear it.
func (c *Call) PlayTo(ctx context.Context, l *Leg, sources []engine.Source, loop bool) error {
	id := engine.PlayID(uuid.NewString())
	err := l.Engine.Play(ctx, l.ID, engine.Playback{ID: id, Sources: sources, Loop: loop})
	if err := c.failed(l, "play to", err); err != nil {
		return err
	}
	l.play = id
	return nil
}

// StartTone plays a call-progress tone to the caller until something else is played or bridged.
func (c *Call) StartTone(ctx context.Context, t engine.Tone) error {
	_, err := c.startPlay(ctx, []engine.Source{{Tone: t}}, true)
	return err
}

// StopPlay stops what the caller hears.
func (c *Call) StopPlay(ctx context.Context) error {
	if c.Caller.play == "" {
		return nil
	}
	return c.failed(c.Caller, "stop playback to", c.Caller.Engine.StopPlay(ctx, c.Caller.ID, c.Caller.play))
}

// Play plays to the caller and returns at the end of it.
func (c *Call) Play(ctx context.Context, sources []engine.Source) error {
	id, err := c.startPlay(ctx, sources, false)
	if err != nil {
		return err
	}
	for c.Caller.play == id {
		ev, err := c.next(ctx, nil)
		if err != nil {
			return err
		}
		if done, ok := ev.(engine.PlayDone); ok && done.Play == id && done.Result == engine.PlayStopped {
			return c.leaving() // nobody here has stopped it
		}
	}
	return nil
}

// PlayLast is Play before the call is ended. The caller may end it first, and of the two ends the engine may tell that of the playback
// first; then the error is the caller's.
func (c *Call) PlayLast(ctx context.Context, sources []engine.Source) error {
	if err := c.Play(ctx, sources); err != nil {
		return err
	}
	return c.leaving()
}

// Gather asks for digits.
type Gather struct {
	Prompt []engine.Source
	// Match says what the digits so far mean.
	Match func(digits string) dialplan.MenuMatch
	// First is how long to wait after the prompt, Inter between digits.
	First, Inter time.Duration
}

// Gathered is the caller's answer.
type Gathered struct {
	Digits string
	// Match is MenuExact for a valid answer, MenuInvalid for a wrong one, MenuPartial for
	// one that was broken off; with no digits at all it is MenuPartial.
	Match dialplan.MenuMatch
}

// Gather plays the prompt and takes digits; the first one interrupts the prompt
// (EXT-IVR-01). Digits pressed before count. The key # ends the input; a valid
// answer that could become a longer one is taken after the inter-digit time.
func (c *Call) Gather(ctx context.Context, g Gather) (Gathered, error) {
	digits := ""
	if len(c.Caller.digits) == 0 {
		if _, err := c.startPlay(ctx, g.Prompt, false); err != nil {
			return Gathered{}, err
		}
		if c.rt.asked != nil {
			c.rt.asked(c)
		}
	}
	for {
		for len(c.Caller.digits) > 0 {
			d := c.Caller.digits[0]
			c.Caller.digits = c.Caller.digits[1:]
			if late := d == '#' && c.Caller.entered && g.Match("#") == dialplan.MenuInvalid; late {
				c.Caller.entered = false
				continue // it was meant to end the answer before
			}
			c.Caller.entered = false
			if digits == "" {
				if err := c.StopPlay(ctx); err != nil {
					return Gathered{}, err
				}
			}
			if d == '#' && digits != "" {
				return settle(digits, g.Match(digits)), nil
			}
			digits += string(rune(d))
			switch m := g.Match(digits); m {
			case dialplan.MenuExact:
				c.Caller.entered = true
				return Gathered{digits, m}, nil
			case dialplan.MenuInvalid:
				c.Caller.digits = nil // what follows a mistake belongs to it
				return Gathered{digits, m}, nil
			}
		}
		var timer <-chan time.Time
		stop := func() {}
		switch {
		case digits != "":
			timer, stop = c.rt.clock.Timer(g.Inter)
		case c.Caller.play == "":
			timer, stop = c.rt.clock.Timer(g.First)
		}
		err := c.untilInput(ctx, timer, digits == "")
		stop()
		if errors.Is(err, ErrTimeout) {
			return settle(digits, g.Match(digits)), nil
		}
		if err != nil {
			return Gathered{}, err
		}
	}
}

// settle is what digits mean when no more come.
func settle(digits string, m dialplan.MenuMatch) Gathered {
	if digits != "" && m == dialplan.MenuAmbiguous {
		m = dialplan.MenuExact
	}
	return Gathered{digits, m}
}

// untilInput waits for a digit, the end of the prompt, or the timer.
func (c *Call) untilInput(ctx context.Context, timer <-chan time.Time, prompt bool) error {
	playing := c.Caller.play != ""
	for len(c.Caller.digits) == 0 {
		if prompt && playing && c.Caller.play == "" {
			return nil
		}
		if _, err := c.next(ctx, timer); err != nil {
			return err
		}
	}
	return nil
}
