package flow

import (
	"context"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// forwarding is the menu in which users set, hear and clear their forwards (SYS-910): 1 all calls, 2 when busy, 3 when
// nobody answers; there 1 sets, 2 clears, and * goes back.
func (r *Router) forwarding(ctx context.Context, c *call.Call, by caller) (Next, error) {
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := by.language(c)
	kinds := map[string]dialplan.ForwardKind{"1": dialplan.ForwardAlways, "2": dialplan.ForwardBusy, "3": dialplan.ForwardNoAnswer}
	forwards := by.user.Forwards
	for {
		key, err := r.choose(ctx, c, say(c, language, "forward.menu"), language, "123*")
		if err != nil {
			return end(), err
		}
		kind, ok := kinds[key]
		if !ok {
			return hangUp(ctx, c, say(c, language, "goodbye"))
		}
		key, err = r.choose(ctx, c, append(r.forwardIs(c, language, kind, forwards), say(c, language, "forward.change")...), language, "12*")
		if err != nil {
			return end(), err
		}
		var to []dialplan.Destination
		switch key {
		case "1":
			if to, err = r.forwardTo(ctx, c, by, language); err != nil {
				return end(), err
			}
			if to == nil {
				continue
			}
		case "2":
		case "*":
			continue
		default:
			return hangUp(ctx, c, say(c, language, "goodbye"))
		}
		done, err := r.setForward(ctx, c, by, language, kind, to)
		if err != nil || !done {
			return end(), err
		}
		*kind.Of(&forwards) = to
		if err := c.Play(ctx, r.forwardIs(c, language, kind, forwards)); err != nil {
			return end(), err
		}
	}
}

// forwardTo asks for a number to which the caller may forward, three times at most; nil: there is none, as the caller has heard.
func (r *Router) forwardTo(ctx context.Context, c *call.Call, by caller, language string) ([]dialplan.Destination, error) {
	var said []engine.Source
	for range dialplan.PINTries {
		got, err := c.Gather(ctx, call.Gather{
			Prompt: append(said, c.Prompt("forward.number", language)...), Match: dialplan.MatchNumber, First: codeFirst, Inter: codeInter,
		})
		if err != nil {
			return nil, err
		}
		to, reason := c.Account.CheckForward(by.channel.User, got.Digits)
		if reason == "" {
			return []dialplan.Destination{to}, nil
		}
		c.Trace("forward", clip(got.Digits)+" is no destination: "+reason)
		said = c.Prompt("forward.wrong", language)
	}
	return nil, c.Play(ctx, said)
}

func (r *Router) setForward(ctx context.Context, c *call.Call, by caller, language string, kind dialplan.ForwardKind, to []dialplan.Destination) (bool, error) {
	what := "user " + by.channel.User + " forwards " + string(kind) + " to " + list(to)
	if len(to) == 0 {
		what = "user " + by.channel.User + " clears the forward " + string(kind)
	}
	return r.change(ctx, c, language, what, func(ctx context.Context, k Desk) error {
		return k.SetForward(ctx, c.Account.ID, by.channel.User, kind, to)
	})
}

// forwardIs says where calls are forwarded.
func (r *Router) forwardIs(c *call.Call, language string, kind dialplan.ForwardKind, f dialplan.Forwards) []engine.Source {
	to := *kind.Of(&f)
	if len(to) == 0 {
		return say(c, language, "forward."+string(kind), "forward.off")
	}
	keys := []string{"forward." + string(kind), "forward.on"}
	for _, d := range to {
		number := d.Extension
		if number == "" {
			number = dialplan.Display(d.External, c.Account.Country)
		}
		keys = append(keys, digits(number)...)
	}
	return say(c, language, keys...)
}

// forwardCode does what a code asks for (FEA-FWD-01), and says what is set then.
func (r *Router) forwardCode(ctx context.Context, c *call.Call, by caller, code dialplan.ForwardCode) (Next, error) {
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language, forwards := by.language(c), by.user.Forwards
	if !code.Ask {
		var to []dialplan.Destination
		if code.Number != "" {
			d, reason := c.Account.CheckForward(by.channel.User, code.Number)
			if reason != "" {
				c.Trace("forward", clip(code.Number)+" is no destination: "+reason)
				return hangUp(ctx, c, say(c, language, "forward.wrong"))
			}
			to = []dialplan.Destination{d}
		}
		done, err := r.setForward(ctx, c, by, language, code.Kind, to)
		if err != nil || !done {
			return end(), err
		}
		*code.Kind.Of(&forwards) = to
	}
	return hangUp(ctx, c, r.forwardIs(c, language, code.Kind, forwards))
}
