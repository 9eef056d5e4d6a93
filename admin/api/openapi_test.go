package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

// operation of the OpenAPI document.
type operation struct {
	id, method, path string
	request          body // schema of the request body; nil: none
	file             bool // the body is a file
}

// document reads the OpenAPI document as a client does.
type document struct {
	t       *testing.T
	root    body
	schemas body
}

func readDocument(t *testing.T, w *world) *document {
	t.Helper()
	r := w.do("", "GET", "/openapi.json", nil)
	if r.status != http.StatusOK {
		t.Fatalf("openapi.json: %d %s", r.status, r.raw)
	}
	d := &document{t: t}
	if err := json.Unmarshal(r.raw, &d.root); err != nil {
		t.Fatal(err)
	}
	d.schemas = d.root["components"].(body)["schemas"].(body)
	return d
}

// resolve follows a reference.
func (d *document) resolve(schema body) body {
	if ref, ok := schema["$ref"].(string); ok {
		return d.schemas[strings.TrimPrefix(ref, "#/components/schemas/")].(body)
	}
	return schema
}

// operations are all but those by which people log in, which have tests of their own.
func (d *document) operations() []operation {
	var out []operation
	for path, item := range d.root["paths"].(body) {
		if strings.HasPrefix(path, Prefix+"/session") {
			continue
		}
		for method, o := range item.(body) {
			op := operation{method: strings.ToUpper(method), path: path + requiredQuery(d.t, o.(body)), id: o.(body)["operationId"].(string)}
			if rb, ok := o.(body)["requestBody"].(body); ok {
				if media, ok := rb["content"].(body)["application/json"].(body); ok {
					op.request = d.resolve(media["schema"].(body))
				} else {
					op.file = true
				}
			}
			out = append(out, op)
		}
	}
	if len(out) < 30 {
		d.t.Fatalf("only %d operations", len(out))
	}
	return out
}

// requiredQuery is the query without which an operation can't be asked, with parameters of paths.
func requiredQuery(t *testing.T, o body) string {
	values := map[string]string{"q": "zz", "id": "{recording}"}
	var out []string
	list, _ := o["parameters"].([]any)
	for _, x := range list {
		p := x.(body)
		if p["in"] != "query" || p["required"] != true {
			continue
		}
		name := p["name"].(string)
		if values[name] == "" {
			t.Fatalf("%s: no test knows a value for the query %s", o["operationId"], name)
		}
		out = append(out, name+"="+values[name])
	}
	if len(out) == 0 {
		return ""
	}
	return "?" + strings.Join(out, "&")
}

// bodies are valid for company c, by operation; a test fails for one that is not here.
func bodies(c company) map[string]body {
	p := c.params
	all := map[string]body{
		"create-account":            {"name": "Gamma", "country": "LV"},
		"update-account":            {"name": "Renamed", "country": "NL", "extension_length": 3, "emergency_caller_id": p["number"]},
		"create-extension":          {"number": "300", "name": "Menu", "kind": "ivr", "ivr": body{"options": []body{{"digits": "1", "destination": "101"}}, "fallback": "101"}},
		"update-extension":          {"number": p["extension"], "name": "Sales", "kind": "group", "group": body{"members": []string{"101"}}},
		"create-privacy-group":      {"name": "Desk"},
		"update-privacy-group":      {"name": "Reception", "members": []string{"101"}},
		"set-locations":             {"csv": "key,destination,prefix\n020,101,A\n"},
		"set-queue-agent":           {"active": true},
		"return-call":               {"destination": "101"},
		"rename-audio":              {"name": "Hello"},
		"copy-audio":                {"extension": p["location"]},
		"set-music-on-hold":         {"recordings": []string{"welcome"}},
		"set-extension-music":       {"recordings": []string{"welcome"}},
		"create-channel":            {"name": "new-phone-" + p["account"]},
		"update-channel":            {"name": p["channel"], "description": "Desk"},
		"update-outbound":           {"barred": []string{"mobile"}, "ip_listing": true, "allowed_addresses": []body{{"first": "192.0.2.1", "last": "192.0.2.9"}}},
		"update-user-outbound":      {"barred": []string{"mobile"}, "caller_ids": []body{{"code": "2", "number": p["number"]}}},
		"update-login-address":      {"address": "192.0.2.1"},
		"update-devices":            {},
		"create-number":             {"number": "+3130123456" + p["account"]},
		"update-number":             {},
		"create-scheme":             {"name": "Third"},
		"update-scheme":             {"name": "Second"},
		"create-plan":               {"number": 8, "name": "Closed"},
		"update-plan":               {"number": 7, "name": "Open", "entries": []body{{"number": p["number"], "destination": "101"}}},
		"copy-plan":                 {"from": 7},
		"set-roster":                {"periods": []body{}},
		"set-holidays":              {"holidays": []body{}},
		"simulate-call":             {"number": "+31201234567"},
		"set-override":              {"mode": "permanent", "plan": 8},
		"set-plan-entry":            {"destination": "101"},
		"create-token":              {"name": "x", "role": "admin"},
		"create-platform-token":     {"name": "x", "role": "operator"},
		"create-login":              {"email": "new-" + p["account"] + "@example.com", "name": "New", "role": "admin", "password": "a long password"},
		"update-login":              {"email": "ann-" + p["account"] + "@example.com", "name": "Ann B", "role": "user", "user": "101"},
		"create-platform-login":     {"email": "op-" + p["account"] + "@example.com", "name": "Op", "role": "operator"},
		"update-platform-login":     {"email": "boss-" + p["account"] + "@example.com", "name": "Boss", "role": "partner"},
		"create-partner":            {"name": "Reseller " + p["account"]},
		"update-partner":            {"name": "Partner of " + p["account"]},
		"create-recording-export":   {"number": "61"},
		"create-sftp-user":          {"name": "backup"},
		"update-sftp-user":          {"name": p["sftp"]},
		"update-message":            {"heard": true},
		"update-recording-settings": {"enabled": true, "indirect": true, "retention_days": 30},
		"update-reach":              {"forwards": body{"busy": []string{"101"}}},
		"set-pin":                   {"of": "phone", "pin": "8351"},
		"create-trunk":              {"name": "new-carrier", "country": "NL", "host": "sip.example.com"},
		"update-trunk":              {"name": p["trunk"], "country": "NL", "host": "sip.example.com"},
	}
	maps.Copy(all, orderBodies(c))
	return all
}

// in is the valid body of an operation.
func (o operation) in(t *testing.T, c company) any {
	t.Helper()
	switch {
	case o.file:
		return string(wav(time.Second, 700))
	case o.request == nil:
		return nil
	}
	b, ok := bodies(c)[o.id]
	if !ok {
		t.Fatalf("%s: no test knows a body for it", o.id)
	}
	return b
}

func TestOpenAPIIsComplete(t *testing.T) {
	w := newWorld(t, false)
	d := readDocument(t, w)
	if v, _ := d.root["openapi"].(string); !strings.HasPrefix(v, "3.1") {
		t.Errorf("OpenAPI %s", v)
	}
	ids := make(map[string]bool)
	for _, o := range d.operations() {
		if ids[o.id] {
			t.Errorf("%s is there twice", o.id)
		}
		ids[o.id] = true
		path, _, _ := strings.Cut(o.path, "?")
		raw := d.root["paths"].(body)[path].(body)[strings.ToLower(o.method)].(body)
		if raw["summary"] == nil || raw["tags"] == nil {
			t.Errorf("%s is not described", o.id)
		}
		if o.method == "GET" {
			continue
		}
		if o.request == nil && !o.file && o.method == "PUT" {
			t.Errorf("%s has no body", o.id)
		}
	}
	if y, err := OpenAPI(); err != nil || !strings.Contains(string(y), "list-extensions") {
		t.Errorf("the document as YAML: %v", err)
	}
}

// No operation, of whatever kind, gives a token of one account anything of another one; and
// the database holds that line itself.
func TestACC_01_CrossAccount(t *testing.T) {
	w := newWorld(t, true)
	d := readDocument(t, w)
	state := func() string {
		var version, audit int64
		if err := w.raw.QueryRow(t.Context(), `SELECT version, (SELECT count(*) FROM audit_log WHERE account_id = a.id) FROM accounts a WHERE id = $1`,
			w.b.id).Scan(&version, &audit); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(version, " ", audit)
	}
	before := state()
	for _, token := range []string{w.a.admin, w.a.readonly} {
		for _, o := range d.operations() {
			switch {
			case strings.Contains(o.path, "{account}"):
				r := w.do(token, o.method, fill(t, o.path, w.b.params), o.in(t, w.b)).want(404)
				if strings.Contains(string(r.raw), "Beta") {
					t.Errorf("%s tells about the other account: %s", o.id, r.raw)
				}
				// The other account's things under one's own account: none of them is there.
				if strings.Count(o.path, "{") == 1 {
					continue
				}
				mixed := make(map[string]string)
				for k, v := range w.b.params {
					mixed[k] = v
				}
				mixed["account"] = w.a.params["account"]
				r = w.do(token, o.method, fill(t, o.path, mixed), o.in(t, w.b))
				if r.status != 404 && r.status != 403 {
					t.Errorf("%s with the other account's id: %d %s", o.id, r.status, r.raw)
				}
				if token == w.a.admin && r.status == 403 && o.id != "delete-number" && !resellers[o.id] {
					t.Errorf("%s with the other account's id: %d %s", o.id, r.status, r.raw)
				}
			case o.id == "search": // it shows each what is their own
				if r := w.do(token, "GET", "/search?q=Be", nil).want(200); strings.Contains(string(r.raw), "Beta") {
					t.Errorf("a search tells about the other account: %s", r.raw)
				}
			case o.id == "list-accounts":
				items := w.do(token, "GET", "/accounts", nil).want(200).items()
				if len(items) != 1 || items[0]["id"] != float64(w.a.id) {
					t.Errorf("accounts: %v", items)
				}
			default:
				w.do(token, o.method, fill(t, o.path, w.b.params), o.in(t, w.b)).want(403)
			}
		}
	}
	// Bodies that name the other account's things: they are not there.
	own := fmt.Sprintf("/accounts/%d", w.a.id)
	b := w.b.params
	for path, in := range map[string]body{
		"/extensions": {"number": "400", "kind": "group", "group": body{"members": []string{b["extension"]}}},
		"/channels":   {"name": "other-1", "user": b["extension"]},
	} {
		w.do(w.a.admin, "POST", own+path, in).want(422)
	}
	plan := fmt.Sprintf("%s/schemes/%s/plans/%s", own, w.a.params["scheme"], w.a.params["plan"])
	w.do(w.a.admin, "PUT", plan, body{"number": 7, "name": "Open", "entries": []body{{"number": b["number"], "destination": "101"}}}).want(422)
	w.do(w.a.admin, "PUT", plan+"/entries/"+strings.ReplaceAll(b["number"], "+", "%2B"), body{"destination": "101"}).want(404)
	if after := state(); after != before {
		t.Errorf("the other account changed: %s, was %s", after, before)
	}
	// The same requests do work for who may: the matrix above proves something.
	for _, o := range d.operations() {
		if strings.Contains(o.path, "{account}") && o.method == "GET" && !resellers[o.id] {
			w.do(w.b.readonly, "GET", fill(t, o.path, w.b.params), nil).want(200)
		}
	}
}

func TestAuthentication(t *testing.T) {
	w := newWorld(t, true)
	d := readDocument(t, w)
	revoked := w.do(w.operator, "POST", fmt.Sprintf("/accounts/%d/tokens", w.a.id), body{"name": "gone", "role": "admin"}).want(201)
	w.do(w.a.admin, "DELETE", fmt.Sprintf("/accounts/%d/tokens/%d", w.a.id, revoked.num("id")), nil).want(204)
	expired := w.do(w.operator, "POST", "/tokens", body{"name": "old", "role": "operator"}).want(201)
	if _, err := w.raw.Exec(t.Context(), `UPDATE api_tokens SET expires_at = now() - interval '1 second' WHERE id = $1`, expired.num("id")); err != nil {
		t.Fatal(err)
	}
	for _, o := range d.operations() {
		for name, token := range map[string]string{
			"none": "", "unknown": "cpt_nonsense", "revoked": revoked.str("token"), "expired": expired.str("token"),
			"long": strings.Repeat("x", 5000),
		} {
			r := w.do(token, o.method, fill(t, o.path, w.a.params), o.in(t, w.a))
			if r.want(401).header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s: no challenge (%s)", o.id, name)
			}
		}
		if o.method != "GET" && strings.Contains(o.path, "{account}") {
			w.do(w.a.readonly, o.method, fill(t, o.path, w.a.params), o.in(t, w.a)).want(403)
		}
	}
	r := w.do("", "GET", "/accounts", nil, "Authorization", "Basic "+w.operator).want(401)
	if strings.Contains(string(r.raw), w.operator) {
		t.Error("the token is echoed")
	}
}
