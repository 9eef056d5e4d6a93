package dialplan

import (
	"slices"
	"time"
)

// ForwardCallerID says which number an external forward shows (EXT-GRP-04): one of the
// choices below or, where the extension allows it, a company number in E.164.
type ForwardCallerID string

// Choices for the caller ID of a forward.
const (
	ForwardCalling ForwardCallerID = "calling" // the caller's number
	ForwardCalled  ForwardCallerID = "called"  // the number the caller dialled
)

// Number is the company number that is shown; empty for the other choices.
func (f ForwardCallerID) Number() string {
	if len(f) > 0 && f[0] == '+' {
		return string(f)
	}
	return ""
}

// Group is the configuration of a group extension.
type Group struct {
	Members []string // extension numbers of users
	// AllowMemberForwards lets members' individual forwards act on group calls.
	AllowMemberForwards bool
	// Forwards of the group: Always, Busy, NoAnswer. Unreachable and Rejected are not
	// used: nobody to ring counts as busy, everybody declining as no answer.
	Forwards Forwards
	// ForwardAfter unanswered; 0: 60 s.
	ForwardAfter    time.Duration
	ForwardCallerID ForwardCallerID
	// Privacy is who may pick up, or is notified of, the group's calls (EXT-GRP-05).
	Privacy []PrivacyGrant
}

// Kind implements ExtensionConfig.
func (*Group) Kind() Kind { return KindGroup }

// MemberDecision says what a group call does for one member: ring devices, or
// follow the member's own forward.
type MemberDecision struct {
	Member string
	Ring   []*Channel
	Miss   Miss
	Reason string
	// forwards that are followed; nil: none. Small, since a large group has many of these.
	forwards *Forwards
}

// Forward is where the call goes in the member's place; empty: nowhere.
func (d MemberDecision) Forward() []Destination {
	switch {
	case d.forwards == nil:
		return nil
	case d.Miss == "":
		return d.forwards.Always
	}
	return d.forwards.On(d.Miss)
}

// RingGroup decides whom a group call rings (EXT-GRP-01, EXT-GRP-02). caller is the
// extension that calls, never rung itself.
func RingGroup(a *Account, g *Group, caller string, facts func(channel string) DeviceFacts) []MemberDecision {
	out := make([]MemberDecision, 0, len(g.Members))
	var seen map[string]bool // of few members a look is cheaper
	if len(g.Members) > 32 {
		seen = make(map[string]bool, len(g.Members))
	}
	for i, m := range g.Members {
		if seen[m] || seen == nil && slices.Contains(g.Members[:i], m) {
			continue
		}
		if seen != nil {
			seen[m] = true
		}
		u := a.User(m)
		switch {
		case u == nil:
			out = append(out, MemberDecision{Member: m, Miss: MissUnreachable, Reason: "member is not a user extension"})
			continue
		case m == caller:
			out = append(out, MemberDecision{Member: m, Miss: MissBusy, Reason: "member is the caller"})
			continue
		case g.AllowMemberForwards && len(u.Forwards.Always) > 0:
			out = append(out, MemberDecision{Member: m, forwards: &u.Forwards, Reason: "member forwards all calls"})
			continue
		}
		d := RingUser(u, facts)
		md := MemberDecision{Member: m, Ring: d.Ring, Miss: d.Miss, Reason: d.Reason}
		if len(d.Ring) == 0 && g.AllowMemberForwards {
			md.forwards = &u.Forwards
		}
		out = append(out, md)
	}
	return out
}

// GroupMiss is why a group call was not answered, as far as its forwards go: busy when
// nobody could be rung, else no answer.
func GroupMiss(rung int) Miss {
	if rung == 0 {
		return MissBusy
	}
	return MissNoAnswer
}
