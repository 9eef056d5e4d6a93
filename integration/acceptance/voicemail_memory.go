package acceptance

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/controller/voicemail"
	"callplane/dialplan"
	"callplane/store"
)

// voicemailMemory keeps messages like the database does.
type voicemailMemory struct {
	dir *store.Directory

	mu       sync.Mutex
	away     map[dialplan.AccountID]bool // the database is, for the calls of this account
	messages map[dialplan.AccountID][]store.VoicemailMessage
	changes  []string // by whom
	notices  map[dialplan.AccountID][]store.DueNotice
	charges  map[dialplan.AccountID][]store.Charge
}

func newVoicemailMemory(dir *store.Directory) *voicemailMemory {
	return &voicemailMemory{dir: dir, away: map[dialplan.AccountID]bool{}, messages: map[dialplan.AccountID][]store.VoicemailMessage{}}
}

var errAway = errors.New("the database is away")

// on runs f with the messages of an account.
func (m *voicemailMemory) on(a dialplan.AccountID, f func(*[]store.VoicemailMessage)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away[a] {
		return errAway
	}
	all := m.messages[a]
	f(&all)
	m.messages[a] = all
	return nil
}

func (m *voicemailMemory) AddVoicemail(_ context.Context, a dialplan.AccountID, msg store.VoicemailMessage, notices []store.Notice) error {
	return m.on(a, func(all *[]store.VoicemailMessage) {
		m.queue(a, msg, notices)
		if !slices.ContainsFunc(*all, func(x store.VoicemailMessage) bool { return x.ID == msg.ID }) {
			*all = append(*all, msg)
		}
	})
}

func (m *voicemailMemory) VoicemailMessages(_ context.Context, a dialplan.AccountID, box int64) (out []store.VoicemailMessage, err error) {
	err = m.on(a, func(all *[]store.VoicemailMessage) {
		for _, x := range *all {
			if x.Box == box {
				out = append(out, x)
			}
		}
	})
	slices.SortFunc(out, func(x, y store.VoicemailMessage) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID.String(), y.ID.String()))
	})
	return out, err
}

func (m *voicemailMemory) CountVoicemail(_ context.Context, a dialplan.AccountID, boxes []int64) (unheard, heard int, err error) {
	err = m.on(a, func(all *[]store.VoicemailMessage) {
		for _, x := range *all {
			switch {
			case !slices.Contains(boxes, x.Box):
			case x.Heard:
				heard++
			default:
				unheard++
			}
		}
	})
	return unheard, heard, err
}

func (m *voicemailMemory) SetVoicemailHeard(_ context.Context, a dialplan.AccountID, id uuid.UUID, heard bool) error {
	return m.on(a, func(all *[]store.VoicemailMessage) {
		for i := range *all {
			if (*all)[i].ID == id {
				(*all)[i].Heard = heard
			}
		}
	})
}

func (m *voicemailMemory) DeleteVoicemail(_ context.Context, a dialplan.AccountID, id uuid.UUID) error {
	return m.on(a, func(all *[]store.VoicemailMessage) {
		*all = slices.DeleteFunc(*all, func(x store.VoicemailMessage) bool { return x.ID == id })
	})
}

// ChangeVoicemail puts a new snapshot of the account in place, as the notification does.
func (m *voicemailMemory) ChangeVoicemail(_ context.Context, id dialplan.AccountID, number, by string, c store.VoicemailChange) error {
	return m.on(id, func(*[]store.VoicemailMessage) {
		a := *m.dir.Account(id)
		e := *a.Extensions[number]
		set := func(b *dialplan.VoicemailBox) {
			b.PIN = *cmp.Or(c.PIN, &b.PIN)
			b.Language = *cmp.Or(c.Language, &b.Language)
			b.Greeting = *cmp.Or(c.Greeting, &b.Greeting)
		}
		switch cfg := e.Config.(type) {
		case *dialplan.Voicemail:
			next := *cfg
			set(&next.VoicemailBox)
			e.Config = &next
		case *dialplan.User:
			next := *cfg
			set(&next.Voicemail.VoicemailBox)
			e.Config = &next
		}
		a.Extensions = maps.Clone(a.Extensions)
		a.Extensions[number] = &e
		a.Version++
		m.dir.Put(&a)
		m.changes = append(m.changes, by)
	})
}

// startVoicemail makes the boxes of a controller.
func (b *building) startVoicemail(ctx context.Context, working *sync.WaitGroup, e engine.Engine, log *slog.Logger) {
	if b.voicemail == nil {
		b.voicemail = newVoicemailMemory(b.dir)
	}
	lamps := voicemail.NewLamps(voicemail.LampConfig{
		Count: b.voicemail.CountVoicemail, Accounts: b.dir.Account, Domain: b.domain, Log: log,
		Notify: func(ctx context.Context, channel, body string) error {
			return e.Notify(ctx, engine.Notify{User: channel, Domain: b.domain, Event: "message-summary",
				ContentType: "application/simple-message-summary", Body: body})
		},
	})
	b.boxes = voicemail.New(voicemail.Config{
		Dir: filepath.Join(b.backend.RecordDir(), "voicemail"), Store: b.voicemail, Accounts: b.dir.Account, Log: log,
		Max: 8 * time.Second, Silence: 2 * time.Second, Lamps: lamps,
		Collect: func(ctx context.Context, _ string, r engine.Recording) error { return e.Collect(ctx, r) },
	})
	b.lamps = lamps
	working.Go(func() { lamps.Run(ctx) })
}

// setAway lets the database be away for an account.
func (m *voicemailMemory) setAway(a dialplan.AccountID, away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away[a] = away
}
