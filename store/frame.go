package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// Files of this package are sequences of frames: length and CRC-32C of the content, four
// bytes each, little endian, then the content. A frame that is cut off or does not match ends the file:
// what a crash leaves of the last append.

const (
	frameHeader = 8
	frameMax    = 64 << 20
)

func crcTable() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func appendFrame(b, content []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(content)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(content, crcTable()))
	return append(b, content...)
}

// errTorn: the file ends within a frame or with a damaged one.
var errTorn = errors.New("torn frame")

// frameReader reads frames one after the other.
type frameReader struct {
	r      *bufio.Reader
	offset int64 // behind the last whole frame
	buf    []byte
}

func newFrameReader(r io.Reader, offset int64) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, 256<<10), offset: offset}
}

// next returns the content of the next frame, valid until the next call; io.EOF at a clean
// end, errTorn at a bad one.
func (f *frameReader) next() ([]byte, error) {
	var head [frameHeader]byte
	if n, err := io.ReadFull(f.r, head[:]); err != nil {
		if err == io.EOF && n == 0 {
			return nil, io.EOF
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errTorn
		}
		return nil, fmt.Errorf("read frame: %w", err)
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size > frameMax {
		return nil, errTorn
	}
	if cap(f.buf) < int(size) {
		f.buf = make([]byte, size)
	}
	f.buf = f.buf[:size]
	if _, err := io.ReadFull(f.r, f.buf); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
			return nil, errTorn
		}
		return nil, fmt.Errorf("read frame: %w", err)
	}
	if crc32.Checksum(f.buf, crcTable()) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errTorn
	}
	f.offset += frameHeader + int64(size)
	return f.buf, nil
}

// syncDir makes created, renamed and removed names in a directory durable.
func syncDir(path string) error {
	d, err := os.Open(filepath.Clean(path))
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
