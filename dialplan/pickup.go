package dialplan

import "time"

// Offer is a call that rings.
type Offer struct {
	Since      time.Time
	Group      string         // whose call it is; empty: no group's
	Manager    string         // user for whom the assistant group is rung; empty: nobody
	Extensions map[string]int // where it rings, by how many legs
}

// Pickup decides which of the calls that ring user takes with *8 and an extension, or *8 alone for any (FEA-PICK-01):
// the one that has rung longest of those at the extension, or of the group or manager, over which a privacy group gives the
// user the right; a manager takes the own calls. What rings for a queue that is dialled needs no privacy group. -1: none, and why; forbidden tells that there is a call which the user may not take.
func (a *Account) Pickup(user, at string, offers []Offer) (choice int, reason string, forbidden bool) {
	choice = -1
	for i, o := range offers {
		var over string
		seen := false
		for _, x := range append(keys(o.Extensions), o.Group, o.Manager) {
			if x == "" || at != "" && x != at {
				continue
			}
			seen = true
			if x == o.Manager && user == x || a.RightsOver(user, x).Pickup || x == at && x == o.Group && a.queuePickup(user, x) {
				over = x
			}
		}
		switch {
		case over != "" && (choice < 0 || o.Since.Before(offers[choice].Since)):
			choice, reason = i, user+" may pick up calls of "+over
		case over == "" && seen:
			forbidden = true
		}
	}
	if choice >= 0 {
		return choice, reason, false
	}
	where := "anywhere"
	if at != "" {
		where = "at " + at
	}
	if forbidden {
		return -1, user + " has no right to pick up what rings " + where, true
	}
	return -1, "nothing rings " + where, false
}

// queuePickup tells whether a user may pick up what rings for a queue.
func (a *Account) queuePickup(user, queue string) bool {
	if e := a.Extensions[queue]; e != nil {
		if q, ok := e.Config.(*Queue); ok {
			return q.MayPickup(user)
		}
	}
	return false
}

func keys(m map[string]int) []string {
	out := make([]string, 0, len(m)+1)
	for k := range m {
		out = append(out, k)
	}
	return out
}
