package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// seen collects the statements that go through a pool.
type seen struct {
	mu       sync.Mutex
	platform bool
	stmt     map[string]statement
}

// statement is what to explain again: the last arguments and the scope.
type statement struct {
	args     []any
	platform bool
}

func (s *seen) note(sql string, args []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stmt[sql] = statement{args, s.platform}
}

func (s *seen) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.note(d.SQL, d.Args)
	return ctx
}
func (s *seen) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (s *seen) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	for _, q := range d.Batch.QueuedQueries {
		s.note(q.SQL, q.Arguments)
	}
	return ctx
}
func (s *seen) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (s *seen) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// whole are statements that are about all rows of a table, by intention.
func whole(sql string) bool {
	switch sql {
	case `SELECT id, version FROM accounts`, `SELECT id FROM accounts ORDER BY id`, `SELECT count(*) FROM accounts WHERE true`:
		return true
	}
	// What has expired is looked for in every account that lets recordings expire, by the account's index of recordings.
	return strings.Contains(sql, "FROM recording_accounts a CROSS JOIN LATERAL")
}

// TestQueriesAreIndexed calls every method of a transaction in a database with 10,000 accounts
// and asks the planner about every statement that went by.
func TestQueriesAreIndexed(t *testing.T) {
	ctx := t.Context()
	all := &seen{stmt: make(map[string]statement)}
	db, pool := pgtest.Store(t, func(c *pgxpool.Config) { c.ConnConfig.Tracer = all })
	many(ctx, t, pool, 10_000, 3)
	const id = dialplan.AccountID(5000)
	e164, page := fmt.Sprintf("+3130%d", 1000000+int(id)*10+1), store.Page{Limit: 10, Offset: 5}
	var call uuid.UUID
	if err := pool.QueryRow(ctx, `SELECT id FROM calls WHERE account_id = $1 LIMIT 1`, id).Scan(&call); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	use := uses(ctx, t, id, e164, call, page)
	maps.Copy(use, recordingUses(ctx, t))
	maps.Copy(use, analysisUses(ctx, t))
	maps.Copy(use, sftpUses(ctx, t))
	maps.Copy(use, voicemailUses(ctx, t, db, id))
	maps.Copy(use, outboundUses(ctx, t, fmt.Sprintf("ch%d", id*1000+1)))
	maps.Copy(use, orderUses(ctx, t, id))
	maps.Copy(use, deskUses(ctx, t, fmt.Sprintf("ch%d", id*1000+1)))
	for _, name := range slices.Sorted(maps.Keys(use)) {
		must(db.Account(ctx, id, func(tx *store.Tx) error { use[name](tx); return nil }))
	}
	all.platform = true
	platform := platformUses(ctx, t, page)
	maps.Copy(platform, loginUses(ctx, t, page))
	maps.Copy(platform, priceUses(ctx, t))
	platform["FindNumbers"] = func(tx *store.Tx) {
		list, err := tx.FindNumbers(ctx, e164, 0, 8)
		if must(err); len(list) != 1 || list[0].Account != id {
			t.Errorf("%v", list)
		}
		_, err = tx.FindNumbers(ctx, e164[:9], 7, 8)
		must(err)
	}
	platform["AccountOfNumber"] = func(tx *store.Tx) { _, err := tx.AccountOfNumber(ctx, e164); must(err) }
	for _, name := range slices.Sorted(maps.Keys(platform)) {
		must(db.Platform(ctx, func(tx *store.Tx) error { platform[name](tx); return nil }))
	}
	for m := range reflect.TypeFor[*store.Tx]().Methods() {
		if use[m.Name] == nil && platform[m.Name] == nil && m.Name != "For" {
			t.Errorf("method %s is not tried", m.Name)
		}
	}
	deskChanges(ctx, t, db, id, fmt.Sprintf("ch%d", id*1000+1))
	_, err := db.LoadAccount(ctx, id)
	must(err)
	_, err = db.ScheduleProgress(ctx)
	must(err)
	must(db.SetScheduleProgress(ctx, time.Now()))
	_, err = db.CarryOutOrder(ctx, time.Now().AddDate(0, 0, 200), []int64{1})
	must(err)
	_, err = db.PINGuesses(ctx)
	must(err)
	old, err := db.ExpiredRecordings(ctx, time.Now(), 10)
	must(err)
	must(db.KeepRecording(ctx, recorded(id, 1, time.Now())))
	_, err = db.ForgetRecordings(ctx, old, "retention")
	must(err)
	recordingQueries(ctx, t, db, id)
	all.platform = false
	snapshot, err := db.LoadAccount(ctx, id)
	must(err)
	written, err := db.LogSwitches(ctx, []store.PlanSwitch{{Account: id, Scheme: snapshot.Schemes[0].ID, At: time.Now()}})
	if must(err); len(written) != 1 {
		t.Errorf("%d switches written", len(written))
	}
	voicemailQueries(ctx, t, db, id)
	analysisQueries(ctx, t, db, id)
	must(db.SavePINGuess(ctx, store.PINGuess{Account: id, Key: "login 101", Guesses: dialplan.PINGuesses{}.Wrong(time.Now())}))
	must(db.SavePINGuess(ctx, store.PINGuess{Account: id, Key: "login 101"}))
	_, _, err = db.Versions(ctx)
	must(err)
	_, _, err = db.LoadTrunks(ctx)
	must(err)
	big := bigTables(ctx, t, pool)
	explained := 0
	for sql, st := range all.stmt {
		verb, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
		switch strings.ToUpper(strings.TrimSpace(verb)) {
		case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
			explained++
		default:
			continue
		}
		for _, table := range scanned(ctx, t, pool, id, sql, st) {
			if big[table] && !whole(sql) {
				t.Errorf("%s is scanned as a whole by\n%s", table, sql)
			}
		}
	}
	t.Logf("%d statements", explained)
}

func bigTables(ctx context.Context, t *testing.T, pool *pgxpool.Pool) map[string]bool {
	t.Helper()
	rows, err := pool.Query(ctx, `SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND reltuples >= 3000`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) < 18 {
		t.Fatalf("big tables %v, %v", names, err)
	}
	big := make(map[string]bool)
	for _, n := range names {
		big[n] = true
	}
	return big
}

// scanned explains a statement as the application and gives the tables that it scans.
func scanned(ctx context.Context, t *testing.T, pool *pgxpool.Pool, id dialplan.AccountID, sql string, st statement) []string {
	t.Helper()
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, `SET LOCAL ROLE callplane_app`); err != nil {
		t.Fatal(err)
	}
	account, platform := fmt.Sprint(id), ""
	if st.platform {
		account, platform = "", "on"
	}
	if _, err := tx.Exec(ctx, `SELECT set_config('callplane.account', $1, true), set_config('callplane.platform', $2, true)`, account, platform); err != nil {
		t.Fatal(err)
	}
	var raw []byte
	if err := tx.QueryRow(ctx, "EXPLAIN (FORMAT JSON) "+sql, st.args...).Scan(&raw); err != nil {
		t.Errorf("explain %s: %v", sql, err)
		return nil
	}
	var plans []struct{ Plan planNode }
	if err := json.Unmarshal(raw, &plans); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range plans {
		out = append(out, p.Plan.scans()...)
	}
	return out
}

type planNode struct {
	Type  string `json:"Node Type"`
	Table string `json:"Relation Name"`
	Plans []planNode
}

func (p planNode) scans() (out []string) {
	if p.Type == "Seq Scan" {
		out = append(out, p.Table)
	}
	for _, c := range p.Plans {
		out = append(out, c.scans()...)
	}
	return out
}

// uses calls every method for an account, by the method's name.
func uses(ctx context.Context, t *testing.T, id dialplan.AccountID, e164 string, call uuid.UUID, page store.Page) map[string]func(*store.Tx) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	user := func(tx *store.Tx, number string) *store.Extension {
		e := ext(number, "New", &dialplan.User{PIN: "0000", Forwards: dialplan.Forwards{Busy: []dialplan.Destination{to("101")}}})
		must(tx.CreateExtension(ctx, e))
		return e
	}
	return map[string]func(*store.Tx){
		"ReadAccount": func(tx *store.Tx) { _, err := tx.ReadAccount(ctx, id); must(err) },
		"UpdateAccount": func(tx *store.Tx) {
			a, err := tx.ReadAccount(ctx, id)
			must(err)
			must(tx.UpdateAccount(ctx, a))
			a.Revision--
			if err := tx.UpdateAccount(ctx, a); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"CreateExtension": func(tx *store.Tx) {
			user(tx, "801")
			must(tx.CreateExtension(ctx, ext("802", "g", &dialplan.Group{Members: []string{"101"}})))
			must(tx.CreateExtension(ctx, ext("803", "i", &dialplan.IVR{MaxDigits: 1, Tries: 1, Announcement: "welcome",
				Options: map[string]dialplan.IVROption{"1": {Destination: to("101")}}})))
			must(tx.CreateExtension(ctx, ext("804", "f", &dialplan.Forward{Number: "0612345678"})))
			must(tx.CreateExtension(ctx, ext("805", "a", &dialplan.AutoAnswer{Announcement: "welcome"})))
			must(tx.CreateExtension(ctx, ext("806", "t", &dialplan.TimeRoute{Failover: to("101"), Periods: []dialplan.Period{{End: 60, Destination: to("101")}}})))
			must(tx.CreateExtension(ctx, ext("807", "l", &dialplan.CallLimit{Calls: 1, Within: to("101")})))
			must(tx.CreateExtension(ctx, ext("808", "l", &dialplan.LocationRoute{By: dialplan.ByCaller, Tries: 1, Fallback: dialplan.LocationTarget{Destination: to("101")}})))
			must(tx.CreateExtension(ctx, ext("809", "a", &dialplan.Authentication{Fallback: dialplan.LocationTarget{Destination: to("101")},
				Entries: map[string]dialplan.LocationTarget{"+31": {Destination: to("101")}}})))
			must(tx.CreateExtension(ctx, ext("829", "s", &dialplan.System{Function: dialplan.SysRecordAudio})))
			must(tx.CreateExtension(ctx, ext("810", "p", &dialplan.Picker{Timeout: time.Second, Fallback: dialplan.LocationTarget{Destination: to("101")}})))
			must(tx.CreateExtension(ctx, ext("899", "q", &dialplan.Queue{Strategy: dialplan.QueueRandom, Interval: time.Minute, RingTimeout: time.Minute,
				ServiceLevel: time.Minute, Infotainment: []string{"welcome"}, NoAgent: []dialplan.Destination{to("101")},
				Members: []dialplan.QueueMember{{Extension: "101"}}})))
			for _, n := range []string{"899", "804", "805", "806", "807", "808", "809", "810", "829"} {
				_, err := tx.ReadExtension(ctx, n)
				must(err)
			}
		},
		"ReadExtension": func(tx *store.Tx) {
			for _, n := range []string{"101", "104", "105"} {
				_, err := tx.ReadExtension(ctx, n)
				must(err)
			}
		},
		"UpdateExtension": func(tx *store.Tx) {
			e := user(tx, "811")
			e.Number = "812"
			must(tx.UpdateExtension(ctx, "811", e))
			e.Revision--
			if err := tx.UpdateExtension(ctx, "812", e); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"DeleteExtension": func(tx *store.Tx) { user(tx, "821"); must(tx.DeleteExtension(ctx, "821", 0)) },
		"ListExtensions": func(tx *store.Tx) {
			for _, f := range []store.ExtensionFilter{{}, {Kind: dialplan.KindUser}, {Kind: dialplan.KindUser, Search: "a"}} {
				for _, page := range byKey("101") {
					_, _, err := tx.ListExtensions(ctx, f, page)
					must(err)
				}
			}
		},
		"FindOwnNumbers": func(tx *store.Tx) {
			list, err := tx.FindOwnNumbers(ctx, e164[4:], 8)
			if must(err); len(list) != 1 || list[0].E164 != e164 || list[0].AccountName == "" {
				t.Errorf("%v", list)
			}
		},
		"SetLocations": func(tx *store.Tx) {
			must(tx.SetLocations(ctx, "110", []dialplan.LocationRow{{Key: "+31", Destination: to("101")}}))
		},
		"QueuePast": func(tx *store.Tx) { _, err := tx.QueuePast(ctx, time.Now().Add(-time.Hour)); must(err) },
		"QueueStatistics": func(tx *store.Tx) {
			for _, every := range []store.QueueInterval{store.QueueQuarter, store.QueueHour, store.QueueDay, store.QueueWeek, store.QueueMonth} {
				_, err := tx.QueueStatistics(ctx, int64(id)*1000+13, time.Now().Add(-24*time.Hour), time.Now(), every, time.UTC, time.Second, []time.Duration{time.Second})
				must(err)
			}
		},
		"QueueAgent": func(tx *store.Tx) {
			_, err := tx.QueueAgent(ctx, "113", "101", store.QueueLogin{})
			must(err)
			_, err = tx.QueueAgent(ctx, "113", "101", store.QueueLogin{LoggedIn: true})
			must(err)
		},
		"ReadLocations":  func(tx *store.Tx) { _, err := tx.ReadLocations(ctx, "110"); must(err) },
		"ExtensionKinds": func(tx *store.Tx) { _, err := tx.ExtensionKinds(ctx, []string{"101", "105"}); must(err) },
		"NextExtension":  func(tx *store.Tx) { _, err := tx.NextExtension(ctx, "101"); must(err) },
		"PutMedia": func(tx *store.Tx) {
			must(tx.PutMedia(ctx, &store.Media{Key: "new", Name: "New", Files: []store.MediaFile{{Language: "nl", Size: 1}}}))
		},
		"ListMedia": func(tx *store.Tx) { _, err := tx.ListMedia(ctx); must(err) },
		"DeleteMedia": func(tx *store.Tx) {
			must(tx.PutMedia(ctx, &store.Media{Key: "old", Name: "Old"}))
			must(tx.DeleteMedia(ctx, "old", 0))
		},
		"CreateMedia": func(tx *store.Tx) { must(tx.CreateMedia(ctx, &store.Media{Name: "Next"})) },
		"ReadMedia": func(tx *store.Tx) {
			if _, err := tx.ReadMedia(ctx, "none"); !is[*store.NotFound](err) {
				t.Errorf("no media: %v", err)
			}
		},
		"RenameMedia": func(tx *store.Tx) {
			m := &store.Media{Key: "named", Name: "Old"}
			must(tx.CreateMedia(ctx, m))
			must(tx.RenameMedia(ctx, m))
			m.Revision--
			if err := tx.RenameMedia(ctx, m); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"MediaUses": func(tx *store.Tx) { _, err := tx.MediaUses(ctx, "welcome"); must(err) },
		"HoldMusic": func(tx *store.Tx) {
			for _, e := range []string{"", "101"} {
				_, err := tx.HoldMusic(ctx, e)
				must(err)
			}
		},
		"SetHoldMusic": func(tx *store.Tx) {
			m := &store.Media{Key: "music", Name: "Music"}
			must(tx.CreateMedia(ctx, m))
			for _, e := range []string{"", "101"} {
				must(tx.SetHoldMusic(ctx, e, []string{"music"}))
			}
		},
		"CreateChannel": func(tx *store.Tx) { must(tx.CreateChannel(ctx, &store.Channel{})) },
		"ReadChannel":   func(tx *store.Tx) { _, err := tx.ReadChannel(ctx, fmt.Sprintf("ch%d", id*1000+1)); must(err) },
		"ListChannels": func(tx *store.Tx) {
			for _, page := range byKey("ch") {
				_, _, err := tx.ListChannels(ctx, store.ChannelFilter{}, page)
				must(err)
				_, _, err = tx.ListChannels(ctx, store.ChannelFilter{User: "101"}, page)
				must(err)
			}
		},
		"UpdateChannel": func(tx *store.Tx) {
			c := &store.Channel{}
			must(tx.CreateChannel(ctx, c))
			must(tx.UpdateChannel(ctx, c.Name, c))
			c.Revision--
			if err := tx.UpdateChannel(ctx, c.Name, c); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"SetChannelUser": func(tx *store.Tx) {
			must(tx.SetChannelUser(ctx, fmt.Sprintf("ch%d", id*1000+1), ""))
			must(tx.SetChannelUser(ctx, fmt.Sprintf("ch%d", id*1000+1), "101"))
		},
		"DeleteChannel": func(tx *store.Tx) {
			if err := tx.DeleteChannel(ctx, "nobody", 0); !is[*store.NotFound](err) {
				t.Errorf("delete nobody's channel: %v", err)
			}
			must(tx.DeleteChannel(ctx, fmt.Sprintf("ch%d", id*1000+2), 1))
		},
		"CreatePrivacyGroup": func(tx *store.Tx) { must(tx.CreatePrivacyGroup(ctx, privacy("New"))) },
		"ReadPrivacyGroup": func(tx *store.Tx) {
			p := privacy("Read")
			must(tx.CreatePrivacyGroup(ctx, p))
			_, err := tx.ReadPrivacyGroup(ctx, p.ID)
			must(err)
		},
		"UpdatePrivacyGroup": func(tx *store.Tx) {
			p := privacy("Update")
			must(tx.CreatePrivacyGroup(ctx, p))
			must(tx.UpdatePrivacyGroup(ctx, p))
		},
		"ListPrivacyGroups": func(tx *store.Tx) { _, _, err := tx.ListPrivacyGroups(ctx, page); must(err) },
		"DeletePrivacyGroup": func(tx *store.Tx) {
			p := privacy("Delete")
			must(tx.CreatePrivacyGroup(ctx, p))
			must(tx.DeletePrivacyGroup(ctx, p.ID, 0))
		},
		"CreateNumber": func(tx *store.Tx) {
			must(tx.CreateNumber(ctx, &store.Number{Number: dialplan.Number{E164: "+31999999999", Personal: "101"}}))
		},
		"ReadNumber": func(tx *store.Tx) { _, err := tx.ReadNumber(ctx, e164); must(err) },
		"ListNumbers": func(tx *store.Tx) {
			for _, page := range byKey(e164) {
				_, _, err := tx.ListNumbers(ctx, store.NumberFilter{}, page)
				must(err)
				_, _, err = tx.ListNumbers(ctx, store.NumberFilter{User: "101"}, page)
				must(err)
			}
		},
		"UpdateNumber": func(tx *store.Tx) {
			n := &store.Number{Number: dialplan.Number{E164: "+31999999998"}}
			must(tx.CreateNumber(ctx, n))
			n.Personal = "102"
			must(tx.UpdateNumber(ctx, n))
			n.Revision--
			if err := tx.UpdateNumber(ctx, n); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"DeleteNumber": func(tx *store.Tx) {
			must(tx.CreateNumber(ctx, &store.Number{Number: dialplan.Number{E164: "+31999999997"}}))
			must(tx.DeleteNumber(ctx, "+31999999997", 1))
		},
		"CreateScheme": func(tx *store.Tx) { must(tx.CreateScheme(ctx, &store.Scheme{Name: "New"})) },
		"ListSchemes":  func(tx *store.Tx) { _, err := tx.ListSchemes(ctx); must(err) },
		"UpdateScheme": func(tx *store.Tx) {
			s, p := mainPlan(ctx, t, tx)
			s.Active = p.Number
			must(tx.UpdateScheme(ctx, &s))
			s.Active = 0
			must(tx.UpdateScheme(ctx, &s))
			s.Revision--
			if err := tx.UpdateScheme(ctx, &s); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"DeleteScheme": func(tx *store.Tx) {
			s := &store.Scheme{Name: "Old"}
			must(tx.CreateScheme(ctx, s))
			must(tx.DeleteScheme(ctx, s.ID))
		},
		"CreatePlan": func(tx *store.Tx) {
			s, _ := mainPlan(ctx, t, tx)
			must(tx.CreatePlan(ctx, &store.Plan{Scheme: s.ID, Number: 7, Name: "Seven"}))
		},
		"ListPlans": func(tx *store.Tx) { mainPlan(ctx, t, tx) },
		"UpdatePlan": func(tx *store.Tx) {
			_, p := mainPlan(ctx, t, tx)
			must(tx.UpdatePlan(ctx, &p))
			p.Revision--
			if err := tx.UpdatePlan(ctx, &p); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"DeletePlan": func(tx *store.Tx) {
			s, _ := mainPlan(ctx, t, tx)
			p := &store.Plan{Scheme: s.ID, Number: 8, Name: "Eight"}
			must(tx.CreatePlan(ctx, p))
			must(tx.DeletePlan(ctx, s.ID, p.ID))
		},
		"PlanEntries": func(tx *store.Tx) {
			_, p := mainPlan(ctx, t, tx)
			got, err := tx.PlanEntries(ctx, p.ID)
			must(err)
			if got[e164].Destination != to("105") {
				t.Errorf("entries %v", got)
			}
		},
		"SetPlanEntry": func(tx *store.Tx) {
			s, p := mainPlan(ctx, t, tx)
			must(tx.SetPlanEntry(ctx, s.ID, p.ID, e164, dialplan.PlanEntry{Destination: to("105")}))
			n := &store.Number{Number: dialplan.Number{E164: "+31999999996"}}
			must(tx.CreateNumber(ctx, n))
			must(tx.SetPlanEntry(ctx, s.ID, p.ID, n.E164, dialplan.PlanEntry{Destination: to("105")}))
		},
		"DeletePlanEntry": func(tx *store.Tx) {
			s, p := mainPlan(ctx, t, tx)
			must(tx.DeletePlanEntry(ctx, s.ID, p.ID, "+31999999996"))
		},
		"CopyPlan": func(tx *store.Tx) {
			s, p := mainPlan(ctx, t, tx)
			other := &store.Plan{Scheme: s.ID, Number: 9, Name: "Nine"}
			must(tx.CreatePlan(ctx, other))
			must(tx.CopyPlan(ctx, s.ID, p.ID, other.ID))
		},
		"SetRoster": func(tx *store.Tx) {
			s, p := mainPlan(ctx, t, tx)
			must(tx.SetRoster(ctx, s.ID, []dialplan.RosterPeriod{{Start: 0, End: 60, Plan: p.Number}}))
		},
		"SetHolidays": func(tx *store.Tx) {
			s, p := mainPlan(ctx, t, tx)
			must(tx.SetHolidays(ctx, s.ID, []dialplan.Holiday{{Name: "x", From: time.Unix(0, 0).UTC(), To: time.Unix(60, 0).UTC(), Plan: p.Number}}))
		},
		"ReadSchedule": func(tx *store.Tx) {
			s, _ := mainPlan(ctx, t, tx)
			_, err := tx.ReadSchedule(ctx, s.ID)
			must(err)
		},
		"SetTemporary": func(tx *store.Tx) {
			s, p := mainPlan(ctx, t, tx)
			must(tx.SetTemporary(ctx, s.ID, &dialplan.Temporary{Plan: p.Number, Until: time.Now()}))
			must(tx.SetTemporary(ctx, s.ID, nil))
		},
		"CreateToken": func(tx *store.Tx) {
			_, err := tx.CreateToken(ctx, &store.Token{Name: "x", Role: store.RoleAdmin})
			must(err)
		},
		"ListTokens": func(tx *store.Tx) { _, err := tx.ListTokens(ctx, 1, 10); must(err) },
		"RevokeToken": func(tx *store.Tx) {
			tok := &store.Token{Name: "x", Role: store.RoleAdmin}
			_, err := tx.CreateToken(ctx, tok)
			must(err)
			must(tx.RevokeToken(ctx, tok.ID))
		},
		"ListCalls": func(tx *store.Tx) {
			list, err := tx.ListCalls(ctx, store.CallFilter{}, 2)
			must(err)
			if len(list) != 2 {
				t.Fatalf("%d calls", len(list))
			}
			more, err := tx.ListCalls(ctx, store.CallFilter{
				From: time.Now().AddDate(-1, 0, 0), To: time.Now(), Before: store.CallCursor{Started: list[1].Started, ID: list[1].ID},
				Direction: list[1].Direction,
			}, 10)
			must(err)
			if len(more) != 3 || !more[0].Started.Before(list[1].Started) {
				t.Errorf("%d more calls", len(more))
			}
		},
		"ListUserCalls": func(tx *store.Tx) {
			var ext string
			full, err := tx.ReadCall(ctx, call)
			must(err)
			for _, l := range full.Legs {
				ext = max(ext, l.Extension)
			}
			list, err := tx.ListUserCalls(ctx, ext, store.CallFilter{}, 1)
			must(err)
			if len(list) != 1 {
				t.Fatalf("%d calls of %q", len(list), ext)
			}
			_, err = tx.ListUserCalls(ctx, ext, store.CallFilter{Before: list[0].Place(), To: time.Now()}, 10)
			must(err)
		},
		"ReadCall": func(tx *store.Tx) { _, err := tx.ReadCall(ctx, call); must(err) },
		"Audit": func(tx *store.Tx) {
			must(tx.Audit(ctx, &store.AuditEntry{Actor: "x", Action: "x", Entity: "x"}, nil, map[string]int{"a": 1}))
		},
		"ListAudit": func(tx *store.Tx) {
			list, err := tx.ListAudit(ctx, store.AuditFilter{}, 2)
			must(err)
			_, err = tx.ListAudit(ctx, store.AuditFilter{Before: list[1].ID, Actor: "a", Entity: "x", ID: "y", From: time.Unix(0, 0)}, 2)
			must(err)
		},
	}
}

// platformUses calls every method for the platform.
func platformUses(ctx context.Context, t *testing.T, page store.Page) map[string]func(*store.Tx) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	return map[string]func(*store.Tx){
		"CreatePartner": func(tx *store.Tx) { must(tx.CreatePartner(ctx, &store.Partner{Name: "New"})) },
		"ReadPartner":   func(tx *store.Tx) { _, err := tx.ReadPartner(ctx, 7); must(err) },
		"ListPartners":  func(tx *store.Tx) { _, _, err := tx.ListPartners(ctx, page); must(err) },
		"UpdatePartner": func(tx *store.Tx) {
			p := &store.Partner{ID: 7, Name: "Seven", Revision: 1}
			must(tx.UpdatePartner(ctx, p))
			if p.Revision--; !is[*store.Stale](tx.UpdatePartner(ctx, p)) {
				t.Error("outdated revision of a partner")
			}
		},
		"DeletePartner": func(tx *store.Tx) {
			p := &store.Partner{Name: "Old"}
			must(tx.CreatePartner(ctx, p))
			must(tx.DeletePartner(ctx, p.ID))
			if err := tx.DeletePartner(ctx, 8); !is[*store.InUse](err) || !strings.Contains(err.Error(), "account Account") {
				t.Errorf("a partner with accounts: %v", err)
			}
		},
		"CreateAccount": func(tx *store.Tx) {
			must(tx.CreateAccount(ctx, &store.Account{Name: "New", Country: dialplan.ES, ExtensionLength: 2}))
		},
		"ListAccounts": func(tx *store.Tx) {
			for _, f := range []store.AccountFilter{{}, {Partner: 8}, {Name: "account 50"}, {Partner: 8, Name: "Account 5"}} {
				for _, page := range byKey("1") {
					list, n, err := tx.ListAccounts(ctx, f, page)
					must(err)
					if n < len(list) || n == 0 {
						t.Errorf("%+v %+v: %d of %d", f, page, len(list), n)
					}
				}
			}
		},
		"DeleteAccount": func(tx *store.Tx) {
			a := &store.Account{Name: "Old", Country: dialplan.ES, ExtensionLength: 2}
			must(tx.CreateAccount(ctx, a))
			must(tx.DeleteAccount(ctx, a.ID))
		},
		"CreateTrunk": func(tx *store.Tx) {
			must(tx.CreateTrunk(ctx, &store.Trunk{Trunk: dialplan.Trunk{Name: "n", Host: "h"}}))
		},
		"ReadTrunk":  func(tx *store.Tx) { _, err := tx.ReadTrunk(ctx, "n"); must(err) },
		"ListTrunks": func(tx *store.Tx) { _, _, err := tx.ListTrunks(ctx, page); must(err) },
		"UpdateTrunk": func(tx *store.Tx) {
			x, err := tx.ReadTrunk(ctx, "n")
			must(err)
			must(tx.UpdateTrunk(ctx, x))
			if x.Revision--; !is[*store.Stale](tx.UpdateTrunk(ctx, x)) {
				t.Error("outdated revision of a trunk")
			}
		},
		"DeleteTrunk": func(tx *store.Tx) {
			must(tx.CreateTrunk(ctx, &store.Trunk{Trunk: dialplan.Trunk{Name: "o", Host: "h"}}))
			must(tx.DeleteTrunk(ctx, "o", 1))
		},
		"FindToken": func(tx *store.Tx) {
			secret, err := tx.CreateToken(ctx, &store.Token{Name: "x", Role: store.RoleOperator})
			must(err)
			_, err = tx.FindToken(ctx, secret)
			must(err)
			_, err = tx.ListTokens(ctx, 1, 10)
			must(err)
			_, err = tx.ListAudit(ctx, store.AuditFilter{}, 2)
			must(err)
		},
		"InsertQueueEvents": func(tx *store.Tx) {
			must(tx.InsertQueueEvents(ctx, []store.QueueEvent{{ID: uuid.New(), Account: 7, At: time.Now(), QueueID: 7013, Queue: "113", Kind: "joined"}}))
		},
		"InsertCalls": func(tx *store.Tx) {
			_, err := tx.InsertCalls(ctx, []store.CallRecord{record(1, 1), record(2, 2)})
			must(err)
		},
		"DeleteCalls": func(tx *store.Tx) {
			n, err := tx.DeleteCalls(ctx, time.Now().Add(-49_900*time.Minute), 100)
			must(err)
			if n != 100 {
				t.Errorf("%d calls deleted", n)
			}
		},
	}
}

// byKey are pages of a list in the order of a key: the first, for which the rows are counted, and the one after a key.
func byKey(after string) []store.Page { return []store.Page{{Limit: 1}, {Limit: 10, After: after}} }

func privacy(name string) *store.PrivacyGroup {
	return &store.PrivacyGroup{PrivacyGroup: dialplan.PrivacyGroup{Name: name, Members: []string{"101"}}}
}
