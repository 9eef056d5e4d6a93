// Package deploy holds what an installation needs beside the controller itself, with and without
// containers: subcommands of the controller's program for its entry points, and the files beside them.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callplane/controller/config"
	fsconf "callplane/freeswitch-conf"
	"callplane/media"
)

// FreeSWITCHURL is where FreeSWITCH asks the controller: each engine at a path of its own, which ends with
// the token.
func FreeSWITCHURL(listen netip.AddrPort, engine, token string) string {
	return "http://" + listen.String() + "/freeswitch/" + engine + "/" + token
}

// Commands are the subcommands that entry points use: engine-config, prompts, healthcheck. Each reads
// the same configuration as the controller.
func Commands() []*cobra.Command {
	return []*cobra.Command{engineConfig(), prompts(), healthcheck()}
}

func engineConfig() *cobra.Command {
	var name, dir, rtp string
	s := fsconf.Settings{}
	cmd := &cobra.Command{
		Use:   "engine-config --engine NAME --dir DIR --bind-ip ADDRESS",
		Short: "Write the configuration of a FreeSWITCH engine",
		Long: "Writes FreeSWITCH's whole configuration for an engine that is named in the controller's own " +
			"configuration, from where the event socket's address and password, the controller's address and the media folder come.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			if err := engineSettings(&s, cfg, name, rtp); err != nil {
				return fmt.Errorf("engine-config: %w", err)
			}
			if dir == "" {
				return errors.New("engine-config: --dir is missing")
			}
			if err := fsconf.Render(dir, s); err != nil {
				return fmt.Errorf("engine-config: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "configuration of %s written to %s\n", name, dir)
			return err
		},
	}
	f := cmd.Flags()
	config.Flags(f)
	f.StringVar(&name, "engine", "", "name of the engine in the controller's configuration")
	f.StringVar(&dir, "dir", "", "folder to write to")
	f.StringVar(&s.BindIP, "bind-ip", "", "IP address of this machine on which SIP and RTP listen")
	f.StringVar(&s.ExternalIP, "external-ip", "", "IP address told to phones and carriers behind a static NAT (default that of --bind-ip)")
	f.IntVar(&s.SIPPort, "sip-port", 5060, "port for phones, UDP and TCP")
	f.IntVar(&s.TrunkPort, "trunk-port", 5080, "port for carriers, UDP and TCP")
	f.IntVar(&s.TLSPort, "tls-port", 0, "port for phones over TLS; 0: none")
	f.IntVar(&s.TrunkTLSPort, "trunk-tls-port", 0, "port for carriers over TLS; 0: none")
	f.StringVar(&s.TLSCertDir, "tls-dir", "", "folder with agent.pem (certificate and key) and cafile.pem")
	f.StringVar(&rtp, "rtp-ports", "16384-32766", "range of ports for media")
	f.StringVar(&s.ESLAllow, "esl-allow", "", "networks of controllers on other machines, separated by commas")
	f.IntVar(&s.MaxSessions, "max-sessions", 0, "most legs at a time (default 10000)")
	return cmd
}

// engineSettings fills in what the controller's configuration knows.
func engineSettings(s *fsconf.Settings, cfg *config.Config, name, rtp string) error {
	i := slices.IndexFunc(cfg.Engines, func(e config.Engine) bool { return e.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no engine %q in the configuration (key engines)", name)
	}
	e := cfg.Engines[i]
	if e.Type != config.FreeSWITCH {
		return fmt.Errorf("engine %s is of type %s; only FreeSWITCH's configuration is written here", name, e.Type)
	}
	host, port, err := net.SplitHostPort(e.Address)
	if err != nil {
		return fmt.Errorf("address of engine %s: %w", name, err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return fmt.Errorf("address of engine %s must begin with an IP address: %w", name, err)
	}
	if s.ESLPort, err = strconv.Atoi(port); err != nil {
		return fmt.Errorf("address of engine %s: %w", name, err)
	}
	first, last, _ := strings.Cut(rtp, "-")
	if s.RTPStart, err = strconv.Atoi(first); err == nil {
		s.RTPEnd, err = strconv.Atoi(last)
	}
	if err != nil {
		return fmt.Errorf("--rtp-ports %q is not a range such as 16384-32766", rtp)
	}
	s.Name, s.ESLIP, s.ESLPassword = name, host, e.Password
	s.HTTPURL = FreeSWITCHURL(cfg.HTTP.Listen, name, cfg.HTTP.Token)
	s.MediaDir, s.RecordDir = cfg.Media.Dir, filepath.Join(cfg.Media.Dir, "recordings")
	return nil
}

func prompts() *cobra.Command {
	var generator, studio string
	cmd := &cobra.Command{
		Use:   "prompts",
		Short: "Make the prompts and hold music that are missing or have changed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			b := media.Build{Generator: media.Espeak{}, Studio: studio}
			if b.Catalogue, err = media.SystemCatalogue(); err != nil {
				return err
			}
			if generator != "" {
				if b.Generator, err = media.ParseCommand(generator); err != nil {
					return err
				}
			}
			library, err := media.Open(cfg.Media.Dir, cfg.Media.Language)
			if err != nil {
				return err
			}
			report, err := library.Build(cmd.Context(), b)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), report)
			return err
		},
	}
	config.Flags(cmd.Flags())
	cmd.Flags().StringVar(&generator, "generator", "", "command that speaks, with {language}, {file} and, if not on standard input, {text} (default espeak-ng)")
	cmd.Flags().StringVar(&studio, "studio", "", "folder with recordings, <language>/<key>.wav (default studio in media.dir)")
	return cmd
}

func healthcheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the running controller whether it is ready, for container engines",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			if cfg.Metrics.Listen == "" {
				return errors.New("healthcheck: metrics.listen is empty, so there is nobody to ask")
			}
			return ready(cmd.Context(), cfg.Metrics.Listen)
		},
	}
	config.Flags(cmd.Flags())
	return cmd
}

func ready(ctx context.Context, listen string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if strings.HasPrefix(listen, ":") {
		listen = "127.0.0.1" + listen
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listen+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 500))
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: %s: %s", resp.Status, strings.TrimSpace(string(said)))
	}
	return nil
}

// load reads the configuration; its warnings go to standard error.
func load(cmd *cobra.Command) (*config.Config, error) {
	cfg, warnings, err := config.Open(cmd.Flags())
	for _, w := range warnings {
		cmd.PrintErrln("warning:", w)
	}
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return cfg, nil
}
