package api

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
)

// ExtensionInput is an extension as it is written: kind says which of the parts is there.
type ExtensionInput struct {
	Number string       `json:"number" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"As long as all extensions of the account."`
	Name   string       `json:"name,omitempty" maxLength:"200"`
	Kind   string       `json:"kind" enum:"user,group,ivr,forward,auto_answer,time,limit,location,authentication,picker,queue,voicemail,system,ai"`
	User   *UserConfig  `json:"user,omitempty" doc:"With kind user."`
	Group  *GroupConfig `json:"group,omitempty" doc:"With kind group."`
	IVR    *IVRConfig   `json:"ivr,omitempty" doc:"With kind ivr."`
	Routing
}

// UserConfig is what a user extension has.
type UserConfig struct {
	PIN               string        `json:"pin,omitempty" pattern:"^[0-9]{4,10}$" patternDescription:"4 to 10 digits" writeOnly:"true" doc:"Written only; left out: unchanged, at first 0000, which must be changed at the first login."`
	PINChange         bool          `json:"pin_change,omitempty" readOnly:"true" doc:"The PIN is 0000 and must be changed at the next login."`
	Product           string        `json:"product,omitempty" enum:",starter,advanced,professional,expert" readOnly:"true" doc:"What the user has been ordered as; empty: without an order."`
	Language          string        `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Empty: the account's."`
	AreaCode          string        `json:"area_code,omitempty" pattern:"^[0-9]{0,6}$" patternDescription:"up to 6 digits" doc:"Empty: the account's."`
	OfferSecondCall   bool          `json:"offer_second_call,omitempty"`
	CallerID          string        `json:"caller_id,omitempty" pattern:"^(\\+[1-9][0-9]{4,14})?$" patternDescription:"an E.164 number such as +31201234567" doc:"Shown on outbound calls; empty: the account's."`
	EmergencyCallerID string        `json:"emergency_caller_id,omitempty" pattern:"^(\\+[1-9][0-9]{4,14})?$" patternDescription:"an E.164 number such as +31201234567"`
	Permissions       Permissions   `json:"permissions,omitempty"`
	Forwards          Forwards      `json:"forwards,omitempty"`
	RingTimeout       float64       `json:"ring_timeout,omitempty" minimum:"0" maximum:"3600" doc:"Seconds before an unanswered call is forwarded; 0: the call's own limit."`
	Privacy           []UserPrivacy `json:"privacy,omitempty" maxItems:"100" doc:"What privacy groups may do."`
	AssistantGroup    int64         `json:"assistant_group,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Id of the privacy group that is rung in the user's place; 0: none."`
	Assistant         string        `json:"assistant" required:"false" enum:"on,automatic,off" default:"on" doc:"The personal assistant, which records, transcribes and summarises: on, when the user asks for it by 940 or *4; automatic, in every conversation; off. Starter users have none."`
	Voicemail         UserVoicemail `json:"voicemail,omitempty" doc:"The own voicemail box."`
}

// assistantOn is what the API calls dialplan.AssistantOn.
const assistantOn = "on"

// Permissions of a user (EXT-USR-03).
type Permissions struct {
	TimeConfiguration bool `json:"time_configuration,omitempty"`
	Twinning          bool `json:"twinning,omitempty"`
	RecordInbound     bool `json:"record_inbound,omitempty"`
	RecordOutbound    bool `json:"record_outbound,omitempty"`
	Parking           bool `json:"parking,omitempty"`
}

// Forwards name where missed calls go; several destinations ring at once.
type Forwards struct {
	Always      []string `json:"always,omitempty" maxItems:"10" doc:"All calls."`
	Busy        []string `json:"busy,omitempty" maxItems:"10"`
	NoAnswer    []string `json:"no_answer,omitempty" maxItems:"10"`
	Unreachable []string `json:"unreachable,omitempty" maxItems:"10" doc:"Users only."`
	Rejected    []string `json:"rejected,omitempty" maxItems:"10" doc:"Users only."`
}

// GroupConfig is what a group extension has.
type GroupConfig struct {
	Members             []string       `json:"members,omitempty" maxItems:"500" doc:"Numbers of user extensions, all of which ring."`
	AllowMemberForwards bool           `json:"allow_member_forwards,omitempty"`
	Forwards            Forwards       `json:"forwards,omitempty"`
	ForwardAfter        float64        `json:"forward_after,omitempty" minimum:"0" maximum:"3600" doc:"Seconds before an unanswered call is forwarded; 0: 60."`
	ForwardCallerID     string         `json:"forward_caller_id" required:"false" enum:"calling,called" default:"calling"`
	Privacy             []GroupPrivacy `json:"privacy,omitempty" maxItems:"100" doc:"What privacy groups may do."`
}

// IVRConfig is what a menu has.
type IVRConfig struct {
	Announcement   string      `json:"announcement,omitempty" pattern:"^([a-z0-9][a-z0-9_.-]{0,99})?$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Media key; empty: the system's."`
	Language       string      `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Empty: the account's."`
	MaxDigits      int         `json:"max_digits" required:"false" minimum:"1" maximum:"6" default:"1"`
	Tries          int         `json:"tries" required:"false" minimum:"1" maximum:"20" default:"3" doc:"How often the announcement is played in all."`
	FirstDigit     float64     `json:"first_digit" required:"false" minimum:"0.1" maximum:"600" default:"5" doc:"Seconds to wait after the announcement."`
	InterDigit     float64     `json:"inter_digit" required:"false" minimum:"0.1" maximum:"600" default:"3" doc:"Seconds to wait between digits."`
	Options        []IVROption `json:"options,omitempty" maxItems:"1000"`
	Fallback       string      `json:"fallback,omitempty" doc:"Destination after the last try; empty: hang up."`
	FallbackPrefix string      `json:"fallback_prefix,omitempty" maxLength:"40"`
}

// IVROption is one choice of a menu.
type IVROption struct {
	Digits      string `json:"digits" pattern:"^[0-9*]{1,6}$" patternDescription:"1 to 6 of 0-9 and *"`
	Destination string `json:"destination" minLength:"1" doc:"Extension or external number."`
	Prefix      string `json:"prefix,omitempty" maxLength:"40" doc:"Put before the caller on the display."`
}

var extensionNumber = regexp.MustCompile(`^[0-9]{2,5}$`)

var mediaKey = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,99}$`)

// Resolve checks what one field alone can't tell.
func (e *ExtensionInput) Resolve(huma.Context) []error {
	errs := text("name", e.Name)
	parts := append([]kindPart{{"user", e.User != nil}, {"group", e.Group != nil}, {"ivr", e.IVR != nil}}, e.parts()...)
	for _, part := range parts {
		switch {
		case part.there && part.kind != e.Kind:
			errs = append(errs, field(part.kind, "does not belong to an extension of kind "+e.Kind))
		case !part.there && part.kind == e.Kind && e.Kind != "user":
			errs = append(errs, field(part.kind, "is required with kind "+e.Kind))
		}
	}
	switch {
	case e.Kind == "user" && e.User == nil:
		e.User = &UserConfig{}
	case e.User != nil:
		if why := dialplan.UnsafePIN(e.User.PIN); why != "" {
			errs = append(errs, field("user.pin", why))
		}
	}
	errs = append(errs, e.privacyTwice()...)
	if g := e.Group; g != nil {
		for _, f := range []struct {
			name string
			list []string
		}{{"unreachable", g.Forwards.Unreachable}, {"rejected", g.Forwards.Rejected}} {
			if len(f.list) > 0 {
				errs = append(errs, field("group.forwards."+f.name, "a group has no such forward: it is busy or does not answer"))
			}
		}
		seen := make(map[string]bool)
		for i, m := range g.Members {
			if seen[m] {
				errs = append(errs, field(fmt.Sprintf("group.members[%d]", i), m+" is there twice"))
			}
			seen[m] = true
			if !extensionNumber.MatchString(m) {
				errs = append(errs, field(fmt.Sprintf("group.members[%d]", i), "must be the number of a user extension"))
			}
		}
	}
	if v := e.IVR; v != nil {
		errs = append(errs, text("ivr.fallback_prefix", v.FallbackPrefix)...)
		seen := make(map[string]bool)
		for i, o := range v.Options {
			at := fmt.Sprintf("ivr.options[%d].", i)
			if seen[o.Digits] {
				errs = append(errs, field(at+"digits", o.Digits+" is there twice"))
			}
			seen[o.Digits] = true
			if len(o.Digits) > v.MaxDigits {
				errs = append(errs, field(at+"digits", fmt.Sprintf("is longer than max_digits (%d)", v.MaxDigits)))
			}
			errs = append(errs, text(at+"prefix", o.Prefix)...)
		}
	}
	errs = append(errs, e.Routing.problems()...)
	errs = append(errs, e.voicemailProblems()...)
	for _, d := range e.destinations() {
		if !dialable(d.value) {
			errs = append(errs, field(d.name, "must be an extension or an external number: up to 32 of 0-9 * #, + only at the begin"))
		}
	}
	return errorsOf(errs)
}

// dialable is what a destination may look like; the store holds the same rule.
func dialable(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	rest := strings.TrimPrefix(s, "+")
	return rest != "" && strings.Trim(rest, "0123456789*#") == ""
}

type namedDestination struct{ name, value string }

// destinations are all of an extension, with the names of their fields.
func (e *ExtensionInput) destinations() []namedDestination {
	var out []namedDestination
	add := func(f Forwards, prefix string) {
		for _, l := range []struct {
			name string
			list []string
		}{{"always", f.Always}, {"busy", f.Busy}, {"no_answer", f.NoAnswer}, {"unreachable", f.Unreachable}, {"rejected", f.Rejected}} {
			for i, d := range l.list {
				out = append(out, namedDestination{fmt.Sprintf("%s.%s[%d]", prefix, l.name, i), d})
			}
		}
	}
	if e.User != nil {
		add(e.User.Forwards, "user.forwards")
	}
	if e.Group != nil {
		add(e.Group.Forwards, "group.forwards")
	}
	if v := e.IVR; v != nil {
		if v.Fallback != "" {
			out = append(out, namedDestination{"ivr.fallback", v.Fallback})
		}
		for i, o := range v.Options {
			out = append(out, namedDestination{fmt.Sprintf("ivr.options[%d].destination", i), o.Destination})
		}
	}
	return append(out, e.Routing.destinations()...)
}

// mentions are the extension numbers that must exist.
func (e *ExtensionInput) mentions(length int) []string {
	set := make(map[string]bool)
	for _, d := range e.destinations() {
		if x := destination(accountRules{extensionLength: length}, d.value); x.Extension != "" {
			set[x.Extension] = true
		}
	}
	if e.Group != nil {
		for _, m := range e.Group.Members {
			set[m] = true
		}
	}
	if e.Queue != nil {
		for _, m := range e.Queue.Members {
			set[m.Extension] = true
		}
	}
	if e.Voicemail != nil && e.Voicemail.User != "" {
		set[e.Voicemail.User] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// check looks at what depends on the rest of the account.
func (e *ExtensionInput) check(a accountRules) []*huma.ErrorDetail {
	var errs []*huma.ErrorDetail
	if len(e.Number) != a.extensionLength {
		errs = append(errs, field("number", fmt.Sprintf("must have %d digits like every extension of the account", a.extensionLength)))
	}
	a.extensions = maps.Clone(a.extensions)
	a.extensions[e.Number] = dialplan.Kind(e.Kind)
	errs = append(errs, e.placeCheck(a)...)
	if e.Queue != nil {
		errs = append(errs, e.Queue.check(e.Number, a)...)
	}
	errs = append(errs, e.voicemailCheck(a)...)
	for _, d := range e.destinations() {
		errs = append(errs, a.unknown(d.name, destination(a, d.value))...)
	}
	if e.Group != nil {
		for i, m := range e.Group.Members {
			if a.extensions[m] != dialplan.KindUser {
				errs = append(errs, field(fmt.Sprintf("group.members[%d]", i), m+" is not a user extension"))
			}
		}
	}
	return errs
}

func duration(s float64) time.Duration {
	return time.Duration(math.Round(s*1000)) * time.Millisecond
}

func (f Forwards) config(a accountRules) dialplan.Forwards {
	list := func(in []string) (out []dialplan.Destination) {
		for _, s := range in {
			out = append(out, destination(a, s))
		}
		return out
	}
	return dialplan.Forwards{Always: list(f.Always), Busy: list(f.Busy), NoAnswer: list(f.NoAnswer),
		Unreachable: list(f.Unreachable), Rejected: list(f.Rejected)}
}

func forwardsOf(f dialplan.Forwards) Forwards {
	list := func(in []dialplan.Destination) (out []string) {
		for _, d := range in {
			out = append(out, shown(d))
		}
		return out
	}
	return Forwards{Always: list(f.Always), Busy: list(f.Busy), NoAnswer: list(f.NoAnswer),
		Unreachable: list(f.Unreachable), Rejected: list(f.Rejected)}
}

// config is the extension's configuration; pin is the one it has.
func (e *ExtensionInput) config(a accountRules, pin string) dialplan.ExtensionConfig {
	switch {
	case e.User != nil:
		u := e.User
		if u.PIN != "" {
			pin = u.PIN
		}
		return &dialplan.User{PIN: pin, Language: u.Language, AreaCode: u.AreaCode, OfferSecondCall: u.OfferSecondCall,
			CallerID: u.CallerID, EmergencyCallerID: u.EmergencyCallerID, Permissions: dialplan.Permissions(u.Permissions),
			Forwards: u.Forwards.config(a), RingTimeout: duration(u.RingTimeout),
			Privacy: each(u.Privacy, UserPrivacy.grant), AssistantGroup: u.AssistantGroup, Assistant: dialplan.AssistantUse(strings.TrimPrefix(u.Assistant, assistantOn)), Voicemail: u.Voicemail.config()}
	case e.Group != nil:
		g := e.Group
		return &dialplan.Group{Members: g.Members, AllowMemberForwards: g.AllowMemberForwards, Forwards: g.Forwards.config(a),
			ForwardAfter: duration(g.ForwardAfter), ForwardCallerID: dialplan.ForwardCallerID(g.ForwardCallerID),
			Privacy: each(g.Privacy, GroupPrivacy.grant)}
	case e.IVR != nil:
		v := e.IVR
		m := &dialplan.IVR{Announcement: v.Announcement, Language: v.Language, MaxDigits: v.MaxDigits, Tries: v.Tries,
			FirstDigit: duration(v.FirstDigit), InterDigit: duration(v.InterDigit), Fallback: destination(a, v.Fallback),
			FallbackPrefix: v.FallbackPrefix, Options: make(map[string]dialplan.IVROption, len(v.Options))}
		for _, o := range v.Options {
			m.Options[o.Digits] = dialplan.IVROption{Prefix: o.Prefix, Destination: destination(a, o.Destination)}
		}
		return m
	}
	return e.Routing.config(a)
}

// setConfig shows a configuration; what is secret is not in it.
func (e *ExtensionInput) setConfig(c dialplan.ExtensionConfig) {
	switch c := c.(type) {
	case *dialplan.User:
		e.User = &UserConfig{PINChange: c.PIN == "0000", Product: string(c.Product), Language: c.Language, AreaCode: c.AreaCode, OfferSecondCall: c.OfferSecondCall,
			CallerID: c.CallerID, EmergencyCallerID: c.EmergencyCallerID, Permissions: Permissions(c.Permissions),
			Forwards: forwardsOf(c.Forwards), RingTimeout: c.RingTimeout.Seconds(),
			Privacy: each(c.Privacy, userPrivacyOf), AssistantGroup: c.AssistantGroup, Assistant: cmp.Or(string(c.Assistant), assistantOn), Voicemail: userVoicemailOf(c.Voicemail)}
	case *dialplan.Group:
		e.Group = &GroupConfig{Members: c.Members, AllowMemberForwards: c.AllowMemberForwards, Forwards: forwardsOf(c.Forwards),
			ForwardAfter: c.ForwardAfter.Seconds(), ForwardCallerID: string(c.ForwardCallerID),
			Privacy: each(c.Privacy, groupPrivacyOf)}
	case *dialplan.IVR:
		e.IVR = &IVRConfig{Announcement: c.Announcement, Language: c.Language, MaxDigits: c.MaxDigits, Tries: c.Tries,
			FirstDigit: c.FirstDigit.Seconds(), InterDigit: c.InterDigit.Seconds(), Fallback: shown(c.Fallback), FallbackPrefix: c.FallbackPrefix}
		for _, d := range slices.Sorted(maps.Keys(c.Options)) {
			o := c.Options[d]
			e.IVR.Options = append(e.IVR.Options, IVROption{Digits: d, Destination: shown(o.Destination), Prefix: o.Prefix})
		}
	default:
		e.Routing.set(c)
	}
}
