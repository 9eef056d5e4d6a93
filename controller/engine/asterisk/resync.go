package asterisk

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/CyCoreSystems/ari/v5"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"callplane/controller/engine"
)

// noise are events that nothing here reads; they are filtered at their source.
func noise() []map[string]string {
	var list []map[string]string
	for _, t := range []string{"ChannelVarset", "ChannelDialplan", "ChannelCreated", "DeviceStateChanged", "EndpointStateChange",
		"PeerStatusChange", "ContactStatusChange", "BridgeCreated", "BridgeDestroyed", "PlaybackContinuing",
		"RecordingStarted", "StasisEnd", "ChannelTalkingStarted", "ChannelTalkingFinished", "ChannelConnectedLine", "TextMessageReceived"} {
		list = append(list, map[string]string{"type": t})
	}
	return list
}

type snapshot struct {
	channels []channelData
	bridges  []ari.BridgeData
}

// resync brings what we believe in line with what Asterisk has, before any event of the new connection is
// looked at: those that came meanwhile are applied afterwards, and it returns what is left of the last batch.
func (e *Engine) resync(ctx context.Context, in *inbox, ami *amiConn) ([]item, error) {
	whole := ctx
	ctx, cancel := context.WithTimeout(whole, 2*e.cfg.CommandTimeout)
	defer cancel()
	var info struct {
		Status struct {
			StartupTime string `json:"startup_time"`
		} `json:"status"`
	}
	if err := e.rest.do(ctx, http.MethodGet, "/asterisk/info", url.Values{"only": {"status"}}, nil, &info); err != nil {
		return nil, err
	}
	if err := e.rest.do(ctx, http.MethodPut, path("applications", e.cfg.App, "eventFilter"), nil,
		map[string]any{"disallowed": noise()}, nil); err != nil {
		return nil, err
	}
	e.mu.Lock()
	restarted := e.started != info.Status.StartupTime
	if e.started != "" && restarted {
		e.engineLost()
	}
	e.started = info.Status.StartupTime
	e.mu.Unlock()

	var snap snapshot
	if err := e.rest.do(ctx, http.MethodGet, "/channels", nil, nil, &snap.channels); err != nil {
		return nil, err
	}
	if err := e.rest.do(ctx, http.MethodGet, "/bridges", nil, nil, &snap.bridges); err != nil {
		return nil, err
	}
	items, err := e.fence(ctx, in)
	if err != nil {
		return nil, err
	}
	fresh := map[string]bool{}
	for _, it := range items {
		if it.ari == nil {
			continue
		}
		if ev, err := decodeEvent(it.ari); err == nil && ev.Type == "StasisStart" && ev.Channel != nil {
			fresh[ev.Channel.ID] = true
		}
	}
	e.mu.Lock()
	e.diff(snap)
	e.mu.Unlock()
	ctx, cancel = context.WithTimeout(whole, 2*e.cfg.CommandTimeout+time.Duration(len(snap.channels))*channelTime)
	defer cancel()
	if err := e.adopt(ctx, snap, fresh); err != nil {
		return nil, err
	}
	regs, err := e.allContacts(ctx, ami)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.know("", regs, true)
	e.mu.Unlock()
	if err := e.restore(ctx, restarted); err != nil {
		return nil, err
	}
	e.mu.Lock()
	h := e.h
	e.mu.Unlock()
	e.box.post(func() { h.Registered(regs) })
	e.setUp(ami, h)
	return items, nil
}

// fence waits until the events before now have arrived: an event of our own comes back
// behind them.
func (e *Engine) fence(ctx context.Context, in *inbox) ([]item, error) {
	mark := "fence-" + uuid.NewString()
	if err := e.rest.post(ctx, path("events", "user", mark), url.Values{"application": {e.cfg.App}}); err != nil {
		return nil, err
	}
	var all []item
	for {
		items, err := in.take(ctx)
		if err != nil {
			return nil, fmt.Errorf("fence: %w", err)
		}
		all = append(all, items...)
		for _, it := range items {
			if it.lost != nil {
				return nil, it.lost
			}
			if it.ari == nil || !strings.Contains(string(it.ari), mark) {
				continue
			}
			return all, nil
		}
	}
}

// engineLost ends every leg: the Asterisk that had them is gone. Held lock: Engine.mu.
func (e *Engine) engineLost() {
	now := time.Now()
	for _, l := range e.legs {
		for _, r := range l.recs {
			r.snoopsGone()
		}
		e.finishWith(l, engine.Hangup{Of: of(l, now), Cause: engine.CauseEngineLost})
	}
	clear(e.chans)
	clear(e.bridges)
	clear(e.snoops)
	clear(e.plays)
	clear(e.pushed)
}

// diff tells what happened to known legs while nobody listened. Held lock: Engine.mu.
func (e *Engine) diff(snap snapshot) {
	now := time.Now()
	have := map[string]*channelData{}
	for i := range snap.channels {
		have[snap.channels[i].ID] = &snap.channels[i]
	}
	inBridge := map[string]string{}
	for _, b := range snap.bridges {
		for _, ch := range b.ChannelIDs {
			inBridge[ch] = b.ID
		}
	}
	for id, b := range e.chans {
		if have[id] == nil {
			e.branchGone(b, now)
		}
	}
	for id, s := range e.snoops {
		if have[id] == nil {
			e.snoopGone(s, now)
		}
	}
	for id, b := range e.chans {
		l := b.leg
		if l.over {
			continue
		}
		switch have[id].State {
		case "Up":
			e.setAnswered(b, now)
		case "Ringing":
			if l.dir == engine.Outbound && !l.ringing && !l.answered {
				l.ringing = true
				e.emit(l, engine.Ringing{Of: of(l, now)})
			}
		}
		at := inBridge[id]
		if l.bridge != nil && l.bridge.id != at {
			e.leftBridge(l, now)
		}
		if at != "" && e.bridges[at] != nil {
			e.enteredBridge(l, at, now)
		}
	}
	// Playbacks and recordings that ended have left no trace in the lists; they are asked for one by one.
	for id, p := range e.plays {
		e.task(func(ctx context.Context) {
			err := e.rest.do(ctx, http.MethodGet, path("playbacks", id), nil, nil, nil)
			if statusOf(err) != http.StatusNotFound {
				return
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.plays[id] == p {
				e.playbackFinished(p, "done", time.Now())
			}
		})
	}
	for name, c := range e.recs {
		e.task(func(ctx context.Context) {
			err := e.rest.do(ctx, http.MethodGet, path("recordings", "live", name), nil, nil, nil)
			if statusOf(err) != http.StatusNotFound {
				return
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.recs[name] == c {
				e.captured(c, &recordingData{Name: name, State: "done"})
			}
		})
	}
}

// adopt offers the legs of an earlier run of the controller to this one.
func (e *Engine) adopt(ctx context.Context, snap snapshot, fresh map[string]bool) error {
	inBridge := map[string]*ari.BridgeData{}
	for i := range snap.bridges {
		for _, ch := range snap.bridges[i].ChannelIDs {
			inBridge[ch] = &snap.bridges[i]
		}
	}
	known := map[string]*leg{} // channel → leg, ours or to be adopted
	var states []engine.LegState
	legs := map[engine.LegID]*leg{}
	var stray []string
	var unknown []*channelData
	for i := range snap.channels {
		ch := &snap.channels[i]
		e.mu.Lock()
		b, aux := e.chans[ch.ID], e.snoops[ch.ID] != nil
		e.mu.Unlock()
		switch {
		case b != nil:
			known[ch.ID] = b.leg
		case aux || fresh[ch.ID]:
		case strings.HasPrefix(ch.Name, "Snoop/"):
			stray = append(stray, ch.ID)
		default:
			unknown = append(unknown, ch)
		}
	}
	revived, err := e.reviveAll(ctx, unknown, func(ch string) bool { return inBridge[ch] != nil })
	if err != nil {
		return err
	}
	for i, ch := range unknown {
		l, info, checkpoint := revived[i].leg, revived[i].info, revived[i].checkpoint
		if l == nil {
			continue
		}
		if first := legs[l.id]; first != nil {
			// Another phone of an account that is being called.
			b := l.branches[0]
			b.leg = first
			first.ch = nil
			first.branches = append(first.branches, b)
			known[ch.ID] = first
			continue
		}
		legs[l.id] = l
		known[ch.ID] = l
		states = append(states, engine.LegState{Info: info, Answered: l.answered, Checkpoint: checkpoint})
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var noisy []*leg
	for i := range states {
		s := &states[i]
		l := legs[s.Info.ID]
		e.legs[l.id] = l
		for _, b := range l.branches {
			e.chans[b.id] = b
			if br := inBridge[b.id]; br != nil {
				e.reviveBridge(l, br, known, s)
			}
		}
		if l.noisy {
			noisy = append(noisy, l)
		}
		if l.dir == engine.Outbound && !l.answered {
			e.giveUp(l, time.Until(l.until))
		}
	}
	for _, id := range stray {
		e.hangupStray(id)
	}
	e.removeEmptyBridges(snap)
	e.background(func(ctx context.Context) { e.quietenAll(ctx, noisy) })
	if len(states) == 0 {
		return nil
	}
	h := e.h
	e.box.post(func() {
		sinks := h.Adopt(states)
		for id, l := range legs {
			if l.sink = sinks[id]; l.sink == nil {
				e.spawn(func(ctx context.Context) { _ = e.hangup(ctx, l, engine.CauseNormal) })
			}
		}
	})
	return nil
}

// atOnce is how many channels of an earlier run are looked at at a time: more new connections than Asterisk accepts are tried again by
// TCP, a second later. channelTime is what each channel may take on average.
const (
	atOnce      = 8
	channelTime = 20 * time.Millisecond
)

// revived is what comes of a channel of an earlier run; without a leg it is gone, or not ours, or on its way into the application.
type revived struct {
	leg        *leg
	info       engine.LegInfo
	checkpoint string
}

// reviveAll asks for the channels of an earlier run and stops what it plays to them; where two parties are connected that can wait.
func (e *Engine) reviveAll(ctx context.Context, all []*channelData, connected func(ch string) bool) ([]revived, error) {
	out := make([]revived, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, ch := range all {
		g.Go(func() error {
			text, err := e.rest.variable(ctx, ch.ID, infoVar)
			if err != nil && statusOf(err) == 0 {
				return err
			}
			if err != nil || text == "" {
				return nil
			}
			checkpoint, err := e.rest.variable(ctx, ch.ID, checkpointVar)
			if err != nil && statusOf(err) == 0 {
				return err
			}
			l, info := e.revive(ch, strings.Split(text, ","))
			out[i] = revived{l, info, checkpoint}
			if !l.answered && l.dir != engine.Inbound {
				return nil
			}
			if l.noisy = connected(ch.ID); l.noisy {
				return nil
			}
			return e.silence(ctx, l)
		})
	}
	return out, g.Wait()
}

// quieten stops what an earlier run plays to a leg, if that has not been done. The caller has the leg's turn.
func (e *Engine) quieten(ctx context.Context, l *leg) error {
	e.mu.Lock()
	noisy := l.noisy
	e.mu.Unlock()
	if !noisy {
		return nil
	}
	if err := e.silence(ctx, l); err != nil {
		return err
	}
	e.mu.Lock()
	l.noisy = false
	e.mu.Unlock()
	return nil
}

// quietenAll does so for legs that nobody has told anything yet.
func (e *Engine) quietenAll(ctx context.Context, legs []*leg) {
	var g errgroup.Group
	g.SetLimit(atOnce / 2) // calls go before
	for _, l := range legs {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, e.cfg.CommandTimeout)
			defer cancel()
			err := l.turn.acquire(ctx)
			if err == nil {
				err = e.quieten(ctx, l)
				l.turn.release()
			}
			if err != nil && context.Cause(ctx) == nil {
				e.log.Warn("cannot stop what an earlier run plays", "call", l.id, "err", err)
			}
			return nil
		})
	}
	_ = g.Wait() // never fails
}

// removeEmptyBridges cleans up after an earlier run. Held lock: Engine.mu.
func (e *Engine) removeEmptyBridges(snap snapshot) {
	for _, br := range snap.bridges {
		ours := strings.HasPrefix(br.ID, pairPrefix) || strings.HasPrefix(br.ID, mixPrefix) || strings.HasPrefix(br.ID, listenPrefix)
		if ours && e.bridges[br.ID] == nil && len(br.ChannelIDs) == 0 {
			e.task(func(ctx context.Context) { _ = e.rest.delete(ctx, path("bridges", br.ID), nil) })
		}
	}
}

func (e *Engine) hangupStray(ch string) {
	e.task(func(ctx context.Context) { _ = e.hangupChannel(ctx, ch, engine.CauseNormal.Q850()) })
}

// revive makes a leg of a channel that an earlier run left.
func (e *Engine) revive(ch *channelData, args []string) (*leg, engine.LegInfo) {
	id := engine.LegID(ch.ID)
	dir := engine.Inbound
	if args[0] == "out" {
		id, dir = legOfChannel(ch.ID), engine.Outbound
	}
	l := newLeg(id, dir)
	l.ch = &branch{id: ch.ID, leg: l, answered: ch.State == "Up"}
	l.branches = []*branch{l.ch}
	l.answered = ch.State == "Up"
	l.ringing = ch.State == "Ringing"
	l.caller = engine.Identity{Number: ch.Caller.Number, Name: ch.Caller.Name}
	var info engine.LegInfo
	if dir == engine.Inbound {
		info = e.parseInfo(id, args, ch)
	} else {
		info = engine.LegInfo{ID: id, Engine: e.cfg.Name, Direction: dir, SIPCallID: ch.ProtocolID, Created: parseTime(ch.Creationtime),
			Headers: map[string]string{}}
		if len(args) > 1 {
			v, _ := url.ParseQuery(args[1])
			info.Dialed = v.Get("dialed")
			if ms, err := strconv.ParseInt(v.Get("until"), 10, 64); err == nil {
				l.until = time.UnixMilli(ms)
			}
			info.Caller = engine.Identity{Number: v.Get("number"), Name: v.Get("name"), Anonymous: v.Get("anonymous") == "true"}
		}
	}
	l.dialed = info.Dialed
	return l, info
}

// reviveBridge puts a revived leg back into the bridge it is in. Held lock: Engine.mu.
func (e *Engine) reviveBridge(l *leg, data *ari.BridgeData, known map[string]*leg, s *engine.LegState) {
	switch {
	case strings.HasPrefix(data.ID, mixPrefix):
		mix := engine.MixID(strings.TrimPrefix(data.ID, mixPrefix))
		br := e.bridges[data.ID]
		if br == nil {
			br = &bridge{id: data.ID, mix: mix, members: map[*leg]bool{}}
			e.bridges[data.ID] = br
		}
		br.members[l] = true
		l.bridge = br
		s.MixedIn = mix
	case strings.HasPrefix(data.ID, pairPrefix):
		for _, ch := range data.ChannelIDs {
			peer := known[ch]
			if peer == nil || peer == l {
				continue
			}
			s.BridgedTo = peer.id
			br := e.bridges[data.ID]
			if br == nil {
				br = &bridge{id: data.ID, a: l, b: peer, members: map[*leg]bool{l: true, peer: true}, joined: make(chan struct{}), told: true}
				close(br.joined)
				e.bridges[data.ID] = br
			}
			l.bridge = br
		}
	}
}
