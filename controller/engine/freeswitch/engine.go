// Package freeswitch drives a FreeSWITCH over its event socket (mod_event_socket, inbound) and
// answers its questions over HTTP (mod_xml_curl). The configuration it expects is freeswitch-conf.
//
// # How it works
//
// Legs are channels that park; every operation is a command on the channel, every event comes on
// one connection that is read by one goroutine and dispatched by another, so that the events of a leg
// keep their order. Commands travel on connections of their own: an api command stops the events of its
// connection while it runs. Commands on one leg use the same connection.
//
// # Event latency
//
// FreeSWITCH hands events to a listener whenever that wakes from a poll of its socket, every 20 ms. An
// empty line wakes it at once (read_packet in mod_event_socket skips leading line breaks), so while a leg
// is unanswered or an operation was just sent, the driver writes one every 2 ms, every 5 ms while events are
// many (moderation); otherwise none. Measured
// (TestEventLatency, two cores, 400 events on an otherwise quiet machine, from the command that fires one to its arrival): without p50 12.9 ms,
// p99 20.2 ms; every 5 ms p50 3.0, p99 10.1; every 2 ms p50 1.6, p99 6.3; every 1 ms p50 1.5, p99 3.7.
//
// The first decision about a new call pays none of this: FreeSWITCH asks for the dialplan of the call over
// HTTP, and the operations that answer Handler.Incoming travel in the response (DialplanHandler).
package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"callplane/controller/engine"
)

// Config says which engine to drive and how.
type Config struct {
	// Name of the engine in the controller.
	Name string
	// Addr is host:port of the event socket; Password its password.
	Addr, Password string
	// Log is told what can't be returned; nil discards.
	Log *slog.Logger
	// CommandTimeout bounds operations without a deadline; 0 is 5 s.
	CommandTimeout time.Duration
	// Connections for commands; 0 is 4.
	Connections int
	// Poke is the interval of the lines that speed up events; 0 is 2 ms, negative: none.
	Poke time.Duration
	// Decision is how long the first decision about a call is awaited before the call just parks;
	// 0 is 150 ms.
	Decision time.Duration
}

// Engine is the driver. It implements engine.Engine.
type Engine struct {
	cfg Config
	log *slog.Logger

	mu      sync.Mutex // guards everything below
	handler engine.Handler
	up      *session // nil while down
	core    string   // Core-UUID of the last session
	legs    map[engine.LegID]*leg
	chans   map[string]*leg      // by channel UUID, forks included
	gone    map[string]time.Time // channels that hung up before they were known
	jobs    map[string]string    // Job-UUID of an originate: its channel
	blocked map[netip.Addr]struct{}
	trunks  map[string]engine.Trunk
	lamps   lamps
	auths   map[authKey][2]string // user and realm of calls being authenticated
	out     []emission            // queued by the dispatcher while it holds mu

	wg      sync.WaitGroup // of async
	posted  chan struct{}  // wakes the dispatcher
	posts   []func()       // run by the dispatcher, with mu held
	hot     atomic.Int64   // events are expected until then, UnixNano
	waiting atomic.Int64   // legs that are unanswered
}

var _ engine.Engine = (*Engine)(nil)

type emission struct {
	sink engine.Sink
	ev   engine.Event
}

// New makes a driver; Run connects it.
func New(cfg Config) *Engine {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.CommandTimeout == 0 {
		cfg.CommandTimeout = 5 * time.Second
	}
	if cfg.Connections <= 0 {
		cfg.Connections = 4
	}
	if cfg.Poke == 0 {
		cfg.Poke = 2 * time.Millisecond
	}
	if cfg.Decision == 0 {
		cfg.Decision = 150 * time.Millisecond
	}
	return &Engine{
		cfg:     cfg,
		log:     cfg.Log.With("engine", cfg.Name),
		legs:    make(map[engine.LegID]*leg),
		chans:   make(map[string]*leg),
		gone:    make(map[string]time.Time),
		jobs:    make(map[string]string),
		blocked: make(map[netip.Addr]struct{}),
		trunks:  make(map[string]engine.Trunk),
		lamps:   newLamps(),
		auths:   make(map[authKey][2]string),
		posted:  make(chan struct{}, 1),
	}
}

// Name implements engine.Engine.
func (e *Engine) Name() string { return e.cfg.Name }

// session is the time between a connect and the loss of it.
type session struct {
	events *conn
	cmds   []*conn
	queue  chan *event
	told   atomic.Uint64 // events so far
	lost   chan struct{} // closed when the session is over
}

// cmd gives the connection for commands about key.
func (s *session) cmd(key string) *conn {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key)) // never fails
	return s.cmds[int(h.Sum32()%uint32(len(s.cmds)))]
}

// Run implements engine.Engine.
func (e *Engine) Run(ctx context.Context, h engine.Handler) error {
	defer e.wg.Wait()
	e.mu.Lock()
	e.handler = h
	e.mu.Unlock()
	failures := 0
	for ctx.Err() == nil {
		began := time.Now()
		err := e.connected(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > 10*time.Second {
			failures = 0
		}
		wait := backoff(failures)
		failures++
		e.log.Warn("engine is away", "err", err, "retry", wait)
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
	return nil
}

// backoff grows from 50 ms to 5 s; the jitter keeps controllers from returning in step.
func backoff(failures int) time.Duration {
	d := min(5*time.Second, 50*time.Millisecond<<min(failures, 10))
	return d/2 + rand.N(d)
}

// resyncTime is how long it may take to resynchronise, channelTime what each channel adds to that.
const (
	resyncTime  = 5 * time.Second
	channelTime = 20 * time.Millisecond
)

// connected is one session, from dial to loss; it returns why it ended, after all its goroutines.
func (e *Engine) connected(ctx context.Context) error {
	s := &session{queue: make(chan *event, 4096), lost: make(chan struct{})}
	dctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var conns []*conn
	defer func() {
		for _, c := range conns {
			c.close()
		}
		for _, c := range conns {
			<-c.done
		}
	}()
	for i := range e.cfg.Connections + 1 {
		onEvent := func(*event) {}
		if i == 0 {
			onEvent = func(ev *event) {
				s.told.Add(1)
				select {
				case s.queue <- ev:
				case <-s.lost:
				}
			}
		}
		c, err := dialConn(dctx, e.cfg.Addr, e.cfg.Password, onEvent)
		if err != nil {
			return err
		}
		conns = append(conns, c)
	}
	s.events, s.cmds = conns[0], conns[1:]
	lose := sync.OnceFunc(func() { close(s.lost) })
	defer lose()
	for _, f := range filters() {
		if _, err := s.events.command(dctx, "filter", f); err != nil {
			return err
		}
	}
	// Subscribed before the list of channels is asked for: what happens in between is in the queue.
	if _, err := s.events.command(dctx, "subscribe", subscription()); err != nil {
		return err
	}
	sessions, err := countSessions(dctx, s.cmds[0])
	if err != nil {
		return err
	}
	rctx, rcancel := context.WithTimeout(ctx, resyncTime+time.Duration(sessions)*channelTime)
	defer rcancel()
	if err := e.resync(rctx, s); err != nil {
		return err
	}

	var wg sync.WaitGroup
	defer wg.Wait()
	defer lose()
	defer e.down(s)
	errs := make(chan error, len(conns)+1)
	for _, c := range conns {
		wg.Go(func() {
			select {
			case <-c.done:
				errs <- c.err
			case <-s.lost:
			}
		})
	}
	wg.Go(func() { e.pinging(s, errs) })
	if e.cfg.Poke > 0 {
		wg.Go(func() { e.poking(s) })
	}
	e.log.Info("engine is connected")
	return e.dispatch(ctx, s, errs)
}

// down ends the session for everybody.
func (e *Engine) down(s *session) {
	e.mu.Lock()
	if e.up != s {
		e.mu.Unlock()
		return
	}
	e.up = nil
	for _, l := range e.legs {
		l.changed()
	}
	h := e.handler
	e.mu.Unlock()
	h.Connected(false)
}

// pinging finds connections that are open and dead.
func (e *Engine) pinging(s *session, errs chan<- error) {
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-s.lost:
			return
		case <-t.C:
		}
		for _, c := range append([]*conn{s.events}, s.cmds...) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			_, err := c.api(ctx, "uptime", "")
			cancel()
			if err != nil {
				select {
				case errs <- fmt.Errorf("no answer to a ping: %w", err):
				default:
				}
				return
			}
		}
	}
}

// post has f run by the dispatcher with the lock held, in order; f may emit events. It needs the lock.
func (e *Engine) post(f func()) {
	e.posts = append(e.posts, f)
	select {
	case e.posted <- struct{}{}:
	default:
	}
}

// emit queues an event; only the dispatcher (or resync) may, with the lock held. Events of a leg
// whose sink is still being asked for wait in its backlog.
func (e *Engine) emit(l *leg, ev engine.Event) {
	if l.sink == nil {
		l.backlog = append(l.backlog, ev)
		return
	}
	e.out = append(e.out, emission{l.sink, ev})
}

// flush hands queued events to their sinks. Only the dispatcher calls it, so the order stays.
func (e *Engine) flush() {
	e.mu.Lock()
	out := e.out
	e.out = nil
	e.mu.Unlock()
	for _, o := range out {
		o.sink(o.ev)
	}
}

// dispatch handles events until the session is over.
func (e *Engine) dispatch(ctx context.Context, s *session, errs <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-errs:
			if err == nil {
				err = errors.New("connection closed")
			}
			return err
		case ev := <-s.queue:
			e.handle(s, ev)
		case <-e.posted:
		}
		e.runPosts()
		e.flush()
	}
}

func (e *Engine) runPosts() {
	e.mu.Lock()
	posts := e.posts
	e.posts = nil
	for _, f := range posts {
		f()
	}
	e.mu.Unlock()
}

// withTimeout gives operations without a deadline the driver's own.
func (e *Engine) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, e.cfg.CommandTimeout)
}

// session gives the current one, or ErrDown.
func (e *Engine) session() (*session, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.up == nil {
		return nil, engine.ErrDown
	}
	return e.up, nil
}

// fail names the operation in its error.
func fail(op string, id engine.LegID, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("freeswitch: %s %s: %w", op, id, err)
}
