package api

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"callplane/media"
)

// wav is a tone of PCM 16 bit at 8 kHz.
func wav(d time.Duration, hz float64) []byte {
	n := int(d.Seconds() * 8000)
	out := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data")
	binary.LittleEndian.PutUint32(out[4:], uint32(36+2*n))
	out = binary.LittleEndian.AppendUint32(out, uint32(2*n))
	for i := range n {
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(8000*math.Sin(2*math.Pi*hz*float64(i)/8000))))
	}
	return out
}

// sox makes another kind of file of a WAV file.
func sox(t *testing.T, in []byte, kind string, args ...string) []byte {
	t.Helper()
	from, to := filepath.Join(t.TempDir(), "in.wav"), filepath.Join(t.TempDir(), "out."+kind)
	if err := os.WriteFile(from, in, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sox", append(append([]string{from}, args...), to)...).CombinedOutput(); err != nil {
		t.Fatalf("sox: %v %s", err, out)
	}
	b, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFAC_AUD_01_UploadListPlayCopyDelete(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	tone := wav(2*time.Second, 440)
	for kind, file := range map[string][]byte{
		"wav": tone, "mp3": sox(t, tone, "mp3"), "mp3 of 8 kHz with a tag": sox(t, tone, "mp3", "-r", "8000", "--comment", "x"),
		"A-law": sox(t, tone, "wav", "-e", "a-law"), "24 bits stereo": sox(t, tone, "wav", "-b", "24", "-r", "44100", "-c", "2"),
	} {
		r := w.do(w.a.admin, "POST", acc+"/audio?name=Tone", string(file)).want(201)
		key := r.str("key")
		if sec := r.body["seconds"].(float64); math.Abs(sec-2) > 0.3 || r.str("name") != "Tone" || !strings.HasSuffix(r.header.Get("Location"), "/audio/"+key) {
			t.Errorf("%s: %s", kind, r.raw)
		}
		heard := w.do(w.a.readonly, "GET", acc+"/audio/"+key+"/file", nil).want(200)
		if heard.header.Get("Content-Type") != "audio/wav" || len(heard.raw) < 25000 || !bytes.HasPrefix(heard.raw, []byte("RIFF")) {
			t.Errorf("%s: %d bytes of %s", kind, len(heard.raw), heard.header.Get("Content-Type"))
		}
	}
	list := w.do(w.a.readonly, "GET", acc+"/audio", nil).want(200).items()
	var keys []string
	for _, r := range list {
		keys = append(keys, r["key"].(string))
	}
	if want := []string{"1", "2", "3", "4", "5", w.a.params["audio"], "welcome"}; !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
	one := acc + "/audio/1"
	w.do(w.a.admin, "PUT", one, body{"name": "Renamed"}).want(200)
	w.do(w.a.admin, "PUT", one, body{"name": "x"}, "If-Match", `"1"`).want(412)
	w.do(w.a.admin, "PUT", one+"/file", string(wav(time.Second, 700))).want(200)
	if r := w.do(w.a.admin, "GET", one, nil).want(200); r.str("name") != "Renamed" || r.body["seconds"].(float64) > 1.1 {
		t.Errorf("replaced: %s", r.raw)
	}
	// It is played where it was copied to, and can't be deleted until nothing plays it.
	menu := w.a.params["location"]
	c := w.do(w.a.admin, "POST", one+"/copy", body{"extension": menu, "key": "menu-text"}).want(201)
	e := w.do(w.a.admin, "GET", acc+"/extensions/"+menu, nil).want(200)
	if got := e.body["location"].(body)["announcement"]; c.str("key") != "menu-text" || got != "menu-text" {
		t.Errorf("copied to %v: %s", got, c.raw)
	}
	w.do(w.a.admin, "PUT", acc+"/music-on-hold", body{"recordings": []string{"2", "menu-text"}}).want(200)
	w.do(w.a.admin, "PUT", acc+"/extensions/"+w.a.params["extension"]+"/music-on-hold", body{"recordings": []string{"menu-text"}}).want(200)
	r := w.do(w.a.admin, "DELETE", acc+"/audio/menu-text", nil).want(409)
	for _, by := range []string{"location " + menu, "music on hold", "music on hold of " + w.a.params["extension"]} {
		if !strings.Contains(string(r.raw), "in use by "+by+`"`) {
			t.Errorf("it does not say that it is used by %s: %s", by, r.raw)
		}
	}
	if used := w.do(w.a.admin, "GET", acc+"/audio/menu-text", nil).want(200).body["used_by"].([]any); len(used) != 3 {
		t.Errorf("used by %v", used)
	}
	w.do(w.a.admin, "DELETE", one, nil).want(204) // its copy lives on
	w.do(w.a.admin, "GET", one, nil).want(404)
	w.do(w.a.admin, "GET", acc+"/audio/menu-text/file", nil).want(200)
	a, err := w.db.LoadAccount(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if x := a.Audio["menu-text"]; x.File == "" || !slices.Equal(a.MusicFor(""), []string{"2", "menu-text"}) || !slices.Equal(a.MusicFor(w.a.params["extension"]), []string{"menu-text"}) {
		t.Errorf("snapshot: %+v %v", x, a.HoldMusic)
	}
}

func TestBadAudioIsRefused(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	good := wav(time.Second, 440)
	mp3 := sox(t, good, "mp3")
	version := w.version(w.a.id)
	for why, in := range map[string]struct {
		file   []byte
		reason string
	}{
		"text":          {[]byte("this is a letter to the reader"), "neither WAV nor MP3"},
		"empty":         {nil, "empty"},
		"cut off":       {good[:len(good)/2], "cut off"},
		"cut head":      {good[:30], "cut off"},
		"no data":       {good[:36], "no audio data"},
		"silence":       {wav(time.Second, 0), "nothing to be heard"},
		"too long":      {sox(t, good, "mp3", "-C", "8"), ""},
		"an executable": {append([]byte("\x7fELF"), make([]byte, 5000)...), "neither"},
		"an MP3's head": {append(mp3[:4:4], make([]byte, 3000)...), ""},
		"wrong rate":    {append(append([]byte{}, good[:24]...), append([]byte{255, 255, 255, 255}, good[28:]...)...), "samples a second"},
	} {
		if why == "too long" {
			in.file, in.reason = sox(t, good, "mp3", "-C", "8"), "longer than"
			in.file = bytes.Repeat(in.file, int(16*time.Minute/time.Second))
		}
		r := w.do(w.a.admin, "POST", acc+"/audio", string(in.file)).want(422)
		if !r.names("body") || !strings.Contains(string(r.raw), in.reason) {
			t.Errorf("%s: %s", why, r.raw)
		}
		w.do(w.a.admin, "PUT", acc+"/audio/"+w.a.params["audio"]+"/file", string(in.file)).want(422)
	}
	for query, names := range map[string]string{"?key=A%20b": "query.key", "?key=../x": "query.key", "?name=%20x": "query.name", "?key=welcome": "query.key"} {
		if r := w.do(w.a.admin, "POST", acc+"/audio"+query, string(good)); r.status != 422 && r.status != 409 || !r.names(names) {
			t.Errorf("%s: %d %s", query, r.status, r.raw)
		}
	}
	for path, in := range map[string]body{
		"/audio/welcome/copy":                         {"extension": w.a.params["location"]},
		"/audio/" + w.a.params["audio"] + "/copy?":    {"extension": "101"},
		"/audio/" + w.a.params["audio"] + "/copy?a=":  {"extension": "999"},
		"/audio/" + w.a.params["audio"] + "/copy?b=1": {"extension": w.a.params["location"], "place": "failed"},
	} {
		path, _, _ = strings.Cut(path, "?")
		if r := w.do(w.a.admin, "POST", acc+path, in); r.status != 409 && r.status != 422 {
			t.Errorf("%s %v: %d %s", path, in, r.status, r.raw)
		}
	}
	if !w.do(w.a.admin, "PUT", acc+"/music-on-hold", body{"recordings": []string{w.a.params["audio"], "none"}}).want(422).names("body.recordings[1]") {
		t.Error("the wrong entry of a playlist is not named")
	}
	if v := w.version(w.a.id); v != version {
		t.Error("something was stored")
	}
}

// endless is a body without end that notices how much of it is read.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.read += int64(len(p))
	return len(p), nil
}

func TestLargeUploadsAreRefusedEarly(t *testing.T) {
	w := newWorld(t, true)
	path := fmt.Sprintf("%s/accounts/%d/audio", Prefix, w.a.id)
	for _, known := range []bool{true, false} {
		e := &endless{}
		req := httptest.NewRequest("POST", path, io.LimitReader(e, 500<<20))
		req.Header.Set("Authorization", "Bearer "+w.a.admin)
		req.Header.Set("Content-Type", "audio/wav")
		if known {
			req.ContentLength = 500 << 20
			req.Header.Set("Content-Length", fmt.Sprint(500<<20)) // as the server passes it on
		}
		rec := httptest.NewRecorder()
		w.h.ServeHTTP(rec, req)
		if rec.Code != 413 || !strings.Contains(rec.Body.String(), "larger than") {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
		if most := int64(media.MaxUpload) + 1<<20; known && e.read > 0 || e.read > most {
			t.Errorf("%d bytes were read", e.read)
		}
	}
}
