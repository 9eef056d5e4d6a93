package api

import (
	"fmt"
	"reflect"
	"testing"

	"callplane/dialplan"
)

// userOf is a user as calls see it.
func (w *world) userOf(number string) *dialplan.User {
	w.t.Helper()
	a, err := w.db.LoadAccount(w.t.Context(), dialplan.AccountID(w.a.id))
	if err != nil {
		w.t.Fatal(err)
	}
	u := a.User(number)
	if u == nil {
		w.t.Fatalf("there is no user %s", number)
	}
	return u
}

func TestEXT_USR_01_WhatAUserHas(t *testing.T) {
	w := newWorld(t, true)
	path := fmt.Sprintf("/accounts/%d/extensions", w.a.id)
	group := number(w.a.params["privacy"])

	// A user of whom nothing is said has the PIN that must be changed, and what the account has.
	r := w.do(w.a.admin, "POST", path, body{"number": "360", "name": "Uma", "kind": "user"}).want(201)
	if u := w.userOf("360"); u.PIN != dialplan.DefaultPIN || u.Language != "" || u.AreaCode != "" || u.OfferSecondCall {
		t.Errorf("user %+v", u)
	}
	if user, _ := r.body["user"].(map[string]any); user["pin_change"] != true || user["pin"] != nil {
		t.Errorf("a new user is shown as %s", r.raw)
	}
	want := body{"area_code": "10", "offer_second_call": true, "language": "de", "emergency_caller_id": "+31201234567", "assistant_group": group}
	in := body{"number": "361", "name": "Ursula", "kind": "user", "user": want}
	want["pin"] = "83516"
	r = w.do(w.a.admin, "PUT", path+"/360", in).want(200)
	u := w.userOf("361")
	if u.PIN != "83516" || u.AreaCode != "10" || !u.OfferSecondCall || u.Language != "de" || u.EmergencyCallerID != "+31201234567" || fmt.Sprint(u.AssistantGroup) != fmt.Sprint(group) {
		t.Errorf("user %+v", u)
	}
	delete(want, "pin")
	got, _ := r.body["user"].(map[string]any)
	for name, v := range want {
		if fmt.Sprint(got[name]) != fmt.Sprint(v) {
			t.Errorf("%s is %v, want %v", name, got[name], v)
		}
	}
	if r.body["name"] != "Ursula" || r.body["number"] != "361" || got["pin"] != nil || got["pin_change"] != nil {
		t.Errorf("the user is shown as %s", r.raw)
	}
	// The PIN stays until it is written, 0000 asks for a new one, and unsafe ones are refused.
	w.do(w.a.admin, "PUT", path+"/361", in).want(200)
	for _, pin := range []string{"1111", "1234", "4321", "7890", "987654", "00000", "12", "12a4"} {
		want["pin"] = pin
		if r := w.do(w.a.admin, "PUT", path+"/361", in).want(422); !r.names("body.user.pin") {
			t.Errorf("PIN %s: %s", pin, r.raw)
		}
	}
	if u := w.userOf("361"); u.PIN != "83516" {
		t.Errorf("the PIN is %s", u.PIN)
	}
	want["pin"] = dialplan.DefaultPIN
	r = w.do(w.a.admin, "PUT", path+"/361", in).want(200)
	if got, _ := r.body["user"].(map[string]any); got["pin_change"] != true {
		t.Errorf("the user is shown as %s", r.raw)
	}
	delete(want, "pin")
	for name, v := range map[string]any{"area_code": "1a", "language": "fr", "emergency_caller_id": "112", "assistant_group": 999999} {
		old := want[name]
		want[name] = v
		if r := w.do(w.a.admin, "PUT", path+"/361", in).want(422); !r.names("body.user." + name) {
			t.Errorf("%s: %s", name, r.raw)
		}
		want[name] = old
	}
}

func TestEXT_USR_03_Permissions(t *testing.T) {
	w := newWorld(t, true)
	path := fmt.Sprintf("/accounts/%d/extensions", w.a.id)
	w.do(w.a.admin, "POST", path, body{"number": "360", "kind": "user"}).want(201)
	if u := w.userOf("360"); u.Permissions != (dialplan.Permissions{}) {
		t.Errorf("a new user may %+v", u.Permissions)
	}
	// Each is given alone.
	for name, want := range map[string]dialplan.Permissions{
		"time_configuration": {TimeConfiguration: true}, "twinning": {Twinning: true}, "record_inbound": {RecordInbound: true},
		"record_outbound": {RecordOutbound: true}, "parking": {Parking: true},
	} {
		r := w.do(w.a.admin, "PUT", path+"/360", body{"number": "360", "kind": "user", "user": body{"permissions": body{name: true}}}).want(200)
		if u := w.userOf("360"); u.Permissions != want {
			t.Errorf("%s: %+v", name, u.Permissions)
		}
		user, _ := r.body["user"].(map[string]any)
		if got := user["permissions"]; !reflect.DeepEqual(got, map[string]any{name: true}) {
			t.Errorf("%s is shown as %v", name, got)
		}
	}
}
