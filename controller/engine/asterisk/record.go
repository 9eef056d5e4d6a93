package asterisk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

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
	spies := []string{"in"}
	switch r.Scope {
	case engine.RecordMixed:
		spies = []string{"both"}
	case engine.RecordStereo:
		spies = []string{"in", "out"}
	}
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
		c.parts = append(c.parts, &part{name: "cp-" + uuid.NewString(), snoop: sn})
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
	if err := os.MkdirAll(filepath.Dir(c.rec.File), 0o755); err != nil {
		return 0, fmt.Errorf("%w: %w", errRecord, err)
	}
	var files []string
	for _, p := range c.parts {
		if p.err != nil {
			return 0, p.err
		}
		files = append(files, filepath.Join(e.cfg.RecordingDir, p.name+".wav"))
	}
	var d time.Duration
	var err error
	if len(files) == 1 {
		if d, err = wavDuration(files[0]); err == nil {
			err = moveFile(files[0], c.rec.File)
		}
	} else {
		d, err = joinStereo(files[0], files[1], c.rec.File)
		for _, f := range files {
			_ = os.Remove(f)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errRecord, err)
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

// readPCM reads the samples of a WAV file of Asterisk's: 8 kHz, 16 bit, mono.
func readPCM(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(data) < 44 || string(data[:4]) != "RIFF" {
		return nil, fmt.Errorf("%s is no WAV file", file)
	}
	for off := 12; off+8 <= len(data); {
		size := int(binary.LittleEndian.Uint32(data[off+4:]))
		if string(data[off:off+4]) == "data" {
			return data[off+8 : min(len(data), off+8+size)], nil
		}
		off += 8 + size
	}
	return nil, fmt.Errorf("%s has no samples", file)
}

func wavDuration(file string) (time.Duration, error) {
	st, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return time.Duration(max(0, st.Size()-44)) * time.Second / 16000, nil
}

// joinStereo puts two mono files into the channels of one.
func joinStereo(left, right, to string) (time.Duration, error) {
	a, err := readPCM(left)
	if err != nil {
		return 0, err
	}
	b, err := readPCM(right)
	if err != nil {
		return 0, err
	}
	n := max(len(a), len(b)) / 2
	pcm := make([]byte, 0, 4*n)
	sample := func(p []byte, i int) (lo, hi byte) {
		if 2*i+1 < len(p) {
			return p[2*i], p[2*i+1]
		}
		return 0, 0
	}
	for i := range n {
		l0, l1 := sample(a, i)
		r0, r1 := sample(b, i)
		pcm = append(pcm, l0, l1, r0, r1)
	}
	if err := writeWAV(to, 2, 8000, pcm); err != nil {
		return 0, err
	}
	return time.Duration(n) * time.Second / 8000, nil
}
