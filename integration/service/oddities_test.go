package service

import (
	"context"
	"fmt"
	"time"

	"callplane/integration/phone"
	"callplane/integration/sipp"
)

// malformed sends what no decent phone sends, from a carrier's address and from a
// stranger's, beside a conversation that must not notice.
func malformed(s *system) {
	channels := s.company(1)
	carrier := s.Carrier("127.70.0.7")
	one := s.registered(channels["101"])
	talk := s.connect(carrier, one, 10, 700, 1100)
	s.hear(talk, 700, 1100)
	for _, from := range []string{"127.70.0.7", "127.70.0.9"} {
		for _, odd := range sipp.Oddities() {
			ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
			stats, err := sipp.Run(ctx, odd.Scenario, sipp.Options{Target: s.Engine.Trunk, LocalIP: from, Keys: odd.Keys, Calls: 1})
			cancel()
			if err != nil {
				s.Errorf("%s from %s: %v (%+v)", odd.Name, from, err, stats)
			}
		}
	}
	s.hear(talk, 700, 1100)
	for i := range 3 {
		again := s.connect(carrier, one, 10, 0, 0)
		s.Step(fmt.Sprint("end of call ", i), again.caller.Hangup)
		s.Step("callee sees the end", again.callee.WaitEnded)
	}
	s.Step("end", talk.caller.Hangup)
	s.Step("callee sees the end", talk.callee.WaitEnded)
	s.Until("no call is left", func() bool { return s.liveCalls() == 0 })

	// A stranger who calls properly is refused as well.
	stranger, err := phone.New(s.Context(), phone.Config{User: "x", Domain: "127.70.0.9", BindIP: "127.70.0.9"})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = stranger.Close() })
	s.Step("a stranger is refused", func(ctx context.Context) error {
		c, err := stranger.Dial(ctx, "sip:"+number(10)+"@"+s.Engine.Trunk, phone.DialOptions{NoAuth: true})
		if err != nil {
			return err
		}
		if c.WaitAnswered(ctx) == nil {
			return fmt.Errorf("it was answered")
		}
		return nil
	})
}
