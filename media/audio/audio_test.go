package audio_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"callplane/dialplan"
	"callplane/media"
	"callplane/media/audio"
	"callplane/store"
	"callplane/store/pgtest"
)

// voice writes a WAV file of a tone.
func voice(t *testing.T, path string, d time.Duration) {
	t.Helper()
	n := int(d.Seconds() * 8000)
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data")
	b = binary.LittleEndian.AppendUint32(b, uint32(2*n))
	for i := range n {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(9000*math.Sin(float64(i)/3))))
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRecordingsAreWholeOrNotThere(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	a := &store.Account{Name: "A", Enabled: true, Country: dialplan.NL, ExtensionLength: 3}
	if err := db.Platform(ctx, func(tx *store.Tx) error { return tx.CreateAccount(ctx, a) }); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	library, err := media.Open(dir, "en")
	if err != nil {
		t.Fatal(err)
	}
	k := audio.New(library, db)
	account := &dialplan.Account{ID: a.ID}
	record := func(number string, d time.Duration, replace bool) error {
		t.Helper()
		file, err := k.Scratch()
		if err != nil {
			t.Fatal(err)
		}
		defer k.Discard(file)
		voice(t, file, d)
		return k.Save(ctx, account, number, file, replace, "101")
	}
	if err := record("12", time.Second, false); err != nil {
		t.Fatal(err)
	}
	var taken *store.Conflict
	if err := record("12", time.Second, false); !errors.As(err, &taken) {
		t.Errorf("a number that is taken: %v", err)
	}
	if err := record("12", 2*time.Second, true); err != nil {
		t.Fatal(err)
	}
	var bad *media.BadAudio
	if err := record("13", 0, false); !errors.As(err, &bad) {
		t.Errorf("nothing recorded: %v", err)
	}
	// The process dies while it records, or between the file and its row.
	crashed, err := k.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	voice(t, crashed, time.Second)
	if _, err := k.Convert(ctx, a.ID, "14", crashed); err != nil {
		t.Fatal(err)
	}
	// The database is away.
	away, cancel := context.WithCancel(ctx)
	cancel()
	if err := k.Save(away, account, "15", crashed, false, "101"); err == nil {
		t.Error("saved without a database")
	}
	by := filepath.Join(dir, "audio", "1", "welcome.wav") // put there by hand
	voice(t, by, time.Second)
	now, err := db.LoadAccount(ctx, a.ID)
	if err != nil || len(now.Audio) != 1 || now.Audio["12"].Duration < 1900*time.Millisecond {
		t.Fatalf("%+v, %v", now.Audio, err)
	}
	files := func() (n int) {
		t.Helper()
		for _, d := range []string{"scratch", "audio/1"} {
			list, err := os.ReadDir(filepath.Join(dir, d))
			if err != nil {
				t.Fatal(err)
			}
			n += len(list)
		}
		return n
	}
	if err := k.Sweep(ctx, time.Now()); err != nil || files() < 5 {
		t.Errorf("%d files right after, %v", files(), err)
	}
	if err := k.Sweep(ctx, time.Now().Add(2*time.Hour)); err != nil || files() != 2 {
		t.Errorf("%d files are left, want that of the recording and the one put there by hand, %v", files(), err)
	}
	path, err := library.Prompt(a.ID, now.AudioFile("12"), "nl")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := media.Duration(path); err != nil || d < 1900*time.Millisecond {
		t.Errorf("it plays %v, %v", d, err)
	}
}
