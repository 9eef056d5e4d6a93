package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// desk reads what the rules of logging in and out look at: all channels of the account with whoever is logged in there, and the users.
// No other change of these comes between.
func (tx *Tx) desk(ctx context.Context, account dialplan.AccountID) (*dialplan.Account, error) {
	if err := tx.lockRevision(ctx, "account", accountKey(account), 0, account, `SELECT version FROM accounts WHERE id = $1`, account); err != nil {
		return nil, err
	}
	a := &dialplan.Account{ID: account, Extensions: map[string]*dialplan.Extension{}, Channels: map[string]*dialplan.Channel{}}
	rows, err := tx.tx.Query(ctx, `SELECT c.name, c.enabled, c.linked, coalesce(e.number, ''), coalesce(a.number, '')
		FROM channels c LEFT JOIN extensions e ON e.account_id = c.account_id AND e.id = c.user_id
		LEFT JOIN extensions a ON a.account_id = c.account_id AND a.id = c.auto_user_id WHERE c.account_id = $1`, account)
	channels, err := collect(rows, err, "channels", func(rows pgx.Rows, c *dialplan.Channel) error {
		return rows.Scan(&c.Name, &c.Enabled, &c.Linked, &c.User, &c.AutoLogin)
	})
	if err != nil {
		return nil, err
	}
	for i := range channels {
		a.Channels[channels[i].Name] = &channels[i]
	}
	rows, err = tx.tx.Query(ctx, `SELECT e.number, u.twinning FROM extensions e
		JOIN ext_user u ON u.account_id = e.account_id AND u.id = e.id WHERE e.account_id = $1`, account)
	if err != nil {
		return nil, mapError("read users", err)
	}
	var number string
	var twinning bool
	_, err = pgx.ForEachRow(rows, []any{&number, &twinning}, func() error {
		a.Extensions[number] = &dialplan.Extension{Number: number, Config: &dialplan.User{Permissions: dialplan.Permissions{Twinning: twinning}}}
		return nil
	})
	return a, mapError("read users", err)
}

// occupy puts a user on a channel, or, with an empty number, nobody, and writes the audit log.
func (tx *Tx) occupy(ctx context.Context, a *dialplan.Account, actor, channel, user string) error {
	ch := a.Channels[channel]
	before := ch.User
	if before == user {
		return nil
	}
	if err := tx.SetChannelUser(ctx, channel, user); err != nil {
		return err
	}
	ch.User = user
	action := "login"
	if user == "" {
		action = "logout"
	}
	type logged struct {
		User string `json:"user"`
	}
	return tx.Audit(ctx, &AuditEntry{Actor: actor, Action: action, Entity: "channel", EntityID: channel}, logged{before}, logged{user})
}

// vacate logs user out on a channel, where the user of its automatic login comes in.
func (tx *Tx) vacate(ctx context.Context, a *dialplan.Account, actor, channel, user string) error {
	if err := tx.occupy(ctx, a, actor, channel, ""); err != nil {
		return err
	}
	return tx.occupy(ctx, a, actor, channel, a.Vacated(channel, user))
}

func userActor(user string) string { return "user " + user + " by phone" }

// LogIn logs a user in on a channel, if the rules allow it now (SYS-901), with the address from which
// the phone may dial out and the PIN that the user may have chosen. Invalid says why they do not.
func (db *DB) LogIn(ctx context.Context, account dialplan.AccountID, in dialplan.LogInRequest) error {
	return db.Account(ctx, account, func(tx *Tx) error {
		a, err := tx.desk(ctx, account)
		if err != nil {
			return err
		}
		d := a.LogIn(in.User, in.Channel)
		switch {
		case d.Refused != "":
			return &Invalid{Field: "channel", Reason: d.Refused}
		case len(d.Off) > 0 && !in.Elsewhere:
			return &Invalid{Field: "channel", Reason: "user " + in.User + " is logged in on as many channels as they may use"}
		}
		actor := userActor(in.User)
		for _, name := range d.Off {
			if err := tx.vacate(ctx, a, actor, name, in.User); err != nil {
				return err
			}
		}
		if err := tx.occupy(ctx, a, actor, in.Channel, in.User); err != nil {
			return err
		}
		if in.Address.IsValid() {
			if err := tx.SetLoginAddress(ctx, in.Channel, in.Address); err != nil {
				return err
			}
		}
		if in.PIN == "" {
			return nil
		}
		return tx.setPIN(ctx, account, in.User, in.PIN)
	})
}

// LogOut logs a user out on channels (SYS-902). One on which somebody else is logged in by now stays as it is.
func (db *DB) LogOut(ctx context.Context, account dialplan.AccountID, user string, channels []string) error {
	return db.Account(ctx, account, func(tx *Tx) error {
		a, err := tx.desk(ctx, account)
		if err != nil {
			return err
		}
		for _, name := range channels {
			if ch := a.Channels[name]; ch == nil || ch.User != user {
				continue
			}
			if d := a.LogOut(name); d.Refused != "" {
				return &Invalid{Field: "channel", Reason: d.Refused}
			}
			if err := tx.vacate(ctx, a, userActor(user), name, user); err != nil {
				return err
			}
		}
		return nil
	})
}

// ChangePIN gives a user another PIN (SYS-907).
func (db *DB) ChangePIN(ctx context.Context, account dialplan.AccountID, user, pin string) error {
	return db.Account(ctx, account, func(tx *Tx) error { return tx.setPIN(ctx, account, user, pin) })
}

func (tx *Tx) setPIN(ctx context.Context, account dialplan.AccountID, user, pin string) error {
	if why := dialplan.NewPIN(pin); why != "" {
		return &Invalid{Field: "pin", Reason: why}
	}
	id, err := tx.userID(ctx, account, user)
	if err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `UPDATE ext_user SET pin = $3 WHERE account_id = $1 AND id = $2`, account, id, pin); err != nil {
		return mapError("change PIN", err)
	}
	if err := tx.revise(ctx, account, id); err != nil {
		return err
	}
	// What the PIN is and was is nobody's business.
	return tx.Audit(ctx, &AuditEntry{Actor: userActor(user), Action: "update", Entity: "extension", EntityID: user}, nil,
		map[string][]string{"changed": {"pin"}})
}

// revise raises the revision of an extension.
func (tx *Tx) revise(ctx context.Context, account dialplan.AccountID, id int64) error {
	_, err := tx.tx.Exec(ctx, `UPDATE extensions SET revision = revision + 1 WHERE account_id = $1 AND id = $2`, account, id)
	return mapError("raise the revision of an extension", err)
}

// SetForward replaces one forward of a user (SYS-910); without a destination it is cleared.
func (db *DB) SetForward(ctx context.Context, account dialplan.AccountID, user string, kind dialplan.ForwardKind, to []dialplan.Destination) error {
	return db.Account(ctx, account, func(tx *Tx) error {
		id, err := tx.userID(ctx, account, user)
		if err != nil {
			return err
		}
		if err := tx.revise(ctx, account, id); err != nil { // from here nobody else changes it
			return err
		}
		e, err := tx.ReadExtension(ctx, user)
		if err != nil {
			return err
		}
		u, ok := e.Config.(*dialplan.User)
		if !ok {
			return &NotFound{Entity: "user extension", Key: user}
		}
		list := kind.Of(&u.Forwards)
		if list == nil {
			return &Invalid{Field: "kind", Reason: fmt.Sprintf("%q is no forward", kind)}
		}
		type forward struct {
			Kind dialplan.ForwardKind   `json:"forward"`
			To   []dialplan.Destination `json:"to"`
		}
		before := slices.Clone(*list)
		*list = to
		if err := tx.writeForwards(ctx, account, &e.Extension, &u.Forwards); err != nil {
			return err
		}
		return tx.Audit(ctx, &AuditEntry{Actor: userActor(user), Action: "update", Entity: "extension", EntityID: user},
			forward{kind, before}, forward{kind, to})
	})
}

// Devices are the channels of a user by how they are theirs.
type Devices struct {
	// Linked: nobody else can log in there, and the user can't log out (FAC-LINK-01).
	Linked []string
	// AutoLogin: the user is logged in there when nobody else is (FAC-TWIN-01).
	AutoLogin []string
	// LoggedIn are all channels on which the user is logged in. SetDevices does not look at it.
	LoggedIn []string
}

// ReadDevices finds the channels of a user.
func (tx *Tx) ReadDevices(ctx context.Context, user string) (*Devices, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	id, err := tx.userID(ctx, account, user)
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT name, linked, user_id IS NOT DISTINCT FROM $2, auto_user_id IS NOT DISTINCT FROM $2
		FROM channels WHERE account_id = $1 AND (user_id = $2 OR auto_user_id = $2) ORDER BY name`, account, id)
	if err != nil {
		return nil, mapError("read devices", err)
	}
	d := &Devices{}
	var name string
	var linked, here, auto bool
	_, err = pgx.ForEachRow(rows, []any{&name, &linked, &here, &auto}, func() error {
		if here {
			d.LoggedIn = append(d.LoggedIn, name)
		}
		if here && linked {
			d.Linked = append(d.Linked, name)
		}
		if auto {
			d.AutoLogin = append(d.AutoLogin, name)
		}
		return nil
	})
	return d, mapError("read devices", err)
}

// SetDevices links a user to channels and logs the user in on those of automatic login where nobody is. From channels that are
// no longer linked the user is logged out.
func (tx *Tx) SetDevices(ctx context.Context, user, actor string, d *Devices) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	a, err := tx.desk(ctx, account)
	if err != nil {
		return err
	}
	u := a.User(user)
	if u == nil {
		return &NotFound{Entity: "user extension", Key: user}
	}
	for field, list := range map[string][]string{"linked": d.Linked, "auto_login": d.AutoLogin} {
		for _, name := range list {
			switch ch := a.Channels[name]; {
			case ch == nil:
				return &Invalid{Field: field, Reason: "there is no channel " + name}
			case ch.Linked && ch.User != user:
				return &Invalid{Field: field, Reason: "user " + ch.User + " is linked to channel " + name}
			}
		}
	}
	id, err := tx.userID(ctx, account, user)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(a.Channels)) {
		ch := a.Channels[name]
		linked, auto := slices.Contains(d.Linked, name), slices.Contains(d.AutoLogin, name)
		was := ch.Linked && ch.User == user
		if linked && !was {
			if err := tx.occupy(ctx, a, actor, name, user); err != nil {
				return err
			}
		}
		if linked != was {
			ch.Linked = linked
			if _, err := tx.tx.Exec(ctx, `UPDATE channels SET linked = $3, revision = revision + 1 WHERE account_id = $1 AND name = $2`,
				account, name, linked); err != nil {
				return mapError("link channel", err)
			}
		}
		if was && !linked {
			if err := tx.occupy(ctx, a, actor, name, ""); err != nil {
				return err
			}
		}
		switch {
		case auto && ch.AutoLogin != user:
			ch.AutoLogin = user
		case !auto && ch.AutoLogin == user:
			ch.AutoLogin = ""
		default:
			continue
		}
		if _, err := tx.tx.Exec(ctx, `UPDATE channels SET auto_user_id = CASE WHEN $3 THEN $4::bigint END, revision = revision + 1
			WHERE account_id = $1 AND name = $2`, account, name, auto, id); err != nil {
			return mapError("set automatic login", err)
		}
	}
	return tx.settle(ctx, a, actor, user)
}

// settle does what follows from a user's linked channels and those of automatic login, or tells that they are too many: the user leaves
// other phones on which they are logged in too many times, and is logged in where nobody is.
func (tx *Tx) settle(ctx context.Context, a *dialplan.Account, actor, user string) error {
	u, linked, auto := a.User(user), 0, []string{}
	if u == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(a.Channels)) {
		ch := a.Channels[name]
		if ch.User == user && ch.Linked {
			linked++
		}
		if ch.AutoLogin == user {
			auto = append(auto, name)
		}
	}
	for field, n := range map[string]int{"linked": linked, "auto_login": len(auto)} {
		if n > u.PhoneLimit() {
			return &Invalid{Field: field, Reason: fmt.Sprintf("user %s may have %d of such channels, with twinning 2", user, u.PhoneLimit())}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Channels)) {
		if ch := a.Channels[name]; linked > 0 && ch.User == user && !ch.Linked && a.Phones(user) > u.PhoneLimit() {
			if err := tx.vacate(ctx, a, actor, name, user); err != nil {
				return err
			}
		}
	}
	for _, name := range auto {
		if a.Channels[name].User != "" {
			continue
		}
		if err := tx.occupy(ctx, a, actor, name, a.Vacated(name, "")); err != nil {
			return err
		}
	}
	return nil
}

// settleChannel is settle for the users that a channel names.
func (tx *Tx) settleChannel(ctx context.Context, account dialplan.AccountID, c *Channel) error {
	if !c.Linked && c.AutoLogin == "" {
		return nil
	}
	if c.Linked && c.User == "" {
		return &Invalid{Field: "linked", Reason: "a linked channel has a user"}
	}
	a, err := tx.desk(ctx, account)
	if err != nil {
		return err
	}
	users := []string{c.User}
	if c.AutoLogin != c.User {
		users = append(users, c.AutoLogin)
	}
	for _, user := range users {
		if err := tx.settle(ctx, a, "channel "+c.Name, user); err != nil {
			return err
		}
	}
	c.User = a.Channels[c.Name].User
	err = tx.tx.QueryRow(ctx, `SELECT revision FROM channels WHERE account_id = $1 AND name = $2`, account, c.Name).Scan(&c.Revision)
	return notFound(err, "channel", c.Name)
}
