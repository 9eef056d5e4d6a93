package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pkg/sftp"

	"callplane/controller/recording"
	"callplane/store"
)

// files are an account's recordings as one user sees them: a folder for each date, in it a file for each recording that
// began then. No path of a client ever becomes one of a disk: what it names is looked up in the database.
type files struct {
	server *Server
	user   *store.SFTPUser
	zone   *time.Location
}

// handlers serve requests of one connection.
func (f *files) handlers() sftp.Handlers {
	return sftp.Handlers{FileGet: f, FilePut: f, FileCmd: f, FileList: f}
}

// may looks whether the user may still be here, and runs a query of the account.
func (f *files) may(ctx context.Context, query func(*store.Tx) error) error {
	u, _, err := f.server.cfg.DB.FindSFTPUser(ctx, f.user.Login())
	var none *store.NotFound
	switch {
	case errors.As(err, &none), err == nil && (u.ID != f.user.ID || u.Revision != f.user.Revision):
		return sftp.ErrSSHFxPermissionDenied
	case err != nil:
		return f.failed(err)
	}
	if err := f.server.cfg.DB.Account(ctx, f.user.Account, query); err != nil {
		if errors.As(err, &none) || errors.Is(err, fs.ErrNotExist) {
			return sftp.ErrSSHFxNoSuchFile
		}
		return f.failed(err)
	}
	return nil
}

// failed keeps from clients what is for the log.
func (f *files) failed(err error) error {
	f.server.cfg.Log.Error("SFTP", "user", f.user.Login(), "error", err)
	return sftp.ErrSSHFxFailure
}

// recovered makes an error of a panic: requests run in goroutines of the library.
func (f *files) recovered(err *error) {
	if p := recover(); p != nil {
		*err = f.failed(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
	}
}

// Fileread implements sftp.FileReader.
func (f *files) Fileread(r *sftp.Request) (_ io.ReaderAt, err error) {
	defer f.recovered(&err)
	rec, err := f.recording(r.Context(), r.Filepath)
	if err != nil {
		return nil, err
	}
	out, err := f.server.cfg.Archive.Open(rec)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, sftp.ErrSSHFxNoSuchFile
	}
	if err != nil {
		return nil, f.failed(err)
	}
	f.server.cfg.Log.Info("a recording is fetched by SFTP", "user", f.user.Login(), "recording", rec.ID)
	return out, nil
}

// Filewrite implements sftp.FileWriter: nobody writes.
func (f *files) Filewrite(*sftp.Request) (io.WriterAt, error) {
	return nil, sftp.ErrSSHFxPermissionDenied
}

// Filecmd implements sftp.FileCmder: nobody renames, removes, links or makes anything.
func (f *files) Filecmd(*sftp.Request) error { return sftp.ErrSSHFxPermissionDenied }

// Filelist implements sftp.FileLister.
func (f *files) Filelist(r *sftp.Request) (_ sftp.ListerAt, err error) {
	defer f.recovered(&err)
	switch r.Method {
	case "List":
		return f.list(r.Context(), r.Filepath)
	case "Stat":
		info, err := f.stat(r.Context(), r.Filepath)
		return list{info}, err
	}
	return nil, sftp.ErrSSHFxOpUnsupported
}

func (f *files) list(ctx context.Context, path string) (sftp.ListerAt, error) {
	out := list{}
	if path == "/" {
		err := f.may(ctx, func(tx *store.Tx) error {
			days, err := tx.RecordingDays(ctx, f.zone)
			for _, d := range days {
				out = append(out, folder(d.Format(time.DateOnly), d))
			}
			return err
		})
		return out, err
	}
	day, ok := f.day(path)
	if !ok {
		return nil, sftp.ErrSSHFxNoSuchFile
	}
	filter := store.RecordingFilter{From: day, To: day.AddDate(0, 0, 1)}
	for {
		var page []store.Recording
		err := f.may(ctx, func(tx *store.Tx) (err error) {
			page, err = tx.ListRecordings(ctx, filter, 1000)
			return err
		})
		if err != nil {
			return nil, err
		}
		for i := range page {
			out = append(out, file(&page[i], f.zone))
			filter.Before = store.CallCursor{Started: page[i].Started, ID: page[i].ID}
		}
		if len(page) == 0 {
			break
		}
	}
	if len(out) == 0 {
		return nil, sftp.ErrSSHFxNoSuchFile
	}
	return out, nil
}

// day reads the path of a folder.
func (f *files) day(path string) (time.Time, bool) {
	name, ok := strings.CutPrefix(path, "/")
	if !ok {
		return time.Time{}, false
	}
	day, err := time.ParseInLocation(time.DateOnly, name, f.zone)
	return day, err == nil && day.Format(time.DateOnly) == name
}

// recording finds what a path names.
func (f *files) recording(ctx context.Context, path string) (rec *store.Recording, err error) {
	dir, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	bare, ok := strings.CutSuffix(name, ".wav")
	id, bad := uuid.Parse(bare[max(0, len(bare)-36):])
	if !ok || bad != nil {
		return nil, sftp.ErrSSHFxNoSuchFile
	}
	err = f.may(ctx, func(tx *store.Tx) error {
		rec, err = tx.ReadRecording(ctx, id)
		if err == nil && (dir != recording.Day(rec, f.zone) || name != recording.Name(rec, f.zone)) {
			err = fs.ErrNotExist
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return rec, nil
}

func (f *files) stat(ctx context.Context, path string) (fs.FileInfo, error) {
	if path == "/" {
		return folder("/", time.Now()), f.may(ctx, func(*store.Tx) error { return nil })
	}
	day, ok := f.day(path)
	if !ok {
		rec, err := f.recording(ctx, path)
		if err != nil {
			return nil, err
		}
		return file(rec, f.zone), nil
	}
	err := f.may(ctx, func(tx *store.Tx) error {
		n, _, err := tx.CountRecordings(ctx, store.RecordingFilter{From: day, To: day.AddDate(0, 0, 1)}, 1)
		if err == nil && n == 0 {
			err = fs.ErrNotExist
		}
		return err
	})
	return folder(day.Format(time.DateOnly), day), err
}

// list is a folder's content.
type list []fs.FileInfo

// ListAt implements sftp.ListerAt.
func (l list) ListAt(out []fs.FileInfo, at int64) (int, error) {
	if at >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(out, l[at:])
	if n < len(out) {
		return n, io.EOF
	}
	return n, nil
}

// entry is what is told of a file or folder.
type entry struct {
	name string
	size int64
	mode fs.FileMode
	at   time.Time
}

func folder(name string, at time.Time) entry { return entry{name, 0, fs.ModeDir | 0o500, at} }

func file(rec *store.Recording, zone *time.Location) entry {
	return entry{recording.Name(rec, zone), rec.Size, 0o400, rec.Started.Add(rec.Duration)}
}

// Name and the following implement fs.FileInfo.
func (e entry) Name() string       { return e.name }
func (e entry) Size() int64        { return e.size }
func (e entry) Mode() fs.FileMode  { return e.mode }
func (e entry) ModTime() time.Time { return e.at }
func (e entry) IsDir() bool        { return e.mode.IsDir() }
func (e entry) Sys() any           { return nil }
