package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"callplane/controller/engine"
	"callplane/controller/engine/freeswitch"
	fsconf "callplane/freeswitch-conf"
	"callplane/integration/fsproc"
	"callplane/provisioning"
)

// ErrNotInstalled: there is no such engine on this machine.
var ErrNotInstalled = errors.New("not installed")

// server is the controller's HTTP side, which outlives its drivers.
type server struct {
	l    net.Listener
	http *http.Server
	done chan struct{}

	mu sync.Mutex
	h  http.Handler
}

func newServer() (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("controller's HTTP server: %w", err)
	}
	s := &server{l: l, done: make(chan struct{}), h: http.NotFoundHandler()}
	s.http = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		h := s.h
		s.mu.Unlock()
		h.ServeHTTP(w, r)
	})}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // ends with Close
	}()
	return s, nil
}

func (s *server) set(h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.h = h
}

func (s *server) url() string { return "http://" + s.l.Addr().String() }

func (s *server) close() error {
	err := s.http.Close()
	<-s.done
	return err
}

// fsBackend is a private FreeSWITCH.
type fsBackend struct {
	*sipSide
	proc *fsproc.Proc
	web  *server
	line *proxy
}

// OpenFreeSWITCH starts a FreeSWITCH that keeps everything in dir.
func OpenFreeSWITCH(ctx context.Context, dir string) (Backend, error) {
	if _, err := fsproc.Find(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotInstalled, err)
	}
	side, err := newSIPSide(dir)
	if err != nil {
		return nil, err
	}
	b := &fsBackend{sipSide: side}
	if b.web, err = newServer(); err != nil {
		return nil, err
	}
	b.proc, err = fsproc.Start(ctx, fsproc.Options{Dir: filepath.Join(dir, "freeswitch"), Settings: fsconf.Settings{
		BindIP: "127.0.0.1", HTTPURL: b.web.url(), MediaDir: side.media, RecordDir: side.records,
		SIPTrace: os.Getenv("CONFORMANCE_DEBUG") != "",
	}})
	if err != nil {
		return nil, errors.Join(err, b.web.close())
	}
	s := b.proc.Settings
	if b.line, err = newProxy(fmt.Sprintf("127.0.0.1:%d", s.ESLPort)); err != nil {
		return nil, errors.Join(err, b.proc.Kill(), b.web.close())
	}
	side.accounts, side.carriers = fmt.Sprintf("127.0.0.1:%d", s.SIPPort), fmt.Sprintf("127.0.0.1:%d", s.TrunkPort)
	return b, nil
}

func (b *fsBackend) Driver() (engine.Engine, error) {
	e := freeswitch.New(freeswitch.Config{Name: "fs", Addr: b.line.addr(), Password: b.proc.Settings.ESLPassword, Log: b.log.logger()})
	b.web.set(e.XMLHandler(&provisioning.FreeSWITCH{Lookup: b.lookup}))
	return e, nil
}

func (b *fsBackend) Cut()  { b.line.sever() }
func (b *fsBackend) Mend() { b.line.mend() }

func (b *fsBackend) Restart(ctx context.Context) error {
	if err := b.proc.Kill(); err != nil {
		return err
	}
	return b.proc.Restart(ctx)
}

func (b *fsBackend) Channels(ctx context.Context) ([]string, error) {
	out, err := b.proc.API(ctx, "show channels as json")
	if err != nil {
		return nil, err
	}
	var list struct {
		Rows []struct {
			UUID string `json:"uuid"`
		} `json:"rows"`
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("list channels: %w in %.200s", err, out)
	}
	var all []string
	for _, r := range list.Rows {
		all = append(all, r.UUID)
	}
	return all, nil
}

// Logs has beside the last lines of the engine and the driver who is there, and who is in which mix.
func (b *fsBackend) Logs() string {
	all := []string{strings.TrimSpace(b.proc.LogTail(15)), b.log.String()}
	for _, cmd := range []string{"show channels", "conference list"} {
		out, err := b.proc.API(context.Background(), cmd)
		if err != nil {
			out = err.Error()
		}
		all = append(all, cmd+":", strings.TrimSpace(out))
	}
	return strings.Join(all, "\n")
}

func (b *fsBackend) Close() error {
	err := b.proc.Kill() // nothing is to be saved, and an orderly end takes seconds
	return errors.Join(err, b.line.close(), b.web.close())
}
