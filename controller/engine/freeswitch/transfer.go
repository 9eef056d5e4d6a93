package freeswitch

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"callplane/controller/engine"
)

// mod_sofia accepts a REFER by itself and tells by two events, fired one after the other before it acts:
// sofia::transferor about the leg that sent it and sofia::transferee about its partner. Blind, it
// then sends the partner into the dialplan context that parks (force_transfer_context); attended, it
// bridges the partners of both legs.

// transferor handles sofia::transferor. Needs the lock.
func (l *leg) transferor(ev *event) {
	e := l.e
	t := &engine.Transfer{Of: l.of(), ReferredBy: contactURI(ev.variable("sip_h_Referred-By"))}
	l.transferred = true
	if l.peer != nil {
		t.Peer = l.peer.id
	}
	if ev.variable("_sofia_replaces_") == "" {
		_, t.Target, _ = strings.Cut(ev.variable("transfer_destination"), ":")
		t.TargetHost = ev.variable("sip_refer_to_host")
		l.transfer = t // where to, in full, stands on the partner
		e.endTransferor(l)
		return
	}
	other := e.chans[ev.variable("refer_uuid")]
	if other != nil {
		t.Other, t.Target = other.id, other.info.Dialed
		if other.peer != nil {
			t.OtherPeer = other.peer.id
		}
		other.transferred = true
		e.endTransferor(other)
	}
	e.emit(l, *t)
	e.endTransferor(l)
}

// transferee handles sofia::transferee, which completes a blind transfer. Needs the lock.
func (l *leg) transferee(ev *event) {
	from := l.peer
	if from == nil || from.transfer == nil {
		return
	}
	t := from.transfer
	from.transfer = nil
	user, host := uriParts(contactURI(ev.variable("sip_refer_to")))
	t.TargetHost = host
	if t.Target == "" {
		t.Target = user
	}
	if by := ev.variable("sip_h_Referred-By"); by != "" {
		t.ReferredBy = contactURI(by)
	}
	l.e.emit(from, *t)
}

// lonelyTransfer handles the engine's refusal (after 202) of a blind transfer by a leg that is in no bridge. Needs the lock.
func (l *leg) lonelyTransfer(ev *event) {
	t := engine.Transfer{Of: l.of(), Target: ev.get("Transfer-Exten")}
	_, t.TargetHost = uriParts(contactURI(ev.get("Full-Refer-To")))
	l.transferred = true
	l.e.emit(l, t)
	l.e.endTransferor(l)
}

// uriParts gives user and host of a SIP URI.
func uriParts(uri string) (user, host string) {
	_, rest, _ := strings.Cut(uri, ":")
	user, host, ok := strings.Cut(rest, "@")
	if !ok {
		user, host = "", rest
	}
	host, _, _ = strings.Cut(host, ";")
	host, _, _ = strings.Cut(host, "?")
	return user, host
}

// endTransferor hangs up a leg that has transferred, if its phone doesn't. Needs the lock.
func (e *Engine) endTransferor(l *leg) {
	s := e.up
	e.async(func(ctx context.Context) {
		e.mu.Lock()
		ch := l.channel
		e.mu.Unlock()
		wait, cancel := context.WithTimeout(ctx, 700*time.Millisecond)
		defer cancel()
		// Phones hang up when they are told that the transfer worked.
		if err := l.await(wait, s, func() bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
			return
		}
		if err := e.kill(ctx, s, ch, engine.CauseNormal, true); err != nil && !gone(err) {
			e.log.Warn("cannot hang up after a transfer", "leg", l.id, "err", err)
		}
	})
}

// Checkpoint implements engine.Engine with a channel variable.
func (e *Engine) Checkpoint(ctx context.Context, id engine.LegID, value string) error {
	enc, err := encodeCheckpoint(value)
	if err != nil {
		return fail("checkpoint", id, err)
	}
	e.mu.Lock()
	if l := e.legs[id]; l != nil && l.decision != nil {
		l.decision.checkpoint = enc
		e.mu.Unlock()
		return nil
	}
	e.mu.Unlock()
	ctx, l, s, release, err := e.begin(ctx, id)
	if err != nil {
		return fail("checkpoint", id, err)
	}
	defer release()
	e.mu.Lock()
	channels := l.channels()
	e.mu.Unlock()
	for _, ch := range channels {
		if _, err := s.cmd(ch).api(ctx, "uuid_setvar", ch+" "+varCheckpoint+" "+enc); err != nil {
			return fail("checkpoint", id, e.orGone(ctx, s, err, l))
		}
	}
	return nil
}

// plainMark begins a checkpoint that is safe as it is.
const plainMark = "."

// encodeCheckpoint makes a value safe for every splitter on its way into a variable and back.
func encodeCheckpoint(v string) (string, error) {
	if len(v) > 4096 {
		return "", fmt.Errorf("%w: checkpoint of %d bytes", engine.ErrInvalid, len(v))
	}
	for i := range len(v) {
		if v[i] < ' ' || v[i] > '~' {
			return "", fmt.Errorf("%w: checkpoint with byte %#x", engine.ErrInvalid, v[i])
		}
	}
	if strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == "" {
		return plainMark + v, nil
	}
	return base64.RawURLEncoding.EncodeToString([]byte(v)), nil
}

func decodeCheckpoint(v string) string {
	if plain, ok := strings.CutPrefix(v, plainMark); ok {
		return plain
	}
	b, err := base64.RawURLEncoding.DecodeString(v)
	if err != nil {
		return ""
	}
	return string(b)
}
