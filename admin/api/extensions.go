package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// ExtensionPath is in the path of an extension.
type ExtensionPath struct {
	AccountPath
	Extension string `path:"extension" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"Its number."`
}

// Extension is an extension as it is read.
type Extension struct {
	ID        int64 `json:"id" readOnly:"true"`
	InService bool  `json:"in_service" required:"false" readOnly:"true" doc:"Calls reach it. False: its order has not begun, waits for a SIM, or has ended."`
	ExtensionInput
}

// ExtensionSummary is an extension in a list.
type ExtensionSummary struct {
	ID     int64  `json:"id"`
	Number string `json:"number"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
}

// NextExtension is a number that is free.
type NextExtension struct {
	Number string `json:"number"`
}

func (s *server) extensions(api huma.API) {
	const tag = "extensions"
	const list, one = "/accounts/{account}/extensions", "/accounts/{account}/extensions/{extension}"
	register(s, api, scopeAccount, op("list-extensions", http.MethodGet, list, tag, "List extensions by number"), s.listExtensions)
	register(s, api, scopeAccount, op("create-extension", http.MethodPost, list, tag, "Make an extension"), s.createExtension)
	register(s, api, scopeAccount, op("next-extension", http.MethodGet, "/accounts/{account}/next-extension", tag, "Find the next number that is available"), s.nextExtension)
	register(s, api, scopeAccount, op("get-extension", http.MethodGet, one, tag, "Get an extension"), s.getExtension)
	register(s, api, scopeAccount, op("update-extension", http.MethodPut, one, tag, "Replace an extension; its number may change, its kind not"), s.updateExtension)
	register(s, api, scopeAccount, op("delete-extension", http.MethodDelete, one, tag, "Delete an extension that nothing refers to"), s.deleteExtension)
}

func extensionOf(e *store.Extension) Extension {
	out := Extension{ID: e.ID, InService: !e.Inactive, ExtensionInput: ExtensionInput{Number: e.Number, Name: e.Name, Kind: string(e.Config.Kind())}}
	out.setConfig(e.Config)
	return out
}

// config checks the input against the account and makes the configuration of it.
func (e *ExtensionInput) configFor(ctx context.Context, tx *store.Tx, a *store.Account, pin string) (dialplan.ExtensionConfig, error) {
	kinds, err := tx.ExtensionKinds(ctx, e.mentions(a.ExtensionLength))
	if err != nil {
		return nil, err
	}
	rules := accountRules{extensionLength: a.ExtensionLength, country: a.Country, extensions: kinds}
	if errs := e.check(rules); len(errs) > 0 {
		return nil, invalid(errs...)
	}
	return e.config(rules, pin), nil
}

// extensionColumns of one kind: announcement is ivr.announcement to clients.
func extensionColumns(kind string) map[string]string {
	out := map[string]string{}
	for _, c := range []string{"pin", "language", "area_code", "caller_id", "emergency_caller_id", "members", "announcement", "fallback",
		"options", "max_digits", "forward_caller_id", "fallback_prefix", "failover", "periods", "within", "above", "calls",
		"uri", "answer", "studio", "by", "blocked", "mobile", "welcome", "failed", "entries",
		"introduction", "infotainment", "breakout", "strategy", "interval_ms", "forward", "no_agent", "user", "email", "sms", "delete_mailed"} {
		out[c] = kind + "." + c
	}
	out["privacy"], out["assistant"] = kind+".privacy", "user.assistant_group"
	out["forwards_destination"], out["ivr_options_destination"] = kind+".forwards", "ivr.options"
	return out
}

func (s *server) listExtensions(ctx context.Context, in *struct {
	AccountPath
	PageQuery
	Kind   string `query:"kind" enum:"user,group,ivr,forward,auto_answer,time,limit,location,authentication,picker,queue,voicemail,system,ai" doc:"Of this kind only."`
	Search string `query:"search" maxLength:"100" doc:"Begin of the number or part of the name, in any case."`
}) (*PageOutput[ExtensionSummary], error) {
	p, err := in.keyed(false)
	if err != nil {
		return nil, err
	}
	var out *PageOutput[ExtensionSummary]
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, total, err := tx.ListExtensions(ctx, store.ExtensionFilter{Kind: dialplan.Kind(in.Kind), Search: in.Search}, p)
		out = answerKeyed(rows, total, p, func(e *store.ExtensionSummary) string { return e.Number }, func(e *store.ExtensionSummary) ExtensionSummary {
			return ExtensionSummary{ID: e.ID, Number: e.Number, Name: e.Name, Kind: string(e.Kind)}
		})
		return err
	})
	return out, err
}

func (s *server) nextExtension(ctx context.Context, in *struct {
	AccountPath
	From string `query:"from" pattern:"^[0-9]{2,5}$" patternDescription:"an extension number" doc:"The lowest that is wanted."`
}) (*struct{ Body NextExtension }, error) {
	out := &struct{ Body NextExtension }{}
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		if in.From != "" && len(in.From) != a.ExtensionLength {
			return problem(http.StatusUnprocessableEntity, "validation failed",
				&huma.ErrorDetail{Location: "query.from", Message: "must have as many digits as every extension of the account"})
		}
		var err error
		out.Body.Number, err = tx.NextExtension(ctx, in.From)
		return err
	})
	return out, err
}

func (s *server) createExtension(ctx context.Context, in *struct {
	AccountPath
	Body Extension
}) (*Row[Extension], error) {
	var out *Row[Extension]
	err := s.inAccount(ctx, in.id(), extensionColumns(in.Body.Kind), func(tx *store.Tx, a *store.Account) error {
		c, err := in.Body.configFor(ctx, tx, a, "0000")
		if err != nil {
			return err
		}
		if v, ok := c.(*dialplan.Voicemail); ok && v.PIN == "" {
			return invalid(field("voicemail.pin", "is required"))
		}
		e := &store.Extension{Extension: dialplan.Extension{Number: in.Body.Number, Name: in.Body.Name, Config: c}}
		if err := tx.CreateExtension(ctx, e); err != nil {
			return err
		}
		shown := extensionOf(e)
		out = created(e.Revision, shown, "/accounts/%d/extensions/%s", in.Account, e.Number)
		return s.record(ctx, tx, in.id(), actionCreate, "extension", e.Number, nil, shown)
	})
	return out, err
}

func (s *server) getExtension(ctx context.Context, in *ExtensionPath) (*Row[Extension], error) {
	var out *Row[Extension]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		e, err := tx.ReadExtension(ctx, in.Extension)
		if err != nil {
			return err
		}
		out = row(e.Revision, extensionOf(e))
		return nil
	})
	return out, err
}

func (s *server) updateExtension(ctx context.Context, in *struct {
	ExtensionPath
	Match
	Body Extension
}) (*Row[Extension], error) {
	var out *Row[Extension]
	err := s.inAccount(ctx, in.id(), extensionColumns(in.Body.Kind), func(tx *store.Tx, a *store.Account) error {
		e, err := tx.ReadExtension(ctx, in.Extension)
		if err != nil {
			return err
		}
		before, pin := extensionOf(e), ""
		if before.Kind != in.Body.Kind {
			return invalid(field("kind", "is "+before.Kind+" and stays so; delete the extension and make it anew"))
		}
		if u, ok := e.Config.(*dialplan.User); ok {
			pin = u.PIN
		}
		e.Number, e.Name = in.Body.Number, in.Body.Name
		old := e.Config
		if e.Config, err = in.Body.configFor(ctx, tx, a, pin); err != nil {
			return err
		}
		note := keepBox(old, e.Config)
		if e.Revision, err = in.revision(e.Revision); err != nil {
			return err
		}
		if err := tx.UpdateExtension(ctx, in.Extension, e); err != nil {
			return err
		}
		after := extensionOf(e)
		out = row(e.Revision, after)
		if u, ok := e.Config.(*dialplan.User); ok && u.PIN != pin {
			note = append(note, "pin")
		}
		return s.record(ctx, tx, in.id(), actionUpdate, "extension", in.Extension, before, after, note...)
	})
	return out, err
}

func (s *server) deleteExtension(ctx context.Context, in *struct {
	ExtensionPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		e, err := tx.ReadExtension(ctx, in.Extension)
		if err != nil {
			return err
		}
		rev, err := in.revision(e.Revision)
		if err != nil {
			return err
		}
		if err := tx.DeleteExtension(ctx, in.Extension, rev); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "extension", in.Extension, extensionOf(e), nil)
	})
}
