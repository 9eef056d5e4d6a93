package phone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"callplane/integration/tone"
)

const earMemory = 20 * tone.Rate // samples kept for the ones who listen

// ear keeps what a call received, in the order of arrival.
type ear struct {
	mu        sync.Mutex
	pcm       []int16
	total     int   // samples ever heard; pcm holds the last ones of them
	breaks    []int // positions before which packets were lost
	changed   chan struct{}
	record    []int16
	recording bool
}

func newEar() *ear { return &ear{changed: make(chan struct{})} }

func (e *ear) hear(pcm []int16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pcm = append(e.pcm, pcm...)
	e.total += len(pcm)
	if len(e.pcm) > 2*earMemory {
		e.pcm = append([]int16(nil), e.pcm[len(e.pcm)-earMemory:]...)
	}
	if e.recording {
		e.record = append(e.record, pcm...)
	}
	close(e.changed)
	e.changed = make(chan struct{})
}

// miss notes that packets were lost here. A recording gets silence in their place.
func (e *ear) miss(packets int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.breaks = append(e.breaks, e.total)
	if len(e.breaks) > earMemory/frameSamples {
		e.breaks = append([]int(nil), e.breaks[len(e.breaks)/2:]...)
	}
	if e.recording && packets < tone.Rate/frameSamples {
		e.record = append(e.record, make([]int16, packets*frameSamples)...)
	}
}

// since returns a copy of what came after position from, in pieces between losses; begins tells that the first piece follows a loss. It
// also returns the new position and what is closed when more comes.
func (e *ear) since(from int) (pieces [][]int16, begins bool, next int, changed <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	first := e.total - len(e.pcm)
	if from < first {
		from, begins = first, true
	}
	last := from
	cut := func(to int) {
		if to > last {
			pieces = append(pieces, append([]int16(nil), e.pcm[last-first:to-first]...))
			last = to
		}
	}
	for _, b := range e.breaks {
		if b == from {
			begins = true
		}
		if b > from && b < e.total {
			cut(b)
		}
	}
	cut(e.total)
	return pieces, begins, e.total, e.changed
}

func (e *ear) position() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.total
}

// feed gives w what came after position from.
func (e *ear) feed(w *tone.Watch, from int) (done bool, next int, changed <-chan struct{}) {
	pieces, begins, next, changed := e.since(from)
	for i, pcm := range pieces {
		if i > 0 || begins {
			w.Break()
		}
		if w.Feed(pcm) {
			return true, next, changed
		}
	}
	return false, next, changed
}

// listen feeds what arrives from now on to w until it is satisfied.
func (e *ear) listen(ctx context.Context, ended <-chan struct{}, w *tone.Watch) error {
	pos := e.position()
	for {
		done, next, changed := e.feed(w, pos)
		if done {
			return nil
		}
		pos = next
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return ErrEnded
		}
	}
}

// describe says in words what the last tenth of a second was.
func (e *ear) describe() string {
	e.mu.Lock()
	pcm := append([]int16(nil), e.pcm[max(0, len(e.pcm)-tone.Rate/10):]...)
	e.mu.Unlock()
	if len(pcm) == 0 {
		return "no audio was ever received"
	}
	level := tone.Level(tone.MeanSquare(pcm))
	if level < tone.MinLevel {
		return fmt.Sprintf("last heard silence (%.0f dBFS)", level)
	}
	freq, share := tone.Peak(pcm)
	return fmt.Sprintf("last heard mostly %.0f Hz (%.0f %% of the energy, %.0f dBFS)", freq, 100*share, level)
}

// Heard says in words what was heard in the last tenth of a second.
func (c *Call) Heard() string { return c.ear.describe() }

func hertz(freqs []float64) string {
	s := make([]string, len(freqs))
	for i, f := range freqs {
		s[i] = fmt.Sprintf("%g", f)
	}
	return strings.Join(s, " and ") + " Hz"
}

func (c *Call) listen(ctx context.Context, what string, hold time.Duration, match func([]int16) bool) error {
	if err := c.ear.listen(ctx, c.ended, tone.NewWatch(hold, match)); err != nil {
		return fmt.Errorf("%s: waiting to hear %s: %w; %s; %+v", c, what, err, c.ear.describe(), c.Stats())
	}
	return nil
}

// Hears waits until every one of freqs (Hz) has been present for 200 ms in the audio that arrives from now on, whatever
// else sounds with them. See tone.MinShare for what present means.
func (c *Call) Hears(ctx context.Context, freqs ...float64) error {
	return c.listen(ctx, hertz(freqs), tone.Hold, tone.Has(freqs...))
}

// HearsOnly waits until all of freqs and nothing else of note are heard for 200 ms.
func (c *Call) HearsOnly(ctx context.Context, freqs ...float64) error {
	return c.listen(ctx, "only "+hertz(freqs), tone.Hold, tone.HasOnly(freqs...))
}

// HearsNoMore waits until f has been absent for 200 ms of received audio, or for as long without any packet.
func (c *Call) HearsNoMore(ctx context.Context, f float64) error {
	return c.listenQuiet(ctx, "no more "+hertz([]float64{f}), tone.Lacks(f))
}

// HearsSilence waits until there has been silence, or no packet at all, for 200 ms.
func (c *Call) HearsSilence(ctx context.Context) error {
	return c.listenQuiet(ctx, "silence", tone.Silent())
}

// HearsSound waits for 200 ms of anything that is not silence: a prompt, music, ring back.
func (c *Call) HearsSound(ctx context.Context) error {
	return c.listen(ctx, "any sound", tone.Hold, tone.Loud())
}

// HearsOther waits for 200 ms of sound that is something else than f: what is said amid ringing.
func (c *Call) HearsOther(ctx context.Context, f float64) error {
	return c.listen(ctx, fmt.Sprintf("something else than %.0f Hz", f), tone.Hold, tone.Other(f))
}

// listenQuiet is listen for conditions that the absence of packets satisfies too.
func (c *Call) listenQuiet(ctx context.Context, what string, match func([]int16) bool) error {
	w := tone.NewWatch(tone.Hold, match)
	pos := c.ear.position()
	// Longer than any stall of a loaded machine that is still a conversation.
	const noPackets = 2 * tone.Hold
	timer := time.NewTimer(noPackets)
	defer timer.Stop()
	for {
		done, next, changed := c.ear.feed(w, pos)
		if done {
			return nil
		}
		pos = next
		select {
		case <-changed:
			timer.Reset(noPackets)
		case <-timer.C:
			return nil
		case <-c.ended:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%s: waiting to hear %s: %w; %s", c, what, ctx.Err(), c.ear.describe())
		}
	}
}

// NotHears watches what arrives for d and fails as soon as f can be made out (tone.LeakShare) for more than 60 ms. It
// does not mind if the call ends meanwhile. After a change (a hold, a transfer) wait for HearsNoMore first: audio of
// before is still on its way.
func (c *Call) NotHears(ctx context.Context, f float64, d time.Duration) error {
	watch, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	err := c.ear.listen(watch, c.ended, tone.NewWatch(60*time.Millisecond, tone.Leaks(f)))
	switch {
	case err == nil:
		return fmt.Errorf("%s: heard %g Hz, which it must not; %s", c, f, c.ear.describe())
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrEnded):
		return nil
	}
	return nil
}

// StartRecording keeps everything received from now on for Recording.
func (c *Call) StartRecording() {
	c.ear.mu.Lock()
	defer c.ear.mu.Unlock()
	c.ear.recording, c.ear.record = true, nil
}

// Recording returns what was received since StartRecording: mono PCM at 8000 Hz.
func (c *Call) Recording() []int16 {
	c.ear.mu.Lock()
	defer c.ear.mu.Unlock()
	return append([]int16(nil), c.ear.record...)
}

// SaveRecording writes Recording to a WAV file.
func (c *Call) SaveRecording(path string) error { return tone.WriteWAV(path, c.Recording()) }
