package dialplan

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func pickupAccount() *Account {
	give := []PrivacyGrant{{Group: 1, PrivacyRights: PrivacyRights{Pickup: true}}}
	return &Account{
		Privacy: map[int64]*PrivacyGroup{1: {ID: 1, Members: []string{"104"}}},
		Extensions: map[string]*Extension{
			"101": {Number: "101", Config: &User{Privacy: give}}, "102": {Number: "102", Config: &User{Privacy: give}},
			"103": {Number: "103", Config: &User{}}, "200": {Number: "200", Config: &Group{Privacy: give}},
			"400": {Number: "400", Config: &Queue{Open: true}}, "401": {Number: "401", Config: &Queue{Members: []QueueMember{{Extension: "103"}}}},
		},
	}
}

func at(seconds int) time.Time { return time.Unix(int64(1000+seconds), 0) }

func TestPickupWhichCallIsPickedUp(t *testing.T) {
	rings := func(since int, group string, exts ...string) Offer {
		o := Offer{Since: at(since), Group: group, Extensions: map[string]int{}}
		for _, e := range exts {
			o.Extensions[e] = 1
		}
		return o
	}
	for name, tc := range map[string]struct {
		user, at  string
		offers    []Offer
		want      int
		forbidden bool
	}{
		"open queue":              {"102", "400", []Offer{rings(3, "400", "101"), rings(2, "400", "103")}, 1, false},
		"queue, not dialled":      {"102", "", []Offer{rings(3, "400", "101")}, -1, true},
		"closed queue":            {"102", "401", []Offer{rings(3, "401", "101")}, -1, true},
		"member of closed queue":  {"103", "401", []Offer{rings(3, "401", "101")}, 0, false},
		"nothing rings":           {"104", "", nil, -1, false},
		"somewhere else":          {"104", "101", []Offer{rings(1, "", "102")}, -1, false},
		"the longest":             {"104", "", []Offer{rings(5, "", "101"), rings(2, "", "102"), rings(3, "", "102")}, 1, false},
		"the longest there":       {"104", "102", []Offer{rings(1, "", "101"), rings(5, "", "102"), rings(3, "", "102")}, 2, false},
		"longest, not allowed":    {"104", "", []Offer{rings(1, "", "103"), rings(2, "", "101")}, 1, false},
		"not allowed":             {"104", "103", []Offer{rings(1, "", "103")}, -1, true},
		"nobody's right":          {"103", "", []Offer{rings(1, "", "101")}, -1, true},
		"by the group":            {"104", "200", []Offer{rings(1, "200", "103")}, 0, false},
		"by a member":             {"104", "101", []Offer{rings(1, "300", "101", "103")}, 0, false},
		"any, by the group":       {"104", "", []Offer{rings(1, "200", "103")}, 0, false},
		"member without right":    {"104", "103", []Offer{rings(1, "200", "103")}, -1, true},
		"two calls of one moment": {"104", "", []Offer{rings(1, "", "101"), rings(1, "", "102")}, 0, false},
	} {
		got, reason, forbidden := pickupAccount().Pickup(tc.user, tc.at, tc.offers)
		if got != tc.want || forbidden != tc.forbidden || reason == "" {
			t.Errorf("%s: %d %q %v, want %d %v", name, got, reason, forbidden, tc.want, tc.forbidden)
		}
	}
}

// What is picked up rings where it was asked for, the user has the right, and nothing that would do has rung longer.
func TestPickupIsTheOldestAllowed(t *testing.T) {
	exts := rapid.SampledFrom([]string{"101", "102", "103"})
	rapid.Check(t, func(t *rapid.T) {
		a := pickupAccount()
		offers := make([]Offer, rapid.IntRange(0, 6).Draw(t, "n"))
		for i := range offers {
			offers[i] = Offer{Since: at(rapid.IntRange(0, 5).Draw(t, "since")), Group: rapid.SampledFrom([]string{"", "200"}).Draw(t, "group"),
				Extensions: map[string]int{exts.Draw(t, "ext"): 1}}
		}
		where := rapid.SampledFrom([]string{"", "101", "103", "200"}).Draw(t, "at")
		allowed := func(o Offer) bool {
			for _, x := range append(keys(o.Extensions), o.Group) {
				if x != "" && (where == "" || x == where) && a.RightsOver("104", x).Pickup {
					return true
				}
			}
			return false
		}
		got, _, _ := a.Pickup("104", where, offers)
		for i, o := range offers {
			if !allowed(o) {
				if i == got {
					t.Fatalf("%d is taken without right", i)
				}
				continue
			}
			if got < 0 || o.Since.Before(offers[got].Since) {
				t.Fatalf("%d is taken, %d has waited longer", got, i)
			}
		}
	})
}

func TestFEA_PARK_01_CodesInDigits(t *testing.T) {
	type key struct {
		digit byte
		at    time.Duration
	}
	type keys = []key
	for name, tc := range map[string]struct {
		keys keys
		want int
	}{
		"code":             {keys{{'*', 0}, {'6', 1}}, 1},
		"twice":            {keys{{'*', 0}, {'6', 1}, {'*', 2}, {'6', 3}}, 2},
		"star star":        {keys{{'*', 0}, {'*', 1}, {'6', 2}}, 1},
		"in other digits":  {keys{{'1', 0}, {'*', 1}, {'6', 2}, {'7', 3}}, 1},
		"broken":           {keys{{'*', 0}, {'5', 1}, {'6', 2}}, 0},
		"too slow":         {keys{{'*', 0}, {'6', FeatureDigits + 1}}, 0},
		"just in time":     {keys{{'*', 0}, {'6', FeatureDigits}}, 1},
		"slow, then again": {keys{{'*', 0}, {'*', FeatureDigits + 1}, {'6', FeatureDigits + 2}}, 1},
	} {
		var m FeatureMatcher
		got := 0
		for _, k := range tc.keys {
			if f, ok := m.Press(k.digit, at(0).Add(k.at)); ok && f == FeaturePark {
				got++
			}
		}
		if got != tc.want {
			t.Errorf("%s: %d codes, want %d", name, got, tc.want)
		}
	}
}
