package freeswitch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callplane/controller/engine"
)

func TestReadMessage(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		kind string
		body string
		err  bool
	}{
		"plain":            {in: "Content-Type: auth/request\n\n", kind: "auth/request"},
		"body":             {in: "Content-Length: 5\nContent-Type: api/response\n\nhellorest", kind: "api/response", body: "hello"},
		"CRLF":             {in: "Content-Type: x\r\nContent-Length: 2\r\n\r\nab", kind: "x", body: "ab"},
		"lines in between": {in: "\n\n\nContent-Type: x\n\n", kind: "x"},
		"no colon":         {in: "what is this\nContent-Type: x\n\n", kind: "x"},
		"odd header":       {in: "variable_a(b): 1\n: empty\nContent-Type: x\n\n", kind: "x"},
		"lower case":       {in: "content-type: x\ncontent-length: 1\n\nz", kind: "x", body: "z"},
		"negative length":  {in: "Content-Length: -1\n\n", err: true},
		"length no number": {in: "Content-Length: x\n\n", err: true},
		"huge length":      {in: "Content-Length: 999999999999\n\n", err: true},
		"cut body":         {in: "Content-Length: 5\n\nab", err: true},
		"cut header":       {in: "Content-Type: x\n", err: true},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readMessage(bufio.NewReaderSize(strings.NewReader(c.in), 16))
			if (err != nil) != c.err {
				t.Fatalf("error %v", err)
			}
			if err == nil && (m.kind() != c.kind || m.body != c.body) {
				t.Errorf("%q %q", m.kind(), m.body)
			}
		})
	}
}

func TestEndlessInput(t *testing.T) {
	endless := func(unit string) io.Reader { return io.MultiReader(repeat{unit}) }
	for _, unit := range []string{"x", "a: b\n"} {
		if _, err := readMessage(bufio.NewReader(endless(unit))); err == nil {
			t.Errorf("endless %q was read", unit)
		}
	}
}

type repeat struct{ unit string }

func (r repeat) Read(p []byte) (int, error) {
	n := copy(p, strings.Repeat(r.unit, len(p)/len(r.unit)+1))
	return n - n%len(r.unit), nil
}

func TestParseEvent(t *testing.T) {
	ev := parseEvent("Event-Name: CUSTOM\nEvent-Subclass: sofia%3A%3Aregister\nvariable_a(b): x%20y\nvariable_bad: 100%\n" +
		"variable_plus: a+b\nUnique-ID: u\nContent-Length: 3\n\nabcdef")
	for got, want := range map[string]string{
		ev.name(): "sofia::register", ev.variable("a(b)"): "x y", ev.variable("bad"): "100%", ev.variable("plus"): "a+b",
		ev.channel(): "u", ev.body: "abc", ev.get("none"): "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func FuzzReadEvent(f *testing.F) {
	f.Add("Content-Length: 20\nContent-Type: text/event-plain\n\nEvent-Name: DTMF\n\n\n\n")
	f.Add("Content-Length: 99\n\nEvent-Name: X\nContent-Length: 1000\n\nabc")
	f.Add("\r\n: \nContent-Length:\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		r := bufio.NewReader(strings.NewReader(in))
		for range 1000 {
			m, err := readMessage(r)
			if err != nil {
				return
			}
			ev := parseEvent(m.body)
			_, _, _ = ev.name(), ev.channel(), ev.variable("x")
			if len(ev.body) > len(m.body) {
				t.Fatal("a body longer than its message")
			}
			for h := range ev.head.all() {
				if strings.Contains(h.name, "\n") || strings.Contains(h.value, "\n") {
					t.Fatalf("line break in %q", h)
				}
			}
		}
	})
}

// script is a fake event socket: it greets, authenticates, and hands every command to handle, whose result
// is written as it is.
func script(t *testing.T, greeting string, handle func(cmd string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, greeting)
		r := bufio.NewReader(c)
		cmd := ""
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				cmd += line + "\n"
				continue
			}
			if cmd == "" {
				continue // a poke
			}
			_, _ = io.WriteString(c, handle(strings.TrimSuffix(cmd, "\n")))
			cmd = ""
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

func auth(handle func(cmd string) string) func(string) string {
	return func(cmd string) string {
		if strings.HasPrefix(cmd, "auth ") {
			return "Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
		}
		return handle(cmd)
	}
}

const greeting = "Content-Type: auth/request\n\n"

func apiReply(text string) string {
	return fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n%s", len(text), text)
}

func dial(t *testing.T, addr string, onEvent func(*event)) *conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := dialConn(ctx, addr, "pw", onEvent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.close(); <-c.done })
	return c
}

// Replies belong to their commands, also when many are under way and some callers gave up.
func TestRepliesInOrder(t *testing.T) {
	hold := make(chan struct{})
	addr := script(t, greeting, auth(func(cmd string) string {
		if cmd == "api slow " {
			<-hold
		}
		return "Content-Length: 17\nContent-Type: text/event-plain\n\nEvent-Name: E\n\n\n" + "\n" + apiReply(cmd)
	}))
	events := make(chan *event, 10000)
	c := dial(t, addr, func(ev *event) { events <- ev })
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() { _, err := c.api(ctx, "slow", ""); gaveUp <- err }()
	for {
		c.mu.Lock()
		n := len(c.pending)
		c.mu.Unlock()
		if n == 1 {
			break
		}
		select {
		case <-c.done:
			t.Fatal(c.err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	close(hold)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				want := fmt.Sprintf("%d-%d", i, j)
				got, err := c.api(t.Context(), "echo", want)
				if err != nil || got != "api echo "+want {
					t.Errorf("%q %v, want %q", got, err, want)
					return
				}
				if err := c.poke(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(events); n != 1601 {
		t.Errorf("%d events", n)
	}
}

func TestReplyErrors(t *testing.T) {
	addr := script(t, greeting, auth(func(cmd string) string {
		switch cmd {
		case "api gone x":
			return apiReply("-ERR No such channel!\n")
		case "api no x":
			return apiReply("-ERR not today\n")
		case "api usage x":
			return apiReply("-USAGE: <x>\n")
		case "api bye x":
			return "Content-Type: text/disconnect-notice\nContent-Length: 4\n\nbye\n"
		case "api extra x":
			return apiReply("one") + apiReply("two")
		}
		return apiReply("ok")
	}))
	c := dial(t, addr, func(*event) {})
	for cmd, want := range map[string]error{"gone": engine.ErrNoLeg, "no": engine.ErrRefused, "usage": engine.ErrRefused, "fine": nil} {
		if _, err := c.api(t.Context(), cmd, "x"); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", cmd, err, want)
		}
	}
	for _, bad := range []string{"x\napi shutdown", "x\r", "\x00"} {
		if _, err := c.api(t.Context(), "echo", bad); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := c.api(t.Context(), "bye", "x"); !errors.Is(err, engine.ErrDown) {
		t.Errorf("after a disconnect notice: %v", err)
	}
	<-c.done
	if _, err := c.api(t.Context(), "fine", "x"); !errors.Is(err, engine.ErrDown) {
		t.Errorf("on a closed connection: %v", err)
	}
}

func TestUnexpectedReplyEndsTheConnection(t *testing.T) {
	addr := script(t, greeting, auth(func(string) string { return apiReply("one") + apiReply("two") }))
	c := dial(t, addr, func(*event) {})
	if out, err := c.api(t.Context(), "x", ""); err != nil || out != "one" {
		t.Fatal(out, err)
	}
	<-c.done
	if c.err == nil {
		t.Error("no reason")
	}
}

func TestDialRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		greeting string
		handle   func(string) string
		want     string
	}{
		"address":  {"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n\n", nil, "not allowed"},
		"password": {greeting, func(string) string { return "Content-Type: command/reply\nReply-Text: -ERR invalid\n\n" }, "invalid"},
		"other":    {"HTTP/1.1 400 Bad Request\nContent-Type: text/html\n\n", nil, "greeting"},
		"silent":   {"", nil, "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			addr := script(t, c.greeting, c.handle)
			limit := 20 * time.Second
			if name == "silent" {
				limit = 100 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if _, err := dialConn(ctx, addr, "pw", func(*event) {}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// The list of channels is written behind: it is asked for until it has as many as there are sessions.
func TestChannelsAreAsManyAsSessions(t *testing.T) {
	lists := []string{`{"row_count":0}`, `{"row_count":1,"rows":[{"uuid":"a"}]}`, `{"row_count":2,"rows":[{"uuid":"a"},{"uuid":"b"}]}`}
	addr := script(t, greeting, auth(func(cmd string) string {
		if strings.HasPrefix(cmd, "api status") {
			return apiReply("UP 0 years\n17 session(s) since startup\n2 session(s) - peak 5, last 5min 3 \n1000 session(s) max\n")
		}
		out := lists[0]
		lists = lists[1:]
		return apiReply(out)
	}))
	ids, err := channels(t.Context(), dial(t, addr, func(*event) {}))
	if err != nil || !slices.Equal(ids, []string{"a", "b"}) {
		t.Errorf("%v, %v", ids, err)
	}
}
