package orders

import (
	"strings"
	"time"
)

// Tariff is what a call to numbers with a prefix costs.
type Tariff struct {
	Prefix string // E.164: +31, +316; "+" is every number
	Name   string // of the destination
	// Call is charged for each answered call, Minute for what it lasts.
	Call, Minute Micros
	Currency     string
	// First is the least that is charged for, Step what more is rounded up to. Both are whole seconds.
	First, Step time.Duration
}

// Cost of a call that lasted so long after it was answered; 0 for one that was not.
func (t *Tariff) Cost(talked time.Duration) Micros {
	if talked <= 0 {
		return 0
	}
	return t.Call + share(t.Minute, int64(t.Charged(talked)/time.Second), 60)
}

// Charged is for how long a call is charged that lasted so long.
func (t *Tariff) Charged(talked time.Duration) time.Duration {
	first, step := max(t.First, time.Second), max(t.Step, time.Second)
	if talked <= first {
		return first
	}
	return first + (talked-first+step-1)/step*step
}

// Tariffs finds the tariff of a number.
type Tariffs struct {
	byPrefix map[string]*Tariff
	longest  int
}

// NewTariffs returns the tariffs of a list; of two with the same prefix the later one counts.
func NewTariffs(list []Tariff) *Tariffs {
	t := &Tariffs{byPrefix: make(map[string]*Tariff, len(list))}
	for i := range list {
		t.byPrefix[list[i].Prefix] = &list[i]
		t.longest = max(t.longest, len(list[i].Prefix))
	}
	return t
}

// Of is the tariff with the longest prefix of a number in E.164 with +; nil: there is none, as for emergency numbers.
func (t *Tariffs) Of(number string) *Tariff {
	if !strings.HasPrefix(number, "+") {
		return nil
	}
	for n := min(t.longest, len(number)); n > 0; n-- {
		if x := t.byPrefix[number[:n]]; x != nil {
			return x
		}
	}
	return nil
}
