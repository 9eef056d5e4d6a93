// Package audio keeps the recordings of accounts: their files in the media library, what is known of them in the
// database. A file is whole and on disk before a row names it, so that after a crash nothing half is listed.
package audio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"callplane/dialplan"
	"callplane/media"
	"callplane/store"
)

// Keeper keeps recordings. It may be used from any goroutine.
type Keeper struct {
	library *media.Library
	db      *store.DB
	// busy bounds the conversions that go on at once: each needs memory and a processor.
	busy chan struct{}
}

// New returns a keeper.
func New(library *media.Library, db *store.DB) *Keeper {
	return &Keeper{library: library, db: db, busy: make(chan struct{}, 2)}
}

// Scratch is the path of a new file for an engine to record into; Discard removes it.
func (k *Keeper) Scratch() (string, error) { return k.library.Scratch() }

// Discard removes a scratch file, which need not be there.
func (k *Keeper) Discard(file string) {
	if file != "" {
		_ = os.Remove(file) // else Sweep does
	}
}

// Save keeps what was recorded at a phone under a number, in place of what had it when replace is set (SYS-905). by is the
// extension of who recorded it. A number that is taken is a *store.Conflict.
func (k *Keeper) Save(ctx context.Context, a *dialplan.Account, number, file string, replace bool, by string) error {
	f, err := k.Convert(ctx, a.ID, number, file)
	if err != nil {
		return err
	}
	return k.db.Account(ctx, a.ID, func(tx *store.Tx) error {
		m := &store.Media{Key: number, Name: "Recording " + number, Files: []store.MediaFile{f}}
		e := &store.AuditEntry{Actor: "extension " + by, Action: "create", Entity: "audio", EntityID: number}
		var before any
		if replace {
			switch old, err := tx.ReadMedia(ctx, number); {
			case err == nil:
				m.Name, e.Action, before = old.Name, "update", seen(old)
			case !isNotFound(err):
				return err
			}
			err = tx.PutMedia(ctx, m)
		} else {
			err = tx.CreateMedia(ctx, m)
		}
		if err != nil {
			return err
		}
		return tx.Audit(ctx, e, before, seen(m))
	})
}

// seen is a recording in the audit log.
func seen(m *store.Media) any {
	var d time.Duration
	for _, f := range m.Files {
		d = f.Duration
	}
	return map[string]any{"key": m.Key, "name": m.Name, "seconds": d.Seconds()}
}

func isNotFound(err error) bool {
	var none *store.NotFound
	return errors.As(err, &none)
}

// Receive writes an upload to a scratch file. media.ErrTooLarge is its limit.
func (k *Keeper) Receive(r io.Reader) (string, error) { return k.library.Receive(r) }

// Convert makes a file of the library of a scratch file. A *media.BadAudio says what is wrong with it.
func (k *Keeper) Convert(ctx context.Context, account dialplan.AccountID, key, file string) (store.MediaFile, error) {
	select {
	case k.busy <- struct{}{}:
		defer func() { <-k.busy }()
	case <-ctx.Done():
		return store.MediaFile{}, fmt.Errorf("convert audio: %w", ctx.Err())
	}
	s, err := k.library.Keep(ctx, account, key, file)
	if err != nil {
		return store.MediaFile{}, err
	}
	return store.MediaFile{File: s.File, SHA256: s.SHA256, Size: s.Size, Duration: s.Duration}, nil
}

// Open opens the file of a recording, WAV.
func (k *Keeper) Open(account dialplan.AccountID, m *store.Media) (*os.File, error) {
	file := m.Key
	for _, f := range m.Files {
		if f.Language == "" && f.File != "" {
			file = f.File
		}
	}
	return k.library.Audio(account, file)
}

// Run removes what crashes and replacements have left, every hour until ctx ends.
func (k *Keeper) Run(ctx context.Context, log *slog.Logger) {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		if err := k.Sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			log.Warn("sweep recordings", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Sweep is what Run does.
func (k *Keeper) Sweep(ctx context.Context, now time.Time) error {
	return k.library.Sweep(now, func(id dialplan.AccountID) (files []string, err error) {
		err = k.db.Account(ctx, id, func(tx *store.Tx) error {
			list, err := tx.ListMedia(ctx)
			for _, m := range list {
				for _, f := range m.Files {
					files = append(files, f.File)
				}
			}
			return err
		})
		return files, err
	})
}
