package acceptance

import (
	"context"
	"slices"
	"time"

	"callplane/dialplan"
	"callplane/store"
)

// queue keeps the notices of a message that is kept. The lock is held.
func (m *voicemailMemory) queue(a dialplan.AccountID, msg store.VoicemailMessage, notices []store.Notice) {
	if m.notices == nil {
		m.notices, m.charges = map[dialplan.AccountID][]store.DueNotice{}, map[dialplan.AccountID][]store.Charge{}
	}
	for _, n := range notices {
		box := store.DueNotice{Notice: n, Account: a, Message: msg}
		for number, e := range m.dir.Account(a).Extensions {
			if e.ID == msg.Box {
				box.Box, box.BoxName = number, e.Name
			}
		}
		m.notices[a] = append(m.notices[a], box)
	}
}

// outbox is a voicemail.Outbox with the notices of one company.
type outbox struct {
	*voicemailMemory
	account dialplan.AccountID
}

// DueNotices implements voicemail.Outbox.
func (o outbox) DueNotices(context.Context, int, time.Duration) (due []store.DueNotice, err error) {
	err = o.on(o.account, func(*[]store.VoicemailMessage) { due = slices.Clone(o.notices[o.account]) })
	return due, err
}

// NoticeSent implements voicemail.Outbox.
func (o outbox) NoticeSent(_ context.Context, n store.DueNotice, cost *store.Charge) (gone bool, err error) {
	err = o.on(o.account, func(all *[]store.VoicemailMessage) {
		o.notices[o.account] = slices.DeleteFunc(o.notices[o.account], func(x store.DueNotice) bool { return x.ID == n.ID })
		if cost != nil {
			o.charges[o.account] = append(o.charges[o.account], *cost)
		}
		if gone = n.Delete; gone {
			*all = slices.DeleteFunc(*all, func(x store.VoicemailMessage) bool { return x.ID == n.Message.ID })
		}
	})
	return gone, err
}

// NoticeFailed implements voicemail.Outbox.
func (o outbox) NoticeFailed(context.Context, store.DueNotice, time.Time, string) error { return nil }
