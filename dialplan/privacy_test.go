package dialplan

import (
	"testing"
	"time"
)

func TestPrivacyRightsAreTheSumOfAllGroups(t *testing.T) {
	grant := func(group int64, r PrivacyRights) PrivacyGrant { return PrivacyGrant{Group: group, PrivacyRights: r} }
	a := &Account{
		Privacy: map[int64]*PrivacyGroup{1: {ID: 1, Members: []string{"101", "102"}}, 2: {ID: 2, Members: []string{"102"}}},
		Extensions: map[string]*Extension{
			"103": {Number: "103", Config: &User{Privacy: []PrivacyGrant{
				grant(1, PrivacyRights{Pickup: true, Notify: true, NotifyDelay: 9 * time.Second}),
				grant(2, PrivacyRights{ParkRetrieve: true, BLF: true, Listen: true, Notify: true, NotifyDelay: 4 * time.Second}),
				grant(7, PrivacyRights{Listen: true}),
			}}},
			"200": {Number: "200", Config: &Group{Privacy: []PrivacyGrant{grant(2, PrivacyRights{Pickup: true})}}},
			"300": {Number: "300", Config: &IVR{}},
		},
	}
	for _, tc := range []struct {
		user, over string
		want       PrivacyRights
	}{
		{"101", "103", PrivacyRights{Pickup: true, Notify: true, NotifyDelay: 9 * time.Second}},
		{"102", "103", PrivacyRights{Pickup: true, ParkRetrieve: true, BLF: true, Listen: true, Notify: true, NotifyDelay: 4 * time.Second}},
		{"103", "103", PrivacyRights{}},
		{"", "103", PrivacyRights{}},
		{"101", "200", PrivacyRights{}},
		{"102", "200", PrivacyRights{Pickup: true}},
		{"102", "300", PrivacyRights{}},
		{"102", "999", PrivacyRights{}},
	} {
		if got := a.RightsOver(tc.user, tc.over); got != tc.want {
			t.Errorf("%s over %s: %+v, want %+v", tc.user, tc.over, got, tc.want)
		}
	}
}
