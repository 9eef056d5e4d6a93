package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"callplane/controller/engine"
)

// State is how far a call has come, as the phone sees it.
type State uint8

// States of a call.
const (
	Trying  State = iota // nothing heard of it yet
	Ringing              // 180
	Early                // 183 with media
	Up                   // 200
	Over
)

// End says how a call ended, as the phone sees it.
type End uint8

// Ends of a call.
const (
	NotEnded          End = iota
	EndedHere             // this phone hung up, refused or gave up
	EndedThere            // the other side hung up or refused
	Missed                // an incoming call was cancelled before it was answered
	AnsweredElsewhere     // cancelled because another phone answered (RFC 3326)
)

// Call is a phone's side of a call.
type Call struct {
	phone    *Phone
	number   string
	outgoing bool
	since    time.Time
	// encrypted: the media is SRTP.
	encrypted bool

	// The world's lock guards what follows.
	leg         *leg
	state       State
	status      int
	end         End
	cause       engine.Cause
	display     engine.Identity
	displays    []engine.Identity
	alertInfo   string
	headers     map[string]string
	digits      string
	hears       []Sound
	heard       []Heard
	held        bool
	muted       bool
	crossCancel bool
}

// Heard is one sound that the phone heard for a while.
type Heard struct {
	Sound Sound
	From  time.Time
	To    time.Time // zero: still
}

// lock enters the call's world; it fails if the call is over.
func (c *Call) lock() (unlock func(), err error) {
	c.phone.w.mu.Lock()
	if c.state == Over || c.leg == nil {
		c.phone.w.mu.Unlock()
		return nil, ErrOver
	}
	return func() {
		c.phone.w.touch()
		c.phone.w.mu.Unlock()
	}, nil
}

func (c *Call) over(end End, status int, cause engine.Cause) {
	if c.state == Over {
		return
	}
	up := c.state == Up
	c.state, c.end, c.cause, c.leg = Over, end, cause, nil
	if !up {
		c.status = status
	}
	c.hear(nil)
	c.phone.w.touch()
}

// cancel is the server's CANCEL of a call that the phone has not answered.
func (c *Call) cancel(cause engine.Cause) {
	switch {
	case c.crossCancel && c.state != Over: // the 200 was on its way: the server says BYE
		c.state, c.status = Up, 200
		c.over(EndedThere, 200, cause)
	case cause == engine.CauseAnsweredElsewhere:
		c.over(AnsweredElsewhere, 487, cause)
	default:
		c.over(Missed, 487, cause)
	}
}

func (c *Call) show(id engine.Identity) {
	if id.Anonymous {
		id = engine.Identity{Anonymous: true}
	}
	c.display = id
	c.displays = append(c.displays, id)
}

func (c *Call) hear(now []Sound) {
	t := time.Now()
	for _, s := range c.hears {
		if slices.Contains(now, s) {
			continue
		}
		for i := range c.heard {
			if c.heard[i].Sound == s && c.heard[i].To.IsZero() {
				c.heard[i].To = t
			}
		}
	}
	for _, s := range now {
		if !slices.Contains(c.hears, s) {
			c.heard = append(c.heard, Heard{Sound: s, From: t})
		}
	}
	c.hears = now
}

// Ring answers an incoming call with 180.
func (c *Call) Ring() error { return c.provisional(Ringing) }

// Progress answers an incoming call with 183 and sends early media.
func (c *Call) Progress() error { return c.provisional(Early) }

func (c *Call) provisional(s State) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	l := c.leg
	if c.outgoing || c.state >= Up {
		return fmt.Errorf("sim: a provisional response in the wrong state")
	}
	c.state = max(c.state, s)
	if s == Ringing && !l.ringing {
		l.ringing = true
		l.w.emit(engine.Ringing{Of: l.of()})
	}
	if s == Early && !l.early {
		l.early, l.call = true, c
		l.w.emit(engine.EarlyMedia{Of: l.of()})
		l.w.rehear(l)
	}
	return nil
}

// Answer answers an incoming call.
func (c *Call) Answer() error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if c.outgoing || c.state >= Up {
		return fmt.Errorf("sim: an answer in the wrong state")
	}
	l := c.leg
	c.state, c.status = Up, 200
	l.call = c
	for _, o := range l.offers {
		if o != c {
			o.cancel(engine.CauseAnsweredElsewhere)
		}
	}
	l.offers = nil
	l.answer()
	return nil
}

// Reject refuses an incoming call with a final response.
func (c *Call) Reject(status int) error { return c.refuse(status, nil) }

// Redirect refuses an incoming call with 302 and contacts.
func (c *Call) Redirect(contacts ...string) error { return c.refuse(302, contacts) }

func (c *Call) refuse(status int, contacts []string) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if c.outgoing || c.state >= Up || status < 300 || status > 699 {
		return fmt.Errorf("sim: a refusal in the wrong state")
	}
	l := c.leg
	c.over(EndedHere, status, engine.CauseOfSIP(status))
	l.refused(c, status, contacts)
	return nil
}

// CrossCancel makes the phone answer a call at the very moment at which it is
// cancelled: the 200 crosses the CANCEL, and the server says BYE.
func (c *Call) CrossCancel() {
	c.phone.w.mu.Lock()
	defer c.phone.w.mu.Unlock()
	c.crossCancel = true
}

// Hangup ends the call: CANCEL of an outgoing call that is not answered, 603 to an
// incoming one, BYE after answer.
func (c *Call) Hangup() error {
	w := c.phone.w
	w.mu.Lock()
	if c.state != Over && c.leg == nil { // the server has forgotten the call
		c.over(EndedHere, 408, engine.CauseEngineLost)
		w.mu.Unlock()
		return nil
	}
	refuse := !c.outgoing && c.state < Up
	w.mu.Unlock()
	if refuse {
		return c.Reject(603)
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	cause := engine.CauseNormal
	l := c.leg
	if c.state < Up {
		cause = engine.CauseCancelled
		c.over(EndedHere, 487, cause)
	}
	l.end(engine.Hangup{Cause: cause, ByPeer: true})
	return nil
}

// SendDTMF sends digits, one every DigitTime.
func (c *Call) SendDTMF(ctx context.Context, digits string) error {
	for i := range len(digits) {
		unlock, err := c.lock()
		if err != nil {
			return err
		}
		if !c.leg.media() {
			unlock()
			return fmt.Errorf("sim: DTMF without media")
		}
		c.leg.w.emit(engine.DTMF{Of: c.leg.of(), Digit: digits[i]})
		unlock()
		select {
		case <-time.After(DigitTime):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Hold and Unhold are re-INVITEs of an answered call.
func (c *Call) Hold() error { return c.hold(true) }

// Unhold takes the call back.
func (c *Call) Unhold() error { return c.hold(false) }

func (c *Call) hold(on bool) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if c.state != Up {
		return fmt.Errorf("sim: hold before answer")
	}
	if c.held == on {
		return nil
	}
	l := c.leg
	c.held = on
	if on {
		l.w.emit(engine.Held{Of: l.of()})
	} else {
		l.w.emit(engine.Unheld{Of: l.of()})
	}
	l.w.rehear(l)
	return nil
}

// Mute makes the phone say nothing, or talk again.
func (c *Call) Mute(on bool) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	c.muted = on
	c.leg.w.rehear(c.leg)
	return nil
}

// Identify tells the server that another party is connected now.
func (c *Call) Identify(id engine.Identity) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	c.leg.w.emit(engine.IdentityChanged{Of: c.leg.of(), Identity: id})
	return nil
}

// Wait waits until the call is in the state, or in a later one other than Over.
func (c *Call) Wait(ctx context.Context, s State) error {
	var got State
	err := c.phone.w.wait(ctx, fmt.Sprintf("state %d of a call to %s", s, c.number), func() bool {
		got = c.state
		return got >= s
	})
	if err == nil && got == Over && s != Over {
		return ErrOver
	}
	return err
}

// WaitHears waits until the phone hears exactly these sounds.
func (c *Call) WaitHears(ctx context.Context, sounds ...Sound) error {
	want := sortSounds(slices.Clone(sounds))
	err := c.phone.w.wait(ctx, fmt.Sprint("hearing ", want), func() bool { return slices.Equal(c.hears, want) })
	if err != nil {
		return fmt.Errorf("%w (hears %v)", err, c.Hears())
	}
	return nil
}

// WaitDigits waits until the phone has received these digits in all.
func (c *Call) WaitDigits(ctx context.Context, digits string) error {
	return c.phone.w.wait(ctx, "digits "+digits, func() bool { return c.digits == digits })
}

// get reads something under the lock.
func get[T any](c *Call, f func() T) T {
	c.phone.w.mu.Lock()
	defer c.phone.w.mu.Unlock()
	return f()
}

// State is how far the call is.
func (c *Call) State() State { return get(c, func() State { return c.state }) }

// Status is the final SIP response to the INVITE; 0: none yet.
func (c *Call) Status() int { return get(c, func() int { return c.status }) }

// End is how the call ended, and Cause the Reason that was given.
func (c *Call) End() End { return get(c, func() End { return c.end }) }

// Cause is the reason of the end.
func (c *Call) Cause() engine.Cause { return get(c, func() engine.Cause { return c.cause }) }

// Display is what the phone shows of the other party.
func (c *Call) Display() engine.Identity { return get(c, func() engine.Identity { return c.display }) }

// Displays is everything that the phone has shown, oldest first.
func (c *Call) Displays() []engine.Identity {
	return get(c, func() []engine.Identity { return slices.Clone(c.displays) })
}

// AlertInfo is the Alert-Info header of an incoming call.
func (c *Call) AlertInfo() string { return c.alertInfo }

// Header is another header of an incoming call.
func (c *Call) Header(name string) string { return c.headers[name] }

// Number is what was dialled; of an incoming call the number that a carrier got.
func (c *Call) Number() string { return c.number }

// Encrypted reports whether the media is SRTP.
func (c *Call) Encrypted() bool { return c.encrypted }

// Digits are the DTMF digits that the phone received.
func (c *Call) Digits() string { return get(c, func() string { return c.digits }) }

// Hears is what the phone hears now.
func (c *Call) Hears() []Sound { return get(c, func() []Sound { return slices.Clone(c.hears) }) }

// Heard is everything that the phone has heard, in the order in which it began.
func (c *Call) Heard() []Heard { return get(c, func() []Heard { return slices.Clone(c.heard) }) }

// Leg is the server's id of the call's leg; empty when the call is over.
func (c *Call) Leg() engine.LegID {
	return get(c, func() engine.LegID {
		if c.leg == nil {
			return ""
		}
		return c.leg.id
	})
}
