package fsproc_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	fsconf "callplane/freeswitch-conf"
	"callplane/integration/fsproc"
)

func TestStartRestartStop(t *testing.T) {
	if _, err := fsproc.Find(); errors.Is(err, fsproc.ErrNotInstalled) {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	p, err := fsproc.Start(t.Context(), fsproc.Options{Dir: t.TempDir(), Settings: fsconf.Settings{HTTPURL: "http://127.0.0.1:1/none"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	before, err := p.API(t.Context(), "eval ${Core-UUID}")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(p.LogTail(100)) {
		// Nobody answers mod_xml_curl in this test.
		if (strings.Contains(line, "[ERR]") || strings.Contains(line, "[CRIT]")) && !strings.Contains(line, "mod_xml_curl") {
			t.Errorf("at start: %s", line)
		}
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
	after, err := p.API(t.Context(), "eval ${Core-UUID}")
	if err != nil {
		t.Fatal(err)
	}
	if before == after {
		t.Errorf("same core %q after a restart", after)
	}
}
