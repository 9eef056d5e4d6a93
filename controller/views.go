package main

import (
	"net/url"
	"strconv"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"callplane/admin/api"
	"callplane/controller/config"
	"callplane/controller/engine"
	"callplane/dialplan"
)

func newMediaEngine(e engine.Engine) *mediaEngine {
	return &mediaEngine{Engine: e, up: make(chan struct{}, 1)}
}

// connected follows the connection: on return the engine must be told everything again.
func (m *mediaEngine) connected(resend func()) func(bool) {
	return func(up bool) {
		m.connectedNow.Store(up)
		if up {
			m.tell()
			resend()
		}
	}
}

// tell makes keepTold give the carriers again.
func (m *mediaEngine) tell() {
	select {
	case m.up <- struct{}{}:
	default:
	}
}

func (m *mediaEngine) isDown() bool { return !m.connectedNow.Load() }

// connection is whether the engine can be used.
type connection struct {
	connectedNow atomic.Bool
	trunksTold   atomic.Int64 // carriers that the engine was last given
}

// liveCalls are an account's calls as the API shows them.
func (d *daemon) liveCalls(id dialplan.AccountID) []api.LiveCall {
	var out []api.LiveCall
	for _, s := range d.runtime.Live(id).List() {
		out = append(out, api.LiveCall{
			ID: s.ID.String(), Direction: string(s.Direction), Caller: s.Caller, Name: s.CallerName, Dialed: s.Dialed,
			At: s.At, Started: s.Started, Answered: s.Answered,
		})
	}
	return out
}

// registrations are the registered phones of an account as the API shows them.
func (d *daemon) registrations(id dialplan.AccountID) []api.Registration {
	a := d.dir.Account(id)
	if a == nil {
		return nil
	}
	live := d.runtime.Live(id)
	var out []api.Registration
	for name := range a.Channels {
		for _, r := range live.Registrations(name) {
			out = append(out, api.Registration{
				Channel: name, Engine: r.Engine, Contact: r.Contact, Address: r.Peer.String(),
				Transport: r.Transport, UserAgent: r.UserAgent, Expires: r.Expires,
			})
		}
	}
	return out
}

// measure registers what other parts count as plain numbers.
func (d *daemon) measure() error {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	counter := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value)
	}
	all := []prometheus.Collector{
		gauge("callplane_accounts", "Accounts in memory.", func() float64 { return float64(d.dir.Len()) }),
		gauge("callplane_records_queued", "Call records in memory, not yet stored.", func() float64 { return float64(d.records.Queued()) }),
		gauge("callplane_records_spooled", "Call records on disk, waiting for the database.", func() float64 { return float64(d.records.Spooled()) }),
		counter("callplane_records_written_total", "Call records stored.", func() float64 { return float64(d.records.Written()) }),
		counter("callplane_records_dropped_total", "Call records lost.", func() float64 { return float64(d.records.Dropped()) }),
		counter("callplane_auth_failures_total", "Failed SIP authentications.", func() float64 { return float64(d.guard.Stats().Failures) }),
		counter("callplane_auth_blocks_total", "Addresses blocked.", func() float64 { return float64(d.guard.Stats().Blocks) }),
		gauge("callplane_recordings_active", "Recordings that are being made.", func() float64 { return float64(d.recorder.Active()) }),
		gauge("callplane_recordings_waiting", "Recordings that are over and not yet kept.", func() float64 { return float64(d.recorder.Waiting()) }),
		gauge("callplane_auth_blocked", "Addresses blocked by now.", func() float64 { return float64(d.guard.Stats().Blocked) }),
	}
	for _, e := range d.engines {
		all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "callplane_engine_up", Help: "1 when the engine is connected.", ConstLabels: prometheus.Labels{"engine": e.Name()},
		}, func() float64 {
			if e.isDown() {
				return 0
			}
			return 1
		}), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "callplane_engine_trunks", Help: "Carriers that the engine was last given.", ConstLabels: prometheus.Labels{"engine": e.Name()},
		}, func() float64 { return float64(e.trunksTold.Load()) }))
	}
	for _, c := range all {
		if err := d.metrics.Register(c); err != nil {
			return err
		}
	}
	return nil
}

func poolSettings(cfg config.Database) func(*pgxpool.Config) {
	return func(p *pgxpool.Config) {
		p.MaxConns, p.MinConns = int32(cfg.MaxConns), int32(cfg.MinConns)
		p.ConnConfig.ConnectTimeout = cfg.ConnectTimeout
		p.ConnConfig.RuntimeParams["statement_timeout"] = strconv.FormatInt(cfg.StatementTimeout.Milliseconds(), 10)
	}
}

// hostOf is host:port of the URL that the configuration gives for Asterisk.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}
