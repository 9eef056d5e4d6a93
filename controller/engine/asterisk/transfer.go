package asterisk

import (
	"context"
	"net/url"
	"strings"

	"callplane/controller/engine"
)

// transfer is a phone's REFER, which Asterisk has accepted and left to us. Held lock:
// Engine.mu.
func (e *Engine) transfer(ev *event) {
	if ev.ReferredBy == nil || ev.ReferTo == nil {
		return
	}
	b := e.branchOf(ev.ReferredBy.Source)
	if b == nil {
		return
	}
	l := b.leg
	if l.transferring {
		return // each transfer_progress of ours comes back as such an event
	}
	l.transferring = true
	t := engine.Transfer{Of: of(l, ev.at())}
	t.Target, t.TargetHost = splitTarget(ev.ReferTo.Requested.Destination)
	t.ReferredBy = string(l.id)
	peer := pairPeer(l)
	if peer != nil {
		t.Peer = peer.id
	}
	var other, otherPeer *leg
	if ob := e.branchOf(ev.ReferTo.Destination); ob != nil && ob.leg != l {
		other = ob.leg
		t.Other = other.id
		if t.Target == "" || ev.ReferTo.Requested.ProtocolID != "" {
			t.Target = other.dialed
		}
		if otherPeer = pairPeer(other); otherPeer != nil {
			t.OtherPeer = otherPeer.id
		}
	}
	var peers []*leg // who is to be taken out of a bridge, or two who are to be connected
	switch {
	case peer != nil && otherPeer != nil:
		peers = []*leg{peer, otherPeer}
	case peer != nil:
		peers = []*leg{peer}
	}
	// Their turn is taken before the call hears of it: what it asked for first, music for instance, would keep them in the bridge.
	held := tryAll(peers)
	e.emit(l, t)
	e.background(func(ctx context.Context) {
		if len(peers) > 0 {
			if err := e.freePeers(ctx, peers, held); err != nil {
				e.log.Warn("transfer: freeing the peers failed", "call", l.id, "err", err)
			}
		}
		e.letGo(ctx, l, other)
	})
}

// tryAll takes the turns of all the legs, or of none.
func tryAll(legs []*leg) bool {
	for i, l := range legs {
		if !l.turn.try() {
			releaseAll(legs[:i])
			return false
		}
	}
	return true
}

func releaseAll(legs []*leg) {
	for _, l := range legs {
		l.turn.release()
	}
}

// freePeers connects the two peers of an attended transfer, or takes the one of a blind transfer out of its bridge. Held tells that
// it has their turns, which it gives back.
func (e *Engine) freePeers(ctx context.Context, peers []*leg, held bool) error {
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	if held {
		defer releaseAll(peers)
		if err := e.ready(ctx, peers...); err != nil {
			return err
		}
	} else {
		ids := make([]engine.LegID, len(peers))
		for i, l := range peers {
			ids[i] = l.id
		}
		var done func()
		var err error
		if ctx, _, done, err = e.begin(ctx, "transfer", ids...); err != nil {
			return err
		}
		defer done()
	}
	if len(peers) == 2 {
		return e.bridgePair(ctx, peers[0], peers[1])
	}
	return e.unbridge(ctx, peers[0])
}

// letGo tells a phone that its transfer worked (NOTIFY with 200, RFC 3515) and ends its legs.
func (e *Engine) letGo(ctx context.Context, l, other *leg) {
	e.tellProgress(ctx, l)
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	for _, end := range []*leg{l, other} {
		if end == nil {
			continue
		}
		if err := e.hangup(ctx, end, engine.CauseTransferred); err != nil {
			e.log.Debug("transfer: hang-up", "call", end.id, "err", err)
		}
	}
}

func (e *Engine) tellProgress(ctx context.Context, l *leg) {
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	e.mu.Lock()
	ch := l.channel()
	e.mu.Unlock()
	// Asterisk 22.10 dies if that comes before it has finished with the REFER, whose event it sends too early: a question that
	// the channel's own SIP thread has to answer comes behind it.
	_, err := e.rest.variable(ctx, ch, "CHANNEL(pjsip,call-id)")
	for _, state := range []string{"channel_progress", "channel_answered"} {
		if err == nil {
			err = e.rest.post(ctx, path("channels", ch, "transfer_progress"), url.Values{"states": {state}})
		}
	}
	if err != nil {
		e.log.Debug("transfer: progress not taken", "call", l.id, "err", err)
	}
}

// pairPeer is whom a leg is bridged with. Held lock: Engine.mu.
func pairPeer(l *leg) *leg {
	br := l.bridge
	if br == nil || br.a == nil || !br.told {
		return nil
	}
	if br.a == l {
		return br.b
	}
	return br.a
}

// splitTarget takes what Refer-To named apart: a URI, user@host or a user.
func splitTarget(s string) (user, host string) {
	s = strings.TrimSpace(s)
	if lower := strings.ToLower(s); strings.HasPrefix(lower, "sip:") || strings.HasPrefix(lower, "sips:") || strings.HasPrefix(lower, "tel:") {
		return uriUser(s), uriHost(s)
	}
	user, host, _ = strings.Cut(s, "@")
	return user, host
}
