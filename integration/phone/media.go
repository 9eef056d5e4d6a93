package phone

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

const (
	frameSamples = 160 // 20 ms
	frameTime    = 20 * time.Millisecond
	// maxBurst bounds how many late frames are sent at once after the machine stalled; older ones are given up.
	maxBurst = 10
)

// Stats counts the RTP of one call.
type Stats struct {
	Sent, Received int
	// Lost is how many sequence numbers were missing in what was received, Late how many came twice or out of order.
	Lost, Late int
	// MaxGap is the longest time between two received packets.
	MaxGap time.Duration
	// Rejected packets could not be decrypted or parsed, or had an unexpected payload type.
	Rejected int
}

// media is the RTP session of one call.
type media struct {
	conn  *net.UDPConn
	log   *slog.Logger
	ear   *ear
	dtmf  *journal[Digit]
	stamp uint32 // of the first packet

	mu        sync.Mutex
	started   bool // the sender runs
	closed    bool
	remote    *net.UDPAddr
	send      bool
	muted     bool
	codec     Codec
	recvDTMF  int
	sendDTMF  int
	enc, dec  *srtp.Context
	encKey    []byte
	decKey    []byte
	source    Source
	events    []*sendEvent
	stats     Stats
	recvSSRC  uint32
	recvAny   bool
	recvSeq   uint16
	recvAt    time.Time
	lastEvent uint32
	haveEvent bool
	done      chan struct{}
}

func newMedia(bindIP string, log *slog.Logger, e *ear, source Source, stamp *uint32) (*media, error) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(bindIP)})
	if err != nil {
		return nil, fmt.Errorf("open RTP socket: %w", err)
	}
	if stamp == nil {
		var seed [4]byte
		rand.Read(seed[:])
		below := binary.BigEndian.Uint32(seed[:]) >> 1
		stamp = &below
	}
	return &media{
		stamp: *stamp, conn: conn, log: log, ear: e, dtmf: newJournal[Digit](), source: source,
		sendDTMF: -1, recvDTMF: -1, done: make(chan struct{}),
	}, nil
}

func (m *media) addr() *net.UDPAddr { return m.conn.LocalAddr().(*net.UDPAddr) }

func (m *media) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		close(m.done)
		m.conn.Close()
	}
}

// apply sets what the two SDPs agreed upon. spawn starts the sender the first time.
func (m *media) apply(remote *audio, codec Codec, ourDTMF int, direction Direction, encKey []byte, spawn func(func()) bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errors.New("media is closed")
	}
	if remote.secure {
		// A context carries the rollover counter: keep it for as long as the key stays.
		if !bytes.Equal(encKey, m.encKey) {
			enc, err := srtp.CreateContext(encKey[:16], encKey[16:], srtp.ProtectionProfileAes128CmHmacSha1_80)
			if err != nil {
				return fmt.Errorf("SRTP: %w", err)
			}
			m.enc, m.encKey = enc, encKey
		}
		if !bytes.Equal(remote.cryptoKey, m.decKey) {
			dec, err := srtp.CreateContext(remote.cryptoKey[:16], remote.cryptoKey[16:], srtp.ProtectionProfileAes128CmHmacSha1_80)
			if err != nil {
				return fmt.Errorf("SRTP: %w", err)
			}
			m.dec, m.decKey = dec, remote.cryptoKey
		}
	} else {
		m.enc, m.dec, m.encKey, m.decKey = nil, nil, nil, nil
	}
	m.remote, m.codec = remote.addr, codec
	m.send = direction.sends() && !remote.addr.IP.IsUnspecified()
	m.recvDTMF = ourDTMF
	m.sendDTMF = -1
	if ourDTMF >= 0 {
		m.sendDTMF = remote.dtmf
	}
	if !m.started {
		m.started = spawn(m.sendLoop)
	}
	return nil
}

func (m *media) setSource(s Source) {
	m.mu.Lock()
	m.source = s
	m.mu.Unlock()
}

func (m *media) setMuted(muted bool) {
	m.mu.Lock()
	m.muted = muted
	m.mu.Unlock()
}

func (m *media) statistics() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}

// sendLoop sends a packet for every 20 ms of wall clock, whatever the machine does in between.
func (m *media) sendLoop() {
	var seed [6]byte
	rand.Read(seed[:])
	head := rtp.Header{
		Version:        2,
		SSRC:           binary.BigEndian.Uint32(seed[:]),
		SequenceNumber: binary.BigEndian.Uint16(seed[4:]) >> 1, // who misses the first packets must not miss a roll-over (SRTP)
		Timestamp:      m.stamp,
	}
	pcm := make([]int16, frameSamples)
	payload := make([]byte, 0, frameSamples)
	wire := make([]byte, 0, 256)
	talking := false
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-m.done:
			return
		case <-timer.C:
		}
		now := time.Now()
		if late := int(now.Sub(next) / frameTime); late > maxBurst {
			next = next.Add(time.Duration(late-maxBurst) * frameTime)
			head.Timestamp += uint32(late-maxBurst) * frameSamples
		}
		for ; !next.After(now); next = next.Add(frameTime) {
			m.mu.Lock()
			send, codec, enc, remote, pt := m.send, m.codec, m.enc, m.remote, m.sendDTMF
			source := m.source
			if m.muted {
				source = nil
			}
			var event *sendEvent
			if len(m.events) > 0 {
				event = m.events[0]
			}
			m.mu.Unlock()
			if source != nil {
				source.Read(pcm)
			} else {
				clear(pcm)
			}
			if !send {
				talking = false
				head.Timestamp += frameSamples
				continue
			}
			stamp := head.Timestamp
			body, finished := event.payload(head.Timestamp)
			if body != nil && pt >= 0 {
				head.PayloadType, head.Marker = uint8(pt), event.step == 1
				head.Timestamp = event.start
				talking = false
			} else {
				body = codec.encode(payload[:0], pcm)
				head.PayloadType, head.Marker = codec.PayloadType, !talking
				talking = true
			}
			wire = m.transmit(&head, body, wire[:0], enc, remote)
			head.Timestamp = stamp + frameSamples
			if finished {
				m.mu.Lock()
				m.events = m.events[1:]
				m.mu.Unlock()
				close(event.done)
			}
		}
		timer.Reset(time.Until(next))
	}
}

func (m *media) transmit(head *rtp.Header, body, wire []byte, enc *srtp.Context, remote *net.UDPAddr) []byte {
	packet, err := (&rtp.Packet{Header: *head, Payload: body}).Marshal()
	if err == nil && enc != nil {
		wire, err = enc.EncryptRTP(wire, packet, nil)
		packet = wire
	}
	head.SequenceNumber++
	if err != nil {
		m.log.Error("build RTP", "err", err)
		return wire
	}
	// An ICMP error of an earlier packet is reported here; the peer may listen by the next one.
	if _, err := m.conn.WriteToUDP(packet, remote); err == nil {
		m.mu.Lock()
		m.stats.Sent++
		m.mu.Unlock()
	}
	return wire
}

// receiveLoop reads until close.
func (m *media) receiveLoop() {
	buf := make([]byte, 2048)
	plain := make([]byte, 0, 2048)
	for {
		n, _, err := m.conn.ReadFromUDP(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select {
			case <-m.done:
				return
			case <-time.After(time.Millisecond):
			}
			continue
		}
		// RTCP shares the port with peers that multiplex it (RFC 5761).
		if n < 12 || (buf[1] >= 192 && buf[1] <= 223) {
			continue
		}
		plain = m.receive(buf[:n], plain[:0], time.Now())
	}
}

func (m *media) receive(data, plain []byte, now time.Time) []byte {
	m.mu.Lock()
	dec := m.dec
	m.mu.Unlock()
	var err error
	if dec != nil {
		if plain, err = dec.DecryptRTP(plain, data, nil); err != nil {
			m.reject()
			return plain
		}
		data = plain
	}
	var p rtp.Packet
	if err := p.Unmarshal(data); err != nil || p.Version != 2 {
		m.reject()
		return plain
	}
	m.mu.Lock()
	late, missing := false, 0
	if !m.recvAny || p.SSRC != m.recvSSRC {
		m.recvAny, m.recvSSRC, m.haveEvent = true, p.SSRC, false
	} else {
		switch gap := int16(p.SequenceNumber - m.recvSeq); {
		case gap <= 0:
			late = true
			m.stats.Late++
			if gap < 0 && m.stats.Lost > 0 && gap > -100 {
				m.stats.Lost-- // counted as missing before
			}
		case gap > 1:
			missing = int(gap) - 1
			m.stats.Lost += missing
		}
	}
	if !late {
		m.recvSeq = p.SequenceNumber
	}
	if !m.recvAt.IsZero() {
		m.stats.MaxGap = max(m.stats.MaxGap, now.Sub(m.recvAt))
	}
	m.recvAt = now
	m.stats.Received++
	isEvent := m.recvDTMF >= 0 && int(p.PayloadType) == m.recvDTMF
	m.mu.Unlock()

	if missing > 0 {
		m.ear.miss(missing)
	}
	switch {
	case isEvent:
		m.receiveEvent(p.Timestamp, p.Payload)
	case late:
	case p.PayloadType == PCMU.PayloadType:
		m.ear.hear(PCMU.decode(nil, p.Payload))
	case p.PayloadType == PCMA.PayloadType:
		m.ear.hear(PCMA.decode(nil, p.Payload))
	case p.PayloadType == 13: // comfort noise (RFC 3389)
	default:
		m.reject()
	}
	return plain
}

func (m *media) reject() {
	m.mu.Lock()
	m.stats.Rejected++
	m.mu.Unlock()
}

func (m *media) resetStats() {
	m.mu.Lock()
	m.stats, m.recvAt = Stats{}, time.Time{}
	m.mu.Unlock()
}
