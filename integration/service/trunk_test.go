package service

import (
	"context"
	"net/netip"
	"time"

	"callplane/integration/phone"
)

// registeringTrunk is a carrier that wants us to register: it calls the contact that we
// gave, with the company's number in To, and demands credentials for what we call.
func registeringTrunk(s *system) {
	channels := s.company(1)
	const ip = "127.70.0.8"
	carrier, err := phone.New(s.Context(), phone.Config{
		User: "+31612345678", Domain: ip, BindIP: ip, Accounts: map[string]string{"callplane-1": "carrier-secret"},
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = carrier.Close() })
	s.Call("POST", "/trunks", object{"name": "registered", "host": ip, "port": netip.MustParseAddrPort(carrier.Addr()).Port(), "sources": []string{ip},
		"country": "NL", "register": true, "username": "callplane-1", "password": "carrier-secret"}, nil)
	var b phone.Binding
	s.Step("the trunk registers", func(ctx context.Context) (err error) {
		b, err = carrier.WaitBinding(ctx, "callplane-1")
		return err
	})
	one := s.registered(channels["101"])
	var in, out *phone.Call
	s.Step("the carrier calls our contact", func(ctx context.Context) (err error) {
		in, err = carrier.Dial(ctx, b.Contact, phone.DialOptions{NoAuth: true, To: "<sip:" + number(10) + "@" + ip + ">"})
		return err
	})
	s.Step("101 is called", func(ctx context.Context) (err error) {
		out, err = one.WaitIncoming(ctx)
		return err
	})
	s.Step("answer", out.Answer)
	s.Step("be answered", in.WaitAnswered)
	in.Play(phone.Tone(700))
	out.Play(phone.Tone(1100))
	s.hear(conversation{in, out}, 700, 1100)
	s.Step("end", in.Hangup)
	s.Step("end", out.WaitEnded)

	// FreeSWITCH uses a carrier from the second after its registration on.
	s.Until("101 can call outside", func() bool {
		ctx, cancel := context.WithTimeout(s.Context(), 3*time.Second)
		defer cancel()
		if out, err = one.Dial(ctx, "0201234567", phone.DialOptions{}); err != nil {
			return false
		}
		in, err = carrier.WaitIncoming(ctx)
		return err == nil
	})
	s.Step("the carrier answers", in.Answer)
	s.Step("be answered", out.WaitAnswered)
	s.Step("end", out.Hangup)
	s.Step("end", in.WaitEnded)
}
