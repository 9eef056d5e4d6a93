package flow

import (
	"context"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// Talks begins what is to be recorded when two parties talk: each user's side by what is set for that user, and
// what somebody asked for while it rang.
func (r *Router) Talks(ctx context.Context, c *call.Call, l *call.Leg) {
	if c.Account == nil {
		return
	}
	for _, x := range []*call.Leg{c.Caller, l} {
		r.recordFromBegin(ctx, c, x)
	}
}

// recordFromBegin records one party of a conversation.
func (r *Router) recordFromBegin(ctx context.Context, c *call.Call, x *call.Leg) {
	if x.Extension == "" || !x.Up() {
		return
	}
	outbound := x == c.Caller && x.Extension == c.FromExtension
	if ok, reason := c.Account.Systematic(x.Extension, outbound); ok && !x.Recording(dialplan.RecordSystematic) {
		c.Trace("record", reason)
		_ = c.Record(ctx, x, dialplan.RecordSystematic, "") // traced; the call goes on
	}
	if by := c.AskedToRecord(x.Extension); by != "" {
		_ = c.Record(ctx, x, dialplan.RecordOnDemand, by)
	}
	r.assistFromBegin(ctx, c, x)
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
