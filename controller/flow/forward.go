package flow

import (
	"context"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// forward goes on to its number outside (EXT-FWD-01).
func (r *Router) forward(ctx context.Context, c *call.Call, e *dialplan.Extension, f *dialplan.Forward) (Next, error) {
	c.Trace("forward", "extension "+e.Number+" forwards to "+f.Number)
	return r.external(ctx, c, f.Number, f.CallerID)
}

// autoAnswer plays its audio and hangs up (EXT-AA-01).
func (r *Router) autoAnswer(ctx context.Context, c *call.Call, e *dialplan.Extension, a *dialplan.AutoAnswer) (Next, error) {
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	c.Trace("announcement", "extension "+e.Number+" plays "+a.Announcement+" and hangs up")
	if err := c.Play(ctx, c.Prompt(a.Announcement, languageOf(c, a.Language))); err != nil {
		return end(), err
	}
	c.End(engine.CauseNormal)
	return end(), nil
}

// byTime goes where the period of this moment leads (EXT-TBR-01).
func (r *Router) byTime(c *call.Call, e *dialplan.Extension, t *dialplan.TimeRoute) Next {
	to, reason := dialplan.RouteByTime(t, c.Now(), c.Account.Location)
	c.Trace("time", "extension "+e.Number+": "+reason+": goes to "+to.String())
	return Next{To: []dialplan.Destination{to}, Reason: "time"}
}

// languageOf an extension: its own, else the account's.
func languageOf(c *call.Call, own string) string {
	if own == "" {
		return c.Account.Language
	}
	return own
}
