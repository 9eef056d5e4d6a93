package acceptance

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"callplane/admin/api"
	"callplane/controller/recording"
	"callplane/dialplan"
	"callplane/integration/conformance"
	"callplane/store"
	"callplane/store/pgtest"
)

// archive is what was recorded in a company, behind the API and a database as a customer has them.
type archive struct {
	*testing.T
	h     http.Handler
	path  string
	token string
}

// openArchive puts the company's recordings into a database.
func openArchive(t *testing.T, o *Office) *archive {
	t.Helper()
	m := &o.b.recordings
	m.mu.Lock()
	kept, dir := slices.Clone(m.kept[o.Account.ID]), m.dir
	m.mu.Unlock()
	db, pool := pgtest.Store(t)
	if _, err := pool.Exec(t.Context(), `INSERT INTO accounts (id, name, country, language, time_zone, extension_length) OVERRIDING SYSTEM VALUE
		VALUES ($1, 'Office', 'NL', 'nl', 'Europe/Amsterdam', 3)`, o.Account.ID); err != nil {
		t.Fatal(err)
	}
	for _, r := range kept {
		if err := db.KeepRecording(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	token, err := api.CreateOperator(t.Context(), db, "test")
	if err != nil {
		t.Fatal(err)
	}
	files := &recording.Archive{Dir: dir}
	return &archive{t, api.New(api.Config{DB: db, Recordings: api.RecordingFiles{Open: files.Open, Remove: files.Remove, MaxZIP: recording.MaxZIP,
		WriteZIP: func(ctx context.Context, w io.Writer, zone *time.Location, pages func(context.Context, store.CallCursor) ([]store.Recording, error)) error {
			return files.WriteZIP(ctx, w, zone, pages)
		}}}), fmt.Sprintf("%s/accounts/%d/recordings", api.Prefix, o.Account.ID), token}
}

func (a *archive) do(method, path string, want int) []byte {
	a.Helper()
	req := httptest.NewRequestWithContext(a.Context(), method, a.path+path, nil)
	req.Header.Set("Authorization", "Bearer "+a.token)
	rec := httptest.NewRecorder()
	a.h.ServeHTTP(rec, req)
	if rec.Code != want {
		a.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	return rec.Body.Bytes()
}

// search finds recordings.
func (a *archive) search(query url.Values) []api.Recording {
	a.Helper()
	var list struct{ Items []api.Recording }
	if err := json.Unmarshal(a.do("GET", "?"+query.Encode(), 200), &list); err != nil {
		a.Fatal(err)
	}
	return list.Items
}

// one is the only recording that a search finds.
func (a *archive) one(query url.Values) api.Recording {
	a.Helper()
	list := a.search(query)
	if len(list) != 1 {
		a.Fatalf("%v finds %+v", query, list)
	}
	return list[0]
}

// holds asserts that the fetched sound has the user's tone left and the other's right, and is just as in a ZIP file.
func (a *archive) holds(r api.Recording, user, other int) {
	a.Helper()
	wav := a.do("GET", "/"+r.ID.String()+"/audio", 200)
	file := filepath.Join(a.TempDir(), "fetched.wav")
	if err := os.WriteFile(file, wav, 0o600); err != nil {
		a.Fatal(err)
	}
	pcm, _, err := conformance.ReadWAV(file)
	if err != nil || len(pcm) != 2 {
		a.Fatalf("%d channels: %v", len(pcm), err)
	}
	for i, hz := range []int{user, other} {
		if !mostly(a.T, pcm[i], []int{hz}) {
			a.Errorf("channel %d of the recording %+v has not %d Hz", i, r, hz)
		}
	}
	raw := a.do("GET", ".zip?id="+r.ID.String(), 200)
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil || len(z.File) != 2 || !strings.HasSuffix(z.File[0].Name, r.ID.String()+".wav") {
		a.Fatalf("ZIP file: %+v %v", z, err)
	}
	f, err := z.File[0].Open()
	if err != nil {
		a.Fatal(err)
	}
	if b, err := io.ReadAll(f); err != nil || !bytes.Equal(b, wav) {
		a.Errorf("in the ZIP file are %d other bytes, %v", len(b), err)
	}
}

func recordingFetchCases() []testCase {
	return []testCase{{name: "FAC-REC-01_a_recorded_call_is_searched_fetched_and_deleted", run: func(o *Office) {
		o.Account.Recording.Enabled, o.Account.Recording.Outbound = true, true
		o.User("101").Permissions.RecordInbound = true
		o.User("102").Permissions.RecordOutbound = true
		o.Open("101", "102")
		a := o.Outside(2)
		b := a.Reaches("101")
		o.talkFor(long)
		a.HungUpBoth(b)
		in := o.Record(1).ID
		c := o.Dial("102", "0612345679")
		d := o.OfferedTo("main")
		d.Answers()
		c.TalksTo(d)
		o.talkFor(long)
		c.HungUpBoth(d)
		o.Recordings(2)
		out := o.Record(2).ID
		o.afterwards = func(t *testing.T) {
			x := openArchive(t, o)
			got := x.one(url.Values{"user": {"101"}, "direction": {"inbound"}, "reason": {string(dialplan.RecordSystematic)}})
			if got.Call != in {
				t.Errorf("%+v is of another call", got)
			}
			x.holds(got, b.hz, a.hz)
			called := x.one(url.Values{"number": {"612345679"}})
			if called.Call != out || called.Direction != "outbound" || called.User != "102" {
				t.Errorf("%+v is of another call", called)
			}
			x.holds(called, c.hz, d.hz)
			if x.one(url.Values{"call": {in.String()}}).ID != got.ID {
				t.Error("the call leads to another recording")
			}
			x.do("DELETE", "/"+got.ID.String(), 204)
			x.do("GET", "/"+got.ID.String()+"/audio", 404)
			if left := x.search(url.Values{}); len(left) != 1 || left[0].ID != called.ID {
				t.Errorf("left: %+v", left)
			}
		}
	}}}
}
