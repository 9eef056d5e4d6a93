package recording

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"callplane/store"
)

// indexColumns are the first row of index.csv.
func indexColumns() []string {
	return []string{"file", "id", "call", "started", "duration_seconds", "direction", "extension", "number", "name", "reason", "requested_by", "channels", "bytes"}
}

func indexRow(rec *store.Recording, zone *time.Location) []string {
	way := store.CallInbound
	if rec.Outbound {
		way = store.CallOutbound
	}
	return []string{entryName(rec, zone), rec.ID.String(), rec.Call.String(), rec.Started.In(zone).Format(time.RFC3339),
		strconv.FormatFloat(rec.Duration.Seconds(), 'f', 3, 64), string(way), rec.Extension, harmless(rec.Number), harmless(rec.Name),
		string(rec.Reason), rec.RequestedBy, strconv.Itoa(rec.Channels), strconv.FormatInt(rec.Size, 10)}
}

// harmless keeps spreadsheets from taking what a caller sent for a formula; a number in E.164 is none.
func harmless(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if s[0] == '+' && strings.Trim(s[1:], "0123456789") == "" {
		return s
	}
	return "'" + s
}

// entryName is where a recording is in a ZIP file.
func entryName(rec *store.Recording, zone *time.Location) string {
	return Day(rec, zone) + "/" + Name(rec, zone)
}

// MaxZIP is how many recordings one ZIP file may have: some hundred bytes of each are held in memory until its end.
const MaxZIP = 100_000

// WriteZIP writes recordings as a ZIP file: their files in folders by date, then index.csv, which describes each; the first column of those whose file
// is not there is empty. Of their sound nothing is held in memory but a buffer. After an error what was written is no ZIP file.
func (a *Archive) WriteZIP(ctx context.Context, w io.Writer, zone *time.Location, pages Pages) error {
	z := zip.NewWriter(w)
	var index bytes.Buffer
	rows := csv.NewWriter(&index)
	_ = rows.Write(indexColumns()) // a buffer takes everything
	buffer := make([]byte, 64<<10)
	n := 0
	err := pages.each(ctx, func(rec *store.Recording) error {
		if n++; n > MaxZIP {
			return fmt.Errorf("there are more than %d", MaxZIP)
		}
		row := indexRow(rec, zone)
		err := a.addTo(ctx, z, rec, zone, buffer)
		if errors.Is(err, fs.ErrNotExist) {
			row[0], err = "", nil
		}
		_ = rows.Write(row)
		return err
	})
	if err != nil {
		return fmt.Errorf("write ZIP of recordings: %w", err)
	}
	rows.Flush()
	f, err := z.Create("index.csv")
	if err == nil {
		_, err = index.WriteTo(f)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return fmt.Errorf("end ZIP of recordings: %w", err)
	}
	return nil
}

// addTo adds the file of a recording as it is: speech hardly gets smaller.
func (a *Archive) addTo(ctx context.Context, z *zip.Writer, rec *store.Recording, zone *time.Location, buffer []byte) (err error) {
	f, err := a.Open(rec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	entry, err := z.CreateHeader(&zip.FileHeader{Name: entryName(rec, zone), Method: zip.Store, Modified: rec.Started.In(zone)})
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(onlyWriter{entry}, &whileLasts{ctx, f}, buffer)
	return err
}

// whileLasts reads until its context ends.
type whileLasts struct {
	ctx context.Context
	r   io.Reader
}

func (r *whileLasts) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// onlyWriter hides ReadFrom, so that the buffer is used.
type onlyWriter struct{ io.Writer }
