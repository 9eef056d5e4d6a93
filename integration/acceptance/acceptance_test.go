package acceptance

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"callplane/integration/conformance"
)

// testCase is one behaviour; its name begins with the IDs that it proves.
type testCase struct {
	name string
	run  func(*Office)
}

// TestCalls runs every case on every engine.
func TestCalls(t *testing.T) {
	cases := userCases()
	cases = append(cases, groupCases()...)
	cases = append(cases, menuCases()...)
	cases = append(cases, outsideCases()...)
	t.Run("sim", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) { onSim(t, c) })
		}
	})
}

func onSim(t *testing.T, c testCase) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		backend := conformance.OpenSim(dir)
		b := open(backend)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		if err := b.start(ctx, logTo(t)); err != nil {
			t.Fatal(err)
		}
		o := newOffice(ctx, t, b)
		t.Cleanup(func() {
			b.stop()
			if err := backend.Close(); err != nil {
				t.Error(err)
			}
		})
		c.run(o)
	})
}

func logTo(t *testing.T) *slog.Logger {
	var w io.Writer = io.Discard
	if testing.Verbose() {
		w = t.Output()
	}
	return slog.New(slog.NewTextHandler(w, nil))
}
