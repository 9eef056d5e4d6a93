package api

import (
	"fmt"
	"strings"
	"testing"

	"callplane/dialplan"
)

func TestEXT_LBR_05_TablesAreImportedAsAWhole(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	number := w.a.params["location"]
	path := acc + "/locations/" + number
	put := func(csv string, status int) reply {
		t.Helper()
		return w.do(w.a.admin, "PUT", path, body{"csv": csv}).want(status)
	}
	put("key;destination;prefix\r\n020;101;Amsterdam\r\n10;+31201234567;\r\n", 200)
	const want = "key,destination,prefix\n10,+31201234567,\n20,101,Amsterdam\n"
	if r := w.do(w.a.admin, "GET", path, nil).want(200); r.str("csv") != want || r.num("rows") != 2 {
		t.Errorf("%s", r.raw)
	}
	version := w.version(w.a.id)
	r := put("key,destination,prefix\n030,101,Utrecht\n30,101,\n040,999,\nabc,101,\n", 422)
	for _, row := range []string{"row 3: ", "row 4: extension 999", "row 5: key"} {
		if !strings.Contains(string(r.raw), row) {
			t.Errorf("%q is not in %s", row, r.raw)
		}
	}
	if w.version(w.a.id) != version || w.do(w.a.admin, "GET", path, nil).want(200).str("csv") != want {
		t.Error("something of a wrong table was stored")
	}
	// What a table refers to stays; the kind of table stays while there are rows.
	if r := w.do(w.a.admin, "DELETE", acc+"/extensions/101", nil).want(409); !strings.Contains(r.str("detail"), "location "+number) {
		t.Errorf("%s", r.raw)
	}
	other := body{"number": number, "kind": "location", "location": body{"by": "caller", "fallback": "101"}}
	if !w.do(w.a.admin, "PUT", acc+"/extensions/"+number, other).want(422).names("body.location.by") {
		t.Error("the field is not named")
	}
	a, err := w.db.LoadAccount(t.Context(), dialplan.AccountID(w.a.id))
	if err != nil {
		t.Fatal(err)
	}
	to, _ := dialplan.RouteByLocation(a.Extensions[number].Config.(*dialplan.LocationRoute), dialplan.NL, "+31201234567", "")
	if to.Destination.Extension != "101" || to.Prefix != "Amsterdam" {
		t.Errorf("%v", to)
	}
	put("key,destination,prefix\n", 200)
	w.do(w.a.admin, "PUT", acc+"/extensions/"+number, other).want(200)
	w.do(w.a.admin, "PUT", acc+"/locations/101", body{"csv": ""}).want(404)
	w.do(w.a.admin, "DELETE", acc+"/extensions/"+number, nil).want(204)
}

func TestEXT_LBR_01_NoAreaCodesInLatvia(t *testing.T) {
	w := newWorld(t, false)
	for country, status := range map[string]int{"LV": 422, "DE": 201, "ES": 201, "NL": 201} {
		id := w.do(w.operator, "POST", "/accounts", body{"name": country, "country": country}).want(201).num("id")
		path := fmt.Sprintf("/accounts/%d/extensions", id)
		for _, by := range []string{"area_code", "postcode", "caller", "called"} {
			want := status
			if by != "area_code" {
				want = 201
			}
			number := map[string]string{"area_code": "601", "postcode": "602", "caller": "603", "called": "604"}[by]
			r := w.do(w.operator, "POST", path, body{"number": number, "kind": "location", "location": body{"by": by, "fallback": "+31201234567"}}).want(want)
			if want == 422 && !r.names("body.location.by") {
				t.Errorf("%s", r.raw)
			}
		}
	}
}
