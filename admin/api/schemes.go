package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// SchemePath is in the path of a scheme.
type SchemePath struct {
	AccountPath
	Scheme int64 `path:"scheme" minimum:"1" doc:"Id of the scheme."`
}

// PlanPath is in the path of a plan.
type PlanPath struct {
	SchemePath
	Plan int `path:"plan" minimum:"1" maximum:"99" doc:"Number of the plan."`
}

// EntryPath is in the path of a plan's entry.
type EntryPath struct {
	PlanPath
	Number string `path:"number" maxLength:"16" doc:"E.164 with +."`
}

func (s *server) schemes(api huma.API) {
	const tag = "numbering plans"
	const list, one = "/accounts/{account}/schemes", "/accounts/{account}/schemes/{scheme}"
	const plans, plan, entry = one + "/plans", one + "/plans/{plan}", one + "/plans/{plan}/entries/{number}"
	register(s, api, scopeAccount, op("list-schemes", http.MethodGet, list, tag, "List schemes, the main one first"), s.listSchemes)
	register(s, api, scopeAccount, op("create-scheme", http.MethodPost, list, tag, "Make a scheme"), s.createScheme)
	register(s, api, scopeAccount, op("get-scheme", http.MethodGet, one, tag, "Get a scheme"), s.getScheme)
	register(s, api, scopeAccount, op("update-scheme", http.MethodPut, one, tag, "Rename a scheme or set its active plan"), s.updateScheme)
	register(s, api, scopeAccount, op("delete-scheme", http.MethodDelete, one, tag, "Delete a scheme with all its plans; the main one stays"), s.deleteScheme)
	register(s, api, scopeAccount, op("list-plans", http.MethodGet, plans, tag, "List the plans of a scheme"), s.listPlans)
	register(s, api, scopeAccount, op("create-plan", http.MethodPost, plans, tag, "Make a plan"), s.createPlan)
	register(s, api, scopeAccount, op("get-plan", http.MethodGet, plan, tag, "Get a plan with its entries"), s.getPlan)
	register(s, api, scopeAccount, op("update-plan", http.MethodPut, plan, tag, "Replace a plan, entries and all"), s.updatePlan)
	register(s, api, scopeAccount, op("delete-plan", http.MethodDelete, plan, tag, "Delete a plan"), s.deletePlan)
	cp := op("copy-plan", http.MethodPost, plan+"/copy", tag, "Overwrite the entries of a plan with those of another one of the scheme")
	cp.DefaultStatus = http.StatusOK
	register(s, api, scopeAccount, cp, s.copyPlan)
	register(s, api, scopeAccount, op("set-plan-entry", http.MethodPut, entry, tag, "Say where calls to a number go"), s.setEntry)
	register(s, api, scopeAccount, op("delete-plan-entry", http.MethodDelete, entry, tag, "Take a number out of a plan"), s.deleteEntry)
}

func schemeOf(s *store.Scheme) Scheme {
	return Scheme{ID: s.ID, Main: s.Main, Number: s.Number, SchemeInput: SchemeInput{Name: s.Name, Active: s.Active}}
}

// scheme finds one of the account's; there are few.
func (s *server) scheme(ctx context.Context, tx *store.Tx, id int64) (*store.Scheme, error) {
	list, err := tx.ListSchemes(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].ID == id {
			return &list[i], nil
		}
	}
	return nil, &store.NotFound{Entity: "scheme", Key: itoa(id)}
}

// plan finds one by its number, with its entries.
func (s *server) plan(ctx context.Context, tx *store.Tx, in PlanPath) (*store.Plan, Plan, error) {
	if _, err := s.scheme(ctx, tx, in.Scheme); err != nil {
		return nil, Plan{}, err
	}
	list, err := tx.ListPlans(ctx, in.Scheme)
	if err != nil {
		return nil, Plan{}, err
	}
	for i := range list {
		if p := &list[i]; p.Number == in.Plan {
			shown, err := planOf(ctx, tx, p)
			return p, shown, err
		}
	}
	return nil, Plan{}, &store.NotFound{Entity: "plan", Key: strconv.Itoa(in.Plan)}
}

func planOf(ctx context.Context, tx *store.Tx, p *store.Plan) (Plan, error) {
	entries, err := tx.PlanEntries(ctx, p.ID)
	if err != nil {
		return Plan{}, err
	}
	out := Plan{ID: p.ID, PlanInput: PlanInput{Number: p.Number, Name: p.Name}}
	for _, n := range slices.Sorted(maps.Keys(entries)) {
		out.Entries = append(out.Entries, PlanEntry{Number: n, Destination: shown(entries[n].Destination), Prefix: entries[n].Prefix})
	}
	return out, nil
}

func (s *server) listSchemes(ctx context.Context, in *AccountPath) (*PageOutput[Scheme], error) {
	var out *PageOutput[Scheme]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, err := tx.ListSchemes(ctx)
		out = answerPage(rows, len(rows), store.Page{}, schemeOf)
		return err
	})
	return out, err
}

func (s *server) createScheme(ctx context.Context, in *struct {
	AccountPath
	Body Scheme
}) (*Row[Scheme], error) {
	var out *Row[Scheme]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if in.Body.Active != 0 {
			return invalid(field("active", "must be 0: a new scheme has no plans"))
		}
		sc := &store.Scheme{Name: in.Body.Name}
		if err := tx.CreateScheme(ctx, sc); err != nil {
			return err
		}
		shown := schemeOf(sc)
		out = created(sc.Revision, shown, "/accounts/%d/schemes/%d", in.Account, sc.ID)
		return s.record(ctx, tx, in.id(), actionCreate, "scheme", itoa(sc.ID), nil, shown)
	})
	return out, err
}

func (s *server) getScheme(ctx context.Context, in *SchemePath) (*Row[Scheme], error) {
	var out *Row[Scheme]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		sc, err := s.scheme(ctx, tx, in.Scheme)
		if err != nil {
			return err
		}
		out = row(sc.Revision, schemeOf(sc))
		return nil
	})
	return out, err
}

func (s *server) updateScheme(ctx context.Context, in *struct {
	SchemePath
	Match
	Body Scheme
}) (*Row[Scheme], error) {
	var out *Row[Scheme]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		sc, err := s.scheme(ctx, tx, in.Scheme)
		if err != nil {
			return err
		}
		before := schemeOf(sc)
		plans, err := tx.ListPlans(ctx, in.Scheme)
		if err != nil {
			return err
		}
		if n := in.Body.Active; n != 0 && !slices.ContainsFunc(plans, func(p store.Plan) bool { return p.Number == n }) {
			return invalid(field("active", fmt.Sprintf("the scheme has no plan %d", n)))
		}
		sc.Name, sc.Active = in.Body.Name, in.Body.Active
		if sc.Revision, err = in.revision(sc.Revision); err != nil {
			return err
		}
		if err := tx.UpdateScheme(ctx, sc); err != nil {
			return err
		}
		after := schemeOf(sc)
		out = row(sc.Revision, after)
		return s.record(ctx, tx, in.id(), actionUpdate, "scheme", itoa(sc.ID), before, after)
	})
	return out, err
}

func (s *server) deleteScheme(ctx context.Context, in *struct {
	SchemePath
	Match
	Confirm bool `query:"confirm" doc:"Must be true when the scheme has plans."`
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		sc, err := s.scheme(ctx, tx, in.Scheme)
		if err != nil {
			return err
		}
		if err := current("scheme", in.Match, sc.ID, sc.Revision); err != nil {
			return err
		}
		if sc.Main {
			return problem(http.StatusConflict, "the main scheme can't be deleted")
		}
		plans, err := tx.ListPlans(ctx, sc.ID)
		if err != nil {
			return err
		}
		if len(plans) > 0 && !in.Confirm {
			return problem(http.StatusConflict, fmt.Sprintf("%d plans of the scheme would go, with their entries, roster and holidays", len(plans)),
				&huma.ErrorDetail{Location: "query.confirm", Message: "must be true to delete them"})
		}
		if err := tx.DeleteScheme(ctx, sc.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "scheme", itoa(sc.ID), schemeOf(sc), nil)
	})
}

func (s *server) listPlans(ctx context.Context, in *SchemePath) (*PageOutput[PlanSummary], error) {
	var out *PageOutput[PlanSummary]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if _, err := s.scheme(ctx, tx, in.Scheme); err != nil {
			return err
		}
		rows, err := tx.ListPlans(ctx, in.Scheme)
		out = answerPage(rows, len(rows), store.Page{}, func(p *store.Plan) PlanSummary {
			return PlanSummary{ID: p.ID, Number: p.Number, Name: p.Name}
		})
		return err
	})
	return out, err
}

func (s *server) createPlan(ctx context.Context, in *struct {
	SchemePath
	Body Plan
}) (*Row[Plan], error) {
	var out *Row[Plan]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		if _, err := s.scheme(ctx, tx, in.Scheme); err != nil {
			return err
		}
		p := &store.Plan{Scheme: in.Scheme, Number: in.Body.Number, Name: in.Body.Name}
		if err := tx.CreatePlan(ctx, p); err != nil {
			return err
		}
		shown, err := s.writeEntries(ctx, tx, a, p, nil, in.Body.Entries)
		if err != nil {
			return err
		}
		out = created(p.Revision, shown, "/accounts/%d/schemes/%d/plans/%d", in.Account, in.Scheme, p.Number)
		return s.record(ctx, tx, in.id(), actionCreate, "plan", planID(p), nil, shown)
	})
	return out, err
}

// planID names a plan in the audit log.
func planID(p *store.Plan) string { return fmt.Sprintf("%d/%d", p.Scheme, p.Number) }

// writeEntries makes the entries of a plan those that are wanted. All wrong ones are named.
func (s *server) writeEntries(ctx context.Context, tx *store.Tx, a *store.Account, p *store.Plan, have, want []PlanEntry) (Plan, error) {
	rules := accountRules{extensionLength: a.ExtensionLength}
	var mentioned []string
	for _, e := range want {
		if d := destination(rules, e.Destination); d.Extension != "" {
			mentioned = append(mentioned, d.Extension)
		}
	}
	var err error
	if rules.extensions, err = tx.ExtensionKinds(ctx, mentioned); err != nil {
		return Plan{}, err
	}
	var errs []*huma.ErrorDetail
	keep := make(map[string]bool, len(want))
	for i, e := range want {
		at := fmt.Sprintf("entries[%d].", i)
		keep[e.Number] = true
		if bad := rules.unknown(at+"destination", destination(rules, e.Destination)); bad != nil {
			errs = append(errs, bad...)
			continue
		}
		why, err := s.setOne(ctx, tx, p, e.Number, dialplan.PlanEntry{Destination: destination(rules, e.Destination), Prefix: e.Prefix})
		if err != nil {
			return Plan{}, err
		}
		if why != "" {
			errs = append(errs, field(at+"number", why))
		}
	}
	if len(errs) > 0 {
		return Plan{}, invalid(errs...)
	}
	for _, e := range have {
		if !keep[e.Number] {
			if err := tx.DeletePlanEntry(ctx, p.Scheme, p.ID, e.Number); err != nil {
				return Plan{}, err
			}
		}
	}
	return planOf(ctx, tx, p)
}

// setOne maps a number, or says why that number can't be in the plan.
func (s *server) setOne(ctx context.Context, tx *store.Tx, p *store.Plan, number string, e dialplan.PlanEntry) (why string, err error) {
	n, err := tx.ReadNumber(ctx, number)
	if err != nil {
		if isNotFound(err) {
			return number + " is not a number of the account", nil
		}
		return "", err
	}
	switch {
	case n.Personal != "":
		return number + " is the personal number of " + n.Personal, nil
	case n.Scheme != 0 && n.Scheme != p.Scheme:
		return number + " is in the plans of another scheme", nil
	}
	return "", tx.SetPlanEntry(ctx, p.Scheme, p.ID, number, e)
}

func (s *server) getPlan(ctx context.Context, in *PlanPath) (*Row[Plan], error) {
	var out *Row[Plan]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		p, shown, err := s.plan(ctx, tx, *in)
		if err != nil {
			return err
		}
		out = row(p.Revision, shown)
		return nil
	})
	return out, err
}

func (s *server) updatePlan(ctx context.Context, in *struct {
	PlanPath
	Match
	Body Plan
}) (*Row[Plan], error) {
	var out *Row[Plan]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		p, before, err := s.plan(ctx, tx, in.PlanPath)
		if err != nil {
			return err
		}
		sc, err := s.scheme(ctx, tx, in.Scheme)
		if err != nil {
			return err
		}
		if sc.Active == p.Number && in.Body.Number != p.Number {
			return problem(http.StatusConflict, "can't be done: in use by scheme "+sc.Name,
				field("number", "can't change: the plan is set active in scheme "+sc.Name))
		}
		if t := sc.Temporary; t != nil && t.Plan == p.Number && in.Body.Number != p.Number && (t.Until.IsZero() || time.Now().Before(t.Until)) {
			return problem(http.StatusConflict, "can't be done: in use by scheme "+sc.Name,
				field("number", "can't change: the plan is active temporarily in scheme "+sc.Name))
		}
		p.Number, p.Name = in.Body.Number, in.Body.Name
		if p.Revision, err = in.revision(p.Revision); err != nil {
			return err
		}
		if err := tx.UpdatePlan(ctx, p); err != nil {
			return err
		}
		after, err := s.writeEntries(ctx, tx, a, p, before.Entries, in.Body.Entries)
		if err != nil {
			return err
		}
		out = row(p.Revision, after)
		return s.record(ctx, tx, in.id(), actionUpdate, "plan", planID(p), before, after)
	})
	return out, err
}

func (s *server) deletePlan(ctx context.Context, in *struct {
	PlanPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		p, before, err := s.plan(ctx, tx, in.PlanPath)
		if err != nil {
			return err
		}
		if err := current("plan", in.Match, p.ID, p.Revision); err != nil {
			return err
		}
		sc, err := s.scheme(ctx, tx, in.Scheme)
		if err != nil {
			return err
		}
		if sc.Active == p.Number {
			return &store.InUse{By: []string{"scheme " + sc.Name + ", in which it is set active"}}
		}
		if t := sc.Temporary; t != nil && t.Plan == p.Number && (t.Until.IsZero() || time.Now().Before(t.Until)) {
			return &store.InUse{By: []string{"scheme " + sc.Name + ", in which it is active temporarily"}}
		}
		if err := tx.DeletePlan(ctx, in.Scheme, p.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "plan", planID(p), before, nil)
	})
}

func (s *server) copyPlan(ctx context.Context, in *struct {
	PlanPath
	Match
	Body PlanCopy
}) (*Row[Plan], error) {
	return s.changePlan(ctx, in.PlanPath, in.Match, func(tx *store.Tx, _ *store.Account, p *store.Plan) error {
		from, _, err := s.plan(ctx, tx, PlanPath{SchemePath: in.SchemePath, Plan: in.Body.From})
		if isNotFound(err) {
			return invalid(field("from", fmt.Sprintf("the scheme has no plan %d", in.Body.From)))
		}
		if err != nil {
			return err
		}
		if from.ID != p.ID && !in.Body.Confirm {
			have, err := tx.PlanEntries(ctx, p.ID)
			if err != nil {
				return err
			}
			if len(have) > 0 {
				return problem(http.StatusConflict, fmt.Sprintf("plan %d has %d entries that would be overwritten", p.Number, len(have)),
					field("confirm", "must be true to overwrite them"))
			}
		}
		return tx.CopyPlan(ctx, in.Scheme, from.ID, p.ID)
	})
}

// changePlan changes entries of a plan and raises its revision.
func (s *server) changePlan(ctx context.Context, path PlanPath, m Match, f func(*store.Tx, *store.Account, *store.Plan) error) (*Row[Plan], error) {
	var out *Row[Plan]
	err := s.inAccount(ctx, path.id(), nil, func(tx *store.Tx, a *store.Account) error {
		p, before, err := s.plan(ctx, tx, path)
		if err != nil {
			return err
		}
		if p.Revision, err = m.revision(p.Revision); err != nil {
			return err
		}
		if err := tx.UpdatePlan(ctx, p); err != nil {
			return err
		}
		if err := f(tx, a, p); err != nil {
			return err
		}
		after, err := planOf(ctx, tx, p)
		if err != nil {
			return err
		}
		out = row(p.Revision, after)
		return s.record(ctx, tx, path.id(), actionUpdate, "plan", planID(p), before, after)
	})
	return out, err
}

func (s *server) setEntry(ctx context.Context, in *struct {
	EntryPath
	Match
	Body EntryInput
}) (*Row[Plan], error) {
	return s.changePlan(ctx, in.PlanPath, in.Match, func(tx *store.Tx, a *store.Account, p *store.Plan) error {
		rules := accountRules{extensionLength: a.ExtensionLength}
		d := destination(rules, in.Body.Destination)
		var err error
		if rules.extensions, err = tx.ExtensionKinds(ctx, []string{d.Extension}); err != nil {
			return err
		}
		if bad := rules.unknown("destination", d); bad != nil {
			return invalid(bad...)
		}
		if _, err := tx.ReadNumber(ctx, in.Number); err != nil {
			return err
		}
		why, err := s.setOne(ctx, tx, p, in.Number, dialplan.PlanEntry{Destination: d, Prefix: in.Body.Prefix})
		if why != "" {
			return problem(http.StatusConflict, why)
		}
		return err
	})
}

func (s *server) deleteEntry(ctx context.Context, in *struct {
	EntryPath
	Match
}) (*Empty, error) {
	_, err := s.changePlan(ctx, in.PlanPath, in.Match, func(tx *store.Tx, _ *store.Account, p *store.Plan) error {
		entries, err := tx.PlanEntries(ctx, p.ID)
		if err != nil {
			return err
		}
		if _, ok := entries[in.Number]; !ok {
			return &store.NotFound{Entity: "entry", Key: clip(in.Number)}
		}
		return tx.DeletePlanEntry(ctx, in.Scheme, p.ID, in.Number)
	})
	return &Empty{}, err
}
