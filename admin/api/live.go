package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// LiveSnapshot is the first event of a live stream: everything that its reader may see.
type LiveSnapshot struct {
	Calls         []LiveCall     `json:"calls" doc:"The oldest first."`
	Registrations []Registration `json:"registrations"`
	States        []UserState    `json:"states" doc:"Of users; one who is not there is idle."`
	Queues        []QueueBoard   `json:"queues" doc:"By number."`
}

// EndedCall is a call that has ended.
type EndedCall struct {
	Call string `json:"call" doc:"Its id."`
}

// LostRegistration is a phone that is no longer registered.
type LostRegistration struct {
	Channel string `json:"channel"`
	Engine  string `json:"engine"`
	Contact string `json:"contact"`
}

// GoneQueue is a queue that no longer exists.
type GoneQueue struct {
	Queue string `json:"queue"`
}

// liveEvery is how often calls, phones and queues are looked at; states are told at once.
const liveEvery = 500 * time.Millisecond

func (s *server) live(api huma.API) {
	o := op("watch-account", http.MethodGet, "/accounts/{account}/live", "calls", "Watch calls, registered phones, users and queues, as server-sent events")
	o = also(o, store.RoleSupervisor, store.RoleUser)
	o.Description = "Every stream begins with an event `snapshot`; then come differences: `call` (new, or something is different), `ended`, `registered`, `unregistered`, " +
		"`state` (of a user), `board` (of a queue) and `gone` (a queue). A supervisor is told of queues only, a user of their own state and phones. " +
		"Lines that begin with a colon only keep the connection open."
	registry := api.OpenAPI().Components.Schemas
	one := &huma.Schema{Description: "Data of the events snapshot, call, ended, registered, unregistered, state, board and gone.", OneOf: []*huma.Schema{}}
	for _, v := range []any{LiveSnapshot{}, LiveCall{}, EndedCall{}, Registration{}, LostRegistration{}, UserState{}, QueueBoard{}, GoneQueue{}} {
		one.OneOf = append(one.OneOf, registry.Schema(reflect.TypeOf(v), true, ""))
	}
	o.Responses = map[string]*huma.Response{"200": {Description: "The stream.", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: one}}}}
	o.Errors = append(o.Errors, http.StatusTooManyRequests)
	register(s, api, scopeAccount, o, s.watchAccount)
}

func (s *server) watchAccount(ctx context.Context, in *AccountPath) (*huma.StreamResponse, error) {
	p := who(ctx)
	if s.cfg.Events == nil || s.cfg.Company == nil {
		return nil, huma.Error503ServiceUnavailable("there are no events here")
	}
	if err := s.inAccount(ctx, in.id(), nil, func(*store.Tx, *store.Account) error { return nil }); err != nil {
		return nil, err
	}
	if !s.readers.enter(p.id) {
		return nil, huma.Error429TooManyRequests("too many streams are open")
	}
	states, err := s.cfg.Events(in.id(), "")
	if err != nil {
		s.readers.leave(p.id)
		return nil, huma.Error503ServiceUnavailable("the account is not in service yet")
	}
	stream := &liveStream{s: s, account: in.id(), states: states, view: viewOf(p)}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer s.readers.leave(p.id)
		defer stream.Close()
		c.SetHeader("Content-Type", "text/event-stream")
		if w, ok := c.BodyWriter().(http.ResponseWriter); ok {
			s.sendEvents(c.Context(), w, stream, p)
		}
	}}, nil
}

// liveView is what a reader is told of.
type liveView struct {
	calls, queues bool
	users         bool
	user          string // only this one; empty: all
}

func viewOf(p principal) liveView {
	switch p.role {
	case store.RoleSupervisor:
		return liveView{queues: true}
	case store.RoleUser:
		return liveView{users: true, user: p.user}
	}
	return liveView{calls: true, queues: true, users: true}
}

func (v liveView) sees(user string) bool {
	return v.users && (v.user == "" || v.user == user)
}

// liveStream tells what is so, and then what becomes different.
type liveStream struct {
	s       *server
	account dialplan.AccountID
	states  EventStream
	view    liveView

	begun   bool
	look    time.Time // when to compare again
	pending []any
	calls   map[string]LiveCall
	phones  map[LostRegistration]Registration
	queues  map[string]QueueBoard
	of      *dialplan.Account // from which ids was made
	ids     map[string]int64  // of queues, by number
}

// Close implements EventStream.
func (l *liveStream) Close() { l.states.Close() }

// Next implements EventStream.
func (l *liveStream) Next(ctx context.Context) (any, error) {
	if !l.begun {
		return l.begin(ctx)
	}
	for len(l.pending) == 0 {
		tick, cancel := context.WithDeadline(ctx, l.look)
		ev, err := l.states.Next(tick)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, context.DeadlineExceeded):
			l.look = time.Now().Add(liveEvery)
			l.compare(ctx)
		case err != nil:
			return nil, err
		default:
			if st, ok := ev.(UserState); ok && l.view.sees(st.Extension) {
				return st, nil
			}
		}
	}
	ev := l.pending[0]
	l.pending = l.pending[1:]
	return ev, nil
}

// begin waits for the states, then reads the rest.
func (l *liveStream) begin(ctx context.Context) (any, error) {
	ev, err := l.states.Next(ctx)
	if err != nil {
		return nil, err
	}
	out := LiveSnapshot{Calls: []LiveCall{}, Registrations: []Registration{}, States: []UserState{}, Queues: []QueueBoard{}}
	if first, ok := ev.(EventSnapshot); ok {
		for _, st := range first.States {
			if l.view.sees(st.Extension) {
				out.States = append(out.States, st)
			}
		}
	}
	l.calls, l.phones, l.queues = map[string]LiveCall{}, map[LostRegistration]Registration{}, map[string]QueueBoard{}
	l.compare(ctx)
	l.pending = nil
	for _, c := range l.calls {
		out.Calls = append(out.Calls, c)
	}
	slices.SortFunc(out.Calls, func(a, b LiveCall) int { return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID)) })
	for _, r := range l.phones {
		out.Registrations = append(out.Registrations, r)
	}
	slices.SortFunc(out.Registrations, func(a, b Registration) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Contact, b.Contact))
	})
	for _, q := range l.queues {
		out.Queues = append(out.Queues, q)
	}
	slices.SortFunc(out.Queues, func(a, b QueueBoard) int { return cmp.Compare(a.Queue, b.Queue) })
	l.begun, l.look = true, time.Now().Add(liveEvery)
	return out, nil
}

// compare finds what is different now.
func (l *liveStream) compare(ctx context.Context) {
	a := l.s.cfg.Company(l.account)
	if l.view.calls && l.s.cfg.Live != nil {
		now := make(map[string]LiveCall)
		for _, c := range l.s.cfg.Live(l.account) {
			now[c.ID] = c
		}
		l.pending = append(l.pending, differences(l.calls, now, func(a, b LiveCall) bool { return a == b },
			func(id string) any { return EndedCall{id} })...)
		l.calls = now
	}
	if l.view.users && l.s.cfg.Registrations != nil {
		now := make(map[LostRegistration]Registration)
		for _, r := range l.s.cfg.Registrations(l.account) {
			if l.view.user == "" || a != nil && a.Channels[r.Channel] != nil && a.Channels[r.Channel].User == l.view.user {
				now[LostRegistration{r.Channel, r.Engine, r.Contact}] = r
			}
		}
		l.pending = append(l.pending, differences(l.phones, now, func(a, b Registration) bool { return a == b },
			func(r LostRegistration) any { return r })...)
		l.phones = now
	}
	if l.view.queues && l.s.cfg.QueueBoard != nil {
		if a != l.of {
			l.of, l.ids = a, queueIDs(a)
		}
		now := make(map[string]QueueBoard)
		for number, id := range l.ids {
			if b, ok := l.s.cfg.QueueBoard(ctx, l.account, id); ok {
				now[number] = b
			}
		}
		l.pending = append(l.pending, differences(l.queues, now, func(a, b QueueBoard) bool { return reflect.DeepEqual(a, b) },
			func(number string) any { return GoneQueue{number} })...)
		l.queues = now
	}
}

// differences are the rows that are new or other, and what is to be said of those that are gone.
func differences[K comparable, V any](before, now map[K]V, same func(a, b V) bool, gone func(K) any) []any {
	var out []any
	for k, v := range now {
		if old, ok := before[k]; !ok || !same(old, v) {
			out = append(out, v)
		}
	}
	for k := range before {
		if _, ok := now[k]; !ok {
			out = append(out, gone(k))
		}
	}
	return out
}

func queueIDs(a *dialplan.Account) map[string]int64 {
	out := make(map[string]int64)
	if a == nil {
		return out
	}
	for number, e := range a.Extensions {
		if _, ok := e.Config.(*dialplan.Queue); ok {
			out[number] = e.ID
		}
	}
	return out
}
