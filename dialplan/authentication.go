package dialplan

import (
	"strings"
	"time"
)

// Authentication is the configuration of an extension that leads those on whom it knows.
type Authentication struct {
	// ByPIN asks for a PIN (EXT-AUTH-01); otherwise the caller's number is looked at (EXT-AUTH-02).
	ByPIN    bool
	Welcome  string // media key; empty: none
	Failed   string // media key of what is heard before the fallback; empty: none
	Language string // empty: the account's
	// Entries by PIN, or by number: E.164 or the begin of one with +, or an extension.
	Entries map[string]LocationTarget
	// Fallback of everybody else.
	Fallback LocationTarget
}

// Kind implements ExtensionConfig.
func (*Authentication) Kind() Kind { return KindAuthentication }

// PINTries is how often a PIN is asked for.
const PINTries = 3

// MatchPIN says what digits pressed so far mean. It never tells before the end of the input that a PIN is
// wrong: that would help to guess one digit after the other.
func (a *Authentication) MatchPIN(digits string) MenuMatch {
	if digits == "" {
		return MenuPartial
	}
	longest, longer := 0, false
	for pin := range a.Entries {
		longest = max(longest, len(pin))
		longer = longer || len(pin) > len(digits) && strings.HasPrefix(pin, digits)
	}
	if _, ok := a.Entries[digits]; ok && !longer || len(digits) >= longest {
		return MenuExact
	}
	return MenuAmbiguous
}

// KnownCaller finds the entry of a caller: the same number, else the longest begin of it.
// Extensions must be the same. key is empty when nobody knows the caller.
func (a *Authentication) KnownCaller(caller string) (to LocationTarget, key string) {
	if to, ok := a.Entries[caller]; ok && caller != "" {
		return to, caller
	}
	if strings.HasPrefix(caller, "+") {
		for n := len(caller) - 1; n > 1; n-- {
			if to, ok := a.Entries[caller[:n]]; ok {
				return to, caller[:n]
			}
		}
	}
	return LocationTarget{}, ""
}

// Picker is the configuration of an extension that lets callers enter the extension they
// want (EXT-PICK-01).
type Picker struct {
	Announcement string // media key; empty: the system's
	Language     string // empty: the account's
	// Ringback lets the caller hear two ringing tones first.
	Ringback bool
	// Timeout for the first digit after the announcement, and for each further one.
	Timeout time.Duration
	// Fallback of no or a wrong entry.
	Fallback LocationTarget
}

// Kind implements ExtensionConfig.
func (*Picker) Kind() Kind { return KindPicker }

// MatchExtension says what digits pressed so far mean as an extension of the account.
func (a *Account) MatchExtension(digits string) MenuMatch {
	switch {
	case digits != "" && !allDigits(digits) || len(digits) > a.ExtensionLength:
		return MenuInvalid
	case len(digits) == a.ExtensionLength:
		return MenuExact
	}
	return MenuPartial
}

// Pick decides whether a caller from outside may have the extension: only users and groups
// can be picked.
func (a *Account) Pick(number string) (ok bool, reason string) {
	e := a.Extensions[number]
	if e == nil {
		return false, "there is no such extension"
	}
	switch e.Config.Kind() {
	case KindUser, KindGroup:
		return true, "extension " + e.Number
	}
	return false, "extension " + e.Number + " can't be picked"
}
