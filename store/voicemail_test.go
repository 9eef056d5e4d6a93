package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// boxOf is the number of an account's voicemail extension.
func boxOf(ctx context.Context, t *testing.T, db *store.DB, id dialplan.AccountID) (number string, box int64) {
	t.Helper()
	a, err := db.LoadAccount(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	for n, e := range a.Extensions {
		if e.Config.Kind() == dialplan.KindVoicemail {
			return n, e.ID
		}
	}
	t.Fatal("the account has no voicemail extension")
	return "", 0
}

// voicemailUses calls every method of a transaction that is about voicemail.
func voicemailUses(ctx context.Context, t *testing.T, db *store.DB, id dialplan.AccountID) map[string]func(*store.Tx) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	number, _ := boxOf(ctx, t, db, id)
	list := func(tx *store.Tx) []store.VoicemailMessage {
		all, n, err := tx.ListVoicemail(ctx, number, store.Page{})
		must(err)
		if len(all) != n || n == 0 {
			t.Fatalf("%d of %d messages", len(all), n)
		}
		return all
	}
	return map[string]func(*store.Tx){
		"CountVoicemail": func(tx *store.Tx) {
			n, err := tx.CountVoicemail(ctx)
			must(err)
			if len(n) == 0 {
				t.Error("no box has messages")
			}
		},
		"ListVoicemail":   func(tx *store.Tx) { list(tx) },
		"ReadVoicemail":   func(tx *store.Tx) { _, err := tx.ReadVoicemail(ctx, number, list(tx)[0].ID); must(err) },
		"UpdateVoicemail": func(tx *store.Tx) { must(tx.UpdateVoicemail(ctx, list(tx)[0].ID, true)) },
		"RemoveVoicemail": func(tx *store.Tx) { must(tx.RemoveVoicemail(ctx, list(tx)[0].ID)) },
		"AddCharge": func(tx *store.Tx) {
			must(tx.AddCharge(ctx, &store.Charge{Kind: "sms", Amount: "0.1", Currency: "EUR", Reference: "new"}))
		},
		"ListCharges": func(tx *store.Tx) {
			all, err := tx.ListCharges(ctx, 0, 2)
			must(err)
			_, err = tx.ListCharges(ctx, all[1].ID, 2)
			must(err)
		},
	}
}

// voicemailQueries calls what calls and notices do.
func voicemailQueries(ctx context.Context, t *testing.T, db *store.DB, id dialplan.AccountID) {
	t.Helper()
	number, box := boxOf(ctx, t, db, id)
	m := leaveMessage(ctx, t, db, id, number, store.Notice{ID: uuid.New(), Kind: store.NoticeEmail, To: "a@example.com", Delete: true})
	language := "de"
	_, err1 := db.VoicemailMessages(ctx, id, box)
	_, _, err2 := db.CountVoicemail(ctx, id, []int64{box})
	due, err3 := db.DueNotices(ctx, 10, time.Minute)
	if err := errors.Join(err1, err2, err3, db.SetVoicemailHeard(ctx, id, m.ID, true),
		db.ChangeVoicemail(ctx, id, number, "test", store.VoicemailChange{Language: &language})); err != nil || len(due) != 1 {
		t.Fatalf("%d notices, %v", len(due), err)
	}
	_, err := db.NoticeSent(ctx, due[0], nil)
	if err := errors.Join(err, db.NoticeFailed(ctx, due[0], time.Now(), "x"), db.DeleteVoicemail(ctx, id, m.ID)); err != nil {
		t.Fatal(err)
	}
}

func TestVoicemailConfiguration(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	a, err := db.LoadAccount(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	want := dialplan.Voicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711", Language: "de"}, Welcome: "welcome", User: "102",
		Email: "box@example.com", AttachAudio: true, DeleteMailed: true, SMS: "+491711234567"}
	if got := a.Extensions["475"].Config.(*dialplan.Voicemail); *got != want {
		t.Errorf("extension %+v", got)
	}
	if u := a.User("101"); u.Voicemail.PIN != "4711" || u.Voicemail.Ask != dialplan.AskNever {
		t.Errorf("box of 101 %+v", u.Voicemail)
	}
	if u := a.User("102"); u.Voicemail != (dialplan.UserVoicemail{}) {
		t.Errorf("box of 102 %+v", u.Voicemail)
	}
	// By telephone: what is not named stays, and it is in the audit log without the PIN.
	pin, greeting := "5837", "greeting-1"
	for _, number := range []string{"475", "102"} {
		if err := db.ChangeVoicemail(ctx, id, number, "phone of 102", store.VoicemailChange{PIN: &pin, Greeting: &greeting}); err != nil {
			t.Fatal(err)
		}
	}
	after, err := db.LoadAccount(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	want.PIN, want.Greeting = pin, greeting
	if got := after.Extensions["475"].Config.(*dialplan.Voicemail); *got != want || after.Version <= a.Version {
		t.Errorf("extension %+v of version %d", got, after.Version)
	}
	if got := after.User("102").Voicemail; got.PIN != pin || got.Greeting != greeting || len(after.User("102").Forwards.Busy) != 2 {
		t.Errorf("user %+v", after.User("102"))
	}
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		log, err := tx.ListAudit(ctx, store.AuditFilter{}, 1)
		if err == nil && (log[0].Actor != "phone of 102" || string(log[0].After) != `{"greeting": "greeting-1", "secrets_changed": ["pin"]}`) {
			t.Errorf("audit %+v %s", log[0], log[0].After)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := db.ChangeVoicemail(ctx, id, "200", "x", store.VoicemailChange{}); !is[*store.NotFound](err) {
		t.Errorf("box of a group: %v", err)
	}
	for field, v := range map[string]dialplan.Voicemail{
		"pin": {VoicemailBox: dialplan.VoicemailBox{PIN: "12345"}}, "email": {Email: "a b@example.com"}, "sms": {SMS: "0612"},
		"delete_mailed": {DeleteMailed: true}, "user": {User: "200"}, "welcome": {Welcome: "none"},
	} {
		err := in(t, db, id, func(ctx context.Context, tx *store.Tx) error { return tx.CreateExtension(ctx, ext("480", "x", &v)) })
		var wrong *store.Invalid
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestVoicemailMessages(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id, other := company(ctx, t, db, 1), company(ctx, t, db, 2)
	m := leaveMessage(ctx, t, db, id, "101")
	if err := db.AddVoicemail(ctx, id, m, []store.Notice{{ID: uuid.New(), Kind: store.NoticeSMS, To: "+31612345678"}}); err != nil {
		t.Errorf("the same message again: %v", err)
	}
	all, err := db.VoicemailMessages(ctx, id, m.Box)
	if err != nil || len(all) != 1 || !all[0].At.Equal(m.At) {
		t.Fatalf("%+v, %v", all, err)
	}
	if all[0].At = m.At; all[0] != m {
		t.Errorf("%+v is not %+v", all[0], m)
	}
	count := func() string {
		fresh, old, err := db.CountVoicemail(ctx, id, []int64{m.Box})
		return fmt.Sprint(fresh, old, err)
	}
	if got := count(); got != "1 0 <nil>" {
		t.Error(got)
	}
	if err := db.SetVoicemailHeard(ctx, other, m.ID, true); err != nil || count() != "1 0 <nil>" {
		t.Errorf("another account: %v, %s", err, count())
	}
	if err := db.SetVoicemailHeard(ctx, id, m.ID, true); err != nil || count() != "0 1 <nil>" {
		t.Errorf("%v, %s", err, count())
	}
	if err := db.DeleteVoicemail(ctx, other, m.ID); err != nil || count() != "0 1 <nil>" {
		t.Errorf("another account: %v, %s", err, count())
	}
	if err := db.DeleteVoicemail(ctx, id, m.ID); err != nil || count() != "0 0 <nil>" {
		t.Errorf("%v, %s", err, count())
	}
	gone := m
	gone.ID, gone.Box = uuid.New(), 1<<40
	if err := db.AddVoicemail(ctx, id, gone, nil); !is[*store.Invalid](err) {
		t.Errorf("a box that is gone: %v", err)
	}
}

func TestNoticesAreTakenOnceAndChargedOnce(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	drain := func(lease time.Duration) map[store.NoticeKind]store.DueNotice {
		t.Helper()
		due, err := db.DueNotices(ctx, 10, lease)
		if err != nil {
			t.Fatal(err)
		}
		out := map[store.NoticeKind]store.DueNotice{}
		for _, n := range due {
			out[n.Kind] = n
		}
		return out
	}
	drain(time.Hour) // of the company's message
	m := leaveMessage(ctx, t, db, id, "475",
		store.Notice{ID: uuid.New(), Kind: store.NoticeEmail, To: "box@example.com", Attach: true, Delete: true},
		store.Notice{ID: uuid.New(), Kind: store.NoticeSMS, To: "+491711234567"})
	due := drain(time.Hour)
	mail, sms := due[store.NoticeEmail], due[store.NoticeSMS]
	if len(due) != 2 || mail.Message.ID != m.ID || !mail.Attach || !mail.Delete || mail.Box != "475" || mail.BoxName != "Box" || sms.To != "+491711234567" || sms.Account != id {
		t.Fatalf("%+v", due)
	}
	if again := drain(time.Hour); len(again) != 0 {
		t.Errorf("taken twice: %+v", again)
	}
	// The message goes with the last notice, not before.
	if gone, err := db.NoticeSent(ctx, mail, nil); err != nil || gone {
		t.Errorf("gone %v, %v", gone, err)
	}
	if err := db.NoticeFailed(ctx, sms, time.Now().Add(-time.Second), "no network"); err != nil {
		t.Fatal(err)
	}
	if sms = drain(time.Hour)[store.NoticeSMS]; sms.Tries != 1 || !sms.Delete {
		t.Errorf("%+v", sms)
	}
	cost := &store.Charge{Kind: "sms", Amount: "0.0750", Currency: "EUR", Detail: "SMS", Reference: sms.ID.String()}
	if gone, err := db.NoticeSent(ctx, sms, cost); err != nil || !gone {
		t.Errorf("gone %v, %v", gone, err)
	}
	if _, err := db.NoticeSent(ctx, sms, cost); err != nil {
		t.Errorf("told twice: %v", err)
	}
	err := in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		all, err := tx.ListCharges(ctx, 0, 10)
		if err == nil && (len(all) != 2 || all[0].Amount != "0.0750" || all[0].Reference != sms.ID.String()) {
			t.Errorf("charges %+v", all)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	// Given up: it stays with its reason, and nobody takes it.
	m = leaveMessage(ctx, t, db, id, "475", store.Notice{ID: uuid.New(), Kind: store.NoticeSMS, To: "+491711234567"})
	if err := db.NoticeFailed(ctx, drain(0)[store.NoticeSMS], time.Time{}, "refused"); err != nil {
		t.Fatal(err)
	}
	if again := drain(0); len(again) != 0 {
		t.Errorf("given up, and taken: %+v", again)
	}
	if err := db.DeleteVoicemail(ctx, id, m.ID); err != nil {
		t.Errorf("a message with a notice: %v", err)
	}
}
