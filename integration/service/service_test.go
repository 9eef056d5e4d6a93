// Package service proves what only the whole thing can show: an installation, configured through its REST API,
// with phones, of which every part may be killed.
package service

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callplane/integration/installation"
	"callplane/integration/phone"
)

// story is told on each engine, in an installation of its own.
type story struct {
	name string
	// alone: no other story may run beside it.
	alone bool
	run   func(t *testing.T, kind, binary string)
}

// on tells a story in an installation of the common kind.
func on(run func(*system)) func(*testing.T, string, string) {
	return func(t *testing.T, kind, binary string) { run(newSystem(t, kind, binary)) }
}

// TestService tells the stories. Most of them wait most of the time, so those that do not need all of the machine run beside
// each other, after those that do.
func TestService(t *testing.T) {
	tell(t, []story{
		{"OPS-02_kill_9_under_50_calls_loses_none", true, on(killUnderCalls)},
		{"ACD-04_ACD-05_queue_by_the_API", false, on(queueByAPI)},
		{"OPS-04_database_away", false, on(databaseAway)},
		{"OPS-03_engine_dies", false, on(engineDies)},
		{"FEA-AST-01_SYS-940_what_is_said_comes_back_as_text_whatever_dies", false, on(assistantHears)},
		{"OPS-05_metrics_and_health", false, on(metricsAndHealth)},
		{"fac-priv-01_fac-blf-01_events_and_lamps_through_a_restart", false, on(eventsAndLamps)},
		{"FAC-REC-01_a_call_is_recorded_through_a_crash_found_and_fetched_in_every_way", true, on(recordedCalls)},
		{"FAC-REC-01_a_full_disk_loses_no_call_and_no_finished_recording", false, on(fullDisk)},
		{"trunk_registers_with_its_carrier", false, on(registeringTrunk)},
		{"malformed_SIP_disturbs_nobody", false, on(malformed)},
		{"secure_channel_is_encrypted_and_plain_ones_go_on", false, on(secureChannel)},
		{"new_channel_works_at_once_and_guessers_are_blocked", false, on(channelsAndGuessers)},
		{"EXT-VM-03_EXT-VM-06_messages_are_mailed_texted_heard_and_deleted_and_the_lamp_tells", false, voicemailSystem},
	})
}

// TestCrowd has what would take the time away from the phones of tests that run beside it. make test runs it when the others are over.
func TestCrowd(t *testing.T) {
	tell(t, []story{{"ACD-15_kill_9_while_200_callers_wait", true, on(queueOfMany)}})
}

// tell builds the controller once.
func tell(t *testing.T, stories []story) {
	binary := installation.Build(t)
	for _, kind := range []string{"asterisk", "freeswitch"} {
		t.Run(kind, func(t *testing.T) {
			for _, s := range stories {
				t.Run(s.name, func(t *testing.T) {
					if !s.alone {
						t.Parallel()
					}
					s.run(t, kind, binary)
				})
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
	s.Step("call "+number(n), func(ctx context.Context) (err error) {
		c.caller, err = carrier.Dial(ctx, "sip:"+number(n)+"@"+s.Engine.Trunk, phone.DialOptions{NoAuth: true})
		return err
	})
	s.Step("be called", func(ctx context.Context) (err error) {
		c.callee, err = callee.WaitIncoming(ctx)
		return err
	})
	s.Step("answer", c.callee.Answer)
	s.Step("be answered", c.caller.WaitAnswered)
	if toneA > 0 {
		c.caller.Play(phone.Tone(toneA))
		c.callee.Play(phone.Tone(toneB))
	}
	return c
}

func (s *system) hear(c conversation, toneA, toneB float64) {
	s.Helper()
	s.Step("callee hears caller", func(ctx context.Context) error { return c.callee.HearsOnly(ctx, toneA) })
	s.Step("caller hears callee", func(ctx context.Context) error { return c.caller.HearsOnly(ctx, toneB) })
}

// calls reads how many calls the controller has, and how many records there are.
func (s *system) liveCalls() int {
	s.Helper()
	var list struct{ Items []object }
	s.Call("GET", fmt.Sprintf("/accounts/%d/live-calls", s.account), nil, &list)
	return len(list.Items)
}

func (s *system) records() []object {
	s.Helper()
	var list struct{ Items []object }
	s.Call("GET", fmt.Sprintf("/accounts/%d/calls?limit=200", s.account), nil, &list)
	return list.Items
}

func killUnderCalls(s *system) {
	const users, each = 10, 5
	channels := s.company(users)
	carrier := s.Carrier("127.70.0.2")
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
	s.Step("call the menu", func(ctx context.Context) (err error) {
		menu, err = carrier.Dial(ctx, "sip:"+number(1)+"@"+s.Engine.Trunk, phone.DialOptions{NoAuth: true})
		return err
	})
	s.Step("menu answers", menu.WaitAnswered)
	s.Until("51 calls are live", func() bool { return s.liveCalls() == users*each+1 })

	s.Kill9()
	s.hear(first, 700, 1100)
	s.Start()

	s.Until("51 calls are live again", func() bool { return s.liveCalls() == users*each+1 })
	s.hear(first, 700, 1100)
	for i, c := range talks {
		if c.caller.State() != phone.Answered || c.callee.State() != phone.Answered {
			s.Errorf("call %d was lost: %s, %s", i, c.caller, c.callee)
		}
	}
	// The menu begins again and takes a key. One conversation of 101 makes room for it.
	s.Step("hang up", first.callee.Hangup)
	s.Step("the other side sees the end", first.caller.WaitEnded)
	s.Step("the menu speaks again", menu.HearsSound)
	s.Step("press 1", func(ctx context.Context) error { return menu.SendDTMF(ctx, "1") })
	s.Step("101 is called", func(ctx context.Context) error {
		c, err := phones["101"].WaitIncoming(ctx)
		if err != nil {
			return err
		}
		return c.Answer(ctx)
	})
	s.Step("hang up the menu's call", menu.Hangup)
	for _, c := range talks[1:] {
		s.Step("hang up", c.caller.Hangup)
		s.Step("callee sees the end", c.callee.WaitEnded)
	}
	s.Until("no call is left", func() bool { return s.liveCalls() == 0 })
	s.Until("51 records are written", func() bool { return len(s.records()) == users*each+1 })
}

func databaseAway(s *system) {
	channels := s.company(2)
	carrier := s.Carrier("127.70.0.3")
	one := s.registered(channels["101"])
	talk := s.connect(carrier, one, 10, 700, 1100)
	s.hear(talk, 700, 1100)
	if err := s.PG.Kill(); err != nil {
		s.Fatal(err)
	}
	s.hear(talk, 700, 1100)
	second := s.connect(carrier, one, 10, 0, 0) // decided from memory
	s.Step("end", second.caller.Hangup)
	s.Step("end", second.callee.WaitEnded)
	s.Metric("callplane_calls_active 1")
	s.Metric("callplane_records_spooled 1")

	s.Kill9()
	s.Start() // knows the company from its own disk
	s.hear(talk, 700, 1100)
	third := s.connect(carrier, one, 10, 0, 0)
	s.Step("end", third.caller.Hangup)
	s.Step("end", third.callee.WaitEnded)
	s.Step("end", talk.callee.Hangup)
	s.Step("end", talk.caller.WaitEnded)

	s.Step("the database returns", s.PG.Restart)
	s.Until("its records are there, each once", func() bool {
		return s.Status(s.API+"/healthz") == http.StatusOK && s.recordsOrNone() == 3
	})
	fresh := s.newChannel("102") // and changes are followed again
	s.registered(fresh)
}

// recordsOrNone counts records while the API may still be without its database.
func (s *system) recordsOrNone() int {
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, fmt.Sprintf("%s/api/v1/accounts/%d/calls", s.API, s.account), nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
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
	carrier := s.Carrier("127.70.0.4")
	one := s.registered(channels["101"])
	lost := s.connect(carrier, one, 10, 700, 1100)
	s.hear(lost, 700, 1100)
	if err := s.Engine.Kill(); err != nil {
		s.Fatal(err)
	}
	s.Until("the controller is not ready", func() bool { return s.Status(s.Ops+"/readyz") == http.StatusServiceUnavailable })
	s.Step("the engine returns", s.Engine.Restart)
	s.Until("the controller is ready again", func() bool { return s.Status(s.Ops+"/readyz") == http.StatusOK })
	s.Until("the record is closed", func() bool { r := s.records(); return len(r) == 1 && r[0]["cause"] == "engine-lost" })
	s.Until("no call is left", func() bool { return s.liveCalls() == 0 })
	again := s.registered(channels["101"])
	talk := s.connect(carrier, again, 10, 700, 1100)
	s.hear(talk, 700, 1100)
	s.Step("end", talk.caller.Hangup)
	s.Step("end", talk.callee.WaitEnded)
}

func metricsAndHealth(s *system) {
	channels := s.company(1)
	carrier := s.Carrier("127.70.0.5")
	one := s.registered(channels["101"])
	talk := s.connect(carrier, one, 10, 0, 0)
	s.Metric(`callplane_calls_active 1`)
	s.Metric(`callplane_engine_up{engine="engine"} 1`)
	s.Step("end", talk.caller.Hangup)
	s.Metric(`callplane_calls_active 0`)
	s.Metric(`callplane_calls_total{cause="normal",direction="inbound"} 1`)
	s.Metric(`callplane_records_written_total 1`)
	if got := s.Status(s.Ops + "/healthz"); got != http.StatusOK {
		s.Errorf("healthz: %d", got)
	}
}

// secureChannel registers by TLS and talks by SRTP with a phone that does neither.
func secureChannel(s *system) {
	channels := s.company(2)
	path := fmt.Sprintf("/accounts/%d/channels/%s", s.account, channels["101"].Name)
	var ch object
	s.Call("GET", path, nil, &ch)
	ch["secure"] = true
	delete(ch, "registered")
	delete(ch, "id")
	s.Call("PUT", path, ch, nil)
	pem, err := os.ReadFile(filepath.Join(s.Dir, "tls", "cert.pem"))
	if err != nil {
		s.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	secure, err := phone.New(s.Context(), phone.Config{
		User: channels["101"].Name, Password: channels["101"].Password, Domain: installation.Domain, Registrar: s.Engine.TLS, Transport: "tls",
		TLS: &tls.Config{RootCAs: pool, ServerName: installation.Domain, MinVersion: tls.VersionTLS12}, SRTP: true,
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = secure.Close() })
	s.Until("the secure phone is registered", func() bool {
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
		s.Step("call "+way.number, func(ctx context.Context) (err error) {
			if a, err = way.from.Dial(ctx, way.number, phone.DialOptions{}); err != nil {
				return err
			}
			b, err = way.to.WaitIncoming(ctx)
			return err
		})
		s.Step("answer", b.Answer)
		s.Step("be answered", a.WaitAnswered)
		a.Play(phone.Tone(700))
		b.Play(phone.Tone(1100))
		s.hear(conversation{a, b}, 700, 1100)
		if a.Encrypted() != (way.from == secure) || b.Encrypted() != (way.to == secure) {
			s.Errorf("call to %s: caller encrypted %t, callee %t", way.number, a.Encrypted(), b.Encrypted())
		}
		s.Step("end", a.Hangup)
		s.Step("end", b.WaitEnded)
	}
}

func channelsAndGuessers(s *system) {
	channels := s.company(1)
	second := s.newChannel("101")
	one, two := s.registered(channels["101"]), s.registered(second)
	carrier := s.Carrier("127.70.0.6")
	var a *phone.Call
	s.Step("call", func(ctx context.Context) (err error) {
		a, err = carrier.Dial(ctx, "sip:"+number(10)+"@"+s.Engine.Trunk, phone.DialOptions{NoAuth: true})
		return err
	})
	for _, p := range []*phone.Phone{one, two} {
		s.Step("both devices ring", func(ctx context.Context) error { _, err := p.WaitIncoming(ctx); return err })
	}
	s.Step("give up", a.Hangup)

	// Disabled: the next request is refused.
	path := fmt.Sprintf("/accounts/%d/channels/%s", s.account, second.Name)
	var ch object
	s.Call("GET", path, nil, &ch)
	ch["enabled"] = false
	for _, field := range []string{"id", "registered"} {
		delete(ch, field)
	}
	s.Call("PUT", path, ch, nil)
	s.Until("the disabled channel is refused", func() bool {
		ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
		defer cancel()
		return s.Phone(second).Register(ctx) != nil
	})

	// An address that guesses is blocked, others are not.
	guesser := func(user, password string) error {
		p, err := phone.New(s.Context(), phone.Config{User: user, Password: password, Domain: installation.Domain, Registrar: s.Engine.SIP, BindIP: "127.70.6.6"})
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
	s.Metric("callplane_auth_blocked 1")
	s.Until("even the right password is of no use from there", func() bool {
		return guesser(channels["101"].Name, channels["101"].Password) != nil
	})
	s.Step("others are not blocked", one.Register)
}
