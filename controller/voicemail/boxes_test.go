package voicemail_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"callplane/controller/voicemail"
	"callplane/dialplan"
)

func TestMessagesOfACrashAreFoundAgain(t *testing.T) {
	o := newOffice(t, &dialplan.Voicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711"}})
	ctx := t.Context()
	d := o.draft("101")
	if n := o.boxes.Recover(ctx, 0); n != 0 || len(o.messages("101")) != 0 {
		t.Error("a message is taken while its call goes on")
	}
	o.restart() // it died in the middle
	if n := o.boxes.Recover(ctx, time.Hour); n != 0 {
		t.Error("a file that the engine may still write is taken")
	}
	if n := o.boxes.Recover(ctx, 0); n != 1 {
		t.Errorf("%d messages found", n)
	}
	all := o.messages("101")
	if len(all) != 1 || all[0].ID != d.ID || all[0].Number != "+31612345678" || all[0].Name != "Zoë" || all[0].Duration != 2*time.Second || time.Since(all[0].At) > time.Minute {
		t.Fatalf("%+v", all)
	}
	if n := o.boxes.Recover(ctx, 0); n != 0 || len(o.messages("101")) != 1 {
		t.Error("found twice")
	}
	// Whoever died after the database and before the note was removed adds nothing.
	o.restart()
	note := filepath.Join(o.folder, fmt.Sprint(o.account.ID), d.ID.String()+".json")
	if err := os.WriteFile(note, fmt.Appendf(nil, `{"id":%q,"account":%d,"box":%d,"at":"2026-01-01T00:00:00Z"}`, d.ID, o.account.ID, all[0].Box), 0o600); err != nil {
		t.Fatal(err)
	}
	o.boxes.Recover(ctx, 0)
	if got := o.messages("101"); len(got) != 1 || !got[0].At.Equal(all[0].At) {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(note); !os.IsNotExist(err) {
		t.Errorf("the note stays: %v", err)
	}
	if err := o.boxes.Delete(ctx, o.account.ID, all[0]); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(o.folder, "*", "*")); len(files) != 0 {
		t.Errorf("left: %v", files)
	}
}

func TestWhatIsNoMessage(t *testing.T) {
	o := newOffice(t, &dialplan.Voicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711"}})
	ctx := t.Context()
	keep := func(what string, d *voicemail.Draft) {
		t.Helper()
		if kept, err := o.boxes.Keep(ctx, d); kept || err != nil {
			t.Errorf("%s: kept %v, %v", what, kept, err)
		}
	}
	nothing := o.draft("700")
	if err := os.Remove(nothing.File); err != nil {
		t.Fatal(err)
	}
	keep("no file", nothing)
	broken := o.draft("700")
	if err := os.WriteFile(broken.File, []byte("RIFF"), 0o600); err != nil {
		t.Fatal(err)
	}
	keep("no audio", broken)
	gone := o.draft("700")
	gone.Box = 1 << 40
	keep("no box", gone)
	if len(o.messages("700")) != 0 {
		t.Error("there are messages")
	}
	if files, _ := filepath.Glob(filepath.Join(o.folder, "*", "*")); len(files) != 0 {
		t.Errorf("left: %v", files)
	}
	// Notes of something else are left alone.
	if err := os.WriteFile(filepath.Join(o.folder, fmt.Sprint(o.account.ID), "x.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := o.boxes.Recover(ctx, 0); n != 0 {
		t.Errorf("%d found", n)
	}
	for _, name := range []string{"", "../700", "none"} {
		if file, ok := o.boxes.Greeting(o.account.ID, name); ok {
			t.Errorf("greeting %q is %s", name, file)
		}
	}
}

func TestLampsOfAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phone := func(name, user string) *dialplan.Channel {
			return &dialplan.Channel{Name: name, User: user, Enabled: true}
		}
		a, b := phone("phone-a", "101"), phone("phone-b", "101")
		account := &dialplan.Account{ID: 1, Channels: map[string]*dialplan.Channel{"phone-a": a, "phone-b": b, "free": phone("free", "")}, Extensions: map[string]*dialplan.Extension{
			"101": {ID: 1, Number: "101", Config: &dialplan.User{Devices: []*dialplan.Channel{a, b}}},
			"700": {ID: 7, Number: "700", Config: &dialplan.Voicemail{User: "101"}},
			"701": {ID: 8, Number: "701", Config: &dialplan.Voicemail{}},
		}}
		var away atomic.Bool
		var unheard atomic.Int64
		away.Store(true)
		unheard.Store(2)
		told := make(chan string, 20)
		var asked []int64 // before each that is told
		lamps := voicemail.NewLamps(voicemail.LampConfig{
			Count: func(_ context.Context, _ dialplan.AccountID, boxes []int64) (int, int, error) {
				if away.Load() {
					return 0, 0, os.ErrDeadlineExceeded
				}
				asked = boxes
				return int(unheard.Load()), 1, nil
			},
			Accounts: func(dialplan.AccountID) *dialplan.Account { return account },
			Notify:   func(_ context.Context, channel, body string) error { told <- channel + " " + body; return nil },
			Domain:   "sip.example.com", Log: quiet(),
		})
		boxes := voicemail.New(voicemail.Config{Lamps: lamps, Accounts: func(dialplan.AccountID) *dialplan.Account { return account }, Log: quiet()})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); lamps.Run(ctx) }()
		want := func(n int, body string) {
			t.Helper()
			synctest.Wait()
			for _, name := range []string{"phone-a", "phone-b"}[:n] {
				if got := <-told; got != name+" "+fmt.Sprintf(body, name) {
					t.Errorf("told %q", got)
				}
			}
			if len(told) != 0 {
				t.Errorf("told more: %q", <-told)
			}
		}
		lamps.Registered(1, "phone-a")
		want(0, "")
		away.Store(false)
		time.Sleep(time.Minute) // it is tried again
		want(2, "Messages-Waiting: yes\r\nMessage-Account: sip:%s@sip.example.com\r\nVoice-Message: 2/1 (0/0)\r\n")
		if len(asked) != 2 || asked[0] != 1 || asked[1] != 7 {
			t.Errorf("boxes %v", asked)
		}
		unheard.Store(0)
		boxes.Changed(1, 7)
		want(2, "Messages-Waiting: no\r\nMessage-Account: sip:%s@sip.example.com\r\nVoice-Message: 0/1 (0/0)\r\n")
		boxes.Changed(1, 1)
		want(2, "Messages-Waiting: no\r\nMessage-Account: sip:%s@sip.example.com\r\nVoice-Message: 0/1 (0/0)\r\n")
		boxes.Changed(1, 8) // linked to nobody
		boxes.Changed(1, 99)
		lamps.Registered(1, "free")
		lamps.Registered(1, "none")
		want(0, "")
		cancel()
		<-done
	})
}
