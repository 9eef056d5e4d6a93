package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

const selectLocations = `SELECT e.account_id, e.id, e.number, e.name, l.by, coalesce(l.announcement, ''), l.language, l.tries,
	coalesce(f.number, ''), coalesce(l.fallback_external, ''), l.fallback_prefix,
	coalesce(b.number, ''), coalesce(l.blocked_external, ''), l.blocked_prefix,
	coalesce(m.number, ''), coalesce(l.mobile_external, ''), l.mobile_prefix
	FROM extensions e JOIN ext_location l ON l.id = e.id AND l.account_id = e.account_id
	LEFT JOIN extensions f ON f.id = l.fallback_ext AND f.account_id = l.account_id
	LEFT JOIN extensions b ON b.id = l.blocked_ext AND b.account_id = l.account_id
	LEFT JOIN extensions m ON m.id = l.mobile_ext AND m.account_id = l.account_id`

func (l *loader) location(rows pgx.Rows) error {
	var account dialplan.AccountID
	e, r := new(dialplan.Extension), &dialplan.LocationRoute{Table: dialplan.NewLocationTable(0)}
	err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &r.By, &r.Announcement, &r.Language, &r.Tries,
		&r.Fallback.Destination.Extension, &r.Fallback.Destination.External, &r.Fallback.Prefix,
		&r.Blocked.Destination.Extension, &r.Blocked.Destination.External, &r.Blocked.Prefix,
		&r.Mobile.Destination.Extension, &r.Mobile.Destination.External, &r.Mobile.Prefix)
	if err != nil {
		return err
	}
	return l.extension(account, e, r)
}

const selectLocationRoutes = `SELECT r.account_id, r.location_id, r.keys, coalesce(x.number, ''), coalesce(r.dest_external, ''), r.prefix
	FROM location_routes r LEFT JOIN extensions x ON x.account_id = r.account_id AND x.id = r.dest_ext`

func (l *loader) locationRoute(rows pgx.Rows) error {
	var account dialplan.AccountID
	var id int64
	var keys []string
	var to dialplan.LocationTarget
	if err := rows.Scan(&account, &id, &keys, &to.Destination.Extension, &to.Destination.External, &to.Prefix); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	r, ok := configOf[*dialplan.LocationRoute](b, id)
	if !ok {
		return nil
	}
	if r.By == dialplan.ByPostcode {
		var each []string
		for _, k := range keys {
			each = append(each, dialplan.Keys(r.By, k)...)
		}
		keys = each
	} else {
		for i, k := range keys {
			keys[i] = strings.TrimPrefix(k, "+")
		}
	}
	if err := r.Table.Add(to, keys...); err != nil {
		b.fail("location table of extension with id %d: %w", id, err)
	}
	return nil
}

func (tx *Tx) writeLocation(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, r *dialplan.LocationRoute) error {
	targets := [...]struct {
		name string
		dialplan.LocationTarget
	}{{"fallback", r.Fallback}, {"blocked", r.Blocked}, {"mobile", r.Mobile}}
	refs, err := tx.destinations(ctx, account, []dialplan.Destination{r.Fallback.Destination, r.Blocked.Destination, r.Mobile.Destination})
	if err != nil {
		return err
	}
	// The keys of one kind of table mean nothing in another.
	var rows int
	err = tx.tx.QueryRow(ctx, `SELECT count(*) FROM ext_location l JOIN location_routes r ON r.account_id = l.account_id AND r.location_id = l.id
		WHERE l.account_id = $1 AND l.id = $2 AND l.by <> $3`, account, e.ID, r.By).Scan(&rows)
	if err != nil {
		return mapError("write location-based routing", err)
	}
	if rows > 0 {
		return &Invalid{Field: "by", Reason: "can't change while there are rows in the table"}
	}
	args := []any{e.ID, account, r.By, nullable(r.Announcement), r.Language, r.Tries}
	for _, t := range targets {
		ext, external, err := refs.columns(t.name, t.Destination)
		if err != nil {
			return err
		}
		args = append(args, ext, external, t.Prefix)
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO ext_location (id, account_id, by, announcement, language, tries, fallback_ext, fallback_external,
			fallback_prefix, blocked_ext, blocked_external, blocked_prefix, mobile_ext, mobile_external, mobile_prefix)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (id) DO UPDATE SET by = $3, announcement = $4, language = $5, tries = $6, fallback_ext = $7, fallback_external = $8,
			fallback_prefix = $9, blocked_ext = $10, blocked_external = $11, blocked_prefix = $12, mobile_ext = $13,
			mobile_external = $14, mobile_prefix = $15`, args...)
	return mapError("write location-based routing", err)
}

// SetLocations replaces the table of a location-based routing. Keys are as
// dialplan.ParseLocationKey gives them; two that are the same are an error when the account is loaded.
func (tx *Tx) SetLocations(ctx context.Context, number string, rows []dialplan.LocationRow) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	var id int64
	err = tx.tx.QueryRow(ctx, `UPDATE extensions SET revision = revision + 1
		WHERE account_id = $1 AND number = $2 AND kind = 'location' RETURNING id`, account, number).Scan(&id)
	if err != nil {
		return notFound(err, "location-based routing", number)
	}
	var order []dialplan.LocationTarget
	keys := make(map[dialplan.LocationTarget][]string)
	for _, r := range rows {
		to := dialplan.LocationTarget{Destination: r.Destination, Prefix: r.Prefix}
		if keys[to] == nil {
			order = append(order, to)
		}
		keys[to] = append(keys[to], r.Key)
	}
	all := make([]dialplan.Destination, len(order))
	for i, to := range order {
		all[i] = to.Destination
	}
	refs, err := tx.destinations(ctx, account, all)
	if err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM location_routes WHERE account_id = $1 AND location_id = $2`, account, id); err != nil {
		return mapError("replace location table", err)
	}
	var batch pgx.Batch
	for i, to := range order {
		ext, external, err := refs.columns("rows", to.Destination)
		if err != nil {
			return err
		}
		batch.Queue(`INSERT INTO location_routes (account_id, location_id, position, keys, dest_ext, dest_external, prefix)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, account, id, i, keys[to], ext, external, to.Prefix)
	}
	return mapError("write location table", tx.tx.SendBatch(ctx, &batch).Close())
}

// ReadLocations is the table of a location-based routing in the order of its keys.
func (tx *Tx) ReadLocations(ctx context.Context, number string) ([]dialplan.LocationRow, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	var id int64
	err = tx.tx.QueryRow(ctx, `SELECT id FROM extensions WHERE account_id = $1 AND number = $2 AND kind = 'location'`, account, number).Scan(&id)
	if err != nil {
		return nil, notFound(err, "location-based routing", number)
	}
	rows, err := tx.tx.Query(ctx, selectLocationRoutes+` WHERE r.account_id = $1 AND r.location_id = $2`, account, id)
	if err != nil {
		return nil, mapError("read location table", err)
	}
	out := []dialplan.LocationRow{}
	var keys []string
	var r dialplan.LocationRow
	_, err = pgx.ForEachRow(rows, []any{&account, &id, &keys, &r.Destination.Extension, &r.Destination.External, &r.Prefix}, func() error {
		for _, k := range keys {
			r.Key = k
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		return nil, mapError("read location table", err)
	}
	slices.SortFunc(out, func(a, b dialplan.LocationRow) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

const selectAuthentications = `SELECT e.account_id, e.id, e.number, e.name, a.by_pin, coalesce(a.welcome, ''), coalesce(a.failed, ''), a.language,
	coalesce(f.number, ''), coalesce(a.fallback_external, ''), a.fallback_prefix
	FROM extensions e JOIN ext_authentication a ON a.id = e.id AND a.account_id = e.account_id
	LEFT JOIN extensions f ON f.id = a.fallback_ext AND f.account_id = a.account_id`

func (l *loader) authentication(rows pgx.Rows) error {
	var account dialplan.AccountID
	e, a := new(dialplan.Extension), &dialplan.Authentication{Entries: make(map[string]dialplan.LocationTarget)}
	err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &a.ByPIN, &a.Welcome, &a.Failed, &a.Language,
		&a.Fallback.Destination.Extension, &a.Fallback.Destination.External, &a.Fallback.Prefix)
	if err != nil {
		return err
	}
	return l.extension(account, e, a)
}

const selectAuthenticationEntries = `SELECT t.account_id, t.authentication_id, t.key, coalesce(x.number, ''), coalesce(t.dest_external, ''), t.prefix
	FROM authentication_entries t LEFT JOIN extensions x ON x.account_id = t.account_id AND x.id = t.dest_ext`

func (l *loader) authenticationEntry(rows pgx.Rows) error {
	var account dialplan.AccountID
	var id int64
	var key string
	var to dialplan.LocationTarget
	if err := rows.Scan(&account, &id, &key, &to.Destination.Extension, &to.Destination.External, &to.Prefix); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if a, ok := configOf[*dialplan.Authentication](b, id); ok {
		a.Entries[key] = to
	}
	return nil
}

func (tx *Tx) writeAuthentication(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, a *dialplan.Authentication) error {
	all := []dialplan.Destination{a.Fallback.Destination}
	for _, to := range a.Entries {
		all = append(all, to.Destination)
	}
	refs, err := tx.destinations(ctx, account, all)
	if err != nil {
		return err
	}
	ext, external, err := refs.columns("fallback", a.Fallback.Destination)
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO ext_authentication (id, account_id, by_pin, welcome, failed, language, fallback_ext, fallback_external,
			fallback_prefix) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET by_pin = $3, welcome = $4, failed = $5, language = $6, fallback_ext = $7, fallback_external = $8,
			fallback_prefix = $9`,
		e.ID, account, a.ByPIN, nullable(a.Welcome), nullable(a.Failed), a.Language, ext, external, a.Fallback.Prefix)
	if err != nil {
		return mapError("write authentication", err)
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM authentication_entries WHERE account_id = $1 AND authentication_id = $2`, account, e.ID); err != nil {
		return mapError("replace entries", err)
	}
	for key, to := range a.Entries {
		ext, external, err := refs.columns("entries", to.Destination)
		if err != nil {
			return err
		}
		_, err = tx.tx.Exec(ctx, `INSERT INTO authentication_entries (account_id, authentication_id, key, dest_ext, dest_external, prefix)
			VALUES ($1, $2, $3, $4, $5, $6)`, account, e.ID, key, ext, external, to.Prefix)
		if err != nil {
			return mapError("write entries", err)
		}
	}
	return nil
}

const selectPickers = `SELECT e.account_id, e.id, e.number, e.name, coalesce(p.announcement, ''), p.language, p.ringback, p.timeout_ms,
	coalesce(f.number, ''), coalesce(p.fallback_external, ''), p.fallback_prefix
	FROM extensions e JOIN ext_picker p ON p.id = e.id AND p.account_id = e.account_id
	LEFT JOIN extensions f ON f.id = p.fallback_ext AND f.account_id = p.account_id`

func (l *loader) picker(rows pgx.Rows) error {
	var account dialplan.AccountID
	var timeout int64
	e, p := new(dialplan.Extension), new(dialplan.Picker)
	err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &p.Announcement, &p.Language, &p.Ringback, &timeout,
		&p.Fallback.Destination.Extension, &p.Fallback.Destination.External, &p.Fallback.Prefix)
	if err != nil {
		return err
	}
	p.Timeout = time.Duration(timeout) * time.Millisecond
	return l.extension(account, e, p)
}

func (tx *Tx) writePicker(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, p *dialplan.Picker) error {
	refs, err := tx.destinations(ctx, account, []dialplan.Destination{p.Fallback.Destination})
	if err != nil {
		return err
	}
	ext, external, err := refs.columns("fallback", p.Fallback.Destination)
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO ext_picker (id, account_id, announcement, language, ringback, timeout_ms, fallback_ext, fallback_external,
			fallback_prefix) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET announcement = $3, language = $4, ringback = $5, timeout_ms = $6, fallback_ext = $7,
			fallback_external = $8, fallback_prefix = $9`,
		e.ID, account, nullable(p.Announcement), p.Language, p.Ringback, millis(p.Timeout), ext, external, p.Fallback.Prefix)
	return mapError("write extension picker", err)
}
