package api

import (
	"fmt"
	"testing"

	"callplane/dialplan"
)

func TestOutboundRules(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	user, address := acc+"/users/101/outbound", fmt.Sprintf("%s/channels/%s/login-address", acc, w.a.params["channel"])
	// Nothing is set at first.
	if r := w.do(w.a.admin, "GET", acc+"/outbound", nil).want(200); len(r.body["categories"].([]any)) != len(dialplan.NL.BarringCategories()) || r.body["barred"] != nil {
		t.Errorf("%s", r.raw)
	}
	for _, c := range []struct {
		path  string
		in    body
		field string
	}{
		{acc + "/outbound", body{"barred": []string{"mobile", "professional"}}, "body.barred[1]"}, // a Spanish one
		{acc + "/outbound", body{"allowed_addresses": []body{{"first": "192.0.2.0", "last": "192.0.3.0"}}}, "body.allowed_addresses[0].last"},
		{acc + "/outbound", body{"allowed_addresses": []body{{"first": "192.0.2.9", "last": "192.0.2.1"}}}, "body.allowed_addresses[0].last"},
		{acc + "/outbound", body{"allowed_addresses": []body{{"first": "192.0.2.1"}, {"first": "1.2.3"}}}, "body.allowed_addresses[1].first"},
		{user, body{"barred": []string{"premium"}}, "body.barred[0]"}, // a German one
		{user, body{"caller_ids": []body{{"code": "1", "number": w.a.params["number"]}}}, "body.caller_ids[0].code"},
		{user, body{"caller_ids": []body{{"code": "2", "number": "+31209999999"}}}, "body.caller_ids[0].number"},
		{user, body{"caller_ids": []body{{"code": "2", "number": w.a.params["number"]}, {"code": "2", "number": w.a.params["number"]}}}, "body.caller_ids[1].code"},
		{address, body{"address": "300.1.1.1"}, "body.address"},
	} {
		if !w.do(w.a.admin, "PUT", c.path, c.in).want(422).names(c.field) {
			t.Errorf("%s %v: %s is not named", c.path, c.in, c.field)
		}
	}
	w.do(w.a.admin, "PUT", acc+"/users/201/outbound", body{}).want(404) // a group
	w.do(w.a.admin, "PUT", acc+"/outbound", body{"barred": []string{"mobile"}, "ip_listing": true,
		"allowed_addresses": []body{{"first": "192.0.2.1", "last": "192.0.2.9", "description": "gate"}}}).want(200)
	w.do(w.a.admin, "PUT", user, body{"barred": []string{"international"}, "caller_ids": []body{{"code": "9", "number": w.a.params["number"]}}}).want(200)
	w.do(w.a.admin, "PUT", address, body{"address": "198.51.100.7"}).want(200)
	if got := w.do(w.a.readonly, "GET", address, nil).want(200).str("address"); got != "198.51.100.7" {
		t.Errorf("login address %s", got)
	}
	// The controller decides by just that.
	a, err := w.db.LoadAccount(t.Context(), dialplan.AccountID(w.a.id))
	if err != nil {
		t.Fatal(err)
	}
	u := a.User("101")
	if !a.IPListing || len(a.Barred) != 1 || len(a.AllowedAddresses) != 1 || u.CallerIDs["9"] != w.a.params["number"] ||
		len(u.Barred) != 1 || a.Channels[w.a.params["channel"]].LoginAddress.String() != "198.51.100.7" {
		t.Errorf("account %+v, user %+v", a, u)
	}
	w.do(w.a.admin, "PUT", address, body{}).want(200)
	if got := w.do(w.a.admin, "GET", address, nil).want(200).str("address"); got != "" {
		t.Errorf("forgotten login address %s", got)
	}
	// IP listing is for one country.
	id := w.do(w.operator, "POST", "/accounts", body{"name": "Berlin", "country": "DE"}).want(201).num("id")
	if !w.do(w.operator, "PUT", fmt.Sprintf("/accounts/%d/outbound", id), body{"ip_listing": true}).want(422).names("body.ip_listing") {
		t.Error("IP listing in Germany is not refused")
	}
}

func TestFAC_EMG_01_TheAccountsNumberIsMandatory(t *testing.T) {
	w := newWorld(t, true)
	// A new company has no number to choose.
	id := w.do(w.operator, "POST", "/accounts", body{"name": "Delft", "country": "NL"}).want(201).num("id")
	acc := fmt.Sprintf("/accounts/%d", id)
	in := body{"name": "Delft", "country": "NL"}
	w.do(w.operator, "PUT", acc, in).want(200)
	w.do(w.operator, "POST", acc+"/numbers", body{"number": "+31152345678"}).want(201)
	version := w.version(id)
	if !w.do(w.operator, "PUT", acc, in).want(422).names("body.emergency_caller_id") {
		t.Error("the field is not named")
	}
	if w.version(id) != version {
		t.Error("something was stored")
	}
	in["emergency_caller_id"] = "+31152345678"
	if r := w.do(w.operator, "PUT", acc, in).want(200); r.str("emergency_caller_id") != "+31152345678" {
		t.Errorf("%s", r.raw)
	}
}
