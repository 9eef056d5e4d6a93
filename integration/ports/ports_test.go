package ports

import "testing"

func TestRangesDoNotOverlap(t *testing.T) {
	a, err := Reserve()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Reserve()
	if err != nil {
		t.Fatal(err)
	}
	if a.RTPStart <= b.RTPEnd && b.RTPStart <= a.RTPEnd {
		t.Errorf("%d-%d and %d-%d overlap", a.RTPStart, a.RTPEnd, b.RTPStart, b.RTPEnd)
	}
	seen := map[int]bool{}
	for range 20 {
		p, err := a.Next()
		if err != nil {
			t.Fatal(err)
		}
		if seen[p] || p >= a.RTPStart && p <= a.RTPEnd {
			t.Errorf("port %d", p)
		}
		seen[p] = true
	}
	a.Release()
	b.Release()
}
