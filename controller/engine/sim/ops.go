package sim

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"strings"

	"callplane/controller/engine"
)

// Ring implements engine.Engine.
func (e *Engine) Ring(ctx context.Context, id engine.LegID) error {
	return e.on(ctx, "Ring", id, func(l *leg) error {
		if l.answered || l.ringing {
			return nil
		}
		if l.out() {
			return fmt.Errorf("%w: an outbound leg rings by itself", engine.ErrState)
		}
		l.ringing = true
		if l.call.state < Ringing {
			l.call.state = Ringing
		}
		return nil
	})
}

// Progress implements engine.Engine.
func (e *Engine) Progress(ctx context.Context, id engine.LegID) error {
	return e.on(ctx, "Progress", id, func(l *leg) error {
		if l.answered || l.early {
			return nil
		}
		if l.out() {
			return fmt.Errorf("%w: early media of an outbound leg comes from its phone", engine.ErrState)
		}
		l.early = true
		l.call.state = Early
		l.w.rehear(l)
		return nil
	})
}

// Answer implements engine.Engine.
func (e *Engine) Answer(ctx context.Context, id engine.LegID) error {
	return e.on(ctx, "Answer", id, func(l *leg) error {
		if l.answered {
			return nil
		}
		if l.out() {
			return fmt.Errorf("%w: an outbound leg is answered by its phone", engine.ErrState)
		}
		l.call.state = Up
		l.answer()
		return nil
	})
}

// Hangup implements engine.Engine.
func (e *Engine) Hangup(ctx context.Context, id engine.LegID, cause engine.Cause) error {
	return e.on(ctx, "Hangup", id, func(l *leg) error {
		l.end(engine.Hangup{Cause: cause})
		return nil
	})
}

// Play implements engine.Engine.
func (e *Engine) Play(ctx context.Context, id engine.LegID, p engine.Playback) error {
	return e.on(ctx, "Play", id, func(l *leg) error {
		if err := checkSources(p); err != nil {
			return err
		}
		if !l.media() {
			return fmt.Errorf("%w: no media yet", engine.ErrState)
		}
		l.startPlay(p)
		return nil
	})
}

// StopPlay implements engine.Engine.
func (e *Engine) StopPlay(ctx context.Context, id engine.LegID, play engine.PlayID) error {
	return e.on(ctx, "StopPlay", id, func(l *leg) error {
		if l.play != nil && l.play.ID == play {
			l.stopPlay(engine.PlayStopped)
		}
		return nil
	})
}

// Record implements engine.Engine.
func (e *Engine) Record(ctx context.Context, id engine.LegID, r engine.Recording) error {
	return e.on(ctx, "Record", id, func(l *leg) error {
		if err := checkRecording(r); err != nil {
			return err
		}
		if !l.media() {
			return fmt.Errorf("%w: no media yet", engine.ErrState)
		}
		return l.startRecord(r)
	})
}

// Collect implements engine.Engine.
func (e *Engine) Collect(ctx context.Context, r engine.Recording) error {
	return e.do(ctx, "Collect", "", func() error {
		for _, l := range e.w.legs {
			if l.records[r.ID] != nil {
				return fmt.Errorf("%w: recording %s is under way", engine.ErrState, r.ID)
			}
		}
		if st, err := os.Stat(r.File); err != nil || st.Size() == 0 {
			return fmt.Errorf("%w: %s", engine.ErrNoRecording, r.ID)
		}
		return nil
	})
}

// StopRecord implements engine.Engine.
func (e *Engine) StopRecord(ctx context.Context, id engine.LegID, rec engine.RecordID) error {
	return e.on(ctx, "StopRecord", id, func(l *leg) error {
		if r := l.records[rec]; r != nil {
			r.stop()
		}
		return nil
	})
}

// SendDTMF implements engine.Engine.
func (e *Engine) SendDTMF(ctx context.Context, id engine.LegID, digits string) error {
	return e.on(ctx, "SendDTMF", id, func(l *leg) error {
		if digits == "" || strings.Trim(digits, "0123456789*#ABCD") != "" {
			return fmt.Errorf("%w: %q are no DTMF digits", engine.ErrInvalid, digits)
		}
		if !l.media() {
			return fmt.Errorf("%w: no media yet", engine.ErrState)
		}
		l.call.digits += digits
		return nil
	})
}

// Originate implements engine.Engine.
func (e *Engine) Originate(ctx context.Context, r engine.Originate) error {
	return e.do(ctx, "Originate", r.ID, func() error {
		if err := checkOriginate(r); err != nil {
			return err
		}
		if e.w.legs[r.ID] != nil || e.views[r.ID] != nil {
			return fmt.Errorf("%w: leg id %s is in use", engine.ErrInvalid, r.ID)
		}
		return e.w.originate(e, r)
	})
}

func checkOriginate(r engine.Originate) error {
	if r.ID == "" || r.Sink == nil {
		return fmt.Errorf("%w: a leg needs an id and a sink", engine.ErrInvalid)
	}
	t := r.Target
	values := []string{
		string(r.ID), t.User, t.Domain, t.Trunk, t.Number, t.URI, r.Caller.Number, r.Caller.Name, r.AlertInfo, r.Checkpoint,
	}
	for name, value := range r.Headers {
		if !strings.HasPrefix(name, "X-") && name != "Diversion" {
			return fmt.Errorf("%w: header %q can't be set", engine.ErrInvalid, name)
		}
		values = append(values, name, value)
	}
	if err := clean(values...); err != nil {
		return err
	}
	switch t.Kind {
	case engine.TargetAccount:
		if t.User == "" || t.Domain == "" {
			return fmt.Errorf("%w: an account has a user and a domain", engine.ErrInvalid)
		}
	case engine.TargetTrunk:
		if t.Trunk == "" || t.Number == "" {
			return fmt.Errorf("%w: a call by trunk has a trunk and a number", engine.ErrInvalid)
		}
	case engine.TargetURI:
		if !strings.HasPrefix(t.URI, "sip:") && !strings.HasPrefix(t.URI, "sips:") {
			return fmt.Errorf("%w: %q is no SIP URI", engine.ErrInvalid, t.URI)
		}
	default:
		return fmt.Errorf("%w: unknown kind of target %d", engine.ErrInvalid, t.Kind)
	}
	return checkCheckpoint(r.Checkpoint)
}

func checkCheckpoint(v string) error {
	if len(v) > 4096 {
		return fmt.Errorf("%w: a checkpoint of %d bytes is longer than 4096", engine.ErrInvalid, len(v))
	}
	for i := range len(v) {
		if v[i] < ' ' || v[i] > '~' {
			return fmt.Errorf("%w: a checkpoint is printable ASCII", engine.ErrInvalid)
		}
	}
	return nil
}

// Bridge implements engine.Engine.
func (e *Engine) Bridge(ctx context.Context, a, b engine.LegID) error {
	return e.on(ctx, "Bridge", a, func(l *leg) error {
		o := e.w.legs[b]
		switch {
		case o == nil:
			return fmt.Errorf("%w: %s", engine.ErrNoLeg, b)
		case o == l:
			return fmt.Errorf("%w: a leg can't be bridged with itself", engine.ErrInvalid)
		case !l.media() || !o.media():
			return fmt.Errorf("%w: a leg has no media yet", engine.ErrState)
		case l.peer == o:
			return nil
		}
		l.free()
		o.free()
		l.bridge(o)
		return nil
	})
}

// Unbridge implements engine.Engine.
func (e *Engine) Unbridge(ctx context.Context, id engine.LegID) error {
	return e.on(ctx, "Unbridge", id, func(l *leg) error {
		l.unbridge()
		return nil
	})
}

// Mix implements engine.Engine.
func (e *Engine) Mix(ctx context.Context, mix engine.MixID, id engine.LegID) error {
	return e.on(ctx, "Mix", id, func(l *leg) error {
		if mix == "" {
			return fmt.Errorf("%w: a mix needs an id", engine.ErrInvalid)
		}
		if err := clean(string(mix)); err != nil {
			return err
		}
		if !l.answered {
			return fmt.Errorf("%w: not answered", engine.ErrState)
		}
		if l.mix == mix {
			return nil
		}
		l.free()
		l.mix = mix
		e.w.mixes[mix] = append(e.w.mixes[mix], l)
		e.w.emit(engine.Mixed{Of: l.of(), Mix: mix})
		e.w.rehear(l)
		return nil
	})
}

// Unmix implements engine.Engine.
func (e *Engine) Unmix(ctx context.Context, id engine.LegID) error {
	return e.on(ctx, "Unmix", id, func(l *leg) error {
		l.unmix()
		return nil
	})
}

// Listen implements engine.Engine.
func (e *Engine) Listen(ctx context.Context, supervisor, target engine.LegID, mode engine.ListenMode) error {
	return e.on(ctx, "Listen", supervisor, func(l *leg) error {
		t := e.w.legs[target]
		switch {
		case t == nil:
			return fmt.Errorf("%w: %s", engine.ErrNoLeg, target)
		case t == l:
			return fmt.Errorf("%w: a leg can't listen to itself", engine.ErrInvalid)
		case mode < engine.ListenOnly || mode > engine.ListenBarge:
			return fmt.Errorf("%w: unknown mode %d", engine.ErrInvalid, mode)
		case !l.answered || !t.answered:
			return fmt.Errorf("%w: not answered", engine.ErrState)
		}
		if l.listen != nil && l.listen.target == t {
			l.listen.mode = mode
		} else {
			l.free()
			l.listen = &listen{target: t, mode: mode}
			t.listeners = append(t.listeners, l)
			if v := e.views[l.id]; v != nil {
				v.listening = t.id
			}
		}
		e.w.rehear(l, t)
		return nil
	})
}

// StopListen implements engine.Engine.
func (e *Engine) StopListen(ctx context.Context, supervisor engine.LegID) error {
	return e.on(ctx, "StopListen", supervisor, func(l *leg) error {
		l.stopListen()
		return nil
	})
}

// UpdateCallerID implements engine.Engine.
func (e *Engine) UpdateCallerID(ctx context.Context, id engine.LegID, who engine.Identity) error {
	return e.on(ctx, "UpdateCallerID", id, func(l *leg) error {
		if err := clean(who.Number, who.Name); err != nil {
			return err
		}
		if l.call != nil && (!l.out() || l.answered) {
			l.call.show(who)
			return nil
		}
		for _, c := range l.offers {
			c.show(who)
		}
		return nil
	})
}

// Checkpoint implements engine.Engine.
func (e *Engine) Checkpoint(ctx context.Context, id engine.LegID, value string) error {
	return e.on(ctx, "Checkpoint", id, func(l *leg) error {
		if err := checkCheckpoint(value); err != nil {
			return err
		}
		l.checkpoint = value
		return nil
	})
}

// Notify implements engine.Engine.
func (e *Engine) Notify(ctx context.Context, n engine.Notify) error {
	return e.do(ctx, "Notify", "", func() error {
		if n.User == "" || n.Domain == "" || n.Event == "" {
			return fmt.Errorf("%w: a NOTIFY needs an account and an event", engine.ErrInvalid)
		}
		// Only the body may have several lines.
		if err := clean(n.User, n.Domain, n.Event, n.ContentType); err != nil {
			return err
		}
		for _, c := range e.w.contactsOf(n.User, n.Domain) {
			c.phone.notifies = append(c.phone.notifies, n)
		}
		return nil
	})
}

// SetState implements engine.Engine.
func (e *Engine) SetState(ctx context.Context, s engine.State) error {
	return e.do(ctx, "SetState", "", func() error {
		if s.Name == "" || s.State < engine.Idle || s.State > engine.Talking {
			return fmt.Errorf("%w: a state needs a name and a value", engine.ErrInvalid)
		}
		if err := clean(s.Name); err != nil {
			return err
		}
		e.w.states[s.Name] = s.State
		return nil
	})
}

// SetWatch implements engine.Engine.
func (e *Engine) SetWatch(ctx context.Context, w engine.Watch) error {
	return e.do(ctx, "SetWatch", "", func() error {
		if w.User == "" || w.Domain == "" {
			return fmt.Errorf("%w: who watches needs an account", engine.ErrInvalid)
		}
		for user, name := range w.Names {
			if err := clean(w.User, w.Domain, user, name); err != nil {
				return err
			}
		}
		e.w.watches[aor(w.User, w.Domain)] = maps.Clone(w.Names)
		return nil
	})
}

// SetTrunks implements engine.Engine.
func (e *Engine) SetTrunks(ctx context.Context, trunks []engine.Trunk) error {
	return e.do(ctx, "SetTrunks", "", func() error {
		set := map[string]engine.Trunk{}
		for _, t := range trunks {
			if err := clean(t.Name, t.Host, t.Username, t.Password); err != nil {
				return err
			}
			if t.Name == "" || t.Host == "" || set[t.Name].Name != "" {
				return fmt.Errorf("%w: trunk %q needs a unique name and a host", engine.ErrInvalid, t.Name)
			}
			set[t.Name] = t
		}
		e.w.trunks = set
		return nil
	})
}

// SetBlocked implements engine.Engine.
func (e *Engine) SetBlocked(ctx context.Context, addrs []netip.Addr) error {
	return e.do(ctx, "SetBlocked", "", func() error {
		clear(e.w.blocked)
		for _, a := range addrs {
			e.w.blocked[a] = true
		}
		return nil
	})
}
