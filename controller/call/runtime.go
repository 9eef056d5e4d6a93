package call

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// Limits of the runtime. Zero values are replaced by the defaults named.
type Limits struct {
	Cleanup time.Duration // for engines to tell the end of legs; 10 s
	Ring    time.Duration // longest ringing of anything; 180 s
	Calls   int           // in progress on this controller; 0: no limit
}

// Config of a Runtime. All fields but Limits are required.
type Config struct {
	Directory *store.Directory
	// Record takes the record of an ended call; it must not block.
	Record func(store.CallRecord)
	// Prompt finds the file of a prompt or of an account's audio by key and language.
	Prompt func(account dialplan.AccountID, key, language string) (string, error)
	// Flow is run by every call's goroutine.
	// Music is the file of the hold music of a name, empty: the default. Nil: there is none.
	Music func(name string) (string, error)
	Flow  func(context.Context, *Call) error
	// Talks is told when the caller and a leg begin to talk, or go on after something else, as soon as they
	// hear each other; nil: nobody is.
	Talks func(context.Context, *Call, *Leg)
	// Recordings is where recordings go; nil: nothing is recorded.
	Recordings Recordings
	Metrics    *Metrics
	Log        *slog.Logger
	Limits     Limits
	// Domain is the SIP domain of all channels.
	Domain string
	// AuthFailed is told of failed authentication, for blocking.
	AuthFailed func(engine.Registration)
	// Adopted is told of the calls that an engine still has from before a restart, all at once, before they go on; nil:
	// nobody is.
	Adopted func([]*Call)
	// Clock that calls go by; nil: the system's.
	Clock Clock
	// Asked is told, by the call's goroutine, when the caller is asked for digits; nil: nobody is.
	Asked func(*Call)
	// Changed is told that an account's live state is different; it must not block nor call the runtime. Nil: nobody is told.
	Changed func(dialplan.AccountID)
	// Guessed is told of wrong PINs, and that they are forgotten; it must not block. Nil: nobody is.
	Guessed func(account dialplan.AccountID, key string, g dialplan.PINGuesses)
	// Registered is told of phones that register, and register again; it must not block. Nil: nobody is.
	Registered func(account dialplan.AccountID, channel string)
}

// Runtime owns the calls of this controller.
type Runtime struct {
	Directory *store.Directory
	Domain    string

	prompt     func(dialplan.AccountID, string, string) (string, error)
	music      func(string) (string, error)
	record     func(store.CallRecord)
	flow       func(context.Context, *Call) error
	talks      func(context.Context, *Call, *Leg)
	recordings Recordings
	metrics    *Metrics
	log        *slog.Logger
	limits     Limits
	clock      Clock
	asked      func(*Call)
	authFailed func(engine.Registration)
	changed    func(dialplan.AccountID)
	guessed    func(dialplan.AccountID, string, dialplan.PINGuesses)
	adopted    func([]*Call)
	came       func(dialplan.AccountID, string)

	base context.Context
	stop context.CancelCauseFunc
	wg   sync.WaitGroup
	live sync.Map // dialplan.AccountID → *Live
	legs sync.Map // engine.LegID → *Leg, of all calls

	mu       sync.Mutex
	stopping bool
	active   int
}

// New returns a runtime without engines.
func New(cfg Config) *Runtime {
	l := cfg.Limits
	if l.Cleanup == 0 {
		l.Cleanup = 10 * time.Second
	}
	if l.Ring == 0 {
		l.Ring = 180 * time.Second
	}
	rt := &Runtime{
		Directory: cfg.Directory, Domain: cfg.Domain, prompt: cfg.Prompt, music: cfg.Music, record: cfg.Record,
		flow: cfg.Flow, talks: cfg.Talks, recordings: cfg.Recordings, metrics: cfg.Metrics, log: cfg.Log, limits: l, authFailed: cfg.AuthFailed,
		clock: cfg.Clock, asked: cfg.Asked, changed: cfg.Changed, guessed: cfg.Guessed, adopted: cfg.Adopted, came: cfg.Registered,
	}
	if rt.clock == nil {
		rt.clock = systemClock{}
	}
	rt.base, rt.stop = context.WithCancelCause(context.Background())
	return rt
}

// Close stops every call's goroutine and waits for them. Legs are left as they are: the next
// controller finds them.
func (rt *Runtime) Close() {
	rt.mu.Lock()
	rt.stopping = true
	rt.mu.Unlock()
	rt.stop(ErrShutdown)
	rt.wg.Wait()
}

// Active is how many calls are in progress.
func (rt *Runtime) Active() int {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return rt.active
}

// Live is the live state of an account.
func (rt *Runtime) Live(id dialplan.AccountID) *Live {
	if v, ok := rt.live.Load(id); ok {
		return v.(*Live)
	}
	fresh := newLive(func() {
		if rt.changed != nil {
			rt.changed(id)
		}
	})
	if rt.guessed != nil {
		fresh.guessed = func(key string, g dialplan.PINGuesses) { rt.guessed(id, key, g) }
	}
	v, _ := rt.live.LoadOrStore(id, fresh)
	return v.(*Live)
}

// Handler is what an engine is run with.
func (rt *Runtime) Handler(e engine.Engine, connected func(up bool)) engine.Handler {
	// Calls that were found begin to run when the engine takes commands; both functions are
	// called by the driver one after the other.
	var found []*Call
	return engine.Handler{
		Incoming: func(info engine.LegInfo) engine.Sink { return rt.incoming(e, info) },
		Adopt: func(states []engine.LegState) map[engine.LegID]engine.Sink {
			sinks, calls := rt.adopt(e, states)
			found = append(found, calls...) // it may be asked again before the engine is connected
			return sinks
		},
		Registered:   func(all []engine.Registration) { rt.registered(e, all) },
		Registration: func(r engine.Registration) { rt.registration(r) },
		Connected: func(up bool) {
			connected(up)
			for _, c := range found {
				go c.run(rt.flow)
			}
			found = nil
		},
	}
}

func (rt *Runtime) newCall(e engine.Engine, id uuid.UUID, info engine.LegInfo) *Call {
	c := &Call{
		ID: id, rt: rt, box: newMailbox(), started: rt.clock.Now(), cause: engine.CauseNormal,
		log: rt.log.With(slog.String("call", id.String())),
	}
	c.Caller = newLeg(rt.base, c, e, info.ID)
	c.Caller.Info = info
	c.From = info.Caller
	c.Dialed = info.Dialed
	return c
}

// admit counts a call in; false when the controller stops or is full.
func (rt *Runtime) admit() bool {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.stopping || (rt.limits.Calls > 0 && rt.active >= rt.limits.Calls) {
		return false
	}
	rt.active++
	rt.wg.Add(1)
	rt.metrics.active.Inc()
	return true
}

func (rt *Runtime) forget(*Call) {
	rt.mu.Lock()
	rt.active--
	rt.mu.Unlock()
	rt.metrics.active.Dec()
}

func (rt *Runtime) incoming(e engine.Engine, info engine.LegInfo) engine.Sink {
	if !rt.admit() {
		return nil
	}
	c := rt.newCall(e, uuid.New(), info)
	c.log.Info("call", "engine", e.Name(), "leg", info.ID, "sip_call_id", info.SIPCallID,
		"caller", info.Caller.Number, "dialed", info.Dialed, "user", info.AuthUser, "peer", info.Peer)
	go c.run(rt.flow)
	return c.Caller.sink
}

// adopt takes over the calls of an earlier run of the controller: conversations go on,
// everything else begins again at the step where it was.
func (rt *Runtime) adopt(e engine.Engine, states []engine.LegState) (_ map[engine.LegID]engine.Sink, calls []*Call) {
	sinks := make(map[engine.LegID]engine.Sink, len(states))
	type found struct {
		state engine.LegState
		point checkpoint
	}
	groups := make(map[uuid.UUID][]found)
	for _, s := range states {
		p, err := decodeCheckpoint(s.Checkpoint)
		switch {
		case err == nil && p.Call != uuid.Nil:
			groups[p.Call] = append(groups[p.Call], found{s, p})
		case s.Info.Direction == engine.Inbound && s.BridgedTo == "":
			// It came in just before the restart, nothing had been written down: from the beginning.
			if !rt.admit() {
				continue
			}
			c := rt.newCall(e, uuid.New(), s.Info)
			if c.Caller.answered = s.Answered; s.Answered {
				c.answer = c.started
			}
			sinks[s.Info.ID] = c.Caller.sink
			calls = append(calls, c)
		}
	}
	for id, legs := range groups {
		caller := -1
		for i, f := range legs {
			if f.point.Caller {
				caller = i
			}
		}
		for i, f := range legs {
			if caller < 0 && f.point.Role == RoleHeld && f.point.FromExtension != "" {
				caller = i // who held it has hung up meanwhile
			}
		}
		if caller < 0 || rt.Directory.Account(legs[caller].point.Account) == nil || !rt.admit() {
			continue
		}
		f := legs[caller]
		c := rt.newCall(e, id, f.state.Info)
		c.started = f.point.Started
		c.Direction, c.Dialed, c.From, c.FromExtension = f.point.Direction, f.point.Dialed, f.point.From, f.point.FromExtension
		c.Prefix, c.Shown, c.destination, c.through = f.point.Prefix, f.point.Shown, f.point.Destination, f.point.Through
		c.commanded = true // by the process before
		c.Choice = f.point.Choice
		c.queue = f.point.Place
		c.Resume = &Resume{Destination: f.point.Destination, Queue: f.point.Place}
		c.restore(c.Caller, f.state, f.point)
		c.Resume.Mixed = f.state.MixedIn != ""
		if f.state.Answered {
			c.answer = f.point.Started // the exact time went with the old process
		}
		sinks[f.state.Info.ID] = c.Caller.sink
		for i, o := range legs {
			if i == caller {
				continue
			}
			l := newLeg(rt.base, c, e, o.state.Info.ID)
			c.restore(l, o.state, o.point)
			switch {
			case !o.state.Answered:
			case o.point.Role == RoleHeld:
				c.Resume.Held = l
			case o.point.Role == RoleAsked:
				c.Resume.Asked = l
			}
			if o.state.Answered && (o.state.BridgedTo == c.Caller.ID || c.Resume.Talking == nil) {
				c.Resume.Talking = l
			}
			sinks[o.state.Info.ID] = l.sink
		}
		c.Trace("restart", "the controller was restarted; the call was found on engine "+e.Name())
		c.log.Info("call adopted", "engine", e.Name(), "legs", len(legs))
		rt.metrics.adopted.Inc()
		c.Assign(rt.Directory.Account(f.point.Account))
		for _, l := range c.legs {
			if l != c.Caller && l.Channel != "" {
				c.live.take(l.Channel, l.Queue != 0)
				l.slot = true
			}
		}
		calls = append(calls, c)
	}
	if rt.adopted != nil && len(calls) > 0 {
		rt.adopted(calls)
	}
	return sinks, calls
}

func (c *Call) restore(l *Leg, s engine.LegState, p checkpoint) {
	l.Extension, l.Channel, l.Trunk, l.Number, l.Queue = p.Extension, p.Channel, p.Trunk, p.Number, p.Queue
	l.record.Payer = p.Payer
	l.answered, l.bridged, l.role, l.assisted = s.Answered, s.BridgedTo, p.Role, p.Assisted
	if !s.Info.Created.IsZero() {
		l.record.Started = s.Info.Created
	}
	if s.Answered {
		l.record.Answered = l.record.Started
	}
}

// registered replaces what is known of an engine's registrations.
func (rt *Runtime) registered(e engine.Engine, all []engine.Registration) {
	rt.live.Range(func(_, v any) bool {
		v.(*Live).forgetEngine(e.Name())
		return true
	})
	for _, r := range all {
		rt.registration(r)
	}
}

func (rt *Runtime) registration(r engine.Registration) {
	switch r.Kind {
	case engine.AuthFailed:
		rt.metrics.auth.WithLabelValues(r.Engine, "failed").Inc()
		rt.log.Warn("authentication failed", "engine", r.Engine, "user", r.User, "peer", r.Peer)
		rt.authFailed(r)
		return
	case engine.Registered:
		rt.metrics.auth.WithLabelValues(r.Engine, "registered").Inc()
	default:
		rt.metrics.auth.WithLabelValues(r.Engine, "gone").Inc()
	}
	if a, _ := rt.Directory.ByChannel(r.User); a != nil {
		rt.Live(a.ID).register(r)
		if r.Kind == engine.Registered && rt.came != nil {
			rt.came(a.ID, r.User)
		}
	}
}
