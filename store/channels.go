package store

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Channel is a SIP account with its revision.
type Channel struct {
	dialplan.Channel
	Revision int64
}

// ChannelFilter selects channels; zero fields select all.
type ChannelFilter struct {
	User string // extension number of the user who is logged in
}

// NewChannelName makes a SIP user name that nobody has or guesses.
func NewChannelName() string { return "ch" + strings.ToLower(rand.Text()[:10]) }

// NewChannelPassword makes a password of 130 random bits.
func NewChannelPassword() string { return rand.Text() }

// CreateChannel adds a channel of the account and fills in ID and Revision, and Name,
// Password, DTMF and CallLimit (2) where they are empty. A linked user leaves other phones, and one of automatic login may be
// logged in at once: User tells.
func (tx *Tx) CreateChannel(ctx context.Context, c *Channel) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	if c.Name == "" {
		c.Name = NewChannelName()
	}
	if c.Password == "" {
		c.Password = NewChannelPassword()
	}
	if c.DTMF == "" {
		c.DTMF = dialplan.DTMFRFC4733
	}
	if c.CallLimit == 0 {
		c.CallLimit = 2
	}
	user, err := tx.user(ctx, account, "user", c.User)
	if err != nil {
		return err
	}
	auto, err := tx.user(ctx, account, "auto_login", c.AutoLogin)
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO channels (account_id, name, password, description, enabled, secure, dtmf, area_code,
			language, call_limit, emergency_caller_id, user_id, linked, auto_user_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id, revision`,
		account, c.Name, c.Password, c.Description, c.Enabled, c.Secure, c.DTMF, c.AreaCode,
		c.Language, c.CallLimit, c.EmergencyCallerID, user, c.Linked, auto).Scan(&c.ID, &c.Revision)
	if err != nil {
		return mapError("create channel", err)
	}
	return tx.settleChannel(ctx, account, c)
}

const selectChannelRows = `SELECT c.id, c.name, c.password, c.description, c.enabled, c.secure, c.dtmf, c.area_code, c.language,
	c.call_limit, c.emergency_caller_id, coalesce(e.number, ''), c.linked, coalesce(a.number, ''), c.revision
	FROM channels c LEFT JOIN extensions e ON e.account_id = c.account_id AND e.id = c.user_id
	LEFT JOIN extensions a ON a.account_id = c.account_id AND a.id = c.auto_user_id`

func scanChannel(rows pgx.Rows, c *Channel) error {
	return rows.Scan(&c.ID, &c.Name, &c.Password, &c.Description, &c.Enabled, &c.Secure, &c.DTMF, &c.AreaCode, &c.Language,
		&c.CallLimit, &c.EmergencyCallerID, &c.User, &c.Linked, &c.AutoLogin, &c.Revision)
}

// ReadChannel finds a channel by its SIP user name.
func (tx *Tx) ReadChannel(ctx context.Context, name string) (*Channel, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectChannelRows+` WHERE c.account_id = $1 AND c.name = $2`, account, name)
	return one(rows, err, "channel", name, scanChannel)
}

// ListChannels lists channels by key, which is their name, and how many f selects in all.
func (tx *Tx) ListChannels(ctx context.Context, f ChannelFilter, page Page) ([]Channel, int, error) {
	account, err := tx.own()
	if err != nil {
		return nil, 0, err
	}
	w := conditions{` WHERE c.account_id = $1`, []any{account}}
	if f.User != "" {
		w.sql += ` AND c.user_id = (SELECT id FROM extensions WHERE account_id = $1 AND number = ` + w.arg(f.User) + `)`
	}
	l := keyed[Channel]{what: "channels", rows: selectChannelRows, count: `SELECT count(*) FROM channels c`, where: w, key: `c.name`, scan: scanChannel}
	return l.page(ctx, tx, page)
}

// UpdateChannel changes the channel with a name, which c.Name may change. A Revision other
// than 0 must be the current one, else Stale; it is raised.
func (tx *Tx) UpdateChannel(ctx context.Context, name string, c *Channel) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	user, err := tx.user(ctx, account, "user", c.User)
	if err != nil {
		return err
	}
	auto, err := tx.user(ctx, account, "auto_login", c.AutoLogin)
	if err != nil {
		return err
	}
	if err := tx.forgetOtherLogin(ctx, account, name, user); err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `UPDATE channels SET name = $3, password = $4, description = $5, enabled = $6, secure = $7, dtmf = $8,
			area_code = $9, language = $10, call_limit = $11, emergency_caller_id = $12, user_id = $13, linked = $15, auto_user_id = $16,
			revision = revision + 1
		WHERE account_id = $1 AND name = $2 AND ($14::bigint = 0 OR revision = $14) RETURNING id, revision`,
		account, name, c.Name, c.Password, c.Description, c.Enabled, c.Secure, c.DTMF,
		c.AreaCode, c.Language, c.CallLimit, c.EmergencyCallerID, user, c.Revision, c.Linked, auto).Scan(&c.ID, &c.Revision)
	if err != nil {
		return tx.missed(ctx, err, "update", "channel", name,
			`SELECT revision FROM channels WHERE account_id = $1 AND name = $2`, account, name)
	}
	return tx.settleChannel(ctx, account, c)
}

// forgetOtherLogin forgets where the phone of a channel was at the login of another user than this one.
func (tx *Tx) forgetOtherLogin(ctx context.Context, account dialplan.AccountID, name string, user *int64) error {
	_, err := tx.tx.Exec(ctx, `DELETE FROM channel_addresses WHERE account_id = $1 AND channel_id = (
		SELECT id FROM channels WHERE account_id = $1 AND name = $2 AND user_id IS DISTINCT FROM $3)`, account, name, user)
	return mapError("forget login address", err)
}

// SetChannelUser logs a user in on a channel, or, with an empty number, whoever is there out; nobody may be linked there.
func (tx *Tx) SetChannelUser(ctx context.Context, name, number string) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	user, err := tx.user(ctx, account, "user", number)
	if err != nil {
		return err
	}
	if err := tx.forgetOtherLogin(ctx, account, name, user); err != nil {
		return err
	}
	tag, err := tx.tx.Exec(ctx, `UPDATE channels SET user_id = $3, revision = revision + 1 WHERE account_id = $1 AND name = $2`,
		account, name, user)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "channel", Key: name}
	}
	return mapError("log user in on channel", err)
}

// DeleteChannel removes a channel. A revision other than 0 must be the current one, else Stale.
func (tx *Tx) DeleteChannel(ctx context.Context, name string, revision int64) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	var id int64
	err = tx.tx.QueryRow(ctx, `DELETE FROM channels WHERE account_id = $1 AND name = $2 AND ($3::bigint = 0 OR revision = $3) RETURNING id`,
		account, name, revision).Scan(&id)
	if err != nil {
		return tx.missed(ctx, err, "delete", "channel", name,
			`SELECT revision FROM channels WHERE account_id = $1 AND name = $2`, account, name)
	}
	return nil
}

const selectChannels = `SELECT account_id, id, name, password, description, enabled, secure, dtmf, area_code, language,
	call_limit, emergency_caller_id, user_id, linked, auto_user_id FROM channels`

func (l *loader) channel(rows pgx.Rows) error {
	var account dialplan.AccountID
	var user, auto *int64
	ch := new(dialplan.Channel)
	err := rows.Scan(&account, &ch.ID, &ch.Name, &ch.Password, &ch.Description, &ch.Enabled, &ch.Secure, &ch.DTMF,
		&ch.AreaCode, &ch.Language, &ch.CallLimit, &ch.EmergencyCallerID, &user, &ch.Linked, &auto)
	if err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	switch ch.DTMF { // the constants' memory instead of a copy a channel
	case dialplan.DTMFRFC4733:
		ch.DTMF = dialplan.DTMFRFC4733
	case dialplan.DTMFInfo:
		ch.DTMF = dialplan.DTMFInfo
	}
	if user != nil {
		if _, ok := configOf[*dialplan.User](b, *user); ok {
			ch.User = b.number(user)
		}
	}
	ch.AutoLogin = b.number(auto)
	b.Channels[ch.Name] = ch
	return nil
}

// linkDevices fills in the Devices of users from the channels that name them. On the channel of a user who is not in
// service nobody is logged in.
func linkDevices(a *dialplan.Account) {
	for _, name := range slices.Sorted(maps.Keys(a.Channels)) {
		ch := a.Channels[name]
		if u := a.User(ch.User); u != nil {
			u.Devices = append(u.Devices, ch)
		} else if e := a.Extensions[ch.User]; e != nil && e.Inactive {
			ch.User, ch.Linked = "", false
		}
	}
}
