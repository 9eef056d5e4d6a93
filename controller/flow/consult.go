package flow

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// consultation is what happens from ## on until two are left (FEA-XFER-02). The call is by's meanwhile: by hears what
// it dials, and whatever becomes of that, nobody is hung up who does not hang up or is dropped by a key.
type consultation struct {
	r    *Router
	c    *call.Call
	by   *call.Leg // who pressed ##
	held *call.Leg // the other party
	// asked is who was called on the side and has answered.
	asked  *call.Leg
	caller *call.Leg // whose call it is, of by and held
	was    identity
	state  consulting
	// followed: what the phone of by transferred has been seen to.
	followed bool
	// connected: who talks was connected a moment ago.
	connected bool
	// talked ends that those are known to talk who are.
	talked func()
}

// consulting is who talks to whom once the third party has answered.
type consulting uint8

const (
	withAsked consulting = iota // held hears music
	withHeld                    // asked hears music
	together
)

// identity is what a call shows of its caller.
type identity struct {
	from      engine.Identity
	extension string
	prefix    string
	choice    dialplan.CallerIDChoice
}

// settled is how a consultation ended.
type settled struct {
	// With goes on talking with the call's caller; nil: the call goes to next, or ends.
	with     *call.Leg
	next     Next
	transfer *engine.Transfer // of a phone, to be followed
}

// connectAgain is how long two who should talk may be apart before they are connected once more: the engine may have had too much to do.
const connectAgain = time.Second

// errReached ends the flow of a call on the side, whose callee is in Side.Answered.
var errReached = errors.New("the party on the side has answered")

// pressed ends it by a key.
type pressed dialplan.ConsultKey

func (p pressed) Error() string { return "ended by key " + string(p) }

// consult puts other on hold for by.
func (r *Router) consult(c *call.Call, by, other *call.Leg) (settled, error) {
	s := &consultation{r: r, c: c, by: by, held: other, caller: c.Caller, was: identity{c.From, c.FromExtension, c.Prefix, c.Choice}}
	c.Trace("hold", by.String()+" holds "+other.String())
	_ = c.Apart(c.Base(), by) // it fails when one has gone, which is seen next
	_ = c.Hold(c.Base(), other)
	s.begin()
	return s.run(nil)
}

// resumed goes on with a consultation after a restart.
func (r *Router) resumed(c *call.Call) (settled, error) {
	s := &consultation{r: r, c: c, by: c.Caller, held: c.Resume.Held, asked: c.Resume.Asked, caller: c.Caller, was: identity{c.From, c.FromExtension, "", dialplan.CallerIDChoice{}}}
	if l := c.Resume.Talking; s.asked == nil && l != s.held && s.by.With(l) {
		s.asked = l // it had just been connected
	}
	c.DropRinging(c.Base())
	s.begin()
	if s.asked == nil {
		_ = c.Hold(c.Base(), s.held)
		return s.run(nil)
	}
	switch {
	case c.Resume.Mixed:
		s.state = together
	case s.by.With(s.held):
		s.state = withHeld
		_ = c.Hold(c.Base(), s.asked)
	default:
		_ = c.Hold(c.Base(), s.held)
	}
	return s.run(s.talk)
}

// orphaned: who held the caller has hung up while the controller was away.
func (r *Router) orphaned(c *call.Call) (settled, error) {
	c.DropRinging(c.Base())
	s := &consultation{r: r, c: c, held: c.Caller, asked: c.Resume.Asked}
	by := c.FromExtension
	r.became(c, s.held)
	if c.Here(s.asked) {
		out, _, err := s.pair(s.held, s.asked)
		return out, err
	}
	c.Cast(s.held, "")
	c.ReturnTo = dialplan.Destination{Extension: by}
	return settled{}, nil
}

// begin makes the call by's.
func (s *consultation) begin() {
	c := s.c
	c.Cast(s.held, call.RoleHeld)
	c.Become(s.by)
	s.r.became(c, s.by)
	c.Prefix, c.Choice, c.ReturnTo = "", dialplan.CallerIDChoice{}, dialplan.Destination{}
}

// then is a step of the consultation: it is over, or goes on with the next one.
type then func() (settled, then, error)

// known makes known who talks from here on, without a gap for who talked before: one of two may have gone on at another phone.
func (s *consultation) known(legs ...*call.Leg) {
	before := s.talked
	s.talked = s.c.Converse(legs...)
	if before != nil {
		before()
	}
}

func (s *consultation) run(first func() (settled, then, error)) (settled, error) {
	defer s.known()
	step := then(s.idle)
	if first != nil {
		step = first
	}
	for {
		out, next, err := step()
		if err != nil || next == nil {
			return out, err
		}
		step = next
	}
}

// idle waits for what by dials while the other party is on hold.
func (s *consultation) idle() (settled, then, error) {
	c, base := s.c, s.c.Base()
	s.known()
	_ = c.PlayTo(base, s.by, []engine.Source{{Beep: &engine.Beep{Hz: 425, Duration: 200 * time.Millisecond}}}, false)
	var keys dialplan.HoldMatcher
	for {
		switch {
		case !c.Here(s.by):
			return s.left(dialplan.Destination{})
		case !c.Here(s.held):
			c.Trace("hold", "the party on hold has hung up")
			return s.over()
		}
		var pause <-chan time.Time
		stop := func() {}
		if keys.Pending() {
			pause, stop = c.Timer(dialplan.FeatureDigits)
		}
		ev, err := c.Next(base, pause)
		stop()
		var wish dialplan.HoldWish
		var ok, wrong bool
		switch {
		case errors.Is(err, call.ErrTimeout):
			wish, ok, wrong = keys.Pause()
		case err != nil:
			return settled{}, nil, err
		}
		switch ev := ev.(type) {
		case engine.DTMF:
			if ev.Leg() == s.by.ID {
				wish, ok, wrong = keys.Press(ev.Digit)
			}
		case engine.Transfer:
			if ev.Leg() == s.held.ID && ev.Peer == s.by.ID {
				return settled{transfer: &ev}, nil, nil // it came at the same time as ##
			}
			if ev.Leg() == s.by.ID {
				return s.sends(ev)
			}
		}
		switch {
		case wrong:
			_ = c.PlayTo(base, s.by, c.Prompt("entry.invalid", languageOf(c, s.language())), false)
		case ok && wish.Retrieve:
			return s.retrieve()
		case ok && wish.Blind:
			to := c.Account.ParseDestination(wish.To)
			c.Trace("transfer", s.by.String()+" transfers "+s.held.String()+" to "+to.String())
			if to.External != "" && s.r.unlisted(base, c, s.by, to.External) {
				continue
			}
			c.Drop(base, s.by)
			return s.blind(to)
		case ok:
			to := c.Account.ParseDestination(wish.To)
			return settled{}, func() (settled, then, error) { return s.reach(to) }, nil
		}
	}
}

func (s *consultation) language() string {
	if u := s.c.Account.User(s.by.Extension); u != nil {
		return u.Language
	}
	return ""
}

// sends: the phone of by transfers by REFER whom it holds by ##.
func (s *consultation) sends(t engine.Transfer) (settled, then, error) {
	c := s.c
	if t.OtherPeer == "" {
		to := c.Account.ParseDestination(t.Target)
		c.Trace("transfer", s.by.String()+" transfers "+s.held.String()+" to "+to.String())
		if to.External != "" && s.r.unlisted(c.Base(), c, s.by, to.External) {
			return s.left(dialplan.Destination{})
		}
		return s.blind(to)
	}
	l, err := c.Fetch(c.Base(), t.OtherPeer)
	if err != nil {
		return settled{}, nil, err
	}
	if l == nil {
		return s.left(dialplan.Destination{})
	}
	s.asked, s.followed = l, true
	return s.left(dialplan.Destination{})
}

// reach calls somebody for by, by all rules of that destination. Keys can end it while it rings.
func (s *consultation) reach(to dialplan.Destination) (settled, then, error) {
	c, base := s.c, s.c.Base()
	c.Trace("consult", s.by.String()+" calls "+to.String())
	var keys dialplan.ConsultMatcher
	c.Side = &call.Side{Key: func(digit byte, at time.Time) error {
		if k, ok := keys.Press(digit, at, true); ok {
			return pressed(k)
		}
		return nil
	}}
	next := Next{To: []dialplan.Destination{to}, By: s.by.Extension, Input: true, Reason: "consultation"}
	if to.External != "" && s.r.unlisted(s.c.Context(), c, s.by, to.External) {
		next = end()
	}
	err := s.r.route(c, next, nil)
	asked := c.Side.Answered
	c.Side = nil
	c.Become(s.by)
	err = c.Gone(err)
	var key pressed
	switch {
	case errors.Is(context.Cause(base), call.ErrShutdown):
		return settled{}, nil, err
	case errors.Is(err, errReached):
		s.asked, s.state = asked, withAsked
		return settled{}, s.talk, nil
	case errors.As(err, &key):
		c.Trace("consult", s.by.String()+" ends it by "+string(key))
		_ = c.StopPlay(base)
		if dialplan.ConsultKey(key) == dialplan.ConsultRetrieve {
			return s.retrieve()
		}
	case !c.Here(s.by):
		return s.left(to)
	case err != nil:
		c.Trace("consult", err.Error())
	}
	return settled{}, s.idle, nil
}

// talk is from the answer of the third party on.
func (s *consultation) talk() (settled, then, error) {
	c, base := s.c, s.c.Base()
	c.Cast(s.asked, call.RoleAsked)
	s.known(s.by, s.asked)
	defer c.Switchable(s.by, s.asked)()
	_ = c.AnswerJoined(base, s.asked) // it may have called to pick up
	if s.state == withAsked && !s.by.With(s.asked) && !s.connected {
		_ = c.Connect(base, s.by, s.asked) // who has gone is seen next
	}
	s.connected = false
	// Who was called is recorded like anybody who is called; of who called goes on what was begun with the party on hold.
	s.r.recordFromBegin(base, c, s.asked)
	s.r.assistFromBegin(base, c, s.by)
	var keys dialplan.ConsultMatcher
	codes := make(map[engine.LegID]*dialplan.FeatureMatcher) // of the others
	for {
		by, held, asked := c.Here(s.by), c.Here(s.held), c.Here(s.asked)
		switch {
		case !by:
			return s.left(dialplan.Destination{})
		case !held && !asked:
			return s.over()
		case !held:
			c.Trace("consult", "the party on hold has hung up")
			s.was = identity{c.From, c.FromExtension, "", dialplan.CallerIDChoice{}}
			s.caller = s.by
			return s.pair(s.by, s.asked)
		case !asked && s.state == withAsked:
			c.Trace("consult", s.asked.String()+" has hung up")
			s.asked = nil
			return settled{}, s.idle, nil
		case !asked:
			return s.pair(s.by, s.held)
		}
		with := s.asked
		if s.state == withHeld {
			with = s.held
		}
		var lost <-chan time.Time
		stop := func() {}
		if s.state != together && !s.by.With(with) {
			lost, stop = c.Timer(connectAgain)
		}
		ev, err := c.Next(base, lost)
		stop()
		switch {
		case errors.Is(err, call.ErrTimeout):
			c.Trace("consult", s.by.String()+" and "+with.String()+" are not connected: once more")
			_ = c.Connect(base, s.by, with)
			continue
		case err != nil:
			return settled{}, nil, err
		}
		switch ev := ev.(type) {
		case call.Joined:
			s.switched(ev.Of)
			return settled{}, s.talk, nil
		case engine.Transfer:
			if out, next, done, err := s.transferred(ev); done || err != nil {
				return out, next, err
			}
		case engine.DTMF:
			if ev.Leg() != s.by.ID {
				s.otherPresses(ev, codes)
				continue
			}
			key, ok := keys.Press(ev.Digit, ev.At, false)
			if !ok {
				continue
			}
			c.Trace("consult", s.by.String()+" presses "+string(key))
			switch key {
			case dialplan.ConsultEnd:
				c.Drop(base, s.asked)
				if s.state == withAsked {
					_ = c.Apart(base, s.by)
					s.asked = nil
					return settled{}, s.idle, nil
				}
				return s.pair(s.by, s.held)
			case dialplan.ConsultRetrieve:
				return s.retrieve()
			case dialplan.ConsultToggle:
				s.toggle()
			case dialplan.ConsultAssist, dialplan.ConsultAssistNoMore:
				s.r.assist(base, c, s.by, key == dialplan.ConsultAssist)
			case dialplan.ConsultMerge:
				if s.state != together {
					s.state = together
					c.Merge(base, engine.MixID(uuid.NewString()), s.by, s.asked, s.held)
				}
			}
		}
	}
}

// toggle lets by talk to the one who hears music, or out of a talk of three to the one consulted.
func (s *consultation) toggle() {
	c, base := s.c, s.c.Base()
	to, music := s.asked, s.held
	if s.state == withAsked {
		to, music = s.held, s.asked
	}
	_ = c.Connect(base, s.by, to)
	_ = c.Hold(base, music)
	s.state = withAsked
	if to == s.held {
		s.state = withHeld
	}
}

// transferred: one of the phones has sent REFER; done unless it changes nothing here.
func (s *consultation) transferred(t engine.Transfer) (settled, then, bool, error) {
	c := s.c
	switch {
	case t.Leg() == s.by.ID && t.Peer == s.asked.ID:
		// Who was consulted is sent away; whoever is on hold comes back to by.
		c.Trace("transfer", s.by.String()+" transfers "+s.asked.String()+", with "+s.held.String()+" on hold")
		c.Cast(s.asked, "")
		c.Cast(s.held, "")
		if !c.Split(s.held, dialplan.Destination{Extension: s.by.Extension}) {
			c.Drop(c.Base(), s.held)
		}
		return settled{transfer: &t}, nil, true, nil
	case t.Leg() == s.by.ID && t.Peer == s.held.ID:
		c.Drop(c.Base(), s.asked)
		c.Cast(s.held, "")
		return settled{transfer: &t}, nil, true, nil
	case t.Leg() == s.asked.ID && t.Peer == s.by.ID && t.OtherPeer == "":
		to := c.Account.ParseDestination(t.Target)
		c.Trace("transfer", s.asked.String()+" transfers "+s.by.String()+" to "+to.String())
		return settled{}, func() (settled, then, error) { return s.reach(to) }, true, nil
	case t.Leg() == s.asked.ID && t.Peer == s.by.ID:
		l, err := c.Fetch(c.Base(), t.OtherPeer)
		if l != nil {
			c.Trace("transfer", s.asked.String()+" connects "+s.by.String()+" with "+l.String())
			s.asked = l
			c.Cast(l, call.RoleAsked)
		}
		return settled{}, nil, err != nil, err
	}
	return settled{}, nil, false, nil
}

// retrieve ends the consultation and takes the party on hold back.
func (s *consultation) retrieve() (settled, then, error) {
	c := s.c
	if c.Here(s.asked) {
		c.Drop(c.Base(), s.asked)
	}
	c.Trace("hold", s.by.String()+" takes "+s.held.String()+" back")
	return s.pair(s.by, s.held)
}

// pair goes on with two: a and b.
func (s *consultation) pair(a, b *call.Leg) (settled, then, error) {
	c := s.c
	c.Cast(a, "")
	c.Cast(b, "")
	if a == s.by && b == s.held || a == s.by && b == s.asked {
		c.Become(s.caller)
		c.From, c.FromExtension, c.Prefix, c.Choice = s.was.from, s.was.extension, s.was.prefix, s.was.choice
	}
	_ = c.Connect(c.Base(), a, b) // who has gone is seen in the conversation
	s.r.introduce(c, a, b)
	with := b
	if b == c.Caller {
		with = a
	}
	return settled{with: with}, nil, nil
}

// left: by has hung up, or its phone has transferred it away. The other two talk; a party on hold with nobody to talk to goes
// to the one who was being called, and comes back to by.
func (s *consultation) left(to dialplan.Destination) (settled, then, error) {
	c := s.c
	if !s.followed && s.by.Transferred() && c.Here(s.asked) && s.state == withAsked {
		// Its phone may have joined who was consulted with somebody of another call, which will ask for it.
		timer, stop := c.Timer(call.FetchTime)
		defer stop()
		for c.Here(s.asked) && c.Here(s.held) {
			if _, err := c.Next(c.Base(), timer); errors.Is(err, call.ErrTimeout) {
				break
			} else if err != nil {
				return settled{}, nil, err
			}
		}
	}
	switch {
	case c.Here(s.held) && c.Here(s.asked):
		c.Trace("transfer", s.by.String()+" connects "+s.held.String()+" with "+s.asked.String())
		c.Become(s.held)
		s.r.became(c, s.held)
		return s.pair(s.held, s.asked)
	case c.Here(s.held):
		c.Trace("hold", s.by.String()+" has hung up with "+s.held.String()+" on hold")
		return s.blind(to)
	}
	return s.over()
}

// blind sends the party on hold to somebody, or, with nobody, back to by.
func (s *consultation) blind(to dialplan.Destination) (settled, then, error) {
	c := s.c
	c.Cast(s.held, "")
	c.Become(s.held)
	s.r.became(c, s.held)
	c.ReturnTo = dialplan.Destination{Extension: s.by.Extension}
	if to.IsZero() {
		return settled{}, nil, nil
	}
	return settled{next: Next{To: []dialplan.Destination{to}, By: s.by.Extension, Input: true, Reason: "transfer"}}, nil, nil
}

func (s *consultation) over() (settled, then, error) {
	s.c.End(engine.CauseNormal)
	return settled{}, nil, nil
}

// introduce shows each of two who the other is, after one has taken the place of somebody else.
func (r *Router) introduce(c *call.Call, a, b *call.Leg) {
	c.Show(c.Base(), a, r.shown(c, b))
	c.Show(c.Base(), b, r.shown(c, a))
}

// shown is what a phone shows of a party.
func (r *Router) shown(c *call.Call, l *call.Leg) engine.Identity {
	if e := c.Account.Extensions[l.Extension]; e != nil {
		return engine.Identity{Number: e.Number, Name: e.Name}
	}
	if l.Number == "" {
		return engine.Identity{Anonymous: true}
	}
	known := ""
	if l.Number == c.From.Number {
		known = c.From.Name
	}
	name, number := dialplan.CallerDisplay("", known, l.Number, c.Account.Country)
	return engine.Identity{Number: number, Name: name}
}
