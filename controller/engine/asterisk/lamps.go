package asterisk

import (
	"context"
	"fmt"
	"strings"
	"time"

	asteriskconf "callplane/asterisk-conf"
	"callplane/controller/engine"
)

// A phone finds what it subscribes to in a context of its account's own (subscribe_context), which holds a hint for each
// user that it may see and nothing else: other subscriptions get 404. The hints of all watchers of a user
// name the same custom device state, which the controller sets; what devices do plays no part.
//
// The states are set over the manager: with ARI's device states loaded, Asterisk can lock up for good when the websocket closes
// while one of them changes (https://github.com/asterisk/asterisk/issues/2170).

// SetState implements engine.Engine.
func (e *Engine) SetState(ctx context.Context, s engine.State) error {
	fail := func(err error) error { return fmt.Errorf("asterisk state %s: %w", s.Name, err) }
	value := map[engine.PresenceState]string{engine.Idle: "NOT_INUSE", engine.Alerting: "RINGING", engine.Talking: "INUSE"}[s.State]
	if !plain(s.Name) || value == "" {
		return fail(engine.ErrInvalid)
	}
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	ami, err := e.manager()
	if err != nil {
		return fail(err)
	}
	if _, err := ami.action(ctx, "", "Action", "Setvar", "Variable", "DEVICE_STATE(Custom:"+s.Name+")", "Value", value); err != nil {
		return fail(err)
	}
	return nil
}

// SetWatch implements engine.Engine. A hint that goes ends the subscriptions to it.
func (e *Engine) SetWatch(ctx context.Context, w engine.Watch) error {
	fail := func(err error) error { return fmt.Errorf("asterisk watch of %s@%s: %w", w.User, w.Domain, err) }
	good := plain(w.User) && plain(w.Domain)
	for user, name := range w.Names {
		good = good && plain(user) && plain(name)
	}
	if !good {
		return fail(engine.ErrInvalid)
	}
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	if err := e.config.acquire(ctx); err != nil {
		return fail(err)
	}
	defer e.config.release()
	ami, err := e.manager()
	if err != nil {
		return fail(err)
	}
	if err := e.readHints(ctx, ami); err != nil {
		return fail(err)
	}
	where := asteriskconf.WatchContext(w.User + "@" + w.Domain)
	e.mu.Lock()
	have := e.hints[where]
	if have == nil {
		have = make(map[string]string)
		e.hints[where] = have
	}
	e.mu.Unlock()
	// Only who has acquired config looks into have.
	type step struct{ user, name string } // without a name: it goes
	var steps []step
	var actions [][]string
	for user, name := range have {
		if w.Names[user] != name {
			steps = append(steps, step{user, ""})
			actions = append(actions, []string{"Action", "DialplanExtensionRemove", "Context", where, "Extension", user, "Priority", "hint"})
		}
	}
	for user, name := range w.Names {
		if have[user] != name {
			steps = append(steps, step{user, name})
			actions = append(actions, []string{"Action", "DialplanExtensionAdd", "Context", where, "Extension", user,
				"Priority", "hint", "Application", "Custom:" + name, "Replace", "yes"})
		}
	}
	err = ami.all(ctx, actions, func(i int) {
		if steps[i].name == "" {
			delete(have, steps[i].user)
		} else {
			have[steps[i].user] = steps[i].name
		}
	})
	if err != nil {
		return fail(err)
	}
	return nil
}

// hintsTime is how long Asterisk may take to list every hint.
const hintsTime = 30 * time.Second

// readHints reads once which hints Asterisk has, of whichever run. Calls do not wait for it. The config lock is held.
func (e *Engine) readHints(ctx context.Context, ami *amiConn) error {
	e.mu.Lock()
	read := e.hintsRead && e.ami == ami
	e.mu.Unlock()
	if read {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hintsTime) // the next to ask would begin anew
	defer cancel()
	list, err := ami.action(ctx, "ExtensionStateListComplete", "Action", "ExtensionStateList")
	if err != nil {
		return fmt.Errorf("hints: %w", err)
	}
	hints := make(map[string]map[string]string)
	for _, m := range list {
		name, ok := strings.CutPrefix(m["hint"], "Custom:")
		if !ok || !strings.HasPrefix(m["context"], asteriskconf.WatchContext("")) {
			continue
		}
		if hints[m["context"]] == nil {
			hints[m["context"]] = make(map[string]string)
		}
		hints[m["context"]][m["exten"]] = name
	}
	e.mu.Lock()
	e.hints = hints
	e.hintsRead = e.ami == ami
	e.mu.Unlock()
	return nil
}
