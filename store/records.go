package store

import (
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
)

// CallDirection says how a call entered and where it went, seen from the account.
type CallDirection string

// Directions of calls.
const (
	CallInbound  CallDirection = "inbound"  // from a carrier
	CallOutbound CallDirection = "outbound" // to a carrier
	CallInternal CallDirection = "internal" // between extensions
)

// LegDirection is the direction of a leg seen from the media server.
type LegDirection string

// Directions of legs.
const (
	LegInbound  LegDirection = "inbound"  // a phone or carrier called us
	LegOutbound LegDirection = "outbound" // we called it
)

// CallRecord is what remains of a call (CDR, OPS-01). Zero times are "never": Answered
// zero is a call that nobody answered.
type CallRecord struct {
	// ID makes the record unique: written again under the same id it is not stored twice.
	ID        uuid.UUID          `json:"id"`
	AccountID dialplan.AccountID `json:"account_id"`
	Direction CallDirection      `json:"direction"`
	// CallerNumber and CallerName as the callee saw them, Dialed as the caller dialled it.
	CallerNumber string    `json:"caller_number,omitempty"`
	CallerName   string    `json:"caller_name,omitempty"`
	Dialed       string    `json:"dialed,omitempty"`
	Started      time.Time `json:"started"`
	Answered     time.Time `json:"answered,omitzero"`
	Ended        time.Time `json:"ended"`
	// Cause of the end, an engine.Cause in words.
	Cause string      `json:"cause"`
	Legs  []LegRecord `json:"legs,omitempty"` // in the order in which they began
	Trace []TraceStep `json:"trace,omitempty"`
}

// LegRecord is one leg of a call.
type LegRecord struct {
	ID        string       `json:"id"` // the engine's
	Engine    string       `json:"engine"`
	SIPCallID string       `json:"sip_call_id,omitempty"`
	Direction LegDirection `json:"direction"`
	Target    string       `json:"target,omitempty"` // who was called, as text for people
	// What the leg belongs to, as far as it does; by number and name, because these
	// outlive what they name.
	Extension string `json:"extension,omitempty"`
	Channel   string `json:"channel,omitempty"`
	Trunk     string `json:"trunk,omitempty"`
	Number    string `json:"number,omitempty"`
	// Payer is the extension that is charged for a leg to a carrier; empty: the account.
	Payer string `json:"payer,omitempty"`

	Started  time.Time `json:"started"`
	Ringing  time.Time `json:"ringing,omitzero"`
	Answered time.Time `json:"answered,omitzero"`
	Ended    time.Time `json:"ended"`
	Cause    string    `json:"cause"`
	// SIPStatus is the final status of the INVITE, 0 when there was none.
	SIPStatus int `json:"sip_status,omitempty"`
}

// TraceStep is one decision about a call.
type TraceStep struct {
	At     time.Time `json:"at"`
	Step   string    `json:"step"`             // what was decided about: inbound, ivr, ring …
	Reason string    `json:"reason"`           // why, as dialplan said it
	Detail string    `json:"detail,omitempty"` // what came of it
}
