package voicemail_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"callplane/controller/voicemail"
	"callplane/dialplan"
	"callplane/integration/mailbox"
	"callplane/integration/tone"
	"callplane/store"
	"callplane/store/pgtest"
)

// office is an account with a voicemail extension 700, over a real database.
type office struct {
	t       *testing.T
	db      *store.DB
	dir     *store.Directory
	boxes   *voicemail.Boxes
	account *dialplan.Account
	folder  string
}

func newOffice(t *testing.T, v *dialplan.Voicemail) *office {
	t.Helper()
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	a := &store.Account{Name: "Company", Enabled: true, Country: dialplan.NL, ExtensionLength: 3, TimeZone: "Europe/Amsterdam"}
	if err := db.Platform(ctx, func(tx *store.Tx) error { return tx.CreateAccount(ctx, a) }); err != nil {
		t.Fatal(err)
	}
	err := db.Account(ctx, a.ID, func(tx *store.Tx) error {
		for _, e := range []dialplan.Extension{{Number: "101", Name: "Ann", Config: &dialplan.User{PIN: "0000"}}, {Number: "700", Name: "Reception", Config: v}} {
			if err := tx.CreateExtension(ctx, &store.Extension{Extension: e}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, db: db, dir: store.NewDirectory(), folder: t.TempDir()}
	if o.account, err = db.LoadAccount(ctx, a.ID); err != nil {
		t.Fatal(err)
	}
	o.dir.Put(o.account)
	o.restart()
	return o
}

// restart makes new boxes, as a new controller does.
func (o *office) restart() {
	o.boxes = voicemail.New(voicemail.Config{Dir: o.folder, Store: o.db, Accounts: o.dir.Account, Log: quiet()})
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// draft records a message of two seconds in the box of an extension.
func (o *office) draft(number string) *voicemail.Draft {
	o.t.Helper()
	d, err := o.boxes.Begin(o.account.ID, o.account.Extensions[number].ID, "fs1", "+31612345678", "Zoë")
	if err != nil {
		o.t.Fatal(err)
	}
	o.speak(d.File)
	return d
}

func (o *office) speak(file string) {
	o.t.Helper()
	pcm := make([]int16, 2*tone.Rate)
	tone.NewGenerator(tone.DefaultLevel, 523).Read(pcm)
	if err := tone.WriteWAV(file, pcm); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) leave() store.VoicemailMessage {
	o.t.Helper()
	if kept, err := o.boxes.Keep(o.t.Context(), o.draft("700")); !kept || err != nil {
		o.t.Fatalf("kept %v, %v", kept, err)
	}
	all := o.messages("700")
	return all[len(all)-1]
}

func (o *office) messages(number string) []store.VoicemailMessage {
	o.t.Helper()
	all, err := o.boxes.Messages(o.t.Context(), o.account.ID, o.account.Extensions[number].ID)
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

func (o *office) sender(mail *voicemail.Mail, sms *voicemail.SMS) *voicemail.Sender {
	return voicemail.NewSender(voicemail.SenderConfig{Outbox: o.db, Boxes: o.boxes, Accounts: o.dir.Account, Mail: mail, SMS: sms, Log: quiet(), Retry: time.Nanosecond})
}

func mailServer(t *testing.T) (*mailbox.Server, *voicemail.Mail) {
	t.Helper()
	s, err := mailbox.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	m, err := voicemail.NewMail(voicemail.MailConfig{Server: s.Addr(), From: "voicemail@callplane.example", Security: "none"})
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

func TestEXT_VM_03_MailWithTheMessageWhichIsDeletedThen(t *testing.T) {
	o := newOffice(t, &dialplan.Voicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711", Language: "nl"},
		Email: "reception@example.com", AttachAudio: true, DeleteMailed: true})
	server, mail := mailServer(t)
	server.Refuse("reception@example.com", 2) // the server has a bad day: tried again
	m := o.leave()
	audio, err := os.ReadFile(o.boxes.Audio(o.account.ID, m.ID))
	if err != nil {
		t.Fatal(err)
	}
	s := o.sender(mail, nil)
	for i := range 3 {
		if n, err := s.Send(t.Context()); n != 1 || err != nil {
			t.Fatalf("try %d: %d notices, %v", i, n, err)
		}
		if got := len(server.To("reception@example.com")); got != i/2 {
			t.Fatalf("try %d: %d e-mails", i, got)
		}
	}
	got := server.To("reception@example.com")[0]
	local := m.At.In(o.account.Location).Format("2006-01-02 15:04")
	for _, want := range []string{"Zoë (+31612345678)", "Reception (700)", local, "0:02", "bijgevoegd"} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("the body lacks %q:\n%s", want, got.Body)
		}
	}
	if got.Subject != "Nieuw voicemailbericht in Reception" || got.From != "voicemail@callplane.example" {
		t.Errorf("%q from %s", got.Subject, got.From)
	}
	if len(got.Files) != 1 {
		t.Fatalf("%d attachments", len(got.Files))
	}
	for name, file := range got.Files {
		if string(file) != string(audio) || !strings.HasSuffix(name, ".wav") {
			t.Errorf("attachment %s of %d bytes, want %d", name, len(file), len(audio))
		}
	}
	if left := o.messages("700"); len(left) != 0 {
		t.Errorf("the message stays: %+v", left)
	}
	if _, err := os.Stat(o.boxes.Audio(o.account.ID, m.ID)); !os.IsNotExist(err) {
		t.Errorf("its audio stays: %v", err)
	}
	if n, err := s.Send(t.Context()); n != 0 || err != nil {
		t.Errorf("sent again: %d, %v", n, err)
	}
}

func TestEXT_VM_03_MailWithoutTheMessageWhichStays(t *testing.T) {
	o := newOffice(t, &dialplan.Voicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711", Language: "de"}, Email: "box@example.com"})
	server, mail := mailServer(t)
	o.leave()
	if n, err := o.sender(nil, nil).Send(t.Context()); n != 1 || err != nil { // nobody has configured a server yet
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := o.sender(mail, nil).Send(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	got := server.To("box@example.com")
	if len(got) != 1 || len(got[0].Files) != 0 || !strings.Contains(got[0].Body, "hinterlassen") || !strings.HasPrefix(got[0].MessageID, "<") {
		t.Errorf("%+v", got)
	}
	if left := o.messages("700"); len(left) != 1 {
		t.Errorf("%d messages", len(left))
	}
}

func TestEXT_VM_03_SMSIsChargedToTheAccount(t *testing.T) {
	o := newOffice(t, &dialplan.Voicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711", Language: "en"}, SMS: "+31687654321"})
	var mu sync.Mutex
	var asked []map[string]string
	answers := []struct {
		status int
		body   string
	}{{503, "busy"}, {200, `{"cost": "0.0925", "currency": "USD"}`}, {202, "accepted"}, {200, `{"cost": -1}`}}
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var in map[string]string
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer secret" ||
			r.Header.Get("Idempotency-Key") != in["id"] {
			t.Errorf("%s %v: %v", r.Method, r.Header, err)
		}
		a := answers[len(asked)]
		asked = append(asked, in)
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	defer gateway.Close()
	s := o.sender(nil, voicemail.NewSMS(voicemail.SMSConfig{URL: gateway.URL, Token: "secret", Price: "0.05", Currency: "EUR", Client: gateway.Client()}))
	send := func() {
		t.Helper()
		if n, err := s.Send(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	charges := func() (out []store.Charge) {
		t.Helper()
		err := o.db.Account(t.Context(), o.account.ID, func(tx *store.Tx) (err error) {
			out, err = tx.ListCharges(t.Context(), 0, 10)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	o.leave()
	send()
	if got := charges(); len(got) != 0 {
		t.Errorf("charged for nothing: %+v", got)
	}
	send()
	o.leave()
	send()
	o.leave()
	send()
	got := charges()
	if len(got) != 3 || got[2].Amount != "0.0925" || got[2].Currency != "USD" || got[1].Amount != "0.0500" || got[1].Currency != "EUR" || got[0].Amount != "0.0500" {
		t.Errorf("charges %+v", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if asked[0]["id"] != asked[1]["id"] || asked[1]["to"] != "+31687654321" || !strings.Contains(asked[1]["text"], "Zoë (+31612345678) left a message") {
		t.Errorf("%v", asked)
	}
}

func TestSenderWakesAndEnds(t *testing.T) {
	o := newOffice(t, &dialplan.Voicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711"}, Email: "box@example.com"})
	server, mail := mailServer(t)
	s := o.sender(mail, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	o.leave()
	s.Wake()
	for deadline := time.Now().Add(time.Minute); len(server.To("box@example.com")) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no e-mail")
		}
	}
	cancel()
	<-done
}

func TestMailServerSettings(t *testing.T) {
	for _, c := range []voicemail.MailConfig{{Server: "mail.example.com"}, {Server: "mail.example.com:x", From: "a@b.example"}, {Server: "mail.example.com:25"}} {
		if m, err := voicemail.NewMail(c); m != nil || err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if m, err := voicemail.NewMail(voicemail.MailConfig{}); m != nil || err != nil {
		t.Errorf("no server: %v, %v", m, err)
	}
}
