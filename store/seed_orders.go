package store

import (
	"context"
	"fmt"
	"time"

	"callplane/dialplan"
	"callplane/orders"
)

// demoPrices are what the items of the price list cost in the demo: once, a month, and a month for the reseller.
var demoPrices = map[string][3]orders.Micros{
	"starter": {0, 4_950_000, 2_900_000}, "advanced": {5_000_000, 9_950_000, 6_500_000}, "professional": {5_000_000, 14_950_000, 9_900_000},
	"expert": {5_000_000, 19_950_000, 13_500_000}, "data-2": {0, 4_000_000, 2_500_000}, "data-10": {0, 9_000_000, 6_000_000}, "data-50": {0, 17_500_000, 12_000_000},
	"sms-100": {0, 2_500_000, 1_500_000}, "sms-all": {0, 5_000_000, 3_000_000}, "call-recording": {0, 3_500_000, 1_750_000}, "assistant": {0, 6_000_000, 4_000_000},
	"bot-minutes": {0, 45_000_000, 30_000_000}, "ivr": {15_000_000, 5_000_000, 2_000_000}, "queue": {25_000_000, 12_500_000, 7_500_000}, "ai": {50_000_000, 25_000_000, 15_000_000},
}

// seedOrders makes a price list, tariffs and SIMs, and orders for the demo company's users and menu.
func seedOrders(ctx context.Context, tx *Tx, account dialplan.AccountID) error {
	list, err := tx.For(0).PriceList(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		p, ok := demoPrices[list[i].Code]
		if !ok || list[i].Sales != (orders.Price{}) {
			continue // it has a price of the operator's
		}
		list[i].Sales, list[i].Purchase = orders.Price{Once: p[0], Monthly: p[1]}, orders.Price{Monthly: p[2]}
		if err := tx.PutPriceItem(ctx, &list[i]); err != nil {
			return err
		}
	}
	if tariffs, err := tx.ListTariffs(ctx); err != nil {
		return err
	} else if len(tariffs) == 0 {
		rate := func(prefix, name string, minute orders.Micros) orders.Tariff {
			return orders.Tariff{Prefix: prefix, Name: name, Currency: "EUR", Call: 45_000, Minute: minute, First: time.Second, Step: time.Second}
		}
		err := tx.SetTariffs(ctx, []orders.Tariff{rate("+", "International", 450_000), rate("+31", "Netherlands", 24_000), rate("+316", "Netherlands mobile", 95_000),
			rate("+49", "Germany", 32_000), rate("+34", "Spain", 35_000), rate("+371", "Latvia", 60_000)})
		if err != nil {
			return err
		}
	}
	tx = tx.For(account)
	a, err := tx.ReadAccount(ctx, account)
	if err != nil {
		return err
	}
	loc, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		return fmt.Errorf("time zone of the demo company: %w", err)
	}
	today := orders.DateOf(time.Now(), loc)
	sims := make([]string, 5)
	for i := range sims {
		sims[i] = fmt.Sprintf("8931440%08d%04d", account, 1234+i)
	}
	if err := tx.AddSIMs(ctx, sims); err != nil {
		return err
	}
	for _, o := range []Order{
		{Number: "101", SIM: sims[0], ContractMonths: 24, Selection: orders.Selection{Product: "expert", Data: "data-50", SMS: "sms-all", AddOns: []string{"assistant", "call-recording"}}},
		{Number: "102", Selection: orders.Selection{Product: "starter"}},
		{Number: "300", Selection: orders.Selection{Product: "ivr"}},
	} {
		o.Portfolio, o.Start, o.Billing = "Callplane", today, true
		if err := tx.PlaceOrder(ctx, &o, "demo", today); err != nil {
			return err
		}
	}
	return nil
}
