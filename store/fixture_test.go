package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"callplane/dialplan"
	"callplane/store"
)

func ext(number, name string, c dialplan.ExtensionConfig) *store.Extension {
	return &store.Extension{Extension: dialplan.Extension{Number: number, Name: name, Config: c}}
}

func to(number string) dialplan.Destination { return dialplan.Destination{Extension: number} }

// company makes an account with at least one row in every table of accounts. n makes its
// names and numbers its own.
func company(ctx context.Context, t testing.TB, db *store.DB, n int) dialplan.AccountID {
	t.Helper()
	a := &store.Account{Name: fmt.Sprintf("Company %d", n), Enabled: true, Country: dialplan.DE, ExtensionLength: 3}
	number, personal := fmt.Sprintf("+4930%07d", n), fmt.Sprintf("+4940%07d", n)
	err := db.Platform(ctx, func(tx *store.Tx) error {
		p := &store.Partner{Name: fmt.Sprintf("Partner %d", n)}
		if err := tx.CreatePartner(ctx, p); err != nil {
			return err
		}
		a.Partner = p.ID
		if err := tx.CreateAccount(ctx, a); err != nil {
			return err
		}
		trunk := &store.Trunk{Trunk: dialplan.Trunk{Name: fmt.Sprintf("own-%d", n), Account: a.ID, Host: "127.0.0.1"}}
		if err := tx.CreateTrunk(ctx, trunk); err != nil {
			return err
		}
		if err := tx.InsertQueueEvents(ctx, []store.QueueEvent{{ID: uuid.New(), Account: a.ID, At: queueSince, QueueID: 1, Queue: "470", Kind: "login"}}); err != nil {
			return err
		}
		_, err := tx.InsertCalls(ctx, []store.CallRecord{record(a.ID, n)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var scheme int64
	err = db.Account(ctx, a.ID, func(tx *store.Tx) error {
		media := &store.Media{Key: "welcome", Name: "Welcome", Files: []store.MediaFile{{Language: "de", Size: 1}}}
		if err := tx.PutMedia(ctx, media); err != nil {
			return err
		}
		for _, e := range []*store.Extension{
			ext("101", "Anna", &dialplan.User{PIN: "0000", Voicemail: dialplan.UserVoicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711"}, Ask: dialplan.AskNever}}),
			ext("102", "Bram", &dialplan.User{PIN: "0000", Forwards: dialplan.Forwards{
				Busy:     []dialplan.Destination{to("101"), {External: "+31612345678"}},
				Rejected: []dialplan.Destination{to("101")},
			}}),
			ext("200", "All", &dialplan.Group{Members: []string{"102", "101"}, ForwardCallerID: dialplan.ForwardCalled}),
			ext("300", "Menu", &dialplan.IVR{
				Announcement: "welcome", MaxDigits: 2, Tries: 1, Fallback: to("200"), FallbackPrefix: "F",
				Options: map[string]dialplan.IVROption{"1": {Destination: to("101"), Prefix: "P"}, "22": {Destination: to("200")}},
			}),
			ext("400", "Closed", &dialplan.AutoAnswer{Announcement: "welcome", Language: "de"}),
			ext("410", "Mobile", &dialplan.Forward{Number: "0171234567", CallerID: dialplan.ForwardCalled}),
			ext("420", "Night", &dialplan.TimeRoute{Failover: to("400"), Periods: []dialplan.Period{
				{FirstDay: time.Monday, LastDay: time.Friday, Start: 540, End: 1020, Destination: to("300"), Description: "Office"},
				{FirstDay: time.Friday, LastDay: time.Monday, Start: 1320, End: 360, Destination: dialplan.Destination{External: "+4930111"}},
			}}),
			ext("430", "Lines", &dialplan.CallLimit{Calls: 3, Within: to("200"), Above: dialplan.Destination{External: "+4930111"}, CallerID: dialplan.ForwardCalling}),
			ext("440", "Where", &dialplan.LocationRoute{By: dialplan.ByPostcode, Announcement: "welcome", Tries: 2,
				Fallback: dialplan.LocationTarget{Destination: to("102"), Prefix: "F"}, Blocked: dialplan.LocationTarget{Destination: dialplan.Destination{External: "+4930111"}}}),
			ext("450", "Who", &dialplan.Authentication{ByPIN: true, Welcome: "welcome", Failed: "welcome", Fallback: dialplan.LocationTarget{Destination: to("102")},
				Entries: map[string]dialplan.LocationTarget{"4711": {Destination: to("102"), Prefix: "VIP"}}}),
			ext("470", "Queue", &dialplan.Queue{Open: true, Strategy: dialplan.QueueLongestIdle, AnnouncePosition: true, AnnounceWait: true,
				Interval: 30 * time.Second, RingTimeout: 15 * time.Second, CoolDown: 10 * time.Second, Weight: 5, Limit: 20, Breakout: to("102"),
				Music: true, Introduction: "welcome", SkipIntroduction: true, Infotainment: []string{"welcome", "welcome"}, Ringback: true,
				SecondCall: true, Forward: []dialplan.Destination{to("102"), {External: "+4930111"}}, ForwardAfter: time.Minute, AllowForwards: true,
				NoAgent: []dialplan.Destination{to("102")}, ServiceLevel: 20 * time.Second, Language: "es",
				Members: []dialplan.QueueMember{
					{Extension: "410", LoggedIn: true, Since: queueSince, CoolDown: &ownTime, Weight: &ownWeight},
					{Extension: "101", Since: queueSince, RingTimeout: &ownTime},
				}}),
			ext("475", "Box", &dialplan.Voicemail{VoicemailBox: dialplan.VoicemailBox{PIN: "4711", Language: "de"}, Welcome: "welcome", User: "102",
				Email: "box@example.com", AttachAudio: true, DeleteMailed: true, SMS: "+491711234567"}),
			ext("465", "System", &dialplan.System{Function: dialplan.SysNumberingPlan, Language: "de"}),
			ext("467", "Bot", &dialplan.AI{URI: "sip:bot@127.0.0.1", Language: "nl", Answer: 7 * time.Second, Studio: "https://bots.example/1",
				Fallback: dialplan.LocationTarget{Destination: to("102"), Prefix: "B"}}),
			ext("460", "Pick", &dialplan.Picker{Ringback: true, Timeout: 4 * time.Second, Fallback: dialplan.LocationTarget{Destination: to("102")}}),
		} {
			if err := tx.CreateExtension(ctx, e); err != nil {
				return err
			}
		}
		for _, owner := range []string{"", "200"} {
			if err := tx.SetHoldMusic(ctx, owner, []string{"welcome", "welcome"}); err != nil {
				return err
			}
		}
		if err := tx.AddCharge(ctx, &store.Charge{Kind: "sms", Amount: "0.0750", Currency: "EUR", Reference: "1"}); err != nil {
			return err
		}
		if err := placed(ctx, tx, n); err != nil {
			return err
		}
		desk := &store.PrivacyGroup{PrivacyGroup: dialplan.PrivacyGroup{Name: "Desk", Members: []string{"102", "101"}}}
		if err := tx.CreatePrivacyGroup(ctx, desk); err != nil {
			return err
		}
		e := ext("103", "Cas", &dialplan.User{PIN: "0000", Privacy: []dialplan.PrivacyGrant{{Group: desk.ID, PrivacyRights: allRights()}}, AssistantGroup: desk.ID})
		if err := tx.CreateExtension(ctx, e); err != nil {
			return err
		}
		if err := tx.SetLocations(ctx, "440", []dialplan.LocationRow{{Key: "1000-1099", Destination: to("102"), Prefix: "A"}, {Key: "2000", Destination: to("102"), Prefix: "A"},
			{Key: "3000", Destination: dialplan.Destination{External: "+4930111"}}}); err != nil {
			return err
		}
		if err := tx.CreateChannel(ctx, &store.Channel{Channel: dialplan.Channel{Name: fmt.Sprintf("phone-%d", n), User: "101"}}); err != nil {
			return err
		}
		if err := outboundRules(ctx, tx, fmt.Sprintf("phone-%d", n), personal); err != nil {
			return err
		}
		for _, x := range []dialplan.Number{{E164: number}, {E164: personal, Personal: "101"}} {
			if err := tx.CreateNumber(ctx, &store.Number{Number: x}); err != nil {
				return err
			}
		}
		s, p := mainPlan(ctx, t, tx)
		if err := tx.SetPlanEntry(ctx, s.ID, p.ID, number, dialplan.PlanEntry{Destination: to("300"), Prefix: "X"}); err != nil {
			return err
		}
		if err := tx.SetRoster(ctx, s.ID, []dialplan.RosterPeriod{{Start: 540, End: 1020, Plan: p.Number}}); err != nil {
			return err
		}
		if err := tx.SetHolidays(ctx, s.ID, []dialplan.Holiday{{Name: "New Year", Plan: p.Number,
			From: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)}}); err != nil {
			return err
		}
		scheme = s.ID
		login := &store.Login{Email: fmt.Sprintf("ann%d@example.com", n), Name: "Ann", Role: store.RoleUser, User: "101", Enabled: true}
		if err := tx.CreateLogin(ctx, login); err != nil {
			return err
		}
		if _, err := tx.CreateSession(ctx, login, &store.Session{Expires: time.Now().Add(time.Hour)}); err != nil {
			return err
		}
		if _, err := tx.CreateToken(ctx, &store.Token{Name: "t", Role: store.RoleAdmin}); err != nil {
			return err
		}
		return tx.Audit(ctx, &store.AuditEntry{Actor: "test", Action: "create", Entity: "company", EntityID: "1"}, nil, a)
	})
	if err != nil {
		t.Fatal(err)
	}
	recordingRules(ctx, t, db, a.ID)
	sftpRules(ctx, t, db, a.ID)
	if err := db.SavePINGuess(ctx, store.PINGuess{Account: a.ID, Key: "login 101", Guesses: dialplan.PINGuesses{}.Wrong(time.Now())}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.LogSwitches(ctx, []store.PlanSwitch{{Account: a.ID, Scheme: scheme, At: time.Unix(0, 0)}}); err != nil {
		t.Fatal(err)
	}
	leaveMessage(ctx, t, db, a.ID, "475", store.Notice{ID: uuid.New(), Kind: store.NoticeEmail, To: "box@example.com", Attach: true})
	return a.ID
}

// leaveMessage leaves one in a box.
func leaveMessage(ctx context.Context, t testing.TB, db *store.DB, id dialplan.AccountID, number string, notices ...store.Notice) store.VoicemailMessage {
	t.Helper()
	a, err := db.LoadAccount(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	m := store.VoicemailMessage{ID: uuid.New(), Box: a.Extensions[number].ID, At: time.Now().UTC().Truncate(time.Millisecond), Number: "+31612345678", Name: "Zoë", Duration: 2500 * time.Millisecond}
	if err := db.AddVoicemail(ctx, id, m, notices); err != nil {
		t.Fatal(err)
	}
	return m
}

// mainPlan finds the main scheme and its first plan.
func mainPlan(ctx context.Context, t testing.TB, tx *store.Tx) (store.Scheme, store.Plan) {
	t.Helper()
	schemes, err := tx.ListSchemes(ctx)
	if err != nil || len(schemes) == 0 || !schemes[0].Main {
		t.Fatalf("schemes %v, %v", schemes, err)
	}
	plans, err := tx.ListPlans(ctx, schemes[0].ID)
	if err != nil || len(plans) == 0 {
		t.Fatalf("plans %v, %v", plans, err)
	}
	return schemes[0], plans[0]
}

// accountTables are all tables whose rows belong to accounts, as the database tells.
func accountTables(ctx context.Context, t testing.TB, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, err := pool.Query(ctx, `SELECT table_name::text FROM information_schema.columns
		WHERE table_schema = 'public' AND column_name = 'account_id' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	var name string
	for rows.Next() {
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		out = append(out, name)
	}
	if err := rows.Err(); err != nil || len(out) < 18 {
		t.Fatalf("tables %v, %v", out, err)
	}
	return out
}

func allRights() dialplan.PrivacyRights {
	return dialplan.PrivacyRights{Pickup: true, ParkRetrieve: true, BLF: true, Listen: true, Notify: true, NotifyDelay: 5 * time.Second}
}

// Of the agents of the fixture's queue.
var (
	queueSince = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	ownTime    = 7 * time.Second
	ownWeight  = 50
)
