package flow

import (
	"context"
	"strconv"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// How long callers may take for a code that they know: the first digit, and each further one.
const (
	codeFirst = 6 * time.Second
	codeInter = 4 * time.Second
)

// location goes where the caller's place or number leads (EXT-LBR-01 to 04).
func (r *Router) location(ctx context.Context, c *call.Call, e *dialplan.Extension, l *dialplan.LocationRoute) (Next, error) {
	if l.By == dialplan.ByPostcode {
		return r.postcode(ctx, c, e, l)
	}
	caller := c.From.Number
	if c.From.Anonymous {
		caller = ""
	}
	to, reason := dialplan.RouteByLocation(l, c.Account.Country, caller, c.Dialed)
	return leads(c, "location", e, to, reason, false), nil
}

// postcode asks the caller for it; wrong input is asked again (EXT-LBR-02).
func (r *Router) postcode(ctx context.Context, c *call.Call, e *dialplan.Extension, l *dialplan.LocationRoute) (Next, error) {
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := languageOf(c, l.Language)
	ask := c.Prompt(or(l.Announcement, "postcode.ask"), language)
	prompt := ask
	for try := range max(l.Tries, 1) {
		got, err := c.Gather(ctx, call.Gather{Prompt: prompt, Match: dialplan.MatchPostcode, First: codeFirst, Inter: codeInter})
		if err != nil {
			return end(), err
		}
		if got.Match == dialplan.MenuExact {
			if to, ok := l.Table.Exact(got.Digits); ok {
				return leads(c, "location", e, to, "postcode "+got.Digits, true), nil
			}
			return leads(c, "location", e, l.Fallback, "postcode "+got.Digits+" is not in the table", true), nil
		}
		c.Trace("location", "extension "+e.Number+": try "+strconv.Itoa(try+1)+": "+strconv.Quote(clip(got.Digits))+" is no postcode")
		prompt = append(c.Prompt("entry.invalid", language), ask...)
	}
	return leads(c, "location", e, l.Fallback, "no postcode was entered", false), nil
}

// authentication leads those on whom it knows, by a PIN or by their number (EXT-AUTH-01, EXT-AUTH-02).
func (r *Router) authentication(ctx context.Context, c *call.Call, e *dialplan.Extension, a *dialplan.Authentication) (Next, error) {
	language := languageOf(c, a.Language)
	if a.ByPIN || a.Welcome != "" {
		if err := c.Answer(ctx); err != nil {
			return end(), err
		}
	}
	var prompt []engine.Source
	if a.Welcome != "" {
		prompt = c.Prompt(a.Welcome, language)
	}
	if !a.ByPIN {
		if prompt != nil {
			if err := c.Play(ctx, prompt); err != nil {
				return end(), err
			}
		}
		caller := c.From.Number
		if c.From.Anonymous {
			caller = ""
		}
		if to, key := a.KnownCaller(caller); key != "" {
			return leads(c, "authentication", e, to, "caller is known as "+key, false), nil
		}
		return r.unknown(ctx, c, e, a, "caller is not known")
	}
	prompt = append(prompt, c.Prompt("auth.pin", language)...)
	for try := range dialplan.PINTries {
		got, err := c.Gather(ctx, call.Gather{Prompt: prompt, Match: a.MatchPIN, First: codeFirst, Inter: codeInter})
		if err != nil {
			return end(), err
		}
		if to, ok := a.Entries[got.Digits]; ok && got.Digits != "" {
			return leads(c, "authentication", e, to, "PIN is right", true), nil
		}
		c.Trace("authentication", "extension "+e.Number+": PIN is wrong, try "+strconv.Itoa(try+1)+" of "+strconv.Itoa(dialplan.PINTries))
		prompt = append(c.Prompt("entry.invalid", language), c.Prompt("auth.pin", language)...)
	}
	return r.unknown(ctx, c, e, a, "no right PIN")
}

// unknown tells somebody who is not known and goes to the fallback.
func (r *Router) unknown(ctx context.Context, c *call.Call, e *dialplan.Extension, a *dialplan.Authentication, reason string) (Next, error) {
	if a.Failed != "" {
		if err := c.Answer(ctx); err != nil {
			return end(), err
		}
		if err := c.Play(ctx, c.Prompt(a.Failed, languageOf(c, a.Language))); err != nil {
			return end(), err
		}
	}
	return leads(c, "authentication", e, a.Fallback, reason, false), nil
}

// picker takes the extension that the caller enters (EXT-PICK-01).
func (r *Router) picker(ctx context.Context, c *call.Call, e *dialplan.Extension, p *dialplan.Picker) (Next, error) {
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	if p.Ringback {
		// Two times the ringing tone of ITU-T E.180: 425 Hz, 1 s on and 4 s off.
		ring := []engine.Source{{Beep: &engine.Beep{Hz: 425, Duration: time.Second}}, {Silence: 4 * time.Second}}
		if err := c.Play(ctx, append(ring, ring...)); err != nil {
			return end(), err
		}
	}
	got, err := c.Gather(ctx, call.Gather{
		Prompt: c.Prompt(or(p.Announcement, "picker.ask"), languageOf(c, p.Language)),
		Match:  c.Account.MatchExtension, First: p.Timeout, Inter: p.Timeout,
	})
	if err != nil {
		return end(), err
	}
	reason := "nothing was entered"
	if got.Digits != "" {
		ok, why := c.Account.Pick(got.Digits)
		if ok && got.Match == dialplan.MenuExact {
			return leads(c, "picker", e, dialplan.LocationTarget{Destination: dialplan.Destination{Extension: got.Digits}}, why, true), nil
		}
		reason = clip(got.Digits) + ": " + why
	}
	return leads(c, "picker", e, p.Fallback, reason, false), nil
}

// leads goes on to a target; input tells that the caller pressed keys for it.
func leads(c *call.Call, step string, e *dialplan.Extension, to dialplan.LocationTarget, reason string, input bool) Next {
	c.Trace(step, "extension "+e.Number+": "+reason+": goes to "+to.Destination.String())
	return Next{To: []dialplan.Destination{to.Destination}, Prefix: to.Prefix, Input: input, Reason: reason}
}

func or(key, system string) string {
	if key == "" {
		return system
	}
	return key
}
