package dialplan

import (
	"fmt"
	"net/netip"
	"strings"
)

// CallerIDChoice is what somebody asks for with a code before the number (FAC-CLI-01). The
// zero value asks for nothing.
type CallerIDChoice struct {
	// Anonymous withholds the number: #31# or 131.
	Anonymous bool `json:"anonymous,omitempty"`
	// Code is the digit of a dynamic caller ID, 0 or 2–9: #30#, 132…
	Code string `json:"code,omitempty"`
}

// ValidCallerIDCode tells whether a digit can stand for a dynamic caller ID. 1 is the code of
// anonymous calls.
func ValidCallerIDCode(code string) bool {
	return len(code) == 1 && strings.Contains("023456789", code)
}

func choiceOf(code string) CallerIDChoice {
	if code == "1" {
		return CallerIDChoice{Anonymous: true}
	}
	return CallerIDChoice{Code: code}
}

// ClassifyChoice is Classify for phones, where a code that chooses the caller ID may stand before
// the number. Behind #3x# any number may come, an extension too; the form that
// mobile phones can dial, 13x, counts only where the digits as a whole mean nothing else and an
// external number follows.
func ClassifyChoice(a *Account, areaCode, dialed string) (Classified, CallerIDChoice) {
	digits := strings.TrimSpace(dialed)
	if rest, ok := strings.CutPrefix(digits, "#3"); ok && len(rest) >= 2 && rest[1] == '#' && allDigits(rest[:1]) {
		got := Classify(a, areaCode, rest[2:])
		switch got.Class {
		case DialExtension, DialExternal, DialEmergency:
			return got, choiceOf(rest[:1])
		case DialSystem, DialCode:
			return Classified{Class: DialInvalid, Refused: NumberCode, Reason: "a caller ID can be chosen for numbers only"}, CallerIDChoice{}
		}
		return got, CallerIDChoice{}
	}
	whole := Classify(a, areaCode, dialed)
	if len(digits) < 5 || !strings.HasPrefix(digits, "13") || !allDigits(digits[2:3]) {
		return whole, CallerIDChoice{}
	}
	switch {
	case whole.Class == DialExtension, whole.Class == DialSystem, whole.Class == DialEmergency,
		whole.Class == DialExternal && whole.Number.Kind == NumberShort:
		return whole, CallerIDChoice{}
	}
	if len(digits) == a.ExtensionLength {
		return whole, CallerIDChoice{} // a mistyped extension
	}
	if got := Classify(a, areaCode, digits[3:]); got.Class == DialExternal || got.Class == DialEmergency {
		return got, choiceOf(digits[2:3])
	}
	return whole, CallerIDChoice{}
}

// ChosenCallerID is OutboundCallerID for ordinary calls with the caller's choice. A code without a
// number, or with one that the account does not have (any more), shows the default.
func ChosenCallerID(a *Account, u *User, ch *Channel, choice CallerIDChoice) CallerIdentity {
	id := OutboundCallerID(a, u, ch, false)
	switch {
	case choice.Anonymous:
		id.Anonymous, id.Reason = true, "the caller asked to be anonymous"
	case choice.Code != "":
		number := ""
		if u != nil {
			number = u.CallerIDs[choice.Code]
		}
		switch {
		case number == "":
			id.Reason = "no dynamic caller ID for code " + choice.Code + ": " + id.Reason
		case a.Numbers[number] == nil:
			id.Reason = "dynamic caller ID " + number + " is no number of the account: " + id.Reason
		default:
			return CallerIdentity{Number: number, Reason: "dynamic caller ID of code " + choice.Code}
		}
	}
	return id
}

// AddressRange is an entry of the list of addresses from which phones may dial out without
// having logged in there; First and Last belong to it.
type AddressRange struct {
	First       netip.Addr `json:"first"`
	Last        netip.Addr `json:"last"`
	Description string     `json:"description,omitempty"`
}

// maxRange is how many addresses a range can have (FAC-IPL-01).
const maxRange = 256

// Check tells what is wrong with a range; nil: nothing.
func (r AddressRange) Check() error {
	first, last := r.First.Unmap(), r.Last.Unmap()
	switch {
	case !first.IsValid() || !last.IsValid():
		return fmt.Errorf("both addresses are required")
	case first.Zone() != "" || last.Zone() != "":
		return fmt.Errorf("an address with a zone means nothing here")
	case first.BitLen() != last.BitLen():
		return fmt.Errorf("%s and %s are of different kinds", r.First, r.Last)
	case last.Less(first):
		return fmt.Errorf("%s is before %s", r.Last, r.First)
	}
	a, b := first.As16(), last.As16()
	carry, far := 0, false
	for i := 15; i >= 0; i-- {
		d := int(b[i]) - int(a[i]) - carry
		carry = 0
		if d < 0 {
			d, carry = d+256, 1
		}
		far = far || i < 15 && d != 0
	}
	if far {
		return fmt.Errorf("a range has at most %d addresses", maxRange)
	}
	return nil
}

// Contains tells whether the address is in the range.
func (r AddressRange) Contains(from netip.Addr) bool {
	from = from.Unmap()
	return from.IsValid() && from.BitLen() == r.First.Unmap().BitLen() &&
		!from.Less(r.First.Unmap()) && !r.Last.Unmap().Less(from)
}

// CheckAddress decides whether a phone may dial out from an address (FAC-IPL-01): with IP listing,
// which is for accounts in the Netherlands, only from where its user has logged in, or from an
// address of the allow-list. Calls to colleagues, emergency calls and inbound calls are not asked about.
func CheckAddress(a *Account, ch *Channel, from netip.Addr) (ok bool, reason string) {
	switch {
	case !a.IPListing || a.Country != NL:
		return true, "the account has no IP listing"
	case ch != nil && ch.LoginAddress.IsValid() && ch.LoginAddress.Unmap() == from.Unmap():
		return true, "logged in from " + from.String()
	}
	for _, r := range a.AllowedAddresses {
		if r.Contains(from) {
			return true, from.String() + " is on the allow-list"
		}
	}
	return false, "nobody has logged in from " + from.String() + ", which is not on the allow-list either"
}
