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
	e.emit(l, t)
	e.task(func(ctx context.Context) { e.carryOut(ctx, l, peer, other, otherPeer) })
}

// carryOut does what the port promises of a transfer.
func (e *Engine) carryOut(ctx context.Context, l, peer, other, otherPeer *leg) {
	if peer != nil && otherPeer != nil {
		e.joinPeers(ctx, peer, otherPeer)
	} else if peer != nil {
		if err := e.Unbridge(ctx, peer.id); err != nil {
			e.log.Warn("transfer: freeing the peer failed", "call", peer.id, "err", err)
		}
	}
	// The phone is told that it worked (NOTIFY with 200, RFC 3515), then let go.
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
	for _, end := range []*leg{l, other} {
		if end == nil {
			continue
		}
		if err := e.hangup(ctx, end, engine.CauseTransferred); err != nil {
			e.log.Debug("transfer: hang-up", "call", end.id, "err", err)
		}
	}
}

func (e *Engine) joinPeers(ctx context.Context, a, b *leg) {
	ctx2, legs, done, err := e.begin(ctx, "transfer", a.id, b.id)
	if err == nil {
		defer done()
		err = e.bridgePair(ctx2, legs[0], legs[1])
	}
	if err != nil {
		e.log.Warn("transfer: connecting the peers failed", "call", a.id, "peer", b.id, "err", err)
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
