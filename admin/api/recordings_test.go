package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// recordingFiles are files by id, and a ZIP that is a list of ids.
func (w *world) recordingFiles() RecordingFiles {
	path := func(r *store.Recording) string { return filepath.Join(w.recorded, r.ID.String()) }
	return RecordingFiles{
		MaxZIP: 20,
		OpenExport: func(e *store.RecordingExport) (*os.File, error) {
			return os.Open(filepath.Join(w.recorded, e.ID.String()))
		},
		RemoveExport: func(e *store.RecordingExport) error { return os.Remove(filepath.Join(w.recorded, e.ID.String())) },
		Open:         func(r *store.Recording) (*os.File, error) { return os.Open(path(r)) },
		Remove: func(r *store.Recording) error {
			if err := os.Remove(path(r)); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		},
		WriteZIP: func(ctx context.Context, out io.Writer, zone *time.Location, pages func(context.Context, store.CallCursor) ([]store.Recording, error)) error {
			var after store.CallCursor
			for {
				list, err := pages(ctx, after)
				if err != nil || len(list) == 0 {
					return err
				}
				for _, r := range list {
					fmt.Fprintf(out, "%s %s\n", r.Started.In(zone).Format(time.DateTime), r.ID)
					after = store.CallCursor{Started: r.Started, ID: r.ID}
				}
				if _, err := os.Stat(filepath.Join(w.recorded, "broken")); err == nil {
					return errors.New("the disk is broken")
				}
			}
		},
	}
}

// recording leaves one of a user, an extension.
func (w *world) recording(account dialplan.AccountID, user string, call uuid.UUID, at time.Time) store.Recording {
	w.t.Helper()
	r := store.Recording{ID: uuid.New(), Account: account, Call: call, Reason: dialplan.RecordSystematic, Extension: user, Number: "+31612345678",
		Name: "Zoë", Started: at, Duration: 1500 * time.Millisecond, Channels: 2, File: "x.wav"}
	sound := []byte("RIFF of " + r.ID.String())
	r.Size = int64(len(sound))
	err := w.db.Account(w.t.Context(), account, func(tx *store.Tx) error {
		e, err := tx.ReadExtension(w.t.Context(), user)
		if err == nil {
			r.UserID = e.ID
		}
		return err
	})
	if err == nil {
		err = w.db.KeepRecording(w.t.Context(), r)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(w.recorded, r.ID.String()), sound, 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) hasFile(id uuid.UUID) bool {
	_, err := os.Stat(filepath.Join(w.recorded, id.String()))
	return err == nil
}

func TestRecordingSettings(t *testing.T) {
	w := newWorld(t, true)
	path := fmt.Sprintf("/accounts/%d/recording-settings", w.a.id)
	r := w.do(w.a.readonly, "GET", path, nil).want(200)
	if r.body["enabled"] == true {
		t.Errorf("%s", r.raw)
	}
	first := r.header.Get("ETag")
	all := body{"enabled": true, "outbound": true, "indirect": true, "mixed": true, "assistant": true, "retention_days": 90}
	r = w.do(w.a.admin, "PUT", path, all, "If-Match", first).want(200)
	for k, v := range all {
		if fmt.Sprint(r.body[k]) != fmt.Sprint(v) {
			t.Errorf("%s: %s", k, r.raw)
		}
	}
	w.do(w.a.admin, "PUT", path, all, "If-Match", first).want(412)
	if r := w.do(w.a.admin, "PUT", path, body{"retention_days": -1}).want(422); !r.names("body.retention_days") {
		t.Errorf("%s", r.raw)
	}
	w.do(w.a.admin, "PUT", path, body{"enabled": true}, "If-Match", r.header.Get("ETag")).want(200)
	if got := w.do(w.a.admin, "GET", path, nil).want(200); got.body["outbound"] == true || got.body["enabled"] != true {
		t.Errorf("%s", got.raw)
	}
	audit := w.do(w.a.admin, "GET", fmt.Sprintf("/accounts/%d/audit?limit=2", w.a.id), nil).want(200).items()
	if audit[1]["entity"] != "recording settings" || audit[1]["before"].(body)["enabled"] == true || audit[1]["after"].(body)["retention_days"] != float64(90) {
		t.Errorf("audit log: %v", audit)
	}
}

func TestRecordingsAreSearched(t *testing.T) {
	w := newWorld(t, true)
	path := fmt.Sprintf("/accounts/%d/recordings", w.a.id)
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	bo := w.a.params["user"]
	var all []string
	call := uuid.New()
	for i := range 3 {
		all = append(all, w.recording(dialplan.AccountID(w.a.id), bo, call, now.Add(time.Duration(i)*time.Hour)).ID.String())
	}
	other := w.recording(dialplan.AccountID(w.a.id), "101", uuid.New(), now.Add(90*time.Minute)).ID.String()
	w.exec(`UPDATE recordings SET outbound = true, number = '103', reason = 'on-demand', requested_by = '101' WHERE id = $1`, all[1])
	for query, want := range map[string][]string{
		"?from=2026-11-23T00:00:00Z":               {all[2], other, all[1], all[0]},
		"?to=2026-11-23T11:00:00Z&user=" + bo:      {all[0]},
		"?user=" + bo:                              {all[2], all[1], all[0]},
		"?number=103":                              {all[1]},
		"?call=" + call.String():                   {all[2], all[1], all[0]},
		"?direction=outbound":                      {all[1]},
		"?reason=on-demand":                        {all[1]},
		"?id=" + all[0] + "&id=" + all[1]:          {all[1], all[0]},
		"?user=" + bo + "&direction=inbound":       {all[2], all[0]},
		"?user=101&from=2026-11-23T00:00:00Z":      {other},
		"?number=%2B316&from=2026-11-23T11:15:00Z": {all[2], other},
	} {
		var got []string
		for cursor := ""; ; {
			r := w.do(w.a.admin, "GET", path+query+"&limit=2"+cursor, nil).want(200)
			for _, i := range r.items() {
				got = append(got, i["id"].(string))
			}
			if r.str("next") == "" {
				break
			}
			cursor = "&cursor=" + r.str("next")
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	for _, query := range []string{"?id=1", "?call=x", "?direction=internal", "?cursor=x", "?user=x", "?from=x", "?what=1"} {
		w.do(w.a.admin, "GET", path+query, nil).want(422)
	}
	r := w.do(w.a.admin, "GET", path+"/"+all[1], nil).want(200)
	if r.body["direction"] != "outbound" || r.body["duration"] != 1.5 || r.body["requested_by"] != "101" || r.body["name"] != "Zoë" || r.body["user"] != bo {
		t.Errorf("%s", r.raw)
	}
	// A call's record leads to its recordings, and they to it.
	detail := w.do(w.a.readonly, "GET", fmt.Sprintf("/accounts/%d/calls/%s", w.a.id, w.a.params["call"]), nil).want(200)
	list := detail.body["recordings"].([]any)
	if len(list) != 1 || list[0].(body)["id"] != w.a.params["recording"] || list[0].(body)["call"] != w.a.params["call"] {
		t.Errorf("%s", detail.raw)
	}
}

func TestRecordingsArePlayed(t *testing.T) {
	w := newWorld(t, true)
	path := fmt.Sprintf("/accounts/%d/recordings/%s/audio", w.a.id, w.a.params["recording"])
	whole := "RIFF of " + w.a.params["recording"]
	r := w.do(w.a.admin, "GET", path, nil).want(200)
	if string(r.raw) != whole || r.header.Get("Content-Type") != "audio/wav" || r.header.Get("Accept-Ranges") != "bytes" ||
		!strings.HasPrefix(r.header.Get("Content-Disposition"), "inline; filename=\"20261122-110000-101.wav\"") {
		t.Errorf("%v %q", r.header, r.raw)
	}
	if r := w.do(w.a.admin, "GET", path+"?download=true", nil).want(200); !strings.HasPrefix(r.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%v", r.header)
	}
	part := w.do(w.a.admin, "GET", path, nil, "Range", "bytes=5-6").want(206)
	if string(part.raw) != "of" || part.header.Get("Content-Range") != fmt.Sprintf("bytes 5-6/%d", len(whole)) {
		t.Errorf("%v %q", part.header, part.raw)
	}
	if r := w.do(w.a.admin, "GET", path, nil, "Range", "bytes=5-6", "If-Range", `"another"`).want(200); string(r.raw) != whole {
		t.Errorf("%q", r.raw)
	}
	w.do(w.a.admin, "GET", path, nil, "If-None-Match", r.header.Get("ETag")).want(304)
	if got := w.do(w.a.admin, "GET", path, nil, "Range", "bytes=5000-"); got.status != 416 {
		t.Errorf("a range beyond the end: %d", got.status)
	}
	if err := os.Remove(filepath.Join(w.recorded, w.a.params["recording"])); err != nil {
		t.Fatal(err)
	}
	w.do(w.a.admin, "GET", path, nil).want(404)
}

func TestRecordingsAreDeletedWithTheirFiles(t *testing.T) {
	w := newWorld(t, true)
	path := fmt.Sprintf("/accounts/%d/recordings", w.a.id)
	var ids []uuid.UUID
	for range 4 {
		ids = append(ids, w.recording(dialplan.AccountID(w.a.id), "101", uuid.New(), time.Now()).ID)
	}
	w.do(w.a.readonly, "DELETE", path+"/"+ids[0].String(), nil).want(403)
	w.do(w.a.admin, "DELETE", path+"/"+ids[0].String(), nil).want(204)
	w.do(w.a.admin, "DELETE", path+"/"+ids[0].String(), nil).want(404)
	// One that is not there: none is deleted. None named: that is no wish for all.
	w.do(w.a.admin, "DELETE", fmt.Sprintf("%s?id=%s&id=%s", path, ids[1], w.b.params["recording"]), nil).want(404)
	w.do(w.a.admin, "DELETE", path, nil).want(422)
	if w.hasFile(ids[0]) || !w.hasFile(ids[1]) || !w.hasFile(uuid.MustParse(w.b.params["recording"])) {
		t.Error("not the right files are left")
	}
	w.do(w.a.admin, "DELETE", fmt.Sprintf("%s?id=%s&id=%s&id=%s", path, ids[1], ids[2], ids[1]), nil).want(204)
	if w.hasFile(ids[1]) || w.hasFile(ids[2]) || !w.hasFile(ids[3]) {
		t.Error("not the right files are left")
	}
	// A file that can't be removed: the recording is still there.
	if err := errors.Join(os.Remove(filepath.Join(w.recorded, ids[3].String())), os.MkdirAll(filepath.Join(w.recorded, ids[3].String(), "x"), 0o700)); err != nil {
		t.Fatal(err)
	}
	w.do(w.a.admin, "DELETE", path+"/"+ids[3].String(), nil).want(500)
	w.do(w.a.admin, "GET", path+"/"+ids[3].String(), nil).want(200)
	audit := w.do(w.a.admin, "GET", fmt.Sprintf("/accounts/%d/audit?limit=4", w.a.id), nil).want(200).items()
	for i, id := range []uuid.UUID{ids[2], ids[1], ids[0]} {
		if audit[i]["entity"] != "recording" || audit[i]["action"] != "delete" || audit[i]["entity_id"] != id.String() {
			t.Errorf("audit log: %v", audit[i])
		}
	}
}

// Who manages recordings does all with them; whose own they are hears and loads them, and deletes none (FAC-REC-01).
func TestRolesOfRecordings(t *testing.T) {
	w := newWorld(t, true)
	if _, err := w.raw.Exec(t.Context(), `DELETE FROM recordings WHERE reason = 'memo'`); err != nil {
		t.Fatal(err)
	}
	bo := w.a.params["user"]
	theirs := w.recording(dialplan.AccountID(w.a.id), bo, uuid.New(), time.Now())
	own := w.recording(dialplan.AccountID(w.a.id), "101", uuid.New(), time.Now())
	w.person("all@example.com", store.RoleRecordings, w.a.id, nil)
	w.person("own@example.com", store.RoleOwnRecordings, w.a.id, body{"user": "101"})
	all, mine := w.seat("all@example.com"), w.seat("own@example.com")
	path := fmt.Sprintf("/accounts/%d/recordings", w.a.id)
	if n := len(all.do("GET", path, nil).want(200).items()); n != 3 {
		t.Errorf("who manages recordings sees %d", n)
	}
	seen := mine.do("GET", path, nil).want(200).items()
	if len(seen) != 2 || seen[0]["id"] != own.ID.String() || seen[1]["id"] != w.a.params["recording"] {
		t.Errorf("a user sees %v", seen)
	}
	if n := len(mine.do("GET", path+"?user="+bo, nil).want(200).items()); n != 0 {
		t.Errorf("a user finds %d of another's", n)
	}
	for _, tail := range []string{"", "/audio"} {
		mine.do("GET", path+"/"+own.ID.String()+tail, nil).want(200)
		mine.do("GET", path+"/"+theirs.ID.String()+tail, nil).want(404)
		all.do("GET", path+"/"+theirs.ID.String()+tail, nil).want(200)
	}
	zip := string(mine.do("GET", path+".zip", nil).want(200).raw)
	if !strings.Contains(zip, own.ID.String()) || strings.Contains(zip, theirs.ID.String()) {
		t.Errorf("a user's ZIP: %s", zip)
	}
	if zip := string(mine.do("GET", path+".zip?id="+theirs.ID.String(), nil).want(200).raw); zip != "" {
		t.Errorf("a user's ZIP of another's: %s", zip)
	}
	mine.do("DELETE", path+"/"+own.ID.String(), nil).want(403)
	mine.do("DELETE", path+"?id="+own.ID.String(), nil).want(403)
	mine.do("GET", fmt.Sprintf("/accounts/%d/recording-settings", w.a.id), nil).want(403)
	mine.do("GET", fmt.Sprintf("/accounts/%d/recordings", w.b.id), nil).want(404)
	all.do("GET", fmt.Sprintf("/accounts/%d/recordings", w.b.id), nil).want(404)
	all.do("GET", fmt.Sprintf("/accounts/%d/recordings/%s", w.a.id, w.b.params["recording"]), nil).want(404)
	all.do("DELETE", path+"/"+theirs.ID.String(), nil).want(204)
	all.do("DELETE", path+"?id="+own.ID.String(), nil).want(204)
}

func TestRecordingsAreDownloadedTogether(t *testing.T) {
	w := newWorld(t, true)
	now := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)
	var want strings.Builder
	for i := range 3 {
		r := w.recording(dialplan.AccountID(w.a.id), "101", uuid.New(), now.Add(-time.Duration(i)*time.Minute))
		fmt.Fprintf(&want, "2026-11-24 00:%d:00 %s\n", 30-i, r.ID)
	}
	path := fmt.Sprintf("/accounts/%d/recordings.zip", w.a.id)
	r := w.do(w.a.readonly, "GET", path+"?from=2026-11-23T00:00:00Z", nil).want(200)
	if string(r.raw) != want.String() || r.header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(r.header.Get("Content-Disposition"), `attachment; filename="recordings-`) {
		t.Errorf("%v %s", r.header, r.raw)
	}
	for range 18 {
		w.recording(dialplan.AccountID(w.a.id), "101", uuid.New(), now)
	}
	if r := w.do(w.a.admin, "GET", path, nil).want(422); !r.names("query.from") {
		t.Errorf("%s", r.raw)
	}
	// An answer that breaks off is not taken for whole.
	if err := os.WriteFile(filepath.Join(w.recorded, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(w.h)
	defer web.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+Prefix+path+"?number=316&to=2026-11-23T23:30:00Z", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.a.admin)
	reply, err := web.Client().Do(req)
	if err == nil {
		_, err = io.Copy(&bytes.Buffer{}, reply.Body)
		_ = reply.Body.Close()
	}
	if err == nil {
		t.Error("a ZIP that breaks off looks whole")
	}
}
