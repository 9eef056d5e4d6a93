package identity

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Lock is how long a login is locked after so many wrong attempts in a row: not at all up to four, then a minute that
// doubles with each, an hour at most.
func Lock(failures int) time.Duration {
	if failures < 5 {
		return 0
	}
	return min(time.Hour, time.Minute<<min(failures-5, 10))
}

// Attempts bounds how often an address may try to log in, whoever it says it is.
type Attempts struct {
	every time.Duration
	burst int
	mu    sync.Mutex
	by    map[string]*rate.Limiter
}

// NewAttempts allows burst attempts at once and one more each time every has gone by.
func NewAttempts(every time.Duration, burst int) *Attempts {
	return &Attempts{every: every, burst: burst, by: map[string]*rate.Limiter{}}
}

// maxAddresses are remembered; beyond that all begin anew.
const maxAddresses = 10000

// Allow takes one attempt of an address at an instant.
func (a *Attempts) Allow(address string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.by[address]
	if l == nil {
		if len(a.by) >= maxAddresses {
			clear(a.by)
		}
		l = rate.NewLimiter(rate.Every(a.every), a.burst)
		a.by[address] = l
	}
	return l.AllowN(now, 1)
}
