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
)

// featureCodes of every country.
func featureCodes() map[string]Feature {
	return map[string]Feature{"*6": FeaturePark, "*4": FeatureAssist, "*5": FeatureAssistNoMore}
}

// FeatureDigits is how long to wait for the next digit of a code.
const FeatureDigits = 3 * time.Second

// FeatureMatcher finds codes in the digits that somebody presses during a conversation. The zero value is ready.
type FeatureMatcher struct {
	digits string
	last   time.Time
}

// Press takes the next digit and tells the code that it completes. Digits that come too late, or that no code has, begin anew.
func (m *FeatureMatcher) Press(digit byte, at time.Time) (Feature, bool) {
	if m.digits != "" && at.Sub(m.last) > FeatureDigits {
		m.digits = ""
	}
	m.last = at
	m.digits += string(rune(digit))
	codes := featureCodes()
	for ; m.digits != ""; m.digits = m.digits[1:] {
		if f, ok := codes[m.digits]; ok {
			m.digits = ""
			return f, true
		}
		for code := range codes {
			if strings.HasPrefix(code, m.digits) {
				return "", false
			}
		}
	}
	return "", false
}
