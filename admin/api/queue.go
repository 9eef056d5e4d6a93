package api

import (
	"fmt"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
)

// QueueConfig is what a queue has (ACD-01 to ACD-13).
type QueueConfig struct {
	Access             string        `json:"access" required:"false" enum:"open,closed" default:"open" doc:"open: any user may log in; closed: members only."`
	Language           string        `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Of announcements; empty: the account's."`
	Strategy           string        `json:"strategy" enum:"longest_idle,fewest_calls,random,sequential,sequential_memory,least_talk,ring_all,round_robin" doc:"Which free agent is offered a call first."`
	Members            []QueueMember `json:"members,omitempty" maxItems:"1000" doc:"Agents by rank, the first is the highest."`
	AnnouncePosition   bool          `json:"announce_position,omitempty"`
	AnnounceWait       bool          `json:"announce_wait,omitempty" doc:"The estimated time to the answer."`
	Interval           float64       `json:"interval" required:"false" minimum:"5" maximum:"3600" default:"60" doc:"Seconds between these announcements."`
	RingTimeout        float64       `json:"ring_timeout" required:"false" minimum:"1" maximum:"600" default:"20" doc:"Seconds for which a call is offered to an agent."`
	CoolDown           float64       `json:"cool_down,omitempty" minimum:"0" maximum:"86400" doc:"Seconds after a conversation before the next offer."`
	Weight             int           `json:"weight,omitempty" minimum:"0" maximum:"100" doc:"An agent of several queues gets the call of the heaviest first."`
	CallLimit          int           `json:"call_limit,omitempty" minimum:"0" maximum:"10000" doc:"How many callers may wait; 0: no limit."`
	Breakout           string        `json:"breakout,omitempty" doc:"Destination of callers who press 1; empty: 1 does nothing."`
	Music              *bool         `json:"music" required:"false" default:"true" doc:"Else callers hear ringing."`
	Introduction       string        `json:"introduction,omitempty" pattern:"^([a-z0-9][a-z0-9_.-]{0,99})?$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Media key of what is heard first; empty: none."`
	SkipIntroduction   bool          `json:"skip_introduction,omitempty" doc:"When an agent is free."`
	Infotainment       []string      `json:"infotainment,omitempty" maxItems:"100" doc:"Media keys, played one after the other, one each minute."`
	Ringback           bool          `json:"ringback,omitempty" doc:"Callers hear ringing once before they enter."`
	SecondCall         bool          `json:"second_call,omitempty" doc:"Agents are offered a call while they have one."`
	Forward            []string      `json:"forward,omitempty" maxItems:"10" doc:"Destinations of callers when the queue is full or forward_after is over; several ring at once."`
	ForwardAfter       float64       `json:"forward_after,omitempty" minimum:"0" maximum:"86400" doc:"Seconds of waiting; 0: only when the queue is full."`
	IndividualForwards bool          `json:"individual_forwards,omitempty" doc:"Users who are called by forward may forward themselves."`
	NoAgent            []string      `json:"no_agent,omitempty" maxItems:"10" doc:"Destinations of callers while nobody is logged in; empty: they wait."`
	ServiceLevel       float64       `json:"service_level" required:"false" minimum:"1" maximum:"3600" default:"20" doc:"Seconds within which a call should be answered."`
}

// QueueMember is an agent of a queue.
type QueueMember struct {
	Extension   string     `json:"extension" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"A user or a forward extension."`
	RingTimeout *float64   `json:"ring_timeout,omitempty" minimum:"1" maximum:"600" doc:"Instead of the queue's."`
	CoolDown    *float64   `json:"cool_down,omitempty" minimum:"0" maximum:"86400" doc:"Instead of the queue's."`
	Weight      *int       `json:"weight,omitempty" minimum:"0" maximum:"100" doc:"Instead of the queue's."`
	Active      bool       `json:"active,omitempty" readOnly:"true" doc:"Logged in; a new member is."`
	Since       *time.Time `json:"since,omitempty" readOnly:"true" doc:"Of the last login or logout."`
	Paused      string     `json:"paused,omitempty" readOnly:"true" doc:"Why the agent takes no calls for a while."`
}

func (q *QueueConfig) problems() []*huma.ErrorDetail {
	var errs []*huma.ErrorDetail
	seen := make(map[string]bool)
	for i, m := range q.Members {
		if seen[m.Extension] {
			errs = append(errs, field(fmt.Sprintf("queue.members[%d].extension", i), m.Extension+" is there twice"))
		}
		seen[m.Extension] = true
	}
	for i, key := range q.Infotainment {
		if !mediaKey.MatchString(key) {
			errs = append(errs, field(fmt.Sprintf("queue.infotainment[%d]", i), "must be a media key: lower-case letters, digits, _ . and -"))
		}
	}
	if q.ForwardAfter > 0 && len(q.Forward) == 0 {
		errs = append(errs, field("queue.forward", "is required with forward_after"))
	}
	return errs
}

func (q *QueueConfig) destinations() []namedDestination {
	var out []namedDestination
	if q.Breakout != "" {
		out = append(out, namedDestination{"queue.breakout", q.Breakout})
	}
	for i, d := range q.Forward {
		out = append(out, namedDestination{fmt.Sprintf("queue.forward[%d]", i), d})
	}
	for i, d := range q.NoAgent {
		out = append(out, namedDestination{fmt.Sprintf("queue.no_agent[%d]", i), d})
	}
	return out
}

// check looks at what depends on the account.
func (q *QueueConfig) check(number string, a accountRules) []*huma.ErrorDetail {
	var errs []*huma.ErrorDetail
	for i, m := range q.Members {
		if k := a.extensions[m.Extension]; k != dialplan.KindUser && k != dialplan.KindForward {
			errs = append(errs, field(fmt.Sprintf("queue.members[%d].extension", i), m.Extension+" is not a user or forward extension"))
		}
	}
	for _, d := range q.destinations() {
		if d.value == number {
			errs = append(errs, field(d.name, "leads back to the queue itself"))
		}
	}
	return errs
}

func (q *QueueConfig) config(a accountRules) *dialplan.Queue {
	list := func(in []string) (out []dialplan.Destination) {
		for _, d := range in {
			out = append(out, destination(a, d))
		}
		return out
	}
	out := &dialplan.Queue{
		Open: q.Access != "closed", Language: q.Language, Strategy: dialplan.QueueStrategy(q.Strategy),
		AnnouncePosition: q.AnnouncePosition, AnnounceWait: q.AnnounceWait, Interval: duration(q.Interval),
		RingTimeout: duration(q.RingTimeout), CoolDown: duration(q.CoolDown), Weight: q.Weight, Limit: q.CallLimit,
		Breakout: destination(a, q.Breakout), Music: *q.Music, Introduction: q.Introduction, SkipIntroduction: q.SkipIntroduction,
		Infotainment: slices.Clone(q.Infotainment), Ringback: q.Ringback, SecondCall: q.SecondCall,
		Forward: list(q.Forward), ForwardAfter: duration(q.ForwardAfter), AllowForwards: q.IndividualForwards, NoAgent: list(q.NoAgent),
		ServiceLevel: duration(q.ServiceLevel),
	}
	for _, m := range q.Members {
		// The store keeps the state of those who are members already.
		out.Members = append(out.Members, dialplan.QueueMember{Extension: m.Extension, LoggedIn: true,
			RingTimeout: optionalDuration(m.RingTimeout), CoolDown: optionalDuration(m.CoolDown), Weight: m.Weight})
	}
	return out
}

func optionalDuration(s *float64) *time.Duration {
	if s == nil {
		return nil
	}
	d := duration(*s)
	return &d
}

func optionalSeconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	s := d.Seconds()
	return &s
}

func queueConfigOf(c *dialplan.Queue) *QueueConfig {
	access := "closed"
	if c.Open {
		access = "open"
	}
	q := &QueueConfig{
		Access: access, Language: c.Language, Strategy: string(c.Strategy), AnnouncePosition: c.AnnouncePosition, AnnounceWait: c.AnnounceWait,
		Interval: c.Interval.Seconds(), RingTimeout: c.RingTimeout.Seconds(), CoolDown: c.CoolDown.Seconds(), Weight: c.Weight, CallLimit: c.Limit,
		Breakout: shown(c.Breakout), Music: ptr(c.Music), Introduction: c.Introduction, SkipIntroduction: c.SkipIntroduction,
		Infotainment: c.Infotainment, Ringback: c.Ringback, SecondCall: c.SecondCall, ForwardAfter: c.ForwardAfter.Seconds(),
		IndividualForwards: c.AllowForwards, ServiceLevel: c.ServiceLevel.Seconds(),
	}
	for _, d := range c.Forward {
		q.Forward = append(q.Forward, shown(d))
	}
	for _, d := range c.NoAgent {
		q.NoAgent = append(q.NoAgent, shown(d))
	}
	for _, m := range c.Members {
		out := QueueMember{Extension: m.Extension, RingTimeout: optionalSeconds(m.RingTimeout), CoolDown: optionalSeconds(m.CoolDown), Weight: m.Weight,
			Active: m.LoggedIn, Paused: m.Paused}
		if !m.Since.IsZero() {
			out.Since = &m.Since
		}
		q.Members = append(q.Members, out)
	}
	return q
}
