package tone

import "time"

// Sizes of the analysis. The window tells tones apart that differ by 70 Hz; it moves on by one RTP packet at a time.
const (
	Window = 480 // samples, 60 ms
	Hop    = 160 // samples, 20 ms
)

// What counts as heard.
const (
	// MinShare is the share of the energy from which a frequency is present: each of four equal parties has it.
	MinShare = 0.18
	// LeakShare is the share from which a frequency that must be absent is reported: 17 dB below everything else.
	LeakShare = 0.02
	// OnlyShare is the share that the expected frequencies must have together to be the only ones.
	OnlyShare = 0.85
	// MinLevel is the level in dBFS under which everything is silence.
	MinLevel = -48.0
)

// Hold is how long a frequency must be present to be heard.
const Hold = 200 * time.Millisecond

// Watch decides over a stream of samples whether something is heard for long enough. A window now and then that does
// not fit (a lost packet, a click) only delays the decision.
type Watch struct {
	match func(window []int16) bool
	need  int
	score int
	buf   []int16
}

// NewWatch returns a Watch for windows that satisfy match during hold.
func NewWatch(hold time.Duration, match func(window []int16) bool) *Watch {
	return &Watch{match: match, need: max(1, int(hold/(Hop*time.Second/Rate)))}
}

// Feed adds samples and reports whether the condition has held for long enough at some point in them.
func (w *Watch) Feed(pcm []int16) bool {
	w.buf = append(w.buf, pcm...)
	done := false
	for !done && len(w.buf) >= Window {
		if w.match(w.buf[:Window]) {
			w.score++
		} else {
			// Losing two for one miss forgives single packets, yet lets nothing through that is there only half of the
			// time.
			w.score = max(0, w.score-2)
		}
		done = w.score >= w.need
		w.buf = w.buf[Hop:]
	}
	// Do not let the head of the array grow with a long wait.
	w.buf = append([]int16(nil), w.buf...)
	return done
}

// Break tells that what is fed next does not follow what was fed before: packets were lost. No window spans the break.
func (w *Watch) Break() { w.buf = w.buf[:0] }

// Has returns a match for windows in which every one of freqs is present.
func Has(freqs ...float64) func([]int16) bool {
	return func(window []int16) bool {
		shares, level := Shares(window, freqs...)
		if level < MinLevel {
			return false
		}
		for _, s := range shares {
			if s < MinShare {
				return false
			}
		}
		return true
	}
}

// HasOnly returns a match for windows in which every one of freqs is present and nothing else of note.
func HasOnly(freqs ...float64) func([]int16) bool {
	return func(window []int16) bool {
		shares, level := Shares(window, freqs...)
		if level < MinLevel {
			return false
		}
		var sum float64
		for _, s := range shares {
			if s < MinShare/2 {
				return false
			}
			sum += s
		}
		return sum >= OnlyShare
	}
}

// Leaks returns a match for windows in which f can be made out at all.
func Leaks(f float64) func([]int16) bool {
	return func(window []int16) bool {
		shares, level := Shares(window, f)
		return level >= MinLevel && shares[0] >= LeakShare
	}
}

// Lacks returns a match for windows without f.
func Lacks(f float64) func([]int16) bool {
	leaks := Leaks(f)
	return func(window []int16) bool { return !leaks(window) }
}

// Silent returns a match for windows below MinLevel.
func Silent() func([]int16) bool {
	return func(window []int16) bool { return Level(MeanSquare(window)) < MinLevel }
}

// Loud returns a match for windows that hold any sound.
func Loud() func([]int16) bool {
	return func(window []int16) bool { return Level(MeanSquare(window)) >= MinLevel }
}

// Other returns a match for windows with sound of which f is the smaller part: speech in place of a tone.
func Other(f float64) func([]int16) bool {
	return func(window []int16) bool {
		shares, level := Shares(window, f)
		return level >= MinLevel && shares[0] < 0.5
	}
}
