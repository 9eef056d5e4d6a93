package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"callplane/store"
)

// foundIn are what an answer to a search has, as what:account:key.
func foundIn(r reply) []string {
	var out []string
	for _, x := range r.want(200).items() {
		out = append(out, fmt.Sprintf("%v:%v:%v", x["what"], x["account"], x["key"]))
	}
	return out
}

func TestSearchFindsWhatOneMaySee(t *testing.T) {
	w := newWorld(t, true)
	search := func(token, query string) []string { return foundIn(w.do(token, "GET", "/search?q="+query, nil)) }
	partner := w.do(w.operator, "POST", "/partners", body{"name": "Reseller"}).want(201).num("id")
	for _, c := range []company{w.a, w.b} {
		acc := fmt.Sprintf("/accounts/%d", c.id)
		w.do(w.operator, "POST", acc+"/extensions", body{"number": "777", "name": "Wilhelmina Bakker", "kind": "user", "user": body{}}).want(201)
		w.do(w.operator, "POST", acc+"/numbers", body{"number": fmt.Sprintf("+3188123400%d", c.id), "personal": "777"}).want(201)
	}
	number := func(c company) string { return fmt.Sprintf("number:%d:+3188123400%d", c.id, c.id) }
	account := func(c company) string { return fmt.Sprintf("account:%d:%d", c.id, c.id) }
	user := func(c company) string { return fmt.Sprintf("extension:%d:777", c.id) }
	is := func(got []string, want ...string) {
		t.Helper()
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("%v, not %v", got, want)
		}
	}
	is(search(w.operator, "alph"), account(w.a))
	is(search(w.operator, "0881234"), number(w.a), number(w.b))
	is(search(w.operator, "%2B3188123400"), number(w.a), number(w.b))
	is(search(w.operator, fmt.Sprintf("bakker&account=%d", w.b.id)), user(w.b))
	is(search(w.a.admin, "BAKKER"), user(w.a))
	is(search(w.a.readonly, "777"), user(w.a))
	is(search(w.a.admin, "alpha"))
	is(search(w.a.admin, "88123"), number(w.a))
	is(search(w.a.admin, "%25%25"))
	w.do(w.a.admin, "GET", fmt.Sprintf("/search?q=bakker&account=%d", w.b.id), nil).want(404)

	// A partner finds what is in its accounts.
	w.do(w.operator, "PUT", fmt.Sprintf("/accounts/%d", w.b.id), body{"name": "Beta", "country": "NL", "extension_length": 3, "partner": partner, "emergency_caller_id": w.b.params["number"]}).want(200)
	w.person("reseller@example.com", store.RolePartner, 0, body{"partner": partner})
	boss := w.seat("reseller@example.com")
	theirs := func(query string) []string { return foundIn(boss.do("GET", "/search?q="+query, nil)) }
	is(theirs("0881234"), number(w.b))
	is(theirs("alph"))
	is(theirs("beta"), account(w.b))
	is(theirs(fmt.Sprintf("bakker&account=%d", w.b.id)), user(w.b))
	boss.do("GET", fmt.Sprintf("/search?q=bakker&account=%d", w.a.id), nil).want(404)
	w.do(w.operator, "GET", "/search?q=b", nil).want(422)
	w.do(w.operator, "GET", "/search?q="+strings.Repeat("b", 101), nil).want(422)
}
