package freeswitch_test

import (
	"testing"
	"time"

	"callplane/controller/engine"
	"callplane/integration/phone"
)

// The thinnest path: a phone calls, is answered, hears a prompt, presses a digit and talks to another.
func TestPath(t *testing.T) {
	r := newRig(t)
	alice := r.registered("101", func(c *phone.Config) { c.Tone = 500 })
	bob := r.registered("102", func(c *phone.Config) { c.Tone = 700 })

	c, l := r.call(alice, "200")
	if l.info.Dialed != "200" || l.info.AuthUser != "101" || l.info.AuthDomain != domain || l.info.Caller.Number != "101" {
		t.Errorf("leg info %+v", l.info)
	}
	t.Logf("%+v", l.info)
	r.ok(r.Answer(r.ctx(), l.id))
	next[engine.Answered](l)
	r.ok(c.WaitAnswered(r.ctx()))
	r.ok(r.Play(r.ctx(), l.id, engine.Playback{ID: "p1", Sources: []engine.Source{{Beep: &engine.Beep{Hz: 1000, Duration: 20 * time.Second}}}}))
	r.ok(c.Hears(r.ctx(), 1000))
	r.ok(c.SendDTMF(r.ctx(), "1"))
	if d := next[engine.DTMF](l); d.Digit != '1' {
		t.Errorf("digit %c", d.Digit)
	}
	out := r.originate("102")
	in := r.incoming(bob)
	r.ok(in.Ring())
	next[engine.Ringing](out)
	r.ok(in.Answer(r.ctx()))
	next[engine.Answered](out)
	r.ok(r.Bridge(r.ctx(), l.id, out.id))
	if d := next[engine.PlayDone](l); d.Result != engine.PlayStopped {
		t.Errorf("%+v", d)
	}
	next[engine.Bridged](l)
	next[engine.Bridged](out)
	r.ok(c.Hears(r.ctx(), 700))
	r.ok(in.Hears(r.ctx(), 500))
	r.ok(in.Hangup(r.ctx()))
	next[engine.Unbridged](out)
	if h := next[engine.Hangup](out); h.Cause != engine.CauseNormal || !h.ByPeer {
		t.Errorf("%+v", h)
	}
	next[engine.Unbridged](l)
	r.ok(r.Play(r.ctx(), l.id, engine.Playback{ID: "p2", Sources: []engine.Source{{Tone: engine.ToneBusy}}}))
	r.ok(c.Hears(r.ctx(), 425))
	r.ok(r.Hangup(r.ctx(), l.id, engine.CauseNormal))
	next[engine.PlayDone](l)
	if h := next[engine.Hangup](l); h.Cause != engine.CauseNormal || h.ByPeer {
		t.Errorf("%+v", h)
	}
	r.ok(c.WaitEnded(r.ctx()))
}
