package api

import (
	"fmt"
	"strings"
	"testing"
)

// Paths and queries from people and programs that mean no good, or nothing at all.
func TestOddPathsAndQueries(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	odd := []string{"%00", "%ff%fe", "..", "%2e%2e%2f", "%2F", "a%2Fb", "%0d%0aX-Evil:%201", "%3Cscript%3E", "'%20OR%201=1--", "%F0%9F%98%80", strings.Repeat("x", 5000), "%2B", "+"}
	d := readDocument(t, w)
	for _, o := range d.operations() {
		for _, name := range []string{"account", "extension", "channel", "number", "scheme", "plan", "call", "token", "trunk"} {
			if !strings.Contains(o.path, "{"+name+"}") {
				continue
			}
			for _, v := range odd {
				params := map[string]string{}
				for k, x := range w.a.params {
					params[k] = x
				}
				path := fill(t, strings.ReplaceAll(o.path, "{"+name+"}", "\x01"), params)
				r := w.do(w.operator, o.method, strings.ReplaceAll(path, "\x01", v), o.in(t, w.a))
				if r.status < 400 || r.status >= 500 {
					t.Errorf("%s with %s=%.40s: %d %.200s", o.id, name, v, r.status, r.raw)
				}
				if r.header.Get("X-Evil") != "" || strings.Contains(string(r.raw), "SQLSTATE") || strings.Contains(string(r.raw), "encoding") {
					t.Errorf("%s with %s=%.40s: %.300s", o.id, name, v, r.raw)
				}
			}
		}
	}
	for _, v := range odd {
		for _, q := range []string{"name", "cursor", "limit"} {
			if r := w.do(w.operator, "GET", "/accounts?"+q+"="+v, nil); r.status >= 500 {
				t.Errorf("%s=%.40s: %d %s", q, v, r.status, r.raw)
			}
		}
		for _, path := range []string{"/extensions?kind=", "/channels?user=", "/numbers?user=", "/calls?from=", "/calls?cursor=", "/audit?cursor=", "/tokens?cursor=", "/next-extension?from="} {
			if r := w.do(w.operator, "GET", acc+path+v, nil); r.status >= 500 || strings.Contains(string(r.raw), "encoding") {
				t.Errorf("%s%.40s: %d %s", path, v, r.status, r.raw)
			}
		}
	}
}
