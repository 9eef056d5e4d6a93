package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// QueueEvent is a line of the log of queues.
type QueueEvent struct {
	ID      uuid.UUID
	Account dialplan.AccountID
	At      time.Time
	QueueID int64
	Queue   string // number, as it was
	Kind    string
	Call    uuid.UUID // zero of logins
	AgentID int64     // 0: none
	Agent   string
	Waited  time.Duration
	Talk    time.Duration
	Reason  string
}

// QueueWriter stores the log of queues as Writer does call records.
type QueueWriter = RecordWriter[QueueEvent]

// NewQueueWriter opens the spool; events of an earlier run that are in it go first.
func NewQueueWriter(db *DB, o WriterOptions) (*QueueWriter, error) {
	return newRecordWriter(o, "events of queues", func(ctx context.Context, events []QueueEvent) error {
		return db.Platform(ctx, func(tx *Tx) error { return tx.InsertQueueEvents(ctx, events) })
	})
}

// InsertQueueEvents stores events, all or none, for Platform scope. One that is stored already is left as it is.
func (tx *Tx) InsertQueueEvents(ctx context.Context, events []QueueEvent) error {
	n := len(events)
	account, id, at := make([]int64, n), make([]uuid.UUID, n), make([]time.Time, n)
	queueID, queue, kind := make([]int64, n), make([]string, n), make([]string, n)
	call, agentID, agent := make([]*uuid.UUID, n), make([]*int64, n), make([]string, n)
	waited, talk, reason := make([]int64, n), make([]int64, n), make([]string, n)
	for i := range events {
		e := &events[i]
		account[i], id[i], at[i], queueID[i], queue[i], kind[i] = int64(e.Account), e.ID, e.At, e.QueueID, e.Queue, e.Kind
		if e.Call != uuid.Nil {
			call[i] = &e.Call
		}
		if e.AgentID != 0 {
			agentID[i] = &e.AgentID
		}
		agent[i], waited[i], talk[i], reason[i] = e.Agent, millis(e.Waited), millis(e.Talk), clean(e.Reason)
	}
	_, err := tx.tx.Exec(ctx, `INSERT INTO queue_events (account_id, id, at, queue_id, queue, kind, call_id, agent_id, agent, waited_ms, talk_ms, reason)
		SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::text[], $6::text[], $7::uuid[], $8::bigint[],
			$9::text[], $10::bigint[], $11::bigint[], $12::text[])
		ON CONFLICT (account_id, id) DO NOTHING`,
		account, id, at, queueID, queue, kind, call, agentID, agent, waited, talk, reason)
	return mapError("write events of queues", err)
}

// QueuePast is what the controller needs of an account's log after a restart: what happened to agents since their login, and the
// waits of calls answered since a time, oldest first.
func (db *DB) QueuePast(ctx context.Context, account dialplan.AccountID, since time.Time) (out []QueueEvent, err error) {
	err = db.Account(ctx, account, func(tx *Tx) error {
		out, err = tx.QueuePast(ctx, since)
		return err
	})
	return out, err
}

// QueuePast is DB.QueuePast.
func (tx *Tx) QueuePast(ctx context.Context, since time.Time) ([]QueueEvent, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT e.at, e.queue_id, e.kind, e.agent_id, e.waited_ms, e.talk_ms
			FROM queue_members m JOIN queue_events e ON e.account_id = m.account_id AND e.queue_id = m.queue_id AND e.agent_id = m.member_id AND e.at >= m.since
			WHERE m.account_id = $1 AND m.logged_in AND e.kind IN ('offered', 'answered', 'ended')
		UNION ALL SELECT at, queue_id, 'waited', NULL, waited_ms, 0 FROM queue_events
			WHERE account_id = $1 AND at >= $2 AND kind = 'answered'
		ORDER BY 1`, account, since)
	return collect(rows, err, "past of queues", func(rows pgx.Rows, e *QueueEvent) error {
		var agent *int64
		var waited, talk int64
		err := rows.Scan(&e.At, &e.QueueID, &e.Kind, &agent, &waited, &talk)
		if agent != nil {
			e.AgentID = *agent
		}
		e.Waited, e.Talk = fromMillis(waited), fromMillis(talk)
		return err
	})
}

// QueueInterval is what figures are given for: each so long, in the account's time zone.
type QueueInterval string

// Intervals.
const (
	QueueQuarter QueueInterval = "quarter" // of an hour
	QueueHour    QueueInterval = "hour"
	QueueDay     QueueInterval = "day"
	QueueWeek    QueueInterval = "week" // begins on Monday
	QueueMonth   QueueInterval = "month"
)

// Spread is the distribution of a duration.
type Spread struct {
	Count         int
	Min, Max, Sum time.Duration
}

// Average of the duration; 0 when there is none.
func (s Spread) Average() time.Duration {
	if s.Count == 0 {
		return 0
	}
	return s.Sum / time.Duration(s.Count)
}

// QueueFigures are those of one interval, or of a whole period. A call counts where it was answered or left; its talk where it
// ended.
type QueueFigures struct {
	Start      time.Time
	Answered   Spread // waiting
	InTime     int    // answered within the service level
	Unanswered Spread // waiting
	Talk       Spread
	// Left are the unanswered by reason; Refused those who found no place, by reason.
	Left, Refused map[string]int
}

// Waits of all calls, answered or not.
func (f QueueFigures) Waits() Spread {
	all := f.Answered
	if f.Unanswered.Count > 0 {
		all.merge(f.Unanswered)
	}
	return all
}

// QueueAgentFigures are those of one agent.
type QueueAgentFigures struct {
	Agent           string
	Offered, Missed int
	Talk            Spread
	Answered        int
}

// QueueStatistics are the figures of a period.
type QueueStatistics struct {
	Total     QueueFigures
	Intervals []QueueFigures // every one of the period, also those in which nothing happened
	Agents    []QueueAgentFigures
	// Within is how many calls were answered within the times asked for.
	Within []int
}

// QueueStatistics gives the figures of a queue from a time up to another, which is not part of it (ACD-14). level is the service level,
// within times for which the answered calls are counted.
func (tx *Tx) QueueStatistics(ctx context.Context, queue int64, from, to time.Time, every QueueInterval, zone *time.Location, level time.Duration, within []time.Duration) (*QueueStatistics, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	out := &QueueStatistics{Total: QueueFigures{Start: from}}
	starts, err := intervalStarts(from, to, every, zone)
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT width_bucket(at, $5::timestamptz[]), kind, CASE WHEN kind IN ('left', 'refused') THEN reason ELSE '' END, count(*),
			count(*) FILTER (WHERE waited_ms <= $6), min(waited_ms), max(waited_ms), sum(waited_ms)::bigint, min(talk_ms), max(talk_ms), sum(talk_ms)::bigint
		FROM queue_events WHERE account_id = $1 AND queue_id = $2 AND at >= $3 AND at < $4 AND kind IN ('answered', 'left', 'refused', 'ended')
		GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`, account, queue, from, to, starts, millis(level))
	if err != nil {
		return nil, mapError("read statistics of queue", err)
	}
	for _, s := range starts {
		out.Intervals = append(out.Intervals, QueueFigures{Start: s})
	}
	var kind, reason string
	var i, n, inTime int
	var wMin, wMax, wSum, tMin, tMax, tSum int64
	_, err = pgx.ForEachRow(rows, []any{&i, &kind, &reason, &n, &inTime, &wMin, &wMax, &wSum, &tMin, &tMax, &tSum}, func() error {
		wait := Spread{n, fromMillis(wMin), fromMillis(wMax), fromMillis(wSum)}
		talk := Spread{n, fromMillis(tMin), fromMillis(tMax), fromMillis(tSum)}
		for _, f := range []*QueueFigures{&out.Intervals[i-1], &out.Total} {
			f.add(kind, reason, wait, talk, inTime)
		}
		return nil
	})
	if err != nil {
		return nil, mapError("read statistics of queue", err)
	}
	rows, err = tx.tx.Query(ctx, `SELECT agent, count(*) FILTER (WHERE kind = 'offered'), count(*) FILTER (WHERE kind = 'missed'),
			count(*) FILTER (WHERE kind = 'answered'), count(*) FILTER (WHERE kind = 'ended'),
			coalesce(min(talk_ms) FILTER (WHERE kind = 'ended'), 0), coalesce(max(talk_ms) FILTER (WHERE kind = 'ended'), 0),
			coalesce(sum(talk_ms) FILTER (WHERE kind = 'ended'), 0)::bigint
		FROM queue_events WHERE account_id = $1 AND queue_id = $2 AND at >= $3 AND at < $4 AND agent <> '' AND kind IN ('offered', 'missed', 'answered', 'ended')
		GROUP BY agent ORDER BY agent`, account, queue, from, to)
	out.Agents, err = collect(rows, err, "agents of queue", func(rows pgx.Rows, a *QueueAgentFigures) error {
		var tMin, tMax, tSum int64
		err := rows.Scan(&a.Agent, &a.Offered, &a.Missed, &a.Answered, &a.Talk.Count, &tMin, &tMax, &tSum)
		a.Talk.Min, a.Talk.Max, a.Talk.Sum = fromMillis(tMin), fromMillis(tMax), fromMillis(tSum)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, w := range within {
		var n int
		err := tx.tx.QueryRow(ctx, `SELECT count(*) FROM queue_events WHERE account_id = $1 AND queue_id = $2 AND at >= $3 AND at < $4
			AND kind = 'answered' AND waited_ms <= $5`, account, queue, from, to, millis(w)).Scan(&n)
		if err != nil {
			return nil, mapError("read performance of queue", err)
		}
		out.Within = append(out.Within, n)
	}
	return out, nil
}

func (f *QueueFigures) add(kind, reason string, wait, talk Spread, inTime int) {
	count := func(m *map[string]int) {
		if *m == nil {
			*m = make(map[string]int)
		}
		(*m)[reason] += wait.Count
	}
	switch kind {
	case "answered":
		f.Answered.merge(wait)
		f.InTime += inTime
	case "left":
		f.Unanswered.merge(wait)
		count(&f.Left)
	case "refused":
		count(&f.Refused)
	case "ended":
		f.Talk.merge(talk)
	}
}

func (s *Spread) merge(o Spread) {
	if s.Count == 0 || o.Min < s.Min {
		s.Min = o.Min
	}
	s.Max = max(s.Max, o.Max)
	s.Count += o.Count
	s.Sum += o.Sum
}

// intervalStarts are the begins of all intervals that have a part in a period, by the clock of a zone. Where clocks are changed an hour
// comes twice, a day has 23 or 25, and an interval may be shorter.
func intervalStarts(from, to time.Time, every QueueInterval, zone *time.Location) (out []time.Time, err error) {
	var next func(time.Time) time.Time
	first := from.In(zone)
	y, m, d := first.Date()
	switch every {
	case QueueQuarter, QueueHour:
		step := time.Hour
		if every == QueueQuarter {
			step = 15 * time.Minute
		}
		since := func(t time.Time) time.Duration { // the last begin
			_, offset := t.Zone()
			t = t.Add(time.Duration(offset) * time.Second)
			return t.Sub(t.Truncate(step))
		}
		first = first.Add(-since(first))
		next = func(t time.Time) time.Time { return t.Add(step - since(t)) }
	case QueueDay:
		first = midnight(y, m, d, zone)
		next = func(time.Time) time.Time { d++; return midnight(y, m, d, zone) }
	case QueueWeek:
		d -= (int(first.Weekday()) + 6) % 7
		first = midnight(y, m, d, zone)
		next = func(time.Time) time.Time { d += 7; return midnight(y, m, d, zone) }
	case QueueMonth:
		first = midnight(y, m, 1, zone)
		next = func(time.Time) time.Time { m++; return midnight(y, m, 1, zone) }
	default:
		return nil, &Invalid{Field: "interval", Reason: "is not known"}
	}
	for t := first; t.Before(to); t = next(t) {
		out = append(out, t)
	}
	return out, nil
}

// midnight is when a day begins: an hour later where the clocks are put forward just then, the first time where they are put back.
func midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	day := time.Date(y, m, d, 12, 0, 0, 0, zone).Day()
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	if t.Day() != day {
		return t.Add(time.Hour)
	}
	if before := t.Add(-time.Hour); before.Day() == day {
		return before
	}
	return t
}
