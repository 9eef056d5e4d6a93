package sim

import (
	"fmt"

	"callplane/controller/engine"
)

// Refer transfers the other party of an answered call to target, "user" or
// "user@host" (blind transfer, RFC 3515).
func (c *Call) Refer(target string) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if c.state != Up {
		return fmt.Errorf("sim: REFER before answer")
	}
	user, host, _ := splitURI("sip:" + target)
	if user == "" {
		user, host = host, c.phone.cfg.Domain
	}
	l := c.leg
	t := engine.Transfer{Of: l.of(), Target: user, TargetHost: host, ReferredBy: c.phone.uri()}
	if l.peer != nil {
		t.Peer = l.peer.id
	}
	l.w.emit(t)
	l.end(engine.Hangup{Cause: engine.CauseTransferred})
	return nil
}

// ReferReplaces joins the other parties of this call and of another call of the same
// phone (attended transfer, RFC 3891).
func (c *Call) ReferReplaces(second *Call) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if c.state != Up || second.leg == nil || second == c || second.phone != c.phone {
		return fmt.Errorf("sim: REFER with Replaces in the wrong state")
	}
	l, o := c.leg, second.leg
	t := engine.Transfer{
		Of: l.of(), Target: second.number, TargetHost: c.phone.cfg.Domain, Other: o.id, ReferredBy: c.phone.uri(),
	}
	p1, p2 := l.peer, o.peer
	if p1 != nil {
		t.Peer = p1.id
	}
	if p2 != nil {
		t.OtherPeer = p2.id
	}
	l.w.emit(t)
	l.unbridge()
	o.unbridge()
	if p1 != nil && p2 != nil {
		p1.free()
		p2.free()
		p1.bridge(p2)
	}
	o.end(engine.Hangup{Cause: engine.CauseTransferred})
	l.end(engine.Hangup{Cause: engine.CauseTransferred})
	return nil
}

func (p *Phone) uri() string { return "sip:" + p.cfg.User + "@" + p.cfg.Domain }
