package call

import "time"

// Clock is the time that calls go by. That of real calls is the system's; the simulator has one of its own, in
// which nobody waits.
type Clock interface {
	Now() time.Time
	// Timer fires once after d, unless it is stopped first.
	Timer(d time.Duration) (fires <-chan time.Time, stop func())
	// Idle is asked by a call that has nothing left to do before something happens to it. It returns true when
	// it has made that happen, false when the call has to wait.
	Idle() bool
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }
func (systemClock) Idle() bool     { return false }

func (systemClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// Now is what the clock shows that the call goes by. Everything that decides by the time asks it.
func (c *Call) Now() time.Time { return c.rt.clock.Now() }

// Timer fires once after d, unless it is stopped first.
func (c *Call) Timer(d time.Duration) (fires <-chan time.Time, stop func()) {
	return c.rt.clock.Timer(d)
}
