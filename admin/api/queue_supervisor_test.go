package api

import (
	"fmt"
	"strings"
	"testing"

	"callplane/store"
)

// TestACD_05_ACD_14_WhatSupervisorsAndAgentsMayDoWithQueues: supervisors see and lead the queues of their account, and change none;
// users log themselves in and out.
func TestACD_05_ACD_14_WhatSupervisorsAndAgentsMayDoWithQueues(t *testing.T) {
	w := newWorld(t, true)
	acc, p := fmt.Sprintf("/accounts/%d", w.a.id), w.a.params
	w.person("super@example.com", store.RoleSupervisor, w.a.id, body{})
	w.person("ann@example.com", store.RoleUser, w.a.id, body{"user": "101"})
	super, ann := w.seat("super@example.com"), w.seat("ann@example.com")
	queue, ext := acc+"/queues/"+p["queue"], acc+"/extensions/"+p["queue"]
	agents := func() string {
		t.Helper()
		return fmt.Sprint(super.do("GET", acc+"/queues", nil).want(200).items()[0]["agents"])
	}
	agent := func(of string) string { return queue + "/agents/" + of }

	// Everybody's state, with reasons of pauses, and a stranger's who becomes a member of an open queue.
	super.do("PUT", agent("101"), body{"active": true, "paused": "Lunch"}).want(200)
	super.do("PUT", agent(p["user"]), body{"active": true}).want(200)
	if got := agents(); !strings.Contains(got, "paused:Lunch") || strings.Count(got, "active:true") != 2 {
		t.Errorf("agents %s", got)
	}
	super.do("PUT", agent("101"), body{"active": false}).want(200)
	if got := agents(); strings.Contains(got, "Lunch") || strings.Count(got, "active:true") != 1 {
		t.Errorf("agents %s", got)
	}
	if last := w.do(w.a.admin, "GET", acc+"/audit", nil).want(200).items()[0]; last["entity"] != "queue agent" || !strings.Contains(fmt.Sprint(last["actor"]), "super@example.com") {
		t.Errorf("audit log: %v", last)
	}
	// Not of a closed one, as by telephone.
	w.do(w.a.admin, "PUT", ext, body{"number": p["queue"], "name": "Help", "kind": "queue",
		"queue": body{"access": "closed", "strategy": "sequential", "members": []body{{"extension": "101"}}}}).want(200)
	super.do("PUT", agent(p["user"]), body{"active": true}).want(422)
	super.do("PUT", agent("101"), body{"active": true}).want(200)

	for _, path := range []string{queue + "/board", queue + "/statistics", queue + "/statistics.csv"} {
		super.do("GET", path, nil).want(200)
		ann.do("GET", path, nil).want(403)
		w.do(w.b.admin, "GET", path, nil).want(404)
	}
	ann.do("GET", acc+"/queues", nil).want(403)
	for _, change := range []struct {
		method, path string
		in           any
	}{{"GET", ext, nil}, {"PUT", ext, body{"number": p["queue"], "kind": "queue", "queue": body{"strategy": "random"}}}, {"DELETE", ext, nil},
		{"POST", acc + "/extensions", body{"number": "699", "kind": "queue", "queue": body{"strategy": "random"}}},
		{"GET", acc + "/recordings", nil}, {"GET", acc + "/live-calls", nil}, {"GET", acc + "/users", nil}} {
		super.do(change.method, change.path, change.in).want(403)
	}
	other := fmt.Sprintf("/accounts/%d/queues/%s", w.b.id, w.b.params["queue"])
	super.do("GET", other+"/board", nil).want(404)
	super.do("GET", other+"/statistics", nil).want(404)
	super.do("PUT", other+"/agents/101", body{"active": false}).want(404)

	// A user's own state only.
	ann.do("PUT", agent("101"), body{"active": true, "paused": "Post"}).want(200)
	if got := agents(); !strings.Contains(got, "paused:Post") {
		t.Errorf("agents %s", got)
	}
	ann.do("PUT", agent(p["user"]), body{"active": true}).want(404)
	ann.do("PUT", ext, body{"number": p["queue"], "kind": "queue", "queue": body{"strategy": "random"}}).want(403)
}
