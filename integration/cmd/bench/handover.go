package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"callplane/controller/call"
	"callplane/dialplan"
	"callplane/integration/phone"
)

// Ports and voices of the three who talk.
const (
	portA = 30140 + iota
	portB
	portC
)

const voiceA, voiceB, voiceC, voiceMusic = 500.0, 700.0, 900.0, 440.0

// handover measures what people wait for who do something with a conversation: from the key press to what is then to be heard
// at the other side.
func handover(ctx context.Context, o options) error {
	rounds := 30
	if o.short {
		rounds = 6
	}
	t := newTable("From the key press (INVITE, re-INVITE or REFER leaves the phone) to the audio at the other side, which "+
		"it has recognised after 240 ms of it (ms)",
		"engine", "by", "pickup p50", "p99", "unpark p50", "p99", "hold p50", "p99", "attended transfer p50", "p99", "failed")
	err := eachRig(ctx, o, func(name string, r *rig) error {
		if err := r.rivals(ctx); err != nil {
			return err
		}
		for _, v := range []variant{{name: "the engine's own", static: true}, production()} {
			row := []string{name, v.name}
			failed, err := r.handovers(ctx, v, rounds, &row)
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			t.add(append(row, fmt.Sprint(failed))...)
		}
		return nil
	})
	t.print()
	return err
}

// trio are the three phones of a measurement, and what they dial.
type trio struct {
	a, b, c              *phone.Phone
	ring, third          string // A reaches B, B reaches C
	pick, parked, unpark string // C takes A; empty parked: B parks by *6
}

// handovers measures all of it for one way to decide.
func (r *rig) handovers(ctx context.Context, v variant, rounds int, row *[]string) (failed int, err error) {
	rt, end, err := r.control(ctx, v)
	if err != nil {
		return 0, err
	}
	defer end()
	x, err := r.people(ctx, v, rt)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, x.a.Close(), x.b.Close(), x.c.Close()) }()
	for _, op := range []func(context.Context) (time.Duration, error){x.pickup, x.retrieve, x.hold, x.transfer} {
		var s sample
		for range rounds {
			one, cancel := context.WithTimeout(ctx, 8*time.Second)
			d, err := op(one)
			cancel()
			if ctx.Err() != nil {
				return failed, ctx.Err()
			}
			if err != nil {
				fmt.Printf("# %s: %v\n", v.name, err)
				failed++
			} else {
				s = append(s, d)
			}
			if err := x.quiet(ctx); err != nil {
				return failed, err
			}
		}
		s.sort()
		*row = append(*row, ms(s.at(50)), ms(s.at(99)))
	}
	return failed, r.clear(ctx)
}

// people makes the phones: accounts of a company, or, when the engine decides alone, peers that it need not know.
func (r *rig) people(ctx context.Context, v variant, rt *call.Runtime) (*trio, error) {
	x := &trio{ring: "static-ring", third: "static-third", pick: "static-pick", parked: "static-park", unpark: "static-unpark"}
	if !v.static {
		x.ring, x.third, x.pick, x.parked, x.unpark = number(0, 3), "103", "*8102", "", "93001"
	}
	for _, p := range []struct {
		to    **phone.Phone
		ext   string
		port  int
		voice float64
	}{{&x.a, "", portA, voiceA}, {&x.b, "102", portB, voiceB}, {&x.c, "103", portC, voiceC}} {
		cfg := phone.Config{User: "+31612345678", Port: p.port, Tone: p.voice, Registrar: r.carriers()}
		if !v.static && p.ext != "" {
			ch := r.dir.Account(1).Channels[channel(0, p.ext)]
			cfg.User, cfg.Password, cfg.Domain, cfg.Registrar = ch.Name, ch.Password, domain, r.phones()
		}
		made, err := phone.New(ctx, cfg)
		if err != nil {
			return nil, err
		}
		*p.to = made
		if cfg.Password != "" {
			if err := made.Register(ctx); err != nil {
				return nil, err
			}
			for len(rt.Live(1).Registrations(cfg.User)) == 0 {
				if err := pauseFor(ctx, 20*time.Millisecond); err != nil {
					return nil, err
				}
			}
		}
	}
	return x, nil
}

// rivals gives company 0 the rights and the engine its own applications for the same.
func (r *rig) rivals(ctx context.Context) error {
	a := *r.dir.Account(1)
	a.Privacy = map[int64]*dialplan.PrivacyGroup{1: {ID: 1, Members: []string{"103"}}}
	u := a.User("102")
	u.Permissions.Parking = true
	u.Privacy = []dialplan.PrivacyGrant{{Group: 1, PrivacyRights: dialplan.PrivacyRights{Pickup: true, ParkRetrieve: true}}}
	r.dir.Put(&a)
	return r.native(ctx)
}

// quiet hangs everything up.
func (x *trio) quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, p := range []*phone.Phone{x.a, x.b, x.c} {
		for _, c := range p.Calls() {
			_ = c.Hangup(ctx) // it may be over
		}
		for len(p.Incoming()) > 0 {
			<-p.Incoming()
		}
	}
	return pauseFor(ctx, 300*time.Millisecond)
}

func pauseFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rung lets one phone call another, which rings.
func rung(ctx context.Context, from *phone.Phone, number string, to *phone.Phone) (out, in *phone.Call, err error) {
	if out, err = from.Dial(ctx, number, phone.DialOptions{}); err != nil {
		return nil, nil, err
	}
	if in, err = to.WaitIncoming(ctx); err != nil {
		return nil, nil, err
	}
	return out, in, in.Ring()
}

// talk is a conversation of two, who hear each other.
func talk(ctx context.Context, from *phone.Phone, number string, to *phone.Phone, voice float64) (out, in *phone.Call, err error) {
	if out, in, err = rung(ctx, from, number, to); err != nil {
		return nil, nil, err
	}
	if err := in.Answer(ctx); err != nil {
		return nil, nil, err
	}
	return out, in, out.HearsOnly(ctx, voice)
}

// pickup: B rings, C takes A.
func (x *trio) pickup(ctx context.Context) (time.Duration, error) {
	a, _, err := rung(ctx, x.a, x.ring, x.b)
	if err != nil {
		return 0, err
	}
	if err := pauseFor(ctx, 200*time.Millisecond); err != nil {
		return 0, err
	}
	began := time.Now()
	if _, err := x.c.Dial(ctx, x.pick, phone.DialOptions{}); err != nil {
		return 0, err
	}
	err = a.Hears(ctx, voiceC)
	return time.Since(began), err
}

// retrieve: A waits, C takes it back.
func (x *trio) retrieve(ctx context.Context) (time.Duration, error) {
	var a *phone.Call
	var err error
	if x.parked != "" {
		if a, err = x.a.Dial(ctx, x.parked, phone.DialOptions{}); err != nil {
			return 0, err
		}
		if err := a.WaitAnswered(ctx); err != nil {
			return 0, err
		}
	} else {
		var b *phone.Call
		if a, b, err = talk(ctx, x.a, x.ring, x.b, voiceB); err != nil {
			return 0, err
		}
		if err := b.SendDTMF(ctx, "*6"); err != nil {
			return 0, err
		}
		if err := a.Hears(ctx, voiceMusic); err != nil {
			return 0, err
		}
	}
	if err := pauseFor(ctx, 300*time.Millisecond); err != nil {
		return 0, err
	}
	began := time.Now()
	if _, err := x.c.Dial(ctx, x.unpark, phone.DialOptions{}); err != nil {
		return 0, err
	}
	err = a.Hears(ctx, voiceC)
	return time.Since(began), err
}

// hold: B holds, A hears music.
func (x *trio) hold(ctx context.Context) (time.Duration, error) {
	a, b, err := talk(ctx, x.a, x.ring, x.b, voiceB)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := b.Hold(ctx); err != nil {
		return 0, err
	}
	err = a.Hears(ctx, voiceMusic)
	return time.Since(began), err
}

// transfer: B has talked to C and connects A with it.
func (x *trio) transfer(ctx context.Context) (time.Duration, error) {
	a, b, err := talk(ctx, x.a, x.ring, x.b, voiceB)
	if err != nil {
		return 0, err
	}
	b2, _, err := talk(ctx, x.b, x.third, x.c, voiceC)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := b.ReferReplaces(ctx, b2); err != nil {
		return 0, err
	}
	err = a.Hears(ctx, voiceC)
	return time.Since(began), err
}
