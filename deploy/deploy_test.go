package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"callplane/controller/config"
	"callplane/integration/fsproc"
	"callplane/integration/ports"
	"callplane/store"
	"callplane/store/pgtest"
)

var update = flag.Bool("update", false, "write callplane.env.example")

func TestEnvironmentFileHasEveryKey(t *testing.T) {
	const file = "callplane.env.example"
	if *update {
		if err := os.WriteFile(file, []byte(config.EnvFile()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range config.Keys() {
		if !regexp.MustCompile(`(?m)^#?` + k.Env() + `=`).Match(b) {
			t.Errorf("%s lacks %s", file, k.Env())
		}
	}
	if string(b) != config.EnvFile() {
		t.Errorf("%s is not what the table of keys makes; write it anew: go test ./deploy -run Environment -update", file)
	}
}

type composeFile struct {
	Services map[string]struct {
		Image       string
		Privileged  bool
		User        string
		ReadOnly    bool `yaml:"read_only"`
		Environment map[string]string
		Secrets     []string
		Volumes     []string
		CapDrop     []string `yaml:"cap_drop"`
		Command     []string
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		Healthcheck map[string]any
		Restart     string
		Ports       []string
	}
	Volumes map[string]any
	Secrets map[string]struct{ File string }
}

func compose(t *testing.T) composeFile {
	t.Helper()
	b, err := os.ReadFile("docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var c composeFile
	if err := yaml.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestComposeFileFitsTogether(t *testing.T) {
	c := compose(t)
	for name, s := range c.Services {
		for _, sec := range s.Secrets {
			if c.Secrets[sec].File == "" {
				t.Errorf("%s uses the secret %s, which is not defined", name, sec)
			}
		}
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if strings.HasPrefix(source, "./") {
				if _, err := os.Stat(source); err != nil {
					t.Errorf("%s mounts %v", name, err)
				}
			} else if _, ok := c.Volumes[source]; !ok {
				t.Errorf("%s mounts the volume %s, which is not defined", name, source)
			}
		}
		for on, d := range s.DependsOn {
			if _, ok := c.Services[on]; !ok || (d.Condition == "service_healthy") != (c.Services[on].Healthcheck != nil && on != "freeswitch") {
				t.Errorf("%s depends on %s (%s)", name, on, d.Condition)
			}
		}
		if s.Privileged || name != "postgres" && (s.User != "10001:10001" || !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"})) {
			t.Errorf("%s has more rights than it needs", name)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s opens %s to the world", name, p)
			}
		}
		for v := range s.Environment {
			known := !strings.HasPrefix(v, config.EnvPrefix) || slices.ContainsFunc(config.Keys(), func(k config.Key) bool {
				return v == k.Env() || k.Secret && v == k.Env()+"_FILE"
			})
			if !known {
				t.Errorf("%s sets %s, which is no key", name, v)
			}
		}
	}
	for sec := range c.Secrets {
		if b, err := os.ReadFile("secrets.sh"); err != nil || !strings.Contains(string(b), "make "+sec+" ") {
			t.Errorf("secrets.sh does not make %s (%v)", sec, err)
		}
	}
}

// environment is that of the compose file's controller, with files and ports of this test.
func environment(t *testing.T, secrets string, ports map[string]string) []string {
	t.Helper()
	r := []string{"/run/secrets", secrets}
	for from, to := range ports {
		r = append(r, from, to)
	}
	replace := strings.NewReplacer(r...)
	values := map[string]string{"SIP_IP": "127.0.0.1"}
	env := os.Environ()
	for name, value := range compose(t).Services["controller"].Environment {
		value = interpolate(value, values)
		env = append(env, name+"="+replace.Replace(value))
	}
	return env
}

// interpolate does what compose does with ${NAME}, ${NAME:-default} and ${NAME:?message}, also nested.
func interpolate(s string, values map[string]string) string {
	inner := regexp.MustCompile(`\$\{(\w+)(?::([-?])([^${}]*))?\}`)
	for inner.MatchString(s) {
		s = inner.ReplaceAllStringFunc(s, func(m string) string {
			p := inner.FindStringSubmatch(m)
			if v := values[p[1]]; v != "" {
				return v
			}
			if p[2] == "-" {
				return p[3]
			}
			return "<" + p[1] + " is not set>"
		})
	}
	return s
}

func makeSecrets(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	out, err := exec.Command("./secrets.sh", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

func TestSecretsAreMadeOnce(t *testing.T) {
	dir := makeSecrets(t)
	first := map[string]string{}
	for sec := range compose(t).Secrets {
		b, err := os.ReadFile(filepath.Join(dir, sec))
		if err != nil || len(strings.TrimSpace(string(b))) < 32 {
			t.Errorf("%s: %q, %v", sec, b, err)
		}
		first[sec] = string(b)
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", st.Mode(), err)
	}
	if err := os.Remove(filepath.Join(dir, "http_token")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("./secrets.sh", dir).CombinedOutput(); err != nil || !strings.Contains(string(out), "http_token") {
		t.Fatalf("%v: %s", err, out)
	}
	for sec, was := range first {
		b, err := os.ReadFile(filepath.Join(dir, sec))
		if err != nil || (string(b) == was) == (sec == "http_token") {
			t.Errorf("%s after a second run: changed %v, %v", sec, string(b) != was, err)
		}
	}
}

// The very configuration of the containers is one that the controller accepts.
func TestComposeConfigurationIsAccepted(t *testing.T) {
	dir := makeSecrets(t)
	cfg, warnings, err := config.Load(config.Sources{Environ: environment(t, dir, nil)})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, warnings %v", err, warnings)
	}
	if len(cfg.Engines) != 1 || cfg.Engines[0].Name != "fs1" || cfg.SIP.Domain != "127.0.0.1" || !strings.Contains(cfg.Database.DSN, "@127.0.0.1:5432/callplane") {
		t.Errorf("%+v", cfg)
	}
}

// run carries out one of Commands as the program would.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := &cobra.Command{Use: "callplane", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(Commands()...)
	var out strings.Builder
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func setenv(t *testing.T, env []string) {
	t.Helper()
	for _, e := range env {
		if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, config.EnvPrefix) {
			t.Setenv(name, value)
		}
	}
}

func TestEngineConfigRefuses(t *testing.T) {
	dir := makeSecrets(t)
	setenv(t, environment(t, dir, nil))
	out := filepath.Join(t.TempDir(), "conf")
	for want, args := range map[string][]string{
		`no engine "fs2"`: {"--engine", "fs2", "--dir", out, "--bind-ip", "127.0.0.1"},
		"--dir":           {"--engine", "fs1", "--bind-ip", "127.0.0.1"},
		"BindIP":          {"--engine", "fs1", "--dir", out},
		"rtp-ports":       {"--engine", "fs1", "--dir", out, "--bind-ip", "127.0.0.1", "--rtp-ports", "many"},
		"TLSCertDir":      {"--engine", "fs1", "--dir", out, "--bind-ip", "127.0.0.1", "--tls-port", "5061"},
	} {
		if said, err := run(t, append([]string{"engine-config"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %q, %v; want an error with %s", args, said, err, want)
		}
	}
	t.Setenv("CALLPLANE_SIP_DOMAIN", "not a domain")
	if _, err := run(t, "engine-config", "--engine", "fs1", "--dir", out, "--bind-ip", "127.0.0.1"); err == nil || !strings.Contains(err.Error(), "sip.domain") {
		t.Errorf("wrong configuration: %v", err)
	}
}

// freePorts gives ports that no other test takes.
func freePorts(t *testing.T) func() string {
	t.Helper()
	r, err := ports.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Release)
	return func() string {
		t.Helper()
		p, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		return strconv.Itoa(p)
	}
}

// script starts an entry point; it is asked to end, and waited for, when the test is over. ended gets what it said.
func script(t *testing.T, env []string, name string) (ended <-chan string) {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(name)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, done := make(chan error, 1), make(chan string, 1)
	over := make(chan struct{})
	go func() {
		// The kernel ends the child with the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			err = cmd.Wait()
		}
		done <- fmt.Sprintf("%s ended (%v): %s", name, err, said.String())
		close(over)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-over:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-over
			t.Errorf("%s did not end when it was asked to", name)
		}
	})
	return done
}

// The whole service from the scripts and with the configuration of the containers, without containers.
func TestServiceRunsFromItsEntryPoints(t *testing.T) {
	home, err := fsproc.Find()
	if err != nil {
		t.Skipf("ENGINE ABSENT: %v", err)
	}
	state := t.TempDir()
	bin := filepath.Join(state, "callplane")
	if out, err := exec.Command("go", "build", "-o", bin, "../controller").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	media := filepath.Join(state, "media")
	if err := os.Mkdir(media, 0o755); err != nil {
		t.Fatal(err)
	}
	port := freePorts(t)
	esl, dir := port(), makeSecrets(t)
	dsn := filepath.Join(dir, "database_dsn")
	b, err := os.ReadFile(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dsn, bytes.Replace(b, []byte(":5432/"), []byte(":"+database(t, dir)+"/"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	env := environment(t, dir, map[string]string{":8021": ":" + esl, "/var/lib/callplane/media": media, "127.0.0.1:8080": "127.0.0.1:" + port()})
	// What has a fixed default has to be where other tests are not.
	env = append(env, "CALLPLANE_HTTP_LISTEN=127.0.0.1:"+port(), "CALLPLANE_METRICS_LISTEN=127.0.0.1:"+port(),
		"CALLPLANE_RECORDING_DIR="+state+"/recordings",
		"CALLPLANE_STORE_SPOOL_DIR="+state+"/spool", "CALLPLANE_STORE_CACHE_FILE="+state+"/accounts.cache")
	setenv(t, env)
	args := slices.Clone(compose(t).Services["freeswitch-config"].Command)
	for i, a := range args {
		args[i] = interpolate(strings.ReplaceAll(a, "/var/lib/callplane/freeswitch", state), map[string]string{"SIP_IP": "127.0.0.1"})
	}
	if said, err := run(t, append(args, "--sip-port="+port(), "--trunk-port="+port())...); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	engine := script(t, append(env, "FREESWITCH_STATE="+state, "FREESWITCH_MEDIA="+media, "FREESWITCH_HOME="+home), "./freeswitch.sh")
	controller := script(t, append(env, "CONTROLLER_BIN="+bin, "PROMPTS=no"), "./controller.sh")
	// Ready means that the database answers and the engine is connected.
	deadline := time.After(time.Minute)
	for {
		_, err := run(t, "healthcheck")
		if err == nil {
			return
		}
		select {
		case said := <-engine:
			t.Fatal(said)
		case said := <-controller:
			t.Fatal(said)
		case <-deadline:
			t.Fatal(err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func TestFreeSWITCHScriptSaysWhatIsMissing(t *testing.T) {
	state := t.TempDir()
	start := func() string {
		cmd := exec.Command("./freeswitch.sh")
		cmd.Env = append(os.Environ(), "FREESWITCH_STATE="+state, "FREESWITCH_HOME="+state, "FREESWITCH_MODS="+state)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Error("it started")
		}
		return string(out)
	}
	if said := start(); !strings.Contains(said, "engine-config") {
		t.Errorf("without configuration: %s", said)
	}
	for name, content := range map[string]string{"conf/freeswitch.xml": `<load module="mod_xml_curl"/>` + "\n" + `<load module="mod_there"/>`, "mod_there.so": "", "bin/freeswitch": "#!/bin/sh\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(state, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(state, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if said := start(); !strings.Contains(said, "lacks mod_xml_curl\n") {
		t.Errorf("without a module: %s", said)
	}
}

// database starts a cluster and prepares it with the script, twice: it may be repeated. It returns the port.
func database(t *testing.T, secrets string) string {
	t.Helper()
	if _, err := exec.LookPath("psql"); err != nil {
		t.Fatalf("psql belongs to PostgreSQL's packages: %v", err)
	}
	port := freePorts(t)()
	var number uint16
	if _, err := fmt.Sscan(port, &number); err != nil {
		t.Fatal(err)
	}
	cluster, err := pgtest.Start(t.Context(), pgtest.Options{Port: number})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	// The superuser of this cluster has the name that the script is to make.
	execute(t, cluster.DSN("postgres"), "CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'test'")
	execute(t, "postgres://boss:test@127.0.0.1:"+port+"/postgres", "ALTER ROLE callplane RENAME TO first")
	for range 2 {
		cmd := exec.Command("./postgres-init.sh")
		cmd.Env = append(os.Environ(), "PGHOST=127.0.0.1", "PGPORT="+port, "PGPASSWORD=test", "POSTGRES_USER=boss",
			"DATABASE_PASSWORD_FILE="+filepath.Join(secrets, "database_password"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return port
}

// The script for the database's first start makes a user who can do what the controller does and no more.
func TestPostgresInit(t *testing.T) {
	secrets := makeSecrets(t)
	port := database(t, secrets)
	dsn, err := os.ReadFile(filepath.Join(secrets, "database_dsn"))
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(strings.TrimSpace(string(dsn)), ":5432/", ":"+port+"/", 1)
	if err := store.Migrate(t.Context(), url, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("this user can't migrate: %v", err)
	}
	user, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer user.Close(context.WithoutCancel(t.Context()))
	var super, bypass, owner bool
	if err := user.QueryRow(t.Context(), `SELECT rolsuper, rolbypassrls, (SELECT datdba = r.oid FROM pg_database WHERE datname = current_database())
		FROM pg_roles r WHERE rolname = current_user`).Scan(&super, &bypass, &owner); err != nil || super || bypass || !owner {
		t.Errorf("superuser %v, bypasses row-level security %v, owns its database %v, %v", super, bypass, owner, err)
	}
}

func execute(t *testing.T, dsn, query string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), query); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestUnitsAreHardened(t *testing.T) {
	for _, unit := range []string{"callplane.service", "callplane-freeswitch.service"} {
		b, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"User=callplane", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "SystemCallFilter=@system-service",
			"Restart=always", "EnvironmentFile=/etc/callplane/callplane.env"} {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s lacks %s", unit, want)
			}
		}
	}
}

func TestCheckScript(t *testing.T) {
	out, err := exec.Command("./check.sh").CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

func TestControllerScriptMigratesFirst(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "callplane")
	if err := os.WriteFile(bin, []byte("#!/bin/sh\necho \"$@\"\n[ \"$1\" != \"$FAIL\" ]\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, env, want string }{
		{"", "", "migrate\nprompts\nserve\n"},
		{"", "PROMPTS=no", "migrate\nserve\n"},
		{"", "PROMPTS=--studio /x", "migrate\nprompts --studio /x\nserve\n"},
		{"engine-config --dir x", "", "engine-config --dir x\n"},
		{"", "FAIL=migrate", "migrate\n"},
	} {
		cmd := exec.Command("./controller.sh", strings.Fields(tt.args)...)
		cmd.Env = append(os.Environ(), "CONTROLLER_BIN="+bin, tt.env)
		out, err := cmd.Output()
		if string(out) != tt.want || (err != nil) != strings.HasPrefix(tt.env, "FAIL") {
			t.Errorf("%q %q: %q, %v; want %q", tt.args, tt.env, out, err, tt.want)
		}
	}
}

func TestPromptsAndHealthcheckCommands(t *testing.T) {
	dir := makeSecrets(t)
	media := t.TempDir()
	setenv(t, environment(t, dir, map[string]string{"/var/lib/callplane/media": media}))
	// Any program will do as a voice; here one that copies a recording.
	voice := filepath.Join(t.TempDir(), "voice.wav")
	if out, err := exec.Command("espeak-ng", "-w", voice, "one").CombinedOutput(); err != nil {
		t.Fatalf("espeak-ng: %v %s", err, out)
	}
	said, err := run(t, "prompts", "--generator", "cp "+voice+" {file}")
	if err != nil || !strings.Contains(said, " spoken") {
		t.Errorf("%q, %v", said, err)
	}
	if _, err := os.Stat(filepath.Join(media, "prompts/lv/ivr.choose.wav")); err != nil {
		t.Error(err)
	}
	t.Setenv("CALLPLANE_METRICS_LISTEN", "127.0.0.1:"+freePorts(t)())
	if _, err := run(t, "healthcheck"); err == nil {
		t.Error("a controller that does not run is healthy")
	}
}

func TestEnginesInComposeAreJSON(t *testing.T) {
	var engines []map[string]string
	value := interpolate(compose(t).Services["controller"].Environment["CALLPLANE_ENGINES"], map[string]string{"SIP_IP": "192.0.2.1"})
	if err := json.Unmarshal([]byte(value), &engines); err != nil || engines[0]["sip_address"] != "192.0.2.1:5060" {
		t.Errorf("%v, %v", engines, err)
	}
}
