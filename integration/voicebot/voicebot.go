// Package voicebot is a voice bot for tests: it takes media streams over websockets, hums, and hears tones.
package voicebot

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"callplane/integration/tone"
)

// Server is where bots are called.
type Server struct {
	http     http.Server
	listener net.Listener
	calls    chan *Call
	closing  chan struct{}
	done     chan struct{}
}

// Listen starts a server on an address of the machine itself.
func Listen() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("voice bot: %w", err)
	}
	s := &Server{listener: l, calls: make(chan *Call), closing: make(chan struct{}), done: make(chan struct{})}
	s.http.Handler = http.HandlerFunc(s.serve)
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // ends with Close
	}()
	return s, nil
}

// URL of the bot with this name.
func (s *Server) URL(name string) string {
	return "ws://" + s.listener.Addr().String() + "/" + name
}

// Close ends the server and what is left of its calls.
func (s *Server) Close() error {
	close(s.closing)
	err := s.http.Close()
	<-s.done
	return err
}

// Incoming waits for a call. Somebody must Answer or Refuse it.
func (s *Server) Incoming(ctx context.Context) (*Call, error) {
	select {
	case c := <-s.calls:
		return c, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("no call for the bot: %w", ctx.Err())
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c := &Call{URL: r.URL, verdict: make(chan int, 1), begun: make(chan error, 1), changed: make(chan struct{}), gone: make(chan struct{})}
	defer close(c.gone)
	select {
	case s.calls <- c:
	case <-r.Context().Done():
		return
	case <-s.closing:
		return
	}
	select {
	case status := <-c.verdict:
		if status != 0 {
			w.WriteHeader(status)
			return
		}
	case <-r.Context().Done():
		c.begun <- errors.New("the caller gave up")
		return
	case <-s.closing:
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		c.begun <- err
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer context.AfterFunc(r.Context(), cancel)()
	go func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	c.conn = conn
	first := true
	var hum sync.WaitGroup
	defer hum.Wait()
	defer cancel()
	for {
		kind, data, err := conn.Read(ctx)
		switch {
		case err != nil:
			c.update(func() { c.status = websocket.CloseStatus(err) })
			if first {
				c.begun <- err
			}
			return
		case first:
			first = false
			err := json.Unmarshal(data, &c.Start)
			if err == nil && c.Start["event"] != "start" {
				err = fmt.Errorf("the first message is %s", data)
			}
			c.begun <- err
			hum.Go(func() { c.hum(ctx) })
		case kind == websocket.MessageBinary:
			pcm := make([]int16, len(data)/2)
			for i := range pcm {
				pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
			}
			c.update(func() { c.heard = append(c.heard, pcm...) })
		default:
			var m map[string]string
			if json.Unmarshal(data, &m) == nil {
				c.update(func() { c.told = append(c.told, m) })
			}
		}
	}
}

// Call is a call that the bot was offered.
type Call struct {
	URL *url.URL // as it was asked for
	// Start is the first message, once answered.
	Start map[string]string

	conn    *websocket.Conn
	verdict chan int
	begun   chan error
	gone    chan struct{}

	mu      sync.Mutex
	changed chan struct{}
	hz      int
	heard   []int16
	told    []map[string]string
	status  websocket.StatusCode
}

func (c *Call) update(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// Refuse answers with an HTTP status.
func (c *Call) Refuse(status int) { c.verdict <- status }

// Answer takes the call, reads the first message and hums from then on; 0 Hz: it is silent.
func (c *Call) Answer(ctx context.Context, hz int) error {
	c.hz = hz
	c.verdict <- 0
	select {
	case err := <-c.begun:
		if err != nil {
			return fmt.Errorf("the bot answers: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the bot answers: %w", ctx.Err())
	}
}

// hum speaks in pieces as bots do, a little ahead.
func (c *Call) hum(ctx context.Context) {
	if c.hz == 0 {
		return
	}
	const piece = 200 * time.Millisecond
	voice := tone.NewGenerator(tone.DefaultLevel, float64(c.hz))
	tick := time.NewTicker(piece)
	defer tick.Stop()
	for {
		pcm := make([]int16, int(piece.Seconds()*tone.Rate))
		voice.Read(pcm)
		data := make([]byte, 0, 2*len(pcm))
		for _, v := range pcm {
			data = binary.LittleEndian.AppendUint16(data, uint16(v))
		}
		if c.conn.Write(ctx, websocket.MessageBinary, data) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// wait until something holds.
func (c *Call) wait(ctx context.Context, what string, ok func() bool) error {
	for {
		c.mu.Lock()
		done, changed := ok(), c.changed
		c.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-c.gone:
			c.mu.Lock()
			done = ok()
			c.mu.Unlock()
			if done {
				return nil
			}
			return fmt.Errorf("the bot waits for %s: the stream has ended", what)
		case <-ctx.Done():
			return fmt.Errorf("the bot waits for %s: %w", what, ctx.Err())
		}
	}
}

// Hears waits until just these tones are heard.
func (c *Call) Hears(ctx context.Context, hz ...int) error {
	var freqs []float64
	for _, f := range hz {
		freqs = append(freqs, float64(f))
	}
	w := tone.NewWatch(tone.Hold, tone.HasOnly(freqs...))
	c.mu.Lock()
	from := len(c.heard)
	c.mu.Unlock()
	return c.wait(ctx, fmt.Sprint(hz, " Hz"), func() bool {
		now := c.heard[from:]
		from = len(c.heard)
		return w.Feed(now)
	})
}

// Told waits for a message with this event and gives it.
func (c *Call) Told(ctx context.Context, event string) (m map[string]string, err error) {
	err = c.wait(ctx, "the event "+event, func() bool {
		i := slices.IndexFunc(c.told, func(m map[string]string) bool { return m["event"] == event })
		if i >= 0 {
			m = c.told[i]
			c.told = slices.Delete(c.told, i, i+1)
		}
		return i >= 0
	})
	return m, err
}

// Say sends a text message.
func (c *Call) Say(ctx context.Context, m map[string]string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return c.conn.Write(ctx, websocket.MessageText, text)
}

// Close hangs up by closing the websocket normally; Die breaks it off.
func (c *Call) Close() error { return c.conn.Close(websocket.StatusNormalClosure, "") }

// Die breaks the stream off.
func (c *Call) Die() error { return c.conn.CloseNow() }

// Ended waits for the end of the stream and gives the status with which it was closed; -1: without any.
func (c *Call) Ended(ctx context.Context) (websocket.StatusCode, error) {
	select {
	case <-c.gone:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.status, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("the stream goes on: %w", ctx.Err())
	}
}
