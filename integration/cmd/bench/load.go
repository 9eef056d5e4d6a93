package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"callplane/integration/sipp"
)

// load is what came of placing calls at a steady rate.
type load struct {
	rate      int
	stats     sipp.Stats
	engine    time.Duration // CPU in all
	ours      time.Duration
	questions int
	allocated uint64 // bytes, by the controller
	// why it is not sustained; nil: it is.
	why   error
	words string // SIPp's, of calls that failed
}

func (l load) perCall(d time.Duration) string {
	if l.stats.Created == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(d)/1e6/float64(l.stats.Created))
}

// place places calls of a kind at rate for a while; the phone that answers runs meanwhile.
func (r *rig) place(ctx context.Context, k kind, v variant, rate int, d time.Duration) (load, error) {
	l := load{rate: rate}
	ctx, cancel := context.WithTimeout(ctx, d+6*time.Second)
	defer cancel()
	var callee *sipp.Process
	if k.bridges {
		var err error
		callee, err = sipp.Start(ctx, sipp.UASAnswer, sipp.Options{LocalPort: portCallee, Calls: 1 << 20, Limit: 1 << 16, Pause: ringing})
		if err != nil {
			return l, err
		}
	}
	number := k.number
	if v.static {
		number = k.static
	}
	engine0, err := cpuOf(r.pid())
	if err != nil {
		return l, err
	}
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	ours0, asked := ourCPU(), r.questions()
	var callErr error
	l.stats, callErr = sipp.Run(ctx, sipp.UACBye, sipp.Options{
		Target: r.carriers(), LocalPort: portCaller, Service: number, Rate: rate, Calls: int(float64(rate) * d.Seconds()), Limit: 1 << 16,
		Pause: talking, EachResponse: true, Keys: map[string]string{"from": "+31612345678"},
	})
	engine1, err := cpuOf(r.pid())
	if err != nil {
		return l, fmt.Errorf("the engine is gone: %w", err)
	}
	runtime.ReadMemStats(&m1)
	l.allocated = m1.TotalAlloc - m0.TotalAlloc
	l.engine, l.ours, l.questions = engine1-engine0, ourCPU()-ours0, r.questions()-asked
	if callee != nil {
		callee.Stop()
		_, _ = callee.Wait() // what failed there failed at the caller too
	}
	if callErr != nil && l.stats.Failed > 0 {
		l.words = callErr.Error()
	}
	l.why = sustained(l.stats, d, callErr)
	return l, nil
}

// sustained says why a rate is too high, nil if it is not: fewer than 99.5 % of the calls succeed, or the caller waits so
// long that calls pile up.
func sustained(s sipp.Stats, d time.Duration, err error) error {
	switch answer := s.Percentile("answer", 95); {
	case s.Created == 0:
		return errors.Join(errors.New("no call was placed"), err)
	case float64(s.Successful) < 0.995*float64(s.Created):
		return fmt.Errorf("%d of %d calls succeeded", s.Successful, s.Created)
	case answer > time.Second:
		return fmt.Errorf("95 %% were answered within %v", answer)
	case s.Elapsed > d+3*time.Second:
		return fmt.Errorf("took %v instead of %v", s.Elapsed, d)
	case s.Retransmissions > s.Created/20:
		return fmt.Errorf("%d messages were sent again", s.Retransmissions)
	}
	return nil
}

// cpuOf is the CPU time of a process, user and system (proc(5), in ticks of 10 ms).
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name in parentheses may hold anything; utime and stime are the 14th and 15th field.
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0, fmt.Errorf("unexpected /proc/%d/stat", pid)
	}
	var sum time.Duration
	for _, s := range f[11:13] {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum, nil
}

// ourCPU is that of this process: the controller, for the callers are processes of their own.
func ourCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
