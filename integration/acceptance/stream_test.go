package acceptance

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/integration/tone"
	"callplane/integration/voicebot"
)

// StreamBot is a voice bot that takes media streams.
type StreamBot struct {
	o      *Office
	server *voicebot.Server // nil on the in-memory engine
}

// StreamBot makes an AI extension whose bot takes a media stream.
func (o *Office) StreamBot(number, fallback string) *StreamBot {
	o.Helper()
	ai := &dialplan.AI{URI: "wss://bots.example/calls", Language: "de", Answer: 3 * time.Second}
	if fallback != "" {
		ai.Fallback = dialplan.LocationTarget{Destination: dest(fallback), Prefix: "BOT"}
	}
	o.Extend(number, "Bot", ai)
	b := &StreamBot{o: o}
	if o.b.simulated() {
		o.AddCarrier("bot", 9)
		o.b.simStreams.address = o.carrier["bot"].Addr().String()
		return b
	}
	server, err := voicebot.Listen()
	if err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() { _ = server.Close() })
	b.server = server
	ai.URI = server.URL("calls?token=secret")
	return b
}

// streamHz is the voice of a bot on a real engine, which no phone has.
var streamHz = int(tone.Distinct(tone.Voices - 1))

// StreamCall is a call that a bot was offered.
type StreamCall struct {
	o     *Office
	facts dialplan.BotFacts
	hz    int
	sim   *Party
	ws    *voicebot.Call
}

// Offered waits for a call.
func (b *StreamBot) Offered() *StreamCall {
	b.o.Helper()
	c := &StreamCall{o: b.o, hz: streamHz}
	if b.server == nil {
		c.sim = b.o.OfferedTo("bot")
		c.hz = c.sim.hz
		c.facts = <-b.o.b.simStreams.opened
		return c
	}
	b.o.do("the bot is called", func(ctx context.Context) (err error) {
		c.ws, err = b.server.Incoming(ctx)
		return err
	})
	if got := c.ws.URL.String(); got != "/calls?token=secret" {
		b.o.Errorf("the bot was called at %s", got)
	}
	return c
}

// Answers takes the call.
func (c *StreamCall) Answers() {
	c.o.Helper()
	if c.sim != nil {
		c.sim.Answers()
		return
	}
	c.o.do("the bot answers", func(ctx context.Context) error { return c.ws.Answer(ctx, c.hz) })
	s := c.ws.Start
	c.facts = dialplan.BotFacts{Call: s["call"], Caller: s["caller"], Called: s["called"], Account: s["account"], Extension: s["extension"], Language: s["language"]}
}

// Refuses does not take it.
func (c *StreamCall) Refuses() {
	c.o.Helper()
	if c.sim != nil {
		c.sim.Refuses(http.StatusServiceUnavailable)
		return
	}
	c.ws.Refuse(http.StatusServiceUnavailable)
}

// TalksTo asserts that bot and caller hear each other.
func (c *StreamCall) TalksTo(p *Party) {
	c.o.Helper()
	p.Answered()
	p.Hears(c.hz)
	c.Hears(p.hz)
}

// Hears waits until the bot hears just this tone.
func (c *StreamCall) Hears(hz int) {
	c.o.Helper()
	if c.sim != nil {
		c.sim.Hears(hz)
		return
	}
	c.o.do("the bot hears", func(ctx context.Context) error { return c.ws.Hears(ctx, hz) })
}

// Digit waits until the bot is told of a key.
func (c *StreamCall) Digit(d string) {
	c.o.Helper()
	if c.sim != nil {
		return // the in-memory engine passes no digits on
	}
	c.o.do("the bot is told of a key", func(ctx context.Context) error {
		m, err := c.ws.Told(ctx, "digit")
		if err == nil && m["digit"] != d {
			c.o.Errorf("the bot was told of %v", m)
		}
		return err
	})
}

// Returns sends the call on, by a message in the stream.
func (c *StreamCall) Returns(to string) {
	c.o.Helper()
	if c.sim == nil {
		c.o.do("the bot returns the call", func(ctx context.Context) error {
			return c.ws.Say(ctx, map[string]string{"event": "return", "destination": to})
		})
		return
	}
	c.give(to)
}

// give does what the gateway does with what the bot says.
func (c *StreamCall) give(to string) {
	c.o.Helper()
	id, err := uuid.Parse(c.facts.Call)
	if err != nil {
		c.o.Fatal(err)
	}
	if !c.o.b.runtime.Return(c.o.ctx, c.o.Account.ID, id, to) {
		c.o.Error("the call was not returned")
	}
}

// Dies breaks the stream off.
func (c *StreamCall) Dies() {
	c.o.Helper()
	if c.sim == nil {
		c.o.do("the bot dies", func(context.Context) error { return c.ws.Die() })
		return
	}
	c.give("")
}

// Hangs ends the call.
func (c *StreamCall) Hangs() {
	c.o.Helper()
	if c.sim == nil {
		c.o.do("the bot hangs up", func(ctx context.Context) error { return c.ws.Say(ctx, map[string]string{"event": "hangup"}) })
		return
	}
	c.sim.Hangs()
}

// Ended waits for the end of the stream.
func (c *StreamCall) Ended() {
	c.o.Helper()
	if c.sim != nil {
		c.sim.Ended()
		return
	}
	c.o.do("the stream ends", func(ctx context.Context) error {
		_, err := c.ws.Ended(ctx)
		return err
	})
}

func streamCases() []testCase {
	return []testCase{
		{name: "EXT-AI-01_a_bot_with_a_media_stream_hears_the_caller_and_returns_the_call", run: func(o *Office) {
			bot := o.StreamBot("650", "")
			o.leads(3, "650")
			o.Open("101")
			a := o.Outside(3)
			b := bot.Offered()
			b.Answers()
			want := dialplan.BotFacts{Call: b.facts.Call, Caller: "+31612345678", Called: o.Number(3), Account: strconv.FormatInt(int64(o.Account.ID), 10), Extension: "650", Language: "de"}
			if b.facts != want || uuid.Validate(b.facts.Call) != nil {
				o.Errorf("the bot was told %+v, want %+v", b.facts, want)
			}
			b.TalksTo(a)
			a.Presses("5")
			b.Digit("5")
			b.Returns("101")
			b.Ended()
			x := o.Offered("101")
			x.Shows("0612345678", "0612345678")
			x.Answers()
			a.TalksTo(x)
			a.HungUpBoth(x)
			// To a menu, by the API.
			a = o.Outside(3)
			b = bot.Offered()
			b.Answers()
			b.TalksTo(a)
			b.give("300")
			b.Ended()
			a.HearsPrompt("ivr.choose")
			a.Hangs()
			// To a number outside, by somebody of the company.
			a = o.Dial("101", "650")
			b = bot.Offered()
			b.Answers()
			b.TalksTo(a)
			b.Returns("0612345679")
			b.Ended()
			y := o.OfferedTo("main")
			y.Answers()
			a.TalksTo(y)
			y.HungUpBoth(a)
		}},
		{name: "EXT-AI-01_a_media_stream_that_fails_leads_to_the_fallback", run: func(o *Office) {
			bot := o.StreamBot("650", "101")
			o.leads(3, "650")
			o.Open("101")
			for _, fail := range []func(*Party, *StreamCall){
				func(_ *Party, b *StreamCall) { b.Refuses() },
				func(_ *Party, b *StreamCall) {}, // it does not answer in time
				func(a *Party, b *StreamCall) { b.Answers(); b.TalksTo(a); b.Dies() },
				func(a *Party, b *StreamCall) { b.Answers(); b.TalksTo(a); b.Returns("777"); b.Ended() }, // there is no such extension
			} {
				a := o.Outside(3)
				fail(a, bot.Offered())
				x := o.Offered("101")
				x.Shows("BOT 0612345678", "0612345678")
				x.Answers()
				a.TalksTo(x)
				a.HungUpBoth(x)
			}
			o.Traced(4, "the bot did not take the call")
			o.Traced(4, "the media stream to the bot was lost")
		}},
		{name: "EXT-AI-01_either_side_of_a_media_stream_hangs_up", run: func(o *Office) {
			bot := o.StreamBot("650", "")
			o.leads(3, "650")
			o.Open("101")
			a := o.Outside(3)
			b := bot.Offered()
			b.Answers()
			b.TalksTo(a)
			b.Hangs()
			a.Ended()
			a = o.Dial("101", "650")
			b = bot.Offered()
			b.Answers()
			b.TalksTo(a)
			a.Hangs()
			b.Ended()
			a = o.Outside(3)
			bot.Offered()
			a.Hangs() // while the bot is called
			o.Record(3)
			a = o.Outside(3)
			b = bot.Offered()
			b.Answers()
			b.TalksTo(a)
			b.Dies() // without a fallback the caller hears why
			a.Hears(defaultPromptHz)
			a.Ended()
			o.Record(4)
		}},
		{name: "EXT-AI-01_a_restarted_controller_calls_the_bot_of_a_media_stream_anew", alone: true, run: func(o *Office) {
			bot := o.StreamBot("650", "101")
			o.leads(3, "650")
			o.Open("101")
			a := o.Outside(3)
			b := bot.Offered()
			b.Answers()
			b.TalksTo(a)
			call := b.facts.Call
			o.restart()
			b.Ended()
			b = bot.Offered()
			b.Answers()
			if b.facts.Call != call {
				o.Errorf("the bot is told of call %s, it was %s", b.facts.Call, call)
			}
			b.TalksTo(a)
			a.Hangs()
			b.Ended()
		}},
	}
}
