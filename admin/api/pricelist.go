package api

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/orders"
	"callplane/store"
)

// PriceItem is what can be ordered, as accounts see it.
type PriceItem struct {
	Code          string   `json:"code"`
	Portfolio     string   `json:"portfolio"`
	Name          string   `json:"name"`
	Type          string   `json:"type" enum:"user,extension,data,sms,addon"`
	Product       string   `json:"product,omitempty" enum:",starter,advanced,professional,expert" doc:"Of type user."`
	Mobile        bool     `json:"mobile,omitempty" doc:"It comes with a SIM."`
	Kind          string   `json:"kind,omitempty" doc:"Of extension, with type extension."`
	ForProducts   []string `json:"for_products,omitempty" doc:"Products of users with which it can be ordered. With neither this nor for_extensions: all."`
	ForExtensions []string `json:"for_extensions,omitempty" doc:"Kinds of functional extensions with which it can be ordered."`
	Currency      string   `json:"currency"`
	Once          string   `json:"once" doc:"Decimal number."`
	Monthly       string   `json:"monthly" doc:"Decimal number."`
}

// PriceItemInput is an item of the price list as operators write it.
type PriceItemInput struct {
	Portfolio       string   `json:"portfolio" minLength:"1" maxLength:"100"`
	Name            string   `json:"name" minLength:"1" maxLength:"200"`
	Type            string   `json:"type" enum:"user,extension,data,sms,addon"`
	Product         string   `json:"product,omitempty" enum:",starter,advanced,professional,expert" doc:"With type user."`
	Kind            string   `json:"kind,omitempty" enum:",group,ivr,forward,auto_answer,time,limit,location,authentication,picker,queue,voicemail,ai" doc:"With type extension."`
	ForProducts     []string `json:"for_products,omitempty" maxItems:"4" enum:"starter,advanced,professional,expert"`
	ForExtensions   []string `json:"for_extensions,omitempty" maxItems:"20" enum:"group,ivr,forward,auto_answer,time,limit,location,authentication,picker,queue,voicemail,ai"`
	Countries       []string `json:"countries,omitempty" maxItems:"10" enum:"NL,DE,ES,LV" doc:"Of accounts that can order it; empty: all."`
	Enabled         *bool    `json:"enabled,omitempty" default:"true" doc:"It can be ordered."`
	Currency        string   `json:"currency" required:"false" default:"EUR" pattern:"^[A-Z]{3}$" patternDescription:"a currency such as EUR"`
	SalesOnce       string   `json:"sales_once" required:"false" default:"0" pattern:"^[0-9]{1,7}(\\.[0-9]{1,6})?$" patternDescription:"an amount such as 12.50" doc:"What the customer pays when it begins."`
	SalesMonthly    string   `json:"sales_monthly" required:"false" default:"0" pattern:"^[0-9]{1,7}(\\.[0-9]{1,6})?$" patternDescription:"an amount such as 12.50" doc:"What the customer pays each month."`
	PurchaseOnce    string   `json:"purchase_once" required:"false" default:"0" pattern:"^[0-9]{1,7}(\\.[0-9]{1,6})?$" patternDescription:"an amount such as 12.50" doc:"What the reseller pays when it begins."`
	PurchaseMonthly string   `json:"purchase_monthly" required:"false" default:"0" pattern:"^[0-9]{1,7}(\\.[0-9]{1,6})?$" patternDescription:"an amount such as 12.50" doc:"What the reseller pays each month."`
	Position        int      `json:"position,omitempty" minimum:"0" maximum:"10000" doc:"Its place in lists."`
}

// Resolve checks what one field alone can't tell.
func (p *PriceItemInput) Resolve(huma.Context) []error {
	errs := append(text("portfolio", p.Portfolio), text("name", p.Name)...)
	if (p.Type == "user") != (p.Product != "") {
		errs = append(errs, field("product", "belongs to type user"))
	}
	if (p.Type == "extension") != (p.Kind != "") {
		errs = append(errs, field("kind", "belongs to type extension"))
	}
	return errorsOf(errs)
}

// PriceListItem is an item of the price list with all prices.
type PriceListItem struct {
	Code string `json:"code"`
	PriceItemInput
}

func priceListItemOf(i *store.PriceItem) PriceListItem {
	return PriceListItem{Code: i.Code, PriceItemInput: PriceItemInput{Portfolio: i.Portfolio, Name: i.Name, Type: string(i.Type), Product: string(i.User),
		Kind: string(i.Extension), ForProducts: texts(i.For), ForExtensions: texts(i.ForExtensions), Countries: texts(i.Countries), Enabled: ptr(i.Enabled), Currency: i.Currency,
		SalesOnce: i.Sales.Once.String(), SalesMonthly: i.Sales.Monthly.String(), PurchaseOnce: i.Purchase.Once.String(),
		PurchaseMonthly: i.Purchase.Monthly.String(), Position: i.Position}}
}

func texts[T ~string](in []T) []string { return each(in, func(x T) string { return string(x) }) }

// Tariff is what calls to numbers with a prefix cost.
type Tariff struct {
	Prefix    string `json:"prefix" pattern:"^\\+[0-9]{0,14}$" patternDescription:"the begin of a number in E.164, such as +316" doc:"The longest one decides."`
	Name      string `json:"name" minLength:"1" maxLength:"200" doc:"Of the destination."`
	Currency  string `json:"currency" required:"false" default:"EUR" pattern:"^[A-Z]{3}$" patternDescription:"a currency such as EUR"`
	PerCall   string `json:"per_call" required:"false" default:"0" pattern:"^[0-9]{1,7}(\\.[0-9]{1,6})?$" patternDescription:"an amount such as 0.05"`
	PerMinute string `json:"per_minute" required:"false" default:"0" pattern:"^[0-9]{1,7}(\\.[0-9]{1,6})?$" patternDescription:"an amount such as 0.0375"`
	First     int    `json:"first" required:"false" default:"1" minimum:"1" maximum:"3600" doc:"Seconds that are charged at least."`
	Step      int    `json:"step" required:"false" default:"1" minimum:"1" maximum:"3600" doc:"Seconds to which what is more is rounded up."`
}

// Tariffs are all of them.
type Tariffs struct {
	Items []Tariff `json:"items" maxItems:"20000"`
}

// Resolve checks the whole.
func (t *Tariffs) Resolve(huma.Context) []error {
	var errs []*huma.ErrorDetail
	seen := map[string]bool{}
	for i, x := range t.Items {
		at := fmt.Sprintf("items[%d].", i)
		if seen[x.Prefix] {
			errs = append(errs, field(at+"prefix", x.Prefix+" is there twice"))
		}
		seen[x.Prefix] = true
		errs = append(errs, text(at+"name", x.Name)...)
		for name, v := range map[string]string{"per_call": x.PerCall, "per_minute": x.PerMinute} {
			if _, err := orders.ParseMicros(v); err != nil {
				errs = append(errs, field(at+name, "is too much"))
			}
		}
	}
	return errorsOf(errs)
}

func (s *server) priceList(api huma.API) {
	const tag = "orders"
	register(s, api, scopeAccount, op("list-products", http.MethodGet, "/accounts/{account}/products", tag, "List what the account can order, and at what price"), s.listProducts)
	register(s, api, scopePlatform, also(op("list-price-list", http.MethodGet, "/price-list", tag, "List the price list with sales and purchase prices"), store.RolePartner), s.listPriceList)
	register(s, api, scopePlatform, also(op("get-price-item", http.MethodGet, "/price-list/{item}", tag, "Get an item of the price list"), store.RolePartner), s.getPriceItem)
	register(s, api, scopePlatform, op("set-price-item", http.MethodPut, "/price-list/{item}", tag, "Make or replace an item of the price list; orders keep their prices"), s.setPriceItem)
	register(s, api, scopePlatform, also(op("list-tariffs", http.MethodGet, "/tariffs", tag, "List what calls cost by prefix"), store.RolePartner), s.listTariffs)
	tariffs := op("set-tariffs", http.MethodPut, "/tariffs", tag, "Replace what calls cost")
	tariffs.MaxBodyBytes = 8 << 20
	register(s, api, scopePlatform, tariffs, s.setTariffs)
}

func (s *server) listProducts(ctx context.Context, in *AccountPath) (*struct{ Body Page[PriceItem] }, error) {
	out := &struct{ Body Page[PriceItem] }{Body: Page[PriceItem]{Items: []PriceItem{}}}
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		list, err := tx.PriceList(ctx)
		for _, i := range list {
			if i.Offered(a.Country) {
				out.Body.Items = append(out.Body.Items, PriceItem{Code: i.Code, Portfolio: i.Portfolio, Name: i.Name, Type: string(i.Type), Product: string(i.User),
					Mobile: orders.Mobile(i.User), Kind: string(i.Extension), ForProducts: texts(i.For), ForExtensions: texts(i.ForExtensions), Currency: i.Currency,
					Once: i.Sales.Once.String(), Monthly: i.Sales.Monthly.String()})
			}
		}
		out.Body.Total = len(out.Body.Items)
		return err
	})
	return out, err
}

func (s *server) listPriceList(ctx context.Context, _ *struct{}) (*struct{ Body Page[PriceListItem] }, error) {
	out := &struct{ Body Page[PriceListItem] }{Body: Page[PriceListItem]{Items: []PriceListItem{}}}
	err := s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		list, err := tx.PriceList(ctx)
		for i := range list {
			out.Body.Items = append(out.Body.Items, priceListItemOf(&list[i]))
		}
		out.Body.Total = len(list)
		return err
	})
	return out, err
}

// ItemPath is in the path of an item of the price list.
type ItemPath struct {
	Item string `path:"item" pattern:"^[a-z0-9][a-z0-9-]{0,39}$" patternDescription:"a code: lower-case letters, digits and -" doc:"Its code."`
}

func (s *server) getPriceItem(ctx context.Context, in *ItemPath) (out *Row[PriceListItem], err error) {
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		list, err := tx.PriceList(ctx)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Code == in.Item {
				out = row(list[i].Revision, priceListItemOf(&list[i]))
				return nil
			}
		}
		return &store.NotFound{Entity: "price item", Key: in.Item}
	})
}

func (s *server) setPriceItem(ctx context.Context, in *struct {
	ItemPath
	Match
	New  string `header:"If-None-Match" enum:"*" doc:"*: only when there is no such item yet; else it is refused (409)."`
	Body PriceItemInput
}) (*Row[PriceListItem], error) {
	var out *Row[PriceListItem]
	b := &in.Body
	err := s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		list, err := tx.PriceList(ctx)
		if err != nil {
			return err
		}
		var before any
		action, revision := actionCreate, int64(0)
		for i := range list {
			if list[i].Code == in.Item {
				before, action, revision = priceListItemOf(&list[i]), actionUpdate, list[i].Revision
			}
		}
		if in.New != "" && before != nil {
			return problem(http.StatusConflict, "code is already in use", &huma.ErrorDetail{Location: "path.item", Message: "is already in use"})
		}
		if revision, err = in.revision(revision); err != nil {
			return err
		}
		item := &store.PriceItem{Revision: revision, Position: b.Position, Item: orders.Item{Code: in.Item, Portfolio: b.Portfolio, Name: b.Name, Type: orders.ItemType(b.Type),
			User: dialplan.Product(b.Product), Extension: dialplan.Kind(b.Kind), Enabled: *b.Enabled, Currency: b.Currency,
			For:           each(b.ForProducts, func(s string) dialplan.Product { return dialplan.Product(s) }),
			ForExtensions: each(b.ForExtensions, func(s string) dialplan.Kind { return dialplan.Kind(s) }),
			Countries:     each(b.Countries, func(s string) dialplan.Country { return dialplan.Country(s) })}}
		var errs []*huma.ErrorDetail
		for name, p := range map[string]struct {
			from string
			to   *orders.Micros
		}{"sales_once": {b.SalesOnce, &item.Sales.Once}, "sales_monthly": {b.SalesMonthly, &item.Sales.Monthly},
			"purchase_once": {b.PurchaseOnce, &item.Purchase.Once}, "purchase_monthly": {b.PurchaseMonthly, &item.Purchase.Monthly}} {
			if *p.to, err = orders.ParseMicros(p.from); err != nil {
				errs = append(errs, field(name, "is too much"))
			}
		}
		if len(errs) > 0 {
			return invalid(errs...)
		}
		if err := tx.PutPriceItem(ctx, item); err != nil {
			return err
		}
		after := priceListItemOf(item)
		out = row(item.Revision, after)
		return s.record(ctx, tx, 0, action, "price item", in.Item, before, after)
	})
	return out, err
}

func tariffsOf(list []orders.Tariff) Tariffs {
	out := Tariffs{Items: []Tariff{}}
	for _, t := range list {
		out.Items = append(out.Items, Tariff{t.Prefix, t.Name, t.Currency, t.Call.String(), t.Minute.String(), int(t.First / time.Second), int(t.Step / time.Second)})
	}
	return out
}

// tariffsRow has an ETag of what is in it: tariffs are one thing without a revision of their own.
func tariffsRow(list []orders.Tariff) *Row[Tariffs] {
	h := fnv.New64a()
	for _, t := range list {
		fmt.Fprintf(h, "%+v\n", t)
	}
	return row(max(1, int64(h.Sum64()>>1)), tariffsOf(list))
}

func (s *server) listTariffs(ctx context.Context, _ *struct{}) (out *Row[Tariffs], err error) {
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		list, err := tx.ListTariffs(ctx)
		out = tariffsRow(list)
		return err
	})
}

func (s *server) setTariffs(ctx context.Context, in *struct {
	Match
	Body Tariffs
}) (out *Row[Tariffs], err error) {
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		if err := tx.LockTariffs(ctx); err != nil {
			return err
		}
		before, err := tx.ListTariffs(ctx)
		if err != nil {
			return err
		}
		was := tariffsRow(before)
		if in.IfMatch != "" && in.IfMatch != "*" && in.IfMatch != was.ETag {
			return problem(http.StatusPreconditionFailed, "the tariffs have changed")
		}
		list := make([]orders.Tariff, 0, len(in.Body.Items))
		for _, t := range in.Body.Items {
			call, _ := orders.ParseMicros(t.PerCall) // checked by Resolve
			minute, _ := orders.ParseMicros(t.PerMinute)
			list = append(list, orders.Tariff{Prefix: t.Prefix, Name: t.Name, Currency: t.Currency, Call: call, Minute: minute,
				First: time.Duration(t.First) * time.Second, Step: time.Duration(t.Step) * time.Second})
		}
		if err := tx.SetTariffs(ctx, list); err != nil {
			return err
		}
		if list, err = tx.ListTariffs(ctx); err != nil {
			return err
		}
		out = tariffsRow(list)
		return s.record(ctx, tx, 0, actionUpdate, "tariffs", "all", was.Body, out.Body)
	})
}
