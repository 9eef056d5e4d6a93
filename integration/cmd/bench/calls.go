package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// calls finds the highest rate of new calls that is sustained, by the controller and by the engine alone.
func calls(ctx context.Context, o options) error {
	d, bisect, tries := 4*time.Second, 2, 2
	if o.short {
		d, bisect, tries = 2*time.Second, 0, 1
	}
	t := newTable(fmt.Sprintf("Calls/s that are sustained (99.5 %% succeed; a call lasts %v after answer, a phone rings %v), CPU per call at that rate (ms)", talking, ringing),
		"engine", "call", "static dialplan", "controller", "ratio", "engine's CPU, static", "engine's CPU, controlled", "controller's CPU", "what ended it")
	defer t.print()
	for _, name := range o.engines {
		for _, k := range kinds() {
			if k.name == "menu" || (o.short && !k.bridges) || (o.kind != "" && o.kind != k.name) {
				continue // the menu differs from a plain answer by the announcement's frames
			}
			alone, led, why, err := compare(ctx, o, name, k, d, bisect, tries)
			if absent(err) {
				fmt.Printf("\n%s is left out: %v\n", name, err)
				break
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			ratio := "-"
			if alone.rate > 0 {
				ratio = fmt.Sprintf("%.2f", float64(led.rate)/float64(alone.rate))
			}
			t.add(name, k.what, fmt.Sprint(alone.rate), fmt.Sprint(led.rate), ratio, alone.perCall(alone.engine), led.perCall(led.engine), led.perCall(led.ours),
				fmt.Sprint(why))
		}
	}
	return nil
}

// compare searches for the engine alone and for the controller. Both begin at the same rate, so that both are warm at the rates that count.
func compare(ctx context.Context, o options, name string, k kind, d time.Duration, bisect, tries int) (alone, led load, why, err error) {
	if alone, _, err = search(ctx, o, name, k, native(), d, bisect, tries); err != nil {
		return alone, led, nil, err
	}
	led, why, err = search(ctx, o, name, k, production(), d, bisect, tries)
	return alone, led, why, err
}

// search finds the highest rate of an engine that is started for it: each search ends with more than the engine can do, from which
// not every engine recovers.
func search(ctx context.Context, o options, name string, k kind, v variant, d time.Duration, bisect, tries int) (best load, why, err error) {
	r, err := openRig(ctx, o, name)
	if err != nil {
		return best, nil, err
	}
	defer r.close()
	return r.highest(ctx, k, v, firstRate(name, k), d, bisect, tries)
}

// firstRate is where the search begins: what every machine does.
func firstRate(name string, k kind) int {
	switch {
	case k.bridges && name == "freeswitch":
		return 20
	case k.bridges:
		return 40
	case name == "freeswitch":
		return 100
	}
	return 150
}

// errStuck: the engine has not recovered from what was too much for it.
var errStuck = errors.New("the engine does not recover")

// highest steps the rate up until it is not sustained, then halves the last step.
func (r *rig) highest(ctx context.Context, k kind, v variant, first int, d time.Duration, bisect, tries int) (best load, why error, err error) {
	_, end, err := r.control(ctx, v)
	if err != nil {
		return best, nil, err
	}
	defer end()
	try := func(rate int) (bool, error) {
		for range tries { // a neighbour may have had the CPU
			l, err := r.place(ctx, k, v, rate, d)
			if err != nil {
				return false, err
			}
			fmt.Printf("# %s, %s: %d/s: %v\n", k.name, v.name, rate, l.why)
			if l.why == nil {
				best = l
				return true, nil
			}
			why = l.why
			if err := r.clear(ctx); err != nil {
				return false, errors.Join(errStuck, err)
			}
		}
		return false, nil
	}
	rate, bad := first, 0
	for bad == 0 && rate < 5000 {
		ok, err := try(rate)
		switch {
		case errors.Is(err, errStuck):
			fmt.Printf("# %s, %s: %v\n", k.name, v.name, err)
			return best, why, nil
		case err != nil:
			return best, why, err
		case ok:
			rate = rate * 3 / 2
		case best.rate == 0 && rate > 5:
			rate /= 2 // the first was too much already
		default:
			bad = rate
		}
		if best.rate == 0 && rate <= 5 {
			return best, why, nil
		}
	}
	for range bisect {
		ok, err := try((best.rate + bad) / 2)
		if errors.Is(err, errStuck) {
			break
		}
		if err != nil {
			return best, why, err
		}
		if !ok {
			bad = (best.rate + bad) / 2
		}
	}
	return best, why, nil
}
