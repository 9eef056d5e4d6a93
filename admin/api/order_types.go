package api

import (
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/orders"
	"callplane/store"
)

// OrderPath is in the path of an order.
type OrderPath struct {
	AccountPath
	Order int64 `path:"order" minimum:"1" doc:"Its id; the number of an order is the id with leading zeros."`
}

// OrderSelection is what is ordered of the price list.
type OrderSelection struct {
	Portfolio string   `json:"portfolio" minLength:"1" maxLength:"100"`
	Product   string   `json:"product" minLength:"1" maxLength:"40" doc:"Code of a user or functional extension in the price list."`
	Data      string   `json:"data,omitempty" maxLength:"40" doc:"Code of the data product of a user with a SIM; empty: none."`
	SMS       string   `json:"sms,omitempty" maxLength:"40" doc:"Code of the SMS product of a user with a SIM; empty: none."`
	AddOns    []string `json:"add_ons,omitempty" maxItems:"50" doc:"Codes of add-ons."`
}

func (s *OrderSelection) selection() orders.Selection {
	return orders.Selection{Portfolio: s.Portfolio, Product: s.Product, Data: s.Data, SMS: s.SMS, AddOns: s.AddOns}
}

func selectionOf(s *orders.Selection) OrderSelection {
	return OrderSelection{Portfolio: s.Portfolio, Product: s.Product, Data: s.Data, SMS: s.SMS, AddOns: s.AddOns}
}

// wrongs are errors of rules as errors of fields.
func wrongs(list []orders.Wrong) (out []*huma.ErrorDetail) {
	for _, w := range list {
		out = append(out, field(w.Field, w.Reason))
	}
	return out
}

// OrderSubscriber is who a user's order is for.
type OrderSubscriber struct {
	FirstName string `json:"first_name,omitempty" maxLength:"100"`
	Prefix    string `json:"prefix,omitempty" maxLength:"40"`
	LastName  string `json:"last_name,omitempty" maxLength:"100"`
	Email     string `json:"email,omitempty" maxLength:"254" pattern:"^([^@\\s]+@[^@\\s]+)?$" patternDescription:"an e-mail address"`
}

// OrderInput is an order as it is placed, all at once.
type OrderInput struct {
	OrderSelection
	Start          string          `json:"start" format:"date" doc:"Day on which it begins, in the account's time zone: today or later."`
	Reference      string          `json:"reference,omitempty" maxLength:"100"`
	Extension      OrderExtension  `json:"extension"`
	Subscriber     OrderSubscriber `json:"subscriber,omitempty"`
	ContractMonths int             `json:"contract_months,omitempty" enum:"0,1,12,24,36" doc:"Contract duration of a user with a SIM."`
	SIM            string          `json:"sim,omitempty" pattern:"^([0-9]{18,22})?$" patternDescription:"the number of a SIM card" doc:"ICCID of a free SIM of the account; empty: it is connected later, and until then the order does not begin."`
	NumberType     string          `json:"number_type,omitempty" enum:",new,ported" doc:"new: phone_number is a free number of the account; ported: it comes from another provider."`
	PhoneNumber    string          `json:"phone_number,omitempty" pattern:"^(\\+[1-9][0-9]{4,14})?$" patternDescription:"an E.164 number such as +31612345678"`
	Billing        *bool           `json:"billing,omitempty" default:"true" doc:"Invoice lines are made by themselves. Without, billing is started by hand; only operators and partners can order so."`
}

// Resolve checks what one field alone can't tell.
func (o *OrderInput) Resolve(huma.Context) []error {
	errs := text("reference", o.Reference)
	for name, value := range map[string]string{"first_name": o.Subscriber.FirstName, "prefix": o.Subscriber.Prefix, "last_name": o.Subscriber.LastName} {
		errs = append(errs, text("subscriber."+name, value)...)
	}
	if (o.NumberType == "") != (o.PhoneNumber == "") {
		errs = append(errs, field("phone_number", "number_type and phone_number belong together"))
	}
	errs = append(errs, o.Extension.problems()...)
	return errorsOf(errs)
}

// Order is an order as it is read.
type Order struct {
	ID     int64  `json:"id"`
	Number string `json:"number" doc:"As people read it."`
	Status string `json:"status" enum:"planned,waiting,active,ended" doc:"planned: it begins on start; waiting: it is to have begun, and its SIM is not connected."`
	OrderSelection
	ProductName    string          `json:"product_name"`
	UserProduct    string          `json:"user_product,omitempty" enum:",starter,advanced,professional,expert"`
	Kind           string          `json:"kind" doc:"Of its extension."`
	Extension      string          `json:"extension" doc:"Number that its extension has, or had."`
	Name           string          `json:"name"`
	There          bool            `json:"there" doc:"The extension exists."`
	Subscriber     OrderSubscriber `json:"subscriber"`
	Reference      string          `json:"reference,omitempty"`
	ContractMonths int             `json:"contract_months,omitempty"`
	ContractEnd    string          `json:"contract_end,omitempty" format:"date"`
	NumberType     string          `json:"number_type,omitempty"`
	PhoneNumber    string          `json:"phone_number,omitempty"`
	NeedsSIM       bool            `json:"needs_sim"`
	SIM            string          `json:"sim,omitempty" doc:"ICCID."`
	Start          string          `json:"start" format:"date"`
	End            string          `json:"end,omitempty" format:"date" doc:"First day without it, planned or past."`
	Billing        bool            `json:"billing"`
	BilledFrom     string          `json:"billed_from,omitempty" format:"date"`
	Created        time.Time       `json:"created"`
	CreatedBy      string          `json:"created_by"`
}

func orderOf(o *store.Order, today orders.Date) Order {
	out := Order{ID: o.ID, Number: store.OrderNumber(o.ID), Status: string(o.Standing().Status(today)), OrderSelection: selectionOf(&o.Selection),
		ProductName: o.ProductName, UserProduct: string(o.User), Kind: string(o.Kind), Extension: o.Number, Name: o.Name, There: o.ExtensionID != 0,
		Subscriber: OrderSubscriber(o.Subscriber), Reference: o.Reference, ContractMonths: o.ContractMonths, NumberType: o.NumberType, PhoneNumber: o.E164,
		NeedsSIM: o.NeedsSIM, SIM: o.SIM, Start: string(o.Start), End: string(o.End), Billing: o.Billing, BilledFrom: string(o.BilledFrom),
		Created: o.Created, CreatedBy: o.CreatedBy}
	if o.ContractMonths > 0 {
		out.ContractEnd = string(o.Start.AddMonths(o.ContractMonths))
	}
	return out
}

// OrderExtension is the extension that an order is for: one that is there, or a new one.
type OrderExtension struct {
	Existing     string `json:"existing,omitempty" pattern:"^([0-9]{2,5})?$" patternDescription:"an extension number" doc:"Number of an extension that has no order; empty: a new one is made."`
	Number       string `json:"number,omitempty" pattern:"^([0-9]{2,5})?$" patternDescription:"2 to 5 digits" doc:"Of a new one; empty: the next that is available."`
	Name         string `json:"name,omitempty" maxLength:"200"`
	PIN          string `json:"pin,omitempty" pattern:"^([0-9]{4,10})?$" patternDescription:"4 to 10 digits" writeOnly:"true" doc:"Of a user, at first 0000, which must be changed at the first login; of a voicemail extension 4 digits."`
	AreaCode     string `json:"area_code,omitempty" pattern:"^[0-9]{0,6}$" patternDescription:"up to 6 digits" doc:"Of a user; empty: the account's."`
	Language     string `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Empty: the account's."`
	CallLimit    int    `json:"call_limit,omitempty" minimum:"0" maximum:"10000" doc:"How many callers may wait in a queue, or calls go through a call limit; 0: no limit."`
	URI          string `json:"uri,omitempty" maxLength:"400" pattern:"^(sips?:[!-~]{1,390})?$" patternDescription:"a SIP URI such as sip:bot@bots.example" doc:"SIP address of an AI extension's bot."`
	Destination  string `json:"destination,omitempty" pattern:"^([+0-9*#][0-9*#]{0,31})?$" patternDescription:"an extension or external number" doc:"Where calls go that nothing else decides: of routing extensions, a call limit and a forward."`
	Announcement string `json:"announcement,omitempty" pattern:"^([a-z0-9][a-z0-9_.-]{0,99})?$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Media key of what an auto-answer plays."`
}

func (e *OrderExtension) problems() []*huma.ErrorDetail {
	errs := text("extension.name", e.Name)
	if e.Existing != "" && (e.Number != "" || e.PIN != "" || e.Name != "") {
		errs = append(errs, field("extension.existing", "an extension that is there keeps its number, name and PIN"))
	}
	return errs
}

// input is the extension as it would be made by itself.
func (e *OrderExtension) input(kind dialplan.Kind) *ExtensionInput {
	in := &ExtensionInput{Number: e.Number, Name: e.Name, Kind: string(kind)}
	switch kind {
	case dialplan.KindUser:
		in.User = &UserConfig{PIN: e.PIN, AreaCode: e.AreaCode, Language: e.Language}
	case dialplan.KindGroup:
		in.Group = &GroupConfig{ForwardCallerID: "calling"}
	case dialplan.KindIVR:
		in.IVR = &IVRConfig{Language: e.Language, MaxDigits: 1, Tries: 3, FirstDigit: 5, InterDigit: 3, Fallback: e.Destination}
	case dialplan.KindQueue:
		in.Queue = &QueueConfig{Access: "open", Language: e.Language, Strategy: "longest_idle", Interval: 60, RingTimeout: 20, Music: ptr(true), ServiceLevel: 20, CallLimit: e.CallLimit}
	case dialplan.KindAI:
		in.AI = &AIConfig{URI: e.URI, Language: e.Language, Answer: 15, Fallback: e.Destination}
	case dialplan.KindVoicemail:
		in.Voicemail = &VoicemailConfig{PIN: e.PIN, Language: e.Language}
	case dialplan.KindTime:
		in.Time = &TimeConfig{Failover: e.Destination}
	case dialplan.KindLimit:
		in.Limit = &LimitConfig{Calls: max(e.CallLimit, 1), Within: e.Destination, CallerID: "calling"}
	case dialplan.KindLocation:
		in.Location = &LocationConfig{By: "caller", Language: e.Language, Tries: 3, Fallback: e.Destination}
	case dialplan.KindAuthentication:
		in.Authentication = &AuthenticationConfig{By: "caller", Language: e.Language, Fallback: e.Destination}
	case dialplan.KindPicker:
		in.Picker = &PickerConfig{Language: e.Language, Timeout: 5, Fallback: e.Destination}
	case dialplan.KindForward:
		in.Forward = &ForwardConfig{Number: e.Destination, CallerID: "calling"}
	case dialplan.KindAutoAnswer:
		in.AutoAnswer = &AutoAnswerConfig{Announcement: e.Announcement, Language: e.Language}
	}
	return in
}

// orderFields are the fields of an order in which those of a new extension are filled in.
var orderFields = map[string][]string{
	"number": {"number"}, "name": {"name"}, "pin": {"user.pin", "voicemail.pin"}, "call_limit": {"queue.call_limit", "limit.calls"}, "uri": {"ai.uri"},
	"destination":  {"ivr.fallback", "ai.fallback", "time.failover", "limit.within", "location.fallback", "authentication.fallback", "picker.fallback", "forward.number"},
	"announcement": {"auto_answer.announcement", "announcement"},
}

// orderField is where an error about a field of the extension belongs.
func orderField(name string) string {
	for to, from := range orderFields {
		if slices.Contains(from, name) {
			return "extension." + to
		}
	}
	return name
}
