package phone

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// authorize adds credentials to req as the challenge in res asks. It reports false if there is nothing to answer with.
func (p *Phone) authorize(req *sip.Request, res *sip.Response) (bool, error) {
	ask, reply := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		ask, reply = "Proxy-Authenticate", "Proxy-Authorization"
	}
	if p.cfg.Password == "" {
		return false, nil
	}
	for _, value := range headerValues(res, ask) {
		challenge, err := digest.ParseChallenge(value)
		if err != nil || !digest.CanDigest(challenge) {
			continue
		}
		// A second refusal of the same credentials means that they are wrong, unless only the nonce was too old.
		if req.GetHeader(reply) != nil && !challenge.Stale {
			return false, nil
		}
		credentials, err := digest.Digest(challenge, digest.Options{
			Method: string(req.Method), URI: req.Recipient.String(), Username: p.cfg.AuthUser, Password: p.cfg.Password, Count: 1,
		})
		if err != nil {
			return false, fmt.Errorf("answer challenge: %w", err)
		}
		for req.RemoveHeader(reply) {
		}
		req.AppendHeader(sip.NewHeader(reply, credentials.String()))
		return true, nil
	}
	return false, nil
}

func challenged(res *sip.Response) bool { return res.StatusCode == 401 || res.StatusCode == 407 }

func setCSeq(req *sip.Request, seq uint32) {
	req.ReplaceHeader(sip.NewHeader("CSeq", fmt.Sprintf("%d %s", seq, req.Method)))
}

// doAuth sends req and answers challenges; nextCSeq gives the number of each further attempt.
func (p *Phone) doAuth(ctx context.Context, req *sip.Request, to peer, nextCSeq func() uint32) (*sip.Response, error) {
	for range 3 {
		res, err := p.ep.do(ctx, req, to)
		if err != nil || !challenged(res) {
			return res, err
		}
		again, err := p.authorize(req, res)
		if err != nil {
			return nil, err
		}
		if !again {
			return res, nil
		}
		setCSeq(req, nextCSeq())
	}
	return nil, fmt.Errorf("%s: challenged again and again", req.Method)
}

// registration keeps one binding alive.
type registration struct {
	phone  *Phone
	callID string
	tag    string

	lock sync.Mutex // held during a REGISTER: they must not overlap
	cseq uint32

	mu      sync.Mutex
	active  bool
	refresh chan time.Duration
	running bool
	err     error
}

func (r *registration) init(p *Phone) {
	r.phone, r.callID, r.tag = p, newCallID(), sip.GenerateTagN(10)
	r.refresh = make(chan time.Duration, 1)
}

// stop ends refreshing and reports whether there is a binding to remove.
func (r *registration) stop() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.active
}

// Register binds this phone to its address of record and keeps it bound until Unregister or Close. A refusal is a
// *StatusError.
func (p *Phone) Register(ctx context.Context) error {
	granted, err := p.reg.send(ctx, p.cfg.Expires)
	if err != nil {
		return fmt.Errorf("register %s: %w", p.cfg.User, err)
	}
	r := &p.reg
	r.mu.Lock()
	r.active = true
	start := !r.running
	r.running = true
	r.mu.Unlock()
	if start && !p.ep.spawn(r.keep) {
		return fmt.Errorf("register %s: %w", p.cfg.User, errClosed)
	}
	r.schedule(granted)
	return nil
}

// Unregister removes the binding of this phone.
func (p *Phone) Unregister(ctx context.Context) error {
	p.reg.mu.Lock()
	p.reg.active = false
	p.reg.mu.Unlock()
	if _, err := p.reg.send(ctx, 0); err != nil {
		return fmt.Errorf("unregister %s: %w", p.cfg.User, err)
	}
	return nil
}

// Registered reports whether the binding stands, and the error of the last refresh if it failed.
func (p *Phone) Registered() (bool, error) {
	p.reg.mu.Lock()
	defer p.reg.mu.Unlock()
	return p.reg.active && p.reg.err == nil, p.reg.err
}

func (r *registration) schedule(granted time.Duration) {
	select {
	case <-r.refresh:
	default:
	}
	r.refresh <- granted
}

// keep refreshes at 80 % of the granted time, earlier after a failure.
func (r *registration) keep() {
	p := r.phone
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	retry := time.Second
	for {
		select {
		case <-p.ep.done:
			return
		case granted := <-r.refresh:
			timer.Reset(granted * 8 / 10)
			continue
		case <-timer.C:
		}
		r.mu.Lock()
		active := r.active
		r.mu.Unlock()
		if !active {
			timer.Reset(time.Hour)
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), timeoutT1s*p.cfg.T1)
		granted, err := r.send(ctx, p.cfg.Expires)
		cancel()
		r.mu.Lock()
		r.err = err
		r.mu.Unlock()
		if err != nil {
			p.log.Warn("refresh registration", "err", err)
			timer.Reset(retry + time.Duration(rand.Int64N(int64(retry))))
			retry = min(2*retry, 30*time.Second)
			continue
		}
		retry = time.Second
		timer.Reset(granted * 8 / 10)
	}
}

// send makes one REGISTER, 0 to remove the binding, and returns what was granted.
func (r *registration) send(ctx context.Context, expires time.Duration) (time.Duration, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	p := r.phone
	for range 2 {
		seconds := int(expires / time.Second)
		req := sip.NewRequest(sip.REGISTER, sip.Uri{Scheme: "sip", Host: p.cfg.Domain})
		r.cseq++
		aor := "<sip:" + p.cfg.User + "@" + p.cfg.Domain + ">"
		for _, h := range [][2]string{
			{"Max-Forwards", "70"}, {"From", aor + ";tag=" + r.tag}, {"To", aor}, {"Call-ID", r.callID},
			{"CSeq", fmt.Sprintf("%d REGISTER", r.cseq)}, {"Contact", p.contact}, {"Expires", strconv.Itoa(seconds)},
			{"User-Agent", p.cfg.UserAgent}, {"Allow", allowedMethods},
		} {
			req.AppendHeader(sip.NewHeader(h[0], h[1]))
		}
		res, err := p.doAuth(ctx, req, p.destination(req.Recipient), func() uint32 { r.cseq++; return r.cseq })
		if err != nil {
			return 0, err
		}
		switch {
		case res.StatusCode == 423: // Interval Too Brief
			least, err := strconv.Atoi(headerValue(res, "Min-Expires"))
			if err != nil || least <= seconds {
				return 0, statusError(res)
			}
			expires = time.Duration(least) * time.Second
		case res.StatusCode >= 300:
			return 0, statusError(res)
		default:
			return p.grantedExpires(res, expires), nil
		}
	}
	return 0, &StatusError{Method: "REGISTER", Code: 423, Reason: "Interval Too Brief"}
}

// grantedExpires looks for our binding among the contacts of the response.
func (p *Phone) grantedExpires(res *sip.Response, asked time.Duration) time.Duration {
	granted := asked
	if s, err := strconv.Atoi(headerValue(res, "Expires")); err == nil {
		granted = time.Duration(s) * time.Second
	}
	for _, h := range res.GetHeaders("Contact") {
		contact, ok := h.(*sip.ContactHeader)
		if !ok || contact.Address.User != p.cfg.ContactUser || uriAddr(contact.Address, p.ep.transport) != p.ep.local {
			continue
		}
		value, _ := contact.Params.Get("expires")
		if s, err := strconv.Atoi(value); err == nil {
			granted = time.Duration(s) * time.Second
		}
	}
	return max(granted, 2*time.Second)
}
