package freeswitch

import (
	"strconv"
	"time"

	"callplane/controller/engine"
	"github.com/percipia/eslgo/command"
)

// subscription lists the events that are handled; CUSTOM must come last, its subclasses follow. Each event costs the engine
// some 0.15 ms, so what tells nothing new is left out: CHANNEL_CREATE of a caller's leg, of which XMLHandler knows
// already, CHANNEL_UNPARK (a leg leaves its park by our command, by a bridge or at its end, which are told) and
// CHANNEL_HANGUP_COMPLETE. CHANNEL_OUTGOING comes once for a called leg, without its variables.
func subscription() string {
	return command.Event{Format: "plain", Listen: []string{
		"CHANNEL_OUTGOING", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER", "CHANNEL_PARK",
		"CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", "CHANNEL_HANGUP",
		"CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HOLD", "CHANNEL_UNHOLD", "DTMF", "RECORD_STOP", "CALL_UPDATE",
		"BACKGROUND_JOB", "PRESENCE_PROBE",
		"CUSTOM", "sofia::register", "sofia::unregister", "sofia::expire", "sofia::register_failure",
		"sofia::transferor", "sofia::transferee", "sofia::error", "conference::maintenance",
		subclassDigit,
	}}.BuildMessage()
}

// filters keep from the event socket what nobody waits for: the end of applications of the dialplan, and CALL_UPDATE of what
// the engine sends and shuffles itself at a bridge. Each event that is sent is copied and written with every variable of its
// channel, 0.1 ms of the engine's time.
func filters() []string {
	out := []string{
		"filter Event-Name /./", // with a filter only what matches one is sent
		"filter Direction -SEND", "filter Event-Calling-Function -switch_channel_flip_cid",
	}
	for _, app := range []string{"answer", "hangup", "park", "pre_answer", "respond", "ring_ready", "set"} {
		out = append(out, "filter Application -"+app)
	}
	return out
}

// handle dispatches one event. It runs on the dispatcher only.
func (e *Engine) handle(s *session, ev *event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch ev.name() {
	case "BACKGROUND_JOB":
		e.jobDone(ev)
		return
	case "PRESENCE_PROBE":
		e.probed(s, ev)
		return
	case "sofia::register", "sofia::unregister", "sofia::expire", "sofia::register_failure":
		e.registration(ev)
		return
	case "CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE":
		e.bridgeEvent(ev)
		return
	case "sofia::error":
		if ev.get("Error-Type") != "blind_transfer" {
			return
		}
	}
	ch := ev.channel()
	l := e.chans[ch]
	if l == nil {
		if ev.name() == "CHANNEL_HANGUP" {
			e.hungUpUnknown(ch)
		}
		return
	}
	switch ev.name() {
	case "CHANNEL_HANGUP":
		e.hungUp(l, ch, ev)
		return
	case "RECORD_STOP":
		l.recordStopped(ev)
		return
	}
	if l.ended {
		return
	}
	switch ev.name() {
	case "CHANNEL_OUTGOING":
		l.created(ch)
	case "CHANNEL_PROGRESS":
		l.progressed()
	case "CHANNEL_PROGRESS_MEDIA":
		l.earlyMedia()
	case "CHANNEL_ANSWER":
		l.answeredOn(ch, ev)
	case "CHANNEL_PARK":
		l.park(ch)
	case "CHANNEL_EXECUTE_COMPLETE":
		l.executed(ev)
	case "DTMF":
		l.digit(ev.get("DTMF-Digit"))
	case subclassDigit:
		l.digit(ev.variable("last_matching_digits"))
	case "CHANNEL_HOLD":
		l.hold(true)
	case "CHANNEL_UNHOLD":
		// The engine also tells it of a leg whose bridge has ended, although its phone has not said so.
		if !l.heldInBridge || ev.variable("bridge_to") != "" {
			l.hold(false)
		}
	case "CALL_UPDATE":
		l.identityChanged(ev)
	case "sofia::transferor":
		l.transferor(ev)
	case "sofia::transferee":
		l.transferee(ev)
	case "sofia::error":
		l.lonelyTransfer(ev)
	case "conference::maintenance":
		l.conference(s, ev)
	}
}

func (l *leg) progressed() {
	if l.info.Direction == engine.Outbound && !l.ringing && !l.answered {
		l.ringing = true
		l.e.emit(l, engine.Ringing{Of: l.of()})
		l.changed()
	}
}

// earlyMedia is told only where one device is called: of several, the one that answers is
// not known yet, and its media can't be bridged.
func (l *leg) earlyMedia() {
	if l.info.Direction != engine.Outbound || l.answered {
		return
	}
	if len(l.forks) > 1 {
		l.progressed()
		return
	}
	if !l.early {
		l.early, l.media = true, true
		l.e.emit(l, engine.EarlyMedia{Of: l.of()})
		l.changed()
	}
}

// answeredOn makes the channel that answered the leg and ends its other forks.
func (l *leg) answeredOn(ch string, ev *event) {
	if l.answered {
		if _, ok := l.forks[ch]; ok && ch != l.channel {
			l.e.cancelFork(l, ch, engine.CauseAnsweredElsewhere) // lost the race
		}
		return
	}
	l.setAnswered()
	if l.info.Direction == engine.Outbound {
		l.chosen(ch)
	}
	if l.info.SIPCallID == "" {
		l.info.SIPCallID = ev.variable("sip_call_id")
	}
	l.e.emit(l, engine.Answered{Of: l.of()})
	l.showLate()
	l.changed()
}

func (l *leg) park(ch string) {
	if ch == l.channel {
		l.parked = true
		l.changed()
	}
}

func (l *leg) digit(d string) {
	if len(d) != 1 {
		return
	}
	b := d[0]
	if b >= 'a' && b <= 'd' {
		b -= 'a' - 'A'
	}
	l.e.emit(l, engine.DTMF{Of: l.of(), Digit: b})
}

func (l *leg) hold(held bool) {
	if l.held == held {
		return
	}
	l.held, l.heldInBridge = held, held && l.peer != nil
	if held {
		l.e.emit(l, engine.Held{Of: l.of()})
	} else {
		l.e.emit(l, engine.Unheld{Of: l.of()})
	}
}

// hungUpUnknown remembers a channel that ended before the request for its dialplan arrived.
func (e *Engine) hungUpUnknown(ch string) {
	now := time.Now()
	if len(e.gone) > 1000 {
		for k, at := range e.gone {
			if now.Sub(at) > 30*time.Second {
				delete(e.gone, k)
			}
		}
	}
	e.gone[ch] = now
}

// hungUp handles the end of a channel: of a leg, or of one of its forks.
func (e *Engine) hungUp(l *leg, ch string, ev *event) {
	if l.info.SIPCallID == "" {
		l.info.SIPCallID = ev.variable("sip_call_id")
	}
	if f, ok := l.forks[ch]; ok && !(l.answered && ch == l.channel) {
		if f.ended {
			return
		}
		f.ended = true
		f.cause = hangupOf(l, ev, false)
		if !l.answered {
			l.forkEnded()
		}
		return
	}
	if ch != l.channel || l.ended {
		return
	}
	l.end(hangupOf(l, ev, l.answered))
}

// stamp gives the engine's time of an event.
func stamp(ev *event) time.Time { return micros(ev.head.raw("Event-Date-Timestamp")) }

// micros reads microseconds since 1970; now if there are none.
func micros(text string) time.Time {
	us, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Now()
	}
	return time.UnixMicro(us)
}
