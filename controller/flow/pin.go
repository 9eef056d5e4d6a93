package flow

import (
	"context"
	"strconv"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// pinQuestion is what askPIN asks.
type pinQuestion struct {
	// Extension whose PIN is asked for; empty: the caller enters it first.
	Extension string
	// PIN of an extension; empty when it has none, which is not told apart from a wrong one.
	PIN func(extension string) string
	// Purpose for which wrong PINs are counted by themselves: "login", "voicemail".
	Purpose  string
	Language string
}

// askPIN asks the caller, who has been answered, for an extension and its PIN, or the PIN alone, three times at most. An extension
// is empty when that was in vain: the caller has heard so, and how long an extension is locked after
// wrong PINs in several calls is dialplan.PINGuesses. What is heard of an extension that does not exist is
// the same as of one with another PIN.
func (r *Router) askPIN(ctx context.Context, c *call.Call, q pinQuestion) (extension string, err error) {
	said := []engine.Source{}
	for try := range dialplan.PINTries {
		extension, digits, err := r.enterPIN(ctx, c, q, said)
		switch {
		case err != nil:
			return "", err
		case extension == "" || digits == "":
			c.Trace("pin", "try "+strconv.Itoa(try+1)+": no whole extension and PIN were entered")
			said = c.Prompt("entry.invalid", q.Language)
			continue
		}
		key := q.Purpose + " " + extension
		switch right := dialplan.RightPIN(q.PIN(extension), digits); {
		case c.Live().PINLocked(key):
			return "", r.pinLocked(ctx, c, q, extension)
		case right:
			c.Live().PINRight(key)
			c.Trace("pin", "PIN of "+extension+" is right")
			return extension, nil
		}
		c.Trace("pin", "try "+strconv.Itoa(try+1)+": PIN of "+clip(extension)+" is wrong")
		if c.Live().PINWrong(key) {
			return "", r.pinLocked(ctx, c, q, extension)
		}
		said = c.Prompt("pin.wrong", q.Language)
	}
	return "", c.Play(ctx, append(said, c.Prompt("goodbye", q.Language)...))
}

// enterPIN takes one entry; what is empty was not entered.
func (r *Router) enterPIN(ctx context.Context, c *call.Call, q pinQuestion, said []engine.Source) (extension, digits string, err error) {
	if extension = q.Extension; extension == "" {
		got, err := c.Gather(ctx, call.Gather{
			Prompt: append(said, c.Prompt("pin.extension", q.Language)...), Match: c.Account.MatchExtension, First: codeFirst, Inter: codeInter,
		})
		if err != nil || got.Match != dialplan.MenuExact {
			return "", "", err
		}
		extension, said = got.Digits, nil
	}
	pin := q.PIN(extension)
	got, err := c.Gather(ctx, call.Gather{
		Prompt: append(said, c.Prompt("pin.enter", q.Language)...),
		Match:  func(digits string) dialplan.MenuMatch { return dialplan.MatchPIN(pin, digits) }, First: codeFirst, Inter: codeInter,
	})
	return extension, got.Digits, err
}

// pinLocked tells the caller that an extension is locked, whoever they are.
func (r *Router) pinLocked(ctx context.Context, c *call.Call, q pinQuestion, extension string) error {
	c.Trace("pin", "extension "+clip(extension)+" is locked after "+strconv.Itoa(dialplan.PINWrong)+" wrong PINs")
	c.Log().Warn("too many wrong PINs", "extension", clip(extension), "purpose", q.Purpose, "channel", c.Caller.Channel, "caller", c.From.Number)
	return c.Play(ctx, append(c.Prompt("pin.locked", q.Language), c.Prompt("goodbye", q.Language)...))
}
