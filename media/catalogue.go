package media

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"callplane/dialplan"
)

//go:embed prompts.yaml
var system []byte

// Catalogue holds the texts of prompts: by key, then by language.
type Catalogue map[string]map[string]string

// keyPattern is also what keeps a key from leaving its folder.
var keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*$`)

const maxKey = 100 // bytes

func validKey(key string) bool { return len(key) <= maxKey && keyPattern.MatchString(key) }

// SystemCatalogue is the system's own: prompts.yaml.
func SystemCatalogue() (Catalogue, error) { return ParseCatalogue(system) }

// ParseCatalogue reads a catalogue in the form of prompts.yaml. An error names the key and the language.
func ParseCatalogue(data []byte) (Catalogue, error) {
	var file struct {
		Prompts map[string]map[string]string `yaml:"prompts"`
		Series  map[string]int               `yaml:"series"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("read prompt catalogue: %w", err)
	}
	c := Catalogue{}
	for key, texts := range file.Prompts {
		if !validKey(key) {
			return nil, fmt.Errorf("prompt catalogue: %q can't be a key", key)
		}
		for lang := range texts {
			if !slices.Contains(dialplan.Languages(), lang) {
				return nil, fmt.Errorf("prompt catalogue: %s has a text in %q, which is no language of the system", key, lang)
			}
		}
		for _, lang := range dialplan.Languages() {
			if texts[lang] == "" {
				return nil, fmt.Errorf("prompt catalogue: %s has no text in %s", key, lang)
			}
		}
		c[key] = texts
	}
	for name, last := range file.Series {
		if !validKey(name) || last < 0 || last > 999 {
			return nil, fmt.Errorf("prompt catalogue: series %q up to %d can't be", name, last)
		}
		for n := range last + 1 {
			s := strconv.Itoa(n)
			texts := make(map[string]string, len(dialplan.Languages()))
			for _, lang := range dialplan.Languages() {
				texts[lang] = s
			}
			if c[name+"."+s] != nil {
				return nil, fmt.Errorf("prompt catalogue: %s.%s is in the series %s already", name, s, name)
			}
			c[name+"."+s] = texts
		}
	}
	return c, nil
}

// Keys of the catalogue in order.
func (c Catalogue) Keys() []string { return slices.Sorted(maps.Keys(c)) }

// SayDigits are the keys that read out digits, * and # one by one; other characters are left out.
func SayDigits(s string) []string {
	keys := make([]string, 0, len(s))
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			keys = append(keys, "digit."+string(r))
		case r == '*':
			keys = append(keys, "digit.star")
		case r == '#':
			keys = append(keys, "digit.hash")
		}
	}
	return keys
}

// SayNumber are the keys that say a number: 0 to 99 as a word, others digit by digit.
func SayNumber(n int) []string {
	if n >= 0 && n <= 99 {
		return []string{"number." + strconv.Itoa(n)}
	}
	return SayDigits(strconv.Itoa(n))
}
