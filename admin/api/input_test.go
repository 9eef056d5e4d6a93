package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mutation is a wrong value for one field.
type mutation struct {
	path  string // as errors name it: body.user.forwards.busy[0]
	why   string
	value any
	body  any // the whole body with it
}

// mutations makes wrong values for every property that the schema has, nested ones too, by
// what the schema says of each. base is a valid value.
func (d *document) mutations(schema body, path string, base any, wrap func(any) any) []mutation {
	schema = d.resolve(schema)
	var out []mutation
	add := func(why string, v any) { out = append(out, mutation{path, why, v, wrap(v)}) }
	kinds := map[string]bool{}
	switch k := schema["type"].(type) {
	case string:
		kinds[k] = true
	case []any:
		for _, e := range k {
			kinds[e.(string)] = true
		}
	}
	if ro, _ := schema["readOnly"].(bool); ro {
		return nil
	}
	switch {
	case kinds["object"]:
		add("not an object", 7)
		props, _ := schema["properties"].(body)
		have, _ := base.(body)
		for name, p := range props {
			out = append(out, d.mutations(p.(body), path+"."+name, have[name], func(v any) any {
				m := body{}
				maps.Copy(m, have)
				m[name] = v
				return wrap(m)
			})...)
		}
		m := body{}
		maps.Copy(m, have)
		m["no_such_field"] = 1
		out = append(out, mutation{path + ".no_such_field", "unknown field", 1, wrap(m)})
	case kinds["array"]:
		add("not a list", "x")
		if n, ok := schema["maxItems"].(float64); ok {
			add("too many", make([]string, int(n)+1))
		}
		item := d.resolve(schema["items"].(body))
		var first any
		if l, ok := base.([]any); ok && len(l) > 0 {
			first = l[0]
		}
		out = append(out, d.mutations(item, path+"[0]", first, func(v any) any { return wrap([]any{v}) })...)
	case kinds["integer"], kinds["number"]:
		add("text", "seven")
		add("a list", []int{1})
		if kinds["integer"] {
			add("a fraction", 1.5)
		}
		if n, ok := schema["minimum"].(float64); ok {
			add("too small", n-1)
		}
		if n, ok := schema["maximum"].(float64); ok {
			add("too large", n+1)
			add("far too large", 1e300)
		}
	case kinds["boolean"]:
		add("text", "yes")
		add("a number", 1)
	case kinds["string"]:
		add("a number", 12345)
		add("an object", body{"a": 1})
		add("a zero byte", "a\x00b")
		add("a line break", "a\r\nb")
		add("64 KiB", strings.Repeat("x", 64<<10))
		add("unicode over the limit", strings.Repeat("日", 300))
		if p, ok := schema["pattern"].(string); ok || schema["enum"] != nil {
			for _, text := range []string{"<script>alert(1)</script>", "'; DROP TABLE accounts; --"} {
				if !ok || !regexp.MustCompile(p).MatchString(text) { // a password may be anything
					add("script", text)
				}
			}
			add("another alphabet", "ДЛ١٢٣")
		}
	default:
		d.t.Fatalf("%s: a schema that no test knows: %v", path, schema)
	}
	return out
}

// full bodies have every field, so that every field is reached.
func full(c company) map[string]body {
	out := bodies(c)
	destinations := []string{"101", "+31201234567"}
	out["create-account"] = body{"name": "Gamma", "enabled": true, "country": "NL", "language": "nl", "time_zone": "Europe/Amsterdam",
		"extension_length": 3, "area_code": "20", "caller_id": "+31201234567", "emergency_caller_id": "+31201234567", "call_limit": 5, "park_timeout": 60, "partner": number(c.params["partner"])}
	out["update-account"] = out["create-account"]
	forwards := body{"always": destinations, "busy": destinations, "no_answer": destinations}
	all := body{"unreachable": destinations, "rejected": destinations}
	maps.Copy(all, forwards)
	out["create-extension user"] = body{"number": "310", "name": "U", "kind": "user", "user": body{"pin": "9274", "language": "nl", "forwards": all, "assistant_group": number(c.params["privacy"]),
		"privacy": []body{{"group": number(c.params["privacy"]), "pickup": true, "park_retrieve": true, "blf": true, "listen": true, "notify": true, "notify_delay": 1.5}}}}
	out["create-extension group"] = body{"number": "311", "name": "G", "kind": "group", "group": body{"members": []string{"101"}, "forwards": forwards,
		"privacy": []body{{"group": number(c.params["privacy"]), "pickup": true, "notify": true, "notify_delay": 1.5}}}}
	out["create-extension ivr"] = body{"number": "312", "name": "I", "kind": "ivr", "ivr": body{"options": []body{{"digits": "1", "destination": "101", "prefix": "P"}}}}
	out["create-extension forward"] = body{"number": "313", "name": "F", "kind": "forward", "forward": body{"number": "0612345678", "caller_id": "called"}}
	out["create-extension auto_answer"] = body{"number": "314", "name": "A", "kind": "auto_answer", "auto_answer": body{"announcement": "welcome", "language": "nl"}}
	out["create-extension time"] = body{"number": "315", "name": "T", "kind": "time", "time": body{"failover": "101", "periods": []body{
		{"start_day": "friday", "end_day": "monday", "start_time": "22:00", "end_time": "06:00", "destination": "101", "description": "Night"}}}}
	out["create-extension limit"] = body{"number": "316", "name": "L", "kind": "limit", "limit": body{"calls": 2, "within": "101", "above": "+31201234567", "caller_id": "calling"}}
	out["create-extension location"] = body{"number": "317", "name": "W", "kind": "location", "location": body{"by": "postcode", "announcement": "welcome", "language": "nl", "tries": 2,
		"fallback": "101", "fallback_prefix": "F", "blocked": "101", "blocked_prefix": "B", "mobile": "+31201234567", "mobile_prefix": "M"}}
	out["create-extension authentication"] = body{"number": "318", "name": "A", "kind": "authentication", "authentication": body{"by": "pin", "welcome": "welcome", "failed": "welcome",
		"language": "nl", "fallback": "101", "fallback_prefix": "F", "entries": []body{{"key": "4712", "destination": "101", "prefix": "P"}}}}
	out["create-extension system"] = body{"number": "321", "name": "S", "kind": "system", "system": body{"function": "record-audio", "language": "nl"}}
	out["create-extension picker"] = body{"number": "319", "name": "P", "kind": "picker", "picker": body{"announcement": "welcome", "language": "nl", "ringback": true, "timeout": 4,
		"fallback": "101", "fallback_prefix": "F"}}
	out["create-extension queue"] = body{"number": "320", "name": "Q", "kind": "queue", "queue": body{"access": "closed", "language": "nl", "strategy": "random",
		"members":           []body{{"extension": "101", "ring_timeout": 9, "cool_down": 8, "weight": 7}},
		"announce_position": true, "announce_wait": true, "interval": 30, "ring_timeout": 20, "cool_down": 10, "weight": 5, "call_limit": 4, "breakout": "101",
		"music": false, "introduction": "welcome", "skip_introduction": true, "infotainment": []string{"welcome"}, "ringback": true, "second_call": true,
		"forward": destinations, "forward_after": 60, "individual_forwards": true, "no_agent": destinations, "service_level": 15}}
	out["create-extension ai"] = body{"number": "329", "name": "B", "kind": "ai", "ai": body{"uri": "sip:bot@192.0.2.1:5080;transport=tcp", "language": "nl", "answer": 5,
		"studio": "https://bots.example/edit/1", "fallback": "101", "fallback_prefix": "F"}}
	out["create-extension ai stream"] = body{"number": "330", "name": "B", "kind": "ai", "ai": body{"uri": "wss://bots.example/calls?token=x", "answer": 5, "studio": "https://bots.example/edit/1"}}
	out["create-recording-export"] = body{"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "user": "101", "number": "61", "direction": "inbound",
		"ids": []string{c.params["recording"]}}
	out["create-sftp-user"] = body{"name": "backup", "enabled": true, "keys": []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPXQm4zJpTHmYTqg8oXjFYXAxDp1sFJbSo3FdvkHQmC3 me"}}
	out["return-call"] = body{"destination": "101"}
	delete(out, "create-extension")
	out["create-platform-login"] = body{"email": "op@example.com", "name": "Op", "role": "partner", "partner": number(c.params["partner"]), "enabled": true, "password": "a long password"}
	out["create-token user"] = body{"name": "x", "role": "user", "user": "101"}
	out["copy-audio"] = body{"extension": c.params["location"], "place": "announcement", "key": "copied", "name": "Copied"}
	out["set-roster"] = body{"periods": []body{{"start_day": "mo", "start": "09:00", "end_day": "fr", "end": "24:00", "plan": 7}}}
	out["set-roster days"] = body{"periods": []body{{"days": []string{"mo", "su"}, "start": "22:00", "end": "06:00", "plan": 7}}}
	out["set-holidays"] = body{"holidays": []body{{"name": "Kerst", "start": "2026-12-24T17:00", "end": "2026-12-26T24:00", "plan": 7}}}
	out["update-devices"] = body{"linked": []string{c.params["channel"]}, "auto_login": []string{c.params["channel"]}}
	out["simulate-call"] = body{"number": "+31201234567", "caller": "101", "at": "2026-11-22T12:00:00Z", "digits": []any{"1"},
		"reactions": []any{body{"who": "101", "does": "busy", "within": 2}}}
	out["set-override"] = body{"mode": "temporary", "plan": 7}
	out["update-extension"] = body{"number": c.params["extension"], "name": "Sales", "kind": "group", "group": body{"members": []string{"101"}, "forwards": forwards}}
	return out
}

// Every field of every body, filled wrongly in every way that its schema rules out, is
// refused with an error that names it, and nothing is stored.
func TestBadInputNamesTheField(t *testing.T) {
	w := newWorld(t, true)
	d := readDocument(t, w)
	byID := make(map[string]operation)
	for _, o := range d.operations() {
		byID[o.id] = o
	}
	covered, count := make(map[string]bool), 0
	for name, in := range full(w.a) {
		id, kind, _ := strings.Cut(name, " ")
		o, ok := byID[id]
		if !ok {
			t.Fatalf("there is no operation %s", id)
		}
		covered[id] = true
		path := fill(t, o.path, w.a.params)
		version := w.version(w.a.id)
		base := roundTrip(t, in)
		for _, m := range d.mutations(o.request, "body", base, func(v any) any { return v }) {
			if other := strings.Split(strings.TrimPrefix(m.path, "body."), ".")[0]; kindField(other) && kind != "" && other != kind {
				continue // tried with the body of that kind
			}
			if id == "update-extension" && (strings.HasPrefix(m.path, "body.user") || strings.HasPrefix(m.path, "body.ivr")) {
				continue
			}
			count++
			r := w.do(w.operator, o.method, path, m.body)
			if r.status < 400 && m.why == "unicode over the limit" && strings.HasSuffix(m.path, "x") {
				continue
			}
			if r.status != 422 || !r.names(m.path) {
				t.Errorf("%s %s %s (%.60v): %d %.400s", name, m.path, m.why, m.value, r.status, r.raw)
			}
			if strings.Contains(string(r.raw), `"value"`) {
				t.Errorf("%s %s: the value is echoed: %.200s", name, m.path, r.raw)
			}
		}
		if v := w.version(w.a.id); v != version {
			t.Errorf("%s: something was stored", name)
		}
		// What is required is missed by name.
		req, _ := o.request["required"].([]any)
		for _, f := range req {
			if ro, _ := d.resolve(o.request["properties"].(body)[f.(string)].(body))["readOnly"].(bool); ro {
				continue
			}
			less := body{}
			maps.Copy(less, base.(body))
			delete(less, f.(string))
			if r := w.do(w.operator, o.method, path, less); r.status != 422 || !r.names("body."+f.(string)) {
				t.Errorf("%s without %s: %d %s", name, f, r.status, r.raw)
			}
		}
		for why, raw := range map[string]string{"no JSON": "{", "a list": "[]", "text": `"x"`, "null": "null", "nothing": "", "deep": strings.Repeat(`{"a":`, 50000)} {
			if r := w.do(w.operator, o.method, path, raw); r.status < 400 || r.status >= 500 {
				if id != "update-number" { // whose fields are all optional
					t.Errorf("%s with %s: %d %s", name, why, r.status, r.raw)
				}
			}
		}
		// The unharmed body is good, so that the refusals prove something.
		if r := w.do(w.operator, o.method, path, in); r.status >= 400 && id != "copy-plan" {
			t.Errorf("%s: the good body is refused: %d %s", name, r.status, r.raw)
		}
	}
	for id, o := range byID {
		if o.request != nil && !covered[id] {
			t.Errorf("%s: no body is tried", id)
		}
	}
	if count < 500 {
		t.Errorf("only %d wrong values", count)
	}
	t.Logf("%d wrong values", count)
}

func kindField(s string) bool {
	return slices.Contains([]string{"user", "group", "ivr", "forward", "auto_answer", "time", "limit", "location", "authentication", "picker", "queue", "voicemail", "system", "ai"}, s)
}

func roundTrip(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) version(id int64) (v int64) {
	w.t.Helper()
	if err := w.raw.QueryRow(w.t.Context(), `SELECT version FROM accounts WHERE id = $1`, id).Scan(&v); err != nil {
		w.t.Fatal(err)
	}
	return v
}

// What depends on more than one field.
func TestBadCombinations(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	p := w.a.params
	plan := acc + "/schemes/" + p["scheme"] + "/plans"
	ext := func(kind string, c body) body { return body{"number": "350", "kind": kind, kind: c} }
	for _, tc := range []struct {
		method, path string
		in           body
		status       int
		field        string
	}{
		{"POST", "/accounts", body{"name": "x", "country": "NL", "time_zone": "Europe/Atlantis"}, 422, "body.time_zone"},
		{"POST", "/accounts", body{"name": "x", "country": "NL", "time_zone": "Local"}, 422, "body.time_zone"},
		{"POST", "/accounts", body{"name": " x", "country": "NL"}, 422, "body.name"},
		{"PUT", acc, body{"name": "x", "country": "NL", "extension_length": 4, "emergency_caller_id": p["number"]}, 409, ""},
		{"POST", acc + "/extensions", body{"number": "12", "kind": "user"}, 422, "body.number"},
		{"POST", acc + "/extensions", body{"number": "1234", "kind": "user"}, 422, "body.number"},
		{"POST", acc + "/extensions", body{"number": "101", "kind": "user"}, 409, "body.number"},
		{"POST", acc + "/extensions", body{"number": "350", "kind": "group"}, 422, "body.group"},
		{"POST", acc + "/extensions", body{"number": "350", "kind": "ivr"}, 422, "body.ivr"},
		{"POST", acc + "/extensions", body{"number": "350", "kind": "user", "ivr": body{}}, 422, "body.ivr"},
		{"POST", acc + "/extensions", ext("user", body{"pin": "1111"}), 422, "body.user.pin"},
		{"POST", acc + "/extensions", ext("user", body{"pin": "1234"}), 422, "body.user.pin"},
		{"POST", acc + "/extensions", ext("user", body{"pin": "4321"}), 422, "body.user.pin"},
		{"POST", acc + "/extensions", ext("user", body{"pin": "7890"}), 422, "body.user.pin"},
		{"POST", acc + "/extensions", ext("user", body{"pin": "00000"}), 422, "body.user.pin"},
		{"POST", acc + "/extensions", ext("user", body{"forwards": body{"busy": []string{"101", "999"}}}), 422, "body.user.forwards.busy[1]"},
		{"POST", acc + "/extensions", ext("user", body{"forwards": body{"always": []string{"+31+20"}}}), 422, "body.user.forwards.always[0]"},
		{"POST", acc + "/extensions", ext("user", body{"forwards": body{"always": []string{strings.Repeat("1", 200)}}}), 422, "body.user.forwards.always[0]"},
		{"POST", acc + "/extensions", ext("group", body{"members": []string{"101", "999"}}), 422, "body.group.members[1]"},
		{"POST", acc + "/extensions", ext("group", body{"members": []string{p["extension"]}}), 422, "body.group.members[0]"},
		{"POST", acc + "/extensions", ext("group", body{"members": []string{"101", "101"}}), 422, "body.group.members[1]"},
		{"POST", acc + "/extensions", ext("group", body{"forwards": body{"rejected": []string{"101"}}}), 422, "body.group.forwards.rejected"},
		{"POST", acc + "/extensions", ext("ivr", body{"options": []body{{"digits": "12", "destination": "101"}}}), 422, "body.ivr.options[0].digits"},
		{"POST", acc + "/extensions", ext("ivr", body{"options": []body{{"digits": "1", "destination": "101"}, {"digits": "1", "destination": "101"}}}), 422, "body.ivr.options[1].digits"},
		{"POST", acc + "/extensions", ext("ivr", body{"options": []body{{"digits": "1", "destination": "888"}}}), 422, "body.ivr.options[0].destination"},
		{"POST", acc + "/extensions", ext("ivr", body{"fallback": "888"}), 422, "body.ivr.fallback"},
		{"POST", acc + "/extensions", ext("ivr", body{"announcement": "no-such-media"}), 422, "body.ivr.announcement"},
		{"POST", acc + "/extensions", ext("user", body{"privacy": []body{{"group": 999999}}}), 422, "body.user.privacy"},
		{"POST", acc + "/extensions", ext("user", body{"privacy": []body{{"group": number(w.b.params["privacy"])}}}), 422, "body.user.privacy"},
		{"POST", acc + "/extensions", ext("user", body{"privacy": []body{{"group": number(p["privacy"])}, {"group": number(p["privacy"])}}}), 422, "body.user.privacy[1].group"},
		{"POST", acc + "/extensions", ext("group", body{"privacy": []body{{"group": number(p["privacy"]), "listen": true}}}), 422, "body.group.privacy[0].listen"},
		{"POST", acc + "/privacy-groups", body{"name": "Reception"}, 409, "body.name"},
		{"POST", acc + "/privacy-groups", body{"name": "x", "members": []string{p["extension"]}}, 422, "body.members[0]"},
		{"POST", acc + "/privacy-groups", body{"name": "x", "members": []string{"101", "101"}}, 422, "body.members[1]"},
		{"POST", acc + "/extensions", ext("forward", body{"number": "12a"}), 422, "body.forward.number"},
		{"POST", acc + "/extensions", ext("forward", body{"number": "0612345678", "caller_id": "+31999999999"}), 422, "body.forward.caller_id"},
		{"POST", acc + "/extensions", ext("auto_answer", body{"announcement": "no-such-media"}), 422, "body.auto_answer.announcement"},
		{"POST", acc + "/extensions", ext("time", body{"failover": "888"}), 422, "body.time.failover"},
		{"POST", acc + "/extensions", ext("time", body{"failover": "101", "periods": []body{{"start_day": "monday", "end_day": "monday", "start_time": "08:00", "end_time": "08:00", "destination": "888"}}}), 422, "body.time.periods[0].end_time"},
		{"POST", acc + "/extensions", ext("time", body{"failover": "101", "periods": []body{{"start_day": "monday", "end_day": "monday", "start_time": "08:00", "end_time": "24:00", "destination": "888"}}}), 422, "body.time.periods[0].destination"},
		{"POST", acc + "/extensions", ext("limit", body{"calls": 0, "within": "101"}), 422, "body.limit.calls"},
		{"POST", acc + "/extensions", ext("limit", body{"calls": 1, "within": "888", "above": "x"}), 422, "body.limit.above"},
		{"POST", acc + "/extensions", ext("limit", body{"calls": 1, "within": "101", "caller_id": "+31999999999"}), 422, "body.limit.caller_id"},
		{"POST", acc + "/extensions", ext("location", body{"by": "caller", "fallback": "888"}), 422, "body.location.fallback"},
		{"POST", acc + "/extensions", ext("location", body{"by": "caller", "fallback": "101", "mobile": "x"}), 422, "body.location.mobile"},
		{"POST", acc + "/extensions", ext("authentication", body{"by": "pin", "fallback": "101", "entries": []body{{"key": "123", "destination": "101"}}}), 422, "body.authentication.entries[0].key"},
		{"POST", acc + "/extensions", ext("authentication", body{"by": "pin", "fallback": "101", "entries": []body{{"key": "1234", "destination": "101"}}}), 422, "body.authentication.entries[0].key"},
		{"POST", acc + "/extensions", ext("authentication", body{"by": "caller", "fallback": "101", "entries": []body{{"key": "020", "destination": "101"}, {"key": "+3120", "destination": "888"}}}), 422, "body.authentication.entries[1].key"},
		{"POST", acc + "/extensions", ext("authentication", body{"by": "caller", "fallback": "101", "entries": []body{{"key": "020", "destination": "888"}}}), 422, "body.authentication.entries[0].destination"},
		{"POST", acc + "/extensions", ext("authentication", body{"by": "caller", "fallback": "101", "welcome": "no-such-media"}), 422, "body.authentication.welcome"},
		{"POST", acc + "/extensions", ext("picker", body{"fallback": "101", "timeout": 0}), 422, "body.picker.timeout"},
		{"POST", acc + "/extensions", ext("picker", body{"fallback": "888"}), 422, "body.picker.fallback"},
		{"POST", acc + "/extensions", ext("queue", body{"strategy": "loudest"}), 422, "body.queue.strategy"},
		{"POST", acc + "/extensions", ext("queue", body{"strategy": "random", "members": []body{{"extension": "888"}}}), 422, "body.queue.members[0].extension"},
		{"POST", acc + "/extensions", ext("queue", body{"strategy": "random", "members": []body{{"extension": "101"}, {"extension": "101"}}}), 422, "body.queue.members[1].extension"},
		{"POST", acc + "/extensions", ext("queue", body{"strategy": "random", "forward_after": 5}), 422, "body.queue.forward"},
		{"POST", acc + "/extensions", ext("queue", body{"strategy": "random", "no_agent": []string{"888"}}), 422, "body.queue.no_agent[0]"},
		{"POST", acc + "/extensions", ext("queue", body{"strategy": "random", "breakout": "888"}), 422, "body.queue.breakout"},
		{"POST", acc + "/extensions", ext("queue", body{"strategy": "random", "introduction": "no-such-media"}), 422, "body.queue.introduction"},
		{"POST", acc + "/extensions", ext("queue", body{"strategy": "random", "infotainment": []string{"no-such-media"}}), 422, "body.queue.infotainment"},
		{"POST", acc + "/extensions", ext("queue", body{"strategy": "random", "infotainment": []string{"No"}}), 422, "body.queue.infotainment[0]"},
		{"PUT", acc + "/queues/777/agents/101", body{"active": true}, 404, ""},
		{"PUT", acc + "/extensions/101", body{"number": "101", "kind": "ivr", "ivr": body{}}, 422, "body.kind"},
		{"POST", acc + "/channels", body{"name": p["channel"]}, 409, "body.name"},
		{"POST", acc + "/channels", body{"name": w.b.params["channel"]}, 409, "body.name"},
		{"POST", acc + "/channels", body{"name": "phone-x", "user": p["extension"]}, 422, "body.user"},
		{"POST", acc + "/channels", body{"name": "phone-x", "user": "999"}, 422, "body.user"},
		{"POST", acc + "/channels", body{"name": "phone-x", "call_limit": 6}, 422, "body.call_limit"},
		{"POST", acc + "/numbers", body{"number": p["number"]}, 409, "body.number"},
		{"POST", acc + "/numbers", body{"number": w.b.params["number"]}, 409, "body.number"},
		{"POST", acc + "/numbers", body{"number": "+31201112223", "personal": p["extension"]}, 422, "body.personal"},
		{"PUT", acc + "/numbers/" + strings.ReplaceAll(p["number"], "+", "%2B"), body{"personal": "101"}, 422, "body.personal"},
		{"POST", acc + "/schemes", body{"name": "Second of Alpha"}, 409, "body.name"},
		{"POST", acc + "/schemes", body{"name": "New", "active": 3}, 422, "body.active"},
		{"PUT", acc + "/schemes/" + p["scheme"], body{"name": "New", "active": 3}, 422, "body.active"},
		{"POST", plan, body{"number": 7, "name": "x"}, 409, "body.number"},
		{"POST", plan, body{"number": 9, "name": "x", "entries": []body{{"number": "+31999999999", "destination": "101"}, {"number": p["number"], "destination": "999"}}}, 422, "body.entries[0].number"},
		{"POST", plan, body{"number": 9, "name": "x", "entries": []body{{"number": "+31999999999", "destination": "101"}, {"number": p["number"], "destination": "999"}}}, 422, "body.entries[1].destination"},
		{"POST", plan, body{"number": 9, "name": "x", "entries": []body{{"number": p["number"], "destination": "101"}, {"number": p["number"], "destination": "101"}}}, 422, "body.entries[1].number"},
		{"POST", plan + "/7/copy", body{"from": 50}, 422, "body.from"},
		{"POST", acc + "/tokens", body{"name": "x", "role": "operator"}, 422, "body.role"},
		{"POST", acc + "/tokens", body{"name": "x", "role": "admin", "expires_at": "2020-01-01T00:00:00Z"}, 422, "body.expires_at"},
		{"POST", "/tokens", body{"name": "x", "role": "admin"}, 422, "body.role"},
		{"POST", "/trunks", body{"name": p["trunk"], "country": "NL", "host": "a"}, 409, "body.name"},
		{"POST", "/trunks", body{"name": "x", "country": "NL", "host": "..."}, 422, "body.host"},
		{"POST", "/trunks", body{"name": "x", "country": "NL", "host": "a", "register": true}, 422, "body.username"},
		{"POST", "/trunks", body{"name": "x", "country": "NL", "host": "a", "secure": true}, 422, "body.transport"},
		{"POST", "/trunks", body{"name": "x", "country": "NL", "host": "a", "sources": []string{"10.0.0.0/8", "300.0.0.1"}}, 422, "body.sources[1]"},
		{"POST", "/trunks", body{"name": "x", "country": "NL", "host": "a", "account": 999999}, 422, "body.account"},
	} {
		r := w.do(w.operator, tc.method, tc.path, tc.in).want(tc.status)
		if tc.field != "" && !r.names(tc.field) {
			t.Errorf("%s %s %v: %s is not named: %s", tc.method, tc.path, tc.in, tc.field, r.raw)
		}
	}
}

// Names are stored and shown as they are, whatever the script; harm is for the page that
// shows them to prevent, and for this API not to be mistaken for a page.
func TestNamesOfEveryScript(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	for i, name := range []string{"<script>alert('x')</script>", "Ünïcødé 日本語 עברית 🎉", `"quotes" & <tags> \ %s {{.}}`, "Robert'); DROP TABLE accounts;--", strings.Repeat("é", 200)} {
		number := fmt.Sprint(500 + i)
		r := w.do(w.a.admin, "POST", acc+"/extensions", body{"number": number, "name": name, "kind": "user"}).want(201)
		got := w.do(w.a.admin, "GET", acc+"/extensions/"+number, nil).want(200)
		if r.str("name") != name || got.str("name") != name {
			t.Errorf("%q came back as %q", name, got.str("name"))
		}
		if ct := got.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", got.header)
		}
	}
}

func TestRequestLimits(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	w.do(w.a.admin, "POST", acc+"/extensions", `{"name":"`+strings.Repeat("x", 300<<10)+`"}`).want(413)
	for _, q := range []string{"limit=0", "limit=501", "limit=x", "cursor=x", "cursor=-1", "nonsense=1", "kind=robot"} {
		w.do(w.a.admin, "GET", acc+"/extensions?"+q, nil).want(422)
	}
	for _, q := range []string{"cursor=AAAA", "from=yesterday", "to=1"} {
		w.do(w.a.admin, "GET", acc+"/calls?"+q, nil).want(422)
	}
	w.do(w.a.admin, "GET", acc+"/calls/not-a-uuid", nil).want(422)
	w.do(w.a.admin, "GET", acc+"/extensions/abc", nil).want(422)
	w.do(w.operator, "GET", "/accounts/abc", nil).want(422)
	w.do(w.operator, "GET", "/accounts/0", nil).want(422)
	w.do(w.operator, "GET", "/accounts/999999", nil).want(404)
	w.do(w.operator, "GET", "/accounts/999999/channels", nil).want(404)
	w.do(w.operator, "GET", "/accounts/99999999999999999999", nil).want(422)
	w.do(w.operator, "GET", "/nothing", nil).want(404)
	w.do(w.operator, "PATCH", "/accounts", nil).want(405)
}

// number is a parameter as a number of JSON.
func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // of our own making
	return n
}
