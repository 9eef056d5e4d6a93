package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// fsQueue is the configuration of mod_callcenter: agents are called without a pause between their calls.
const fsQueue = `
    <configuration name="callcenter.conf">
      <settings/>
      <queues>
        <queue name="bench@default">
          <param name="strategy" value="longest-idle-agent"/>
          <param name="moh-sound" value="%s"/>
          <param name="max-wait-time" value="0"/>
          <param name="max-wait-time-with-no-agent" value="0"/>
          <param name="tier-rules-apply" value="false"/>
          <param name="discard-abandoned-after" value="1"/>
          <param name="abandoned-resume-allowed" value="false"/>
        </queue>
      </queues>
      <agents>%s</agents>
      <tiers>%s</tiers>
    </configuration>
  </section>`

func (m *freeSWITCH) rivalQueue() string { return "mod_callcenter" }

func (m *freeSWITCH) queue(ctx context.Context, agents []string, port int) error {
	var list, tiers strings.Builder
	for _, a := range agents {
		fmt.Fprintf(&list, `<agent name="%s" type="callback" contact="[leg_timeout=20,park_after_bridge=false,park_after_early_bridge=false]sofia/external/sip:%s@127.0.0.1:%d" status="Available" max-no-answer="0" `+
			`wrap-up-time="0" reject-delay-time="0" busy-delay-time="0" no-answer-delay-time="0"/>`, a, a, port)
		fmt.Fprintf(&tiers, `<tier agent="%s" queue="bench@default" level="1" position="1"/>`, a)
	}
	var sound strings.Builder
	if err := xml.EscapeText(&sound, []byte(m.prompt)); err != nil {
		return err
	}
	name := filepath.Join(m.dir, "conf", "freeswitch.xml")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	// The first section is the configuration.
	whole := strings.Replace(string(text), "</section>", fmt.Sprintf(fsQueue, sound.String(), list.String(), tiers.String()), 1)
	if err := os.WriteFile(name, []byte(whole), 0o600); err != nil {
		return err
	}
	for _, cmd := range []string{"reloadxml", "load mod_callcenter"} {
		out, err := m.API(ctx, cmd)
		if err == nil && !strings.Contains(out, "+OK") {
			err = errors.New(strings.TrimSpace(out))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", cmd, err)
		}
	}
	return nil
}

func (m *asteriskBox) rivalQueue() string { return "app_queue" }

// queue gives each agent an endpoint, whose state app_queue watches.
func (m *asteriskBox) queue(ctx context.Context, agents []string, port int) error {
	var endpoints, members strings.Builder
	for _, a := range agents {
		fmt.Fprintf(&endpoints, "\n[bench-%s]\ntype = endpoint\ntransport = trunks-udp\naors = bench-%s\ndisallow = all\nallow = alaw\n\n[bench-%s]\ntype = aor\ncontact = sip:%s@127.0.0.1:%d\n", a, a, a, a, port)
		fmt.Fprintf(&members, "member => PJSIP/bench-%s\n", a)
	}
	conf := m.Settings.ConfDir
	f, err := os.OpenFile(filepath.Join(conf, "pjsip.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(endpoints.String())
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"queues.conf": "[general]\nautofill = yes\nshared_lastcall = no\n\n[bench]\nstrategy = leastrecent\nmusicclass = default\ntimeout = 20\nretry = 1\nwrapuptime = 0\n" +
			"ringinuse = no\nautopause = no\nannounce-frequency = 0\n" + members.String(),
		"musiconhold.conf": "[default]\nmode = files\ndirectory = " + m.media + "\n",
	} {
		if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	for _, cmd := range []string{"module reload res_pjsip.so", "moh reload", "module load app_queue.so"} {
		out, err := m.Console(ctx, cmd)
		if err != nil {
			return err
		}
		if strings.Contains(out, "Unable") {
			return fmt.Errorf("%s: %s", cmd, strings.TrimSpace(out))
		}
	}
	return nil
}
