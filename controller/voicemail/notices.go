package voicemail

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"callplane/dialplan"
	"callplane/store"
)

// Outbox keeps notices: *store.DB, or the memory of a test. Its methods are documented there.
type Outbox interface {
	DueNotices(ctx context.Context, limit int, lease time.Duration) ([]store.DueNotice, error)
	NoticeSent(ctx context.Context, n store.DueNotice, cost *store.Charge) (gone bool, err error)
	NoticeFailed(ctx context.Context, n store.DueNotice, again time.Time, reason string) error
}

// SenderConfig of a Sender. Outbox, Boxes, Accounts and Log are required.
type SenderConfig struct {
	Outbox   Outbox
	Boxes    *Boxes
	Accounts func(dialplan.AccountID) *dialplan.Account
	Mail     *Mail // nil: there is no mail server
	SMS      *SMS  // nil: there is no gateway
	Log      *slog.Logger
	// Retry is the wait after the first failure, doubled after each further one; 0: 30 s.
	Retry time.Duration
}

// Sender sends notices of new messages by e-mail and SMS.
type Sender struct {
	cfg  SenderConfig
	wake chan struct{}
}

// NewSender returns a sender; Run works.
func NewSender(cfg SenderConfig) *Sender {
	if cfg.Retry == 0 {
		cfg.Retry = 30 * time.Second
	}
	return &Sender{cfg: cfg, wake: make(chan struct{}, 1)}
}

const (
	lookEvery  = 15 * time.Second // for notices that are due again
	sendTime   = time.Minute      // for one notice
	noticeLot  = 20               // taken at once
	maxRetry   = time.Hour
	noticeLife = 24 * time.Hour // of tries
)

var (
	errNoMail = errors.New("no mail server is configured")
	errNoSMS  = errors.New("no SMS gateway is configured")
)

// Wake tells that there may be a notice now.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends.
func (s *Sender) Run(ctx context.Context) {
	failing := false
	for {
		n, err := s.Send(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			s.cfg.Log.Error("notices of voicemail messages", "error", err)
		}
		failing = err != nil
		if n == noticeLot {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-time.After(lookEvery):
		}
	}
}

// Send sends what is due now and tells how many notices that were.
func (s *Sender) Send(ctx context.Context) (int, error) {
	// One after the other, each in its time: nobody else may take the last one before that.
	due, err := s.cfg.Outbox.DueNotices(ctx, noticeLot, noticeLot*2*sendTime)
	if err != nil {
		return 0, err
	}
	for _, n := range due {
		if err := s.one(ctx, n); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

// one sends a notice. Its error is one of the outbox; a notice that can't be sent is put off.
func (s *Sender) one(ctx context.Context, n store.DueNotice) error {
	var cost *store.Charge
	send, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	text := textOf(s.language(n), n, s.zone(n))
	var err error
	switch {
	case n.Kind == store.NoticeEmail && s.cfg.Mail == nil:
		err = errNoMail
	case n.Kind == store.NoticeEmail:
		audio := ""
		if n.Attach {
			audio = s.cfg.Boxes.Audio(n.Account, n.Message.ID)
		}
		err = s.cfg.Mail.Send(send, n, text, audio)
	case s.cfg.SMS == nil:
		err = errNoSMS
	default:
		cost, err = s.cfg.SMS.Send(send, n, text)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		s.cfg.Log.Warn("a notice of a voicemail message was not sent", "account", n.Account, "notice", n.ID, "kind", string(n.Kind), "tries", n.Tries+1, "error", err)
		wait := min(s.cfg.Retry<<min(n.Tries, 10), maxRetry)
		again := time.Now().Add(wait)
		if time.Since(n.Message.At) > noticeLife {
			again = time.Time{}
		}
		return s.cfg.Outbox.NoticeFailed(ctx, n, again, err.Error())
	}
	gone, err := s.cfg.Outbox.NoticeSent(ctx, n, cost)
	if gone {
		s.cfg.Boxes.Removed(n.Account, n.Message)
	}
	return err
}

// language of a notice: the box's.
func (s *Sender) language(n store.DueNotice) string {
	a := s.cfg.Accounts(n.Account)
	if a == nil {
		return "en"
	}
	if box, ok := a.Mailbox(n.Box); ok && box.Language != "" {
		return box.Language
	}
	return a.Language
}

func (s *Sender) zone(n store.DueNotice) *time.Location {
	if a := s.cfg.Accounts(n.Account); a != nil && a.Location != nil {
		return a.Location
	}
	return time.UTC
}
