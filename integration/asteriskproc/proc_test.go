package asteriskproc

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestStartRestartStop(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := &Directory{}
	srv := httptest.NewServer(dir)
	defer srv.Close()
	o := Options{Dir: t.TempDir(), DieWithParent: true, WithTrunkPort: true}
	o.Settings.ControllerURL = srv.URL + "/token"
	p, err := Start(ctx, o)
	if errors.Is(err, ErrNotFetched) {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	out, err := p.Console(ctx, "pjsip show transports")
	if err != nil || !strings.Contains(out, "trunks-tcp") {
		t.Fatalf("transports: %v\n%s", err, out)
	}
	port, pid := p.Settings.SIPPort, p.Pid()
	if err := p.Restart(ctx, true); err != nil {
		t.Fatal(err)
	}
	if p.Settings.SIPPort != port || p.Pid() == pid || p.Pid() == 0 {
		t.Fatalf("restart: port %d pid %d", p.Settings.SIPPort, p.Pid())
	}
	p.Stop()
	if p.Pid() != 0 {
		t.Fatal("runs after Stop")
	}
}
