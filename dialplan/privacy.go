package dialplan

import "time"

// PrivacyGroup is a set of users to whom extensions give rights over them (FAC-PRIV-01).
type PrivacyGroup struct {
	ID      int64
	Name    string
	Members []string // extension numbers of users
}

// PrivacyRights are what somebody may do with the calls of an extension.
type PrivacyRights struct {
	Pickup       bool // take a call that rings there
	ParkRetrieve bool // retrieve a call that its user parked
	BLF          bool // see on a busy lamp what it does
	Listen       bool // listen in on its conversations
	Notify       bool // be notified of calls that ring there
	// NotifyDelay is how long such a call must have rung before.
	NotifyDelay time.Duration
}

// PrivacyGrant gives the members of a privacy group rights over the extension that holds it. A group
// extension gives Pickup and Notify only (EXT-GRP-05).
type PrivacyGrant struct {
	Group int64 // id of the privacy group
	PrivacyRights
}

// grants of an extension; types other than user and group have none.
func grants(c ExtensionConfig) []PrivacyGrant {
	switch c := c.(type) {
	case *User:
		return c.Privacy
	case *Group:
		return c.Privacy
	}
	return nil
}

// RightsOver is what user may do with calls of the extension over: the sum of what every privacy group gives
// in which the user is; of several delays the shortest.
func (a *Account) RightsOver(user, over string) PrivacyRights {
	var sum PrivacyRights
	e := a.Extensions[over]
	if e == nil || user == "" {
		return sum
	}
	for _, g := range grants(e.Config) {
		p := a.Privacy[g.Group]
		if p == nil || !contains(p.Members, user) {
			continue
		}
		if g.Notify && (!sum.Notify || g.NotifyDelay < sum.NotifyDelay) {
			sum.NotifyDelay = g.NotifyDelay
		}
		sum.Pickup = sum.Pickup || g.Pickup
		sum.ParkRetrieve = sum.ParkRetrieve || g.ParkRetrieve
		sum.BLF = sum.BLF || g.BLF
		sum.Listen = sum.Listen || g.Listen
		sum.Notify = sum.Notify || g.Notify
	}
	return sum
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// ParkTime is how long a parked call waits before it comes back to who parked it.
func (a *Account) ParkTime() time.Duration {
	if a.ParkTimeout <= 0 {
		return 120 * time.Second
	}
	return a.ParkTimeout
}
