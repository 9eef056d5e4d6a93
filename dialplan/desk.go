package dialplan

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// PhoneLimit is on how many phones a user can be logged in at a time: one, with twinning two (FAC-TWIN-01).
func (u *User) PhoneLimit() int {
	if u.Permissions.Twinning {
		return 2
	}
	return 1
}

// LogIn is what has to happen for a user to log in on a channel.
type LogIn struct {
	// Refused says why the user can't log in there; empty: they can.
	Refused string
	// Off are the channels on which the user must be logged out for it: all but the linked ones, when the user is
	// logged in on as many as they may.
	Off []string
}

// LogIn decides whether a user may log in on a channel (SYS-901). Whoever is logged in there makes room, unless
// they are linked to the channel (FAC-LINK-01). Where the user is logged in already, they can log in again.
func (a *Account) LogIn(user, channel string) LogIn {
	u, ch := a.User(user), a.Channels[channel]
	switch {
	case u == nil:
		return LogIn{Refused: "there is no user " + user}
	case ch == nil || !ch.Enabled:
		return LogIn{Refused: "there is no channel " + channel + " in use"}
	case ch.User == user:
		return LogIn{}
	case ch.Linked:
		return LogIn{Refused: "user " + ch.User + " is linked to channel " + channel}
	}
	linked, off := 0, []string{}
	for _, other := range a.phones(user) {
		if other.Linked {
			linked++
		} else {
			off = append(off, other.Name)
		}
	}
	switch limit := u.PhoneLimit(); {
	case linked+len(off) < limit:
		return LogIn{}
	case linked >= limit:
		return LogIn{Refused: "user " + user + " is linked to as many phones as they may use"}
	}
	return LogIn{Off: off}
}

// LogInRequest is a login that somebody asks for who knows the user's PIN.
type LogInRequest struct {
	User, Channel string
	// Address from which the phone called: from there it may dial out then (FAC-IPL-01).
	Address netip.Addr
	// PIN that the user has chosen; empty: theirs stays.
	PIN string
	// Elsewhere: the user agrees to be logged out on other phones.
	Elsewhere bool
}

// LogOut is what somebody can do who logs out on a channel.
type LogOut struct {
	// Refused says why the user can't log out there; empty: they can.
	Refused string
	// Others are the other channels on which the user could be logged out too.
	Others []string
}

// LogOut decides whether whoever is logged in on a channel may log out there (SYS-902).
func (a *Account) LogOut(channel string) LogOut {
	ch := a.Channels[channel]
	switch {
	case ch == nil || ch.User == "":
		return LogOut{Refused: "nobody is logged in on channel " + channel}
	case ch.Linked:
		return LogOut{Refused: "user " + ch.User + " is linked to channel " + channel}
	}
	var out LogOut
	for _, other := range a.phones(ch.User) {
		if other.Name != channel && !other.Linked {
			out.Others = append(out.Others, other.Name)
		}
	}
	return out
}

// Vacated is who is logged in on a channel by itself when user has logged out there: the
// user of its automatic login, when they may use one more phone. Whoever logs out stays so.
func (a *Account) Vacated(channel, user string) string {
	ch := a.Channels[channel]
	if ch == nil || ch.AutoLogin == "" || ch.AutoLogin == user {
		return ""
	}
	if u := a.User(ch.AutoLogin); u == nil || a.Phones(ch.AutoLogin) >= u.PhoneLimit() {
		return ""
	}
	return ch.AutoLogin
}

// Phones is on how many channels a user is logged in.
func (a *Account) Phones(user string) int { return len(a.phones(user)) }

// phones are the channels on which a user is logged in, by name.
func (a *Account) phones(user string) []*Channel {
	var out []*Channel
	for _, name := range slices.Sorted(maps.Keys(a.Channels)) {
		if ch := a.Channels[name]; user != "" && ch.User == user {
			out = append(out, ch)
		}
	}
	return out
}

// CheckForward decides whether a user may forward their calls to what they have dialled, and where that is. A number that the
// user may not call is no destination, nor is the user, nor an emergency number.
func (a *Account) CheckForward(user, dialed string) (to Destination, reason string) {
	u := a.User(user)
	if u == nil {
		return Destination{}, "there is no user " + user
	}
	switch d := Classify(a, u.AreaCode, dialed); d.Class {
	case DialExtension:
		if d.Extension == user {
			return Destination{}, "a user can't forward to themselves"
		}
		return Destination{Extension: d.Extension}, ""
	case DialExternal:
		if b := CheckBarring(a, u, d.Number); b.Barred {
			return Destination{}, b.Reason
		}
		return Destination{External: d.Number.Number()}, ""
	case DialInvalid:
		return Destination{}, d.Reason
	default:
		return Destination{}, dialed + " is no extension and no external number"
	}
}

// ForwardKind is one of the forwards that users set by phone (SYS-910).
type ForwardKind string

// Forwards that users set by phone.
const (
	ForwardAlways   ForwardKind = "always"
	ForwardBusy     ForwardKind = "busy"
	ForwardNoAnswer ForwardKind = "no_answer"
)

// Of is the list of destinations of this kind.
func (k ForwardKind) Of(f *Forwards) *[]Destination {
	switch k {
	case ForwardAlways:
		return &f.Always
	case ForwardBusy:
		return &f.Busy
	case ForwardNoAnswer:
		return &f.NoAnswer
	}
	return nil
}

// ForwardCode understands the codes that set a forward (FEA-FWD-01): *21*number# for all calls, *67* when busy, *61* when
// nobody answers; the # at the end may be missing. #21# and so on clear it, *#21# asks for it (ETSI ETS 300 738).
type ForwardCode struct {
	Kind   ForwardKind
	Number string // empty: clear, or ask
	Ask    bool
}

// ParseForwardCode reads such a code; ok is false when it is none.
func ParseForwardCode(dialed string) (code ForwardCode, ok bool) {
	kinds := map[string]ForwardKind{"21": ForwardAlways, "67": ForwardBusy, "61": ForwardNoAnswer}
	rest, set := strings.CutPrefix(dialed, "*")
	if set {
		if asked, ask := strings.CutPrefix(rest, "#"); ask {
			k, ok := kinds[strings.TrimSuffix(asked, "#")]
			return ForwardCode{Kind: k, Ask: true}, ok
		}
		digits, number, star := strings.Cut(strings.TrimSuffix(rest, "#"), "*")
		k, ok := kinds[digits]
		return ForwardCode{Kind: k, Number: number}, ok && star && allDigits(number)
	}
	rest, clear := strings.CutPrefix(dialed, "#")
	k, ok := kinds[strings.TrimSuffix(rest, "#")]
	return ForwardCode{Kind: k}, ok && clear
}
