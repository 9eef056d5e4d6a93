package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
	"github.com/google/uuid"
	"github.com/percipia/eslgo/command/call"
)

// playing is the playback of a leg.
type playing struct {
	id       engine.PlayID
	token    string // Event-UUID of the application
	app, arg string
	loop     bool
	stopping bool
	// waiting: the next round begins when the engine is connected.
	waiting bool
	// incomplete: a source behind what is played is missing.
	incomplete bool
}

// Play implements engine.Engine. Tones of call progress have no end of their own: sources behind one are
// not reached.
func (e *Engine) Play(ctx context.Context, id engine.LegID, p engine.Playback) error {
	return fail("play "+string(p.ID)+" to", id, e.play(ctx, id, p))
}

func (e *Engine) play(ctx context.Context, id engine.LegID, p engine.Playback) error {
	if _, _, err := playArg(p); err != nil {
		return err
	}
	ctx, l, s, release, err := e.begin(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	if err := l.state(func() bool { return l.media && l.mix == nil && l.listen == nil }); err != nil {
		return err
	}
	if err := e.stopPlaying(ctx, l, s); err != nil {
		return err
	}
	if err := l.await(ctx, s, func() bool { return l.decision == nil && (l.parked || l.peer != nil) }); err != nil {
		return err
	}
	missing, err := e.firstMissing(ctx, s.cmd(l.channel), p.Sources)
	if err != nil {
		return err
	}
	pl := &playing{id: p.ID, token: uuid.NewString(), app: "playback"}
	if missing >= 0 {
		// Play what comes before it.
		p.Sources, p.Loop, pl.incomplete = p.Sources[:missing], false, true
	}
	if missing != 0 {
		var endless bool
		if pl.arg, endless, err = playArg(p); err != nil {
			return err
		}
		pl.loop = p.Loop && !endless
	}
	e.mu.Lock()
	if l.ended {
		e.mu.Unlock()
		return engine.ErrNoLeg
	}
	l.play = pl
	if missing == 0 {
		e.post(func() {
			if l.play == pl {
				l.playOver(engine.PlayFailed)
			}
		})
		e.mu.Unlock()
		return nil
	}
	e.mu.Unlock()
	if err := e.execute(ctx, s, l.channel, pl.app, pl.arg, pl.token); err != nil {
		e.mu.Lock()
		if l.play == pl && !errors.Is(err, context.DeadlineExceeded) {
			l.play = nil
		}
		e.mu.Unlock()
		return err
	}
	return nil
}

// firstMissing tells which source of several is a file that the engine doesn't have, -1: none. (A single
// source tells by itself, in a list the engine skips what is missing.)
func (e *Engine) firstMissing(ctx context.Context, c *conn, sources []engine.Source) (int, error) {
	if len(sources) < 2 {
		return -1, nil
	}
	for i, src := range sources {
		if src.File == "" {
			continue
		}
		out, err := c.api(ctx, "file_exists", src.File)
		if err != nil {
			return 0, err
		}
		if strings.TrimSpace(out) != "true" {
			return i, nil
		}
	}
	return -1, nil
}

// execute queues an application on a channel; CHANNEL_EXECUTE_COMPLETE has token as Application-UUID.
func (e *Engine) execute(ctx context.Context, s *session, channel, app, arg, token string) error {
	if err := printable(app, arg); err != nil {
		return err
	}
	if strings.Contains(arg, "$") {
		return fmt.Errorf("%w: the engine would expand %.40q", engine.ErrInvalid, arg)
	}
	text := (&call.Execute{UUID: channel, AppName: app, AppArgs: arg, AppUUID: token}).BuildMessage()
	_, err := s.cmd(channel).command(ctx, app, text)
	return err
}

// maxList is how many entries a list of files can have (file_string in mod_dptools: 128).
const maxList = 100

// playArg is the argument of the playback application, and whether it never ends.
func playArg(p engine.Playback) (arg string, endless bool, err error) {
	if p.ID == "" || len(p.Sources) == 0 || len(p.Sources) > maxList {
		return "", false, fmt.Errorf("%w: playback %q of %d sources", engine.ErrInvalid, p.ID, len(p.Sources))
	}
	var parts []string
	for _, src := range p.Sources {
		n := 0
		part := ""
		if src.File != "" {
			n++
			if !filepath.IsAbs(src.File) || strings.ContainsAny(src.File, "!$\r\n\x00") {
				return "", false, fmt.Errorf("%w: file %q", engine.ErrInvalid, src.File)
			}
			part = src.File
		}
		if src.Tone != 0 {
			n++
			part, endless = tone(src.Tone), true
		}
		if src.Silence > 0 {
			n++
			part = "silence_stream://" + strconv.Itoa(millis(src.Silence))
		}
		if src.Beep != nil {
			n++
			if src.Beep.Hz <= 0 || src.Beep.Duration <= 0 {
				return "", false, fmt.Errorf("%w: beep of %d Hz, %v", engine.ErrInvalid, src.Beep.Hz, src.Beep.Duration)
			}
			part = fmt.Sprintf("tone_stream://%%(%d,0,%d)", millis(src.Beep.Duration), src.Beep.Hz)
		}
		if n != 1 || part == "" {
			return "", false, fmt.Errorf("%w: a source needs exactly one of file, tone, silence and beep", engine.ErrInvalid)
		}
		parts = append(parts, part)
	}
	if p.Loop && !endless {
		// Looping is ours: the engine's own loops neither tell digits nor end when told to. Long
		// lists make its seams rare.
		once := parts
		for len(parts)+len(once) <= maxList {
			parts = append(parts, once...)
		}
	}
	if len(parts) == 1 {
		return parts[0], endless, nil
	}
	return "file_string://" + strings.Join(parts, "!"), endless, nil
}

func millis(d time.Duration) int { return max(1, int(d/time.Millisecond)) }

func tone(t engine.Tone) string {
	switch t {
	case engine.ToneRingback:
		return "tone_stream://%(1000,4000,425);loops=-1"
	case engine.ToneBusy:
		return "tone_stream://%(500,500,425);loops=-1"
	case engine.ToneCongestion:
		return "tone_stream://%(250,250,425);loops=-1"
	}
	return ""
}

// StopPlay implements engine.Engine.
func (e *Engine) StopPlay(ctx context.Context, id engine.LegID, play engine.PlayID) error {
	ctx, l, s, release, err := e.begin(ctx, id)
	if err != nil {
		return fail("stop playing to", id, err)
	}
	defer release()
	e.mu.Lock()
	mine := l.play != nil && l.play.id == play
	e.mu.Unlock()
	if !mine {
		return nil
	}
	return fail("stop playing to", id, e.stopPlaying(ctx, l, s))
}

// stopPlaying ends the playback of a leg, if there is one, and waits until it has ended: an
// application queued before would run inside it.
func (e *Engine) stopPlaying(ctx context.Context, l *leg, s *session) error {
	for {
		e.mu.Lock()
		pl := l.play
		if pl != nil {
			pl.stopping = true
		}
		ch := l.channel
		e.mu.Unlock()
		if pl == nil {
			return nil
		}
		if _, err := s.cmd(ch).api(ctx, "uuid_break", ch); err != nil {
			return err
		}
		// A break that comes before the application has begun is lost: repeat it.
		again, cancel := context.WithTimeout(ctx, 60*time.Millisecond)
		err := l.await(again, s, func() bool { return l.play != pl })
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}

// executed handles the end of an application. Needs the lock.
func (l *leg) executed(ev *event) {
	token := ev.get("Application-UUID")
	switch {
	case l.play != nil && token == l.play.token:
		l.playEnded(ev.get("Application-Response"))
	case l.listen != nil && token == l.listen.token:
		l.listenOver()
	}
}

func (l *leg) playEnded(response string) {
	pl := l.play
	switch {
	case pl.stopping:
		l.playOver(engine.PlayStopped)
	case pl.incomplete, response == "FILE NOT FOUND", response == "PLAYBACK ERROR":
		l.playOver(engine.PlayFailed)
	case pl.loop:
		pl.token = uuid.NewString()
		l.again(pl, pl.token)
	default:
		l.playOver(engine.PlayFinished)
	}
}

// again starts the next round of a looped playback. Needs the lock.
func (l *leg) again(pl *playing, token string) {
	e, s, ch := l.e, l.e.up, l.channel
	if pl.waiting = s == nil; pl.waiting {
		return
	}
	e.async(func(ctx context.Context) {
		if err := e.execute(ctx, s, ch, pl.app, pl.arg, token); err != nil {
			e.mu.Lock()
			e.post(func() {
				if l.play == pl {
					l.playOver(engine.PlayFailed)
				}
			})
			e.mu.Unlock()
		}
	})
}

// playOver tells the end of the playback. Needs the lock.
func (l *leg) playOver(r engine.PlayResult) {
	pl := l.play
	l.play = nil
	l.e.emit(l, engine.PlayDone{Of: l.of(), Play: pl.id, Result: r})
	l.changed()
}

// recording is a recording of a leg.
type recording struct {
	id      engine.RecordID
	file    string
	started time.Time
	timer   *time.Timer // at Max, else nil
}

// Record implements engine.Engine. The file's name must have no spaces or quotes.
func (e *Engine) Record(ctx context.Context, id engine.LegID, r engine.Recording) error {
	return fail("record "+string(r.ID)+" of", id, e.record(ctx, id, r))
}

func (e *Engine) record(ctx context.Context, id engine.LegID, r engine.Recording) error {
	if r.ID == "" || !filepath.IsAbs(r.File) || filepath.Ext(r.File) != ".wav" || strings.ContainsAny(r.File, " '\"\\{}[]!$,\r\n\x00") {
		return fmt.Errorf("%w: file %q", engine.ErrInvalid, r.File)
	}
	vars := "RECORD_MIN_SEC=0"
	switch r.Scope {
	case engine.RecordLeg:
		vars += ",RECORD_READ_ONLY=true"
		if r.Silence > 0 {
			// Silence before the first word counts as silence at the end.
			ms := strconv.Itoa(millis(r.Silence))
			vars += ",RECORD_INITIAL_TIMEOUT_MS=" + ms + ",RECORD_FINAL_TIMEOUT_MS=" + ms
		}
	case engine.RecordMixed:
	case engine.RecordStereo:
		vars += ",RECORD_STEREO=true"
	default:
		return fmt.Errorf("%w: scope %d", engine.ErrInvalid, r.Scope)
	}
	ctx, l, s, release, err := e.begin(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	if err := l.state(func() bool { return l.media }); err != nil {
		return err
	}
	// Until the first decision has reached the engine there is no audio.
	if err := l.await(ctx, s, func() bool {
		return l.decision == nil && (l.parked || l.peer != nil || l.mix != nil || l.listen != nil)
	}); err != nil {
		return err
	}
	rec := &recording{id: r.ID, file: r.File, started: time.Now()}
	e.mu.Lock()
	if l.ended {
		e.mu.Unlock()
		return engine.ErrNoLeg
	}
	for _, other := range l.recs {
		if other.id == r.ID || other.file == r.File {
			e.mu.Unlock()
			return fmt.Errorf("%w: recording or file in use", engine.ErrInvalid)
		}
	}
	l.recs[r.ID] = rec
	e.mu.Unlock()
	limit := 0
	if r.Max > 0 {
		// The engine counts whole seconds of the wall clock, up to one too few: it is for the
		// case that we are away, the exact end is ours.
		limit = int(math.Ceil(r.Max.Seconds())) + 2
	}
	_, err = s.cmd(l.channel).api(ctx, "uuid_record", fmt.Sprintf("%s start %s %d {%s}", l.channel, r.File, limit, vars))
	if err != nil {
		e.mu.Lock()
		if errors.Is(err, engine.ErrRefused) && l.recs[r.ID] == rec {
			delete(l.recs, r.ID)
		}
		e.mu.Unlock()
	}
	if err == nil && r.Max > 0 {
		e.mu.Lock()
		if l.recs[r.ID] == rec {
			rec.timer = time.AfterFunc(r.Max, func() { e.recordedEnough(l, rec) })
		}
		e.mu.Unlock()
	}
	return e.orGone(ctx, s, err, l)
}

// recordedEnough ends a recording at its limit.
func (e *Engine) recordedEnough(l *leg, rec *recording) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.up
	if l.recs[rec.id] != rec || s == nil {
		return
	}
	e.expect()
	e.async(func(ctx context.Context) {
		if err := e.stopRecord(ctx, s, l, rec); err != nil && !gone(err) {
			e.log.Warn("cannot end a recording", "leg", l.id, "err", err)
		}
	})
}

// StopRecord implements engine.Engine.
func (e *Engine) StopRecord(ctx context.Context, id engine.LegID, rid engine.RecordID) error {
	ctx, l, s, release, err := e.begin(ctx, id)
	if err != nil {
		return fail("stop recording", id, err)
	}
	defer release()
	e.mu.Lock()
	rec := l.recs[rid]
	e.mu.Unlock()
	if rec == nil {
		return nil
	}
	return fail("stop recording", id, e.stopRecord(ctx, s, l, rec))
}

func (e *Engine) stopRecord(ctx context.Context, s *session, l *leg, rec *recording) error {
	_, err := s.cmd(l.channel).api(ctx, "uuid_record", fmt.Sprintf("%s stop %s", l.channel, rec.file))
	if errors.Is(err, engine.ErrRefused) {
		return nil // over already, the event is on its way
	}
	return err
}

// writing is how long ago a file changed last that may still be written to.
const writing = 3 * time.Second

// Collect implements engine.Engine: FreeSWITCH writes to where the file was asked for.
func (e *Engine) Collect(_ context.Context, r engine.Recording) error {
	e.mu.Lock()
	down := e.up == nil
	for _, l := range e.legs {
		if l.recs[r.ID] != nil {
			e.mu.Unlock()
			return fail("collect", l.id, fmt.Errorf("%w: recording %s is under way", engine.ErrState, r.ID))
		}
	}
	e.mu.Unlock()
	st, err := os.Stat(r.File)
	switch {
	case down:
		err = engine.ErrDown
	case errors.Is(err, fs.ErrNotExist):
		err = engine.ErrNoRecording
	case err == nil && time.Since(st.ModTime()) < writing:
		err = engine.ErrState
	}
	if err != nil {
		return fmt.Errorf("collect recording %s: %w", r.ID, err)
	}
	return nil
}

// recordStopped handles RECORD_STOP. Needs the lock.
func (l *leg) recordStopped(ev *event) {
	file := ev.get("Record-File-Path")
	for id, rec := range l.recs {
		if rec.file != file {
			continue
		}
		rec.over(l)
		done := engine.RecordDone{Of: l.of(), Record: id, File: file}
		if ms, err := strconv.Atoi(ev.variable("record_ms")); err == nil {
			done.Duration = time.Duration(ms) * time.Millisecond
		} else {
			done.Duration = time.Since(rec.started)
		}
		if cause := ev.get("Record-Completion-Cause"); strings.Contains(cause, "fail") || strings.Contains(cause, "error") || cause == "empty" {
			done.Err = fmt.Errorf("record %s: %s", file, cause)
		}
		l.e.emit(l, done)
	}
	if l.final != nil && len(l.recs) == 0 {
		l.finish(*l.final)
	}
}

// over forgets the recording. Needs the lock.
func (rec *recording) over(l *leg) {
	if rec.timer != nil {
		rec.timer.Stop()
	}
	delete(l.recs, rec.id)
}

// recordingsLost ends recordings of which the engine didn't tell. Needs the lock.
func (l *leg) recordingsLost() {
	for id, rec := range l.recs {
		rec.over(l)
		l.e.emit(l, engine.RecordDone{Of: l.of(), Record: id, File: rec.file, Duration: time.Since(rec.started)})
	}
	l.finish(*l.final)
}

// SendDTMF implements engine.Engine.
func (e *Engine) SendDTMF(ctx context.Context, id engine.LegID, digits string) error {
	if digits == "" || len(digits) > 64 || strings.Trim(digits, "0123456789*#ABCDabcd") != "" {
		return fail("send DTMF to", id, fmt.Errorf("%w: digits %q", engine.ErrInvalid, digits))
	}
	ctx, l, s, release, err := e.begin(ctx, id)
	if err != nil {
		return fail("send DTMF to", id, err)
	}
	defer release()
	if err := l.state(func() bool { return l.media }); err != nil {
		return fail("send DTMF to", id, err)
	}
	_, err = s.cmd(l.channel).api(ctx, "uuid_send_dtmf", l.channel+" "+strings.ToUpper(digits))
	return fail("send DTMF to", id, e.orGone(ctx, s, err, l))
}
