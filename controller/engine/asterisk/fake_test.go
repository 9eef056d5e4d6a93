package asterisk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"callplane/controller/engine"
)

// fake is an Asterisk that does what a test says: ARI with its websocket, and a manager.
type fake struct {
	t       *testing.T
	srv     *httptest.Server
	ami     net.Listener
	wg      sync.WaitGroup
	sockets chan *websocket.Conn

	mu       sync.Mutex
	attached sync.Cond // ws is there
	started  string
	channels string
	ws       *websocket.Conn
	amis     []net.Conn
	answers  map[string]func(w http.ResponseWriter) // "POST /channels/a/answer"
	asked    []string
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, started: "2026-01-01T00:00:00.000+0000", channels: "[]", answers: map[string]func(http.ResponseWriter){}, sockets: make(chan *websocket.Conn, 8)}
	f.attached.L = &f.mu
	f.srv = httptest.NewServer(http.HandlerFunc(f.serve))
	var err error
	if f.ami, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	f.wg.Go(f.manager)
	t.Cleanup(func() {
		f.cut()
		_ = f.ami.Close()
		f.srv.CloseClientConnections()
		f.srv.Close()
		f.wg.Wait()
	})
	return f
}

func (f *fake) manager() {
	for {
		c, err := f.ami.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.amis = append(f.amis, c)
		f.mu.Unlock()
		f.wg.Go(func() {
			defer func() { _ = c.Close() }()
			_, _ = io.WriteString(c, "Asterisk Call Manager/11.0.0\r\n")
			r := bufio.NewReader(c)
			for {
				m, err := readAMI(r)
				if err != nil {
					return
				}
				_, _ = fmt.Fprintf(c, "Response: Success\r\nActionID: %s\r\n\r\n", m["actionid"])
				switch m["action"] {
				case "PJSIPShowContacts":
					_, _ = fmt.Fprintf(c, "Event: ContactListComplete\r\nActionID: %s\r\n\r\n", m["actionid"])
				case "ExtensionStateList":
					_, _ = fmt.Fprintf(c, "Event: ExtensionStateListComplete\r\nActionID: %s\r\n\r\n", m["actionid"])
				}
			}
		})
	}
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	p := strings.TrimPrefix(r.URL.Path, "/ari")
	f.mu.Lock()
	f.asked = append(f.asked, r.Method+" "+p)
	answer := f.answers[r.Method+" "+p]
	started, channels := f.started, f.channels
	f.mu.Unlock()
	switch {
	case answer != nil:
		answer(w)
	case p == "/events":
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			f.t.Error(err)
			return
		}
		f.mu.Lock()
		f.ws = c
		f.attached.Broadcast()
		f.mu.Unlock()
		// Reading answers pings and notices the end.
		_, _, _ = c.Read(context.Background())
	case p == "/asterisk/info":
		_, _ = fmt.Fprintf(w, `{"status":{"startup_time":%q}}`, started)
	case p == "/channels":
		_, _ = io.WriteString(w, channels)
	case p == "/bridges":
		_, _ = io.WriteString(w, "[]")
	case strings.HasPrefix(p, "/events/user/"):
		_ = f.socket().Write(r.Context(), websocket.MessageText, []byte(`{"type":"ChannelUserevent","eventname":"`+strings.TrimPrefix(p, "/events/user/")+`"}`))
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(p, "/variable"):
		http.Error(w, `{"message":"Provided variable was not found"}`, http.StatusNotFound)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// socket is the event websocket; a driver can ask for an event before the server side of its new one is noted.
func (f *fake) socket() *websocket.Conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.ws == nil {
		f.attached.Wait()
	}
	return f.ws
}

func (f *fake) on(call string, answer func(http.ResponseWriter)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[call] = answer
}

func (f *fake) set(started, channels string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started, f.channels = started, channels
}

func (f *fake) send(format string, args ...any) {
	f.t.Helper()
	if err := f.socket().Write(f.t.Context(), websocket.MessageText, fmt.Appendf(nil, format, args...)); err != nil {
		f.t.Error(err)
	}
}

// cut ends both connections as a crash would.
func (f *fake) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ws != nil {
		_ = f.ws.CloseNow()
		f.ws = nil
	}
	for _, c := range f.amis {
		_ = c.Close()
	}
	f.amis = nil
}

// told collects what the driver tells.
type told struct {
	all chan string
}

func start(t *testing.T, f *fake) (*Engine, *told) {
	t.Helper()
	x := &told{all: make(chan string, 10000)}
	e := New(Config{
		Name: "fake", ARIAddr: strings.TrimPrefix(f.srv.URL, "http://"), AMIAddr: f.ami.Addr().String(),
		ARIUser: "u", ARIPassword: "p", AMIUser: "u", AMISecret: "p", MediaDir: t.TempDir(), RecordingDir: t.TempDir(),
		BackoffMin: time.Millisecond, BackoffMax: 5 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
	})
	sink := func(ev engine.Event) {
		switch ev := ev.(type) {
		case engine.DTMF:
			x.all <- fmt.Sprintf("%s DTMF %c", ev.ID, ev.Digit)
		case engine.Hangup:
			x.all <- fmt.Sprintf("%s Hangup %s", ev.ID, ev.Cause)
		default:
			x.all <- fmt.Sprintf("%s %T", ev.Leg(), ev)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- e.Run(ctx, engine.Handler{
			Incoming:     func(i engine.LegInfo) engine.Sink { x.all <- "incoming " + string(i.ID); return sink },
			Adopt:        func([]engine.LegState) map[engine.LegID]engine.Sink { return nil },
			Registered:   func([]engine.Registration) {},
			Registration: func(r engine.Registration) { x.all <- fmt.Sprintf("registration %d %s", r.Kind, r.User) },
			Connected:    func(up bool) { x.all <- fmt.Sprintf("connected %t", up) },
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	x.want(t, "connected true")
	return e, x
}

func (x *told) want(t *testing.T, list ...string) {
	t.Helper()
	for _, w := range list {
		select {
		case got := <-x.all:
			if got != w {
				t.Fatalf("told %q, want %q", got, w)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("never told %q", w)
		}
	}
}

const newCall = `{"type":"StasisStart","args":["in","uri=sip%%3A200%%40h"],"channel":{"id":%q,"state":"Ring","name":"PJSIP/x-1"}}`

func TestEventsKeepTheirOrder(t *testing.T) {
	f := newFake(t)
	_, x := start(t, f)
	f.send(newCall, "a")
	x.want(t, "incoming a")
	f.send(`{"type":"ChannelStateChange","channel":{"id":"a","state":"Up"}}`)
	f.send(`{"type":"ChannelStateChange","channel":{"id":"a","state":"Up"}}`)
	x.want(t, "a engine.Answered")
	digits := "0123456789*#ABCD"
	for i := range 2000 {
		f.send(`{"type":"ChannelDtmfReceived","digit":%q,"channel":{"id":"a"}}`, digits[i%16:i%16+1])
	}
	for i := range 2000 {
		x.want(t, "a DTMF "+digits[i%16:i%16+1])
	}
	f.send(`not json`)
	f.send(`{"type":"ChannelDestroyed","cause":16,"channel":{"id":"a"}}`)
	f.send(`{"type":"ChannelDestroyed","cause":16,"channel":{"id":"a"}}`)
	f.send(newCall, "b")
	x.want(t, "a Hangup normal", "incoming b")
}

func TestCommandErrors(t *testing.T) {
	f := newFake(t)
	e, x := start(t, f)
	f.send(newCall, "a")
	x.want(t, "incoming a")
	fail := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { http.Error(w, body, status) }
	}
	ring := "POST /channels/a/ring"
	for _, c := range []struct {
		status int
		body   string
		want   error
	}{
		{404, `{"message":"Channel not found"}`, engine.ErrNoLeg},
		{409, `{"message":"Channel not in Stasis application"}`, engine.ErrNoLeg},
		{412, `{"message":"Channel in invalid state"}`, engine.ErrState},
		{500, `<html>no JSON</html>`, engine.ErrRefused},
	} {
		f.on(ring, fail(c.status, c.body))
		err := e.Ring(t.Context(), "a")
		if !errors.Is(err, c.want) {
			t.Errorf("%d: %v, want %v", c.status, err, c.want)
		}
		if err != nil && !strings.Contains(err.Error(), "ring") {
			t.Errorf("%v does not name the command", err)
		}
	}
	release := make(chan struct{})
	f.on(ring, func(http.ResponseWriter) { <-release })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := e.Ring(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "ring") {
		t.Errorf("%v, want a deadline that names the command", err)
	}
	close(release)
	if err := e.Ring(t.Context(), "unknown"); !errors.Is(err, engine.ErrNoLeg) {
		t.Errorf("unknown leg: %v", err)
	}
}

func TestResyncComesBeforeNewEvents(t *testing.T) {
	f := newFake(t)
	e, x := start(t, f)
	f.send(newCall, "gone")
	f.send(newCall, "stays")
	x.want(t, "incoming gone", "incoming stays")
	up := `{"id":"stays","state":"Up","name":"PJSIP/x-2"}`
	f.set("2026-01-01T00:00:00.000+0000", "["+up+`,{"id":"new","state":"Ring","name":"PJSIP/x-3"}]`)
	// A call that begins between the connection and its list of channels is new, not one of an
	// earlier run, and is told once.
	f.on("GET /bridges", func(w http.ResponseWriter) {
		f.send(newCall, "new")
		f.send(`{"type":"ChannelStateChange","channel":%s}`, up)
		_, _ = io.WriteString(w, "[]")
	})
	f.cut()
	x.want(t, "connected false")
	got := map[string]int{}
	for i := range 3 {
		s := <-x.all
		got[s] = i
	}
	if _, a := got["gone Hangup cancelled"]; !a {
		t.Errorf("%v: the end of a leg was not worked out", got)
	}
	if n, b := got["stays engine.Answered"]; !b || n > 1 {
		t.Errorf("%v: the answer was not worked out before the connection was told", got)
	}
	if got["connected true"] != 2 {
		t.Errorf("%v", got)
	}
	x.want(t, "incoming new")
	if err := e.Ring(t.Context(), "gone"); !errors.Is(err, engine.ErrNoLeg) {
		t.Error(err)
	}
}

func TestEngineRestart(t *testing.T) {
	f := newFake(t)
	e, x := start(t, f)
	f.send(newCall, "a")
	x.want(t, "incoming a")
	f.set("2026-02-02T00:00:00.000+0000", "[]")
	f.cut()
	x.want(t, "connected false", "a Hangup engine-lost", "connected true")
	f.cut()
	x.want(t, "connected false")
	x.want(t, "connected true")
	if err := e.Answer(t.Context(), "a"); !errors.Is(err, engine.ErrNoLeg) {
		t.Error(err)
	}
}

func TestDown(t *testing.T) {
	e := New(Config{Name: "off", ARIAddr: "127.0.0.1:9", AMIAddr: "127.0.0.1:9"})
	if err := e.Answer(t.Context(), "a"); !errors.Is(err, engine.ErrDown) {
		t.Error(err)
	}
	if err := e.Originate(t.Context(), engine.Originate{ID: "x", Sink: func(engine.Event) {}, Target: engine.Target{Kind: engine.TargetURI, URI: "sip:1@h"}}); !errors.Is(err, engine.ErrDown) {
		t.Error(err)
	}
	if err := e.SetTrunks(t.Context(), nil); !errors.Is(err, engine.ErrDown) {
		t.Error(err)
	}
}

func TestRefusedAccountsAreTold(t *testing.T) {
	f := newFake(t)
	_, x := start(t, f)
	f.mu.Lock()
	c := f.amis[len(f.amis)-1]
	f.mu.Unlock()
	say := func(event, account, call string) {
		_, _ = fmt.Fprintf(c, "Event: %s\r\nService: PJSIP\r\nAccountID: %s\r\nSessionID: %s\r\nRemoteAddress: IPV4/UDP/127.0.0.1/5060\r\n\r\n", event, account, call)
	}
	say("InvalidAccountID", "999", "one")
	say("InvalidAccountID", "999", "one") // the same with credentials
	say("ChallengeResponseFailed", "<unknown>", "one")
	say("ChallengeResponseFailed", "101@demo.test", "two")
	x.want(t, "registration 4 999", "registration 4 101")
}

// Asterisk tells where a phone redirects to by itself, or, where that comes at once, by a hang-up handler alone.
func TestRedirectionThatComesAtOnce(t *testing.T) {
	f := newFake(t)
	e, _ := start(t, f)
	for i, c := range []struct{ tells, want string }{
		{`{"type":"ChannelUserevent","eventname":"redirected","channel":{"id":%q},"userevent":{"eventname":"redirected","to":"%%2A21%%23"}}`, "sip:%2A21%23@192.0.2.1"},
		{`{"type":"Dial","dialstatus":"CANCEL","forward":"PJSIP/out/sip:103@h","peer":{"id":%q}}`, "sip:103@h"},
		{`{"type":"ChannelUserevent","eventname":"else","channel":{"id":%q}}`, ""},
	} {
		id := fmt.Sprintf("0000000%d-0000-4000-8000-000000000000", i)
		over := make(chan engine.Hangup, 1)
		f.on("POST /channels/create", func(w http.ResponseWriter) {
			f.send(`{"type":"StasisStart","args":[],"channel":{"id":%q,"state":"Down"}}`, id)
			w.WriteHeader(http.StatusOK)
		})
		err := e.Originate(t.Context(), engine.Originate{ID: engine.LegID(id), Timeout: time.Minute, Target: engine.Target{Kind: engine.TargetURI, URI: "sip:101@192.0.2.1:4000"},
			Sink: func(ev engine.Event) {
				if h, ok := ev.(engine.Hangup); ok {
					over <- h
				}
			}})
		if err != nil {
			t.Fatal(err)
		}
		f.send(c.tells, id)
		f.send(`{"type":"ChannelDestroyed","cause":23,"tech_cause":302,"channel":{"id":%q}}`, id)
		if h := <-over; h.Cause != engine.CauseMoved || strings.Join(h.Redirect, " ") != c.want {
			t.Errorf("%s: %s, redirected to %q, want %q", c.tells, h.Cause, h.Redirect, c.want)
		}
	}
}
