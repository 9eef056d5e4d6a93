package asterisk

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
)

// branchMark parts the leg's id from the number of the branch in a channel's id; the first branch has
// the leg's id itself.
const branchMark = "~"

// legOfChannel is the leg that a channel of ours belongs to.
func legOfChannel(ch string) engine.LegID {
	id, _, _ := strings.Cut(ch, branchMark)
	return engine.LegID(id)
}

// Originate implements engine.Engine.
func (e *Engine) Originate(ctx context.Context, req engine.Originate) error {
	fail := func(err error) error { return fmt.Errorf("asterisk originate %s: %w", req.ID, err) }
	if err := checkOriginate(req); err != nil {
		return fail(err)
	}
	timeout := req.Timeout
	if timeout <= 0 {
		timeout = time.Minute
	}
	ctx, cancel := e.deadline(ctx)
	defer cancel()

	l := newLeg(req.ID, engine.Outbound)
	l.sink = req.Sink
	l.dialed = dialedOf(req.Target)
	l.until = time.Now().Add(timeout)
	e.mu.Lock()
	switch {
	case !e.up:
		e.mu.Unlock()
		return fail(engine.ErrDown)
	case e.legs[req.ID] != nil:
		e.mu.Unlock()
		return fail(fmt.Errorf("the id is in use: %w", engine.ErrInvalid))
	}
	e.legs[req.ID] = l
	var originator string
	if f := e.legs[req.For]; f != nil && !f.over {
		originator = f.channel()
	}
	e.mu.Unlock()
	// forget takes the leg back when nothing went out.
	forget := func(err error) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		if !l.over {
			l.over = true
			close(l.done)
		}
		delete(e.legs, req.ID)
		return fail(err)
	}
	if err := l.turn.acquire(ctx); err != nil {
		return forget(err)
	}
	defer l.turn.release()

	dials, err := e.dialStrings(ctx, req)
	if err != nil {
		return forget(err)
	}
	if len(dials) == 0 {
		e.endUnplaced(l, engine.CauseUnreachable)
		return nil
	}
	vars := originateVars(req, l.until)
	var made []*branch
	var first error
	for i, dial := range dials {
		id := string(req.ID)
		if i > 0 {
			id += branchMark + strconv.Itoa(i+1)
		}
		b := &branch{id: id, leg: l, target: dial, inApp: make(chan struct{})}
		e.mu.Lock()
		e.chans[id] = b
		l.branches = append(l.branches, b)
		e.mu.Unlock()
		if err := e.create(ctx, b, dial, originator, vars); err != nil {
			if first == nil {
				first = err
			}
			e.mu.Lock()
			b.gone, b.sip = true, 0
			delete(e.chans, id)
			if statusOf(err) == 0 {
				e.unmake(id)
			}
			e.mu.Unlock()
			continue
		}
		made = append(made, b)
	}
	if len(made) == 0 {
		if ctx.Err() != nil || statusOf(first) == 0 || statusOf(first) == http.StatusConflict {
			return forget(first)
		}
		// Asterisk made no channel: the target can't be reached from here.
		e.log.Warn("originate refused", "call", req.ID, "err", first)
		e.endUnplaced(l, engine.CauseUnreachable)
		return nil
	}
	e.mu.Lock()
	if len(made) == 1 {
		l.ch = made[0]
	}
	hung := l.hung
	if !l.answered && !l.over {
		e.giveUp(l, time.Until(l.until))
	}
	e.mu.Unlock()
	for _, b := range made {
		if hung {
			break
		}
		if err := e.dial(ctx, b); err != nil && statusOf(err) != http.StatusNotFound {
			e.log.Warn("dialling failed", "call", l.id, "err", err)
			e.mu.Lock()
			e.drop(b, engine.CauseInternal)
			e.mu.Unlock()
		}
	}
	return nil
}

// unmake hangs up a channel of which it is not known whether it was made: the caller hung up, or the connection broke, before
// Asterisk answered, which may still be at it. Held lock: Engine.mu.
func (e *Engine) unmake(id string) {
	for _, d := range []time.Duration{0, time.Second} {
		e.after(d, func(ctx context.Context) {
			if err := e.hangupChannel(ctx, id, engine.CauseCancelled.Q850()); err != nil && statusOf(err) != http.StatusNotFound {
				e.log.Warn("hanging up what may have been made failed", "channel", id, "err", err)
			}
		})
	}
}

// giveUp ends the leg after d unless it is answered before. Held lock: Engine.mu.
func (e *Engine) giveUp(l *leg, d time.Duration) {
	l.timer = e.after(max(0, d), func(ctx context.Context) {
		e.mu.Lock()
		late := l.answered || l.over
		e.mu.Unlock()
		if late {
			return
		}
		if err := e.hangup(ctx, l, engine.CauseNoAnswer); err != nil && statusOf(err) != http.StatusNotFound {
			e.log.Warn("giving up a call failed", "call", l.id, "err", err)
		}
	})
}

// dial sends the INVITE of a channel as soon as that has entered the application.
func (e *Engine) dial(ctx context.Context, b *branch) error {
	e.mu.Lock()
	in := b.inApp
	e.mu.Unlock()
	err := e.rest.post(ctx, path("channels", b.id, "dial"), nil)
	if statusOf(err) != http.StatusConflict || in == nil {
		return err
	}
	if err := wait(ctx, in, b.leg); err != nil {
		return err
	}
	return e.rest.post(ctx, path("channels", b.id, "dial"), nil)
}

func (e *Engine) create(ctx context.Context, b *branch, dial, originator string, vars map[string]string) error {
	q := url.Values{"endpoint": {dial}, "app": {e.cfg.App}, "appArgs": {"out"}, "channelId": {b.id}}
	if originator != "" {
		q.Set("originator", originator)
	}
	err := e.rest.do(ctx, http.MethodPost, "/channels/create", q, map[string]any{"variables": vars}, nil)
	if originator != "" && statusOf(err) == http.StatusBadRequest {
		// The caller hung up meanwhile: its codecs do not matter any more.
		q.Del("originator")
		err = e.rest.do(ctx, http.MethodPost, "/channels/create", q, map[string]any{"variables": vars}, nil)
	}
	return err
}

// endUnplaced ends a leg for which no channel was made.
func (e *Engine) endUnplaced(l *leg, c engine.Cause) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.hung {
		c = l.asked
	}
	e.finishWith(l, engine.Hangup{Of: of(l, time.Now()), Cause: c})
}

func checkOriginate(req engine.Originate) error {
	bad := func(what string) error { return fmt.Errorf("%s: %w", what, engine.ErrInvalid) }
	if req.ID == "" || strings.ContainsAny(string(req.ID), branchMark+"/?#% \r\n") {
		return bad("leg id")
	}
	if req.Sink == nil {
		return bad("no sink")
	}
	for _, s := range []string{req.Caller.Number, req.Caller.Name, req.AlertInfo} {
		if strings.ContainsAny(s, "\r\n\x00") {
			return bad("line break in a value")
		}
	}
	for k, v := range req.Headers {
		if strings.ContainsAny(k+v, "\r\n\x00") || strings.ContainsAny(k, " :,()\"") ||
			!strings.HasPrefix(strings.ToUpper(k), "X-") && !strings.EqualFold(k, "Diversion") {
			return bad("header " + strconv.Quote(k))
		}
	}
	if err := checkCheckpoint(req.Checkpoint); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	t := req.Target
	switch t.Kind {
	case engine.TargetAccount:
		if !plain(t.User) || !plain(t.Domain) {
			return bad("account " + strconv.Quote(t.User+"@"+t.Domain))
		}
	case engine.TargetTrunk:
		if !plain(t.Trunk) || !plain(t.Number) {
			return bad("trunk or number")
		}
	case engine.TargetURI:
		if scheme, _, ok := strings.Cut(t.URI, ":"); !ok || scheme != "sip" && scheme != "sips" ||
			strings.ContainsAny(t.URI, "\r\n\x00 <>\"&,/") || uriHost(t.URI) == "" {
			return bad("URI " + strconv.Quote(t.URI))
		}
	default:
		return bad("no target")
	}
	return nil
}

// plain: may stand in a dial string.
func plain(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("+-_.*#~!%", r):
		default:
			return false
		}
	}
	return true
}

func dialedOf(t engine.Target) string {
	switch t.Kind {
	case engine.TargetAccount:
		return t.User
	case engine.TargetTrunk:
		return t.Number
	}
	return uriUser(t.URI)
}

// dialStrings are Asterisk's names of what is to be called; none if an account has
// no contact.
func (e *Engine) dialStrings(ctx context.Context, req engine.Originate) ([]string, error) {
	endpoint := "out"
	if req.Secure {
		endpoint = "out-srtp"
	}
	switch t := req.Target; t.Kind {
	case engine.TargetAccount:
		return e.contacts(ctx, endpoint, t.User+"@"+t.Domain)
	case engine.TargetTrunk:
		e.mu.Lock()
		trunk, ok := e.trunks[t.Trunk]
		e.mu.Unlock()
		if !ok {
			return nil, fmt.Errorf("trunk %q is not known: %w", t.Trunk, engine.ErrInvalid)
		}
		name := trunkPrefix + t.Trunk
		if req.Secure && !trunk.Secure {
			name += secureSuffix
		}
		return []string{"PJSIP/" + strings.ReplaceAll(t.Number, "#", "%23") + "@" + name}, nil
	default:
		return []string{"PJSIP/" + endpoint + "/" + t.URI}, nil
	}
}

// contacts are the dial strings of an account's registered phones. The manager answers in at most
// 1023 bytes; where that is not enough the long way is taken.
func (e *Engine) contacts(ctx context.Context, endpoint, aor string) ([]string, error) {
	ami, err := e.manager()
	if err != nil {
		return nil, err
	}
	answer, err := ami.action(ctx, "", "Action", "Getvar", "Variable", "PJSIP_DIAL_CONTACTS("+endpoint+","+aor+")")
	if err != nil {
		return nil, err
	}
	if v := answer[0]["value"]; len(v) < 1000 {
		return splitContacts(v, endpoint), nil
	}
	list, err := ami.action(ctx, "EndpointDetailComplete", "Action", "PJSIPShowEndpoint", "Endpoint", aor)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range list {
		if m["event"] == "ContactStatusDetail" && m["aor"] == aor && m["uri"] != "" {
			out = append(out, "PJSIP/"+endpoint+"/"+m["uri"])
		}
	}
	return out, nil
}

// splitContacts takes "PJSIP/out/sip:a&PJSIP/out/sip:b" apart.
func splitContacts(v, endpoint string) []string {
	if v == "" {
		return nil
	}
	prefix := "PJSIP/" + endpoint + "/"
	var out []string
	for _, part := range strings.Split(v, "&"+prefix) {
		part = strings.TrimPrefix(part, prefix)
		if part != "" {
			out = append(out, prefix+part)
		}
	}
	return out
}

// originateVars are what a channel has from its beginning.
func originateVars(req engine.Originate, until time.Time) map[string]string {
	vars := map[string]string{
		"PJSIP_TRANSFER_HANDLING()":    "ari-only",
		"CHANNEL(hangup_handler_push)": "ended,s,1",
		infoVar: "out," + url.Values{"dialed": {dialedOf(req.Target)}, "number": {req.Caller.Number}, "name": {req.Caller.Name},
			"until":     {strconv.FormatInt(until.UnixMilli(), 10)},
			"anonymous": {strconv.FormatBool(req.Caller.Anonymous)}}.Encode(),
	}
	for _, kv := range identityVars(req.Caller) {
		vars[strings.Replace(kv[0], "(num)", "(num,i)", 1)] = kv[1]
	}
	if req.Checkpoint != "" {
		vars[checkpointVar] = req.Checkpoint
	}
	if req.AlertInfo != "" {
		vars["PJSIP_HEADER(add,Alert-Info)"] = req.AlertInfo
	}
	for k, v := range req.Headers {
		vars["PJSIP_HEADER(add,"+k+")"] = v
	}
	return vars
}
