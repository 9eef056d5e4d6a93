package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"callplane/admin/api"
	"callplane/controller/acd"
	"callplane/dialplan"
	"callplane/store"
)

// logQueues hands the log of queues to its writer.
func (d *daemon) logQueues(account dialplan.AccountID, lines []acd.Line) {
	for _, l := range lines {
		d.queueLog.Write(store.QueueEvent{
			ID: uuid.New(), Account: account, At: l.At, QueueID: int64(l.Record.Queue), Queue: l.Queue, Kind: string(l.Kind), Call: l.Caller,
			AgentID: int64(l.Record.Agent), Agent: l.Agent, Waited: l.Waited, Talk: l.Talk, Reason: l.Reason,
		})
	}
}

// pastOfQueues reads what agents have done from the log. What the writer has from before the restart must be there first.
func (d *daemon) pastOfQueues(ctx context.Context, account dialplan.AccountID) (acd.Remember, error) {
	const lately, patience = 30 * time.Minute, 5 * time.Second
	for end := time.Now().Add(patience); d.queueLog.Spooled() > 0 && time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return acd.Remember{}, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	events, err := d.db.QueuePast(ctx, account, time.Now().Add(-lately))
	if err != nil {
		return acd.Remember{}, err
	}
	var lines []acd.Line
	var waits []acd.Wait
	for _, e := range events {
		if e.Kind == "waited" {
			waits = append(waits, acd.Wait{Queue: acd.QueueID(e.QueueID), At: e.At, Wait: e.Waited})
			continue
		}
		lines = append(lines, acd.Line{Record: acd.Record{At: e.At, Kind: acd.RecordKind(e.Kind), Queue: acd.QueueID(e.QueueID),
			Agent: acd.AgentID(e.AgentID), Waited: e.Waited, Talk: e.Talk}})
	}
	past := acd.PastOf(lines)
	past.Waits = waits
	return past, nil
}

// queueBoard is a queue at this moment.
func (d *daemon) queueBoard(ctx context.Context, account dialplan.AccountID, queue int64) (api.QueueBoard, bool) {
	a := d.queues.Account(account)
	if a == nil {
		return api.QueueBoard{}, false
	}
	b := a.Board(ctx, acd.QueueID(queue))
	if b.Queue == 0 {
		return api.QueueBoard{}, false
	}
	out := api.QueueBoard{Queue: b.Number, Waiting: b.Waiting, Talking: b.Talking, Answered: b.Answered, InTime: b.InTime, Abandoned: b.Abandoned,
		AverageWait: b.Average.Seconds(), Agents: []api.QueueAgentBoard{}}
	optional := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		t = t.UTC().Truncate(time.Millisecond)
		return &t
	}
	out.Oldest = optional(b.Oldest)
	for _, x := range b.Agents {
		out.Agents = append(out.Agents, api.QueueAgentBoard{Agent: x.Extension, State: string(x.State), Paused: x.Paused, Until: optional(x.Free),
			Since: optional(x.Since), Answered: x.Answered, Talk: x.Talk.Seconds()})
	}
	return out, true
}
