// Package tone makes and recognises pure tones in 16 bit PCM, so that a test can give every party its own frequency and
// then say who hears whom.
//
// Recognition uses the Goertzel algorithm over Hann windows. It looks at the share of the energy that a frequency has in
// a window rather than at absolute levels, so it survives G.711 quantisation and mixers that turn parties down.
package tone

import "math"

// Rate is the sample rate of every function here that takes none: G.711's, in Hz.
const Rate = 8000

// Generator is a phase-continuous source of one or more summed sine waves.
type Generator struct {
	step  []float64
	phase []float64
	amp   float64
}

// DefaultLevel is the level of a Generator in dB relative to full scale: loud enough for any mixer, and two of them
// added still do not clip.
const DefaultLevel = -12.0

// NewGenerator returns a generator of the given frequencies in Hz at level (dBFS of each sine's peak).
func NewGenerator(level float64, freqs ...float64) *Generator {
	g := &Generator{amp: 32767 * math.Pow(10, level/20), phase: make([]float64, len(freqs))}
	for _, f := range freqs {
		g.step = append(g.step, 2*math.Pi*f/Rate)
	}
	return g
}

// Read fills frame with the next samples.
func (g *Generator) Read(frame []int16) {
	for i := range frame {
		var v float64
		for k := range g.step {
			v += math.Sin(g.phase[k])
			g.phase[k] = math.Mod(g.phase[k]+g.step[k], 2*math.Pi)
		}
		frame[i] = clip(v * g.amp)
	}
}

func clip(v float64) int16 {
	return int16(max(-32768, min(32767, math.Round(v))))
}

// Voices is how many frequencies Distinct has.
const Voices = 12

// Distinct returns the i-th (from 0) of a row of frequencies that are safe to use side by side: at least 98 Hz apart,
// none a low harmonic of another, none of the DTMF or usual call progress frequencies. It panics past Voices-1.
func Distinct(i int) float64 {
	return [Voices]float64{541, 1124, 1686, 2281, 2581, 811, 1979, 2481, 3179, 2381, 3081, 2081}[i]
}

// Apart is how far, in Hz, two tones must be from each other for one not to be taken for the other: Window sees a tone as
// wide as 4/60 ms.
const Apart = 40

// NearVoice returns whether hz is too near to one of the Distinct ones to be told from it.
func NearVoice(hz float64) bool {
	for i := range Voices {
		if math.Abs(Distinct(i)-hz) < Apart {
			return true
		}
	}
	return false
}

// Goertzel returns the power of frequency f in pcm as seen through a Hann window: the mean square that a sine of that
// frequency would have alone (full scale is 32767²/2).
func Goertzel(pcm []int16, f float64) float64 {
	n := len(pcm)
	if n < 2 {
		return 0
	}
	coeff := 2 * math.Cos(2*math.Pi*f/Rate)
	// The Hann window is a raised cosine; its own cosine is produced by the same kind of recurrence, which spares a
	// call of Cos for each sample.
	wc := 2 * math.Cos(2*math.Pi/float64(n-1))
	w0, w1 := 1.0, wc/2
	var s1, s2, sum float64
	for _, v := range pcm {
		w := 0.5 - 0.5*w0
		w0, w1 = w1, wc*w1-w0
		sum += w
		s1, s2 = w*float64(v)+coeff*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coeff*s1*s2
	return 2 * power / (sum * sum)
}

// MeanSquare returns the mean power of pcm, weighted by the same window as Goertzel, so that the two can be compared.
func MeanSquare(pcm []int16) float64 {
	n := len(pcm)
	if n < 2 {
		return 0
	}
	wc := 2 * math.Cos(2*math.Pi/float64(n-1))
	w0, w1 := 1.0, wc/2
	var e, sum float64
	for _, v := range pcm {
		w := 0.5 - 0.5*w0
		w0, w1 = w1, wc*w1-w0
		e += w * w * float64(v) * float64(v)
		sum += w * w
	}
	return e / sum
}

// Level converts a mean square to dBFS (0 dB: a full scale sine). Silence is -120.
func Level(meanSquare float64) float64 {
	if meanSquare < 1e-3 {
		return -120
	}
	return 10 * math.Log10(meanSquare/(32767*32767/2))
}

// Shares returns, for each frequency, which part (0 to 1) of the energy of pcm it has, and the level of pcm in dBFS.
// A lone sine has a share close to 1; each of three equal ones about a third.
func Shares(pcm []int16, freqs ...float64) (shares []float64, level float64) {
	ms := MeanSquare(pcm)
	shares = make([]float64, len(freqs))
	if ms > 0 {
		for i, f := range freqs {
			shares[i] = min(1, Goertzel(pcm, f)/ms)
		}
	}
	return shares, Level(ms)
}

// Peak returns the strongest frequency in pcm to about 5 Hz, between 200 and 3600 Hz, with its share of the energy.
func Peak(pcm []int16) (freq, share float64) {
	ms := MeanSquare(pcm)
	if ms == 0 {
		return 0, 0
	}
	var best float64
	for f := 200.0; f <= 3600; f += 5 {
		if p := Goertzel(pcm, f); p > best {
			best, freq = p, f
		}
	}
	return freq, min(1, best/ms)
}
