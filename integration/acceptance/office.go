// Package acceptance proves behaviours of the product by their IDs: the whole controller on
// each media server, with phones that are called and listened to. The same case runs on the
// in-memory engine (in a synctest bubble), Asterisk and FreeSWITCH.
package acceptance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"callplane/controller/acd"
	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/controller/flow"
	"callplane/controller/presence"
	"callplane/controller/voicemail"
	"callplane/dialplan"
	"callplane/integration/conformance"
	"callplane/integration/tone"
	"callplane/store"
)

// stepTime is what no step of a case should need.
const stepTime = 15 * time.Second

// building is a media server with a controller; cases share it, each with a company of its own.
type building struct {
	backend conformance.Backend
	dir     *store.Directory
	plans   *planMemory
	prompts map[string]int // key → Hz

	carriers  sync.Mutex // held while the set of carriers changes
	mu        sync.Mutex
	companies int
	records   map[dialplan.AccountID][]store.CallRecord
	arrived   chan struct{} // closed at the next record
	trunks    []*dialplan.Trunk
	tones     map[dialplan.AccountID]map[string]int // prompts of one company only
	edits     sync.Mutex                            // held while a company is changed
	away      map[dialplan.AccountID]bool           // companies whose database is away
	spoken    map[dialplan.AccountID][]string       // language and key of prompts

	recordings recordings

	domain    string // of the backend's SIP accounts
	runtime   *call.Runtime
	presence  *presence.Service
	queues    *queueMemory
	hub       *acd.Hub
	driver    engine.Engine
	stop      func()
	audio     *audioMemory
	voicemail *voicemailMemory
	boxes     *voicemail.Boxes
	lamps     *voicemail.Lamps

	simStreams *simStreams
	pins       pinMemory
}

// prompts that cases listen for, each a tone that no phone hums.
func promptTones() map[string]int {
	return map[string]int{"ivr.choose": 2930, "ivr.invalid": 3130, "ivr.timeout": 3330, "welcome": 2730, "second": 2530,
		"record.started": 1730, "assistant.speak": 1630, "assistant.thanks": 1530,
		"postcode.ask": 1930, "auth.pin": 2030, "entry.invalid": 2130, "picker.ask": 1830, "park.line": 2230,
		"audio.start": 2630, "audio.menu": 1530, "audio.number": 1630, "audio.taken": 1430, "audio.saved": 1330, "audio.empty": 1230,
		"tune.first": 2830, "tune.second": 3030,
		"plan.menu": 1780, "plan.scheme": 1880, "plan.number": 1580, "plan.temporary": 1430, "plan.permanent": 1380, "plan.schedule": 1260,
		"queue.next": 2630, "queue.position": 2830, "queue.wait": 3030, "queue.which": 3230, "queue.logged_in": 3430, "queue.logged_out": 3480,
		"queue.closed": 2780, "queue.not_in": 3380, "q.intro": 2680, "q.first": 2880, "q.second": 2980,
		"service.unavailable": 1080, "goodbye": 1030,
		"listen.notice": 1730, "listen.ask": 1630, "call.not_allowed": 1530}
}

// musicHz is the hold music.
const musicHz = 2430

// defaultPromptHz is every other prompt.
const defaultPromptHz = 2330

func open(b conformance.Backend) *building {
	dir := store.NewDirectory()
	return &building{
		backend: b, dir: dir, plans: &planMemory{dir: dir}, queues: newQueueMemory(dir), spoken: map[dialplan.AccountID][]string{}, prompts: promptTones(),
		records: map[dialplan.AccountID][]store.CallRecord{}, arrived: make(chan struct{}),
	}
}

// start connects a new controller, as after a restart; the one before must have been stopped.
func (b *building) start(ctx context.Context, log *slog.Logger) error {
	metrics, err := call.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		return err
	}
	e, err := b.backend.Driver()
	if err != nil {
		return err
	}
	if b.domain == "" {
		p, err := b.backend.Phone(ctx, conformance.PhoneSpec{Unknown: true, Silent: true})
		if err != nil {
			return err
		}
		b.domain = p.Domain()
	}
	recorder, err := b.recordings.open(filepath.Join(b.backend.RecordDir(), "recordings"), e, log)
	if err != nil {
		return err
	}
	if b.audio == nil {
		if b.audio, err = newAudioMemory(b); err != nil {
			return err
		}
	}
	work, stopWork := context.WithCancel(context.Background())
	var working sync.WaitGroup
	b.startVoicemail(work, &working, e, log)
	var rt *call.Runtime
	var states *presence.Service
	queues := acd.NewHub(acd.Config{
		Phones: flow.QueuePhones(func(id dialplan.AccountID) *call.Live { return rt.Live(id) }), Log: log,
		Write: b.queues.write, Past: b.queues.past, Changed: func(id dialplan.AccountID) { states.Changed(id) },
	})
	streams, err := b.startStreams(work, &working, e.Name() == "sim", func() *call.Runtime { return rt }, log)
	if err != nil {
		stopWork()
		working.Wait()
		return err
	}
	router := flow.NewRouter(flow.Config{Streams: streams, Limits: flow.Limits{Infotainment: 6 * time.Second}, Plans: b.plans, Audio: b.audio, Desk: desk{b}, Assistant: true, Queues: queues, QueueAgents: b.queues, Voicemail: b.boxes})
	states = presence.New(presence.Config{Waiting: queues.Waiting, Directory: b.dir, Log: log, Domain: b.domain, Activity: func(id dialplan.AccountID) call.Activity { return rt.Live(id).Activity() }})
	guesses := b.startPINs(work, &working, log)
	rt = call.New(call.Config{
		Guessed: guesses.Changed,
		Adopted: func(calls []*call.Call) { flow.AdoptQueues(queues, calls) },
		Changed: states.Changed, Directory: b.dir, Metrics: metrics, Domain: b.domain, Log: log, Record: b.record, Prompt: b.prompt, Music: b.music,
		Flow: router.Run, Talks: router.Talks, Recordings: recorder, AuthFailed: func(engine.Registration) {},
		Registered: b.lamps.Registered,
	})
	if err := restorePINs(ctx, guesses, rt); err != nil {
		stopWork()
		working.Wait()
		return err
	}
	b.hub = queues
	unfollow := flow.FollowQueues(queues, rt)
	run, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	up := make(chan struct{}, 64)
	var background sync.WaitGroup
	background.Go(func() { recorder.Run(run) })
	lamps := states.Panel(e)
	go func() {
		done <- e.Run(run, rt.Handler(e, func(ok bool) {
			if ok {
				lamps.Connected()
				up <- struct{}{}
			}
		}))
	}()
	background.Go(func() { states.Run(run) })
	background.Go(func() { lamps.Run(run) })
	b.runtime, b.driver, b.presence = rt, e, states
	b.stop = func() {
		rt.Close()
		unfollow()
		queues.Close()
		cancel()
		<-done
		background.Wait()
		stopWork()
		working.Wait()
	}
	select {
	case <-up:
	case <-ctx.Done():
		b.stop()
		return fmt.Errorf("the engine did not connect: %w\n%s", ctx.Err(), b.backend.Logs())
	}
	b.mu.Lock()
	trunks := slices.Clone(b.trunks)
	b.mu.Unlock()
	return e.SetTrunks(ctx, engineTrunks(trunks))
}

func engineTrunks(all []*dialplan.Trunk) []engine.Trunk {
	var out []engine.Trunk
	for _, t := range all {
		out = append(out, engine.Trunk{Name: t.Name, Host: t.Host, Port: t.Port, Transport: t.Transport, Username: t.Username, Password: t.Password, Register: t.Register, Secure: t.Secure, Sources: t.Sources})
	}
	return out
}

func (b *building) record(r store.CallRecord) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records[r.AccountID] = append(b.records[r.AccountID], r)
	close(b.arrived)
	b.arrived = make(chan struct{})
}

func (b *building) prompt(account dialplan.AccountID, key, language string) (string, error) {
	b.mu.Lock()
	b.spoken[account] = append(b.spoken[account], language+" "+key)
	b.mu.Unlock()
	if path, err := b.audio.library.Prompt(account, key, language); err == nil {
		return path, nil // recorded in this case
	}
	if key == "missing" {
		return "", errors.New("prompt missing does not exist")
	}
	b.mu.Lock()
	hz := b.tones[account][key]
	b.mu.Unlock()
	if hz == 0 {
		hz = b.prompts[key]
	}
	if hz == 0 {
		hz = defaultPromptHz
	}
	if strings.HasPrefix(key, "digit.") {
		return b.backend.File(hz, 500*time.Millisecond)
	}
	return b.backend.File(hz, 2*time.Second)
}

func (b *building) music(string) (string, error) { return b.backend.File(musicHz, 2*time.Second) }

// Office is what a case sees: a company, its phones and a carrier.
type Office struct {
	*testing.T
	Account *dialplan.Account
	b       *building
	n       int
	ctx     context.Context
	phones  map[string]conformance.Phone
	carrier map[string]conformance.Phone
	voices  int // given to phones so far
	// emergency is how carriers made from now on want emergency numbers.
	emergency string
	// afterwards, where a case sets it, looks at what the call has left, when the server's time no longer matters.
	afterwards func(*testing.T)
}

// newOffice makes a company with users 101–104 (one channel each), group 200 and the
// menus 300 and 301, of which number 1 leads to 300 and number 2 to 101.
func newOffice(ctx context.Context, t *testing.T, b *building) *Office {
	b.mu.Lock()
	b.companies++
	n := b.companies
	b.mu.Unlock()
	o := &Office{T: t, b: b, n: n, ctx: ctx, phones: map[string]conformance.Phone{}, carrier: map[string]conformance.Phone{}}
	o.Account = &dialplan.Account{
		ID: dialplan.AccountID(n), Version: 1, Name: fmt.Sprintf("Company %d", n), Enabled: true, Country: dialplan.NL,
		Language: "en", Location: time.UTC, ExtensionLength: 3, AreaCode: "20",
		CallerID: o.Number(1), EmergencyCallerID: o.Number(9),
		Extensions: map[string]*dialplan.Extension{}, Channels: map[string]*dialplan.Channel{}, Numbers: map[string]*dialplan.Number{},
	}
	for i, name := range []string{"Ann", "Bob", "Cas", "Dirk"} {
		ext := fmt.Sprint(101 + i)
		o.AddUser(ext, name)
	}
	o.Extend("200", "Everybody", &dialplan.Group{Members: []string{"101", "102", "103"}})
	menu := func() *dialplan.IVR {
		return &dialplan.IVR{MaxDigits: 1, Tries: 2, FirstDigit: 2 * time.Second, InterDigit: time.Second, Options: map[string]dialplan.IVROption{}}
	}
	o.Extend("300", "Main menu", menu())
	o.Extend("301", "Second menu", menu())
	o.Menu("301").Announcement = "second"
	o.Account.Numbers[o.Number(1)] = &dialplan.Number{E164: o.Number(1)}
	o.Account.Numbers[o.Number(2)] = &dialplan.Number{E164: o.Number(2)}
	o.Account.Schemes = []*dialplan.Scheme{{ID: 1, Name: "Main", Main: true, Plans: map[int]*dialplan.Plan{1: {ID: 1, Number: 1, Name: "Day",
		Entries: map[string]dialplan.PlanEntry{
			o.Number(1): {Destination: dialplan.Destination{Extension: "300"}},
			o.Number(2): {Destination: dialplan.Destination{Extension: "101"}},
		}}}}}
	return o
}

// Number i of the company, E.164.
func (o *Office) Number(i int) string { return fmt.Sprintf("+3120%04d%03d", 2000+o.n, i) }

// Away takes the company's database away, or brings it back.
func (o *Office) Away(away bool) {
	o.b.mu.Lock()
	defer o.b.mu.Unlock()
	if o.b.away == nil {
		o.b.away = map[dialplan.AccountID]bool{}
	}
	o.b.away[o.Account.ID] = away
}

// Tones gives prompts of this company tones of their own, which HearsPrompt knows then.
func (o *Office) Tones(tones map[string]int) {
	o.b.mu.Lock()
	defer o.b.mu.Unlock()
	if o.b.tones == nil {
		o.b.tones = map[dialplan.AccountID]map[string]int{}
	}
	o.b.tones[o.Account.ID] = tones
}

func (o *Office) tone(key string) int {
	o.b.mu.Lock()
	defer o.b.mu.Unlock()
	if hz := o.b.tones[o.Account.ID][key]; hz != 0 {
		return hz
	}
	return o.b.prompts[key]
}

// Extend adds an extension.
func (o *Office) Extend(number, name string, cfg dialplan.ExtensionConfig) {
	o.Account.Extensions[number] = &dialplan.Extension{ID: int64(len(o.Account.Extensions) + 1), Number: number, Name: name, Config: cfg}
}

// AddUser adds a user with one channel.
func (o *Office) AddUser(ext, name string) *dialplan.User {
	u := &dialplan.User{OfferSecondCall: true, RingTimeout: 20 * time.Second}
	o.Extend(ext, name, u)
	o.AddChannel(ext, "")
	return u
}

// AddChannel logs a user in on one more channel, whose phone is named ext+suffix.
func (o *Office) AddChannel(ext, suffix string) *dialplan.Channel {
	ch := &dialplan.Channel{
		ID: int64(len(o.Account.Channels) + 1), Name: o.channel(ext + suffix), Password: uuid.NewString(),
		Enabled: true, CallLimit: 2, User: ext,
	}
	o.Account.Channels[ch.Name] = ch
	u := o.User(ext)
	u.Devices = append(u.Devices, ch)
	return ch
}

func (o *Office) channel(phone string) string { return fmt.Sprintf("c%dx%s", o.n, phone) }

// User, Menu and Group give the configuration of an extension, to be changed before Open.
func (o *Office) User(ext string) *dialplan.User { return o.Account.User(ext) }

// Menu of extension ext.
func (o *Office) Menu(ext string) *dialplan.IVR {
	return o.Account.Extensions[ext].Config.(*dialplan.IVR)
}

// Group of extension ext.
func (o *Office) Group(ext string) *dialplan.Group {
	return o.Account.Extensions[ext].Config.(*dialplan.Group)
}

// Grant gives user rights over an extension, by a privacy group of its own.
func (o *Office) Grant(user, over string, rights dialplan.PrivacyRights) {
	if o.Account.Privacy == nil {
		o.Account.Privacy = map[int64]*dialplan.PrivacyGroup{}
	}
	id := int64(len(o.Account.Privacy) + 1)
	o.Account.Privacy[id] = &dialplan.PrivacyGroup{ID: id, Name: fmt.Sprint("Rights ", id), Members: []string{user}}
	grant := dialplan.PrivacyGrant{Group: id, PrivacyRights: rights}
	switch c := o.Account.Extensions[over].Config.(type) {
	case *dialplan.User:
		c.Privacy = append(c.Privacy, grant)
	case *dialplan.Group:
		c.Privacy = append(c.Privacy, grant)
	default:
		o.Fatalf("nobody can have rights over %s", over)
	}
}

// Open puts the company into service with a carrier and registers the phones named (ext,
// or ext+suffix of a further channel).
func (o *Office) Open(phones ...string) {
	o.Helper()
	o.AddCarrier("main", 1)
	o.b.dir.Put(o.Account)
	for _, name := range phones {
		o.Register(name)
	}
	o.Cleanup(o.close)
}

// AddCarrier adds a carrier of the company; lower priorities are tried first.
func (o *Office) AddCarrier(name string, priority int) {
	o.Helper()
	o.addCarrier(name, priority, conformance.PhoneSpec{Carrier: true, Alone: true})
}

func (o *Office) addCarrier(name string, priority int, spec conformance.PhoneSpec) {
	o.Helper()
	var p conformance.Phone
	o.do("carrier", func(ctx context.Context) (err error) {
		spec.Voice = o.voice()
		p, err = o.b.backend.Phone(ctx, spec)
		return err
	})
	o.closeLater(p)
	o.carrier[name] = p
	et := o.b.backend.Trunk(p, fmt.Sprintf("t%d%s", o.n, name))
	t := &dialplan.Trunk{
		ID: int64(o.n*10 + priority), Name: et.Name, Enabled: true, Account: o.Account.ID, Country: dialplan.NL, Priority: priority,
		Host: et.Host, Port: et.Port, Transport: et.Transport, Username: et.Username, Password: et.Password,
		Sources: []netip.Prefix{netip.PrefixFrom(p.Addr().Addr(), p.Addr().Addr().BitLen())},
		Format:  dialplan.FormatE164, Emergency: o.emergency, Timeout: 3 * time.Second,
	}
	o.b.carriers.Lock()
	defer o.b.carriers.Unlock()
	o.b.mu.Lock()
	o.b.trunks = append(o.b.trunks, t)
	all := slices.Clone(o.b.trunks)
	o.b.mu.Unlock()
	// A controller that is restarted later need not set up the carriers of companies that are done.
	o.Cleanup(func() {
		o.b.mu.Lock()
		defer o.b.mu.Unlock()
		o.b.trunks = slices.DeleteFunc(slices.Clone(o.b.trunks), func(other *dialplan.Trunk) bool { return other == t })
	})
	o.b.dir.SetTrunks(all)
	o.do("set trunks", func(ctx context.Context) error { return o.b.driver.SetTrunks(ctx, engineTrunks(all)) })
}

// Register makes and registers the phone of a channel.
func (o *Office) Register(name string) conformance.Phone {
	o.Helper()
	ch := o.Account.Channels[o.channel(name)]
	if ch == nil {
		o.Fatalf("no channel for phone %s", name)
	}
	var p conformance.Phone
	o.do("phone "+name, func(ctx context.Context) (err error) {
		if p, err = o.b.backend.Phone(ctx, conformance.PhoneSpec{User: ch.Name, Name: name, Voice: o.voice()}); err != nil {
			return err
		}
		return p.Register(ctx)
	})
	o.closeLater(p)
	o.phones[name] = p
	o.until("registration of "+name, func() bool { return len(o.b.runtime.Live(o.Account.ID).Registrations(ch.Name)) > 0 })
	return p
}

// voice is that of a new phone: no two phones of a case sound alike, nor does one sound like the bot at a stream.
func (o *Office) voice() int {
	o.Helper()
	if o.voices++; o.voices == tone.Voices {
		o.Fatal("more phones than voices")
	}
	return o.voices
}

func (o *Office) closeLater(p conformance.Phone) {
	if c, ok := p.(interface{ Close() error }); ok {
		o.Cleanup(func() {
			if err := c.Close(); err != nil {
				o.Logf("close phone %s: %v", p.User(), err)
			}
		})
	}
}

// until polls a fact that nothing announces.
func (o *Office) until(what string, ok func() bool) {
	o.Helper()
	deadline := time.Now().Add(stepTime)
	for !ok() {
		if time.Now().After(deadline) {
			o.Fatalf("%s did not come about in %v", what, stepTime)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// do runs one step with a time limit of its own.
func (o *Office) do(what string, f func(context.Context) error) {
	o.Helper()
	ctx, cancel := context.WithTimeout(o.ctx, stepTime)
	defer cancel()
	if err := f(ctx); err != nil {
		o.Fatalf("%s: %v", what, err)
	}
}

// close asserts that nothing is left of the company's calls.
func (o *Office) close() {
	live := o.b.runtime.Live(o.Account.ID)
	deadline := time.Now().Add(stepTime)
	for live.Calls() > 0 && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	if n := live.Calls(); n > 0 {
		o.Errorf("%d calls are left: %+v", n, live.List())
	}
	for _, ch := range slices.Sorted(maps.Keys(o.Account.Channels)) {
		if n := live.Use(ch); n != 0 {
			o.Errorf("channel %s has %d calls", ch, n)
		}
	}
	if o.Failed() {
		o.b.mu.Lock()
		defer o.b.mu.Unlock()
		for _, r := range o.b.records[o.Account.ID] {
			o.Logf("call %s %s -> %s: %s", r.ID, r.CallerNumber, r.Dialed, r.Cause)
			for _, s := range r.Trace {
				o.Logf("  %s %s: %s", s.At.Format("05.000"), s.Step, s.Reason)
			}
		}
		if logs := o.b.backend.Logs(); logs != "" {
			o.Log(logs)
		}
	}
}

// Record waits for the records of n calls and returns the last.
func (o *Office) Record(n int) store.CallRecord {
	o.Helper()
	timeout := time.After(stepTime)
	for {
		o.b.mu.Lock()
		all := o.b.records[o.Account.ID]
		arrived := o.b.arrived
		o.b.mu.Unlock()
		if len(all) >= n {
			return all[len(all)-1]
		}
		select {
		case <-arrived:
		case <-timeout:
			o.Fatalf("%d records, want %d", len(all), n)
		}
	}
}

// Traced asserts that one of the first n records has a step with this text. Records of calls
// that end one after the other may come in another order.
func (o *Office) Traced(n int, text string) {
	o.Helper()
	o.Record(n)
	o.b.mu.Lock()
	all := slices.Clone(o.b.records[o.Account.ID])
	o.b.mu.Unlock()
	for _, r := range all {
		for _, s := range r.Trace {
			if strings.Contains(s.Reason, text) {
				return
			}
		}
	}
	o.Errorf("no trace of %d has %q", len(all), text)
}
