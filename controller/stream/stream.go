// Package stream gives voice bots the audio of calls over websockets (EXT-AI-01). Towards the engine it is a SIP party with a
// G.711 voice, the same for every engine; towards the bot it is the client of a websocket. docs/voice-bots.md says what is
// said in the websocket.
package stream

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/google/uuid"

	"callplane/dialplan"
)

// Config of a Gateway. All fields but Networks are required.
type Config struct {
	// Listen is where engines call, UDP, with a free port for 0. It is an address that engines reach; the audio is at the
	// same address, at ports that the system chooses.
	Listen netip.AddrPort
	// Networks that are not public and where bots may be.
	Networks []netip.Prefix
	// Return sends the call that talks with a bot, or is about to, on to a destination; "" is the fallback for lost bots. False: there
	// is no such call.
	Return func(ctx context.Context, account dialplan.AccountID, call uuid.UUID, destination string) bool
	Log    *slog.Logger
}

// Times of a stream.
const (
	awaitFor   = 3 * time.Minute  // for the engine to call; extensions wait two minutes for an answer at most
	writeTime  = 5 * time.Second  // for a message to be taken by the bot
	pingEvery  = 15 * time.Second //
	settleTime = 5 * time.Second  // for a call to be returned, and for its end
	quietTime  = 30 * time.Second // without audio of the engine, after which it is asked whether the call is still there
)

// Gateway connects engines with bots.
type Gateway struct {
	cfg     Config
	conn    net.PacketConn
	addr    netip.AddrPort
	client  *http.Client
	dialogs *sipgo.DialogServerCache

	mu      sync.Mutex
	ctx     context.Context // of Run
	ended   bool            // no session begins any more
	awaited map[string]order
	live    map[string]*session // by dialog
	wg      sync.WaitGroup      // of sessions
}

// order is a stream that was opened and that the engine has not called yet.
type order struct {
	account dialplan.AccountID
	url     string
	facts   dialplan.BotFacts
	until   time.Time
}

// New opens the socket. Run must be called.
func New(cfg Config) (*Gateway, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(cfg.Listen))
	if err != nil {
		return nil, fmt.Errorf("listen for media streams: %w", err)
	}
	bound := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return &Gateway{cfg: cfg, conn: conn, addr: netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port()), client: botClient(cfg.Networks),
		awaited: make(map[string]order), live: make(map[string]*session)}, nil
}

// Open prepares the stream of a call: the engine's call to address reaches the bot, once.
func (g *Gateway) Open(account dialplan.AccountID, url string, facts dialplan.BotFacts) (address string) {
	// Nobody else can know the user part, so that the bot is called for this call only.
	user := uuid.NewString()
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	for u, o := range g.awaited {
		if now.After(o.until) {
			delete(g.awaited, u)
		}
	}
	g.awaited[user] = order{account: account, url: url, facts: facts, until: now.Add(awaitFor)}
	return "sip:" + user + "@" + g.addr.String()
}

func (g *Gateway) take(user string) (order, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o, ok := g.awaited[user]
	delete(g.awaited, user)
	return o, ok
}

// Run serves until ctx ends; then the streams end and the calls are left to the engines.
func (g *Gateway) Run(ctx context.Context) error {
	ua, err := sipgo.NewUA(sipgo.WithUserAgent("callplane"), sipgo.WithUserAgentHostname(g.addr.Addr().String()))
	if err != nil {
		return fmt.Errorf("media streams: %w", err)
	}
	server, err := sipgo.NewServer(ua, sipgo.WithServerLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fmt.Errorf("media streams: %w", err)
	}
	client, err := sipgo.NewClient(ua, sipgo.WithClientAddr(g.addr.String()), sipgo.WithClientConnectionAddr(g.addr.String()))
	if err != nil {
		return fmt.Errorf("media streams: %w", err)
	}
	g.dialogs = sipgo.NewDialogServerCache(client, sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "stream", Host: g.addr.Addr().String(), Port: int(g.addr.Port())}})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g.mu.Lock()
	g.ctx = ctx
	g.mu.Unlock()
	g.handlers(server)
	done := make(chan error, 1)
	go func() { done <- server.ServeUDP(g.conn) }()
	select {
	case <-ctx.Done():
		g.ending()
		g.wg.Wait()
		_ = g.conn.Close()
		<-done
		err = nil
	case err = <-done:
		cancel()
		g.ending()
		g.wg.Wait()
	}
	_ = ua.Close()
	if err != nil {
		return fmt.Errorf("media streams: %w", err)
	}
	return nil
}

func (g *Gateway) ending() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
}

// enter counts a session in; false once Run is ending.
func (g *Gateway) enter() (context.Context, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended {
		return nil, false
	}
	g.wg.Add(1)
	return g.ctx, true
}
