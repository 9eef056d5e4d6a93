package tone

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// sound mixes tones, each at its level in dBFS, for n samples.
func sound(n int, levels map[float64]float64) []int16 {
	out, part := make([]int16, n), make([]int16, n)
	for f, level := range levels {
		NewGenerator(level, f).Read(part)
		for i, v := range part {
			out[i] += v
		}
	}
	return out
}

// quantise throws away what G.711 does: all but the five highest bits of each sample, sign apart.
func quantise(pcm []int16) []int16 {
	out := slices.Clone(pcm)
	for i, v := range out {
		step := 8
		for m := int(v); max(m, -m)/step >= 32; {
			step *= 2
		}
		out[i] = int16((int(v) / step) * step)
	}
	return out
}

// lose drops one packet in ten, unnoticed, as a mixer under load does.
func lose(pcm []int16) []int16 {
	var out []int16
	i := 0
	for packet := range slices.Chunk(pcm, Hop) {
		if i++; i%10 != 0 {
			out = append(out, packet...)
		}
	}
	return out
}

func heard(pcm []int16, match func([]int16) bool) bool { return NewWatch(Hold, match).Feed(pcm) }

func TestEveryDistinctToneIsHeardAlone(t *testing.T) {
	for i := range Voices {
		f := Distinct(i)
		for _, level := range []float64{-3, DefaultLevel, -30} {
			pcm := quantise(sound(Rate, map[float64]float64{f: level}))
			if !heard(pcm, HasOnly(f)) {
				t.Errorf("%g Hz at %g dB is not heard", f, level)
			}
			for k := range Voices {
				if g := Distinct(k); k != i && (heard(pcm, Has(g)) || NewWatch(60e6, Leaks(g)).Feed(pcm)) {
					t.Errorf("%g Hz is heard in %g Hz at %g dB", g, f, level)
				}
			}
		}
	}
}

func TestMixes(t *testing.T) {
	a, b, c := Distinct(0), Distinct(1), Distinct(2)
	for _, x := range []struct {
		name   string
		levels map[float64]float64
		has    []float64
		only   []float64
		lacks  []float64
	}{
		{"two equal", map[float64]float64{a: -12, b: -12}, []float64{a, b}, []float64{a, b}, []float64{c}},
		{"two, one 5 dB down", map[float64]float64{a: -12, b: -17}, []float64{a, b}, []float64{a, b}, []float64{c}},
		{"three equal, all low", map[float64]float64{a: -32, b: -32, c: -32}, []float64{a, b, c}, []float64{a, b, c}, []float64{Distinct(3)}},
	} {
		pcm := lose(quantise(sound(2*Rate, x.levels)))
		if !heard(pcm, Has(x.has...)) {
			t.Errorf("%s: not heard", x.name)
		}
		if !heard(pcm, HasOnly(x.only...)) {
			t.Errorf("%s: not heard as the only ones", x.name)
		}
		if heard(pcm, HasOnly(x.only[0])) {
			t.Errorf("%s: one heard as the only one", x.name)
		}
		for _, f := range x.lacks {
			if !heard(pcm, Lacks(f)) {
				t.Errorf("%s: %g Hz is not absent", x.name, f)
			}
		}
	}
}

// A party that must not be heard is noticed at 15 dB below the one that may.
func TestLeak(t *testing.T) {
	a, b := Distinct(0), Distinct(1)
	pcm := quantise(sound(Rate, map[float64]float64{a: -12, b: -27}))
	if !NewWatch(60e6, Leaks(b)).Feed(pcm) {
		t.Error("the leak is not noticed")
	}
	if heard(pcm, Has(b)) {
		t.Error("the leak counts as a party")
	}
}

func TestSilenceAndNoise(t *testing.T) {
	if quiet := make([]int16, Rate); !heard(quiet, Silent()) || heard(quiet, Loud()) || heard(quiet, Has(523)) {
		t.Error("silence is heard")
	}
	noise := make([]int16, Rate)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = int16(r.NormFloat64() * 3000)
	}
	if heard(noise, Has(523)) || !heard(noise, Loud()) || NewWatch(60e6, Leaks(523)).Feed(noise) {
		t.Error("noise is taken for a tone")
	}
}

// Tones that come and go must not look like others.
func TestChangesOfTone(t *testing.T) {
	var pcm []int16
	for range 10 {
		pcm = append(pcm, sound(Rate/4, map[float64]float64{523: -12})...)
		pcm = append(pcm, sound(Rate/4, map[float64]float64{1721: -12})...)
		pcm = append(pcm, make([]int16, Rate/8)...)
	}
	for _, f := range []float64{811, 1130, 2287} {
		if heard(pcm, Has(f)) || NewWatch(60e6, Leaks(f)).Feed(pcm) {
			t.Errorf("%g Hz is heard in the changes of others", f)
		}
	}
}

func TestHoldIsNeeded(t *testing.T) {
	short := append(sound(Rate/8, map[float64]float64{523: -12}), make([]int16, Rate/2)...)
	if heard(short, Has(523)) {
		t.Error("125 ms were enough")
	}
}

func TestPeakAndLevel(t *testing.T) {
	pcm := sound(Window, map[float64]float64{1000: -20})
	if f, share := Peak(pcm); math.Abs(f-1000) > 5 || share < 0.95 {
		t.Errorf("peak %g Hz, share %g", f, share)
	}
	if level := Level(MeanSquare(pcm)); math.Abs(level+20) > 0.5 {
		t.Errorf("level %g dB", level)
	}
}

func TestWAV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.wav")
	pcm := sound(1234, map[float64]float64{440: -10})
	if err := WriteWAV(path, pcm); err != nil {
		t.Fatal(err)
	}
	got, err := ReadWAV(path)
	if err != nil || !slices.Equal(got, pcm) {
		t.Errorf("%d samples came back of %d, %v", len(got), len(pcm), err)
	}
	if _, err := ReadWAV(filepath.Join(t.TempDir(), "none.wav")); err == nil {
		t.Error("read a file that is not there")
	}
	up := resample(pcm, 16000)
	if len(up) != len(pcm)/2 {
		t.Errorf("%d samples of 16 kHz became %d", len(pcm), len(up))
	}
}
