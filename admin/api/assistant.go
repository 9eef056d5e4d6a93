package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// Assistant is for how many users the personal assistant is there (FEA-AST-01). It is turned off for the account with
// its recording settings, and for a user with the extension.
type Assistant struct {
	Enabled bool `json:"enabled" doc:"The account has the assistant."`
	Users   int  `json:"users" doc:"Users whom it serves then."`
	Of      int  `json:"of" doc:"Users who can have it: Starter users can't."`
}

// AssistantResult is what the assistant has made of a conversation, or of a memo spoken to it.
type AssistantResult struct {
	ID        uuid.UUID `json:"id" format:"uuid" doc:"Id of the recording."`
	Call      uuid.UUID `json:"call" format:"uuid" doc:"Id of the call; its record has the same."`
	Kind      string    `json:"kind" enum:"memo,conversation" doc:"memo: spoken without another party."`
	User      string    `json:"user" doc:"Whose it is: the extension's number at that time."`
	Number    string    `json:"number,omitempty" doc:"The other party's; not there: none, or not known."`
	Name      string    `json:"name,omitempty"`
	Direction string    `json:"direction" enum:"inbound,outbound" doc:"outbound: the user called."`
	Started   time.Time `json:"started"`
	Duration  float64   `json:"duration" doc:"Seconds."`
	State     string    `json:"state" enum:"waiting,done,failed" doc:"failed: given up, since it could not be analysed for a day, or can't be at all."`
	Error     string    `json:"error,omitempty" doc:"Why the last try failed."`
	Done      time.Time `json:"done,omitzero" doc:"Not there: it is not done."`
	Language  string    `json:"language,omitempty" doc:"In which it was understood: that of the user."`
	Summary   string    `json:"summary,omitempty" doc:"Not there: not done, or nothing was said."`
}

// AssistantText is an AssistantResult with all that was said.
type AssistantText struct {
	AssistantResult
	Transcript []store.Spoken `json:"transcript" doc:"In the order in which it was said. speaker is user, other, or not there: not known."`
}

func assistantResultOf(a *store.Analysis) AssistantResult {
	r := recordingOf(&a.Recording)
	out := AssistantResult{ID: r.ID, Call: r.Call, Kind: "conversation", User: r.User, Number: r.Number, Name: r.Name, Direction: r.Direction, Started: r.Started,
		Duration: r.Duration, State: string(a.State), Error: a.Error, Done: a.Done, Language: a.Language, Summary: a.Summary}
	if a.Reason == dialplan.RecordMemo {
		out.Kind, out.Number, out.Name = "memo", "", ""
	}
	return out
}

// ResultPath is in the path of a result of the assistant.
type ResultPath struct {
	AccountPath
	Result string `path:"result" format:"uuid" doc:"Id of the recording."`
}

func (s *server) assistant(api huma.API) {
	const tag = "assistant"
	const base = "/accounts/{account}/assistant"
	mine := func(o huma.Operation) huma.Operation { return also(o, store.RoleUser) }
	register(s, api, scopeAccount, op("get-assistant", http.MethodGet, base, tag, "Get for how many users the personal assistant is there"), s.getAssistant)
	all := op("enable-assistant", http.MethodPost, base, tag, "Turn the assistant on for the account and all its users")
	all.DefaultStatus = http.StatusOK
	register(s, api, scopeAccount, all, s.enableAssistant)
	register(s, api, scopeAccount, mine(op("list-assistant-results", http.MethodGet, base+"/results", tag, "List what the assistant has heard, the newest first; a user sees their own")), s.listResults)
	register(s, api, scopeAccount, mine(op("get-assistant-result", http.MethodGet, base+"/results/{result}", tag, "Get a result of the assistant with all that was said")), s.getResult)
	register(s, api, scopeAccount, mine(op("delete-assistant-result", http.MethodDelete, base+"/results/{result}", tag, "Delete a result of the assistant and the recording of which it was made")), s.deleteResult)
}

func (s *server) getAssistant(ctx context.Context, in *AccountPath) (*struct{ Body Assistant }, error) {
	out := &struct{ Body Assistant }{}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		out.Body, err = readAssistant(ctx, tx)
		return err
	})
}

func readAssistant(ctx context.Context, tx *store.Tx) (Assistant, error) {
	settings, err := tx.ReadRecordingSettings(ctx)
	if err != nil {
		return Assistant{}, err
	}
	served, of, err := tx.AssistedUsers(ctx)
	return Assistant{Enabled: settings.Assistant, Users: served, Of: of}, err
}

func (s *server) enableAssistant(ctx context.Context, in *AccountPath) (*struct{ Body Assistant }, error) {
	out := &struct{ Body Assistant }{}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		before, err := readAssistant(ctx, tx)
		if err != nil {
			return err
		}
		settings, err := tx.ReadRecordingSettings(ctx)
		if err != nil {
			return err
		}
		settings.Assistant = true
		if err := tx.SetRecordingSettings(ctx, settings); err != nil {
			return err
		}
		if err := tx.AssistAll(ctx); err != nil {
			return err
		}
		if out.Body, err = readAssistant(ctx, tx); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionUpdate, "assistant", itoa(in.Account), before, out.Body)
	})
}

func (s *server) listResults(ctx context.Context, in *struct {
	AccountPath
	PageQuery
	From time.Time `query:"from" doc:"Those that began at this time or later."`
	To   time.Time `query:"to" doc:"Those that began before this time."`
	User string    `query:"user" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"Those of this user, by the extension's number at that time."`
	Call string    `query:"call" format:"uuid" doc:"Those of this call."`
}) (*struct{ Body Feed[AssistantResult] }, error) {
	f := store.RecordingFilter{From: in.From, To: in.To, Extension: in.User}
	var err error
	if in.Call != "" {
		if f.Call, err = parseID(in.Call, "query.call"); err != nil {
			return nil, err
		}
	}
	if f.Before, err = in.place(); err != nil {
		return nil, err
	}
	out := &struct{ Body Feed[AssistantResult] }{}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		if f.UserID, err = ownUser(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.ListAnalyses(ctx, f, in.Limit+1)
		out.Body = feed(rows, in.Limit, func(a *store.Analysis) string { return placeOfRecording(&a.Recording) }, assistantResultOf)
		return err
	})
}

// ownResult finds a result; others' are not found for a user.
func ownResult(ctx context.Context, tx *store.Tx, text string) (*store.Analysis, error) {
	id, err := parseID(text, "path.result")
	if err != nil {
		return nil, err
	}
	own, err := ownUser(ctx, tx)
	if err != nil {
		return nil, err
	}
	a, err := tx.ReadAnalysis(ctx, id)
	if err == nil && own != 0 && a.UserID != own {
		err = &store.NotFound{Entity: "analysis", Key: text}
	}
	return a, err
}

func (s *server) getResult(ctx context.Context, in *ResultPath) (*struct{ Body AssistantText }, error) {
	out := &struct{ Body AssistantText }{}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		a, err := ownResult(ctx, tx, in.Result)
		if err == nil {
			out.Body = AssistantText{assistantResultOf(a), a.Transcript}
		}
		return err
	})
}

func (s *server) deleteResult(ctx context.Context, in *ResultPath) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		a, err := ownResult(ctx, tx, in.Result)
		if err != nil {
			return err
		}
		if err := tx.DeleteRecording(ctx, a.ID); err != nil {
			return err
		}
		before := assistantResultOf(a)
		before.Summary = "" // it is deleted
		if err := s.record(ctx, tx, in.id(), actionDelete, "assistant result", a.ID.String(), before, nil); err != nil {
			return err
		}
		if s.cfg.Recordings.Remove == nil {
			return nil
		}
		return s.cfg.Recordings.Remove(&a.Recording)
	})
}
