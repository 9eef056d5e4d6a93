package dialplan

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func office() *Account {
	grant := func(group int64, r PrivacyRights) PrivacyGrant { return PrivacyGrant{Group: group, PrivacyRights: r} }
	user := func(n string, u *User) *Extension { return &Extension{Number: n, Config: u} }
	return &Account{
		Privacy: map[int64]*PrivacyGroup{
			1: {ID: 1, Members: []string{"102", "103"}}, 2: {ID: 2, Members: []string{"103"}}, 3: {ID: 3, Members: []string{"104", "101"}},
		},
		Extensions: map[string]*Extension{
			"101": user("101", &User{AssistantGroup: 3, Privacy: []PrivacyGrant{grant(1, PrivacyRights{Notify: true, NotifyDelay: 5 * time.Second}),
				grant(2, PrivacyRights{Notify: true, NotifyDelay: 2 * time.Second, BLF: true})}}),
			"102": user("102", &User{}), "103": user("103", &User{AssistantGroup: 9}), "104": user("104", &User{}),
			"200": {Number: "200", Config: &Group{Privacy: []PrivacyGrant{grant(1, PrivacyRights{Notify: true})}}},
		},
	}
}

func TestNotified(t *testing.T) {
	at := func(ext ...string) map[string]int {
		m := map[string]int{}
		for _, e := range ext {
			m[e] = 1
		}
		return m
	}
	for _, c := range []struct {
		name, user string
		offer      Offer
		over       []string
		after      time.Duration
	}{
		{"right with delay", "102", Offer{Extensions: at("101")}, []string{"101"}, 5 * time.Second},
		{"the shortest delay of two groups", "103", Offer{Extensions: at("101")}, []string{"101"}, 2 * time.Second},
		{"group at once, member later: at once", "102", Offer{Extensions: at("101"), Group: "200"}, []string{"101", "200"}, 0},
		{"no right", "104", Offer{Extensions: at("101"), Group: "200"}, nil, 0},
		{"own call", "101", Offer{Extensions: at("101", "102")}, []string{"101"}, 0},
		{"administrator", "", Offer{Extensions: at("101", "102"), Group: "200"}, []string{"101", "102", "200"}, 0},
		{"manager", "101", Offer{Extensions: at("104"), Manager: "101"}, []string{"101"}, 0},
		{"assistant who rings", "104", Offer{Extensions: at("104"), Manager: "101"}, []string{"101", "104"}, 0},
		{"assistant who does not ring", "104", Offer{Extensions: at("102"), Manager: "101"}, []string{"101"}, 0},
		{"right over the manager", "102", Offer{Extensions: at("104"), Manager: "101"}, []string{"101"}, 5 * time.Second},
	} {
		over, after := office().Notified(c.user, c.offer)
		if !slices.Equal(over, c.over) || after != c.after {
			t.Errorf("%s: %v after %v, want %v after %v", c.name, over, after, c.over, c.after)
		}
	}
}

// Nobody is told of a call by an extension over which there is no right, and whoever administrates misses none.
func TestNotifiedNeedsTheRight(t *testing.T) {
	a := office()
	rapid.Check(t, func(t *rapid.T) {
		exts := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"101", "102", "103", "104"}), rapid.ID).Draw(t, "at")
		o := Offer{Extensions: map[string]int{}, Group: rapid.SampledFrom([]string{"", "200"}).Draw(t, "group"), Manager: rapid.SampledFrom([]string{"", "101"}).Draw(t, "manager")}
		for _, e := range exts {
			o.Extensions[e] = 1
		}
		user := rapid.SampledFrom([]string{"", "101", "102", "103", "104", "105"}).Draw(t, "user")
		over, after := a.Notified(user, o)
		for _, x := range over {
			if x != o.Group && x != o.Manager && o.Extensions[x] == 0 {
				t.Fatalf("told by %s, which has nothing to do with it", x)
			}
			r := a.RightsOver(user, x)
			if user != "" && user != x && !r.Notify && !(x == o.Manager && a.Assists(user, x)) {
				t.Fatalf("%s is told by %s without a right", user, x)
			}
			if after > 0 && (!r.Notify || r.NotifyDelay < after) {
				t.Fatalf("told after %v, the right over %s says %v", after, x, r.NotifyDelay)
			}
		}
		if user == "" && len(exts) > 0 && (after != 0 || len(over) < len(exts)) {
			t.Fatalf("%v after %v", over, after)
		}
	})
}

func TestSees(t *testing.T) {
	a := office()
	for _, c := range []struct {
		user, other string
		want        bool
	}{{"103", "101", true}, {"102", "101", false}, {"101", "101", true}, {"", "101", true}, {"", "200", false}, {"103", "999", false}} {
		if got := a.Sees(c.user, c.other); got != c.want {
			t.Errorf("%q sees %s: %v", c.user, c.other, got)
		}
	}
}

func TestRingAssistants(t *testing.T) {
	a := office()
	free := func(string) DeviceFacts { return DeviceFacts{} }
	for _, c := range []struct {
		manager, by, caller string
		ring                []string
		ok                  bool
	}{
		{"101", "", "", []string{"104"}, true},
		{"101", "", "102", []string{"104"}, true},
		{"101", "", "104", nil, false},
		{"101", "104", "", nil, false},
		{"102", "", "", nil, false}, // has none
		{"103", "", "", nil, false}, // its group is gone
	} {
		got, ok := a.RingAssistants(c.manager, []string{c.by, c.caller}, c.caller, free)
		var ring []string
		for _, d := range got {
			ring = append(ring, d.Member)
		}
		if ok != c.ok || !reflect.DeepEqual(ring, c.ring) {
			t.Errorf("%+v: %v %v", c, ring, ok)
		}
	}
	if i, _, _ := a.Pickup("101", "101", []Offer{{Extensions: map[string]int{"104": 1}, Manager: "101"}}); i != 0 {
		t.Error("the manager may not take the own call")
	}
	if _, _, forbidden := a.Pickup("102", "101", []Offer{{Extensions: map[string]int{"104": 1}, Manager: "101"}}); !forbidden {
		t.Error("somebody else may take the manager's call")
	}
}
