package voicemail

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"callplane/controller/engine"
)

const (
	// sweepEvery is how often messages are looked for that did not get into the database.
	sweepEvery = 30 * time.Second
	// settled is for how long a file must not have grown: an engine goes on recording while no
	// controller is there.
	settled = 20 * time.Second
	// lost is when a recording without audio is given up.
	lost = time.Hour
)

// Run brings messages into the database that were recorded while it was away, or whose controller
// ended in the middle, until ctx ends.
func (b *Boxes) Run(ctx context.Context) {
	for {
		b.Recover(ctx, settled)
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepEvery):
		}
	}
}

// collect has the file of a draft completed; more: not now.
func (b *Boxes) collect(ctx context.Context, d *Draft) (more bool) {
	if b.cfg.Collect == nil {
		return false
	}
	err := b.cfg.Collect(ctx, d.Engine, d.Recording())
	switch {
	case err == nil, errors.Is(err, engine.ErrNoRecording):
		return false
	case errors.Is(err, engine.ErrState), errors.Is(err, engine.ErrDown):
		return true // it is being written, or the engine must come back first
	}
	b.cfg.Log.Error("a voicemail message can't be completed", "file", d.File, "engine", d.Engine, "error", err)
	return time.Since(d.At) < lost
}

// Recover keeps every message that no call of this process is recording and whose file
// has not grown for a while (0: whenever it grew). It tells how many there were.
func (b *Boxes) Recover(ctx context.Context, still time.Duration) (found int) {
	notes, err := filepath.Glob(filepath.Join(b.cfg.Dir, "*", "*.json"))
	if err != nil {
		b.cfg.Log.Error("look for voicemail messages", "error", err)
		return 0
	}
	for _, note := range notes {
		if ctx.Err() != nil {
			return found
		}
		d := new(Draft)
		raw, err := os.ReadFile(note)
		if err == nil {
			err = json.Unmarshal(raw, d)
		}
		if err != nil {
			b.cfg.Log.Error("a note of a voicemail message can't be read", "file", note, "error", err)
			continue
		}
		d.File = strings.TrimSuffix(note, ".json") + ".wav"
		b.mu.Lock()
		busy := b.open[d.ID]
		b.mu.Unlock()
		if busy || b.collect(ctx, d) {
			continue
		}
		st, err := os.Stat(d.File)
		switch {
		case err != nil && time.Since(d.At) < lost, err == nil && still > 0 && time.Since(st.ModTime()) < still:
			continue
		}
		kept, err := b.Keep(ctx, d)
		if err != nil {
			b.cfg.Log.Error("a voicemail message can't be recovered", "file", d.File, "error", err)
			continue
		}
		if kept {
			found++
			b.cfg.Log.Info("voicemail message recovered", "account", d.Account, "message", d.ID)
		}
	}
	return found
}
