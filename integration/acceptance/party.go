package acceptance

import (
	"context"
	"time"

	"callplane/controller/engine"
	"callplane/integration/conformance"
)

// Party is somebody's side of a call: what a case can do and assert with it.
type Party struct {
	o    *Office
	name string
	hz   int
	call conformance.Call
}

// Dial lets the phone of ext call a number.
func (o *Office) Dial(ext, number string) *Party {
	o.Helper()
	return o.dial(o.phones[ext], ext, number, conformance.Dial{})
}

// Outside lets somebody outside call number i of the company.
func (o *Office) Outside(i int) *Party {
	o.Helper()
	return o.OutsideFrom(i, engine.Identity{Number: "+31612345678"})
}

// OutsideFrom is Outside with a caller.
func (o *Office) OutsideFrom(i int, who engine.Identity) *Party {
	o.Helper()
	return o.dial(o.carrier["main"], "outside", o.Number(i), conformance.Dial{Caller: who})
}

func (o *Office) dial(p conformance.Phone, name, number string, how conformance.Dial) *Party {
	o.Helper()
	party := &Party{o: o, name: name, hz: p.Hz()}
	o.do(name+" dials "+number, func(ctx context.Context) (err error) {
		party.call, err = p.Dial(ctx, number, how)
		return err
	})
	return party
}

// Reaches has the phone of ext ring and answer, and both talk.
func (p *Party) Reaches(ext string) *Party {
	p.o.Helper()
	callee := p.o.Offered(ext)
	callee.Answers()
	p.TalksTo(callee)
	return callee
}

// Offered waits until the phone of ext is called and lets it ring.
func (o *Office) Offered(ext string) *Party {
	o.Helper()
	p := o.taken(o.phones[ext], ext)
	p.step("rings", p.call.Ring)
	return p
}

// OfferedTo waits for a call to a carrier.
func (o *Office) OfferedTo(carrier string) *Party {
	o.Helper()
	return o.taken(o.carrier[carrier], carrier)
}

func (o *Office) taken(phone conformance.Phone, name string) *Party {
	o.Helper()
	p := &Party{o: o, name: name, hz: phone.Hz()}
	o.do(name+" is called", func(ctx context.Context) (err error) {
		p.call, err = phone.Incoming(ctx)
		return err
	})
	return p
}

// Quiet asserts that the phone of ext is not called for a while.
func (o *Office) Quiet(ext string, d time.Duration) {
	o.Helper()
	ctx, cancel := context.WithTimeout(o.ctx, d)
	defer cancel()
	if _, err := o.phones[ext].Incoming(ctx); err == nil {
		o.Fatalf("%s is called", ext)
	}
}

func (p *Party) step(what string, f func(context.Context) error) {
	p.o.Helper()
	p.o.do(p.name+" "+what, f)
}

// Answers answers.
func (p *Party) Answers() { p.o.Helper(); p.step("answers", p.call.Answer) }

// Hangs up: CANCEL, BYE or a refusal.
func (p *Party) Hangs() { p.o.Helper(); p.step("hangs up", p.call.Hangup) }

// Refuses with a SIP status.
func (p *Party) Refuses(status int) {
	p.o.Helper()
	p.step("refuses", func(ctx context.Context) error { return p.call.Reject(ctx, status) })
}

// Redirects to contacts (302).
func (p *Party) Redirects(to ...string) {
	p.o.Helper()
	p.step("redirects", func(ctx context.Context) error { return p.call.Redirect(ctx, to...) })
}

// Presses keys.
func (p *Party) Presses(digits string) {
	p.o.Helper()
	p.step("presses "+digits, func(ctx context.Context) error { return p.call.SendDTMF(ctx, digits) })
}

// Holds puts the other party on hold (re-INVITE), Unholds takes it back.
func (p *Party) Holds() { p.o.Helper(); p.step("holds", p.call.Hold) }

// Unholds takes the other party back.
func (p *Party) Unholds() { p.o.Helper(); p.step("takes the call back", p.call.Unhold) }

// Speaks says something of this length: a phone's voice never stops.
func (p *Party) Speaks(d time.Duration) {
	p.o.Helper()
	p.step("speaks", func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// TalkTogether asserts that all of them hear each other.
func (o *Office) TalkTogether(all ...*Party) {
	o.Helper()
	for _, p := range all {
		var others []int
		for _, q := range all {
			if q != p {
				others = append(others, q.hz)
			}
		}
		p.Hears(others...)
	}
}

// Sends presses keys of which the last may end the call before it is released.
func (p *Party) Sends(digits string) {
	p.o.Helper()
	p.step("sends "+digits, func(ctx context.Context) error {
		err := p.call.SendDTMF(ctx, digits)
		if err != nil && p.call.End() != conformance.NotEnded {
			return nil
		}
		return err
	})
}

// Transfers the other party to a number (blind, REFER).
func (p *Party) Transfers(number string) {
	p.o.Helper()
	p.step("transfers to "+number, func(ctx context.Context) error { return p.call.Refer(ctx, number) })
}

// Joins the other parties of this call and of another one of the same phone (attended, REFER with Replaces).
func (p *Party) Joins(second *Party) {
	p.o.Helper()
	p.step("joins", func(ctx context.Context) error { return p.call.ReferReplaces(ctx, second.call) })
}

// Rung waits for the ringing of the other side, Answered for its answer, Ended for the end.
func (p *Party) Rung() { p.o.Helper(); p.step("hears ringing", p.call.WaitRinging) }

// Answered waits for the answer.
func (p *Party) Answered() { p.o.Helper(); p.step("is answered", p.call.WaitAnswered) }

// Early waits for early media.
func (p *Party) Early() { p.o.Helper(); p.step("gets early media", p.call.WaitEarly) }

// Ended waits for the end.
func (p *Party) Ended() { p.o.Helper(); p.step("sees the end", p.call.WaitEnded) }

// EndedWith waits for the end and asserts the final SIP status.
func (p *Party) EndedWith(status int) {
	p.o.Helper()
	p.Ended()
	if got := p.call.Status(); got != status {
		p.o.Errorf("%s ended with %d, want %d", p.name, got, status)
	}
}

// EndedElsewhere waits for the end and asserts that the phone knows that somebody else answered.
func (p *Party) EndedElsewhere() {
	p.o.Helper()
	p.Ended()
	if got := p.call.End(); got != conformance.Elsewhere {
		p.o.Errorf("%s: the call ended as %v, want answered elsewhere", p.name, got)
	}
}

// Missed waits for the end and asserts that the phone counts a missed call.
func (p *Party) Missed() {
	p.o.Helper()
	p.Ended()
	if got := p.call.End(); got != conformance.Missed {
		p.o.Errorf("%s: the call ended as %v, want missed", p.name, got)
	}
}

// Hears waits until exactly these frequencies are heard; none is silence.
func (p *Party) Hears(hz ...int) {
	p.o.Helper()
	p.step("hears", func(ctx context.Context) error { return p.call.Hears(ctx, hz...) })
}

// HearsAmid waits until the prompt with this key is heard within a conversation with others. Engines differ in
// whether those are heard meanwhile.
func (p *Party) HearsAmid(key string, others ...*Party) {
	p.o.Helper()
	all := []int{promptTones()[key]}
	for _, q := range others {
		all = append(all, q.hz)
	}
	p.step("hears "+key, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		heard := make(chan error, 2)
		go func() { heard <- p.call.Hears(ctx, all...) }()
		go func() { heard <- p.call.Hears(ctx, all[0]) }()
		err := <-heard
		if err != nil {
			err = <-heard
		}
		return err
	})
}

// HearsPrompt waits until the prompt with this key is heard.
func (p *Party) HearsPrompt(key string) { p.o.Helper(); p.Hears(p.o.tone(key)) }

// Shows asserts what the phone displays.
func (p *Party) Shows(name, number string) {
	p.o.Helper()
	p.step("shows the caller", func(ctx context.Context) error {
		return p.call.WaitDisplay(ctx, engine.Identity{Name: name, Number: number})
	})
}

// TalksTo asserts that two parties hear each other and nobody else.
func (p *Party) TalksTo(q *Party) {
	p.o.Helper()
	p.Answered()
	p.Hears(q.hz)
	q.Hears(p.hz)
}

// HungUpBoth ends a conversation from this side and waits for the other to see it, and for the controller to have done with
// it: a phone sees the end before an agent is free again.
func (p *Party) HungUpBoth(q *Party) {
	p.o.Helper()
	live := p.o.b.runtime.Live(p.o.Account.ID)
	before := live.Calls()
	p.Hangs()
	q.Ended()
	p.o.until("the end of the call", func() bool { return live.Calls() < before })
}
