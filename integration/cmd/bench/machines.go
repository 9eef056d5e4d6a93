package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	asteriskconf "callplane/asterisk-conf"
	"callplane/controller/engine"
	"callplane/controller/engine/asterisk"
	"callplane/controller/engine/freeswitch"
	fsconf "callplane/freeswitch-conf"
	"callplane/integration/asteriskproc"
	"callplane/integration/fsproc"
	"callplane/provisioning"
	"callplane/store"
)

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freeSWITCH is a private one.
type freeSWITCH struct {
	*fsproc.Proc
	curl        bool // mod_xml_curl is loaded
	dir, prompt string
}

// fsStatic does what the controller does for the same calls; who is left of a bridge is hung up, which the product's configuration would
// park. The context of carriers stands before the one that
// refuses calls without a controller.
const fsStatic = `
    <context name="callplane-trunks">
      <extension name="answer"><condition field="destination_number" expression="^static-answer$">
        <action application="answer"/><action application="park"/></condition></extension>
      <extension name="menu"><condition field="destination_number" expression="^static-menu$">
        <action application="answer"/><action application="playback" data="%s"/><action application="park"/></condition></extension>
      <extension name="no-park" continue="true"><condition field="destination_number" expression="^static-(bridge|ring|third|queue)$">
        <action application="export" data="park_after_bridge=false"/><action application="export" data="park_after_early_bridge=false"/></condition></extension>
      <extension name="bridge"><condition field="destination_number" expression="^static-bridge$">
        <action application="bridge" data="${sofia_contact(*/%s@%s)}"/></condition></extension>
      <extension name="ring"><condition field="destination_number" expression="^static-ring$">
        <action application="hash" data="insert/bench/ring/${uuid}"/><action application="export" data="hold_music=%s"/>
        <action application="bridge" data="sofia/external/sip:b@127.0.0.1:%d"/></condition></extension>
      <extension name="third"><condition field="destination_number" expression="^static-third$">
        <action application="bridge" data="sofia/external/sip:c@127.0.0.1:%d"/></condition></extension>
      <extension name="pick"><condition field="destination_number" expression="^static-pick$">
        <action application="intercept" data="${hash(select/bench/ring)}"/></condition></extension>
      <extension name="park"><condition field="destination_number" expression="^static-(un)?park$">
        <action application="answer"/><action application="valet_park" data="bench 6001"/></condition></extension>
      <extension name="queue"><condition field="destination_number" expression="^static-queue$">
        <action application="answer"/><action application="callcenter" data="bench@default"/><action application="hangup"/></condition></extension>
    </context>`

func startFreeSWITCH(ctx context.Context, dir, url, prompt string) (machine, error) {
	p, err := fsproc.Start(ctx, fsproc.Options{Dir: dir, Settings: fsconf.Settings{
		BindIP: "127.0.0.1", Domain: domain, SIPPort: portSIP, TrunkPort: portTrunk, ESLPort: portESL, RTPStart: rtpFirst, RTPEnd: rtpLast,
		HTTPURL: url, Static: fmt.Sprintf(fsStatic, prompt, phoneUser, domain, prompt, portB, portC),
	}})
	if err != nil {
		return nil, err
	}
	return &freeSWITCH{p, true, dir, prompt}, nil
}

func (m *freeSWITCH) pid() int         { return m.PID() }
func (m *freeSWITCH) phones() string   { return local(portSIP) }
func (m *freeSWITCH) carriers() string { return local(portTrunk) }
func (m *freeSWITCH) logs() string     { return m.LogTail(15) }
func (m *freeSWITCH) stop()            { _ = m.Kill() }

func (m *freeSWITCH) driver(dir *store.Directory, v variant) (engine.Engine, http.Handler) {
	cfg := freeswitch.Config{Name: "fs", Addr: local(portESL), Password: m.Settings.ESLPassword, Poke: v.poke}
	if v.later {
		cfg.Decision = 1 // ns: the call parks before anything can be decided
	}
	e := freeswitch.New(cfg)
	return e, e.XMLHandler(&provisioning.FreeSWITCH{Lookup: dir.ByChannel, Domain: domain})
}

// alone unloads the module that asks the controller; registrations stay.
func (m *freeSWITCH) alone(ctx context.Context, on bool) error {
	if m.curl != on {
		return nil
	}
	verb := "load"
	if on {
		verb = "unload"
	}
	out, err := m.API(ctx, verb+" mod_xml_curl")
	if err != nil {
		return err
	}
	if !strings.Contains(out, "+OK") {
		return fmt.Errorf("%s mod_xml_curl: %s", verb, strings.TrimSpace(out))
	}
	m.curl = !on
	return nil
}

func (m *freeSWITCH) native(ctx context.Context) error {
	out, err := m.API(ctx, "load mod_valet_parking")
	if err == nil && !strings.Contains(out, "+OK") {
		err = fmt.Errorf("load mod_valet_parking: %s", strings.TrimSpace(out))
	}
	return err
}

func (m *freeSWITCH) clear(ctx context.Context) error {
	return drained(ctx, func() (int, error) {
		if _, err := m.API(ctx, "hupall"); err != nil {
			return 0, err
		}
		out, err := m.API(ctx, "status")
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(out) {
			if n, rest, ok := strings.Cut(line, " session(s) - peak"); ok && rest != "" {
				return strconv.Atoi(strings.TrimSpace(n))
			}
		}
		return 0, fmt.Errorf("status without sessions: %s", out)
	})
}

// drained polls until nothing is left. An overloaded engine may not even answer for a while.
func drained(ctx context.Context, count func() (int, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		n, err := count()
		if err == nil && n == 0 {
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d channels are left: %w", n, errors.Join(err, ctx.Err()))
		}
	}
}

// asteriskBox is a private Asterisk.
type asteriskBox struct {
	*asteriskproc.Proc
	media string
}

// astStatic does what the controller does for the same calls.
const astStatic = `
[incoming]
exten => static-answer,1,Answer()
 same => n,Wait(600)
exten => static-menu,1,Answer()
 same => n,Playback(%s)
 same => n,Wait(600)
exten => static-bridge,1,Dial(${PJSIP_DIAL_CONTACTS(out,%s@%s)},60)
 same => n,Hangup()
exten => static-ring,1,Set(__PICKUPMARK=bench)
 same => n,Dial(PJSIP/trunk-bench/sip:b@127.0.0.1:%d,60)
 same => n,Hangup()
exten => static-third,1,Dial(PJSIP/trunk-bench/sip:c@127.0.0.1:%d,60)
 same => n,Hangup()
exten => static-pick,1,Pickup(bench@PICKUPMARK)
 same => n,Hangup()
exten => static-park,1,Answer()
 same => n,Set(PARKINGEXTEN=701)
 same => n,Park(default,s)
exten => static-unpark,1,ParkedCall(default,701)
 same => n,Hangup()
exten => static-queue,1,Answer()
 same => n,Queue(bench,I)
 same => n,Hangup()
`

func startAsterisk(ctx context.Context, dir, url, prompt string) (machine, error) {
	p, err := asteriskproc.Start(ctx, asteriskproc.Options{Dir: dir, DieWithParent: true, WithTrunkPort: true, Settings: asteriskconf.Settings{
		BindIP: "127.0.0.1", SIPPort: portSIP, TrunkPort: portTrunk, HTTPPort: portARI, AMIPort: portAMI, RTPStart: rtpFirst, RTPEnd: rtpLast, ControllerURL: url,
	}})
	if err != nil {
		return nil, err
	}
	m := &asteriskBox{p, filepath.Dir(prompt)}
	if err := m.extend(ctx, fmt.Sprintf(astStatic, strings.TrimSuffix(prompt, ".wav"), phoneUser, domain, portB, portC)); err != nil {
		p.Kill()
		return nil, err
	}
	return m, nil
}

// extend adds the rivals to the dialplan, and loads the applications that they need.
func (m *asteriskBox) extend(ctx context.Context, text string) error {
	f, err := os.OpenFile(filepath.Join(m.Settings.ConfDir, "extensions.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	for _, cmd := range []string{"module load app_dial.so", "module load app_playback.so", "dialplan reload"} {
		if _, err := m.Console(ctx, cmd); err != nil {
			return err
		}
	}
	return nil
}

func (m *asteriskBox) native(ctx context.Context) error {
	for name, text := range map[string]string{
		"musiconhold.conf": "[default]\nmode = files\ndirectory = " + m.media + "\n",
		"res_parking.conf": "[general]\n[default]\nparkext = 700\nparkpos = 701-720\ncontext = parked\ncomebacktoorigin = yes\n",
	} {
		if err := os.WriteFile(filepath.Join(m.Settings.ConfDir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	for _, cmd := range []string{"module load app_directed_pickup.so", "module load res_parking.so", "moh reload"} {
		if _, err := m.Console(ctx, cmd); err != nil {
			return err
		}
	}
	return nil
}

func (m *asteriskBox) pid() int         { return m.Pid() }
func (m *asteriskBox) phones() string   { return local(portSIP) }
func (m *asteriskBox) carriers() string { return local(portTrunk) }
func (m *asteriskBox) stop()            { m.Kill() }

func (m *asteriskBox) logs() string {
	text, err := os.ReadFile(filepath.Join(m.Settings.LogDir, "messages.log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-3000):])
}

func (m *asteriskBox) driver(dir *store.Directory, _ variant) (engine.Engine, http.Handler) {
	s := m.Settings
	return asterisk.New(asterisk.Config{
		Name: "ast", ARIAddr: local(portARI), ARIUser: s.ARIUser, ARIPassword: s.ARIPassword, AMIAddr: local(portAMI), AMIUser: s.AMIUser, AMISecret: s.AMISecret,
		RecordingDir: filepath.Join(s.SpoolDir, "recording"), MediaDir: m.media, TrunkTransports: true,
	}), &provisioning.Asterisk{Lookup: dir.ByChannel, Domain: domain}
}

// alone needs nothing: the static extensions have names of their own, and the controller is gone.
func (m *asteriskBox) alone(context.Context, bool) error { return nil }

func (m *asteriskBox) clear(ctx context.Context) error {
	return drained(ctx, func() (int, error) {
		if _, err := m.Console(ctx, "channel request hangup all"); err != nil {
			return 0, err
		}
		out, err := m.Console(ctx, "core show channels count")
		if err != nil {
			return 0, err
		}
		n, _, _ := strings.Cut(strings.TrimSpace(out), " ")
		return strconv.Atoi(n)
	})
}
