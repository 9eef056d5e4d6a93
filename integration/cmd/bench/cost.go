package main

import (
	"context"
	"fmt"
	"time"
)

// cost measures CPU per call at a rate that leaves room, where it depends least on what else runs.
func cost(ctx context.Context, o options) error {
	d := 5 * time.Second
	if o.short {
		if !o.only["cost"] {
			return nil // the section calls tells CPU, too
		}
		d = 3 * time.Second
	}
	if o.time > 0 {
		d = o.time
	}
	t := newTable("CPU per call at a moderate rate (ms)", "engine", "call", "calls/s", "decided by", "engine's", "controller's", "KiB allocated by it", "questions over HTTP per call", "failed")
	err := eachRig(ctx, o, func(name string, r *rig) error {
		variants := []variant{native(), production()}
		if !o.short {
			if name == "freeswitch" {
				variants = append(variants, variant{name: "controller, events not fetched", poke: -1}, variant{name: "static, asks the controller first", static: true, ask: true})
			}
			variants = append(variants, variant{name: "static, events told to the controller", static: true, listen: true})
		}
		for _, k := range kinds() {
			if o.kind != "" && o.kind != k.name {
				continue
			}
			rate := firstRate(name, k)
			if o.rate > 0 {
				rate = o.rate
			}
			for _, v := range variants {
				l, err := r.once(ctx, k, v, rate, d)
				if err != nil {
					return err
				}
				if l.words != "" {
					fmt.Printf("# %s, %s, %s: %.600s\n", name, k.what, v.name, l.words)
				}
				t.add(name, k.what, fmt.Sprint(rate), v.name, l.perCall(l.engine), l.perCall(l.ours), fmt.Sprintf("%.0f", float64(l.allocated)/1024/float64(max(1, l.stats.Created))),
					fmt.Sprintf("%.1f", float64(l.questions)/float64(max(1, l.stats.Created))), fmt.Sprint(l.stats.Failed))
			}
		}
		return nil
	})
	t.print()
	return err
}

// once places calls with a controller that is connected for them.
func (r *rig) once(ctx context.Context, k kind, v variant, rate int, d time.Duration) (load, error) {
	_, end, err := r.control(ctx, v)
	if err != nil {
		return load{}, err
	}
	defer end()
	l, err := r.place(ctx, k, v, rate, d)
	if err == nil && l.why != nil {
		err = r.clear(ctx)
	}
	return l, err
}
