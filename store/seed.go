package store

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"callplane/dialplan"
)

// DemoOptions of SeedDemo.
type DemoOptions struct {
	// Host and Port of the carrier that the demo calls out through.
	Host string
	Port uint16
}

// Demo is what somebody needs to try the demo company.
type Demo struct {
	Account  dialplan.AccountID
	Channels []dialplan.Channel // with their passwords, in the order of their users
	Numbers  map[string]string  // E.164 → extension
	Trunk    string
	// Token is the secret of an API token of the operator; only when it was made by this call.
	Token string
}

const (
	demoCompany = "Demo Company"
	demoTrunk   = "demo-carrier"
)

// SeedDemo makes a small company to try the service with, unless it is there, all or nothing:
// users 101–103 with a channel each, group 200 of all three, menu 300, three numbers and a carrier.
// Called again it makes nothing new but sets where the carrier is.
func SeedDemo(ctx context.Context, db *DB, o DemoOptions) (*Demo, error) {
	d := &Demo{Trunk: demoTrunk, Numbers: map[string]string{
		"+31201234567": "300", "+31201234568": "200", "+31201234569": "101",
	}}
	err := db.Platform(ctx, func(tx *Tx) error {
		// One at a time, should two start at once.
		if _, err := tx.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('callplane demo'))`); err != nil {
			return mapError("lock demo", err)
		}
		list, _, err := tx.ListAccounts(ctx, AccountFilter{Name: demoCompany}, Page{Limit: 1})
		if err != nil {
			return err
		}
		if len(list) > 0 {
			d.Account = list[0].ID
		} else if err := seedCompany(ctx, tx, d); err != nil {
			return err
		}
		if err := seedTrunk(ctx, tx, o); err != nil {
			return err
		}
		channels, _, err := tx.For(d.Account).ListChannels(ctx, ChannelFilter{}, Page{})
		if err != nil {
			return err
		}
		for _, c := range channels {
			d.Channels = append(d.Channels, c.Channel)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("seed demo company: %w", err)
	}
	return d, nil
}

func seedTrunk(ctx context.Context, tx *Tx, o DemoOptions) error {
	t := &Trunk{Trunk: dialplan.Trunk{
		Name: demoTrunk, Enabled: true, Host: o.Host, Port: o.Port,
		Sources: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	}}
	old, err := tx.ReadTrunk(ctx, demoTrunk)
	if missing := (*NotFound)(nil); errors.As(err, &missing) {
		return tx.CreateTrunk(ctx, t)
	}
	if err != nil || old.Host == o.Host && old.Port == o.Port {
		return err
	}
	old.Host, old.Port = o.Host, o.Port
	return tx.UpdateTrunk(ctx, old)
}

func seedCompany(ctx context.Context, tx *Tx, d *Demo) error {
	a := &Account{
		Name: demoCompany, Enabled: true, Country: dialplan.NL, ExtensionLength: 3, AreaCode: "20",
		CallerID: "+31201234567", EmergencyCallerID: "+31201234567",
	}
	if err := tx.CreateAccount(ctx, a); err != nil {
		return err
	}
	d.Account = a.ID
	tx = tx.For(a.ID)
	users := []struct{ number, name string }{{"101", "Anna"}, {"102", "Bram"}, {"103", "Carla"}}
	for _, u := range users {
		err := tx.CreateExtension(ctx, &Extension{Extension: dialplan.Extension{
			Number: u.number, Name: u.name,
			Config: &dialplan.User{PIN: "0000", Permissions: dialplan.Permissions{Twinning: true, Parking: true}},
		}})
		if err != nil {
			return err
		}
		// The name tells the user and is nobody else's; the password is random and stays.
		name := "demo" + u.number + "-" + strings.TrimPrefix(NewChannelName(), "ch")[:4]
		err = tx.CreateChannel(ctx, &Channel{Channel: dialplan.Channel{
			Name: name, Description: "Phone of " + u.name, Enabled: true, User: u.number,
		}})
		if err != nil {
			return err
		}
	}
	to := func(number string) dialplan.Destination { return dialplan.Destination{Extension: number} }
	for _, e := range []dialplan.Extension{
		{Number: "200", Name: "Everybody", Config: &dialplan.Group{Members: []string{"101", "102", "103"}}},
		{Number: "300", Name: "Reception menu", Config: &dialplan.IVR{
			MaxDigits: 2, Tries: 3, FirstDigit: 5 * time.Second, InterDigit: 2 * time.Second, Fallback: to("200"),
			Options: map[string]dialplan.IVROption{
				"1": {Destination: to("101")}, "2": {Destination: to("200")}, "22": {Destination: to("103")},
			},
		}},
	} {
		if err := tx.CreateExtension(ctx, &Extension{Extension: e}); err != nil {
			return err
		}
	}
	schemes, err := tx.ListSchemes(ctx)
	if err != nil {
		return err
	}
	plans, err := tx.ListPlans(ctx, schemes[0].ID)
	if err != nil {
		return err
	}
	for number, extension := range d.Numbers {
		if err := tx.CreateNumber(ctx, &Number{Number: dialplan.Number{E164: number}}); err != nil {
			return err
		}
		err := tx.SetPlanEntry(ctx, schemes[0].ID, plans[0].ID, number, dialplan.PlanEntry{Destination: to(extension)})
		if err != nil {
			return err
		}
	}
	if err := seedOrders(ctx, tx, a.ID); err != nil {
		return err
	}
	d.Token, err = tx.For(0).CreateToken(ctx, &Token{Name: "demo", Role: RoleOperator})
	return err
}
