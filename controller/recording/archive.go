package recording

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"callplane/store"
)

// Archive is what the Recorder has kept: files, for those who may have them.
type Archive struct {
	// Dir is the Recorder's.
	Dir string
}

// Open opens the file of a recording; fs.ErrNotExist when it is not there.
func (a *Archive) Open(rec *store.Recording) (*os.File, error) {
	path, err := Path(a.Dir, rec)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("open recording %s: %w", rec.ID, err)
	}
	return f, nil
}

// Remove removes the file of a recording for good, also from what a crash of the machine leaves. One that is not there
// is removed.
func (a *Archive) Remove(rec *store.Recording) error {
	path, err := Path(a.Dir, rec)
	if err != nil {
		return err
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("remove recording %s: %w", rec.ID, err)
	}
	return nil
}

// Day is the folder in which people find a recording: the date in their time zone.
func Day(rec *store.Recording, zone *time.Location) string {
	return rec.Started.In(zone).Format(time.DateOnly)
}

// Name is what people see as the name of a recording's file: when it began, whose it is, which way the call went and who
// the other party was, and the id, which makes it unique.
func Name(rec *store.Recording, zone *time.Location) string {
	way := "in"
	if rec.Outbound {
		way = "out"
	}
	return strings.Join([]string{rec.Started.In(zone).Format("20060102-150405"), plain(rec.Extension), way, plain(rec.Number), rec.ID.String()}, "_") + ".wav"
}

// plain keeps of a number what is in the names of files everywhere.
func plain(number string) string {
	if number == "" {
		return "unknown"
	}
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '+':
			return r
		}
		return '-'
	}, number)
	return s[:min(len(s), 40)]
}

// Pages lists recordings page by page, the newest first: those that come after a place, a zero one is the beginning. An
// empty page is the end.
type Pages func(ctx context.Context, after store.CallCursor) ([]store.Recording, error)

// each calls f for every recording of pages.
func (p Pages) each(ctx context.Context, f func(*store.Recording) error) error {
	var after store.CallCursor
	for {
		page, err := p(ctx, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f(&page[i]); err != nil {
				return err
			}
		}
		last := page[len(page)-1]
		after = store.CallCursor{Started: last.Started, ID: last.ID}
	}
}
