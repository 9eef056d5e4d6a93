package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"callplane/controller/engine"
)

// Engine is the driver of a World; it implements engine.Engine.
type Engine struct {
	w    *World
	name string
	wake chan struct{} // the queue has something

	// The world's lock guards what follows.
	connected bool
	queue     []item
	views     map[engine.LegID]*view
}

var _ engine.Engine = (*Engine)(nil)

// item is one piece of news on its way to the controller.
type item struct {
	at       time.Time // not before
	leg      engine.LegID
	event    engine.Event
	incoming *engine.LegInfo
	reg      *engine.Registration
	down     bool
}

// view is what the controller knows of a leg.
type view struct {
	sink      engine.Sink
	ringing   bool
	early     bool
	answered  bool
	held      bool
	bridged   engine.LegID
	mixed     engine.MixID
	listening engine.LegID
	plays     map[engine.PlayID]bool
	records   map[engine.RecordID]string
	lastAt    time.Time // when the leg's newest queued event may be told
}

func newView(s engine.Sink) *view {
	return &view{sink: s, plays: map[engine.PlayID]bool{}, records: map[engine.RecordID]string{}}
}

// note keeps the view up to date with an event that is being told.
func (v *view) note(e engine.Event) {
	switch e := e.(type) {
	case engine.Ringing:
		v.ringing = true
	case engine.EarlyMedia:
		v.early = true
	case engine.Answered:
		v.answered = true
	case engine.Held:
		v.held = true
	case engine.Unheld:
		v.held = false
	case engine.Bridged:
		v.bridged = e.Peer
	case engine.Unbridged:
		v.bridged = ""
	case engine.Mixed:
		v.mixed = e.Mix
	case engine.Unmixed:
		v.mixed = ""
	case engine.ListenDone:
		if v.listening == e.Target {
			v.listening = ""
		}
	case engine.PlayDone:
		delete(v.plays, e.Play)
	case engine.RecordDone:
		delete(v.records, e.Record)
	}
}

// Name implements engine.Engine.
func (e *Engine) Name() string { return e.name }

// Run implements engine.Engine.
func (e *Engine) Run(ctx context.Context, h engine.Handler) error {
	defer func() {
		e.w.mu.Lock()
		defer e.w.mu.Unlock()
		if e.w.ctl == e {
			e.w.ctl = nil
		}
		e.connected = false
		e.queue = nil
		e.w.touch()
	}()
	for {
		if err := e.w.wait(ctx, "the server", func() bool { return e.w.up }); err != nil {
			return nil
		}
		if !e.connect(h) {
			continue
		}
		h.Connected(true)
		lost := e.deliver(ctx, h)
		h.Connected(false)
		if !lost {
			return nil
		}
	}
}

// connect takes over the world and tells what happened while nobody listened.
func (e *Engine) connect(h engine.Handler) bool {
	w := e.w
	w.mu.Lock()
	if !w.up {
		w.mu.Unlock()
		return false
	}
	if w.ctl != nil && w.ctl != e {
		w.ctl.lose()
	}
	w.ctl = e
	e.queue = nil
	e.connected = true
	news := e.resync()
	clear(w.missed)
	clear(w.restarted)
	var orphans []engine.LegState
	for _, id := range slices.Sorted(maps.Keys(w.legs)) {
		if e.views[id] == nil {
			w.legs[id].stopRecords() // of an earlier run: nobody here would hear of their end
			orphans = append(orphans, w.legs[id].legState())
		}
	}
	regs := w.registrations()
	w.mu.Unlock()

	for _, ev := range news {
		e.tell(ev)
	}
	h.Registered(regs)
	sinks := h.Adopt(orphans)
	for _, s := range orphans {
		e.adopt(s, sinks[s.Info.ID])
	}
	return true
}

func (e *Engine) adopt(s engine.LegState, sink engine.Sink) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	if sink == nil {
		if l := e.w.legs[s.Info.ID]; l != nil {
			l.end(engine.Hangup{Cause: engine.CauseInternal})
		}
		return
	}
	v := newView(sink)
	v.answered, v.bridged, v.mixed = s.Answered, s.BridgedTo, s.MixedIn
	v.ringing, v.early = true, true
	e.views[s.Info.ID] = v
}

// deliver tells the news until ctx ends or the connection is lost, which it reports.
func (e *Engine) deliver(ctx context.Context, h engine.Handler) (lost bool) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		it, wait, ok := e.next()
		if !ok {
			timer.Reset(wait)
			select {
			case <-e.wake:
			case <-timer.C:
			case <-ctx.Done():
				return false
			}
			continue
		}
		if ctx.Err() != nil {
			return false
		}
		switch {
		case it.down:
			return true
		case it.reg != nil:
			h.Registration(*it.reg)
		case it.incoming != nil:
			e.offer(*it.incoming, h.Incoming(*it.incoming))
		default:
			e.tell(it.event)
		}
	}
}

// next takes the first item that is due.
func (e *Engine) next() (it item, wait time.Duration, ok bool) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	first := -1
	for i, it := range e.queue {
		if first < 0 || it.at.Before(e.queue[first].at) {
			first = i
		}
	}
	if first < 0 {
		return item{}, time.Hour, false
	}
	if d := time.Until(e.queue[first].at); d > 0 {
		return item{}, d, false
	}
	it = e.queue[first]
	e.queue = append(e.queue[:first], e.queue[first+1:]...)
	return it, 0, true
}

// offer is the controller's reply to a new leg.
func (e *Engine) offer(info engine.LegInfo, sink engine.Sink) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	v := e.views[info.ID]
	if v == nil {
		return
	}
	if v.sink = sink; sink == nil {
		delete(e.views, info.ID)
		if l := e.w.legs[info.ID]; l != nil {
			l.end(engine.Hangup{Cause: engine.CauseCongestion})
		}
	}
}

// tell hands an event to the sink of its leg.
func (e *Engine) tell(ev engine.Event) {
	e.w.mu.Lock()
	v := e.views[ev.Leg()]
	if v == nil || v.sink == nil {
		e.w.mu.Unlock()
		return
	}
	v.note(ev)
	if _, over := ev.(engine.Hangup); over {
		delete(e.views, ev.Leg())
	}
	e.w.mu.Unlock()
	v.sink(ev)
}

// push queues news. The lock is held.
func (e *Engine) push(it item) {
	it.at = time.Now()
	if it.event != nil && e.w.delay != nil {
		it.at = it.at.Add(max(0, e.w.delay(it.event)))
	}
	if v := e.views[it.leg]; v != nil {
		if it.at.Before(v.lastAt) {
			it.at = v.lastAt
		}
		v.lastAt = it.at
	}
	e.queue = append(e.queue, it)
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// lose cuts the connection: what is under way is lost, what has arrived is still told.
// The lock is held.
func (e *Engine) lose() {
	if !e.connected {
		return
	}
	e.connected = false
	e.w.ctl = nil
	now := time.Now()
	var arrived []item
	for _, it := range e.queue {
		if !it.at.After(now) {
			arrived = append(arrived, it)
			continue
		}
		if it.event != nil {
			e.w.miss(it.event)
		}
	}
	e.queue = append(arrived, item{at: now, down: true})
	for _, v := range e.views {
		v.lastAt = time.Time{}
	}
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// resync compares what the controller knows with what is. The lock is held.
func (e *Engine) resync() []engine.Event {
	var news []engine.Event
	now := time.Now()
	for _, id := range slices.Sorted(maps.Keys(e.views)) {
		v := e.views[id]
		of := engine.Of{ID: id, At: now}
		if v.sink == nil { // the question about a new leg was lost: it is an orphan
			delete(e.views, id)
			continue
		}
		l := e.w.legs[id]
		if l != nil {
			if l.ringing && !v.ringing && !l.answered && l.out() {
				news = append(news, engine.Ringing{Of: of})
			}
			if l.early && !v.early && !l.answered && l.out() {
				news = append(news, engine.EarlyMedia{Of: of})
			}
			if l.answered && !v.answered {
				news = append(news, engine.Answered{Of: of})
			}
		}
		news = append(news, e.finished(id, v, l)...)
		if v.listening != "" && (l == nil || l.listen == nil || l.listen.target.id != v.listening) {
			news = append(news, engine.ListenDone{Of: of, Target: v.listening})
		}
		if v.bridged != "" && (l == nil || l.bridgedTo() != v.bridged) {
			news = append(news, engine.Unbridged{Of: of, Peer: v.bridged})
		}
		if v.mixed != "" && (l == nil || l.mix != v.mixed) {
			news = append(news, engine.Unmixed{Of: of, Mix: v.mixed})
		}
		if l == nil {
			cause := engine.CauseUnknown
			if e.w.restarted[id] {
				cause = engine.CauseEngineLost
			}
			news = append(news, engine.Hangup{Of: of, Cause: cause, ByPeer: cause != engine.CauseEngineLost})
			continue
		}
		if b := l.bridgedTo(); b != "" && b != v.bridged {
			news = append(news, engine.Bridged{Of: of, Peer: b})
		}
		if l.mix != "" && l.mix != v.mixed {
			news = append(news, engine.Mixed{Of: of, Mix: l.mix})
		}
		if held := l.held(); held != v.held {
			if held {
				news = append(news, engine.Held{Of: of})
			} else {
				news = append(news, engine.Unheld{Of: of})
			}
		}
	}
	return news
}

// finished tells of the playbacks and recordings that are over; l is nil if the leg is.
func (e *Engine) finished(id engine.LegID, v *view, l *leg) []engine.Event {
	var news []engine.Event
	for _, ev := range e.w.missed[id] {
		switch ev := ev.(type) {
		case engine.PlayDone:
			if v.plays[ev.Play] {
				delete(v.plays, ev.Play)
				news = append(news, ev)
			}
		case engine.RecordDone:
			if _, ok := v.records[ev.Record]; ok {
				delete(v.records, ev.Record)
				news = append(news, ev)
			}
		}
	}
	if l != nil {
		return news
	}
	// They went down with the server.
	of := engine.Of{ID: id, At: time.Now()}
	for _, play := range slices.Sorted(maps.Keys(v.plays)) {
		news = append(news, engine.PlayDone{Of: of, Play: play, Result: engine.PlayStopped})
	}
	for _, rec := range slices.Sorted(maps.Keys(v.records)) {
		news = append(news, engine.RecordDone{Of: of, Record: rec, File: v.records[rec], Err: errLost})
	}
	return news
}

var errLost = errors.New("the engine died during the recording")

// do carries out one operation: act runs under the world's lock.
func (e *Engine) do(ctx context.Context, op string, leg engine.LegID, act func() error) (err error) {
	w := e.w
	defer func() {
		if err != nil {
			err = fmt.Errorf("sim: %s %s: %w", op, leg, err)
		}
		w.mu.Lock()
		if len(w.ops) == keptOps {
			w.ops = append(w.ops[:0], w.ops[keptOps/2:]...)
		}
		w.ops = append(w.ops, Op{At: time.Now(), Name: op, Leg: leg, Err: err})
		w.mu.Unlock()
	}()
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, CommandTimeout)
		defer cancel()
	}
	w.mu.Lock()
	var f Fault
	if e.connected {
		f = w.fault(op, leg)
	}
	w.mu.Unlock()
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err = func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !e.connected {
			return engine.ErrDown
		}
		if (f.Err != nil || f.NoReply) && !f.Applied {
			return nil
		}
		err := act()
		w.touch()
		return err
	}()
	switch {
	case errors.Is(err, engine.ErrDown):
		return err
	case f.NoReply:
		<-ctx.Done()
		return ctx.Err()
	case f.Err != nil:
		return f.Err
	}
	return err
}

// fault uses up the first fault that fits. The lock is held.
func (w *World) fault(op string, leg engine.LegID) Fault {
	for i, f := range w.faults {
		if f.Op != op || (f.Leg != "" && f.Leg != leg) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		w.faults = append(w.faults[:i:i], w.faults[i+1:]...)
		return *f
	}
	return Fault{}
}

// on is do for operations on a leg that must be up.
func (e *Engine) on(ctx context.Context, op string, id engine.LegID, act func(*leg) error) error {
	return e.do(ctx, op, id, func() error {
		l := e.w.legs[id]
		if l == nil {
			return engine.ErrNoLeg
		}
		return act(l)
	})
}

// clean reports whether values can be sent in one line of a protocol.
func clean(values ...string) error {
	for _, v := range values {
		if strings.ContainsAny(v, "\r\n\x00") {
			return fmt.Errorf("%w: %.40q has a line break", engine.ErrInvalid, v)
		}
	}
	return nil
}
