package dialplan

import "testing"

func TestSystemNumbersAreThoseThatAreDialled(t *testing.T) {
	for _, c := range []Country{NL, DE, ES, LV} {
		list := SystemNumbers(c)
		if len(list) < 16 {
			t.Errorf("%s has %d", c, len(list))
		}
		seen := map[SystemFunction]string{}
		for _, s := range list {
			if f, _, ok := (&Account{Country: c}).SystemExtension(s.Number); !ok || f != s.Function {
				t.Errorf("%s %s is %s, dialled %s", c, s.Number, s.Function, f)
			}
			if seen[s.Function] != "" {
				t.Errorf("%s %s: %s and %s", c, s.Function, seen[s.Function], s.Number)
			}
			seen[s.Function] = s.Number
		}
	}
}
