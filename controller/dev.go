package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"callplane/admin/api"
	"callplane/controller/config"
	"callplane/media"
	"callplane/store"
	"callplane/store/pgtest"
)

// devOptions of `callplane dev`, which `make run` starts.
type devOptions struct {
	engine   string // freeswitch, asterisk or empty: what is installed
	dir      string // everything that is kept between two starts
	media    string
	asterisk string // folder with the unpacked Asterisk
	bind     string
	verbose  bool
}

func devCommand() *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use: "dev", Short: "Run a whole telephone system on this machine, with a demo company", Args: cobra.NoArgs,
		Long: "Starts a private PostgreSQL, a media engine and the controller, makes a demo company and prints\n" +
			"what to register and to dial. Ctrl-C stops all of it; the data stays in the folder.",
		RunE: func(cmd *cobra.Command, _ []string) error { return dev(cmd.Context(), o, cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.engine, "engine", "", "freeswitch or asterisk (default: FreeSWITCH where it is installed, else Asterisk)")
	f.StringVar(&o.dir, "dir", ".run", "folder for data, configuration and logs")
	f.StringVar(&o.media, "media", ".cache/media", "folder of prompts and music")
	f.StringVar(&o.asterisk, "asterisk", ".cache/asterisk", "folder with the unpacked Asterisk")
	f.StringVar(&o.bind, "bind", "127.0.0.1", "address for phones: of this machine in the local network, to register from others")
	f.BoolVar(&o.verbose, "verbose", false, "log every call")
	return cmd
}

// demoDomain is the SIP domain of the demo company; nobody resolves it.
const demoDomain = "callplane.local"

// Ports of the demo system.
const (
	demoSIP, demoTLS, demoTrunk = 5060, 5061, 5080
	demoHTTP, demoAPI, demoOps  = 8091, 8080, 9091
	demoCarrier                 = 5090 // where the carrier of the demo company listens
)

func dev(ctx context.Context, o devOptions, out io.Writer) error {
	var err error
	for _, dir := range []*string{&o.dir, &o.media, &o.asterisk} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return fmt.Errorf("folder %s: %w", *dir, err)
		}
	}
	if net.ParseIP(o.bind) == nil {
		return fmt.Errorf("--bind %q is not an IP address", o.bind)
	}
	if err := portsFree(o.bind); err != nil {
		return err
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	token, err := secret(filepath.Join(o.dir, "token"))
	if err != nil {
		return err
	}
	if err := buildPrompts(ctx, o.media); err != nil {
		return err
	}
	pg, err := pgtest.Start(ctx, pgtest.Options{Dir: clusterDir(o.dir), Durable: true})
	if err != nil {
		return err
	}
	defer func() { _ = pg.Stop() }() // the server is bound to this process anyway
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	log := logger(config.Log{Level: level})
	demo, portal, err := seed(ctx, pg.DSN(""), o.dir, log)
	if err != nil {
		return err
	}
	e, err := startDevEngine(ctx, o, token)
	if err != nil {
		return err
	}
	defer e.stop()
	cfg, err := devConfig(o, pg.DSN(""), token, e.settings)
	if err != nil {
		return err
	}
	printDemo(out, o, e.name, demo, portal)
	return serve(ctx, cfg, log)
}

// portsFree tells at once which port somebody else has.
func portsFree(bind string) error {
	var errs []error
	for _, p := range []int{demoHTTP, demoAPI, demoOps} {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil {
			errs = append(errs, fmt.Errorf("port %d is needed: %w", p, err))
			continue
		}
		_ = l.Close()
	}
	for _, p := range []int{demoSIP, demoTrunk} {
		l, err := net.ListenPacket("udp", net.JoinHostPort(bind, strconv.Itoa(p)))
		if err != nil {
			errs = append(errs, fmt.Errorf("SIP port %d is needed: %w", p, err))
			continue
		}
		_ = l.Close()
	}
	return errors.Join(errs...)
}

// secret reads a secret that an earlier start made, or makes it.
func secret(path string) (string, error) {
	if b, err := os.ReadFile(path); err == nil && len(b) >= 16 {
		return string(b), nil
	}
	s := rand.Text()
	if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
		return "", fmt.Errorf("keep secret: %w", err)
	}
	return s, nil
}

func buildPrompts(ctx context.Context, dir string) error {
	library, err := media.Open(dir, "en")
	if err != nil {
		return err
	}
	catalogue, err := media.SystemCatalogue()
	if err != nil {
		return err
	}
	_, err = library.Build(ctx, media.Build{Catalogue: catalogue, Generator: media.Espeak{}})
	return err
}

// clusterDir is where the database lives: below dir if the server's own user can reach that
// (as root the server runs as somebody else), else in a place of its own.
func clusterDir(dir string) string {
	for p := dir; ; p = filepath.Dir(p) {
		st, err := os.Stat(p)
		if err != nil || st.Mode().Perm()&0o001 == 0 {
			h := fnv.New64a()
			_, _ = io.WriteString(h, dir) // never fails
			return filepath.Join("/var/tmp", "callplane-"+strconv.FormatUint(h.Sum64(), 36))
		}
		if p == filepath.Dir(p) {
			return filepath.Join(dir, "postgresql")
		}
	}
}

func seed(ctx context.Context, dsn, dir string, log *slog.Logger) (demo *store.Demo, portal string, err error) {
	if err := store.Migrate(ctx, dsn, log); err != nil {
		return nil, "", err
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, "", err
	}
	defer db.Close()
	if demo, err = store.SeedDemo(ctx, db, store.DemoOptions{Host: "127.0.0.1", Port: demoCarrier}); err != nil {
		return nil, "", err
	}
	if err := keepAPIToken(ctx, db, dir, demo); err != nil {
		return nil, "", err
	}
	portal, err = keepPortalLogin(ctx, db, dir)
	return demo, portal, err
}

// demoLogin is the address with which the demo's operator logs in to the portal.
const demoLogin = "demo@example.com"

// keepPortalLogin keeps the first password of the demo's operator.
func keepPortalLogin(ctx context.Context, db *store.DB, dir string) (password string, err error) {
	path := filepath.Join(dir, "portal-password")
	if b, err := os.ReadFile(path); err == nil {
		return string(b), nil
	}
	if password, err = api.CreateOperatorLogin(ctx, db, demoLogin, "Demo"); err != nil {
		return "", err
	}
	if err := os.WriteFile(path, []byte(password), 0o600); err != nil {
		return "", fmt.Errorf("keep password of the portal: %w", err)
	}
	return password, nil
}

// keepAPIToken keeps the operator's token, which the database shows only once; a lost one is replaced.
func keepAPIToken(ctx context.Context, db *store.DB, dir string, demo *store.Demo) error {
	path := filepath.Join(dir, "api-token")
	if demo.Token == "" {
		if b, err := os.ReadFile(path); err == nil {
			demo.Token = string(b)
			return nil
		}
		token, err := api.CreateOperator(ctx, db, "demo")
		if err != nil {
			return err
		}
		demo.Token = token
	}
	if err := os.WriteFile(path, []byte(demo.Token), 0o600); err != nil {
		return fmt.Errorf("keep token of the API: %w", err)
	}
	return nil
}

// devConfig writes the configuration as an operator would and reads it as serve does.
func devConfig(o devOptions, dsn, token string, e map[string]any) (*config.Config, error) {
	local := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	file, err := yaml.Marshal(map[string]any{
		"http":      map[string]any{"listen": local(demoHTTP), "token": token},
		"api":       map[string]any{"listen": local(demoAPI)},
		"metrics":   map[string]any{"listen": local(demoOps)},
		"database":  map[string]any{"dsn": dsn},
		"recording": map[string]any{"dir": filepath.Join(o.dir, "recordings")},
		"store":     map[string]any{"spool_dir": filepath.Join(o.dir, "spool"), "cache_file": filepath.Join(o.dir, "accounts.cache")},
		"media":     map[string]any{"dir": o.media},
		"sip":       map[string]any{"domain": demoDomain},
		"engines":   []any{e},
	})
	if err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	path := filepath.Join(o.dir, "callplane.yaml")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	cfg, _, err := config.Load(config.Sources{File: file, Name: path})
	return cfg, err
}

func printDemo(out io.Writer, o devOptions, engineName string, d *store.Demo, portal string) {
	p := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	p("")
	p("Callplane is running with %s. Ctrl-C stops it; everything is kept in %s", engineName, o.dir)
	p("")
	p("  Portal      http://127.0.0.1:%d  log in as %s, at first with password %s", demoAPI, demoLogin, portal)
	p("  API         http://127.0.0.1:%d/api/v1  (document: /api/v1/openapi.json)", demoAPI)
	p("  API token   %s", d.Token)
	p("  Metrics     http://127.0.0.1:%d/metrics", demoOps)
	p("")
	p("  Phones register at %s (UDP and TCP; TLS with SRTP on port %d), domain %s:", net.JoinHostPort(o.bind, strconv.Itoa(demoSIP)), demoTLS, demoDomain)
	for _, c := range d.Channels {
		p("    extension %s   user %s   password %s", c.User, c.Name, c.Password)
	}
	p("")
	p("  Dial 101, 102, 103 (people), 200 (rings everybody), 300 (menu: 1, 2 or 22).")
	p("  From outside, through the carrier's port %d:", demoTrunk)
	for _, n := range slices.Sorted(keys(d.Numbers)) {
		p("    %s  leads to %s", n, d.Numbers[n])
	}
	p("  Numbers outside are dialled through a carrier at 127.0.0.1:%d; let a phone play it (README).", demoCarrier)
	p("")
}

func keys(m map[string]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// readyTime is how long an engine may take to start.
const readyTime = 30 * time.Second
