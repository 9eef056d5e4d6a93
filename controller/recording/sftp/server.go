// Package sftp gives out recordings by SFTP: each account's to its own SFTP users, by date, for reading only. Nothing else of SSH is
// served: no shell, no commands, no forwarding.
package sftp

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"callplane/controller/recording"
	"callplane/provisioning"
	"callplane/store"
)

// Config of a Server. All of it is required.
type Config struct {
	DB      *store.DB
	Archive *recording.Archive
	HostKey ssh.Signer
	// Guard refuses addresses that guess. It is not that of phones: a wrong password here must not cut off a company's calls.
	Guard *provisioning.AuthGuard
	Log   *slog.Logger
}

// Server serves SFTP.
type Server struct {
	cfg Config

	mu    sync.Mutex
	conns map[net.Conn]string // with the login, as soon as it is known
}

// New returns a server; Serve works.
func New(cfg Config) *Server { return &Server{cfg: cfg, conns: make(map[net.Conn]string)} }

const (
	maxConns     = 200 // at once
	maxUserConns = 10  // of one user
	maxChannels  = 10  // of one connection
	handshake    = 30 * time.Second
	idle         = 10 * time.Minute
	maxTries     = 4 // passwords and keys of one connection
)

// HostKey reads the server's key, which clients know it by; the first time it is made.
func HostKey(file string) (ssh.Signer, error) {
	raw, err := os.ReadFile(filepath.Clean(file))
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeHostKey(file); err == nil || errors.Is(err, fs.ErrExist) {
			raw, err = os.ReadFile(filepath.Clean(file))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("SFTP host key: %w", err)
	}
	key, err := ssh.ParsePrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("SFTP host key %s: %w", file, err)
	}
	return key, nil
}

func makeHostKey(file string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	block, err := ssh.MarshalPrivateKey(key, "callplane")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	// Whole or not there: a half key would keep the controller from starting.
	tmp, err := os.CreateTemp(filepath.Dir(file), ".host-key-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(pem.EncodeToMemory(block))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Link(tmp.Name(), file)
}

// Serve serves connections until ctx ends, and ends them then. It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all.Go(func() {
		<-ctx.Done()
		_ = l.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.conns {
			_ = c.Close()
		}
	})
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = c.Close()
			}
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("serve SFTP: %w", err)
		}
		if err != nil { // such as too many open files, which passes
			s.cfg.Log.Error("SFTP connection", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		if s.cfg.Guard.Refuses(address(c), time.Now()) || !s.enter(ctx, c) {
			_ = c.Close()
			continue
		}
		all.Go(func() {
			defer s.leave(c)
			s.serve(ctx, c)
		})
	}
}

func (s *Server) enter(ctx context.Context, c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= maxConns || ctx.Err() != nil {
		return false
	}
	s.conns[c] = ""
	return true
}

func (s *Server) leave(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// as notes whose connection it is; false: the user has too many.
func (s *Server) as(c net.Conn, login string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, l := range s.conns {
		if l == login {
			n++
		}
	}
	s.conns[c] = login
	return n < maxUserConns
}

func address(c net.Conn) netip.Addr {
	a, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

// errRefused is all that clients are told of why they can't log in.
var errRefused = errors.New("refused")

// serve serves one connection.
func (s *Server) serve(ctx context.Context, c net.Conn) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.Error("panic in SFTP", "panic", p)
		}
	}()
	log := s.cfg.Log.With("peer", c.RemoteAddr().String())
	wrong := 0
	check := func(ok func(*store.SFTPUser) bool, guess bool) func(m ssh.ConnMetadata) (*ssh.Permissions, error) {
		return func(m ssh.ConnMetadata) (*ssh.Permissions, error) {
			u, _, err := s.cfg.DB.FindSFTPUser(ctx, m.User())
			var none *store.NotFound
			if err != nil && !errors.As(err, &none) {
				log.Error("SFTP login can't be checked", "error", err)
				return nil, errRefused // no guess of the client's
			}
			if err == nil && ok(u) {
				return &ssh.Permissions{}, nil
			}
			if guess {
				wrong++
				s.cfg.Guard.Fail(address(c), time.Now())
			}
			return nil, errRefused
		}
	}
	cfg := &ssh.ServerConfig{
		MaxAuthTries: maxTries, ServerVersion: "SSH-2.0-Callplane",
		PasswordCallback: func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return check(func(u *store.SFTPUser) bool { return u.Password(string(password)) }, true)(m)
		},
		// Clients offer all keys that they have: only a connection that ends without the right one is a guess.
		PublicKeyCallback: func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
			return check(func(u *store.SFTPUser) bool { return slices.Contains(u.Keys, line) }, false)(m)
		},
	}
	cfg.AddHostKey(s.cfg.HostKey)
	_ = c.SetDeadline(time.Now().Add(handshake)) // a connection that is closed says so next
	conn, channels, requests, err := ssh.NewServerConn(c, cfg)
	var refused *ssh.ServerAuthError
	if errors.As(err, &refused) {
		if len(refused.Errors) > 1 && wrong == 0 { // one is the question which methods there are
			s.cfg.Guard.Fail(address(c), time.Now())
		}
		log.Warn("SFTP login refused", "tries", len(refused.Errors))
		return
	}
	if err != nil {
		return // no SSH client, or one that went away
	}
	user, zone, err := s.cfg.DB.FindSFTPUser(ctx, conn.User())
	if err != nil || !s.as(c, conn.User()) {
		log.Warn("SFTP login refused", "user", conn.User(), "reason", "too many connections, or just removed")
		return
	}
	if err := s.cfg.DB.SFTPLoggedIn(ctx, user); err != nil {
		log.Error("note SFTP login", "user", conn.User(), "error", err)
	}
	log.Info("SFTP login", "user", conn.User())
	s.channels(&lively{c}, channels, requests, &files{s, user, zone})
}

// lively ends a connection on which nothing happens.
type lively struct{ net.Conn }

func (l *lively) touch() { _ = l.SetDeadline(time.Now().Add(idle)) } // a closed connection needs none

// channels serves what a client opens.
func (s *Server) channels(c *lively, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request, f *files) {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { ssh.DiscardRequests(requests) })
	c.touch()
	open := make(chan struct{}, maxChannels)
	for n := range channels {
		if n.ChannelType() != "session" {
			_ = n.Reject(ssh.UnknownChannelType, "only SFTP is served") // the client went away
			continue
		}
		select {
		case open <- struct{}{}:
		default:
			_ = n.Reject(ssh.ResourceShortage, "too many channels") // as above
			continue
		}
		ch, in, err := n.Accept()
		if err != nil {
			<-open
			continue
		}
		all.Go(func() {
			defer func() { <-open }()
			s.session(c, ch, in, f)
		})
	}
}

// session serves SFTP in a channel, as soon as it is asked for.
func (s *Server) session(c *lively, ch ssh.Channel, in <-chan *ssh.Request, f *files) {
	defer func() { _ = ch.Close() }() // the client may have closed it
	started := false
	var all sync.WaitGroup
	defer all.Wait()
	for r := range in {
		ok := !started && r.Type == "subsystem" && len(r.Payload) > 4 && string(r.Payload[4:]) == "sftp"
		if r.WantReply {
			_ = r.Reply(ok, nil) // the client went away
		}
		if !ok {
			continue
		}
		started = true
		all.Go(func() {
			server := sftp.NewRequestServer(&active{ch, c}, f.handlers())
			_ = server.Serve() // until the client ends it or goes away
			_ = errors.Join(server.Close(), ch.Close())
		})
	}
}

// active is a channel whose use keeps its connection.
type active struct {
	ssh.Channel
	conn *lively
}

// Read implements io.Reader.
func (a *active) Read(b []byte) (int, error) {
	n, err := a.Channel.Read(b)
	a.conn.touch()
	return n, err
}

// Write implements io.Writer.
func (a *active) Write(b []byte) (int, error) {
	n, err := a.Channel.Write(b)
	a.conn.touch()
	return n, err
}
