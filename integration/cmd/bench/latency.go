package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"callplane/integration/asteriskproc"
	"callplane/integration/fsproc"
)

// absent tells that an engine is not on this machine.
func absent(err error) bool {
	return errors.Is(err, fsproc.ErrNotInstalled) || errors.Is(err, asteriskproc.ErrNotFetched)
}

// eachRig runs f on every engine of the run that is installed.
func eachRig(ctx context.Context, o options, f func(name string, r *rig) error) error {
	for _, name := range o.engines {
		r, err := openRig(ctx, o, name)
		if absent(err) {
			fmt.Printf("\n%s is left out: %v\n", name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		err = f(name, r)
		r.close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// latency measures what the caller waits for.
func latency(ctx context.Context, o options) error {
	rate, d := 20, 9*time.Second
	if o.short {
		d = 2 * time.Second
	}
	t := newTable(fmt.Sprintf("Latency at %d calls/s (ms): the caller's INVITE to the 200 of a call that is answered at once; in a call that is bridged, "+
		"INVITE to the first ringing heard by the caller, and the phone's 200 to the caller's", rate),
		"engine", "decided by", "answered: 200 p50", "p99", "bridged: phone called p50", "p99", "180 p50", "p99", "200 after the phone's p50", "p99", "calls", "failed")
	err := eachRig(ctx, o, func(name string, r *rig) error {
		variants := []variant{native(), production()}
		if name == "freeswitch" {
			variants = append(variants,
				variant{name: "controller, events not fetched", poke: -1},
				variant{name: "controller, first decision by command", later: true},
				variant{name: "controller, neither", poke: -1, later: true})
		}
		for _, v := range variants {
			if err := r.wait(ctx, t, name, v, rate, d); err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
		}
		return nil
	})
	t.print()
	return err
}

// wait adds one row.
func (r *rig) wait(ctx context.Context, t *table, name string, v variant, rate int, d time.Duration) (err error) {
	_, end, err := r.control(ctx, v)
	if err != nil {
		return err
	}
	defer end()
	p, err := openProbe(r.carriers())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	var answered, offered, rang, passed sample
	total, failed := 0, 0
	for _, k := range kinds() {
		if k.name == "menu" {
			continue
		}
		number := k.number
		if v.static {
			number = k.static
		}
		all, err := p.run(ctx, number, rate, d)
		if err != nil {
			return err
		}
		for _, c := range all {
			total++
			switch {
			case c.answered.IsZero() || !c.over || (k.bridges && (c.phoneAnswer.IsZero() || c.ringing.IsZero())):
				failed++
			case k.bridges:
				offered = append(offered, c.offered.Sub(c.invited))
				rang = append(rang, c.ringing.Sub(c.invited))
				passed = append(passed, c.answered.Sub(c.phoneAnswer))
			default:
				answered = append(answered, c.answered.Sub(c.invited))
			}
		}
	}
	row := []string{name, v.name}
	for _, s := range []sample{answered.sort(), offered.sort(), rang.sort(), passed.sort()} {
		row = append(row, ms(s.at(50)), ms(s.at(99)))
	}
	t.add(append(row, fmt.Sprint(total), fmt.Sprint(failed))...)
	if failed > 0 {
		return r.clear(ctx)
	}
	return nil
}
