package store

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"callplane/dialplan"
)

// FuzzFrames reads whatever a disk may give back: whole frames come out as they went in, and
// nothing makes the reader fail otherwise than by ending.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("one"), []byte("two"), uint16(3), byte(0))
	f.Add([]byte{}, []byte{0}, uint16(9), byte(0x80))
	f.Fuzz(func(t *testing.T, one, two []byte, at uint16, flip byte) {
		b := appendFrame(appendFrame(nil, one), two)
		b[int(at)%len(b)] ^= flip
		b = b[:max(0, len(b)-int(at)%3)]
		r := newFrameReader(bytes.NewReader(b), 0)
		for i := 0; ; i++ {
			got, err := r.next()
			if err == io.EOF || err == errTorn {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := [][]byte{one, two}; i > 1 || flip == 0 && !bytes.Equal(got, want[i]) {
				t.Fatalf("frame %d is %q", i, got)
			}
		}
	})
}

// TestCacheEndsAtDamage damages a cache file in every place: what is before the damage
// is read, and nothing wrong ever is.
func TestCacheEndsAtDamage(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	path := filepath.Join(t.TempDir(), "cache")
	dir := NewDirectory()
	for id := range dialplan.AccountID(3) {
		a := &dialplan.Account{ID: id + 1, Name: "Company", Location: time.UTC, Extensions: map[string]*dialplan.Extension{
			"101": {Number: "101", Config: &dialplan.User{PIN: "1"}},
		}}
		dir.Put(a)
	}
	c := newCache(path, dir, log)
	if err := c.rewrite(); err != nil {
		t.Fatal(err)
	}
	if err := c.append(map[dialplan.AccountID]bool{1: true, 9: true}, true); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) (*Directory, error) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		d := NewDirectory()
		return d, readCache(path, d, &zones{}, log)
	}
	if d, err := read(good); err != nil || d.Len() != 3 || d.Account(2).User("101").PIN != "1" {
		t.Fatalf("good file: %v", err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x55
		d, err := read(bad)
		if err != nil && d.Len() > 0 {
			t.Errorf("byte %d: an error and %d accounts", i, d.Len())
		}
		for a := range d.All() {
			if a.Name != "Company" || a.User("101") == nil {
				t.Errorf("byte %d: account %+v", i, a)
			}
		}
		if d, err := read(good[:i]); err != nil && d.Len() > 0 || d.Len() > 3 {
			t.Errorf("cut at %d: %d accounts, %v", i, d.Len(), err)
		}
	}
}
