package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"callplane/integration/phone"
	"callplane/integration/tone"
)

type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func TestCallFromTheCommandLine(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	bob, err := phone.New(ctx, phone.Config{User: "bob", Tone: 1130})
	if err != nil {
		t.Fatal(err)
	}
	defer bob.Close()
	dir := t.TempDir()
	say, heard := filepath.Join(dir, "say.wav"), filepath.Join(dir, "heard-%d.wav")
	pcm := make([]int16, tone.Rate)
	tone.NewGenerator(tone.DefaultLevel, 523).Read(pcm)
	if err := tone.WriteWAV(say, pcm); err != nil {
		t.Fatal(err)
	}
	keys, typed := io.Pipe()
	defer typed.Close()
	var out output
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"call", "-play", say, "-loop", "-save", heard, "-dtmf", "12", bob.URI()}, keys, &out, &out)
	}()
	call, err := bob.WaitIncoming(ctx)
	if err == nil {
		err = call.Answer(ctx)
	}
	if err == nil {
		err = call.HearsOnly(ctx, 523)
	}
	if err == nil {
		err = call.WaitDigits(ctx, "12")
	}
	if err == nil {
		fmt.Fprintln(typed, "7#")
		err = call.WaitDigits(ctx, "127#")
	}
	if err == nil {
		fmt.Fprintln(typed, "h")
		err = call.WaitEnded(ctx)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if code := <-status; code != 0 {
		t.Errorf("status %d\n%s", code, out.String())
	}
	pcm, err = tone.ReadWAV(filepath.Join(dir, "heard-1.wav"))
	if err != nil {
		t.Fatal(err)
	}
	if !tone.NewWatch(tone.Hold, tone.HasOnly(1130)).Feed(pcm) {
		t.Error("the recording does not hold what bob said")
	}
	for _, want := range []string{"calling", "answered", "sent DTMF 12", "ended by this side"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

func TestAnswerFromTheCommandLine(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	alice, err := phone.New(ctx, phone.Config{User: "alice", Tone: 523})
	if err != nil {
		t.Fatal(err)
	}
	defer alice.Close()
	var out output
	quit, stop := context.WithCancel(ctx)
	defer stop()
	status := make(chan int, 1)
	go func() {
		status <- run(quit, []string{"-tone", "1130", "-answer-after", "50ms", "answer"}, strings.NewReader(""), &out, &out)
	}()
	address := ""
	for address == "" {
		if _, rest, ok := strings.Cut(out.String(), " at "); ok {
			address, _, _ = strings.Cut(rest, " ")
		}
		select {
		case <-ctx.Done():
			t.Fatal("the phone did not start")
		case <-time.After(10 * time.Millisecond):
		}
	}
	call, err := alice.Dial(ctx, "sip:x@"+address, phone.DialOptions{})
	if err == nil {
		err = call.HearsOnly(ctx, 1130)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	stop() // as Ctrl-C does
	if err := call.WaitEnded(ctx); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if code := <-status; code != 0 {
		t.Errorf("status %d\n%s", code, out.String())
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"dance"}, {"call"}, {"call", "1", "2"}, {"register"}, {"answer", "x"}, {"call", "1", "-codecs", "mp3"},
		{"call", "1", "-dtmf-mode", "x"}, {"call", "1", "-header", "x"}, {"call", "1", "-transport", "tls", "-ca", "/does/not/exist"},
	} {
		var out output
		if code := run(context.Background(), args, strings.NewReader(""), &out, &out); code != 2 || out.String() == "" {
			t.Errorf("%q: status %d, output %q", args, code, out.String())
		}
	}
	var out output
	if code := run(context.Background(), []string{"-help"}, strings.NewReader(""), &out, &out); code != 0 || !strings.Contains(out.String(), "-registrar") {
		t.Errorf("-help: status %d, output %q", code, out.String())
	}
}
