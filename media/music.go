package media

import "math"

// musicVersion grows when the music is changed, so that it is made anew.
const musicVersion = 1

// holdMusic composes the hold music: eight bars of four chords twice, at 64 beats a minute, a soft pad
// below an arpeggio. The tails of the last notes sound over the first ones, so that it loops
// without a seam. All of it lies in the telephone band.
func holdMusic(rate int) []float64 {
	const beat = 60.0 / 64
	// Four voices a bar, as semitones from A4 = 440 Hz.
	bars := [][4]int{
		{-12, -5, 0, 4},  // A
		{-15, -8, -3, 1}, // F sharp minor
		{-19, -7, -3, 2}, // D
		{-17, -10, -5, 2},
		{-12, -8, -3, 4},
		{-15, -11, -3, 0},
		{-19, -10, -7, -3},
		{-17, -13, -10, -1},
	}
	order := [8]int{0, 2, 1, 3, 2, 1, 3, 2}
	out := make([]float64, int(float64(len(bars))*4*beat*float64(rate)))
	for b, chord := range bars {
		start := float64(b) * 4 * beat
		for _, semitone := range chord {
			pad(out, rate, start, 4.4*beat, pitch(semitone), 0.5)
		}
		for i, voice := range order {
			pluck(out, rate, start+float64(i)*beat/2, pitch(chord[voice]+12), 0.8)
		}
	}
	return level(out, rate, musicLevel)
}

func pitch(semitone int) float64 { return 440 * math.Pow(2, float64(semitone)/12) }

// pad adds a held note that swells and fades.
func pad(out []float64, rate int, start, length, hz, gain float64) {
	n := int(length * float64(rate))
	for i := range n {
		t := float64(i) / float64(rate)
		env := math.Sin(math.Pi * float64(i) / float64(n))
		add(out, rate, start, i, gain*env*(math.Sin(2*math.Pi*hz*t)+0.35*math.Sin(2*math.Pi*2*hz*t+0.4*math.Sin(2*math.Pi*4.5*t))))
	}
}

// pluck adds a note that starts at once and dies away.
func pluck(out []float64, rate int, start, hz, gain float64) {
	for i := range 2 * rate {
		t := float64(i) / float64(rate)
		env := math.Min(t/0.006, 1) * math.Exp(-3*t)
		add(out, rate, start, i, gain*env*(math.Sin(2*math.Pi*hz*t)+0.25*math.Exp(-4*t)*math.Sin(2*math.Pi*3*hz*t)))
	}
}

// add mixes a sample in, around the end of the loop.
func add(out []float64, rate int, start float64, i int, s float64) {
	out[(int(start*float64(rate))+i)%len(out)] += s
}
