package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"callplane/store"
)

// Call is a call record without legs and trace.
type Call struct {
	ID           uuid.UUID `json:"id" format:"uuid"`
	Direction    string    `json:"direction" enum:"inbound,outbound,internal"`
	CallerNumber string    `json:"caller_number"`
	CallerName   string    `json:"caller_name,omitempty"`
	Dialed       string    `json:"dialed"`
	Started      time.Time `json:"started"`
	Answered     time.Time `json:"answered,omitzero" doc:"Not there: nobody answered."`
	Ended        time.Time `json:"ended"`
	Duration     float64   `json:"duration" doc:"Seconds from answer to end."`
	Cause        string    `json:"cause" doc:"Why it ended."`
}

// CallDetail is a call record with its legs and the trace of decisions.
type CallDetail struct {
	Call
	Legs  []store.LegRecord `json:"legs" doc:"In the order in which they began."`
	Trace []store.TraceStep `json:"trace" doc:"Each decision with its reason."`
}

func (s *server) calls(api huma.API) {
	const tag = "calls"
	register(s, api, scopeAccount, op("list-calls", http.MethodGet, "/accounts/{account}/calls", tag, "List call records, the newest first"), s.listCalls)
	register(s, api, scopeAccount, op("get-call", http.MethodGet, "/accounts/{account}/calls/{call}", tag, "Get a call record with its legs and the trace of decisions"), s.getCall)
	register(s, api, scopeAccount, op("return-call", http.MethodPost, "/accounts/{account}/calls/{call}/return", tag, "Take a call from the voice bot that talks in it and send it to a destination"), s.returnCall)
	register(s, api, scopeAccount, op("list-live-calls", http.MethodGet, "/accounts/{account}/live-calls", tag, "List the calls that are going on"), s.listLive)
}

func callOf(r *store.CallRecord) Call {
	c := Call{ID: r.ID, Direction: string(r.Direction), CallerNumber: r.CallerNumber, CallerName: r.CallerName, Dialed: r.Dialed,
		Started: r.Started, Answered: r.Answered, Ended: r.Ended, Cause: r.Cause}
	if !r.Answered.IsZero() {
		c.Duration = r.Ended.Sub(r.Answered).Seconds()
	}
	return c
}

// KeyQuery asks for a page of a list that grows at its head.
type KeyQuery struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Rows of a page."`
	Cursor string `query:"cursor" maxLength:"200" doc:"next of the page before."`
}

// Feed is one page of a list that grows at its head.
type Feed[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; not there: this is the last one."`
}

func (s *server) listCalls(ctx context.Context, in *struct {
	AccountPath
	KeyQuery
	From time.Time `query:"from" doc:"Calls that began at this time or later."`
	To   time.Time `query:"to" doc:"Calls that began before this time."`
}) (*struct{ Body Feed[Call] }, error) {
	f := store.CallFilter{From: in.From, To: in.To}
	if in.Cursor != "" {
		var ok bool
		if f.Before, ok = callCursor(in.Cursor); !ok {
			return nil, badCursor()
		}
	}
	out := &struct{ Body Feed[Call] }{Feed[Call]{Items: []Call{}}}
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, err := tx.ListCalls(ctx, f, in.Limit+1)
		if err != nil {
			return err
		}
		if len(rows) > in.Limit {
			rows = rows[:in.Limit]
			last := rows[in.Limit-1]
			out.Body.Next = base64.RawURLEncoding.EncodeToString([]byte(last.Started.Format(time.RFC3339Nano) + " " + last.ID.String()))
		}
		for i := range rows {
			out.Body.Items = append(out.Body.Items, callOf(&rows[i]))
		}
		return nil
	})
	return out, err
}

func callCursor(s string) (c store.CallCursor, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return c, false
	}
	at, id, _ := strings.Cut(string(b), " ")
	var err2 error
	c.Started, err = time.Parse(time.RFC3339Nano, at)
	c.ID, err2 = uuid.Parse(id)
	return c, err == nil && err2 == nil && c.Started.Year() > 0 && c.Started.Year() < 10000
}

func (s *server) getCall(ctx context.Context, in *struct {
	AccountPath
	Call string `path:"call" format:"uuid" doc:"Id of the call."`
}) (*struct{ Body CallDetail }, error) {
	id, err := uuid.Parse(in.Call)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "path.call", Message: "must be a UUID"})
	}
	var out *struct{ Body CallDetail }
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		r, err := tx.ReadCall(ctx, id)
		if err != nil {
			return err
		}
		out = &struct{ Body CallDetail }{CallDetail{Call: callOf(r), Legs: r.Legs, Trace: r.Trace}}
		return nil
	})
	return out, err
}

func (s *server) listLive(ctx context.Context, in *AccountPath) (*struct{ Body Feed[LiveCall] }, error) {
	out := &struct{ Body Feed[LiveCall] }{Feed[LiveCall]{Items: []LiveCall{}}}
	err := s.inAccount(ctx, in.id(), nil, func(*store.Tx, *store.Account) error {
		if s.cfg.Live != nil {
			out.Body.Items = append(out.Body.Items, s.cfg.Live(in.id())...)
		}
		return nil
	})
	return out, err
}

func (s *server) audit(api huma.API) {
	const tag = "audit log"
	register(s, api, scopeAccount, op("list-audit", http.MethodGet, "/accounts/{account}/audit", tag, "List the changes of an account, the newest first"), s.listAudit)
	register(s, api, scopePlatform, op("list-platform-audit", http.MethodGet, "/audit", tag, "List the changes of the platform, the newest first"), s.listPlatformAudit)
}

func auditPage(ctx context.Context, tx *store.Tx, before int64, limit int) (Feed[AuditEntry], error) {
	out := Feed[AuditEntry]{Items: []AuditEntry{}}
	rows, err := tx.ListAudit(ctx, before, limit+1)
	if err != nil {
		return out, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		out.Next = itoa(rows[limit-1].ID)
	}
	for _, e := range rows {
		out.Items = append(out.Items, AuditEntry{ID: e.ID, At: e.At, Actor: e.Actor, Action: e.Action, Entity: e.Entity, EntityID: e.EntityID,
			Before: e.Before, After: e.After})
	}
	return out, nil
}

func (q KeyQuery) before() (int64, error) {
	if q.Cursor == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(q.Cursor, 10, 64)
	if err != nil || n < 1 {
		return 0, badCursor()
	}
	return n, nil
}

func (s *server) listAudit(ctx context.Context, in *struct {
	AccountPath
	KeyQuery
}) (*struct{ Body Feed[AuditEntry] }, error) {
	before, err := in.before()
	if err != nil {
		return nil, err
	}
	out := &struct{ Body Feed[AuditEntry] }{}
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		out.Body, err = auditPage(ctx, tx, before, in.Limit)
		return err
	})
	return out, err
}

func (s *server) listPlatformAudit(ctx context.Context, in *KeyQuery) (*struct{ Body Feed[AuditEntry] }, error) {
	before, err := in.before()
	if err != nil {
		return nil, err
	}
	out := &struct{ Body Feed[AuditEntry] }{}
	err = s.onPlatform(ctx, nil, func(tx *store.Tx) (err error) {
		out.Body, err = auditPage(ctx, tx, before, in.Limit)
		return err
	})
	return out, err
}
