package acceptance

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"

	"github.com/google/uuid"

	"callplane/controller/call"
	"callplane/controller/flow"
	"callplane/controller/stream"
	"callplane/dialplan"
)

// simStreams are the media streams of the in-memory engine, which has no network: the bot is a SIP party of it, whose
// gateway is played by the case.
type simStreams struct {
	mu      sync.Mutex
	address string
	opened  chan dialplan.BotFacts
}

// Open implements flow.Streams.
func (s *simStreams) Open(_ dialplan.AccountID, _ string, facts dialplan.BotFacts) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened <- facts
	return "sip:stream@" + s.address
}

// simulated tells that the building has the in-memory engine.
func (b *building) simulated() bool { return b.driver.Name() == "sim" }

// startStreams makes the media streams of a controller; they end with ctx.
func (b *building) startStreams(ctx context.Context, working *sync.WaitGroup, simulated bool, rt func() *call.Runtime, log *slog.Logger) (flow.Streams, error) {
	if simulated {
		if b.simStreams == nil {
			b.simStreams = &simStreams{opened: make(chan dialplan.BotFacts, 16)}
		}
		return b.simStreams, nil
	}
	g, err := stream.New(stream.Config{
		Listen: netip.MustParseAddrPort("127.0.0.1:0"), Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Log: log,
		Return: func(ctx context.Context, a dialplan.AccountID, id uuid.UUID, to string) bool {
			return rt().Return(ctx, a, id, to)
		},
	})
	if err != nil {
		return nil, err
	}
	working.Go(func() {
		if err := g.Run(ctx); err != nil {
			log.Error("media streams", "error", err)
		}
	})
	return g, nil
}
