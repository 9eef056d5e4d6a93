package recording

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

func (c *company) retention() *Retention {
	return NewRetention(RetentionConfig{Archive: c.archive, DB: c.db, Log: c.log})
}

// write puts a file somewhere below the folder of recordings.
func (c *company) write(name string, age time.Duration) string {
	c.Helper()
	path := filepath.Join(c.archive.Dir, name)
	at := time.Now().Add(-age)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("x"), 0o600), os.Chtimes(path, at, at)); err != nil {
		c.Fatal(err)
	}
	return path
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Recordings are deleted after their account's days, row and file, once, and the audit log says so.
func TestRecordingsAreDeletedAfterTheirTime(t *testing.T) {
	c := newCompany(t)
	now := time.Now()
	old, fresh := c.keep(now.AddDate(0, 0, -31), 10), c.keep(now.AddDate(0, 0, -29), 10)
	lost := c.keep(now.AddDate(0, 0, -40), 10) // whose file an earlier run has removed
	if err := c.archive.Remove(&lost); err != nil {
		t.Fatal(err)
	}
	r := c.retention()
	if n, err := r.Expire(t.Context(), now); n != 0 || err != nil {
		t.Fatalf("without retention: %d %v", n, err)
	}
	c.account(func(tx *store.Tx) error {
		return tx.SetRecordingSettings(t.Context(), &store.RecordingSettings{RetentionDays: 30})
	})
	for _, want := range []int{2, 0} {
		if n, err := r.Expire(t.Context(), now); n != want || err != nil {
			t.Errorf("deleted %d, want %d: %v", n, want, err)
		}
	}
	if c.hasFile(&old) || !c.hasFile(&fresh) || c.rows() != 1 {
		t.Error("not the right ones are left")
	}
	c.account(func(tx *store.Tx) error {
		log, err := tx.ListAudit(t.Context(), store.AuditFilter{}, 10)
		n := 0
		for _, e := range log {
			if e.Actor == byRetention && e.Entity == "recording" && e.Action == "delete" && (e.EntityID == old.ID.String() || e.EntityID == lost.ID.String()) {
				n++
			}
		}
		if n != 2 {
			t.Errorf("audit log: %+v", log)
		}
		return err
	})
	// A file that can't be removed keeps its row, and others are deleted all the same.
	stuck, other := c.keep(now.AddDate(0, 0, -50), 10), c.keep(now.AddDate(0, 0, -49), 10)
	path := filepath.Join(c.archive.Dir, stuck.File)
	if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "x"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Expire(t.Context(), now); n != 1 || err == nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	if c.hasFile(&other) || c.rows() != 2 {
		t.Error("not the right ones are left")
	}
}

func TestWhatDoesNotBelongTogetherIsFound(t *testing.T) {
	c := newCompany(t)
	now := time.Now()
	whole, fileless := c.keep(now, 10), c.keep(now, 10)
	if err := c.archive.Remove(&fileless); err != nil {
		t.Fatal(err)
	}
	day := accountDir(c.id) + "/2026-01-02/"
	orphan, young, waits := uuid.NewString(), uuid.NewString(), uuid.NewString()
	c.write(day+orphan+".wav", 2*time.Hour)
	c.write(day+young+".wav", time.Minute)
	c.write(day+waits+".wav", 2*time.Hour)
	c.write(spoolDir+"/"+waits+".json", 2*time.Hour)
	if err := os.MkdirAll(filepath.Join(c.archive.Dir, accountDir(c.id), "2026-01-01"), 0o700); err != nil {
		t.Fatal(err)
	}
	found, err := c.retention().Sweep(t.Context(), now)
	if err != nil || found != (Sweep{Recordings: 2, Fileless: 1, Orphans: 1}) {
		t.Errorf("%+v %v", found, err)
	}
	for name, want := range map[string]bool{day + orphan + ".wav": false, asideDir + "/" + orphan + ".wav": true, day + young + ".wav": true,
		day + waits + ".wav": true, accountDir(c.id) + "/2026-01-01": false} {
		if there(filepath.Join(c.archive.Dir, name)) != want {
			t.Errorf("%s is there: %v", name, !want)
		}
	}
	if !c.hasFile(&whole) || c.rows() != 2 {
		t.Error("a recording is gone")
	}
}

// With its account a company's recordings go, and nobody else's.
func TestRecordingsOfADeletedAccountAreDeleted(t *testing.T) {
	c := newCompany(t)
	r := c.keep(time.Now(), 10)
	other := *c
	a := &store.Account{Name: "Beta", Enabled: true, Country: dialplan.NL, ExtensionLength: 3}
	if err := c.db.Platform(t.Context(), func(tx *store.Tx) error { return tx.CreateAccount(t.Context(), a) }); err != nil {
		t.Fatal(err)
	}
	other.id = a.ID
	theirs := other.keep(time.Now(), 10)
	if err := c.db.Platform(t.Context(), func(tx *store.Tx) error { return tx.DeleteAccount(t.Context(), c.id) }); err != nil {
		t.Fatal(err)
	}
	var found Sweep
	if _, err := c.retention().sweepRows(t.Context(), c.id, &found); err != nil || found != (Sweep{Recordings: 1, Deleted: 1}) {
		t.Errorf("%+v %v", found, err)
	}
	if c.hasFile(&r) || c.rows() != 0 || !other.hasFile(&theirs) || other.rows() != 1 {
		t.Error("not the right ones are left")
	}
	c.account(func(tx *store.Tx) error {
		log, err := tx.ListAudit(t.Context(), store.AuditFilter{}, 1)
		if len(log) != 1 || log[0].Actor != byDeletion || !strings.Contains(string(log[0].Before), r.ID.String()) {
			t.Errorf("audit log: %+v", log)
		}
		return err
	})
}
