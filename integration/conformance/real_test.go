package conformance

import (
	"errors"
	"testing"
)

// errNotInstalled: there is no such engine on this machine.
var errNotInstalled = errors.New("not installed")

// opener starts an engine whose files are in dir.
type opener func(t *testing.T, dir string) (Backend, error)

// realEngines are the engines that are processes.
func realEngines() map[string]opener { return map[string]opener{} }

// runReal runs the table on one engine. Cases that disturb others have an engine of their own and come first.
func runReal(t *testing.T, open opener) {
	start := func() *hub {
		t.Helper()
		b, err := open(t, t.TempDir())
		if errors.Is(err, errNotInstalled) {
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
