package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// errNoSound: a file in which there is nothing to be heard.
var errNoSound = errors.New("there is no sound in the file")

// Info is what a WAV file says of itself.
type Info struct {
	Duration time.Duration
	Size     int64 // of the file, bytes
	Channels int
	Rate     int // samples a second
	data     int64
	bytes    int64 // of sound
}

// Inspect reads the head of a WAV file of PCM.
func Inspect(file string) (Info, error) {
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		return Info{}, err
	}
	info, err := inspect(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return Info{}, fmt.Errorf("recording %s: %w", file, err)
	}
	return info, nil
}

func inspect(f *os.File) (Info, error) {
	st, err := f.Stat()
	if err != nil {
		return Info{}, err
	}
	info := Info{Size: st.Size()}
	var head [12]byte
	if _, err := f.ReadAt(head[:], 0); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return Info{}, fmt.Errorf("%w: no WAV file", errNoSound)
	}
	perSecond := int64(0)
	for at := int64(12); ; {
		var chunk [8]byte
		if _, err := f.ReadAt(chunk[:], at); err != nil {
			return Info{}, fmt.Errorf("%w: no data", errNoSound)
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		switch string(chunk[:4]) {
		case "fmt ":
			var form [16]byte
			if _, err := f.ReadAt(form[:], at+8); err != nil {
				return Info{}, fmt.Errorf("%w: no format", errNoSound)
			}
			info.Channels = int(binary.LittleEndian.Uint16(form[2:]))
			info.Rate = int(binary.LittleEndian.Uint32(form[4:]))
			perSecond = int64(info.Rate) * int64(info.Channels) * 2
			if bits := binary.LittleEndian.Uint16(form[14:]); bits != 16 || perSecond == 0 {
				return Info{}, fmt.Errorf("%d bits a sample, %d channels at %d Hz", bits, info.Channels, info.Rate)
			}
		case "data":
			if perSecond == 0 {
				return Info{}, fmt.Errorf("%w: no format", errNoSound)
			}
			info.data, info.bytes = at, min(size, max(0, info.Size-at-8))
			info.Duration = time.Duration(float64(info.bytes) / float64(perSecond) * float64(time.Second)).Round(time.Millisecond)
			return info, nil
		}
		at += 8 + size + size%2
	}
}

// complete makes a file play to its end whose writer was cut off before it wrote how long it is, and syncs it.
func complete(file string) (err error) {
	f, err := os.OpenFile(filepath.Clean(file), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("complete recording: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := inspect(f)
	if err != nil {
		return fmt.Errorf("complete recording %s: %w", file, err)
	}
	frame := int64(2 * info.Channels)
	sound := (info.Size - info.data - 8) / frame * frame
	// Something may follow the sound in a whole file; in one that was cut off nothing does.
	var after [8]byte
	follows := false
	if _, err := f.ReadAt(after[:], info.data+8+info.bytes); err == nil && info.bytes > 0 {
		follows = bytes.Equal(after[:4], []byte("LIST")) || bytes.Equal(after[:4], []byte("id3 "))
	}
	if !follows && sound != info.bytes {
		var n [4]byte
		binary.LittleEndian.PutUint32(n[:], uint32(sound))
		if _, err := f.WriteAt(n[:], info.data+4); err != nil {
			return fmt.Errorf("complete recording: %w", err)
		}
		binary.LittleEndian.PutUint32(n[:], uint32(info.data+sound))
		if _, err := f.WriteAt(n[:], 4); err != nil {
			return fmt.Errorf("complete recording: %w", err)
		}
		info.bytes = sound
	}
	if info.bytes == 0 {
		return errNoSound
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync recording: %w", err)
	}
	return nil
}

// Sound is where in the file the samples begin, and how many bytes they are.
func (i Info) Sound() (at, size int64) { return i.data + 8, i.bytes }
