package main

import (
	"fmt"
	"net/netip"
	"time"

	"callplane/dialplan"
	"callplane/store"
)

// What every account of the platform has: 50 extensions, of which 46 users with a channel each.
const (
	users      = 46
	extensions = users + 4
	extGroup   = "200" // of 20
	extTeam    = "201" // of 5
	extMenu    = "300"
	extSubmenu = "301"
)

// carrier is where calls from outside come from in the benchmarks without a network.
func carrier() netip.AddrPort { return netip.MustParseAddrPort("192.0.2.10:5060") }

// company makes account n (from 0) of the platform. Every string is its own, as when it comes from
// the database.
func company(n int, zone *time.Location) *dialplan.Account {
	a := &dialplan.Account{
		ID: dialplan.AccountID(n + 1), Version: 1, Name: fmt.Sprintf("Company %d B.V.", n), Enabled: true, Country: dialplan.NL,
		Language: "nl", Location: zone, ExtensionLength: 3, AreaCode: "20", CallerID: number(n, 0), EmergencyCallerID: number(n, 0),
		Extensions: make(map[string]*dialplan.Extension, extensions), Channels: make(map[string]*dialplan.Channel, users),
		Numbers: make(map[string]*dialplan.Number, 5),
	}
	extend := func(number, name string, cfg dialplan.ExtensionConfig) {
		a.Extensions[number] = &dialplan.Extension{ID: int64(n*extensions + len(a.Extensions)), Number: number, Name: name, Config: cfg}
	}
	for i := range users {
		ext := fmt.Sprint(101 + i)
		ch := &dialplan.Channel{
			ID: int64(n*users + i), Name: channel(n, ext), Password: fmt.Sprintf("%016x", n*users+i), Description: fmt.Sprintf("Desk phone %d", i),
			Enabled: true, DTMF: dialplan.DTMFRFC4733, CallLimit: 5, User: ext,
		}
		a.Channels[ch.Name] = ch
		extend(ext, fmt.Sprintf("Employee %d of %d", i, n), &dialplan.User{
			PIN: fmt.Sprintf("%06d", i), OfferSecondCall: true, RingTimeout: 20 * time.Second, Devices: []*dialplan.Channel{ch},
			Forwards: dialplan.Forwards{NoAnswer: []dialplan.Destination{{Extension: extTeam}}, Unreachable: []dialplan.Destination{{External: fmt.Sprintf("+316%08d", i)}}},
		})
	}
	members := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprint(101+i))
		}
		return list
	}
	extend(extGroup, "Everybody", &dialplan.Group{Members: members(20)})
	extend(extTeam, "Team", &dialplan.Group{Members: members(5)})
	menu := func() *dialplan.IVR {
		m := &dialplan.IVR{MaxDigits: 3, Tries: 2, FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second, Options: map[string]dialplan.IVROption{}}
		for i := range 5 {
			m.Options[fmt.Sprint(i+1)] = dialplan.IVROption{Prefix: fmt.Sprintf("Option %d", i+1), Destination: dialplan.Destination{Extension: fmt.Sprint(101 + i)}}
		}
		return m
	}
	extend(extMenu, "Main menu", menu())
	extend(extSubmenu, "Second menu", menu())
	plan := &dialplan.Plan{ID: int64(n), Number: 1, Name: "Day", Entries: map[string]dialplan.PlanEntry{}}
	for i, to := range []string{"101", extGroup, extMenu, "102", extTeam} {
		e164 := number(n, i)
		a.Numbers[e164] = &dialplan.Number{E164: e164}
		plan.Entries[e164] = dialplan.PlanEntry{Destination: dialplan.Destination{Extension: to}, Prefix: fmt.Sprintf("Line %d", i)}
	}
	a.Schemes = []*dialplan.Scheme{{ID: int64(n), Name: "Main", Main: true, Plans: map[int]*dialplan.Plan{1: plan}}}
	return a
}

// Numbers of a company, by what they lead to.
const (
	toUser = iota
	toGroup
	toMenu
)

func number(n, i int) string { return fmt.Sprintf("+3185%06d%d", n, i) }

func channel(n int, ext string) string { return fmt.Sprintf("c%05dx%s", n, ext) }

// platform fills a directory with n accounts.
func platform(n int) (*store.Directory, error) {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		return nil, err
	}
	dir := store.NewDirectory()
	for i := range n {
		dir.Put(company(i, zone))
	}
	c := carrier().Addr()
	dir.SetTrunks([]*dialplan.Trunk{{ID: 1, Name: "carrier", Enabled: true, Country: dialplan.NL, Priority: 1, Host: c.String(), Transport: "udp",
		Sources: []netip.Prefix{netip.PrefixFrom(c, c.BitLen())}, Format: dialplan.FormatE164, Timeout: 4 * time.Second}})
	return dir, nil
}
