package dialplan

import "testing"

// Whose conversations are recorded is what the account and the user have set for that direction.
func TestFAC_REC_01_WhatIsRecordedWithoutBeingAskedFor(t *testing.T) {
	for _, account := range []Recording{{}, {Enabled: true}, {Outbound: true}, {Enabled: true, Outbound: true}} {
		for _, user := range []Permissions{{}, {RecordInbound: true}, {RecordOutbound: true}, {RecordInbound: true, RecordOutbound: true}} {
			a := &Account{Recording: account, Extensions: map[string]*Extension{"101": {Number: "101", Config: &User{Permissions: user}}}}
			for _, outbound := range []bool{false, true} {
				want := account.Enabled && user.RecordInbound
				if outbound {
					want = account.Enabled && account.Outbound && user.RecordOutbound
				}
				if got, reason := a.Systematic("101", outbound); got != want || reason == "" {
					t.Errorf("%+v %+v outbound %v: %v (%s)", account, user, outbound, got, reason)
				}
				if got, _ := a.Systematic("102", outbound); got {
					t.Error("who is no user is recorded")
				}
			}
		}
	}
}

// Who may listen may record, if the account records.
func TestSYS_908_WhoMayRecordWhom(t *testing.T) {
	for _, rights := range []PrivacyRights{{}, {Listen: true}, {Pickup: true, ParkRetrieve: true, BLF: true, Notify: true}} {
		for _, enabled := range []bool{false, true} {
			a := &Account{
				Recording: Recording{Enabled: enabled}, Privacy: map[int64]*PrivacyGroup{1: {ID: 1, Members: []string{"103"}}},
				Extensions: map[string]*Extension{"101": {Number: "101", Config: &User{Privacy: []PrivacyGrant{{Group: 1, PrivacyRights: rights}}}}, "200": {Number: "200", Config: &Group{}}},
			}
			for user, may := range map[string]bool{"103": enabled && rights.Listen, "104": false, "101": false, "": false} {
				if got, reason := a.MayRecord(user, "101"); got != may {
					t.Errorf("%+v, enabled %v: %q may record: %v (%s)", rights, enabled, user, got, reason)
				}
			}
			if got, _ := a.MayRecord("103", "200"); got {
				t.Error("a group is recorded")
			}
		}
	}
}
