package dialplan

import (
	"crypto/subtle"
	"encoding/json"
	"slices"
	"time"
)

// DefaultPIN is the PIN of a user who has none of their own yet: it must be changed at the
// first login (EXT-USR-01).
const DefaultPIN = "0000"

// Lengths of PINs that people choose.
const (
	MinPIN = 4
	MaxPIN = 10
)

// UnsafePIN says why a PIN is refused; empty: it is good, or empty. 0000 means "to be
// changed" and is good where an administrator writes it (EXT-USR-01).
func UnsafePIN(pin string) string {
	if pin == "" || pin == DefaultPIN {
		return ""
	}
	same, up, down := true, true, true
	for i := 1; i < len(pin); i++ {
		d := int(pin[i]) - int(pin[i-1])
		same = same && d == 0
		up = up && (d == 1 || d == -9)
		down = down && (d == -1 || d == 9)
	}
	switch {
	case same:
		return "is unsafe: all digits are the same"
	case up || down:
		return "is unsafe: the digits are a series"
	}
	return ""
}

// NewPIN says why somebody can't choose a PIN; empty: it is good.
func NewPIN(pin string) string {
	switch {
	case !allDigits(pin) || len(pin) < MinPIN || len(pin) > MaxPIN:
		return "must have 4 to 10 digits"
	case pin == DefaultPIN:
		return "is unsafe: it is the one that must be changed"
	}
	return UnsafePIN(pin)
}

// MatchPIN says what digits pressed so far mean where pin is the right one (empty: none is right). Only the right one is
// told before the end of the input: to hear earlier that it is wrong would help to guess one digit after the other.
func MatchPIN(pin, digits string) MenuMatch {
	switch {
	case RightPIN(pin, digits):
		return MenuExact
	}
	return MatchNewPIN(digits)
}

// MatchNewPIN says what digits pressed so far mean as a PIN that somebody chooses.
func MatchNewPIN(digits string) MenuMatch {
	switch {
	case digits == "":
		return MenuPartial
	case digits[0] == '#': // alone it ends nothing
		return MenuInvalid
	case len(digits) >= MaxPIN:
		return MenuExact
	}
	return MenuAmbiguous
}

// RightPIN tells whether digits are the PIN, which is not empty.
func RightPIN(pin, digits string) bool {
	return pin != "" && subtle.ConstantTimeCompare([]byte(pin), []byte(digits)) == 1
}

// Limits of guessing: after so many wrong PINs of an extension within the window it is locked, twice as long each time
// until somebody knows the PIN or a day is quiet. Who guesses day and night has ten a day then, and needs more than a year for
// half of the PINs of four digits; whoever has forgotten theirs can try again after a coffee.
const (
	PINWrong   = 10
	PINWindow  = 15 * time.Minute
	PINLock    = 15 * time.Minute
	PINLockMax = 24 * time.Hour
)

// PINGuesses are the wrong PINs that were entered for an extension of late, over all
// calls. The zero value is none.
type PINGuesses struct {
	wrong []time.Time
	until time.Time     // end of the last lock
	lock  time.Duration // how long that was
}

// None tells that there were no wrong PINs.
func (g PINGuesses) None() bool { return len(g.wrong) == 0 && g.lock == 0 }

// keptGuesses are guesses as they are kept.
type keptGuesses struct {
	Wrong []time.Time   `json:"wrong,omitempty"`
	Until time.Time     `json:"until,omitzero"`
	Lock  time.Duration `json:"lock,omitempty"`
}

// MarshalJSON writes guesses down.
func (g PINGuesses) MarshalJSON() ([]byte, error) {
	return json.Marshal(keptGuesses{g.wrong, g.until, g.lock})
}

// UnmarshalJSON reads them.
func (g *PINGuesses) UnmarshalJSON(b []byte) error {
	var k keptGuesses
	if err := json.Unmarshal(b, &k); err != nil {
		return err
	}
	*g = PINGuesses{wrong: k.Wrong, until: k.Until, lock: k.Lock}
	return nil
}

// Locked tells whether even the right PIN is refused at a moment.
func (g PINGuesses) Locked(at time.Time) bool { return at.Before(g.until) }

// Forgotten tells that nothing of the guesses matters any more.
func (g PINGuesses) Forgotten(at time.Time) bool {
	last := g.until
	if n := len(g.wrong); n > 0 {
		if at.Sub(g.wrong[n-1]) < PINWindow {
			return false
		}
		last = g.wrong[n-1]
	}
	return g.lock == 0 || at.Sub(last) >= PINLockMax
}

// Wrong counts one more wrong PIN. During the lock nothing is counted: it ends even when somebody goes on trying.
func (g PINGuesses) Wrong(at time.Time) PINGuesses {
	switch {
	case g.Locked(at):
		return g
	case g.Forgotten(at):
		g = PINGuesses{}
	}
	g.wrong = slices.DeleteFunc(slices.Clone(g.wrong), func(t time.Time) bool { return at.Sub(t) >= PINWindow })
	if g.wrong = append(g.wrong, at); len(g.wrong) < PINWrong {
		return g
	}
	lock := min(max(2*g.lock, PINLock), PINLockMax)
	return PINGuesses{until: at.Add(lock), lock: lock}
}
