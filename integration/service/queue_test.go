package service

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"callplane/integration/phone"
	"callplane/integration/sipp"
)

// board is what the API tells of a queue at a moment.
type board struct {
	Waiting int
	Oldest  time.Time
	Agents  []boardAgent
}

type boardAgent struct {
	Agent, State, Paused string
	Answered             int
	Talk                 float64
}

func (s *system) board(queue string) (b board) {
	s.Helper()
	s.Call("GET", fmt.Sprintf("/accounts/%d/queues/%s/board", s.account, queue), nil, &b)
	return b
}

// boardOrNone is empty while the controller does not know the queue yet.
func (s *system) boardOrNone(queue string) (b board) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, fmt.Sprintf("%s/api/v1/accounts/%d/queues/%s/board", s.API, s.account, queue), nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK {
		if err := json.NewDecoder(resp.Body).Decode(&b); err != nil {
			s.Fatal(err)
		}
	}
	return b
}

// talks waits until an agent is in a conversation of the queue. A phone that answers and hangs up within a millisecond has not been there for
// Asterisk: it sees the end of the leg first.
func (s *system) talks(queue, ext string) {
	s.Helper()
	s.Until(ext+" talks", func() bool {
		return slices.ContainsFunc(s.board(queue).Agents, func(a boardAgent) bool { return a.Agent == ext && a.State == "talking" })
	})
}

// agent logs an agent in to a queue or out, or lets them pause.
func (s *system) agent(queue, ext string, in bool, paused string) {
	s.Helper()
	s.Call("PUT", fmt.Sprintf("/accounts/%d/queues/%s/agents/%s", s.account, queue, ext), object{"active": in, "paused": paused}, nil)
}

// queueCompany is a company whose users are the agents of queue 400, to which number 2 leads.
func (s *system) queueCompany(agents int, queue object) (phones map[string]*phone.Phone) {
	s.Helper()
	channels := s.company(agents)
	phones = map[string]*phone.Phone{}
	var members []object
	for i := range agents {
		ext := strconv.Itoa(101 + i)
		phones[ext] = s.registered(channels[ext])
		members = append(members, object{"extension": ext})
	}
	base := fmt.Sprintf("/accounts/%d", s.account)
	extension := object{"number": "400", "name": "R&D", "kind": "queue", "queue": queue}
	s.Call("POST", base+"/extensions", extension, nil)
	s.Call("POST", base+"/numbers", object{"number": number(2)}, nil)
	var schemes struct{ Items []struct{ ID int64 } }
	s.Call("GET", base+"/schemes", nil, &schemes)
	s.Call("PUT", fmt.Sprintf("%s/schemes/%d/plans/1/entries/%s", base, schemes.Items[0].ID, number(2)), object{"destination": "400"}, nil)
	queue["members"] = members
	s.Call("PUT", base+"/extensions/400", extension, nil)
	// The last change has arrived, so all have.
	s.Until("the agents are free", func() bool {
		b := s.boardOrNone("400")
		return len(b.Agents) == agents && !slices.ContainsFunc(b.Agents, func(a boardAgent) bool { return a.State != "free" })
	})
	return phones
}

// serve lets phones answer whoever comes and talk for a moment, until the test ends. came is told the name that a phone shows.
func (s *system) serve(phones map[string]*phone.Phone, came func(name string)) {
	ctx, cancel := context.WithCancel(s.Context())
	var wg sync.WaitGroup
	for _, p := range phones {
		wg.Go(func() {
			for ctx.Err() == nil {
				c, err := p.WaitIncoming(ctx)
				if err != nil {
					return
				}
				came(c.RemoteIdentity().Name)
				if c.Answer(ctx) != nil {
					continue // withdrawn
				}
				select {
				case <-time.After(100 * time.Millisecond):
				case <-ctx.Done():
				}
				_ = c.Hangup(ctx) // the caller may have been faster
			}
		})
	}
	s.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// schedule is somebody who waits in a queue and hears the announcements.
type schedule struct {
	call  *phone.Call
	since time.Time
}

// told waits for the next announcement, amid ringing, and asserts that it comes when it is due by the caller's own clock.
func (w schedule) told(ctx context.Context, every time.Duration) error {
	const ringing = 425
	if err := w.call.HearsOnly(ctx, ringing); err != nil {
		return err
	}
	if err := w.call.HearsOther(ctx, ringing); err != nil {
		return err
	}
	if late := time.Since(w.since) % every; late > every/2-time.Second {
		return fmt.Errorf("told %v after the entry, which is no time of each %v", time.Since(w.since), every)
	}
	return nil
}

// queueOfMany: kill -9 of the controller while 200 callers wait. All keep place and time, two who listen also the times of their
// announcements, agents their counters.
func queueOfMany(s *system) {
	const callers, listeners, interval, ip = 200, 2, 10 * time.Second, "127.70.0.12"
	phones := s.queueCompany(4, object{"strategy": "longest_idle", "announce_position": true, "interval": interval.Seconds(), "music": false})
	carrier := s.Carrier(ip)
	dial := func() (c *phone.Call) {
		s.Helper()
		s.Step("call the queue", func(ctx context.Context) (err error) {
			c, err = carrier.Dial(ctx, "sip:"+number(2)+"@"+s.Engine.Trunk, phone.DialOptions{NoAuth: true})
			return err
		})
		return c
	}
	for _, ext := range []string{"102", "103", "104"} {
		s.agent("400", ext, true, "Training")
	}
	first := conversation{caller: dial()}
	s.Step("the agent is called", func(ctx context.Context) (err error) {
		first.callee, err = phones["101"].WaitIncoming(ctx)
		return err
	})
	s.Step("answer", first.callee.Answer)
	s.talks("400", "101")
	s.agent("400", "101", true, "Lunch")
	s.Step("end", first.callee.Hangup)
	s.Step("the other side sees the end", first.caller.WaitEnded)
	s.Until("the conversation is counted", func() bool { return s.board("400").Agents[0].Talk > 0 })

	var listening []schedule
	listen := func() {
		s.Helper()
		w := schedule{call: dial()}
		s.Step("be in the queue", w.call.WaitAnswered)
		w.since = time.Now()
		listening = append(listening, w)
	}
	listen()
	crowd, err := sipp.Start(s.Context(), sipp.UACWaitBye, sipp.Options{Target: s.Engine.Trunk, LocalIP: ip, Service: number(2), Calls: callers - listeners, Rate: 20, Limit: callers,
		Messages: true, Keys: map[string]string{"from": "+31612345678", "display": "Caller"}})
	if err != nil {
		s.Fatal(err)
	}
	ended := make(chan struct{})
	var stats sipp.Stats
	go func() {
		defer close(ended)
		stats, err = crowd.Wait()
	}()
	s.Cleanup(func() {
		crowd.Stop()
		<-ended
	})
	s.Until("the crowd waits", func() bool { return s.board("400").Waiting == callers-1 })
	// The other one who listens is told at other times.
	time.Sleep(interval/2 + interval - time.Since(listening[0].since)%interval)
	listen()
	s.Until("all wait", func() bool { return s.board("400").Waiting == callers })
	before := s.board("400")

	s.Kill9()
	s.Start()
	s.Until("all wait again", func() bool { return s.boardOrNone("400").Waiting == callers })
	s.Until("agents' counters are there", func() bool { return s.board("400").Agents[0].Answered == 1 })
	after := s.board("400")
	if !after.Oldest.Equal(before.Oldest) {
		s.Errorf("the first waits since %v, before the restart since %v", after.Oldest, before.Oldest)
	}
	for i, a := range after.Agents {
		if b := before.Agents[i]; a.Paused != b.Paused || a.State != "paused" || a.Answered != b.Answered || max(a.Talk-b.Talk, b.Talk-a.Talk) > 0.01 {
			s.Errorf("agent %+v, before the restart %+v", a, b)
		}
	}
	s.Step("announcements come when they are due", func(ctx context.Context) error {
		errs := make([]error, len(listening))
		var wg sync.WaitGroup
		for i, w := range listening {
			wg.Go(func() { errs[i] = w.told(ctx, interval) })
		}
		wg.Wait()
		return errors.Join(errs...)
	})
	select {
	case <-ended:
		s.Fatalf("callers are gone: %v", err)
	default:
	}
	var mu sync.Mutex
	var shown []string
	s.serve(phones, func(name string) {
		mu.Lock()
		defer mu.Unlock()
		shown = append(shown, name)
	})
	began := time.Now()
	for ext := range phones {
		s.agent("400", ext, true, "")
	}
	s.Until("all are served", func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
	if err != nil || stats.Successful != callers-listeners {
		s.Fatalf("%d of %d callers were served: %v", stats.Successful, callers-listeners, err)
	}
	for _, w := range listening {
		s.Step("who listened is served, too", w.call.WaitEnded)
	}
	s.Logf("served in %v", time.Since(began).Round(time.Millisecond))
	mu.Lock()
	defer mu.Unlock()
	s.keptPlace(stats.Messages, shown, 3*len(phones))
	s.figures(callers + 1)
}

// keptPlace compares the order in which the crowd came with the one in which agents' phones showed it. The engine answers callers a
// moment after they have their place, so places are told apart by more than what comes in that time.
func (s *system) keptPlace(messages []sipp.Message, shown []string, off int) {
	s.Helper()
	came := map[string]int{} // by number of the call
	for _, m := range messages {
		if m.Method != "INVITE" || m.Sent || m.Line != "SIP/2.0 200 OK" {
			continue
		}
		number, _, _ := strings.Cut(m.CallID, "-")
		if _, again := came[number]; !again {
			came[number] = len(came)
		}
	}
	seen := map[string]bool{}
	for _, name := range shown {
		number := name[strings.LastIndexByte(name, ' ')+1:]
		place, one := came[number]
		if !one || seen[number] {
			continue // who listens; or offered once more
		}
		if d := place - len(seen); d > off || d < -off {
			s.Errorf("caller %d was offered as number %d", place, len(seen))
		}
		seen[number] = true
	}
	if len(seen) != len(came) {
		s.Errorf("%d of %d callers were shown to agents: %q", len(seen), len(came), shown)
	}
}

// figures asserts what statistics tell of a queue all of whose callers were answered.
func (s *system) figures(calls int) {
	s.Helper()
	var f struct {
		Total struct {
			All, Answered, Unanswered, Talk struct {
				Count          int
				Min, Max       float64
				Average, Total float64
			}
		}
		Agents []struct {
			Agent    string
			Answered int
		}
	}
	s.Until("the figures are written", func() bool {
		s.Call("GET", fmt.Sprintf("/accounts/%d/queues/400/statistics?interval=hour", s.account), nil, &f)
		return f.Total.Talk.Count == calls
	})
	sum := 0
	for _, a := range f.Agents {
		sum += a.Answered
	}
	t := f.Total
	if t.All.Count != calls || t.Answered.Count != calls || t.Unanswered.Count != 0 || sum != calls || t.Answered.Max < 2 || t.Answered.Average <= t.Answered.Min {
		s.Errorf("figures %+v", f)
	}
}

// queueByAPI: what an administrator changes by the API is what callers and agents meet: rank, who is active, who may log in, pauses.
func queueByAPI(s *system) {
	phones := s.queueCompany(3, object{"strategy": "sequential", "access": "closed", "ring_timeout": 3})
	path := fmt.Sprintf("/accounts/%d/extensions/400", s.account)
	order := func(exts ...string) {
		s.Helper()
		var e object
		s.Call("GET", path, nil, &e)
		var members []object
		for _, x := range exts {
			members = append(members, object{"extension": x})
		}
		e["queue"].(map[string]any)["members"] = members
		delete(e, "id")
		s.Call("PUT", path, e, nil)
	}
	state := func(want ...string) {
		s.Helper()
		s.Until(fmt.Sprint("agents are ", want), func() bool {
			var got []string
			for _, a := range s.board("400").Agents {
				got = append(got, a.Agent+" "+cmp.Or(a.Paused, a.State))
			}
			return slices.Equal(got, want)
		})
	}
	carrier := s.Carrier("127.70.0.13")
	// reaches lets a caller come, whom these agents are offered to in turn; the last answers.
	reaches := func(exts ...string) {
		s.Helper()
		var out, in *phone.Call
		s.Step("call the queue", func(ctx context.Context) (err error) {
			out, err = carrier.Dial(ctx, "sip:"+number(2)+"@"+s.Engine.Trunk, phone.DialOptions{NoAuth: true})
			return err
		})
		for _, x := range exts {
			s.Step(x+" is called", func(ctx context.Context) (err error) {
				in, err = phones[x].WaitIncoming(ctx)
				return err
			})
		}
		s.Step("answer", in.Answer)
		s.talks("400", exts[len(exts)-1])
		s.Step("end", in.Hangup)
		s.Step("the caller sees the end", out.WaitEnded)
	}
	state("101 free", "102 free", "103 free")
	reaches("101")
	order("103", "101", "102")
	state("103 free", "101 free", "102 free")
	reaches("103", "101")
	s.agent("400", "103", false, "")
	s.agent("400", "101", true, "Lunch")
	state("103 logged-out", "101 Lunch", "102 free")
	reaches("102")
	s.agent("400", "103", true, "")
	s.agent("400", "101", true, "")
	state("103 free", "101 free", "102 free") // the ranks are as they were
	reaches("103")
	s.agent("400", "103", false, "")
	order("102", "103") // no member any more; who is logged out is not logged in by that
	state("102 free", "103 logged-out")
	reaches("102")
	s.occupation(carrier, phones["102"])
	if code := s.putAgent("101"); code != 422 {
		s.Errorf("a stranger logs in to a closed queue: %d", code)
	}
}

// occupation: a key for the queue flashes while somebody waits; on FreeSWITCH it says the queue's name and how many.
func (s *system) occupation(carrier, p *phone.Phone) {
	s.Helper()
	s.agent("400", "102", true, "Lunch")
	var key *phone.Subscription
	s.Step("watch the queue", func(ctx context.Context) (err error) {
		key, err = p.Subscribe(ctx, "400", "dialog", "application/dialog-info+xml", 2*time.Minute)
		return err
	})
	shows := func(texts ...string) {
		s.Helper()
		s.Step(fmt.Sprint("the key shows ", texts), func(ctx context.Context) error {
			_, err := key.WaitLast(ctx, func(n phone.Notification) bool {
				for _, text := range texts {
					if !strings.Contains(n.Body, text) {
						return false
					}
				}
				return len(texts) > 0 || !strings.Contains(n.Body, "early")
			})
			return err
		})
	}
	shows()
	var calls []*phone.Call
	for i := range 2 {
		s.Step("call the queue", func(ctx context.Context) error {
			c, err := carrier.Dial(ctx, "sip:"+number(2)+"@"+s.Engine.Trunk, phone.DialOptions{NoAuth: true})
			calls = append(calls, c)
			return err
		})
		if strings.Contains(s.Name(), "freeswitch") {
			shows("<state>early</state>", fmt.Sprintf(`display="R&amp;D (%d)"`, i+1), "sip:**400@")
		} else {
			shows("<state>early</state>")
		}
	}
	for _, c := range calls {
		s.Step("be in", c.WaitAnswered)
		s.Step("hang up", c.Hangup)
	}
	shows()
}

// putAgent tries to log an agent in; it gives the status.
func (s *system) putAgent(ext string) int {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPut, fmt.Sprintf("%s/api/v1/accounts/%d/queues/400/agents/%s", s.API, s.account, ext), strings.NewReader(`{"active": true}`))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
