package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// inDays is a date from today, as the accounts of the tests have it.
func inDays(n int) string {
	loc, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		panic(err)
	}
	return time.Now().In(loc).AddDate(0, 0, n).Format(time.DateOnly)
}

// ordered gives an account two SIMs and an order that waits for one, without billing.
func (w *world) ordered(account int64) (sim func(int) string, order string) {
	w.t.Helper()
	p := fmt.Sprintf("/accounts/%d", account)
	sim = func(i int) string { return fmt.Sprintf("89493500101%03d%04d", account, i) }
	w.do(w.operator, "POST", p+"/sims", body{"iccids": []string{sim(1), sim(2)}}).want(201)
	r := w.do(w.operator, "POST", p+"/orders", body{"portfolio": "Callplane", "product": "expert", "start": inDays(20), "billing": false,
		"extension": body{"number": fmt.Sprint(150 + account), "name": "Ordered"}}).want(201)
	return sim, fmt.Sprint(r.num("id"))
}

// resellers are the operations that an account's own people may not do.
var resellers = map[string]bool{"list-purchase-lines": true, "start-billing": true, "add-credit": true, "add-sims": true, "delete-sim": true}

// orderBodies are valid bodies of operations on orders.
func orderBodies(c company) map[string]body {
	p := c.params
	return map[string]body{
		"place-order":     {"portfolio": "Callplane", "product": "queue", "start": inDays(10), "extension": body{"name": "Help", "call_limit": 5}},
		"change-order":    {"portfolio": "Callplane", "product": "professional", "add_ons": []string{"assistant"}, "date": inDays(30)},
		"terminate-order": {"end": inDays(100)},
		"connect-sim":     {"sim": p["free-sim"]},
		"start-billing":   {"from": inDays(1)},
		"add-credit":      {"name": "Sorry", "amount": "5.00", "date": inDays(0)},
		"add-sims":        {"iccids": []string{"89493500101999900" + p["account"]}},
		"set-price-item": {"portfolio": "Callplane", "name": "Starter user", "type": "user", "product": "starter", "sales_monthly": "5.00",
			"purchase_monthly": "3.00"},
		"set-tariffs": {"items": []body{{"prefix": "+31", "name": "Netherlands", "per_minute": "0.06"}}},
	}
}

func TestACC_07_EveryProductCanBeOrdered(t *testing.T) {
	w := newWorld(t, true)
	p := fmt.Sprintf("/accounts/%d", w.a.id)
	w.do(w.operator, "POST", p+"/numbers", body{"number": "+31612345600"}).want(201)
	products := w.do(w.a.admin, "GET", p+"/products", nil).want(200).items()
	if len(products) < 20 {
		t.Fatalf("%d products", len(products))
	}
	for _, i := range products {
		if i["purchase"] != nil || i["purchase_monthly"] != nil {
			t.Errorf("an account sees what the reseller pays: %v", i)
		}
	}
	place := func(in body) reply { return w.do(w.a.admin, "POST", p+"/orders", in) }
	// A starter today, with PIN, area code and language; the extension is the next that is free.
	r := place(body{"portfolio": "Callplane", "product": "starter", "start": inDays(0), "reference": "R-1", "add_ons": []string{"call-recording"},
		"extension": body{"name": "Sam", "pin": "4711", "area_code": "20", "language": "de"}}).want(201)
	if r.str("status") != "active" || r.str("extension") != "100" || r.str("reference") != "R-1" || r.str("number") != fmt.Sprintf("%08d", r.num("id")) || r.header.Get("ETag") == "" {
		t.Errorf("%s", r.raw)
	}
	x := w.do(w.a.admin, "GET", p+"/extensions/100", nil).want(200)
	u := x.body["user"].(body)
	if x.body["in_service"] != true || u["product"] != "starter" || u["area_code"] != "20" || u["language"] != "de" {
		t.Errorf("%s", x.raw)
	}
	// An expert with everything, for a user that is there.
	r = place(body{"portfolio": "Callplane", "product": "expert", "data": "data-50", "sms": "sms-all", "start": inDays(0), "contract_months": 24, "sim": w.a.params["sim"],
		"number_type": "new", "phone_number": "+31612345600", "extension": body{"existing": "101"}, "subscriber": body{"first_name": "Ann", "prefix": "de", "last_name": "Vries", "email": "ann@example.com"}}).want(201)
	if r.str("status") != "active" || r.str("sim") != w.a.params["sim"] || r.str("contract_end") == "" || r.body["subscriber"].(body)["last_name"] != "Vries" {
		t.Errorf("%s", r.raw)
	}
	if n := w.do(w.a.admin, "GET", p+"/numbers?user=101", nil).want(200).items(); len(n) != 1 || n[0]["number"] != "+31612345600" {
		t.Errorf("number %v", n)
	}
	for _, product := range []string{"advanced", "professional"} {
		r = place(body{"portfolio": "Callplane", "product": product, "start": inDays(3), "extension": body{"name": product}, "number_type": "ported", "phone_number": "+31612345601"}).want(201)
		if r.str("status") != "planned" || r.body["needs_sim"] != true {
			t.Errorf("%s", r.raw)
		}
	}
	// Every functional extension.
	extra := map[string]body{"ai": {"uri": "sip:bot@127.0.0.1"}, "voicemail": {"pin": "4712"}, "queue": {"call_limit": 7}, "auto-answer": {"announcement": "welcome"}}
	for _, i := range products {
		if i["type"] != "extension" {
			continue
		}
		e := body{"name": i["name"], "destination": "101"}
		if i["kind"] == "forward" {
			e["destination"] = "+31201234567"
		}
		for k, v := range extra[i["code"].(string)] {
			e[k] = v
		}
		r := place(body{"portfolio": "Callplane", "product": i["code"], "start": inDays(0), "extension": e}).want(201)
		got := w.do(w.a.admin, "GET", p+"/extensions/"+r.str("extension"), nil).want(200)
		if got.str("kind") != i["kind"] || got.body["in_service"] != true || r.str("kind") != i["kind"] {
			t.Errorf("%s: %s", i["code"], got.raw)
		}
		if i["kind"] == "queue" && got.body["queue"].(body)["call_limit"] != 7.0 {
			t.Errorf("call limit of the queue: %s", got.raw)
		}
	}
	// What an order needs that it does not get is named, and leaves nothing.
	before := w.do(w.a.admin, "GET", p+"/extensions", nil).want(200).num("total")
	for field, in := range map[string]body{
		"start":                 {"start": inDays(-1)},
		"product":               {"product": "nothing"},
		"portfolio":             {"portfolio": "Other"},
		"data":                  {"data": "data-50"},
		"add_ons[0]":            {"add_ons": []string{"bot-minutes"}},
		"billing":               {"billing": false},
		"sim":                   {"sim": w.a.params["free-sim"]},
		"extension.number":      {"extension": body{"number": "1"}},
		"extension.existing":    {"extension": body{"existing": "101"}},
		"extension.pin":         {"extension": body{"pin": "1234"}},
		"extension.uri":         {"product": "ai", "extension": body{"name": "Bot"}},
		"extension.destination": {"product": "time", "extension": body{"name": "Night"}},
	} {
		b := body{"portfolio": "Callplane", "product": "starter", "start": inDays(1), "extension": body{"name": "x"}}
		for k, v := range in {
			b[k] = v
		}
		if r := place(b).want(422); !r.names("body." + field) {
			t.Errorf("%s is not named: %s", field, r.raw)
		}
	}
	if after := w.do(w.a.admin, "GET", p+"/extensions", nil).want(200).num("total"); after != before {
		t.Errorf("refused orders left %d extensions", after-before)
	}
	// A number that is taken.
	place(body{"portfolio": "Callplane", "product": "starter", "start": inDays(1), "extension": body{"number": "100"}}).want(409)
}

func TestACC_08_OrdersAreChangedTerminatedAndFound(t *testing.T) {
	w := newWorld(t, true)
	p := fmt.Sprintf("/accounts/%d", w.a.id)
	r := w.do(w.a.admin, "POST", p+"/orders", body{"portfolio": "Callplane", "product": "starter", "start": inDays(0), "extension": body{"name": "Sam", "number": "170"}}).want(201)
	one := fmt.Sprintf("%s/orders/%d", p, r.num("id"))
	etag := r.header.Get("ETag")
	// A change for today holds at once; one with an outdated ETag is refused.
	change := body{"portfolio": "Callplane", "product": "starter", "add_ons": []string{"call-recording"}, "date": inDays(0)}
	r = w.do(w.a.admin, "POST", one+"/changes", change, "If-Match", etag).want(200)
	if fmt.Sprint(r.body["add_ons"]) != "[call-recording]" {
		t.Errorf("%s", r.raw)
	}
	w.do(w.a.admin, "POST", one+"/changes", change, "If-Match", etag).want(412)
	// A planned one does not hold yet.
	change["add_ons"], change["date"] = []string{}, inDays(5)
	r = w.do(w.a.admin, "POST", one+"/changes", change).want(200)
	if fmt.Sprint(r.body["add_ons"]) != "[call-recording]" {
		t.Errorf("%s", r.raw)
	}
	for field, in := range map[string]body{
		"date": {"date": inDays(-1)}, "product": {"product": "queue"}, "sim": {"product": "expert"}, "add_ons[0]": {"add_ons": []string{"assistant"}},
	} {
		b := body{"portfolio": "Callplane", "product": "starter", "date": inDays(1)}
		for k, v := range in {
			b[k] = v
		}
		if r := w.do(w.a.admin, "POST", one+"/changes", b).want(422); !r.names("body." + field) {
			t.Errorf("%s is not named: %s", field, r.raw)
		}
	}
	// Tomorrow is the earliest end, and drops what was planned for later.
	for _, end := range []string{inDays(0), inDays(-1)} {
		if r := w.do(w.a.admin, "POST", one+"/termination", body{"end": end}).want(422); !r.names("body.end") {
			t.Errorf("%s", r.raw)
		}
	}
	r = w.do(w.a.admin, "POST", one+"/termination", body{"end": inDays(1), "reference": "moved"}).want(200)
	if r.str("end") != inDays(1) || r.str("status") != "active" {
		t.Errorf("%s", r.raw)
	}
	h := w.do(w.a.readonly, "GET", one+"/history", nil).want(200)
	var events []string
	for _, e := range h.items() {
		events = append(events, e["event"].(string))
	}
	if fmt.Sprint(events) != "[placed activated change-planned changed change-planned change-dropped termination-planned]" {
		t.Errorf("history %v", events)
	}
	if planned := h.body["planned"].([]any); len(planned) != 1 || planned[0].(body)["kind"] != "terminate" || planned[0].(body)["reference"] != "moved" {
		t.Errorf("planned %v", planned)
	}
	// Found by number of order or extension, status and product.
	if _, err := w.db.CarryOutOrder(t.Context(), time.Now().AddDate(0, 0, 2), nil); err != nil {
		t.Fatal(err)
	}
	later := w.do(w.a.admin, "POST", p+"/orders", body{"portfolio": "Callplane", "product": "ivr", "start": inDays(4), "extension": body{"name": "Menu", "number": "370"}}).want(201)
	for query, want := range map[string]string{
		"": "370 " + w.ordered0(), "?status=ended": "170", "?status=all&number=170": "170", "?number=" + later.str("number"): "370", "?product=ivr": "370",
		"?status=active": "", "?status=planned&product=starter": "",
	} {
		got := ""
		for i, o := range w.do(w.a.readonly, "GET", p+"/orders"+query, nil).want(200).items() {
			if i > 0 {
				got += " "
			}
			got += o["extension"].(string)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	for _, path := range []string{"/changes", "/termination"} {
		b := body{"end": inDays(9)}
		if path == "/changes" {
			b = change
		}
		w.do(w.a.admin, "POST", one+path, b).want(422)
	}
	// The other account has no such order.
	w.do(w.b.admin, "GET", fmt.Sprintf("/accounts/%d/orders/%d", w.b.id, r.num("id")), nil).want(404)
}

// ordered0 is the extension of the order that every company of the tests has.
func (w *world) ordered0() string { return fmt.Sprint(150 + w.a.id) }

func TestACC_09_WhatAnOrderCosts(t *testing.T) {
	w := newWorld(t, true)
	p := fmt.Sprintf("/accounts/%d", w.a.id)
	w.do(w.operator, "PUT", "/price-list/starter", body{"portfolio": "Callplane", "name": "Starter user", "type": "user", "product": "starter",
		"sales_once": "10", "sales_monthly": "30", "purchase_monthly": "12.50"}).want(200)
	w.do(w.operator, "PUT", "/price-list/starter", body{"portfolio": "Callplane", "name": "x", "type": "user", "product": "starter"}, "If-Match", `"1"`).want(412)
	w.do(w.operator, "PUT", "/tariffs", body{"items": []body{{"prefix": "+31", "name": "Netherlands", "per_minute": "0.06", "first": 60, "step": 1},
		{"prefix": "+316", "name": "Netherlands mobile", "per_call": "0.05", "per_minute": "0.18", "first": 60, "step": 60}}}).want(200)
	r := w.do(w.operator, "POST", p+"/orders", body{"portfolio": "Callplane", "product": "starter", "start": inDays(0), "billing": false, "extension": body{"name": "Sam", "number": "170"}}).want(201)
	one := fmt.Sprintf("%s/orders/%d", p, r.num("id"))
	month := inDays(40)[:7] // one that the order is active in as a whole
	amount := func(token, path, month string) string {
		t.Helper()
		total, _ := w.do(token, "GET", one+path+"?month="+month, nil).want(200).body["total"].([]any)
		if len(total) == 0 {
			return ""
		}
		return total[0].(body)["amount"].(string)
	}
	// Without billing nothing is invoiced, and the reseller pays all the same.
	if got := amount(w.a.admin, "/lines", month); got != "" {
		t.Errorf("invoiced without billing: %s", got)
	}
	if got := amount(w.operator, "/purchase-lines", month); got != "12.50" {
		t.Errorf("purchase: %s", got)
	}
	w.do(w.a.admin, "GET", one+"/purchase-lines", nil).want(403)
	w.do(w.a.admin, "POST", one+"/billing", body{"from": inDays(0)}).want(403)
	w.do(w.a.admin, "POST", one+"/credits", body{"name": "x", "amount": "1", "date": inDays(0)}).want(403)
	r = w.do(w.operator, "POST", one+"/billing", body{"from": inDays(0)}).want(200)
	if r.str("billed_from") != inDays(0) {
		t.Errorf("%s", r.raw)
	}
	w.do(w.operator, "POST", one+"/billing", body{"from": inDays(0)}).want(422)
	if got := amount(w.a.admin, "/lines", month); got != "30.00" {
		t.Errorf("invoiced: %s", got)
	}
	// A later price list changes nothing for the order.
	w.do(w.operator, "PUT", "/price-list/starter", body{"portfolio": "Callplane", "name": "Starter user", "type": "user", "product": "starter", "sales_monthly": "99"}).want(200)
	if got := amount(w.a.admin, "/lines", month); got != "30.00" {
		t.Errorf("after the price list has changed: %s", got)
	}
	if r := w.do(w.operator, "POST", one+"/credits", body{"name": "Sorry", "amount": "0", "date": month + "-02"}).want(422); !r.names("body.amount") {
		t.Errorf("%s", r.raw)
	}
	w.do(w.operator, "POST", one+"/credits", body{"name": "Sorry", "amount": "7.25", "date": month + "-02"}).want(200)
	if got := amount(w.a.admin, "/lines", month); got != "22.75" {
		t.Errorf("with the credit: %s", got)
	}
	// Usage: what the extension paid for, in the month of the account's time zone.
	at := time.Now().Add(-time.Minute)
	leg := func(number, payer string, talked time.Duration) store.LegRecord {
		return store.LegRecord{ID: "x", Engine: "fs1", Direction: store.LegOutbound, Trunk: "carrier", Number: number, Payer: payer, Started: at, Answered: at, Ended: at.Add(talked), Cause: "normal"}
	}
	missed := leg("+31612345678", "170", 0)
	missed.Answered = time.Time{}
	err := w.db.Platform(t.Context(), func(tx *store.Tx) error {
		_, err := tx.InsertCalls(t.Context(), []store.CallRecord{{ID: uuid.New(), AccountID: dialplan.AccountID(w.a.id), Direction: store.CallOutbound, Started: at, Ended: at, Cause: "normal",
			Legs: []store.LegRecord{leg("+31201234567", "170", 90*time.Second), leg("+31612345678", "170", 61*time.Second), leg("+31612345678", "101", time.Hour), leg("112", "170", time.Minute), missed}}})
		if err != nil {
			return err
		}
		return tx.For(dialplan.AccountID(w.a.id)).AddCharge(t.Context(), &store.Charge{Kind: "sms", Amount: "0.0750", Currency: "EUR", Extension: "170", Reference: "sms-1"})
	})
	if err != nil {
		t.Fatal(err)
	}
	u := w.do(w.a.admin, "GET", one+"/usage", nil).want(200)
	calls, _ := u.body["calls"].([]any)
	want := []string{"Netherlands mobile 1 0.41", "Netherlands 1 0.09", " 1 0.00"}
	for i, c := range calls {
		c := c.(body)
		if got := fmt.Sprintf("%s %v %s", c["destination"], c["calls"], c["cost"]); i >= len(want) || got != want[i] {
			t.Errorf("usage %d: %q", i, got)
		}
	}
	total := u.body["total"].([]any)
	if len(calls) != len(want) || len(total) != 1 || total[0].(body)["amount"] != "0.575" {
		t.Errorf("%s", u.raw)
	}
	// Partners do what operators do here, for their own accounts only.
	w.exec(`UPDATE accounts SET partner_id = $1 WHERE id = $2`, number(w.a.params["partner"]), w.a.id)
	w.person("reseller@example.com", store.RolePartner, 0, body{"partner": number(w.a.params["partner"])})
	partner := w.seat("reseller@example.com")
	for _, c := range []struct {
		method, path string
		in           any
		status       int
	}{
		{"GET", one + "/purchase-lines", nil, 200},
		{"POST", one + "/credits", body{"name": "x", "amount": "1", "date": inDays(0)}, 200},
		{"GET", fmt.Sprintf("/accounts/%d/orders/%s/purchase-lines", w.b.id, w.b.params["order"]), nil, 404},
		{"GET", "/price-list", nil, 200},
		{"PUT", "/tariffs", body{"items": []body{}}, 403},
	} {
		if r := partner.do(c.method, c.path, c.in); r.status != c.status {
			t.Errorf("%s %s as partner: %d %s", c.method, c.path, r.status, r.raw)
		}
	}
}

func TestACC_10_SIMsAreFoundAndConnected(t *testing.T) {
	w := newWorld(t, true)
	p, free := fmt.Sprintf("/accounts/%d", w.a.id), w.a.params["free-sim"]
	one := p + "/orders/" + w.a.params["order"]
	find := func(last string) []body {
		return w.do(w.a.admin, "GET", p+"/sims?free=true&last="+last, nil).want(200).items()
	}
	if got := find(free[len(free)-4:]); len(got) != 1 || got[0]["iccid"] != free {
		t.Errorf("by the last four digits: %v", got)
	}
	if got := find("9999"); len(got) != 0 {
		t.Errorf("%v", got)
	}
	w.do(w.a.admin, "GET", p+"/sims?last=12", nil).want(422)
	if r := w.do(w.a.admin, "POST", one+"/sim", body{"sim": w.b.params["free-sim"]}).want(422); !r.names("body.sim") {
		t.Errorf("another account's SIM: %s", r.raw)
	}
	r := w.do(w.a.admin, "POST", one+"/sim", body{"sim": free}).want(200)
	if r.str("sim") != free || r.str("status") != "planned" { // its day has not come
		t.Errorf("%s", r.raw)
	}
	w.do(w.a.admin, "POST", one+"/sim", body{"sim": w.a.params["sim"]}).want(422)
	w.do(w.operator, "DELETE", p+"/sims/"+free, nil).want(409)
	// Later: the order waits on its day, can be configured, and begins with the card.
	r = w.do(w.a.admin, "POST", p+"/orders", body{"portfolio": "Callplane", "product": "advanced", "start": inDays(0), "extension": body{"name": "Sam", "number": "170"}}).want(201)
	if r.str("status") != "waiting" {
		t.Errorf("%s", r.raw)
	}
	x := w.do(w.a.admin, "GET", p+"/extensions/170", nil).want(200)
	if x.body["in_service"] != false {
		t.Errorf("%s", x.raw)
	}
	w.do(w.a.admin, "PUT", p+"/extensions/170", body{"number": "170", "name": "Sam S.", "kind": "user"}).want(200)
	r = w.do(w.a.admin, "POST", fmt.Sprintf("%s/orders/%d/sim", p, r.num("id")), body{"sim": w.a.params["sim"]}).want(200)
	if r.str("status") != "active" || w.do(w.a.admin, "GET", p+"/extensions/170", nil).want(200).body["in_service"] != true {
		t.Errorf("%s", r.raw)
	}
}
