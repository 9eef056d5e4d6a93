package phone

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// Direction of the media of a session, from the point of view of who states it (RFC 3264).
type Direction string

// Directions.
const (
	SendRecv Direction = "sendrecv"
	SendOnly Direction = "sendonly"
	RecvOnly Direction = "recvonly"
	Inactive Direction = "inactive"
)

func (d Direction) sends() bool { return d == SendRecv || d == SendOnly }

// answer is the most that may be answered to an offer of d, by a side that wants want.
func (d Direction) answer(want Direction) Direction {
	send := want.sends() && (d == SendRecv || d == RecvOnly)
	recv := (want == SendRecv || want == RecvOnly) && d.sends()
	switch {
	case send && recv:
		return SendRecv
	case send:
		return SendOnly
	case recv:
		return RecvOnly
	}
	return Inactive
}

const (
	cryptoSuite  = "AES_CM_128_HMAC_SHA1_80"
	cryptoKeyLen = 16 + 14 // key and salt (RFC 4568, 6.2)
)

// newCryptoKey makes the master key and salt for one direction.
func newCryptoKey() []byte {
	key := make([]byte, cryptoKeyLen)
	rand.Read(key)
	return key
}

// audio is what an SDP says about its audio stream.
type audio struct {
	addr      *net.UDPAddr
	codecs    []Codec // that we can do, in their order of preference
	dtmf      int     // payload type of telephone-event, or -1
	direction Direction
	secure    bool
	cryptoTag string
	cryptoKey []byte
	lines     []mediaLine // all of them, for the answer
	index     int         // of the audio in lines
}

type mediaLine struct{ kind, proto, formats string }

var errNoAudio = errors.New("no usable audio stream")

// parseAudio reads the first usable audio stream of an SDP.
func parseAudio(body string) (*audio, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(body); err != nil {
		return nil, fmt.Errorf("parse SDP: %w", err)
	}
	a := &audio{dtmf: -1, index: -1, direction: SendRecv}
	for _, attr := range desc.Attributes {
		a.readDirection(attr.Key)
	}
	for i, m := range desc.MediaDescriptions {
		proto := strings.Join(m.MediaName.Protos, "/")
		a.lines = append(a.lines, mediaLine{m.MediaName.Media, proto, strings.Join(m.MediaName.Formats, " ")})
		if a.index >= 0 || m.MediaName.Media != "audio" || m.MediaName.Port.Value == 0 || !strings.HasPrefix(proto, "RTP/") {
			continue
		}
		conn := m.ConnectionInformation
		if conn == nil {
			conn = desc.ConnectionInformation
		}
		if conn == nil || conn.Address == nil {
			return nil, fmt.Errorf("%w: no c= line", errNoAudio)
		}
		host, _, _ := strings.Cut(conn.Address.Address, "/")
		addr, err := net.ResolveUDPAddr("udp", net.JoinHostPort(host, strconv.Itoa(m.MediaName.Port.Value)))
		if err != nil {
			return nil, fmt.Errorf("media address: %w", err)
		}
		a.index, a.addr, a.secure = i, addr, strings.Contains(proto, "SAVP")
		a.readMedia(m)
	}
	if a.index < 0 {
		return nil, errNoAudio
	}
	if len(a.codecs) == 0 {
		return nil, fmt.Errorf("%w: neither PCMU nor PCMA", errNoAudio)
	}
	if a.secure && a.cryptoKey == nil {
		return nil, fmt.Errorf("%w: SAVP without a=crypto for %s", errNoAudio, cryptoSuite)
	}
	return a, nil
}

func (a *audio) readDirection(key string) {
	switch d := Direction(key); d {
	case SendRecv, SendOnly, RecvOnly, Inactive:
		a.direction = d
	}
}

func (a *audio) readMedia(m *sdp.MediaDescription) {
	names := map[string]string{"0": "PCMU/8000", "8": "PCMA/8000"}
	for _, attr := range m.Attributes {
		a.readDirection(attr.Key)
		switch attr.Key {
		case "rtpmap":
			pt, name, _ := strings.Cut(attr.Value, " ")
			names[pt] = strings.TrimSuffix(strings.TrimSpace(name), "/1")
		case "crypto":
			// tag suite inline:key[|lifetime][|mki] [session parameters]
			f := strings.Fields(attr.Value)
			if a.cryptoKey != nil || len(f) < 3 || f[1] != cryptoSuite {
				continue
			}
			inline, _, _ := strings.Cut(strings.TrimPrefix(f[2], "inline:"), "|")
			key, err := base64.StdEncoding.DecodeString(inline)
			if err == nil && len(key) == cryptoKeyLen {
				a.cryptoTag, a.cryptoKey = f[0], key
			}
		}
	}
	for _, pt := range m.MediaName.Formats {
		switch name := names[pt]; {
		case strings.EqualFold(name, "PCMU/8000") && pt == "0":
			a.codecs = append(a.codecs, PCMU)
		case strings.EqualFold(name, "PCMA/8000") && pt == "8":
			a.codecs = append(a.codecs, PCMA)
		case strings.EqualFold(name, "telephone-event/8000") && a.dtmf < 0:
			if v, err := strconv.Atoi(pt); err == nil {
				a.dtmf = v
			}
		}
	}
	if m.MediaName.Port.Value != 0 && a.addr.IP.IsUnspecified() {
		// The hold of RFC 2543: nothing is to be sent to 0.0.0.0.
		switch a.direction {
		case SendRecv:
			a.direction = SendOnly
		case RecvOnly:
			a.direction = Inactive
		}
	}
}

// choose returns the codec of the peer's list that we prefer to use with it, which is its own first choice.
func (a *audio) choose(ours []Codec) (Codec, bool) {
	for _, c := range a.codecs {
		if slices.Contains(ours, c) {
			return c, true
		}
	}
	return Codec{}, false
}

// description is an SDP of ours.
type description struct {
	id, version uint64
	addr        *net.UDPAddr
	codecs      []Codec
	dtmf        int
	direction   Direction
	secure      bool
	cryptoTag   string
	cryptoKey   []byte
	lines       []mediaLine // of the offer, when this is an answer
	index       int
}

func (d *description) String() string {
	var b strings.Builder
	family := "IP4"
	if d.addr.IP.To4() == nil {
		family = "IP6"
	}
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- %d %d IN %s %s", d.id, d.version, family, d.addr.IP)
	line("s=-")
	line("c=IN %s %s", family, d.addr.IP)
	line("t=0 0")
	for i := range max(1, len(d.lines)) {
		if len(d.lines) > 0 && i != d.index {
			line("m=%s 0 %s %s", d.lines[i].kind, d.lines[i].proto, d.lines[i].formats)
			continue
		}
		proto := "RTP/AVP"
		if d.secure {
			proto = "RTP/SAVP"
		}
		if len(d.lines) > 0 {
			proto = d.lines[i].proto
		}
		formats := ""
		for _, c := range d.codecs {
			formats += " " + strconv.Itoa(int(c.PayloadType))
		}
		if d.dtmf >= 0 {
			formats += " " + strconv.Itoa(d.dtmf)
		}
		line("m=audio %d %s%s", d.addr.Port, proto, formats)
		for _, c := range d.codecs {
			line("a=rtpmap:%d %s/8000", c.PayloadType, c.Name)
		}
		if d.dtmf >= 0 {
			line("a=rtpmap:%d telephone-event/8000", d.dtmf)
			line("a=fmtp:%d 0-16", d.dtmf)
		}
		line("a=ptime:20")
		if d.secure {
			line("a=crypto:%s %s inline:%s", d.cryptoTag, cryptoSuite, base64.StdEncoding.EncodeToString(d.cryptoKey))
		}
		line("a=%s", d.direction)
	}
	return b.String()
}
