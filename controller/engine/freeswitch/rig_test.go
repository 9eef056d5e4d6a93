package freeswitch_test

import (
	"context"
	"crypto/md5" // RFC 2617 digests are MD5
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"callplane/controller/engine"
	"callplane/controller/engine/freeswitch"
	fsconf "callplane/freeswitch-conf"
	"callplane/integration/fsproc"
	"callplane/integration/phone"
	"github.com/google/uuid"
)

const domain = "acme.test"

// rig is a FreeSWITCH with a driver and a directory in which everybody's password is "secret-<user>".
type rig struct {
	t    *testing.T
	proc *fsproc.Proc
	mux  *swap
	*freeswitch.Engine
	stop func()

	mu    sync.Mutex
	calls chan *testLeg
	regs  chan engine.Registration
	adopt func([]engine.LegState) map[engine.LegID]engine.Sink
	up    chan bool
	list  [][]engine.Registration
	// refuse makes Incoming return no sink.
	first func(*testLeg)
}

// swap is an HTTP handler that can be replaced.
type swap struct {
	mu sync.Mutex
	h  http.Handler
}

func (s *swap) set(h http.Handler) { s.mu.Lock(); s.h = h; s.mu.Unlock() }
func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	h := s.h
	s.mu.Unlock()
	if h == nil {
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	}
	h.ServeHTTP(w, r)
}

func directory(w http.ResponseWriter, r *http.Request) {
	f := r.PostForm
	user, dom := f.Get("user"), f.Get("domain")
	if f.Get("action") != "sip_auth" || user == "" || strings.HasPrefix(user, "unknown") {
		fmt.Fprint(w, `<document type="freeswitch/xml"><section name="result"><result status="not found"/></section></document>`)
		return
	}
	sum := md5.Sum([]byte(user + ":" + dom + ":secret-" + user))
	fmt.Fprintf(w, `<document type="freeswitch/xml"><section name="directory"><domain name="%s"><user id="%s"><params><param name="a1-hash" value="%s"/></params></user></domain></section></document>`,
		dom, user, hex.EncodeToString(sum[:]))
}

// newRig starts an engine of its own.
func newRig(t *testing.T, mod ...func(*freeswitch.Config)) *rig {
	t.Helper()
	return newRigWith(t, fsconf.Settings{}, mod...)
}

func newRigWith(t *testing.T, s fsconf.Settings, mod ...func(*freeswitch.Config)) *rig {
	t.Helper()
	if _, err := fsproc.Find(); errors.Is(err, fsproc.ErrNotInstalled) {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	mux := &swap{}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: mux}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	s.HTTPURL, s.RTPStart, s.RTPEnd, s.SIPTrace = "http://"+ln.Addr().String()+"/fs/token", 24000, 25998, os.Getenv("FS_TRACE") != ""
	proc, err := fsproc.Start(t.Context(), fsproc.Options{Dir: t.TempDir(), Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() || os.Getenv("FS_TRACE") != "" {
			t.Log(proc.LogTail(4000))
		}
		_ = proc.Kill()
	})
	r := &rig{t: t, proc: proc, mux: mux, calls: make(chan *testLeg, 100), regs: make(chan engine.Registration, 1000)}
	r.start(mod...)
	return r
}

// start makes a driver and waits until it is connected.
func (r *rig) start(mod ...func(*freeswitch.Config)) {
	r.t.Helper()
	cfg := freeswitch.Config{Name: "fs", Addr: fmt.Sprintf("127.0.0.1:%d", r.proc.Settings.ESLPort), Password: r.proc.Settings.ESLPassword,
		Log: slog.New(slog.NewTextHandler(r.t.Output(), nil))}
	for _, m := range mod {
		m(&cfg)
	}
	r.Engine = freeswitch.New(cfg)
	r.up = make(chan bool, 100)
	r.mux.set(r.Engine.XMLHandler(http.HandlerFunc(directory)))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	e := r.Engine
	go func() {
		defer close(done)
		_ = e.Run(ctx, engine.Handler{
			Incoming: func(info engine.LegInfo) engine.Sink {
				l := newTestLeg(r, info.ID)
				l.info = info
				r.mu.Lock()
				first := r.first
				r.mu.Unlock()
				if first != nil {
					go first(l)
				}
				r.calls <- l
				return l.sink
			},
			Adopt: func(s []engine.LegState) map[engine.LegID]engine.Sink {
				if r.adopt != nil {
					return r.adopt(s)
				}
				return nil
			},
			Registered: func(all []engine.Registration) {
				r.mu.Lock()
				r.list = append(r.list, all)
				r.mu.Unlock()
			},
			Registration: func(x engine.Registration) { r.regs <- x },
			Connected:    func(up bool) { r.up <- up },
		})
	}()
	r.stop = sync.OnceFunc(func() { cancel(); <-done; r.mux.set(nil) })
	r.t.Cleanup(r.stop)
	r.waitUp(true)
}

func (r *rig) waitUp(want bool) {
	r.t.Helper()
	for {
		select {
		case up := <-r.up:
			if up == want {
				return
			}
		case <-time.After(20 * time.Second):
			r.t.Fatalf("no Connected(%t)\n%s", want, r.proc.LogTail(20))
		}
	}
}

func (r *rig) phone(user string, mod ...func(*phone.Config)) *phone.Phone {
	r.t.Helper()
	cfg := phone.Config{User: user, Password: "secret-" + user, Domain: domain, Registrar: fmt.Sprintf("127.0.0.1:%d", r.proc.Settings.SIPPort)}
	for _, m := range mod {
		m(&cfg)
	}
	p, err := phone.New(r.ctx(), cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = p.Close() })
	return p
}

func (r *rig) registered(user string, mod ...func(*phone.Config)) *phone.Phone {
	r.t.Helper()
	p := r.phone(user, mod...)
	r.ok(p.Register(r.ctx()))
	return p
}

func (r *rig) ctx() context.Context {
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	r.t.Cleanup(cancel)
	return ctx
}

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// call lets a phone dial and gives both ends.
func (r *rig) call(p *phone.Phone, number string) (*phone.Call, *testLeg) {
	r.t.Helper()
	c, err := p.Dial(r.ctx(), number, phone.DialOptions{})
	r.ok(err)
	select {
	case l := <-r.calls:
		return c, l
	case <-time.After(30 * time.Second):
		r.t.Fatal("no incoming leg")
		return nil, nil
	}
}

// originate calls an account.
func (r *rig) originate(user string, mod ...func(*engine.Originate)) *testLeg {
	r.t.Helper()
	l := newTestLeg(r, engine.LegID(uuid.NewString()))
	req := engine.Originate{ID: l.id, Target: engine.Target{Kind: engine.TargetAccount, User: user, Domain: domain},
		Caller: engine.Identity{Number: "100", Name: "Test"}, Timeout: 20 * time.Second, Sink: l.sink}
	for _, m := range mod {
		m(&req)
	}
	r.ok(r.Originate(r.ctx(), req))
	return l
}

// incoming waits for a call at a phone.
func (r *rig) incoming(p *phone.Phone) *phone.Call {
	r.t.Helper()
	select {
	case c := <-p.Incoming():
		return c
	case <-time.After(30 * time.Second):
		r.t.Fatal("no call at the phone")
		return nil
	}
}

// testLeg collects the events of a leg.
type testLeg struct {
	r    *rig
	id   engine.LegID
	info engine.LegInfo
	evs  chan engine.Event
}

func newTestLeg(r *rig, id engine.LegID) *testLeg {
	return &testLeg{r: r, id: id, evs: make(chan engine.Event, 1000)}
}

func (l *testLeg) sink(ev engine.Event) { l.evs <- ev }

// next gives the next event, which must be an E.
func next[E engine.Event](l *testLeg) E {
	l.r.t.Helper()
	var zero E
	select {
	case ev := <-l.evs:
		got, ok := ev.(E)
		if !ok {
			l.r.t.Fatalf("leg %s: %T %+v instead of %T", l.id, ev, ev, zero)
		}
		return got
	case <-time.After(30 * time.Second):
		l.r.t.Fatalf("leg %s: no %T", l.id, zero)
		return zero
	}
}
