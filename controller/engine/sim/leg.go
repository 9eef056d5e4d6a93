package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"callplane/controller/engine"
)

// leg is one dialog of the server. The world's lock guards it.
type leg struct {
	w    *World
	id   engine.LegID
	info engine.LegInfo
	call *Call // the phone's side: the caller, or the called phone that answered or has early media

	// offers are the phones that an outbound leg calls, those that refused excepted.
	offers   []*Call
	refusal  int // the best refusal so far
	trunk    bool
	account  bool
	noAnswer *timer

	ringing  bool
	early    bool
	answered bool
	over     bool

	play       *playing
	records    map[engine.RecordID]*recording
	peer       *leg
	mix        engine.MixID
	listen     *listen
	listeners  []*leg
	checkpoint string
}

type listen struct {
	target *leg
	mode   engine.ListenMode
}

func (l *leg) out() bool  { return l.info.Direction == engine.Outbound }
func (l *leg) held() bool { return l.call != nil && l.call.held }

// media reports whether audio can flow to the leg.
func (l *leg) media() bool { return l.answered || l.early }

func (l *leg) bridgedTo() engine.LegID {
	if l.peer == nil {
		return ""
	}
	return l.peer.id
}

func (l *leg) of() engine.Of { return engine.Of{ID: l.id, At: time.Now()} }

func (l *leg) legState() engine.LegState {
	return engine.LegState{
		Info: l.info, Answered: l.answered, BridgedTo: l.bridgedTo(), MixedIn: l.mix, Checkpoint: l.checkpoint,
	}
}

// emit tells the controller, if it is there.
func (w *World) emit(e engine.Event) {
	if w.ctl == nil {
		w.miss(e)
		return
	}
	w.ctl.push(item{leg: e.Leg(), event: e})
}

// miss keeps what a resynchronisation can't work out from the legs themselves.
func (w *World) miss(e engine.Event) {
	switch e.(type) {
	case engine.PlayDone, engine.RecordDone:
		w.missed[e.Leg()] = append(w.missed[e.Leg()], e)
	}
}

// end ends the leg: everything it does ends first, Hangup is the last event.
func (l *leg) end(h engine.Hangup) {
	if l.over {
		return
	}
	l.over = true
	l.noAnswer.stop()
	l.stopPlay(engine.PlayStopped)
	l.stopRecords()
	l.stopListen()
	for _, s := range slices.Clone(l.listeners) {
		s.stopListen()
	}
	l.unmix()
	l.unbridge()
	delete(l.w.legs, l.id)

	status := h.Cause.SIPStatus()
	if l.call != nil && (!l.out() || l.answered) {
		l.call.over(endOf(h), status, h.Cause)
	}
	for _, c := range l.offers {
		if c != l.call || !l.answered {
			c.cancel(h.Cause)
		}
	}
	l.offers = nil
	h.Of = l.of()
	l.w.emit(h)
	l.w.touch()
}

// endOf says who ended the call, as the phone sees it.
func endOf(h engine.Hangup) End {
	if h.ByPeer {
		return EndedHere
	}
	return EndedThere
}

// vanish is the end of a leg whose server died: the phone is told nothing.
func (l *leg) vanish() {
	l.over = true
	l.noAnswer.stop()
	l.play.halt()
	for _, r := range l.records {
		r.abandon()
	}
	delete(l.w.legs, l.id)
	if l.call != nil {
		l.call.leg = nil
		l.call.hear(nil)
	}
	for _, c := range l.offers {
		c.leg = nil
	}
}

// answer is the 200 in either direction.
func (l *leg) answer() {
	l.answered = true
	l.noAnswer.stop()
	l.w.emit(engine.Answered{Of: l.of()})
	l.w.rehear(l)
}

// bridge joins two legs that are in no other conversation.
func (l *leg) bridge(o *leg) {
	l.peer, o.peer = o, l
	l.w.emit(engine.Bridged{Of: l.of(), Peer: o.id})
	l.w.emit(engine.Bridged{Of: o.of(), Peer: l.id})
	l.w.rehear(l, o)
}

func (l *leg) unbridge() {
	o := l.peer
	if o == nil {
		return
	}
	l.peer, o.peer = nil, nil
	l.w.emit(engine.Unbridged{Of: l.of(), Peer: o.id})
	l.w.emit(engine.Unbridged{Of: o.of(), Peer: l.id})
	l.w.rehear(l, o)
}

func (l *leg) unmix() {
	if l.mix == "" {
		return
	}
	id := l.mix
	l.mix = ""
	rest := slices.DeleteFunc(l.w.mixes[id], func(o *leg) bool { return o == l })
	if l.w.mixes[id] = rest; len(rest) == 0 {
		delete(l.w.mixes, id)
	}
	l.w.emit(engine.Unmixed{Of: l.of(), Mix: id})
	l.w.rehear(append([]*leg{l}, rest...)...)
}

func (l *leg) stopListen() {
	if l.listen == nil {
		return
	}
	t := l.listen.target
	l.listen = nil
	t.listeners = slices.DeleteFunc(t.listeners, func(o *leg) bool { return o == l })
	l.w.emit(engine.ListenDone{Of: l.of(), Target: t.id})
	l.w.rehear(l, t)
}

// free takes the leg out of whatever it is doing.
func (l *leg) free() {
	l.stopPlay(engine.PlayStopped)
	l.stopListen()
	l.unmix()
	l.unbridge()
}

// refused is a final response of one of the phones that the leg calls.
func (l *leg) refused(c *Call, status int, redirect []string) {
	l.offers = slices.DeleteFunc(l.offers, func(o *Call) bool { return o == c })
	if l.call == c {
		l.call = nil
	}
	if status >= 600 && l.refusal < 600 || l.refusal == 0 {
		l.refusal = status
	}
	if len(l.offers) > 0 && status < 600 {
		return
	}
	l.end(engine.Hangup{Cause: engine.CauseOfSIP(l.refusal), SIPStatus: l.refusal, ByPeer: true, Redirect: redirect})
}

// invite starts an inbound leg.
func (w *World) invite(c *Call, in Invite) {
	p := c.phone
	w.nextLeg++
	id := engine.LegID(fmt.Sprintf("in-%d", w.nextLeg))
	info := engine.LegInfo{
		ID: id, Engine: w.ctl.name, Direction: engine.Inbound, SIPCallID: fmt.Sprintf("call-%d@%s", w.nextLeg, p.cfg.Peer.Addr()),
		Peer: p.cfg.Peer, Transport: p.cfg.Transport, Caller: in.Caller, Asserted: in.Asserted,
		Dialed: in.Number, To: in.Number, Headers: in.Headers, Created: time.Now(),
	}
	if in.To != "" {
		info.To = in.To
	}
	if !p.cfg.Carrier {
		info.AuthUser, info.AuthDomain = p.cfg.User, p.cfg.Domain
	}
	l := &leg{w: w, id: id, info: info, call: c, records: map[engine.RecordID]*recording{}}
	c.leg = l
	w.legs[id] = l
	w.ctl.views[id] = newView(nil)
	w.ctl.push(item{leg: id, incoming: &info})
}

// barred reports whether a phone's requests are refused for its address.
func (w *World) barred(a netip.AddrPort) bool { return w.blocked[a.Addr()] }
