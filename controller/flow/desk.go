package flow

import (
	"context"
	"errors"
	"strings"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// Desk keeps what users change by phone: where they are logged in, their PIN, their forwards. Each change is made as a whole or
// not at all, by the rules of dialplan on what is true at that moment, and is in the audit log.
type Desk interface {
	LogIn(context.Context, dialplan.AccountID, dialplan.LogInRequest) error
	// LogOut logs whoever is logged in on the first channel out there and on the others.
	LogOut(ctx context.Context, account dialplan.AccountID, user string, channels []string) error
	ChangePIN(ctx context.Context, account dialplan.AccountID, user, pin string) error
	// SetForward replaces one forward of a user; no destination clears it.
	SetForward(ctx context.Context, account dialplan.AccountID, user string, kind dialplan.ForwardKind, to []dialplan.Destination) error
}

// deskTime is how long a change may take before the caller hears that it is not possible now.
const deskTime = 5 * time.Second

// change makes a change and tells the caller when it fails; done is false then.
func (r *Router) change(ctx context.Context, c *call.Call, language, what string, f func(context.Context, Desk) error) (done bool, err error) {
	err = errors.New("nothing keeps it")
	if r.cfg.Desk != nil {
		bound, cancel := context.WithTimeout(ctx, deskTime)
		err = f(bound, r.cfg.Desk)
		cancel()
	}
	if err == nil {
		c.Trace("desk", what)
		return true, nil
	}
	if context.Cause(ctx) != nil {
		return false, context.Cause(ctx)
	}
	c.Log().Error("change by phone", "change", what, "error", err)
	c.Trace("desk", what+" was not possible")
	return false, c.Play(ctx, c.Prompt("service.later", language))
}

// digits are the prompts that read a number out, key by key.
func digits(number string) []string {
	if abroad, ok := strings.CutPrefix(number, "+"); ok {
		number = "00" + abroad
	}
	var out []string
	for _, d := range number {
		switch {
		case d >= '0' && d <= '9':
			out = append(out, "digit."+string(d))
		case d == '*':
			out = append(out, "digit.star")
		case d == '#':
			out = append(out, "digit.hash")
		}
	}
	return out
}

// hangUp ends the call after a last prompt.
func hangUp(ctx context.Context, c *call.Call, prompt []engine.Source) (Next, error) {
	if err := c.Play(ctx, prompt); err != nil {
		return end(), err
	}
	c.End(engine.CauseNormal)
	return end(), nil
}

// language in which somebody hears the system: their own, else the phone's, else the account's.
func (by caller) language(c *call.Call) string {
	switch {
	case by.user != nil && by.user.Language != "":
		return by.user.Language
	case by.channel != nil && by.channel.Language != "":
		return by.channel.Language
	}
	return c.Account.Language
}

// tell refuses a call after the caller has heard why, without answering it.
func (r *Router) tell(ctx context.Context, c *call.Call, language, prompt, reason string) (Next, error) {
	c.Trace("refuse", reason)
	if err := c.Progress(ctx); err != nil {
		return end(), err
	}
	if err := c.Play(ctx, c.Prompt(prompt, language)); err != nil {
		return end(), err
	}
	c.Refuse(ctx, engine.CauseForbidden)
	return end(), nil
}

// loginPIN asks for the PIN with which users log in, of one user or of whoever the caller is.
func (r *Router) loginPIN(ctx context.Context, c *call.Call, user, language string) (string, error) {
	return r.askPIN(ctx, c, pinQuestion{Extension: user, Purpose: "login", Language: language, PIN: func(extension string) string {
		if u := c.Account.User(extension); u != nil {
			return u.PIN
		}
		return ""
	}})
}

// loginStatus says who is logged in on the phone (SYS-900).
func (r *Router) loginStatus(ctx context.Context, c *call.Call, by caller) (Next, error) {
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := by.language(c)
	if by.user == nil {
		c.Trace("desk", "nobody is logged in on channel "+by.channel.Name)
		return hangUp(ctx, c, say(c, language, "login.nobody"))
	}
	keys := append([]string{"login.as"}, digits(by.channel.User)...)
	if len(c.Account.LogOut(by.channel.Name).Others) > 0 {
		keys = append(keys, "login.elsewhere")
	}
	if ok, reason := dialplan.CheckAddress(c.Account, by.channel, c.Caller.Info.Peer.Addr()); !ok {
		c.Trace("desk", reason)
		keys = append(keys, "login.again")
	}
	c.Trace("desk", by.channel.User+" is logged in on channel "+by.channel.Name)
	return hangUp(ctx, c, say(c, language, keys...))
}

// login logs a user in on the phone (SYS-901).
func (r *Router) login(ctx context.Context, c *call.Call, by caller) (Next, error) {
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language := (caller{channel: by.channel}).language(c)
	user, err := r.loginPIN(ctx, c, "", language)
	if err != nil || user == "" {
		return end(), err
	}
	language = caller{c.Account.User(user), by.channel}.language(c)
	in := dialplan.LogInRequest{User: user, Channel: by.channel.Name, Address: c.Caller.Info.Peer.Addr()}
	d := c.Account.LogIn(user, by.channel.Name)
	if d.Refused != "" {
		c.Trace("desk", d.Refused)
		return hangUp(ctx, c, say(c, language, "login.linked", "goodbye"))
	}
	if c.Account.User(user).PIN == dialplan.DefaultPIN {
		if in.PIN, err = r.newPIN(ctx, c, language, "pin.must_change"); err != nil || in.PIN == "" {
			return end(), err
		}
	}
	if len(d.Off) > 0 {
		c.Trace("desk", "user "+user+" is logged in on as many phones as they may use")
		yes, err := r.confirm(ctx, c, language, "login.limit")
		if err != nil {
			return end(), err
		}
		if !yes {
			return hangUp(ctx, c, say(c, language, "goodbye"))
		}
		in.Elsewhere = true
	}
	done, err := r.change(ctx, c, language, "user "+user+" logs in on channel "+by.channel.Name,
		func(ctx context.Context, k Desk) error { return k.LogIn(ctx, c.Account.ID, in) })
	if err != nil || !done {
		return end(), err
	}
	return hangUp(ctx, c, say(c, language, append([]string{"login.as"}, digits(user)...)...))
}

// logout logs the user out who is logged in on the phone (SYS-902).
func (r *Router) logout(ctx context.Context, c *call.Call, by caller) (Next, error) {
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language, user := by.language(c), by.channel.User
	d := c.Account.LogOut(by.channel.Name)
	if d.Refused != "" {
		c.Trace("desk", d.Refused)
		return hangUp(ctx, c, say(c, language, "logout.linked", "goodbye"))
	}
	if known, err := r.loginPIN(ctx, c, user, language); err != nil || known == "" {
		return end(), err
	}
	channels := []string{by.channel.Name}
	if len(d.Others) > 0 {
		all, err := r.confirm(ctx, c, language, "logout.all")
		if err != nil {
			return end(), err
		}
		if all {
			channels = append(channels, d.Others...)
		}
	}
	done, err := r.change(ctx, c, language, "user "+user+" logs out",
		func(ctx context.Context, k Desk) error { return k.LogOut(ctx, c.Account.ID, user, channels) })
	if err != nil || !done {
		return end(), err
	}
	return hangUp(ctx, c, say(c, language, "logout.done", "goodbye"))
}

// changePIN lets a user choose another PIN (SYS-907).
func (r *Router) changePIN(ctx context.Context, c *call.Call, by caller) (Next, error) {
	if err := c.Answer(ctx); err != nil {
		return end(), err
	}
	language, user := by.language(c), by.channel.User
	if known, err := r.loginPIN(ctx, c, user, language); err != nil || known == "" {
		return end(), err
	}
	pin, err := r.newPIN(ctx, c, language, "")
	if err != nil || pin == "" {
		return end(), err
	}
	done, err := r.change(ctx, c, language, "user "+user+" changes the PIN",
		func(ctx context.Context, k Desk) error { return k.ChangePIN(ctx, c.Account.ID, user, pin) })
	if err != nil || !done {
		return end(), err
	}
	return hangUp(ctx, c, say(c, language, "pin.changed", "goodbye"))
}

// newPIN lets the caller choose a PIN, which they enter twice, after a prompt that may be empty. The result is empty when there
// was none in three tries, as the caller has heard.
func (r *Router) newPIN(ctx context.Context, c *call.Call, language, first string) (string, error) {
	var said []engine.Source
	if first != "" {
		said = c.Prompt(first, language)
	}
	for range dialplan.PINTries {
		got, err := r.enterNewPIN(ctx, c, append(said, c.Prompt("pin.new", language)...))
		if err != nil {
			return "", err
		}
		if why := dialplan.NewPIN(got); why != "" {
			c.Trace("pin", "the new PIN "+why)
			said = c.Prompt("pin.unsafe", language)
			continue
		}
		again, err := r.enterNewPIN(ctx, c, c.Prompt("pin.repeat", language))
		if err != nil {
			return "", err
		}
		if again == got {
			return got, nil
		}
		c.Trace("pin", "the new PIN was not repeated")
		said = c.Prompt("pin.different", language)
	}
	return "", c.Play(ctx, append(said, c.Prompt("goodbye", language)...))
}

func (r *Router) enterNewPIN(ctx context.Context, c *call.Call, prompt []engine.Source) (string, error) {
	got, err := c.Gather(ctx, call.Gather{Prompt: prompt, Match: dialplan.MatchNewPIN, First: codeFirst, Inter: codeInter})
	return got.Digits, err
}

// confirm asks a question that 1 answers with yes; 2, and no answer, with no.
func (r *Router) confirm(ctx context.Context, c *call.Call, language, key string) (yes bool, err error) {
	got, err := r.choose(ctx, c, c.Prompt(key, language), language, "12")
	return got == "1", err
}

// choose lets the caller press one of some keys, three times at most; empty: they did not.
func (r *Router) choose(ctx context.Context, c *call.Call, question []engine.Source, language, keys string) (string, error) {
	prompt := question
	for range dialplan.PINTries {
		got, err := c.Gather(ctx, call.Gather{Prompt: prompt, First: codeFirst, Inter: codeInter, Match: func(digits string) dialplan.MenuMatch {
			return dialplan.MatchKey(keys, digits)
		}})
		if err != nil || got.Match == dialplan.MenuExact {
			return got.Digits, err
		}
		said := "ivr.timeout"
		if got.Digits != "" {
			said = "ivr.invalid"
		}
		prompt = append(c.Prompt(said, language), question...)
	}
	return "", nil
}
