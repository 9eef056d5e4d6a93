package freeswitch

import (
	"testing"
	"time"
)

// A burst makes pokes rarer, quiet makes them quick again.
func TestPokesAreRarerWhileThereAreManyEvents(t *testing.T) {
	var m moderation
	now, events := time.Now(), uint64(0)
	for _, c := range []struct {
		perSecond uint64
		want      time.Duration
	}{{100, 2 * time.Millisecond}, {1000, pokeBusy}, {420, pokeBusy}, {0, 2 * time.Millisecond}} {
		var got time.Duration
		for range 10 {
			now = now.Add(50 * time.Millisecond)
			events += c.perSecond / 20
			got = m.interval(2*time.Millisecond, now, events)
		}
		if got != c.want {
			t.Errorf("%d events a second: every %v, want %v", c.perSecond, got, c.want)
		}
	}
}
