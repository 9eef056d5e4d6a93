package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"
)

// maxAudio bounds what is read into memory: 30 minutes at 48 kHz stereo.
const maxAudio = 30 * 60 * 48000 * 4

// format is the fmt chunk of a WAV file.
type format struct {
	encoding uint16 // 1: PCM
	channels int
	rate     int
	bits     int
}

// Duration of a PCM WAV file, from its header.
func Duration(path string) (time.Duration, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("duration of audio: %w", err)
	}
	defer f.Close()
	fm, size, err := readHeader(f)
	if err != nil {
		return 0, fmt.Errorf("duration of %s: %w", path, err)
	}
	st, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("duration of %s: %w", path, err)
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, fmt.Errorf("duration of %s: %w", path, err)
	}
	if st.Size()-at < size {
		return 0, fmt.Errorf("duration of %s: the file is cut off", path)
	}
	frames := size / int64(fm.channels*fm.bits/8)
	return time.Duration(frames) * time.Second / time.Duration(fm.rate), nil
}

// readHeader reads up to the samples and tells their size in bytes. An unknown size, as
// programs write that make WAV on a pipe, is -1 as uint32 or beyond the end of the file.
func readHeader(r io.Reader) (format, int64, error) {
	var riff [12]byte
	if _, err := io.ReadFull(r, riff[:]); err != nil || string(riff[:4]) != "RIFF" || string(riff[8:]) != "WAVE" {
		return format{}, 0, errors.New("not a WAV file")
	}
	var fm *format
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return format{}, 0, errors.New("the WAV file has no audio data")
		}
		size := int64(binary.LittleEndian.Uint32(head[4:]))
		switch string(head[:4]) {
		case "fmt ":
			if size < 16 || size > 64 {
				return format{}, 0, fmt.Errorf("the WAV file has a format chunk of %d bytes", size)
			}
			body := make([]byte, size+size%2)
			if _, err := io.ReadFull(r, body); err != nil {
				return format{}, 0, errors.New("the WAV file is cut off in its header")
			}
			fm = &format{binary.LittleEndian.Uint16(body), int(binary.LittleEndian.Uint16(body[2:])),
				int(binary.LittleEndian.Uint32(body[4:])), int(binary.LittleEndian.Uint16(body[14:]))}
			if fm.encoding == 0xfffe && size >= 40 { // WAVE_FORMAT_EXTENSIBLE: the sub-format has it
				fm.encoding = binary.LittleEndian.Uint16(body[24:])
			}
		case "data":
			switch {
			case fm == nil:
				return format{}, 0, errors.New("the WAV file has no format before its data")
			case fm.encoding != 1 || fm.bits != 16:
				return format{}, 0, fmt.Errorf("the WAV file is not PCM of 16 bits (encoding %d, %d bits)", fm.encoding, fm.bits)
			case fm.channels < 1 || fm.channels > 2:
				return format{}, 0, fmt.Errorf("the WAV file has %d channels, not 1 or 2", fm.channels)
			case fm.rate < 8000 || fm.rate > 48000:
				return format{}, 0, fmt.Errorf("the WAV file has %d samples a second, not 8000 to 48000", fm.rate)
			}
			return *fm, size, nil
		default:
			if _, err := io.CopyN(io.Discard, r, size+size%2); err != nil {
				return format{}, 0, errors.New("the WAV file is cut off")
			}
		}
	}
}

// read reads a WAV file, two channels mixed into one, as samples from -1 to 1.
func read(r io.Reader) (samples []float64, rate int, err error) {
	fm, size, err := readHeader(r)
	if err != nil {
		return nil, 0, err
	}
	data, err := io.ReadAll(io.LimitReader(r, min(size, maxAudio+1)))
	if err != nil {
		return nil, 0, fmt.Errorf("read audio data: %w", err)
	}
	if len(data) > maxAudio {
		return nil, 0, errors.New("the WAV file is too long")
	}
	frame := 2 * fm.channels
	// A size that was never filled in (a pipe) is no damage; a file shorter than it says is.
	if int64(len(data)) < size && size < math.MaxInt32-4096 {
		return nil, 0, errors.New("the WAV file is cut off")
	}
	samples = make([]float64, len(data)/frame)
	for i := range samples {
		sum := 0.0
		for ch := range fm.channels {
			sum += float64(int16(binary.LittleEndian.Uint16(data[i*frame+2*ch:])))
		}
		samples[i] = sum / float64(fm.channels) / 32768
	}
	if len(samples) == 0 {
		return nil, 0, errors.New("the WAV file has no audio data")
	}
	return samples, fm.rate, nil
}

// writeFile writes PCM of 16 bits, mono, to a new file that takes the place of path at once.
func writeFile(path string, samples []float64, rate int) error {
	return replace(path, encode(samples, rate))
}

// encode makes a WAV file of PCM of 16 bits, mono.
func encode(samples []float64, rate int) []byte {
	buf := make([]byte, 44, 44+2*len(samples))
	copy(buf, "RIFF")
	binary.LittleEndian.PutUint32(buf[4:], uint32(36+2*len(samples)))
	copy(buf[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(buf[16:], 16)
	binary.LittleEndian.PutUint16(buf[20:], 1)
	binary.LittleEndian.PutUint16(buf[22:], 1)
	binary.LittleEndian.PutUint32(buf[24:], uint32(rate))
	binary.LittleEndian.PutUint32(buf[28:], uint32(2*rate))
	binary.LittleEndian.PutUint16(buf[32:], 2)
	binary.LittleEndian.PutUint16(buf[34:], 16)
	copy(buf[36:], "data")
	binary.LittleEndian.PutUint32(buf[40:], uint32(2*len(samples)))
	for _, s := range samples {
		v := math.Round(s * 32767)
		buf = binary.LittleEndian.AppendUint16(buf, uint16(int16(max(-32768, min(32767, v)))))
	}
	return buf
}

// replace writes a file under another name first, so that nobody ever reads half of it.
func replace(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	// Engines run as other users.
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}
