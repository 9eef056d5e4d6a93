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
	dir := t.TempDir
	start := func(ct *testing.T) *hub {
		ct.Helper()
		b, err := open(context.Background(), dir())
		if errors.Is(err, ErrNotInstalled) {
			ct.Skipf("ENGINE ABSENT: %v", err)
		}
		ok(ct, err)
		h, err := newHub(b)
		if err != nil {
			ct.Fatal(errors.Join(err, b.Close()))
		}
		t.Cleanup(func() {
			defer func() { ok(t, b.Close()) }()
			none(t, h)
			ok(t, h.stop())
		})
		return h
	}
	shared := start(t)
	var alone *hub
	for _, c := range cases() {
		if c.alone {
			t.Run(c.name, func(t *testing.T) {
				if alone == nil {
					alone = start(t)
				}
				run(t, alone, c.run)
			})
		}
	}
	for _, c := range cases() {
		if !c.alone {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				run(t, shared, c.run)
			})
		}
	}
}
