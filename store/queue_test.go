package store_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// TestQueueLoginsKeepTheRank logs agents in and out and changes the queue meanwhile (ACD-05).
func TestQueueLoginsKeepTheRank(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	members := func() (out []string) {
		t.Helper()
		a, err := db.LoadAccount(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range a.Extensions["470"].Config.(*dialplan.Queue).Members {
			state := m.Extension
			if m.LoggedIn {
				state += " in"
			}
			out = append(out, state+m.Paused)
		}
		return out
	}
	want := func(list ...string) {
		t.Helper()
		if got := members(); !slices.Equal(got, list) {
			t.Errorf("members %v, want %v", got, list)
		}
	}
	login := func(queue, user string, in bool) error {
		return db.SetQueueLogin(ctx, id, "test", queue, user, in)
	}
	want("410 in", "101")
	for _, step := range []struct {
		user string
		in   bool
	}{{"101", true}, {"102", true}, {"101", false}, {"101", true}, {"101", false}} {
		if err := login("470", step.user, step.in); err != nil {
			t.Fatal(err)
		}
	}
	want("410 in", "101", "102 in")
	change := func(f func(*dialplan.Queue)) {
		t.Helper()
		err := db.Account(ctx, id, func(tx *store.Tx) error {
			e, err := tx.ReadExtension(ctx, "470")
			if err != nil {
				return err
			}
			f(e.Config.(*dialplan.Queue))
			return tx.UpdateExtension(ctx, "470", e)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// An administrator puts the members into another order, without knowing who is logged in.
	change(func(q *dialplan.Queue) {
		q.Open = false
		q.Members = []dialplan.QueueMember{{Extension: "102", LoggedIn: true}, {Extension: "101", LoggedIn: true}, {Extension: "103", LoggedIn: true}}
	})
	want("102 in", "101", "103 in")
	if err := login("470", "410", true); !is[*store.NotFound](err) && !is[*store.Invalid](err) {
		t.Errorf("login to a closed queue: %v", err)
	}
	if err := login("470", "999", true); !is[*store.NotFound](err) {
		t.Errorf("login of nobody: %v", err)
	}
	if err := login("300", "101", true); !is[*store.NotFound](err) {
		t.Errorf("login to a menu: %v", err)
	}
	if err := login("470", "104", false); !is[*store.NotFound](err) {
		t.Errorf("logout of nobody: %v", err)
	}
}

// TestACD_14_FiguresAreRightAcrossDST counts what was logged by hours and days of a zone whose clocks are put back.
func TestACD_14_FiguresAreRightAcrossDST(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 10, 25, 0, 0, 0, 0, zone) // has 25 hours
	const queue = 4711
	at := func(hours float64) time.Time { return day.Add(time.Duration(hours * float64(time.Hour))) }
	event := func(hours float64, kind, agent, reason string, waited, talk time.Duration) store.QueueEvent {
		return store.QueueEvent{ID: uuid.New(), Account: id, At: at(hours), QueueID: queue, Queue: "400", Kind: kind, Call: uuid.New(), Agent: agent, Reason: reason, Waited: waited, Talk: talk}
	}
	events := []store.QueueEvent{
		event(-0.1, "answered", "101", "", time.Second, 0), // the day before
		event(2.5, "offered", "101", "", 0, 0), event(2.5, "answered", "101", "", 10*time.Second, 0),
		event(3.5, "answered", "102", "", 30*time.Second, 0), // 02:30 again
		event(3.6, "missed", "101", "no-answer", 0, 0),
		event(3.7, "left", "", "abandoned", 50*time.Second, 0), event(3.7, "refused", "", "full", 0, 0),
		event(4.5, "ended", "101", "", 0, 100*time.Second), event(4.6, "ended", "102", "", 0, 20*time.Second),
		event(24.5, "answered", "101", "", 20*time.Second, 0), // 23:30
		event(25.1, "answered", "101", "", time.Second, 0),    // the day after
	}
	for range 2 { // what is written twice counts once
		if err := db.Platform(ctx, func(tx *store.Tx) error { return tx.InsertQueueEvents(ctx, events) }); err != nil {
			t.Fatal(err)
		}
	}
	figures := func(every store.QueueInterval, from, to time.Time) (s *store.QueueStatistics) {
		t.Helper()
		err := db.Account(ctx, id, func(tx *store.Tx) (err error) {
			s, err = tx.QueueStatistics(ctx, queue, from, to, every, zone, 20*time.Second, []time.Duration{5 * time.Second, 20 * time.Second, time.Minute})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := figures(store.QueueHour, day, day.AddDate(0, 0, 1))
	if len(s.Intervals) != 25 {
		t.Fatalf("%d hours", len(s.Intervals))
	}
	for i, want := range map[int]int{2: 1, 3: 1, 24: 1, 0: 0, 4: 0} {
		if got := s.Intervals[i].Answered.Count; got != want {
			t.Errorf("hour %d: %d answered, want %d", i, got, want)
		}
	}
	total := s.Total
	if total.Answered != (store.Spread{Count: 3, Min: 10 * time.Second, Max: 30 * time.Second, Sum: time.Minute}) || total.Answered.Average() != 20*time.Second {
		t.Errorf("answered %+v", total.Answered)
	}
	if total.Unanswered.Count != 1 || total.Unanswered.Sum != 50*time.Second || total.Left["abandoned"] != 1 || total.Refused["full"] != 1 || total.InTime != 2 {
		t.Errorf("total %+v", total)
	}
	if total.Talk != (store.Spread{Count: 2, Min: 20 * time.Second, Max: 100 * time.Second, Sum: 2 * time.Minute}) {
		t.Errorf("talk %+v", total.Talk)
	}
	if !slices.Equal(s.Within, []int{0, 2, 3}) {
		t.Errorf("within %v", s.Within)
	}
	if len(s.Agents) != 2 || s.Agents[0].Offered != 1 || s.Agents[0].Missed != 1 || s.Agents[0].Answered != 2 || s.Agents[0].Talk.Sum != 100*time.Second {
		t.Errorf("agents %+v", s.Agents)
	}
	s = figures(store.QueueDay, day.AddDate(0, 0, -1), day.AddDate(0, 0, 2))
	for i, want := range []int{1, 3, 1} {
		if len(s.Intervals) != 3 || s.Intervals[i].Answered.Count != want {
			t.Fatalf("days %+v", s.Intervals)
		}
	}
	for every, want := range map[store.QueueInterval]int{store.QueueQuarter: 100, store.QueueWeek: 1, store.QueueMonth: 1} {
		s := figures(every, day, day.AddDate(0, 0, 1))
		if len(s.Intervals) != want || s.Total.Answered.Count != 3 {
			t.Errorf("%s: %d intervals, %d answered", every, len(s.Intervals), s.Total.Answered.Count)
		}
	}
	if s := figures(store.QueueHour, day.AddDate(0, 5, 3), day.AddDate(0, 5, 4)); len(s.Intervals) != 23 {
		t.Errorf("%d hours on 2027-03-28", len(s.Intervals))
	}
	// Other zones: offsets of three quarters of an hour, clocks that are changed by half an hour or at midnight. Every event falls into one
	// interval, which begins by the clock.
	for n, x := range []struct {
		zone, from string
		every      store.QueueInterval
		starts     string // some of them
	}{
		{"Asia/Kathmandu", "2026-10-25", store.QueueHour, "00:00 01:00 02:00 03:00"},
		{"Australia/Lord_Howe", "2026-10-04", store.QueueHour, "00:00 01:00 02:30 03:00"},
		{"Australia/Lord_Howe", "2026-04-05", store.QueueHour, "00:00 01:00 01:30 02:00"},
		{"Africa/Cairo", "2026-04-24", store.QueueDay, "01:00 00:00 00:00"},
		{"Africa/Cairo", "2026-04-24", store.QueueHour, "01:00 02:00 03:00"},
		{"America/Havana", "2026-11-01", store.QueueDay, "00:00 00:00"},
		{"America/Havana", "2026-11-01", store.QueueHour, "00:00 00:00 01:00"},
	} {
		z, err := time.LoadLocation(x.zone)
		if err != nil {
			t.Fatal(err)
		}
		noon, err := time.ParseInLocation(time.DateOnly+" 15", x.from+" 12", z)
		if err != nil {
			t.Fatal(err)
		}
		from := noon.Add(-18 * time.Hour)
		zone = z
		var list []store.QueueEvent
		for h := range 72 {
			e := event(0, "answered", "101", "", time.Second, 0)
			e.At, e.QueueID = from.Add(time.Duration(h)*time.Hour+time.Minute), queue+1+int64(n)
			list = append(list, e)
		}
		if err := db.Platform(ctx, func(tx *store.Tx) error { return tx.InsertQueueEvents(ctx, list) }); err != nil {
			t.Fatal(err)
		}
		var s *store.QueueStatistics
		err = db.Account(ctx, id, func(tx *store.Tx) (err error) {
			s, err = tx.QueueStatistics(ctx, list[0].QueueID, from, from.Add(72*time.Hour), x.every, z, time.Second, nil)
			return err
		})
		if err != nil {
			t.Fatalf("%s: %v", x.zone, err)
		}
		sum, starts := 0, ""
		for _, i := range s.Intervals {
			sum += i.Answered.Count
			if local := i.Start.In(z); local.Format(time.DateOnly) >= x.from {
				starts += local.Format("15:04 ")
			}
		}
		if sum != 72 || !strings.HasPrefix(starts, x.starts) {
			t.Errorf("%s by %s: %d of 72, begins %s, want %s", x.zone, x.every, sum, starts, x.starts)
		}
	}
}

// TestACD_15_WhatAgentsHaveDoneIsRead gives the past since the login, and waits of the last half hour.
func TestACD_15_WhatAgentsHaveDoneIsRead(t *testing.T) {
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	if err := db.SetQueueLogin(ctx, id, "test", "470", "101", true); err != nil {
		t.Fatal(err)
	}
	var queue, agent int64
	if err := pool.QueryRow(ctx, `SELECT q.id, e.id FROM extensions q, extensions e WHERE q.account_id = $1 AND q.number = '470' AND e.account_id = $1 AND e.number = '101'`, id).
		Scan(&queue, &agent); err != nil {
		t.Fatal(err)
	}
	event := func(at time.Duration, kind string) store.QueueEvent {
		return store.QueueEvent{ID: uuid.New(), Account: id, At: time.Now().Add(at), QueueID: queue, Queue: "470", Kind: kind, AgentID: agent, Agent: "101", Waited: time.Second, Talk: 2 * time.Second}
	}
	w, err := store.NewQueueWriter(db, store.WriterOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []store.QueueEvent{event(-time.Hour, "answered"), event(-time.Minute, "answered"), event(time.Second, "offered"), event(2*time.Second, "answered"), event(3*time.Second, "ended")} {
		w.Write(e)
	}
	ctx2, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		if err := w.Run(ctx2); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "events in the database", func() bool { return w.Written() == 5 })
	cancel()
	done.Wait()
	past, err := db.QueuePast(ctx, id, time.Now().Add(-30*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range past {
		kinds = append(kinds, e.Kind)
		if e.QueueID != queue || e.Kind != "waited" && e.AgentID != agent {
			t.Errorf("%+v", e)
		}
	}
	slices.Sort(kinds)
	if !slices.Equal(kinds, []string{"answered", "ended", "offered", "waited", "waited"}) {
		t.Errorf("past %v", kinds)
	}
}
