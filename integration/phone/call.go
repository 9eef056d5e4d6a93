package phone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// State of a call. It only ever moves on, not back.
type State int

// States.
const (
	Calling  State = iota // INVITE sent or received, nobody rings
	Ringing               // 180
	Early                 // early media: a provisional response with SDP
	Answered              // 200
	Ended
)

func (s State) String() string {
	return [...]string{"calling", "ringing", "early media", "answered", "ended"}[s]
}

// End is why and how a call ended.
type End struct {
	// ByRemote says that the other side ended it: BYE, CANCEL or a refusal.
	ByRemote bool
	// Code and Reason are the final status of a call that was never answered; 0 after BYE.
	Code   int
	Reason string
	// ReasonHeaders are the Reason headers (RFC 3326) of the BYE, CANCEL or refusal.
	ReasonHeaders []string
	// Contact of a redirection (3xx).
	Contact string
	// Err is set when no SIP message ended the call.
	Err error
}

// AnsweredElsewhere reports a Reason of SIP;cause=200: another phone took the call.
func (e End) AnsweredElsewhere() bool {
	for _, h := range e.ReasonHeaders {
		if protocol, cause, _ := ParseReason(h); strings.EqualFold(protocol, "SIP") && cause == 200 {
			return true
		}
	}
	return false
}

// ParseReason reads a Reason header value such as `Q.850;cause=16;text="Normal call clearing"`.
func ParseReason(value string) (protocol string, cause int, text string) {
	protocol, params, _ := strings.Cut(value, ";")
	for p := range strings.SplitSeq(params, ";") {
		name, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "cause":
			cause, _ = strconv.Atoi(strings.TrimSpace(v))
		case "text":
			text = unquoteName(strings.Trim(strings.TrimSpace(v), `"`))
		}
	}
	return strings.TrimSpace(protocol), cause, text
}

// Call is one leg at this phone. Its methods may be called from any goroutine.
type Call struct {
	phone    *Phone
	log      *slog.Logger
	outgoing bool
	ear      *ear
	media    *media
	invite   Message   // sent or received
	inviteTx *serverTx // of an incoming call
	replaces *Call     // the call of ours that an incoming INVITE replaces
	ended    chan struct{}
	refers   *journal[*ReferRequest]
	progress *journal[int] // sipfrag status of our REFER
	inDialog *journal[Message]

	mu         sync.Mutex
	changed    chan struct{}
	dlg        dialog
	state      State
	rang       bool
	early      bool
	answered   bool
	finalSent  bool // of an incoming call
	acked      chan struct{}
	endInfo    End
	endedAt    time.Time
	responses  []Message
	identity   Identity
	sdp        session
	pending    bool // an offer of ours is under way
	lateOffer  bool // our offer went out in a 200; the answer comes in the ACK
	clientTx   *clientTx
	clientReq  *sip.Request
	gotAny     bool // a provisional response: CANCEL is allowed now
	cancelled  bool
	cancelSent bool
	byeSent    bool
	hangupHead []string
}

func (p *Phone) newCall(outgoing bool) (*Call, error) {
	c := &Call{
		phone: p, outgoing: outgoing, ear: newEar(), ended: make(chan struct{}), changed: make(chan struct{}), acked: make(chan struct{}),
		refers: newJournal[*ReferRequest](), progress: newJournal[int](), inDialog: newJournal[Message](),
		sdp: newSession(),
	}
	source := Silence()
	if p.cfg.Tone > 0 {
		source = Tone(p.cfg.Tone)
	}
	var err error
	if c.media, err = newMedia(p.cfg.BindIP, p.log, c.ear, source, p.cfg.Stamp); err != nil {
		return nil, err
	}
	if !p.ep.spawn(c.media.receiveLoop) {
		c.media.close()
		return nil, errClosed
	}
	return c, nil
}

func (c *Call) String() string {
	arrow := "←"
	if c.outgoing {
		arrow = "→"
	}
	return c.phone.cfg.User + arrow + c.RemoteIdentity().Number
}

// ID is the Call-ID.
func (c *Call) ID() string { return c.invite.Header("Call-ID") }

// Outgoing reports whether this phone made the call.
func (c *Call) Outgoing() bool { return c.outgoing }

// Phone is whose call it is.
func (c *Call) Phone() *Phone { return c.phone }

// Invite is the INVITE that began the call, as first sent or received.
func (c *Call) Invite() Message { return c.invite }

// Header returns the first value of a header of the INVITE that began the call.
func (c *Call) Header(name string) string { return c.invite.Header(name) }

// State returns the state now.
func (c *Call) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Responses returns all responses to the INVITE of an outgoing call so far, challenges included.
func (c *Call) Responses() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Message(nil), c.responses...)
}

// Requests returns the requests received inside of the dialog so far.
func (c *Call) Requests() []Message { return c.inDialog.all() }

// RemoteIdentity returns who the other side is, as last told: by INVITE, response, re-INVITE or UPDATE.
func (c *Call) RemoteIdentity() Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.identity
}

// Stats returns the RTP counters.
func (c *Call) Stats() Stats { return c.media.statistics() }

// ResetStats begins to count anew, so that a test can look at one part of a call.
func (c *Call) ResetStats() { c.media.resetStats() }

// Encrypted reports whether the media is SRTP.
func (c *Call) Encrypted() bool {
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return c.media.enc != nil
}

// Play sets what this side says from now on.
func (c *Call) Play(s Source) { c.media.setSource(s) }

// EndReason tells why the call ended; it is zero before.
func (c *Call) EndReason() End {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.endInfo
}

// Done is closed when the call has ended.
func (c *Call) Done() <-chan struct{} { return c.ended }

// notify wakes all waits. The caller holds mu.
func (c *Call) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *Call) moveTo(s State) {
	if s > c.state {
		c.state = s
		c.log.Debug("call", "state", s.String())
	}
	c.notify()
}

func (c *Call) end(e End) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(e)
}

func (c *Call) endLocked(e End) {
	if c.state == Ended {
		return
	}
	c.endInfo, c.endedAt = e, time.Now()
	c.moveTo(Ended)
	close(c.ended)
	c.media.close()
}

// forgettable reports that nothing more can come for this call.
func (c *Call) forgettable() bool {
	select {
	case <-c.ended:
		return time.Since(c.endedAt) > timeoutT1s*c.phone.cfg.T1
	default:
		return false
	}
}

// endError says why the call ended. The caller must not hold mu.
func (c *Call) endError(prefix string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.endErrorLocked(prefix)
}

func (c *Call) endErrorLocked(prefix string) error {
	e := c.endInfo
	switch {
	case e.Err != nil:
		return fmt.Errorf("%s: %w: %w", prefix, ErrEnded, e.Err)
	case e.Code != 0:
		return fmt.Errorf("%s: %w: %w", prefix, ErrEnded,
			&StatusError{Method: "INVITE", Code: e.Code, Reason: e.Reason, ReasonHeaders: e.ReasonHeaders, Contact: e.Contact})
	}
	return fmt.Errorf("%s: %w: hung up (by remote: %t)", prefix, ErrEnded, e.ByRemote)
}

// wait blocks until ready, asked with mu held, says so.
func (c *Call) wait(ctx context.Context, what string, ready func() (bool, error)) error {
	for {
		c.mu.Lock()
		ok, err := ready()
		changed, state := c.changed, c.state
		if !ok && err == nil && state == Ended {
			err = c.endErrorLocked("call is over")
		}
		c.mu.Unlock()
		if err != nil {
			return fmt.Errorf("%s: wait until %s: %w", c, what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s: wait until %s (state: %s): %w", c, what, state, ctx.Err())
		}
	}
}

func (c *Call) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.ended:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ErrSkipped is returned by a wait for a state that the call went past, such as ringing when it was answered at once.
var ErrSkipped = errors.New("call went on without it")

// WaitRinging waits for 180. The error is a *StatusError inside if the call failed, ErrSkipped if it was answered without.
func (c *Call) WaitRinging(ctx context.Context) error {
	return c.wait(ctx, "ringing", func() (bool, error) { return c.passed(c.rang) })
}

// WaitProgress waits for early media: a provisional response with SDP. Errors as of WaitRinging.
func (c *Call) WaitProgress(ctx context.Context) error {
	return c.wait(ctx, "early media", func() (bool, error) { return c.passed(c.early) })
}

func (c *Call) passed(seen bool) (bool, error) {
	if !seen && c.answered {
		return false, ErrSkipped
	}
	return seen, nil
}

// WaitAnswered waits for 200. It returns nil for a call that was answered and has ended since; for one that failed, an error with a
// *StatusError inside.
func (c *Call) WaitAnswered(ctx context.Context) error {
	return c.wait(ctx, "answered", func() (bool, error) { return c.answered, nil })
}

// WaitEnded waits for the end, however it comes; see EndReason.
func (c *Call) WaitEnded(ctx context.Context) error {
	return c.wait(ctx, "ended", func() (bool, error) { return c.state == Ended, nil })
}

// WaitChange waits until the state is another than from, and returns it.
func (c *Call) WaitChange(ctx context.Context, from State) (State, error) {
	now := from
	err := c.wait(ctx, "no longer "+from.String(), func() (bool, error) { now = c.state; return now != from, nil })
	return now, err
}

// WaitIdentity waits until the other side's identity satisfies match.
func (c *Call) WaitIdentity(ctx context.Context, match func(Identity) bool) error {
	err := c.wait(ctx, "identified", func() (bool, error) { return match(c.identity), nil })
	if err != nil {
		return fmt.Errorf("%w; have %s", err, c.RemoteIdentity())
	}
	return nil
}

// Hangup ends the call as fits its state: CANCEL, BYE, or 603 for an incoming call that was not answered. It returns when
// the end is certain; ending an ended call does nothing.
func (c *Call) Hangup(ctx context.Context) error { return c.HangupWith(ctx) }

// HangupWith is Hangup with headers, given as name and value in turn, in the CANCEL or BYE.
func (c *Call) HangupWith(ctx context.Context, headers ...string) error {
	c.mu.Lock()
	switch {
	case c.state == Ended:
		c.mu.Unlock()
		return nil
	case !c.outgoing && !c.answered:
		c.mu.Unlock()
		return c.Reject(603, "Decline")
	case !c.answered:
		c.cancelled = true
		c.hangupHead = headers
		c.cancelLocked()
		c.mu.Unlock()
		return c.WaitEnded(ctx)
	}
	c.mu.Unlock()
	return c.bye(ctx, headers...)
}

// bye ends an answered call.
func (c *Call) bye(ctx context.Context, headers ...string) error {
	c.mu.Lock()
	if c.byeSent || c.state == Ended {
		c.mu.Unlock()
		return c.WaitEnded(ctx)
	}
	c.byeSent = true
	c.mu.Unlock()
	if !c.outgoing {
		// RFC 3261, 15: the callee has to wait for the ACK. A caller that never sends it gets its BYE all the same.
		select {
		case <-c.acked:
		case <-c.ended:
		case <-ctx.Done():
		}
	}
	// Both sides may hang up at once; then the other one may be gone before it answers.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer c.onEnd(cancel)()
	_, err := c.request(ctx, sip.BYE, "", headers...)
	var refused *StatusError
	if errors.As(err, &refused) && refused.Code == 481 || c.State() == Ended {
		err = nil // it is over there already
	}
	c.end(End{Err: err})
	return err
}

// onEnd calls f when the call ends, unless the function it returns is called before. That one waits for f.
func (c *Call) onEnd(f func()) (stop func()) {
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-c.ended:
			f()
		case <-quit:
		}
	}()
	return func() { close(quit); <-gone }
}

// request sends a request inside of the dialog, with authentication, and returns its response; other than 2xx is a
// *StatusError. headers are name and value in turn.
func (c *Call) request(ctx context.Context, method sip.RequestMethod, body string, headers ...string) (*sip.Response, error) {
	c.mu.Lock()
	req := c.dlg.newRequest(method)
	hop := c.dlg.hop()
	c.mu.Unlock()
	c.finish(req, body, headers...)
	res, err := c.phone.doAuth(ctx, req, hop, func() uint32 {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.dlg.cseq++
		return c.dlg.cseq
	})
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		return res, statusError(res)
	}
	return res, nil
}

// finish adds what every request of ours has.
func (c *Call) finish(req *sip.Request, body string, headers ...string) {
	req.AppendHeader(sip.NewHeader("User-Agent", c.phone.cfg.UserAgent))
	if req.Method != sip.BYE && req.Method != sip.ACK && req.Method != sip.INFO {
		req.AppendHeader(sip.NewHeader("Contact", c.phone.contact))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.AppendHeader(sip.NewHeader(headers[i], headers[i+1]))
	}
	req.SetBody([]byte(body))
}
