package store

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Extension is an extension with its revision. Devices of a user are not stored with it:
// they are the channels that name the user.
type Extension struct {
	dialplan.Extension
	Revision int64
}

// ExtensionSummary is an extension in a list.
type ExtensionSummary struct {
	ID       int64
	Number   string
	Name     string
	Kind     dialplan.Kind
	Revision int64
}

// ExtensionFilter selects extensions; zero fields select all.
type ExtensionFilter struct {
	Kind   dialplan.Kind
	Search string // begin of the number or part of the name, in any case
}

// CreateExtension adds an extension of the account and fills in ID and Revision. The
// numbers that its configuration names must be there.
func (tx *Tx) CreateExtension(ctx context.Context, e *Extension) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	if e.Config == nil {
		return &Invalid{Field: "kind", Reason: "is required"}
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO extensions (account_id, number, name, kind, in_service) VALUES ($1, $2, $3, $4, $5) RETURNING id, revision`,
		account, e.Number, e.Name, e.Config.Kind(), !e.Inactive).Scan(&e.ID, &e.Revision)
	if err != nil {
		return mapError("create extension", err)
	}
	return tx.writeConfig(ctx, account, &e.Extension)
}

// UpdateExtension changes the extension with a number, which e.Number may change. Its
// kind stays. A Revision other than 0 must be the current one, else Stale; it is raised.
func (tx *Tx) UpdateExtension(ctx context.Context, number string, e *Extension) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	if e.Config == nil {
		return &Invalid{Field: "kind", Reason: "is required"}
	}
	var kind dialplan.Kind
	err = tx.tx.QueryRow(ctx, `UPDATE extensions SET number = $3, name = $4, revision = revision + 1
		WHERE account_id = $1 AND number = $2 AND ($5::bigint = 0 OR revision = $5) RETURNING id, revision, kind`,
		account, number, e.Number, e.Name, e.Revision).Scan(&e.ID, &e.Revision, &kind)
	if err != nil {
		return tx.missed(ctx, err, "update", "extension", number,
			`SELECT revision FROM extensions WHERE account_id = $1 AND number = $2`, account, number)
	}
	if kind != e.Config.Kind() {
		return &Invalid{Field: "kind", Reason: fmt.Sprintf("extension %s is a %s and stays one", number, kind)}
	}
	return tx.writeConfig(ctx, account, &e.Extension)
}

// writeConfig replaces all that an extension has by its type.
func (tx *Tx) writeConfig(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension) error {
	switch c := e.Config.(type) {
	case *dialplan.User:
		_, err := tx.tx.Exec(ctx, `INSERT INTO ext_user (id, account_id, pin, language, area_code, offer_second_call, caller_id,
				emergency_caller_id, time_configuration, twinning, record_inbound, record_outbound, parking, ring_timeout_ms, product, assistant)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
			ON CONFLICT (id) DO UPDATE SET pin = $3, language = $4, area_code = $5, offer_second_call = $6, caller_id = $7,
				emergency_caller_id = $8, time_configuration = $9, twinning = $10, record_inbound = $11, record_outbound = $12,
				parking = $13, ring_timeout_ms = $14, assistant = $16`,
			e.ID, account, c.PIN, c.Language, c.AreaCode, c.OfferSecondCall, c.CallerID,
			c.EmergencyCallerID, c.Permissions.TimeConfiguration, c.Permissions.Twinning, c.Permissions.RecordInbound,
			c.Permissions.RecordOutbound, c.Permissions.Parking, millis(c.RingTimeout), c.Product, c.Assistant)
		if err != nil {
			return mapError("write user", err)
		}
		if err := tx.writeUserVoicemail(ctx, account, e.ID, &c.Voicemail); err != nil {
			return err
		}
		if err := tx.writeForwards(ctx, account, e, &c.Forwards); err != nil {
			return err
		}
		if err := tx.writeAssistants(ctx, account, e.ID, c.AssistantGroup); err != nil {
			return err
		}
		return tx.writePrivacy(ctx, account, e, c.Privacy)
	case *dialplan.Group:
		return tx.writeGroup(ctx, account, e, c)
	case *dialplan.IVR:
		return tx.writeIVR(ctx, account, e, c)
	}
	return tx.writeRouting(ctx, account, e)
}

func (tx *Tx) writeForwards(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, f *dialplan.Forwards) error {
	if _, err := tx.tx.Exec(ctx, `DELETE FROM forwards WHERE account_id = $1 AND extension_id = $2`, account, e.ID); err != nil {
		return mapError("replace forwards", err)
	}
	var all []dialplan.Destination
	for _, m := range missLists(f) {
		all = append(all, *m.list...)
	}
	if len(all) == 0 {
		return nil
	}
	refs, err := tx.destinations(ctx, account, all)
	if err != nil {
		return err
	}
	for _, m := range missLists(f) {
		for i, d := range *m.list {
			ext, external, err := refs.columns("forwards."+m.miss, d)
			if err != nil {
				return err
			}
			_, err = tx.tx.Exec(ctx, `INSERT INTO forwards (account_id, extension_id, kind, miss, position, dest_ext, dest_external)
				VALUES ($1, $2, $3, $4, $5, $6, $7)`, account, e.ID, e.Config.Kind(), m.miss, i, ext, external)
			if err != nil {
				return mapError("write forwards", err)
			}
		}
	}
	return nil
}

func (tx *Tx) writeGroup(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, g *dialplan.Group) error {
	callerID := g.ForwardCallerID
	if callerID == "" {
		callerID = dialplan.ForwardCalling
	}
	_, err := tx.tx.Exec(ctx, `INSERT INTO ext_group (id, account_id, allow_member_forwards, forward_after_ms, forward_caller_id)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET allow_member_forwards = $3, forward_after_ms = $4, forward_caller_id = $5`,
		e.ID, account, g.AllowMemberForwards, millis(g.ForwardAfter), callerID)
	if err != nil {
		return mapError("write group", err)
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM group_members WHERE account_id = $1 AND group_id = $2`, account, e.ID); err != nil {
		return mapError("replace members", err)
	}
	refs, err := tx.resolve(ctx, account, g.Members)
	if err != nil {
		return err
	}
	for i, m := range g.Members {
		r, ok := refs[m]
		if !ok || r.kind != dialplan.KindUser {
			return &Invalid{Field: "members", Reason: "there is no user extension " + m}
		}
		_, err := tx.tx.Exec(ctx, `INSERT INTO group_members (account_id, group_id, user_id, position) VALUES ($1, $2, $3, $4)`,
			account, e.ID, r.id, i)
		if err != nil {
			return mapError("write members", err)
		}
	}
	if err := tx.writePrivacy(ctx, account, e, g.Privacy); err != nil {
		return err
	}
	return tx.writeForwards(ctx, account, e, &g.Forwards)
}

func (tx *Tx) writeIVR(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, m *dialplan.IVR) error {
	all := []dialplan.Destination{m.Fallback}
	for _, o := range m.Options {
		all = append(all, o.Destination)
	}
	refs, err := tx.destinations(ctx, account, all)
	if err != nil {
		return err
	}
	ext, external, err := refs.columns("fallback", m.Fallback)
	if err != nil {
		return err
	}
	// Options first: the menu may have become too short for those it had.
	if _, err := tx.tx.Exec(ctx, `DELETE FROM ivr_options WHERE account_id = $1 AND ivr_id = $2`, account, e.ID); err != nil {
		return mapError("replace options", err)
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO ext_ivr (id, account_id, announcement, language, max_digits, tries, first_digit_ms,
			inter_digit_ms, fallback_ext, fallback_external, fallback_prefix)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (id) DO UPDATE SET announcement = $3, language = $4, max_digits = $5, tries = $6, first_digit_ms = $7,
			inter_digit_ms = $8, fallback_ext = $9, fallback_external = $10, fallback_prefix = $11`,
		e.ID, account, nullable(m.Announcement), m.Language, m.MaxDigits, m.Tries, millis(m.FirstDigit),
		millis(m.InterDigit), ext, external, m.FallbackPrefix)
	if err != nil {
		return mapError("write ivr", err)
	}
	for digits, o := range m.Options {
		ext, external, err := refs.columns("options."+digits, o.Destination)
		if err != nil {
			return err
		}
		_, err = tx.tx.Exec(ctx, `INSERT INTO ivr_options (account_id, ivr_id, max_digits, digits, prefix, dest_ext, dest_external)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, account, e.ID, m.MaxDigits, digits, o.Prefix, ext, external)
		if err != nil {
			return mapError("write options", err)
		}
	}
	return nil
}

// ReadExtension finds an extension with its configuration; Devices of a user are left out.
func (tx *Tx) ReadExtension(ctx context.Context, number string) (*Extension, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	var revision int64
	var kind dialplan.Kind
	var inService bool
	err = tx.tx.QueryRow(ctx, `SELECT revision, kind, in_service FROM extensions WHERE account_id = $1 AND number = $2`, account, number).
		Scan(&revision, &kind, &inService)
	if err != nil {
		return nil, notFound(err, "extension", number)
	}
	// The loader's own scanning, for an account that is known to have just this.
	b := &building{Account: &dialplan.Account{ID: account, Extensions: map[string]*dialplan.Extension{}}, byID: map[int64]*dialplan.Extension{}}
	l := loader{accounts: map[dialplan.AccountID]*building{account: b}}
	p, ok := l.ofKinds()[kind]
	if !ok {
		return nil, fmt.Errorf("extension %s is of kind %q, which this program does not know", number, kind)
	}
	p.sql += ` WHERE e.account_id = $1 AND e.number = $2`
	if err := readParts(ctx, tx.tx, []part{p}, account, number); err != nil {
		return nil, err
	}
	e := b.Extensions[number]
	if e == nil {
		return nil, &NotFound{Entity: "extension", Key: number}
	}
	if err := tx.readParts(ctx, account, e, &l); err != nil {
		return nil, err
	}
	e.Inactive = !inService
	return &Extension{Extension: *e, Revision: revision}, nil
}

// readParts reads the lists that belong to an extension.
func (tx *Tx) readParts(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, l *loader) error {
	if f := forwardsOf(e.Config); f != nil {
		rows, err := tx.tx.Query(ctx, `SELECT f.miss, coalesce(x.number, ''), coalesce(f.dest_external, '')
			FROM forwards f LEFT JOIN extensions x ON x.account_id = f.account_id AND x.id = f.dest_ext
			WHERE f.account_id = $1 AND f.extension_id = $2 ORDER BY f.miss, f.position`, account, e.ID)
		if err != nil {
			return mapError("read forwards", err)
		}
		var miss string
		var d dialplan.Destination
		_, err = pgx.ForEachRow(rows, []any{&miss, &d.Extension, &d.External}, func() error {
			for _, m := range missLists(f) {
				if m.miss == miss {
					*m.list = append(*m.list, d)
				}
			}
			return nil
		})
		if err != nil {
			return mapError("read forwards", err)
		}
	}
	if err := tx.readAssistants(ctx, account, e); err != nil {
		return err
	}
	if err := tx.readPrivacy(ctx, account, e); err != nil {
		return err
	}
	switch c := e.Config.(type) {
	case *dialplan.TimeRoute:
		p := part{"periods", selectPeriods + ` WHERE p.account_id = $1 AND p.time_id = $2 ORDER BY p.position`, l.period}
		return readParts(ctx, tx.tx, []part{p}, account, e.ID)
	case *dialplan.Queue:
		return readParts(ctx, tx.tx, l.queueParts(), account, e.ID)
	case *dialplan.Authentication:
		p := part{"entries", selectAuthenticationEntries + ` WHERE t.account_id = $1 AND t.authentication_id = $2`, l.authenticationEntry}
		return readParts(ctx, tx.tx, []part{p}, account, e.ID)
	case *dialplan.Group:
		rows, err := tx.tx.Query(ctx, `SELECT x.number FROM group_members m
			JOIN extensions x ON x.account_id = m.account_id AND x.id = m.user_id
			WHERE m.account_id = $1 AND m.group_id = $2 ORDER BY m.position`, account, e.ID)
		if err != nil {
			return mapError("read members", err)
		}
		if c.Members, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return mapError("read members", err)
		}
	case *dialplan.IVR:
		rows, err := tx.tx.Query(ctx, `SELECT o.digits, o.prefix, coalesce(x.number, ''), coalesce(o.dest_external, '')
			FROM ivr_options o LEFT JOIN extensions x ON x.account_id = o.account_id AND x.id = o.dest_ext
			WHERE o.account_id = $1 AND o.ivr_id = $2`, account, e.ID)
		if err != nil {
			return mapError("read options", err)
		}
		var digits string
		var o dialplan.IVROption
		_, err = pgx.ForEachRow(rows, []any{&digits, &o.Prefix, &o.Destination.Extension, &o.Destination.External}, func() error {
			c.Options[digits] = o
			return nil
		})
		if err != nil {
			return mapError("read options", err)
		}
	}
	return nil
}

// ListExtensions lists extensions by key, which is their number, and how many f selects in all.
func (tx *Tx) ListExtensions(ctx context.Context, f ExtensionFilter, page Page) ([]ExtensionSummary, int, error) {
	account, err := tx.own()
	if err != nil {
		return nil, 0, err
	}
	w := conditions{` WHERE account_id = $1`, []any{account}}
	if f.Kind != "" {
		w.sql += ` AND kind = ` + w.arg(f.Kind)
	}
	if f.Search != "" {
		// Rows of one account are few: its index finds them, and these are looked at.
		text := w.arg(f.Search)
		w.sql += ` AND (starts_with(number, ` + text + `) OR strpos(lower(name), lower(` + text + `)) > 0)`
	}
	l := keyed[ExtensionSummary]{what: "extensions", rows: `SELECT id, number, name, kind, revision FROM extensions`, count: `SELECT count(*) FROM extensions`,
		where: w, key: `number`, scan: func(rows pgx.Rows, e *ExtensionSummary) error {
			return rows.Scan(&e.ID, &e.Number, &e.Name, &e.Kind, &e.Revision)
		}}
	return l.page(ctx, tx, page)
}

// NextExtension is the lowest number from on that no extension has (ACC-03); from empty:
// the lowest that does not begin with 0. NotFound when all are taken.
func (tx *Tx) NextExtension(ctx context.Context, from string) (string, error) {
	account, err := tx.own()
	if err != nil {
		return "", err
	}
	var length int
	err = tx.tx.QueryRow(ctx, `SELECT extension_length FROM accounts WHERE id = $1`, account).Scan(&length)
	if err != nil {
		return "", notFound(err, "account", accountKey(account))
	}
	low, high := 1, 10
	for range length - 1 {
		low, high = low*10, high*10
	}
	if from != "" {
		if low, err = strconv.Atoi(from); err != nil || len(from) != length || low < 0 {
			return "", &Invalid{Field: "from", Reason: fmt.Sprintf("must be %d digits", length)}
		}
	}
	rows, err := tx.tx.Query(ctx, `SELECT number FROM extensions WHERE account_id = $1 AND number >= $2 ORDER BY number`,
		account, fmt.Sprintf("%0*d", length, low))
	if err != nil {
		return "", mapError("list extensions", err)
	}
	defer rows.Close()
	next := low
	for rows.Next() {
		var taken string
		if err := rows.Scan(&taken); err != nil {
			return "", fmt.Errorf("list extensions: %w", err)
		}
		if taken != fmt.Sprintf("%0*d", length, next) {
			break
		}
		next++
	}
	if err := rows.Err(); err != nil {
		return "", mapError("list extensions", err)
	}
	if next >= high {
		return "", &NotFound{Entity: "free extension", Key: "from " + strconv.Itoa(low)}
	}
	return fmt.Sprintf("%0*d", length, next), nil
}

// DeleteExtension removes an extension that nothing refers to, else InUse says what does. A
// revision other than 0 must be the current one, else Stale.
func (tx *Tx) DeleteExtension(ctx context.Context, number string, revision int64) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	var id, current int64
	err = tx.tx.QueryRow(ctx, `SELECT id, revision FROM extensions WHERE account_id = $1 AND number = $2 FOR UPDATE`, account, number).
		Scan(&id, &current)
	if err != nil {
		return notFound(err, "extension", number)
	}
	if revision != 0 && revision != current {
		return &Stale{Entity: "extension", Key: number, Current: current}
	}
	by, err := tx.usesOfExtension(ctx, account, id)
	if err != nil {
		return err
	}
	if len(by) > 0 {
		return &InUse{By: by}
	}
	// Its own parts first: one that refers to the extension itself is no use.
	for _, sql := range []string{
		`DELETE FROM forwards WHERE account_id = $1 AND extension_id = $2`,
		`DELETE FROM ext_ivr WHERE account_id = $1 AND id = $2`,
		`DELETE FROM ext_time WHERE account_id = $1 AND id = $2`,
		`DELETE FROM ext_limit WHERE account_id = $1 AND id = $2`,
		`DELETE FROM ext_location WHERE account_id = $1 AND id = $2`,
		`DELETE FROM ext_authentication WHERE account_id = $1 AND id = $2`,
		`DELETE FROM ext_picker WHERE account_id = $1 AND id = $2`,
		`DELETE FROM ext_ai WHERE account_id = $1 AND id = $2`,
		`DELETE FROM ext_queue WHERE account_id = $1 AND id = $2`,
		`DELETE FROM ext_voicemail WHERE account_id = $1 AND id = $2`,
		`DELETE FROM extensions WHERE account_id = $1 AND id = $2`,
	} {
		if _, err := tx.tx.Exec(ctx, sql, account, id); err != nil {
			return mapError("delete extension", err)
		}
	}
	return nil
}

// usesOfExtension names the first things that refer to an extension, itself left out.
func (tx *Tx) usesOfExtension(ctx context.Context, account dialplan.AccountID, id int64) ([]string, error) {
	rows, err := tx.tx.Query(ctx, `
		SELECT 'group ' || e.number FROM group_members m JOIN extensions e ON e.account_id = m.account_id AND e.id = m.group_id
			WHERE m.account_id = $1 AND m.user_id = $2
		UNION SELECT 'ivr ' || e.number FROM ivr_options o JOIN extensions e ON e.account_id = o.account_id AND e.id = o.ivr_id
			WHERE o.account_id = $1 AND o.dest_ext = $2 AND o.ivr_id <> $2
		UNION SELECT 'ivr ' || e.number FROM ext_ivr i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.fallback_ext = $2 AND i.id <> $2
		UNION SELECT 'forward of ' || e.number FROM forwards f JOIN extensions e ON e.account_id = f.account_id AND e.id = f.extension_id
			WHERE f.account_id = $1 AND f.dest_ext = $2 AND f.extension_id <> $2
		UNION SELECT 'privacy group ' || p.name FROM privacy_members m JOIN privacy_groups p ON p.account_id = m.account_id AND p.id = m.privacy_id
			WHERE m.account_id = $1 AND m.user_id = $2
		UNION SELECT 'time ' || e.number FROM ext_time i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.failover_ext = $2 AND i.id <> $2
		UNION SELECT 'time ' || e.number FROM time_periods o JOIN extensions e ON e.account_id = o.account_id AND e.id = o.time_id
			WHERE o.account_id = $1 AND o.dest_ext = $2 AND o.time_id <> $2
		UNION SELECT 'limit ' || e.number FROM ext_limit i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.within_ext = $2 AND i.id <> $2
		UNION SELECT 'limit ' || e.number FROM ext_limit i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.above_ext = $2 AND i.id <> $2
		UNION SELECT 'location ' || e.number FROM ext_location i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.fallback_ext = $2 AND i.id <> $2
		UNION SELECT 'location ' || e.number FROM ext_location i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.blocked_ext = $2 AND i.id <> $2
		UNION SELECT 'location ' || e.number FROM ext_location i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.mobile_ext = $2 AND i.id <> $2
		UNION SELECT 'location ' || e.number FROM location_routes o JOIN extensions e ON e.account_id = o.account_id AND e.id = o.location_id
			WHERE o.account_id = $1 AND o.dest_ext = $2 AND o.location_id <> $2
		UNION SELECT 'authentication ' || e.number FROM ext_authentication i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.fallback_ext = $2 AND i.id <> $2
		UNION SELECT 'authentication ' || e.number FROM authentication_entries o
			JOIN extensions e ON e.account_id = o.account_id AND e.id = o.authentication_id
			WHERE o.account_id = $1 AND o.dest_ext = $2 AND o.authentication_id <> $2
		UNION SELECT 'picker ' || e.number FROM ext_picker i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.fallback_ext = $2 AND i.id <> $2
		UNION SELECT 'ai ' || e.number FROM ext_ai i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.fallback_ext = $2 AND i.id <> $2
		UNION SELECT 'queue ' || e.number FROM queue_members m JOIN extensions e ON e.account_id = m.account_id AND e.id = m.queue_id
			WHERE m.account_id = $1 AND m.member_id = $2
		UNION SELECT 'queue ' || e.number FROM queue_destinations o JOIN extensions e ON e.account_id = o.account_id AND e.id = o.queue_id
			WHERE o.account_id = $1 AND o.dest_ext = $2 AND o.queue_id <> $2
		UNION SELECT 'queue ' || e.number FROM ext_queue i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.breakout_ext = $2 AND i.id <> $2
		UNION SELECT 'voicemail ' || e.number FROM ext_voicemail i JOIN extensions e ON e.account_id = i.account_id AND e.id = i.id
			WHERE i.account_id = $1 AND i.user_id = $2
		UNION SELECT 'channel ' || name FROM channels WHERE account_id = $1 AND user_id = $2
		UNION SELECT 'channel ' || name FROM channels WHERE account_id = $1 AND auto_user_id = $2
		UNION SELECT 'number ' || e164 FROM numbers WHERE account_id = $1 AND personal_id = $2
		UNION SELECT 'plan ' || p.name || ' of scheme ' || s.name FROM plan_entries t
			JOIN plans p ON p.account_id = t.account_id AND p.scheme_id = t.scheme_id AND p.id = t.plan_id
			JOIN schemes s ON s.account_id = t.account_id AND s.id = t.scheme_id
			WHERE t.account_id = $1 AND t.dest_ext = $2
		UNION SELECT 'order ' || lpad(id::text, 8, '0') FROM orders WHERE account_id = $1 AND extension_id = $2 AND state <> 'ended'
		ORDER BY 1 LIMIT 20`, account, id)
	if err != nil {
		return nil, mapError("find uses of an extension", err)
	}
	by, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return by, mapError("find uses of an extension", err)
}
