package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

func TestACC_03_ExtensionLengthAndNumbers(t *testing.T) {
	w := newWorld(t, false)
	for _, n := range []int{0, 1, 6} {
		in := body{"name": "x", "country": "DE", "extension_length": n}
		if n == 0 {
			in["extension_length"] = -1
		}
		if !w.do(w.operator, "POST", "/accounts", in).want(422).names("body.extension_length") {
			t.Errorf("%d: not named", n)
		}
	}
	for n := 2; n <= 5; n++ {
		id := w.do(w.operator, "POST", "/accounts", body{"name": fmt.Sprint("len ", n), "country": "DE", "extension_length": n}).want(201).num("id")
		acc := fmt.Sprintf("/accounts/%d", id)
		// As long as it is empty the length may change, then no more.
		w.do(w.operator, "PUT", acc, body{"name": "x", "country": "DE", "extension_length": 7 - n}).want(200)
		w.do(w.operator, "PUT", acc, body{"name": "x", "country": "DE", "extension_length": n}).want(200)
		first := "1" + strings.Repeat("0", n-1)
		next := func(query string) string {
			return w.do(w.operator, "GET", acc+"/next-extension"+query, nil).want(200).str("number")
		}
		if got := next(""); got != first {
			t.Errorf("next available of none: %s", got)
		}
		kinds := []body{
			{"kind": "user"}, {"kind": "group", "group": body{}}, {"kind": "ivr", "ivr": body{}},
		}
		for i, in := range kinds {
			in["number"] = next("")
			w.do(w.operator, "POST", acc+"/extensions", in).want(201)
			for _, again := range kinds { // unique across all types
				in := body{"number": first, "kind": again["kind"], "group": again["group"], "ivr": again["ivr"]}
				for k, v := range in {
					if v == nil {
						delete(in, k)
					}
				}
				w.do(w.operator, "POST", acc+"/extensions", in).want(409)
			}
			if want := fmt.Sprint(first[:n-1], i+1); next("") != want {
				t.Errorf("next available: %s, want %s", next(""), want)
			}
		}
		for _, wrong := range []int{n - 1, n + 1} {
			if wrong < 2 || wrong > 5 {
				continue
			}
			r := w.do(w.operator, "POST", acc+"/extensions", body{"number": strings.Repeat("7", wrong), "kind": "user"}).want(422)
			if !r.names("body.number") {
				t.Errorf("wrong length is not named: %s", r.raw)
			}
			w.do(w.operator, "PUT", acc, body{"name": "x", "country": "DE", "extension_length": wrong}).want(409)
		}
		w.do(w.operator, "PUT", acc+"/extensions/"+first, body{"number": "9" + first[1:], "kind": "user"}).want(200)
		if got := next("?from=9" + first[1:]); got != "9"+first[1:n-1]+"1" {
			t.Errorf("next from: %s", got)
		}
		w.do(w.operator, "GET", acc+"/next-extension?from=123456", nil).want(422)
	}
}

func TestACC_06_NumberInventory(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	esc := func(n string) string { return strings.ReplaceAll(n, "+", "%2B") }
	// Personal numbers, fixed and mobile, are linked to one user and can't be in a plan.
	for _, n := range []string{"+31612345670", "+31205550001"} {
		if r := w.do(w.operator, "POST", acc+"/numbers", body{"number": n, "personal": "101"}).want(201); r.str("personal") != "101" {
			t.Errorf("%s", r.raw)
		}
	}
	if got := w.do(w.a.admin, "GET", acc+"/numbers?user=101", nil).want(200).items(); len(got) != 2 {
		t.Errorf("numbers of 101: %v", got)
	}
	scheme, plan := acc+"/schemes/"+w.a.params["scheme"], acc+"/schemes/"+w.a.params["scheme"]+"/plans/7"
	r := w.do(w.a.admin, "PUT", plan+"/entries/"+esc("+31612345670"), body{"destination": "101"}).want(409)
	if !strings.Contains(r.str("detail"), "personal number of 101") {
		t.Errorf("%s", r.raw)
	}
	// A company number is in one scheme at most, in any of its plans.
	n := w.a.params["number"]
	w.do(w.a.admin, "POST", scheme+"/plans", body{"number": 8, "name": "Night", "entries": []body{{"number": n, "destination": w.a.params["extension"]}}}).want(201)
	main := w.do(w.a.admin, "GET", acc+"/schemes", nil).want(200).items()[0]
	if main["main"] != true {
		t.Fatalf("first is not the main scheme: %v", main)
	}
	mainPlan := fmt.Sprintf("%s/schemes/%v/plans/1", acc, main["id"])
	r = w.do(w.a.admin, "PUT", mainPlan+"/entries/"+esc(n), body{"destination": "101"}).want(409)
	if !strings.Contains(r.str("detail"), "another scheme") {
		t.Errorf("%s", r.raw)
	}
	// A number in use stays; out of all plans it is free for another scheme.
	w.do(w.operator, "DELETE", acc+"/numbers/"+esc(n), nil).want(409)
	w.do(w.a.admin, "DELETE", plan+"/entries/"+esc(n), nil).want(204)
	w.do(w.a.admin, "DELETE", plan+"/entries/"+esc(n), nil).want(404)
	w.do(w.a.admin, "PUT", mainPlan+"/entries/"+esc(n), body{"destination": "101"}).want(409)
	w.do(w.a.admin, "DELETE", scheme+"/plans/8", nil).want(204)
	w.do(w.a.admin, "PUT", mainPlan+"/entries/"+esc(n), body{"destination": "101"}).want(200)
	// Another account can't have it.
	w.do(w.operator, "POST", fmt.Sprintf("/accounts/%d/numbers", w.b.id), body{"number": n}).want(409)
	w.do(w.a.admin, "POST", acc+"/numbers", body{"number": "+31205550009"}).want(403)
}

// Every operation that changes something leaves who, what, before, after and when; those
// that change nothing, or fail, leave nothing.
func TestACC_11_AuditLogOfEveryChange(t *testing.T) {
	w := newWorld(t, true)
	d := readDocument(t, w)
	count := func() (n int) {
		if err := w.raw.QueryRow(t.Context(), `SELECT count(*) FROM audit_log`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	ops := d.operations()
	order := func(o operation) int {
		return slices.Index([]string{"GET", "POST", "PUT", "DELETE"}, o.method)*100 + strings.Count(o.path, "/")
	}
	slices.SortFunc(ops, func(x, y operation) int {
		if x.method == "DELETE" && y.method == "DELETE" {
			return strings.Count(y.path, "/") - strings.Count(x.path, "/") // the inner ones first
		}
		return order(x) - order(y)
	})
	for _, o := range ops {
		before := count()
		params := map[string]string{}
		for k, v := range w.a.params {
			params[k] = v
		}
		in := o.in(t, w.a)
		switch o.id {
		case "delete-plan-entry":
			w.do(w.operator, "PUT", fill(t, o.path, params), body{"destination": "101"}).want(200)
			before = count()
		case "delete-recordings": // the one of the path is gone by now
			params["recording"] = w.recording(dialplan.AccountID(w.a.id), "101", uuid.MustParse(params["call"]), time.Now()).ID.String()
		case "delete-scheme":
			o.path += "?confirm=true"
		case "copy-plan":
			in = body{"from": 7}
		case "revoke-platform-token":
			params["token"] = fmt.Sprint(w.do(w.operator, "POST", "/tokens", body{"name": "spare", "role": "operator"}).want(201).num("id"))
			before = count()
		case "delete-partner":
			params["partner"] = fmt.Sprint(w.do(w.operator, "POST", "/partners", body{"name": "spare"}).want(201).num("id"))
			before = count()
		case "delete-account":
			params["account"] = fmt.Sprint(w.do(w.operator, "POST", "/accounts", body{"name": "empty", "country": "NL"}).want(201).num("id"))
			before = count()
		}
		r := w.do(w.operator, o.method, fill(t, o.path, params), in)
		if r.status >= 300 {
			t.Errorf("%s: %d %s", o.id, r.status, r.raw)
			continue
		}
		want := 1
		if o.method == "GET" || o.id == "simulate-call" { // it changes nothing
			want = 0
		}
		if got := count() - before; got != want {
			t.Errorf("%s left %d entries, want %d", o.id, got, want)
		}
		if o.method == "GET" {
			continue
		}
		var actor, action, entity, id string
		var was, is *string
		if err := w.raw.QueryRow(t.Context(), `SELECT actor, action, entity, entity_id, before::text, after::text FROM audit_log ORDER BY id DESC LIMIT 1`).
			Scan(&actor, &action, &entity, &id, &was, &is); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(actor, "test") || entity == "" || id == "" {
			t.Errorf("%s: %s %s %s", o.id, actor, entity, id)
		}
		if (was == nil) != (action == "create") || (is == nil) != (action == "delete") {
			t.Errorf("%s: %s with before %v and after %v", o.id, action, was, is)
		}
	}
	// A failed change leaves nothing, not even when it failed late.
	before := count()
	acc := fmt.Sprintf("/accounts/%d", w.b.id)
	w.do(w.b.admin, "POST", acc+"/extensions", body{"number": "101", "kind": "user"}).want(409)
	w.do(w.b.admin, "DELETE", acc+"/extensions/101", nil).want(409)
	if got := count(); got != before {
		t.Errorf("failed changes left %d entries", got-before)
	}
	// It can be read, by the account too, page by page, the newest first.
	var last float64
	for cursor, pages := "", 0; ; pages++ {
		r := w.do(w.b.readonly, "GET", acc+"/audit?limit=2&cursor="+cursor, nil).want(200)
		for _, e := range r.items() {
			if id := e["id"].(float64); last != 0 && id >= last {
				t.Fatalf("out of order: %v after %v", id, last)
			} else {
				last = id
			}
		}
		if cursor = r.str("next"); cursor == "" {
			if pages < 3 {
				t.Errorf("only %d pages", pages+1)
			}
			break
		}
	}
}

func TestSecretsAreShownOnce(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	ch := w.do(w.a.admin, "POST", acc+"/channels", body{"name": "secret-1", "password": "hush-hush-1"}).want(201)
	gen := w.do(w.a.admin, "POST", acc+"/channels", body{"name": "secret-2"}).want(201)
	if ch.str("password") != "hush-hush-1" || len(gen.str("password")) < 20 {
		t.Errorf("%s %s", ch.raw, gen.raw)
	}
	again := w.do(w.a.admin, "POST", acc+"/channels/secret-2/password", nil).want(200).str("password")
	if again == gen.str("password") || len(again) < 20 {
		t.Errorf("new password %q", again)
	}
	// Replaced without its password it keeps it.
	w.do(w.a.admin, "PUT", acc+"/channels/secret-1", body{"name": "secret-1", "description": "x"}).want(200)
	w.do(w.a.admin, "PUT", acc+"/extensions/101", body{"number": "101", "kind": "user", "user": body{"pin": "9274"}}).want(200)
	u := w.do(w.a.admin, "PUT", acc+"/extensions/101", body{"number": "101", "kind": "user", "user": body{"offer_second_call": true}}).want(200)
	if strings.Contains(string(u.raw), "pin_change") {
		t.Errorf("the PIN is lost: %s", u.raw)
	}
	w.do(w.operator, "PUT", "/trunks/"+w.a.params["trunk"], body{"name": w.a.params["trunk"], "country": "NL", "host": "a", "username": "u", "password": "hush-trunk"}).want(200)
	w.do(w.operator, "PUT", "/trunks/"+w.a.params["trunk"], body{"name": w.a.params["trunk"], "country": "NL", "host": "b", "username": "u"}).want(200)
	if err := w.db.Platform(t.Context(), func(tx *store.Tx) error {
		tr, err := tx.ReadTrunk(t.Context(), w.a.params["trunk"])
		if err == nil && tr.Password != "hush-trunk" {
			t.Errorf("the trunk's password is lost")
		}
		c, err2 := tx.For(dialplan.AccountID(w.a.id)).ReadChannel(t.Context(), "secret-1")
		if err2 == nil && c.Password != "hush-hush-1" {
			t.Errorf("the channel's password is lost")
		}
		return errors.Join(err, err2)
	}); err != nil {
		t.Fatal(err)
	}
	var audit string
	if err := w.raw.QueryRow(t.Context(), `SELECT string_agg(coalesce(before::text, '') || coalesce(after::text, ''), ' ') FROM audit_log`).Scan(&audit); err != nil {
		t.Fatal(err)
	}
	// The PIN in quotes, as JSON has it: four digits alone are in times and ids by chance.
	for _, secret := range []string{"hush-hush-1", again, gen.str("password"), `"9274"`, "hush-trunk", w.a.admin, w.operator} {
		if strings.Contains(audit, secret) {
			t.Errorf("secret %q is in the audit log", secret)
		}
		for _, path := range []string{acc + "/channels", acc + "/channels/secret-1", acc + "/channels/secret-2", acc + "/extensions/101", "/trunks", acc + "/tokens", "/tokens"} {
			if r := w.do(w.operator, "GET", path, nil).want(200); strings.Contains(string(r.raw), secret) {
				t.Errorf("secret %q is in %s", secret, path)
			}
		}
	}
	if !strings.Contains(audit, `"secrets_changed": ["pin"]`) {
		t.Error("the audit log does not say that the PIN was changed")
	}
}

func TestETags(t *testing.T) {
	w := newWorld(t, true)
	p := w.a.params
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	all := bodies(w.a)
	for id, path := range map[string]string{
		"update-account": acc, "update-extension": acc + "/extensions/" + p["extension"], "update-channel": acc + "/channels/" + p["channel"],
		"update-number": acc + "/numbers/" + strings.ReplaceAll(p["number"], "+", "%2B"), "update-scheme": acc + "/schemes/" + p["scheme"],
		"update-plan": acc + "/schemes/" + p["scheme"] + "/plans/7", "update-trunk": "/trunks/" + p["trunk"],
	} {
		old := w.do(w.operator, "GET", path, nil).want(200).header.Get("ETag")
		if old == "" {
			t.Fatalf("%s: no ETag", id)
		}
		now := w.do(w.operator, "PUT", path, all[id], "If-Match", old).want(200).header.Get("ETag")
		if now == old {
			t.Errorf("%s: the ETag stayed %s", id, now)
		}
		if got := w.do(w.operator, "GET", path, nil).want(200).header.Get("ETag"); got != now {
			t.Errorf("%s: ETag %s, then %s", id, now, got)
		}
		w.do(w.operator, "PUT", path, all[id], "If-Match", old).want(412)
		w.do(w.operator, "PUT", path, all[id], "If-Match", "nonsense").want(412)
		w.do(w.operator, "DELETE", path, nil, "If-Match", old).want(412)
		w.do(w.operator, "PUT", path, all[id], "If-Match", "*").want(200)
		w.do(w.operator, "PUT", path, all[id]).want(200)
	}
}

func TestDeletingWhatIsInUseSaysWhere(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	p := w.a.params
	w.do(w.a.admin, "POST", acc+"/extensions", body{"number": "300", "kind": "ivr", "ivr": body{"options": []body{{"digits": "1", "destination": "101"}}}}).want(201)
	w.do(w.a.admin, "POST", acc+"/extensions", body{"number": "102", "kind": "user", "user": body{"forwards": body{"busy": []string{"101"}}}}).want(201)
	w.do(w.a.admin, "POST", acc+"/extensions", body{"number": "400", "kind": "time", "time": body{"failover": "101"}}).want(201)
	w.do(w.a.admin, "POST", acc+"/extensions", body{"number": "401", "kind": "time", "time": body{"failover": "102", "periods": []body{
		{"start_day": "monday", "end_day": "friday", "start_time": "09:00", "end_time": "17:00", "destination": "101"}}}}).want(201)
	w.do(w.a.admin, "POST", acc+"/extensions", body{"number": "402", "kind": "limit", "limit": body{"calls": 2, "within": "101"}}).want(201)
	w.do(w.a.admin, "POST", acc+"/extensions", body{"number": "403", "kind": "limit", "limit": body{"calls": 2, "within": "403", "above": "101"}}).want(201)
	w.do(w.a.admin, "POST", acc+"/extensions", body{"number": "404", "kind": "forward", "forward": body{"number": "0612345678", "caller_id": p["number"]}}).want(201)
	if r := w.do(w.operator, "DELETE", acc+"/numbers/"+strings.ReplaceAll(p["number"], "+", "%2B"), nil).want(409); r.str("detail") == "" {
		t.Errorf("number of a forward is deleted: %s", r.raw)
	}
	r := w.do(w.a.admin, "DELETE", acc+"/extensions/101", nil).want(409)
	pick := body{"privacy": []body{{"group": number(p["privacy"]), "pickup": true, "notify": true, "notify_delay": 5}}, "assistant_group": number(p["privacy"])}
	w.do(w.a.admin, "POST", acc+"/extensions", body{"number": "103", "kind": "user", "user": pick}).want(201)
	if r := w.do(w.a.admin, "DELETE", acc+"/privacy-groups/"+p["privacy"], nil).want(409); !strings.Contains(r.str("detail"), "user 103") || !strings.Contains(r.str("detail"), "assistant group of 103") {
		t.Errorf("%s", r.raw)
	}
	for _, use := range []string{"privacy group Reception", "group " + p["extension"], "ivr 300", "time 400", "time 401", "limit 402", "limit 403", "forward of 102", "channel " + p["channel"], "plan Open of scheme Second of Alpha", "queue " + p["queue"]} {
		if !strings.Contains(r.str("detail"), use) {
			t.Errorf("%q is not in %s", use, r.raw)
		}
	}
	scheme := acc + "/schemes/" + p["scheme"]
	w.do(w.a.admin, "PUT", scheme, body{"name": "S", "active": 7}).want(200)
	if r := w.do(w.a.admin, "DELETE", scheme+"/plans/7", nil).want(409); !strings.Contains(r.str("detail"), "scheme S") {
		t.Errorf("%s", r.raw)
	}
	if r := w.do(w.a.admin, "PUT", scheme+"/plans/7", body{"number": 9, "name": "Open"}).want(409); !r.names("body.number") {
		t.Errorf("%s", r.raw)
	}
	w.do(w.operator, "DELETE", acc, nil).want(409)
	main := w.do(w.a.admin, "GET", acc+"/schemes", nil).want(200).items()[0]
	w.do(w.a.admin, "DELETE", fmt.Sprintf("%s/schemes/%v", acc, main["id"]), nil).want(409)
	// What nothing refers to any more can go.
	for _, path := range []string{"/extensions/103", "/privacy-groups/" + p["privacy"], "/extensions/300", "/extensions/400", "/extensions/401", "/extensions/402", "/extensions/403", "/extensions/404", "/extensions/102", "/extensions/" + p["extension"], "/channels/" + p["channel"], "/schemes/" + p["scheme"] + "?confirm=true", "/extensions/" + p["queue"], "/extensions/101"} {
		w.do(w.a.admin, "DELETE", acc+path, nil).want(204)
		w.do(w.a.admin, "DELETE", acc+path, nil).want(404)
	}
}

func TestRoundTripOfEveryKind(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	for name, in := range full(w.a) {
		if !strings.HasPrefix(name, "create-extension ") {
			continue
		}
		number := in["number"].(string)
		first := w.do(w.a.admin, "POST", acc+"/extensions", in).want(201)
		// What was read can be written back as it is, and changes nothing but the revision.
		second := w.do(w.a.admin, "PUT", acc+"/extensions/"+number, first.body).want(200)
		if string(first.raw) != string(second.raw) {
			t.Errorf("%s:\n%s\n%s", name, first.raw, second.raw)
		}
		if got := w.do(w.a.admin, "GET", acc+"/extensions/"+number, nil).want(200); string(got.raw) != string(first.raw) {
			t.Errorf("%s:\n%s\n%s", name, first.raw, got.raw)
		}
	}
	for path, location := range map[string]string{"/channels": acc + "/channels/rt-1"} {
		r := w.do(w.a.admin, "POST", acc+path, body{"name": "rt-1"}).want(201)
		if r.header.Get("Location") != Prefix+location {
			t.Errorf("Location %s", r.header.Get("Location"))
		}
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	want := int(w.do(w.a.admin, "GET", acc+"/extensions?limit=1", nil).want(200).num("total")) + 25
	for i := range 25 {
		w.do(w.a.admin, "POST", acc+"/extensions", body{"number": fmt.Sprint(600 + i), "kind": "user"}).want(201)
	}
	var all []string
	for cursor := ""; ; {
		r := w.do(w.a.admin, "GET", acc+"/extensions?limit=10&cursor="+cursor, nil).want(200)
		if int(r.num("total")) != want {
			t.Fatalf("%s", r.raw)
		}
		for _, e := range r.items() {
			all = append(all, e["number"].(string))
		}
		if cursor = r.str("next"); cursor == "" {
			break
		}
	}
	if len(all) != want || !slices.IsSorted(all) || len(slices.Compact(all)) != want {
		t.Errorf("%v", all)
	}
	if got := w.do(w.a.admin, "GET", acc+"/extensions?kind=group", nil).want(200).items(); len(got) != 1 {
		t.Errorf("%v", got)
	}
	if got := w.do(w.operator, "GET", "/accounts?name=be", nil).want(200).items(); len(got) != 1 || got[0]["name"] != "Beta" {
		t.Errorf("%v", got)
	}
}

// TestPagesByKey walks through every long list row by row: each row comes once, also when the one before it is gone by then.
func TestPagesByKey(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	for i := range 3 {
		w.do(w.a.admin, "POST", acc+"/channels", body{"name": fmt.Sprintf("page-%d", i)}).want(201)
		w.do(w.a.admin, "POST", acc+"/tokens", body{"name": "page", "role": "readonly"}).want(201)
		w.do(w.operator, "POST", acc+"/numbers", body{"number": fmt.Sprintf("+313055512%02d", i)}).want(201)
		w.do(w.a.admin, "POST", acc+"/logins", body{"email": fmt.Sprintf("page%d@example.com", i), "name": "Page", "role": "admin"}).want(201)
		w.do(w.operator, "POST", "/logins", body{"email": fmt.Sprintf("operator%d@example.com", i), "name": "Page", "role": "operator"}).want(201)
	}
	id := func(row body) string {
		for _, key := range []string{"id", "number", "name"} {
			if v, ok := row[key]; ok {
				return fmt.Sprint(v)
			}
		}
		t.Fatalf("%v", row)
		return ""
	}
	for _, list := range []string{"/accounts", "/logins", "/audit", acc + "/extensions", acc + "/channels", acc + "/numbers", acc + "/logins", acc + "/tokens", acc + "/audit"} {
		var want, got []string
		all := w.do(w.operator, "GET", list+"?limit=500", nil).want(200)
		for _, row := range all.items() {
			want = append(want, id(row))
		}
		for cursor := ""; ; {
			r := w.do(w.operator, "GET", list+"?limit=1&cursor="+cursor, nil).want(200)
			if n, ok := r.body["total"]; ok && n != float64(len(want)) {
				t.Errorf("%s: total %v of %d", list, n, len(want))
			}
			got = append(got, id(r.items()[0]))
			if cursor = r.str("next"); cursor == "" {
				break
			}
		}
		if len(want) < 2 || !slices.Equal(got, want) {
			t.Errorf("%s: page by page %v, at once %v", list, got, want)
		}
		for _, cursor := range []string{"x", "-1", "MSAA", "eCB4", "MSA", "IDE"} {
			w.do(w.operator, "GET", list+"?cursor="+cursor, nil).want(422)
		}
	}
	first := w.do(w.a.admin, "GET", acc+"/channels?limit=1", nil).want(200)
	second := w.do(w.a.admin, "GET", acc+"/channels?limit=1&cursor="+first.str("next"), nil).want(200)
	w.do(w.a.admin, "DELETE", acc+"/channels/"+fmt.Sprint(first.items()[0]["name"]), nil).want(204)
	again := w.do(w.a.admin, "GET", acc+"/channels?limit=1&cursor="+first.str("next"), nil).want(200)
	if id(again.items()[0]) != id(second.items()[0]) {
		t.Errorf("after %v was deleted: %v, before: %v", first.items(), again.items(), second.items())
	}
}

func TestCallsAndLiveState(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var recs []store.CallRecord
	for i := range 12 {
		r := store.CallRecord{AccountID: dialplan.AccountID(w.a.id), Direction: store.CallInternal, Started: start.Add(time.Duration(i/2) * time.Hour),
			Ended: start.Add(time.Duration(i)*time.Hour + time.Minute), Cause: "normal"}
		r.ID[0], r.ID[15] = 1, byte(i)
		recs = append(recs, r)
	}
	if err := w.db.Platform(t.Context(), func(tx *store.Tx) error { _, err := tx.InsertCalls(t.Context(), recs); return err }); err != nil {
		t.Fatal(err)
	}
	seen := make(map[any]bool)
	for cursor := ""; ; {
		r := w.do(w.a.admin, "GET", acc+"/calls?limit=5&to=2026-11-20T00:00:00Z&cursor="+cursor, nil).want(200)
		for _, c := range r.items() {
			if seen[c["id"]] {
				t.Errorf("%v comes twice", c["id"])
			}
			seen[c["id"]] = true
		}
		if cursor = r.str("next"); cursor == "" {
			break
		}
	}
	if len(seen) != 12 {
		t.Errorf("%d calls", len(seen))
	}
	if got := w.do(w.a.admin, "GET", acc+"/calls?from=2026-11-20T00:00:00Z", nil).want(200).items(); len(got) != 1 {
		t.Errorf("%v", got)
	}
	one := w.do(w.a.admin, "GET", acc+"/calls/"+w.a.params["call"], nil).want(200)
	if one.body["duration"] != 55.0 || len(one.body["legs"].([]any)) != 1 || one.body["trace"].([]any)[0].(body)["reason"] != "plan Open" {
		t.Errorf("%s", one.raw)
	}
	if got := w.do(w.a.admin, "GET", acc+"/live-calls", nil).want(200).items(); len(got) != 1 || got[0]["id"] != fmt.Sprintf("live-of-%d", w.a.id) {
		t.Errorf("%v", got)
	}
	if got := w.do(w.a.admin, "GET", acc+"/registrations", nil).want(200).items(); len(got) != 1 || got[0]["channel"] != w.a.params["channel"] {
		t.Errorf("%v", got)
	}
	if r := w.do(w.a.admin, "GET", acc+"/channels/"+w.a.params["channel"], nil).want(200); r.body["registered"] != true {
		t.Errorf("%s", r.raw)
	}
}

func TestAdminsMayNotLiftTheirLimits(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	for name, in := range map[string]body{
		"enabled":    {"name": "Alpha", "country": "NL", "enabled": false},
		"call_limit": {"name": "Alpha", "country": "NL", "call_limit": 100},
		"country":    {"name": "Alpha", "country": "DE"},
	} {
		in["emergency_caller_id"] = w.a.params["number"]
		if !w.do(w.a.admin, "PUT", acc, in).want(422).names("body." + name) {
			t.Errorf("%s is not named", name)
		}
		w.do(w.operator, "PUT", acc, in).want(200)
		w.do(w.operator, "PUT", acc, body{"name": "Alpha", "country": "NL", "emergency_caller_id": w.a.params["number"]}).want(200)
	}
}

// Country decides what is left open.
func TestAccountDefaultsOfCountry(t *testing.T) {
	w := newWorld(t, false)
	for country, want := range map[string][2]string{"NL": {"nl", "Europe/Amsterdam"}, "DE": {"de", "Europe/Berlin"}, "ES": {"es", "Europe/Madrid"}, "LV": {"lv", "Europe/Riga"}} {
		r := w.do(w.operator, "POST", "/accounts", body{"name": country, "country": country}).want(201)
		if r.str("language") != want[0] || r.str("time_zone") != want[1] {
			t.Errorf("%s: %s", country, r.raw)
		}
		if r := w.do(w.operator, "POST", "/accounts", body{"name": country, "country": country, "language": "en"}).want(201); r.str("language") != "en" {
			t.Errorf("%s", r.raw)
		}
	}
	w.do(w.operator, "POST", "/accounts", body{"name": "x", "country": "FR"}).want(422)
}

func TestPanicIsOneAnswer(t *testing.T) {
	w := newWorld(t, true)
	var log strings.Builder
	w.h = New(Config{DB: w.db, Log: slog.New(slog.NewTextHandler(&log, nil)), Live: func(dialplan.AccountID) []LiveCall { panic("boom") }})
	r := w.do(w.a.admin, "GET", fmt.Sprintf("/accounts/%d/live-calls", w.a.id), nil).want(500)
	if strings.Contains(string(r.raw), "boom") || !strings.Contains(log.String(), "boom") {
		t.Errorf("%s\n%s", r.raw, log.String())
	}
	w.do(w.a.admin, "GET", fmt.Sprintf("/accounts/%d", w.a.id), nil).want(200)
}

func TestRateLimit(t *testing.T) {
	w := newWorld(t, true)
	w.h = New(Config{DB: w.db, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), RateLimit: 1})
	path := fmt.Sprintf("/accounts/%d", w.a.id)
	limited := false
	for range 50 {
		if r := w.do(w.a.admin, "GET", path, nil); r.status == 429 {
			limited = r.want(429).header.Get("Retry-After") != ""
			break
		}
	}
	if !limited {
		t.Error("no limit")
	}
	w.do(w.a.readonly, "GET", path, nil).want(200) // another token has a bucket of its own
}

func TestDatabaseAway(t *testing.T) {
	w := newWorld(t, true)
	w.raw.Close()
	w.db.Close()
	db, err := store.Open(context.Background(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w.h = New(Config{DB: db, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	r := w.do(w.a.admin, "GET", fmt.Sprintf("/accounts/%d", w.a.id), nil).want(503)
	if strings.Contains(string(r.raw), "127.0.0.1") {
		t.Errorf("%s", r.raw)
	}
}

func TestHealth(t *testing.T) {
	get := func(h http.Handler) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", "/readyz", nil))
		return rec
	}
	ok := func(context.Context) error { return nil }
	if r := get(Health(nil)); r.Code != 200 {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	if r := get(Health(map[string]func(context.Context) error{"database": ok})); r.Code != 200 || !strings.Contains(r.Body.String(), `"database":"ok"`) {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	r := get(Health(map[string]func(context.Context) error{"database": ok, "engine fs1": func(context.Context) error { return errors.New("is down") }}))
	if r.Code != 503 || !strings.Contains(r.Body.String(), `"engine fs1":"is down"`) {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}
