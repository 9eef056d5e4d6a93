package phone

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Notification is a NOTIFY or MESSAGE received.
type Notification struct {
	// Event is the package, such as message-summary, dialog or check-sync, without parameters; "message" for a MESSAGE.
	Event string
	// State is the Subscription-State, such as active or terminated, without parameters.
	State   string
	Body    string
	At      time.Time
	Message Message
}

func newNotification(req *sip.Request) Notification {
	n := Notification{Body: string(req.Body()), At: time.Now(), Message: requestMessage(req)}
	n.Event, _, _ = strings.Cut(headerValue(req, "Event"), ";")
	n.Event = strings.TrimSpace(n.Event)
	if req.Method == sip.MESSAGE {
		n.Event = "message"
	}
	n.State, _, _ = strings.Cut(headerValue(req, "Subscription-State"), ";")
	n.State = strings.TrimSpace(n.State)
	return n
}

// Notifications returns what was received outside of subscriptions so far.
func (p *Phone) Notifications() []Notification { return p.notifies.all() }

// WaitNotify waits for a NOTIFY outside of subscriptions (also one that came before) for which match is true.
func (p *Phone) WaitNotify(ctx context.Context, match func(Notification) bool) (Notification, error) {
	n, err := waitNotification(ctx, p.notifies, p.ep.done, match)
	if err != nil {
		return n, fmt.Errorf("%s: wait for NOTIFY: %w", p.cfg.User, err)
	}
	return n, nil
}

func waitNotification(ctx context.Context, j *journal[Notification], done <-chan struct{}, match func(Notification) bool) (Notification, error) {
	var found Notification
	err := j.wait(ctx, done, func(all []Notification) bool {
		for _, n := range all {
			if match(n) {
				found = n
				return true
			}
		}
		return false
	})
	return found, err
}

// Subscription is a SUBSCRIBE of ours that is kept alive until Close.
type Subscription struct {
	phone    *Phone
	event    string
	accept   string
	expires  time.Duration
	notifies *journal[Notification]
	stop     chan struct{}
	once     sync.Once

	lock sync.Mutex // held during a SUBSCRIBE
	mu   sync.Mutex
	dlg  dialog
}

// Subscribe asks target for events such as "dialog" (BLF, accept application/dialog-info+xml) or "message-summary"
// (accept application/simple-message-summary). A refusal is a *StatusError.
func (p *Phone) Subscribe(ctx context.Context, target, event, accept string, expires time.Duration) (*Subscription, error) {
	uri, err := p.parseTarget(target)
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	s := &Subscription{
		phone: p, event: event, accept: accept, expires: expires, notifies: newJournal[Notification](), stop: make(chan struct{}),
		dlg: dialog{
			callID: newCallID(), localTag: sip.GenerateTagN(10), local: "<sip:" + p.cfg.User + "@" + p.cfg.Domain + ">",
			remote: "<" + uri.String() + ">", target: uri, transport: p.ep.transport,
		},
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, fmt.Errorf("subscribe: %w", errClosed)
	}
	p.subs[dialogKey(s.dlg.callID, s.dlg.localTag)] = s
	p.mu.Unlock()
	granted, err := s.send(ctx, expires)
	if err != nil {
		p.dropSubscription(s)
		return nil, fmt.Errorf("%s: subscribe to %s of %s: %w", p.cfg.User, event, target, err)
	}
	if !p.ep.spawn(func() { s.keep(granted) }) {
		return nil, fmt.Errorf("subscribe: %w", errClosed)
	}
	return s, nil
}

func (p *Phone) dropSubscription(s *Subscription) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.subs, dialogKey(s.dlg.callID, s.dlg.localTag))
}

func (s *Subscription) send(ctx context.Context, expires time.Duration) (time.Duration, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.mu.Lock()
	req := s.dlg.newRequest(sip.SUBSCRIBE)
	to := s.phone.destination(s.dlg.target)
	if s.dlg.remoteTag != "" {
		to = s.dlg.hop()
	}
	s.mu.Unlock()
	for _, h := range [][2]string{
		{"Contact", s.phone.contact}, {"Event", s.event}, {"Accept", s.accept}, {"Expires", strconv.Itoa(int(expires / time.Second))},
		{"User-Agent", s.phone.cfg.UserAgent},
	} {
		req.AppendHeader(sip.NewHeader(h[0], h[1]))
	}
	res, err := s.phone.doAuth(ctx, req, to, func() uint32 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dlg.cseq++
		return s.dlg.cseq
	})
	if err != nil {
		return 0, err
	}
	if res.StatusCode >= 300 {
		return 0, statusError(res)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if tag, ok := res.To().Params.Get("tag"); ok && s.dlg.remoteTag == "" {
		s.dlg.remoteTag = tag
		s.dlg.setRoutes(res, true)
	}
	s.dlg.refresh(res.Contact())
	if v, err := strconv.Atoi(headerValue(res, "Expires")); err == nil {
		return time.Duration(v) * time.Second, nil
	}
	return expires, nil
}

func (s *Subscription) keep(granted time.Duration) {
	for {
		timer := time.NewTimer(max(granted*8/10, time.Second))
		select {
		case <-timer.C:
		case <-s.stop:
			timer.Stop()
			return
		case <-s.phone.ep.done:
			timer.Stop()
			return
		}
		if s.ended() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), timeoutT1s*s.phone.cfg.T1)
		next, err := s.send(ctx, s.expires)
		cancel()
		if err != nil {
			s.phone.log.Warn("refresh subscription", "event", s.event, "err", err)
			granted = 5 * time.Second
			continue
		}
		granted = next
	}
}

// Notifications returns every NOTIFY of this subscription so far.
func (s *Subscription) Notifications() []Notification { return s.notifies.all() }

// Wait waits for a NOTIFY (also one that came before) for which match is true.
func (s *Subscription) Wait(ctx context.Context, match func(Notification) bool) (Notification, error) {
	n, err := waitNotification(ctx, s.notifies, s.phone.ep.done, match)
	if err != nil {
		last := "none"
		if all := s.notifies.all(); len(all) > 0 {
			last = all[len(all)-1].Body
		}
		return n, fmt.Errorf("%s: wait for NOTIFY of %s, last: %s: %w", s.phone.cfg.User, s.event, last, err)
	}
	return n, nil
}

// WaitLast waits until the newest NOTIFY satisfies match.
func (s *Subscription) WaitLast(ctx context.Context, match func(Notification) bool) (Notification, error) {
	var found Notification
	err := s.notifies.wait(ctx, s.phone.ep.done, func(all []Notification) bool {
		if len(all) == 0 {
			return false
		}
		found = all[len(all)-1]
		return match(found)
	})
	if err != nil {
		return found, fmt.Errorf("%s: wait for NOTIFY of %s, last: %s: %w", s.phone.cfg.User, s.event, found.Body, err)
	}
	return found, nil
}

// ended tells that the notifier has ended the subscription (RFC 6665 4.4.1): the dialog is gone, and what is asked in it is
// answered with 481, or by Asterisk with 500.
func (s *Subscription) ended() bool {
	all := s.notifies.all()
	return len(all) > 0 && all[len(all)-1].State == "terminated"
}

// Close ends the subscription; of one that the notifier has ended there is nothing to end.
func (s *Subscription) Close(ctx context.Context) error {
	var err error
	s.once.Do(func() {
		close(s.stop)
		if s.ended() {
			return
		}
		_, err = s.send(ctx, 0)
		var refused *StatusError
		if errors.As(err, &refused) && s.ended() {
			err = nil // both ended it at once
		}
	})
	if err != nil {
		return fmt.Errorf("end subscription to %s: %w", s.event, err)
	}
	return nil
}

func (p *Phone) onSubscriptionNotify(callID, localTag string, req *sip.Request, tx *serverTx) bool {
	p.mu.Lock()
	s := p.subs[dialogKey(callID, localTag)]
	p.mu.Unlock()
	if s == nil || req.Method != sip.NOTIFY {
		return false
	}
	tx.reply(200, "OK")
	s.mu.Lock()
	if s.dlg.remoteTag == "" {
		// The first NOTIFY may overtake the 200 of the SUBSCRIBE.
		s.dlg.remoteTag, _ = req.From().Params.Get("tag")
		s.dlg.setRoutes(req, false)
	}
	s.dlg.refresh(req.Contact())
	s.mu.Unlock()
	s.notifies.add(newNotification(req))
	return true
}
