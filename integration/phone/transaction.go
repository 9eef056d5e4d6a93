package phone

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Timers of RFC 3261, 17, in units of T1.
const (
	defaultT1   = 500 * time.Millisecond
	timeoutT1s  = 64 // timers B, F and H
	maxInterval = 4 * time.Second
)

var errTimeout = errors.New("no response")

// clientTx is a request of ours that waits for responses.
type clientTx struct {
	e          *endpoint
	key        string
	invite     bool
	to         peer
	raw        []byte
	req        *sip.Request
	onResponse func(*sip.Response)
	onFail     func(error)

	mu        sync.Mutex
	responded bool
	final     bool
	ack       []byte
	stop      chan struct{}
	expires   time.Time
}

// begin sends req in a new transaction. It puts the Via and Content-Length headers in. onResponse is called in order from the reader
// and must not block; it sees each final response once. onFail is called when no response came in time.
func (e *endpoint) begin(req *sip.Request, to peer, onResponse func(*sip.Response), onFail func(error)) (*clientTx, error) {
	branch := sip.GenerateBranchN(16)
	req.RemoveHeader("Via")
	req.PrependHeader(sip.NewHeader("Via", fmt.Sprintf("SIP/2.0/%s %s;branch=%s;rport", e.transport, e.local, branch)))
	if req.Body() == nil {
		req.SetBody(nil)
	}
	return e.beginBranch(req, branch, to, onResponse, onFail)
}

func (e *endpoint) beginBranch(req *sip.Request, branch string, to peer, onResponse func(*sip.Response), onFail func(error)) (*clientTx, error) {
	tx := &clientTx{
		e: e, key: branch + "|" + string(req.Method), invite: req.IsInvite(), to: to, raw: []byte(req.String()), req: req,
		onResponse: onResponse, onFail: onFail, stop: make(chan struct{}), expires: time.Now().Add(2 * timeoutT1s * e.t1),
	}
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil, errClosed
	}
	now := time.Now()
	for k, old := range e.clients {
		// An INVITE may ring for longer than any timer: only finished transactions are swept.
		if old.isFinal() && now.After(old.expires) {
			delete(e.clients, k)
		}
	}
	e.clients[tx.key] = tx
	e.wg.Go(tx.retransmit)
	e.mu.Unlock()
	if err := e.send(to, tx.raw); err != nil {
		tx.drop()
		return nil, err
	}
	return tx, nil
}

func (tx *clientTx) isFinal() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.final
}

// drop forgets the transaction: later responses go nowhere.
func (tx *clientTx) drop() {
	tx.e.mu.Lock()
	delete(tx.e.clients, tx.key)
	tx.e.mu.Unlock()
	tx.halt()
}

// halt ends retransmission.
func (tx *clientTx) halt() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if !tx.responded {
		tx.responded = true
		close(tx.stop)
	}
}

func (tx *clientTx) retransmit() {
	interval := tx.e.t1
	timer := time.NewTimer(interval)
	defer timer.Stop()
	deadline := time.NewTimer(timeoutT1s * tx.e.t1)
	defer deadline.Stop()
	for {
		select {
		case <-tx.stop:
			return
		case <-tx.e.done:
			if tx.onFail != nil {
				tx.onFail(errClosed)
			}
			return
		case <-deadline.C:
			tx.drop()
			if tx.onFail != nil {
				tx.onFail(errTimeout)
			}
			return
		case <-timer.C:
			if tx.e.udp == nil {
				continue
			}
			if err := tx.e.send(tx.to, tx.raw); err != nil {
				tx.e.log.Debug("retransmit", "err", err)
			}
			interval = min(2*interval, maxInterval)
			timer.Reset(interval)
		}
	}
}

// acknowledge sends the ACK of a 2xx and keeps it for retransmissions of that response.
func (tx *clientTx) acknowledge(to peer, ack *sip.Request) error {
	raw := []byte(ack.String())
	tx.mu.Lock()
	tx.ack, tx.to = raw, to
	tx.mu.Unlock()
	return tx.e.send(to, raw)
}

func (e *endpoint) receiveResponse(res *sip.Response) {
	via, cseq := res.Via(), res.CSeq()
	if via == nil || cseq == nil {
		e.log.Warn("response without Via or CSeq", "status", res.StatusCode)
		return
	}
	branch, _ := via.Params.Get("branch")
	e.mu.Lock()
	tx := e.clients[branch+"|"+string(cseq.MethodName)]
	e.mu.Unlock()
	if tx == nil {
		return // a late retransmission
	}
	tx.receive(res)
}

func (tx *clientTx) receive(res *sip.Response) {
	final := res.StatusCode >= 200
	if final || tx.invite {
		tx.halt()
	}
	tx.mu.Lock()
	if tx.final {
		ack, to := tx.ack, tx.to
		tx.mu.Unlock()
		if final && ack != nil {
			if err := tx.e.send(to, ack); err != nil {
				tx.e.log.Debug("repeat ACK", "err", err)
			}
		}
		return
	}
	if final {
		tx.final = true
		tx.expires = time.Now().Add(timeoutT1s * tx.e.t1)
		if tx.invite && res.StatusCode >= 300 {
			tx.ack = []byte(rejectAck(tx.req, res).String())
		}
	}
	ack := tx.ack
	tx.mu.Unlock()
	if ack != nil {
		if err := tx.e.send(tx.to, ack); err != nil {
			tx.e.log.Debug("ACK", "err", err)
		}
	}
	if final && !tx.invite {
		tx.drop()
	}
	tx.onResponse(res)
}

// rejectAck builds the ACK that belongs to the transaction of a refused INVITE (RFC 3261, 17.1.1.3).
func rejectAck(invite *sip.Request, res *sip.Response) *sip.Request {
	ack := sip.NewRequest(sip.ACK, invite.Recipient)
	copyHeader(ack, invite, "Via")
	ack.AppendHeader(sip.NewHeader("Max-Forwards", "70"))
	copyHeader(ack, invite, "From")
	if to := res.To(); to != nil {
		ack.AppendHeader(sip.NewHeader("To", to.Value()))
	}
	copyHeader(ack, invite, "Call-ID")
	copyHeader(ack, invite, "Route")
	seq, _, _ := cutSpace(headerValue(invite, "CSeq"))
	ack.AppendHeader(sip.NewHeader("CSeq", seq+" ACK"))
	ack.SetBody(nil)
	return ack
}

// do sends req, not an INVITE, and returns its final response.
func (e *endpoint) do(ctx context.Context, req *sip.Request, to peer) (*sip.Response, error) {
	type result struct {
		res *sip.Response
		err error
	}
	ch := make(chan result, 1)
	put := func(r result) {
		select {
		case ch <- r:
		default:
		}
	}
	tx, err := e.begin(req, to, func(res *sip.Response) {
		if res.StatusCode >= 200 {
			put(result{res: res})
		}
	}, func(err error) { put(result{err: err}) })
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", req.Method, to.addr, err)
	}
	select {
	case r := <-ch:
		if r.err != nil {
			return nil, fmt.Errorf("%s %s: %w", req.Method, to.addr, r.err)
		}
		return r.res, nil
	case <-ctx.Done():
		tx.drop()
		return nil, fmt.Errorf("%s %s: %w", req.Method, to.addr, ctx.Err())
	}
}

// serverTx is a request of the peer that we answer.
type serverTx struct {
	e    *endpoint
	key  string
	req  *sip.Request
	from peer

	mu      sync.Mutex
	last    []byte
	final   bool
	acked   chan struct{}
	once    sync.Once
	expires time.Time
}

func serverKey(req *sip.Request, method sip.RequestMethod) string {
	via := req.Via()
	branch, _ := via.Params.Get("branch")
	if branch == "" { // RFC 2543
		branch = headerValue(req, "Call-ID") + headerValue(req, "From") + strconv.Itoa(int(req.CSeq().SeqNo))
	}
	return branch + "|" + via.Host + ":" + strconv.Itoa(via.Port) + "|" + string(method)
}

func (e *endpoint) receiveRequest(req *sip.Request, from peer) {
	if req.Via() == nil {
		e.log.Warn("request without Via", "method", req.Method, "from", from.addr)
		return
	}
	req.SetSource(from.addr)
	if req.CSeq() == nil || req.CallID() == nil || req.From() == nil || req.To() == nil {
		if !req.IsAck() {
			res := sip.NewResponseFromRequest(req, 400, "Missing Header", nil)
			if err := e.send(from, []byte(res.String())); err != nil {
				e.log.Debug("refuse malformed request", "err", err)
			}
		}
		return
	}
	if req.IsAck() {
		e.mu.Lock()
		tx := e.servers[serverKey(req, sip.INVITE)]
		e.mu.Unlock()
		if tx != nil {
			tx.confirm()
		}
		e.onAck(req)
		return
	}
	key := serverKey(req, req.Method)
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return
	}
	if tx := e.servers[key]; tx != nil {
		e.mu.Unlock()
		tx.repeat()
		return
	}
	tx := &serverTx{e: e, key: key, req: req, from: from, acked: make(chan struct{})}
	now := time.Now()
	for k, old := range e.servers {
		if old.expired(now) {
			delete(e.servers, k)
		}
	}
	e.servers[key] = tx
	invite := e.servers[serverKey(req, sip.INVITE)]
	e.mu.Unlock()

	switch req.Method {
	case sip.CANCEL:
		if invite == nil {
			tx.reply(481, "Call/Transaction Does Not Exist")
			return
		}
		tx.reply(200, "OK")
		e.onCancel(req, invite)
	case sip.INVITE:
		tx.reply(100, "Trying")
		e.onRequest(req, tx)
	default:
		e.onRequest(req, tx)
	}
}

func (tx *serverTx) expired(now time.Time) bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.final && now.After(tx.expires)
}

func (tx *serverTx) repeat() {
	tx.mu.Lock()
	last := tx.last
	tx.mu.Unlock()
	if last != nil {
		if err := tx.e.send(tx.from, last); err != nil {
			tx.e.log.Debug("repeat response", "err", err)
		}
	}
}

func (tx *serverTx) confirm() { tx.once.Do(func() { close(tx.acked) }) }

// reply sends a response without a body.
func (tx *serverTx) reply(code int, reason string) {
	if err := tx.respond(sip.NewResponseFromRequest(tx.req, code, reason, nil)); err != nil {
		tx.e.log.Debug("respond", "code", code, "err", err)
	}
}

// respond sends res. A final response to an INVITE is repeated until its ACK (of a 2xx: until confirm is called).
func (tx *serverTx) respond(res *sip.Response) error {
	raw := []byte(res.String())
	tx.mu.Lock()
	if tx.final {
		tx.mu.Unlock()
		return errors.New("already answered")
	}
	tx.last = raw
	if res.StatusCode >= 200 {
		tx.final = true
		tx.expires = time.Now().Add(timeoutT1s * tx.e.t1)
	}
	tx.mu.Unlock()
	if res.StatusCode >= 200 && tx.req.IsInvite() && (res.StatusCode < 300 || tx.e.udp != nil) {
		tx.e.spawn(func() { tx.repeatUntilAck(raw) })
	}
	return tx.e.send(tx.from, raw)
}

func (tx *serverTx) repeatUntilAck(raw []byte) {
	interval := tx.e.t1
	timer := time.NewTimer(interval)
	defer timer.Stop()
	deadline := time.NewTimer(timeoutT1s * tx.e.t1)
	defer deadline.Stop()
	for {
		select {
		case <-tx.acked:
			return
		case <-tx.e.done:
			return
		case <-deadline.C:
			tx.e.log.Warn("no ACK", "call", headerValue(tx.req, "Call-ID"))
			return
		case <-timer.C:
			if err := tx.e.send(tx.from, raw); err != nil {
				tx.e.log.Debug("repeat final response", "err", err)
			}
			interval = min(2*interval, maxInterval)
			timer.Reset(interval)
		}
	}
}
