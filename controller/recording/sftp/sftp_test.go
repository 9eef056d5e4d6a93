package sftp

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"callplane/controller/recording"
	"callplane/dialplan"
	"callplane/provisioning"
	"callplane/store"
	"callplane/store/pgtest"
)

// site is a server with two companies.
type site struct {
	*testing.T
	db   *store.DB
	dir  string
	addr string
	key  ssh.Signer
	zone *time.Location
	a, b member
}

// member is a company with an SFTP user and a recording.
type member struct {
	id       dialplan.AccountID
	user     *store.SFTPUser
	password string
	rec      store.Recording
}

const guesses = 6

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir()}
	s.db, _ = pgtest.Store(t)
	var err error
	if s.zone, err = time.LoadLocation("Europe/Amsterdam"); err != nil {
		t.Fatal(err)
	}
	if s.key, err = HostKey(filepath.Join(s.dir, "keys", "host")); err != nil {
		t.Fatal(err)
	}
	server := New(Config{DB: s.db, Archive: &recording.Archive{Dir: s.dir}, HostKey: s.key, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Guard: provisioning.NewAuthGuard(provisioning.GuardConfig{Failures: guesses, Window: time.Hour, Block: time.Hour, BlockMax: time.Hour, MaxTracked: 100})})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	s.a, s.b = s.member("Alpha"), s.member("Beta")
	return s
}

func (s *site) member(name string) (m member) {
	s.Helper()
	ctx := s.Context()
	a := &store.Account{Name: name, Enabled: true, Country: dialplan.NL, ExtensionLength: 3}
	err := s.db.Platform(ctx, func(tx *store.Tx) error { return tx.CreateAccount(ctx, a) })
	m.id, m.user = a.ID, &store.SFTPUser{Name: "backup", Enabled: true}
	if err == nil {
		err = s.db.Account(ctx, m.id, func(tx *store.Tx) (err error) {
			if err = tx.CreateSFTPUser(ctx, m.user); err == nil {
				m.password, err = tx.NewSFTPPassword(ctx, m.user, false)
			}
			return err
		})
	}
	if err != nil {
		s.Fatal(err)
	}
	m.rec = s.record(m.id, time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC))
	return m
}

func (s *site) record(id dialplan.AccountID, at time.Time) store.Recording {
	s.Helper()
	r := store.Recording{ID: uuid.New(), Account: id, Call: uuid.New(), Reason: dialplan.RecordSystematic, UserID: 1, Extension: "101", Number: "+31612345678", Started: at, Channels: 2}
	content := []byte("RIFF of " + r.ID.String())
	r.Size = int64(len(content))
	r.File = filepath.Join(fmt.Sprintf("account-%d", id), at.UTC().Format(time.DateOnly), r.ID.String()+".wav")
	path := filepath.Join(s.dir, r.File)
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600), s.db.KeepRecording(s.Context(), r))
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func (s *site) dial(login string, auth ...ssh.AuthMethod) (*ssh.Client, error) {
	return ssh.Dial("tcp", s.addr, &ssh.ClientConfig{User: login, Auth: auth, HostKeyCallback: ssh.FixedHostKey(s.key.PublicKey()), Timeout: 10 * time.Second})
}

// client logs in with the password.
func (s *site) client(m member) *sftp.Client {
	s.Helper()
	conn, err := s.dial(m.user.Login(), ssh.Password(m.password))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = conn.Close() })
	c, err := sftp.NewClient(conn)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = c.Close() })
	return c
}

// path is where a client finds a recording.
func (s *site) path(r store.Recording) string {
	return "/" + recording.Day(&r, s.zone) + "/" + recording.Name(&r, s.zone)
}

func TestRecordingsAreFetchedBySFTP(t *testing.T) {
	s := newSite(t)
	var more []store.Recording
	for i := range 3 {
		more = append(more, s.record(s.a.id, time.Date(2026, 11, 23, 10, i, 0, 0, time.UTC)))
	}
	s.record(s.a.id, time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))
	c := s.client(s.a)
	names := func(dir string) (out []string) {
		t.Helper()
		list, err := c.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			out = append(out, f.Name())
		}
		return out
	}
	if got := names("/"); strings.Join(got, " ") != "2026-11-23 2026-11-20" {
		t.Errorf("days %v", got)
	}
	if got := names("2026-11-23"); len(got) != 4 || got[3] != recording.Name(&s.a.rec, s.zone) {
		t.Errorf("files %v", got)
	}
	for _, r := range append(more, s.a.rec) {
		f, err := c.Open(s.path(r))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, f); err != nil || b.String() != "RIFF of "+r.ID.String() {
			t.Errorf("%q %v", b.String(), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	info, err := c.Stat(s.path(s.a.rec))
	if err != nil || info.Size() != s.a.rec.Size || info.IsDir() || info.Mode().Perm() != 0o400 || !info.ModTime().Equal(s.a.rec.Started) {
		t.Errorf("%+v %v", info, err)
	}
	if info, err := c.Stat("/2026-11-23"); err != nil || !info.IsDir() {
		t.Errorf("%+v %v", info, err)
	}
	if u, _, err := s.db.FindSFTPUser(t.Context(), s.a.user.Login()); err != nil || u.LastLogin.IsZero() {
		t.Errorf("%+v %v", u, err)
	}
}

// Nothing leads out of the account's recordings, and nothing is changed.
func TestSFTPGivesNothingElseAndTakesNothing(t *testing.T) {
	s := newSite(t)
	c := s.client(s.a)
	own, other := s.path(s.a.rec), s.path(s.b.rec)
	disk := filepath.Join(s.dir, s.b.rec.File)
	if err := os.Symlink("/etc/passwd", filepath.Join(s.dir, "account-1", "2026-11-22", uuid.NewString()+".wav")); err != nil {
		t.Fatal(err)
	}
	wrongDay := strings.Replace(own, "2026-11-23", "2026-11-22", 1)
	for _, path := range []string{other, disk, s.a.rec.File, "/account-1", "/etc/passwd", "../../etc/passwd", "/2026-11-23/../../../../etc/passwd", "/2026-11-23/" + s.a.rec.ID.String() + ".wav",
		"/2026-11-23/x", own + "/", own + "/x", wrongDay, "/spool", "/2026-11-23/" + strings.Repeat("x", 5000), "/2026-13-45", "/2025-01-01", "/ 2026-11-23", "/2026-11-23\x00",
		strings.ToUpper(own), strings.Replace(own, "_in_", "_out_", 1)} {
		if path == own+"/" {
			continue // the client's library takes the slash away
		}
		if f, err := c.Open(path); err == nil {
			t.Errorf("%q is opened", path)
			_ = f.Close()
		}
		if _, err := c.Stat(path); err == nil {
			t.Errorf("%q is there", path)
		}
		if list, err := c.ReadDir(path); err == nil {
			t.Errorf("%q lists %v", path, list)
		}
	}
	if !errors.Is(func() error { _, err := c.Stat(other); return err }(), fs.ErrNotExist) {
		t.Error("another account's file is not just not there")
	}
	for what, err := range map[string]error{
		"create":  func() error { _, err := c.Create("/2026-11-23/new.wav"); return err }(),
		"append":  func() error { _, err := c.OpenFile(own, os.O_WRONLY|os.O_APPEND); return err }(),
		"write":   func() error { _, err := c.OpenFile(own, os.O_RDWR); return err }(),
		"remove":  c.Remove(own),
		"rename":  c.Rename(own, "/2026-11-23/new.wav"),
		"posix":   c.PosixRename(own, "/2026-11-23/new.wav"),
		"mkdir":   c.Mkdir("/new"),
		"rmdir":   c.RemoveDirectory("/2026-11-23"),
		"symlink": c.Symlink("/etc/passwd", "/2026-11-23/new.wav"),
		"link":    c.Link(own, "/2026-11-23/new.wav"),
		"chmod":   c.Chmod(own, 0o777),
		"chown":   c.Chown(own, 0, 0),
		"chtimes": c.Chtimes(own, time.Now(), time.Now()),
		"empty":   c.Truncate(own, 0),
		"readlink": func() error {
			_, err := c.ReadLink(own)
			return err
		}(),
	} {
		if err == nil {
			t.Errorf("%s is allowed", what)
		}
	}
	if b, err := os.ReadFile(filepath.Join(s.dir, s.a.rec.File)); err != nil || string(b) != "RIFF of "+s.a.rec.ID.String() {
		t.Errorf("the file is %q, %v", b, err)
	}
}

func TestOnlySFTPIsServed(t *testing.T) {
	s := newSite(t)
	conn, err := s.dial(s.a.user.Login(), ssh.Password(s.a.password))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for what, ask := range map[string]func(*ssh.Session) error{
		"shell":     func(x *ssh.Session) error { return x.Shell() },
		"command":   func(x *ssh.Session) error { return x.Run("id") },
		"pty":       func(x *ssh.Session) error { return x.RequestPty("xterm", 10, 10, nil) },
		"env":       func(x *ssh.Session) error { return x.Setenv("A", "b") },
		"subsystem": func(x *ssh.Session) error { return x.RequestSubsystem("netconf") },
	} {
		x, err := conn.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if ask(x) == nil {
			t.Errorf("%s is served", what)
		}
		_ = x.Close()
	}
	if _, err := conn.Dial("tcp", s.addr); err == nil {
		t.Error("connections are forwarded")
	}
	if _, err := conn.Listen("tcp", "127.0.0.1:0"); err == nil {
		t.Error("connections are taken for the client")
	}
}

func TestSFTPLogins(t *testing.T) {
	s := newSite(t)
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	u := s.a.user
	change := func(f func(*store.Tx) error) {
		t.Helper()
		if err := s.db.Account(t.Context(), s.a.id, f); err != nil {
			t.Fatal(err)
		}
	}
	byKey := func(want bool) {
		t.Helper()
		conn, err := s.dial(u.Login(), ssh.PublicKeys(signer))
		if (err == nil) != want {
			t.Errorf("by key: %v, want %v", err, want)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	byKey(false)
	u.Keys = []string{strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))}
	change(func(tx *store.Tx) error { return tx.UpdateSFTPUser(t.Context(), u) })
	byKey(true)
	// What is taken away ends connections that there are, at their next request.
	c := s.client(s.a)
	if _, err := c.ReadDir("/"); err != nil {
		t.Fatal(err)
	}
	change(func(tx *store.Tx) error { _, err := tx.NewSFTPPassword(t.Context(), u, true); return err })
	if _, err := c.ReadDir("/"); err == nil {
		t.Error("a connection lives on without its password")
	}
	if _, err := s.dial(u.Login(), ssh.Password(s.a.password)); err == nil {
		t.Error("the old password is taken")
	}
	byKey(true)
	u.Enabled = false
	change(func(tx *store.Tx) error { return tx.UpdateSFTPUser(t.Context(), u) })
	byKey(false)
	// The key of one is none of another.
	if _, err := s.dial(s.b.user.Login(), ssh.PublicKeys(signer)); err == nil {
		t.Error("the key is another account's, too")
	}
}

func TestWhoGuessesIsBlocked(t *testing.T) {
	s := newSite(t)
	for i := range guesses {
		if _, err := s.dial(fmt.Sprintf("%d-backup", i), ssh.Password("guess")); err == nil {
			t.Fatal("a guess is taken")
		}
	}
	if _, err := s.dial(s.a.user.Login(), ssh.Password(s.a.password)); err == nil {
		t.Error("after all guesses the address is not blocked")
	}
}

func TestConnectionsOfAUserAreLimited(t *testing.T) {
	s := newSite(t)
	for range maxUserConns {
		s.client(s.a)
	}
	conn, err := s.dial(s.a.user.Login(), ssh.Password(s.a.password))
	if err == nil {
		_, err = sftp.NewClient(conn)
		_ = conn.Close()
	}
	if err == nil {
		t.Error("one user has as many connections as they like")
	}
	s.client(s.b)
}

func TestTheHostKeyStays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "key")
	one, err := HostKey(file)
	if err != nil {
		t.Fatal(err)
	}
	two, err := HostKey(file)
	if err != nil || !bytes.Equal(one.PublicKey().Marshal(), two.PublicKey().Marshal()) {
		t.Errorf("the second start has another key: %v", err)
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st, err)
	}
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := HostKey(file); err == nil {
		t.Error("a broken key is replaced or taken")
	}
}
