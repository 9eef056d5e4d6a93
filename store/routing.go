package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// ofKinds are the queries for extensions of each kind; their rows have what is not in a list of its own.
func (l *loader) ofKinds() map[dialplan.Kind]part {
	return map[dialplan.Kind]part{
		dialplan.KindUser:           {"users", selectUsers, l.user},
		dialplan.KindGroup:          {"groups", selectGroups, l.group},
		dialplan.KindIVR:            {"menus", selectIVRs, l.ivr},
		dialplan.KindForward:        {"forward extensions", selectForwardExtensions, l.forwardExtension},
		dialplan.KindAutoAnswer:     {"auto-answer extensions", selectAutoAnswers, l.autoAnswer},
		dialplan.KindTime:           {"time-based routings", selectTimeRoutes, l.timeRoute},
		dialplan.KindLimit:          {"call limits", selectLimits, l.limit},
		dialplan.KindLocation:       {"location-based routings", selectLocations, l.location},
		dialplan.KindAuthentication: {"authentication extensions", selectAuthentications, l.authentication},
		dialplan.KindSystem:         {"system extensions", selectSystems, l.system},
		dialplan.KindPicker:         {"extension pickers", selectPickers, l.picker},
		dialplan.KindAI:             {"AI extensions", selectAIs, l.ai},
		dialplan.KindQueue:          {"queues", selectQueues, l.queue},
		dialplan.KindVoicemail:      {"voicemail extensions", selectVoicemails, l.voicemail},
	}
}

// newConfig is an empty configuration of a kind; nil for an unknown one.
func newConfig(k dialplan.Kind) dialplan.ExtensionConfig {
	switch k {
	case dialplan.KindUser:
		return new(dialplan.User)
	case dialplan.KindGroup:
		return new(dialplan.Group)
	case dialplan.KindIVR:
		return new(dialplan.IVR)
	case dialplan.KindForward:
		return new(dialplan.Forward)
	case dialplan.KindAutoAnswer:
		return new(dialplan.AutoAnswer)
	case dialplan.KindTime:
		return new(dialplan.TimeRoute)
	case dialplan.KindLimit:
		return new(dialplan.CallLimit)
	case dialplan.KindLocation:
		return new(dialplan.LocationRoute)
	case dialplan.KindAuthentication:
		return new(dialplan.Authentication)
	case dialplan.KindSystem:
		return new(dialplan.System)
	case dialplan.KindPicker:
		return new(dialplan.Picker)
	case dialplan.KindAI:
		return new(dialplan.AI)
	case dialplan.KindQueue:
		return new(dialplan.Queue)
	case dialplan.KindVoicemail:
		return new(dialplan.Voicemail)
	}
	return nil
}

const selectForwardExtensions = `SELECT e.account_id, e.id, e.number, e.name, f.number, coalesce(f.caller_number, f.caller_id)
	FROM extensions e JOIN ext_forward f ON f.id = e.id AND f.account_id = e.account_id`

func (l *loader) forwardExtension(rows pgx.Rows) error {
	var account dialplan.AccountID
	e, f := new(dialplan.Extension), new(dialplan.Forward)
	if err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &f.Number, &f.CallerID); err != nil {
		return err
	}
	return l.extension(account, e, f)
}

const selectAutoAnswers = `SELECT e.account_id, e.id, e.number, e.name, a.announcement, a.language
	FROM extensions e JOIN ext_auto_answer a ON a.id = e.id AND a.account_id = e.account_id`

func (l *loader) autoAnswer(rows pgx.Rows) error {
	var account dialplan.AccountID
	e, a := new(dialplan.Extension), new(dialplan.AutoAnswer)
	if err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &a.Announcement, &a.Language); err != nil {
		return err
	}
	return l.extension(account, e, a)
}

const selectTimeRoutes = `SELECT e.account_id, e.id, e.number, e.name, coalesce(f.number, ''), coalesce(t.failover_external, '')
	FROM extensions e JOIN ext_time t ON t.id = e.id AND t.account_id = e.account_id
	LEFT JOIN extensions f ON f.id = t.failover_ext AND f.account_id = t.account_id`

func (l *loader) timeRoute(rows pgx.Rows) error {
	var account dialplan.AccountID
	e, t := new(dialplan.Extension), new(dialplan.TimeRoute)
	if err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &t.Failover.Extension, &t.Failover.External); err != nil {
		return err
	}
	return l.extension(account, e, t)
}

const selectPeriods = `SELECT p.account_id, p.time_id, p.first_day, p.last_day, p.start_minute, p.end_minute,
	coalesce(x.number, ''), coalesce(p.dest_external, ''), p.description
	FROM time_periods p LEFT JOIN extensions x ON x.account_id = p.account_id AND x.id = p.dest_ext`

func (l *loader) period(rows pgx.Rows) error {
	var account dialplan.AccountID
	var id int64
	var first, last int
	var p dialplan.Period
	err := rows.Scan(&account, &id, &first, &last, &p.Start, &p.End, &p.Destination.Extension, &p.Destination.External, &p.Description)
	if err != nil {
		return err
	}
	p.FirstDay, p.LastDay = time.Weekday(first), time.Weekday(last)
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if t, ok := configOf[*dialplan.TimeRoute](b, id); ok {
		t.Periods = append(t.Periods, p)
	}
	return nil
}

const selectLimits = `SELECT e.account_id, e.id, e.number, e.name, l.calls, coalesce(w.number, ''), coalesce(l.within_external, ''),
	coalesce(a.number, ''), coalesce(l.above_external, ''), coalesce(l.caller_number, l.caller_id)
	FROM extensions e JOIN ext_limit l ON l.id = e.id AND l.account_id = e.account_id
	LEFT JOIN extensions w ON w.id = l.within_ext AND w.account_id = l.account_id
	LEFT JOIN extensions a ON a.id = l.above_ext AND a.account_id = l.account_id`

func (l *loader) limit(rows pgx.Rows) error {
	var account dialplan.AccountID
	e, c := new(dialplan.Extension), new(dialplan.CallLimit)
	err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &c.Calls, &c.Within.Extension, &c.Within.External,
		&c.Above.Extension, &c.Above.External, &c.CallerID)
	if err != nil {
		return err
	}
	return l.extension(account, e, c)
}

// callerID splits a choice of caller ID into its two columns.
func callerID(f dialplan.ForwardCallerID) (choice string, number *string) {
	switch n := f.Number(); {
	case n != "":
		return "number", &n
	case f == "":
		return string(dialplan.ForwardCalling), nil
	}
	return string(f), nil
}

// writeRouting replaces all that an extension has that only leads on.
func (tx *Tx) writeRouting(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension) error {
	switch c := e.Config.(type) {
	case *dialplan.Forward:
		choice, number := callerID(c.CallerID)
		_, err := tx.tx.Exec(ctx, `INSERT INTO ext_forward (id, account_id, number, caller_id, caller_number) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET number = $3, caller_id = $4, caller_number = $5`, e.ID, account, c.Number, choice, number)
		return mapError("write forward extension", err)
	case *dialplan.AutoAnswer:
		_, err := tx.tx.Exec(ctx, `INSERT INTO ext_auto_answer (id, account_id, announcement, language) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET announcement = $3, language = $4`, e.ID, account, c.Announcement, c.Language)
		return mapError("write auto-answer extension", err)
	case *dialplan.TimeRoute:
		return tx.writeTimeRoute(ctx, account, e, c)
	case *dialplan.CallLimit:
		return tx.writeLimit(ctx, account, e, c)
	case *dialplan.LocationRoute:
		return tx.writeLocation(ctx, account, e, c)
	case *dialplan.Authentication:
		return tx.writeAuthentication(ctx, account, e, c)
	case *dialplan.System:
		return tx.writeSystem(ctx, account, e, c)
	case *dialplan.Picker:
		return tx.writePicker(ctx, account, e, c)
	case *dialplan.AI:
		return tx.writeAI(ctx, account, e, c)
	case *dialplan.Queue:
		return tx.writeQueue(ctx, account, e, c)
	case *dialplan.Voicemail:
		return tx.writeVoicemail(ctx, account, e, c)
	}
	return &Invalid{Field: "kind", Reason: "a " + string(e.Config.Kind()) + " can't be stored"}
}

func (tx *Tx) writeTimeRoute(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, t *dialplan.TimeRoute) error {
	all := []dialplan.Destination{t.Failover}
	for _, p := range t.Periods {
		all = append(all, p.Destination)
	}
	refs, err := tx.destinations(ctx, account, all)
	if err != nil {
		return err
	}
	ext, external, err := refs.columns("failover", t.Failover)
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO ext_time (id, account_id, failover_ext, failover_external) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET failover_ext = $3, failover_external = $4`, e.ID, account, ext, external)
	if err != nil {
		return mapError("write time-based routing", err)
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM time_periods WHERE account_id = $1 AND time_id = $2`, account, e.ID); err != nil {
		return mapError("replace periods", err)
	}
	for i, p := range t.Periods {
		ext, external, err := refs.columns("periods", p.Destination)
		if err != nil {
			return err
		}
		_, err = tx.tx.Exec(ctx, `INSERT INTO time_periods (account_id, time_id, position, first_day, last_day, start_minute, end_minute,
				dest_ext, dest_external, description) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			account, e.ID, i, int(p.FirstDay), int(p.LastDay), p.Start, p.End, ext, external, p.Description)
		if err != nil {
			return mapError("write periods", err)
		}
	}
	return nil
}

func (tx *Tx) writeLimit(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, c *dialplan.CallLimit) error {
	refs, err := tx.destinations(ctx, account, []dialplan.Destination{c.Within, c.Above})
	if err != nil {
		return err
	}
	within, withinExternal, err := refs.columns("within", c.Within)
	if err != nil {
		return err
	}
	above, aboveExternal, err := refs.columns("above", c.Above)
	if err != nil {
		return err
	}
	choice, number := callerID(c.CallerID)
	_, err = tx.tx.Exec(ctx, `INSERT INTO ext_limit (id, account_id, calls, within_ext, within_external, above_ext, above_external,
			caller_id, caller_number) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET calls = $3, within_ext = $4, within_external = $5, above_ext = $6, above_external = $7,
			caller_id = $8, caller_number = $9`,
		e.ID, account, c.Calls, within, withinExternal, above, aboveExternal, choice, number)
	return mapError("write call limit", err)
}
