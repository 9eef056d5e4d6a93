package dialplan

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func outboundAccount(c Country) *Account {
	return &Account{Country: c, ExtensionLength: 3, AreaCode: "20", CallerID: "+31201111111",
		Extensions: map[string]*Extension{"101": {Number: "101", Config: &User{}}},
		Numbers:    map[string]*Number{"+31201111111": {}, "+31202222222": {}}}
}

func TestFAC_CLI_01_codes_before_the_number(t *testing.T) {
	a := outboundAccount(NL)
	anonymous := CallerIDChoice{Anonymous: true}
	for _, c := range []struct {
		dialed string
		class  DialClass
		number string
		choice CallerIDChoice
	}{
		{"0612345678", DialExternal, "+31612345678", CallerIDChoice{}},
		{"#31#0612345678", DialExternal, "+31612345678", anonymous},
		{"1310612345678", DialExternal, "+31612345678", anonymous},
		{"13100493012345678", DialExternal, "+493012345678", anonymous},
		{"#30#0612345678", DialExternal, "+31612345678", CallerIDChoice{Code: "0"}},
		{"1300612345678", DialExternal, "+31612345678", CallerIDChoice{Code: "0"}},
		{"#39#0612345678", DialExternal, "+31612345678", CallerIDChoice{Code: "9"}},
		{"1390612345678", DialExternal, "+31612345678", CallerIDChoice{Code: "9"}},
		{"#31#101", DialExtension, "", anonymous},
		{"#31#112", DialEmergency, "112", anonymous},
		{"131112", DialEmergency, "112", anonymous},
		{"#32#112", DialEmergency, "112", CallerIDChoice{Code: "2"}},
		{"#31#*8", DialInvalid, "", CallerIDChoice{}},
		{"#31##31#0612345678", DialInvalid, "", CallerIDChoice{}},
		{"#31#901", DialInvalid, "", CallerIDChoice{}},
		{"#31#", DialInvalid, "", CallerIDChoice{}},
		{"131", DialInvalid, "", CallerIDChoice{}}, // a mistyped extension
		{"#41#0612345678", DialCode, "", CallerIDChoice{}},
		{"#3a#0612345678", DialInvalid, "", CallerIDChoice{}},
		{"131101", DialInvalid, "", CallerIDChoice{}},
	} {
		got, choice := ClassifyChoice(a, "", c.dialed)
		if got.Class != c.class || choice != c.choice || c.number != "" && got.Number.Number() != c.number {
			t.Errorf("%s: %+v, %+v", c.dialed, got, choice)
		}
	}
}

// Whatever is dialled: no code can turn an emergency call into something else, and without a
// code nothing changes.
func TestFAC_CLI_01_codes_change_nothing_else(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := outboundAccount(rapid.SampledFrom([]Country{NL, DE, ES, LV}).Draw(t, "country"))
		dialed := rapid.StringMatching(`[0-9#*+ ]{0,16}`).Draw(t, "dialed")
		got, choice := ClassifyChoice(a, "", dialed)
		plain := Classify(a, "", dialed)
		if plain.Class == DialEmergency && (got.Class != DialEmergency || choice != CallerIDChoice{}) {
			t.Fatalf("%q was an emergency call and is %+v", dialed, got)
		}
		trimmed := strings.TrimSpace(dialed)
		if !strings.HasPrefix(trimmed, "#3") && !strings.HasPrefix(trimmed, "13") && got != plain {
			t.Fatalf("%q: %+v is not %+v", dialed, got, plain)
		}
		if choice.Anonymous && choice.Code != "" || choice.Code != "" && !ValidCallerIDCode(choice.Code) {
			t.Fatalf("%q: choice %+v", dialed, choice)
		}
		if r, err := a.Country.Rules(); err == nil {
			e := rapid.SampledFrom(r.Emergency).Draw(t, "emergency")
			if got, _ := ClassifyChoice(a, "", "#31#"+e); got.Class != DialEmergency {
				t.Fatalf("anonymous %s: %+v", e, got)
			}
		}
	})
}

func TestFAC_CLI_01_chosen_number(t *testing.T) {
	a := outboundAccount(NL)
	u := &User{CallerIDs: map[string]string{"2": "+31202222222", "3": "+31203333333"}}
	for _, c := range []struct {
		u      *User
		choice CallerIDChoice
		want   CallerIdentity
	}{
		{u, CallerIDChoice{}, CallerIdentity{Number: "+31201111111"}},
		{u, CallerIDChoice{Code: "2"}, CallerIdentity{Number: "+31202222222"}},
		{u, CallerIDChoice{Code: "3"}, CallerIdentity{Number: "+31201111111"}}, // not the account's
		{u, CallerIDChoice{Code: "4"}, CallerIdentity{Number: "+31201111111"}},
		{nil, CallerIDChoice{Code: "2"}, CallerIdentity{Number: "+31201111111"}},
		{u, CallerIDChoice{Anonymous: true}, CallerIdentity{Number: "+31201111111", Anonymous: true}},
	} {
		got := ChosenCallerID(a, c.u, nil, c.choice)
		if got.Reason == "" {
			t.Errorf("%+v: no reason", c.choice)
		}
		if got.Reason = ""; got != c.want {
			t.Errorf("%+v: %+v", c.choice, got)
		}
	}
}

func TestEmergencyOrderOfCallerIDs(t *testing.T) {
	a := outboundAccount(NL)
	a.CallerID, a.EmergencyCallerID = "+31204444444", "+31205555555"
	a.Numbers["+31200000000"] = &Number{Personal: "101"}
	u := &User{CallerID: "+31206666666", EmergencyCallerID: "+31207777777"}
	ch := &Channel{EmergencyCallerID: "+31208888888"}
	want := []string{"+31206666666", "+31207777777", "+31208888888", "+31205555555", "+31201111111"}
	for i, strip := range []func(){
		func() {}, func() { u.CallerID = "" }, func() { u.EmergencyCallerID = "" },
		func() { ch.EmergencyCallerID = "" }, func() { a.EmergencyCallerID = "" },
	} {
		strip()
		if got := OutboundCallerID(a, u, ch, true); got.Number != want[i] || got.Anonymous {
			t.Errorf("level %d: %+v, want %s", i, got, want[i])
		}
	}
	// Nobody logged in, no channel, only a personal number left.
	if got := OutboundCallerID(a, nil, nil, true); got.Number != want[4] {
		t.Errorf("nobody logged in: %+v", got)
	}
	delete(a.Numbers, "+31201111111")
	delete(a.Numbers, "+31202222222")
	if got := OutboundCallerID(a, nil, nil, true); got.Number != "+31200000000" {
		t.Errorf("only a personal number: %+v", got)
	}
}

func TestFAC_BAR_01_categories(t *testing.T) {
	for _, c := range []struct {
		country Country
		dialed  string
		in      []BarringCategory
	}{
		{NL, "0201234567", []BarringCategory{BarNational}},
		{NL, "0612345678", []BarringCategory{BarMobile}},
		{NL, "09001234", []BarringCategory{BarInformation}},
		{NL, "09061234", []BarringCategory{BarAdult}},
		{NL, "09091234", []BarringCategory{BarEntertainment}},
		{NL, "08001234", nil},
		{NL, "14020", []BarringCategory{BarShortCodes}},
		{NL, "1888", []BarringCategory{BarDirectory}},
		{NL, "00493012345678", []BarringCategory{BarInternational}},
		{NL, "004915112345678", []BarringCategory{BarInternational, BarInternationalMobile}},
		{NL, "+12125550123", []BarringCategory{BarInternational, BarInternationalMobile, BarOutsideEEA}},
		{NL, "+881612345678", []BarringCategory{BarInternational, BarInternationalMobile, BarOutsideEEA, BarSatellite}},
		{DE, "03012345678", []BarringCategory{BarNational}},
		{DE, "015112345678", []BarringCategory{BarMobile}},
		{DE, "09001234567", []BarringCategory{BarPremium}},
		{DE, "01805123456", []BarringCategory{BarSharedCost}},
		{DE, "11833", []BarringCategory{BarDirectory}},
		{ES, "912345678", []BarringCategory{BarNational}},
		{ES, "612345678", []BarringCategory{BarMobile}},
		{ES, "803123456", []BarringCategory{BarAdult}},
		{ES, "806123456", []BarringCategory{BarEntertainment}},
		{ES, "807123456", []BarringCategory{BarProfessional}},
		{ES, "902123456", []BarringCategory{BarSharedCost}},
		{ES, "11818", []BarringCategory{BarDirectory}},
		{LV, "67123456", []BarringCategory{BarNational}},
		{LV, "21234567", []BarringCategory{BarMobile}},
		{LV, "90001234", []BarringCategory{BarPremium}},
		{LV, "0031201234567", []BarringCategory{BarInternational}},
	} {
		d, err := Normalize(c.dialed, c.country, "")
		if err != nil {
			t.Errorf("%s %s: %v", c.country, c.dialed, err)
			continue
		}
		var in []BarringCategory
		for _, cat := range c.country.BarringCategories() {
			a := &Account{Country: c.country, Barred: []BarringCategory{cat}}
			got := CheckBarring(a, nil, d)
			if got.Barred {
				in = append(in, cat)
				if got.Category != cat || !strings.HasPrefix(got.Reason, "the account") {
					t.Errorf("%s %s: %+v", c.country, c.dialed, got)
				}
			}
			by := CheckBarring(&Account{Country: c.country}, &User{Barred: a.Barred}, d)
			if by.Barred != got.Barred || by.Barred && !strings.HasPrefix(by.Reason, "the user") {
				t.Errorf("%s %s: the user's %+v, the account's %+v", c.country, c.dialed, by, got)
			}
		}
		if !slices.Equal(in, c.in) {
			t.Errorf("%s %s (%s, %s): is in %v, want %v", c.country, c.dialed, d.Kind, d.Type, in, c.in)
		}
	}
	if Country("XX").BarringCategories() != nil {
		t.Error("an unknown country has categories")
	}
}

// What the account bars no user setting opens; a user bars themselves more; emergency numbers
// are never barred, however much is.
func TestFAC_BAR_01_account_wins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]Country{NL, DE, ES, LV}).Draw(t, "country")
		all := c.BarringCategories()
		some := rapid.SliceOfDistinct(rapid.SampledFrom(all), rapid.ID[BarringCategory])
		a := &Account{Country: c, Barred: some.Draw(t, "account")}
		u := &User{Barred: some.Draw(t, "user")}
		dialed := rapid.OneOf(rapid.StringMatching(`0[1-9][0-9]{6,9}`), rapid.StringMatching(`00[1-9][0-9]{8,12}`),
			rapid.StringMatching(`[1-9][0-9]{7,8}`), rapid.StringMatching(`[01][0-9]{2,4}`)).Draw(t, "number")
		d, err := Normalize(dialed, c, "")
		if err != nil {
			return
		}
		both, account := CheckBarring(a, u, d), CheckBarring(a, nil, d)
		user := CheckBarring(&Account{Country: c}, u, d)
		if both.Barred != (account.Barred || user.Barred) {
			t.Fatalf("%s: %+v, account %+v, user %+v", dialed, both, account, user)
		}
		if account.Barred && both != account {
			t.Fatalf("%s: the account does not win: %+v", dialed, both)
		}
		if d.Kind == NumberEmergency && both.Barred {
			t.Fatalf("emergency number %s is barred", dialed)
		}
	})
	for _, c := range []Country{NL, DE, ES, LV} {
		r, err := c.Rules()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range r.Emergency {
			d, err := Normalize(e, c, "")
			a := &Account{Country: c, Barred: c.BarringCategories()}
			if err != nil || CheckBarring(a, &User{Barred: a.Barred}, d).Barred {
				t.Errorf("%s %s is barred (%v)", c, e, err)
			}
		}
	}
}

func TestIPListing(t *testing.T) {
	at := netip.MustParseAddr
	a := &Account{Country: NL, IPListing: true, AllowedAddresses: []AddressRange{
		{First: at("192.0.2.10"), Last: at("192.0.2.20")}, {First: at("2001:db8::1"), Last: at("2001:db8::1")}}}
	ch := &Channel{LoginAddress: at("198.51.100.7")}
	for from, want := range map[string]bool{
		"198.51.100.7": true, "::ffff:198.51.100.7": true, "198.51.100.8": false, "192.0.2.9": false, "192.0.2.10": true,
		"192.0.2.20": true, "192.0.2.21": false, "2001:db8::1": true, "2001:db8::2": false, "::ffff:192.0.2.15": true,
	} {
		if got, reason := CheckAddress(a, ch, at(from)); got != want || reason == "" {
			t.Errorf("%s: %v, %s", from, got, reason)
		}
	}
	if ok, _ := CheckAddress(a, &Channel{}, netip.Addr{}); ok {
		t.Error("an unknown address and a channel without login match")
	}
	if ok, _ := CheckAddress(a, nil, at("192.0.2.15")); !ok {
		t.Error("the allow-list needs a channel")
	}
	a.Country = DE
	if ok, _ := CheckAddress(a, ch, at("192.0.2.9")); !ok {
		t.Error("IP listing outside the Netherlands")
	}
}

func TestAddressRangeCheck(t *testing.T) {
	for text, good := range map[string]bool{
		"192.0.2.0-192.0.2.255": true, "192.0.2.128-192.0.3.127": true, "192.0.2.0-192.0.3.0": false, "192.0.2.1-192.0.2.0": false,
		"192.0.2.1-192.0.2.1": true, "2001:db8::-2001:db8::ff": true, "2001:db8::-2001:db8::100": false,
		"2001:db8::1-192.0.2.1": false, "0.0.0.0-255.255.255.255": false, "fe80::1%x-fe80::2%x": false,
	} {
		first, last, _ := strings.Cut(text, "-")
		r := AddressRange{First: netip.MustParseAddr(first), Last: netip.MustParseAddr(last)}
		if err := r.Check(); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
	if (AddressRange{}).Check() == nil {
		t.Error("an empty range is good")
	}
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.Uint32Range(0, 1<<32-1025).Draw(t, "base")
		n := rapid.Uint32Range(0, 1024).Draw(t, "n")
		v4 := func(x uint32) netip.Addr {
			return netip.AddrFrom4([4]byte{byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)})
		}
		r := AddressRange{First: v4(base), Last: v4(base + n)}
		if (r.Check() == nil) != (n < maxRange) {
			t.Fatalf("%+v of %d: %v", r, n+1, r.Check())
		}
		x := rapid.Uint32Range(base, base+1024).Draw(t, "x")
		if r.Contains(v4(x)) != (x <= base+n) {
			t.Fatalf("%+v contains %s", r, v4(x))
		}
	})
}
