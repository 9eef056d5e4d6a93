package dialplan

import (
	"net/netip"
	"slices"
)

// VoicemailBox is what a voicemail extension and the own box of a user have in common.
type VoicemailBox struct {
	// PIN of 4 digits opens the box; empty: no PIN does.
	PIN      string
	Language string // of the menu and the system's welcome message; empty: the account's
	// Greeting names the welcome message recorded by telephone; empty: there is none.
	Greeting string
}

// Voicemail is the configuration of a voicemail extension (EXT-VM-01 to EXT-VM-04).
type Voicemail struct {
	VoicemailBox
	// Welcome is the media key of the welcome message, where none was recorded by telephone; empty: the system's.
	Welcome string
	// User is the extension of the linked user, whose phones show that there are messages and
	// who opens the box from a trusted device without its PIN; empty: nobody.
	User string
	// Email is told of each message; empty: nobody.
	Email string
	// AttachAudio sends the message along, DeleteMailed deletes it once it has been sent.
	AttachAudio  bool
	DeleteMailed bool
	// SMS is the E.164 number that is told of each message; empty: none.
	SMS string
}

// Kind implements ExtensionConfig.
func (*Voicemail) Kind() Kind { return KindVoicemail }

// VoicemailAsk says when a user is asked for the PIN of the own box (EXT-USR-02).
type VoicemailAsk string

// When the PIN is asked for. The zero value is AskUntrusted.
const (
	AskUntrusted VoicemailAsk = "untrusted"
	AskAlways    VoicemailAsk = "always"
	AskNever     VoicemailAsk = "never"
)

// UserVoicemail is the own box of a user.
type UserVoicemail struct {
	VoicemailBox
	Ask VoicemailAsk
}

// Mailbox is a box that messages can be left in: a voicemail extension or a user's own.
type Mailbox struct {
	*Extension
	VoicemailBox
	// Config is nil for a user's own box.
	Config *Voicemail
}

// Mailbox finds the box behind an extension: a voicemail extension, or a user with the own box.
func (a *Account) Mailbox(number string) (Mailbox, bool) {
	e := a.Extensions[number]
	if e == nil {
		return Mailbox{}, false
	}
	switch c := e.Config.(type) {
	case *Voicemail:
		return Mailbox{Extension: e, VoicemailBox: c.VoicemailBox, Config: c}, true
	case *User:
		b := Mailbox{Extension: e, VoicemailBox: c.Voicemail.VoicemailBox}
		if b.Language == "" {
			b.Language = c.Language
		}
		return b, true
	}
	return Mailbox{}, false
}

// Mailboxes of a user, by number: the own one and those of the voicemail extensions that the user is linked to.
func (a *Account) Mailboxes(user string) []*Extension {
	var all []*Extension
	for _, e := range a.Extensions {
		switch c := e.Config.(type) {
		case *User:
			if e.Number == user {
				all = append(all, e)
			}
		case *Voicemail:
			if c.User == user && user != "" {
				all = append(all, e)
			}
		}
	}
	slices.SortFunc(all, func(x, y *Extension) int {
		if x.Number < y.Number {
			return -1
		}
		return 1
	})
	return all
}

// OwnVoicemail tells that a destination is the system extension of the personal voicemail (SYS-1233): as the
// forward of a user it is that user's own box.
func (a *Account) OwnVoicemail(d Destination) bool {
	digits := d.External
	if d.Extension != "" {
		digits = d.Extension
	}
	return digits != "" && systemFunction(a.Country, digits) == SysPersonalVoicemail && a.Extensions[digits] == nil
}

// TrustedDevice decides whether a phone is a trusted device of the user who is logged in on it. The
// channel has proved itself by its password; what is left is where it is: not known to be elsewhere than
// where its user has logged in, or on the account's list of addresses. A phone whose login has no
// address was given to its user by an administrator.
func TrustedDevice(a *Account, ch *Channel, from netip.Addr) (ok bool, reason string) {
	switch {
	case ch == nil:
		return false, "the call comes from no channel"
	case !ch.LoginAddress.IsValid():
		return true, "the user was logged in by an administrator"
	case ch.LoginAddress.Unmap() == from.Unmap():
		return true, "logged in from " + from.Unmap().String()
	}
	for _, r := range a.AllowedAddresses {
		if r.Contains(from) {
			return true, from.Unmap().String() + " is on the allow-list"
		}
	}
	return false, "the user has logged in elsewhere than from " + from.Unmap().String()
}

// AskVoicemailPIN decides whether a user is asked for the PIN of the own box (EXT-USR-02).
func AskVoicemailPIN(u *User, trusted bool) bool {
	switch u.Voicemail.Ask {
	case AskAlways:
		return true
	case AskNever:
		return false
	}
	return !trusted
}

// VoicemailPINLength is the number of digits of every voicemail PIN.
const VoicemailPINLength = 4

// MatchVoicemailPIN says what digits pressed so far mean, whichever PIN is right.
func MatchVoicemailPIN(digits string) MenuMatch {
	switch {
	case digits != "" && !allDigits(digits):
		return MenuInvalid
	case len(digits) >= VoicemailPINLength:
		return MenuExact
	}
	return MenuPartial
}

// CheckVoicemailPIN says why a PIN is refused; empty: it is good. A series counts up or down by
// one, over 9 and 0 too, or stays the same (EXT-VM-04).
func CheckVoicemailPIN(pin string) string {
	if len(pin) != VoicemailPINLength || !allDigits(pin) {
		return "must be 4 digits"
	}
	if pin == DefaultPIN {
		return "is unsafe: all digits are the same"
	}
	return UnsafePIN(pin)
}
