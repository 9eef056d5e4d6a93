package service

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"callplane/integration/installation"
	"callplane/integration/mailbox"
	"callplane/integration/phone"
	"callplane/integration/tone"
)

// voiceOf is the strongest frequency in the middle of a WAV file.
func (s *system) voiceOf(wav []byte) float64 {
	s.Helper()
	path := filepath.Join(s.T.TempDir(), "message.wav")
	if err := os.WriteFile(path, wav, 0o600); err != nil {
		s.Fatal(err)
	}
	pcm, err := tone.ReadWAV(path)
	if err != nil {
		s.Fatal(err)
	}
	hz, _ := tone.Peak(pcm[len(pcm)/4 : len(pcm)*3/4])
	return hz
}

// voicemailSystem is an installation with a mail server and a gateway for text messages.
func voicemailSystem(t *testing.T, kind, binary string) {
	mails, err := mailbox.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mails.Close() })
	var mu sync.Mutex
	var texts []map[string]string
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in map[string]string
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Errorf("text message: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		texts = append(texts, in)
		_, _ = io.WriteString(w, `{"cost": "0.075", "currency": "EUR"}`)
	}))
	t.Cleanup(gateway.Close)
	s := &system{System: installation.New(t, kind, binary, func(string) map[string]map[string]any {
		return map[string]map[string]any{
			"mail": {"server": mails.Addr(), "from": "voicemail@callplane.example", "security": "none"},
			"sms":  {"url": gateway.URL},
		}
	})}
	channels := s.company(1)
	base := fmt.Sprintf("/accounts/%d", s.account)
	s.Call("POST", base+"/extensions", object{"number": "480", "name": "Reception", "kind": "voicemail",
		"voicemail": object{"pin": "4711", "user": "101", "sms": "+31687654321"}}, nil)
	s.Call("POST", base+"/extensions", object{"number": "481", "name": "Mailed", "kind": "voicemail",
		"voicemail": object{"pin": "4711", "user": "101", "email": "box@example.com", "attach_audio": true, "delete_mailed": true}}, nil)
	s.Call("POST", base+"/extensions", object{"number": "482", "name": "Told", "kind": "voicemail",
		"voicemail": object{"pin": "4711", "email": "told@example.com"}}, nil)
	for i, ext := range []string{"480", "481", "482"} {
		s.enter(20+i, ext)
	}
	desk := s.registered(channels["101"])
	lamp := func(body string) {
		s.Helper()
		s.Step("lamp: "+body, func(ctx context.Context) error {
			_, err := desk.WaitNotify(ctx, func(n phone.Notification) bool { return n.Event == "message-summary" && strings.Contains(n.Body, body) })
			return err
		})
	}
	carrier := s.Carrier("127.70.0.12")
	const voice = 740
	leave := func(n int) {
		s.Helper()
		var a *phone.Call
		s.Step("call the box", func(ctx context.Context) (err error) {
			a, err = carrier.Dial(ctx, "sip:"+number(n)+"@"+s.Engine.Trunk, phone.DialOptions{NoAuth: true})
			return err
		})
		a.Play(phone.Tone(voice))
		s.Step("be answered", a.WaitAnswered)
		s.Step("hear the beep after the welcome message", func(ctx context.Context) error { return a.HearsOnly(ctx, 1000) })
		s.Step("hear its end", a.HearsSilence)
		select {
		case <-time.After(2 * time.Second): // a message has some length
		case <-s.Context().Done():
		}
		s.Step("end the message", func(ctx context.Context) error { return a.SendDTMF(ctx, "#") })
		s.Step("be told that it is kept", a.HearsSound)
		s.Step("see the end", a.WaitEnded)
	}
	list := func(ext string) []object {
		s.Helper()
		var out struct{ Items []object }
		s.Call("GET", base+"/voicemail/"+ext+"/messages", nil, &out)
		return out.Items
	}

	// The lamp burns; the message is listened to and deleted.
	lamp("Voice-Message: 0/0")
	leave(20)
	lamp("Messages-Waiting: yes")
	lamp("Voice-Message: 1/0")
	all := list("480")
	if len(all) != 1 || all[0]["heard"] != false {
		s.Fatalf("messages %v", all)
	}
	one := fmt.Sprintf("%s/voicemail/480/messages/%v", base, all[0]["id"])
	if hz := s.voiceOf(s.download(one + "/audio")); hz < voice-10 || hz > voice+10 {
		s.Errorf("the message has %.0f Hz, the caller spoke with %d", hz, voice)
	}
	s.Call("PUT", one, object{"heard": true}, nil)
	lamp("Voice-Message: 0/1")
	s.Call("DELETE", one, nil, nil)
	lamp("Messages-Waiting: no")
	if left := list("480"); len(left) != 0 {
		s.Errorf("messages %v", left)
	}
	// Somebody was told by SMS, which the account pays.
	s.Until("the text message is paid", func() bool {
		var out struct{ Items []object }
		s.Call("GET", base+"/charges", nil, &out)
		return len(out.Items) == 1 && out.Items[0]["amount"] == "0.0750" && out.Items[0]["currency"] == "EUR" && out.Items[0]["kind"] == "sms"
	})
	mu.Lock()
	if len(texts) != 1 || texts[0]["to"] != "+31687654321" || !strings.Contains(texts[0]["text"], "Reception (480)") {
		s.Errorf("text messages %v", texts)
	}
	mu.Unlock()
	// By e-mail with the message, which goes then, and without, where it stays.
	leave(21)
	leave(22)
	s.Until("the e-mails are there", func() bool { return len(mails.To("box@example.com")) == 1 && len(mails.To("told@example.com")) == 1 })
	s.Until("the message that was mailed is deleted", func() bool { return len(list("481")) == 0 })
	files := mails.To("box@example.com")[0].Files
	if len(files) != 1 {
		s.Fatalf("%d attachments", len(files))
	}
	for name, wav := range files {
		if hz := s.voiceOf(wav); hz < voice-10 || hz > voice+10 {
			s.Errorf("%s has %.0f Hz, the caller spoke with %d", name, hz, voice)
		}
	}
	if m := mails.To("told@example.com")[0]; len(m.Files) != 0 || !strings.Contains(m.Body, "Told (482)") || len(list("482")) != 1 {
		s.Errorf("%+v; messages %v", m, list("482"))
	}
}

// download is a file of the API.
func (s *system) download(path string) []byte {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.API+"/api/v1"+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.Fatalf("GET %s: %s %v", path, res.Status, err)
	}
	return b
}
