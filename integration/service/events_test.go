package service

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"callplane/integration/phone"
)

// eventTime bounds an attempt to subscribe.
const eventTime = 10 * time.Second

// eventsAndLamps: what was configured by the API is seen in a stream of events and on a busy lamp, through a kill -9 of the controller.
func eventsAndLamps(s *system) {
	channels := s.company(2)
	base := fmt.Sprintf("/accounts/%d", s.account)
	var group struct {
		ID int64 `json:"id"`
	}
	s.Call("POST", base+"/privacy-groups", object{"name": "Desk", "members": []string{"102"}}, &group)
	s.Call("PUT", base+"/extensions/101", object{"number": "101", "name": "User 101", "kind": "user", "user": object{"offer_second_call": true,
		"privacy": []object{{"group": group.ID, "notify": true, "blf": true, "pickup": true}}}}, nil)
	var token struct {
		Token string `json:"token"`
	}
	s.Call("POST", base+"/tokens", object{"name": "desk of 102", "role": "user", "user": "102"}, &token)
	carrier := s.Carrier("127.70.0.9")
	ann, bob := s.registered(channels["101"]), s.registered(channels["102"])

	// A subscription that came before the right would have been refused.
	var lamp *phone.Subscription
	s.Until("102 watches 101", func() bool {
		ctx, cancel := context.WithTimeout(s.Context(), eventTime)
		defer cancel()
		sub, err := bob.Subscribe(ctx, "101", "dialog", "application/dialog-info+xml", 2*time.Minute)
		lamp = sub
		return err == nil
	})
	shows := func(state string) {
		s.Helper()
		s.Step("lamp: "+state, func(ctx context.Context) error {
			_, err := lamp.WaitLast(ctx, func(n phone.Notification) bool {
				lit := ""
				for _, x := range []string{"early", "confirmed"} {
					if strings.Contains(n.Body, "<state>"+x+"</state>") {
						lit = x
					}
				}
				return lit == state
			})
			return err
		})
	}
	shows("")
	events := s.watch(token.Token)
	events.until("snapshot", func(e object) bool { return strings.Contains(fmt.Sprint(e["states"]), "101") })
	call, err := carrier.Dial(s.Context(), "sip:"+number(10)+"@"+s.Engine.Trunk, phone.DialOptions{NoAuth: true})
	if err != nil {
		s.Fatal(err)
	}
	var callee *phone.Call
	s.Step("101 is called", func(ctx context.Context) (err error) {
		callee, err = ann.WaitIncoming(ctx)
		return err
	})
	events.until("ringing", func(e object) bool {
		return fmt.Sprint(e["over"]) == "[101]" && strings.HasSuffix(fmt.Sprint(e["caller"]), "31612345678")
	})
	shows("early")
	s.Step("101 answers", callee.Answer)
	events.until("stopped", func(e object) bool { return e["reason"] == "answered" && e["answered_by"] == "101" })
	shows("confirmed")
	// Talking, not only picked up: that is what a kill must not harm.
	s.Step("the caller is answered", call.WaitAnswered)

	s.Kill9()
	s.Start()
	// Busy again, as the engine tells; the lamp has been on all the time.
	s.Until("the controller is back", func() bool { return s.liveCalls() == 1 })
	events = s.watch(token.Token)
	events.until("snapshot", func(e object) bool { return strings.Contains(fmt.Sprint(e["states"]), "busy") })
	shows("confirmed")
	s.Step("101 hangs up", callee.Hangup)
	s.Step("the caller sees the end", call.WaitEnded)
	events.until("state", func(e object) bool { return e["extension"] == "101" && e["state"] == "idle" })
	shows("")
}

// watching is a stream of events.
type watching struct {
	s  *system
	in *bufio.Reader
}

func (s *system) watch(token string) *watching {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), "GET", fmt.Sprintf("%s/api/v1/accounts/%d/events", s.API, s.account), nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		s.Fatalf("events: %s", resp.Status)
	}
	return &watching{s, bufio.NewReader(resp.Body)}
}

// until reads to an event of this name for which ok is true.
func (w *watching) until(name string, ok func(object) bool) {
	w.s.Helper()
	found := make(chan error, 1)
	go func() {
		event := ""
		for {
			line, err := w.in.ReadString('\n')
			if err != nil {
				found <- err
				return
			}
			if rest, is := strings.CutPrefix(line, "event: "); is {
				event = strings.TrimSpace(rest)
			}
			data, is := strings.CutPrefix(line, "data: ")
			var e object
			if is && event == name && json.Unmarshal([]byte(data), &e) == nil && ok(e) {
				found <- nil
				return
			}
		}
	}()
	w.s.Step("event "+name, func(ctx context.Context) error {
		select {
		case err := <-found:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}
