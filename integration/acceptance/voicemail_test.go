package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"callplane/controller/voicemail"
	"callplane/dialplan"
	"callplane/integration/mailbox"
	"callplane/integration/tone"
	"callplane/store"
)

// voicemailTones are what cases of voicemail listen for.
func voicemailTones() map[string]int {
	return map[string]int{
		"voicemail.welcome": 1430, "voicemail.saved": 1560, "voicemail.empty": 1640, "voicemail.box": 1930, "voicemail.new": 600,
		"voicemail.none_new": 2880, "voicemail.none_old": 1830, "voicemail.no_more": 2230, "voicemail.keys": 3000, "voicemail.menu": 3330,
		"voicemail.options": 3230, "voicemail.deleted": 1190, "voicemail.record_welcome": 890, "voicemail.welcome_saved": 2630,
		"voicemail.new_pin": 2780, "voicemail.repeat_pin": 700, "voicemail.pin_unsafe": 1240, "voicemail.pin_differs": 960,
		"login.as": 2730, "voicemail.pin_saved": 3430, "voicemail.language_saved": 2180, "pin.enter": 2030, "pin.wrong": 2130,
	}
}

// Mutes lets the phone be silent.
func (p *Party) Mutes() { p.o.Helper(); p.step("mutes", p.call.Mute) }

// Left waits until the box of an extension has n messages.
func (o *Office) Left(ext string, n int) []store.VoicemailMessage {
	o.Helper()
	var all []store.VoicemailMessage
	o.until("messages in the box of "+ext, func() bool {
		all, _ = o.b.voicemail.VoicemailMessages(o.ctx, o.Account.ID, o.Account.Extensions[ext].ID)
		return len(all) == n
	})
	return all
}

// leaves a message of about d in the box to which number i of the company leads; the caller is the carrier's phone.
func (o *Office) leaves(i int, d time.Duration) *Party {
	o.Helper()
	a := o.Outside(i)
	a.Answered()
	a.HearsPrompt("voicemail.welcome")
	a.Hears(1000)
	a.Hears()
	time.Sleep(d)
	return a
}

// box adds a voicemail extension to which number i leads.
func (o *Office) box(ext string, i int) *dialplan.Voicemail {
	v := &dialplan.Voicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711"}}
	o.Extend(ext, "Box", v)
	o.leads(i, ext)
	return v
}

func voicemailCases() []testCase {
	cases := []testCase{
		{name: "EXT-VM-01_message_is_kept_with_caller_time_and_duration_and_confirmed", run: func(o *Office) {
			o.box("700", 3)
			o.Open()
			before := time.Now()
			a := o.leaves(3, 2*time.Second)
			a.Presses("#")
			a.HearsPrompt("voicemail.saved")
			a.Ended()
			m := o.Left("700", 1)[0]
			if m.Number != "+31612345678" || m.At.Before(before) || m.At.After(time.Now()) || m.Heard {
				o.Errorf("message %+v", m)
			}
			if m.Duration < 1500*time.Millisecond || m.Duration > 6*time.Second {
				o.Errorf("the message lasts %v", m.Duration)
			}
			o.Traced(1, "ended by key #")
			a = o.leaves(3, time.Second)
			a.Mutes() // silence ends it
			a.HearsPrompt("voicemail.saved")
			a.Ended()
			o.Left("700", 2)
			o.Traced(2, "ended by silence")
			a = o.leaves(3, 0) // speaks on and on
			a.HearsPrompt("voicemail.saved")
			a.Ended()
			if m := o.Left("700", 3)[2]; m.Duration < 7*time.Second || m.Duration > 10*time.Second {
				o.Errorf("the longest message lasts %v", m.Duration)
			}
			o.Traced(3, "ended by its longest time")
			a = o.leaves(3, 1500*time.Millisecond)
			a.Hangs() // in the middle: what was said is kept
			if m := o.Left("700", 4)[3]; m.Duration < time.Second {
				o.Errorf("the broken-off message lasts %v", m.Duration)
			}
			o.Traced(4, "ended by the caller's hang-up")
			a = o.Outside(3)
			a.Answered()
			a.Mutes()
			a.HearsPrompt("voicemail.empty")
			a.Ended()
			o.Record(5)
			o.Left("700", 4)
		}},
		{name: "EXT-VM-01_own_welcome_message", run: func(o *Office) {
			o.box("700", 3).Welcome = "welcome"
			o.Open()
			a := o.Outside(3)
			a.HearsPrompt("welcome")
			a.Hangs()
			o.Record(1)
			o.Left("700", 0)
		}},
		{name: "SYS-920_EXT-VM-02_managed_with_box_number_and_PIN", run: func(o *Office) {
			o.box("700", 3)
			o.Open("101")
			spoken := o.carrier["main"].Hz()
			for n := range 3 {
				a := o.leaves(3, 1200*time.Millisecond)
				a.Presses("#")
				a.HearsPrompt("voicemail.saved")
				a.Ended()
				o.Left("700", n+1)
			}
			p := o.Dial("101", "920")
			p.Answered()
			p.HearsPrompt("voicemail.box")
			p.Presses("700")
			p.HearsPrompt("pin.enter")
			p.Presses("4711")
			p.HearsPrompt("voicemail.new")
			p.Hears(spoken)
			p.HearsPrompt("voicemail.keys")
			p.Presses("5") // repeat
			p.Hears(spoken)
			p.Presses("6") // next
			p.Hears(spoken)
			p.Presses("7") // delete
			p.HearsPrompt("voicemail.deleted")
			p.Hears(spoken)
			p.HearsPrompt("voicemail.keys")
			p.Presses("6")
			p.HearsPrompt("voicemail.no_more")
			for _, m := range o.Left("700", 2) {
				if !m.Heard {
					o.Errorf("message %s is new", m.ID)
				}
			}
			p.HearsPrompt("voicemail.menu")
			p.Presses("1") // old messages
			p.Hears(spoken)
			p.Presses("7")
			p.HearsPrompt("voicemail.deleted")
			p.Hears(spoken)
			p.HearsPrompt("voicemail.keys")
			p.Presses("7")
			p.HearsPrompt("voicemail.no_more")
			o.Left("700", 0)
			p.HearsPrompt("voicemail.menu")
			p.Presses("1")
			p.HearsPrompt("voicemail.none_old")
			p.HearsPrompt("voicemail.menu")
			p.Presses("0") // options
			p.HearsPrompt("voicemail.options")
			p.Presses("1")
			p.HearsPrompt("voicemail.record_welcome")
			p.Hears(1000)
			p.Hears()
			time.Sleep(1500 * time.Millisecond)
			p.Presses("#")
			p.Hears(p.hz)
			p.HearsPrompt("voicemail.welcome_saved")
			p.HearsPrompt("voicemail.options")
			p.Presses("2")
			p.HearsPrompt("voicemail.new_pin")
			p.Presses("1234")
			p.HearsPrompt("voicemail.pin_unsafe")
			p.HearsPrompt("voicemail.new_pin")
			p.Presses("5837")
			p.HearsPrompt("voicemail.repeat_pin")
			p.Presses("5838")
			p.HearsPrompt("voicemail.pin_differs")
			p.Presses("5837")
			p.HearsPrompt("voicemail.repeat_pin")
			p.Presses("5837")
			p.HearsPrompt("voicemail.pin_saved")
			p.HearsPrompt("voicemail.options")
			p.Presses("3")
			p.Hears(defaultPromptHz)
			p.Presses("3")
			p.HearsPrompt("voicemail.language_saved")
			p.HearsPrompt("voicemail.options")
			p.Hangs()
			if v := o.b.dir.Account(o.Account.ID).Extensions["700"].Config.(*dialplan.Voicemail); v.Language != "de" || v.PIN != "5837" {
				o.Errorf("box %+v", v)
			}
			a := o.Outside(3) // the new welcome message
			a.Hears(p.hz)
			a.Hangs()
			p = o.Dial("101", "920") // the old PIN is no more
			p.HearsPrompt("voicemail.box")
			p.Presses("700")
			p.HearsPrompt("pin.enter")
			p.Presses("4711#")
			p.HearsPrompt("pin.wrong")
			p.Presses("5837")
			p.HearsPrompt("voicemail.none_new")
			p.HearsPrompt("voicemail.menu")
			p.Hangs()
			o.Record(6)
		}},
		{name: "EXT-VM-04_three_wrong_PINs_and_the_linked_user", run: func(o *Office) {
			v := o.box("700", 3)
			v.User, v.Language = "102", "de"
			o.User("101").Voicemail.PIN = "4711"
			o.Open("101", "102")
			p := o.Dial("101", "920")
			p.HearsPrompt("voicemail.box")
			p.Presses("700")
			p.HearsPrompt("pin.enter")
			p.Presses("4712#")
			p.HearsPrompt("pin.wrong")
			p.Presses("0000#")
			p.HearsPrompt("pin.wrong")
			p.Presses("9999#")
			p.HearsPrompt("pin.wrong")
			p.Ended()
			q := o.Dial("102", "920")
			q.HearsPrompt("voicemail.box")
			q.Presses("700")
			q.HearsPrompt("voicemail.none_new")
			q.Hangs()
			o.Spoken("de", "voicemail.none_new")
			q = o.Dial("102", "920") // the own box of somebody else is opened by no PIN
			q.HearsPrompt("voicemail.box")
			q.Presses("101")
			q.HearsPrompt("pin.enter")
			q.Presses("4711#")
			q.HearsPrompt("pin.wrong")
			q.Hangs()
			o.Record(3)
		}},
		{name: "SYS-1233_EXT-VM-05_own_box_by_forwards", run: func(o *Office) {
			o.box("700", 3)
			o.User("101").Forwards.NoAnswer = []dialplan.Destination{{External: "1233"}}
			o.User("101").RingTimeout = time.Second
			o.User("102").Forwards.Always = []dialplan.Destination{{Extension: "700"}}
			o.Open("101", "102", "103")
			a := o.Outside(2)
			b := o.Offered("101")
			b.Missed()
			a.Answered()
			a.HearsPrompt("voicemail.welcome")
			a.Hears(1000)
			a.Hears()
			time.Sleep(time.Second)
			a.Presses("#")
			a.HearsPrompt("voicemail.saved")
			a.Ended()
			o.Left("101", 1)
			c := o.Dial("103", "102") // a forward to a voicemail extension
			c.Answered()
			c.HearsPrompt("voicemail.welcome")
			c.Hears(1000)
			c.Hears()
			time.Sleep(time.Second)
			c.Hangs()
			if m := o.Left("700", 1)[0]; m.Number != "103" || m.Name != "Cas" {
				o.Errorf("message %+v", m)
			}
			p := o.Dial("102", "1233")
			p.HearsPrompt("voicemail.none_new") // it is the own box, not that of 101
			p.Hangs()
			p = o.Dial("101", "1233")
			p.HearsPrompt("voicemail.new")
			p.Hears(a.hz)
			p.HearsPrompt("voicemail.keys")
			p.Presses("6")
			p.HearsPrompt("voicemail.no_more")
			p.Hangs()
			o.Record(4)
		}},
		{name: "EXT-USR-02_PIN_of_the_own_box_from_untrusted_devices_always_or_never", run: func(o *Office) {
			elsewhere := netipOf("127.9.9.9")
			for i, ext := range []string{"101", "102", "103", "104"} {
				o.User(ext).Voicemail = dialplan.UserVoicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711", Language: "nl"},
					Ask: []dialplan.VoicemailAsk{"", "", dialplan.AskAlways, dialplan.AskNever}[i]}
			}
			o.Account.Channels[o.channel("102")].LoginAddress = elsewhere
			o.Account.Channels[o.channel("104")].LoginAddress = elsewhere
			o.Open("101", "102", "103", "104")
			for _, ext := range []string{"101", "104"} {
				p := o.Dial(ext, "1233")
				p.HearsPrompt("voicemail.none_new")
				p.Hangs()
			}
			for _, ext := range []string{"102", "103"} {
				p := o.Dial(ext, "1233")
				p.HearsPrompt("pin.enter")
				p.Presses("4712#")
				p.HearsPrompt("pin.wrong")
				p.Presses("4711")
				p.HearsPrompt("voicemail.none_new")
				p.Hangs()
			}
			o.Record(4)
			o.Spoken("nl", "voicemail.none_new")
			o.Spoken("nl", "pin.enter")
		}},
		{name: "SYS-1233_SYS-920_SYS-900_EXT-VM-05_numbers_of_every_country", run: func(o *Office) {
			o.Open("101", "102")
			for _, c := range []struct {
				country             dialplan.Country
				own, manage, status string
			}{{dialplan.NL, "1233", "920", "900"}, {dialplan.DE, "8888", "8880", "8800"}, {dialplan.ES, "1988", "1980", "1900"}, {dialplan.LV, "999", "920", "900"}} {
				o.change(func(a *dialplan.Account) {
					a.Country = c.country
					a.User("101").Forwards.Always = []dialplan.Destination{{External: c.own}}
				})
				a := o.Dial("102", "101")
				a.HearsPrompt("voicemail.welcome")
				a.Hangs()
				for number, heard := range map[string]string{c.own: "voicemail.none_new", c.manage: "voicemail.box", c.status: "login.as"} {
					a = o.Dial("101", number)
					a.HearsPrompt(heard)
					a.Hangs()
				}
			}
			o.Record(16)
			o.Left("101", 0)
		}},
		{name: "EXT-VM-03_by_e-mail_with_the_message_which_goes_then_and_by_SMS_that_costs", run: func(o *Office) {
			v := o.box("700", 3)
			v.Email, v.AttachAudio, v.DeleteMailed = "box@example.com", true, true
			w := o.box("701", 4)
			w.Email, w.SMS = "told@example.com", "+31687654321"
			o.Open()
			hz := o.carrier["main"].Hz()
			for i := range 2 {
				a := o.leaves(3+i, 2*time.Second)
				a.Presses("#")
				a.HearsPrompt("voicemail.saved")
				a.Ended()
				o.Left(fmt.Sprint(700+i), 1)
			}
			mails, texts := o.sendsNotices()
			o.Left("700", 0)
			o.Left("701", 1)
			with, without := mails.To("box@example.com"), mails.To("told@example.com")
			if len(with) != 1 || len(without) != 1 || len(with[0].Files) != 1 || len(without[0].Files) != 0 {
				o.Fatalf("e-mails %+v and %+v", with, without)
			}
			for _, wav := range with[0].Files {
				if f := o.strongest(wav); f < float64(hz-10) || f > float64(hz+10) {
					o.Errorf("the e-mail has %.0f Hz, the caller spoke with %d", f, hz)
				}
			}
			if len(texts) != 1 || !strings.Contains(texts[0]["text"], "+31612345678") || texts[0]["to"] != "+31687654321" {
				o.Errorf("text messages %v", texts)
			}
			if c := o.b.voicemail.charges[o.Account.ID]; len(c) != 1 || c[0].Amount != "0.075" || c[0].Currency != "EUR" {
				o.Errorf("charges %+v", c)
			}
		}},
		{name: "EXT-VM-06_a_lamp_for_the_message_that_is_heard_and_deleted", run: func(o *Office) {
			o.box("700", 3).User = "101"
			o.Open("101")
			o.Lamp("101", "Voice-Message: 0/0")
			a := o.leaves(3, 2*time.Second)
			a.Presses("#")
			a.Ended()
			m := o.Left("700", 1)[0]
			wav, err := os.ReadFile(o.b.boxes.Audio(o.Account.ID, m.ID)) // what the portal plays
			if err != nil {
				o.Fatal(err)
			}
			if f := o.strongest(wav); f < float64(a.hz-10) || f > float64(a.hz+10) {
				o.Errorf("the message has %.0f Hz, the caller spoke with %d", f, a.hz)
			}
			o.Lamp("101", "Messages-Waiting: yes")
			o.Lamp("101", "Voice-Message: 1/0")
			p := o.Dial("101", "920")
			p.HearsPrompt("voicemail.box")
			p.Presses("700")
			p.Hears(a.hz)
			p.HearsPrompt("voicemail.keys")
			p.Presses("6")
			p.HearsPrompt("voicemail.no_more")
			p.Hangs()
			o.Lamp("101", "Voice-Message: 0/1")
			o.Record(2)
			if err := o.b.boxes.Delete(o.ctx, o.Account.ID, m); err != nil {
				o.Fatal(err)
			}
			o.Lamp("101", "Messages-Waiting: no")
		}},
		{name: "ext-vm-01_database_away", run: func(o *Office) {
			o.box("700", 3)
			o.Open("101")
			o.b.voicemail.setAway(o.Account.ID, true)
			a := o.leaves(3, time.Second)
			a.Presses("#")
			a.HearsPrompt("voicemail.saved") // it is on the disk
			a.Ended()
			p := o.Dial("101", "1233")
			p.HearsPrompt("service.unavailable")
			p.Ended()
			o.Record(2)
			o.b.voicemail.setAway(o.Account.ID, false)
			o.b.boxes.Recover(o.ctx, 0)
			o.Left("700", 1)
		}},
		{name: "ext-vm-01_the_controller_ends_during_a_message", run: func(o *Office) {
			o.box("700", 3)
			o.Open()
			a := o.leaves(3, 1500*time.Millisecond)
			o.b.stop()
			a.Hangs()
			a.Ended()
			o.do("new controller", func(ctx context.Context) error { return o.b.start(ctx, logTo(o.T)) })
			o.until("the recovered message", func() bool {
				o.b.boxes.Recover(o.ctx, 0)
				all, _ := o.b.voicemail.VoicemailMessages(o.ctx, o.Account.ID, o.Account.Extensions["700"].ID)
				return len(all) == 1
			})
		}, alone: true},
	}
	for i, c := range cases {
		cases[i].run = func(o *Office) {
			o.Tones(voicemailTones())
			c.run(o)
		}
	}
	return cases
}

// strongest is the strongest frequency in the middle of a WAV file.
func (o *Office) strongest(wav []byte) float64 {
	o.Helper()
	path := filepath.Join(o.T.TempDir(), "message.wav")
	if err := os.WriteFile(path, wav, 0o600); err != nil {
		o.Fatal(err)
	}
	pcm, err := tone.ReadWAV(path)
	if err != nil {
		o.Fatal(err)
	}
	hz, _ := tone.Peak(pcm[len(pcm)/4 : len(pcm)*3/4])
	return hz
}

// sendsNotices sends what the company's boxes have to tell, to a mail server and a gateway for text messages.
func (o *Office) sendsNotices() (*mailbox.Server, []map[string]string) {
	o.Helper()
	mails, err := mailbox.Listen()
	if err != nil {
		o.Fatal(err)
	}
	defer func() { _ = mails.Close() }()
	var mu sync.Mutex
	var texts []map[string]string
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in map[string]string
		_ = json.NewDecoder(r.Body).Decode(&in)
		mu.Lock()
		defer mu.Unlock()
		texts = append(texts, in)
		_, _ = io.WriteString(w, `{"cost": "0.075", "currency": "EUR"}`)
	}))
	defer gateway.Close()
	defer gateway.CloseClientConnections()
	mail, err := voicemail.NewMail(voicemail.MailConfig{Server: mails.Addr(), From: "voicemail@callplane.example", Security: "none"})
	if err != nil {
		o.Fatal(err)
	}
	sender := voicemail.NewSender(voicemail.SenderConfig{Outbox: outbox{o.b.voicemail, o.Account.ID}, Boxes: o.b.boxes, Accounts: o.b.dir.Account, Mail: mail,
		SMS: voicemail.NewSMS(voicemail.SMSConfig{URL: gateway.URL, Price: "0.05", Currency: "EUR", Client: gateway.Client()}), Log: logTo(o.T)})
	o.do("send notices", func(ctx context.Context) error {
		_, err := sender.Send(ctx)
		return err
	})
	mu.Lock()
	defer mu.Unlock()
	return mails, texts
}

// Lamp waits until the phone of ext was told this of its messages.
func (o *Office) Lamp(ext, body string) {
	o.Helper()
	o.do("lamp of "+ext, func(ctx context.Context) error { return o.phones[ext].Notified(ctx, "message-summary", body) })
}

func netipOf(s string) netip.Addr { return netip.MustParseAddr(s) }
