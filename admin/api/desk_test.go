package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// called puts the record of a call into a company in which extensions had legs.
func (w *world) called(c company, at time.Time, extensions ...string) uuid.UUID {
	w.t.Helper()
	r := store.CallRecord{ID: uuid.New(), AccountID: dialplan.AccountID(c.id), Direction: store.CallInternal, CallerNumber: "101", Dialed: "102", Started: at, Ended: at.Add(time.Minute), Cause: "normal"}
	for i, e := range extensions {
		r.Legs = append(r.Legs, store.LegRecord{ID: fmt.Sprint(i), Engine: "fs1", Direction: store.LegOutbound, Extension: e, Started: at.Add(time.Duration(i) * time.Second), Ended: r.Ended, Cause: "normal"})
	}
	if err := w.db.Platform(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.InsertCalls(w.t.Context(), []store.CallRecord{r})
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return r.ID
}

func TestUsersHaveTheirOwnDesk(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	own, other := acc+"/users/101", acc+"/users/"+w.a.params["user"]
	w.person("me@example.com", store.RoleUser, w.a.id, body{"user": "101"})
	me := w.seat("me@example.com")

	desk := me.do("GET", own+"/desk", nil).want(200)
	if desk.str("name") != "Ann" || desk.str("company") != "Alpha" || desk.body["pin_change"] != true {
		t.Errorf("%s", desk.raw)
	}
	if d := desk.body["devices"].([]any); len(d) != 1 || d[0].(body)["registered"] != true || d[0].(body)["channel"] != w.a.params["channel"] {
		t.Errorf("devices %v", d)
	}
	if q := desk.body["queues"].([]any); len(q) != 1 || q[0].(body)["active"] != true {
		t.Errorf("queues %v", q)
	}
	for _, path := range []string{"/desk", "/calls"} {
		me.do("GET", other+path, nil).want(404)
	}
	me.do("GET", fmt.Sprintf("/accounts/%d/users/101/desk", w.b.id), nil).want(404)
	me.do("GET", acc+"/users", nil).want(403)

	// Forwards: checked like those of an extension; somebody else's change is not overwritten.
	reach := body{"forwards": body{"busy": []string{"+31201234567"}, "always": []string{}}, "ring_timeout": 25, "offer_second_call": true}
	tag := desk.header.Get("ETag")
	me.do("PUT", other+"/reach", reach).want(404)
	changed := me.do("PUT", own+"/reach", reach, "If-Match", tag).want(200)
	if changed.num("ring_timeout") != 25 || !strings.Contains(string(changed.raw), "+31201234567") {
		t.Errorf("%s", changed.raw)
	}
	me.do("PUT", own+"/reach", reach, "If-Match", tag).want(412)
	if r := me.do("PUT", own+"/reach", body{"forwards": body{"busy": []string{"nobody"}}}).want(422); !r.names("body.forwards.busy[0]") {
		t.Errorf("%s", r.raw)
	}
	if r := me.do("PUT", own+"/reach", body{"forwards": body{"no_answer": []string{"555"}}}).want(422); !r.names("body.forwards.no_answer[0]") {
		t.Errorf("%s", r.raw)
	}
	if e := w.do(w.a.admin, "GET", acc+"/extensions/101", nil).want(200); !strings.Contains(string(e.raw), `"offer_second_call":true`) || e.str("name") != "Ann" {
		t.Errorf("%s", e.raw)
	}

	// PINs: never shown, in no audit log.
	if r := me.do("PUT", own+"/pin", body{"of": "phone", "pin": "1234"}).want(422); !r.names("body.pin") {
		t.Errorf("%s", r.raw)
	}
	me.do("PUT", own+"/pin", body{"of": "voicemail", "pin": "83512"}).want(422)
	me.do("PUT", own+"/pin", body{"of": "phone", "pin": "83516"}).want(204)
	me.do("PUT", own+"/pin", body{"of": "voicemail", "pin": "8351"}).want(204)
	me.do("PUT", other+"/pin", body{"of": "phone", "pin": "83516"}).want(404)
	if d := me.do("GET", own+"/desk", nil).want(200); d.body["pin_change"] != false || d.body["mailbox"] != true {
		t.Errorf("%s", d.raw)
	}
	log := w.do(w.a.admin, "GET", acc+"/audit?entity=extension&id=101&actor=ME%40example", nil).want(200)
	if len(log.items()) != 2 || strings.Contains(string(log.raw), "8351") || !strings.Contains(string(log.raw), "voicemail.pin") {
		t.Errorf("%s", log.raw)
	}
	if n := len(w.do(w.a.admin, "GET", acc+"/audit?to=2020-01-01T00:00:00Z", nil).want(200).items()); n != 0 {
		t.Errorf("%d changes before there was anything", n)
	}

	// Queues: users log in and out themselves, nobody else.
	queue := acc + "/queues/" + w.a.params["queue"] + "/agents/"
	me.do("PUT", queue+"101", body{"active": true, "paused": "lunch"}).want(200)
	me.do("PUT", queue+w.a.params["user"], body{"active": true}).want(404)

	// Boxes: the own one and those linked to the user.
	if boxes := me.do("GET", acc+"/voicemail", nil).want(200).items(); len(boxes) != 1 || boxes[0]["box"] != "101" {
		t.Errorf("%v", boxes)
	}
	if boxes := w.do(w.a.readonly, "GET", acc+"/voicemail", nil).want(200).items(); len(boxes) != 2 || boxes[1]["unheard"] != float64(1) {
		t.Errorf("%v", boxes)
	}
}

func TestUsersSeeTheirOwnCalls(t *testing.T) {
	w := newWorld(t, true)
	own := fmt.Sprintf("/accounts/%d/users/101/calls", w.a.id)
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	var want []string
	for i := range 5 {
		id := w.called(w.a, at.Add(time.Duration(i)*time.Hour), "102", "101", "101") // of the user's two phones one counts
		want = append([]string{id.String()}, want...)
	}
	w.called(w.a, at, "102")
	w.called(w.b, at, "101")
	w.person("me@example.com", store.RoleUser, w.a.id, body{"user": "101"})
	me := w.seat("me@example.com")
	var got []string
	for cursor := ""; ; {
		page := me.do("GET", own+"?limit=2"+cursor, nil).want(200)
		for _, c := range page.items() {
			got = append(got, c["id"].(string))
		}
		if page.str("next") == "" {
			break
		}
		cursor = "&cursor=" + page.str("next")
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("calls %v, want %v", got, want)
	}
	me.do("GET", own+"?cursor=nonsense", nil).want(422)
	if n := len(me.do("GET", own+"?from=2026-11-20T12:30:00Z", nil).want(200).items()); n != 1 {
		t.Errorf("%d calls after noon", n)
	}
	me.do("GET", fmt.Sprintf("/accounts/%d/calls/%s", w.a.id, want[0]), nil).want(403)
}

func TestCallsAreFiltered(t *testing.T) {
	w := newWorld(t, true)
	calls := fmt.Sprintf("/accounts/%d/calls", w.a.id)
	w.called(w.a, time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), "102")
	for query, n := range map[string]int{"": 2, "?direction=internal": 1, "?answered=no": 1, "?answered=yes": 1, "?text=3161": 1, "?text=102": 1,
		"?text=%25": 0, "?direction=inbound&answered=no": 0} {
		if got := len(w.do(w.a.readonly, "GET", calls+query, nil).want(200).items()); got != n {
			t.Errorf("%s: %d calls, want %d", query, got, n)
		}
	}
}

func TestSupervisorsSeeQueuesOnly(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	w.person("super@example.com", store.RoleSupervisor, w.a.id, body{})
	s := w.seat("super@example.com")
	list := s.do("GET", acc+"/queues", nil).want(200).items()
	if len(list) != 1 || list[0]["number"] != w.a.params["queue"] || fmt.Sprint(list[0]["agents"]) != "[map[active:true extension:101 name:Ann]]" {
		t.Errorf("%v", list)
	}
	queue := acc + "/queues/" + w.a.params["queue"]
	for path, status := range map[string]int{queue + "/statistics": 200, queue + "/statistics.csv": 200, queue + "/board": 200, acc + "/live": 200,
		acc + "/calls": 403, acc + "/extensions": 403, acc + "/users/101/desk": 403, acc + "/voicemail": 403, acc + "/audit": 403} {
		if got := s.do("GET", path, nil); got.status != status {
			t.Errorf("%s: %d, want %d", path, got.status, status)
		}
	}
	s.do("PUT", queue+"/agents/101", body{"active": false}).want(200)
	s.do("PUT", fmt.Sprintf("/accounts/%d/queues/%s/agents/101", w.b.id, w.b.params["queue"]), body{"active": false}).want(404)
}

func TestUsersAreListedWithPhonesAndQueues(t *testing.T) {
	w := newWorld(t, true)
	users := fmt.Sprintf("/accounts/%d/users", w.a.id)
	all := w.do(w.a.readonly, "GET", users, nil).want(200)
	first := all.items()[0]
	if all.num("total") < 2 || first["name"] != "Ann" || len(first["devices"].([]any)) != 1 || len(first["queues"].([]any)) != 1 {
		t.Errorf("%s", all.raw)
	}
	for query, n := range map[string]int{"?text=bO": 1, "?text=10": 1, "?text=zz": 0, "?limit=1&cursor=1": 1, "?cursor=7": 0} {
		if got := len(w.do(w.a.readonly, "GET", users+query, nil).want(200).items()); got != n {
			t.Errorf("%s: %d users, want %d", query, got, n)
		}
	}
}
