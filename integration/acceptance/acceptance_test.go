package acceptance

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"callplane/integration/conformance"
)

// testCase is one behaviour; its name begins with the IDs that it proves.
type testCase struct {
	name string
	run  func(*Office)
	// alone: the case restarts the controller, so no other may run beside it.
	alone bool
}

// TestCalls runs every case on every engine.
func TestCalls(t *testing.T) {
	cases := userCases()
	cases = append(cases, settingsCases()...)
	cases = append(cases, groupCases()...)
	cases = append(cases, menuCases()...)
	cases = append(cases, outsideCases()...)
	cases = append(cases, routingCases()...)
	cases = append(cases, planCases()...)
	cases = append(cases, planMenuCases()...)
	cases = append(cases, systemExtensionCases()...)
	cases = append(cases, locationCases()...)
	cases = append(cases, outboundCases()...)
	cases = append(cases, ringCases()...)
	cases = append(cases, conversationCases()...)
	cases = append(cases, presenceCases()...)
	cases = append(cases, recordingCases()...)
	cases = append(cases, personalCases()...)
	cases = append(cases, recordingFetchCases()...)
	cases = append(cases, queueCases()...)
	cases = append(cases, queueTransferCases()...)
	cases = append(cases, deskCases()...)
	cases = append(cases, audioCases()...)
	cases = append(cases, consultCases()...)
	cases = append(cases, listenCases()...)
	cases = append(cases, voicemailCases()...)
	cases = append(cases, raceCases()...)
	cases = append(cases, aiCases()...)
	cases = append(cases, streamCases()...)
	cases = append(cases, badInputCases()...)
	cases = append(cases, hangUpCases()...)
	t.Run("sim", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) { onSim(t, c) })
		}
	})
	// The crowd of one engine after that of the other: together they would be too much for two processors. The cases that want to be
	// alone on their engine mostly wait, beside the other's crowd: FreeSWITCH's first, Asterisk's last.
	crowd, chosen := make(chan struct{}), false
	over := sync.OnceFunc(func() { close(crowd) })
	t.Run("asterisk", func(t *testing.T) {
		chosen = true
		t.Parallel()
		defer over() // also when there is no crowd
		onEngine(t, cases, conformance.OpenAsterisk, func(together, alone func()) { together(); over(); alone() })
	})
	if !chosen { // -run wants the other engine only
		over()
	}
	t.Run("freeswitch", func(t *testing.T) {
		t.Parallel()
		onEngine(t, cases, conformance.OpenFreeSWITCH, func(together, alone func()) { alone(); <-crowd; together() })
	})
}

// TestMain lets more cases run side by side than there are processors: they mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = flag.Set("test.parallel", "7") // a number that parses: six, and the engine that waits for its turn
	}
	os.Exit(m.Run())
}

// onEngine runs the cases on one real engine with one controller: together those that run side by side, alone those that restart the
// controller; order calls both.
func onEngine(t *testing.T, cases []testCase, openBackend func(context.Context, string) (conformance.Backend, error), order func(together, alone func())) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "acceptance-") // t.TempDir is too deep for a Unix socket
	if err != nil {
		t.Fatal(err)
	}
	backend, err := openBackend(ctx, dir)
	if errors.Is(err, conformance.ErrNotInstalled) {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := open(backend)
	if err := b.start(ctx, logTo(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		nothingLeft(t, backend)
		b.stop()
		if err := backend.Close(); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	one := func(t *testing.T, c testCase) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		o := newOffice(ctx, t, b)
		c.run(o)
		if o.afterwards != nil {
			o.afterwards(t)
		}
	}
	together := func() {
		t.Run("", func(t *testing.T) {
			for _, c := range cases {
				if !c.alone {
					t.Run(c.name, func(t *testing.T) {
						t.Parallel()
						one(t, c)
					})
				}
			}
		})
	}
	order(together, func() {
		for _, c := range cases {
			if c.alone {
				t.Run(c.name, func(t *testing.T) { one(t, c) })
			}
		}
	})
}

func onSim(t *testing.T, c testCase) {
	dir := t.TempDir()
	var office *Office
	synctest.Test(t, func(t *testing.T) {
		backend := conformance.OpenSim(dir)
		b := open(backend)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		if err := b.start(ctx, logTo(t)); err != nil {
			t.Fatal(err)
		}
		o := newOffice(ctx, t, b)
		office = o
		t.Cleanup(func() {
			nothingLeft(t, backend)
			b.stop()
			if err := backend.Close(); err != nil {
				t.Error(err)
			}
		})
		c.run(o)
	})
	if !t.Failed() && office.afterwards != nil {
		office.afterwards(t)
	}
}

// nothingLeft asserts that the server itself has no channel any more.
func nothingLeft(t *testing.T, b conformance.Backend) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var all []string
	for deadline := time.Now().Add(stepTime); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var err error
		if all, err = b.Channels(ctx); err == nil && len(all) == 0 {
			return
		} else if err != nil {
			t.Error(err)
			return
		}
	}
	if !t.Failed() {
		t.Errorf("channels left behind: %v", all)
	}
}

func logTo(t *testing.T) *slog.Logger {
	var w io.Writer = io.Discard
	if testing.Verbose() {
		w = t.Output()
	}
	return slog.New(slog.NewTextHandler(w, nil))
}
