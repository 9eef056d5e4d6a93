package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/store"
)

// EventStream is what one reader is told.
type EventStream interface {
	// Next waits for the next event: an EventSnapshot first, then RingingCall, StoppedCall or UserState. io.EOF: the stream is
	// over, or the reader was too slow; the error of ctx when that ends before.
	Next(ctx context.Context) (any, error)
	Close()
}

// EventSnapshot is the first event of a stream.
type EventSnapshot struct {
	Ringing []RingingCall `json:"ringing" doc:"Calls that ring, the longest ringing first."`
	States  []UserState   `json:"states" doc:"Of all users whose state may be seen."`
}

// RingingCall is a call that rings where the reader may know of it.
type RingingCall struct {
	Call      string    `json:"call" doc:"Id of the call."`
	Over      []string  `json:"over" doc:"Extensions by which the reader is told: where it rings, its group or its manager."`
	Group     string    `json:"group,omitempty" doc:"Group extension that was called."`
	Manager   string    `json:"manager,omitempty" doc:"User in whose place assistants are rung."`
	Caller    string    `json:"caller" doc:"Caller's number; empty: withheld."`
	Name      string    `json:"name,omitempty"`
	Prefix    string    `json:"prefix,omitempty" doc:"What the display has before the caller."`
	Anonymous bool      `json:"anonymous,omitempty"`
	Since     time.Time `json:"since"`
}

// StoppedCall is a call that was told and no longer rings.
type StoppedCall struct {
	Call       string `json:"call"`
	Reason     string `json:"reason" enum:"answered,stopped"`
	AnsweredBy string `json:"answered_by,omitempty" doc:"Extension, or number outside."`
}

// UserState is what a user does.
type UserState struct {
	Extension string `json:"extension"`
	State     string `json:"state" enum:"idle,ringing,busy,unknown" doc:"unknown: the reader may no longer see it."`
}

// Times of a stream: heartbeats keep proxies from closing it, and a reader that takes nothing for so long is cut off.
const (
	eventHeartbeat = 20 * time.Second
	eventCheck     = time.Minute // whether the token still holds
	eventWrite     = 10 * time.Second
	eventReaders   = 50 // streams of one token
)

// readers count the open streams of tokens.
type readers struct {
	mu      sync.Mutex
	byToken map[int64]int
}

func (r *readers) enter(token int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byToken == nil {
		r.byToken = make(map[int64]int)
	}
	if r.byToken[token] >= eventReaders {
		return false
	}
	r.byToken[token]++
	return true
}

func (r *readers) leave(token int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byToken[token]--; r.byToken[token] <= 0 {
		delete(r.byToken, token)
	}
}

func (s *server) events(api huma.API) {
	o := op("watch-events", http.MethodGet, "/accounts/{account}/events", "calls", "Watch what rings and who is in a call, as server-sent events")
	o = also(o, store.RoleUser)
	o.Description = "Every stream begins with an event `snapshot`, so that nothing is missed over a reconnect, whatever Last-Event-ID says; then come `ringing` " +
		"(a call rings where the reader has the right to be notified, after the delay of that right, or something is different about it), `stopped` and `state` (with the right to see it). " +
		"Lines that begin with a colon only keep the connection open. A token of role user is told what that user may know; others are told everything, or what `user` may know."
	registry := api.OpenAPI().Components.Schemas
	one := &huma.Schema{Description: "Data of the events snapshot, ringing, stopped and state.", OneOf: []*huma.Schema{}}
	for _, v := range []any{EventSnapshot{}, RingingCall{}, StoppedCall{}, UserState{}} {
		one.OneOf = append(one.OneOf, registry.Schema(reflect.TypeOf(v), true, ""))
	}
	o.Responses = map[string]*huma.Response{"200": {Description: "The stream.", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: one}}}}
	o.Errors = append(o.Errors, http.StatusTooManyRequests)
	register(s, api, scopeAccount, o, s.watchEvents)
}

func (s *server) watchEvents(ctx context.Context, in *struct {
	AccountPath
	User string `query:"user" pattern:"^[0-9]{2,5}$" patternDescription:"the number of a user extension" doc:"Only what this user may know."`
}) (*huma.StreamResponse, error) {
	p := who(ctx)
	user := in.User
	if p.role == store.RoleUser {
		if p.user == "" || user != "" && user != p.user {
			return nil, huma.Error403Forbidden("this is the token of another user")
		}
		user = p.user
	}
	if s.cfg.Events == nil {
		return nil, huma.Error503ServiceUnavailable("there are no events here")
	}
	if err := s.inAccount(ctx, in.id(), nil, func(*store.Tx, *store.Account) error { return nil }); err != nil {
		return nil, err
	}
	if !s.readers.enter(p.id) {
		return nil, huma.Error429TooManyRequests("this token has too many streams open")
	}
	stream, err := s.cfg.Events(in.id(), user)
	if err != nil {
		s.readers.leave(p.id)
		return nil, huma.Error404NotFound("user " + user + " not found")
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer s.readers.leave(p.id)
		defer stream.Close()
		c.SetHeader("Content-Type", "text/event-stream")
		w, ok := c.BodyWriter().(http.ResponseWriter)
		if !ok {
			return
		}
		s.sendEvents(c.Context(), w, stream, p)
	}}, nil
}

// sendEvents writes a stream until it ends, the reader goes away or takes nothing, or its token no longer holds.
func (s *server) sendEvents(ctx context.Context, w http.ResponseWriter, stream EventStream, p principal) {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // that of requests; a recorder in tests has none
	checked := time.Now()
	for id := 1; ; {
		bound, cancel := context.WithTimeout(ctx, eventHeartbeat)
		ev, err := stream.Next(bound)
		cancel()
		text := ": still here\n\n"
		switch {
		case err == nil:
			if text, err = eventText(id, ev); err != nil {
				s.log.Error("event", "error", err)
				return
			}
			id++
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
			return
		}
		if time.Since(checked) > eventCheck {
			checked = time.Now()
			var none *store.NotFound
			if err := s.again(ctx, p); errors.As(err, &none) {
				return
			}
		}
		_ = rc.SetWriteDeadline(time.Now().Add(eventWrite))
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
		if rc.Flush() != nil {
			return
		}
	}
}

// eventText is an event as it is sent.
func eventText(id int, ev any) (string, error) {
	var name string
	switch ev.(type) {
	case EventSnapshot, LiveSnapshot:
		name = "snapshot"
	case LiveCall:
		name = "call"
	case EndedCall:
		name = "ended"
	case Registration:
		name = "registered"
	case LostRegistration:
		name = "unregistered"
	case GoneQueue:
		name = "gone"
	case RingingCall:
		name = "ringing"
	case StoppedCall:
		name = "stopped"
	case UserState:
		name = "state"
	case QueueBoard:
		name = "board"
	default:
		return "", fmt.Errorf("an event of type %T is not known", ev)
	}
	data, err := json.Marshal(ev)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", id, name, data), nil
}
