package service

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"callplane/integration/installation"
	"callplane/integration/phone"
)

// system is an installation with one company.
type system struct {
	*installation.System
	account  int64
	channels int
}

func newSystem(t *testing.T, kind, binary string) *system {
	t.Helper()
	return &system{System: installation.New(t, kind, binary, func(string) map[string]map[string]any {
		return map[string]map[string]any{"assistant": {"transcriber": "pocketsphinx"}}
	})}
}

type object map[string]any

// company makes an account with a menu (300, at number 1) and users from 101 on, each with a
// channel; number 10+i leads to user 101+i. It returns the channels' credentials by extension.
func (s *system) company(users int) map[string]installation.Credentials {
	s.Helper()
	var a struct {
		ID int64 `json:"id"`
	}
	s.Call("POST", "/accounts", object{"name": "Service", "country": "NL", "language": "en", "extension_length": 3, "area_code": "20",
		"caller_id": number(1), "emergency_caller_id": number(1)}, &a)
	s.account = a.ID
	base := fmt.Sprintf("/accounts/%d", a.ID)
	out := map[string]installation.Credentials{}
	for i := range users {
		ext := strconv.Itoa(101 + i)
		s.Call("POST", base+"/extensions", object{"number": ext, "name": "User " + ext, "kind": "user", "user": object{"offer_second_call": true}}, nil)
		out[ext] = s.newChannel(ext)
	}
	s.Call("POST", base+"/extensions", object{"number": "300", "name": "Menu", "kind": "ivr", "ivr": object{
		"max_digits": 1, "tries": 3, "first_digit": 20, "options": []object{{"digits": "1", "destination": "101"}}}}, nil)
	s.enter(1, "300")
	for i := range users {
		s.enter(10+i, strconv.Itoa(101+i))
	}
	return out
}

// enter adds number i, which leads to an extension.
func (s *system) enter(i int, ext string) {
	s.Helper()
	base := fmt.Sprintf("/accounts/%d", s.account)
	var schemes struct {
		Items []struct {
			ID int64 `json:"id"`
		} `json:"items"`
	}
	s.Call("GET", base+"/schemes", nil, &schemes)
	s.Call("POST", base+"/numbers", object{"number": number(i)}, nil)
	s.Call("PUT", fmt.Sprintf("%s/schemes/%d/plans/1/entries/%s", base, schemes.Items[0].ID, number(i)), object{"destination": ext}, nil)
}

// number i of the company.
func number(i int) string { return fmt.Sprintf("+31201110%03d", i) }

// newChannel adds a channel on which the user of ext is logged in.
func (s *system) newChannel(ext string) installation.Credentials {
	s.Helper()
	s.channels++
	var c installation.Credentials
	s.Call("POST", fmt.Sprintf("/accounts/%d/channels", s.account), object{"name": fmt.Sprintf("phone%s-%d", ext, s.channels), "user": ext, "call_limit": 5}, &c)
	return c
}

// registered registers and waits until the controller knows.
func (s *system) registered(c installation.Credentials) *phone.Phone {
	s.Helper()
	p := s.Phone(c)
	// The change travels from the database to the controller in some milliseconds.
	s.Until(c.Name+" may register", func() bool {
		ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
		defer cancel()
		return p.Register(ctx) == nil
	})
	s.Until(c.Name+" is registered", func() bool {
		var list struct{ Items []struct{ Channel string } }
		s.Call("GET", fmt.Sprintf("/accounts/%d/registrations", s.account), nil, &list)
		for _, r := range list.Items {
			if r.Channel == c.Name {
				return true
			}
		}
		return false
	})
	return p
}
