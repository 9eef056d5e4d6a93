package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
)

// What an account may upload.
const (
	MaxUpload = 64 << 20 // bytes
	MaxLength = 15 * time.Minute
)

// BadAudio is audio that can't be kept, and why; the reason is for who sent it.
type BadAudio struct{ Reason string }

// Error implements error.
func (e *BadAudio) Error() string { return e.Reason }

// ErrTooLarge is audio of more than MaxUpload bytes.
var ErrTooLarge = errors.New("the file is larger than " + strconv.Itoa(MaxUpload>>20) + " MiB")

// Stored is a file of the library that belongs to an account.
type Stored struct {
	File     string // its key: Prompt finds it
	SHA256   [32]byte
	Size     int64
	Duration time.Duration
}

// Scratch is the path of a new file that an engine may record into, or anybody else write.
func (l *Library) Scratch() (string, error) {
	dir := filepath.Join(l.dir, "scratch")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("scratch file: %w", err)
	}
	// Engines run as other users, which may not touch each other's files.
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil && !errors.Is(err, fs.ErrPermission) {
		return "", fmt.Errorf("scratch file: %w", err)
	}
	return filepath.Join(dir, uuid.NewString()+".wav"), nil
}

// Receive writes what somebody uploads to a scratch file. It stops at MaxUpload.
func (l *Library) Receive(r io.Reader) (path string, err error) {
	if path, err = l.Scratch(); err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("receive audio: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(r, MaxUpload+1))
	if err == nil && n > MaxUpload {
		err = ErrTooLarge
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

// Keep makes a file of an account's audio out of a WAV or MP3 file, converted and at the usual level. The file is a new one
// under a name that tells its content, which nothing refers to yet: Sweep removes it unless somebody does.
func (l *Library) Keep(ctx context.Context, account dialplan.AccountID, key, path string) (Stored, error) {
	if !validKey(key) {
		return Stored{}, &BadAudio{fmt.Sprintf("%q can't be the name of audio: small letters, digits, '-', '_' and '.' only", key)}
	}
	plain, err := plainWAV(ctx, path)
	if err != nil {
		return Stored{}, fmt.Errorf("keep audio %s: %w", key, err)
	}
	defer func() {
		if plain != path {
			_ = os.Remove(plain)
		}
	}()
	f, err := os.Open(plain)
	if err != nil {
		return Stored{}, fmt.Errorf("keep audio %s: %w", key, err)
	}
	samples, rate, err := read(f)
	_ = f.Close() // only read
	if err != nil {
		return Stored{}, &BadAudio{err.Error()}
	}
	if time.Duration(len(samples))*time.Second/time.Duration(rate) > MaxLength {
		return Stored{}, &BadAudio{"it is longer than " + strconv.Itoa(int(MaxLength/time.Minute)) + " minutes"}
	}
	samples = resample(samples, rate, Rate8k)
	if _, ok := activeLevel(samples, Rate8k); !ok {
		return Stored{}, &BadAudio{"there is nothing to be heard in it"}
	}
	data := encode(level(trim(samples, Rate8k), Rate8k, speechLevel), Rate8k)
	out := Stored{SHA256: sha256.Sum256(data), Size: int64(len(data)), Duration: time.Duration(len(data)-44) * time.Second / (2 * Rate8k)}
	out.File = key[:min(len(key), maxKey-17)] + "-" + hex.EncodeToString(out.SHA256[:8])
	if err := replace(l.audioFile(account, out.File), data); err != nil {
		return Stored{}, fmt.Errorf("keep audio %s: %w", key, err)
	}
	// It is on disk before anything refers to it.
	for _, p := range []string{l.audioFile(account, out.File), filepath.Dir(l.audioFile(account, out.File))} {
		if err := syncPath(p); err != nil {
			return Stored{}, fmt.Errorf("keep audio %s: %w", key, err)
		}
	}
	return out, nil
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Audio opens a file of an account.
func (l *Library) Audio(account dialplan.AccountID, file string) (*os.File, error) {
	path, err := l.find(file, []string{l.audioFile(account, file)})
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// convertTimeout bounds the conversion of one file.
const convertTimeout = time.Minute

// plainWAV is the file itself when it is WAV with PCM of 16 bits, else one made of it. The program sox knows MP3 and what else
// a WAV file may hold (G.711, 24 bits, floating point).
func plainWAV(ctx context.Context, path string) (string, error) {
	kind, plain, err := sniff(path)
	if err != nil || plain {
		return path, err
	}
	ctx, cancel := context.WithTimeout(ctx, convertTimeout)
	defer cancel()
	out := path + ".plain.wav"
	// A little more than is allowed, to tell what is too long.
	cmd := exec.CommandContext(ctx, "sox", "-V1", "-t", kind, path, "-t", "wav", "-e", "signed-integer", "-b", "16", "-c", "1", "-r", strconv.Itoa(Rate8k),
		out, "trim", "0", strconv.Itoa(int(MaxLength/time.Second)+2))
	var said bytes.Buffer
	cmd.Stderr = &said
	err = cmd.Run()
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, exec.ErrNotFound):
		err = fmt.Errorf("convert audio: sox is not installed; on Debian: apt-get install sox libsox-fmt-mp3: %w", err)
	case ctx.Err() != nil:
		err = fmt.Errorf("convert audio: %w", ctx.Err())
	default:
		err = &BadAudio{"it can't be read as " + strings.ToUpper(kind)}
	}
	if e := os.Remove(out); e != nil && !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return "", err
}

// sniff tells by its content what a file is (wav or mp3), and whether it is WAV that read understands.
func sniff(path string) (kind string, plain bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", false, fmt.Errorf("look at audio: %w", err)
	}
	defer f.Close()
	var head [12]byte
	n, err := io.ReadFull(f, head[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", false, fmt.Errorf("look at audio: %w", err)
	}
	switch {
	case n == 0:
		return "", false, &BadAudio{"it is empty"}
	case n == 12 && string(head[:4]) == "RIFF" && string(head[8:]) == "WAVE":
		st, err := f.Stat()
		if err != nil {
			return "", false, fmt.Errorf("look at audio: %w", err)
		}
		plain, err := wavChunks(f, st.Size())
		return "wav", plain, err
	case n == 12 && (string(head[:3]) == "ID3" || head[0] == 0xff && head[1]&0xe6 == 0xe2): // a tag, or the header of an MPEG frame of layer III
		return "mp3", false, nil
	}
	return "", false, &BadAudio{"it is neither WAV nor MP3"}
}

// wavChunks looks at the chunks of a WAV file behind its head: whether they are whole, and PCM of 16 bits.
func wavChunks(f io.ReadSeeker, size int64) (plain bool, err error) {
	format := false
	for {
		var head [8]byte
		if _, err := io.ReadFull(f, head[:]); err != nil {
			return false, &BadAudio{"the WAV file has no audio data"}
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return false, fmt.Errorf("look at audio: %w", err)
		}
		switch string(head[:4]) {
		case "fmt ":
			var body [16]byte
			if _, err := io.ReadFull(f, body[:]); err != nil || n < 16 {
				return false, &BadAudio{"the WAV file is cut off in its header"}
			}
			rate, channels := binary.LittleEndian.Uint32(body[4:]), binary.LittleEndian.Uint16(body[2:])
			if rate < 4000 || rate > 192000 || channels < 1 || channels > 8 {
				return false, &BadAudio{fmt.Sprintf("the WAV file has %d channels of %d samples a second", channels, rate)}
			}
			format = true
			// Only short enough for read to take it whole.
			plain = binary.LittleEndian.Uint16(body[:]) == 1 && binary.LittleEndian.Uint16(body[14:]) == 16 && channels <= 2 && rate == Rate8k
		case "data":
			switch {
			case !format:
				return false, &BadAudio{"the WAV file has no format before its data"}
			case at+n > size && n < 1<<31-4096: // else it was written to a pipe
				return false, &BadAudio{"the WAV file is cut off"}
			}
			return plain, nil
		}
		if _, err := f.Seek(at+n+n%2, io.SeekStart); err != nil || at+n > size {
			return false, &BadAudio{"the WAV file is cut off"}
		}
	}
}

// sweepAge is how old a file must be before Sweep removes it: nobody is about to refer to it.
const sweepAge = time.Hour

// keptFile is how Keep names files.
var keptFile = regexp.MustCompile(`^(.+-[0-9a-f]{16}\.wav|\.new-.*)$`)

// Sweep removes scratch files, and files of Keep that nothing refers to, when they are older than an hour: what was left by
// a crash, and what was replaced. used tells the files of an account.
func (l *Library) Sweep(now time.Time, used func(dialplan.AccountID) ([]string, error)) error {
	old := func(e fs.DirEntry) bool {
		info, err := e.Info()
		return err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > sweepAge
	}
	list := func(dir string) ([]fs.DirEntry, error) {
		all, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return all, err
	}
	var errs []error
	scratch, err := list(filepath.Join(l.dir, "scratch"))
	errs = append(errs, err)
	for _, e := range scratch {
		if old(e) {
			errs = append(errs, os.Remove(filepath.Join(l.dir, "scratch", e.Name())))
		}
	}
	accounts, err := list(filepath.Join(l.dir, "audio"))
	errs = append(errs, err)
	for _, a := range accounts {
		id, err := strconv.ParseInt(a.Name(), 10, 64)
		if err != nil || !a.IsDir() {
			continue
		}
		dir := filepath.Join(l.dir, "audio", a.Name())
		files, err := list(dir)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		files = slices.DeleteFunc(files, func(e fs.DirEntry) bool { return !old(e) || !keptFile.MatchString(e.Name()) })
		if len(files) == 0 {
			continue
		}
		keep, err := used(dialplan.AccountID(id))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, e := range files {
			if !slices.Contains(keep, strings.TrimSuffix(e.Name(), ".wav")) {
				errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("sweep media: %w", err)
	}
	return nil
}
