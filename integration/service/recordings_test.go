package service

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"callplane/integration/conformance"
	"callplane/integration/phone"
	"callplane/integration/tone"
)

// recordingsOf is the search for recordings.
func (s *system) recordingsOf(query string) []object {
	s.Helper()
	var list struct{ Items []object }
	s.Call("GET", fmt.Sprintf("/accounts/%d/recordings%s", s.account, query), nil, &list)
	return list.Items
}

// get fetches a file by the API.
func (s *system) get(path string) []byte {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.API+"/api/v1"+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.Fatalf("GET %s: %s %v", path, resp.Status, err)
	}
	return b
}

// bothVoices asserts that the left channel has the user's tone for most of the time and the right one the other party's.
func (s *system) bothVoices(wav []byte, user, other float64) {
	s.Helper()
	file := filepath.Join(s.Dir, "fetched.wav")
	if err := os.WriteFile(file, wav, 0o600); err != nil {
		s.Fatal(err)
	}
	channels, length, err := conformance.ReadWAV(file)
	if err != nil || len(channels) != 2 {
		s.Fatalf("%d channels: %v", len(channels), err)
	}
	for i, hz := range []float64{user, other} {
		hits, all := 0, 0
		match := tone.HasOnly(hz)
		for pcm := channels[i]; len(pcm) >= tone.Window; pcm = pcm[tone.Window:] {
			if all++; match(pcm[:tone.Window]) {
				hits++
			}
		}
		if all == 0 || hits*3 < all*2 {
			f, share := tone.Peak(channels[i])
			s.Errorf("channel %d of %v has %v Hz in %d of %d windows; strongest is %.0f Hz with %.2f", i, length, hz, hits, all, f, share)
		}
	}
}

// recorded lets the account record what 101 gets.
func (s *system) recorded() {
	s.Helper()
	base := fmt.Sprintf("/accounts/%d", s.account)
	s.Call("PUT", base+"/recording-settings", object{"enabled": true, "indirect": true}, nil)
	s.Call("PUT", base+"/extensions/101", object{"number": "101", "name": "User 101", "kind": "user",
		"user": object{"offer_second_call": true, "permissions": object{"record_inbound": true}}}, nil)
	// The change has arrived when what came after it has.
	s.registered(s.newChannel("101"))
}

// recordedCalls records a call through a kill -9 and gets at it in every way that there is.
func recordedCalls(s *system) {
	const user, other = 1100, 700
	channels := s.company(1)
	base := fmt.Sprintf("/accounts/%d", s.account)
	carrier, one := s.Carrier("127.70.0.12"), s.registered(channels["101"])
	s.recorded()
	talk := s.connect(carrier, one, 10, other, user)
	s.hear(talk, other, user)
	time.Sleep(2 * time.Second) // what is said meanwhile is the recording
	s.Kill9()
	s.hear(talk, other, user)
	s.Start()
	s.hear(talk, other, user)
	time.Sleep(2 * time.Second)
	s.Step("hang up", talk.caller.Hangup)
	s.Step("the other side sees the end", talk.callee.WaitEnded)

	const search = "?user=101&direction=inbound&number=612345678"
	s.Until("there are recordings from before and after the crash", func() bool { return len(s.recordingsOf(search)) == 2 })
	s.Until("the call has its record", func() bool { return len(s.records()) == 1 })
	if n := len(s.recordingsOf("?number=5555")); n != 0 {
		s.Errorf("%d recordings of another number", n)
	}
	sound := map[string][]byte{}
	for _, r := range s.recordingsOf(search) {
		id := r["id"].(string)
		sound[id] = s.get(base + "/recordings/" + id + "/audio")
		s.bothVoices(sound[id], user, other)
		var detail struct{ Recordings []object }
		s.Call("GET", base+"/calls/"+r["call"].(string), nil, &detail)
		if len(detail.Recordings) != 2 {
			s.Errorf("the call's record leads to %v", detail.Recordings)
		}
	}
	inZIP := func(how string, raw []byte) {
		s.Helper()
		z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			s.Fatalf("%s: %v", how, err)
		}
		found := 0
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				s.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				s.Fatal(err)
			}
			for _, want := range sound {
				if bytes.Equal(b, want) {
					found++
				}
			}
		}
		if found != len(sound) || len(z.File) != found+1 {
			s.Errorf("%s: %d of %d recordings among %d files", how, found, len(sound), len(z.File))
		}
	}
	inZIP("direct", s.get(base+"/recordings.zip"+search))
	var export struct{ ID, State, Reason string }
	s.Call("POST", base+"/recording-exports", object{"user": "101"}, &export)
	s.Until("the ZIP file is prepared", func() bool {
		s.Call("GET", base+"/recording-exports/"+export.ID, nil, &export)
		if export.State == "failed" {
			s.Fatal(export.Reason)
		}
		return export.State == "done"
	})
	inZIP("indirect", s.get(base+"/recording-exports/"+export.ID+"/file"))
	s.fetchedBySFTP(sound)

	for id := range sound {
		s.Call("DELETE", base+"/recordings/"+id, nil, nil)
	}
	files, err := filepath.Glob(filepath.Join(s.Dir, "recordings", "account-*", "*", "*.wav"))
	if err != nil || len(files) != 0 || len(s.recordingsOf("")) != 0 {
		s.Errorf("after their deletion there are %v, %v", files, err)
	}
}

// fetchedBySFTP asserts that an SFTP user finds just these.
func (s *system) fetchedBySFTP(sound map[string][]byte) {
	s.Helper()
	base := fmt.Sprintf("/accounts/%d", s.account)
	s.Call("POST", base+"/sftp-users", object{"name": "backup"}, nil)
	var p struct{ Login, Password string }
	s.Call("POST", base+"/sftp-users/backup/password", nil, &p)
	conn, err := ssh.Dial("tcp", s.SFTP, &ssh.ClientConfig{User: p.Login, Auth: []ssh.AuthMethod{ssh.Password(p.Password)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second}) // of this test itself
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	c, err := sftp.NewClient(conn)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	found := 0
	for w := c.Walk("/"); w.Step(); {
		if w.Err() != nil {
			s.Fatal(w.Err())
		}
		if w.Stat().IsDir() {
			continue
		}
		f, err := c.Open(w.Path())
		if err != nil {
			s.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			s.Fatal(err)
		}
		for _, want := range sound {
			if bytes.Equal(b, want) {
				found++
			}
		}
	}
	if found != len(sound) {
		s.Errorf("by SFTP %d of %d recordings are found", found, len(sound))
	}
}

// smallDisk puts a disk of 1 MiB at a folder, and the test ends when none can be made.
func (s *system) smallDisk(dir string) (fill, empty func()) {
	s.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		s.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,mode=0777"); err != nil {
		s.Skipf("no small disk can be made: %v", err)
	}
	s.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			s.Error(err)
		}
	})
	filler := filepath.Join(dir, "filler")
	fill = func() {
		f, err := os.Create(filler)
		if err != nil {
			s.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		for {
			if _, err := f.Write(make([]byte, 4096)); err != nil {
				break // full
			}
		}
		st, err := f.Stat()
		if err == nil {
			err = f.Truncate(st.Size() - 48<<10) // room for a second or two
		}
		if err != nil {
			s.Fatal(err)
		}
	}
	empty = func() {
		if err := os.Remove(filler); err != nil {
			s.Fatal(err)
		}
	}
	return fill, empty
}

// fullDisk fills the disk of recordings in the middle of one: the call goes on, what was finished before is whole, and afterwards calls are recorded again.
func fullDisk(s *system) {
	const user, other = 1100, 700
	channels := s.company(1)
	base := fmt.Sprintf("/accounts/%d", s.account)
	carrier, one := s.Carrier("127.70.0.13"), s.registered(channels["101"])
	s.recorded()
	s.Terminate()
	fill, empty := s.smallDisk(filepath.Join(s.Dir, "recordings"))
	fills, empties := []func(){fill}, []func(){empty}
	if dir := s.Engine.RecordingDir(); dir != "" { // Asterisk's own
		fill, empty := s.smallDisk(dir)
		fills, empties = append(fills, fill), append(empties, empty)
	}
	s.Start()
	converse := func() conversation {
		s.Helper()
		c := s.connect(carrier, one, 10, other, user)
		s.hear(c, other, user)
		return c
	}
	hangUp := func(c conversation) {
		s.Helper()
		s.Step("hang up", c.caller.Hangup)
		s.Step("the other side sees the end", c.callee.WaitEnded)
	}
	first := converse()
	time.Sleep(time.Second)
	hangUp(first)
	s.Until("the first call is kept", func() bool { return len(s.recordingsOf("")) == 1 })
	finished := s.recordingsOf("")[0]["id"].(string)
	before := s.get(base + "/recordings/" + finished + "/audio")
	s.bothVoices(before, user, other)

	second := converse()
	for _, f := range fills {
		f()
	}
	time.Sleep(4 * time.Second) // more than there is room for
	s.hear(second, other, user)
	third := s.connect(carrier, one, 10, 0, 0) // whose recording can't even begin
	hangUp(third)
	if second.caller.State() != phone.Answered || second.callee.State() != phone.Answered {
		s.Errorf("the full disk ended a call: %s, %s", second.caller, second.callee)
	}
	hangUp(second)
	s.Until("all calls have their record", func() bool { return len(s.records()) == 3 })
	if after := s.get(base + "/recordings/" + finished + "/audio"); !bytes.Equal(after, before) {
		s.Error("the finished recording is another")
	}
	for _, f := range empties {
		f()
	}
	fourth := converse()
	time.Sleep(time.Second)
	hangUp(fourth)
	s.Until("the last call has its record", func() bool { return len(s.records()) == 4 })
	last := "?call=" + s.records()[0]["id"].(string)
	s.Until("calls are recorded again", func() bool { return len(s.recordingsOf(last)) == 1 })
	s.bothVoices(s.get(base+"/recordings/"+s.recordingsOf(last)[0]["id"].(string)+"/audio"), user, other)
}
