package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
	fsconf "callplane/freeswitch-conf"
	"github.com/google/uuid"
	"github.com/percipia/eslgo/command"
)

// Channel variables of our own: the leg that the channel belongs to, where the id is not its own, and its checkpoint.
const (
	varLeg        = "callplane_leg"
	varCheckpoint = "callplane_state"
)

// Originate implements engine.Engine. For an account with several contacts one channel per contact is
// called; the first that answers becomes the leg. Their early media is told as Ringing.
func (e *Engine) Originate(ctx context.Context, req engine.Originate) error {
	return fail("originate", req.ID, e.originate(ctx, req))
}

func (e *Engine) originate(ctx context.Context, req engine.Originate) error {
	if _, err := uuid.Parse(string(req.ID)); err != nil {
		return fmt.Errorf("%w: id: %w", engine.ErrInvalid, err)
	}
	if req.Sink == nil {
		return fmt.Errorf("%w: no sink", engine.ErrInvalid)
	}
	s, err := e.session()
	if err != nil {
		return err
	}
	ctx, cancel := e.withTimeout(ctx)
	defer cancel()
	if req.Timeout <= 0 {
		req.Timeout = time.Minute
	}
	vars, err := e.originateVars(req)
	if err != nil {
		return err
	}
	dials, err := e.dialStrings(ctx, s, req.Target)
	if err != nil {
		return err
	}

	info := engine.LegInfo{ID: req.ID, Engine: e.cfg.Name, Direction: engine.Outbound, Caller: req.Caller, Created: time.Now()}
	switch req.Target.Kind {
	case engine.TargetAccount:
		info.Dialed = req.Target.User
	case engine.TargetTrunk:
		info.Dialed = req.Target.Number
	}
	info.To = info.Dialed
	l := e.newLeg(req.ID, string(req.ID), info, req.Sink)
	l.forks = make(map[string]*fork)
	order := make([]string, len(dials))
	for i := range dials {
		order[i] = string(req.ID)
		if i > 0 {
			order[i] = uuid.NewString()
		}
		l.forks[order[i]] = &fork{channel: order[i]}
	}
	e.mu.Lock()
	if e.legs[req.ID] != nil || e.chans[string(req.ID)] != nil {
		e.mu.Unlock()
		return fmt.Errorf("%w: id in use", engine.ErrInvalid)
	}
	e.add(l)
	if len(dials) == 0 {
		e.post(func() { l.end(engine.Hangup{Cause: engine.CauseUnreachable}) })
		e.mu.Unlock()
		return nil
	}
	l.timer = time.AfterFunc(req.Timeout, func() { e.unanswered(l) })
	e.mu.Unlock()
	e.expect()

	for i, dial := range dials {
		ch := order[i]
		v := maps(vars, "origination_uuid", ch)
		if len(dials) > 1 {
			v["ignore_early_media"], v[varLeg] = "true", string(req.ID)
		}
		if err := e.call(ctx, s, v, dial, ch); err != nil {
			e.mu.Lock()
			if i > 0 { // the others ring
				e.post(func() { l.forkFailed(ch, engine.Hangup{Cause: engine.CauseInternal}) })
				e.mu.Unlock()
				e.log.Warn("cannot call a contact", "leg", req.ID, "err", err)
				continue
			}
			l.sink = func(engine.Event) {}
			e.post(func() { l.end(engine.Hangup{Cause: engine.CauseInternal}) })
			e.mu.Unlock()
			return err
		}
	}
	return nil
}

func maps(base map[string]string, name, value string) map[string]string {
	m := make(map[string]string, len(base)+2)
	for k, v := range base {
		m[k] = v
	}
	m[name] = value
	return m
}

// call starts one channel with bgapi: the engine's thread waits for the answer, we for the events. The engine reads commands byte by byte,
// a system call and a turn of its scheduler for each, so what it would do anyway is not said.
func (e *Engine) call(ctx context.Context, s *session, vars map[string]string, dial, ch string) error {
	job := uuid.NewString()[:13] // 48 bits
	e.mu.Lock()
	e.jobs[job] = ch
	e.mu.Unlock()
	text := command.API{Command: "originate", Arguments: varString(vars) + dial + " &park()", Background: true}.BuildMessage()
	err := printable(text)
	if err == nil {
		_, err = s.cmd(ch).command(ctx, "originate", text+"\nJob-UUID: "+job)
	}
	if err != nil {
		e.mu.Lock()
		delete(e.jobs, job)
		e.mu.Unlock()
	}
	return err
}

// originateVars are the channel variables of a new leg.
func (e *Engine) originateVars(req engine.Originate) (map[string]string, error) {
	v := map[string]string{
		"originate_timeout":            strconv.Itoa(int(math.Ceil(req.Timeout.Seconds())) + 5), // ours comes first
		"origination_caller_id_number": plainNumber(req.Caller.Number),
		"origination_caller_id_name":   req.Caller.Name,
	}
	if req.Caller.Name == "" {
		v["origination_caller_id_name"] = req.Caller.Number
	}
	host := req.Target.Domain
	if req.Target.Kind == engine.TargetURI {
		_, host = uriParts(req.Target.URI)
	}
	e.mu.Lock()
	if t, ok := e.trunks[req.Target.Trunk]; ok && req.Target.Kind == engine.TargetTrunk {
		host = t.Host
		if t.Secure {
			v["rtp_secure_media_outbound"] = "mandatory"
		}
	}
	if a := e.legs[req.For]; a != nil && len(a.codecs) > 0 {
		v["codec_string"] = preferred(a.codecs)
	}
	e.mu.Unlock()
	if req.Caller.Anonymous {
		v["origination_privacy"] = "hide_name:hide_number:screen"
		v["sip_cid_type"] = "none" // RFC 3325: nothing is asserted to those who must not know
		if req.Target.Kind != engine.TargetTrunk {
			v["origination_caller_id_name"], v["origination_caller_id_number"] = "Anonymous", "anonymous"
		} else {
			// mod_sofia would hide the number from no header but its own: a carrier gets the
			// headers of RFC 3323 and 3325 finished.
			v["sip_force_full_from"] = `"Anonymous" <sip:anonymous@anonymous.invalid>`
			v["sip_h_Privacy"] = "id"
			if req.Caller.Number != "" {
				v["sip_h_P-Asserted-Identity"] = fmt.Sprintf("<sip:%s@%s>", plainNumber(req.Caller.Number), host)
			}
		}
	} else if strings.ContainsAny(req.Caller.Name, `"\%`) {
		// mod_sofia cuts names at quotes and decodes '%': give it the finished headers.
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(req.Caller.Name) + `"`
		header := fmt.Sprintf("%s <sip:%s@%s>", quoted, plainNumber(req.Caller.Number), host)
		v["origination_caller_id_name"] = strings.NewReplacer(`"`, "'", `\`, "/", "%", " ").Replace(req.Caller.Name)
		v["sip_force_full_from"] = header
		v["sip_cid_type"] = "none"
		v["sip_h_P-Asserted-Identity"] = header
	}
	if req.Secure {
		v["rtp_secure_media_outbound"] = "mandatory"
	}
	if req.AlertInfo != "" {
		v["alert_info"] = req.AlertInfo
	}
	if req.Checkpoint != "" {
		enc, err := encodeCheckpoint(req.Checkpoint)
		if err != nil {
			return nil, err
		}
		v[varCheckpoint] = enc
	}
	for name, value := range req.Headers {
		if !(strings.HasPrefix(name, "X-") || name == "Diversion") || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return nil, fmt.Errorf("%w: header %q", engine.ErrInvalid, name)
		}
		v["sip_h_"+name] = value
	}
	for name, value := range v {
		if err := printable(value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return v, nil
}

// plainNumber leaves of a number what a SIP URI has without escapes.
func plainNumber(n string) string {
	return strings.Map(func(r rune) rune {
		if token(string(r)) {
			return r
		}
		return -1
	}, n)
}

// offered reads the codecs of an SDP offer in their order, as far as they are ours.
func offered(sdp string) []string {
	names := map[string]string{"0": "PCMU", "8": "PCMA", "9": "G722"}
	var order []string
	for line := range strings.Lines(sdp) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "m=audio "); ok {
			if f := strings.Fields(rest); len(f) > 2 {
				order = f[2:]
			}
		}
		if rest, ok := strings.CutPrefix(line, "a=rtpmap:"); ok {
			pt, codec, _ := strings.Cut(rest, " ")
			codec, _, _ = strings.Cut(codec, "/")
			names[pt] = strings.ToUpper(codec)
		}
	}
	var codecs []string
	for _, pt := range order {
		for _, known := range allCodecs {
			if names[pt] == known {
				codecs = append(codecs, known)
			}
		}
	}
	return codecs
}

// allCodecs is what freeswitch-conf offers.
var allCodecs = [...]string{"PCMA", "PCMU", "G722", "OPUS"}

// preferred orders the codecs so that those of the other leg come first.
func preferred(first []string) string {
	var order []string
	add := func(c string) {
		for _, o := range order {
			if o == c {
				return
			}
		}
		order = append(order, c)
	}
	for _, c := range first {
		add(c)
	}
	for _, c := range allCodecs {
		add(c)
	}
	return strings.Join(order, ",")
}

// varString writes variables in the syntax of originate. It passes three splitters of the engine (by spaces, by
// commas, by '='), each of which takes quotes and one level of backslashes away.
func varString(vars map[string]string) string {
	names := make([]string, 0, len(vars))
	for name := range vars {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name)
		b.WriteByte('=')
		value := vars[name]
		if strings.ContainsAny(value, "{}[]$:") {
			value = strings.NewReplacer("{", "(", "}", ")", "[", "(", "]", ")", "$", "S", ":_:", ":-:").Replace(value)
		}
		for _, special := range []string{"=", ",", " "} {
			value = escapeFor(value, special)
		}
		b.WriteString(value)
	}
	b.WriteByte('}')
	return b.String()
}

func escapeFor(v, delim string) string {
	if !strings.ContainsAny(v, `\'`+delim) {
		return v // nearly always; making a Replacer costs more than all else here
	}
	escaped := `\` + delim
	if delim == " " {
		escaped = `\s`
	}
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`, delim, escaped).Replace(v)
}

// dialStrings are the endpoints of a target, none if nobody is registered.
func (e *Engine) dialStrings(ctx context.Context, s *session, t engine.Target) ([]string, error) {
	switch t.Kind {
	case engine.TargetAccount:
		return e.contacts(ctx, s, t.User, t.Domain)
	case engine.TargetTrunk:
		e.mu.Lock()
		_, ok := e.trunks[t.Trunk]
		e.mu.Unlock()
		if !ok {
			return nil, fmt.Errorf("%w: unknown trunk %q", engine.ErrInvalid, t.Trunk)
		}
		if !token(t.Number) {
			return nil, fmt.Errorf("%w: number %q", engine.ErrInvalid, t.Number)
		}
		return []string{"sofia/gateway/" + t.Trunk + "/" + t.Number}, nil
	case engine.TargetURI:
		if !plainURI(t.URI) {
			return nil, fmt.Errorf("%w: URI %q", engine.ErrInvalid, t.URI)
		}
		return []string{"sofia/" + fsconf.ProfileTrunks + "/" + t.URI}, nil
	}
	return nil, fmt.Errorf("%w: target kind %d", engine.ErrInvalid, t.Kind)
}

// contacts gives the endpoints of everything that is registered for an account.
func (e *Engine) contacts(ctx context.Context, s *session, user, domain string) ([]string, error) {
	if !token(user) || !token(domain) {
		return nil, fmt.Errorf("%w: account %q at %q", engine.ErrInvalid, user, domain)
	}
	out, err := s.cmd(user).api(ctx, "sofia_contact", "*/"+user+"@"+domain)
	if err != nil {
		return nil, err
	}
	var all []string
	for part := range strings.SplitSeq(strings.TrimSpace(out), ",sofia/") {
		part = "sofia/" + strings.TrimPrefix(part, "sofia/")
		if strings.HasPrefix(part, "sofia/error/") || !strings.Contains(part, ":") {
			continue
		}
		// A phone chooses its contact: it must not become a dial string of its own.
		if _, uri, ok := strings.Cut(strings.TrimPrefix(part, "sofia/"), "/"); !ok || !plainURI(uri) {
			e.log.Warn("contact is not usable", "account", user+"@"+domain, "contact", part)
			continue
		}
		all = append(all, part)
	}
	return all, nil
}

// token tells whether v is free of everything with a meaning in dial strings and SIP URIs.
func token(v string) bool {
	return v != "" && len(v) <= 128 && strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+*#-_.~!") == "" && !strings.Contains(v, "!")
}

func plainURI(v string) bool {
	// Brackets have a meaning in dial strings, except around the address in the middle of a URI.
	if before, rest, ok := strings.Cut(v, "@["); ok {
		ip, after, ok := strings.Cut(rest, "]")
		if a, err := netip.ParseAddr(ip); !ok || err != nil || !a.Is6() || a.Zone() != "" {
			return false
		}
		v = before + "@v6" + after
	}
	if len(v) > 2048 || strings.ContainsAny(v, " \t\r\n\x00'\"\\,|{}[]<>^`$&") {
		return false
	}
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "sip" || u.Scheme == "sips") && u.Opaque != ""
}

// unanswered ends a leg whose time is over.
func (e *Engine) unanswered(l *leg) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.ended || l.answered {
		return
	}
	if l.asked == nil {
		c := engine.CauseNoAnswer
		l.asked = &c
	}
	for _, ch := range l.channels() {
		e.cancelFork(l, ch, engine.CauseNoAnswer)
	}
}

// created handles the birth of an outbound channel: it may have been given up before. Needs the lock.
func (l *leg) created(ch string) {
	f := l.forks[ch]
	if f == nil {
		return
	}
	f.created = true
	if l.asked != nil && !l.answered {
		l.e.cancelFork(l, ch, *l.asked)
	}
}

// chosen makes a fork the leg and ends the others. Needs the lock.
func (l *leg) chosen(ch string) {
	l.channel = ch
	for other, f := range l.forks {
		if other != ch && !f.ended {
			l.e.cancelFork(l, other, engine.CauseAnsweredElsewhere)
		}
	}
}

// jobDone handles the result of an originate. A channel that was made has told by events; what
// remains are requests for which none was made.
func (e *Engine) jobDone(ev *event) {
	job := ev.get("Job-UUID")
	ch, ok := e.jobs[job]
	if !ok {
		return
	}
	delete(e.jobs, job)
	reply := strings.TrimSpace(ev.body)
	l := e.chans[ch]
	if l == nil || !strings.HasPrefix(reply, "-ERR") {
		return
	}
	if f := l.forks[ch]; f != nil && f.created {
		// Its CHANNEL_HANGUP, which knows more, is on its way: the job's thread sees the end of the
		// channel before the channel's own thread tells of it.
		return
	}
	cause := causeOf(strings.TrimSpace(strings.TrimPrefix(reply, "-ERR")))
	l.forkFailed(ch, engine.Hangup{Cause: cause})
}

// forkFailed ends a fork that has no events of its own. Needs the lock.
func (l *leg) forkFailed(ch string, h engine.Hangup) {
	f := l.forks[ch]
	if f == nil || f.ended || l.answered {
		return
	}
	f.ended = true
	f.cause = h
	if l.asked != nil {
		f.cause.Cause = *l.asked
	}
	l.forkEnded()
}

// forkEnded ends the leg when all its forks have ended. Needs the lock.
func (l *leg) forkEnded() {
	best := engine.Hangup{Cause: engine.CauseUnreachable}
	rank := -1
	for _, f := range l.forks {
		if !f.ended {
			return
		}
		if r := forkRank(f.cause.Cause); r > rank {
			best, rank = f.cause, r
		}
	}
	l.end(best)
}

// forkRank orders what several devices of one account answered: what a person did counts most.
func forkRank(c engine.Cause) int {
	for i, known := range []engine.Cause{engine.CauseUnreachable, engine.CauseUnknown, engine.CauseTimeout, engine.CauseServerError,
		engine.CauseCongestion, engine.CauseNotFound, engine.CauseIncompatible, engine.CauseNoAnswer, engine.CauseMoved,
		engine.CauseBusy, engine.CauseRejected, engine.CauseCancelled, engine.CauseAnsweredElsewhere} {
		if c == known {
			return i
		}
	}
	return 1
}

// async runs f on a goroutine that Run waits for, with the command timeout.
func (e *Engine) async(f func(ctx context.Context)) {
	e.wg.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), e.cfg.CommandTimeout)
		defer cancel()
		f(ctx)
	})
}

// gone tells whether an error only says that the leg ended in between.
func gone(err error) bool { return errors.Is(err, engine.ErrNoLeg) || errors.Is(err, engine.ErrDown) }
