package orders

import (
	"fmt"
	"slices"

	"callplane/dialplan"
)

// ItemType is what an item of the price list is.
type ItemType string

// Types of items.
const (
	ItemUser      ItemType = "user"      // a user extension, and the voice product of one with a SIM
	ItemExtension ItemType = "extension" // a functional extension
	ItemData      ItemType = "data"      // mobile data, with a SIM
	ItemSMS       ItemType = "sms"       // SMS, with a SIM
	ItemAddOn     ItemType = "addon"
)

// Price is charged once and each month.
type Price struct{ Once, Monthly Micros }

// Item is a line of the price list.
type Item struct {
	Code, Portfolio, Name string
	Type                  ItemType
	// User is the product of an ItemUser, Extension the kind of an ItemExtension.
	User      dialplan.Product
	Extension dialplan.Kind
	// For are the products of users with which data, SMS and add-ons can be ordered, ForExtensions the kinds of functional
	// extensions for add-ons. With neither it is for every user.
	For           []dialplan.Product
	ForExtensions []dialplan.Kind
	// Countries of accounts that can order it; empty: all.
	Countries []dialplan.Country
	Enabled   bool
	Currency  string
	// Sales is what the customer pays, Purchase what the reseller pays.
	Sales, Purchase Price
}

// Mobile tells whether a user of this product has a SIM.
func Mobile(p dialplan.Product) bool {
	return p == dialplan.ProductAdvanced || p == dialplan.ProductProfessional || p == dialplan.ProductExpert
}

// Offered tells whether accounts of a country can order the item.
func (i *Item) Offered(c dialplan.Country) bool {
	return i.Enabled && (len(i.Countries) == 0 || slices.Contains(i.Countries, c))
}

// with tells whether the item can be ordered together with a product.
func (i *Item) with(product *Item) bool {
	switch i.Type {
	case ItemData, ItemSMS:
		return Mobile(product.User) && (len(i.For) == 0 || slices.Contains(i.For, product.User))
	case ItemAddOn:
		if product.Type == ItemUser {
			return len(i.For)+len(i.ForExtensions) == 0 || slices.Contains(i.For, product.User)
		}
		return slices.Contains(i.ForExtensions, product.Extension)
	}
	return false
}

// Catalogue is the price list by code.
type Catalogue map[string]*Item

// NewCatalogue makes it of a list.
func NewCatalogue(list []Item) Catalogue {
	c := make(Catalogue, len(list))
	for i := range list {
		c[list[i].Code] = &list[i]
	}
	return c
}

// Wrong says what is wrong with a field.
type Wrong struct{ Field, Reason string }

// Selection is what is ordered of the price list.
type Selection struct {
	Portfolio string   `json:"portfolio"`
	Product   string   `json:"product"`
	Data      string   `json:"data,omitempty"`
	SMS       string   `json:"sms,omitempty"`
	AddOns    []string `json:"add_ons,omitempty"`
}

// Codes of all that is selected.
func (s *Selection) Codes() []string {
	out := []string{s.Product}
	for _, code := range []string{s.Data, s.SMS} {
		if code != "" {
			out = append(out, code)
		}
	}
	return append(out, s.AddOns...)
}

// Check finds what an account of a country can't order. product is nil when there is no such product.
func (s *Selection) Check(c Catalogue, country dialplan.Country) (product *Item, wrong []Wrong) {
	product = c[s.Product]
	if product == nil || !product.Offered(country) || product.Type != ItemUser && product.Type != ItemExtension {
		return nil, []Wrong{{"product", "there is no such product to order"}}
	}
	if product.Portfolio != s.Portfolio {
		return product, []Wrong{{"portfolio", "product " + s.Product + " is of portfolio " + product.Portfolio}}
	}
	check := func(field, code string, t ItemType) {
		switch i := c[code]; {
		case i == nil || !i.Offered(country) || i.Type != t || i.Portfolio != s.Portfolio:
			wrong = append(wrong, Wrong{field, "there is no such thing to order"})
		case !i.with(product):
			wrong = append(wrong, Wrong{field, i.Name + " can't be ordered with " + product.Name})
		}
	}
	if s.Data != "" {
		check("data", s.Data, ItemData)
	}
	if s.SMS != "" {
		check("sms", s.SMS, ItemSMS)
	}
	seen := map[string]bool{}
	for n, code := range s.AddOns {
		field := fmt.Sprintf("add_ons[%d]", n)
		if seen[code] {
			wrong = append(wrong, Wrong{field, "is there twice"})
			continue
		}
		seen[code] = true
		check(field, code, ItemAddOn)
	}
	return product, wrong
}
