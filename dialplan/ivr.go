package dialplan

import (
	"strings"
	"time"
)

// IVR is the configuration of a menu.
type IVR struct {
	// Announcement is the media key of what the caller hears; empty: the system's
	// "make your choice".
	Announcement string
	Language     string // empty: the account's
	MaxDigits    int    // 1–6
	Options      map[string]IVROption
	// Tries is how often the announcement is played in all; at least 1.
	Tries int
	// FirstDigit is how long to wait after the announcement; InterDigit between digits.
	FirstDigit time.Duration
	InterDigit time.Duration
	// Fallback after the last try; none: hang up.
	Fallback       Destination
	FallbackPrefix string
}

// Kind implements ExtensionConfig.
func (*IVR) Kind() Kind { return KindIVR }

// IVROption is one choice of a menu.
type IVROption struct {
	Prefix      string
	Destination Destination
}

// MenuMatch is what digits pressed so far mean in a menu.
type MenuMatch uint8

// Matches.
const (
	// MenuInvalid: no option begins with these digits.
	MenuInvalid MenuMatch = iota + 1
	// MenuPartial: an option begins with these digits, none is exactly these: wait.
	MenuPartial
	// MenuAmbiguous: one option is exactly these digits and a longer one begins with them:
	// wait for more; the inter-digit timeout or # takes the shorter.
	MenuAmbiguous
	// MenuExact: take the option now.
	MenuExact
)

// Match says what the digits pressed so far mean (EXT-IVR-02).
func (m *IVR) Match(digits string) MenuMatch {
	if digits == "" {
		if len(m.Options) == 0 {
			return MenuInvalid
		}
		return MenuPartial
	}
	_, exact := m.Options[digits]
	longer := false
	if len(digits) < m.MaxDigits {
		for o := range m.Options {
			if len(o) > len(digits) && len(o) <= m.MaxDigits && o[:len(digits)] == digits {
				longer = true
				break
			}
		}
	}
	switch {
	case len(digits) > m.MaxDigits:
		return MenuInvalid
	case exact && longer:
		return MenuAmbiguous
	case exact:
		return MenuExact
	case longer:
		return MenuPartial
	}
	return MenuInvalid
}

// MatchKey is Match of a menu whose options are single keys.
func MatchKey(keys, digits string) MenuMatch {
	switch {
	case digits == "":
		return MenuPartial
	case len(digits) == 1 && strings.Contains(keys, digits):
		return MenuExact
	}
	return MenuInvalid
}

// MatchNumber takes a number of up to 20 digits, which # or a pause ends.
func MatchNumber(digits string) MenuMatch {
	switch {
	case digits == "":
		return MenuPartial
	case !allDigits(digits) || len(digits) > 20:
		return MenuInvalid
	}
	return MenuAmbiguous
}
