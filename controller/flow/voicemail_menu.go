package flow

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// boxMenu is somebody in a box: what is in it, and its options (EXT-VM-02).
type boxMenu struct {
	r        *Router
	c        *call.Call
	box      dialplan.Mailbox
	language string
	by       string // who, for the audit log
}

// menuTries is how often a menu is said to somebody who presses nothing.
const menuTries = 3

// openBox is the menu of a box until its caller has enough.
func (r *Router) openBox(ctx context.Context, c *call.Call, box dialplan.Mailbox, language string) (Next, error) {
	m := &boxMenu{r: r, c: c, box: box, language: language, by: "phone of " + c.FromExtension}
	if err := m.run(ctx); err != nil {
		return end(), err
	}
	if err := c.Play(ctx, c.Prompt("goodbye", m.language)); err != nil {
		return end(), err
	}
	c.End(engine.CauseNormal)
	return end(), nil
}

func (m *boxMenu) run(ctx context.Context) error {
	fresh, _, err := m.messages(ctx)
	if err != nil {
		return m.unavailable(ctx, err)
	}
	m.c.Trace("voicemail", strconv.Itoa(len(fresh))+" new messages in the box of "+m.box.Number)
	said := m.prompt("voicemail.none_new")
	if len(fresh) > 0 {
		said = append(m.prompt("voicemail.new"), m.number(len(fresh))...)
		if more, err := m.listen(ctx, fresh, said); err != nil || !more {
			return err
		}
		said = m.prompt("voicemail.no_more")
	}
	for {
		key, err := m.ask(ctx, append(said, m.prompt("voicemail.menu")...), "01")
		switch {
		case err != nil:
			return err
		case key == "":
			return nil
		case key == "0":
			if err := m.options(ctx); err != nil {
				return err
			}
			said = nil
			continue
		}
		_, old, err := m.messages(ctx)
		if err != nil {
			return m.unavailable(ctx, err)
		}
		said = m.prompt("voicemail.none_old")
		if len(old) > 0 {
			if more, err := m.listen(ctx, old, nil); err != nil || !more {
				return err
			}
			said = m.prompt("voicemail.no_more")
		}
	}
}

// listen plays messages one after the other: 6 goes on to the next, 5 repeats, 7 deletes. more is false when the
// caller presses nothing any more.
func (m *boxMenu) listen(ctx context.Context, list []store.VoicemailMessage, said []engine.Source) (more bool, err error) {
	boxes, account := m.r.cfg.Voicemail, m.c.Account.ID
	for _, msg := range list {
		for again := true; again; {
			again = false
			file := boxes.Audio(account, msg.ID)
			if _, err := os.Stat(file); err != nil {
				m.c.Trace("voicemail", "the audio of a message is gone")
				m.c.Log().Error("audio of a voicemail message", "error", err)
				said = append(said, m.prompt("service.unavailable")...)
			} else {
				said = append(said, engine.Source{File: file})
			}
			key, err := m.ask(ctx, append(said, m.prompt("voicemail.keys")...), "567")
			if err != nil {
				return false, err
			}
			said = nil
			if key == "7" {
				if err := boxes.Delete(ctx, account, msg); err != nil {
					return false, m.unavailable(ctx, err)
				}
				m.c.Trace("voicemail", "message "+msg.ID.String()+" deleted")
				said = m.prompt("voicemail.deleted")
				continue
			}
			if err := boxes.Heard(ctx, account, msg); err != nil {
				m.c.Log().Error("voicemail", "error", err) // it will be new again
			}
			msg.Heard = true
			if key == "" {
				return false, nil
			}
			again = key == "5"
		}
	}
	if len(said) > 0 {
		err = m.c.Play(ctx, said)
	}
	return true, err
}

// options: 1 records the welcome message, 2 changes the PIN, 3 the language.
func (m *boxMenu) options(ctx context.Context) error {
	for {
		key, err := m.ask(ctx, m.prompt("voicemail.options"), "123")
		if err != nil || key == "" {
			return err
		}
		switch key {
		case "1":
			err = m.recordWelcome(ctx)
		case "2":
			err = m.changePIN(ctx)
		case "3":
			err = m.changeLanguage(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func (m *boxMenu) recordWelcome(ctx context.Context) error {
	boxes, account := m.r.cfg.Voicemail, m.c.Account.ID
	name, file, err := boxes.NewGreeting(account)
	if err != nil {
		return m.unavailable(ctx, err)
	}
	if err := m.c.Play(ctx, append(m.prompt("voicemail.record_welcome"), voicemailBeep())); err != nil {
		return err
	}
	longest, silence := boxes.Limits()
	taken, err := m.c.Take(ctx, call.Take{File: file, Max: longest, Silence: silence})
	good := err == nil && taken.Err == nil && boxes.Spoken(file)
	if !good {
		boxes.DropGreeting(account, name)
		if err != nil {
			return err // who hangs up in the middle did not finish it
		}
		return m.c.Play(ctx, m.prompt("voicemail.empty"))
	}
	if err := boxes.Change(ctx, account, m.box.Number, m.by, store.VoicemailChange{Greeting: &name}); err != nil {
		boxes.DropGreeting(account, name)
		return m.unavailable(ctx, err)
	}
	boxes.DropGreeting(account, m.box.Greeting)
	m.box.Greeting = name
	m.c.Trace("voicemail", "welcome message of "+m.box.Number+" recorded")
	return m.c.Play(ctx, append([]engine.Source{{File: file}}, m.prompt("voicemail.welcome_saved")...))
}

// changePIN takes the new PIN twice.
func (m *boxMenu) changePIN(ctx context.Context) error {
	said := m.prompt("voicemail.new_pin")
	for range dialplan.PINTries {
		pin, err := m.enterPIN(ctx, said)
		if err != nil {
			return err
		}
		if why := dialplan.CheckVoicemailPIN(pin); why != "" {
			m.c.Trace("voicemail", "the new PIN "+why)
			said = append(m.prompt("voicemail.pin_unsafe"), m.prompt("voicemail.new_pin")...)
			continue
		}
		again, err := m.enterPIN(ctx, m.prompt("voicemail.repeat_pin"))
		if err != nil {
			return err
		}
		if again != pin {
			said = append(m.prompt("voicemail.pin_differs"), m.prompt("voicemail.new_pin")...)
			continue
		}
		if err := m.r.cfg.Voicemail.Change(ctx, m.c.Account.ID, m.box.Number, m.by, store.VoicemailChange{PIN: &pin}); err != nil {
			return m.unavailable(ctx, err)
		}
		m.c.Trace("voicemail", "PIN of the box of "+m.box.Number+" changed")
		return m.c.Play(ctx, m.prompt("voicemail.pin_saved"))
	}
	return nil
}

func (m *boxMenu) enterPIN(ctx context.Context, prompt []engine.Source) (string, error) {
	got, err := m.c.Gather(ctx, call.Gather{Prompt: prompt, Match: dialplan.MatchVoicemailPIN, First: codeFirst, Inter: codeInter})
	return got.Digits, err
}

// changeLanguage names each language in itself.
func (m *boxMenu) changeLanguage(ctx context.Context) error {
	all := dialplan.Languages()
	var prompt []engine.Source
	keys := ""
	for i, l := range all {
		prompt = append(prompt, m.c.Prompt("voicemail.language", l)...)
		prompt = append(prompt, m.c.Prompt("number."+strconv.Itoa(i+1), l)...)
		keys += strconv.Itoa(i + 1)
	}
	key, err := m.ask(ctx, prompt, keys)
	if err != nil || key == "" {
		return err
	}
	language := all[key[0]-'1']
	if err := m.r.cfg.Voicemail.Change(ctx, m.c.Account.ID, m.box.Number, m.by, store.VoicemailChange{Language: &language}); err != nil {
		return m.unavailable(ctx, err)
	}
	m.language = language
	m.c.Trace("voicemail", "language of the box of "+m.box.Number+" is "+language)
	return m.c.Play(ctx, m.prompt("voicemail.language_saved"))
}

// ask takes one of the keys; empty: nothing was pressed, each time it was asked for.
func (m *boxMenu) ask(ctx context.Context, prompt []engine.Source, keys string) (string, error) {
	match := func(digits string) dialplan.MenuMatch {
		switch {
		case digits == "":
			return dialplan.MenuPartial
		case len(digits) == 1 && strings.Contains(keys, digits):
			return dialplan.MenuExact
		}
		return dialplan.MenuInvalid
	}
	said := prompt
	for range menuTries {
		got, err := m.c.Gather(ctx, call.Gather{Prompt: said, Match: match, First: codeFirst, Inter: time.Second})
		if err != nil {
			return "", err
		}
		if got.Match == dialplan.MenuExact {
			return got.Digits, nil
		}
		said = prompt
		if got.Digits != "" {
			said = append(m.prompt("ivr.invalid"), prompt...)
		}
	}
	return "", nil
}

// messages of the box by now: those that nobody has heard, and the others.
func (m *boxMenu) messages(ctx context.Context) (fresh, old []store.VoicemailMessage, err error) {
	all, err := m.r.cfg.Voicemail.Messages(ctx, m.c.Account.ID, m.box.ID)
	for _, msg := range all {
		if msg.Heard {
			old = append(old, msg)
		} else {
			fresh = append(fresh, msg)
		}
	}
	return fresh, old, err
}

func (m *boxMenu) prompt(key string) []engine.Source { return m.c.Prompt(key, m.language) }

func (m *boxMenu) number(n int) []engine.Source {
	if n > 99 {
		n = 99
	}
	return m.prompt("number." + strconv.Itoa(n))
}

// unavailable tells the caller that something can't be done now; the call goes on.
func (m *boxMenu) unavailable(ctx context.Context, err error) error {
	m.c.Log().Error("voicemail", "extension", m.box.Number, "error", err)
	m.c.Trace("voicemail", "not possible now")
	return m.c.Play(ctx, m.prompt("service.unavailable"))
}
