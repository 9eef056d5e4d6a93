package stream

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/zaf/g711"
)

const (
	frameTime    = 20 * time.Millisecond
	frameSamples = 160
	frameBytes   = 2 * frameSamples
	// maxAhead is how much a bot may speak ahead, in bytes: a minute. What is more is not spoken.
	maxAhead = 60 * 50 * frameBytes
	// maxBurst bounds how many late frames are sent at once after the machine stalled.
	maxBurst = 10
)

// voice is the RTP of a stream.
type voice struct {
	conn *net.UDPConn
	id   uint64

	mu      sync.Mutex
	offer   offer
	version uint64
	peer    netip.Addr // whose signalling it is
	to      netip.AddrPort
	ahead   []byte // PCM of the bot that waits
	heardAt time.Time
}

func newVoice(local netip.Addr, o offer, peer netip.Addr) (*voice, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
	if err != nil {
		return nil, fmt.Errorf("open RTP socket: %w", err)
	}
	v := &voice{conn: conn, id: rand.Uint64() >> 1, heardAt: time.Now()}
	v.apply(o, peer)
	return v, nil
}

func (v *voice) close() { _ = v.conn.Close() }

// apply takes over what the engine offers.
func (v *voice) apply(o offer, peer netip.Addr) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.offer, v.peer, v.to = o, peer, o.remote
	v.version++
}

// sdp is the answer to the last offer.
func (v *voice) sdp() []byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	at := v.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return v.offer.answer(netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), v.id, v.version)
}

// say queues PCM; false: some of it is too far ahead and is left out.
func (v *voice) say(pcm []byte) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	room := min(len(pcm), maxAhead-len(v.ahead)) &^ 1
	v.ahead = append(v.ahead, pcm[:room]...)
	return room >= len(pcm)&^1
}

// clear forgets what waits to be spoken.
func (v *voice) clear() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ahead = nil
}

// next is the frame to be sent now: speech, or silence.
func (v *voice) next() (pcm []byte, codec uint8, to netip.AddrPort, send bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	pcm = make([]byte, frameBytes)
	v.ahead = v.ahead[copy(pcm, v.ahead):]
	return pcm, v.offer.codec, v.to, v.offer.takes && v.to.IsValid() && !v.to.Addr().IsUnspecified()
}

// silentFor is how long nothing has come from the engine.
func (v *voice) silentFor() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return time.Since(v.heardAt)
}

// speak sends a frame for every 20 ms until done.
func (v *voice) speak(done <-chan struct{}) {
	head := rtp.Header{Version: 2, SSRC: rand.Uint32(), SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32(), Marker: true}
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-done:
			return
		case <-timer.C:
		}
		now := time.Now()
		if late := int(now.Sub(next) / frameTime); late > maxBurst {
			skipped := late - maxBurst
			next = next.Add(time.Duration(skipped) * frameTime)
			head.Timestamp += uint32(skipped) * frameSamples
		}
		for ; !next.After(now); next = next.Add(frameTime) {
			pcm, codec, to, send := v.next()
			head.PayloadType = codec
			if send {
				body := g711.EncodeUlaw
				if codec == aLaw {
					body = g711.EncodeAlaw
				}
				packet, err := (&rtp.Packet{Header: head, Payload: body(pcm)}).Marshal()
				if err == nil {
					_, _ = v.conn.WriteToUDPAddrPort(packet, to) // an ICMP error of an earlier packet: the peer may listen by the next one
				}
				head.SequenceNumber++
				head.Marker = false
			}
			head.Timestamp += frameSamples
		}
		timer.Reset(time.Until(next))
	}
}

// listen gives what the engine sends, as PCM and as digits, until the socket is closed.
func (v *voice) listen(hear func(pcm []byte), digit func(string)) {
	buf := make([]byte, 2048)
	var last uint16
	var from, pressed uint32
	var heard, anyPressed bool
	for {
		n, source, err := v.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < 12 || buf[1] >= 192 && buf[1] <= 223 { // RTCP shares the port with those who multiplex it (RFC 5761)
			continue
		}
		var p rtp.Packet
		if p.Unmarshal(buf[:n]) != nil || p.Version != 2 || !v.known(netip.AddrPortFrom(source.Addr().Unmap(), source.Port())) {
			continue
		}
		if heard && p.SSRC == from && int16(p.SequenceNumber-last) <= 0 {
			continue // late, or twice
		}
		heard, from, last = true, p.SSRC, p.SequenceNumber
		v.mu.Lock()
		digits, gives := v.offer.digits, v.offer.gives
		v.heardAt = time.Now()
		v.mu.Unlock()
		switch {
		case digits >= 0 && int(p.PayloadType) == digits:
			if len(p.Payload) >= 4 && p.Payload[0] < 16 && (!anyPressed || p.Timestamp != pressed) {
				anyPressed, pressed = true, p.Timestamp
				digit(string("0123456789*#ABCD"[p.Payload[0]]))
			}
		case !gives:
		case p.PayloadType == muLaw:
			hear(g711.DecodeUlaw(p.Payload))
		case p.PayloadType == aLaw:
			hear(g711.DecodeAlaw(p.Payload))
		}
	}
}

// known takes audio from where the SDP says, or from the host of the signalling: then ours goes back there, whatever a
// NAT has made of the address.
func (v *voice) known(source netip.AddrPort) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch source.Addr() {
	case v.offer.remote.Addr():
	case v.peer:
		v.to = source
	default:
		return false
	}
	return true
}
