// Package media is the media library: prompts, music and uploaded audio, each kept once as a
// WAV file (PCM 16 bit, mono, 8 kHz) that every engine plays.
//
//	<dir>/prompts/<language>/<key>.wav   what the system says; made by Build
//	<dir>/music/<name>.wav               hold music; default.wav is made by Build
//	<dir>/audio/<account>/<key>.wav      what an account uploaded or recorded
//	<dir>/studio/<language>/<key>.wav    recordings of the operator, which replace spoken prompts
package media

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"callplane/dialplan"
)

// Rates of the library's files in samples a second. Both engines play 8000 everywhere; 16000
// is for an installation with FreeSWITCH only and wideband phones.
const (
	Rate8k  = 8000
	Rate16k = 16000
)

// DefaultMusic is the name of the music that Build makes.
const DefaultMusic = "default"

// Library is a folder of audio. It has no state: its methods may be called from any goroutine.
type Library struct {
	dir      string
	fallback string
}

// Open returns the library in a folder, which need not exist yet. fallback is the language of a prompt that
// does not exist in the one that was asked for; empty: English.
func Open(dir, fallback string) (*Library, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open media library: %w", err)
	}
	if fallback == "" {
		fallback = "en"
	}
	if !slices.Contains(dialplan.Languages(), fallback) {
		return nil, fmt.Errorf("open media library: fallback language %q is not one of %s", fallback, strings.Join(dialplan.Languages(), ", "))
	}
	return &Library{dir: abs, fallback: fallback}, nil
}

// Dir is the absolute path of the library.
func (l *Library) Dir() string { return l.dir }

// MissingError is asked-for audio that does not exist.
type MissingError struct {
	Key string
	// Tried are the files that were looked for.
	Tried []string
}

// Error names the key and the files.
func (e *MissingError) Error() string {
	if len(e.Tried) == 0 {
		return fmt.Sprintf("no audio %q: that can't be the name of one", e.Key)
	}
	return fmt.Sprintf("no audio %q: looked for %s", e.Key, strings.Join(e.Tried, ", "))
}

// Path of a system prompt in the first of the languages in which it exists, else in the fallback language,
// else in English. Empty and unknown languages are passed over. A missing prompt is a
// *MissingError.
func (l *Library) Path(key string, languages ...string) (string, error) {
	return l.find(key, l.promptFiles(key, languages))
}

// Prompt is the path of an account's own audio of this key, else of a system prompt as in Path.
func (l *Library) Prompt(account dialplan.AccountID, key, language string) (string, error) {
	return l.find(key, append([]string{l.audioFile(account, key)}, l.promptFiles(key, []string{language})...))
}

// Music is the path of hold music; empty name: the default.
func (l *Library) Music(name string) (string, error) {
	if name == "" {
		name = DefaultMusic
	}
	return l.find(name, []string{filepath.Join(l.dir, "music", name+".wav")})
}

func (l *Library) promptFiles(key string, languages []string) []string {
	files := make([]string, 0, len(languages)+2)
	for _, lang := range slices.Concat(languages, []string{l.fallback, "en"}) {
		f := filepath.Join(l.dir, "prompts", lang, key+".wav")
		if slices.Contains(dialplan.Languages(), lang) && !slices.Contains(files, f) {
			files = append(files, f)
		}
	}
	return files
}

func (l *Library) audioFile(account dialplan.AccountID, key string) string {
	return filepath.Join(l.dir, "audio", strconv.FormatInt(int64(account), 10), key+".wav")
}

// find returns the first file that exists. The key is checked here, so that it can't lead out of the library.
func (l *Library) find(key string, files []string) (string, error) {
	if !validKey(key) {
		return "", &MissingError{Key: strings.ToValidUTF8(key[:min(len(key), maxKey)], "")}
	}
	for _, f := range files {
		st, err := os.Stat(f)
		switch {
		case err == nil && st.Mode().IsRegular() && st.Size() > 44:
			return f, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("look for audio: %w", err)
		}
	}
	return "", &MissingError{Key: key, Tried: files}
}

// AddAudio reads a PCM WAV file of 16 bits and keeps it, converted and at the usual level, as audio of
// an account under key, in place of what was there. It returns the path.
func (l *Library) AddAudio(account dialplan.AccountID, key string, wav io.Reader) (string, error) {
	if !validKey(key) {
		return "", fmt.Errorf("add audio: %q can't be its name: small letters, digits, '-', '_' and '.' only", key)
	}
	samples, rate, err := read(wav)
	if err != nil {
		return "", fmt.Errorf("add audio %s: %w", key, err)
	}
	path := l.audioFile(account, key)
	if err := writeFile(path, level(resample(samples, rate, Rate8k), Rate8k, speechLevel), Rate8k); err != nil {
		return "", fmt.Errorf("add audio %s: %w", key, err)
	}
	return path, nil
}
