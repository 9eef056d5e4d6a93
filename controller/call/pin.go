package call

import (
	"time"

	"callplane/dialplan"
)

// pinsKept is how many extensions with wrong PINs an account's state keeps before it drops those that no longer matter.
const pinsKept = 1000

// PINLocked tells whether PINs for key (a purpose and an extension) are refused now because too many were wrong.
func (v *Live) PINLocked(key string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.pins[key].Locked(time.Now())
}

// PINWrong counts a wrong PIN for key and tells whether it is locked now.
func (v *Live) PINWrong(key string) (locked bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	if v.pins == nil {
		v.pins = make(map[string]dialplan.PINGuesses)
	}
	if len(v.pins) >= pinsKept {
		for k, g := range v.pins {
			if g.Forgotten(now) {
				delete(v.pins, k)
			}
		}
	}
	g := v.pins[key].Wrong(now)
	v.pins[key] = g
	v.guessed(key, g)
	return g.Locked(now)
}

// PINRight forgets the wrong PINs for key.
func (v *Live) PINRight(key string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, wrong := v.pins[key]; wrong {
		delete(v.pins, key)
		v.guessed(key, dialplan.PINGuesses{})
	}
}

// RestorePIN takes over what an earlier controller counted for key. What has been counted here meanwhile stays.
func (v *Live) RestorePIN(key string, g dialplan.PINGuesses) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.pins == nil {
		v.pins = make(map[string]dialplan.PINGuesses)
	}
	if _, newer := v.pins[key]; !newer && !g.Forgotten(time.Now()) {
		v.pins[key] = g
	}
}
