// Package schedule makes the switches of numbering plans seen: at the second at which another plan
// becomes active it announces that, and has it written to the audit log. What is active is
// not decided here: calls ask dialplan, which needs no switch to have happened.
package schedule

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"callplane/dialplan"
	"callplane/store"
)

// Config of a Runner.
type Config struct {
	Directory *store.Directory
	// Log writes switches to the audit log, unless another controller has, and returns those that it
	// wrote. It is called again with all of them after an error.
	Log func(context.Context, []store.PlanSwitch) ([]store.PlanSwitch, error)
	// Progress reads and SetProgress writes up to when every switch is in the audit log; the zero
	// time: nobody ever wrote one.
	Progress    func(context.Context) (time.Time, error)
	SetProgress func(context.Context, time.Time) error
	// Announce is told of each switch at its second, on every controller; nil: nobody is. It
	// must return quickly.
	Announce func(store.PlanSwitch)
	// Logger for switches and failures; nil: slog.Default().
	Logger *slog.Logger
}

const (
	// progressEvery is how often the progress is written; what was logged in between may be tried
	// again after a restart, which the log refuses.
	progressEvery = time.Minute
	retryAfter    = 5 * time.Second
	// longestOutage is how far back missed switches are looked for.
	longestOutage = 31 * 24 * time.Hour
	// mostPending is how many switches wait for a database that is away.
	mostPending = 100_000
)

// Runner watches the schedules of all accounts. Use New, then Run once.
type Runner struct {
	cfg Config
	log *slog.Logger

	mu      sync.Mutex
	last    time.Time // up to then every schedule has been looked at
	told    time.Time // up to then every switch has been told, or waits
	next    map[dialplan.AccountID][]watched
	pending []store.PlanSwitch
	wake    chan struct{}
}

// watched is a scheme that will switch.
type watched struct {
	scheme int64
	at     time.Time
}

// New returns a runner.
func New(cfg Config) *Runner {
	r := &Runner{cfg: cfg, log: cfg.Logger, next: map[dialplan.AccountID][]watched{}, wake: make(chan struct{}, 1)}
	if r.log == nil {
		r.log = slog.Default()
	}
	return r
}

// Run works until ctx ends.
func (r *Runner) Run(ctx context.Context) {
	r.mu.Lock()
	start := time.Now()
	r.last, r.told = start, start
	r.mu.Unlock()
	cancel := r.cfg.Directory.Subscribe(func(c store.Change) {
		if c.Account != 0 {
			r.watch(c.Account, c.New)
		}
	})
	defer cancel()
	for a := range r.cfg.Directory.All() {
		r.watch(a.ID, a)
	}
	jobs := cron.New(cron.WithChain(cron.SkipIfStillRunning(cron.DiscardLogger)))
	jobs.Schedule(cron.Every(time.Second), cron.FuncJob(func() { r.tick(time.Now()) }))
	jobs.Start()
	defer func() { <-jobs.Stop().Done() }()
	r.write(ctx, start)
}

// watch notes when the schemes of an account switch next.
func (r *Runner) watch(id dialplan.AccountID, a *dialplan.Account) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.next, id)
	if a == nil {
		return
	}
	for _, s := range a.Schemes {
		if at := s.NextChange(r.last, a.Location); !at.IsZero() {
			r.next[id] = append(r.next[id], watched{s.ID, at})
		}
	}
}

// tick finds the switches since the last one.
func (r *Runner) tick(now time.Time) {
	now = now.Round(0) // what the clock says, also when it was put forward or back
	r.mu.Lock()
	last := r.last.Round(0)
	r.last = now
	var due []dialplan.AccountID
	if now.Before(last) {
		for id := range r.next {
			due = append(due, id)
		}
	}
	for id, list := range r.next {
		if slices.ContainsFunc(list, func(w watched) bool { return !w.at.After(now) }) {
			due = append(due, id)
		}
	}
	r.mu.Unlock()
	var found []store.PlanSwitch
	for _, id := range due {
		if a := r.cfg.Directory.Account(id); a != nil {
			found = append(found, switches(a, last, now)...)
			r.watch(id, a)
		}
	}
	r.tell(found, now)
	r.mu.Lock()
	r.told = now
	r.mu.Unlock()
}

// switches of an account after from, up to to.
func switches(a *dialplan.Account, from, to time.Time) (out []store.PlanSwitch) {
	for _, s := range a.Schemes {
		was := s.ActiveAt(from, a.Location)
		for at := s.NextChange(from, a.Location); !at.IsZero() && !at.After(to); at = s.NextChange(at, a.Location) {
			is := s.ActiveAt(at, a.Location)
			out = append(out, store.PlanSwitch{Account: a.ID, Scheme: s.ID, Name: s.Name, At: at, From: was.Number(), To: is.Number(), Reason: is.Reason()})
			was = is
		}
	}
	return out
}

// tell announces switches and hands them to the writer.
func (r *Runner) tell(list []store.PlanSwitch, now time.Time) {
	if len(list) == 0 {
		return
	}
	slices.SortStableFunc(list, func(a, b store.PlanSwitch) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Scheme, b.Scheme))
	})
	for _, s := range list {
		r.log.Info("numbering plan switched", "account", s.Account, "scheme", s.Name, "from", s.From, "to", s.To,
			"reason", s.Reason, "at", s.At, "late", now.Sub(s.At).Round(time.Second))
		if r.cfg.Announce != nil {
			r.cfg.Announce(s)
		}
	}
	r.mu.Lock()
	r.pending = append(r.pending, list...)
	if over := len(r.pending) - mostPending; over > 0 {
		r.log.Error("switches of numbering plans are not in the audit log: the database is away for too long", "count", over)
		r.pending = r.pending[over:]
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// write writes switches until ctx ends: first what was missed before start, as soon as the database
// tells since when.
func (r *Runner) write(ctx context.Context, start time.Time) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	caught, failing := false, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.wake:
		}
		err := error(nil)
		if !caught {
			if err = r.catchUp(ctx, start); err == nil {
				caught = true
			}
		}
		if err == nil {
			err = r.flush(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			r.log.Error("write switches of numbering plans to the audit log", "error", err)
		}
		failing = err != nil
		if failing {
			timer.Reset(retryAfter)
		} else {
			timer.Reset(progressEvery)
		}
	}
}

// catchUp finds what was missed while no controller ran.
func (r *Runner) catchUp(ctx context.Context, start time.Time) error {
	from, err := r.cfg.Progress(ctx)
	if err != nil || from.IsZero() {
		return err
	}
	if oldest := start.Add(-longestOutage); from.Before(oldest) {
		from = oldest
	}
	var missed []store.PlanSwitch
	for a := range r.cfg.Directory.All() {
		missed = append(missed, switches(a, from, start)...)
	}
	r.tell(missed, time.Now())
	return nil
}

// flush writes what waits, and how far that is.
func (r *Runner) flush(ctx context.Context) error {
	r.mu.Lock()
	list, until := r.pending, r.told
	r.pending = nil
	r.mu.Unlock()
	if len(list) > 0 {
		if _, err := r.cfg.Log(ctx, list); err != nil {
			r.mu.Lock()
			r.pending = append(list, r.pending...)
			r.mu.Unlock()
			return err
		}
	}
	return r.cfg.SetProgress(ctx, until)
}
