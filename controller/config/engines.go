package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// engineField is one field of an entry of engines.
type engineField struct {
	name, doc string
	secret    bool // may also be given as name_file
	set       func(*Engine, string) error
}

// engineFields in the order in which they are documented.
func engineFields() []engineField {
	text := func(field func(*Engine) *string, parse func(string) (string, error)) func(*Engine, string) error {
		return func(e *Engine, s string) (err error) { *field(e), err = parse(s); return err }
	}
	return []engineField{
		{"name", "Unique; letters, digits, - and _.", false, text(func(e *Engine) *string { return &e.Name }, parseName)},
		{"type", "freeswitch or asterisk.", false, func(e *Engine, s string) error {
			t, err := oneOf(string(FreeSWITCH), string(Asterisk))(s)
			e.Type = EngineType(t)
			return err
		}},
		{"address", "FreeSWITCH: host:port of its event socket. Asterisk: URL of ARI, for example http://127.0.0.1:8088.", false,
			text(func(e *Engine) *string { return &e.Address }, parseText)},
		{"user", "Asterisk: user of ARI.", false, text(func(e *Engine) *string { return &e.User }, parseText)},
		{"password", "Of the event socket or of ARI.", true, text(func(e *Engine) *string { return &e.Password }, parseText)},
		{"application", "Asterisk: name of the Stasis application; default callplane.", false,
			text(func(e *Engine) *string { return &e.Application }, parseName)},
		{"manager_address", "Asterisk: host:port of AMI.", false, text(func(e *Engine) *string { return &e.ManagerAddress }, parseHostPort)},
		{"manager_user", "Asterisk: user of AMI.", false, text(func(e *Engine) *string { return &e.ManagerUser }, parseText)},
		{"manager_password", "Asterisk: password of AMI.", true, text(func(e *Engine) *string { return &e.ManagerPassword }, parseText)},
		{"recording_dir", "Asterisk: the folder recording in its astspooldir.", false, text(func(e *Engine) *string { return &e.RecordingDir }, parsePath)},
		{"trunk_transports", "Asterisk: true when it listens for carriers on a port of their own.", false,
			func(e *Engine, s string) (err error) { e.TrunkTransports, err = parseBool(s); return err }},
		{"sip_address", "address:port where it takes SIP; shown to people, not used for calls.", false,
			func(e *Engine, s string) (err error) { e.SIPAddress, err = optional(parseAddrPort)(s); return err }},
	}
}

// engineSetter finds the setter of a field, or of the file that holds its secret.
func engineSetter(name string) func(*Engine, string) error {
	for _, f := range engineFields() {
		switch {
		case name == f.name:
			return f.set
		case f.secret && name == f.name+fileSuffix:
			return func(e *Engine, s string) error {
				secret, err := readSecret(s)
				if err != nil {
					return err
				}
				return f.set(e, secret)
			}
		}
	}
	return nil
}

// engineFieldNames for people.
func engineFieldNames() string {
	var names []string
	for _, f := range engineFields() {
		names = append(names, f.name)
		if f.secret {
			names = append(names, f.name+fileSuffix)
		}
	}
	return strings.Join(names, ", ")
}

func parseName(s string) (string, error) {
	ok := s != "" && len(s) <= 64
	for i := range len(s) {
		c := s[i]
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			ok = false
		}
	}
	if !ok {
		return "", errors.New("must have 1 to 64 letters, digits, - and _")
	}
	return s, nil
}

// setEngines reads the list of the file, or the same as JSON or YAML text.
func setEngines(c *Config, raw any) error {
	if s, ok := raw.(string); ok {
		raw = nil
		if err := yaml.Unmarshal([]byte(s), &raw); err != nil {
			return errors.New(`must be a JSON list such as [{"name":"fs1","type":"freeswitch","address":"127.0.0.1:8021","password":"…"}]`)
		}
	}
	list, ok := raw.([]any)
	if !ok || len(list) == 0 {
		return errors.New("must be a list with at least one engine")
	}
	var out []Engine
	for i, entry := range list {
		e, err := parseEngine(entry)
		if err != nil {
			return fmt.Errorf("engine %d: %w", i+1, err)
		}
		if slices.ContainsFunc(out, func(o Engine) bool { return o.Name == e.Name }) {
			return fmt.Errorf("engine %d: name %q is used twice", i+1, e.Name)
		}
		out = append(out, e)
	}
	c.Engines = out
	return nil
}

func parseEngine(entry any) (Engine, error) {
	e := Engine{Application: "callplane"}
	m, err := stringMap(entry)
	if err != nil {
		return e, err
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		set := engineSetter(strings.ToLower(name))
		if set == nil {
			return e, fmt.Errorf("%q is not one of %s", name, engineFieldNames())
		}
		if _, both := m[name+fileSuffix]; both {
			return e, fmt.Errorf("%s and %s exclude each other", name, name+fileSuffix)
		}
		s, err := scalar(m[name])
		if err == nil {
			err = set(&e, s)
		}
		if err != nil {
			return e, fmt.Errorf("%s %w", strings.ToLower(name), err)
		}
	}
	return e, checkEngine(e)
}

func checkEngine(e Engine) error {
	switch {
	case e.Name == "":
		return errors.New("name is missing")
	case e.Type == "":
		return errors.New("type is missing: freeswitch or asterisk")
	case e.Password == "":
		return errors.New("password or password_file is missing")
	}
	switch e.Type {
	case FreeSWITCH:
		if _, err := parseHostPort(e.Address); err != nil || strings.HasPrefix(e.Address, ":") {
			return errors.New("address must be host:port of the event socket, such as 127.0.0.1:8021")
		}
	case Asterisk:
		u, err := url.Parse(e.Address)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return errors.New("address must be the URL of ARI, such as http://127.0.0.1:8088")
		}
		switch {
		case e.User == "":
			return errors.New("user of ARI is missing")
		case e.ManagerAddress == "":
			return errors.New("manager_address is missing: host:port of AMI")
		case e.ManagerUser == "":
			return errors.New("manager_user of AMI is missing")
		case e.ManagerPassword == "":
			return errors.New("manager_password or manager_password_file of AMI is missing")
		case e.RecordingDir == "":
			return errors.New("recording_dir is missing: the folder recording in Asterisk's astspooldir")
		}
	}
	return nil
}

func stringMap(v any) (map[string]any, error) {
	switch m := v.(type) {
	case map[string]any:
		return m, nil
	case map[any]any:
		out := make(map[string]any, len(m))
		for k, e := range m {
			out[fmt.Sprint(k)] = e
		}
		return out, nil
	}
	return nil, errors.New("must be a map with name, type, address, password")
}

// maxSecret is the size of a secret's file; anything longer is not one.
const maxSecret = 64 << 10

// readSecret reads a file that holds one secret; white space around it is not part of it.
func readSecret(path string) (string, error) {
	st, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("must name a file that can be read: %w", err)
	}
	if !st.Mode().IsRegular() || st.Size() > maxSecret {
		return "", fmt.Errorf("must name a regular file of at most %d bytes", maxSecret)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("must name a file that can be read: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
