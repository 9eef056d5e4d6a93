package freeswitch

import (
	"strings"
	"testing"
	"time"

	"callplane/controller/engine"
)

// testSubscription is one of phone 104 to user 102.
func testSubscription(call string, until time.Time) *watching {
	return &watching{Call: call, Watcher: "104@test.example", Watched: "102@test.example", Until: until}
}

func TestSubscriptionsAreWrittenDownBeforePhonesAreTold(t *testing.T) {
	now := time.Now()
	l := newLamps()
	l.states["a1-102"] = engine.State{Name: "a1-102", State: engine.Talking}
	l.watches["104@test.example"] = map[string]string{"102": "a1-102"}
	w := testSubscription("c", now.Add(time.Minute))
	l.add(w)
	l.due[w.Call] = true
	want := func(what string, at time.Time, is func(step, bool) bool) {
		t.Helper()
		if do, more := l.next(at); !is(do, more) {
			t.Fatalf("want %s, got %+v, %v", what, do, more)
		}
	}
	want("it to be written", now, func(do step, more bool) bool {
		return more && do.of == w && do.event == nil && strings.HasPrefix(do.write, "insert/")
	})
	want("the phone to be told", now, func(do step, more bool) bool {
		return more && do.event != nil && do.event.Headers["answer-state"][0] == "confirmed"
	})
	nothing := func(do step, more bool) bool { return !more }
	want("nothing", now, nothing)
	l.due[w.Call] = true
	want("nothing for the same state", now, nothing)
	l.due[w.Call] = true
	want("what has run out to be crossed out, with nobody told", now.Add(time.Hour), func(do step, more bool) bool {
		return more && do.event == nil && strings.HasPrefix(do.write, "delete/")
	})
	want("nothing", now, nothing)
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
	line := func(w *watching) string { return watchRealm + "/" + w.key() + "/" + w.record() + "\n" }
	l := newLamps()
	w := testSubscription("not yet written", now.Add(time.Minute))
	w.shown = engine.State{Name: "a1-102", State: engine.Talking}
	l.add(w)
	earlier, over := testSubscription("of an earlier run", now.Add(time.Minute)), testSubscription("over", now.Add(-time.Minute))
	l.resume(line(earlier)+line(over), false, now)
	known(&l, "not yet written", "of an earlier run")
	var writes []string
	for do, more := l.next(now); more; do, more = l.next(now) {
		if do.event == nil {
			writes = append(writes, do.write)
		}
	}
	if len(writes) != 2 || !strings.Contains(writes[0], "insert/"+watchRealm+"/"+w.key()) || writes[1] != "delete/"+watchRealm+"/"+over.key() {
		t.Errorf("written are %q", writes)
	}
	l.resume("", true, now)
	known(&l)
	if _, more := l.next(now); more {
		t.Error("there is something to do on a new engine")
	}
}

// What can't be written because the connection is lost is for the next one; nobody goes on trying at this one.
func TestSubscriptionsWaitForTheNextConnection(t *testing.T) {
	c := dial(t, script(t, greeting, auth(apiReply)), func(*event) {})
	c.close()
	<-c.done
	e := New(Config{})
	w := testSubscription("c", time.Now().Add(time.Minute))
	e.mu.Lock()
	e.lamps.add(w)
	e.lamps.due[w.Call] = true
	e.light(&session{cmds: []*conn{c}})
	e.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.wg.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on trying")
	}
	if w.written || !e.lamps.due["c"] || e.lamps.sender != nil {
		t.Errorf("%+v is left with %+v", w, e.lamps)
	}
}
