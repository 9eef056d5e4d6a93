package api

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"

	"callplane/store"
)

// AccountInput is an account as it is written.
type AccountInput struct {
	Name              string  `json:"name" minLength:"1" maxLength:"200"`
	Enabled           *bool   `json:"enabled" required:"false" default:"true" doc:"A disabled account takes no calls and places emergency calls only."`
	Country           string  `json:"country" enum:"NL,DE,ES,LV" doc:"Sets dialling rules and emergency numbers."`
	Language          string  `json:"language" required:"false" enum:",en,nl,de,es,lv" doc:"Of prompts; empty: the country's."`
	TimeZone          string  `json:"time_zone" required:"false" maxLength:"64" doc:"IANA name; empty: the country's."`
	ExtensionLength   int     `json:"extension_length" required:"false" minimum:"2" maximum:"5" default:"3" doc:"Digits of every extension; fixed as soon as there is one."`
	AreaCode          string  `json:"area_code,omitempty" pattern:"^[0-9]{0,6}$" patternDescription:"up to 6 digits" doc:"Without trunk prefix: 20 for Amsterdam."`
	CallerID          string  `json:"caller_id,omitempty" pattern:"^(\\+[1-9][0-9]{4,14})?$" patternDescription:"an E.164 number such as +31201234567"`
	EmergencyCallerID string  `json:"emergency_caller_id,omitempty" pattern:"^(\\+[1-9][0-9]{4,14})?$" patternDescription:"an E.164 number such as +31201234567" doc:"Shown by emergency calls when nothing closer to the caller is set. Changes of an account that has company numbers need it."`
	CallLimit         int     `json:"call_limit,omitempty" minimum:"0" maximum:"100000" doc:"Simultaneous calls; 0: no limit."`
	Partner           int64   `json:"partner,omitempty" minimum:"0" doc:"Id of the partner (reseller); 0: none. Only operators change it."`
	ParkTimeout       float64 `json:"park_timeout" required:"false" minimum:"1" maximum:"86400" default:"120" doc:"Seconds before a parked call comes back to who parked it."`
}

// Resolve checks the whole and fills in what the country decides.
func (a *AccountInput) Resolve(huma.Context) []error {
	errs := text("name", a.Name)
	if rules, err := dialplan.Country(a.Country).Rules(); err == nil {
		if a.Language == "" {
			a.Language = rules.Language
		}
		if a.TimeZone == "" {
			a.TimeZone = rules.TimeZone
		}
	}
	if _, err := time.LoadLocation(a.TimeZone); err != nil || a.TimeZone == "" || a.TimeZone == "Local" {
		errs = append(errs, field("time_zone", "must be an IANA time zone such as Europe/Amsterdam"))
	}
	return errorsOf(errs)
}

// Account is an account as it is read.
type Account struct {
	ID int64 `json:"id" readOnly:"true"`
	AccountInput
	Version int64     `json:"version" readOnly:"true" doc:"Grows with every change of anything of the account."`
	Created time.Time `json:"created_at" readOnly:"true"`
}

// ChannelInput is a SIP account of a device as it is written.
type ChannelInput struct {
	Name              string `json:"name" pattern:"^[A-Za-z0-9][A-Za-z0-9_.-]{2,63}$" patternDescription:"3 to 64 letters, digits, _ . and -" doc:"SIP user name, unique on the platform."`
	Password          string `json:"password,omitempty" minLength:"8" maxLength:"128" pattern:"^[!-~]+$" patternDescription:"printable ASCII without spaces" writeOnly:"true" doc:"Written only; left out: generated for a new channel, else unchanged."`
	Description       string `json:"description,omitempty" maxLength:"200"`
	Enabled           *bool  `json:"enabled" required:"false" default:"true"`
	Secure            bool   `json:"secure" required:"false" doc:"TLS and SRTP only."`
	DTMF              string `json:"dtmf" required:"false" enum:"rfc4733,info" default:"rfc4733"`
	AreaCode          string `json:"area_code,omitempty" pattern:"^[0-9]{0,6}$" patternDescription:"up to 6 digits" doc:"Empty: the account's."`
	Language          string `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Empty: the account's."`
	CallLimit         int    `json:"call_limit" required:"false" minimum:"1" maximum:"5" default:"2" doc:"Simultaneous calls."`
	EmergencyCallerID string `json:"emergency_caller_id,omitempty" pattern:"^(\\+[1-9][0-9]{4,14})?$" patternDescription:"an E.164 number such as +31201234567"`
	User              string `json:"user,omitempty" pattern:"^([0-9]{2,5})?$" patternDescription:"the number of a user extension" doc:"The user who is logged in; empty: nobody."`
	Linked            bool   `json:"linked,omitempty" doc:"The user is linked to the channel: nobody else can log in there, and the user can't log out. A user is linked to one channel, with twinning to two, and logged out of those that are too many. To end the link is to log the user out."`
	AutoLogin         string `json:"auto_login,omitempty" pattern:"^([0-9]{2,5})?$" patternDescription:"the number of a user extension" doc:"The user who is logged in when nobody else is; empty: nobody."`
}

// Resolve checks the whole.
func (c *ChannelInput) Resolve(huma.Context) []error {
	return errorsOf(text("description", c.Description))
}

// Channel is a SIP account as it is read.
type Channel struct {
	ID int64 `json:"id" readOnly:"true"`
	ChannelInput
	Registered bool `json:"registered" readOnly:"true" doc:"A phone is registered with it by now."`
}

// NumberInput is a number of the inventory as it is written.
type NumberInput struct {
	Number   string `json:"number" pattern:"^\\+[1-9][0-9]{4,14}$" patternDescription:"an E.164 number such as +31201234567"`
	Personal string `json:"personal,omitempty" pattern:"^([0-9]{2,5})?$" patternDescription:"the number of a user extension" doc:"User it is linked to; empty: a company number."`
}

// NumberUpdate is what of a number can change.
type NumberUpdate struct {
	Number   string `json:"number,omitempty" readOnly:"true"`
	Scheme   int64  `json:"scheme,omitempty" readOnly:"true"`
	Personal string `json:"personal,omitempty" pattern:"^([0-9]{2,5})?$" patternDescription:"the number of a user extension" doc:"User it is linked to; empty: a company number."`
}

// Number is a number as it is read.
type Number struct {
	NumberInput
	Scheme int64 `json:"scheme,omitempty" readOnly:"true" doc:"Id of the scheme whose plans hold it."`
}

// SchemeInput is a set of numbering plans as it is written.
type SchemeInput struct {
	Name   string `json:"name" minLength:"1" maxLength:"200"`
	Active int    `json:"active,omitempty" minimum:"0" maximum:"99" doc:"Number of the plan set by hand; 0: the schedule decides."`
}

// Resolve checks the whole.
func (s *SchemeInput) Resolve(huma.Context) []error { return errorsOf(text("name", s.Name)) }

// Scheme is a set of numbering plans as it is read.
type Scheme struct {
	ID int64 `json:"id" readOnly:"true"`
	SchemeInput
	Main   bool `json:"main" readOnly:"true" doc:"It came with the account and can't be deleted."`
	Number int  `json:"number" readOnly:"true" doc:"By which callers choose the scheme when they change the active plan."`
}

// PlanInput is a numbering plan as it is written, entries and all.
type PlanInput struct {
	Number  int         `json:"number" minimum:"1" maximum:"99"`
	Name    string      `json:"name" minLength:"1" maxLength:"200"`
	Entries []PlanEntry `json:"entries,omitempty" maxItems:"5000"`
}

// PlanEntry is where calls to a number go.
type PlanEntry struct {
	Number      string `json:"number" pattern:"^\\+[1-9][0-9]{4,14}$" patternDescription:"an E.164 number such as +31201234567" doc:"A company number of the account."`
	Destination string `json:"destination" minLength:"1" maxLength:"32" doc:"Extension or external number."`
	Prefix      string `json:"prefix,omitempty" maxLength:"40" doc:"Put before the caller on the display."`
}

// Plan is a numbering plan as it is read.
type Plan struct {
	ID int64 `json:"id" readOnly:"true"`
	PlanInput
}

// PlanSummary is a plan in a list.
type PlanSummary struct {
	ID     int64  `json:"id" readOnly:"true"`
	Number int    `json:"number"`
	Name   string `json:"name"`
}

// PlanCopy says which plan's entries are taken over.
type PlanCopy struct {
	From    int  `json:"from" minimum:"1" maximum:"99" doc:"Number of the plan that is copied."`
	Confirm bool `json:"confirm,omitempty" doc:"Must be true when the plan that is overwritten has entries."`
}

// EntryInput is where calls to one number go.
type EntryInput struct {
	Destination string `json:"destination" minLength:"1" maxLength:"32" doc:"Extension or external number."`
	Prefix      string `json:"prefix,omitempty" maxLength:"40" doc:"Put before the caller on the display."`
}

// Resolve checks the whole.
func (e *EntryInput) Resolve(huma.Context) []error {
	errs := text("prefix", e.Prefix)
	if !dialable(e.Destination) {
		errs = append(errs, field("destination", "must be an extension or an external number: up to 32 of 0-9 * #, + only at the begin"))
	}
	return errorsOf(errs)
}

// Resolve checks the whole.
func (p *PlanInput) Resolve(huma.Context) []error {
	errs := text("name", p.Name)
	seen := make(map[string]bool)
	for i, e := range p.Entries {
		at := fmt.Sprintf("entries[%d].", i)
		if seen[e.Number] {
			errs = append(errs, field(at+"number", e.Number+" is there twice"))
		}
		seen[e.Number] = true
		if !dialable(e.Destination) {
			errs = append(errs, field(at+"destination", "must be an extension or an external number: up to 32 of 0-9 * #, + only at the begin"))
		}
		errs = append(errs, text(at+"prefix", e.Prefix)...)
	}
	return errorsOf(errs)
}

// TrunkInput is a carrier as it is written.
type TrunkInput struct {
	Name      string   `json:"name" pattern:"^[A-Za-z0-9_-]{1,40}$" patternDescription:"1 to 40 letters, digits, _ and -"`
	Enabled   *bool    `json:"enabled" required:"false" default:"true"`
	Account   int64    `json:"account,omitempty" minimum:"0" doc:"Of one account only; 0: for all."`
	Country   string   `json:"country" enum:"NL,DE,ES,LV" doc:"Whose national format is meant."`
	Priority  int      `json:"priority,omitempty" minimum:"-1000" maximum:"1000" doc:"Lower is tried first."`
	Host      string   `json:"host" pattern:"^[A-Za-z0-9.:_-]{1,253}$" patternDescription:"a host name or an IP address"`
	Port      int      `json:"port,omitempty" minimum:"0" maximum:"65535" doc:"0: the transport's default."`
	Transport string   `json:"transport" required:"false" enum:"udp,tcp,tls" default:"udp"`
	Username  string   `json:"username,omitempty" pattern:"^[!-~]{0,128}$" patternDescription:"printable ASCII without spaces"`
	Password  string   `json:"password,omitempty" pattern:"^[!-~]{0,128}$" patternDescription:"printable ASCII without spaces" writeOnly:"true" doc:"Written only; left out: unchanged."`
	Register  bool     `json:"register,omitempty" doc:"Keep a registration with the carrier."`
	Secure    bool     `json:"secure,omitempty" doc:"SRTP."`
	Sources   []string `json:"sources,omitempty" maxItems:"256" doc:"Addresses and networks from which it calls in."`
	Format    string   `json:"format" required:"false" enum:"e164,e164plain,idd,national" default:"e164" doc:"How it wants and gives numbers."`
	Timeout   float64  `json:"timeout" required:"false" minimum:"0.1" maximum:"60" default:"4" doc:"Seconds without any response before the next trunk is tried."`
	Channels  int      `json:"channels,omitempty" minimum:"0" maximum:"100000" doc:"Simultaneous calls; 0: no limit."`
	Emergency string   `json:"emergency,omitempty" maxLength:"64" doc:"How it wants emergency numbers, to find the centre of the caller's place: {number} with the caller's {area} (area code without trunk prefix) and {cc} (the country's prefix), such as 0{area}{number}; empty: the number alone."`
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*\.?$`)

// Resolve checks the whole.
func (t *TrunkInput) Resolve(huma.Context) []error {
	var errs []*huma.ErrorDetail
	if _, err := netip.ParseAddr(t.Host); err != nil && !hostName.MatchString(t.Host) {
		errs = append(errs, field("host", "must be a host name or an IP address"))
	}
	if t.Register && t.Username == "" {
		errs = append(errs, field("username", "is required with register"))
	}
	if t.Secure && t.Transport != "tls" {
		errs = append(errs, field("transport", "must be tls with secure: the keys of SRTP travel in the signalling"))
	}
	if why := dialplan.CheckEmergency(t.Emergency); why != "" {
		errs = append(errs, field("emergency", why))
	}
	for i, s := range t.Sources {
		if _, err := prefix(s); err != nil {
			errs = append(errs, field(fmt.Sprintf("sources[%d]", i), "must be an address or a network such as 192.0.2.0/24"))
		}
	}
	return errorsOf(errs)
}

// prefix reads a network, or an address as the network of it alone.
func prefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is not an address", s)
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// Trunk is a carrier as it is read.
type Trunk struct {
	ID int64 `json:"id" readOnly:"true"`
	TrunkInput
}

// TokenInput is an API token as it is written.
type TokenInput struct {
	Name    string    `json:"name" minLength:"1" maxLength:"200" doc:"What it is for."`
	Role    string    `json:"role" enum:"operator,admin,readonly,user" doc:"operator: the whole platform; admin and readonly: one account; user: what one user of it may know."`
	User    string    `json:"user,omitempty" pattern:"^([0-9]{2,5})?$" patternDescription:"the number of a user extension" doc:"With role user: whose token it is."`
	Expires time.Time `json:"expires_at,omitzero" required:"false" doc:"Left out: never."`
}

// Resolve checks the whole.
func (t *TokenInput) Resolve(huma.Context) []error {
	errs := text("name", t.Name)
	switch isUser := t.Role == string(store.RoleUser); {
	case isUser && t.User == "":
		errs = append(errs, field("user", "is required with role user"))
	case !isUser && t.User != "":
		errs = append(errs, field("user", "belongs to role user"))
	}
	return errorsOf(errs)
}

// Token is an API token as it is read; the token itself is shown once, when it is made.
type Token struct {
	ID int64 `json:"id" readOnly:"true"`
	TokenInput
	Account  int64     `json:"account,omitempty"`
	Token    string    `json:"token,omitempty" doc:"The token. Only in the answer that made it."`
	Created  time.Time `json:"created_at"`
	LastUsed time.Time `json:"last_used_at,omitzero"`
	Revoked  time.Time `json:"revoked_at,omitzero"`
}

// AuditEntry is one change.
type AuditEntry struct {
	ID       int64           `json:"id" readOnly:"true"`
	At       time.Time       `json:"at"`
	Actor    string          `json:"actor" doc:"Who did it."`
	Action   string          `json:"action" doc:"create, update or delete."`
	Entity   string          `json:"entity"`
	EntityID string          `json:"entity_id"`
	Before   json.RawMessage `json:"before,omitempty"`
	After    json.RawMessage `json:"after,omitempty"`
}
