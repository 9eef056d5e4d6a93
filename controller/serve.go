package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"callplane/admin/api"
	"callplane/admin/identity"
	"callplane/admin/ui"
	"callplane/controller/acd"
	"callplane/controller/analysis"
	"callplane/controller/call"
	"callplane/controller/config"
	"callplane/controller/engine"
	"callplane/controller/engine/asterisk"
	"callplane/controller/engine/freeswitch"
	"callplane/controller/flow"
	"callplane/controller/pins"
	"callplane/controller/presence"
	"callplane/controller/recording"
	"callplane/controller/schedule"
	"callplane/controller/stream"
	"callplane/controller/voicemail"
	"callplane/dialplan"
	"callplane/media"
	"callplane/media/audio"
	"callplane/provisioning"
	"callplane/store"
)

// daemon is the wiring of the controller.
type daemon struct {
	cfg     *config.Config
	log     *slog.Logger
	metrics *prometheus.Registry

	db        *store.DB
	dir       *store.Directory
	follow    *store.Follower
	records   *store.Writer
	audio     *audio.Keeper
	guard     *provisioning.AuthGuard
	recorder  *recording.Recorder
	archive   *recording.Archive
	exports   *recording.Exports
	retention *recording.Retention
	analyses  *analysis.Service // nil: nobody analyses
	runtime   *call.Runtime
	simulator *simulator
	// presence is told of what changes in runtime.
	presence *presence.Service
	queues   *acd.Hub
	boxes    *voicemail.Boxes
	lamps    *voicemail.Lamps
	notices  *voicemail.Sender
	queueLog *store.QueueWriter
	streams  *stream.Gateway
	pins     *pins.Keeper
	engines  []*mediaEngine
	mux      *http.ServeMux // what engines ask
}

// mediaEngine is one engine with what must be told to it again whenever it comes back.
type mediaEngine struct {
	engine.Engine
	connection
	up chan struct{} // a token: connected, or the carriers changed
}

// serve runs the controller until ctx ends. Conversations go on without it.
func serve(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	d := &daemon{cfg: cfg, log: log, metrics: prometheus.NewRegistry(), dir: store.NewDirectory(), mux: http.NewServeMux()}
	d.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := d.build(ctx); err != nil {
		return err
	}
	defer d.db.Close()
	return d.run(ctx)
}

func (d *daemon) build(ctx context.Context) (err error) {
	cfg := d.cfg
	library, err := media.Open(cfg.Media.Dir, cfg.Media.Language)
	if err != nil {
		return err
	}
	if d.db, err = openDatabase(ctx, cfg.Database); err != nil {
		return err
	}
	if d.records, err = store.NewWriter(d.db, store.WriterOptions{Dir: cfg.Store.SpoolDir, Log: d.log}); err != nil {
		return err
	}
	d.audio = audio.New(library, d.db)
	if d.queueLog, err = store.NewQueueWriter(d.db, store.WriterOptions{Dir: filepath.Join(cfg.Store.SpoolDir, "queues"), Log: d.log}); err != nil {
		return err
	}
	d.follow = store.NewFollower(d.db, d.dir, store.FollowOptions{Cache: cfg.Store.CacheFile, Log: d.log})
	d.guard = provisioning.NewAuthGuard(guardConfig(cfg.Security))
	metrics, err := call.NewMetrics(d.metrics)
	if err != nil {
		return err
	}
	d.presence = presence.New(presence.Config{Directory: d.dir, Log: d.log, Domain: cfg.SIP.Domain,
		Activity: func(id dialplan.AccountID) call.Activity { return d.runtime.Live(id).Activity() },
		Waiting:  func(id dialplan.AccountID) map[int64]int { return d.queues.Waiting(id) }})
	if err := d.addVoicemail(library); err != nil {
		return err
	}
	if err := d.addRecordings(); err != nil {
		return err
	}
	d.queues = acd.NewHub(acd.Config{
		Phones: flow.QueuePhones(func(id dialplan.AccountID) *call.Live { return d.runtime.Live(id) }), Log: d.log,
		Write: d.logQueues, Past: d.pastOfQueues, Changed: d.presence.Changed,
	})
	if d.streams, err = stream.New(stream.Config{Listen: cfg.Streams.Listen, Networks: cfg.Streams.Networks, Log: d.log,
		Return: func(ctx context.Context, a dialplan.AccountID, id uuid.UUID, to string) bool {
			return d.runtime.Return(ctx, a, id, to)
		}}); err != nil {
		return err
	}
	d.addAssistant()
	router := flow.NewRouter(flow.Config{Assistant: d.analyses != nil, Limits: flow.Limits{Hops: cfg.Limits.Hops, DialChars: cfg.Limits.DialChars}, Plans: d.db,
		Queues: d.queues, QueueAgents: d.db, Desk: d.db, Audio: d.audio, Voicemail: d.boxes, Streams: d.streams})
	d.pins = pins.New(d.db, d.log, 0)
	d.runtime = call.New(call.Config{
		Guessed:   d.pins.Changed,
		Adopted:   func(calls []*call.Call) { flow.AdoptQueues(d.queues, calls) },
		Changed:   d.presence.Changed,
		Directory: d.dir, Record: d.records.Write, Prompt: library.Prompt, Music: library.Music, Metrics: metrics, Log: d.log, Domain: cfg.SIP.Domain,
		Flow: router.Run, Talks: router.Talks, Recordings: d.recorder, Registered: d.lamps.Registered,
		AuthFailed: func(r engine.Registration) {
			// Never a carrier: one broken gateway there would cut everybody off.
			if r.Peer.IsValid() && dialplan.InboundTrunk(d.dir.Trunks(), r.Peer.Addr()) == nil {
				d.guard.Fail(r.Peer.Addr(), time.Now())
			}
		},
	})
	d.simulator = newSimulator(d.db, cfg, library)
	for _, e := range cfg.Engines {
		d.addEngine(e)
	}
	return d.measure()
}

func openDatabase(ctx context.Context, cfg config.Database) (*store.DB, error) {
	return store.Open(ctx, cfg.DSN, poolSettings(cfg))
}

// addEngine makes the driver of a configured engine, and the handler of what it asks.
func (d *daemon) addEngine(cfg config.Engine) {
	log := d.log.With("engine", cfg.Name)
	var driver engine.Engine
	path := "/" + string(cfg.Type) + "/" + cfg.Name
	var handler http.Handler
	switch cfg.Type {
	case config.FreeSWITCH:
		fs := freeswitch.New(freeswitch.Config{Name: cfg.Name, Addr: cfg.Address, Password: cfg.Password, Log: log})
		driver = fs
		handler = fs.XMLHandler(&provisioning.FreeSWITCH{Lookup: d.dir.ByChannel, Domain: d.cfg.SIP.Domain, Refused: d.refused})
	case config.Asterisk:
		driver = asterisk.New(asterisk.Config{
			Name: cfg.Name, ARIAddr: hostOf(cfg.Address), ARIUser: cfg.User, ARIPassword: cfg.Password, App: cfg.Application,
			AMIAddr: cfg.ManagerAddress, AMIUser: cfg.ManagerUser, AMISecret: cfg.ManagerPassword,
			RecordingDir: cfg.RecordingDir, MediaDir: filepath.Join(d.cfg.Media.Dir, "tones"), TrunkTransports: cfg.TrunkTransports, Log: log,
		})
		handler = &provisioning.Asterisk{Lookup: d.dir.ByChannel, Domain: d.cfg.SIP.Domain, Refused: d.refused}
	}
	d.engines = append(d.engines, newMediaEngine(driver))
	protected := provisioning.Protect(d.cfg.HTTP.Token, d.cfg.HTTP.AllowRemote, handler)
	d.mux.Handle(path+"/", http.StripPrefix(path, protected))
}

// collector is the engine that made a recording.
func (d *daemon) collector(name string) recording.Collector {
	for _, e := range d.engines {
		if e.Name() == name {
			return e.Engine
		}
	}
	return nil
}

// refused is told by provisioning; the engine tells of the failed attempt itself.
func (d *daemon) refused(r provisioning.Refusal) {
	d.log.Warn("SIP account refused", "user", r.User, "reason", r.Reason, "peer", r.Addr)
}

// run starts everything and stops it in order: engines are told nothing more, calls are left
// as they are, records are written.
func (d *daemon) run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, gctx := errgroup.WithContext(work)
	g.Go(func() error { return d.follow.Run(gctx) })
	g.Go(func() error { return d.records.Run(gctx) })
	g.Go(func() error { d.audio.Run(gctx, d.log); return nil })
	g.Go(func() error { return d.queueLog.Run(gctx) })
	g.Go(func() error { d.guard.Run(gctx, d.block); return nil })
	if d.analyses != nil {
		g.Go(func() error { d.analyses.Run(gctx); return nil })
	}
	g.Go(func() error { return d.streams.Run(gctx) })
	d.runRecordings(gctx, g)
	g.Go(func() error { d.pins.Run(gctx); return nil })
	cancel := d.dir.Subscribe(func(c store.Change) {
		if c.Account == 0 {
			d.tellEngines()
		}
	})
	defer cancel()
	servers, err := d.servers()
	if err != nil {
		return err
	}
	fetch, err := d.addSFTP()
	if err != nil {
		return err
	}
	if fetch != nil {
		g.Go(func() error { return fetch(gctx) })
	}
	for _, s := range servers {
		g.Go(func() error { return s.serve(gctx) })
	}
	// No engine before there is a configuration: its calls would be refused.
	select {
	case <-d.follow.Ready():
	case <-ctx.Done():
	case <-gctx.Done():
	}
	d.restorePINs(gctx, g)
	unfollow := flow.FollowQueues(d.queues, d.runtime)
	plans := schedule.New(schedule.Config{Directory: d.dir, Log: d.db.LogSwitches, Progress: d.db.ScheduleProgress, SetProgress: d.db.SetScheduleProgress, Logger: d.log})
	g.Go(func() error { plans.Run(gctx); return nil })
	ordered := schedule.NewOrders(d.db.CarryOutOrder, d.log)
	g.Go(func() error { ordered.Run(gctx); return nil })
	panels := make([]*presence.Panel, len(d.engines))
	for i, e := range d.engines {
		panels[i] = d.presence.Panel(e.Engine)
		g.Go(func() error { panels[i].Run(gctx); return nil })
	}
	g.Go(func() error { d.presence.Run(gctx); return nil })
	d.runVoicemail(gctx, g)
	for i, e := range d.engines {
		again := func() {
			d.guard.Resend()
			panels[i].Connected()
		}
		g.Go(func() error { return e.Run(gctx, d.runtime.Handler(e.Engine, e.connected(again))) })
		g.Go(func() error { d.keepTold(gctx, e); return nil })
	}
	d.log.Info("controller is running", "accounts", d.dir.Len(), "api", d.cfg.API.Listen, "engines", len(d.engines))
	select {
	case <-ctx.Done():
	case <-gctx.Done():
	}
	d.log.Info("controller is stopping", "calls", d.runtime.Active())
	d.runtime.Close()
	unfollow()
	d.queues.Close()
	stop()
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (d *daemon) tellEngines() {
	for _, e := range d.engines {
		e.tell()
	}
}

// keepTold gives an engine the carriers when it connects and when they change.
func (d *daemon) keepTold(ctx context.Context, e *mediaEngine) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.up:
		}
		for ctx.Err() == nil && !e.isDown() {
			trunks := trunksOf(d.dir.Trunks())
			err := e.SetTrunks(ctx, trunks)
			if err == nil {
				e.trunksTold.Store(int64(len(trunks)))
				break
			}
			d.log.Error("tell carriers", "engine", e.Name(), "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

// block tells every engine that is up the addresses to refuse.
func (d *daemon) block(ctx context.Context, addrs []netip.Addr) error {
	var errs []error
	for _, e := range d.engines {
		if err := e.SetBlocked(ctx, addrs); err != nil && !errors.Is(err, engine.ErrDown) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func trunksOf(all []*dialplan.Trunk) []engine.Trunk {
	out := make([]engine.Trunk, 0, len(all))
	for _, t := range all {
		if t.Enabled {
			out = append(out, engine.Trunk{Name: t.Name, Host: t.Host, Port: t.Port, Transport: t.Transport,
				Username: t.Username, Password: t.Password, Register: t.Register, Secure: t.Secure, Sources: t.Sources})
		}
	}
	return out
}

// server is an HTTP server that ends with its context.
type server struct {
	http.Server
	listener  net.Listener
	cert, key string
}

func (s *server) serve(ctx context.Context) error {
	done := make(chan struct{})
	defer func() { <-done }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(done)
		<-ctx.Done()
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if s.Shutdown(bound) != nil {
			_ = s.Close() // what does not end in time is cut off
		}
	}()
	var err error
	if s.cert != "" {
		err = s.ServeTLS(s.listener, s.cert, s.key)
	} else {
		err = s.Serve(s.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", s.listener.Addr(), err)
}

func issuers(cfg config.OIDC) []identity.Issuer {
	if cfg.Issuer == "" {
		return nil
	}
	return []identity.Issuer{{Name: "oidc", Title: cfg.Title, URL: cfg.Issuer, ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret}}
}

// servers opens the listeners: for engines, for the API, for metrics.
func (d *daemon) servers() (out []*server, err error) {
	checks := map[string]func(context.Context) error{"configuration": func(context.Context) error {
		select {
		case <-d.follow.Ready():
			return nil
		default:
			return errors.New("no configuration has been loaded yet")
		}
	}}
	for _, e := range d.engines {
		checks["engine "+e.Name()] = func(context.Context) error {
			if e.isDown() {
				return engine.ErrDown
			}
			return nil
		}
	}
	public := http.NewServeMux()
	public.Handle(api.Prefix+"/", api.New(api.Config{
		Return: d.runtime.Return, DB: d.db, QueueBoard: d.queueBoard, Audio: d.audio, Log: d.log, Live: d.liveCalls, Registrations: d.registrations, Events: d.events, MaxBody: d.cfg.API.MaxBody, RateLimit: d.cfg.API.RateLimit,
		Simulate:  d.simulate,
		Company:   d.dir.Account,
		Applied:   d.follow.CaughtUp,
		PublicURL: d.cfg.API.PublicURL, Issuers: issuers(d.cfg.OIDC),
		Voicemail:  api.VoicemailFiles{Audio: d.boxes.Audio, Changed: d.boxes.Changed, Removed: d.boxes.Removed, DropGreeting: d.boxes.DropGreeting},
		Recordings: d.recordingFiles(),
	}))
	public.Handle("/healthz", api.Health(nil))
	public.Handle("/", ui.Handler())
	ops := http.NewServeMux()
	ops.Handle("/metrics", promhttp.HandlerFor(d.metrics, promhttp.HandlerOpts{}))
	ops.Handle("/healthz", api.Health(nil))
	ops.Handle("/readyz", api.Health(checks))
	for _, s := range []struct {
		addr      string
		handler   http.Handler
		cert, key string
	}{
		{d.cfg.HTTP.Listen.String(), d.mux, "", ""},
		{d.cfg.API.Listen, public, d.cfg.API.TLSCert, d.cfg.API.TLSKey},
		{d.cfg.Metrics.Listen, ops, "", ""},
	} {
		if s.addr == "" {
			continue
		}
		l, err := net.Listen("tcp", s.addr)
		if err != nil {
			for _, o := range out {
				_ = o.listener.Close()
			}
			return nil, fmt.Errorf("listen: %w", err)
		}
		out = append(out, &server{
			Server:   http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute},
			listener: l, cert: s.cert, key: s.key,
		})
	}
	return out, nil
}
