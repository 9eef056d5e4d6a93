package schedule

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"callplane/dialplan"
	"callplane/store"
)

// journal is the audit log of several controllers.
type journal struct {
	mu      sync.Mutex
	away    bool
	until   time.Time
	written []store.PlanSwitch
}

func (j *journal) log(_ context.Context, list []store.PlanSwitch) (out []store.PlanSwitch, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.away {
		return nil, errors.New("away")
	}
	for _, s := range list {
		if !slices.ContainsFunc(j.written, func(w store.PlanSwitch) bool {
			return w.Account == s.Account && w.Scheme == s.Scheme && w.At.Equal(s.At)
		}) {
			j.written = append(j.written, s)
			out = append(out, s)
		}
	}
	return out, nil
}

func (j *journal) progress(context.Context) (time.Time, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.away {
		return time.Time{}, errors.New("away")
	}
	return j.until, nil
}

func (j *journal) setProgress(_ context.Context, t time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.away {
		return errors.New("away")
	}
	if t.After(j.until) {
		j.until = t
	}
	return nil
}

func (j *journal) set(away bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.away = away
}

// times of what was written, as the clock in UTC.
func (j *journal) times() (out []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.written {
		out = append(out, s.At.UTC().Format("15:04:05"))
	}
	return out
}

// running is a controller.
type running struct {
	*Runner
	dir       *store.Directory
	announced []time.Time
	stop      func()
}

func run(t *testing.T, j *journal, a *dialplan.Account) *running {
	x := &running{dir: store.NewDirectory()}
	x.dir.Put(a)
	x.Runner = New(Config{Directory: x.dir, Log: j.log, Progress: j.progress, SetProgress: j.setProgress,
		Announce: func(store.PlanSwitch) { x.announced = append(x.announced, time.Now()) },
		Logger:   slog.New(slog.NewTextHandler(io.Discard, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); x.Run(ctx) }()
	x.stop = func() { cancel(); <-done }
	return x
}

// hourly is a company whose plan switches at 10 and 40 minutes past each hour; bubbles begin at
// midnight of a Saturday.
func hourly() *dialplan.Account {
	s := &dialplan.Scheme{ID: 7, Name: "Main", Plans: map[int]*dialplan.Plan{1: {Number: 1}, 2: {Number: 2}}}
	for h := range 7 * 24 {
		s.Roster = append(s.Roster, dialplan.RosterPeriod{Start: h*60 + 10, End: h*60 + 40, Plan: 2})
	}
	return &dialplan.Account{ID: 3, Location: time.UTC, Schemes: []*dialplan.Scheme{s}}
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("switches %v, want %v", got, want)
	}
}

func TestNP_07_SwitchAtItsSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(300 * time.Millisecond)
		j := &journal{}
		a, b := run(t, j, hourly()), run(t, j, hourly())
		time.Sleep(45 * time.Minute)
		synctest.Wait()
		want(t, j.times(), "00:10:00", "00:40:00")
		for _, x := range []*running{a, b} {
			if len(x.announced) != 2 || x.announced[0].Format("15:04:05.000") != "00:10:00.000" {
				t.Errorf("announced %v", x.announced)
			}
		}
		if s := j.written[0]; s.From != 1 || s.To != 2 || s.Scheme != 7 || s.Account != 3 || s.Reason != "roster Sat 00:10–00:40" {
			t.Errorf("switch %+v", s)
		}
		a.stop()
		b.stop()
	})
}

func TestNP_07_OutageAndRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		x := run(t, j, hourly())
		time.Sleep(15 * time.Minute)
		x.stop()
		time.Sleep(40 * time.Minute) // the switch at :40 is missed
		x = run(t, j, hourly())
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, j.times(), "00:10:00", "00:40:00")
		x.stop()
		// A restart finds nothing to write, nor does one with the database away until later.
		j.set(true)
		x = run(t, j, hourly())
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		want(t, j.times(), "00:10:00", "00:40:00")
		if len(x.announced) != 1 {
			t.Errorf("without a database %v are announced", x.announced)
		}
		j.set(false)
		time.Sleep(2 * retryAfter)
		synctest.Wait()
		want(t, j.times(), "00:10:00", "00:40:00", "01:10:00")
		x.stop()
	})
}

// A clock that is put forward or back, as tick sees it.
func TestNP_07_ClockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		x := run(t, j, hourly())
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		now := time.Now()
		x.tick(now.Add(37 * time.Minute)) // 00:42
		synctest.Wait()
		want(t, j.times(), "00:10:00", "00:40:00")
		x.tick(now) // back again, and once more through the same
		time.Sleep(40 * time.Minute)
		synctest.Wait()
		want(t, j.times(), "00:10:00", "00:40:00")
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		want(t, j.times(), "00:10:00", "00:40:00", "01:10:00")
		x.stop()
	})
}

func TestNP_07_ConfigurationChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		x := run(t, j, hourly())
		time.Sleep(time.Minute)
		byHand := hourly()
		byHand.Schemes[0].Active = 1
		x.dir.Put(byHand)
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		want(t, j.times())
		temporary := hourly()
		temporary.Schemes[0].Temporary = &dialplan.Temporary{Plan: 1, Until: time.Now().Add(9 * time.Minute)}
		x.dir.Put(temporary) // ends at 00:30
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		want(t, j.times(), "00:30:00", "00:40:00")
		x.dir.Remove(3)
		time.Sleep(time.Hour)
		synctest.Wait()
		want(t, j.times(), "00:30:00", "00:40:00")
		x.stop()
	})
}
