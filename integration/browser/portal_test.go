// Package browser tries the portal as people do: in a browser, before the whole installation, with phones that hear
// what was set. README.md tells how to add a spec.
package browser

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"callplane/integration/installation"
)

// TestPortal runs the specs on the first engine that is installed, and those with phones on the other one, too.
func TestPortal(t *testing.T) {
	script := compile(t)
	binary := installation.Build(t)
	if *screenshots != "" {
		out, err := filepath.Abs(*screenshots)
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, "asterisk", binary, script)
		s.out = out
		s.run(t, "screenshots")
		return
	}
	seen := false
	for _, engine := range []string{"asterisk", "freeswitch"} {
		t.Run(engine, func(t *testing.T) {
			s := open(t, engine, binary, script)
			all := !seen
			seen = true
			for _, spec := range s.node.specs {
				if !spec.Maker && (all || spec.Phones) {
					t.Run(spec.Name, func(t *testing.T) {
						t.Parallel()
						s.run(t, spec.Name)
					})
				}
			}
		})
	}
}

// screenshots has TestPortal make pictures and nothing else, as make screenshots does.
var screenshots = flag.String("screenshots", "", "folder for a picture of every screen")

// chromium is Debian's; CHROMIUM names another.
func chromium(t *testing.T) string {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("Chromium is missing, deploy/deps.sh test installs it: %v", err)
	}
	return path
}

// pictures is where failed specs leave what was to be seen.
func pictures(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../.cache/browser")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
