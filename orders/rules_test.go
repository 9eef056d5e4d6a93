package orders_test

import (
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"callplane/dialplan"
	"callplane/orders"
)

func TestAmountsComeBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := orders.Micros(rapid.Int64Range(0, int64(orders.MaxPrice)).Draw(t, "amount"))
		got, err := orders.ParseMicros(m.String())
		if err != nil || got != m {
			t.Fatalf("%d is %s and comes back as %d, %v", m, m, got, err)
		}
	})
	for in, want := range map[string]string{"12.5": "12.50", "0": "0.00", "0.0375": "0.0375", "1000000": "1000000.00"} {
		if m, err := orders.ParseMicros(in); err != nil || m.String() != want {
			t.Errorf("%s: %s, %v", in, m, err)
		}
	}
	if s := orders.Micros(-3_000_000).String(); s != "-3.00" {
		t.Error(s)
	}
	for _, in := range []string{"", "-1", "1,5", "1.2345678", ".5", "5.", "1e3", "12345678", "1000000.01", "١"} {
		if m, err := orders.ParseMicros(in); err == nil {
			t.Errorf("%q is %d", in, m)
		}
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct {
		from orders.Date
		n    int
		want orders.Date
	}{{"2027-01-31", 1, "2027-02-28"}, {"2028-01-31", 1, "2028-02-29"}, {"2026-11-28", 24, "2028-11-28"}, {"2026-12-31", 2, "2027-02-28"}} {
		if got := c.from.AddMonths(c.n); got != c.want {
			t.Errorf("%s + %d months: %s", c.from, c.n, got)
		}
	}
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	// A day begins with the account's clock.
	if d := orders.DateOf(time.Date(2026, 11, 28, 23, 30, 0, 0, time.UTC), amsterdam); d != "2026-11-29" {
		t.Error(d)
	}
	for _, s := range []string{"", "2026-02-29", "2026-1-1", "28-11-2026", "2026-11-28T00:00:00Z"} {
		if _, err := orders.ParseDate(s); err == nil {
			t.Errorf("%q is a date", s)
		}
	}
}

// TestTheLongestPrefixDecides compares with a look at every tariff.
func TestTheLongestPrefixDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringMatching(`\+[1-3]{0,5}`)
		var list []orders.Tariff
		for _, p := range rapid.SliceOfDistinct(prefix, rapid.ID).Draw(t, "prefixes") {
			list = append(list, orders.Tariff{Prefix: p})
		}
		number := rapid.StringMatching(`\+?[1-3]{0,8}`).Draw(t, "number")
		want := ""
		for _, x := range list {
			if strings.HasPrefix(number, x.Prefix) && len(x.Prefix) > len(want) {
				want = x.Prefix
			}
		}
		got := orders.NewTariffs(list).Of(number)
		if got == nil && want != "" || got != nil && got.Prefix != want {
			t.Fatalf("%s: %+v, want %q", number, got, want)
		}
	})
}

func TestWhatCallsCost(t *testing.T) {
	x := orders.Tariff{Call: 50_000, Minute: 120_000, First: 60 * time.Second, Step: time.Second}
	for talked, want := range map[time.Duration]orders.Micros{
		0: 0, time.Millisecond: 170_000, time.Minute: 170_000, 61 * time.Second: 172_000, 60*time.Second + time.Millisecond: 172_000, 2 * time.Minute: 290_000,
	} {
		if got := x.Cost(talked); got != want {
			t.Errorf("%v: %s, want %s", talked, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x := orders.Tariff{
			Call: orders.Micros(rapid.Int64Range(0, 1e6).Draw(t, "call")), Minute: orders.Micros(rapid.Int64Range(0, 1e9).Draw(t, "minute")),
			First: time.Duration(rapid.IntRange(0, 120).Draw(t, "first")) * time.Second, Step: time.Duration(rapid.IntRange(0, 90).Draw(t, "step")) * time.Second,
		}
		talked := time.Duration(rapid.Int64Range(1, int64(48*time.Hour)).Draw(t, "talked"))
		charged := x.Charged(talked)
		first, step := max(x.First, time.Second), max(x.Step, time.Second)
		if charged < talked || charged < first || charged > max(first, talked+step) || (charged-first)%step != 0 {
			t.Fatalf("%v is charged as %v by %+v", talked, charged, x)
		}
		exact := new(big.Rat).Mul(big.NewRat(int64(x.Minute), 60), new(big.Rat).SetInt64(int64(charged/time.Second)))
		off := new(big.Rat).Sub(exact.Add(exact, big.NewRat(int64(x.Call), 1)), new(big.Rat).SetInt64(int64(x.Cost(talked))))
		if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("%v costs %s, off by %s", talked, x.Cost(talked), off)
		}
		if longer := talked + time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "more")); x.Cost(longer) < x.Cost(talked) {
			t.Fatalf("%v is dearer than %v", talked, longer)
		}
	})
}

// catalogue of the tests: a starter and an expert user, data and SMS for experts, add-ons, a menu.
func catalogue() orders.Catalogue {
	price := func(once, monthly orders.Micros) orders.Price {
		return orders.Price{Once: once * 1e6, Monthly: monthly * 1e6}
	}
	base := orders.Item{Portfolio: "P", Enabled: true, Currency: "EUR"}
	with := func(code string, change func(*orders.Item)) orders.Item {
		i := base
		i.Code, i.Name = code, code
		change(&i)
		return i
	}
	return orders.NewCatalogue([]orders.Item{
		with("starter", func(i *orders.Item) {
			i.Type, i.User, i.Sales, i.Purchase = orders.ItemUser, dialplan.ProductStarter, price(0, 5), price(0, 3)
		}),
		with("expert", func(i *orders.Item) {
			i.Type, i.User, i.Sales, i.Purchase = orders.ItemUser, dialplan.ProductExpert, price(10, 20), price(5, 12)
		}),
		with("data", func(i *orders.Item) { i.Type, i.Sales = orders.ItemData, price(0, 7) }),
		with("sms", func(i *orders.Item) {
			i.Type, i.For, i.Sales = orders.ItemSMS, []dialplan.Product{dialplan.ProductExpert}, price(0, 1)
		}),
		with("record", func(i *orders.Item) { i.Type, i.Sales = orders.ItemAddOn, price(0, 2) }),
		with("german", func(i *orders.Item) {
			i.Type, i.Countries, i.Sales = orders.ItemAddOn, []dialplan.Country{dialplan.DE}, price(1, 0)
		}),
		with("menu", func(i *orders.Item) {
			i.Type, i.Extension, i.Sales = orders.ItemExtension, dialplan.KindIVR, price(3, 4)
		}),
		with("off", func(i *orders.Item) { i.Type, i.User, i.Enabled = orders.ItemUser, dialplan.ProductStarter, false }),
	})
}

func TestWhatCanBeOrderedTogether(t *testing.T) {
	for name, c := range map[string]struct {
		orders.Selection
		wrong string // field; empty: fine
	}{
		"starter":             {orders.Selection{Product: "starter", AddOns: []string{"record"}}, ""},
		"expert":              {orders.Selection{Product: "expert", Data: "data", SMS: "sms"}, ""},
		"menu":                {orders.Selection{Product: "menu"}, ""},
		"nothing":             {orders.Selection{}, "product"},
		"not offered":         {orders.Selection{Product: "off"}, "product"},
		"an add-on alone":     {orders.Selection{Product: "record"}, "product"},
		"another portfolio":   {orders.Selection{Portfolio: "Q", Product: "starter"}, "portfolio"},
		"data without SIM":    {orders.Selection{Product: "starter", Data: "data"}, "data"},
		"sms as data":         {orders.Selection{Product: "expert", Data: "sms"}, "data"},
		"add-on of a user":    {orders.Selection{Product: "menu", AddOns: []string{"record"}}, "add_ons[0]"},
		"add-on of elsewhere": {orders.Selection{Product: "starter", AddOns: []string{"german"}}, "add_ons[0]"},
		"twice":               {orders.Selection{Product: "starter", AddOns: []string{"record", "record"}}, "add_ons[1]"},
	} {
		if c.Portfolio == "" {
			c.Portfolio = "P"
		}
		_, wrong := c.Check(catalogue(), dialplan.NL)
		if (len(wrong) == 0) != (c.wrong == "") || len(wrong) > 0 && wrong[0].Field != c.wrong {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}

const today = orders.Date("2026-11-28")

func TestWhenOrdersBeginChangeAndEnd(t *testing.T) {
	if orders.CheckStart(today, today) != "" || orders.CheckStart(today.Add(-1), today) == "" || orders.CheckStart("", today) == "" || orders.CheckStart("2030-01-01", today) == "" {
		t.Error("start")
	}
	active := orders.Standing{State: orders.Active, Start: "2026-01-01"}
	if active.CheckTermination(today, today) == "" || active.CheckTermination(today.Add(1), today) != "" || active.CheckTermination("", today) == "" {
		t.Error("an order ends tomorrow at the earliest")
	}
	if active.CheckChange(today, today) != "" || active.CheckChange(today.Add(-1), today) == "" {
		t.Error("a change is today at the earliest")
	}
	planned := orders.Standing{State: orders.Planned, Start: "2026-12-10", Termination: "2026-12-20"}
	for on, ok := range map[orders.Date]bool{"2026-12-09": false, "2026-12-10": true, "2026-12-19": true, "2026-12-20": false} {
		if (planned.CheckChange(on, today) == "") != ok {
			t.Errorf("change on %s: %q", on, planned.CheckChange(on, today))
		}
	}
	ended := orders.Standing{State: orders.Ended}
	if ended.CheckChange(today, today) == "" || ended.CheckTermination(today.Add(1), today) == "" {
		t.Error("what has ended stays so")
	}
	for day, want := range map[orders.Date]orders.Status{"2026-12-09": orders.StatusPlanned, "2026-12-10": orders.StatusWaiting} {
		s := orders.Standing{State: orders.Planned, Start: "2026-12-10", NeedsSIM: true}
		if s.Status(day) != want {
			t.Errorf("%s: %s", day, s.Status(day))
		}
	}
}

// run carries steps out on a day as the service does and gives them in their order, with the day each counts from.
func run(s *orders.Standing, open []orders.Step, day orders.Date) (done []orders.Step, rest []orders.Step) {
	for {
		x, ok := s.Next(open, day)
		if !ok {
			return done, open
		}
		open = slices.DeleteFunc(slices.Clone(open), func(y orders.Step) bool { return y.ID == x.ID })
		on := s.Effective(x)
		switch x.Kind {
		case orders.Activate:
			s.State = orders.Active
		case orders.Terminate:
			s.State, open = orders.Ended, nil
		}
		done = append(done, orders.Step{ID: x.ID, Kind: x.Kind, On: on})
	}
}

// TestAnOutageChangesNothing: whenever the service runs between the first day and the last, the same steps are carried out in the
// same order and count from the same days.
func TestAnOutageChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := today.Add(rapid.IntRange(0, 10).Draw(t, "start"))
		steps := []orders.Step{{ID: 1, Kind: orders.Activate, On: start}}
		for i := range rapid.IntRange(0, 4).Draw(t, "changes") {
			steps = append(steps, orders.Step{ID: int64(i + 2), Kind: orders.Change, On: start.Add(rapid.IntRange(0, 10).Draw(t, "change"))})
		}
		if rapid.Bool().Draw(t, "ends") {
			steps = append(steps, orders.Step{ID: 9, Kind: orders.Terminate, On: today.Add(rapid.IntRange(1, 20).Draw(t, "end"))})
		}
		daily := orders.Standing{State: orders.Planned, Start: start}
		var want []orders.Step
		open := steps
		for n := range 31 {
			var done []orders.Step
			done, open = run(&daily, open, today.Add(n))
			want = append(want, done...)
		}
		away := orders.Standing{State: orders.Planned, Start: start}
		var got []orders.Step
		open = steps
		for n := range 31 {
			if n == 30 || rapid.IntRange(0, 4).Draw(t, "up") == 0 {
				var done []orders.Step
				done, open = run(&away, open, today.Add(n))
				got = append(got, done...)
			}
		}
		if !slices.Equal(got, want) || away.State != daily.State {
			t.Fatalf("with outages %v, without %v", got, want)
		}
		for i := 1; i < len(got); i++ {
			if got[i].On < got[i-1].On || got[i-1].Kind == orders.Terminate {
				t.Fatalf("out of order: %v", got)
			}
		}
	})
}

func TestAnOrderWithoutItsSIMWaits(t *testing.T) {
	s := orders.Standing{State: orders.Planned, Start: today, NeedsSIM: true}
	steps := []orders.Step{{ID: 1, Kind: orders.Activate, On: today}}
	if done, _ := run(&s, steps, today.Add(5)); len(done) != 0 {
		t.Fatalf("carried out without SIM: %v", done)
	}
	s.SIM, s.SIMOn = true, today.Add(5)
	done, rest := run(&s, steps, today.Add(5))
	if len(done) != 1 || done[0].On != today.Add(5) || len(rest) != 0 || s.State != orders.Active {
		t.Errorf("%v, %v, %+v", done, rest, s)
	}
	// It can end without ever having been active.
	s = orders.Standing{State: orders.Planned, Start: today, NeedsSIM: true}
	done, _ = run(&s, append(steps, orders.Step{ID: 2, Kind: orders.Terminate, On: today.Add(1)}), today.Add(1))
	if len(done) != 1 || s.State != orders.Ended {
		t.Errorf("%v, %+v", done, s)
	}
}

// TestLinesAreWhatIsOrdered: on every day of an order's life its lines are just what was selected for that day.
func TestLinesAreWhatIsOrdered(t *testing.T) {
	c := catalogue()
	selection := rapid.Custom(func(t *rapid.T) orders.Selection {
		s := orders.Selection{Portfolio: "P", Product: rapid.SampledFrom([]string{"starter", "expert"}).Draw(t, "product")}
		if s.Product == "expert" {
			s.Data = rapid.SampledFrom([]string{"", "data"}).Draw(t, "data")
			s.SMS = rapid.SampledFrom([]string{"", "sms"}).Draw(t, "sms")
		}
		if rapid.Bool().Draw(t, "record") {
			s.AddOns = []string{"record"}
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		next := int64(1)
		var lines []orders.Line
		keep := func(changed []orders.Line) {
			for _, l := range changed {
				if l.ID == 0 {
					l.ID = next
					next++
					lines = append(lines, l)
					continue
				}
				i := slices.IndexFunc(lines, func(x orders.Line) bool { return x.ID == l.ID })
				lines[i] = l
			}
		}
		day, want := today, map[orders.Date][]string{}
		s := selection.Draw(t, "first")
		keep(orders.LinesOf(c, &s, day))
		for range rapid.IntRange(0, 5).Draw(t, "changes") {
			for range rapid.IntRange(0, 3).Draw(t, "days") {
				want[day] = s.Codes()
				day = day.Add(1)
			}
			s = selection.Draw(t, "change")
			keep(orders.ChangeLines(lines, c, &s, day))
		}
		want[day] = s.Codes()
		end := day.Add(1)
		keep(orders.EndLines(lines, end))
		want[end] = nil
		for day, codes := range want {
			for _, side := range []orders.Side{orders.Sales, orders.Purchase} {
				got := map[string]int{}
				for _, l := range lines {
					if l.Side == side && l.From <= day && (l.Until == "" || day < l.Until) {
						got[l.Item]++
					}
				}
				expected := map[string]int{}
				for _, code := range codes {
					expected[code] = 1
				}
				if !maps.Equal(got, expected) {
					t.Fatalf("%s on %s: %v, want %v in %+v", side, day, got, codes, lines)
				}
			}
		}
	})
}

// TestMonthsAddUp: a line costs the same in one piece or cut in two, but for a rounding, and a whole month costs its price.
func TestMonthsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := orders.Price{Once: orders.Micros(rapid.Int64Range(0, 1e9).Draw(t, "once")), Monthly: orders.Micros(rapid.Int64Range(0, 1e9).Draw(t, "monthly"))}
		from := today.Add(rapid.IntRange(0, 60).Draw(t, "from"))
		until := from.Add(rapid.IntRange(1, 90).Draw(t, "days"))
		cut := from.Add(rapid.IntRange(0, 90).Draw(t, "cut"))
		l := orders.Line{Price: price, From: from, Until: until}
		whole, parts := orders.Micros(0), orders.Micros(0)
		months := 0
		for m := from.Month(); m <= until.Month(); m = monthAfter(m) {
			months++
			whole += l.In(m)
			a, b := l, l
			a.Until, b.From, b.Price.Once = min(cut, until), max(from, cut), 0
			parts += a.In(m) + b.In(m)
			first, next := m.Bounds()
			if full := (orders.Line{Price: price, From: first.Add(-1), Until: next}); full.In(m) != price.Monthly {
				t.Fatalf("a whole month costs %s, not %s", full.In(m), price.Monthly)
			}
		}
		if cut == from {
			parts += price.Once // it was the empty part's
		}
		if d := whole - parts; d > orders.Micros(months) || d < -orders.Micros(months) {
			t.Fatalf("%s in one piece, %s in two", whole, parts)
		}
	})
}

func monthAfter(m orders.Month) orders.Month {
	_, next := m.Bounds()
	return next.Month()
}

func TestBillingBeginsWhenItIsStarted(t *testing.T) {
	l := orders.Line{Side: orders.Sales, Price: orders.Price{Once: 10e6, Monthly: 30e6}, From: "2026-11-01"}
	if _, ok := l.Billed(""); ok {
		t.Error("billed without having been started")
	}
	b, ok := l.Billed("2026-11-16")
	if !ok || b.In("2026-11") != 25e6 || b.In("2026-10") != 0 || b.In("2026-12") != 30e6 {
		t.Errorf("%+v costs %s", b, b.In("2026-11"))
	}
	l.Side = orders.Purchase
	if b, ok := l.Billed(""); !ok || b.In("2026-11") != 40e6 {
		t.Error("what the reseller buys does not depend on it")
	}
	credit := orders.Line{Side: orders.Sales, Price: orders.Price{Once: -5e6}, From: "2026-11-20", Credit: true}
	if c, ok := credit.Billed(""); !ok || c.In("2026-11") != -5e6 || c.In("2026-12") != 0 {
		t.Errorf("%+v", c)
	}
}

func TestUsage(t *testing.T) {
	tariffs := orders.NewTariffs([]orders.Tariff{
		{Prefix: "+31", Name: "Netherlands", Minute: 60_000, Currency: "EUR", First: time.Second, Step: time.Second},
		{Prefix: "+316", Name: "Netherlands mobile", Minute: 180_000, Currency: "EUR", First: time.Second, Step: time.Second},
	})
	got, total := orders.UsageOf(tariffs, []orders.Call{
		{Number: "+31612345678", Talked: time.Minute}, {Number: "+31201234567", Talked: time.Minute}, {Number: "+31612345679", Talked: time.Minute}, {Number: "112", Talked: time.Minute},
	})
	if len(got) != 3 || got[0].Destination != "Netherlands mobile" || got[0].Calls != 2 || got[0].Cost != 360_000 || got[1].Cost != 60_000 || got[2].Cost != 0 || got[2].Calls != 1 {
		t.Errorf("%+v", got)
	}
	if len(total) != 1 || total[0] != (orders.Sum{Currency: "EUR", Amount: 420_000}) {
		t.Errorf("%+v", total)
	}
}
