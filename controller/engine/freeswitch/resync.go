package freeswitch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"callplane/controller/engine"
)

// utf8Only takes every declared character set for UTF-8: the engine declares ISO-8859-1 and sends what phones sent.
func utf8Only(_ string, r io.Reader) (io.Reader, error) { return r, nil }

func pause(ctx context.Context) error {
	t := time.NewTimer(20 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// snapshot is a channel as the engine has it at a (re)connect.
type snapshot struct {
	channel    string
	leg        engine.LegID
	info       engine.LegInfo
	answered   bool
	media      bool
	parked     bool
	peer       string // channel
	mix        engine.MixID
	member     string
	checkpoint string
	// app is the application that ran last, response how it ended, empty while it runs.
	app, response string
}

// resync compares what we know with the engine's own list of channels, tells the differences, and
// opens the driver for operations. Events of the new connection wait in its queue meanwhile.
func (e *Engine) resync(ctx context.Context, s *session) error {
	c := s.cmds[0]
	core, err := c.api(ctx, "eval", "${Core-UUID}")
	if err != nil {
		return err
	}
	snaps, err := e.snapshots(ctx, s)
	if err != nil {
		return err
	}
	regs, err := e.registrations(ctx, s)
	if err != nil {
		return err
	}
	if err := e.rescan(ctx, s, nil); err != nil {
		return err
	}

	e.mu.Lock()
	restarted := e.core != "" && e.core != core
	e.core = core
	clear(e.jobs) // their results are lost or told by the channels
	h := e.handler
	byChannel := make(map[string]*snapshot, len(snaps))
	for _, sn := range snaps {
		byChannel[sn.channel] = sn
	}
	for _, l := range e.legs {
		e.compare(l, byChannel, restarted)
	}
	e.compareBridges(byChannel)
	orphans := e.orphans(snaps)
	e.mu.Unlock()
	e.flush()

	if err := e.adopt(ctx, s, h, orphans, byChannel); err != nil {
		return err
	}
	if err := e.watched(ctx, s, restarted); err != nil {
		return err
	}
	h.Registered(regs)
	e.mu.Lock()
	e.up = s
	for _, l := range e.legs {
		if pl := l.play; pl != nil && pl.waiting {
			l.again(pl, pl.token)
		}
		l.changed()
	}
	e.mu.Unlock()
	e.flush()
	h.Connected(true)
	return nil
}

// compare brings a known leg up to date. Needs the lock.
func (e *Engine) compare(l *leg, now map[string]*snapshot, restarted bool) {
	if l.ended {
		if l.final != nil {
			l.recordingsLost()
		}
		return
	}
	lost := engine.Hangup{Cause: engine.CauseEngineLost}
	if !restarted {
		lost.Cause = engine.CauseNormal // it ended while we were away; how is not known
		lost.ByPeer = l.asked == nil
	}
	if l.asked != nil {
		lost.Cause = *l.asked
	}
	if l.info.Direction == engine.Outbound && !l.answered {
		any := false
		for ch := range l.forks {
			sn := now[ch]
			if sn == nil {
				l.forks[ch].ended = true
				continue
			}
			any = true
			if sn.answered && !l.answered {
				l.setAnswered()
				l.channel = ch
				e.emit(l, engine.Answered{Of: l.of()})
			}
		}
		if !any {
			if !restarted {
				lost.Cause = engine.CauseUnreachable
			}
			l.end(lost)
			e.dropRecordings(l)
			return
		}
	}
	sn := now[l.channel]
	if sn == nil {
		if l.info.Direction == engine.Outbound && !l.answered {
			return // a fork of it is left
		}
		l.end(lost)
		e.dropRecordings(l)
		return
	}
	if sn.answered && !l.answered {
		l.setAnswered()
		e.emit(l, engine.Answered{Of: l.of()})
	}
	l.parked = sn.parked
	if l.play != nil && (sn.app != l.play.token || sn.response != "" && sn.response != "_none_") {
		l.playEnded(sn.response)
	}
	if l.mix != nil && sn.mix != l.mix.id {
		l.unmixed()
	}
	if sn.mix != "" && l.mix == nil {
		l.mix = &mixing{id: sn.mix, member: sn.member}
		e.emit(l, engine.Mixed{Of: l.of(), Mix: sn.mix})
	}
	l.changed()
}

// dropRecordings ends a leg that waits for recordings of a channel that is gone. Needs the lock.
func (e *Engine) dropRecordings(l *leg) {
	if l.final != nil {
		l.recordingsLost()
	}
}

// compareBridges tells which bridges came and went. Needs the lock.
func (e *Engine) compareBridges(now map[string]*snapshot) {
	for _, l := range e.legs {
		if l.ended || l.peer == nil {
			continue
		}
		if sn := now[l.channel]; sn == nil || sn.peer != l.peer.channel {
			l.unbridged()
		}
	}
	for _, l := range e.legs {
		sn := now[l.channel]
		if l.ended || l.peer != nil || sn == nil || sn.peer == "" {
			continue
		}
		peer := e.chans[sn.peer]
		if peer == nil || peer.ended || peer.peer != nil {
			continue
		}
		l.peer, peer.peer = peer, l
		e.emit(l, engine.Bridged{Of: l.of(), Peer: peer.id})
		e.emit(peer, engine.Bridged{Of: peer.of(), Peer: l.id})
	}
}

// orphans are the channels that belong to no leg of this process. Needs the lock.
func (e *Engine) orphans(snaps []*snapshot) []*snapshot {
	var all []*snapshot
	for _, sn := range snaps {
		if e.chans[sn.channel] == nil {
			all = append(all, sn)
		}
	}
	return all
}

// adopt asks the controller for the legs of an earlier run and hangs up those that it doesn't want.
func (e *Engine) adopt(ctx context.Context, s *session, h engine.Handler, orphans []*snapshot, now map[string]*snapshot) error {
	// First: should this attempt fail in the middle, the next one finds them as orphans still.
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, sn := range orphans {
		g.Go(func() error { return e.release(gctx, s, sn) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	byLeg := make(map[engine.LegID][]*snapshot)
	var states []engine.LegState
	for _, sn := range orphans {
		if byLeg[sn.leg] == nil || sn.answered {
			byLeg[sn.leg] = append([]*snapshot{sn}, byLeg[sn.leg]...)
		} else {
			byLeg[sn.leg] = append(byLeg[sn.leg], sn)
		}
	}
	legOf := func(ch string) engine.LegID {
		e.mu.Lock()
		defer e.mu.Unlock()
		if l := e.chans[ch]; l != nil {
			return l.id
		}
		if sn := now[ch]; sn != nil {
			return sn.leg
		}
		return ""
	}
	for id, sns := range byLeg {
		st := engine.LegState{Info: sns[0].info, Answered: sns[0].answered, MixedIn: sns[0].mix, Checkpoint: sns[0].checkpoint}
		st.Info.ID = id
		if sns[0].peer != "" {
			st.BridgedTo = legOf(sns[0].peer)
		}
		states = append(states, st)
	}
	// Also without any, so that the controller knows.
	sinks := h.Adopt(states)
	var unwanted []string
	e.mu.Lock()
	for id, sns := range byLeg {
		sink := sinks[id]
		if sink == nil {
			for _, sn := range sns {
				unwanted = append(unwanted, sn.channel)
			}
			continue
		}
		e.revive(id, sns, sink)
	}
	for _, sn := range orphans {
		if l, peer := e.chans[sn.channel], e.chans[sn.peer]; l != nil && peer != nil {
			l.peer, peer.peer = peer, l
		}
	}
	e.mu.Unlock()
	for _, ch := range unwanted {
		if err := e.kill(ctx, s, ch, engine.CauseNormal, true); err != nil && !errors.Is(err, engine.ErrNoLeg) {
			return err
		}
	}
	return nil
}

// release ends what an earlier run does with a channel.
func (e *Engine) release(ctx context.Context, s *session, sn *snapshot) error {
	// Nobody here would hear of the end of what an earlier run records.
	if _, err := s.cmd(sn.channel).api(ctx, "uuid_record", sn.channel+" stop all"); err != nil && !errors.Is(err, engine.ErrRefused) && !gone(err) {
		return err
	}
	// Nor ask it to end what it plays or lets the leg listen to; nothing new could begin before. A channel that does
	// neither passes it over, and what runs cannot be seen: each key names another application.
	if !sn.answered || sn.peer != "" || sn.mix != "" {
		return nil
	}
	err := e.eavesdropCommand(ctx, s, sn.channel, "*")
	if err == nil {
		_, err = s.cmd(sn.channel).api(ctx, "uuid_break", sn.channel)
	}
	if err != nil && !errors.Is(err, engine.ErrRefused) && !gone(err) {
		return err
	}
	return nil
}

// revive makes a leg of channels from an earlier run. Needs the lock.
func (e *Engine) revive(id engine.LegID, sns []*snapshot, sink engine.Sink) {
	first := sns[0]
	l := e.newLeg(id, first.channel, first.info, sink)
	l.info.ID = id
	l.parked, l.media = first.parked, first.media
	if l.info.Direction == engine.Outbound {
		l.forks = make(map[string]*fork)
		for _, sn := range sns {
			l.forks[sn.channel] = &fork{channel: sn.channel, created: true}
		}
	}
	if first.answered {
		l.answered, l.media = true, true
	}
	if first.mix != "" {
		l.mix = &mixing{id: first.mix, member: first.member}
	}
	e.add(l)
}

// listTime is how long the list of channels may take to show every session. One that is ending may have left the list already.
const listTime = 2 * time.Second

// channels lists the ids of all channels. FreeSWITCH reads them from a database that it writes behind: of calls that began a moment ago
// nothing is there yet, so the list must have as many rows as there are sessions.
func channels(ctx context.Context, c *conn) ([]string, error) {
	for began := time.Now(); ; {
		ids, err := listChannels(ctx, c)
		if err == nil {
			var sessions int
			if sessions, err = countSessions(ctx, c); err == nil && (len(ids) >= sessions || time.Since(began) > listTime) {
				return ids, nil
			}
		}
		// Overloaded, its database says BUSY.
		if perr := pause(ctx); perr != nil {
			return nil, errors.Join(perr, err)
		}
	}
}

func listChannels(ctx context.Context, c *conn) ([]string, error) {
	out, err := c.api(ctx, "show", "channels as json")
	if err != nil {
		return nil, err
	}
	var list struct {
		Rows []struct {
			ID string `json:"uuid"`
		} `json:"rows"`
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("list of channels: %w", err)
	}
	ids := make([]string, 0, len(list.Rows))
	for _, row := range list.Rows {
		ids = append(ids, row.ID)
	}
	return ids, nil
}

// countSessions reads how many there are from the engine's status, which comes from its memory; 0: it does not say.
func countSessions(ctx context.Context, c *conn) (int, error) {
	out, err := c.api(ctx, "status", "")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(out) {
		if number, _, ok := strings.Cut(line, " session(s) - "); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(number)) // 0 is no number
			return n, nil
		}
	}
	return 0, nil
}

// snapshots asks the engine for all channels and their variables.
func (e *Engine) snapshots(ctx context.Context, s *session) ([]*snapshot, error) {
	c := s.cmds[0]
	ids, err := channels(ctx, c)
	if err != nil {
		return nil, err
	}
	mixes, err := e.mixes(ctx, c)
	if err != nil {
		return nil, err
	}
	all := make([]*snapshot, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, id := range ids {
		g.Go(func() error {
			sn, err := e.snapshotOf(ctx, s, id)
			if errors.Is(err, engine.ErrNoLeg) || (err == nil && sn == nil) {
				return nil
			}
			if err != nil {
				return err
			}
			if m, ok := mixes[sn.channel]; ok {
				sn.mix, sn.member = m.id, m.member
			}
			all[i] = sn
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(sn *snapshot) bool { return sn == nil }), nil
}

// atOnce is how many channels of an earlier run are looked at at a time.
const atOnce = 16

// snapshotOf reads one channel; nil if it is ending or no SIP leg.
func (e *Engine) snapshotOf(ctx context.Context, s *session, ch string) (*snapshot, error) {
	out, err := s.cmd(ch).api(ctx, "uuid_dump", ch)
	if err != nil {
		return nil, err
	}
	ev := parseEvent(out)
	if ev.get("Channel-State") == "CS_HANGUP" || ev.get("Answer-State") == "hangup" || !strings.HasPrefix(ev.get("Channel-Name"), "sofia/") {
		return nil, nil
	}
	info := legInfo(ev.get)
	info.Headers = headersOf(func(yield func(name, value string)) {
		for f := range ev.head.all() {
			yield(f.name, decode(f.value))
		}
	})
	info.ID, info.Engine, info.Direction = engine.LegID(ch), e.cfg.Name, engine.Inbound
	if us := ev.get("Caller-Channel-Created-Time"); us != "" {
		info.Created = micros(us)
	}
	sn := &snapshot{channel: ch, leg: engine.LegID(ch)}
	if ev.get("Call-Direction") == "outbound" {
		info.Direction = engine.Outbound
		info.Dialed = ev.variable("sip_to_user")
		if id := ev.variable(varLeg); id != "" {
			sn.leg = engine.LegID(id)
		}
	}
	sn.info = info
	sn.answered = ev.get("Answer-State") == "answered"
	sn.media = sn.answered || ev.get("Answer-State") == "early"
	sn.peer = ev.variable("bridge_to") // set while the bridge runs; bridge_uuid outlives it
	sn.parked = sn.peer == ""
	sn.app, sn.response = ev.variable("app_uuid"), ev.variable("current_application_response")
	sn.checkpoint = decodeCheckpoint(ev.variable(varCheckpoint))
	return sn, nil
}

// mixes tells who is in which mix, by channel.
func (e *Engine) mixes(ctx context.Context, c *conn) (map[string]mixing, error) {
	out, err := c.api(ctx, "conference", "json_list")
	if err != nil {
		return nil, err
	}
	all := make(map[string]mixing)
	var list []struct {
		Name    string `json:"conference_name"`
		Members []struct {
			ID   json.Number `json:"id"`
			UUID string      `json:"uuid"`
		} `json:"members"`
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return all, nil //nolint:nilerr // "no active conferences" is no JSON
	}
	for _, conf := range list {
		id, ok := strings.CutPrefix(conf.Name, "mix-")
		if !ok {
			continue
		}
		for _, m := range conf.Members {
			all[m.UUID] = mixing{id: engine.MixID(id), member: m.ID.String()}
		}
	}
	return all, nil
}
