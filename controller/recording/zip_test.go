package recording

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// kept makes a recording with a file of so many bytes; it is sparse where it has no content.
func kept(t *testing.T, a *Archive, at time.Time, content []byte, size int64) store.Recording {
	t.Helper()
	id := uuid.New()
	r := store.Recording{ID: id, Account: 7, Call: uuid.New(), Reason: dialplan.RecordSystematic, UserID: 1, Extension: "101", Number: "+31612345678", Name: "Zoë",
		Started: at, Duration: 90 * time.Second, Channels: 2, Size: size, File: filepath.Join("account-7", at.UTC().Format(time.DateOnly), id.String()+".wav")}
	path := filepath.Join(a.Dir, r.File)
	err := os.MkdirAll(filepath.Dir(path), 0o750)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err == nil {
		err = os.Truncate(path, size)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// paged gives out a list n at a time.
func paged(list []store.Recording, n int) Pages {
	return func(_ context.Context, after store.CallCursor) ([]store.Recording, error) {
		i := 0
		if after != (store.CallCursor{}) {
			i = slices.IndexFunc(list, func(r store.Recording) bool { return r.ID == after.ID }) + 1
		}
		return list[i:min(i+n, len(list))], nil
	}
}

func TestZIPHasFilesAndIndex(t *testing.T) {
	a := &Archive{Dir: t.TempDir()}
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)
	var list []store.Recording
	for i := range 5 {
		list = append(list, kept(t, a, at.Add(-time.Duration(i)*time.Minute), []byte{byte(i)}, int64(i+1)))
	}
	list[1].Name, list[1].Number = `=cmd("x")`, "../../etc/passwd"
	list[2].Outbound, list[2].Number = true, ""
	if err := a.Remove(&list[3]); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := a.WriteZIP(t.Context(), &out, zone, paged(list, 2)); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		t.Helper()
		f, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		return b
	}
	if len(z.File) != 5 {
		t.Errorf("%d entries", len(z.File))
	}
	rows, err := csv.NewReader(bytes.NewReader(read("index.csv"))).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%v %v", rows, err)
	}
	for i, row := range rows[1:] {
		if row[1] != list[i].ID.String() || row[2] != list[i].Call.String() || row[4] != "90.000" {
			t.Errorf("%v", row)
		}
		if i == 3 {
			if row[0] != "" {
				t.Errorf("a file that is not there is %s", row[0])
			}
			continue
		}
		if !strings.HasPrefix(row[0], "2026-11-23/20261123-00") || !strings.HasSuffix(row[0], list[i].ID.String()+".wav") {
			t.Errorf("%s", row[0])
		}
		if b := read(row[0]); len(b) != i+1 || b[0] != byte(i) {
			t.Errorf("%s holds %v", row[0], b)
		}
	}
	if row := rows[2]; row[8] != `'=cmd("x")` || strings.Contains(row[0], "..") || strings.Count(row[0], "/") != 1 {
		t.Errorf("%v", row)
	}
	if row := rows[3]; row[5] != "outbound" || !strings.Contains(row[0], "_out_unknown_") || rows[1][7] != "+31612345678" {
		t.Errorf("%v %v", row, rows[1])
	}
}

// sink takes everything and looks at the memory now and then.
type sink struct {
	n, seen int64
	peak    uint64
}

func (s *sink) Write(b []byte) (int, error) {
	if s.n += int64(len(b)); s.n-s.seen > 64<<20 {
		s.seen = s.n
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		s.peak = max(s.peak, m.HeapAlloc)
	}
	return len(b), nil
}

// A gigabyte goes through a process that may have a thirtieth of that.
func TestZIPOfAnySizeNeedsLittleMemory(t *testing.T) {
	a := &Archive{Dir: t.TempDir()}
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var list []store.Recording
	const files, size = 64, 16 << 20
	for i := range files {
		list = append(list, kept(t, a, at.Add(-time.Duration(i)*time.Minute), nil, size))
	}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(int64(before.HeapAlloc) + 32<<20))
	var out sink
	if err := a.WriteZIP(t.Context(), &out, time.UTC, paged(list, 10)); err != nil {
		t.Fatal(err)
	}
	if out.n < files*size {
		t.Errorf("wrote %d bytes", out.n)
	}
	if more := int64(out.peak) - int64(before.HeapAlloc); more > 16<<20 {
		t.Errorf("%d MiB more memory for %d MiB", more>>20, out.n>>20)
	} else {
		t.Logf("at most %d KiB more memory for %d MiB", more>>10, out.n>>20)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestZIPThatCannotBeWrittenIsAnError(t *testing.T) {
	a := &Archive{Dir: t.TempDir()}
	list := []store.Recording{kept(t, a, time.Now(), nil, 1<<20)}
	if err := a.WriteZIP(t.Context(), full{}, time.UTC, paged(list, 2)); err == nil {
		t.Error("no error of the writer")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.WriteZIP(ended, io.Discard, time.UTC, paged(list, 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
	list[0].File = "../x"
	if err := a.WriteZIP(t.Context(), io.Discard, time.UTC, paged(list, 2)); err == nil {
		t.Error("a file outside is no error")
	}
	broken := errors.New("the database is away")
	if err := a.WriteZIP(t.Context(), io.Discard, time.UTC, func(context.Context, store.CallCursor) ([]store.Recording, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("an error of the list: %v", err)
	}
}
