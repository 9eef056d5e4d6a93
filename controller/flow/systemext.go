package flow

import (
	"context"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// systemExtension leads callers to a system extension who prove by extension and PIN who they are (EXT-SYS-01). Voicemail
// management asks for box and PIN by itself.
func (r *Router) systemExtension(ctx context.Context, c *call.Call, e *dialplan.Extension, s *dialplan.System) (Next, error) {
	c.Trace("system", "extension "+e.Number+" leads to "+string(s.Function))
	if s.Function == dialplan.SysVoicemailManage {
		return r.system(ctx, c, caller{user: c.Account.User(c.FromExtension)}, dialplan.Classified{System: s.Function})
	}
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	c.End(engine.CauseNormal)
	who, err := r.askPIN(ctx, c, pinQuestion{Purpose: "login", Language: languageOf(c, s.Language), PIN: func(extension string) string {
		u := c.Account.User(extension)
		if u == nil || u.PIN == dialplan.DefaultPIN {
			return "" // everybody knows that one: it must be changed at a phone first
		}
		return u.PIN
	}})
	if err != nil || who == "" {
		return end(), err
	}
	// What follows is done as that user.
	c.FromExtension = who
	return r.system(ctx, c, caller{user: c.Account.User(who)}, dialplan.Classified{System: s.Function})
}
