package dialplan

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPINs(t *testing.T) {
	for pin, good := range map[string]bool{
		"2580": true, "1357": true, "0001": true, "19283746": true,
		"0000": false, "1111": false, "1234": false, "4321": false, "7890": false, "0987": false, "999999": false,
		"123": false, "12345678901": false, "12a4": false, "": false, "258*": false,
	} {
		if why := NewPIN(pin); (why == "") != good {
			t.Errorf("%q: %q", pin, why)
		}
	}
	if UnsafePIN("0000") != "" || UnsafePIN("1111") == "" {
		t.Error("an administrator may write 0000 and nothing else that is unsafe")
	}
}

func TestMatchPIN(t *testing.T) {
	for _, c := range []struct {
		pin, digits string
		want        MenuMatch
	}{
		{"2580", "", MenuPartial}, {"2580", "2", MenuAmbiguous}, {"2580", "9", MenuAmbiguous}, {"2580", "258", MenuAmbiguous},
		{"2580", "2580", MenuExact}, {"2580", "9999", MenuAmbiguous}, {"2580", "9999999999", MenuExact}, {"2580", "2*", MenuAmbiguous}, {"2580", "#", MenuInvalid},
		{"", "", MenuPartial}, {"", "9999", MenuAmbiguous}, {"", "9999999999", MenuExact},
	} {
		if got := MatchPIN(c.pin, c.digits); got != c.want {
			t.Errorf("PIN %q, digits %q: %d, want %d", c.pin, c.digits, got, c.want)
		}
	}
	if RightPIN("", "") {
		t.Error("nobody has an empty PIN")
	}
}

// Guessing is locked exactly when ten wrong PINs fall into a window, longer each time.
func TestPINGuesses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var g PINGuesses
		var counted []time.Time
		var until, last time.Time
		lock := time.Duration(0)
		for range rapid.IntRange(1, 80).Draw(t, "guesses") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 60, 100, 1000, 90000}).Draw(t, "seconds")) * time.Second)
			if locked := now.Before(until); g.Locked(now) != locked {
				t.Fatalf("locked %v, want %v", g.Locked(now), locked)
			} else if locked {
				g = g.Wrong(now)
				continue
			}
			if now.Sub(last) >= PINLockMax {
				lock = 0
			}
			counted, last = append(counted, now), now
			g = g.Wrong(now)
			n := 0
			for _, at := range counted {
				if now.Sub(at) < PINWindow {
					n++
				}
			}
			if n >= PINWrong {
				lock = min(max(lock*2, PINLock), PINLockMax)
				until, counted = now.Add(lock), nil
				last = until
			}
		}
		if far := now.Add(3 * PINLockMax); !g.Forgotten(far) || g.Locked(far) {
			t.Fatal("guesses are never forgotten")
		}
	})
}
