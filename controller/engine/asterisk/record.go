package asterisk

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
)

var errRecord = errors.New("no usable recording")

// capture is one recording: a snoop on the leg for each direction that is kept apart. The
// recorder writes into Asterisk's own folder; the file is moved when it is complete.
// Guarded by Engine.mu.
type capture struct {
	leg   *leg
	rec   engine.Recording
	parts []*part
	timer *time.Timer
	begun time.Time
	moved bool
}

type part struct {
	name  string // of Asterisk's recording
	snoop *snoop
	done  bool
	err   error
}

// Record implements engine.Engine.
func (e *Engine) Record(ctx context.Context, id engine.LegID, r engine.Recording) error {
	fail := func(err error) error { return fmt.Errorf("asterisk record %s: %w", id, err) }
	if !sound(string(r.ID)) || !sound(r.File) || !filepath.IsAbs(r.File) || !strings.HasSuffix(r.File, ".wav") || r.Scope < engine.RecordLeg || r.Scope > engine.RecordStereo {
		return fail(fmt.Errorf("%+v: %w", r, engine.ErrInvalid))
	}
	ctx, legs, done, err := e.begin(ctx, "record", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	media, known := l.hasMedia(), l.recs[r.ID] != nil
	e.mu.Unlock()
	switch {
	case !media:
		return fail(engine.ErrState)
	case known:
		return fail(fmt.Errorf("the id is in use: %w", engine.ErrInvalid))
	}
	c := &capture{leg: l, rec: r}
	spies := directions(r.Scope)
	abandon := func(err error) error {
		e.mu.Lock()
		delete(l.recs, r.ID)
		for _, p := range c.parts {
			delete(e.recs, p.name)
			e.endSnoop(p.snoop)
		}
		if l.over && len(l.recs) == 0 {
			e.bury(l)
		}
		e.mu.Unlock()
		return fail(err)
	}
	for _, spy := range spies {
		sn, err := e.makeSnoop(ctx, l, spy, "none")
		if err != nil {
			return abandon(err)
		}
		c.parts = append(c.parts, &part{name: partName(r.ID, spy), snoop: sn})
	}
	e.mu.Lock()
	if l.over {
		e.mu.Unlock()
		return abandon(engine.ErrNoLeg)
	}
	c.begun = time.Now()
	l.recs[r.ID] = c
	for _, p := range c.parts {
		e.recs[p.name] = c
	}
	e.mu.Unlock()
	for _, p := range c.parts {
		q := url.Values{"name": {p.name}, "format": {"wav"}, "ifExists": {"overwrite"}}
		if r.Silence > 0 && r.Scope == engine.RecordLeg {
			q.Set("maxSilenceSeconds", strconv.Itoa(int(math.Ceil(r.Silence.Seconds()))))
		}
		if err := e.rest.post(ctx, path("channels", p.snoop.id, "record"), q); err != nil {
			return abandon(err)
		}
	}
	if r.Max > 0 {
		e.mu.Lock()
		c.timer = e.after(r.Max, func(ctx context.Context) {
			if err := e.stopCapture(ctx, c); err != nil {
				e.log.Warn("ending a recording failed", "call", l.id, "err", err)
			}
		})
		e.mu.Unlock()
	}
	return nil
}

// directions are what is recorded apart, as Asterisk calls it.
func directions(s engine.RecordScope) []string {
	switch s {
	case engine.RecordMixed:
		return []string{"both"}
	case engine.RecordStereo:
		return []string{"in", "out"}
	}
	return []string{"in"}
}

// partName is the same after a restart of the controller. Ids are the caller's: no path must come of one.
func partName(id engine.RecordID, direction string) string {
	return "cp-" + url.QueryEscape(strings.ReplaceAll(string(id), ".", "_")) + "-" + direction
}

// Collect implements engine.Engine.
func (e *Engine) Collect(ctx context.Context, r engine.Recording) error {
	fail := func(err error) error { return fmt.Errorf("asterisk collect %s: %w", r.ID, err) }
	if !sound(string(r.ID)) || !filepath.IsAbs(r.File) {
		return fail(engine.ErrInvalid)
	}
	var names []string
	there := false
	for _, d := range directions(r.Scope) {
		name := partName(r.ID, d)
		names = append(names, name)
		e.mu.Lock()
		busy := e.recs[name] != nil
		e.mu.Unlock()
		if !busy {
			err := e.rest.do(ctx, http.MethodGet, path("recordings", "live", name), nil, nil, nil)
			if err != nil && statusOf(err) != http.StatusNotFound {
				return fail(err)
			}
			busy = err == nil
		}
		if busy {
			return fail(engine.ErrState)
		}
		_, err := os.Stat(e.partFile(name))
		there = there || err == nil
	}
	if !there {
		// Delivered before, or never begun.
		if _, err := os.Stat(r.File); err != nil {
			return fail(engine.ErrNoRecording)
		}
		return nil
	}
	if _, err := e.assemble(names, r.File); err != nil {
		return fail(err)
	}
	return nil
}

func (e *Engine) partFile(name string) string {
	return filepath.Join(e.cfg.RecordingDir, name+".wav")
}

// StopRecord implements engine.Engine.
func (e *Engine) StopRecord(ctx context.Context, id engine.LegID, rec engine.RecordID) error {
	ctx, legs, done, err := e.begin(ctx, "stop record", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	c := l.recs[rec]
	e.mu.Unlock()
	if c == nil {
		return nil
	}
	return e.fail("stop record", l, e.stopCapture(ctx, c))
}

func (e *Engine) stopCapture(ctx context.Context, c *capture) error {
	var first error
	for _, p := range c.parts {
		err := e.rest.post(ctx, path("recordings", "live", p.name, "stop"), nil)
		if err != nil && statusOf(err) != http.StatusNotFound && first == nil {
			first = err
		}
	}
	return first
}

// captured: Asterisk closed one file. Held lock: Engine.mu.
func (e *Engine) captured(c *capture, r *recordingData) {
	delete(e.recs, r.Name)
	all := true
	for _, p := range c.parts {
		if p.name == r.Name && !p.done {
			p.done = true
			e.endSnoop(p.snoop)
			if r.State == "failed" {
				p.err = fmt.Errorf("%w: %s", errRecord, r.Cause)
			}
		}
		all = all && p.done
	}
	if all {
		e.deliver(c)
	}
}

// deliver moves the file to where it was asked for and tells RecordDone. Held lock: Engine.mu.
func (e *Engine) deliver(c *capture) {
	if c.moved {
		return
	}
	c.moved = true
	if c.timer != nil {
		c.timer.Stop()
	}
	finish := func() {
		d, err := e.moveRecording(c)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(c.leg.recs, c.rec.ID)
		e.emit(c.leg, engine.RecordDone{Of: of(c.leg, time.Now()), Record: c.rec.ID, File: c.rec.File, Duration: d, Err: err})
		if c.leg.over && len(c.leg.recs) == 0 {
			e.bury(c.leg)
		}
	}
	if !e.running || e.base.Err() != nil {
		return // the next controller finds the file where Asterisk left it
	}
	e.task(func(context.Context) { finish() })
}

// finishCaptureSoon bounds how long the end of a leg waits for its recorder. Held lock: Engine.mu.
func (e *Engine) finishCaptureSoon(c *capture) {
	for _, p := range c.parts {
		e.endSnoop(p.snoop)
	}
	e.after(2*time.Second, func(context.Context) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, p := range c.parts {
			delete(e.recs, p.name)
		}
		e.deliver(c)
	})
}

// snoopsGone forgets what can't be hung up any more. Held lock: Engine.mu.
func (c *capture) snoopsGone() {
	for _, p := range c.parts {
		p.snoop.markEnd()
	}
}

func (e *Engine) moveRecording(c *capture) (time.Duration, error) {
	var names []string
	for _, p := range c.parts {
		if p.err != nil {
			return 0, p.err
		}
		names = append(names, p.name)
	}
	d, err := e.assemble(names, c.rec.File)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errRecord, err)
	}
	return d, nil
}

// assemble makes one file of the parts of a recording, whole or not at all; the parts are removed only then.
func (e *Engine) assemble(names []string, to string) (time.Duration, error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return 0, err
	}
	if len(names) == 1 {
		file := e.partFile(names[0])
		d, err := wavDuration(file)
		if err == nil {
			err = moveFile(file, to)
		}
		return d, err
	}
	left, right := e.partFile(names[0]), e.partFile(names[1])
	d, err := joinStereo(left, right, to)
	if err != nil {
		return 0, err
	}
	for _, f := range []string{left, right} {
		_ = os.Remove(f)
	}
	return d, nil
}

// moveFile renames, or copies to another file system; the target appears whole.
func moveFile(from, to string) error {
	if os.Rename(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	tmp, err := os.CreateTemp(filepath.Dir(to), ".rec-")
	if err != nil {
		return err
	}
	_, err = io.Copy(tmp, in)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), to)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return err
	}
	return os.Remove(from)
}

// openPCM opens a WAV file of Asterisk's (8 kHz, 16 bit, mono) at its first sample; one that is missing, because
// nothing went in that direction, is empty.
func openPCM(file string) (io.Reader, func(), error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return strings.NewReader(""), func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	closeIt := func() { _ = f.Close() }
	r := bufio.NewReaderSize(f, 64<<10)
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:4]) != "RIFF" {
		closeIt()
		return nil, nil, fmt.Errorf("%s is no WAV file", file)
	}
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			closeIt()
			return nil, nil, fmt.Errorf("%s has no samples", file)
		}
		if string(chunk[:4]) == "data" {
			// To the end of the file: the size is written last, a crash leaves it at zero.
			return r, closeIt, nil
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		if _, err := io.CopyN(io.Discard, r, size+size%2); err != nil {
			closeIt()
			return nil, nil, fmt.Errorf("%s has no samples", file)
		}
	}
}

func wavDuration(file string) (time.Duration, error) {
	st, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return time.Duration(max(0, st.Size()-44)) * time.Second / 16000, nil
}

// joinStereo puts two mono files into the channels of one, the shorter filled up with silence.
func joinStereo(left, right, to string) (_ time.Duration, err error) {
	a, closeA, err := openPCM(left)
	if err != nil {
		return 0, err
	}
	defer closeA()
	b, closeB, err := openPCM(right)
	if err != nil {
		return 0, err
	}
	defer closeB()
	tmp, err := os.CreateTemp(filepath.Dir(to), ".wav-")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	out := bufio.NewWriterSize(tmp, 64<<10)
	_, _ = out.Write(wavHeader(2, 8000, 0)) // a bufio.Writer keeps its first error
	frames := 0
	for {
		var frame [4]byte
		n, errA := io.ReadFull(a, frame[:2])
		m, errB := io.ReadFull(b, frame[2:])
		if n < 2 && m < 2 {
			for _, e := range []error{errA, errB} {
				if e != io.EOF && e != io.ErrUnexpectedEOF {
					return 0, e
				}
			}
			break
		}
		_, _ = out.Write(frame[:])
		frames++
	}
	if err := out.Flush(); err != nil {
		return 0, err
	}
	if _, err := tmp.WriteAt(wavHeader(2, 8000, 4*frames), 0); err != nil {
		return 0, err
	}
	if err := tmp.Chmod(0o644); err != nil {
		return 0, err
	}
	if err := tmp.Close(); err != nil {
		return 0, err
	}
	return time.Duration(frames) * time.Second / 8000, os.Rename(tmp.Name(), to)
}
