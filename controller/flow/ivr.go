package flow

import (
	"context"
	"strconv"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// ivr plays its announcement and takes an option (EXT-IVR-01 to 03).
func (r *Router) ivr(ctx context.Context, c *call.Call, e *dialplan.Extension, m *dialplan.IVR) (Next, error) {
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := languageOf(c, m.Language)
	key := m.Announcement
	if key == "" {
		key = "ivr.choose"
	}
	prompt := c.Prompt(key, language)
	tries := max(m.Tries, 1)
	for try := 1; try <= tries; try++ {
		got, err := c.Gather(ctx, call.Gather{
			Prompt: prompt, Match: m.Match, First: m.FirstDigit, Inter: m.InterDigit,
		})
		if err != nil {
			return end(), err
		}
		if got.Match == dialplan.MenuExact {
			o := m.Options[got.Digits]
			c.Trace("ivr", "menu "+e.Number+": option "+got.Digits+" goes to "+o.Destination.String())
			if !o.Destination.IsZero() {
				return Next{To: []dialplan.Destination{o.Destination}, Prefix: o.Prefix, Input: true, Reason: "option " + got.Digits}, nil
			}
			break
		}
		said := "ivr.timeout"
		if got.Digits != "" {
			said = "ivr.invalid"
			c.Trace("ivr", "menu "+e.Number+": "+clip(got.Digits)+" is no option")
		} else {
			c.Trace("ivr", "menu "+e.Number+": no input, try "+strconv.Itoa(try)+" of "+strconv.Itoa(tries))
		}
		if try < tries {
			prompt = append(c.Prompt(said, language), c.Prompt(key, language)...)
		}
	}
	if !m.Fallback.IsZero() {
		c.Trace("ivr", "menu "+e.Number+": goes to its fallback "+m.Fallback.String())
		return Next{To: []dialplan.Destination{m.Fallback}, Prefix: m.FallbackPrefix, Reason: "fallback"}, nil
	}
	c.Trace("ivr", "menu "+e.Number+": no valid input and no fallback")
	if err := c.Play(ctx, c.Prompt("goodbye", language)); err != nil {
		return end(), err
	}
	c.End(engine.CauseNormal)
	return end(), nil
}
