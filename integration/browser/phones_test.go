package browser

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"callplane/integration/installation"
	"callplane/integration/phone"
)

// phone registers a channel's phone. What the browser has saved a moment ago is on its way to the controller.
func (s *stage) phone(ctx context.Context, sc *scene, name, password string) (string, error) {
	p, err := phone.New(sc.ctx, phone.Config{User: name, Password: password, Domain: installation.Domain, Registrar: s.Engine.SIP})
	if err != nil {
		return "", err
	}
	sc.mu.Lock()
	sc.phones[name] = p
	sc.mu.Unlock()
	for {
		err := p.Register(ctx)
		if err == nil {
			return name, nil
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (sc *scene) phone(name string) (*phone.Phone, error) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if p := sc.phones[name]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("there is no phone %s", name)
}

// keep gives a call its number.
func (sc *scene) keep(c *phone.Call) int {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.calls = append(sc.calls, c)
	return len(sc.calls)
}

func (sc *scene) call(number int) (*phone.Call, error) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if number < 1 || number > len(sc.calls) {
		return nil, fmt.Errorf("there is no call %d", number)
	}
	return sc.calls[number-1], nil
}

// close ends what the spec left: its calls, then its phones.
func (sc *scene) close() {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	sc.mu.Lock()
	defer sc.mu.Unlock()
	for _, c := range sc.calls {
		_ = c.Hangup(ctx) // most have ended
	}
	for _, p := range sc.phones {
		_ = p.Close() // it is only ours
	}
}

// carrierName is the phone of everybody outside.
const carrierName = "carrier"

func (s *stage) dial(ctx context.Context, sc *scene, in request) (int, error) {
	if in.Phone == carrierName {
		c, err := s.outside.phone.Dial(ctx, "sip:"+in.Number+"@"+s.Engine.Trunk, phone.DialOptions{NoAuth: true,
			From: fmt.Sprintf("<sip:%s@127.71.0.2>", in.From)})
		if err != nil {
			return 0, err
		}
		return sc.keep(c), nil
	}
	p, err := sc.phone(in.Phone)
	if err != nil {
		return 0, err
	}
	c, err := p.Dial(ctx, in.Number, phone.DialOptions{})
	if err != nil {
		return 0, err
	}
	return sc.keep(c), nil
}

func (s *stage) incoming(ctx context.Context, sc *scene, in request) (int, error) {
	if in.Phone == carrierName {
		c, err := s.outside.wait(ctx, in.Number)
		if err != nil {
			return 0, err
		}
		return sc.keep(c), nil
	}
	p, err := sc.phone(in.Phone)
	if err != nil {
		return 0, err
	}
	c, err := p.WaitIncoming(ctx)
	if err != nil {
		return 0, err
	}
	return sc.keep(c), nil
}

// exchange is the carrier's phone, which many specs call with at the same time.
type exchange struct {
	phone *phone.Phone
	stop  context.CancelFunc
	done  chan struct{}

	mu      sync.Mutex
	calls   []*phone.Call
	changed chan struct{} // closed at the next call
}

func newExchange(p *phone.Phone) *exchange {
	ctx, cancel := context.WithCancel(context.Background())
	x := &exchange{phone: p, stop: cancel, done: make(chan struct{}), changed: make(chan struct{})}
	go func() {
		defer close(x.done)
		for {
			c, err := p.WaitIncoming(ctx)
			if err != nil {
				return
			}
			x.mu.Lock()
			x.calls = append(x.calls, c)
			close(x.changed)
			x.changed = make(chan struct{})
			x.mu.Unlock()
		}
	}()
	return x
}

func (x *exchange) close() {
	x.stop()
	<-x.done
}

// wait takes the first call to this number.
func (x *exchange) wait(ctx context.Context, number string) (*phone.Call, error) {
	for {
		x.mu.Lock()
		changed := x.changed
		for i, c := range x.calls {
			if strings.Contains(c.Header("To"), number) {
				x.calls = append(x.calls[:i:i], x.calls[i+1:]...)
				x.mu.Unlock()
				return c, nil
			}
		}
		x.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("nobody calls %s: %w", number, ctx.Err())
		}
	}
}
