package api

import (
	"fmt"
	"testing"
)

// An administrator links a user to phones, from the side of the user and from that of the phone.
func TestDevices(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	devices := acc + "/users/101/devices"
	for _, name := range []string{"desk-a", "desk-b", "desk-c"} {
		w.do(w.a.admin, "POST", acc+"/channels", body{"name": name}).want(201)
	}
	user := func(twinning bool) {
		w.do(w.a.admin, "PUT", acc+"/extensions/101", body{"number": "101", "name": "Ann", "kind": "user",
			"user": body{"permissions": body{"twinning": twinning, "time_configuration": true, "record_inbound": true, "record_outbound": true, "parking": true}}}).want(200)
	}
	user(false)
	for _, c := range []struct {
		in    body
		field string
	}{
		{body{"linked": []string{"desk-a", "desk-b"}}, "body.linked"},
		{body{"auto_login": []string{"desk-a", "desk-b"}}, "body.auto_login"},
		{body{"linked": []string{"nowhere"}}, "body.linked[0]"},
		{body{"auto_login": []string{"desk-a", "\x00"}}, "body.auto_login[1]"},
	} {
		if !w.do(w.a.admin, "PUT", devices, c.in).want(422).names(c.field) {
			t.Errorf("%v: %s is not named", c.in, c.field)
		}
	}
	w.do(w.a.admin, "PUT", acc+"/users/201/devices", body{}).want(404) // a group
	w.do(w.a.readonly, "PUT", devices, body{}).want(403)
	w.do(w.a.admin, "PUT", devices, body{"linked": []string{"desk-a"}}).want(200)
	if r := w.do(w.a.readonly, "GET", acc+"/channels/desk-a", nil).want(200); r.str("user") != "101" || r.body["linked"] != true {
		t.Errorf("%s", r.raw)
	}
	user(true)
	r := w.do(w.a.admin, "PUT", devices, body{"linked": []string{"desk-a", "desk-b"}, "auto_login": []string{"desk-c"}}).want(200)
	if got := fmt.Sprint(r.body["linked"], r.body["auto_login"], r.body["logged_in"]); got != "[desk-a desk-b] [desk-c] [desk-a desk-b]" {
		t.Errorf("devices %s", got)
	}
	// From the phone's side: the end of the link logs the user out.
	channel := acc + "/channels/desk-b"
	w.do(w.a.admin, "PUT", channel, body{"name": "desk-b", "user": "101"}).want(200)
	if r := w.do(w.a.admin, "GET", channel, nil).want(200); r.str("user") != "" || r.body["linked"] == true {
		t.Errorf("%s", r.raw)
	}
	w.do(w.a.admin, "PUT", channel, body{"name": "desk-b", "user": "101", "linked": true}).want(200)
	for field, in := range map[string]body{
		"body.linked":     {"name": "desk-c", "linked": true},
		"body.user":       {"name": "desk-c", "user": "201"},
		"body.auto_login": {"name": "desk-c", "auto_login": "201"},
	} {
		if !w.do(w.a.admin, "PUT", acc+"/channels/desk-c", in).want(422).names(field) {
			t.Errorf("%v: %s is not named", in, field)
		}
	}
	if !w.do(w.a.admin, "PUT", acc+"/channels/desk-c", body{"name": "desk-c", "user": "101", "linked": true}).want(422).names("body.linked") {
		t.Error("a third linked phone is not refused")
	}
}
