package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"callplane/controller/engine"
	"callplane/controller/voicemail"
	"callplane/media"
)

// addVoicemail makes the boxes, the lamps of phones and the sender of notices.
func (d *daemon) addVoicemail(library *media.Library) error {
	d.lamps = voicemail.NewLamps(voicemail.LampConfig{
		Count: d.db.CountVoicemail, Accounts: d.dir.Account, Notify: d.notifyMessages, Domain: d.cfg.SIP.Domain, Log: d.log,
	})
	m := d.cfg.Mail
	mail, err := voicemail.NewMail(voicemail.MailConfig{Server: m.Server, From: m.From, Security: m.Security, Username: m.Username, Password: m.Password})
	if err != nil {
		return err
	}
	t := d.cfg.SMS
	d.boxes = voicemail.New(voicemail.Config{
		Dir: filepath.Join(library.Dir(), "voicemail"), Store: d.db, Accounts: d.dir.Account, Log: d.log,
		Max: d.cfg.Voicemail.Max, Silence: d.cfg.Voicemail.Silence, Lamps: d.lamps,
		Added: func() { d.notices.Wake() },
		Collect: func(ctx context.Context, name string, r engine.Recording) error {
			e := d.collector(name)
			if e == nil {
				return fmt.Errorf("collect message %s: there is no engine %q: %w", r.ID, name, engine.ErrNoRecording)
			}
			return e.Collect(ctx, r)
		},
	})
	d.notices = voicemail.NewSender(voicemail.SenderConfig{Outbox: d.db, Boxes: d.boxes, Accounts: d.dir.Account, Mail: mail,
		SMS: voicemail.NewSMS(voicemail.SMSConfig{URL: t.URL, Token: t.Token, Price: t.Price, Currency: t.Currency}), Log: d.log})
	return nil
}

// runVoicemail works until ctx ends.
func (d *daemon) runVoicemail(ctx context.Context, g *errgroup.Group) {
	g.Go(func() error { d.boxes.Run(ctx); return nil })
	g.Go(func() error { d.lamps.Run(ctx); return nil })
	g.Go(func() error { d.notices.Run(ctx); return nil })
}

// notifyMessages sends a message summary to the phones of a channel, wherever they are registered.
func (d *daemon) notifyMessages(ctx context.Context, channel, body string) error {
	a, _ := d.dir.ByChannel(channel)
	if a == nil {
		return nil
	}
	at := make(map[string]bool)
	for _, r := range d.runtime.Live(a.ID).Registrations(channel) {
		at[r.Engine] = true
	}
	var errs []error
	for _, e := range d.engines {
		if !at[e.Name()] || e.isDown() {
			continue // who registers is told then
		}
		errs = append(errs, e.Notify(ctx, engine.Notify{User: channel, Domain: d.cfg.SIP.Domain, Event: "message-summary",
			ContentType: "application/simple-message-summary", Body: body}))
	}
	return errors.Join(errs...)
}
