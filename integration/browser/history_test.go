package browser

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// callers are who calls a company in its past, by number and name.
var callers = [][2]string{
	{"+31612345671", "Sanne Vermeer"}, {"+31206789012", "Hotel De Gracht"}, {"+31612345672", ""}, {"+31355432109", "Café Lindenhof"},
	{"+31612345673", "Tom Hendriks"}, {"+31237654321", ""}, {"+31612345674", "Lunchroom Noord"}, {"+4930123456", "Backhaus Berlin"},
}

// busy is how many callers the queue has in the hours of a day from 8 to 17.
var busy = []int{3, 6, 9, 8, 5, 6, 8, 7, 5, 2}

// past gives a company a fortnight of calls, with a queue, as a real one has: the same in every run but for the days.
func (s *stage) past(ctx context.Context, account int64, queue, number string, agents []string) error {
	db, err := pgx.Connect(ctx, s.PG.DSN(""))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(ctx) }()
	ids := map[string]int64{}
	rows, err := db.Query(ctx, `SELECT number, id FROM extensions WHERE account_id = $1`, account)
	if err != nil {
		return err
	}
	var ext string
	var id int64
	if _, err := pgx.ForEachRow(rows, []any{&ext, &id}, func() error { ids[ext] = id; return nil }); err != nil {
		return err
	}
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		return err
	}
	p := &pastOf{r: rand.New(rand.NewPCG(1, 2)), account: account, queue: queue, number: number, agents: agents, ids: ids}
	now := time.Now().In(zone)
	for back := 14; back >= 0; back-- {
		day := time.Date(now.Year(), now.Month(), now.Day()-back, 8, 0, 0, 0, zone)
		p.day(day, now)
	}
	_, failed := db.CopyFrom(ctx, pgx.Identifier{"calls"}, []string{"id", "account_id", "direction", "caller_number", "caller_name", "dialed", "started", "answered", "ended", "cause"}, pgx.CopyFromRows(p.calls))
	_, err = db.CopyFrom(ctx, pgx.Identifier{"queue_events"}, []string{"account_id", "id", "at", "queue_id", "queue", "kind", "call_id", "agent_id", "agent", "waited_ms", "talk_ms", "reason"}, pgx.CopyFromRows(p.events))
	if err := errors.Join(failed, err); err != nil {
		return fmt.Errorf("write the past of account %d: %w", account, err)
	}
	return nil
}

// pastOf collects the rows of what happened.
type pastOf struct {
	r             *rand.Rand
	account       int64
	queue, number string
	agents        []string
	ids           map[string]int64
	calls, events [][]any
}

// day has callers in the queue from 8 in the morning on, and some calls of the agents; less at weekends.
func (p *pastOf) day(morning, now time.Time) {
	for hour, n := range busy {
		switch morning.Weekday() {
		case time.Saturday:
			n /= 2
		case time.Sunday:
			n /= 4
		}
		for range n {
			at := morning.Add(time.Duration(hour)*time.Hour + time.Duration(p.r.IntN(3600))*time.Second)
			if at.Before(now.Add(-15 * time.Minute)) {
				p.caller(at)
				if p.r.IntN(3) == 0 {
					p.outgoing(at.Add(time.Duration(p.r.IntN(600)) * time.Second))
				}
			}
		}
	}
}

func (p *pastOf) caller(at time.Time) {
	call, who := uuid.New(), callers[p.r.IntN(len(callers))]
	wait := time.Duration(2000+p.r.ExpFloat64()*11000) * time.Millisecond
	agent := p.agents[p.r.IntN(len(p.agents))]
	p.event(at, "joined", call, "", 0, 0, "")
	if p.r.IntN(100) < 7 || wait > 50*time.Second {
		reason := "abandoned"
		if p.r.IntN(6) == 0 {
			reason = "breakout"
		}
		p.event(at.Add(wait), "left", call, "", wait, 0, reason)
		p.call(call, "inbound", who, p.number, at, time.Time{}, at.Add(wait))
		return
	}
	if p.r.IntN(9) == 0 {
		missed := p.agents[p.r.IntN(len(p.agents))]
		p.event(at.Add(time.Second), "offered", call, missed, 0, 0, "")
		p.event(at.Add(wait/2), "missed", call, missed, 0, 0, "no-answer")
	}
	talk := time.Duration(40+p.r.ExpFloat64()*140) * time.Second
	p.event(at.Add(wait/2), "offered", call, agent, 0, 0, "")
	p.event(at.Add(wait), "answered", call, agent, wait, 0, "")
	p.event(at.Add(wait+talk), "ended", call, agent, 0, talk, "")
	p.call(call, "inbound", who, p.number, at, at.Add(wait), at.Add(wait+talk))
}

func (p *pastOf) outgoing(at time.Time) {
	who, to := [2]string{p.agents[p.r.IntN(len(p.agents))]}, callers[p.r.IntN(len(callers))][0]
	answered, ended := at.Add(6*time.Second), at.Add(6*time.Second+time.Duration(p.r.ExpFloat64()*120)*time.Second)
	if p.r.IntN(5) == 0 {
		answered, ended = time.Time{}, at.Add(25*time.Second)
	}
	p.call(uuid.New(), "outbound", who, to, at, answered, ended)
}

func (p *pastOf) call(id uuid.UUID, direction string, who [2]string, to string, started, answered, ended time.Time) {
	var a *time.Time
	cause := "cancelled"
	if !answered.IsZero() {
		a, cause = &answered, "normal"
	}
	p.calls = append(p.calls, []any{id, p.account, direction, who[0], who[1], to, started, a, ended, cause})
}

func (p *pastOf) event(at time.Time, kind string, call uuid.UUID, agent string, waited, talk time.Duration, reason string) {
	var agentID *int64
	if id := p.ids[agent]; id != 0 {
		agentID = &id
	}
	p.events = append(p.events, []any{p.account, uuid.New(), at, p.ids[p.queue], p.queue, kind, call, agentID, agent, waited.Milliseconds(), talk.Milliseconds(), reason})
}
