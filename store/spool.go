package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// spool is a queue of records on disk: numbered segments of frames. One goroutine
// appends, one reads and removes what is done with. What was read but not consumed comes
// again after a restart, so taking it twice must be harmless.
type spool struct {
	dir   string
	lock  *os.File
	found int // records at the opening

	mu       sync.Mutex
	segments []int64 // numbers of segments, ascending; the last is appended to
	write    *os.File
	written  int64 // whole frames of the segment that is appended to

	// Of the reader.
	read    *os.File
	reading int64 // segment
	offset  int64 // behind what was consumed
	peeked  int64 // behind what was peeked
}

// segmentSize ends a segment; a consumed one is removed.
const segmentSize = 4 << 20

func openSpool(dir string) (s *spool, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	defer func() {
		if err != nil {
			_ = lock.Close()
		}
	}()
	s = &spool{dir: dir, lock: lock}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("%s is in use by another process: %w", dir, err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.records"))
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	for _, name := range names {
		var n int64
		if _, err := fmt.Sscanf(filepath.Base(name), "%d.records", &n); err != nil {
			continue
		}
		count, err := countFrames(name)
		if err != nil {
			return nil, err
		}
		s.found += count
		s.segments = append(s.segments, n)
	}
	slices.Sort(s.segments)
	// A new segment: the last one may have a torn end, behind which nothing would be read.
	return s, s.rotate()
}

func countFrames(name string) (n int, err error) {
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		return 0, fmt.Errorf("open segment: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for r := newFrameReader(f, 0); ; n++ {
		if _, err := r.next(); err == io.EOF || errors.Is(err, errTorn) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

func (s *spool) name(segment int64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%016d.records", segment))
}

// rotate begins a new segment; with the mutex held, or before others know the spool.
func (s *spool) rotate() error {
	next := int64(1)
	if n := len(s.segments); n > 0 {
		next = s.segments[n-1] + 1
	}
	f, err := os.OpenFile(s.name(next), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make segment: %w", err)
	}
	if err := syncDir(s.dir); err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	if s.write != nil {
		_ = s.write.Close()
	}
	s.write, s.written = f, 0
	s.segments = append(s.segments, next)
	return nil
}

// append makes frames durable, all or none.
func (s *spool) append(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.written >= segmentSize {
		if err := s.rotate(); err != nil {
			return err
		}
	}
	if _, err := s.write.WriteAt(b, s.written); err != nil {
		// What got there is overwritten by the next try.
		return errors.Join(fmt.Errorf("append to spool: %w", err), s.write.Truncate(s.written))
	}
	if err := s.write.Sync(); err != nil {
		return fmt.Errorf("sync spool: %w", err)
	}
	s.written += int64(len(b))
	return nil
}

// limit is how far the reader may go in a segment, and whether another one follows it.
func (s *spool) limit(segment int64) (size int64, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if segment == s.segments[len(s.segments)-1] {
		return s.written, false
	}
	return 1 << 62, true
}

// peek returns the oldest records that are not consumed, at most n; none when there are none.
func (s *spool) peek(n int) ([][]byte, error) {
	for {
		if s.read == nil {
			if err := s.openOldest(); err != nil {
				return nil, err
			}
		}
		size, more := s.limit(s.reading)
		if _, err := s.read.Seek(s.offset, io.SeekStart); err != nil {
			return nil, fmt.Errorf("read spool: %w", err)
		}
		r := newFrameReader(io.LimitReader(s.read, size-s.offset), s.offset)
		var out [][]byte
		for len(out) < n {
			b, err := r.next()
			if err == io.EOF || errors.Is(err, errTorn) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("read spool: %w", err)
			}
			out = append(out, slices.Clone(b))
		}
		s.peeked = r.offset
		if len(out) > 0 {
			return out, nil
		}
		// At the end of the segment, whole or torn. The one that is appended to stays
		// until it is worth the trouble: a restart would give it once more.
		if !more && s.offset < segmentSize/16 {
			return nil, nil
		}
		if err := s.removeRead(); err != nil || !more {
			return nil, err
		}
	}
}

func (s *spool) openOldest() error {
	s.mu.Lock()
	oldest := s.segments[0]
	s.mu.Unlock()
	f, err := os.Open(s.name(oldest))
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	s.read, s.reading, s.offset, s.peeked = f, oldest, 0, 0
	return nil
}

// removeRead removes the segment that was read to its end.
func (s *spool) removeRead() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading == s.segments[len(s.segments)-1] {
		if s.written > s.offset {
			return nil // appended to meanwhile
		}
		if err := s.rotate(); err != nil {
			return err
		}
	}
	_ = s.read.Close()
	s.read = nil
	if err := os.Remove(s.name(s.reading)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove segment: %w", err)
	}
	s.segments = s.segments[1:]
	return nil
}

// consume is done with what was peeked last.
func (s *spool) consume() { s.offset = s.peeked }

// reject appends a record to the file of those that can't be stored, a line each.
func (s *spool) reject(raw []byte) error {
	f, err := os.OpenFile(filepath.Join(s.dir, "rejected.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open rejected records: %w", err)
	}
	_, err = f.Write(append(slices.Clone(raw), '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// close ends both goroutines' files; what is left stays for the next run.
func (s *spool) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.read != nil {
		err = s.read.Close()
		if s.reading == s.segments[len(s.segments)-1] && s.offset == s.written {
			err = errors.Join(err, os.Remove(s.name(s.reading)))
		}
	}
	return errors.Join(err, s.write.Close(), s.lock.Close())
}
