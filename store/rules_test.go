package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// in runs f in the account and returns its error.
func in(t *testing.T, db *store.DB, id dialplan.AccountID, f func(ctx context.Context, tx *store.Tx) error) error {
	t.Helper()
	return db.Account(t.Context(), id, func(tx *store.Tx) error { return f(t.Context(), tx) })
}

func TestACC_03_ExtensionLength(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	a := &store.Account{Name: "New", Country: dialplan.NL, ExtensionLength: 3}
	if err := db.Platform(ctx, func(tx *store.Tx) error { return tx.CreateAccount(ctx, a) }); err != nil {
		t.Fatal(err)
	}
	if a.Language != "nl" || a.TimeZone != "Europe/Amsterdam" || a.Version != 1 || a.Revision != 1 {
		t.Errorf("account %+v", a)
	}
	update := func(length int) error {
		return in(t, db, a.ID, func(ctx context.Context, tx *store.Tx) error {
			next := *a
			next.ExtensionLength, next.Revision = length, 0
			return tx.UpdateAccount(ctx, &next)
		})
	}
	create := func(number string) error {
		return in(t, db, a.ID, func(ctx context.Context, tx *store.Tx) error {
			return tx.CreateExtension(ctx, ext(number, "x", &dialplan.User{PIN: "0000"}))
		})
	}
	if err := update(4); err != nil {
		t.Errorf("no extension yet: %v", err)
	}
	for _, length := range []int{1, 6} {
		var invalid *store.Invalid
		if err := update(length); !errors.As(err, &invalid) || invalid.Field != "extension_length" {
			t.Errorf("length %d: %v", length, err)
		}
	}
	for _, number := range []string{"101", "10001", "1", "10a1", ""} {
		var invalid *store.Invalid
		if err := create(number); !errors.As(err, &invalid) || invalid.Field != "number" {
			t.Errorf("extension %q of an account with 4 digits: %v", number, err)
		}
	}
	if err := create("1001"); err != nil {
		t.Fatal(err)
	}
	var conflict *store.Conflict
	if err := create("1001"); !errors.As(err, &conflict) || conflict.Field != "number" {
		t.Errorf("number is taken: %v", err)
	}
	if err := update(3); !is[*store.InUse](err) {
		t.Errorf("length is changed under an extension: %v", err)
	}
	next := func(from string) (n string) {
		err := in(t, db, a.ID, func(ctx context.Context, tx *store.Tx) (err error) {
			n, err = tx.NextExtension(ctx, from)
			return err
		})
		if err != nil {
			return err.Error()
		}
		return n
	}
	for from, want := range map[string]string{"": "1000", "1001": "1002", "0007": "0007", "9999": "9999", "12": "from: must be 4 digits"} {
		if got := next(from); got != want {
			t.Errorf("next from %q: %s, not %s", from, got, want)
		}
	}
	if err := create("9999"); err != nil {
		t.Fatal(err)
	}
	if got := next("9999"); got != "free extension from 9999 not found" {
		t.Errorf("next of none: %s", got)
	}
}

func TestACC_06_NumberIsInOneScheme(t *testing.T) {
	db, _ := pgtest.Store(t)
	id := company(t.Context(), t, db, 1)
	const free = "+493012345678"
	err := in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		return tx.CreateNumber(ctx, &store.Number{Number: dialplan.Number{E164: free}})
	})
	if err != nil {
		t.Fatal(err)
	}
	entry := dialplan.PlanEntry{Destination: to("101")}
	var main, second store.Scheme
	var first, other store.Plan
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		main, first = mainPlan(ctx, t, tx)
		second = store.Scheme{Name: "Second"}
		if err := tx.CreateScheme(ctx, &second); err != nil {
			return err
		}
		other = store.Plan{Scheme: second.ID, Number: 1, Name: "Plan"}
		if err := tx.CreatePlan(ctx, &other); err != nil {
			return err
		}
		return tx.SetPlanEntry(ctx, main.ID, first.ID, free, entry)
	})
	if err != nil {
		t.Fatal(err)
	}
	set := func(scheme, plan int64, number string, e dialplan.PlanEntry) error {
		return in(t, db, id, func(ctx context.Context, tx *store.Tx) error { return tx.SetPlanEntry(ctx, scheme, plan, number, e) })
	}
	if err := set(second.ID, other.ID, free, entry); !is[*store.Conflict](err) {
		t.Errorf("number in a second scheme: %v", err)
	}
	if err := set(main.ID, other.ID, free, entry); !is[*store.Invalid](err) {
		t.Errorf("plan of another scheme: %v", err)
	}
	if err := set(main.ID, first.ID, "+49400000001", entry); !is[*store.Invalid](err) {
		t.Errorf("personal number in a plan: %v", err)
	}
	if err := set(main.ID, first.ID, "+4999999999", entry); !is[*store.Invalid](err) {
		t.Errorf("somebody's number in a plan: %v", err)
	}
	if err := set(main.ID, first.ID, free, dialplan.PlanEntry{Destination: to("999")}); !is[*store.Invalid](err) {
		t.Errorf("to nowhere: %v", err)
	}
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteNumber(ctx, free, 0) })
	if !is[*store.InUse](err) {
		t.Errorf("number in a plan is deleted: %v", err)
	}
	// Out of the one, into the other.
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.DeletePlanEntry(ctx, main.ID, first.ID, free); err != nil {
			return err
		}
		return tx.SetPlanEntry(ctx, second.ID, other.ID, free, entry)
	})
	if err != nil {
		t.Error(err)
	}
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteScheme(ctx, second.ID) })
	if err != nil {
		t.Errorf("delete a scheme with all that hangs on it: %v", err)
	}
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteNumber(ctx, free, 0) })
	if err != nil {
		t.Errorf("free number: %v", err)
	}
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteScheme(ctx, main.ID) })
	if !is[*store.Invalid](err) {
		t.Errorf("the main scheme is deleted: %v", err)
	}
}

func TestDeleteOfSomethingInUse(t *testing.T) {
	db, _ := pgtest.Store(t)
	id := company(t.Context(), t, db, 1)
	remove := func(number string) []string {
		err := in(t, db, id, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteExtension(ctx, number, 0) })
		var used *store.InUse
		if !errors.As(err, &used) {
			return []string{fmt.Sprint(err)}
		}
		return used.By
	}
	for number, want := range map[string][]string{
		"101": {"channel phone-1", "forward of 102", "group 200", "ivr 300", "number +49400000001", "privacy group Desk", "queue 470"},
		"200": {"ivr 300", "limit 430"},
		"300": {"plan Standard of scheme Main", "time 420"},
		"400": {"time 420"},
		"102": {"ai 467", "authentication 450", "group 200", "location 440", "picker 460", "privacy group Desk", "queue 470", "voicemail 475"},
		"999": {"extension 999 not found"},
	} {
		if got := remove(number); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is used by %v, not %v", number, got, want)
		}
	}
	err := in(t, db, id, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteMedia(ctx, "welcome", 0) })
	var used *store.InUse
	if !errors.As(err, &used) || !slices.Equal(used.By, []string{"authentication 450", "auto-answer 400", "ivr 300", "location 440", "music on hold", "music on hold of 200", "queue 470", "voicemail 475"}) {
		t.Errorf("media in use: %v", err)
	}
	err = db.Platform(t.Context(), func(tx *store.Tx) error { return tx.DeleteAccount(t.Context(), id) })
	if !is[*store.InUse](err) {
		t.Errorf("account in use: %v", err)
	}
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		s, p := mainPlan(ctx, t, tx)
		return tx.DeletePlan(ctx, s.ID, p.ID)
	})
	if !errors.As(err, &used) || !slices.Equal(used.By, []string{"roster Mon 09:00–17:00", "holiday New Year"}) {
		t.Errorf("scheduled plan: %v", err)
	}
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		s, p := mainPlan(ctx, t, tx)
		if err := errors.Join(tx.SetRoster(ctx, s.ID, nil), tx.SetHolidays(ctx, s.ID, nil)); err != nil {
			return err
		}
		s.Active = p.Number
		if err := tx.UpdateScheme(ctx, &s); err != nil {
			return err
		}
		return tx.DeletePlan(ctx, s.ID, p.ID)
	})
	if !errors.As(err, &used) || !slices.Equal(used.By, []string{"scheme"}) {
		t.Errorf("active plan: %v", err)
	}
	// What refers only to itself is free.
	err = in(t, db, id, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.CreateExtension(ctx, ext("301", "loop", &dialplan.IVR{MaxDigits: 1, Tries: 1})); err != nil {
			return err
		}
		err := tx.UpdateExtension(ctx, "301", ext("301", "loop", &dialplan.IVR{MaxDigits: 1, Tries: 1, Fallback: to("301"),
			Options: map[string]dialplan.IVROption{"1": {Destination: to("301")}}}))
		if err != nil {
			return err
		}
		return tx.DeleteExtension(ctx, "301", 2)
	})
	if err != nil {
		t.Errorf("a menu that goes to itself: %v", err)
	}
}

func TestWrongValuesAreNamed(t *testing.T) {
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	other := company(ctx, t, db, 2)
	channel := func(c dialplan.Channel) func(context.Context, *store.Tx) error {
		return func(ctx context.Context, tx *store.Tx) error {
			return tx.CreateChannel(ctx, &store.Channel{Channel: c})
		}
	}
	extension := func(number string, c dialplan.ExtensionConfig) func(context.Context, *store.Tx) error {
		return func(ctx context.Context, tx *store.Tx) error { return tx.CreateExtension(ctx, ext(number, "x", c)) }
	}
	for name, tc := range map[string]struct {
		do    func(context.Context, *store.Tx) error
		field string
	}{
		"call limit 6":       {channel(dialplan.Channel{CallLimit: 6}), "call_limit"},
		"call limit -1":      {channel(dialplan.Channel{CallLimit: -1}), "call_limit"},
		"name with @":        {channel(dialplan.Channel{Name: "a@b"}), "name"},
		"short password":     {channel(dialplan.Channel{Password: "abc"}), "password"},
		"DTMF":               {channel(dialplan.Channel{DTMF: "morse"}), "dtmf"},
		"channel of a group": {channel(dialplan.Channel{User: "200"}), "user"},
		"channel's language": {channel(dialplan.Channel{Language: "fr"}), "language"},
		"PIN":                {extension("150", &dialplan.User{PIN: "12"}), "pin"},
		"no kind":            {extension("150", nil), "kind"},
		"caller ID":          {extension("150", &dialplan.User{PIN: "0000", CallerID: "020"}), "caller_id"},
		"group in a group":   {extension("150", &dialplan.Group{Members: []string{"200"}}), "members"},
		"group forward":      {extension("150", &dialplan.Group{Forwards: dialplan.Forwards{Rejected: []dialplan.Destination{to("101")}}}), "miss_of_group"},
		"forward to nobody":  {extension("150", &dialplan.User{PIN: "0000", Forwards: dialplan.Forwards{Busy: []dialplan.Destination{to("999")}}}), "forwards.busy"},
		"digits of a menu":   {extension("150", &dialplan.IVR{MaxDigits: 7, Tries: 1}), "max_digits"},
		"no tries":           {extension("150", &dialplan.IVR{MaxDigits: 1}), "tries"},
		"unknown media":      {extension("150", &dialplan.IVR{MaxDigits: 1, Tries: 1, Announcement: "none"}), "announcement"},
		"option too long":    {extension("150", &dialplan.IVR{MaxDigits: 1, Tries: 1, Options: map[string]dialplan.IVROption{"11": {Destination: to("101")}}}), "digits"},
		"option to nowhere":  {extension("150", &dialplan.IVR{MaxDigits: 1, Tries: 1, Options: map[string]dialplan.IVROption{"1": {}}}), "destination"},
		"number of no country": {func(ctx context.Context, tx *store.Tx) error {
			return tx.CreateNumber(ctx, &store.Number{Number: dialplan.Number{E164: "0201234567"}})
		}, "e164"},
		"scheme without name": {func(ctx context.Context, tx *store.Tx) error { return tx.CreateScheme(ctx, &store.Scheme{}) }, "name"},
		"plan 100": {func(ctx context.Context, tx *store.Tx) error {
			s, _ := mainPlan(ctx, t, tx)
			return tx.CreatePlan(ctx, &store.Plan{Scheme: s.ID, Number: 100, Name: "x"})
		}, "number"},
		"time zone": {func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateAccount(ctx, &store.Account{ID: id, Name: "x", TimeZone: "Mars/Olympus"})
		}, "time_zone"},
		"zero byte": {extension("150", &dialplan.User{PIN: "0000", Language: "\x00"}), "value"},
	} {
		var invalid *store.Invalid
		if err := in(t, db, id, tc.do); !errors.As(err, &invalid) || invalid.Field != tc.field {
			t.Errorf("%s: %#v %v", name, invalid, err)
		}
	}
	for name, tc := range map[string]struct {
		do    func(context.Context, *store.Tx) error
		field string
	}{
		"name of another account's channel": {channel(dialplan.Channel{Name: "phone-2"}), "name"},
		"another account's number": {func(ctx context.Context, tx *store.Tx) error {
			return tx.CreateNumber(ctx, &store.Number{Number: dialplan.Number{E164: "+49300000002"}})
		}, "e164"},
		"scheme of the same name": {func(ctx context.Context, tx *store.Tx) error {
			return tx.CreateScheme(ctx, &store.Scheme{Name: "Main"})
		}, "name"},
	} {
		var conflict *store.Conflict
		if err := in(t, db, id, tc.do); !errors.As(err, &conflict) || conflict.Field != tc.field {
			t.Errorf("%s: %#v %v", name, conflict, err)
		}
	}
	// What only a wrong program could try.
	for sql, code := range map[string]string{
		`INSERT INTO extensions (account_id, number, name, kind) VALUES ($1, '170', 'x', 'user')`:          "23514",
		`DELETE FROM ext_group WHERE account_id = $1`:                                                      "",
		`INSERT INTO schemes (account_id, name, main) VALUES ($1, 'x', true)`:                              "23505",
		`INSERT INTO ext_group (id, account_id) SELECT id, account_id FROM ext_user WHERE account_id = $1`: "23503",
		`UPDATE numbers SET scheme_id = NULL WHERE account_id = $1`:                                        "23503",
		`INSERT INTO api_tokens (account_id, name, hash, role) VALUES ($1, 'x', sha256(''), 'operator')`:   "23514",
	} {
		_, err := pool.Exec(ctx, sql, other)
		if err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestExtensionsComeBackAsWritten(t *testing.T) {
	db, _ := pgtest.Store(t)
	id := company(t.Context(), t, db, 1)
	two := []dialplan.Destination{to("101"), {External: "+31612345678"}}
	for _, want := range []dialplan.Extension{
		{Number: "150", Name: "Zoë ☎", Config: &dialplan.User{
			PIN: "4711", Language: "lv", AreaCode: "30", OfferSecondCall: true, CallerID: "+4930123456", EmergencyCallerID: "+4930123457",
			Permissions: dialplan.Permissions{TimeConfiguration: true, Twinning: true, RecordInbound: true, RecordOutbound: true, Parking: true},
			Forwards:    dialplan.Forwards{Always: two, Busy: two[:1], NoAnswer: two[1:], Unreachable: two, Rejected: two},
			RingTimeout: 25 * time.Second,
		}},
		{Number: "151", Config: &dialplan.Group{
			Members: []string{"102", "101"}, AllowMemberForwards: true, ForwardAfter: 1500 * time.Millisecond,
			ForwardCallerID: dialplan.ForwardCalled, Forwards: dialplan.Forwards{NoAnswer: two},
		}},
		{Number: "152", Config: &dialplan.IVR{
			Announcement: "welcome", Language: "es", MaxDigits: 6, Tries: 2, FirstDigit: 4 * time.Second, InterDigit: time.Second,
			Fallback: dialplan.Destination{External: "112"}, FallbackPrefix: "F:",
			Options: map[string]dialplan.IVROption{"1": {Prefix: "A", Destination: to("200")}, "999999": {Destination: two[1]}},
		}},
	} {
		e := &store.Extension{Extension: want}
		var read *store.Extension
		err := in(t, db, id, func(ctx context.Context, tx *store.Tx) (err error) {
			if err := tx.CreateExtension(ctx, e); err != nil {
				return err
			}
			want.ID = e.ID
			if read, err = tx.ReadExtension(ctx, want.Number); err != nil {
				return err
			}
			// Written again, nothing is doubled.
			return tx.UpdateExtension(ctx, want.Number, read)
		})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read.Extension, want) {
			t.Errorf("read:   %+v\nwanted: %+v", read.Config, want.Config)
		}
		a, err := db.LoadAccount(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Extensions[want.Number]; !reflect.DeepEqual(*got, want) {
			t.Errorf("loaded: %+v\nwanted: %+v", got.Config, want.Config)
		}
	}
}

func TestTokens(t *testing.T) {
	ctx := t.Context()
	db, _ := pgtest.Store(t)
	id := company(ctx, t, db, 1)
	find := func(secret string) (tok *store.Token, err error) {
		err = db.Platform(ctx, func(tx *store.Tx) (err error) {
			tok, err = tx.FindToken(ctx, secret)
			return err
		})
		return tok, err
	}
	var secret, old string
	tok := &store.Token{Name: "phones", Role: store.RoleAdmin, Expires: time.Now().Add(time.Hour)}
	err := in(t, db, id, func(ctx context.Context, tx *store.Tx) (err error) {
		if secret, err = tx.CreateToken(ctx, tok); err != nil {
			return err
		}
		old, err = tx.CreateToken(ctx, &store.Token{Name: "old", Role: store.RoleReadonly, Expires: time.Now().Add(-time.Second)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := find(secret); err != nil || got.Account != id || got.Role != store.RoleAdmin {
		t.Errorf("token %+v, %v", got, err)
	}
	if got, err := find(secret); err != nil || got.LastUsed.IsZero() {
		t.Errorf("use of the token: %+v, %v", got, err)
	}
	for _, s := range []string{old, secret + "x", ""} {
		if _, err := find(s); !is[*store.NotFound](err) {
			t.Errorf("token %q: %v", s, err)
		}
	}
	other := company(ctx, t, db, 2)
	revoke := func(ctx context.Context, tx *store.Tx) error { return tx.RevokeToken(ctx, tok.ID) }
	if err := in(t, db, other, revoke); !is[*store.NotFound](err) {
		t.Errorf("another account revokes the token: %v", err)
	}
	if err := in(t, db, id, revoke); err != nil {
		t.Error(err)
	}
	if _, err := find(secret); !is[*store.NotFound](err) {
		t.Errorf("revoked token: %v", err)
	}
	err = db.Platform(ctx, func(tx *store.Tx) error {
		_, err := tx.CreateToken(ctx, &store.Token{Name: "x", Role: store.RoleAdmin})
		return err
	})
	if !is[*store.Invalid](err) {
		t.Errorf("an administrator of no account: %v", err)
	}
}

func TestCheckTellsWhatIsWrong(t *testing.T) {
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	if err := db.Check(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Check(ctx); err == nil || !strings.Contains(err.Error(), "99999") {
		t.Errorf("a newer schema: %v", err)
	}
	away, err := store.Open(ctx, "postgres://nobody@127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	if err := away.Check(ctx); err == nil {
		t.Error("no database is fine")
	}
}
