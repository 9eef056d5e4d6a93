// Package ports gives media engines ranges of ports that no other test process has. A range is
// held by a lock on a file, which the kernel releases when the process ends, however it ends. All are
// below those that Linux gives to outgoing connections (32768 and up).
package ports

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

const (
	first  = 10000
	size   = 700
	single = 60 // of a range, for Next; the others are for RTP
	slots  = (32700 - first) / size
)

// Range is a range of ports, for UDP and TCP.
type Range struct {
	// RTPStart to RTPEnd are for media.
	RTPStart, RTPEnd int

	lock *os.File
	mu   sync.Mutex
	next int
	last int
}

// Reserve takes a range that nobody has; it is held until Release or the end of the process.
func Reserve() (*Range, error) {
	dir := filepath.Join(os.TempDir(), "callplane-ports-"+strconv.Itoa(os.Geteuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("reserve ports: %w", err)
	}
	for i := range slots {
		f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(i)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, fmt.Errorf("reserve ports: %w", err)
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			_ = f.Close() // somebody else's
			continue
		}
		base := first + i*size
		return &Range{RTPStart: base + single, RTPEnd: base + size - 1, lock: f, next: base, last: base + single}, nil
	}
	return nil, errors.New("reserve ports: all ranges are taken")
}

// Next is a port of the range outside of RTPStart to RTPEnd that nobody listens on, by TCP or UDP.
func (r *Range) Next() (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.next < r.last {
		port := r.next
		r.next++
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		u, err := net.ListenPacket("udp", addr)
		_ = l.Close()
		if err != nil {
			continue
		}
		_ = u.Close()
		return port, nil
	}
	return 0, errors.New("no port is left in the range")
}

// Release gives the range back.
func (r *Range) Release() { _ = r.lock.Close() }
