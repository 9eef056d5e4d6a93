package analysis

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"callplane/controller/recording"
	"callplane/store"
)

// speakers of the channels of a recording: the user left, the other party right. With one channel nobody can tell.
func speakers(channels int) []string {
	if channels == 2 {
		return []string{"user", "other"}
	}
	return []string{""}
}

// side is one channel of a recording as a WAV file of its own, which is read and never whole in memory.
type side struct {
	io.Reader
	size int64
	file *os.File
}

func (s *side) Close() error { return s.file.Close() }

// openSide opens channel n. An error of a file that is not there or is none is final.
func openSide(file string, n int) (*side, recording.Info, error) {
	info, err := recording.Inspect(file)
	if err == nil && n >= info.Channels {
		err = errors.New("the recording has fewer channels")
	}
	if err != nil {
		return nil, info, &Final{err}
	}
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = &Final{err}
		}
		return nil, info, err
	}
	at, size := info.Sound()
	size = size / int64(2*info.Channels) * int64(2*info.Channels)
	one := size / int64(info.Channels)
	head := new(bytes.Buffer)
	head.WriteString("RIFF")
	for _, v := range []any{uint32(36 + one), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(info.Rate), uint32(2 * info.Rate), uint16(2), uint16(16), []byte("data"), uint32(one)} {
		_ = binary.Write(head, binary.LittleEndian, v) // to memory
	}
	return &side{io.MultiReader(head, &channelReader{from: io.NewSectionReader(f, at, size), channels: info.Channels, n: n}), 44 + one, f}, info, nil
}

// channelReader picks one channel of interleaved samples of 16 bits.
type channelReader struct {
	from        io.Reader
	channels, n int
	raw         [8192]byte
	have        []byte
}

func (r *channelReader) Read(p []byte) (int, error) {
	if len(r.have) == 0 {
		n, err := io.ReadFull(r.from, r.raw[:])
		if n == 0 {
			return 0, err
		}
		frame := 2 * r.channels
		out := 0
		for at := 0; at+frame <= n; at += frame {
			r.raw[out], r.raw[out+1] = r.raw[at+2*r.n], r.raw[at+2*r.n+1]
			out += 2
		}
		r.have = r.raw[:out]
		if out == 0 {
			return 0, io.ErrUnexpectedEOF
		}
	}
	n := copy(p, r.have)
	r.have = r.have[n:]
	return n, nil
}

// channels of a recording.
func channels(file string) (int, error) {
	info, err := recording.Inspect(file)
	if err != nil {
		return 0, &Final{err}
	}
	return info.Channels, nil
}

// merge orders what both sides said by time.
func merge(sides [][]store.Spoken) []store.Spoken {
	var out []store.Spoken
	for {
		first := -1
		for i, s := range sides {
			if len(s) > 0 && (first < 0 || s[0].At < sides[first][0].At) {
				first = i
			}
		}
		if first < 0 {
			return out
		}
		out = append(out, sides[first][0])
		sides[first] = sides[first][1:]
	}
}

// eachSide transcribes the channels of a recording one after the other.
func eachSide(file string, one func(channel int) ([]store.Spoken, error)) ([]store.Spoken, error) {
	n, err := channels(file)
	if err != nil {
		return nil, err
	}
	var sides [][]store.Spoken
	for i, speaker := range speakers(n) {
		said, err := one(i)
		if err != nil {
			return nil, err
		}
		for k := range said {
			said[k].Speaker = speaker
		}
		sides = append(sides, said)
	}
	return merge(sides), nil
}
