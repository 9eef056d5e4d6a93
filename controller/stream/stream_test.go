package stream_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"callplane/controller/stream"
	"callplane/dialplan"
	"callplane/integration/phone"
	"callplane/integration/voicebot"
)

const (
	callerHz = 523
	botHz    = 1130
)

// rig is a gateway with a phone in the engine's place.
type rig struct {
	t       *testing.T
	ctx     context.Context
	gateway *stream.Gateway
	stop    func()
	bot     *voicebot.Server
	phone   *phone.Phone
	call    uuid.UUID

	mu      sync.Mutex
	takes   bool // what Return answers
	returns []string
}

func newRig(t *testing.T, networks ...string) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	r := &rig{t: t, ctx: ctx, call: uuid.New()}
	cfg := stream.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Log: slog.New(slog.DiscardHandler),
		Return: func(_ context.Context, a dialplan.AccountID, id uuid.UUID, to string) bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.takes && a == 7 && id == r.call {
				r.returns = append(r.returns, to)
			}
			return r.takes
		}}
	for _, n := range networks {
		cfg.Networks = append(cfg.Networks, netip.MustParsePrefix(n))
	}
	var err error
	if r.gateway, err = stream.New(cfg); err != nil {
		t.Fatal(err)
	}
	run, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.gateway.Run(run) }()
	r.stop = sync.OnceFunc(func() {
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	if r.bot, err = voicebot.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.bot.Close() })
	if r.phone, err = phone.New(ctx, phone.Config{User: "engine", Tone: callerHz}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.phone.Close() })
	return r
}

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) open() string {
	return r.gateway.Open(7, r.bot.URL("b"), dialplan.BotFacts{Call: r.call.String(), Called: "650", Account: "7", Extension: "650", Language: "nl"})
}

func (r *rig) dial(address string) *phone.Call {
	r.t.Helper()
	c, err := r.phone.Dial(r.ctx, address, phone.DialOptions{})
	r.ok(err)
	return c
}

// talk is a call that talks with the bot.
func (r *rig) talk() (*phone.Call, *voicebot.Call) {
	r.t.Helper()
	c := r.dial(r.open())
	b, err := r.bot.Incoming(r.ctx)
	r.ok(err)
	r.ok(b.Answer(r.ctx, botHz))
	r.ok(c.WaitAnswered(r.ctx))
	return c, b
}

func (r *rig) ended(b *voicebot.Call, want websocket.StatusCode) {
	r.t.Helper()
	got, err := b.Ended(r.ctx)
	r.ok(err)
	if got != want {
		r.t.Errorf("the stream was closed with %d, want %d", got, want)
	}
}

func TestEXT_AI_01_AudioDigitsAndTheEnd(t *testing.T) {
	r := newRig(t, "127.0.0.0/8")
	c, b := r.talk()
	if b.Start["call"] != r.call.String() || b.Start["language"] != "nl" || b.Start["account"] != "7" || b.Start["extension"] != "650" {
		t.Errorf("start %v", b.Start)
	}
	if _, told := b.Start["caller"]; told {
		t.Error("an anonymous caller was told")
	}
	r.ok(b.Hears(r.ctx, callerHz))
	r.ok(c.HearsOnly(r.ctx, botHz))
	r.ok(c.SendDTMF(r.ctx, "7#"))
	for _, want := range []string{"7", "#"} {
		m, err := b.Told(r.ctx, "digit")
		r.ok(err)
		if m["digit"] != want {
			t.Errorf("digit %v, want %s", m, want)
		}
	}
	r.ok(c.Hold(r.ctx))
	r.ok(c.Unhold(r.ctx))
	r.ok(b.Hears(r.ctx, callerHz))
	r.ok(c.HearsOnly(r.ctx, botHz))
	r.ok(c.Hangup(r.ctx))
	_, err := b.Told(r.ctx, "stop")
	r.ok(err)
	r.ended(b, websocket.StatusNormalClosure)
}

func TestEXT_AI_01_TheBotReturnsHangsUpOrIsLost(t *testing.T) {
	r := newRig(t, "127.0.0.0/8")
	c, b := r.talk()
	r.mu.Lock()
	r.takes = true
	r.mu.Unlock()
	r.ok(b.Say(r.ctx, map[string]string{"event": "of another time", "destination": "1"}))
	r.ok(b.Say(r.ctx, map[string]string{"event": "return"})) // nowhere
	_, err := b.Told(r.ctx, "refused")
	r.ok(err)
	r.ok(b.Say(r.ctx, map[string]string{"event": "return", "destination": "101"}))
	deadline := time.Now().Add(10 * time.Second)
	for {
		r.mu.Lock()
		got := slices.Clone(r.returns)
		r.mu.Unlock()
		if len(got) == 1 && got[0] == "101" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("returned to %v", got)
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.ok(c.Hangup(r.ctx)) // the engine ends the bot's leg
	r.ended(b, websocket.StatusNormalClosure)

	for _, hangUp := range []func(*voicebot.Call) error{
		(*voicebot.Call).Close,
		func(b *voicebot.Call) error { return b.Say(r.ctx, map[string]string{"event": "hangup"}) },
	} {
		c, b = r.talk()
		r.ok(hangUp(b))
		r.ok(c.WaitEnded(r.ctx))
	}
	c, b = r.talk()
	r.ok(b.Die())
	for { // the fallback is asked for, before the leg ends
		r.mu.Lock()
		got := slices.Clone(r.returns)
		r.mu.Unlock()
		if len(got) == 2 && got[1] == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("returned to %q", got)
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.ok(c.Hangup(r.ctx))
}

func TestEXT_AI_01_OnlyCallsThatWereOpenedReachABot(t *testing.T) {
	r := newRig(t, "127.0.0.0/8")
	address := r.open()
	_, at, _ := strings.Cut(address, "@")
	status := func(c *phone.Call, want int) {
		t.Helper()
		r.ok(c.WaitEnded(r.ctx))
		if got := c.EndReason().Code; got != want {
			t.Errorf("ended with %d, want %d", got, want)
		}
	}
	status(r.dial("sip:"+uuid.NewString()+"@"+at), 404)
	c := r.dial(address)
	b, err := r.bot.Incoming(r.ctx)
	r.ok(err)
	status(r.dial(address), 404) // once
	b.Refuse(403)
	status(c, 503)
	// The engine gives up while the bot thinks.
	c = r.dial(r.open())
	b, err = r.bot.Incoming(r.ctx)
	r.ok(err)
	r.ok(c.WaitRinging(r.ctx))
	r.ok(c.Hangup(r.ctx))
	r.ok(c.WaitEnded(r.ctx))
	if err := b.Answer(r.ctx, botHz); err == nil {
		t.Error("the bot has a stream for a call that has gone")
	}
}

func TestEXT_AI_01_BotsAreNotOnTheOwnNetworks(t *testing.T) {
	r := newRig(t)
	c := r.dial(r.open())
	r.ok(c.WaitEnded(r.ctx))
	if got := c.EndReason().Code; got != 503 {
		t.Errorf("ended with %d", got)
	}
	ctx, cancel := context.WithTimeout(r.ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := r.bot.Incoming(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the bot was called: %v", err)
	}
}

func TestTheControllerEndsAndTheCallStays(t *testing.T) {
	r := newRig(t, "127.0.0.0/8")
	c, b := r.talk()
	r.stop()
	r.ended(b, websocket.StatusGoingAway)
	if c.State() != phone.Answered {
		t.Errorf("the call is %v", c.State())
	}
}
