package freeswitch

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"callplane/controller/engine"
)

func TestSubscriptionsAreWrittenDownBeforePhonesAreTold(t *testing.T) {
	now := time.Now()
	l := newLamps()
	l.states["a1-102"] = engine.State{Name: "a1-102", State: engine.Talking}
	l.watches["104@test.example"] = map[string]string{"102": "a1-102"}
	w := &watching{Call: "c", Watcher: "104@test.example", Watched: "102@test.example", Until: now.Add(time.Minute)}
	l.add(w)
	l.due[w.Call] = true
	l.writes = append(l.writes, "insert/"+watchRealm+"/"+w.key()+"/00")

	if ev, write, more := l.next(now); ev != nil || !strings.HasPrefix(write, "insert/") || !more {
		t.Fatalf("first come %v and %q (%v), want the write", ev, write, more)
	}
	if ev, write, more := l.next(now); ev == nil || ev.Headers["answer-state"][0] != "confirmed" || write != "" || !more {
		t.Fatalf("then come %v and %q (%v), want the event", ev, write, more)
	}
	// One that has run out is crossed out, with nobody told.
	w.shown = engine.State{}
	l.due[w.Call] = true
	if ev, write, more := l.next(now.Add(time.Hour)); ev != nil || !strings.HasPrefix(write, "delete/") || !more {
		t.Fatalf("after the end come %v and %q (%v), want the deletion", ev, write, more)
	}
	if ev, write, more := l.next(now); ev != nil || write != "" || more {
		t.Fatalf("at last come %v and %q (%v), want nothing", ev, write, more)
	}
}

func TestSubscriptionsOutliveTheConnection(t *testing.T) {
	now := time.Now()
	known := func(l *lamps, calls ...string) {
		t.Helper()
		if len(l.subs) != len(calls) || len(l.of["104@test.example"]) != len(calls) {
			t.Errorf("known are %v, want %v", l.of, calls)
		}
		for _, c := range calls {
			if l.subs[c] == nil || l.subs[c].shown != (engine.State{}) {
				t.Errorf("subscription %s: %+v", c, l.subs[c])
			}
		}
	}
	sub := func(call string, until time.Duration) *watching {
		return &watching{Call: call, Watcher: "104@test.example", Watched: "102@test.example", Until: now.Add(until)}
	}
	written := func(w *watching) string {
		raw, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		return watchRealm + "/" + w.key() + "/" + hex.EncodeToString(raw) + "\n"
	}
	l := newLamps()
	w := sub("not yet written", time.Minute)
	w.shown = engine.State{Name: "a1-102", State: engine.Talking}
	l.add(w)
	l.writes = append(l.writes, "insert/"+watchRealm+"/"+w.key()+"/00")
	l.resume(written(sub("of an earlier run", time.Minute))+written(sub("over", -time.Minute)), false, now)
	known(&l, "not yet written", "of an earlier run")
	if len(l.writes) != 2 || !strings.HasPrefix(l.writes[0], "insert/") || !strings.HasPrefix(l.writes[1], "delete/") {
		t.Errorf("to be written are %q", l.writes)
	}
	l.resume("", true, now)
	known(&l)
	if len(l.writes) > 0 {
		t.Errorf("to be written to a new engine are %q", l.writes)
	}
}
