package flow

import (
	"context"
	"strconv"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// Streams are media streams to voice bots.
type Streams interface {
	// Open prepares the stream of a call to the bot at a websocket, and gives the SIP address at which the engine finds it. The
	// bot is called when the engine calls that address.
	Open(account dialplan.AccountID, url string, facts dialplan.BotFacts) (address string)
}

// ai hands the call to a voice bot (EXT-AI-01).
func (r *Router) ai(ctx context.Context, c *call.Call, e *dialplan.Extension, ai *dialplan.AI) (Next, error) {
	facts := dialplan.BotFacts{Call: c.ID.String(), Called: c.Dialed, Account: strconv.FormatInt(int64(c.Account.ID), 10), Extension: e.Number,
		Language: languageOf(c, ai.Language)}
	from := c.From
	if c.Choice.Anonymous {
		from = engine.Identity{Anonymous: true}
	}
	if !from.Anonymous {
		facts.Caller = from.Number
	}
	name, number := dialplan.CallerDisplay(c.Prefix, from.Name, from.Number, c.Account.Country)
	c.Trace("ai", "extension "+e.Number+" hands the call to "+ai.Address())
	address := ai.URI
	if ai.Stream() && r.cfg.Streams != nil {
		address = r.cfg.Streams.Open(c.Account.ID, ai.URI, facts)
	}
	d, err := c.Dial(ctx, call.Dial{Timeout: ai.Answer, Parties: []call.Party{{Name: "the bot of " + e.Number, Together: []call.Target{{
		To: engine.Target{Kind: engine.TargetURI, URI: address}, Caller: engine.Identity{Name: name, Number: number, Anonymous: from.Anonymous},
		Extension: e.Number, Number: ai.Address(), Headers: facts.Headers(),
	}}}}})
	if err != nil {
		return end(), err
	}
	if d.Winner == nil {
		return r.botFailed(ctx, c, e.Number, "the bot did not take the call: "+string(d.Miss)), nil
	}
	return r.connect(ctx, c, d.Winner)
}

// botFailed goes to the fallback of an AI extension.
func (r *Router) botFailed(ctx context.Context, c *call.Call, extension, reason string) Next {
	ai := c.Account.Bot(extension)
	if ai == nil || ai.Fallback.Destination.IsZero() {
		r.refuse(ctx, c, engine.CauseUnreachable, "call.try_later", reason+"; extension "+extension+" has no fallback")
		return end()
	}
	c.Trace("ai", "extension "+extension+": "+reason+": goes to "+ai.Fallback.Destination.String())
	return Next{To: []dialplan.Destination{ai.Fallback.Destination}, Prefix: ai.Fallback.Prefix, Reason: "bot failed"}
}

// botLeft ends a call whose bot has hung up; one that was lost goes to the fallback.
func (r *Router) botLeft(ctx context.Context, c *call.Call, bot *call.Leg, cause engine.Cause) (Next, error) {
	if cause != engine.CauseNormal {
		return r.botFailed(ctx, c, bot.Extension, "the bot was lost: "+cause.String()), nil
	}
	c.Trace("ai", "the bot has hung up")
	c.End(engine.CauseNormal)
	return end(), nil
}

// botReturns goes where the bot sends the call.
func (r *Router) botReturns(ctx context.Context, c *call.Call, bot *call.Leg, t *engine.Transfer) (Next, error) {
	if t.ReferredBy == call.ByAPI {
		if err := c.Unbridge(ctx); err != nil {
			return end(), err
		}
		c.Drop(ctx, bot)
	}
	if t.Target == "" {
		return r.botFailed(ctx, c, bot.Extension, "the media stream to the bot was lost"), nil
	}
	to, ok := c.Account.BotReturn(t.Target)
	if !ok {
		return r.botFailed(ctx, c, bot.Extension, "the bot returned the call to "+clip(t.Target)+", which there is not"), nil
	}
	c.Trace("ai", "the bot returns the call to "+to.String())
	return Next{To: []dialplan.Destination{to}, Reason: "bot"}, nil
}

// botAgain calls the bot of a media stream anew: the stream ended with the controller that had it.
func (r *Router) botAgain(ctx context.Context, c *call.Call, bot *call.Leg) (Next, error) {
	if err := c.Unbridge(ctx); err != nil {
		return end(), err
	}
	c.Drop(ctx, bot)
	c.Trace("ai", "the media stream ended with the restart: the bot is called anew")
	return Next{To: []dialplan.Destination{{Extension: bot.Extension}}, Input: true, Reason: "restart"}, nil
}
