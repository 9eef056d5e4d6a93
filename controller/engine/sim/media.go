package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"callplane/controller/engine"
)

// Sound is something that can be heard. Exactly one field is set: the frequency of
// a phone's voice or of a beep, a file, or a call-progress tone.
type Sound struct {
	Hz   int
	File string
	Tone engine.Tone
}

// String is a short name of the sound.
func (s Sound) String() string {
	switch {
	case s.File != "":
		return filepath.Base(s.File)
	case s.Tone != 0:
		return fmt.Sprintf("tone %d", s.Tone)
	}
	return fmt.Sprintf("%d Hz", s.Hz)
}

// playing is the playback of a leg.
type playing struct {
	engine.Playback
	leg   *leg
	next  int
	now   Sound // zero: silence
	timer *timer
}

func (p *playing) halt() {
	if p != nil {
		p.timer.stop()
	}
}

// startPlay ends the playback of the leg and starts another.
func (l *leg) startPlay(p engine.Playback) {
	l.stopPlay(engine.PlayStopped)
	l.play = &playing{Playback: p, leg: l}
	if v := l.w.view(l.id); v != nil {
		v.plays[p.ID] = true
	}
	l.play.step()
}

func (l *leg) stopPlay(r engine.PlayResult) {
	p := l.play
	if p == nil {
		return
	}
	p.halt()
	l.play = nil
	l.w.emit(engine.PlayDone{Of: l.of(), Play: p.ID, Result: r})
	l.w.rehear(l)
}

// step plays the next source. A source that can't be played ends the playback.
func (p *playing) step() {
	w := p.leg.w
	if p.next == len(p.Sources) {
		if !p.Loop {
			p.leg.stopPlay(engine.PlayFinished)
			return
		}
		p.next = 0
	}
	s := p.Sources[p.next]
	p.next++
	d := s.Silence
	p.now = Sound{}
	switch {
	case s.Beep != nil:
		p.now, d = Sound{Hz: s.Beep.Hz}, s.Beep.Duration
	case s.Tone != 0: // has no end
		p.now, d = Sound{Tone: s.Tone}, -1
	case s.File != "":
		length, err := wavLength(s.File)
		if err != nil {
			p.leg.stopPlay(engine.PlayFailed)
			return
		}
		p.now, d = Sound{File: s.File}, length
	}
	w.rehear(p.leg)
	if d >= 0 {
		// An empty source in a loop must not stop the clock.
		if p.Loop {
			d = max(d, 20*time.Millisecond)
		}
		p.timer = w.after(d, p.step)
	}
}

// checkSources refuses what no engine could play.
func checkSources(p engine.Playback) error {
	if p.ID == "" || len(p.Sources) == 0 {
		return fmt.Errorf("%w: a playback needs an id and a source", engine.ErrInvalid)
	}
	for i, s := range p.Sources {
		set := 0
		for _, is := range []bool{s.File != "", s.Tone != 0, s.Silence != 0, s.Beep != nil} {
			if is {
				set++
			}
		}
		if set != 1 {
			return fmt.Errorf("%w: source %d has %d fields set instead of one", engine.ErrInvalid, i, set)
		}
		if s.File != "" && !filepath.IsAbs(s.File) {
			return fmt.Errorf("%w: source %d is no absolute path", engine.ErrInvalid, i)
		}
		if s.Silence < 0 || s.Tone > engine.ToneCongestion || s.Beep != nil && (s.Beep.Hz <= 0 || s.Beep.Duration <= 0) {
			return fmt.Errorf("%w: source %d is out of range", engine.ErrInvalid, i)
		}
		if err := clean(s.File); err != nil {
			return err
		}
	}
	return clean(string(p.ID))
}

// recording is one recording of a leg.
type recording struct {
	engine.Recording
	leg     *leg
	file    *os.File
	started time.Time
	spans   []span
	max     *timer
	silent  *timer
}

// span is what was to be heard from a moment on.
type span struct {
	at           time.Time
	said, played []Sound
}

func checkRecording(r engine.Recording) error {
	switch {
	case r.ID == "":
		return fmt.Errorf("%w: a recording needs an id", engine.ErrInvalid)
	case !filepath.IsAbs(r.File) || !strings.HasSuffix(r.File, ".wav"):
		return fmt.Errorf("%w: a recording needs an absolute path that ends in .wav", engine.ErrInvalid)
	case r.Scope < engine.RecordLeg || r.Scope > engine.RecordStereo:
		return fmt.Errorf("%w: unknown recording scope %d", engine.ErrInvalid, r.Scope)
	}
	return clean(string(r.ID), r.File)
}

func (l *leg) startRecord(r engine.Recording) error {
	if l.records[r.ID] != nil {
		return fmt.Errorf("%w: recording %s is under way", engine.ErrInvalid, r.ID)
	}
	rec := &recording{Recording: r, leg: l, started: time.Now()}
	if v := l.w.view(l.id); v != nil {
		v.records[r.ID] = r.File
	}
	f, err := os.Create(r.File)
	if err != nil {
		l.w.emit(engine.RecordDone{Of: l.of(), Record: r.ID, File: r.File, Err: err})
		return nil
	}
	rec.file = f
	l.records[r.ID] = rec
	if r.Max > 0 {
		rec.max = l.w.after(r.Max, rec.stop)
	}
	rec.note()
	return nil
}

// note takes down what is heard now.
func (r *recording) note() {
	s := span{at: time.Now(), said: voiceOf(r.leg), played: r.leg.heard()}
	r.spans = append(r.spans, s)
	if r.Scope != engine.RecordLeg || r.Silence <= 0 {
		return
	}
	if len(s.said) > 0 {
		r.silent.stop()
		r.silent = nil
	} else if r.silent == nil {
		r.silent = r.leg.w.after(r.Silence, r.stop)
	}
}

func (r *recording) abandon() {
	r.max.stop()
	r.silent.stop()
	r.file.Close()
}

// stop completes the file and tells.
func (r *recording) stop() {
	l := r.leg
	r.max.stop()
	r.silent.stop()
	delete(l.records, r.ID)
	d := time.Since(r.started)
	err := writeRecording(r.file, r, d)
	l.w.emit(engine.RecordDone{Of: l.of(), Record: r.ID, File: r.File, Duration: d, Err: err})
}

func (l *leg) stopRecords() {
	ids := make([]engine.RecordID, 0, len(l.records))
	for id := range l.records {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		l.records[id].stop()
	}
}

// view is what the connected controller knows of a leg.
func (w *World) view(id engine.LegID) *view {
	if w.ctl == nil {
		return nil
	}
	return w.ctl.views[id]
}

// voiceOf is what the leg's phone says.
func voiceOf(l *leg) []Sound {
	if l.over || !l.media() || l.call == nil || l.call.held || l.call.muted || l.call.phone.cfg.Hz == 0 {
		return nil
	}
	return []Sound{{Hz: l.call.phone.cfg.Hz}}
}

// partners are the legs that the leg talks with.
func (l *leg) partners() []*leg {
	if l.peer != nil {
		return []*leg{l.peer}
	}
	var all []*leg
	for _, o := range l.w.mixes[l.mix] {
		if o != l && l.mix != "" {
			all = append(all, o)
		}
	}
	return all
}

// conversation is what the leg hears of its playback and its partners.
func (l *leg) conversation() []Sound {
	var all []Sound
	if l.play != nil && l.play.now != (Sound{}) {
		all = append(all, l.play.now)
	}
	for _, o := range l.partners() {
		all = append(all, voiceOf(o)...)
		for _, s := range o.listeners {
			if s.listen.mode == engine.ListenBarge {
				all = append(all, voiceOf(s)...)
			}
		}
	}
	return all
}

// heard is everything that the leg's phone hears.
func (l *leg) heard() []Sound {
	if l.over || !l.media() || l.held() {
		return nil
	}
	all := l.conversation()
	for _, s := range l.listeners {
		if s.listen.mode != engine.ListenOnly {
			all = append(all, voiceOf(s)...)
		}
	}
	if l.listen != nil {
		t := l.listen.target
		all = append(all, voiceOf(t)...)
		if !t.held() {
			all = append(all, t.conversation()...)
		}
		me := voiceOf(l)
		all = slices.DeleteFunc(all, func(s Sound) bool { return slices.Contains(me, s) })
	}
	return sortSounds(all)
}

func sortSounds(all []Sound) []Sound {
	slices.SortFunc(all, func(a, b Sound) int {
		if a.Hz != b.Hz {
			return a.Hz - b.Hz
		}
		if a.Tone != b.Tone {
			return int(a.Tone) - int(b.Tone)
		}
		return strings.Compare(a.File, b.File)
	})
	return slices.Compact(all)
}

// rehear works out anew what the phones around these legs hear.
func (w *World) rehear(legs ...*leg) {
	seen := map[*leg]bool{}
	var affected []*leg
	for len(legs) > 0 {
		l := legs[0]
		legs = legs[1:]
		if seen[l] {
			continue
		}
		seen[l] = true
		affected = append(affected, l)
		legs = append(legs, l.partners()...)
		legs = append(legs, l.listeners...)
		if l.listen != nil {
			legs = append(legs, l.listen.target)
		}
	}
	for _, l := range affected {
		if l.call != nil {
			l.call.hear(l.heard())
		}
		for _, r := range l.records {
			r.note()
		}
	}
	w.touch()
}
