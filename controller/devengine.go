package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	asteriskconf "callplane/asterisk-conf"
	fsconf "callplane/freeswitch-conf"
	"callplane/integration/asteriskproc"
	"callplane/integration/fsproc"
	"callplane/integration/tlscert"
)

// devEngine is the media engine of `callplane dev`.
type devEngine struct {
	name     string
	settings map[string]any // its entry in the configuration
	stop     func()
}

func startDevEngine(ctx context.Context, o devOptions, token string) (*devEngine, error) {
	certs := filepath.Join(o.dir, "tls")
	if err := tlscert.SelfSigned(certs, demoDomain, o.bind); err != nil {
		return nil, err
	}
	switch o.engine {
	case "freeswitch":
		return startFreeSWITCH(ctx, o, token, certs)
	case "asterisk":
		return startAsterisk(ctx, o, token, certs)
	case "":
		e, err := startFreeSWITCH(ctx, o, token, certs)
		if errors.Is(err, fsproc.ErrNotInstalled) {
			return startAsterisk(ctx, o, token, certs)
		}
		return e, err
	}
	return nil, fmt.Errorf("engine %q is not freeswitch or asterisk", o.engine)
}

func startFreeSWITCH(ctx context.Context, o devOptions, token, certs string) (*devEngine, error) {
	p, err := fsproc.Start(ctx, fsproc.Options{
		Dir: filepath.Join(o.dir, "freeswitch"), Ready: readyTime,
		Settings: fsconf.Settings{
			Name: "demo", BindIP: o.bind, SIPPort: demoSIP, TLSPort: demoTLS, TrunkPort: demoTrunk, TLSCertDir: certs,
			RTPStart: 16384, RTPEnd: 18383, MediaDir: o.media, RecordDir: filepath.Join(o.dir, "recordings"), Domain: demoDomain,
			HTTPURL: "http://127.0.0.1:" + strconv.Itoa(demoHTTP) + "/freeswitch/demo/" + token,
		},
	})
	if err != nil {
		return nil, err
	}
	return &devEngine{
		name: "FreeSWITCH", stop: func() { _ = p.Stop() },
		settings: map[string]any{
			"name": "demo", "type": "freeswitch", "password": p.Settings.ESLPassword,
			"address":     net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Settings.ESLPort)),
			"sip_address": net.JoinHostPort(o.bind, strconv.Itoa(demoSIP)),
		},
	}, nil
}

func startAsterisk(ctx context.Context, o devOptions, token, certs string) (*devEngine, error) {
	p, err := asteriskproc.Start(ctx, asteriskproc.Options{
		Cache: o.asterisk, Dir: filepath.Join(o.dir, "asterisk"), WithTrunkPort: true, DieWithParent: true, ReadyIn: readyTime,
		Settings: asteriskconf.Settings{
			BindIP: o.bind, SIPPort: demoSIP, TLSPort: demoTLS, TrunkPort: demoTrunk, RTPStart: 16384, RTPEnd: 18383,
			TLSCertFile: filepath.Join(certs, "cert.pem"), TLSKeyFile: filepath.Join(certs, "key.pem"), Realm: demoDomain,
			ControllerURL: "http://127.0.0.1:" + strconv.Itoa(demoHTTP) + "/asterisk/demo/" + token,
		},
	})
	if err != nil {
		return nil, err
	}
	s := p.Settings
	return &devEngine{
		name: "Asterisk", stop: p.Stop,
		settings: map[string]any{
			"name": "demo", "type": "asterisk", "user": s.ARIUser, "password": s.ARIPassword,
			"address":         "http://127.0.0.1:" + strconv.Itoa(s.HTTPPort),
			"manager_address": "127.0.0.1:" + strconv.Itoa(s.AMIPort), "manager_user": s.AMIUser, "manager_password": s.AMISecret,
			"recording_dir": filepath.Join(s.SpoolDir, "recording"), "trunk_transports": "true",
			"sip_address": net.JoinHostPort(o.bind, strconv.Itoa(demoSIP)),
		},
	}, nil
}
