package flow

import (
	"context"
	"strconv"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// Plans makes numbering plans active by hand.
type Plans interface {
	// ChangePlan does so and writes to the audit log that actor did it. Calls that come after it returns go by
	// the change as soon as this controller has heard of it.
	ChangePlan(ctx context.Context, account dialplan.AccountID, actor string, change dialplan.PlanChange) error
}

// planTries is how often something is asked for that is entered wrong.
const planTries = 3

// planMenu lets a user with the right to it change the active numbering plan (NP-IVR, SYS-915).
func (r *Router) planMenu(ctx context.Context, c *call.Call, by caller) (Next, error) {
	if by.user == nil || !by.user.Permissions.TimeConfiguration {
		r.refuse(ctx, c, engine.CauseForbidden, "call.not_allowed", c.FromExtension+" has no right to change numbering plans")
		return end(), nil
	}
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	c.End(engine.CauseNormal)
	language := languageOf(c, by.user.Language)
	key, err := r.entry(ctx, c, "plan.menu", language, 1, func(n int) bool { return n >= 1 && n <= 3 })
	if err != nil || key == 0 {
		return end(), err
	}
	action := dialplan.PlanAction(strconv.Itoa(key))
	scheme, err := r.chosenScheme(ctx, c, language)
	if err != nil || scheme == nil {
		return end(), err
	}
	plan := 0
	if action != dialplan.PlanSchedule {
		plan, err = r.entry(ctx, c, "plan.number", language, 2, func(n int) bool { return scheme.Plans[n] != nil })
		if err != nil || plan == 0 {
			return end(), err
		}
	}
	change, ok := scheme.Change(action, plan, c.Now(), c.Account.Location)
	if ok && r.cfg.Plans != nil {
		bound, cancel := context.WithTimeout(ctx, storeTime)
		err = r.cfg.Plans.ChangePlan(bound, c.Account.ID, "extension "+c.FromExtension+" by telephone", change)
		cancel()
	}
	if !ok || r.cfg.Plans == nil || err != nil {
		c.Trace("plan", "scheme "+scheme.Name+" could not be changed")
		if err != nil && ctx.Err() == nil {
			c.Trace("plan", err.Error())
			c.Log().Error("change numbering plan", "error", err)
		}
		return end(), c.Play(ctx, c.Prompt("service.unavailable", language))
	}
	c.Trace("plan", "scheme "+scheme.Name+": "+change.String())
	said := map[dialplan.PlanAction]string{
		dialplan.PlanTemporary: "plan.temporary", dialplan.PlanPermanent: "plan.permanent", dialplan.PlanSchedule: "plan.schedule",
	}[action]
	confirm := c.Prompt(said, language)
	if plan != 0 {
		confirm = append(confirm, c.Prompt("number."+strconv.Itoa(plan), language)...)
	}
	return end(), c.Play(ctx, append(confirm, c.Prompt("goodbye", language)...))
}

// storeTime is how long a caller waits for a change to be stored.
const storeTime = 5 * time.Second

// chosenScheme is the account's only scheme, or the one that the caller enters; nil: none.
func (r *Router) chosenScheme(ctx context.Context, c *call.Call, language string) (*dialplan.Scheme, error) {
	if len(c.Account.Schemes) == 1 {
		return c.Account.Schemes[0], nil
	}
	n, err := r.entry(ctx, c, "plan.scheme", language, 3, func(n int) bool { return c.Account.SchemeNumbered(n) != nil })
	return c.Account.SchemeNumbered(n), err
}

// entry asks for a number that # ends, some times; 0: none of what was entered is valid, and the
// caller has heard goodbye.
func (r *Router) entry(ctx context.Context, c *call.Call, ask, language string, digits int, valid func(int) bool) (int, error) {
	prompt := c.Prompt(ask, language)
	for try := range planTries {
		got, err := c.Gather(ctx, call.Gather{Prompt: prompt, Match: dialplan.MatchEntry(digits), First: codeFirst, Inter: codeInter})
		if err != nil {
			return 0, err
		}
		if n, err := strconv.Atoi(got.Digits); err == nil && n > 0 && got.Match == dialplan.MenuExact && valid(n) {
			return n, nil
		}
		c.Trace("plan", ask+", try "+strconv.Itoa(try+1)+": "+strconv.Quote(clip(got.Digits))+" is not possible")
		prompt = append(c.Prompt("entry.invalid", language), c.Prompt(ask, language)...)
	}
	return 0, c.Play(ctx, c.Prompt("goodbye", language))
}
