package flow_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/controller/engine/sim"
	"callplane/controller/flow"
	"callplane/dialplan"
	"callplane/store"
)

const domain = "test.invalid"

// office is a company with a controller on a simulated media server, in a synctest bubble.
type office struct {
	t       *testing.T
	world   *sim.World
	dir     *store.Directory
	account *dialplan.Account
	phones  map[string]*sim.Phone // by extension
	carrier *sim.Phone
	runtime *call.Runtime
	stop    func()
	made    []*sim.Call // by outside and dial
	flow    func(context.Context, *call.Call) error
	talks   func(context.Context, *call.Call, *call.Leg)
	tapes   *tapes

	prompts string
	mu      sync.Mutex
	records []store.CallRecord
}

// acme is the company of the tests: users 101–104, group 200, menu 300.
func acme() *dialplan.Account {
	a := &dialplan.Account{
		ID: 1, Version: 1, Name: "Acme", Enabled: true, Country: dialplan.NL, Language: "en", Location: time.UTC,
		ExtensionLength: 3, AreaCode: "20", CallerID: "+31201234567", EmergencyCallerID: "+31201234560",
		Extensions: map[string]*dialplan.Extension{}, Channels: map[string]*dialplan.Channel{},
		Numbers: map[string]*dialplan.Number{"+31201234567": {E164: "+31201234567"}, "+31201234568": {E164: "+31201234568"}},
	}
	for i, name := range []string{"Ann", "Bob", "Cas", "Dée"} {
		ext := strconv.Itoa(101 + i)
		ch := &dialplan.Channel{ID: int64(i + 1), Name: "ch" + ext, Password: "x", Enabled: true, CallLimit: 2, User: ext}
		a.Channels[ch.Name] = ch
		a.Extensions[ext] = &dialplan.Extension{ID: int64(i + 1), Number: ext, Name: name,
			Config: &dialplan.User{OfferSecondCall: true, RingTimeout: 20 * time.Second, Devices: []*dialplan.Channel{ch}}}
	}
	a.Extensions["200"] = &dialplan.Extension{ID: 20, Number: "200", Name: "Everybody", Config: &dialplan.Group{Members: []string{"101", "102", "103"}}}
	a.Extensions["300"] = &dialplan.Extension{ID: 30, Number: "300", Name: "Menu", Config: &dialplan.IVR{
		MaxDigits: 6, Tries: 2, FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second,
		Options: map[string]dialplan.IVROption{
			"1":  {Prefix: "Sales", Destination: dialplan.Destination{Extension: "101"}},
			"22": {Prefix: "Support", Destination: dialplan.Destination{Extension: "102"}},
			"2":  {Prefix: "Group", Destination: dialplan.Destination{Extension: "200"}},
			"9":  {Destination: dialplan.Destination{Extension: "300"}},
		},
	}}
	a.Schemes = []*dialplan.Scheme{{ID: 1, Name: "Main", Main: true, Plans: map[int]*dialplan.Plan{1: {ID: 1, Number: 1, Name: "Day", Entries: map[string]dialplan.PlanEntry{
		"+31201234567": {Destination: dialplan.Destination{Extension: "300"}, Prefix: "Acme"},
		"+31201234568": {Destination: dialplan.Destination{Extension: "101"}},
	}}}}}
	return a
}

// inOffice runs a test in a bubble with a running controller; change adapts the company first.
func inOffice(t *testing.T, change func(*dialplan.Account), test func(*office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		router := flow.NewRouter(flow.Config{Assistant: true})
		o := &office{t: t, world: sim.NewWorld(), dir: store.NewDirectory(), account: acme(), phones: map[string]*sim.Phone{}, prompts: t.TempDir(),
			flow: router.Run, talks: router.Talks, tapes: &tapes{dir: t.TempDir(), open: map[engine.RecordID]bool{}}}
		defer o.world.Close()
		if change != nil {
			change(o.account)
		}
		o.dir.Put(o.account)
		o.dir.SetTrunks([]*dialplan.Trunk{
			{ID: 1, Name: "first", Enabled: true, Country: dialplan.NL, Priority: 1, Host: "carrier.invalid", Transport: "udp",
				Sources: []netip.Prefix{netip.MustParsePrefix("192.0.2.10/32")}, Format: dialplan.FormatE164, Timeout: 4 * time.Second},
			{ID: 2, Name: "second", Enabled: true, Country: dialplan.NL, Priority: 2, Host: "second.invalid", Transport: "udp",
				Sources: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/32")}, Format: dialplan.FormatNational, Timeout: 4 * time.Second},
		})
		o.carrier = o.world.Phone(sim.PhoneConfig{Carrier: true, Host: "carrier.invalid", Hz: 300, Peer: netip.MustParseAddrPort("192.0.2.10:5060")})
		o.start()
		defer func() { o.stop() }()
		for i, ch := range slices.Sorted(maps.Keys(o.account.Channels)) {
			p := o.world.Phone(sim.PhoneConfig{User: ch, Domain: domain, Password: "x", Hz: 400 + 100*i})
			o.phones[strings.TrimPrefix(ch, "ch")] = p
			if err := p.Register(); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		test(o)
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		if legs := o.world.Legs(); len(legs) != 0 {
			t.Errorf("legs left behind: %v", legs)
		}
		if n := o.runtime.Active(); n != 0 {
			t.Errorf("%d calls left behind", n)
		}
		for ch := range o.account.Channels {
			if n := o.runtime.Live(1).Use(ch); n != 0 {
				t.Errorf("channel %s has %d slots in use", ch, n)
			}
		}
	})
}

// start runs a controller on the world; stop of the one before leaves its legs alone.
func (o *office) start() {
	o.t.Helper()
	metrics, err := call.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		o.t.Fatal(err)
	}
	var logTo io.Writer = io.Discard
	if testing.Verbose() {
		logTo = o.t.Output()
	}
	o.runtime = call.New(call.Config{
		Directory: o.dir, Metrics: metrics, Domain: domain,
		Log: slog.New(slog.NewTextHandler(logTo, nil)),
		Record: func(r store.CallRecord) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.records = append(o.records, r)
		},
		Prompt: func(_ dialplan.AccountID, key, language string) (string, error) {
			return o.prompt(key, language), nil
		},
		Music: func(string) (string, error) { return o.prompt("music", "en"), nil },
		Flow:  func(ctx context.Context, c *call.Call) error { return o.flow(ctx, c) },
		Talks: o.talks, Recordings: o.tapes,
		AuthFailed: func(engine.Registration) {},
	})
	e := o.world.Engine("sim")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	up := make(chan struct{}, 8)
	go func() {
		defer close(done)
		if err := e.Run(ctx, o.runtime.Handler(e, func(ok bool) {
			if ok {
				up <- struct{}{}
			}
		})); err != nil {
			o.t.Error(err)
		}
	}()
	<-up
	trunks := []engine.Trunk{{Name: "first", Host: "carrier.invalid"}, {Name: "second", Host: "second.invalid"}}
	if err := e.SetTrunks(ctx, trunks); err != nil {
		o.t.Fatal(err)
	}
	rt := o.runtime
	o.stop = func() {
		rt.Close()
		cancel()
		<-done
	}
}

// prompt is a file of two seconds of silence by that name.
func (o *office) prompt(key, language string) string {
	const rate, seconds = 8000, 2
	path := filepath.Join(o.prompts, language+"."+key+".wav")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	wav := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	wav = binary.LittleEndian.AppendUint32(wav, rate)
	wav = binary.LittleEndian.AppendUint32(wav, 2*rate)
	wav = append(wav, "\x02\x00\x10\x00data"...)
	wav = binary.LittleEndian.AppendUint32(wav, 2*rate*seconds)
	wav = append(wav, make([]byte, 2*rate*seconds)...)
	binary.LittleEndian.PutUint32(wav[4:], uint32(len(wav)-8))
	// The controller and the test ask for the same one at the same time: whole or not at all.
	f, err := os.CreateTemp(o.prompts, "new-")
	o.must(err)
	_, err = f.Write(wav)
	o.must(errors.Join(err, f.Close(), os.Rename(f.Name(), path)))
	return path
}

func (o *office) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	o.t.Cleanup(cancel)
	return ctx
}

// must fails the test when err is not nil.
func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// outside calls a company number from outside.
func (o *office) outside(number string) *sim.Call {
	c := o.carrier.Invite(sim.Invite{Number: number, Caller: engine.Identity{Number: "+31612345678"}})
	o.made = append(o.made, c)
	return c
}

// dial lets the phone of ext call a number.
func (o *office) dial(ext, number string) *sim.Call {
	c := o.phones[ext].Dial(number)
	o.made = append(o.made, c)
	return c
}

// hangUpAll ends every call that is left.
func (o *office) hangUpAll() {
	for _, p := range o.phones {
		o.made = append(o.made, p.Calls()...)
	}
	for _, c := range append(o.made, o.carrier.Calls()...) {
		if c.State() != sim.Over {
			_ = c.Hangup() // its end may be under way
		}
	}
}

// connected is a caller from outside who talks to 101.
func (o *office) connected() (caller, callee *sim.Call) {
	o.t.Helper()
	caller = o.outside("+31201234568")
	callee = o.incoming("101")
	o.must(callee.Answer())
	o.talking(caller, callee, 300, 400)
	synctest.Wait() // they hear each other a moment before the controller counts it as a conversation
	return caller, callee
}

// incoming waits until the phone of ext is called.
func (o *office) incoming(ext string) *sim.Call {
	o.t.Helper()
	c, err := o.phones[ext].Incoming(o.ctx())
	if err != nil {
		o.t.Fatalf("phone %s: %v", ext, err)
	}
	o.must(c.Ring())
	return c
}

// talking asserts that two parties hear each other and nothing else.
func (o *office) talking(a, b *sim.Call, hzA, hzB int) {
	o.t.Helper()
	o.must(a.Wait(o.ctx(), sim.Up))
	o.must(a.WaitHears(o.ctx(), sim.Sound{Hz: hzB}))
	o.must(b.WaitHears(o.ctx(), sim.Sound{Hz: hzA}))
}

// over waits until a call has ended.
func (o *office) over(c *sim.Call) {
	o.t.Helper()
	o.must(c.Wait(o.ctx(), sim.Over))
}

// record is the record of the only call.
func (o *office) record() store.CallRecord {
	o.t.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.records) != 1 {
		o.t.Fatalf("%d records, want 1", len(o.records))
	}
	return o.records[0]
}

// traced asserts that the trace of the only call has this text.
func (o *office) traced(text string) {
	o.t.Helper()
	r := o.record()
	for _, s := range r.Trace {
		if strings.Contains(s.Reason, text) {
			return
		}
	}
	o.t.Errorf("trace %v has no %q", r.Trace, text)
}

// lastCall is the last that came in at the phone of ext.
func (o *office) lastCall(ext string) *sim.Call {
	all := o.phones[ext].Calls()
	return all[len(all)-1]
}
