package acceptance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"callplane/dialplan"
)

// edit changes a copy of a company and puts it into service: what a transaction and its notification do.
func (b *building) edit(id dialplan.AccountID, f func(*dialplan.Account) error) error {
	b.edits.Lock()
	defer b.edits.Unlock()
	old := b.dir.Account(id)
	if old == nil {
		return fmt.Errorf("company %d is not there", id)
	}
	a := *old
	a.Version++
	a.Channels = make(map[string]*dialplan.Channel, len(old.Channels))
	for name, ch := range old.Channels {
		copied := *ch
		a.Channels[name] = &copied
	}
	a.Extensions = maps.Clone(old.Extensions)
	for number, e := range old.Extensions {
		if u, ok := e.Config.(*dialplan.User); ok {
			user, ext := *u, *e
			ext.Config = &user
			a.Extensions[number] = &ext
		}
	}
	if err := f(&a); err != nil {
		return err
	}
	for _, e := range a.Extensions {
		if u, ok := e.Config.(*dialplan.User); ok {
			u.Devices = nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Channels)) {
		if u := a.User(a.Channels[name].User); u != nil {
			u.Devices = append(u.Devices, a.Channels[name])
		}
	}
	b.dir.Put(&a)
	return nil
}

// desk is flow.Desk without a database.
type desk struct{ b *building }

func (d desk) edit(id dialplan.AccountID, f func(*dialplan.Account) error) error {
	d.b.mu.Lock()
	away := d.b.away[id]
	d.b.mu.Unlock()
	if away {
		return errors.New("the database is away")
	}
	return d.b.edit(id, f)
}

func (d desk) LogIn(_ context.Context, id dialplan.AccountID, in dialplan.LogInRequest) error {
	return d.edit(id, func(a *dialplan.Account) error {
		rule := a.LogIn(in.User, in.Channel)
		if rule.Refused != "" || len(rule.Off) > 0 && !in.Elsewhere {
			return fmt.Errorf("%s can't log in on %s: %+v", in.User, in.Channel, rule)
		}
		for _, name := range rule.Off {
			a.Channels[name].User = ""
			a.Channels[name].User = a.Vacated(name, in.User)
		}
		ch := a.Channels[in.Channel]
		ch.User, ch.LoginAddress = in.User, in.Address
		if in.PIN != "" {
			a.User(in.User).PIN = in.PIN
		}
		return nil
	})
}

func (d desk) LogOut(_ context.Context, id dialplan.AccountID, user string, channels []string) error {
	return d.edit(id, func(a *dialplan.Account) error {
		for _, name := range channels {
			if a.Channels[name].User != user {
				continue
			}
			if rule := a.LogOut(name); rule.Refused != "" {
				return errors.New(rule.Refused)
			}
			a.Channels[name].User = ""
			a.Channels[name].User = a.Vacated(name, user)
		}
		return nil
	})
}

func (d desk) ChangePIN(_ context.Context, id dialplan.AccountID, user, pin string) error {
	return d.edit(id, func(a *dialplan.Account) error {
		a.User(user).PIN = pin
		return nil
	})
}

func (d desk) SetForward(_ context.Context, id dialplan.AccountID, user string, kind dialplan.ForwardKind, to []dialplan.Destination) error {
	return d.edit(id, func(a *dialplan.Account) error {
		*kind.Of(&a.User(user).Forwards) = to
		return nil
	})
}
