package flow

import (
	"context"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// What a user hears of the assistant, and nobody else: that it begins, and that it ends. Short enough not to cover what the other party says.
const (
	assistLow  = 1000 // Hz
	assistHigh = 1400
	// beepTime is how long the caller hears that it is their turn.
	beepTime = 250 * time.Millisecond
)

func beeps(hz ...int) []engine.Source {
	var out []engine.Source
	for _, f := range hz {
		out = append(out, engine.Source{Beep: &engine.Beep{Hz: f, Duration: beepTime}})
	}
	return out
}

// mayAssist tells when the assistant serves a user, by what is set and by whether there is an analyser at all.
func (r *Router) mayAssist(c *call.Call, user string) (use dialplan.AssistantUse, reason string) {
	use, reason = c.Account.AssistantOf(user)
	if use != dialplan.AssistantOff && !r.cfg.Assistant {
		return dialplan.AssistantOff, "there is no analyser"
	}
	return use, reason
}

// assistFromBegin has the assistant hear a conversation as the user has set it, or asked for it or ended it before.
func (r *Router) assistFromBegin(ctx context.Context, c *call.Call, x *call.Leg) {
	use, reason := r.mayAssist(c, x.Extension)
	wish := x.Assisted()
	switch {
	case x.Recording(dialplan.RecordAssistant), wish == call.AssistEnded, use == dialplan.AssistantOff,
		use != dialplan.AssistantAutomatic && wish != call.AssistAsked:
		return
	}
	c.Trace("assistant", reason)
	_ = c.Record(ctx, x, dialplan.RecordAssistant, "") // traced; the call goes on
}

// assist begins or ends what the assistant hears of a user's conversation (*4 and *5).
func (r *Router) assist(ctx context.Context, c *call.Call, by *call.Leg, begin bool) {
	if c.Account.User(by.Extension) == nil {
		return // somebody outside: the keys were for the other party
	}
	if !begin {
		by.Assist(call.AssistEnded)
		if by.Recording(dialplan.RecordAssistant) {
			c.Trace("assistant", by.String()+" ends it")
			_ = c.StopRecording(ctx, by, dialplan.RecordAssistant)
			_ = c.PlayTo(ctx, by, beeps(assistHigh, assistLow), false)
		}
		return
	}
	use, reason := r.mayAssist(c, by.Extension)
	c.Trace("assistant", reason)
	if use == dialplan.AssistantOff {
		_ = c.PlayTo(ctx, by, c.Prompt("call.not_allowed", languageOf(c, c.Account.User(by.Extension).Language)), false)
		return
	}
	by.Assist(call.AssistAsked)
	sounds := beeps(assistLow, assistHigh)
	if err := c.Record(ctx, by, dialplan.RecordAssistant, by.Extension); err != nil {
		sounds = c.Prompt("call.try_later", languageOf(c, c.Account.User(by.Extension).Language))
	}
	_ = c.PlayTo(ctx, by, sounds, false)
}

// memo is SYS-940: the caller speaks to the assistant until a key is pressed or the phone hung up.
func (r *Router) memo(ctx context.Context, c *call.Call) (Next, error) {
	if use, reason := r.mayAssist(c, c.FromExtension); use == dialplan.AssistantOff {
		r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", reason)
		return end(), nil
	}
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := r.languageOf(c)
	if err := c.Play(ctx, append(c.Prompt("assistant.speak", language), beeps(assistHigh)...)); err != nil {
		return end(), err
	}
	if err := c.Record(ctx, c.Caller, dialplan.RecordMemo, c.FromExtension); err != nil {
		r.refuse(ctx, c, engine.CauseInternal, "call.try_later", "the memo can't be recorded")
		return end(), nil
	}
	if err := c.AwaitRecorded(ctx, dialplan.RecordMemo); err != nil {
		return end(), err
	}
	return end(), c.Play(ctx, c.Prompt("assistant.thanks", language))
}
