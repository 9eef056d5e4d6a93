package service

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callplane/integration/phone"
)

// TestService builds the controller once and runs each story on each engine.
func TestService(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "callplane")
	if out, err := exec.Command("go", "build", "-o", binary, "../../controller").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	stories := []struct {
		name string
		run  func(*system)
	}{
		{"OPS-02_kill_9_under_50_calls_loses_none", killUnderCalls},
		{"OPS-04_database_away", databaseAway},
		{"OPS-03_engine_dies", engineDies},
		{"OPS-05_metrics_and_health", metricsAndHealth},
		{"fac-priv-01_fac-blf-01_events_and_lamps_through_a_restart", eventsAndLamps},
		{"trunk_registers_with_its_carrier", registeringTrunk},
		{"malformed_SIP_disturbs_nobody", malformed},
		{"secure_channel_is_encrypted_and_plain_ones_go_on", secureChannel},
		{"new_channel_works_at_once_and_guessers_are_blocked", channelsAndGuessers},
	}
	for _, kind := range []string{"asterisk", "freeswitch"} {
		t.Run(kind, func(t *testing.T) {
			for _, story := range stories {
				t.Run(story.name, func(t *testing.T) { story.run(newSystem(t, kind, binary)) })
			}
		})
	}
}

// conversation is two phones that talk.
type conversation struct{ caller, callee *phone.Call }

// connect lets the carrier call number n, which the callee's phone answers.
func (s *system) connect(carrier, callee *phone.Phone, n int, toneA, toneB float64) conversation {
	s.Helper()
	var c conversation
	s.step("call "+number(n), func(ctx context.Context) (err error) {
		c.caller, err = carrier.Dial(ctx, "sip:"+number(n)+"@"+s.engine.trunk, phone.DialOptions{NoAuth: true})
		return err
	})
	s.step("be called", func(ctx context.Context) (err error) {
		c.callee, err = callee.WaitIncoming(ctx)
		return err
	})
	s.step("answer", c.callee.Answer)
	s.step("be answered", c.caller.WaitAnswered)
	if toneA > 0 {
		c.caller.Play(phone.Tone(toneA))
		c.callee.Play(phone.Tone(toneB))
	}
	return c
}

func (s *system) hear(c conversation, toneA, toneB float64) {
	s.Helper()
	s.step("callee hears caller", func(ctx context.Context) error { return c.callee.HearsOnly(ctx, toneA) })
	s.step("caller hears callee", func(ctx context.Context) error { return c.caller.HearsOnly(ctx, toneB) })
}

// calls reads how many calls the controller has, and how many records there are.
func (s *system) liveCalls() int {
	s.Helper()
	var list struct{ Items []object }
	s.call("GET", fmt.Sprintf("/accounts/%d/live-calls", s.account), nil, &list)
	return len(list.Items)
}

func (s *system) records() []object {
	s.Helper()
	var list struct{ Items []object }
	s.call("GET", fmt.Sprintf("/accounts/%d/calls?limit=200", s.account), nil, &list)
	return list.Items
}

func killUnderCalls(s *system) {
	const users, each = 10, 5
	channels := s.company(users)
	carrier := s.carrier("127.70.0.2")
	var talks []conversation
	phones := map[string]*phone.Phone{}
	for i := range users {
		ext := fmt.Sprint(101 + i)
		phones[ext] = s.registered(channels[ext])
	}
	for i := range users {
		for range each {
			talks = append(talks, s.connect(carrier, phones[fmt.Sprint(101+i)], 10+i, 0, 0))
		}
	}
	first := talks[0]
	first.caller.Play(phone.Tone(700))
	first.callee.Play(phone.Tone(1100))
	s.hear(first, 700, 1100)
	var menu *phone.Call
	s.step("call the menu", func(ctx context.Context) (err error) {
		menu, err = carrier.Dial(ctx, "sip:"+number(1)+"@"+s.engine.trunk, phone.DialOptions{NoAuth: true})
		return err
	})
	s.step("menu answers", menu.WaitAnswered)
	s.until("51 calls are live", func() bool { return s.liveCalls() == users*each+1 })

	s.kill9()
	s.hear(first, 700, 1100)
	s.start()

	s.until("51 calls are live again", func() bool { return s.liveCalls() == users*each+1 })
	s.hear(first, 700, 1100)
	for i, c := range talks {
		if c.caller.State() != phone.Answered || c.callee.State() != phone.Answered {
			s.Errorf("call %d was lost: %s, %s", i, c.caller, c.callee)
		}
	}
	// The menu begins again and takes a key. One conversation of 101 makes room for it.
	s.step("hang up", first.callee.Hangup)
	s.step("the other side sees the end", first.caller.WaitEnded)
	s.step("the menu speaks again", menu.HearsSound)
	s.step("press 1", func(ctx context.Context) error { return menu.SendDTMF(ctx, "1") })
	s.step("101 is called", func(ctx context.Context) error {
		c, err := phones["101"].WaitIncoming(ctx)
		if err != nil {
			return err
		}
		return c.Answer(ctx)
	})
	s.step("hang up the menu's call", menu.Hangup)
	for _, c := range talks[1:] {
		s.step("hang up", c.caller.Hangup)
		s.step("callee sees the end", c.callee.WaitEnded)
	}
	s.until("no call is left", func() bool { return s.liveCalls() == 0 })
	s.until("51 records are written", func() bool { return len(s.records()) == users*each+1 })
}

func databaseAway(s *system) {
	channels := s.company(2)
	carrier := s.carrier("127.70.0.3")
	one := s.registered(channels["101"])
	talk := s.connect(carrier, one, 10, 700, 1100)
	s.hear(talk, 700, 1100)
	if err := s.pg.Kill(); err != nil {
		s.Fatal(err)
	}
	s.hear(talk, 700, 1100)
	second := s.connect(carrier, one, 10, 0, 0) // decided from memory
	s.step("end", second.caller.Hangup)
	s.step("end", second.callee.WaitEnded)
	s.metric("callplane_calls_active 1")
	s.metric("callplane_records_spooled 1")

	s.kill9()
	s.start() // knows the company from its own disk
	s.hear(talk, 700, 1100)
	third := s.connect(carrier, one, 10, 0, 0)
	s.step("end", third.caller.Hangup)
	s.step("end", third.callee.WaitEnded)
	s.step("end", talk.callee.Hangup)
	s.step("end", talk.caller.WaitEnded)

	s.step("the database returns", s.pg.Restart)
	s.until("its records are there, each once", func() bool {
		return s.status(s.api+"/healthz") == http.StatusOK && s.recordsOrNone() == 3
	})
	fresh := s.newChannel("102") // and changes are followed again
	s.registered(fresh)
}

// recordsOrNone counts records while the API may still be without its database.
func (s *system) recordsOrNone() int {
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, fmt.Sprintf("%s/api/v1/accounts/%d/calls", s.api, s.account), nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return -1
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return -1
	}
	return strings.Count(string(b), `"cause"`)
}

func engineDies(s *system) {
	channels := s.company(1)
	carrier := s.carrier("127.70.0.4")
	one := s.registered(channels["101"])
	lost := s.connect(carrier, one, 10, 700, 1100)
	s.hear(lost, 700, 1100)
	if err := s.engine.kill(); err != nil {
		s.Fatal(err)
	}
	s.until("the controller is not ready", func() bool { return s.status(s.ops+"/readyz") == http.StatusServiceUnavailable })
	s.step("the engine returns", s.engine.restart)
	s.until("the controller is ready again", func() bool { return s.status(s.ops+"/readyz") == http.StatusOK })
	s.until("the record is closed", func() bool { r := s.records(); return len(r) == 1 && r[0]["cause"] == "engine-lost" })
	s.until("no call is left", func() bool { return s.liveCalls() == 0 })
	again := s.registered(channels["101"])
	talk := s.connect(carrier, again, 10, 700, 1100)
	s.hear(talk, 700, 1100)
	s.step("end", talk.caller.Hangup)
	s.step("end", talk.callee.WaitEnded)
}

func metricsAndHealth(s *system) {
	channels := s.company(1)
	carrier := s.carrier("127.70.0.5")
	one := s.registered(channels["101"])
	talk := s.connect(carrier, one, 10, 0, 0)
	s.metric(`callplane_calls_active 1`)
	s.metric(`callplane_engine_up{engine="engine"} 1`)
	s.step("end", talk.caller.Hangup)
	s.metric(`callplane_calls_active 0`)
	s.metric(`callplane_calls_total{cause="normal",direction="inbound"} 1`)
	s.metric(`callplane_records_written_total 1`)
	if got := s.status(s.ops + "/healthz"); got != http.StatusOK {
		s.Errorf("healthz: %d", got)
	}
}

func (s *system) metric(line string) {
	s.Helper()
	s.until(line, func() bool {
		resp, err := http.Get(s.ops + "/metrics")
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		return err == nil && strings.Contains("\n"+string(b), "\n"+line+"\n")
	})
}

// secureChannel registers by TLS and talks by SRTP with a phone that does neither.
func secureChannel(s *system) {
	channels := s.company(2)
	path := fmt.Sprintf("/accounts/%d/channels/%s", s.account, channels["101"].Name)
	var ch object
	s.call("GET", path, nil, &ch)
	ch["secure"] = true
	delete(ch, "registered")
	delete(ch, "id")
	s.call("PUT", path, ch, nil)
	pem, err := os.ReadFile(filepath.Join(s.dir, "tls", "cert.pem"))
	if err != nil {
		s.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	secure, err := phone.New(s.Context(), phone.Config{
		User: channels["101"].Name, Password: channels["101"].Password, Domain: domain, Registrar: s.engine.tls, Transport: "tls",
		TLS: &tls.Config{RootCAs: pool, ServerName: domain, MinVersion: tls.VersionTLS12}, SRTP: true,
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = secure.Close() })
	s.until("the secure phone is registered", func() bool {
		ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
		defer cancel()
		return secure.Register(ctx) == nil
	})
	plain := s.registered(channels["102"])
	var a, b *phone.Call
	for _, way := range []struct {
		from, to *phone.Phone
		number   string
	}{{secure, plain, "102"}, {plain, secure, "101"}} {
		s.step("call "+way.number, func(ctx context.Context) (err error) {
			if a, err = way.from.Dial(ctx, way.number, phone.DialOptions{}); err != nil {
				return err
			}
			b, err = way.to.WaitIncoming(ctx)
			return err
		})
		s.step("answer", b.Answer)
		s.step("be answered", a.WaitAnswered)
		a.Play(phone.Tone(700))
		b.Play(phone.Tone(1100))
		s.hear(conversation{a, b}, 700, 1100)
		if a.Encrypted() != (way.from == secure) || b.Encrypted() != (way.to == secure) {
			s.Errorf("call to %s: caller encrypted %t, callee %t", way.number, a.Encrypted(), b.Encrypted())
		}
		s.step("end", a.Hangup)
		s.step("end", b.WaitEnded)
	}
}

func channelsAndGuessers(s *system) {
	channels := s.company(1)
	second := s.newChannel("101")
	one, two := s.registered(channels["101"]), s.registered(second)
	carrier := s.carrier("127.70.0.6")
	var a *phone.Call
	s.step("call", func(ctx context.Context) (err error) {
		a, err = carrier.Dial(ctx, "sip:"+number(10)+"@"+s.engine.trunk, phone.DialOptions{NoAuth: true})
		return err
	})
	for _, p := range []*phone.Phone{one, two} {
		s.step("both devices ring", func(ctx context.Context) error { _, err := p.WaitIncoming(ctx); return err })
	}
	s.step("give up", a.Hangup)

	// Disabled: the next request is refused.
	path := fmt.Sprintf("/accounts/%d/channels/%s", s.account, second.Name)
	var ch object
	s.call("GET", path, nil, &ch)
	ch["enabled"] = false
	for _, field := range []string{"id", "registered"} {
		delete(ch, field)
	}
	s.call("PUT", path, ch, nil)
	s.until("the disabled channel is refused", func() bool {
		ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
		defer cancel()
		return s.phone(second).Register(ctx) != nil
	})

	// An address that guesses is blocked, others are not.
	guesser := func(user, password string) error {
		p, err := phone.New(s.Context(), phone.Config{User: user, Password: password, Domain: domain, Registrar: s.engine.sip, BindIP: "127.70.6.6"})
		if err != nil {
			s.Fatal(err)
		}
		defer func() { _ = p.Close() }()
		ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
		defer cancel()
		return p.Register(ctx)
	}
	for i := range 6 {
		if guesser(channels["101"].Name, fmt.Sprint("guess", i)) == nil {
			s.Fatal("a wrong password was accepted")
		}
	}
	s.metric("callplane_auth_blocked 1")
	s.until("even the right password is of no use from there", func() bool {
		return guesser(channels["101"].Name, channels["101"].Password) != nil
	})
	s.step("others are not blocked", one.Register)
}
