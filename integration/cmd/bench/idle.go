package main

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// idle measures what a conversation costs the controller while nothing happens in it.
func idle(ctx context.Context, o options) error {
	conversations := 2000
	dir, err := platform(conversations)
	if err != nil {
		return err
	}
	d, err := newDesk(dir, conversations)
	if err != nil {
		return err
	}
	defer d.rt.Close()
	for n := range conversations {
		d.register(n)
	}
	place := func(n int) error {
		for i := range n {
			l := d.call(i, toMenu+1+i%2, true)
			select {
			case <-l.bridged:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
	var m0, m1 runtime.MemStats
	heap()
	runtime.ReadMemStats(&m0)
	g0 := runtime.NumGoroutine()
	if err := place(conversations); err != nil {
		return err
	}
	select {
	case <-time.After(200 * time.Millisecond): // for the last to fall asleep
	case <-ctx.Done():
		return ctx.Err()
	}
	heap()
	runtime.ReadMemStats(&m1)
	per := func(a, b uint64) string {
		return fmt.Sprintf("%.1f", (float64(b)-float64(a))/float64(conversations)/1024)
	}
	t := newTable(fmt.Sprintf("Idle conversations of two legs: the controller's memory per call (KiB), %d calls", conversations), "heap", "stacks", "in all", "goroutines")
	t.add(per(m0.HeapAlloc, m1.HeapAlloc), per(m0.StackInuse, m1.StackInuse), per(m0.HeapAlloc+m0.StackInuse, m1.HeapAlloc+m1.StackInuse),
		fmt.Sprintf("%.1f", float64(runtime.NumGoroutine()-g0)/float64(conversations)))
	t.print()
	runtime.KeepAlive(dir)
	return nil
}
