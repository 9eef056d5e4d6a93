package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"callplane/admin/api"
	"callplane/controller/config"
	"callplane/store"
	"callplane/store/pgtest"
)

// TestNP_09_SimulateCommand simulates calls to the demo company by the command and by the API.
func TestNP_09_SimulateCommand(t *testing.T) {
	db, _ := pgtest.Store(t)
	demo, err := store.SeedDemo(t.Context(), db, store.DemoOptions{Host: "127.0.0.1", Port: 5099})
	if err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{}
	for _, c := range []struct {
		name    string
		o       simulateOptions
		answers string
		want    []string
	}{
		{"asked at the terminal", simulateOptions{in: api.SimulationInput{Number: "+31201234567", Caller: "0612345678"}, at: "2026-12-25 14:00", reactions: []string{"101=answer"}},
			"1\n", []string{"Fri 14:00:00  inbound        plan Standard of scheme Main", "asked for digits", "option 1 goes to 101", "The caller talks with 101"}},
		{"digits given", simulateOptions{in: api.SimulationInput{Number: "+31201234567"}, at: "2026-12-25 14:00", digits: "9,,1"}, "",
			[]string{"9 is no option", "no input", "option 1 goes to 101", "101 no-answer", "The call is over: no-answer"}},
		{"no more digits", simulateOptions{in: api.SimulationInput{Number: "+31201234567"}}, "", []string{"ivr.choose", "none are given"}},
		{"a group", simulateOptions{in: api.SimulationInput{Number: "+31201234568"}, reactions: []string{"101=busy", "102=reject"}, account: int64(demo.Account)}, "",
			[]string{"101", "busy (486)", "rejected (603)", "The call is over: no-answer"}},
		{"a colleague", simulateOptions{in: api.SimulationInput{Number: "102", Caller: "101"}, account: int64(demo.Account), reactions: []string{"102=answer"}}, "",
			[]string{"dialled extension 102", "The caller talks with 102"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := c.o.run(t.Context(), db, cfg, strings.NewReader(c.answers), &out); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			rest := out.String()
			for _, w := range c.want {
				_, after, ok := strings.Cut(rest, w)
				if !ok {
					t.Fatalf("%q is not there:\n%s", w, out.String())
				}
				rest = after
			}
		})
	}
	for _, o := range []simulateOptions{
		{in: api.SimulationInput{Number: "+31209999999"}},
		{in: api.SimulationInput{Number: "+31201234567"}, at: "tomorrow"},
		{in: api.SimulationInput{Number: "+31201234567"}, reactions: []string{"101"}},
		{in: api.SimulationInput{Number: "+31201234567", Caller: "200"}},
	} {
		if err := o.run(t.Context(), db, cfg, strings.NewReader(""), &bytes.Buffer{}); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}

	token, err := api.CreateOperator(t.Context(), db, "test")
	if err != nil {
		t.Fatal(err)
	}
	h := api.New(api.Config{DB: db, Simulate: newSimulator(db, cfg, nil).run})
	post := func(account int64, body string) (int, api.Simulation, string) {
		r := httptest.NewRequest(http.MethodPost, fmt.Sprintf("%s/accounts/%d/simulations", api.Prefix, account), strings.NewReader(body)).WithContext(t.Context())
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var got api.Simulation
		if w.Code == http.StatusOK {
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
		}
		return w.Code, got, w.Body.String()
	}
	id := int64(demo.Account)
	status, got, raw := post(id, `{"number":"+31201234567","at":"2026-12-25T13:00:00Z"}`)
	if status != http.StatusOK || got.Outcome != "asks" || len(got.Heard) != 1 || got.Heard[0] != "ivr.choose" || len(got.Steps) == 0 {
		t.Errorf("%d %s", status, raw)
	}
	status, got, raw = post(id, `{"number":"+31201234567","digits":["1"],"reactions":[{"who":"101","does":"answer","within":5}]}`)
	if status != http.StatusOK || got.Outcome != "talks" || got.With != "101" {
		t.Errorf("%d %s", status, raw)
	}
	for body, want := range map[string]string{
		`{"number":"+31209999999"}`:                                    "body.number",
		`{"number":"+31201234567","caller":"200"}`:                     "body.caller",
		`{"number":"+31201234567","caller":"x"}`:                       "body.caller",
		`{"caller":"101"}`:                                             "number",
		`{"number":"1","reactions":[{"who":"101","does":"explodes"}]}`: "body.reactions[0].does",
	} {
		if status, _, raw := post(id, body); status != http.StatusUnprocessableEntity || !strings.Contains(raw, want) {
			t.Errorf("%s: %d %s", body, status, raw)
		}
	}
	if status, _, raw := post(id+1000, `{"number":"+31201234567"}`); status != http.StatusNotFound {
		t.Errorf("an account that is not there: %d %s", status, raw)
	}
}
