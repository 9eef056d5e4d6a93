package asterisk

import (
	"bufio"
	"strings"
	"testing"
	"time"

	"callplane/controller/engine"
)

func TestDecodeEvent(t *testing.T) {
	for _, x := range []struct {
		name, in string
		want     func(*event) bool
	}{
		{"unknown type", `{"type":"SomethingNew","x":{"y":1}}`, func(e *event) bool { return e.Type == "SomethingNew" }},
		{"end", `{"type":"ChannelDestroyed","timestamp":"2026-11-22T20:47:27.635+0000","cause":17,"tech_cause":486,"channel":{"id":"a","state":"Down","creationtime":"x"}}`,
			func(e *event) bool {
				return e.Cause == 17 && e.TechCause == 486 && e.Channel.ID == "a" && e.at().Year() == 2026
			}},
		{"odd fields", `{"type":"ChannelDestroyed","cause":"many","channel":{"id":"a","caller":7}}`,
			func(e *event) bool { return e.Channel != nil && e.Channel.ID == "a" }},
		{"transfer", `{"type":"ChannelTransfer","refer_to":{"requested_destination":{"destination":"300"}},"referred_by":{"source_channel":{"id":"a"}}}`,
			func(e *event) bool { return e.ReferTo.Requested.Destination == "300" && e.ReferredBy.Source.ID == "a" }},
	} {
		ev, err := decodeEvent([]byte(x.in))
		if err != nil || !x.want(ev) {
			t.Errorf("%s: %+v, %v", x.name, ev, err)
		}
	}
	for _, bad := range []string{``, `{}`, `[]`, `{"type":7}`, `{"type":"A"`, `null`} {
		if ev, err := decodeEvent([]byte(bad)); err == nil {
			t.Errorf("%q: %+v, want an error", bad, ev)
		}
	}
}

// fuzzEngine is a driver without connection that has a leg "a" and a leg "b".
func fuzzEngine() *Engine {
	e := New(Config{Name: "fuzz", ARIAddr: "127.0.0.1:9", AMIAddr: "127.0.0.1:9"})
	e.h = engine.Handler{Incoming: func(engine.LegInfo) engine.Sink { return func(engine.Event) {} }, Registration: func(engine.Registration) {}}
	for _, id := range []string{"a", "b"} {
		l := newLeg(engine.LegID(id), engine.Outbound)
		l.ch = &branch{id: id, leg: l}
		l.branches = []*branch{l.ch}
		e.legs[l.id] = l
		e.chans[id] = l.ch
	}
	return e
}

func FuzzDecodeEvent(f *testing.F) {
	for _, s := range []string{
		`{"type":"StasisStart","args":["in","from=%22A%22","X-A=1&"],"channel":{"id":"n"}}`,
		`{"type":"StasisStart","args":[],"channel":null}`,
		`{"type":"ChannelDestroyed","cause":16,"channel":{"id":"a"}}`,
		`{"type":"Dial","dialstatus":"PROGRESS","forward":"PJSIP/out/sip:1@h","peer":{"id":"a"}}`,
		`{"type":"ChannelDtmfReceived","digit":"#","channel":{"id":"a"}}`,
		`{"type":"ChannelEnteredBridge","bridge":{"id":"x"},"channel":{"id":"a"}}`,
		`{"type":"ChannelTransfer","refer_to":{"requested_destination":{"destination":"sip:1@h"}},"referred_by":{"source_channel":{"id":"a"}}}`,
		`{"type":"PlaybackFinished","playback":{"id":"p","state":"failed"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ev, err := decodeEvent(data)
		if err != nil {
			return
		}
		e := fuzzEngine()
		e.mu.Lock()
		e.dispatch(ev)
		e.mu.Unlock()
		for _, l := range e.legs {
			if l.over && e.chans[string(l.id)] != nil {
				t.Error("a leg that is over still has its channel")
			}
		}
	})
}

func FuzzReadAMI(f *testing.F) {
	f.Add("Event: A\r\nB: c\r\n\r\n")
	f.Add("nonsense\n\n: x\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		r := bufio.NewReaderSize(strings.NewReader(in), 16)
		for {
			m, err := readAMI(r)
			if err != nil {
				return
			}
			if len(m) == 0 {
				t.Fatal("empty message")
			}
		}
	})
}

func TestReadAMI(t *testing.T) {
	r := bufio.NewReader(strings.NewReader("\r\nEvent: ContactList\r\nUri: sip:1@h:5;a=b\r\nnot a header\r\nEVENT: again\r\n\r\nResponse: Success\n\n"))
	m, err := readAMI(r)
	if err != nil || m["event"] != "ContactList" || m["uri"] != "sip:1@h:5;a=b" {
		t.Fatalf("%v %v", m, err)
	}
	if m, err = readAMI(r); err != nil || m["response"] != "Success" {
		t.Fatalf("%v %v", m, err)
	}
	if _, err := readAMI(bufio.NewReader(strings.NewReader("A: " + strings.Repeat("x", maxAMILine+1) + "\r\n\r\n"))); err == nil {
		t.Error("an endless line was taken")
	}
}

func TestParseInfo(t *testing.T) {
	e := New(Config{Name: "ast"})
	args := strings.Split("in,endpoint=101%40demo.test&call-id=abc&peer=127.0.0.1%3A5070&via=SIP%2F2.0%2FTLS%20h%3Bbranch%3Dz&"+
		"uri=sip%3A%2B4930%2312%40h%3A5060%3Buser%3Dphone&from=%22A%20%5C%22B%5C%22%22%20%3Csip%3A101%40demo.test%3E%3Btag%3D1&to=%3Csip%3A200%40h%3E&"+
		"pai=%22Z%22%20%3Csip%3A31201234567%40h%3E&privacy=id&ua=Phone%2F1,x-one=1%2C2&X-TWO=%E2%82%AC&", ",")
	i := e.parseInfo("leg", args, &channelData{ID: "leg"})
	want := engine.Identity{Number: "101", Name: `A "B"`, Anonymous: true}
	if i.AuthUser != "101" || i.AuthDomain != "demo.test" || i.SIPCallID != "abc" || i.Peer.Port() != 5070 || i.Transport != "tls" ||
		i.Dialed != "+4930#12" || i.To != "200" || i.Caller != want || i.Asserted.Number != "31201234567" ||
		i.Headers["X-One"] != "1,2" || i.Headers["X-Two"] != "€" || i.Headers["User-Agent"] != "Phone/1" {
		t.Errorf("%+v", i)
	}
}

func TestURIs(t *testing.T) {
	for _, x := range []struct{ uri, user, host string }{
		{"sip:100@h.example:5060;transport=tcp", "100", "h.example"},
		{"sips:a%20b@[::1]:5061", "a b", "::1"},
		{"tel:+31201234567;phone-context=x", "+31201234567", "+31201234567"},
		{"sip:h.example", "", "h.example"},
		{"", "", ""},
		{"sip:a:pw@b@h", "a", "h"},
	} {
		if u, h := uriUser(x.uri), uriHost(x.uri); u != x.user || h != x.host {
			t.Errorf("%q: user %q host %q", x.uri, u, h)
		}
	}
	if got := redirectTarget("sip:06@127.0.0.1:4000", "PJSIP/out/sip:101@127.0.0.1:4000"); got != "sip:06@127.0.0.1" {
		t.Error(got)
	}
	if got := redirectTarget("sip:06@other:4000", "PJSIP/out/sip:101@127.0.0.1:4000"); got != "sip:06@other:4000" {
		t.Error(got)
	}
	for user, want := range map[string]string{"06": "sip:06@127.0.0.1", "%2a21%23": "sip:%2A21%23@127.0.0.1", "": "", "%": ""} {
		if got := strings.Join(redirectUser(user, "PJSIP/out/sip:101@127.0.0.1:4000"), " "); got != want {
			t.Errorf("user %q: %q, want %q", user, got, want)
		}
	}
}

// The causes of the port must survive the way into Asterisk's table of SIP statuses.
func TestRefusalsKeepTheirStatus(t *testing.T) {
	table := map[int]int{1: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 23: 302, 28: 484, 31: 480, 34: 503, 38: 500, 58: 488}
	for c := engine.CauseUnknown; c <= engine.CauseEngineLost; c++ {
		r := refuseWith(c)
		got := r.sip
		if got == 0 {
			if got = table[r.code]; got == 0 {
				got = 603
			}
		}
		if want := c.SIPStatus(); got != want {
			t.Errorf("%s is refused with %d, want %d", c, got, want)
		}
	}
}

func TestSplitContacts(t *testing.T) {
	got := splitContacts("PJSIP/out/sip:1@h;x=a&b&PJSIP/out/sip:2@h", "out")
	if len(got) != 2 || got[0] != "PJSIP/out/sip:1@h;x=a&b" || got[1] != "PJSIP/out/sip:2@h" {
		t.Errorf("%q", got)
	}
	if got := splitContacts("", "out"); got != nil {
		t.Errorf("%q", got)
	}
}

func TestBackoff(t *testing.T) {
	b := backoff{min: 100 * time.Millisecond, max: time.Second}
	for _, top := range []time.Duration{100, 200, 400, 800, 1000, 1000} {
		top *= time.Millisecond
		if d := b.next(); d < top/2 || d > top {
			t.Errorf("%v is not within %v and %v", d, top/2, top)
		}
	}
	b.reset()
	if d := b.next(); d > 100*time.Millisecond {
		t.Errorf("after reset %v", d)
	}
}
