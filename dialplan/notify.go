package dialplan

import (
	"slices"
	"time"
)

// Notified decides whether user is told of a call that rings, and how long it must have rung before (FAC-PRIV-01, EXT-GRP-05): over names the
// extensions of the call by which the user is told, in order, none: the user is not. Everybody is told of
// the own calls at once, and of calls to a manager the manager and the assistants (FAC-ASSIST-01); all others by the
// right that a privacy group gives, after its delay. Without a user (somebody who administrates) everything is told at once.
func (a *Account) Notified(user string, o Offer) (over []string, after time.Duration) {
	own := o.Manager != "" && (user == o.Manager || a.Assists(user, o.Manager))
	for _, x := range append(keys(o.Extensions), o.Group, o.Manager) {
		if x == "" || slices.Contains(over, x) {
			continue
		}
		delay := time.Duration(0)
		if user != "" && user != x && !(own && x == o.Manager) {
			rights := a.RightsOver(user, x)
			if !rights.Notify {
				continue
			}
			delay = rights.NotifyDelay
		}
		if len(over) == 0 || delay < after {
			after = delay
		}
		over = append(over, x)
	}
	slices.Sort(over)
	return over, after
}

// Sees tells whether user may see what another user's lines do: by the BLF right, or because it is the user. Without a user
// (somebody who administrates) everything is seen.
func (a *Account) Sees(user, other string) bool {
	return a.User(other) != nil && (user == "" || user == other || a.RightsOver(user, other).BLF)
}
