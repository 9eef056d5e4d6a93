// Package dialplan holds the rules of the telephony service as pure functions of an
// account's configuration, facts about the moment, and the time. It does no I/O, reads
// no clock, and starts no goroutine; the same functions answer real calls and the simulator.
package dialplan

import (
	"net/netip"
	"time"
)

// AccountID names a customer company (tenant).
type AccountID int64

// Account is the configuration of one company: an immutable snapshot. Whoever holds it
// may read it from any goroutine and must not change it.
type Account struct {
	ID      AccountID
	Version int64 // grows with every change in the database
	Name    string
	// Enabled is false for a suspended account: only emergency calls leave it, none enter.
	Enabled  bool
	Country  Country
	Language string // of prompts: en, nl, de, es, lv
	// Location is the time zone of every schedule of the account.
	Location *time.Location
	// ExtensionLength is the number of digits of all its extensions, 2–5.
	ExtensionLength int
	// AreaCode without trunk prefix, for numbers dialled locally (20 for Amsterdam).
	AreaCode string
	// CallerID (E.164) is shown on outbound calls of users without one of their own.
	CallerID string
	// EmergencyCallerID is mandatory before the first emergency call can be placed properly.
	EmergencyCallerID string
	// CallLimit is the number of simultaneous calls of the account; 0: no limit.
	CallLimit int
	// ParkTimeout is how long a parked call waits before it comes back; 0: 120 s.
	ParkTimeout time.Duration
	// Barred are the categories of numbers that nobody of the account may call.
	Barred []BarringCategory
	// Recording is what is recorded of its conversations.
	Recording Recording
	// IPListing: phones dial out only from where they logged in and from AllowedAddresses.
	IPListing        bool
	AllowedAddresses []AddressRange

	Extensions map[string]*Extension // by number
	Channels   map[string]*Channel   // by SIP user name
	Numbers    map[string]*Number    // by E.164 with +
	Schemes    []*Scheme             // the main scheme first
	Privacy    map[int64]*PrivacyGroup
	// Audio are the account's recordings by key; HoldMusic the keys of those that are music on hold, by the extension
	// that has a playlist of its own, "" for the account's.
	Audio     map[string]Audio
	HoldMusic map[string][]string
}

// Extension is an internal number and what is behind it.
type Extension struct {
	ID     int64
	Number string
	Name   string
	// Inactive: it is configured and not in service, since its order has not begun, waits for a SIM, or has ended. Calls do not
	// reach it, and nobody can be logged in as such a user.
	Inactive bool
	// Config is *User, *Group, *IVR, …: one type, one file of this package.
	Config ExtensionConfig
}

// ExtensionConfig is the part of an extension that differs by type.
type ExtensionConfig interface {
	// Kind is the type's name in the database and the API.
	Kind() Kind
}

// Kind is a type of extension.
type Kind string

// Kinds of extension.
const (
	KindUser           Kind = "user"
	KindGroup          Kind = "group"
	KindIVR            Kind = "ivr"
	KindForward        Kind = "forward"
	KindAutoAnswer     Kind = "auto_answer"
	KindTime           Kind = "time"
	KindLimit          Kind = "limit"
	KindLocation       Kind = "location"
	KindAuthentication Kind = "authentication"
	KindPicker         Kind = "picker"
	KindSystem         Kind = "system"
	KindAI             Kind = "ai"
	KindQueue          Kind = "queue"
	KindVoicemail      Kind = "voicemail"
)

// DTMFMode is how a channel's phone sends digits.
type DTMFMode string

// DTMF modes.
const (
	DTMFRFC4733 DTMFMode = "rfc4733"
	DTMFInfo    DTMFMode = "info"
)

// Channel is a SIP account for one device.
type Channel struct {
	ID int64
	// Name is the SIP user name, unique on the platform.
	Name string
	// Password in the clear: digest authentication of SIP needs it or a hash that is as good.
	Password    string
	Description string
	Enabled     bool
	Secure      bool // TLS and SRTP only
	DTMF        DTMFMode
	AreaCode    string // empty: the account's
	Language    string // empty: the account's
	// CallLimit is the number of simultaneous calls, 1–5.
	CallLimit         int
	EmergencyCallerID string
	// User is the extension number of the user who is logged in; empty: nobody.
	User string
	// Linked: an administrator has put User there. Nobody else can log in, and User can't log out (FAC-LINK-01).
	Linked bool
	// AutoLogin is the user who is logged in by itself when another one logs out; empty: nobody.
	AutoLogin string
	// LoginAddress is where the phone was when its user logged in; invalid: unknown.
	LoginAddress netip.Addr
}

// Number is an external number of the company.
type Number struct {
	E164     string
	Personal string // extension of the user it is linked to; empty: a company number
}

// Destination is where a call goes next: an extension of the account or an external
// number (as it would be dialled, or E.164). The zero Destination is none: hang up.
type Destination struct {
	Extension string `json:"extension,omitempty"`
	External  string `json:"external,omitempty"`
	// Mailbox is the extension of the user into whose own voicemail box the call goes. Calls on their way
	// have it; in the configuration it is the system extension of the personal voicemail.
	Mailbox string `json:"mailbox,omitempty"`
}

// IsZero tells that there is no destination.
func (d Destination) IsZero() bool { return d == Destination{} }

// String is the number as an administrator would write it; "-" for none.
func (d Destination) String() string {
	switch {
	case d.Extension != "":
		return d.Extension
	case d.External != "":
		return d.External
	case d.Mailbox != "":
		return "voicemail of " + d.Mailbox
	}
	return "-"
}

// ParseDestination reads a number as typed in a form: an extension when it has the
// account's extension length, else an external number. The system extension of the personal voicemail counts as
// external, whatever its length.
func (a *Account) ParseDestination(s string) Destination {
	if a.OwnVoicemail(Destination{External: s}) {
		return Destination{External: s}
	}
	if len(s) == a.ExtensionLength && allDigits(s) {
		return Destination{Extension: s}
	}
	return Destination{External: s}
}

// User returns the user extension of a number, or nil when there is none in service.
func (a *Account) User(number string) *User {
	if e := a.Extensions[number]; e != nil && !e.Inactive {
		if u, ok := e.Config.(*User); ok {
			return u
		}
	}
	return nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
