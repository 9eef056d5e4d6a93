package service

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"callplane/integration/phone"
)

// assistantTone is what a user hears when the assistant begins to listen.
const assistantTone = 1400

// speech is a sentence as a phone says it, once.
func (s *system) speech(name, text string) string {
	s.Helper()
	wide, out := filepath.Join(s.Dir, name+"-16.wav"), filepath.Join(s.Dir, name+".wav")
	for _, args := range [][]string{
		{"flite", "-voice", "rms", "-t", text, "-o", wide},
		{"sox", "-v", "0.8", wide, "-r", "8000", "-b", "16", out},
	} {
		if b, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			s.Fatalf("%v: %v %s (deploy/deps.sh test installs it)", args, err, b)
		}
	}
	return out
}

// says lets the phone of a call say what is in a file.
func (s *system) says(c *phone.Call, file string) {
	s.Helper()
	voice, err := phone.File(file, false)
	if err != nil {
		s.Fatal(err)
	}
	c.Play(voice)
	s.Step("speak", func(ctx context.Context) error {
		select {
		case <-time.After(4 * time.Second): // a sentence
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// heard waits until there are n results of the assistant, none of which is waiting, and gives the texts of the parties, the newest first.
func (s *system) heard(n int) (out []map[string]string) {
	s.Helper()
	base := fmt.Sprintf("/accounts/%d/assistant/results", s.account)
	var list struct{ Items []object }
	s.untilWithin("the assistant's results", 3*time.Minute, func() bool {
		s.Call("GET", base, nil, &list)
		for _, r := range list.Items {
			if r["state"] == "waiting" {
				return false
			}
		}
		return len(list.Items) >= n
	})
	for _, r := range list.Items {
		var text struct {
			Summary    string
			Transcript []struct{ Speaker, Text string }
		}
		s.Call("GET", fmt.Sprintf("%s/%s", base, r["id"]), nil, &text)
		said := map[string]string{"summary": text.Summary, "kind": fmt.Sprint(r["kind"]), "state": fmt.Sprint(r["state"]), "call": fmt.Sprint(r["call"])}
		for _, x := range text.Transcript {
			said[x.Speaker] += x.Text + " "
		}
		out = append(out, said)
	}
	s.Logf("the assistant has heard %v", out)
	return out
}

// untilWithin is Until with a time of its own.
func (s *system) untilWithin(what string, d time.Duration, ok func() bool) {
	s.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("waited %v for %s", d, what)
		}
	}
}

// has tells whether all words are in text.
func has(text string, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// speakAfterTone calls the assistant and says what is in a file.
func (s *system) speakAfterTone(p *phone.Phone, file string) *phone.Call {
	s.Helper()
	var c *phone.Call
	s.Step("call 940", func(ctx context.Context) (err error) {
		c, err = p.Dial(ctx, "940", phone.DialOptions{})
		return err
	})
	s.Step("be answered", c.WaitAnswered)
	s.Step("hear the tone", func(ctx context.Context) error { return c.HearsOnly(ctx, assistantTone) })
	s.says(c, file)
	return c
}

// assistantHears is what people say to the assistant and with it, which comes back as text, whatever dies meanwhile.
func assistantHears(s *system) {
	channels := s.company(2)
	ann, bob := s.registered(channels["101"]), s.registered(channels["102"])
	office, meeting := s.speech("office", "Please call the office tomorrow morning."), s.speech("meeting", "Please call the office tomorrow morning.")

	memo := s.speakAfterTone(ann, office)
	s.Step("hang up", memo.Hangup)
	first := s.heard(1)[0]
	if first["kind"] != "memo" || first["state"] != "done" || !has(first[""], "office", "tomorrow") || !has(first["summary"], "office") {
		s.Errorf("the memo came back as %v", first)
	}
	var detail struct{ Assistant []object }
	s.Until("the call's record", func() bool {
		for _, r := range s.records() {
			if r["id"] == first["call"] {
				return true
			}
		}
		return false
	})
	s.Call("GET", fmt.Sprintf("/accounts/%d/calls/%s", s.account, first["call"]), nil, &detail)
	if len(detail.Assistant) != 1 || detail.Assistant[0]["summary"] != first["summary"] {
		s.Errorf("the call's record has %v", detail)
	}

	// A conversation: what the caller says is heard by who has pressed *4.
	var caller, callee *phone.Call
	s.Step("call 101", func(ctx context.Context) (err error) {
		caller, err = bob.Dial(ctx, "101", phone.DialOptions{})
		return err
	})
	s.Step("be called", func(ctx context.Context) (err error) {
		callee, err = ann.WaitIncoming(ctx)
		return err
	})
	s.Step("answer", callee.Answer)
	s.Step("be answered", caller.WaitAnswered)
	caller.Play(phone.Silence())
	callee.Play(phone.Silence())
	s.Step("press *4", func(ctx context.Context) error { return callee.SendDTMF(ctx, "*4") })
	s.Step("hear the tone", func(ctx context.Context) error { return callee.Hears(ctx, assistantTone) })
	s.says(caller, meeting)
	s.Step("hang up in the middle", caller.Hangup)
	second := s.heard(2)[0]
	if second["kind"] != "conversation" || !has(second["other"], "office", "tomorrow") || has(second["user"], "office") {
		s.Errorf("the conversation came back as %v", second)
	}

	// The controller is killed while a memo is spoken: it asks again, and what was said is kept.
	memo = s.speakAfterTone(ann, office)
	s.Kill9()
	s.Start()
	s.Step("hear the tone again", func(ctx context.Context) error { return memo.HearsOnly(ctx, assistantTone) })
	s.Step("hang up", memo.Hangup)
	// And again as soon as the recording is there, in the middle of its analysis.
	s.Until("the memo is there", func() bool {
		var list struct{ Items []object }
		s.Call("GET", fmt.Sprintf("/accounts/%d/assistant/results", s.account), nil, &list)
		return len(list.Items) >= 3
	})
	s.Kill9()
	s.Start()
	found := false
	for _, r := range s.heard(3) {
		found = found || r["call"] != first["call"] && r["kind"] == "memo" && has(r[""], "office", "tomorrow")
	}
	if !found {
		s.Error("what was said before the controller was killed has not come back")
	}
}
