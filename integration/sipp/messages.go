package sipp

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// messageFile is where SIPp writes what it sends and receives.
const messageFile = "messages.tsv"

// Message is a SIP message that was sent or received.
type Message struct {
	At     time.Time
	Sent   bool
	CallID string
	Method string // of a request, or of the one that is answered
	Line   string // the first
}

// Request tells that it is one and no response.
func (m Message) Request() bool { return !strings.HasPrefix(m.Line, "SIP/2.0 ") }

// User is the user part of a request's URI.
func (m Message) User() string {
	_, rest, _ := strings.Cut(m.Line, "sip:")
	user, _, _ := strings.Cut(rest, "@")
	return user
}

// readMessages reads date, time, seconds since 1970, S or R, Call-ID, CSeq and the first line, apart by tabs.
func (p *Process) readMessages(s *Stats) error {
	if !p.opts.Messages {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(p.dir, messageFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no call
	}
	if err != nil {
		return fmt.Errorf("messages: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSpace(line), "\t", 7)
		if len(f) < 7 {
			continue
		}
		at, err := strconv.ParseFloat(f[2], 64)
		if err != nil {
			return fmt.Errorf("messages: %q: %w", line, err)
		}
		_, method, _ := strings.Cut(f[5], " ")
		s.Messages = append(s.Messages, Message{At: time.UnixMicro(int64(math.Round(at * 1e6))), Sent: f[3] == "S", CallID: f[4], Method: method, Line: f[6]})
	}
	return nil
}
