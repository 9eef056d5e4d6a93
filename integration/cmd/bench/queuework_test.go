package main

import (
	"slices"
	"testing"
	"time"

	"callplane/integration/sipp"
)

// TestGapsOfAgents counts an agent's gap only where a caller waited for exactly that.
func TestGapsOfAgents(t *testing.T) {
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	msg := func(ms int, sent bool, id, line string) sipp.Message {
		m := sipp.Message{At: at(ms), Sent: sent, CallID: id, Line: line}
		for _, method := range []string{"INVITE", "ACK", "BYE"} {
			if line[:len(method)] == method {
				m.Method = method
			}
		}
		return m
	}
	callers := []sipp.Message{
		msg(0, true, "c1", "ACK sip:x"), msg(1, true, "c2", "ACK sip:x"), // two wait
		msg(1060, false, "c1", "BYE sip:x"), msg(2060, false, "c2", "BYE sip:x"),
		msg(5000, true, "c3", "ACK sip:x"), msg(11_000, true, "c3", "BYE sip:x"),
	}
	agents := []sipp.Message{
		msg(10, false, "a1", "INVITE sip:one@h"), msg(1050, true, "a1", "BYE sip:x"), // c2 waits: counts
		msg(1080, false, "a2", "INVITE sip:one@h"), msg(1100, false, "a2", "INVITE sip:sipp@h"), // a re-INVITE
		msg(2050, true, "a2", "BYE sip:x"), // nobody waits
		msg(5020, false, "a3", "INVITE sip:one@h"), msg(11_010, false, "a3", "BYE sip:x"),
	}
	w := workOf(callers, agents)
	if w.served != 2 || w.gaveUp != 1 || !slices.Equal(w.gaps, sample{30 * time.Millisecond}) {
		t.Errorf("%+v", w)
	}
}
