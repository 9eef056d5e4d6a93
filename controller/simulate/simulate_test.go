package simulate_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/controller/engine/sim"
	"callplane/controller/flow"
	"callplane/controller/simulate"
	"callplane/dialplan"
	"callplane/integration/tone"
	"callplane/store"
)

const domain = "test.invalid"

// users and others of the generated companies.
var (
	users   = []string{"101", "102", "103", "104"}
	leading = []string{"200", "300", "301", "400", "410", "420", "430", "440", "450", "460", "470"}
	outside = []string{"+31612345679", "0612345678", "112", "+4930123456", "0906123"}
)

// mostly is true, but not always.
func mostly(t *rapid.T, label string) bool {
	return rapid.SampledFrom([]bool{true, true, true, true, true, false}).Draw(t, label)
}

func destination(t *rapid.T, label string) dialplan.Destination {
	if !mostly(t, label+" inside") {
		return dialplan.Destination{External: rapid.SampledFrom(outside).Draw(t, label)}
	}
	all := append(slices.Clone(users), leading...)
	return dialplan.Destination{Extension: rapid.SampledFrom(append(all, "999")).Draw(t, label)} // 999 is not there
}

func destinations(t *rapid.T, label string) []dialplan.Destination {
	var out []dialplan.Destination
	for i := range rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2}).Draw(t, label+" count") {
		out = append(out, destination(t, fmt.Sprint(label, i)))
	}
	return out
}

func target(t *rapid.T, label string) dialplan.LocationTarget {
	return dialplan.LocationTarget{Destination: destination(t, label), Prefix: rapid.SampledFrom([]string{"", "VIP"}).Draw(t, label+" prefix")}
}

// company draws an account in which anything may lead to anything.
func company(t *rapid.T) *dialplan.Account {
	a := &dialplan.Account{ID: 1, Version: 1, Name: "Acme", Enabled: mostly(t, "enabled"), Country: dialplan.NL, Language: "en",
		Location: time.FixedZone("", rapid.IntRange(-12, 12).Draw(t, "zone")*3600), ExtensionLength: 3, AreaCode: "20",
		CallerID: "+31201234567", EmergencyCallerID: "+31201234560",
		Extensions: map[string]*dialplan.Extension{}, Channels: map[string]*dialplan.Channel{}, Numbers: map[string]*dialplan.Number{}}
	if rapid.Bool().Draw(t, "barring") {
		a.Barred = []dialplan.BarringCategory{rapid.SampledFrom(dialplan.NL.BarringCategories()).Draw(t, "barred")}
	}
	add := func(number string, c dialplan.ExtensionConfig) {
		a.Extensions[number] = &dialplan.Extension{ID: int64(len(a.Extensions) + 1), Number: number, Name: "X" + number, Config: c}
	}
	forwards := func(l string, user bool) dialplan.Forwards {
		f := dialplan.Forwards{Busy: destinations(t, l+" busy"), NoAnswer: destinations(t, l+" no answer")}
		if !mostly(t, l+" no always") {
			f.Always = destinations(t, l+" always")
		}
		if user {
			f.Unreachable, f.Rejected = destinations(t, l+" unreachable"), destinations(t, l+" rejected")
		}
		return f
	}
	for _, u := range users {
		cfg := &dialplan.User{OfferSecondCall: rapid.Bool().Draw(t, "second"), RingTimeout: time.Duration(rapid.IntRange(0, 30).Draw(t, "ring")) * time.Second,
			Forwards: forwards(u, true), Permissions: dialplan.Permissions{TimeConfiguration: true}}
		for i := range rapid.SampledFrom([]int{1, 1, 1, 2, 0}).Draw(t, "devices") {
			ch := &dialplan.Channel{ID: int64(len(a.Channels) + 1), Name: fmt.Sprintf("ch%s-%d", u, i), Password: "x", Enabled: mostly(t, "channel"), CallLimit: 1 + i, User: u}
			a.Channels[ch.Name] = ch
			cfg.Devices = append(cfg.Devices, ch)
		}
		add(u, cfg)
	}
	add("200", &dialplan.Group{Members: rapid.SliceOfNDistinct(rapid.SampledFrom(users), 0, 4, rapid.ID).Draw(t, "members"), Forwards: forwards("200", false),
		AllowMemberForwards: rapid.Bool().Draw(t, "member forwards"), ForwardAfter: time.Duration(rapid.IntRange(0, 40).Draw(t, "after")) * time.Second})
	for _, m := range []string{"300", "301"} {
		ivr := &dialplan.IVR{MaxDigits: 2, Tries: rapid.IntRange(1, 3).Draw(t, "tries"), FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second, Options: map[string]dialplan.IVROption{}}
		for _, o := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1", "2", "3", "12", "22"}), 0, 4, rapid.ID).Draw(t, "options") {
			ivr.Options[o] = dialplan.IVROption{Destination: destination(t, m+" option"), Prefix: "O" + o}
		}
		if rapid.Bool().Draw(t, "fallback?") {
			ivr.Fallback = destination(t, m+" fallback")
		}
		add(m, ivr)
	}
	add("400", &dialplan.AutoAnswer{Announcement: "welcome"})
	add("410", &dialplan.Forward{Number: rapid.SampledFrom(outside).Draw(t, "forward"), CallerID: dialplan.ForwardCalling})
	day, start := time.Weekday(rapid.IntRange(0, 6).Draw(t, "day")), rapid.IntRange(0, 1439).Draw(t, "start")
	add("420", &dialplan.TimeRoute{Failover: destination(t, "failover"), Periods: []dialplan.Period{
		{FirstDay: day, LastDay: (day + 3) % 7, Start: start, End: (start + 600) % 1441, Destination: destination(t, "period")}}})
	add("430", &dialplan.CallLimit{Calls: rapid.IntRange(0, 1).Draw(t, "limit"), Within: destination(t, "within"), Above: destination(t, "above")})
	table := func(to dialplan.LocationTarget, keys ...string) *dialplan.LocationTable {
		table := dialplan.NewLocationTable(len(keys))
		if err := table.Add(to, keys...); err != nil {
			t.Fatal(err)
		}
		return table
	}
	add("440", &dialplan.LocationRoute{By: dialplan.ByCaller, Fallback: target(t, "lbr fallback"), Blocked: target(t, "lbr blocked"),
		Table: table(target(t, "lbr"), "316", "4930")})
	add("450", &dialplan.LocationRoute{By: dialplan.ByPostcode, Tries: 2, Fallback: target(t, "postcode fallback"),
		Table: table(target(t, "postcode"), "1500", "2210")})
	add("460", &dialplan.Authentication{ByPIN: rapid.Bool().Draw(t, "by PIN"), Entries: map[string]dialplan.LocationTarget{
		"4711": target(t, "pin"), "+316": target(t, "known"), "101": target(t, "colleague")}, Fallback: target(t, "unknown")})
	add("470", &dialplan.Picker{Ringback: rapid.Bool().Draw(t, "ringback"), Timeout: 4 * time.Second, Fallback: target(t, "picker")})

	main := &dialplan.Scheme{ID: 1, Name: "Main", Main: true, Number: 1, Plans: map[int]*dialplan.Plan{}}
	for i := range rapid.IntRange(1, 3).Draw(t, "plans") {
		p := &dialplan.Plan{ID: int64(i + 1), Number: i + 1, Name: fmt.Sprint("Plan ", i+1), Entries: map[string]dialplan.PlanEntry{}}
		if mostly(t, "entry") {
			p.Entries["+31201234567"] = dialplan.PlanEntry{Destination: destination(t, "entry"), Prefix: "P"}
		}
		main.Plans[p.Number] = p
		main.Roster = append(main.Roster, dialplan.RosterPeriod{Start: rapid.IntRange(0, 10079).Draw(t, "from"), End: rapid.IntRange(1, 10080).Draw(t, "to"), Plan: p.Number})
	}
	a.Schemes = []*dialplan.Scheme{main}
	for _, n := range []string{"+31201234567", "+31201234568"} {
		a.Numbers[n] = &dialplan.Number{E164: n}
	}
	a.Numbers["+31201234568"].Personal = rapid.SampledFrom(users).Draw(t, "personal")
	return a
}

var trunks = []*dialplan.Trunk{
	{ID: 1, Name: "first", Enabled: true, Country: dialplan.NL, Priority: 1, Host: "carrier.invalid", Transport: "udp",
		Sources: []netip.Prefix{netip.MustParsePrefix("192.0.2.10/32")}, Format: dialplan.FormatE164},
	{ID: 2, Name: "second", Enabled: true, Country: dialplan.NL, Priority: 2, Host: "second.invalid", Transport: "udp",
		Sources: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/32")}, Format: dialplan.FormatNational},
}

// prompts finds one sound for every key but one.
func prompts(t *testing.T) func(dialplan.AccountID, string, string) (string, error) {
	path := filepath.Join(t.TempDir(), "prompt.wav")
	if err := tone.WriteWAV(path, make([]int16, tone.Rate)); err != nil {
		t.Fatal(err)
	}
	return func(_ dialplan.AccountID, key, _ string) (string, error) {
		if key == "welcome" {
			return "", fmt.Errorf("there is no %s", key)
		}
		return path, nil
	}
}

// often checks ten times as often as usual: calls are cheap, and rare outcomes must be among them.
func often(t *testing.T, f func(*rapid.T)) {
	for range 10 {
		rapid.Check(t, f)
	}
}

// draw makes a call; inside tells that a user makes it.
func draw(rt *rapid.T) (simulate.Request, bool) {
	req := simulate.Request{Account: company(rt), Trunks: trunks,
		Number:    rapid.SampledFrom([]string{"+31201234567", "0201234567", "0201234568"}).Draw(rt, "number"),
		Caller:    rapid.SampledFrom([]string{"", "0612345678", "+4930123456", "0201234569"}).Draw(rt, "caller"),
		Digits:    rapid.SliceOfN(rapid.SampledFrom([]string{"", "1", "2", "12", "2#", "9", "1500", "9999", "4711", "101", "200", "1*1", "22101"}), 0, 6).Draw(rt, "digits"),
		Reactions: map[string]simulate.Reaction{},
	}
	inside := !mostly(rt, "from outside")
	if inside {
		req.Caller = rapid.SampledFrom(users).Draw(rt, "from")
		req.Number = rapid.SampledFrom(append(append(slices.Clone(users), leading...), "112", "0612345670", "915", "*8", "#31#0612345670", "0209", "555")).Draw(rt, "dials")
	}
	answers := []simulate.Answer{simulate.NoAnswer, simulate.NoAnswer, simulate.Answers, simulate.Busy, simulate.Rejects, simulate.Unreachable}
	for i, who := range append(slices.Clone(users), "+31612345679", "+31612345678", "112", "+4930123456", "+31612345670") {
		req.Reactions[who] = simulate.Reaction{Answer: rapid.SampledFrom(answers).Draw(rt, "reaction of "+who), After: 2*time.Second + time.Duration(i+1)*137*time.Millisecond}
	}
	// No two phones do something at the same instant: what is first then is chance.
	for name, ch := range req.Account.Channels {
		r := req.Reactions[ch.User]
		r.After += time.Duration(name[len(name)-1]-'0') * 11 * time.Millisecond
		req.Reactions[name] = r
	}
	return req, inside
}

// A caller may hang up at any moment, during every prompt and while anything rings: nothing is left of the call.
func TestCallersHangUpAtAnyMoment(t *testing.T) {
	prompt := prompts(t)
	gone := 0
	often(t, func(rt *rapid.T) {
		req, inside := draw(rt)
		req.Account.Enabled = true
		patience := time.Duration(rapid.IntRange(1, 40_000).Draw(rt, "patience")) * time.Millisecond
		if inside && enabled(req.Account.User(req.Caller)) == nil {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			trace, cause := reality(t, req, flow.NewRouter(flow.Config{}), prompt, patience)
			switch cause {
			case "cancelled":
				gone++
			case "internal", "engine-lost":
				t.Errorf("the call ended as %s: %v", cause, trace)
			}
		})
	})
	if gone == 0 {
		t.Error("nobody hung up before an answer: the test proves nothing")
	}
}

// TestNP_09_SimulatedPathIsThatOfARealCall simulates calls in generated companies and makes them, too.
func TestNP_09_SimulatedPathIsThatOfARealCall(t *testing.T) {
	seen := map[simulate.Outcome]int{}
	prompt := prompts(t)
	often(t, func(rt *rapid.T) {
		req, inside := draw(rt)
		wait := time.Duration(rapid.Int64Range(0, 20*24*3600).Draw(rt, "when")) * time.Second
		var failure string
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(wait)
			req.At = time.Now()
			router := flow.NewRouter(flow.Config{})
			got, err := simulate.Run(t.Context(), simulate.Config{Flow: router.Run, Prompt: prompt, Domain: domain}, req)
			if err != nil {
				if inside && enabled(req.Account.User(req.Caller)) == nil {
					return // there is no phone to call from
				}
				failure = err.Error()
				return
			}
			if !time.Now().Equal(req.At) {
				failure = "the simulation waited"
				return
			}
			seen[got.Outcome]++
			want, cause := reality(t, req, router, prompt, 0)
			if diff := compare(got.Steps, want); diff != "" {
				failure = diff
			} else if got.Outcome != simulate.Asks && got.Cause != cause {
				failure = fmt.Sprintf("cause %s, in reality %s", got.Cause, cause)
			}
		})
		if failure != "" {
			rt.Fatal(failure)
		}
	})
	for _, o := range []simulate.Outcome{simulate.Talks, simulate.Asks, simulate.Ends} {
		if seen[o] == 0 {
			t.Errorf("no call had the outcome %s: the test proves nothing about it", o)
		}
	}
	t.Log("outcomes", seen)
}

// enabled is the first channel of a user that is.
func enabled(u *dialplan.User) *dialplan.Channel {
	for _, ch := range u.Devices {
		if ch.Enabled {
			return ch
		}
	}
	return nil
}

func compare(got []simulate.Step, want []store.TraceStep) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i].Step != want[i].Step || got[i].Reason != want[i].Reason {
			s := "simulated:"
			for _, g := range got {
				s += "\n  " + g.At.Format("05.000 ") + g.Step + ": " + g.Reason
			}
			s += "\nin reality:"
			for _, w := range want {
				s += "\n  " + w.At.Format("05.000 ") + w.Step + ": " + w.Reason
			}
			return s
		}
	}
	return ""
}

// reality makes the call on the sim engine, with phones that do what the request says, and returns the trace and cause of its record. A caller with
// patience hangs up when it is over.
func reality(t *testing.T, req simulate.Request, router *flow.Router, prompt func(dialplan.AccountID, string, string) (string, error), patience time.Duration) ([]store.TraceStep, string) {
	world := sim.NewWorld()
	defer world.Close()
	dir := store.NewDirectory()
	dir.Put(req.Account)
	dir.SetTrunks(trunks)
	metrics, err := call.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	var pressing atomic.Bool
	asked := make(chan struct{}, 1)
	done := make(chan store.CallRecord, 1)
	rt := call.New(call.Config{Directory: dir, Metrics: metrics, Domain: domain, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		AuthFailed: func(engine.Registration) {}, Record: func(r store.CallRecord) { done <- r }, Prompt: prompt, Flow: router.Run,
		Asked: func(*call.Call) {
			if pressing.CompareAndSwap(false, true) {
				asked <- struct{}{}
			}
		}})
	e := world.Engine("sim")
	ctx, cancel := context.WithCancel(t.Context())
	ran, up := make(chan struct{}), make(chan struct{}, 1)
	go func() {
		defer close(ran)
		if err := e.Run(ctx, rt.Handler(e, func(ok bool) {
			if ok {
				up <- struct{}{}
			}
		})); err != nil {
			t.Error(err)
		}
	}()
	<-up
	if err := e.SetTrunks(ctx, []engine.Trunk{{Name: "first", Host: "carrier.invalid", Transport: "udp"}, {Name: "second", Host: "second.invalid", Transport: "udp"}}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		rt.Close()
		cancel()
		<-ran
	}()
	people := make(chan struct{})
	working := 0
	serve := func(p *sim.Phone, who func(*sim.Call) string) {
		working++
		go func() {
			defer func() { people <- struct{}{} }()
			var later time.Duration
			for {
				c, err := p.Incoming(ctx)
				if err != nil {
					return
				}
				_ = c.Ring()
				r := req.Reactions[who(c)]
				later += time.Microsecond // of two calls to a phone the first comes first
				time.AfterFunc(r.After+later, func() {
					// What fails was over before.
					switch r.Answer {
					case simulate.Answers:
						_ = c.Answer()
					case simulate.Busy:
						_ = c.Reject(486)
					case simulate.Rejects:
						_ = c.Reject(603)
					case simulate.Unreachable:
						_ = c.Reject(480)
					}
				})
			}
		}()
	}
	phones := map[string]*sim.Phone{}
	for name, ch := range req.Account.Channels {
		p := world.Phone(sim.PhoneConfig{User: name, Domain: domain, Password: "x", Hz: 400})
		phones[name] = p
		if req.Reactions[ch.User].Answer == simulate.Unreachable {
			continue
		}
		if err := p.RegisterFor(1000 * time.Hour); err != nil {
			t.Fatal(err)
		}
		serve(p, func(*sim.Call) string { return name })
	}
	carrier := world.Phone(sim.PhoneConfig{Carrier: true, Host: "carrier.invalid", Hz: 300, Peer: netip.MustParseAddrPort("192.0.2.10:5060")})
	serve(carrier, func(c *sim.Call) string { return c.Number() })
	synctest.Wait()

	var c *sim.Call
	if u := req.Account.User(req.Caller); u != nil {
		c = phones[enabled(u).Name].Dial(req.Number)
	} else {
		a := req.Account
		number, err := dialplan.Normalize(req.Number, a.Country, a.AreaCode)
		if err != nil {
			t.Fatal(err)
		}
		in := sim.Invite{Number: number.Number(), Caller: engine.Identity{Anonymous: true}}
		if req.Caller != "" {
			from, err := dialplan.Normalize(req.Caller, a.Country, a.AreaCode)
			if err != nil {
				t.Fatal(err)
			}
			in.Caller = engine.Identity{Number: from.Number()}
		}
		c = carrier.Invite(in)
	}
	if patience > 0 {
		time.AfterFunc(patience, func() { _ = c.Hangup() }) // it may be over
	}
	// The caller presses what is asked for and hangs up when nothing more is there, or when somebody has answered.
	digits := req.Digits
	talking := time.NewTicker(10 * time.Second)
	defer talking.Stop()
	tooLong := time.After(3 * time.Hour)
	for {
		select {
		case r := <-done:
			synctest.Wait()
			if legs := world.Legs(); len(legs) > 0 || rt.Active() > 0 || rt.Live(1).Calls() > 0 {
				t.Errorf("left: legs %v, %d calls", legs, rt.Active())
			}
			for name := range req.Account.Channels {
				if n := rt.Live(1).Use(name); n != 0 {
					t.Errorf("channel %s is in %d calls that are over", name, n)
				}
			}
			cancel()
			for range working {
				<-people
			}
			return r.Trace, r.Cause
		case <-asked:
			if len(digits) == 0 {
				_ = c.Hangup()
				continue
			}
			keys := digits[0]
			digits = digits[1:]
			if keys == "" {
				pressing.Store(false)
			}
			for i := range len(keys) {
				pause := 200 * time.Millisecond
				if i > 0 {
					pause -= sim.DigitTime
				}
				time.Sleep(pause)
				if i == len(keys)-1 {
					pressing.Store(false)
				}
				_ = c.SendDTMF(ctx, keys[i:i+1])
			}
		case <-tooLong:
			t.Fatal("the call has no end")
		case <-talking.C:
			for _, s := range c.Hears() {
				if s.Hz == 300 && s.File == "" || s.Hz == 400 {
					_ = c.Hangup()
				}
			}
		}
	}
}

// TestNP_09_ReachesAQueue: what simulations can't go through is where they end.
func TestNP_09_ReachesAQueue(t *testing.T) {
	a := &dialplan.Account{ID: 1, Version: 1, Enabled: true, Country: dialplan.NL, Location: time.UTC, ExtensionLength: 3,
		Extensions: map[string]*dialplan.Extension{"400": {ID: 1, Number: "400", Config: &dialplan.Queue{}}},
		Numbers:    map[string]*dialplan.Number{"+31201234567": {E164: "+31201234567"}},
		Schemes: []*dialplan.Scheme{{ID: 1, Name: "Main", Plans: map[int]*dialplan.Plan{1: {Number: 1, Name: "Day", Entries: map[string]dialplan.PlanEntry{
			"+31201234567": {Destination: dialplan.Destination{Extension: "400"}}}}}}}}
	router := flow.NewRouter(flow.Config{Ends: func(k dialplan.Kind) bool { return k == dialplan.KindQueue }})
	got, err := simulate.Run(t.Context(), simulate.Config{Flow: router.Run, Domain: domain}, simulate.Request{Account: a, Trunks: trunks, Number: "+31201234567", At: time.Now()})
	if err != nil || got.Outcome != simulate.Reaches || got.With != "queue 400" {
		t.Errorf("%+v, %v", got, err)
	}
	// A plan without numbers is said to be one.
	a.Schemes[0].Plans[1].Entries = nil
	got, err = simulate.Run(t.Context(), simulate.Config{Flow: router.Run, Domain: domain}, simulate.Request{Account: a, Trunks: trunks, Number: "+31201234567", At: time.Now()})
	if err != nil || got.Outcome != simulate.Ends || got.Cause != "not-found" || len(got.Steps) == 0 || got.Steps[0].Reason != "number +31201234567 is in no numbering plan" {
		t.Errorf("%+v, %v", got, err)
	}
}
