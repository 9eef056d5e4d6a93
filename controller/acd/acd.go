// Package acd distributes the callers of an account's queues among its agents. State is pure: it
// knows no clock, no engine and no database; Step takes one event and the time and says what
// is to be done. Account runs a State for one account.
package acd

import (
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"callplane/dialplan"
)

// QueueID is the id of a queue extension, AgentID that of a user or forward extension.
type (
	QueueID int64
	AgentID int64
)

// Queue is a queue with its agents.
type Queue struct {
	ID     QueueID
	Number string
	Config *dialplan.Queue
	// Agents are the ids of Config.Members, in the same order.
	Agents []AgentID
}

// Event is something that happens to a State.
type Event interface{ event() }

// Configure replaces all queues. Callers of a queue that is gone get Gone.
type Configure struct{ Queues []Queue }

// Phone tells what an agent's phones are doing besides calls of queues. An agent that Configure brings is not
// reachable until then; of one that no queue has, nothing is kept.
type Phone struct {
	Agent     AgentID
	Reachable bool
	Calls     int
}

// Join puts a caller into a queue, as of At: zero is now, earlier keeps a place from before a restart or
// a wait elsewhere. Held callers are not offered until Release. The caller is refused when the queue
// is full (Back, after a restart, is never).
type Join struct {
	Caller uuid.UUID
	Queue  QueueID
	At     time.Time
	Held   bool
	Back   bool
}

// Hold keeps a caller from being offered, who keeps the place; it has no effect while an offer is out.
type Hold struct{ Caller uuid.UUID }

// Release ends Hold.
type Release struct{ Caller uuid.UUID }

// Leave takes a caller out: hung up, forwarded, broke out.
type Leave struct {
	Caller uuid.UUID
	Reason Reason
}

// Answered tells that an agent took the call, whether it was offered or picked up.
type Answered struct {
	Caller uuid.UUID
	Agent  AgentID
}

// Missed tells that an offer has failed on its own: refused, unreachable.
type Missed struct {
	Caller uuid.UUID
	Agent  AgentID
	Miss   dialplan.Miss
}

// Talking tells of a conversation that began before a restart.
type Talking struct {
	Caller uuid.UUID
	Queue  QueueID
	Agent  AgentID
	Since  time.Time
}

// Ended tells that an agent's conversation is over.
type Ended struct {
	Caller uuid.UUID
	Agent  AgentID
}

// Remember gives what agents and queues had done before a restart.
type Remember struct {
	Agents []Counter
	Waits  []Wait
}

// Counter is what an agent has done in a queue since the login.
type Counter struct {
	Queue    QueueID
	Agent    AgentID
	Offered  time.Time // last
	Ended    time.Time // last conversation; cool-down counts from there
	Answered int
	Talk     time.Duration
}

// Wait is how long a caller waited who was answered.
type Wait struct {
	Queue QueueID
	At    time.Time
	Wait  time.Duration
}

// Tick tells that time has passed: Result.Next has come.
type Tick struct{}

func (Configure) event() {}
func (Phone) event()     {}
func (Join) event()      {}
func (Hold) event()      {}
func (Release) event()   {}
func (Leave) event()     {}
func (Answered) event()  {}
func (Missed) event()    {}
func (Talking) event()   {}
func (Ended) event()     {}
func (Remember) event()  {}
func (Tick) event()      {}

// Reason is why a caller left a queue without an agent.
type Reason string

// Reasons.
const (
	ReasonHungUp   Reason = "abandoned"
	ReasonBreakout Reason = "breakout"
	ReasonForward  Reason = "forwarded" // the forward timer
	ReasonFull     Reason = "full"
	ReasonNoAgent  Reason = "no-agent"
	ReasonPickup   Reason = "picked-up"
	ReasonGone     Reason = "queue-deleted"
)

// Order is what a State wants done with a caller's call.
type Order struct {
	Kind   OrderKind
	Caller uuid.UUID
	Queue  QueueID
	Agent  AgentID
	Until  time.Time // of Offer: when it ends
	Reason Reason    // of Refused
	Joined time.Time // of Entered
	// Second: the agent has another call; the phone's own rule about that does not count.
	Second bool
}

// OrderKind is what is to be done.
type OrderKind uint8

// Orders.
const (
	// Offer: ring the agent for the caller.
	Offer OrderKind = iota + 1
	// Withdraw: stop ringing the agent.
	Withdraw
	// Entered: the caller is in, Refused: the queue is full or not there. One of them answers Join.
	Entered
	Refused
	// Held answers Hold; without it the caller is being offered.
	Held
	// NoAgents: nobody is logged in any more.
	NoAgents
	// Gone: the queue does not exist any more.
	Gone
)

// Record is a line for the log of a queue, from which statistics are made (ACD-14).
type Record struct {
	At     time.Time
	Kind   RecordKind
	Queue  QueueID
	Caller uuid.UUID
	Agent  AgentID
	// Waited is the caller's whole wait, of RecordAnswered and RecordLeft; Talk of RecordEnded.
	Waited time.Duration
	Talk   time.Duration
	Reason string // of RecordLeft and RecordMissed
}

// RecordKind is what a Record tells.
type RecordKind string

// Kinds of record.
const (
	RecordJoined   RecordKind = "joined"
	RecordRefused  RecordKind = "refused"
	RecordOffered  RecordKind = "offered"
	RecordMissed   RecordKind = "missed"
	RecordAnswered RecordKind = "answered"
	RecordEnded    RecordKind = "ended"
	RecordLeft     RecordKind = "left"
	RecordLogin    RecordKind = "login"
	RecordLogout   RecordKind = "logout"
	RecordPaused   RecordKind = "paused"
	RecordResumed  RecordKind = "resumed"
)

// Result of a step. Its slices are valid until the next one.
type Result struct {
	Orders  []Order
	Records []Record
	// Next is when Tick is due; zero: not at all.
	Next time.Time
}

const (
	// recent is how far back waits count for the estimate (ACD-08).
	recent = 30 * time.Minute
	// restAfterMiss keeps a phone that refuses at once from being called without end.
	restAfterMiss = 5 * time.Second
	// defaultRing is the ring timeout of a queue without one.
	defaultRing = 20 * time.Second
)

// State is the distribution of one account: callers, agents, queues. Its methods are not safe for use
// by several goroutines.
type State struct {
	now     time.Time
	rng     *rand.Rand
	queues  map[QueueID]*queue
	agents  map[AgentID]*agent
	callers map[uuid.UUID]*caller
	timers  timers
	seq     int64
	out     Result
	dirty   []*agent // may have become free
	queued  []*queue // may have a caller to offer
	scratch []*agent
}

// New returns an empty State; seed decides what the random strategy does.
func New(seed uint64) *State {
	return &State{
		rng:    rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)),
		queues: map[QueueID]*queue{}, agents: map[AgentID]*agent{}, callers: map[uuid.UUID]*caller{},
	}
}

type queue struct {
	Queue
	members []*membership
	waiting []*caller // in no order
	ready   ready     // those who may be offered, by place
	dirty   bool
	dry     bool // no member is available, of those that no step has touched since
	memory  int  // rank of the one whom the last call was offered to
	recent  []Wait
	total   time.Duration // of recent
	lost    []time.Time   // when callers hung up, lately
}

type membership struct {
	a        *agent
	q        *queue
	rank     int
	in       bool // logged in and not paused
	loggedIn bool
	paused   string
	since    time.Time
	weight   int
	ring     time.Duration
	cool     time.Duration
	offered  time.Time
	turn     int64 // of the last offer, among those of the same moment
	answered int
	talk     time.Duration
}

type agent struct {
	id        AgentID
	reachable bool
	calls     int // that are no queue's
	offers    []*offer
	talks     []*talk
	cool      time.Time // no offers before
	rest      time.Time
	members   []*membership
	dirty     bool
	best      *queue
}

type talk struct {
	caller uuid.UUID
	queue  QueueID
	since  time.Time
}

type caller struct {
	id     uuid.UUID
	q      *queue
	joined time.Time
	seq    int64
	held   bool
	offers []*offer
	tried  map[AgentID]bool
	index  int // in ready; -1: not there
	slot   int // in waiting
}

type offer struct {
	c     *caller
	m     *membership
	until time.Time
	over  bool
}

func (c *caller) before(d *caller) bool {
	if !c.joined.Equal(d.joined) {
		return c.joined.Before(d.joined)
	}
	return c.seq < d.seq
}
