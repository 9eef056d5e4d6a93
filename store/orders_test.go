package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"callplane/dialplan"
	"callplane/orders"
	"callplane/store"
	"callplane/store/pgtest"
)

const orderDay = orders.Date("2026-11-28")

// placed orders a user with a SIM for the company.
func placed(ctx context.Context, tx *store.Tx, n int) error {
	e := ext("190", "Ordered", &dialplan.User{PIN: "0000"})
	e.Inactive = true
	if err := tx.CreateExtension(ctx, e); err != nil {
		return err
	}
	if err := tx.AddSIMs(ctx, []string{simCard(n, 1), simCard(n, 2)}); err != nil {
		return err
	}
	return tx.PlaceOrder(ctx, &store.Order{Selection: orders.Selection{Portfolio: "Callplane", Product: "expert", AddOns: []string{"assistant"}},
		Number: "190", Start: orderDay, SIM: simCard(n, 1), Billing: true}, "test", orderDay)
}

// simCard is a card's number; that of a company.
func simCard(company, i int) string { return fmt.Sprintf("89493500101%04d%04d", company, i) }

// orderUses calls every method of orders for an account.
func orderUses(ctx context.Context, t *testing.T, id dialplan.AccountID) map[string]func(*store.Tx) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	last := func(tx *store.Tx) *store.Order {
		list, _, err := tx.ListOrders(ctx, store.OrderFilter{States: []orders.State{orders.Active}}, store.Page{})
		must(err)
		o, err := tx.LockOrder(ctx, list[0].ID)
		must(err)
		return o
	}
	from, to := time.Now().AddDate(0, 0, -30), time.Now()
	return map[string]func(*store.Tx){
		"PlaceOrder": func(tx *store.Tx) {
			must(tx.CreateExtension(ctx, ext("870", "Ordered", &dialplan.User{PIN: "0000"})))
			must(tx.AddSIMs(ctx, []string{"894935001010000001"}))
			must(tx.CreateNumber(ctx, &store.Number{Number: dialplan.Number{E164: "+31970000870"}}))
			o := &store.Order{Selection: orders.Selection{Portfolio: "Callplane", Product: "expert"}, Number: "870", Start: orderDay,
				SIM: "894935001010000001", NumberType: "new", E164: "+31970000870"}
			must(tx.PlaceOrder(ctx, o, "test", orderDay))
			must(tx.PlanChange(ctx, o, orders.Selection{Portfolio: "Callplane", Product: "starter"}, orderDay, "", "", "test", orderDay))
			must(tx.PlanTermination(ctx, o, orderDay, "", "test", orderDay))
		},
		"ReadOrder": func(tx *store.Tx) { _, err := tx.ReadOrder(ctx, last(tx).ID); must(err) },
		"LockOrder": func(tx *store.Tx) { last(tx) },
		"ListOrders": func(tx *store.Tx) {
			for _, page := range byKey("1000000000") {
				_, _, err := tx.ListOrders(ctx, store.OrderFilter{Number: "101", States: []orders.State{orders.Planned}, Product: "starter"}, page)
				must(err)
			}
		},
		"OrderOfExtension": func(tx *store.Tx) { _, err := tx.OrderOfExtension(ctx, "101"); must(err) },
		"OrderSteps":       func(tx *store.Tx) { _, err := tx.OrderSteps(ctx, last(tx).ID); must(err) },
		"OrderLines":       func(tx *store.Tx) { _, err := tx.OrderLines(ctx, last(tx).ID); must(err) },
		"OrderHistory":     func(tx *store.Tx) { _, err := tx.OrderHistory(ctx, last(tx).ID); must(err) },
		"PlanChange": func(tx *store.Tx) {
			must(tx.PlanChange(ctx, last(tx), orders.Selection{Portfolio: "Callplane", Product: "starter", AddOns: []string{"call-recording"}}, orderDay, "", "", "test", orderDay))
		},
		"PlanTermination": func(tx *store.Tx) { must(tx.PlanTermination(ctx, last(tx), orderDay.Add(1), "", "test", orderDay)) },
		"ConnectSIM": func(tx *store.Tx) {
			if err := tx.ConnectSIM(ctx, last(tx), "1", "test", orderDay); !is[*store.Invalid](err) {
				t.Errorf("a SIM for a starter: %v", err)
			}
		},
		"StartBilling": func(tx *store.Tx) {
			o := last(tx)
			o.Billing = false
			must(tx.StartBilling(ctx, o, orderDay, "test"))
		},
		"AddCredit":        func(tx *store.Tx) { must(tx.AddCredit(ctx, last(tx), "Sorry", 1, "EUR", orderDay, "test")) },
		"ChargedCalls":     func(tx *store.Tx) { _, err := tx.ChargedCalls(ctx, "101", from, to); must(err) },
		"ExtensionCharges": func(tx *store.Tx) { _, err := tx.ExtensionCharges(ctx, "101", from, to); must(err) },
		"AddSIMs":          func(tx *store.Tx) { must(tx.AddSIMs(ctx, []string{"894935001010000002"})) },
		"DeleteSIM": func(tx *store.Tx) {
			must(tx.AddSIMs(ctx, []string{"894935001010000003"}))
			must(tx.DeleteSIM(ctx, "894935001010000003"))
		},
		"ListSIMs": func(tx *store.Tx) {
			_, _, err := tx.ListSIMs(ctx, store.SIMFilter{Last: "0001", Free: true}, store.Page{})
			must(err)
		},
		"PriceList": func(tx *store.Tx) { _, err := tx.PriceList(ctx); must(err) },
		"Catalogue": func(tx *store.Tx) { _, err := tx.Catalogue(ctx); must(err) },
	}
}

// priceUses calls what only operators do.
func priceUses(ctx context.Context, t *testing.T) map[string]func(*store.Tx) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	return map[string]func(*store.Tx){
		"PutPriceItem": func(tx *store.Tx) {
			list, err := tx.PriceList(ctx)
			must(err)
			list[0].Name = "Renamed"
			must(tx.PutPriceItem(ctx, &list[0]))
			list[0].Revision--
			if err := tx.PutPriceItem(ctx, &list[0]); !is[*store.Stale](err) {
				t.Errorf("outdated revision: %v", err)
			}
		},
		"ListTariffs": func(tx *store.Tx) { _, err := tx.ListTariffs(ctx); must(err) },
		"LockTariffs": func(tx *store.Tx) { must(tx.LockTariffs(ctx)) },
		"SetTariffs": func(tx *store.Tx) {
			must(tx.SetTariffs(ctx, []orders.Tariff{{Prefix: "+31", Name: "Netherlands", Currency: "EUR"}}))
		},
	}
}

// orderWorld is a company with what its orders need.
type orderWorld struct {
	*testing.T
	ctx  context.Context
	db   *store.DB
	id   dialplan.AccountID
	loc  *time.Location
	pool *pgxpool.Pool // the superuser's
}

func newOrderWorld(t *testing.T) *orderWorld {
	t.Helper()
	ctx := t.Context()
	db, pool := pgtest.Store(t)
	loc, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	w := &orderWorld{T: t, ctx: ctx, db: db, loc: loc, pool: pool}
	err = db.Platform(ctx, func(tx *store.Tx) error {
		a := &store.Account{Name: "Acme", Enabled: true, Country: dialplan.NL, ExtensionLength: 3}
		if err := tx.CreateAccount(ctx, a); err != nil {
			return err
		}
		w.id = a.ID
		list, err := tx.PriceList(ctx)
		if err != nil {
			return err
		}
		for i := range list {
			list[i].Sales, list[i].Purchase = orders.Price{Once: 10e6, Monthly: 30e6}, orders.Price{Monthly: 15e6}
			if err := tx.PutPriceItem(ctx, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *orderWorld) in(f func(*store.Tx) error) {
	w.Helper()
	if err := w.db.Account(w.ctx, w.id, f); err != nil {
		w.Fatal(err)
	}
}

// place orders a product for a new extension, on the day orderDay.
func (w *orderWorld) place(number, product string, start orders.Date) *store.Order {
	w.Helper()
	o := &store.Order{Selection: orders.Selection{Portfolio: "Callplane", Product: product}, Number: number, Start: start, Billing: true}
	w.in(func(tx *store.Tx) error {
		var c dialplan.ExtensionConfig = &dialplan.User{PIN: "0000"}
		if product == "ivr" {
			c = &dialplan.IVR{MaxDigits: 1, Tries: 1}
		}
		e := ext(number, "Ordered", c)
		e.Inactive = true
		if err := tx.CreateExtension(w.ctx, e); err != nil {
			return err
		}
		return tx.PlaceOrder(w.ctx, o, "test", orderDay)
	})
	return o
}

// at is an instant of a day in the account's zone.
func (w *orderWorld) at(day orders.Date, hour, minute, second int) time.Time {
	d := day.Time()
	return time.Date(d.Year(), d.Month(), d.Day(), hour, minute, second, 0, w.loc)
}

// tick is what the service does at an instant; it gives the orders that it carried out.
func (w *orderWorld) tick(now time.Time) (done []int64) {
	w.Helper()
	for {
		c, err := w.db.CarryOutOrder(w.ctx, now, nil)
		if err != nil {
			w.Fatal(err)
		}
		if c == nil {
			return done
		}
		done = append(done, c.Order)
	}
}

func (w *orderWorld) state(o *store.Order) orders.State {
	w.Helper()
	var s orders.State
	w.in(func(tx *store.Tx) error {
		got, err := tx.ReadOrder(w.ctx, o.ID)
		if err == nil {
			s = got.State
		}
		return err
	})
	return s
}

func (w *orderWorld) snapshot() *dialplan.Account {
	w.Helper()
	a, err := w.db.LoadAccount(w.ctx, w.id)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// count is how often something is written about an order, in its history and in the audit log.
func (w *orderWorld) count(o *store.Order, event, action string) (history, audit int) {
	w.Helper()
	w.in(func(tx *store.Tx) error {
		events, err := tx.OrderHistory(w.ctx, o.ID)
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.Event == event {
				history++
			}
		}
		log, err := tx.ListAudit(w.ctx, store.AuditFilter{}, 1000)
		for _, e := range log {
			if e.Entity == "order" && e.EntityID == store.OrderNumber(o.ID) && e.Action == action {
				audit++
			}
		}
		return err
	})
	return history, audit
}

// TestACC_08_StepsAreCarriedOutOnTheirDay: at the second at which the day begins in the account's time zone, not before, and once.
func TestACC_08_StepsAreCarriedOutOnTheirDay(t *testing.T) {
	w := newOrderWorld(t)
	start := orderDay.Add(3)
	o := w.place("101", "starter", start)
	if now := w.place("102", "ivr", orderDay); w.state(now) != orders.Active || w.snapshot().Extensions["102"].Inactive {
		t.Errorf("what begins today is %s", w.state(now))
	}
	if e := w.snapshot().Extensions["101"]; !e.Inactive || w.snapshot().User("101") != nil {
		t.Error("a planned user is in service")
	}
	if done := w.tick(w.at(start, 0, 0, 0).Add(-time.Second)); len(done) != 0 || w.state(o) != orders.Planned {
		t.Fatalf("carried out before its day: %v", done)
	}
	if done := w.tick(w.at(start, 0, 0, 0)); len(done) != 1 || w.state(o) != orders.Active {
		t.Fatalf("not carried out on its day: %v", done)
	}
	if u := w.snapshot().User("101"); u == nil || u.Product != dialplan.ProductStarter {
		t.Errorf("user in service: %+v", u)
	}
	if done := w.tick(w.at(start.Add(5), 0, 0, 0)); len(done) != 0 {
		t.Errorf("carried out again: %v", done)
	}
	if h, a := w.count(o, "activated", "activate"); h != 1 || a != 1 {
		t.Errorf("%d in the history, %d in the audit log", h, a)
	}
}

// TestACC_08_StepsThatFellDueDuringAnOutage: everything is made up for in its order, and counts from the day it was planned for.
func TestACC_08_StepsThatFellDueDuringAnOutage(t *testing.T) {
	w := newOrderWorld(t)
	o := w.place("101", "starter", orderDay.Add(1))
	w.in(func(tx *store.Tx) error {
		o, err := tx.LockOrder(w.ctx, o.ID)
		if err != nil {
			return err
		}
		change := orders.Selection{Portfolio: "Callplane", Product: "starter", AddOns: []string{"call-recording"}}
		if err := tx.PlanChange(w.ctx, o, change, orderDay.Add(10), "", "", "test", orderDay); err != nil {
			return err
		}
		return tx.PlanTermination(w.ctx, o, orderDay.Add(20), "", "test", orderDay)
	})
	if done := w.tick(w.at(orderDay.Add(60), 12, 0, 0)); len(done) != 1 || w.state(o) != orders.Ended {
		t.Fatalf("%v, %s", done, w.state(o))
	}
	want := map[string]orders.Date{"activated": orderDay.Add(1), "changed": orderDay.Add(10), "terminated": orderDay.Add(20)}
	w.in(func(tx *store.Tx) error {
		events, err := tx.OrderHistory(w.ctx, o.ID)
		var order []string
		for _, e := range events {
			if on, ok := want[e.Event]; ok {
				order = append(order, e.Event)
				if e.Day != on || e.Actor != "schedule" {
					t.Errorf("%s counts from %s, by %s", e.Event, e.Day, e.Actor)
				}
			}
		}
		if fmt.Sprint(order) != "[activated changed terminated]" {
			t.Errorf("order of steps: %v", order)
		}
		if err != nil {
			return err
		}
		lines, err := tx.OrderLines(w.ctx, o.ID)
		for _, l := range lines {
			if l.Item == "starter" && (l.From != orderDay.Add(1) || l.Until != orderDay.Add(20)) || l.Item == "call-recording" && (l.From != orderDay.Add(10) || l.Until != orderDay.Add(20)) {
				t.Errorf("line %+v", l)
			}
		}
		if len(lines) != 4 {
			t.Errorf("%d lines", len(lines))
		}
		return err
	})
	if e := w.snapshot().Extensions["101"]; !e.Inactive {
		t.Error("an extension is in service whose order has ended")
	}
}

// TestACC_08_TwoControllersCarryOutOnce: however many look at the same time.
func TestACC_08_TwoControllersCarryOutOnce(t *testing.T) {
	w := newOrderWorld(t)
	var all []*store.Order
	for i := range 8 {
		all = append(all, w.place(fmt.Sprint(101+i), "starter", orderDay.Add(1)))
	}
	now := w.at(orderDay.Add(1), 0, 1, 0)
	results := make(chan error, 4)
	for range 4 {
		go func() {
			for {
				c, err := w.db.CarryOutOrder(w.ctx, now, nil)
				if err != nil || c == nil {
					results <- err
					return
				}
			}
		}()
	}
	for range 4 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	w.tick(now) // what one skipped because another had it
	for _, o := range all {
		if h, a := w.count(o, "activated", "activate"); h != 1 || a != 1 || w.state(o) != orders.Active {
			t.Errorf("order %d: %d times in the history, %d in the audit log, %s", o.ID, h, a, w.state(o))
		}
	}
}

// TestACC_08_AnOrderThatFailsLeavesNothing of what it had begun, keeps no other one from its turn, and is done when it can be.
func TestACC_08_AnOrderThatFailsLeavesNothing(t *testing.T) {
	w := newOrderWorld(t)
	broken, other := w.place("101", "starter", orderDay.Add(1)), w.place("102", "starter", orderDay.Add(1))
	if _, err := w.pool.Exec(w.ctx, fmt.Sprintf(`ALTER TABLE orders ADD CONSTRAINT broken CHECK (id <> %d OR state = 'planned')`, broken.ID)); err != nil {
		t.Fatal(err)
	}
	now := w.at(orderDay.Add(1), 1, 0, 0)
	c, err := w.db.CarryOutOrder(w.ctx, now, nil)
	if err == nil || c == nil || c.Order != broken.ID {
		t.Fatalf("%+v, %v", c, err)
	}
	if h, a := w.count(broken, "activated", "activate"); h+a != 0 || w.state(broken) != orders.Planned || w.snapshot().User("101") != nil {
		t.Errorf("half done: %d in the history, %d in the audit log, %s", h, a, w.state(broken))
	}
	if c, err = w.db.CarryOutOrder(w.ctx, now, []int64{broken.ID}); err != nil || c == nil || c.Order != other.ID {
		t.Fatalf("the other one: %+v, %v", c, err)
	}
	if _, err := w.pool.Exec(w.ctx, `ALTER TABLE orders DROP CONSTRAINT broken`); err != nil {
		t.Fatal(err)
	}
	if done := w.tick(now); len(done) != 1 || w.state(broken) != orders.Active {
		t.Errorf("later: %v, %s", done, w.state(broken))
	}
}

// TestACC_08_ATerminatedUserIsLoggedOut also where an administrator has linked the user.
func TestACC_08_ATerminatedUserIsLoggedOut(t *testing.T) {
	w := newOrderWorld(t)
	o := w.place("101", "starter", orderDay)
	w.in(func(tx *store.Tx) error {
		for _, c := range []dialplan.Channel{{Name: "desk", User: "101", Linked: true}, {Name: "flex", AutoLogin: "101"}} {
			if err := tx.CreateChannel(w.ctx, &store.Channel{Channel: c}); err != nil {
				return err
			}
		}
		o, err := tx.LockOrder(w.ctx, o.ID)
		if err != nil {
			return err
		}
		return tx.PlanTermination(w.ctx, o, orderDay.Add(1), "", "test", orderDay)
	})
	if u := w.snapshot().User("101"); u == nil || len(u.Devices) == 0 {
		t.Fatalf("not logged in before: %+v", u)
	}
	// As long as it goes on, its extension can't be deleted.
	err := w.db.Account(w.ctx, w.id, func(tx *store.Tx) error { return tx.DeleteExtension(w.ctx, "101", 0) })
	if !is[*store.InUse](err) {
		t.Errorf("deleted with an order: %v", err)
	}
	w.tick(w.at(orderDay.Add(1), 0, 0, 0))
	w.in(func(tx *store.Tx) error {
		for _, name := range []string{"desk", "flex"} {
			c, err := tx.ReadChannel(w.ctx, name)
			if err != nil {
				return err
			}
			if c.User != "" || c.Linked || c.AutoLogin != "" {
				t.Errorf("channel %+v", c)
			}
		}
		// Another order takes it into service again; after that has ended, too, it can be deleted, and the order remains.
		again := &store.Order{Selection: orders.Selection{Portfolio: "Callplane", Product: "starter"}, Number: "101", Start: orderDay.Add(1)}
		if err := tx.PlaceOrder(w.ctx, again, "test", orderDay.Add(1)); err != nil {
			return err
		}
		if again.State != orders.Active {
			t.Errorf("second order %s", again.State)
		}
		if err := tx.PlanTermination(w.ctx, again, orderDay.Add(2), "", "test", orderDay.Add(2)); err != nil {
			return err
		}
		if err := tx.DeleteExtension(w.ctx, "101", 0); err != nil {
			return err
		}
		got, err := tx.ReadOrder(w.ctx, again.ID)
		if err == nil && (got.ExtensionID != 0 || got.Number != "101") {
			t.Errorf("order of what is gone: %+v", got)
		}
		return err
	})
}

// TestACC_10_AnOrderBeginsWithItsSIM: connected later it begins the order, which until then is configured and does not work.
func TestACC_10_AnOrderBeginsWithItsSIM(t *testing.T) {
	w := newOrderWorld(t)
	w.in(func(tx *store.Tx) error {
		return tx.AddSIMs(w.ctx, []string{"8949350010140441234", "8949350010140449234"})
	})
	o := w.place("101", "expert", orderDay)
	if w.state(o) != orders.Planned || o.Standing().Status(orderDay) != orders.StatusWaiting {
		t.Fatalf("without SIM it is %s", w.state(o))
	}
	if done := w.tick(w.at(orderDay.Add(5), 0, 0, 0)); len(done) != 0 {
		t.Errorf("carried out without SIM: %v", done)
	}
	a := w.snapshot()
	if e := a.Extensions["101"]; e == nil || !e.Inactive || a.User("101") != nil {
		t.Error("not configured, or in service")
	}
	w.in(func(tx *store.Tx) error {
		// It can be configured meanwhile.
		e, err := tx.ReadExtension(w.ctx, "101")
		if err != nil {
			return err
		}
		e.Name, e.Config.(*dialplan.User).Language = "Ann", "de"
		if err := tx.UpdateExtension(w.ctx, "101", e); err != nil {
			return err
		}
		free, _, err := tx.ListSIMs(w.ctx, store.SIMFilter{Last: "1234", Free: true}, store.Page{})
		if err != nil || len(free) != 1 {
			t.Fatalf("found by its last digits: %v, %v", free, err)
		}
		o, err := tx.LockOrder(w.ctx, o.ID)
		if err != nil {
			return err
		}
		if err := tx.ConnectSIM(w.ctx, o, free[0].ICCID, "test", orderDay.Add(5)); err != nil {
			return err
		}
		if free, _, err = tx.ListSIMs(w.ctx, store.SIMFilter{Last: "1234", Free: true}, store.Page{}); err != nil || len(free) != 0 {
			t.Error("a SIM is free that an order has")
		}
		lines, err := tx.OrderLines(w.ctx, o.ID)
		for _, l := range lines {
			if l.From != orderDay.Add(5) {
				t.Errorf("charged before it worked: %+v", l)
			}
		}
		return err
	})
	if u := w.snapshot().User("101"); w.state(o) != orders.Active || u == nil || u.Product != dialplan.ProductExpert || u.Language != "de" {
		t.Errorf("%s, %+v", w.state(o), u)
	}
	// Nobody else gets the card, also when the order has ended.
	err := w.db.Account(w.ctx, w.id, func(tx *store.Tx) error {
		second := &store.Order{Selection: orders.Selection{Portfolio: "Callplane", Product: "expert"}, Number: "102", Start: orderDay, SIM: "8949350010140441234"}
		if err := tx.CreateExtension(w.ctx, ext("102", "Bo", &dialplan.User{PIN: "0000"})); err != nil {
			return err
		}
		return tx.PlaceOrder(w.ctx, second, "test", orderDay)
	})
	if !is[*store.Invalid](err) {
		t.Errorf("a SIM of two orders: %v", err)
	}
}
