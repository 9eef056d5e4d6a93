package phone

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
)

func (p *Phone) onInvite(req *sip.Request, tx *serverTx) {
	if len(req.Body()) > 0 && mediaType(req) != "application/sdp" {
		tx.reply(415, "Unsupported Media Type")
		return
	}
	for _, h := range headerValues(req, "Require") {
		for option := range strings.SplitSeq(h, ",") {
			if option = strings.TrimSpace(option); option != "" && option != "replaces" {
				res := sip.NewResponseFromRequest(req, 420, "Bad Extension", nil)
				res.AppendHeader(sip.NewHeader("Unsupported", option))
				if err := tx.respond(res); err != nil {
					p.log.Debug("refuse extension", "err", err)
				}
				return
			}
		}
	}
	var replaced *Call
	if h := headerValue(req, "Replaces"); h != "" {
		if replaced = p.findReplaced(h); replaced == nil {
			tx.reply(481, "Call/Transaction Does Not Exist")
			return
		}
	}
	c, err := p.newCall(false)
	if err != nil {
		p.log.Error("incoming call", "err", err)
		tx.reply(500, "Server Internal Error")
		return
	}
	c.replaces = replaced
	local, _ := stripTag(headerValue(req, "To"))
	remote, remoteTag := stripTag(headerValue(req, "From"))
	c.dlg = dialog{
		callID: req.CallID().Value(), localTag: sip.GenerateTagN(10), remoteTag: remoteTag, local: local, remote: remote,
		remoteCSeq: req.CSeq().SeqNo, via: tx.from, transport: p.ep.transport,
	}
	c.dlg.refresh(req.Contact())
	c.dlg.setRoutes(req, false)
	c.log = p.log.With("call", c.dlg.callID)
	c.invite = requestMessage(req)
	c.inviteTx = tx
	c.identity, _ = readIdentity(req, "From")
	if !p.addCall(c) {
		c.media.close()
		tx.reply(480, "Temporarily Unavailable")
		return
	}
	select {
	case p.incoming <- c:
	default:
		p.log.Warn("incoming calls are not taken")
		if err := c.Reject(480, "Temporarily Unavailable"); err != nil {
			p.log.Debug("refuse call", "err", err)
		}
	}
}

// response builds a response to the INVITE with our tag and contact.
func (c *Call) response(req *sip.Request, code int, reason, body string) *sip.Response {
	if to := req.To(); to != nil && !to.Params.Has("tag") {
		// Responses copy the header: give it the tag of our dialog before one is invented.
		req = req.Clone()
		req.To().Params.Add("tag", c.dlg.localTag)
	}
	res := sip.NewResponseFromRequest(req, code, reason, nil)
	if code < 300 {
		res.AppendHeader(sip.NewHeader("Contact", c.phone.contact))
		res.AppendHeader(sip.NewHeader("Allow", allowedMethods))
		res.AppendHeader(sip.NewHeader("Supported", "replaces"))
	}
	if body != "" {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	}
	res.SetBody([]byte(body))
	return res
}

var errNotIncoming = errors.New("not an incoming call that waits for an answer")

// respondInvite sends a response to the INVITE of an incoming call that has none final yet. The caller holds mu.
func (c *Call) respondInvite(code int, reason, body string, headers ...string) error {
	if c.outgoing || c.finalSent {
		if c.state == Ended {
			return c.endErrorLocked(errNotIncoming.Error())
		}
		return errNotIncoming
	}
	res := c.response(c.inviteTx.req, code, reason, body)
	for i := 0; i+1 < len(headers); i += 2 {
		res.AppendHeader(sip.NewHeader(headers[i], headers[i+1]))
	}
	if code >= 200 {
		c.finalSent = true
	}
	return c.inviteTx.respond(res)
}

// Ring sends 180.
func (c *Call) Ring() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.respondInvite(180, "Ringing", ""); err != nil {
		return fmt.Errorf("%s: ring: %w", c.phone.cfg.User, err)
	}
	c.rang = true
	c.moveTo(Ringing)
	return nil
}

// Progress sends 183 with SDP and starts early media: what Play says is heard before the answer.
func (c *Call) Progress() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.invite.Body == "" {
		return fmt.Errorf("%s: progress: the INVITE has no offer to answer", c.phone.cfg.User)
	}
	body, err := c.firstAnswerLocked()
	if err == nil {
		err = c.respondInvite(183, "Session Progress", body)
	}
	if err != nil {
		return fmt.Errorf("%s: progress: %w", c.phone.cfg.User, err)
	}
	c.early = true
	c.moveTo(Early)
	return nil
}

// firstAnswerLocked answers the offer of the INVITE, once.
func (c *Call) firstAnswerLocked() (string, error) {
	if c.sdp.local != "" {
		return c.sdp.local, nil
	}
	return c.answerLocked(c.invite.Body)
}

// Answer sends 200 and waits for the ACK. A call that came with Replaces hangs up the one it replaces.
func (c *Call) Answer(ctx context.Context) error {
	c.mu.Lock()
	var body string
	var err error
	if c.outgoing || c.finalSent {
		err = c.respondInvite(200, "OK", "")
	} else if c.invite.Body == "" {
		body = c.offerLocked(SendRecv)
		c.lateOffer = true
	} else if body, err = c.firstAnswerLocked(); err != nil {
		if refuse := c.respondInvite(488, "Not Acceptable Here", ""); refuse == nil {
			c.endLocked(End{Code: 488, Reason: "Not Acceptable Here", Err: err})
		}
	}
	if err == nil {
		err = c.respondInvite(200, "OK", body)
	}
	if err != nil {
		c.mu.Unlock()
		return fmt.Errorf("%s: answer: %w", c.phone.cfg.User, err)
	}
	c.answered = true
	c.moveTo(Answered)
	c.mu.Unlock()
	if c.replaces != nil {
		if err := c.replaces.Hangup(ctx); err != nil {
			c.log.Warn("hang up replaced call", "err", err)
		}
	}
	select {
	case <-c.acked:
		return nil
	case <-c.ended:
		return c.endError(c.phone.cfg.User + ": answer")
	case <-ctx.Done():
		return fmt.Errorf("%s: answer: waiting for ACK: %w", c.phone.cfg.User, ctx.Err())
	}
}

// Reject refuses an incoming call with any final status from 300. headers are name and value in turn.
func (c *Call) Reject(code int, reason string, headers ...string) error {
	if code < 300 || code > 699 {
		return fmt.Errorf("reject with %d: want 300 to 699", code)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.respondInvite(code, reason, "", headers...); err != nil {
		return fmt.Errorf("%s: reject: %w", c.phone.cfg.User, err)
	}
	c.endLocked(End{Code: code, Reason: reason})
	return nil
}

// Redirect answers 302 with a contact: a number, user@host or SIP URI.
func (c *Call) Redirect(contact string) error {
	uri, err := c.phone.parseTarget(contact)
	if err != nil {
		return fmt.Errorf("redirect: %w", err)
	}
	return c.Reject(302, "Moved Temporarily", "Contact", "<"+uri.String()+">")
}

func (c *Call) onCancel(req *sip.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finalSent {
		return // the answer was faster
	}
	if err := c.respondInvite(487, "Request Terminated", ""); err != nil {
		c.log.Debug("answer CANCEL", "err", err)
	}
	c.endLocked(End{ByRemote: true, Code: 487, Reason: "Request Terminated", ReasonHeaders: headerValues(req, "Reason")})
}

// onAck takes the ACK of a 2xx of ours, of the first INVITE or of a later one.
func (c *Call) onAck(req *sip.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outgoing || !c.answered || req.CSeq().SeqNo != c.inviteTx.req.CSeq().SeqNo {
		if tx := c.sdp.reinviteTx; tx != nil && tx.req.CSeq().SeqNo == req.CSeq().SeqNo {
			tx.confirm()
			c.lateAnswerLocked(req)
		}
		return
	}
	c.inviteTx.confirm()
	c.lateAnswerLocked(req)
	select {
	case <-c.acked:
	default:
		close(c.acked)
	}
}

func (c *Call) lateAnswerLocked(ack *sip.Request) {
	if !c.lateOffer || len(ack.Body()) == 0 {
		return
	}
	c.lateOffer = false
	if err := c.applyAnswerLocked(string(ack.Body())); err != nil {
		c.log.Warn("SDP in ACK", "err", err)
		c.byeLater()
	}
}

// onRequest handles requests inside of the dialog, from the reader.
func (c *Call) onRequest(req *sip.Request, tx *serverTx) {
	c.inDialog.add(requestMessage(req))
	c.mu.Lock()
	seq, stale, over := req.CSeq().SeqNo, false, c.state == Ended
	if c.dlg.remoteCSeq != 0 && seq <= c.dlg.remoteCSeq {
		stale = true
	} else {
		c.dlg.remoteCSeq = seq
	}
	c.mu.Unlock()
	if stale {
		tx.reply(500, "CSeq out of order")
		return
	}
	if over && req.Method != sip.NOTIFY && req.Method != sip.BYE {
		tx.reply(481, "Call/Transaction Does Not Exist")
		return
	}
	switch req.Method {
	case sip.BYE:
		tx.reply(200, "OK")
		c.end(End{ByRemote: true, ReasonHeaders: headerValues(req, "Reason")})
	case sip.INVITE, sip.UPDATE:
		c.onOffer(req, tx)
	case sip.INFO:
		tx.reply(200, "OK")
		if digit, ok := readInfoDigit(mediaType(req), string(req.Body())); ok {
			c.addInfoDigit(digit)
		}
	case sip.NOTIFY:
		tx.reply(200, "OK")
		c.onNotify(req)
	case sip.REFER:
		c.onRefer(req, tx)
	case sip.OPTIONS, sip.MESSAGE:
		tx.reply(200, "OK")
	default:
		tx.reply(405, "Method Not Allowed")
	}
}
