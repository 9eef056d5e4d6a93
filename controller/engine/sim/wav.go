package sim

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"callplane/controller/engine"
)

const (
	rate = 8000
	// rendered is how much of a recording gets sound; the rest is silence, so that an
	// hour recorded on a synthetic clock costs nothing.
	rendered = 30 * time.Second
)

// wavLength reads how long a WAV file is.
func wavLength(path string) (time.Duration, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var riff [12]byte
	if _, err := io.ReadFull(f, riff[:]); err != nil || string(riff[:4]) != "RIFF" || string(riff[8:]) != "WAVE" {
		return 0, fmt.Errorf("%s is no WAV file", path)
	}
	var perSecond uint32
	for {
		var head [8]byte
		if _, err := io.ReadFull(f, head[:]); err != nil {
			return 0, fmt.Errorf("%s has no data: %w", path, err)
		}
		size := int64(binary.LittleEndian.Uint32(head[4:]))
		switch string(head[:4]) {
		case "fmt ":
			body := make([]byte, min(size, 64))
			if _, err := io.ReadFull(f, body); err != nil || len(body) < 16 {
				return 0, fmt.Errorf("%s has no format", path)
			}
			perSecond = binary.LittleEndian.Uint32(body[8:])
			size -= int64(len(body))
		case "data":
			if perSecond == 0 {
				return 0, fmt.Errorf("%s has no format", path)
			}
			return time.Duration(size) * time.Second / time.Duration(perSecond), nil
		}
		if _, err := f.Seek(size+size%2, io.SeekCurrent); err != nil {
			return 0, err
		}
	}
}

// writeRecording writes and closes the file of a recording.
func writeRecording(f *os.File, r *recording, d time.Duration) error {
	channels := 1
	if r.Scope == engine.RecordStereo {
		channels = 2
	}
	frames := int64(d.Seconds() * rate)
	bytes := uint32(frames * 2 * int64(channels))
	out := bufio.NewWriter(f)
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), 36+bytes)
	head = append(head, "WAVEfmt "...)
	head = binary.LittleEndian.AppendUint32(head, 16)
	head = binary.LittleEndian.AppendUint16(head, 1)
	head = binary.LittleEndian.AppendUint16(head, uint16(channels))
	head = binary.LittleEndian.AppendUint32(head, rate)
	head = binary.LittleEndian.AppendUint32(head, uint32(rate*2*channels))
	head = binary.LittleEndian.AppendUint16(head, uint16(2*channels))
	head = binary.LittleEndian.AppendUint16(head, 16)
	head = append(head, "data"...)
	head = binary.LittleEndian.AppendUint32(head, bytes)
	_, err := out.Write(head)
	span := 0
	for i := int64(0); i < min(frames, int64(rendered.Seconds()*rate)); i++ {
		at := r.started.Add(time.Duration(i) * time.Second / rate)
		for span+1 < len(r.spans) && !r.spans[span+1].at.After(at) {
			span++
		}
		s := r.spans[span]
		said, heard := sample(s.said, i), sample(s.played, i)
		var frame []byte
		switch r.Scope {
		case engine.RecordStereo:
			frame = binary.LittleEndian.AppendUint16(nil, uint16(said))
			frame = binary.LittleEndian.AppendUint16(frame, uint16(heard))
		case engine.RecordMixed:
			frame = binary.LittleEndian.AppendUint16(nil, uint16(said+heard))
		default:
			frame = binary.LittleEndian.AppendUint16(nil, uint16(said))
		}
		out.Write(frame) // the error is kept and returned by Flush
	}
	return errors.Join(err, out.Flush(), f.Truncate(int64(44+bytes)), f.Close())
}

// sample is the i-th sample of sounds together; files are silent.
func sample(sounds []Sound, i int64) int16 {
	var sum float64
	for _, s := range sounds {
		hz := s.Hz
		if s.Tone != 0 {
			hz = 425
		}
		sum += 4000 * math.Sin(2*math.Pi*float64(hz)*float64(i)/rate)
	}
	return int16(max(-15000, min(15000, sum)))
}
