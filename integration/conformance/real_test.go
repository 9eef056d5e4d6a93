package conformance

import (
	"context"
	"errors"
	"testing"
)

// opener starts an engine whose files are in dir.
type opener func(ctx context.Context, dir string) (Backend, error)

// runReal runs the table on one engine. Cases that disturb others have an engine of their own and come first.
func runReal(t *testing.T, open opener) {
	start := func() *hub {
		t.Helper()
		b, err := open(context.Background(), t.TempDir())
		if errors.Is(err, ErrNotInstalled) {
			t.Skipf("SKIPPED: %v", err)
		}
		ok(t, err)
		h, err := newHub(b)
		if err != nil {
			_ = b.Close()
			t.Fatal(err)
		}
		t.Cleanup(func() {
			defer func() { ok(t, b.Close()) }()
			none(t, h)
			ok(t, h.stop())
		})
		return h
	}
	var alone *hub
	for _, c := range cases() {
		if c.alone {
			t.Run(c.name, func(t *testing.T) {
				if alone == nil {
					alone = start()
				}
				run(t, alone, c.run)
			})
		}
	}
	shared := start()
	for _, c := range cases() {
		if !c.alone {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				run(t, shared, c.run)
			})
		}
	}
}
