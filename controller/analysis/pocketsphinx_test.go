package analysis

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"callplane/store"
)

// debianModels is where Debian's package has them.
const debianModels = "/usr/share/pocketsphinx/model"

// spoken is a recording of speech as a telephone call has it: 8000 Hz, through A-law, with a second of silence before and after.
func spoken(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, args := range [][]string{
		{"flite", "-voice", "rms", "-t", text, "-o", in("16k.wav")},
		{"sox", "-v", "0.8", in("16k.wav"), "-r", "8000", "-e", "a-law", in("alaw.wav")},
		{"sox", in("alaw.wav"), "-e", "signed", "-b", "16", in("call.wav"), "pad", "1", "1"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s (deploy/deps.sh test installs it)", args, err, out)
		}
	}
	return in("call.wav")
}

func TestSpeechComesBackAsText(t *testing.T) {
	p := &Pocketsphinx{Models: debianModels, Timeout: time.Minute}
	got, err := p.Transcribe(t.Context(), spoken(t, "Please call the office tomorrow morning."), "en")
	text := ""
	for _, s := range got {
		text += s.Text + " "
	}
	if err != nil || !strings.Contains(text, "office") || !strings.Contains(text, "tomorrow morning") {
		t.Fatalf("%+v, %v", got, err)
	}
	if got[0].At < 0.5 || got[0].At > 2 {
		t.Errorf("it begins at %v, after a second of silence", got[0].At)
	}
}

func TestNothingIsSaidInSilence(t *testing.T) {
	p := &Pocketsphinx{Models: debianModels, Timeout: time.Minute}
	if got, err := p.Transcribe(t.Context(), writeWAV(t, make([]int16, 16000), make([]int16, 16000)), "en"); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestPocketsphinxRefuses(t *testing.T) {
	p := &Pocketsphinx{Models: debianModels, Timeout: time.Minute}
	var final *Final
	if _, err := p.Transcribe(t.Context(), stereo(t), "lv"); !errors.As(err, &final) {
		t.Errorf("a language without a model: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Transcribe(ctx, stereo(t), "en"); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
}

func TestUtterances(t *testing.T) {
	out := "\n<s> 0.000 0.660 0.999900\n</s> 0.670 0.850 1.000000\nplease call\n<s> 0.920 0.990 1.000100\nplease(2) 1.000 4.770 0.919698\ncall 4.780 4.830 0.069529\nno times\n"
	want := []store.Spoken{{At: 1, Text: "please call"}, {Text: "no times"}}
	if got := utterances(out); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}
