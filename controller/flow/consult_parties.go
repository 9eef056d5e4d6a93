package flow

import (
	"github.com/google/uuid"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// otherPresses: who is consulted, or was merged, has an assistant of their own. Their other codes mean nothing here.
func (s *consultation) otherPresses(ev engine.DTMF, codes map[engine.LegID]*dialplan.FeatureMatcher) {
	l := s.c.Leg(ev.Leg())
	if l == nil || l == s.held && s.state == withAsked || l == s.asked && s.state == withHeld {
		return // who hears music talks to nobody
	}
	m := codes[l.ID]
	if m == nil {
		m = new(dialplan.FeatureMatcher)
		codes[l.ID] = m
	}
	switch f, _ := m.Press(ev.Digit, ev.At); f {
	case dialplan.FeatureAssist, dialplan.FeatureAssistNoMore:
		s.r.assist(s.c.Base(), s.c, l, f == dialplan.FeatureAssist)
	}
}

// switched lets n, another phone of by or of who is consulted, take the place of the one with which they talked (SYS-909).
func (s *consultation) switched(n *call.Leg) {
	c, base := s.c, s.c.Base()
	old, other := s.asked, s.by
	if n.Extension == s.by.Extension {
		old, other = s.by, s.asked
		s.by = n
		if s.caller == old {
			s.caller = n
		}
		c.Become(n)
		if s.state == withHeld {
			other = s.held
		}
	} else {
		s.asked = n
	}
	c.Trace("switch", n.Extension+" goes on with "+n.String()+" instead of "+old.String())
	_ = c.AnswerJoined(base, n)
	switch {
	case s.state == together:
		c.Merge(base, engine.MixID(uuid.NewString()), s.by, s.asked, s.held)
	case s.state == withHeld && n == s.asked:
		_ = c.Hold(base, n)
	default:
		_ = c.Connect(base, n, other)
	}
	s.connected = true
	c.Drop(base, old)
	c.Show(base, n, s.r.shown(c, other))
}
