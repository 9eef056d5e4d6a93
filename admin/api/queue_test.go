package api

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// TestACD_08_RingingInsteadOfMusic: a switch that is on by default can be put off.
func TestACD_08_RingingInsteadOfMusic(t *testing.T) {
	w := newWorld(t, true)
	queue := fmt.Sprintf("/accounts/%d/extensions/%s", w.a.id, w.a.params["queue"])
	for _, c := range []struct {
		config body
		want   bool
	}{{body{"strategy": "random"}, true}, {body{"strategy": "random", "music": false}, false}, {body{"strategy": "random", "music": true}, true}} {
		w.do(w.a.admin, "PUT", queue, body{"number": w.a.params["queue"], "name": "Help", "kind": "queue", "queue": c.config}).want(200)
		if got := w.do(w.a.admin, "GET", queue, nil).want(200).body["queue"].(body)["music"]; got != c.want {
			t.Errorf("queue %v has music %v", c.config, got)
		}
	}
}

// TestACD_04_ACD_05_MembersByRankWhoLogInAndOut writes members in an order, and agents log in and out.
func TestACD_04_ACD_05_MembersByRankWhoLogInAndOut(t *testing.T) {
	w := newWorld(t, true)
	acc, p := fmt.Sprintf("/accounts/%d", w.a.id), w.a.params
	queue := acc + "/extensions/" + p["queue"]
	write := func(members ...body) reply {
		return w.do(w.a.admin, "PUT", queue, body{"number": p["queue"], "name": "Help", "kind": "queue", "queue": body{"strategy": "sequential", "members": members}})
	}
	members := func() (out []string) {
		for _, m := range w.do(w.a.admin, "GET", queue, nil).want(200).body["queue"].(body)["members"].([]any) {
			m := m.(body)
			state := m["extension"].(string)
			if m["active"] == true {
				state += " active"
			}
			if m["paused"] != nil {
				state += " " + m["paused"].(string)
			}
			out = append(out, state)
		}
		return out
	}
	want := func(list ...string) {
		t.Helper()
		if got := members(); strings.Join(got, ", ") != strings.Join(list, ", ") {
			t.Errorf("members %v, want %v", got, list)
		}
	}
	agent := func(ext string) string { return acc + "/queues/" + p["queue"] + "/agents/" + ext }
	want("101 active")
	w.do(w.a.admin, "PUT", agent("101"), body{"active": false}).want(200)
	want("101")
	w.do(w.a.admin, "PUT", agent(p["user"]), body{"active": true}).want(200)
	want("101", p["user"]+" active")
	w.do(w.a.admin, "PUT", agent(p["user"]), body{"active": true, "paused": "Lunch"}).want(200)
	// Who writes the order does not change who is logged in.
	write(body{"extension": p["user"], "weight": 9, "cool_down": 5}, body{"extension": "101"}).want(200)
	want(p["user"]+" active Lunch", "101")
	w.do(w.a.admin, "PUT", agent("101"), body{"active": false, "paused": "x"}).want(422)
	w.do(w.a.admin, "PUT", agent("999"), body{"active": true}).want(404)
	w.do(w.a.readonly, "PUT", agent("101"), body{"active": true}).want(403)
	w.do(w.a.admin, "PUT", queue, body{"number": p["queue"], "name": "Help", "kind": "queue", "queue": body{"access": "closed", "strategy": "sequential"}}).want(200)
	if !w.do(w.a.admin, "PUT", agent("101"), body{"active": true}).want(422).names("body.active") {
		t.Error("a stranger logs in to a closed queue")
	}
	if !w.do(w.a.admin, "PUT", queue, body{"number": p["queue"], "kind": "queue", "queue": body{"strategy": "random", "breakout": p["queue"]}}).want(422).names("body.queue.breakout") {
		t.Error("a queue leads to itself")
	}
}

// TestACD_14_StatisticsAndCSV reads the figures of a period.
func TestACD_14_StatisticsAndCSV(t *testing.T) {
	w := newWorld(t, true)
	acc, p := fmt.Sprintf("/accounts/%d", w.a.id), w.a.params
	path := acc + "/queues/" + p["queue"]
	var id int64
	if err := w.raw.QueryRow(t.Context(), `SELECT id FROM extensions WHERE account_id = $1 AND number = $2`, w.a.id, p["queue"]).Scan(&id); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC) // 02:30 in Amsterdam, which comes twice
	event := func(after time.Duration, kind, reason string, waited, talk time.Duration) store.QueueEvent {
		return store.QueueEvent{ID: uuid.New(), Account: dialplan.AccountID(w.a.id), At: at.Add(after), QueueID: id, Queue: p["queue"], Kind: kind, Agent: "101", Reason: reason, Waited: waited, Talk: talk}
	}
	if err := w.db.Platform(t.Context(), func(tx *store.Tx) error {
		return tx.InsertQueueEvents(t.Context(), []store.QueueEvent{
			event(0, "answered", "", 10*time.Second, 0), event(time.Hour, "answered", "", 30*time.Second, 0), event(2*time.Hour, "left", "abandoned", time.Minute, 0),
			event(2*time.Hour, "ended", "", 0, 90*time.Second),
		})
	}); err != nil {
		t.Fatal(err)
	}
	period := "?from=2026-10-25T00:00:00%2B02:00&to=2026-10-26T00:00:00%2B01:00"
	r := w.do(w.a.readonly, "GET", path+"/statistics"+period+"&interval=hour", nil).want(200)
	intervals := r.body["intervals"].([]any)
	if len(intervals) != 25 {
		t.Fatalf("%d hours: %s", len(intervals), r.raw)
	}
	total := r.body["total"].(body)
	answered := total["answered"].(body)
	if answered["count"] != 2.0 || answered["average"] != 20.0 || answered["min"] != 10.0 || answered["max"] != 30.0 || answered["total"] != 40.0 {
		t.Errorf("answered %v", answered)
	}
	if level := total["service_level"].(float64); level < 33.3 || level > 33.4 {
		t.Errorf("service level %v", level)
	}
	for i, start := range map[int]string{2: "2026-10-25T02:00:00+02:00", 3: "2026-10-25T02:00:00+01:00"} {
		h := intervals[i].(body)
		if h["start"] != start || h["answered"].(body)["count"] != 1.0 {
			t.Errorf("hour %d: %v", i, h)
		}
	}
	text := w.do(w.a.admin, "GET", path+"/statistics.csv"+period+"&interval=day", nil).want(200)
	rows, err := csv.NewReader(strings.NewReader(string(text.raw))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != "2026-10-25T00:00:00+02:00" || rows[1][1] != "2" || rows[1][3] != "20" {
		t.Errorf("%v: %v", rows, err)
	}
	text = w.do(w.a.admin, "GET", path+"/statistics.csv"+period+"&table=agents", nil).want(200)
	if rows, err := csv.NewReader(strings.NewReader(string(text.raw))).ReadAll(); err != nil || len(rows) != 2 || rows[1][0] != "101" || rows[1][3] != "2" || rows[1][8] != "90" {
		t.Errorf("%v: %v", rows, err)
	}
	text = w.do(w.a.admin, "GET", path+"/statistics.csv"+period+"&table=performance", nil).want(200)
	if rows, err := csv.NewReader(strings.NewReader(string(text.raw))).ReadAll(); err != nil || strings.Join(rows[2], ";") != "10;1;33.333333333333336" || rows[len(rows)-1][1] != "2" {
		t.Errorf("%v: %v", rows, err)
	}
	if all := total["all"].(body); all["count"] != 3.0 || all["min"] != 10.0 || all["max"] != 60.0 || all["total"] != 100.0 {
		t.Errorf("all %v", all)
	}
	for query, field := range map[string]string{
		"?from=2026-10-25T00:00:00Z&to=2026-10-25T00:00:00Z":                  "query.to",
		"?from=2006-10-25T00:00:00Z&to=2026-10-25T00:00:00Z&interval=quarter": "query.interval",
		"?from=yesterday": "query.from",
	} {
		if r := w.do(w.a.admin, "GET", path+"/statistics"+query, nil).want(422); !r.names(field) {
			t.Errorf("%s: %s", query, r.raw)
		}
	}
	w.do(w.a.admin, "GET", acc+"/queues/101/statistics", nil).want(404)
	if r := w.do(w.a.admin, "GET", path+"/board", nil).want(200); r.str("queue") != fmt.Sprint(id) {
		t.Errorf("%s", r.raw)
	}
}

// TestACD_14_TheWallboardIsAStream gets a board at once, and another when something is different, until the queue is gone.
func TestACD_14_TheWallboardIsAStream(t *testing.T) {
	w := newWorld(t, true)
	boards := 0
	w.board = func(context.Context) bool { boards++; return boards < 3 }
	srv := httptest.NewServer(w.h)
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), "GET", fmt.Sprintf("%s%s/accounts/%d/queues/%s/wallboard", srv.URL, Prefix, w.a.id, w.a.params["queue"]), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.a.readonly)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s: %v", res.Header.Get("Content-Type"), err)
	}
	// The second board is the same and is not told.
	if n := strings.Count(string(text), "event: board\ndata: {\"queue\":"); n != 1 {
		t.Errorf("%d boards: %s", n, text)
	}
}
