package freeswitch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// Bounds of what the event socket may send. An event with every channel variable of a
// conversation has some 20 KB; `show channels` of 10,000 legs some 10 MB.
const (
	maxLine = 1 << 20
	maxBody = 64 << 20
)

// field is one header line: a name and its value as sent.
type field struct{ name, value string }

// fields are the header lines of a message in the order in which they came.
type fields []field

// raw gives the first value of name as sent, empty if there is none.
func (f fields) raw(name string) string {
	for i := range f {
		if f[i].name == name {
			return f[i].value
		}
	}
	for i := range f {
		if strings.EqualFold(f[i].name, name) {
			return f[i].value
		}
	}
	return ""
}

// message is one unit of the event socket's protocol: header lines, an empty line, and as many
// bytes of body as Content-Length says.
type message struct {
	head fields
	body string
}

func (m message) kind() string { return m.head.raw("Content-Type") }

// readMessage reads one message. It takes what it can: lines without a colon and unknown
// headers are no errors, a wrong length or an endless line are.
func readMessage(r *bufio.Reader) (message, error) {
	var m message
	for {
		line, err := readLine(r)
		if err != nil {
			return message{}, err
		}
		if line == "" {
			if len(m.head) == 0 {
				continue // between messages
			}
			break
		}
		if f, ok := splitField(line); ok {
			m.head = append(m.head, f)
		}
		if len(m.head) > 1000 {
			return message{}, errors.New("event socket: endless header")
		}
	}
	v := m.head.raw("Content-Length")
	if v == "" {
		return m, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > maxBody {
		return message{}, fmt.Errorf("event socket: Content-Length %q", v)
	}
	if m.body, err = readBody(r, n); err != nil {
		return message{}, fmt.Errorf("event socket: body: %w", err)
	}
	return m, nil
}

// readBody takes n bytes. What fits into the reader's buffer, as every event does, is copied once; the memory
// for more grows with what has really come.
func readBody(r *bufio.Reader, n int) (string, error) {
	if n <= r.Size() {
		b, err := r.Peek(n)
		if err != nil {
			return "", err
		}
		text := string(b)
		_, err = r.Discard(n)
		return text, err
	}
	var b strings.Builder
	_, err := io.CopyN(&b, r, int64(n))
	return b.String(), err
}

func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if err == nil && line == nil {
			return string(bytes.TrimRight(part, "\r\n")), nil
		}
		line = append(line, part...)
		if err == nil {
			return string(bytes.TrimRight(line, "\r\n")), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", err
		}
		if len(line) > maxLine {
			return "", errors.New("event socket: endless line")
		}
	}
}

func splitField(line string) (field, bool) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" {
		return field{}, false
	}
	return field{name, strings.TrimPrefix(value, " ")}, true
}

// event is an event, or a dump of a channel, as its text: of some two hundred lines a handful is
// looked at, so they are found when asked for.
type event struct {
	head lines
	body string
}

// lines are header lines in the order in which they came.
type lines string

// all gives the lines that have a name, values as sent.
func (ls lines) all() iter.Seq[field] {
	return func(yield func(field) bool) {
		for line := range strings.SplitSeq(string(ls), "\n") {
			if f, ok := splitField(strings.TrimSuffix(line, "\r")); ok && !yield(f) {
				return
			}
		}
	}
}

// raw gives the first value of name as sent, empty if there is none. Names that differ in case are second best.
func (ls lines) raw(name string) string {
	second := ""
	for rest, more := string(ls), true; more; {
		var line string
		line, rest, more = strings.Cut(rest, "\n")
		// Of some two hundred lines nearly all are of another length.
		if len(line) <= len(name) || line[len(name)] != ':' {
			continue
		}
		if exact := line[:len(name)] == name; exact || second == "" && strings.EqualFold(line[:len(name)], name) {
			f, _ := splitField(strings.TrimSuffix(line, "\r"))
			if exact {
				return f.value
			}
			second = f.value
		}
	}
	return second
}

// parseEvent takes the body of a text/event-plain message: lines to the first empty one, and a body.
func parseEvent(text string) *event {
	ev := &event{}
	for rest := text; ; {
		line, after, more := strings.Cut(rest, "\n")
		if strings.TrimSuffix(line, "\r") == "" {
			ev.head, text = lines(text[:len(text)-len(rest)]), after
			break
		}
		if rest = after; !more {
			ev.head, text = lines(text), ""
			break
		}
	}
	if v := ev.head.raw("Content-Length"); v != "" {
		// The length bounds the body, it can't stretch it.
		if n, err := strconv.Atoi(v); err == nil && n >= 0 {
			ev.body = text[:min(n, len(text))]
		}
	}
	return ev
}

// get gives the decoded value of a header, empty if absent.
//
// It is a copy: what is kept of an event must not keep all of it.
func (ev *event) get(name string) string { return strings.Clone(decode(ev.head.raw(name))) }

// variable gives a channel variable.
func (ev *event) variable(name string) string { return ev.get("variable_" + name) }

func (ev *event) name() string {
	if n := ev.head.raw("Event-Name"); n != "CUSTOM" {
		return n
	}
	return ev.get("Event-Subclass")
}

func (ev *event) channel() string { return ev.head.raw("Unique-ID") }

// decode undoes the URL encoding of event values. What is not validly encoded stays as it is.
func decode(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	d, err := url.PathUnescape(s)
	if err != nil {
		return s
	}
	return d
}
