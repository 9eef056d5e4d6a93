package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// DefaultFile is read when no other file is named and it exists.
const DefaultFile = "/etc/callplane/callplane.yaml"

// Sources are where values come from. The zero value reads nothing: the defaults only.
type Sources struct {
	File    []byte         // the YAML file's content
	Name    string         // the file's name, for messages
	Environ []string       // NAME=value, as os.Environ gives it
	Flags   *pflag.FlagSet // with the flags of Flags, parsed; may be nil
}

// Flags adds a flag for the file (--config) and one for each key. Secrets can't be given in
// a flag, which every user of the machine can read: they have --key_file.
func Flags(fs *pflag.FlagSet) {
	fs.String("config", "", "configuration file (default "+DefaultFile+" if it exists; environment "+EnvPrefix+"CONFIG)")
	for _, k := range Keys() {
		if k.Secret {
			fs.Var(&flagValue{typ: "file"}, k.Name+fileSuffix, k.Doc+" In a file.")
			continue
		}
		f := fs.VarPF(&flagValue{text: k.Default, typ: k.Type}, k.Name, "", k.Doc)
		if k.Type == "true or false" {
			f.NoOptDefVal = "true"
		}
	}
}

// flagValue holds text; it is checked with all other sources.
type flagValue struct{ text, typ string }

func (f *flagValue) String() string     { return f.text }
func (f *flagValue) Set(s string) error { f.text = s; return nil }
func (f *flagValue) Type() string       { return f.typ }

// fileSuffix of a key whose value is the name of a file with the secret.
const fileSuffix = "_file"

// Open finds the configuration file (flag, environment, DefaultFile), reads it and loads all.
func Open(flags *pflag.FlagSet) (*Config, []string, error) {
	src := Sources{Environ: os.Environ(), Flags: flags}
	name, named := os.Getenv(EnvPrefix+"CONFIG"), true
	if flags != nil && flags.Changed("config") {
		name, _ = flags.GetString("config")
	}
	if name == "" {
		name, named = DefaultFile, false
	}
	b, err := os.ReadFile(name)
	switch {
	case err == nil:
		src.File, src.Name = b, name
	case named || !errors.Is(err, os.ErrNotExist):
		return nil, nil, &KeyError{Key: "config", Problem: fmt.Sprintf("the file can't be read: %v", err)}
	}
	return Load(src)
}

// Load puts the sources together and checks all of it. Its error joins one *KeyError for
// each wrong key. The warnings name environment variables that look like a key and are none.
func Load(src Sources) (cfg *Config, warnings []string, err error) {
	layers, errs := readLayers(src)
	c := &Config{}
	for _, k := range Keys() {
		raw, from, err := layers.find(k)
		if err == nil {
			err = apply(c, k, raw, from)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		if err := c.check(); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, layers.warnings(), errors.Join(errs...)
	}
	return c, layers.warnings(), nil
}

func apply(c *Config, k Key, raw any, from string) error {
	if empty(raw) {
		switch {
		case k.Required:
			return &KeyError{k.Name, from, "is required: " + k.Type}
		case k.Default == "" || from != "": // written empty on purpose
			raw = ""
			if k.Default == "" {
				return nil
			}
		default:
			raw, from = k.Default, "default"
		}
	}
	if err := k.set(c, raw); err != nil {
		problem := err.Error()
		if s, serr := scalar(raw); serr == nil && !k.Secret {
			problem = fmt.Sprintf("%.100q %s", s, problem)
		}
		return &KeyError{k.Name, from, problem}
	}
	return nil
}

func empty(raw any) bool {
	s, ok := raw.(string)
	return raw == nil || ok && strings.TrimSpace(s) == ""
}

// layers are the sources in order of precedence.
type layers struct {
	flags *pflag.FlagSet
	env   map[string]string // by name without prefix
	file  map[string]any    // by key, lower case
	name  string
}

func readLayers(src Sources) (*layers, []error) {
	l := &layers{flags: src.Flags, env: make(map[string]string), name: src.Name}
	if l.name == "" {
		l.name = "file"
	}
	for _, e := range src.Environ {
		name, value, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, EnvPrefix) {
			l.env[strings.TrimPrefix(name, EnvPrefix)] = value
		}
	}
	var errs []error
	l.file, errs = readFile(src.File, l.name)
	return l, errs
}

// readFile flattens the YAML file into dotted keys and refuses those that are not in the table.
func readFile(content []byte, name string) (map[string]any, []error) {
	flat := make(map[string]any)
	if len(bytes.TrimSpace(content)) == 0 {
		return flat, nil
	}
	v := viper.New()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(bytes.NewReader(content)); err != nil {
		return flat, []error{&KeyError{"config", name, "is not valid YAML: " + err.Error()}}
	}
	known := make(map[string]bool)
	for _, k := range Keys() {
		known[k.Name] = true
		if k.Secret {
			known[k.Name+fileSuffix] = true
		}
	}
	var errs []error
	keys := v.AllKeys()
	slices.Sort(keys)
	for _, key := range keys {
		if sections()[key] && v.Get(key) == nil {
			continue // a section in which all is commented out
		}
		if !known[key] {
			errs = append(errs, &KeyError{key, name, "is not a key" + suggest(key)})
			continue
		}
		flat[key] = v.Get(key)
	}
	// A map or a scalar where keys are expected (log: debug, http.token: {…}) shows up above
	// as an unknown key; a section without content (log:) is nothing.
	for section := range v.AllSettings() {
		if x := v.Get(section); x == nil && !known[section] && !sections()[section] {
			errs = append(errs, &KeyError{section, name, "is not a key" + suggest(section)})
		}
	}
	return flat, errs
}

func sections() map[string]bool {
	out := make(map[string]bool)
	for _, k := range Keys() {
		if s, _, ok := strings.Cut(k.Name, "."); ok {
			out[s] = true
		}
	}
	return out
}

// suggest finds the key that was probably meant.
func suggest(wrong string) string {
	best, score := "", 4
	for _, k := range Keys() {
		if d := distance(wrong, k.Name); d < score {
			best, score = k.Name, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is the number of edits between two names (Levenshtein), capped: names of
// very different length are far apart.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// find returns the value of a key from the first layer that has it, and where it is from.
func (l *layers) find(k Key) (raw any, from string, err error) {
	type layer struct {
		source string
		get    func(name string) (any, bool)
	}
	envName := func(key string) string { return strings.ToUpper(strings.ReplaceAll(key, ".", "_")) }
	for _, y := range []layer{
		{"flag --", func(name string) (any, bool) {
			if l.flags == nil || l.flags.Lookup(name) == nil || !l.flags.Changed(name) {
				return nil, false
			}
			return l.flags.Lookup(name).Value.String(), true
		}},
		{"environment " + EnvPrefix, func(name string) (any, bool) { v, ok := l.env[envName(name)]; return v, ok }},
		{l.name + " ", func(name string) (any, bool) { v, ok := l.file[name]; return v, ok }},
	} {
		show := func(name string) string {
			if strings.HasPrefix(y.source, "environment") {
				name = envName(name)
			}
			if y.source == l.name+" " {
				return l.name
			}
			return y.source + name
		}
		value, ok := y.get(k.Name)
		if k.Secret {
			path, inFile := y.get(k.Name + fileSuffix)
			if inFile && !empty(path) {
				if ok && !empty(value) {
					return nil, "", &KeyError{k.Name, show(k.Name), "is given together with " + k.Name + fileSuffix + ": give one of them"}
				}
				p, err := scalar(path)
				if err == nil {
					p, err = readSecret(p)
				}
				if err != nil {
					return nil, "", &KeyError{k.Name + fileSuffix, show(k.Name + fileSuffix), err.Error()}
				}
				return p, show(k.Name + fileSuffix), nil
			}
		}
		if ok {
			return value, show(k.Name), nil
		}
	}
	return nil, "", nil
}

func (l *layers) warnings() []string {
	known := map[string]bool{"CONFIG": true}
	for _, k := range Keys() {
		n := strings.TrimPrefix(k.Env(), EnvPrefix)
		known[n] = true
		if k.Secret {
			known[n+strings.ToUpper(fileSuffix)] = true
		}
	}
	var out []string
	for n := range l.env {
		if !known[n] {
			out = append(out, "environment variable "+EnvPrefix+n+" is not a key and has no effect")
		}
	}
	slices.Sort(out)
	return out
}
