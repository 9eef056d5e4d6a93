package asterisk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"callplane/controller/engine"
)

// maxAMILine and maxAMILines bound what one message of the manager may hold.
const (
	maxAMILine  = 64 << 10
	maxAMILines = 4096
)

// amiMessage is one message of the manager. A header that comes twice keeps its first
// value.
type amiMessage map[string]string

// readAMI reads one message: lines "Key: Value" up to an empty one. Lines without a colon
// are passed over.
func readAMI(r *bufio.Reader) (amiMessage, error) {
	m := amiMessage{}
	for range maxAMILines {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if line == "" {
			if len(m) == 0 {
				continue
			}
			return m, nil
		}
		k, v, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		k = strings.ToLower(strings.TrimSpace(k))
		if _, dup := m[k]; !dup {
			m[k] = strings.TrimSpace(v)
		}
	}
	return nil, errors.New("manager: message without end")
}

func readLine(r *bufio.Reader) (string, error) {
	var b []byte
	for {
		part, err := r.ReadSlice('\n')
		b = append(b, part...)
		if len(b) > maxAMILine {
			return "", errors.New("manager: line too long")
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
}

// amiConn is one connection to the manager. Replies are told apart by ActionID.
type amiConn struct {
	conn   net.Conn
	events func(amiMessage)
	done   chan struct{} // closed when the reader has ended

	mu      sync.Mutex
	err     error
	next    int
	waiting map[string]*amiWait
}

type amiWait struct {
	list []amiMessage
	// until is the event that ends the answer; empty: the response itself does.
	until string
	reply chan []amiMessage
}

// dialAMI connects and logs in. Events go to f on the reader's goroutine.
func dialAMI(ctx context.Context, addr, user, secret string, f func(amiMessage)) (*amiConn, error) {
	d := net.Dialer{}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("manager: %w", err)
	}
	r := bufio.NewReader(conn)
	if dl, ok := ctx.Deadline(); ok {
		_ = conn.SetReadDeadline(dl)
	}
	if _, err := readLine(r); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("manager: greeting: %w", err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	a := &amiConn{conn: conn, events: f, done: make(chan struct{}), waiting: map[string]*amiWait{}}
	go a.read(r)
	if _, err := a.action(ctx, "", "Action", "Login", "Username", user, "Secret", secret); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *amiConn) close() {
	_ = a.conn.Close()
	<-a.done
}

func (a *amiConn) read(r io.Reader) {
	defer close(a.done)
	br, ok := r.(*bufio.Reader)
	if !ok {
		br = bufio.NewReader(r)
	}
	var err error
	for {
		var m amiMessage
		if m, err = readAMI(br); err != nil {
			break
		}
		a.take(m)
	}
	_ = a.conn.Close()
	a.mu.Lock()
	a.err = err
	for id, w := range a.waiting {
		close(w.reply)
		delete(a.waiting, id)
	}
	a.mu.Unlock()
}

func (a *amiConn) take(m amiMessage) {
	a.mu.Lock()
	w := a.waiting[m["actionid"]]
	if w == nil {
		a.mu.Unlock()
		if m["event"] != "" {
			a.events(m)
		}
		return
	}
	w.list = append(w.list, m)
	over := m["response"] != "" && (w.until == "" || m["response"] != "Success")
	over = over || w.until != "" && m["event"] == w.until
	if over {
		delete(a.waiting, m["actionid"])
	}
	a.mu.Unlock()
	if over {
		w.reply <- w.list
	}
}

// amiReply is an action that was sent.
type amiReply struct {
	name, id string
	wait     *amiWait
}

// action sends an action and returns its answer: the response, and the events of a list up to the one named until.
func (a *amiConn) action(ctx context.Context, until string, headers ...string) ([]amiMessage, error) {
	p, err := a.send(until, headers...)
	if err != nil {
		return nil, err
	}
	return a.reply(ctx, p)
}

// amiAhead is how many actions of all are under way at a time.
const amiAhead = 64

// all sends actions one behind the other, without waiting for an answer before the next, and tells done of each that was carried out. After one
// that was not, no more are sent.
func (a *amiConn) all(ctx context.Context, actions [][]string, done func(i int)) error {
	for first := 0; first < len(actions); first += amiAhead {
		var sent []amiReply
		var failed error
		for _, headers := range actions[first:min(first+amiAhead, len(actions))] {
			p, err := a.send("", headers...)
			if err != nil {
				failed = err
				break
			}
			sent = append(sent, p)
		}
		for i, p := range sent {
			if _, err := a.reply(ctx, p); err == nil {
				done(first + i)
			} else if failed == nil {
				failed = err
			}
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

// send sends an action, whose answer is for reply.
func (a *amiConn) send(until string, headers ...string) (amiReply, error) {
	name := headers[1]
	fail := func(err error) (amiReply, error) { return amiReply{}, fmt.Errorf("manager %s: %w", name, err) }
	var b strings.Builder
	for i := 0; i+1 < len(headers); i += 2 {
		if strings.ContainsAny(headers[i+1], "\r\n\x00") {
			return fail(fmt.Errorf("%s: %w", headers[i], engine.ErrInvalid))
		}
		b.WriteString(headers[i] + ": " + headers[i+1] + "\r\n")
	}
	w := &amiWait{until: until, reply: make(chan []amiMessage, 1)}
	a.mu.Lock()
	if a.err != nil {
		a.mu.Unlock()
		return fail(engine.ErrDown)
	}
	a.next++
	id := strconv.Itoa(a.next)
	a.waiting[id] = w
	b.WriteString("ActionID: " + id + "\r\n\r\n")
	_ = a.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_, err := a.conn.Write([]byte(b.String()))
	if err != nil {
		delete(a.waiting, id)
	}
	a.mu.Unlock()
	if err != nil {
		_ = a.conn.Close() // half a command may be out
		return fail(fmt.Errorf("%w: %w", engine.ErrDown, err))
	}
	return amiReply{name, id, w}, nil
}

// reply waits for the answer to an action that was sent.
func (a *amiConn) reply(ctx context.Context, p amiReply) ([]amiMessage, error) {
	select {
	case list, ok := <-p.wait.reply:
		if !ok {
			return nil, fmt.Errorf("manager %s: %w", p.name, engine.ErrDown)
		}
		for _, m := range list {
			if m["response"] == "Error" {
				return list, fmt.Errorf("manager %s: %w: %s", p.name, engine.ErrRefused, m["message"])
			}
		}
		return list, nil
	case <-ctx.Done():
		// The late answer finds nobody waiting and is passed over.
		a.mu.Lock()
		delete(a.waiting, p.id)
		a.mu.Unlock()
		return nil, fmt.Errorf("manager %s: %w", p.name, ctx.Err())
	}
}

// manager is the connection of the moment.
func (e *Engine) manager() (*amiConn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.up || e.ami == nil {
		return nil, engine.ErrDown
	}
	return e.ami, nil
}
