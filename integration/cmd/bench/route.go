package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strconv"
	"time"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// route measures the rules alone: a call from the plan through time, place and a menu to a group of 20, and tables of
// places of several sizes.
func route(ctx context.Context, o options) error {
	rounds := 200_000
	if o.short {
		rounds = 20_000
	}
	a, err := routed(10_000)
	if err != nil {
		return err
	}
	facts := func(string) dialplan.DeviceFacts { return dialplan.DeviceFacts{Registered: true} }
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, a.Location) // a Monday, in the period
	callers := make([]string, 10_000)
	for i := range callers {
		callers[i] = "+3110" + strconv.Itoa(1_000_000+i)
	}
	decide := func(i int) (int, error) {
		in := dialplan.RouteInbound(a, number(0, 0), now)
		at, _ := dialplan.RouteByTime(config[*dialplan.TimeRoute](a, in.Destination), now, a.Location)
		caller := callers[i%len(callers)]
		place, _ := dialplan.RouteByLocation(config[*dialplan.LocationRoute](a, at), a.Country, caller, number(0, 0))
		menu := config[*dialplan.IVR](a, place.Destination)
		if menu == nil || menu.Match("6") != dialplan.MenuExact {
			return 0, fmt.Errorf("the call of %s did not come to the menu", caller)
		}
		rung := dialplan.RingGroup(a, config[*dialplan.Group](a, menu.Options["6"].Destination), "", facts)
		return len(rung), nil
	}
	t := newTable("Decision through plan, time, place (10,000 rows), menu and a group of 20, in memory", "decisions", "mean µs", "bytes of garbage", "allocations")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	for i := range rounds {
		n, err := decide(i)
		if err != nil {
			return err
		}
		if n != 20 {
			return fmt.Errorf("%d members were rung", n)
		}
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	per := func(n uint64) string { return strconv.FormatUint(n/uint64(rounds), 10) }
	t.add(strconv.Itoa(rounds), fmt.Sprintf("%.2f", float64(took.Microseconds())/float64(rounds)), per(after.TotalAlloc-before.TotalAlloc), per(after.Mallocs-before.Mallocs))
	t.print()
	if err := lookups(rounds); err != nil {
		return err
	}
	return imports(ctx, o)
}

// config of the extension that a destination is; nil when it is of another kind.
func config[T dialplan.ExtensionConfig](a *dialplan.Account, d dialplan.Destination) T {
	var none T
	if e := a.Extensions[d.Extension]; e != nil {
		if c, ok := e.Config.(T); ok {
			return c
		}
	}
	return none
}

// routed is a company whose number 0 leads through every kind of routing to the group of 20.
func routed(rows int) (*dialplan.Account, error) {
	a := company(0, time.UTC)
	extend := func(number string, cfg dialplan.ExtensionConfig) {
		a.Extensions[number] = &dialplan.Extension{ID: int64(len(a.Extensions) + 1), Number: number, Config: cfg}
	}
	table, err := places(rows, dialplan.Destination{Extension: "600"})
	if err != nil {
		return nil, err
	}
	extend("400", &dialplan.TimeRoute{Failover: dialplan.Destination{Extension: "101"}, Periods: []dialplan.Period{
		{FirstDay: time.Saturday, LastDay: time.Sunday, Start: 0, End: dialplan.DayMinutes, Destination: dialplan.Destination{Extension: "101"}},
		{FirstDay: time.Monday, LastDay: time.Friday, Start: 540, End: 1020, Destination: dialplan.Destination{Extension: "500"}}}})
	extend("500", &dialplan.LocationRoute{By: dialplan.ByCaller, Table: table, Fallback: dialplan.LocationTarget{Destination: dialplan.Destination{Extension: "101"}}})
	menu := &dialplan.IVR{MaxDigits: 1, Options: map[string]dialplan.IVROption{}}
	for i := range 6 {
		menu.Options[strconv.Itoa(i+1)] = dialplan.IVROption{Destination: dialplan.Destination{Extension: extGroup}}
	}
	extend("600", menu)
	s := a.Schemes[0]
	for n, p := range s.Plans {
		p.Entries[number(0, 0)] = dialplan.PlanEntry{Destination: dialplan.Destination{Extension: "400"}}
		s.Roster = append(s.Roster, dialplan.RosterPeriod{Start: 0, End: 10080, Plan: n}, dialplan.RosterPeriod{Start: 540, End: 1020, Plan: n})
	}
	s.Holidays = []dialplan.Holiday{{Name: "Kerst", From: time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 27, 0, 0, 0, 0, time.UTC), Plan: 1}}
	return a, nil
}

// places is a table of numbers that begin with 3110.
func places(rows int, to dialplan.Destination) (*dialplan.LocationTable, error) {
	table := dialplan.NewLocationTable(rows)
	for i := range rows {
		if err := table.Add(dialplan.LocationTarget{Destination: to}, "3110"+strconv.Itoa(1_000_000+i)); err != nil {
			return nil, err
		}
	}
	return table, nil
}

// lookups shows that the size of a table does not matter, but for the cache of the processor.
func lookups(rounds int) error {
	t := newTable("Look-up of a random caller in a table of places", "rows", "mean ns")
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // any numbers will do
	for _, rows := range []int{1_000, 10_000, 100_000, 1_000_000} {
		table, err := places(rows, dialplan.Destination{Extension: "101"})
		if err != nil {
			return err
		}
		callers := make([]string, 1<<14)
		for i := range callers {
			callers[i] = "3110" + strconv.Itoa(1_000_000+r.IntN(rows))
		}
		began := time.Now()
		for i := range rounds {
			if _, key := table.Longest(callers[i%len(callers)]); key == "" {
				return fmt.Errorf("caller %s is not in the table", callers[i%len(callers)])
			}
		}
		t.add(strconv.Itoa(rows), strconv.FormatInt(time.Since(began).Nanoseconds()/int64(rounds), 10))
	}
	t.print()
	return nil
}

// imports measures how long a table takes from CSV to the database and from there to memory.
func imports(ctx context.Context, o options) error {
	rows := dialplan.MaxLocationRows
	if o.short {
		rows = 100_000
	}
	pg, err := pgtest.Start(ctx, pgtest.Options{Durable: true})
	if err != nil {
		return err
	}
	defer func() { _ = pg.Stop() }() // it ends with this process anyway
	if err := store.Migrate(ctx, pg.DSN(""), slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	db, err := store.Open(ctx, pg.DSN(""))
	if err != nil {
		return err
	}
	defer db.Close()
	demo, err := store.SeedDemo(ctx, db, store.DemoOptions{Host: "127.0.0.1", Port: 5060})
	if err != nil {
		return err
	}
	var csv bytes.Buffer
	csv.WriteString("key,destination,prefix\n")
	for i := range rows {
		fmt.Fprintf(&csv, "+3110%07d,10%d,Prefix %d\n", i, 1+i%2, i%100)
	}
	began := time.Now()
	list, wrong := dialplan.ReadLocations(csv.Bytes(), dialplan.ByCaller, &dialplan.Account{Country: dialplan.NL, ExtensionLength: 3}, func(string) bool { return true })
	if len(wrong) > 0 {
		return fmt.Errorf("import: %v", wrong[0])
	}
	err = db.Account(ctx, demo.Account, func(tx *store.Tx) error {
		to := dialplan.LocationTarget{Destination: dialplan.Destination{Extension: "101"}}
		if err := tx.CreateExtension(ctx, &store.Extension{Extension: dialplan.Extension{Number: "470", Name: "Big", Config: &dialplan.LocationRoute{By: dialplan.ByCaller, Tries: 1, Fallback: to}}}); err != nil {
			return err
		}
		return tx.SetLocations(ctx, "470", list)
	})
	if err != nil {
		return err
	}
	imported := time.Since(began)
	began = time.Now()
	if _, err := db.LoadAccount(ctx, demo.Account); err != nil {
		return err
	}
	t := newTable("Table of places", "rows", "import from CSV, s", "loaded into memory, s")
	t.add(strconv.Itoa(rows), fmt.Sprintf("%.1f", imported.Seconds()), fmt.Sprintf("%.1f", time.Since(began).Seconds()))
	t.print()
	return nil
}
