package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

const good = `
sip: {domain: Sip.Example.COM}
http: {token: 0123456789abcdef}
database: {dsn: "postgres://u:p@127.0.0.1/callplane"}
engines:
  - {name: fs1, type: freeswitch, address: "127.0.0.1:8021", password: s3cret}
  - {name: ast1, type: asterisk, address: "http://127.0.0.1:8088", user: ari, password: s3cret, sip_address: "127.0.0.1:5060",
     manager_address: "127.0.0.1:5038", manager_user: ami, manager_password: s3cret, recording_dir: /var/spool/asterisk/recording}
`

func load(t *testing.T, file string, env ...string) (*Config, error) {
	t.Helper()
	c, _, err := Load(Sources{File: []byte(file), Name: "callplane.yaml", Environ: env})
	return c, err
}

func TestDefaultsAreValid(t *testing.T) {
	c, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	if c.Log.Level != slog.LevelInfo || c.HTTP.Listen != netip.MustParseAddrPort("127.0.0.1:8091") ||
		c.Limits.CallSetup != 10*time.Minute || c.SIP.Domain != "sip.example.com" || c.Metrics.Listen != "127.0.0.1:9091" {
		t.Errorf("wrong defaults: %+v", c)
	}
	want := []Engine{
		{Name: "fs1", Type: FreeSWITCH, Address: "127.0.0.1:8021", Password: "s3cret", Application: "callplane"},
		{Name: "ast1", Type: Asterisk, Address: "http://127.0.0.1:8088", User: "ari", Password: "s3cret", Application: "callplane",
			SIPAddress:     netip.MustParseAddrPort("127.0.0.1:5060"),
			ManagerAddress: "127.0.0.1:5038", ManagerUser: "ami", ManagerPassword: "s3cret", RecordingDir: "/var/spool/asterisk/recording"},
	}
	if !reflect.DeepEqual(c.Engines, want) {
		t.Errorf("engines: %+v", c.Engines)
	}
}

func TestPrecedence(t *testing.T) {
	fs := pflag.NewFlagSet("x", pflag.ContinueOnError)
	Flags(fs)
	if err := fs.Parse([]string{"--log.level", "error", "--http.allow_remote"}); err != nil {
		t.Fatal(err)
	}
	c, warn, err := Load(Sources{
		File:    []byte(good + "log: {level: debug, format: json}\nlimits: {hops: 7}\n"),
		Environ: []string{"CALLPLANE_LOG_LEVEL=warn", "CALLPLANE_LIMITS_HOPS=9", "CALLPLANE_METRICS_LISTEN=", "CALLPLANE_LOG_LEVLE=x", "HOME=/"},
		Flags:   fs,
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Log.Level != slog.LevelError || c.Log.Format != "json" || c.Limits.Hops != 9 || !c.HTTP.AllowRemote || c.Metrics.Listen != "" {
		t.Errorf("%+v", c)
	}
	if len(warn) != 1 || !strings.Contains(warn[0], "CALLPLANE_LOG_LEVLE") {
		t.Errorf("warnings %q", warn)
	}
}

func TestEnginesFromEnvironment(t *testing.T) {
	c, err := load(t, strings.Split(good, "engines:")[0],
		`CALLPLANE_ENGINES=[{"name":"fs","type":"freeswitch","address":"fs:8021","password":"x"}]`)
	if err != nil || len(c.Engines) != 1 || c.Engines[0].Address != "fs:8021" {
		t.Fatalf("%+v %v", c, err)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	token, pw := file("token", "abcdefghijklmnop-token\n"), file("pw", "engine-pw\n")
	yaml := "sip: {domain: 127.0.0.1}\ndatabase: {dsn: postgres:///x}\nengines: [{name: a, type: freeswitch, address: '127.0.0.1:1', password_file: " + pw + "}]\n"
	c, err := load(t, yaml, "CALLPLANE_HTTP_TOKEN_FILE="+token, "CALLPLANE_HTTP_TOKEN=")
	if err != nil || c.HTTP.Token != "abcdefghijklmnop-token" || c.Engines[0].Password != "engine-pw" {
		t.Fatalf("%+v %v", c, err)
	}
	for name, tc := range map[string][]string{
		"both":      {"CALLPLANE_HTTP_TOKEN_FILE=" + token, "CALLPLANE_HTTP_TOKEN=abcdefghijklmnop-token"},
		"missing":   {"CALLPLANE_HTTP_TOKEN_FILE=" + dir + "/none"},
		"directory": {"CALLPLANE_HTTP_TOKEN_FILE=" + dir},
		"wrong":     {"CALLPLANE_HTTP_TOKEN_FILE=" + file("short", "abc")},
	} {
		if _, err := load(t, yaml, tc...); err == nil || !strings.Contains(err.Error(), "http.token") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every refusal names the key and says what is expected.
func TestWrongValues(t *testing.T) {
	for _, tc := range []struct{ yaml, key, want string }{
		{"log: {level: loud}", "log.level", "one of debug, info, warn, error"},
		{"log: {format: xml}", "log.format", "one of text, json"},
		{"log: {levle: info}", "log.levle", "did you mean log.level?"},
		{"log: info", "log", "is not a key"},
		{"nonsense: 1", "nonsense", "is not a key"},
		{"nonsense:", "nonsense", "is not a key"},
		{"http: {listen: 0.0.0.0:8091}", "http.listen", "loopback"},
		{"http: {listen: localhost:1}", "http.listen", "IP address and a port"},
		{"http: {allow_remote: maybe}", "http.allow_remote", "true or false"},
		{"http: {token: short}", "http.token", "16 to 256"},
		{"http: {token: '0123456789abc/../x'}", "http.token", "16 to 256"},
		{"http: {token: [a, b]}", "http.token", "single value"},
		{"api: {listen: '8080'}", "api.listen", "host and a port"},
		{"api: {listen: 'a:99999'}", "api.listen", "host and a port"},
		{"api: {tls_cert: /x}", "api.tls_cert", "both or neither"},
		{"api: {max_body: 10}", "api.max_body", "from 1024 to"},
		{"api: {rate_limit: -1}", "api.rate_limit", "from 0 to"},
		{"metrics: {listen: x}", "metrics.listen", "host and a port"},
		{"database: {dsn: mysql://x}", "database.dsn", "postgres://"},
		{"database: {max_conns: 1.5}", "database.max_conns", "whole number"},
		{"database: {min_conns: 11}", "database.min_conns", "database.max_conns"},
		{"database: {connect_timeout: 5}", "database.connect_timeout", "duration with its unit"},
		{"database: {statement_timeout: 2h}", "database.statement_timeout", "to 1h"},
		{"store: {spool_dir: ''}", "store.spool_dir", "must be a path"},
		{`store: {cache_file: "a\0b"}`, "store.cache_file", "must be a path"},
		{"media: {language: fr}", "media.language", "one of en, nl, de, es, lv"},
		{"media: {dir: ''}", "media.dir", "must be a path"},
		{"sip: {domain: 'a b'}", "sip.domain", "host name"},
		{"sip: {domain: ''}", "sip.domain", "is required"},
		{"sip: {domain: 'sip:x@y'}", "sip.domain", "host name"},
		{"limits: {hops: 0}", "limits.hops", "from 1 to"},
		{"limits: {call_setup: 1s}", "limits.call_setup", "from 10s"},
		{"limits: {dial_chars: 5}", "limits.dial_chars", "from 20"},
		{"security: {auth_failures: many}", "security.auth_failures", "whole number"},
		{"security: {auth_window: 0s}", "security.auth_window", "from 1s"},
		{"security: {block: forever}", "security.block", "duration"},
		{"security: {block: 2h, block_max: 1h}", "security.block_max", "shorter than security.block"},
		{"security: {allow: [10.0.0.0/8, 300.1.1.1]}", "security.allow", "entry 2"},
		{"security: {allow: {a: b}}", "security.allow.a", "is not a key"},
		{"security: {max_tracked: 1}", "security.max_tracked", "from 100"},
		{"engines: []", "engines", "at least one"},
		{"engines: {}", "engines", "is required"},
		{"engines: fs", "engines", "at least one"},
		{"engines: [1]", "engines", "engine 1: must be a map"},
		{"engines: [{type: freeswitch, address: 'a:1', password: x}]", "engines", "engine 1: name is missing"},
		{"engines: [{name: a b, type: freeswitch, address: 'a:1', password: x}]", "engines", "engine 1: name must have"},
		{"engines: [{name: a, type: yate, address: 'a:1', password: x}]", "engines", "engine 1: type must be one of freeswitch, asterisk"},
		{"engines: [{name: a, address: 'a:1', password: x}]", "engines", "type is missing"},
		{"engines: [{name: a, type: freeswitch, address: 'a', password: x}]", "engines", "host:port"},
		{"engines: [{name: a, type: freeswitch, address: 'a:1'}]", "engines", "password or password_file"},
		{"engines: [{name: a, type: asterisk, address: 'a:1', user: u, password: x}]", "engines", "URL of ARI"},
		{"engines: [{name: a, type: asterisk, address: 'http://a:1', password: x}]", "engines", "user of ARI"},
		{"engines: [{name: a, type: asterisk, address: 'http://a:1', user: u, password: x}]", "engines", "manager_address"},
		{"engines: [{name: a, type: asterisk, address: 'http://a:1', user: u, password: x, manager_address: 'a:2', manager_user: u, manager_password: x}]", "engines", "recording_dir"},
		{"engines: [{name: a, type: freeswitch, address: 'a:1', password: x, sip_address: b}]", "engines", "sip_address must be"},
		{"engines: [{name: a, type: freeswitch, address: 'a:1', password: x, application: 'x y'}]", "engines", "application must have"},
		{"engines: [{name: a, type: freeswitch, address: 'a:1', password: x, password_file: y}]", "engines", "exclude each other"},
		{"engines: [{name: a, type: freeswitch, address: 'a:1', password: x, trunk_transports: maybe}]", "engines", "trunk_transports must be true or false"},
		{"engines: [{name: a, type: asterisk, address: 'http://a:1', user: u, password: x}]", "engines", "manager_address is missing"},
		{"engines: [{name: a, type: asterisk, address: 'http://a:1', user: u, password: x, manager_address: a}]", "engines", "manager_address must be"},
		{"engines: [{name: a, type: asterisk, address: 'http://a:1', user: u, password: x, manager_address: 'a:1'}]", "engines", "manager_user of AMI"},
		{"engines: [{name: a, type: asterisk, address: 'http://a:1', user: u, password: x, manager_address: 'a:1', manager_user: u}]", "engines", "manager_password or"},
		{"engines: [{name: a, type: asterisk, address: 'http://a:1', user: u, password: x, manager_address: 'a:1', manager_user: u, manager_password: p}]", "engines", "recording_dir is missing"},
		{"engines: [{name: a, type: freeswitch, address: 'a:1', pasword: x}]", "engines", `"pasword" is not one of`},
		{"engines: [{name: a, type: freeswitch, address: 'a:1', password_file: /nonexistent}]", "engines", "password_file must name"},
		{"engines: [{name: a, type: freeswitch, address: 'a:1', password: x}, {name: a, type: freeswitch, address: 'a:1', password: x}]", "engines", "used twice"},
		{"a: [", "config", "YAML"},
	} {
		t.Run(tc.yaml, func(t *testing.T) {
			_, err := load(t, merge(tc.yaml))
			if err == nil {
				t.Fatal("accepted")
			}
			var ke *KeyError
			if !errors.As(err, &ke) || ke.Key != tc.key || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("want %s … %q, got %v", tc.key, tc.want, err)
			}
		})
	}
}

// merge puts a wrong section in the place of the good one.
func merge(y string) string {
	section, _, _ := strings.Cut(y, ":")
	out := y + "\n"
	for name, text := range map[string]string{
		"sip":      "sip: {domain: a.example}",
		"http":     "http: {token: 0123456789abcdef}",
		"database": "database: {dsn: postgres:///x}",
		"engines":  "engines: [{name: a, type: freeswitch, address: '127.0.0.1:1', password: x}]",
	} {
		if name != section {
			out += text + "\n"
		} else if name == "http" && !strings.Contains(y, "token") {
			out = strings.Replace(out, "{", "{token: 0123456789abcdef, ", 1)
		} else if name == "database" && !strings.Contains(y, "dsn") {
			out = strings.Replace(out, "{", "{dsn: postgres:///x, ", 1)
		}
	}
	return out
}

func TestMissingKeysAreAllNamed(t *testing.T) {
	_, err := load(t, "")
	for _, key := range []string{"http.token", "database.dsn", "sip.domain", "engines"} {
		if err == nil || !strings.Contains(err.Error(), key+": is required") {
			t.Errorf("%s is not named: %v", key, err)
		}
	}
}

func TestSecretsAreNotInErrors(t *testing.T) {
	_, err := load(t, "http: {token: hush!!hush!!hush!!}\ndatabase: {dsn: 'http://hush'}\nengines: [{name: x, type: freeswitch, password: hush}]\n")
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	md, env := Markdown(), EnvFile()
	fs := pflag.NewFlagSet("x", pflag.ContinueOnError)
	Flags(fs)
	seen := make(map[string]bool)
	for _, k := range Keys() {
		if k.Doc == "" || k.Type == "" || k.set == nil {
			t.Errorf("%s is incomplete", k.Name)
		}
		if seen[k.Name] {
			t.Errorf("%s is there twice", k.Name)
		}
		seen[k.Name] = true
		if !strings.Contains(md, "`"+k.Name+"`") || !strings.Contains(env, k.Env()+"=") {
			t.Errorf("%s is missing in the documents", k.Name)
		}
		flag := k.Name
		if k.Secret {
			flag += "_file"
		}
		if fs.Lookup(flag) == nil {
			t.Errorf("%s has no flag", k.Name)
		}
	}
	for _, k := range Keys() {
		if _, name, ok := strings.Cut(k.Name, "."); ok && !strings.Contains(Example(), name) {
			t.Errorf("%s is not in the example", k.Name)
		}
	}
	// Commented out or not, what the example says is right.
	uncommented := regexp.MustCompile(`(?m)^(\s*)#([a-z_]+: \S)`).ReplaceAllString(Example(), "$1$2")
	uncommented = regexp.MustCompile(`(?m)^  #(-|  [a-z])`).ReplaceAllString(uncommented, "  $1")
	uncommented = strings.NewReplacer("manager_password_file", "manager_password", "/etc/callplane/ami.password", "x").Replace(uncommented)
	if _, err := load(t, strings.NewReplacer(
		"token_file: /etc/callplane/token", "token: 0123456789abcdef", "password_file: /etc/callplane/fs1.password", "password: x",
		"password_file: /etc/callplane/ari.password", "password: x").Replace(uncommented)); err != nil {
		t.Errorf("the example is wrong: %v\n%s", err, uncommented)
	}
	if _, err := load(t, strings.NewReplacer(
		"token_file: /etc/callplane/token", "token: 0123456789abcdef",
		"password_file: /etc/callplane/fs1.password", "password: x").Replace(Example())); err != nil {
		t.Errorf("the example is wrong: %v", err)
	}
}

func TestOpen(t *testing.T) {
	p := filepath.Join(t.TempDir(), "c.yaml")
	fs := pflag.NewFlagSet("x", pflag.ContinueOnError)
	Flags(fs)
	if err := fs.Parse([]string{"--config", p}); err != nil {
		t.Fatal(err)
	}
	var ke *KeyError
	if _, _, err := Open(fs); !errors.As(err, &ke) || ke.Key != "config" {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(p, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, _, err := Open(fs); err != nil || c.SIP.Domain != "sip.example.com" {
		t.Errorf("%v", err)
	}
}

// Whatever the file and the environment hold, Load says which key is wrong and does not panic.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(good), "CALLPLANE_LOG_LEVEL=debug")
	f.Add([]byte("log.level: debug\nlog: {level: 1}\n1: 2\n"), "CALLPLANE_ENGINES=[{}]\nCALLPLANE_SECURITY_ALLOW=1,::/0")
	f.Add([]byte("a: &a [*a]\n? [x]\n: y\n"), "")
	f.Add([]byte("engines: [{1: 2, name: [x]}, null]\nsip:\n"), "CALLPLANE_=\nCALLPLANE_HTTP_TOKEN_FILE=/dev/zero")
	f.Add([]byte("security: {allow: 2001-01-01}\nhttp: {token: !!binary aGVsbG8=}\n"), "CALLPLANE_HTTP_LISTEN=[::1%lo]:1")
	f.Fuzz(func(t *testing.T, file []byte, env string) {
		c, _, err := Load(Sources{File: file, Name: "f", Environ: strings.Split(env, "\n")})
		if err == nil {
			if c.SIP.Domain == "" || len(c.Engines) == 0 || c.HTTP.Token == "" {
				t.Fatalf("incomplete: %+v", c)
			}
			return
		}
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok {
			t.Fatalf("not a list of key errors: %v", err)
		}
		for _, e := range joined.Unwrap() {
			var ke *KeyError
			if !errors.As(e, &ke) || ke.Key == "" && !strings.Contains(ke.Problem, "not a key") {
				t.Fatalf("names no key: %v", e)
			}
		}
	})
}

// docs/configuration.md is what callplane config markdown prints.
func TestDocumentIsCurrent(t *testing.T) {
	got, err := os.ReadFile("../../docs/configuration.md")
	if errors.Is(err, os.ErrNotExist) {
		return // not written yet
	}
	if err != nil || string(got) != Markdown() {
		t.Errorf("docs/configuration.md is not what the table of keys says (%v): write it anew with callplane config markdown", err)
	}
}
