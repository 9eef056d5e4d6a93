package api

import (
	"fmt"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
)

// Routing are the parts of extensions that only lead on.
type Routing struct {
	Forward    *ForwardConfig    `json:"forward,omitempty" doc:"With kind forward."`
	AutoAnswer *AutoAnswerConfig `json:"auto_answer,omitempty" doc:"With kind auto_answer."`
	Time       *TimeConfig       `json:"time,omitempty" doc:"With kind time."`
	Limit      *LimitConfig      `json:"limit,omitempty" doc:"With kind limit."`

	Location       *LocationConfig       `json:"location,omitempty" doc:"With kind location."`
	Authentication *AuthenticationConfig `json:"authentication,omitempty" doc:"With kind authentication."`
	Picker         *PickerConfig         `json:"picker,omitempty" doc:"With kind picker."`
	System         *SystemConfig         `json:"system,omitempty" doc:"With kind system."`
	AI             *AIConfig             `json:"ai,omitempty" doc:"With kind ai."`
	Queue          *QueueConfig          `json:"queue,omitempty" doc:"With kind queue."`
	Voicemail      *VoicemailConfig      `json:"voicemail,omitempty" doc:"With kind voicemail."`
}

// ForwardConfig is what a forward extension has (EXT-FWD-01).
type ForwardConfig struct {
	Number   string `json:"number" minLength:"1" doc:"External number that calls go on to."`
	CallerID string `json:"caller_id" required:"false" default:"calling" pattern:"^(calling|called|\\+[1-9][0-9]{4,14})$" patternDescription:"calling, called or a number of the account such as +31201234567" doc:"What is shown: the caller's number, the one that was called, or a number of the account."`
}

// AutoAnswerConfig is what an extension has that plays audio and hangs up (EXT-AA-01).
type AutoAnswerConfig struct {
	Announcement string `json:"announcement" pattern:"^[a-z0-9][a-z0-9_.-]{0,99}$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Media key."`
	Language     string `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Empty: the account's."`
}

// TimeConfig is what time-based routing has (EXT-TBR-01).
type TimeConfig struct {
	Periods  []TimePeriod `json:"periods,omitempty" maxItems:"200" doc:"The first that holds decides."`
	Failover string       `json:"failover" minLength:"1" doc:"Destination outside of all periods."`
}

// TimePeriod is a time of day on days of the week, in the account's time zone.
type TimePeriod struct {
	StartDay    string `json:"start_day" enum:"sunday,monday,tuesday,wednesday,thursday,friday,saturday"`
	EndDay      string `json:"end_day" enum:"sunday,monday,tuesday,wednesday,thursday,friday,saturday" doc:"Last day; before start_day: over the end of the week."`
	StartTime   string `json:"start_time" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"a time from 00:00 to 23:59"`
	EndTime     string `json:"end_time" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" patternDescription:"a time from 00:00 to 24:00" doc:"Not part of the period; before start_time: on the next day."`
	Destination string `json:"destination" minLength:"1" doc:"Extension or external number."`
	Description string `json:"description,omitempty" maxLength:"200"`
}

// LimitConfig is what a call limit has (EXT-LIM-01).
type LimitConfig struct {
	Calls    int    `json:"calls" minimum:"1" maximum:"10000" doc:"At most so many at once."`
	Within   string `json:"within" minLength:"1" doc:"Destination of calls within the limit."`
	Above    string `json:"above,omitempty" doc:"Destination of the others; empty: busy tone."`
	CallerID string `json:"caller_id" required:"false" default:"calling" pattern:"^(calling|called|\\+[1-9][0-9]{4,14})$" patternDescription:"calling, called or a number of the account such as +31201234567" doc:"Shown where the call goes: the caller's number, the one that was called, or a number of the account."`
}

// SystemConfig is what an extension has that makes a system extension reachable from outside (EXT-SYS-01).
type SystemConfig struct {
	Function string `json:"function" enum:"numbering-plan,voicemail-management,record-audio" doc:"What callers reach with their extension and PIN."`
	Language string `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Of the questions; empty: the account's."`
}

type kindPart struct {
	kind  string
	there bool
}

func (r *Routing) parts() []kindPart {
	return []kindPart{{"forward", r.Forward != nil}, {"auto_answer", r.AutoAnswer != nil}, {"time", r.Time != nil}, {"limit", r.Limit != nil},
		{"location", r.Location != nil}, {"authentication", r.Authentication != nil}, {"picker", r.Picker != nil}, {"system", r.System != nil},
		{"queue", r.Queue != nil}, {"voicemail", r.Voicemail != nil}, {"ai", r.AI != nil}}
}

// problems are what one field alone can't tell.
func (r *Routing) problems() []*huma.ErrorDetail {
	var errs []*huma.ErrorDetail
	if f := r.Forward; f != nil && !dialable(f.Number) {
		errs = append(errs, field("forward.number", "must be an external number: up to 32 of 0-9 * #, + only at the begin"))
	}
	if t := r.Time; t != nil {
		for i, p := range t.Periods {
			at := fmt.Sprintf("time.periods[%d].", i)
			if p.StartTime == p.EndTime {
				errs = append(errs, field(at+"end_time", "is start_time; a whole day is 00:00 to 24:00"))
			}
			errs = append(errs, text(at+"description", p.Description)...)
		}
	}
	if r.AI != nil {
		errs = append(errs, r.AI.problems()...)
	}
	if r.Queue != nil {
		errs = append(errs, r.Queue.problems()...)
	}
	return append(errs, r.placeProblems()...)
}

func (r *Routing) destinations() []namedDestination {
	var out []namedDestination
	if t := r.Time; t != nil {
		out = append(out, namedDestination{"time.failover", t.Failover})
		for i, p := range t.Periods {
			out = append(out, namedDestination{fmt.Sprintf("time.periods[%d].destination", i), p.Destination})
		}
	}
	if l := r.Limit; l != nil {
		out = append(out, namedDestination{"limit.within", l.Within})
		if l.Above != "" {
			out = append(out, namedDestination{"limit.above", l.Above})
		}
	}
	if r.AI != nil && r.AI.Fallback != "" {
		out = append(out, namedDestination{"ai.fallback", r.AI.Fallback})
	}
	if r.Queue != nil {
		out = append(out, r.Queue.destinations()...)
	}
	return append(out, r.placeDestinations()...)
}

func (r *Routing) config(a accountRules) dialplan.ExtensionConfig {
	switch {
	case r.System != nil:
		return &dialplan.System{Function: dialplan.SystemFunction(r.System.Function), Language: r.System.Language}
	case r.AI != nil:
		return r.AI.config(a)
	case r.Queue != nil:
		return r.Queue.config(a)
	case r.Forward != nil:
		return &dialplan.Forward{Number: r.Forward.Number, CallerID: dialplan.ForwardCallerID(r.Forward.CallerID)}
	case r.AutoAnswer != nil:
		return &dialplan.AutoAnswer{Announcement: r.AutoAnswer.Announcement, Language: r.AutoAnswer.Language}
	case r.Time != nil:
		t := &dialplan.TimeRoute{Failover: destination(a, r.Time.Failover)}
		for _, p := range r.Time.Periods {
			t.Periods = append(t.Periods, dialplan.Period{
				FirstDay: weekday(p.StartDay), LastDay: weekday(p.EndDay), Start: minutes(p.StartTime), End: minutes(p.EndTime),
				Destination: destination(a, p.Destination), Description: p.Description,
			})
		}
		return t
	case r.Limit != nil:
		l := r.Limit
		return &dialplan.CallLimit{Calls: l.Calls, Within: destination(a, l.Within), Above: destination(a, l.Above),
			CallerID: dialplan.ForwardCallerID(l.CallerID)}
	case r.Voicemail != nil:
		return r.Voicemail.config()
	}
	return r.placeConfig(a)
}

func (r *Routing) set(c dialplan.ExtensionConfig) {
	switch c := c.(type) {
	case *dialplan.AI:
		r.AI = aiConfigOf(c)
	case *dialplan.Queue:
		r.Queue = queueConfigOf(c)
	case *dialplan.System:
		r.System = &SystemConfig{Function: string(c.Function), Language: c.Language}
	case *dialplan.Forward:
		r.Forward = &ForwardConfig{Number: c.Number, CallerID: string(c.CallerID)}
	case *dialplan.AutoAnswer:
		r.AutoAnswer = &AutoAnswerConfig{Announcement: c.Announcement, Language: c.Language}
	case *dialplan.TimeRoute:
		r.Time = &TimeConfig{Failover: shown(c.Failover)}
		for _, p := range c.Periods {
			r.Time.Periods = append(r.Time.Periods, TimePeriod{
				StartDay: strings.ToLower(p.FirstDay.String()), EndDay: strings.ToLower(p.LastDay.String()),
				StartTime: clock(p.Start), EndTime: clock(p.End), Destination: shown(p.Destination), Description: p.Description,
			})
		}
	case *dialplan.CallLimit:
		r.Limit = &LimitConfig{Calls: c.Calls, Within: shown(c.Within), Above: shown(c.Above), CallerID: string(c.CallerID)}
	case *dialplan.Voicemail:
		r.Voicemail = voicemailOf(c)
	default:
		r.setPlace(c)
	}
}

// weekday of a name that validation has let through.
func weekday(name string) time.Weekday {
	for d := time.Sunday; d < time.Saturday; d++ {
		if strings.EqualFold(d.String(), name) {
			return d
		}
	}
	return time.Saturday
}

// minutes of a time that validation has let through.
func minutes(s string) int {
	n := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	return n(0)*60 + n(3)
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }
