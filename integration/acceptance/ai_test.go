package acceptance

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
)

// Bot makes an AI extension; its bot answers as the carrier named bot.
func (o *Office) Bot(number, fallback string) *dialplan.AI {
	o.Helper()
	ai := &dialplan.AI{Language: "de", Answer: 3 * time.Second}
	if fallback != "" {
		ai.Fallback = dialplan.LocationTarget{Destination: dest(fallback), Prefix: "BOT"}
	}
	o.Extend(number, "Bot", ai)
	o.AddCarrier("bot", 9)
	ai.URI = "sip:helper@" + o.carrier["bot"].Addr().String()
	return ai
}

func aiCases() []testCase {
	return []testCase{
		{name: "EXT-AI-01_the_bot_is_told_of_the_call_and_returns_it_to_any_destination", run: func(o *Office) {
			o.Bot("650", "")
			o.leads(3, "650")
			o.Open("101")
			a := o.Outside(3)
			b := o.OfferedTo("bot")
			if got := b.call.Number(); got != "helper" {
				o.Errorf("the bot was called as %s", got)
			}
			for name, want := range map[string]string{"Caller": "+31612345678", "Called": o.Number(3), "Account": strconv.FormatInt(int64(o.Account.ID), 10),
				"Extension": "650", "Language": "de"} {
				if got := b.call.Header("X-Callplane-" + name); got != want {
					o.Errorf("the bot was told %s %q, want %q", name, got, want)
				}
			}
			if id := b.call.Header("X-Callplane-Call"); uuid.Validate(id) != nil {
				o.Errorf("call id %q", id)
			}
			b.Answers()
			a.TalksTo(b)
			b.Transfers("101")
			b.Ended()
			x := o.Offered("101")
			x.Shows("0612345678", "0612345678")
			x.Answers()
			a.TalksTo(x)
			a.HungUpBoth(x)
			// To a number outside, by somebody of the company.
			a = o.Dial("101", "650")
			b = o.OfferedTo("bot")
			b.Answers()
			a.TalksTo(b)
			b.Transfers("0612345679")
			b.Ended()
			y := o.OfferedTo("main")
			y.Answers()
			a.TalksTo(y)
			y.HungUpBoth(a)
		}},
		{name: "EXT-AI-01_the_bot_returns_the_call_by_the_api", run: func(o *Office) {
			o.Bot("650", "")
			o.leads(3, "650")
			o.Open("101")
			a := o.Outside(3)
			b := o.OfferedTo("bot")
			id, err := uuid.Parse(b.call.Header("X-Callplane-Call"))
			if err != nil {
				o.Fatal(err)
			}
			b.Answers()
			a.TalksTo(b)
			if o.b.runtime.Return(o.ctx, o.Account.ID, uuid.New(), "101") || o.b.runtime.Return(o.ctx, o.Account.ID+1, id, "101") {
				o.Error("a call that there is not was returned")
			}
			if !o.b.runtime.Return(o.ctx, o.Account.ID, id, "300") {
				o.Error("the call was not returned")
			}
			b.Ended()
			a.HearsPrompt("ivr.choose")
			if o.b.runtime.Return(o.ctx, o.Account.ID, id, "101") {
				o.Error("a call without a bot was returned")
			}
			a.Hangs()
			o.Record(1)
			// At the very moment at which it answers, and while it rings: the call waits for the conversation.
			a = o.Outside(3)
			b = o.OfferedTo("bot")
			if id, err = uuid.Parse(b.call.Header("X-Callplane-Call")); err != nil {
				o.Fatal(err)
			}
			returned := make(chan bool, 1)
			go func() { returned <- o.b.runtime.Return(o.ctx, o.Account.ID, id, "101") }()
			b.Answers()
			if !<-returned {
				o.Error("the call was not returned")
			}
			b.Ended()
			a.HungUpBoth(a.Reaches("101"))
			a = o.Outside(3)
			b = o.OfferedTo("bot")
			if id, err = uuid.Parse(b.call.Header("X-Callplane-Call")); err != nil {
				o.Fatal(err)
			}
			if o.b.runtime.Return(o.ctx, o.Account.ID, id, "101") { // the bot rings until that is over
				o.Error("a call was returned by a bot that did not take it")
			}
			a.EndedWith(480)
			o.Record(3)
		}},
		{name: "EXT-AI-01_a_bot_that_fails_leads_to_the_fallback", run: func(o *Office) {
			o.Bot("650", "101")
			o.leads(3, "650")
			o.Open("101")
			for _, fail := range []func(*Party){
				func(b *Party) { b.Refuses(503) },
				func(b *Party) { b.Ended() }, // it does not answer in time
				func(b *Party) { b.Answers(); b.Transfers("777"); b.Ended() },
			} {
				a := o.Outside(3)
				fail(o.OfferedTo("bot"))
				x := o.Offered("101")
				x.Shows("BOT 0612345678", "0612345678")
				x.Answers()
				a.TalksTo(x)
				a.HungUpBoth(x)
			}
			o.Traced(3, "the bot did not take the call")
		}},
		{name: "EXT-AI-01_either_hangs_up_and_without_a_fallback_the_caller_hears_why", run: func(o *Office) {
			o.Bot("650", "")
			o.leads(3, "650")
			o.Open("101")
			a := o.Outside(3)
			b := o.OfferedTo("bot")
			b.Answers()
			a.TalksTo(b)
			b.HungUpBoth(a)
			a = o.Dial("101", "650")
			b = o.OfferedTo("bot")
			b.Answers()
			a.TalksTo(b)
			a.HungUpBoth(b)
			a = o.Dial("101", "650")
			o.OfferedTo("bot").Refuses(486)
			a.EndedWith(480)
			a = o.Outside(3)
			o.OfferedTo("bot")
			a.Hangs() // while the bot is called
			o.Record(4)
		}},
	}
}
