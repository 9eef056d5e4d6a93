package media

import "math"

const (
	// speechLevel is the level of speech while somebody speaks, in dB below full scale:
	// usual for telephone announcements, and what G.711 carries without clipping.
	speechLevel = -19.0
	musicLevel  = -20.0
	// silence is the level below which a frame counts as a pause.
	silence = -50.0
	// Peaks above knee are bent so that they stay below ceiling.
	knee, ceiling = 0.6, 0.89
)

func decibel(rms float64) float64 { return 20 * math.Log10(max(rms, 1e-9)) }

func amplitude(db float64) float64 { return math.Pow(10, db/20) }

// activeLevel is the level in dBFS of the frames of 20 ms that are no pauses; ok is false when all are.
func activeLevel(samples []float64, rate int) (db float64, ok bool) {
	frame := rate / 50
	sum, n := 0.0, 0
	for at := 0; at < len(samples); at += frame {
		part := samples[at:min(at+frame, len(samples))]
		e := 0.0
		for _, s := range part {
			e += s * s
		}
		if decibel(math.Sqrt(e/float64(len(part)))) > silence {
			sum += e
			n += len(part)
		}
	}
	if n == 0 {
		return 0, false
	}
	return decibel(math.Sqrt(sum / float64(n))), true
}

// level brings samples to db while active. Bending the peaks costs a little level, so it
// is done in a few steps. Silence stays silence.
func level(samples []float64, rate int, db float64) []float64 {
	out := append([]float64(nil), samples...)
	gain := 1.0
	for range 4 {
		now, ok := activeLevel(out, rate)
		if !ok {
			break
		}
		gain *= amplitude(db - now)
		for i, s := range samples {
			out[i] = bend(s * gain)
		}
		if math.Abs(now-db) < 0.2 {
			break
		}
	}
	return out
}

func bend(s float64) float64 {
	a := math.Abs(s)
	if a <= knee {
		return s
	}
	return math.Copysign(knee+(ceiling-knee)*math.Tanh((a-knee)/(ceiling-knee)), s)
}

// trim cuts the silence before and after, up to 40 ms and 120 ms.
func trim(samples []float64, rate int) []float64 {
	frame := rate / 100
	first, last := -1, 0
	for at := 0; at+frame <= len(samples); at += frame {
		e := 0.0
		for _, s := range samples[at : at+frame] {
			e += s * s
		}
		if decibel(math.Sqrt(e/float64(frame))) > silence {
			if first < 0 {
				first = at
			}
			last = at + frame
		}
	}
	if first < 0 {
		return samples
	}
	return samples[max(0, first-rate*40/1000):min(len(samples), last+rate*120/1000)]
}

// resample changes the sample rate with a windowed sinc filter, whose edge is a little below half of the
// lower rate.
func resample(in []float64, from, to int) []float64 {
	if from == to {
		return in
	}
	g := gcd(from, to)
	up, down := to/g, from/g                             // out[i] is at in[i*down/up]
	cut := 0.46 * float64(min(from, to)) / float64(from) // cycles a sample of in
	half := int(math.Ceil(12 / (2 * cut)))               // 12 zero crossings each side
	// One set of taps for each position between two samples that comes up.
	taps := make([]float64, up*2*half)
	for phase := range up {
		for k := range 2 * half {
			d := float64(phase)/float64(up) - float64(k-half+1)
			w := 0.5 + 0.5*math.Cos(math.Pi*d/float64(half)) // Hann
			taps[phase*2*half+k] = w * sinc(2*cut*d) * 2 * cut
		}
	}
	out := make([]float64, int(int64(len(in))*int64(up)/int64(down)))
	for i := range out {
		at, phase := i*down/up, i*down%up
		first := at - half + 1
		sum := 0.0
		for k, tap := range taps[phase*2*half : (phase+1)*2*half] {
			if j := first + k; j >= 0 && j < len(in) {
				sum += in[j] * tap
			}
		}
		out[i] = sum
	}
	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func sinc(x float64) float64 {
	if math.Abs(x) < 1e-9 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}
