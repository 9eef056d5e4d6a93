package phone

import (
	"callplane/integration/tone"
)

// Source is what a phone says. Read is called for every 20 ms from one goroutine and fills the whole frame (160
// samples at 8000 Hz). A Source belongs to one call at a time.
type Source interface {
	Read(frame []int16)
}

// Silence says nothing; packets flow all the same.
func Silence() Source { return silence{} }

type silence struct{}

func (silence) Read(frame []int16) { clear(frame) }

// Tone hums the given frequencies in Hz together at tone.DefaultLevel each.
func Tone(freqs ...float64) Source { return tone.NewGenerator(tone.DefaultLevel, freqs...) }

// PCM plays samples (mono, 8000 Hz) once, or again and again, followed by silence.
func PCM(samples []int16, loop bool) Source { return &player{samples: samples, loop: loop} }

// File plays a 16 bit WAV file like PCM.
func File(path string, loop bool) (Source, error) {
	samples, err := tone.ReadWAV(path)
	if err != nil {
		return nil, err
	}
	return PCM(samples, loop), nil
}

type player struct {
	samples []int16
	pos     int
	loop    bool
}

func (p *player) Read(frame []int16) {
	for len(frame) > 0 {
		if p.pos == len(p.samples) {
			if !p.loop || len(p.samples) == 0 {
				clear(frame)
				return
			}
			p.pos = 0
		}
		n := copy(frame, p.samples[p.pos:])
		p.pos += n
		frame = frame[n:]
	}
}
