package asterisk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
)

// Ring implements engine.Engine.
func (e *Engine) Ring(ctx context.Context, id engine.LegID) error {
	ctx, legs, done, err := e.begin(ctx, "ring", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	skip, ch := l.answered || l.ringing || l.dir != engine.Inbound, l.channel()
	e.mu.Unlock()
	if skip {
		return nil
	}
	if err := e.rest.post(ctx, path("channels", ch, "ring"), nil); err != nil {
		return e.fail("ring", l, err)
	}
	e.mu.Lock()
	l.ringing = true
	e.mu.Unlock()
	return nil
}

// Progress implements engine.Engine.
func (e *Engine) Progress(ctx context.Context, id engine.LegID) error {
	ctx, legs, done, err := e.begin(ctx, "progress", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	skip, ch := l.answered || l.media || l.dir != engine.Inbound, l.channel()
	e.mu.Unlock()
	if skip {
		return nil
	}
	if err := e.rest.post(ctx, path("channels", ch, "progress"), nil); err != nil {
		return e.fail("progress", l, err)
	}
	e.mu.Lock()
	l.media = true
	e.mu.Unlock()
	return nil
}

// Answer implements engine.Engine.
func (e *Engine) Answer(ctx context.Context, id engine.LegID) error {
	ctx, legs, done, err := e.begin(ctx, "answer", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	skip, ch, dir := l.answered, l.channel(), l.dir
	e.mu.Unlock()
	if skip {
		return nil
	}
	if dir != engine.Inbound {
		return fmt.Errorf("asterisk answer %s: outbound: %w", id, engine.ErrState)
	}
	// Asterisk answers only when a playback is over: it is interrupted.
	e.mu.Lock()
	p := l.play
	if p != nil {
		e.interrupt(p)
	}
	e.mu.Unlock()
	err = e.rest.post(ctx, path("channels", ch, "answer"), nil)
	if p != nil {
		e.resume(ctx, p)
	}
	if statusOf(err) == http.StatusInternalServerError {
		// So it says when the caller's CANCEL was faster; the end of the leg is on its way.
		t := time.NewTimer(time.Second)
		defer t.Stop()
		select {
		case <-l.done:
			err = fmt.Errorf("%w: %w", engine.ErrNoLeg, err)
		case <-t.C:
		case <-ctx.Done():
		}
	}
	if err == nil {
		// It can be played to at once, even if the event of the answer is still on its way.
		e.mu.Lock()
		l.media = true
		e.mu.Unlock()
	}
	return e.fail("answer", l, err)
}

// Hangup implements engine.Engine.
func (e *Engine) Hangup(ctx context.Context, id engine.LegID, cause engine.Cause) error {
	ctx, legs, done, err := e.begin(ctx, "hangup", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	return e.fail("hangup", l, e.hangup(ctx, l, cause))
}

// hangup ends every channel of the leg. The leg's turn is held, or it does not matter.
func (e *Engine) hangup(ctx context.Context, l *leg, cause engine.Cause) error {
	e.mu.Lock()
	if l.over {
		e.mu.Unlock()
		return engine.ErrNoLeg
	}
	if !l.hung {
		l.hung, l.asked = true, cause
	}
	code, sip := cause.Q850(), 0
	if l.dir == engine.Inbound && !l.answered {
		r := refuseWith(cause)
		code, sip = r.code, r.sip
	}
	var chans []string
	for _, b := range l.branches {
		if !b.gone {
			chans = append(chans, b.id)
		}
	}
	ami := e.ami
	e.mu.Unlock()
	if len(chans) == 0 {
		// An originate whose channels are still being made: it looks at hung afterwards.
		return nil
	}
	var first error
	for _, ch := range chans {
		var err error
		if sip != 0 && ami != nil {
			err = e.refuse(ctx, ami, ch, sip)
		}
		if sip == 0 || err != nil {
			err = e.hangupChannel(ctx, ch, code)
		}
		if err != nil && statusOf(err) != 404 && first == nil {
			first = err
		}
	}
	return first
}

func (e *Engine) hangupChannel(ctx context.Context, ch string, code int) error {
	return e.rest.delete(ctx, path("channels", ch), url.Values{"reason_code": {strconv.Itoa(code)}})
}

// refuse answers an INVITE with any SIP status.
func (e *Engine) refuse(ctx context.Context, ami *amiConn, ch string, sip int) error {
	name, err := e.channelName(ctx, ch)
	if err != nil {
		return err
	}
	_, err = ami.action(ctx, "", "Action", "PJSIPHangup", "Channel", name, "Cause", strconv.Itoa(sip))
	return err
}

func (e *Engine) channelName(ctx context.Context, ch string) (string, error) {
	var data channelData
	err := e.rest.do(ctx, "GET", path("channels", ch), nil, nil, &data)
	return data.Name, err
}

// fail names the operation and leg of an error. A refusal because the channel is gone or
// going is ErrNoLeg.
func (e *Engine) fail(op string, l *leg, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("asterisk %s %s: %w", op, l.id, err)
}

// SendDTMF implements engine.Engine.
func (e *Engine) SendDTMF(ctx context.Context, id engine.LegID, digits string) error {
	if digits == "" || strings.Trim(digits, "0123456789*#ABCD") != "" {
		return fmt.Errorf("asterisk dtmf %s: digits %q: %w", id, digits, engine.ErrInvalid)
	}
	ctx, legs, done, err := e.begin(ctx, "dtmf", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	ch, media := l.channel(), l.hasMedia()
	e.mu.Unlock()
	if !media {
		return fmt.Errorf("asterisk dtmf %s: no media: %w", id, engine.ErrState)
	}
	return e.fail("dtmf", l, e.rest.post(ctx, path("channels", ch, "dtmf"),
		url.Values{"dtmf": {digits}, "duration": {"100"}, "between": {"100"}}))
}

// UpdateCallerID implements engine.Engine.
func (e *Engine) UpdateCallerID(ctx context.Context, id engine.LegID, who engine.Identity) error {
	if strings.ContainsAny(who.Number+who.Name, "\r\n\x00") {
		return fmt.Errorf("asterisk caller id %s: %w", id, engine.ErrInvalid)
	}
	ctx, legs, done, err := e.begin(ctx, "caller id", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	ch := l.channel()
	e.mu.Unlock()
	// "i" inhibits the update until the last field is set: the phone hears it once.
	for _, kv := range identityVars(who) {
		if err := e.rest.setVar(ctx, ch, kv[0], kv[1]); err != nil {
			return e.fail("caller id", l, err)
		}
	}
	return nil
}

// identityVars sets whom the far side of a channel sees.
func identityVars(who engine.Identity) [][2]string {
	pres := "allowed"
	if who.Anonymous {
		pres = "prohib"
	}
	return [][2]string{
		{"CONNECTEDLINE(name-charset,i)", "utf8"},
		{"CONNECTEDLINE(name,i)", who.Name},
		{"CONNECTEDLINE(pres,i)", pres},
		{"CONNECTEDLINE(num)", who.Number},
	}
}

// Checkpoint implements engine.Engine.
func (e *Engine) Checkpoint(ctx context.Context, id engine.LegID, value string) error {
	if err := checkCheckpoint(value); err != nil {
		return fmt.Errorf("asterisk checkpoint %s: %w", id, err)
	}
	ctx, legs, done, err := e.begin(ctx, "checkpoint", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	ch := l.channel()
	e.mu.Unlock()
	return e.fail("checkpoint", l, e.mark(ctx, ch, value))
}

// amiValue is how long a value can be for the manager, whose lines have at most 1024 characters.
const amiValue = 900

// mark writes a checkpoint by the manager: ARI's way to a variable waits behind what the channel plays.
func (e *Engine) mark(ctx context.Context, ch, value string) error {
	ami, err := e.manager()
	if err != nil {
		return err
	}
	if len(value) > amiValue || strings.TrimSpace(value) != value || value == "" {
		return e.rest.setVar(ctx, ch, checkpointVar, value)
	}
	_, err = ami.action(ctx, "", "Action", "Setvar", "Channel", ch, "Variable", checkpointVar, "Value", value)
	if errors.Is(err, engine.ErrRefused) {
		return fmt.Errorf("%w: %w", engine.ErrNoLeg, err) // the only reason with these arguments
	}
	return err
}

func checkCheckpoint(value string) error {
	if len(value) > 4096 {
		return fmt.Errorf("longer than 4 KiB: %w", engine.ErrInvalid)
	}
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return fmt.Errorf("not printable ASCII: %w", engine.ErrInvalid)
		}
	}
	return nil
}

// sound: an id or a file name without control characters.
func sound(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return s != ""
}

// wait waits for c, the end of a leg, or ctx.
func wait(ctx context.Context, c <-chan struct{}, l *leg) error {
	select {
	case <-c:
		return nil
	case <-l.done:
		return fmt.Errorf("%s: %w", l.id, engine.ErrNoLeg)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// after runs f once, d from now, unless the leg ends before.
func (e *Engine) after(d time.Duration, f func(ctx context.Context)) *time.Timer {
	return time.AfterFunc(d, func() { e.spawn(f) })
}
