package store

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Outbound is what an account's people may call and from where (FAC-BAR-01, FAC-IPL-01). An
// account for which nothing was set has the zero value with revision 1.
type Outbound struct {
	Barred    []dialplan.BarringCategory
	IPListing bool
	Allowed   []dialplan.AddressRange
	Revision  int64
}

// UserOutbound is what a user may not call and the numbers a user can show (FAC-BAR-01,
// FAC-CLI-01); where nothing was set the zero value with revision 1.
type UserOutbound struct {
	Barred    []dialplan.BarringCategory
	CallerIDs map[string]string // by code 0, 2–9
	Revision  int64
}

// ReadOutbound finds the rules of the account.
func (tx *Tx) ReadOutbound(ctx context.Context) (*Outbound, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	o := &Outbound{Revision: 1}
	err = tx.tx.QueryRow(ctx, `SELECT barred, ip_listing, revision FROM outbound_accounts WHERE account_id = $1`, account).
		Scan(&o.Barred, &o.IPListing, &o.Revision)
	if errors.Is(err, pgx.ErrNoRows) {
		return o, nil
	}
	if err != nil {
		return nil, mapError("read outbound rules", err)
	}
	rows, err := tx.tx.Query(ctx, `SELECT first, last, description FROM allowed_addresses WHERE account_id = $1 ORDER BY position`, account)
	o.Allowed, err = collect(rows, err, "allowed addresses", func(rows pgx.Rows, r *dialplan.AddressRange) error {
		return rows.Scan(&r.First, &r.Last, &r.Description)
	})
	return o, err
}

// SetOutbound replaces the rules of the account. A Revision other than 0 must be the current
// one, else Stale; it is raised.
func (tx *Tx) SetOutbound(ctx context.Context, o *Outbound) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	for _, r := range o.Allowed {
		if err := r.Check(); err != nil {
			return &Invalid{Field: "allowed_addresses", Reason: err.Error()}
		}
	}
	if err := tx.lockRevision(ctx, "outbound rules", accountKey(account), o.Revision, account,
		`SELECT revision FROM outbound_accounts WHERE account_id = $1`, account); err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO outbound_accounts AS o (account_id, barred, ip_listing, revision) VALUES ($1, $2, $3, 2)
		ON CONFLICT (account_id) DO UPDATE SET barred = $2, ip_listing = $3, revision = o.revision + 1 RETURNING revision`,
		account, categories(o.Barred), o.IPListing).Scan(&o.Revision)
	if err != nil {
		return mapError("write outbound rules", err)
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM allowed_addresses WHERE account_id = $1`, account); err != nil {
		return mapError("replace allowed addresses", err)
	}
	for i, r := range o.Allowed {
		_, err := tx.tx.Exec(ctx, `INSERT INTO allowed_addresses (account_id, position, first, last, description) VALUES ($1, $2, $3, $4, $5)`,
			account, i, r.First.Unmap(), r.Last.Unmap(), r.Description)
		if err != nil {
			return mapError("write allowed addresses", err)
		}
	}
	return nil
}

// lockRevision lets one change after the other of the account through and checks what the
// row's revision is: 1 when there is no row yet.
func (tx *Tx) lockRevision(ctx context.Context, entity, key string, want int64, account dialplan.AccountID, sql string, args ...any) error {
	var id int64
	if err := tx.tx.QueryRow(ctx, `SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE`, account).Scan(&id); err != nil {
		return notFound(err, "account", accountKey(account))
	}
	current := int64(1)
	if err := tx.tx.QueryRow(ctx, sql, args...).Scan(&current); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return mapError("read "+entity, err)
	}
	if want != 0 && want != current {
		return &Stale{Entity: entity, Key: key, Current: current}
	}
	return nil
}

// categories without doubles, and never NULL.
func categories(in []dialplan.BarringCategory) []string {
	out := make([]string, 0, len(in))
	for _, c := range in {
		if !slices.Contains(out, string(c)) {
			out = append(out, string(c))
		}
	}
	return out
}

// userID finds a user extension.
func (tx *Tx) userID(ctx context.Context, account dialplan.AccountID, number string) (int64, error) {
	refs, err := tx.resolve(ctx, account, []string{number})
	if err != nil {
		return 0, err
	}
	if r, ok := refs[number]; ok && r.kind == dialplan.KindUser {
		return r.id, nil
	}
	return 0, &NotFound{Entity: "user extension", Key: number}
}

// ReadUserOutbound finds the rules of a user.
func (tx *Tx) ReadUserOutbound(ctx context.Context, number string) (*UserOutbound, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	user, err := tx.userID(ctx, account, number)
	if err != nil {
		return nil, err
	}
	o := &UserOutbound{Revision: 1, CallerIDs: make(map[string]string)}
	err = tx.tx.QueryRow(ctx, `SELECT barred, revision FROM outbound_users WHERE account_id = $1 AND user_id = $2`, account, user).
		Scan(&o.Barred, &o.Revision)
	if errors.Is(err, pgx.ErrNoRows) {
		return o, nil
	}
	if err != nil {
		return nil, mapError("read outbound rules of a user", err)
	}
	rows, err := tx.tx.Query(ctx, `SELECT code, e164 FROM user_caller_ids WHERE account_id = $1 AND user_id = $2`, account, user)
	if err != nil {
		return nil, mapError("read dynamic caller IDs", err)
	}
	var code, e164 string
	_, err = pgx.ForEachRow(rows, []any{&code, &e164}, func() error {
		o.CallerIDs[code] = e164
		return nil
	})
	return o, mapError("read dynamic caller IDs", err)
}

// SetUserOutbound replaces the rules of a user. A Revision other than 0 must be the current
// one, else Stale; it is raised.
func (tx *Tx) SetUserOutbound(ctx context.Context, number string, o *UserOutbound) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	user, err := tx.userID(ctx, account, number)
	if err != nil {
		return err
	}
	if err := tx.lockRevision(ctx, "outbound rules of user", number, o.Revision, account,
		`SELECT revision FROM outbound_users WHERE account_id = $1 AND user_id = $2`, account, user); err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO outbound_users AS o (account_id, user_id, barred, revision) VALUES ($1, $2, $3, 2)
		ON CONFLICT (account_id, user_id) DO UPDATE SET barred = $3, revision = o.revision + 1 RETURNING revision`,
		account, user, categories(o.Barred)).Scan(&o.Revision)
	if err != nil {
		return mapError("write outbound rules of a user", err)
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM user_caller_ids WHERE account_id = $1 AND user_id = $2`, account, user); err != nil {
		return mapError("replace dynamic caller IDs", err)
	}
	for _, code := range slices.Sorted(maps.Keys(o.CallerIDs)) {
		_, err := tx.tx.Exec(ctx, `INSERT INTO user_caller_ids (account_id, user_id, code, e164) VALUES ($1, $2, $3, $4)`,
			account, user, code, o.CallerIDs[code])
		if err != nil {
			return mapError("write dynamic caller IDs", err)
		}
	}
	return nil
}

// LoginAddress is where the phone of a channel was when its user logged in; invalid: unknown.
func (tx *Tx) LoginAddress(ctx context.Context, channel string) (netip.Addr, error) {
	account, err := tx.own()
	if err != nil {
		return netip.Addr{}, err
	}
	var at *netip.Addr
	err = tx.tx.QueryRow(ctx, `SELECT a.address FROM channels c
		LEFT JOIN channel_addresses a ON a.account_id = c.account_id AND a.channel_id = c.id
		WHERE c.account_id = $1 AND c.name = $2`, account, channel).Scan(&at)
	if err != nil || at == nil {
		return netip.Addr{}, notFound(err, "channel", channel)
	}
	return *at, nil
}

// SetLoginAddress notes from where a user has logged in on a channel; an invalid address
// forgets it, so that the user has to log in again before dialling out.
func (tx *Tx) SetLoginAddress(ctx context.Context, channel string, at netip.Addr) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	var id int64
	err = tx.tx.QueryRow(ctx, `SELECT id FROM channels WHERE account_id = $1 AND name = $2`, account, channel).Scan(&id)
	if err != nil {
		return notFound(err, "channel", channel)
	}
	if !at.IsValid() {
		_, err = tx.tx.Exec(ctx, `DELETE FROM channel_addresses WHERE account_id = $1 AND channel_id = $2`, account, id)
		return mapError("forget login address", err)
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO channel_addresses (account_id, channel_id, address) VALUES ($1, $2, $3)
		ON CONFLICT (account_id, channel_id) DO UPDATE SET address = $3`, account, id, at.Unmap().WithZone(""))
	return mapError("write login address", err)
}

// outboundParts load what this file writes, after users and channels.
func (l *loader) outboundParts() []part {
	return []part{
		{"outbound rules", `SELECT account_id, barred, ip_listing FROM outbound_accounts WHERE account_id = ANY($1)`, l.outbound},
		{"allowed addresses", `SELECT account_id, first, last, description FROM allowed_addresses WHERE account_id = ANY($1)
			ORDER BY account_id, position`, l.allowed},
		{"outbound rules of users", `SELECT account_id, user_id, barred FROM outbound_users WHERE account_id = ANY($1)`, l.userOutbound},
		{"dynamic caller IDs", `SELECT account_id, user_id, code, e164 FROM user_caller_ids WHERE account_id = ANY($1)`, l.callerID},
		{"login addresses", `SELECT a.account_id, c.name, a.address FROM channel_addresses a
			JOIN channels c ON c.account_id = a.account_id AND c.id = a.channel_id WHERE a.account_id = ANY($1)`, l.loginAddress},
	}
}

func (l *loader) outbound(rows pgx.Rows) error {
	var account dialplan.AccountID
	var barred []dialplan.BarringCategory
	var listing bool
	if err := rows.Scan(&account, &barred, &listing); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	b.IPListing = listing
	if len(barred) > 0 {
		b.Barred = barred
	}
	return nil
}

func (l *loader) allowed(rows pgx.Rows) error {
	var account dialplan.AccountID
	var r dialplan.AddressRange
	if err := rows.Scan(&account, &r.First, &r.Last, &r.Description); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	b.AllowedAddresses = append(b.AllowedAddresses, r)
	return nil
}

func (l *loader) userOutbound(rows pgx.Rows) error {
	var account dialplan.AccountID
	var user int64
	var barred []dialplan.BarringCategory
	if err := rows.Scan(&account, &user, &barred); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if u, ok := configOf[*dialplan.User](b, user); ok && len(barred) > 0 {
		u.Barred = barred
	}
	return nil
}

func (l *loader) callerID(rows pgx.Rows) error {
	var account dialplan.AccountID
	var user int64
	var code, e164 string
	if err := rows.Scan(&account, &user, &code, &e164); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if u, ok := configOf[*dialplan.User](b, user); ok {
		if u.CallerIDs == nil {
			u.CallerIDs = make(map[string]string)
		}
		u.CallerIDs[code] = e164
	}
	return nil
}

func (l *loader) loginAddress(rows pgx.Rows) error {
	var account dialplan.AccountID
	var name string
	var at netip.Addr
	if err := rows.Scan(&account, &name, &at); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if ch := b.Channels[name]; ch != nil {
		ch.LoginAddress = at
	}
	return nil
}
