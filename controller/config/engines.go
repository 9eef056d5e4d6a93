package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// engineFields of an entry of engines, each with its setter.
func engineFields(readFile func(string) (string, error)) map[string]func(*Engine, string) error {
	return map[string]func(*Engine, string) error{
		"name": func(e *Engine, s string) (err error) { e.Name, err = parseName(s); return },
		"type": func(e *Engine, s string) error {
			t, err := oneOf(string(FreeSWITCH), string(Asterisk))(s)
			e.Type = EngineType(t)
			return err
		},
		"address":     func(e *Engine, s string) (err error) { e.Address, err = parseText(s); return },
		"user":        func(e *Engine, s string) (err error) { e.User, err = parseText(s); return },
		"password":    func(e *Engine, s string) (err error) { e.Password, err = parseText(s); return },
		"application": func(e *Engine, s string) (err error) { e.Application, err = parseName(s); return },
		"sip_address": func(e *Engine, s string) (err error) {
			e.SIPAddress, err = optional(parseAddrPort)(s)
			return
		},
		"manager_address":  func(e *Engine, s string) (err error) { e.ManagerAddress, err = parseHostPort(s); return },
		"manager_user":     func(e *Engine, s string) (err error) { e.ManagerUser, err = parseText(s); return },
		"manager_password": func(e *Engine, s string) (err error) { e.ManagerPassword, err = parseText(s); return },
		"recording_dir":    func(e *Engine, s string) (err error) { e.RecordingDir, err = parseText(s); return },
		"trunk_transports": func(e *Engine, s string) (err error) { e.TrunkTransports, err = strconv.ParseBool(s); return },
		"password_file": func(e *Engine, s string) error {
			if e.Password != "" {
				return errors.New("password and password_file exclude each other")
			}
			t, err := readFile(s)
			if err != nil {
				return err
			}
			e.Password, err = parseText(t)
			return err
		},
	}
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
	fields := engineFields(readSecret)
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names) // password before password_file
	for _, name := range names {
		set := fields[strings.ToLower(name)]
		if set == nil {
			known := make([]string, 0, len(fields))
			for f := range fields {
				known = append(known, f)
			}
			slices.Sort(known)
			return e, fmt.Errorf("%q is not one of %s", name, strings.Join(known, ", "))
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
		case e.ManagerAddress == "" || e.ManagerUser == "" || e.ManagerPassword == "":
			return errors.New("manager_address, manager_user and manager_password (AMI) are missing")
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
