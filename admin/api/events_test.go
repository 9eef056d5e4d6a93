package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"callplane/dialplan"
)

// desks are streams as a controller has them: each begins with a snapshot, and ends unless it is held.
type desks struct {
	mu      sync.Mutex
	opened  []string
	readers int
	hold    chan any // events of streams that are opened while it is there; closed: they end
}

func (d *desks) open(account dialplan.AccountID, user string) (EventStream, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if user == "999" {
		return nil, errors.New("nobody")
	}
	d.opened = append(d.opened, fmt.Sprintf("%d/%s", account, user))
	d.readers++
	return &desk{d: d, hold: d.hold}, nil
}

type desk struct {
	d     *desks
	begun bool
	hold  chan any
}

func (s *desk) Next(ctx context.Context) (any, error) {
	if !s.begun {
		s.begun = true
		return EventSnapshot{Ringing: []RingingCall{}, States: []UserState{{Extension: "101", State: "busy"}}}, nil
	}
	if s.hold == nil {
		return nil, io.EOF
	}
	select {
	case ev, ok := <-s.hold:
		if !ok {
			return nil, io.EOF
		}
		return ev, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *desk) Close() {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.d.readers--
}

func TestTokensOfUsersSeeTheirEventsOnly(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	w.do(w.a.admin, "POST", acc+"/tokens", body{"name": "x", "role": "user"}).want(422)
	w.do(w.a.admin, "POST", acc+"/tokens", body{"name": "x", "role": "admin", "user": "101"}).want(422)
	if r := w.do(w.a.admin, "POST", acc+"/tokens", body{"name": "x", "role": "user", "user": w.a.params["extension"]}).want(422); !r.names("body.user") {
		t.Errorf("%s", r.raw)
	}
	made := w.do(w.a.admin, "POST", acc+"/tokens", body{"name": "Bo's desk", "role": "user", "user": w.a.params["user"]}).want(201)
	token := made.str("token")
	if made.str("user") != w.a.params["user"] {
		t.Errorf("made %s", made.raw)
	}
	for path, status := range map[string]int{
		"/events": 200, "/events?user=" + w.a.params["user"]: 200, "/events?user=101": 403, "/extensions": 403, "/calls": 403, "/tokens": 403,
	} {
		w.do(token, "GET", acc+path, nil).want(status)
	}
	w.do(token, "GET", fmt.Sprintf("/accounts/%d/events", w.b.id), nil).want(404)
	w.do(token, "GET", "/accounts", nil).want(403)
	w.do(w.a.admin, "GET", acc+"/events", nil).want(200)
	w.do(w.a.readonly, "GET", acc+"/events?user=101", nil).want(200)
	w.do(w.a.admin, "GET", acc+"/events?user=999", nil).want(404)
	want := fmt.Sprintf("%[1]d/ %[1]d/101 %[1]d/%[2]s", w.a.id, w.a.params["user"])
	for _, s := range strings.Fields(want) {
		if !strings.Contains(" "+strings.Join(w.events.opened, " ")+" ", " "+s+" ") {
			t.Errorf("opened %v, want %s among them", w.events.opened, s)
		}
	}
	// Without its user a token is nobody's.
	w.do(w.a.admin, "DELETE", acc+"/extensions/"+w.a.params["user"], nil).want(204)
	w.do(token, "GET", acc+"/events", nil).want(401)
}

func TestEventsAreSentAsTheyHappen(t *testing.T) {
	w := newWorld(t, true)
	w.events.hold = make(chan any)
	srv := httptest.NewUnstartedServer(w.h)
	srv.Config.ReadTimeout = 200 * time.Millisecond // of requests: streams live on
	srv.Start()
	defer srv.Close()
	get := func(ctx context.Context) *http.Response {
		req, err := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("%s%s/accounts/%d/events", srv.URL, Prefix, w.a.id), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+w.a.admin)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	res := get(t.Context())
	defer func() { _ = res.Body.Close() }()
	if ct := res.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Fatalf("content type %s", ct)
	}
	in := bufio.NewReader(res.Body)
	expect := func(lines ...string) {
		t.Helper()
		for _, want := range append(lines, "") {
			got, err := in.ReadString('\n')
			if err != nil || strings.TrimSuffix(got, "\n") != want {
				t.Fatalf("%q, %v, want %q", got, err, want)
			}
		}
	}
	expect("id: 1", "event: snapshot", `data: {"ringing":[],"states":[{"extension":"101","state":"busy"}]}`)
	w.events.hold <- RingingCall{Call: "c1", Over: []string{"101"}, Caller: "+31612345678", Name: "Jo\nX", Since: time.Unix(0, 0).UTC()}
	expect("id: 2", "event: ringing", `data: {"call":"c1","over":["101"],"caller":"+31612345678","name":"Jo\nX","since":"1970-01-01T00:00:00Z"}`)
	w.events.hold <- StoppedCall{Call: "c1", Reason: "answered", AnsweredBy: "101"}
	expect("id: 3", "event: stopped", `data: {"call":"c1","reason":"answered","answered_by":"101"}`)
	w.events.hold <- UserState{Extension: "101", State: "idle"}
	expect("id: 4", "event: state", `data: {"extension":"101","state":"idle"}`)

	// Readers that went away give their place back, and there are not too many of one token.
	ctx, cancel := context.WithCancel(t.Context())
	for range eventReaders - 1 {
		if r := get(ctx); r.StatusCode != http.StatusOK {
			t.Fatalf("status %d", r.StatusCode)
		}
	}
	if r := get(ctx); r.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("one too many: %d", r.StatusCode)
	}
	cancel()
	close(w.events.hold)
	if _, err := in.ReadString('\n'); !errors.Is(err, io.EOF) {
		t.Fatalf("the stream goes on: %v", err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		w.events.mu.Lock()
		n := w.events.readers
		w.events.mu.Unlock()
		if n == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d streams are left", n)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
