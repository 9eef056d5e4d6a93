package tone

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// WriteWAV writes pcm as a mono 16 bit WAV file at Rate.
func WriteWAV(path string, pcm []int16) error {
	head := make([]byte, 44, 44+2*len(pcm))
	copy(head[0:], "RIFF")
	binary.LittleEndian.PutUint32(head[4:], uint32(36+2*len(pcm)))
	copy(head[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(head[16:], 16)
	binary.LittleEndian.PutUint16(head[20:], 1) // PCM
	binary.LittleEndian.PutUint16(head[22:], 1) // channels
	binary.LittleEndian.PutUint32(head[24:], Rate)
	binary.LittleEndian.PutUint32(head[28:], 2*Rate)
	binary.LittleEndian.PutUint16(head[32:], 2)
	binary.LittleEndian.PutUint16(head[34:], 16)
	copy(head[36:], "data")
	binary.LittleEndian.PutUint32(head[40:], uint32(2*len(pcm)))
	for _, v := range pcm {
		head = binary.LittleEndian.AppendUint16(head, uint16(v))
	}
	if err := os.WriteFile(path, head, 0o644); err != nil {
		return fmt.Errorf("write wav: %w", err)
	}
	return nil
}

// ReadWAV reads a 16 bit PCM WAV file of any rate and returns its first channel at Rate.
func ReadWAV(path string) ([]int16, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read wav: %w", err)
	}
	defer f.Close()
	pcm, err := decodeWAV(f)
	if err != nil {
		return nil, fmt.Errorf("read wav %s: %w", path, err)
	}
	return pcm, nil
}

func decodeWAV(r io.Reader) ([]int16, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, errors.New("not a RIFF WAVE file")
	}
	var channels, rate int
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return nil, fmt.Errorf("no data chunk: %w", err)
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		switch string(chunk[:4]) {
		case "fmt ":
			if size < 16 || size > 1024 {
				return nil, fmt.Errorf("format chunk of %d bytes", size)
			}
			fmtChunk := make([]byte, size+size&1)
			if _, err := io.ReadFull(r, fmtChunk); err != nil {
				return nil, err
			}
			format, bits := binary.LittleEndian.Uint16(fmtChunk), binary.LittleEndian.Uint16(fmtChunk[14:])
			if (format != 1 && format != 0xFFFE) || bits != 16 {
				return nil, fmt.Errorf("format %d with %d bits, only 16 bit PCM is supported", format, bits)
			}
			channels = int(binary.LittleEndian.Uint16(fmtChunk[2:]))
			rate = int(binary.LittleEndian.Uint32(fmtChunk[4:]))
		case "data":
			if channels == 0 || rate == 0 {
				return nil, errors.New("data before format")
			}
			// Recorders that were cut off leave sizes that are too large: take what there is.
			data, err := io.ReadAll(io.LimitReader(r, size))
			if err != nil {
				return nil, err
			}
			frames := len(data) / (2 * channels)
			pcm := make([]int16, frames)
			for i := range pcm {
				pcm[i] = int16(binary.LittleEndian.Uint16(data[2*channels*i:]))
			}
			return resample(pcm, rate), nil
		default:
			if _, err := io.CopyN(io.Discard, r, size+size&1); err != nil {
				return nil, err
			}
		}
	}
}

// resample converts by linear interpolation: good enough to hear, and exact when the rate is already right.
func resample(pcm []int16, from int) []int16 {
	if from == Rate || len(pcm) == 0 {
		return pcm
	}
	out := make([]int16, len(pcm)*Rate/from)
	for i := range out {
		pos := float64(i) * float64(from) / Rate
		k := min(int(pos), len(pcm)-1)
		next := pcm[min(k+1, len(pcm)-1)]
		frac := pos - float64(k)
		out[i] = clip(float64(pcm[k])*(1-frac) + float64(next)*frac)
	}
	return out
}
