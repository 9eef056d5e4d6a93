package asterisk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"

	"callplane/controller/engine"
)

// maxEvent bounds one message of the event websocket, in bytes.
const maxEvent = 8 << 20

// item is something that a connection delivered, in order of arrival.
type item struct {
	ari  []byte
	ami  amiMessage
	lost error
}

// inbox is the unbounded queue between the readers of one connection and the goroutine
// that handles events. A new one is made for each connection, so nothing of an old connection
// is handled after a new one began.
type inbox struct {
	mu    sync.Mutex
	queue []item
	wake  chan struct{}
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

func (b *inbox) put(it item) {
	b.mu.Lock()
	b.queue = append(b.queue, it)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take returns everything that has arrived, waiting for at least one item.
func (b *inbox) take(ctx context.Context) ([]item, error) {
	for {
		b.mu.Lock()
		q := b.queue
		b.queue = nil
		b.mu.Unlock()
		if len(q) > 0 {
			return q, nil
		}
		select {
		case <-b.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// session is one connection from dialling to loss. wasUp tells that the engine could be used.
func (e *Engine) session(ctx context.Context) (wasUp bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	in := newInbox()

	setup, setupDone := context.WithTimeout(ctx, 2*e.cfg.CommandTimeout)
	defer setupDone()
	ami, err := dialAMI(setup, e.cfg.AMIAddr, e.cfg.AMIUser, e.cfg.AMISecret, func(m amiMessage) { in.put(item{ami: m}) })
	if err != nil {
		return false, err
	}
	defer ami.close()
	ws, err := e.dialEvents(setup)
	if err != nil {
		return false, err
	}
	defer func() { _ = ws.CloseNow() }()
	wg.Go(func() {
		for {
			_, data, err := ws.Read(ctx)
			if err != nil {
				in.put(item{lost: fmt.Errorf("event websocket: %w", err)})
				return
			}
			in.put(item{ari: data})
		}
	})
	wg.Go(func() {
		select {
		case <-ami.done:
			in.put(item{lost: errors.New("manager connection closed")})
		case <-ctx.Done():
		}
	})
	wg.Go(func() { e.pings(ctx, ws, ami, in) })
	wg.Go(func() { e.watchContacts(ctx, ami) })

	rest, err := e.resync(ctx, in, ami)
	if err != nil {
		return false, fmt.Errorf("resynchronise: %w", err)
	}
	defer func() {
		e.mu.Lock()
		e.up = false
		e.ami = nil
		h := e.h
		e.mu.Unlock()
		e.box.post(func() { h.Connected(false) })
	}()
	for {
		for _, it := range rest {
			if it.lost != nil {
				return true, it.lost
			}
			if err := e.handle(it); err != nil {
				return true, err
			}
		}
		if rest, err = in.take(ctx); err != nil {
			return true, err
		}
	}
}

func (e *Engine) dialEvents(ctx context.Context) (*websocket.Conn, error) {
	q := url.Values{"app": {e.cfg.App}, "subscribeAll": {"true"}}
	h := http.Header{}
	r := &http.Request{Header: h}
	r.SetBasicAuth(e.cfg.ARIUser, e.cfg.ARIPassword)
	ws, resp, err := websocket.Dial(ctx, "ws://"+e.cfg.ARIAddr+"/ari/events?"+q.Encode(), &websocket.DialOptions{HTTPHeader: h})
	if err != nil {
		if resp != nil {
			return nil, fmt.Errorf("event websocket: %s: %w", resp.Status, err)
		}
		return nil, fmt.Errorf("event websocket: %w", err)
	}
	ws.SetReadLimit(maxEvent)
	return ws, nil
}

// pings finds connections that are dead without saying so.
func (e *Engine) pings(ctx context.Context, ws *websocket.Conn, ami *amiConn, in *inbox) {
	t := time.NewTicker(e.cfg.PingInterval)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		pctx, cancel := context.WithTimeout(ctx, e.cfg.PingInterval)
		err := ws.Ping(pctx)
		if err == nil {
			_, err = ami.action(pctx, "", "Action", "Ping")
		}
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			in.put(item{lost: fmt.Errorf("ping: %w", err)})
			return
		}
	}
}

// handle is one item on the event goroutine.
func (e *Engine) handle(it item) error {
	if it.ami != nil {
		e.managerEvent(it.ami)
		return nil
	}
	ev, err := decodeEvent(it.ari)
	if err != nil {
		e.log.Warn("event dropped", "err", err)
		return nil
	}
	if ev.Type == "ApplicationReplaced" {
		return errors.New("another controller took over this application")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dispatch(ev)
	return nil
}

// setUp makes the engine usable.
func (e *Engine) setUp(ami *amiConn, h engine.Handler) {
	e.mu.Lock()
	e.ami = ami
	e.up = true
	e.hintsRead = false
	e.mu.Unlock()
	e.box.post(func() { h.Connected(true) })
}
