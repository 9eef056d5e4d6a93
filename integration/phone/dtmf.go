package phone

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// DTMFMode is how a phone sends digits. It receives both ways at any time.
type DTMFMode int

// Ways to send DTMF.
const (
	RFC4733 DTMFMode = iota // telephone-event in RTP
	INFO                    // application/dtmf-relay in SIP INFO
)

// Digit is one received DTMF digit: 0-9, *, #, A-D, or ! for a hook flash.
type Digit struct {
	Value byte
	At    time.Time
	// Via says how it came.
	Via DTMFMode
}

const (
	digitAlphabet = "0123456789*#ABCD!"
	eventFrames   = 6 // of 20 ms: the digit's length
	eventEnds     = 3 // the end is sent three times (RFC 4733, 2.5.1.4)
	pauseFrames   = 3
	eventVolume   = 10 // dBm0 below zero
)

// sendEvent is a digit on its way out, one packet at each tick.
type sendEvent struct {
	code  byte
	start uint32
	step  int
	done  chan struct{}
}

// payload returns the packet of this tick, or nil when audio is to be sent, and whether this was the last tick.
func (e *sendEvent) payload(now uint32) (body []byte, finished bool) {
	if e == nil {
		return nil, false
	}
	if e.step == 0 {
		e.start = now
	}
	e.step++
	duration := uint16(min(e.step, eventFrames) * frameSamples)
	switch {
	case e.step <= eventFrames:
		return eventPayload(e.code, false, duration), false
	case e.step <= eventFrames+eventEnds:
		return eventPayload(e.code, true, duration), false
	}
	return nil, e.step == eventFrames+eventEnds+pauseFrames
}

func eventPayload(code byte, end bool, duration uint16) []byte {
	b := []byte{code, eventVolume, 0, 0}
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], duration)
	return b
}

func (m *media) receiveEvent(timestamp uint32, payload []byte) {
	if len(payload) < 4 || int(payload[0]) >= len(digitAlphabet) {
		m.reject()
		return
	}
	m.mu.Lock()
	again := m.haveEvent && int32(timestamp-m.lastEvent) <= 0
	if !again {
		m.lastEvent, m.haveEvent = timestamp, true
	}
	m.mu.Unlock()
	if !again {
		m.dtmf.add(Digit{Value: digitAlphabet[payload[0]], At: time.Now(), Via: RFC4733})
	}
}

// SendDTMF sends digits (0-9 * # A-D, ! for flash; a comma is a pause of half a second) the way Config.DTMF says, one
// after the other, and returns when the last has been sent. It fails when the peer has not agreed to telephone-event.
func (c *Call) SendDTMF(ctx context.Context, digits string) error {
	for _, r := range digits {
		if r == ',' {
			if err := c.sleep(ctx, 500*time.Millisecond); err != nil {
				return fmt.Errorf("send DTMF: %w", err)
			}
			continue
		}
		code := strings.IndexRune(digitAlphabet, r)
		if code < 0 {
			code = strings.IndexRune(digitAlphabet, r-'a'+'A')
		}
		if code < 0 {
			return fmt.Errorf("send DTMF: %q is not a digit", r)
		}
		var err error
		if c.phone.cfg.DTMF == INFO {
			err = c.infoDigit(ctx, digitAlphabet[code])
		} else {
			err = c.rtpDigit(ctx, byte(code))
		}
		if err != nil {
			return fmt.Errorf("send DTMF %q: %w", r, err)
		}
	}
	return nil
}

func (c *Call) rtpDigit(ctx context.Context, code byte) error {
	m := c.media
	event := &sendEvent{code: code, done: make(chan struct{})}
	m.mu.Lock()
	if m.sendDTMF < 0 {
		m.mu.Unlock()
		return errors.New("telephone-event was not agreed upon")
	}
	if !m.send {
		m.mu.Unlock()
		return errors.New("the call does not send audio now (on hold?)")
	}
	m.events = append(m.events, event)
	m.mu.Unlock()
	select {
	case <-event.done:
		return nil
	case <-m.done:
		return c.endError("the call ended")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Call) infoDigit(ctx context.Context, digit byte) error {
	body := fmt.Sprintf("Signal=%c\r\nDuration=160\r\n", digit)
	_, err := c.request(ctx, sip.INFO, body, "Content-Type", "application/dtmf-relay")
	return err
}

// readInfoDigit understands application/dtmf-relay and application/dtmf.
func readInfoDigit(kind, body string) (byte, bool) {
	signal := strings.TrimSpace(body)
	if kind == "application/dtmf-relay" {
		signal = ""
		for line := range strings.Lines(body) {
			if name, value, ok := strings.Cut(line, "="); ok && strings.EqualFold(strings.TrimSpace(name), "Signal") {
				signal = strings.TrimSpace(value)
			}
		}
	}
	if signal == "" {
		return 0, false
	}
	// Some send the event number of * and # in place of the character.
	if n, err := strconv.Atoi(signal); err == nil && n >= 10 && n < len(digitAlphabet) {
		return digitAlphabet[n], true
	}
	if len(signal) == 1 && strings.Contains(digitAlphabet, strings.ToUpper(signal)) {
		return strings.ToUpper(signal)[0], true
	}
	return 0, false
}

// Digits returns every digit received so far.
func (c *Call) Digits() string {
	var b strings.Builder
	for _, d := range c.media.dtmf.all() {
		b.WriteByte(d.Value)
	}
	return b.String()
}

// ReceivedDTMF returns every digit received so far with its time and way.
func (c *Call) ReceivedDTMF() []Digit { return c.media.dtmf.all() }

// WaitDigits waits until the digits received since the start of the call contain want.
func (c *Call) WaitDigits(ctx context.Context, want string) error {
	err := c.media.dtmf.wait(ctx, c.ended, func([]Digit) bool { return strings.Contains(c.Digits(), want) })
	if err != nil {
		return fmt.Errorf("wait for digits %q, have %q: %w", want, c.Digits(), err)
	}
	return nil
}

// WaitDigit waits for the n-th digit (from 0) that the other side sends.
func (c *Call) WaitDigit(ctx context.Context, n int) (Digit, error) {
	err := c.media.dtmf.wait(ctx, c.ended, func(all []Digit) bool { return len(all) > n })
	if err != nil {
		return Digit{}, fmt.Errorf("wait for digit %d: %w", n, err)
	}
	return c.media.dtmf.all()[n], nil
}
