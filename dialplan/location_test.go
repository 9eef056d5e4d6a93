package dialplan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"callplane/dialplan"
)

func toward(ext string) dialplan.LocationTarget {
	return dialplan.LocationTarget{Destination: dialplan.Destination{Extension: ext}, Prefix: "P" + ext}
}

func table(t testing.TB, by dialplan.LocationBy, rows map[string]string) *dialplan.LocationTable {
	t.Helper()
	var all []dialplan.LocationRow
	for key, ext := range rows {
		key, err := dialplan.ParseLocationKey(by, key, dialplan.NL)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, dialplan.LocationRow{Key: key, Destination: dialplan.Destination{Extension: ext}, Prefix: "P" + ext})
	}
	out, err := dialplan.TableOf(by, all)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEXT_LBR_RouteByLocation(t *testing.T) {
	all := func(by dialplan.LocationBy, rows map[string]string) *dialplan.LocationRoute {
		return &dialplan.LocationRoute{By: by, Table: table(t, by, rows), Fallback: toward("900"), Blocked: toward("901"), Mobile: toward("902")}
	}
	area := all(dialplan.ByAreaCode, map[string]string{"020": "101", "10": "102"})
	caller := all(dialplan.ByCaller, map[string]string{"+31": "101", "020": "102", "+31 20 123 45 67": "103", "0049": "104"})
	called := all(dialplan.ByCalled, map[string]string{"+31201234567": "101", "+3120": "102"})
	alone := &dialplan.LocationRoute{By: dialplan.ByAreaCode, Fallback: toward("900")}
	for _, tc := range []struct {
		r              *dialplan.LocationRoute
		caller, called string
		want           string
	}{
		{area, "+31201234567", "", "101"},
		{area, "+31101234567", "", "102"},
		{area, "+31301234567", "", "900"},
		{area, "+31612345678", "", "902"},
		{area, "+493012345678", "", "900"},
		{area, "", "", "901"},
		{area, "101", "", "900"},
		{alone, "+31201234567", "", "900"},
		{alone, "", "", "900"},
		{alone, "+31612345678", "", "900"},
		{caller, "+31201234567", "", "103"},
		{caller, "+31201234568", "", "102"},
		{caller, "+31612345678", "", "101"},
		{caller, "+493012345678", "", "104"},
		{caller, "+3225551234", "", "900"},
		{caller, "", "", "901"},
		{caller, "101", "", "900"},
		{called, "", "+31201234567", "101"},
		{called, "", "+31201234568", "102"},
		{called, "", "101", "900"},
	} {
		got, reason := dialplan.RouteByLocation(tc.r, dialplan.NL, tc.caller, tc.called)
		if got.Destination.Extension != tc.want || got.Prefix != "P"+tc.want {
			t.Errorf("%s %q %q: %v (%s), want %s", tc.r.By, tc.caller, tc.called, got, reason, tc.want)
		}
	}
}

// The longest match is that of a search through all keys; a table survives JSON.
func TestEXT_LBR_LongestMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfDistinct(rapid.StringMatching(`[0-2]{1,6}`), rapid.ID[string]).Draw(t, "keys")
		number := rapid.StringMatching(`[0-2]{0,9}`).Draw(t, "number")
		tab := dialplan.NewLocationTable(len(keys))
		want := ""
		for _, k := range keys {
			if err := tab.Add(dialplan.LocationTarget{Prefix: k}, k); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(number, k) && len(k) > len(want) {
				want = k
			}
		}
		raw, err := json.Marshal(tab)
		if err != nil {
			t.Fatal(err)
		}
		again := new(dialplan.LocationTable)
		if err := json.Unmarshal(raw, again); err != nil {
			t.Fatal(err)
		}
		for _, x := range []*dialplan.LocationTable{tab, again} {
			to, key := x.Longest(number)
			if key != want || to.Prefix != want {
				t.Errorf("%s in %v: %q, want %q", number, keys, key, want)
			}
		}
	})
}

func TestEXT_LBR_05_CSV(t *testing.T) {
	a := &dialplan.Account{Country: dialplan.NL, ExtensionLength: 3}
	known := func(ext string) bool { return ext == "101" }
	rows, wrong := dialplan.ReadLocations([]byte("\ufeffkey;destination;prefix\r\n020;101;Amsterdam\r\n10;+31201234567;\r\n"), dialplan.ByAreaCode, a, known)
	if len(wrong) > 0 || len(rows) != 2 || rows[0].Key != "20" || rows[1].Destination.External != "+31201234567" {
		t.Fatalf("%v %v", rows, wrong)
	}
	var out bytes.Buffer
	if err := dialplan.WriteLocations(&out, rows); err != nil {
		t.Fatal(err)
	}
	again, wrong := dialplan.ReadLocations(out.Bytes(), dialplan.ByAreaCode, a, known)
	if len(wrong) > 0 || fmt.Sprint(again) != fmt.Sprint(rows) {
		t.Errorf("%v %v", again, wrong)
	}
	rows, wrong = dialplan.ReadLocations([]byte("key,destination,prefix\n1000-1099,101,A\n1050,101\n12a4,101\n2000,999\n2000,hello\n3000-2000,101\n4000\n5000,101,"+
		strings.Repeat("x", 41)+"\n\"6000,101"), dialplan.ByPostcode, a, known)
	var lines []int
	for _, w := range wrong {
		lines = append(lines, w.Row)
	}
	if want := []int{3, 4, 5, 6, 7, 8, 9, 10}; rows != nil || fmt.Sprint(lines) != fmt.Sprint(want) {
		t.Errorf("rows %v, errors %v", rows, wrong)
	}
	if _, wrong := dialplan.ReadLocations([]byte("020,101\n"), dialplan.ByAreaCode, a, known); len(wrong) != 1 || wrong[0].Row != 1 {
		t.Errorf("without a header: %v", wrong)
	}
}

func FuzzReadLocations(f *testing.F) {
	f.Add([]byte("key,destination,prefix\n1000-1099,101,A\n"))
	a := &dialplan.Account{Country: dialplan.NL, ExtensionLength: 3}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, by := range []dialplan.LocationBy{dialplan.ByAreaCode, dialplan.ByPostcode, dialplan.ByCaller} {
			rows, wrong := dialplan.ReadLocations(raw, by, a, func(string) bool { return true })
			if len(wrong) > 0 && rows != nil {
				t.Error("rows in spite of errors")
			}
			if _, err := dialplan.TableOf(by, rows); err != nil {
				t.Error(err)
			}
		}
	})
}

// BenchmarkLocation: the cost hardly depends on the size of the table.
func BenchmarkLocation(b *testing.B) {
	for _, n := range []int{10, 10_000, 1_000_000} {
		rows := make([]dialplan.LocationRow, n)
		for i := range rows {
			rows[i] = dialplan.LocationRow{Key: fmt.Sprintf("+3120%07d", i), Destination: dialplan.Destination{Extension: fmt.Sprint(100 + i%20)}}
		}
		tab, err := dialplan.TableOf(dialplan.ByCaller, rows)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			number := []byte("31200000000")
			for i := 0; b.Loop(); i++ {
				for at, x := len(number)-1, i*7919%n; at > 3; at, x = at-1, x/10 {
					number[at] = byte('0' + x%10)
				}
				if _, key := tab.Longest(string(number)); key == "" {
					b.Fatal("not found")
				}
			}
		})
	}
}

func TestEXT_AUTH_PINsAndCallers(t *testing.T) {
	a := &dialplan.Authentication{ByPIN: true, Entries: map[string]dialplan.LocationTarget{"4711": toward("101"), "47110": toward("102"), "9024": toward("103")}}
	for digits, want := range map[string]dialplan.MenuMatch{
		"": dialplan.MenuPartial, "4": dialplan.MenuAmbiguous, "5": dialplan.MenuAmbiguous, "4711": dialplan.MenuAmbiguous,
		"47110": dialplan.MenuExact, "9024": dialplan.MenuExact, "11111": dialplan.MenuExact, "1111": dialplan.MenuAmbiguous,
	} {
		if got := a.MatchPIN(digits); got != want {
			t.Errorf("%q: %v, want %v", digits, got, want)
		}
	}
	c := &dialplan.Authentication{Entries: map[string]dialplan.LocationTarget{"+3120": toward("101"), "+31201234567": toward("102"), "104": toward("103")}}
	for caller, want := range map[string]string{
		"+31201234567": "102", "+31201234568": "101", "+31612345678": "", "104": "103", "1041": "", "": "",
	} {
		if to, _ := c.KnownCaller(caller); to.Destination.Extension != want {
			t.Errorf("%q: %v, want %s", caller, to, want)
		}
	}
}

// A letter is told at once; it is not counted as a digit of the postcode.
func TestEXT_LBR_02_MatchPostcode(t *testing.T) {
	for digits, want := range map[string]dialplan.MenuMatch{
		"": dialplan.MenuPartial, "1": dialplan.MenuPartial, "104": dialplan.MenuPartial, "1042": dialplan.MenuExact,
		"A": dialplan.MenuInvalid, "12A": dialplan.MenuInvalid, "12A4": dialplan.MenuInvalid, "12*": dialplan.MenuInvalid, "10425": dialplan.MenuInvalid,
	} {
		if got := dialplan.MatchPostcode(digits); got != want {
			t.Errorf("%q: %v, want %v", digits, got, want)
		}
	}
}
