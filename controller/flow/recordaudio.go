package flow

import (
	"context"
	"errors"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/media"
	"callplane/store"
)

// AudioKeeper keeps what is recorded at phones.
type AudioKeeper interface {
	// Scratch is the path of a new file for the engine; Discard removes it.
	Scratch() (string, error)
	Discard(file string)
	// Save keeps a scratch file as the account's audio under a number, in place of what has it if replace is set, else that
	// is a *store.Conflict. by is the extension of who recorded it. A *media.BadAudio: there is nothing in it.
	Save(ctx context.Context, a *dialplan.Account, number, file string, replace bool, by string) error
}

const (
	// recordMax is the longest recording at a phone.
	recordMax = 10 * time.Minute
	// recordTries is how often somebody is asked who presses nothing, or what is no choice.
	recordTries = 3
	// saveTime is how long saving may take until the caller hears that it can't be done.
	saveTime = 10 * time.Second
)

// recordAudio is the dialogue in which somebody records audio for the company and saves it under a number (SYS-905). What is not
// saved is gone.
func (r *Router) recordAudio(ctx context.Context, c *call.Call, by caller) (Next, error) {
	keep := r.cfg.Audio
	if keep == nil {
		r.refuse(ctx, c, engine.CauseNotFound, "call.number_unknown", "recordings can't be kept here")
		return end(), nil
	}
	if by.user == nil {
		r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", "nobody is logged in here")
		return end(), nil
	}
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := languageOf(c, by.user.Language)
	file := ""
	defer func() { keep.Discard(file) }()
	empty := 0
	for again := true; again; {
		keep.Discard(file)
		var err error
		if file, err = keep.Scratch(); err != nil {
			c.Log().Error("record audio", "error", err)
			return r.recordEnds(ctx, c, "audio.failed", language)
		}
		if again, err = r.recordOnce(ctx, c, file, language); err != nil {
			return end(), err
		}
		if again {
			if empty++; empty == recordTries {
				return r.recordEnds(ctx, c, "goodbye", language)
			}
			continue
		}
		choice, err := r.recordChoice(ctx, c, file, language)
		if err != nil {
			return end(), err
		}
		switch choice {
		case dialplan.AudioAgain:
			again = true
		case "":
			c.Trace("record", "nothing was chosen, the recording is dropped")
			return r.recordEnds(ctx, c, "goodbye", language)
		}
	}
	return r.recordSave(ctx, c, by.user, file, language)
}

// recordEnds says something and hangs up.
func (r *Router) recordEnds(ctx context.Context, c *call.Call, said, language string) (Next, error) {
	if err := c.Play(ctx, c.Prompt(said, language)); err != nil {
		return end(), err
	}
	c.End(engine.CauseNormal)
	return end(), nil
}

// recordOnce records; again tells that it came to nothing.
func (r *Router) recordOnce(ctx context.Context, c *call.Call, file, language string) (again bool, err error) {
	beep := engine.Source{Beep: &engine.Beep{Hz: 1000, Duration: 400 * time.Millisecond}}
	if err := c.Play(ctx, append(c.Prompt("audio.start", language), beep)); err != nil {
		return false, err
	}
	got, err := c.Take(ctx, call.Take{File: file, Max: recordMax})
	if err != nil {
		return false, err
	}
	if got.Err != nil {
		c.Trace("record", got.Err.Error())
		return true, c.Play(ctx, c.Prompt("audio.empty", language))
	}
	c.Trace("record", "recorded "+got.Duration.Round(time.Second).String())
	return false, nil
}

// recordChoice plays the recording as often as wanted and returns what else was chosen; "" is nothing.
func (r *Router) recordChoice(ctx context.Context, c *call.Call, file, language string) (string, error) {
	menu := c.Prompt("audio.menu", language)
	prompt := menu
	for range recordTries {
		got, err := c.Gather(ctx, call.Gather{Prompt: prompt, First: codeFirst, Inter: codeInter,
			Match: dialplan.OneOf(dialplan.AudioListen + dialplan.AudioAgain + dialplan.AudioSave)})
		switch {
		case err != nil:
			return "", err
		case got.Match != dialplan.MenuExact && got.Digits != "":
			prompt = append(c.Prompt("ivr.invalid", language), menu...)
		case got.Digits == dialplan.AudioListen:
			c.Trace("record", "listens to it")
			return r.recordHeard(ctx, c, file, language)
		case got.Digits != "":
			return got.Digits, nil
		default:
			prompt = menu
		}
	}
	return "", nil
}

// recordHeard plays the recording; the menu comes again, and a key interrupts.
func (r *Router) recordHeard(ctx context.Context, c *call.Call, file, language string) (string, error) {
	for {
		got, err := c.Gather(ctx, call.Gather{Prompt: append([]engine.Source{{File: file}}, c.Prompt("audio.menu", language)...), First: codeFirst, Inter: codeInter,
			Match: dialplan.OneOf(dialplan.AudioListen + dialplan.AudioAgain + dialplan.AudioSave)})
		if err != nil {
			return "", err
		}
		switch {
		case got.Match != dialplan.MenuExact:
			return r.recordChoice(ctx, c, file, language)
		case got.Digits != dialplan.AudioListen:
			return got.Digits, nil
		}
	}
}

// recordSave asks for the number and keeps the recording.
func (r *Router) recordSave(ctx context.Context, c *call.Call, u *dialplan.User, file, language string) (Next, error) {
	prompt := c.Prompt("audio.number", language)
	replace := false
	for range recordTries {
		got, err := c.Gather(ctx, call.Gather{Prompt: prompt, Match: dialplan.MatchAudioNumber, First: 2 * codeFirst, Inter: codeInter})
		if err != nil {
			return end(), err
		}
		number := got.Digits
		if got.Match != dialplan.MenuExact {
			prompt = append(c.Prompt("entry.invalid", language), c.Prompt("audio.number", language)...)
			continue
		}
		a := c.Account
		if now := c.Runtime().Directory.Account(a.ID); now != nil {
			a = now
		}
		if _, taken := a.Audio[number]; taken {
			if replace, err = r.recordReplaces(ctx, c, language); err != nil {
				return end(), err
			}
			if !replace {
				prompt = c.Prompt("audio.number", language)
				continue
			}
		}
		saving, cancel := context.WithTimeout(ctx, saveTime)
		err = r.cfg.Audio.Save(saving, a, number, file, replace, c.FromExtension)
		cancel()
		var taken *store.Conflict
		var bad *media.BadAudio
		switch {
		case err == nil:
			c.Trace("record", "saved under "+number)
			return r.recordEnds(ctx, c, "audio.saved", language)
		case context.Cause(ctx) != nil:
			return end(), context.Cause(ctx)
		case errors.As(err, &taken): // by somebody else, just now
			prompt = append(c.Prompt("entry.invalid", language), c.Prompt("audio.number", language)...)
		case errors.As(err, &bad):
			c.Trace("record", "not saved: "+bad.Reason)
			return r.recordEnds(ctx, c, "audio.empty", language)
		default:
			c.Log().Error("save a recording", "number", number, "error", err)
			c.Trace("record", "it can't be saved now")
			return r.recordEnds(ctx, c, "audio.failed", language)
		}
	}
	c.Trace("record", "no number was entered, the recording is dropped")
	return r.recordEnds(ctx, c, "goodbye", language)
}

// recordReplaces asks whether a recording that has the number is to go.
func (r *Router) recordReplaces(ctx context.Context, c *call.Call, language string) (bool, error) {
	got, err := c.Gather(ctx, call.Gather{Prompt: c.Prompt("audio.taken", language), First: codeFirst, Inter: codeInter,
		Match: dialplan.OneOf("12")})
	return got.Digits == "1", err
}
