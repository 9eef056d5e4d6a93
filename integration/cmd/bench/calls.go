package main

import (
	"context"
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
	err := eachRig(ctx, o, func(name string, r *rig) error {
		for _, k := range kinds() {
			if k.name == "menu" || (o.short && !k.bridges) {
				continue // the menu differs from a plain answer by the announcement's frames
			}
			alone, _, err := r.highest(ctx, k, native(), firstRate(name, k), d, bisect, tries)
			if err != nil {
				return err
			}
			// Both begin at the same rate, so that both are warm at the rates that count.
			led, why, err := r.highest(ctx, k, production(), firstRate(name, k), d, bisect, tries)
			if err != nil {
				return err
			}
			ratio := "-"
			if alone.rate > 0 {
				ratio = fmt.Sprintf("%.2f", float64(led.rate)/float64(alone.rate))
			}
			t.add(name, k.what, fmt.Sprint(alone.rate), fmt.Sprint(led.rate), ratio, alone.perCall(alone.engine), led.perCall(led.engine), led.perCall(led.ours),
				fmt.Sprint(why))
		}
		return nil
	})
	t.print()
	return err
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
				return false, err
			}
		}
		return false, nil
	}
	rate, bad := first, 0
	for bad == 0 && rate < 5000 {
		ok, err := try(rate)
		switch {
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
		if err != nil {
			return best, why, err
		}
		if !ok {
			bad = (best.rate + bad) / 2
		}
	}
	return best, why, nil
}
