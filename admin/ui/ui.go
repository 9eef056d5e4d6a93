// Package ui is the portal: pages for the browser, built by make from TypeScript and part of the binary. They
// do everything through the API.
package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// file is a file of the portal, ready to be sent.
type file struct {
	plain, packed []byte
	kind          string
}

// Built tells whether the portal is in this binary.
func Built() bool {
	f, err := dist.Open("dist/index.html")
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// Handler serves the portal. Paths that are no files are pages, which the browser tells apart. A binary without the
// portal (go build without make) says so.
func Handler() http.Handler {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is in the binary
	}
	return serve(root)
}

func serve(root fs.FS) http.Handler {
	files := map[string]file{}
	policy := "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
	_ = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(root, name)
		if err == nil {
			files[name] = file{plain: b, packed: pack(b), kind: kindOf(name)}
		}
		if name == "index.html" {
			policy += "; script-src 'self'" + hashes(b)
		}
		return err
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "pages are read", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		// The component library puts styles into the page; scripts are files of ours, and what the page itself was built with.
		h.Set("Content-Security-Policy", policy)
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		f, ok := files[name]
		switch {
		case ok && strings.HasPrefix(name, "assets/"):
			h.Set("Cache-Control", "public, max-age=31536000, immutable") // their names have a hash of what they are
		case ok:
			h.Set("Cache-Control", "no-cache")
		case strings.HasPrefix(name, "assets/"):
			http.NotFound(w, r)
			return
		default:
			h.Set("Cache-Control", "no-cache")
			if f, ok = files["index.html"]; !ok {
				http.Error(w, "this binary was built without the portal: make build", http.StatusNotFound)
				return
			}
		}
		h.Set("Content-Type", f.kind)
		h.Add("Vary", "Accept-Encoding")
		content := f.plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && len(f.packed) < len(f.plain) {
			h.Set("Content-Encoding", "gzip")
			content = f.packed
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
}

// inline are the scripts in a page.
var inline = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// hashes names the scripts in a page for its policy, each after a space.
func hashes(page []byte) string {
	var out strings.Builder
	for _, script := range inline.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(script[1])
		out.WriteString(" 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
	}
	return out.String()
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one
	_, _ = z.Write(b)                                       // a buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

func kindOf(name string) string {
	if k := mime.TypeByExtension(path.Ext(name)); k != "" {
		return k
	}
	return "application/octet-stream"
}
