package dialplan

import "time"

// Scheme is a set of numbering plans of which one is active. The main scheme comes with
// the account and cannot be deleted.
type Scheme struct {
	ID   int64
	Name string
	Main bool
	// Number by which callers choose the scheme (NP-IVR), from 1; it stays the same.
	Number int
	Plans  map[int]*Plan // by number 1–99
	// Active is the number of the plan set by hand, until somebody takes it back; 0: the schedule decides.
	Active int
	// Temporary change, also by hand; nil: none.
	Temporary *Temporary
	Roster    []RosterPeriod
	Holidays  []Holiday
}

// Plan maps the company's numbers to extensions.
type Plan struct {
	ID      int64
	Number  int
	Name    string
	Entries map[string]PlanEntry // by E.164
}

// PlanEntry is where calls to a number go, and the text put before the caller on the display.
type PlanEntry struct {
	Destination Destination
	Prefix      string
}

// Inbound is the decision about a call from outside to one of the company's numbers.
type Inbound struct {
	Destination Destination
	Prefix      string
	Reason      string
}

// RouteInbound finds where a call to number (E.164) goes at a moment: the plan of the scheme that
// holds it which is active then; a personal number goes to its user.
func RouteInbound(a *Account, number string, now time.Time) Inbound {
	n := a.Numbers[number]
	if n == nil {
		return Inbound{Reason: "number " + number + " is not in use"}
	}
	if n.Personal != "" {
		return Inbound{Destination: Destination{Extension: n.Personal}, Reason: "personal number of " + n.Personal}
	}
	held := false
	for _, s := range a.Schemes {
		active := s.ActiveAt(now, a.Location)
		p := active.Plan
		if p == nil {
			continue
		}
		if e, ok := p.Entries[number]; ok {
			return Inbound{e.Destination, e.Prefix, "plan " + p.Name + " of scheme " + s.Name + ": " + active.Reason()}
		}
		for _, other := range s.Plans {
			if _, ok := other.Entries[number]; ok {
				held = true
			}
		}
	}
	if held {
		return Inbound{Reason: "the active plan has no entry for " + number}
	}
	return Inbound{Reason: "number " + number + " is in no numbering plan"}
}
