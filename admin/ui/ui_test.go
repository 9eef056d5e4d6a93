package ui

import (
	"compress/gzip"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestHandler(t *testing.T) {
	const page = "<html>portal<script>go()</script>"
	script := strings.Repeat("let a = 1;\n", 100)
	built := serve(fstest.MapFS{"index.html": {Data: []byte(page)}, "assets/a-1.js": {Data: []byte(script)}, ".gitkeep": {}})
	bare := serve(fstest.MapFS{".gitkeep": {}})
	for _, c := range []struct {
		name, method, path, accept string
		bare                       bool
		status                     int
		body, cache                string
	}{
		{"home", "GET", "/", "", false, 200, page, "no-cache"},
		{"a page", "GET", "/accounts/1/extensions", "", false, 200, page, "no-cache"},
		{"a file", "GET", "/assets/a-1.js", "", false, 200, script, "public, max-age=31536000, immutable"},
		{"a packed file", "GET", "/assets/a-1.js", "br, gzip", false, 200, script, "public, max-age=31536000, immutable"},
		{"an old file", "GET", "/assets/a-0.js", "", false, 404, "", ""},
		{"outside", "GET", "/../../etc/passwd", "", false, 200, page, "no-cache"},
		{"a change", "POST", "/", "", false, 405, "", ""},
		{"without the portal", "GET", "/", "", true, 404, "", ""},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		w := httptest.NewRecorder()
		h := built
		if c.bare {
			h = bare
		}
		h.ServeHTTP(w, r)
		var body io.Reader = w.Body
		if w.Header().Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		} else if strings.Contains(c.accept, "gzip") {
			t.Errorf("%s: not packed", c.name)
		}
		b, err := io.ReadAll(body)
		if w.Code != c.status || err != nil || c.body != "" && string(b) != c.body || c.cache != "" && w.Header().Get("Cache-Control") != c.cache {
			t.Errorf("%s: %d %q %q, %v", c.name, w.Code, b, w.Header().Get("Cache-Control"), err)
		}
		policy := w.Header().Get("Content-Security-Policy")
		if c.status == 200 && (!strings.Contains(policy, "default-src 'self'") || !strings.Contains(policy, "script-src 'self' 'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw='")) {
			t.Errorf("%s: policy %q", c.name, policy)
		}
	}
}
