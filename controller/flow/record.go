package flow

import (
	"context"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// beepTime is how long the caller hears that it is their turn.
const beepTime = 250 * time.Millisecond

// Talks begins what is to be recorded when two parties talk: each user's side by what is set for that user, and
// what somebody asked for while it rang.
func (r *Router) Talks(ctx context.Context, c *call.Call, l *call.Leg) {
	if c.Account == nil {
		return
	}
	for _, x := range []*call.Leg{c.Caller, l} {
		if x.Extension == "" || !x.Up() {
			continue
		}
		outbound := x == c.Caller && x.Extension == c.FromExtension
		if ok, reason := c.Account.Systematic(x.Extension, outbound); ok && !x.Recording(dialplan.RecordSystematic) {
			c.Trace("record", reason)
			_ = c.Record(ctx, x, dialplan.RecordSystematic, "") // traced; the call goes on
		}
		if by := c.AskedToRecord(x.Extension); by != "" {
			_ = c.Record(ctx, x, dialplan.RecordOnDemand, by)
		}
	}
}

// recordOther is SYS-908: with an extension that extension's calls, alone those of anybody over whom the caller
// has the right.
func (r *Router) recordOther(ctx context.Context, c *call.Call, at string) (Next, error) {
	may := func(a *dialplan.Account, over string) bool {
		ok, _ := a.MayRecord(c.FromExtension, over)
		return ok
	}
	if at != "" {
		if ok, reason := c.Account.MayRecord(c.FromExtension, at); !ok {
			r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", reason)
			return end(), nil
		}
	}
	extension, forbidden, err := c.RecordOther(ctx, at, c.FromExtension, may)
	switch {
	case err != nil:
		return end(), err
	case extension == "" && forbidden:
		r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", c.FromExtension+" has no right to record any of the calls that there are")
		return end(), nil
	case extension == "":
		r.refuse(ctx, c, engine.CauseNotFound, "record.none", "there is no call to record")
		return end(), nil
	}
	c.Trace("record", c.FromExtension+" has calls of "+extension+" recorded")
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	return end(), c.Play(ctx, c.Prompt("record.started", r.languageOf(c)))
}

// languageOf the user who calls.
func (r *Router) languageOf(c *call.Call) string {
	if u := c.Account.User(c.FromExtension); u != nil && u.Language != "" {
		return u.Language
	}
	return c.Account.Language
}

// assist begins or ends what the assistant hears of a user's conversation (*4 and *5).
func (r *Router) assist(ctx context.Context, c *call.Call, by *call.Leg, begin bool) {
	if !begin {
		if by.Recording(dialplan.RecordAssistant) {
			c.Trace("assistant", by.String()+" ends it")
			_ = c.StopRecording(ctx, by, dialplan.RecordAssistant) // traced; the call goes on
		}
		return
	}
	ok, reason := c.Account.MayUseAssistant(by.Extension)
	c.Trace("assistant", reason)
	if ok {
		_ = c.Record(ctx, by, dialplan.RecordAssistant, by.Extension)
	}
}

// memo is SYS-940: the caller speaks to the assistant until a key is pressed or the phone hung up.
func (r *Router) memo(ctx context.Context, c *call.Call) (Next, error) {
	if ok, reason := c.Account.MayUseAssistant(c.FromExtension); !ok {
		r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", reason)
		return end(), nil
	}
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := r.languageOf(c)
	ask := append(c.Prompt("assistant.speak", language), engine.Source{Beep: &engine.Beep{Hz: 1400, Duration: beepTime}})
	if err := c.Play(ctx, ask); err != nil {
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
