package api

import (
	"fmt"
	"strings"
	"testing"

	"callplane/store"
)

func TestSFTPUsers(t *testing.T) {
	w := newWorld(t, true)
	path := fmt.Sprintf("/accounts/%d/sftp-users", w.a.id)
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPXQm4zJpTHmYTqg8oXjFYXAxDp1sFJbSo3FdvkHQmC3"
	r := w.do(w.a.admin, "POST", path, body{"name": "backup", "keys": []string{key + " me@example.com"}}).want(201)
	login := fmt.Sprintf("%d-backup", w.a.id)
	if r.str("login") != login || r.body["has_password"] != false || r.body["enabled"] != true || r.body["keys"].([]any)[0] != key {
		t.Errorf("%s", r.raw)
	}
	w.do(w.a.admin, "POST", path, body{"name": "backup"}).want(409)
	for bad, in := range map[string]body{
		"body.name":    {"name": "Back Up"},
		"body.keys[1]": {"name": "x", "keys": []string{key, "ssh-ed25519 AAAA"}},
		"body.keys[0]": {"name": "x", "keys": []string{`command="sh" ` + key}},
	} {
		if r := w.do(w.a.admin, "POST", path, in).want(422); !r.names(bad) {
			t.Errorf("%s: %s", bad, r.raw)
		}
	}
	w.do(w.a.readonly, "POST", path+"/backup/password", nil).want(403)
	p := w.do(w.a.admin, "POST", path+"/backup/password", nil).want(201)
	if p.str("login") != login || len(p.str("password")) < 20 {
		t.Errorf("%s", p.raw)
	}
	find := func() *store.SFTPUser {
		t.Helper()
		u, _, err := w.db.FindSFTPUser(t.Context(), login)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	if !find().Password(p.str("password")) {
		t.Error("the password is another")
	}
	got := w.do(w.a.readonly, "GET", path+"/backup", nil).want(200)
	if got.body["has_password"] != true || strings.Contains(string(got.raw), p.str("password")) {
		t.Errorf("%s", got.raw)
	}
	w.do(w.a.admin, "PUT", path+"/backup", body{"name": "backup"}, "If-Match", r.header.Get("ETag")).want(412)
	w.do(w.a.admin, "PUT", path+"/backup", body{"name": "backup", "enabled": true}, "If-Match", got.header.Get("ETag")).want(200)
	if u := find(); len(u.Keys) != 0 || !u.Password(p.str("password")) {
		t.Errorf("%+v", u)
	}
	w.do(w.a.admin, "DELETE", path+"/backup/password", nil).want(204)
	if find().HasPassword() {
		t.Error("the password is still there")
	}
	audit := w.do(w.a.admin, "GET", fmt.Sprintf("/accounts/%d/audit?limit=10", w.a.id), nil).want(200)
	if strings.Contains(string(audit.raw), p.str("password")) || !strings.Contains(string(audit.raw), `"secrets_changed":["password"]`) {
		t.Errorf("audit log: %s", audit.raw)
	}
	w.do(w.a.admin, "DELETE", path+"/backup", nil).want(204)
	w.do(w.a.admin, "GET", path+"/backup", nil).want(404)
}
