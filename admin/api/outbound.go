package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// Outbound is what people of an account may call and from where.
type Outbound struct {
	Barred    []string       `json:"barred,omitempty" maxItems:"50" doc:"Categories of numbers that nobody of the account may call; those of the account's country."`
	IPListing bool           `json:"ip_listing,omitempty" doc:"Phones dial out only from where their user logged in and from allowed addresses. For accounts in the Netherlands."`
	Allowed   []AddressRange `json:"allowed_addresses,omitempty" maxItems:"500"`
	// Categories are there for forms.
	Categories []string `json:"categories,omitempty" readOnly:"true" doc:"All categories of the country."`
}

// AddressRange is one address, or several that follow each other.
type AddressRange struct {
	First       string `json:"first" pattern:"^[0-9A-Fa-f:.]{2,45}$" patternDescription:"an IP address"`
	Last        string `json:"last,omitempty" pattern:"^([0-9A-Fa-f:.]{2,45})?$" patternDescription:"an IP address" doc:"Empty: first only. A range has at most 256 addresses."`
	Description string `json:"description,omitempty" maxLength:"200"`
}

// UserOutbound is what a user may not call, and the numbers a user can choose to show.
type UserOutbound struct {
	Barred    []string   `json:"barred,omitempty" maxItems:"50" doc:"Categories that the user may not call, besides the account's."`
	CallerIDs []CallerID `json:"caller_ids,omitempty" maxItems:"9" doc:"Dynamic caller IDs: #32# or 132 before a number shows the one with code 2."`
}

// CallerID is a number that a code shows.
type CallerID struct {
	Code   string `json:"code" enum:"0,2,3,4,5,6,7,8,9"`
	Number string `json:"number" pattern:"^\\+[1-9][0-9]{4,14}$" patternDescription:"an E.164 number such as +31201234567" doc:"A number of the account."`
}

// UserPath is in the path of what belongs to a user.
type UserPath struct {
	AccountPath
	User string `path:"user" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"Number of the user extension."`
}

// LoginAddress is where the phone of a channel was when its user logged in.
type LoginAddress struct {
	Address string `json:"address" required:"false" pattern:"^([0-9A-Fa-f:.]{2,45})?$" patternDescription:"an IP address" doc:"Empty: unknown; with IP listing the user has to log in again before dialling out."`
}

// ranges reads the list of addresses and says which are wrong.
func (o *Outbound) ranges() (out []dialplan.AddressRange, errs []*huma.ErrorDetail) {
	for i, in := range o.Allowed {
		at := fmt.Sprintf("allowed_addresses[%d].", i)
		errs = append(errs, text(at+"description", in.Description)...)
		r := dialplan.AddressRange{Description: in.Description}
		var err error
		if r.First, err = netip.ParseAddr(in.First); err != nil {
			errs = append(errs, field(at+"first", "must be an IP address"))
			continue
		}
		r.Last = r.First
		if in.Last != "" {
			if r.Last, err = netip.ParseAddr(in.Last); err != nil {
				errs = append(errs, field(at+"last", "must be an IP address"))
				continue
			}
		}
		if err := r.Check(); err != nil {
			errs = append(errs, field(at+"last", err.Error()))
		}
		out = append(out, r)
	}
	return out, errs
}

// barredIn reads categories, which must be the country's.
func barredIn(c dialplan.Country, in []string) (out []dialplan.BarringCategory, errs []*huma.ErrorDetail) {
	for i, s := range in {
		cat := dialplan.BarringCategory(s)
		if !slices.Contains(c.BarringCategories(), cat) {
			errs = append(errs, field(fmt.Sprintf("barred[%d]", i), "is no category of country "+string(c)))
		}
		out = append(out, cat)
	}
	return out, errs
}

func namesOf(in []dialplan.BarringCategory) (out []string) {
	for _, c := range in {
		out = append(out, string(c))
	}
	return out
}

func outboundOf(o *store.Outbound, c dialplan.Country) Outbound {
	out := Outbound{Barred: namesOf(o.Barred), IPListing: o.IPListing, Categories: namesOf(c.BarringCategories())}
	for _, r := range o.Allowed {
		x := AddressRange{First: r.First.String(), Description: r.Description}
		if r.Last != r.First {
			x.Last = r.Last.String()
		}
		out.Allowed = append(out.Allowed, x)
	}
	return out
}

func userOutboundOf(o *store.UserOutbound) UserOutbound {
	out := UserOutbound{Barred: namesOf(o.Barred)}
	for _, code := range slices.Sorted(maps.Keys(o.CallerIDs)) {
		out.CallerIDs = append(out.CallerIDs, CallerID{Code: code, Number: o.CallerIDs[code]})
	}
	return out
}

func (s *server) outbound(api huma.API) {
	const tag = "outbound"
	const account, user = "/accounts/{account}/outbound", "/accounts/{account}/users/{user}/outbound"
	const address = "/accounts/{account}/channels/{channel}/login-address"
	register(s, api, scopeAccount, op("get-outbound", http.MethodGet, account, tag, "Get what the account's people may call"), s.getOutbound)
	register(s, api, scopeAccount, op("update-outbound", http.MethodPut, account, tag, "Replace what the account's people may call"), s.updateOutbound)
	register(s, api, scopeAccount, op("get-user-outbound", http.MethodGet, user, tag, "Get what a user may call and show"), s.getUserOutbound)
	register(s, api, scopeAccount, op("update-user-outbound", http.MethodPut, user, tag, "Replace what a user may call and show"), s.updateUserOutbound)
	register(s, api, scopeAccount, op("get-login-address", http.MethodGet, address, tag, "Get where the user of a channel logged in"), s.getLoginAddress)
	register(s, api, scopeAccount, op("update-login-address", http.MethodPut, address, tag, "Say where the phone of a channel is"), s.updateLoginAddress)
}

func (s *server) getOutbound(ctx context.Context, in *AccountPath) (*Row[Outbound], error) {
	var out *Row[Outbound]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		o, err := tx.ReadOutbound(ctx)
		if err != nil {
			return err
		}
		out = row(o.Revision, outboundOf(o, a.Country))
		return nil
	})
	return out, err
}

func (s *server) updateOutbound(ctx context.Context, in *struct {
	AccountPath
	Match
	Body Outbound
}) (*Row[Outbound], error) {
	var out *Row[Outbound]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		o, err := tx.ReadOutbound(ctx)
		if err != nil {
			return err
		}
		before := outboundOf(o, a.Country)
		barred, errs := barredIn(a.Country, in.Body.Barred)
		allowed, wrong := in.Body.ranges()
		errs = append(errs, wrong...)
		if in.Body.IPListing && a.Country != dialplan.NL {
			errs = append(errs, field("ip_listing", "is for accounts in the Netherlands"))
		}
		if len(errs) > 0 {
			return invalid(errs...)
		}
		o.Barred, o.IPListing, o.Allowed = barred, in.Body.IPListing, allowed
		if o.Revision, err = in.revision(o.Revision); err != nil {
			return err
		}
		if err := tx.SetOutbound(ctx, o); err != nil {
			return err
		}
		after := outboundOf(o, a.Country)
		out = row(o.Revision, after)
		return s.record(ctx, tx, a.ID, actionUpdate, "outbound", itoa(a.ID), before, after)
	})
	return out, err
}

func (s *server) getUserOutbound(ctx context.Context, in *UserPath) (*Row[UserOutbound], error) {
	var out *Row[UserOutbound]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		o, err := tx.ReadUserOutbound(ctx, in.User)
		if err != nil {
			return err
		}
		out = row(o.Revision, userOutboundOf(o))
		return nil
	})
	return out, err
}

// callerIDs reads the list, whose numbers must be the account's.
func (o *UserOutbound) callerIDs(ctx context.Context, tx *store.Tx) (map[string]string, []*huma.ErrorDetail, error) {
	out := make(map[string]string, len(o.CallerIDs))
	var errs []*huma.ErrorDetail
	for i, c := range o.CallerIDs {
		at := fmt.Sprintf("caller_ids[%d].", i)
		if out[c.Code] != "" {
			errs = append(errs, field(at+"code", c.Code+" is there twice"))
		}
		out[c.Code] = c.Number
		switch _, err := tx.ReadNumber(ctx, c.Number); {
		case isNotFound(err):
			errs = append(errs, field(at+"number", "is no number of the account"))
		case err != nil:
			return nil, nil, err
		}
	}
	return out, errs, nil
}

func (s *server) updateUserOutbound(ctx context.Context, in *struct {
	UserPath
	Match
	Body UserOutbound
}) (*Row[UserOutbound], error) {
	var out *Row[UserOutbound]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		o, err := tx.ReadUserOutbound(ctx, in.User)
		if err != nil {
			return err
		}
		before := userOutboundOf(o)
		barred, errs := barredIn(a.Country, in.Body.Barred)
		ids, wrong, err := in.Body.callerIDs(ctx, tx)
		if err != nil {
			return err
		}
		if errs = append(errs, wrong...); len(errs) > 0 {
			return invalid(errs...)
		}
		o.Barred, o.CallerIDs = barred, ids
		if o.Revision, err = in.revision(o.Revision); err != nil {
			return err
		}
		if err := tx.SetUserOutbound(ctx, in.User, o); err != nil {
			return err
		}
		after := userOutboundOf(o)
		out = row(o.Revision, after)
		return s.record(ctx, tx, a.ID, actionUpdate, "user outbound", in.User, before, after)
	})
	return out, err
}

func loginAddressOf(at netip.Addr) LoginAddress {
	if !at.IsValid() {
		return LoginAddress{}
	}
	return LoginAddress{Address: at.String()}
}

func (s *server) getLoginAddress(ctx context.Context, in *ChannelPath) (*struct{ Body LoginAddress }, error) {
	var out struct{ Body LoginAddress }
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		at, err := tx.LoginAddress(ctx, in.Channel)
		out.Body = loginAddressOf(at)
		return err
	})
	return &out, err
}

func (s *server) updateLoginAddress(ctx context.Context, in *struct {
	ChannelPath
	Body LoginAddress
}) (*struct{ Body LoginAddress }, error) {
	var out struct{ Body LoginAddress }
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		var at netip.Addr
		if in.Body.Address != "" {
			var err error
			if at, err = netip.ParseAddr(in.Body.Address); err != nil {
				return invalid(field("address", "must be an IP address"))
			}
		}
		before, err := tx.LoginAddress(ctx, in.Channel)
		if err != nil {
			return err
		}
		if err := tx.SetLoginAddress(ctx, in.Channel, at); err != nil {
			return err
		}
		out.Body = loginAddressOf(at.Unmap())
		return s.record(ctx, tx, a.ID, actionUpdate, "login address", in.Channel, loginAddressOf(before), out.Body)
	})
	return &out, err
}
