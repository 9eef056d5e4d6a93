package store

import (
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"callplane/dialplan"
)

// Directory is the configuration of every account in memory, for decisions that make no
// database round trip. Reads take no lock and may come from any goroutine; a reader always
// sees an account as one whole snapshot, old or new. The zero Directory is empty and ready.
//
// It does not need a database: Follow keeps it equal to one, tests fill it with Put.
type Directory struct {
	accounts sync.Map // dialplan.AccountID → *dialplan.Account
	// channels and numbers only say which account to look in: the account's own maps
	// decide, so that a reader never gets a channel of one snapshot with another one.
	channels sync.Map // SIP user name → dialplan.AccountID
	numbers  sync.Map // E.164 → dialplan.AccountID
	trunks   atomic.Pointer[[]*dialplan.Trunk]
	count    atomic.Int64

	mu          sync.Mutex // writers, and the list below
	subscribers []*subscriber
}

// Change is one replacement in a Directory.
type Change struct {
	// Account that changed; 0 when it was the trunks.
	Account dialplan.AccountID
	// Old and New snapshot; Old is nil for a new account, New for a removed one.
	Old, New *dialplan.Account
	// Trunks is the new set when it was the trunks that changed.
	Trunks []*dialplan.Trunk
}

type subscriber struct{ f func(Change) }

// NewDirectory returns an empty directory.
func NewDirectory() *Directory { return &Directory{} }

// Account returns the current snapshot, or nil.
func (d *Directory) Account(id dialplan.AccountID) *dialplan.Account {
	if v, ok := d.accounts.Load(id); ok {
		return v.(*dialplan.Account)
	}
	return nil
}

// ByChannel finds the channel with a SIP user name and its account, both of the same
// snapshot; nil, nil when there is none.
func (d *Directory) ByChannel(sipUser string) (*dialplan.Account, *dialplan.Channel) {
	id, ok := d.channels.Load(sipUser)
	if !ok {
		return nil, nil
	}
	a := d.Account(id.(dialplan.AccountID))
	if a == nil {
		return nil, nil
	}
	ch := a.Channels[sipUser]
	if ch == nil {
		return nil, nil
	}
	return a, ch
}

// ByNumber finds the account that holds an E.164 number (with +), or nil.
func (d *Directory) ByNumber(e164 string) *dialplan.Account {
	id, ok := d.numbers.Load(e164)
	if !ok {
		return nil
	}
	a := d.Account(id.(dialplan.AccountID))
	if a == nil || a.Numbers[e164] == nil {
		return nil
	}
	return a
}

// Trunks are all carriers. The slice must not be changed.
func (d *Directory) Trunks() []*dialplan.Trunk {
	if p := d.trunks.Load(); p != nil {
		return *p
	}
	return nil
}

// Len is the number of accounts.
func (d *Directory) Len() int { return int(d.count.Load()) }

// All yields every account, in no order. Changes during the walk may or may not be seen.
func (d *Directory) All() iter.Seq[*dialplan.Account] {
	return func(yield func(*dialplan.Account) bool) {
		d.accounts.Range(func(_, v any) bool { return yield(v.(*dialplan.Account)) })
	}
}

// Put adds or replaces an account as a whole. The account must not be changed afterwards.
func (d *Directory) Put(a *dialplan.Account) {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.Account(a.ID)
	id := any(a.ID) // boxed once for all its channels and numbers
	d.accounts.Store(a.ID, a)
	if old == nil {
		d.count.Add(1)
	}
	for name := range a.Channels {
		if old == nil || old.Channels[name] == nil {
			d.channels.Store(name, id)
		}
	}
	for e164 := range a.Numbers {
		if old == nil || old.Numbers[e164] == nil {
			d.numbers.Store(e164, id)
		}
	}
	if old != nil {
		for name := range old.Channels {
			if a.Channels[name] == nil {
				// Not if another account has taken the name over meanwhile.
				d.channels.CompareAndDelete(name, id)
			}
		}
		for e164 := range old.Numbers {
			if a.Numbers[e164] == nil {
				d.numbers.CompareAndDelete(e164, id)
			}
		}
	}
	d.tell(Change{Account: a.ID, Old: old, New: a})
}

// Remove forgets an account; an unknown one is nothing.
func (d *Directory) Remove(id dialplan.AccountID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.Account(id)
	if old == nil {
		return
	}
	d.accounts.Delete(id)
	d.count.Add(-1)
	for name := range old.Channels {
		d.channels.CompareAndDelete(name, any(id))
	}
	for e164 := range old.Numbers {
		d.numbers.CompareAndDelete(e164, any(id))
	}
	d.tell(Change{Account: id, Old: old})
}

// SetTrunks replaces the set of carriers; neither the slice nor the trunks may be changed
// afterwards.
func (d *Directory) SetTrunks(trunks []*dialplan.Trunk) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trunks.Store(&trunks)
	d.tell(Change{Trunks: trunks})
}

// Subscribe has f called after every change, in the order of the changes, on the goroutine
// that made it. f must return quickly and must not change the directory or its subscribers.
// What the directory held before is not told: subscribe first, then read. cancel ends it; f
// is not called after cancel has returned.
func (d *Directory) Subscribe(f func(Change)) (cancel func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &subscriber{f}
	d.subscribers = append(d.subscribers, s)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.subscribers = slices.DeleteFunc(d.subscribers, func(x *subscriber) bool { return x == s })
	}
}

// tell runs with the mutex held.
func (d *Directory) tell(c Change) {
	for _, s := range d.subscribers {
		s.f(c)
	}
}
