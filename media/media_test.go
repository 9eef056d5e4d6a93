package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"callplane/dialplan"
)

// tone is a second of a sine at the given level in dBFS (RMS).
func tone(hz float64, rate int, db float64) []float64 {
	s := make([]float64, rate)
	for i := range s {
		s[i] = amplitude(db) * math.Sqrt2 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))
	}
	return s
}

func writeTone(t *testing.T, path string, hz float64, rate int) {
	t.Helper()
	if err := writeFile(path, tone(hz, rate, -12), rate); err != nil {
		t.Fatal(err)
	}
}

// power of a frequency in samples, in dBFS.
func power(samples []float64, hz float64, rate int) float64 {
	var re, im float64
	for i, s := range samples {
		a := 2 * math.Pi * hz * float64(i) / float64(rate)
		re += s * math.Cos(a)
		im += s * math.Sin(a)
	}
	return decibel(math.Sqrt(2) * math.Hypot(re, im) / float64(len(samples)))
}

func readFile(t *testing.T, path string) ([]float64, int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, rate, err := read(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return s, rate
}

func open(t *testing.T, dir, fallback string) *Library {
	t.Helper()
	l, err := Open(dir, fallback)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestCatalogueHasEveryKeyInEveryLanguage(t *testing.T) {
	c, err := SystemCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ivr.choose", "ivr.invalid", "ivr.timeout", "call.unreachable", "call.busy", "call.no_answer", "call.number_unknown",
		"call.not_allowed", "call.try_later", "call.limit", "account.suspended", "transfer.failed", "please_hold", "goodbye"}
	want = append(want, SayDigits("0123456789*#")...)
	want = append(want, SayNumber(0)...)
	want = append(want, SayNumber(99)...)
	want = append(want, SayNumber(1234567890)...)
	for _, key := range want {
		for _, lang := range dialplan.Languages() {
			if c[key][lang] == "" {
				t.Errorf("%s has no text in %s", key, lang)
			}
		}
	}
	// A text copied from another language is a forgotten translation; numbers are read from digits.
	for key, texts := range c {
		seen := map[string]string{}
		for lang, text := range texts {
			if other := seen[text]; other != "" && strings.Trim(text, "0123456789") != "" {
				t.Errorf("%s: %s and %s have the same text %q", key, lang, other, text)
			}
			seen[text] = lang
		}
	}
}

func TestParseCatalogueRefuses(t *testing.T) {
	all := "{en: a, nl: b, de: c, es: d, lv: e}"
	for in, want := range map[string]string{
		"prompts: {a.b: {en: x, nl: x, de: x, es: x}}":           "a.b has no text in lv",
		"prompts: {a.b: {en: x, fr: x}}":                         `a.b has a text in "fr"`,
		"prompts: {../x: " + all + "}":                           `"../x" can't be a key`,
		"promts: {}":                                             "promts",
		"series: {digit: 100000}":                                "series",
		"prompts: {digit.3: " + all + "}\nseries: {digit: 9}":    "digit.3 is in the series digit",
		"prompts: {a: " + all + "}\nprompts: {b: " + all + "}\n": "already defined",
		"\x00": "read prompt catalogue",
	} {
		if _, err := ParseCatalogue([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", in, err, want)
		}
	}
}

// The whole library as the product ships it, spoken by the default generator.
func TestBuildSpeaksEveryPrompt(t *testing.T) {
	c, err := SystemCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, t.TempDir(), "")
	r, err := l.Build(t.Context(), Build{Catalogue: c, Generator: Espeak{}})
	if err != nil {
		t.Fatal(err)
	}
	if want := len(c) * len(dialplan.Languages()); r.Spoken != want || !r.Music {
		t.Errorf("%v; want %d spoken and the music", r, want)
	}
	for key := range c {
		for _, lang := range dialplan.Languages() {
			path, err := l.Path(key, lang)
			if err != nil || !strings.Contains(path, "/"+lang+"/") {
				t.Errorf("%s in %s: %q, %v", key, lang, path, err)
				continue
			}
			checkSpeech(t, path)
		}
	}
	path, err := l.Music("")
	if err != nil {
		t.Fatal(err)
	}
	samples, rate := readFile(t, path)
	if db, _ := activeLevel(samples, rate); rate != Rate8k || len(samples) < 20*rate || math.Abs(db-musicLevel) > 1 {
		t.Errorf("music: %d samples of %d a second at %.1f dB", len(samples), rate, db)
	}
	// It loops: the step from the end to the start is no bigger than others.
	biggest := 0.0
	for i := 1; i < len(samples); i++ {
		biggest = max(biggest, math.Abs(samples[i]-samples[i-1]))
	}
	if seam := math.Abs(samples[0] - samples[len(samples)-1]); seam > biggest {
		t.Errorf("music has a click of %.3f at its seam", seam)
	}
	again, err := l.Build(t.Context(), Build{Catalogue: c, Generator: Espeak{}})
	if err != nil || again.Kept != r.Spoken || again.Spoken+again.Removed != 0 || again.Music {
		t.Errorf("second build: %v, %v", again, err)
	}
}

func checkSpeech(t *testing.T, path string) {
	t.Helper()
	d, err := Duration(path)
	if err != nil || d < 100*time.Millisecond || d > 15*time.Second {
		t.Errorf("%s lasts %v, %v", path, d, err)
	}
	samples, rate := readFile(t, path)
	head := make([]byte, 44)
	if f, err := os.Open(path); err != nil {
		t.Error(err)
	} else {
		_, _ = f.Read(head)
		f.Close()
	}
	if rate != Rate8k || binary.LittleEndian.Uint16(head[20:]) != 1 || binary.LittleEndian.Uint16(head[22:]) != 1 || binary.LittleEndian.Uint16(head[34:]) != 16 {
		t.Errorf("%s is not PCM of 16 bits, mono, 8 kHz", path)
	}
	db, ok := activeLevel(samples, rate)
	peak := 0.0
	for _, s := range samples {
		peak = max(peak, math.Abs(s))
	}
	if !ok || math.Abs(db-speechLevel) > 1 || peak > ceiling+0.001 {
		t.Errorf("%s: level %.1f dB, peak %.2f", path, db, peak)
	}
}

// small is a catalogue of two keys and a generator that copies a file: fast, and a real program.
func small(t *testing.T) Build {
	t.Helper()
	voice := filepath.Join(t.TempDir(), "voice.wav")
	writeTone(t, voice, 440, 22050)
	c := Catalogue{}
	for _, key := range []string{"one", "two"} {
		c[key] = map[string]string{}
		for _, lang := range dialplan.Languages() {
			c[key][lang] = key + " in " + lang
		}
	}
	return Build{Catalogue: c, Generator: Command{Args: []string{"cp", voice, "{file}"}}}
}

func TestBuildMakesOnlyWhatChanged(t *testing.T) {
	b := small(t)
	l := open(t, t.TempDir(), "")
	build := func(want string) {
		t.Helper()
		r, err := l.Build(t.Context(), b)
		if err != nil || r.String() != want {
			t.Fatalf("%q, %v; want %q", r, err, want)
		}
	}
	build("prompts: 10 spoken, 0 from the studio, 0 unchanged, 0 removed; hold music made")
	build("prompts: 0 spoken, 0 from the studio, 10 unchanged, 0 removed")
	// Other words.
	b.Catalogue["one"]["nl"] = "iets anders"
	build("prompts: 1 spoken, 0 from the studio, 9 unchanged, 0 removed")
	// A file that is gone, and one that is damaged.
	if err := os.Remove(filepath.Join(l.Dir(), "prompts/de/one.wav")); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(l.Dir(), "prompts/es/two.wav"), 500); err != nil {
		t.Fatal(err)
	}
	build("prompts: 2 spoken, 0 from the studio, 8 unchanged, 0 removed")
	// A recording, and its removal.
	studio := filepath.Join(l.Dir(), "studio/lv/one.wav")
	writeTone(t, studio, 1000, 44100)
	writeTone(t, filepath.Join(l.Dir(), "studio/lv/misspelt.wav"), 1000, 44100)
	build("prompts: 0 spoken, 1 from the studio, 9 unchanged, 0 removed; recordings that fit no prompt: lv/misspelt")
	samples, rate := readFile(t, filepath.Join(l.Dir(), "prompts/lv/one.wav"))
	if db := power(samples[:rate/2], 1000, rate); rate != Rate8k || math.Abs(db-speechLevel) > 1 {
		t.Errorf("the recording is at %.1f dB with %d samples a second", db, rate)
	}
	if err := os.RemoveAll(filepath.Join(l.Dir(), "studio")); err != nil {
		t.Fatal(err)
	}
	build("prompts: 1 spoken, 0 from the studio, 9 unchanged, 0 removed")
	// Fewer languages leave the others alone; a key less does not.
	b.Languages = []string{"en"}
	build("prompts: 0 spoken, 0 from the studio, 2 unchanged, 0 removed")
	b.Languages = nil
	delete(b.Catalogue, "two")
	build("prompts: 0 spoken, 0 from the studio, 5 unchanged, 5 removed")
	if _, err := l.Path("two", "en"); err == nil {
		t.Error("a prompt that is no more can still be had")
	}
	// Another voice, another rate.
	b.Generator = Command{Args: append([]string{"cp", "-f"}, b.Generator.(Command).Args[1:]...)}
	build("prompts: 5 spoken, 0 from the studio, 0 unchanged, 0 removed")
	b.Rate = Rate16k
	build("prompts: 5 spoken, 0 from the studio, 0 unchanged, 0 removed; hold music made")
	// A manifest that can't be read costs time only.
	if err := os.WriteFile(l.manifestFile(), []byte("null and void"), 0o600); err != nil {
		t.Fatal(err)
	}
	build("prompts: 5 spoken, 0 from the studio, 0 unchanged, 0 removed")
}

func TestBuildRefusesBrokenStudioFileByName(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.wav")
	writeTone(t, whole, 440, 8000)
	wav, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	ulaw := slices.Clone(wav)
	binary.LittleEndian.PutUint16(ulaw[20:], 7)
	silent := slices.Concat(wav[:44], make([]byte, len(wav)-44))
	for name, bad := range map[string][]byte{"not a WAV file": []byte("ID3 this is an mp3"), "cut off": wav[:1000], "not PCM": ulaw, "silent": silent, "no audio": wav[:40]} {
		b := small(t)
		l := open(t, t.TempDir(), "")
		path := filepath.Join(l.Dir(), "studio/de/two.wav")
		if err := replace(path, bad); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Build(t.Context(), b); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want one that names the file and says so", name, err)
		}
	}
}

func TestMissingGeneratorSaysWhatToInstall(t *testing.T) {
	b := small(t)
	l := open(t, t.TempDir(), "")
	b.Generator = Espeak{Command: "espeak-ng-that-is-not-there"}
	if _, err := l.Build(t.Context(), b); err == nil || !strings.Contains(err.Error(), "apt-get install espeak-ng") {
		t.Errorf("espeak: %v", err)
	}
	b.Generator = Command{Args: []string{"no-such-program", "{file}"}}
	if _, err := l.Build(t.Context(), b); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("command: %v", err)
	}
}

func TestBuildFailures(t *testing.T) {
	b := small(t)
	l := open(t, t.TempDir(), "")
	ok := b.Generator
	b.Generator = Command{Args: []string{"sh", "-c", "echo no licence >&2; exit 3", "{file}"}}
	if _, err := l.Build(t.Context(), b); err == nil || !strings.Contains(err.Error(), "no licence") || !strings.Contains(err.Error(), "speak prompt") {
		t.Errorf("generator that fails: %v", err)
	}
	b.Generator = Command{Args: []string{"true", "{file}"}}
	if _, err := l.Build(t.Context(), b); err == nil {
		t.Error("a generator that writes nothing was believed")
	}
	b.Generator = ok
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Build(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	b.Rate = 44100
	if _, err := l.Build(t.Context(), b); err == nil {
		t.Error("44.1 kHz was accepted")
	}
	b.Rate, b.Languages = 0, []string{"fr"}
	if _, err := l.Build(t.Context(), b); err == nil {
		t.Error("French was accepted")
	}
}

func TestPathFallsBack(t *testing.T) {
	l := open(t, t.TempDir(), "de")
	for _, f := range []string{"prompts/en/a.wav", "prompts/en/b.wav", "prompts/de/b.wav", "prompts/nl/b.wav", "prompts/en/c.wav", "audio/7/c.wav"} {
		writeTone(t, filepath.Join(l.Dir(), f), 440, 8000)
	}
	for _, tt := range []struct {
		key   string
		langs []string
		want  string
	}{
		{"b", []string{"nl", "en"}, "prompts/nl/b.wav"},
		{"b", []string{"lv", "en"}, "prompts/en/b.wav"},
		{"b", []string{"lv", ""}, "prompts/de/b.wav"},
		{"b", []string{"xx", "../nl"}, "prompts/de/b.wav"},
		{"a", nil, "prompts/en/a.wav"},
	} {
		got, err := l.Path(tt.key, tt.langs...)
		if err != nil || got != filepath.Join(l.Dir(), tt.want) {
			t.Errorf("%s in %v = %q, %v; want %s", tt.key, tt.langs, got, err, tt.want)
		}
	}
	if got, err := l.Prompt(7, "c", "en"); err != nil || !strings.HasSuffix(got, "audio/7/c.wav") {
		t.Errorf("own audio: %q, %v", got, err)
	}
	if got, err := l.Prompt(8, "c", "nl"); err != nil || !strings.HasSuffix(got, "prompts/en/c.wav") {
		t.Errorf("another account: %q, %v", got, err)
	}
}

func TestMissingPromptIsATypedError(t *testing.T) {
	l := open(t, t.TempDir(), "")
	for _, key := range []string{"no.such", "", "../../../etc/passwd", "a/b", "A", strings.Repeat("x", 1000), "a\x00", "zoë", "..", "a..b"} {
		_, err := l.Path(key, "nl")
		_, err2 := l.Prompt(1, key, "nl")
		_, err3 := l.Music(key)
		for _, err := range []error{err, err2, err3} {
			var missing *MissingError
			if key == "" && err == err3 {
				continue // the default music
			}
			if !errors.As(err, &missing) || len(err.Error()) > 2000 {
				t.Errorf("%q: %v", key, err)
			}
		}
	}
	if _, err := l.Music(""); err == nil || !strings.Contains(err.Error(), "default") {
		t.Errorf("no music: %v", err)
	}
	if _, err := Open("x", "fr"); err == nil {
		t.Error("French as fallback was accepted")
	}
}

func TestAddAudio(t *testing.T) {
	l := open(t, t.TempDir(), "")
	src := filepath.Join(t.TempDir(), "up.wav")
	writeTone(t, src, 440, 16000)
	data, err := os.ReadFile(src)
	if err != nil {
		t.Fatal(err)
	}
	path, err := l.AddAudio(3, "welcome", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := l.Prompt(3, "welcome", "lv"); err != nil || got != path {
		t.Errorf("%q, %v", got, err)
	}
	checkSpeech(t, path)
	if _, err := l.AddAudio(3, "../x", bytes.NewReader(data)); err == nil {
		t.Error("a name that leads out of the library was accepted")
	}
	if _, err := l.AddAudio(3, "bad", strings.NewReader("RIFF")); err == nil || !strings.Contains(err.Error(), "bad") {
		t.Errorf("no WAV: %v", err)
	}
}

func TestParseCommand(t *testing.T) {
	c, err := ParseCommand(`piper  --model '/srv/my voices/{language}.onnx' --output_file "{file}" ""`)
	if want := []string{"piper", "--model", "/srv/my voices/{language}.onnx", "--output_file", "{file}", ""}; err != nil || !slices.Equal(c.Args, want) {
		t.Errorf("%q, %v", c.Args, err)
	}
	for _, bad := range []string{"", "   ", "say 'hello {file}", "say {text}"} {
		if _, err := ParseCommand(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	// The text arrives whole, without a shell in between.
	out := filepath.Join(t.TempDir(), "said")
	text := "it's $HOME; `rm`"
	if err := (Command{Args: []string{"tee", "{file}"}}).Speak(t.Context(), "en", text, out); err != nil {
		t.Fatal(err)
	}
	if said, err := os.ReadFile(out); err != nil || string(said) != text {
		t.Errorf("on standard input: %q, %v", said, err)
	}
}

func TestResampleKeepsSpeechAndDropsAliases(t *testing.T) {
	for _, from := range []int{8000, 11025, 16000, 22050, 44100, 48000} {
		out := resample(tone(1000, from, -20), from, 8000)
		mid := out[1000 : len(out)-1000]
		if db := power(mid, 1000, 8000); math.Abs(db+20) > 0.3 {
			t.Errorf("1 kHz from %d: %.2f dB, want -20", from, db)
		}
		if from < 16000 {
			continue
		}
		// 5 kHz would come back as 3 kHz.
		out = resample(tone(5000, from, -20), from, 8000)
		if db := power(out[1000:len(out)-1000], 3000, 8000); db > -70 {
			t.Errorf("5 kHz from %d leaves %.1f dB at 3 kHz", from, db)
		}
	}
}

func FuzzReadWAV(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.wav")
	if err := writeFile(path, tone(440, 8000, -20)[:50], 8000); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:44])
	f.Add(slices.Concat(data[:12], []byte("LIST\x03\x00\x00\x00abc\x00"), data[12:]))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		s, rate, err := read(bytes.NewReader(in))
		if err == nil && (len(s) == 0 || rate < 8000 || rate > 48000) {
			t.Fatalf("%d samples, %d a second", len(s), rate)
		}
	})
}
