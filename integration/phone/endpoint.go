package phone

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	maxMessage   = 64 << 10
	writeTimeout = 5 * time.Second
)

// peer is where a message comes from or goes to.
type peer struct {
	addr string      // host:port
	conn *streamConn // TCP and TLS: the connection to prefer while it lives
}

// endpoint owns the sockets and the transactions of one phone.
type endpoint struct {
	transport string // UDP, TCP or TLS
	local     string // host:port others reach us at
	t1        time.Duration
	log       *slog.Logger
	trace     *tracer
	tls       *tls.Config
	parser    *sip.Parser
	onRequest func(*sip.Request, *serverTx)
	onAck     func(*sip.Request)
	onCancel  func(*sip.Request, *serverTx)

	udp  *net.UDPConn
	ln   net.Listener
	done chan struct{}

	mu      sync.Mutex
	closed  bool
	wg      sync.WaitGroup
	conns   map[*streamConn]struct{}
	clients map[string]*clientTx
	servers map[string]*serverTx
}

var errClosed = errors.New("phone is closed")

func newEndpoint(cfg *Config) (*endpoint, error) {
	e := &endpoint{
		transport: strings.ToUpper(cfg.Transport),
		t1:        cfg.T1,
		log:       cfg.Logger,
		trace:     &tracer{w: cfg.Trace, name: cfg.User},
		tls:       cfg.TLS,
		parser:    sip.NewParser(),
		done:      make(chan struct{}),
		conns:     make(map[*streamConn]struct{}),
		clients:   make(map[string]*clientTx),
		servers:   make(map[string]*serverTx),
	}
	bind := net.JoinHostPort(cfg.BindIP, strconv.Itoa(cfg.Port))
	switch e.transport {
	case "UDP":
		addr, err := net.ResolveUDPAddr("udp", bind)
		if err != nil {
			return nil, fmt.Errorf("bind %s: %w", bind, err)
		}
		if e.udp, err = net.ListenUDP("udp", addr); err != nil {
			return nil, fmt.Errorf("bind %s: %w", bind, err)
		}
		e.local = e.udp.LocalAddr().String()
	case "TCP", "TLS":
		ln, err := net.Listen("tcp", bind)
		if err != nil {
			return nil, fmt.Errorf("bind %s: %w", bind, err)
		}
		e.local = ln.Addr().String()
		e.ln = ln
		if e.transport == "TLS" {
			if e.tls == nil {
				e.tls = &tls.Config{MinVersion: tls.VersionTLS12}
			}
			listen := e.tls
			if len(listen.Certificates) == 0 && listen.GetCertificate == nil {
				// Servers connect to our Contact, as well as using our connection to them.
				cert, err := selfSigned(cfg.BindIP)
				if err != nil {
					ln.Close()
					return nil, err
				}
				listen = listen.Clone()
				listen.Certificates = []tls.Certificate{cert}
			}
			e.ln = tls.NewListener(ln, listen)
		}
	default:
		return nil, fmt.Errorf("transport %q: want udp, tcp or tls", cfg.Transport)
	}
	return e, nil
}

// selfSigned makes a certificate for address that only peers accept who do not verify.
func selfSigned(address string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("self-signed certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IPAddresses: []net.IP{net.ParseIP(address)}, Subject: pkix.Name{CommonName: address},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("self-signed certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// start begins to read. The handlers must be set.
func (e *endpoint) start() {
	if e.udp != nil {
		e.spawn(e.readUDP)
	} else {
		e.spawn(e.accept)
	}
}

// spawn runs f in a goroutine that close waits for. It reports false, without running f, after close.
func (e *endpoint) spawn(f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.wg.Go(f)
	return true
}

func (e *endpoint) close() {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		close(e.done)
		if e.udp != nil {
			e.udp.Close()
		}
		if e.ln != nil {
			e.ln.Close()
		}
		for c := range e.conns {
			c.Close()
		}
	}
	e.mu.Unlock()
	e.wg.Wait()
}

func (e *endpoint) readUDP() {
	buf := make([]byte, maxMessage)
	for {
		n, from, err := e.udp.ReadFromUDP(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// An ICMP error of an earlier packet surfaces here; the socket is still good.
			e.log.Debug("read UDP", "err", err)
			select {
			case <-e.done:
				return
			case <-time.After(time.Millisecond):
			}
			continue
		}
		e.receive(bytes.Clone(buf[:n]), peer{addr: from.String()})
	}
}

func (e *endpoint) accept() {
	for {
		c, err := e.ln.Accept()
		if err != nil {
			return
		}
		e.adopt(c)
	}
}

// streamConn is a TCP or TLS connection, ours or the peer's.
type streamConn struct {
	net.Conn
	remote string
	wmu    sync.Mutex
	dead   chan struct{}
}

func (e *endpoint) adopt(c net.Conn) (*streamConn, bool) {
	s := &streamConn{Conn: c, remote: c.RemoteAddr().String(), dead: make(chan struct{})}
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		c.Close()
		return nil, false
	}
	e.conns[s] = struct{}{}
	e.wg.Go(func() { e.readStream(s) })
	e.mu.Unlock()
	return s, true
}

func (e *endpoint) readStream(s *streamConn) {
	defer func() {
		close(s.dead)
		s.Close()
		e.mu.Lock()
		delete(e.conns, s)
		e.mu.Unlock()
	}()
	var buf []byte
	chunk := make([]byte, 16<<10)
	for {
		n, err := s.Read(chunk)
		buf = append(buf, chunk[:n]...)
		for {
			msg, rest, ok := cutMessage(buf)
			buf = rest
			if !ok {
				break
			}
			e.receive(msg, peer{addr: s.remote, conn: s})
		}
		if err != nil || len(buf) > maxMessage {
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				e.log.Debug("read stream", "peer", s.remote, "err", err)
			}
			return
		}
	}
}

// cutMessage takes one whole message off the front of a stream (RFC 3261, 18.3), skipping keep-alives.
func cutMessage(buf []byte) (msg, rest []byte, ok bool) {
	buf = bytes.TrimLeft(buf, "\r\n")
	end := bytes.Index(buf, []byte("\r\n\r\n"))
	if end < 0 {
		return nil, buf, false
	}
	end += 4
	length := 0
	for line := range bytes.SplitSeq(buf[:end], []byte("\r\n")) {
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			continue
		}
		switch strings.ToLower(string(bytes.TrimSpace(name))) {
		case "content-length", "l":
			if v, err := strconv.Atoi(string(bytes.TrimSpace(value))); err == nil && v >= 0 {
				length = v
			}
		}
	}
	if len(buf) < end+length {
		return nil, buf, false
	}
	return bytes.Clone(buf[:end+length]), buf[end+length:], true
}

func (e *endpoint) receive(data []byte, from peer) {
	if len(bytes.Trim(data, "\r\n\x00")) == 0 {
		return // keep-alive
	}
	e.trace.message("<-", e.transport, from.addr, data)
	msg, err := e.parser.ParseSIP(data)
	if err != nil {
		e.log.Warn("unreadable SIP message", "from", from.addr, "err", err)
		return
	}
	switch m := msg.(type) {
	case *sip.Response:
		e.receiveResponse(m)
	case *sip.Request:
		e.receiveRequest(m, from)
	}
}

// send writes a message to a peer, connecting first where there is no connection.
func (e *endpoint) send(to peer, data []byte) error {
	if e.udp != nil {
		addr, err := net.ResolveUDPAddr("udp", to.addr)
		if err != nil {
			return fmt.Errorf("send to %s: %w", to.addr, err)
		}
		e.trace.message("->", e.transport, to.addr, data)
		if _, err := e.udp.WriteToUDP(data, addr); err != nil {
			return fmt.Errorf("send to %s: %w", to.addr, err)
		}
		return nil
	}
	conn, err := e.connect(to)
	if err != nil {
		return err
	}
	e.trace.message("->", e.transport, conn.remote, data)
	conn.wmu.Lock()
	defer conn.wmu.Unlock()
	if err := conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("send to %s: %w", conn.remote, err)
	}
	if _, err := conn.Write(data); err != nil {
		conn.Close()
		return fmt.Errorf("send to %s: %w", conn.remote, err)
	}
	return nil
}

// connect returns the connection of p, another one to the same address, or a new one.
func (e *endpoint) connect(p peer) (*streamConn, error) {
	if p.conn != nil {
		select {
		case <-p.conn.dead:
		default:
			return p.conn, nil
		}
	}
	e.mu.Lock()
	for c := range e.conns {
		if c.remote == p.addr {
			e.mu.Unlock()
			return c, nil
		}
	}
	e.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	stop := make(chan struct{})
	defer close(stop)
	if !e.spawn(func() {
		select {
		case <-e.done:
			cancel()
		case <-stop:
		}
	}) {
		return nil, errClosed
	}
	var c net.Conn
	var err error
	dialer := &net.Dialer{}
	if e.transport == "TLS" {
		c, err = (&tls.Dialer{NetDialer: dialer, Config: e.tls}).DialContext(ctx, "tcp", p.addr)
	} else {
		c, err = dialer.DialContext(ctx, "tcp", p.addr)
	}
	if err != nil {
		return nil, fmt.Errorf("connect to %s over %s: %w", p.addr, e.transport, err)
	}
	conn, ok := e.adopt(c)
	if !ok {
		return nil, errClosed
	}
	return conn, nil
}

// tracer writes whole messages with time and direction.
type tracer struct {
	mu   sync.Mutex
	w    io.Writer
	name string
}

func (t *tracer) message(dir, transport, addr string, data []byte) {
	if t.w == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.w, "%s %s %s %s %s\n%s\n", time.Now().Format("15:04:05.000"), t.name, dir, transport, addr, bytes.ReplaceAll(data, []byte("\r"), nil))
}
