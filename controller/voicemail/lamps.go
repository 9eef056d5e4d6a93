package voicemail

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"callplane/dialplan"
)

// LampConfig of Lamps. All fields are required.
type LampConfig struct {
	Count    func(ctx context.Context, account dialplan.AccountID, boxes []int64) (unheard, heard int, err error)
	Accounts func(dialplan.AccountID) *dialplan.Account
	// Notify sends a NOTIFY of message-summary to every contact of a channel.
	Notify func(ctx context.Context, channel, body string) error
	// Domain is the SIP domain of the accounts.
	Domain string
	Log    *slog.Logger
}

// Lamps tells phones how many messages their users have (RFC 3842): in the own box and in those of the voicemail
// extensions that the user is linked to. Phones are told when they register and at each change.
type Lamps struct {
	cfg LampConfig

	mu    sync.Mutex
	dirty map[lamp]bool
	wake  chan struct{}
}

// lamp is that of a user.
type lamp struct {
	account dialplan.AccountID
	user    string
}

// NewLamps returns lamps; Run lights them.
func NewLamps(cfg LampConfig) *Lamps {
	return &Lamps{cfg: cfg, dirty: make(map[lamp]bool), wake: make(chan struct{}, 1)}
}

// Registered tells that a phone has registered on a channel.
func (l *Lamps) Registered(account dialplan.AccountID, channel string) {
	if a := l.cfg.Accounts(account); a != nil {
		if ch := a.Channels[channel]; ch != nil && ch.User != "" {
			l.mark(lamp{account, ch.User})
		}
	}
}

// changed marks the lamps that show a box.
func (l *Lamps) changed(account dialplan.AccountID, box int64) {
	a := l.cfg.Accounts(account)
	if a == nil {
		return
	}
	for _, e := range a.Extensions {
		if e.ID != box {
			continue
		}
		switch c := e.Config.(type) {
		case *dialplan.User:
			l.mark(lamp{account, e.Number})
		case *dialplan.Voicemail:
			if c.User != "" {
				l.mark(lamp{account, c.User})
			}
		}
	}
}

func (l *Lamps) mark(x lamp) {
	l.mu.Lock()
	l.dirty[x] = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// retryLamps is how long to wait after the database or an engine failed.
const retryLamps = 10 * time.Second

// Run lights lamps until ctx ends. What fails is tried again.
func (l *Lamps) Run(ctx context.Context) {
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		case <-again:
		}
		l.mu.Lock()
		todo := l.dirty
		l.dirty = make(map[lamp]bool)
		l.mu.Unlock()
		again = nil
		for x := range todo {
			if ctx.Err() != nil {
				return
			}
			if err := l.light(ctx, x); err != nil {
				l.cfg.Log.Warn("message lamp", "account", x.account, "user", x.user, "error", err)
				l.mu.Lock()
				l.dirty[x] = true
				l.mu.Unlock()
				again = time.After(retryLamps)
			}
		}
	}
}

// light tells every phone of a user.
func (l *Lamps) light(ctx context.Context, x lamp) error {
	a := l.cfg.Accounts(x.account)
	if a == nil {
		return nil
	}
	u := a.User(x.user)
	if u == nil || len(u.Devices) == 0 {
		return nil
	}
	var boxes []int64
	for _, e := range a.Mailboxes(x.user) {
		boxes = append(boxes, e.ID)
	}
	unheard, heard, err := l.cfg.Count(ctx, x.account, boxes)
	if err != nil {
		return err
	}
	var failed error
	for _, ch := range u.Devices {
		if err := l.cfg.Notify(ctx, ch.Name, Summary(ch.Name, l.cfg.Domain, unheard, heard)); err != nil {
			failed = err
		}
	}
	return failed
}

// Summary is the body of a NOTIFY of message-summary (RFC 3842 5.2).
func Summary(user, domain string, unheard, heard int) string {
	waiting := "no"
	if unheard > 0 {
		waiting = "yes"
	}
	return fmt.Sprintf("Messages-Waiting: %s\r\nMessage-Account: sip:%s@%s\r\nVoice-Message: %d/%d (0/0)\r\n", waiting, user, domain, unheard, heard)
}
