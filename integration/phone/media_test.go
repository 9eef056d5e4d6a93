package phone

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"callplane/integration/tone"

	"github.com/pion/rtp"
)

func testMedia(t *testing.T) *media {
	t.Helper()
	m, err := newMedia("127.0.0.1", slog.New(slog.DiscardHandler), newEar(), Silence(), nil)
	must(t, err)
	t.Cleanup(m.close)
	m.recvDTMF = dtmfPayloadType
	return m
}

func packet(t *testing.T, seq uint16, ts uint32, pt uint8, payload []byte) []byte {
	t.Helper()
	data, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: seq, Timestamp: ts, SSRC: 7}, Payload: payload}).Marshal()
	must(t, err)
	return data
}

func TestLossDuplicatesAndDisorder(t *testing.T) {
	m := testMedia(t)
	now := time.Now()
	source := Tone(lowTone)
	pcm := make([]int16, frameSamples)
	w := tone.NewWatch(tone.Hold, tone.HasOnly(lowTone))
	lost, sent := 0, 0
	var kept []byte
	for i := range 99 {
		source.Read(pcm)
		data := packet(t, uint16(65500+i), uint32(i*frameSamples), PCMU.PayloadType, PCMU.encode(nil, pcm))
		switch {
		case i%8 == 3: // lost
			lost++
			continue
		case i == 53:
			kept = data // comes after the next one
			continue
		}
		m.receive(data, nil, now)
		sent++
		switch i {
		case 54:
			m.receive(kept, nil, now)
		case 60:
			m.receive(data, nil, now)
		}
	}
	if done, _, _ := m.ear.feed(w, 0); !done {
		t.Errorf("not heard: %s", m.ear.describe())
	}
	if s := m.statistics(); s.Lost != lost || s.Late != 2 || s.Received != sent+2 || s.Rejected != 0 {
		t.Errorf("%+v, want %d lost", s, lost)
	}
	m.receive([]byte("this is not RTP at all"), nil, now)
	m.receive(packet(t, 100, 1, 99, []byte{1}), nil, now)
	if s := m.statistics(); s.Rejected != 2 {
		t.Errorf("%+v, want 2 rejected", s)
	}
}

func TestReceivedEvents(t *testing.T) {
	m := testMedia(t)
	seq := uint16(1)
	put := func(code byte, ts uint32, end bool, duration uint16) {
		m.receive(packet(t, seq, ts, dtmfPayloadType, eventPayload(code, end, duration)), nil, time.Now())
		seq++
	}
	put(5, 1000, false, 160)
	put(5, 1000, false, 320)
	put(5, 1000, true, 480)
	put(5, 1000, true, 480)
	put(5, 3000, true, 480) // only the end of the second one arrived
	put(5, 1000, true, 480) // an old one again
	put(11, 5000, false, 160)
	put(16, 7000, true, 160)
	put(99, 9000, true, 160)
	c := &Call{media: m}
	if got := c.Digits(); got != "55#!" {
		t.Errorf("received %q", got)
	}
}

func TestDirections(t *testing.T) {
	for _, x := range []struct{ offer, want, answer Direction }{
		{SendRecv, SendRecv, SendRecv}, {SendOnly, SendRecv, RecvOnly}, {RecvOnly, SendRecv, SendOnly}, {Inactive, SendRecv, Inactive},
		{SendRecv, SendOnly, SendOnly}, {SendOnly, SendOnly, Inactive}, {RecvOnly, SendOnly, SendOnly}, {Inactive, SendOnly, Inactive},
	} {
		if got := x.offer.answer(x.want); got != x.answer {
			t.Errorf("offer %s, wanted %s: answered %s, want %s", x.offer, x.want, got, x.answer)
		}
	}
}

func TestParseAudio(t *testing.T) {
	head := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
	a, err := parseAudio(head + "m=video 4000 RTP/AVP 96\r\nm=audio 5000 RTP/AVP 9 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=sendonly\r\n")
	must(t, err)
	if len(a.codecs) != 2 || a.codecs[0] != PCMU || a.dtmf != 96 || a.direction != SendOnly || a.index != 1 || a.addr.Port != 5000 {
		t.Errorf("%+v", a)
	}
	answer := (&description{addr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, codecs: []Codec{PCMU}, dtmf: 96, direction: RecvOnly, lines: a.lines, index: a.index}).String()
	b, err := parseAudio(answer)
	if err != nil || len(b.lines) != 2 || b.lines[0].kind != "video" || b.index != 1 {
		t.Errorf("answer to two streams: %+v, %v\n%s", b, err, answer)
	}
	held, err := parseAudio("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8\r\n")
	if err != nil || held.direction != SendOnly {
		t.Errorf("hold of RFC 2543: %+v, %v", held, err)
	}
	for name, sdp := range map[string]string{
		"nothing": "", "no audio": head, "port 0": head + "m=audio 0 RTP/AVP 8\r\n", "other codec": head + "m=audio 5000 RTP/AVP 9\r\n",
		"no key": head + "m=audio 5000 RTP/SAVP 8\r\n", "no SDP": "hello",
	} {
		if _, err := parseAudio(sdp); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzParseAudio(f *testing.F) {
	f.Add("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/SAVP 0 8 101\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n")
	f.Fuzz(func(t *testing.T, body string) {
		if a, err := parseAudio(body); err == nil && (a.addr == nil || len(a.codecs) == 0) {
			t.Errorf("%+v", a)
		}
	})
}

func FuzzCutMessage(f *testing.F) {
	f.Add([]byte("\r\n\r\nOPTIONS sip:a SIP/2.0\r\nContent-Length: 3\r\n\r\nabcX"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for {
			msg, rest, ok := cutMessage(data)
			if !ok {
				return
			}
			if len(msg) == 0 || len(msg)+len(rest) > len(data) {
				t.Fatalf("cut %d and %d from %d", len(msg), len(rest), len(data))
			}
			data = rest
		}
	})
}
