package analysis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"callplane/store"
)

// Pocketsphinx transcribes on this machine with Debian's packages pocketsphinx and pocketsphinx-en-us, and sox. It knows only
// the languages for which Models has a folder, of which Debian has English; it is for tests and small sites.
type Pocketsphinx struct {
	// Models has a folder for each language (en-us for English, else nl, de, …), each as Debian lays it out: in folder x the acoustic
	// model x, the words cmudict-x.dict and the language model x.lm.bin.
	Models  string
	Timeout time.Duration // for one channel
}

// Transcribe implements Transcriber.
func (p *Pocketsphinx) Transcribe(ctx context.Context, file, language string) ([]store.Spoken, error) {
	return eachSide(file, func(channel int) ([]store.Spoken, error) { return p.one(ctx, file, channel, language) })
}

func (p *Pocketsphinx) one(ctx context.Context, file string, channel int, language string) ([]store.Spoken, error) {
	name := language
	if language == "en" {
		name = "en-us"
	}
	model := filepath.Join(p.Models, name)
	if _, err := os.Stat(filepath.Join(model, name, "mdef")); err != nil {
		return nil, &Final{fmt.Errorf("there is no model for the language %s: %w", language, err)}
	}
	dir, err := os.MkdirTemp("", "callplane-analysis-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	in := func(name string) string { return filepath.Join(dir, name) }
	sound, whole, err := openSide(file, channel)
	if err != nil {
		return nil, err
	}
	f, err := os.Create(in("side.wav"))
	if err == nil {
		_, err = io.Copy(f, sound)
		err = errors.Join(err, f.Close())
	}
	if err = errors.Join(err, sound.Close()); err != nil {
		return nil, fmt.Errorf("copy recording: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	// The model was made from speech with twice the bandwidth of a telephone call: where it expects something
	// and hears digital silence, it recognises next to nothing. A little noise there (−50 dB above 4 kHz) makes the difference.
	// Silence at the begin would be taken for the level of the noise.
	begin := 0.0
	for _, args := range [][]string{
		{"sox", in("side.wav"), "-r", "16000", "-b", "16", in("voice.wav"), "silence", "1", "0.05", "0.5%"},
		{"sox", in("voice.wav"), in("noise.wav"), "synth", "whitenoise", "vol", "0.003", "highpass", "4000", "highpass", "4000"},
		{"sox", "-m", "-v", "1", in("voice.wav"), "-v", "1", in("noise.wav"), in("wide.wav")},
	} {
		if _, err := run(ctx, args...); err != nil {
			return nil, err
		}
		info, err := os.Stat(in("voice.wav"))
		if err != nil {
			return nil, fmt.Errorf("prepare recording: %w", err)
		}
		if info.Size() < 44+shortest {
			return nil, nil
		}
		begin = max(0, whole.Duration.Seconds()-float64(info.Size()-44)/32000)
	}
	out, err := run(ctx, "nice", "-n", "10", "pocketsphinx_continuous", "-infile", in("wide.wav"), "-time", "yes", "-remove_noise", "no", "-logfn", "/dev/null",
		"-hmm", filepath.Join(model, name), "-dict", filepath.Join(model, "cmudict-"+name+".dict"), "-lm", filepath.Join(model, name+".lm.bin"))
	if err != nil {
		return nil, err
	}
	said := utterances(out)
	for i := range said {
		said[i].At += begin
	}
	return said, nil
}

// shortest is how many bytes of sound at 16 kHz could have a word: 0.2 s.
const shortest = 16000 * 2 / 5

// utterances reads what pocketsphinx_continuous writes: a line with the words of an utterance, then one for each word and pause with its times.
func utterances(out string) []store.Spoken {
	var all []store.Spoken
	pending := ""
	for _, line := range strings.Split(out, "\n") {
		f := strings.Fields(line)
		if len(f) == 4 {
			if at, err := strconv.ParseFloat(f[1], 64); err == nil {
				if _, err := strconv.ParseFloat(f[3], 64); err == nil {
					if pending != "" && !strings.HasPrefix(f[0], "<") {
						all = append(all, store.Spoken{At: at, Text: pending})
						pending = ""
					}
					continue
				}
			}
		}
		if pending != "" {
			all = append(all, store.Spoken{Text: pending})
		}
		pending = strings.Join(f, " ")
	}
	if pending != "" {
		all = append(all, store.Spoken{Text: pending})
	}
	return all
}

// run runs a program and gives what it wrote; the error has the end of what it complained of.
func run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // the programs and options of this file
	var out, complaint bounded
	out.max, complaint.max = maxTranscript*8, 4<<10
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &complaint, 5*time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s: %w", args[0], context.Cause(ctx))
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("%s: is it installed? %w", args[0], err)
	case err != nil:
		return "", fmt.Errorf("%s: %w: %s", args[0], err, excerpt(complaint.Bytes()))
	}
	return out.String(), nil
}

// bounded keeps the first max bytes.
type bounded struct {
	bytes.Buffer
	max int
}

func (b *bounded) Write(p []byte) (int, error) {
	if left := b.max - b.Len(); left > 0 {
		b.Buffer.Write(p[:min(left, len(p))])
	}
	return len(p), nil
}
