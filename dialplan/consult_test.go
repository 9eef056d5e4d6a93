package dialplan

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWhatIsPressedOnHold(t *testing.T) {
	for keys, want := range map[string]struct {
		wish  HoldWish
		ok    bool
		wrong bool
	}{
		"102#":            {wish: HoldWish{To: "102"}, ok: true},
		"*102#":           {wish: HoldWish{To: "102", Blind: true}, ok: true},
		"0612345678#":     {wish: HoldWish{To: "0612345678"}, ok: true},
		"*#":              {wish: HoldWish{Retrieve: true}, ok: true},
		"#*#":             {wish: HoldWish{Retrieve: true}, ok: true}, // one # too many before
		"10*102#":         {wish: HoldWish{To: "102", Blind: true}, ok: true, wrong: true},
		"**102#":          {wish: HoldWish{To: "102", Blind: true}, ok: true, wrong: true},
		"1A":              {wrong: true},
		"10":              {},
		"*":               {},
		"#":               {},
		repeat("1", 41):   {wrong: true},
		repeat("1", 40):   {},
		"*" + "102" + "*": {wrong: true},
	} {
		var m HoldMatcher
		var got HoldWish
		var ok, wrong bool
		for _, d := range []byte(keys) {
			w, done, bad := m.Press(d)
			if done {
				got, ok = w, true
			}
			wrong = wrong || bad
		}
		if got != want.wish || ok != want.ok || wrong != want.wrong {
			t.Errorf("%q: %+v %v %v, want %+v", keys, got, ok, wrong, want)
		}
	}
}

func repeat(s string, n int) string { return strings.Repeat(s, n) }

func TestAPauseOnHold(t *testing.T) {
	for keys, want := range map[string]struct{ retrieve, wrong, pending bool }{
		"*":   {retrieve: true, pending: true},
		"10":  {wrong: true, pending: true},
		"*10": {wrong: true, pending: true},
		"":    {},
		"#":   {},
	} {
		var m HoldMatcher
		for _, d := range []byte(keys) {
			m.Press(d)
		}
		if m.Pending() != want.pending {
			t.Errorf("%q: pending %v", keys, m.Pending())
		}
		wish, ok, wrong := m.Pause()
		if ok != want.retrieve || wish.Retrieve != want.retrieve || wrong != want.wrong || m.Pending() {
			t.Errorf("%q: %+v %v %v", keys, wish, ok, wrong)
		}
	}
}

// Whatever was pressed before: after a pause, digits and # are understood.
func TestHoldAlwaysRecovers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m HoldMatcher
		for _, d := range rapid.SliceOf(rapid.SampledFrom([]byte("0123456789*#AD"))).Draw(t, "keys") {
			wish, ok, wrong := m.Press(d)
			if ok && wrong || ok && !wish.Retrieve && wish.To == "" {
				t.Fatalf("%+v %v %v", wish, ok, wrong)
			}
		}
		m.Pause()
		to := rapid.StringMatching(`[0-9]{1,40}`).Draw(t, "to")
		blind := rapid.Bool().Draw(t, "blind")
		keys := to + "#"
		if blind {
			keys = "*" + keys
		}
		if blind && len(to) == maxWish {
			return
		}
		for i := range len(keys) {
			wish, ok, wrong := m.Press(keys[i])
			last := i == len(keys)-1
			if ok != last || wrong || last && (wish != HoldWish{To: to, Blind: blind}) {
				t.Fatalf("%q at %d: %+v %v %v", keys, i, wish, ok, wrong)
			}
		}
	})
}

func TestKeysOfAConsultation(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		keys    string
		ringing bool
		want    string
	}{
		{"1", true, "1"}, {"2", true, ""}, {"3", true, ""}, {"*#", true, "*#"},
		{"1", false, "1"}, {"2", false, "2"}, {"3", false, "3"}, {"*#", false, "*#"},
		{"#", false, ""}, {"*1", false, "1"}, {"**#", false, "*#"}, {"45", false, ""}, {"22", false, "22"},
		{"*4", false, "*4"}, {"*5", false, "*5"}, {"*4*5", false, "*4*5"}, {"**4", false, "*4"}, {"*41", false, "*41"},
		{"*4", true, ""}, {"*41", true, "1"}, {"*5*#", true, "*#"},
	} {
		var m ConsultMatcher
		got := ""
		for _, d := range []byte(tc.keys) {
			if k, ok := m.Press(d, at, tc.ringing); ok {
				got += string(k)
			}
		}
		if got != tc.want {
			t.Errorf("%q ringing %v: %q, want %q", tc.keys, tc.ringing, got, tc.want)
		}
	}
	var m ConsultMatcher
	m.Press('*', at, false)
	if k, ok := m.Press('#', at.Add(FeatureDigits+1), false); ok {
		t.Errorf("too slow: %q", k)
	}
}
