package phone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// server is a registrar with one account, 101 with password secret, that can also refuse and notify.
type server struct {
	ep *endpoint

	mu        sync.Mutex
	nonce     string
	minimum   int
	granted   int
	stale     bool // refuse the next good credentials as stale, once
	registers *journal[Message]
	subs      *journal[*sip.Request]
}

func newServer(t *testing.T, transport string, change ...func(*server)) *server {
	t.Helper()
	cfg := Config{User: "server", Transport: transport}
	must(t, cfg.defaults())
	trace := &syncBuffer{}
	cfg.Trace = trace
	ep, err := newEndpoint(&cfg)
	must(t, err)
	s := &server{ep: ep, nonce: "n1", registers: newJournal[Message](), subs: newJournal[*sip.Request]()}
	for _, f := range change {
		f(s)
	}
	ep.onRequest, ep.onAck, ep.onCancel = s.onRequest, func(*sip.Request) {}, func(*sip.Request, *serverTx) {}
	ep.start()
	t.Cleanup(ep.close)
	return s
}

func (s *server) onRequest(req *sip.Request, tx *serverTx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ask, give := "WWW-Authenticate", "Authorization"
	code := 401
	if req.Method == sip.INVITE {
		ask, give, code = "Proxy-Authenticate", "Proxy-Authorization", 407
	}
	challenge := func(stale string) {
		res := sip.NewResponseFromRequest(req, code, "Who are you", nil)
		// The one it cannot do comes first: phones have to look further (RFC 8760).
		res.AppendHeader(sip.NewHeader(ask, `Digest realm="test", nonce="x", algorithm=SHA-512-256x`))
		res.AppendHeader(sip.NewHeader(ask, fmt.Sprintf(`Digest realm="test", nonce="%s", algorithm=MD5, qop="auth"%s`, s.nonce, stale)))
		_ = tx.respond(res)
	}
	value := headerValue(req, give)
	if value == "" {
		challenge("")
		return
	}
	got, err := digest.ParseCredentials(value)
	if err != nil {
		tx.reply(400, "Bad Credentials")
		return
	}
	want, err := digest.Digest(&digest.Challenge{Realm: "test", Nonce: s.nonce, Algorithm: "MD5", QOP: []string{"auth"}}, digest.Options{
		Method: string(req.Method), URI: got.URI, Username: "101", Password: "secret", Count: got.Nc, Cnonce: got.Cnonce,
	})
	if err != nil || want.Response != got.Response {
		challenge("")
		return
	}
	if s.stale {
		s.stale, s.nonce = false, "n2"
		challenge(", stale=true")
		return
	}
	switch req.Method {
	case sip.REGISTER:
		m := requestMessage(req)
		expires := 0
		fmt.Sscan(m.Header("Expires"), &expires)
		if expires > 0 && expires < s.minimum {
			res := sip.NewResponseFromRequest(req, 423, "Interval Too Brief", nil)
			res.AppendHeader(sip.NewHeader("Min-Expires", fmt.Sprint(s.minimum)))
			_ = tx.respond(res)
			return
		}
		if s.granted > 0 && expires > 0 {
			expires = s.granted
		}
		res := sip.NewResponseFromRequest(req, 200, "OK", nil)
		res.AppendHeader(sip.NewHeader("Contact", "<sip:other@127.0.0.1:1>;expires=7"))
		res.AppendHeader(sip.NewHeader("Contact", m.Header("Contact")+fmt.Sprintf(";expires=%d", expires)))
		s.registers.add(m)
		_ = tx.respond(res)
	case sip.SUBSCRIBE:
		res := sip.NewResponseFromRequest(req, 200, "OK", nil)
		res.To().Params.Add("tag", "srv")
		res.AppendHeader(sip.NewHeader("Contact", "<sip:"+s.ep.local+">"))
		res.AppendHeader(sip.NewHeader("Expires", headerValue(req, "Expires")))
		s.subs.add(req)
		_ = tx.respond(res)
	default:
		tx.reply(404, "Not Found")
	}
}

// notify sends a NOTIFY, inside of the subscription sub or (nil) outside of any.
func (s *server) notify(ctx context.Context, to *Phone, sub *sip.Request, event, body string, seq int) error {
	return s.notifyState(ctx, to, sub, event, "active;expires=60", body, seq)
}

func (s *server) notifyState(ctx context.Context, to *Phone, sub *sip.Request, event, state, body string, seq int) error {
	uri, callID, toHeader, from := sip.Uri{}, newCallID(), "<sip:101@test>", "<sip:101@test>;tag=srv"
	if err := sip.ParseUri(to.URI(), &uri); err != nil {
		return err
	}
	if sub != nil {
		callID, toHeader = sub.CallID().Value(), headerValue(sub, "From")
	}
	req := sip.NewRequest(sip.NOTIFY, uri)
	for _, h := range [][2]string{
		{"From", from}, {"To", toHeader}, {"Call-ID", callID}, {"CSeq", fmt.Sprintf("%d NOTIFY", seq)}, {"Max-Forwards", "70"},
		{"Event", event}, {"Subscription-State", state}, {"Contact", "<sip:" + s.ep.local + ">"},
		{"Content-Type", "text/plain"},
	} {
		req.AppendHeader(sip.NewHeader(h[0], h[1]))
	}
	req.SetBody([]byte(body))
	res, err := s.ep.do(ctx, req, peer{addr: to.Addr()})
	if err == nil && res.StatusCode != 200 {
		err = statusError(res)
	}
	return err
}

func TestRegister(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			ctx := testContext(t)
			s := newServer(t, transport, func(s *server) { s.minimum, s.stale = 60, true })
			p := newPhone(t, Config{User: "101", Password: "secret", Registrar: s.ep.local, Transport: transport, Expires: 30 * time.Second, ContactUser: "line1"})
			must(t, p.Register(ctx))
			if ok, err := p.Registered(); !ok || err != nil {
				t.Errorf("registered: %t, %v", ok, err)
			}
			first := s.registers.all()[0]
			if !strings.HasPrefix(first.Header("Contact"), `<sip:line1@`+p.Addr()) || first.Header("Expires") != "60" {
				t.Errorf("registered %q for %s", first.Header("Contact"), first.Header("Expires"))
			}
			must(t, p.Close())
			all := s.registers.all()
			if last := all[len(all)-1]; last.Header("Expires") != "0" {
				t.Errorf("close left the binding: last REGISTER has Expires %s", last.Header("Expires"))
			}
		})
	}
}

func TestRegistrationIsRefreshed(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := newServer(t, "udp", func(s *server) { s.granted = 2 })
	p := newPhone(t, Config{User: "101", Password: "secret", Registrar: s.ep.local})
	must(t, p.Register(ctx))
	must(t, s.registers.wait(ctx, nil, func(all []Message) bool { return len(all) >= 2 }))
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := newServer(t, "udp")
	p := newPhone(t, Config{User: "101", Password: "wrong", Registrar: s.ep.local})
	wantStatus(t, p.Register(ctx), 401)
	out, err := p.Dial(ctx, "200", DialOptions{})
	must(t, err)
	wantStatus(t, out.WaitAnswered(ctx), 407)
	if got := len(out.Responses()); got < 2 {
		t.Errorf("%d responses, want the challenge and the refusal", got)
	}
}

func TestDialAuthenticates(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := newServer(t, "udp")
	p := newPhone(t, Config{User: "101", Password: "secret", Registrar: s.ep.local})
	out, err := p.Dial(ctx, "*97#", DialOptions{})
	must(t, err)
	wantStatus(t, out.WaitAnswered(ctx), 404) // the server's answer to whom it knows
	out, err = p.Dial(ctx, "200", DialOptions{NoAuth: true})
	must(t, err)
	wantStatus(t, out.WaitAnswered(ctx), 407)
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := newServer(t, "udp")
	p := newPhone(t, Config{User: "101", Password: "secret", Registrar: s.ep.local})
	must(t, s.notify(ctx, p, nil, "check-sync;reboot=false", "", 1))
	if _, err := p.WaitNotify(ctx, func(n Notification) bool { return n.Event == "check-sync" }); err != nil {
		t.Error(err)
	}
	sub, err := p.Subscribe(ctx, "102", "dialog", "application/dialog-info+xml", time.Minute)
	must(t, err)
	req := s.subs.all()[0]
	if got := headerValue(req, "Accept"); got != "application/dialog-info+xml" {
		t.Errorf("Accept is %q", got)
	}
	for i, state := range []string{"trying", "confirmed", "terminated"} {
		must(t, s.notify(ctx, p, req, "dialog", "<state>"+state+"</state>", i+1))
	}
	n, err := sub.WaitLast(ctx, func(n Notification) bool { return strings.Contains(n.Body, "terminated") })
	must(t, err)
	if n.Event != "dialog" || n.State != "active" || len(sub.Notifications()) != 3 {
		t.Errorf("%d notifications, last %+v", len(sub.Notifications()), n)
	}
	must(t, sub.Close(ctx))
	all := s.subs.all()
	if got := headerValue(all[len(all)-1], "Expires"); got != "0" {
		t.Errorf("unsubscribed with Expires %s", got)
	}
	ended, err := p.Subscribe(ctx, "103", "dialog", "application/dialog-info+xml", time.Minute)
	must(t, err)
	n2 := len(s.subs.all())
	must(t, s.notifyState(ctx, p, s.subs.all()[n2-1], "dialog", "terminated;reason=noresource", "", 1))
	if _, err := ended.Wait(ctx, func(n Notification) bool { return n.State == "terminated" }); err != nil {
		t.Error(err)
	}
	must(t, ended.Close(ctx))
	if got := len(s.subs.all()); got != n2 {
		t.Errorf("%d SUBSCRIBEs for what had ended", got-n2)
	}
	late, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := sub.Wait(late, func(Notification) bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wait for what never comes: %v", err)
	}
}
