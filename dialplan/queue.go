package dialplan

import "time"

// QueueStrategy says which of a queue's free agents is offered a call first (ACD-03).
type QueueStrategy string

// Strategies.
const (
	// QueueLongestIdle: whose last offer from the queue is longest ago.
	QueueLongestIdle QueueStrategy = "longest_idle"
	// QueueFewestCalls: who has answered the fewest calls since the login.
	QueueFewestCalls QueueStrategy = "fewest_calls"
	// QueueRandom: any.
	QueueRandom QueueStrategy = "random"
	// QueueSequential: by rank, from the top for every call.
	QueueSequential QueueStrategy = "sequential"
	// QueueSequentialMemory: by rank, from whom the last call was offered to.
	QueueSequentialMemory QueueStrategy = "sequential_memory"
	// QueueLeastTalk: who has talked least in calls of the queue since the login.
	QueueLeastTalk QueueStrategy = "least_talk"
	// QueueRingAll: the first call rings at everybody.
	QueueRingAll QueueStrategy = "ring_all"
	// QueueRoundRobin: by rank, from the one after whom the last call was offered to.
	QueueRoundRobin QueueStrategy = "round_robin"
)

// QueueStrategies are all strategies.
func QueueStrategies() []QueueStrategy {
	return []QueueStrategy{
		QueueLongestIdle, QueueFewestCalls, QueueRandom, QueueSequential, QueueSequentialMemory, QueueLeastTalk, QueueRingAll, QueueRoundRobin,
	}
}

// Queue is the configuration of a queue extension (ACD).
type Queue struct {
	// Open: any user may log in; else only members may (ACD-05).
	Open     bool
	Language string // of announcements; empty: the account's
	Strategy QueueStrategy
	// AnnouncePosition and AnnounceWait are told every Interval.
	AnnouncePosition bool
	AnnounceWait     bool
	Interval         time.Duration
	// RingTimeout of an offer, CoolDown after a conversation and Weight (0–100) among the
	// queues of an agent; members may have their own.
	RingTimeout time.Duration
	CoolDown    time.Duration
	Weight      int
	// Limit is how many callers may wait; 0: no limit.
	Limit int
	// Breakout is where 1 leads; none: 1 does nothing (ACD-10).
	Breakout Destination
	// Music is played while nothing else is; else the caller hears ringing.
	Music bool
	// Introduction is played at the entry, Infotainment one after the other each minute: media keys.
	Introduction     string
	SkipIntroduction bool // when an agent is free
	Infotainment     []string
	// Ringback is heard once before the caller enters.
	Ringback bool
	// SecondCall lets agents be offered a call while they have one (ACD-01).
	SecondCall bool
	// Forward takes callers when the queue is full, and after ForwardAfter; 0: only then.
	Forward      []Destination
	ForwardAfter time.Duration
	// AllowForwards lets the individual forwards of users in Forward act.
	AllowForwards bool
	// NoAgent takes callers while no agent is logged in.
	NoAgent []Destination
	// ServiceLevel is the wait within which a call should be answered, for figures.
	ServiceLevel time.Duration
	// Members by rank, logged in or not.
	Members []QueueMember
}

// Kind implements ExtensionConfig.
func (*Queue) Kind() Kind { return KindQueue }

// QueueMember is an agent of a queue: a user or a forward extension.
type QueueMember struct {
	Extension string
	// LoggedIn since Since; counters of the strategies begin there (ACD-04).
	LoggedIn bool
	Since    time.Time
	// Paused is why the agent takes no calls for a while although logged in; empty: takes them.
	Paused string
	// RingTimeout, CoolDown and Weight instead of the queue's (ACD-06); nil: the queue's.
	RingTimeout *time.Duration
	CoolDown    *time.Duration
	Weight      *int
}

// Member is the member with an extension, or nil.
func (q *Queue) Member(extension string) *QueueMember {
	for i := range q.Members {
		if q.Members[i].Extension == extension {
			return &q.Members[i]
		}
	}
	return nil
}

// MayLogIn tells whether a user may log in (ACD-05).
func (q *Queue) MayLogIn(extension string) bool { return q.Open || q.Member(extension) != nil }

// MayPickup tells whether a user may pick up what rings for the queue: anybody of an open
// queue, members, logged in or not, of a closed one (FEA-PICK-01).
func (q *Queue) MayPickup(extension string) bool { return q.MayLogIn(extension) }

// MayWatch tells whether a user's phone may show how many wait in the queue: who could pick them up.
func (q *Queue) MayWatch(extension string) bool { return q.MayPickup(extension) }

// QueueWait is what a caller is told about the time to come (ACD-08): the average wait of calls
// answered lately minus their own so far, two minutes when nothing is known.
func QueueWait(average time.Duration, known bool, own time.Duration) time.Duration {
	if !known {
		return 2 * time.Minute
	}
	return max(0, average-own)
}
