package dialplan

import (
	"strings"
	"time"
)

// Feature is what a sequence of digits asks for during a conversation (SYS-STAR).
type Feature string

// Features.
const (
	FeaturePark         Feature = "park"           // *6
	FeatureAssist       Feature = "assist"         // *4: the assistant listens from now on
	FeatureAssistNoMore Feature = "assist-no-more" // *5
	FeatureHold         Feature = "hold"           // ##
)

// featureCodes of every country.
func featureCodes() map[string]Feature {
	return map[string]Feature{"*6": FeaturePark, "##": FeatureHold, "*4": FeatureAssist, "*5": FeatureAssistNoMore}
}

// FeatureDigits is how long to wait for the next digit of a code.
const FeatureDigits = 3 * time.Second

// FeatureMatcher finds codes in the digits that somebody presses during a conversation. The zero value is ready.
type FeatureMatcher struct{ keys codes }

// Press takes the next digit and tells the code that it completes. Digits that come too late, or that no code has, begin anew.
func (m *FeatureMatcher) Press(digit byte, at time.Time) (Feature, bool) {
	code, ok := m.keys.press(digit, at, func(yield func(string) bool) {
		for code := range featureCodes() {
			if !yield(code) {
				return
			}
		}
	})
	return featureCodes()[code], ok
}

// codes finds codes in a row of digits.
type codes struct {
	digits string
	last   time.Time
}

func (m *codes) press(digit byte, at time.Time, all func(yield func(string) bool)) (code string, ok bool) {
	if m.digits != "" && at.Sub(m.last) > FeatureDigits {
		m.digits = ""
	}
	m.last = at
	m.digits += string(rune(digit))
	for ; m.digits != ""; m.digits = m.digits[1:] {
		begun := false
		for c := range all {
			if c == m.digits {
				m.digits = ""
				return c, true
			}
			begun = begun || strings.HasPrefix(c, m.digits)
		}
		if begun {
			return "", false
		}
	}
	return "", false
}

// HoldWish is what somebody who has the other party on hold asks for.
type HoldWish struct {
	Retrieve bool // *#, or * and nothing more
	// To is whom to consult (dest#), or, Blind, where to send the other party (*dest#).
	To    string
	Blind bool
}

// maxWish is how many digits a destination can have.
const maxWish = 40

// HoldMatcher reads what is pressed after ##. The zero value is ready.
type HoldMatcher struct{ digits string }

// Press takes the next digit; ok when a wish is complete. wrong tells that the digits mean nothing and were dropped.
func (m *HoldMatcher) Press(digit byte) (wish HoldWish, ok, wrong bool) {
	switch {
	case digit == '#' && m.digits == "*":
		m.digits = ""
		return HoldWish{Retrieve: true}, true, false
	case digit == '#' && m.digits == "":
		return HoldWish{}, false, false // one # too many
	case digit == '#':
		to, blind := strings.CutPrefix(m.digits, "*")
		m.digits = ""
		return HoldWish{To: to, Blind: blind}, true, false
	case digit == '*' && m.digits != "", len(m.digits) == maxWish, digit != '*' && (digit < '0' || digit > '9'):
		m.digits = ""
		if digit == '*' {
			m.digits = "*" // they begin anew
		}
		return HoldWish{}, false, true
	}
	m.digits += string(rune(digit))
	return HoldWish{}, false, false
}

// Pending tells that digits have been pressed and more must come within FeatureDigits.
func (m *HoldMatcher) Pending() bool { return m.digits != "" }

// Pause is what the digits mean when no more come.
func (m *HoldMatcher) Pause() (wish HoldWish, ok, wrong bool) {
	digits := m.digits
	m.digits = ""
	return HoldWish{Retrieve: digits == "*"}, digits == "*", digits != "" && digits != "*"
}

// ConsultKey is what somebody presses while calling or talking to a third party (FEA-XFER-02).
type ConsultKey string

// Keys of a consultation.
const (
	ConsultEnd      ConsultKey = "1"  // ends it; the other party stays on hold
	ConsultToggle   ConsultKey = "2"  // talks to the other of the two
	ConsultMerge    ConsultKey = "3"  // lets all three talk
	ConsultRetrieve ConsultKey = "*#" // ends it and takes the other party back
	// As in any conversation: the assistant listens from now on, or no longer.
	ConsultAssist       ConsultKey = "*4"
	ConsultAssistNoMore ConsultKey = "*5"
)

// ConsultMatcher finds them. The zero value is ready.
type ConsultMatcher struct{ keys codes }

// Press takes the next digit; ringing tells that nobody has answered yet.
func (m *ConsultMatcher) Press(digit byte, at time.Time, ringing bool) (ConsultKey, bool) {
	code, ok := m.keys.press(digit, at, func(yield func(string) bool) {
		for _, k := range []ConsultKey{ConsultEnd, ConsultRetrieve, ConsultToggle, ConsultMerge, ConsultAssist, ConsultAssistNoMore} {
			if ringing && k != ConsultEnd && k != ConsultRetrieve {
				continue
			}
			if !yield(string(k)) {
				return
			}
		}
	})
	return ConsultKey(code), ok
}
