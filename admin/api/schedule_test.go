package api

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// scheduled is the path of a scheme in Amsterdam time with plans 7 and 8.
func (w *world) scheduled() string {
	w.t.Helper()
	scheme := fmt.Sprintf("/accounts/%d/schemes/%s", w.a.id, w.a.params["scheme"])
	w.do(w.a.admin, "POST", scheme+"/plans", body{"number": 8, "name": "Closed"}).want(201)
	return scheme
}

func TestNP_01_Schemes(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	main := fmt.Sprintf("%s/schemes/%v", acc, w.do(w.a.admin, "GET", acc+"/schemes", nil).want(200).items()[0]["id"])
	w.do(w.a.admin, "DELETE", main+"?confirm=true", nil).want(409)
	scheme := w.scheduled()
	w.do(w.a.admin, "PUT", scheme, body{"name": "Utrecht"}).want(200)
	w.do(w.a.admin, "PUT", scheme+"/roster", body{"periods": []body{{"days": []string{"mo"}, "start": "09:00", "end": "17:00", "plan": 7}}}).want(200)
	if r := w.do(w.a.admin, "DELETE", scheme, nil).want(409); !strings.Contains(r.str("detail"), "2 plans") {
		t.Errorf("%s", r.raw)
	}
	w.do(w.a.admin, "DELETE", scheme+"?confirm=true", nil).want(204)
	w.do(w.a.admin, "GET", scheme, nil).want(404)
	number := acc + "/numbers/" + strings.ReplaceAll(w.a.params["number"], "+", "%2B")
	if r := w.do(w.a.admin, "GET", number, nil).want(200); r.num("scheme") != 0 {
		t.Errorf("the number is still in a scheme: %s", r.raw)
	}
}

func TestNP_02_PlanNumbers(t *testing.T) {
	w := newWorld(t, true)
	scheme := w.scheduled()
	for _, n := range []int{1, 99} {
		w.do(w.a.admin, "POST", scheme+"/plans", body{"number": n, "name": "P"}).want(201)
	}
	for _, n := range []int{0, 100} {
		w.do(w.a.admin, "POST", scheme+"/plans", body{"number": n, "name": "P"}).want(422)
	}
	w.do(w.a.admin, "POST", scheme+"/plans", body{"number": 99, "name": "P"}).want(409)
}

func TestNP_03_CopyOverwritesAfterConfirmation(t *testing.T) {
	w := newWorld(t, true)
	scheme := w.scheduled()
	w.do(w.a.admin, "POST", scheme+"/plans/8/copy", body{"from": 7}).want(200) // nothing is lost
	w.do(w.a.admin, "PUT", scheme+"/plans/7", body{"number": 7, "name": "Open", "entries": []body{{"number": w.a.params["number"], "destination": "101", "prefix": "New"}}}).want(200)
	if r := w.do(w.a.admin, "POST", scheme+"/plans/8/copy", body{"from": 7}).want(409); !r.names("body.confirm") {
		t.Errorf("%s", r.raw)
	}
	if r := w.do(w.a.admin, "POST", scheme+"/plans/8/copy", body{"from": 7, "confirm": true}).want(200); !strings.Contains(string(r.raw), `"New"`) {
		t.Errorf("%s", r.raw)
	}
	w.do(w.a.admin, "DELETE", scheme+"/plans/7", nil).want(204)
	if r := w.do(w.a.admin, "GET", scheme+"/plans/8", nil).want(200); !strings.Contains(string(r.raw), `"New"`) {
		t.Errorf("the copy went with the original: %s", r.raw)
	}
}

func TestNP_04_RosterAndWeek(t *testing.T) {
	w := newWorld(t, true)
	scheme := w.scheduled()
	r := w.do(w.a.admin, "PUT", scheme+"/roster", body{"periods": []body{
		{"start_day": "mo", "start": "00:00", "end_day": "su", "end": "24:00", "plan": 8},
		{"days": []string{"mo", "fr"}, "start": "09:00", "end": "17:00", "plan": 7},
		{"days": []string{"su"}, "start": "22:00", "end": "06:00", "plan": 7},
	}}).want(200)
	for _, want := range []string{
		`{"start_day":"mo","start":"00:00","end_day":"su","end":"24:00","plan":8}`, `{"start_day":"fr","start":"09:00","end_day":"fr","end":"17:00","plan":7}`,
		`{"start_day":"su","start":"22:00","end_day":"mo","end":"06:00","plan":7}`,
	} {
		if !strings.Contains(string(r.raw), want) {
			t.Errorf("%s is not in %s", want, r.raw)
		}
	}
	// What was read can be written.
	w.do(w.a.admin, "PUT", scheme+"/roster", r.body).want(200)
	spans, _ := w.do(w.a.admin, "GET", scheme+"/week?day=2026-11-25", nil).want(200).body["spans"].([]any)
	var got []string
	for _, s := range spans {
		m := s.(body)
		got = append(got, fmt.Sprint(m["from"], " ", m["plan"]))
	}
	want := "2026-11-23T00:00:00+01:00 7, 2026-11-23T06:00:00+01:00 8, 2026-11-23T09:00:00+01:00 7, 2026-11-23T17:00:00+01:00 8, " +
		"2026-11-27T09:00:00+01:00 7, 2026-11-27T17:00:00+01:00 8, 2026-11-29T22:00:00+01:00 7"
	if strings.Join(got, ", ") != want {
		t.Errorf("week %v", got)
	}
	if r := w.do(w.a.admin, "DELETE", scheme+"/plans/8", nil).want(409); !strings.Contains(r.str("detail"), "roster Mon 00:00–Sun 24:00") {
		t.Errorf("%s", r.raw)
	}
	for _, c := range []struct {
		periods []body
		field   string
	}{
		{[]body{{"days": []string{"mo"}, "start": "09:00", "end": "09:00", "plan": 55}}, "body.periods[0].plan"},
		{[]body{{"start": "09:00", "end": "10:00", "plan": 7}}, "body.periods[0].start_day"},
		{[]body{{"start_day": "mo", "start": "09:00", "end": "10:00", "plan": 7}}, "body.periods[0].end_day"},
		{[]body{{"start_day": "tu", "start": "09:00", "end_day": "tu", "end": "09:00", "plan": 7}}, "body.periods[0].end"},
		{[]body{{"start_day": "mo", "start": "00:00", "end_day": "mo", "end": "00:00", "plan": 7}}, "body.periods[0].end"},
		{[]body{{"days": []string{"mo"}, "start_day": "mo", "start": "09:00", "end": "10:00", "plan": 7}}, "body.periods[0].days"},
		{[]body{{"days": []string{"mo", "tu"}, "start": "09:00", "end": "10:00", "plan": 7}, {"start_day": "tu", "start": "09:00", "end_day": "tu", "end": "10:00", "plan": 8}}, "body.periods[1].start"},
	} {
		if r := w.do(w.a.admin, "PUT", scheme+"/roster", body{"periods": c.periods}).want(422); !r.names(c.field) {
			t.Errorf("%s is not named: %s", c.field, r.raw)
		}
	}
}

func TestNP_05_Holidays(t *testing.T) {
	w := newWorld(t, true)
	scheme := w.scheduled()
	r := w.do(w.a.admin, "PUT", scheme+"/holidays", body{"holidays": []body{{"name": "Kerst", "start": "2026-12-24T17:00", "end": "2026-12-26T24:00", "plan": 8}}}).want(200)
	w.do(w.a.admin, "PUT", scheme+"/holidays", r.body).want(200)
	for at, want := range map[string]string{
		"2026-12-24T15:59:59Z": "7 default 2026-12-24T17:00:00+01:00", "2026-12-24T16:00:00Z": "8 holiday 2026-12-27T00:00:00+01:00",
		"2026-12-26T22:59:59Z": "8 holiday 2026-12-27T00:00:00+01:00", "2026-12-26T23:00:00Z": "7 default <nil>",
	} {
		r := w.do(w.a.admin, "GET", scheme+"/active?at="+at, nil).want(200)
		if got := fmt.Sprint(r.body["plan"], " ", r.body["source"], " ", r.body["next"]); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
	for _, c := range []struct{ start, end, field string }{
		{"2026-02-30T00:00", "2026-12-01T00:00", "start"}, {"2026-02-01T00:00", "2026-02-30T24:00", "end"}, {"2026-02-01T00:00", "2026-02-01T00:00", "end"},
	} {
		if r := w.do(w.a.admin, "PUT", scheme+"/holidays", body{"holidays": []body{{"name": "x", "start": c.start, "end": c.end, "plan": 7}}}).want(422); !r.names("body.holidays[0]." + c.field) {
			t.Errorf("%v: %s", c, r.raw)
		}
	}
}

func TestNP_08_Override(t *testing.T) {
	w := newWorld(t, true)
	scheme := w.scheduled()
	is := func(want string) body {
		t.Helper()
		r := w.do(w.a.admin, "GET", scheme+"/active", nil).want(200)
		if got := fmt.Sprint(r.body["plan"], " ", r.body["source"]); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		return r.body
	}
	is("7 default")
	w.do(w.a.admin, "PUT", scheme+"/override", body{"mode": "permanent", "plan": 8}).want(200)
	if next := is("8 manual")["next"]; next != nil {
		t.Errorf("it ends at %v", next)
	}
	w.do(w.a.admin, "PUT", scheme+"/override", body{"mode": "permanent", "plan": 9}).want(422)
	// Temporary: until the schedule switches; the end follows a schedule that changes.
	w.do(w.a.admin, "PUT", scheme+"/override", body{"mode": "temporary", "plan": 8}).want(200)
	if next := is("8 temporary")["next"]; next != nil {
		t.Errorf("nothing is scheduled, it ends at %v", next)
	}
	if r := w.do(w.a.admin, "DELETE", scheme+"/plans/8", nil).want(409); !strings.Contains(r.str("detail"), "temporarily") {
		t.Errorf("%s", r.raw)
	}
	tomorrow := time.Now().AddDate(0, 0, 1).Format("2006-01-02")
	w.do(w.a.admin, "POST", scheme+"/plans", body{"number": 9, "name": "Party"}).want(201)
	w.do(w.a.admin, "PUT", scheme+"/holidays", body{"holidays": []body{{"name": "Party", "start": tomorrow + "T12:00", "end": tomorrow + "T24:00", "plan": 9}}}).want(200)
	if next, _ := is("8 temporary")["next"].(string); !strings.HasPrefix(next, tomorrow+"T12:00:00") {
		t.Errorf("it ends at %v", next)
	}
	w.do(w.a.admin, "DELETE", scheme+"/override", nil).want(204)
	is("7 default")
	old := w.do(w.a.admin, "GET", scheme+"/roster", nil).want(200).header.Get("ETag")
	w.do(w.a.admin, "PUT", scheme+"/override", body{"mode": "permanent", "plan": 8}, "If-Match", old).want(200)
	w.do(w.a.admin, "DELETE", scheme+"/override", nil, "If-Match", old).want(412)
	is("8 manual")
}
