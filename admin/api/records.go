package api

import (
	"context"
	"net/http"
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
	// The link back is Recording.Call.
	Recordings []Recording `json:"recordings" doc:"What was recorded of it, the newest first."`
	// What was said is at get-assistant-result.
	Assistant []AssistantResult `json:"assistant" doc:"What the assistant has made of it, the newest first."`
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

func (s *server) listCalls(ctx context.Context, in *struct {
	AccountPath
	PageQuery
	From      time.Time `query:"from" doc:"Calls that began at this time or later."`
	To        time.Time `query:"to" doc:"Calls that began before this time."`
	Direction string    `query:"direction" enum:"inbound,outbound,internal" doc:"Only these."`
	Text      string    `query:"text" maxLength:"100" doc:"Is part of the caller's number or name, or of what was dialled."`
	Answered  string    `query:"answered" enum:"yes,no" doc:"Only calls that somebody answered, or nobody."`
}) (*struct{ Body Feed[Call] }, error) {
	f := store.CallFilter{From: in.From, To: in.To, Direction: store.CallDirection(in.Direction), Text: in.Text}
	if in.Answered != "" {
		f.Answered = ptr(in.Answered == "yes")
	}
	var err error
	if f.Before, err = in.place(); err != nil {
		return nil, err
	}
	out := &struct{ Body Feed[Call] }{}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, err := tx.ListCalls(ctx, f, in.Limit+1)
		out.Body = feed(rows, in.Limit, placeOfCall, callOf)
		return err
	})
}

func placeOfCall(r *store.CallRecord) string {
	return placeOf(store.CallCursor{Started: r.Started, ID: r.ID})
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
		out = &struct{ Body CallDetail }{CallDetail{Call: callOf(r), Legs: r.Legs, Trace: r.Trace, Recordings: []Recording{}, Assistant: []AssistantResult{}}}
		recorded, err := tx.ListRecordings(ctx, store.RecordingFilter{Call: id}, 500)
		for i := range recorded {
			out.Body.Recordings = append(out.Body.Recordings, recordingOf(&recorded[i]))
		}
		if err != nil {
			return err
		}
		analysed, err := tx.ListAnalyses(ctx, store.RecordingFilter{Call: id}, 500)
		for i := range analysed {
			out.Body.Assistant = append(out.Body.Assistant, assistantResultOf(&analysed[i]))
		}
		return err
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

// AuditQuery selects entries of the audit log.
type AuditQuery struct {
	From   time.Time `query:"from" doc:"Changes at this time or later."`
	To     time.Time `query:"to" doc:"Changes before this time."`
	Entity string    `query:"entity" maxLength:"60" doc:"What was changed: extension, channel, …"`
	ID     string    `query:"id" maxLength:"200" doc:"Which one: its number, name or id."`
	Actor  string    `query:"actor" maxLength:"200" doc:"Is part of who."`
}

func auditPage(ctx context.Context, tx *store.Tx, p PageQuery, q AuditQuery) (Feed[AuditEntry], error) {
	before, err := p.row()
	if err != nil {
		return Feed[AuditEntry]{}, err
	}
	rows, err := tx.ListAudit(ctx, store.AuditFilter{Before: before, From: q.From, To: q.To, Entity: q.Entity, Actor: q.Actor, ID: q.ID}, p.Limit+1)
	return feed(rows, p.Limit, func(e *store.AuditEntry) string { return itoa(e.ID) }, func(e *store.AuditEntry) AuditEntry {
		return AuditEntry{ID: e.ID, At: e.At, Actor: e.Actor, Action: e.Action, Entity: e.Entity, EntityID: e.EntityID, Before: e.Before, After: e.After}
	}), err
}

func (s *server) listAudit(ctx context.Context, in *struct {
	AccountPath
	PageQuery
	AuditQuery
}) (*struct{ Body Feed[AuditEntry] }, error) {
	out := &struct{ Body Feed[AuditEntry] }{}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		out.Body, err = auditPage(ctx, tx, in.PageQuery, in.AuditQuery)
		return err
	})
}

func (s *server) listPlatformAudit(ctx context.Context, in *struct {
	PageQuery
	AuditQuery
}) (*struct{ Body Feed[AuditEntry] }, error) {
	out := &struct{ Body Feed[AuditEntry] }{}
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) (err error) {
		out.Body, err = auditPage(ctx, tx, in.PageQuery, in.AuditQuery)
		return err
	})
}
