package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
	"github.com/emiago/sipgo"
	"github.com/google/uuid"

	"callplane/dialplan"
)

// maxMessage is the longest message of a bot: half a minute of audio.
const maxMessage = 512 << 10

var errNotPublic = errors.New("it is not at a public address, nor in a network that is allowed (streams.networks)")

// botClient opens websockets. It does not go to addresses of the own networks: what a company enters as its bot must not
// reach what only this machine can.
func botClient(networks []netip.Prefix) *http.Client {
	d := &net.Dialer{Timeout: writeTime, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("address of the bot: %w", err)
		}
		a := at.Addr().Unmap()
		if !public(a) && !slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) }) {
			return fmt.Errorf("%s: %w", a, errNotPublic)
		}
		return nil
	}}
	return &http.Client{
		Transport:     &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: writeTime},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// notPublic are networks that are not called private, and that nobody offers a service in (RFC 6890, RFC 6052).
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2002::/16"),
}

func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a) })
}

// message is a text message of either side.
type message struct {
	Event       string `json:"event"`
	Digit       string `json:"digit,omitempty"`
	Destination string `json:"destination,omitempty"`
}

// start is the first message.
type start struct {
	Event string `json:"event"`
	dialplan.BotFacts
}

// dial opens the websocket and tells of the call.
func (g *Gateway) dial(ctx context.Context, o order) (*websocket.Conn, error) {
	conn, res, err := websocket.Dial(ctx, o.url, &websocket.DialOptions{HTTPClient: g.client})
	if err != nil {
		if res != nil {
			return nil, fmt.Errorf("it answered %s", res.Status)
		}
		return nil, err
	}
	conn.SetReadLimit(maxMessage)
	if err := tell(ctx, conn, start{Event: "start", BotFacts: o.facts}); err != nil {
		_ = conn.CloseNow()
		return nil, err
	}
	return conn, nil
}

func tell(ctx context.Context, conn *websocket.Conn, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return write(ctx, conn, websocket.MessageText, text)
}

func write(ctx context.Context, conn *websocket.Conn, kind websocket.MessageType, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	return conn.Write(ctx, kind, data)
}

// session is a call that talks with a bot.
type session struct {
	g *Gateway
	order
	dialog *sipgo.DialogServerSession
	bot    *websocket.Conn
	voice  *voice
	log    *slog.Logger
	acked  chan uint32 // CSeq of ACKs
}

// errHungUp is how a bot ends a call.
var errHungUp = errors.New("the bot has hung up")

// run carries audio and messages until one of the sides has gone, and tells the other.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	// The websocket ends with the last message, not before; a context that ends closes it at once.
	socket, closeSocket := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	work.Go(func() { s.voice.speak(ctx.Done()) })
	work.Go(func() {
		s.voice.listen(func(pcm []byte) {
			if err := write(socket, s.bot, websocket.MessageBinary, pcm); err != nil {
				cancel(err)
			}
		}, func(digit string) {
			if err := tell(socket, s.bot, message{Event: "digit", Digit: digit}); err != nil {
				cancel(err)
			}
		})
	})
	work.Go(func() { cancel(s.read(ctx, socket)) })
	work.Go(func() { s.watch(ctx, socket, cancel) })
	<-ctx.Done()
	s.voice.close()
	switch cause := context.Cause(ctx); {
	case s.dialog.Context().Err() != nil:
		_ = tell(socket, s.bot, message{Event: "stop"})
		_ = s.bot.Close(websocket.StatusNormalClosure, "the call has gone")
	case errors.Is(cause, context.Canceled): // the controller ends; the engine keeps the call
		_ = s.bot.Close(websocket.StatusGoingAway, "")
	case errors.Is(cause, errHungUp):
		s.hangUp()
	default:
		s.log.Warn("media stream: the bot is lost", "error", cause)
		if s.give(context.WithoutCancel(ctx), "") {
			select {
			case <-s.dialog.Context().Done():
			case <-time.After(settleTime):
			}
		}
		s.hangUp()
	}
	closeSocket()
	_ = s.bot.CloseNow()
	work.Wait()
}

// read does what the bot says until it has gone.
func (s *session) read(ctx, socket context.Context) error {
	full := false
	for {
		kind, data, err := s.bot.Read(socket)
		switch {
		case websocket.CloseStatus(err) == websocket.StatusNormalClosure:
			return errHungUp
		case err != nil:
			return err
		case kind == websocket.MessageBinary:
			if !s.voice.say(data) && !full {
				full = true
				s.log.Warn("media stream: the bot speaks too far ahead, some of it is left out")
			}
			continue
		}
		var m message
		if json.Unmarshal(data, &m) != nil {
			continue // of a bot that knows more than we do
		}
		switch m.Event {
		case "hangup":
			return errHungUp
		case "clear":
			s.voice.clear()
		case "return":
			if m.Destination == "" || !s.give(ctx, m.Destination) {
				if err := tell(socket, s.bot, message{Event: "refused", Destination: m.Destination}); err != nil {
					return err
				}
			}
		}
	}
}

// give returns the call.
func (s *session) give(ctx context.Context, destination string) bool {
	call, err := uuid.Parse(s.facts.Call)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	defer context.AfterFunc(s.dialog.Context(), cancel)()
	return s.g.cfg.Return(ctx, s.account, call, destination)
}

// watch finds out that one of the sides has gone without a word.
func (s *session) watch(ctx, socket context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ping, done := context.WithTimeout(socket, pingEvery)
		err := s.bot.Ping(ping)
		done()
		if err != nil && ctx.Err() == nil {
			cancel(fmt.Errorf("the bot does not answer: %w", err))
			return
		}
		if s.voice.silentFor() > quietTime && !s.there(ctx) && ctx.Err() == nil {
			cancel(errHungUp)
			return
		}
	}
}
