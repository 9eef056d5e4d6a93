package phone

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// DialOptions change how a call is made.
type DialOptions struct {
	// Headers are added to the INVITE.
	Headers map[string]string
	// From replaces the From header value, without tag: `"Jos" <sip:+31201234567@carrier.example>`. To does the same for To.
	From, To string
	// PAI is the value of a P-Asserted-Identity header.
	PAI string
	// Anonymous hides the caller (RFC 3323): anonymous From, Privacy: id.
	Anonymous bool
	// Replaces is a dialog to take over (RFC 3891): a header value as Call.ReplacesValue gives it.
	Replaces string
	// NoAuth leaves challenges unanswered: the call fails with 401 or 407.
	NoAuth bool
	// NoOffer sends the INVITE without SDP; the offer is expected in the 200.
	NoOffer bool
	// Peer is the host:port to send to, in place of Config.Registrar or the target's host.
	Peer string
}

// Dial sends an INVITE to target, a number, user@host or SIP URI, and returns at once. What becomes of the call is told by its
// wait methods.
func (p *Phone) Dial(ctx context.Context, target string, opts DialOptions) (*Call, error) {
	fail := func(err error) (*Call, error) { return nil, fmt.Errorf("%s: dial %s: %w", p.cfg.User, target, err) }
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	uri, err := p.parseTarget(target)
	if err != nil {
		return fail(err)
	}
	c, err := p.newCall(true)
	if err != nil {
		return fail(err)
	}
	local := "<sip:" + p.cfg.User + "@" + p.cfg.Domain + ">"
	if p.cfg.DisplayName != "" {
		local = quoteName(p.cfg.DisplayName) + " " + local
	}
	if opts.Anonymous {
		local = `"Anonymous" <sip:anonymous@anonymous.invalid>`
	}
	remote := "<" + uri.String() + ">"
	if opts.From != "" {
		local, _ = stripTag(opts.From)
	}
	if opts.To != "" {
		remote, _ = stripTag(opts.To)
	}
	to := p.destination(uri)
	if opts.Peer != "" {
		to = peer{addr: opts.Peer}
	}
	c.dlg = dialog{
		callID: newCallID(), localTag: sip.GenerateTagN(10), local: local, remote: remote, cseq: 1, target: uri, via: to,
		transport: p.ep.transport,
	}
	c.log = p.log.With("call", c.dlg.callID)
	req := sip.NewRequest(sip.INVITE, uri)
	for _, h := range [][2]string{
		{"Max-Forwards", "70"}, {"From", local + ";tag=" + c.dlg.localTag}, {"To", remote}, {"Call-ID", c.dlg.callID},
		{"CSeq", "1 INVITE"}, {"Contact", p.contact}, {"Allow", allowedMethods}, {"Supported", "replaces"},
		{"User-Agent", p.cfg.UserAgent},
	} {
		req.AppendHeader(sip.NewHeader(h[0], h[1]))
	}
	if opts.PAI != "" {
		req.AppendHeader(sip.NewHeader("P-Asserted-Identity", opts.PAI))
	}
	if opts.Anonymous {
		req.AppendHeader(sip.NewHeader("Privacy", "id"))
	}
	if opts.Replaces != "" {
		req.AppendHeader(sip.NewHeader("Replaces", opts.Replaces))
	}
	names := make([]string, 0, len(opts.Headers))
	for name := range opts.Headers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if req.RemoveHeader(name) {
			c.log.Debug("replaced header", "name", name)
		}
		req.AppendHeader(sip.NewHeader(name, strings.NewReplacer("\r", "", "\n", "").Replace(opts.Headers[name])))
	}
	c.mu.Lock()
	if !opts.NoOffer {
		req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		req.SetBody([]byte(c.offerLocked(SendRecv)))
	}
	c.invite = requestMessage(req)
	c.identity, _ = readIdentity(toOnly{req}, "To")
	c.mu.Unlock()
	if !p.addCall(c) {
		c.media.close()
		return fail(errClosed)
	}
	// Responses wait at the lock until the transaction is in its place.
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.sendInviteLocked(req, to, !opts.NoAuth); err != nil {
		c.endLocked(End{Err: err})
		return fail(err)
	}
	return c, nil
}

// toOnly hides the identities that an INVITE of ours asserts about ourselves.
type toOnly struct{ *sip.Request }

func (t toOnly) GetHeader(name string) sip.Header {
	if strings.EqualFold(name, "To") {
		return t.Request.GetHeader(name)
	}
	return nil
}

func (c *Call) sendInviteLocked(req *sip.Request, to peer, auth bool) error {
	c.gotAny, c.cancelSent = false, false
	c.clientReq = req
	tx, err := c.phone.ep.begin(req, to, func(res *sip.Response) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.onInviteResponse(res, req, to, auth)
	}, func(err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.answered {
			e := End{Err: err}
			if errors.Is(err, errTimeout) {
				e.Code, e.Reason = 408, "Request Timeout"
				e.Err = nil
			}
			c.endLocked(e)
		}
	})
	c.clientTx = tx
	return err
}

// onInviteResponse runs with mu held, from the reader.
func (c *Call) onInviteResponse(res *sip.Response, req *sip.Request, to peer, auth bool) {
	c.responses = append(c.responses, responseMessage(res))
	if c.state == Ended {
		return
	}
	code := res.StatusCode
	if code > 100 && code < 300 {
		if tag, ok := res.To().Params.Get("tag"); ok {
			c.dlg.remoteTag = tag
		}
		if id, ok := readIdentity(res, ""); ok {
			c.identity = id
		}
	}
	switch {
	case code < 200:
		c.gotAny = true
		if c.cancelled {
			c.cancelLocked()
		}
		if code == 180 {
			c.rang = true
			c.moveTo(Ringing)
		}
		if mediaType(res) == "application/sdp" && len(res.Body()) > 0 {
			if err := c.applyAnswerLocked(string(res.Body())); err != nil {
				c.log.Warn("early media", "err", err)
			} else {
				c.early = true
				c.moveTo(Early)
			}
		}
		c.notify()
	case code < 300:
		c.onAnswer(res)
	case challenged(res) && auth && !c.cancelled:
		again, err := c.phone.authorize(req, res)
		if err == nil && again {
			c.dlg.cseq++
			setCSeq(req, c.dlg.cseq)
			if err = c.sendInviteLocked(req, to, auth); err == nil {
				return
			}
		}
		if err != nil {
			c.endLocked(End{Err: err})
			return
		}
		fallthrough
	default:
		m := responseMessage(res)
		c.endLocked(End{ByRemote: !c.cancelled, Code: code, Reason: res.Reason, ReasonHeaders: m.Headers("Reason"), Contact: m.Header("Contact")})
	}
}

func (c *Call) onAnswer(res *sip.Response) {
	c.dlg.refresh(res.Contact())
	c.dlg.setRoutes(res, true)
	ack := c.dlg.newRequest(sip.ACK)
	// The ACK has the number of the INVITE, which may be lower than the last request's by now.
	seq, _, _ := cutSpace(headerValue(res, "CSeq"))
	ack.ReplaceHeader(sip.NewHeader("CSeq", seq+" ACK"))
	body, kind := "", ""
	var sdpErr error
	switch sdp := string(res.Body()); {
	case len(c.invite.Body) == 0:
		body, sdpErr = c.answerLocked(sdp)
		kind = "application/sdp"
	case sdp != "":
		sdpErr = c.applyAnswerLocked(sdp)
	}
	via := fmt.Sprintf("SIP/2.0/%s %s;branch=%s;rport", c.phone.ep.transport, c.phone.ep.local, sip.GenerateBranchN(16))
	ack.PrependHeader(sip.NewHeader("Via", via))
	if kind != "" {
		ack.AppendHeader(sip.NewHeader("Content-Type", kind))
	}
	c.finish(ack, body)
	if err := c.clientTx.acknowledge(c.dlg.hop(), ack); err != nil {
		c.log.Warn("send ACK", "err", err)
	}
	c.answered = true
	switch {
	case sdpErr != nil:
		c.log.Warn("unusable SDP", "err", sdpErr)
		c.moveTo(Answered)
		c.byeLater()
	case c.cancelled:
		// The answer and our CANCEL crossed (RFC 3261, 9.1): the call stands and has to be taken down.
		c.byeLater(c.hangupHead...)
	default:
		c.moveTo(Answered)
	}
}

// byeLater hangs up from a goroutine of the phone, for use where nothing may block.
func (c *Call) byeLater(headers ...string) {
	c.phone.ep.spawn(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeoutT1s*c.phone.cfg.T1)
		defer cancel()
		if err := c.bye(ctx, headers...); err != nil {
			c.log.Warn("hang up", "err", err)
		}
	})
}

// cancelLocked sends CANCEL as soon as that is allowed: after the first provisional response (RFC 3261, 9.1).
func (c *Call) cancelLocked() {
	if !c.gotAny || c.cancelSent || c.answered {
		return
	}
	c.cancelSent = true
	invite := c.clientReq
	req := sip.NewRequest(sip.CANCEL, invite.Recipient)
	for _, name := range []string{"Via", "Max-Forwards", "Route", "From", "To", "Call-ID"} {
		copyHeader(req, invite, name)
	}
	seq, _, _ := cutSpace(headerValue(invite, "CSeq"))
	req.AppendHeader(sip.NewHeader("CSeq", seq+" CANCEL"))
	for i := 0; i+1 < len(c.hangupHead); i += 2 {
		req.AppendHeader(sip.NewHeader(c.hangupHead[i], c.hangupHead[i+1]))
	}
	req.SetBody(nil)
	branch, _, _ := strings.Cut(c.clientTx.key, "|")
	_, err := c.phone.ep.beginBranch(req, branch, c.clientTx.to, func(res *sip.Response) {
		if res.StatusCode >= 300 {
			c.log.Debug("CANCEL refused", "code", res.StatusCode)
		}
	}, nil)
	if err != nil {
		c.endLocked(End{Err: err})
	}
}
