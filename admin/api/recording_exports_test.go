package api

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// export leaves one that is done with a file, and lets the account have more.
func (w *world) export(account dialplan.AccountID) uuid.UUID {
	w.t.Helper()
	e := &store.RecordingExport{CreatedBy: "test", Recordings: 1, Bytes: 44}
	err := w.db.Account(w.t.Context(), account, func(tx *store.Tx) error {
		if err := tx.SetRecordingSettings(w.t.Context(), &store.RecordingSettings{Recording: dialplan.Recording{Indirect: true}}); err != nil {
			return err
		}
		return tx.CreateExport(w.t.Context(), e)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.finish(e.ID, "")
	return e.ID
}

// finish makes an export as a worker does.
func (w *world) finish(id uuid.UUID, reason string) {
	w.t.Helper()
	worker := uuid.New()
	for {
		e, err := w.db.ClaimExport(w.t.Context(), worker, time.Hour)
		if err != nil {
			w.t.Fatal(err)
		}
		if e.ID != id {
			continue
		}
		if err := os.WriteFile(filepath.Join(w.recorded, id.String()), []byte("PK of "+id.String()), 0o600); err != nil {
			w.t.Fatal(err)
		}
		if ok, err := w.db.FinishExport(w.t.Context(), e, worker, 7, reason, 24*time.Hour); !ok || err != nil {
			w.t.Fatal(ok, err)
		}
		return
	}
}

// recordingsOf is how many recordings an account has, of a user or (empty) of all.
func (w *world) recordingsOf(acc, user string) int {
	w.t.Helper()
	return len(w.do(w.a.admin, "GET", acc+"/recordings?user="+user, nil).want(200).items())
}

func TestExportsOfRecordings(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	path := acc + "/recording-exports"
	r := w.do(w.a.admin, "POST", path, body{"user": "101"}).want(201)
	if r.str("state") != "queued" || int(r.num("recordings")) != w.recordingsOf(acc, "101") || r.num("bytes") == 0 || r.str("created_by") != "Alpha admin" ||
		r.header.Get("Location") != Prefix+path+"/"+r.str("id") {
		t.Errorf("%v %s", r.header, r.raw)
	}
	id := uuid.MustParse(r.str("id"))
	one := path + "/" + id.String()
	w.do(w.a.admin, "GET", one+"/file", nil).want(409)
	w.finish(id, "")
	if r := w.do(w.a.readonly, "GET", one, nil).want(200); r.str("state") != "done" || r.str("expires") == "" || r.num("done_bytes") != 7 {
		t.Errorf("%s", r.raw)
	}
	file := w.do(w.a.readonly, "GET", one+"/file", nil).want(200)
	if string(file.raw) != "PK of "+id.String() || file.header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%v %s", file.header, file.raw)
	}
	if part := w.do(w.a.readonly, "GET", one+"/file", nil, "Range", "bytes=0-1").want(206); string(part.raw) != "PK" {
		t.Errorf("%s", part.raw)
	}
	failed := w.do(w.a.admin, "POST", path, body{}).want(201).str("id")
	w.finish(uuid.MustParse(failed), "the disk is full")
	if r := w.do(w.a.admin, "GET", path+"/"+failed, nil).want(200); r.str("state") != "failed" || r.str("reason") != "the disk is full" {
		t.Errorf("%s", r.raw)
	}
	w.do(w.a.admin, "GET", path+"/"+failed+"/file", nil).want(409)
	if items := w.do(w.a.admin, "GET", path, nil).want(200).items(); len(items) != 3 || items[0]["id"] != failed {
		t.Errorf("%v", items)
	}
	w.do(w.a.admin, "DELETE", one, nil).want(204)
	w.do(w.a.admin, "GET", one, nil).want(404)
	if w.hasFile(id) {
		t.Error("the file of a deleted export is left")
	}
	for range openExports {
		w.do(w.a.admin, "POST", path, body{}).want(201)
	}
	w.do(w.a.admin, "POST", path, body{}).want(409)
	w.do(w.a.admin, "PUT", acc+"/recording-settings", body{"enabled": true}).want(200)
	w.do(w.a.admin, "POST", path, body{}).want(409)
}

// A user's exports are the user's, and have the user's recordings.
func TestExportsOfUsers(t *testing.T) {
	w := newWorld(t, true)
	w.recording(dialplan.AccountID(w.a.id), w.a.params["user"], uuid.New(), time.Now().Add(-time.Minute))
	w.person("all@example.com", store.RoleRecordings, w.a.id, nil)
	w.person("own@example.com", store.RoleOwnRecordings, w.a.id, body{"user": "101"})
	all, mine := w.seat("all@example.com"), w.seat("own@example.com")
	path := fmt.Sprintf("/accounts/%d/recording-exports", w.a.id)
	a := all.do("POST", path, body{}).want(201)
	b := mine.do("POST", path, body{}).want(201)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	if int(a.num("recordings")) != w.recordingsOf(acc, "") || int(b.num("recordings")) != w.recordingsOf(acc, "101") || a.num("recordings") <= b.num("recordings") {
		t.Errorf("%s\n%s", a.raw, b.raw)
	}
	if items := mine.do("GET", path, nil).want(200).items(); len(items) != 1 || items[0]["id"] != b.str("id") {
		t.Errorf("a user sees %v", items)
	}
	for _, tail := range []string{"", "/file"} {
		mine.do("GET", path+"/"+a.str("id")+tail, nil).want(404)
	}
	mine.do("DELETE", path+"/"+a.str("id"), nil).want(404)
	mine.do("GET", path+"/"+b.str("id"), nil).want(200)
	all.do("GET", path+"/"+b.str("id"), nil).want(200)
}
