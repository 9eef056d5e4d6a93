package freeswitch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"callplane/controller/engine"
	"github.com/percipia/eslgo/command"
)

// conn is one connection to the event socket. A single goroutine reads it; commands are answered in
// the order in which they were written, so each waits for its reply in a queue that is appended under
// the lock that orders the writes. A command whose caller gave up keeps its place, so that its late reply
// is not taken for that of the next one.
type conn struct {
	nc      net.Conn
	onEvent func(*event) // may block: the socket then backs up into the engine's queue

	mu      sync.Mutex // orders writes and pending
	pending []chan message

	done chan struct{} // closed by the reader at the end
	err  error         // why; valid after done
}

// dialConn connects and authenticates within ctx's deadline. The reader is a goroutine of its own
// that ends with close; wait for done.
func dialConn(ctx context.Context, addr, password string, onEvent func(*event)) (*conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the event socket: %w", err)
	}
	c := &conn{nc: nc, onEvent: onEvent, done: make(chan struct{})}
	r := bufio.NewReaderSize(nc, 64<<10)
	if err := c.handshake(ctx, r, password); err != nil {
		nc.Close()
		return nil, fmt.Errorf("event socket %s: %w", addr, err)
	}
	go c.read(r)
	return c, nil
}

func (c *conn) handshake(ctx context.Context, r *bufio.Reader, password string) error {
	stop := context.AfterFunc(ctx, func() { _ = c.nc.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	m, err := readMessage(r)
	if err != nil {
		return fmt.Errorf("greeting: %w", errors.Join(err, ctx.Err()))
	}
	switch m.kind() {
	case "auth/request":
	case "text/rude-rejection":
		return fmt.Errorf("our address is not allowed: %s", strings.TrimSpace(m.body))
	default:
		return fmt.Errorf("greeting %q", m.kind())
	}
	if strings.ContainsAny(password, "\r\n") {
		return fmt.Errorf("%w: password", engine.ErrInvalid)
	}
	if _, err := fmt.Fprintf(c.nc, "%s\n\n", command.Auth{Password: password}.BuildMessage()); err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	if m, err = readMessage(r); err != nil {
		return fmt.Errorf("auth: %w", errors.Join(err, ctx.Err()))
	}
	if reply := m.head.raw("Reply-Text"); !strings.HasPrefix(reply, "+OK") {
		return fmt.Errorf("auth: %s", reply)
	}
	if !stop() {
		return ctx.Err() // the deadline may be set
	}
	return nil
}

func (c *conn) read(r *bufio.Reader) {
	defer close(c.done)
	defer c.nc.Close()
	for {
		m, err := readMessage(r)
		if err != nil {
			c.err = err
			return
		}
		switch m.kind() {
		case "text/event-plain":
			c.onEvent(parseEvent(m.body))
		case "command/reply", "api/response":
			if !c.reply(m) {
				// Whose it is can't be known: everything after would be mixed up.
				c.err = errors.New("event socket: a reply that nobody waits for")
				return
			}
		case "text/disconnect-notice":
			c.err = fmt.Errorf("event socket: %s", strings.TrimSpace(m.body))
			return
		}
		// Other kinds (log/data, of later versions) have their length and do no harm.
	}
}

func (c *conn) reply(m message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) == 0 {
		return false
	}
	c.pending[0] <- m // has room for the one reply
	c.pending = c.pending[1:]
	return true
}

// replyTime is how long the engine may take for one reply, whatever the whole is that it belongs to.
const replyTime = 10 * time.Second

// send writes one command and waits for its reply.
func (c *conn) send(ctx context.Context, text string) (message, error) {
	ctx, cancel := context.WithTimeout(ctx, replyTime)
	defer cancel()
	slot := make(chan message, 1)
	c.mu.Lock()
	// A write only blocks while the engine doesn't read at all.
	_ = c.nc.SetWriteDeadline(time.Now().Add(5 * time.Second))
	c.pending = append(c.pending, slot)
	_, err := c.nc.Write([]byte(text + "\n\n"))
	c.mu.Unlock()
	if err != nil {
		c.close() // half a command may be on its way
		return message{}, fmt.Errorf("%w: %w", engine.ErrDown, err)
	}
	select {
	case m := <-slot:
		return m, nil
	case <-ctx.Done():
		return message{}, ctx.Err()
	case <-c.done:
		select {
		case m := <-slot:
			return m, nil
		default:
		}
		return message{}, fmt.Errorf("%w: %w", engine.ErrDown, c.err)
	}
}

// poke writes an empty line, which the engine's reader skips: it wakes from its 20 ms poll and
// sends the events that are waiting. Between commands only, hence the lock.
func (c *conn) poke() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.nc.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_, err := c.nc.Write([]byte{'\n'})
	return err
}

func (c *conn) close() { _ = c.nc.Close() }

// api carries out an api command and gives what it printed.
func (c *conn) api(ctx context.Context, name, args string) (string, error) {
	if err := printable(name, args); err != nil {
		return "", err
	}
	m, err := c.send(ctx, command.API{Command: name, Arguments: args}.BuildMessage())
	if err != nil {
		return "", fmt.Errorf("api %s: %w", name, err)
	}
	return m.body, replyError("api "+name, m.body)
}

// command sends a message of eslgo's builders (which must have been given no line breaks) or a
// plain command.
func (c *conn) command(ctx context.Context, what, text string) (message, error) {
	m, err := c.send(ctx, text)
	if err != nil {
		return message{}, fmt.Errorf("%s: %w", what, err)
	}
	return m, replyError(what, m.head.raw("Reply-Text"))
}

// replyError makes the engine's refusals errors that callers tell apart.
func replyError(what, reply string) error {
	if !strings.HasPrefix(reply, "-ERR") && !strings.HasPrefix(reply, "-USAGE") {
		return nil
	}
	reply = strings.TrimSpace(reply)
	low := strings.ToLower(reply)
	for _, gone := range []string{"no such channel", "cannot locate session", "invalid session id", "invalid uuid", "no such session"} {
		if strings.Contains(low, gone) {
			return fmt.Errorf("%s: %w", what, engine.ErrNoLeg)
		}
	}
	return fmt.Errorf("%s: %w: %s", what, engine.ErrRefused, reply)
}

// printable refuses what would end a line, and with it start a command of its own.
func printable(values ...string) error {
	for _, v := range values {
		if i := strings.IndexFunc(v, func(r rune) bool { return r == '\r' || r == '\n' || r == 0 }); i >= 0 {
			return fmt.Errorf("%w: line break in %.40q", engine.ErrInvalid, v)
		}
	}
	return nil
}
