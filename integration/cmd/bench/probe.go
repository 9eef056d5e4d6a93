package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// probe is a caller and the phone that it reaches, in one process and on one clock: SIPp reads a clock of 4 ms. It is
// no SIP phone, it knows just what the calls of this benchmark need.
type probe struct {
	target *net.UDPAddr // of the engine, for carriers
	out    *net.UDPConn // the caller's
	in     *net.UDPConn // the phone's
	wg     sync.WaitGroup

	mu    sync.Mutex
	calls map[string]*probed // by the digits that the caller is told apart by
}

// probed are the times of one call, zero for what did not happen.
type probed struct {
	id                              string
	callID                          string
	invited, ringing, answered      time.Time // at the caller
	offered, phoneRang, phoneAnswer time.Time // at the phone
	status                          string    // final response if it is not 200
	over                            bool
}

func openProbe(target string) (*probe, error) {
	p := &probe{calls: map[string]*probed{}}
	var err error
	if p.target, err = net.ResolveUDPAddr("udp", target); err != nil {
		return nil, err
	}
	for port, c := range map[int]**net.UDPConn{portCaller: &p.out, portCallee: &p.in} {
		if *c, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err != nil {
			return nil, err
		}
	}
	p.wg.Go(func() { p.read(p.out) })
	p.wg.Go(func() { p.read(p.in) })
	return p, nil
}

func (p *probe) close() error {
	err := errors.Join(p.out.Close(), p.in.Close())
	p.wg.Wait()
	return err
}

// run places calls at a steady rate and gives what was seen of them.
func (p *probe) run(ctx context.Context, number string, rate int, d time.Duration) ([]*probed, error) {
	var all []*probed
	t := time.NewTicker(time.Second / time.Duration(rate))
	defer t.Stop()
	for i := range int(float64(rate) * d.Seconds()) {
		c := &probed{id: fmt.Sprintf("%08d", 10000000+i), callID: fmt.Sprintf("%d-%d-probe", i, time.Now().UnixNano())}
		all = append(all, c)
		p.mu.Lock()
		p.calls[c.id] = c
		c.invited = time.Now()
		p.mu.Unlock()
		p.request(c, "INVITE", number, "", 1)
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for range 100 {
		p.mu.Lock()
		left := 0
		for _, c := range all {
			if !c.over {
				left++
			}
		}
		p.mu.Unlock()
		if left == 0 {
			break
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.calls)
	return all, nil
}

// request sends one of the caller's. peer is the To header of the answer, or empty.
func (p *probe) request(c *probed, method, number, peer string, seq int) {
	uri := fmt.Sprintf("sip:%s@%s", number, p.target)
	if peer == "" {
		peer = "<" + uri + ">"
	}
	body := ""
	if method == "INVITE" {
		body = sdp(p.out)
	}
	p.send(p.out, p.target, fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%s;rport\r\nFrom: <sip:+316%s@127.0.0.1>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\n"+
		"CSeq: %d %s\r\nContact: <sip:probe@%s>\r\nMax-Forwards: 70\r\nAllow: INVITE, ACK, CANCEL, BYE\r\n",
		method, uri, p.out.LocalAddr(), method, c.callID, c.id, c.id, peer, c.callID, seq, method, p.out.LocalAddr()), body)
}

func sdp(c *net.UDPConn) string {
	return fmt.Sprintf("v=0\r\no=p 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"+
		"a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n", c.LocalAddr().(*net.UDPAddr).Port+100)
}

func (p *probe) send(c *net.UDPConn, to *net.UDPAddr, head, body string) {
	if body != "" {
		head += "Content-Type: application/sdp\r\n"
	}
	_, _ = fmt.Fprintf(writerTo{c, to}, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body) // a lost call is counted as failed
}

type writerTo struct {
	c  *net.UDPConn
	to *net.UDPAddr
}

func (w writerTo) Write(b []byte) (int, error) { return w.c.WriteToUDP(b, w.to) }

// read handles what comes in until the socket is closed.
func (p *probe) read(conn *net.UDPConn) {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := conn.ReadFromUDP(buf)
		if err != nil {
			return
		}
		now := time.Now()
		msg := string(buf[:n])
		first, _, _ := strings.Cut(msg, "\r\n")
		switch method, _, _ := strings.Cut(first, " "); method {
		case "SIP/2.0":
			p.response(first, msg, now)
		case "ACK":
		case "INVITE":
			if conn == p.in && !strings.Contains(header(msg, "To"), "tag=") {
				p.offered(msg, from, now)
				continue
			}
			p.reply(conn, from, msg, "200 OK", true)
		default:
			p.reply(conn, from, msg, "200 OK", false)
		}
	}
}

// call finds the call of a message by the caller's number.
func (p *probe) call(msg string) *probed {
	uri := header(msg, "From")
	_, rest, _ := strings.Cut(uri, "sip:")
	user, _, _ := strings.Cut(rest, "@")
	if len(user) < 8 {
		return nil
	}
	return p.calls[user[len(user)-8:]]
}

// response is one to the caller.
func (p *probe) response(first, msg string, now time.Time) {
	status := strings.TrimPrefix(first, "SIP/2.0 ")
	seq := header(msg, "CSeq")
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.call(msg)
	switch {
	case c == nil || strings.HasPrefix(status, "100"):
	case strings.HasSuffix(seq, "BYE"):
		c.over = true
	case !strings.HasSuffix(seq, "INVITE"):
	case strings.HasPrefix(status, "1"):
		if c.ringing.IsZero() {
			c.ringing = now
		}
	case strings.HasPrefix(status, "200"):
		peer, number := header(msg, "To"), strings.Trim(header(msg, "Contact"), "<>")
		_, number, _ = strings.Cut(number, ":")
		number, _, _ = strings.Cut(number, "@")
		p.request(c, "ACK", number, peer, 1)
		if c.answered.IsZero() {
			c.answered = now
			time.AfterFunc(talking, func() { p.request(c, "BYE", number, peer, 2) })
		}
	default:
		p.request(c, "ACK", "probe", header(msg, "To"), 1)
		c.status, c.over = status, true
	}
}

// offered is a call that reaches the phone: it rings and answers.
func (p *probe) offered(msg string, from *net.UDPAddr, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.call(msg)
	if c == nil || !c.offered.IsZero() {
		return // of a run before, or sent again
	}
	c.offered = now
	c.phoneRang = time.Now()
	p.reply(p.in, from, msg, "180 Ringing", false)
	time.AfterFunc(ringing, func() {
		p.mu.Lock()
		c.phoneAnswer = time.Now()
		p.mu.Unlock()
		p.reply(p.in, from, msg, "200 OK", true)
	})
}

// reply answers a request of the engine.
func (p *probe) reply(conn *net.UDPConn, to *net.UDPAddr, msg, status string, media bool) {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + status + "\r\n")
	for line := range strings.SplitSeq(msg, "\r\n") {
		if line == "" {
			break
		}
		name, _, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "via", "from", "call-id", "cseq", "record-route":
			b.WriteString(line + "\r\n")
		case "to":
			if !strings.Contains(line, "tag=") {
				line += ";tag=probe"
			}
			b.WriteString(line + "\r\n")
		}
	}
	fmt.Fprintf(&b, "Contact: <sip:probe@%s>\r\n", conn.LocalAddr())
	body := ""
	if media {
		body = sdp(conn)
	}
	p.send(conn, to, b.String(), body)
}

// header gives the first header of a name.
func header(msg, name string) string {
	for line := range strings.SplitSeq(msg, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
		if line == "" {
			break
		}
	}
	return ""
}
