package api

import (
	"fmt"
	"strings"
	"testing"

	"callplane/dialplan"
	"callplane/store"
)

func TestVoicemailExtensionsAndBoxesOfUsers(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	make := func(v body) reply {
		return w.do(w.a.admin, "POST", acc+"/extensions", body{"number": "480", "name": "Box", "kind": "voicemail", "voicemail": v})
	}
	for field, v := range map[string]body{
		"voicemail.pin":           {},
		"voicemail.email":         {"pin": "4711", "email": "Box <box@example.com>"},
		"voicemail.user":          {"pin": "4711", "user": fmt.Sprint(200 + w.a.id)},
		"voicemail.welcome":       {"pin": "4711", "welcome": "none"},
		"voicemail.sms":           {"pin": "4711", "sms": "0612345678"},
		"voicemail.language":      {"pin": "4711", "language": "fr"},
		"voicemail.attach_audio":  {"pin": "4711", "email": "box@example.com", "delete_mailed": true},
		"voicemail.delete_mailed": {"pin": "4711", "delete_mailed": "yes"},
	} {
		if r := make(v).want(422); !r.names("body." + field) {
			t.Errorf("%s: %s", field, r.raw)
		}
	}
	for _, pin := range []string{"1234", "9876", "0123", "7890", "9012", "2109", "1111", "0000", "12345", "471", "47a1"} {
		if r := make(body{"pin": pin}).want(422); !r.names("body.voicemail.pin") {
			t.Errorf("%s: %s", pin, r.raw)
		}
	}
	r := make(body{"pin": "4711", "user": "101", "welcome": "welcome", "email": "box@example.com", "attach_audio": true, "delete_mailed": true, "sms": "+31612345678"}).want(201)
	if strings.Contains(string(r.raw), "4711") {
		t.Errorf("the PIN is shown: %s", r.raw)
	}
	config := func(number string) (box dialplan.VoicemailBox) {
		err := w.db.Account(t.Context(), dialplan.AccountID(w.a.id), func(tx *store.Tx) error {
			e, err := tx.ReadExtension(t.Context(), number)
			if err == nil {
				switch c := e.Config.(type) {
				case *dialplan.Voicemail:
					box = c.VoicemailBox
				case *dialplan.User:
					box = c.Voicemail.VoicemailBox
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return box
	}
	greeting := "greeting-1"
	record := func(number string) {
		t.Helper()
		if err := w.db.ChangeVoicemail(t.Context(), dialplan.AccountID(w.a.id), number, "phone", store.VoicemailChange{Greeting: &greeting}); err != nil {
			t.Fatal(err)
		}
	}
	record("480")
	put := func(v body) reply {
		return w.do(w.a.admin, "PUT", acc+"/extensions/480", body{"number": "480", "name": "Box", "kind": "voicemail", "voicemail": v}).want(200)
	}
	if put(body{"welcome": "welcome"}); config("480") != (dialplan.VoicemailBox{PIN: "4711", Greeting: greeting}) {
		t.Errorf("PIN and recorded welcome message do not stay: %+v", config("480"))
	}
	if r := put(body{"pin": "5837"}); config("480") != (dialplan.VoicemailBox{PIN: "5837"}) || strings.Contains(string(r.raw), "recorded") {
		t.Errorf("a new welcome message: %+v %s", config("480"), r.raw)
	}
	record("480")
	w.do(w.a.admin, "DELETE", acc+"/voicemail/480/greeting", nil).want(204)
	if config("480").Greeting != "" {
		t.Error("the greeting stays")
	}
	// The own box of a user.
	user := func(v body) reply {
		return w.do(w.a.admin, "PUT", acc+"/extensions/101", body{"number": "101", "name": "Ann", "kind": "user", "user": body{"voicemail": v}})
	}
	if r := user(body{"pin": "4321"}).want(422); !r.names("body.user.voicemail.pin") {
		t.Errorf("%s", r.raw)
	}
	user(body{"pin": "5837", "ask": "always", "language": "de"}).want(200)
	record("101")
	if r := user(body{}).want(200); config("101") != (dialplan.VoicemailBox{PIN: "5837", Greeting: greeting}) || !strings.Contains(string(r.raw), `"ask":"untrusted"`) {
		t.Errorf("%+v %s", config("101"), r.raw)
	}
	// It is where forwards of users lead, and nothing else.
	forwards := func(f body) reply {
		return w.do(w.a.admin, "PUT", acc+"/extensions/101", body{"number": "101", "name": "Ann", "kind": "user", "user": body{"forwards": f}})
	}
	forwards(body{"busy": []string{"1233"}, "no_answer": []string{"480"}}).want(200)
	if r := forwards(body{"busy": []string{"1233", "480"}}).want(422); !r.names("body.user.forwards.busy[0]") {
		t.Errorf("%s", r.raw)
	}
	if r := w.do(w.a.admin, "POST", acc+"/extensions", body{"number": "490", "kind": "ivr", "ivr": body{"fallback": "1233"}}).want(422); !r.names("body.ivr.fallback") {
		t.Errorf("%s", r.raw)
	}
	r = w.do(w.a.admin, "DELETE", acc+"/extensions/480", nil).want(409)
	if !strings.Contains(string(r.raw), "forward of 101") {
		t.Errorf("%s", r.raw)
	}
}

func TestVoicemailMessages(t *testing.T) {
	w := newWorld(t, true)
	box := fmt.Sprintf("/accounts/%d/voicemail/%s", w.a.id, w.a.params["box"])
	one := box + "/messages/" + w.a.params["message"]
	all := w.do(w.a.readonly, "GET", box+"/messages", nil).want(200)
	if got := all.items(); len(got) != 1 || got[0]["caller_number"] != "+31612345678" || got[0]["duration"] != 2.5 || got[0]["heard"] != false || got[0]["at"] != "2026-11-22T10:00:00Z" {
		t.Errorf("%s", all.raw)
	}
	audio := w.do(w.a.readonly, "GET", one+"/audio", nil).want(200)
	if string(audio.raw) != "RIFF of "+w.a.params["message"] || audio.header.Get("Content-Type") != "audio/wav" ||
		!strings.Contains(audio.header.Get("Content-Disposition"), w.a.params["box"]+"-20261122-100000.wav") {
		t.Errorf("%v %s", audio.header, audio.raw)
	}
	w.do(w.a.readonly, "PUT", one, body{"heard": true}).want(403)
	if r := w.do(w.a.admin, "PUT", one, body{"heard": true}).want(200); r.body["heard"] != true || w.changed != 1 {
		t.Errorf("%s, told %d times", r.raw, w.changed)
	}
	w.do(w.a.admin, "GET", fmt.Sprintf("/accounts/%d/voicemail/101/messages/%s/audio", w.a.id, w.a.params["message"]), nil).want(404)
	w.do(w.a.admin, "GET", box+"/messages/"+w.b.params["message"]+"/audio", nil).want(404)
	w.do(w.a.admin, "GET", box+"/messages/1/audio", nil).want(422)
	w.do(w.a.admin, "GET", fmt.Sprintf("/accounts/%d/voicemail/%d/messages", w.a.id, 200+w.a.id), nil).want(404)
	w.do(w.a.admin, "DELETE", one, nil).want(204)
	w.do(w.a.admin, "DELETE", one, nil).want(404)
	if w.removed != 1 {
		t.Errorf("removed %d files", w.removed)
	}
	if got := w.do(w.a.admin, "GET", box+"/messages", nil).want(200).items(); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestChargesAreListed(t *testing.T) {
	w := newWorld(t, true)
	for i := range 3 {
		err := w.db.Account(t.Context(), dialplan.AccountID(w.a.id), func(tx *store.Tx) error {
			return tx.AddCharge(t.Context(), &store.Charge{Kind: "sms", Amount: fmt.Sprintf("0.%d", i+1), Currency: "EUR", Reference: fmt.Sprint(i)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	path := fmt.Sprintf("/accounts/%d/charges", w.a.id)
	first := w.do(w.a.readonly, "GET", path+"?limit=2", nil).want(200)
	if got := first.items(); len(got) != 2 || got[0]["amount"] != "0.3000" || got[0]["currency"] != "EUR" {
		t.Errorf("%s", first.raw)
	}
	if got := w.do(w.a.readonly, "GET", path+"?cursor="+first.str("next"), nil).want(200).items(); len(got) != 1 || got[0]["amount"] != "0.1000" {
		t.Errorf("%v", got)
	}
	if got := w.do(w.b.admin, "GET", fmt.Sprintf("/accounts/%d/charges", w.b.id), nil).want(200).items(); len(got) != 0 {
		t.Errorf("of another account: %v", got)
	}
}

func TestUsersHaveTheirOwnBoxesAndThoseLinkedToThem(t *testing.T) {
	w := newWorld(t, true)
	box := fmt.Sprintf("/accounts/%d/voicemail/%s", w.a.id, w.a.params["box"])
	one := box + "/messages/" + w.a.params["message"]
	w.person("ann@example.com", store.RoleUser, w.a.id, body{"user": "101"})
	ann := w.seat("ann@example.com")
	ann.do("GET", fmt.Sprintf("/accounts/%d/voicemail/101/messages", w.a.id), nil).want(200)
	ann.do("GET", box+"/messages", nil).want(404)
	ann.do("GET", one+"/audio", nil).want(404)
	ann.do("DELETE", one, nil).want(404)
	w.do(w.a.admin, "PUT", fmt.Sprintf("/accounts/%d/extensions/%s", w.a.id, w.a.params["box"]),
		body{"number": w.a.params["box"], "name": "Box", "kind": "voicemail", "voicemail": body{"user": "101"}}).want(200)
	if got := ann.do("GET", box+"/messages", nil).want(200).items(); len(got) != 1 {
		t.Errorf("messages %v", got)
	}
	ann.do("GET", one+"/audio", nil).want(200)
	ann.do("PUT", one, body{"heard": true}).want(200)
	ann.do("DELETE", box+"/greeting", nil).want(204)
	ann.do("DELETE", one, nil).want(204)
}
