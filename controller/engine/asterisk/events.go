package asterisk

import (
	"context"
	"net"
	"net/url"
	"strings"

	"callplane/controller/engine"
)

// dispatch applies one event. Held lock: Engine.mu. Everything here may come twice (from a
// snapshot and as an event) and out of the blue.
func (e *Engine) dispatch(ev *event) {
	at := ev.at()
	switch ev.Type {
	case "StasisStart":
		e.stasisStart(ev)
	case "Dial":
		b := e.branchOf(ev.Peer)
		if b == nil {
			return
		}
		// PJSIP/<endpoint>/<URI>: the target of a 3xx answer.
		if _, uri, ok := cutLast(ev.Forward, "/"); ok && b.redirect == nil {
			b.redirect = []string{redirectTarget(uri, b.target)}
		}
		if ev.DialStatus == "PROGRESS" {
			e.earlyMedia(b, ev)
		}
	case "ChannelStateChange":
		b := e.branchOf(ev.Channel)
		if b == nil {
			return
		}
		switch ev.Channel.State {
		case "Ringing":
			if l := b.leg; l.dir == engine.Outbound && !l.ringing && !l.answered {
				l.ringing = true
				e.emit(l, engine.Ringing{Of: of(l, at)})
			}
		case "Up":
			e.setAnswered(b, at)
		}
	case "ChannelDtmfReceived":
		if b := e.branchOf(ev.Channel); b != nil && len(ev.Digit) == 1 && strings.Contains("0123456789*#ABCD", ev.Digit) {
			e.emit(b.leg, engine.DTMF{Of: of(b.leg, at), Digit: ev.Digit[0]})
		}
	case "ChannelHold":
		if b := e.branchOf(ev.Channel); b != nil {
			e.emit(b.leg, engine.Held{Of: of(b.leg, at)})
		}
	case "ChannelUnhold":
		if b := e.branchOf(ev.Channel); b != nil {
			e.emit(b.leg, engine.Unheld{Of: of(b.leg, at)})
		}
	case "ChannelCallerId":
		if b := e.branchOf(ev.Channel); b != nil {
			id := engine.Identity{Number: ev.Channel.Caller.Number, Name: ev.Channel.Caller.Name}
			if l := b.leg; id != l.caller && id.Number != "" {
				l.caller = id
				e.emit(l, engine.IdentityChanged{Of: of(l, at), Identity: id})
			}
		}
	case "ChannelHangupRequest":
		if b := e.branchOf(ev.Channel); b != nil {
			e.noteEnd(b, ev)
		}
	case "ChannelDestroyed":
		if ev.Channel == nil {
			return
		}
		if b := e.chans[ev.Channel.ID]; b != nil {
			e.noteEnd(b, ev)
			e.branchGone(b, at)
		}
		if s := e.snoops[ev.Channel.ID]; s != nil {
			e.snoopGone(s, at)
		}
	case "ChannelEnteredBridge":
		if b := e.branchOf(ev.Channel); b != nil && ev.Bridge != nil {
			e.enteredBridge(b.leg, ev.Bridge.ID, at)
		}
	case "ChannelLeftBridge":
		if b := e.branchOf(ev.Channel); b != nil && ev.Bridge != nil && b.leg.bridge != nil && b.leg.bridge.id == ev.Bridge.ID {
			e.leftBridge(b.leg, at)
		}
	case "PlaybackStarted":
		if ev.Playback != nil {
			if p := e.plays[ev.Playback.ID]; p != nil {
				p.started = true
			}
		}
	case "PlaybackFinished":
		if ev.Playback != nil {
			if p := e.plays[ev.Playback.ID]; p != nil {
				e.playbackFinished(p, ev.Playback.State, at)
			}
		}
	case "RecordingFinished", "RecordingFailed":
		if ev.Recording != nil {
			if c := e.recs[ev.Recording.Name]; c != nil {
				e.captured(c, ev.Recording)
			}
		}
	case "ChannelTransfer":
		e.transfer(ev)
	case "ChannelUserevent":
		if b := e.branchOf(ev.Channel); b != nil && ev.User != nil && b.redirect == nil {
			b.redirect = redirectUser(ev.User.To, b.target)
		}
	}
}

// branchOf finds the leg's channel that an event is about.
func (e *Engine) branchOf(ch *channelData) *branch {
	if ch == nil {
		return nil
	}
	b := e.chans[ch.ID]
	if b == nil || b.gone || b.leg.over {
		return nil
	}
	return b
}

func (e *Engine) stasisStart(ev *event) {
	if ev.Channel == nil {
		return
	}
	ch := ev.Channel
	if s := e.snoops[ch.ID]; s != nil {
		s.start()
		return
	}
	if b := e.chans[ch.ID]; b != nil {
		if b.inApp != nil {
			close(b.inApp)
			b.inApp = nil
		}
		return
	}
	if len(ev.Args) == 0 || ev.Args[0] != "in" {
		return
	}
	id := engine.LegID(ch.ID)
	if e.legs[id] != nil {
		return
	}
	e.incoming(id, e.parseInfo(id, ev.Args, ch), ch)
}

// incoming announces a new inbound leg. Held lock: Engine.mu.
func (e *Engine) incoming(id engine.LegID, info engine.LegInfo, ch *channelData) {
	l := newLeg(id, engine.Inbound)
	l.ch = &branch{id: ch.ID, leg: l}
	l.branches = []*branch{l.ch}
	l.caller = engine.Identity{Number: ch.Caller.Number, Name: ch.Caller.Name}
	l.dialed = info.Dialed
	if info.SIPCallID != "" {
		l.callID = info.SIPCallID
		e.callIDs[l.callID] = true
	}
	e.legs[id] = l
	e.chans[ch.ID] = l.ch
	h := e.h
	e.box.post(func() {
		if l.sink = h.Incoming(info); l.sink != nil {
			return
		}
		e.spawn(func(ctx context.Context) {
			if err := e.hangupChannel(ctx, ch.ID, refuseWith(engine.CauseCongestion).code); err != nil && statusOf(err) != 404 {
				e.log.Warn("refusal failed", "call", id, "err", err)
			}
		})
	})
}

func (e *Engine) earlyMedia(b *branch, ev *event) {
	b.early = true
	l := b.leg
	if l.early || l.answered {
		return
	}
	l.early = true
	e.emit(l, engine.EarlyMedia{Of: of(l, ev.at())})
}

// noteEnd keeps what an event says about why a channel ends. The first word counts: later
// ones are about our own clearing.
func (e *Engine) noteEnd(b *branch, ev *event) {
	if ev.TechCause >= 300 && b.sip == 0 {
		b.sip = ev.TechCause
	}
	if ev.Cause > 0 && b.q850 == 0 {
		b.q850 = ev.Cause & 0x7f
	}
}

// redirectUser is the target of a redirection of which only the user is known: the host is that of the phone, as where
// Asterisk tells the whole contact.
func redirectUser(encoded, dialed string) []string {
	user, err := url.PathUnescape(encoded)
	_, called, ok := cutLast(dialed, "@")
	if err != nil || user == "" || !ok {
		return nil
	}
	return []string{redirectTarget("sip:"+url.PathEscape(user)+"@"+called, dialed)}
}

// redirectTarget cleans a Contact that Asterisk has rewritten: it puts the address and port that an answer
// came from in place of the host (rewrite_contact), the port even where the phone named none.
func redirectTarget(uri, dialed string) string {
	_, at, ok := cutLast(uri, "@")
	_, called, _ := cutLast(dialed, "@")
	if !ok || at == "" || at != called {
		return uri
	}
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return uri
	}
	return strings.TrimSuffix(uri, at) + host
}
