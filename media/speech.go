package media

import (
	"fmt"
	"math"
	"os"
	"time"
)

// Speech measures a WAV file: how long it is, and for how long in all it is louder than a
// quiet line.
func Speech(path string) (length, spoken time.Duration, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, fmt.Errorf("measure audio: %w", err)
	}
	defer func() { _ = f.Close() }()
	samples, rate, err := read(f)
	if err != nil {
		return 0, 0, fmt.Errorf("measure %s: %w", path, err)
	}
	frame := rate / 50
	loud := 0
	for at := 0; at+frame <= len(samples); at += frame {
		e := 0.0
		for _, s := range samples[at : at+frame] {
			e += s * s
		}
		if decibel(math.Sqrt(e/float64(frame))) > silence {
			loud++
		}
	}
	return time.Duration(len(samples)) * time.Second / time.Duration(rate), time.Duration(loud) * 20 * time.Millisecond, nil
}
