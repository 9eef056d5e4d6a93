package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/orders"
	"callplane/store"
)

// OrderLine is a line of what an order costs.
type OrderLine struct {
	ID       int64  `json:"id"`
	Item     string `json:"item,omitempty" doc:"Code in the price list; not there: a credit."`
	Name     string `json:"name"`
	Currency string `json:"currency"`
	Once     string `json:"once" doc:"Decimal number, negative for a credit."`
	Monthly  string `json:"monthly" doc:"Decimal number."`
	From     string `json:"from" format:"date"`
	Until    string `json:"until,omitempty" format:"date" doc:"First day that is not charged; not there: it goes on."`
	Credit   bool   `json:"credit,omitempty"`
	Billed   bool   `json:"billed" doc:"It is invoiced."`
	Amount   string `json:"amount" doc:"What it comes to in the month: in proportion to its days."`
}

// OrderLines is what an order costs in a month.
type OrderLines struct {
	Month string      `json:"month"`
	Items []OrderLine `json:"items"`
	Total []Amount    `json:"total" doc:"By currency."`
}

// Amount is money.
type Amount struct {
	Currency string `json:"currency" doc:"ISO 4217."`
	Amount   string `json:"amount" doc:"Decimal number."`
}

func amountsOf(s orders.Sums) []Amount {
	out := make([]Amount, 0, len(s))
	for _, x := range s {
		out = append(out, Amount{x.Currency, x.Amount.String()})
	}
	return out
}

// OrderEvent is something that has happened to an order, or is planned.
type OrderEvent struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Event  string    `json:"event" doc:"placed, activated, change-planned, changed, change-dropped, termination-planned, terminated, terminate-dropped, activate-dropped, sim-connected, billing-started, credit-added"`
	Day    string    `json:"day,omitempty" format:"date" doc:"That it is about."`
	Detail string    `json:"detail,omitempty"`
}

// OrderPlan is a step that is still to come.
type OrderPlan struct {
	Kind      string          `json:"kind" enum:"activate,change,terminate"`
	Date      string          `json:"date" format:"date"`
	Selection *OrderSelection `json:"selection,omitempty" doc:"Of a change."`
	Reference string          `json:"reference,omitempty"`
}

// OrderHistory is what has happened to an order and what will.
type OrderHistory struct {
	Planned []OrderPlan  `json:"planned"`
	Items   []OrderEvent `json:"items" doc:"In their order."`
}

// OrderUsage is what the calls of an order's extension cost in a month.
type OrderUsage struct {
	Month   string             `json:"month"`
	Calls   []UsageDestination `json:"calls" doc:"By destination, the dearest first."`
	Charges []UsageCharge      `json:"charges" doc:"Beside calls: SMS."`
	Total   []Amount           `json:"total" doc:"By currency."`
}

// UsageDestination is what calls to one destination cost.
type UsageDestination struct {
	Destination string  `json:"destination" doc:"Name of the tariff; empty: of numbers that have none."`
	Calls       int     `json:"calls"`
	Seconds     float64 `json:"seconds"`
	Currency    string  `json:"currency,omitempty"`
	Cost        string  `json:"cost"`
}

// UsageCharge is what was charged of one kind.
type UsageCharge struct {
	Kind     string `json:"kind"`
	Count    int    `json:"count"`
	Currency string `json:"currency"`
	Amount   string `json:"amount"`
}

// MonthQuery asks for a month.
type MonthQuery struct {
	Month string `query:"month" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" patternDescription:"a month such as 2026-11" doc:"Not there: this one, in the account's time zone."`
}

func (q MonthQuery) month(a *store.Account) orders.Month {
	if q.Month != "" {
		return orders.Month(q.Month)
	}
	return today(a).Month()
}

func (s *server) orderBooks(api huma.API) {
	const tag, one = "orders", "/accounts/{account}/orders/{order}"
	register(s, api, scopeAccount, op("list-order-lines", http.MethodGet, one+"/lines", tag, "List the invoice lines of an order"), s.salesLines)
	register(s, api, scopeAccount, resellerOnly(op("list-purchase-lines", http.MethodGet, one+"/purchase-lines", tag, "List what an order costs the reseller")), s.purchaseLines)
	register(s, api, scopeAccount, op("list-order-history", http.MethodGet, one+"/history", tag, "List what has happened to an order, and what is planned"), s.orderHistory)
	register(s, api, scopeAccount, op("get-order-usage", http.MethodGet, one+"/usage", tag, "Get what calls of the order's extension cost"), s.orderUsage)
}

type linesInput struct {
	OrderPath
	MonthQuery
}

func (s *server) salesLines(ctx context.Context, in *linesInput) (*struct{ Body OrderLines }, error) {
	return s.orderLines(ctx, in, orders.Sales)
}

func (s *server) purchaseLines(ctx context.Context, in *linesInput) (*struct{ Body OrderLines }, error) {
	return s.orderLines(ctx, in, orders.Purchase)
}

func (s *server) orderLines(ctx context.Context, in *linesInput, side orders.Side) (*struct{ Body OrderLines }, error) {
	out := &struct{ Body OrderLines }{Body: OrderLines{Items: []OrderLine{}}}
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		o, err := tx.ReadOrder(ctx, in.Order)
		if err != nil {
			return err
		}
		lines, err := tx.OrderLines(ctx, o.ID)
		if err != nil {
			return err
		}
		month := in.month(a)
		out.Body.Month = string(month)
		billed := o.BilledFrom
		if o.Billing && billed == "" {
			billed = o.Start // that it will be
		}
		var total orders.Sums
		for _, l := range lines {
			if l.Side != side {
				continue
			}
			x := OrderLine{ID: l.ID, Item: l.Item, Name: l.Name, Currency: l.Currency, Once: l.Price.Once.String(), Monthly: l.Price.Monthly.String(),
				From: string(l.From), Until: string(l.Until), Credit: l.Credit}
			amount := orders.Micros(0)
			if b, ok := l.Billed(billed); ok {
				x.Billed, amount = true, b.In(month)
				x.From = string(b.From)
				total.Add(l.Currency, amount)
			}
			x.Amount = amount.String()
			out.Body.Items = append(out.Body.Items, x)
		}
		out.Body.Total = amountsOf(total)
		return nil
	})
	return out, err
}

func (s *server) orderHistory(ctx context.Context, in *OrderPath) (*struct{ Body OrderHistory }, error) {
	out := &struct{ Body OrderHistory }{Body: OrderHistory{Planned: []OrderPlan{}, Items: []OrderEvent{}}}
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		o, err := tx.ReadOrder(ctx, in.Order)
		if err != nil {
			return err
		}
		steps, err := tx.OrderSteps(ctx, o.ID)
		if err != nil {
			return err
		}
		for _, x := range steps {
			if x.Done.IsZero() && x.Dropped.IsZero() {
				p := OrderPlan{Kind: string(x.Kind), Date: string(x.On), Reference: x.Reference}
				if x.Selection != nil {
					p.Selection = ptr(selectionOf(x.Selection))
				}
				out.Body.Planned = append(out.Body.Planned, p)
			}
		}
		events, err := tx.OrderHistory(ctx, o.ID)
		for _, e := range events {
			out.Body.Items = append(out.Body.Items, OrderEvent{ID: e.ID, At: e.At, Actor: e.Actor, Event: e.Event, Day: string(e.Day), Detail: e.Detail})
		}
		return err
	})
	return out, err
}

func (s *server) orderUsage(ctx context.Context, in *linesInput) (*struct{ Body OrderUsage }, error) {
	out := &struct{ Body OrderUsage }{Body: OrderUsage{Calls: []UsageDestination{}, Charges: []UsageCharge{}}}
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		o, err := tx.ReadOrder(ctx, in.Order)
		if err != nil {
			return err
		}
		loc, err := time.LoadLocation(a.TimeZone)
		if err != nil {
			return err
		}
		month := in.month(a)
		out.Body.Month = string(month)
		from, to := month.Span(loc)
		calls, err := tx.ChargedCalls(ctx, o.Number, from, to)
		if err != nil {
			return err
		}
		tariffs, err := tx.ListTariffs(ctx)
		if err != nil {
			return err
		}
		used, total := orders.UsageOf(orders.NewTariffs(tariffs), calls)
		for _, u := range used {
			out.Body.Calls = append(out.Body.Calls, UsageDestination{u.Destination, u.Calls, u.Talked.Seconds(), u.Currency, u.Cost.String()})
		}
		charges, err := tx.ExtensionCharges(ctx, o.Number, from, to)
		for _, c := range charges {
			out.Body.Charges = append(out.Body.Charges, UsageCharge{c.Kind, c.Count, c.Currency, c.Amount.String()})
			total.Add(c.Currency, c.Amount)
		}
		out.Body.Total = amountsOf(total)
		return err
	})
	return out, err
}
