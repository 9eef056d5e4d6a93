package freeswitch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
	"github.com/percipia/eslgo/command"
)

// presenceProto is what freeswitch-conf's presence_map.conf calls everything that is watched: mod_sofia then
// answers no SUBSCRIBE from its own knowledge, but asks with PRESENCE_PROBE. Who subscribed has proved to be who it
// says by digest: provisioning refuses another name in From.
const presenceProto = "callplane"

// Subscriptions are in mod_sofia's database, which nobody can ask for them. They are written down in the engine
// as well (mod_hash), so that a restarted controller finds them.
const watchRealm = "callplane-watch"

// watching is a phone's subscription to a state.
type watching struct {
	Call    string    // Call-ID
	Watcher string    // user@domain
	Watched string    // user@domain
	Until   time.Time // unless it is refreshed
	// shown is the last state that was sent; zero: none.
	shown engine.State
	// written: the engine's mod_hash has it.
	written bool
}

func (w watching) key() string {
	sum := sha256.Sum256([]byte(w.Call))
	return hex.EncodeToString(sum[:16])
}

// record is what is written down of it.
func (w *watching) record() string {
	text, _ := json.Marshal(w) // strings and a time always can be
	return hex.EncodeToString(text)
}

// lamps is what is watched and by whom. Guarded by Engine.mu.
type lamps struct {
	states  map[string]engine.State      // by name
	watches map[string]map[string]string // by user@domain: user part → name
	subs    map[string]*watching         // by Call-ID
	of      map[string]map[string]bool   // user@domain of the watcher → Call-IDs
	due     map[string]bool              // Call-IDs of those to look at
	drops   []string                     // keys to delete from mod_hash
	sender  *session                     // whose goroutine tells; nil: none
}

func newLamps() lamps {
	return lamps{states: make(map[string]engine.State), watches: make(map[string]map[string]string),
		subs: make(map[string]*watching), of: make(map[string]map[string]bool), due: make(map[string]bool)}
}

// state is what a subscription shows: idle, if the watcher may see nothing.
func (l *lamps) state(w *watching) engine.State {
	user, _, _ := strings.Cut(w.Watched, "@")
	name, ok := l.watches[w.Watcher][user]
	if s := l.states[name]; ok && s.State != 0 {
		return s
	}
	return engine.State{Name: name, State: engine.Idle}
}

// SetState implements engine.Engine. Watchers are told one after the other, in the background.
func (e *Engine) SetState(_ context.Context, st engine.State) error {
	if !token(st.Name) || st.State < engine.Idle || st.State > engine.Talking || printable(st.Text) != nil {
		return fmt.Errorf("freeswitch: set state: %w: %+v", engine.ErrInvalid, st)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if before := e.lamps.states[st.Name]; before != st && (before.State != 0 || st.State != engine.Idle) {
		if st.State == engine.Idle {
			delete(e.lamps.states, st.Name)
		} else {
			e.lamps.states[st.Name] = st
		}
		for call, w := range e.lamps.subs {
			user, _, _ := strings.Cut(w.Watched, "@")
			if e.lamps.watches[w.Watcher][user] == st.Name {
				e.lamps.due[call] = true
			}
		}
	}
	if e.up == nil {
		return fmt.Errorf("freeswitch: set state: %w", engine.ErrDown)
	}
	e.light(e.up)
	return nil
}

// SetWatch implements engine.Engine. A subscription to something else shows it idle: mod_sofia has answered it before it asks.
func (e *Engine) SetWatch(_ context.Context, w engine.Watch) error {
	good := token(w.User) && token(w.Domain)
	names := make(map[string]string, len(w.Names))
	for user, name := range w.Names {
		good = good && token(user) && token(name)
		names[user] = name
	}
	if !good {
		return fmt.Errorf("freeswitch: set watch: %w: %+v", engine.ErrInvalid, w)
	}
	key := w.User + "@" + w.Domain
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lamps.watches[key] = names
	if len(names) == 0 {
		delete(e.lamps.watches, key)
	}
	for call := range e.lamps.of[key] {
		e.lamps.due[call] = true
	}
	if e.up == nil {
		return fmt.Errorf("freeswitch: set watch: %w", engine.ErrDown)
	}
	e.light(e.up)
	return nil
}

// light tells watchers what is new to them, one after the other: an older state never comes after a newer one. Needs the lock.
func (e *Engine) light(s *session) {
	l := &e.lamps
	if l.sender == s || len(l.due)+len(l.drops) == 0 {
		return
	}
	l.sender = s
	e.wg.Go(func() {
		for {
			e.mu.Lock()
			mine := l.sender == s
			var do step
			if mine {
				if do, mine = l.next(time.Now()); !mine {
					l.sender = nil
				}
			}
			e.mu.Unlock()
			if !mine {
				return
			}
			ctx, cancel := context.WithTimeout(context.Background(), e.cfg.CommandTimeout)
			var err error
			if do.event != nil {
				err = e.fire(ctx, s, presenceProto, do.event)
			} else {
				_, err = s.cmd(presenceProto).api(ctx, "hash", do.write)
			}
			cancel()
			switch {
			case err == nil || errors.Is(err, engine.ErrRefused):
			case errors.Is(err, engine.ErrDown):
				e.mu.Lock()
				defer e.mu.Unlock()
				if w := do.of; w != nil && do.event == nil {
					w.written, l.due[w.Call] = false, true
				}
				if l.sender == s {
					l.sender = nil // the next connection goes on
				}
				return
			default:
				e.log.Warn("cannot tell a watcher", "err", err)
			}
		}
	})
}

// step is one thing to do for a subscription: an event to fire, or a command of mod_hash.
type step struct {
	event *command.SendEvent
	write string
	of    *watching // nil: it is over
}

// next is what to do next, if there is anything. A subscription is written down before its phone is told anything: of one that
// a phone has seen work, the next controller must know.
func (l *lamps) next(now time.Time) (do step, more bool) {
	for call := range l.due {
		w := l.subs[call]
		switch {
		case w == nil:
		case now.After(w.Until):
			l.drop(w)
		case !w.written:
			w.written = true
			return step{write: "insert/" + watchRealm + "/" + w.key() + "/" + w.record(), of: w}, true
		default:
			if st := l.state(w); st != w.shown {
				w.shown = st
				delete(l.due, call)
				return step{event: presenceIn(w, st), of: w}, true
			}
		}
		delete(l.due, call)
	}
	if len(l.drops) == 0 {
		return step{}, false
	}
	do.write, l.drops = "delete/"+watchRealm+"/"+l.drops[0], l.drops[1:]
	return do, true
}

func (l *lamps) add(w *watching) {
	if old := l.subs[w.Call]; old != nil {
		l.forget(old)
	}
	l.subs[w.Call] = w
	if l.of[w.Watcher] == nil {
		l.of[w.Watcher] = make(map[string]bool)
	}
	l.of[w.Watcher][w.Call] = true
}

func (l *lamps) forget(w *watching) {
	delete(l.subs, w.Call)
	if delete(l.of[w.Watcher], w.Call); len(l.of[w.Watcher]) == 0 {
		delete(l.of, w.Watcher)
	}
}

func (l *lamps) drop(w *watching) {
	l.forget(w)
	l.drops = append(l.drops, w.key())
}

// presenceIn is the event that makes mod_sofia send dialog-info (RFC 4235) with one subscription.
func presenceIn(w *watching, st engine.State) *command.SendEvent {
	user, _, _ := strings.Cut(w.Watched, "@")
	h := map[string][]string{
		"proto":                   {presenceProto},
		"login":                   {w.Watched},
		"from":                    {w.Watched},
		"event_type":              {"presence"},
		"alt_event_type":          {"dialog"},
		"Presence-Call-Direction": {"outbound"},
		"event_count":             {"1"},
		"call-id":                 {w.Call},
		// The dialog's id, without which none is shown. Not that of a channel; and always the same, since phones take
		// another one for a second call.
		"unique-id": {w.Watched},
		// With somebody at the far side there is a target, "**" and the number, that phones call to pick up.
		"Caller-Caller-ID-Number": {user},
		"Presence-Privacy":        {"true"},
	}
	set := func(rpid, status, state, callState, answer string) {
		h["rpid"], h["status"] = []string{rpid}, []string{status}
		h["channel-state"], h["channel-call-state"] = []string{state}, []string{callState}
		h["answer-state"], h["astate"] = []string{answer}, []string{answer}
	}
	if st.Text != "" {
		// mod_sofia writes it into the document as it is.
		var text strings.Builder
		_ = xml.EscapeText(&text, []byte(st.Text)) // a Builder takes everything
		h["Presence-Privacy"], h["Caller-Caller-ID-Name"] = []string{"false"}, []string{text.String()}
	}
	switch st.State {
	case engine.Alerting:
		set("unknown", "CS_ROUTING", "CS_ROUTING", "RINGING", "early")
	case engine.Talking:
		set("unknown", "CS_EXECUTE", "CS_EXECUTE", "ACTIVE", "confirmed")
	default:
		set("unknown", "Available", "CS_HANGUP", "HANGUP", "terminated")
	}
	return &command.SendEvent{Name: "PRESENCE_IN", Headers: h}
}

// maxSubscriptions of one account; what comes beyond shows nothing.
const maxSubscriptions = 500

// probed notes a subscription, or its end, and answers it. Needs the lock.
func (e *Engine) probed(s *session, ev *event) {
	if ev.get("proto") != presenceProto {
		return
	}
	if p := ev.get("proto-specific-event-name"); p != "dialog" && p != "presence" {
		return // message-summary and the like are told by Notify
	}
	w := &watching{Call: ev.get("sub-call-id"), Watcher: ev.get("from"), Watched: ev.get("to")}
	if _, rest, ok := strings.Cut(w.Watched, presenceProto+"+"); ok {
		w.Watched = rest
	}
	w.Watched, _, _ = strings.Cut(w.Watched, "/")
	seconds, err := strconv.ParseInt(ev.get("expires"), 10, 64)
	if w.Call == "" || printable(w.Call, w.Watcher, w.Watched) != nil || err != nil {
		return
	}
	l := &e.lamps
	if seconds <= 0 {
		if old := l.subs[w.Call]; old != nil && old.Watcher == w.Watcher {
			l.drop(old)
			e.light(s)
		}
		return
	}
	if calls := l.of[w.Watcher]; !calls[w.Call] && len(calls) >= maxSubscriptions {
		return
	}
	// A little longer than mod_sofia keeps it, so that its own end comes first.
	w.Until = time.Now().Add(time.Duration(min(seconds, 86400))*time.Second + 30*time.Second)
	l.add(w)
	l.due[w.Call] = true
	e.light(s)
}

// watched reads what an earlier run has written down. Every subscription is told its state again: what was shown is not known.
// Those of a restarted engine have ended.
func (e *Engine) watched(ctx context.Context, s *session, restarted bool) error {
	text, err := s.cmds[0].api(ctx, "hash_dump", "db "+watchRealm)
	if errors.Is(err, engine.ErrRefused) {
		text, err = "", nil // what prints nothing is an error to the engine
	}
	if err != nil {
		return fmt.Errorf("freeswitch: subscriptions: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lamps.resume(text, restarted, time.Now())
	return nil
}

// resume begins anew on another connection, with what is written down.
func (l *lamps) resume(text string, restarted bool, now time.Time) {
	if restarted {
		clear(l.subs)
		clear(l.of)
		l.drops = nil
	}
	clear(l.due)
	l.sender = nil
	for call, w := range l.subs {
		w.shown = engine.State{}
		if !w.written {
			l.due[call] = true
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		i := strings.LastIndexByte(line, '/')
		raw, err := hex.DecodeString(strings.TrimSpace(line[i+1:]))
		w := new(watching)
		if err != nil || len(raw) == 0 || json.Unmarshal(raw, w) != nil || w.Call == "" {
			continue
		}
		switch {
		case l.subs[w.Call] != nil: // it may have been refreshed, which is still to be written
		case now.After(w.Until):
			l.drop(w)
		default:
			w.written = true
			l.add(w)
		}
	}
}
