package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// memo leaves a memo of a user, not analysed yet.
func (w *world) memo(account dialplan.AccountID, user string, at time.Time) store.Recording {
	w.t.Helper()
	r := w.recording(account, user, uuid.New(), at)
	_, err := w.raw.Exec(w.t.Context(), `UPDATE recordings SET reason = 'memo' WHERE id = $1`, r.ID)
	if err == nil {
		_, err = w.raw.Exec(w.t.Context(), `INSERT INTO analyses (account_id, recording_id) VALUES ($1, $2)`, account, r.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func TestAssistantResultsAreTheirUsers(t *testing.T) {
	w := newWorld(t, true)
	id := dialplan.AccountID(w.a.id)
	p := fmt.Sprintf("/accounts/%d", w.a.id)
	w.do(w.a.admin, "POST", p+"/extensions", body{"number": "105", "name": "Eva", "kind": "user"}).want(201)
	tokenOf := func(user string) string {
		return w.do(w.a.admin, "POST", p+"/tokens", body{"name": "of " + user, "role": "user", "user": user}).want(201).str("token")
	}
	ann, eva := tokenOf("101"), tokenOf("105")
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	first, second, hers := w.memo(id, "101", now), w.memo(id, "101", now.Add(time.Minute)), w.memo(id, "105", now)
	if _, err := w.raw.Exec(t.Context(), `UPDATE analyses SET due = NULL, error = 'no model' WHERE recording_id = $1`, second.ID); err != nil {
		t.Fatal(err)
	}
	due, err := w.db.DueAnalyses(t.Context(), 100, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range due {
		if d.ID == first.ID {
			if err := w.db.AnalysisDone(t.Context(), d, "nl", "Kort", []store.Spoken{{Speaker: "user", At: 1, Text: "Dit is lang"}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	of := func(r store.Recording) string { return p + "/assistant/results/" + r.ID.String() }
	list := w.do(ann, "GET", p+"/assistant/results?from=2026-11-25T00:00:00Z", nil).want(200).items()
	if len(list) != 2 || list[0]["state"] != "failed" || list[0]["error"] != "no model" || list[1]["state"] != "done" || list[1]["summary"] != "Kort" || list[1]["kind"] != "memo" {
		t.Errorf("own list %v", list)
	}
	page := w.do(ann, "GET", p+"/assistant/results?limit=1", nil).want(200)
	if next := w.do(ann, "GET", p+"/assistant/results?limit=1&cursor="+page.str("next"), nil).want(200).items(); len(next) != 1 || next[0]["id"] != first.ID.String() {
		t.Errorf("second page %v", next)
	}
	got := w.do(ann, "GET", of(first), nil).want(200)
	said, _ := got.body["transcript"].([]any)
	if len(said) != 1 || said[0].(body)["text"] != "Dit is lang" || said[0].(body)["speaker"] != "user" {
		t.Errorf("%s", got.raw)
	}
	if one := w.do(w.a.readonly, "GET", p+"/calls/"+w.a.params["call"], nil).want(200); one.body["assistant"] == nil {
		t.Errorf("%s", one.raw)
	}
	w.do(eva, "GET", of(first), nil).want(404)
	w.do(eva, "DELETE", of(first), nil).want(404)
	w.do(w.b.admin, "GET", fmt.Sprintf("/accounts/%d/assistant/results/%s", w.b.id, first.ID), nil).want(404)
	w.do(ann, "GET", p+"/assistant/results/x", nil).want(422)
	w.do(ann, "GET", p+"/assistant", nil).want(403)
	w.do(w.a.readonly, "DELETE", of(first), nil).want(403)
	if mine := w.do(eva, "GET", p+"/assistant/results?user=101", nil).want(200).items(); len(mine) != 0 {
		t.Errorf("Eva sees %v", mine)
	}
	if all := w.do(w.a.admin, "GET", p+"/assistant/results?user=105", nil).want(200).items(); len(all) != 1 || all[0]["id"] != hers.ID.String() || all[0]["state"] != "waiting" {
		t.Errorf("the administrator sees %v", all)
	}
	w.do(ann, "DELETE", of(first), nil).want(204)
	if w.hasFile(first.ID) || !w.hasFile(second.ID) {
		t.Error("the sound of what was deleted is there, or that of another is not")
	}
	w.do(ann, "GET", of(first), nil).want(404)
	audit := w.do(w.a.admin, "GET", p+"/audit?limit=1", nil).want(200).items()
	if audit[0]["entity"] != "assistant result" || audit[0]["action"] != "delete" || audit[0]["entity_id"] != first.ID.String() {
		t.Errorf("audit log %v", audit)
	}
}

func TestAssistantOfAccountAndUsers(t *testing.T) {
	w := newWorld(t, true)
	p := fmt.Sprintf("/accounts/%d", w.a.id)
	w.do(w.a.admin, "POST", p+"/assistant", nil).want(200)
	made := w.do(w.a.admin, "POST", p+"/extensions", body{"number": "105", "name": "Eva", "kind": "user", "user": body{"assistant": "off"}}).want(201)
	if u := made.body["user"].(body); u["assistant"] != "off" {
		t.Errorf("%s", made.raw)
	}
	for _, bad := range []any{"maybe", true} {
		w.do(w.a.admin, "PUT", p+"/extensions/105", body{"number": "105", "kind": "user", "user": body{"assistant": bad}}).want(422)
	}
	if got := w.do(w.a.admin, "PUT", p+"/extensions/105", body{"number": "105", "kind": "user", "user": body{"assistant": "automatic"}}).want(200); got.body["user"].(body)["assistant"] != "automatic" {
		t.Errorf("%s", got.raw)
	}
	before := w.do(w.a.readonly, "GET", p+"/assistant", nil).want(200)
	if before.body["enabled"] != true {
		t.Errorf("%s", before.raw)
	}
	if got := w.do(w.a.admin, "PUT", p+"/extensions/105", body{"number": "105", "kind": "user", "user": body{"assistant": "off"}}).want(200); got.body["user"].(body)["assistant"] != "off" {
		t.Errorf("%s", got.raw)
	}
	w.do(w.a.admin, "PUT", p+"/recording-settings", body{"enabled": true, "assistant": false}).want(200)
	off := w.do(w.a.readonly, "GET", p+"/assistant", nil).want(200)
	if off.body["enabled"] != false || off.num("users") != before.num("users")-1 || off.num("of") != before.num("of") {
		t.Errorf("%s after %s", off.raw, before.raw)
	}
	w.do(w.a.readonly, "POST", p+"/assistant", nil).want(403)
	on := w.do(w.a.admin, "POST", p+"/assistant", nil).want(200)
	if on.body["enabled"] != true || on.num("users") != on.num("of") {
		t.Errorf("%s", on.raw)
	}
	// Not named: on.
	if got := w.do(w.a.admin, "PUT", p+"/extensions/105", body{"number": "105", "kind": "user"}).want(200); got.body["user"].(body)["assistant"] != "on" {
		t.Errorf("%s", got.raw)
	}
}
