package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

func (s *server) schedules(api huma.API) {
	const tag = "time configuration"
	const one = "/accounts/{account}/schemes/{scheme}"
	register(s, api, scopeAccount, op("get-roster", http.MethodGet, one+"/roster", tag, "Get the roster of a scheme"), s.getRoster)
	register(s, api, scopeAccount, op("set-roster", http.MethodPut, one+"/roster", tag, "Replace the roster of a scheme"), s.setRoster)
	register(s, api, scopeAccount, op("get-holidays", http.MethodGet, one+"/holidays", tag, "Get the holidays of a scheme"), s.getHolidays)
	register(s, api, scopeAccount, op("set-holidays", http.MethodPut, one+"/holidays", tag, "Replace the holidays of a scheme"), s.setHolidays)
	register(s, api, scopeAccount, op("set-override", http.MethodPut, one+"/override", tag, "Set a plan by hand, for good or until the next scheduled change"), s.setOverride)
	register(s, api, scopeAccount, op("clear-override", http.MethodDelete, one+"/override", tag, "Go back to the schedule"), s.clearOverride)
	register(s, api, scopeAccount, op("get-active-plan", http.MethodGet, one+"/active", tag, "Which plan is active, now or at a time, and why"), s.getActive)
	register(s, api, scopeAccount, op("get-week", http.MethodGet, one+"/week", tag, "Which plans are active in the week of a day, Monday to Sunday"), s.getWeek)
}

// timed is a scheme with all that decides which plan is active.
type timed struct {
	row   *store.Scheme
	rules *dialplan.Scheme
	loc   *time.Location
}

func (s *server) timed(ctx context.Context, tx *store.Tx, a *store.Account, id int64) (t timed, err error) {
	if t.row, err = s.scheme(ctx, tx, id); err != nil {
		return t, err
	}
	plans, err := tx.ListPlans(ctx, id)
	if err != nil {
		return t, err
	}
	schedule, err := tx.ReadSchedule(ctx, id)
	if err != nil {
		return t, err
	}
	if t.loc, err = time.LoadLocation(a.TimeZone); err != nil {
		return t, fmt.Errorf("time zone of account %d: %w", a.ID, err)
	}
	t.rules = &dialplan.Scheme{ID: id, Active: t.row.Active, Temporary: t.row.Temporary, Plans: make(map[int]*dialplan.Plan),
		Roster: schedule.Roster, Holidays: schedule.Holidays}
	for i := range plans {
		t.rules.Plans[plans[i].Number] = &dialplan.Plan{ID: plans[i].ID, Number: plans[i].Number, Name: plans[i].Name}
	}
	return t, nil
}

func (t timed) noPlan(at string, plan int) []*huma.ErrorDetail {
	if t.rules.Plans[plan] != nil {
		return nil
	}
	return []*huma.ErrorDetail{field(at+"plan", fmt.Sprintf("the scheme has no plan %d", plan))}
}

// readScheme answers with something of a scheme.
func readScheme[T any](ctx context.Context, s *server, in SchemePath, show func(timed) T) (*Row[T], error) {
	var out *Row[T]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		t, err := s.timed(ctx, tx, a, in.Scheme)
		if err == nil {
			out = row(t.row.Revision, show(t))
		}
		return err
	})
	return out, err
}

// changeScheme changes something of a scheme, raises its revision and records what show tells.
func changeScheme[T any](ctx context.Context, s *server, in SchemePath, m Match, entity string, show func(timed) T, f func(*store.Tx, timed) error) (*Row[T], error) {
	var out *Row[T]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		t, err := s.timed(ctx, tx, a, in.Scheme)
		if err != nil {
			return err
		}
		before := show(t)
		if t.row.Revision, err = m.revision(t.row.Revision); err != nil {
			return err
		}
		if err := f(tx, t); err != nil {
			return err
		}
		if err := tx.UpdateScheme(ctx, t.row); err != nil {
			return err
		}
		if err := tx.SetTemporary(ctx, t.row.ID, t.until(time.Now())); err != nil {
			return err
		}
		if t, err = s.timed(ctx, tx, a, in.Scheme); err != nil {
			return err
		}
		after := show(t)
		out = row(t.row.Revision, after)
		return s.record(ctx, tx, in.id(), actionUpdate, entity, itoa(in.Scheme), before, after)
	})
	return out, err
}

// until has a temporary change that is on end by the schedule as it is now; one that is over goes.
func (t timed) until(now time.Time) *dialplan.Temporary {
	x := t.row.Temporary
	if x == nil || !x.Until.IsZero() && !now.Before(x.Until) {
		return nil
	}
	return &dialplan.Temporary{Plan: x.Plan, Until: t.rules.NextScheduled(now, t.loc)}
}

func showRoster(t timed) Roster     { return rosterOf(t.rules.Roster) }
func showHolidays(t timed) Holidays { return holidaysOf(t.rules.Holidays) }

func (s *server) getRoster(ctx context.Context, in *SchemePath) (*Row[Roster], error) {
	return readScheme(ctx, s, *in, showRoster)
}

func (s *server) getHolidays(ctx context.Context, in *SchemePath) (*Row[Holidays], error) {
	return readScheme(ctx, s, *in, showHolidays)
}

func (s *server) setRoster(ctx context.Context, in *struct {
	SchemePath
	Match
	Body Roster
}) (*Row[Roster], error) {
	return changeScheme(ctx, s, in.SchemePath, in.Match, "roster", showRoster, func(tx *store.Tx, t timed) error {
		list, errs := in.Body.read()
		for i, p := range in.Body.Periods {
			errs = append(errs, t.noPlan(fmt.Sprintf("periods[%d].", i), p.Plan)...)
		}
		if len(errs) > 0 {
			return invalid(errs...)
		}
		t.rules.Roster = list
		return tx.SetRoster(ctx, in.Scheme, list)
	})
}

func (s *server) setHolidays(ctx context.Context, in *struct {
	SchemePath
	Match
	Body Holidays
}) (*Row[Holidays], error) {
	return changeScheme(ctx, s, in.SchemePath, in.Match, "holidays", showHolidays, func(tx *store.Tx, t timed) error {
		list, errs := in.Body.read()
		for i, p := range in.Body.Holidays {
			errs = append(errs, t.noPlan(fmt.Sprintf("holidays[%d].", i), p.Plan)...)
		}
		if len(errs) > 0 {
			return invalid(errs...)
		}
		t.rules.Holidays = list
		return tx.SetHolidays(ctx, in.Scheme, list)
	})
}

func showActive(at time.Time) func(timed) ActiveNow {
	return func(t timed) ActiveNow {
		is := t.rules.ActiveAt(at, t.loc)
		out := ActiveNow{At: at.In(t.loc), Plan: is.Number(), Source: string(is.Source), Reason: is.Reason()}
		if is.Plan != nil {
			out.Name = is.Plan.Name
		}
		if next := t.rules.NextChange(at, t.loc); !next.IsZero() {
			out.Next = next.In(t.loc)
		}
		return out
	}
}

func (s *server) setOverride(ctx context.Context, in *struct {
	SchemePath
	Match
	Body OverrideInput
}) (*Row[ActiveNow], error) {
	return changeScheme(ctx, s, in.SchemePath, in.Match, "override", showActive(time.Now()), func(_ *store.Tx, t timed) error {
		if errs := t.noPlan("", in.Body.Plan); errs != nil {
			return invalid(errs...)
		}
		if in.Body.Mode == "permanent" {
			t.row.Active = in.Body.Plan
		} else {
			t.row.Active, t.row.Temporary = 0, &dialplan.Temporary{Plan: in.Body.Plan}
		}
		return nil
	})
}

func (s *server) clearOverride(ctx context.Context, in *struct {
	SchemePath
	Match
}) (*Empty, error) {
	_, err := changeScheme(ctx, s, in.SchemePath, in.Match, "override", showActive(time.Now()), func(_ *store.Tx, t timed) error {
		t.row.Active, t.row.Temporary = 0, nil
		return nil
	})
	return &Empty{}, err
}

func (s *server) getActive(ctx context.Context, in *struct {
	SchemePath
	At time.Time `query:"at" doc:"Instant; not there: now."`
}) (*Row[ActiveNow], error) {
	at := in.At
	if at.IsZero() {
		at = time.Now()
	}
	return readScheme(ctx, s, in.SchemePath, showActive(at))
}

func (s *server) getWeek(ctx context.Context, in *struct {
	SchemePath
	Day string `query:"day" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" doc:"A day of the week, such as 2026-11-23; not there: today."`
}) (*Row[Week], error) {
	day := time.Time{}
	if in.Day != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, in.Day); err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "validation failed",
				&huma.ErrorDetail{Location: "query.day", Message: "is not a day of the calendar"})
		}
	}
	return readScheme(ctx, s, in.SchemePath, func(t timed) Week {
		if day.IsZero() {
			day = time.Now().In(t.loc)
		}
		y, m, d := day.Date()
		monday := d - (int(day.Weekday())+6)%7
		out := Week{Spans: []WeekSpan{}}
		for _, x := range t.rules.Spans(time.Date(y, m, monday, 0, 0, 0, 0, t.loc), time.Date(y, m, monday+7, 0, 0, 0, 0, t.loc), t.loc) {
			span := WeekSpan{From: x.From.In(t.loc), To: x.To.In(t.loc), Plan: x.Number(), Source: string(x.Source), Reason: x.Reason()}
			if x.Plan != nil {
				span.Name = x.Plan.Name
			}
			out.Spans = append(out.Spans, span)
		}
		return out
	})
}
