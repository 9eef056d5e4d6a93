package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callplane/dialplan"
	"callplane/store"
)

// sight is an account whose live state a test changes.
type sight struct {
	calls  []LiveCall
	phones []Registration
	boards map[int64]QueueBoard
	states chan any
}

func (v *sight) Next(ctx context.Context) (any, error) {
	select {
	case ev, ok := <-v.states:
		if !ok {
			return nil, io.EOF
		}
		return ev, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (v *sight) Close() {}

// watch begins a stream of what somebody sees of an account with a user on a phone and a queue.
func (v *sight) watch(p principal) *liveStream {
	a := &dialplan.Account{ID: 1, Extensions: map[string]*dialplan.Extension{
		"101": {ID: 11, Number: "101", Config: &dialplan.User{}}, "600": {ID: 60, Number: "600", Config: &dialplan.Queue{}},
	}, Channels: map[string]*dialplan.Channel{"ann": {Name: "ann", User: "101"}, "bo": {Name: "bo", User: "102"}}}
	s := &server{cfg: Config{
		Company:       func(dialplan.AccountID) *dialplan.Account { return a },
		Live:          func(dialplan.AccountID) []LiveCall { return v.calls },
		Registrations: func(dialplan.AccountID) []Registration { return v.phones },
		QueueBoard: func(_ context.Context, _ dialplan.AccountID, id int64) (QueueBoard, bool) {
			b, ok := v.boards[id]
			return b, ok
		},
	}}
	return &liveStream{s: s, account: 1, states: v, view: viewOf(p)}
}

func TestLiveStreamTellsDifferences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &sight{states: make(chan any, 10), boards: map[int64]QueueBoard{60: {Queue: "600"}}}
		v.states <- EventSnapshot{States: []UserState{{"101", "busy"}, {"102", "idle"}}}
		v.calls = []LiveCall{{ID: "b", Started: time.Unix(2, 0)}, {ID: "a", Started: time.Unix(1, 0)}}
		v.phones = []Registration{{Channel: "bo"}, {Channel: "ann"}}
		l := v.watch(principal{role: store.RoleReadonly})
		next := func() string {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			ev, err := l.Next(ctx)
			if err != nil {
				return err.Error()
			}
			text, err := eventText(1, ev)
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimPrefix(strings.TrimSuffix(text, "\n\n"), "id: 1\n")
		}
		var first LiveSnapshot
		name, data, _ := strings.Cut(next(), "\n")
		if err := json.Unmarshal([]byte(strings.TrimPrefix(data, "data: ")), &first); err != nil || name != "event: snapshot" {
			t.Fatal(name, err)
		}
		if fmt.Sprint(first.Calls[0].ID, first.Calls[1].ID, first.Registrations[0].Channel, first.States[0].State, first.Queues[0].Queue) != "abannbusy600" {
			t.Errorf("snapshot %+v", first)
		}
		began := time.Now()
		v.states <- UserState{"101", "idle"}
		if got := next(); got != "event: state\ndata: {\"extension\":\"101\",\"state\":\"idle\"}" || time.Since(began) != 0 {
			t.Errorf("%s after %s", got, time.Since(began))
		}
		v.calls = v.calls[:1]
		if got := next(); got != "event: ended\ndata: {\"call\":\"a\"}" {
			t.Error(got)
		}
		v.calls[0].At = "101"
		if got := next(); !strings.HasPrefix(got, "event: call\n") || !strings.Contains(got, `"at":"101"`) {
			t.Error(got)
		}
		v.phones = v.phones[1:]
		if got := next(); got != "event: unregistered\ndata: {\"channel\":\"bo\",\"engine\":\"\",\"contact\":\"\"}" {
			t.Error(got)
		}
		v.boards[60] = QueueBoard{Queue: "600", Waiting: 3}
		if got := next(); !strings.HasPrefix(got, "event: board\n") || !strings.Contains(got, `"waiting":3`) {
			t.Error(got)
		}
		delete(v.boards, 60)
		if got := next(); got != "event: gone\ndata: {\"queue\":\"600\"}" {
			t.Error(got)
		}
		if got := next(); got != context.DeadlineExceeded.Error() {
			t.Errorf("nothing is different: %s", got)
		}
		close(v.states)
		if got := next(); got != io.EOF.Error() {
			t.Error(got)
		}
	})
}

func TestLiveStreamShowsARoleItsOwn(t *testing.T) {
	for role, want := range map[store.Role]string{
		store.RoleAdmin: "1 2 2 1", store.RoleReadonly: "1 2 2 1", store.RolePartner: "1 2 2 1",
		store.RoleSupervisor: "0 0 0 1", store.RoleUser: "0 1 1 0",
	} {
		synctest.Test(t, func(t *testing.T) {
			v := &sight{states: make(chan any, 10), boards: map[int64]QueueBoard{60: {Queue: "600"}}, calls: []LiveCall{{ID: "a"}},
				phones: []Registration{{Channel: "ann"}, {Channel: "bo"}}}
			v.states <- EventSnapshot{States: []UserState{{"101", "busy"}, {"102", "busy"}}}
			l := v.watch(principal{role: role, user: "101"})
			ev, err := l.Next(t.Context())
			s, ok := ev.(LiveSnapshot)
			if got := fmt.Sprint(len(s.Calls), len(s.Registrations), len(s.States), len(s.Queues)); !ok || err != nil || got != want {
				t.Errorf("%s: %s, want %s (%v)", role, got, want, err)
			}
			v.calls, v.phones, v.boards = nil, nil, nil
			v.states <- UserState{"102", "idle"}
			v.states <- UserState{"101", "idle"}
			var got []string
			for {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				ev, err := l.Next(ctx)
				cancel()
				if err != nil {
					break
				}
				got = append(got, fmt.Sprintf("%T%v", ev, ev))
			}
			all := strings.Join(got, " ")
			if role == store.RoleUser && (strings.Contains(all, "102") || strings.Contains(all, "bo") || strings.Contains(all, "EndedCall") || len(got) != 2) ||
				role == store.RoleSupervisor && all != "api.GoneQueue{600}" {
				t.Errorf("%s is told %s", role, all)
			}
		})
	}
}
