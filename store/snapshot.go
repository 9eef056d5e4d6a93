package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// loadChunk is how many accounts are read with one round trip: enough to make the trips
// cheap, few enough that what is half built stays small.
const loadChunk = 500

// Loaded is an account as read from the database, or why it could not be built.
type Loaded struct {
	ID      dialplan.AccountID
	Version int64
	Account *dialplan.Account // nil with Err
	Err     error
}

// LoadAccount reads one account; NotFound when there is none.
func (db *DB) LoadAccount(ctx context.Context, id dialplan.AccountID) (*dialplan.Account, error) {
	var out *dialplan.Account
	err := db.LoadAccounts(ctx, []dialplan.AccountID{id}, func(l Loaded) error {
		out = l.Account
		return l.Err
	})
	if err == nil && out == nil {
		return nil, &NotFound{Entity: "account", Key: accountKey(id)}
	}
	return out, err
}

// LoadAll reads every account, all at the same moment, and gives them to f one by one; an error of f
// ends it. An account that can't be built is given with Err and does not disturb the others.
func (db *DB) LoadAll(ctx context.Context, f func(Loaded) error) error {
	return db.snapshot(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM accounts ORDER BY id`)
		if err != nil {
			return fmt.Errorf("list accounts: %w", err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[dialplan.AccountID])
		if err != nil {
			return fmt.Errorf("list accounts: %w", err)
		}
		return db.load(ctx, tx, ids, f)
	})
}

// LoadAccounts is LoadAll for some accounts. One that is not there is left out.
func (db *DB) LoadAccounts(ctx context.Context, ids []dialplan.AccountID, f func(Loaded) error) error {
	return db.snapshot(ctx, func(tx pgx.Tx) error { return db.load(ctx, tx, ids, f) })
}

// snapshot runs f with one consistent view of the whole platform.
func (db *DB) snapshot(ctx context.Context, f func(pgx.Tx) error) error {
	return db.run(ctx, "ISOLATION LEVEL REPEATABLE READ READ ONLY", 0, func(tx *Tx) error { return f(tx.tx) })
}

func (db *DB) load(ctx context.Context, tx pgx.Tx, ids []dialplan.AccountID, f func(Loaded) error) error {
	for chunk := range slices.Chunk(ids, loadChunk) {
		l := loader{zones: &db.zones, accounts: make(map[dialplan.AccountID]*building, len(chunk))}
		if err := l.read(ctx, tx, chunk); err != nil {
			return err
		}
		for _, id := range chunk {
			b := l.accounts[id]
			if b == nil {
				continue
			}
			out := Loaded{ID: id, Version: b.Version, Account: b.Account}
			linkDevices(b.Account)
			if b.err != nil {
				out.Account, out.Err = nil, fmt.Errorf("account %d: %w", id, b.err)
			}
			if err := f(out); err != nil {
				return err
			}
		}
	}
	return nil
}

// Versions of all accounts and of the set of trunks, to find what has changed.
func (db *DB) Versions(ctx context.Context) (accounts map[dialplan.AccountID]int64, trunks int64, err error) {
	accounts = make(map[dialplan.AccountID]int64)
	err = db.snapshot(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT version FROM platform_versions WHERE what = 'trunks'`).Scan(&trunks); err != nil {
			return fmt.Errorf("read version of trunks: %w", err)
		}
		rows, err := tx.Query(ctx, `SELECT id, version FROM accounts`)
		if err != nil {
			return fmt.Errorf("read versions of accounts: %w", err)
		}
		var id dialplan.AccountID
		var version int64
		_, err = pgx.ForEachRow(rows, []any{&id, &version}, func() error {
			accounts[id] = version
			return nil
		})
		if err != nil {
			return fmt.Errorf("read versions of accounts: %w", err)
		}
		return nil
	})
	return accounts, trunks, err
}

// LoadTrunks reads all carriers, ordered by priority and name, and the version of the set.
func (db *DB) LoadTrunks(ctx context.Context) (trunks []*dialplan.Trunk, version int64, err error) {
	err = db.snapshot(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT version FROM platform_versions WHERE what = 'trunks'`).Scan(&version); err != nil {
			return fmt.Errorf("read version of trunks: %w", err)
		}
		list, err := queryTrunks(ctx, tx, `ORDER BY priority, name`)
		for _, t := range list {
			trunks = append(trunks, &t.Trunk)
		}
		return err
	})
	return trunks, version, err
}

func accountKey(id dialplan.AccountID) string { return strconv.FormatInt(int64(id), 10) }

// building is an account that is being put together.
type building struct {
	*dialplan.Account
	byID    map[int64]*dialplan.Extension
	schemes map[int64]*dialplan.Scheme
	plans   map[int64]*dialplan.Plan
	err     error
}

func (b *building) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// number of the extension with an id; "" for none.
func (b *building) number(id *int64) string {
	if id == nil {
		return ""
	}
	if e := b.byID[*id]; e != nil {
		return e.Number
	}
	b.fail("extension with id %d is referred to and not there", *id)
	return ""
}

func (b *building) destination(ext *int64, external *string) dialplan.Destination {
	d := dialplan.Destination{Extension: b.number(ext)}
	if external != nil {
		d.External = *external
	}
	return d
}

type loader struct {
	zones    *zones
	accounts map[dialplan.AccountID]*building
}

// part is one query of a load: SQL with the accounts as $1, and what to do with a row.
type part struct {
	what string
	sql  string
	row  func(rows pgx.Rows) error
}

// read sends all queries at once; every one is by account and indexed.
func (l *loader) read(ctx context.Context, tx pgx.Tx, ids []dialplan.AccountID) error {
	parts := []part{{"accounts", selectAccounts + ` WHERE id = ANY($1)`, l.account}}
	for _, p := range l.ofKinds() {
		p.sql += ` WHERE e.account_id = ANY($1)`
		parts = append(parts, p)
	}
	parts = append(parts, []part{
		{"extensions out of service", `SELECT account_id, id FROM extensions WHERE account_id = ANY($1) AND NOT in_service`, l.inactive},
		{"members of groups", selectMembers + ` WHERE account_id = ANY($1) ORDER BY account_id, group_id, position`, l.member},
		{"options of menus", selectOptions + ` WHERE account_id = ANY($1)`, l.option},
		{"forwards", selectForwards + ` WHERE account_id = ANY($1) ORDER BY account_id, extension_id, miss, position`, l.forward},
		{"periods", selectPeriods + ` WHERE p.account_id = ANY($1) ORDER BY p.account_id, p.time_id, p.position`, l.period},
		{"location tables", selectLocationRoutes + ` WHERE r.account_id = ANY($1) ORDER BY r.account_id, r.location_id, r.position`, l.locationRoute},
		{"authentication entries", selectAuthenticationEntries + ` WHERE t.account_id = ANY($1)`, l.authenticationEntry},
		{"channels", selectChannels + ` WHERE account_id = ANY($1)`, l.channel},
		{"numbers", selectNumbers + ` WHERE account_id = ANY($1)`, l.e164},
		{"schemes", selectSchemes + ` WHERE account_id = ANY($1) ORDER BY account_id, main DESC, name`, l.scheme},
		{"plans", selectPlans + ` WHERE account_id = ANY($1)`, l.plan},
		{"rosters", selectRoster + ` WHERE account_id = ANY($1) ORDER BY account_id, scheme_id, start_min, end_min`, l.rosterPeriod},
		{"holidays", selectHolidays + ` WHERE account_id = ANY($1) ORDER BY account_id, scheme_id, starts, ends, id`, l.holiday},
		{"plan entries", selectEntries + ` WHERE account_id = ANY($1)`, l.entry},
		{"privacy groups", selectPrivacy + ` WHERE account_id = ANY($1)`, l.privacyGroup},
		{"members of privacy groups", selectPrivacyMembers + ` WHERE account_id = ANY($1) ORDER BY account_id, privacy_id, position`, l.privacyMember},
		{"audio", selectAudio + ` WHERE m.account_id = ANY($1)`, l.audio},
		{"hold music", selectHoldMusic + ` WHERE account_id = ANY($1) ORDER BY account_id, extension_id, position`, l.holdMusic},
		{"privacy rights", selectPrivacyRights + ` WHERE account_id = ANY($1) ORDER BY account_id, extension_id, privacy_id`, l.privacyRight},
		{"assistant groups", selectAssistants + ` AND account_id = ANY($1)`, l.assistants},
	}...)
	return readParts(ctx, tx, slices.Concat(parts, l.outboundParts(), l.recordingParts(), l.allQueueParts()), ids)
}

func readParts(ctx context.Context, tx pgx.Tx, parts []part, args ...any) (err error) {
	var batch pgx.Batch
	for _, p := range parts {
		batch.Queue(p.sql, args...)
	}
	res := tx.SendBatch(ctx, &batch)
	defer func() {
		if e := res.Close(); err == nil && e != nil {
			err = fmt.Errorf("read configuration: %w", e)
		}
	}()
	for _, p := range parts {
		rows, err := res.Query()
		if err != nil {
			return fmt.Errorf("read %s: %w", p.what, err)
		}
		for rows.Next() {
			if err = p.row(rows); err != nil {
				break
			}
		}
		rows.Close()
		if err = errors.Join(err, rows.Err()); err != nil {
			return fmt.Errorf("read %s: %w", p.what, err)
		}
	}
	return nil
}

const selectAccounts = `SELECT id, version, name, enabled, country, language, time_zone, extension_length,
	area_code, caller_id, emergency_caller_id, call_limit, park_timeout_ms FROM accounts`

func (l *loader) account(rows pgx.Rows) error {
	b := &building{
		Account: &dialplan.Account{
			Recording:  dialplan.Recording{Assistant: true}, // unless it was turned off
			Extensions: make(map[string]*dialplan.Extension),
			Channels:   make(map[string]*dialplan.Channel),
			Numbers:    make(map[string]*dialplan.Number),
			Privacy:    make(map[int64]*dialplan.PrivacyGroup),
		},
		byID:    make(map[int64]*dialplan.Extension),
		schemes: make(map[int64]*dialplan.Scheme),
		plans:   make(map[int64]*dialplan.Plan),
	}
	var zone string
	var park int64
	err := rows.Scan(&b.ID, &b.Version, &b.Name, &b.Enabled, &b.Country, &b.Language, &zone, &b.ExtensionLength,
		&b.AreaCode, &b.CallerID, &b.EmergencyCallerID, &b.CallLimit, &park)
	if err != nil {
		return err
	}
	b.ParkTimeout = time.Duration(park) * time.Millisecond
	if b.Location, err = l.zones.load(zone); err != nil {
		b.fail("time zone: %w", err)
	}
	l.accounts[b.ID] = b
	return nil
}

// of finds the account of a row. It is there: accounts are read first, in the same snapshot.
func (l *loader) of(id dialplan.AccountID) (*building, error) {
	if b := l.accounts[id]; b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("row of account %d, which is not there", id)
}

func (l *loader) extension(id dialplan.AccountID, e *dialplan.Extension, c dialplan.ExtensionConfig) error {
	b, err := l.of(id)
	if err != nil {
		return err
	}
	e.Config = c
	b.byID[e.ID] = e
	b.Extensions[e.Number] = e
	return nil
}

const selectUsers = `SELECT e.account_id, e.id, e.number, e.name, u.pin, u.language, u.area_code, u.offer_second_call,
	u.caller_id, u.emergency_caller_id, u.time_configuration, u.twinning, u.record_inbound, u.record_outbound, u.parking,
	u.ring_timeout_ms, u.product, u.assistant, coalesce(v.pin, ''), coalesce(v.language, ''), coalesce(v.greeting, ''), coalesce(v.ask, '')
	FROM extensions e JOIN ext_user u ON u.id = e.id AND u.account_id = e.account_id
	LEFT JOIN user_voicemail v ON v.account_id = e.account_id AND v.user_id = e.id`

func (l *loader) user(rows pgx.Rows) error {
	// One piece of memory for both: they live and die together.
	both := new(struct {
		e dialplan.Extension
		u dialplan.User
	})
	var account dialplan.AccountID
	var ring int64
	e, u := &both.e, &both.u
	err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &u.PIN, &u.Language, &u.AreaCode, &u.OfferSecondCall,
		&u.CallerID, &u.EmergencyCallerID, &u.Permissions.TimeConfiguration, &u.Permissions.Twinning,
		&u.Permissions.RecordInbound, &u.Permissions.RecordOutbound, &u.Permissions.Parking, &ring, &u.Product, &u.Assistant,
		&u.Voicemail.PIN, &u.Voicemail.Language, &u.Voicemail.Greeting, &u.Voicemail.Ask)
	if err != nil {
		return err
	}
	u.RingTimeout = time.Duration(ring) * time.Millisecond
	return l.extension(account, e, u)
}

// inactive marks an extension that is not in service.
func (l *loader) inactive(rows pgx.Rows) error {
	var account dialplan.AccountID
	var id int64
	if err := rows.Scan(&account, &id); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if e := b.byID[id]; e != nil {
		e.Inactive = true
	}
	return nil
}

const selectGroups = `SELECT e.account_id, e.id, e.number, e.name, g.allow_member_forwards, g.forward_after_ms, g.forward_caller_id
	FROM extensions e JOIN ext_group g ON g.id = e.id AND g.account_id = e.account_id`

func (l *loader) group(rows pgx.Rows) error {
	var account dialplan.AccountID
	var after int64
	e, g := new(dialplan.Extension), new(dialplan.Group)
	if err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &g.AllowMemberForwards, &after, &g.ForwardCallerID); err != nil {
		return err
	}
	g.ForwardAfter = time.Duration(after) * time.Millisecond
	return l.extension(account, e, g)
}

const selectIVRs = `SELECT e.account_id, e.id, e.number, e.name, coalesce(i.announcement, ''), i.language, i.max_digits, i.tries,
	i.first_digit_ms, i.inter_digit_ms, f.number, i.fallback_external, i.fallback_prefix
	FROM extensions e JOIN ext_ivr i ON i.id = e.id AND i.account_id = e.account_id
	LEFT JOIN extensions f ON f.id = i.fallback_ext AND f.account_id = i.account_id`

func (l *loader) ivr(rows pgx.Rows) error {
	var account dialplan.AccountID
	var first, inter int64
	var fallback, external *string
	e, m := new(dialplan.Extension), &dialplan.IVR{Options: make(map[string]dialplan.IVROption)}
	err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &m.Announcement, &m.Language, &m.MaxDigits, &m.Tries,
		&first, &inter, &fallback, &external, &m.FallbackPrefix)
	if err != nil {
		return err
	}
	m.FirstDigit = time.Duration(first) * time.Millisecond
	m.InterDigit = time.Duration(inter) * time.Millisecond
	if fallback != nil {
		m.Fallback.Extension = *fallback
	}
	if external != nil {
		m.Fallback.External = *external
	}
	return l.extension(account, e, m)
}

const selectMembers = `SELECT account_id, group_id, user_id FROM group_members`

func (l *loader) member(rows pgx.Rows) error {
	var account dialplan.AccountID
	var group, user int64
	if err := rows.Scan(&account, &group, &user); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if g, ok := configOf[*dialplan.Group](b, group); ok {
		g.Members = append(g.Members, b.number(&user))
	}
	return nil
}

// configOf is the configuration of an extension as T; a wrong one breaks the account.
func configOf[T dialplan.ExtensionConfig](b *building, id int64) (T, bool) {
	var none T
	e := b.byID[id]
	if e == nil {
		b.fail("extension with id %d is not there", id)
		return none, false
	}
	c, ok := e.Config.(T)
	if !ok {
		b.fail("extension %s is a %s, which has no such part", e.Number, e.Config.Kind())
	}
	return c, ok
}

const selectOptions = `SELECT account_id, ivr_id, digits, prefix, dest_ext, dest_external FROM ivr_options`

func (l *loader) option(rows pgx.Rows) error {
	var account dialplan.AccountID
	var ivr int64
	var digits string
	var o dialplan.IVROption
	var ext *int64
	var external *string
	if err := rows.Scan(&account, &ivr, &digits, &o.Prefix, &ext, &external); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if m, ok := configOf[*dialplan.IVR](b, ivr); ok {
		o.Destination = b.destination(ext, external)
		m.Options[digits] = o
	}
	return nil
}

const selectForwards = `SELECT account_id, extension_id, miss, dest_ext, dest_external FROM forwards`

func (l *loader) forward(rows pgx.Rows) error {
	var account dialplan.AccountID
	var id int64
	var miss string
	var ext *int64
	var external *string
	if err := rows.Scan(&account, &id, &miss, &ext, &external); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	e := b.byID[id]
	if e == nil {
		b.fail("extension with id %d has forwards and is not there", id)
		return nil
	}
	f := forwardsOf(e.Config)
	if f == nil {
		b.fail("extension %s is a %s, which has no forwards", e.Number, e.Config.Kind())
		return nil
	}
	for _, m := range missLists(f) {
		if m.miss == miss {
			*m.list = append(*m.list, b.destination(ext, external))
			return nil
		}
	}
	b.fail("extension %s: unknown forward %q", e.Number, miss)
	return nil
}

func forwardsOf(c dialplan.ExtensionConfig) *dialplan.Forwards {
	switch c := c.(type) {
	case *dialplan.User:
		return &c.Forwards
	case *dialplan.Group:
		return &c.Forwards
	}
	return nil
}

type missList struct {
	miss string // as in the database
	list *[]dialplan.Destination
}

func missLists(f *dialplan.Forwards) [5]missList {
	return [5]missList{
		{"always", &f.Always}, {"busy", &f.Busy}, {"no_answer", &f.NoAnswer},
		{"unreachable", &f.Unreachable}, {"rejected", &f.Rejected},
	}
}
