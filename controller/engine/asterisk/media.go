package asterisk

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
)

// playback is one accepted Play. With Loop it is a row of Asterisk's playbacks.
type playback struct {
	id      string // of Asterisk's playback of the moment
	play    engine.PlayID
	leg     *leg
	media   []string
	loop    bool
	stopped bool
	started bool
	// failing: a source after these can't be played.
	failing bool

	lengths []time.Duration // of media
	begun   time.Time
	from    time.Duration // where it began
}

// playNames is how many names of playbacks a leg has. They are used in turn, so that a later process can stop what an earlier
// one left: Asterisk has no list of playbacks, and a channel that plays does nothing else that it is told.
const playNames = 8

func (l *leg) playName(n int) string {
	return "cp-play-" + l.channel() + "-" + strconv.Itoa(n%playNames)
}

// nextPlay names a playback. Held lock: Engine.mu.
func (l *leg) nextPlay() string {
	l.plays++
	return l.playName(l.plays)
}

// silence stops what an earlier process plays to a revived leg.
func (e *Engine) silence(ctx context.Context, l *leg) error {
	for n := range playNames {
		e.mu.Lock()
		name := l.playName(n)
		e.mu.Unlock()
		found, err := e.endPlayback(ctx, name)
		if err != nil {
			return err
		}
		if found {
			e.mu.Lock()
			l.plays = n + 1 // its name is in use for a moment
			e.mu.Unlock()
		}
	}
	return nil
}

// Play implements engine.Engine.
func (e *Engine) Play(ctx context.Context, id engine.LegID, p engine.Playback) error {
	if !sound(string(p.ID)) || len(p.Sources) == 0 {
		return fmt.Errorf("asterisk play %s: no id or no sources: %w", id, engine.ErrInvalid)
	}
	media, lengths, missing, err := e.mediaOf(p.Sources)
	if err != nil {
		return fmt.Errorf("asterisk play %s: %w", id, err)
	}
	ctx, legs, done, err := e.begin(ctx, "play", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	if !l.hasMedia() {
		e.mu.Unlock()
		return fmt.Errorf("asterisk play %s: no media: %w", id, engine.ErrState)
	}
	if old := l.play; old != nil {
		e.stopPlayback(old)
		// Its end is told now: the new one is what the leg has from here on.
		e.playDone(old, engine.PlayStopped, time.Now())
	}
	pb := &playback{id: l.nextPlay(), play: p.ID, leg: l, media: media, lengths: lengths, loop: p.Loop}
	l.play = pb
	e.plays[pb.id] = pb
	e.fillSilence(l)
	ch := l.channel()
	if missing != nil {
		e.log.Warn("cannot play", "call", id, "err", missing)
		pb.failing = true
	}
	if len(media) == 0 {
		e.playDone(pb, engine.PlayFailed, time.Now())
		e.mu.Unlock()
		return nil
	}
	e.mu.Unlock()
	if err := e.startPlayback(ctx, pb, pb.id, ch); err != nil {
		e.mu.Lock()
		// Refused: there is no playback that PlayDone could be about.
		delete(e.plays, pb.id)
		if l.play == pb {
			l.play = nil
		}
		e.mu.Unlock()
		return e.fail("play", l, err)
	}
	return nil
}

func (e *Engine) startPlayback(ctx context.Context, p *playback, id, ch string) error {
	media := p.media
	if p.loop {
		// One row of many rounds has no gap between them.
		for len(media) < 64 {
			media = append(media[:len(media):len(media)], p.media...)
		}
	}
	e.mu.Lock()
	from, i := p.from, 0
	for i < len(p.lengths)-1 && from >= p.lengths[i] {
		from -= p.lengths[i]
		i++
	}
	e.mu.Unlock()
	body := map[string]any{"media": media[i:]}
	if from > 0 {
		body["offsetms"] = from.Milliseconds()
	}
	err := e.rest.do(ctx, http.MethodPost, path("channels", ch, "play", id), nil, body, nil)
	e.mu.Lock()
	defer e.mu.Unlock()
	p.begun = time.Now()
	switch {
	case err != nil:
	case e.plays[id] != p || p.stopped:
		// It was to end before Asterisk had heard that it begins.
		e.stop(p, id)
	default:
		e.after(lostAfter, func(ctx context.Context) { e.restartLost(ctx, p, id) })
	}
	return err
}

// lostAfter is when a playback that has not begun is taken for lost.
const lostAfter = time.Second

// restartLost asks again for a playback that Asterisk has lost: what is queued while a channel leaves a bridge is
// never begun, and no event tells.
func (e *Engine) restartLost(ctx context.Context, p *playback, id string) {
	e.mu.Lock()
	if e.plays[id] != p || p.started || p.stopped || p.leg.over {
		e.mu.Unlock()
		return
	}
	e.log.Warn("a playback never began", "call", p.leg.id)
	p.begun = time.Now() // nothing was heard yet
	e.interrupt(p)
	e.mu.Unlock()
	e.resume(ctx, p)
}

// interrupt stops a playback without telling; resume goes on where it was. Held lock: Engine.mu.
func (e *Engine) interrupt(p *playback) {
	if e.plays[p.id] != p || p.stopped {
		return
	}
	old := p.id
	delete(e.plays, old)
	p.id = p.leg.nextPlay()
	p.started = false
	e.plays[p.id] = p
	p.from += time.Since(p.begun)
	if p.loop {
		var round time.Duration
		for _, d := range p.lengths {
			round += d
		}
		if round > 0 {
			p.from %= round
		}
	}
	e.stop(p, old)
}

func (e *Engine) resume(ctx context.Context, p *playback) {
	e.mu.Lock()
	if e.plays[p.id] != p || p.stopped || p.leg.over {
		e.mu.Unlock()
		return
	}
	id, ch := p.id, p.leg.channel()
	e.mu.Unlock()
	if err := e.startPlayback(ctx, p, id, ch); err != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.playDone(p, engine.PlayFailed, time.Now())
	}
}

// stopPlayback asks Asterisk to end it. Held lock: Engine.mu.
func (e *Engine) stopPlayback(p *playback) {
	if p.stopped {
		return
	}
	p.stopped = true
	e.stop(p, p.id)
}

// stop asks Asterisk, in the background, to end what it has under this name. Held lock: Engine.mu.
func (e *Engine) stop(p *playback, id string) {
	e.task(func(ctx context.Context) {
		if _, err := e.endPlayback(ctx, id); err != nil {
			e.log.Warn("stopping a playback failed", "call", p.leg.id, "err", err)
		}
	})
}

// endPlayback stops a playback of Asterisk's, or finds it gone. One that is just beginning Asterisk refuses to stop (500: told
// as playing, not yet controllable), and until it is over the channel does nothing else that it is told.
func (e *Engine) endPlayback(ctx context.Context, id string) (found bool, err error) {
	for wait := time.Millisecond; ; wait *= 2 {
		err := e.rest.delete(ctx, path("playbacks", id), nil)
		switch statusOf(err) {
		case http.StatusNotFound:
			return found, nil
		case http.StatusInternalServerError:
			found = true
		default:
			return true, err
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return found, err
		}
	}
}

// playbackFinished is Asterisk's word about one playback. Held lock: Engine.mu.
func (e *Engine) playbackFinished(p *playback, state string, at time.Time) {
	switch {
	case p.stopped:
		e.playDone(p, engine.PlayStopped, at)
	case state == "failed":
		// A hang-up fails it too, and may be told later.
		e.after(250*time.Millisecond, func(context.Context) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.playDone(p, engine.PlayFailed, at)
		})
	case p.failing:
		e.playDone(p, engine.PlayFailed, at)
	case p.loop:
		delete(e.plays, p.id)
		p.id = p.leg.nextPlay()
		p.from, p.started = 0, false
		e.plays[p.id] = p
		id, ch := p.id, p.leg.channel()
		e.task(func(ctx context.Context) {
			if err := e.startPlayback(ctx, p, id, ch); err != nil {
				e.mu.Lock()
				defer e.mu.Unlock()
				e.playDone(p, engine.PlayFailed, time.Now())
			}
		})
	default:
		e.playDone(p, engine.PlayFinished, at)
	}
}

// playDone tells the end of a playback once. Held lock: Engine.mu.
func (e *Engine) playDone(p *playback, r engine.PlayResult, at time.Time) {
	if e.plays[p.id] != p {
		return
	}
	delete(e.plays, p.id)
	if p.leg.play == p {
		p.leg.play = nil
	}
	e.fillSilence(p.leg)
	e.emit(p.leg, engine.PlayDone{Of: of(p.leg, at), Play: p.play, Result: r})
}

// StopPlay implements engine.Engine.
func (e *Engine) StopPlay(ctx context.Context, id engine.LegID, play engine.PlayID) error {
	ctx, legs, done, err := e.begin(ctx, "stop play", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	p := l.play
	if p == nil || p.play != play || p.stopped {
		e.mu.Unlock()
		return nil
	}
	p.stopped = true
	pid := p.id
	e.mu.Unlock()
	_, err = e.endPlayback(ctx, pid)
	return e.fail("stop play", l, err)
}

// kinds counts the fields that are set.
func kinds(s engine.Source) int {
	n := 0
	for _, set := range []bool{s.File != "", s.Tone != 0, s.Silence != 0, s.Beep != nil} {
		if set {
			n++
		}
	}
	return n
}

// mediaOf turns sources into media URIs. missing tells of a file that can't be played,
// err of a source that can't be asked for.
func (e *Engine) mediaOf(sources []engine.Source) (media []string, lengths []time.Duration, missing, err error) {
	for _, s := range sources {
		if n := kinds(s); n != 1 {
			return nil, nil, nil, fmt.Errorf("a source has %d meanings: %w", n, engine.ErrInvalid)
		}
		var file string
		switch {
		case s.File != "":
			if !filepath.IsAbs(s.File) || strings.ContainsAny(s.File, "\r\n\x00&,") {
				return nil, nil, nil, fmt.Errorf("file %q: %w", s.File, engine.ErrInvalid)
			}
			if file, err = e.playable(s.File); err != nil {
				// What comes before it is played.
				return media, lengths, err, nil
			}
		case s.Tone != 0:
			file, err = e.tone(toneParts(s.Tone))
		case s.Beep != nil:
			if s.Beep.Hz < 1 || s.Beep.Hz > 3999 || s.Beep.Duration <= 0 || s.Beep.Duration > time.Hour {
				return nil, nil, nil, fmt.Errorf("beep %+v: %w", *s.Beep, engine.ErrInvalid)
			}
			file, err = e.tone([]tonePart{{s.Beep.Hz, s.Beep.Duration}})
		case s.Silence > 0 && s.Silence <= time.Hour:
			file, err = e.tone([]tonePart{{0, s.Silence}})
		default:
			return nil, nil, nil, fmt.Errorf("empty source: %w", engine.ErrInvalid)
		}
		if err != nil {
			return nil, nil, nil, err
		}
		lengths = append(lengths, playTime(file))
		media = append(media, "sound:"+strings.TrimSuffix(strings.TrimSuffix(file, ".wav"), ".wav16"))
	}
	return media, lengths, nil, nil
}

// playTime is how long a file sounds.
func playTime(file string) time.Duration {
	st, err := os.Stat(file)
	if err != nil {
		return 0
	}
	rate := int64(16000) // bytes a second
	if strings.HasSuffix(file, ".wav16") {
		rate = 32000
	}
	return time.Duration(max(0, st.Size()-44)) * time.Second / time.Duration(rate)
}

// playable is the path by which Asterisk plays a WAV file: it takes the sampling rate from
// the ending of the name.
func (e *Engine) playable(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	var h [44]byte
	if _, err := io.ReadFull(f, h[:]); err != nil || string(h[:4]) != "RIFF" || string(h[8:12]) != "WAVE" {
		return "", fmt.Errorf("%s is no WAV file", file)
	}
	switch rate := binary.LittleEndian.Uint32(h[24:28]); {
	case string(h[12:16]) != "fmt ":
		return "", fmt.Errorf("%s has an unknown layout", file)
	case binary.LittleEndian.Uint16(h[22:24]) != 1 || binary.LittleEndian.Uint16(h[34:36]) != 16:
		return "", fmt.Errorf("%s is not 16 bit mono", file)
	case rate == 8000:
		if strings.HasSuffix(file, ".wav") {
			return file, nil
		}
		return e.link(file, ".wav")
	case rate == 16000:
		return e.link(file, ".wav16")
	default:
		return "", fmt.Errorf("%s has %d samples a second", file, rate)
	}
}

// link gives a file a second name with the ending that Asterisk wants.
func (e *Engine) link(file, ending string) (string, error) {
	sum := sha256.Sum256([]byte(file))
	name := filepath.Join(e.cfg.MediaDir, "link-"+hex.EncodeToString(sum[:12])+ending)
	if err := os.MkdirAll(e.cfg.MediaDir, 0o755); err != nil {
		return "", err
	}
	if err := os.Symlink(file, name); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return name, nil
}

type tonePart struct {
	hz int // 0: silence
	d  time.Duration
}

func toneParts(t engine.Tone) []tonePart {
	switch t {
	case engine.ToneBusy:
		return []tonePart{{425, 500 * time.Millisecond}, {0, 500 * time.Millisecond}}
	case engine.ToneCongestion:
		return []tonePart{{425, 250 * time.Millisecond}, {0, 250 * time.Millisecond}}
	}
	return []tonePart{{425, time.Second}, {0, 4 * time.Second}}
}

// tone is a WAV file of the parts, made once. Files end by themselves, which Asterisk's own tone:
// playbacks do not.
func (e *Engine) tone(parts []tonePart) (string, error) {
	name := "tone"
	for _, p := range parts {
		name += "-" + strconv.Itoa(p.hz) + "-" + strconv.FormatInt(p.d.Milliseconds(), 10)
	}
	file := filepath.Join(e.cfg.MediaDir, name+".wav")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	const rate = 8000
	var pcm []byte
	for _, p := range parts {
		n := int(p.d.Milliseconds()) * rate / 1000
		for i := range n {
			var v float64
			if p.hz > 0 {
				// About -10 dBm0; a few milliseconds of slope avoid clicks.
				slope := min(1, float64(i)/40, float64(n-i)/40)
				v = 8000 * slope * math.Sin(2*math.Pi*float64(p.hz)*float64(i)/rate)
			}
			pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(v)))
		}
	}
	if err := writeWAV(file, 1, rate, pcm); err != nil {
		return "", fmt.Errorf("tone: %w", err)
	}
	return file, nil
}

// wavHeader begins a file of so many bytes of PCM 16 bit.
func wavHeader(channels, rate, size int) []byte {
	h := make([]byte, 0, 44)
	le := binary.LittleEndian
	h = append(h, "RIFF"...)
	h = le.AppendUint32(h, uint32(36+size))
	h = append(h, "WAVEfmt "...)
	h = le.AppendUint32(h, 16)
	h = le.AppendUint16(h, 1)
	h = le.AppendUint16(h, uint16(channels))
	h = le.AppendUint32(h, uint32(rate))
	h = le.AppendUint32(h, uint32(rate*channels*2))
	h = le.AppendUint16(h, uint16(channels*2))
	h = le.AppendUint16(h, 16)
	h = append(h, "data"...)
	return le.AppendUint32(h, uint32(size))
}

// writeWAV writes PCM 16 bit whole or not at all.
func writeWAV(file string, channels, rate int, pcm []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	h := append(wavHeader(channels, rate, len(pcm)), pcm...)
	tmp, err := os.CreateTemp(filepath.Dir(file), ".wav-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(h)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}
