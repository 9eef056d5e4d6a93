package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"callplane/integration/phone"
)

const commandTimeout = 35 * time.Second

// session drives one phone: one call at a time.
type session struct {
	phone *phone.Phone
	opts  *options
	out   io.Writer
	wg    sync.WaitGroup

	mu     sync.Mutex
	call   *phone.Call
	held   bool
	number int // of calls so far
	failed bool
	over   chan *phone.Call
}

func newSession(p *phone.Phone, o *options, out io.Writer) *session {
	return &session{phone: p, opts: o, out: out, over: make(chan *phone.Call, 16)}
}

func (s *session) printf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, "%s %s\n", time.Now().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

func (s *session) current() *phone.Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.call
}

func (s *session) run(ctx context.Context, stdin io.Reader) int {
	ctx, cancel := context.WithCancel(ctx)
	defer s.wg.Wait()
	defer cancel()
	s.printf("phone %s at %s %s", s.opts.User, s.phone.Addr(), strings.ToUpper(s.opts.Transport))
	if s.opts.Registrar != "" && !s.opts.noRegister {
		if err := s.phone.Register(ctx); err != nil {
			s.printf("registration failed: %v", err)
			return 1
		}
		s.printf("registered at %s", s.opts.Registrar)
	}
	if s.opts.command == "call" && !s.dial(ctx, s.opts.target) {
		return 1
	}
	lines := readLines(ctx, stdin)
	for {
		select {
		case <-ctx.Done():
			s.printf("goodbye")
			s.finish()
			return s.status()
		case c := <-s.phone.Incoming():
			s.ring(ctx, c)
		case <-s.over:
			if s.opts.command == "call" || s.opts.once {
				return s.status()
			}
		case line, ok := <-lines:
			if !ok {
				lines = nil // go on without a keyboard
				continue
			}
			if s.command(ctx, line) {
				s.finish()
				return s.status()
			}
		}
	}
}

func (s *session) status() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed {
		return 1
	}
	return 0
}

// finish hangs up what is left, so that its end is still printed and its recording saved.
func (s *session) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	for _, c := range s.phone.Calls() {
		if err := c.Hangup(ctx); err != nil {
			s.printf("hang up: %v", err)
		}
	}
}

// readLines hands on what is typed. A read from a terminal cannot be interrupted: its goroutine ends with the input or
// with the process.
func readLines(ctx context.Context, r io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(r); in.Scan(); {
			select {
			case lines <- strings.TrimSpace(in.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

func (s *session) dial(ctx context.Context, target string) bool {
	if s.current() != nil {
		s.printf("there is a call already")
		return false
	}
	c, err := s.phone.Dial(ctx, target, phone.DialOptions{From: s.opts.from, Headers: s.opts.headers})
	if err != nil {
		s.printf("%v", err)
		s.mu.Lock()
		s.failed = true
		s.mu.Unlock()
		return false
	}
	s.printf("calling %s", target)
	s.attach(ctx, c)
	return true
}

func (s *session) ring(ctx context.Context, c *phone.Call) {
	if s.current() != nil {
		s.printf("another call from %s: busy", c.RemoteIdentity())
		if err := c.Reject(486, "Busy Here"); err != nil {
			s.printf("%v", err)
		}
		return
	}
	if err := c.Ring(); err != nil {
		s.printf("%v", err) // it gave up at once
		return
	}
	hint := ": press a to answer, r to reject"
	if s.opts.command == "answer" {
		hint = ""
		s.wg.Go(func() {
			timer := time.NewTimer(s.opts.answerAfter)
			defer timer.Stop()
			select {
			case <-timer.C:
				s.answer(ctx, c)
			case <-c.Done():
			case <-ctx.Done():
			}
		})
	}
	s.printf("call from %s%s", c.RemoteIdentity(), hint)
	s.attach(ctx, c)
}

func (s *session) answer(ctx context.Context, c *phone.Call) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	if err := c.Answer(ctx); err != nil && !errors.Is(err, phone.ErrEnded) {
		s.printf("%v", err)
	}
}

// attach makes c the current call and follows it to its end.
func (s *session) attach(ctx context.Context, c *phone.Call) {
	s.mu.Lock()
	s.call, s.held = c, false
	s.number++
	number := s.number
	s.mu.Unlock()
	if s.opts.save != "" {
		c.StartRecording()
	}
	s.wg.Go(func() { s.watch(ctx, c, number) })
	s.wg.Go(func() {
		for n := 0; ; n++ {
			d, err := c.WaitDigit(context.Background(), n) // the end of the call ends it
			if err != nil {
				return
			}
			s.printf("received DTMF %c", d.Value)
		}
	})
	s.wg.Go(func() {
		r, err := c.WaitRefer(context.Background())
		if err != nil {
			return
		}
		s.printf("asked to call %s instead", r.Target)
		next, err := r.Follow(ctx)
		if err != nil {
			s.printf("%v", err)
			return
		}
		s.attach(ctx, next)
	})
}

func (s *session) watch(ctx context.Context, c *phone.Call, number int) {
	state := phone.Calling
	answered := false
	for state != phone.Ended {
		var err error
		if state, err = c.WaitChange(context.Background(), state); err != nil {
			break // the end of the call is a change: nothing else fails here
		}
		if state == phone.Answered {
			answered = true
			s.printf("answered, talking to %s, %s", c.RemoteIdentity(), c.Codec().Name)
			s.wg.Go(func() { s.talk(ctx, c) })
		} else if state != phone.Ended {
			s.printf("%s", state)
		}
	}
	end := c.EndReason()
	by, why := "this side", ""
	if end.ByRemote {
		by = "the other side"
	}
	if end.Code != 0 {
		why += fmt.Sprintf(": %d %s", end.Code, end.Reason)
	}
	if len(end.ReasonHeaders) > 0 {
		why += " (" + strings.Join(end.ReasonHeaders, ", ") + ")"
	}
	if end.Err != nil {
		why += ": " + end.Err.Error()
	}
	st := c.Stats()
	s.printf("ended by %s%s; %d packets sent, %d received, %d lost, longest gap %v", by, why, st.Sent, st.Received, st.Lost, st.MaxGap.Round(time.Millisecond))
	if s.opts.save != "" {
		path := strings.ReplaceAll(s.opts.save, "%d", fmt.Sprint(number))
		if err := c.SaveRecording(path); err != nil {
			s.printf("save: %v", err)
		} else {
			s.printf("saved what was heard to %s", path)
		}
	}
	s.mu.Lock()
	// Only a call that this side wanted can fail.
	s.failed = s.failed || c.Outgoing() && !answered && end.ByRemote || end.Err != nil
	current := s.call == c
	if current {
		s.call = nil
	}
	s.mu.Unlock()
	if current {
		select {
		case s.over <- c:
		case <-ctx.Done(): // nobody asks any more
		}
	}
}

// talk does what the flags ask for after the answer.
func (s *session) talk(ctx context.Context, c *phone.Call) {
	if s.opts.play != "" {
		source, err := phone.File(s.opts.play, s.opts.loop)
		if err != nil {
			s.printf("play: %v", err)
		} else {
			c.Play(source)
		}
	}
	if s.opts.dtmf != "" {
		s.sendDTMF(ctx, c, s.opts.dtmf)
	}
	if s.opts.duration == 0 {
		return
	}
	timer := time.NewTimer(s.opts.duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		s.do(ctx, "hang up", c.Hangup)
	case <-c.Done():
	case <-ctx.Done():
	}
}

func (s *session) sendDTMF(ctx context.Context, c *phone.Call, digits string) {
	if err := c.SendDTMF(ctx, digits); err != nil {
		if !errors.Is(err, phone.ErrEnded) {
			s.printf("%v", err)
		}
		return
	}
	s.printf("sent DTMF %s", digits)
}

func (s *session) do(ctx context.Context, what string, f func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	if err := f(ctx); err != nil {
		s.printf("%s: %v", what, err)
	}
}

// command obeys a typed line; true means to quit. Whatever takes time goes on in the background.
func (s *session) command(ctx context.Context, line string) (quit bool) {
	word, arg, _ := strings.Cut(line, " ")
	arg = strings.TrimSpace(arg)
	c := s.current()
	switch {
	case line == "":
		return false
	case word == "q":
		return true
	case word == "c" && arg != "":
		s.dial(ctx, arg)
		return false
	case c == nil:
		s.printf("there is no call")
		return false
	}
	switch {
	case word == "a":
		s.wg.Go(func() { s.answer(ctx, c) })
	case word == "r":
		if err := c.Reject(486, "Busy Here"); err != nil {
			s.printf("%v", err)
		}
	case word == "h":
		s.wg.Go(func() { s.do(ctx, "hang up", c.Hangup) })
	case word == "o":
		s.mu.Lock()
		s.held = !s.held
		held := s.held
		s.mu.Unlock()
		f, what := c.Unhold, "resume"
		if held {
			f, what = c.Hold, "hold"
		}
		s.printf("%s", what)
		s.wg.Go(func() { s.do(ctx, what, f) })
	case word == "x" && arg != "":
		s.wg.Go(func() { s.do(ctx, "transfer", func(ctx context.Context) error { return s.transfer(ctx, c, arg) }) })
	case word == "s":
		s.printf("%s: %s, %s, %+v", c, c.State(), c.Heard(), c.Stats())
	case strings.Trim(line, "0123456789*#ABCDabcd,!") == "":
		s.wg.Go(func() { s.sendDTMF(ctx, c, line) })
	default:
		s.printf("what is %q? phone -help lists the keys", line)
	}
	return false
}

func (s *session) transfer(ctx context.Context, c *phone.Call, target string) error {
	if err := c.Refer(ctx, target); err != nil {
		return err
	}
	s.printf("transfer to %s accepted", target)
	code, err := c.WaitTransfer(ctx)
	if err != nil {
		return err
	}
	s.printf("transfer to %s: %d", target, code)
	if code < 300 {
		return c.Hangup(ctx)
	}
	return nil
}
