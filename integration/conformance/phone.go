package conformance

import (
	"context"
	"net/netip"
	"time"

	"callplane/controller/engine"
	"callplane/integration/tone"
)

// PhoneSpec says what kind of phone a case needs. The zero value is an ordinary phone.
type PhoneSpec struct {
	User     string // default: a number that nobody else has
	Password string // default: the right one
	Unknown  bool   // there is no such account
	Name     string // display name
	INFO     bool   // sends DTMF by INFO instead of RFC 4733
	Silent   bool   // says nothing
	// Voice is what it hums: the tone.Distinct of this number, from 1, which no other phone has that may be heard with it.
	// 0: any.
	Voice int
	// Alone gives the phone an IP address that no other phone has.
	Alone bool
	// SRTP: takes encrypted media only.
	SRTP bool
	// Wraps: RTP timestamps pass zero five seconds after a call began.
	Wraps bool
	// Carrier: the peer behind a trunk; it has no account.
	Carrier bool
	// Dead: a socket at Addr that never responds.
	Dead bool
	// TrunkPassword makes a carrier demand the trunk's credentials.
	TrunkPassword string
}

// voice is the index for tone.Distinct of the n-th phone.
func (s PhoneSpec) voice(n int) int {
	if s.Voice > 0 {
		n = s.Voice
	}
	return (n - 1) % tone.Voices
}

// Dial is how a phone calls.
type Dial struct {
	Caller  engine.Identity // From; default: the phone's own
	Headers map[string]string
}

// Phone is a SIP phone, real or simulated.
type Phone interface {
	User() string
	Domain() string
	// Hz is what the phone hums; 0: it is silent.
	Hz() int
	Addr() netip.AddrPort
	Register(ctx context.Context) error
	Unregister(ctx context.Context) error
	// Dial sends an INVITE and returns at once.
	Dial(ctx context.Context, number string, how Dial) (Call, error)
	// Incoming waits for a call. The phone does not ring by itself.
	Incoming(ctx context.Context) (Call, error)
	// Notified waits for a NOTIFY of an event package whose body contains something.
	Notified(ctx context.Context, event, body string) error
	// Lamp waits until what is watched, by the user part that is subscribed to, is shown in this state.
	Lamp(ctx context.Context, user string, state engine.PresenceState) error
	// Dark asserts that the phone is shown nothing of user but idle: the subscription is refused, or has been idle since
	// it began.
	Dark(ctx context.Context, user string) error
	// Key presses the key of a lamp that flashes, as phones do by what they are shown.
	Key(ctx context.Context, user string) (Call, error)
}

// End is how a call ended for the phone.
type End int

// Ends.
const (
	NotEnded End = iota
	EndedHere
	EndedThere
	Missed
	Elsewhere // answered elsewhere
)

// Call is a phone's side of a call.
type Call interface {
	Ring(ctx context.Context) error
	Progress(ctx context.Context) error
	Answer(ctx context.Context) error
	Reject(ctx context.Context, status int) error
	Redirect(ctx context.Context, contacts ...string) error
	// Hangup is CANCEL, BYE or a refusal, whichever fits.
	Hangup(ctx context.Context) error
	SendDTMF(ctx context.Context, digits string) error
	Hold(ctx context.Context) error
	Unhold(ctx context.Context) error
	Mute(ctx context.Context) error
	Unmute(ctx context.Context) error
	Refer(ctx context.Context, target string) error
	ReferReplaces(ctx context.Context, second Call) error

	WaitRinging(ctx context.Context) error
	WaitEarly(ctx context.Context) error
	WaitAnswered(ctx context.Context) error
	WaitEnded(ctx context.Context) error
	// Status is the final response to the INVITE, 0 before it.
	Status() int
	End() End

	// Hears waits until exactly these tones are heard; none: silence.
	Hears(ctx context.Context, hz ...int) error
	// Misses fails if hz is heard within d.
	Misses(ctx context.Context, hz int, d time.Duration) error
	// Encrypted reports whether the media is SRTP.
	Encrypted() bool
	WaitDigits(ctx context.Context, digits string) error
	// WaitDisplay waits until the phone shows this name and number.
	WaitDisplay(ctx context.Context, who engine.Identity) error
	// Header is a header of the INVITE that came in.
	Header(name string) string
	Number() string // user part of the request URI of a call that came in
}

// Backend is a media server with what belongs around it.
type Backend interface {
	// Driver returns a new driver for the running server. It has not connected yet.
	Driver() (engine.Engine, error)
	Phone(ctx context.Context, spec PhoneSpec) (Phone, error)
	// Trunk describes the way to a carrier; the carrier's password is the right one.
	Trunk(carrier Phone, name string) engine.Trunk
	// File makes a WAV file that hums hz for d.
	File(hz int, d time.Duration) (string, error)
	// RecordDir is a folder that the server can write.
	RecordDir() string
	// Cut severs the connection between driver and server, Mend makes it possible again.
	Cut()
	Mend()
	// Restart kills the server and starts it again.
	Restart(ctx context.Context) error
	// Channels is the server's own list of what is up.
	Channels(ctx context.Context) ([]string, error)
	// Logs helps to understand a failure.
	Logs() string
	Close() error
}
