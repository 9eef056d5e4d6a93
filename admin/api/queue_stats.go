package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// QueueBoard is a queue at a moment.
type QueueBoard struct {
	Queue    string     `json:"queue"`
	Waiting  int        `json:"waiting" doc:"Callers."`
	Oldest   *time.Time `json:"oldest,omitempty" doc:"Since when the one waits who waits longest."`
	Talking  int        `json:"talking" doc:"Calls of the queue with agents."`
	Answered int        `json:"answered" doc:"In the last half hour."`
	InTime   int        `json:"in_time" doc:"Of these, within the service level."`
	// Abandoned are callers who hung up while waiting.
	Abandoned   int               `json:"abandoned" doc:"Callers who hung up while waiting, in the last half hour."`
	AverageWait float64           `json:"average_wait" doc:"Seconds, of the answered."`
	Agents      []QueueAgentBoard `json:"agents"`
}

// QueueAgentBoard is an agent at a moment.
type QueueAgentBoard struct {
	Agent    string     `json:"agent" doc:"Extension."`
	State    string     `json:"state" enum:"logged-out,talking,ringing,paused,unreachable,busy,wrap-up,free"`
	Paused   string     `json:"paused,omitempty" doc:"Why."`
	Until    *time.Time `json:"until,omitempty" doc:"When the wrap-up ends."`
	Since    *time.Time `json:"since,omitempty" doc:"Of the last login or logout."`
	Answered int        `json:"answered" doc:"Since the login."`
	Talk     float64    `json:"talk" doc:"Seconds, since the login."`
}

// QueueSpread is the distribution of a duration in seconds.
type QueueSpread struct {
	Count   int     `json:"count"`
	Min     float64 `json:"min"`
	Average float64 `json:"average"`
	Max     float64 `json:"max"`
	Total   float64 `json:"total"`
}

// QueueFigures are those of an interval.
type QueueFigures struct {
	Start        time.Time      `json:"start"`
	All          QueueSpread    `json:"all" doc:"All calls that were answered or left, with their waiting time."`
	Answered     QueueSpread    `json:"answered" doc:"Calls that were answered, with their waiting time."`
	Unanswered   QueueSpread    `json:"unanswered" doc:"Calls that left the queue otherwise, with their waiting time."`
	Talk         QueueSpread    `json:"talk" doc:"Conversations that ended, with their duration."`
	InTime       int            `json:"in_time" doc:"Answered within the service level."`
	ServiceLevel *float64       `json:"service_level,omitempty" doc:"in_time as per cent of all that were answered or left."`
	Left         map[string]int `json:"left,omitempty" doc:"The unanswered by reason: abandoned, breakout, forwarded, no-agent, queue-deleted."`
	Refused      map[string]int `json:"refused,omitempty" doc:"Calls that found no place, by reason: full, no-agent."`
}

// QueueAgentFigures are those of an agent.
type QueueAgentFigures struct {
	Agent    string      `json:"agent"`
	Offered  int         `json:"offered"`
	Missed   int         `json:"missed"`
	Answered int         `json:"answered"`
	Talk     QueueSpread `json:"talk"`
}

// QueuePerformance is how many calls were answered within a time.
type QueuePerformance struct {
	Within   int     `json:"within" doc:"Seconds."`
	Answered int     `json:"answered"`
	Percent  float64 `json:"percent" doc:"Of all that were answered or left."`
}

// QueueStatistics are the figures of a period.
type QueueStatistics struct {
	Queue       string              `json:"queue"`
	From        time.Time           `json:"from"`
	To          time.Time           `json:"to"`
	Interval    string              `json:"interval"`
	Total       QueueFigures        `json:"total"`
	Intervals   []QueueFigures      `json:"intervals"`
	Agents      []QueueAgentFigures `json:"agents"`
	Performance []QueuePerformance  `json:"performance"`
}

const (
	// mostIntervals bounds an answer.
	mostIntervals = 10_000
	boardEvery    = time.Second
)

// queueWithin are the times of the performance figures, in seconds.
func queueWithin() []int { return []int{5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600} }

// QueuePeriod is in the query of statistics.
type QueuePeriod struct {
	From     time.Time `query:"from" doc:"Begin of the period; a week before its end."`
	To       time.Time `query:"to" doc:"End of the period, not part of it; now."`
	Interval string    `query:"interval" enum:"quarter,hour,day,week,month" default:"day" doc:"In the account's time zone."`
	Level    float64   `query:"level" minimum:"0" maximum:"86400" doc:"Service level in seconds; 0: the queue's."`
}

func (s *server) queueStatistics(api huma.API) {
	const tag, path = "queues", "/accounts/{account}/queues/{queue}"
	supervised := func(o huma.Operation) huma.Operation { return also(o, store.RoleSupervisor) }
	register(s, api, scopeAccount, supervised(op("get-queue-statistics", http.MethodGet, path+"/statistics", tag, "Figures of a queue for a period and its intervals")), s.getQueueStatistics)
	o := op("export-queue-statistics", http.MethodGet, path+"/statistics.csv", tag, "The same as CSV")
	o.Responses = map[string]*huma.Response{"200": {Description: "A row for each interval, agent or time of the performance.", Content: map[string]*huma.MediaType{
		"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	register(s, api, scopeAccount, supervised(o), s.exportQueueStatistics)
	register(s, api, scopeAccount, supervised(op("get-queue-board", http.MethodGet, path+"/board", tag, "A queue at this moment")), s.getQueueBoard)
	o = op("watch-queue-board", http.MethodGet, path+"/wallboard", tag, "A queue at each moment, as server-sent events")
	o.Description = "An event `board` comes at once, and whenever something is different. The stream ends with the queue. Lines that begin with a colon only keep the connection open."
	o.Responses = map[string]*huma.Response{"200": {Description: "The stream.", Content: map[string]*huma.MediaType{
		"text/event-stream": {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[QueueBoard](), true, "")}}}}
	o.Errors = append(o.Errors, http.StatusTooManyRequests)
	register(s, api, scopeAccount, supervised(o), s.watchQueueBoard)
}

// queueOf finds the queue of a path.
func queueOf(ctx context.Context, tx *store.Tx, number string) (*store.Extension, *dialplan.Queue, error) {
	e, err := tx.ReadExtension(ctx, number)
	if err != nil {
		return nil, nil, err
	}
	q, ok := e.Config.(*dialplan.Queue)
	if !ok {
		return nil, nil, &store.NotFound{Entity: "queue", Key: number}
	}
	return e, q, nil
}

func (s *server) readQueueStatistics(ctx context.Context, in QueuePath, p QueuePeriod) (*QueueStatistics, error) {
	if p.To.IsZero() {
		p.To = time.Now()
	}
	if p.From.IsZero() {
		p.From = p.To.AddDate(0, 0, -7)
	}
	lengths := map[string]time.Duration{"quarter": 15 * time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour, "month": 28 * 24 * time.Hour}
	switch {
	case !p.From.Before(p.To):
		return nil, problem(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "query.to", Message: "must be after from"})
	case p.To.Sub(p.From)/lengths[p.Interval] > mostIntervals:
		return nil, problem(http.StatusUnprocessableEntity, "validation failed",
			&huma.ErrorDetail{Location: "query.interval", Message: fmt.Sprintf("gives more than %d intervals", mostIntervals)})
	}
	out := &QueueStatistics{Queue: in.Queue, From: p.From, To: p.To, Interval: p.Interval, Intervals: []QueueFigures{}, Agents: []QueueAgentFigures{}}
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		e, q, err := queueOf(ctx, tx, in.Queue)
		if err != nil {
			return err
		}
		zone, err := time.LoadLocation(a.TimeZone)
		if err != nil {
			return fmt.Errorf("time zone of account %d: %w", a.ID, err)
		}
		level := duration(p.Level)
		if level == 0 {
			level = q.ServiceLevel
		}
		var within []time.Duration
		for _, w := range queueWithin() {
			within = append(within, time.Duration(w)*time.Second)
		}
		f, err := tx.QueueStatistics(ctx, e.ID, p.From, p.To, store.QueueInterval(p.Interval), zone, level, within)
		if err != nil {
			return err
		}
		out.Total = queueFiguresOf(f.Total, zone)
		for _, i := range f.Intervals {
			out.Intervals = append(out.Intervals, queueFiguresOf(i, zone))
		}
		for _, g := range f.Agents {
			out.Agents = append(out.Agents, QueueAgentFigures{Agent: g.Agent, Offered: g.Offered, Missed: g.Missed, Answered: g.Answered, Talk: spreadOf(g.Talk)})
		}
		for i, n := range f.Within {
			out.Performance = append(out.Performance, QueuePerformance{Within: queueWithin()[i], Answered: n, Percent: percent(n, f.Total)})
		}
		return nil
	})
	return out, err
}

func percent(n int, f store.QueueFigures) float64 {
	all := f.Answered.Count + f.Unanswered.Count
	if all == 0 {
		return 0
	}
	return 100 * float64(n) / float64(all)
}

func spreadOf(s store.Spread) QueueSpread {
	return QueueSpread{Count: s.Count, Min: s.Min.Seconds(), Average: s.Average().Seconds(), Max: s.Max.Seconds(), Total: s.Sum.Seconds()}
}

func queueFiguresOf(f store.QueueFigures, zone *time.Location) QueueFigures {
	out := QueueFigures{Start: f.Start.In(zone), All: spreadOf(f.Waits()), Answered: spreadOf(f.Answered), Unanswered: spreadOf(f.Unanswered), Talk: spreadOf(f.Talk),
		InTime: f.InTime, Left: f.Left, Refused: f.Refused}
	if f.Answered.Count+f.Unanswered.Count > 0 {
		level := percent(f.InTime, f)
		out.ServiceLevel = &level
	}
	return out
}

func (s *server) getQueueStatistics(ctx context.Context, in *struct {
	QueuePath
	QueuePeriod
}) (*struct{ Body *QueueStatistics }, error) {
	out, err := s.readQueueStatistics(ctx, in.QueuePath, in.QueuePeriod)
	if err != nil {
		return nil, err
	}
	return &struct{ Body *QueueStatistics }{out}, nil
}

func (s *server) exportQueueStatistics(ctx context.Context, in *struct {
	QueuePath
	QueuePeriod
	Table string `query:"table" enum:"intervals,agents,performance" default:"intervals"`
}) (*huma.StreamResponse, error) {
	f, err := s.readQueueStatistics(ctx, in.QueuePath, in.QueuePeriod)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	number := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	spread := func(x QueueSpread) []string {
		return []string{strconv.Itoa(x.Count), number(x.Min), number(x.Average), number(x.Max), number(x.Total)}
	}
	columns := func(name string) []string {
		return []string{name, name + "_min", name + "_average", name + "_max", name + "_total"}
	}
	switch in.Table {
	case "agents":
		rows = append(rows, append([]string{"agent", "offered", "missed", "answered"}, columns("talk")...))
		for _, a := range f.Agents {
			rows = append(rows, append([]string{a.Agent, strconv.Itoa(a.Offered), strconv.Itoa(a.Missed), strconv.Itoa(a.Answered)}, spread(a.Talk)...))
		}
	case "performance":
		rows = append(rows, []string{"within", "answered", "percent"})
		for _, p := range f.Performance {
			rows = append(rows, []string{strconv.Itoa(p.Within), strconv.Itoa(p.Answered), number(p.Percent)})
		}
	default:
		rows = append(rows, slices.Concat([]string{"start"}, columns("answered"), columns("unanswered"), columns("talk"), []string{"in_time", "service_level"}))
		for _, i := range f.Intervals {
			level := ""
			if i.ServiceLevel != nil {
				level = number(*i.ServiceLevel)
			}
			rows = append(rows, slices.Concat([]string{i.Start.Format(time.RFC3339)}, spread(i.Answered), spread(i.Unanswered), spread(i.Talk),
				[]string{strconv.Itoa(i.InTime), level}))
		}
	}
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write CSV: %w", err)
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "text/csv; charset=utf-8")
		c.SetHeader("Content-Disposition", `attachment; filename="queue-`+in.Queue+`.csv"`)
		_, _ = c.BodyWriter().Write(text.Bytes())
	}}, nil
}

// boardOf the queue of a path.
func (s *server) boardOf(ctx context.Context, in *QueuePath) (func(context.Context) (QueueBoard, bool), error) {
	var id int64
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		e, _, err := queueOf(ctx, tx, in.Queue)
		if err == nil {
			id = e.ID
		}
		return err
	})
	if err == nil && s.cfg.QueueBoard == nil {
		err = huma.Error503ServiceUnavailable("there are no queues here")
	}
	return func(ctx context.Context) (QueueBoard, bool) { return s.cfg.QueueBoard(ctx, in.id(), id) }, err
}

func (s *server) getQueueBoard(ctx context.Context, in *QueuePath) (*struct{ Body QueueBoard }, error) {
	board, err := s.boardOf(ctx, in)
	if err != nil {
		return nil, err
	}
	b, ok := board(ctx)
	if !ok {
		return nil, huma.Error503ServiceUnavailable("the queue is not in service yet")
	}
	return &struct{ Body QueueBoard }{b}, nil
}

// boardStream gives a board whenever it is different.
type boardStream struct {
	board func(context.Context) (QueueBoard, bool)
	last  *QueueBoard
}

// Next implements EventStream.
func (b *boardStream) Next(ctx context.Context) (any, error) {
	for {
		now, ok := b.board(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !ok:
			return nil, io.EOF
		case b.last == nil || !reflect.DeepEqual(*b.last, now):
			b.last = &now
			return now, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(boardEvery):
		}
	}
}

// Close implements EventStream.
func (*boardStream) Close() {}

func (s *server) watchQueueBoard(ctx context.Context, in *QueuePath) (*huma.StreamResponse, error) {
	p := who(ctx)
	board, err := s.boardOf(ctx, in)
	if err != nil {
		return nil, err
	}
	if !s.readers.enter(p.id) {
		return nil, huma.Error429TooManyRequests("this token has too many streams open")
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer s.readers.leave(p.id)
		c.SetHeader("Content-Type", "text/event-stream")
		if w, ok := c.BodyWriter().(http.ResponseWriter); ok {
			s.sendEvents(c.Context(), w, &boardStream{board: board}, p)
		}
	}}, nil
}
