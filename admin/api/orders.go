package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/orders"
	"callplane/store"
)

func (s *server) orders(api huma.API) {
	const tag = "orders"
	const list, one = "/accounts/{account}/orders", "/accounts/{account}/orders/{order}"
	action := func(o huma.Operation) huma.Operation {
		o.DefaultStatus = http.StatusOK
		o.Errors = append(o.Errors, http.StatusPreconditionFailed)
		return o
	}
	register(s, api, scopeAccount, op("list-orders", http.MethodGet, list, tag, "List orders, the newest first"), s.listOrders)
	register(s, api, scopeAccount, op("place-order", http.MethodPost, list, tag, "Order a user or a functional extension, with all that belongs to it"), s.placeOrder)
	register(s, api, scopeAccount, op("get-order", http.MethodGet, one, tag, "Get an order"), s.getOrder)
	register(s, api, scopeAccount, action(op("change-order", http.MethodPost, one+"/changes", tag, "Plan a change of an order; one for today is done at once")), s.changeOrder)
	register(s, api, scopeAccount, action(op("terminate-order", http.MethodPost, one+"/termination", tag, "Plan the end of an order, tomorrow or later")), s.terminateOrder)
	register(s, api, scopeAccount, action(op("connect-sim", http.MethodPost, one+"/sim", tag, "Connect a SIM to an order that waits for it")), s.connectSIM)
	register(s, api, scopeAccount, action(resellerOnly(op("start-billing", http.MethodPost, one+"/billing", tag, "Have the customer invoiced for an order that was placed without billing"))), s.startBilling)
	register(s, api, scopeAccount, action(resellerOnly(op("add-credit", http.MethodPost, one+"/credits", tag, "Add a credit line to an order's invoice lines"))), s.addCredit)
}

// today of the account.
func today(a *store.Account) orders.Date {
	loc, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		loc = time.UTC // the database has no zone that it does not know
	}
	return orders.DateOf(time.Now(), loc)
}

// orderColumns are names of columns and of fields that only extensions have as fields of an order.
func orderColumns() map[string]string {
	out := map[string]string{"extension": "extension.existing", "number": "extension.number", "pin": "extension.pin", "announcement": "extension.announcement"}
	return out
}

func (s *server) listOrders(ctx context.Context, in *struct {
	AccountPath
	PageQuery
	Number  string `query:"number" pattern:"^[0-9]{1,12}$" patternDescription:"digits" doc:"Of the order, or of its extension."`
	Status  string `query:"status" enum:"current,planned,active,ended,all" default:"current" doc:"current: planned and active."`
	Product string `query:"product" maxLength:"40" doc:"Code of the product."`
}) (*PageOutput[Order], error) {
	p, err := in.keyed(true)
	if err != nil {
		return nil, err
	}
	states := map[string][]orders.State{"current": {orders.Planned, orders.Active}, "planned": {orders.Planned}, "active": {orders.Active}, "ended": {orders.Ended}}
	var out *PageOutput[Order]
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		rows, total, err := tx.ListOrders(ctx, store.OrderFilter{Number: in.Number, States: states[in.Status], Product: in.Product}, p)
		day := today(a)
		out = answerKeyed(rows, total, p, func(o *store.Order) string { return itoa(o.ID) }, func(o *store.Order) Order { return orderOf(o, day) })
		return err
	})
	return out, err
}

func (s *server) getOrder(ctx context.Context, in *OrderPath) (*Row[Order], error) {
	var out *Row[Order]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		o, err := tx.ReadOrder(ctx, in.Order)
		if err == nil {
			out = row(o.Revision, orderOf(o, today(a)))
		}
		return err
	})
	return out, err
}

func (s *server) placeOrder(ctx context.Context, in *struct {
	AccountPath
	Body OrderInput
}) (*Row[Order], error) {
	var out *Row[Order]
	b := &in.Body
	err := s.inAccount(ctx, in.id(), orderColumns(), func(tx *store.Tx, a *store.Account) error {
		c, err := tx.Catalogue(ctx)
		if err != nil {
			return err
		}
		day, selection := today(a), b.selection()
		product, wrong := selection.Check(c, a.Country)
		errs := wrongs(wrong)
		if why := orders.CheckStart(orders.Date(b.Start), day); why != "" {
			errs = append(errs, field("start", why))
		}
		if product != nil && !orders.Mobile(product.User) {
			for name, there := range map[string]bool{"sim": b.SIM != "", "contract_months": b.ContractMonths != 0, "phone_number": b.PhoneNumber != ""} {
				if there {
					errs = append(errs, field(name, product.Name+" has no SIM"))
				}
			}
		}
		if !*b.Billing && !reseller(ctx) {
			errs = append(errs, field("billing", "only operators and partners can order without billing"))
		}
		if len(errs) > 0 {
			return invalid(errs...)
		}
		kind := product.Extension
		if product.Type == orders.ItemUser {
			kind = dialplan.KindUser
		}
		number, err := s.orderedExtension(ctx, tx, a, &b.Extension, kind)
		if err != nil {
			return err
		}
		o := &store.Order{Selection: selection, Number: number, Subscriber: store.Subscriber(b.Subscriber), Reference: b.Reference,
			ContractMonths: b.ContractMonths, NumberType: b.NumberType, E164: b.PhoneNumber, SIM: b.SIM, Start: orders.Date(b.Start), Billing: *b.Billing}
		if err := tx.PlaceOrder(ctx, o, who(ctx).actor(), day); err != nil {
			return err
		}
		shown := orderOf(o, day)
		out = created(o.Revision, shown, "/accounts/%d/orders/%d", in.Account, o.ID)
		return s.record(ctx, tx, in.id(), actionCreate, "order", shown.Number, nil, shown)
	})
	return out, err
}

// reseller tells whether who asks sees what things cost the reseller.
func reseller(ctx context.Context) bool {
	r := who(ctx).role
	return r == store.RoleOperator || r == store.RolePartner
}

// orderedExtension is the number of the extension of an order, which is made unless it is there; it is in service with the order.
func (s *server) orderedExtension(ctx context.Context, tx *store.Tx, a *store.Account, e *OrderExtension, kind dialplan.Kind) (string, error) {
	if e.Existing != "" {
		o, err := tx.OrderOfExtension(ctx, e.Existing)
		if err == nil {
			return "", invalid(field("extension.existing", "has order "+store.OrderNumber(o.ID)))
		}
		kinds, err := tx.ExtensionKinds(ctx, []string{e.Existing})
		if err == nil && kinds[e.Existing] != kind {
			err = invalid(field("extension.existing", "is no extension of this kind"))
		}
		return e.Existing, err
	}
	if e.Number == "" {
		next, err := tx.NextExtension(ctx, "")
		if isNotFound(err) {
			err = invalid(field("extension.number", "every number is taken"))
		}
		if err != nil {
			return "", err
		}
		e.Number = next
	}
	in := e.input(kind)
	var errs []*huma.ErrorDetail
	if kind == dialplan.KindAutoAnswer && !mediaKey.MatchString(e.Announcement) {
		errs = append(errs, field("extension.announcement", "is required: a media key"))
	}
	if kind == dialplan.KindVoicemail && e.PIN == "" {
		errs = append(errs, field("extension.pin", "is required"))
	}
	for _, err := range in.Resolve(nil) {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			errs = append(errs, field(orderField(strings.TrimPrefix(d.Location, "body.")), d.Message))
		}
	}
	if len(errs) > 0 {
		return "", invalid(errs...)
	}
	config, err := in.configFor(ctx, tx, a, dialplan.DefaultPIN)
	if err != nil {
		return "", inOrder(err)
	}
	x := &store.Extension{Extension: dialplan.Extension{Number: e.Number, Name: e.Name, Inactive: true, Config: config}}
	return e.Number, tx.CreateExtension(ctx, x)
}

// inOrder names the fields of an order in an error about an extension.
func inOrder(err error) error {
	var p *huma.ErrorModel
	if errors.As(err, &p) {
		for _, d := range p.Errors {
			d.Location = "body." + orderField(strings.TrimPrefix(d.Location, "body."))
		}
	}
	return err
}

// onOrder changes an order that nobody else changes meanwhile, and writes it to the audit log.
func (s *server) onOrder(ctx context.Context, in *OrderPath, m Match, action string, f func(*store.Tx, *store.Account, *store.Order, orders.Date) error) (*Row[Order], error) {
	var out *Row[Order]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		o, err := tx.LockOrder(ctx, in.Order)
		if err != nil {
			return err
		}
		if err := current("order", m, o.ID, o.Revision); err != nil {
			return err
		}
		day := today(a)
		before := orderOf(o, day)
		if err := f(tx, a, o, day); err != nil {
			return err
		}
		after := orderOf(o, day)
		out = row(o.Revision, after)
		return s.record(ctx, tx, in.id(), action, "order", after.Number, before, after)
	})
	return out, err
}

// OrderChange is another selection from a day on.
type OrderChange struct {
	OrderSelection
	Date      string `json:"date" format:"date" doc:"Day from which it holds, in the account's time zone: today or later."`
	SIM       string `json:"sim,omitempty" pattern:"^([0-9]{18,22})?$" patternDescription:"the number of a SIM card" doc:"ICCID of a free SIM of the account, when the order has none and is to have one."`
	Reference string `json:"reference,omitempty" maxLength:"100"`
}

// Resolve checks the reference.
func (c *OrderChange) Resolve(huma.Context) []error { return errorsOf(text("reference", c.Reference)) }

func (s *server) changeOrder(ctx context.Context, in *struct {
	OrderPath
	Match
	Body OrderChange
}) (*Row[Order], error) {
	b := &in.Body
	return s.onOrder(ctx, &in.OrderPath, in.Match, "plan-change", func(tx *store.Tx, a *store.Account, o *store.Order, day orders.Date) error {
		c, err := tx.Catalogue(ctx)
		if err != nil {
			return err
		}
		selection := b.selection()
		product, wrong := selection.Check(c, a.Country)
		errs := wrongs(wrong)
		if why := o.Standing().CheckChange(orders.Date(b.Date), day); why != "" {
			errs = append(errs, field("date", why))
		}
		if product != nil {
			switch {
			case (product.Type == orders.ItemUser) != (o.Kind == dialplan.KindUser), product.Type == orders.ItemExtension && product.Extension != o.Kind:
				errs = append(errs, field("product", "another kind of extension is another order"))
			case orders.Mobile(product.User) && o.SIM == "" && !o.NeedsSIM && b.SIM == "":
				errs = append(errs, field("sim", "is required: "+product.Name+" has a SIM"))
			case b.SIM != "" && (!orders.Mobile(product.User) || o.SIM != ""):
				errs = append(errs, field("sim", "the order needs no other SIM"))
			}
		}
		if len(errs) > 0 {
			return invalid(errs...)
		}
		return tx.PlanChange(ctx, o, selection, orders.Date(b.Date), b.SIM, b.Reference, who(ctx).actor(), day)
	})
}

// OrderTermination is the end of an order.
type OrderTermination struct {
	End       string `json:"end" format:"date" doc:"First day without it, in the account's time zone: tomorrow or later."`
	Reference string `json:"reference,omitempty" maxLength:"100"`
}

// Resolve checks the reference.
func (t *OrderTermination) Resolve(huma.Context) []error {
	return errorsOf(text("reference", t.Reference))
}

func (s *server) terminateOrder(ctx context.Context, in *struct {
	OrderPath
	Match
	Body OrderTermination
}) (*Row[Order], error) {
	return s.onOrder(ctx, &in.OrderPath, in.Match, "plan-termination", func(tx *store.Tx, _ *store.Account, o *store.Order, day orders.Date) error {
		if why := o.Standing().CheckTermination(orders.Date(in.Body.End), day); why != "" {
			return invalid(field("end", why))
		}
		return tx.PlanTermination(ctx, o, orders.Date(in.Body.End), in.Body.Reference, who(ctx).actor(), day)
	})
}

// OrderSIM is a SIM for an order.
type OrderSIM struct {
	SIM string `json:"sim" pattern:"^[0-9]{18,22}$" patternDescription:"the number of a SIM card" doc:"ICCID of a free SIM of the account."`
}

func (s *server) connectSIM(ctx context.Context, in *struct {
	OrderPath
	Match
	Body OrderSIM
}) (*Row[Order], error) {
	return s.onOrder(ctx, &in.OrderPath, in.Match, "connect-sim", func(tx *store.Tx, _ *store.Account, o *store.Order, day orders.Date) error {
		return tx.ConnectSIM(ctx, o, in.Body.SIM, who(ctx).actor(), day)
	})
}

// OrderBilling is since when an order is invoiced.
type OrderBilling struct {
	From string `json:"from" format:"date" doc:"First day that is invoiced; before the order begins: from then."`
}

func (s *server) startBilling(ctx context.Context, in *struct {
	OrderPath
	Match
	Body OrderBilling
}) (*Row[Order], error) {
	return s.onOrder(ctx, &in.OrderPath, in.Match, "start-billing", func(tx *store.Tx, _ *store.Account, o *store.Order, _ orders.Date) error {
		return tx.StartBilling(ctx, o, orders.Date(in.Body.From), who(ctx).actor())
	})
}

// OrderCredit is an amount that the customer gets back.
type OrderCredit struct {
	Name     string `json:"name" minLength:"1" maxLength:"200" doc:"What it is for, as on the invoice."`
	Amount   string `json:"amount" pattern:"^[0-9]{1,7}(\\.[0-9]{1,6})?$" patternDescription:"an amount such as 12.50"`
	Currency string `json:"currency" required:"false" default:"EUR" pattern:"^[A-Z]{3}$" patternDescription:"a currency such as EUR"`
	Date     string `json:"date" format:"date" doc:"Of the invoice line."`
}

// Resolve checks the name.
func (c *OrderCredit) Resolve(huma.Context) []error { return errorsOf(text("name", c.Name)) }

func (s *server) addCredit(ctx context.Context, in *struct {
	OrderPath
	Match
	Body OrderCredit
}) (*Row[Order], error) {
	b := &in.Body
	return s.onOrder(ctx, &in.OrderPath, in.Match, "add-credit", func(tx *store.Tx, _ *store.Account, o *store.Order, _ orders.Date) error {
		amount, err := orders.ParseMicros(b.Amount)
		if err != nil || amount == 0 {
			return invalid(field("amount", "must be an amount such as 12.50, and not nothing"))
		}
		return tx.AddCredit(ctx, o, b.Name, amount, b.Currency, orders.Date(b.Date), who(ctx).actor())
	})
}
