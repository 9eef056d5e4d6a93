package phone

import (
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Message is a SIP message as it was sent or received.
type Message struct {
	// Method of a request, or of the request that a response answers.
	Method string
	// Code and Reason of a response; 0 and empty for a request.
	Code   int
	Reason string
	// URI is the request URI.
	URI  string
	Body string
	// At is when it was sent or received.
	At      time.Time
	headers []sip.Header
}

// Header returns the first value of a header, case-insensitively, or "".
func (m Message) Header(name string) string {
	if v := m.Headers(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// Headers returns all values of a header.
func (m Message) Headers(name string) []string {
	var values []string
	for _, h := range m.headers {
		if strings.EqualFold(h.Name(), name) {
			values = append(values, h.Value())
		}
	}
	return values
}

func requestMessage(req *sip.Request) Message {
	return Message{Method: string(req.Method), URI: req.Recipient.String(), Body: string(req.Body()), At: time.Now(), headers: req.CloneHeaders()}
}

func responseMessage(res *sip.Response) Message {
	m := Message{Code: res.StatusCode, Reason: res.Reason, Body: string(res.Body()), At: time.Now(), headers: res.CloneHeaders()}
	if cseq := res.CSeq(); cseq != nil {
		m.Method = string(cseq.MethodName)
	}
	return m
}

// StatusError is a SIP request or call that was refused.
type StatusError struct {
	Method string
	Code   int
	Reason string
	// ReasonHeaders are the values of its Reason headers (RFC 3326), where it had any.
	ReasonHeaders []string
	// Contact of a redirection (3xx).
	Contact string
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s: %d %s", e.Method, e.Code, e.Reason)
	if len(e.ReasonHeaders) > 0 {
		s += " (" + strings.Join(e.ReasonHeaders, ", ") + ")"
	}
	return s
}

func statusError(res *sip.Response) *StatusError {
	m := responseMessage(res)
	return &StatusError{Method: m.Method, Code: m.Code, Reason: m.Reason, ReasonHeaders: m.Headers("Reason"), Contact: m.Header("Contact")}
}

type headerGetter interface {
	GetHeader(name string) sip.Header
	GetHeaders(name string) []sip.Header
}

func headerValue(m headerGetter, name string) string {
	if h := m.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}

func headerValues(m headerGetter, name string) []string {
	var v []string
	for _, h := range m.GetHeaders(name) {
		v = append(v, h.Value())
	}
	return v
}

func copyHeader(dst *sip.Request, src *sip.Request, name string) {
	for _, h := range src.GetHeaders(name) {
		dst.AppendHeader(sip.NewHeader(h.Name(), h.Value()))
	}
}

func cutSpace(s string) (before, after string, ok bool) {
	return strings.Cut(strings.TrimSpace(s), " ")
}

// mediaType is the Content-Type without parameters, in lower case.
func mediaType(m headerGetter) string {
	t, _, _ := strings.Cut(headerValue(m, "Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// quoteName writes a display name as a quoted string (RFC 3261, 25.1).
func quoteName(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "").Replace(name) + `"`
}

func unquoteName(name string) string {
	var b strings.Builder
	escaped := false
	for _, r := range name {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		escaped = false
		b.WriteRune(r)
	}
	return b.String()
}
