package call

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// Live is the live state of one account: its calls, how many calls each channel is in, and
// which phones are registered. One account, one owner: its lock is never held while
// anything waits, and no operation takes the locks of two accounts.
type Live struct {
	mu    sync.Mutex
	calls map[uuid.UUID]*Call
	use   map[string]int // calls by channel
	acd   map[string]int // of these, those of queues
	regs  map[string]map[string]engine.Registration
	rings map[*Call]*Ringing   // what rings now
	lines map[int]*Parked      // parked calls by line
	watch func(channel string) // told of changes of use and regs, without the lock
	pins  map[string]dialplan.PINGuesses
	// guessed is told what is known of a key of pins now; it is called with the lock held.
	guessed func(key string, g dialplan.PINGuesses)
	// offered counts, by channel, the calls of use that no leg has been made for yet.
	offered map[string]int
	// answered is who answered a call, by extension or number.
	answered map[*Call]string
	// changed is told that something here is different; it is called with the lock held.
	changed func()
	talks   map[string][]Conversation // by extension
	// watchers are told when the extension's conversations change.
	watchers map[*Call]string
}

func newLive(changed func()) *Live {
	if changed == nil {
		changed = func() {}
	}
	return &Live{
		guessed: func(string, dialplan.PINGuesses) {},
		changed: changed, offered: make(map[string]int), answered: make(map[*Call]string),
		calls: make(map[uuid.UUID]*Call),
		use:   make(map[string]int),
		acd:   make(map[string]int),
		regs:  make(map[string]map[string]engine.Registration),
		rings: make(map[*Call]*Ringing),
		lines: make(map[int]*Parked),

		talks: make(map[string][]Conversation), watchers: make(map[*Call]string),
	}
}

// Summary is a live call as the API shows it.
type Summary struct {
	ID         uuid.UUID
	Account    dialplan.AccountID
	Direction  store.CallDirection
	Caller     string
	CallerName string
	Dialed     string
	At         string // extension or number it has come to
	With       string // who answered
	Started    time.Time
	Answered   time.Time
}

// join counts c among the account's calls, which are n then.
func (v *Live) join(c *Call) (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls[c.ID] = c
	return len(v.calls)
}

func (v *Live) leave(c *Call) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.calls, c.ID)
	delete(v.rings, c)
	delete(v.answered, c)
	v.changed()
	delete(v.watchers, c)
}

// take counts a call of a channel, which is in n then.
func (v *Live) take(channel string, queue bool) (n int) {
	v.mu.Lock()
	v.counts(channel, queue, 1)
	n = v.use[channel]
	v.changed()
	v.unlock(channel)
	return n
}

func (v *Live) release(channel string, queue bool) {
	v.mu.Lock()
	v.counts(channel, queue, -1)
	v.changed()
	v.unlock(channel)
}

// counts changes the number of a channel's calls, of a queue or not.
func (v *Live) counts(channel string, queue bool, n int) {
	count(v.use, channel, n)
	if queue {
		count(v.acd, channel, n)
	}
}

// called tells that an offered slot now belongs to a leg; unused gives one back that never had a leg.
func (v *Live) called(channel string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	count(v.offered, channel, -1)
	v.changed()
}

func (v *Live) unused(channel string, queue bool) {
	v.mu.Lock()
	count(v.offered, channel, -1)
	v.counts(channel, queue, -1)
	v.unlock(channel)
}

func count(m map[string]int, key string, n int) {
	if m[key] += n; m[key] <= 0 {
		delete(m, key)
	}
}

// unlock tells who watches of changes, when it can ask for more.
func (v *Live) unlock(channels ...string) {
	f := v.watch
	v.mu.Unlock()
	if f != nil {
		for _, ch := range channels {
			f(ch)
		}
	}
}

// Watch has f told, in place of what was watching before, which channels' calls or registrations have changed. f must
// return quickly.
func (v *Live) Watch(f func(channel string)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.watch = f
}

// Phones tells whether any of the devices can be called, and in how many calls besides those of queues they are.
func (v *Live) Phones(devices []*dialplan.Channel) (reachable bool, calls int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	for _, ch := range devices {
		reachable = reachable || ch.Enabled && v.registered(ch.Name, now)
		calls += v.use[ch.Name] - v.acd[ch.Name]
	}
	return reachable, calls
}

func (v *Live) registered(channel string, now time.Time) bool {
	for _, r := range v.regs[channel] {
		if r.Expires.IsZero() || r.Expires.After(now) {
			return true
		}
	}
	return false
}

// Calls is how many calls the account has now.
func (v *Live) Calls() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.calls)
}

// Use is how many calls a channel is in or rung by.
func (v *Live) Use(channel string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.use[channel]
}

// Offer lets decide choose channels by the facts of this moment and counts one
// call for each chosen one before anybody else can: two calls never share the last
// slot of a channel. Every chosen channel must go into a Target of a Dial, which gives
// the slot back.
func (v *Live) Offer(decide func(facts func(channel string) dialplan.DeviceFacts) []*dialplan.Channel) {
	v.offer(decide, false)
}

// OfferQueue is Offer for an agent of a queue. The Targets name the queue.
func (v *Live) OfferQueue(decide func(facts func(channel string) dialplan.DeviceFacts) []*dialplan.Channel) {
	v.offer(decide, true)
}

func (v *Live) offer(decide func(facts func(channel string) dialplan.DeviceFacts) []*dialplan.Channel, queue bool) {
	v.mu.Lock()
	var changed []string
	defer func() { v.unlock(changed...) }()
	now := time.Now()
	chosen := decide(func(channel string) dialplan.DeviceFacts {
		return dialplan.DeviceFacts{Calls: v.use[channel], Registered: v.registered(channel, now)}
	})
	for _, ch := range chosen {
		v.counts(ch.Name, queue, 1)
		changed = append(changed, ch.Name)
		v.offered[ch.Name]++
	}
}

// Enter counts a call in at a call-limit extension, until the call ends: ok when fewer than limit others
// are in, n is then how many are, with this one. A call that is in stays in and counts once. The
// count is that of the live calls themselves, which checkpoints bring back after a restart:
// there is no counter that could be wrong (EXT-LIM-01).
func (v *Live) Enter(c *Call, extension int64, limit int) (n int, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, o := range v.calls {
		if slices.Contains(o.through, extension) {
			n++
		}
	}
	if slices.Contains(c.through, extension) {
		return n, true
	}
	if n >= limit {
		return n, false
	}
	c.through = append(c.through, extension)
	c.dirty = true
	return n + 1, true
}

// register applies one change of a registration.
func (v *Live) register(r engine.Registration) {
	v.mu.Lock()
	defer func() { v.unlock(r.User) }()
	key := r.Engine + " " + r.Contact
	switch r.Kind {
	case engine.Registered:
		if v.regs[r.User] == nil {
			v.regs[r.User] = make(map[string]engine.Registration)
		}
		v.regs[r.User][key] = r
	case engine.Unregistered, engine.Expired:
		delete(v.regs[r.User], key)
		if r.Contact == "" {
			delete(v.regs, r.User)
		}
	}
}

// forgetEngine drops what an engine had registered.
func (v *Live) forgetEngine(name string) {
	v.mu.Lock()
	var changed []string
	defer func() { v.unlock(changed...) }()
	for user, contacts := range v.regs {
		for k, r := range contacts {
			if r.Engine == name {
				delete(contacts, k)
				changed = append(changed, user)
			}
		}
		if len(contacts) == 0 {
			delete(v.regs, user)
		}
	}
}

// Registrations are the current contacts of a channel.
func (v *Live) Registrations(channel string) []engine.Registration {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := make([]engine.Registration, 0, len(v.regs[channel]))
	for _, r := range v.regs[channel] {
		out = append(out, r)
	}
	return out
}

// List is what the API shows of the account's calls.
func (v *Live) List() []Summary {
	v.mu.Lock()
	calls := make([]*Call, 0, len(v.calls))
	for _, c := range v.calls {
		calls = append(calls, c)
	}
	v.mu.Unlock()
	out := make([]Summary, 0, len(calls))
	for _, c := range calls {
		c.mu.Lock()
		s := c.shown
		c.mu.Unlock()
		out = append(out, s)
	}
	return out
}

func (c *Call) show(change func(*Summary)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.shown)
}

// ring begins to show that c rings since a time; it rings nowhere yet.
func (v *Live) ring(c *Call, group, manager string, since time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := &Ringing{Call: c, From: c.From, Prefix: c.Prefix}
	if c.Choice.Anonymous {
		r.From = engine.Identity{Anonymous: true}
	}
	r.Offer = dialplan.Offer{Since: since, Group: group, Manager: manager, Extensions: map[string]int{}}
	v.rings[c] = r
	delete(v.answered, c)
}

// ringAt counts the legs with which c rings at an extension; quiet ends it all.
func (v *Live) ringAt(c *Call, extension string, n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	o := v.rings[c]
	if o == nil || extension == "" {
		return
	}
	count(o.Extensions, extension, n)
	v.changed()
}

// quiet ends the ringing of c; by is who answered it, if somebody did.
func (v *Live) quiet(c *Call, by *Leg) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.rings, c)
	if by != nil {
		v.answered[c] = cmp.Or(by.Extension, by.Number, by.String())
	}
	v.changed()
}

// Ringing is a call that rings: who calls, since when, at which extensions, for which group.
type Ringing struct {
	Call   *Call
	From   engine.Identity
	Prefix string // that the display has before the caller
	dialplan.Offer
}

// Ringing are the account's calls that ring at some extension now.
func (v *Live) Ringing() []Ringing {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ringing()
}

func (v *Live) ringing() []Ringing {
	var out []Ringing
	for _, o := range v.rings {
		if len(o.Extensions) > 0 {
			r := *o
			r.Extensions = maps.Clone(o.Extensions)
			out = append(out, r)
		}
	}
	return out
}

// Activity is what an account's lines do at a moment.
type Activity struct {
	Ringing []Ringing
	// Busy is how many calls a channel is in or rung by.
	Busy map[string]int
	// Answered is who answered a call that no longer rings: an extension, or a number outside.
	Answered map[uuid.UUID]string
}

// Activity is seen in one moment: no call is between ringing and conversation.
func (v *Live) Activity() Activity {
	v.mu.Lock()
	defer v.mu.Unlock()
	a := Activity{Ringing: v.ringing(), Busy: maps.Clone(v.use), Answered: make(map[uuid.UUID]string, len(v.answered))}
	for ch, n := range v.offered {
		count(a.Busy, ch, -n)
	}
	for c, by := range v.answered {
		a.Answered[c.ID] = by
	}
	return a
}

// Parked is a call that waits on a line to be retrieved.
type Parked struct {
	Call *Call
	By   string // extension of the user who parked it
}

// parkLines is how many calls of an account can be parked at a time.
const parkLines = 99

// Park gives the call the lowest free line (1–99); 0: all are taken.
func (v *Live) Park(c *Call, by string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	for line := 1; line <= parkLines; line++ {
		if v.lines[line] == nil {
			v.lines[line] = &Parked{Call: c, By: by}
			return line
		}
	}
	return 0
}

// Unpark frees the line of a call.
func (v *Live) Unpark(c *Call) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for line, p := range v.lines {
		if p.Call == c {
			delete(v.lines, line)
		}
	}
}

// Parked is the call on a line.
func (v *Live) Parked(line int) (Parked, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if p := v.lines[line]; p != nil {
		return *p, true
	}
	return Parked{}, false
}
