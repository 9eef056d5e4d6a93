package dialplan

import "time"

// Product is what a user has been ordered as; empty: without an order, as installations have it that need none.
type Product string

// Products of users.
const (
	ProductStarter      Product = "starter"
	ProductAdvanced     Product = "advanced"
	ProductProfessional Product = "professional"
	ProductExpert       Product = "expert"
)

// User is the configuration of a user extension.
type User struct {
	// Product is set by orders; changes of the configuration leave it as it is.
	Product         Product
	PIN             string
	Language        string // empty: the account's
	AreaCode        string // empty: the account's
	OfferSecondCall bool
	// CallerID (E.164) shown on outbound calls; empty: the account's.
	CallerID          string
	EmergencyCallerID string
	// Barred are categories of numbers that the user may not call, besides the account's.
	Barred []BarringCategory
	// CallerIDs are the dynamic caller IDs (E.164) by the digit of their code, 0 and 2–9.
	CallerIDs   map[string]string
	Permissions Permissions
	Forwards    Forwards
	// Assistant is when the personal assistant serves the user.
	Assistant AssistantUse
	// Voicemail is the user's own box.
	Voicemail UserVoicemail
	// RingTimeout after which an unanswered call follows Forwards.NoAnswer, or ends.
	RingTimeout time.Duration
	// Privacy is who has rights over the user's calls.
	Privacy []PrivacyGrant
	// AssistantGroup is the id of the privacy group that is rung in place of the user; 0: none.
	AssistantGroup int64
	// Devices are the channels on which the user is logged in, in order of their name.
	Devices []*Channel
}

// Kind implements ExtensionConfig.
func (*User) Kind() Kind { return KindUser }

// Permissions of a user.
type Permissions struct {
	TimeConfiguration bool `json:"time_configuration"`
	Twinning          bool `json:"twinning"`
	RecordInbound     bool `json:"record_inbound"`
	RecordOutbound    bool `json:"record_outbound"`
	Parking           bool `json:"parking"`
}

// Forwards of a user or group: where a call goes when it can't be had, each to one or
// several destinations that ring simultaneously. Empty: no forward.
type Forwards struct {
	Always      []Destination `json:"always,omitempty"`
	Busy        []Destination `json:"busy,omitempty"`
	NoAnswer    []Destination `json:"no_answer,omitempty"`
	Unreachable []Destination `json:"unreachable,omitempty"`
	Rejected    []Destination `json:"rejected,omitempty"`
}

// Miss is why a call to a user or group was not answered.
type Miss string

// Misses, told apart by EXT-USR-05.
const (
	MissBusy        Miss = "busy"
	MissNoAnswer    Miss = "no-answer"
	MissUnreachable Miss = "unreachable"
	MissRejected    Miss = "rejected"
)

// On returns the forward for a miss.
func (f Forwards) On(m Miss) []Destination {
	switch m {
	case MissBusy:
		return f.Busy
	case MissNoAnswer:
		return f.NoAnswer
	case MissUnreachable:
		return f.Unreachable
	case MissRejected:
		return f.Rejected
	}
	return nil
}

// DeviceFacts is what is known of a channel at the moment of a call.
type DeviceFacts struct {
	Registered bool
	Calls      int // calls it is in or rung by now
}

// RingDecision says which devices of a user to ring; if none, Miss says why.
type RingDecision struct {
	Ring   []*Channel
	Miss   Miss
	Reason string
}

// RingUser decides which devices of a user a call rings (EXT-USR-04): those that
// are registered and have room. A user in a call who is not to be offered a second one is busy on all
// devices. No device registered is unreachable; all registered ones full is busy (EXT-USR-05).
func RingUser(u *User, facts func(channel string) DeviceFacts) RingDecision {
	registered, calls := 0, 0
	ring := u.Devices[:0:0]
	for i, ch := range u.Devices {
		f := facts(ch.Name)
		calls += f.Calls
		if !ch.Enabled || !f.Registered {
			continue
		}
		registered++
		if f.Calls >= max(ch.CallLimit, 1) {
			continue
		}
		if len(ring) == i {
			ring = u.Devices[: i+1 : i+1] // as long as all ring there is nothing to copy
		} else {
			ring = append(ring, ch)
		}
	}
	switch {
	case len(u.Devices) == 0:
		return RingDecision{Miss: MissUnreachable, Reason: "user is not logged in on any channel"}
	case registered == 0:
		return RingDecision{Miss: MissUnreachable, Reason: "no device of the user is registered"}
	case calls > 0 && !u.OfferSecondCall:
		return RingDecision{Miss: MissBusy, Reason: "user is in a call and is not offered a second one"}
	case len(ring) == 0:
		return RingDecision{Miss: MissBusy, Reason: "call limit of every registered channel is reached"}
	}
	return RingDecision{Ring: ring, Reason: "devices registered and free"}
}

// MissOf combines how the offers to several devices or people ended into why the whole
// was missed: somebody who declined or was busy says more than a phone
// that did not respond; a phone that rang to the end says more than one that was not there.
// Without offers it is MissUnreachable.
func MissOf(misses []Miss) Miss {
	rank := func(m Miss) int {
		switch m {
		case MissRejected:
			return 4
		case MissBusy:
			return 3
		case MissNoAnswer:
			return 2
		}
		return 1
	}
	best := MissUnreachable
	for _, m := range misses {
		if rank(m) > rank(best) {
			best = m
		}
	}
	return best
}
