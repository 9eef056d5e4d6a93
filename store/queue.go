package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

const selectQueues = `SELECT e.account_id, e.id, e.number, e.name, q.open, q.language, q.strategy, q.announce_position, q.announce_wait,
	q.interval_ms, q.ring_timeout_ms, q.cool_down_ms, q.weight, q.call_limit, coalesce(b.number, ''), coalesce(q.breakout_external, ''),
	q.music, coalesce(q.introduction, ''), q.skip_introduction, q.ringback, q.second_call, q.forward_after_ms, q.allow_forwards, q.service_level_ms
	FROM extensions e JOIN ext_queue q ON q.id = e.id AND q.account_id = e.account_id
	LEFT JOIN extensions b ON b.id = q.breakout_ext AND b.account_id = q.account_id`

func (l *loader) queue(rows pgx.Rows) error {
	var account dialplan.AccountID
	var interval, ring, cool, forward, level int64
	e, q := new(dialplan.Extension), new(dialplan.Queue)
	err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &q.Open, &q.Language, &q.Strategy, &q.AnnouncePosition, &q.AnnounceWait,
		&interval, &ring, &cool, &q.Weight, &q.Limit, &q.Breakout.Extension, &q.Breakout.External,
		&q.Music, &q.Introduction, &q.SkipIntroduction, &q.Ringback, &q.SecondCall, &forward, &q.AllowForwards, &level)
	if err != nil {
		return err
	}
	q.Interval, q.RingTimeout, q.CoolDown = fromMillis(interval), fromMillis(ring), fromMillis(cool)
	q.ForwardAfter, q.ServiceLevel = fromMillis(forward), fromMillis(level)
	return l.extension(account, e, q)
}

func fromMillis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

func (l *loader) queueParts() []part {
	return []part{
		{"members of queues", selectQueueMembers + ` WHERE m.account_id = $1 AND m.queue_id = $2 ORDER BY m.position`, l.queueMember},
		{"destinations of queues", selectQueueDestinations + ` WHERE d.account_id = $1 AND d.queue_id = $2 ORDER BY d.list, d.position`, l.queueDestination},
		{"infotainment of queues", selectInfotainment + ` WHERE account_id = $1 AND queue_id = $2 ORDER BY position`, l.infotainment},
	}
}

// allQueueParts are queueParts for accounts.
func (l *loader) allQueueParts() []part {
	return []part{
		{"members of queues", selectQueueMembers + ` WHERE m.account_id = ANY($1) ORDER BY m.account_id, m.queue_id, m.position`, l.queueMember},
		{"destinations of queues", selectQueueDestinations + ` WHERE d.account_id = ANY($1) ORDER BY d.account_id, d.queue_id, d.list, d.position`, l.queueDestination},
		{"infotainment of queues", selectInfotainment + ` WHERE account_id = ANY($1) ORDER BY account_id, queue_id, position`, l.infotainment},
	}
}

const selectQueueMembers = `SELECT m.account_id, m.queue_id, x.number, m.logged_in, m.since, m.paused, m.ring_timeout_ms, m.cool_down_ms, m.weight
	FROM queue_members m JOIN extensions x ON x.account_id = m.account_id AND x.id = m.member_id`

func (l *loader) queueMember(rows pgx.Rows) error {
	var account dialplan.AccountID
	var id int64
	var ring, cool *int64
	var m dialplan.QueueMember
	if err := rows.Scan(&account, &id, &m.Extension, &m.LoggedIn, &m.Since, &m.Paused, &ring, &cool, &m.Weight); err != nil {
		return err
	}
	m.RingTimeout, m.CoolDown = optional(ring), optional(cool)
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if q, ok := configOf[*dialplan.Queue](b, id); ok {
		q.Members = append(q.Members, m)
	}
	return nil
}

func optional(ms *int64) *time.Duration {
	if ms == nil {
		return nil
	}
	d := fromMillis(*ms)
	return &d
}

func optionalMillis(d *time.Duration) *int64 {
	if d == nil {
		return nil
	}
	ms := millis(*d)
	return &ms
}

const selectQueueDestinations = `SELECT d.account_id, d.queue_id, d.list, coalesce(x.number, ''), coalesce(d.dest_external, '')
	FROM queue_destinations d LEFT JOIN extensions x ON x.account_id = d.account_id AND x.id = d.dest_ext`

func (l *loader) queueDestination(rows pgx.Rows) error {
	var account dialplan.AccountID
	var id int64
	var list string
	var to dialplan.Destination
	if err := rows.Scan(&account, &id, &list, &to.Extension, &to.External); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if q, ok := configOf[*dialplan.Queue](b, id); ok {
		switch list {
		case "forward":
			q.Forward = append(q.Forward, to)
		case "no_agent":
			q.NoAgent = append(q.NoAgent, to)
		}
	}
	return nil
}

const selectInfotainment = `SELECT account_id, queue_id, media FROM queue_infotainment`

func (l *loader) infotainment(rows pgx.Rows) error {
	var account dialplan.AccountID
	var id int64
	var key string
	if err := rows.Scan(&account, &id, &key); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	if q, ok := configOf[*dialplan.Queue](b, id); ok {
		q.Infotainment = append(q.Infotainment, key)
	}
	return nil
}

// writeQueue replaces a queue. Members that were there stay logged in or out as they are, which c.Members tells
// afterwards.
func (tx *Tx) writeQueue(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, q *dialplan.Queue) error {
	refs, err := tx.destinations(ctx, account, append(append([]dialplan.Destination{q.Breakout}, q.Forward...), q.NoAgent...))
	if err != nil {
		return err
	}
	ext, external, err := refs.columns("breakout", q.Breakout)
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO ext_queue (id, account_id, open, language, strategy, announce_position, announce_wait, interval_ms,
			ring_timeout_ms, cool_down_ms, weight, call_limit, breakout_ext, breakout_external, music, introduction, skip_introduction,
			ringback, second_call, forward_after_ms, allow_forwards, service_level_ms)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
		ON CONFLICT (id) DO UPDATE SET open = $3, language = $4, strategy = $5, announce_position = $6, announce_wait = $7, interval_ms = $8,
			ring_timeout_ms = $9, cool_down_ms = $10, weight = $11, call_limit = $12, breakout_ext = $13, breakout_external = $14,
			music = $15, introduction = $16, skip_introduction = $17, ringback = $18, second_call = $19, forward_after_ms = $20,
			allow_forwards = $21, service_level_ms = $22`,
		e.ID, account, q.Open, q.Language, q.Strategy, q.AnnouncePosition, q.AnnounceWait, millis(q.Interval),
		millis(q.RingTimeout), millis(q.CoolDown), q.Weight, q.Limit, ext, external, q.Music, nullable(q.Introduction), q.SkipIntroduction,
		q.Ringback, q.SecondCall, millis(q.ForwardAfter), q.AllowForwards, millis(q.ServiceLevel))
	if err != nil {
		return mapError("write queue", err)
	}
	for _, table := range []string{"queue_destinations", "queue_infotainment"} {
		if _, err := tx.tx.Exec(ctx, `DELETE FROM `+table+` WHERE account_id = $1 AND queue_id = $2`, account, e.ID); err != nil {
			return mapError("replace parts of queue", err)
		}
	}
	for _, l := range []struct {
		list string
		to   []dialplan.Destination
	}{{"forward", q.Forward}, {"no_agent", q.NoAgent}} {
		for i, d := range l.to {
			ext, external, err := refs.columns(l.list, d)
			if err != nil {
				return err
			}
			_, err = tx.tx.Exec(ctx, `INSERT INTO queue_destinations (account_id, queue_id, list, position, dest_ext, dest_external)
				VALUES ($1, $2, $3, $4, $5, $6)`, account, e.ID, l.list, i, ext, external)
			if err != nil {
				return mapError("write destinations of queue", err)
			}
		}
	}
	for i, key := range q.Infotainment {
		_, err = tx.tx.Exec(ctx, `INSERT INTO queue_infotainment (account_id, queue_id, position, media) VALUES ($1, $2, $3, $4)`, account, e.ID, i, key)
		if err != nil {
			return mapError("write infotainment", err)
		}
	}
	return tx.writeQueueMembers(ctx, account, e.ID, q.Members)
}

func (tx *Tx) writeQueueMembers(ctx context.Context, account dialplan.AccountID, queue int64, members []dialplan.QueueMember) error {
	numbers := make([]string, len(members))
	for i, m := range members {
		numbers[i] = m.Extension
	}
	refs, err := tx.resolve(ctx, account, numbers)
	if err != nil {
		return err
	}
	rows, err := tx.tx.Query(ctx, `DELETE FROM queue_members WHERE account_id = $1 AND queue_id = $2 RETURNING member_id, logged_in, since, paused`,
		account, queue)
	if err != nil {
		return mapError("replace members", err)
	}
	was := make(map[int64]dialplan.QueueMember)
	var id int64
	var old dialplan.QueueMember
	_, err = pgx.ForEachRow(rows, []any{&id, &old.LoggedIn, &old.Since, &old.Paused}, func() error {
		was[id] = old
		return nil
	})
	if err != nil {
		return mapError("replace members", err)
	}
	for i := range members {
		m := &members[i]
		r, ok := refs[m.Extension]
		if !ok || r.kind != dialplan.KindUser && r.kind != dialplan.KindForward {
			return &Invalid{Field: "members", Reason: "there is no user or forward extension " + m.Extension}
		}
		if o, ok := was[r.id]; ok {
			m.LoggedIn, m.Since, m.Paused = o.LoggedIn, o.Since, o.Paused
		}
		err := tx.tx.QueryRow(ctx, `INSERT INTO queue_members (account_id, queue_id, member_id, member_kind, position, logged_in, since, paused,
				ring_timeout_ms, cool_down_ms, weight) VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, now()), $8, $9, $10, $11) RETURNING since`,
			account, queue, r.id, r.kind, i, m.LoggedIn, nullTime(m.Since), m.Paused, optionalMillis(m.RingTimeout), optionalMillis(m.CoolDown), m.Weight).
			Scan(&m.Since)
		if err != nil {
			return mapError("write members", err)
		}
	}
	return nil
}

// QueueLogin is what an agent's state in a queue becomes.
type QueueLogin struct {
	LoggedIn bool   `json:"logged_in"`
	Paused   string `json:"paused,omitempty"`
}

// QueueAgent changes the state of an agent in a queue and gives the state before. A user who is no member becomes one
// of an open queue by logging in; of a closed one it is Invalid. The rank stays (ACD-04, ACD-05).
func (tx *Tx) QueueAgent(ctx context.Context, queue, agent string, to QueueLogin) (before QueueLogin, err error) {
	account, err := tx.own()
	if err != nil {
		return before, err
	}
	var id int64
	var open bool
	err = tx.tx.QueryRow(ctx, `SELECT q.id, q.open FROM extensions e JOIN ext_queue q ON q.account_id = e.account_id AND q.id = e.id
		WHERE e.account_id = $1 AND e.number = $2 FOR UPDATE OF q`, account, queue).Scan(&id, &open)
	if err != nil {
		return before, notFound(err, "queue", queue)
	}
	refs, err := tx.resolve(ctx, account, []string{agent})
	if err != nil {
		return before, err
	}
	r, ok := refs[agent]
	if !ok {
		return before, &NotFound{Entity: "extension", Key: agent}
	}
	if !to.LoggedIn {
		to.Paused = ""
	}
	err = tx.tx.QueryRow(ctx, `SELECT logged_in, paused FROM queue_members WHERE account_id = $1 AND queue_id = $2 AND member_id = $3`,
		account, id, r.id).Scan(&before.LoggedIn, &before.Paused)
	switch err = notFound(err, "agent", agent); {
	case err == nil:
		_, err = tx.tx.Exec(ctx, `UPDATE queue_members SET logged_in = $4, paused = $5, since = CASE WHEN logged_in = $4 THEN since ELSE now() END
			WHERE account_id = $1 AND queue_id = $2 AND member_id = $3`, account, id, r.id, to.LoggedIn, to.Paused)
		return before, mapError("log in to queue", err)
	case !errors.As(err, new(*NotFound)):
		return before, err
	case !to.LoggedIn:
		return before, &NotFound{Entity: "agent", Key: agent}
	case !open:
		return before, &Invalid{Field: "agent", Reason: fmt.Sprintf("%s is no member of queue %s, which is closed", agent, queue)}
	case r.kind != dialplan.KindUser:
		return before, &Invalid{Field: "agent", Reason: "only users log in by themselves"}
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO queue_members (account_id, queue_id, member_id, member_kind, position, paused)
		SELECT $1, $2, $3, $4, coalesce(max(position) + 1, 0), $5 FROM queue_members WHERE account_id = $1 AND queue_id = $2`,
		account, id, r.id, r.kind, to.Paused)
	return before, mapError("log in to queue", err)
}

// SetQueueLogin logs a user in to a queue or out; actor goes to the audit log.
func (db *DB) SetQueueLogin(ctx context.Context, account dialplan.AccountID, actor, queue, user string, in bool) error {
	return db.Account(ctx, account, func(tx *Tx) error {
		to := QueueLogin{LoggedIn: in}
		before, err := tx.QueueAgent(ctx, queue, user, to)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, &AuditEntry{Actor: actor, Action: "update", Entity: "queue agent", EntityID: queue + "/" + user}, before, to)
	})
}
