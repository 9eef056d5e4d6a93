package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/emiago/sipgo/sip"
)

const dtmfPayloadType = 101

// session is the SDP side of a call. It is guarded by the call's mu.
type session struct {
	id, version   uint64
	key           []byte // our SRTP master key and salt
	secure        bool
	local, remote string // last SDPs
	offeredDTMF   int
	want          Direction // what we want, hold included
	direction     Direction // what was agreed, from our side
	remoteHold    bool
	offer         Direction // of our last offer
	codec         Codec
	reinviteTx    *serverTx
}

func newSession() session {
	return session{id: rand.Uint64() >> 1, version: 1, want: SendRecv, offeredDTMF: -1}
}

// LocalSDP and RemoteSDP are the last ones sent and received.
func (c *Call) LocalSDP() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sdp.local
}

// RemoteSDP is the last SDP received.
func (c *Call) RemoteSDP() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sdp.remote
}

// RemoteHold reports whether the other side has put this call on hold (sendonly or inactive from there).
func (c *Call) RemoteHold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sdp.remoteHold
}

// WaitRemoteHold waits until the other side holds (true) or resumes (false) the call.
func (c *Call) WaitRemoteHold(ctx context.Context, held bool) error {
	return c.wait(ctx, fmt.Sprintf("held by remote: %t", held), func() (bool, error) { return c.sdp.remoteHold == held, nil })
}

// Codec returns the agreed codec; its Name is empty before there is one.
func (c *Call) Codec() Codec {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sdp.codec
}

func (c *Call) offerLocked(direction Direction) string {
	s := &c.sdp
	if s.local != "" {
		s.version++
	} else {
		s.secure = c.phone.cfg.SRTP
	}
	if s.secure && s.key == nil {
		s.key = newCryptoKey()
	}
	s.offeredDTMF = -1
	if c.phone.cfg.DTMF == RFC4733 {
		s.offeredDTMF = dtmfPayloadType
	}
	s.offer = direction
	d := description{
		id: s.id, version: s.version, addr: c.media.addr(), codecs: c.phone.cfg.Codecs, dtmf: s.offeredDTMF, direction: direction,
		secure: s.secure, cryptoTag: "1", cryptoKey: s.key,
	}
	s.local = d.String()
	return s.local
}

// answerLocked answers an offer and starts the media it leads to.
func (c *Call) answerLocked(offer string) (string, error) {
	a, err := parseAudio(offer)
	if err != nil {
		return "", err
	}
	codec, ok := a.choose(c.phone.cfg.Codecs)
	if !ok {
		return "", fmt.Errorf("%w: no codec in common", errNoAudio)
	}
	if c.phone.cfg.SRTP && a.cryptoKey != nil {
		a.secure = true // an offer of RTP/AVP with keys leaves it to us (optimistic encryption, as Asterisk has it)
	}
	if c.phone.cfg.SRTP && !a.secure {
		return "", fmt.Errorf("%w: offer is not encrypted", errNoAudio)
	}
	s := &c.sdp
	if s.local != "" {
		s.version++
	}
	s.secure = a.secure
	if s.secure && s.key == nil {
		s.key = newCryptoKey()
	}
	dtmf := a.dtmf
	if c.phone.cfg.DTMF == INFO {
		dtmf = -1
	}
	d := description{
		id: s.id, version: s.version, addr: c.media.addr(), codecs: []Codec{codec}, dtmf: dtmf, direction: a.direction.answer(s.want),
		secure: s.secure, cryptoTag: a.cryptoTag, cryptoKey: s.key, lines: a.lines, index: a.index,
	}
	if err := c.media.apply(a, codec, dtmf, d.direction, s.key, c.phone.ep.spawn); err != nil {
		return "", err
	}
	s.remote, s.codec, s.direction = offer, codec, d.direction
	s.remoteHold = !(a.direction == SendRecv || a.direction == RecvOnly)
	s.local = d.String()
	c.notify()
	return s.local, nil
}

// applyAnswerLocked takes the answer to our offer.
func (c *Call) applyAnswerLocked(answer string) error {
	a, err := parseAudio(answer)
	if err != nil {
		return err
	}
	codec, ok := a.choose(c.phone.cfg.Codecs)
	if !ok {
		return fmt.Errorf("%w: no codec in common", errNoAudio)
	}
	s := &c.sdp
	if s.secure != a.secure {
		return fmt.Errorf("%w: encryption offered %t, answered %t", errNoAudio, s.secure, a.secure)
	}
	dtmf := s.offeredDTMF
	if a.dtmf < 0 {
		dtmf = -1
	}
	direction := a.direction.answer(s.offer)
	if err := c.media.apply(a, codec, dtmf, direction, s.key, c.phone.ep.spawn); err != nil {
		return err
	}
	s.remote, s.codec, s.direction = answer, codec, direction
	c.notify()
	return nil
}

// onOffer handles re-INVITE and UPDATE.
func (c *Call) onOffer(req *sip.Request, tx *serverTx) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending && (req.IsInvite() || len(req.Body()) > 0) {
		tx.reply(491, "Request Pending")
		return
	}
	c.dlg.refresh(req.Contact())
	if id, ok := readIdentity(req, ""); ok {
		c.identity = id
	} else if id, ok := readIdentity(req, "From"); ok && c.identity.Header != "P-Asserted-Identity" && c.identity.Header != "Remote-Party-ID" && id.URI != "" {
		c.identity = id // RFC 4916
	}
	body := ""
	var err error
	switch {
	case len(req.Body()) > 0 && mediaType(req) == "application/sdp":
		body, err = c.answerLocked(string(req.Body()))
	case req.IsInvite():
		body = c.offerLocked(c.sdp.want)
		c.lateOffer = true
	}
	if err != nil {
		c.log.Warn("offer refused", "err", err)
		tx.reply(488, "Not Acceptable Here")
		return
	}
	if req.IsInvite() {
		c.sdp.reinviteTx = tx
	}
	if err := tx.respond(c.response(req, 200, "OK", body)); err != nil {
		c.log.Warn("answer offer", "err", err)
	}
	c.notify()
}

// Hold puts the other side on hold: a re-INVITE with sendonly. This side says nothing meanwhile.
func (c *Call) Hold(ctx context.Context) error { return c.setHold(ctx, SendOnly) }

// Unhold resumes the conversation.
func (c *Call) Unhold(ctx context.Context) error { return c.setHold(ctx, SendRecv) }

func (c *Call) setHold(ctx context.Context, want Direction) error {
	c.mu.Lock()
	c.sdp.want = want
	c.mu.Unlock()
	if want == SendOnly {
		c.media.setMuted(true)
	}
	if err := c.Reinvite(ctx, want); err != nil {
		return fmt.Errorf("%s: %s: %w", c, want, err)
	}
	c.media.setMuted(want == SendOnly)
	return nil
}

const maxGlare = 4

// Reinvite renegotiates the media with the given direction. After a 491 it tries again.
func (c *Call) Reinvite(ctx context.Context, direction Direction) error {
	var err error
	for range maxGlare {
		err = c.reinvite(ctx, direction)
		var refused *StatusError
		if !errors.As(err, &refused) || refused.Code != 491 {
			return err
		}
		// RFC 3261, 14.1: the two sides come back at different times.
		pause := time.Duration(rand.Int64N(int64(2 * time.Second)))
		if c.outgoing {
			pause += 2 * time.Second
		}
		if err := c.sleep(ctx, pause/5); err != nil {
			return err
		}
	}
	return err
}

func (c *Call) reinvite(ctx context.Context, direction Direction) error {
	c.mu.Lock()
	if c.state != Answered {
		defer c.mu.Unlock()
		return fmt.Errorf("re-INVITE: call is %s", c.state)
	}
	if c.pending {
		defer c.mu.Unlock()
		return &StatusError{Method: "INVITE", Code: 491, Reason: "Request Pending"}
	}
	c.pending = true
	req := c.dlg.newRequest(sip.INVITE)
	body := c.offerLocked(direction)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.pending = false
		c.mu.Unlock()
	}()
	c.finish(req, body, "Content-Type", "application/sdp", "Allow", allowedMethods, "Supported", "replaces")
	for {
		res, err := c.inviteAgain(ctx, req)
		if err != nil {
			return err
		}
		if res.StatusCode < 300 {
			return nil
		}
		if challenged(res) {
			again, err := c.phone.authorize(req, res)
			if err != nil {
				return err
			}
			if again {
				c.mu.Lock()
				c.dlg.cseq++
				setCSeq(req, c.dlg.cseq)
				c.mu.Unlock()
				continue
			}
		}
		return statusError(res)
	}
}

// inviteAgain runs one INVITE transaction inside of the dialog. The reader applies and acknowledges the answer, so that
// whatever the peer sends next finds it done.
func (c *Call) inviteAgain(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	type result struct {
		res *sip.Response
		err error
	}
	ch := make(chan result, 1)
	c.mu.Lock()
	hop := c.dlg.hop()
	var tx *clientTx
	var err error
	tx, err = c.phone.ep.begin(req, hop, func(res *sip.Response) {
		if res.StatusCode < 200 {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		var err error
		if res.StatusCode < 300 {
			err = c.acceptReinvite(tx, req, res)
		}
		select {
		case ch <- result{res, err}:
		default:
		}
	}, func(err error) {
		select {
		case ch <- result{err: err}:
		default:
		}
	})
	c.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("re-INVITE: %w", err)
	}
	select {
	case r := <-ch:
		if r.err != nil {
			return nil, fmt.Errorf("re-INVITE: %w", r.err)
		}
		return r.res, nil
	case <-c.ended:
		return nil, c.endError("re-INVITE")
	case <-ctx.Done():
		return nil, fmt.Errorf("re-INVITE: %w", ctx.Err())
	}
}

func (c *Call) acceptReinvite(tx *clientTx, req *sip.Request, res *sip.Response) error {
	c.dlg.refresh(res.Contact())
	if id, ok := readIdentity(res, ""); ok {
		c.identity = id
	}
	err := c.applyAnswerLocked(string(res.Body()))
	ack := c.dlg.newRequest(sip.ACK)
	seq, _, _ := cutSpace(headerValue(req, "CSeq"))
	ack.ReplaceHeader(sip.NewHeader("CSeq", seq+" ACK"))
	via := fmt.Sprintf("SIP/2.0/%s %s;branch=%s;rport", c.phone.ep.transport, c.phone.ep.local, sip.GenerateBranchN(16))
	ack.PrependHeader(sip.NewHeader("Via", via))
	c.finish(ack, "")
	if sendErr := tx.acknowledge(c.dlg.hop(), ack); sendErr != nil {
		return sendErr
	}
	return err
}
