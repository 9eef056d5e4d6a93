package phone

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

func (c *Call) addInfoDigit(digit byte) {
	c.media.dtmf.add(Digit{Value: digit, At: time.Now(), Via: INFO})
}

// Refer asks the other side to call target in place of this call (blind transfer, RFC 3515). It returns when the request
// was accepted; see WaitTransfer for what came of it.
func (c *Call) Refer(ctx context.Context, target string) error {
	uri, err := c.phone.parseTarget(target)
	if err != nil {
		return fmt.Errorf("refer: %w", err)
	}
	return c.refer(ctx, "<"+uri.String()+">")
}

// ReferReplaces connects the other sides of this call and of other with each other (attended transfer).
func (c *Call) ReferReplaces(ctx context.Context, other *Call) error {
	other.mu.Lock()
	var uri sip.Uri
	_, err := sip.ParseAddressValue(other.dlg.remote, &uri, nil)
	other.mu.Unlock()
	if err != nil {
		return fmt.Errorf("refer: %w", err)
	}
	if c.phone.cfg.Registrar == "" {
		// Without a server in between only the contact leads to the other side.
		other.mu.Lock()
		uri = other.dlg.target
		other.mu.Unlock()
	}
	uri.Headers = nil
	return c.refer(ctx, "<"+uri.String()+"?Replaces="+url.QueryEscape(other.ReplacesValue())+">")
}

// ReplacesValue is the value of a Replaces header, for the other side of this call, that stands for this call.
func (c *Call) ReplacesValue() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%s;to-tag=%s;from-tag=%s", c.dlg.callID, c.dlg.remoteTag, c.dlg.localTag)
}

func (c *Call) refer(ctx context.Context, referTo string) error {
	c.mu.Lock()
	by := c.dlg.local
	c.mu.Unlock()
	if _, err := c.request(ctx, sip.REFER, "", "Refer-To", referTo, "Referred-By", by); err != nil {
		return fmt.Errorf("%s: refer: %w", c, err)
	}
	return nil
}

// TransferProgress returns the SIP status codes that NOTIFYs told of the call we asked for with Refer.
func (c *Call) TransferProgress() []int { return c.progress.all() }

// WaitTransfer waits for the final status (200 and above) of the call that Refer asked for. NOTIFYs that come after the
// end of this call count.
func (c *Call) WaitTransfer(ctx context.Context) (int, error) {
	final := 0
	err := c.progress.wait(ctx, c.phone.ep.done, func(codes []int) bool {
		for _, code := range codes {
			if code >= 200 {
				final = code
				return true
			}
		}
		return false
	})
	if err != nil {
		return 0, fmt.Errorf("%s: wait for transfer, progress so far %v: %w", c, c.progress.all(), err)
	}
	return final, nil
}

// onNotify takes NOTIFYs inside of the dialog: the progress of our REFER, or anything else a server tells in it.
func (c *Call) onNotify(req *sip.Request) {
	event, _, _ := strings.Cut(headerValue(req, "Event"), ";")
	if strings.TrimSpace(event) == "refer" && mediaType(req) == "message/sipfrag" {
		fields := strings.Fields(string(req.Body()))
		if len(fields) >= 2 {
			if code, err := strconv.Atoi(fields[1]); err == nil {
				c.progress.add(code)
			}
		}
		return
	}
	c.phone.notifies.add(newNotification(req))
}

// ReferRequest is a REFER of the other side: it wants us to call somebody. It was accepted with 202 already.
type ReferRequest struct {
	call *Call
	// Target is the URI to call, without headers; Replaces the dialog to take over there, if any.
	Target, Replaces string
	ReferredBy       string
	id               string
	once             sync.Once
}

func (c *Call) onRefer(req *sip.Request, tx *serverTx) {
	var uri sip.Uri
	value := headerValue(req, "Refer-To")
	if _, err := sip.ParseAddressValue(value, &uri, nil); err != nil {
		tx.reply(400, "Bad Refer-To")
		return
	}
	r := &ReferRequest{call: c, ReferredBy: headerValue(req, "Referred-By"), id: strconv.Itoa(int(req.CSeq().SeqNo))}
	for _, h := range uri.Headers {
		if strings.EqualFold(h.K, "Replaces") {
			r.Replaces = unescapeUser(h.V)
		}
	}
	uri.Headers = nil
	r.Target = uri.String()
	if err := tx.respond(c.response(req, 202, "Accepted", "")); err != nil {
		c.log.Warn("accept REFER", "err", err)
		return
	}
	c.refers.add(r)
}

// WaitRefer waits for the other side to ask for a transfer.
func (c *Call) WaitRefer(ctx context.Context) (*ReferRequest, error) {
	var found *ReferRequest
	err := c.refers.wait(ctx, c.ended, func(all []*ReferRequest) bool {
		if len(all) > 0 {
			found = all[0]
		}
		return len(all) > 0
	})
	if err != nil {
		return nil, fmt.Errorf("%s: wait for REFER: %w", c, err)
	}
	return found, nil
}

// Follow makes the call that was asked for and keeps the other side informed until its outcome.
func (r *ReferRequest) Follow(ctx context.Context) (*Call, error) {
	if err := r.notify(ctx, 100, "Trying", "active;expires=60"); err != nil {
		return nil, fmt.Errorf("follow REFER: %w", err)
	}
	opts := DialOptions{Replaces: r.Replaces}
	if r.ReferredBy != "" {
		opts.Headers = map[string]string{"Referred-By": r.ReferredBy}
	}
	next, err := r.call.phone.Dial(ctx, r.Target, opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("follow REFER: %w", err), r.notify(ctx, 503, "Service Unavailable", "terminated;reason=noresource"))
	}
	r.once.Do(func() { r.call.phone.ep.spawn(func() { r.report(next) }) })
	return next, nil
}

// report tells the outcome of next to the one who asked for it.
func (r *ReferRequest) report(next *Call) {
	err := next.WaitAnswered(context.Background())
	code, reason := 200, "OK"
	var refused *StatusError
	switch {
	case errors.As(err, &refused):
		code, reason = refused.Code, refused.Reason
	case err != nil:
		code, reason = 503, "Service Unavailable"
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := r.notify(ctx, code, reason, "terminated;reason=noresource"); err != nil {
		r.call.log.Debug("report transfer", "err", err)
	}
}

func (r *ReferRequest) notify(ctx context.Context, code int, reason, state string) error {
	_, err := r.call.request(ctx, sip.NOTIFY, fmt.Sprintf("SIP/2.0 %d %s\r\n", code, reason),
		"Event", "refer;id="+r.id, "Subscription-State", state, "Content-Type", "message/sipfrag;version=2.0")
	return err
}

// findReplaced finds the call of ours that a received Replaces header means (RFC 3891, 3).
func (p *Phone) findReplaced(value string) *Call {
	callID, params, _ := strings.Cut(value, ";")
	var to, from string
	for part := range strings.SplitSeq(params, ";") {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "to-tag":
			to = v
		case "from-tag":
			from = v
		}
	}
	c := p.findCall(strings.TrimSpace(callID), to)
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == Ended || c.dlg.remoteTag != from {
		return nil
	}
	return c
}
