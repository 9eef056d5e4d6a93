// Package engine is the port to a media server: what one can be asked to do with
// the legs of a call and what it tells about them. It knows nothing of call flows.
//
// Three implementations exist: freeswitch (ESL), asterisk (ARI) and sim (in
// memory). The conformance suite in integration/conformance is the definition of
// what is written here: the same cases hold on all three.
//
// # Rules that hold for every operation
//
//   - An operation returns when the engine has accepted the command, not when its
//     effect is over; the effect is told by an event. Exceptions say so.
//   - Every operation takes a context and never outlives it; without a deadline
//     the driver applies its own command timeout (5 s by default). A timed-out command
//     returns an error that wraps context.DeadlineExceeded and names the command.
//   - An operation on a leg that has ended, or was never known, returns ErrNoLeg and
//     does nothing. A hang-up between the decision and the command is no error worth
//     a log line: callers treat ErrNoLeg as "the Hangup event is on its way".
//   - Operations on one leg from several goroutines are carried out one after the
//     other in the order in which they were accepted.
//   - While the engine is unreachable, operations return ErrDown at once.
//
// # Rules that hold for events
//
//   - The events of one leg arrive at its Sink in the order in which they
//     happened, none is lost, none comes twice. Hangup is the last, exactly once.
//   - Between legs there is no order.
//   - After a connection was lost, what happened meanwhile is worked out from the
//     engine's own list of channels and delivered (Answered, Bridged, Unbridged, Hangup)
//     before any event of the new connection.
package engine

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// LegID names a leg: one SIP dialog of the engine with a phone or a carrier. Ids of
// originated legs are chosen by the caller of Originate before the command goes out.
type LegID string

// PlayID names a playback, RecordID a recording and MixID a mix; chosen by the caller.
type (
	PlayID   string
	RecordID string
	MixID    string
)

// Errors that callers tell apart. Drivers wrap them with the command that failed.
var (
	// ErrNoLeg: the leg has ended or was never there.
	ErrNoLeg = errors.New("no such leg")
	// ErrDown: the engine is not connected.
	ErrDown = errors.New("engine is down")
	// ErrState: the leg is not in a state in which this can be done (for example
	// Bridge of a leg that is only ringing and has no media).
	ErrState = errors.New("leg is in the wrong state")
	// ErrRefused: the engine understood and refused the command.
	ErrRefused = errors.New("engine refused the command")
	// ErrNoRecording: nothing was recorded, or it is lost.
	ErrNoRecording = errors.New("no such recording")
	// ErrInvalid: an argument can't be sent (CR or LF in a value, empty target …).
	ErrInvalid = errors.New("invalid argument")
)

// Engine is one media server with its driver.
type Engine interface {
	// Name is the configured name of this engine, unique in the controller.
	Name() string
	// Run connects and stays connected, reconnecting with jittered back-off, until ctx
	// ends; then it returns nil after all its goroutines ended. Legs are left alone:
	// conversations survive the controller. It is called once.
	Run(ctx context.Context, h Handler) error

	// Ring tells the calling leg that the callee is alerted (180). Before answer only;
	// on an answered leg it does nothing and returns nil. Repeating it does nothing.
	Ring(ctx context.Context, leg LegID) error
	// Progress opens early media towards the calling leg (183 with SDP), so that it can be
	// played to or bridged before answer. Answered or repeated: does nothing.
	Progress(ctx context.Context, leg LegID) error
	// Answer answers an inbound leg (200); Answered follows. Answered already: nothing.
	Answer(ctx context.Context, leg LegID) error
	// Hangup ends the leg: before answer with the SIP status of cause (an inbound leg is
	// refused, an outbound one cancelled, with a Reason header that names "call completed
	// elsewhere" for CauseAnsweredElsewhere, RFC 3326), after answer with BYE. The
	// Hangup event follows with this cause. Ended already: ErrNoLeg.
	Hangup(ctx context.Context, leg LegID, cause Cause) error

	// Play plays the sources one after the other to the leg, which must have media
	// (answered, or after Progress); else ErrState. A leg has one playback at a time: a second Play
	// ends the first (PlayDone, PlayStopped) before it starts. Bridge, Mix and Listen end a playback too.
	// PlayDone follows exactly once for every accepted Play, also at hang-up (before Hangup).
	Play(ctx context.Context, leg LegID, p Playback) error
	// StopPlay ends playback id; PlayDone with PlayStopped follows. A playback that
	// is over already, or another one: does nothing and returns nil.
	StopPlay(ctx context.Context, leg LegID, id PlayID) error
	// Record records to a file; RecordDone follows exactly once, also at hang-up.
	Record(ctx context.Context, leg LegID, r Recording) error
	// StopRecord ends recording id and keeps the file. Over already: does nothing.
	StopRecord(ctx context.Context, leg LegID, id RecordID) error
	// Collect completes the file of a recording of which RecordDone was never told, because the controller went away,
	// or was told with an error that may pass, such as a full disk. What an earlier run of the controller
	// recorded ends when the next one has connected. Complete already: does nothing. ErrState: it is still being
	// written; ErrNoRecording: there is nothing of it.
	Collect(ctx context.Context, r Recording) error
	// SendDTMF sends digits (0-9 * # A-D) to the leg, RFC 4733 or INFO as negotiated.
	SendDTMF(ctx context.Context, leg LegID, digits string) error

	// Originate calls a target. It returns when the engine has taken the request; what
	// becomes of it is told to req.Sink: Ringing, EarlyMedia, Answered, or Hangup with
	// the typed cause. An id that is in use gives ErrInvalid.
	Originate(ctx context.Context, req Originate) error

	// Bridge connects two legs that have media, each hears the other; it returns when
	// audio can flow. Both get Bridged. A leg that was bridged or mixed leaves that first. When one leg
	// ends, the other gets Unbridged and stays up, in silence, for the controller to go on
	// with. With one leg in early media and the other unanswered, both hear each other
	// as far as SIP allows; the engine may answer the unanswered one when the other answers.
	Bridge(ctx context.Context, a, b LegID) error
	// Unbridge takes a leg out of its bridge; both legs stay up and get Unbridged.
	// Not bridged: does nothing.
	Unbridge(ctx context.Context, leg LegID) error
	// Mix adds an answered leg to mix id, made at its first leg and gone with its last;
	// every leg hears all others. Mixed follows; a leg leaves its bridge or other mix first.
	Mix(ctx context.Context, id MixID, leg LegID) error
	// Unmix takes a leg out of its mix; Unmixed follows. Not mixed: does nothing.
	Unmix(ctx context.Context, leg LegID) error
	// Listen lets the answered leg supervisor hear the conversation of target and, by
	// mode, be heard. Called again it changes the mode. It ends with either leg or StopListen;
	// ListenDone then goes to supervisor, which stays up.
	Listen(ctx context.Context, supervisor, target LegID, mode ListenMode) error
	// StopListen ends it; the supervisor stays up. Not listening: does nothing.
	StopListen(ctx context.Context, supervisor LegID) error

	// UpdateCallerID changes what the leg's phone shows as the other party: before
	// answer of an outbound leg and during the call (UPDATE or re-INVITE with
	// P-Asserted-Identity, RFC 3325).
	UpdateCallerID(ctx context.Context, leg LegID, id Identity) error
	// Checkpoint writes value (at most 4 KiB of printable ASCII) on the channel, where it
	// outlives this process; LegState has it after a restart.
	Checkpoint(ctx context.Context, leg LegID, value string) error

	// Notify sends an out-of-dialog NOTIFY to every contact of a SIP account
	// (check-sync, message-summary).
	Notify(ctx context.Context, n Notify) error
	// SetState publishes a state for phones to watch (dialog-info, RFC 4235); watchers are told when it is another than before.
	// Who may watch it is what SetWatch says. Both are to be told again whenever the engine is connected.
	SetState(ctx context.Context, s State) error
	// SetWatch replaces what the phones of a SIP account may subscribe to. To everything else their subscription
	// is refused, or shows nothing but an idle user, whatever happens; a subscription that was
	// allowed ends, or shows idle, as soon as it no longer is. What is allowed later is shown from then on, unless the engine had refused.
	SetWatch(ctx context.Context, w Watch) error
	// SetTrunks replaces the set of carriers that Originate can name and registers those
	// that want it.
	SetTrunks(ctx context.Context, trunks []Trunk) error
	// SetBlocked replaces the set of source addresses whose SIP requests are refused.
	SetBlocked(ctx context.Context, addrs []netip.Addr) error
}

// Sink takes the events of one leg. It must not block: the driver calls it on the
// goroutine that reads the engine's events.
type Sink func(Event)

// Handler is what the controller does with news from an engine. All functions are
// required and must return quickly; they may call operations of the engine only from
// other goroutines.
type Handler struct {
	// Incoming is called once for every new inbound leg, before any of its events, and
	// gives the sink for them. The operations that follow first (Ring, Progress, Answer,
	// Hangup) are what the caller hears first: where the engine allows it, they
	// travel in the answer to its question about the call. Nil refuses the leg with 503.
	Incoming func(LegInfo) Sink
	// Adopt is called after every (re)connect with the legs that the engine has and that
	// have no sink in this process: those of an earlier run of the controller. A leg for
	// which the result holds no sink is hung up.
	Adopt func([]LegState) map[LegID]Sink
	// Registered replaces all that is known of registrations at this engine (after a
	// connect); Registration tells each change from then on, failures included.
	Registered   func([]Registration)
	Registration func(Registration)
	// Connected tells that the engine can be used (after Adopt) or can't.
	Connected func(up bool)
}

// Direction of a leg as the engine sees it.
type Direction uint8

const (
	// Inbound: a phone or carrier called us.
	Inbound Direction = iota + 1
	// Outbound: we called it.
	Outbound
)

// Identity is what a display shows of a party. Anonymous asks for
// Privacy: id and an anonymous From (RFC 3323); the number is then only asserted to
// trusted carriers.
type Identity struct {
	Number    string
	Name      string // UTF-8
	Anonymous bool
}

// LegInfo is what is known of a leg when it begins and does not change.
type LegInfo struct {
	ID        LegID
	Engine    string
	Direction Direction
	// SIPCallID is the Call-ID header, for comparison with traces; empty until known.
	SIPCallID string
	// AuthUser is the SIP account that proved itself by digest, empty for peers.
	AuthUser   string
	AuthDomain string
	// Peer is where the signalling came from; Transport is udp, tcp, tls, ws or wss.
	Peer      netip.AddrPort
	Transport string
	Caller    Identity // From
	// Asserted is P-Asserted-Identity or Remote-Party-ID as the peer sent it. It means
	// something only from a trusted peer.
	Asserted Identity
	// Dialed is the user part of the request URI; To that of the To header.
	Dialed string
	To     string
	// Headers holds Alert-Info, Diversion, Referred-By, Replaces, User-Agent, and all X- headers
	// that were present, by canonical name.
	Headers map[string]string
	Created time.Time
}

// LegState is a leg found on the engine without an owner in this process.
type LegState struct {
	Info       LegInfo
	Answered   bool
	BridgedTo  LegID // empty: not bridged
	MixedIn    MixID // empty: not mixed
	Checkpoint string
}

// TargetKind says how Originate reaches a target.
type TargetKind uint8

const (
	// TargetAccount: every current contact of a SIP account (User, Domain). No
	// contact: Hangup with CauseUnreachable.
	TargetAccount TargetKind = iota + 1
	// TargetTrunk: Number through the carrier named Trunk.
	TargetTrunk
	// TargetURI: a SIP URI.
	TargetURI
)

// Target is whom Originate calls.
type Target struct {
	Kind         TargetKind
	User, Domain string
	Trunk        string
	Number       string
	URI          string
}

// Originate is a request to call somebody.
type Originate struct {
	ID     LegID // chosen by the caller, a UUID
	Target Target
	// Caller is shown to the callee.
	Caller Identity
	// Timeout after which an unanswered leg ends with CauseNoAnswer; 0 is 60 s.
	Timeout time.Duration
	// AlertInfo is sent as Alert-Info (distinctive ring), empty: none.
	AlertInfo string
	// Headers are added to the INVITE; names must begin with "X-" or be Diversion.
	Headers map[string]string
	// For is the inbound leg on whose behalf this is done, if any: its codecs are
	// preferred so that nothing is transcoded.
	For LegID
	// Secure asks for SRTP and refuses plain media.
	Secure bool
	// Checkpoint is written on the channel from its beginning.
	Checkpoint string
	Sink       Sink
}

// ListenMode says who hears the supervisor.
type ListenMode uint8

const (
	// ListenOnly: nobody.
	ListenOnly ListenMode = iota + 1
	// ListenWhisper: the target, not the party it talks to.
	ListenWhisper
	// ListenBarge: both.
	ListenBarge
)

// Notify is an out-of-dialog NOTIFY.
type Notify struct {
	User, Domain string
	Event        string // Event header, for example check-sync or message-summary
	ContentType  string // empty: no body
	Body         string
}

// PresenceState is what a busy lamp shows.
type PresenceState uint8

const (
	// Idle: lamp off.
	Idle PresenceState = iota + 1
	// Alerting: flashing.
	Alerting
	// Talking: on.
	Talking
)

// State is the state of something that phones watch, under a name: letters, digits and '-'. What was never set is idle.
type State struct {
	Name  string
	State PresenceState
	// Text is shown beside a lamp that is not off, on phones whose engine can tell it (FreeSWITCH).
	Text string
}

// Watch is what a SIP account may watch: the user part of the URI that its phones subscribe to, and the name
// of the state that they are shown for it.
type Watch struct {
	User, Domain string
	Names        map[string]string
}

// Trunk is a carrier as the engine needs to know it.
type Trunk struct {
	Name string // unique; letters, digits, '-' and '_'
	// Host, Port and Transport (udp, tcp, tls) where INVITEs go. Port 0: the default.
	Host      string
	Port      uint16
	Transport string
	// Username and Password answer digest challenges; empty: by IP only.
	Username, Password string
	// Register keeps a registration with the carrier up.
	Register bool
	Expires  time.Duration // of the registration; 0 is 600 s
	Secure   bool          // SRTP
	// Sources are the networks that the carrier calls from; none: Host alone. Engines that
	// tell of every call whoever it comes from leave the decision to the controller.
	Sources []netip.Prefix
}

// RegistrationKind says what happened to a registration.
type RegistrationKind uint8

const (
	// Registered or refreshed.
	Registered RegistrationKind = iota + 1
	// Unregistered by the phone.
	Unregistered
	// Expired without refresh.
	Expired
	// AuthFailed: wrong password, unknown user or disabled channel, at REGISTER or INVITE.
	AuthFailed
)

// Registration is one contact of a SIP account, or a failed attempt at one.
type Registration struct {
	Kind         RegistrationKind
	Engine       string
	User, Domain string
	Contact      string // contact URI; empty for AuthFailed
	Peer         netip.AddrPort
	Transport    string
	UserAgent    string
	Expires      time.Time
}
