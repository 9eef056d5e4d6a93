package conformance

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"callplane/integration/tone"
)

// ReadWAV reads the channels of a 16 bit PCM file, at tone.Rate.
func ReadWAV(path string) (channels [][]int16, length time.Duration, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, fmt.Errorf("read recording: %w", err)
	}
	if len(raw) < 12 || string(raw[:4]) != "RIFF" || string(raw[8:12]) != "WAVE" {
		return nil, 0, fmt.Errorf("read recording: %s is no WAV file", path)
	}
	var count, rate, bits int
	for raw = raw[12:]; len(raw) >= 8; {
		kind, size := string(raw[:4]), int(binary.LittleEndian.Uint32(raw[4:]))
		body := raw[8:]
		if size > len(body) { // a writer that died, or 0xffffffff for unknown
			return nil, 0, fmt.Errorf("read recording: chunk %q of %s is cut off (%d of %d bytes)", kind, path, len(body), size)
		}
		body = body[:size]
		switch kind {
		case "fmt ":
			if size < 16 {
				return nil, 0, fmt.Errorf("read recording: %s has a short format", path)
			}
			count, rate, bits = int(binary.LittleEndian.Uint16(body[2:])), int(binary.LittleEndian.Uint32(body[4:])), int(binary.LittleEndian.Uint16(body[14:]))
		case "data":
			if bits != 16 || count == 0 || rate%tone.Rate != 0 || rate == 0 {
				return nil, 0, fmt.Errorf("read recording: %s has %d channels of %d bits at %d Hz", path, count, bits, rate)
			}
			frames := len(body) / 2 / count
			channels = make([][]int16, count)
			// Every test tone is far below 4 kHz, so leaving samples out is resampling enough.
			for i := 0; i < frames; i += rate / tone.Rate {
				for c := range channels {
					channels[c] = append(channels[c], int16(binary.LittleEndian.Uint16(body[2*(i*count+c):])))
				}
			}
			return channels, time.Duration(frames) * time.Second / time.Duration(rate), nil
		}
		raw = raw[8+min(size+size%2, len(raw)-8):]
	}
	return nil, 0, fmt.Errorf("read recording: %s has no data", path)
}
