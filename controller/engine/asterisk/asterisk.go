// Package asterisk is the engine port on Asterisk 22 over ARI: one websocket for events,
// HTTP for commands, and AMI for what ARI does not tell (registrations, refused
// credentials) or do (NOTIFY, arbitrary SIP refusals).
package asterisk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"callplane/controller/engine"
)

// Config of one Asterisk. It must share this host's file system: prompts are read and
// recordings are moved by path.
type Config struct {
	Name string
	// ARIAddr is host:port of the HTTP server, AMIAddr that of the manager.
	ARIAddr, ARIUser, ARIPassword string
	AMIAddr, AMIUser, AMISecret   string
	// App is the Stasis application; default callplane.
	App string
	// RecordingDir is astspooldir/recording of this Asterisk. MediaDir is a folder of ours that it
	// can read: generated tones are kept there.
	RecordingDir, MediaDir string
	// TrunkTransports says that the transports trunks-udp and trunks-tcp exist.
	TrunkTransports bool
	// CommandTimeout bounds a command whose context has no deadline; default 5 s.
	CommandTimeout time.Duration
	// PingInterval between pings of both connections; default 5 s. An unanswered one
	// for as long is a lost connection.
	PingInterval time.Duration
	// BackoffMin and BackoffMax bound the pause between attempts to connect; default
	// 100 ms and 5 s.
	BackoffMin, BackoffMax time.Duration
	Log                    *slog.Logger
}

// Engine implements engine.Engine.
type Engine struct {
	cfg  Config
	log  *slog.Logger
	rest *client

	wg   sync.WaitGroup
	base context.Context // of Run; tasks end with it

	mu       sync.Mutex
	h        engine.Handler
	running  bool
	up       bool
	started  string // startup time of the Asterisk that the legs live on
	ami      *amiConn
	legs     map[engine.LegID]*leg
	chans    map[string]*branch
	snoops   map[string]*snoop
	bridges  map[string]*bridge
	plays    map[string]*playback
	recs     map[string]*capture
	trunks   map[string]engine.Trunk
	pushed   map[string]bool // trunks that this Asterisk has
	blocked  []string
	blockedB bool // which of two names the acl in force has
	// hints that Asterisk has, by context: user part → name of the state. Changed by who has acquired config.
	hints      map[string]map[string]string
	hintsRead  bool // since the connection was made
	contactMap map[string]*contact
	looking    map[string]bool
	refused    []string        // Call-IDs of unknown accounts, the last few
	callIDs    map[string]bool // of inbound legs

	mixing lock // making and removing mixes
	config lock // SetTrunks, SetBlocked, SetWatch

	box outbox
}

// New makes a driver; Run connects it.
func New(cfg Config) *Engine {
	def := func(p *time.Duration, d time.Duration) {
		if *p <= 0 {
			*p = d
		}
	}
	def(&cfg.CommandTimeout, 5*time.Second)
	def(&cfg.PingInterval, 5*time.Second)
	def(&cfg.BackoffMin, 100*time.Millisecond)
	def(&cfg.BackoffMax, 5*time.Second)
	if cfg.App == "" {
		cfg.App = "callplane"
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Engine{
		cfg: cfg, log: cfg.Log.With("engine", cfg.Name),
		rest:       newClient(cfg),
		legs:       map[engine.LegID]*leg{},
		chans:      map[string]*branch{},
		snoops:     map[string]*snoop{},
		bridges:    map[string]*bridge{},
		plays:      map[string]*playback{},
		recs:       map[string]*capture{},
		trunks:     map[string]engine.Trunk{},
		pushed:     map[string]bool{},
		hints:      map[string]map[string]string{},
		contactMap: map[string]*contact{},
		looking:    map[string]bool{},
		callIDs:    map[string]bool{},
		mixing:     newLock(), config: newLock(),
		box: newOutbox(),
	}
}

// Name implements engine.Engine.
func (e *Engine) Name() string { return e.cfg.Name }

// Run implements engine.Engine.
func (e *Engine) Run(ctx context.Context, h engine.Handler) error {
	e.mu.Lock()
	if e.running {
		e.mu.Unlock()
		return errors.New("asterisk driver: Run was called twice")
	}
	e.running = true
	e.h = h
	e.base = ctx
	e.mu.Unlock()

	boxDone := make(chan struct{})
	go func() {
		defer close(boxDone)
		e.box.run()
	}()
	back := backoff{min: e.cfg.BackoffMin, max: e.cfg.BackoffMax}
	for ctx.Err() == nil {
		wasUp, err := e.session(ctx)
		if wasUp {
			back.reset()
		}
		if ctx.Err() != nil {
			break
		}
		d := back.next()
		e.log.Warn("engine connection lost", "err", err, "retry_in", d)
		t := time.NewTimer(d)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
	e.mu.Lock()
	e.running = false // no new tasks
	for _, l := range e.legs {
		l.stopTimers()
	}
	for _, c := range e.contactMap {
		if c.timer != nil {
			c.timer.Stop()
		}
	}
	e.mu.Unlock()
	e.wg.Wait()
	e.box.close()
	<-boxDone
	e.rest.close()
	return nil
}

// task runs f in a goroutine that Run waits for. Held lock: e.mu.
func (e *Engine) task(f func(ctx context.Context)) {
	e.background(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, e.cfg.CommandTimeout)
		defer cancel()
		f(ctx)
	})
}

// background is task for what takes longer than a command. Held lock: e.mu.
func (e *Engine) background(f func(ctx context.Context)) {
	if !e.running || e.base == nil || e.base.Err() != nil {
		return
	}
	base := e.base
	e.wg.Go(func() { f(base) })
}

// spawn is task for callers that do not hold e.mu.
func (e *Engine) spawn(f func(ctx context.Context)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.task(f)
}

// deadline gives ctx the command timeout if it has none.
func (e *Engine) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, e.cfg.CommandTimeout)
}

// begin is the start of every operation on legs: it finds them, gets their turn in a
// fixed order and checks again afterwards. done gives the turn back.
func (e *Engine) begin(ctx context.Context, op string, ids ...engine.LegID) (context.Context, []*leg, func(), error) {
	fail := func(err error) (context.Context, []*leg, func(), error) {
		return nil, nil, nil, fmt.Errorf("asterisk %s: %w", op, err)
	}
	e.mu.Lock()
	if !e.up {
		e.mu.Unlock()
		return fail(engine.ErrDown)
	}
	legs := make([]*leg, len(ids))
	for i, id := range ids {
		l := e.legs[id]
		if l == nil || l.over {
			e.mu.Unlock()
			return fail(fmt.Errorf("%s: %w", id, engine.ErrNoLeg))
		}
		legs[i] = l
	}
	e.mu.Unlock()
	ctx, cancel := e.deadline(ctx)
	order := append([]*leg(nil), legs...)
	if len(order) == 2 && order[0].id > order[1].id {
		order[0], order[1] = order[1], order[0]
	}
	var held []*leg
	release := func() {
		releaseAll(held)
		cancel()
	}
	for _, l := range order {
		if err := l.turn.acquire(ctx); err != nil {
			release()
			return fail(fmt.Errorf("%s waits for its turn: %w", l.id, err))
		}
		held = append(held, l)
	}
	if err := e.ready(ctx, legs...); err != nil {
		release()
		return fail(err)
	}
	return ctx, legs, release, nil
}

// ready makes legs whose turns are held fit for an operation, or tells that one is over.
func (e *Engine) ready(ctx context.Context, legs ...*leg) error {
	for _, l := range legs {
		if err := e.quieten(ctx, l); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range legs {
		if l.over {
			return fmt.Errorf("%s: %w", l.id, engine.ErrNoLeg)
		}
	}
	return nil
}
