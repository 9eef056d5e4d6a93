package flow

import (
	"context"
	"errors"
	"strconv"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// voicemailBeep is when to speak.
func voicemailBeep() engine.Source {
	return engine.Source{Beep: &engine.Beep{Hz: 1000, Duration: 400 * time.Millisecond}}
}

// voicemail is the voicemail extension (EXT-VM-01).
func (r *Router) voicemail(ctx context.Context, c *call.Call, e *dialplan.Extension) (Next, error) {
	return r.leaveMessage(ctx, c, e.Number)
}

// leaveMessage lets the caller leave a message in the box of an extension.
func (r *Router) leaveMessage(ctx context.Context, c *call.Call, number string) (Next, error) {
	box, ok := c.Account.Mailbox(number)
	if !ok || r.cfg.Voicemail == nil {
		r.refuse(ctx, c, engine.CauseNotFound, "call.number_unknown", "extension "+number+" has no voicemail box")
		return end(), nil
	}
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := languageOf(c, box.Language)
	if err := c.Play(ctx, append(r.greeting(c, box, language), voicemailBeep())); err != nil {
		return end(), err
	}
	from := c.From
	if from.Anonymous {
		from = engine.Identity{}
	}
	draft, err := r.cfg.Voicemail.Begin(c.Account.ID, box.ID, c.Caller.Engine.Name(), from.Number, from.Name)
	if err != nil {
		c.Log().Error("voicemail", "extension", number, "error", err)
		return r.noVoicemail(ctx, c, language, "no message can be recorded")
	}
	longest, silence := r.cfg.Voicemail.Limits()
	taken, gone := c.Take(ctx, call.Take{ID: draft.Recording().ID, File: draft.File, Max: longest, Silence: silence})
	if errors.Is(taken.Err, call.ErrShutdown) {
		return end(), gone // the engine records on; whoever comes next finds the message
	}
	if taken.Err != nil {
		c.Trace("voicemail", "recording: "+taken.Err.Error())
	}
	kept, err := r.cfg.Voicemail.Keep(ctx, draft)
	switch {
	case err != nil:
		c.Log().Error("voicemail", "extension", number, "error", err)
	case kept:
		c.Trace("voicemail", "message of "+taken.Duration.Round(100*time.Millisecond).String()+" is in the box of "+number+", ended by "+endedBy(taken, gone, longest))
	default:
		c.Trace("voicemail", "an empty message for "+number+" is dropped")
	}
	if gone != nil {
		return end(), gone
	}
	said := "voicemail.saved"
	if !kept {
		said = "voicemail.empty"
	}
	if err := c.Play(ctx, append(c.Prompt(said, language), c.Prompt("goodbye", language)...)); err != nil {
		return end(), err
	}
	c.End(engine.CauseNormal)
	return end(), nil
}

func endedBy(t call.Taken, gone error, longest time.Duration) string {
	switch {
	case t.Key != 0:
		return "key " + string(rune(t.Key))
	case gone != nil:
		return "the caller's hang-up"
	case t.Duration >= longest-500*time.Millisecond:
		return "its longest time"
	}
	return "silence"
}

// greeting is what callers hear before the beep: recorded by telephone, else the extension's audio, else the system's.
func (r *Router) greeting(c *call.Call, box dialplan.Mailbox, language string) []engine.Source {
	if file, ok := r.cfg.Voicemail.Greeting(c.Account.ID, box.Greeting); ok {
		return []engine.Source{{File: file}}
	}
	if box.Config != nil && box.Config.Welcome != "" {
		return c.Prompt(box.Config.Welcome, language)
	}
	return c.Prompt("voicemail.welcome", language)
}

// noVoicemail ends a call that can't be served now.
func (r *Router) noVoicemail(ctx context.Context, c *call.Call, language, reason string) (Next, error) {
	c.Trace("voicemail", reason)
	if err := c.Play(ctx, c.Prompt("service.unavailable", language)); err != nil {
		return end(), err
	}
	c.End(engine.CauseNormal)
	return end(), nil
}

// ownVoicemail is the personal voicemail of who calls (SYS-1233, EXT-VM-05).
func (r *Router) ownVoicemail(ctx context.Context, c *call.Call, by caller) (Next, error) {
	number := by.channel.User
	box, ok := c.Account.Mailbox(number)
	if by.user == nil || !ok || r.cfg.Voicemail == nil {
		r.refuse(ctx, c, engine.CauseForbidden, "call.login_required", "nobody is logged in on channel "+by.channel.Name)
		return end(), nil
	}
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := languageOf(c, box.Language)
	trusted, why := dialplan.TrustedDevice(c.Account, by.channel, c.Caller.Info.Peer.Addr())
	c.Trace("voicemail", "own box of "+number+"; "+why)
	if dialplan.AskVoicemailPIN(by.user, trusted) {
		if ok, err := r.boxPIN(ctx, c, box, number, language); !ok || err != nil {
			return end(), err
		}
	}
	return r.openBox(ctx, c, box, language)
}

// manageVoicemail opens the box of a voicemail extension (SYS-920, EXT-VM-02). Its linked user needs no PIN
// at a trusted device.
func (r *Router) manageVoicemail(ctx context.Context, c *call.Call, by caller) (Next, error) {
	if r.cfg.Voicemail == nil {
		r.refuse(ctx, c, engine.CauseNotFound, "call.number_unknown", "there is no voicemail")
		return end(), nil
	}
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := c.Account.Language
	if by.user != nil {
		language = languageOf(c, by.user.Language)
	}
	prompt := c.Prompt("voicemail.box", language)
	for try := range dialplan.PINTries {
		got, err := c.Gather(ctx, call.Gather{Prompt: prompt, Match: c.Account.MatchExtension, First: codeFirst, Inter: codeInter})
		if err != nil {
			return end(), err
		}
		if got.Match != dialplan.MenuExact {
			c.Trace("voicemail", "try "+strconv.Itoa(try+1)+": "+strconv.Quote(clip(got.Digits))+" is no extension")
			prompt = append(c.Prompt("entry.invalid", language), c.Prompt("voicemail.box", language)...)
			continue
		}
		number := got.Digits
		box, ok := c.Account.Mailbox(number)
		if box.Config == nil {
			// A user's own box is opened by that user only; it is not told apart from one that is not there.
			ok, box.VoicemailBox = false, dialplan.VoicemailBox{}
		}
		trusted, why := dialplan.TrustedDevice(c.Account, by.channel, c.Caller.Info.Peer.Addr())
		if ok && by.user != nil && box.Config.User == by.channel.User && trusted {
			c.Trace("voicemail", "box of "+number+" is linked to "+by.channel.User+"; "+why)
			return r.openBox(ctx, c, box, languageOf(c, box.Language))
		}
		if right, err := r.boxPIN(ctx, c, box, number, language); !right || !ok || err != nil {
			return end(), err
		}
		return r.openBox(ctx, c, box, languageOf(c, box.Language))
	}
	if err := c.Play(ctx, c.Prompt("goodbye", language)); err != nil {
		return end(), err
	}
	c.End(engine.CauseNormal)
	return end(), nil
}

// boxPIN asks for the PIN of a box; false: the caller has been told that it was wrong. A box without PIN is opened by none.
func (r *Router) boxPIN(ctx context.Context, c *call.Call, box dialplan.Mailbox, number, language string) (bool, error) {
	by, err := r.askPIN(ctx, c, pinQuestion{
		Extension: number, PIN: func(string) string { return box.PIN }, Purpose: "voicemail", Language: language,
	})
	if err != nil || by != "" {
		return by != "", err
	}
	c.End(engine.CauseNormal)
	return false, nil
}
