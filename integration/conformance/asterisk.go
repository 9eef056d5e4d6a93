package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	asteriskconf "callplane/asterisk-conf"
	"callplane/controller/engine"
	"callplane/controller/engine/asterisk"
	"callplane/integration/asteriskproc"
	"callplane/provisioning"
)

// asteriskBackend is a private Asterisk.
type asteriskBackend struct {
	*sipSide
	proc     *asteriskproc.Proc
	web      *server
	ari, ami *proxy
}

// OpenAsterisk starts an Asterisk that keeps everything in dir.
func OpenAsterisk(ctx context.Context, dir string) (Backend, error) {
	side, err := newSIPSide(dir)
	if err != nil {
		return nil, err
	}
	b := &asteriskBackend{sipSide: side}
	if b.web, err = newServer(); err != nil {
		return nil, err
	}
	b.web.set(&provisioning.Asterisk{Lookup: b.lookup})
	b.proc, err = asteriskproc.Start(ctx, asteriskproc.Options{
		Dir: filepath.Join(dir, "asterisk"), DieWithParent: true, WithTrunkPort: true,
		Settings: asteriskconf.Settings{BindIP: "127.0.0.1", ControllerURL: b.web.url()},
	})
	if errors.Is(err, asteriskproc.ErrNotFetched) {
		err = fmt.Errorf("%w: %w", ErrNotInstalled, err)
	}
	if err != nil {
		return nil, errors.Join(err, b.web.close())
	}
	s := b.proc.Settings
	fail := func(err error) (Backend, error) {
		b.proc.Kill()
		return nil, errors.Join(err, b.web.close())
	}
	if b.ari, err = newProxy(fmt.Sprintf("127.0.0.1:%d", s.HTTPPort)); err != nil {
		return fail(err)
	}
	if b.ami, err = newProxy(fmt.Sprintf("127.0.0.1:%d", s.AMIPort)); err != nil {
		return fail(errors.Join(err, b.ari.close()))
	}
	side.accounts, side.carriers = fmt.Sprintf("127.0.0.1:%d", s.SIPPort), fmt.Sprintf("127.0.0.1:%d", s.TrunkPort)
	return b, nil
}

func (b *asteriskBackend) Driver() (engine.Engine, error) {
	s := b.proc.Settings
	return asterisk.New(asterisk.Config{
		Name: "ast", ARIAddr: b.ari.addr(), ARIUser: s.ARIUser, ARIPassword: s.ARIPassword,
		AMIAddr: b.ami.addr(), AMIUser: s.AMIUser, AMISecret: s.AMISecret,
		RecordingDir: filepath.Join(s.SpoolDir, "recording"), MediaDir: b.media, TrunkTransports: s.TrunkPort != 0, Log: b.log.logger(),
	}), nil
}

func (b *asteriskBackend) Cut() {
	b.ari.sever()
	b.ami.sever()
}

func (b *asteriskBackend) Mend() {
	b.ari.mend()
	b.ami.mend()
}

func (b *asteriskBackend) Restart(ctx context.Context) error { return b.proc.Restart(ctx, true) }

func (b *asteriskBackend) Channels(ctx context.Context) ([]string, error) {
	s := b.proc.Settings
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/ari/channels", s.HTTPPort), nil)
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(s.ARIUser, s.ARIPassword)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	var list []struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("list channels: %w in %.200s", err, body)
	}
	var all []string
	for _, c := range list {
		all = append(all, c.ID)
	}
	return all, nil
}

func (b *asteriskBackend) Logs() string {
	text, err := os.ReadFile(filepath.Join(b.proc.Settings.LogDir, "messages.log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-3000):]) + b.log.String()
}

func (b *asteriskBackend) Close() error {
	b.proc.Kill()
	return errors.Join(b.ari.close(), b.ami.close(), b.web.close())
}
