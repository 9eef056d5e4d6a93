// Command bench prints how fast the controller is and what it costs, beside the same engines without
// it. It asserts nothing: figures of a shared machine are to be read, not tested.
//
//	go run ./integration/cmd/bench [-only decision,calls] [-short] [-engine freeswitch] [-cpuprofile file]
//
// docs/benchmarks.md says what each section measures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options of a run.
type options struct {
	only    map[string]bool // sections; empty: all
	engines []string
	short   bool
	time    time.Duration // of each measurement of the section cost; 0: as it is
	rate    int           // of that, calls/s; 0: as it is
	kind    string        // of cost and calls, a kind's name; empty: all
	keep    bool
	dir     string // for what engines write
}

// section is a part of the run that can be asked for by name.
type section struct {
	name string
	run  func(context.Context, options) error
}

func sections() []section {
	return []section{
		{"route", route},
		{"decision", decision},
		{"idle", idle},
		{"latency", latency},
		{"cost", cost},
		{"calls", calls},
		{"handover", handover},
		{"distribution", distribution},
		{"queues", queues},
		{"portal", portal},
	}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	var names []string
	for _, s := range sections() {
		names = append(names, s.name)
	}
	only := flag.String("only", "", "sections, separated by commas: "+strings.Join(names, ", "))
	engines := flag.String("engine", "freeswitch,asterisk", "engines, separated by commas")
	profile := flag.String("cpuprofile", "", "write a CPU profile of this process to a file")
	allocs := flag.String("memprofile", "", "write a profile of what this process allocated to a file")
	o := options{only: map[string]bool{}}
	flag.BoolVar(&o.short, "short", false, "fewer and shorter measurements")
	flag.DurationVar(&o.time, "time", 0, "how long each measurement of cost lasts (for profiles)")
	flag.IntVar(&o.rate, "rate", 0, "calls/s of cost")
	flag.StringVar(&o.kind, "kind", "", "only this kind of call, of cost and calls: answer, menu, bridge")
	flag.BoolVar(&o.keep, "keep", false, "keep what the engines wrote (logs)")
	flag.Parse()
	for name := range strings.SplitSeq(*only, ",") {
		if name == "" {
			continue
		}
		if !slices.Contains(names, name) {
			return fmt.Errorf("no section %q", name)
		}
		o.only[name] = true
	}
	o.engines = strings.Split(*engines, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if o.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return err
	}
	if !o.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	}
	if *allocs != "" {
		defer func() { err = errors.Join(err, writeAllocs(*allocs)) }()
	}
	if *profile != "" {
		f, err := os.Create(filepath.Clean(*profile))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	began := time.Now()
	fmt.Printf("%s, %s, %d CPUs, load of the last minute %s\n", began.Format("2006-01-02 15:04"), runtime.Version(), runtime.NumCPU(), loadAverage())
	for _, s := range sections() {
		if len(o.only) > 0 && !o.only[s.name] {
			continue
		}
		if err := s.run(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	fmt.Printf("\ntook %v\n", time.Since(began).Round(time.Second))
	return nil
}

func writeAllocs(name string) error {
	f, err := os.Create(filepath.Clean(name))
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
