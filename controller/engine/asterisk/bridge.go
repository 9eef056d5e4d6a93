package asterisk

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
)

// bridge is a bridge that we made: of a pair of legs, of a mix, or of a supervisor with
// a snoop channel. Guarded by Engine.mu.
type bridge struct {
	id      string
	mix     engine.MixID // empty: not a mix
	a, b    *leg         // of a pair
	members map[*leg]bool
	joined  chan struct{} // of a pair: closed when both are in
	told    bool          // Bridged went out
	silent  bool          // of a supervisor: tells nothing
	closing bool
}

const (
	pairPrefix   = "cp-pair-"
	mixPrefix    = "cp-mix-"
	listenPrefix = "cp-listen-"
)

// Bridge implements engine.Engine.
func (e *Engine) Bridge(ctx context.Context, a, b engine.LegID) error {
	if a == b {
		return fmt.Errorf("asterisk bridge %s with itself: %w", a, engine.ErrInvalid)
	}
	ctx, legs, done, err := e.begin(ctx, "bridge", a, b)
	if err != nil {
		return err
	}
	defer done()
	if err := e.bridgePair(ctx, legs[0], legs[1]); err != nil {
		return fmt.Errorf("asterisk bridge %s with %s: %w", a, b, err)
	}
	return nil
}

// bridgePair connects two legs whose turns are held.
func (e *Engine) bridgePair(ctx context.Context, a, b *leg) error {
	e.mu.Lock()
	if !a.hasMedia() && !a.answered || !b.hasMedia() {
		// One of the two may be unanswered without media while the other side has early
		// media; both without is nothing that could be heard.
		if !(a.hasMedia() && b.dir == engine.Inbound || b.hasMedia() && a.dir == engine.Inbound) {
			e.mu.Unlock()
			return engine.ErrState
		}
	}
	if br := a.bridge; br != nil && br == b.bridge && br.told {
		e.mu.Unlock()
		return nil
	}
	br := &bridge{id: pairPrefix + uuid.NewString(), a: a, b: b, members: map[*leg]bool{}, joined: make(chan struct{})}
	e.bridges[br.id] = br
	chA, chB := a.channel(), b.channel()
	e.mu.Unlock()
	fail := func(err error) error {
		e.abandon(br, chA, chB)
		return err
	}
	for _, l := range []*leg{a, b} {
		if err := e.vacate(ctx, l); err != nil {
			return fail(err)
		}
	}
	if err := e.makeBridge(ctx, br.id, pairType); err != nil {
		return fail(err)
	}
	if err := e.rest.post(ctx, path("bridges", br.id, "addChannel"), url.Values{"channel": {chA + "," + chB}}); err != nil {
		return fail(bridgeError(err))
	}
	select {
	case <-br.joined:
		return nil
	case <-a.done:
		return fail(fmt.Errorf("%s: %w", a.id, engine.ErrNoLeg))
	case <-b.done:
		return fail(fmt.Errorf("%s: %w", b.id, engine.ErrNoLeg))
	case <-ctx.Done():
		return fail(ctx.Err())
	}
}

// bridgeError tells a channel that is gone from other refusals: ARI answers 400 or 422
// for a channel that it does not find.
func bridgeError(err error) error {
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %w", engine.ErrNoLeg, err)
	}
	return err
}

// pairType keeps media in Asterisk: digits are told, and snoops hear. mixType never leaves the mixing technology:
// when a mix shrinks to two legs and grows again, Asterisk's change of technology loses the audio of one.
const (
	pairType = "mixing,dtmf_events,proxy_media"
	mixType  = "mixing,dtmf_events,proxy_media,video_sfu"
)

func (e *Engine) makeBridge(ctx context.Context, id, kind string) error {
	return e.rest.post(ctx, path("bridges", id), url.Values{"type": {kind}, "name": {id}})
}

// vacate ends what a leg is doing: playback, listening, bridge, mix. Its turn is held.
func (e *Engine) vacate(ctx context.Context, l *leg) error {
	e.mu.Lock()
	if p := l.play; p != nil {
		e.stopPlayback(p)
	}
	e.mu.Unlock()
	e.leaveListening(ctx, l)
	e.mu.Lock()
	br, ch := l.bridge, l.channel()
	e.mu.Unlock()
	if br == nil {
		return nil
	}
	err := e.rest.post(ctx, path("bridges", br.id, "removeChannel"), url.Values{"channel": {ch}})
	if err != nil && statusOf(err) >= 500 || statusOf(err) == 0 && err != nil {
		return err
	}
	// The event may be on its way; what it would do is done here once.
	e.mu.Lock()
	if l.bridge == br {
		e.leftBridge(l, time.Now())
	}
	e.mu.Unlock()
	return nil
}

// enteredBridge: a leg joined a bridge. Held lock: Engine.mu.
func (e *Engine) enteredBridge(l *leg, id string, at time.Time) {
	br := e.bridges[id]
	if br == nil || br.members[l] {
		return
	}
	if l.bridge != nil && l.bridge != br {
		e.leftBridge(l, at)
	}
	br.members[l] = true
	l.bridge = br
	e.fillSilence(l)
	if p := l.play; p != nil && p.stopped {
		// Its end and this event travel different ways inside Asterisk.
		e.playDone(p, engine.PlayStopped, at)
	}
	switch {
	case br.silent:
	case br.mix != "":
		e.emit(l, engine.Mixed{Of: of(l, at), Mix: br.mix})
	case br.a != nil && br.members[br.a] && br.members[br.b] && !br.told:
		br.told = true
		close(br.joined)
		e.emit(br.a, engine.Bridged{Of: of(br.a, at), Peer: br.b.id})
		e.emit(br.b, engine.Bridged{Of: of(br.b, at), Peer: br.a.id})
	}
}

// leftBridge: a leg is out of its bridge. The other leg of a pair is taken out too, and
// an empty bridge is removed. Held lock: Engine.mu.
func (e *Engine) leftBridge(l *leg, at time.Time) {
	br := l.bridge
	if br == nil {
		return
	}
	l.bridge = nil
	delete(br.members, l)
	e.fillSilence(l)
	switch {
	case br.silent:
		if ln := l.listen; ln != nil && ln.bridge == br {
			e.stopListening(ln, at)
		}
	case br.mix != "":
		e.emit(l, engine.Unmixed{Of: of(l, at), Mix: br.mix})
		if len(br.members) == 0 {
			e.endMix(br)
		}
	default:
		peer := br.a
		if peer == l {
			peer = br.b
		}
		if br.told {
			e.emit(l, engine.Unbridged{Of: of(l, at), Peer: peer.id})
		}
		if !br.members[peer] {
			delete(e.bridges, br.id)
			e.dissolve(br)
			return
		}
		// The other leg is let go; told stays, so that it hears of it when it is out.
		e.dissolve(br)
	}
}

// abandon takes back a bridge that came to nothing. The turns of both legs are held.
func (e *Engine) abandon(br *bridge, channels ...string) {
	e.mu.Lock()
	base := e.base
	br.closing = true
	e.mu.Unlock()
	// The operation's own time may be up.
	ctx, cancel := context.WithTimeout(base, e.cfg.CommandTimeout)
	defer cancel()
	for _, ch := range channels {
		_ = e.rest.post(ctx, path("bridges", br.id, "removeChannel"), url.Values{"channel": {ch}}) // it may never have been in
	}
	if err := e.rest.delete(ctx, path("bridges", br.id), nil); err != nil && statusOf(err) != http.StatusNotFound {
		e.log.Warn("removing a bridge failed", "bridge", br.id, "err", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range br.members {
		e.leftBridge(l, time.Now())
	}
	delete(e.bridges, br.id)
}

// dissolve removes a pair's bridge from Asterisk. A leg that is still in it is taken out first, in its turn:
// a playback that is asked for while a channel is on its way out of a bridge is lost. Held lock: Engine.mu.
func (e *Engine) dissolve(br *bridge) {
	if br.closing {
		return
	}
	br.closing = true
	if !br.told && len(br.members) == 0 {
		delete(e.bridges, br.id)
	}
	var last *leg
	var ch string
	for l := range br.members {
		last, ch = l, l.channel()
	}
	e.task(func(ctx context.Context) {
		if last != nil && last.turn.acquire(ctx) == nil {
			defer last.turn.release()
			_ = e.rest.post(ctx, path("bridges", br.id, "removeChannel"), url.Values{"channel": {ch}}) // it may be out already
		}
		err := e.rest.delete(ctx, path("bridges", br.id), nil)
		e.mu.Lock()
		defer e.mu.Unlock()
		if statusOf(err) == http.StatusNotFound {
			// Asterisk has forgotten it, so nobody can be in it.
			for l := range br.members {
				e.leftBridge(l, time.Now())
			}
		}
		if err != nil && statusOf(err) != http.StatusNotFound {
			e.log.Warn("removing a bridge failed", "bridge", br.id, "err", err)
		}
	})
}

// Unbridge implements engine.Engine.
func (e *Engine) Unbridge(ctx context.Context, id engine.LegID) error {
	ctx, legs, done, err := e.begin(ctx, "unbridge", id)
	if err != nil {
		return err
	}
	defer done()
	return e.unbridge(ctx, legs[0])
}

// unbridge takes a leg whose turn is held out of its pair.
func (e *Engine) unbridge(ctx context.Context, l *leg) error {
	e.mu.Lock()
	br, ch := l.bridge, l.channel()
	both := ch
	if br != nil && br.a != nil {
		// Both at once: what the other one is told next, to play for instance, would else come before it is out, and it
		// could not leave until that is over.
		for m := range br.members {
			if m != l {
				both += "," + m.channel()
			}
		}
	}
	e.mu.Unlock()
	if br == nil || br.a == nil {
		return nil
	}
	err := e.rest.post(ctx, path("bridges", br.id, "removeChannel"), url.Values{"channel": {both}})
	if status := statusOf(err); both != ch && status >= 400 && status < 500 {
		err = e.rest.post(ctx, path("bridges", br.id, "removeChannel"), url.Values{"channel": {ch}}) // the other one has gone
	}
	if err != nil {
		switch statusOf(err) {
		case http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity:
			return nil // out already
		}
		return e.fail("unbridge", l, err)
	}
	return nil
}

// Mix implements engine.Engine.
func (e *Engine) Mix(ctx context.Context, id engine.MixID, member engine.LegID) error {
	if !sound(string(id)) {
		return fmt.Errorf("asterisk mix: id %q: %w", id, engine.ErrInvalid)
	}
	ctx, legs, done, err := e.begin(ctx, "mix", member)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	answered := l.answered
	here := l.bridge != nil && l.bridge.mix == id
	ch := l.channel()
	e.mu.Unlock()
	switch {
	case !answered:
		return e.fail("mix", l, engine.ErrState)
	case here:
		return nil
	}
	if err := e.vacate(ctx, l); err != nil {
		return e.fail("mix", l, err)
	}
	// Making and removing are kept apart: a mix must not vanish under its next leg.
	if err := e.mixing.acquire(ctx); err != nil {
		return e.fail("mix", l, err)
	}
	defer e.mixing.release()
	bid := mixPrefix + string(id)
	e.mu.Lock()
	br := e.bridges[bid]
	if br == nil {
		br = &bridge{id: bid, mix: id, members: map[*leg]bool{}}
		e.bridges[bid] = br
	}
	e.mu.Unlock()
	if err := e.makeBridge(ctx, bid, mixType); err != nil && statusOf(err) != http.StatusConflict {
		return e.fail("mix", l, err)
	}
	if err := e.rest.post(ctx, path("bridges", bid, "addChannel"), url.Values{"channel": {ch}}); err != nil {
		e.mu.Lock()
		if len(br.members) == 0 {
			e.endMix(br)
		}
		e.mu.Unlock()
		return e.fail("mix", l, bridgeError(err))
	}
	return nil
}

// endMix removes a mix that has no leg. Held lock: Engine.mu.
func (e *Engine) endMix(br *bridge) {
	e.task(func(ctx context.Context) {
		if e.mixing.acquire(ctx) != nil {
			return
		}
		defer e.mixing.release()
		e.mu.Lock()
		used := len(br.members) > 0 || e.bridges[br.id] != br
		e.mu.Unlock()
		if used {
			return
		}
		// A leg may have been added whose event is not here yet.
		var now struct {
			Channels []string `json:"channels"`
		}
		if err := e.rest.do(ctx, http.MethodGet, path("bridges", br.id), nil, nil, &now); err != nil || len(now.Channels) > 0 {
			return
		}
		e.mu.Lock()
		delete(e.bridges, br.id)
		e.mu.Unlock()
		if err := e.rest.delete(ctx, path("bridges", br.id), nil); err != nil && statusOf(err) != http.StatusNotFound {
			e.log.Warn("removing a mix failed", "mix", br.mix, "err", err)
		}
	})
}

// Unmix implements engine.Engine.
func (e *Engine) Unmix(ctx context.Context, id engine.LegID) error {
	ctx, legs, done, err := e.begin(ctx, "unmix", id)
	if err != nil {
		return err
	}
	defer done()
	l := legs[0]
	e.mu.Lock()
	br, ch := l.bridge, l.channel()
	e.mu.Unlock()
	if br == nil || br.mix == "" {
		return nil
	}
	err = e.rest.post(ctx, path("bridges", br.id, "removeChannel"), url.Values{"channel": {ch}})
	if err != nil {
		switch statusOf(err) {
		case http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity:
			return nil
		}
		return e.fail("unmix", l, err)
	}
	return nil
}
