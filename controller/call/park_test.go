package call

import "testing"

// Lines are 1 to 99, the lowest that is free first; when all are taken there is none.
func TestFEA_PARK_01_Lines(t *testing.T) {
	v := newLive(func() {})
	var calls []*Call
	for want := 1; want <= 99; want++ {
		c := &Call{}
		if got := v.Park(c, "101"); got != want {
			t.Fatalf("line %d, want %d", got, want)
		}
		calls = append(calls, c)
	}
	if got := v.Park(&Call{}, "101"); got != 0 {
		t.Errorf("line %d when all are taken", got)
	}
	v.Unpark(calls[41])
	if _, ok := v.Parked(42); ok {
		t.Error("line 42 is not free")
	}
	if got := v.Park(calls[41], "102"); got != 42 {
		t.Errorf("line %d, want the one that is free", got)
	}
	if p, ok := v.Parked(42); !ok || p.By != "102" || p.Call != calls[41] {
		t.Errorf("on line 42: %+v", p)
	}
}
