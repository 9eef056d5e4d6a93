package stream

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO"

func (g *Gateway) handlers(s *sipgo.Server) {
	s.OnInvite(func(req *sip.Request, tx sip.ServerTransaction) {
		if to := req.To(); to != nil && to.Params.Has("tag") {
			g.reinvite(req, tx)
			return
		}
		g.invite(req, tx)
	})
	s.OnAck(func(req *sip.Request, tx sip.ServerTransaction) {
		_ = g.dialogs.ReadAck(req, tx) // of a dialog that has ended, it means nothing
		if s := g.session(req); s != nil {
			select {
			case s.acked <- req.CSeq().SeqNo:
			default:
			}
		}
	})
	s.OnBye(func(req *sip.Request, tx sip.ServerTransaction) {
		if g.dialogs.ReadBye(req, tx) != nil {
			g.answer(req, tx, sip.StatusCallTransactionDoesNotExists, "No such call")
		}
	})
	s.OnOptions(func(req *sip.Request, tx sip.ServerTransaction) { g.answer(req, tx, sip.StatusOK, "OK") })
	s.OnInfo(func(req *sip.Request, tx sip.ServerTransaction) {
		if g.session(req) == nil {
			g.answer(req, tx, sip.StatusCallTransactionDoesNotExists, "No such call")
			return
		}
		g.answer(req, tx, sip.StatusOK, "OK")
	})
	s.OnCancel(func(req *sip.Request, tx sip.ServerTransaction) {
		g.answer(req, tx, sip.StatusCallTransactionDoesNotExists, "No such call")
	})
}

func (g *Gateway) answer(req *sip.Request, tx sip.ServerTransaction, status int, reason string) {
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	if err := tx.Respond(res); err != nil {
		g.cfg.Log.Debug("media stream: respond", "method", req.Method, "error", err)
	}
}

// session of a request within a dialog, or nil.
func (g *Gateway) session(req *sip.Request) *session {
	id, err := sip.DialogIDFromRequestUAS(req)
	if err != nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.live[id]
}

// source is where a request came from.
func source(req *sip.Request) netip.Addr {
	host, _, _ := net.SplitHostPort(req.Source())
	a, _ := netip.ParseAddr(host)
	return a.Unmap()
}

// invite connects the engine's call with the bot and returns when both have parted.
func (g *Gateway) invite(req *sip.Request, tx sip.ServerTransaction) {
	base, ok := g.enter()
	if !ok {
		g.answer(req, tx, sip.StatusServiceUnavailable, "Ending")
		return
	}
	defer g.wg.Done()
	o, ok := g.take(req.Recipient.User)
	if !ok {
		g.answer(req, tx, sip.StatusNotFound, "No such stream")
		return
	}
	log := g.cfg.Log.With("call", o.facts.Call, "extension", o.facts.Extension)
	d, err := g.dialogs.ReadInvite(req, tx)
	if err != nil {
		log.Warn("media stream: the engine's call can't be taken", "error", err)
		g.answer(req, tx, sip.StatusBadRequest, "Bad request")
		return
	}
	defer func() { _ = d.Close() }()
	refuse := func(status int, reason string, err error) {
		log.Warn("media stream: "+reason, "error", err)
		_ = d.Respond(status, reason, nil) // the engine has given up meanwhile
	}
	offer, err := parseOffer(req.Body())
	if err != nil {
		refuse(sip.StatusNotAcceptableHere, "no usable audio", err)
		return
	}
	ctx, cancel := context.WithCancel(base)
	defer cancel()
	defer context.AfterFunc(d.Context(), cancel)()
	_ = d.Respond(sip.StatusRinging, "Ringing", nil)
	bot, err := g.dial(ctx, o)
	if err != nil {
		refuse(sip.StatusServiceUnavailable, "the bot was not reached", err)
		return
	}
	v, err := newVoice(g.addr.Addr(), offer, source(req))
	if err != nil {
		_ = bot.CloseNow()
		refuse(sip.StatusInternalServerError, "no audio", err)
		return
	}
	s := &session{g: g, order: o, dialog: d, bot: bot, voice: v, log: log, acked: make(chan uint32, 8)}
	g.mu.Lock()
	g.live[d.ID] = s
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.live, d.ID)
	}()
	res := sip.NewSDPResponseFromRequest(d.InviteRequest, v.sdp())
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	if err := d.WriteResponse(res); err != nil {
		log.Warn("media stream: the engine's call was not taken", "error", err)
		v.close()
		_ = bot.CloseNow()
		return
	}
	s.run(ctx)
}

// reinvite answers a change of the session: another address, hold.
func (g *Gateway) reinvite(req *sip.Request, tx sip.ServerTransaction) {
	s := g.session(req)
	if s == nil {
		g.answer(req, tx, sip.StatusCallTransactionDoesNotExists, "No such call")
		return
	}
	if err := s.dialog.ReadRequest(req, tx); err != nil {
		g.answer(req, tx, sip.StatusInternalServerError, "Out of order")
		return
	}
	if len(req.Body()) > 0 { // without an offer ours stays
		offer, err := parseOffer(req.Body())
		if err != nil {
			g.answer(req, tx, sip.StatusNotAcceptableHere, "No usable audio")
			return
		}
		s.voice.apply(offer, source(req))
	}
	res := sip.NewSDPResponseFromRequest(req, s.voice.sdp())
	res.AppendHeader(sip.HeaderClone(s.dialog.InviteResponse.Contact()))
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	for wait := sip.T1; wait < 64*sip.T1; wait *= 2 {
		if tx.Respond(res) != nil {
			return
		}
		timer := time.NewTimer(wait)
		for acked := false; !acked; {
			select {
			case seq := <-s.acked:
				if seq == req.CSeq().SeqNo {
					timer.Stop()
					return
				}
			case <-timer.C:
				acked = true
			case <-s.dialog.Context().Done():
				timer.Stop()
				return
			}
		}
	}
}

// hangUp ends the engine's call from this side.
func (s *session) hangUp() {
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	if err := s.dialog.Bye(ctx); err != nil {
		s.log.Debug("media stream: hang up", "error", err)
	}
}

// there asks the engine whether it still has the call.
func (s *session) there(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	req := sip.NewRequest(sip.OPTIONS, s.dialog.InviteRequest.Contact().Address)
	res, err := s.dialog.Do(ctx, req)
	return err == nil && res.StatusCode != sip.StatusCallTransactionDoesNotExists && res.StatusCode != sip.StatusRequestTimeout
}
