// Package mailbox is a mail server for tests: it takes every e-mail by SMTP and keeps it.
package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"

	"encoding/base64"

	"github.com/emersion/go-smtp"
)

// Mail is an e-mail that came in.
type Mail struct {
	From, To  string // of the envelope
	Subject   string
	MessageID string
	Body      string            // text
	Files     map[string][]byte // attachments by name
}

// Server is the mail server.
type Server struct {
	smtp *smtp.Server
	addr string
	done chan error

	mu     sync.Mutex
	mails  []Mail
	refuse map[string]int
}

// Listen starts a server on a free port of the loopback address, without encryption.
func Listen() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for mail: %w", err)
	}
	s := &Server{addr: l.Addr().String(), done: make(chan error, 1), refuse: map[string]int{}}
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{s: s}, nil }))
	s.smtp.Domain = "localhost"
	go func() { s.done <- s.smtp.Serve(l) }()
	return s, nil
}

// Addr is where it listens, host:port.
func (s *Server) Addr() string { return s.addr }

// Close stops it.
func (s *Server) Close() error {
	err := s.smtp.Close()
	if served := <-s.done; !errors.Is(served, smtp.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Refuse lets the next n e-mails to a recipient fail (451).
func (s *Server) Refuse(to string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse[to] = n
}

// Refusing is how many e-mails to a recipient are still to fail.
func (s *Server) Refusing(to string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuse[to]
}

// To are the e-mails to a recipient so far.
func (s *Server) To(to string) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.mails), func(m Mail) bool { return m.To != to })
}

type session struct {
	s        *Server
	from, to string
}

func (x *session) Reset()                                      {}
func (x *session) Logout() error                               { return nil }
func (x *session) Mail(from string, _ *smtp.MailOptions) error { x.from = from; return nil }

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if x.s.refuse[to] > 0 {
		x.s.refuse[to]--
		return &smtp.SMTPError{Code: 451, Message: "try again later"}
	}
	x.to = to
	return nil
}

func (x *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := parse(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, Message: err.Error()}
	}
	m.From, m.To = x.from, x.to
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.mails = append(x.s.mails, m)
	return nil
}

func parse(raw []byte) (m Mail, err error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m, fmt.Errorf("read e-mail: %w", err)
	}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return m, fmt.Errorf("read subject: %w", err)
	}
	m.MessageID = msg.Header.Get("Message-ID")
	m.Files = map[string][]byte{}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return m, fmt.Errorf("read content type: %w", err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		body, err := decoded(msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
		m.Body = string(body)
		return m, err
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, fmt.Errorf("read part: %w", err)
		}
		body, err := decoded(p.Header.Get("Content-Transfer-Encoding"), p)
		if err != nil {
			return m, err
		}
		if name := p.FileName(); name != "" {
			m.Files[name] = body
		} else {
			m.Body = string(body)
		}
	}
}

func decoded(encoding string, r io.Reader) ([]byte, error) {
	switch strings.ToLower(encoding) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("decode part: %w", err)
	}
	return body, nil
}
