package engine

import "time"

// Event is something that happened to a leg.
type Event interface {
	// Leg is whom it happened to.
	Leg() LegID
}

// Of is embedded in every event: the leg and the engine's (else our) time of it.
type Of struct {
	ID LegID
	At time.Time
}

// Leg implements Event.
func (o Of) Leg() LegID { return o.ID }

// Ringing: the called phone alerts (180). Outbound legs, at most once.
type Ringing struct{ Of }

// EarlyMedia: the called side sends media before answer (183 with SDP). At most once.
type EarlyMedia struct{ Of }

// Answered: the leg has been answered, by its phone or by Answer. Exactly once at most.
type Answered struct{ Of }

// DTMF is one digit that the leg's phone sent (0-9 * # A-D), told during playback,
// silence, bridge and mix alike, and never passed by the driver as anything else.
type DTMF struct {
	Of
	Digit byte
}

// PlayResult says how a playback ended.
type PlayResult uint8

const (
	// PlayFinished: every source was played to its end.
	PlayFinished PlayResult = iota + 1
	// PlayStopped: by StopPlay, another Play, Bridge, Mix, Listen or hang-up.
	PlayStopped
	// PlayFailed: a source could not be played (missing file).
	PlayFailed
)

// PlayDone: playback Play is over.
type PlayDone struct {
	Of
	Play   PlayID
	Result PlayResult
}

// RecordDone: the recording is over and its file complete. Err says why there is no usable file.
type RecordDone struct {
	Of
	Record   RecordID
	File     string
	Duration time.Duration
	Err      error
}

// Bridged: the leg and Peer hear each other.
type Bridged struct {
	Of
	Peer LegID
}

// Unbridged: no longer, for whatever reason; the leg itself is up (Hangup follows if not).
type Unbridged struct {
	Of
	Peer LegID
}

// Mixed: the leg is in a mix. Unmixed: no longer.
type Mixed struct {
	Of
	Mix MixID
}

// Unmixed: the leg has left its mix.
type Unmixed struct {
	Of
	Mix MixID
}

// ListenDone: the supervisor no longer listens to Target.
type ListenDone struct {
	Of
	Target LegID
}

// Held: the phone put its side on hold (re-INVITE sendonly or inactive, RFC 3264 8.4).
type Held struct{ Of }

// Unheld: it took the call back. It may also come before the Hangup of a phone that held to its end.
type Unheld struct{ Of }

// IdentityChanged: the phone or carrier told another connected party (UPDATE,
// re-INVITE, or P-Asserted-Identity in the 200).
type IdentityChanged struct {
	Of
	Identity Identity
}

// Transfer: the phone of this leg sent REFER (RFC 3515). The driver has accepted it
// (202). The leg that transferred ends soon: its Hangup has CauseTransferred.
//
// Blind (Other is empty): the bridge of the leg with its Peer is dissolved, the peer
// gets Unbridged and stays up for the controller to send it to Target.
//
// Attended (REFER with Replaces, RFC 3891): Other is the transferring phone's second leg.
// The driver bridges the peers of both legs (Bridged to each); both legs of the transferring phone end.
// Where the second leg has no peer, the peer of the first is treated as in blind transfer and Target is what
// the second leg had dialled.
type Transfer struct {
	Of
	Target     string // user part of Refer-To
	TargetHost string
	Peer       LegID // who was bridged with the leg; empty if nobody
	Other      LegID
	OtherPeer  LegID
	ReferredBy string
}

// Hangup: the leg is over; its last event.
type Hangup struct {
	Of
	Cause Cause
	// SIPStatus is the final response that ended an outbound leg before answer; 0 otherwise.
	SIPStatus int
	// ByPeer: the phone or carrier ended it, not we.
	ByPeer bool
	// Redirect holds the contacts of a 3xx response, with CauseMoved.
	Redirect []string
}
