package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"callplane/dialplan"
)

// soundVersion grows when the treatment of spoken or recorded audio changes.
const soundVersion = 1

// Build says how to make the system's part of a library.
type Build struct {
	Catalogue Catalogue
	Generator Generator
	// Studio has recordings as <language>/<key>.wav; empty: <dir>/studio. It need not exist.
	Studio string
	// Languages to make; nil: all.
	Languages []string
	// Rate of the files; 0: 8000.
	Rate int
	// Parallel generators; 0: 2.
	Parallel int
}

// Report is what a build did.
type Report struct {
	Spoken   int // texts spoken anew
	Recorded int // studio recordings taken over
	Kept     int // files that were as they should be
	Removed  int // files of prompts that are no more
	Music    bool
	// Unused are studio recordings under names that are no prompts.
	Unused []string
}

// String is the report in one line.
func (r Report) String() string {
	s := fmt.Sprintf("prompts: %d spoken, %d from the studio, %d unchanged, %d removed", r.Spoken, r.Recorded, r.Kept, r.Removed)
	if r.Music {
		s += "; hold music made"
	}
	if len(r.Unused) > 0 {
		s += "; recordings that fit no prompt: " + strings.Join(r.Unused, ", ")
	}
	return s
}

// manifest remembers of what each file was made, by its path within the library.
type manifest map[string]string

func (l *Library) manifestFile() string { return filepath.Join(l.dir, "prompts", "manifest.json") }

// Build makes what is missing and what was made of another text, voice, or recording, and removes
// what is in no catalogue any more. Each file is replaced at once; a failed or cancelled build keeps what it has
// made. The first error ends it: that of a studio file that can't be used names the file.
func (l *Library) Build(ctx context.Context, b Build) (Report, error) {
	if b.Rate == 0 {
		b.Rate = Rate8k
	}
	if b.Rate != Rate8k && b.Rate != Rate16k {
		return Report{}, fmt.Errorf("build prompts: %d samples a second is not 8000 or 16000", b.Rate)
	}
	if b.Languages == nil {
		b.Languages = dialplan.Languages()
	}
	for _, lang := range b.Languages {
		if !slices.Contains(dialplan.Languages(), lang) {
			return Report{}, fmt.Errorf("build prompts: %q is no language of the system", lang)
		}
	}
	if b.Studio == "" {
		b.Studio = filepath.Join(l.dir, "studio")
	}
	version, err := b.Generator.Version(ctx)
	if err != nil {
		return Report{}, err
	}
	recordings, unused, err := b.recordings()
	if err != nil {
		return Report{}, fmt.Errorf("build prompts: %w", err)
	}
	work := &building{Build: b, lib: l, version: version, recordings: recordings, made: manifest{}, report: Report{Unused: unused}}
	work.old = l.readManifest()
	err = work.run(ctx)
	// Also after an error, so that what is done is not done again.
	err = errors.Join(err, l.writeManifest(work.made))
	return work.report, err
}

// recordings finds the studio's files: prompt path to file.
func (b Build) recordings() (found map[string]string, unused []string, err error) {
	found = map[string]string{}
	files, err := filepath.Glob(filepath.Join(b.Studio, "*", "*.wav"))
	if err != nil {
		return nil, nil, fmt.Errorf("look for studio recordings: %w", err)
	}
	for _, f := range files {
		lang, key := filepath.Base(filepath.Dir(f)), strings.TrimSuffix(filepath.Base(f), ".wav")
		if b.Catalogue[key][lang] == "" {
			unused = append(unused, lang+"/"+key)
			continue
		}
		found[lang+"/"+key] = f
	}
	return found, unused, nil
}

// building is one run of Build.
type building struct {
	Build
	lib        *Library
	version    string
	recordings map[string]string
	old        manifest

	mu     sync.Mutex // guards what follows
	made   manifest
	report Report
}

func (w *building) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	parallel := w.Parallel
	if parallel <= 0 {
		parallel = 2
	}
	g.SetLimit(parallel)
	g.Go(func() error { return w.music() })
	for _, lang := range w.Languages {
		for _, key := range w.Catalogue.Keys() {
			g.Go(func() error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return w.prompt(ctx, lang, key)
			})
		}
	}
	if err := g.Wait(); err != nil {
		w.keepOld()
		return err
	}
	return w.removeOld()
}

// prompt makes one prompt if it has to be made.
func (w *building) prompt(ctx context.Context, lang, key string) error {
	name := lang + "/" + key
	path := filepath.Join(w.lib.dir, "prompts", lang, key+".wav")
	text := w.Catalogue[key][lang]
	recording := w.recordings[name]
	of := hash("spoken", fmt.Sprint(soundVersion, w.Rate), w.version, lang, text)
	if recording != "" {
		data, err := os.ReadFile(recording)
		if err != nil {
			return fmt.Errorf("studio recording of %s: %w", name, err)
		}
		of = hash("recorded", fmt.Sprint(soundVersion, w.Rate), string(data))
	}
	if w.old[name] == of {
		if d, err := Duration(path); err == nil && d > 0 {
			w.done(name, of, &w.report.Kept)
			return nil
		}
	}
	if recording != "" {
		if err := convert(recording, path, w.Rate); err != nil {
			return fmt.Errorf("studio recording %s: %w", recording, err)
		}
		w.done(name, of, &w.report.Recorded)
		return nil
	}
	if err := w.speak(ctx, lang, text, path); err != nil {
		return fmt.Errorf("speak prompt %s: %w", name, err)
	}
	w.done(name, of, &w.report.Spoken)
	return nil
}

func (w *building) speak(ctx context.Context, lang, text, path string) error {
	dir, err := os.MkdirTemp("", "callplane-prompt-")
	if err != nil {
		return fmt.Errorf("temporary folder: %w", err)
	}
	file := filepath.Join(dir, "speech.wav")
	err = w.Generator.Speak(ctx, lang, text, file)
	if err == nil {
		err = convert(file, path, w.Rate)
	}
	return errors.Join(err, os.RemoveAll(dir))
}

func (w *building) done(name, of string, count *int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made[name] = of
	*count++
}

// music makes the hold music if it is missing or another version. An operator's own default.wav, which the
// manifest does not know, stays.
func (w *building) music() error {
	const name = "music/" + DefaultMusic
	path := filepath.Join(w.lib.dir, "music", DefaultMusic+".wav")
	of := hash(name, fmt.Sprint(musicVersion, soundVersion, w.Rate))
	_, err := os.Stat(path)
	exists := err == nil
	if exists && (w.old[name] == "" || w.old[name] == of) {
		if w.old[name] == of {
			w.mu.Lock()
			w.made[name] = of
			w.mu.Unlock()
		}
		return nil
	}
	if err := writeFile(path, holdMusic(w.Rate), w.Rate); err != nil {
		return fmt.Errorf("make hold music: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made[name] = of
	w.report.Music = true
	return nil
}

// keepOld keeps, after an error, what is known of files that were not reached.
func (w *building) keepOld() {
	for name, of := range w.old {
		if w.made[name] == "" {
			w.made[name] = of
		}
	}
}

// removeOld deletes files that an earlier build made and that this one has no use for. Languages that
// were not asked for stay.
func (w *building) removeOld() error {
	for name, of := range w.old {
		lang, key, _ := strings.Cut(name, "/")
		if w.made[name] != "" || !slices.Contains(dialplan.Languages(), lang) || !validKey(key) {
			continue
		}
		if !slices.Contains(w.Languages, lang) && w.Catalogue[key] != nil {
			w.made[name] = of
			continue
		}
		err := os.Remove(filepath.Join(w.lib.dir, "prompts", lang, key+".wav"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove old prompt: %w", err)
		}
		w.report.Removed++
	}
	return nil
}

// convert brings a WAV file into the library's form.
func convert(from, to string, rate int) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	samples, fileRate, err := read(f)
	if err != nil {
		return err
	}
	samples = trim(resample(samples, fileRate, rate), rate)
	if _, ok := activeLevel(samples, rate); !ok {
		return errors.New("the WAV file is silent")
	}
	if d := time.Duration(len(samples)) * time.Second / time.Duration(rate); d < 50*time.Millisecond {
		return fmt.Errorf("the WAV file is only %v long", d)
	}
	return writeFile(to, level(samples, rate, speechLevel), rate)
}

// readManifest returns what is known; an unreadable manifest only means that all is made again.
func (l *Library) readManifest() manifest {
	m := manifest{}
	data, err := os.ReadFile(l.manifestFile())
	if err != nil || json.Unmarshal(data, &m) != nil || m == nil {
		return manifest{}
	}
	return m
}

func (l *Library) writeManifest(m manifest) error {
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("write prompt manifest: %w", err)
	}
	return replace(l.manifestFile(), append(data, '\n'))
}

func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		// The length keeps ("a", "bc") and ("ab", "c") apart. A hash never fails to take bytes.
		_, _ = io.WriteString(h, fmt.Sprintf("%d:%s", len(p), p))
	}
	return hex.EncodeToString(h.Sum(nil))
}
