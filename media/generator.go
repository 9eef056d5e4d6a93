package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Generator makes speech of a text. It may be called from several goroutines.
type Generator interface {
	// Version identifies the voice: what it makes of a text changes only when Version does.
	// The error of a generator that is not installed says how to get it.
	Version(ctx context.Context) (string, error)
	// Speak writes a PCM WAV file of 16 bits, of any usual sample rate, to file.
	Speak(ctx context.Context, language, text, file string) error
}

// speakTimeout bounds the speaking of one text.
const speakTimeout = time.Minute

// Espeak is eSpeak NG: free, small, and it has all five languages. It sounds like a machine.
type Espeak struct {
	// Command; empty: espeak-ng on PATH.
	Command string
	// WordsPerMinute; 0: 150, a little slower than its own pace, for the telephone.
	WordsPerMinute int
}

// espeakVoices by language.
var espeakVoices = map[string]string{"en": "en-gb", "nl": "nl", "de": "de", "es": "es", "lv": "lv"}

func (e Espeak) command() string {
	if e.Command != "" {
		return e.Command
	}
	return "espeak-ng"
}

// Version implements Generator.
func (e Espeak) Version(ctx context.Context) (string, error) {
	out, err := run(ctx, "", e.command(), "--version")
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("speak prompts: %s is not installed; on Debian: apt-get install espeak-ng; or name another generator: %w", e.command(), err)
	}
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", e.command(), err)
	}
	// The path of its data follows; it is no part of the voice.
	version, _, _ := strings.Cut(strings.TrimSpace(out), "  ")
	return fmt.Sprintf("%s, %d words a minute", version, e.speed()), nil
}

func (e Espeak) speed() int {
	if e.WordsPerMinute > 0 {
		return e.WordsPerMinute
	}
	return 150
}

// Speak implements Generator.
func (e Espeak) Speak(ctx context.Context, language, text, file string) error {
	voice := espeakVoices[language]
	if voice == "" {
		return fmt.Errorf("espeak-ng: no voice for language %q", language)
	}
	_, err := run(ctx, text, e.command(), "-v", voice, "-s", fmt.Sprint(e.speed()), "-w", file, "--stdin")
	return err
}

// Command speaks by a program of the operator's choice, for example
//
//	piper --model /srv/voices/{language}.onnx --output_file {file}
type Command struct {
	// Args are the program and its arguments, run without a shell. {language}, {text} and {file} are
	// replaced in each; without any {text} the text is given on standard input.
	Args []string
}

// ParseCommand splits a command line at spaces; ' and " keep what is between them together.
func ParseCommand(line string) (Command, error) {
	var c Command
	var word strings.Builder
	var quote rune
	open := false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == ' ' || r == '\t':
			if open {
				c.Args = append(c.Args, word.String())
				word.Reset()
				open = false
			}
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if open {
		c.Args = append(c.Args, word.String())
	}
	switch {
	case quote != 0:
		return Command{}, fmt.Errorf("generator command %q: a quote is not closed", line)
	case len(c.Args) == 0:
		return Command{}, errors.New("generator command is empty")
	case !c.uses("{file}"):
		return Command{}, fmt.Errorf("generator command %q: {file} is missing, so it can't know where to write", line)
	}
	return c, nil
}

func (c Command) uses(placeholder string) bool {
	return slices.ContainsFunc(c.Args, func(a string) bool { return strings.Contains(a, placeholder) })
}

// Version implements Generator: the command line, since nothing more is known of the program.
func (c Command) Version(context.Context) (string, error) {
	if len(c.Args) == 0 {
		return "", errors.New("generator command is empty")
	}
	if _, err := exec.LookPath(c.Args[0]); err != nil {
		return "", fmt.Errorf("speak prompts: the generator's program can't be run: %w", err)
	}
	return strings.Join(c.Args, "\x00"), nil
}

// Speak implements Generator.
func (c Command) Speak(ctx context.Context, language, text, file string) error {
	args := make([]string, len(c.Args))
	replacer := strings.NewReplacer("{language}", language, "{text}", text, "{file}", file)
	for i, a := range c.Args {
		args[i] = replacer.Replace(a)
	}
	stdin := text
	if c.uses("{text}") {
		stdin = ""
	}
	_, err := run(ctx, stdin, args[0], args[1:]...)
	return err
}

// run a program to its end. The error has the beginning of what it said on standard error.
func run(ctx context.Context, stdin, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, speakTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, msg bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &msg
	// A child that keeps the pipes open must not keep us.
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(msg.String())
		if said != "" {
			said = ": " + said[:min(len(said), 300)]
		}
		return "", fmt.Errorf("run %s: %w%s", name, errors.Join(err, ctx.Err()), said)
	}
	return out.String(), nil
}
