// Package simulate tells which path a call would take: the flow of real calls runs on a media server
// that does nothing, by a clock that does not wait (NP-09). There is no second set of rules.
package simulate

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/controller/flow"
	"callplane/dialplan"
	"callplane/store"
)

// Answer is what somebody does whose phone rings.
type Answer string

// Answers. Zero is NoAnswer, so that a path is told to its end.
const (
	NoAnswer    Answer = "no_answer"
	Answers     Answer = "answer"
	Busy        Answer = "busy"
	Rejects     Answer = "reject"
	Unreachable Answer = "unreachable" // a user's phones are not registered
)

// Reaction is what somebody does who is called, and how long after the phone begins to ring; zero: 2 s.
type Reaction struct {
	Answer Answer
	After  time.Duration
	who    string
}

// Config is what simulations work with.
type Config struct {
	// Flow of every call. What it keeps must not be what real calls keep.
	Flow func(context.Context, *call.Call) error
	// Prompt and Music are those of real calls; a nil one finds everything.
	Prompt func(account dialplan.AccountID, key, language string) (string, error)
	Music  func(name string) (string, error)
	Domain string
	// Limit is the real time that a simulation may take; 0: 5 s.
	Limit time.Duration
}

// Request is a call to simulate.
type Request struct {
	Account *dialplan.Account
	Trunks  []*dialplan.Trunk
	// Number that is called: one of the company's; with a user as caller, what the user dials.
	Number string
	// Caller is a number as people write it, an extension of the account for a call from one of its phones, or
	// empty for one who withholds the number.
	Caller string
	At     time.Time
	// Digits are what the caller presses, one entry for each time that digits are asked for; an empty entry: nothing.
	Digits []string
	// Reactions of users by extension, or of one of their phones by channel, and of numbers outside as the account would dial them or E.164. Who is not there lets it ring.
	Reactions map[string]Reaction
}

// Outcome is how a simulated call ended.
type Outcome string

// Outcomes.
const (
	Talks Outcome = "talks" // somebody answered
	// Reaches: it is where a simulation ends (flow.Config.Ends), such as a queue.
	Reaches Outcome = "reaches"
	Asks    Outcome = "asks" // the caller is asked for digits, and the request has no more
	Ends    Outcome = "ends"
)

// Step of a path, as in the record of a call.
type Step struct {
	At     time.Time
	Step   string
	Reason string
}

// Path is what would happen.
type Path struct {
	Steps   []Step
	Outcome Outcome
	// With is who talks with the caller: an extension or a number.
	With string
	// Cause is why the call ended, as in its record.
	Cause string
	// Prompts are what the caller heard at last: keys of prompts and of the account's audio.
	Prompts []string
}

// RequestError says what is wrong with a request.
type RequestError struct {
	Field  string // number or caller
	Reason string
}

// Error implements error.
func (e *RequestError) Error() string { return e.Field + ": " + e.Reason }

var errNothingRecorded = errors.New("nothing is recorded in a simulation")

// longest is how long a caller of a simulation stays, by its clock.
const longest = 2 * time.Hour

// Run simulates a call. A *RequestError is about the request.
func Run(ctx context.Context, cfg Config, req Request) (Path, error) {
	if cfg.Limit <= 0 {
		cfg.Limit = 5 * time.Second
	}
	info, err := invite(req)
	if err != nil {
		return Path{}, err
	}
	w := &world{now: req.At, end: req.At.Add(longest)}
	s := &switchboard{world: w, react: req.reaction, caller: info.ID, legs: map[engine.LegID]*leg{}}
	w.idle = s.hangsUp

	dir := store.NewDirectory()
	dir.Put(req.Account)
	dir.SetTrunks(req.Trunks)
	metrics, err := call.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		return Path{}, fmt.Errorf("simulate a call: %w", err)
	}
	var path Path
	digits, asked := req.Digits, false
	begin, done := make(chan struct{}), make(chan store.CallRecord, 1)
	rt := call.New(call.Config{
		Directory: dir, Metrics: metrics, Domain: cfg.Domain, Clock: w, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		AuthFailed: func(engine.Registration) {},
		Record:     func(r store.CallRecord) { done <- r },
		Prompt:     cfg.prompt, Music: cfg.music,
		Flow: func(ctx context.Context, c *call.Call) error {
			<-begin
			return cfg.Flow(ctx, c)
		},
		Asked: func(*call.Call) {
			switch {
			case s.keys > 0: // what is asked for is being pressed already
			case len(digits) > 0:
				s.presses(digits[0])
				digits = digits[1:]
			case !asked:
				asked = true
				path.Prompts = keysOf(s.played)
				s.hangsUp()
			}
		},
	})
	defer rt.Close()
	h := rt.Handler(s, func(bool) {})
	h.Registered(req.registrations(s.Name(), cfg.Domain))
	sink := h.Incoming(info)
	if sink == nil {
		return Path{}, errors.New("simulate a call: it was refused")
	}
	s.legs[info.ID] = &leg{id: info.ID, sink: sink}
	close(begin)

	limit := time.NewTimer(cfg.Limit)
	defer limit.Stop()
	var record store.CallRecord
	select {
	case record = <-done:
	case <-limit.C:
		return Path{}, fmt.Errorf("simulate a call: it is not over after %v", cfg.Limit)
	case <-ctx.Done():
		return Path{}, fmt.Errorf("simulate a call: %w", context.Cause(ctx))
	}
	for _, t := range record.Trace {
		path.Steps = append(path.Steps, Step{At: t.At, Step: t.Step, Reason: t.Reason})
	}
	path.Cause = record.Cause
	switch {
	case asked:
		path.Outcome, path.Cause = Asks, ""
	case s.with != "":
		path.Outcome, path.With = Talks, s.with
	case len(path.Steps) > 0 && path.Steps[len(path.Steps)-1].Step == flow.StepReached:
		path.Outcome, path.With, path.Cause = Reaches, path.Steps[len(path.Steps)-1].Reason, ""
	default:
		path.Outcome, path.Prompts = Ends, keysOf(s.played)
	}
	return path, nil
}

// invite is the leg with which the call begins.
func invite(req Request) (engine.LegInfo, error) {
	a := req.Account
	info := engine.LegInfo{ID: "caller", Engine: "simulation", Direction: engine.Inbound, SIPCallID: "simulation", Transport: "udp",
		Peer: noPeer, Created: req.At, Dialed: req.Number, To: req.Number}
	if a == nil || req.Number == "" {
		return info, &RequestError{"number", "is required"}
	}
	if e := a.Extensions[req.Caller]; e != nil {
		if u := a.User(req.Caller); u != nil {
			for _, ch := range u.Devices {
				if ch.Enabled {
					info.AuthUser, info.Peer, info.Caller = ch.Name, peerOf(ch), engine.Identity{Number: ch.Name}
					return info, nil
				}
			}
		}
		return info, &RequestError{"caller", "extension " + req.Caller + " is nobody who is logged in on a phone"}
	}
	called, err := dialplan.Normalize(req.Number, a.Country, a.AreaCode)
	if err != nil {
		return info, &RequestError{"number", err.Error()}
	}
	if a.Numbers[called.Number()] == nil {
		return info, &RequestError{"number", called.Number() + " is no number of the account"}
	}
	t, peer := carrier(req.Trunks, a.ID)
	if t == nil {
		return info, &RequestError{"number", "there is no carrier from which calls come to the account"}
	}
	info.Peer = netip.AddrPortFrom(peer, 5060)
	info.Dialed = dialplan.Format(called.Number(), t.Format, t.Country)
	info.To = info.Dialed
	if req.Caller == "" {
		info.Caller = engine.Identity{Anonymous: true}
		return info, nil
	}
	caller, err := dialplan.Normalize(req.Caller, a.Country, a.AreaCode)
	if err != nil {
		return info, &RequestError{"caller", err.Error()}
	}
	info.Caller = engine.Identity{Number: dialplan.Format(caller.Number(), t.Format, t.Country)}
	return info, nil
}

// noPeer is where phones are of which it is not known (RFC 5737).
var noPeer = netip.MustParseAddrPort("192.0.2.1:5060")

// peerOf is where a phone calls from: where its user logged in.
func peerOf(ch *dialplan.Channel) netip.AddrPort {
	if ch.LoginAddress.IsValid() {
		return netip.AddrPortFrom(ch.LoginAddress, 5060)
	}
	return noPeer
}

// carrier is the best one that calls come from, and an address of it.
func carrier(all []*dialplan.Trunk, account dialplan.AccountID) (*dialplan.Trunk, netip.Addr) {
	for _, t := range dialplan.OutboundTrunks(all, account) {
		for _, p := range t.Sources {
			if from := p.Addr(); dialplan.InboundTrunk(all, from) == t {
				return t, from
			}
		}
	}
	return nil, netip.Addr{}
}

// registrations are those of every phone whose user is not unreachable.
func (req Request) registrations(name, domain string) []engine.Registration {
	var out []engine.Registration
	for _, ch := range req.Account.Channels {
		if req.of(ch).Answer != Unreachable {
			out = append(out, engine.Registration{Kind: engine.Registered, Engine: name, User: ch.Name, Domain: domain,
				Contact: "sip:" + ch.Name + "@" + peerOf(ch).String(), Peer: peerOf(ch), Transport: "udp"})
		}
	}
	return out
}

// of is what happens at a phone.
func (req Request) of(ch *dialplan.Channel) Reaction {
	if r, ok := req.Reactions[ch.Name]; ok {
		return r
	}
	return req.Reactions[ch.User]
}

// reaction is what somebody does who is called.
func (req Request) reaction(to engine.Target) Reaction {
	var r Reaction
	if to.Kind == engine.TargetAccount {
		if ch := req.Account.Channels[to.User]; ch != nil {
			r = req.of(ch)
			r.who = ch.User
		}
	} else {
		n := req.e164(to.Number, to.Trunk)
		r = req.Reactions[n]
		for key, x := range req.Reactions {
			if d, err := dialplan.Normalize(key, req.Account.Country, req.Account.AreaCode); err == nil && d.Number() == n && req.Account.Extensions[key] == nil {
				r = x
			}
		}
		r.who = n
	}
	if r.After <= 0 {
		r.After = 2 * time.Second
	}
	return r
}

// e164 is what a carrier understands.
func (req Request) e164(number, trunk string) string {
	for _, t := range req.Trunks {
		if t.Name == trunk {
			if n, err := dialplan.ParseCarrier(number, t.Format, t.Country); err == nil {
				return n
			}
		}
	}
	return number
}

// promptScheme marks the files of a simulation, which nobody opens.
const promptScheme = "prompt:"

func (cfg Config) prompt(account dialplan.AccountID, key, language string) (string, error) {
	path := ""
	if cfg.Prompt != nil {
		var err error
		if path, err = cfg.Prompt(account, key, language); err != nil {
			return "", err
		}
	}
	return promptScheme + key + ":" + path, nil
}

func (cfg Config) music(name string) (string, error) {
	if cfg.Music != nil {
		return cfg.Music(name)
	}
	return promptScheme + "music:", nil
}

// promptTime is how long a prompt lasts of which there is no file.
const promptTime = time.Second

// lasts is how long sources take to be played.
func lasts(sources []engine.Source) time.Duration {
	var d time.Duration
	for _, s := range sources {
		switch {
		case s.Beep != nil:
			d += s.Beep.Duration
		case s.File != "":
			_, path, _ := strings.Cut(strings.TrimPrefix(s.File, promptScheme), ":")
			d += wavTime(path)
		default:
			d += s.Silence
		}
	}
	return d
}

// wavTime is how long a WAV file with the usual header lasts.
func wavTime(path string) time.Duration {
	f, err := os.Open(path)
	if err != nil {
		return promptTime
	}
	defer f.Close()
	var header [44]byte
	info, err := f.Stat()
	if err != nil {
		return promptTime
	}
	if _, err := io.ReadFull(f, header[:]); err != nil {
		return promptTime
	}
	rate := binary.LittleEndian.Uint32(header[28:]) // bytes a second
	if rate == 0 {
		return promptTime
	}
	return time.Duration(info.Size()-int64(len(header))) * time.Second / time.Duration(rate)
}

// keysOf are the prompts among sources.
func keysOf(sources []engine.Source) []string {
	var out []string
	for _, s := range sources {
		if key, ok := strings.CutPrefix(s.File, promptScheme); ok {
			key, _, _ = strings.Cut(key, ":")
			out = append(out, key)
		}
	}
	return out
}
